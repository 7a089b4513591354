//! `hook`: makes an address at which the outside can tell the call something.

use std::sync::Arc;

use dialgraph_base::Name;

use super::{Compiled, Leaving, NEXT, NodeKind, NodePrompt, Picture, SAVE, Waiting, Written};
use crate::check::Checker;
use crate::check::names::Output;
use crate::check::nodes::Place;
use crate::check::ports::PortInfo;
use crate::check::saves::Wrong;
use crate::expr::{Expr, MemberRead, VarType};
use crate::hook::Hook;

use crate::model::{Assignments, NodeIndex, Queue, Type};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, word, word_at};
use crate::syntax::shape::{Kind, Shape};
use crate::syntax::yaml::{Entry, Node};

/// `hook`: makes an address. `save` sees it as `output.url`, and until when it is good as
/// `output.expires_at`.
#[derive(Debug)]
pub struct OpenHook {
    pub hook: Arc<Hook>,
    pub save: Assignments,
    pub next: NodeIndex,
}

pub(super) const KIND: Kind = Kind {
    word: "hook",
    doc: "Makes an address at which somebody outside can tell this call something, once. `save` sees it as `output.url`, and the time until which it is good as `output.expires_at` (RFC 3339). A new address of a hook takes the place of the call's last one. A node `await` waits for what arrives.",
    shape: Shape::Name,
    beside: &[SAVE, NEXT],
    ports: &[],
    example: r#"{"hook": "payment", "save": {"company": "output.url"}, "next": "send-link"}"#,
    read,
};

#[derive(Debug)]
struct Tree {
    hook: Word,
    next: Word,
}

fn read(head: &Entry, node: &Node) -> Option<Box<dyn Written>> {
    Some(Box::new(Tree { hook: word(&head.value)?, next: word_at(node, "next")? }))
}

impl Written for Tree {
    fn ports(&self, _: &Checker<'_>) -> Option<Vec<PortInfo>> {
        Some(Vec::new())
    }

    fn targets(&self) -> Vec<&Word> {
        vec![&self.next]
    }

    fn prompts(&self) -> Vec<&Texts> {
        Vec::new()
    }

    fn expressions(&self) -> Vec<&Value> {
        Vec::new()
    }

    fn catches_failures(&self) -> bool {
        false
    }

    fn waits(&self) -> Waiting {
        Waiting::Never
    }

    fn speaks(&self) -> Option<&'static str> {
        // Nothing that arrives once the flow is over reaches anybody.
        Some("makes an address for somebody outside")
    }

    fn leaves(&self) -> Leaving<'_> {
        Leaving::Stays
    }

    fn assigns(&self) -> &[(Word, Value)] {
        &[]
    }

    fn conditions(&self) -> Vec<&Value> {
        Vec::new()
    }

    fn plugin(&self) -> Option<&Word> {
        None
    }

    fn never_given<'r>(&self, _: &Checker<'_>, _: &'r [MemberRead]) -> Option<Wrong<'r>> {
        None
    }

    fn compile(
        &self,
        checker: &mut Checker<'_>,
        at: &Place<'_>,
        node: &NodeTree,
    ) -> Option<NodeKind> {
        let hook = checker.hook(&self.hook);
        let output = VarType::map(["url", "expires_at"].map(|m| (m, VarType::of(Type::String))));
        let save = at.save(checker, node, output, Output::Unknown);
        let next = at.target(checker, &self.next);
        Some(NodeKind::Hook(OpenHook { hook: hook?, save: save?, next: next? }))
    }
}

impl Compiled for OpenHook {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        vec![(self.next, String::new())]
    }

    fn prompts(&self) -> Vec<NodePrompt<'_>> {
        Vec::new()
    }

    fn expressions(&self) -> Vec<&Expr> {
        // What it gives a sensitive attribute is left out of the step itself.
        Vec::new()
    }

    fn recorded(&self) -> Vec<&Name> {
        Vec::new()
    }

    fn on_failure(&self) -> Option<NodeIndex> {
        None
    }

    fn on_channel_failure(&self) -> Option<NodeIndex> {
        None
    }

    fn asks_in_secret(&self) -> bool {
        false
    }

    fn calls_back(&self) -> Option<&Queue> {
        None
    }

    fn disposition(&self) -> Option<&Name> {
        None
    }

    fn picture(&self) -> Picture {
        let does = format!("{} {}", self.word(), self.hook.name);
        Picture { does, mermaid: ("[", "]"), dot: "box" }
    }
}
