//! `end`: returns to the calling flow, or hangs up.

use dialgraph_flow::model::{End, Ending};

use crate::directive::Then;
use crate::turn::{Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, end: &End) -> Result<Move, Fault> {
    if let Some(prompt) = &end.prompt {
        super::say(turn, prompt)?;
    }
    match &end.how {
        Ending::Return { port, values } => {
            let values = super::evaluate(turn, values)?;
            Ok(Move::Return { port: port.clone(), values })
        }
        Ending::HangUp { disposition } => Ok(Move::End {
            disposition: disposition.clone(),
            then: Then::HangUp,
            comes_back: false,
        }),
    }
}
