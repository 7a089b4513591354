//! What every request can reach.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dialgraph_connect::signature::Verifier;
use dialgraph_deploy::{Deploy, Tokens};
use dialgraph_flow::Digest;
use dialgraph_kernel::call::CallId;
use dialgraph_kernel::plugin::Plugins;
use dialgraph_runtime::{Engine, Releases, WaitRules, World};
use dialgraph_store::{Backend, Keyring, Sealed, SledOptions, SledStore, Store, StoreError};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::http::auth::{self, Gatekeeper};
use crate::telemetry::{Figures, MeasuredPlugins, MeasuredStore, MeasuredWorld};
use crate::turns::{Turns, Workers};
use crate::world::{Breakers, guarded};

/// The store of a server, with the backend that health and figures are asked of.
#[derive(Clone)]
pub struct OpenStore {
    pub store: Arc<dyn Store>,
    pub backend: Arc<dyn Backend>,
    pub sealed: bool,
}

impl std::fmt::Debug for OpenStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenStore").field("place", &self.backend.place()).finish_non_exhaustive()
    }
}

impl OpenStore {
    /// The rows in `backend`, sealed if there are keys.
    ///
    /// # Errors
    /// If what is there is sealed and there is no key, or not the right one.
    pub async fn over(
        backend: Arc<dyn Backend>,
        keys: Option<Keyring>,
    ) -> Result<Self, StoreError> {
        let sealed = keys.is_some();
        let plain: Arc<dyn Store> = backend.clone();
        let store: Arc<dyn Store> = match keys {
            Some(keys) => Arc::new(Sealed::open(plain, keys).await?),
            None => {
                dialgraph_store::require_unsealed(&*plain).await?;
                plain
            }
        };
        Ok(Self { store, backend, sealed })
    }
}

/// Opens the embedded store in the folder that `config` names; sealed if there is a key, in the file or in the
/// environment.
///
/// # Errors
/// What is wrong with the folder, the database or the key, and what to do.
pub async fn open_store(config: &Config) -> Result<OpenStore, StoreError> {
    let keys = keys(config)?;
    let options = SledOptions { cache_bytes: config.store.cache.0, ..SledOptions::default() };
    let sled = SledStore::open(&config.store.folder, Arc::new(SystemClock), &options)?;
    OpenStore::over(Arc::new(sled), keys).await
}

/// The keys that seal the store, from the file that `config` names or from the environment; none: it is not sealed.
///
/// # Errors
/// If there are keys and they cannot be read.
pub fn keys(config: &Config) -> Result<Option<Keyring>, StoreError> {
    match &config.store.key_file {
        Some(file) => Ok(Some(Keyring::from_file(file)?)),
        None => Keyring::from_env(),
    }
}

/// What a server is made of.
pub struct Parts {
    pub store: OpenStore,
    pub releases: Arc<Releases>,
    pub plugins: Arc<dyn Plugins>,
    /// Whether a plugin version can be run here.
    pub is_loaded: Arc<dyn Fn(&Digest) -> bool + Send + Sync>,
    /// Answers host calls; grants are its business.
    pub world: Arc<dyn World>,
    /// What calls take for the time: the machine's clock, but in a rehearsal at another time of day.
    pub clock: Arc<dyn dialgraph_runtime::Clock>,
    /// Who holds which token; none: those of the configuration and, if something can be deployed, of the store.
    pub gatekeeper: Option<Arc<dyn Gatekeeper>>,
    /// Changes what is live; none: it stays as it is.
    pub deploy: Option<Deploy>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("store", &self.store).finish_non_exhaustive()
    }
}

/// A server's state.
pub struct App {
    pub config: Config,
    pub turns: Arc<Turns>,
    pub releases: Arc<Releases>,
    pub store: OpenStore,
    pub is_loaded: Arc<dyn Fn(&Digest) -> bool + Send + Sync>,
    pub clock: SystemClock,
    pub figures: Arc<Figures>,
    pub gatekeeper: Arc<dyn Gatekeeper>,
    pub deploy: Option<Deploy>,
    /// The tokens that the admin API makes and revokes.
    pub tokens: Option<Tokens>,
    /// None: events of Connect need no signature.
    pub verifier: Option<Verifier>,
    breakers: Arc<Breakers>,
    /// A stop was asked for; load balancers should look elsewhere.
    leaving: AtomicBool,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("turns", &self.turns).finish_non_exhaustive()
    }
}

/// Why a server could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("this machine gives no threads: {0}")]
    Threads(#[from] std::io::Error),
    #[error("connect.keys: {0}")]
    Keys(String),
    #[error("api.tokens: {0}")]
    Tokens(String),
}

impl App {
    /// # Errors
    /// When keys or tokens are not as they must be, or the machine gives no threads.
    pub fn new(config: Config, parts: Parts) -> Result<Arc<Self>, AppError> {
        let ms = |time: std::time::Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let rules = WaitRules {
            turn_ms: ms(config.turns.budget),
            comfort_wait_ms: ms(config.turns.comfort_wait),
            ..WaitRules::default()
        };
        let clock = SystemClock;
        let figures = Arc::new(Figures::default());
        let (world, breakers) = guarded(parts.world, &config.providers, &figures);
        let engine = Engine::new(
            Arc::new(MeasuredStore { inner: parts.store.store.clone(), figures: figures.clone() }),
            parts.releases.clone(),
            Arc::new(MeasuredPlugins {
                inner: parts.plugins,
                releases: parts.releases.clone(),
                figures: figures.clone(),
            }),
            Arc::new(MeasuredWorld { inner: world, figures: figures.clone() }),
            parts.clock,
            rules,
        );
        let configured = auth::tokens(&config.api.tokens).map_err(AppError::Tokens)?;
        let tokens = parts.deploy.clone().map(|deploy| Tokens::new(deploy, configured));
        let gatekeeper = match (parts.gatekeeper, &tokens) {
            (Some(gatekeeper), _) => gatekeeper,
            (None, Some(tokens)) => Arc::new(tokens.clone()),
            (None, None) => auth::configured(&config).map_err(AppError::Tokens)?,
        };
        let verifier = auth::verifier(&config, clock.millis() / 1000).map_err(AppError::Keys)?;
        let workers = Workers::new(config.workers())?;
        let turns = Turns::new(Arc::new(engine), workers, config.turns.clone(), figures.clone());
        if let Some(deploy) = &parts.deploy {
            turns.tell(deploy.clone());
            let figures = figures.clone();
            deploy.tell(move |result| figures.hot_load(result));
        }
        Ok(Arc::new(Self {
            config,
            turns,
            releases: parts.releases,
            store: parts.store,
            is_loaded: parts.is_loaded,
            clock,
            figures,
            gatekeeper,
            deploy: parts.deploy,
            tokens,
            verifier,
            breakers,
            leaving: AtomicBool::new(false),
        }))
    }

    /// The source of all chance in the call `id`, should it begin now.
    pub fn seed(&self, id: &CallId) -> u64 {
        let digest = Digest::of(format!("{id}/{}", self.clock.millis()).as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest.as_bytes()[..8]);
        u64::from_le_bytes(first)
    }

    /// From now on `/readyz` says no.
    pub fn set_leaving(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    /// What `/readyz` says: each part with the reason why it is not ready.
    pub async fn readiness(&self) -> BTreeMap<&'static str, Result<(), String>> {
        let mut parts = BTreeMap::new();
        parts.insert("store", self.store_readiness().await);
        parts.insert("plugins", self.plugin_readiness());
        let open = self.breakers.open();
        let providers = if open.is_empty() {
            Ok(())
        } else {
            // Flows go other ways without a provider; to refuse all calls would help nobody.
            Err(format!("degraded: {} not asked after failures in a row", open.join(", ")))
        };
        parts.insert("providers", providers);
        let draining = if self.leaving.load(Ordering::SeqCst) {
            Err("about to stop".to_owned())
        } else {
            Ok(())
        };
        parts.insert("server", draining);
        parts
    }

    async fn store_readiness(&self) -> Result<(), String> {
        self.store.backend.health().map_err(|error| error.to_string())?;
        // A read of a call that cannot be there goes through sealing and the database.
        let nobody = dialgraph_kernel::call::CallId(".readiness".into());
        self.turns.engine().calls().load(&nobody).await.map_err(|error| error.to_string())?;
        Ok(())
    }

    fn plugin_readiness(&self) -> Result<(), String> {
        let live = self.releases.live();
        let missing: Vec<&str> = live
            .plugins
            .iter()
            .filter(|(_, pin)| !(self.is_loaded)(&pin.digest))
            .map(|(name, _)| &**name)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!("not loaded: {}", missing.join(", ")))
    }
}
