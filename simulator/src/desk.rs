//! The engine of one simulated call, with everything that it stands on.

use std::sync::Arc;

use dialgraph_kernel::call::{Call, Status};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::plugin::Accept;
use dialgraph_runtime::{Answer, Engine, Releases, Start, TurnRequest};
use dialgraph_store::MemoryStore;

use crate::clock::{SharedClock, VirtualClock};
use crate::session::{CallSetup, Fixture, SessionError};
use crate::world::MockedWorld;

/// An engine in virtual time with one call, its store and its mocks, and what came of the call so
/// far. A [`Line`](crate::line::Line) tells it of events.
pub struct Desk {
    engine: Engine,
    clock: SharedClock,
    world: MockedWorld,
    store: Arc<MemoryStore>,
    setup: CallSetup,
    call: Option<Call>,
    turns: Vec<TurnRecord>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("setup", &self.setup).finish_non_exhaustive()
    }
}

impl Desk {
    /// Before the call.
    pub(crate) fn new(fixture: &Fixture, setup: CallSetup) -> Self {
        let clock = SharedClock(Arc::new(VirtualClock::new(setup.at)));
        let store =
            Arc::new(MemoryStore::from_snapshot(&fixture.baseline, Arc::new(clock.clone())));
        let inner = (fixture.providers)(&store, &clock);
        let world = MockedWorld::new(inner, clock.clone(), setup.mocks.clone());
        let engine = Engine::new(
            store.clone(),
            Arc::new(Releases::new(fixture.release.clone())),
            fixture.plugins.clone(),
            Arc::new(world.clone()),
            Arc::new(clock.clone()),
            fixture.rules.clone(),
        );
        Self { engine, clock, world, store, setup, call: None, turns: Vec::new() }
    }

    /// Begins the call, or repeats the answer that `token` got.
    ///
    /// # Errors
    /// As the engine's.
    pub fn start(&mut self, start: Start, token: &str) -> Result<Answer, SessionError> {
        self.request(TurnRequest::start(start, token))
    }

    /// Tells the engine of an event, or repeats the answer that `token` got.
    ///
    /// # Errors
    /// As the engine's.
    pub fn turn(&mut self, event: Event, token: &str) -> Result<Answer, SessionError> {
        self.request(TurnRequest::event(self.setup.id.clone(), event, token))
    }

    /// Runs the `after` flow if it is due: as on a server, nobody asks for it.
    pub(crate) fn run_after(&mut self) -> Result<(), SessionError> {
        if self.call.as_ref().is_some_and(Call::is_after_due) {
            self.turn(Event::After, "after")?;
        }
        Ok(())
    }

    fn request(&mut self, request: TurnRequest) -> Result<Answer, SessionError> {
        let answer = self.clock.0.run(self.engine.turn(request))?;
        self.call = Some(answer.call.clone());
        if !answer.repeated {
            self.turns.push(answer.record.clone());
        }
        Ok(answer)
    }

    /// Keeps what an engine elsewhere made of the call, which has this store: the call as it
    /// stands, and the turns that are not kept yet.
    pub fn take(&mut self, call: Call, turns: impl IntoIterator<Item = TurnRecord>) {
        self.call = Some(call);
        self.turns.extend(turns);
    }

    /// Puts the call back to where it was after its first `turns` turns; clock, store and mocks are
    /// put back by whoever holds their states.
    pub(crate) fn restore(&mut self, call: Option<Call>, turns: usize) {
        let changed = self.turns.len() != turns;
        self.call = call;
        self.turns.truncate(turns);
        if changed {
            self.engine.forget_in_flight(&self.setup.id);
        }
    }

    /// Who calls, when and how.
    pub fn setup(&self) -> &CallSetup {
        &self.setup
    }

    pub fn clock(&self) -> &VirtualClock {
        &self.clock.0
    }

    /// The same, for an engine elsewhere that goes by it.
    pub fn shared_clock(&self) -> &SharedClock {
        &self.clock
    }

    /// What plugins ask, with the script's mocks.
    pub fn world(&self) -> &MockedWorld {
        &self.world
    }

    /// The store of this call.
    pub fn store(&self) -> &Arc<MemoryStore> {
        &self.store
    }

    /// The call as it stands; none before it began.
    pub fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    /// All turns so far.
    pub fn turns(&self) -> &[TurnRecord] {
        &self.turns
    }

    /// What the caller is asked now, if anything.
    pub fn asked(&self) -> Option<&Accept> {
        match self.turns.last().map(|turn| &turn.directives.then) {
            Some(Then::Ask(accept)) => Some(accept),
            _ => None,
        }
    }

    /// Whether the flow waits for a provider now.
    pub fn is_waiting(&self) -> bool {
        matches!(self.turns.last().map(|turn| &turn.directives.then), Some(Then::Wait { .. }))
    }

    /// For how long somebody outside is rung now, in milliseconds; none if nobody is.
    pub fn rings(&self) -> Option<u32> {
        self.call.as_ref().filter(|call| call.is_rung())?;
        // News of the contact are turns that tell the channel nothing.
        let news = |turn: &&TurnRecord| matches!(turn.event, Event::Contact(_));
        match self.turns.iter().rfind(|turn| !news(turn))?.directives.then {
            Then::Transfer { within_ms, .. } => within_ms,
            _ => None,
        }
    }

    /// True when nothing more can happen.
    pub fn is_over(&self) -> bool {
        matches!(self.call.as_ref().map(|call| &call.status), Some(Status::Ended { .. }))
    }
}
