//! A flow file as a typed tree: what stands there, with its places, nothing resolved.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::duration::parse_duration;
use super::shape::{is_key, is_name, kind_of};
use super::tables::KINDS;
use super::yaml::{Entry, Node};
use crate::model::{Digits, Locale, Name, Type};
use crate::source::{Span, Spanned};

/// A name and where it stood.
pub(crate) type Word = Spanned<Name>;

#[derive(Debug)]
pub(crate) struct FlowTree {
    pub name: Option<Word>,
    pub summary: String,
    /// None: not given.
    pub locales: Option<Vec<Word>>,
    pub attributes: Vec<AttributeTree>,
    pub inputs: Vec<(Word, Type)>,
    pub returns: Vec<(Word, Vec<(Word, Type)>)>,
    pub start: Option<Word>,
    pub on_error: Option<Word>,
    pub nodes: Vec<NodeTree>,
    /// Names of all nodes, those included that are not in good form.
    pub node_names: Vec<Word>,
}

#[derive(Debug)]
pub(crate) struct AttributeTree {
    pub name: Word,
    pub ty: Type,
    pub sensitive: bool,
    pub default: Option<Spanned<Json>>,
}

#[derive(Debug)]
pub(crate) struct NodeTree {
    pub id: Word,
    pub kind: KindTree,
    pub on: Vec<(Word, Word)>,
    /// Where the ports are wired, or should be.
    pub on_span: Span,
    pub save: Vec<(Word, Value)>,
}

#[derive(Debug)]
pub(crate) enum KindTree {
    Say {
        prompt: Texts,
        next: Word,
    },
    Ask(Box<AskTree>),
    Switch {
        cases: Vec<(Value, Word)>,
        next: Word,
    },
    Set {
        assign: Vec<(Word, Value)>,
        next: Word,
    },
    Use {
        plugin: Word,
        config: Option<Node>,
        with: Vec<(Word, Value)>,
        with_span: Span,
        timeout: Duration,
    },
    Call {
        flow: Word,
        with: Vec<(Word, Value)>,
    },
    Goto {
        flow: Word,
    },
    Queue {
        queue: Word,
        say: Option<Texts>,
    },
    Callback {
        queue: Word,
        number: Value,
        say: Option<Texts>,
    },
    Transfer {
        number: Value,
        say: Option<Texts>,
    },
    Return {
        port: Word,
        with: Vec<(Word, Value)>,
        say: Option<Texts>,
    },
    HangUp {
        disposition: Word,
        say: Option<Texts>,
    },
}

#[derive(Debug)]
pub(crate) struct AskTree {
    pub span: Span,
    pub prompt: Texts,
    pub menu: Vec<(Spanned<char>, Word)>,
    pub phrases: Vec<(Word, Phrases)>,
    pub digits: Option<Spanned<Digits>>,
    pub speech: bool,
    pub timeout: Duration,
    pub tries: u32,
    pub no_input: Vec<Texts>,
    pub no_match: Vec<Texts>,
    pub sensitive: bool,
}

/// Locale to the words that mean a port.
pub(crate) type Phrases = Vec<(Word, Vec<Spanned<String>>)>;

/// A prompt: locale to text.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The key it stands under.
    pub span: Span,
    pub texts: Vec<(Word, Spanned<String>)>,
}

/// What stands where an expression may.
#[derive(Debug)]
pub(crate) enum Value {
    Expr(Spanned<String>),
    Literal(Spanned<Json>),
}

impl Value {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Expr(text) => text.span,
            Self::Literal(json) => json.span,
        }
    }
}

/// Takes what is in good form out of the tree of a flow file.
pub(crate) fn lower(root: &Node) -> FlowTree {
    let summary = root.get("summary").and_then(Node::text).unwrap_or_default();
    FlowTree {
        name: word_at(root, "flow"),
        summary: summary.to_owned(),
        locales: root
            .get("locales")
            .and_then(Node::list)
            .map(|list| list.iter().filter_map(word).collect()),
        attributes: entries(root, "attributes").filter_map(attribute).collect(),
        inputs: types(root.get("inputs")),
        returns: entries(root, "returns").map(|e| (key(e), types(Some(&e.value)))).collect(),
        start: word_at(root, "start"),
        on_error: word_at(root, "on_error"),
        nodes: entries(root, "nodes").filter_map(node).collect(),
        node_names: entries(root, "nodes").map(key).collect(),
    }
}

fn entries<'n>(node: &'n Node, name: &str) -> impl Iterator<Item = &'n Entry> {
    node.get(name).and_then(Node::map).unwrap_or_default().iter()
}

pub(crate) fn key(entry: &Entry) -> Word {
    Spanned::new(Arc::from(entry.key.text.as_str()), entry.key.span)
}

pub(crate) fn word(node: &Node) -> Option<Word> {
    node.text().map(|text| Spanned::new(Arc::from(text), node.span))
}

pub(crate) fn word_at(node: &Node, name: &str) -> Option<Word> {
    word(node.get(name)?).filter(|word| is_name(&word.value))
}

fn types(node: Option<&Node>) -> Vec<(Word, Type)> {
    let entries = node.and_then(Node::map).unwrap_or_default();
    let typed = |e: &Entry| Some((key(e), type_of(e.value.text()?)?));
    entries.iter().filter_map(typed).collect()
}

fn type_of(word: &str) -> Option<Type> {
    Some(match word {
        "string" => Type::String,
        "number" => Type::Number,
        "boolean" => Type::Boolean,
        "list" => Type::List,
        "map" => Type::Map,
        "any" => Type::Any,
        _ => return None,
    })
}

fn attribute(entry: &Entry) -> Option<AttributeTree> {
    let short = entry.value.text();
    let given = short.or_else(|| entry.value.get("type")?.text());
    Some(AttributeTree {
        name: key(entry),
        ty: type_of(given?)?,
        sensitive: flag(&entry.value, "sensitive"),
        default: entry.value.get("default").map(|node| Spanned::new(node.json(), node.span)),
    })
}

fn flag(node: &Node, name: &str) -> bool {
    node.get(name).is_some_and(|node| node.json() == Json::Bool(true))
}

fn time(node: &Node, name: &str, default: Duration) -> Duration {
    node.get(name).and_then(Node::text).and_then(parse_duration).unwrap_or(default)
}

fn whole(node: &Node, name: &str) -> Option<u32> {
    u32::try_from(node.get(name)?.json().as_u64()?).ok()
}

fn value(node: &Node) -> Option<Value> {
    if node.is_null() {
        return None;
    }
    Some(match node.json() {
        Json::String(text) => Value::Expr(Spanned::new(text, node.span)),
        json => Value::Literal(Spanned::new(json, node.span)),
    })
}

fn values(node: &Node, name: &str) -> Vec<(Word, Value)> {
    all_values(node.get(name))
}

fn all_values(node: Option<&Node>) -> Vec<(Word, Value)> {
    let entries = node.and_then(Node::map).unwrap_or_default();
    let valued = |e: &Entry| Some((key(e), value(&e.value)?));
    entries.iter().filter_map(valued).collect()
}

/// The prompt under the key `name`.
pub(crate) fn texts_at(node: &Node, name: &str) -> Option<Texts> {
    let entry = node.entry(name)?;
    texts(&entry.value, entry.key.span)
}

pub(crate) fn texts(node: &Node, span: Span) -> Option<Texts> {
    let text = |e: &Entry| {
        let text = e.value.text()?.to_owned();
        Some((key(e), Spanned::new(text, e.value.span)))
    };
    Some(Texts { span, texts: node.map()?.iter().filter_map(text).collect() })
}

fn prompts(node: &Node, name: &str) -> Vec<Texts> {
    let items = node.get(name).and_then(Node::list).unwrap_or_default();
    items.iter().filter_map(|item| texts(item, super::shape::first_line(item))).collect()
}

fn node(entry: &Entry) -> Option<NodeTree> {
    let node = &entry.value;
    let word = kind_of(node.map()?, KINDS)?.word;
    let head = node.entry(word)?;
    let on = node.entry("on");
    let wired = entries(node, "on").filter_map(|e| Some((key(e), self::word(&e.value)?)));
    Some(NodeTree {
        id: key(entry),
        kind: kind(word, head, node)?,
        on: wired.collect(),
        on_span: on.map_or(entry.key.span, |on| on.key.span),
        save: values(node, "save"),
    })
}

fn kind(word: &str, head: &Entry, node: &Node) -> Option<KindTree> {
    let body = &head.value;
    let next = || word_at(node, "next");
    let named = |inner: &str| self::word(body).or_else(|| word_at(body, inner));
    Some(match word {
        "say" => KindTree::Say { prompt: texts(body, head.key.span)?, next: next()? },
        "ask" => KindTree::Ask(Box::new(ask(head)?)),
        "switch" => KindTree::Switch {
            cases: body
                .list()?
                .iter()
                .filter_map(|case| Some((value(case.get("when")?)?, word_at(case, "next")?)))
                .collect(),
            next: next()?,
        },
        "set" => KindTree::Set { assign: all_values(Some(body)), next: next()? },
        "use" => KindTree::Use {
            plugin: self::word(body)?,
            config: node.get("config").cloned(),
            with: values(node, "with"),
            with_span: node.entry("with").map_or(head.value.span, |e| e.key.span),
            timeout: time(node, "timeout", Duration::from_secs(8)),
        },
        "call" => KindTree::Call { flow: named("flow")?, with: values(node, "with") },
        "goto" => KindTree::Goto { flow: named("flow")? },
        "queue" => KindTree::Queue { queue: named("to")?, say: texts_at(body, "say") },
        "callback" => KindTree::Callback {
            queue: word_at(body, "queue")?,
            number: value(body.get("number")?)?,
            say: texts_at(body, "say"),
        },
        "transfer" => {
            KindTree::Transfer { number: value(body.get("number")?)?, say: texts_at(body, "say") }
        }
        "end" => end(body)?,
        _ => return None,
    })
}

fn end(body: &Node) -> Option<KindTree> {
    let say = texts_at(body, "say");
    Some(match word_at(body, "return") {
        Some(port) => KindTree::Return { port, with: values(body, "with"), say },
        None => KindTree::HangUp { disposition: word_at(body, "disposition")?, say },
    })
}

fn ask(head: &Entry) -> Option<AskTree> {
    let node = &head.value;
    Some(AskTree {
        span: head.key.span,
        prompt: texts_at(node, "prompt")?,
        menu: entries(node, "menu").filter_map(menu_item).collect(),
        phrases: entries(node, "phrases").map(|e| (key(e), phrases(&e.value))).collect(),
        digits: node.get("digits").and_then(|digits| {
            let parsed = Digits {
                min: whole(digits, "min")?,
                max: whole(digits, "max")?,
                terminator: digits
                    .get("terminator")
                    .and_then(Node::text)
                    .and_then(|text| text.chars().next()),
            };
            Some(Spanned::new(parsed, super::shape::first_line(digits)))
        }),
        speech: flag(node, "speech"),
        timeout: time(node, "timeout", Duration::from_secs(5)),
        tries: whole(node, "tries").unwrap_or(3),
        no_input: prompts(node, "no_input"),
        no_match: prompts(node, "no_match"),
        sensitive: flag(node, "sensitive"),
    })
}

fn menu_item(entry: &Entry) -> Option<(Spanned<char>, Word)> {
    let pressed = entry.key.text.chars().next()?;
    is_key(&entry.key.text).then_some(())?;
    Some((Spanned::new(pressed, entry.key.span), word(&entry.value)?))
}

fn phrases(node: &Node) -> Phrases {
    let said = |node: &Node| Some(Spanned::new(node.text()?.to_owned(), node.span));
    node.map()
        .unwrap_or_default()
        .iter()
        .map(|e| {
            let list = e.value.list().unwrap_or_default();
            (key(e), list.iter().filter_map(said).collect())
        })
        .collect()
}

/// The locales of a prompt.
impl Texts {
    pub(crate) fn has(&self, locale: &Locale) -> bool {
        self.texts.iter().any(|(have, _)| have.value == *locale)
    }
}
