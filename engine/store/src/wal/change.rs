//! What a commit changes, as bytes: rows and tokens by their contents, never by where sled has
//! them.
//!
//! A change carries the whole new value, so applying it twice is the same as once.

use crate::clock::UnixMillis;
use crate::plan::Slot;
use bytes::Bytes;

use super::Bad;

const ROW: u8 = 1;
const NO_ROW: u8 = 2;
const TOKEN: u8 = 3;
const NO_TOKEN: u8 = 4;

/// Stands for "never" in an expiry.
const NEVER: u64 = u64::MAX;

/// One change. `key` is an encoded [`crate::Key`], `name` that of a commit token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    Row { key: &'a [u8], slot: Slot },
    NoRow { key: &'a [u8] },
    Token { name: &'a [u8], forgotten: UnixMillis },
    NoToken { name: &'a [u8] },
}

/// Appends a row, and gives what it adds to the running checksum.
pub(crate) fn row(out: &mut Vec<u8>, key: &[u8], slot: &Slot) -> u128 {
    let start = out.len();
    out.push(ROW);
    short(out, key);
    out.extend_from_slice(&slot.version.to_be_bytes());
    out.extend_from_slice(&slot.expires_at.map_or(NEVER, |at| at.0).to_be_bytes());
    out.extend_from_slice(&(slot.value.len() as u32).to_be_bytes());
    out.extend_from_slice(&slot.value);
    checksum(&out[start..])
}

/// Appends the removal of a row.
pub(crate) fn no_row(out: &mut Vec<u8>, key: &[u8]) {
    out.push(NO_ROW);
    short(out, key);
}

/// Appends a token, and gives what it adds to the running checksum.
pub(crate) fn token(out: &mut Vec<u8>, name: &[u8], forgotten: UnixMillis) -> u128 {
    let start = out.len();
    out.push(TOKEN);
    short(out, name);
    out.extend_from_slice(&forgotten.0.to_be_bytes());
    checksum(&out[start..])
}

/// Appends the removal of a token.
pub(crate) fn no_token(out: &mut Vec<u8>, name: &[u8]) {
    out.push(NO_TOKEN);
    short(out, name);
}

/// What an encoded row or token adds to the running checksum.
pub(crate) fn checksum(encoded: &[u8]) -> u128 {
    twox_hash::XxHash3_128::oneshot(encoded)
}

/// Keys have at most 1,282 bytes and tokens 128: see `MAX_PART_BYTES`, `MAX_SORT_BYTES`,
/// `MAX_TOKEN_BYTES`.
fn short(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Reads changes one behind the other.
#[derive(Debug)]
pub(crate) struct Changes<'a>(&'a [u8]);

impl<'a> Changes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next change, and the bytes that it was read from; `None` behind the last.
    pub(crate) fn next(&mut self) -> Result<Option<(Change<'a>, &'a [u8])>, Bad> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let before = self.0;
        let (change, rest) =
            one(before).ok_or_else(|| Bad::new("it holds a change that cannot be read"))?;
        self.0 = rest;
        Ok(Some((change, &before[..before.len() - rest.len()])))
    }
}

fn one(bytes: &[u8]) -> Option<(Change<'_>, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    match *tag {
        ROW => {
            let (version, rest) = rest.split_first_chunk::<8>()?;
            let (expiry, rest) = rest.split_first_chunk::<8>()?;
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            let expiry = u64::from_be_bytes(*expiry);
            let slot = Slot {
                value: Bytes::copy_from_slice(value),
                version: u64::from_be_bytes(*version),
                expires_at: (expiry != NEVER).then_some(UnixMillis(expiry)),
            };
            Some((Change::Row { key, slot }, rest))
        }
        NO_ROW => Some((Change::NoRow { key }, rest)),
        TOKEN => {
            let (at, rest) = rest.split_first_chunk::<8>()?;
            let forgotten = UnixMillis(u64::from_be_bytes(*at));
            Some((Change::Token { name: key, forgotten }, rest))
        }
        NO_TOKEN => Some((Change::NoToken { name: key }, rest)),
        _ => None,
    }
}
