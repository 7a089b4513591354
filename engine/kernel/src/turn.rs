//! One turn: from an event to the directives that answer it.
//!
//! A [`Turn`] walks nodes until one waits for the caller or the call ends. When a plugin needs a
//! reply that is not there yet, [`Turn::run`] says so; the driver gets the reply and calls `run`
//! again, which makes that one plugin run again from its start over the replies known by then. When
//! the driver cannot wait so long, it [parks](Turn::park) the turn: the replies go into the call,
//! and a later turn makes the run again.

mod give_up;
mod outside;
mod room;
mod sensitive;
mod walk;

use std::sync::Arc;

use serde_json::{Map, Value};

use dialgraph_base::{Name, Timestamp};
use dialgraph_flow::Release;
use dialgraph_flow::model::{Flow, NodeIndex};
use dialgraph_flow::template::ssml_as_text;

use crate::attributes::{self, AttributeError};
use crate::call::{Call, Frame, Parked, Place, PluginWait, Status, Waits};
use crate::contact::{After, ContactStage};
use crate::directive::{Directives, Then};
use crate::event::{Event, PluginInput};
use crate::journal::{Entry, Step, TurnRecord};
use crate::nodes::r#use;
use crate::plugin::{Failure, FailureKind, Plugins, Speech};
use crate::ports::{HostCall, HostError, HostResult, sound};
use crate::provider::Caller;
use crate::values;

pub use self::give_up::UNSAVED;
use self::outside::Outside;
pub(crate) use self::room::NO_ROOM;
use self::room::{Entries, FALLBACK_WORDS, Room};
pub use self::room::{ROW_BYTES, TURN_BYTES, TURN_ROWS};

/// Answers host calls, or says that the answer is not there yet. May watch the walk.
pub trait TurnHost {
    /// The reply to `call`, or none; none ends [`Turn::run`] with [`Progress::Waiting`].
    fn call(&mut self, caller: &Caller, call: &HostCall) -> Option<HostResult>;

    /// A node's step has begun. It ends when the next one begins, or with the turn.
    fn step_begins(&mut self, _step: &Step) {}

    /// A node's step is over: what it did is in it. A [parked](Turn::park) turn does not tell of
    /// its last step.
    fn step_ends(&mut self, _step: &Step) {}
}

/// How far [`Turn::run`] came.
#[derive(Debug)]
pub enum Progress {
    /// The turn is over.
    Finished(Box<Finished>),
    /// A reply is missing: see [`Turn::waiting_for`].
    Waiting,
}

/// A turn's result: the call as it stands now, and the record of the turn.
#[derive(Debug)]
pub struct Finished {
    pub call: Call,
    pub record: TurnRecord,
    /// Visits whose addresses take nothing more, though nothing had arrived there. If something
    /// has meanwhile, the turn must be made again with it.
    pub closed: Vec<u32>,
}

/// A host call whose reply is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    pub caller: Caller,
    pub call: HostCall,
    /// When the visit that waits must have all its replies.
    pub deadline: Timestamp,
    visit: u32,
    n: u32,
}

/// Why an event cannot be handled. The call stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TurnError {
    #[error("call {call} is over ({disposition}); it takes no more events")]
    Ended { call: String, disposition: String },
    #[error("call {call} is in the hands of its flow: only its end can be told, not `{event}`")]
    InFlow { call: String, event: &'static str },
    #[error(
        "call {call} was handed over ({disposition}): its flow takes no `{event}` any more; tell \
        what becomes of the contact"
    )]
    Handed { call: String, disposition: String, event: &'static str },
    #[error("call {call} has no `after` flow to run now")]
    NoAfter { call: String },
    #[error("call {call} has not begun: its first event must be `entered`, not `{event}`")]
    NotBegun { call: String, event: &'static str },
    #[error("call {call} has begun already: `entered` can only be its first event")]
    Begun { call: String },
    #[error("call {call} is pinned to release {pinned}, but was given {given}")]
    WrongRelease { call: String, pinned: String, given: String },
    #[error("call {call}: the release has no flow `{flow}`")]
    NoFlow { call: String, flow: String },
    #[error("call {call} cannot begin: {error}")]
    Attribute { call: String, error: AttributeError },
}

/// A turn in progress.
pub struct Turn {
    pub(crate) release: Arc<Release>,
    pub(crate) plugins: Arc<dyn Plugins>,
    pub(crate) call: Call,
    pub(crate) now: Timestamp,
    event: Event,
    sensitive: bool,
    say: Vec<Speech>,
    /// Which of `say` come from sensitive visits.
    sensitive_say: Vec<usize>,
    /// The directive comes from a sensitive visit.
    sensitive_then: bool,
    steps: Vec<Step>,
    /// How many of `steps` the host was told to have begun.
    told: usize,
    /// Replies of this turn, and those that a parked run brought with it.
    entries: Entries,
    outside: Outside,
    room: Room,
    cursor: Cursor,
    pending: Option<Pending>,
    /// The directive that ends the call, while the `finally` flow runs.
    ending: Option<Then>,
    /// The turn whose directives the channel acts on, if it was not the last one.
    acted_on: Option<u32>,
    /// What was said in the call, for its `after` flow.
    transcript: Option<String>,
    attribute_bytes: usize,
    nodes: u32,
}

/// Where the walk stands between two nodes.
enum Cursor {
    /// Visit this node.
    Enter(NodeIndex),
    /// Give the event to the node that waited for it.
    Deliver,
    /// Make this plugin run, perhaps again.
    Run(PluginInput),
    /// Nothing left to do.
    Finish(Then),
}

/// Where a node sends the walk.
pub(crate) enum Move {
    /// On to a node of the same flow, by a named port or the only way out.
    Leave { port: Option<Name>, to: NodeIndex },
    /// Nowhere before the next event; the frame says what it waits for.
    Wait(Then),
    /// Into a sub-flow.
    Enter { flow: Name, input: Map<String, Value> },
    /// Into another flow for good.
    Goto(Name),
    /// Back to the calling flow.
    Return { port: Name, values: Map<String, Value> },
    /// The flow gives the caller away or hangs up. `comes_back`: the node has a port for a
    /// directive that fails.
    End { disposition: Name, then: Then, comes_back: bool },
    /// Run a plugin.
    Run(PluginInput),
    /// A reply is missing.
    Suspend,
}

/// Why a node could not do its work: the call goes where its flow sends it after an error, or to
/// the fallback queue.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Whether it is what an expression of the flow gave, or failed to give, that is at fault.
    fn of_expression(&self) -> bool {
        matches!(self.code, EXPRESSION | LOCALE | ATTRIBUTE_BYTES)
    }

    /// What the record of the visit says of it.
    fn failure(self) -> Failure {
        Failure {
            kind: FailureKind::Engine,
            code: self.code.to_owned(),
            message: self.message,
            backtrace: Vec::new(),
        }
    }
}

/// An expression has no value, or one that its place cannot take.
pub(crate) const EXPRESSION: &str = "expression";
/// `locale` was set to what is no locale of the flow.
pub(crate) const LOCALE: &str = "locale";
/// An attribute was set to more than there is room for.
const ATTRIBUTE_BYTES: &str = "attribute-bytes";

impl From<dialgraph_flow::expr::ExprError> for Fault {
    fn from(error: dialgraph_flow::expr::ExprError) -> Self {
        Self::new(EXPRESSION, error.to_string())
    }
}

/// Error code by which a driver tells that a visit waited longer than its node allows.
const NODE_TIMEOUT: &str = "node-timeout";

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn")
            .field("call", &self.call.id)
            .field("event", &self.event)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

impl Turn {
    /// A turn of `call` for `event` at the time `now`, in the release that the call is pinned to.
    ///
    /// `flow` names the flow in which a new call begins; none means the release's entry.
    pub fn begin(
        release: Arc<Release>,
        plugins: Arc<dyn Plugins>,
        call: Call,
        flow: Option<&str>,
        event: Event,
        now: Timestamp,
    ) -> Result<Self, TurnError> {
        let id = || call.id.to_string();
        if call.release != release.digest {
            return Err(TurnError::WrongRelease {
                call: id(),
                pinned: call.release.to_string(),
                given: release.digest.to_string(),
            });
        }
        match (&call.status, &event) {
            (Status::Ended { .. }, Event::After | Event::Contact(_))
                if call.after == After::Due => {}
            (_, Event::After) => return Err(TurnError::NoAfter { call: id() }),
            (Status::Ended { disposition, .. }, _) => {
                return Err(TurnError::Ended { call: id(), disposition: disposition.to_string() });
            }
            (Status::New, Event::Entered) => {}
            (Status::New, event) => {
                return Err(TurnError::NotBegun { call: id(), event: event.word() });
            }
            (_, Event::Entered) => return Err(TurnError::Begun { call: id() }),
            // Whoever is rung may be told to have answered.
            (Status::Active, Event::Contact(news))
                if call.is_rung() && news.stage == ContactStage::Connected => {}
            (Status::Active, Event::Contact(news))
                if !event.is_end() || news.attempts.is_some() =>
            {
                return Err(TurnError::InFlow { call: id(), event: event.word() });
            }
            (Status::Handed { disposition, .. }, event)
                if !matches!(
                    event,
                    Event::HungUp | Event::Contact(_) | Event::DirectiveFailed(_)
                ) =>
            {
                let disposition = disposition.to_string();
                return Err(TurnError::Handed { call: id(), disposition, event: event.word() });
            }
            _ => {}
        }
        if call.status == Status::New {
            attributes::check(&release, flow, &call.attributes)
                .map_err(|error| TurnError::Attribute { call: id(), error })?;
        }
        let attribute_bytes =
            call.attributes.iter().map(|(name, value)| values::entry_size(name, value)).sum();
        let visits_before = call.visits;
        let room = Room::of(&call, &event, attribute_bytes);
        let mut turn = Self {
            release,
            plugins,
            call,
            now,
            event,
            sensitive: false,
            say: Vec::new(),
            sensitive_say: Vec::new(),
            sensitive_then: false,
            steps: Vec::new(),
            told: 0,
            entries: Entries::default(),
            outside: Outside::new(visits_before),
            room,
            cursor: Cursor::Deliver,
            pending: None,
            ending: None,
            acted_on: None,
            transcript: None,
            attribute_bytes,
            nodes: 0,
        };
        turn.call.turn += 1;
        turn.call.last_turn_at = now;
        turn.acted_on = turn.call.acted_on.take();
        if matches!(turn.event, Event::After) {
            turn.call.after = After::Done;
            turn.tells_nothing();
            // A release with such calls has the flow; without it there is nothing to run.
            let after = turn.release.after.as_ref().and_then(|name| turn.release.flows.get(name));
            turn.cursor = match after.cloned() {
                Some(flow) => turn.wrap_up(&flow),
                None => Cursor::Finish(Then::HangUp),
            };
            return Ok(turn);
        }
        if turn.call.status == Status::New {
            let name = flow.map_or_else(|| turn.release.entry.clone(), Name::from);
            let Some(flow) = turn.release.flows.get(&name).cloned() else {
                return Err(TurnError::NoFlow { call: id_of(&turn.call), flow: name.to_string() });
            };
            turn.call.status = Status::Active;
            turn.call.after = if turn.release.after.is_some() { After::Due } else { After::None };
            turn.set_defaults(&flow);
            turn.push_frame(&flow, Map::new());
            turn.cursor = Cursor::Enter(flow.start);
        }
        Ok(turn)
    }

    /// Gives replies that were got for this very turn before, so that it is made again exactly (a
    /// replay, or recovery after a crash).
    #[must_use]
    pub fn over(mut self, entries: impl IntoIterator<Item = Entry>) -> Self {
        for entry in entries {
            self.entries.push(entry, None);
        }
        self
    }

    /// Gives what was said in the call, as `call.transcript` of an `after` flow.
    #[must_use]
    pub fn with_transcript(mut self, transcript: String) -> Self {
        self.transcript = Some(transcript);
        self
    }

    /// What was said in the call; none in turns that no `after` flow runs in.
    pub(crate) fn transcript(&self) -> Option<&str> {
        self.transcript.as_deref()
    }

    /// The call as it stands within the turn.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// The host call whose reply is missing, after [`Progress::Waiting`].
    pub fn waiting_for(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// Walks until the turn is over or a reply is missing. A turn that is over holds nothing any
    /// more.
    pub fn run(&mut self, host: &mut dyn TurnHost) -> Progress {
        self.pending = None;
        loop {
            let cursor = std::mem::replace(&mut self.cursor, Cursor::Finish(Then::HangUp));
            let moved = match cursor {
                Cursor::Finish(then) => {
                    if let Some(last) = self.steps.last() {
                        host.step_ends(last);
                    }
                    return Progress::Finished(Box::new(self.finish(then)));
                }
                Cursor::Enter(index) => self.enter(index),
                Cursor::Deliver => self.deliver(),
                Cursor::Run(input) => {
                    // Kept, so that the run can be made again when a reply is missing.
                    let again = input.clone();
                    let moved = r#use::run(self, host, input);
                    if matches!(moved, Ok(Move::Suspend)) {
                        self.cursor = Cursor::Run(again);
                        return Progress::Waiting;
                    }
                    moved
                }
            };
            let followed = moved.and_then(|moved| self.follow(moved));
            let settled = match followed {
                // What has come to its end stays so.
                Ok(cursor @ Cursor::Finish(_)) => Ok(cursor),
                followed => followed.and_then(|cursor| self.settle().map(|()| cursor)),
            };
            self.cursor = match settled {
                Ok(cursor) => cursor,
                Err(fault) => self.way_out(fault),
            };
            self.tell(host);
        }
    }

    /// Tells the host of steps that have begun since it was last told. Before a plugin runs, its
    /// step is told.
    fn tell(&mut self, host: &mut dyn TurnHost) {
        while let Some(step) = self.steps.get(self.told) {
            if let Some(before) = self.told.checked_sub(1).and_then(|n| self.steps.get(n)) {
                host.step_ends(before);
            }
            host.step_begins(step);
            self.told += 1;
        }
    }

    /// Tells the turn that the missing reply will not come within the time that the node allows.
    /// The next [`run`](Self::run) leaves the node by its `error` port. Does nothing when no reply
    /// is missing.
    pub fn expire(&mut self) {
        self.give_up("in the time the node allows");
    }

    /// The same when it is not the node's time that is over, but that of whoever waits for the
    /// turn's answer.
    pub fn expire_early(&mut self) {
        self.give_up("before the turn had to be answered");
    }

    fn give_up(&mut self, until: &str) {
        if let Some(pending) = self.pending.take() {
            let message = format!("no reply to {} {until}", pending.call.function());
            self.record_entry(Entry {
                visit: pending.visit,
                n: pending.n,
                call: pending.call,
                result: Err(HostError::unavailable(NODE_TIMEOUT, message)),
            });
        }
    }

    /// False while the call is wrapped up, and when its caller has left: nobody would come back for
    /// the rest. False also when the replies that the run has had are too many to be kept with
    /// the call. Such a turn can only be waited for, or [expired](Self::expire).
    pub fn can_park(&self) -> bool {
        !self.wrapping_up() && !self.asks_nobody() && self.parked_fits()
    }

    /// What the project says to a caller who has to wait for a reply; none if it says nothing of
    /// its own.
    pub fn comfort(&self) -> Option<Speech> {
        let rendered = self.release.comfort.as_ref()?.render(&self.scope(None)).ok()?;
        Some(Speech::new(rendered.text, rendered.ssml))
    }

    /// Ends the turn although a reply is missing: the caller hears `comfort` and waits for `ms`,
    /// and a later turn makes the run again. A turn that misses nothing or [cannot be
    /// parked](Self::can_park) is given back.
    pub fn park(mut self, comfort: Option<Speech>, ms: u32) -> Result<Finished, Box<Self>> {
        if !self.can_park() {
            return Err(Box::new(self));
        }
        let Some(pending) = self.pending.take() else { return Err(Box::new(self)) };
        let Cursor::Run(run) = std::mem::replace(&mut self.cursor, Cursor::Finish(Then::HangUp))
        else {
            self.pending = Some(pending);
            return Err(Box::new(self));
        };
        let replies = self.entries.of_visit(pending.visit);
        let now = self.now;
        if let Some(frame) = self.stack_mut().last_mut() {
            let since = match &frame.waits {
                Waits::Reply(parked) => parked.since,
                _ => now,
            };
            let misses = pending.caller.idempotency_key;
            frame.waits = Waits::Reply(Parked { run, replies, since, misses });
        }
        // Room was kept for no more than this.
        self.say.extend(comfort.filter(|speech| values::size(speech) <= FALLBACK_WORDS));
        let then = Then::Wait { ms };
        Ok(self.finish(then))
    }

    fn finish(&mut self, then: Then) -> Finished {
        let then = self.ending.take().unwrap_or(then);
        if !self.call.channel().ssml() {
            for speech in self.say.iter_mut().filter(|speech| speech.ssml) {
                speech.text = ssml_as_text(&speech.text);
                speech.ssml = false;
            }
        }
        Finished {
            record: TurnRecord {
                turn: self.call.turn,
                at: self.now,
                event: std::mem::replace(&mut self.event, Event::Entered),
                sensitive: self.sensitive,
                sensitive_say: std::mem::take(&mut self.sensitive_say),
                sensitive_then: self.sensitive_then,
                entries: self.entries.take(),
                arrived: std::mem::take(&mut self.outside.taken),
                steps: std::mem::take(&mut self.steps),
                directives: Directives { say: std::mem::take(&mut self.say), then },
            },
            call: self.call.take(),
            closed: std::mem::take(&mut self.outside.closed),
        }
    }

    /// The frames being walked: the call's own, or those of the `finally` flow.
    fn stack_mut(&mut self) -> &mut Vec<Frame> {
        if self.wrapping_up() { &mut self.call.wrap_up } else { &mut self.call.frames }
    }

    fn stack(&self) -> &Vec<Frame> {
        if self.wrapping_up() { &self.call.wrap_up } else { &self.call.frames }
    }

    pub(crate) fn wrapping_up(&self) -> bool {
        !self.call.wrap_up.is_empty()
    }

    /// The innermost frame.
    pub(crate) fn frame(&self) -> Option<&Frame> {
        self.stack().last()
    }

    pub(crate) fn frame_mut(&mut self) -> Option<&mut Frame> {
        self.stack_mut().last_mut()
    }

    /// The flow of the innermost frame and the node where it stands.
    pub(crate) fn here(&self) -> Result<(Arc<Flow>, NodeIndex), Fault> {
        let frame = self.frame().ok_or_else(|| Fault::new("no-flow", "the call is in no flow"))?;
        let flow = self.flow(&frame.at.flow)?;
        let index = flow.find(&frame.at.node).ok_or_else(|| {
            Fault::new("no-node", format!("the release has no node `{}`", frame.at))
        })?;
        Ok((flow, index))
    }

    /// The flow of the innermost frame.
    pub(crate) fn here_flow(&self) -> Result<Arc<Flow>, Fault> {
        let frame = self.frame().ok_or_else(|| Fault::new("no-flow", "the call is in no flow"))?;
        self.flow(&frame.at.flow)
    }

    pub(crate) fn flow(&self, name: &str) -> Result<Arc<Flow>, Fault> {
        self.release
            .flows
            .get(name)
            .cloned()
            .ok_or_else(|| Fault::new("no-flow", format!("the release has no flow `{name}`")))
    }

    fn push_frame(&mut self, flow: &Arc<Flow>, input: Map<String, Value>) {
        let at = Place { flow: flow.name.clone(), node: flow.node(flow.start).id.clone() };
        self.stack_mut().push(Frame::new(at, input));
        self.frames_changed();
    }

    /// Attributes of a flow that have no value yet get their defaults.
    fn set_defaults(&mut self, flow: &Flow) {
        for (name, attribute) in &flow.attributes {
            if !attribute.default.is_null() && !self.call.attributes.contains_key(name) {
                self.attribute_bytes += values::entry_size(name, &attribute.default);
                self.call.attributes.insert(name.clone(), attribute.default.clone());
            }
        }
    }

    pub(crate) fn step_mut(&mut self) -> Option<&mut Step> {
        self.steps.last_mut()
    }

    /// Adds words for the caller. Nobody listens while the call is wrapped up.
    pub(crate) fn say(&mut self, speech: Vec<Speech>) -> Result<(), Fault> {
        if self.wrapping_up() || speech.is_empty() {
            return Ok(());
        }
        let bytes = values::size(&speech);
        self.make_room(bytes, "what is said")?;
        self.recorded(bytes);
        let first = self.say.len();
        self.say.extend(speech);
        if self.in_sensitive_visit() {
            self.sensitive_say.extend(first..self.say.len());
            self.recorded(8 * (self.say.len() - first));
        }
        Ok(())
    }

    pub(crate) fn set_attribute(&mut self, name: &Name, value: Value) -> Result<(), Fault> {
        let limit = self.release.limits.attribute_bytes as usize;
        let old = self.call.attributes.get(name).map_or(0, |old| values::entry_size(name, old));
        let size = self.attribute_bytes - old + values::entry_size(name, &value);
        if size > limit {
            return Err(Fault::new(
                ATTRIBUTE_BYTES,
                format!(
                    "setting `{name}` would bring the attributes to {size} bytes; {limit} are allowed"
                ),
            ));
        }
        self.make_room(size.saturating_sub(self.attribute_bytes), "what is set")?;
        self.attribute_bytes = size;
        self.call.attributes.insert(name.clone(), value);
        Ok(())
    }

    /// The reply to host call `n` of `visit`: known already, or asked of `host` now.
    pub(crate) fn reply(
        &mut self,
        host: &mut dyn TurnHost,
        ask: r#use::HostAsk,
    ) -> Option<Result<HostResult, Fault>> {
        let r#use::HostAsk { visit, n, call, caller, deadline } = ask;
        self.note_sensitive_call(&call);
        if let Some(entry) = self.recall(visit, n) {
            if entry.call != call {
                return Some(Err(Fault::new(
                    "diverged",
                    format!(
                        "the run was repeated and asked for {}, where it had asked for {} before",
                        call.function(),
                        entry.call.function()
                    ),
                )));
            }
            return Some(given(entry.result.clone()));
        }
        // Not before the journal was asked: what was asked under other bounds stays answered.
        if let Err(error) = call.check() {
            return Some(Ok(Err(error)));
        }
        if let Err(fault) = self.room_to_ask(&call) {
            return Some(Err(fault));
        }
        match host.call(&caller, &call) {
            Some(result) => {
                self.record_entry(Entry { visit, n, call, result: sound(result) });
                self.recall(visit, n).map(|entry| given(entry.result.clone()))
            }
            None => {
                self.pending = Some(Pending { caller, call, deadline, visit, n });
                None
            }
        }
    }

    /// Notes that somebody whom the flow rang had the call.
    pub(crate) fn reached(&mut self) {
        self.call.reached();
    }

    pub(crate) fn plugin_wait(&mut self, wait: PluginWait) {
        if let Some(frame) = self.frame_mut() {
            frame.waits = Waits::Plugin(wait);
        }
    }
}

/// What the plugin is given of a reply, or why its run ends here.
fn given(result: HostResult) -> Result<HostResult, Fault> {
    match result {
        Err(error) if error.code == NODE_TIMEOUT => Err(Fault::new("timeout", error.message)),
        Err(error) if error.code == NO_ROOM => Err(Fault::new(NO_ROOM, error.message)),
        result => Ok(result),
    }
}

fn id_of(call: &Call) -> String {
    call.id.to_string()
}
