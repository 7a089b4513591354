//! The engine of one simulated call, with everything that it stands on.

use std::collections::BTreeMap;
use std::sync::Arc;

use dialgraph_base::Name;
use dialgraph_flow::model::NodeKind;
use dialgraph_kernel::call::{Call, Status, Waits};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::plugin::Accept;
use dialgraph_runtime::{Addressed, Answer, Engine, Releases, Start, Target, Told, TurnRequest};
use dialgraph_store::MemoryStore;
use serde_json::Value;

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
    told: Vec<Telling>,
    /// The last address of each hook: the visit that made it.
    opened: BTreeMap<Name, u32>,
}

/// Where addresses begin in a simulation.
const ADDRESSES: &str = "https://desk.example/v1/hooks";

/// Something that somebody outside told, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Telling {
    /// Turns before it.
    pub turns: usize,
    pub hook: Name,
    pub value: Value,
    /// The value must not be shown.
    pub sensitive: bool,
    pub told: Told,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("setup", &self.setup).finish_non_exhaustive()
    }
}

/// Whether a node saves what arrives at the hook to an attribute that is not to be shown.
fn is_kept_in_secret(target: &Target) -> bool {
    let release = &target.release;
    let nodes = release.flows.values().flat_map(|flow| &flow.nodes);
    nodes
        .filter_map(|node| match &node.kind {
            NodeKind::Await(node) if node.hook.name == target.hook.name => Some(&node.save),
            _ => None,
        })
        .flatten()
        .any(|(name, _)| release.sensitive.contains(name))
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
        )
        .reached_at(ADDRESSES)
        .with_open_addresses();
        let (turns, told, opened) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { engine, clock, world, store, setup, call: None, turns, told, opened }
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
        let hooks = answer.call.hooks.iter();
        self.opened.extend(hooks.map(|(hook, open)| (hook.clone(), open.visit)));
        if !answer.repeated {
            self.turns.push(answer.record.clone());
        }
        Ok(answer)
    }

    /// Keeps what an engine elsewhere made of the call, which has this store: the call as it
    /// stands, and the turns that are not kept yet.
    pub fn take(&mut self, call: Call, turns: impl IntoIterator<Item = TurnRecord>) {
        let hooks = call.hooks.iter();
        self.opened.extend(hooks.map(|(hook, open)| (hook.clone(), open.visit)));
        self.call = Some(call);
        self.turns.extend(turns);
    }

    /// Puts the call back to where it was after its first `turns` turns; clock, store and mocks are
    /// put back by whoever holds their states.
    pub(crate) fn restore(&mut self, call: Option<Call>, turns: usize, told: usize) {
        let changed = self.turns.len() != turns;
        self.told.truncate(told);
        self.call = call;
        self.turns.truncate(turns);
        if changed {
            self.engine.forget_in_flight(&self.setup.id);
        }
    }

    /// Somebody outside tells the call something, at its last address of a hook: as the server
    /// hears it, but for the proof of who tells.
    ///
    /// # Errors
    /// If there is no such address, or the hook does not take the value.
    pub fn tell(&mut self, hook: &Name, value: &Value) -> Result<Told, SessionError> {
        let no_address = || SessionError::NoAddress { hook: hook.to_string() };
        let visit = *self.opened.get(hook).ok_or_else(no_address)?;
        let url = self.address(hook, visit)?;
        let token = url.rsplit('/').next().unwrap_or_default();
        let addressed = self.clock.0.run(self.engine.addressed(hook, token))?;
        let (target, told) = match addressed {
            Addressed::Unknown | Addressed::NotYet => return Err(no_address()),
            Addressed::Closed(target) => (target, Told::Closed),
            Addressed::Open(target) => {
                target.hook.check(value).map_err(|error| SessionError::BadValue {
                    hook: hook.to_string(),
                    why: error.to_string(),
                })?;
                let told = self.clock.0.run(self.engine.tell(&target, value.clone()))?;
                (target, told)
            }
        };
        self.told.push(Telling {
            turns: self.turns.len(),
            hook: hook.clone(),
            value: value.clone(),
            sensitive: target.hook.sensitive || is_kept_in_secret(&target),
            told,
        });
        Ok(told)
    }

    fn address(&self, hook: &str, visit: u32) -> Result<String, SessionError> {
        Ok(self.clock.0.run(self.engine.address(&self.setup.id, hook, visit))?)
    }

    /// The addresses that take something, by hook.
    ///
    /// # Errors
    /// As the engine's.
    pub fn addresses(&self) -> Result<Vec<(Name, String)>, SessionError> {
        let open = self.call.iter().flat_map(|call| &call.hooks);
        open.map(|(hook, open)| Ok((hook.clone(), self.address(hook, open.visit)?))).collect()
    }

    /// What somebody outside told so far.
    pub fn told(&self) -> &[Telling] {
        &self.told
    }

    /// Whether the flow waits for somebody outside.
    pub fn awaits_outside(&self) -> bool {
        let frame = self.call.as_ref().and_then(|call| call.frames.last());
        frame.is_some_and(|frame| matches!(frame.waits, Waits::Outside { .. }))
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
