//! What people do with tickets: put somebody in charge, comment, close, reopen. Each deed is a row
//! of its own beside the ticket, in the same commit, so that a ticket's history is whole.

use dialgraph_base::Timestamp;
use dialgraph_kernel::ports::HostError;
use dialgraph_store::{
    CommitError, CommitToken, Cursor, Expect, Key, Op, Part, Query, Row, Schema, Sort, StoreError,
    Upgrade, decode, encode,
};
use serde::{Deserialize, Serialize};

use super::{ATTEMPTS, FiledTicket, LocalTickets, PART, place_of};
use crate::records::{failed, fresh};

/// Largest comment, in bytes.
pub const MAX_COMMENT_BYTES: usize = 8 << 10;

/// Most changes of one ticket, but for a last one that closes it: it is removed with all of them in
/// one commit.
pub const MAX_CHANGES: u32 = 90;

/// Longest id of a person, in bytes.
const MAX_PERSON: usize = 256;

/// Tickets that one page looks at.
const LOOKED_AT: u32 = 1_000;

/// What somebody did with a ticket, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketDeed {
    pub at: Timestamp,
    /// Who did it, as the audit log names them.
    pub by: String,
    pub change: TicketChange,
}

impl Schema for TicketDeed {
    const KIND: &'static str = "ticket-deed";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// A change of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TicketChange {
    /// Somebody is in charge now, or nobody.
    Assign(Option<String>),
    Comment(String),
    /// With a last word.
    Close(Option<String>),
    Reopen,
}

/// Which tickets are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Open ones, or closed ones; none: all.
    pub open: Option<bool>,
    /// Those of which this person is in charge.
    pub assignee: Option<String>,
}

impl TicketFilter {
    fn admits(&self, filed: &FiledTicket) -> bool {
        self.open.is_none_or(|open| open == filed.closed_at.is_none())
            && self.assignee.as_ref().is_none_or(|who| filed.ticket.assignee.as_ref() == Some(who))
    }
}

/// A ticket with its version, which grows with every change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedTicket {
    pub filed: FiledTicket,
    pub version: u64,
}

pub(super) fn log_part(id: &str) -> Result<Part, StoreError> {
    Part::new(format!("ticket-log/{id}"))
}

/// The rows of a ticket's history.
pub(crate) fn log_rows(filed: &FiledTicket) -> Result<Vec<Key>, StoreError> {
    let part = log_part(&filed.id)?;
    (1..=filed.changes).map(|n| Key::new(&part, Sort::number(u64::from(n)))).collect()
}

impl LocalTickets {
    /// The ticket with this id.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn get(&self, id: &str) -> Result<Option<ChangedTicket>, HostError> {
        let Some(place) = place_of(id).map_err(failed)? else { return Ok(None) };
        let Some(row) = self.store.get(&place).await.map_err(failed)? else { return Ok(None) };
        Ok(Some(ChangedTicket { filed: decode(&row.value).map_err(failed)?, version: row.version }))
    }

    /// What was done with a ticket, the oldest first. Deeds that cannot be read are left out.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn history(&self, id: &str) -> Result<Vec<TicketDeed>, HostError> {
        let mut query = Query::new(log_part(id).map_err(failed)?);
        let mut deeds = Vec::new();
        loop {
            let (page, unreadable) = self.store.query_past(&query).await.map_err(failed)?;
            unreadable.iter().for_each(|row| passed(&row.key, &row.error));
            deeds.extend(page.rows.iter().filter_map(read::<TicketDeed>));
            query.cursor = page.next;
            if query.cursor.is_none() {
                return Ok(deeds);
            }
        }
    }

    /// Tickets, the newest first, at most `limit` (1 to 1,000) behind `after`, and where to go on.
    /// A page may hold fewer with more to come.
    ///
    /// # Errors
    /// If the store fails or the limit is off.
    pub async fn list(
        &self,
        filter: &TicketFilter,
        limit: u32,
        after: Option<Cursor>,
    ) -> Result<(Vec<FiledTicket>, Option<Cursor>), HostError> {
        if limit == 0 || limit > LOOKED_AT {
            let message = format!("the limit is {limit}; it goes from 1 to {LOOKED_AT}");
            return Err(HostError::invalid("bad-limit", message));
        }
        let part = Part::new(PART).map_err(failed)?;
        let query = Query::new(part).descending().limit(LOOKED_AT).after(after);
        let (page, unreadable) = self.store.query_past(&query).await.map_err(failed)?;
        unreadable.iter().for_each(|row| passed(&row.key, &row.error));
        let mut tickets = Vec::new();
        for (at, row) in page.rows.iter().enumerate() {
            let Some(filed) = read(row) else { continue };
            if !filter.admits(&filed) {
                continue;
            }
            tickets.push(filed);
            let is_last = at + 1 == page.rows.len();
            if tickets.len() == limit as usize && !is_last {
                return Ok((tickets, Some(Cursor::behind(row.key.sort().clone()))));
            }
        }
        Ok((tickets, page.next))
    }

    /// Changes a ticket that is as it was when `version` was read; none: however it is. A ticket
    /// that Zendesk keeps can only be closed: it may have been deleted there, or what was told of
    /// it been lost. If Zendesk tells of it again, that counts.
    ///
    /// # Errors
    /// `invalid` for an unknown ticket (`no-such-ticket`) and for a change that it cannot take or
    /// that is too large; `denied` with the code `conflict` when the ticket has another version;
    /// `unavailable` if the store fails.
    pub async fn change(
        &self,
        id: &str,
        version: Option<u64>,
        by: &str,
        now: Timestamp,
        change: &TicketChange,
    ) -> Result<ChangedTicket, HostError> {
        fits(change)?;
        let wanted = Change { change, by, now, told: true };
        for _ in 0..ATTEMPTS {
            let found = self.get(id).await?.ok_or_else(none)?;
            if version.is_some_and(|version| version != found.version) {
                let message = format!(
                    "ticket {id} has version {}; read it again and decide again",
                    found.version
                );
                return Err(HostError::denied("conflict", message));
            }
            let mut filed = found.filed;
            if filed.is_mirrored() {
                if !matches!(change, TicketChange::Close(_)) {
                    let why = "the ticket is kept in Zendesk; change it there. Here it can only be \
                               closed, if Zendesk will tell nothing of it any more";
                    return Err(HostError::invalid("not-now", why));
                }
                // What Zendesk told before and comes late does not open it again.
                filed.told_at = filed.told_at.max(Some(now));
            }
            let ops = self.ops(&mut filed, found.version, &wanted).await?;
            let name = format!("ticket-change/{}", fresh().map_err(failed)?);
            match self.store.commit(&ops, &CommitToken::new(name).map_err(failed)?).await {
                Ok(_) => return Ok(ChangedTicket { filed, version: found.version + 1 }),
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(failed(error)),
            }
        }
        Err(HostError::unavailable("contended", "the ticket keeps changing; try again"))
    }

    /// Changes `filed`, which has this version, and gives what is to be written for that, in one
    /// commit.
    pub(super) async fn ops(
        &self,
        filed: &mut FiledTicket,
        version: u64,
        wanted: &Change<'_>,
    ) -> Result<Vec<Op>, HostError> {
        let Change { change, by, now, told } = *wanted;
        let before = filed.counted();
        filed.take(change, now)?;
        let is_assigned = matches!(change, TicketChange::Assign(_));
        let work = self.count(filed, before, is_assigned, now).await?;
        let part = log_part(&filed.id).map_err(failed)?;
        let place = Key::new(&part, Sort::number(u64::from(filed.changes))).map_err(failed)?;
        let deed = TicketDeed { at: now, by: by.to_owned(), change: change.clone() };
        let deed = Op::put(place, encode(&deed).map_err(failed)?, Expect::Any);
        let mut ops = vec![filed.put(version)?, deed];
        ops.extend(work);
        if told {
            ops.extend(self.report(filed)?);
        }
        Ok(ops)
    }
}

/// A change, as it is to be written.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) change: &'a TicketChange,
    /// Who makes it.
    pub(super) by: &'a str,
    pub(super) now: Timestamp,
    /// Desks elsewhere are to be told.
    pub(super) told: bool,
}

pub(super) fn none() -> HostError {
    HostError::invalid("no-such-ticket", "there is no ticket with this id at this desk")
}

impl FiledTicket {
    /// What writes it in the place of its version.
    pub(super) fn put(&self, version: u64) -> Result<Op, HostError> {
        let place = place_of(&self.id).map_err(failed)?.ok_or_else(none)?;
        Ok(Op::put(place, encode(self).map_err(failed)?, Expect::Version(version)))
    }

    fn take(&mut self, change: &TicketChange, now: Timestamp) -> Result<(), HostError> {
        let wrong = |why: String| Err(HostError::invalid("not-now", why));
        let closes = matches!(change, TicketChange::Close(_));
        if self.changes >= MAX_CHANGES && !closes {
            return wrong(format!(
                "the ticket was changed {MAX_CHANGES} times; it can only be closed"
            ));
        }
        match change {
            TicketChange::Assign(to) => self.ticket.assignee.clone_from(to),
            TicketChange::Comment(_) => {}
            TicketChange::Close(_) if self.closed_at.is_some() => {
                return wrong("the ticket is closed already".to_owned());
            }
            TicketChange::Close(_) => self.closed_at = Some(now),
            TicketChange::Reopen if self.closed_at.is_none() => {
                return wrong("the ticket is open already".to_owned());
            }
            TicketChange::Reopen => self.closed_at = None,
        }
        self.changes += 1;
        Ok(())
    }
}

pub(super) fn fits(change: &TicketChange) -> Result<(), HostError> {
    let (text, most, what) = match change {
        TicketChange::Assign(Some(who)) => (who, MAX_PERSON, "the id of a person"),
        TicketChange::Comment(text) | TicketChange::Close(Some(text)) => {
            (text, MAX_COMMENT_BYTES, "a comment")
        }
        TicketChange::Assign(None) | TicketChange::Close(None) | TicketChange::Reopen => {
            return Ok(());
        }
    };
    if text.trim().is_empty() || text.len() > most {
        let why =
            format!("{what} has 1 to {most} bytes and is not blank; this one has {}", text.len());
        return Err(HostError::invalid("bad-change", why));
    }
    Ok(())
}

fn read<T: Schema>(row: &Row) -> Option<T> {
    decode(&row.value).map_err(|error| passed(&row.key, &error)).ok()
}

fn passed(row: &Key, error: &StoreError) {
    tracing::warn!(%row, %error, "an unreadable ticket was skipped");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dialgraph_kernel::provider::Tickets as _;
    use dialgraph_store::{ManualClock, MemoryStore};

    use super::super::tests::{caller, create};
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_100_000);

    async fn desk(count: usize) -> LocalTickets {
        let desk = LocalTickets::new(Arc::new(MemoryStore::new(Arc::new(ManualClock::default()))));
        for n in 0..count {
            desk.create(&caller(), &create(&n.to_string(), &format!("subject {n}"))).await.unwrap();
        }
        desk
    }

    async fn all(desk: &LocalTickets, filter: &TicketFilter, limit: u32) -> Vec<String> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = desk.list(filter, limit, after).await.unwrap();
            assert!(page.len() <= limit as usize);
            ids.extend(page.into_iter().map(|filed| filed.id));
            after = next;
            if after.is_none() {
                return ids;
            }
        }
    }

    #[tokio::test]
    async fn a_ticket_keeps_its_whole_history() {
        let desk = desk(1).await;
        let id = "T-000001";
        let changes = [
            TicketChange::Assign(Some("e-101".into())),
            TicketChange::Comment("called back".into()),
            TicketChange::Close(Some("solved".into())),
            TicketChange::Reopen,
            TicketChange::Assign(None),
            TicketChange::Close(None),
        ];
        for (n, change) in changes.iter().enumerate() {
            let done = desk.change(id, Some(n as u64 + 1), "ann", NOW, change).await.unwrap();
            assert_eq!(done.version, n as u64 + 2);
        }
        let ticket = desk.get(id).await.unwrap().unwrap();
        assert_eq!((ticket.filed.closed_at, ticket.filed.ticket.assignee), (Some(NOW), None));
        let history = desk.history(id).await.unwrap();
        assert!(history.iter().all(|deed| deed.by == "ann" && deed.at == NOW));
        let told: Vec<&TicketChange> = history.iter().map(|deed| &deed.change).collect();
        assert_eq!(told, changes.iter().collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_change_that_cannot_be_says_why() {
        let desk = desk(1).await;
        let id = "T-000001";
        let mut told = Vec::new();
        let long = "x".repeat(MAX_COMMENT_BYTES + 1);
        for (id, version, change) in [
            ("T-000002", None, TicketChange::Reopen),
            ("ZD-17", None, TicketChange::Reopen),
            (id, None, TicketChange::Reopen),
            (id, Some(7), TicketChange::Close(None)),
            (id, None, TicketChange::Comment("  ".into())),
            (id, None, TicketChange::Close(Some(long))),
        ] {
            let error = desk.change(id, version, "ann", NOW, &change).await.unwrap_err();
            told.push(error.to_string());
        }
        for _ in 0..MAX_CHANGES {
            let word = TicketChange::Comment("again".into());
            desk.change(id, None, "ann", NOW, &word).await.unwrap();
        }
        let word = TicketChange::Comment("again".into());
        told.push(desk.change(id, None, "ann", NOW, &word).await.unwrap_err().to_string());
        desk.change(id, None, "ann", NOW, &TicketChange::Close(None)).await.unwrap();
        let reopen = TicketChange::Reopen;
        told.push(desk.change(id, None, "ann", NOW, &reopen).await.unwrap_err().to_string());
        insta::assert_snapshot!(told.join("\n"), @r"
        no-such-ticket: there is no ticket with this id at this desk
        no-such-ticket: there is no ticket with this id at this desk
        not-now: the ticket is open already
        conflict: ticket T-000001 has version 1; read it again and decide again
        bad-change: a comment has 1 to 8192 bytes and is not blank; this one has 2
        bad-change: a comment has 1 to 8192 bytes and is not blank; this one has 8193
        not-now: the ticket was changed 90 times; it can only be closed
        not-now: the ticket was changed 90 times; it can only be closed
        ");
    }

    #[tokio::test]
    async fn a_history_of_long_comments_is_whole() {
        let desk = desk(1).await;
        let long = TicketChange::Comment("가".repeat(MAX_COMMENT_BYTES / 3));
        for _ in 0..MAX_CHANGES {
            desk.change("T-000001", None, "ann", NOW, &long).await.unwrap();
        }
        let history = desk.history("T-000001").await.unwrap();
        assert_eq!(history.len(), MAX_CHANGES as usize);
    }

    #[tokio::test]
    async fn deeds_at_once_are_all_done_and_in_the_history() {
        let desk = desk(1).await;
        let words: Vec<TicketChange> =
            (0..12).map(|n| TicketChange::Comment(n.to_string())).collect();
        let all = words.iter().map(|word| desk.change("T-000001", None, "ann", NOW, word));
        for done in futures::future::join_all(all).await {
            done.unwrap();
        }
        assert_eq!(desk.history("T-000001").await.unwrap().len(), 12);
    }

    #[tokio::test]
    async fn pages_hold_each_ticket_that_fits_once() {
        let desk = desk(2_100).await;
        for n in (1..=2_100).step_by(7) {
            let id = format!("T-{n:06}");
            let assign = TicketChange::Assign(Some("e-101".into()));
            desk.change(&id, None, "ann", NOW, &assign).await.unwrap();
            if n % 2 == 0 {
                desk.change(&id, None, "ann", NOW, &TicketChange::Close(None)).await.unwrap();
            }
        }
        let mine = TicketFilter { open: Some(true), assignee: Some("e-101".into()) };
        let closed = TicketFilter { open: Some(false), assignee: None };
        for limit in [1, 7, 1_000] {
            assert_eq!(all(&desk, &mine, limit).await.len(), 150, "{limit}");
            assert_eq!(all(&desk, &closed, limit).await.len(), 150, "{limit}");
        }
        let every = all(&desk, &TicketFilter::default(), 99).await;
        assert_eq!(every.len(), 2_100);
        assert!(every.is_sorted_by(|a, b| a > b), "the newest first");
    }
}
