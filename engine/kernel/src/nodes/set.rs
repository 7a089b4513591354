//! `set`: gives attributes new values.

use dialgraph_flow::model::Set;

use crate::turn::{Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, set: &Set) -> Result<Move, Fault> {
    super::assign(turn, &set.assign, None)?;
    Ok(Move::Leave { port: None, to: set.next })
}
