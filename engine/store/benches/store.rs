//! Durable commits of 2 KB a second, by how many writers wait at once.
//!
//! `cargo bench -p dialgraph-store`. The counter is commits; sled syncs to the disk that holds the
//! temporary folder, so set `TMPDIR` to the disk that matters.

#![allow(clippy::unwrap_used, reason = "a test or benchmark fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dialgraph_store::{
    CommitToken, Expect, Key, Keyring, MemoryStore, Op, Part, Sealed, SledOptions, SledStore, Sort,
    Store, UnixMillis,
};
use divan::counter::ItemsCount;
use tokio::runtime::Runtime;

const WRITERS: [u64; 4] = [1, 16, 128, 512];
const VALUE_BYTES: usize = 2048;

fn main() {
    divan::main();
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

fn clock() -> Arc<dyn dialgraph_store::Clock> {
    Arc::new(|| UnixMillis(1_800_000_000_000))
}

fn sled(folder: &tempfile::TempDir) -> SledStore {
    SledStore::open(folder.path(), clock(), &SledOptions::default()).unwrap()
}

fn ring() -> Keyring {
    Keyring::parse(&"5a".repeat(32), "bench").unwrap()
}

/// Every writer commits a few turns of its own call, one after the other, as calls do.
async fn turns(store: Arc<dyn Store>, writers: u64, each: u64, serial: Arc<AtomicU64>) {
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (store, serial) = (Arc::clone(&store), Arc::clone(&serial));
            tokio::spawn(async move {
                let part = Part::new(format!("call/{writer}")).unwrap();
                for _ in 0..each {
                    // Values differ, since sled leaves out writes that change nothing.
                    let n = serial.fetch_add(1, Ordering::Relaxed);
                    let mut value = vec![0x6b; VALUE_BYTES];
                    value[..8].copy_from_slice(&n.to_be_bytes());
                    let key = Key::new(&part, Sort::text("state")).unwrap();
                    let token = CommitToken::new(n.to_string()).unwrap();
                    let op = Op::put(key, value, Expect::Any);
                    store.commit(&[op], &token).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

fn run(bencher: divan::Bencher<'_, '_>, store: Arc<dyn Store>, writers: u64) {
    let runtime = runtime();
    let serial = Arc::new(AtomicU64::new(0));
    // About as many commits in every sample, so that samples of many writers are not all start-up.
    let each = (2048 / writers).max(4);
    bencher.counter(ItemsCount::new(writers * each)).bench_local(|| {
        runtime.block_on(turns(Arc::clone(&store), writers, each, Arc::clone(&serial)));
    });
}

#[divan::bench(args = WRITERS, sample_count = 10, sample_size = 1)]
fn sled_commits(bencher: divan::Bencher<'_, '_>, writers: u64) {
    let folder = tempfile::tempdir().unwrap();
    run(bencher, Arc::new(sled(&folder)), writers);
}

#[divan::bench(args = WRITERS, sample_count = 10, sample_size = 1)]
fn sealed_sled_commits(bencher: divan::Bencher<'_, '_>, writers: u64) {
    let folder = tempfile::tempdir().unwrap();
    let store = runtime().block_on(Sealed::open(sled(&folder), ring())).unwrap();
    run(bencher, Arc::new(store), writers);
}

#[divan::bench(args = WRITERS, sample_count = 10, sample_size = 1)]
fn memory_commits(bencher: divan::Bencher<'_, '_>, writers: u64) {
    run(bencher, Arc::new(MemoryStore::new(clock())), writers);
}

#[divan::bench]
fn sled_get(bencher: divan::Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(sled(&folder));
    let runtime = runtime();
    runtime.block_on(turns(Arc::clone(&store), 512, 1, Arc::default()));
    let key = Key::new(&Part::new("call/100").unwrap(), Sort::text("state")).unwrap();
    bencher.bench_local(|| runtime.block_on(store.get(&key)).unwrap().unwrap());
}

#[divan::bench]
fn a_memory_store_for_one_call(bencher: divan::Bencher<'_, '_>) {
    let clock = clock();
    bencher.bench_local(|| MemoryStore::new(Arc::clone(&clock)));
}
