//! `dialgraph serve`.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use dialgraph_flow::Digest;
use dialgraph_host::{Host, HostConfig};
use dialgraph_kernel::plugin::LogLevel;
use dialgraph_local::LocalConfig;
use dialgraph_runtime::{Dispatch, Releases};
use dialgraph_server::config::usual_file;
use dialgraph_server::{App, Config, Parts, open_store, serve, telemetry};

use crate::args::ServeArgs;
use crate::workshop::{Workshop, cache_dir};

pub(crate) fn run(args: ServeArgs) -> Result<ExitCode> {
    let file = args.config.clone().or_else(usual_file);
    let (mut config, sources) = Config::load(file.as_deref(), std::env::vars())?;
    if let Some(project) = args.project {
        config.project.folder = project;
    }
    if args.print_config {
        print!("{}", config.print(&sources));
        return Ok(ExitCode::SUCCESS);
    }
    telemetry::logs::install(&config.log, std::io::stderr().is_terminal());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("this machine gives no threads")?;
    runtime.block_on(hold(config))
}

/// Serves until it is told to stop.
async fn hold(config: Config) -> Result<ExitCode> {
    let host = Host::new(HostConfig {
        cache_dir: config.plugins.cache.clone().or_else(cache_dir),
        log_level: LogLevel::Info,
        ..HostConfig::default()
    })
    .context("cannot run WebAssembly here")?;
    let workshop = Workshop::open_with(&config.project.folder, host)?;
    let release = workshop.release()?;
    workshop.warn_of_plugins();
    let store = open_store(&config).await?;
    let project = workshop.project();
    let grants = project.grants();

    let mut local = LocalConfig::new(&config.project.folder, store.store.clone());
    local.collections = project
        .collections()
        .iter()
        .map(|(name, collection)| (name.to_string(), collection.seed.clone()))
        .collect();
    local.http = grants
        .iter()
        .map(|(plugin, grants)| {
            (plugin.to_string(), grants.http.iter().map(ToString::to_string).collect())
        })
        .collect();
    local.environment = std::env::vars().collect();
    local.secrets_folder = config
        .providers
        .secrets_folder
        .clone()
        .or_else(|| std::env::var_os("CREDENTIALS_DIRECTORY").map(Into::into));
    local.extra_roots = config.providers.extra_roots.clone();
    local.now = super::now();
    let local = local.build().await?;
    local.nlu.warm_up();

    let plugins = workshop.plugin_host().clone();
    let loaded = plugins.clone();
    let parts = Parts {
        store,
        releases: Arc::new(Releases::new(release)),
        plugins,
        is_loaded: Arc::new(move |digest: &Digest| loaded.loaded(digest).is_some()),
        world: Arc::new(Dispatch::new(local.providers, grants)),
        gatekeeper: None,
    };
    let app = App::new(config, parts)?;
    // Before the first request: a signal that comes early must not be lost.
    let stop = stop_signal()?;
    let running = serve(app).await?;
    eprintln!("dialgraph takes calls at http://{}", running.address());
    stop.await;
    eprintln!("dialgraph ends what is under way; a second signal ends it now");
    running.stop().await;
    Ok(ExitCode::SUCCESS)
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
