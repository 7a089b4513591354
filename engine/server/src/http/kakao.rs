//! `POST /v1/kakao/skill`: a message of somebody who writes to a KakaoTalk chatbot in, what they
//! read out.
//!
//! Kakao names who writes and nothing else: no chat, no message. A chat is therefore a call whose
//! id is made of the person and the day, so that every process finds it without having seen it
//! before; it is over when its flow has ended it or given it away, or after
//! `kakao.idle_limit`. A message answers the call's last turn, whose number is its token: of one
//! that arrives twice at once both get the one answer, and a different one that came at the same
//! moment answers the next turn.
//!
//! Whoever writes always reads something: what goes wrong here is told in words, with status 200,
//! for Kakao shows nothing of any other.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use dialgraph_base::{CallId, Digest, Medium, Name};
use dialgraph_kakao::{Message, PayloadError, SkillResponse};
use dialgraph_kernel::attributes;
use dialgraph_kernel::call::{Call, Status};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::Speech;
use dialgraph_kernel::turn::TurnError;
use dialgraph_runtime::{CallsError, EngineError, Start, TurnRequest};
use serde_json::Value;

use super::problem::Problem;
use super::{Body, auth};
use crate::reaper::HUNG_UP;
use crate::state::App;
use crate::turns::{Answered, Refused};
use crate::waits;

/// The path.
pub(super) const PATH: &str = "/v1/kakao/skill";

/// Where the secret stands.
const SECRET: &str = "x-skill-secret";
/// Milliseconds of a day.
const DAY: u64 = 24 * 60 * 60 * 1_000;
/// So often a message looks again where it belongs, when others come between.
const ATTEMPTS: usize = 8;
/// Directives in a row that this channel cannot carry out.
const MOST_FAILED: usize = 8;

pub(super) async fn skill(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = body.0?;
    let config = &app.config.kakao;
    if !config.hears() {
        let detail = "this server takes no messages of KakaoTalk; set `kakao.secrets`";
        return Err(Problem::new(StatusCode::NOT_FOUND, "no-such-path", detail));
    }
    if !auth::single(&headers, SECRET).is_some_and(|secret| app.credentials.is_of_kakao(secret)) {
        app.metrics.refused_signature("kakao-secret");
        tracing::warn!("a message of KakaoTalk has no valid `{SECRET}`");
        return Err(auth::unsigned());
    }
    let message = Message::parse(&body).map_err(|error| match error {
        PayloadError::TooLarge { .. } => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", error.to_string())
        }
        PayloadError::Unreadable { .. } | PayloadError::User { .. } => {
            Problem::new(StatusCode::BAD_REQUEST, "not-kakao", error.to_string())
        }
    })?;
    if config.bot.as_ref().is_some_and(|bot| bot.trim_end_matches('!') != message.bot) {
        let detail = "the message is to another bot than `kakao.bot`";
        return Err(Problem::new(StatusCode::FORBIDDEN, "other-bot", detail));
    }
    let response = match chat(&app, &message).await {
        Ok((say, answered)) => {
            let then = &answered.record.directives.then;
            SkillResponse::of(&say, then, &answered.call.locale)
        }
        Err(error) => {
            tracing::error!(%error, "a message of KakaoTalk has no answer of the engine");
            app.metrics.fallback("kakao");
            let live = app.releases.live();
            let locale = live.locales.first().map_or("", |locale| &**locale);
            SkillResponse::sorry(locale)
        }
    };
    Ok(Json(response).into_response())
}

/// Why there is no answer of the engine.
#[derive(Debug, thiserror::Error)]
enum ChatError {
    #[error(transparent)]
    Calls(#[from] CallsError),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("other messages came between each of the {ATTEMPTS} times that it was tried")]
    Crowded,
}

/// What is said to a message, and the turn that it ends with.
async fn chat(app: &App, message: &Message) -> Result<(Vec<Speech>, Answered), ChatError> {
    let stem = stem(message);
    for _ in 0..ATTEMPTS {
        let now = app.clock.millis();
        let found = find(app, &stem, now).await?;
        let request = match &found.latest {
            Some(call) if is_open(call) => match answer_to(app, call, message, now).await? {
                Some(request) => request,
                None => {
                    end(app, call).await?;
                    continue;
                }
            },
            Some(call) if matches!(call.status, Status::Handed { .. }) => {
                // Whoever writes to the bot again is no longer with those it gave them to.
                end(app, call).await?;
                start(app, &found.next, message)
            }
            _ => start(app, &found.next, message),
        };
        let event = request.1;
        match handle(app, request.0).await {
            // Another message came first, and this was taken for it.
            Ok(answered) if answered.repeated && answered.record.event != event => {}
            Ok(answered) => return settled(app, answered).await,
            Err(
                Refused::OutOfOrder { .. }
                | Refused::Engine(EngineError::Turn(TurnError::Ended { .. })),
            ) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
    Err(ChatError::Crowded)
}

/// What the person is to read, with what came after directives that nobody can carry out here: no
/// telephone rings, and nobody is called back.
async fn settled(app: &App, mut answered: Answered) -> Result<(Vec<Speech>, Answered), ChatError> {
    let mut say = answered.record.directives.say.clone();
    for _ in 0..MOST_FAILED {
        let fails = match &answered.record.directives.then {
            Then::Transfer { within_ms, .. } => within_ms.is_some(),
            Then::Callback { .. } => true,
            Then::Ask(_) | Then::Wait { .. } | Then::Queue(_) | Then::HangUp => false,
        };
        if !fails {
            break;
        }
        let turn = answered.record.turn;
        let event = Event::DirectiveFailed("KakaoTalk has no telephone".to_owned());
        let request = TurnRequest::event(answered.call.id.clone(), event, turn.to_string());
        answered = handle(app, request.after(Some(turn))).await?;
        say.extend(answered.record.directives.say.iter().cloned());
    }
    Ok((say, answered))
}

async fn handle(app: &App, request: TurnRequest) -> Result<Answered, Refused> {
    let answered = app.turns.handle(request).await?;
    waits::note(app, &answered).await;
    Ok(answered)
}

/// What the calls of one person have in common. Nobody can tell the person from it.
fn stem(message: &Message) -> String {
    let of = Digest::of(format!("{}\n{}", message.bot, message.user).as_bytes());
    let hex = of.hex();
    format!("kakao-{}", &hex[..32])
}

/// The latest call of a person, and the id of one that would begin now.
struct Found {
    latest: Option<Call>,
    next: CallId,
}

/// A chat that began yesterday may go on today; none is idle for a day.
async fn find(app: &App, stem: &str, now: u64) -> Result<Found, CallsError> {
    let day = now / DAY;
    let today = count(app, stem, day).await?;
    let next = id(stem, day, today);
    let latest = match today.checked_sub(1) {
        Some(last) => Some(id(stem, day, last)),
        None => {
            let yesterday = day.saturating_sub(1);
            let count = count(app, stem, yesterday).await?;
            count.checked_sub(1).map(|last| id(stem, yesterday, last))
        }
    };
    let latest = match latest {
        Some(id) => app.turns.engine().calls().load(&id).await?.map(|loaded| loaded.call),
        None => None,
    };
    Ok(Found { latest, next })
}

fn id(stem: &str, day: u64, number: u32) -> CallId {
    CallId(format!("{stem}-{day}-{number}").into())
}

/// How many calls a person began on a day. They are numbered without a gap, and none of the last
/// two days has been deleted: doubled steps find the end.
async fn count(app: &App, stem: &str, day: u64) -> Result<u32, CallsError> {
    let calls = app.turns.engine().calls();
    let (mut known, mut beyond) = (0, 1);
    // `known` of them are there; number `beyond - 1` is not, once the first loop is over.
    while calls.load(&id(stem, day, beyond - 1)).await?.is_some() {
        known = beyond;
        beyond *= 2;
    }
    while beyond - known > 1 {
        let middle = known + (beyond - known) / 2;
        match calls.load(&id(stem, day, middle - 1)).await? {
            Some(_) => known = middle,
            None => beyond = middle,
        }
    }
    Ok(known)
}

fn is_open(call: &Call) -> bool {
    matches!(call.status, Status::New | Status::Active)
}

/// The turn that a message asks an open call for, with its event; none if the person was away for
/// too long.
async fn answer_to(
    app: &App,
    call: &Call,
    message: &Message,
    now: u64,
) -> Result<Option<(TurnRequest, Event)>, CallsError> {
    let turn = call.answers_turn();
    let record = app.turns.engine().calls().turn(&call.id, turn).await?;
    let idle = u64::try_from(app.config.kakao.idle_limit.as_millis()).unwrap_or(u64::MAX);
    let mut event = match &message.words {
        words if words.is_empty() => Event::Silent,
        words => Event::Said { text: words.clone(), confidence: None },
    };
    if let Some(record) = record {
        if now.saturating_sub(record.at.0) > idle {
            return Ok(None);
        }
        // Whatever they write, they want to go on.
        if matches!(record.directives.then, Then::Wait { .. }) {
            event = Event::Resumed;
        }
    }
    let request = TurnRequest::event(call.id.clone(), event.clone(), turn.to_string());
    Ok(Some((request.after(Some(turn)), event)))
}

/// The first turn of a call, with what its flow may know of the message.
fn start(app: &App, id: &CallId, message: &Message) -> (TurnRequest, Event) {
    let release = app.releases.for_call(id);
    let own = [
        ("kakao_user", Some(&message.user)),
        ("kakao_block", message.block.as_ref()),
        ("kakao_words", Some(&message.words)),
    ];
    let own = own.into_iter().filter_map(|(name, text)| Some((name, Value::from(text?.clone()))));
    let of_block = message.parameters.iter().map(|(name, value)| (name.as_str(), value.clone()));
    // A block may have parameters that are not for the flow.
    let given: BTreeMap<Name, Value> = of_block
        .chain(own)
        .map(|(name, value)| (Name::from(name), value))
        .filter(|(name, _)| release.attribute(name).is_some())
        .collect();
    let taken = attributes::read(&release, None, given);
    for refused in &taken.refused {
        tracing::warn!(
            call = %id,
            attribute = refused.name(),
            reason = refused.code(),
            error = %refused,
            "a chat begins without one of its attributes"
        );
        app.metrics.refused_attribute(refused);
    }
    let start = Start {
        seed: app.seed(id),
        id: id.clone(),
        channel: Medium::Chat.into(),
        locale: None,
        from: None,
        to: None,
        flow: None,
        attributes: taken.attributes,
    };
    (TurnRequest::start(start, "start"), Event::Entered)
}

/// Ends a chat whose person has gone.
async fn end(app: &App, call: &Call) -> Result<(), Refused> {
    let request = TurnRequest::event(call.id.clone(), Event::HungUp, HUNG_UP);
    match handle(app, request).await {
        Ok(_) | Err(Refused::Engine(EngineError::Turn(TurnError::Ended { .. }))) => Ok(()),
        Err(refused) => Err(refused),
    }
}
