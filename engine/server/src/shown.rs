//! Calls as the API shows them: what a flow marks as sensitive is left out.

use std::collections::BTreeMap;

use serde_json::Value;

use dialgraph_api::Millis;
use dialgraph_api::calls::{
    After, Answer, CallId, Card, Choice, Digits, EndedBy, Link, Speech, Status, Then,
};
use dialgraph_base::{Digest, Timestamp};
use dialgraph_flow::Release;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::{call, contact, directive, plugin, show};

/// The answer to an event.
pub fn answer(call: &call::Call, record: &TurnRecord, repeated: bool) -> Answer {
    let say = &record.directives.say;
    Answer {
        call: CallId(call.id.to_string()),
        turn: record.turn,
        status: status(&call.status),
        repeated,
        say: say.iter().map(speech).collect(),
        then: then(&record.directives.then),
    }
}

/// Words, and what is shown with them.
fn speech(speech: &plugin::Speech) -> Speech {
    let link = |link: &show::Link| Link { url: link.url.clone(), label: link.label.clone() };
    let mut out = Speech { text: speech.text.clone(), ssml: speech.ssml, link: None, card: None };
    for shown in &speech.shown {
        match shown {
            show::Shown::Link(one) => out.link = Some(link(one)),
            show::Shown::Card(card) => {
                out.card = Some(Card {
                    title: card.title.clone(),
                    text: card.text.clone(),
                    image: card.image.clone(),
                    buttons: card.buttons.iter().map(link).collect(),
                });
            }
        }
    }
    out
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

fn choice(choice: &show::Choice) -> Choice {
    Choice { label: choice.label.clone(), value: choice.value.clone() }
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
            choices: accept.choices.iter().map(choice).collect(),
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
        directive::Then::Transfer { number, within_ms } => {
            Then::Transfer { number: number.clone(), within_ms: *within_ms }
        }
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
        contact: call.contact.as_ref().map(|known| contact(known, call.after)),
        attributes: attributes(call, release),
    }
}

/// What became of it beyond its flow.
fn contact(contact: &contact::Contact, after: contact::After) -> dialgraph_api::calls::Contact {
    let at = |at: Option<Timestamp>| at.map(|at| Millis(at.0));
    dialgraph_api::calls::Contact {
        handed_at_ms: at(contact.handed_at),
        queued_at_ms: at(contact.queued_at),
        connected_at_ms: at(contact.connected_at),
        agent: contact.agent.clone(),
        reached: contact.reached,
        attempts: contact.attempts,
        waited_ms: contact.waited(),
        ended_at_ms: at(contact.ended_at),
        ended_by: contact.ended_by.map(|by| match by {
            contact::EndedBy::Flow => EndedBy::Flow,
            contact::EndedBy::Channel => EndedBy::Channel,
            contact::EndedBy::Limit => EndedBy::Limit,
        }),
        after: match after {
            contact::After::None => After::None,
            contact::After::Due => After::Due,
            contact::After::Done => After::Done,
        },
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
