//! What expressions see of a call.

use std::borrow::Cow;

use serde_json::Value;

use dialgraph_flow::expr::Scope;

use crate::ports::Timestamp;
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
        let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        match name {
            "id" => text(Some(&call.id.0)),
            "from" => text(call.from.as_deref()),
            "to" => text(call.to.as_deref()),
            "channel" => text(Some(call.channel.as_str())),
            "locale" => text(Some(&call.locale)),
            "flow" => text(self.frame().map(|frame| &*frame.at.flow)),
            "started_at" => rfc3339(call.started_at).into(),
            "now" => rfc3339(self.now).into(),
            "path" => call.path.iter().map(|place| Value::from(place.to_string())).collect(),
            "turn" => call.turn.into(),
            "disposition" => text(call.status.disposition()),
            "queue" => text(call.status.queue()),
            _ => Value::Null,
        }
    }
}

/// What `call` has, as the language's documentation lists it.
const CALL_MEMBERS: [&str; 12] = [
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
}

/// RFC 3339 in UTC, to the millisecond where there is one.
///
/// By the days-from-civil algorithm of the proleptic Gregorian calendar, so that the kernel needs no
/// calendar library.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let (seconds, millis) = (at.0 / 1000, at.0 % 1000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, in eras of 400 years.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if millis == 0 { String::new() } else { format!(".{millis:03}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_rfc_3339_in_utc() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(Timestamp(951_782_400_000)), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(Timestamp(1_709_251_199_999)), "2024-02-29T23:59:59.999Z");
        assert_eq!(rfc3339(Timestamp(4_102_444_800_000)), "2100-01-01T00:00:00Z");
    }
}
