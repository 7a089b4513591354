//! What each node kind does, one file per word of the flow file.

pub(crate) mod ask;
mod r#await;
pub(crate) mod call;
mod callback;
mod end;
mod goto;
mod hook;
mod queue;
mod say;
mod set;
mod switch;
pub(crate) mod transfer;
pub(crate) mod r#use;

use serde_json::{Map, Value};

use dialgraph_base::locale;
use dialgraph_base::{Name, Timestamp, depth};
use dialgraph_flow::model::{Assignments, Expr, Flow, Node, NodeIndex, NodeKind, Ports, Prompt};

use crate::call::Offered;
use crate::event::Event;
use crate::plugin::{Failure, FailureKind, Speech};
use crate::scope::CallScope;
use crate::turn::{Fault, LOCALE, Move, Turn};

/// Bytes of a telephone number.
const MAX_NUMBER: usize = 256;

/// First visit of a node.
pub(crate) fn enter(turn: &mut Turn, node: &Node) -> Result<Move, Fault> {
    match &node.kind {
        NodeKind::Say(say) => say::enter(turn, say),
        NodeKind::Ask(ask) => ask::enter(turn, ask),
        NodeKind::Switch(switch) => switch::enter(turn, switch),
        NodeKind::Set(set) => set::enter(turn, set),
        NodeKind::Use(used) => r#use::enter(turn, used),
        NodeKind::Hook(hook) => hook::enter(turn, hook),
        NodeKind::Await(wait) => r#await::enter(turn, wait),
        NodeKind::Call(call) => call::enter(turn, call),
        NodeKind::Goto(goto) => Ok(goto::enter(goto)),
        NodeKind::Queue(queue) => queue::enter(turn, queue),
        NodeKind::Callback(callback) => callback::enter(turn, callback),
        NodeKind::Transfer(transfer) => transfer::enter(turn, transfer),
        NodeKind::End(end) => end::enter(turn, end),
    }
}

/// The caller answered a question of the call's own, or did not. `offered`: what they were asked
/// to decide between.
pub(crate) fn answered(
    turn: &mut Turn,
    flow: &Flow,
    node: &Node,
    so_far: ask::Vain,
    offered: Option<&Offered>,
    event: &Event,
) -> Result<Move, Fault> {
    match &node.kind {
        NodeKind::Ask(ask) => ask::answer(turn, flow, ask, so_far, offered, event),
        NodeKind::Say(_)
        | NodeKind::Switch(_)
        | NodeKind::Set(_)
        | NodeKind::Use(_)
        | NodeKind::Hook(_)
        | NodeKind::Await(_)
        | NodeKind::Call(_)
        | NodeKind::Goto(_)
        | NodeKind::Queue(_)
        | NodeKind::Callback(_)
        | NodeKind::Transfer(_)
        | NodeKind::End(_) => {
            Err(Fault::new("unexpected-answer", format!("`{}` asked nothing", node.id)))
        }
    }
}

/// Somebody's telephone rang for the node, and this came of it.
pub(crate) fn rang(turn: &mut Turn, node: &Node, event: &Event) -> Result<Move, Fault> {
    match &node.kind {
        NodeKind::Transfer(transfer) => transfer::rang(turn, transfer, event),
        NodeKind::Say(_)
        | NodeKind::Ask(_)
        | NodeKind::Switch(_)
        | NodeKind::Set(_)
        | NodeKind::Use(_)
        | NodeKind::Hook(_)
        | NodeKind::Await(_)
        | NodeKind::Call(_)
        | NodeKind::Goto(_)
        | NodeKind::Queue(_)
        | NodeKind::Callback(_)
        | NodeKind::End(_) => {
            Err(Fault::new("unexpected-event", format!("`{}` let nothing ring", node.id)))
        }
    }
}

/// The channel came back to a node that waits for somebody outside, or the caller did something.
pub(crate) fn outside(
    turn: &mut Turn,
    flow: &Flow,
    node: &Node,
    until: Timestamp,
    event: &Event,
) -> Result<Move, Fault> {
    match &node.kind {
        NodeKind::Await(wait) => r#await::look(turn, flow, wait, until, event),
        _ => Err(Fault::new("unexpected-event", format!("`{}` waits for nobody", node.id))),
    }
}

/// The channel could not do what the node told it.
pub(crate) fn directive_failed(turn: &mut Turn, node: &Node, reason: &str) -> Result<Move, Fault> {
    let to = node
        .kind
        .on_channel_failure()
        .ok_or_else(|| Fault::new("directive-failed", format!("the channel failed: {reason}")))?;
    Ok(error(turn, to, "directive-failed", reason.to_owned()))
}

/// Leaves by port `error`, with the reason in the trace.
fn error(turn: &mut Turn, to: NodeIndex, code: &str, message: String) -> Move {
    leave_failed(turn, "error", to, code, message)
}

/// Leaves by `port`, with the reason in the trace.
fn leave_failed(turn: &mut Turn, port: &str, to: NodeIndex, code: &str, message: String) -> Move {
    if let Some(step) = turn.step_mut() {
        step.failure = Some(
            Failure {
                kind: FailureKind::Engine,
                code: code.to_owned(),
                message,
                backtrace: Vec::new(),
            }
            .cut(),
        );
    }
    Move::Leave { port: Some(port.into()), to }
}

/// Speaks a prompt in the call's locale.
fn say(turn: &mut Turn, prompt: &Prompt) -> Result<(), Fault> {
    let speech = render(turn, prompt)?;
    turn.say(vec![speech])
}

fn render(turn: &Turn, prompt: &Prompt) -> Result<Speech, Fault> {
    spoken(prompt, &turn.scope(None))
}

/// The same, with `output` in reach.
fn render_with(turn: &Turn, prompt: &Prompt, output: &Value) -> Result<Speech, Fault> {
    spoken(prompt, &turn.scope(Some(output)))
}

fn spoken(prompt: &Prompt, scope: &CallScope<'_>) -> Result<Speech, Fault> {
    let rendered = prompt.render(scope)?;
    Ok(Speech::new(rendered.text, rendered.ssml))
}

/// The value of an expression that is kept: what is put into itself turn after turn must not get
/// too deep to be read.
fn value_of(expr: &Expr, scope: &CallScope<'_>) -> Result<Value, Fault> {
    let value = expr.eval(scope)?;
    depth::check(&value).map_err(|why| {
        Fault::new("expression", format!("the value of `{}`: {why}", expr.source()))
    })?;
    Ok(value)
}

/// Evaluates named expressions into an object.
fn evaluate(turn: &Turn, values: &[(Name, Expr)]) -> Result<Map<String, Value>, Fault> {
    let scope = turn.scope(None);
    let mut object = Map::new();
    for (name, expr) in values {
        object.insert(name.to_string(), value_of(expr, &scope)?);
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
    let value = value_of(expr, &turn.scope(output))?;
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
    // Attributes, plugins and callers' records spell locales in their own ways.
    match locale::nearest(wanted, flow.locales.iter().map(|locale| &**locale)) {
        Some(locale) => {
            turn.call.locale = locale.into();
            Ok(())
        }
        None => Err(Fault::new(
            LOCALE,
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
