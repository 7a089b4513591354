//! What the behaviours are written with.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::Verdict;
use crate::clock::{Clock as _, ManualClock, UnixMillis};
use crate::error::{CommitError, Conflict, StoreError};
use crate::key::{Key, Part, Sort};
use crate::store::{CommitToken, Committed, Expect, Op, Page, Query, Row, Store};

/// The store under test, its clock, and short words for using them.
pub struct Subject {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    tokens: AtomicU64,
}

impl Subject {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<ManualClock>) -> Self {
        Self { store, clock, tokens: AtomicU64::new(0) }
    }

    pub(super) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    pub(super) fn advance(&self, millis: u64) {
        self.clock.advance(millis);
    }

    pub(super) fn fresh_token(&self) -> Result<CommitToken, String> {
        let n = self.tokens.fetch_add(1, Ordering::Relaxed);
        CommitToken::new(format!("token {n}")).map_err(text)
    }

    /// Commits with a token of its own and expects success.
    pub(super) async fn commit(&self, ops: &[Op]) -> Verdict {
        let outcome = self.try_commit(ops).await?;
        match outcome {
            Ok(Committed::Applied) => Ok(()),
            other => Err(format!("a commit that should apply gave {other:?}")),
        }
    }

    /// Commits with a token of its own.
    pub(super) async fn try_commit(
        &self,
        ops: &[Op],
    ) -> Result<Result<Committed, CommitError>, String> {
        Ok(self.store.commit(ops, &self.fresh_token()?).await)
    }

    /// Commits and expects a conflict.
    pub(super) async fn conflict(&self, ops: &[Op]) -> Result<Conflict, String> {
        match self.try_commit(ops).await? {
            Err(CommitError::Conflict(conflict)) => Ok(conflict),
            other => Err(format!("a commit that should conflict gave {other:?}")),
        }
    }

    /// Commits and expects to be refused for a reason other than a conflict.
    pub(super) async fn refused(&self, ops: &[Op]) -> Result<StoreError, String> {
        match self.try_commit(ops).await? {
            Err(CommitError::Failed(error)) => Ok(error),
            other => Err(format!("a commit that should be refused gave {other:?}")),
        }
    }

    pub(super) async fn get(&self, key: &Key) -> Result<Option<Row>, String> {
        self.store.get(key).await.map_err(text)
    }

    /// The value of a row as text, for comparing.
    pub(super) async fn value(&self, key: &Key) -> Result<Option<Bytes>, String> {
        Ok(self.get(key).await?.map(|row| row.value))
    }

    pub(super) async fn query(&self, query: &Query) -> Result<Page, String> {
        self.store.query(query).await.map_err(text)
    }

    /// All pages of a query, put together; gives up on a query that does not end.
    pub(super) async fn all(&self, mut query: Query) -> Result<Vec<Row>, String> {
        let mut rows = Vec::new();
        for _ in 0..10_000 {
            let page = self.query(&query).await?;
            if page.rows.len() > query.limit as usize {
                return Err(format!("a page of {} has {} rows", query.limit, page.rows.len()));
            }
            rows.extend(page.rows);
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return Ok(rows),
            }
        }
        Err("the query did not end after 10,000 pages".to_owned())
    }

    /// Puts a small value without expectation.
    pub(super) async fn put(&self, key: &Key, value: &'static str) -> Verdict {
        self.commit(&[Op::put(key.clone(), value, Expect::Any)]).await
    }
}

pub(super) fn part(name: &str) -> Result<Part, String> {
    Part::new(name).map_err(text)
}

pub(super) fn key(part_name: &str, sort: Sort) -> Result<Key, String> {
    Key::new(&part(part_name)?, sort).map_err(text)
}

/// A key for behaviours that need only some key.
pub(super) fn some_key(name: &str) -> Result<Key, String> {
    key("some", Sort::text(name))
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Holds if both are equal.
pub(super) fn same<T: PartialEq + Debug>(what: &str, found: &T, wanted: &T) -> Verdict {
    if found == wanted {
        return Ok(());
    }
    // Values can be long; the beginning is enough to see the difference.
    let short = |value: &T| format!("{value:?}").chars().take(300).collect::<String>();
    Err(format!("{what} is {}, not {}", short(found), short(wanted)))
}

/// Holds if the condition does.
pub(super) fn ensure(holds: bool, otherwise: &str) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").field("clock", &self.clock).finish_non_exhaustive()
    }
}
