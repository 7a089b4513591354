use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Notify;

use dialgraph_flow::grants::PluginLimits;
use dialgraph_flow::{Digest, Project, Release};
use dialgraph_host::Host;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_runtime::{Calls, Canary, ReleaseSource, Releases, World};
use dialgraph_store::{Blobs, Clock, Expect, Op, Store, StoreError, Typed, UnixMillis, decode};

use crate::canary::{Rules, judge};
use crate::candidate::{Candidate, Workbench};
use crate::change::{Change, Outcome};
use crate::error::DeployError;
use crate::reach::Reach;
use crate::rows::{self, CanaryState, Counts, State};
use crate::signature::TrustedKeys;
use crate::source::Source;
use crate::store::{Content, Ledger, random_hex};
use crate::sweep::Keep;
use crate::who::Who;
use crate::worlds::{ByRelease, Worlds};

/// What a [`Deploy`] works with.
#[derive(Clone)]
pub struct Setup {
    pub store: Arc<dyn Store>,
    pub blobs: Blobs,
    pub host: Arc<Host>,
    pub worlds: Arc<dyn Worlds>,
    pub clock: Arc<dyn Clock>,
    pub settings: Settings,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What an operator decides about changes.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whose signatures of plugins are good.
    pub trusted: TrustedKeys,
    /// Takes no plugin without a good signature, but for those that come with the engine.
    pub require_signed: bool,
    /// When a canary is taken back by itself.
    pub canary: Rules,
    /// What of a project is taken in when the engine starts.
    pub take_in: TakeIn,
    /// What stays though no call needs it.
    pub keep: Keep,
}

/// What of a project is taken in when an engine starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TakeIn {
    /// What has changed in it since it was last taken in.
    #[default]
    Changes,
    /// All of it when nothing is live yet, and otherwise nothing: for processes that share a store. One that is started
    /// again with a folder of old must not make that live for all.
    First,
}

/// Changes what is live, and keeps the engine at hand of what calls are pinned to.
///
/// Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Deploy(pub(crate) Arc<Inner>);

impl std::fmt::Debug for Deploy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deploy").field("process", &self.0.process).finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    pub(crate) ledger: Ledger,
    pub(crate) content: Content,
    pub(crate) host: Arc<Host>,
    pub(crate) worlds: Arc<dyn Worlds>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    /// Names this engine process among those that share the store.
    process: String,
    calls: Calls,
    releases: OnceLock<Arc<Releases>>,
    held: Mutex<HashMap<Digest, Held>>,
    /// Held while a release is loaded from the store.
    fetching: tokio::sync::Mutex<()>,
    /// One change at a time; others would only lose the race in the store.
    pub(crate) writing: tokio::sync::Mutex<()>,
    /// The last state that this process went over to, by its line in the audit log, which every change of the state
    /// adds one to. Held while it goes over.
    adopted: tokio::sync::Mutex<u64>,
    watched: Mutex<Option<Watched>>,
    wake: Notify,
    told: OnceLock<Told>,
}

/// Somebody who counts changes.
type Told = Box<dyn Fn(&'static str) + Send + Sync>;

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

/// A canary as this process sees it.
struct Watched {
    number: u64,
    live: Digest,
    canary: Digest,
    rules: Rules,
    /// Counted here.
    counts: Counts,
    /// Counted by the other processes, as they last said.
    others: Counts,
}

impl Watched {
    fn verdict(&self) -> Option<String> {
        let live = self.counts.live.plus(self.others.live);
        judge(&self.rules, live, self.counts.canary.plus(self.others.canary))
    }
}

/// How an engine began.
#[derive(Debug)]
pub struct Started {
    /// For the engine: it finds in them what its calls are pinned to, now and later.
    pub releases: Arc<Releases>,
    /// What became of the project that was given; none also when it was left alone.
    pub taken_in: Option<Result<Outcome, DeployError>>,
}

/// What one look around found: see [`Deploy::tick`].
#[derive(Debug, Default)]
pub struct Tick {
    /// The canary was taken back for this reason.
    pub withdrawn: Option<String>,
    /// Releases that are held no longer.
    pub gone: Vec<Digest>,
}

impl Deploy {
    pub fn new(setup: Setup) -> Self {
        let Setup { store, blobs, host, worlds, clock, settings } = setup;
        Self(Arc::new(Inner {
            ledger: Ledger(Arc::clone(&store)),
            content: Content::new(blobs),
            host,
            worlds,
            clock,
            settings,
            process: random_hex(),
            calls: Calls::new(store),
            releases: OnceLock::new(),
            held: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            writing: tokio::sync::Mutex::new(()),
            adopted: tokio::sync::Mutex::default(),
            watched: Mutex::default(),
            wake: Notify::new(),
            told: OnceLock::new(),
        }))
    }

    /// What [`tell`](Self::tell) tells of: changes, refusals, and what was taken over from another process.
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

    /// Has `tell` told of every change and of every refusal, in a word of [`TOLD`](Self::TOLD) for metrics. Only the first
    /// that asks is told.
    pub fn tell(&self, tell: impl Fn(&'static str) + Send + Sync + 'static) {
        // Whoever was first is told.
        let _ = self.0.told.set(Box::new(tell));
    }

    /// Loads what is live, and then takes in of `source` what [`Settings::take_in`] says; if nothing is live yet, makes
    /// the first release of it. Once per process, before the engine.
    ///
    /// A `source` that is refused does not stop an engine that has a good release.
    ///
    /// # Errors
    /// [`DeployError::NothingLive`], or why the live release cannot be loaded.
    pub async fn start(&self, source: Option<&Source>) -> Result<Started, DeployError> {
        let inner = &self.0;
        let first = match inner.ledger.state().await? {
            Some(_) => None,
            None => {
                let source = source.ok_or(DeployError::NothingLive)?;
                Some(self.take_in(source).await?)
            }
        };
        let state = inner.ledger.state().await?.ok_or(DeployError::NothingLive)?.value;
        let (live, project) = inner.load_live(&state).await?;
        if let Err(why) = inner.worlds.seed(&project).await {
            return Err(DeployError::Unloadable { release: live.digest.to_string(), why });
        }
        drop(project);
        let source_of = Arc::new(Fetch(Arc::downgrade(inner)));
        let releases = Arc::new(Releases::new(live).with_source(source_of));
        let releases = Arc::clone(inner.releases.get_or_init(|| releases));
        inner.adopt(&state).await?;
        inner.note_from_history(&state).await?;
        let taken_in = match (first, source) {
            (Some(first), _) => Some(Ok(first)),
            (None, Some(source)) => match inner.settings.take_in {
                TakeIn::Changes => Some(self.take_in(source).await),
                TakeIn::First => {
                    if state.folder != Some(Digest::of(&source.manifest().bytes())) {
                        tracing::info!(
                            "the project differs from what was last taken in, and what is live stays: push it, or have it taken in by whoever is to"
                        );
                    }
                    None
                }
            },
            (None, None) => None,
        };
        Ok(Started { releases, taken_in })
    }

    /// The world of each call's own release, for the engine.
    pub fn world(&self) -> Arc<dyn World> {
        Arc::new(ByRelease(Arc::clone(&self.0)))
    }

    /// What runs the plugins, for the engine.
    pub fn host(&self) -> Arc<Host> {
        Arc::clone(&self.0.host)
    }

    /// Takes in what other processes have changed. True when something was.
    ///
    /// # Errors
    /// If the store fails, or what is live now cannot be loaded here; what was live goes on then.
    pub async fn refresh(&self) -> Result<bool, DeployError> {
        let state = self.0.ledger.state().await?.ok_or(DeployError::NothingLive)?;
        let changed = self.0.adopt(&state.value).await?;
        if changed {
            self.0.happened("taken-over");
        }
        Ok(changed)
    }

    /// Counts a turn for the canary, if there is one. Cheap; call it with every turn that was answered.
    pub fn observe(&self, release: &Digest, record: &TurnRecord) {
        let mut watched = lock(&self.0.watched);
        let Some(watched) = watched.as_mut() else { return };
        if *release == watched.canary {
            watched.counts.canary.add_turn(record);
            if watched.verdict().is_some() {
                self.0.wake.notify_one();
            }
        } else if *release == watched.live {
            watched.counts.live.add_turn(record);
        }
    }

    /// Looks around once: takes in what others changed, withdraws a canary that does badly, and lets go of
    /// releases whose last call has ended.
    ///
    /// # Errors
    /// The first thing that failed; what came before it is done.
    pub async fn tick(&self) -> Result<Tick, DeployError> {
        self.refresh().await?;
        let withdrawn = self.judge_canary().await?;
        Ok(Tick { withdrawn, gone: self.0.collect().await? })
    }

    /// Looks around every `interval`, and at once when a canary does badly; once an hour, [sweeps](Self::sweep). Never
    /// ends; failures are logged.
    pub async fn run(self, interval: Duration) {
        loop {
            match self.tick().await {
                Ok(tick) => {
                    if let Some(why) = tick.withdrawn {
                        tracing::warn!(why, "the canary was withdrawn");
                    }
                    if !tick.gone.is_empty() {
                        let gone: Vec<String> = tick.gone.iter().map(Digest::to_string).collect();
                        tracing::info!(?gone, "releases without calls were let go");
                    }
                }
                Err(error) => tracing::error!(%error, "the releases cannot be looked after"),
            }
            match self.sweep_if_due().await {
                Ok(removed) if removed.is_empty() => {}
                Ok(removed) => {
                    tracing::info!(count = removed.len(), "content that nothing needs was removed");
                }
                Err(error) => tracing::error!(%error, "old content cannot be removed"),
            }
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = self.0.wake.notified() => {}
            }
        }
    }

    async fn judge_canary(&self) -> Result<Option<String>, DeployError> {
        let inner = &self.0;
        let Some((number, counts)) = lock(&inner.watched).as_ref().map(|w| (w.number, w.counts))
        else {
            return Ok(None);
        };
        let others = inner.exchange_counts(number, counts).await?;
        let why = {
            let mut watched = lock(&inner.watched);
            match watched.as_mut().filter(|watched| watched.number == number) {
                Some(watched) => {
                    watched.others = others;
                    watched.verdict()
                }
                None => None,
            }
        };
        let Some(why) = why else { return Ok(None) };
        let engine = Who::engine("canary");
        match self.withdraw(&engine, Some(number), Some(why.clone())).await {
            Ok(_) => Ok(Some(why)),
            // Another process was faster.
            Err(DeployError::Conflict(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pushes what has changed in `source` since it was last taken in.
    ///
    /// Only what *changed there* is pushed, so that what was pushed or rolled back by others stays as it is.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn take_in(&self, source: &Source) -> Result<Outcome, DeployError> {
        let before = match self.0.ledger.state().await?.and_then(|state| state.value.folder) {
            Some(digest) => self.0.manifest(digest).await?,
            None => crate::Manifest::default(),
        };
        let (change, after) = source.changes_since(&before);
        self.push_source(change, after).await
    }

    async fn push_source(
        &self,
        change: Change,
        after: crate::Manifest,
    ) -> Result<Outcome, DeployError> {
        self.push_with(&Who::engine("folder"), change, Some(after)).await
    }
}

impl Inner {
    pub(crate) fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    pub(crate) fn happened(&self, what: &'static str) {
        if let Some(tell) = self.told.get() {
            tell(what);
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Digest, Held>> {
        lock(&self.held)
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

    pub(crate) async fn manifest(&self, digest: Digest) -> Result<crate::Manifest, DeployError> {
        let content = self.content.clone();
        blocking(move || content.manifest(&digest)).await
    }

    /// Checks a manifest on a thread for blocking work.
    pub(crate) async fn check(
        self: &Arc<Self>,
        content: Content,
        manifest: crate::Manifest,
        pushed: BTreeSet<String>,
    ) -> Result<Candidate, DeployError> {
        let inner = Arc::clone(self);
        blocking(move || {
            let bench = Workbench { host: &inner.host, worlds: &*inner.worlds, content: &content };
            Candidate::check(&bench, manifest, |name| pushed.contains(name))
        })
        .await
    }

    /// Makes a candidate one that calls can be pinned to. Its plugins are loaded beside the same ones under other
    /// limits, of which calls of other releases have theirs.
    pub(crate) fn hold(&self, candidate: Candidate) -> (Arc<Release>, Project) {
        let plugins = candidate.plugins();
        let Candidate { release, world, prepared, reach, project, .. } = candidate;
        let mut held = self.held();
        for plugin in prepared {
            self.host.keep(plugin);
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
    async fn fetch(self: &Arc<Self>, digest: Digest) -> Result<Option<Arc<Release>>, DeployError> {
        let at_hand = || self.held().get(&digest).map(|held| Arc::clone(&held.release));
        if let Some(release) = at_hand() {
            return Ok(Some(release));
        }
        // One at a time: all callers of a release that is not at hand ask for it at once, and loading takes all processors.
        let _fetching = self.fetching.lock().await;
        if let Some(release) = at_hand() {
            return Ok(Some(release));
        }
        let Some(latest) = self.ledger.latest(&digest).await? else { return Ok(None) };
        let manifest = self.manifest(latest.manifest).await?;
        Ok(Some(self.load(digest, manifest).await?.0))
    }

    async fn load(
        self: &Arc<Self>,
        digest: Digest,
        manifest: crate::Manifest,
    ) -> Result<(Arc<Release>, Project), DeployError> {
        let why = |why: String| DeployError::Unloadable { release: digest.to_string(), why };
        let checked = self.check(self.content.clone(), manifest, BTreeSet::new()).await;
        let candidate = checked.map_err(|error| match error {
            DeployError::Refused(refusal) => why(refusal.to_string()),
            other => other,
        })?;
        if candidate.release.digest != digest {
            return Err(why(format!(
                "this engine makes {} of it: it was made by an engine of another version",
                candidate.release.digest
            )));
        }
        Ok(self.hold(candidate))
    }

    /// Loads what is live, with the project that it was made of.
    async fn load_live(
        self: &Arc<Self>,
        state: &State,
    ) -> Result<(Arc<Release>, Project), DeployError> {
        let made = self.made(state.live.number).await?;
        let manifest = self.manifest(made.manifest).await?;
        self.load(made.release, manifest).await
    }

    pub(crate) async fn made(&self, number: u64) -> Result<rows::Made, DeployError> {
        let missing = || DeployError::Missing { what: format!("release number {number}") };
        self.ledger.made(number).await?.ok_or_else(missing)
    }

    /// Brings this process to `state`. True when it was elsewhere; not when it is further on already: whoever reads the
    /// state slowly must not undo what was done meanwhile.
    pub(crate) async fn adopt(self: &Arc<Self>, state: &State) -> Result<bool, DeployError> {
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
        self.watch_canary(state);
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
        if let Err(error) = self.note_calls_of(left.filter(|left| *left != after.0)).await {
            tracing::warn!(%error, "a release that is live no more could not be noted; the next look around does it");
        }
        Ok(true)
    }

    fn watch_canary(&self, state: &State) {
        let mut watched = lock(&self.watched);
        match &state.canary {
            None => *watched = None,
            Some(canary) => {
                let CanaryState { deployed, rules, .. } = canary;
                if watched.as_ref().is_none_or(|watched| watched.number != deployed.number) {
                    *watched = Some(Watched {
                        number: deployed.number,
                        live: state.live.release,
                        canary: deployed.release,
                        rules: *rules,
                        counts: Counts::default(),
                        others: Counts::default(),
                    });
                }
            }
        }
    }

    /// Tells the other processes what was counted here, and gives what they counted.
    async fn exchange_counts(&self, number: u64, own: Counts) -> Result<Counts, DeployError> {
        let key = rows::counts(number, &self.process)?;
        self.ledger.commit(&[Op::put_value(key, &own, Expect::Any)?]).await?;
        self.counts(number, &self.process).await
    }

    /// What all processes but `except` have counted.
    pub(crate) async fn counts(&self, number: u64, except: &str) -> Result<Counts, DeployError> {
        let own = rows::counts(number, except)?;
        let mut sum = Counts::default();
        let query = dialgraph_store::Query::new(rows::counts_of(number)?).limit(1000);
        for row in self.ledger.0.query(&query).await?.rows {
            if row.key != own {
                let counts: Counts = decode(&row.value)?;
                sum.live = sum.live.plus(counts.live);
                sum.canary = sum.canary.plus(counts.canary);
            }
        }
        Ok(sum)
    }

    /// What was counted of a canary, here and elsewhere.
    pub(crate) async fn all_counts(&self, number: u64) -> Result<Counts, DeployError> {
        let mut sum = self.counts(number, &self.process).await?;
        if let Some(watched) = lock(&self.watched).as_ref().filter(|w| w.number == number) {
            sum.live = sum.live.plus(watched.counts.live);
            sum.canary = sum.canary.plus(watched.counts.canary);
        }
        Ok(sum)
    }

    fn is_in_use(&self, digest: &Digest) -> bool {
        self.held().get(digest).is_some_and(Held::is_in_use)
    }

    pub(crate) async fn has_open_calls(&self, release: &Digest) -> Result<bool, DeployError> {
        let failed = |error: dialgraph_runtime::CallsError| match error {
            dialgraph_runtime::CallsError::Store(error) => DeployError::Store(error),
            other => DeployError::Task(other.to_string()),
        };
        self.calls.has_open_calls(release).await.map_err(failed)
    }

    /// Lets go of releases that neither new calls nor calls in progress have, and of their plugins.
    ///
    /// A call that goes on elsewhere, or begins this very moment, is safe: whoever asks for its release gets it
    /// from the store again, and a turn in progress holds it.
    async fn collect(&self) -> Result<Vec<Digest>, DeployError> {
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
            if self.has_open_calls(&digest).await? {
                busy.insert(digest);
                continue;
            }
            releases.forget(&digest);
            // In this order: who begins a call holds its release until the call is stored. When nobody holds it any more,
            // the store knows of all that began with it.
            if self.is_in_use(&digest) {
                continue;
            }
            if self.has_open_calls(&digest).await? {
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
                    self.host.unload_under(digest, limits);
                }
            }
            gone.push(digest);
        }
        self.tidy_noted(&busy, wanted).await?;
        Ok(gone)
    }
}

/// Where [`Releases`] finds what is not at hand. It does not keep the deployment alive, which holds the releases.
struct Fetch(Weak<Inner>);

impl ReleaseSource for Fetch {
    fn fetch(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Arc<Release>>, String>> {
        let inner = self.0.upgrade();
        Box::pin(async move {
            match inner {
                Some(inner) => inner.fetch(digest).await.map_err(|error| error.to_string()),
                None => Err("the engine is ending".to_owned()),
            }
        })
    }
}

/// Nothing under these locks can be left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs what reads files or compiles on a thread where that holds up nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeployError> + Send + 'static,
) -> Result<T, DeployError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(DeployError::Task(error.to_string())),
    }
}

/// The state's row in the store, if there is one.
pub(crate) type StateRow = Option<Typed<State>>;

impl Inner {
    pub(crate) async fn state(&self) -> Result<StateRow, StoreError> {
        self.ledger.state().await
    }
}
