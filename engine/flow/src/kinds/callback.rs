//! `callback`: promises a call back from a queue.

use std::sync::Arc;

use dialgraph_base::Name;

use super::{Compiled, Leaving, NodeKind, NodePrompt, ON, Picture, Waiting, Written, handed_on};
use crate::check::Checker;
use crate::check::nodes::Place;
use crate::check::ports::{ERROR, PortInfo};
use crate::check::saves::Wrong;
use crate::expr::{Expr, MemberRead};

use crate::model::{NodeIndex, Prompt, Queue};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, texts_at, value, word_at};
use crate::syntax::shape::{Kind, Object, Shape};
use crate::syntax::tables::{SAY, must};
use crate::syntax::yaml::{Entry, Node};

/// The port of a number that cannot be called; it leads where `error` leads if nothing else is
/// said.
const NO_NUMBER: &str = "no_number";

/// `callback`: promises a call back from a queue and ends the call.
#[derive(Debug)]
pub struct Callback {
    pub prompt: Option<Prompt>,
    pub queue: Arc<Queue>,
    /// Number to call; a string.
    pub number: Expr,
    /// Where to go, with nothing said yet, when nobody can be called at that number; none: where
    /// `error` leads.
    pub no_number: Option<NodeIndex>,
    pub error: NodeIndex,
}

pub(super) const KIND: Kind = Kind {
    word: "callback",
    doc: "Promises a call back from a queue and ends the call. Leaves by `no_number` (default: where `error` leads), before it says anything, if the number cannot be called: withheld, a short code, an extension.",
    shape: Shape::Object(&CALLBACK),
    beside: &[ON],
    ports: &[
        ("`no_number`", "Nobody can be called at the number. Default: where `error` leads."),
        ("`error`", "The channel could not do it. The flow's `on_error` may stand for it."),
    ],
    example: r#"{"callback": {"queue": "callback", "number": "call.from"}, "on": {"error": "hang-up"}}"#,
    read,
};

const CALLBACK: Object = Object {
    name: "callback",
    doc: "A promise to call back.",
    fields: &[
        must("queue", Shape::Name, "Queue that calls back.", r#""callback""#),
        must(
            "number",
            Shape::Expr,
            "Expression for the number to call, with a country code or as it is dialled in the project's `country`.",
            r#""call.from""#,
        ),
        SAY,
    ],
    one_of: &[],
};

#[derive(Debug)]
struct Tree {
    queue: Word,
    number: Value,
    say: Option<Texts>,
}

fn read(head: &Entry, _: &Node) -> Option<Box<dyn Written>> {
    Some(Box::new(Tree {
        queue: word_at(&head.value, "queue")?,
        number: value(head.value.get("number")?)?,
        say: texts_at(&head.value, "say"),
    }))
}

impl Written for Tree {
    fn ports(&self, _: &Checker<'_>) -> Option<Vec<PortInfo>> {
        let why = "nobody can be called at the number".to_owned();
        Some(vec![PortInfo::optional(NO_NUMBER, why), PortInfo::error()])
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
        let queue = checker.queue(&self.queue);
        let number = at.number(checker, &self.number);
        let wired = at.wire(checker, node)?;
        Some(NodeKind::Callback(Callback {
            prompt: prompt?,
            queue: queue?,
            number: number?,
            no_number: wired.get(NO_NUMBER).copied(),
            error: wired.get(ERROR).copied()?,
        }))
    }
}

impl Compiled for Callback {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        let no_number = self.no_number.map(|to| (to, NO_NUMBER.to_owned()));
        no_number.into_iter().chain([(self.error, ERROR.to_owned())]).collect()
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
        Some(&self.queue)
    }

    fn disposition(&self) -> Option<&Name> {
        None
    }

    fn picture(&self) -> Picture {
        handed_on(format!("{} {}", self.word(), self.queue.name))
    }
}
