//! One simulated call: the channel's side of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use dialgraph_flow::Release;
use dialgraph_flow::model::{Locale, Name};
use dialgraph_kernel::call::{Call, CallId, Channel};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::plugin::{Accept, Plugins};
use dialgraph_kernel::ports::Timestamp;
use dialgraph_runtime::{Engine, EngineError, Releases, Start, WaitRules, World};
use dialgraph_store::{MemorySnapshot, MemoryStore};

use crate::clock::{SharedClock, VirtualClock};
use crate::line::{Desk, Line};
use crate::world::{Mock, MockState, MockedWorld};

/// Turns that may follow one another while the caller waits for something slow.
const WAITS_IN_A_ROW: u32 = 100;

/// Where simulated calls take place; shared by as many as one likes.
#[derive(Clone)]
pub struct Lab {
    pub release: Arc<Release>,
    pub plugins: Arc<dyn Plugins>,
    /// Records and tickets as each call finds them.
    pub ground: MemorySnapshot,
    /// Builds the providers of one call on its own store and clock.
    pub providers: MakeProviders,
    /// Puts a record (or with null removes it) before the call: store, collection, key, object.
    pub put_record: PutRecord,
    pub rules: WaitRules,
}

/// Builds the providers of one call on a store and a clock.
pub type MakeProviders =
    Arc<dyn Fn(&Arc<MemoryStore>, &SharedClock) -> Arc<dyn World> + Send + Sync>;

/// Puts one record into a store, as the providers of a [`Lab`] keep records.
pub type PutRecord =
    Arc<dyn Fn(&Arc<MemoryStore>, &str, &str, &Value) -> Result<(), String> + Send + Sync>;

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab").field("release", &self.release.digest).finish_non_exhaustive()
    }
}

/// Who calls, when and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    pub id: CallId,
    pub at: Timestamp,
    pub channel: Channel,
    pub locale: Option<Locale>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub flow: Option<Name>,
    pub seed: u64,
    pub attributes: BTreeMap<Name, Value>,
    pub mocks: Vec<Mock>,
}

/// What the caller (or the channel) does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Says {
        text: String,
        confidence: Option<f64>,
    },
    /// Keys, the terminating one included. What one question does not take is kept for the next.
    Presses(String),
    /// Lets the question time out.
    Silent,
    HangsUp,
    /// Lets time pass. Questions time out meanwhile.
    Waits {
        ms: u64,
    },
    /// The clock moves on, and nothing times out meanwhile.
    Clock {
        ms: u64,
    },
    /// The channel cannot do the last directive.
    DirectiveFails(String),
}

/// Why an action came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the call is over; nobody hears that")]
    Over,
    #[error(
        "the caller waits in a queue and is asked nothing; only hanging up, waiting or a failed transfer make sense"
    )]
    NotAsked,
    #[error("there is no earlier turn to go back to")]
    NothingToUndo,
    #[error("the caller was kept waiting {WAITS_IN_A_ROW} times in a row; the flow never goes on")]
    WaitsForEver,
    /// What stands between the caller and the engine did something wrong.
    #[error("{0}")]
    Line(String),
}

/// A simulated call.
pub struct Session {
    engine: Engine,
    clock: SharedClock,
    world: MockedWorld,
    store: Arc<MemoryStore>,
    setup: Setup,
    call: Option<Call>,
    turns: Vec<TurnRecord>,
    /// Keys pressed before they were asked for.
    typed_ahead: String,
    earlier: Vec<Moment>,
    /// None: the caller speaks to the engine directly.
    line: Option<Box<dyn Line>>,
}

struct Moment {
    store: MemorySnapshot,
    mocks: MockState,
    now: Timestamp,
    call: Option<Call>,
    turns: usize,
    typed_ahead: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("setup", &self.setup).finish_non_exhaustive()
    }
}

impl Session {
    /// A call that has not begun.
    pub fn new(lab: &Lab, setup: Setup) -> Self {
        let clock = SharedClock(Arc::new(VirtualClock::new(setup.at)));
        let store = Arc::new(MemoryStore::from_snapshot(&lab.ground, Arc::new(clock.clone())));
        let inner = (lab.providers)(&store, &clock);
        let world = MockedWorld::new(inner, clock.clone(), setup.mocks.clone());
        let engine = Engine::new(
            store.clone(),
            Arc::new(Releases::new(lab.release.clone())),
            lab.plugins.clone(),
            Arc::new(world.clone()),
            Arc::new(clock.clone()),
            lab.rules.clone(),
        );
        Self {
            engine,
            clock,
            world,
            store,
            setup,
            call: None,
            turns: Vec::new(),
            typed_ahead: String::new(),
            earlier: Vec::new(),
            line: None,
        }
    }

    /// Reaches the engine by `line` from now on. Actions cannot be [undone](Self::undo) on it.
    #[must_use]
    pub fn on(mut self, line: Box<dyn Line>) -> Self {
        self.line = Some(line);
        self
    }

    /// The contact arrives. Gives the turns that follow.
    pub fn start(&mut self) -> Result<&[TurnRecord], SessionError> {
        if let Some(mut line) = self.line.take() {
            let started = line.start(&mut self.desk());
            self.line = Some(line);
            started?;
            return Ok(&self.turns);
        }
        let start = Start {
            id: self.setup.id.clone(),
            channel: self.setup.channel,
            locale: self.setup.locale.clone(),
            from: self.setup.from.clone(),
            to: self.setup.to.clone(),
            flow: self.setup.flow.clone(),
            seed: self.setup.seed,
            attributes: self.setup.attributes.clone(),
        };
        let first = self.turns.len();
        let answer = self.clock.0.run(self.engine.start(start, "1"))?;
        self.call = Some(answer.call);
        self.turns.push(answer.record);
        self.settle()?;
        Ok(&self.turns[first..])
    }

    /// Something happens. Gives the turns that follow; waiting in a queue gives none.
    pub fn act(&mut self, action: &Action) -> Result<&[TurnRecord], SessionError> {
        let first = self.turns.len();
        if let Some(mut line) = self.line.take() {
            let acted = line.act(&mut self.desk(), action);
            self.line = Some(line);
            acted?;
            return Ok(&self.turns[first..]);
        }
        let moment = self.moment();
        if let Err(error) = self.perform(action) {
            // What cannot be done was not done, not even half.
            self.go_back(moment);
            return Err(error);
        }
        self.earlier.push(moment);
        Ok(&self.turns[first..])
    }

    /// Takes back the last action.
    pub fn undo(&mut self) -> Result<(), SessionError> {
        let moment = self.earlier.pop().ok_or(SessionError::NothingToUndo)?;
        self.go_back(moment);
        Ok(())
    }

    fn go_back(&mut self, moment: Moment) {
        self.store.restore(&moment.store);
        self.world.restore(&moment.mocks);
        self.clock.0.set(moment.now);
        self.call = moment.call;
        self.turns.truncate(moment.turns);
        self.typed_ahead = moment.typed_ahead;
        self.engine.forget_in_flight(&self.setup.id);
    }

    /// What the caller is asked now, if anything.
    pub fn asked(&self) -> Option<&Accept> {
        match self.turns.last().map(|turn| &turn.directives.then) {
            Some(Then::Ask(accept)) => Some(accept),
            _ => None,
        }
    }

    /// True when nothing more can happen.
    pub fn is_over(&self) -> bool {
        use dialgraph_kernel::call::Status;
        matches!(self.call.as_ref().map(|call| &call.status), Some(Status::Ended { .. }))
    }

    /// The call as it stands; none before it began.
    pub fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    /// All turns so far.
    pub fn turns(&self) -> &[TurnRecord] {
        &self.turns
    }

    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    pub fn clock(&self) -> &VirtualClock {
        &self.clock.0
    }

    pub fn world(&self) -> &MockedWorld {
        &self.world
    }

    pub fn store(&self) -> &Arc<MemoryStore> {
        &self.store
    }

    fn desk(&mut self) -> Desk<'_> {
        Desk {
            engine: &self.engine,
            clock: &self.clock,
            world: &self.world,
            store: &self.store,
            setup: &self.setup,
            call: &mut self.call,
            turns: &mut self.turns,
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            store: self.store.snapshot(),
            mocks: self.world.state(),
            now: self.clock.0.time(),
            call: self.call.clone(),
            turns: self.turns.len(),
            typed_ahead: self.typed_ahead.clone(),
        }
    }

    fn perform(&mut self, action: &Action) -> Result<(), SessionError> {
        if self.is_over() {
            return match action {
                Action::Waits { ms } | Action::Clock { ms } => {
                    self.clock.0.advance(*ms);
                    Ok(())
                }
                _ => Err(SessionError::Over),
            };
        }
        match action {
            Action::HangsUp => self.event(Event::HungUp),
            Action::DirectiveFails(reason) => self.event(Event::DirectiveFailed(reason.clone())),
            Action::Waits { ms } => self.wait(*ms),
            Action::Clock { ms } => {
                self.clock.0.advance(*ms);
                Ok(())
            }
            _ if self.asked().is_none() => Err(SessionError::NotAsked),
            Action::Says { text, confidence } => {
                self.event(Event::Said { text: text.clone(), confidence: *confidence })
            }
            Action::Silent => {
                let timeout = self.asked().map_or(0, |accept| u64::from(accept.timeout_ms));
                self.clock.0.advance(timeout);
                self.event(Event::Silent)
            }
            Action::Presses(keys) => {
                self.typed_ahead.push_str(keys);
                while !self.typed_ahead.is_empty() {
                    let Some(keys) = self.take_keys() else { break };
                    self.event(Event::Pressed(keys))?;
                }
                // What nobody asked for is lost, as on a telephone whose buffer was cleared.
                self.typed_ahead.clear();
                Ok(())
            }
        }
    }

    /// The keys that the question at hand takes, without the terminating one; none when there is no question.
    fn take_keys(&mut self) -> Option<String> {
        let accept = self.asked()?;
        let (most, terminator) = match &accept.digits {
            Some(digits) => (digits.max as usize, digits.terminator),
            None => (usize::MAX, None),
        };
        let mut keys = String::new();
        let mut taken = 0;
        for key in self.typed_ahead.chars() {
            if Some(key) == terminator {
                taken += 1;
                break;
            }
            if keys.len() == most {
                break;
            }
            keys.push(key);
            taken += 1;
        }
        // A terminator right behind the last key belongs to the same input.
        if keys.len() == most && self.typed_ahead.chars().nth(taken) == terminator {
            taken += usize::from(terminator.is_some());
        }
        self.typed_ahead = self.typed_ahead.chars().skip(taken).collect();
        Some(keys)
    }

    fn wait(&mut self, ms: u64) -> Result<(), SessionError> {
        let until = self.clock.0.time().0.saturating_add(ms);
        while let Some(accept) = self.asked() {
            let silence = self.clock.0.time().0 + u64::from(accept.timeout_ms.max(1));
            if silence > until {
                break;
            }
            self.clock.0.set(Timestamp(silence));
            self.event(Event::Silent)?;
        }
        if self.clock.0.time().0 < until {
            self.clock.0.set(Timestamp(until));
        }
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<(), SessionError> {
        self.handle(event)?;
        self.settle()
    }

    /// Obeys directives that wait for nothing but time.
    fn settle(&mut self) -> Result<(), SessionError> {
        for _ in 0..WAITS_IN_A_ROW {
            let Some(Then::Wait { ms }) = self.turns.last().map(|turn| &turn.directives.then)
            else {
                return Ok(());
            };
            self.clock.0.advance(u64::from(*ms));
            self.handle(Event::Resumed)?;
        }
        Err(SessionError::WaitsForEver)
    }

    fn handle(&mut self, event: Event) -> Result<(), SessionError> {
        let token = (self.turns.len() + 1).to_string();
        let turn = self.engine.turn(&self.setup.id, event, &token);
        let answer = self.clock.0.run(turn)?;
        self.call = Some(answer.call);
        self.turns.push(answer.record);
        Ok(())
    }
}
