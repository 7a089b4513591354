//! Tickets as the API and reports show them.

use dialgraph_api::Millis;
use dialgraph_api::tickets::{Ticket, TicketDeed, TicketStatus};
use dialgraph_local::tickets::{self as desk, FiledTicket};

/// A ticket.
pub(crate) fn ticket(filed: FiledTicket) -> Ticket {
    let FiledTicket { id, opened_at, call_id, plugin, ticket, closed_at, elsewhere, .. } = filed;
    Ticket {
        id,
        status: if closed_at.is_some() { TicketStatus::Closed } else { TicketStatus::Open },
        opened_at: Millis(opened_at.0),
        closed_at: closed_at.map(|at| Millis(at.0)),
        call: call_id,
        plugin,
        subject: ticket.subject,
        body: ticket.body,
        priority: ticket.priority,
        assignee: ticket.assignee,
        requester_name: ticket.requester_name,
        requester_email: ticket.requester_email,
        requester_phone: ticket.requester_phone,
        tags: ticket.tags,
        fields: ticket.fields.into_iter().collect(),
        elsewhere,
    }
}

/// What somebody did with it.
pub(crate) fn deed(deed: desk::TicketDeed) -> TicketDeed {
    let (what, to, text) = match deed.change {
        desk::TicketChange::Assign(to) => ("assign", to, None),
        desk::TicketChange::Comment(text) => ("comment", None, Some(text)),
        desk::TicketChange::Close(text) => ("close", None, text),
        desk::TicketChange::Reopen => ("reopen", None, None),
    };
    TicketDeed { at: Millis(deed.at.0), by: deed.by, what: what.to_owned(), to, text }
}
