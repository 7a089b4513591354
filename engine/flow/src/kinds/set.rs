//! `set`: gives attributes new values.

use dialgraph_base::Name;

use super::{Compiled, Leaving, NEXT, NodeKind, NodePrompt, Picture, Waiting, Written};
use crate::check::Checker;
use crate::check::nodes::Place;
use crate::check::ports::PortInfo;
use crate::check::saves::Wrong;
use crate::expr::{Expr, MemberRead};

use crate::model::{Assignments, NodeIndex, Queue};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, all_values, word_at};
use crate::syntax::shape::Kind;
use crate::syntax::tables::ASSIGNMENTS;
use crate::syntax::yaml::{Entry, Node};

/// `set`: gives attributes new values.
#[derive(Debug)]
pub struct Set {
    pub assign: Assignments,
    pub next: NodeIndex,
}

pub(super) const KIND: Kind = Kind {
    word: "set",
    doc: "Gives attributes new values. `locale` switches the language of the call.",
    shape: ASSIGNMENTS,
    beside: &[NEXT],
    ports: &[],
    example: r#"{"set": {"tries": "tries + 1"}, "next": "again"}"#,
    read,
};

#[derive(Debug)]
struct Tree {
    assign: Vec<(Word, Value)>,
    next: Word,
}

fn read(head: &Entry, node: &Node) -> Option<Box<dyn Written>> {
    let assign = all_values(Some(&head.value));
    Some(Box::new(Tree { assign, next: word_at(node, "next")? }))
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
        self.assign.iter().map(|(_, value)| value).collect()
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
        Leaving::Stays
    }

    fn assigns(&self) -> &[(Word, Value)] {
        &self.assign
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
        let assign = at.assignments(checker, &self.assign);
        let next = at.target(checker, &self.next);
        Some(NodeKind::Set(Set { assign: assign?, next: next? }))
    }
}

impl Compiled for Set {
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
        let names: Vec<&str> = self.assign.iter().map(|(name, _)| &**name).collect();
        let does = format!("{} {}", self.word(), names.join(", "));
        Picture { does, mermaid: ("[", "]"), dot: "box" }
    }
}
