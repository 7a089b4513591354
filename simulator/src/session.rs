//! One simulated call: what a script does in it, on whichever line it reaches the engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use dialgraph_base::{CallId, Channel, Locale, Name, Timestamp};
use dialgraph_flow::Release;
use dialgraph_kernel::call::Call;
use dialgraph_kernel::contact::ContactEvent;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::plugin::{Accept, Plugins};
use dialgraph_runtime::{EngineError, Told, WaitRules, World};
use dialgraph_store::{MemorySnapshot, MemoryStore};

use crate::clock::{SharedClock, VirtualClock};
use crate::desk::{Desk, Telling};
use crate::direct::{Direct, WAITS_IN_A_ROW};
use crate::line::Line;
use crate::world::{Mock, MockState, MockedWorld};

/// Where simulated calls take place; shared by as many as one likes.
#[derive(Clone)]
pub struct Fixture {
    pub release: Arc<Release>,
    pub plugins: Arc<dyn Plugins>,
    /// Records and tickets as each call finds them.
    pub baseline: MemorySnapshot,
    /// Collections of the project, with the schemas of their records.
    pub collections: BTreeMap<Name, Option<Value>>,
    /// Builds the providers of one call on its own store and clock.
    pub providers: MakeProviders,
    /// Puts a record (or with null removes it) before the call: store, collection, key, object.
    pub put_record: PutRecord,
    pub rules: WaitRules,
}

/// Builds the providers of one call on a store and a clock.
pub type MakeProviders =
    Arc<dyn Fn(&Arc<MemoryStore>, &SharedClock) -> Arc<dyn World> + Send + Sync>;

/// Puts one record into a store, as the providers of a [`Fixture`] keep records.
pub type PutRecord =
    Arc<dyn Fn(&Arc<MemoryStore>, &str, &str, &Value) -> Result<(), String> + Send + Sync>;

impl std::fmt::Debug for Fixture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fixture").field("release", &self.release.digest).finish_non_exhaustive()
    }
}

/// Who calls, when and how.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSetup {
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
    /// Presses the button with this label.
    Chooses(String),
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
    /// Whoever is rung answers, and has hung up again before the caller does; or nobody answers.
    Rings {
        answered: bool,
    },
    /// The channel tells what became of the contact beyond its flow.
    Contact(ContactEvent),
    /// Somebody outside tells the call something after a while, at its last address of a hook.
    Outside {
        hook: Name,
        after_ms: u64,
        value: Value,
        /// What is to become of it; none: whatever does.
        expect: Option<Told>,
    },
    /// The caller does something while the flow waits for a provider: see
    /// [`Session::stop_at_waits`].
    Meanwhile(Meanwhile),
}

/// What a caller can do while nobody asks anything. The flow goes on waiting for its provider.
#[derive(Debug, Clone, PartialEq)]
pub enum Meanwhile {
    Says { text: String, confidence: Option<f64> },
    Presses(String),
    HangsUp,
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
    #[error("there is no button `{label}`; {}", offered(choices))]
    NoSuchChoice { label: String, choices: Vec<String> },
    #[error("nobody is rung here; does a `transfer` with `within` come before?")]
    NotRinging,
    #[error(
        "the flow waits for no provider here, so nothing can be done meanwhile; is one mocked with a `delay`?"
    )]
    NotWaiting,
    #[error(
        "the call has made no address of hook `{hook}`; does a node `hook: {hook}` come before?"
    )]
    NoAddress { hook: String },
    #[error("hook `{hook}` does not take that: {why}")]
    BadValue { hook: String, why: String },
    #[error("what hook `{hook}` was told is {}, not {}", found.word(), wanted.word())]
    ToldOtherwise { hook: String, found: Told, wanted: Told },
    #[error("there is no earlier turn to go back to")]
    NothingToUndo,
    #[error("the caller was kept waiting {WAITS_IN_A_ROW} times in a row; the flow never goes on")]
    WaitsForEver,
    /// What stands between the caller and the engine did something wrong.
    #[error("{0}")]
    Line(String),
}

fn offered(labels: &[String]) -> String {
    match labels {
        [] => "the question shows none, or the channel has none".to_owned(),
        labels => format!("there are `{}`", labels.join("`, `")),
    }
}

/// What the caller says by pressing a button of the question at hand.
///
/// # Errors
/// If the question has no such button.
pub fn chosen(accept: &Accept, label: &str) -> Result<String, SessionError> {
    let choice = accept.choices.iter().find(|choice| choice.label == label);
    choice.map(|choice| choice.value.clone()).ok_or_else(|| SessionError::NoSuchChoice {
        label: label.to_owned(),
        choices: accept.choices.iter().map(|choice| choice.label.clone()).collect(),
    })
}

/// A simulated call: what happens in it, action by action, and how it was before each.
pub struct Session {
    desk: Desk,
    way: Way,
    earlier: Vec<Checkpoint>,
}

/// How the caller reaches the engine.
enum Way {
    Direct(Direct),
    Line(Box<dyn Line>),
}

struct Checkpoint {
    store: MemorySnapshot,
    mocks: MockState,
    now: Timestamp,
    call: Option<Call>,
    turns: usize,
    told: usize,
    direct: Direct,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("setup", self.setup()).finish_non_exhaustive()
    }
}

impl Session {
    /// A call that has not begun, whose caller speaks to the engine directly.
    pub fn new(fixture: &Fixture, setup: CallSetup) -> Self {
        let desk = Desk::new(fixture, setup);
        Self { desk, way: Way::Direct(Direct::default()), earlier: Vec::new() }
    }

    /// Reaches the engine by `line` from now on. Actions cannot be [undone](Self::undo) on it.
    #[must_use]
    pub fn on(mut self, line: Box<dyn Line>) -> Self {
        self.way = Way::Line(line);
        self
    }

    /// Whether the caller comes to word when the flow waits for a provider that is slow. Otherwise
    /// such a wait is over before the next action. A line decides that by itself.
    pub fn stop_at_waits(&mut self, stop: bool) {
        if let Way::Direct(direct) = &mut self.way {
            direct.stops_at_waits = stop;
        }
    }

    /// Whether the flow waits for a provider now.
    pub fn is_waiting(&self) -> bool {
        self.desk.is_waiting()
    }

    /// Milliseconds until the flow looks again whether its provider has answered; none when it
    /// waits for none.
    pub fn wait_left(&self) -> Option<u64> {
        match &self.way {
            Way::Direct(direct) => direct.wait_left(&self.desk),
            Way::Line(_) => None,
        }
    }

    /// The contact arrives. Gives the turns that follow.
    pub fn start(&mut self) -> Result<&[TurnRecord], SessionError> {
        let first = self.turns().len();
        match &mut self.way {
            Way::Direct(direct) => direct.start(&mut self.desk)?,
            Way::Line(line) => line.start(&mut self.desk)?,
        }
        self.desk.run_after()?;
        Ok(&self.turns()[first..])
    }

    /// Something happens. Gives the turns that follow; waiting in a queue gives none.
    pub fn act(&mut self, action: &Action) -> Result<&[TurnRecord], SessionError> {
        let first = self.turns().len();
        match &mut self.way {
            Way::Direct(direct) => {
                let checkpoint = Checkpoint::of(&self.desk, direct);
                let done = direct.act(&mut self.desk, action);
                if let Err(error) = done.and_then(|()| self.desk.run_after()) {
                    // What cannot be done was not done, not even half.
                    self.restore(checkpoint);
                    return Err(error);
                }
                self.earlier.push(checkpoint);
            }
            Way::Line(line) => {
                line.act(&mut self.desk, action)?;
                self.desk.run_after()?;
            }
        }
        Ok(&self.turns()[first..])
    }

    /// Takes back the last action.
    pub fn undo(&mut self) -> Result<(), SessionError> {
        let checkpoint = self.earlier.pop().ok_or(SessionError::NothingToUndo)?;
        self.restore(checkpoint);
        Ok(())
    }

    fn restore(&mut self, checkpoint: Checkpoint) {
        self.desk.store().restore(&checkpoint.store);
        self.desk.world().restore(&checkpoint.mocks);
        self.desk.clock().set(checkpoint.now);
        self.desk.restore(checkpoint.call, checkpoint.turns, checkpoint.told);
        self.way = Way::Direct(checkpoint.direct);
    }

    /// What the caller is asked now, if anything.
    pub fn asked(&self) -> Option<&Accept> {
        self.desk.asked()
    }

    /// True when nothing more can happen.
    pub fn is_over(&self) -> bool {
        self.desk.is_over()
    }

    /// The call as it stands; none before it began.
    pub fn call(&self) -> Option<&Call> {
        self.desk.call()
    }

    /// The addresses at which the call can be told something, by hook.
    ///
    /// # Errors
    /// As the engine's.
    pub fn addresses(&self) -> Result<Vec<(Name, String)>, SessionError> {
        self.desk.addresses()
    }

    /// Whether the flow waits for somebody outside.
    pub fn awaits_outside(&self) -> bool {
        self.desk.awaits_outside()
    }

    /// What somebody outside told so far.
    pub fn told(&self) -> &[Telling] {
        self.desk.told()
    }

    /// All turns so far.
    pub fn turns(&self) -> &[TurnRecord] {
        self.desk.turns()
    }

    pub fn setup(&self) -> &CallSetup {
        self.desk.setup()
    }

    pub fn clock(&self) -> &VirtualClock {
        self.desk.clock()
    }

    pub fn world(&self) -> &MockedWorld {
        self.desk.world()
    }

    pub fn store(&self) -> &Arc<MemoryStore> {
        self.desk.store()
    }
}

impl Checkpoint {
    fn of(desk: &Desk, direct: &Direct) -> Self {
        Self {
            store: desk.store().snapshot(),
            mocks: desk.world().state(),
            now: desk.clock().time(),
            call: desk.call().cloned(),
            turns: desk.turns().len(),
            told: desk.told().len(),
            direct: direct.clone(),
        }
    }
}
