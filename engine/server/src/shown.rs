//! Calls as the API shows them: what a flow marks as sensitive is left out.

use std::collections::BTreeMap;

use serde_json::Value;

use dialgraph_api::Millis;
use dialgraph_api::calls::{Answer, CallId, Digits, Speech, Status, Then};
use dialgraph_base::Digest;
use dialgraph_flow::Release;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::{call, directive};

/// The answer to an event.
pub fn answer(call: &call::Call, record: &TurnRecord, repeated: bool) -> Answer {
    let say = &record.directives.say;
    Answer {
        call: CallId(call.id.to_string()),
        turn: record.turn,
        status: status(&call.status),
        repeated,
        say: say.iter().map(|s| Speech { text: s.text.clone(), ssml: s.ssml }).collect(),
        then: then(&record.directives.then),
    }
}

/// How far a call has come.
fn status(status: &call::Status) -> Status {
    match status {
        call::Status::New => Status::New,
        call::Status::Active => Status::Active,
        call::Status::Handed { .. } => Status::Handed,
        call::Status::Ended { .. } => Status::Ended,
    }
}

/// What the channel must do.
fn then(then: &directive::Then) -> Then {
    match then {
        directive::Then::Ask(accept) => Then::Ask {
            speech: accept.speech,
            digits: accept.digits.as_ref().map(|digits| Digits {
                min: digits.min,
                max: digits.max,
                terminator: digits.terminator,
            }),
            timeout_ms: accept.timeout_ms,
            sensitive: accept.sensitive,
            hints: accept.hints.clone(),
        },
        directive::Then::Wait { ms } => Then::Wait { ms: *ms },
        directive::Then::Queue(queue) => Then::Queue {
            queue: queue.name.to_string(),
            priority: queue.priority,
            sla_seconds: queue.sla.map(|sla| sla.as_secs()),
        },
        directive::Then::Callback { queue, number } => {
            Then::Callback { queue: queue.name.to_string(), number: number.clone() }
        }
        directive::Then::Transfer { number } => Then::Transfer { number: number.clone() },
        directive::Then::HangUp => Then::HangUp,
    }
}

/// A call as it stands.
pub fn call(call: &call::Call, release: Option<&Release>) -> dialgraph_api::calls::Call {
    dialgraph_api::calls::Call {
        id: call.id.to_string(),
        release: digest(&call.release),
        channel: call.medium,
        locale: call.locale.to_string(),
        from: call.from.clone(),
        to: call.to.clone(),
        started_at_ms: Millis(call.started_at.0),
        status: status(&call.status),
        disposition: call.status.disposition().map(str::to_owned),
        queue: call.status.queue().map(str::to_owned),
        turn: call.turn,
        visits: call.visits,
        at: call.frames.last().map(|frame| frame.at.to_string()),
        attributes: attributes(call, release),
    }
}

/// The nodes visited, as `flow/node`.
pub fn path(call: &call::Call) -> Vec<String> {
    call.path.iter().map(call::Place::to_string).collect()
}

pub(crate) fn digest(digest: &Digest) -> dialgraph_api::Digest {
    dialgraph_api::Digest(digest.to_string())
}

/// Attributes, with null in the place of those that some flow marks as sensitive. Without the
/// release nobody knows which those are, and all are hidden.
fn attributes(call: &call::Call, release: Option<&Release>) -> BTreeMap<String, Value> {
    call.attributes
        .iter()
        .map(|(name, value)| {
            let hide = release.is_none_or(|release| release.sensitive.contains(name));
            (name.to_string(), if hide { Value::Null } else { value.clone() })
        })
        .collect()
}
