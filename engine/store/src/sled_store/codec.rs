//! How rows, tokens and expiries lie in the one sled tree.
//!
//! One tree, because a batch on one tree is atomic and cheap, and because every further tree costs sled
//! memory and disk. The first byte of a key says what it is:
//!
//! | key | value |
//! |---|---|
//! | `r` + encoded [`Key`] | version (8 bytes), expiry (8 bytes), the value |
//! | `t` + commit token | instant at which it is forgotten (8 bytes) |
//! | `e` + instant (8 bytes) + one of the keys above | nothing: this is the index of what to remove when |
//! | `m` + name | facts about the database, such as its format |
//!
//! All numbers are big-endian, so that their byte order is their order.

use bytes::Bytes;

use crate::clock::UnixMillis;
use crate::key::{Key, Part, Sort, encode_part};
use crate::plan::Slot;
use crate::store::CommitToken;

/// The format described above. A change that old programs cannot read takes the next number.
pub(super) const FORMAT: u32 = 1;

/// Where the format number is kept.
pub(super) const FORMAT_KEY: &[u8] = b"mformat";

pub(super) const ROW: u8 = b'r';
pub(super) const TOKEN: u8 = b't';
pub(super) const EXPIRY: u8 = b'e';

const SLOT_HEADER: usize = 16;

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

pub(super) fn encode_slot(slot: &Slot) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SLOT_HEADER + slot.value.len());
    bytes.extend_from_slice(&slot.version.to_be_bytes());
    bytes.extend_from_slice(&slot.expires_at.map_or(NEVER, |at| at.0).to_be_bytes());
    bytes.extend_from_slice(&slot.value);
    bytes
}

pub(super) fn decode_slot(bytes: &[u8]) -> Option<Slot> {
    let (version, rest) = bytes.split_first_chunk::<8>()?;
    let (expiry, value) = rest.split_first_chunk::<8>()?;
    let expiry = u64::from_be_bytes(*expiry);
    Some(Slot {
        value: Bytes::copy_from_slice(value),
        version: u64::from_be_bytes(*version),
        expires_at: (expiry != NEVER).then_some(UnixMillis(expiry)),
    })
}

pub(super) fn decode_instant(bytes: &[u8]) -> Option<UnixMillis> {
    Some(UnixMillis(u64::from_be_bytes(bytes.try_into().ok()?)))
}

fn tagged(tag: u8, rest: &[u8]) -> Vec<u8> {
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
            value in prop::collection::vec(any::<u8>(), 0..100),
            version in any::<u64>(),
            expiry in prop::option::of(0..u64::MAX),
        ) {
            let slot = Slot { value: value.into(), version, expires_at: expiry.map(UnixMillis) };
            prop_assert_eq!(decode_slot(&encode_slot(&slot)), Some(slot));
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
            let _ = (decode_slot(&bytes), decode_expiry(&bytes), decode_instant(&bytes));
        }
    }
}
