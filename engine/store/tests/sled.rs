//! What is particular to the embedded database: its folder, its lock, its cleaning, its closing.

#![allow(clippy::unwrap_used, reason = "a test or benchmark fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dialgraph_store::{
    CommitToken, Committed, Expect, Key, ManualClock, Op, Part, SledOptions, SledStore, Sort,
    Store, StoreError, TOKEN_RETENTION_MILLIS, UnixMillis,
};

fn try_open(folder: &Path, clock: &Arc<ManualClock>) -> Result<SledStore, StoreError> {
    SledStore::open(folder, clock.clone(), &SledOptions::default())
}

fn open(folder: &Path) -> SledStore {
    try_open(folder, &Arc::default()).unwrap()
}

fn key(n: u64) -> Key {
    Key::new(&Part::new("part").unwrap(), Sort::number(n)).unwrap()
}

fn token(text: &str) -> CommitToken {
    CommitToken::new(text).unwrap()
}

/// The database below the store, once the store has let go of it.
fn raw(folder: &Path) -> sled::Db {
    loop {
        match sled::open(folder) {
            Err(sled::Error::Io(error)) if error.to_string().contains("lock") => {
                std::thread::yield_now();
            }
            other => return other.unwrap(),
        }
    }
}

/// The message with the changing folder taken out.
fn message(error: &StoreError, folder: &Path) -> String {
    error.to_string().replace(&folder.display().to_string(), "[folder]")
}

#[tokio::test]
async fn rows_versions_expiries_and_tokens_outlive_closing() {
    let folder = tempfile::tempdir().unwrap();
    let op = Op::put_until(key(1), "x", Expect::Absent, UnixMillis(5000));
    let store = open(folder.path());
    store.commit(std::slice::from_ref(&op), &token("t")).await.unwrap();
    let before = store.get(&key(1)).await.unwrap();
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.get(&key(1)).await.unwrap(), before);
    assert_eq!(store.commit(&[op], &token("t")).await.unwrap(), Committed::Repeated);
}

#[test]
fn a_second_opening_says_that_the_store_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let impatient = SledOptions { lock_patience: Duration::ZERO, ..SledOptions::default() };
    let clock = Arc::new(ManualClock::default());
    let error = SledStore::open(folder.path(), clock, &impatient).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }));
    insta::assert_snapshot!(message(&error, folder.path()), @"the store in [folder] is in use by another process; stop that process, or give this one its own folder");
    drop(first);
    open(folder.path());
}

#[tokio::test]
async fn dropping_the_store_finishes_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for n in 0..200 {
        let (ops, token) = ([Op::put(key(n), vec![1; 500], Expect::Absent)], token(&n.to_string()));
        let mut commit = store.commit(&ops, &token);
        // Polled once it is asked for; then nobody waits for the answer any more.
        let _ = futures::poll!(&mut commit);
    }
    drop(store);
    let store = open(folder.path());
    for n in 0..200 {
        assert!(store.get(&key(n)).await.unwrap().is_some(), "commit {n} was dropped");
    }
}

#[tokio::test]
async fn waiting_commits_share_a_flush() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (store, one) = (&store, token("one"));
    // The first occupies the committer; the others gather behind it.
    let commits = (0..300).map(|n| async move {
        store.commit(&[Op::put(key(n), "x", Expect::Any)], &token(&n.to_string())).await.unwrap()
    });
    futures::future::join_all(commits).await;
    store.commit(&[Op::put(key(0), "x", Expect::Absent)], &one).await.unwrap_err();
    store.commit(&[Op::put(key(0), "x", Expect::Any)], &token("0")).await.unwrap();
    let stats = store.stats().unwrap();
    assert_eq!((stats.commits, stats.conflicts, stats.repeats), (300, 1, 1));
    assert!(stats.groups < 100, "300 commits at once took {} flushes", stats.groups);
    assert!(stats.size_on_disk > 0);
}

#[tokio::test]
async fn expired_rows_and_tokens_are_removed_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let store = try_open(folder.path(), &clock).unwrap();
    for n in 0..50 {
        let op = if n < 40 {
            Op::put_until(key(n), "x", Expect::Any, UnixMillis(1000))
        } else {
            Op::put(key(n), "x", Expect::Any)
        };
        store.commit(&[op], &token(&n.to_string())).await.unwrap();
    }
    assert_eq!(store.purge_expired().await.unwrap(), 0);
    clock.set(UnixMillis(1000));
    assert_eq!(store.purge_expired().await.unwrap(), 40);
    assert_eq!(store.purge_expired().await.unwrap(), 0);
    clock.set(UnixMillis(TOKEN_RETENTION_MILLIS));
    store.purge_expired().await.unwrap();
    drop(store);
    // Ten rows, the format, the identity and the last commit are all that is left: no token, no
    // entry of the expiry index.
    let raw = raw(folder.path());
    let tags: Vec<u8> = raw.iter().keys().map(|key| key.unwrap()[0]).collect();
    assert_eq!(tags, [b"mmm".to_vec(), vec![b'r'; 10]].concat());
}

#[tokio::test]
async fn commits_remove_expired_rows_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let store = try_open(folder.path(), &clock).unwrap();
    let op = Op::put_until(key(1), "x", Expect::Any, UnixMillis(1000));
    store.commit(&[op], &token("1")).await.unwrap();
    clock.set(UnixMillis(1000));
    store.commit(&[Op::put(key(2), "x", Expect::Any)], &token("2")).await.unwrap();
    assert_eq!(store.stats().unwrap().purged, 1);
}

#[test]
fn a_foreign_sled_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = raw(folder.path());
    foreign.insert("hello", "world").unwrap();
    drop(foreign);
    let error = try_open(folder.path(), &Arc::default()).unwrap_err();
    insta::assert_snapshot!(message(&error, folder.path()), @"the store in [folder] is damaged: it holds data, but not in the format of this program; move the folder aside (do not delete it), start with an empty one and import the newest export");
}

#[test]
fn a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let raw = raw(folder.path());
    raw.insert("mformat", &4u32.to_be_bytes()).unwrap();
    drop(raw);
    let error = try_open(folder.path(), &Arc::default()).unwrap_err();
    insta::assert_snapshot!(message(&error, folder.path()), @"the store in [folder] has format 4, this program knows formats up to 3; use the newer program that wrote it");
}

#[test]
fn a_store_whose_log_was_lost_is_not_taken_for_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "db" || name.starts_with("snap") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let error = try_open(folder.path(), &Arc::default()).unwrap_err();
    insta::assert_snapshot!(message(&error, folder.path()), @"the store in [folder] is damaged and was left as it is: the database cannot be used: its file `db` is missing; `db` is missing. What to do: the commit log has everything up to commit 0 (1970-01-01T00:00:00Z), the last acknowledged one: `dialgraph store recover` brings it back");
    for name in ["watermark", "stopped"] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    std::fs::remove_dir_all(folder.path().join("commit-log")).unwrap();
    let error = try_open(folder.path(), &Arc::default()).unwrap_err();
    insta::assert_snapshot!(message(&error, folder.path()), @"the store in [folder] is damaged and was left as it is: the database is missing; of the store, only `conf`, `dialgraph-store` are left. What to do: bring the store back with `dialgraph store recover --from BACKUP`, or give up what cannot be brought back with `dialgraph store recover --accept-loss`; for a new store, name an empty folder in `store.folder`, or move these files away");
}

#[tokio::test]
async fn a_log_overwritten_with_garbage_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for n in 0..500 {
        let ops = [Op::put(key(n), vec![n as u8; 2000], Expect::Any)];
        store.commit(&ops, &token(&n.to_string())).await.unwrap();
    }
    drop(store);
    let log = folder.path().join("db");
    let length = std::fs::metadata(&log).unwrap().len();
    std::fs::write(&log, vec![0xa5; length as usize]).unwrap();
    let error = try_open(folder.path(), &Arc::default()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    // Nor is one that nothing tells of.
    for name in ["watermark", "stopped"] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    std::fs::remove_dir_all(folder.path().join("commit-log")).unwrap();
    let error = try_open(folder.path(), &Arc::default()).unwrap_err();
    assert!(error.to_string().contains("there is no record of what the store held"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = try_open(&file.join("store"), &Arc::default()).unwrap_err();
    insta::assert_snapshot!(message(&error, folder.path()), @"cannot create the store's folder [folder]/file/store: Not a directory (os error 20)");
}
