//! The thread behind the commits: syncs sled now and then, cuts the commit log, makes backups.
//!
//! It does one thing at a time, so that the log is not cut while a backup copies it.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::channel::oneshot;
use sled::Db;

use super::keeper::Keeper;
use super::{Noticed, backup, codec, rows};
use crate::backup::{BackupDone, BackupRequest};
use crate::blobs::Blobs;
use crate::clock::{Clock, UnixMillis};
use crate::error::StoreError;
use crate::wal::base::{self, Writer};
use crate::wal::{self, Stamp, Sum, archive, change, log};

/// How long sled may be behind the commit log on the disk. This is waiting, not time.
const EVERY: Duration = Duration::from_secs(1);

/// The log is cut once it is as long as the base that it follows, and so long at least: then base
/// and log together take at most three times the room of the rows, and each byte is written to a
/// base once more on average.
const CUT_BYTES: u64 = 64 * 1024 * 1024;

/// The log is cut when its base is older than this and something was committed since, in
/// milliseconds of the store's clock: what was removed from the store is gone from the log, too, a
/// day later.
const CUT_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// So many rounds after a cut that failed, the next is tried: each writes all rows.
const PAUSE: u32 = 600;

pub(super) enum Task {
    Backup(BackupRequest, Blobs, oneshot::Sender<Result<BackupDone, StoreError>>),
    /// Cut the log now.
    Cut(oneshot::Sender<Result<(), StoreError>>),
}

pub(super) struct Settler {
    pub(super) db: Db,
    /// sled's own log, opened a second time only to be synced.
    pub(super) file: File,
    pub(super) folder: PathBuf,
    pub(super) keeper: Arc<Keeper>,
    pub(super) clock: Arc<dyn Clock>,
    /// Set when something failed: from then on nothing may be promised.
    pub(super) stopped: Arc<OnceLock<String>>,
    pub(super) base: BaseSize,
    /// The log of an earlier process has still to be read to its end.
    pub(super) unread: bool,
    pub(super) noticed: Arc<Noticed>,
}

/// The base that the log follows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BaseSize {
    pub(super) bytes: u64,
    pub(super) number: u64,
    pub(super) at: UnixMillis,
}

impl Settler {
    /// Works until every sender is gone, and settles a last time.
    pub(super) fn run(mut self, tasks: &Receiver<Task>) {
        if self.unread {
            self.guarded(Self::look_at_log);
        }
        self.noticed.is_log_read.store(true, Ordering::Release);
        let mut pause = 0u32;
        loop {
            let next = tasks.recv_timeout(EVERY);
            if matches!(next, Err(RecvTimeoutError::Disconnected)) {
                self.guarded(|settler| settler.settle());
                return;
            }
            self.guarded(|settler| settler.round(next.ok(), &mut pause));
        }
    }

    /// Runs `work`; a panic in it stops the store. Were this thread to end instead, commits would
    /// go on and sled never be synced, and nobody would know.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            let detail = super::panic_text(panic.as_ref());
            tracing::error!(%detail, "the store stops: it can no longer guarantee that commits are durable");
            // Whoever was first told why.
            let _ = self.stopped.set(detail);
        }
    }

    fn round(&mut self, task: Option<Task>, pause: &mut u32) {
        match task {
            Some(Task::Backup(request, content, ack)) => {
                let done = self.works().and_then(|()| backup::run(self, &request, &content));
                // Whoever asked may have gone; the backup is made all the same.
                let _ = ack.send(done);
            }
            Some(Task::Cut(ack)) => {
                let done = self.works().and_then(|()| self.cut());
                let _ = ack.send(done);
            }
            None => {}
        }
        self.settle();
        *pause = pause.saturating_sub(1);
        if *pause == 0
            && self.is_due()
            && let Err(error) = self.cut()
        {
            tracing::warn!(%error, "the commit log could not be shortened and keeps growing");
            *pause = PAUSE;
        }
    }

    fn works(&self) -> Result<(), StoreError> {
        match self.stopped.get() {
            Some(detail) => Err(StoreError::Stopped { detail: detail.clone() }),
            None => Ok(()),
        }
    }

    /// On Linux sled's `flush` starts the writing of file pages but does not wait for the disk to
    /// have them; only `sync_data` on its file afterwards makes them survive a loss of power.
    fn settle(&self) {
        let mark = self.keeper.mark();
        if mark.settled == mark.promised.number || self.stopped.get().is_some() {
            return;
        }
        let done = || {
            self.db.flush().map_err(super::backend)?;
            self.file
                .sync_data()
                .map_err(|error| StoreError::Backend { detail: format!("cannot sync: {error}") })?;
            self.keeper.settle(mark.promised.number)
        };
        if let Err(error) = done() {
            tracing::error!(%error, "the store stops: it can no longer guarantee that commits are durable");
            // Whoever was first told why.
            let _ = self.stopped.set(error.to_string());
        }
    }

    fn is_due(&self) -> bool {
        let promised = self.keeper.promised();
        if promised.number == self.base.number || self.stopped.get().is_some() {
            return false;
        }
        let length = self.keeper.log().total();
        length > self.base.bytes.max(CUT_BYTES) || self.clock.now() >= self.base.at.plus(CUT_MILLIS)
    }

    /// Reads the log that was there when the store was opened; one that is damaged is replaced.
    fn look_at_log(&mut self) {
        let folder = self.folder.join(wal::FOLDER);
        let told = match read_through(&folder, self.keeper.history(), self.keeper.promised()) {
            Ok(None) => return,
            Ok(Some(told)) => told,
            Err(error) => error.to_string(),
        };
        self.noticed
            .tell(&self.folder, format!("the commit log is damaged: {told}; a new one is begun"));
        if let Err(error) = self.cut() {
            tracing::error!(%error, "cannot begin a new commit log: losses of the database could \
                not be recovered");
        }
    }

    /// Writes a new base and removes what of the log lies before it.
    pub(super) fn cut(&mut self) -> Result<(), StoreError> {
        let folder = self.folder.join(wal::FOLDER);
        wal::remove_unfinished(&folder)?;
        let (begun, finished, bytes) = self.write_base(&folder)?;
        for (number, path) in archive::files(&folder, base::SUFFIX)? {
            if number != begun {
                std::fs::remove_file(&path)
                    .map_err(|error| StoreError::io("cannot remove", &path, &error))?;
            }
        }
        log::drop_up_to(&folder, begun)?;
        self.base = BaseSize { bytes, number: finished.number, at: self.clock.now() };
        self.keeper.log().forget_total();
        Ok(())
    }

    /// Writes a base into `folder`: which commit it was begun at, the one at which it is whole, its
    /// length.
    pub(super) fn write_base(&self, folder: &Path) -> Result<(u64, Stamp, u64), StoreError> {
        // What is in the closed files is read below; what is committed from now on is in the next
        // file.
        let begun = {
            let mut log = self.keeper.log();
            log.rotate()?;
            log.last().number
        };
        // The last group may be in the log already and not yet in sled.
        while self.keeper.promised().number < begun {
            self.works()?;
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut writer = Writer::create(folder, self.keeper.store(), self.keeper.history(), begun)?;
        let sum = write_entries(&self.db, &mut writer)?;
        // A row may have been read that sled had only just been given: its commit is in the log
        // already.
        let finished = self.keeper.log().last();
        // While commits go on the rows are of no single moment, and only the log shows whether they
        // are right.
        if finished.number == begun {
            must_be(&finished, sum)?;
        }
        let bytes = writer.finish(&finished)?;
        Ok((begun, finished, bytes))
    }
}

/// What is wrong with the log in `folder`, which should reach to the commit `last`.
fn read_through(
    folder: &Path,
    history: wal::HistoryId,
    last: Stamp,
) -> Result<Option<String>, StoreError> {
    let mut found = archive::Archive::default();
    found.add(folder)?;
    if let Some(broken) = found.broken.first() {
        return Ok(Some(broken.clone()));
    }
    // The file that is being written ends in something unfinished now and then; what was promised
    // is before it.
    let reached = found.best_base(history, u64::MAX).map(|(_, _, reached)| reached);
    Ok(match reached {
        Some(reached) if reached >= last.number => match found.stamp(history, last.number) {
            Some(other) if other != last => {
                Some(format!("and its commit {} differs from the store's", last.number))
            }
            _ => None,
        },
        Some(reached) => Some(format!("and ends with commit {reached}")),
        None => Some("and its beginning is missing".to_owned()),
    })
}

/// A base takes the place of a log, so it has to hold what that holds.
pub(super) fn must_be(stamp: &Stamp, sum: Sum) -> Result<(), StoreError> {
    if sum == stamp.sum {
        return Ok(());
    }
    Err(StoreError::Backend {
        detail: format!(
            "the rows do not match commit {}: the running checksum differs. The commit log is \
            unchanged; run `dialgraph store recover`",
            stamp.number
        ),
    })
}

/// Writes all rows and tokens that `db` holds, and gives the running checksum over them.
pub(super) fn write_entries(db: &Db, writer: &mut Writer) -> Result<Sum, StoreError> {
    let mut sum = Sum::default();
    for entry in db.scan_prefix([codec::ROW]) {
        let (key, value) = entry.map_err(super::backend)?;
        if let Some(slot) = rows::complete(db, &key, &value)? {
            writer.add(|out| sum.add(change::row(out, &key[1..], &slot)))?;
        }
    }
    for entry in db.scan_prefix([codec::TOKEN]) {
        let (key, value) = entry.map_err(super::backend)?;
        if let Some(forgotten) = codec::decode_instant(&value) {
            writer.add(|out| sum.add(change::token(out, &key[1..], forgotten)))?;
        }
    }
    Ok(sum)
}
