//! The calls API: any channel that speaks JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use dialgraph_flow::Digest;
use dialgraph_kernel::call::{CallId, Channel};
use dialgraph_kernel::event::Event;
use dialgraph_runtime::{CallsError, OpenCursor, Start};

use super::auth::{Designer, Viewer};
use super::problem::Problem;
use crate::reaper::HUNG_UP;
use crate::shown::{self, AnswerView};
use crate::state::App;
use crate::turns::{Answered, Work};

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
/// Most attributes that a call begins with.
const MAX_ATTRIBUTES: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StartRequest {
    /// None: the server makes one.
    id: Option<String>,
    #[serde(default)]
    channel: ChannelWord,
    locale: Option<String>,
    from: Option<String>,
    to: Option<String>,
    flow: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ChannelWord {
    Voice,
    #[default]
    Chat,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventRequest {
    /// The turn that the event answers.
    turn: u32,
    event: EventWord,
    text: Option<String>,
    confidence: Option<f64>,
    keys: Option<String>,
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EventWord {
    Said,
    Pressed,
    Silent,
    HungUp,
    Failed,
    Resumed,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShowQuery {
    /// Only turns after this one.
    #[serde(default)]
    after: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    limit: Option<usize>,
    /// Where the page before ended.
    after: Option<String>,
}

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

type Body = Result<Bytes, BytesRejection>;

/// `POST /v1/calls`.
pub(super) async fn start(
    State(app): State<Arc<App>>,
    _: Designer,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let request: StartRequest = read(&app, &headers, body)?;
    let id = match request.id {
        Some(id) => call_id(&id)?,
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
        let detail = "names of `attributes` have 1 to 64 letters, digits, `_` or `-`";
        return Err(Problem::invalid(detail));
    }
    let live = app.releases.live();
    if let Some(locale) = &request.locale
        && !live.locales.iter().any(|known| **known == **locale)
    {
        let known = live.locales.join(", ");
        return Err(Problem::invalid(format!("`locale`: no flow speaks it; there are {known}")));
    }
    let start = Start {
        seed: app.seed(&id),
        id,
        channel: match request.channel {
            ChannelWord::Voice => Channel::Voice,
            ChannelWord::Chat => Channel::Chat,
        },
        locale: request.locale.map(Into::into),
        from: request.from,
        to: request.to,
        flow: request.flow.map(Into::into),
        attributes: request.attributes.into_iter().map(|(n, v)| (n.into(), v)).collect(),
    };
    let answered = app.turns.handle(Work::Start(Box::new(start)), "start".to_owned()).await?;
    let location = format!("/v1/calls/{}", answered.call.id);
    let code = if answered.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((code, [(header::LOCATION, location)], answer(&answered)).into_response())
}

/// `POST /v1/calls/{id}/turns`.
pub(super) async fn event(
    State(app): State<Arc<App>>,
    _: Designer,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = call_id(&id)?;
    let request: EventRequest = read(&app, &headers, body)?;
    let turn = request.turn;
    let event = request.into_event()?;
    // A caller may hang up at any moment, but only once; everything else answers one turn.
    let (after, token) = match event {
        Event::HungUp => (None, HUNG_UP.to_owned()),
        _ => (Some(turn), turn.to_string()),
    };
    let answered = app.turns.handle(Work::Event { id, event, after }, token).await?;
    Ok(answer(&answered))
}

/// `GET /v1/calls`: calls in the hands of their flows.
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
    let (listed, next) =
        page(&app, after, limit).await.map_err(|error| Problem::internal(&error))?;
    let mut body = json!({ "calls": listed, "more": next.is_some() });
    if let Some(next) = next {
        body["next"] = next.to_string().into();
    }
    Ok(Json(body).into_response())
}

/// Calls in progress from `after` on, and where the next page begins, if there is anything on it. Releases come in the
/// order of their digests, so that a place stays good when releases come and go.
async fn page(
    app: &App,
    after: Option<Place>,
    limit: usize,
) -> Result<(Vec<Value>, Option<Place>), CallsError> {
    let calls = app.turns.engine().calls();
    let mut listed = Vec::new();
    let (first, mut within) = match after {
        Some(place) => (Some(place.release), place.within),
        None => (None, None),
    };
    let releases = app.releases_with_calls().await?;
    for digest in releases.into_iter().filter(|digest| Some(*digest) >= first) {
        let mut from = if Some(digest) == first { within.take() } else { None };
        loop {
            let room = limit - listed.len();
            // Once the page is full: is there anything more?
            let ask = u32::try_from(room.max(1)).unwrap_or(u32::MAX);
            let found = calls.open_calls(&digest, from.clone(), ask).await?;
            if room == 0 && !found.calls.is_empty() {
                return Ok((listed, Some(Place { release: digest, within: from })));
            }
            for id in found.calls {
                if let Some(loaded) = calls.load(&id).await? {
                    let release = app.release_of(&loaded.call).await;
                    listed.push(shown::call(&loaded.call, release.as_deref()));
                }
            }
            match found.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
    }
    Ok((listed, None))
}

/// `GET /v1/calls/{id}`.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    _: Viewer,
    Path(id): Path<String>,
    query: Result<Query<ShowQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let id = call_id(&id)?;
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let calls = app.turns.engine().calls();
    let loaded = calls.load(&id).await.map_err(|error| Problem::internal(&error))?;
    let Some(loaded) = loaded else {
        let detail = format!("there is no call {id}");
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-call",
            "There is no such call",
            detail,
        ));
    };
    let call = loaded.call;
    let mut turns = Vec::new();
    let first = query.after.saturating_add(1);
    let last = call.turn.min(query.after.saturating_add(MOST_TURNS));
    for turn in first..=last {
        let record = calls.turn(&id, turn).await.map_err(|error| Problem::internal(&error))?;
        // Turns may go before the call does, when a retention period ends.
        let Some(mut record) = record else { continue };
        let hidden = shown::hide(&mut record);
        turns.push(json!({ "record": record, "hidden": hidden }));
    }
    let release = app.release_of(&call).await;
    let body = json!({
        "call": shown::call(&call, release.as_deref()),
        "path": shown::path(&call),
        "turns": turns,
    });
    Ok(Json(body).into_response())
}

fn answer(answered: &Answered) -> Response {
    Json(AnswerView::of(&answered.call, &answered.record, answered.repeated)).into_response()
}

fn read<T: DeserializeOwned>(app: &App, headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let detail = "the body must be JSON; send `content-type: application/json`";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "not-json", "Only JSON is taken", detail));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(app.config.server.max_body.0),
        _ => Problem::invalid("the body could not be read to its end"),
    })?;
    serde_json::from_slice(&body).map_err(|error| Problem::invalid(format!("the body: {error}")))
}

fn call_id(id: &str) -> Result<CallId, Problem> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if id.is_empty() || id.len() > 128 || !id.chars().all(sound) {
        let detail = "a call's id has 1 to 128 letters, digits, `-`, `_`, `.` or `:`";
        return Err(Problem::invalid(detail));
    }
    Ok(CallId(id.into()))
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
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl EventRequest {
    fn into_event(self) -> Result<Event, Problem> {
        let word = self.event;
        let only = |given: bool, name: &str, of: EventWord| {
            if given && word != of {
                return Err(Problem::invalid(format!("`{name}` goes with another event")));
            }
            Ok(())
        };
        only(self.text.is_some(), "text", EventWord::Said)?;
        only(self.confidence.is_some(), "confidence", EventWord::Said)?;
        only(self.keys.is_some(), "keys", EventWord::Pressed)?;
        only(self.reason.is_some(), "reason", EventWord::Failed)?;
        Ok(match self.event {
            EventWord::Said => {
                let text = self.text.ok_or_else(|| Problem::invalid("`said` needs `text`"))?;
                if text.chars().count() > MAX_TEXT {
                    return Err(Problem::invalid(format!("`text` may have {MAX_TEXT} characters")));
                }
                if self.confidence.is_some_and(|confidence| !(0.0..=1.0).contains(&confidence)) {
                    return Err(Problem::invalid("`confidence` is from 0 to 1"));
                }
                Event::Said { text, confidence: self.confidence }
            }
            EventWord::Pressed => {
                let keys = self.keys.ok_or_else(|| Problem::invalid("`pressed` needs `keys`"))?;
                let sound = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#');
                if keys.is_empty() || keys.len() > MAX_KEYS || !keys.chars().all(sound) {
                    let detail = format!("`keys` are 1 to {MAX_KEYS} of 0-9, * and #");
                    return Err(Problem::invalid(detail));
                }
                Event::Pressed(keys)
            }
            EventWord::Silent => Event::Silent,
            EventWord::HungUp => Event::HungUp,
            EventWord::Failed => {
                let reason = self.reason.unwrap_or_else(|| "the channel failed".to_owned());
                short("reason", &reason)?;
                Event::DirectiveFailed(reason)
            }
            EventWord::Resumed => Event::Resumed,
        })
    }
}
