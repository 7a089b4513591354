//! Calls as the API shows them: what a flow marks as sensitive is left out.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};

use dialgraph_flow::Release;
use dialgraph_kernel::call::{Call, Place, Status};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::plugin::Speech;

/// The answer to an event.
#[derive(Debug, Serialize)]
pub struct AnswerView<'a> {
    pub call: &'a str,
    /// Give this back with the next event.
    pub turn: u32,
    pub status: &'static str,
    /// The event had been answered before; this is that answer.
    pub repeated: bool,
    pub say: &'a [Speech],
    pub then: Value,
}

impl<'a> AnswerView<'a> {
    pub fn of(call: &'a Call, record: &'a TurnRecord, repeated: bool) -> Self {
        Self {
            call: &call.id.0,
            turn: record.turn,
            status: status(&call.status),
            repeated,
            say: &record.directives.say,
            then: then(&record.directives.then),
        }
    }
}

/// The word for how far a call has come.
pub fn status(status: &Status) -> &'static str {
    match status {
        Status::New => "new",
        Status::Active => "active",
        Status::Handed { .. } => "handed",
        Status::Ended { .. } => "ended",
    }
}

/// What the channel must do, with its `action` first.
pub fn then(then: &Then) -> Value {
    match then {
        Then::Ask(accept) => json!({
            "action": "ask",
            "speech": accept.speech,
            "digits": accept.digits,
            "timeout_ms": accept.timeout_ms,
            "sensitive": accept.sensitive,
            "hints": accept.hints,
        }),
        Then::Wait { ms } => json!({ "action": "wait", "ms": ms }),
        Then::Queue(queue) => json!({
            "action": "queue",
            "queue": queue.name,
            "priority": queue.priority,
            "sla_seconds": queue.sla.map(|sla| sla.as_secs()),
        }),
        Then::Callback { queue, number } => {
            json!({ "action": "callback", "queue": queue.name, "number": number })
        }
        Then::Transfer { number } => json!({ "action": "transfer", "number": number }),
        Then::HangUp => json!({ "action": "hang_up" }),
    }
}

/// A call as it stands.
pub fn call(call: &Call, release: Option<&Release>) -> Value {
    json!({
        "id": call.id,
        "release": call.release,
        "channel": call.channel,
        "locale": call.locale,
        "from": call.from,
        "to": call.to,
        "started_at_ms": call.started_at,
        "status": status(&call.status),
        "disposition": call.status.disposition(),
        "queue": call.status.queue(),
        "turn": call.turn,
        "visits": call.visits,
        "at": call.frames.last().map(|frame| frame.at.to_string()),
        "attributes": attributes(call, release),
    })
}

/// The nodes visited, as `flow/node`.
pub fn path(call: &Call) -> Vec<String> {
    call.path.iter().map(Place::to_string).collect()
}

/// Attributes, with null in the place of those that some flow marks as sensitive. Without the release nobody
/// knows which those are, and all are hidden.
fn attributes(call: &Call, release: Option<&Release>) -> Map<String, Value> {
    call.attributes
        .iter()
        .map(|(name, value)| {
            let hide = release.is_none_or(|release| release.sensitive.contains(name));
            (name.to_string(), if hide { Value::Null } else { value.clone() })
        })
        .collect()
}

/// Takes out of a turn's record what must not be shown: the words or keys of a sensitive answer, and of every
/// sensitive visit what it asked of the world, logged, said, and told of its failure. Gives the functions of the
/// host calls taken out.
pub fn hide(record: &mut TurnRecord) -> Vec<&'static str> {
    // Records of before visits had marks of their own tell only of the answer.
    let answered = record.steps.first().filter(|_| record.sensitive).map(|step| step.visit);
    if record.sensitive {
        match &mut record.event {
            Event::Said { text, confidence } => {
                text.clear();
                *confidence = None;
            }
            Event::Pressed(keys) => keys.clear(),
            _ => {}
        }
    }
    let mut visits: BTreeSet<u32> = answered.into_iter().collect();
    for step in record.steps.iter_mut().filter(|step| step.sensitive) {
        visits.insert(step.visit);
        if let Some(run) = &mut step.run {
            run.logs.clear();
        }
        if let Some(failure) = &mut step.failure {
            failure.message.clear();
            failure.backtrace.clear();
        }
    }
    for at in &record.sensitive_say {
        if let Some(speech) = record.directives.say.get_mut(*at) {
            speech.text.clear();
        }
    }
    if record.sensitive_then {
        match &mut record.directives.then {
            Then::Ask(accept) => accept.hints.clear(),
            Then::Callback { number, .. } | Then::Transfer { number } => number.clear(),
            Then::Wait { .. } | Then::Queue(_) | Then::HangUp => {}
        }
    }
    let hides = |visit: u32| visits.contains(&visit);
    let hidden = record
        .entries
        .iter()
        .filter(|entry| hides(entry.visit))
        .map(|entry| entry.call.function())
        .collect();
    record.entries.retain(|entry| !hides(entry.visit));
    hidden
}
