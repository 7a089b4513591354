//! A record that is written in the same commit as something else of the engine, so that neither is
//! ever there without the other.

use std::collections::BTreeSet;

use dialgraph_base::Timestamp;
use dialgraph_kernel::ports::HostError;
use dialgraph_store::{Expect, Key, Op, Part, Row, Sort, Store, StoreError, decode, encode};
use serde_json::Value;

use super::index::{self, Entered, Hashes, IndexState};
use super::{PART, Stored, TOMBSTONE_MILLIS, failed, later};

/// Where a record is.
fn place(collection: &str, key: &str) -> Result<Key, StoreError> {
    Key::new(&Part::new(format!("{PART}{collection}"))?, Sort::text(key))
}

/// What writes a record with its index rows, or without `data` removes it. A commit of it conflicts
/// if the record changes before.
///
/// # Errors
/// If the store fails, or the record has more entries in indexes than one commit takes.
pub(crate) async fn write(
    store: &dyn Store,
    collection: &str,
    key: &str,
    data: Option<Value>,
    now: Timestamp,
) -> Result<Vec<Op>, HostError> {
    let place = place(collection, key).map_err(failed)?;
    let before = match store.get(&place).await {
        Err(error) if error.is_of_row() => None,
        row => Some(row.map_err(failed)?),
    };
    let (expect, entries, was, is_there) = match &before {
        // What cannot be read is written over: nobody but the engine writes it.
        None => (Expect::Any, Hashes::new(), None, true),
        Some(row) => match row.as_ref().map(stored).transpose() {
            Ok(stored) => {
                let (entries, was) =
                    stored.map(|stored| (stored.entries, stored.data)).unwrap_or_default();
                let is_there = was.is_some();
                (Expect::unchanged(row.as_ref()), entries, was, is_there)
            }
            Err(error) if error.is_of_row() => (Expect::Any, Hashes::new(), None, true),
            Err(error) => return Err(failed(error)),
        },
    };
    if data.is_none() && !is_there {
        return Ok(Vec::new());
    }
    let row = store.get(&index::state_key(collection).map_err(failed)?).await.map_err(failed)?;
    let state: Option<IndexState> =
        row.map(|row| decode(&row.value)).transpose().map_err(failed)?;
    let (indexed, renamed) = match (&state, &data) {
        (Some(state), Some(data)) => (state.entries(data)?, state.renamed(was.as_ref(), data)),
        _ => (Entered::default(), BTreeSet::new()),
    };
    let is_gone = data.is_none();
    let stored = Stored { data, updated_at: now, seed: None, entries: indexed.hashes.clone() };
    let mut ops = vec![Op::Put {
        key: place,
        value: encode(&stored).map_err(failed)?.into(),
        expect,
        expires_at: is_gone.then(|| later(now, TOMBSTONE_MILLIS)),
    }];
    let changes = index::changes(collection, key, &entries, &indexed, &renamed);
    ops.extend(changes.map_err(failed)?);
    Ok(ops)
}

fn stored(row: &Row) -> Result<Stored, StoreError> {
    decode(&row.value)
}

/// The rows of a record: its own, then those in indexes.
///
/// # Errors
/// If the store fails.
pub(crate) async fn rows(
    store: &dyn Store,
    collection: &str,
    key: &str,
) -> Result<Vec<Key>, StoreError> {
    let place = place(collection, key)?;
    let entries = match store.get(&place).await.and_then(|row| row.as_ref().map(stored).transpose())
    {
        Err(error) if error.is_of_row() => Hashes::new(),
        found => found?.map(|stored| stored.entries).unwrap_or_default(),
    };
    let mut rows = vec![place];
    rows.extend(index::keys(collection, key, &entries)?);
    Ok(rows)
}
