//! Durable turns: the engine on the embedded store, against the bare store committing the very same
//! rows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dialgraph_base::{CallId, Channel};
use dialgraph_flow::Release;
use dialgraph_kernel::event::Event;
use dialgraph_runtime::{Engine, Releases, Start, TurnRequest, WaitRules};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Key, MemoryStore, Op, Page, Query, Row as StoreRow,
    SledOptions, SledStore, Store, StoreError, UnixMillis,
};
use tokio::runtime::Runtime;

use crate::flows::{NOW, NoPlugins, NoWorld, StoppedClock, attributes, compile, desk};
use crate::measure::{Row, median, timed};

/// Turns of one call, the first included.
pub(crate) const TURNS: u32 = 10;

/// Calls at once, and how many each measurement makes of them.
const LOADS: [(usize, usize); 3] = [(1, 12), (16, 320), (128, 1024)];

/// What a call committed, in order.
pub(crate) type Commits = Vec<(Vec<Op>, CommitToken)>;

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

pub(crate) fn sled(folder: &std::path::Path) -> Arc<SledStore> {
    let clock = Arc::new(|| UnixMillis(NOW.0));
    Arc::new(SledStore::open(folder, clock, &SledOptions::default()).unwrap())
}

pub(crate) fn engine(store: Arc<dyn Store>, release: &Arc<Release>) -> Arc<Engine> {
    Arc::new(Engine::new(
        store,
        Arc::new(Releases::new(release.clone())),
        Arc::new(NoPlugins),
        Arc::new(NoWorld),
        Arc::new(StoppedClock),
        WaitRules::default(),
    ))
}

pub(crate) fn id(number: usize) -> CallId {
    CallId(format!("0193b0a2-7c1e-7d55-9a51-{number:012}").into())
}

pub(crate) fn start(number: usize) -> Start {
    Start {
        id: id(number),
        channel: Channel::default(),
        locale: None,
        from: Some("+82-10-0000-0101".into()),
        to: Some("+82-2-000-1000".into()),
        flow: None,
        seed: number as u64,
        attributes: attributes(),
    }
}

/// A whole call of [`TURNS`] turns.
pub(crate) async fn hold(engine: &Engine, number: usize) {
    engine.turn(TurnRequest::start(start(number), "t1")).await.unwrap();
    for turn in 2..=TURNS {
        let event = match turn % 3 {
            0 => Event::Pressed("1".into()),
            1 => Event::Said {
                text: "지난달 청구서가 이상합니다".into(), confidence: Some(0.93)
            },
            _ => Event::Said {
                text: "서버에 접속 안 됩니다, 장애 같아요".into(),
                confidence: Some(0.88),
            },
        };
        let answer =
            engine.turn(TurnRequest::event(id(number), event, format!("t{turn}"))).await.unwrap();
        assert!(!answer.repeated && answer.record.turn == turn);
    }
}

/// Keeps what is committed.
struct Recorder {
    inner: MemoryStore,
    commits: Mutex<Commits>,
}

#[async_trait]
impl Store for Recorder {
    async fn get(&self, key: &Key) -> Result<Option<StoreRow>, StoreError> {
        self.inner.get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        self.commits.lock().unwrap().push((ops.to_vec(), token.clone()));
        self.inner.commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.inner.query(query).await
    }
}

/// What the calls 0 to `calls` commit.
pub(crate) fn record(release: &Arc<Release>, calls: usize) -> Arc<Vec<Commits>> {
    let all = (0..calls).map(|number| {
        let clock = Arc::new(|| UnixMillis(NOW.0));
        let recorder =
            Arc::new(Recorder { inner: MemoryStore::new(clock), commits: Mutex::default() });
        let engine = engine(recorder.clone(), release);
        futures::executor::block_on(hold(&engine, number));
        std::mem::take(&mut *recorder.commits.lock().unwrap())
    });
    Arc::new(all.collect())
}

/// `work` for every number below `calls`, `at_once` at a time.
pub(crate) async fn side_by_side<F>(
    at_once: usize,
    calls: usize,
    work: impl Fn(usize) -> F + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let work = Arc::new(work);
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let lines: Vec<_> = (0..at_once)
        .map(|_| {
            let (work, next) = (work.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if number >= calls {
                        return;
                    }
                    work(number).await;
                }
            })
        })
        .collect();
    for line in lines {
        line.await.unwrap();
    }
}

struct Measured {
    a_second: f64,
    cpu_each: Duration,
    groups: u64,
}

fn bare(runtime: &Runtime, at_once: usize, calls: &Arc<Vec<Commits>>) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let store = sled(folder.path());
    let (recorded, used) = (calls.clone(), store.clone());
    let work = side_by_side(at_once, calls.len(), move |number| {
        let (calls, store) = (recorded.clone(), used.clone());
        async move {
            for (ops, token) in &calls[number] {
                let done = store.commit(ops, token).await.unwrap();
                assert_eq!(done, Committed::Applied);
            }
        }
    });
    measured(runtime, &store, calls.len(), work)
}

fn through_engine(
    runtime: &Runtime,
    at_once: usize,
    calls: usize,
    release: &Arc<Release>,
) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let store = sled(folder.path());
    let engine = engine(store.clone(), release);
    let work = side_by_side(at_once, calls, move |number| {
        let engine = engine.clone();
        async move { hold(&engine, number).await }
    });
    measured(runtime, &store, calls, work)
}

fn measured(
    runtime: &Runtime,
    store: &SledStore,
    calls: usize,
    work: impl Future<Output = ()>,
) -> Measured {
    let ((), real, cpu) = timed(|| runtime.block_on(work));
    let turns = calls as u32 * TURNS;
    Measured {
        a_second: f64::from(turns) / real.as_secs_f64(),
        cpu_each: cpu / turns,
        groups: store.stats().unwrap().groups,
    }
}

/// Turns a second, and their share of what the store alone can do.
pub(crate) fn durable(rounds: usize) -> (Vec<Row>, String) {
    let release = compile(&desk(), &BTreeMap::default());
    let runtime = runtime();
    let mut rows = Vec::new();
    let mut notes = String::new();
    for (at_once, calls) in LOADS {
        let commits = record(&release, calls);
        let bytes: usize = commits[0].iter().flat_map(|(ops, _)| ops).map(value_bytes).sum();
        // Side by side in time, so that what else the machine does falls on both.
        let pairs: Vec<(Measured, Measured)> = (0..rounds)
            .map(|round| {
                let engine = || through_engine(&runtime, at_once, calls, &release);
                let store = || bare(&runtime, at_once, &commits);
                if round % 2 == 0 {
                    let engine = engine();
                    (engine, store())
                } else {
                    let store = store();
                    (engine(), store)
                }
            })
            .collect();
        let of =
            |figure: fn(&(Measured, Measured)) -> f64| median(pairs.iter().map(figure).collect());
        let (turns, bare) = (of(|pair| pair.0.a_second), of(|pair| pair.1.a_second));
        let ratio = of(|pair| pair.0.a_second / pair.1.a_second);
        rows.push(Row {
            what: format!("durable turns, {at_once} calls at once"),
            measured: format!("{turns:.0} /s"),
            against: format!("{bare:.0} /s bare store"),
            ratio: format!("{:.0} %", ratio * 100.0),
            target: "≥ 60 %",
            met: ratio >= 0.6,
        });
        let turns = calls as u64 * u64::from(TURNS);
        notes += &format!(
            "  {at_once} at once: {} bytes a turn; {:.0} µs CPU a turn, {:.0} µs of them the store's; {:.1} and {:.1} turns \
             a flush\n",
            bytes / TURNS as usize,
            of(|pair| pair.0.cpu_each.as_secs_f64()) * 1e6,
            of(|pair| pair.1.cpu_each.as_secs_f64()) * 1e6,
            turns as f64 / of(|pair| pair.0.groups as f64),
            turns as f64 / of(|pair| pair.1.groups as f64),
        );
    }
    (rows, notes)
}

fn value_bytes(op: &Op) -> usize {
    match op {
        Op::Put { value, .. } => value.len(),
        Op::Delete { .. } | Op::Check { .. } => 0,
    }
}
