use std::sync::Arc;

use futures::executor::block_on;

use super::*;
use crate::key::{Part, Sort};
use crate::store::Expect;
use crate::{ManualClock, UnixMillis};

fn key(n: u64) -> Key {
    Key::new(&Part::new("part").unwrap(), Sort::number(n)).unwrap()
}

fn commit(store: &SledStore, op: Op, token: &str) -> Result<Committed, CommitError> {
    block_on(store.commit(&[op], &CommitToken::new(token).unwrap()))
}

fn open(folder: &Path, clock: &Arc<ManualClock>) -> SledStore {
    SledStore::open(folder, clock.clone(), &SledOptions::default()).unwrap()
}

/// Large values in every number of entries, among them the borders.
const SIZES: [usize; 7] = [4096, 4097, 8192, 8193, 12_000, 40_000, MAX_VALUE_BYTES];

#[test]
fn overwriting_large_values_leaves_no_files_and_no_links_behind() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let store = open(folder.path(), &clock);
    for round in 0..12u64 {
        for n in 0..56u64 {
            let value = vec![(round + n) as u8; SIZES[(n + round) as usize % SIZES.len()]];
            let op = Op::put_until(key(n), value.clone(), Expect::Any, UnixMillis(1000));
            commit(&store, op, &format!("{round}/{n}")).unwrap();
            assert_eq!(block_on(store.get(&key(n))).unwrap().unwrap().value, value);
        }
    }
    let files = std::fs::read_dir(folder.path().join("blobs")).unwrap().count();
    assert_eq!(files, 0, "sled keeps pages in files that it will never delete");

    let links = || store.db.scan_prefix(b"c").count();
    let wanted: usize = block_on(store.query(&Query::new(key(0).part().clone())))
        .map(|page| page.rows.iter().map(|row| row.value.len().div_ceil(4096) - 1).sum())
        .unwrap();
    assert!(wanted > 0 && links() >= wanted);
    for n in 0..28 {
        commit(&store, Op::delete(key(n), Expect::Any), &format!("delete {n}")).unwrap();
    }
    clock.set(UnixMillis(1000));
    assert_eq!(block_on(store.purge_expired()).unwrap(), 28);
    assert_eq!(links(), 0);
}

#[test]
fn a_reader_never_sees_a_mixture_of_two_large_values() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::default());
    let value = |n: u64| vec![n as u8; 20_000 + n as usize];
    commit(&store, Op::put(key(0), value(0), Expect::Any), "first").unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let row = block_on(store.get(&key(0))).unwrap().unwrap();
                assert_eq!(row.value, value(row.version - 1));
                let page = block_on(store.query(&Query::new(key(0).part().clone()))).unwrap();
                assert_eq!(page.rows[0].value, value(page.rows[0].version - 1));
            }
        });
        for n in 1..=200u64 {
            commit(&store, Op::put(key(0), value(n), Expect::Version(n)), &n.to_string()).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
}

#[test]
fn a_damaged_row_fails_its_own_commits_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::default());
    commit(&store, Op::put(key(1), vec![1; 20_000], Expect::Any), "t1").unwrap();
    commit(&store, Op::put(key(2), "x", Expect::Any), "t2").unwrap();
    store.db.insert(codec::row_key(&key(2)), b"short").unwrap();
    let (link, _) = store.db.scan_prefix(b"c").last().unwrap().unwrap();
    store.db.remove(link).unwrap();
    for n in [1, 2] {
        assert!(block_on(store.get(&key(n))).unwrap_err().to_string().contains("is malformed"));
        commit(&store, Op::put(key(n), "y", Expect::Any), "t3").unwrap_err();
    }
    commit(&store, Op::put(key(3), "z", Expect::Any), "t3").unwrap();
    store.health().unwrap();
}

/// A device that refuses to be synced stands in for a failing disk.
#[cfg(target_os = "linux")]
#[test]
fn a_store_that_cannot_sync_stops_and_promises_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = sled::open(folder.path()).unwrap();
    let log = File::open("/dev/null").unwrap();
    let clock = Arc::new(ManualClock::default());
    let store = SledStore::start(folder.path().to_path_buf(), db, log, clock).unwrap();
    store.health().unwrap();

    let failed = commit(&store, Op::put(key(1), "x", Expect::Any), "t").unwrap_err();
    assert!(matches!(failed, CommitError::Failed(StoreError::Backend { .. })), "{failed}");
    // The row is in memory, but it must not be answered as committed, nor be read.
    let repeated = commit(&store, Op::put(key(1), "x", Expect::Any), "t").unwrap_err();
    assert!(matches!(repeated, CommitError::Failed(StoreError::Stopped { .. })), "{repeated}");
    assert!(matches!(block_on(store.get(&key(1))), Err(StoreError::Stopped { .. })));
    assert!(matches!(block_on(store.purge_expired()), Err(StoreError::Stopped { .. })));
    insta::assert_snapshot!(store.health().unwrap_err(), @"the store has stopped: the store failed: cannot sync: Invalid argument (os error 22); nothing was lost that was acknowledged; free disk space or repair the disk, then restart");
}
