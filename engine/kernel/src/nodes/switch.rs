//! `switch`: the first case that holds.

use serde_json::Value;

use dialgraph_flow::model::Switch;

use crate::turn::{EXPRESSION, Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, switch: &Switch) -> Result<Move, Fault> {
    for (condition, to) in &switch.cases {
        match condition.eval(&turn.scope(None))? {
            Value::Bool(true) => {
                if let Some(step) = turn.step_mut() {
                    step.why = Some(condition.source().to_owned());
                }
                return Ok(Move::Leave { port: None, to: *to });
            }
            Value::Bool(false) => {}
            other => {
                let source = condition.source();
                return Err(Fault::new(
                    EXPRESSION,
                    format!("`{source}` gave {other}; a condition must give true or false"),
                ));
            }
        }
    }
    if let Some(step) = turn.step_mut() {
        step.why = Some("otherwise".to_owned());
    }
    Ok(Move::Leave { port: None, to: switch.otherwise })
}
