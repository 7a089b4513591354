//! What a `say` shows beside its words: a link, a card.

use crate::check::nodes::Place;
use crate::check::{Checker, prompts};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Prompt;
use crate::source::{Span, Spanned};
use crate::syntax::flow::{LocaleWord, Texts, texts_at};
use crate::syntax::shape::{Field, Object, Shape};
use crate::syntax::tables::{PROMPT, may, must};
use crate::syntax::yaml::Node;

/// Somewhere to go.
#[derive(Debug)]
pub struct LinkTo {
    /// One text in all locales.
    pub url: Prompt,
    pub label: Prompt,
}

/// A thing with a title.
#[derive(Debug)]
pub struct CardOf {
    pub title: Prompt,
    pub text: Option<Prompt>,
    /// Address of a picture; one text in all locales.
    pub image: Option<Prompt>,
    pub buttons: Vec<LinkTo>,
}

/// How an address may begin. A program in it, or a file, is none.
pub const SCHEMES: [&str; 4] = ["https://", "http://", "tel:", "mailto:"];

/// Buttons of one card.
const MAX_BUTTONS: usize = 3;

const URL: Field = must(
    "url",
    Shape::Text,
    "Where it leads: `https://…`, `tel:…` or `mailto:…`. `${…}` holds an expression; at the beginning it gives the address as it is, and what it inserts further on is percent-encoded.",
    r#""https://shop.example.com/orders/${order_id}""#,
);

const LABEL: Field = must(
    "label",
    PROMPT,
    "What is pressed, by locale.",
    r#"{"ko-KR": "주문 보기", "en-US": "Show the order"}"#,
);

const LINK_TO: Object =
    Object { name: "link", doc: "Somewhere to go.", fields: &[URL, LABEL], one_of: &[] };

pub(super) const LINK: Field = may(
    "link",
    Shape::Object(&LINK_TO),
    "Shown with the words in a chat. On a telephone nothing is heard of it.",
    r#"{"url": "https://shop.example.com/orders/${order_id}", "label": {"ko-KR": "주문 보기", "en-US": "Show the order"}}"#,
);

pub(super) const CARD: Field = may(
    "card",
    Shape::Object(&Object {
        name: "card",
        doc: "A thing with a title: an article, an item on offer, a receipt.",
        fields: &[
            must("title", PROMPT, "By locale.", r#"{"ko-KR": "아메리카노", "en-US": "Americano"}"#),
            may(
                "text",
                PROMPT,
                "What there is to say of it, by locale.",
                r#"{"ko-KR": "4,500원", "en-US": "4,500 won"}"#,
            ),
            may(
                "image",
                Shape::Text,
                "Address of a picture, `https://…`.",
                r#""https://shop.example.com/americano.jpg""#,
            ),
            may(
                "buttons",
                Shape::List(&Shape::Object(&LINK_TO)),
                "Links on the card, at most three.",
                r#"[{"url": "https://shop.example.com", "label": {"ko-KR": "더 보기", "en-US": "More"}}]"#,
            ),
        ],
        one_of: &[],
    }),
    "Shown with the words in a chat. On a telephone, title and text are read out.",
    r#"{"title": {"ko-KR": "아메리카노", "en-US": "Americano"}}"#,
);

#[derive(Debug)]
pub(super) struct LinkTree {
    url: Texts,
    label: Texts,
}

#[derive(Debug)]
pub(super) struct CardTree {
    title: Texts,
    text: Option<Texts>,
    image: Option<Texts>,
    buttons: Vec<LinkTree>,
    /// Of the first button too many.
    beyond: Option<Span>,
}

/// A text that is the same in every locale, kept as that of one.
fn address(node: &Node, name: &str) -> Option<Texts> {
    let entry = node.entry(name)?;
    let text = Spanned::new(entry.value.text()?.to_owned(), entry.value.span);
    let locale: LocaleWord = Spanned::new("und".into(), entry.value.span);
    Some(Texts { span: entry.key.span, texts: vec![(locale, text)], written: Vec::new() })
}

pub(super) fn link(node: &Node) -> Option<LinkTree> {
    Some(LinkTree { url: address(node, "url")?, label: texts_at(node, "label")? })
}

pub(super) fn card(node: &Node) -> Option<CardTree> {
    let buttons = node.get("buttons").and_then(Node::list).unwrap_or_default();
    Some(CardTree {
        title: texts_at(node, "title")?,
        text: texts_at(node, "text"),
        image: address(node, "image"),
        buttons: buttons.iter().filter_map(link).take(MAX_BUTTONS).collect(),
        beyond: buttons.get(MAX_BUTTONS).map(|node| node.span),
    })
}

impl LinkTree {
    pub(super) fn prompts(&self) -> [&Texts; 2] {
        [&self.url, &self.label]
    }

    pub(super) fn compile(&self, checker: &mut Checker<'_>, at: &Place<'_>) -> Option<LinkTo> {
        checker.must_be_shown(self.url.span, "this link");
        let url = compile_address(checker, at, &self.url);
        let label = at.prompt(checker, &self.label);
        Some(LinkTo { url: url?, label: label? })
    }
}

impl CardTree {
    pub(super) fn prompts(&self) -> Vec<&Texts> {
        let own = [Some(&self.title), self.text.as_ref(), self.image.as_ref()];
        let buttons = self.buttons.iter().flat_map(LinkTree::prompts);
        own.into_iter().flatten().chain(buttons).collect()
    }

    pub(super) fn compile(&self, checker: &mut Checker<'_>, at: &Place<'_>) -> Option<CardOf> {
        if let Some(beyond) = self.beyond {
            let message = format!("a card has at most {MAX_BUTTONS} buttons");
            checker.push(Diagnostic::new(Code::TooLarge, beyond, message));
        }
        let title = at.prompt(checker, &self.title);
        let text = at.say(checker, self.text.as_ref());
        if let Some(image) = &self.image {
            checker.must_be_shown(image.span, "this picture");
        }
        let image = match &self.image {
            Some(image) => compile_address(checker, at, image).map(Some),
            None => Some(None),
        };
        let buttons: Vec<_> = self.buttons.iter().map(|one| one.compile(checker, at)).collect();
        let buttons: Option<Vec<_>> = buttons.into_iter().collect();
        Some(CardOf { title: title?, text: text?, image: image?, buttons: buttons? })
    }
}

fn compile_address(checker: &mut Checker<'_>, at: &Place<'_>, texts: &Texts) -> Option<Prompt> {
    let (locale, text) = texts.texts.first()?;
    let begins = text.value.trim_start();
    // What an expression gives is held to the same when it is shown.
    if !begins.starts_with("${") && !SCHEMES.iter().any(|scheme| begins.starts_with(scheme)) {
        let message = format!("`{}` is no address that a caller can follow", text.value);
        checker.push(
            Diagnostic::new(Code::WrongShape, text.span, message)
                .help("write the whole of it, from `https://` on"),
        );
        return None;
    }
    prompts::compile(checker, texts, std::slice::from_ref(&locale.value), &at.env)
}

impl LinkTo {
    pub(super) fn prompts(&self) -> [&Prompt; 2] {
        [&self.url, &self.label]
    }
}

impl CardOf {
    pub(super) fn prompts(&self) -> Vec<&Prompt> {
        let own = [Some(&self.title), self.text.as_ref(), self.image.as_ref()];
        own.into_iter().flatten().chain(self.buttons.iter().flat_map(LinkTo::prompts)).collect()
    }
}
