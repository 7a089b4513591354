//! A report as it is sent.

use dialgraph_api::tickets::{TicketEvent, TicketEventData, TicketEventKind};
use dialgraph_local::tickets::{ReportedChange, TicketChange};

use super::shown;

/// What is sent of a change.
pub(super) fn of(change: ReportedChange) -> TicketEvent {
    let ReportedChange { ticket, deed } = change;
    let number = ticket.changes;
    let (at, kind, by, to, text) = match deed {
        None => {
            (ticket.opened_at, TicketEventKind::Opened, None, ticket.ticket.assignee.clone(), None)
        }
        Some(deed) => {
            let (kind, to, text) = match deed.change {
                TicketChange::Assign(to) => (TicketEventKind::Assigned, to, None),
                TicketChange::Comment(text) => (TicketEventKind::Commented, None, Some(text)),
                TicketChange::Close(text) => (TicketEventKind::Closed, None, text),
                TicketChange::Reopen => (TicketEventKind::Reopened, None, None),
            };
            (deed.at, kind, Some(deed.by), to, text)
        }
    };
    let at = i64::try_from(at.0).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    TicketEvent {
        kind,
        timestamp: at.unwrap_or(jiff::Timestamp::MAX).to_string(),
        data: TicketEventData { number, by, to, text, ticket: shown::ticket(ticket) },
    }
}
