//! `switch`: goes on by the first case that holds.

use dialgraph_base::Name;

use super::{Compiled, Leaving, NEXT, NodeKind, NodePrompt, Picture, Waiting, Written};
use crate::check::Checker;
use crate::check::nodes::Place;
use crate::check::ports::PortInfo;
use crate::check::saves::Wrong;
use crate::expr::{Expr, MemberRead};

use crate::model::{NodeIndex, Queue, Type};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, value, word_at};
use crate::syntax::shape::{Kind, Object, Shape};
use crate::syntax::tables::must;
use crate::syntax::yaml::{Entry, Node};

/// `switch`: the first case that holds, else `otherwise`.
#[derive(Debug)]
pub struct Switch {
    pub cases: Vec<(Expr, NodeIndex)>,
    pub otherwise: NodeIndex,
}

pub(super) const KIND: Kind = Kind {
    word: "switch",
    doc: "Goes on by the first case that holds, else by `next`.",
    shape: Shape::List(&Shape::Object(&CASE)),
    beside: &[NEXT],
    ports: &[],
    example: r#"{"switch": [{"when": "tries > 2", "next": "to-agent"}], "next": "again"}"#,
    read,
};

const CASE: Object = Object {
    name: "case",
    doc: "A case of a switch.",
    fields: &[
        must(
            "when",
            Shape::Expr,
            "Expression that is true or false.",
            r#""customer_class == \"msp\"""#,
        ),
        NEXT,
    ],
    one_of: &[],
};

#[derive(Debug)]
struct Tree {
    cases: Vec<(Value, Word)>,
    next: Word,
}

fn read(head: &Entry, node: &Node) -> Option<Box<dyn Written>> {
    let case = |case: &Node| Some((value(case.get("when")?)?, word_at(case, "next")?));
    Some(Box::new(Tree {
        cases: head.value.list()?.iter().filter_map(case).collect(),
        next: word_at(node, "next")?,
    }))
}

impl Written for Tree {
    fn ports(&self, _: &Checker<'_>) -> Option<Vec<PortInfo>> {
        Some(Vec::new())
    }

    fn targets(&self) -> Vec<&Word> {
        self.cases.iter().map(|(_, to)| to).chain([&self.next]).collect()
    }

    fn prompts(&self) -> Vec<&Texts> {
        Vec::new()
    }

    fn expressions(&self) -> Vec<&Value> {
        self.conditions()
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
        &[]
    }

    fn conditions(&self) -> Vec<&Value> {
        self.cases.iter().map(|(when, _)| when).collect()
    }

    fn plugin(&self) -> Option<&Word> {
        None
    }

    fn never_given<'r>(&self, _: &Checker<'_>, _: &'r [MemberRead]) -> Option<Wrong<'r>> {
        None
    }

    fn compile(&self, checker: &mut Checker<'_>, at: &Place<'_>, _: &NodeTree) -> Option<NodeKind> {
        let mut cases = Some(Vec::new());
        for (when, to) in &self.cases {
            let when = at.value(checker, when, Type::Boolean, "`when`");
            let to = at.target(checker, to);
            match (when, to, &mut cases) {
                (Some(when), Some(to), Some(cases)) => cases.push((when, to)),
                _ => cases = None,
            }
        }
        let otherwise = at.target(checker, &self.next);
        Some(NodeKind::Switch(Switch { cases: cases?, otherwise: otherwise? }))
    }
}

impl Compiled for Switch {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        let cases = self.cases.iter().map(|(when, to)| (*to, when.source().to_owned()));
        cases.chain([(self.otherwise, "otherwise".to_owned())]).collect()
    }

    fn prompts(&self) -> Vec<NodePrompt<'_>> {
        Vec::new()
    }

    fn expressions(&self) -> Vec<&Expr> {
        self.cases.iter().map(|(when, _)| when).collect()
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
        Picture { does: self.word().to_owned(), mermaid: ("{", "}"), dot: "diamond" }
    }
}
