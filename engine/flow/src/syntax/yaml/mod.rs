//! YAML text to a tree that knows where each word stood. Never fails.
//!
//! The parser stops at the first mistake, a designer wants them all: after a mistake the block in
//! which it is found is blanked out (places stay as they are) and the rest is read again.

mod mistakes;

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map as JsonMap, Number, Value as Json};

use self::mistakes::{blank, end_of_word, hint, hole, scan_stop};
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::limits::{MAX_FILE_BYTES, MAX_NESTING, MAX_PROJECT_VALUES, MAX_VALUES};
use crate::source::{FileId, Span};
use crate::work::Work;

/// Mistakes after which the rest of a file is not looked at.
const MAX_MISTAKES: usize = 20;

/// A value and where it stood.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Span,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a map and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: Key,
    pub value: Node,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub text: String,
    pub span: Span,
}

/// A text, number, truth value or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// After escapes and folding.
    pub text: String,
    /// Written without quotes, so that `5` is a number and `true` a truth value.
    pub plain: bool,
}

/// A file's tree and what is wrong with its text.
#[derive(Debug)]
pub struct Parsed {
    /// None for an empty file.
    pub root: Option<Node>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the text of `file`.
pub fn parse(file: FileId, text: &str) -> Parsed {
    let Read { root, findings, .. } = read(file, text, MAX_VALUES, &Work::default());
    Parsed { root, diagnostics: findings.into_parts().0 }
}

/// As [`Parsed`], with every finding counted.
pub(crate) struct Read {
    pub root: Option<Node>,
    pub findings: Findings,
    /// Values that it has.
    pub values: usize,
}

/// Reads the text of `file`, which may have as many values as a file may, and no more than `room`.
pub(crate) fn read(file: FileId, text: &str, room: usize, work: &Work<'_>) -> Read {
    let mut findings = Findings::default();
    let mut rest = text.to_owned();
    for mistakes in 1.. {
        let mut builder = Builder::new(file, text.len(), room, work);
        let stop = match builder.read(&rest) {
            Ok(root) => {
                findings.append(builder.findings);
                return Read { root, findings, values: builder.values };
            }
            Err(stop) => stop,
        };
        let hole = hole(&rest, stop.at);
        let span = builder.span(stop.at..end_of_word(text, stop.at));
        let mistake = Diagnostic::new(stop.code, span, stop.message);
        let help = match stop.code {
            Code::TooLarge => stop.help,
            _ => hint(text, stop.at, &mistake.message),
        };
        findings.push(match help {
            Some(help) => mistake.help(help),
            None => mistake,
        });
        let give_up = mistakes >= MAX_MISTAKES || stop.last || work.is_called_off();
        match hole {
            Some(hole) if !give_up => blank(&mut rest, hole),
            _ => {
                findings.append(std::mem::take(&mut builder.findings));
                let values = builder.values;
                return Read { root: builder.partial(), findings, values };
            }
        }
    }
    // The loop ends by giving up.
    Read { root: None, findings, values: 0 }
}

/// Why reading stopped.
struct Stop {
    at: usize,
    code: Code,
    message: String,
    help: Option<&'static str>,
    /// Reading again would stop in the same place.
    last: bool,
}

impl Stop {
    fn too_large(at: usize, message: String, help: &'static str) -> Self {
        Self { at, code: Code::TooLarge, message, help: Some(help), last: true }
    }
}

/// How much a value is.
#[derive(Clone, Copy, Default)]
struct Measure {
    values: usize,
    /// Of texts and keys.
    bytes: usize,
    /// Lists and maps within one another.
    depth: usize,
}

struct Builder<'w> {
    file: FileId,
    len: usize,
    /// Values that the file may have.
    room: usize,
    work: &'w Work<'w>,
    findings: Findings,
    values: usize,
    /// Bytes of what aliases repeat.
    repeated: usize,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, (Node, Measure)>,
}

/// A list or map whose end has not been seen.
struct Open {
    anchor: usize,
    start: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Key> },
}

impl<'w> Builder<'w> {
    fn new(file: FileId, len: usize, room: usize, work: &'w Work<'w>) -> Self {
        Self {
            file,
            len,
            room: room.min(MAX_VALUES),
            work,
            findings: Findings::default(),
            values: 0,
            repeated: 0,
            open: Vec::new(),
            root: None,
            anchors: HashMap::new(),
        }
    }

    fn span(&self, range: Range<usize>) -> Span {
        let at = |byte: usize| u32::try_from(byte.min(self.len)).unwrap_or(u32::MAX);
        Span { file: self.file, start: at(range.start), end: at(range.end.max(range.start)) }
    }

    fn read(&mut self, text: &str) -> Result<Option<Node>, Stop> {
        let mut options = granit_parser::options! { emit_unresolved_aliases: true };
        options.set_emit_comments(false);
        let mut documents = 0;
        for next in Parser::new_from_str_with_options(text, options) {
            let (event, span) = next.map_err(|error| scan_stop(&error, text))?;
            let start = span.start.byte_offset().unwrap_or(0);
            let end = span.end.byte_offset().unwrap_or(start);
            if !matches!(event, Event::StreamStart | Event::StreamEnd | Event::DocumentEnd) {
                self.bounds(start)?;
            }
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(Stop {
                            at: start,
                            code: Code::Syntax,
                            message: "a second YAML document begins here".into(),
                            help: None,
                            last: true,
                        });
                    }
                }
                Event::Scalar(value, style, anchor, tag) => {
                    if let Some(tag) = tag {
                        self.no_tags(&tag.original(), start..end);
                    }
                    let scalar =
                        Scalar { text: value.into_owned(), plain: style == ScalarStyle::Plain };
                    let end = scalar_end(text, start, end, style);
                    self.value(anchor, start..end, Value::Scalar(scalar));
                }
                Event::SequenceStart(_, anchor, tag) => {
                    if let Some(tag) = tag {
                        self.no_tags(&tag.original(), start..end);
                    }
                    self.open(anchor, start, Content::List(Vec::new()));
                }
                Event::MappingStart(_, anchor, tag) => {
                    if let Some(tag) = tag {
                        self.no_tags(&tag.original(), start..end);
                    }
                    let content = Content::Map { entries: Vec::new(), key: None };
                    self.open(anchor, start, content);
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(end),
                Event::Alias(id) => match self.anchors.get(&id) {
                    Some((node, measure)) => {
                        let (value, measure) = (node, *measure);
                        // Before it is copied: what is small to write can be large to have.
                        self.room_for(start, measure)?;
                        let value = value.value.clone();
                        self.values += measure.values.saturating_sub(1);
                        self.repeated += measure.bytes;
                        self.value(0, start..end, value);
                    }
                    None => self.lost_alias(start..end, "contains itself"),
                },
                Event::UnresolvedAlias(_) => {
                    self.lost_alias(start..end, "repeats a value that no `&` names");
                }
                _ => {}
            }
        }
        Ok(self.root.take())
    }

    fn bounds(&self, at: usize) -> Result<(), Stop> {
        if !self.work.goes_on(1) {
            let message = "reading was called off".to_owned();
            return Err(Stop { at, code: Code::Syntax, message, help: None, last: true });
        }
        self.room_for(at, Measure { values: 1, ..Measure::default() })
    }

    /// Whether `more` can be put in.
    fn room_for(&self, at: usize, more: Measure) -> Result<(), Stop> {
        if self.values.saturating_add(more.values) > self.room {
            let (what, help) = if self.room < MAX_VALUES {
                (
                    format!("the files of the project have more than {MAX_PROJECT_VALUES} values"),
                    "keep only sample records here, and the rest in the systems that own them",
                )
            } else {
                (format!("the file has more than {MAX_VALUES} values"), SPLIT)
            };
            return Err(Stop::too_large(at, what, help));
        }
        if self.repeated.saturating_add(more.bytes) > MAX_FILE_BYTES {
            let message = format!("aliases repeat more than {MAX_FILE_BYTES} bytes");
            return Err(Stop::too_large(at, message, "repeat less of it"));
        }
        if self.open.len() + more.depth > MAX_NESTING {
            let message = format!("values are nested more than {MAX_NESTING} deep");
            return Err(Stop::too_large(at, message, "nest fewer lists and maps"));
        }
        Ok(())
    }

    fn no_tags(&mut self, tag: &str, range: Range<usize>) {
        let span = self.span(range);
        let message = format!("the tag `{tag}` has no meaning here");
        self.findings.push(
            Diagnostic::new(Code::Syntax, span, message)
                .help("leave it out; put quotes around a value to make it a text"),
        );
    }

    fn lost_alias(&mut self, range: Range<usize>, why: &str) {
        let span = self.span(range.clone());
        self.findings.push(Diagnostic::new(Code::Syntax, span, format!("this alias {why}")));
        self.value(0, range, null());
    }

    fn open(&mut self, anchor: usize, start: usize, content: Content) {
        self.open.push(Open { anchor, start, content });
    }

    fn close(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        let value = match open.content {
            Content::List(items) => Value::List(items),
            Content::Map { entries, .. } => Value::Map(entries),
        };
        // A block ends where the next thing begins; what people mean by it ends with its last
        // value.
        let end = last_byte(&value).map_or(end, |last| last.max(open.start));
        self.value(open.anchor, open.start..end, value);
    }

    fn value(&mut self, anchor: usize, range: Range<usize>, value: Value) {
        self.values += 1;
        let node = Node { span: self.span(range), value };
        if anchor != 0 {
            let measure = measure(&node);
            self.work.count(measure.values);
            self.anchors.insert(anchor, (node.clone(), measure));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key }) => match key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None => {
                    let text = match node.value {
                        Value::Scalar(scalar) => scalar.text,
                        _ => {
                            let mistake = "a key must be a word, not a list or a map";
                            let mistake = Diagnostic::new(Code::Syntax, node.span, mistake);
                            self.findings
                                .push(mistake.help("put a text that holds `{` or `[` into quotes"));
                            String::new()
                        }
                    };
                    *key = Some(Key { text, span: node.span });
                }
            },
        }
    }

    /// What had been read when reading stopped.
    fn partial(mut self) -> Option<Node> {
        while !self.open.is_empty() {
            let end = self.len;
            if let Some(Content::Map { key, .. }) = self.open.last_mut().map(|o| &mut o.content) {
                *key = None;
            }
            self.close(end);
        }
        self.root
    }
}

fn measure(node: &Node) -> Measure {
    let mut whole = Measure { values: 1, ..Measure::default() };
    let mut add = |key: usize, node: &Node| {
        let inner = measure(node);
        whole.values += inner.values + usize::from(key > 0);
        whole.bytes += inner.bytes + key;
        whole.depth = whole.depth.max(inner.depth);
    };
    match &node.value {
        Value::Scalar(scalar) => whole.bytes = scalar.text.len(),
        Value::List(items) => {
            items.iter().for_each(|item| add(0, item));
            whole.depth += 1;
        }
        Value::Map(entries) => {
            entries.iter().for_each(|entry| add(entry.key.text.len(), &entry.value));
            whole.depth += 1;
        }
    }
    whole
}

/// What to do about a file that is too long.
const SPLIT: &str = "split it into several files: flows can `call` or `goto` each other, and a \
    project can have many articles and bots";

fn last_byte(value: &Value) -> Option<usize> {
    let span = match value {
        Value::Scalar(_) => None,
        Value::List(items) => items.last().map(|node| node.span),
        Value::Map(entries) => entries.last().map(|entry| entry.value.span),
    };
    span.map(|span| span.end as usize)
}

/// A block scalar ends before the empty lines that follow it.
fn scalar_end(text: &str, start: usize, end: usize, style: ScalarStyle) -> usize {
    match style {
        ScalarStyle::Literal | ScalarStyle::Folded => {
            text.get(start..end).map_or(end, |raw| start + raw.trim_end().len())
        }
        _ => end,
    }
}

fn null() -> Value {
    Value::Scalar(Scalar { text: String::new(), plain: true })
}

impl Node {
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        self.scalar().filter(|scalar| !scalar.is_null()).map(|scalar| scalar.text.as_str())
    }

    pub fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn map(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of `key` in a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// `key` in a map; the first of several.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.map()?.iter().find(|entry| entry.key.text == key)
    }

    /// Nothing was written.
    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(Scalar::is_null)
    }

    /// What it is, for “expected a map, found …”.
    pub fn what(&self) -> &'static str {
        match &self.value {
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Scalar(scalar) => match scalar.json() {
                Json::Null => "nothing",
                Json::Bool(_) => "a truth value",
                Json::Number(_) => "a number",
                _ => "a text",
            },
        }
    }

    /// As JSON; of keys given twice the last counts.
    pub fn json(&self) -> Json {
        match &self.value {
            Value::Scalar(scalar) => scalar.json(),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Map(entries) => {
                let members = entries.iter().map(|e| (e.key.text.clone(), e.value.json()));
                Json::Object(JsonMap::from_iter(members))
            }
        }
    }

    /// The value at a JSON Pointer (RFC 6901), or the deepest one on the way to it.
    pub fn at_pointer(&self, pointer: &str) -> &Self {
        let mut node = self;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let next = match &node.value {
                Value::Scalar(_) => None,
                Value::List(items) => token.parse::<usize>().ok().and_then(|i| items.get(i)),
                Value::Map(_) => node.get(&token),
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }
}

impl Scalar {
    pub fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// By YAML 1.2's core schema, except that digits with a leading zero and whole numbers too
    /// large for 64 bits stay texts: they are account ids and telephone numbers, not amounts.
    pub fn json(&self) -> Json {
        if !self.plain {
            return Json::String(self.text.clone());
        }
        match self.text.as_str() {
            _ if self.is_null() => Json::Null,
            "true" | "True" | "TRUE" => Json::Bool(true),
            "false" | "False" | "FALSE" => Json::Bool(false),
            text => number(text).map_or_else(|| Json::String(text.to_owned()), Json::Number),
        }
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(Number::from);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return u64::from_str_radix(octal, 8).ok().map(Number::from);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        if text.starts_with('+') || (digits.len() > 1 && digits.starts_with('0')) {
            return None;
        }
        let whole = text.parse::<i64>().ok().map(Number::from);
        return whole.or_else(|| text.parse::<u64>().ok().map(Number::from));
    }
    if !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}
