//! An `after` flow whose provider is down is made again as if it had not run: what comes behind the
//! failure is not done before, for it would stand.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;

use dialgraph_base::{CallId, Channel, Digest, Timestamp};
use dialgraph_flow::testing::{compile_files, plugins};
use dialgraph_kernel::contact::After;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::{
    Cost, Done, Failure, FailureKind, HostCalls, Invocation, Plugins, RunReport, RunResult,
};
use dialgraph_kernel::ports::records::{Put, Written};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::{
    Clock, Engine, EngineError, Releases, Start, TurnRequest, WaitRules, World,
};
use dialgraph_store::{ManualClock, MemoryStore, UnixMillis};

const PROJECT: &str = "
entry: main
after: closed
fallback: {queue: general}
locales: [en-US]
";
const MAIN: &str = "
flow: main
locales: [en-US]
start: bye
nodes:
  bye: {end: {disposition: resolved}}
";
const CLOSED: &str = "
flow: closed
locales: [en-US]
start: ticket
nodes:
  ticket: {use: work, on: {good: log, error: log}}
  log: {use: work, on: {good: end, error: end}}
  end: {end: {disposition: closed}}
";
const QUEUES: &str = "general: {title: {en-US: General}, priority: 3}\n";

/// Writes a record named as the node.
struct Writes;

impl Plugins for Writes {
    fn run(&self, _: &Digest, run: &Invocation<'_>, host: &mut dyn HostCalls) -> RunReport {
        let put = Put {
            collection: "done".into(),
            key: run.node.into(),
            data: json!({}),
            expect: Default::default(),
        };
        let result = match host.call(HostCall::RecordsPut(put)) {
            None => RunResult::Suspended,
            Some(Ok(_)) => {
                RunResult::Done(Done { port: "good".into(), output: json!({}), say: Vec::new() })
            }
            Some(Err(error)) => RunResult::Failed(Failure {
                kind: FailureKind::Retryable,
                code: error.code,
                message: error.message,
                backtrace: Vec::new(),
            }),
        };
        RunReport { result, logs: Vec::new(), cost: Cost::default() }
    }
}

/// Takes down who asked for what; fails what `ticket` asks so many times.
struct Book {
    fails: Mutex<usize>,
    asked: Mutex<Vec<(String, String)>>,
}

impl World for Book {
    fn call(&self, caller: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        let HostCall::RecordsPut(put) = call else { panic!("{call:?}") };
        let key = caller.idempotency_key.to_string();
        self.asked.lock().unwrap().push((put.key.clone(), key));
        let mut fails = self.fails.lock().unwrap();
        let reply = if put.key == "ticket" && *fails > 0 {
            *fails -= 1;
            Err(HostError::unavailable("down", "the desk does not answer"))
        } else {
            Ok(HostAnswer::RecordsPut(Written { version: 1 }))
        };
        futures::future::ready(reply).boxed()
    }
}

struct Stands;

impl Clock for Stands {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000)
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        futures::future::pending().boxed()
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A call that is over, in an engine that is so patient, with a desk that fails so many times.
fn over(patience: u64, fails: usize) -> (Engine, Arc<Book>) {
    let files = [
        ("dialgraph.yaml", PROJECT),
        ("main.flow.yaml", MAIN),
        ("closed.flow.yaml", CLOSED),
        ("data/queues.yaml", QUEUES),
    ];
    let work = plugins([("work", &["good"][..])]);
    let release = compile_files(&files, &work).unwrap_or_else(|report| panic!("{report}"));
    let book = Arc::new(Book { fails: Mutex::new(fails), asked: Mutex::default() });
    let store = MemoryStore::new(Arc::new(ManualClock::new(UnixMillis(1_800_000_000_000))));
    let engine = Engine::new(
        Arc::new(store),
        Arc::new(Releases::new(Arc::new(release))),
        Arc::new(Writes),
        book.clone(),
        Arc::new(Stands),
        WaitRules::default(),
    )
    .retrying_after(patience);
    let start = Start {
        id: CallId("call-1".into()),
        channel: Channel::default(),
        locale: None,
        from: None,
        to: None,
        flow: None,
        seed: 1,
        attributes: BTreeMap::new(),
    };
    let answer = block_on(engine.turn(TurnRequest::start(start, "start"))).unwrap();
    assert!(answer.call.is_after_due());
    (engine, book)
}

fn after(engine: &Engine) -> Result<After, EngineError> {
    let request = TurnRequest::event(CallId("call-1".into()), Event::After, "after");
    block_on(engine.turn(request)).map(|answer| answer.call.after)
}

#[test]
fn a_run_that_fails_for_now_does_nothing_behind_its_failure_and_is_made_again_under_the_same_keys()
{
    let (engine, book) = over(1_000, 2);
    for _ in 0..2 {
        let error = after(&engine).unwrap_err();
        assert!(matches!(&error, EngineError::AfterLater { .. }), "{error}");
        assert!(error.to_string().contains("closed/ticket: the desk does not answer"), "{error}");
    }
    assert_eq!(after(&engine).unwrap(), After::Done);
    let asked = book.asked.lock().unwrap();
    let nodes: Vec<&str> = asked.iter().map(|(node, _)| node.as_str()).collect();
    assert_eq!(nodes, ["ticket", "ticket", "ticket", "log"]);
    assert!(asked[..3].iter().all(|(_, key)| *key == asked[0].1), "{asked:?}");
}

#[test]
fn without_patience_the_flow_goes_on_by_its_error_port() {
    let (engine, book) = over(0, 9);
    assert_eq!(after(&engine).unwrap(), After::Done);
    let asked = book.asked.lock().unwrap();
    assert_eq!(asked.iter().map(|(node, _)| node.as_str()).collect::<Vec<_>>(), ["ticket", "log"]);
}
