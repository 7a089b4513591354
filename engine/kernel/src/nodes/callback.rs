//! `callback`: promises a call back.

use dialgraph_base::phone::{NumberError, e164};
use serde_json::Value;

use dialgraph_flow::model::Callback;

use crate::directive::Then;
use crate::turn::{EXPRESSION, Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, callback: &Callback) -> Result<Move, Fault> {
    let number = match callback.number.eval(&turn.scope(None)) {
        Ok(Value::String(number)) => e164(&number, turn.release.country),
        Ok(_) => Err(NumberError::Missing),
        Err(error) => {
            return Ok(super::error(turn, callback.error, EXPRESSION, error.to_string()));
        }
    };
    // Nothing is promised before there is a number at which the promise can be kept.
    let number = match number {
        Ok(number) => number,
        Err(why) => {
            let source = callback.number.source();
            let message = format!("nobody can be called back at `{source}`: {why}");
            return Ok(match callback.no_number {
                Some(to) => super::leave_failed(turn, "no_number", to, "no-number", message),
                None => super::error(turn, callback.error, "no-number", message),
            });
        }
    };
    if let Some(prompt) = &callback.prompt {
        super::say(turn, prompt)?;
    }
    let then = Then::Callback { queue: callback.queue.clone(), number };
    Ok(Move::End { disposition: "callback".into(), then, comes_back: true })
}
