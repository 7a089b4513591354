//! Damages a store in every way that a disk does, many times each, and looks at what is said and
//! what comes back.
//!
//! Nothing may be lost in silence and nothing wrong be read: a store that opens holds everything;
//! one that does not is left as it is, says what is missing, and is brought back. `docs/damage.md`
//! is the table of it, written by this test
//! (`DIALGRAPH_DAMAGE_ROUNDS=20 DIALGRAPH_UPDATE_DAMAGE=1`).

#![allow(clippy::unwrap_used, reason = "a test or benchmark fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dialgraph_store::{
    Backend as _, BackupRequest, Blobs, CommitToken, Expect, Key, Needed, Op, Part, RecoverOptions,
    SledOptions, SledStore, Sort, Store as _, StoreError, UnixMillis, Until, lacking, recover,
};
use futures::executor::block_on;

/// Says how many damages of each kind: 20 for the table, fewer by default.
const ROUNDS_VARIABLE: &str = "DIALGRAPH_DAMAGE_ROUNDS";
const ROUNDS: u64 = 3;
/// Commits in the store, one after the other.
const COMMITS: u64 = 60;
/// The last of them that is in the backup.
const BACKED_UP: u64 = 40;

type Rows = BTreeMap<Key, (Vec<u8>, u64)>;

fn open(folder: &Path) -> Result<SledStore, StoreError> {
    SledStore::open(folder, Arc::new(|| UnixMillis(1_800_000_000_000)), &SledOptions::default())
}

fn key(part: &str, n: u64) -> Key {
    Key::new(&Part::new(part).unwrap(), Sort::number(n)).unwrap()
}

/// What commit `n` writes: as large as a call's state, and sometimes so large that the store has to
/// cut it.
fn value(n: u64) -> Vec<u8> {
    let mut random = Random(n);
    let length = if n % 9 == 4 { 21_000 } else { 2500 };
    (0..length).map(|_| random.next() as u8).collect()
}

/// A turn of one of seven calls.
fn turn(n: u64) -> Vec<Op> {
    let expect = Expect::Any;
    let mut ops = vec![
        Op::put(key("state", n % 7), value(n), expect),
        Op::put_until(key("journal", n), value(n + 1000), expect, UnixMillis(2_000_000_000_000)),
    ];
    if n.is_multiple_of(5) {
        ops.push(Op::delete(key("journal", n - 3), expect));
    }
    ops
}

/// What the store holds after the commit `last`.
fn expected(last: u64) -> Rows {
    let mut rows = Rows::new();
    for op in (1..=last).flat_map(turn) {
        match op {
            Op::Put { key, value, .. } => {
                let version = rows.get(&key).map_or(1, |(_, version)| version + 1);
                rows.insert(key, (value.to_vec(), version));
            }
            Op::Delete { key, .. } => {
                rows.remove(&key);
            }
            Op::Check { .. } => {}
        }
    }
    rows
}

fn rows(store: &SledStore) -> Rows {
    let mut rows = Rows::new();
    let mut after = None;
    loop {
        let walked = block_on(store.walk(after.as_ref(), 1000)).unwrap();
        rows.extend(
            walked.rows.into_iter().map(|row| (row.key, (row.value.to_vec(), row.version))),
        );
        match walked.next {
            Some(next) => after = Some(next),
            None => return rows,
        }
    }
}

fn commit(store: &SledStore, n: u64) {
    block_on(store.commit(&turn(n), &CommitToken::new(n.to_string()).unwrap())).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file with its bytes.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(bytes(&path));
        } else if path.is_file() && path.file_name().unwrap() != "lock" {
            let read = fs::read(&path).unwrap();
            all.insert(path, read);
        }
    }
    all
}

/// splitmix64: the same damages on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// The one file of `folder` whose name begins and ends so.
fn find(folder: &Path, begins: &str, ends: &str) -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(begins) && name.ends_with(ends)
        })
        .collect();
    found.sort_by_key(|path| fs::metadata(path).unwrap().len());
    found.pop().unwrap_or_else(|| panic!("there is no {begins}*{ends} in {}", folder.display()))
}

fn edit(path: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    let before = bytes.clone();
    edit(&mut bytes);
    if bytes == before {
        // A page of zeros that is zeroed is no damage.
        bytes[0] ^= 1;
    }
    fs::write(path, bytes).unwrap();
}

fn flip(path: &Path, random: &mut Random) {
    edit(path, |bytes| {
        let bit = random.below(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    });
}

/// Flips a bit of what was written, not of the room between.
fn flip_written(path: &Path, random: &mut Random) {
    edit(path, |bytes| {
        let written: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at] != 0).collect();
        bytes[written[random.below(written.len())]] ^= 1 << random.below(8);
    });
}

fn overwrite_page(path: &Path, random: &mut Random, mut with: impl FnMut(&mut Random) -> u8) {
    edit(path, |bytes| {
        let page = random.below(bytes.len().div_ceil(4096)) * 4096;
        let end = bytes.len().min(page + 4096);
        for byte in &mut bytes[page..end] {
            *byte = with(random);
        }
    });
}

fn cut(path: &Path, random: &mut Random) {
    edit(path, |bytes| {
        let end = bytes.iter().rposition(|&byte| byte != 0).unwrap();
        bytes.truncate(random.below(end));
    });
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

fn log(folder: &Path) -> PathBuf {
    find(&folder.join("commit-log"), "", ".log")
}

/// The one that was being written.
fn last_log(folder: &Path) -> PathBuf {
    let logs = bytes(&folder.join("commit-log"));
    logs.into_keys().rfind(|path| path.extension().unwrap() == "log").unwrap()
}

fn base(folder: &Path) -> PathBuf {
    find(&folder.join("commit-log"), "", ".base")
}

/// How a store was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    InOrder,
    /// As SIGKILL leaves it: sled has not written what it has in memory.
    Killed,
}

/// What comes of a damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It hit nothing that counts: everything is there, and nothing is said.
    Harmless,
    /// Everything is there, the store is used, and the damage is said.
    Said,
    /// The store is not opened, and `store recover` brings everything back.
    Refused,
    /// The store is not opened; what is left leads less far, a backup leads at least to its end,
    /// and the rest is given up only when somebody says so.
    Lost,
    /// The store is not opened, for nothing shows that there was no later commit; what is left is
    /// used only when somebody says so.
    Unproven,
    /// The store is not opened, and a backup has what is missing of the content.
    Content,
}

use Outcome::{Content, Harmless, Lost, Refused, Said, Unproven};

struct Kind {
    what: &'static str,
    left: Left,
    allowed: &'static [Outcome],
    damage: fn(&Path, &mut Random),
}

const fn kind(
    what: &'static str,
    left: Left,
    allowed: &'static [Outcome],
    damage: fn(&Path, &mut Random),
) -> Kind {
    Kind { what, left, allowed, damage }
}

/// What is outside of the store's own folder: for the damages that put an older state back, …
const OLDER: &str = "older";
/// … a part of another store, …
const OTHER: &str = "other";
/// … and one of this store as it went on elsewhere from the older state.
const COURSE: &str = "course";

/// Puts sled's files into the place of those in `folder`.
fn put_database(folder: &Path, from: &str) {
    let from = folder.parent().unwrap().join(from);
    let is_snap = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("snap.");
    bytes(folder).into_keys().filter(is_snap).for_each(|path| remove(&path));
    let of_sled = |path: &PathBuf| is_snap(path) || path.ends_with("db") || path.ends_with("conf");
    for (path, bytes) in bytes(&from).into_iter().filter(|(path, _)| of_sled(path)) {
        fs::write(folder.join(path.file_name().unwrap()), bytes).unwrap();
    }
}

/// Puts a file or folder into the place of the one of that name.
fn put(folder: &Path, from: &str, name: &str) {
    let (from, to) = (folder.parent().unwrap().join(from).join(name), folder.join(name));
    if from.is_dir() {
        fs::remove_dir_all(&to).unwrap();
        copy(&from, &to);
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// Whoever opens it waits for somebody at the other end.
fn fifo(path: &Path) {
    fs::remove_file(path).ok();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
}

fn kinds() -> Vec<Kind> {
    use Left::{InOrder, Killed};
    vec![
        kind("`db`: a bit flipped", InOrder, &[Refused, Said], |f, r| flip(&f.join("db"), r)),
        kind("`db`: a page zeroed", InOrder, &[Refused, Said], |f, r| {
            overwrite_page(&f.join("db"), r, |_| 0);
        }),
        kind("`db`: a page overwritten", InOrder, &[Refused, Said], |f, r| {
            overwrite_page(&f.join("db"), r, |r| r.next() as u8);
        }),
        kind("`db`: cut", InOrder, &[Refused], |f, r| cut(&f.join("db"), r)),
        kind("`db`: missing", InOrder, &[Refused], |f, _| remove(&f.join("db"))),
        kind("`db`: empty", InOrder, &[Refused], |f, _| fs::write(f.join("db"), "").unwrap()),
        kind("the database: put back from an older day", InOrder, &[Refused], |f, _| {
            put_database(f, OLDER);
        }),
        kind(
            "the database and `stopped`: put back from an older day",
            InOrder,
            &[Refused],
            |f, _| {
                put_database(f, OLDER);
                put(f, OLDER, "stopped");
            },
        ),
        kind("the database: of another store", InOrder, &[Refused], |f, _| put_database(f, OTHER)),
        kind("the database and `stopped`: of another store", InOrder, &[Refused], |f, _| {
            put_database(f, OTHER);
            put(f, OTHER, "stopped");
        }),
        kind("the database: of another course of the store", InOrder, &[Refused], |f, _| {
            put_database(f, COURSE);
            put(f, COURSE, "stopped");
        }),
        kind("`snap.*`: a bit flipped", InOrder, &[Refused, Said], |f, r| {
            flip(&find(f, "snap.", ""), r);
        }),
        kind("`snap.*`: missing", InOrder, &[Refused, Said], |f, _| remove(&find(f, "snap.", ""))),
        kind("`conf`: a bit flipped", InOrder, &[Refused, Said], |f, r| flip(&f.join("conf"), r)),
        kind("`conf`: missing", InOrder, &[Refused, Said], |f, _| remove(&f.join("conf"))),
        kind("commit log: a bit flipped", InOrder, &[Said], |f, r| flip(&log(f), r)),
        kind("commit log: a page zeroed", InOrder, &[Said], |f, r| {
            overwrite_page(&log(f), r, |_| 0);
        }),
        kind("commit log: cut", InOrder, &[Said], |f, r| cut(&log(f), r)),
        kind("commit log: a file missing", InOrder, &[Said], |f, _| remove(&log(f))),
        kind("base: a bit flipped", InOrder, &[Said], |f, r| flip(&base(f), r)),
        kind("base: missing", InOrder, &[Said], |f, _| remove(&base(f))),
        kind("`commit-log`: missing as a whole", InOrder, &[Said], |f, _| {
            fs::remove_dir_all(f.join("commit-log")).unwrap();
        }),
        kind("`watermark`: a bit flipped", InOrder, &[Said], |f, r| {
            flip_written(&f.join("watermark"), r);
        }),
        kind("`watermark`: missing", InOrder, &[Said], |f, _| remove(&f.join("watermark"))),
        kind("commit log: put back from an older day", InOrder, &[Said], |f, _| {
            put(f, OLDER, "commit-log");
        }),
        kind("commit log: of another store", InOrder, &[Refused], |f, _| {
            put(f, OTHER, "commit-log");
        }),
        kind("commit log: a file of another store in it", InOrder, &[Refused], |f, _| {
            let stray = log(&f.parent().unwrap().join(OTHER));
            fs::copy(stray, f.join("commit-log/00000000000000000999.log")).unwrap();
        }),
        kind("`watermark`: of another store", InOrder, &[Refused], |f, _| {
            put(f, OTHER, "watermark");
        }),
        kind("`watermark`: a FIFO", InOrder, &[Refused], |f, _| fifo(&f.join("watermark"))),
        kind("`stopped`: a FIFO", InOrder, &[Refused], |f, _| fifo(&f.join("stopped"))),
        kind("`commit-log`: a FIFO in it", InOrder, &[Refused], |f, _| {
            fifo(&f.join("commit-log/00000000000000000999.log"));
        }),
        kind("`db`: a folder", InOrder, &[Refused], |f, _| {
            remove(&f.join("db"));
            fs::create_dir(f.join("db")).unwrap();
        }),
        kind("`watermark`: a folder", InOrder, &[Refused], |f, _| {
            remove(&f.join("watermark"));
            fs::create_dir(f.join("watermark")).unwrap();
        }),
        kind("`dialgraph-store`: missing", InOrder, &[Said], |f, _| {
            remove(&f.join("dialgraph-store"));
        }),
        kind("`dialgraph-store`: of another store", InOrder, &[Refused], |f, _| {
            put(f, OTHER, "dialgraph-store");
        }),
        kind("`content`: missing", InOrder, &[Content], |f, _| {
            fs::remove_dir_all(f.join("content")).unwrap();
        }),
        kind("`content`: a bit flipped", InOrder, &[Content], |f, r| {
            let blobs: Vec<PathBuf> = bytes(&f.join("content")).into_keys().collect();
            flip(&blobs[r.below(blobs.len())], r);
        }),
        kind("`content`: missing", Killed, &[Content], |f, _| {
            fs::remove_dir_all(f.join("content")).unwrap();
        }),
        kind("`stopped`: a bit flipped", InOrder, &[Said], |f, r| flip(&f.join("stopped"), r)),
        kind("`db`: a bit flipped", Killed, &[Refused, Harmless], |f, r| flip(&f.join("db"), r)),
        kind("`db`: a page zeroed", Killed, &[Refused, Harmless], |f, r| {
            overwrite_page(&f.join("db"), r, |_| 0);
        }),
        kind("`db`: cut", Killed, &[Refused, Harmless], |f, r| cut(&f.join("db"), r)),
        kind("`db`: missing", Killed, &[Refused], |f, _| remove(&f.join("db"))),
        kind("base: a bit flipped", Killed, &[Said], |f, r| flip(&base(f), r)),
        kind("the database: put back from an older day", Killed, &[Refused], |f, _| {
            put_database(f, OLDER);
        }),
        kind("the database: of another store", Killed, &[Refused], |f, _| put_database(f, OTHER)),
        kind("`watermark`: missing", Killed, &[Unproven], |f, _| remove(&f.join("watermark"))),
        kind("commit log and `watermark`: missing", Killed, &[Unproven], |f, _| {
            remove(&f.join("watermark"));
            fs::remove_dir_all(f.join("commit-log")).unwrap();
        }),
        kind(
            "commit log and `watermark`: put back from an older day",
            Killed,
            &[Unproven],
            |f, _| {
                put(f, OLDER, "commit-log");
                put(f, OLDER, "watermark");
            },
        ),
        kind("commit log: cut, and `watermark`: missing", Killed, &[Unproven, Lost], |f, r| {
            cut(&last_log(f), r);
            remove(&f.join("watermark"));
        }),
        kind("commit log: its last file missing, and `watermark`", Killed, &[Unproven], |f, _| {
            remove(&last_log(f));
            remove(&f.join("watermark"));
        }),
        kind(
            "the database put back, commit log, `watermark` and `stopped` missing",
            InOrder,
            &[Unproven],
            |f, _| {
                put_database(f, OLDER);
                remove(&f.join("watermark"));
                remove(&f.join("stopped"));
                fs::remove_dir_all(f.join("commit-log")).unwrap();
            },
        ),
        kind("`db` missing, commit log cut", InOrder, &[Lost], |f, r| {
            remove(&f.join("db"));
            cut(&log(f), r);
        }),
        kind("`db` missing, base: a bit flipped", InOrder, &[Lost], |f, r| {
            remove(&f.join("db"));
            flip(&base(f), r);
        }),
        kind("`db` cut, commit log: a bit flipped", InOrder, &[Lost, Refused], |f, r| {
            cut(&f.join("db"), r);
            flip(&log(f), r);
        }),
        kind("`db` and `commit-log` missing", InOrder, &[Lost], |f, _| {
            remove(&f.join("db"));
            fs::remove_dir_all(f.join("commit-log")).unwrap();
        }),
        kind(
            "commit log: cut, and what sled had not written",
            Killed,
            &[Lost, Unproven],
            |f, r| {
                cut(&last_log(f), r);
            },
        ),
    ]
}

fn options(from: &[&Path], accept_loss: bool) -> RecoverOptions {
    RecoverOptions {
        from: from.iter().map(|path| path.to_path_buf()).collect(),
        until: Until::Last,
        accept_loss,
        dry_run: false,
        now: UnixMillis(1_800_000_000_000),
        lock_patience: Duration::from_secs(5),
    }
}

/// Everything is there, and nothing is to be found any more.
fn is_whole(folder: &Path, last: u64, told: &str) {
    let store = open(folder).unwrap_or_else(|error| panic!("{told}: {error}"));
    assert!(rows(&store) == expected(last), "{told}: other rows than after commit {last}");
    assert_eq!(noticed(&store), Vec::<String>::new(), "{told}");
    assert_eq!(store.inspect().unwrap(), Vec::<String>::new(), "{told}");
    assert!(lacking(folder).unwrap().is_empty(), "{told}");
    commit(&store, last + 1);
}

/// As a server opens it: not before all content that calls need is there.
fn start(folder: &Path) -> Result<SledStore, StoreError> {
    lacking(folder)?.none_in(folder)?;
    open(folder)
}

fn noticed(store: &SledStore) -> Vec<String> {
    loop {
        match store.noticed() {
            Some(noticed) => return noticed,
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// What comes of a store that was damaged; `told` says which.
fn outcome(folder: &Path, backup: &Path, told: &str) -> Outcome {
    let before = bytes(folder);
    match start(folder) {
        Ok(store) => {
            assert!(rows(&store) == expected(COMMITS), "{told}: opened with other rows");
            let noticed = noticed(&store);
            assert_eq!(store.inspect().unwrap(), Vec::<String>::new(), "{told}: {noticed:?}");
            drop(store);
            is_whole(folder, COMMITS, told);
            if noticed.is_empty() { Harmless } else { Said }
        }
        Err(StoreError::Damaged { found, remedy, .. }) => {
            assert!(
                !found.is_empty() && remedy.contains("dialgraph store recover"),
                "{told}: {remedy}"
            );
            assert!(bytes(folder) == before, "{told}: something was changed");
            if found.contains("the content sha256:") {
                let done = recover(folder, &options(&[backup], false)).unwrap();
                assert!((done.commit, done.lost) == (COMMITS, 0) && done.blobs > 0, "{done:?}");
                is_whole(folder, COMMITS, told);
                return Content;
            }
            match recover(folder, &options(&[], false)) {
                Ok(done) => {
                    assert!(remedy.contains("has everything up to commit"), "{told}: {remedy}");
                    assert_eq!((done.commit, done.lost), (COMMITS, 0), "{told}");
                    is_whole(folder, COMMITS, told);
                    Refused
                }
                Err(StoreError::Recovery { detail })
                    if detail.contains("later commits were acknowledged") =>
                {
                    assert!(bytes(folder) == before, "{told}: something was changed");
                    assert!(found.contains("was not shut down cleanly"), "{told}: {found}");
                    let done = recover(folder, &options(&[], true)).unwrap();
                    assert!(done.unproven.is_some() && done.commit <= COMMITS, "{told}: {done:?}");
                    is_whole(folder, done.commit, told);
                    Unproven
                }
                Err(StoreError::Recovery { .. }) => {
                    assert!(bytes(folder) == before, "{told}: something was changed");
                    lost(folder, backup, told);
                    Lost
                }
                Err(error) => panic!("{told}: {error}"),
            }
        }
        Err(error) => panic!("{told}: {error}"),
    }
}

/// What is left leads less far: the way by the backup, and the one without.
fn lost(folder: &Path, backup: &Path, told: &str) {
    let other = folder.with_extension("backup");
    copy(folder, &other);
    let from_backup = recover(&other, &options(&[backup], true)).unwrap();
    assert!(from_backup.commit >= BACKED_UP, "{told}: {from_backup:?}");
    is_whole(&other, from_backup.commit, told);
    fs::remove_dir_all(&other).unwrap();

    let done = recover(folder, &options(&[], true)).unwrap();
    assert!(done.commit < COMMITS && done.commit + done.lost == COMMITS, "{told}: {done:?}");
    is_whole(folder, done.commit, told);
}

/// Memory, where there is such a disk: thousands of syncs are made here.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

#[test]
fn no_damage_is_silent_and_none_costs_what_was_promised() {
    let scratch = scratch();
    let place = |name: &str| scratch.path().join(name);
    let store = open(&place("live")).unwrap();
    (1..=COMMITS / 2).for_each(|n| commit(&store, n));
    drop(store);
    copy(&place("live"), &place(OLDER));
    let other = open(&place(OTHER)).unwrap();
    (1..=COMMITS / 2 + 7).for_each(|n| commit(&other, n));
    drop(other);
    // It went on from the same commit, to as many others.
    copy(&place(OLDER), &place(COURSE));
    let course = open(&place(COURSE)).unwrap();
    (COMMITS / 2 + 1..=COMMITS).for_each(|n| commit(&course, n + 500));
    drop(course);
    let content = Blobs::open(place("live/content")).unwrap();
    let needed = [b"a flow".to_vec(), vec![7; 50_000]].map(|bytes| Needed {
        digest: content.put(&bytes).unwrap(),
        by: "release 1".to_owned(),
        is_live: true,
    });
    content.note_needed(&needed).unwrap();
    // A second run of the store, so that its log has two files.
    let store = open(&place("live")).unwrap();
    for n in COMMITS / 2 + 1..=COMMITS {
        commit(&store, n);
        if n == BACKED_UP {
            // When the second is made, sled has been synced after the first: whatever the machine
            // is busy with, the database of an older day is behind what is known to be synced.
            for folder in ["backup", "another-backup"] {
                let folder = place(folder);
                let request = BackupRequest { folder, incremental: false, keep: None };
                block_on(store.backup(request, content.clone())).unwrap();
            }
        }
    }
    copy(&place("live"), &place("killed"));
    drop(store);

    let rounds = std::env::var(ROUNDS_VARIABLE).map_or(ROUNDS, |text| text.parse::<u64>().unwrap());
    let kinds = kinds();
    let came: Vec<Mutex<Vec<Outcome>>> = kinds.iter().map(|_| Mutex::default()).collect();
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            let (index, round) = ((job / rounds) as usize, job % rounds);
            let Some(kind) = kinds.get(index) else { return };
            let left = match kind.left {
                Left::InOrder => "live",
                Left::Killed => "killed",
            };
            let told = format!("{} ({:?}), damage {round}", kind.what, kind.left);
            let folder = place(&format!("damaged-{job}"));
            copy(&place(left), &folder);
            (kind.damage)(&folder, &mut Random(index as u64 * 1000 + round));
            let outcome = outcome(&folder, &place("backup"), &told);
            assert!(kind.allowed.contains(&outcome), "{told}: {outcome:?}");
            came[index].lock().unwrap().push(outcome);
            fs::remove_dir_all(&folder).unwrap();
        }
    };
    // Most of the time is waiting for threads of sled to end.
    std::thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(work))));
    for (kind, came) in kinds.iter().zip(&came) {
        let came = came.lock().unwrap();
        assert_eq!(came.len() as u64, rounds);
        println!("{:50} {:?} {:?}", kind.what, kind.left, counted(&came));
    }
    current(&kinds.iter().map(line).collect::<String>());
}

fn counted(came: &[Outcome]) -> Vec<(Outcome, usize)> {
    [Harmless, Said, Refused, Lost, Unproven, Content]
        .into_iter()
        .map(|outcome| (outcome, came.iter().filter(|came| **came == outcome).count()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn line(kind: &Kind) -> String {
    let left = match kind.left {
        Left::InOrder => "stopped in order",
        Left::Killed => "killed",
    };
    let said: Vec<&str> = kind
        .allowed
        .iter()
        .map(|outcome| match outcome {
            Harmless => "nothing, where nothing that counts was hit",
            Said => "it starts, and says what is damaged",
            Refused => "it does not start, and says what is missing since when",
            Lost => "it does not start, and says what is missing since when and how far one gets",
            Unproven => {
                "it does not start, and says what is missing that would tell the last commit"
            }
            Content => {
                "it does not start, and names what is missing and which release is made of it"
            }
        })
        .collect();
    let until = if kind.allowed == [Content] {
        "the last commit, the content from a backup"
    } else if !kind.allowed.contains(&Lost) && kind.allowed.contains(&Unproven) {
        "the last commit that is there, with `--accept-loss`"
    } else if kind.allowed.contains(&Lost) {
        "from a backup to its end at least; without, to where what is left leads, with `--accept-loss`"
    } else {
        "the last commit"
    };
    format!("| {} | {left} | {} | {until} |\n", kind.what, said.join("; or "))
}

fn current(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/damage.md");
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("<!-- table -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- end -->\n").unwrap();
    let heading =
        "| what is damaged | store was | what is said | brought back to |\n|---|---|---|---|\n";
    let new = format!("{head}<!-- table -->\n{heading}{table}<!-- end -->\n{tail}");
    if std::env::var_os("DIALGRAPH_UPDATE_DAMAGE").is_some() {
        fs::write(&path, new).unwrap();
    } else {
        assert!(text == new, "docs/damage.md is out of date: DIALGRAPH_UPDATE_DAMAGE=1");
    }
}
