//! `hook`: makes an address at which the outside can tell the call something.

use dialgraph_flow::model::OpenHook;
use serde_json::json;

use crate::scope::rfc3339;
use crate::turn::{Fault, Move, Turn};

pub(super) fn enter(turn: &mut Turn, node: &OpenHook) -> Result<Move, Fault> {
    let until = turn.now.after(node.hook.expires);
    let url = turn.open_hook(&node.hook.name, until)?;
    let output = json!({ "url": url, "expires_at": rfc3339(until) });
    super::assign(turn, &node.save, Some(&output))?;
    Ok(Move::Leave { port: None, to: node.next })
}
