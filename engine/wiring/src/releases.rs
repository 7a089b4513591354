//! Puts together what runs plugins and what changes releases, and finds the project folder.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use dialgraph_config::Config;
use dialgraph_deploy::{
    Deploy, DeployParts, DeploySettings, ImportPolicy, LocalWorldFactory, RetentionPolicy, Rules,
    Source, TrustedKeys,
};
use dialgraph_host::{CompileLimits, Host, HostConfig, Pool};
use dialgraph_kernel::plugin::LogLevel;
use dialgraph_local::secrets::RevealSecret;
use dialgraph_runtime::SystemClock;
use dialgraph_store::OpenStore;

use crate::error::WiringError;
use crate::providers::refit;
use crate::secrets::secrets;
use crate::sources::{Around, revealing, routing};
use crate::store::{content, remembering};

/// What runs plugins; `cache` is taken where the configuration names no folder for compiled
/// plugins.
///
/// # Errors
/// If this machine cannot run WebAssembly.
pub fn host(config: &Config, cache: Option<PathBuf>) -> Result<Host, WiringError> {
    let usual = HostConfig::default();
    Ok(Host::new(HostConfig {
        cache_dir: config.plugins.cache.clone().or(cache),
        log_level: LogLevel::Info,
        portable: config.plugins.portable,
        behind_callers: true,
        compile: CompileLimits {
            time: config.plugins.compile_time,
            memory_bytes: config.plugins.compile_memory.0,
        },
        small: Pool { runs: config.plugins.runs, ..usual.small },
        large: Pool { runs: usual.large.runs.min(config.plugins.runs), ..usual.large },
        ..usual
    })?)
}

/// Where secrets come from, for the server itself.
///
/// # Errors
/// If a setting is wrong, or asks for what is not in this build.
pub fn secret_texts(config: &Config) -> Result<Arc<dyn RevealSecret>, WiringError> {
    let source = secrets(config)?;
    Ok(revealing(source.as_ref(), secrets_folder(config), &environment()))
}

fn environment() -> Vec<(String, String)> {
    // A secret that is no text is none that could be sent.
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

fn secrets_folder(config: &Config) -> Option<PathBuf> {
    let folder = config.providers.secrets_folder.clone();
    folder.or_else(|| std::env::var_os("CREDENTIALS_DIRECTORY").map(Into::into))
}

/// What changes releases and gives each its providers; `observer` is told what it does to them, in
/// the words of [`Deploy::TOLD`].
///
/// # Errors
/// If a setting is wrong, or asks for what is not in this build.
pub async fn deploy(
    config: &Config,
    host: Host,
    store: &OpenStore,
    observer: impl Fn(&'static str) + Send + Sync + 'static,
) -> Result<Deploy, WiringError> {
    let mut worlds = LocalWorldFactory::new(store.store.clone(), Arc::new(SystemClock))
        .reporting_tickets(config.reports_tickets());
    worlds.environment = environment();
    worlds.secrets_folder = secrets_folder(config);
    worlds.extra_roots = config.providers.extra_roots.clone();
    worlds.secrets = secrets(config)?;
    let around = Around {
        store: Arc::clone(&store.store),
        secrets: revealing(
            worlds.secrets.as_ref(),
            worlds.secrets_folder.clone(),
            &worlds.environment,
        ),
        states: Arc::clone(&worlds.states),
        refit: remembering(config, refit(config, &store.store).await?),
    };
    worlds.refit = Some(routing(config, around).await?);
    let keys = config.deploy.trusted_keys.iter();
    let keys = keys.map(|text| text.split_once(':').ok_or(WiringError::TrustedKeyForm));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let settings = DeploySettings {
        trusted: TrustedKeys::new(keys)?,
        require_signed: config.deploy.require_signed,
        canary: Rules {
            min_calls: config.deploy.canary_min_calls.into(),
            more_errors: f64::from(config.deploy.canary_more_errors) / 100.0,
            traps: config.deploy.canary_traps.into(),
        },
        take_in: if config.takes_in_changes() {
            ImportPolicy::Changes
        } else {
            ImportPolicy::First
        },
        change_timeout: Some(config.deploy.change_timeout),
        keep: RetentionPolicy {
            releases: config.deploy.keep_releases,
            for_long: config.deploy.keep_for,
        },
    };
    let setup = DeployParts {
        store: store.store.clone(),
        blobs: content(config, store)?,
        host: Arc::new(host),
        worlds: Arc::new(worlds),
        clock: Arc::new(SystemClock),
        settings,
    };
    Ok(Deploy::observed(setup, observer))
}

/// The project folder; none when there is none: then what is live in the store stays live.
///
/// # Errors
/// If it cannot be read.
pub async fn source(config: &Config) -> Result<Option<Source>, WiringError> {
    let folder = config.project.folder.clone();
    if !folder.is_dir() {
        return Ok(None);
    }
    let read = move || Source::folder(&folder, dialgraph_guests::shipped());
    Ok(Some(tokio::task::spawn_blocking(read).await??))
}
