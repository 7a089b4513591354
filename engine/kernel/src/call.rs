//! A call: plain data that says everything about where it stands.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use dialgraph_flow::Digest;
use dialgraph_flow::model::{Locale, Name};

use crate::event::PluginInput;
use crate::journal::Entry;
use crate::ports::Timestamp;

/// Visits kept in [`Call::path`]; later ones are counted only.
pub const PATH_KEPT: usize = 256;

/// Unique name of a call; in Amazon Connect the contact id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub Arc<str>);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The way by which the caller reached us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    #[default]
    Voice,
    Chat,
    Task,
    Email,
}

impl Channel {
    /// Its word in flows and plugins.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Chat => "chat",
            Self::Task => "task",
            Self::Email => "email",
        }
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub id: CallId,
    /// The release that it began with and keeps to its end.
    pub release: Digest,
    pub channel: Channel,
    pub locale: Locale,
    pub from: Option<String>,
    pub to: Option<String>,
    pub started_at: Timestamp,
    /// Source of all chance in the call.
    pub seed: u64,
    pub attributes: BTreeMap<Name, Value>,
    /// Where the call stands: outermost flow first.
    pub frames: Vec<Frame>,
    /// Where the `finally` flow stands; empty between turns.
    #[serde(skip)]
    pub(crate) wrap_up: Vec<Frame>,
    pub status: Status,
    /// When its last event was handled.
    #[serde(default)]
    pub last_turn_at: Timestamp,
    /// Events handled so far.
    pub turn: u32,
    /// Nodes visited so far.
    pub visits: u32,
    /// The first [`PATH_KEPT`] nodes visited.
    pub path: Vec<Place>,
}

/// A call about to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    pub id: CallId,
    pub release: Digest,
    pub channel: Channel,
    pub locale: Locale,
    pub from: Option<String>,
    pub to: Option<String>,
    pub at: Timestamp,
    pub seed: u64,
    pub attributes: BTreeMap<Name, Value>,
}

impl Call {
    /// A call in which nothing has happened.
    pub fn new(new: NewCall) -> Self {
        Self {
            id: new.id,
            release: new.release,
            channel: new.channel,
            locale: new.locale,
            from: new.from,
            to: new.to,
            started_at: new.at,
            seed: new.seed,
            attributes: new.attributes,
            frames: Vec::new(),
            wrap_up: Vec::new(),
            status: Status::New,
            last_turn_at: new.at,
            turn: 0,
            visits: 0,
            path: Vec::new(),
        }
    }
}

impl Call {
    /// Moves the call out; a call of the same name with nothing in it stays behind.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self::new(NewCall {
            id: self.id.clone(),
            release: self.release,
            channel: self.channel,
            locale: self.locale.clone(),
            from: None,
            to: None,
            at: self.started_at,
            seed: self.seed,
            attributes: BTreeMap::new(),
        });
        std::mem::replace(self, empty)
    }
}

/// How far a call has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No event handled yet.
    New,
    /// In the hands of its flow.
    Active,
    /// Given away by a directive that ends the flow; it comes back only if that failed.
    Handed { disposition: Name, queue: Option<Name> },
    /// Over.
    Ended { disposition: Name, queue: Option<Name> },
}

impl Status {
    /// How the call ended or was given away; none while its flow has it.
    pub fn disposition(&self) -> Option<&str> {
        match self {
            Self::New | Self::Active => None,
            Self::Handed { disposition, .. } | Self::Ended { disposition, .. } => Some(disposition),
        }
    }

    /// The queue that the call was given to, if it was.
    pub fn queue(&self) -> Option<&str> {
        match self {
            Self::New | Self::Active => None,
            Self::Handed { queue, .. } | Self::Ended { queue, .. } => queue.as_deref(),
        }
    }
}

/// A node of a flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub flow: Name,
    pub node: Name,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.flow, self.node)
    }
}

/// One flow in progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    pub at: Place,
    /// Number of this visit of the node in the call, from 1.
    pub visit: u32,
    /// What a sub-flow was given.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub input: Map<String, Value>,
    pub waits: Waits,
    /// This visit deals with what a flow or plugin marked as sensitive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// So does what the flow was given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive_input: bool,
}

impl Frame {
    /// A flow at the node where it begins, with nothing done yet.
    pub(crate) fn new(at: Place, input: Map<String, Value>) -> Self {
        Self {
            at,
            visit: 0,
            input,
            waits: Waits::Nothing,
            sensitive: false,
            sensitive_input: false,
        }
    }
}

/// What the node of a frame waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// Nothing: it is being walked.
    Nothing,
    /// The caller's answer to an `ask`, with the vain tries so far.
    Answer { no_input: u32, no_match: u32 },
    /// The caller's answer to a plugin.
    Plugin(PluginWait),
    /// A reply of the world outside that outlasted the turn.
    Reply(Parked),
    /// The flow that it called.
    Flow,
    /// The channel, which may say that it could not do what it was told.
    Channel,
}

/// A plugin between two of its runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginWait {
    /// What it returned with its ask.
    pub state: String,
    /// Runs that ended in an ask.
    pub turn: u32,
    /// Host calls made so far in this visit.
    pub host_calls: u32,
    pub sensitive: bool,
}

/// A plugin run given up for this turn, with all that is needed to make it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    pub run: PluginInput,
    /// Replies that the run has had.
    pub replies: Vec<Entry>,
    /// When the visit began to wait.
    pub since: Timestamp,
    /// Idempotency key of the host call whose reply was missing.
    pub misses: Arc<str>,
}
