//! Backups that are made while commits go on, and stores that are made from them.

#![allow(clippy::unwrap_used, reason = "a test or benchmark fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dialgraph_store::{
    Backend as _, BackupDone, BackupRequest, Blobs, Clock, CommitToken, Expect, Key, Keyring,
    ManualClock, Op, Part, RecoverOptions, Sealed, SledOptions, SledStore, Sort, Store, StoreError,
    UnixMillis, Until, recover,
};

fn clock(at: u64) -> Arc<ManualClock> {
    Arc::new(ManualClock::new(UnixMillis(at)))
}

fn open(folder: &Path, clock: &Arc<ManualClock>) -> SledStore {
    let clock: Arc<dyn Clock> = clock.clone();
    SledStore::open(folder, clock, &SledOptions::default()).unwrap()
}

fn key(part: &str, n: u64) -> Key {
    Key::new(&Part::new(part).unwrap(), Sort::number(n)).unwrap()
}

async fn put(store: &dyn Store, key: Key, value: Vec<u8>, token: &str) {
    let op = Op::put(key, value, Expect::Any);
    store.commit(&[op], &CommitToken::new(token).unwrap()).await.unwrap();
}

fn request(folder: &Path, incremental: bool) -> BackupRequest {
    BackupRequest { folder: folder.to_path_buf(), incremental, keep: None }
}

fn options(from: &Path, until: Until) -> RecoverOptions {
    RecoverOptions {
        from: vec![from.to_path_buf()],
        until,
        accept_loss: false,
        dry_run: false,
        now: UnixMillis(9_000),
        lock_patience: Duration::from_secs(5),
    }
}

async fn values(store: &SledStore) -> BTreeMap<Key, Vec<u8>> {
    let mut values = BTreeMap::new();
    let mut after = None;
    loop {
        let walked = store.walk(after.as_ref(), 1000).await.unwrap();
        values.extend(walked.rows.into_iter().map(|row| (row.key, row.value.to_vec())));
        match walked.next {
            Some(next) => after = Some(next),
            None => return values,
        }
    }
}

/// All bytes of all files below `folder`.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(all_bytes(&path));
        } else {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn join(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn content(&self) -> Blobs {
        Blobs::open(self.join("store/content")).unwrap()
    }
}

/// Ten writers go on while full and incremental backups are made; each of them becomes a store that
/// holds every commit that was answered before it was asked for, and of each writer a whole prefix.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_made_while_commits_go_on_are_whole() {
    let place = Place::new();
    let clock = clock(1000);
    let store = Arc::new(open(&place.join("store"), &clock));
    let content = place.content();
    let plugin = content.put(b"a plugin").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let answered: Arc<Vec<AtomicU64>> = Arc::new((0..10).map(|_| AtomicU64::new(0)).collect());
    let writers: Vec<_> = (0..10u64)
        .map(|writer| {
            let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                let mut n = 0u64;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    // The state, the journal, and now and then something that the store has to cut.
                    let size = if n % 7 == 3 { 9000 } else { 300 };
                    let value = [n.to_be_bytes().as_slice(), &vec![n as u8; size]].concat();
                    let ops = [
                        Op::put(key("state", writer), value.clone(), Expect::Any),
                        Op::put(key(&format!("journal/{writer}"), n), value, Expect::Absent),
                    ];
                    let token = CommitToken::new(format!("{writer}/{n}")).unwrap();
                    store.commit(&ops, &token).await.unwrap();
                    answered[writer as usize].store(n, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let backup = place.join("backup");
    let mut made: Vec<(BackupDone, Vec<u64>)> = Vec::new();
    for round in 0..4 {
        let before: Vec<u64> = answered.iter().map(|n| n.load(Ordering::SeqCst)).collect();
        let target = before[0] + 20;
        let done = store.backup(request(&backup, round % 3 != 0), content.clone()).await.unwrap();
        assert_eq!(done.full, round % 3 == 0, "{done:?}");
        made.push((done, before));
        while answered[0].load(Ordering::SeqCst) < target {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!((made[0].0.blobs, made[1].0.blobs), (1, 0));

    for (index, (done, before)) in made.iter().enumerate() {
        let folder = place.join(&format!("restored-{index}"));
        let recovered = recover(&folder, &options(&backup, Until::Commit(done.commit))).unwrap();
        assert_eq!((recovered.commit, recovered.blobs), (done.commit, 1), "{recovered:?}");
        let restored = open(&folder, &clock);
        assert_eq!(restored.inspect().unwrap(), Vec::<String>::new());
        for (writer, before) in (0..).zip(before) {
            let state = restored.get(&key("state", writer)).await.unwrap();
            let reached = state.as_ref().map_or(0, |row| row.version);
            assert!(reached >= *before, "backup {index}, writer {writer}: {reached} < {before}");
            if let Some(row) = state {
                assert_eq!(u64::from_be_bytes(*row.value.first_chunk().unwrap()), reached);
            }
            for n in 1..=reached + 1 {
                let journal = restored.get(&key(&format!("journal/{writer}"), n)).await.unwrap();
                assert_eq!(journal.is_some(), n <= reached, "backup {index}, {writer}/{n}");
            }
        }
        let there = Blobs::open(folder.join("content")).unwrap();
        assert_eq!(there.get(&plugin).unwrap().unwrap(), b"a plugin");
    }
}

#[tokio::test]
async fn a_store_is_had_back_as_of_any_commit_and_any_instant_since_the_backup() {
    let place = Place::new();
    let clock = clock(1000);
    let store = open(&place.join("store"), &clock);
    let backup = place.join("backup");
    let mut states = vec![BTreeMap::new()];
    for n in 1..=12u64 {
        clock.set(UnixMillis(1000 * n));
        put(&store, key("state", n % 3), vec![n as u8; 5000], &n.to_string()).await;
        states.push(values(&store).await);
        if n == 4 {
            assert!(store.backup(request(&backup, false), place.content()).await.unwrap().full);
        }
        if n == 12 {
            let done = store.backup(request(&backup, true), place.content()).await.unwrap();
            assert_eq!((done.full, done.commit, done.at), (false, 12, UnixMillis(12_000)));
        }
    }
    for n in 4..=12 {
        for (how, until) in
            [Until::Commit(n), Until::Time(UnixMillis(1000 * n + 999))].into_iter().enumerate()
        {
            let folder = place.join(&format!("restored-{n}-{how}"));
            let done = recover(&folder, &options(&backup, until)).unwrap();
            assert_eq!((done.commit, done.at), (n, UnixMillis(1000 * n)));
            let restored = open(&folder, &clock);
            assert!(values(&restored).await == states[n as usize], "commit {n}");
            // It goes on from there, and its token is remembered.
            put(&restored, key("state", 0), b"again".to_vec(), &n.to_string()).await;
            assert!(values(&restored).await == states[n as usize], "the token of {n} is forgotten");
        }
    }
    let before = recover(place.join("early"), &options(&backup, Until::Commit(3))).unwrap_err();
    insta::assert_snapshot!(before, @"no commit can be recovered from the readable files. Name a backup with --from, or start with an empty store with --accept-loss");
    let later = recover(place.join("late"), &options(&backup, Until::Commit(13))).unwrap_err();
    insta::assert_snapshot!(later, @"none of the sources holds that state; the nearest that can be recovered is commit 12 (1970-01-01T00:00:12Z). Name a backup that has more with --from");
    drop(store);

    // The store itself, taken back; what was there is kept aside, and the next backup begins anew.
    let done = recover(place.join("store"), &options(&backup, Until::Commit(7))).unwrap();
    assert_eq!((done.commit, done.lost, done.promised), (7, 5, Some(12)));
    assert!(done.aside.unwrap().join("commit-log").is_dir());
    let store = open(&place.join("store"), &clock);
    assert!(values(&store).await == states[7]);
    put(&store, key("state", 9), b"another eighth".to_vec(), "other").await;
    let again = store.backup(request(&backup, true), place.content()).await.unwrap();
    assert!(again.full && again.why_full.is_some());
}

#[tokio::test]
async fn an_incremental_backup_is_full_where_it_cannot_follow_and_old_ones_go() {
    let place = Place::new();
    let clock = clock(1000);
    let store = open(&place.join("store"), &clock);
    let backup = place.join("backup");
    let mut reasons = Vec::new();
    for n in 1..=5u64 {
        put(&store, key("state", n), vec![7; 100], &n.to_string()).await;
        if n == 3 {
            store.cut_log().await.unwrap();
        }
        let request = BackupRequest { keep: Some(1), ..request(&backup, n != 5) };
        let done = store.backup(request, place.content()).await.unwrap();
        reasons.push((n, done.full, done.why_full));
    }
    insta::assert_debug_snapshot!(reasons, @r#"
    [
        (
            1,
            true,
            Some(
                "the folder holds no full backup of this store yet",
            ),
        ),
        (
            2,
            false,
            None,
        ),
        (
            3,
            true,
            Some(
                "the commit log no longer goes back to commit 2, with which the last backup ends",
            ),
        ),
        (
            4,
            false,
            None,
        ),
        (
            5,
            true,
            None,
        ),
    ]
    "#);
    let files: Vec<String> = std::fs::read_dir(&backup)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("commit-log"))
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files.iter().filter(|name| name.ends_with(".base")).count(), 1, "{files:?}");
    let done = recover(place.join("restored"), &options(&backup, Until::Last)).unwrap();
    assert_eq!(done.commit, 5);
}

#[tokio::test]
async fn a_damaged_backup_is_said_to_be_and_leads_only_as_far_as_it_is_whole() {
    let place = Place::new();
    let clock = clock(1000);
    let store = open(&place.join("store"), &clock);
    let backup = place.join("backup");
    for n in 1..=6u64 {
        put(&store, key("state", n), vec![n as u8; 3000], &n.to_string()).await;
        store.backup(request(&backup, n > 1), place.content()).await.unwrap();
    }
    let log = backup.join(
        std::fs::read_dir(&backup)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .find(|name| name.to_str().unwrap().starts_with("commit-log"))
            .unwrap(),
    );
    let fourth = log.join(format!("{:020}.log", 4));
    let mut bytes = std::fs::read(&fourth).unwrap();
    bytes[1500] ^= 4;
    std::fs::write(&fourth, bytes).unwrap();
    let refused = recover(place.join("restored"), &options(&backup, Until::Last)).unwrap_err();
    assert!(refused.to_string().contains("the 3 commits after it"), "{refused}");
    let options = |from: &Path, until| RecoverOptions { accept_loss: true, ..options(from, until) };
    let done = recover(place.join("restored"), &options(&backup, Until::Last)).unwrap();
    assert_eq!((done.commit, done.lost), (3, 3));
    assert!(done.unreadable[0].contains("it is damaged where commit 4 should be"), "{done:?}");
    let empty = place.join("nothing");
    std::fs::create_dir_all(&empty).unwrap();
    let error = recover(place.join("other"), &options(&empty, Until::Last)).unwrap_err();
    assert!(error.to_string().starts_with("there is no backup in "), "{error}");
}

#[tokio::test]
async fn log_and_backup_of_a_sealed_store_hold_only_what_is_sealed_and_open_with_its_key() {
    let place = Place::new();
    let clock = clock(1000);
    let ring = || Keyring::parse(&"5a".repeat(32), "test").unwrap();
    let secret = b"my account number is 99-1234";
    let backup = place.join("backup");
    let clear = open(&place.join("clear"), &clock);
    put(&clear, key("call", 1), secret.to_vec(), "t").await;
    drop(clear);
    assert!(holds(&all_bytes(&place.join("clear")), secret), "the search finds nothing at all");
    {
        let sled = Arc::new(open(&place.join("store"), &clock));
        let store = Sealed::open(Arc::clone(&sled), ring()).await.unwrap();
        put(&store, key("call", 1), secret.to_vec(), "t1").await;
        sled.backup(request(&backup, false), place.content()).await.unwrap();
        put(&store, key("call", 2), secret.to_vec(), "t2").await;
        sled.backup(request(&backup, true), place.content()).await.unwrap();
    }
    assert!(!holds(&all_bytes(place.root.path().join("store").as_path()), secret));
    assert!(!holds(&all_bytes(&backup), secret));
    recover(place.join("restored"), &options(&backup, Until::Last)).unwrap();
    let restored = Sealed::open(open(&place.join("restored"), &clock), ring()).await.unwrap();
    for n in [1, 2] {
        assert_eq!(restored.get(&key("call", n)).await.unwrap().unwrap().value, secret.as_slice());
    }
}

#[tokio::test]
async fn what_was_removed_is_gone_from_the_log_once_it_is_cut() {
    let place = Place::new();
    let clock = clock(1000);
    let store = open(&place.join("store"), &clock);
    let secret = b"Kim Min-jun, 010-1234-5678";
    put(&store, key("customer", 1), secret.to_vec(), "t1").await;
    let op = Op::delete(key("customer", 1), Expect::Any);
    store.commit(&[op], &CommitToken::new("t2").unwrap()).await.unwrap();
    let log = place.join("store/commit-log");
    assert!(holds(&all_bytes(&log), secret));
    store.cut_log().await.unwrap();
    assert!(!holds(&all_bytes(&log), secret));
    put(&store, key("customer", 2), b"another".to_vec(), "t3").await;
    assert_eq!(store.inspect().unwrap(), Vec::<String>::new());
    drop(store);
    // It can still be made anew.
    std::fs::remove_file(place.join("store/db")).unwrap();
    let done = recover(
        place.join("store"),
        &RecoverOptions { from: Vec::new(), ..options(&place.join("none"), Until::Last) },
    )
    .unwrap();
    assert_eq!((done.commit, done.lost), (3, 0));
    let store = open(&place.join("store"), &clock);
    assert_eq!(store.get(&key("customer", 1)).await.unwrap(), None);
    assert_eq!(store.get(&key("customer", 2)).await.unwrap().unwrap().value, "another");
}

/// What the marker file said before stores had an identity.
const NAMELESS: &str = "This folder is a Dialgraph store. Copy or move it only as a whole.\n";

#[tokio::test]
async fn a_store_from_before_the_log_opens_and_gets_one() {
    let place = Place::new();
    let clock = clock(1000);
    let folder = place.join("store");
    let store = open(&folder, &clock);
    for n in 0..30u64 {
        put(&store, key("state", n), vec![n as u8; 6000], &n.to_string()).await;
    }
    let before = values(&store).await;
    drop(store);
    // As an older program left it.
    for name in ["watermark", "stopped", "lock"] {
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    std::fs::remove_dir_all(folder.join("commit-log")).unwrap();
    let raw = sled::open(&folder).unwrap();
    raw.remove("mcommit").unwrap();
    raw.remove("midentity").unwrap();
    raw.insert("mformat", &1u32.to_be_bytes()).unwrap();
    drop(raw);
    std::fs::write(folder.join("dialgraph-store"), NAMELESS).unwrap();

    let store = open(&folder, &clock);
    assert!(values(&store).await == before);
    assert_eq!(store.inspect().unwrap(), Vec::<String>::new());
    drop(store);
    // The older program would commit past the log, and is to stop.
    std::fs::remove_file(folder.join("stopped")).unwrap();
    let raw = sled::open(&folder).unwrap();
    assert_eq!(raw.get("mformat").unwrap().unwrap(), 3u32.to_be_bytes());
    drop(raw);
    std::fs::remove_file(folder.join("db")).unwrap();
    let clock: Arc<dyn Clock> = clock;
    let refused = SledStore::open(&folder, clock.clone(), &SledOptions::default()).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    recover(&folder, &RecoverOptions { from: Vec::new(), ..options(&folder, Until::Last) })
        .unwrap();
    let store = SledStore::open(&folder, clock, &SledOptions::default()).unwrap();
    assert!(values(&store).await == before);
}

#[tokio::test]
async fn a_backup_takes_no_place_of_the_store_and_leaves_what_is_not_its_own() {
    let place = Place::new();
    let clock = clock(1000);
    let store = open(&place.join("store"), &clock);
    put(&store, key("state", 1), vec![1; 100], "t1").await;
    std::os::unix::fs::symlink(place.join("store"), place.join("link")).unwrap();
    for (name, how) in [
        ("store", "is the store's folder"),
        ("link", "is the store's folder"),
        ("store/backups/new", "lies in the store's folder"),
        ("nowhere/../link/backups", "lies in the store's folder"),
        (".", "holds the store's folder"),
    ] {
        let refused =
            store.backup(request(&place.join(name), false), place.content()).await.unwrap_err();
        assert!(refused.to_string().contains(how), "{name}: {refused}");
    }
    assert!(!place.join("store/backups").exists());

    let backup = place.join("backup");
    let other = format!("commit-log-{}", "0a".repeat(16));
    for name in [other.as_str(), "commit-log-of-last-year", "commit-log"] {
        std::fs::create_dir_all(backup.join(name)).unwrap();
        std::fs::write(backup.join(name).join("kept"), "kept").unwrap();
    }
    for n in 2..5u64 {
        put(&store, key("state", n), vec![1; 100], &n.to_string()).await;
        let request = BackupRequest { keep: Some(1), ..request(&backup, false) };
        store.backup(request, place.content()).await.unwrap();
    }
    for name in [other.as_str(), "commit-log-of-last-year", "commit-log"] {
        assert!(backup.join(name).join("kept").exists(), "{name}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A cold copy takes the store back in time without its knowing; the backups made meanwhile are of
/// another course.
#[tokio::test]
async fn a_backup_after_a_cold_restore_is_full_and_leaves_the_other_course_whole() {
    for commits_after in [1, 3, 6] {
        let place = Place::new();
        let clock = clock(1000);
        let (folder, backup) = (place.join("store"), place.join("backup"));
        let store = open(&folder, &clock);
        put(&store, key("state", 1), b"1".to_vec(), "t1").await;
        drop(store);
        copy(&folder, &place.join("cold"));
        let store = open(&folder, &clock);
        for n in 2..5 {
            put(&store, key("state", n), b"lost".to_vec(), &format!("t{n}")).await;
            store.backup(request(&backup, n > 2), place.content()).await.unwrap();
        }
        drop(store);
        std::fs::remove_dir_all(&folder).unwrap();
        copy(&place.join("cold"), &folder);
        let store = open(&folder, &clock);
        clock.set(UnixMillis(5000));
        for n in 0..commits_after {
            put(&store, key("other", n), b"new".to_vec(), &format!("n{n}")).await;
        }
        let now = values(&store).await;
        let done = store.backup(request(&backup, true), place.content()).await.unwrap();
        assert!(done.full, "{done:?}");
        let why = done.why_full.unwrap();
        assert!(why.contains("restored to an earlier state"), "{why}");
        recover(place.join("new"), &options(&backup, Until::Last)).unwrap();
        assert!(values(&open(&place.join("new"), &clock)).await == now);
        // What was there before can be had, too.
        let aside = place.join("backup/other-course-5000");
        recover(place.join("old"), &options(&aside, Until::Last)).unwrap();
        let old = open(&place.join("old"), &clock);
        assert_eq!(old.get(&key("state", 4)).await.unwrap().unwrap().value, "lost");
        put(&store, key("other", 9), b"new".to_vec(), "n9").await;
        assert!(!store.backup(request(&backup, true), place.content()).await.unwrap().full);
    }
}

#[tokio::test]
async fn what_a_sudden_end_left_unfinished_is_removed() {
    let place = Place::new();
    let clock = clock(1000);
    let (folder, backup) = (place.join("store"), place.join("backup"));
    let store = open(&folder, &clock);
    put(&store, key("state", 1), b"1".to_vec(), "t1").await;
    store.backup(request(&backup, false), place.content()).await.unwrap();
    let history = std::fs::read_dir(&backup)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("commit-log-"))
        .unwrap();
    let in_backup = history.join("00000000000000000007.unfinished");
    let in_log = folder.join("commit-log/00000000000000000007.unfinished");
    for path in [&in_backup, &in_log] {
        std::fs::write(path, "half").unwrap();
    }
    store.backup(request(&backup, true), place.content()).await.unwrap();
    store.cut_log().await.unwrap();
    assert!(!in_backup.exists() && !in_log.exists());
    drop(store);
    std::fs::write(&in_log, "half").unwrap();
    std::fs::create_dir_all(folder.join("recovering/blobs")).unwrap();
    drop(open(&folder, &clock));
    assert!(!in_log.exists() && !folder.join("recovering").exists());
}
