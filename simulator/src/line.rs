//! What lies between the caller and the engine.
//!
//! A simulated call usually speaks to its engine directly. A [`Line`] takes the place of that: whatever stands in between
//! in production, such as a contact centre, so that a script can be run through it, too. The engine, the clock, the mocks
//! and the script stay as they are.

use std::sync::Arc;

use dialgraph_kernel::call::Call;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_runtime::{Answer, Engine, Start};
use dialgraph_store::MemoryStore;

use crate::clock::{SharedClock, VirtualClock};
use crate::session::{Action, SessionError, Setup};
use crate::world::MockedWorld;

/// A way to reach the engine.
pub trait Line: Send {
    /// The contact arrives.
    ///
    /// # Errors
    /// When the call cannot begin.
    fn start(&mut self, desk: &mut Desk<'_>) -> Result<(), SessionError>;

    /// The caller, or the channel, does something, until the caller is waited for again.
    ///
    /// # Errors
    /// When that cannot be done here.
    fn act(&mut self, desk: &mut Desk<'_>, action: &Action) -> Result<(), SessionError>;
}

/// The engine's end of a line.
pub struct Desk<'s> {
    pub(crate) engine: &'s Engine,
    pub(crate) clock: &'s SharedClock,
    pub(crate) world: &'s MockedWorld,
    pub(crate) store: &'s Arc<MemoryStore>,
    pub(crate) setup: &'s Setup,
    pub(crate) call: &'s mut Option<Call>,
    pub(crate) turns: &'s mut Vec<TurnRecord>,
}

impl std::fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("setup", &self.setup).finish_non_exhaustive()
    }
}

impl Desk<'_> {
    /// Begins the call, or repeats the answer that `token` got.
    ///
    /// # Errors
    /// As the engine's.
    pub fn start(&mut self, start: Start, token: &str) -> Result<Answer, SessionError> {
        let answer = self.clock.0.run(self.engine.start(start, token))?;
        self.keep(&answer);
        Ok(answer)
    }

    /// Tells the engine of an event, or repeats the answer that `token` got.
    ///
    /// # Errors
    /// As the engine's.
    pub fn turn(&mut self, event: Event, token: &str) -> Result<Answer, SessionError> {
        let answer = self.clock.0.run(self.engine.turn(&self.setup.id, event, token))?;
        self.keep(&answer);
        Ok(answer)
    }

    /// Who calls, when and how.
    pub fn setup(&self) -> &Setup {
        self.setup
    }

    pub fn clock(&self) -> &VirtualClock {
        &self.clock.0
    }

    /// The same, for an engine elsewhere that goes by it.
    pub fn shared_clock(&self) -> &SharedClock {
        self.clock
    }

    /// What plugins ask, with the script's mocks.
    pub fn world(&self) -> &MockedWorld {
        self.world
    }

    /// The store of this call.
    pub fn store(&self) -> &Arc<MemoryStore> {
        self.store
    }

    /// The call as it stands; none before it began.
    pub fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    /// All turns so far.
    pub fn turns(&self) -> &[TurnRecord] {
        self.turns
    }

    /// Keeps what an engine elsewhere made of the call, which has this store: the call as it stands, and the turns that
    /// are not kept yet.
    pub fn take(&mut self, call: Call, turns: impl IntoIterator<Item = TurnRecord>) {
        *self.call = Some(call);
        self.turns.extend(turns);
    }

    fn keep(&mut self, answer: &Answer) {
        *self.call = Some(answer.call.clone());
        if !answer.repeated {
            self.turns.push(answer.record.clone());
        }
    }
}
