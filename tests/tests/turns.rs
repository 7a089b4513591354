//! Turns that are delivered twice, outlast their time, or meet another process: on the engine
//! itself, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;

use dialgraph_base::{CallId, Channel, Digest, Timestamp};
use dialgraph_flow::Release;
use dialgraph_flow::testing::{Plugins as Descriptors, compile_files, plugins};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::{
    Cost, Done, HostCalls, Invocation, Plugins, RunReport, RunResult, Speech,
};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostResult, knowledge};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::{
    Answer, Clock as _, Engine, EngineError, Releases, Start, TurnRequest, WaitRules, World,
};
use dialgraph_simulator::clock::{SharedClock, VirtualClock};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Key, MemoryStore, Op, Page, Query, Row, Store, StoreError,
};

const FLOW: &str = "
flow: main
locales: [en-US]
start: look
nodes:
  look: {use: search, timeout: 40s, on: {found: ask, error: sorry}}
  ask: {ask: {prompt: {en-US: More?}, menu: {1: again}}, on: {again: look, no_input: bye, no_match: bye}}
  sorry: {say: {en-US: Nothing came.}, next: bye}
  bye: {end: {disposition: resolved}}
";
const PROJECT: &str = "{entry: main, fallback: {queue: general}, locales: [en-US]}\n";
const QUEUES: &str = "general: {title: {en-US: General}, priority: 1}\n";

/// Looks for something, and says what it found.
struct Search;

impl Plugins for Search {
    fn run(&self, _: &Digest, _: &Invocation<'_>, host: &mut dyn HostCalls) -> RunReport {
        let query = knowledge::Query { text: "it".to_owned(), base: None, limit: 1 };
        let done = |say| Done { port: "found".to_owned(), output: json!({}), say };
        let result = match host.call(HostCall::KnowledgeSearch(query)) {
            None => RunResult::Suspended,
            Some(Ok(HostAnswer::KnowledgeSearch(found))) => RunResult::Done(done(
                found.into_iter().map(|p| Speech::new(p.text, false)).collect(),
            )),
            Some(other) => panic!("{other:?}"),
        };
        RunReport { result, logs: Vec::new(), cost: Cost::default() }
    }
}

/// Articles that take their time, and count who asks.
struct Articles {
    clock: SharedClock,
    takes_ms: u64,
    length: usize,
    asked: AtomicU32,
    keys: Mutex<Vec<Arc<str>>>,
}

impl World for Articles {
    fn call(&self, caller: Caller, _: HostCall) -> BoxFuture<'static, HostResult> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.keys.lock().unwrap().push(caller.idempotency_key);
        let until = Timestamp(self.clock.0.time().0 + self.takes_ms);
        let text = format!("Found at look {number}.{}", "x".repeat(self.length));
        let wait = self.clock.sleep_until(until);
        async move {
            wait.await;
            Ok(HostAnswer::KnowledgeSearch(vec![knowledge::Passage {
                id: "1".to_owned(),
                title: String::new(),
                text,
                source: String::new(),
                score: 1.0,
                extra: Vec::new(),
            }]))
        }
        .boxed()
    }
}

/// One engine process over a store that others may share.
struct Process {
    engine: Engine,
    articles: Arc<Articles>,
    clock: SharedClock,
}

fn release() -> Arc<Release> {
    compiled(&[("dialgraph.yaml", PROJECT), ("main", FLOW), ("data/queues.yaml", QUEUES)])
}

fn compiled(files: &[(&str, &str)]) -> Arc<Release> {
    let descriptors: Descriptors = plugins([("search", &["found"][..])]);
    Arc::new(compile_files(files, &descriptors).unwrap_or_else(|report| panic!("{report}")))
}

impl Process {
    fn new(store: &Arc<MemoryStore>, clock: &SharedClock, takes_ms: u64, length: usize) -> Self {
        Self::of(release(), store, clock, takes_ms, length)
    }

    fn of(
        release: Arc<Release>,
        store: &Arc<MemoryStore>,
        clock: &SharedClock,
        takes_ms: u64,
        length: usize,
    ) -> Self {
        let articles = Arc::new(Articles {
            clock: clock.clone(),
            takes_ms,
            length,
            asked: AtomicU32::new(0),
            keys: Mutex::default(),
        });
        let engine = Engine::new(
            store.clone() as Arc<dyn Store>,
            Arc::new(Releases::new(release)),
            Arc::new(Search),
            articles.clone(),
            Arc::new(clock.clone()),
            WaitRules::default(),
        );
        Self { engine, articles, clock: clock.clone() }
    }

    fn start(&self, token: &str) -> Result<Answer, EngineError> {
        let start = Start {
            id: id(),
            channel: Channel::default(),
            locale: None,
            from: None,
            to: None,
            flow: None,
            seed: 1,
            attributes: BTreeMap::new(),
        };
        self.clock.0.run(self.engine.turn(TurnRequest::start(start, token)))
    }

    fn turn(&self, event: Event, token: &str) -> Result<Answer, EngineError> {
        self.clock.0.run(self.engine.turn(TurnRequest::event(id(), event, token)))
    }

    fn looks(&self) -> u32 {
        self.articles.asked.load(Ordering::SeqCst)
    }
}

fn id() -> CallId {
    CallId("call-1".into())
}

fn ground() -> (Arc<MemoryStore>, SharedClock) {
    let clock = SharedClock(Arc::new(VirtualClock::new(Timestamp(1_800_000_000_000))));
    (Arc::new(MemoryStore::new(Arc::new(clock.clone()))), clock)
}

fn said(answer: &Answer) -> Vec<&str> {
    answer.record.directives.say.iter().map(|speech| speech.text.as_str()).collect()
}

#[test]
fn an_event_delivered_twice_gets_one_execution_and_one_answer() {
    let (store, clock) = ground();
    let process = Process::new(&store, &clock, 0, 0);
    let first = process.start("start").unwrap();
    let again = process.start("start").unwrap();
    assert!(!first.repeated && again.repeated);
    assert_eq!(first.record, again.record);
    let first = process.turn(Event::Pressed("1".into()), "1").unwrap();
    // Whatever a repeated delivery carries: the first one counts.
    let again = process.turn(Event::Silent, "1").unwrap();
    assert!(again.repeated);
    assert_eq!(first.record, again.record);
    assert_eq!(process.looks(), 2);
    let other = process.start("another start");
    assert!(matches!(other, Err(EngineError::Exists { .. })), "{other:?}");
}

#[test]
fn a_reply_that_outlasts_the_turn_is_taken_by_a_later_one_without_asking_twice() {
    let (store, clock) = ground();
    let process = Process::new(&store, &clock, 12_000, 0);
    let mut answer = process.start("start").unwrap();
    let mut turns = 1;
    while let Then::Wait { ms } = answer.record.directives.then {
        assert_eq!(said(&answer), ["One moment please, I am checking."]);
        assert!(answer.in_flight.is_some());
        clock.0.advance(u64::from(ms));
        turns += 1;
        answer = process.turn(Event::Resumed, &turns.to_string()).unwrap();
    }
    assert_eq!(turns, 2, "5 s, 2 s of waiting, and the rest");
    assert_eq!(said(&answer), ["Found at look 1.", "More?"]);
    assert_eq!(process.looks(), 1);
    assert_eq!(times(&answer), [("search", "found", 12_000)], "both turns are the node's time");
}

fn times(answer: &Answer) -> Vec<(&str, &str, u64)> {
    answer.node_times.iter().map(|time| (&*time.plugin, &*time.outcome, time.ms)).collect()
}

#[test]
fn what_wraps_a_call_up_has_not_waited_for_what_the_caller_gave_up() {
    let (store, clock) = ground();
    let wrapup = "
flow: wrapup
locales: [en-US]
start: log
nodes:
  log: {use: search, timeout: 30s, on: {found: done, error: done}}
  done: {end: {disposition: logged}}
";
    let project = PROJECT.replace("{entry", "{finally: wrapup, entry");
    let files = [
        ("dialgraph.yaml", &*project),
        ("main", FLOW),
        ("wrapup", wrapup),
        ("data/queues.yaml", QUEUES),
    ];
    let process = Process::of(compiled(&files), &store, &clock, 12_000, 0);
    let waiting = process.start("start").unwrap();
    assert!(matches!(waiting.record.directives.then, Then::Wait { .. }));
    assert_eq!(times(&waiting), [], "it is not over");
    clock.0.advance(20_000);
    let gone = process.turn(Event::HungUp, "gone").unwrap();
    assert_eq!(times(&gone), [("search", "found", 12_000)]);
}

#[test]
fn a_late_reply_that_was_kept_is_found_by_another_process() {
    let (store, clock) = ground();
    // More than one row takes.
    let first = Process::new(&store, &clock, 12_000, 200_000);
    let answer = first.start("start").unwrap();
    let (key, reply) = answer.in_flight.unwrap();
    let result = clock.0.run(reply);
    clock.0.run(first.engine.keep_reply(&id(), &key, result)).unwrap();
    drop(first.engine);

    let second = Process::new(&store, &clock, 12_000, 0);
    let answer = second.turn(Event::Resumed, "2").unwrap();
    assert!(said(&answer)[0].starts_with("Found at look 1.xxx"));
    assert_eq!(second.looks(), 0);
}

#[test]
fn a_reply_lost_with_its_process_is_asked_for_again_under_the_same_key() {
    let (store, clock) = ground();
    let first = Process::new(&store, &clock, 12_000, 0);
    first.start("start").unwrap();
    let keys = first.articles.keys.lock().unwrap().clone();
    drop(first);

    let second = Process::new(&store, &clock, 0, 0);
    let answer = second.turn(Event::Resumed, "2").unwrap();
    assert_eq!(said(&answer), ["Found at look 1.", "More?"]);
    assert_eq!(*second.articles.keys.lock().unwrap(), keys);
}

#[test]
fn a_reply_that_never_comes_ends_with_the_limit_of_the_node() {
    let (store, clock) = ground();
    let process = Process::new(&store, &clock, u64::from(u32::MAX), 0);
    let began = clock.0.time().0;
    let mut answer = process.start("start").unwrap();
    let mut turns = 1;
    while let Then::Wait { ms } = answer.record.directives.then {
        clock.0.advance(u64::from(ms));
        turns += 1;
        answer = process.turn(Event::Resumed, &turns.to_string()).unwrap();
    }
    assert_eq!(said(&answer), ["Nothing came."]);
    assert_eq!(clock.0.time().0 - began, 40_000);
    assert_eq!(process.looks(), 1);
}

#[test]
fn two_processes_that_handle_one_event_give_one_answer() {
    let (store, clock) = ground();
    let (one, two) = (Process::new(&store, &clock, 500, 0), Process::new(&store, &clock, 700, 0));
    one.start("start").unwrap();
    let press = || Event::Pressed("1".into());
    let id = id();
    let both = futures::future::join(
        one.engine.turn(TurnRequest::event(id.clone(), press(), "1")),
        two.engine.turn(TurnRequest::event(id, press(), "1")),
    );
    let (first, second) = clock.0.run(both);
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(!first.repeated && second.repeated);
    assert_eq!(first.record, second.record);
    // Each asked, as one of them might have died; an effect would have happened once, for both used
    // one key.
    assert_eq!(one.articles.keys.lock().unwrap()[1], two.articles.keys.lock().unwrap()[0]);
}

/// A store in which another process answers the same event right after this one has looked whether
/// it was answered.
struct Meanwhile {
    store: Arc<MemoryStore>,
    other: Mutex<Option<Process>>,
}

#[async_trait]
impl Store for Meanwhile {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        let row = self.store.get(key).await;
        let other = self.other.lock().unwrap().take();
        if let Some(other) = other {
            let answer = other
                .engine
                .turn(TurnRequest::event(id(), Event::Pressed("1".into()), "1"))
                .await
                .unwrap();
            assert!(!answer.repeated);
        }
        row
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        self.store.commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.store.query(query).await
    }
}

#[test]
fn an_event_that_another_process_answers_between_two_looks_gets_its_answer() {
    let (store, clock) = ground();
    let other = Process::new(&store, &clock, 500, 0);
    other.start("start").unwrap();
    let meanwhile = Meanwhile { store: store.clone(), other: Mutex::new(Some(other)) };
    let Process { articles, .. } = Process::new(&store, &clock, 500, 0);
    let engine = Engine::new(
        Arc::new(meanwhile),
        Arc::new(Releases::new(release())),
        Arc::new(Search),
        articles,
        Arc::new(clock.clone()),
        WaitRules::default(),
    );
    let press = Event::Pressed("1".into());
    let answer = clock.0.run(engine.turn(TurnRequest::event(id(), press, "1").after(1))).unwrap();
    assert!(answer.repeated && answer.record.turn == 2);
}

#[test]
fn two_events_at_once_are_handled_one_after_the_other() {
    let (store, clock) = ground();
    let (one, two) = (Process::new(&store, &clock, 500, 0), Process::new(&store, &clock, 700, 0));
    one.start("start").unwrap();
    let id = id();
    let both = futures::future::join(
        one.engine.turn(TurnRequest::event(id.clone(), Event::Pressed("1".into()), "1")),
        two.engine.turn(TurnRequest::event(id, Event::HungUp, "bye")),
    );
    let (first, second) = clock.0.run(both);
    // The hang-up needs no reply and is first; the key press then comes too late.
    assert_eq!(second.unwrap().record.turn, 2);
    let error = first.unwrap_err().to_string();
    assert_eq!(error, "call call-1 is over (abandoned); it takes no more events");
}

#[test]
fn an_event_is_refused_that_answers_another_turn_than_the_last() {
    let (store, clock) = ground();
    let process = Process::new(&store, &clock, 0, 0);
    process.start("start").unwrap();
    let turn = |token: &str, after| {
        let event = Event::Pressed("1".into());
        clock.0.run(process.engine.turn(TurnRequest::event(id(), event, token).after(after)))
    };
    let first = turn("1", 1).unwrap();
    for wrong in [1, 3] {
        let refused = turn("late", wrong);
        assert!(
            matches!(refused, Err(EngineError::OutOfOrder { given, last: 2, .. }) if given == wrong),
            "{refused:?}"
        );
    }
    // The same delivery again is no other event, however far the call has come.
    turn("2", 2).unwrap();
    assert_eq!(turn("1", 1).unwrap().record, first.record);
}

#[test]
fn calls_in_progress_are_listed_until_they_end() {
    let (store, clock) = ground();
    let process = Process::new(&store, &clock, 0, 0);
    let digest = release().digest;
    let calls = process.engine.calls();
    let open = || {
        let (mut all, mut from) = (Vec::new(), None);
        loop {
            let page = clock.0.run(calls.open_calls(&digest, from, 100)).unwrap();
            all.extend(page.calls.into_iter().map(|call| call.id));
            match page.next {
                None => break all,
                next => from = next,
            }
        }
    };
    assert!(open().is_empty());
    process.start("start").unwrap();
    assert_eq!(open(), [id()]);
    assert!(clock.0.run(calls.has_open_calls(&digest)).unwrap());
    process.turn(Event::Pressed("1".into()), "1").unwrap();
    assert_eq!(open(), [id()]);
    process.turn(Event::HungUp, "2").unwrap();
    assert!(open().is_empty());
    assert!(!clock.0.run(calls.has_open_calls(&digest)).unwrap());
}
