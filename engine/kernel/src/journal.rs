//! The journal: every reply of the world outside, and a trace that explains each node.
//!
//! A turn is a function of the call, the event, the time and the entries here, so it can be made again.
//! Steps explain; nothing is ever computed from them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use dialgraph_flow::Digest;
use dialgraph_flow::model::Name;

use crate::call::Place;
use crate::directive::Directives;
use crate::event::Event;
use crate::plugin::{Cost, Failure, LogLine};
use crate::ports::{HostCall, HostResult, Timestamp};

/// One host call and its reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The visit of the node that made it.
    pub visit: u32,
    /// Its number among the host calls of that visit, from 0.
    pub n: u32,
    pub call: HostCall,
    pub result: HostResult,
}

/// Everything about one turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TurnRecord {
    /// Number of the turn in the call, from 1.
    pub turn: u32,
    pub at: Timestamp,
    pub event: Event,
    /// The event holds what a flow or plugin marked as sensitive: show neither words nor keys.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// Which of the directives' words, counted from 0, a sensitive visit said: show none of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive_say: Vec<usize>,
    /// A sensitive visit gave the directive that waits or ends: show neither its number nor its hints.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive_then: bool,
    pub entries: Vec<Entry>,
    pub steps: Vec<Step>,
    pub directives: Directives,
}

/// What one node did in one turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub at: Place,
    /// Line of the node in its flow file.
    pub line: u32,
    /// Word of the node's kind.
    pub kind: Cow<'static, str>,
    pub visit: u32,
    /// The visit deals with what a flow or plugin marked as sensitive: show neither its host calls nor what its
    /// plugin logged, nor the words of its failure.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// The port taken; none while the node waits, and for nodes with one exit only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Name>,
    /// Why: the condition that held, the key pressed, the words heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Attributes set, with `null` in place of sensitive values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<(Name, Value)>,
    /// For `use`: the plugin, its version and what the run did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunStep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// What a plugin did in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStep {
    pub plugin: Name,
    pub digest: Digest,
    /// Numbers of its entries in the journal: from and to (excluded), within the visit.
    pub host_calls: (u32, u32),
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogLine>,
    pub cost: Cost,
}
