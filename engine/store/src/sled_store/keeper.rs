//! Keeps the commit log and the watermark of an open store, for the thread that commits and the one
//! that settles.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::StoreError;
use crate::wal::identity::StoreId;
use crate::wal::log::{AppendError, Appender, Draft};
use crate::wal::watermark::{Mark, Watermark};
use crate::wal::{HistoryId, Stamp};

/// How much room there is in the folder that holds the store.
pub(super) type Room = Box<dyn Fn(&Path) -> std::io::Result<u64> + Send + Sync>;

pub(super) struct Keeper {
    folder: PathBuf,
    store: StoreId,
    history: HistoryId,
    /// Never locked while `water` is.
    log: Mutex<Appender>,
    water: Mutex<Water>,
    /// Commits are refused while there is less room than this, in bytes.
    reserve: u64,
    free: Room,
}

struct Water {
    file: Watermark,
    mark: Mark,
}

impl Keeper {
    pub(super) fn new(
        folder: &Path,
        store: StoreId,
        log: Appender,
        file: Watermark,
        mark: Mark,
        reserve: u64,
        free: Room,
    ) -> Self {
        Self {
            folder: folder.to_path_buf(),
            store,
            history: mark.history,
            log: Mutex::new(log),
            water: Mutex::new(Water { file, mark }),
            reserve,
            free,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn store(&self) -> StoreId {
        self.store
    }

    pub(super) fn history(&self) -> HistoryId {
        self.history
    }

    /// Whether there is room for a group of commits.
    ///
    /// sled cannot go on once it was refused room, so commits are refused while there is still
    /// some.
    pub(super) fn room(&self) -> Result<(), StoreError> {
        // Where that is not told, the log finds out.
        let Ok(free) = (self.free)(&self.folder) else { return Ok(()) };
        if free >= self.reserve {
            return Ok(());
        }
        Err(StoreError::Busy {
            detail: format!(
                "the disk that holds {} is full: {} KiB are free and {} KiB are kept in reserve; \
                free some space, and the store takes commits again",
                self.folder.display(),
                free / 1024,
                self.reserve / 1024
            ),
        })
    }

    /// Puts a group into the commit log and waits until it is on disk.
    pub(super) fn append(&self, stamp: &Stamp, draft: &mut Draft) -> Result<(), StoreError> {
        self.log().append(stamp, draft).map_err(|error| match error {
            AppendError::Refused(error) => StoreError::Busy {
                detail: format!("cannot write to the commit log: {error}; nothing was written"),
            },
            AppendError::Broken(error) => error,
        })
    }

    /// The last commit that sled has been given.
    pub(super) fn promised(&self) -> Stamp {
        self.water().mark.promised
    }

    /// sled has been given the commit `stamp`.
    pub(super) fn promise(&self, stamp: Stamp) -> Result<(), StoreError> {
        let mut water = self.water();
        water.mark.promised = stamp;
        let mark = water.mark;
        water.file.write(&mark)
    }

    /// sled's file was synced when it had been given `number`.
    pub(super) fn settle(&self, number: u64) -> Result<(), StoreError> {
        let mut water = self.water();
        water.mark.settled = number;
        let mark = water.mark;
        water.file.write(&mark)
    }

    pub(super) fn mark(&self) -> Mark {
        self.water().mark
    }

    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.water().file.sync()
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Appender> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn water(&self) -> MutexGuard<'_, Water> {
        self.water.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the file system says; every error is as if it said nothing.
pub(super) fn free_bytes(folder: &Path) -> std::io::Result<u64> {
    let stat = rustix::fs::statvfs(folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
