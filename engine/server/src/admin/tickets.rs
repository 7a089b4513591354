//! Tickets of the engine's own desk: who is in charge, what came of them.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;

use dialgraph_api::tickets::{ShownTicket, TicketChange, TicketList, TicketQuery, TicketStatus};
use dialgraph_deploy::AccessAction;
use dialgraph_kernel::ports::records::Expectation;
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_local::tickets::{self as desk, LocalTickets, TicketFilter};

use super::access::note;
use super::answer::{Answer, Failed, json_of, read};
use super::body::Small;
use super::records::{etag, expectation, now};
use super::{Admin, Shared};
use crate::desk::shown;
use crate::http::Name;
use crate::http::auth::Agent;
use crate::http::problem::Problem;

/// Tickets listed if it is not said how many.
const LISTED: u32 = 100;
/// Most tickets listed at once.
const MOST: u32 = 500;
/// Longest id of a person, in bytes.
const MAX_PERSON: usize = 256;
/// Longest id of a ticket at this desk, in bytes.
const MAX_ID: usize = 32;

/// What cannot be an id is not looked for, nor written down.
fn is_id(id: &str) -> Result<(), Problem> {
    match id.len() <= MAX_ID && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(()),
        false => Err(no_ticket()),
    }
}

fn no_ticket() -> Problem {
    let detail = "there is no ticket with this id at this desk";
    Problem::new(StatusCode::NOT_FOUND, "unknown", detail)
}

fn tickets(admin: &Admin) -> LocalTickets {
    crate::desk::tickets(&admin.app)
}

fn failed(error: HostError) -> Failed {
    let problem = |status, word| Problem::new(status, word, error.message.clone());
    match (error.kind, error.code.as_str()) {
        (_, "no-such-ticket") => problem(StatusCode::NOT_FOUND, "unknown").into(),
        (_, "conflict") => problem(StatusCode::PRECONDITION_FAILED, "changed").into(),
        (_, "not-now") => problem(StatusCode::CONFLICT, "not-now").into(),
        (HostErrorKind::Invalid, _) => problem(StatusCode::BAD_REQUEST, "bad-change").into(),
        (HostErrorKind::Unavailable, "contended") => Problem::busy(error.message).into(),
        _ => Problem::internal(&error).into(),
    }
}

/// `GET /v1/tickets`.
pub(super) async fn list(
    State(admin): Shared,
    Agent(who): Agent,
    query: Result<Query<TicketQuery>, QueryRejection>,
) -> Answer {
    let Query(TicketQuery { status, assignee, after, limit }) =
        query.map_err(|error| Problem::invalid(error.body_text()))?;
    let limit = limit.unwrap_or(LISTED);
    if limit == 0 || limit > MOST {
        return Err(Problem::invalid(format!("`limit` goes from 1 to {MOST}")).into());
    }
    if assignee.as_ref().is_some_and(|who| who.len() > MAX_PERSON) {
        return Err(Problem::invalid(format!("`assignee` has up to {MAX_PERSON} bytes")).into());
    }
    let wrong = |_| Problem::invalid("`after` is no `next` of a list of tickets");
    let after = after.map(|after| after.parse()).transpose().map_err(wrong)?;
    let open = status.map(|status| status == TicketStatus::Open);
    let filter = TicketFilter { open, assignee };
    let what = filter.assignee.as_ref().map_or(String::new(), |who| format!("of {who}"));
    note(&admin, &who, AccessAction::ListTickets, what).await?;
    let (listed, next) = tickets(&admin).list(&filter, limit, after).await.map_err(failed)?;
    Ok(json_of(&TicketList {
        tickets: listed.into_iter().map(shown::ticket).collect(),
        next: next.map(|next| next.to_string()),
    }))
}

/// `GET /v1/tickets/{id}`.
pub(super) async fn show(State(admin): Shared, Agent(who): Agent, Name(id): Name) -> Answer {
    is_id(&id)?;
    note(&admin, &who, AccessAction::ReadTicket, id.as_str()).await?;
    let desk = tickets(&admin);
    let Some(found) = desk.get(&id).await.map_err(failed)? else {
        return Err(no_ticket().into());
    };
    let history = desk.history(&found.filed.id).await.map_err(failed)?;
    let history = history.into_iter().map(shown::deed).collect();
    let whole = ShownTicket { ticket: shown::ticket(found.filed), history };
    Ok((etag(found.version), Json(whole)).into_response())
}

/// `POST /v1/tickets/{id}`.
pub(super) async fn change(
    State(admin): Shared,
    Agent(who): Agent,
    Name(id): Name,
    headers: HeaderMap,
    Small(body): Small,
) -> Answer {
    is_id(&id)?;
    let version = match expectation(&headers)? {
        Expectation::Any => None,
        Expectation::Version(version) => Some(version),
        Expectation::Absent => {
            return Err(Problem::invalid("a ticket is changed on `if-match` only").into());
        }
    };
    let change = match read(&body)? {
        TicketChange::Assign { to } => desk::TicketChange::Assign(to),
        TicketChange::Comment { text } => desk::TicketChange::Comment(text),
        TicketChange::Close { text } => desk::TicketChange::Close(text),
        TicketChange::Reopen {} => desk::TicketChange::Reopen,
    };
    note(&admin, &who, AccessAction::ChangeTicket, id.as_str()).await?;
    let changed = tickets(&admin).change(&id, version, &who.name, now(&admin), &change).await;
    let changed = changed.map_err(failed)?;
    Ok((etag(changed.version), Json(shown::ticket(changed.filed))).into_response())
}
