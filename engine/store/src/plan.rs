//! What backends share: checking a commit, deciding it, and cutting pages.
//!
//! All of it is pure, so no two backends can come to different decisions. What a backend outside
//! this crate needs of it is public.

use std::collections::HashSet;
use std::ops::Bound;

use bytes::Bytes;

use crate::clock::UnixMillis;
use crate::error::{Conflict, StoreError};
use crate::key::{Cursor, Key, Sort};
use crate::store::{Expect, MAX_OPS, MAX_PAGE_ROWS, Op, Order, PAGE_BYTES, Page, Query, Row};

/// Rows that one page may step over because they have expired, before it ends and lets others work.
const MAX_SKIPPED_ROWS: usize = 4096;

/// A row without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) value: Bytes,
    pub(crate) version: u64,
    pub(crate) expires_at: Option<UnixMillis>,
}

impl Slot {
    pub(crate) fn into_row(self, key: Key) -> Row {
        Row { key, value: self.value, version: self.version, expires_at: self.expires_at }
    }

    pub(crate) fn is_live(&self, now: UnixMillis) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

/// One change that a passed commit makes.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    pub(crate) key: &'a Key,
    /// `None` removes the row.
    pub(crate) after: Option<Slot>,
}

/// Refuses a commit that no state of the store could make right.
///
/// # Errors
/// What is wrong with it.
pub fn validate(ops: &[Op], max_value_bytes: usize) -> Result<(), StoreError> {
    if ops.is_empty() || ops.len() > MAX_OPS {
        return Err(StoreError::BadOpCount { count: ops.len() });
    }
    let mut seen = HashSet::with_capacity(ops.len());
    for op in ops {
        if !seen.insert(op.key()) {
            return Err(StoreError::DuplicateKey { key: op.key().clone() });
        }
        match op {
            Op::Put { key, value, .. } if value.len() > max_value_bytes => {
                return Err(StoreError::ValueTooLarge {
                    key: key.clone(),
                    length: value.len(),
                    limit: max_value_bytes,
                });
            }
            Op::Check { key, expect: Expect::Any } => {
                return Err(StoreError::IdleCheck { key: key.clone() });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Decides a validated commit against the present state, which `read` gives row by row, expired
/// ones too.
pub(crate) fn decide<'a, E>(
    ops: &'a [Op],
    now: UnixMillis,
    mut read: impl FnMut(&Key) -> Result<Option<Slot>, E>,
) -> Result<Result<Vec<Write<'a>>, Conflict>, E> {
    let mut writes = Vec::with_capacity(ops.len());
    for (index, op) in ops.iter().enumerate() {
        let stored = read(op.key())?;
        let stored_version = stored.as_ref().map_or(0, |slot| slot.version);
        let live = stored.filter(|slot| slot.is_live(now));
        let holds = match op.expect() {
            Expect::Any => true,
            Expect::Absent => live.is_none(),
            Expect::Version(version) => live.as_ref().is_some_and(|slot| slot.version == version),
        };
        if !holds {
            let current = live.map(|slot| Box::new(slot.into_row(op.key().clone())));
            return Ok(Err(Conflict { index, current }));
        }
        let after = match op {
            Op::Check { .. } => continue,
            Op::Delete { .. } => None,
            Op::Put { value, expect, expires_at, .. } => Some(Slot {
                value: value.clone(),
                version: match expect {
                    Expect::Absent => 1,
                    // An expired row that still lies there goes on counting: that can only help
                    // readers who hold an old version.
                    Expect::Any | Expect::Version(_) => stored_version + 1,
                },
                expires_at: *expires_at,
            }),
        };
        writes.push(Write { key: op.key(), after });
    }
    Ok(Ok(writes))
}

/// The stretch of sort keys that a query still has to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub from: Bound<Sort>,
    /// Where it ends; never [`Bound::Included`].
    pub until: Bound<Sort>,
}

/// Range and cursor of a query made one; `None` if nothing can lie between them.
///
/// # Errors
/// [`StoreError::BadLimit`].
pub fn span(query: &Query) -> Result<Option<Span>, StoreError> {
    if query.limit == 0 || query.limit > MAX_PAGE_ROWS {
        return Err(StoreError::BadLimit { limit: query.limit, max: MAX_PAGE_ROWS });
    }
    let mut from = query.range.from().cloned().map_or(Bound::Unbounded, Bound::Included);
    let mut until = query.range.until().cloned().map_or(Bound::Unbounded, Bound::Excluded);
    if let Some(cursor) = &query.cursor {
        let passed = cursor.sort().clone();
        match query.order {
            Order::Ascending if query.range.from().is_none_or(|from| passed >= *from) => {
                from = Bound::Excluded(passed);
            }
            Order::Descending if query.range.until().is_none_or(|until| passed <= *until) => {
                until = Bound::Excluded(passed);
            }
            // The cursor lies outside the range, on the side from which the query comes.
            Order::Ascending | Order::Descending => {}
        }
    }
    let empty = match (&from, &until) {
        (Bound::Included(from) | Bound::Excluded(from), Bound::Excluded(until)) => from >= until,
        _ => false,
    };
    Ok((!empty).then_some(Span { from, until }))
}

/// A page that is being filled, in the query's order.
#[derive(Debug)]
pub struct Pager {
    limit: usize,
    now: UnixMillis,
    page: Page,
    bytes: usize,
    skipped: usize,
    last: Option<Sort>,
}

impl Pager {
    /// The page of `query`, of which nothing was read yet.
    pub fn new(query: &Query, now: UnixMillis) -> Self {
        Self {
            limit: query.limit as usize,
            now,
            page: Page::default(),
            bytes: 0,
            skipped: 0,
            last: None,
        }
    }

    /// Live rows that it still has room for; none when it is full, by their number or by their
    /// bytes, or has stepped over so many expired ones that others should have their turn.
    pub fn room(&self) -> usize {
        if self.bytes >= PAGE_BYTES || self.skipped >= MAX_SKIPPED_ROWS {
            return 0;
        }
        self.limit - self.page.rows.len()
    }

    /// Takes the row that comes next, expired ones too. There must be room.
    pub fn take(&mut self, row: Row) {
        self.last = Some(row.key.sort().clone());
        if row.is_live(self.now) {
            self.bytes += row.value.len();
            self.page.rows.push(row);
        } else {
            self.skipped += 1;
        }
    }

    /// Where reading stands.
    pub fn cursor(&self) -> Option<Cursor> {
        self.last.clone().map(Cursor::behind)
    }

    /// The page; `more` says whether there are rows behind the last one taken.
    pub fn finish(mut self, more: bool) -> Page {
        self.page.next = if more { self.cursor() } else { None };
        self.page
    }
}

/// Cuts a page from the rows that remain, given in the query's order, expired ones among them.
pub(crate) fn page(
    query: &Query,
    now: UnixMillis,
    rows: impl Iterator<Item = Result<Row, StoreError>>,
) -> Result<Page, StoreError> {
    let mut pager = Pager::new(query, now);
    for row in rows {
        if pager.room() == 0 {
            return Ok(pager.finish(true));
        }
        pager.take(row?);
    }
    Ok(pager.finish(false))
}
