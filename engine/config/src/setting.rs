//! The kinds of values that a key can have: how each is read and shown, and what a schema says of
//! it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use dialgraph_base::{parse_bytes, parse_duration, show_bytes, show_duration};
use serde_json::{Value, json};
use toml::de::DeValue;

/// A value as it was given: from TOML, or as the text of an environment variable.
#[derive(Debug, Clone)]
pub(crate) enum Given {
    Text(String),
    Integer(i64),
    Bool(bool),
    List(Vec<Given>),
    /// Something that no key takes, such as a date; with its name.
    Other(&'static str),
}

impl Given {
    pub(crate) fn of_toml(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Self::Other("number out of range"), Self::Integer),
            DeValue::Boolean(value) => Self::Bool(*value),
            DeValue::Array(items) => {
                Self::List(items.iter().map(|item| Self::of_toml(item.get_ref())).collect())
            }
            other => Self::Other(other.type_str()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("{text:?}"),
            Self::Integer(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Other(kind) => format!("a {kind}"),
        }
    }
}

/// A value that can stand behind a key.
pub(crate) trait Setting: Sized {
    /// The value, or what is wrong and what to write instead.
    fn read(given: &Given) -> Result<Self, String>;
    /// As TOML, and as JSON: what keys can be looks the same in both.
    fn show(&self) -> String;
    /// What of its kind a file may say. Numbers and lists in quotes are read, too, because that is
    /// how they stand in the environment, but nobody should write them so in a file.
    fn schema() -> Value;
}

fn is_no(given: &Given, what: &str, example: &str) -> String {
    format!("{} is no {what}; write {example}", given.shown())
}

pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Setting for String {
    fn read(given: &Given) -> Result<Self, String> {
        match given {
            Given::Text(text) => Ok(text.clone()),
            other => Err(is_no(other, "text", "it in quotes")),
        }
    }
    fn show(&self) -> String {
        quoted(self)
    }
    fn schema() -> Value {
        json!({"type": "string"})
    }
}

impl Setting for bool {
    fn read(given: &Given) -> Result<Self, String> {
        match given {
            Given::Bool(value) => Ok(*value),
            Given::Text(text) if text == "true" => Ok(true),
            Given::Text(text) if text == "false" => Ok(false),
            other => Err(is_no(other, "yes or no", "`true` or `false`")),
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
    fn schema() -> Value {
        json!({"type": "boolean"})
    }
}

impl Setting for u32 {
    fn read(given: &Given) -> Result<Self, String> {
        let number = match given {
            Given::Integer(number) => Self::try_from(*number).ok(),
            Given::Text(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| is_no(given, "count", "a whole number such as `64`"))
    }
    fn show(&self) -> String {
        self.to_string()
    }
    fn schema() -> Value {
        json!({"type": "integer", "minimum": 0, "maximum": Self::MAX})
    }
}

impl Setting for SocketAddr {
    fn read(given: &Given) -> Result<Self, String> {
        let address = match given {
            Given::Text(text) => text.parse().ok(),
            _ => None,
        };
        address.ok_or_else(|| {
            is_no(given, "address", "IP address and port, such as \"127.0.0.1:7700\"")
        })
    }
    fn show(&self) -> String {
        quoted(&self.to_string())
    }
    fn schema() -> Value {
        json!({"type": "string", "pattern": r"^([0-9.]+|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]):[0-9]{1,5}$"})
    }
}

impl Setting for PathBuf {
    fn read(given: &Given) -> Result<Self, String> {
        match given {
            Given::Text(text) if !text.is_empty() => Ok(Self::from(text)),
            other => Err(is_no(other, "path", "a path in quotes")),
        }
    }
    fn show(&self) -> String {
        quoted(&self.to_string_lossy())
    }
    fn schema() -> Value {
        json!({"type": "string", "minLength": 1})
    }
}

/// An empty text stands for none.
impl Setting for Option<String> {
    fn read(given: &Given) -> Result<Self, String> {
        let text = String::read(given)?;
        Ok((!text.is_empty()).then_some(text))
    }
    fn show(&self) -> String {
        quoted(self.as_deref().unwrap_or_default())
    }
    fn schema() -> Value {
        String::schema()
    }
}

impl Setting for Option<PathBuf> {
    fn read(given: &Given) -> Result<Self, String> {
        match given {
            Given::Text(text) if text.is_empty() => Ok(None),
            given => PathBuf::read(given).map(Some),
        }
    }
    fn show(&self) -> String {
        self.as_ref().map_or_else(|| quoted(""), PathBuf::show)
    }
    fn schema() -> Value {
        json!({"type": "string"})
    }
}

impl Setting for Duration {
    fn read(given: &Given) -> Result<Self, String> {
        let duration = match given {
            Given::Text(text) => duration(text),
            _ => None,
        };
        duration.ok_or_else(|| {
            is_no(given, "duration", "a number with `ms`, `s`, `m`, `h` or `d`, such as \"5s\"")
        })
    }
    fn show(&self) -> String {
        quoted(&show_duration(*self))
    }
    fn schema() -> Value {
        json!({"type": "string", "pattern": DURATION})
    }
}

/// What is a duration, as a schema tells it.
const DURATION: &str = r"^[0-9]+\s*(ms|s|m|h|d)([0-9]+(ms|s|m|h|d))*$";

/// The same without no time at all.
pub(crate) const POSITIVE_DURATION: &str =
    r"^(0+\s*(ms|s|m|h|d)(0+(ms|s|m|h|d))*)?0*[1-9][0-9]*\s*(ms|s|m|h|d)([0-9]+(ms|s|m|h|d))*$";

/// A duration, with or without a space before its first unit.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let unit = unit.trim_start();
    let is_unit = !unit.starts_with(|c: char| c.is_ascii_digit());
    is_unit.then(|| parse_duration(&format!("{number}{unit}"))).flatten()
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// As a length in memory.
    pub fn as_len(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Setting for ByteSize {
    fn read(given: &Given) -> Result<Self, String> {
        let bytes = match given {
            Given::Integer(bytes) => u64::try_from(*bytes).ok(),
            Given::Text(text) => parse_bytes(text),
            _ => None,
        };
        bytes.map(Self).ok_or_else(|| {
            is_no(given, "size", "a number with `KiB`, `MiB` or `GiB`, such as \"64 MiB\"")
        })
    }
    fn show(&self) -> String {
        let text = show_bytes(self.0);
        // A number of bytes alone is a number in TOML, too.
        if text.ends_with('B') { quoted(&text) } else { text }
    }
    fn schema() -> Value {
        json!({"type": ["integer", "string"], "minimum": 0, "pattern": r"^[0-9]+\s*(KiB|MiB|GiB)?$"})
    }
}

/// A list; in the environment its items are parted by commas.
impl Setting for Vec<String> {
    fn read(given: &Given) -> Result<Self, String> {
        match given {
            Given::List(items) => items.iter().map(String::read).collect(),
            Given::Text(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect()),
            other => Err(is_no(other, "list", "texts in brackets, such as [\"a\", \"b\"]")),
        }
    }
    fn show(&self) -> String {
        let items: Vec<String> = self.iter().map(|item| quoted(item)).collect();
        format!("[{}]", items.join(", "))
    }
    fn schema() -> Value {
        json!({"type": "array", "items": {"type": "string"}})
    }
}

const PROVIDERS: [&str; 7] = ["records", "nlu", "genai", "knowledge", "tickets", "secrets", "http"];

/// `PROVIDER=DURATION` each.
impl Setting for Vec<(String, Duration)> {
    fn read(given: &Given) -> Result<Self, String> {
        let pair = |text: &String| {
            let wrong = |why: &str| format!("{text:?}: {why}; write such as \"genai=20s\"");
            let (name, time) = text.split_once('=').ok_or_else(|| wrong("there is no `=`"))?;
            let name = name.trim();
            if !PROVIDERS.contains(&name) {
                let known = PROVIDERS.join(", ");
                return Err(wrong(&format!("there is no provider `{name}`; use one of {known}")));
            }
            match duration(time.trim()).filter(|time| !time.is_zero()) {
                Some(time) => Ok((name.to_owned(), time)),
                None => Err(wrong("what follows the `=` is not a duration")),
            }
        };
        Vec::<String>::read(given)?.iter().map(pair).collect()
    }
    fn show(&self) -> String {
        let items: Vec<String> = self
            .iter()
            .map(|(name, time)| quoted(&format!("{name}={}", time.show().trim_matches('"'))))
            .collect();
        format!("[{}]", items.join(", "))
    }
    fn schema() -> Value {
        let provider = PROVIDERS.join("|");
        let time = POSITIVE_DURATION.trim_matches(['^', '$']);
        let pattern = format!(r"^\s*({provider})\s*=\s*{time}\s*$");
        json!({"type": "array", "items": {"type": "string", "pattern": pattern}})
    }
}

/// Reads one of a few words.
pub(crate) fn read_word<W: Copy>(given: &Given, words: &[(&str, W)]) -> Result<W, String> {
    let found = match given {
        Given::Text(text) => words.iter().find(|(word, _)| word == text),
        _ => None,
    };
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<String> = words.iter().map(|(word, _)| quoted(word)).collect();
        format!("{} is not one of the allowed words; write {}", given.shown(), words.join(", "))
    })
}
