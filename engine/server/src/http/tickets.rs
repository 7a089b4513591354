//! `POST /v1/tickets/webhook` and `POST /v1/tickets/zendesk`: what desks elsewhere tell of tickets.
//!
//! Who tells it proves so by a signature, and needs no token. Each message has its effect once, and
//! a line in the access log before that.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use dialgraph_api::tickets::{TicketHeard, TicketNews, TicketNewsKind, ZendeskNews, ZendeskStatus};
use dialgraph_base::{Digest, Timestamp};
use dialgraph_deploy::{Access, AccessAction, Role, Who};
use dialgraph_flow::engineers::Engineers;
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_local::records::{LocalRecords, take_field};
use dialgraph_local::tickets as desk;
use dialgraph_local::tickets::{Heard, TicketChange, ZendeskTicket};
use dialgraph_store::UnixMillis;
use dialgraph_webhook::{Refusal, standard, zendesk};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Problem;
use super::{Body, auth};
use crate::desk::tickets;
use crate::state::App;

/// Where desks that sign as Standard Webhooks do tell it.
pub(super) const WEBHOOK: &str = "/v1/tickets/webhook";
/// Where Zendesk does.
pub(super) const ZENDESK: &str = "/v1/tickets/zendesk";

/// Who tells it, in the history and in the log. Nobody can hold a token of this name.
const BY: &str = "engine/webhook";
const BY_ZENDESK: &str = "engine/zendesk";

/// Longest name of somebody elsewhere, in bytes.
const MAX_BY: usize = 100;
/// Records of engineers that are read at once.
const PAGE: u32 = 500;

pub(super) async fn webhook(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = body.0?;
    if !app.config.tickets.hears() {
        return Err(not_taken("tickets.incoming_secrets"));
    }
    let now = app.clock.millis();
    let header = |name: &str| auth::single(&headers, name);
    let secrets = app.credentials.incoming_secrets();
    let message = standard::verify(&secrets, header, &body, now / 1000);
    let message = message.map_err(|refusal| refused(&app, &refusal))?;
    let news = news(read(&body)?, message)?;
    note(&app, BY, &news.ticket).await?;
    let heard = tickets(&app).hear(&news, Timestamp(now)).await;
    answer(&app, "webhook", heard)
}

pub(super) async fn zendesk(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = body.0?;
    if !app.config.tickets.hears_zendesk() {
        return Err(not_taken("tickets.zendesk_secrets"));
    }
    let now = app.clock.millis();
    let header = |name: &str| auth::single(&headers, name);
    let secrets = app.credentials.zendesk_secrets();
    let signed = zendesk::verify(&secrets, header, &body, now / 1000);
    let signed = signed.map_err(|refusal| refused(&app, &refusal))?;
    let ZendeskNews { ticket, external_id, status, assignee } = read(&body)?;
    let number = ticket.trim().parse::<u64>().ok().filter(|number| *number > 0);
    let number = number.ok_or_else(|| {
        Problem::invalid(
            "the body: `ticket` is not the number of a ticket of Zendesk; send `{{ticket.id}}`",
        )
    })?;
    let assignee = match assignee.as_deref().map(str::trim).filter(|email| !email.is_empty()) {
        Some(email) if email.len() > desk::MAX_ELSEWHERE => {
            return Err(Problem::invalid("the body: `assignee` has more than 256 bytes"));
        }
        Some(email) => Some(engineer(&app, email).await?),
        None => None,
    };
    let told = ZendeskTicket {
        message: format!("zendesk/{signed}"),
        number,
        call: external_id.as_deref().and_then(call_of),
        assignee,
        open: status == ZendeskStatus::Open,
        told_at: Timestamp(signed_at(&headers).unwrap_or(now)),
        by: BY_ZENDESK.to_owned(),
    };
    note(&app, BY_ZENDESK, &format!("ZD-{number}")).await?;
    let heard = tickets(&app).mirror(&told, Timestamp(now)).await;
    answer(&app, "zendesk", heard)
}

/// When Zendesk signed a message whose signature is valid, in milliseconds.
fn signed_at(headers: &HeaderMap) -> Option<u64> {
    let time = auth::single(headers, zendesk::TIMESTAMP_HEADER)?;
    u64::try_from(time.parse::<jiff::Timestamp>().ok()?.as_millisecond()).ok()
}

/// The call whose visit opened a ticket: `ticketing-zendesk` gives the visit as `external_id`.
fn call_of(external: &str) -> Option<String> {
    // `CALL/VISIT/PLACE`; a call's id and a place may have slashes in them.
    let parts: Vec<&str> = external.trim().split('/').collect();
    let visit = (1..parts.len().saturating_sub(1)).rev().find(|at| {
        let part = parts[*at];
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
    })?;
    let call = parts[..visit].join("/");
    (!call.is_empty() && call.len() <= 256).then_some(call)
}

fn not_taken(key: &str) -> Problem {
    let detail = format!("this server takes no webhooks of tickets here; set `{key}`");
    Problem::new(StatusCode::NOT_FOUND, "no-such-path", detail)
}

fn refused(app: &App, refusal: &Refusal) -> Problem {
    app.metrics.refused_signature(refusal.code());
    tracing::warn!(reason = refusal.code(), %refusal, "a webhook has no valid signature");
    auth::unsigned()
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::invalid(format!("the body: {error}")))
}

fn news(news: TicketNews, message: &str) -> Result<desk::TicketNews, Problem> {
    let TicketNews { kind, timestamp: _, data } = news;
    let wrong = |what: &str| Err(Problem::invalid(format!("the body: `data.{what}")));
    if data.to.is_some() && kind != TicketNewsKind::Assigned {
        return wrong("to` belongs to `ticket.assigned` alone; leave it out");
    }
    if data.text.is_some() && !matches!(kind, TicketNewsKind::Commented | TicketNewsKind::Closed) {
        return wrong("text` belongs to `ticket.commented` and `ticket.closed`; leave it out");
    }
    let change = match (kind, data.text) {
        (TicketNewsKind::Assigned, _) => Some(TicketChange::Assign(data.to)),
        (TicketNewsKind::Commented, Some(text)) => Some(TicketChange::Comment(text)),
        (TicketNewsKind::Commented, None) => {
            return wrong("text` is missing: a comment has a text");
        }
        (TicketNewsKind::Closed, text) => Some(TicketChange::Close(text)),
        (TicketNewsKind::Reopened, _) => Some(TicketChange::Reopen),
        (TicketNewsKind::Linked, _) if data.elsewhere.is_none() => {
            return wrong("elsewhere` is missing: that is what `ticket.linked` tells");
        }
        (TicketNewsKind::Linked, _) => None,
    };
    let by = match data.by.as_deref().map(str::trim) {
        None | Some("") => BY.to_owned(),
        Some(by) if by.len() > MAX_BY || by.chars().any(char::is_control) => {
            return wrong("by` has up to 100 bytes and no control characters");
        }
        Some(by) => format!("{BY}: {by}"),
    };
    Ok(desk::TicketNews {
        message: format!("webhook/{message}"),
        ticket: data.ticket,
        elsewhere: data.elsewhere,
        by,
        change,
    })
}

/// Writes down who is about to change what. What cannot be the id of a ticket is not written down.
async fn note(app: &App, by: &str, ticket: &str) -> Result<(), Problem> {
    if ticket.len() > 32 || !ticket.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(no_ticket());
    }
    let Some(deploy) = &app.deploy else { return Ok(()) };
    let access = Access {
        at: UnixMillis(app.clock.millis()),
        who: Who::new(by, Role::Agent),
        action: AccessAction::ChangeTicket,
        what: ticket.to_owned(),
    };
    let added = deploy.history().access_log().add(&[access]).await;
    added.map_err(|error| Problem::internal(&error))
}

fn no_ticket() -> Problem {
    let detail = "there is no ticket with this id at this desk";
    Problem::new(StatusCode::NOT_FOUND, "unknown", detail)
}

fn answer(app: &App, from: &str, heard: Result<Heard, HostError>) -> Result<Response, Problem> {
    let outcome = match &heard {
        Ok(Heard::Done) => "done",
        Ok(Heard::Already) => "already",
        Ok(Heard::Repeated) => "repeated",
        Err(_) => "refused",
    };
    app.metrics.news(from, outcome);
    match heard {
        // The same for all three: whoever repeats a message learns that it need not.
        Ok(_) => Ok(Json(TicketHeard { heard: true }).into_response()),
        Err(error) => Err(match (error.kind, error.code.as_str()) {
            (_, "no-such-ticket") => no_ticket(),
            (_, "not-now") => Problem::new(StatusCode::CONFLICT, "not-now", error.message),
            (HostErrorKind::Invalid, _) => {
                Problem::new(StatusCode::BAD_REQUEST, "bad-change", error.message)
            }
            (HostErrorKind::Unavailable, "contended") => Problem::busy(error.message),
            _ => Problem::internal(&error),
        }),
    }
}

/// Where the live project records its engineers, read anew when another goes live.
#[derive(Debug, Default)]
pub(crate) struct KnownEngineers(tokio::sync::Mutex<Option<(Digest, Engineers)>>);

async fn rules(app: &App) -> Result<Engineers, Problem> {
    let Some(deploy) = &app.deploy else { return Ok(Engineers::default()) };
    let live = app.releases.live().digest;
    let mut known = app.engineers.0.lock().await;
    if let Some((of, rules)) = known.as_ref()
        && *of == live
    {
        return Ok(rules.clone());
    }
    let project = deploy.history().live_project().await;
    let project = project.map_err(|error| Problem::internal(&error))?;
    let mut rules = project.engineers().clone();
    if let Some(people) = &rules.collection
        && project.origins().contains_key(people.as_str())
    {
        // Those that live elsewhere cannot be walked.
        rules.collection = None;
    }
    *known = Some((live, rules.clone()));
    Ok(rules)
}

/// The engineer with this e-mail address, by the field that `engineers.token` names or by the key
/// of the record; the address itself if there is none.
async fn engineer(app: &App, email: &str) -> Result<String, Problem> {
    let rules = rules(app).await?;
    let Some(people) = &rules.collection else { return Ok(email.to_owned()) };
    let records = LocalRecords::new(Arc::clone(&app.store.store), [people.clone()]);
    let is_it = |text: Option<&str>| text.is_some_and(|text| text.eq_ignore_ascii_case(email));
    let mut after = None;
    loop {
        let listed = records.list(people, after.as_deref(), PAGE).await;
        let listed = listed.map_err(|error| Problem::internal(&error))?;
        for record in &listed.records {
            let told = rules.token.as_ref().and_then(|field| take_field(&record.data, field));
            if is_it(told.as_ref().and_then(Value::as_str)) || is_it(Some(&record.key)) {
                let id = record.data.get(dialgraph_flow::engineers::fields::ENGINEER);
                return Ok(id.and_then(Value::as_str).unwrap_or(&record.key).to_owned());
            }
        }
        after = listed.next;
        if after.is_none() {
            tracing::warn!(
                collection = %people,
                "an assignee whom Zendesk names is none of the engineers, so their tickets count for \
                nobody known; name the field with their addresses under `engineers: token:`"
            );
            return Ok(email.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_of_a_visit_is_what_stands_before_it() {
        assert_eq!(call_of("c-1/3/ticket").as_deref(), Some("c-1"));
        assert_eq!(call_of("a/b/12/desk/ticket").as_deref(), Some("a/b"));
        for other in ["", "c-1", "c-1/3", "/3/ticket", "c-1/x/ticket"] {
            assert_eq!(call_of(other), None, "{other}");
        }
    }
}
