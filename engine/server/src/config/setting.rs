//! The kinds of values that a key can have: how each is read, checked and shown.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

/// A value as it was given: from TOML, or as the text of an environment variable.
#[derive(Debug, Clone)]
pub(super) enum Given {
    Text(String),
    Integer(i64),
    Bool(bool),
    List(Vec<Given>),
    /// Something that no key takes, such as a date; with its name.
    Other(&'static str),
}

impl Given {
    pub(super) fn of_toml(value: &DeValue<'_>) -> Self {
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
pub(super) trait Setting: Sized {
    /// The value, or what is wrong and what to write instead.
    fn read(given: &Given) -> Result<Self, String>;
    /// As TOML.
    fn show(&self) -> String;
}

fn is_no(given: &Given, what: &str, example: &str) -> String {
    format!("{} is no {what}; write {example}", given.shown())
}

pub(super) fn quoted(text: &str) -> String {
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
}

/// Empty text stands for none.
/// An empty text stands for none.
impl Setting for Option<String> {
    fn read(given: &Given) -> Result<Self, String> {
        let text = String::read(given)?;
        Ok((!text.is_empty()).then_some(text))
    }
    fn show(&self) -> String {
        quoted(self.as_deref().unwrap_or_default())
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
}

impl Setting for Duration {
    fn read(given: &Given) -> Result<Self, String> {
        let duration = match given {
            Given::Text(text) => parse_duration(text),
            _ => None,
        };
        duration.ok_or_else(|| {
            is_no(given, "duration", "a number with `ms`, `s`, `m`, `h` or `d`, such as \"5s\"")
        })
    }
    fn show(&self) -> String {
        let ms = self.as_millis();
        let text = match ms {
            0 => "0s".to_owned(),
            ms if ms.is_multiple_of(86_400_000) => format!("{}d", ms / 86_400_000),
            ms if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
            ms if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
            ms if ms.is_multiple_of(1000) => format!("{}s", ms / 1000),
            ms => format!("{ms}ms"),
        };
        quoted(&text)
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let ms = match unit.trim_start() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(ms).map(Duration::from_millis)
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
        let text = match self.0 {
            0 => "0".to_owned(),
            bytes if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
            bytes if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
            bytes if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
            bytes => return bytes.to_string(),
        };
        quoted(&text)
    }
}

fn parse_bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.trim_start() {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
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
                return Err(wrong(&format!("there is no provider `{name}`, there are {known}")));
            }
            match parse_duration(time.trim()).filter(|time| !time.is_zero()) {
                Some(time) => Ok((name.to_owned(), time)),
                None => Err(wrong("what stands behind the `=` is no duration")),
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
}

/// One of a few words.
pub(super) trait Word: Copy + PartialEq + 'static {
    const WORDS: &'static [(&'static str, Self)];
}

/// Reads a [`Word`].
pub(super) fn read_word<W: Word>(given: &Given) -> Result<W, String> {
    let known = |text: &str| W::WORDS.iter().find(|(word, _)| *word == text).map(|(_, w)| *w);
    match given {
        Given::Text(text) if known(text).is_some() => known(text).ok_or_else(String::new),
        other => {
            let words: Vec<String> =
                W::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            Err(format!(
                "{} is not among the words it takes; write {}",
                other.shown(),
                words.join(", ")
            ))
        }
    }
}

/// Shows a [`Word`].
pub(super) fn show_word<W: Word>(value: W) -> String {
    let word = W::WORDS.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| *word);
    quoted(word)
}
