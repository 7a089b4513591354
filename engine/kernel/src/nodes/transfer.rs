//! `transfer`: hands the caller to a telephone number outside.

use serde_json::Value;

use dialgraph_flow::model::Transfer;

use crate::directive::Then;
use crate::turn::{EXPRESSION, Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, transfer: &Transfer) -> Result<Move, Fault> {
    let number = match transfer.number.eval(&turn.scope(None)) {
        Ok(Value::String(number)) if (1..=super::MAX_NUMBER).contains(&number.len()) => number,
        Ok(other) => {
            let source = transfer.number.source();
            let message = format!("`{source}` gave {other}; a number to transfer to is needed");
            return Ok(super::error(turn, transfer.error, "no-number", message));
        }
        Err(error) => {
            return Ok(super::error(turn, transfer.error, EXPRESSION, error.to_string()));
        }
    };
    if let Some(prompt) = &transfer.prompt {
        super::say(turn, prompt)?;
    }
    let then = Then::Transfer { number };
    Ok(Move::End { disposition: "transferred".into(), then, comes_back: true })
}
