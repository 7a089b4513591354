//! Addresses of a call, and what arrived at them, within a turn.

use std::sync::Arc;

use dialgraph_base::{Name, Timestamp};

use super::{Fault, Turn};
use crate::outside::{Addresses, Arrival, OpenHook};
use crate::values;

/// What a turn knows of the outside, and what it does to it.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// Visits of the call before the turn.
    visits_before: u32,
    addresses: Option<Arc<Addresses>>,
    /// What has arrived and was not taken.
    arrived: Vec<Arrival>,
    /// What this turn took.
    pub(super) taken: Vec<Arrival>,
    /// Visits whose addresses this turn closed, though nothing had arrived.
    pub(super) closed: Vec<u32>,
}

impl Outside {
    pub(super) fn new(visits_before: u32) -> Self {
        Self { visits_before, ..Self::default() }
    }
}

/// Bytes of an open hook in a call, beside its name, and of an arrival beside its value.
const AROUND: usize = 96;

impl Turn {
    /// Gives what makes addresses; without it, no node can make one.
    #[must_use]
    pub fn with_addresses(mut self, addresses: Arc<Addresses>) -> Self {
        self.outside.addresses = Some(addresses);
        self
    }

    /// Gives what has arrived for the call's [open hooks](crate::call::Call::hooks) and was not
    /// taken yet.
    #[must_use]
    pub fn with_arrived(mut self, arrived: Vec<Arrival>) -> Self {
        self.outside.arrived = arrived;
        self
    }

    /// Opens a hook for the visit at hand, and gives its address.
    pub(crate) fn open_hook(&mut self, hook: &Name, until: Timestamp) -> Result<String, Fault> {
        let Some(visit) = self.frame().map(|frame| frame.visit) else {
            return Err(Fault::new("no-flow", "the call is in no flow"));
        };
        let Some(addresses) = &self.outside.addresses else {
            return Err(Fault::new("no-addresses", "whoever runs the turn makes no addresses"));
        };
        let url = addresses.url(hook, &self.call.id, visit);
        let bytes = hook.len() + AROUND;
        self.make_room(bytes, "an address")?;
        self.recorded(bytes);
        self.close_hook(hook);
        self.call.hooks.insert(hook.clone(), OpenHook { visit, until });
        Ok(url)
    }

    /// What has arrived at the call's address of a hook, which is then used up.
    pub(crate) fn take_arrival(
        &mut self,
        hook: &Name,
        sensitive: bool,
    ) -> Result<Option<Arrival>, Fault> {
        let Some(open) = self.call.hooks.get(hook) else { return Ok(None) };
        let fits = |arrival: &Arrival| arrival.visit == open.visit && arrival.hook == *hook;
        let Some(at) = self.outside.arrived.iter().position(fits) else { return Ok(None) };
        let bytes = values::size(&self.outside.arrived[at].value) + hook.len() + AROUND;
        self.make_room(bytes, "what has arrived")?;
        self.recorded(bytes);
        let mut arrival = self.outside.arrived.remove(at);
        arrival.sensitive |= sensitive || self.in_sensitive_visit();
        self.call.hooks.remove(hook);
        self.outside.taken.push(arrival.clone());
        Ok(Some(arrival))
    }

    /// Lets the call's address of a hook take nothing more.
    pub(crate) fn close_hook(&mut self, hook: &Name) {
        let Some(open) = self.call.hooks.remove(hook) else { return };
        if open.visit > self.outside.visits_before {
            // Whoever asks for what this very turn made is told to come again.
            return;
        }
        // What had arrived stands in the store, and keeps out everything else.
        if !self.outside.arrived.iter().any(|arrival| arrival.visit == open.visit) {
            self.outside.closed.push(open.visit);
        }
    }

    /// Marks the visit at hand as one of which nothing must be shown.
    pub(crate) fn hide_visit(&mut self) {
        if let Some(frame) = self.frame_mut() {
            frame.sensitive = true;
        }
        if let Some(step) = self.step_mut() {
            step.sensitive = true;
        }
    }
}
