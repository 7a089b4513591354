//! `queue`: hands the caller to a queue.

use std::sync::Arc;

use dialgraph_base::Name;

use super::{Compiled, Leaving, NodeKind, NodePrompt, ON, Picture, Waiting, Written, handed_on};
use crate::check::Checker;
use crate::check::nodes::Place;
use crate::check::ports::{ERROR, PortInfo};
use crate::check::saves::Wrong;
use crate::expr::{Expr, MemberRead};

use crate::model::{NodeIndex, Prompt, Queue};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, texts_at, word, word_at};
use crate::syntax::shape::{Kind, Object, Shape};
use crate::syntax::tables::{SAY, must};
use crate::syntax::yaml::{Entry, Node};

/// `queue`: hands the caller to a queue. Comes back by `error` only if the channel could not do it.
#[derive(Debug)]
pub struct ToQueue {
    pub prompt: Option<Prompt>,
    pub queue: Arc<Queue>,
    pub error: NodeIndex,
}

pub(super) const KIND: Kind = Kind {
    word: "queue",
    doc: "Hands the caller to a queue. Leaves by `error` only if the channel could not do it.",
    shape: Shape::Either(&[Shape::Name, Shape::Object(&TO_QUEUE)]),
    beside: &[ON],
    ports: &[("`error`", "The channel could not do it. The flow's `on_error` may stand for it.")],
    example: r#"{"queue": "msp-emergency", "on": {"error": "hang-up"}}"#,
    read,
};

const TO_QUEUE: Object = Object {
    name: "to-queue",
    doc: "A queue and what is said before.",
    fields: &[must("to", Shape::Name, "Name of the queue.", r#""msp-emergency""#), SAY],
    one_of: &[],
};

#[derive(Debug)]
struct Tree {
    queue: Word,
    say: Option<Texts>,
}

fn read(head: &Entry, _: &Node) -> Option<Box<dyn Written>> {
    let queue = word(&head.value).or_else(|| word_at(&head.value, "to"))?;
    Some(Box::new(Tree { queue, say: texts_at(&head.value, "say") }))
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
        Vec::new()
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
        let error = at.error(checker, node);
        Some(NodeKind::Queue(ToQueue { prompt: prompt?, queue: queue?, error: error? }))
    }
}

impl Compiled for ToQueue {
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
        Vec::new()
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
        handed_on(format!("{} {}", self.word(), self.queue.name))
    }
}
