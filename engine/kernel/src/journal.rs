//! The journal: every reply of the world outside, and a trace that explains each node.
//!
//! A turn is a function of the call, the event, the time and the entries here, so it can be made
//! again. Steps explain; nothing is ever computed from them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use dialgraph_base::{Digest, Name, Timestamp};

use crate::call::Place;
use crate::directive::{Directives, Then};
use crate::event::Event;
use crate::outside::Arrival;
use crate::plugin::{Cost, Failure, LogLine};
use crate::ports::{HostCall, HostResult};

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
    /// A sensitive visit gave the directive that waits or ends: show neither its number nor its
    /// hints.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive_then: bool,
    pub entries: Vec<Entry>,
    /// What somebody outside had told, and the turn took.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrived: Vec<Arrival>,
    pub steps: Vec<Step>,
    pub directives: Directives,
}

impl TurnRecord {
    /// The visits of which nothing must be shown that they asked of the world.
    pub fn hidden_visits(&self) -> BTreeSet<u32> {
        // Records of before visits had marks of their own tell only of the answer.
        let answered = self.steps.first().filter(|_| self.sensitive).map(|step| step.visit);
        let marked = self.steps.iter().filter(|step| step.sensitive).map(|step| step.visit);
        marked.chain(answered).collect()
    }

    /// Takes out of the record what must not be shown: the words or keys of a sensitive answer, and
    /// of every sensitive visit what it asked of the world, logged, said, and told of its failure.
    /// Gives the functions of the host calls taken out.
    pub fn hide(&mut self) -> Vec<&'static str> {
        let visits = self.hidden_visits();
        if self.sensitive {
            match &mut self.event {
                Event::Said { text, confidence } => {
                    text.clear();
                    *confidence = None;
                }
                Event::Pressed(keys) => keys.clear(),
                Event::Entered
                | Event::Silent
                | Event::HungUp
                | Event::DirectiveFailed(_)
                | Event::Resumed
                | Event::Unanswered
                | Event::Contact(_)
                | Event::After => {}
            }
        }
        for step in self.steps.iter_mut().filter(|step| step.sensitive) {
            if let Some(run) = &mut step.run {
                run.logs.clear();
            }
            if let Some(failure) = &mut step.failure {
                failure.message.clear();
                failure.backtrace.clear();
            }
        }
        for arrival in self.arrived.iter_mut().filter(|arrival| arrival.sensitive) {
            arrival.value = Value::Null;
        }
        for at in &self.sensitive_say {
            if let Some(speech) = self.directives.say.get_mut(*at) {
                speech.text.clear();
                speech.shown.clear();
            }
        }
        if self.sensitive_then {
            match &mut self.directives.then {
                Then::Ask(accept) => {
                    accept.hints.clear();
                    accept.choices.clear();
                }
                Then::Callback { number, .. } | Then::Transfer { number, .. } => number.clear(),
                Then::Wait { .. } | Then::Queue(_) | Then::HangUp => {}
            }
        }
        let hides = |visit: u32| visits.contains(&visit);
        let hidden = self.entries.iter().filter(|entry| hides(entry.visit));
        let hidden = hidden.map(|entry| entry.call.function()).collect();
        self.entries.retain(|entry| !hides(entry.visit));
        hidden
    }
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
    /// The visit deals with what a flow or plugin marked as sensitive: show neither its host calls
    /// nor what its plugin logged, nor the words of its failure.
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
    /// Lines that the record of the turn had no room for; the last of `logs` says so.
    #[serde(default, skip_serializing_if = "is_none")]
    pub logs_dropped: u32,
    pub cost: Cost,
}

fn is_none(count: &u32) -> bool {
    *count == 0
}
