//! Whether the parts of a store belong together: are of one store, of one history of it, and of one
//! course of that.

use super::check::Examined;
use super::database::Sled;
use crate::wal::identity::StoreId;
use crate::wal::{FOLDER, HistoryId, Stamp};

/// A part of a store, and what it says it is of.
struct Part {
    name: String,
    /// Parts of one kind have one voice.
    kind: u8,
    store: Option<StoreId>,
    history: Option<HistoryId>,
}

impl Examined {
    /// The history that the store is in.
    pub(super) fn own_history(&self) -> Option<HistoryId> {
        self.own.1
    }

    pub(super) fn has_watermark(&self) -> bool {
        self.mark.is_some()
    }

    /// Whether nothing can be missing behind the last commit of `history` that is told of.
    pub(super) fn is_end_known(&self, history: HistoryId) -> bool {
        self.end_known || self.own.1 != Some(history)
    }

    /// Finds out which store and history this is, and what is of another.
    pub(super) fn compare(&mut self) {
        let parts = self.parts();
        let store = most(parts.iter().filter_map(|part| Some((part.kind, part.store?))));
        let of_own = parts.iter().filter(|part| part.store.is_none() || part.store == store);
        let history = most(of_own.filter_map(|part| Some((part.kind, part.history?))));
        self.own = (store, history);
        let mut strange = Vec::new();
        for part in &parts {
            let of = match (part.store, store, part.history, history) {
                (Some(of), Some(own), _, _) if of != own => {
                    format!("belongs to another store ({of}; this one is {own})")
                }
                (_, _, Some(of), Some(own)) if of != own => {
                    format!("belongs to another history of the store ({of:?}; this one is {own:?})")
                }
                _ => continue,
            };
            strange.push(format!("{} {of}", part.name));
            self.is_database_strange |= part.kind == DATABASE;
        }
        self.strange = strange;
        if let Some(history) = history {
            self.compare_course(history);
            self.end_known = self.knows_end(history);
        }
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        for (path, store, history) in self.archive.origins() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("`{FOLDER}/{name}`");
            parts.push(Part { name, kind: LOG, store, history: Some(history) });
        }
        let mut add = |name: &str, kind, store, history| {
            parts.push(Part { name: name.to_owned(), kind, store, history });
        };
        if let Some(store) = self.marker.store() {
            add("`dialgraph-store`", MARKER, Some(store), None);
        }
        if let Some(mark) = &self.mark {
            add("`watermark`", WATERMARK, mark.store, Some(mark.history));
        }
        if let Some(stopped) = &self.stopped {
            add("`stopped`", STOPPED, stopped.store, Some(stopped.history));
        }
        let history = match &self.sled {
            Sled::Whole(history, _) => Some(*history),
            Sled::Unmarked | Sled::Bad(_) => None,
        };
        if history.is_some() || self.sled_store.is_some() {
            add("the database", DATABASE, self.sled_store, history);
        }
        parts
    }

    /// Of one history a store may have taken two courses: it was put back, and went on to other
    /// commits under the same numbers.
    fn compare_course(&mut self, history: HistoryId) {
        let mut told: Vec<(&'static str, Stamp)> = Vec::new();
        if let Sled::Whole(of, stamp) = &self.sled
            && *of == history
        {
            told.push(("the database", *stamp));
        }
        if let Some(mark) = self.mark.filter(|mark| mark.history == history) {
            told.push(("`watermark`", mark.promised));
        }
        if let Some(stopped) = self.stopped.as_ref().filter(|stopped| stopped.history == history) {
            told.push(("`stopped`", stopped.stamp));
        }
        for (name, stamp) in &told {
            if let Some(logged) = self.archive.stamp(history, stamp.number)
                && logged != *stamp
            {
                self.strange.push(format!(
                    "{name} and the commit log record different commits under the number {}",
                    stamp.number
                ));
                self.is_database_strange |= *name == "the database";
            }
        }
        for (at, (name, stamp)) in told.iter().enumerate() {
            for (other, its) in &told[at + 1..] {
                if stamp.number == its.number && stamp != its {
                    self.strange.push(format!(
                        "{name} and {other} record different commits under the number {}",
                        stamp.number
                    ));
                }
            }
        }
        // A stop in order leaves both at one commit.
        let stood =
            |wanted: &str| told.iter().find(|(name, _)| *name == wanted).map(|found| found.1);
        if let (Some(mark), Some(stopped)) = (stood("`watermark`"), stood("`stopped`"))
            && mark.number < stopped.number
            && self.archive.stamp(history, mark.number).is_none()
        {
            self.strange.push(format!(
                "`watermark` records commit {}, `stopped` records {}, and nothing shows that one \
                follows the other",
                mark.number, stopped.number
            ));
        }
    }

    /// After a stop in order the note of it says which commit was the last. Otherwise the watermark
    /// does, which is a commit behind at most when a process is killed; and when the power goes and
    /// the watermark did not reach the disk, the end of the log, which was there before anything
    /// else. A log that ends before the database is not all of it.
    fn knows_end(&self, history: HistoryId) -> bool {
        let stands = match &self.sled {
            Sled::Whole(of, stamp) if *of == history => stamp.number,
            Sled::Whole(..) | Sled::Unmarked | Sled::Bad(_) => 0,
        };
        let logged = self.archive.last(history).map(|stamp| stamp.number);
        let is_noted = self.stopped.as_ref().is_some_and(|stopped| {
            stopped.history == history
                && stopped.stamp.number >= stands
                && Some(stopped.stamp.number) >= logged
        });
        let Some(mark) = self.mark.filter(|mark| mark.history == history) else { return is_noted };
        let is_begun = stands == 0 && mark.promised.number == 0 && self.archive.is_empty();
        is_noted || is_begun || logged.is_some_and(|logged| logged >= stands)
    }
}

// In the order of what counts for more where there are as many for one as for the other.
const LOG: u8 = 0;
const MARKER: u8 = 1;
const WATERMARK: u8 = 2;
const STOPPED: u8 = 3;
const DATABASE: u8 = 4;

/// What most kinds of parts say.
fn most<T: Copy + Ord>(voices: impl Iterator<Item = (u8, T)>) -> Option<T> {
    let mut voices: Vec<(u8, T)> = voices.collect();
    voices.sort_unstable();
    voices.dedup();
    let count = |of: T| voices.iter().filter(|(_, said)| *said == of).count();
    // Of those with as many, the one that is said first.
    voices.iter().map(|(_, said)| *said).rev().max_by_key(|said| count(*said))
}
