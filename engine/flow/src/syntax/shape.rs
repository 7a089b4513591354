//! The forms that values of project files may have, as data.
//!
//! One table serves three readers: the check of a file's form ([`check`]), the JSON Schemas for
//! editors (`crate::schema`) and, through their docs, the designer.

use std::time::Duration;

use dialgraph_base::parse_duration;

use super::yaml::{Entry, Node, Value};
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::kinds::Written;
use crate::source::Span;

/// Form of a value.
#[derive(Debug)]
pub(crate) enum Shape {
    /// A text; numbers and truth values are taken as they are written.
    Text,
    /// Letters, digits, `_` and `-`, at most 64.
    Name,
    /// A name that expressions can use: no `-`, no digit in front.
    Identifier,
    /// A BCP 47 tag such as `ko-KR`.
    Locale,
    /// One of these words.
    Words(&'static [&'static str]),
    Flag,
    /// A whole number from … to ….
    Whole(u64, u64),
    /// A length of time from … to ….
    Time(Duration, Duration),
    /// A key of a telephone.
    Key,
    /// An expression (a text), or a literal value.
    Expr,
    /// Whatever somebody else defines.
    Any,
    Object(&'static Object),
    /// Keys of the first form to values of the second.
    Map(&'static Shape, &'static Shape),
    List(&'static Shape),
    /// The one whose YAML form (scalar, list or map) fits.
    Either(&'static [Shape]),
    /// One of the node kinds.
    Node(&'static [Kind]),
}

/// A map with known keys.
#[derive(Debug)]
pub(crate) struct Object {
    /// Name in the JSON Schema.
    pub name: &'static str,
    pub doc: &'static str,
    pub fields: &'static [Field],
    /// Exactly one of these keys must be there; empty: no such rule.
    pub one_of: &'static [&'static str],
}

/// A key of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub key: &'static str,
    pub doc: &'static str,
    pub required: bool,
    pub shape: Shape,
    /// JSON, for editors.
    pub example: &'static str,
}

/// A node kind: the key that names it and those that may stand beside.
#[derive(Debug)]
pub(crate) struct Kind {
    pub word: &'static str,
    pub doc: &'static str,
    pub shape: Shape,
    pub beside: &'static [Field],
    /// The ports to wire under `on`, or what names them, each with when it is taken: for people.
    #[cfg_attr(not(test), expect(dead_code, reason = "the reference is written by a test"))]
    pub ports: &'static [(&'static str, &'static str)],
    /// JSON of a whole node, for editors.
    pub example: &'static str,
    /// Reads a node from the entry that names the kind and all of it; none where it is in no good
    /// form.
    pub read: fn(&Entry, &Node) -> Option<Box<dyn Written>>,
}

/// Adds everything that is wrong with the form of `node`.
pub(crate) fn check(node: &Node, shape: &Shape, what: &str, out: &mut Findings) {
    match shape {
        Shape::Any => any(node, out),
        Shape::Expr => match node.value {
            Value::Scalar(_) if node.is_null() => wrong(node, shape, what, out),
            _ => any(node, out),
        },
        Shape::Object(object) => match node.map() {
            Some(entries) => fields(node, entries, object, what, out),
            None => wrong(node, shape, what, out),
        },
        Shape::Map(key_shape, value_shape) => match node.map() {
            Some(entries) => {
                duplicates(entries, what, out);
                for entry in entries {
                    key(entry, key_shape, what, out);
                    check(&entry.value, value_shape, &entry.key.text, out);
                }
            }
            None => wrong(node, shape, what, out),
        },
        Shape::List(item_shape) => match node.list() {
            Some(items) => {
                for item in items {
                    check(item, item_shape, what, out);
                }
            }
            None => wrong(node, shape, what, out),
        },
        Shape::Either(shapes) => match shapes.iter().find(|s| s.has_form_of(node)) {
            Some(fitting) => check(node, fitting, what, out),
            None => wrong(node, shape, what, out),
        },
        Shape::Node(kinds) => match node.map() {
            Some(entries) => a_node(node, entries, kinds, what, out),
            None => wrong(node, shape, what, out),
        },
        _ if !shape.takes_scalar(node) => wrong(node, shape, what, out),
        _ => {}
    }
}

impl Shape {
    fn has_form_of(&self, node: &Node) -> bool {
        match self {
            Self::Object(_) | Self::Map(..) | Self::Node(_) => node.map().is_some(),
            Self::List(_) => node.list().is_some(),
            Self::Any => true,
            Self::Either(shapes) => shapes.iter().any(|shape| shape.has_form_of(node)),
            _ => node.text().is_some(),
        }
    }

    fn takes_scalar(&self, node: &Node) -> bool {
        let Some(text) = node.text() else {
            return false;
        };
        match self {
            Self::Flag => node.json().is_boolean(),
            Self::Whole(min, max) => {
                node.json().as_u64().is_some_and(|n| (*min..=*max).contains(&n))
            }
            _ => self.takes_text(text),
        }
    }

    fn takes_text(&self, text: &str) -> bool {
        match self {
            Self::Name => is_name(text),
            Self::Identifier => is_identifier(text),
            Self::Locale => is_locale(text),
            Self::Words(words) => words.contains(&text),
            Self::Key => is_key(text),
            Self::Time(min, max) => {
                parse_duration(text).is_some_and(|time| (*min..=*max).contains(&time))
            }
            _ => true,
        }
    }

    /// What should have been there.
    fn expected(&self) -> String {
        match self {
            Self::Text => "a text".into(),
            Self::Name => "a name (letters from a to z, digits, `_` and `-`, at most 64)".into(),
            Self::Identifier => {
                "a name (letters from a to z, digits and `_`, no digit in front, at most 64)".into()
            }
            Self::Locale => "a locale such as `ko-KR`".into(),
            Self::Words(words) => format!("one of `{}`", words.join("`, `")),
            Self::Flag => "`true` or `false`".into(),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Time(min, max) => format!(
                "a time from {} to {}",
                dialgraph_base::show_duration(*min),
                dialgraph_base::show_duration(*max)
            ),
            Self::Key => "a key: `0` to `9`, `*` or `#`".into(),
            Self::Expr => "an expression or a value".into(),
            Self::Any => "a value".into(),
            Self::Object(object) => {
                let keys: Vec<_> = object.fields.iter().map(|f| f.key).collect();
                format!("a map with the keys `{}`", keys.join("`, `"))
            }
            Self::Map(Self::Locale, _) => "a map with one entry for each locale".into(),
            Self::Map(..) => "a map".into(),
            Self::List(_) => "a list".into(),
            Self::Either(shapes) => {
                let shapes: Vec<_> = shapes.iter().map(Self::expected).collect();
                shapes.join(", or ")
            }
            Self::Node(_) => "a node".into(),
        }
    }
}

fn wrong(node: &Node, shape: &Shape, what: &str, out: &mut Findings) {
    if out.only_counts(Code::WrongShape, first_line(node)) {
        return;
    }
    let found = match node.text() {
        Some(text) if text.chars().count() <= 40 => format!("`{text}`"),
        _ => node.what().to_owned(),
    };
    let message = format!("`{what}` must be {}, not {found}", shape.expected());
    let mut diagnostic = Diagnostic::new(Code::WrongShape, first_line(node), message);
    if let (Shape::Map(Shape::Locale, _), Some(text)) = (shape, node.text()) {
        let text = text.lines().next().unwrap_or_default();
        diagnostic = diagnostic.help(format!("write `{what}: {{ko-KR: \"{text}\", en-US: …}}`"));
    }
    if let (Shape::Words(words), Some(text)) = (shape, node.text())
        && let Some(near) = crate::suggest::meant(text, words)
    {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    }
    if let (Shape::Flag, Some("yes" | "no" | "on" | "off")) = (shape, node.text()) {
        diagnostic = diagnostic.help("YAML 1.2 knows `true` and `false` only");
    }
    out.push(diagnostic);
}

/// The excerpt of a long value is its beginning.
pub(crate) fn first_line(node: &Node) -> Span {
    match &node.value {
        Value::Map(entries) => entries.first().map_or(node.span, |entry| entry.key.span),
        Value::List(items) => items.first().map_or(node.span, first_line),
        Value::Scalar(_) => node.span,
    }
}

/// Nothing of the form is ours; but a key given twice is always a mistake.
fn any(node: &Node, out: &mut Findings) {
    match &node.value {
        Value::Scalar(_) => {}
        Value::List(items) => items.iter().for_each(|item| any(item, out)),
        Value::Map(entries) => {
            duplicates(entries, "", out);
            for entry in entries {
                any(&entry.value, out);
            }
        }
    }
}

fn key(entry: &Entry, shape: &Shape, what: &str, out: &mut Findings) {
    if !shape.takes_text(&entry.key.text) {
        let message =
            format!("a key of `{what}` must be {}, not `{}`", shape.expected(), entry.key.text);
        out.push(Diagnostic::new(Code::WrongShape, entry.key.span, message));
    }
}

fn duplicates(entries: &[Entry], what: &str, out: &mut Findings) {
    let mut seen = std::collections::HashMap::new();
    for entry in entries {
        let Some(first) = seen.insert(entry.key.text.as_str(), entry.key.span) else {
            continue;
        };
        if out.only_counts(Code::DuplicateId, entry.key.span) {
            continue;
        }
        let name = &entry.key.text;
        let message = match what {
            "nodes" => format!("there are two nodes called `{name}`"),
            _ => format!("the key `{name}` is given twice"),
        };
        out.push(
            Diagnostic::new(Code::DuplicateId, entry.key.span, message)
                .label(first, "given here before")
                .help(match what {
                    "nodes" => "give every node of a flow a name of its own",
                    _ => "remove one of them; it would be unclear which one applies",
                }),
        );
    }
}

fn fields(node: &Node, entries: &[Entry], object: &Object, what: &str, out: &mut Findings) {
    duplicates(entries, what, out);
    for entry in entries {
        match object.fields.iter().find(|f| f.key == entry.key.text) {
            Some(field) => check(&entry.value, &field.shape, field.key, out),
            None => unknown(entry, object.fields.iter().map(|f| f.key), &format!("`{what}`"), out),
        }
    }
    missing(node, object.fields, &format!("`{what}`"), out);
    if object.one_of.is_empty() {
        return;
    }
    let given: Vec<&Entry> =
        entries.iter().filter(|entry| object.one_of.contains(&entry.key.text.as_str())).collect();
    let choice = object.one_of.join("` or `");
    match given.as_slice() {
        [] => out.push(Diagnostic::new(
            Code::MissingKey,
            first_line(node),
            format!("`{what}` needs one of the keys `{choice}`"),
        )),
        [_] => {}
        [first, second, ..] => out.push(
            Diagnostic::new(
                Code::WrongShape,
                second.key.span,
                format!("`{what}` can have only one of the keys `{choice}`"),
            )
            .label(first.key.span, "already given here"),
        ),
    }
}

fn unknown<'k>(
    entry: &Entry,
    known: impl IntoIterator<Item = &'k str>,
    place: &str,
    out: &mut Findings,
) {
    if out.only_counts(Code::UnknownKey, entry.key.span) {
        return;
    }
    let name = &entry.key.text;
    out.push(
        Diagnostic::new(Code::UnknownKey, entry.key.span, format!("{place} has no key `{name}`"))
            .suggest(name, known, "it can have"),
    );
}

fn missing(node: &Node, fields: &[Field], place: &str, out: &mut Findings) {
    for field in fields {
        if field.required && node.entry(field.key).is_none() {
            out.push(
                Diagnostic::new(
                    Code::MissingKey,
                    first_line(node),
                    format!("{place} needs the key `{}`", field.key),
                )
                .help(format!("`{}`: {}", field.key, field.doc)),
            );
        }
    }
}

/// The kind of a node, if it has exactly one.
pub(crate) fn kind_of<'k>(entries: &[Entry], kinds: &'k [Kind]) -> Option<&'k Kind> {
    let mut found =
        kinds.iter().filter(|kind| entries.iter().any(|entry| entry.key.text == kind.word));
    match (found.next(), found.next()) {
        (Some(kind), None) => Some(kind),
        _ => None,
    }
}

fn a_node(node: &Node, entries: &[Entry], kinds: &[Kind], what: &str, out: &mut Findings) {
    duplicates(entries, what, out);
    let Some(kind) = kind_of(entries, kinds) else {
        return without_kind(node, entries, kinds, what, out);
    };
    let article = if kind.word.starts_with(['a', 'e']) { "an" } else { "a" };
    let place = format!("{article} `{}` node", kind.word);
    for entry in entries {
        if entry.key.text == kind.word {
            check(&entry.value, &kind.shape, kind.word, out);
            continue;
        }
        match kind.beside.iter().find(|f| f.key == entry.key.text) {
            Some(field) => check(&entry.value, &field.shape, field.key, out),
            None => {
                let known = kind.beside.iter().map(|f| f.key);
                unknown(entry, known, &place, out);
            }
        }
    }
    missing(node, kind.beside, &place, out);
}

fn without_kind(node: &Node, entries: &[Entry], kinds: &[Kind], what: &str, out: &mut Findings) {
    let words: Vec<&'static str> = kinds.iter().map(|kind| kind.word).collect();
    let mut given = entries.iter().filter(|entry| words.contains(&entry.key.text.as_str()));
    if let (Some(first), Some(second)) = (given.next(), given.next()) {
        let message = format!(
            "node `{what}` does two things: `{}` and `{}`",
            first.key.text, second.key.text
        );
        out.push(
            Diagnostic::new(Code::UnknownNodeKind, second.key.span, message)
                .label(first.key.span, "the first thing")
                .help("split it into two nodes, one after the other"),
        );
        return;
    }
    let stands_beside = |entry: &&Entry| {
        kinds.iter().flat_map(|kind| kind.beside).any(|field| field.key == entry.key.text)
    };
    let strange = entries.iter().find(|entry| !stands_beside(entry));
    match strange {
        Some(entry) => out.push(
            Diagnostic::new(
                Code::UnknownNodeKind,
                entry.key.span,
                format!("there is no node kind `{}`", entry.key.text),
            )
            .suggest(&entry.key.text, words.iter().copied(), "the kinds are"),
        ),
        None => out.push(
            Diagnostic::new(
                Code::UnknownNodeKind,
                first_line(node),
                format!("node `{what}` does not say what it does"),
            )
            .help(format!("add one of the keys `{}`", words.join("`, `"))),
        ),
    }
}

pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    text.len() <= 64
        && chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

pub(crate) fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    text.len() <= 64
        && chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Language, script and region of BCP 47 in their usual letter case.
pub(crate) fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let all = |part: &str, f: fn(&char) -> bool| part.chars().all(|c| f(&c));
    let language = parts
        .next()
        .is_some_and(|part| matches!(part.len(), 2 | 3) && all(part, char::is_ascii_lowercase));
    let mut rest: Vec<&str> = parts.collect();
    if rest.first().is_some_and(|part| {
        part.len() == 4
            && part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().skip(1).all(|c| c.is_ascii_lowercase())
    }) {
        rest.remove(0);
    }
    language
        && match rest.as_slice() {
            [] => true,
            [region] => {
                (region.len() == 2 && all(region, char::is_ascii_uppercase))
                    || (region.len() == 3 && all(region, char::is_ascii_digit))
            }
            _ => false,
        }
}

/// One key of a telephone.
pub(crate) fn is_key(text: &str) -> bool {
    let mut chars = text.chars();
    matches!((chars.next(), chars.next()), (Some('0'..='9' | '*' | '#'), None))
}
