//! Whole rows out of what sled keeps of them.
//!
//! sled puts up to sixteen neighbours on one page, and a page beyond 128 KiB into a file that it
//! never deletes. So no entry may be large: what a value has beyond [`codec::ENTRY_BYTES`] goes
//! into a chain of further entries. A chain has an id of its own and never changes; a row that is
//! rewritten gets a new one in the same batch that removes the old. A reader who finds a link
//! missing has therefore been overtaken by a commit, and reads the row again.

use bytes::{Bytes, BytesMut};
use sled::{Batch, Tree};

use super::codec::{self, Chain};
use crate::error::StoreError;
use crate::plan::Slot;

/// Reads the row at `row_key`.
pub(super) fn read(tree: &Tree, row_key: &[u8]) -> Result<Option<Slot>, StoreError> {
    match tree.get(row_key).map_err(super::backend)? {
        Some(entry) => complete(tree, row_key, &entry),
        None => Ok(None),
    }
}

/// Reads the row whose first entry was read already; `None` if it has gone since.
pub(super) fn complete(
    tree: &Tree,
    row_key: &[u8],
    entry: &[u8],
) -> Result<Option<Slot>, StoreError> {
    let damaged = || super::damaged_row(row_key);
    let (mut slot, mut chain) = codec::decode_row(entry).ok_or_else(damaged)?;
    while let Some(links) = chain {
        if let Some(value) = join(tree, &slot.value, links)? {
            slot.value = value;
            break;
        }
        let Some(entry) = tree.get(row_key).map_err(super::backend)? else { return Ok(None) };
        let (newer, rest) = codec::decode_row(&entry).ok_or_else(damaged)?;
        if rest == Some(links) {
            return Err(damaged());
        }
        (slot, chain) = (newer, rest);
    }
    Ok(Some(slot))
}

/// Adds the entries of a row to `batch`. `id` names its chain, should it need one.
pub(super) fn write(batch: &mut Batch, row_key: &[u8], slot: &Slot, id: u64) -> Option<Chain> {
    let (entry, chain) = codec::encode_row(slot, id);
    batch.insert(row_key, entry);
    if chain.is_some() {
        let links = slot.value.chunks(codec::ENTRY_BYTES).skip(1);
        for (index, link) in (0..).zip(links) {
            batch.insert(codec::link_key(id, index), link);
        }
    }
    chain
}

/// Adds the removal of a chain to `batch`.
pub(super) fn remove_chain(batch: &mut Batch, chain: Chain) {
    for index in 0..chain.length {
        batch.remove(codec::link_key(chain.id, index));
    }
}

fn join(tree: &Tree, head: &Bytes, chain: Chain) -> Result<Option<Bytes>, StoreError> {
    let capacity = head.len() + usize::from(chain.length) * codec::ENTRY_BYTES;
    let mut value = BytesMut::with_capacity(capacity);
    value.extend_from_slice(head);
    for index in 0..chain.length {
        let key = codec::link_key(chain.id, index);
        let Some(link) = tree.get(key).map_err(super::backend)? else { return Ok(None) };
        value.extend_from_slice(&link);
    }
    Ok(Some(value.freeze()))
}
