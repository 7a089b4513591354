//! The compiled form of flows: what the checker produces and the kernel walks.
//!
//! Everything here is immutable plain data, cheap to share. Node targets are indices into [`Flow::nodes`]
//! that the checker has proved to be there, so walking cannot dangle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Digest;
pub use crate::expr::{Expr, Scope};
use crate::grants::PluginLimits;
pub use crate::template::{Prompt, Rendered};

/// A name from a flow file: of a flow, node, port, attribute, plugin, queue …
pub type Name = Arc<str>;

/// BCP 47 tag such as `ko-KR`.
pub type Locale = Arc<str>;

/// One immutable set of flows with the plugins and the data that they use: what a call is pinned to.
#[derive(Debug)]
pub struct Release {
    /// Over the digests of everything in it.
    pub digest: Digest,
    /// The flow in which a call begins when the channel names none.
    pub entry: Name,
    /// The flow that runs, without a word to the caller, whenever a call ends.
    pub finally: Option<Name>,
    /// Where a call goes when the engine can do nothing else with it.
    pub fallback: Fallback,
    /// Said when a provider takes longer than a turn may wait; none: what the engine says of itself.
    pub comfort: Option<Prompt>,
    /// All locales that some flow has; the first is the default.
    pub locales: Vec<Locale>,
    pub flows: BTreeMap<Name, Arc<Flow>>,
    /// Attributes that some flow marks as sensitive. They are shared by all, and so is the mark.
    pub sensitive: BTreeSet<Name>,
    /// Which version of each plugin the flows use.
    pub plugins: BTreeMap<Name, PluginPin>,
    pub queues: BTreeMap<Name, Arc<Queue>>,
    pub limits: Limits,
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

/// What a plugin says of itself (`describe` in the plugin contract), with its schemas read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    pub name: Name,
    pub version: String,
    pub summary: String,
    /// Without `error`, which every plugin has.
    pub ports: Vec<Port>,
    pub config_schema: Value,
    pub input_schema: Value,
    pub output_schema: Value,
}

/// A named exit and when it is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Port {
    pub name: Name,
    pub summary: String,
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

/// An attribute that a flow reads or writes. Attributes belong to the call and are shared by its flows.
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
    /// What the flow file calls it: `say`, `prompt`, `no_input` or `no_match`.
    pub part: &'static str,
    /// Which of several, from 1.
    pub number: usize,
    pub prompt: &'f Prompt,
}

impl Flow {
    /// Every prompt that callers of this flow may hear, in the order of nodes.
    pub fn prompts(&self) -> impl Iterator<Item = PromptPlace<'_>> {
        self.nodes.iter().flat_map(|node| {
            let place = |part, number, prompt| PromptPlace {
                node: &node.id,
                line: node.line,
                part,
                number,
                prompt,
            };
            let mut found = Vec::new();
            match &node.kind {
                NodeKind::Say(say) => found.push(place("say", 1, &say.prompt)),
                NodeKind::Ask(ask) => {
                    found.push(place("prompt", 1, &ask.prompt));
                    for (part, prompts) in
                        [("no_input", &ask.no_input), ("no_match", &ask.no_match)]
                    {
                        let numbered = prompts.iter().enumerate();
                        found.extend(numbered.map(|(index, one)| place(part, index + 1, one)));
                    }
                }
                NodeKind::Queue(ToQueue { prompt, .. })
                | NodeKind::Callback(Callback { prompt, .. })
                | NodeKind::Transfer(Transfer { prompt, .. })
                | NodeKind::End(End { prompt, .. }) => {
                    found.extend(prompt.as_ref().map(|one| place("say", 1, one)));
                }
                NodeKind::Switch(_)
                | NodeKind::Set(_)
                | NodeKind::Use(_)
                | NodeKind::Call(_)
                | NodeKind::Goto(_) => {}
            }
            found
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

/// What a node does: the call's own verbs, and `use` for a plugin.
#[derive(Debug)]
pub enum NodeKind {
    Say(Say),
    Ask(Ask),
    Switch(Switch),
    Set(Set),
    Use(Use),
    Call(CallFlow),
    Goto(Goto),
    Queue(ToQueue),
    Callback(Callback),
    Transfer(Transfer),
    End(End),
}

impl NodeKind {
    /// The word in the flow file.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Say(_) => "say",
            Self::Ask(_) => "ask",
            Self::Switch(_) => "switch",
            Self::Set(_) => "set",
            Self::Use(_) => "use",
            Self::Call(_) => "call",
            Self::Goto(_) => "goto",
            Self::Queue(_) => "queue",
            Self::Callback(_) => "callback",
            Self::Transfer(_) => "transfer",
            Self::End(_) => "end",
        }
    }
}

/// Port name to node.
pub type Ports = BTreeMap<Name, NodeIndex>;

/// Attributes to set and the expressions that give their values, in the order of the file.
pub type Assignments = Vec<(Name, Expr)>;

/// `say`: speaks and goes on.
#[derive(Debug)]
pub struct Say {
    pub prompt: Prompt,
    pub next: NodeIndex,
}

/// `ask`: speaks, waits for the caller, and leaves by a port.
///
/// Ports: those of `menu` and `phrases`, `digits` when digits are accepted, `said` when free speech is,
/// `no_input` and `no_match` after `tries` vain tries. `save` sees `output.digits`, `output.text`,
/// `output.confidence` and `output.tries`.
#[derive(Debug)]
pub struct Ask {
    pub prompt: Prompt,
    /// Key (one of `0`–`9`, `*`, `#`) to port.
    pub menu: Vec<(char, Name)>,
    /// Words, by locale, that mean a port when the caller says them.
    pub phrases: Vec<(Name, BTreeMap<Locale, Vec<String>>)>,
    pub digits: Option<Digits>,
    /// Any words are taken, by port `said`.
    pub speech: bool,
    pub timeout: Duration,
    /// How often the caller may fail to answer, silence and mismatch together, before a port is taken.
    pub tries: u32,
    /// Said instead of `prompt` after the first, second … silence; the last repeats. Empty: `prompt`.
    pub no_input: Vec<Prompt>,
    /// The same for answers that fit nothing.
    pub no_match: Vec<Prompt>,
    pub sensitive: bool,
    pub save: Assignments,
    pub ports: Ports,
}

/// Keys accepted as a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digits {
    pub min: u32,
    pub max: u32,
    pub terminator: Option<char>,
}

/// `switch`: the first case that holds, else `otherwise`.
#[derive(Debug)]
pub struct Switch {
    pub cases: Vec<(Expr, NodeIndex)>,
    pub otherwise: NodeIndex,
}

/// `set`: gives attributes new values.
#[derive(Debug)]
pub struct Set {
    pub assign: Assignments,
    pub next: NodeIndex,
}

/// `use`: runs a plugin. `save` sees the plugin's `output`; on port `error`, `output.error.code`,
/// `output.error.kind` and `output.error.message`.
#[derive(Debug)]
pub struct Use {
    pub plugin: Name,
    /// JSON object, valid by the plugin's schema, with references to calendars replaced by their content.
    pub config: Arc<str>,
    pub with: Vec<(Name, Expr)>,
    /// For all host calls of one visit together.
    pub timeout: Duration,
    pub save: Assignments,
    /// Every port of the plugin and `error`.
    pub ports: Ports,
}

/// `call`: runs another flow and goes on by the port it returns. `save` sees what it returned as `output`.
#[derive(Debug)]
pub struct CallFlow {
    pub flow: Name,
    pub with: Vec<(Name, Expr)>,
    pub save: Assignments,
    pub ports: Ports,
}

/// `goto`: goes on in another flow for good, leaving all calling flows too.
#[derive(Debug)]
pub struct Goto {
    pub flow: Name,
}

/// `queue`: hands the caller to a queue. Comes back by `error` only if the channel could not do it.
#[derive(Debug)]
pub struct ToQueue {
    pub prompt: Option<Prompt>,
    pub queue: Arc<Queue>,
    pub error: NodeIndex,
}

/// `callback`: promises a call back from a queue and ends the call.
#[derive(Debug)]
pub struct Callback {
    pub prompt: Option<Prompt>,
    pub queue: Arc<Queue>,
    /// Number to call; a string.
    pub number: Expr,
    pub error: NodeIndex,
}

/// `transfer`: hands the caller to a telephone number outside.
#[derive(Debug)]
pub struct Transfer {
    pub prompt: Option<Prompt>,
    /// E.164 number; a string.
    pub number: Expr,
    pub error: NodeIndex,
}

/// `end`: returns to the calling flow, or hangs up.
#[derive(Debug)]
pub struct End {
    pub prompt: Option<Prompt>,
    pub how: Ending,
}

/// The two ways a flow can end.
#[derive(Debug)]
pub enum Ending {
    /// Back to the `call` node, by this port, with these values.
    Return { port: Name, values: Vec<(Name, Expr)> },
    /// The call is over; the disposition goes into its record.
    HangUp { disposition: Name },
}

#[cfg(test)]
mod tests {
    use crate::testing::{Plugins, compile_source};

    #[test]
    fn all_prompts_of_a_flow_are_found_with_their_places() {
        let source = "flow: f\nlocales: [en-US]\nstart: hello\nnodes:\n  hello:\n    say: {en-US: hello}\n    next: menu\n  menu:\n    ask:\n      prompt: {en-US: menu}\n      menu: {1: one}\n      no_input: [{en-US: silent}, {en-US: again}]\n      no_match: [{en-US: what}]\n    on: {one: bye, no_input: bye, no_match: bye}\n  bye:\n    end: {say: {en-US: bye}, disposition: done}\n";
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
                "bye.say-1: bye"
            ]
        );
    }
}
