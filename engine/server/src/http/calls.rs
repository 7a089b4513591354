//! The calls API: any channel that speaks JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;

use dialgraph_api::calls::{
    Call, CallList, ContactNews, ContactStage, EventKind, ListQuery, ShowQuery, ShownCall,
    ShownTurn, UnreadableCall, UnreadableTurn,
};
use dialgraph_api::calls::{Event as EventRequest, Start as StartRequest};
use dialgraph_base::locale::nearest;
use dialgraph_base::{CallId, Digest, Timestamp};
use dialgraph_connect::event::CALLBACK_OVER_TOKEN;
use dialgraph_kernel::contact::{self, MAX_AGENT};
use dialgraph_kernel::event::Event;
use dialgraph_runtime::{CallsError, OpenCall, OpenCursor, Stage, Start, TurnRequest};

use super::auth::{Designer, Viewer};
use super::problem::Problem;
use super::{Body, Name};
use crate::reaper::HUNG_UP;
use crate::shown;
use crate::state::App;
use crate::turns::Answered;
use crate::waits;

/// Turns shown at once, at most.
const MOST_TURNS: u32 = 500;
/// Calls listed at once, at most.
const MOST_LISTED: usize = 500;
/// Calls listed if it is not said how many.
const LISTED: usize = 100;
/// Longest text of a caller, in characters.
const MAX_TEXT: usize = 2_000;
/// Longest number, locale, name or reason, in characters.
const MAX_WORD: usize = 64;
/// Most keys in one answer.
const MAX_KEYS: usize = 256;
/// So many milliseconds a channel's clock may be ahead.
const SKEW_MS: u64 = 300_000;
/// Calls in progress read at once.
const ROWS: u32 = 100;
/// Most attributes that a call begins with.
const MAX_ATTRIBUTES: usize = 100;

/// A place in the list of calls in progress. Whoever asks takes it as it is.
#[derive(Debug)]
struct Place {
    release: Digest,
    within: Option<OpenCursor>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let release = self.release.to_string();
        f.write_str(release.strip_prefix(DIGEST).unwrap_or(&release))?;
        match &self.within {
            Some(within) => write!(f, ".{within}"),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for Place {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let wrong = || Problem::invalid("`after` is no `next` of a list of calls");
        let (release, within) = match text.split_once('.') {
            Some((release, within)) => (release, Some(within)),
            None => (text, None),
        };
        let release = format!("{DIGEST}{release}").parse().map_err(|_| wrong())?;
        let within = within.map(str::parse).transpose().map_err(|_| wrong())?;
        Ok(Self { release, within })
    }
}

/// What a digest begins with; left out of places.
const DIGEST: &str = "sha256:";

/// `POST /v1/calls`.
pub(super) async fn start(
    State(app): State<Arc<App>>,
    _: Designer,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let request: StartRequest = read(&headers, body)?;
    let id = match request.id {
        Some(id) => call_id(&id.0)?,
        None => CallId(random_id()?.into()),
    };
    for (name, text) in [
        ("locale", &request.locale),
        ("from", &request.from),
        ("to", &request.to),
        ("flow", &request.flow),
    ] {
        if let Some(text) = text {
            short(name, text)?;
        }
    }
    if request.attributes.len() > MAX_ATTRIBUTES {
        return Err(Problem::invalid(format!("`attributes` may be {MAX_ATTRIBUTES} at most")));
    }
    let is_name = |name: &String| {
        (1..=64).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    if !request.attributes.keys().all(is_name) {
        let detail = "names of `attributes` have 1 to 64 letters from a to z, digits, `_` or `-`";
        return Err(Problem::invalid(detail));
    }
    let live = app.releases.live();
    let locale = match &request.locale {
        Some(wanted) => match nearest(wanted, live.locales.iter().map(|known| &**known)) {
            Some(known) => Some(known.into()),
            None => {
                let known = live.locales.join(", ");
                let detail = format!("`locale`: no flow has this locale; use one of {known}");
                return Err(Problem::invalid(detail));
            }
        },
        None => None,
    };
    let start = Start {
        seed: app.seed(&id),
        id,
        channel: request.channel.into(),
        locale,
        from: request.from,
        to: request.to,
        flow: request.flow.map(Into::into),
        attributes: request.attributes.into_iter().map(|(n, v)| (n.into(), v)).collect(),
    };
    let answered = app.turns.handle(TurnRequest::start(start, "start")).await?;
    let location = place_of(&answered.call.id);
    let code = if answered.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((code, [(header::LOCATION, location)], answer(&answered)).into_response())
}

/// `POST /v1/calls/{id}/turns`.
pub(super) async fn event(
    State(app): State<Arc<App>>,
    _: Designer,
    Name(id): Name,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = call_id(&id)?;
    let request: EventRequest = read(&headers, body)?;
    let turn = request.turn;
    let event = event_of(request)?;
    // A caller may hang up at any moment, but only once; everything else answers one turn.
    let (after, token) = match event {
        Event::HungUp => (None, HUNG_UP.to_owned()),
        _ => (Some(turn), turn.to_string()),
    };
    let answered = app.turns.handle(TurnRequest::event(id, event, token).after(after)).await?;
    waits::note(&app, &answered).await;
    Ok(answer(&answered))
}

/// `POST /v1/calls/{id}/contact`: what became of a contact that its flow has given away.
pub(super) async fn contact(
    State(app): State<Arc<App>>,
    _: Designer,
    Name(id): Name,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = call_id(&id)?;
    let news: ContactNews = read(&headers, body)?;
    if let Some(agent) = &news.agent
        && !(1..=MAX_AGENT).contains(&agent.chars().count())
    {
        return Err(Problem::invalid(format!("`agent` must have 1 to {MAX_AGENT} characters")));
    }
    let (now, limit) = (app.clock.millis(), app.config.calls.contact_limit);
    let longest = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    let earliest = now.saturating_sub(longest);
    if news.at_ms.is_some_and(|at| at < earliest || at > now.saturating_add(SKEW_MS)) {
        let detail = "`at_ms` must be within `calls.contact_limit` before now, and not after now";
        return Err(Problem::invalid(detail));
    }
    let is_over = (news.stage, news.callback) == (ContactStage::Ended, true);
    if news.attempts.is_some_and(|attempts| !is_over || !(1..=10).contains(&attempts)) {
        let detail = "`attempts` is from 1 to 10, and goes with `callback` and the stage `ended`";
        return Err(Problem::invalid(detail));
    }
    let (stage, token) = match (news.stage, news.callback) {
        // The news that a caller is gone has one token, from wherever it comes.
        (ContactStage::Ended, false) => (contact::ContactStage::Ended, HUNG_UP.to_owned()),
        // Each attempt counts.
        (ContactStage::Ended, true) if news.attempts.is_some() => {
            (contact::ContactStage::Ended, token_of(&news)?)
        }
        (ContactStage::Ended, true) => {
            (contact::ContactStage::Ended, CALLBACK_OVER_TOKEN.to_owned())
        }
        (ContactStage::Queued, _) => (contact::ContactStage::Queued, token_of(&news)?),
        (ContactStage::Connected, _) => (contact::ContactStage::Connected, token_of(&news)?),
    };
    let event = contact::ContactEvent {
        at: news.at_ms.map(Timestamp),
        agent: news.agent,
        callback: news.callback,
        attempts: news.attempts,
        ..contact::ContactEvent::new(stage)
    };
    let answered = app.turns.handle(TurnRequest::event(id, Event::Contact(event), token)).await?;
    waits::note(&app, &answered).await;
    let release = app.release_of(&answered.call).await;
    Ok(Json(shown::call(&answered.call, release.as_deref())).into_response())
}

/// The same news of the same moment are one event. Without a moment nobody can tell.
fn token_of(news: &ContactNews) -> Result<String, Problem> {
    let at = match news.at_ms {
        Some(at) => at.to_string(),
        None => random_id()?,
    };
    let agent = news.agent.as_deref().unwrap_or_default();
    let token = format!("{:?}/{}/{at}/{agent}", news.stage, news.callback);
    Ok(format!("contact/{}", Digest::of(token.as_bytes()).hex()))
}

/// `GET /v1/calls`: calls in progress, by default those in the hands of their flows.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Viewer,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let limit = query.limit.unwrap_or(LISTED);
    if !(1..=MOST_LISTED).contains(&limit) {
        return Err(Problem::invalid(format!("`limit` is from 1 to {MOST_LISTED}")));
    }
    let after = query.after.as_deref().map(str::parse::<Place>).transpose()?;
    let (calls, unreadable, next) = page(&app, after, limit, stage_of(query.stage))
        .await
        .map_err(|error| Problem::internal(&error))?;
    let (more, next) = (next.is_some(), next.map(|next| next.to_string()));
    Ok(Json(CallList { calls, more, unreadable, next }).into_response())
}

fn stage_of(stage: dialgraph_api::calls::Stage) -> Stage {
    match stage {
        dialgraph_api::calls::Stage::Flow => Stage::Flow,
        dialgraph_api::calls::Stage::Contact => Stage::Contact,
        dialgraph_api::calls::Stage::After => Stage::After,
    }
}

/// Calls in progress of a stage from `after` on, those among them that cannot be read, and where
/// the next page begins, if there is anything on it. Releases come in the order of their digests,
/// so that a place stays good when releases come and go.
async fn page(
    app: &App,
    after: Option<Place>,
    limit: usize,
    stage: Stage,
) -> Result<(Vec<Call>, Vec<UnreadableCall>, Option<Place>), CallsError> {
    let calls = app.turns.engine().calls();
    let (mut listed, mut lost) = (Vec::new(), Vec::new());
    let (first, mut within) = match after {
        Some(place) => (Some(place.release), place.within),
        None => (None, None),
    };
    let releases = app.releases_with_calls().await?;
    for digest in releases.into_iter().filter(|digest| Some(*digest) >= first) {
        let mut from = if Some(digest) == first { within.take() } else { None };
        // The place behind the last call that is listed.
        let mut last = from.clone();
        loop {
            let found = calls.open_calls(&digest, from.clone(), ROWS).await?;
            for OpenCall { id, place, .. } in
                found.calls.into_iter().filter(|call| call.stage == stage)
            {
                if listed.len() + lost.len() >= limit {
                    return Ok((listed, lost, Some(Place { release: digest, within: last })));
                }
                last = Some(place);
                match calls.load(&id).await {
                    Ok(Some(loaded)) => {
                        let release = app.release_of(&loaded.call).await;
                        listed.push(shown::call(&loaded.call, release.as_deref()));
                    }
                    Ok(None) => {}
                    Err(error) if error.is_of_call() => {
                        let (id, release) = (id.to_string(), shown::digest(&digest));
                        lost.push(UnreadableCall { id, release, why: error.to_string() });
                    }
                    Err(error) => return Err(error),
                }
            }
            match found.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
    }
    Ok((listed, lost, None))
}

/// `GET /v1/calls/{id}`.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    _: Viewer,
    Name(id): Name,
    query: Result<Query<ShowQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let id = call_id(&id)?;
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let calls = app.turns.engine().calls();
    let loaded = match calls.load(&id).await {
        Err(error) if error.is_of_call() => {
            tracing::error!(call = %id, %error, "a call cannot be read");
            let detail = format!("the stored record of call {id} cannot be read: {error}");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            let problem = Problem::new(status, "unreadable-call", detail);
            return Err(Problem { instance: Some(place_of(&id)), ..problem });
        }
        loaded => loaded.map_err(|error| Problem::internal(&error))?,
    };
    let Some(loaded) = loaded else {
        let detail = format!("there is no call {id}");
        let problem = Problem::new(StatusCode::NOT_FOUND, "no-such-call", detail);
        return Err(Problem { instance: Some(place_of(&id)), ..problem });
    };
    let call = loaded.call;
    let (mut turns, mut lost) = (Vec::new(), Vec::new());
    let first = query.after.saturating_add(1);
    let last = call.turn.min(query.after.saturating_add(MOST_TURNS));
    for turn in first..=last {
        let record = match calls.turn(&id, turn).await {
            Err(error) if error.is_of_call() => {
                // The others are as good as ever.
                lost.push(UnreadableTurn { turn, why: error.to_string() });
                continue;
            }
            record => record.map_err(|error| Problem::internal(&error))?,
        };
        // Turns may go before the call does, when a retention period ends.
        let Some(mut record) = record else { continue };
        let hidden = record.hide().into_iter().map(str::to_owned).collect();
        let record = serde_json::to_value(record).map_err(|error| Problem::internal(&error))?;
        turns.push(ShownTurn { record, hidden });
    }
    let release = app.release_of(&call).await;
    let body = ShownCall {
        call: shown::call(&call, release.as_deref()),
        path: shown::path(&call),
        turns,
        unreadable: lost,
    };
    Ok(Json(body).into_response())
}

fn answer(answered: &Answered) -> Response {
    Json(shown::answer(&answered.call, &answered.record, answered.repeated)).into_response()
}

fn read<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let detail = "the body must be JSON; send `content-type: application/json`";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "not-json", detail));
    }
    let body = body.0?;
    serde_json::from_slice(&body).map_err(|error| Problem::invalid(format!("the body: {error}")))
}

fn call_id(id: &str) -> Result<CallId, Problem> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    // Clients and proxies take `.` and `..` in a path for folders, so what they name could not be
    // asked for.
    let is_folder = matches!(id, "." | "..");
    if id.is_empty() || id.len() > 128 || !id.chars().all(sound) || is_folder {
        let detail = "a call's id has 1 to 128 letters from a to z, digits, `-`, `_`, `.` or `:`, and is not `.` or `..`";
        return Err(Problem::invalid(detail));
    }
    Ok(CallId(id.into()))
}

/// The path of a call.
fn place_of(id: &CallId) -> String {
    format!("/v1/calls/{id}")
}

fn short(name: &str, text: &str) -> Result<(), Problem> {
    if text.is_empty() || text.chars().count() > MAX_WORD {
        return Err(Problem::invalid(format!("`{name}` must have 1 to {MAX_WORD} characters")));
    }
    Ok(())
}

fn random_id() -> Result<String, Problem> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
    Ok(hex::encode(bytes))
}

/// What happened, if the request holds what goes with it and nothing else.
fn event_of(request: EventRequest) -> Result<Event, Problem> {
    let word = request.event;
    let only = |given: bool, name: &str, of: EventKind| {
        if given && word != of {
            return Err(Problem::invalid(format!("`{name}` goes with another event")));
        }
        Ok(())
    };
    only(request.text.is_some(), "text", EventKind::Said)?;
    only(request.confidence.is_some(), "confidence", EventKind::Said)?;
    only(request.keys.is_some(), "keys", EventKind::Pressed)?;
    only(request.reason.is_some(), "reason", EventKind::Failed)?;
    Ok(match request.event {
        EventKind::Said => {
            let text = request.text.ok_or_else(|| Problem::invalid("`said` needs `text`"))?;
            if text.chars().count() > MAX_TEXT {
                return Err(Problem::invalid(format!("`text` may have {MAX_TEXT} characters")));
            }
            if request.confidence.is_some_and(|confidence| !(0.0..=1.0).contains(&confidence)) {
                return Err(Problem::invalid("`confidence` is from 0 to 1"));
            }
            Event::Said { text, confidence: request.confidence }
        }
        EventKind::Pressed => {
            let keys = request.keys.ok_or_else(|| Problem::invalid("`pressed` needs `keys`"))?;
            let sound = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#');
            if keys.is_empty() || keys.len() > MAX_KEYS || !keys.chars().all(sound) {
                let detail = format!("`keys` are 1 to {MAX_KEYS} of 0-9, * and #");
                return Err(Problem::invalid(detail));
            }
            Event::Pressed(keys)
        }
        EventKind::Silent => Event::Silent,
        EventKind::HungUp => Event::HungUp,
        EventKind::Failed => {
            let reason = request.reason.unwrap_or_else(|| "the channel failed".to_owned());
            short("reason", &reason)?;
            Event::DirectiveFailed(reason)
        }
        EventKind::Resumed => Event::Resumed,
        EventKind::Unanswered => Event::Unanswered,
    })
}
