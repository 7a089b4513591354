//! `queue`: hands the caller to a queue.

use dialgraph_flow::model::ToQueue;

use crate::directive::Then;
use crate::turn::{Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, queue: &ToQueue) -> Result<Move, Fault> {
    if let Some(prompt) = &queue.prompt {
        super::say(turn, prompt)?;
    }
    Ok(Move::End {
        disposition: "queued".into(),
        then: Then::Queue(queue.queue.clone()),
        comes_back: true,
    })
}
