//! Holds every release that a call may need, and brings this process to what is live.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use futures::future::BoxFuture;
use futures::{FutureExt as _, future};

use dialgraph_base::{Digest, PluginLimits};
use dialgraph_flow::diagnostic::Code;
use dialgraph_flow::{Project, Release};
use dialgraph_kernel::ports::{HostCall, HostError, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::{Canary, ReleaseSource, Releases, Sources, World};

use crate::candidate::Candidate;
use crate::content::Content;
use crate::error::DeployError;
use crate::ledger::Ledger;
use crate::manifest::Manifest;
use crate::pinned::Pinned;
use crate::reach::Reach;
use crate::rows::State;
use crate::trial::Trial;
use crate::workshop::Workshop;

/// A release with all that its calls need, as long as there are such.
pub(crate) struct Held {
    release: Arc<Release>,
    world: Arc<dyn World>,
    plugins: BTreeSet<(Digest, PluginLimits)>,
    reach: Reach,
}

impl Held {
    /// Whether a turn has it, or whoever has made it live meanwhile.
    fn is_in_use(&self) -> bool {
        // One is this.
        Arc::strong_count(&self.release) > 1
    }
}

/// The releases that this process holds.
pub(crate) struct HeldReleases {
    workshop: Arc<Workshop>,
    content: Content,
    ledger: Ledger,
    pinned: Pinned,
    trial: Arc<Trial>,
    /// Those that the engine's calls find; none before the start.
    releases: OnceLock<Arc<Releases>>,
    held: Mutex<HashMap<Digest, Held>>,
    /// Held while a release is loaded from the store.
    fetching: tokio::sync::Mutex<()>,
    /// The last state that this process went over to, by its line in the audit log, which every
    /// change of the state adds one to. Held while it goes over.
    adopted: tokio::sync::Mutex<u64>,
}

impl HeldReleases {
    pub(crate) fn new(
        workshop: Arc<Workshop>,
        content: Content,
        ledger: Ledger,
        pinned: Pinned,
        trial: Arc<Trial>,
    ) -> Self {
        Self {
            workshop,
            content,
            ledger,
            pinned,
            trial,
            releases: OnceLock::new(),
            held: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            adopted: tokio::sync::Mutex::default(),
        }
    }

    /// Begins with `live`; gives the releases for the engine.
    pub(crate) fn begin(self: &Arc<Self>, live: Arc<Release>) -> Arc<Releases> {
        let source = Arc::new(Fetch(Arc::downgrade(self)));
        let releases = Arc::new(Releases::new(live).with_source(source));
        Arc::clone(self.releases.get_or_init(|| releases))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Digest, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn world_of(&self, release: &Digest) -> Option<Arc<dyn World>> {
        Some(Arc::clone(&self.held().get(release)?.world))
    }

    pub(crate) fn reach_of(&self, release: &Digest) -> Option<Reach> {
        Some(self.held().get(release)?.reach.clone())
    }

    /// Digests of all releases that are held, and the plugins of each.
    pub(crate) fn holds(&self) -> Vec<(Digest, Vec<Digest>)> {
        let held = self.held();
        let mut all: Vec<_> = held
            .iter()
            .map(|(d, held)| {
                (*d, {
                    let digests: BTreeSet<Digest> = held.plugins.iter().map(|(d, _)| *d).collect();
                    digests.into_iter().collect()
                })
            })
            .collect();
        all.sort();
        all
    }

    /// Makes a candidate one that calls can be pinned to. Its plugins are loaded beside the same
    /// ones under other limits, of which calls of other releases have theirs.
    pub(crate) fn hold(&self, candidate: Candidate) -> (Arc<Release>, Project) {
        let plugins = candidate.plugins();
        let Candidate { release, world, prepared, reach, project, .. } = candidate;
        let mut held = self.held();
        for plugin in prepared {
            self.workshop.host.keep(plugin);
        }
        let digest = release.digest;
        let one = held.entry(digest).or_insert_with(|| Held {
            release,
            world,
            plugins: BTreeSet::new(),
            reach: Reach::default(),
        });
        one.plugins.extend(plugins);
        one.reach = reach;
        (Arc::clone(&one.release), project)
    }

    /// The release of this digest: held, or loaded now; none if there never was one.
    async fn fetch(&self, digest: Digest) -> Result<Option<Arc<Release>>, DeployError> {
        let at_hand = || self.held().get(&digest).map(|held| Arc::clone(&held.release));
        if let Some(release) = at_hand() {
            return Ok(Some(release));
        }
        // One at a time: all callers of a release that is not at hand ask for it at once, and
        // loading takes all processors.
        let _fetching = self.fetching.lock().await;
        if let Some(release) = at_hand() {
            return Ok(Some(release));
        }
        let Some(latest) = self.ledger.latest(&digest).await? else { return Ok(None) };
        let manifest = self.content.manifest(latest.manifest).await?;
        Ok(Some(self.load(digest, manifest).await?.0))
    }

    async fn load(
        &self,
        digest: Digest,
        manifest: Manifest,
    ) -> Result<(Arc<Release>, Project), DeployError> {
        let why = |why: String| DeployError::Unloadable { release: digest.to_string(), why };
        let checked = self.workshop.load(self.content.clone(), manifest).await;
        let candidate = checked.map_err(|error| match error {
            DeployError::Refused(refusal) => why(refusal.to_string()),
            other => other,
        })?;
        if candidate.release.digest != digest {
            return Err(why(format!(
                "this engine builds {} from it: an engine of another version made it",
                candidate.release.digest
            )));
        }
        // An engine that looked at less accepted it. Calls rest on it, so it is served as it is.
        let late = [Code::ConfigProblem, Code::ConfigUnchecked, Code::NotGranted];
        for found in candidate.report.report.diagnostics().iter().filter(|d| late.contains(&d.code))
        {
            let file = candidate.report.report.sources().file(found.primary.span.file);
            tracing::warn!(
                release = %digest,
                file = file.path(),
                line = file.position(found.primary.span.start).line,
                found = found.message,
                "a release that was accepted earlier has a mistake: correct it with the next push"
            );
        }
        Ok(self.hold(candidate))
    }

    /// Loads what is live, with the project that it was made of.
    pub(crate) async fn load_live(
        &self,
        state: &State,
    ) -> Result<(Arc<Release>, Project), DeployError> {
        let made = self.ledger.release(state.live.number).await?;
        let manifest = self.content.manifest(made.manifest).await?;
        self.load(made.release, manifest).await
    }

    /// Brings this process to `state`. True when it was elsewhere; not when it is further on
    /// already: whoever reads the state slowly must not undo what was done meanwhile.
    pub(crate) async fn adopt(&self, state: &State) -> Result<bool, DeployError> {
        let mut adopted = self.adopted.lock().await;
        if state.audit < *adopted {
            return Ok(false);
        }
        let there = |digest: Digest| DeployError::Missing { what: format!("release {digest}") };
        let wanted = state.live.release;
        let live = self.fetch(wanted).await?.ok_or_else(|| there(wanted))?;
        let canary = match &state.canary {
            None => None,
            Some(canary) => {
                let wanted = canary.deployed.release;
                let release = self.fetch(wanted).await?.ok_or_else(|| there(wanted))?;
                Some(Canary { release, percent: canary.percent })
            }
        };
        self.trial.watch(state);
        *adopted = state.audit;
        let Some(releases) = self.releases.get() else { return Ok(false) };
        let before =
            (releases.live().digest, releases.canary().map(|c| (c.release.digest, c.percent)));
        let after = (live.digest, canary.as_ref().map(|c| (c.release.digest, c.percent)));
        if before == after {
            return Ok(false);
        }
        releases.publish(live, canary);
        // Calls began with it here until this moment, whatever other processes knew.
        let (live, canary) = before;
        let left = [Some(live), canary.map(|(release, _)| release)].into_iter().flatten();
        if let Err(error) = self.pinned.note_calls_of(left.filter(|left| *left != after.0)).await {
            tracing::warn!(%error, "a release that is no longer live could not be recorded; the \
                next round tries again");
        }
        Ok(true)
    }

    fn is_in_use(&self, digest: &Digest) -> bool {
        self.held().get(digest).is_some_and(Held::is_in_use)
    }

    /// Lets go of releases that neither new calls nor calls in progress have, and of their plugins.
    ///
    /// A call that goes on elsewhere, or begins this very moment, is safe: whoever asks for its
    /// release gets it from the store again, and a turn in progress holds it.
    pub(crate) async fn collect(&self) -> Result<Vec<Digest>, DeployError> {
        let Some(releases) = self.releases.get() else { return Ok(Vec::new()) };
        let wanted = |digest: &Digest| {
            releases.live().digest == *digest
                || releases.canary().is_some_and(|canary| canary.release.digest == *digest)
        };
        let (mut gone, mut busy) = (Vec::new(), BTreeSet::new());
        for (digest, _) in self.holds() {
            if wanted(&digest) {
                continue;
            }
            if self.pinned.has_open_calls(&digest).await? {
                busy.insert(digest);
                continue;
            }
            releases.forget(&digest);
            // In this order: who begins a call holds its release until the call is stored. When
            // nobody holds it any more, the store knows of all that began with it.
            if self.is_in_use(&digest) {
                continue;
            }
            if self.pinned.has_open_calls(&digest).await? {
                busy.insert(digest);
                continue;
            }
            let mut held = self.held();
            if held.get(&digest).is_none_or(Held::is_in_use) {
                continue;
            }
            let Some(one) = held.remove(&digest) else { continue };
            for plugin in one.plugins {
                if !held.values().any(|held| held.plugins.contains(&plugin)) {
                    let (digest, limits) = &plugin;
                    self.workshop.host.unload_under(digest, limits);
                }
            }
            gone.push(digest);
        }
        self.pinned.tidy_noted(&busy, wanted).await?;
        Ok(gone)
    }
}

/// Where [`Releases`] finds what is not at hand. It does not keep the deployment alive, which holds
/// the releases.
struct Fetch(Weak<HeldReleases>);

impl ReleaseSource for Fetch {
    fn fetch(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Arc<Release>>, String>> {
        let held = self.0.upgrade();
        Box::pin(async move {
            match held {
                Some(held) => held.fetch(digest).await.map_err(|error| error.to_string()),
                None => Err("the engine is ending".to_owned()),
            }
        })
    }
}

/// Takes each host call to the world of the release that its call is pinned to.
pub(crate) struct ByRelease(pub(crate) Arc<HeldReleases>);

impl World for ByRelease {
    fn sources(&self, release: &Digest) -> Option<Arc<Sources>> {
        self.0.world_of(release)?.sources(release)
    }

    fn call(&self, caller: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        match self.0.world_of(&caller.release) {
            Some(world) => world.call(caller, call),
            // A turn holds its release, and what is held has its world; so this is nobody's turn.
            None => {
                let message = format!("release {} is not loaded here", caller.release);
                future::ready(Err(HostError::unavailable("no-release", message))).boxed()
            }
        }
    }
}
