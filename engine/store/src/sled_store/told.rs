//! What was found of a store, and what to do, in words.

use std::path::Path;

use super::check::Examined;
use super::database::Sled;
use crate::clock::UnixMillis;
use crate::error::StoreError;
use crate::wal::{HistoryId, Stamp};

/// What is missing since when, and what to do.
pub(super) fn damaged(
    folder: &Path,
    examined: &Examined,
    history: Option<HistoryId>,
) -> StoreError {
    let path = folder.to_path_buf();
    let Some((history, promised)) =
        history.and_then(|history| Some((history, examined.promised(history)?)))
    else {
        return StoreError::Damaged {
            path,
            found: examined.findings(),
            remedy: format!(
                "there is no record of what the store held; {}",
                from_backup("the store")
            ),
        };
    };
    let mut found = examined.findings();
    if let Some(sled) = examined.own_database(history)
        && sled.number < promised.number
    {
        let missing = promised.number - sled.number;
        also(
            &mut found,
            &format!(
                "the database holds commits up to {}, but commits up to {} were acknowledged: \
                {missing} are missing, {}",
                sled.number,
                promised.number,
                span(sled.at, promised.at)
            ),
        );
    }
    let (number, at) = reach(examined, history);
    let remedy = if number < promised.number {
        let lost = promised.number - number;
        let here = match at {
            Some(at) => format!(
                "the files here go up to commit {number} ({}); the {lost} commits after it, {}, \
                are missing here",
                shown(at),
                span(at, promised.at)
            ),
            None => format!(
                "none of the {} commits can be recovered from the files here",
                promised.number
            ),
        };
        format!("{here}; {}", from_backup("them"))
    } else if examined.is_end_known(history) {
        // Where the database has it, too, something else stands in the way.
        let place = match examined.own_database(history) {
            Some(sled) if sled.number >= promised.number => "what is here",
            _ => "the commit log",
        };
        format!(
            "{place} has everything up to commit {} ({}), the last acknowledged one: `dialgraph \
            store recover` brings it back",
            promised.number,
            shown(promised.at)
        )
    } else {
        unknown_end(number, at)
    };
    StoreError::Damaged { path, found, remedy }
}

/// The store was not stopped in order, and what would show the last commit is missing.
pub(super) fn unproven(folder: &Path, examined: &Examined, history: HistoryId) -> StoreError {
    let mut found = examined.findings();
    also(&mut found, &missing_end(examined, history));
    let (number, at) = reach(examined, history);
    StoreError::Damaged { path: folder.to_path_buf(), found, remedy: unknown_end(number, at) }
}

/// What is missing that would tell the last commit.
pub(super) fn missing_end(examined: &Examined, history: HistoryId) -> String {
    let sled = examined.own_database(history);
    let what = match (examined.has_watermark(), examined.archive.last(history)) {
        (false, None) => {
            "the watermark and the commit log are missing or cannot be read".to_owned()
        }
        (false, Some(last)) => format!(
            "the watermark is missing or cannot be read, so it is unknown whether the commit log, \
            which ends with commit {}, is complete",
            last.number
        ),
        (true, None) => "the commit log is missing or cannot be read".to_owned(),
        (true, Some(last)) => format!(
            "the end of the commit log is missing: the log ends with commit {}, the database with \
            {}",
            last.number,
            sled.map_or(0, |sled| sled.number)
        ),
    };
    format!("the store was not shut down cleanly, and {what}")
}

fn unknown_end(number: u64, at: Option<UnixMillis>) -> String {
    let until = at.map_or_else(String::new, |at| format!(" ({})", shown(at)));
    format!(
        "the files here go up to commit {number}{until}; it is unknown whether later commits were \
        acknowledged. Put the missing files back if you have them, {}",
        from_backup("the store")
    )
}

/// Parts that do not belong together.
pub(super) fn strange(folder: &Path, examined: &Examined) -> StoreError {
    let found = examined.all_findings();
    let remedy = match examined.own_history() {
        Some(history) => match damaged(folder, examined, Some(history)) {
            StoreError::Damaged { remedy, .. } => remedy,
            other => other.to_string(),
        },
        None => format!("put the right files back, {}", from_backup("the store")),
    };
    StoreError::Damaged { path: folder.to_path_buf(), found, remedy }
}

fn also(found: &mut String, more: &str) {
    if !found.is_empty() && !more.is_empty() {
        found.push_str("; ");
    }
    found.push_str(more);
}

pub(super) fn from_backup(what: &str) -> String {
    format!(
        "bring {what} back with `dialgraph store recover --from BACKUP`, or give up what cannot be brought back with `dialgraph store recover --accept-loss`"
    )
}

/// How far one gets with what the store itself holds.
fn reach(examined: &Examined, history: HistoryId) -> (u64, Option<UnixMillis>) {
    let archive = &examined.archive;
    let based = archive.best_base(history, u64::MAX).map(|(_, about, reached)| {
        let at = archive.stamp(history, reached).map_or(about.finished.at, |stamp| stamp.at);
        (reached, Some(at))
    });
    let on_sled = examined.own_database(history).map(|stamp| {
        let reached = archive.reach(history, stamp.number, u64::MAX);
        let at = archive.stamp(history, reached).map_or(stamp.at, |stamp| stamp.at);
        (reached, Some(at))
    });
    based.into_iter().chain(on_sled).max().unwrap_or((0, None))
}

fn span(from: UnixMillis, until: UnixMillis) -> String {
    format!("from after {} to {}", shown(from), shown(until))
}

/// An instant for people.
pub(crate) fn shown(at: UnixMillis) -> String {
    let instant =
        i64::try_from(at.0).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    instant.map_or_else(|| at.to_string(), |instant| instant.to_string())
}

impl Examined {
    /// What does not belong together, and what else is known of the damage.
    pub(super) fn all_findings(&self) -> String {
        let mut found = self.strange.join("; ");
        also(&mut found, &self.findings());
        found
    }

    /// Where the database stands, if it is whole, of this history, and on its course.
    pub(super) fn own_database(&self, history: HistoryId) -> Option<Stamp> {
        match self.sled {
            Sled::Whole(of, stamp) if of == history && !self.is_database_strange => Some(stamp),
            Sled::Whole(..) | Sled::Unmarked | Sled::Bad(_) => None,
        }
    }
}
