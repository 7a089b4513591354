//! What somebody outside tells a call, on engines that share a store and do not wait for each
//! other.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use dialgraph_base::{CallId, Channel, Digest, Timestamp};
use dialgraph_flow::testing::{Plugins as Descriptors, compile_source};
use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::{HostCalls, Invocation, Plugins, RunReport};
use dialgraph_kernel::ports::{HostCall, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::{
    Addressed, Clock, Engine, Releases, Start, Target, Told, TurnRequest, WaitRules, World,
};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Key, ManualClock, MemoryStore, Op, Page, Query, Row,
    Store, StoreError,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

const FLOW: &str = "
flow: main
locales: [ko-KR, en-US]
attributes: {url: string, paid: any}
start: address
nodes:
  address: {hook: payment, save: {url: output.url}, next: wait}
  wait:
    await: {hook: payment, within: 1m}
    save: {paid: output.value}
    on: {arrived: paid, timeout: late, error: late}
  paid: {end: {disposition: paid}}
  late: {ask: {prompt: {ko-KR: 늦었습니다., en-US: Late.}, menu: {1: yes}}, on: {yes: over, no_input: over, no_match: over}}
  over: {end: {disposition: late}}
";

/// No plugin is used.
struct Nothing;

impl Plugins for Nothing {
    fn run(&self, _: &Digest, _: &Invocation<'_>, _: &mut dyn HostCalls) -> RunReport {
        unreachable!("the flow uses none")
    }
}

impl World for Nothing {
    fn call(&self, _: Caller, _: HostCall) -> BoxFuture<'static, HostResult> {
        unreachable!("the flow asks nothing")
    }
}

#[derive(Default)]
struct Hands(AtomicU64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000 + self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        futures::future::pending().boxed()
    }
}

/// Somebody tells something right before the next commit.
type Between = Arc<Mutex<Option<(Arc<Engine>, Target, Value)>>>;

struct Meddling {
    inner: Arc<MemoryStore>,
    between: Between,
}

#[async_trait::async_trait]
impl Store for Meddling {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.inner.get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        let between = self.between.lock().unwrap().take();
        if let Some((engine, target, value)) = between {
            assert_eq!(engine.tell(&target, value).await.unwrap(), Told::Taken);
        }
        self.inner.commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.inner.query(query).await
    }
}

/// Two engines over one store; something may be told by the second while the first commits.
struct Two {
    first: Engine,
    second: Arc<Engine>,
    clock: Arc<Hands>,
    between: Between,
    id: CallId,
}

fn two() -> Two {
    let release = Arc::new(compile_source(FLOW, &Descriptors::new()).unwrap());
    let inner = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
    let clock = Arc::new(Hands::default());
    let between = Between::default();
    let engine = |store: Arc<dyn Store>| {
        Engine::new(
            store,
            Arc::new(Releases::new(Arc::clone(&release))),
            Arc::new(Nothing),
            Arc::new(Nothing),
            Arc::clone(&clock) as _,
            WaitRules::default(),
        )
        .reached_at("https://desk.example/v1/hooks")
    };
    let meddling = Meddling { inner: Arc::clone(&inner), between: Arc::clone(&between) };
    let (first, second) = (engine(Arc::new(meddling)), Arc::new(engine(inner)));
    Two { first, second, clock, between, id: CallId("call-1".into()) }
}

impl Two {
    /// The call begins, and waits.
    async fn begin(&self) -> String {
        let start = Start {
            id: self.id.clone(),
            channel: Channel::default(),
            locale: None,
            from: None,
            to: None,
            flow: None,
            seed: 1,
            attributes: BTreeMap::new(),
        };
        let answer = self.first.turn(TurnRequest::start(start, "1")).await.unwrap();
        answer.call.attributes["url"].as_str().unwrap().to_owned()
    }

    /// Where it goes on so many milliseconds later.
    async fn resume(&self, ms: u64, token: &str) -> String {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
        let request = TurnRequest::event(self.id.clone(), Event::Resumed, token);
        let answer = self.first.turn(request).await.unwrap();
        let step = answer.record.steps.last().unwrap();
        step.at.node.to_string()
    }

    async fn addressed(&self, url: &str) -> Addressed {
        let token = url.rsplit('/').next().unwrap();
        self.second.addressed("payment", token).await.unwrap()
    }

    async fn open(&self, url: &str) -> Target {
        match self.addressed(url).await {
            Addressed::Open(target) => target,
            other => panic!("{other:?}"),
        }
    }
}

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

#[test]
fn an_address_that_one_process_made_is_read_by_another_and_what_is_told_there_reaches_the_call() {
    run(async {
        let two = two();
        let url = two.begin().await;
        let target = two.open(&url).await;
        assert_eq!((&target.call, target.visit), (&two.id, 1));
        assert_eq!(two.second.tell(&target, json!(1)).await.unwrap(), Told::Taken);
        assert_eq!(two.second.tell(&target, json!(1)).await.unwrap(), Told::Repeated);
        assert_eq!(two.second.tell(&target, json!(2)).await.unwrap(), Told::Used);
        assert_eq!(two.resume(10_000, "2").await, "paid");
    });
}

#[test]
fn what_comes_while_the_turn_that_gives_up_is_stored_is_not_lost() {
    run(async {
        let two = two();
        let url = two.begin().await;
        let target = two.open(&url).await;
        *two.between.lock().unwrap() = Some((Arc::clone(&two.second), target.clone(), json!(1)));
        assert_eq!(two.resume(60_000, "2").await, "paid");
        let call = two.second.calls().load(&two.id).await.unwrap().unwrap().call;
        assert_eq!(call.attributes["paid"], 1);
        assert_eq!(two.second.tell(&target, json!(1)).await.unwrap(), Told::Repeated);
    });
}

#[test]
fn whoever_comes_when_the_turn_has_given_up_is_told_so() {
    run(async {
        let two = two();
        let url = two.begin().await;
        // They had looked before.
        let target = two.open(&url).await;
        assert_eq!(two.resume(60_000, "2").await, "late");
        assert_eq!(two.second.tell(&target, json!(1)).await.unwrap(), Told::Closed);
        assert!(matches!(two.addressed(&url).await, Addressed::Closed(_)));
    });
}

#[test]
fn an_address_of_a_turn_that_is_not_stored_is_genuine_and_any_other_is_not() {
    run(async {
        let two = two();
        let ahead = two.first.address(&two.id, "payment", 1).await.unwrap();
        assert!(matches!(two.addressed(&ahead).await, Addressed::NotYet));
        assert_eq!(two.begin().await, ahead);
        two.open(&ahead).await;
        let ahead = two.first.address(&two.id, "payment", 9).await.unwrap();
        assert!(matches!(two.addressed(&ahead).await, Addressed::NotYet));
        let behind = two.first.address(&two.id, "payment", 2).await.unwrap();
        assert!(matches!(two.addressed(&behind).await, Addressed::Closed(_)));
        assert!(matches!(two.addressed("x/AAAA").await, Addressed::Unknown));
        let elsewhere = self::two();
        let theirs = elsewhere.begin().await;
        assert!(matches!(two.addressed(&theirs).await, Addressed::Unknown));
    });
}
