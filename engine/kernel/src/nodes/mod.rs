//! What each node kind does, one file per word of the flow file.

pub(crate) mod ask;
pub(crate) mod call;
mod callback;
mod end;
mod goto;
mod queue;
mod say;
mod set;
mod switch;
mod transfer;
pub(crate) mod r#use;

use serde_json::{Map, Value};

use dialgraph_flow::model::{
    Assignments, Expr, Flow, Name, Node, NodeIndex, NodeKind, Ports, Prompt,
};

use crate::plugin::{Failure, FailureKind, Speech};
use crate::turn::{Fault, Move, Turn};

/// First visit of a node.
pub(crate) fn enter(turn: &mut Turn, node: &Node) -> Result<Move, Fault> {
    match &node.kind {
        NodeKind::Say(say) => say::enter(turn, say),
        NodeKind::Ask(ask) => ask::enter(turn, ask),
        NodeKind::Switch(switch) => switch::enter(turn, switch),
        NodeKind::Set(set) => set::enter(turn, set),
        NodeKind::Use(used) => r#use::enter(turn, used),
        NodeKind::Call(call) => call::enter(turn, call),
        NodeKind::Goto(goto) => Ok(goto::enter(goto)),
        NodeKind::Queue(queue) => queue::enter(turn, queue),
        NodeKind::Callback(callback) => callback::enter(turn, callback),
        NodeKind::Transfer(transfer) => transfer::enter(turn, transfer),
        NodeKind::End(end) => end::enter(turn, end),
    }
}

/// The channel could not do what the node told it.
pub(crate) fn directive_failed(turn: &mut Turn, node: &Node, reason: &str) -> Result<Move, Fault> {
    let to = match &node.kind {
        NodeKind::Queue(queue) => queue.error,
        NodeKind::Callback(callback) => callback.error,
        NodeKind::Transfer(transfer) => transfer.error,
        _ => {
            return Err(Fault::new("directive-failed", format!("the channel failed: {reason}")));
        }
    };
    Ok(error(turn, to, "directive-failed", reason.to_owned()))
}

/// Leaves by port `error`, with the reason in the trace.
fn error(turn: &mut Turn, to: NodeIndex, code: &str, message: String) -> Move {
    if let Some(step) = turn.step_mut() {
        step.failure = Some(Failure {
            kind: FailureKind::Engine,
            code: code.to_owned(),
            message,
            backtrace: Vec::new(),
        });
    }
    Move::Leave { port: Some("error".into()), to }
}

/// Speaks a prompt in the call's locale.
fn say(turn: &mut Turn, prompt: &Prompt) -> Result<(), Fault> {
    let speech = render(turn, prompt)?;
    turn.say([speech]);
    Ok(())
}

fn render(turn: &Turn, prompt: &Prompt) -> Result<Speech, Fault> {
    let rendered = prompt.render(&turn.scope(None))?;
    Ok(Speech { text: rendered.text, ssml: rendered.ssml })
}

/// Evaluates named expressions into an object.
fn evaluate(turn: &Turn, values: &[(Name, Expr)]) -> Result<Map<String, Value>, Fault> {
    let scope = turn.scope(None);
    let mut object = Map::new();
    for (name, expr) in values {
        object.insert(name.to_string(), expr.eval(&scope)?);
    }
    Ok(object)
}

/// Sets attributes in order; later expressions see earlier values.
fn assign(turn: &mut Turn, assignments: &Assignments, output: Option<&Value>) -> Result<(), Fault> {
    for (name, expr) in assignments {
        assign_one(turn, name, expr, output)?;
    }
    Ok(())
}

fn assign_one(
    turn: &mut Turn,
    name: &Name,
    expr: &Expr,
    output: Option<&Value>,
) -> Result<(), Fault> {
    let flow = turn.here_flow()?;
    let value = expr.eval(&turn.scope(output))?;
    if &**name == "locale" {
        set_locale(turn, &flow, &value)?;
    } else {
        turn.set_attribute(name, value.clone())?;
    }
    let sensitive = turn.release.sensitive.contains(name);
    if let Some(step) = turn.step_mut() {
        step.set.push((name.clone(), if sensitive { Value::Null } else { value }));
    }
    Ok(())
}

fn set_locale(turn: &mut Turn, flow: &Flow, value: &Value) -> Result<(), Fault> {
    let wanted = value.as_str().unwrap_or_default();
    match flow.locales.iter().find(|locale| &***locale == wanted) {
        Some(locale) => {
            turn.call.locale = locale.clone();
            Ok(())
        }
        None => Err(Fault::new(
            "locale",
            format!("`locale` was set to {value}; flow `{}` has {:?}", flow.name, flow.locales),
        )),
    }
}

/// Leaves by a named port.
fn leave(ports: &Ports, port: &str, why: Option<String>, turn: &mut Turn) -> Result<Move, Fault> {
    let (name, to) = ports
        .get_key_value(port)
        .ok_or_else(|| Fault::new("unwired-port", format!("port `{port}` leads nowhere")))?;
    if why.is_some()
        && let Some(step) = turn.step_mut()
    {
        step.why = why;
    }
    Ok(Move::Leave { port: Some(name.clone()), to: *to })
}
