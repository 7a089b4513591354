//! `say`: speaks and goes on.

use dialgraph_flow::model::Say;

use crate::turn::{Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, say: &Say) -> Result<Move, Fault> {
    super::say(turn, &say.prompt)?;
    Ok(Move::Leave { port: None, to: say.next })
}
