//! `say`: speaks and goes on.

mod shown;

use dialgraph_base::Name;

pub use self::shown::{CardOf, LinkTo, SCHEMES};

use super::{Compiled, Leaving, NEXT, NodeKind, NodePrompt, Picture, Waiting, Written};
use crate::check::Checker;
use crate::check::nodes::Place;
use crate::check::ports::PortInfo;
use crate::check::saves::Wrong;
use crate::expr::{Expr, MemberRead};

use crate::model::{NodeIndex, Prompt, Queue};
use crate::syntax::flow::{NodeTree, Texts, Value, Word, texts, word_at};
use crate::syntax::shape::Kind;
use crate::syntax::tables::PROMPT;
use crate::syntax::yaml::{Entry, Node};

/// `say`: speaks and goes on.
#[derive(Debug)]
pub struct Say {
    pub prompt: Prompt,
    /// Shown with the words.
    pub link: Option<LinkTo>,
    pub card: Option<CardOf>,
    pub next: NodeIndex,
}

pub(super) const KIND: Kind = Kind {
    word: "say",
    doc: "Speaks and goes on. A text that starts with `<speak>` is SSML; `${…}` holds an expression.",
    shape: PROMPT,
    beside: &[shown::LINK, shown::CARD, NEXT],
    ports: &[],
    example: r#"{"say": {"ko-KR": "안녕하세요.", "en-US": "Hello."}, "next": "menu"}"#,
    read,
};

#[derive(Debug)]
struct Tree {
    prompt: Texts,
    link: Option<shown::LinkTree>,
    card: Option<shown::CardTree>,
    next: Word,
}

fn read(head: &Entry, node: &Node) -> Option<Box<dyn Written>> {
    Some(Box::new(Tree {
        prompt: texts(&head.value, head.key.span)?,
        link: node.get("link").and_then(shown::link),
        card: node.get("card").and_then(shown::card),
        next: word_at(node, "next")?,
    }))
}

impl Written for Tree {
    fn ports(&self, _: &Checker<'_>) -> Option<Vec<PortInfo>> {
        Some(Vec::new())
    }

    fn targets(&self) -> Vec<&Word> {
        vec![&self.next]
    }

    fn prompts(&self) -> Vec<&Texts> {
        let link = self.link.iter().flat_map(shown::LinkTree::prompts);
        let card = self.card.iter().flat_map(shown::CardTree::prompts);
        std::iter::once(&self.prompt).chain(link).chain(card).collect()
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
        Some("speaks")
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

    fn compile(&self, checker: &mut Checker<'_>, at: &Place<'_>, _: &NodeTree) -> Option<NodeKind> {
        let prompt = at.prompt(checker, &self.prompt);
        let link = self.link.as_ref().map_or(Some(None), |one| one.compile(checker, at).map(Some));
        let card = self.card.as_ref().map_or(Some(None), |one| one.compile(checker, at).map(Some));
        let next = at.target(checker, &self.next);
        Some(NodeKind::Say(Say { prompt: prompt?, link: link?, card: card?, next: next? }))
    }
}

impl Compiled for Say {
    fn word(&self) -> &'static str {
        KIND.word
    }

    fn targets(&self) -> Vec<(NodeIndex, String)> {
        vec![(self.next, String::new())]
    }

    fn prompts(&self) -> Vec<NodePrompt<'_>> {
        let mut found = vec![NodePrompt::only("say", &self.prompt)];
        let of = |part, prompts: Vec<_>| {
            let numbered = (1..).zip(prompts);
            numbered.map(move |(number, prompt)| NodePrompt { part, number, prompt })
        };
        found.extend(self.link.iter().flat_map(|link| of("link", link.prompts().to_vec())));
        found.extend(self.card.iter().flat_map(|card| of("card", card.prompts())));
        found
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
        Picture { does: self.word().to_owned(), mermaid: ("(", ")"), dot: "box, style=rounded" }
    }
}
