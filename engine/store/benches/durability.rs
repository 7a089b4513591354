//! What watermark, commit log and backups cost, and how long a store takes to open, to be read
//! through and to be made anew.
//!
//! `cargo bench -p dialgraph-store --bench durability [-- MIB]`. Each figure is a ratio of two
//! things done in turns in one run. The first compares with what a store without log would do at
//! least: one thread that gathers what waits, gives it to sled as a batch, flushes and syncs. `MIB`
//! is how large the store is that is opened and made anew.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test or benchmark fails by panicking, and prints"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use dialgraph_store::{
    Backend as _, BackupRequest, Blobs, CommitToken, Expect, Key, Op, Part, RecoverOptions,
    SledOptions, SledStore, Sort, Store as _, UnixMillis, Until, recover,
};
use futures::channel::oneshot;
use tokio::runtime::Runtime;

/// A turn of a call commits about so much: its state, its record, its token.
const STATE_BYTES: usize = 1500;
const RECORD_BYTES: usize = 1200;
const ROUNDS: usize = 9;
const COMMITS: u64 = 3000;

fn main() {
    let mib = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(256);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!(
        "commits of {} bytes a second, median of {ROUNDS} rounds in changing order",
        STATE_BYTES + RECORD_BYTES
    );
    for writers in [1, 16, 128] {
        cost_of_log(&runtime, writers);
    }
    cost_of_backup(&runtime, 16);
    whole_stores(&runtime, mib);
}

fn open(folder: &Path) -> SledStore {
    SledStore::open(folder, Arc::new(|| UnixMillis(1_800_000_000_000)), &SledOptions::default())
        .unwrap()
}

fn part(writer: u64) -> Part {
    Part::new(format!("call/{writer}")).unwrap()
}

/// Bytes that differ from turn to turn and do not compress.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        z ^= z << 13;
        z ^= z >> 7;
        z ^= z << 17;
        bytes.extend_from_slice(&z.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn turn(writer: u64, n: u64) -> [Op; 2] {
    let state = Key::new(&part(writer), Sort::text("state")).unwrap();
    let record = Key::new(&part(writer), Sort::number(n)).unwrap();
    [
        Op::put(state, noise(n, STATE_BYTES), Expect::Any),
        Op::put(record, noise(n + 1, RECORD_BYTES), Expect::Any),
    ]
}

/// Commits a second by the store.
fn by_store(
    runtime: &Runtime,
    store: &Arc<SledStore>,
    writers: u64,
    serial: &Arc<AtomicU64>,
) -> f64 {
    let each = (COMMITS / writers / if writers == 1 { 6 } else { 1 }).max(4);
    let begun = Instant::now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..writers)
            .map(|writer| {
                let (store, serial) = (Arc::clone(store), Arc::clone(serial));
                tokio::spawn(async move {
                    for _ in 0..each {
                        let n = serial.fetch_add(1, Ordering::Relaxed);
                        let token = CommitToken::new(n.to_string()).unwrap();
                        store.commit(&turn(writer, n), &token).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    (writers * each) as f64 / begun.elapsed().as_secs_f64()
}

type Write = (Vec<(Vec<u8>, Vec<u8>)>, oneshot::Sender<()>);

/// Commits a second of the same rows by sled alone, synced.
fn by_sled(runtime: &Runtime, folder: &Path, writers: u64, serial: &Arc<AtomicU64>) -> f64 {
    let db = sled::Config::new().path(folder).cache_capacity(64 << 20).open().unwrap();
    let file = std::fs::File::open(folder.join("db")).unwrap();
    let (send, queue) = mpsc::channel::<Write>();
    let committer = std::thread::spawn(move || {
        while let Ok(first) = queue.recv() {
            let mut group = vec![first];
            while group.len() < 512 {
                let Ok(next) = queue.try_recv() else { break };
                group.push(next);
            }
            let mut batch = sled::Batch::default();
            for (rows, _) in &group {
                for (key, value) in rows {
                    // The store reads what it replaces, too.
                    let _ = db.get(key).unwrap();
                    batch.insert(key.as_slice(), value.as_slice());
                }
            }
            db.apply_batch(batch).unwrap();
            db.flush().unwrap();
            file.sync_data().unwrap();
            for (_, ack) in group {
                let _ = ack.send(());
            }
        }
    });
    let each = (COMMITS / writers / if writers == 1 { 6 } else { 1 }).max(4);
    let begun = Instant::now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..writers)
            .map(|writer| {
                let (send, serial) = (send.clone(), Arc::clone(serial));
                tokio::spawn(async move {
                    for _ in 0..each {
                        let n = serial.fetch_add(1, Ordering::Relaxed);
                        let mut rows: Vec<(Vec<u8>, Vec<u8>)> = turn(writer, n)
                            .into_iter()
                            .filter_map(|op| match op {
                                Op::Put { key, value, .. } => {
                                    Some((key.encode(), [&[0; 25], value.as_ref()].concat()))
                                }
                                Op::Delete { .. } | Op::Check { .. } => None,
                            })
                            .collect();
                        let token = format!("t{n}").into_bytes();
                        rows.push((token.clone(), vec![0; 8]));
                        rows.push(([b"e00000000", token.as_slice()].concat(), Vec::new()));
                        let (ack, done) = oneshot::channel();
                        send.send((rows, ack)).unwrap();
                        done.await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let rate = (writers * each) as f64 / begun.elapsed().as_secs_f64();
    drop(send);
    committer.join().unwrap();
    rate
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn cost_of_log(runtime: &Runtime, writers: u64) {
    let folder = tempfile::tempdir().unwrap();
    let serial = Arc::new(AtomicU64::new(0));
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Both begin with an empty folder.
        let store = Arc::new(open(&folder.path().join(format!("store-{round}"))));
        let bare = folder.path().join(format!("sled-{round}"));
        let (a, b) = if round.is_multiple_of(2) {
            let a = by_store(runtime, &store, writers, &serial);
            (a, by_sled(runtime, &bare, writers, &serial))
        } else {
            let b = by_sled(runtime, &bare, writers, &serial);
            (by_store(runtime, &store, writers, &serial), b)
        };
        ours.push(a);
        theirs.push(b);
        ratios.push(a / b);
    }
    println!(
        "{writers:4} at once: {:7.0} with log and watermark, {:7.0} by sled alone, ratio {:.2}",
        median(ours),
        median(theirs),
        median(ratios)
    );
}

fn cost_of_backup(runtime: &Runtime, writers: u64) {
    let folder = tempfile::tempdir().unwrap();
    let serial = Arc::new(AtomicU64::new(0));
    let store = Arc::new(open(&folder.path().join("store")));
    fill(runtime, &store, 64);
    let content = Blobs::open(folder.path().join("content")).unwrap();
    let (mut ratios, mut made) = ([Vec::new(), Vec::new()], [0, 0]);
    for round in 0..ROUNDS {
        for (kind, ratios) in ratios.iter_mut().enumerate() {
            let alone = by_store(runtime, &store, writers, &serial);
            let stop = Arc::new(AtomicBool::new(false));
            let (to, ending) =
                (folder.path().join(format!("backup-{round}-{kind}")), Arc::clone(&stop));
            let (store_too, content) = (Arc::clone(&store), content.clone());
            let backing = runtime.spawn(async move {
                let mut made = 0;
                while !ending.load(Ordering::Relaxed) {
                    let incremental = kind == 1 && made > 0;
                    let request = BackupRequest { folder: to.clone(), incremental, keep: Some(1) };
                    store_too.backup(request, content.clone()).await.unwrap();
                    made += 1;
                    if kind == 1 {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
                std::fs::remove_dir_all(&to).unwrap();
                made
            });
            // The full one that incremental ones follow.
            std::thread::sleep(Duration::from_millis(if kind == 1 { 2000 } else { 0 }));
            let beside = by_store(runtime, &store, writers, &serial);
            stop.store(true, Ordering::Relaxed);
            made[kind] += runtime.block_on(backing).unwrap();
            ratios.push(beside / alone);
        }
    }
    let [full, incremental] = ratios.map(median);
    println!(
        "{writers:4} at once beside full backups of 64 MiB without a pause ({} made): ratio {full:.2}; beside incremental ones, ten a second at most ({} made): {incremental:.2}",
        made[0], made[1]
    );
}

fn fill(runtime: &Runtime, store: &Arc<SledStore>, mib: u64) {
    let commits = mib * 1024 * 1024 / (STATE_BYTES + RECORD_BYTES) as u64;
    runtime.block_on(async {
        let tasks: Vec<_> = (0..64u64)
            .map(|lane| {
                let store = Arc::clone(store);
                tokio::spawn(async move {
                    for n in (lane..commits).step_by(64) {
                        // Every commit is of a call of its own.
                        let token = CommitToken::new(format!("fill {n}")).unwrap();
                        store.commit(&turn(1_000_000 + n, n), &token).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    println!("{what}: {:.2} s", begun.elapsed().as_secs_f64());
    done
}

fn whole_stores(runtime: &Runtime, mib: u64) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    let store = Arc::new(open(&place));
    fill(runtime, &store, mib);
    let bytes = store.stats().unwrap().size_on_disk;
    println!("a store of {mib} MiB of values, {} MiB of files of sled", bytes >> 20);
    let killed = folder.path().join("killed");
    copy(&place, &killed);
    timed("  read through (verify)", || store.inspect().unwrap());
    let backup = folder.path().join("backup");
    let content = Blobs::open(folder.path().join("content")).unwrap();
    let request = BackupRequest { folder: backup.clone(), incremental: false, keep: None };
    timed("  full backup", || runtime.block_on(store.backup(request, content)).unwrap());
    timed("  stop in order", || drop(Arc::into_inner(store)));
    timed("  open after a stop in order", || drop(timed("    until it is open", || open(&place))));
    timed("  open after SIGKILL", || std::mem::forget(open(&killed)));
    let options = RecoverOptions {
        from: vec![backup],
        until: Until::Last,
        accept_loss: false,
        dry_run: false,
        now: UnixMillis(0),
        lock_patience: Duration::ZERO,
    };
    timed("  make anew from the backup", || {
        recover(folder.path().join("anew"), &options).unwrap();
    });
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
