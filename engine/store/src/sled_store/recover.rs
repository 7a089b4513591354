//! Making a store anew from what is left of it: its database, its commit log, its backups.
//!
//! What is there is never changed: the new store is built beside it, checked commit by commit
//! against the running checksum, and takes its place as a whole. What was there before is kept
//! aside.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use sled::Db;

use super::check::{self, Examined};
use super::database::{self, Sled};
use super::open::{self, begin_log, check_format, lock, open_database};
use super::pending::Pending;
use super::{SledOptions, backup, codec, parts, shown, told};
use crate::blobs::Blobs;
use crate::clock::UnixMillis;
use crate::error::StoreError;
use crate::wal::base::{self, About};
use crate::wal::identity::{self, StoreId};
use crate::wal::log::Record;
use crate::wal::watermark::{Mark, Watermark};
use crate::wal::{self, Bad, HistoryId, Stamp, change::Change, regular};

/// Where the new store is built.
const BUILD: &str = "recovering";
/// Written there when it is whole: where the old files go, and which those are, a line each.
const COMPLETE: &str = "complete";
/// It holds a few names.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// Rows that are put into the new database at once.
const LOAD_BYTES: usize = 4 * 1024 * 1024;

/// Up to where a store is wanted back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Everything that can be had.
    Last,
    /// The commit with this number, and nothing behind it.
    Commit(u64),
    /// What was committed by this instant.
    Time(UnixMillis),
}

/// How a store is to be recovered.
#[derive(Debug, Clone)]
pub struct RecoverOptions {
    /// Backup folders to take from, beside what the store itself still has.
    pub from: Vec<PathBuf>,
    /// Up to where.
    pub until: Until,
    /// Go on although something that was promised is in none of them.
    pub accept_loss: bool,
    /// Only tell what would be done.
    pub dry_run: bool,
    /// When it is done; names where the old files go.
    pub now: UnixMillis,
    /// How long to wait for a process that is about to leave the folder.
    pub lock_patience: Duration,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Recovered {
    /// The store.
    pub folder: PathBuf,
    /// Nothing was made anew: the store is whole.
    pub was_whole: bool,
    /// Nothing was changed: it tells what would be.
    pub dry_run: bool,
    /// What was found.
    pub found: String,
    /// The last commit that is in the store now.
    pub commit: u64,
    /// When that was.
    pub at: UnixMillis,
    /// From what it was made.
    pub source: String,
    /// The last commit that was promised, as far as anything tells.
    pub promised: Option<u64>,
    /// When that was.
    pub promised_at: Option<UnixMillis>,
    /// Commits that were promised and are not in it.
    pub lost: u64,
    /// What would show that no commit was promised behind those is missing; says what. Given up
    /// like those that are lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unproven: Option<String>,
    /// Where the old files are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aside: Option<PathBuf>,
    /// Files of releases that were brought back.
    pub blobs: u64,
    /// What of the logs and backups could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// Where a way to the wanted commit begins.
enum Start {
    Sled(Stamp),
    Base(PathBuf, About),
    /// Nothing is left.
    Nothing,
}

struct Plan {
    store: StoreId,
    history: HistoryId,
    start: Start,
    reached: Stamp,
    promised: Option<Stamp>,
    /// Others may have been promised.
    unproven: Option<String>,
}

/// Makes the store in `folder` anew, from all that is left of it and the backups named.
///
/// # Errors
/// [`StoreError::Recovery`] if it cannot be had as asked, with how far one gets;
/// [`StoreError::Locked`], [`StoreError::Io`].
pub fn recover(
    folder: impl AsRef<Path>,
    options: &RecoverOptions,
) -> Result<Recovered, StoreError> {
    let folder = folder.as_ref();
    fs::create_dir_all(folder)
        .map_err(|error| StoreError::io("cannot create the store's folder", folder, &error))?;
    let _lock = lock(folder, options.lock_patience)?;
    finish_swap(folder)?;
    let cache = SledOptions::default().cache_bytes;
    let mut examined = check::examine(folder, cache)?;
    let is_whole = check::is_whole(folder, &examined);
    for root in &options.from {
        let before = examined.archive.histories().len();
        backup::add_all(&mut examined.archive, root)?;
        if examined.archive.histories().len() == before && backup::folders(root)?.is_empty() {
            return Err(recovery(format!("there is no backup in {}", root.display())));
        }
    }
    let mut done = Recovered {
        folder: folder.to_path_buf(),
        dry_run: options.dry_run,
        found: examined.all_findings(),
        unreadable: examined.archive.broken.clone(),
        ..Recovered::default()
    };
    let plan = plan(&examined, options)?;
    done.commit = plan.reached.number;
    done.at = plan.reached.at;
    done.promised = plan.promised.map(|stamp| stamp.number);
    done.promised_at = plan.promised.map(|stamp| stamp.at);
    done.unproven = plan.unproven.clone().filter(|_| options.until == Until::Last);
    done.lost =
        plan.promised.map_or(0, |promised| promised.number.saturating_sub(plan.reached.number));
    done.source = match &plan.start {
        Start::Sled(stamp) if stamp.number == plan.reached.number => "the database".to_owned(),
        Start::Sled(stamp) => {
            format!("the database as of commit {} and the commit log after it", stamp.number)
        }
        Start::Base(path, about) => format!(
            "{} (as of commit {}) and the commit log after it",
            path.display(),
            about.finished.number
        ),
        Start::Nothing => "nothing: the store is empty".to_owned(),
    };
    if is_whole
        && options.until == Until::Last
        && plan.promised.is_none_or(|p| p.number <= plan.reached.number)
    {
        done.was_whole = true;
    }
    if options.dry_run {
        return Ok(done);
    }
    if options.until == Until::Last && done.lost > 0 && !options.accept_loss {
        return Err(recovery(lost(&plan, &done)));
    }
    if let Some(missing) = &done.unproven
        && !options.accept_loss
    {
        return Err(recovery(format!(
            "{missing}; the store can be recovered up to commit {} ({}), from {}. It is unknown \
            whether later commits were acknowledged: put the missing files back if you have them, \
            or give up any later commits with --accept-loss",
            done.commit,
            shown(done.at),
            done.source
        )));
    }
    if !done.was_whole {
        build(folder, &examined, &plan, options)?;
        let aside = folder.join(format!("damaged-{}", options.now.0));
        complete(folder, &aside)?;
        finish_swap(folder)?;
        done.aside = aside.is_dir().then_some(aside);
    }
    done.blobs = bring_content(folder, &options.from)?;
    Ok(done)
}

fn recovery(detail: String) -> StoreError {
    StoreError::Recovery { detail }
}

fn lost(plan: &Plan, done: &Recovered) -> String {
    let until = plan.promised.map_or(plan.reached.at, |promised| promised.at);
    format!(
        "the store can be recovered up to commit {} ({}), from {}; the {} commits after it, up to \
        {}, are in none of the sources. Name a backup that has them with --from, or give them up \
        with --accept-loss",
        done.commit,
        shown(done.at),
        done.source,
        done.lost,
        shown(until)
    )
}

/// The way that leads furthest.
fn plan(examined: &Examined, options: &RecoverOptions) -> Result<Plan, StoreError> {
    let archive = &examined.archive;
    let (own_store, own) = examined.own;
    // Where the store itself has nothing left, it is the one that was backed up last.
    let latest = || {
        let of = |history: &HistoryId| archive.last(*history).map(|stamp| stamp.at);
        archive.histories().into_iter().max_by_key(of)
    };
    let own = own.or_else(latest);
    let mut histories = archive.histories();
    histories.extend(own);
    let mut strangers = Vec::new();
    // The store's own history first; of others the one that goes furthest.
    histories.sort_by_key(|history| {
        std::cmp::Reverse((Some(*history) == own, archive.last(*history).map(|stamp| stamp.at)))
    });
    histories.dedup();
    let mut nearest: Option<Plan> = None;
    for history in histories {
        let of = archive.store_of(history);
        if let (Some(of), Some(own)) = (of, own_store)
            && of != own
        {
            strangers.push(format!("{of}"));
            continue;
        }
        let limit = match options.until {
            Until::Last => u64::MAX,
            Until::Commit(number) => number,
            Until::Time(at) => match last_until(examined, history, at) {
                Some(number) => number,
                // It began later.
                None => continue,
            },
        };
        let promised = (Some(history) == own).then(|| examined.promised(history)).flatten();
        let Some((start, reached)) = way(examined, history, limit) else { continue };
        let store = match own_store.or(of) {
            Some(store) => store,
            None => StoreId::random()?,
        };
        let unproven =
            (!examined.is_end_known(history)).then(|| told::missing_end(examined, history));
        let plan = Plan { store, history, start, reached, promised, unproven };
        if options.until == Until::Last || reached.number == limit {
            return Ok(plan);
        }
        if nearest.as_ref().is_none_or(|nearest| nearest.reached.number < reached.number) {
            nearest = Some(plan);
        }
    }
    if let Some(nearest) = nearest {
        return Err(recovery(format!(
            "none of the sources holds that state; the nearest that can be recovered is commit {} \
            ({}). Name a backup that has more with --from",
            nearest.reached.number,
            shown(nearest.reached.at)
        )));
    }
    if options.until == Until::Last && options.accept_loss {
        let history = own.map_or_else(HistoryId::random, Ok)?;
        let promised = examined.promised(history);
        return Ok(Plan {
            store: own_store.map_or_else(StoreId::random, Ok)?,
            history,
            start: Start::Nothing,
            reached: Stamp::default(),
            promised,
            unproven: None,
        });
    }
    if let (Some(own), false) = (own_store, strangers.is_empty()) {
        return Err(recovery(format!(
            "the readable commit logs belong to another store ({}); this one is {own}. Name a \
            backup of this store with --from, recover the other one in an empty folder, or start \
            with an empty store with --accept-loss",
            strangers.join(", ")
        )));
    }
    Err(recovery(format!(
        "no commit can be recovered from the readable files{}{}. Name a backup with --from, or \
        start with an empty store with --accept-loss",
        if examined.archive.broken.is_empty() { "" } else { ": " },
        examined.archive.broken.join("; "),
    )))
}

/// The last commit of a history by an instant. What sled holds counts, too.
fn last_until(examined: &Examined, history: HistoryId, at: UnixMillis) -> Option<u64> {
    let sled = match &examined.sled {
        Sled::Whole(of, stamp)
            if *of == history && stamp.at <= at && !examined.is_database_strange =>
        {
            Some(stamp.number)
        }
        _ => None,
    };
    let logged = examined.archive.last_until(history, at).map(|stamp| stamp.number);
    logged.max(sled)
}

fn way(examined: &Examined, history: HistoryId, limit: u64) -> Option<(Start, Stamp)> {
    let archive = &examined.archive;
    let from_sled = match &examined.sled {
        Sled::Whole(of, stamp)
            if *of == history && stamp.number <= limit && !examined.is_database_strange =>
        {
            let reached = archive.reach(history, stamp.number, limit);
            let end = if reached == stamp.number {
                Some(*stamp)
            } else {
                archive.stamp(history, reached)
            };
            end.map(|end| (Start::Sled(*stamp), end))
        }
        _ => None,
    };
    let from_base = archive.best_base(history, limit).and_then(|(path, about, reached)| {
        let end = archive.stamp(history, reached)?;
        Some((Start::Base(path.to_path_buf(), about), end))
    });
    match (from_sled, from_base) {
        (Some(sled), Some(base)) if base.1.number > sled.1.number => Some(base),
        (Some(sled), _) => Some(sled),
        (None, base) => base,
    }
}

/// Builds the store that `plan` leads to.
fn build(
    folder: &Path,
    examined: &Examined,
    plan: &Plan,
    options: &RecoverOptions,
) -> Result<(), StoreError> {
    let place = folder.join(BUILD);
    remove(&place)?;
    if let Start::Sled(_) = plan.start {
        database::copy_database(folder, &place)?;
    }
    fs::create_dir_all(&place)
        .map_err(|error| StoreError::io("cannot create the folder", &place, &error))?;
    let db = open_database(&place, &SledOptions::default())?;
    let path = place.join("db");
    let file = File::open(&path).map_err(|error| StoreError::io("cannot open", &path, &error))?;
    let archive = &examined.archive;
    let from = match &plan.start {
        Start::Sled(stamp) => *stamp,
        Start::Base(path, about) => {
            check_format(&place, &db, &file)?;
            let mut stamp = load(&db, plan.history, path, about)?;
            // Until the base was finished, its rows are of different moments.
            let until = about.finished.number;
            archive.records(plan.history, about.begun, until, |record| {
                stamp = apply(&db, plan.history, &record, stamp)?;
                Ok(())
            })?;
            if stamp.sum != about.finished.sum {
                return Err(recovery(format!(
                    "{} and the commit log after it do not lead to commit {until}: their checksums differ",
                    path.display()
                )));
            }
            Stamp { sum: stamp.sum, ..about.finished }
        }
        Start::Nothing => {
            check_format(&place, &db, &file)?;
            Stamp::default()
        }
    };
    set_stamp(&db, plan.history, &from)?;
    archive.records(plan.history, from.number, plan.reached.number, |record| {
        open::replay(&db, plan.history, &record)
    })?;
    // Where commits are given up, others will get their numbers.
    let is_whole = plan.promised.is_none_or(|promised| promised.number <= plan.reached.number)
        && plan.unproven.is_none();
    let history =
        if is_whole && options.until == Until::Last && !matches!(plan.start, Start::Nothing) {
            plan.history
        } else {
            HistoryId::random()?
        };
    let stamp = if let Start::Nothing = plan.start {
        Stamp { at: options.now, ..from }
    } else {
        plan.reached
    };
    set_stamp(&db, history, &stamp)?;
    db.insert(codec::IDENTITY_KEY, &plan.store.0).map_err(super::backend)?;
    open::settle(&db, &file)?;
    begin_log(&place, &db, plan.store, history, stamp)?;
    let store = Some(plan.store);
    let mark = Mark { store, history, promised: stamp, settled: stamp.number };
    Watermark::open(&place, &mark)?.sync()?;
    identity::write_marker(&place, plan.store)?;
    drop(db);
    Ok(())
}

fn set_stamp(db: &Db, history: HistoryId, stamp: &Stamp) -> Result<(), StoreError> {
    db.apply_batch(Pending::default().into_batch(history, stamp)).map_err(super::backend)
}

/// Puts the rows and tokens of a base into an empty database.
fn load(db: &Db, history: HistoryId, path: &Path, about: &About) -> Result<Stamp, StoreError> {
    enum Failure {
        Bad(Bad),
        Store(StoreError),
    }
    impl From<Bad> for Failure {
        fn from(bad: Bad) -> Self {
            Self::Bad(bad)
        }
    }
    let mut stamp = Stamp { number: about.begun, ..Stamp::default() };
    let mut pending = Pending::default();
    let mut bytes = 0;
    let read = base::read::<Failure>(path, |change, _| {
        bytes += match &change {
            Change::Row { slot, .. } => slot.value.len() + 128,
            Change::NoRow { .. } | Change::Token { .. } | Change::NoToken { .. } => 128,
        };
        pending.apply(db, change).map_err(Failure::Store)?;
        if bytes >= LOAD_BYTES {
            let full = std::mem::take(&mut pending);
            bytes = 0;
            stamp.sum = full.sum_after(stamp.sum);
            let batch = full.into_batch(history, &stamp);
            db.apply_batch(batch).map_err(|error| Failure::Store(super::backend(error)))?;
        }
        Ok(())
    });
    read.map_err(|failure| match failure {
        Failure::Bad(bad) => recovery(format!("{}: {}", path.display(), bad.0)),
        Failure::Store(error) => error,
    })?;
    stamp.sum = pending.sum_after(stamp.sum);
    db.apply_batch(pending.into_batch(history, &stamp)).map_err(super::backend)?;
    Ok(stamp)
}

/// Gives sled what a record says, whatever that comes to.
fn apply(db: &Db, history: HistoryId, record: &Record, before: Stamp) -> Result<Stamp, StoreError> {
    let mut pending = Pending::default();
    pending.replay(db, &record.changes)?;
    let stamp = Stamp { sum: pending.sum_after(before.sum), ..record.stamp };
    db.apply_batch(pending.into_batch(history, &stamp)).map_err(super::backend)?;
    Ok(stamp)
}

/// From here on the new store is the one that counts, whatever becomes of this process.
fn complete(folder: &Path, aside: &Path) -> Result<(), StoreError> {
    let place = folder.join(BUILD);
    let name = aside.file_name().and_then(|name| name.to_str()).unwrap_or("damaged");
    let mut text = format!("{name}\n");
    for old in parts::replaced(folder)? {
        text.push_str(&old);
        text.push('\n');
    }
    let path = place.join(COMPLETE);
    let temporary = place.join("complete.new");
    fs::write(&temporary, text)
        .and_then(|()| File::open(&temporary)?.sync_all())
        .and_then(|()| fs::rename(&temporary, &path))
        .map_err(|error| StoreError::io("cannot write", &path, &error))?;
    wal::sync_folder(&place)
}

/// Puts a store that was built whole into its place; does nothing if there is none.
pub(super) fn finish_swap(folder: &Path) -> Result<(), StoreError> {
    let place = folder.join(BUILD);
    let complete = place.join(COMPLETE);
    let text = match regular::read(&complete, MOST_BYTES) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        // One that was never built to its end is of no use.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return remove(&place);
        }
        Err(error) => return Err(StoreError::io("cannot read", complete, &error)),
    };
    let moved = |from: &Path, to: &Path| {
        fs::rename(from, to).map_err(|error| StoreError::io("cannot move", from, &error))
    };
    let mut lines = text.lines();
    let aside = folder.join(lines.next().unwrap_or("damaged"));
    let old: Vec<&str> = lines.collect();
    if !old.is_empty() {
        fs::create_dir_all(&aside)
            .map_err(|error| StoreError::io("cannot create the folder", &aside, &error))?;
    }
    for name in old {
        let is_there = |path: PathBuf| path.symlink_metadata().is_ok();
        if !is_there(aside.join(name)) && is_there(folder.join(name)) {
            moved(&folder.join(name), &aside.join(name))?;
        }
    }
    let failed = |error| StoreError::io("cannot list the folder", &place, &error);
    for entry in fs::read_dir(&place).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name() != COMPLETE && entry.file_name() != "lock" {
            moved(&entry.path(), &folder.join(entry.file_name()))?;
        }
    }
    wal::sync_folder(folder)?;
    remove(&place)
}

/// Removes what is at `folder`, whatever it is.
pub(super) fn remove(folder: &Path) -> Result<(), StoreError> {
    let is_folder = folder.symlink_metadata().is_ok_and(|found| found.is_dir());
    let removed = if is_folder { fs::remove_dir_all(folder) } else { fs::remove_file(folder) };
    match removed {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io("cannot remove", folder, &error)),
    }
}

/// Brings back content that is missing or damaged, and in a backup.
fn bring_content(folder: &Path, from: &[PathBuf]) -> Result<u64, StoreError> {
    let mut brought = 0;
    for root in from.iter().map(|root| root.join(backup::CONTENT)).filter(|root| root.is_dir()) {
        let (there, here) = (Blobs::open(root)?, Blobs::open(folder.join(backup::CONTENT))?);
        for digest in there.list()? {
            if matches!(here.get(&digest), Ok(Some(_))) {
                continue;
            }
            // What the backup has not as it was, another may have; what is still missing then is
            // told.
            if let Ok(Some(bytes)) = there.get(&digest) {
                here.put(&bytes)?;
                brought += 1;
            }
        }
    }
    Ok(brought)
}
