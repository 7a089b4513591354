//! The one thread that writes, and the group commit it does.
//!
//! A commit that waits alone pays for one disk flush; a hundred that wait together pay for one as well.
//! So the thread takes what has gathered, decides it in order, writes it as one atomic batch, makes that
//! batch durable once, and only then answers everybody. Because no one else writes, what it reads cannot
//! change under it, and sled's optimistic transactions (which may run their closure without end) are not
//! needed.

use std::collections::HashMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::channel::oneshot;
use sled::{Batch, Db};

use super::codec::{self, Chain};
use super::rows;
use crate::clock::{Clock, UnixMillis};
use crate::error::{CommitError, StoreError};
use crate::key::Key;
use crate::plan::{self, Slot};
use crate::store::{CommitToken, Committed, Op, TOKEN_RETENTION_MILLIS};

/// Most commits in a group.
const MAX_GROUP: usize = 512;

/// A group closes once its values pass this size, so that a batch stays small beside sled's cache.
const MAX_GROUP_BYTES: usize = 8 * 1024 * 1024;

/// How long the thread sleeps without work before it looks for expired rows. This is waiting, not time:
/// what has expired is decided by the store's clock.
const IDLE: Duration = Duration::from_secs(10);

/// Expired entries removed along with a group, beyond twice those the group adds.
const PURGE_SLICE: usize = 256;

/// Entries removed at once when asked to purge.
const PURGE_BATCH: usize = 4096;

pub(super) type Ack = oneshot::Sender<Result<Committed, CommitError>>;

pub(super) struct Request {
    pub(super) ops: Vec<Op>,
    pub(super) token: CommitToken,
    pub(super) ack: Ack,
}

pub(super) enum Job {
    Commit(Request),
    Purge(oneshot::Sender<Result<u64, StoreError>>),
}

/// Counters of the committer, read by [`super::SledStore::stats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) commits: AtomicU64,
    pub(super) conflicts: AtomicU64,
    pub(super) repeats: AtomicU64,
    pub(super) groups: AtomicU64,
    pub(super) purged: AtomicU64,
}

pub(super) struct Committer {
    pub(super) db: Db,
    /// sled's log, opened a second time only to be synced.
    pub(super) log: File,
    pub(super) clock: Arc<dyn Clock>,
    /// Set once a write failed: from then on nothing may be promised.
    pub(super) stopped: Arc<OnceLock<String>>,
    pub(super) counters: Arc<Counters>,
}

/// What a group is going to write, visible to the later commits of the same group.
#[derive(Default)]
struct Pending {
    batch: Batch,
    rows: HashMap<Vec<u8>, Option<(Slot, Option<Chain>)>>,
    tokens: HashMap<Vec<u8>, UnixMillis>,
    expiries_added: usize,
    purged: u64,
    dirty: bool,
}

impl Committer {
    /// Works until every sender is gone.
    pub(super) fn run(self, jobs: &Receiver<Job>) {
        loop {
            let first = match jobs.recv_timeout(IDLE) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.purge() {
                        tracing::warn!(%error, "removing expired rows failed");
                    }
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut group = Vec::new();
            let mut purges = Vec::new();
            let mut bytes = 0;
            let mut next = Some(first);
            while let Some(job) = next {
                match job {
                    Job::Commit(request) => {
                        bytes += request.ops.iter().map(weight).sum::<usize>();
                        group.push(request);
                    }
                    Job::Purge(ack) => purges.push(ack),
                }
                next = (group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES)
                    .then(|| jobs.try_recv().ok())
                    .flatten();
            }
            self.answer(group);
            for ack in purges {
                // Whoever asked may have gone; the rows are removed all the same.
                let _ = ack.send(self.purge());
            }
        }
    }

    fn answer(&self, group: Vec<Request>) {
        if group.is_empty() {
            return;
        }
        let answers = self.guarded(|| self.commit_group(&group));
        match answers {
            Ok(answers) => {
                for (request, answer) in group.into_iter().zip(answers) {
                    // A caller who has gone away asks again with the same token.
                    let _ = request.ack.send(answer);
                }
            }
            Err(error) => {
                for request in group {
                    let _ = request.ack.send(Err(error.clone().into()));
                }
            }
        }
    }

    /// Runs `work`; any failure in it, panic included, stops the store, since what reached the disk is no
    /// longer known.
    fn guarded<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(detail) = self.stopped.get() {
            return Err(StoreError::Stopped { detail: detail.clone() });
        }
        let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
            Err(StoreError::Backend { detail: super::panic_text(panic.as_ref()) })
        });
        if let Err(error) = &outcome {
            tracing::error!(%error, "the store stops: it can no longer promise that commits last");
            // Only this thread sets it, and it was empty above.
            let _ = self.stopped.set(error.to_string());
        }
        outcome
    }

    fn commit_group(
        &self,
        group: &[Request],
    ) -> Result<Vec<Result<Committed, CommitError>>, StoreError> {
        let now = self.clock.now();
        let mut pending = Pending::default();
        let mut answers = Vec::with_capacity(group.len());
        for request in group {
            answers.push(self.decide(request, now, &mut pending)?);
        }
        if pending.dirty {
            let slice = PURGE_SLICE + 2 * pending.expiries_added;
            self.collect_expired(now, slice, &mut pending)?;
            self.make_durable(pending)?;
        }
        Ok(answers)
    }

    /// Decides one commit. The outer error is for failures that leave the whole group in doubt.
    fn decide(
        &self,
        request: &Request,
        now: UnixMillis,
        pending: &mut Pending,
    ) -> Result<Result<Committed, CommitError>, StoreError> {
        let token = codec::token_key(&request.token);
        let mut replaced = HashMap::new();
        // Until something is pending, a failure (such as a damaged row) is this commit's alone.
        let remembered = match self.remembered(&token, pending) {
            Ok(Some(forgotten)) if now < forgotten => {
                self.counters.repeats.fetch_add(1, Ordering::Relaxed);
                return Ok(Ok(Committed::Repeated));
            }
            Ok(remembered) => remembered,
            Err(error) => return Ok(Err(error.into())),
        };
        let decided = plan::decide(&request.ops, now, |key| {
            let (slot, chain) = self.slot(key, pending)?.unzip();
            if let Some(chain) = chain.flatten() {
                replaced.insert(key.clone(), chain);
            }
            Ok::<_, StoreError>(slot)
        });
        let writes = match decided {
            Ok(Ok(writes)) => writes,
            Ok(Err(conflict)) => {
                self.counters.conflicts.fetch_add(1, Ordering::Relaxed);
                return Ok(Err(CommitError::Conflict(conflict)));
            }
            Err(error) => return Ok(Err(error.into())),
        };
        for write in writes {
            let row = codec::row_key(write.key);
            let expires_at = write.after.as_ref().and_then(|slot| slot.expires_at);
            if write.expired_before != expires_at {
                if let Some(before) = write.expired_before {
                    pending.batch.remove(codec::expiry_key(before, &row));
                }
                if let Some(at) = expires_at {
                    pending.index_expiry(at, &row);
                }
            }
            if let Some(chain) = replaced.get(write.key) {
                rows::remove_chain(&mut pending.batch, *chain);
            }
            let after = match write.after {
                Some(slot) => {
                    let id = match slot.value.len() {
                        0..=codec::ENTRY_BYTES => 0,
                        _ => self.db.generate_id().map_err(super::backend)?,
                    };
                    let chain = rows::write(&mut pending.batch, &row, &slot, id);
                    Some((slot, chain))
                }
                None => {
                    pending.batch.remove(row.as_slice());
                    None
                }
            };
            pending.rows.insert(row, after);
        }
        let forgotten = now.plus(TOKEN_RETENTION_MILLIS);
        if let Some(before) = remembered {
            pending.batch.remove(codec::expiry_key(before, &token));
        }
        pending.index_expiry(forgotten, &token);
        pending.batch.insert(token.as_slice(), &forgotten.0.to_be_bytes());
        pending.tokens.insert(token, forgotten);
        pending.dirty = true;
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        Ok(Ok(Committed::Applied))
    }

    fn slot(
        &self,
        key: &Key,
        pending: &Pending,
    ) -> Result<Option<(Slot, Option<Chain>)>, StoreError> {
        let row = codec::row_key(key);
        if let Some(slot) = pending.rows.get(&row) {
            return Ok(slot.clone());
        }
        let Some(entry) = self.db.get(&row).map_err(super::backend)? else { return Ok(None) };
        let chain = codec::decode_row(&entry).and_then(|(_, chain)| chain);
        Ok(rows::complete(&self.db, &row, &entry)?.map(|slot| (slot, chain)))
    }

    fn remembered(
        &self,
        token: &[u8],
        pending: &Pending,
    ) -> Result<Option<UnixMillis>, StoreError> {
        if let Some(forgotten) = pending.tokens.get(token) {
            return Ok(Some(*forgotten));
        }
        let stored = self.db.get(token).map_err(super::backend)?;
        Ok(stored.and_then(|bytes| codec::decode_instant(&bytes)))
    }

    /// Adds the removal of up to `limit` expired entries to what is pending.
    fn collect_expired(
        &self,
        now: UnixMillis,
        limit: usize,
        pending: &mut Pending,
    ) -> Result<usize, StoreError> {
        let end = codec::expiry_key(now.plus(1), &[]);
        let due = self.db.range([codec::EXPIRY].as_slice()..end.as_slice()).keys().take(limit);
        let mut seen = 0;
        for entry in due {
            let entry = entry.map_err(super::backend)?;
            seen += 1;
            pending.dirty = true;
            let Some((at, target)) = codec::decode_expiry(&entry) else {
                pending.batch.remove(entry);
                continue;
            };
            // The row may have been given another life since; then only the stale entry goes.
            let renewed = if target.first() == Some(&codec::ROW) {
                match pending.rows.get(target) {
                    Some(row) => row.as_ref().is_some_and(|(slot, _)| slot.expires_at == Some(at)),
                    None => {
                        self.remove_expired_row(at, target, pending)?;
                        false
                    }
                }
            } else {
                match pending.tokens.get(target) {
                    Some(forgotten) => *forgotten == at,
                    None => {
                        pending.batch.remove(target);
                        false
                    }
                }
            };
            if !renewed {
                pending.batch.remove(entry);
            }
        }
        Ok(seen)
    }

    fn remove_expired_row(
        &self,
        at: UnixMillis,
        row: &[u8],
        pending: &mut Pending,
    ) -> Result<(), StoreError> {
        let entry = self.db.get(row).map_err(super::backend)?;
        let decoded = entry.and_then(|entry| codec::decode_row(&entry));
        if let Some((slot, chain)) = decoded
            && slot.expires_at == Some(at)
        {
            pending.batch.remove(row);
            if let Some(chain) = chain {
                rows::remove_chain(&mut pending.batch, chain);
            }
            pending.purged += 1;
        }
        Ok(())
    }

    /// Removes everything that has expired, and says how many rows that were.
    fn purge(&self) -> Result<u64, StoreError> {
        self.guarded(|| {
            let mut purged = 0;
            loop {
                let mut pending = Pending::default();
                let seen = self.collect_expired(self.clock.now(), PURGE_BATCH, &mut pending)?;
                purged += pending.purged;
                if pending.dirty {
                    self.make_durable(pending)?;
                }
                if seen < PURGE_BATCH {
                    return Ok(purged);
                }
            }
        })
    }

    /// On Linux sled's `flush` starts the writing of file pages but does not wait for the disk to have
    /// them; only `sync_data` on the log afterwards makes the batch survive a loss of power.
    fn make_durable(&self, pending: Pending) -> Result<(), StoreError> {
        self.db.apply_batch(pending.batch).map_err(super::backend)?;
        self.db.flush().map_err(super::backend)?;
        self.log
            .sync_data()
            .map_err(|error| StoreError::Backend { detail: format!("cannot sync: {error}") })?;
        self.counters.groups.fetch_add(1, Ordering::Relaxed);
        self.counters.purged.fetch_add(pending.purged, Ordering::Relaxed);
        Ok(())
    }
}

impl Pending {
    fn index_expiry(&mut self, at: UnixMillis, target: &[u8]) {
        self.batch.insert(codec::expiry_key(at, target), &[]);
        self.expiries_added += 1;
    }
}

fn weight(op: &Op) -> usize {
    match op {
        Op::Put { value, .. } => value.len() + 64,
        Op::Delete { .. } | Op::Check { .. } => 64,
    }
}
