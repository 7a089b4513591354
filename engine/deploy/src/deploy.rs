//! What everything that is done to releases works with, and the parts of it that the engine needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dialgraph_base::Digest;
use dialgraph_host::Host;
use dialgraph_runtime::World;
use dialgraph_store::{Blobs, Clock, Store, StoreError, UnixMillis};

use crate::content::Content;
use crate::error::DeployError;
use crate::held::{ByRelease, HeldReleases};
use crate::history::History;
use crate::ledger::Ledger;
use crate::manifest::Manifest;
use crate::pinned::Pinned;
use crate::rows::State;
use crate::settings::DeploySettings;
use crate::trial::Trial;
use crate::workshop::Workshop;
use crate::world_factory::WorldFactory;

/// What a [`Deploy`] works with.
#[derive(Clone)]
pub struct DeployParts {
    pub store: Arc<dyn Store>,
    pub blobs: Blobs,
    pub host: Arc<Host>,
    pub worlds: Arc<dyn WorldFactory>,
    pub clock: Arc<dyn Clock>,
    pub settings: DeploySettings,
}

impl std::fmt::Debug for DeployParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeployParts").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Changes what is live, and keeps the engine at hand of what calls are pinned to.
///
/// Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Deploy(pub(crate) Arc<Inner>);

impl std::fmt::Debug for Deploy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deploy").field("process", &self.0.trial.process).finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    pub(crate) ledger: Ledger,
    pub(crate) content: Content,
    pub(crate) workshop: Arc<Workshop>,
    pub(crate) pinned: Pinned,
    pub(crate) trial: Arc<Trial>,
    pub(crate) held: Arc<HeldReleases>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: DeploySettings,
    /// Somebody who counts changes.
    observer: Box<dyn Fn(&'static str) + Send + Sync>,
    /// What a start takes in is told by what it gives.
    has_started: AtomicBool,
}

impl Deploy {
    /// What an [observer](Self::observed) is told of: changes, refusals, and what was taken over
    /// from another process.
    pub const TOLD: [&'static str; 8] = [
        "push",
        "roll-back",
        "canary-start",
        "canary-promote",
        "canary-withdraw",
        "refused",
        "content-remove",
        "taken-over",
    ];

    /// One that nobody observes.
    pub fn new(setup: DeployParts) -> Self {
        Self::observed(setup, |_| {})
    }

    /// Has `observer` told of every change and of every refusal after the [start](Self::start), in
    /// a word of [`TOLD`](Self::TOLD) for metrics.
    pub fn observed(
        setup: DeployParts,
        observer: impl Fn(&'static str) + Send + Sync + 'static,
    ) -> Self {
        let DeployParts { store, blobs, host, worlds, clock, settings } = setup;
        let ledger = Ledger::new(store);
        let content = Content::new(blobs);
        let workshop = Arc::new(Workshop::new(host, worlds));
        let pinned = Pinned::new(ledger.clone(), Arc::clone(&clock));
        let trial = Arc::new(Trial::new(ledger.clone()));
        let held = Arc::new(HeldReleases::new(
            Arc::clone(&workshop),
            content.clone(),
            ledger.clone(),
            pinned.clone(),
            Arc::clone(&trial),
        ));
        let (observer, has_started) = (Box::new(observer), AtomicBool::new(false));
        Self(Arc::new(Inner {
            ledger,
            content,
            workshop,
            pinned,
            trial,
            held,
            clock,
            settings,
            observer,
            has_started,
        }))
    }

    /// The world of each call's own release, for the engine.
    pub fn world(&self) -> Arc<dyn World> {
        Arc::new(ByRelease(Arc::clone(&self.0.held)))
    }

    /// What runs the plugins, for the engine.
    pub fn host(&self) -> Arc<Host> {
        Arc::clone(&self.0.workshop.host)
    }

    /// The engine is about to stop: changes that are being checked are given up, and no others
    /// begin. What calls need goes on.
    pub fn leave(&self) {
        self.0.workshop.checks.leave();
    }

    /// The history of the store that it works on.
    pub fn history(&self) -> History {
        History::over(self.0.ledger.clone(), self.0.content.clone())
    }

    /// Releases that calls in progress may be pinned to, on whatever process they began.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn with_calls(&self) -> Result<Vec<Digest>, StoreError> {
        self.0.pinned.releases().await
    }
}

impl Inner {
    pub(crate) fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    pub(crate) fn happened(&self, what: &'static str) {
        if self.has_started.load(Ordering::Relaxed) {
            (self.observer)(what);
        }
    }

    /// From now on the observer is told, and checks make way for callers.
    pub(crate) fn started(&self) {
        self.workshop.takes_calls();
        self.has_started.store(true, Ordering::Relaxed);
    }

    /// What the live release of `state` is made of.
    pub(crate) async fn live_manifest(&self, state: &State) -> Result<Manifest, DeployError> {
        self.content.manifest(self.ledger.release(state.live.number).await?.manifest).await
    }
}
