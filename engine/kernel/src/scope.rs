//! What expressions see of a call.

use std::borrow::Cow;

use serde_json::Value;

use dialgraph_base::Timestamp;
use dialgraph_flow::expr::Scope;

use crate::contact::{Contact, EndedBy};
use crate::turn::Turn;

/// The variables of one evaluation: attributes by name, `call`, `input` and, in a `save`, `output`.
pub(crate) struct CallScope<'a> {
    turn: &'a Turn,
    output: Option<&'a Value>,
}

impl Turn {
    pub(crate) fn scope<'a>(&'a self, output: Option<&'a Value>) -> CallScope<'a> {
        CallScope { turn: self, output }
    }

    fn call_variable(&self) -> Value {
        let members = CALL_MEMBERS.iter().map(|name| ((*name).to_owned(), self.call_member(name)));
        Value::Object(members.collect())
    }

    fn call_member(&self, name: &str) -> Value {
        let call = self.call();
        let contact = call.contact.as_ref();
        let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        match name {
            "id" => text(Some(&call.id.0)),
            "from" => text(call.from.as_deref()),
            "to" => text(call.to.as_deref()),
            "channel" => text(Some(call.medium.as_str())),
            "locale" => text(Some(&call.locale)),
            "flow" => text(self.frame().map(|frame| &*frame.at.flow)),
            "started_at" => rfc3339(call.started_at).into(),
            "now" => rfc3339(self.now).into(),
            "path" => call.path.iter().map(|place| Value::from(place.to_string())).collect(),
            "turn" => call.turn.into(),
            "disposition" => text(call.status.disposition()),
            "queue" => text(call.status.queue()),
            "agent" => text(contact.and_then(|contact| contact.agent.as_deref())),
            "answered" => contact.is_some_and(Contact::answered).into(),
            "waited" => {
                let waited = contact.and_then(Contact::waited);
                waited.map_or(Value::Null, |ms| (ms / 1000).into())
            }
            "ended_at" => {
                let at = contact.and_then(|contact| contact.ended_at);
                at.map_or(Value::Null, |at| rfc3339(at).into())
            }
            "ended_by" => text(contact.and_then(|contact| contact.ended_by).map(EndedBy::as_str)),
            "transcript" => text(self.transcript()),
            _ => Value::Null,
        }
    }
}

/// What `call` has, as the language's documentation lists it.
const CALL_MEMBERS: [&str; 18] = [
    "id",
    "from",
    "to",
    "channel",
    "locale",
    "flow",
    "started_at",
    "now",
    "path",
    "turn",
    "disposition",
    "queue",
    "agent",
    "answered",
    "waited",
    "ended_at",
    "ended_by",
    "transcript",
];

impl Scope for CallScope<'_> {
    fn variable(&self, root: &str) -> Option<Cow<'_, Value>> {
        match root {
            "call" => Some(Cow::Owned(self.turn.call_variable())),
            "input" => Some(Cow::Owned(Value::Object(
                self.turn.frame().map(|frame| frame.input.clone()).unwrap_or_default(),
            ))),
            "output" => self.output.map(Cow::Borrowed),
            "locale" => Some(Cow::Owned(Value::String(self.turn.call().locale.to_string()))),
            name => {
                let value = self.turn.call().attributes.get(name);
                Some(value.map_or(Cow::Owned(Value::Null), Cow::Borrowed))
            }
        }
    }

    // `call` is not kept as JSON; most expressions want one word of it.
    fn member(&self, root: &str, name: &str) -> Option<Cow<'_, Value>> {
        match root {
            "call" => Some(Cow::Owned(self.turn.call_member(name))),
            "input" => self.turn.frame()?.input.get(name).map(Cow::Borrowed),
            "output" => self.output?.get(name).map(Cow::Borrowed),
            attribute => self.turn.call().attributes.get(attribute)?.get(name).map(Cow::Borrowed),
        }
    }

    fn locale(&self) -> &str {
        &self.turn.call().locale
    }

    fn reads(&self) -> bool {
        !self.turn.call().channel().speaks()
    }
}

/// RFC 3339 in UTC, to the millisecond where there is one. A moment that no calendar reaches is
/// written as the last that one does.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let time = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let time = time.unwrap_or(jiff::Timestamp::MAX);
    if at.0.is_multiple_of(1000) { format!("{time:.0}") } else { format!("{time:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_rfc_3339_in_utc() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(Timestamp(951_782_400_000)), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(Timestamp(1_709_251_199_999)), "2024-02-29T23:59:59.999Z");
        assert_eq!(rfc3339(Timestamp(1_709_251_199_500)), "2024-02-29T23:59:59.500Z");
        assert_eq!(rfc3339(Timestamp(4_102_444_800_000)), "2100-01-01T00:00:00Z");
        assert_eq!(rfc3339(Timestamp(u64::MAX)), "9999-12-30T22:00:00.999Z");
    }
}
