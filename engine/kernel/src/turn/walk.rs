//! The walk from node to node: one visit, one move, the ways in which a call leaves its flow.

use serde_json::{Map, Value};

use dialgraph_base::{Name, Timestamp};
use dialgraph_flow::model::{Flow, Node, NodeIndex};

use super::room::FALLBACK_WORDS;
use super::{Cursor, Fault, Move, Turn, UNSAVED};
use crate::call::{Frame, PATH_KEPT, Parked, Place, Status, Waits};
use crate::contact::{ContactEvent, ContactStage, EndedBy};
use crate::directive::Then;
use crate::event::Event;
use crate::journal::Step;
use crate::nodes;
use crate::plugin::Speech;
use crate::values;

impl Turn {
    pub(super) fn enter(&mut self, index: NodeIndex) -> Result<Move, Fault> {
        let name = match self.frame() {
            Some(frame) => frame.at.flow.clone(),
            None => return Err(Fault::new("no-flow", "the call is in no flow")),
        };
        let flow = self.flow(&name)?;
        let node = flow.node(index);
        self.nodes += 1;
        self.call.visits += 1;
        let visit = self.call.visits;
        let at = Place { flow: name, node: node.id.clone() };
        if self.call.path.len() < PATH_KEPT {
            self.path_grew(at.flow.len() + at.node.len());
            self.call.path.push(at.clone());
        }
        if let Some(frame) = self.frame_mut() {
            frame.at = at;
            frame.visit = visit;
            frame.waits = Waits::Nothing;
        }
        let sensitive = self.is_sensitive(node);
        if let Some(frame) = self.frame_mut() {
            frame.sensitive = sensitive;
        }
        self.begin_step(node);
        let limit = self.release.limits.nodes_per_turn;
        if self.nodes > limit {
            return Err(Fault::new(
                "nodes-per-turn",
                format!(
                    "more than {limit} nodes in one turn: check for a loop that never waits for \
                    the caller"
                ),
            ));
        }
        nodes::enter(self, node)
    }

    pub(super) fn deliver(&mut self) -> Result<Move, Fault> {
        self.note_sensitive_answer();
        let limit = self.release.limits.turns_per_call;
        let beyond_the_flow = matches!(self.event, Event::HungUp | Event::Contact(_));
        if self.call.turn > limit && !beyond_the_flow {
            return Err(Fault::new(
                "turns-per-call",
                format!("more than {limit} turns in one call"),
            ));
        }
        match &self.event {
            Event::HungUp => return Ok(self.hung_up()),
            Event::Contact(event) => {
                let event = event.clone();
                return Ok(self.told(&event));
            }
            _ => {}
        }
        if self.call.frames.is_empty() {
            return Err(Fault::new(
                "no-flow",
                "the call was handed over and is no longer in a flow",
            ));
        }
        let (flow, index) = self.here()?;
        let node = flow.node(index);
        self.begin_step(node);
        let waits = match self.frame_mut() {
            Some(frame) => std::mem::replace(&mut frame.waits, Waits::Nothing),
            None => Waits::Nothing,
        };
        self.frames_changed();
        let event = self.event.clone();
        match (waits, event) {
            (Waits::Reply(parked), _) => Ok(self.take_up(parked)),
            (Waits::Channel, Event::DirectiveFailed(reason)) => {
                self.call.status = Status::Active;
                if let Some(contact) = &mut self.call.contact {
                    // Nobody waits for an agent.
                    (contact.handed_at, contact.queued_at) = (None, None);
                }
                nodes::directive_failed(self, node, &reason)
            }
            (Waits::Outside { until }, event) => nodes::outside(self, &flow, node, until, &event),
            (Waits::Ring { .. }, event) => nodes::rang(self, node, &event),
            (_, Event::Unanswered) => Err(Fault::new(
                "unexpected-event",
                format!("`{}` rang nobody who could fail to answer", node.id),
            )),
            (_, Event::DirectiveFailed(reason)) => {
                Err(Fault::new("directive-failed", format!("the channel failed: {reason}")))
            }
            (Waits::Answer { no_input, no_match, holds, repeats, offered }, event) => {
                let vain = nodes::ask::Vain { no_input, no_match, holds, repeats };
                nodes::answered(self, &flow, node, vain, offered.as_ref(), &event)
            }
            (Waits::Plugin(wait), event) => nodes::r#use::answer(self, node, wait, &event),
            (Waits::Nothing | Waits::Flow | Waits::Channel, event) => Err(Fault::new(
                "unexpected-event",
                format!("`{}` waits for nothing, but was told `{}`", node.id, event.word()),
            )),
        }
    }

    /// Makes a parked run again. Whatever the caller did meanwhile is not looked at.
    pub(super) fn take_up(&mut self, parked: Parked) -> Move {
        let Parked { run, replies, since, misses } = parked;
        self.entries.inherit(replies);
        if let Some(frame) = self.frame_mut() {
            // The time at which the wait began must outlive being parked again.
            let run = run.clone();
            frame.waits = Waits::Reply(Parked { run, replies: Vec::new(), since, misses });
        }
        Move::Run(run)
    }

    /// The channel is told nothing by this turn, so what it says next answers one before.
    pub(super) fn tells_nothing(&mut self) {
        let before = self.call.turn.saturating_sub(1);
        self.call.acted_on = Some(self.acted_on.unwrap_or(before));
    }

    /// Whether the flow has the call, and its caller is gone.
    pub(super) fn asks_nobody(&self) -> bool {
        self.call.is_in_flow() && self.call.caller_left() && !self.wrapping_up()
    }

    fn hung_up(&mut self) -> Move {
        self.told(&ContactEvent::new(ContactStage::Ended))
    }

    /// News of the contact: the record of the call was written when it was given away, and nothing
    /// is walked. A caller who leaves a flow ends it.
    fn told(&mut self, event: &ContactEvent) -> Move {
        if self.call.is_rung() && event.stage == ContactStage::Connected {
            return self.ring_taken(event);
        }
        let over = self.call.told(event, self.now);
        if !self.call.is_in_flow() {
            self.tells_nothing();
        }
        if !over {
            return Move::Wait(Then::HangUp);
        }
        match self.call.status.clone() {
            Status::Handed { disposition, queue } => {
                self.call.status = Status::Ended { disposition, queue };
                self.call.frames.clear();
                self.call.hooks.clear();
                self.frames_changed();
                Move::Wait(Then::HangUp)
            }
            Status::Ended { .. } => Move::Wait(Then::HangUp),
            Status::New | Status::Active => {
                // That nothing was heard of them does not say that they talked to anybody.
                let left_at = match event.stage {
                    ContactStage::Lost => Timestamp(0),
                    _ => event.at.unwrap_or(self.now),
                };
                let talked = self.call.left_a_conversation(left_at);
                if talked {
                    self.call.reached();
                }
                let disposition = if talked { nodes::transfer::TRANSFERRED } else { "abandoned" };
                let (disposition, then) = (disposition.into(), Then::HangUp);
                Move::End { disposition, then, comes_back: false }
            }
        }
    }

    /// Whoever is rung has answered: the flow still waits for the end of their conversation.
    fn ring_taken(&mut self, event: &ContactEvent) -> Move {
        self.call.ring_taken(event.agent.as_deref());
        self.tells_nothing();
        Move::Wait(Then::HangUp)
    }

    pub(super) fn follow(&mut self, moved: Move) -> Result<Cursor, Fault> {
        match moved {
            Move::Leave { port, to } => {
                if let Some(step) = self.steps.last_mut() {
                    step.port = port;
                }
                Ok(Cursor::Enter(to))
            }
            Move::Wait(_) if self.asks_nobody() => {
                Ok(self.end("abandoned".into(), Then::HangUp, false))
            }
            Move::Wait(then) => {
                self.sensitive_then = self.in_sensitive_visit();
                Ok(Cursor::Finish(then))
            }
            Move::Run(input) => Ok(Cursor::Run(input)),
            Move::Suspend => Err(Fault::new("engine", "only a plugin run can be suspended")),
            Move::Enter { flow, input } => {
                let limit = self.release.limits.depth as usize;
                if self.stack().len() >= limit {
                    return Err(Fault::new(
                        "depth",
                        format!("more than {limit} flows within flows"),
                    ));
                }
                let flow = self.flow(&flow)?;
                self.make_room(values::size(&input), "what the flow is given")?;
                if let Some(frame) = self.frame_mut() {
                    frame.waits = Waits::Flow;
                }
                self.set_defaults(&flow);
                let sensitive_input = self.in_sensitive_visit();
                self.push_frame(&flow, input);
                if let Some(frame) = self.frame_mut() {
                    frame.sensitive_input = sensitive_input;
                }
                Ok(Cursor::Enter(flow.start))
            }
            Move::Goto(flow) => {
                let flow = self.flow(&flow)?;
                self.stack_mut().clear();
                self.set_defaults(&flow);
                self.push_frame(&flow, Map::new());
                Ok(Cursor::Enter(flow.start))
            }
            Move::Return { port, values } => self.return_from_flow(port, values),
            Move::End { disposition, then, comes_back } => {
                Ok(self.end(disposition, then, comes_back))
            }
        }
    }

    pub(super) fn return_from_flow(
        &mut self,
        port: Name,
        values: Map<String, Value>,
    ) -> Result<Cursor, Fault> {
        if let Some(step) = self.steps.last_mut() {
            step.port = Some(port.clone());
        }
        if self.stack().len() > 1 {
            self.stack_mut().pop();
            self.frames_changed();
            let (flow, index) = self.here()?;
            let node = flow.node(index);
            self.begin_step(node);
            let moved = nodes::call::returned(self, node, &port, values)?;
            return self.follow(moved);
        }
        if self.wrapping_up() {
            return Ok(self.wrapped_up());
        }
        // A flow made for calling was entered directly: its return ends the call.
        Ok(self.end(port, Then::HangUp, false))
    }

    /// Gives the call away or ends it, with the `finally` flow first.
    pub(super) fn end(&mut self, disposition: Name, then: Then, comes_back: bool) -> Cursor {
        if self.wrapping_up() {
            // The `finally` flow itself came to an end; the call's own ending stands.
            return self.wrapped_up();
        }
        // Who left while they were to be called back can be called back, and nothing else.
        let (disposition, then, comes_back) = match then {
            Then::Queue(_) | Then::Transfer { .. } if self.call.caller_left() => {
                ("abandoned".into(), Then::HangUp, false)
            }
            then => (disposition, then, comes_back),
        };
        self.sensitive_then = self.in_sensitive_visit();
        let queue = match &then {
            Then::Queue(queue) | Then::Callback { queue, .. } => Some(queue.name.clone()),
            _ => None,
        };
        if comes_back {
            if let Some(frame) = self.frame_mut() {
                frame.waits = Waits::Channel;
            }
            self.call.status = Status::Handed { disposition, queue };
            self.call.handed(self.now);
        } else {
            self.call.frames.clear();
            self.call.hooks.clear();
            self.frames_changed();
            if let Then::HangUp = then {
                self.call.over(self.now, EndedBy::Flow);
                self.call.status = Status::Ended { disposition, queue };
            } else {
                self.call.handed(self.now);
                self.call.status = Status::Handed { disposition, queue };
            }
        }
        let finally = self.release.finally.as_ref().and_then(|name| self.release.flows.get(name));
        let Some(flow) = finally.cloned() else {
            return Cursor::Finish(then);
        };
        self.ending = Some(then);
        self.wrap_up(&flow)
    }

    /// Enters a flow that runs when the caller is no longer in one.
    pub(super) fn wrap_up(&mut self, flow: &Flow) -> Cursor {
        self.set_defaults(flow);
        let at = Place { flow: flow.name.clone(), node: flow.node(flow.start).id.clone() };
        self.call.wrap_up.push(Frame::new(at, Map::new()));
        Cursor::Enter(flow.start)
    }

    pub(super) fn wrapped_up(&mut self) -> Cursor {
        self.call.wrap_up.clear();
        // `finish` puts the directive that ends the call in its place.
        Cursor::Finish(Then::HangUp)
    }

    /// What goes on after a fault: where the flow says when an expression of its own fails, else
    /// the fallback.
    pub(super) fn way_out(&mut self, fault: Fault) -> Cursor {
        match fault.of_expression().then(|| self.error_target()).flatten() {
            Some(to) => {
                if let Some(step) = self.steps.last_mut() {
                    step.port = Some("error".into());
                    // What the plugin failed with says more than what `save` then made of it.
                    step.failure.get_or_insert_with(|| fault.failure().cut());
                }
                if let Some(frame) = self.frame_mut() {
                    frame.waits = Waits::Nothing;
                }
                Cursor::Enter(to)
            }
            None => self.fall_back(fault),
        }
    }

    /// The node at hand's own port `error`, else the flow's `on_error`. None where the node is that
    /// very one: it would only fail again.
    fn error_target(&self) -> Option<NodeIndex> {
        let (flow, index) = self.here().ok()?;
        let own = flow.node(index).kind.on_failure();
        own.or(flow.on_error).filter(|to| *to != index)
    }

    /// Nothing else can be done: the caller hears the release's words and goes to its fallback
    /// queue.
    pub(super) fn fall_back(&mut self, fault: Fault) -> Cursor {
        let failure = fault.failure().cut();
        match self.steps.last_mut() {
            Some(step) => step.failure = Some(failure),
            None => {
                let at = Place { flow: self.release.entry.clone(), node: "-".into() };
                self.steps.push(Step {
                    at,
                    line: 0,
                    kind: "fallback".into(),
                    visit: self.call.visits,
                    sensitive: false,
                    port: None,
                    why: None,
                    set: Vec::new(),
                    run: None,
                    failure: Some(failure),
                });
            }
        }
        if self.wrapping_up() {
            // Writing the record of a call must never keep its caller.
            return self.wrapped_up();
        }
        let second = matches!(
            &self.call.status,
            Status::Handed { disposition, .. } if matches!(&**disposition, "failed" | UNSAVED)
        );
        if second || self.event.is_end() {
            return self.end("failed".into(), Then::HangUp, false);
        }
        let release = self.release.clone();
        if let Some(prompt) = &release.fallback.prompt
            && let Ok(rendered) = prompt.render(&self.scope(None))
        {
            let speech = Speech::new(rendered.text, rendered.ssml);
            let bytes = values::size(&speech);
            // Said even where there is no room for anything else.
            if bytes <= FALLBACK_WORDS {
                self.recorded(bytes + 1);
                self.say.push(speech);
            }
        }
        self.end("failed".into(), Then::Queue(release.fallback.queue.clone()), false)
    }

    pub(super) fn begin_step(&mut self, node: &Node) {
        let Some(frame) = self.frame() else { return };
        let step = Step {
            at: frame.at.clone(),
            line: node.line,
            kind: node.kind.word().into(),
            visit: frame.visit,
            sensitive: frame.sensitive,
            port: None,
            why: None,
            set: Vec::new(),
            run: None,
            failure: None,
        };
        self.steps.push(step);
    }
}
