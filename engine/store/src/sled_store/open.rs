//! Opening a store, and closing it in order.

use std::fs::{File, OpenOptions};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use sled::Db;

use super::check::{self, Found, Known};
use super::committer::{Committer, Counters};
use super::keeper::{Keeper, free_bytes};
use super::pending::{self, Pending};
use super::settle::{BaseSize, Settler, must_be, write_entries};
use super::{
    LOCK_RETRY, Noticed, SledOptions, SledStore, backend, codec, database, panic_text, recover,
};
use crate::clock::{Clock, UnixMillis};
use crate::error::StoreError;
use crate::wal::base::{self, Writer};
use crate::wal::identity::{self, Marker, StoreId};
use crate::wal::log::Appender;
use crate::wal::stopped::{self, Stopped};
use crate::wal::watermark::{Mark, Watermark};
use crate::wal::{self, HistoryId, Stamp, archive, regular};

/// Locked by whoever has the store. sled has a lock of its own, but the files are looked at before
/// sled may.
const LOCK_FILE: &str = "lock";

impl SledStore {
    /// Opens the database in the folder `path`, and makes it if there is none. Blocks while it is
    /// looked at.
    ///
    /// What is there is first compared with what was promised; if it is less, it is left as it is.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process (or an earlier store of this one) has it open,
    /// [`StoreError::Damaged`] if something is missing or cannot be read, [`StoreError::Corrupt`]
    /// of a store that has nothing to be compared with, [`StoreError::NewerFormat`],
    /// [`StoreError::Io`].
    pub fn open(
        path: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
        options: &SledOptions,
    ) -> Result<Self, StoreError> {
        let path = path.as_ref().to_path_buf();
        std::fs::create_dir_all(&path)
            .map_err(|error| StoreError::io("cannot create the store's folder", &path, &error))?;
        let lock = lock(&path, options.lock_patience)?;
        recover::finish_swap(&path)?;
        let found = check::look(&path, options.cache_bytes)?;
        // From here on files are changed.
        wal::remove_unfinished(&path.join(wal::FOLDER))?;
        let known = match &found {
            Found::Known(known) => known.store,
            Found::New | Found::Old => None,
        };
        let store = known.map_or_else(StoreId::random, Ok)?;
        if let Found::Known(known) = &found {
            // Without the note it has to be there.
            let (history, settled) = (known.history, known.sled.number);
            let mark = Mark { store: Some(store), history, promised: known.last, settled };
            Watermark::open(&path, &mark)?.sync()?;
        }
        stopped::remove(&path)?;
        let db = open_database(&path, options)?;
        let file_path = path.join("db");
        let file = File::open(&file_path)
            .map_err(|error| StoreError::io("cannot open the store's log", &file_path, &error))?;
        check_format(&path, &db, &file)?;
        let noticed = Arc::new(Noticed::default());
        let (mark, base) = match found {
            Found::New | Found::Old => first_time(&path, &db, &file, &clock, store, &found)?,
            Found::Known(known) => again(&path, &db, &file, *known, store, &clock, &noticed)?,
        };
        let log = Appender::begin(&path.join(wal::FOLDER), store, mark.history, mark.promised)?;
        let water = Watermark::open(&path, &mark)?;
        water.sync()?;
        // Last of all: whoever finds it may take it that all else was there once.
        if Marker::read(&path) != Marker::Of(store) {
            identity::write_marker(&path, store)?;
        }
        let free = Box::new(free_bytes);
        let keeper = Keeper::new(&path, store, log, water, mark, options.reserve_bytes, free);
        let parts =
            Parts { path, db, file, clock, keeper, noticed, base, closing: Closing::new(lock) };
        Self::run(parts)
    }

    pub(super) fn run(parts: Parts) -> Result<Self, StoreError> {
        let Parts { path, db, file, clock, keeper, noticed, base: (base, unread), closing } = parts;
        let keeper = Arc::new(keeper);
        let stopped = Arc::new(OnceLock::new());
        let counters = Arc::new(Counters::default());
        let committer = Committer {
            db: db.clone(),
            keeper: Arc::clone(&keeper),
            clock: Arc::clone(&clock),
            stopped: Arc::clone(&stopped),
            counters: Arc::clone(&counters),
        };
        let settler = Settler {
            db: db.clone(),
            file,
            folder: path.clone(),
            keeper: Arc::clone(&keeper),
            clock: Arc::clone(&clock),
            stopped: Arc::clone(&stopped),
            base,
            unread,
            noticed: Arc::clone(&noticed),
        };
        let no_thread = |error| StoreError::io("cannot start a thread for", &path, &error);
        let (jobs, queue) = mpsc::channel();
        let committer = std::thread::Builder::new()
            .name("store-committer".to_owned())
            .spawn(move || committer.run(&queue))
            .map_err(no_thread)?;
        let (tasks, queue) = mpsc::channel();
        let settler = std::thread::Builder::new()
            .name("store-settler".to_owned())
            .spawn(move || settler.run(&queue))
            .map_err(no_thread)?;
        Ok(Self {
            path,
            db,
            clock,
            stopped,
            counters,
            keeper,
            noticed,
            jobs: Some(jobs),
            committer: Some(committer),
            tasks: Some(tasks),
            settler: Some(settler),
            closing,
        })
    }
}

/// What an open store is made of.
pub(super) struct Parts {
    pub(super) path: PathBuf,
    pub(super) db: Db,
    /// sled's file, to be synced.
    pub(super) file: File,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keeper: Keeper,
    pub(super) noticed: Arc<Noticed>,
    /// The base that the log follows, and whether that was not read yet.
    pub(super) base: (BaseSize, bool),
    pub(super) closing: Closing,
}

/// Takes the store in `path` for this process.
pub(super) fn lock(path: &Path, mut patience: Duration) -> Result<File, StoreError> {
    let name = path.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let file = regular::opened(&mut options, &name).map_err(|error| {
        StoreError::io("cannot open (remove it; nothing is ever in it)", &name, &error)
    })?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::Error(error)) => {
                return Err(StoreError::io("cannot lock", &name, &error));
            }
            Err(std::fs::TryLockError::WouldBlock) if patience.is_zero() => {
                return Err(StoreError::Locked { path: path.to_path_buf() });
            }
            Err(std::fs::TryLockError::WouldBlock) => {
                std::thread::sleep(LOCK_RETRY.min(patience));
                patience = patience.saturating_sub(LOCK_RETRY);
            }
        }
    }
}

/// Opens sled, which has a lock of its own: its threads end behind a database that was closed.
pub(super) fn open_database(path: &Path, options: &SledOptions) -> Result<Db, StoreError> {
    let config = sled::Config::new().path(path).cache_capacity(options.cache_bytes);
    let mut patience = options.lock_patience;
    loop {
        // Recovery of a damaged log may panic instead of failing.
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
        let error = match opened {
            Ok(Ok(db)) => return Ok(db),
            Ok(Err(error)) => open_error(path, &error),
            Err(panic) => {
                StoreError::Corrupt { path: path.to_path_buf(), detail: panic_text(panic.as_ref()) }
            }
        };
        if patience.is_zero() || !matches!(error, StoreError::Locked { .. }) {
            return Err(error);
        }
        std::thread::sleep(LOCK_RETRY.min(patience));
        patience = patience.saturating_sub(LOCK_RETRY);
    }
}

/// Gives a store that has none a history, and a base to begin its log with.
fn first_time(
    path: &Path,
    db: &Db,
    file: &File,
    clock: &Arc<dyn Clock>,
    store: StoreId,
    found: &Found,
) -> Result<(Mark, (BaseSize, bool)), StoreError> {
    let history = HistoryId::random()?;
    // From here on the index is held against the rows at every start that is not after a stop in
    // order.
    for (entry, is_missing) in database::index_differences(db)? {
        if is_missing { db.insert(entry, &[]) } else { db.remove(entry) }.map_err(backend)?;
    }
    let stamp = Stamp { number: 0, at: clock.now(), sum: database::sum(db)? };
    if matches!(found, Found::Old) {
        tracing::info!(
            store = %path.display(),
            "this store had neither a watermark nor a commit log; both were added"
        );
    }
    // Before the database has a history: one that has may not be without a watermark.
    let mark = Mark { store: Some(store), history, promised: stamp, settled: 0 };
    Watermark::open(path, &mark)?.sync()?;
    // In sled before there is a log: one without its number in sled would look like a loss.
    db.insert(codec::IDENTITY_KEY, &store.0).map_err(backend)?;
    db.insert(codec::COMMIT_KEY, pending::commit_row(history, &stamp)).map_err(backend)?;
    raise_format(db)?;
    settle(db, file)?;
    let base = begin_log(path, db, store, history, stamp)?;
    Ok((mark, (base, false)))
}

/// Brings a store that was looked at to where its log is.
fn again(
    path: &Path,
    db: &Db,
    file: &File,
    known: Known,
    store: StoreId,
    clock: &Arc<dyn Clock>,
    noticed: &Noticed,
) -> Result<(Mark, (BaseSize, bool)), StoreError> {
    let here = db.get(codec::COMMIT_KEY).map_err(backend)?;
    let here = here.and_then(|row| pending::decode_commit_row(&row));
    if here != Some((known.history, known.sled)) {
        return Err(StoreError::Damaged {
            path: path.to_path_buf(),
            found: "the database opened in a state other than the one just checked".to_owned(),
            remedy: "the disk may return inconsistent data: look at the system log, then run \
                `dialgraph store recover`"
                .to_owned(),
        });
    }
    for note in known.notes {
        noticed.tell(path, note);
    }
    if known.last != known.sled {
        known.archive.records(known.history, known.sled.number, known.last.number, |record| {
            replay(db, known.history, &record)
        })?;
        tracing::info!(
            store = %path.display(),
            commits = known.last.number - known.sled.number,
            "the store was not shut down cleanly; the commit log was replayed"
        );
    }
    if database::identity(db)? != Some(store) {
        db.insert(codec::IDENTITY_KEY, &store.0).map_err(backend)?;
    }
    raise_format(db)?;
    // What sled has read from its file after a kill was perhaps never on disk, and the watermark is
    // to say that it is.
    settle(db, file)?;
    let mark = Mark {
        store: Some(store),
        history: known.history,
        promised: known.last,
        settled: known.last.number,
    };
    if !known.unread {
        known.archive.trim()?;
    }
    let base = if known.renew {
        if known.keep_log {
            keep_log(path, clock.now(), noticed)?;
        }
        begin_log(path, db, store, known.history, known.last)?
    } else {
        base_size(path)?
    };
    Ok((mark, (base, known.unread)))
}

/// Moves a log away of which nothing shows that the database holds what it holds.
fn keep_log(path: &Path, now: UnixMillis, noticed: &Noticed) -> Result<(), StoreError> {
    let folder = path.join(wal::FOLDER);
    let mut files = archive::files(&folder, base::SUFFIX)?;
    files.extend(archive::files(&folder, wal::log::SUFFIX)?);
    if files.is_empty() {
        return Ok(());
    }
    let aside = path.join(format!("damaged-{}", now.0)).join(wal::FOLDER);
    std::fs::create_dir_all(&aside)
        .map_err(|error| StoreError::io("cannot create the folder", &aside, &error))?;
    for (_, file) in files {
        let target = aside.join(file.file_name().unwrap_or_default());
        std::fs::rename(&file, &target)
            .map_err(|error| StoreError::io("cannot move aside", &file, &error))?;
    }
    wal::sync_folder(&aside)?;
    noticed.tell(path, format!("what was left of the commit log is kept in {}", aside.display()));
    Ok(())
}

/// Keeps programs away that would commit past the log.
fn raise_format(db: &Db) -> Result<(), StoreError> {
    let format = codec::FORMAT.to_be_bytes();
    if db.get(codec::FORMAT_KEY).map_err(backend)?.is_none_or(|found| found != format) {
        db.insert(codec::FORMAT_KEY, &format).map_err(backend)?;
    }
    Ok(())
}

/// Gives sled what a record of the log says, and makes sure that this is the state that it speaks
/// of.
pub(super) fn replay(
    db: &Db,
    history: HistoryId,
    record: &wal::log::Record,
) -> Result<(), StoreError> {
    let before = db.get(codec::COMMIT_KEY).map_err(backend)?;
    let sum = before
        .and_then(|row| pending::decode_commit_row(&row))
        .map_or(wal::Sum::default(), |(_, stamp)| stamp.sum);
    let mut pending = Pending::default();
    pending.replay(db, &record.changes)?;
    if pending.sum_after(sum) != record.stamp.sum {
        return Err(StoreError::Backend {
            detail: format!(
                "the commit log and the database disagree about commit {}; run `dialgraph store recover`",
                record.stamp.number
            ),
        });
    }
    db.apply_batch(pending.into_batch(history, &record.stamp)).map_err(backend)
}

pub(super) fn settle(db: &Db, file: &File) -> Result<(), StoreError> {
    db.flush().map_err(backend)?;
    file.sync_all().map_err(|error| StoreError::Backend { detail: format!("cannot sync: {error}") })
}

/// Begins the log of a store that stands at `stamp`: a base of all that `db` holds, and no record.
pub(super) fn begin_log(
    path: &Path,
    db: &Db,
    store: StoreId,
    history: HistoryId,
    stamp: Stamp,
) -> Result<BaseSize, StoreError> {
    let folder = path.join(wal::FOLDER);
    std::fs::create_dir_all(&folder)
        .map_err(|error| StoreError::io("cannot create the folder", &folder, &error))?;
    let before =
        [archive::files(&folder, base::SUFFIX)?, archive::files(&folder, wal::log::SUFFIX)?];
    let mut writer = Writer::create(&folder, store, history, stamp.number)?;
    must_be(&stamp, write_entries(db, &mut writer)?)?;
    let bytes = writer.finish(&stamp)?;
    // What was there before is of no use beside this.
    for (_, file) in before.into_iter().flatten() {
        if file != base::path(&folder, stamp.number) {
            std::fs::remove_file(&file)
                .map_err(|error| StoreError::io("cannot remove", &file, &error))?;
        }
    }
    wal::sync_folder(&folder)?;
    wal::sync_folder(path)?;
    Ok(BaseSize { bytes, number: stamp.number, at: stamp.at })
}

/// The size of the base that is there, and how old it is.
fn base_size(path: &Path) -> Result<BaseSize, StoreError> {
    let mut size = BaseSize::default();
    for (number, file) in archive::files(&path.join(wal::FOLDER), base::SUFFIX)? {
        let bytes = file.metadata().map_or(0, |file| file.len());
        let at = base::finished(&file).map_or(UnixMillis(0), |stamp| stamp.at);
        size = BaseSize { bytes, number, at };
    }
    Ok(size)
}

fn open_error(path: &Path, error: &sled::Error) -> StoreError {
    let path = path.to_path_buf();
    match error {
        // sled reports a held lock only in words; the version is pinned and a test holds them.
        sled::Error::Io(io) if io.to_string().contains("could not acquire lock") => {
            StoreError::Locked { path }
        }
        sled::Error::Io(io) => StoreError::io("cannot open the store in", path, io),
        other => StoreError::Corrupt { path, detail: other.to_string() },
    }
}

pub(super) fn check_format(path: &Path, db: &Db, log: &File) -> Result<(), StoreError> {
    let corrupt =
        |detail: &str| StoreError::Corrupt { path: path.to_path_buf(), detail: detail.to_owned() };
    match db.get(codec::FORMAT_KEY).map_err(backend)? {
        Some(bytes) => {
            let found = bytes
                .as_ref()
                .try_into()
                .map(u32::from_be_bytes)
                .map_err(|_| corrupt("its format number is malformed"))?;
            if found > codec::FORMAT {
                return Err(StoreError::NewerFormat {
                    path: path.to_path_buf(),
                    found,
                    known: codec::FORMAT,
                });
            }
        }
        None if !db.is_empty() => {
            return Err(corrupt("it holds data, but not in the format of this program"));
        }
        None => {
            let written = || -> std::io::Result<()> {
                db.insert(codec::FORMAT_KEY, &codec::FORMAT.to_be_bytes())?;
                db.flush()?;
                log.sync_all()
            };
            written().map_err(|error| StoreError::io("cannot write to", path, &error))?;
        }
    }
    Ok(())
}

/// What is left to do when a store is closed.
pub(super) struct Closing {
    /// Held until the end.
    lock: Option<File>,
    note: Option<(PathBuf, StoreId, HistoryId, Stamp)>,
}

impl Closing {
    pub(super) fn new(lock: File) -> Self {
        Self { lock: Some(lock), note: None }
    }

    /// The threads are gone; the database goes next.
    pub(super) fn prepare(&mut self, keeper: &Keeper, stopped: &OnceLock<String>) {
        let mark = keeper.mark();
        let closed = keeper.log().close().and_then(|()| keeper.sync());
        match closed {
            Ok(()) if stopped.get().is_none() && mark.settled == mark.promised.number => {
                self.note = Some((
                    keeper.folder().to_path_buf(),
                    keeper.store(),
                    mark.history,
                    mark.promised,
                ));
            }
            Ok(()) => {}
            Err(error) => tracing::warn!(%error, "the commit log could not be closed in order"),
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let Some((folder, store, history, stamp)) = self.note.take() else { return };
        // sled writes until its last thread has let go of the lock.
        let Ok(file) = File::open(folder.join("db")) else { return };
        let mut tries = 0;
        while file.try_lock().is_err() {
            tries += 1;
            if tries > 400 {
                tracing::warn!(
                    "the database was not closed in time; the next start reads all of it"
                );
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let noted = database::database_files(&folder)
            .and_then(|names| stopped::sums(&folder, &names))
            .and_then(|files| Stopped { store: Some(store), history, stamp, files }.write(&folder));
        if let Err(error) = noted {
            tracing::warn!(%error, "the clean shutdown could not be recorded; the next start reads \
                the whole store");
        }
        drop(self.lock.take());
    }
}
