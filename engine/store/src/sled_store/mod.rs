//! The embedded backend: [sled](https://docs.rs/sled/0.34.7), owned by one process.
//!
//! What keeps it honest:
//! * one thread writes, in groups, and answers only what is durable ([`committer`]);
//! * large values are cut, so that no page reaches the 128 KiB at which sled starts to keep files that it
//!   never deletes ([`rows`]);
//! * one tree, a bounded cache, and sled's own background flushing left on, because its thread also
//!   collects garbage;
//! * opening is done in the expectation that it may panic, and says what to do about it.

mod codec;
mod committer;
mod rows;

use std::any::Any;
use std::fmt;
use std::fs::File;
use std::io::Write as _;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use futures::channel::oneshot;
use sled::Db;

use self::committer::{Committer, Counters, Job, Request};
use crate::backend::{Backend, Walked};
use crate::clock::Clock;
use crate::error::{CommitError, StoreError};
use crate::key::Key;
use crate::plan;
use crate::store::{
    CommitToken, Committed, MAX_VALUE_BYTES, Op, Order, PAGE_BYTES, Page, Query, Row, Store,
};

/// Written once the format is in the database. If it is there and the format is not, the database has
/// lost its content, and must not be taken for a new one.
const MARK_FILE: &str = "dialgraph-store";

/// How to open a [`SledStore`].
#[derive(Debug, Clone)]
pub struct SledOptions {
    /// Most memory for cached pages, in bytes. sled's own default is 1 GiB.
    pub cache_bytes: u64,
    /// How long to wait for a process that is about to leave the folder, as on a restart. A closing
    /// database holds its lock for a moment longer, too: its writer threads end behind it.
    pub lock_patience: Duration,
}

/// How often a held lock is tried again.
const LOCK_RETRY: Duration = Duration::from_millis(20);

impl Default for SledOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 * 1024 * 1024, lock_patience: Duration::from_secs(2) }
    }
}

/// Figures for monitoring; the counters count from opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SledStats {
    /// Bytes that the database takes on disk.
    pub size_on_disk: u64,
    /// Commits applied.
    pub commits: u64,
    /// Commits that ended in a conflict.
    pub conflicts: u64,
    /// Commits that were recognised as repeated.
    pub repeats: u64,
    /// Disk flushes; `commits / groups` is how many commits share one.
    pub groups: u64,
    /// Expired rows removed.
    pub purged: u64,
}

/// A [`Store`] in a folder.
///
/// Dropping it waits for the commits that were already asked for, then closes the database.
///
/// ```
/// use std::sync::Arc;
/// use dialgraph_store::{SledOptions, SledStore, Store, UnixMillis};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("store");
/// let clock = Arc::new(|| UnixMillis(1_800_000_000_000));
/// let store: Arc<dyn Store> = Arc::new(SledStore::open(&path, clock, &SledOptions::default())?);
/// # Ok::<(), dialgraph_store::StoreError>(())
/// ```
pub struct SledStore {
    path: PathBuf,
    db: Db,
    clock: Arc<dyn Clock>,
    stopped: Arc<OnceLock<String>>,
    counters: Arc<Counters>,
    /// `None` only while dropping.
    jobs: Option<mpsc::Sender<Job>>,
    committer: Option<JoinHandle<()>>,
}

impl SledStore {
    /// Opens the database in the folder `path`, and makes it if there is none. Blocks while it recovers.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process (or an earlier store of this one) has it open,
    /// [`StoreError::Corrupt`] if it cannot be read, [`StoreError::NewerFormat`], [`StoreError::Io`].
    pub fn open(
        path: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
        options: &SledOptions,
    ) -> Result<Self, StoreError> {
        let path = path.as_ref().to_path_buf();
        std::fs::create_dir_all(&path)
            .map_err(|error| StoreError::io("cannot create the store's folder", &path, &error))?;
        let config = sled::Config::new().path(&path).cache_capacity(options.cache_bytes);
        let mut patience = options.lock_patience;
        let db = loop {
            // Recovery of a damaged log may panic instead of failing.
            let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
            let error = match opened {
                Ok(Ok(db)) => break db,
                Ok(Err(error)) => open_error(&path, &error),
                Err(panic) => {
                    StoreError::Corrupt { path: path.clone(), detail: panic_text(panic.as_ref()) }
                }
            };
            if patience.is_zero() || !matches!(error, StoreError::Locked { .. }) {
                return Err(error);
            }
            std::thread::sleep(LOCK_RETRY.min(patience));
            patience = patience.saturating_sub(LOCK_RETRY);
        };
        let log_path = path.join("db");
        let log = File::open(&log_path)
            .map_err(|error| StoreError::io("cannot open the store's log", &log_path, &error))?;
        check_format(&path, &db, &log)?;
        Self::start(path, db, log, clock)
    }

    fn start(path: PathBuf, db: Db, log: File, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let stopped = Arc::new(OnceLock::new());
        let counters = Arc::new(Counters::default());
        let committer = Committer {
            db: db.clone(),
            log,
            clock: Arc::clone(&clock),
            stopped: Arc::clone(&stopped),
            counters: Arc::clone(&counters),
        };
        let (jobs, queue) = mpsc::channel();
        let committer = std::thread::Builder::new()
            .name("store-committer".to_owned())
            .spawn(move || committer.run(&queue))
            .map_err(|error| StoreError::io("cannot start the committer for", &path, &error))?;
        let (jobs, committer) = (Some(jobs), Some(committer));
        Ok(Self { path, db, clock, stopped, counters, jobs, committer })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Figures for monitoring.
    ///
    /// # Errors
    /// If the database cannot say how large it is.
    pub fn stats(&self) -> Result<SledStats, StoreError> {
        Ok(SledStats {
            size_on_disk: self.db.size_on_disk().map_err(backend)?,
            commits: self.counters.commits.load(Ordering::Relaxed),
            conflicts: self.counters.conflicts.load(Ordering::Relaxed),
            repeats: self.counters.repeats.load(Ordering::Relaxed),
            groups: self.counters.groups.load(Ordering::Relaxed),
            purged: self.counters.purged.load(Ordering::Relaxed),
        })
    }

    /// Whether the store still takes commits.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] once a write has failed; only reopening helps.
    pub fn health(&self) -> Result<(), StoreError> {
        match self.stopped.get() {
            Some(detail) => Err(StoreError::Stopped { detail: detail.clone() }),
            None => Ok(()),
        }
    }

    /// Removes every row that has expired and gives their number. This also happens by itself, along with
    /// commits and whenever the store is idle.
    ///
    /// # Errors
    /// If the store has stopped or stops now.
    pub async fn purge_expired(&self) -> Result<u64, StoreError> {
        let (ack, answer) = oneshot::channel();
        self.send(Job::Purge(ack))?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Live rows in key order, from the first or from behind `after`.
    fn rows_after(
        &self,
        after: Option<&Key>,
    ) -> impl Iterator<Item = Result<Row, StoreError>> + use<'_> {
        let now = self.clock.now();
        let first = match after {
            Some(key) => Bound::Excluded(codec::row_key(key)),
            None => Bound::Included(vec![codec::ROW]),
        };
        self.db
            .range((first, Bound::Excluded(vec![codec::ROW + 1])))
            .filter_map(|entry| {
                let read = || {
                    let (key, value) = entry.map_err(backend)?;
                    let Some(slot) = rows::complete(&self.db, &key, &value)? else {
                        return Ok(None);
                    };
                    let key = Key::decode(&key[1..]).ok_or_else(|| damaged_row(&key))?;
                    Ok(Some(slot.into_row(key)))
                };
                read().transpose()
            })
            .filter(move |row| row.as_ref().map_or(true, |row| row.is_live(now)))
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if sent { Ok(()) } else { Err(self.gone()) }
    }

    fn gone(&self) -> StoreError {
        self.health().err().unwrap_or_else(|| StoreError::Backend {
            detail: "the committer thread has ended".to_owned(),
        })
    }
}

/// Reads are done where they are asked for, not on a pool of blocking threads: a row in the cache costs
/// about a microsecond and one from disk a page read, both less than the hop to another thread; and a page
/// of a query is bounded in bytes.
#[async_trait]
impl Store for SledStore {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.health()?;
        let slot = rows::read(&self.db, &codec::row_key(key))?;
        let now = self.clock.now();
        Ok(slot.filter(|slot| slot.is_live(now)).map(|slot| slot.into_row(key.clone())))
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        plan::validate(ops, MAX_VALUE_BYTES)?;
        let (ack, answer) = oneshot::channel();
        let request = Request { ops: ops.to_vec(), token: token.clone(), ack };
        self.send(Job::Commit(request))?;
        answer.await.unwrap_or_else(|_| Err(self.gone().into()))
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.health()?;
        let Some(span) = plan::span(query)? else { return Ok(Page::default()) };
        let prefix = codec::partition_prefix(&query.part);
        let place = |sort: &crate::key::Sort| [&prefix, sort.as_bytes()].concat();
        let from = match &span.from {
            Bound::Unbounded => Bound::Included(prefix.clone()),
            bound => bound.as_ref().map(place),
        };
        let until = match &span.until {
            // Nothing else begins with the prefix, and it ends in no 0xff: partition names are UTF-8.
            Bound::Unbounded => Bound::Excluded(after(&prefix)),
            bound => bound.as_ref().map(place),
        };
        let rows = self.db.range::<Vec<u8>, _>((from, until)).filter_map(|entry| {
            let read = || {
                let (key, value) = entry.map_err(backend)?;
                let Some(slot) = rows::complete(&self.db, &key, &value)? else { return Ok(None) };
                let sort = codec::sort_of(&key, &prefix).ok_or_else(|| damaged_row(&key))?;
                Ok(Some(slot.into_row(Key::new(&query.part, sort)?)))
            };
            read().transpose()
        });
        let now = self.clock.now();
        match query.order {
            Order::Ascending => plan::page(query, now, rows),
            Order::Descending => plan::page(query, now, rows.rev()),
        }
    }
}

#[async_trait]
impl Backend for SledStore {
    fn name(&self) -> &'static str {
        "sled"
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn health(&self) -> Result<(), StoreError> {
        SledStore::health(self)
    }

    fn stats(&self) -> Result<Option<SledStats>, StoreError> {
        SledStore::stats(self).map(Some)
    }

    async fn walk(&self, after: Option<&Key>, limit: u32) -> Result<Walked, StoreError> {
        SledStore::health(self)?;
        let mut walked = Walked::default();
        let mut bytes = 0;
        for row in self.rows_after(after) {
            let row = row?;
            bytes += row.value.len();
            walked.rows.push(row);
            if walked.rows.len() >= limit as usize || bytes >= PAGE_BYTES {
                walked.next = walked.rows.last().map(|row| row.key.clone());
                break;
            }
        }
        Ok(walked)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // Without senders the committer ends after what it has been given; the database closes, and its
        // lock is free, only when it is gone.
        self.jobs = None;
        if let Some(thread) = self.committer.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's committer thread ended in a panic");
        }
    }
}

impl fmt::Debug for SledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledStore").field("path", &self.path).finish_non_exhaustive()
    }
}

fn damaged_row(row_key: &[u8]) -> StoreError {
    StoreError::Backend { detail: format!("the row at `{}` is malformed", row_key.escape_ascii()) }
}

fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        *last = last.saturating_add(1);
    }
    end
}

fn backend(error: sled::Error) -> StoreError {
    StoreError::Backend { detail: error.to_string() }
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

fn check_format(path: &Path, db: &Db, log: &File) -> Result<(), StoreError> {
    let corrupt =
        |detail: &str| StoreError::Corrupt { path: path.to_path_buf(), detail: detail.to_owned() };
    let mark = path.join(MARK_FILE);
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
        None if mark.exists() => return Err(corrupt("its content is gone")),
        None => {
            let written = || -> std::io::Result<()> {
                db.insert(codec::FORMAT_KEY, &codec::FORMAT.to_be_bytes())?;
                db.flush()?;
                log.sync_all()
            };
            written().map_err(|error| StoreError::io("cannot write to", path, &error))?;
        }
    }
    if !mark.exists() {
        let written = || -> std::io::Result<()> {
            let mut file = File::create(&mark)?;
            file.write_all(
                b"This folder is a Dialgraph store. Copy or move it only as a whole.\n",
            )?;
            file.sync_all()?;
            File::open(path)?.sync_all()
        };
        written().map_err(|error| StoreError::io("cannot write", &mark, &error))?;
    }
    Ok(())
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "it panicked without a message".to_owned())
}

#[cfg(test)]
mod tests;
