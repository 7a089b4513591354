//! `use`: runs a plugin.

use std::sync::Arc;

use serde_json::{Value, json};

use dialgraph_base::Timestamp;
use dialgraph_flow::model::{Node, NodeKind, Use};

use crate::call::{PluginWait, Waits};
use crate::directive::Then;
use crate::event::{Event, PluginInput};
use crate::journal::RunStep;
use crate::plugin::{
    Failure, FailureKind, HostCalls, Invocation, PluginEvent, RunReport, RunResult,
};
use crate::ports::{HostCall, HostResult};
use crate::provider::Caller;
use crate::show::Choice;
use crate::turn::{Fault, Move, NO_ROOM, Turn, TurnHost};
use crate::values;

/// One host call of a run, on its way to the journal or the host.
pub(crate) struct HostAsk {
    pub(crate) visit: u32,
    pub(crate) n: u32,
    pub(crate) call: HostCall,
    pub(crate) caller: Caller,
    pub(crate) deadline: Timestamp,
}

pub(super) fn enter(turn: &mut Turn, used: &Use) -> Result<Move, Fault> {
    let input = match input(turn, used) {
        Ok(input) => input,
        Err(failure) => return failed(turn, used, failure),
    };
    Ok(Move::Run(PluginInput {
        event: PluginEvent::Entered,
        input,
        state: None,
        turn: 0,
        host_calls: 0,
    }))
}

/// What `with` gives the plugin, as JSON.
fn input(turn: &Turn, used: &Use) -> Result<String, Failure> {
    match super::evaluate(turn, &used.with) {
        Ok(input) => Ok(Value::Object(input).to_string()),
        Err(fault) => Err(Failure {
            kind: FailureKind::BadConfig,
            code: fault.code.to_owned(),
            message: format!("`with`: {}", fault.message),
            backtrace: Vec::new(),
        }),
    }
}

/// The caller answered the plugin's ask. Its `with` is evaluated anew: attributes cannot have
/// changed.
pub(crate) fn answer(
    turn: &mut Turn,
    node: &Node,
    wait: PluginWait,
    event: &Event,
) -> Result<Move, Fault> {
    let used = of(node)?;
    let event = match event {
        Event::Said { text, confidence } => {
            PluginEvent::Said { text: text.clone(), confidence: *confidence }
        }
        Event::Pressed(keys) => PluginEvent::Pressed(keys.clone()),
        _ => PluginEvent::Silent,
    };
    let input = match input(turn, used) {
        Ok(input) => input,
        Err(failure) => return failed(turn, used, failure),
    };
    Ok(Move::Run(PluginInput {
        event,
        input,
        state: Some(wait.state),
        turn: wait.turn,
        host_calls: wait.host_calls,
    }))
}

/// Makes a run: to its end, or to a host call without a reply.
pub(crate) fn run(
    turn: &mut Turn,
    host: &mut dyn TurnHost,
    input: PluginInput,
) -> Result<Move, Fault> {
    let (flow, index) = turn.here()?;
    let node = flow.node(index);
    let used = of(node)?;
    let Some(pin) = turn.release.plugins.get(&used.plugin).cloned() else {
        let message = format!("the release has no plugin `{}`", used.plugin);
        return Err(Fault::new("no-plugin", message));
    };
    let Some(frame) = turn.frame() else {
        return Err(Fault::new("no-flow", "the call is in no flow"));
    };
    let visit = frame.visit;
    let since = match &frame.waits {
        Waits::Reply(parked) => parked.since,
        _ => turn.now,
    };
    let timeout = used.timeout;
    let plugins = turn.plugins.clone();
    let call = turn.call();
    let (id, locale) = (call.id.clone(), call.locale.clone());
    let (channel, started_at) = (call.channel(), call.started_at);
    let (from, to) = (call.from.clone(), call.to.clone());
    // With the place in it: two processes that race for a call may give one number to different
    // nodes.
    let invocation_id: Arc<str> = format!("{id}/{visit}/{}", frame_at(turn)).into();
    let seed = mix(call.seed, visit, input.turn);
    // A run that is made again must see the clock of its first time, or it would ask for something
    // else.
    let now = since;

    let mut recorder = Recorder {
        caller: Caller {
            call_id: id.clone(),
            release: turn.call().release,
            locale: locale.clone(),
            plugin: used.plugin.clone(),
            now,
            idempotency_key: invocation_id.clone(),
        },
        turn,
        host,
        visit,
        invocation_id: invocation_id.clone(),
        first: input.host_calls,
        next: input.host_calls,
        deadline: since.after(timeout),
        fault: None,
    };
    let invocation = Invocation {
        call_id: &id,
        channel,
        locale: &locale,
        caller: from.as_deref(),
        dialed: to.as_deref(),
        started_at,
        now,
        flow: &flow.name,
        node: &node.id,
        invocation_id: &invocation_id,
        turn: input.turn,
        seed,
        config: &used.config,
        input: &input.input,
        state: input.state.as_deref(),
        event: &input.event,
        limits: Some(pin.limits),
    };
    let report = plugins.run(&pin.digest, &invocation, &mut recorder);
    let (fault, host_calls) = (recorder.fault, (recorder.first, recorder.next));
    let RunReport { result, logs, cost } = report;
    if matches!(result, RunResult::Suspended) && fault.is_none() {
        if turn.waiting_for().is_some() {
            return Ok(Move::Suspend);
        }
        return Err(Fault::new("engine", "a run stopped without a host call that waits"));
    }
    if let Some(step) = turn.step_mut() {
        let plugin = used.plugin.clone();
        let digest = pin.digest;
        step.run = Some(RunStep { plugin, digest, host_calls, logs, logs_dropped: 0, cost });
    }
    // What was logged goes before what the plugin has to say.
    if let Err(fault) = turn.settle() {
        return failed(turn, used, limit(fault, "the run"));
    }
    if let Some(fault) = fault {
        let kind = match fault.code {
            "timeout" => FailureKind::Timeout,
            NO_ROOM => FailureKind::Limit,
            _ => FailureKind::Engine,
        };
        let failure = Failure {
            kind,
            code: fault.code.to_owned(),
            message: fault.message,
            backtrace: Vec::new(),
        };
        return failed(turn, used, failure);
    }
    match result {
        RunResult::Done(done) => {
            let words = values::size(&done.say);
            if let Err(fault) = turn.make_room_in_visit(words, "what the plugin says") {
                return failed(turn, used, limit(fault, "`say`"));
            }
            if let Err(fault) = save(turn, used, &done.output, false) {
                return failed(turn, used, limit(fault, "`save`"));
            }
            if let Err(fault) = turn.say(done.say) {
                return failed(turn, used, limit(fault, "`say`"));
            }
            super::leave(&used.ports, &done.port, None, turn)
        }
        RunResult::Ask(_) if turn.wrapping_up() => {
            let failure = Failure {
                kind: FailureKind::Contract,
                code: "nobody-there".to_owned(),
                message: "the plugin asks the caller, but the call is over".to_owned(),
                backtrace: Vec::new(),
            };
            failed(turn, used, failure)
        }
        RunResult::Ask(mut ask) => {
            // What the plugin expects to be said is what can be chosen.
            if turn.call().channel().shows() {
                ask.accept.choices = ask.accept.hints.iter().map(Choice::of).collect();
            }
            let kept = values::size(&ask.state) + 2 * values::size(&ask.accept);
            let words = values::size(&ask.say);
            let room = turn.make_room_in_visit(kept + words, "what the plugin asks");
            if let Err(fault) = room.and_then(|()| turn.say(ask.say)) {
                return failed(turn, used, limit(fault, "`ask`"));
            }
            turn.plugin_wait(PluginWait {
                state: ask.state,
                turn: input.turn + 1,
                host_calls: host_calls.1,
                sensitive: ask.accept.sensitive,
            });
            Ok(Move::Wait(Then::Ask(ask.accept)))
        }
        RunResult::Failed(failure) => failed(turn, used, failure),
        RunResult::Suspended => Err(Fault::new("engine", "a run stopped without a reason")),
    }
}

fn limit(fault: Fault, what: &str) -> Failure {
    Failure {
        kind: FailureKind::Limit,
        code: fault.code.to_owned(),
        message: format!("{what}: {}", fault.message),
        backtrace: Vec::new(),
    }
}

/// Leaves by `error`.
fn failed(turn: &mut Turn, used: &Use, failure: Failure) -> Result<Move, Fault> {
    let failure = failure.cut();
    let output = json!({ "error": {
        "kind": failure.kind.as_str(),
        "code": failure.code,
        "message": failure.message,
    }});
    if let Some(step) = turn.step_mut() {
        step.failure = Some(failure);
    }
    save(turn, used, &output, true)?;
    super::leave(&used.ports, "error", None, turn)
}

/// `save` of a `use` node: what reads `output.error` belongs to port `error`, the rest to all other
/// ports.
fn save(turn: &mut Turn, used: &Use, output: &Value, failed: bool) -> Result<(), Fault> {
    for (name, expr) in &used.save {
        if expr.reads("output", "error") == failed {
            super::assign_one(turn, name, expr, Some(output))?;
        }
    }
    Ok(())
}

/// Where the innermost frame stands, for names of visits.
fn frame_at(turn: &Turn) -> String {
    turn.frame().map(|frame| frame.at.to_string()).unwrap_or_default()
}

fn of(node: &Node) -> Result<&Use, Fault> {
    match &node.kind {
        NodeKind::Use(used) => Ok(used),
        _ => Err(Fault::new("unexpected-run", format!("`{}` uses no plugin", node.id))),
    }
}

/// Stands between a running plugin and the world: journal first, then the host.
struct Recorder<'a> {
    turn: &'a mut Turn,
    host: &'a mut dyn TurnHost,
    caller: Caller,
    visit: u32,
    invocation_id: Arc<str>,
    first: u32,
    next: u32,
    deadline: Timestamp,
    /// Set when the run must not go on; the plugin is stopped as if a reply were missing.
    fault: Option<Fault>,
}

impl HostCalls for Recorder<'_> {
    fn call(&mut self, call: HostCall) -> Option<HostResult> {
        if self.fault.is_some() {
            return None;
        }
        let n = self.next;
        let mut caller = self.caller.clone();
        caller.idempotency_key = format!("{}/{n}", self.invocation_id).into();
        let ask = HostAsk { visit: self.visit, n, call, caller, deadline: self.deadline };
        match self.turn.reply(self.host, ask)? {
            Ok(result) => {
                self.next += 1;
                Some(result)
            }
            Err(fault) => {
                self.fault = Some(fault);
                None
            }
        }
    }
}

/// The seed of one run: SplitMix64's finaliser over the call's seed and the run's place in the
/// call.
fn mix(seed: u64, visit: u32, turn: u32) -> u64 {
    let mut z = seed.wrapping_add(
        (u64::from(visit) << 32 | u64::from(turn)).wrapping_mul(0x9e37_79b9_7f4a_7c15),
    );
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
