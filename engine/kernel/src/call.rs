//! A call: plain data that says everything about where it stands.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use dialgraph_base::{CallId, Channel, Digest, Locale, Medium, Name, Source, Timestamp};

use crate::contact::{After, Contact};
use crate::event::PluginInput;
use crate::journal::Entry;
use crate::outside::OpenHook;

/// Visits kept in [`Call::path`]; later ones are counted only.
pub const PATH_KEPT: usize = 256;

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub id: CallId,
    /// The release that it began with and keeps to its end.
    pub release: Digest,
    #[serde(rename = "channel")]
    pub medium: Medium,
    #[serde(default, skip_serializing_if = "is_default")]
    pub source: Source,
    pub locale: Locale,
    pub from: Option<String>,
    pub to: Option<String>,
    pub started_at: Timestamp,
    /// Source of all chance in the call.
    pub seed: u64,
    pub attributes: BTreeMap<Name, Value>,
    /// Addresses at which it can be told something, one for each hook at most.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hooks: BTreeMap<Name, OpenHook>,
    /// Where the call stands: outermost flow first.
    pub frames: Vec<Frame>,
    /// Where the `finally` flow stands; empty between turns.
    #[serde(skip)]
    pub(crate) wrap_up: Vec<Frame>,
    pub status: Status,
    /// What became of it beyond its flow; none while the flow has it for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub after: After,
    /// The turn whose directives the channel acts on, if it is not the last one: news of a contact
    /// are turns that tell the channel nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acted_on: Option<u32>,
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

/// What a stored call leaves out.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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
            medium: new.channel.medium,
            source: new.channel.source,
            locale: new.locale,
            from: new.from,
            to: new.to,
            started_at: new.at,
            seed: new.seed,
            attributes: new.attributes,
            hooks: BTreeMap::new(),
            frames: Vec::new(),
            wrap_up: Vec::new(),
            status: Status::New,
            contact: None,
            after: After::None,
            acted_on: None,
            last_turn_at: new.at,
            turn: 0,
            visits: 0,
            path: Vec::new(),
        }
    }
}

impl Call {
    /// The turn whose directives the channel acts on: what it tells next answers that one.
    pub fn answers_turn(&self) -> u32 {
        self.acted_on.unwrap_or(self.turn)
    }

    /// The way by which the caller reached us.
    pub fn channel(&self) -> Channel {
        Channel { medium: self.medium, source: self.source }
    }

    /// Moves the call out; a call of the same name with nothing in it stays behind.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self::new(NewCall {
            id: self.id.clone(),
            release: self.release,
            channel: self.channel(),
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

/// Dispositions that the engine gives by itself: the caller left, or was given away; the rest are
/// words of flows.
pub const DISPOSITIONS: [&str; 5] = ["abandoned", "queued", "callback", "transferred", "failed"];

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
    Answer {
        no_input: u32,
        no_match: u32,
        /// How often the caller was given more time.
        #[serde(default, skip_serializing_if = "is_zero")]
        holds: u32,
        /// How often they heard the question again because they asked for it.
        #[serde(default, skip_serializing_if = "is_zero")]
        repeats: u32,
        /// The two between which the caller was asked to decide.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offered: Option<Offered>,
    },
    /// The caller's answer to a plugin.
    Plugin(PluginWait),
    /// A reply of the world outside that outlasted the turn.
    Reply(Parked),
    /// The flow that it called.
    Flow,
    /// The channel, which may say that it could not do what it was told.
    Channel,
    /// What somebody outside tells.
    Outside {
        /// When the wait is over.
        until: Timestamp,
    },
    /// Somebody outside whose telephone rings, and then their conversation with the caller.
    Ring {
        /// Until when it may ring: a caller who leaves later has talked to somebody.
        until: Timestamp,
        /// The channel told that somebody took it.
        #[serde(default, skip_serializing_if = "is_default")]
        taken: bool,
    },
}

/// What was meant at once, in the order in which the question which of the two named it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offered {
    /// Ports of the question.
    Ports([String; 2]),
    /// Values of the kind that is expected.
    Values([Value; 2]),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
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

#[cfg(test)]
mod tests {
    use super::*;

    fn call(channel: Channel) -> Call {
        Call::new(NewCall {
            id: "call-1".into(),
            release: Digest::of(b""),
            channel,
            locale: "ko-KR".into(),
            from: None,
            to: None,
            at: Timestamp(0),
            seed: 1,
            attributes: BTreeMap::new(),
        })
    }

    #[test]
    fn a_call_of_an_engine_that_knew_no_sources_is_read_and_reads_what_is_written_now() {
        for medium in Medium::ALL {
            let new = call(Channel { medium, source: Source::Connect });
            let mut stored = serde_json::to_value(&new).unwrap();
            assert_eq!(stored["channel"], medium.as_str());
            assert_eq!(stored["source"], "connect");
            assert_eq!(serde_json::from_value::<Call>(stored.clone()).unwrap(), new);
            stored.as_object_mut().unwrap().remove("source");
            assert_eq!(serde_json::from_value::<Call>(stored).unwrap(), call(medium.into()));
        }
        let stored = serde_json::to_value(call(Channel::default())).unwrap();
        assert!(stored.get("source").is_none(), "{stored}");
    }
}
