//! What callers hear when things break: one call, the same every time, through the bridge flow, the Lambda function's
//! binary and a server on a socket, while something is killed, stopped, slowed down or made to fail.
//!
//! The table of what came of it is `docs/what-callers-hear.md`; `DIALGRAPH_UPDATE_DOCS=1` writes it anew.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod connect;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dialgraph_kernel::ports::{HostCall, HostError, HostResult, Timestamp};
use dialgraph_kernel::provider::Caller;
use dialgraph_local::LocalConfig;
use dialgraph_runtime::{Clock, Dispatch, Releases, World};
use dialgraph_server::clock::SystemClock;
use dialgraph_server::config::ByteSize;
use dialgraph_server::{App, Config, Parts, Running, open_store};
use dialgraph_simulator::script::{Script, parse_time};
use dialgraph_simulator::session::{Action, Session, Setup};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Key, Op, Page, Query, Row, Store, StoreError,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::runtime::Runtime;

use connect::double::{Double, Report, Stand};
use connect::lab::{bridge, folder, lab};
use connect::live::{KEY, Process};

/// The call: a customer with a production outage, on a working day in the morning.
const SCRIPT: &str = "calls/scenarios/an_msp_customer_reports_an_outage.call.yaml";
const TABLE: &str = "../docs/what-callers-hear.md";
/// What the shipped engine says when something takes long.
const COMFORT: &str = "확인하고 있습니다. 잠시만 기다려 주세요.";
/// Providers may take so long before the caller hears a comfort prompt; everything else is in proportion to it.
const BUDGET_MS: u64 = 400;

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
}

/// The shipped project's providers behind the switches.
struct Switched {
    inner: Arc<dyn World>,
    switches: Arc<Switches>,
}

impl World for Switched {
    fn call(&self, caller: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        let provider = call.function().split('.').next().unwrap_or_default().to_owned();
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

/// A store that can be stopped.
struct Stoppable {
    inner: Arc<dyn Store>,
    switches: Arc<Switches>,
}

impl Stoppable {
    fn check(&self) -> Result<(), StoreError> {
        if self.switches.store_down.load(Ordering::SeqCst) {
            return Err(StoreError::Stopped { detail: "it was stopped".to_owned() });
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Stoppable {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.check()?;
        self.inner.get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        self.check().map_err(CommitError::Failed)?;
        self.inner.commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.check()?;
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
}

impl Server {
    fn start(at: Timestamp) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let mut server = Self {
            runtime: runtime.unwrap(),
            running: None,
            address: ([127, 0, 0, 1], 0).into(),
            switches: Arc::default(),
            store: tempfile::tempdir().unwrap(),
            at,
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
        config.turns.budget = Duration::from_millis(BUDGET_MS);
        config.turns.comfort_wait = Duration::from_millis(BUDGET_MS);
        // The calls' day is not the machine's: none of them may count as forgotten.
        config.calls.idle_limit = Duration::from_secs(u64::from(u32::MAX));
        config.connect.keys = vec![format!("tests:{KEY}")];
        let (at, switches) = (self.at, self.switches.clone());
        let running = self.runtime.block_on(async {
            let mut store = open_store(&config, None).await.unwrap();
            store.store = Arc::new(Stoppable { inner: store.store, switches: switches.clone() });
            let flows = folder().join("../flows");
            let project = dialgraph_flow::Project::load(&flows).unwrap();
            let mut local = LocalConfig::new(&flows, store.store.clone());
            local.collections = project
                .collections()
                .iter()
                .map(|(name, collection)| (name.to_string(), collection.seed.clone()))
                .collect();
            local.now = at;
            let local = local.build().await.unwrap();
            let dispatch = Arc::new(Dispatch::new(local.providers, project.grants()));
            let parts = Parts {
                store,
                releases: Arc::new(Releases::new(lab().release.clone())),
                plugins: lab().plugins.clone(),
                is_loaded: Arc::new(|_| true),
                world: Arc::new(Switched { inner: dispatch, switches }),
                clock: Arc::new(Shifted {
                    by: i128::from(at.0) - i128::from(SystemClock.millis()),
                }),
                gatekeeper: None,
                deploy: None,
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

    fn fault(&self, provider: &'static str, fault: Fault) {
        self.switches.providers.lock().unwrap().insert(provider, fault);
    }
}

/// Something that breaks.
struct Case {
    what: &'static str,
    /// The caller's action before which it breaks; 0: before the call.
    before: usize,
    breaks: fn(&mut Server),
    /// The caller must be told to wait meanwhile.
    waits: bool,
}

/// A provider that behaves so from before the call on.
const fn provider(what: &'static str, breaks: fn(&mut Server), waits: bool) -> Case {
    Case { what, before: 0, breaks, waits }
}

/// Something else that breaks, before the call or before this action of the caller.
const fn at(what: &'static str, before: usize, breaks: fn(&mut Server)) -> Case {
    Case { what, before, breaks, waits: false }
}

const SLOW: Fault = Fault::Slow(3 * BUDGET_MS);

const CASES: [Case; 15] = [
    at("nothing", 0, |_| {}),
    provider("customer records fail", |s| s.fault("records", Fault::Fails), false),
    provider("customer records are slow", |s| s.fault("records", SLOW), true),
    provider("customer records never answer", |s| s.fault("records", Fault::Never), true),
    provider("language understanding fails", |s| s.fault("nlu", Fault::Fails), false),
    provider("language understanding is slow", |s| s.fault("nlu", SLOW), true),
    provider("language understanding never answers", |s| s.fault("nlu", Fault::Never), true),
    provider("the ticket desk fails", |s| s.fault("tickets", Fault::Fails), false),
    provider("the ticket desk is slow", |s| s.fault("tickets", SLOW), true),
    provider("the ticket desk never answers", |s| s.fault("tickets", Fault::Never), true),
    at("the store is stopped before the call", 0, stop_store),
    at("the store is stopped in mid-call", 3, stop_store),
    at("the engine is down before the call", 0, Server::stop),
    at("the engine goes down in mid-call", 3, Server::stop),
    at("the engine is restarted in mid-call", 3, |server| {
        server.stop();
        server.serve();
    }),
];

fn stop_store(server: &mut Server) {
    server.switches.store_down.store(true, Ordering::SeqCst);
}

fn script() -> Script {
    let text = std::fs::read_to_string(folder().join(SCRIPT)).unwrap();
    Script::parse(&text).unwrap()
}

/// Holds the call while `case` happens, until the caller is given away or has nothing left to say; then silent.
fn hold(case: &Case) -> Report {
    let script = script();
    let (setup, _) = script.setup("contact-1").unwrap();
    let (at, _) = parse_time("2026-11-20T10:00:00+09:00").unwrap();
    let mut server = Server::start(at);
    let function = Process::start(server.address);
    let flow = bridge(&setup).flow().unwrap();
    let setup = Setup { mocks: Vec::new(), ..setup };
    let (double, report) = Double::new(&flow, &setup, Box::new(function));
    let mut session = Session::new(lab(), setup).on(Box::new(double));
    let seen = || report.lock().unwrap().clone();
    if case.before == 0 {
        (case.breaks)(&mut server);
    }
    session.start().unwrap();
    let said = script.steps.iter().filter_map(|step| step.value.action()).map(Result::unwrap);
    // A caller who is asked more than they expected says nothing to it.
    let silence = std::iter::repeat_n(Action::Silent, 12);
    for (number, action) in said.chain(silence).enumerate() {
        if case.before == number + 1 {
            (case.breaks)(&mut server);
        }
        if !matches!(seen().stand, Stand::Asked(_)) {
            break;
        }
        session.act(&action).unwrap();
    }
    seen()
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

#[test]
fn whatever_breaks_the_caller_reaches_a_person() {
    let mut rows = String::new();
    let whole = sentences(&hold(&CASES[0]).heard);
    for case in &CASES {
        let Report { heard, stand: end, .. } = hold(case);
        // That they are asked to wait must be, how often depends on the machine.
        let waits = heard.iter().any(|words| words.contains(COMFORT));
        assert!(waits || !case.waits, "{}: nobody told the caller to wait: {heard:?}", case.what);
        let mut heard = sentences(&heard);
        // What they hear in any case tells nothing.
        if case.what != "nothing" {
            heard.retain(|sentence| !whole.contains(sentence));
        }
        let words = if heard.is_empty() { "the same".to_owned() } else { heard.join(" ") };
        let words = if case.waits { format!("(“{COMFORT}”) {words}") } else { words };
        writeln!(rows, "| {} | {} | {words} |", case.what, stand(&end)).unwrap();
        assert!(
            matches!(end, Stand::Queued(_) | Stand::CallBack { .. }),
            "{}: the caller is left at {end:?} and heard {heard:?}",
            case.what
        );
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    let text = std::fs::read_to_string(&path).unwrap();
    let mark = "|---|---|---|\n";
    let (head, old) = text.split_once(mark).expect("the table's head is there");
    if std::env::var_os("DIALGRAPH_UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{mark}{rows}")).unwrap();
    } else {
        assert_eq!(rows, old, "run with DIALGRAPH_UPDATE_DOCS=1 and review the difference");
    }
}
