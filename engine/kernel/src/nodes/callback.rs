//! `callback`: promises a call back.

use serde_json::Value;

use dialgraph_flow::model::Callback;

use crate::directive::Then;
use crate::turn::{Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, callback: &Callback) -> Result<Move, Fault> {
    let number = match callback.number.eval(&turn.scope(None)) {
        Ok(Value::String(number)) if !number.is_empty() => number,
        Ok(other) => {
            let source = callback.number.source();
            let message = format!("`{source}` gave {other}; a number to call back is needed");
            return Ok(super::error(turn, callback.error, "no-number", message));
        }
        Err(error) => {
            return Ok(super::error(turn, callback.error, "expression", error.to_string()));
        }
    };
    if let Some(prompt) = &callback.prompt {
        super::say(turn, prompt)?;
    }
    let then = Then::Callback { queue: callback.queue.clone(), number };
    Ok(Move::End { disposition: "callback".into(), then, comes_back: true })
}
