//! What an answer means behind the question which of two was meant.

use serde_json::{Value, json};

use dialgraph_flow::model::Expects;
use dialgraph_understanding::jiff::ToSpan;
use dialgraph_understanding::jiff::civil::Date;
use dialgraph_understanding::{choose, date, place_of_two};

use super::understand::{Answer, Question, answered, is_keys, phrases, understand};
use crate::call::Offered;
use crate::event::Event;

/// So many days from any day on, it is another month.
const OVER_A_MONTH: i64 = 40;

/// What `event` answers to a question behind which the caller was asked to decide between two.
/// `The second one` is then the second of these, unless the words name a choice themselves.
pub(super) fn understand_between(
    question: &Question<'_>,
    offered: Option<&Offered>,
    event: &Event,
) -> Answer {
    let answer = understand(question, event);
    let (Some(offered), Event::Said { text, confidence }) = (offered, event) else {
        return answer;
    };
    let decided = match answer {
        Answer::Hold { .. }
        | Answer::Repeat { .. }
        | Answer::Both { .. }
        | Answer::Either { .. } => true,
        // A figure alone is a key of the menu, or a value.
        Answer::Meant { .. } | Answer::Nothing { .. } => {
            is_keys(text.trim()) || choose(text, &phrases(question)).value().is_some()
        }
    };
    if decided {
        return answer;
    }
    let Some(place) = same_day(question, offered, text).or_else(|| place_of_two(text)) else {
        return answer;
    };
    let mut output = json!({ "digits": null, "text": text, "confidence": confidence });
    let port = match offered {
        Offered::Ports(ports) => {
            let port = &ports[place];
            if question.ask.expects.is_some() {
                output["value"] = answered(question.ask, port).into();
            }
            port.clone()
        }
        Offered::Values(values) => {
            output["value"] = values[place].clone();
            "value".to_owned()
        }
    };
    let why = if place == 0 { "the first of the two" } else { "the second of the two" };
    Answer::Meant { port, why: why.to_owned(), output }
}

/// `On the second`, asked about the second and the third of May: a day of the month, and no place.
fn same_day(question: &Question<'_>, offered: &Offered, text: &str) -> Option<usize> {
    let (Some(Expects::Date), Some(today), Offered::Values(values)) =
        (question.ask.expects, question.place.today, offered)
    else {
        return None;
    };
    let read = |from: Date| date(text, from).value().copied();
    let soon = read(today)?;
    let later = read(today.saturating_add(OVER_A_MONTH.days()))?;
    // A day that names its month is the same whenever it is said, and any other words than a day
    // of the month move from one to another.
    if soon.day() != later.day() || soon.month() == later.month() {
        return None;
    }
    let day = format!("-{:02}", soon.day());
    let is_day = |value: &Value| value.as_str().is_some_and(|date| date.ends_with(&day));
    values.iter().position(is_day)
}
