//! sled's files: which they are, copied to where they may be changed, and read through.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use sled::Db;

use super::{codec, panic_text, pending, rows};
use crate::error::StoreError;
use crate::wal::identity::StoreId;
use crate::wal::{HistoryId, Stamp, Sum, change};

/// Where a copy of sled's files is opened.
const SCRATCH: &str = "looked-at";

/// What opening a copy of the database came to.
pub(super) enum Sled {
    Whole(HistoryId, Stamp),
    /// It can be read, and says nothing of commits.
    Unmarked,
    Bad(String),
}

/// What a database is, and which store it says it is of.
pub(super) struct Looked {
    pub(super) sled: Sled,
    pub(super) store: Option<StoreId>,
}

impl Looked {
    fn bad(detail: impl Into<String>) -> Self {
        Self { sled: Sled::Bad(detail.into()), store: None }
    }
}

/// Names of sled's files in `folder`, those in its own folder with that in front.
pub(super) fn database_files(folder: &Path) -> Result<Vec<String>, StoreError> {
    let list = |folder: &Path| -> Result<Vec<String>, StoreError> {
        let failed = |error| StoreError::io("cannot list the folder", folder, &error);
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if let (Ok(name), true) = (entry.file_name().into_string(), entry.path().is_file()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    };
    let mut names = list(folder)?;
    names.retain(|name| name == "db" || name == "conf" || name.starts_with("snap."));
    let large = folder.join("blobs");
    if large.is_dir() {
        names.extend(list(&large)?.into_iter().map(|name| format!("blobs/{name}")));
    }
    Ok(names)
}

/// Copies sled's files from `folder` to `to`, which is made.
pub(super) fn copy_database(folder: &Path, to: &Path) -> Result<(), StoreError> {
    let failed =
        |path: &Path, error: &std::io::Error| StoreError::io("cannot copy to", path, error);
    fs::create_dir_all(to.join("blobs")).map_err(|error| failed(to, &error))?;
    for name in database_files(folder)? {
        // On file systems that can, this shares the blocks and copies nothing.
        let target = to.join(&name);
        fs::copy(folder.join(&name), &target).map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull => no_room(folder, to),
            _ => failed(&target, &error),
        })?;
    }
    Ok(())
}

/// How much room a copy of the database takes.
fn no_room(folder: &Path, to: &Path) -> StoreError {
    let size = |name: String| folder.join(name).metadata().map_or(0, |file| file.len());
    let bytes: u64 = database_files(folder).map_or(0, |names| names.into_iter().map(size).sum());
    StoreError::Io {
        doing: "cannot copy the database to",
        path: to.to_path_buf(),
        detail: format!(
            "the disk is full; the store was not shut down cleanly, so it is checked in a copy of \
            up to {bytes} bytes: free that much space"
        ),
        kind: std::io::ErrorKind::StorageFull,
    }
}

/// Looks at the database in `folder` by a copy of it.
pub(super) fn copy_and_read(folder: &Path, cache: u64) -> Result<Looked, StoreError> {
    match folder.join("db").metadata() {
        Ok(file) if file.is_file() => {}
        Ok(_) => return Ok(Looked::bad("its `db` is not a file")),
        Err(_) => return Ok(Looked::bad("its file `db` is missing")),
    }
    let scratch = folder.join(SCRATCH);
    super::recover::remove(&scratch)?;
    let found = copy_database(folder, &scratch).map(|()| read_database(&scratch, cache));
    let _ = fs::remove_dir_all(&scratch);
    found
}

/// Opens the database in `folder`, which may be changed by that, and reads all rows and tokens.
fn read_database(folder: &Path, cache: u64) -> Looked {
    let config = sled::Config::new().path(folder).cache_capacity(cache);
    let bad = |error: &sled::Error| Looked::bad(error.to_string());
    let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
    let db = match opened {
        Ok(Ok(db)) => db,
        Ok(Err(error)) => return bad(&error),
        Err(panic) => return Looked::bad(panic_text(panic.as_ref())),
    };
    let read = catch_unwind(AssertUnwindSafe(|| read_through(&db)));
    match read {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => Looked::bad(error.to_string()),
        Err(panic) => {
            let detail = panic_text(panic.as_ref());
            // Its locks may be held by the thread that panicked in them.
            std::mem::forget(db);
            Looked::bad(detail)
        }
    }
}

fn read_through(db: &Db) -> Result<Looked, StoreError> {
    let store = identity(db)?;
    Ok(Looked { sled: state(db)?, store })
}

/// Which store the database says it is of.
pub(super) fn identity(db: &Db) -> Result<Option<StoreId>, StoreError> {
    let row = db.get(codec::IDENTITY_KEY).map_err(super::backend)?;
    Ok(row.and_then(|row| StoreId::from_slice(&row)))
}

fn state(db: &Db) -> Result<Sled, StoreError> {
    let mark = db.get(codec::COMMIT_KEY).map_err(super::backend)?;
    let Some(mark) = mark else {
        if db.get(codec::FORMAT_KEY).map_err(super::backend)?.is_none() {
            return Ok(Sled::Bad("its content is missing".to_owned()));
        }
        return Ok(Sled::Unmarked);
    };
    let Some((history, stamp)) = pending::decode_commit_row(&mark) else {
        return Ok(Sled::Bad("its record of the last commit is malformed".to_owned()));
    };
    let sum = sum(db)?;
    if sum != stamp.sum {
        return Ok(Sled::Bad(format!(
            "its rows do not match commit {}, the last one that it records",
            stamp.number
        )));
    }
    if !index_differences(db)?.is_empty() {
        return Ok(Sled::Bad("its index of expiries does not agree with its rows".to_owned()));
    }
    Ok(Sled::Whole(history, stamp))
}

/// Entries of the index of expiries that are missing (`true`), or speak of nothing (`false`).
///
/// sled may lose a page of the index and none of the rows.
pub(super) fn index_differences(db: &Db) -> Result<Vec<(Vec<u8>, bool)>, StoreError> {
    let mut differences = Vec::new();
    let mut meant = 0usize;
    let mut want = |index: Vec<u8>| -> Result<(), StoreError> {
        meant += 1;
        if !db.contains_key(&index).map_err(super::backend)? {
            differences.push((index, true));
        }
        Ok(())
    };
    for entry in db.scan_prefix([codec::ROW]) {
        let (key, value) = entry.map_err(super::backend)?;
        if let Some(at) = codec::decode_row(&value).and_then(|(slot, _)| slot.expires_at) {
            want(codec::expiry_key(at, &key))?;
        }
    }
    for entry in db.scan_prefix([codec::TOKEN]) {
        let (key, value) = entry.map_err(super::backend)?;
        if let Some(at) = codec::decode_instant(&value) {
            want(codec::expiry_key(at, &key))?;
        }
    }
    let missing = differences.len();
    let entries = db.scan_prefix([codec::EXPIRY]).keys();
    let mut there = 0;
    for entry in entries {
        entry.map_err(super::backend)?;
        there += 1;
    }
    if there + missing == meant {
        return Ok(differences);
    }
    for entry in db.scan_prefix([codec::EXPIRY]).keys() {
        let entry = entry.map_err(super::backend)?;
        if !is_meant(db, &entry)? {
            differences.push((entry.to_vec(), false));
        }
    }
    Ok(differences)
}

/// Whether what an entry of the index speaks of is there and expires then.
pub(super) fn is_meant(db: &Db, entry: &[u8]) -> Result<bool, StoreError> {
    let Some((at, target)) = codec::decode_expiry(entry) else { return Ok(false) };
    let Some(value) = db.get(target).map_err(super::backend)? else { return Ok(false) };
    Ok(match target.first() {
        Some(&codec::ROW) => {
            codec::decode_row(&value).is_some_and(|(slot, _)| slot.expires_at == Some(at))
        }
        Some(&codec::TOKEN) => codec::decode_instant(&value) == Some(at),
        _ => false,
    })
}

/// The running checksum, made anew from all rows and tokens.
pub(super) fn sum(db: &Db) -> Result<Sum, StoreError> {
    let mut sum = Sum::default();
    let mut scratch = Vec::new();
    for entry in db.scan_prefix([codec::ROW]) {
        let (key, value) = entry.map_err(super::backend)?;
        let slot = rows::complete(db, &key, &value)?.ok_or_else(|| super::damaged_row(&key))?;
        scratch.clear();
        sum.add(change::row(&mut scratch, &key[1..], &slot));
    }
    for entry in db.scan_prefix([codec::TOKEN]) {
        let (key, value) = entry.map_err(super::backend)?;
        let forgotten = codec::decode_instant(&value).ok_or_else(|| super::damaged_row(&key))?;
        scratch.clear();
        sum.add(change::token(&mut scratch, &key[1..], forgotten));
    }
    Ok(sum)
}
