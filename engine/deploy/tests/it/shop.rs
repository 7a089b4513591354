//! An engine of its own for each test: sled in a folder, the real host, one small project.

#[path = "../../../guests/src/build.rs"]
#[allow(dead_code, unreachable_pub)]
mod build;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use dialgraph_base::{CallId, Channel, Digest, Timestamp};
use dialgraph_deploy::{
    Allow, Change, ChangeOutcome, Deploy, DeployError, DeployParts, DeploySettings,
    LocalWorldFactory, NewPlugin, ProviderOverride, Refusal, Role, Source, Started, Who,
};
use dialgraph_flow::project::Files;
use dialgraph_host::{Host, HostConfig};
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_runtime::{Answer, Clock, Engine, Start, TurnRequest, WaitRules};
use dialgraph_store::{Blobs, ManualClock, SledOptions, SledStore, Store, UnixMillis};
use futures::FutureExt as _;
use futures::future::BoxFuture;

/// The components of `tests/guests`, built once per process; cargo builds only what changed.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    static GUESTS: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    let guests = GUESTS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests");
        build::Build::new(folder, Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests"))
            .locked()
            .run()
            .unwrap_or_else(|error| panic!("{error}"))
            .into_iter()
            .map(|component| (component.name, std::fs::read(&component.path).unwrap()))
            .collect()
    });
    guests[name].clone()
}

/// The shipped component of this name.
pub(crate) fn shipped(name: &str) -> Vec<u8> {
    let found = dialgraph_guests::shipped().iter().find(|(shipped, _)| *shipped == name);
    found.unwrap_or_else(|| panic!("{name} is not shipped")).1.to_vec()
}

/// A few of the plugins that come with the engine, so that a test need not load them all: one that
/// the project uses, one that waits for grants, and one more.
pub(crate) fn few() -> &'static [(&'static str, &'static [u8])] {
    static FEW: OnceLock<Vec<(&str, &[u8])>> = OnceLock::new();
    let wanted = ["auth", "hours-check", "ticketing-zendesk"];
    FEW.get_or_init(|| {
        let all = dialgraph_guests::shipped().iter().copied();
        all.filter(|(name, _)| wanted.contains(name)).collect()
    })
}

/// Another version of a component that does the same: with a custom section that nobody reads.
pub(crate) fn variant(component: &[u8], number: usize) -> Vec<u8> {
    let payload = format!("{number:08}");
    let name = b"variant";
    let mut bytes = component.to_vec();
    bytes.push(0);
    bytes.push(u8::try_from(1 + name.len() + payload.len()).unwrap());
    bytes.push(u8::try_from(name.len()).unwrap());
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(payload.as_bytes());
    bytes
}

pub(crate) const PROJECT: &str = "\
entry: desk
fallback: {queue: general}
locales: [en-US]
collections:
  customers: {seed: data/customers.yaml}
plugins:
  hours-check: {grants: [clock]}
";

pub(crate) const DESK: &str = r#"
flow: desk
summary: Says whether the office is open, as often as the caller likes.
locales: [en-US]
start: menu
nodes:
  menu:
    ask: {prompt: {en-US: "Press 1 to ask again."}, menu: {"1": again, "2": over}}
    on: {again: hours, over: bye, no_input: bye, no_match: bye}
  hours:
    use: hours-check
    config: {calendar: office}
    on: {open: open, closed: closed, error: wrong}
  open: {say: {en-US: "We are open."}, next: menu}
  closed: {say: {en-US: "We are closed."}, next: menu}
  wrong: {say: {en-US: "Something is wrong."}, next: menu}
  bye: {end: {disposition: resolved}}
"#;

pub(crate) fn files() -> Files {
    [
        ("dialgraph.yaml", PROJECT),
        ("desk.flow.yaml", DESK),
        ("data/queues.yaml", "general: {title: {en-US: General}, priority: 3}\n"),
        (
            "data/calendars.yaml",
            "office: {zone: Asia/Seoul, weekly: {fri: [[\"09:00\", \"18:00\"]]}}\n",
        ),
        ("data/customers.yaml", "c-001: {name: Example Ltd}\n"),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .into()
}

/// A flow that talks, and that a test can tell from others.
pub(crate) fn saying(words: &str) -> Vec<u8> {
    DESK.replace("Press 1 to ask again.", words).into_bytes()
}

pub(crate) fn source() -> Source {
    Source::new(files(), few())
}

/// 2026-11-20T01:00:00Z: a Friday, ten in the morning in Seoul.
pub(crate) const NOW: u64 = 1_795_136_400_000;

pub(crate) struct Shop {
    pub(crate) deploy: Deploy,
    pub(crate) engine: Engine,
    pub(crate) started: Started,
    pub(crate) host: Arc<Host>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<SledStore>,
}

/// The clock of the engine: the store's.
struct Stands(Arc<ManualClock>);

impl Clock for Stands {
    fn now(&self) -> Timestamp {
        Timestamp(dialgraph_store::Clock::now(&*self.0).0)
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}

/// Opens the store in `folder`.
pub(crate) fn store(folder: &Path, clock: &Arc<ManualClock>) -> Arc<SledStore> {
    let clock = Arc::clone(clock);
    Arc::new(SledStore::open(folder.join("db"), clock, &SledOptions::default()).unwrap())
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(UnixMillis(NOW)))
}

/// Compiled plugins are kept for all tests, as they are kept between starts.
fn cache() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("deploy-cache")
}

/// An engine process over `store`, with the blobs in `folder`.
pub(crate) async fn process(
    folder: &Path,
    store: &Arc<SledStore>,
    clock: &Arc<ManualClock>,
    settings: DeploySettings,
    source: Option<&Source>,
) -> Result<Shop, DeployError> {
    process_over(folder, store.clone(), store, clock, settings, source).await
}

/// The usual one, with something done to the providers of each release before it can go live.
pub(crate) async fn shop_refitted(folder: &Path, refit: ProviderOverride) -> Shop {
    let clock = clock();
    let store = store(folder, &clock);
    let mut worlds = LocalWorldFactory::new(store.clone(), clock.clone());
    worlds.refit = Some(refit);
    let worlds = Arc::new(worlds);
    let source = source();
    process_in(
        folder,
        store.clone(),
        &store,
        &clock,
        DeploySettings::default(),
        Some(&source),
        worlds,
        |_| {},
    )
    .await
    .unwrap()
}

/// The usual one, with somebody who is told of its changes.
pub(crate) async fn shop_observed(
    folder: &Path,
    observer: impl Fn(&'static str) + Send + Sync + 'static,
) -> Shop {
    let clock = clock();
    let store = store(folder, &clock);
    let worlds = Arc::new(LocalWorldFactory::new(store.clone(), clock.clone()));
    let source = source();
    process_in(
        folder,
        store.clone(),
        &store,
        &clock,
        DeploySettings::default(),
        Some(&source),
        worlds,
        observer,
    )
    .await
    .unwrap()
}

/// The same, with `rows` before the store.
pub(crate) async fn process_over(
    folder: &Path,
    rows: Arc<dyn Store>,
    store: &Arc<SledStore>,
    clock: &Arc<ManualClock>,
    settings: DeploySettings,
    source: Option<&Source>,
) -> Result<Shop, DeployError> {
    let worlds = Arc::new(LocalWorldFactory::new(store.clone(), clock.clone()));
    process_in(folder, rows, store, clock, settings, source, worlds, |_| {}).await
}

#[allow(clippy::too_many_arguments, reason = "whatever a test may want to be otherwise")]
async fn process_in(
    folder: &Path,
    rows: Arc<dyn Store>,
    store: &Arc<SledStore>,
    clock: &Arc<ManualClock>,
    settings: DeploySettings,
    source: Option<&Source>,
    worlds: Arc<LocalWorldFactory>,
    observer: impl Fn(&'static str) + Send + Sync + 'static,
) -> Result<Shop, DeployError> {
    let config = HostConfig { cache_dir: Some(cache()), ..HostConfig::default() };
    let host = Arc::new(Host::new(config).unwrap());
    let setup = DeployParts {
        store: rows,
        blobs: Blobs::open(folder.join("blobs")).unwrap(),
        host: Arc::clone(&host),
        worlds,
        clock: clock.clone(),
        settings,
    };
    let deploy = Deploy::observed(setup, observer);
    let started = deploy.start(source).await?;
    let engine = Engine::new(
        store.clone(),
        Arc::clone(&started.releases),
        deploy.host(),
        deploy.world(),
        Arc::new(Stands(clock.clone())),
        WaitRules::default(),
    );
    Ok(Shop { deploy, engine, started, host, clock: clock.clone(), store: store.clone() })
}

/// The usual one.
pub(crate) async fn shop(folder: &Path) -> Shop {
    let clock = clock();
    process(folder, &store(folder, &clock), &clock, DeploySettings::default(), Some(&source()))
        .await
        .unwrap()
}

pub(crate) fn designer() -> Who {
    Who::new("dana", Role::Designer)
}

pub(crate) fn operator() -> Who {
    Who::new("oscar", Role::Operator)
}

impl Shop {
    pub(crate) async fn begin(&self, id: &str) -> Answer {
        let start = Start {
            id: CallId(id.into()),
            channel: Channel::default(),
            locale: None,
            from: None,
            to: None,
            flow: None,
            seed: 1,
            attributes: BTreeMap::new(),
        };
        let answer = self.engine.turn(TurnRequest::start(start, "1")).await.unwrap();
        self.deploy.observe(&answer.call.release, &answer.record);
        answer
    }

    pub(crate) async fn press(&self, id: &str, key: &str, token: &str) -> Answer {
        let event = Event::Pressed(key.to_owned());
        let answer =
            self.engine.turn(TurnRequest::event(CallId(id.into()), event, token)).await.unwrap();
        self.deploy.observe(&answer.call.release, &answer.record);
        answer
    }

    /// Everything that must be as it was when a push was refused: what is live, what is loaded,
    /// what is pinned.
    pub(crate) async fn seen(&self) -> String {
        let mut status = serde_json::to_value(self.deploy.status().await.unwrap()).unwrap();
        status["host"] = serde_json::to_value(self.host.digests()).unwrap();
        status["releases"] = self.deploy.releases(None, 100).await.unwrap().len().into();
        status.to_string()
    }
}

/// What the caller heard.
pub(crate) fn heard(record: &TurnRecord) -> String {
    let texts: Vec<&str> = record.directives.say.iter().map(|s| s.text.as_str()).collect();
    texts.join(" ")
}

/// The versions of plugins that ran in a turn.
pub(crate) fn ran(record: &TurnRecord) -> Vec<Digest> {
    record.steps.iter().filter_map(|step| Some(step.run.as_ref()?.digest)).collect()
}

pub(crate) fn flow(name: &str, text: impl Into<Vec<u8>>) -> Change {
    Change { flows: [(name.to_owned(), Some(text.into()))].into(), ..Change::default() }
}

pub(crate) fn file(path: &str, text: impl Into<Vec<u8>>) -> Change {
    Change { files: [(path.to_owned(), Some(text.into()))].into(), ..Change::default() }
}

pub(crate) fn plugin(name: &str, bytes: Vec<u8>) -> Change {
    let plugin = NewPlugin::new(bytes, None);
    Change { plugins: [(name.to_owned(), Some(plugin))].into(), ..Change::default() }
}

pub(crate) fn allowing(mut change: Change, list: &[&str]) -> Change {
    change.allow = Allow::Only(list.iter().map(|access| (*access).to_owned()).collect());
    change
}

#[track_caller]
pub(crate) fn refused(result: Result<ChangeOutcome, DeployError>) -> Refusal {
    match result {
        Err(DeployError::Refused(refusal)) => *refusal,
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

pub(crate) fn codes(refusal: &Refusal) -> Vec<&'static str> {
    refusal.reasons.iter().map(dialgraph_deploy::Reason::code).collect()
}
