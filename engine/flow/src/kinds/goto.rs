//! `goto`: goes on in another flow for good.

use dialgraph_base::Name;

use super::{Compiled, FLOW_NAME, Leaving, NodeKind, NodePrompt, Picture, Waiting, Written};
use crate::check::Checker;
use crate::check::nodes::Place;
use crate::check::ports::PortInfo;
use crate::check::saves::Wrong;
use crate::check::subflows;
use crate::expr::{Expr, MemberRead};

use crate::model::{NodeIndex, Queue};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, word, word_at};
use crate::syntax::shape::Kind;
use crate::syntax::yaml::{Entry, Node};

/// `goto`: goes on in another flow for good, leaving all calling flows too.
#[derive(Debug)]
pub struct Goto {
    pub flow: Name,
}

pub(super) const KIND: Kind = Kind {
    word: "goto",
    doc: "Goes on in another flow for good.",
    shape: FLOW_NAME,
    beside: &[],
    ports: &[],
    example: r#"{"goto": "msp-customer"}"#,
    read,
};

#[derive(Debug)]
struct Tree {
    flow: Word,
}

fn read(head: &Entry, _: &Node) -> Option<Box<dyn Written>> {
    let flow = word(&head.value).or_else(|| word_at(&head.value, "flow"))?;
    Some(Box::new(Tree { flow }))
}

impl Written for Tree {
    fn ports(&self, _: &Checker<'_>) -> Option<Vec<PortInfo>> {
        Some(Vec::new())
    }

    fn targets(&self) -> Vec<&Word> {
        Vec::new()
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
        None
    }

    fn leaves(&self) -> Leaving<'_> {
        Leaving::GoesTo(&self.flow)
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

    fn compile(&self, checker: &mut Checker<'_>, at: &Place<'_>, _: &NodeTree) -> Option<NodeKind> {
        let called = checker.flow(&self.flow)?;
        subflows::inputs(checker, &self.flow, called, &[], &at.env)?;
        Some(NodeKind::Goto(Goto { flow: self.flow.value.clone() }))
    }
}

impl Compiled for Goto {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        Vec::new()
    }

    fn prompts(&self) -> Vec<NodePrompt<'_>> {
        Vec::new()
    }

    fn expressions(&self) -> Vec<&Expr> {
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
        let does = format!("{} {}", self.word(), self.flow);
        Picture { does, mermaid: (">", "]"), dot: "cds" }
    }
}
