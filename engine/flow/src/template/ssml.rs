//! SSML: whether a text is well-formed and uses only elements that speech engines know.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use dialgraph_base::nearest;
use roxmltree::{Document, ParsingOptions, TextPos};

use super::{TemplateDiagnostic, TemplateProblem};

/// Elements of SSML that Amazon Polly and Amazon Connect speak or silently pass over.
const TAGS: [&str; 16] = [
    "amazon:auto-breaths",
    "amazon:breath",
    "amazon:domain",
    "amazon:effect",
    "break",
    "emphasis",
    "lang",
    "mark",
    "p",
    "phoneme",
    "prosody",
    "s",
    "say-as",
    "speak",
    "sub",
    "w",
];

/// Whether `text` claims to be SSML.
pub(crate) fn is_ssml(text: &str) -> bool {
    text.trim_start()
        .strip_prefix("<speak")
        .is_some_and(|rest| rest.starts_with(['>', '/']) || rest.starts_with(char::is_whitespace))
}

/// An element of SSML in a text that is not SSML, which a caller would hear as it stands.
pub(super) fn tag_in_plain_text(text: &str) -> Option<Range<usize>> {
    text.match_indices('<').find_map(|(start, _)| {
        let rest = &text[start + 1..];
        let name = rest.strip_prefix('/').unwrap_or(rest);
        let length = name
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == ':'))
            .unwrap_or(name.len());
        if !TAGS.contains(&name.get(..length)?) {
            return None;
        }
        let ends = name[length..].trim_start().starts_with(['>', '/'])
            || name[length..].starts_with(char::is_whitespace);
        let close = rest.find('>')?;
        ends.then_some(start..start + close + 2)
    })
}

/// An SSML text as a speech engine reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssml {
    /// In the order in which they begin.
    pub elements: Vec<SsmlElement>,
    /// Characters between the elements: what is spoken.
    pub characters: usize,
}

/// An element of an SSML text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsmlElement {
    /// Such as `amazon:effect`.
    pub name: String,
    /// Names as they are written, and values.
    pub attributes: Vec<(String, String)>,
    /// Bytes of the name where the element begins.
    pub span: Range<usize>,
}

/// Reads an SSML text without values to be inserted.
///
/// # Errors
/// Where it is not well-formed.
pub fn read_ssml(text: &str) -> Result<Ssml, TemplateDiagnostic> {
    let neutral = neutral(text);
    let document = parse(text, &neutral)?;
    let named = |name: &str| name.replacen("amazon-", "amazon:", 1);
    let elements = document.descendants().filter(roxmltree::Node::is_element).map(|element| {
        let name = named(element.tag_name().name());
        let start = element.range().start + 1;
        let attributes = element.attributes();
        let attributes =
            attributes.map(|one| (named(one.name()), one.value().to_owned())).collect();
        SsmlElement { span: start..start + name.len(), name, attributes }
    });
    let texts = document.descendants().filter(roxmltree::Node::is_text);
    let characters = texts.filter_map(|node| node.text()).map(|text| text.chars().count()).sum();
    Ok(Ssml { elements: elements.collect(), characters })
}

/// What is wrong with `text`, in which every `${…}` has been replaced by as many digits.
///
/// Digits can stand in texts and in values of attributes, where values may be inserted, and at the
/// start of no name, where they may not.
pub(super) fn check(text: &str) -> Vec<TemplateDiagnostic> {
    let ssml = match read_ssml(text) {
        Ok(ssml) => ssml,
        Err(wrong) => return vec![wrong],
    };
    let unknown = ssml.elements.into_iter().filter(|one| !TAGS.contains(&one.name.as_str()));
    // A text has few kinds of mistakes, and perhaps each of them a thousand times.
    let mut meant: BTreeMap<String, Option<&str>> = BTreeMap::new();
    let told = unknown.map(|SsmlElement { name, span, .. }| {
        let near = meant.entry(name.clone()).or_insert_with(|| nearest(&name, TAGS));
        let near = near.map(str::to_owned);
        TemplateDiagnostic {
            problem: TemplateProblem::UnknownTag,
            message: format!("speech engines know no element `<{name}>`"),
            help: Some(near.as_ref().map_or_else(
                || format!("use one of {}", TAGS.join(", ")),
                |near| format!("did you mean `<{near}>`?"),
            )),
            suggestion: near,
            span,
        }
    });
    told.collect()
}

/// `text` as XML, read from the `neutral` form of it.
fn parse<'n>(text: &str, neutral: &'n str) -> Result<Document<'n>, TemplateDiagnostic> {
    for mark in ["<!", "<?"] {
        if let Some(at) = text.find(mark) {
            let message = "comments, CDATA and processing instructions are never spoken".to_owned();
            return Err(fault(message, "leave it out", at..at + mark.len()));
        }
    }
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    Document::parse_with_options(neutral, options).map_err(|error| {
        let at = offset(text, error.pos());
        let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        let help = "in SSML write `&amp;` for &, `&lt;` for <, and close every element";
        fault(reason(&error), help, at..end)
    })
}

/// Speech engines take `amazon:` in the names of elements and attributes for granted, XML wants it
/// declared; a hyphen is as long.
fn neutral(text: &str) -> Cow<'_, str> {
    if !text.contains("amazon:") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (index, piece) in text.split('<').enumerate() {
        if index == 0 {
            out.push_str(piece);
            continue;
        }
        out.push('<');
        let tag = piece.find('>').unwrap_or(piece.len());
        out.push_str(&piece[..tag].replace("amazon:", "amazon-"));
        out.push_str(&piece[tag..]);
    }
    Cow::Owned(out)
}

/// The parser's words without the place that it appends.
fn reason(error: &roxmltree::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at ").next().unwrap_or(&text);
    format!("this is not well-formed SSML: {text}")
}

/// Byte offset of a row and a column of characters, both from 1.
fn offset(text: &str, place: TextPos) -> usize {
    let rows = usize::try_from(place.row.saturating_sub(1)).unwrap_or(0);
    let columns = usize::try_from(place.col.saturating_sub(1)).unwrap_or(0);
    let start: usize = text.split_inclusive('\n').take(rows).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let within = rest.char_indices().nth(columns).map(|(at, _)| at);
    start + within.unwrap_or(rest.len())
}

fn fault(message: String, help: &str, span: Range<usize>) -> TemplateDiagnostic {
    TemplateDiagnostic {
        problem: TemplateProblem::Ssml,
        message,
        help: Some(help.to_owned()),
        suggestion: None,
        span,
    }
}

/// What SSML says, for a channel that shows it: its text without the elements, one space for each
/// run of spaces. Text that is not well-formed is given back as it is.
pub fn ssml_as_text(text: &str) -> String {
    let neutral = neutral(text);
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(&neutral, options) else {
        return text.to_owned();
    };
    let mut words = String::new();
    for node in document.descendants() {
        match node.text() {
            Some(text) if node.is_text() => words.push_str(text),
            // A pause or a new sentence separates words.
            _ if node.is_element() && matches!(node.tag_name().name(), "break" | "p" | "s") => {
                words.push(' ');
            }
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Appends `value` as text of XML; characters that XML cannot hold are left out.
pub(super) fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
}
