//! What is asked of the place behind a store, besides single rows: whether it works, and all that
//! it holds.
//!
//! Turns never ask this; readiness, figures, exports and clean-ups do.

use async_trait::async_trait;

use crate::backup::{BackupDone, BackupRequest};
use crate::blobs::Blobs;
use crate::error::StoreError;
use crate::key::Key;
use crate::sled_store::SledStats;
use crate::store::{Row, Store};

/// A store that can tell of itself and be walked from end to end.
#[async_trait]
pub trait Backend: Store {
    /// What an operator writes for it in `store.backend`, such as `sled`.
    fn name(&self) -> &'static str;

    /// Where the rows are, for people: a folder, a table.
    fn place(&self) -> String;

    /// Whether it takes commits, as far as this process knows without asking.
    ///
    /// # Errors
    /// Why not, and what helps.
    fn health(&self) -> Result<(), StoreError>;

    /// Figures of an embedded database; none of one that keeps its own.
    ///
    /// # Errors
    /// If the database cannot tell.
    fn stats(&self) -> Result<Option<SledStats>, StoreError>;

    /// Live rows of all partitions as they are stored, in an order of the backend's own that rows
    /// keep among themselves: from the first, or from behind `after`, which need not exist any
    /// more.
    ///
    /// A walk is no snapshot: of rows that come, go or change meanwhile it may show either state.
    ///
    /// # Errors
    /// If a row cannot be read.
    async fn walk(&self, after: Option<&Key>, limit: u32) -> Result<Walked, StoreError>;

    /// What is wrong with the database itself, below its rows; blocks while it is read through. One
    /// that looks after itself finds nothing.
    ///
    /// # Errors
    /// If it cannot be read at all.
    fn inspect(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// Makes a backup of it and of `content` while commits go on.
    ///
    /// # Errors
    /// [`StoreError::Recovery`] of one that keeps backups by itself; otherwise whatever went wrong.
    async fn backup(
        &self,
        request: BackupRequest,
        content: Blobs,
    ) -> Result<BackupDone, StoreError> {
        let _ = (request, content);
        Err(StoreError::Recovery {
            detail: format!(
                "{} ({}) keeps its own backups: use its point-in-time recovery, or `dialgraph store export`",
                self.place(),
                self.name()
            ),
        })
    }

    /// Has what was removed from the store be gone from its own log, too.
    ///
    /// # Errors
    /// If the log could not be written anew.
    async fn cut_log(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Some rows of a walk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walked {
    /// At most as many as asked for; perhaps none, with more to come.
    pub rows: Vec<Row>,
    /// What to give as `after` for the next; only `None` means that this was the end.
    pub next: Option<Key>,
}
