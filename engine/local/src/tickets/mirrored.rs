//! What is known of tickets that Zendesk keeps, as Zendesk tells it: who is in charge of each, and
//! whether it is open. So they count as work of engineers, as the desk's own do.
//!
//! Zendesk tells states and not changes: a message that is lost is made good by the next, and one
//! that is older than what is known changes nothing. `ZD-17` is Zendesk's ticket 17.

use dialgraph_base::Timestamp;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::tickets::Ticket;
use dialgraph_store::{CommitError, CommitToken, Expect, Key, Op, Part, Sort, StoreError, encode};

use super::changes::{MAX_CHANGES, log_part};
use super::heard::{Heard, heard, receipt};
use super::{ATTEMPTS, FiledTicket, LocalTickets, TicketChange, TicketDeed};
use crate::records::{failed, fresh};

/// The partition of what is known of them.
pub(crate) const PART: &str = "tickets-zendesk";

/// A ticket as Zendesk tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZendeskTicket {
    /// What names the message, however often it comes.
    pub message: String,
    pub number: u64,
    /// The call that opened it; none: it is not known.
    pub call: Option<String>,
    pub assignee: Option<String>,
    pub open: bool,
    /// When Zendesk told this.
    pub told_at: Timestamp,
    /// Who told it, as the history names them.
    pub by: String,
}

fn id(number: u64) -> String {
    format!("ZD-{number}")
}

/// The number of Zendesk's ticket that has this id here.
pub(super) fn number_of(id: &str) -> Option<u64> {
    let number: u64 = id.strip_prefix("ZD-")?.parse().ok()?;
    (self::id(number) == id).then_some(number)
}

pub(super) fn place(number: u64) -> Result<Key, StoreError> {
    Key::new(&Part::new(PART)?, Sort::number(number))
}

impl FiledTicket {
    pub(super) fn is_mirrored(&self) -> bool {
        number_of(&self.id).is_some()
    }

    /// The changes that make it as Zendesk tells, and the time of that.
    fn become_as(&mut self, told: &ZendeskTicket, now: Timestamp) -> Vec<TicketChange> {
        let mut changes = Vec::new();
        if self.ticket.assignee != told.assignee {
            self.ticket.assignee.clone_from(&told.assignee);
            changes.push(TicketChange::Assign(told.assignee.clone()));
        }
        match (self.closed_at, told.open) {
            (None, false) => {
                self.closed_at = Some(now);
                changes.push(TicketChange::Close(None));
            }
            (Some(_), true) => {
                self.closed_at = None;
                changes.push(TicketChange::Reopen);
            }
            _ => {}
        }
        self.told_at = Some(told.told_at);
        changes
    }
}

impl LocalTickets {
    /// Takes note of what Zendesk tells of a ticket.
    ///
    /// # Errors
    /// If the store fails, or others take note of the same ticket all the time.
    pub async fn mirror(&self, told: &ZendeskTicket, now: Timestamp) -> Result<Heard, HostError> {
        let receipt = receipt(&told.message)?;
        let place = place(told.number).map_err(failed)?;
        for _ in 0..ATTEMPTS {
            if self.store.get(&receipt).await.map_err(failed)?.is_some() {
                return Ok(Heard::Repeated);
            }
            let found = self.get(&id(told.number)).await?;
            let expect = match &found {
                Some(found) => Expect::Version(found.version),
                None => Expect::Absent,
            };
            let is_new = found.is_none();
            let mut filed = found.map_or_else(|| unknown(told, now), |found| found.filed);
            let mut ops = vec![heard(&receipt, &filed.id, now)?];
            let is_older = filed.told_at.is_some_and(|last| last > told.told_at);
            let before = filed.counted();
            let changes = if is_older { Vec::new() } else { filed.become_as(told, now) };
            // A history that is full ends; what is known goes on.
            for change in &changes {
                if filed.changes < MAX_CHANGES {
                    filed.changes += 1;
                    let part = log_part(&filed.id).map_err(failed)?;
                    let sort = Sort::number(u64::from(filed.changes));
                    let at = Key::new(&part, sort).map_err(failed)?;
                    let (by, change) = (told.by.clone(), change.clone());
                    let deed = encode(&TicketDeed { at: now, by, change }).map_err(failed)?;
                    ops.push(Op::put(at, deed, Expect::Any));
                }
            }
            let is_changed = is_new || !changes.is_empty();
            if !is_older {
                ops.extend(self.count(&mut filed, before, is_changed, now).await?);
                let value = encode(&filed).map_err(failed)?;
                ops.push(Op::put(place.clone(), value, expect));
            }
            let name = format!("ticket-heard/{}", fresh().map_err(failed)?);
            match self.store.commit(&ops, &CommitToken::new(name).map_err(failed)?).await {
                Ok(_) if is_changed => return Ok(Heard::Done),
                Ok(_) => return Ok(Heard::Already),
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(failed(error)),
            }
        }
        Err(HostError::unavailable("contended", "the ticket keeps changing; try again"))
    }
}

/// A ticket of which nothing was known.
fn unknown(told: &ZendeskTicket, now: Timestamp) -> FiledTicket {
    let call = told.call.clone();
    FiledTicket {
        id: id(told.number),
        opened_at: now,
        // Work is counted by calls: two tickets of no call are two pieces of work.
        call_id: call.unwrap_or_else(|| format!("zendesk/{}", told.number)),
        plugin: "ticketing-zendesk".to_owned(),
        ticket: Ticket { priority: "normal".to_owned(), ..Ticket::default() },
        closed_at: None,
        changes: 0,
        counted_in: None,
        elsewhere: Some(told.number.to_string()),
        told_at: None,
    }
}
