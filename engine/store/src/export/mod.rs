//! Logical backups: every live row of a store and all of its content in one file of text.
//!
//! An export survives what a copy of the database's files may not: a damaged log, a change of
//! backend or of sled itself. Importing one into a new folder is also how a database is made small
//! again.
//!
//! The file is JSON Lines: a header, a line for each row, lines of at most [`CHUNK_BYTES`] for each
//! blob, and a last line with what there was. Every line ends in a checksum over itself and all
//! lines before it, so that a file that was cut goes on behind its last whole line ([`examine`]),
//! and a line that was changed, lost or moved is found.
//!
//! * Rows are exported as they are stored: those of a sealed store stay sealed, and want the same
//!   key.
//! * Expired rows are left out, expiries are kept. **Versions are not**: they begin anew at 1,
//!   since a version is worth something only to whoever read it from the same store.
//! * The digest in the last line is of what was exported, in whatever order: two stores that hold
//!   the same have the same digest, whatever their backends.
//! * Commits may go on meanwhile; each row is whole, but the export is of no single moment. Stop
//!   the engines first, or use the backend's own backup, if that matters.

mod line;
mod read;
mod write;

pub use self::read::{Imported, Target, import};
pub use self::write::{Examined, Position, examine, export};

use std::collections::BTreeSet;

use dialgraph_base::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::clock::UnixMillis;

use crate::error::StoreError;
use crate::key::Key;

/// Most bytes of a blob in one line.
pub const CHUNK_BYTES: usize = 48 * 1024;

/// What an export holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// Live rows.
    pub rows: u64,
    /// Blobs: plugins and flows.
    pub blobs: u64,
    /// Of rows and blobs, whatever their order.
    pub digest: String,
    /// Ids of the keys that rows are sealed with; none: all are in the clear.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sealed_with: BTreeSet<String>,
}

/// How far an export or import has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows so far.
    pub rows: u64,
    /// Blobs so far.
    pub blobs: u64,
    /// Bytes of the file so far.
    pub bytes: u64,
}

/// What has been exported so far, for the last line.
///
/// The digest is the sum, modulo 2²⁵⁶, of the SHA-256 of each thing. It finds any accident; whoever
/// can write the file can also write another sum.
#[derive(Debug, Clone, Default)]
struct Totals {
    rows: u64,
    blobs: u64,
    sum: [u8; 32],
    sealed_with: BTreeSet<String>,
}

impl Totals {
    fn row(&mut self, key: &Key, expires_at: Option<UnixMillis>, value: &[u8]) {
        let encoded = key.encode();
        let mut hash = Sha256::new();
        hash.update(b"row");
        hash.update((encoded.len() as u64).to_be_bytes());
        hash.update(&encoded);
        hash.update(expires_at.map_or(u64::MAX, |at| at.0).to_be_bytes());
        hash.update(value);
        self.add(hash.finalize().into());
        self.rows += 1;
        self.sealed_with.extend(crate::seal::sealed_with(value).map(|id| id.to_string()));
    }

    fn blob(&mut self, digest: &Digest) {
        let mut hash = Sha256::new();
        hash.update(b"blob");
        hash.update(digest.as_bytes());
        self.add(hash.finalize().into());
        self.blobs += 1;
    }

    fn add(&mut self, hash: [u8; 32]) {
        let mut carry = 0;
        for (sum, byte) in self.sum.iter_mut().zip(hash).rev() {
            let all = u16::from(*sum) + u16::from(byte) + carry;
            // The lower half stays, the upper is carried.
            *sum = (all & 0xff) as u8;
            carry = all >> 8;
        }
    }

    fn exported(&self) -> Exported {
        Exported {
            rows: self.rows,
            blobs: self.blobs,
            digest: format!("sha256-sum:{}", hex::encode(self.sum)),
            sealed_with: self.sealed_with.clone(),
        }
    }
}

fn bad(detail: impl Into<String>) -> StoreError {
    StoreError::BadExport { detail: detail.into() }
}

#[cfg(test)]
mod tests;
