//! The embedded backend: [sled](https://docs.rs/sled/0.34.7), owned by one process.
//!
//! What keeps it honest:
//! * one thread writes, in groups, and answers only what is durable ([`committer`]);
//! * what is durable is so in a log of ours, from which sled can be made anew ([`crate::wal`],
//!   [`settle`], [`recover`]);
//! * sled is let near its files only when they hold what was promised ([`check`]);
//! * large values are cut, so that no page reaches the 128 KiB at which sled starts to keep files
//!   that it never deletes ([`rows`]);
//! * one tree, a bounded cache, and sled's own background flushing left on, because its thread also
//!   collects garbage;
//! * opening is done in the expectation that it may panic, and says what to do about it.

mod backup;
mod check;
mod codec;
mod committer;
mod database;
mod keeper;
mod line;
mod open;
mod parts;
mod pending;
mod recover;
mod rows;
mod settle;
mod told;
mod verify;

use std::any::Any;
use std::fmt;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use futures::channel::oneshot;
use sled::Db;

pub use self::backup::{check_place, newest_full};
use self::committer::{Counters, Job, Request};
use self::keeper::Keeper;
pub use self::recover::{RecoverOptions, Recovered, Until, recover};
use self::settle::Task;
pub(crate) use self::told::shown;
use crate::backend::{Backend, Walked};
use crate::backup::{BackupDone, BackupRequest};
use crate::blobs::Blobs;
use crate::clock::Clock;
use crate::error::{CommitError, StoreError};
use crate::key::Key;
use crate::plan;
use crate::store::{
    CommitToken, Committed, MAX_VALUE_BYTES, Op, Order, PAGE_BYTES, Page, Query, Row, Store,
};

/// How to open a [`SledStore`].
#[derive(Debug, Clone)]
pub struct SledOptions {
    /// Most memory for cached pages, in bytes. sled's own default is 1 GiB.
    pub cache_bytes: u64,
    /// How long to wait for a process that is about to leave the folder, as on a restart. A closing
    /// database holds its lock for a moment longer, too: its writer threads end behind it.
    pub lock_patience: Duration,
    /// Commits are refused, and taken again later, while the disk has less room than this, in
    /// bytes.
    pub reserve_bytes: u64,
}

/// How often a held lock is tried again.
const LOCK_RETRY: Duration = Duration::from_millis(20);

impl Default for SledOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 * 1024 * 1024,
            lock_patience: Duration::from_secs(2),
            reserve_bytes: 32 * 1024 * 1024,
        }
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
    keeper: Arc<Keeper>,
    noticed: Arc<Noticed>,
    /// `None` only while dropping.
    jobs: Option<mpsc::Sender<Job>>,
    committer: Option<JoinHandle<()>>,
    /// `None` only while dropping.
    tasks: Option<mpsc::Sender<Task>>,
    settler: Option<JoinHandle<()>>,
    /// Writes the note of a stop in order when all else is gone. Dropped last.
    closing: open::Closing,
}

/// What was found damaged when the store was opened, although nothing is lost.
#[derive(Debug, Default)]
struct Noticed {
    told: Mutex<Vec<String>>,
    /// The log that was there was read to its end.
    is_log_read: AtomicBool,
}

impl Noticed {
    fn tell(&self, folder: &Path, what: String) {
        tracing::error!(
            store = %folder.display(),
            "part of the store was damaged: {what}; nothing is lost and the store stays in use; \
            check its disk"
        );
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

impl SledStore {
    /// What was found damaged when the store was opened, although nothing is lost. `None` as long
    /// as the commit log that was there is still being read, behind the first commits.
    pub fn noticed(&self) -> Option<Vec<String>> {
        self.noticed
            .is_log_read
            .load(Ordering::Acquire)
            .then(|| self.noticed.told.lock().unwrap_or_else(PoisonError::into_inner).clone())
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

    /// Removes every row that has expired and gives their number. This also happens by itself,
    /// along with commits and whenever the store is idle.
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

    /// Makes a backup of the store and of `content` while commits go on; see [`BackupRequest`].
    ///
    /// # Errors
    /// If the place cannot be written to, or the store has stopped.
    pub async fn backup(
        &self,
        request: BackupRequest,
        content: Blobs,
    ) -> Result<BackupDone, StoreError> {
        self.health()?;
        let (ack, answer) = oneshot::channel();
        self.give(Task::Backup(request, content, ack))?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Begins the commit log anew with what the store holds now, so that nothing that was removed
    /// is in it any more.
    ///
    /// # Errors
    /// If the disk takes no new base; then the log is as it was.
    pub async fn cut_log(&self) -> Result<(), StoreError> {
        self.health()?;
        let (ack, answer) = oneshot::channel();
        self.give(Task::Cut(ack))?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    fn give(&self, task: Task) -> Result<(), StoreError> {
        let sent = self.tasks.as_ref().is_some_and(|tasks| tasks.send(task).is_ok());
        if sent { Ok(()) } else { Err(self.gone()) }
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

/// Reads are done where they are asked for, not on a pool of blocking threads: a row in the cache
/// costs about a microsecond and one from disk a page read, both less than the hop to another
/// thread; and a page of a query is bounded in bytes.
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
            // Nothing else begins with the prefix, and it ends in no 0xff: partition names are
            // UTF-8.
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

    fn inspect(&self) -> Result<Vec<String>, StoreError> {
        SledStore::health(self)?;
        self.look_through()
    }

    async fn backup(
        &self,
        request: BackupRequest,
        content: Blobs,
    ) -> Result<BackupDone, StoreError> {
        SledStore::backup(self, request, content).await
    }

    async fn cut_log(&self) -> Result<(), StoreError> {
        SledStore::cut_log(self).await
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
        // Without senders the threads end after what they have been given; the database closes, and
        // its lock is free, only when they are gone.
        self.jobs = None;
        if let Some(thread) = self.committer.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's committer thread ended in a panic");
        }
        self.tasks = None;
        if let Some(thread) = self.settler.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that syncs the store ended in a panic");
        }
        self.closing.prepare(&self.keeper, &self.stopped);
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

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "it panicked without a message".to_owned())
}

#[cfg(test)]
mod nameless;
#[cfg(test)]
mod tests;
