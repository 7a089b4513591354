//! Whatever a visit does, its turn is saved, over every store; and whatever was saved can be read.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use proptest::prelude::*;
use serde_json::{Value, json};

use dialgraph_base::{CallId, Channel, Digest, Timestamp};
use dialgraph_flow::Release;
use dialgraph_flow::testing::{compile_files, plugins};
use dialgraph_kernel::call::{Status, Waits};
use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::{
    Accept, Ask, Cost, Done, Failure, FailureKind, HostCalls, Invocation, LogLevel, LogLine,
    Plugins, RunReport, RunResult, Speech,
};
use dialgraph_kernel::ports::knowledge::Passage;
use dialgraph_kernel::ports::records::{Put, Record};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::{Clock, Engine, Releases, Start, TurnRequest, WaitRules, World};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Expect, Key, Keyring, ManualClock, MemoryStore, Op, Page,
    Part, Query, Row, Sealed, SledOptions, SledStore, Sort, Store, StoreError,
};

const PROJECT: &str = "
entry: main
finally: last
fallback: {queue: general, say: {en-US: 'An agent will help you.'}}
locales: [en-US]
limits: {attribute_bytes: 60000}
";
const MAIN: &str = "
flow: main
locales: [en-US]
attributes: {text: any, more: any, why: string}
start: a
nodes:
  a: {use: work, save: {text: output.text, why: output.error.code}, on: {good: b, error: b}}
  b: {use: work, save: {text: output.text, more: '[more, output.text]', why: output.error.code}, on: {good: tell, error: tell}}
  tell: {say: {en-US: 'So {{why == null ? \"well\" : why}}.'}, next: c}
  c: {call: sub, with: {text: text}, on: {done: bye}}
  bye: {end: {disposition: resolved}}
";
const SUB: &str = "
flow: sub
locales: [en-US]
inputs: {text: any}
returns: {done: {}}
start: d
nodes:
  d: {use: work, on: {good: end, error: end}}
  end: {end: {return: done}}
";
const LAST: &str = "
flow: last
locales: [en-US]
start: z
nodes:
  z: {use: work, on: {good: end, error: end}}
  end: {end: {disposition: logged}}
";
const QUEUES: &str = "general: {title: {en-US: General}, priority: 3}\n";

fn release() -> Release {
    let files = [
        ("dialgraph.yaml", PROJECT),
        ("main.flow.yaml", MAIN),
        ("sub.flow.yaml", SUB),
        ("last.flow.yaml", LAST),
        ("data/queues.yaml", QUEUES),
    ];
    compile_files(&files, &plugins([("work", &["good"][..])]))
        .unwrap_or_else(|report| panic!("{report}"))
}

/// What a plugin does in one run, in this order.
#[derive(Debug, Clone)]
struct Doing {
    /// Bytes of what is asked and of the reply, how they look, and whether the reply is an error.
    asks: Vec<(usize, usize, &'static str, bool)>,
    lines: (usize, usize),
    ending: Ending,
}

#[derive(Debug, Clone)]
enum Ending {
    Done { text: usize, letter: &'static str, says: (usize, usize), depth: usize },
    Ask { state: usize, says: usize, hints: usize },
    Fail { message: usize },
}

/// Plugins that do what was made up for the visit.
struct Scripted(Vec<Doing>);

fn text(bytes: usize, letter: &str) -> String {
    letter.repeat(bytes / letter.len())
}

impl Scripted {
    fn doing(&self, run: &Invocation<'_>) -> &Doing {
        let place = match run.node {
            "a" => 0,
            "b" => 1,
            "d" => 2,
            _ => 3,
        };
        &self.0[(place + run.turn as usize) % self.0.len()]
    }
}

impl Plugins for Scripted {
    fn run(&self, _: &Digest, run: &Invocation<'_>, host: &mut dyn HostCalls) -> RunReport {
        let doing = self.doing(run);
        let line = LogLine {
            level: LogLevel::Info,
            message: text(doing.lines.1, "l\u{1}"),
            fields: vec![("field".to_owned(), "value".to_owned())],
        };
        let logs = vec![line; doing.lines.0];
        let report = |result| RunReport { result, logs: logs.clone(), cost: Cost::default() };
        for (n, (asked, reply, letter, error)) in doing.asks.iter().enumerate() {
            let call = HostCall::RecordsPut(Put {
                collection: "customers".into(),
                key: format!("{n}/{reply}/{error}/{letter}"),
                data: json!({ "text": text(*asked, letter) }),
                expect: Default::default(),
            });
            if host.call(call).is_none() {
                return report(RunResult::Suspended);
            }
        }
        let speech = |bytes: usize| Speech::new(text(bytes, "한"), false);
        report(match &doing.ending {
            Ending::Done { text: bytes, letter, says, depth } => {
                let inner = Value::from(text(*bytes, letter));
                let output = (0..*depth).fold(inner, |inner, _| json!([inner]));
                RunResult::Done(Done {
                    port: "good".into(),
                    output: json!({ "text": output }),
                    say: vec![speech(says.1); says.0],
                })
            }
            Ending::Ask { state, says, hints } => RunResult::Ask(Ask {
                say: vec![speech(*says)],
                accept: Accept {
                    speech: true,
                    digits: None,
                    timeout_ms: 5_000,
                    sensitive: false,
                    hints: vec![text(100, "\u{2}"); *hints],
                    choices: Vec::new(),
                },
                state: format!("\"{}\"", text(*state, "\\\"")),
            }),
            Ending::Fail { message } => RunResult::Failed(Failure {
                kind: FailureKind::Other,
                code: "made-up".into(),
                message: text(*message, "\u{3}"),
                backtrace: vec![text(*message, "f"); 100],
            }),
        })
    }
}

/// Answers as it is told in the key of the request; every so often not at once.
struct Told {
    late_after: usize,
    asked: std::sync::atomic::AtomicUsize,
}

impl World for Told {
    fn call(&self, _: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        let HostCall::RecordsPut(put) = call else { panic!("{call:?}") };
        let told: Vec<&str> = put.key.splitn(4, '/').collect();
        let (bytes, letter) = (told[1].parse().unwrap(), told[3].to_owned());
        let reply = if told[2] == "true" {
            Err(HostError::unavailable("made-up", text(bytes, &letter)))
        } else {
            // A reply to another function: the kernel does not look.
            Ok(HostAnswer::RecordsGet(Some(Record {
                key: "k".into(),
                version: 1,
                updated_at: Timestamp(1),
                data: json!({ "text": text(bytes, &letter) }),
                extra: Vec::new(),
            })))
        };
        let asked = self.asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        if self.late_after > 0 && asked.is_multiple_of(self.late_after) {
            return futures::future::pending().boxed();
        }
        futures::future::ready(reply).boxed()
    }
}

/// Time that is over as soon as somebody waits for it.
struct Hasty;

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000)
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        futures::future::ready(()).boxed()
    }
}

fn letters() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["x", "\u{1}", "\"", "\\", "한", "🙂", "\u{7f}"])
}

/// Small, or as large as it gets.
fn amount(most: usize) -> impl Strategy<Value = usize> {
    prop_oneof![3 => 0..(most / 100).max(2), 1 => 0..=most]
}

fn doing() -> impl Strategy<Value = Doing> {
    let asks =
        prop::collection::vec((amount(900_000), amount(1_500_000), letters(), any::<bool>()), 0..6);
    // A thousand small ones, or a few of any size.
    let many = (1_usize..2_000, amount(400), letters(), any::<bool>())
        .prop_map(|(count, bytes, letter, error)| vec![(9, bytes, letter, error); count]);
    let ending = prop_oneof![
        4 => (amount(60_000), letters(), (0_usize..40, amount(18_000)), 0_usize..70)
            .prop_map(|(text, letter, says, depth)| Ending::Done { text, letter, says, depth }),
        1 => (amount(16_000), amount(18_000), amount(600))
            .prop_map(|(state, says, hints)| Ending::Ask { state, says, hints }),
        1 => amount(1_000_000).prop_map(|message| Ending::Fail { message }),
    ];
    (prop_oneof![3 => asks, 1 => many], (amount(256), amount(8_192)), ending)
        .prop_map(|(asks, lines, ending)| Doing { asks, lines, ending })
}

fn start() -> Start {
    Start {
        id: CallId("call-1".into()),
        channel: Channel::default(),
        locale: None,
        from: Some("+82-2-000-0000".into()),
        to: None,
        flow: None,
        seed: 1,
        attributes: BTreeMap::new(),
    }
}

fn engine(store: Arc<dyn Store>, doings: Vec<Doing>, late_after: usize) -> Engine {
    Engine::new(
        store,
        Arc::new(Releases::new(Arc::new(release()))),
        Arc::new(Scripted(doings)),
        Arc::new(Told { late_after, asked: Default::default() }),
        Arc::new(Hasty),
        WaitRules::default(),
    )
}

/// Holds a call to its end; each turn must be saved, be answered a second time with what was
/// answered first, and be read by a process that knows nothing of it.
async fn hold(store: Arc<dyn Store>, doings: Vec<Doing>, late_after: usize, hang_up: usize) {
    let engine = engine(store, doings, late_after);
    let id = start().id;
    for turn in 0..12_usize {
        let token = format!("t{turn}");
        let event = if turn == hang_up { Event::HungUp } else { Event::Resumed };
        let answer = if turn == 0 {
            engine.turn(TurnRequest::start(start(), &token)).await.unwrap()
        } else {
            engine.turn(TurnRequest::event(id.clone(), event.clone(), &token)).await.unwrap()
        };
        let again = engine.turn(TurnRequest::event(id.clone(), event, &token)).await.unwrap();
        assert!(again.repeated);
        assert_eq!(again.record, answer.record);
        let loaded = engine.calls().load(&id).await.unwrap().unwrap();
        assert_eq!(loaded.call, answer.call);
        let failures = answer.record.steps.iter().filter_map(|step| step.failure.as_ref());
        for failure in failures {
            // The last resort is for what nobody has thought of.
            assert_ne!(failure.code, "turn-unsaved", "{}", failure.message);
        }
        if matches!(loaded.call.status, Status::Ended { .. }) {
            return;
        }
        if answer.record.directives.then.ends() {
            let gone =
                engine.turn(TurnRequest::event(id.clone(), Event::HungUp, "gone")).await.unwrap();
            assert!(matches!(gone.call.status, Status::Ended { .. }));
            return;
        }
    }
}

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Arc::new(ManualClock::default())))
}

async fn sealed(folder: &std::path::Path) -> Arc<dyn Store> {
    let path = folder.join("store.key");
    Keyring::generate_file(&path).unwrap();
    let inside = MemoryStore::new(Arc::new(ManualClock::default()));
    Arc::new(Sealed::open(inside, Keyring::from_file(&path).unwrap()).await.unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_turn_can_be_saved(
        doings in prop::collection::vec(doing(), 1..5),
        late_after in 0_usize..5,
        hang_up in 1_usize..6,
    ) {
        let folder = tempfile::tempdir().unwrap();
        run(async {
            hold(memory(), doings.clone(), late_after, hang_up).await;
            hold(sealed(folder.path()).await, doings.clone(), late_after, hang_up).await;
        });
    }
}

fn logging(lines: usize, bytes: usize) -> Doing {
    let ending = Ending::Done { text: 10, letter: "x", says: (0, 0), depth: 0 };
    Doing { asks: Vec::new(), lines: (lines, bytes), ending }
}

fn reading(bytes: usize, times: usize) -> Doing {
    Doing { asks: vec![(9, bytes, "x", false); times], ..logging(0, 0) }
}

#[test]
fn what_was_too_much_for_one_commit_is_saved_on_disk_too() {
    let denied = Doing { asks: vec![(900_000, 10, "x", true)], ..logging(0, 0) };
    for doing in [
        logging(180, 8_000),
        logging(256, 8_192),
        denied,
        reading(900_000, 1),
        reading(900_000, 5),
        reading(100, 10_000),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(
            folder.path(),
            Arc::new(ManualClock::default()),
            &SledOptions::default(),
        )
        .unwrap();
        run(hold(Arc::new(store), vec![doing], 0, 9));
    }
}

/// A store that takes only small values: what nobody has thought of.
struct Narrow(MemoryStore);

#[async_trait::async_trait]
impl Store for Narrow {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.0.get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        self.0.commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.0.query(query).await
    }

    fn max_value_bytes(&self) -> usize {
        1_000
    }
}

#[test]
fn a_call_whose_turn_cannot_be_saved_for_any_reason_ends_and_says_so() {
    run(async {
        // Parked over what does not fit into 25 rows of 1,000 bytes.
        let doing = Doing { asks: vec![(9, 40_000, "x", false); 2], ..logging(0, 0) };
        let clock = Arc::new(ManualClock::default());
        let store = Arc::new(Narrow(MemoryStore::new(clock)));
        let engine = engine(store, vec![doing], 2);
        let answer = engine.turn(TurnRequest::start(start(), "start")).await.unwrap();
        assert_eq!(answer.record.directives.then.word(), "queue");
        let failure = answer.record.steps.last().unwrap().failure.clone().unwrap();
        assert_eq!(failure.code, "turn-unsaved");
        let loaded = engine.calls().load(&answer.call.id).await.unwrap().unwrap();
        assert!(!loaded.is_open());
        assert_eq!(loaded.call.status.disposition(), Some("unsaved"));
        let open = engine.calls().open_calls(&loaded.call.release, None, 10).await.unwrap();
        assert!(open.calls.is_empty());
        let again = engine.turn(TurnRequest::start(start(), "start")).await.unwrap();
        assert!(again.repeated && again.record == answer.record);
    });
}

#[test]
fn a_late_reply_too_large_to_be_kept_is_kept_as_an_error() {
    run(async {
        let engine = engine(memory(), vec![logging(1, 10)], 0);
        let id = start().id;
        let huge = Ok(HostAnswer::RecordsGet(Some(Record {
            key: "k".into(),
            version: 1,
            updated_at: Timestamp(1),
            data: json!({ "text": "x".repeat(5_000_000) }),
            extra: Vec::new(),
        })));
        engine.keep_reply(&id, &"key".into(), huge).await.unwrap();
        let kept = engine.calls().reply(&id, "key").await.unwrap().unwrap().unwrap_err();
        assert_eq!(kept.code, "reply-too-large");
    });
}

#[test]
fn a_late_reply_that_json_cannot_hold_is_kept_as_an_error() {
    run(async {
        let engine = engine(memory(), vec![logging(1, 10)], 0);
        let id = start().id;
        let passage = Passage {
            id: "p".into(),
            title: String::new(),
            text: String::new(),
            source: String::new(),
            score: f64::NAN,
            extra: Vec::new(),
        };
        let reply = Ok(HostAnswer::KnowledgeSearch(vec![passage]));
        engine.keep_reply(&id, &"key".into(), reply).await.unwrap();
        let kept = engine.calls().reply(&id, "key").await.unwrap().unwrap().unwrap_err();
        assert_eq!(kept.code, "unusable-reply");
    });
}

#[test]
fn a_call_goes_on_though_its_late_reply_cannot_be_read() {
    run(async {
        let store = memory();
        let engine = engine(store.clone(), vec![reading(10, 1)], 1);
        let id = start().id;
        let parked = engine.turn(TurnRequest::start(start(), "start")).await.unwrap().call;
        let Waits::Reply(waits) = &parked.frames[0].waits else { panic!("{parked:?}") };
        let sort = Sort::text("reply").then_text(&waits.misses).then_number(0);
        let key = Key::new(&Part::new(format!("call/{id}")).unwrap(), sort).unwrap();
        let value = b"1 {\"what\": \"damage\"".to_vec();
        let put = Op::Put { key, value: value.into(), expect: Expect::Absent, expires_at: None };
        store.commit(&[put], &CommitToken::new("damage").unwrap()).await.unwrap();

        let answer =
            engine.turn(TurnRequest::event(id.clone(), Event::Resumed, "next")).await.unwrap();
        let told = answer.record.entries[0].result.as_ref().unwrap_err();
        assert_eq!(told.code, "unreadable-reply");
        assert_eq!(answer.record.steps[0].port.as_deref(), Some("good"));
    });
}
