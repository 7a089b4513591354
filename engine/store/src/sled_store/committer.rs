//! The one thread that writes, and the group commit it does.
//!
//! A commit that waits alone pays for one disk flush; a hundred that wait together pay for one as
//! well. So the thread takes what has gathered, decides it in order, writes it as one atomic batch,
//! makes that batch durable once, and only then answers everybody. Because no one else writes, what
//! it reads cannot change under it, and sled's optimistic transactions (which may run their closure
//! without end) are not needed.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::channel::oneshot;
use sled::Db;

use super::codec;
use super::keeper::Keeper;
use super::pending::Pending;
use crate::clock::{Clock, UnixMillis};
use crate::error::{CommitError, StoreError};
use crate::plan;
use crate::store::{CommitToken, Committed, Op, TOKEN_RETENTION_MILLIS};
use crate::wal::Stamp;

/// Most commits in a group.
const MAX_GROUP: usize = 512;

/// A group closes once its values pass this size, so that a batch stays small beside sled's cache.
const MAX_GROUP_BYTES: usize = 8 * 1024 * 1024;

/// How long the thread sleeps without work before it looks for expired rows. This is waiting, not
/// time: what has expired is decided by the store's clock.
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
    /// The commit log and the watermark.
    pub(super) keeper: Arc<Keeper>,
    pub(super) clock: Arc<dyn Clock>,
    /// Set once a write failed: from then on nothing may be promised.
    pub(super) stopped: Arc<OnceLock<String>>,
    pub(super) counters: Arc<Counters>,
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

    /// Runs `work`; any failure in it, panic included, stops the store, since what reached the disk
    /// is no longer known.
    fn guarded<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(detail) = self.stopped.get() {
            return Err(StoreError::Stopped { detail: detail.clone() });
        }
        let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
            Err(StoreError::Backend { detail: super::panic_text(panic.as_ref()) })
        });
        // Nothing was written, and the next may find room again.
        if matches!(outcome, Err(StoreError::Busy { .. })) {
            return outcome;
        }
        if let Err(error) = &outcome {
            tracing::error!(%error, "the store stops: it can no longer guarantee that commits are durable");
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
        let remembered = match pending.token(&self.db, &token) {
            Ok(Some(forgotten)) if now < forgotten => {
                self.counters.repeats.fetch_add(1, Ordering::Relaxed);
                return Ok(Ok(Committed::Repeated));
            }
            Ok(remembered) => remembered,
            Err(error) => return Ok(Err(error.into())),
        };
        let decided = plan::decide(&request.ops, now, |key| {
            let stored = pending.row(&self.db, &codec::row_key(key))?;
            let slot = stored.as_ref().map(|(slot, _)| slot.clone());
            if let Some(stored) = stored {
                replaced.insert(key.clone(), stored);
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
            let before = replaced.remove(write.key);
            let row = codec::row_key(write.key);
            pending.set_row(&self.db, row, before.as_ref(), write.after)?;
        }
        pending.set_token(token, remembered, Some(now.plus(TOKEN_RETENTION_MILLIS)));
        pending.commits += 1;
        Ok(Ok(Committed::Applied))
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
            let Some((at, target)) = codec::decode_expiry(&entry) else {
                pending.drop_expiry(&entry);
                continue;
            };
            // What it speaks of may have been given another life since; then only the stale entry
            // goes.
            if target.first() == Some(&codec::ROW) {
                match pending.pending_row(target) {
                    Some(Some((slot, _))) if slot.expires_at == Some(at) => {}
                    Some(_) => pending.drop_expiry(&entry),
                    None => self.remove_expired_row(at, target, &entry, pending)?,
                }
            } else if target.first() == Some(&codec::TOKEN) {
                match pending.token(&self.db, target)? {
                    Some(forgotten) if forgotten == at => {
                        pending.set_token(target.to_vec(), Some(forgotten), None);
                    }
                    Some(_) | None => pending.drop_expiry(&entry),
                }
            } else {
                pending.drop_expiry(&entry);
            }
        }
        Ok(seen)
    }

    fn remove_expired_row(
        &self,
        at: UnixMillis,
        row: &[u8],
        entry: &[u8],
        pending: &mut Pending,
    ) -> Result<(), StoreError> {
        match pending.row(&self.db, row) {
            Ok(Some(stored)) if stored.0.expires_at == Some(at) => {
                pending.set_row(&self.db, row.to_vec(), Some(&stored), None)?;
                pending.purged += 1;
            }
            // A row that cannot be read is left for whoever looks for it; its entry would be met
            // for ever.
            Ok(_) | Err(StoreError::Backend { .. }) => pending.drop_expiry(entry),
            Err(error) => return Err(error),
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

    /// The commit log is what makes a group durable; sled is given it then, and synced later
    /// ([`super::settle`]).
    fn make_durable(&self, mut pending: Pending) -> Result<(), StoreError> {
        self.keeper.room()?;
        let before = self.keeper.promised();
        let stamp = Stamp {
            number: before.number + 1,
            at: self.clock.now(),
            sum: pending.sum_after(before.sum),
        };
        self.keeper.append(&stamp, &mut pending.draft)?;
        let (commits, purged) = (pending.commits, pending.purged);
        let batch = pending.into_batch(self.keeper.history(), &stamp);
        self.db.apply_batch(batch).map_err(super::backend)?;
        self.keeper.promise(stamp)?;
        self.counters.groups.fetch_add(1, Ordering::Relaxed);
        self.counters.commits.fetch_add(commits, Ordering::Relaxed);
        self.counters.purged.fetch_add(purged, Ordering::Relaxed);
        Ok(())
    }
}

fn weight(op: &Op) -> usize {
    match op {
        Op::Put { value, .. } => value.len() + 64,
        Op::Delete { .. } | Op::Check { .. } => 64,
    }
}
