//! The trait, and the words it is spoken in.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::clock::UnixMillis;
use crate::error::{CommitError, StoreError};
use crate::key::{Cursor, Key, Part, SortRange};

/// Most operations in one commit.
pub const MAX_OPS: usize = 96;

/// So many operations fit into one commit of every backend even if each writes the largest value.
pub const MAX_LARGE_OPS: usize = 25;

/// Largest value, in bytes, that a backend takes. A wrapper may leave less:
/// [`Store::max_value_bytes`].
///
/// Keep values that are written on every turn below 8 KiB; they are what the backends are fast at.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

/// Most rows on one page of a query.
pub const MAX_PAGE_ROWS: u32 = 1000;

/// A page ends early once its values pass this many bytes, so that no query holds up other work for
/// long.
pub const PAGE_BYTES: usize = 256 * 1024;

/// Longest commit token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 128;

/// How long a commit token is remembered: one hour, in milliseconds of the store's clock.
///
/// Longer than any retry of a call's turn, and the life of one index row per commit.
pub const TOKEN_RETENTION_MILLIS: u64 = 60 * 60 * 1000;

/// One row as it is stored. Its `Debug` form shows the length of the value, not the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it is.
    pub key: Key,
    /// What it holds.
    pub value: Bytes,
    /// 1 when the row is created, one more with every write. See [`Expect`].
    pub version: u64,
    /// From this instant on the row is absent to every reader; `None` keeps it until it is deleted.
    pub expires_at: Option<UnixMillis>,
}

impl Row {
    /// Whether the row still exists at `now`.
    pub fn is_live(&self, now: UnixMillis) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

/// A row whose value cannot be had.
#[derive(Debug, Clone)]
pub struct Unreadable {
    /// Which row.
    pub key: Key,
    /// Why not.
    pub error: StoreError,
}

// Values are what callers said; they stay out of logs by type, not by care.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("key", &self.key)
            .field("value_bytes", &self.value.len())
            .field("version", &self.version)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

/// What an operation requires of the row before it.
///
/// A row written with [`Expect::Absent`] has version 1, one written with `Version(n)` has `n + 1`;
/// so a writer who expects something knows the version it made. After [`Expect::Any`] the version
/// is one more than before, or at least 1 if there was no row.
///
/// A row that was deleted (or expired) and made again counts from 1 again. If somebody may still
/// hold a version of it, write a row that says "gone" and give it an expiry, instead of deleting
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Nothing: the last writer wins.
    Any,
    /// There is no such row, or it has expired.
    Absent,
    /// The row has this version.
    Version(u64),
}

impl Expect {
    /// What must hold for a row read as `row` to be unchanged.
    pub fn unchanged(row: Option<&Row>) -> Self {
        row.map_or(Self::Absent, |row| Self::Version(row.version))
    }
}

/// One operation of a commit. Its `Debug` form shows the length of the value, not the value.
#[derive(Clone, PartialEq, Eq)]
pub enum Op {
    /// Writes a row, replacing value and expiry.
    Put {
        /// Which row.
        key: Key,
        /// The new value, at most [`Store::max_value_bytes`].
        value: Bytes,
        /// What must hold.
        expect: Expect,
        /// When the row expires.
        expires_at: Option<UnixMillis>,
    },
    /// Removes a row. Removing an absent one with [`Expect::Any`] is fine.
    Delete {
        /// Which row.
        key: Key,
        /// What must hold.
        expect: Expect,
    },
    /// Writes nothing, but lets the commit pass only if the expectation holds. Not [`Expect::Any`].
    Check {
        /// Which row.
        key: Key,
        /// What must hold.
        expect: Expect,
    },
}

impl Op {
    /// Writes a row that never expires.
    pub fn put(key: Key, value: impl Into<Bytes>, expect: Expect) -> Self {
        Self::Put { key, value: value.into(), expect, expires_at: None }
    }

    /// Writes a row that expires at `expires_at`.
    pub fn put_until(
        key: Key,
        value: impl Into<Bytes>,
        expect: Expect,
        expires_at: UnixMillis,
    ) -> Self {
        Self::Put { key, value: value.into(), expect, expires_at: Some(expires_at) }
    }

    /// Removes a row.
    pub fn delete(key: Key, expect: Expect) -> Self {
        Self::Delete { key, expect }
    }

    /// Requires something of a row and leaves it as it is.
    pub fn check(key: Key, expect: Expect) -> Self {
        Self::Check { key, expect }
    }

    /// The row it is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } | Self::Check { key, .. } => key,
        }
    }

    /// What it requires of that row.
    pub fn expect(&self) -> Expect {
        match self {
            Self::Put { expect, .. } | Self::Delete { expect, .. } | Self::Check { expect, .. } => {
                *expect
            }
        }
    }
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = match self {
            Self::Put { value, expires_at, .. } => {
                let mut shown = f.debug_struct("Put");
                shown.field("value_bytes", &value.len()).field("expires_at", expires_at);
                shown
            }
            Self::Delete { .. } => f.debug_struct("Delete"),
            Self::Check { .. } => f.debug_struct("Check"),
        };
        shown.field("key", self.key()).field("expect", &self.expect()).finish()
    }
}

/// The name of one intended commit, chosen by the caller, the same for every attempt at it.
///
/// For a turn this is what names the turn, so that a repeated request cannot be applied twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitToken(Arc<str>);

impl CommitToken {
    /// Takes a name of 1 to [`MAX_TOKEN_BYTES`] bytes.
    ///
    /// # Errors
    /// [`StoreError::BadToken`] if it is empty or too long.
    pub fn new(name: impl AsRef<str>) -> Result<Self, StoreError> {
        let name = name.as_ref();
        if name.is_empty() || name.len() > MAX_TOKEN_BYTES {
            return Err(StoreError::BadToken { length: name.len(), limit: MAX_TOKEN_BYTES });
        }
        Ok(Self(name.into()))
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommitToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a commit succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// The operations were written now.
    Applied,
    /// A commit with this token had been written before, and nothing was written now. What it wrote
    /// may differ from these operations: read it before answering anybody.
    Repeated,
}

/// Direction of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Smallest sort key first.
    #[default]
    Ascending,
    /// Largest sort key first.
    Descending,
}

/// A question about one partition.
///
/// ```
/// use dialgraph_store::{Part, Query, Sort, SortRange};
///
/// let latest_ten = Query::new(Part::new("calls/2027-03-02")?)
///     .range(SortRange::prefix(&Sort::text("call")))
///     .descending()
///     .limit(10);
/// # let _ = latest_ten;
/// # Ok::<(), dialgraph_store::StoreError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The partition.
    pub part: Part,
    /// Which stretch of it.
    pub range: SortRange,
    /// In which direction.
    pub order: Order,
    /// At most this many rows, 1 to [`MAX_PAGE_ROWS`].
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<Cursor>,
}

impl Query {
    /// The whole partition, ascending, 100 rows a page.
    pub fn new(part: Part) -> Self {
        Self { part, range: SortRange::all(), order: Order::Ascending, limit: 100, cursor: None }
    }

    /// Only this stretch.
    #[must_use]
    pub fn range(mut self, range: SortRange) -> Self {
        self.range = range;
        self
    }

    /// Largest sort key first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.order = Order::Descending;
        self
    }

    /// At most `limit` rows a page.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Go on behind `cursor`; `None` starts from the beginning.
    #[must_use]
    pub fn after(mut self, cursor: Option<Cursor>) -> Self {
        self.cursor = cursor;
        self
    }
}

/// Some rows of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Live rows in the order asked for. May be fewer than the limit, even none, with more to come.
    pub rows: Vec<Row>,
    /// Where to go on; only `None` means that there is no more.
    pub next: Option<Cursor>,
}

/// A place that keeps rows, and answers a commit only when it is durable.
///
/// The trait is as narrow as DynamoDB, so that an embedded database and a shared one are equals: no
/// closures, no merge, no watching, no scan over partitions.
///
/// * **Commits are atomic and serializable**: all operations apply or none, and expectations are
///   decided against the state that the commit replaces.
/// * **Reads are strongly consistent**: a read that begins after a commit was answered sees it. A
///   read may see a commit a moment before it is answered; a commit that builds on such a read is
///   durable only together with what it read.
/// * **A page is not a snapshot**: of a commit that lands while a page is read, the page may show a
///   part. Every single row is whole. What has to be seen together belongs in one row, or under one
///   version.
/// * **Expiry is decided on reading**, by the clock given to the backend: an expired row is absent
///   to `get`, `query` and every expectation. Its bytes are removed later.
/// * **Dropping the future of a commit does not undo it.** Ask again with the same token.
///
/// ```
/// use std::sync::Arc;
/// use dialgraph_store::{
///     CommitError, CommitToken, Expect, Key, ManualClock, MemoryStore, Op, Part, Sort, Store,
/// };
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
/// let key = Key::new(&Part::new("call/1")?, Sort::text("state"))?;
///
/// let first = [Op::put(key.clone(), "greeting", Expect::Absent)];
/// store.commit(&first, &CommitToken::new("call/1 turn 1")?).await?;
///
/// let stale = [Op::put(key.clone(), "menu", Expect::Version(7))];
/// match store.commit(&stale, &CommitToken::new("call/1 turn 2")?).await {
///     Err(CommitError::Conflict(conflict)) => {
///         assert_eq!(conflict.current.map(|row| row.version), Some(1));
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), CommitError>(())
/// # }).unwrap();
/// ```
#[async_trait]
pub trait Store: Send + Sync {
    /// Reads one row.
    ///
    /// # Errors
    /// If the backend fails, or the value cannot be decrypted.
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError>;

    /// Writes 1 to [`MAX_OPS`] operations on different rows as one.
    ///
    /// A token that was committed within [`TOKEN_RETENTION_MILLIS`] gives [`Committed::Repeated`]
    /// and writes nothing, whatever the operations say: only the token tells one intention from
    /// another. A commit that fails leaves its token unused.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] with the first operation whose expectation does not hold, or
    /// [`CommitError::Failed`].
    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError>;

    /// Lists rows of one partition, a page at a time.
    ///
    /// # Errors
    /// [`StoreError::BadLimit`], or if the backend fails.
    async fn query(&self, query: &Query) -> Result<Page, StoreError>;

    /// The same, past rows whose values cannot be had, which [`query`](Self::query) fails for. For
    /// whoever must not be stopped by one damaged row, and tells of it.
    ///
    /// # Errors
    /// [`StoreError::BadLimit`], or if the backend fails.
    async fn query_past(&self, query: &Query) -> Result<(Page, Vec<Unreadable>), StoreError> {
        Ok((self.query(query).await?, Vec::new()))
    }

    /// Largest value this store takes, in bytes.
    fn max_value_bytes(&self) -> usize {
        MAX_VALUE_BYTES
    }
}

#[async_trait]
impl<S: Store + ?Sized> Store for Arc<S> {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        (**self).get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        (**self).commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        (**self).query(query).await
    }

    async fn query_past(&self, query: &Query) -> Result<(Page, Vec<Unreadable>), StoreError> {
        (**self).query_past(query).await
    }

    fn max_value_bytes(&self) -> usize {
        (**self).max_value_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Sort;

    #[test]
    fn debug_output_shows_no_value() {
        let key = Key::new(&Part::new("call/1").unwrap(), Sort::number(1)).unwrap();
        let value = Bytes::from_static(b"my account number is ...");
        let row = Row {
            key: key.clone(),
            value: value.clone(),
            version: 3,
            expires_at: Some(UnixMillis(9)),
        };
        let conflict = crate::Conflict { index: 0, current: Some(Box::new(row)) };
        insta::assert_snapshot!(
            format!("{:?}\n{:?}", CommitError::Conflict(conflict), Op::put(key, value, Expect::Any)),
            @r"
        Conflict(Conflict { index: 0, current: Some(Row { key: Key(call/1 › \x00\x00\x00\x00\x00\x00\x00\x01), value_bytes: 24, version: 3, expires_at: Some(UnixMillis(9)) }) })
        Put { value_bytes: 24, expires_at: None, key: Key(call/1 › \x00\x00\x00\x00\x00\x00\x00\x01), expect: Any }
        "
        );
    }
}
