//! Call scripts: `*.call.yaml`, who calls, what they do and what must come of it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use dialgraph_kernel::call::{CallId, Channel};
use dialgraph_kernel::ports::{HostError, HostErrorKind, Timestamp};

use crate::session::{Action, Setup};
use crate::world::{Mock, MockReply};

/// A script as it stands in its file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Dialgraph call script")]
pub struct Script {
    /// What the script shows, in one sentence.
    pub call: String,
    /// The flow in which the call begins; default: the project's entry.
    #[serde(default)]
    pub flow: Option<String>,
    /// When the call begins, RFC 3339 with offset, such as `2026-11-20T10:00:00+09:00`.
    pub at: String,
    /// The caller's number; spaces, dashes and brackets are left out, as E.164 wants it. Absent: withheld.
    #[serde(default)]
    pub from: Option<String>,
    /// The number called.
    #[serde(default)]
    pub to: Option<String>,
    /// Default: the project's first.
    #[serde(default)]
    pub locale: Option<String>,
    #[serde(default)]
    pub channel: ChannelName,
    /// Attributes set before the call.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// Source of all chance in the call.
    #[serde(default = "one")]
    pub seed: u64,
    /// What providers reply instead of their own answers. Each must be used, unless it says `optional`.
    #[serde(default)]
    #[schemars(with = "Vec<MockSpec>")]
    pub mocks: Vec<Spanned<MockSpec>>,
    /// Records put (or with `null` removed) before the call: collection, key, object.
    #[serde(default)]
    pub records: BTreeMap<String, BTreeMap<String, Value>>,
    #[schemars(with = "Vec<Step>")]
    pub steps: Vec<Spanned<Step>>,
}

fn one() -> u64 {
    1
}

/// The way by which the caller comes.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelName {
    #[default]
    Voice,
    Chat,
}

impl From<ChannelName> for Channel {
    fn from(name: ChannelName) -> Self {
        match name {
            ChannelName::Voice => Self::Voice,
            ChannelName::Chat => Self::Chat,
        }
    }
}

/// A provider's reply, made up.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MockSpec {
    /// A function such as `records.find`, or a provider such as `records`.
    pub on: String,
    /// Values that the request must hold.
    #[serde(default)]
    pub when: Option<Value>,
    /// Which of the calls that fit: `1`, `2-3` or `3-`; default: all.
    #[serde(default)]
    pub calls: Option<CallCount>,
    /// The answer, as the function gives it.
    #[serde(default)]
    pub answer: Option<Value>,
    /// A failure instead of an answer.
    #[serde(default)]
    pub error: Option<ErrorSpec>,
    /// Virtual time until the reply, such as `15s`; `never` for none at all.
    #[serde(default)]
    pub delay: Option<String>,
    /// It is no fault if the call does not need it.
    #[serde(default)]
    pub optional: bool,
}

/// `1`, `"2-3"` or `"3-"`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CallCount {
    Number(u64),
    Range(String),
}

/// `unavailable`, or all of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ErrorSpec {
    Kind(ErrorKind),
    Full {
        kind: ErrorKind,
        #[serde(default)]
        code: Option<String>,
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        retry_after_ms: Option<u64>,
    },
}

/// How a capability fails.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ErrorKind {
    Invalid,
    Unavailable,
    Denied,
    Other,
}

/// What the caller does, or what must be so.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// The caller says this.
    Says(SaysSpec),
    /// The caller presses these keys, such as `111122223333#`.
    Presses(KeysSpec),
    /// The caller neither says nor presses anything until the question times out.
    Silent(bool),
    HangsUp(bool),
    /// Time passes, such as `15m`.
    Waits(String),
    /// The clock moves on by so much, such as `15m`, and no question times out meanwhile.
    Clock(String),
    /// The channel cannot do the last directive, for this reason.
    DirectiveFails(String),
    /// Said since the last action; several `hears` in a row must be heard in that order.
    Hears(TextMatch),
    /// Not said from here to the end of the script.
    NeverHears(TextMatch),
    /// These attributes have these values now.
    Attribute(BTreeMap<String, Value>),
    /// These nodes (`flow/node`) were visited in this order; others may lie between.
    Path(Vec<String>),
    /// The caller was put into this queue.
    Queue(String),
    Callback(CallbackSpec),
    /// The caller was transferred to this number.
    Transfer(String),
    /// A ticket was opened that holds this.
    Ticket(BTreeMap<String, FieldMatch>),
    /// A record was written to this collection that holds this.
    Record(RecordSpec),
    /// A host call was made that holds this.
    HostCall(HostCallSpec),
    /// The call was given away or ended with this disposition; `true`: with any.
    Ends(EndsSpec),
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SaysSpec {
    Text(String),
    Heard { text: String, confidence: f64 },
}

/// Keys; numbers may stand without quotes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KeysSpec {
    Number(u64),
    Keys(String),
}

/// `"…"` means `contains`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TextMatch {
    Contains(String),
    By(TextBy),
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TextBy {
    Contains(String),
    Exact(String),
    Regex(String),
}

/// A text match, or a value to be equal to.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FieldMatch {
    By(TextBy),
    Equal(Value),
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallbackSpec {
    pub queue: String,
    #[serde(default)]
    pub number: Option<String>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSpec {
    pub collection: String,
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub like: BTreeMap<String, FieldMatch>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostCallSpec {
    pub on: String,
    #[serde(default)]
    pub like: Value,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EndsSpec {
    Any(bool),
    Disposition(String),
}

/// Why a script cannot be run at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ScriptError {
    /// From 1; 0 when the place is not known.
    pub line: u64,
    pub column: u64,
    pub message: String,
}

impl ScriptError {
    fn whole(message: impl Into<String>) -> Self {
        Self { line: 1, column: 1, message: message.into() }
    }
}

impl Script {
    /// Reads a script.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        serde_saphyr::from_str(text).map_err(|error| {
            let (line, column) =
                error.location().map_or((1, 1), |place| (place.line(), place.column()));
            let message = worded(&error.without_snippet().to_string(), line, column);
            ScriptError { line, column, message }
        })
    }

    /// Who calls, when and how, and the zone in which times are shown.
    pub fn setup(&self, id: &str) -> Result<(Setup, TimeZone), ScriptError> {
        let (at, zone) = parse_time(&self.at).map_err(ScriptError::whole)?;
        let mocks = self
            .mocks
            .iter()
            .map(|mock| {
                let column = mock.defined.column();
                let line = mock.defined.line();
                mock.value.build().map_err(|message| ScriptError { line, column, message })
            })
            .collect::<Result<_, _>>()?;
        let setup = Setup {
            id: CallId(id.into()),
            at,
            channel: self.channel.into(),
            locale: self.locale.as_deref().map(Into::into),
            from: self.from.as_deref().map(e164),
            to: self.to.as_deref().map(e164),
            flow: self.flow.as_deref().map(Into::into),
            seed: self.seed,
            attributes: self
                .attributes
                .iter()
                .map(|(name, value)| (name.as_str().into(), value.clone()))
                .collect(),
            mocks,
        };
        Ok((setup, zone))
    }
}

/// The message of the reader without the place, which stands in front of it anyway; for a word that is not there,
/// the one that was meant.
fn worded(message: &str, line: u64, column: u64) -> String {
    let place = format!(" at line {line}, column {column}");
    let message = message.strip_suffix(&place).unwrap_or(message);
    let unknown = || {
        let (what, rest) = [("step", "unknown variant `"), ("key", "unknown field `")]
            .iter()
            .find_map(|(what, start)| Some((what, message.strip_prefix(start)?)))?;
        let (word, known) = rest.split_once("`, expected ")?;
        let known = known.trim_start_matches("one of ");
        let names: Vec<&str> = known.split(", ").map(|name| name.trim_matches('`')).collect();
        Some(match dialgraph_flow::nearest(word, names.iter().copied()) {
            Some(near) => format!("there is no {what} `{word}` here; did you mean `{near}`?"),
            None => format!("there is no {what} `{word}` here; there are {}", names.join(", ")),
        })
    };
    unknown().unwrap_or_else(|| message.to_owned())
}

impl MockSpec {
    fn build(&self) -> Result<Mock, String> {
        let about = |problem: String| format!("mock on `{}`: {problem}", self.on);
        let calls = match &self.calls {
            None => (1, u64::MAX),
            Some(CallCount::Number(number)) => (*number, *number),
            Some(CallCount::Range(range)) => parse_range(range)
                .ok_or_else(|| about(format!("`calls: {range}` is neither `2`, `2-3` nor `3-`")))?,
        };
        let never = self.delay.as_deref() == Some("never");
        let delay_ms = match &self.delay {
            Some(delay) if !never => parse_duration(delay).map_err(about)?,
            _ => 0,
        };
        let reply = match (&self.answer, &self.error, never) {
            (None, None, true) => MockReply::Never,
            (None, None, false) if self.delay.is_some() => MockReply::Provider,
            (Some(answer), None, false) => MockReply::Answer(Box::new(
                Mock::answer(&self.on, answer.clone())
                    .map_err(|error| about(format!("`answer` is not what it gives: {error}")))?,
            )),
            (None, Some(error), false) => MockReply::Error(error.build(&self.on)),
            _ => {
                let problem = "needs exactly one of `answer`, `error`, or a `delay` alone";
                return Err(about(problem.to_owned()));
            }
        };
        Ok(Mock { on: self.on.clone(), when: self.when.clone(), calls, delay_ms, reply })
    }
}

impl ErrorSpec {
    fn build(&self, on: &str) -> HostError {
        let (kind, code, message, retry_after_ms) = match self {
            Self::Kind(kind) => (*kind, None, None, None),
            Self::Full { kind, code, message, retry_after_ms } => {
                (*kind, code.clone(), message.clone(), *retry_after_ms)
            }
        };
        let (kind, word) = match kind {
            ErrorKind::Invalid => (HostErrorKind::Invalid, "invalid"),
            ErrorKind::Unavailable => (HostErrorKind::Unavailable, "unavailable"),
            ErrorKind::Denied => (HostErrorKind::Denied, "denied"),
            ErrorKind::Other => (HostErrorKind::Other, "other"),
        };
        HostError {
            kind,
            code: code.unwrap_or_else(|| word.to_owned()),
            message: message.unwrap_or_else(|| format!("{on} is made to fail by the script")),
            retry_after_ms,
        }
    }
}

impl Step {
    /// The action, if it is one; the rest are expectations.
    pub fn action(&self) -> Option<Result<Action, String>> {
        Some(match self {
            Self::Says(SaysSpec::Text(text)) => {
                Ok(Action::Says { text: text.clone(), confidence: None })
            }
            Self::Says(SaysSpec::Heard { text, confidence }) => {
                Ok(Action::Says { text: text.clone(), confidence: Some(*confidence) })
            }
            Self::Presses(keys) => parse_keys(keys).map(Action::Presses),
            Self::Silent(true) => Ok(Action::Silent),
            Self::HangsUp(true) => Ok(Action::HangsUp),
            Self::Silent(false) | Self::HangsUp(false) => {
                Err("only `true` makes sense here".to_owned())
            }
            Self::Waits(time) => parse_duration(time).map(|ms| Action::Waits { ms }),
            Self::Clock(time) => parse_duration(time).map(|ms| Action::Clock { ms }),
            Self::DirectiveFails(reason) => Ok(Action::DirectiveFails(reason.clone())),
            _ => return None,
        })
    }
}

fn parse_keys(keys: &KeysSpec) -> Result<String, String> {
    let keys = match keys {
        KeysSpec::Number(number) => number.to_string(),
        KeysSpec::Keys(keys) => keys.clone(),
    };
    match keys.chars().find(|key| !key.is_ascii_digit() && *key != '*' && *key != '#') {
        Some(key) => Err(format!("`{key}` is no key of a telephone; there are 0–9, * and #")),
        None if keys.is_empty() => Err("no key is pressed".to_owned()),
        None => Ok(keys),
    }
}

fn parse_range(range: &str) -> Option<(u64, u64)> {
    let (first, last) = match range.split_once('-') {
        Some((first, "")) => (first.trim().parse().ok()?, u64::MAX),
        Some((first, last)) => (first.trim().parse().ok()?, last.trim().parse().ok()?),
        None => {
            let only = range.trim().parse().ok()?;
            (only, only)
        }
    };
    (first >= 1 && first <= last).then_some((first, last))
}

/// A telephone number as channels give it: without spaces, dashes, dots and brackets (ITU-T E.164).
pub fn e164(number: &str) -> String {
    number.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect()
}

/// Milliseconds of `500ms`, `15s`, `15m` or `2h`.
pub fn parse_duration(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no duration; write `500ms`, `15s`, `15m` or `2h`");
    let text_end = text.trim();
    let split = text_end.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let number: u64 = text_end[..split].parse().map_err(|_| wrong())?;
    let unit = match text_end[split..].trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).ok_or_else(wrong)
}

/// A duration as [`parse_duration`] reads it, in the largest unit that takes it whole.
pub fn duration(ms: u64) -> String {
    match ms {
        0 => "0s".to_owned(),
        ms if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        ms if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        ms if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

/// The number that somebody typed, as [`e164`] has it.
///
/// # Errors
/// When it is no telephone number: more than 15 digits, or something else than digits behind an optional `+`.
pub fn parse_number(text: &str) -> Result<String, String> {
    let number = e164(text);
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if (2..=15).contains(&digits.len()) && digits.chars().all(|digit| digit.is_ascii_digit()) {
        return Ok(number);
    }
    Err(format!("`{text}` is no telephone number, such as +82-10-0000-0101"))
}

/// A time with its offset: `2026-11-20T10:00:00+09:00`.
pub fn parse_time(text: &str) -> Result<(Timestamp, TimeZone), String> {
    let wrong = |detail: String| {
        format!("`{text}` is no time with an offset, such as 2026-11-20T10:00:00+09:00{detail}")
    };
    let at: jiff::Timestamp = text.parse().map_err(|error| wrong(format!(": {error}")))?;
    let pieces =
        jiff::fmt::temporal::Pieces::parse(text).map_err(|error| wrong(format!(": {error}")))?;
    let offset = pieces.to_numeric_offset().ok_or_else(|| wrong(String::new()))?;
    let millis = u64::try_from(at.as_millisecond()).map_err(|_| wrong(" after 1970".to_owned()))?;
    Ok((Timestamp(millis), TimeZone::fixed(offset)))
}

impl TextMatch {
    /// Whether `text` matches.
    pub fn matches(&self, text: &str) -> Result<bool, String> {
        match self {
            Self::Contains(part) => Ok(text.contains(part)),
            Self::By(by) => by.matches(text),
        }
    }
}

impl TextBy {
    /// Whether `text` matches.
    pub fn matches(&self, text: &str) -> Result<bool, String> {
        match self {
            Self::Contains(part) => Ok(text.contains(part)),
            Self::Exact(whole) => Ok(text == whole),
            Self::Regex(pattern) => Regex::new(pattern)
                .map(|regex| regex.is_match(text))
                .map_err(|error| error.to_string()),
        }
    }
}

impl std::fmt::Display for TextMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Contains(part) | Self::By(TextBy::Contains(part)) => write!(f, "“{part}”"),
            Self::By(TextBy::Exact(whole)) => write!(f, "exactly “{whole}”"),
            Self::By(TextBy::Regex(pattern)) => write!(f, "/{pattern}/"),
        }
    }
}

impl FieldMatch {
    /// Whether `value` matches.
    pub fn matches(&self, value: &Value) -> Result<bool, String> {
        match self {
            Self::By(by) => match value {
                Value::String(text) => by.matches(text),
                other => by.matches(&other.to_string()),
            },
            Self::Equal(wanted) => Ok(crate::world::holds(value, wanted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_in_its_largest_whole_unit_and_reads_back() {
        for (ms, text) in
            [(0, "0s"), (1_500, "1500ms"), (90_000, "90s"), (900_000, "15m"), (7_200_000, "2h")]
        {
            assert_eq!(duration(ms), text);
            assert_eq!(parse_duration(text), Ok(ms));
        }
    }

    #[test]
    fn a_number_is_digits_however_they_are_grouped() {
        assert_eq!(parse_number("+82-10-0000-0101").as_deref(), Ok("+821000000101"));
        assert_eq!(parse_number("(02) 000.0000").as_deref(), Ok("020000000"));
        for wrong in ["abc", "", "+", "+82-10-0000-010x", "1234567890123456"] {
            assert!(parse_number(wrong).is_err(), "{wrong}");
        }
    }
}
