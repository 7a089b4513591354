//! What must not be shown of a visit.
//!
//! A flow marks attributes and answers as sensitive; what follows from that is told here, where it
//! is known, and kept in the record of the turn. A visit is sensitive when its expressions read a
//! sensitive attribute, when it writes one, from the first sensitive answer that its plugin got,
//! and from the first host call for a collection with sensitive fields. The mark stays with the
//! visit, however often it waits for the caller or is parked. Whoever shows a record leaves out
//! what is marked; the kernel itself leaves out nothing, since a turn must be made again from its
//! record.

use std::sync::Arc;

use dialgraph_flow::model::{Expr, Node, NodePrompt};

use super::Turn;
use crate::call::Waits;
use crate::event::Event;
use crate::ports::HostCall;

impl Turn {
    /// Whether a visit of `node` is sensitive from its beginning.
    pub(super) fn is_sensitive(&self, node: &Node) -> bool {
        let reads = |expr: &Expr| self.reads_sensitive(expr);
        let speaks = |said: NodePrompt<'_>| said.prompt.expressions().any(&reads);
        node.kind.prompts().into_iter().any(speaks)
            || node.kind.expressions().into_iter().any(reads)
            || node.kind.recorded().into_iter().any(|name| self.release.sensitive.contains(name))
    }

    fn reads_sensitive(&self, expr: &Expr) -> bool {
        let given = self.frame().is_some_and(|frame| frame.sensitive_input);
        let hidden = |root: &Arc<str>| match &**root {
            "input" => given,
            name => self.release.sensitive.contains(name),
        };
        expr.roots().iter().any(hidden)
    }

    /// Notes what the event of this turn means for the visit that waits for it. Before anything can
    /// fail: a fault must not show what was to stay hidden.
    pub(super) fn note_sensitive_answer(&mut self) {
        let asks = self.here().is_ok_and(|(flow, index)| flow.node(index).kind.asks_in_secret());
        let words = matches!(self.event, Event::Said { .. } | Event::Pressed(_));
        let Some(frame) = self.frame_mut() else { return };
        let secret = match &frame.waits {
            Waits::Plugin(wait) => {
                frame.sensitive |= wait.sensitive;
                wait.sensitive
            }
            Waits::Answer { .. } => asks,
            // A caller who has to wait may go on with what was not to be shown.
            Waits::Reply(_) | Waits::Outside { .. } => frame.sensitive && words,
            Waits::Nothing | Waits::Flow | Waits::Channel | Waits::Ring { .. } => false,
        };
        self.sensitive = secret;
    }

    /// Notes what a host call of the visit at hand means for it. Before it is made: also what is
    /// asked for may be what must not be shown.
    pub(super) fn note_sensitive_call(&mut self, call: &HostCall) {
        let hidden = &self.release.sensitive_collections;
        if !call.collection().is_some_and(|collection| hidden.contains(collection)) {
            return;
        }
        if let Some(frame) = self.frame_mut() {
            frame.sensitive = true;
        }
        if let Some(step) = self.step_mut() {
            step.sensitive = true;
        }
    }

    /// Whether the visit at hand is sensitive.
    pub(super) fn in_sensitive_visit(&self) -> bool {
        self.frame().is_some_and(|frame| frame.sensitive)
    }
}
