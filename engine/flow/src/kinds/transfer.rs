//! `transfer`: hands the caller to a telephone number outside.

use dialgraph_base::Name;

use super::{Compiled, Leaving, NodeKind, NodePrompt, ON, Picture, Waiting, Written, handed_on};
use crate::check::Checker;
use crate::check::nodes::Place;
use crate::check::ports::{ERROR, PortInfo};
use crate::check::saves::Wrong;
use crate::expr::{Expr, MemberRead};

use crate::model::{NodeIndex, Prompt, Queue};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, texts_at, value};
use crate::syntax::shape::{Kind, Object, Shape};
use crate::syntax::tables::{SAY, must};
use crate::syntax::yaml::{Entry, Node};

/// `transfer`: hands the caller to a telephone number outside.
#[derive(Debug)]
pub struct Transfer {
    pub prompt: Option<Prompt>,
    /// E.164 number; a string.
    pub number: Expr,
    pub error: NodeIndex,
}

pub(super) const KIND: Kind = Kind {
    word: "transfer",
    doc: "Hands the caller to a telephone number outside.",
    shape: Shape::Object(&TRANSFER),
    beside: &[ON],
    ports: &[("`error`", "The channel could not do it. The flow's `on_error` may stand for it.")],
    example: r#"{"transfer": {"number": "\"+82-2-0000-0000\""}, "on": {"error": "hang-up"}}"#,
    read,
};

const TRANSFER: Object = Object {
    name: "transfer",
    doc: "A telephone number outside.",
    fields: &[
        must(
            "number",
            Shape::Expr,
            "Expression for the number, E.164.",
            r#""\"+82-2-0000-0000\"""#,
        ),
        SAY,
    ],
    one_of: &[],
};

#[derive(Debug)]
struct Tree {
    number: Value,
    say: Option<Texts>,
}

fn read(head: &Entry, _: &Node) -> Option<Box<dyn Written>> {
    let number = value(head.value.get("number")?)?;
    Some(Box::new(Tree { number, say: texts_at(&head.value, "say") }))
}

impl Written for Tree {
    fn ports(&self, _: &Checker<'_>) -> Option<Vec<PortInfo>> {
        Some(vec![PortInfo::error()])
    }

    fn targets(&self) -> Vec<&Word> {
        Vec::new()
    }

    fn prompts(&self) -> Vec<&Texts> {
        self.say.iter().collect()
    }

    fn expressions(&self) -> Vec<&Value> {
        vec![&self.number]
    }

    fn catches_failures(&self) -> bool {
        true
    }

    fn waits(&self) -> Waiting {
        Waiting::Never
    }

    fn speaks(&self) -> Option<&'static str> {
        Some("hands the caller on")
    }

    fn leaves(&self) -> Leaving<'_> {
        Leaving::Ends
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
        let prompt = at.say(checker, self.say.as_ref());
        let number = at.number(checker, &self.number);
        let error = at.error(checker, node);
        Some(NodeKind::Transfer(Transfer { prompt: prompt?, number: number?, error: error? }))
    }
}

impl Compiled for Transfer {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        vec![(self.error, ERROR.to_owned())]
    }

    fn prompts(&self) -> Vec<NodePrompt<'_>> {
        NodePrompt::said(self.prompt.as_ref())
    }

    fn expressions(&self) -> Vec<&Expr> {
        vec![&self.number]
    }

    fn recorded(&self) -> Vec<&Name> {
        Vec::new()
    }

    fn on_failure(&self) -> Option<NodeIndex> {
        Some(self.error)
    }

    fn on_channel_failure(&self) -> Option<NodeIndex> {
        Some(self.error)
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
        handed_on(format!("{} {}", self.word(), self.number.source()))
    }
}
