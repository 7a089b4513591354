//! Tickets of the engine's own desk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Millis;

/// Which tickets are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TicketQuery {
    /// None: all.
    #[param(nullable = false, inline)]
    pub status: Option<TicketStatus>,
    /// Only tickets of which this person is in charge.
    #[param(nullable = false)]
    pub assignee: Option<String>,
    /// `next` of the page before.
    #[param(nullable = false)]
    pub after: Option<String>,
    /// How many at most. A page may hold fewer, even none, with more to come.
    #[param(minimum = 1, maximum = 500, default = 100, nullable = false)]
    pub limit: Option<u32>,
}

/// How a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TicketStatus {
    Open,
    Closed,
}

impl TicketStatus {
    /// Its word in requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// Tickets, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketList {
    pub tickets: Vec<Ticket>,
    /// Given as `after`, it brings the next page; not there on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

/// A ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    pub id: String,
    #[schema(inline)]
    pub status: TicketStatus,
    pub opened_at: Millis,
    /// Not there while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub closed_at: Option<Millis>,
    /// The call in which it was opened.
    pub call: String,
    /// The plugin that opened it.
    pub plugin: String,
    pub subject: String,
    pub body: String,
    /// `urgent`, `high`, `normal` or `low`.
    pub priority: String,
    /// Who is in charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub requester_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub requester_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub requester_phone: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Further fields, such as `customer_id`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Its id at a desk elsewhere, if that has told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub elsewhere: Option<String>,
}

/// A ticket with what people did with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShownTicket {
    pub ticket: Ticket,
    /// The oldest first.
    pub history: Vec<TicketDeed>,
}

/// What somebody did with a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketDeed {
    pub at: Millis,
    /// Who did it.
    pub by: String,
    /// `assign`, `comment`, `close` or `reopen`.
    #[serde(rename = "do")]
    pub what: String,
    /// Who is in charge since; none of `assign`: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub to: Option<String>,
    /// What they wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<String>,
}

/// Changes a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
pub enum TicketChange {
    /// Puts somebody in charge, or nobody.
    #[schema(title = "assign")]
    Assign {
        /// 1 to 256 bytes.
        #[serde(default)]
        #[schema(min_length = 1, max_length = 256)]
        to: Option<String>,
    },
    /// Adds a comment.
    #[schema(title = "comment")]
    Comment {
        /// 1 to 8,192 bytes.
        #[schema(min_length = 1, max_length = 8192)]
        text: String,
    },
    /// Closes it, with a last word if there is one.
    #[schema(title = "close")]
    Close {
        #[serde(default)]
        #[schema(min_length = 1, max_length = 8192)]
        text: Option<String>,
    },
    /// Opens it again.
    #[schema(title = "reopen")]
    Reopen {},
}

/// What a webhook tells of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TicketEventKind {
    #[serde(rename = "ticket.opened")]
    Opened,
    #[serde(rename = "ticket.assigned")]
    Assigned,
    #[serde(rename = "ticket.commented")]
    Commented,
    #[serde(rename = "ticket.closed")]
    Closed,
    #[serde(rename = "ticket.reopened")]
    Reopened,
}

/// A change of a ticket, as the engine reports it elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketEvent {
    #[serde(rename = "type")]
    pub kind: TicketEventKind,
    /// When it was made, as RFC 3339 has it.
    pub timestamp: String,
    pub data: TicketEventData,
}

/// What was changed, and the ticket since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketEventData {
    /// 0: the ticket was opened; otherwise its so manyth change.
    pub number: u32,
    /// Who did it; not there when a flow opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Who is in charge since, of `ticket.opened` and `ticket.assigned`; not there: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What they wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    pub ticket: Ticket,
}

/// What a desk elsewhere tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum TicketNewsKind {
    #[serde(rename = "ticket.assigned")]
    Assigned,
    #[serde(rename = "ticket.commented")]
    Commented,
    #[serde(rename = "ticket.closed")]
    Closed,
    #[serde(rename = "ticket.reopened")]
    Reopened,
    /// The desk has the ticket under an id of its own, and that is all.
    #[serde(rename = "ticket.linked")]
    Linked,
}

/// A change that was made at a desk elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketNews {
    #[serde(rename = "type")]
    #[schema(inline)]
    pub kind: TicketNewsKind,
    /// When it was made, as RFC 3339 has it; for people alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub timestamp: Option<String>,
    #[schema(inline)]
    pub data: TicketNewsData,
}

/// Of which ticket, and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketNewsData {
    /// The engine's id of the ticket.
    #[schema(example = "T-000001")]
    pub ticket: String,
    /// Its id at the desk elsewhere, kept with the ticket; 1 to 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 256)]
    pub elsewhere: Option<String>,
    /// Who did it; up to 100 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 100)]
    pub by: Option<String>,
    /// Of `ticket.assigned`: who is in charge now; none: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 256)]
    pub to: Option<String>,
    /// Of `ticket.commented`, and of `ticket.closed` if there is one: what they wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 8192)]
    pub text: Option<String>,
}

/// How a ticket of Zendesk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ZendeskStatus {
    /// Somebody works on it, or will.
    Open,
    /// It is solved or closed.
    Solved,
}

/// What a trigger of Zendesk tells of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZendeskNews {
    /// `{{ticket.id}}`.
    pub ticket: String,
    /// `{{ticket.external_id}}`, which names the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub external_id: Option<String>,
    #[schema(inline)]
    pub status: ZendeskStatus,
    /// `{{ticket.assignee.email}}`; empty: nobody is in charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 256)]
    pub assignee: Option<String>,
}

/// A message was taken; so is one that had been taken before, or tells what is so already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketHeard {
    pub heard: bool,
}
