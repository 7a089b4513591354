//! Making a backup, on the thread that also cuts the log.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::settle::Settler;
use crate::backup::{BackupDone, BackupRequest};
use crate::blobs::Blobs;
use crate::error::StoreError;
use crate::wal::archive::{self, Archive};
use crate::wal::log::{self, Next, Reader};
use crate::wal::{self, HistoryId, Stamp, base};

/// Each history has a folder of its own in a backup, since its commits are counted by themselves.
pub(super) fn folder_of(root: &Path, history: HistoryId) -> PathBuf {
    root.join(format!("{}-{}", wal::FOLDER, hex::encode(history.0)))
}

/// When the newest full backup in the folder `root` was made, as the file system tells; `None` if
/// there is none.
///
/// # Errors
/// If the folder cannot be read.
pub fn newest_full(root: &Path) -> Result<Option<std::time::SystemTime>, StoreError> {
    let mut newest = None;
    if !root.is_dir() {
        return Ok(newest);
    }
    for folder in folders(root)? {
        for (_, path) in archive::files(&folder, base::SUFFIX)? {
            let made = path
                .metadata()
                .and_then(|file| file.modified())
                .map_err(|error| StoreError::io("cannot read", &path, &error))?;
            newest = newest.max(Some(made));
        }
    }
    Ok(newest)
}

/// Whether `name` is one that [`folder_of`] gives.
fn is_of_a_history(name: &str) -> bool {
    let id = name.strip_prefix(wal::FOLDER).and_then(|rest| rest.strip_prefix('-'));
    id.is_some_and(|id| {
        id.len() == 32 && id.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// The folders of all histories in a backup, or the one of a store.
pub(super) fn folders(root: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error| StoreError::io("cannot list the folder", root, &error);
    let mut folders = Vec::new();
    for entry in fs::read_dir(root).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if (name == wal::FOLDER || is_of_a_history(name)) && path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

pub(super) use super::parts::CONTENT;

pub(super) fn run(
    settler: &Settler,
    request: &BackupRequest,
    content: &Blobs,
) -> Result<BackupDone, StoreError> {
    check_place(&settler.folder, &request.folder)?;
    let history = settler.keeper.history();
    let folder = folder_of(&request.folder, history);
    make_private(&request.folder)?;
    make_private(&folder)?;
    wal::remove_unfinished(&folder)?;
    let own = settler.folder.join(wal::FOLDER);
    let mut done = BackupDone { folder: request.folder.clone(), ..BackupDone::default() };

    let mut after = None;
    let present = last_in(&folder)?;
    if let Some(last) = present
        && is_of_another_course(&own, &settler.keeper.log().last(), &last)?
    {
        let aside = set_aside(&request.folder, &folder, &settler.clock)?;
        make_private(&folder)?;
        done.why_full = Some(format!(
            "the store was restored to an earlier state: the backup in the folder ends with commit \
            {} of {}, which the store does not have; the old backup was moved to {}",
            last.number,
            super::shown(last.at),
            aside.display()
        ));
    } else if request.incremental {
        match present.map(|last| last.number) {
            None => {
                done.why_full =
                    Some("the folder holds no full backup of this store yet".to_owned());
            }
            Some(last) if !follows(&own, last)? => {
                done.why_full = Some(format!(
                    "the commit log no longer goes back to commit {last}, with which the last \
                    backup ends"
                ));
            }
            Some(last) => after = Some(last),
        }
    }
    let begun = match after {
        Some(last) => last,
        None => {
            done.full = true;
            let (begun, _, bytes) = settler.write_base(&folder)?;
            check_base(&base::path(&folder, begun))?;
            done.bytes += bytes;
            begun
        }
    };
    // All commits up to here are in files that are closed.
    let until = {
        let mut log = settler.keeper.log();
        log.rotate()?;
        log.last()
    };
    done.bytes += copy_log(&own, &folder, begun, &until)?;
    (done.commit, done.at) = (until.number, until.at);
    copy_content(content, &request.folder.join(CONTENT), &mut done)?;
    if let Some(keep) = request.keep.filter(|_| done.full) {
        remove_older(&folder, keep.max(1))?;
    }
    Ok(done)
}

/// Refuses a place that a backup would share with the store.
///
/// # Errors
/// [`StoreError::Recovery`], which says so.
pub fn check_place(store: &Path, backup: &Path) -> Result<(), StoreError> {
    let (store, place) = (whole_path(store)?, whole_path(backup)?);
    let how = if store == place {
        "is the store's folder"
    } else if place.starts_with(&store) {
        "lies in the store's folder"
    } else if store.starts_with(&place) {
        "holds the store's folder"
    } else {
        return Ok(());
    };
    Err(StoreError::Recovery {
        detail: format!(
            "{} cannot take a backup: it {how}; name a folder of its own, best on another disk",
            backup.display()
        ),
    })
}

/// The path without links, of a folder that may not be there yet.
fn whole_path(path: &Path) -> Result<PathBuf, StoreError> {
    let failed = |error| StoreError::io("cannot find", path, &error);
    let full = std::path::absolute(path).map_err(failed)?;
    let mut whole = PathBuf::new();
    for part in full.components() {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                whole.push(part);
                match whole.canonicalize() {
                    Ok(there) => whole = there,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(failed(error)),
                }
            }
        }
    }
    Ok(whole)
}

/// Whether the backup that ends with `last` is of commits that the store has others for, or none:
/// it was put back to a copy from before them, and counted on from there.
fn is_of_another_course(own: &Path, until: &Stamp, last: &Stamp) -> Result<bool, StoreError> {
    if last.number > until.number {
        return Ok(true);
    }
    let same = stamp_in(own, last.number)?;
    // What was cut off the log cannot be compared.
    Ok(same.is_some_and(|stamp| stamp != *last))
}

/// The state after the commit `number`, if the log in `folder` tells.
pub(super) fn stamp_in(folder: &Path, number: u64) -> Result<Option<Stamp>, StoreError> {
    let files = archive::files(folder, log::SUFFIX)?;
    let in_log = files.iter().rev().find(|(first, _)| *first <= number);
    if let Some(mut reader) = in_log.and_then(|(_, path)| Reader::open(path).ok()) {
        while let Next::Record(record) = reader.next() {
            if record.stamp.number == number {
                return Ok(Some(record.stamp));
            }
        }
    }
    let bases = archive::files(folder, base::SUFFIX)?;
    let mut ends = bases.iter().filter_map(|(_, path)| base::finished(path));
    Ok(ends.find(|stamp| stamp.number == number))
}

/// Moves the backup of one history out of the way; it can be recovered from where it is then.
fn set_aside(
    root: &Path,
    folder: &Path,
    clock: &std::sync::Arc<dyn crate::clock::Clock>,
) -> Result<PathBuf, StoreError> {
    let now = clock.now().0;
    let free = (0..).map(|n| root.join(format!("other-course-{}", now + n)));
    let aside =
        free.take(1000).find(|place| !place.exists()).unwrap_or_else(|| root.join("other-course"));
    make_private(&aside)?;
    let name = folder.file_name().unwrap_or_default();
    fs::rename(folder, aside.join(name))
        .map_err(|error| StoreError::io("cannot move aside", folder, &error))?;
    wal::sync_folder(&aside)?;
    wal::sync_folder(root)?;
    Ok(aside)
}

/// The last commit in a backup, if there is a base.
fn last_in(folder: &Path) -> Result<Option<Stamp>, StoreError> {
    let Some((begun, base)) = archive::files(folder, base::SUFFIX)?.pop() else { return Ok(None) };
    let Some((_, log)) = archive::files(folder, log::SUFFIX)?.pop() else {
        return Ok(base::finished(&base).filter(|end| end.number == begun));
    };
    // One that cannot be read is as if there were no backup.
    let Ok(mut reader) = Reader::open(&log) else { return Ok(None) };
    let mut last = base::finished(&base).filter(|end| end.number == begun);
    loop {
        match reader.next() {
            Next::Record(record) => {
                if last.is_none_or(|last| last.number < record.stamp.number) {
                    last = Some(record.stamp);
                }
            }
            // Without the records of the time in which it was read, the base is nothing.
            Next::End => return Ok(last.filter(|last| last.number >= begun)),
            Next::Broken(_) => return Ok(None),
        }
    }
}

/// Whether the log in `own` goes on behind the commit `last`.
fn follows(own: &Path, last: u64) -> Result<bool, StoreError> {
    Ok(archive::files(own, log::SUFFIX)?.first().is_some_and(|(first, _)| *first <= last + 1))
}

/// Copies the closed files that hold commits behind `begun`, up to `until`.
fn copy_log(own: &Path, to: &Path, begun: u64, until: &Stamp) -> Result<u64, StoreError> {
    let files = archive::files(own, log::SUFFIX)?;
    let mut bytes = 0;
    for (at, (first, path)) in files.iter().enumerate() {
        let next = files.get(at + 1).map_or(u64::MAX, |(next, _)| *next);
        if next <= begun + 1 || *first > until.number {
            continue;
        }
        let target = log::segment_path(to, *first);
        let temporary = wal::Temporary(target.with_extension(wal::UNFINISHED));
        let failed = |error| StoreError::io("cannot write", &target, &error);
        bytes += fs::copy(path, &temporary.0).map_err(failed)?;
        fs::File::open(&temporary.0).and_then(|file| file.sync_all()).map_err(failed)?;
        check_log(&temporary.0, next.min(until.number + 1) - 1)?;
        fs::rename(&temporary.0, &target).map_err(failed)?;
    }
    wal::sync_folder(to)?;
    Ok(bytes)
}

/// Reads a copied file to its end, which has to be the commit `last`.
fn check_log(path: &Path, last: u64) -> Result<(), StoreError> {
    let bad = |detail: &str| StoreError::Recovery {
        detail: format!("the backup cannot be used: {}: {detail}", path.display()),
    };
    let mut reader = Reader::open(path).map_err(|error| bad(&error.0))?;
    let mut reached = reader.first - 1;
    loop {
        match reader.next() {
            Next::Record(record) => reached = record.stamp.number,
            Next::End if reached == last => return Ok(()),
            Next::End => return Err(bad(&format!("it ends with commit {reached}, not {last}"))),
            Next::Broken(error) => return Err(bad(&error.0)),
        }
    }
}

fn check_base(path: &Path) -> Result<(), StoreError> {
    base::read::<wal::Bad>(path, |_, _| Ok(())).map(drop).map_err(|bad| StoreError::Recovery {
        detail: format!("the backup cannot be used: {}: {}", path.display(), bad.0),
    })
}

fn copy_content(content: &Blobs, to: &Path, done: &mut BackupDone) -> Result<(), StoreError> {
    let target = Blobs::open(to)?;
    for digest in content.list()? {
        // A full backup also heals what was damaged in the folder.
        let is_there = match done.full {
            true => matches!(target.get(&digest), Ok(Some(_))),
            false => target.contains(&digest)?,
        };
        if is_there {
            continue;
        }
        match content.get(&digest) {
            Ok(Some(bytes)) => {
                target.put(&bytes)?;
                done.blobs += 1;
            }
            // One that a clean-up has removed meanwhile is named by nothing.
            Ok(None) => {}
            Err(error) => done.left_out.push(error.to_string()),
        }
    }
    // What is damaged was told of, unless the backup has it from before.
    for needed in content.needed() {
        if !target.contains(&needed.digest)? && !content.contains(&needed.digest)? {
            done.left_out.push(format!(
                "the content {}, which {} needs, is missing",
                needed.digest, needed.by
            ));
        }
    }
    Ok(())
}

/// Keeps the newest `keep` full backups of this history. Those of others may be another store's,
/// and stay.
fn remove_older(folder: &Path, keep: u32) -> Result<(), StoreError> {
    let bases = archive::files(folder, base::SUFFIX)?;
    let failed = |path: &Path, error: &std::io::Error| StoreError::io("cannot remove", path, error);
    let Some(surplus) = bases.len().checked_sub(keep as usize) else { return Ok(()) };
    for (_, path) in &bases[..surplus] {
        fs::remove_file(path).map_err(|error| failed(path, &error))?;
    }
    if let Some((oldest, _)) = bases.get(surplus) {
        log::drop_up_to(folder, *oldest)?;
    }
    Ok(())
}

/// What callers said is for the store's owner only.
fn make_private(folder: &Path) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)
        .and_then(|()| {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        })
        .map_err(|error| StoreError::io("cannot create the folder", folder, &error))
}

/// All that is in a backup, or in the log of a store.
pub(super) fn add_all(archive: &mut Archive, root: &Path) -> Result<(), StoreError> {
    for folder in folders(root)? {
        archive.add(&folder)?;
    }
    Ok(())
}
