//! What a search costs, by the number of records, and how fast records are put in.
//!
//! `cargo bench -p dialgraph-local --bench records [-- imports searches COUNT…]`: only these parts,
//! and among so many customers, if not `1000 100000`. Each figure is the median of single searches
//! in a sled store of so many customers, and its ratio to the smallest store of the same run.
//! Stores are searched in turns.
//!
//! An import is compared with the bare store, which commits the same rows as often at a time.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test or benchmark fails by panicking, and prints"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dialgraph_base::index::{Index, IndexKind, Indexes};
use dialgraph_base::phone::Country;
use dialgraph_base::{Digest, Timestamp};
use dialgraph_kernel::ports::records::{Search, Source};
use dialgraph_kernel::provider::{Caller, Records as _};
use dialgraph_local::records::{ImportMode, ImportRow, LocalRecords};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Expect, Key, MemoryStore, Op, Page, Part, Query, Row,
    SledOptions, SledStore, Sort, Store, StoreError, UnixMillis,
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

mod customers;

use customers::{account, misheard, mixed, name, phone};

const ROUNDS: usize = 5;
const SEARCHES: usize = 2_000;
/// Records that are imported at a time.
const PORTION: usize = 1_000;
const COLLECTION: &str = "customers";

fn main() {
    let mut counts: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    if counts.is_empty() {
        counts = vec![1_000, 100_000];
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |part: &str| {
        let mut parts =
            words.iter().filter(|word| ["imports", "searches"].contains(&word.as_str()));
        parts.clone().next().is_none() || parts.any(|word| word == part)
    };
    if wanted("imports") {
        imports(&runtime);
    }
    if !wanted("searches") {
        return;
    }
    let folders: Vec<_> = counts.iter().map(|_| tempfile::tempdir().unwrap()).collect();
    let desks: Vec<Desk> = counts
        .iter()
        .zip(&folders)
        .map(|(count, folder)| Desk::fill(&runtime, folder.path(), *count))
        .collect();
    let searches: [(&str, Wanted); 4] = [
        ("by account", |n| ("account", json!(account(n)))),
        ("by telephone number", |n| ("phone", json!(phone(n)))),
        ("by name", |n| ("company", json!(name(n)))),
        ("by similar name", |n| ("company", json!(misheard(n)))),
    ];
    println!(
        "\n{:<22}{:>12}{:>14}{:>9}{:>8}",
        "search", "customers", "median, µs", "ratio", "found"
    );
    for (what, make) in searches {
        let mut medians: Vec<Vec<Duration>> = vec![Vec::new(); desks.len()];
        let mut found = vec![0; desks.len()];
        for _ in 0..ROUNDS {
            for (at, desk) in desks.iter().enumerate() {
                let (median, hits) = desk.search(&runtime, make);
                medians[at].push(median);
                found[at] = hits;
            }
        }
        let middle = |all: &mut Vec<Duration>| {
            all.sort_unstable();
            all[all.len() / 2].as_secs_f64() * 1e6
        };
        let medians: Vec<f64> = medians.iter_mut().map(middle).collect();
        for ((desk, median), found) in desks.iter().zip(&medians).zip(&found) {
            println!(
                "{what:<22}{:>12}{median:>14.1}{:>8.2}x{:>7.1}%",
                desk.count,
                median / medians[0],
                100.0 * *found as f64 / SEARCHES as f64
            );
        }
    }
}

/// The index and the value to search for, by the number of a customer.
type Wanted = fn(usize) -> (&'static str, Value);

struct Desk {
    records: LocalRecords,
    count: usize,
}

/// Rows of an import that is measured.
const IMPORTED: usize = 20_000;
/// Requests of an import that are under way at a time, and commits of both together.
const UNDER_WAY: usize = 2;
const COMMITS: usize = 72;

/// Rows a second of an import, and of the bare store that commits what the import does; and how
/// long one who commits a single row waits meanwhile.
fn imports(runtime: &Runtime) {
    let portions: Vec<Vec<ImportRow>> =
        (0..IMPORTED).step_by(PORTION).map(|from| rows(from..from + PORTION)).collect();
    let recorded = Arc::new(Recorder { inner: memory(), commits: Mutex::default() });
    runtime.block_on(import(&records(recorded.clone()), &portions));
    let commits = std::mem::take(&mut *recorded.commits.lock().unwrap());
    let ops: usize = commits.iter().map(|(ops, _)| ops.len()).sum();
    println!("{ops} operations in {} commits for {IMPORTED} rows", commits.len());
    let a_second = |began: Instant| IMPORTED as f64 / began.elapsed().as_secs_f64();
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let store = sled(folder.path());
        let other = records(store.clone());
        let (began, cpu) = (Instant::now(), cpu());
        runtime.block_on(import(&other, &portions));
        let (imported, cpu_imported) = (a_second(began), self::cpu() - cpu);

        let folder = tempfile::tempdir().unwrap();
        let bare = sled(folder.path());
        let (began, cpu) = (Instant::now(), self::cpu());
        runtime.block_on(async {
            let writes = commits.iter().map(|(ops, token)| bare.commit(ops, token));
            let mut writes = stream::iter(writes).buffer_unordered(COMMITS);
            while let Some(done) = writes.next().await {
                done.unwrap();
            }
        });
        let (bare_rate, cpu_bare) = (a_second(began), self::cpu() - cpu);

        let folder = tempfile::tempdir().unwrap();
        let store = sled(folder.path());
        let other = records(store.clone());
        let waits = runtime.block_on(async {
            let alone = waits(store.clone(), 200, "alone").await;
            let ticker = tokio::spawn(waits(store.clone(), 200, "meanwhile"));
            while !ticker.is_finished() {
                import(&other, &portions).await;
            }
            (alone, ticker.await.unwrap())
        });
        println!(
            "import {imported:.0} rows/s ({:.0} µs CPU a row), bare store {bare_rate:.0} ({:.0}), \
             {:.0} %; a commit waits {:.2} ms alone, {:.2} meanwhile (p99 {:.2}, {:.2})",
            cpu_imported * 1e6 / IMPORTED as f64,
            cpu_bare * 1e6 / IMPORTED as f64,
            100.0 * imported / bare_rate,
            waits.0.0,
            waits.1.0,
            waits.0.1,
            waits.1.1,
        );
    }
}

/// Milliseconds that single commits take: the median and the 99th percentile.
async fn waits(store: Arc<dyn Store>, count: usize, name: &'static str) -> (f64, f64) {
    let mut all = Vec::with_capacity(count);
    for n in 0..count {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let key = Key::new(&Part::new(format!("call/{name}/{n}")).unwrap(), Sort::number(1));
        let op = Op::put(key.unwrap(), vec![b'x'; 2_000], Expect::Absent);
        let began = Instant::now();
        store.commit(&[op], &CommitToken::new(format!("{name}/{n}")).unwrap()).await.unwrap();
        all.push(began.elapsed().as_secs_f64() * 1e3);
    }
    all.sort_by(f64::total_cmp);
    (all[count / 2], all[count * 99 / 100])
}

async fn import(records: &LocalRecords, portions: &[Vec<ImportRow>]) {
    records.build_indexes(COLLECTION, Timestamp(0)).await.unwrap();
    let imports = portions
        .iter()
        .map(|some| records.import(COLLECTION, some, Timestamp(0), ImportMode::default()));
    let mut imports = stream::iter(imports).buffer_unordered(UNDER_WAY);
    while let Some(done) = imports.next().await {
        assert!(done.unwrap().rejected.is_empty());
    }
}

/// Seconds of processor time that this process has taken.
fn cpu() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = told.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Bytes of this process that are in memory, in MiB.
fn resident() -> f64 {
    let told = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// Remembers what is committed.
struct Recorder {
    inner: Arc<dyn Store>,
    commits: Mutex<Vec<(Vec<Op>, CommitToken)>>,
}

#[async_trait::async_trait]
impl Store for Recorder {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
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

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Arc::new(|| UnixMillis(1_800_000_000_000))))
}

fn sled(folder: &std::path::Path) -> Arc<dyn Store> {
    let clock = Arc::new(|| UnixMillis(1_800_000_000_000));
    Arc::new(SledStore::open(folder, clock, &SledOptions::default()).unwrap())
}

fn records(store: Arc<dyn Store>) -> LocalRecords {
    let index = |kind, fields: &[&str]| Index {
        kind,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    };
    let indexes = BTreeMap::from([
        ("account".to_owned(), index(IndexKind::Exact, &["account"])),
        ("company".to_owned(), index(IndexKind::Name, &["name"])),
        ("phone".to_owned(), index(IndexKind::Phone, &["phone"])),
    ]);
    let indexes = Indexes {
        collections: BTreeMap::from([(COLLECTION.to_owned(), indexes)]),
        country: Country::of("KR"),
    };
    LocalRecords::new(store, [COLLECTION.to_owned()]).with_indexes(Arc::new(indexes))
}

fn rows(numbers: std::ops::Range<usize>) -> Vec<ImportRow> {
    numbers
        .map(|n| ImportRow {
            key: format!("c-{n:07}"),
            data: json!({"account": account(n), "name": name(n), "phone": phone(n)}),
        })
        .collect()
}

impl Desk {
    fn fill(runtime: &Runtime, folder: &std::path::Path, count: usize) -> Self {
        let records = records(sled(folder));
        let (began, before) = (Instant::now(), resident());
        let starts: Vec<usize> = (0..count).step_by(PORTION * UNDER_WAY).collect();
        for from in starts {
            let until = count.min(from + PORTION * UNDER_WAY);
            let portions: Vec<Vec<ImportRow>> = (from..until)
                .step_by(PORTION)
                .map(|from| rows(from..count.min(from + PORTION)))
                .collect();
            runtime.block_on(import(&records, &portions));
        }
        println!(
            "{count} customers imported, {:.0} a second; {:.0} MiB more in memory",
            count as f64 / began.elapsed().as_secs_f64(),
            resident() - before
        );
        Self { records, count }
    }

    /// The median time of a search, and how many found their customer first.
    fn search(&self, runtime: &Runtime, make: Wanted) -> (Duration, usize) {
        let caller = Caller {
            call_id: "call".into(),
            release: Digest::of(b"no release"),
            locale: "ko-KR".into(),
            plugin: "bench".into(),
            now: Timestamp(0),
            idempotency_key: "reads only".into(),
        };
        let mut times = Vec::with_capacity(SEARCHES);
        let mut found = 0;
        for i in 0..SEARCHES {
            let n = mixed(i as u64) as usize % self.count;
            let (index, value) = make(n);
            let request = Search {
                collection: COLLECTION.to_owned(),
                index: index.to_owned(),
                values: vec![value],
                limit: 10,
                cursor: None,
                source: Source::Current,
            };
            let began = Instant::now();
            let page = runtime.block_on(self.records.search(&caller, &request)).unwrap();
            times.push(began.elapsed());
            found += usize::from(
                page.hits.first().is_some_and(|hit| hit.record.key == format!("c-{n:07}")),
            );
        }
        times.sort_unstable();
        (times[SEARCHES / 2], found)
    }
}
