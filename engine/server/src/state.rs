//! What every request can reach.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use dialgraph_base::{CallId, Digest};
use dialgraph_config::Config;
use dialgraph_deploy::{Deploy, Tokens};
use dialgraph_flow::Release;
use dialgraph_kernel::call::Call;
use dialgraph_kernel::plugin::Plugins;
use dialgraph_local::secrets::RevealSecret;
use dialgraph_runtime::{Engine, Releases, Sources, SystemClock, WaitRules, World};
use dialgraph_store::{OpenStore, StoreError};

use crate::credentials::Credentials;
use crate::desk::Reports;
use crate::http::auth::Authenticator;
use crate::http::connect::Spellings;
use crate::http::tickets::KnownEngineers;
use crate::telemetry::{MeasuredPlugins, MeasuredStore, MeasuredWorld, Metrics};
use crate::turns::{Turns, Workers};
use crate::world::{Breakers, guarded};

/// For so long an `after` flow whose provider is down or slow is run again.
const AFTER_PATIENCE_MS: u64 = 60 * 60 * 1000;

/// What a server is made of.
pub struct Parts {
    pub store: OpenStore,
    pub releases: Arc<Releases>,
    pub plugins: Arc<dyn Plugins>,
    /// Whether a plugin version can be run here.
    pub is_loaded: Arc<dyn Fn(&Digest) -> bool + Send + Sync>,
    /// Answers host calls; grants are its business.
    pub world: Arc<dyn World>,
    /// What calls take for the time: the machine's clock, but in a rehearsal at another time of
    /// day.
    pub clock: Arc<dyn dialgraph_runtime::Clock>,
    /// Who holds which token; none: those of the configuration and, if something can be deployed,
    /// of the store.
    pub authenticator: Option<Arc<dyn Authenticator>>,
    /// Secrets by which senders outside are known.
    pub secrets: Arc<dyn RevealSecret>,
    /// Changes what is live; none: it stays as it is.
    pub deploy: Option<Deploy>,
    /// Where everything is counted; `deploy`, too, if it was made to be counted there.
    pub metrics: Arc<Metrics>,
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
    pub metrics: Arc<Metrics>,
    pub authenticator: Arc<dyn Authenticator>,
    pub deploy: Option<Deploy>,
    /// The tokens that the admin API makes and revokes.
    pub tokens: Option<Tokens>,
    /// Keys and tokens of the configuration.
    pub credentials: Credentials,
    /// Locales of contacts that the log has.
    pub(crate) spellings: Spellings,
    breakers: Arc<Breakers>,
    /// Secrets by which senders outside are known.
    pub(crate) secrets: Arc<dyn RevealSecret>,
    /// Tells a desk elsewhere of tickets; none: nobody is told.
    pub(crate) reports: Option<Reports>,
    /// Where the live project records its engineers.
    pub(crate) engineers: KnownEngineers,
    /// What calls can reach, unguarded: for people who ask by themselves.
    world: Arc<dyn World>,
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
    #[error("cannot start threads on this machine: {0}")]
    Threads(#[from] std::io::Error),
    #[error("connect.keys: {0}")]
    Keys(String),
    #[error("api.tokens: {0}")]
    Tokens(String),
    #[error("kakao.secrets: {0}")]
    Kakao(String),
    #[error("tickets: {0}")]
    Tickets(String),
}

/// What is wrong with a part of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Calls are still well here.
    Degraded(String),
    /// Calls should go elsewhere.
    Unready(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Degraded(reason) => write!(f, "degraded: {reason}"),
            Self::Unready(reason) => f.write_str(reason),
        }
    }
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
        let metrics = parts.metrics;
        if let Some(room) = parts.plugins.room() {
            metrics.plugin_room(room);
        }
        let unguarded = Arc::clone(&parts.world);
        let (world, breakers) = guarded(parts.world, &config.providers, &metrics);
        let engine = Engine::new(
            Arc::new(MeasuredStore { inner: parts.store.store.clone(), metrics: metrics.clone() }),
            parts.releases.clone(),
            Arc::new(MeasuredPlugins {
                inner: parts.plugins,
                releases: parts.releases.clone(),
                metrics: metrics.clone(),
            }),
            Arc::new(MeasuredWorld { inner: world, metrics: metrics.clone() }),
            parts.clock,
            rules,
        )
        .keeping(config.calls.keep_millis())
        .retrying_after(AFTER_PATIENCE_MS)
        .reached_at(&format!("{}/v1/hooks", config.url()));
        let reports = Reports::of(&config).map_err(AppError::Tickets)?;
        let credentials = Credentials::new(&config, clock.millis() / 1000)?;
        let configured = || credentials.tokens().clone();
        let tokens = parts.deploy.clone().map(|deploy| Tokens::new(deploy, configured()));
        let authenticator = match (parts.authenticator, &tokens) {
            (Some(authenticator), _) => authenticator,
            (None, Some(tokens)) => Arc::new(tokens.clone()),
            (None, None) => Arc::new(configured()),
        };
        let workers = Workers::new(config.workers())?;
        let turns = Turns::new(Arc::new(engine), workers, config.turns.clone(), metrics.clone());
        if let Some(deploy) = &parts.deploy {
            turns.tell(deploy.clone());
        }
        Ok(Arc::new(Self {
            config,
            turns,
            releases: parts.releases,
            store: parts.store,
            is_loaded: parts.is_loaded,
            clock,
            metrics,
            authenticator,
            deploy: parts.deploy,
            tokens,
            credentials,
            spellings: Spellings::default(),
            breakers,
            secrets: parts.secrets,
            reports,
            engineers: KnownEngineers::default(),
            world: unguarded,
            leaving: AtomicBool::new(false),
        }))
    }

    /// Releases that calls in progress may be pinned to: those at hand, and those that the store
    /// tells of.
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
                tracing::warn!(call = %call.id, release = %call.release, error, "the release of a call is not available");
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
        // Nobody is kept waiting by what is only being checked.
        if let Some(deploy) = &self.deploy {
            deploy.leave();
        }
    }

    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
    }

    /// What `/readyz` says: each part with what is wrong with it.
    pub async fn readiness(&self) -> BTreeMap<&'static str, Result<(), Trouble>> {
        self.readiness_at(Instant::now()).await
    }

    pub(crate) async fn readiness_at(
        &self,
        now: Instant,
    ) -> BTreeMap<&'static str, Result<(), Trouble>> {
        let mut parts = BTreeMap::new();
        parts.insert("workers", self.worker_readiness(now));
        parts.insert("store", self.store_readiness().await.map_err(Trouble::Unready));
        parts.insert("plugins", self.plugin_readiness().map_err(Trouble::Unready));
        let open = self.breakers.open();
        let providers = if open.is_empty() {
            Ok(())
        } else {
            // Flows go other ways without a provider; to refuse all calls would help nobody.
            let reason = format!("{} skipped after consecutive failures", open.join(", "));
            Err(Trouble::Degraded(reason))
        };
        parts.insert("providers", providers);
        if let Some(sources) = self.sources() {
            // As of providers: calls go on, with what was last known or another way.
            let troubles = (sources.troubles)();
            let troubles: Vec<String> = troubles
                .iter()
                .filter(|(collection, _)| sources.by_collection.contains_key(*collection))
                .map(|(collection, why)| format!("collection `{collection}`: {why}"))
                .collect();
            let state = match troubles.is_empty() {
                true => Ok(()),
                false => Err(Trouble::Degraded(troubles.join("; "))),
            };
            parts.insert("sources", state);
        }
        if let Some(reports) = &self.reports {
            // No call needs it.
            let state = reports.trouble().map(|why| format!("reports are not delivered: {why}"));
            parts.insert("tickets", state.map_or(Ok(()), |why| Err(Trouble::Degraded(why))));
        }
        let draining = match self.is_leaving() {
            true => Err(Trouble::Unready("about to stop".to_owned())),
            false => Ok(()),
        };
        parts.insert("server", draining);
        parts
    }

    /// The collections of the live release that live outside the store; none: all live within.
    pub(crate) fn sources(&self) -> Option<Arc<Sources>> {
        self.world.sources(&self.releases.live().digest)
    }

    fn worker_readiness(&self, now: Instant) -> Result<(), Trouble> {
        let (threads, stuck) = self.turns.stuck(now);
        if stuck == 0 {
            return Ok(());
        }
        let reason = format!(
            "{stuck} of {threads} threads for turns are stuck; restart this process, and report \
            what the plugins of its release do"
        );
        // One slow plugin is the same in all processes: to take them all out would end the calls
        // that the others answer.
        Err(if stuck < threads { Trouble::Degraded(reason) } else { Trouble::Unready(reason) })
    }

    async fn store_readiness(&self) -> Result<(), String> {
        self.store.backend.health().map_err(|error| error.to_string())?;
        // A read of a call that cannot be there goes through sealing and the database.
        let nobody = dialgraph_base::CallId(".readiness".into());
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
