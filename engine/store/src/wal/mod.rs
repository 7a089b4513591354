//! What is kept beside an embedded database, so that its losses are seen and made good.
//!
//! sled cuts its own log at the first checksum that does not hold, and goes on as if what stood
//! behind it had never been. So every group of commits is first appended to a **commit log** of
//! ours and synced there, and only then given to sled; a **watermark** says how far that has come;
//! a **base** (all rows at some moment) stands where the log begins. Base and log together are the
//! whole store a second time, in a form that is checked byte by byte.
//!
//! | file | what it is |
//! |---|---|
//! | `commit-log/N.log` | records of commit groups from number N on |
//! | `commit-log/N.base` | all rows and tokens, read while commits from N on went on |
//! | `watermark` | the last commit promised, and the last that sled was synced with |
//! | `dialgraph-store` | which store this is; all of the others say it, too |
//! | `stopped` | written when the store was closed in order: how long sled's files were, and their checksums |
//!
//! Everything in these files is what sled holds, so of a sealed store it is sealed.
//!
//! The code here knows files and bytes and nothing of sled.

pub(crate) mod archive;
pub(crate) mod base;
pub(crate) mod change;
pub(crate) mod frame;
pub(crate) mod identity;
pub(crate) mod log;
pub(crate) mod regular;
pub(crate) mod stopped;
pub(crate) mod watermark;

use std::fs::File;
use std::path::Path;

use crate::clock::UnixMillis;
use crate::error::StoreError;

/// The folder of the commit log in the store's folder, and of its copy in a backup.
pub(crate) const FOLDER: &str = "commit-log";

/// A state of the store: after which commit, when that was, and the running checksum.
///
/// The checksum is the sum of the checksums of all rows and remembered tokens, so that it follows
/// from the one before and what a commit changes, and can be made anew from the rows in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    pub(crate) number: u64,
    pub(crate) at: UnixMillis,
    pub(crate) sum: Sum,
}

/// Length of an encoded [`Stamp`].
pub(crate) const STAMP_BYTES: usize = 32;

impl Stamp {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.at.0.to_be_bytes());
        out.extend_from_slice(&self.sum.0.to_be_bytes());
    }

    pub(crate) fn decode(bytes: &[u8; STAMP_BYTES]) -> Self {
        let (number, rest) = bytes.split_at(8);
        let (at, sum) = rest.split_at(8);
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        let sum = sum.iter().fold(0, |sum, &byte| sum << 8 | u128::from(byte));
        Self { number: word(number), at: UnixMillis(word(at)), sum: Sum(sum) }
    }
}

/// An order-independent checksum over rows and tokens. It finds accidents; it is no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sum(pub(crate) u128);

impl Sum {
    pub(crate) fn add(&mut self, entry: u128) {
        self.0 = self.0.wrapping_add(entry);
    }

    pub(crate) fn remove(&mut self, entry: u128) {
        self.0 = self.0.wrapping_sub(entry);
    }
}

/// Tells the commits of one history from those of another: a store that went back in time, or began
/// anew, counts the same numbers again for other commits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HistoryId(pub(crate) [u8; 16]);

impl HistoryId {
    pub(crate) fn random() -> Result<Self, StoreError> {
        let mut id = [0; 16];
        crate::seal::fill_random(&mut id)?;
        Ok(Self(id))
    }
}

impl std::fmt::Debug for HistoryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0[..6]))
    }
}

/// Begins a file that gets its name when it is whole, whatever was left in its place.
pub(crate) fn begin(temporary: &Path) -> std::io::Result<File> {
    match std::fs::remove_file(temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => std::fs::OpenOptions::new().write(true).create_new(true).open(temporary),
    }
}

/// What the name of a file ends in until it is whole.
pub(crate) const UNFINISHED: &str = "unfinished";

/// A file that goes again unless it gets its name.
#[derive(Debug)]
pub(crate) struct Temporary(pub(crate) std::path::PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nothing is there once it has its name; if it stays, whoever next writes here removes it.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Removes from `folder` what a process that ended suddenly had not finished.
pub(crate) fn remove_unfinished(folder: &Path) -> Result<(), StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io("cannot list the folder", folder, &error)),
    };
    for entry in entries {
        let path =
            entry.map_err(|error| StoreError::io("cannot list the folder", folder, &error))?.path();
        if path.extension().is_some_and(|end| end == UNFINISHED) {
            std::fs::remove_file(&path)
                .map_err(|error| StoreError::io("cannot remove", &path, &error))?;
        }
    }
    Ok(())
}

/// Makes what happened to the names in `folder` last.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // Other systems cannot open a folder as a file, and order renames themselves.
    if !cfg!(unix) {
        return Ok(());
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::io("cannot sync the folder", folder, &error))
}

/// Why a file of the log cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bad(pub(crate) String);

impl Bad {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<std::io::Error> for Bad {
    fn from(error: std::io::Error) -> Self {
        Self(format!("it cannot be read: {error}"))
    }
}

#[cfg(test)]
mod tests;
