//! `goto`: goes on in another flow for good.

use dialgraph_flow::model::Goto;

use crate::turn::Move;

pub(super) fn enter(goto: &Goto) -> Move {
    Move::Goto(goto.flow.clone())
}
