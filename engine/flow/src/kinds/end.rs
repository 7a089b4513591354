//! `end`: returns to the calling flow, or hangs up.

use dialgraph_base::Name;

use super::{Compiled, Leaving, NodeKind, NodePrompt, Picture, Waiting, Written};
use crate::check::Checker;
use crate::check::nodes::Place;
use crate::check::ports::PortInfo;
use crate::check::saves::Wrong;
use crate::check::subflows;
use crate::expr::{Expr, MemberRead};

use crate::model::{NodeIndex, Prompt, Queue};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, texts_at, values, word_at};
use crate::syntax::shape::{Kind, Object, Shape};
use crate::syntax::tables::{EXPRS, SAY, may};
use crate::syntax::yaml::{Entry, Node};

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

pub(super) const KIND: Kind = Kind {
    word: "end",
    doc: "Hangs up, or returns to the calling flow.",
    shape: Shape::Object(&END),
    beside: &[],
    ports: &[],
    example: r#"{"end": {"disposition": "resolved", "say": {"ko-KR": "감사합니다.", "en-US": "Goodbye."}}}"#,
    read,
};

const END: Object = Object {
    name: "end",
    doc: "The end: of the call (`disposition`) or of this flow (`return`).",
    fields: &[
        may(
            "disposition",
            Shape::Name,
            "Hang up; this word goes into the call's record.",
            r#""resolved""#,
        ),
        may(
            "return",
            Shape::Name,
            "Back to the calling flow, by this one of the flow's `returns`.",
            r#""msp""#,
        ),
        may("with", EXPRS, "The values that this return gives.", r#"{"company": "company"}"#),
        SAY,
    ],
    one_of: &["disposition", "return"],
};

#[derive(Debug)]
struct Tree {
    say: Option<Texts>,
    how: How,
}

#[derive(Debug)]
enum How {
    Return { port: Word, with: Vec<(Word, Value)> },
    HangUp { disposition: Word },
}

fn read(head: &Entry, _: &Node) -> Option<Box<dyn Written>> {
    let body = &head.value;
    let how = match word_at(body, "return") {
        Some(port) => How::Return { port, with: values(body, "with") },
        None => How::HangUp { disposition: word_at(body, "disposition")? },
    };
    Some(Box::new(Tree { say: texts_at(body, "say"), how }))
}

impl Written for Tree {
    fn ports(&self, _: &Checker<'_>) -> Option<Vec<PortInfo>> {
        Some(Vec::new())
    }

    fn targets(&self) -> Vec<&Word> {
        Vec::new()
    }

    fn prompts(&self) -> Vec<&Texts> {
        self.say.iter().collect()
    }

    fn expressions(&self) -> Vec<&Value> {
        match &self.how {
            How::Return { with, .. } => with.iter().map(|(_, value)| value).collect(),
            How::HangUp { .. } => Vec::new(),
        }
    }

    fn catches_failures(&self) -> bool {
        false
    }

    fn waits(&self) -> Waiting {
        Waiting::Never
    }

    fn speaks(&self) -> Option<&'static str> {
        self.say.as_ref().map(|_| "speaks")
    }

    fn leaves(&self) -> Leaving<'_> {
        match &self.how {
            How::Return { port, .. } => Leaving::Returns(port),
            How::HangUp { .. } => Leaving::Ends,
        }
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
        let prompt = at.say(checker, self.say.as_ref());
        let how = match &self.how {
            How::Return { port, with } => Ending::Return {
                port: port.value.clone(),
                values: subflows::returned(checker, at.flow, port, with, &at.env)?,
            },
            How::HangUp { disposition } => {
                Ending::HangUp { disposition: disposition.value.clone() }
            }
        };
        Some(NodeKind::End(End { prompt: prompt?, how }))
    }
}

impl Compiled for End {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        Vec::new()
    }

    fn prompts(&self) -> Vec<NodePrompt<'_>> {
        NodePrompt::said(self.prompt.as_ref())
    }

    fn expressions(&self) -> Vec<&Expr> {
        // The values of a return are no part of the record.
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
        match &self.how {
            Ending::Return { .. } => None,
            Ending::HangUp { disposition } => Some(disposition),
        }
    }

    fn picture(&self) -> Picture {
        let does = match &self.how {
            Ending::Return { port, .. } => format!("return {port}"),
            Ending::HangUp { disposition } => format!("{} {disposition}", self.word()),
        };
        Picture { does, mermaid: ("(((", ")))"), dot: "doublecircle" }
    }
}
