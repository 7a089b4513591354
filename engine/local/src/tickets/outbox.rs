//! What is still to be told of tickets to a desk elsewhere: one row for each change, written in the
//! commit that makes the change, so that no end of a process loses one.
//!
//! A row names the ticket and the change and holds no words of anybody: those are read from the
//! ticket and its history when they are sent. So nothing of a person outlives their ticket here.
//!
//! Rows lie in the order of tickets and of their changes. Whoever delivers takes the first row of a
//! ticket alone, and holds it for a while ([`LocalTickets::claim`]): changes of one ticket arrive
//! in their order, and of several processes one delivers.

use dialgraph_base::Timestamp;
use dialgraph_kernel::ports::HostError;
use dialgraph_store::{
    CommitError, CommitToken, Cursor, Expect, Key, Op, Part, Query, Row, Schema, Sort, SortRange,
    Store, StoreError, Upgrade, decode, encode, get_value,
};
use serde::{Deserialize, Serialize};

use super::changes::log_part;
use super::{FiledTicket, LocalTickets, TicketDeed, place_of};
use crate::records::{failed, fresh};

const PART: &str = "ticket-reports";

/// Rows read at once.
const PAGE: u32 = 500;

/// A change of a ticket that is to be told elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketReport {
    /// Names this change, however often it is sent.
    pub id: String,
    pub ticket: String,
    /// 0: it was opened; otherwise its so manyth change.
    pub number: u32,
    /// Who was in charge after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// When the ticket had been closed; none: it was open after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// When it was tried first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_try: Option<Timestamp>,
    /// Until then, nobody tries it.
    #[serde(default)]
    pub held_until: Timestamp,
}

impl Schema for TicketReport {
    const KIND: &'static str = "ticket-report";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// A report with its place.
#[derive(Debug, Clone)]
pub struct PendingReport {
    pub report: TicketReport,
    key: Key,
    version: u64,
}

/// What a report tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedChange {
    /// The ticket as it was after the change.
    pub ticket: FiledTicket,
    /// The change; none: it was opened.
    pub deed: Option<TicketDeed>,
}

fn part() -> Result<Part, StoreError> {
    Part::new(PART)
}

/// What all rows of a ticket begin with.
fn of(ticket: &str) -> Result<Option<Sort>, StoreError> {
    let place = place_of(ticket)?.filter(|place| place.part().as_str() == super::PART);
    Ok(place.map(|place| place.sort().clone()))
}

fn read(row: &Row) -> Result<PendingReport, StoreError> {
    Ok(PendingReport { report: decode(&row.value)?, key: row.key.clone(), version: row.version })
}

/// The rows of what is still to be told of the ticket in `row`.
///
/// # Errors
/// If the store fails.
pub(crate) async fn rows(store: &dyn Store, ticket: &str) -> Result<Vec<Key>, StoreError> {
    let Some(sort) = of(ticket)? else { return Ok(Vec::new()) };
    let mut query = Query::new(part()?).range(SortRange::prefix(&sort));
    let mut keys = Vec::new();
    loop {
        let (page, unreadable) = store.query_past(&query).await?;
        keys.extend(page.rows.into_iter().map(|row| row.key));
        keys.extend(unreadable.into_iter().map(|row| row.key));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(keys);
        }
    }
}

impl LocalTickets {
    /// What writes down that the last change of `filed`, which is made in the same commit, is to be
    /// told; none where nothing is.
    pub(super) fn report(&self, filed: &FiledTicket) -> Result<Option<Op>, HostError> {
        let sort = of(&filed.id).map_err(failed)?.filter(|_| self.reports);
        let Some(sort) = sort else { return Ok(None) };
        let sort = sort.then_number(u64::from(filed.changes));
        let report = TicketReport {
            // A store that was put back may have the same ticket and change again.
            id: format!("{}.{}.{}", filed.id, filed.changes, fresh().map_err(failed)?)
                .replace('.', "-"),
            ticket: filed.id.clone(),
            number: filed.changes,
            assignee: filed.ticket.assignee.clone(),
            closed_at: filed.closed_at,
            attempts: 0,
            first_try: None,
            held_until: Timestamp(0),
        };
        let key = part().and_then(|part| Key::new(&part, sort)).map_err(failed)?;
        Ok(Some(Op::put(key, encode(&report).map_err(failed)?, Expect::Any)))
    }

    /// What is to be told, in order, a page behind `after`, and where to go on; with the keys of
    /// rows that cannot be read.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn pending(
        &self,
        after: Option<Cursor>,
    ) -> Result<(Vec<PendingReport>, Vec<Key>, Option<Cursor>), HostError> {
        let query = Query::new(part().map_err(failed)?).limit(PAGE).after(after);
        let (page, unreadable) = self.store.query_past(&query).await.map_err(failed)?;
        let mut lost: Vec<Key> = unreadable.into_iter().map(|row| row.key).collect();
        let mut pending = Vec::with_capacity(page.rows.len());
        for row in &page.rows {
            match read(row) {
                Ok(report) => pending.push(report),
                Err(_) => lost.push(row.key.clone()),
            }
        }
        Ok((pending, lost, page.next))
    }

    /// The next that is to be told of a ticket.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn next_report(&self, ticket: &str) -> Result<Option<PendingReport>, HostError> {
        let Some(sort) = of(ticket).map_err(failed)? else { return Ok(None) };
        let part = part().map_err(failed)?;
        let query = Query::new(part).range(SortRange::prefix(&sort)).limit(1);
        let page = self.store.query(&query).await.map_err(failed)?;
        page.rows.first().map(read).transpose().map_err(failed)
    }

    /// Holds a report for one more try, until `until`. None: somebody else has it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn claim(
        &self,
        pending: &PendingReport,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<PendingReport>, HostError> {
        let mut report = pending.report.clone();
        report.attempts = report.attempts.saturating_add(1);
        report.first_try.get_or_insert(now);
        report.held_until = until;
        self.replace(pending, report).await
    }

    /// Lets a report that could not be delivered wait until `until`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn postpone(
        &self,
        pending: &PendingReport,
        until: Timestamp,
    ) -> Result<(), HostError> {
        let report = TicketReport { held_until: until, ..pending.report.clone() };
        self.replace(pending, report).await.map(|_| ())
    }

    async fn replace(
        &self,
        pending: &PendingReport,
        report: TicketReport,
    ) -> Result<Option<PendingReport>, HostError> {
        let value = encode(&report).map_err(failed)?;
        let op = Op::put(pending.key.clone(), value, Expect::Version(pending.version));
        let is_ours = self.settle(op).await?;
        let version = pending.version + 1;
        Ok(is_ours.then(|| PendingReport { report, key: pending.key.clone(), version }))
    }

    /// Forgets a report: it was delivered, or never will be. False: somebody else has it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forget(&self, pending: &PendingReport) -> Result<bool, HostError> {
        self.settle(Op::delete(pending.key.clone(), Expect::Version(pending.version))).await
    }

    async fn settle(&self, op: Op) -> Result<bool, HostError> {
        let name = format!("ticket-report/{}", fresh().map_err(failed)?);
        match self.store.commit(&[op], &CommitToken::new(name).map_err(failed)?).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(CommitError::Failed(error)) => Err(failed(error)),
        }
    }

    /// What a report tells; none: the ticket is gone, and what was to be told with it.
    ///
    /// # Errors
    /// If the store fails, or ticket or change cannot be read.
    pub async fn reported(
        &self,
        report: &TicketReport,
    ) -> Result<Option<ReportedChange>, HostError> {
        let Some(found) = self.get(&report.ticket).await? else { return Ok(None) };
        let mut ticket = found.filed;
        ticket.ticket.assignee.clone_from(&report.assignee);
        ticket.closed_at = report.closed_at;
        ticket.changes = report.number;
        if report.number == 0 {
            return Ok(Some(ReportedChange { ticket, deed: None }));
        }
        let part = log_part(&report.ticket).map_err(failed)?;
        let key = Key::new(&part, Sort::number(u64::from(report.number))).map_err(failed)?;
        let deed = get_value::<TicketDeed>(&self.store, &key).await.map_err(failed)?;
        Ok(deed.map(|deed| ReportedChange { ticket, deed: Some(deed.value) }))
    }
}
