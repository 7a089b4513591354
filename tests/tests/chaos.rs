//! What callers hear when things break: one call, the same every time, through the bridge flow, the
//! Lambda function's binary and a server on a socket, while something is killed, stopped, slowed
//! down or made to fail.
//!
//! A server whose providers and store must be made to fail lives in this process; one that is
//! killed is a process of its own. All times are those of production: what is over first there is
//! over first here.
//!
//! The table of what came of it is `docs/what-callers-hear.md`; `DIALGRAPH_UPDATE_DOCS=1` writes it
//! anew.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod connect;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dialgraph_base::Timestamp;
use dialgraph_config::{ByteSize, Config};
use dialgraph_kernel::ports::{HostCall, HostError, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_local::LocalConfig;
use dialgraph_runtime::{Clock, Dispatch, Releases, SystemClock, World};
use dialgraph_server::{App, Parts, Running};
use dialgraph_simulator::script::{Script, parse_time};
use dialgraph_simulator::session::{Action, CallSetup, Session};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Key, Op, Page, Query, Row, Store, StoreError,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::runtime::Runtime;

use connect::double::{Double, Report, Stand};
use connect::fixture::{bridge, fixture, folder};
use connect::live::{self, KEY, Process};

/// The call: a customer with a production outage, on a working day in the morning.
const SCRIPT: &str = "calls/scenarios/an_msp_customer_reports_an_outage.call.yaml";
const TABLE: &str = "../docs/what-callers-hear.md";
/// What the shipped engine says when something takes long.
const COMFORT: &str = "확인하고 있습니다. 잠시만 기다려 주세요.";
/// Cases at a time: they wait more than they work.
const AT_ONCE: usize = 8;

/// What is wrong with the world.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Fails,
    /// Answers after so many milliseconds.
    Slow(u64),
    Never,
}

/// Switches that a case throws.
#[derive(Default)]
struct Switches {
    providers: Mutex<HashMap<&'static str, Fault>>,
    store_down: AtomicBool,
    /// What each look into the store, and each commit, takes longer, in milliseconds.
    looks_ms: AtomicU64,
    commits_ms: AtomicU64,
}

/// The shipped project's providers behind the switches.
struct Switched {
    inner: Arc<dyn World>,
    switches: Arc<Switches>,
}

impl World for Switched {
    fn call(&self, caller: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        let provider = call.function().split('.').next().unwrap_or_default().to_owned();
        // The record of a call is written when its caller is on the way out, and breaks by itself.
        let log = matches!(&call, HostCall::RecordsPut(put) if put.collection == "call_logs");
        let provider = if log { "call log".to_owned() } else { provider };
        let fault = self.switches.providers.lock().unwrap().get(provider.as_str()).copied();
        let answer = self.inner.call(caller, call);
        match fault {
            None => answer,
            Some(Fault::Fails) => {
                async { Err(HostError::unavailable("down", "it was made to fail")) }.boxed()
            }
            Some(Fault::Slow(ms)) => async move {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                answer.await
            }
            .boxed(),
            Some(Fault::Never) => std::future::pending().boxed(),
        }
    }
}

/// A store that can be stopped and slowed down.
struct Stoppable {
    inner: Arc<dyn Store>,
    switches: Arc<Switches>,
}

impl Stoppable {
    async fn check(&self, slower_ms: &AtomicU64) -> Result<(), StoreError> {
        tokio::time::sleep(Duration::from_millis(slower_ms.load(Ordering::SeqCst))).await;
        if self.switches.store_down.load(Ordering::SeqCst) {
            return Err(StoreError::Stopped { detail: "it was stopped".to_owned() });
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Stoppable {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.check(&self.switches.looks_ms).await?;
        self.inner.get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        self.check(&self.switches.commits_ms).await.map_err(CommitError::Failed)?;
        self.inner.commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.check(&self.switches.looks_ms).await?;
        self.inner.query(query).await
    }

    fn max_value_bytes(&self) -> usize {
        self.inner.max_value_bytes()
    }
}

/// The machine's clock, set to another day.
struct Shifted {
    by: i128,
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        let now = i128::from(SystemClock.millis()) + self.by;
        Timestamp(u64::try_from(now).expect("after 1970"))
    }

    fn sleep_until(&self, until: Timestamp) -> BoxFuture<'static, ()> {
        let ms = until.0.saturating_sub(self.now().0);
        tokio::time::sleep(Duration::from_millis(ms)).boxed()
    }
}

/// A server with the shipped project, within this process.
struct Server {
    runtime: Runtime,
    running: Option<Running>,
    address: SocketAddr,
    switches: Arc<Switches>,
    store: tempfile::TempDir,
    at: Timestamp,
    turns: dialgraph_config::TurnsSection,
}

impl Server {
    fn start(at: Timestamp, turns: dialgraph_config::TurnsSection) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let mut server = Self {
            runtime: runtime.unwrap(),
            running: None,
            address: ([127, 0, 0, 1], 0).into(),
            switches: Arc::default(),
            store: tempfile::tempdir().unwrap(),
            at,
            turns,
        };
        server.serve();
        server
    }

    /// Begins to serve, at the address that it had before if there was one.
    fn serve(&mut self) {
        let mut config = Config::default();
        config.server.listen = self.address;
        config.server.drain_timeout = Duration::from_millis(200);
        config.store.folder = self.store.path().to_owned();
        config.store.cache = ByteSize(1 << 20);
        config.turns = self.turns.clone();
        // The calls' day is not the machine's: none of them may count as forgotten.
        config.calls.idle_limit = Duration::from_secs(u64::from(u32::MAX));
        config.connect.keys = vec![format!("tests:{KEY}")];
        let (at, switches) = (self.at, self.switches.clone());
        let running = self.runtime.block_on(async {
            let mut store = dialgraph_wiring::open_embedded(&config, None).await.unwrap();
            store.store = Arc::new(Stoppable { inner: store.store, switches: switches.clone() });
            let flows = folder().join("../flows/support-desk");
            let project = dialgraph_flow::Project::load(&flows).unwrap();
            let mut local = LocalConfig::new(&flows, store.store.clone());
            local.collections = project
                .collections()
                .iter()
                .map(|(name, collection)| (name.to_string(), collection.seed.clone()))
                .collect();
            local.indexes = Arc::new(project.indexes());
            local.schemas = project.record_schemas().into_iter().collect();
            local.now = at;
            let local = local.build().await.unwrap();
            let dispatch = Arc::new(Dispatch::new(local.providers, project.grants()));
            let parts = Parts {
                store,
                releases: Arc::new(Releases::new(fixture().release.clone())),
                plugins: fixture().plugins.clone(),
                is_loaded: Arc::new(|_| true),
                world: Arc::new(Switched { inner: dispatch, switches }),
                clock: Arc::new(Shifted {
                    by: i128::from(at.0) - i128::from(SystemClock.millis()),
                }),
                authenticator: None,
                secrets: Arc::new(dialgraph_local::secrets::LocalSecrets::default()),
                deploy: None,
                metrics: Arc::default(),
            };
            dialgraph_server::serve(App::new(config, parts).unwrap()).await.unwrap()
        });
        self.address = running.address();
        self.running = Some(running);
    }

    fn stop(&mut self) {
        let running = self.running.take().unwrap();
        self.runtime.block_on(running.stop());
    }

    fn slow_store(&self, looks_ms: u64, commits_ms: u64) {
        self.switches.looks_ms.store(looks_ms, Ordering::SeqCst);
        self.switches.commits_ms.store(commits_ms, Ordering::SeqCst);
    }

    fn fault(&self, provider: &'static str, fault: Fault) {
        self.switches.providers.lock().unwrap().insert(provider, fault);
    }
}

/// The engine of a call.
enum Engine {
    /// In this process, with switches.
    Within(Box<Server>),
    /// A process of its own, with the clock of this machine.
    Process(live::Server),
}

impl Engine {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Within(server) => server.address,
            Self::Process(server) => server.address,
        }
    }
}

/// What breaks the engine.
#[derive(Clone, Copy)]
enum Breaks {
    Within(fn(&mut Server)),
    Process(fn(&mut live::Server)),
}

impl Breaks {
    fn happens(self, engine: &mut Engine) {
        match (self, engine) {
            (Self::Within(breaks), Engine::Within(server)) => breaks(server),
            (Self::Process(breaks), Engine::Process(server)) => breaks(server),
            _ => unreachable!("a case has the engine that it breaks"),
        }
    }
}

/// Something that breaks.
struct Case {
    what: &'static str,
    /// The caller's action before which it breaks; 0: before the call.
    before: usize,
    breaks: Breaks,
    /// The caller must be told to wait meanwhile.
    waits: bool,
}

/// A provider that behaves so from before the call on.
const fn provider(what: &'static str, breaks: fn(&mut Server), waits: bool) -> Case {
    Case { what, before: 0, breaks: Breaks::Within(breaks), waits }
}

/// Something else that breaks, before the call or before this action of the caller.
const fn at(what: &'static str, before: usize, breaks: fn(&mut Server)) -> Case {
    Case { what, before, breaks: Breaks::Within(breaks), waits: false }
}

/// The process of the engine, before this action of the caller.
const fn process(what: &'static str, before: usize, breaks: fn(&mut live::Server)) -> Case {
    Case { what, before, breaks: Breaks::Process(breaks), waits: false }
}

/// Longer than a turn waits for (4 s), and not so long as most nodes do (8 s).
const SLOW: Fault = Fault::Slow(6_000);

const CASES: [Case; 20] = [
    at("nothing", 0, |_| {}),
    provider("customer records fail", |s| s.fault("records", Fault::Fails), false),
    provider("customer records are slow", |s| s.fault("records", SLOW), true),
    provider("customer records never answer", |s| s.fault("records", Fault::Never), true),
    provider("language understanding fails", |s| s.fault("nlu", Fault::Fails), false),
    provider("language understanding is slow", |s| s.fault("nlu", SLOW), true),
    provider("language understanding never answers", |s| s.fault("nlu", Fault::Never), true),
    provider("the ticket desk fails", |s| s.fault("tickets", Fault::Fails), false),
    provider("the ticket desk is slow", |s| s.fault("tickets", SLOW), false),
    provider("the ticket desk never answers", |s| s.fault("tickets", Fault::Never), false),
    provider("the call log never answers", |s| s.fault("call log", Fault::Never), false),
    at("the store is slow", 0, |s| s.slow_store(50, 50)),
    at("the store takes longer than a caller can wait", 3, |s| s.slow_store(0, 8_000)),
    at("the store is stopped before the call", 0, stop_store),
    at("the store is stopped in mid-call", 3, stop_store),
    at("the engine is down before the call", 0, Server::stop),
    at("the engine goes down in mid-call", 3, Server::stop),
    at("the engine is restarted in mid-call", 3, |server| {
        server.stop();
        server.serve();
    }),
    process("the engine is killed in mid-call", 3, live::Server::kill),
    process("the engine is killed in mid-call and started again", 3, |server| {
        server.kill();
        server.restart();
    }),
];

fn stop_store(server: &mut Server) {
    server.switches.store_down.store(true, Ordering::SeqCst);
}

/// The shipped project in an office that never closes: a process has the clock of this machine.
fn always_open() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&connect::fixture::folder().join("../flows/support-desk"), folder.path());
    let day = |day| format!("    {day}: [[\"00:00\", \"24:00\"]]\n");
    let week: String = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(day).concat();
    let calendars = format!("seoul-office:\n  zone: Asia/Seoul\n  weekly:\n{week}");
    std::fs::write(folder.path().join("data/calendars.yaml"), calendars).unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn script() -> Script {
    let text = std::fs::read_to_string(folder().join(SCRIPT)).unwrap();
    Script::parse(&text).unwrap()
}

/// Holds the call while `case` happens, until the caller is given away or has nothing left to say;
/// then silent.
fn hold(case: &Case) -> Report {
    let office = always_open();
    let mut engine = match case.breaks {
        Breaks::Within(_) => {
            Engine::Within(Box::new(Server::start(day(), Config::default().turns)))
        }
        Breaks::Process(_) => Engine::Process(live::Server::of(office.path())),
    };
    let function = Process::start(engine.address());
    call(function, |number| {
        if number == case.before {
            case.breaks.happens(&mut engine);
        }
    })
}

/// A working day in the morning.
fn day() -> Timestamp {
    parse_time("2026-11-20T10:00:00+09:00").unwrap().0
}

/// The call; `before` is told of each action of its caller that is about to come, 0 being the call
/// itself.
fn call(function: Process, mut before: impl FnMut(usize)) -> Report {
    let script = script();
    let (setup, _) = script.setup("contact-1").unwrap();
    let flow = bridge(&setup).flow().unwrap();
    let setup = CallSetup { mocks: Vec::new(), ..setup };
    let (double, report) = Double::new(&flow, &setup, Box::new(function));
    let mut session = Session::new(fixture(), setup).on(Box::new(double));
    let seen = || report.lock().unwrap().clone();
    before(0);
    session.start().unwrap();
    let answers = |action: &Action| {
        matches!(action, Action::Says { .. } | Action::Presses(_) | Action::Silent)
    };
    let said = script.steps.iter().filter_map(|step| step.action()).map(Result::unwrap);
    let said = said.filter(answers);
    // A caller who is asked more than they expected says nothing to it.
    let silence = std::iter::repeat_n(Action::Silent, 12);
    for (number, action) in said.chain(silence).enumerate() {
        before(number + 1);
        // The engineers are busy with the same outage.
        while matches!(seen().stand, Stand::Ringing(_)) {
            session.act(&Action::Rings { answered: false }).unwrap();
        }
        if !matches!(seen().stand, Stand::Asked(_)) {
            break;
        }
        session.act(&action).unwrap();
    }
    seen()
}

/// What came of every case, in their order.
fn reports() -> Vec<Report> {
    // Once, before several want it.
    let _ = fixture();
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(vec![Report::default(); CASES.len()]);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((number, case)) = {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    CASES.get(number).map(|case| (number, case))
                } {
                    let report = hold(case);
                    reports.lock().unwrap()[number] = report;
                }
            });
        }
    });
    reports.into_inner().unwrap()
}

/// Everything but requests to wait, sentence by sentence: where a turn ended does not matter.
fn sentences(heard: &[String]) -> Vec<String> {
    let text = heard.join(" ").replace(COMFORT, " ");
    let sentences = text.split_inclusive(['.', '?']).map(str::trim);
    sentences.filter(|sentence| !sentence.is_empty()).map(str::to_owned).collect()
}

fn stand(stand: &Stand) -> String {
    let queue = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    match stand {
        Stand::Queued(arn) => format!("queue `{}`", queue(arn)),
        Stand::CallBack { queue: arn, .. } => format!("call back from `{}`", queue(arn)),
        other => format!("{other:?}"),
    }
}

/// What came of a case, as a row of the table; `whole` is what the caller hears when nothing
/// breaks.
fn row(case: &Case, report: &Report, whole: &[String]) -> String {
    let Report { heard, stand: end, .. } = report;
    // That they are asked to wait must be, how often depends on the machine.
    let waits = heard.iter().any(|words| words.contains(COMFORT));
    assert!(waits || !case.waits, "{}: nobody told the caller to wait: {heard:?}", case.what);
    assert!(
        matches!(end, Stand::Queued(_) | Stand::CallBack { .. }),
        "{}: the caller is left at {end:?} and heard {heard:?}",
        case.what
    );
    let mut heard = sentences(heard);
    // What they hear in any case tells nothing.
    if case.what != "nothing" {
        heard.retain(|sentence| !whole.contains(sentence));
    }
    let words = if heard.is_empty() { "the same".to_owned() } else { heard.join(" ") };
    let words = if case.waits { format!("(“{COMFORT}”) {words}") } else { words };
    format!("| {} | {} | {words} |\n", case.what, stand(end))
}

/// Calls that may be held again, alone, for a machine that is busy.
const MOST_AGAIN: usize = 6;

#[test]
fn whatever_breaks_the_caller_reaches_a_person() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    let text = std::fs::read_to_string(&path).unwrap();
    let mark = "|---|---|---|\n";
    let (head, old) = text.split_once(mark).expect("the table's head is there");
    let update = std::env::var_os("DIALGRAPH_UPDATE_DOCS").is_some();
    let reports = reports();
    let whole = sentences(&reports[0].heard);
    let (mut rows, mut again) = (String::new(), Vec::new());
    for (case, report) in CASES.iter().zip(&reports) {
        let mut row = row(case, report, &whole);
        if !update && !old.contains(&row) {
            // The times are real: what a machine does not manage for several callers at once, it
            // must for one.
            again.push(case.what);
            row = self::row(case, &hold(case), &whole);
        }
        rows.push_str(&row);
    }
    // A way that is taken now and then only would be held again each time.
    assert!(again.len() <= MOST_AGAIN, "held again, alone: {again:?}");
    if update {
        std::fs::write(&path, format!("{head}{mark}{rows}")).unwrap();
    } else {
        assert_eq!(rows, old, "run with DIALGRAPH_UPDATE_DOCS=1 and review the difference");
    }
}

#[test]
fn a_turn_that_is_late_is_had_by_the_lambdas_second_try() {
    let turns = dialgraph_config::TurnsSection {
        budget: Duration::from_secs(1),
        answer_within: Duration::from_secs(2),
        ..Config::default().turns
    };
    let server = Server::start(day(), turns);
    let function = Process::within(server.address, 7_000);
    let late = call(function, |number| match number {
        2 => server.slow_store(0, 3_000),
        3 => server.slow_store(0, 0),
        _ => {}
    });
    let apology = late.heard.iter().any(|words| words.contains("자동 안내를 이용하실 수 없어"));
    assert!(!apology, "a caller whose turn was over a second later heard {:?}", late.heard);
    let Stand::Queued(queue) = late.stand else { panic!("the caller is left at {:?}", late.stand) };
    assert!(queue.ends_with("/msp-emergency"), "{queue}");
}
