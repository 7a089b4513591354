//! `call`: runs another flow and goes on by the port that it returns.

use serde_json::{Map, Value};

use dialgraph_flow::model::{CallFlow, Node, NodeKind};

use crate::turn::{Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, call: &CallFlow) -> Result<Move, Fault> {
    let input = super::evaluate(turn, &call.with)?;
    Ok(Move::Enter { flow: call.flow.clone(), input })
}

/// The called flow came back.
pub(crate) fn returned(
    turn: &mut Turn,
    node: &Node,
    port: &str,
    values: Map<String, Value>,
) -> Result<Move, Fault> {
    let NodeKind::Call(call) = &node.kind else {
        return Err(Fault::new("unexpected-return", format!("`{}` called no flow", node.id)));
    };
    super::assign(turn, &call.save, Some(&Value::Object(values)))?;
    super::leave(&call.ports, port, None, turn)
}
