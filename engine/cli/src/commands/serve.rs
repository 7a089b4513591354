//! `dialgraph serve`.

use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::{Context as _, Result};
use sd_notify::NotifyState;

use dialgraph_base::Digest;
use dialgraph_config::{Backend, Config, usual_file};
use dialgraph_deploy::watch::{Watch, WatchError};
use dialgraph_deploy::{ChangeOutcome, DeployError};
use dialgraph_runtime::SystemClock;
use dialgraph_server::telemetry::{self, Metrics};
use dialgraph_server::{App, Parts, serve};
use dialgraph_store::OpenStore;
use dialgraph_wiring::WiringError;

use crate::args::ServeArgs;
use crate::workshop::cache_dir;

/// How long threads that work on requests are waited for at the very end.
const FOR_THREADS: Duration = Duration::from_secs(1);

/// How much longer than its delay and its time for turns a stop may take: connections, late
/// replies, telemetry.
const FOR_THE_REST: Duration = Duration::from_secs(15);

/// How long somebody may take to read what is said at the end.
const FOR_WORDS: Duration = Duration::from_millis(200);

pub(crate) fn run(args: ServeArgs) -> Result<ExitCode> {
    let file = args.config.clone().or_else(usual_file);
    let (mut config, sources) = Config::load(file.as_deref(), variables())?;
    if let Some(project) = args.project {
        config.project.folder = project;
    }
    if args.print_config {
        print!("{}", config.print(&sources));
        return Ok(ExitCode::SUCCESS);
    }
    config.project.folder = super::which::named(&config.project.folder);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start threads on this machine")?;
    let held = runtime.block_on(async {
        let telemetry = telemetry::install(&config, std::io::stderr().is_terminal())?;
        let held = hold(config).await;
        telemetry.flush().await;
        held
    });
    // What a thread still does for a request that nobody waits for any more must not keep the
    // process.
    runtime.shutdown_timeout(FOR_THREADS);
    // Last of all, and here: a store that closes on a thread which ends with the process may not
    // get to its end.
    held.map(|(code, store)| {
        drop(store);
        code
    })
}

/// The environment, whatever bytes are in it: what is not for this program must not stop it, and
/// what is wrong with the rest is told with its name.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    })
}

/// Serves until it is told to stop; gives the store, which is to be let go of last.
async fn hold(config: Config) -> Result<(ExitCode, OpenStore)> {
    let host = dialgraph_wiring::host(&config, cache_dir())?;
    if config.store.backend == Backend::Sled {
        // Before anything of the store is opened: one that cannot be served is left as it is.
        let folder = &config.store.folder;
        dialgraph_store::lacking(folder)?.none_in(folder)?;
    }
    let store = dialgraph_wiring::open_store(&config).await?;
    let metrics = Arc::new(Metrics::default());
    let counted = Arc::clone(&metrics);
    let observer = move |result| counted.hot_load(result);
    let deploy = dialgraph_wiring::deploy(&config, host, &store, observer).await?;
    let (source, amiss) = match dialgraph_wiring::source(&config).await {
        Ok(source) => (source, None),
        // An odd file in the folder takes nothing from what is live.
        Err(WiringError::Project(error)) => (None, Some(error)),
        Err(error) => return Err(error.into()),
    };
    if source.is_none() && amiss.is_none() {
        eprintln!(
            "warning: there is no project in {}; the server uses what is in the store",
            config.project.folder.display()
        );
    }
    let started = match (deploy.start(source.as_ref()).await, &amiss) {
        (Err(DeployError::NothingLive), Some(_)) => None,
        (started, _) => Some(started?),
    };
    let Some(started) = started else {
        return Err(amiss.map_or_else(|| DeployError::NothingLive.into(), Into::into));
    };
    if let Some(error) = &amiss {
        eprintln!(
            "warning: the project was not imported, and the earlier release stays live: {error}"
        );
    }
    if let Err(error) = deploy.note_needed().await {
        tracing::warn!(%error, "could not record which content is needed; the next start cannot \
            check for it first");
    }
    if let Some(Err(error)) = &started.taken_in {
        eprintln!(
            "warning: the project was not imported, and the earlier release stays live: {error}"
        );
    }
    let host = deploy.host();
    let loaded = host.clone();
    let parts = Parts {
        store: store.clone(),
        releases: started.releases,
        plugins: host,
        is_loaded: Arc::new(move |digest: &Digest| loaded.loaded(digest).is_some()),
        world: deploy.world(),
        clock: Arc::new(SystemClock),
        authenticator: None,
        secrets: dialgraph_wiring::secret_texts(&config)?,
        deploy: Some(deploy.clone()),
        metrics,
    };
    let folder = config.project.folder.clone();
    let watch = config.deploy.watch && config.takes_in_changes();
    let (watch_interval, interval) = (config.deploy.watch_interval, config.deploy.interval);
    let scheme = if config.tls.certificate.is_some() { "https" } else { "http" };
    let stop_limit = config.server.drain_delay + config.server.drain_timeout + FOR_THE_REST;
    let app = App::new(config, parts)?;
    // Before the first request: a signal that comes early must not be lost.
    let stop = stop_signal(stop_limit)?;
    let running = serve(app).await?;
    eprintln!("dialgraph takes calls at {scheme}://{}", running.address());
    tell_supervisor(NotifyState::Ready);
    let looking_after = tokio::spawn(deploy.clone().run(interval));
    let watching = (watch && (source.is_some() || amiss.is_some())).then(|| {
        let shipped = dialgraph_guests::shipped();
        tokio::spawn(Watch { folder, interval: watch_interval, shipped }.run(deploy, tell))
    });
    stop.await;
    tell_supervisor(NotifyState::Stopping);
    let words = "dialgraph finishes what is under way; send a second signal to end it now";
    let words = Words::say(std::io::stderr(), words.to_owned());
    looking_after.abort();
    if let Some(watching) = watching {
        watching.abort();
    }
    running.stop().await;
    words.wait();
    Ok((ExitCode::SUCCESS, store))
}

/// Words that are written on a thread of their own: nothing that ends may wait for whoever should
/// read them.
struct Words(mpsc::Receiver<()>);

impl Words {
    fn say(mut to: impl Write + Send + 'static, words: String) -> Self {
        let (said, done) = mpsc::channel();
        let thread = std::thread::Builder::new().name("words".to_owned());
        // What cannot be said is left unsaid.
        let _ = thread.spawn(move || {
            let _ = writeln!(to, "{words}");
            let _ = said.send(());
        });
        Self(done)
    }

    /// Waits until they are written, but not for long.
    fn wait(self) {
        let _ = self.0.recv_timeout(FOR_WORDS);
    }
}

/// Tells systemd how it goes, if it was systemd that started this process and wants to know.
fn tell_supervisor(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the supervisor could not be told");
    }
}

/// What came of a change in the project folder.
fn tell(done: Result<ChangeOutcome, WatchError>) {
    match done {
        Ok(outcome) => {
            let items: Vec<String> =
                outcome.changes.iter().map(|change| change.item.to_string()).collect();
            tracing::info!(release = %outcome.release, items = items.join(", "), "a change in the project folder is live");
            for warning in &outcome.warnings {
                tracing::warn!(warning, "warning about the change in the project folder");
            }
        }
        Err(error) => tracing::warn!(%error, "a change in the project folder was not imported"),
    }
}

/// Ends at the first SIGTERM or SIGINT; the second ends the process, and so does the time when the
/// stop should be over.
///
/// Signals and that time have a thread of their own: a stop must not depend on threads that may
/// never come back.
fn stop_signal(limit: Duration) -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot wait for signals")?;
    let (mut terminate, mut interrupt) = {
        let _entered = runtime.enter();
        let terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
        (terminate, signal(SignalKind::interrupt()).context("cannot wait for signals")?)
    };
    let (first, told) = tokio::sync::oneshot::channel();
    let wait = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Nobody waits any more only when the process is about to end anyhow.
        let _ = first.send(());
        tokio::select! {
            _ = terminate.recv() => std::process::exit(130),
            _ = interrupt.recv() => std::process::exit(130),
            () = tokio::time::sleep(limit) => {}
        }
        let words = format!(
            "dialgraph ends with work still under way: the stop took more than {} s",
            limit.as_secs()
        );
        Words::say(std::io::stderr(), words).wait();
        std::process::exit(1);
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(wait))
        .context("cannot wait for signals")?;
    Ok(async move {
        let _ = told.await;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe that is full, and that nobody reads.
    struct Full(mpsc::Receiver<()>);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn words_that_nobody_reads_keep_nobody() {
        let (_open, pipe) = mpsc::channel();
        Words::say(Full(pipe), "the end".to_owned()).wait();
    }
}
