//! The compiled form of flows: what the checker produces and the kernel walks.
//!
//! Everything here is immutable plain data, cheap to share. Node targets are indices into
//! [`Flow::nodes`] that the checker has proved to be there, so walking cannot dangle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dialgraph_base::phone::Country;
use dialgraph_base::{Descriptor, Digest, Locale, Name, PluginLimits};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::expr::{Expr, Scope};
pub use crate::hook::Hook;
pub use crate::kinds::*;
pub use crate::template::{Prompt, Rendered};

/// One immutable set of flows with the plugins and the data that they use: what a call is pinned
/// to.
#[derive(Debug)]
pub struct Release {
    /// Over the digests of everything in it.
    pub digest: Digest,
    /// The flow in which a call begins when the channel names none.
    pub entry: Name,
    /// The flow that runs, without a word to the caller, whenever a call ends.
    pub finally: Option<Name>,
    /// The flow that runs when the contact is over, however long after the call left its flow.
    pub after: Option<Name>,
    /// Where a call goes when the engine can do nothing else with it.
    pub fallback: Fallback,
    /// Said when a provider takes longer than a turn may wait; none: what the engine says of
    /// itself.
    pub comfort: Option<Prompt>,
    /// All locales that some flow has; the first is the default.
    pub locales: Vec<Locale>,
    /// Of telephone numbers that are written without a country code.
    pub country: Option<Country>,
    /// Where the business is: an IANA time zone.
    pub zone: Option<Arc<str>>,
    pub flows: BTreeMap<Name, Arc<Flow>>,
    /// Attributes that some flow marks as sensitive. They are shared by all, and so is the mark.
    pub sensitive: BTreeSet<Name>,
    /// Collections with fields that few may see.
    pub sensitive_collections: BTreeSet<Name>,
    /// Which version of each plugin the flows use.
    pub plugins: BTreeMap<Name, PluginPin>,
    pub queues: BTreeMap<Name, Arc<Queue>>,
    /// What may happen outside, and be told to a call.
    pub hooks: BTreeMap<Name, Arc<Hook>>,
    pub limits: Limits,
}

impl Release {
    /// What the flows declare of an attribute; all that do declare the same type.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.flows.values().find_map(|flow| flow.attributes.get(name))
    }
}

/// A plugin as a release pins it.
#[derive(Debug, Clone)]
pub struct PluginPin {
    pub digest: Digest,
    pub descriptor: Arc<Descriptor>,
    /// Bounds of each of its runs.
    pub limits: PluginLimits,
}

/// The way out when everything else failed: words and a queue.
#[derive(Debug, Clone)]
pub struct Fallback {
    pub prompt: Option<Prompt>,
    pub queue: Arc<Queue>,
}

/// A queue of the contact centre, from the release's queue table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    pub name: Name,
    /// What people call it, by locale.
    pub title: BTreeMap<Locale, String>,
    /// 1 is served first.
    pub priority: u32,
    /// How long a caller may wait at most; absent: no promise.
    pub sla: Option<Duration>,
    /// Who serves it, in words.
    pub staff: Option<String>,
}

/// Bounds that keep a wrong flow from running away. Every one is checked by the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Nodes visited in one turn.
    pub nodes_per_turn: u32,
    /// Turns of one call.
    pub turns_per_call: u32,
    /// Bytes of all attributes as JSON (Amazon Connect allows 32 KiB).
    pub attribute_bytes: u32,
    /// Sub-flows within sub-flows.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { nodes_per_turn: 200, turns_per_call: 500, attribute_bytes: 32 * 1024, depth: 16 }
    }
}

/// Type of an attribute, an input or an output as far as the checker follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    String,
    Number,
    Boolean,
    List,
    Map,
    /// Anything; the checker asks nothing of it.
    Any,
}

/// An attribute that a flow reads or writes. Attributes belong to the call and are shared by its
/// flows.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    pub ty: Type,
    /// Its value appears in no transcript or log.
    pub sensitive: bool,
    /// Value before anything is set; JSON null when the flow gives none.
    pub default: Value,
}

/// One flow, compiled.
#[derive(Debug)]
pub struct Flow {
    pub name: Name,
    pub digest: Digest,
    pub summary: String,
    pub locales: Vec<Locale>,
    pub attributes: BTreeMap<Name, Attribute>,
    /// Values that a calling flow must give.
    pub inputs: BTreeMap<Name, Type>,
    /// Ports by which a sub-flow returns, with the values that each gives.
    pub returns: BTreeMap<Name, BTreeMap<Name, Type>>,
    pub start: NodeIndex,
    /// Where a call goes on when a node that has no port `error` cannot do its part, because an
    /// expression fails.
    pub on_error: Option<NodeIndex>,
    pub nodes: Vec<Node>,
}

impl Flow {
    /// The node at `index`.
    pub fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index.0 as usize]
    }

    /// The node called `id`, if there is one.
    pub fn find(&self, id: &str) -> Option<NodeIndex> {
        let position = self.nodes.iter().position(|node| &*node.id == id)?;
        u32::try_from(position).ok().map(NodeIndex)
    }
}

/// A prompt of a flow and its place.
#[derive(Debug, Clone, Copy)]
pub struct PromptPlace<'f> {
    /// The node's id.
    pub node: &'f Name,
    /// Line of the node in the flow file, from 1.
    pub line: u32,
    /// What the flow file calls it: `say`, `prompt`, `no_input`, `no_match`, `which`, `hold` or
    /// `meanwhile`.
    pub part: &'static str,
    /// Which of several, from 1.
    pub number: usize,
    pub prompt: &'f Prompt,
}

impl Flow {
    /// Every prompt that callers of this flow may hear, in the order of nodes.
    pub fn prompts(&self) -> impl Iterator<Item = PromptPlace<'_>> {
        self.nodes.iter().flat_map(|node| {
            node.kind.prompts().into_iter().map(|NodePrompt { part, number, prompt }| PromptPlace {
                node: &node.id,
                line: node.line,
                part,
                number,
                prompt,
            })
        })
    }
}

/// Position of a node in its flow; only the compiler makes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub(crate) u32);

/// One node.
#[derive(Debug)]
pub struct Node {
    pub id: Name,
    /// Line in the flow file, from 1, for traces.
    pub line: u32,
    pub kind: NodeKind,
}

/// Port name to node.
pub type Ports = BTreeMap<Name, NodeIndex>;

/// Attributes to set and the expressions that give their values, in the order of the file.
pub type Assignments = Vec<(Name, Expr)>;

#[cfg(test)]
mod tests {
    use crate::testing::{Plugins, compile_source};

    #[test]
    fn all_prompts_of_a_flow_are_found_with_their_places() {
        let source = "flow: f\nlocales: [en-US]\nstart: hello\nnodes:\n  hello:\n    say: {en-US: hello}\n    next: menu\n  menu:\n    ask:\n      prompt: {en-US: menu}\n      menu: {1: one}\n      no_input: [{en-US: silent}, {en-US: again}]\n      no_match: [{en-US: what}]\n      which: {en-US: which}\n      hold: {en-US: wait}\n    on: {one: bye, no_input: bye, no_match: bye}\n  bye:\n    end: {say: {en-US: bye}, disposition: done}\n";
        let release = compile_source(source, &Plugins::new()).unwrap();
        let places: Vec<String> = release.flows["f"]
            .prompts()
            .map(|place| {
                let words = place.prompt.fixed("en-US").unwrap().text;
                format!("{}.{}-{}: {words}", place.node, place.part, place.number)
            })
            .collect();
        assert_eq!(
            places,
            [
                "hello.say-1: hello",
                "menu.prompt-1: menu",
                "menu.no_input-1: silent",
                "menu.no_input-2: again",
                "menu.no_match-1: what",
                "menu.which-1: which",
                "menu.hold-1: wait",
                "bye.say-1: bye"
            ]
        );
    }
}
