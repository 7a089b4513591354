//! A flow file as a typed tree: what stands there, with its places, nothing resolved.

use std::time::Duration;

use serde_json::Value as Json;

use dialgraph_base::{Locale, Name, parse_duration};

use super::shape::{is_name, kind_of};
use super::tables::{HEARD, READ};
use super::yaml::{self, Entry, Node};
use crate::kinds::{KINDS, Written};
use crate::model::Type;
use crate::source::{Span, Spanned};

/// A name and where it stood.
pub(crate) type Word = Spanned<Name>;

pub(crate) type LocaleWord = Spanned<Locale>;

#[derive(Debug)]
pub(crate) struct FlowTree {
    pub name: Option<Word>,
    pub summary: String,
    /// None: not given.
    pub locales: Option<Vec<LocaleWord>>,
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
    pub kind: Box<dyn Written>,
    pub on: Vec<(Word, Word)>,
    /// Where the ports are wired, or should be.
    pub on_span: Span,
    pub save: Vec<(Word, Value)>,
}

/// A prompt: locale to text.
#[derive(Debug)]
pub(crate) struct Texts {
    /// The key it stands under.
    pub span: Span,
    /// Heard, and read where there is nothing else to read.
    pub texts: Vec<(LocaleWord, Spanned<String>)>,
    /// Read where words are read, by the locales in which these differ.
    pub written: Vec<(Locale, Spanned<String>)>,
}

/// What stands where an expression may.
#[derive(Debug)]
pub(crate) enum Value {
    Expr(Spanned<String>),
    Literal {
        json: Spanned<Json>,
        /// Texts in it that could be the name of something, each at its place.
        texts: Vec<Spanned<String>>,
    },
}

impl Value {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Expr(text) => text.span,
            Self::Literal { json, .. } => json.span,
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
            .map(|list| list.iter().filter_map(locale_word).collect()),
        attributes: entries(root, "attributes").filter_map(attribute).collect(),
        inputs: types(root.get("inputs")),
        returns: entries(root, "returns").map(|e| (key(e), types(Some(&e.value)))).collect(),
        start: word_at(root, "start"),
        on_error: word_at(root, "on_error"),
        nodes: entries(root, "nodes").filter_map(node).collect(),
        node_names: entries(root, "nodes").map(key).collect(),
    }
}

pub(crate) fn entries<'n>(node: &'n Node, name: &str) -> impl Iterator<Item = &'n Entry> {
    node.get(name).and_then(Node::map).unwrap_or_default().iter()
}

pub(crate) fn key(entry: &Entry) -> Word {
    Spanned::new(entry.key.text.as_str().into(), entry.key.span)
}

pub(crate) fn word(node: &Node) -> Option<Word> {
    node.text().map(|text| Spanned::new(text.into(), node.span))
}

pub(crate) fn locale_key(entry: &Entry) -> LocaleWord {
    Spanned::new(entry.key.text.as_str().into(), entry.key.span)
}

pub(crate) fn locale_word(node: &Node) -> Option<LocaleWord> {
    node.text().map(|text| Spanned::new(text.into(), node.span))
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

pub(crate) fn flag(node: &Node, name: &str) -> bool {
    node.get(name).is_some_and(|node| node.json() == Json::Bool(true))
}

pub(crate) fn time(node: &Node, name: &str, default: Duration) -> Duration {
    node.get(name).and_then(Node::text).and_then(parse_duration).unwrap_or(default)
}

pub(crate) fn whole(node: &Node, name: &str) -> Option<u32> {
    u32::try_from(node.get(name)?.json().as_u64()?).ok()
}

pub(crate) fn value(node: &Node) -> Option<Value> {
    if node.is_null() {
        return None;
    }
    Some(match node.json() {
        Json::String(text) => Value::Expr(Spanned::new(text, node.span)),
        json => {
            let mut texts = Vec::new();
            name_like(node, &mut texts);
            Value::Literal { json: Spanned::new(json, node.span), texts }
        }
    })
}

/// Texts within that have neither blanks nor signs other than dots.
fn name_like(node: &Node, found: &mut Vec<Spanned<String>>) {
    match &node.value {
        yaml::Value::Map(entries) => entries.iter().for_each(|e| name_like(&e.value, found)),
        yaml::Value::List(items) => items.iter().for_each(|item| name_like(item, found)),
        yaml::Value::Scalar(_) => {
            let is_sign = |c: char| !c.is_alphanumeric() && c != '_' && c != '.';
            if let Some(text) = node.text().filter(|text| !text.contains(is_sign)) {
                found.push(Spanned::new(text.to_owned(), node.span));
            }
        }
    }
}

pub(crate) fn values(node: &Node, name: &str) -> Vec<(Word, Value)> {
    all_values(node.get(name))
}

pub(crate) fn all_values(node: Option<&Node>) -> Vec<(Word, Value)> {
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
    let text = |node: &Node| Some(Spanned::new(node.text()?.to_owned(), node.span));
    let heard = |e: &Entry| Some((locale_key(e), text(e.value.get(HEARD).unwrap_or(&e.value))?));
    let read = |e: &Entry| Some((locale_key(e).value, text(e.value.get(READ)?)?));
    let all = node.map()?;
    Some(Texts {
        span,
        texts: all.iter().filter_map(heard).collect(),
        written: all.iter().filter_map(read).collect(),
    })
}

pub(crate) fn prompts(node: &Node, name: &str) -> Vec<Texts> {
    let items = node.get(name).and_then(Node::list).unwrap_or_default();
    items.iter().filter_map(|item| texts(item, super::shape::first_line(item))).collect()
}

fn node(entry: &Entry) -> Option<NodeTree> {
    let node = &entry.value;
    let kind = kind_of(node.map()?, KINDS)?;
    let head = node.entry(kind.word)?;
    let on = node.entry("on");
    let wired = entries(node, "on").filter_map(|e| Some((key(e), word(&e.value)?)));
    Some(NodeTree {
        id: key(entry),
        kind: (kind.read)(head, node)?,
        on: wired.collect(),
        on_span: on.map_or(entry.key.span, |on| on.key.span),
        save: values(node, "save"),
    })
}

/// The locales of a prompt.
impl Texts {
    pub(crate) fn has(&self, locale: &Locale) -> bool {
        self.texts.iter().any(|(have, _)| have.value == *locale)
    }

    /// Every text, whoever gets it.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Spanned<String>> {
        let heard = self.texts.iter().map(|(_, text)| text);
        heard.chain(self.written.iter().map(|(_, text)| text))
    }
}
