//! How rows, tokens and expiries lie in the one sled tree.
//!
//! One tree, because a batch on one tree is atomic and cheap, and because every further tree costs
//! sled memory and disk. The first byte of a key says what it is:
//!
//! | key | value |
//! |---|---|
//! | `r` + encoded [`Key`] | version (8 bytes), expiry (8), number of links (1), id of the chain (8), value |
//! | `c` + id of a chain (8 bytes) + number (1 byte) | a link: what the value has beyond the first entry |
//! | `t` + commit token | instant at which it is forgotten (8 bytes) |
//! | `e` + instant (8 bytes) + one of the keys above | nothing: this is the index of what to remove when |
//! | `m` + name | facts about the database: its format, which store it is, the last commit that it holds |
//!
//! All numbers are big-endian, so that their byte order is their order.

use bytes::Bytes;

use crate::clock::UnixMillis;
use crate::key::{Key, Part, Sort, encode_part};
use crate::plan::Slot;
use crate::store::CommitToken;

/// The format described above. A change that old programs cannot read takes the next number.
///
/// 2 is 1 with a commit log beside the database: a program that knows nothing of it would commit
/// past it.
///
/// 3 is 2 with an identity, in the database and in all that lies beside it.
pub(super) const FORMAT: u32 = 3;

/// Where the format number is kept.
pub(super) const FORMAT_KEY: &[u8] = b"mformat";

/// Where it is kept which store this is.
pub(super) const IDENTITY_KEY: &[u8] = b"midentity";

/// Where the last commit is kept that the database holds: its history and stamp.
pub(super) const COMMIT_KEY: &[u8] = b"mcommit";

pub(super) const ROW: u8 = b'r';
pub(super) const TOKEN: u8 = b't';
pub(super) const EXPIRY: u8 = b'e';
pub(super) const LINK: u8 = b'c';

/// Most bytes of a value in one entry. With the longest key, seventeen such entries (sixteen, and
/// one more before a page splits) stay below the 128 KiB at which sled resorts to files.
pub(super) const ENTRY_BYTES: usize = 4096;

const ROW_HEADER: usize = 25;

/// The entries that hold the rest of a large value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) id: u64,
    pub(super) length: u8,
}

/// Stands for "never" in the expiry field; as an instant it is 580 million years away.
const NEVER: u64 = u64::MAX;

pub(super) fn row_key(key: &Key) -> Vec<u8> {
    tagged(ROW, &key.encode())
}

/// What the keys of all rows of `part` begin with.
pub(super) fn partition_prefix(part: &Part) -> Vec<u8> {
    tagged(ROW, &encode_part(part))
}

/// The sort key of a row whose partition prefix is known.
pub(super) fn sort_of(row_key: &[u8], prefix: &[u8]) -> Option<Sort> {
    Some(Sort::raw(row_key.strip_prefix(prefix)?.to_vec()))
}

pub(super) fn token_key(token: &CommitToken) -> Vec<u8> {
    tagged(TOKEN, token.as_str().as_bytes())
}

pub(super) fn expiry_key(at: UnixMillis, target: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(9 + target.len());
    bytes.push(EXPIRY);
    bytes.extend_from_slice(&at.0.to_be_bytes());
    bytes.extend_from_slice(target);
    bytes
}

/// The instant and the key that an entry of the expiry index speaks of.
pub(super) fn decode_expiry(key: &[u8]) -> Option<(UnixMillis, &[u8])> {
    let (at, target) = key.strip_prefix(&[EXPIRY])?.split_first_chunk::<8>()?;
    Some((UnixMillis(u64::from_be_bytes(*at)), target))
}

/// The first entry of a row, and the chain (named `id`) that has to hold the rest of its value.
pub(super) fn encode_row(slot: &Slot, id: u64) -> (Vec<u8>, Option<Chain>) {
    let head = &slot.value[..slot.value.len().min(ENTRY_BYTES)];
    // At most 15 links, since values are at most 64 KiB.
    let length = (slot.value.len().div_ceil(ENTRY_BYTES).max(1) - 1) as u8;
    let chain = (length > 0).then_some(Chain { id, length });
    let mut bytes = Vec::with_capacity(ROW_HEADER + head.len());
    bytes.extend_from_slice(&slot.version.to_be_bytes());
    bytes.extend_from_slice(&slot.expires_at.map_or(NEVER, |at| at.0).to_be_bytes());
    bytes.push(length);
    bytes.extend_from_slice(&chain.map_or(0, |chain| chain.id).to_be_bytes());
    bytes.extend_from_slice(head);
    (bytes, chain)
}

/// What [`encode_row`] wrote: a slot with the beginning of the value, and the chain with the rest.
pub(super) fn decode_row(bytes: &[u8]) -> Option<(Slot, Option<Chain>)> {
    let (version, rest) = bytes.split_first_chunk::<8>()?;
    let (expiry, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first()?;
    let (id, head) = rest.split_first_chunk::<8>()?;
    let expiry = u64::from_be_bytes(*expiry);
    let slot = Slot {
        value: Bytes::copy_from_slice(head),
        version: u64::from_be_bytes(*version),
        expires_at: (expiry != NEVER).then_some(UnixMillis(expiry)),
    };
    let chain = Chain { id: u64::from_be_bytes(*id), length: *length };
    Some((slot, (chain.length > 0).then_some(chain)))
}

pub(super) fn link_key(id: u64, index: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(10);
    bytes.push(LINK);
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.push(index);
    bytes
}

/// The chain that an entry with this key is a link of.
pub(super) fn chain_of(link_key: &[u8]) -> Option<u64> {
    let (id, index) = link_key.strip_prefix(&[LINK])?.split_first_chunk::<8>()?;
    (index.len() == 1).then(|| u64::from_be_bytes(*id))
}

pub(super) fn decode_instant(bytes: &[u8]) -> Option<UnixMillis> {
    Some(UnixMillis(u64::from_be_bytes(bytes.try_into().ok()?)))
}

pub(super) fn tagged(tag: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + rest.len());
    bytes.push(tag);
    bytes.extend_from_slice(rest);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_row_survives_its_encoding(
            length in 0..=crate::MAX_VALUE_BYTES,
            version in any::<u64>(),
            expiry in prop::option::of(0..u64::MAX),
            id in any::<u64>(),
        ) {
            let value = Bytes::from(vec![7; length]);
            let slot = Slot { value: value.clone(), version, expires_at: expiry.map(UnixMillis) };
            let (entry, chain) = encode_row(&slot, id);
            let links = chain.map_or(0, |chain| usize::from(chain.length));
            prop_assert!(length <= (links + 1) * ENTRY_BYTES && (links == 0 || length > links * ENTRY_BYTES));
            let head = Slot { value: value.slice(..length.min(ENTRY_BYTES)), ..slot };
            prop_assert_eq!(decode_row(&entry), Some((head, chain)));
        }

        #[test]
        fn expiries_order_by_time_first(a in any::<u64>(), b in any::<u64>(), x in ".{0,3}", y in ".{0,3}") {
            prop_assume!(a != b);
            let key = |at, target: &str| expiry_key(UnixMillis(at), target.as_bytes());
            prop_assert_eq!(key(a, &x).cmp(&key(b, &y)), a.cmp(&b));
            let (entry_a, entry_b) = (key(a, &x), key(b, &y));
            prop_assert_eq!(decode_expiry(&entry_a), Some((UnixMillis(a), x.as_bytes())));
            prop_assert_eq!(decode_expiry(&entry_b), Some((UnixMillis(b), y.as_bytes())));
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = (decode_row(&bytes), decode_expiry(&bytes), decode_instant(&bytes));
        }
    }
}
