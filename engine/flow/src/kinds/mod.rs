//! The node kinds, one file each, named by the word in the flow file.
//!
//! A file holds everything that this crate knows of its kind: the keys with their documentation,
//! from which the JSON Schema and the reference are made (`KIND`), how it is read, checked and
//! compiled ([`Written`]), and what it is then ([`Compiled`]). The passes over a flow ask these two
//! traits and match no kind themselves. No method has a default, so that a new kind answers every
//! question or does not compile.

mod ask;
mod r#await;
mod call;
mod callback;
mod end;
mod goto;
mod hook;
mod queue;
mod say;
mod set;
mod switch;
mod transfer;
mod r#use;

use std::fmt::Debug;
use std::ops::Deref;

pub use self::ask::{Ask, Expects, NoMatch, Tries, label_letters};
pub use self::r#await::{Await, Stop};
pub use self::call::CallFlow;
pub use self::callback::Callback;
pub use self::end::{End, Ending};
pub use self::goto::Goto;
pub use self::hook::OpenHook;
pub use self::queue::ToQueue;
pub use self::say::{CardOf, LinkTo, SCHEMES, Say};
pub use self::set::Set;
pub use self::switch::Switch;
pub use self::transfer::{Ring, Transfer};
pub use self::r#use::Use;

use dialgraph_base::Name;

use crate::check::Checker;
use crate::check::nodes::Place;
use crate::check::ports::PortInfo;
use crate::check::saves::Wrong;
use crate::expr::{Expr, MemberRead};

use crate::model::{NodeIndex, Ports, Prompt, Queue};
use crate::syntax::flow::{NodeTree, Texts, Value, Word};
use crate::syntax::shape::{Field, Kind, Object, Shape};
use crate::syntax::tables::{ASSIGNMENTS, EXPRS, may, must};

/// Makes of the list of kinds the one enum and the one dispatch.
macro_rules! kinds {
    ($($file:ident => $Kind:ident($Of:ty);)+) => {
        /// What a node does: the call's own verbs, and `use` for a plugin.
        #[derive(Debug)]
        pub enum NodeKind {
            $($Kind($Of),)+
        }

        impl Deref for NodeKind {
            type Target = dyn Compiled;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$Kind(of) => of,)+
                }
            }
        }

        /// What each kind may hold, in the order of the reference.
        pub(crate) const KINDS: &[Kind] = &[$($file::KIND,)+];
    };
}

kinds! {
    say => Say(Say);
    ask => Ask(Ask);
    switch => Switch(Switch);
    set => Set(Set);
    r#use => Use(Use);
    hook => Hook(OpenHook);
    r#await => Await(Await);
    call => Call(CallFlow);
    goto => Goto(Goto);
    queue => Queue(ToQueue);
    callback => Callback(Callback);
    transfer => Transfer(Transfer);
    end => End(End);
}

/// A node as it is written: what the checks ask of it.
pub(crate) trait Written: Debug + Send + Sync {
    /// The ports to wire under `on`; none when they cannot be known because of a mistake elsewhere.
    fn ports(&self, checker: &Checker<'_>) -> Option<Vec<PortInfo>>;

    /// The nodes that it names itself, not under `on`.
    fn targets(&self) -> Vec<&Word>;

    /// Everything that callers may hear of it.
    fn prompts(&self) -> Vec<&Texts>;

    /// What it computes, beside what stands in its prompts and under `save`.
    fn expressions(&self) -> Vec<&Value>;

    /// Whether it has a port of its own for an expression that fails.
    fn catches_failures(&self) -> bool;

    /// Whether the caller is heard before it is left.
    fn waits(&self) -> Waiting;

    /// What a caller would notice of it, as a verb; none for a node that is silent.
    fn speaks(&self) -> Option<&'static str>;

    /// Whether the flow is left by it.
    fn leaves(&self) -> Leaving<'_>;

    /// The attributes that it sets, beside those under `save`.
    fn assigns(&self) -> &[(Word, Value)];

    /// What it decides by where to go.
    fn conditions(&self) -> Vec<&Value>;

    /// The plugin that it runs.
    fn plugin(&self) -> Option<&Word>;

    /// Which of the members of `output` that a value under `save` reads can never be there.
    fn never_given<'r>(&self, checker: &Checker<'_>, reads: &'r [MemberRead]) -> Option<Wrong<'r>>;

    /// Checks everything in `node`, which is of this kind, but the graph; none after a mistake.
    fn compile(
        &self,
        checker: &mut Checker<'_>,
        at: &Place<'_>,
        node: &NodeTree,
    ) -> Option<NodeKind>;
}

/// Whether a node waits for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    Never,
    Always,
    /// Only the plugin or the channel knows; it counts as waiting unless it is left by `error`.
    UnlessItFails,
}

/// Whether, and how, a flow is left by a node.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Leaving<'t> {
    /// The call goes on within the flow.
    Stays,
    /// It goes on in another flow, and may come back.
    Runs(&'t Word),
    /// It goes on in another flow for good.
    GoesTo(&'t Word),
    /// It goes back to the calling flow, by this return.
    Returns(&'t Word),
    /// It ends, or somebody else has it.
    Ends,
}

/// A compiled node: what pictures, the kernel and tools ask of it without regard to its kind.
pub trait Compiled: Debug + Send + Sync {
    /// The word in the flow file.
    fn word(&self) -> &'static str;

    /// Where it leads, each with the port or condition that leads there; empty for `next`.
    fn targets(&self) -> Vec<(NodeIndex, String)>;

    /// What callers may hear of it, in the order of the file.
    fn prompts(&self) -> Vec<NodePrompt<'_>>;

    /// Expressions that the record of a visit shows the values of, beside those in its prompts.
    fn expressions(&self) -> Vec<&Expr>;

    /// Attributes that take values which the record of a visit shows as well.
    fn recorded(&self) -> Vec<&Name>;

    /// Its own port for an expression that fails.
    fn on_failure(&self) -> Option<NodeIndex>;

    /// Its own port for a channel that cannot hand the caller on.
    fn on_channel_failure(&self) -> Option<NodeIndex>;

    /// Whether the caller's answer must be shown nowhere.
    fn asks_in_secret(&self) -> bool;

    /// The queue that it promises a call back from.
    fn calls_back(&self) -> Option<&Queue>;

    /// What goes into the call's record where it ends the call.
    fn disposition(&self) -> Option<&Name>;

    /// How it is drawn.
    fn picture(&self) -> Picture;
}

/// A prompt of a node.
#[derive(Debug, Clone, Copy)]
pub struct NodePrompt<'n> {
    /// What the flow file calls it: `say`, `prompt`, `no_input` …
    pub part: &'static str,
    /// Which of several, from 1.
    pub number: usize,
    pub prompt: &'n Prompt,
}

impl<'n> NodePrompt<'n> {
    fn only(part: &'static str, prompt: &'n Prompt) -> Self {
        Self { part, number: 1, prompt }
    }

    /// What is said first, where anything is.
    fn said(prompt: Option<&'n Prompt>) -> Vec<Self> {
        prompt.map(|prompt| Self::only("say", prompt)).into_iter().collect()
    }
}

/// How a node is drawn: see [`graph`](crate::graph).
#[derive(Debug)]
pub struct Picture {
    /// What it does, in a line.
    pub does: String,
    /// What stands before and behind the text in Mermaid.
    pub mermaid: (&'static str, &'static str),
    /// The shape in DOT.
    pub dot: &'static str,
}

fn targets_of(ports: &Ports) -> Vec<(NodeIndex, String)> {
    ports.iter().map(|(port, to)| (*to, port.to_string())).collect()
}

/// A stadium: the caller is handed on.
fn handed_on(does: String) -> Picture {
    Picture { does, mermaid: ("([", "])"), dot: "ellipse" }
}

const NEXT: Field = must("next", Shape::Name, "Node that comes next.", r#""goodbye""#);
const ON: Field = may(
    "on",
    Shape::Map(&Shape::Name, &Shape::Name),
    "Which node each port (exit) of this node leads to. Every port must be wired.",
    r#"{"open": "menu", "closed": "after-hours", "error": "to-agent"}"#,
);
const SAVE: Field = may(
    "save",
    ASSIGNMENTS,
    "Attributes to set when the node is left, each by an expression over `output`.",
    r#"{"account_id": "output.account_id"}"#,
);
const WITH: Field = may(
    "with",
    EXPRS,
    "Inputs: a text is an expression; numbers, truth values, lists and maps stand for themselves.",
    r#"{"account_id": "account_id"}"#,
);

const FLOW_REF: Object = Object {
    name: "flow-reference",
    doc: "Another flow.",
    fields: &[must("flow", Shape::Name, "Name of the flow.", r#""customer-auth""#)],
    one_of: &[],
};
const FLOW_NAME: Shape = Shape::Either(&[Shape::Name, Shape::Object(&FLOW_REF)]);
