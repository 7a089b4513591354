//! What a reply must be to be journalled: nothing in it too long, too deep, or without a JSON form.

use dialgraph_base::depth;
use serde_json::Value;

use super::{HostAnswer, HostError, HostErrorKind, HostResult};

/// Bytes of an error's message that are kept.
const MESSAGE_BYTES: usize = 4 << 10;
/// Bytes of its code.
const CODE_BYTES: usize = 128;

/// Lists and maps within one another in a record. More than [`depth::MAX_DEPTH`], so that records
/// which were written when that limit was none can still be read.
const RECORD_DEPTH: usize = 128;

/// The reply, or an error in the place of one that could not be read again once it is stored.
pub fn sound(result: HostResult) -> HostResult {
    match result {
        Ok(answer) => match fault(&answer) {
            None => Ok(answer),
            Some(what) => Err(HostError::new(
                HostErrorKind::Other,
                "unusable-reply",
                format!("the reply cannot be kept, so it is not used: {what}"),
            )),
        },
        Err(mut error) => {
            cut(&mut error.message, MESSAGE_BYTES);
            cut(&mut error.code, CODE_BYTES);
            Err(error)
        }
    }
}

/// What is wrong with an answer.
fn fault(answer: &HostAnswer) -> Option<String> {
    let deep = |value: Option<&Value>, what: &str| {
        let error = value.map(depth::check)?.err()?;
        Some(format!("{what}: {error}"))
    };
    let number = |number: f64, what: &str| {
        (!number.is_finite()).then(|| format!("{what} is {number}, which JSON cannot hold"))
    };
    let record = |data: &Value| {
        (!depth::fits(data, RECORD_DEPTH))
            .then(|| format!("a record is nested more than {RECORD_DEPTH} lists and maps deep"))
    };
    match answer {
        HostAnswer::RecordsGet(found) => found.as_ref().and_then(|found| record(&found.data)),
        HostAnswer::RecordsFind(page) => page.records.iter().find_map(|found| record(&found.data)),
        HostAnswer::NluRecognize(recognition) => {
            let card = |message: &super::nlu::Message| deep(message.card.as_ref(), "a card");
            let doubt = |interpretation: &super::nlu::Interpretation| {
                let confidence = interpretation.confidence.into_iter();
                let feelings = interpretation.sentiment.as_ref().map(|sentiment| {
                    [sentiment.positive, sentiment.negative, sentiment.neutral, sentiment.mixed]
                });
                let mut all = confidence.chain(feelings.into_iter().flatten());
                all.find_map(|found| number(found, "a confidence"))
            };
            deep(recognition.session.rest.as_ref(), "`rest` of the session")
                .or_else(|| recognition.messages.iter().find_map(card))
                .or_else(|| recognition.interpretations.iter().find_map(doubt))
        }
        HostAnswer::GenaiConverse(response) => deep(response.trace.as_ref(), "the trace"),
        HostAnswer::KnowledgeSearch(passages) => {
            passages.iter().find_map(|passage| number(passage.score, "a score"))
        }
        HostAnswer::RecordsSearch(page) => {
            let unfit = |hit: &super::records::Hit| {
                let score = (!(hit.score > 0.0 && hit.score <= 1.0)).then(|| {
                    format!("a hit has the score {}; scores are above 0, to 1", hit.score)
                });
                score.or_else(|| record(&hit.record.data))
            };
            page.hits.iter().find_map(unfit)
        }
        HostAnswer::RecordsPut(_)
        | HostAnswer::RecordsDelete
        | HostAnswer::TicketsCreate(_)
        | HostAnswer::SecretsOpen
        | HostAnswer::HttpSend(_) => None,
    }
}

/// Cuts `text` to about so many bytes, and says so in it.
pub(crate) fn cut(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(bytes));
        let cut = whole - text.len();
        text.push_str(&format!("… ({cut} bytes cut)"));
    }
}
