//! Who read or changed personal data, line by line: a row for each request, written before it is
//! carried out.
//!
//! It is not the audit log of releases, whose lines are numbered without a gap and wait for one
//! another: people look customers up while a release goes live, and agents many times a minute.

use std::sync::Arc;

use dialgraph_access::Who;
use dialgraph_store::{
    CommitError, CommitToken, Cursor, Expect, Key, MAX_LARGE_OPS, MAX_PAGE_ROWS, Op, Part, Query,
    Schema, Sort, Store, StoreError, UnixMillis, Upgrade, decode, encode,
};
use serde::{Deserialize, Serialize};

use crate::chance::random_hex;

/// How long a line is kept: 400 days.
pub const ACCESS_MILLIS: u64 = 400 * 24 * 60 * 60 * 1000;

const PART: &str = "access-log";

/// The log of a store.
#[derive(Clone)]
pub struct AccessLog {
    store: Arc<dyn Store>,
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessLog").finish_non_exhaustive()
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    pub at: UnixMillis,
    pub who: Who,
    pub action: AccessAction,
    /// Of what: a collection with a keyed hash of a record's key, a ticket's id, an index.
    pub what: String,
}

impl Schema for Access {
    const KIND: &'static str = "access";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// What somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessAction {
    ReadRecord,
    ListRecords,
    FindRecords,
    WriteRecord,
    RemoveRecord,
    ImportRecords,
    ReadTicket,
    ListTickets,
    ChangeTicket,
}

impl AccessAction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadRecord => "read-record",
            Self::ListRecords => "list-records",
            Self::FindRecords => "find-records",
            Self::WriteRecord => "write-record",
            Self::RemoveRecord => "remove-record",
            Self::ImportRecords => "import-records",
            Self::ReadTicket => "read-ticket",
            Self::ListTickets => "list-tickets",
            Self::ChangeTicket => "change-ticket",
        }
    }
}

impl AccessLog {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Adds lines. Whoever cannot add them must not go on.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn add(&self, lines: &[Access]) -> Result<(), StoreError> {
        for some in lines.chunks(MAX_LARGE_OPS) {
            let name = random_hex();
            let mut ops = Vec::with_capacity(some.len());
            for (n, line) in some.iter().enumerate() {
                let sort = Sort::number(line.at.0).then_text(&format!("{name}{n}"));
                ops.push(Op::put_until(
                    Key::new(&Part::new(PART)?, sort)?,
                    encode(line)?,
                    Expect::Any,
                    line.at.plus(ACCESS_MILLIS),
                ));
            }
            let token = CommitToken::new(format!("access/{name}"))?;
            match self.store.commit(&ops, &token).await {
                Ok(_) | Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Lines, of which `what` is told if that is given, the newest first, at most `limit` (1 to
    /// 1,000) behind `after`, and where to go on: a page may hold fewer with more to come. Lines
    /// that cannot be read are left out.
    ///
    /// # Errors
    /// If the store fails or the limit is off.
    pub async fn list(
        &self,
        what: Option<&str>,
        limit: u32,
        after: Option<Cursor>,
    ) -> Result<(Vec<Access>, Option<Cursor>), StoreError> {
        let looked_at = if what.is_some() { MAX_PAGE_ROWS } else { limit };
        let query = Query::new(Part::new(PART)?).descending().limit(looked_at).after(after);
        let (page, _) = self.store.query_past(&query).await?;
        let (mut lines, mut last_sort) = (Vec::<Access>::new(), Sort::raw(Vec::new()));
        for row in &page.rows {
            if lines.len() == limit as usize {
                return Ok((lines, Some(Cursor::behind(last_sort))));
            }
            let line: Option<Access> = decode(&row.value).ok();
            lines.extend(line.filter(|line| what.is_none_or(|what| line.what == what)));
            last_sort = row.key.sort().clone();
        }
        Ok((lines, page.next))
    }
}
