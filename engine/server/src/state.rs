//! What every request can reach.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dialgraph_deploy::{Deploy, Tokens};
use dialgraph_flow::{Digest, Release};
use dialgraph_kernel::call::{Call, CallId};
use dialgraph_kernel::plugin::Plugins;
use dialgraph_runtime::{Engine, Releases, WaitRules, World};
use dialgraph_store::{Backend, KeyId, Keyring, Sealed, SledOptions, SledStore, Store, StoreError};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::http::auth::Gatekeeper;
use crate::secrets::Secrets;
use crate::telemetry::{Figures, MeasuredPlugins, MeasuredStore, MeasuredWorld};
use crate::turns::{Turns, Workers};
use crate::world::{Breakers, guarded};

/// The store of a server, with the backend that health and figures are asked of.
#[derive(Clone)]
pub struct OpenStore {
    pub store: Arc<dyn Store>,
    pub backend: Arc<dyn Backend>,
    pub sealed: bool,
    /// Ids of the keys that it opens with; none when it is not sealed.
    pub keys: Vec<KeyId>,
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
        let ids = keys.as_ref().map(Keyring::ids).unwrap_or_default();
        let plain: Arc<dyn Store> = backend.clone();
        let store: Arc<dyn Store> = match keys {
            Some(keys) => Arc::new(Sealed::open(plain, keys).await?),
            None => {
                dialgraph_store::require_unsealed(&*plain).await?;
                plain
            }
        };
        Ok(Self { store, backend, sealed, keys: ids })
    }
}

/// Opens the embedded store in the folder that `config` names; sealed if there are keys.
///
/// # Errors
/// What is wrong with the folder, the database or the keys, and what to do.
pub async fn open_store(config: &Config, keys: Option<Keyring>) -> Result<OpenStore, StoreError> {
    let options = SledOptions { cache_bytes: config.store.cache.0, ..SledOptions::default() };
    let sled = SledStore::open(&config.store.folder, Arc::new(SystemClock), &options)?;
    OpenStore::over(Arc::new(sled), keys).await
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
    /// Keys and tokens of the configuration.
    pub secrets: Secrets,
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
        if let Some(room) = parts.plugins.room() {
            figures.plugin_room(room);
        }
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
        )
        .keeping(config.calls.keep_millis());
        let secrets = Secrets::new(&config, clock.millis() / 1000)?;
        let configured = || secrets.tokens().clone();
        let tokens = parts.deploy.clone().map(|deploy| Tokens::new(deploy, configured()));
        let gatekeeper = match (parts.gatekeeper, &tokens) {
            (Some(gatekeeper), _) => gatekeeper,
            (None, Some(tokens)) => Arc::new(tokens.clone()),
            (None, None) => Arc::new(configured()),
        };
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
            secrets,
            breakers,
            leaving: AtomicBool::new(false),
        }))
    }

    /// Releases that calls in progress may be pinned to: those at hand, and those that the store tells of.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn releases_with_calls(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let mut releases: BTreeSet<Digest> = self.releases.at_hand().into_iter().collect();
        if let Some(deploy) = &self.deploy {
            releases.extend(deploy.with_calls().await?);
        }
        Ok(releases)
    }

    /// The release that a call is pinned to, loaded if need be; none if it cannot be had.
    pub async fn release_of(&self, call: &Call) -> Option<Arc<Release>> {
        match self.releases.find(&call.release).await {
            Ok(release) => release,
            Err(error) => {
                tracing::warn!(call = %call.id, release = %call.release, error, "the release of a call cannot be had");
                None
            }
        }
    }

    /// The source of all chance in the call `id`, should it begin now.
    pub fn seed(&self, id: &CallId) -> u64 {
        let digest = Digest::of(format!("{id}/{}", self.clock.millis()).as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest.as_bytes()[..8]);
        u64::from_le_bytes(first)
    }

    /// From now on `/readyz` says no, and clients are told to look for another connection.
    pub fn set_leaving(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
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
        let draining = if self.is_leaving() { Err("about to stop".to_owned()) } else { Ok(()) };
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
