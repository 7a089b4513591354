//! Looks at a store before sled may: sled cuts its log at the first checksum that does not hold,
//! and nothing brings back what stood behind it.
//!
//! After a stop in order it is enough that every byte of sled's files is still what it was.
//! Otherwise a copy of them is opened and read through, and compared with what was promised. Either
//! way all parts have to be of one store, and what they say has to lie on one line of its history.

use std::path::Path;

use super::database::{self, Sled};
use super::told::{damaged, from_backup, strange, unproven};
use super::{backup, parts};
use crate::error::StoreError;
use crate::wal::archive::Archive;
use crate::wal::identity::{Marker, StoreId};
use crate::wal::stopped::{self, Stopped};
use crate::wal::watermark::{self, Mark};
use crate::wal::{self, HistoryId, Stamp};

/// What is there.
pub(super) enum Found {
    New,
    /// A database from before there was a commit log, or one that was not yet given a history.
    Old,
    Known(Box<Known>),
}

/// A store that holds all that was promised, or can be brought to it.
pub(super) struct Known {
    /// None of one from before there were identities.
    pub(super) store: Option<StoreId>,
    pub(super) history: HistoryId,
    /// Where sled stands …
    pub(super) sled: Stamp,
    /// … and where the log does.
    pub(super) last: Stamp,
    pub(super) archive: Archive,
    /// The log has to be begun anew.
    pub(super) renew: bool,
    /// What is there of a log cannot be compared with the database, and is to be kept.
    pub(super) keep_log: bool,
    /// The log was not read yet.
    pub(super) unread: bool,
    /// What was found damaged although nothing is lost.
    pub(super) notes: Vec<String>,
}

/// Everything that tells of a store, read without changing it.
pub(super) struct Examined {
    pub(super) sled: Sled,
    pub(super) sled_store: Option<StoreId>,
    pub(super) mark: Option<Mark>,
    pub(super) stopped: Option<Stopped>,
    pub(super) marker: Marker,
    pub(super) archive: Archive,
    /// What else is wrong.
    pub(super) notes: Vec<String>,
    /// Parts that are no files, or no folders.
    pub(super) odd: Vec<String>,
    /// Which store and history most of it is of.
    pub(super) own: (Option<StoreId>, Option<HistoryId>),
    /// Parts of another store or history, or of another course of this one.
    pub(super) strange: Vec<String>,
    /// The database is among them.
    pub(super) is_database_strange: bool,
    /// What was promised last is known: no commit can be missing at the end without its being seen.
    pub(super) end_known: bool,
}

/// Looks at the store in `folder`.
pub(super) fn look(folder: &Path, cache: u64) -> Result<Found, StoreError> {
    let has = |name: &str| folder.join(name).symlink_metadata().is_ok();
    let has_notes = has(watermark::FILE) || has(stopped::FILE) || has(wal::FOLDER);
    if !has("db") && !has_notes {
        let left = parts::remains(folder)?;
        if left.is_empty() {
            return Ok(Found::New);
        }
        return Err(StoreError::Damaged {
            path: folder.to_path_buf(),
            found: format!(
                "the database is missing; of the store, only {} {} left",
                left.join(", "),
                if left.len() == 1 { "is" } else { "are" }
            ),
            remedy: format!(
                "{}; for a new store, name an empty folder in `store.folder`, or move these files \
                away",
                from_backup("the store")
            ),
        });
    }
    let odd = parts::odd(folder)?;
    if odd.is_empty()
        && let Some(known) = as_it_was_stopped(folder)
    {
        return Ok(Found::Known(Box::new(known)));
    }
    let examined = examine(folder, cache)?;
    judge(folder, examined)
}

/// The store, if nothing has happened to it since it was stopped in order.
fn as_it_was_stopped(folder: &Path) -> Option<Known> {
    let stopped = Stopped::read(folder).ok().flatten()?;
    let marker = Marker::read(folder);
    let store = marker.store().or(stopped.store);
    let is_own = |of: Option<StoreId>, history| {
        of.is_none_or(|of| Some(of) == store) && history == stopped.history
    };
    if !stopped.differences(folder).is_empty()
        || tells_of_more(folder, &stopped)
        || !is_own(stopped.store, stopped.history)
    {
        return None;
    }
    let mut notes = marker_note(&marker);
    let mut is_named = stopped.store.is_some();
    match watermark::read(folder) {
        Ok(Some(mark)) if mark.promised == stopped.stamp && is_own(mark.store, mark.history) => {
            is_named &= mark.store.is_some();
            if watermark::is_torn(folder) {
                notes.push("one half of the watermark is damaged".to_owned());
            }
        }
        Ok(Some(_)) => return None,
        Ok(None) => notes.push("the watermark is missing".to_owned()),
        Err(bad) => notes.push(format!("the watermark is damaged: {}", bad.0)),
    }
    let log = folder.join(wal::FOLDER);
    let bases = wal::archive::files(&log, wal::base::SUFFIX).ok()?;
    let segments = wal::archive::files(&log, wal::log::SUFFIX).ok()?;
    let has_log = !bases.is_empty();
    let origins = bases.iter().filter_map(|(_, path)| wal::base::origin(path).ok()).chain(
        segments.iter().filter_map(|(_, path)| {
            wal::log::Reader::open(path).ok().map(|reader| (reader.store, reader.history))
        }),
    );
    for (of, history) in origins {
        if !is_own(of, history) {
            return None;
        }
        is_named &= of.is_some();
    }
    if has_log {
        // That it leads to where the database is shows that both are of one course. Whether all of
        // it can be read is looked at later.
        if backup::stamp_in(&log, stopped.stamp.number).ok().flatten() != Some(stopped.stamp) {
            return None;
        }
    } else if segments.is_empty() {
        notes.push("the commit log is missing".to_owned());
    } else {
        return None;
    }
    Some(Known {
        store,
        history: stopped.history,
        sled: stopped.stamp,
        last: stopped.stamp,
        archive: Archive::default(),
        renew: !has_log || !is_named,
        keep_log: false,
        unread: has_log && is_named,
        notes,
    })
}

fn marker_note(marker: &Marker) -> Vec<String> {
    let name = wal::identity::MARKER;
    match marker {
        Marker::Missing => {
            vec![format!("the file `{name}`, by which a store's folder is known, is missing")]
        }
        Marker::Damaged(what) => vec![format!("the file `{name}` is damaged: {what}")],
        Marker::Nameless | Marker::Of(_) => Vec::new(),
    }
}

/// Whether the watermark or the commit log goes on behind the stop: then the database and the note
/// were put back to where they once were.
fn tells_of_more(folder: &Path, stopped: &Stopped) -> bool {
    let last = stopped.stamp.number;
    let marked = watermark::read(folder).ok().flatten();
    if marked.is_some_and(|mark| mark.history == stopped.history && mark.promised.number > last) {
        return true;
    }
    let log = folder.join(wal::FOLDER);
    let above = |suffix: &str, most: u64| {
        wal::archive::files(&log, suffix)
            .is_ok_and(|files| files.last().is_some_and(|(number, _)| *number > most))
    };
    above(wal::base::SUFFIX, last)
        || above(wal::log::SUFFIX, last + 1)
        || !wal::log::may_be_begun(&wal::log::segment_path(&log, last + 1))
}

/// Reads all there is, without changing anything of it.
pub(super) fn examine(folder: &Path, cache: u64) -> Result<Examined, StoreError> {
    let mut notes = Vec::new();
    let mark = watermark::read(folder).unwrap_or_else(|bad| {
        notes.push(format!("the watermark is damaged: {}", bad.0));
        None
    });
    let stopped = Stopped::read(folder).unwrap_or_else(|bad| {
        notes.push(format!("the note of the last stop is damaged: {}", bad.0));
        None
    });
    if let Some(stopped) = &stopped {
        notes.extend(stopped.differences(folder));
    }
    let mut archive = Archive::default();
    archive.add(&folder.join(wal::FOLDER))?;
    notes
        .extend(archive.broken.iter().map(|broken| format!("the commit log is damaged: {broken}")));
    let looked = database::copy_and_read(folder, cache)?;
    if mark.is_none() && notes.is_empty() && matches!(looked.sled, Sled::Whole(..)) {
        notes.push("the watermark is missing".to_owned());
    }
    let mut examined = Examined {
        sled: looked.sled,
        sled_store: looked.store,
        mark,
        stopped,
        marker: Marker::read(folder),
        archive,
        notes,
        odd: parts::odd(folder)?,
        own: (None, None),
        strange: Vec::new(),
        is_database_strange: false,
        end_known: false,
    };
    examined.compare();
    Ok(examined)
}

impl Examined {
    /// The last commit of `history` that was promised, as far as anything tells.
    pub(super) fn promised(&self, history: HistoryId) -> Option<Stamp> {
        let marked = self.mark.filter(|mark| mark.history == history).map(|mark| mark.promised);
        let stopped = self.stopped.as_ref().filter(|stopped| stopped.history == history);
        let logged = self.archive.last_trace(history);
        let told = [marked, stopped.map(|stopped| stopped.stamp), logged];
        told.into_iter().flatten().max_by_key(|stamp| stamp.number)
    }

    /// Less than this sled must never hold again.
    fn settled(&self, history: HistoryId) -> u64 {
        let marked = self.mark.filter(|mark| mark.history == history).map(|mark| mark.settled);
        let stopped = self.stopped.as_ref().filter(|stopped| stopped.history == history);
        marked.max(stopped.map(|stopped| stopped.stamp.number)).unwrap_or(0)
    }

    /// What is known of the damage, for people.
    pub(super) fn findings(&self) -> String {
        let mut told: Vec<String> = self.odd.clone();
        if let Sled::Bad(detail) = &self.sled {
            told.push(format!("the database cannot be used: {detail}"));
        }
        told.extend(self.notes.iter().cloned());
        told.dedup();
        told.join("; ")
    }

    /// Nothing is there that a database could be compared with.
    fn is_alone(&self) -> bool {
        self.mark.is_none()
            && self.stopped.is_none()
            && self.archive.is_empty()
            && self.notes.is_empty()
            && self.odd.is_empty()
    }

    /// A process ended while it gave the database its first history: nothing was committed yet.
    fn is_being_begun(&self) -> bool {
        self.mark.is_some_and(|mark| mark.promised.number == 0)
            && self.stopped.is_none()
            && self.archive.is_empty()
            && self.notes.is_empty()
            && self.odd.is_empty()
    }
}

/// Whether the store may be opened as it is.
pub(super) fn is_whole(folder: &Path, examined: &Examined) -> bool {
    matches!(verdict(folder, examined), Ok(Some(_)))
}

/// The history, where sled stands, and where the log leads from there; `None` of a store that has
/// nothing to be compared with.
fn verdict(
    folder: &Path,
    examined: &Examined,
) -> Result<Option<(HistoryId, Stamp, Stamp)>, StoreError> {
    let own = examined.own.1;
    if !examined.odd.is_empty() {
        return Err(damaged(folder, examined, own));
    }
    let (history, sled) = match &examined.sled {
        // As it was before there was anything to compare with; what sled says of it is told when it
        // is opened.
        Sled::Bad(_) if examined.is_alone() && examined.marker == Marker::Missing => {
            return Ok(None);
        }
        Sled::Unmarked
            if (examined.is_alone() || examined.is_being_begun())
                && matches!(examined.marker, Marker::Missing | Marker::Nameless) =>
        {
            return Ok(None);
        }
        _ if !examined.strange.is_empty() => {
            return Err(strange(folder, examined));
        }
        Sled::Unmarked | Sled::Bad(_) => return Err(damaged(folder, examined, own)),
        Sled::Whole(history, sled) => (*history, *sled),
    };
    let promised = examined.promised(history).unwrap_or(sled);
    let reached = examined.archive.reach(history, sled.number, u64::MAX);
    if sled.number < examined.settled(history) || reached < promised.number {
        return Err(damaged(folder, examined, Some(history)));
    }
    if !examined.end_known {
        return Err(unproven(folder, examined, history));
    }
    let last = match examined.archive.stamp(history, reached) {
        Some(last) if reached > sled.number => last,
        _ => sled,
    };
    Ok(Some((history, sled, last)))
}

/// Decides whether what is there may be opened.
fn judge(folder: &Path, examined: Examined) -> Result<Found, StoreError> {
    let Some((history, sled, last)) = verdict(folder, &examined)? else { return Ok(Found::Old) };
    // Before its first commit a store may have been left without.
    let mut notes = if last.number > 0 { marker_note(&examined.marker) } else { Vec::new() };
    notes.extend(examined.notes);
    let archive = examined.archive;
    let has_base =
        archive.best_base(history, u64::MAX).is_some_and(|(_, _, reached)| reached >= last.number);
    if let Some(torn) = &archive.torn {
        // Something unfinished at the end is what a sudden end leaves; but not where more was
        // promised.
        if archive.last(history).is_none_or(|logged| logged.number < last.number)
            || examined.stopped.is_some()
        {
            notes.push(format!("the commit log is damaged: {torn}"));
        }
    } else if !has_base && archive.broken.is_empty() && last.number > 0 {
        notes.push("of the commit log something is missing".to_owned());
    }
    let is_named = archive.origins().all(|(_, store, _)| store.is_some());
    Ok(Found::Known(Box::new(Known {
        store: examined.own.0,
        history,
        sled,
        last,
        renew: !has_base || !archive.broken.is_empty() || !is_named,
        keep_log: archive.stamp(history, last.number).is_none_or(|logged| logged != last),
        unread: false,
        archive,
        notes,
    })))
}
