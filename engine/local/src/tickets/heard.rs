//! What a desk elsewhere tells of tickets that it has, too: each message once.
//!
//! That a message was heard is written in the commit that does what it says, and kept for two days.
//! What has happened here already has no effect, and is no mistake: two people may close one ticket
//! at two desks at the same moment. Nothing that was heard is told elsewhere again.

use dialgraph_base::Timestamp;
use dialgraph_kernel::ports::HostError;
use dialgraph_store::{
    CommitError, CommitToken, Expect, Key, Op, Part, Schema, Sort, Upgrade, encode,
};
use serde::{Deserialize, Serialize};

use super::changes::{Change, fits, none};
use super::{ATTEMPTS, ChangedTicket, FiledTicket, LocalTickets, TicketChange};
use crate::records::{failed, fresh, later, short};

/// For so long it is known that a message was heard.
const HEARD_MILLIS: u64 = 2 * 24 * 60 * 60 * 1000;

/// Longest id of a ticket at a desk elsewhere, in bytes.
pub const MAX_ELSEWHERE: usize = 256;

/// A message of a desk elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketNews {
    /// What names the message, however often it comes.
    pub message: String,
    /// Our id of the ticket.
    pub ticket: String,
    /// Theirs, if they tell it.
    pub elsewhere: Option<String>,
    /// Who did it, as the history names them.
    pub by: String,
    /// What was done; none: they only tell their id.
    pub change: Option<TicketChange>,
}

/// What came of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Done,
    /// It was so already.
    Already,
    /// The message had been heard before.
    Repeated,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeardRow {
    ticket: String,
}

impl Schema for HeardRow {
    const KIND: &'static str = "ticket-heard";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// Where it is written that a message was heard.
pub(super) fn receipt(message: &str) -> Result<Key, HostError> {
    Part::new(format!("ticket-heard/{}", short(message)))
        .and_then(|part| Key::new(&part, Sort::text("message")))
        .map_err(failed)
}

/// What writes it.
pub(super) fn heard(receipt: &Key, ticket: &str, now: Timestamp) -> Result<Op, HostError> {
    let row = encode(&HeardRow { ticket: ticket.to_owned() }).map_err(failed)?;
    Ok(Op::put_until(receipt.clone(), row, Expect::Absent, later(now, HEARD_MILLIS)))
}

impl LocalTickets {
    /// Does what a desk elsewhere tells, once.
    ///
    /// # Errors
    /// As of [`LocalTickets::change`], without those of a version.
    pub async fn hear(&self, news: &TicketNews, now: Timestamp) -> Result<Heard, HostError> {
        if let Some(id) = &news.elsewhere
            && (id.trim().is_empty() || id.len() > MAX_ELSEWHERE)
        {
            let why = format!("the id of a ticket elsewhere has 1 to {MAX_ELSEWHERE} bytes");
            return Err(HostError::invalid("bad-change", why));
        }
        news.change.as_ref().map_or(Ok(()), fits)?;
        let receipt = receipt(&news.message)?;
        for _ in 0..ATTEMPTS {
            if self.store.get(&receipt).await.map_err(failed)?.is_some() {
                return Ok(Heard::Repeated);
            }
            let ChangedTicket { filed, version } =
                self.get(&news.ticket).await?.ok_or_else(none)?;
            // Of Zendesk's tickets Zendesk alone tells.
            if filed.is_mirrored() {
                return Err(none());
            }
            let mut linked = filed.clone();
            if news.elsewhere.is_some() {
                linked.elsewhere.clone_from(&news.elsewhere);
            }
            let mut ops = vec![heard(&receipt, &filed.id, now)?];
            let needed = news.change.as_ref().filter(|change| linked.needs(change));
            let is_new = needed.is_some() || linked != filed;
            match needed {
                Some(change) => {
                    let change = Change { change, by: &news.by, now, told: false };
                    ops.extend(self.ops(&mut linked, version, &change).await?);
                }
                None if linked != filed => ops.push(linked.put(version)?),
                None => {}
            }
            let name = format!("ticket-heard/{}", fresh().map_err(failed)?);
            match self.store.commit(&ops, &CommitToken::new(name).map_err(failed)?).await {
                Ok(_) if is_new => return Ok(Heard::Done),
                Ok(_) => return Ok(Heard::Already),
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(failed(error)),
            }
        }
        Err(HostError::unavailable("contended", "the ticket keeps changing; try again"))
    }
}

impl FiledTicket {
    /// Whether a change would leave it another than it is.
    fn needs(&self, change: &TicketChange) -> bool {
        match change {
            TicketChange::Assign(to) => self.ticket.assignee != *to,
            TicketChange::Comment(_) => true,
            TicketChange::Close(_) => self.closed_at.is_none(),
            TicketChange::Reopen => self.closed_at.is_some(),
        }
    }
}
