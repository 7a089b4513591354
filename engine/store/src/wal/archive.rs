//! What the bases and logs of some folders hold, and how far one gets with them.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::base::{self, About};
use super::identity::StoreId;
use super::log::{self, Next, Reader, Record};
use super::{Bad, HistoryId, Stamp};
use crate::error::StoreError;

/// The files of `folder` that are called `NUMBER.suffix`, by their numbers.
pub(crate) fn files(folder: &Path, suffix: &str) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // What is no folder holds nothing; whoever looks at the store as a whole says what it is.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(StoreError::io("cannot list the folder", folder, &error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry =
            entry.map_err(|error| StoreError::io("cannot list the folder", folder, &error))?;
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_suffix(suffix)?.strip_suffix('.'))
            .filter(|number| number.len() == 20)
            .and_then(|number| number.parse().ok());
        if let Some(number) = number {
            files.push((number, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

/// Records of one file that can be read, one behind the other.
#[derive(Debug, Clone)]
struct Segment {
    path: PathBuf,
    store: Option<StoreId>,
    history: HistoryId,
    /// The first that is in it, and how many follow.
    first: u64,
    stamps: Vec<Stamp>,
    /// Where the last of them ends.
    whole: u64,
}

/// All that could be read in some folders. Every byte of it was checked.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    bases: Vec<(PathBuf, About)>,
    segments: Vec<Segment>,
    /// Files that have the name of another.
    strays: Vec<(PathBuf, Option<StoreId>, HistoryId)>,
    /// What could not be read, with its file.
    pub(crate) broken: Vec<String>,
    /// The last records behind a place in them that cannot be read. They can be read, and show that
    /// there were others before them.
    cut_off: Vec<(HistoryId, Stamp)>,
    /// What could not be read either, but may be what was being written when the process or the
    /// power went: the end of the last file.
    pub(crate) torn: Option<String>,
}

impl Archive {
    /// Adds what is in the folder of a store's log, where each file goes on where the one before
    /// ends.
    pub(crate) fn add(&mut self, folder: &Path) -> Result<(), StoreError> {
        for (_, path) in files(folder, base::SUFFIX)? {
            match base::read::<Bad>(&path, |_, _| Ok(())) {
                Ok(about) => self.bases.push((path, about)),
                Err(bad) => self.broken.push(format!("{}: {}", path.display(), bad.0)),
            }
        }
        let bases: Vec<u64> =
            files(folder, base::SUFFIX)?.iter().map(|(begun, _)| *begun).collect();
        let segments = files(folder, log::SUFFIX)?;
        let last = segments.last().map(|(number, _)| *number);
        let mut expected: Option<u64> = None;
        for (number, path) in segments {
            let shown = path.display().to_string();
            // In a backup a gap may lie before a later base.
            let may_begin = bases.iter().any(|begun| *begun + 1 >= number);
            if let Some(expected) = expected.filter(|next| *next != number && !may_begin) {
                self.broken.push(format!(
                    "{shown}: it begins with commit {number}, and commits from {expected} on are missing before it"
                ));
            }
            let mut reader = match Reader::open(&path) {
                Ok(reader) if reader.first == number => reader,
                Ok(stray) => {
                    self.broken.push(format!("{shown}: it has the name of another file"));
                    self.strays.push((path, stray.store, stray.history));
                    continue;
                }
                Err(bad) => {
                    self.broken.push(format!("{shown}: {}", bad.0));
                    continue;
                }
            };
            let mut stamps = Vec::new();
            loop {
                match reader.next() {
                    Next::Record(record) => stamps.push(record.stamp),
                    Next::End => break,
                    Next::Broken(bad) => {
                        let told = format!("{shown}: {}", bad.0);
                        if Some(number) != last {
                            self.broken.push(told);
                            break;
                        }
                        match reader.beyond(&path) {
                            Ok(None) => self.torn = Some(told),
                            Ok(Some(later)) => {
                                self.broken.push(format!(
                                    "{told}, and commits up to {} follow",
                                    later.number
                                ));
                                self.cut_off.push((reader.history, later));
                            }
                            Err(bad) => self.broken.push(format!("{shown}: {}", bad.0)),
                        }
                        break;
                    }
                }
            }
            expected = Some(number + stamps.len() as u64);
            let (store, history, whole) = (reader.store, reader.history, reader.whole);
            self.segments.push(Segment { path, store, history, first: number, stamps, whole });
        }
        Ok(())
    }

    /// Cuts what was never written to its end off the last file, so that another may follow it.
    pub(crate) fn trim(&self) -> Result<(), StoreError> {
        let Some(last) = self.segments.iter().max_by_key(|segment| segment.first) else {
            return Ok(());
        };
        fs::OpenOptions::new()
            .write(true)
            .open(&last.path)
            .and_then(|file| file.set_len(last.whole).and_then(|()| file.sync_all()))
            .map_err(|error| StoreError::io("cannot write", &last.path, &error))
    }

    /// The histories that there is something of.
    pub(crate) fn histories(&self) -> Vec<HistoryId> {
        let mut found: Vec<HistoryId> = self.bases.iter().map(|(_, about)| about.history).collect();
        found.extend(self.segments.iter().map(|segment| segment.history));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Every file that could be read, and which store and history it is of.
    pub(crate) fn origins(&self) -> impl Iterator<Item = (&Path, Option<StoreId>, HistoryId)> {
        let bases =
            self.bases.iter().map(|(path, about)| (path.as_path(), about.store, about.history));
        let segments = self.segments.iter();
        let strays =
            self.strays.iter().map(|(path, store, history)| (path.as_path(), *store, *history));
        let segments = segments.map(|found| (found.path.as_path(), found.store, found.history));
        bases.chain(segments).chain(strays)
    }

    /// The store that a history is of, if one of its files tells.
    pub(crate) fn store_of(&self, history: HistoryId) -> Option<StoreId> {
        self.origins().filter(|(_, _, of)| *of == history).find_map(|(_, store, _)| store)
    }

    /// Whether nothing at all was found, readable or not.
    pub(crate) fn is_empty(&self) -> bool {
        self.bases.is_empty()
            && self.segments.is_empty()
            && self.broken.is_empty()
            && self.torn.is_none()
    }

    /// The last commit of a history that is in a log or makes a base whole.
    pub(crate) fn last(&self, history: HistoryId) -> Option<Stamp> {
        let logged = self
            .segments
            .iter()
            .filter(|segment| segment.history == history)
            .filter_map(|segment| segment.stamps.last());
        let based = self
            .bases
            .iter()
            .filter(|(_, about)| about.history == history)
            .map(|(_, about)| &about.finished);
        logged.chain(based).max_by_key(|stamp| stamp.number).copied()
    }

    /// The last commit of a history that there is any trace of, whether it can be had or not.
    pub(crate) fn last_trace(&self, history: HistoryId) -> Option<Stamp> {
        let cut_off = self.cut_off.iter().filter(|(of, _)| *of == history).map(|(_, stamp)| *stamp);
        self.last(history).into_iter().chain(cut_off).max_by_key(|stamp| stamp.number)
    }

    /// The state after the commit `number`, as far as a log tells.
    pub(crate) fn stamp(&self, history: HistoryId, number: u64) -> Option<Stamp> {
        let found = self
            .segments
            .iter()
            .filter(|segment| segment.history == history)
            .filter(|segment| segment.first <= number)
            .find_map(|segment| segment.stamps.get((number - segment.first) as usize));
        let based = || {
            let mut bases = self.bases.iter().map(|(_, about)| about);
            bases.find(|about| about.history == history && about.finished.number == number)
        };
        found.copied().or_else(|| based().map(|about| about.finished))
    }

    /// The last commit at or before the instant `at`.
    pub(crate) fn last_until(
        &self,
        history: HistoryId,
        at: crate::clock::UnixMillis,
    ) -> Option<Stamp> {
        self.segments
            .iter()
            .filter(|segment| segment.history == history)
            .flat_map(|segment| &segment.stamps)
            .chain(
                self.bases
                    .iter()
                    .filter(|(_, about)| about.history == history)
                    .map(|(_, about)| &about.finished),
            )
            .filter(|stamp| stamp.at <= at)
            .max_by_key(|stamp| stamp.number)
            .copied()
    }

    /// How far the records reach from behind the commit `from`, without a gap.
    pub(crate) fn reach(&self, history: HistoryId, from: u64, limit: u64) -> u64 {
        let mut reached = from;
        let mut by_first: BTreeMap<u64, u64> = BTreeMap::new();
        for segment in self.segments.iter().filter(|segment| segment.history == history) {
            let end = segment.first + segment.stamps.len() as u64;
            let longest = by_first.entry(segment.first).or_insert(end);
            *longest = end.max(*longest);
        }
        for (first, end) in by_first {
            if first <= reached + 1 {
                reached = reached.max(end.saturating_sub(1));
            }
        }
        reached.min(limit).max(from)
    }

    /// The base from which most can be had, up to the commit `limit`, and how far that is.
    pub(crate) fn best_base(&self, history: HistoryId, limit: u64) -> Option<(&Path, About, u64)> {
        self.bases
            .iter()
            .filter(|(_, about)| about.history == history && about.finished.number <= limit)
            .map(|(path, about)| (path.as_path(), *about, self.reach(history, about.begun, limit)))
            // A base that was changed while it was read is nothing without the records of that
            // time.
            .filter(|(_, about, reached)| *reached >= about.finished.number)
            .max_by_key(|(_, about, reached)| (*reached, about.begun))
    }

    /// Gives the records behind the commit `from` up to `until` to `each`, in order.
    pub(crate) fn records(
        &self,
        history: HistoryId,
        from: u64,
        until: u64,
        mut each: impl FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut done = from;
        while done < until {
            let segment = self
                .segments
                .iter()
                .filter(|segment| segment.history == history && segment.first <= done + 1)
                .max_by_key(|segment| segment.first + segment.stamps.len() as u64);
            let changed = |detail: &str| StoreError::Backend {
                detail: format!("the commit log changed while it was read: {detail}"),
            };
            let segment = segment.ok_or_else(|| changed("a file is gone"))?;
            let mut reader = Reader::open(&segment.path).map_err(|bad| changed(&bad.0))?;
            let before = done;
            while done < until {
                match reader.next() {
                    Next::Record(record) if record.stamp.number <= done => {}
                    Next::Record(record) => {
                        done = record.stamp.number;
                        each(record)?;
                    }
                    Next::End | Next::Broken(_) => break,
                }
            }
            if done == before {
                return Err(changed("a record is gone"));
            }
        }
        Ok(())
    }
}
