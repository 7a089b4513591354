//! `transfer`: hands the caller to a telephone number outside, for good or if somebody answers.

use dialgraph_base::phone::e164;
use dialgraph_flow::model::{Ring, Transfer};
use serde_json::Value;

use crate::call::Waits;
use crate::directive::Then;
use crate::event::Event;
use crate::turn::{EXPRESSION, Fault, Move, Turn};

/// The disposition of a call whose caller somebody outside has.
pub(crate) const TRANSFERRED: &str = "transferred";

/// So long after its time a telephone may still ring, in milliseconds: the words before it take
/// their time, and the channel may round the time up.
const GRACE_MS: u64 = 30_000;

pub(super) fn enter(turn: &mut Turn, transfer: &Transfer) -> Result<Move, Fault> {
    let source = transfer.number.source();
    let number = match transfer.number.eval(&turn.scope(None)) {
        Ok(Value::String(number)) if (1..=super::MAX_NUMBER).contains(&number.len()) => number,
        Ok(other) => {
            let message = format!("`{source}` gave {other}; a number to transfer to is needed");
            return Ok(super::error(turn, transfer.error, "no-number", message));
        }
        Err(error) => {
            return Ok(super::error(turn, transfer.error, EXPRESSION, error.to_string()));
        }
    };
    let Some(ring) = &transfer.ring else {
        if let Some(prompt) = &transfer.prompt {
            super::say(turn, prompt)?;
        }
        let then = Then::Transfer { number, within_ms: None };
        return Ok(Move::End { disposition: TRANSFERRED.into(), then, comes_back: true });
    };
    // Nothing is said of a connection before there is a telephone that can ring.
    let number = match e164(&number, turn.release.country) {
        Ok(number) => number,
        Err(why) => {
            let message = format!("no telephone rings at `{source}`: {why}");
            return Ok(super::error(turn, transfer.error, "no-number", message));
        }
    };
    if let Some(prompt) = &transfer.prompt {
        super::say(turn, prompt)?;
    }
    let within_ms = u32::try_from(ring.within.as_millis()).unwrap_or(u32::MAX);
    let until = turn.now.after_ms(u64::from(within_ms) + GRACE_MS);
    if let Some(frame) = turn.frame_mut() {
        frame.waits = Waits::Ring { until, taken: false };
    }
    Ok(Move::Wait(Then::Transfer { number, within_ms: Some(within_ms) }))
}

/// What became of a telephone that rang.
pub(crate) fn rang(turn: &mut Turn, transfer: &Transfer, event: &Event) -> Result<Move, Fault> {
    let Some(Ring { answered, no_answer, .. }) = &transfer.ring else {
        return Err(Fault::new("unexpected-event", "nothing rang here"));
    };
    let (port, to) = match event {
        Event::Unanswered => match no_answer {
            Some(to) => ("no_answer", *to),
            None => {
                let nobody = "nobody answered in time".to_owned();
                return Ok(super::error(turn, transfer.error, "no-answer", nobody));
            }
        },
        Event::Resumed => {
            turn.reached();
            let Some(to) = answered else {
                let (disposition, then) = (TRANSFERRED.into(), Then::HangUp);
                return Ok(Move::End { disposition, then, comes_back: false });
            };
            ("answered", *to)
        }
        Event::DirectiveFailed(reason) => {
            let failed = "directive-failed";
            return Ok(super::error(turn, transfer.error, failed, reason.clone()));
        }
        other => {
            let message = format!("a telephone rings, but the flow was told `{}`", other.word());
            return Err(Fault::new("unexpected-event", message));
        }
    };
    Ok(Move::Leave { port: Some(port.into()), to })
}
