//! What can go wrong, said so that the reader knows what to do.

use std::path::PathBuf;

use dialgraph_base::Digest;

use crate::key::Key;
use crate::store::{MAX_OPS, Row};

/// Every failure of this crate but a conflict.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A partition name or sort key is empty or too long.
    #[error("the {what} has {length} bytes; it must have 1 to {limit}")]
    BadKey {
        /// Which half of the key.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The longest allowed, in bytes.
        limit: usize,
    },

    /// Text that should be a cursor is not one.
    #[error("this is not a cursor; pass on the `next` of the page before, unchanged")]
    BadCursor,

    /// A commit token is empty or too long.
    #[error("the commit token has {length} bytes; it must have 1 to {limit}")]
    BadToken {
        /// Its length in bytes.
        length: usize,
        /// The longest allowed, in bytes.
        limit: usize,
    },

    /// Text that should be a digest is not one.
    #[error(transparent)]
    BadDigest(#[from] dialgraph_base::ParseDigestError),

    /// A value is larger than the store takes.
    #[error(
        "the value for {key} has {length} bytes, the limit is {limit}; \
         split it over several rows, or keep it as a blob and store its digest"
    )]
    ValueTooLarge {
        /// The row.
        key: Key,
        /// Length of the value in bytes.
        length: usize,
        /// The limit in bytes, see [`crate::Store::max_value_bytes`].
        limit: usize,
    },

    /// A commit has no operation, or too many.
    #[error("a commit takes 1 to {MAX_OPS} operations, not {count}; split the work into several")]
    BadOpCount {
        /// How many it had.
        count: usize,
    },

    /// A commit names one row twice.
    #[error("the commit has two operations on {key}; merge them into one")]
    DuplicateKey {
        /// The row.
        key: Key,
    },

    /// A check that can never fail.
    #[error("the check of {key} expects nothing; name a version, or that the row is absent")]
    IdleCheck {
        /// The row.
        key: Key,
    },

    /// A query asks for no rows, or too many.
    #[error("a query takes a limit of 1 to {max} rows, not {limit}")]
    BadLimit {
        /// What was asked for.
        limit: u32,
        /// The most a page may hold.
        max: u32,
    },

    /// The database is in use by another process.
    #[error(
        "the store in {} is in use by another process; stop that process, or give this one its own folder",
        path.display()
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },

    /// The database cannot be opened or holds what it should not.
    #[error(
        "the store in {} is damaged: {detail}; move the folder aside (do not delete it), start with an \
         empty one and import the newest export",
        path.display()
    )]
    Corrupt {
        /// The folder.
        path: PathBuf,
        /// What was found.
        detail: String,
    },

    /// The store holds less than was promised, or what it holds cannot be read. It was not opened,
    /// and nothing in it was changed.
    #[error(
        "the store in {} is damaged and was left as it is: {found}. What to do: {remedy}",
        path.display()
    )]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What was found, and what is missing since when.
        found: String,
        /// What brings it back.
        remedy: String,
    },

    /// A backup could not be made, or a store not be recovered as was asked.
    #[error("{detail}")]
    Recovery {
        /// Why not, and what to do.
        detail: String,
    },

    /// The folder was written by a newer version of the engine.
    #[error(
        "the store in {} has format {found}, this program knows formats up to {known}; \
         use the newer program that wrote it",
        path.display()
    )]
    NewerFormat {
        /// The folder.
        path: PathBuf,
        /// Format number in the folder.
        found: u32,
        /// Highest format number this program reads.
        known: u32,
    },

    /// Reading or writing a file failed.
    #[error("{doing} {}: {detail}", path.display())]
    Io {
        /// What was being done, such as `cannot write`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        detail: String,
        /// The system's kind, for callers that treat some failures apart.
        kind: std::io::ErrorKind,
    },

    /// The backend failed, and it is unknown whether a commit took place. Repeat it with the same
    /// token.
    #[error("the store failed: {detail}")]
    Backend {
        /// What the backend said.
        detail: String,
    },

    /// The database has no capacity for this now. Nothing was written; the same may be asked again.
    #[error("the store is busy: {detail}")]
    Busy {
        /// What the database said, and what to do if it goes on.
        detail: String,
    },

    /// The database does not do what it is asked, and will not until somebody changes something.
    /// Nothing was written.
    #[error("the store cannot be used: {detail}")]
    Refused {
        /// Why not, and what to do.
        detail: String,
    },

    /// The store stopped itself after a failure, because it can no longer promise that commits
    /// last.
    #[error(
        "the store has stopped: {detail}; no acknowledged commit was lost; free disk space or \
        repair the disk, then restart"
    )]
    Stopped {
        /// The failure that stopped it.
        detail: String,
    },

    /// Stored content does not have the digest it is filed under.
    #[error(
        "the content {digest} is damaged ({place}); restore it with `dialgraph store recover \
        --from BACKUP`, or push the flow, plugin or file again"
    )]
    BlobDamaged {
        /// What was asked for.
        digest: Digest,
        /// Its file, or its rows.
        place: String,
    },

    /// An encryption key is malformed, missing or ambiguous.
    #[error("{detail}")]
    BadEncryptionKey {
        /// What is wrong and what to do.
        detail: String,
    },

    /// A key stands wrapped, and whoever wrapped it does not open it.
    #[error("{place} is wrapped (`{scheme}:`) and could not be opened: {detail}")]
    WrappedKey {
        /// Which key of which source.
        place: String,
        /// Who wrapped it.
        scheme: String,
        /// What they said.
        detail: String,
    },

    /// A value was sealed with a key that is not at hand.
    #[error(
        "{row} is encrypted with key {stored}, but {}; add key {stored} to {} or to the file named by {} \
         (the first key there is for writing, all others are for reading)",
        at_hand(available),
        crate::seal::KEY_VARIABLE,
        crate::seal::KEY_FILE_VARIABLE
    )]
    WrongEncryptionKey {
        /// The row, or what else was being opened.
        row: String,
        /// Id of the key it was sealed with.
        stored: String,
        /// Ids of the keys at hand.
        available: Vec<String>,
    },

    /// A sealed value was changed, cut, or moved from another row.
    #[error(
        "{key} does not decrypt: it was altered or moved from another row; restore it from an export"
    )]
    Tampered {
        /// The row.
        key: Key,
    },

    /// A value that should be sealed is not.
    #[error(
        "{key} is not encrypted, but the store was opened with an encryption key; open it without one, or \
         import it into an encrypted store"
    )]
    NotSealed {
        /// The row.
        key: Key,
    },

    /// A value has a newer schema than this program knows.
    #[error(
        "stored `{kind}` has schema version {found}, this program knows versions up to {known}; \
         use the newer program that wrote it"
    )]
    NewerSchema {
        /// What kind of value.
        kind: &'static str,
        /// Version in the store.
        found: u16,
        /// Version of this program.
        known: u16,
    },

    /// A value is not what the caller takes it for, or cannot be read.
    #[error("cannot read stored `{kind}`: {detail}")]
    BadValue {
        /// What kind of value was expected.
        kind: &'static str,
        /// What is wrong with it.
        detail: String,
    },

    /// An export cannot be read.
    #[error("the export cannot be used: {detail}")]
    BadExport {
        /// What is wrong with it.
        detail: String,
    },
}

fn at_hand(available: &[String]) -> String {
    match available {
        [] => "no key is available".to_owned(),
        [one] => format!("the only available key is {one}"),
        many => format!("the available keys are {}", many.join(", ")),
    }
}

impl StoreError {
    /// Whether reading failed for what is in the row, and not for the store: other rows can be
    /// read.
    pub fn is_of_row(&self) -> bool {
        matches!(
            self,
            Self::BadValue { .. }
                | Self::NewerSchema { .. }
                | Self::NotSealed { .. }
                | Self::Tampered { .. }
                | Self::WrongEncryptionKey { .. }
        )
    }

    /// Whether what is in the row is lost: no other key and no newer program could read it.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::BadValue { .. } | Self::NotSealed { .. } | Self::Tampered { .. })
    }

    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
        error: &std::io::Error,
    ) -> Self {
        Self::Io { doing, path: path.into(), detail: error.to_string(), kind: error.kind() }
    }
}

/// Why a commit did not take place.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// A row was not as expected; nothing was written. Read again, decide again, commit again.
    #[error("{}", .0)]
    Conflict(Conflict),

    /// Anything else. Nothing was written, except that after [`StoreError::Backend`] it is unknown.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

impl CommitError {
    /// The conflict, if that is what it was.
    pub fn conflict(&self) -> Option<&Conflict> {
        match self {
            Self::Conflict(conflict) => Some(conflict),
            Self::Failed(_) => None,
        }
    }
}

/// The first operation of a commit whose expectation did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Its place in the commit, from 0.
    pub index: usize,
    /// The row as it was when the commit was decided; `None` if there was none, or it had expired.
    pub current: Option<Box<Row>>,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let index = self.index;
        match &self.current {
            Some(row) => {
                write!(
                    f,
                    "operation {index} expected another version: {} is at version {}",
                    row.key, row.version
                )
            }
            None => write!(f, "operation {index} expected a row that does not exist"),
        }
    }
}
