//! `dialgraph serve`.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use sd_notify::NotifyState;

use dialgraph_deploy::Outcome;
use dialgraph_deploy::watch::{Watch, WatchError};
use dialgraph_flow::Digest;
use dialgraph_server::clock::SystemClock;
use dialgraph_server::config::usual_file;
use dialgraph_server::{App, Config, Parts, serve, telemetry};

use crate::args::ServeArgs;
use crate::workshop::cache_dir;

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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("this machine gives no threads")?;
    runtime.block_on(async {
        let telemetry = telemetry::install(&config, std::io::stderr().is_terminal())?;
        let held = hold(config).await;
        telemetry.flush().await;
        held
    })
}

/// The environment, whatever bytes are in it: what is not for this program must not stop it, and what is wrong with the rest
/// is told with its name.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    })
}

/// Serves until it is told to stop.
async fn hold(config: Config) -> Result<ExitCode> {
    let host = dialgraph_wiring::host(&config, cache_dir())?;
    let store = dialgraph_wiring::open_store(&config).await?;
    let deploy = dialgraph_wiring::deploy(&config, host, &store).await?;
    let source = dialgraph_wiring::source(&config).await?;
    if source.is_none() {
        eprintln!(
            "warning: there is no project in {}; what is in the store is served",
            config.project.folder.display()
        );
    }
    let started = deploy.start(source.as_ref()).await?;
    if let Some(Err(error)) = &started.taken_in {
        eprintln!("warning: what was live before is live; the project was not taken in: {error}");
    }
    let host = deploy.host();
    let loaded = host.clone();
    let parts = Parts {
        store,
        releases: started.releases,
        plugins: host,
        is_loaded: Arc::new(move |digest: &Digest| loaded.loaded(digest).is_some()),
        world: deploy.world(),
        clock: Arc::new(SystemClock),
        gatekeeper: None,
        deploy: Some(deploy.clone()),
    };
    let folder = config.project.folder.clone();
    let watch = config.deploy.watch && config.takes_in_changes();
    let (watch_interval, interval) = (config.deploy.watch_interval, config.deploy.interval);
    let scheme = if config.tls.certificate.is_some() { "https" } else { "http" };
    let app = App::new(config, parts)?;
    // Before the first request: a signal that comes early must not be lost.
    let stop = stop_signal()?;
    let running = serve(app).await?;
    eprintln!("dialgraph takes calls at {scheme}://{}", running.address());
    tell_supervisor(NotifyState::Ready);
    let looking_after = tokio::spawn(deploy.clone().run(interval));
    let watching = (watch && source.is_some()).then(|| {
        let shipped = dialgraph_guests::shipped();
        tokio::spawn(Watch { folder, interval: watch_interval, shipped }.run(deploy, tell))
    });
    stop.await;
    tell_supervisor(NotifyState::Stopping);
    eprintln!("dialgraph ends what is under way; a second signal ends it now");
    looking_after.abort();
    if let Some(watching) = watching {
        watching.abort();
    }
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Tells systemd how it goes, if it was systemd that started this process and wants to know.
fn tell_supervisor(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the supervisor could not be told");
    }
}

/// What came of a change in the project folder.
fn tell(done: Result<Outcome, WatchError>) {
    match done {
        Ok(outcome) => {
            let items: Vec<String> =
                outcome.changes.iter().map(|change| change.item.to_string()).collect();
            tracing::info!(release = %outcome.release, items = items.join(", "), "a change in the project folder is live");
            for warning in &outcome.warnings {
                tracing::warn!(warning, "of the change in the project folder");
            }
        }
        Err(error) => tracing::warn!(%error, "a change in the project folder was not taken in"),
    }
}

/// Ends at the first SIGTERM or SIGINT; the second ends the process.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for signals")?;
    let (first, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut first = Some(first);
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            match first.take() {
                // Nobody waits any more only when the process is about to end anyhow.
                Some(first) => drop(first.send(())),
                None => std::process::exit(130),
            }
        }
    });
    Ok(async move {
        let _ = told.await;
    })
}
