//! Stores from before stores had an identity go on, and get one.

use std::fs;
use std::sync::Arc;

use futures::executor::block_on;

use super::*;
use crate::key::{Part, Sort};
use crate::store::Expect;
use crate::wal::identity::Marker;
use crate::wal::stopped::{self, Stopped};
use crate::wal::{archive, base, frame, log, watermark};
use crate::{ManualClock, UnixMillis};

fn key(n: u64) -> Key {
    Key::new(&Part::new("part").unwrap(), Sort::number(n)).unwrap()
}

fn try_open(folder: &Path) -> Result<SledStore, StoreError> {
    SledStore::open(folder, Arc::new(ManualClock::default()), &SledOptions::default())
}

fn open(folder: &Path) -> SledStore {
    try_open(folder).unwrap()
}

fn put(store: &SledStore, n: u64) {
    let op = Op::put(key(n), vec![n as u8; 3000], Expect::Absent);
    block_on(store.commit(&[op], &CommitToken::new(n.to_string()).unwrap())).unwrap();
}

fn has(store: &SledStore, numbers: std::ops::Range<u64>) {
    for n in numbers {
        let row = block_on(store.get(&key(n))).unwrap().unwrap();
        assert_eq!(row.value, vec![n as u8; 3000]);
    }
}

/// Makes the store one as an older program would have left it.
fn forget_identity(folder: &Path) {
    let options = SledOptions::default();
    let note = Stopped::read(folder).unwrap();
    let db = open::open_database(folder, &options).unwrap();
    db.remove(codec::IDENTITY_KEY).unwrap();
    db.insert(codec::FORMAT_KEY, &2u32.to_be_bytes()).unwrap();
    db.flush().unwrap();
    drop(db);
    // sled lets go of its files a moment later.
    drop(open::open_database(folder, &options).unwrap());
    let words = "This folder is a Dialgraph store. Copy or move it only as a whole.\n";
    fs::write(folder.join("dialgraph-store"), words).unwrap();

    let log_folder = folder.join(crate::wal::FOLDER);
    for (suffix, magic) in
        [(base::SUFFIX, b"dialgraph base1\n"), (log::SUFFIX, b"dialgraph log 1\n")]
    {
        for (_, path) in archive::files(&log_folder, suffix).unwrap() {
            let bytes = fs::read(&path).unwrap();
            let mut rest = bytes.as_slice();
            let mut piece = Vec::new();
            assert_eq!(frame::read(&mut rest, &mut piece).unwrap(), frame::Piece::Whole);
            let mut old = Vec::new();
            let start = frame::open(&mut old);
            old.extend_from_slice(magic);
            old.extend_from_slice(&piece[16..40]);
            frame::close(&mut old, start);
            fs::write(&path, [&old, rest].concat()).unwrap();
        }
    }
    let path = folder.join(watermark::FILE);
    let bytes = fs::read(&path).unwrap();
    let mut old = vec![0; 4096 + 80];
    for at in [0, 4096] {
        let mut slot = b"dgwater1".to_vec();
        slot.extend_from_slice(&bytes[at + 8..at + 72]);
        let hash = twox_hash::XxHash3_64::oneshot(&slot);
        slot.extend_from_slice(&hash.to_be_bytes());
        old[at..at + slot.len()].copy_from_slice(&slot);
    }
    fs::write(&path, old).unwrap();
    if let Some(note) = note {
        let files = stopped::sums(folder, &database::database_files(folder).unwrap()).unwrap();
        Stopped { store: None, files, ..note }.write(folder).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}

#[test]
fn a_store_without_an_identity_opens_as_ever_and_gets_one() {
    for is_killed in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let (live, folder) = (root.path().join("live"), root.path().join("store"));
        let store = open(&live);
        (0..20).for_each(|n| put(&store, n));
        if !is_killed {
            drop(store);
            copy(&live, &folder);
        } else {
            copy(&live, &folder);
            drop(store);
        }
        forget_identity(&folder);
        assert_eq!(Marker::read(&folder), Marker::Nameless);

        let store = open(&folder);
        has(&store, 0..20);
        assert_eq!(store.noticed.told.lock().unwrap().as_slice(), &[] as &[String]);
        put(&store, 20);
        assert_eq!(store.look_through().unwrap(), Vec::<String>::new());
        let id = store.keeper.store();
        drop(store);
        // Every part names it now.
        assert_eq!(Marker::read(&folder), Marker::Of(id));
        assert_eq!(watermark::read(&folder).unwrap().unwrap().store, Some(id));
        assert_eq!(Stopped::read(&folder).unwrap().unwrap().store, Some(id));
        let mut archive = archive::Archive::default();
        archive.add(&folder.join(crate::wal::FOLDER)).unwrap();
        assert!(archive.origins().all(|(_, store, _)| store == Some(id)));
        assert!(archive.origins().count() > 1);
        // The log has everything, too.
        fs::remove_file(folder.join("db")).unwrap();
        assert!(matches!(try_open(&folder).unwrap_err(), StoreError::Damaged { .. }));
        let options = RecoverOptions {
            from: Vec::new(),
            until: Until::Last,
            accept_loss: false,
            dry_run: false,
            now: UnixMillis(1),
            lock_patience: Duration::from_secs(5),
        };
        assert_eq!(recover(&folder, &options).unwrap().lost, 0);
        let store = open(&folder);
        has(&store, 0..21);
        assert_eq!(store.keeper.store(), id, "a recovery makes no other store of it");
    }
}

#[test]
fn parts_of_two_stores_without_identities_are_told_by_their_histories() {
    let root = tempfile::tempdir().unwrap();
    let (folder, other) = (root.path().join("store"), root.path().join("other"));
    for (place, count) in [(&folder, 20), (&other, 12)] {
        let store = open(place);
        (0..count).for_each(|n| put(&store, n));
        drop(store);
        forget_identity(place);
    }
    for name in database::database_files(&folder).unwrap() {
        fs::remove_file(folder.join(name)).unwrap();
    }
    database::copy_database(&other, &folder).unwrap();
    fs::copy(other.join("stopped"), folder.join("stopped")).unwrap();
    let refused = try_open(&folder).unwrap_err().to_string();
    assert!(refused.contains("the database belongs to another history"), "{refused}");
    assert!(refused.contains("`stopped` belongs to another history"), "{refused}");
}

#[test]
fn a_backup_of_another_store_is_not_put_into_the_place_of_this_one() {
    let root = tempfile::tempdir().unwrap();
    let place = |name: &str| root.path().join(name);
    let content = Blobs::open(place("content")).unwrap();
    for name in ["store", "other"] {
        let store = open(&place(name));
        (0..3).for_each(|n| put(&store, n));
        let request =
            BackupRequest { folder: place("backup").join(name), incremental: false, keep: None };
        block_on(store.backup(request, content.clone())).unwrap();
    }
    let folder = place("store");
    fs::remove_file(folder.join("db")).unwrap();
    fs::remove_dir_all(folder.join(crate::wal::FOLDER)).unwrap();
    let from = |name: &str| RecoverOptions {
        from: vec![place("backup").join(name)],
        until: Until::Last,
        accept_loss: false,
        dry_run: false,
        now: UnixMillis(1),
        lock_patience: Duration::from_secs(5),
    };
    let refused = recover(&folder, &from("other")).unwrap_err().to_string();
    assert!(refused.contains("belong to another store"), "{refused}");
    assert_eq!(recover(&folder, &from("store")).unwrap().lost, 0);
    has(&open(&folder), 0..3);
}
