//! `POST /v1/connect/turn`: Amazon Connect's Lambda event in, its flat map out.
//!
//! Whatever a caller can still be helped with is answered with 200 and a map that the bridge flow
//! acts on; only what no contact can have sent, and what another try may cure, has another status.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use dialgraph_base::{CallId, Locale, locale};
use dialgraph_connect::answer::Answer;
use dialgraph_connect::event::{EventError, Incoming, What};
use dialgraph_connect::fallback::{FallbackAnswer, Listener, Reason};
use dialgraph_connect::flat::FlatMap;
use dialgraph_flow::Release;
use dialgraph_kernel::attributes::{self, AttributeError};
use dialgraph_kernel::call::Status;
use dialgraph_kernel::turn::TurnError;
use dialgraph_runtime::{EngineError, Start, TurnRequest};

use super::problem::Problem;
use super::{Body, auth};
use crate::state::App;
use crate::turns::{Answered, Refused};
use crate::waits;

/// The path.
pub const PATH: &str = "/v1/connect/turn";

pub(super) async fn turn(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = body.0?;
    let path = uri.path_and_query().map_or(PATH, PathAndQuery::as_str);
    auth::check_signature(&app, &headers, path, &body)?;
    answer(&app, &body).await.map(|map| Json(map).into_response())
}

/// Handles an event of Connect whose sender is known. For whoever takes events in another way than
/// over HTTP.
///
/// # Errors
/// What no contact can have sent, and what another try may cure.
pub async fn answer(app: &Arc<App>, event: &[u8]) -> Result<FlatMap, Problem> {
    let incoming = match Incoming::parse(event) {
        Ok(incoming) => incoming,
        Err(error) if error.is_refusal() => {
            return fallback(app, Listener::default(), Reason::Channel, &error);
        }
        Err(error @ EventError::TooLarge { .. }) => {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                error.to_string(),
            ));
        }
        Err(error) => {
            let status = StatusCode::BAD_REQUEST;
            return Err(Problem::new(status, "not-connect", error.to_string()));
        }
    };
    let mut incoming = incoming;
    if !incoming.else_of.is_empty() {
        incoming.call = known(app, &incoming).await?;
    }
    loop {
        let (request, mut refused) = request(app, &incoming);
        let mut handled = app.turns.handle(request).await;
        if matches!(&handled, Err(Refused::Engine(EngineError::Turn(TurnError::Attribute { .. }))))
        {
            // Another release has become live since the attributes were read.
            let (request, again) = self::request(app, &incoming);
            refused = again;
            handled = app.turns.handle(request).await;
        }
        if handled.as_ref().is_ok_and(|answered| !answered.repeated) {
            tell(app, &incoming, &refused);
        }
        let next = later(app, &incoming).await?;
        if let (Ok(answered), None) = (&handled, &next) {
            // A contact that came back from the queue left it then, and not now.
            waits::note(app, answered).await;
        }
        let answer = match handled {
            Ok(answered) if is_back(&incoming, &answered) => {
                if matches!(answered.call.status, Status::New | Status::Active) {
                    // Its flow still has the call in hand: the caller goes on where they were.
                    return match latest(app, &incoming).await {
                        Some(answer) => Ok(answer.into_map()),
                        None => Ok(of_turn(&incoming, &answered)),
                    };
                }
                let Some(next) = incoming.next() else {
                    let error = format!("contact {} came back too many times", incoming.call);
                    return fallback(app, listener(&incoming), Reason::Refused, &error);
                };
                tracing::info!(call = %incoming.call, next = %next.call, "a contact came back after its call had ended");
                incoming = next;
                continue;
            }
            Ok(answered) => Ok(of_turn(&incoming, &answered)),
            Err(refused) => refused_turn(app, &incoming, refused).await,
        };
        match next {
            Some(next) if answer.is_ok() => incoming = next,
            _ => return answer,
        }
    }
}

/// The first call that there is of those that news may be of.
async fn known(app: &App, incoming: &Incoming) -> Result<CallId, Problem> {
    let calls = app.turns.engine().calls();
    for call in std::iter::once(&incoming.call).chain(&incoming.else_of) {
        let loaded = calls.load(call).await.map_err(|error| Problem::internal(&error))?;
        if loaded.is_some() {
            return Ok(call.clone());
        }
    }
    Ok(incoming.call.clone())
}

fn of_turn(incoming: &Incoming, answered: &Answered) -> FlatMap {
    Answer::of_turn(incoming, &answered.record, &answered.call).into_map()
}

/// Whether a contact has entered the flow again: it arrives, but its call has gone on since it
/// arrived. Its first turn would be a circle for it.
fn is_back(incoming: &Incoming, answered: &Answered) -> bool {
    matches!(incoming.what, What::Start(_))
        && answered.repeated
        && answered.record.turn < answered.call.answers_turn()
}

/// News of a contact, for its next call if it has one: they name none, and concern the last.
async fn later(app: &App, incoming: &Incoming) -> Result<Option<Incoming>, Problem> {
    if !incoming.is_news() {
        return Ok(None);
    }
    let Some(next) = incoming.next() else { return Ok(None) };
    let loaded = app.turns.engine().calls().load(&next.call).await;
    let loaded = loaded.map_err(|error| Problem::internal(&error))?;
    Ok(loaded.map(|_| next))
}

fn listener(incoming: &Incoming) -> Listener<'_> {
    Listener {
        medium: incoming.channel.medium,
        locale: None,
        language: incoming.language.as_deref(),
    }
}

/// The turn it asks for, and the attributes of the contact that its call must do without.
fn request(app: &App, incoming: &Incoming) -> (TurnRequest, Vec<AttributeError>) {
    let id = incoming.call.clone();
    match &incoming.what {
        What::Event(event) => {
            let request = TurnRequest::event(id, event.clone(), incoming.token.clone());
            (request.after(incoming.turn), Vec::new())
        }
        What::Start(start) => {
            let release = app.releases.for_call(&id);
            let taken = attributes::read(&release, start.flow.as_deref(), start.attributes.clone());
            let start = Start {
                seed: app.seed(&id),
                id,
                channel: incoming.channel,
                locale: start.locale.as_deref().and_then(|wanted| spoken(app, &release, wanted)),
                from: start.from.clone(),
                to: start.to.clone(),
                flow: start.flow.clone(),
                attributes: taken.attributes,
            };
            (TurnRequest::start(start, incoming.token.clone()), taken.refused)
        }
    }
}

/// The release's own spelling of a locale, or its nearest. A language that no flow speaks is no
/// reason to give up the caller: the call then begins in the release's first.
fn spoken(app: &App, release: &Release, wanted: &str) -> Option<Locale> {
    let near = locale::nearest(wanted, release.locales.iter().map(|locale| &**locale));
    if near != Some(wanted) && app.spellings.is_new(wanted) {
        let taken = near.or(release.locales.first().map(|locale| &**locale)).unwrap_or_default();
        tracing::warn!(
            locale = wanted,
            taken,
            "contacts arrive with a locale that no flow has; this is logged once"
        );
    }
    near.map(Locale::from)
}

/// Values stay out of the log: they may be sensitive.
fn tell(app: &App, incoming: &Incoming, refused: &[AttributeError]) {
    for refused in refused {
        tracing::warn!(
            call = %incoming.call,
            attribute = refused.name(),
            reason = refused.code(),
            error = %refused,
            "a call begins without one of its contact's attributes"
        );
        app.metrics.refused_attribute(refused);
    }
}

/// Most spellings remembered.
const MAX_SPELLINGS: usize = 200;

/// Locales that were told of, so that each is told once and not for every call.
#[derive(Debug, Default)]
pub(crate) struct Spellings(Mutex<BTreeSet<String>>);

impl Spellings {
    fn is_new(&self, spelling: &str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < MAX_SPELLINGS && told.insert(spelling.to_owned())
    }
}

/// An answer that the bridge flow survives.
async fn refused_turn(
    app: &App,
    incoming: &Incoming,
    refused: Refused,
) -> Result<FlatMap, Problem> {
    let news = incoming.is_news();
    match &refused {
        // Nothing has begun; the Lambda's next try may reach another process.
        Refused::Draining => return Err(refused.into()),
        // The turn goes on, and the Lambda's next try gets its answer: the caller must not go
        // another way before.
        Refused::Late => return Err(refused.into()),
        Refused::OutOfOrder { given, last } => {
            tracing::info!(call = %incoming.call, given, last, "an event came out of order; the latest answer is sent again");
            if let Some(answer) = latest(app, incoming).await {
                return Ok(answer.into_map());
            }
        }
        Refused::Engine(EngineError::Turn(TurnError::Ended { .. })) => {
            if let Ok(Some(loaded)) = app.turns.engine().calls().load(&incoming.call).await {
                return Ok(Answer::over(&loaded.call).into_map());
            }
        }
        // News come of all contacts, also of those that never were in the bridge flow, and in any
        // order: what is told of a call that its flow has again is no longer so.
        Refused::Engine(
            EngineError::NoCall { .. } | EngineError::Turn(TurnError::InFlow { .. }),
        ) if news => {
            return Ok(Answer::no_call().into_map());
        }
        // No caller waits for the answer: whoever sent the news shall send them again.
        _ if news => return Err(refused.into()),
        _ => {}
    }
    let reason = match &refused {
        Refused::Busy => Reason::Overload,
        Refused::Engine(EngineError::Turn(_) | EngineError::NoCall { .. }) => Reason::Refused,
        _ => Reason::Failed,
    };
    fallback(app, listener(incoming), reason, &refused)
}

/// The answer to the call's last turn, again.
async fn latest(app: &App, incoming: &Incoming) -> Option<Answer> {
    let calls = app.turns.engine().calls();
    let call = calls.load(&incoming.call).await.ok()??.call;
    let record = calls.turn(&incoming.call, call.answers_turn()).await.ok()??;
    Some(Answer::of_turn(incoming, &record, &call))
}

/// People take over: with words of ours and the queue that the release falls back to.
fn fallback(
    app: &App,
    listener: Listener<'_>,
    reason: Reason,
    error: &dyn std::fmt::Display,
) -> Result<FlatMap, Problem> {
    tracing::warn!(reason = reason.code(), %error, "a caller is sent to the fallback queue");
    app.metrics.fallback(reason.code());
    let queue = app.releases.live().fallback.queue.name.clone();
    match FallbackAnswer::new(Some(&queue)).or_else(|_| FallbackAnswer::new(None)) {
        Ok(fallback) => Ok(fallback.answer(listener, reason)),
        Err(error) => Err(Problem::internal(&error)),
    }
}
