//! `transfer`: hands the caller to a telephone number outside, for good or if somebody answers.

use std::time::Duration;

use dialgraph_base::{Name, show_duration};

use super::{Compiled, Leaving, NodeKind, NodePrompt, ON, Picture, Waiting, Written, handed_on};
use crate::check::Checker;
use crate::check::nodes::Place;
use crate::check::ports::{ERROR, PortInfo};
use crate::check::saves::Wrong;
use crate::expr::{Expr, MemberRead};

use crate::model::{NodeIndex, Prompt, Queue};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, texts_at, time, value};
use crate::syntax::shape::{Kind, Object, Shape};
use crate::syntax::tables::{SAY, may, must};
use crate::syntax::yaml::{Entry, Node};

/// The port of a number at which somebody answered, when that conversation is over and the caller
/// is still there; the call ends if nothing else is said.
const ANSWERED: &str = "answered";

/// The port of a number at which nobody answered in time; it leads where `error` leads if nothing
/// else is said.
const NO_ANSWER: &str = "no_answer";

/// `transfer`: hands the caller to a telephone number outside.
#[derive(Debug)]
pub struct Transfer {
    pub prompt: Option<Prompt>,
    /// E.164 number; a string.
    pub number: Expr,
    /// None: the caller is handed on for good.
    pub ring: Option<Ring>,
    pub error: NodeIndex,
}

/// How a telephone rings that may not be answered.
#[derive(Debug)]
pub struct Ring {
    pub within: Duration,
    /// Where to go when whoever answered has hung up; none: the call ends.
    pub answered: Option<NodeIndex>,
    /// Where to go when nobody answers in time; none: where `error` leads.
    pub no_answer: Option<NodeIndex>,
}

pub(super) const KIND: Kind = Kind {
    word: "transfer",
    doc: "Hands the caller to a telephone number outside. With `within`, the call stays in its flow, which goes on with the caller if nobody answers in time.",
    shape: Shape::Object(&TRANSFER),
    beside: &[ON],
    ports: &[
        (
            "`answered`",
            "With `within`: somebody answered and has hung up, and the caller is still there. Default: the call ends, as `transferred`.",
        ),
        ("`no_answer`", "With `within`: nobody answered in time. Default: where `error` leads."),
        (
            "`error`",
            "The channel could not do it: the number is busy or out of service, or there is none. The flow's `on_error` may stand for it.",
        ),
    ],
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
        may(
            "within",
            Shape::Time(Duration::from_secs(5), Duration::from_secs(60)),
            "How long it rings before the flow goes on by `no_answer`. A channel with a few lengths to choose from takes the next longer one. Without it, the flow gives the caller away for good.",
            r#""20s""#,
        ),
        SAY,
    ],
    one_of: &[],
};

#[derive(Debug)]
struct Tree {
    number: Value,
    within: Option<Duration>,
    /// Whether the flow says what comes after a conversation.
    goes_on: bool,
    say: Option<Texts>,
}

fn read(head: &Entry, node: &Node) -> Option<Box<dyn Written>> {
    let number = value(head.value.get("number")?)?;
    let within = head.value.get("within").map(|_| time(&head.value, "within", Duration::ZERO));
    let goes_on = node.get("on").is_some_and(|on| on.get(ANSWERED).is_some());
    Some(Box::new(Tree { number, within, goes_on, say: texts_at(&head.value, "say") }))
}

impl Written for Tree {
    fn ports(&self, _: &Checker<'_>) -> Option<Vec<PortInfo>> {
        let mut ports = vec![PortInfo::error()];
        if self.within.is_some() {
            let over = "whoever answered has hung up".to_owned();
            ports.push(PortInfo::optional(ANSWERED, over));
            ports.push(PortInfo::optional(NO_ANSWER, "nobody answers in time".to_owned()));
        }
        Some(ports)
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
        match self.within {
            Some(_) => Waiting::UnlessItFails,
            None => Waiting::Never,
        }
    }

    fn speaks(&self) -> Option<&'static str> {
        Some("hands the caller on")
    }

    fn leaves(&self) -> Leaving<'_> {
        if self.within.is_some() && self.goes_on { Leaving::Stays } else { Leaving::Ends }
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
        let wired = at.wire(checker, node)?;
        let ring = self.within.map(|within| Ring {
            within,
            answered: wired.get(ANSWERED).copied(),
            no_answer: wired.get(NO_ANSWER).copied(),
        });
        let error = wired.get(ERROR).copied()?;
        Some(NodeKind::Transfer(Transfer { prompt: prompt?, number: number?, ring, error }))
    }
}

impl Compiled for Transfer {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        let ring = self.ring.as_ref();
        let answered = ring.and_then(|ring| ring.answered).map(|to| (to, ANSWERED.to_owned()));
        let no_answer = ring.and_then(|ring| ring.no_answer).map(|to| (to, NO_ANSWER.to_owned()));
        let error = (self.error, ERROR.to_owned());
        answered.into_iter().chain(no_answer).chain([error]).collect()
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
        let (word, number) = (self.word(), self.number.source());
        handed_on(match &self.ring {
            Some(ring) => format!("{word} {number} within {}", show_duration(ring.within)),
            None => format!("{word} {number}"),
        })
    }
}
