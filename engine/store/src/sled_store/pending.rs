//! What a group of commits is going to write: to sled as a batch, to the commit log as changes.
//!
//! Whoever writes rows or tokens does it through this, so that the batch, the log and the running
//! checksum cannot come to tell different things.

use std::collections::HashMap;

use sled::{Batch, Db};

use super::codec::{self, Chain};
use super::rows;
use crate::clock::UnixMillis;
use crate::error::StoreError;
use crate::plan::Slot;
use crate::wal::change::{self, Change, Changes};
use crate::wal::log::Draft;
use crate::wal::{HistoryId, STAMP_BYTES, Stamp, Sum};

/// A row as it is stored, with the chain that holds the rest of it.
pub(super) type Stored = (Slot, Option<Chain>);

#[derive(Default)]
pub(super) struct Pending {
    batch: Batch,
    rows: HashMap<Vec<u8>, Option<Stored>>,
    tokens: HashMap<Vec<u8>, Option<UnixMillis>>,
    /// The record of the commit log.
    pub(super) draft: Draft,
    /// By how much the running checksum changes.
    delta: Sum,
    scratch: Vec<u8>,
    pub(super) expiries_added: usize,
    pub(super) commits: u64,
    pub(super) purged: u64,
    pub(super) dirty: bool,
}

impl Pending {
    /// The row at `row_key`, as it will be.
    pub(super) fn row(&self, db: &Db, row_key: &[u8]) -> Result<Option<Stored>, StoreError> {
        if let Some(stored) = self.rows.get(row_key) {
            return Ok(stored.clone());
        }
        let Some(entry) = db.get(row_key).map_err(super::backend)? else { return Ok(None) };
        let chain = codec::decode_row(&entry).and_then(|(_, chain)| chain);
        Ok(rows::complete(db, row_key, &entry)?.map(|slot| (slot, chain)))
    }

    /// When the token at `token_key` will be forgotten.
    pub(super) fn token(
        &self,
        db: &Db,
        token_key: &[u8],
    ) -> Result<Option<UnixMillis>, StoreError> {
        if let Some(forgotten) = self.tokens.get(token_key) {
            return Ok(*forgotten);
        }
        let stored = db.get(token_key).map_err(super::backend)?;
        Ok(stored.and_then(|bytes| codec::decode_instant(&bytes)))
    }

    /// Replaces the row `before`, which [`Pending::row`] gave, by `after`.
    pub(super) fn set_row(
        &mut self,
        db: &Db,
        row_key: Vec<u8>,
        before: Option<&Stored>,
        after: Option<Slot>,
    ) -> Result<(), StoreError> {
        self.dirty = true;
        let key = &row_key[1..];
        let expired_before = before.and_then(|(slot, _)| slot.expires_at);
        let expires_at = after.as_ref().and_then(|slot| slot.expires_at);
        if expired_before != expires_at {
            if let Some(at) = expired_before {
                self.batch.remove(codec::expiry_key(at, &row_key));
            }
            if let Some(at) = expires_at {
                self.batch.insert(codec::expiry_key(at, &row_key), &[]);
                self.expiries_added += 1;
            }
        }
        if let Some((slot, chain)) = before {
            self.scratch.clear();
            self.delta.remove(change::row(&mut self.scratch, key, slot));
            if let Some(chain) = chain {
                rows::remove_chain(&mut self.batch, *chain);
            }
        }
        let stored = match after {
            Some(slot) => {
                let id = match slot.value.len() {
                    0..=codec::ENTRY_BYTES => 0,
                    _ => db.generate_id().map_err(super::backend)?,
                };
                let chain = rows::write(&mut self.batch, &row_key, &slot, id);
                self.delta.add(change::row(self.draft.changes(), key, &slot));
                Some((slot, chain))
            }
            None => {
                self.batch.remove(row_key.as_slice());
                if before.is_some() {
                    change::no_row(self.draft.changes(), key);
                }
                None
            }
        };
        self.rows.insert(row_key, stored);
        Ok(())
    }

    /// Has the token, which was to be forgotten at `before`, be forgotten at `after`: at once, if
    /// that is nothing.
    pub(super) fn set_token(
        &mut self,
        token_key: Vec<u8>,
        before: Option<UnixMillis>,
        after: Option<UnixMillis>,
    ) {
        self.dirty = true;
        let name = &token_key[1..];
        if let Some(at) = before {
            self.scratch.clear();
            self.delta.remove(change::token(&mut self.scratch, name, at));
            self.batch.remove(codec::expiry_key(at, &token_key));
        }
        match after {
            Some(at) => {
                self.delta.add(change::token(self.draft.changes(), name, at));
                self.batch.insert(codec::expiry_key(at, &token_key), &[]);
                self.expiries_added += 1;
                self.batch.insert(token_key.as_slice(), &at.0.to_be_bytes());
            }
            None => {
                change::no_token(self.draft.changes(), name);
                self.batch.remove(token_key.as_slice());
            }
        }
        self.tokens.insert(token_key, after);
    }

    /// Removes an entry of the expiry index that speaks of nothing.
    pub(super) fn drop_expiry(&mut self, entry: &[u8]) {
        self.dirty = true;
        self.batch.remove(entry);
    }

    /// Does what a record of the commit log says.
    pub(super) fn replay(&mut self, db: &Db, changes: &[u8]) -> Result<(), StoreError> {
        let unreadable = |bad: crate::wal::Bad| StoreError::Backend {
            detail: format!("a record of the commit log cannot be used: {}", bad.0),
        };
        let mut changes = Changes::new(changes);
        while let Some((change, _)) = changes.next().map_err(unreadable)? {
            self.apply(db, change)?;
        }
        Ok(())
    }

    /// Does what one change says.
    pub(super) fn apply(&mut self, db: &Db, change: Change<'_>) -> Result<(), StoreError> {
        match change {
            Change::Row { key, slot } => {
                let row_key = codec::tagged(codec::ROW, key);
                let before = self.row(db, &row_key)?;
                self.set_row(db, row_key, before.as_ref(), Some(slot))?;
            }
            Change::NoRow { key } => {
                let row_key = codec::tagged(codec::ROW, key);
                let before = self.row(db, &row_key)?;
                self.set_row(db, row_key, before.as_ref(), None)?;
            }
            Change::Token { name, forgotten } => {
                let token_key = codec::tagged(codec::TOKEN, name);
                let before = self.token(db, &token_key)?;
                self.set_token(token_key, before, Some(forgotten));
            }
            Change::NoToken { name } => {
                let token_key = codec::tagged(codec::TOKEN, name);
                let before = self.token(db, &token_key)?;
                self.set_token(token_key, before, None);
            }
        }
        Ok(())
    }

    /// The running checksum after this, if it was `sum` before.
    pub(super) fn sum_after(&self, mut sum: Sum) -> Sum {
        sum.add(self.delta.0);
        sum
    }

    /// The batch for sled, which says in the same stroke after which commit that is.
    pub(super) fn into_batch(mut self, history: HistoryId, stamp: &Stamp) -> Batch {
        self.batch.insert(codec::COMMIT_KEY, commit_row(history, stamp));
        self.batch
    }

    /// How a row that is pending will be, or `None` if it is not.
    pub(super) fn pending_row(&self, row_key: &[u8]) -> Option<&Option<Stored>> {
        self.rows.get(row_key)
    }
}

/// What sled holds under [`codec::COMMIT_KEY`].
pub(super) fn commit_row(history: HistoryId, stamp: &Stamp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + STAMP_BYTES);
    bytes.extend_from_slice(&history.0);
    stamp.encode(&mut bytes);
    bytes
}

/// Reads what [`commit_row`] made.
pub(super) fn decode_commit_row(bytes: &[u8]) -> Option<(HistoryId, Stamp)> {
    let (history, stamp) = bytes.split_first_chunk::<16>()?;
    Some((HistoryId(*history), Stamp::decode(stamp.try_into().ok()?)))
}
