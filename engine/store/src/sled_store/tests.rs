//! Large values are read whole and leave nothing behind; a damaged row, a full disk, an old note of
//! a stop or a panic is told, and costs nothing that was committed.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures::executor::block_on;

use super::settle::BaseSize;
use super::*;
use crate::key::{Part, Sort};
use crate::store::Expect;
use crate::wal::log::Appender;
use crate::wal::watermark::{Mark, Watermark};
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

/// A store that was opened, with another idea of how much room the disk has.
fn with_room(folder: &Path, room: &Arc<AtomicU64>) -> SledStore {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    drop(SledStore::open(folder, Arc::clone(&clock), &SledOptions::default()).unwrap());
    let db = open::open_database(folder, &SledOptions::default()).unwrap();
    let row = db.get(codec::COMMIT_KEY).unwrap().unwrap();
    let (history, promised) = pending::decode_commit_row(&row).unwrap();
    let id = database::identity(&db).unwrap().unwrap();
    let mark = Mark { store: Some(id), history, promised, settled: promised.number };
    let log = Appender::begin(&folder.join(crate::wal::FOLDER), id, history, promised).unwrap();
    let water = Watermark::open(folder, &mark).unwrap();
    let room = Arc::clone(room);
    let free = Box::new(move |_: &Path| Ok(room.load(Ordering::SeqCst)));
    let parts = open::Parts {
        path: folder.to_path_buf(),
        file: std::fs::File::open(folder.join("db")).unwrap(),
        db,
        clock,
        keeper: Keeper::new(folder, id, log, water, mark, 1000, free),
        noticed: Arc::default(),
        base: (BaseSize::default(), false),
        closing: open::Closing::new(open::lock(folder, Duration::ZERO).unwrap()),
    };
    SledStore::run(parts).unwrap()
}

#[test]
fn a_full_disk_refuses_commits_and_takes_them_again_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let room = Arc::new(AtomicU64::new(1000));
    let store = with_room(folder.path(), &room);
    commit(&store, Op::put(key(1), "x", Expect::Absent), "t1").unwrap();
    room.store(999, Ordering::SeqCst);
    let refused = commit(&store, Op::put(key(1), "y", Expect::Any), "t2").unwrap_err();
    assert!(matches!(refused, CommitError::Failed(StoreError::Busy { .. })), "{refused}");
    assert!(
        refused.to_string().contains("free some space, and the store takes commits again"),
        "{refused}"
    );
    let row = block_on(store.get(&key(1))).unwrap().unwrap();
    assert_eq!((row.value.as_ref(), row.version), (b"x".as_slice(), 1));
    store.health().unwrap();
    assert_eq!(store.stats().unwrap().commits, 1);

    room.store(1000, Ordering::SeqCst);
    assert_eq!(
        commit(&store, Op::put(key(1), "y", Expect::Version(1)), "t2").unwrap(),
        Committed::Applied
    );
    drop(store);
    let store = open(folder.path(), &Arc::default());
    while store.noticed().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(store.noticed(), Some(Vec::new()));
    assert_eq!(block_on(store.get(&key(1))).unwrap().unwrap().value, "y");
}

/// Numbers of the files in the commit log that end in `suffix`.
fn numbers(folder: &Path, suffix: &str) -> Vec<u64> {
    let files = crate::wal::archive::files(&folder.join(crate::wal::FOLDER), suffix).unwrap();
    files.into_iter().map(|(number, _)| number).collect()
}

#[test]
fn a_log_that_is_cut_under_load_keeps_nothing_from_before_its_base() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::default());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..3u64 {
            let (store, done) = (&store, &done);
            scope.spawn(move || {
                let mut n = 0;
                while !done.load(Ordering::Relaxed) {
                    n += 1;
                    let op = Op::put(key(writer), vec![n as u8; 3000], Expect::Any);
                    commit(store, op, &format!("{writer}/{n}")).unwrap();
                }
            });
        }
        let cuts: Vec<_> = (0..40)
            .map(|_| {
                let cut = block_on(store.cut_log());
                (cut, numbers(folder.path(), "base"), numbers(folder.path(), "log"))
            })
            .collect();
        // Before anything is asserted: the writers would go on for ever.
        done.store(true, Ordering::Relaxed);
        for (cut, bases, logs) in cuts {
            cut.unwrap();
            assert_eq!(bases, [logs[0] - 1], "the log begins with commit {}", logs[0]);
        }
    });
    assert_eq!(block_on(async { store.look_through() }).unwrap(), Vec::<String>::new());
}

/// The database and its note are put back to where they once were; log and watermark are not.
#[test]
fn a_note_of_a_stop_says_nothing_when_the_log_goes_on_behind_it() {
    for has_watermark in [true, false] {
        let root = tempfile::tempdir().unwrap();
        let (folder, early) = (root.path().join("store"), root.path().join("early"));
        let store = open(&folder, &Arc::default());
        commit(&store, Op::put(key(1), "1", Expect::Absent), "t1").unwrap();
        drop(store);
        database::copy_database(&folder, &early).unwrap();
        std::fs::copy(folder.join("stopped"), early.join("stopped")).unwrap();
        let store = open(&folder, &Arc::default());
        for n in 2..5 {
            commit(&store, Op::put(key(n), "later", Expect::Absent), &format!("t{n}")).unwrap();
        }
        drop(store);
        for name in database::database_files(&folder).unwrap() {
            std::fs::remove_file(folder.join(name)).unwrap();
        }
        database::copy_database(&early, &folder).unwrap();
        std::fs::copy(early.join("stopped"), folder.join("stopped")).unwrap();
        if !has_watermark {
            std::fs::remove_file(folder.join("watermark")).unwrap();
        }
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        let opened = SledStore::open(&folder, clock, &SledOptions::default());
        // What the watermark says was on disk is not; and without it nothing says that the log is
        // there to its end.
        let refused = opened.unwrap_err();
        assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
        let options = RecoverOptions {
            from: Vec::new(),
            until: Until::Last,
            accept_loss: !has_watermark,
            dry_run: false,
            now: UnixMillis(1),
            lock_patience: Duration::from_secs(5),
        };
        if !has_watermark {
            let refused =
                recover(&folder, &RecoverOptions { accept_loss: false, ..options.clone() });
            assert!(refused.unwrap_err().to_string().contains("later commits were acknowledged"));
        }
        assert_eq!(recover(&folder, &options).unwrap().commit, 4);
        let store = open(&folder, &Arc::default());
        for n in 2..5 {
            assert_eq!(block_on(store.get(&key(n))).unwrap().unwrap().value, "later");
        }
    }
}

#[test]
fn a_panic_of_the_thread_behind_the_commits_stops_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let clock = || {
        assert!(std::thread::current().name() != Some("store-settler"), "no time for this");
        UnixMillis(1000)
    };
    let store = SledStore::open(folder.path(), Arc::new(clock), &SledOptions::default()).unwrap();
    commit(&store, Op::put(key(1), "x", Expect::Any), "t1").unwrap();
    block_on(store.cut_log()).unwrap_err();
    while store.health().is_ok() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let refused = commit(&store, Op::put(key(1), "y", Expect::Any), "t2").unwrap_err();
    assert!(refused.to_string().contains("no time for this"), "{refused}");
    block_on(store.cut_log()).unwrap_err();
}
