//! Call scripts: `*.call.yaml`, who calls, what they do and what must come of it.

mod contact;
mod written;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use dialgraph_base::{CallId, Medium};
use dialgraph_flow::source::{Sources, Span};
use dialgraph_flow::syntax::yaml::{self, Node};
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_runtime::Told;

pub use self::contact::{ContactSpec, RingWord, StageWord};
use self::contact::{RINGS, STAGES};
pub(crate) use self::contact::{ring_word, stage_word};
pub use self::written::{duration, e164, parse_duration, parse_number, parse_time};
use crate::form::{Field, Form, Misfit, may, must};
use crate::session::{Action, CallSetup, Fixture, Meanwhile};
use crate::spelling;
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
    /// The caller's number; spaces, dashes and brackets are left out, as E.164 wants it. Absent:
    /// withheld.
    #[serde(default)]
    pub from: Option<String>,
    /// The number called.
    #[serde(default)]
    pub to: Option<String>,
    /// Default: the project's first.
    #[serde(default)]
    pub locale: Option<String>,
    #[serde(default)]
    pub channel: Medium,
    /// Attributes set before the call.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// Source of all chance in the call.
    #[serde(default = "one")]
    pub seed: u64,
    /// What providers reply instead of their own answers. Each must be used, unless it says
    /// `optional`.
    #[serde(default)]
    pub mocks: Vec<MockSpec>,
    /// Records put (or with `null` removed) before the call: collection, key, object.
    #[serde(default)]
    pub records: BTreeMap<String, BTreeMap<String, Value>>,
    pub steps: Vec<Step>,
    /// Where each part of it stood.
    #[serde(skip)]
    #[schemars(skip)]
    pub(crate) source: Source,
}

/// The text of a script with its places.
#[derive(Debug, Default)]
pub(crate) struct Source {
    sources: Sources,
    root: Option<Node>,
}

fn one() -> u64 {
    1
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
    /// The answer, as the function gives it; `null` where it gives nothing.
    #[serde(default, deserialize_with = "given")]
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

/// A value that may be null, unlike one that is not there.
fn given<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(reader).map(Some)
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
    /// The caller presses the button with this label.
    Chooses(String),
    /// The caller neither says nor presses anything until the question times out.
    Silent(bool),
    HangsUp(bool),
    /// Time passes, such as `15m`.
    Waits(String),
    /// The clock moves on by so much, such as `15m`, and no question times out meanwhile.
    Clock(String),
    /// The channel cannot do the last directive, for this reason.
    DirectiveFails(String),
    /// Whoever is rung by a `transfer` with `within`: `answered`, and hung up again before the
    /// caller did; or `no_answer` in time.
    Rings(RingWord),
    /// The channel tells what became of the contact after its flow gave it away: `queued`,
    /// `connected`, `ended`, or `lost` where nobody told for too long.
    Contact(ContactSpec),
    /// Somebody outside tells the call this, at the last address that it made of the hook.
    Outside(OutsideSpec),
    /// The caller does this while the flow waits for a provider that is slow, or for somebody
    /// outside.
    Meanwhile(MeanwhileSpec),
    /// Said since the last action; several `hears` in a row must be heard in that order.
    Hears(TextMatch),
    /// Not said since the last action, nor from here to the end of the script.
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

/// What somebody outside tells.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutsideSpec {
    pub hook: String,
    /// Time before it is told, such as `3s`. Questions time out meanwhile.
    #[serde(default)]
    pub after: Option<String>,
    /// The value.
    #[serde(default)]
    pub with: Value,
    /// What becomes of it.
    #[serde(default)]
    pub expect: ToldWord,
}

/// What becomes of what is told.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToldWord {
    /// The call learns of it.
    #[default]
    Taken,
    /// The same was told before.
    Repeated,
    /// Something else was told before.
    Used,
    /// It comes too late.
    Closed,
}

impl OutsideSpec {
    fn action(&self) -> Result<Action, String> {
        let after_ms = self.after.as_deref().map_or(Ok(0), parse_duration)?;
        let expect = match self.expect {
            ToldWord::Taken => Told::Taken,
            ToldWord::Repeated => Told::Repeated,
            ToldWord::Used => Told::Used,
            ToldWord::Closed => Told::Closed,
        };
        let hook = self.hook.as_str().into();
        let expect = Some(expect);
        Ok(Action::Outside { hook, after_ms, value: self.with.clone(), expect })
    }
}

/// What a caller can do while the flow waits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeanwhileSpec {
    Says(SaysSpec),
    Presses(KeysSpec),
    HangsUp(bool),
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

const TEXT_MATCH: Form = Form::Either(&[
    Form::OneOf(
        "text match",
        &[may("contains", Form::Text), may("exact", Form::Text), may("regex", Form::Text)],
    ),
    Form::Text,
]);
const SAYS: Form = Form::Either(&[
    Form::Object(&[must("text", Form::Text), must("confidence", Form::Number)]),
    Form::Text,
]);
/// As they are written: `0x10` is no 16, and `007` no 7.
const KEYS: Form = Form::Text;
const ERROR_KIND: Form = Form::Words(&["invalid", "unavailable", "denied", "other"]);

const MOCK: Form = Form::Object(&[
    must("on", Form::Text),
    may("when", Form::Any),
    may("calls", Form::Either(&[Form::Whole(u64::MAX), Form::Text])),
    may("answer", Form::Any),
    may(
        "error",
        Form::Either(&[
            Form::Object(&[
                must("kind", ERROR_KIND),
                may("code", Form::Text),
                may("message", Form::Text),
                may("retry_after_ms", Form::Whole(u64::MAX)),
            ]),
            ERROR_KIND,
        ]),
    ),
    may("delay", Form::Text),
    may("optional", Form::Flag),
]);

const STEP: Form = Form::OneOf(
    "step",
    &[
        may("says", SAYS),
        may("presses", KEYS),
        may("chooses", Form::Text),
        may("silent", Form::Yes),
        may("hangs_up", Form::Yes),
        may("waits", Form::Text),
        may("clock", Form::Text),
        may("directive_fails", Form::Text),
        may("rings", RINGS),
        may(
            "contact",
            Form::Either(&[
                Form::Object(&[
                    must("stage", STAGES),
                    may("agent", Form::Text),
                    may("callback", Form::Flag),
                    may("attempts", Form::Whole(10)),
                ]),
                STAGES,
            ]),
        ),
        may(
            "outside",
            Form::Object(&[
                must("hook", Form::Text),
                may("after", Form::Text),
                may("with", Form::Any),
                may("expect", Form::Words(&Told::WORDS)),
            ]),
        ),
        may(
            "meanwhile",
            Form::OneOf(
                "way to break in",
                &[may("says", SAYS), may("presses", KEYS), may("hangs_up", Form::Yes)],
            ),
        ),
        may("hears", TEXT_MATCH),
        may("never_hears", TEXT_MATCH),
        may("attribute", Form::Map(&Form::Any)),
        may("path", Form::List(&Form::Text)),
        may("queue", Form::Text),
        may("callback", Form::Object(&[must("queue", Form::Text), may("number", Form::Text)])),
        may("transfer", Form::Text),
        may("ticket", Form::Map(&Form::Any)),
        may(
            "record",
            Form::Object(&[
                must("collection", Form::Text),
                may("key", Form::Text),
                may("like", Form::Map(&Form::Any)),
            ]),
        ),
        may("host_call", Form::Object(&[must("on", Form::Text), may("like", Form::Any)])),
        may("ends", Form::Either(&[Form::Flag, Form::Text])),
    ],
);

const SCRIPT: &[Field] = &[
    must("call", Form::Text),
    may("flow", Form::Text),
    must("at", Form::Text),
    may("from", Form::Text),
    may("to", Form::Text),
    may("locale", Form::Text),
    may("channel", Form::Words(&Medium::WORDS)),
    may("attributes", Form::Map(&Form::Any)),
    may("seed", Form::Whole(u64::MAX)),
    may("mocks", Form::List(&MOCK)),
    may("records", Form::Map(&Form::Map(&Form::Either(&[Form::Nothing, Form::Map(&Form::Any)])))),
    must("steps", Form::List(&STEP)),
];

impl Source {
    /// The whole script.
    pub(crate) fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    /// The item of a list of the script.
    pub(crate) fn item(&self, list: &str, index: usize) -> Option<&Node> {
        self.root.as_ref()?.get(list)?.list()?.get(index)
    }

    fn line(&self, node: Option<&Node>) -> u64 {
        let place = node.map(|node| self.sources.position(crate::form::head(node)));
        place.map_or(1, |place| u64::from(place.line))
    }

    fn error(&self, span: Span, message: String) -> ScriptError {
        let place = self.sources.position(span);
        ScriptError { line: place.line.into(), column: place.column.into(), message }
    }

    /// The errors in the order of the file, each once.
    pub(crate) fn errors(&self, misfits: Vec<Misfit>) -> Vec<ScriptError> {
        let mut errors: Vec<ScriptError> =
            misfits.into_iter().map(|misfit| self.error(misfit.span, misfit.message)).collect();
        errors.sort_by_key(|error| (error.line, error.column));
        errors.dedup();
        errors
    }
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Everything that is wrong with it as far as it can be told without its project, at its
    /// places.
    pub fn parse(text: &str) -> Result<Self, Vec<ScriptError>> {
        Self::read(text, None)
    }

    /// Reads a script that is to be run in `fixture`.
    ///
    /// # Errors
    /// Everything that is wrong with it, what the project of `fixture` does not have with the rest.
    pub fn parse_for(text: &str, fixture: &Fixture) -> Result<Self, Vec<ScriptError>> {
        Self::read(text, Some(fixture))
    }

    fn read(text: &str, fixture: Option<&Fixture>) -> Result<Self, Vec<ScriptError>> {
        // Three things end a line of YAML, and places count them all: written as one, they are one.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.as_str();
        let mut sources = Sources::default();
        let file = sources.add("script", text);
        let parsed = yaml::parse(file, text);
        let mut source = Source { sources, root: None };
        if !parsed.diagnostics.is_empty() {
            let told = parsed.diagnostics.into_iter().map(|diagnostic| {
                let help: Vec<String> =
                    diagnostic.help.iter().map(|help| format!("; {help}")).collect();
                let message = format!("{}{}", diagnostic.message, help.concat());
                Misfit { span: diagnostic.primary.span, message }
            });
            return Err(source.errors(told.collect()));
        }
        let Some(root) = parsed.root else {
            let message = "the file is empty: a call script should be here".to_owned();
            return Err(vec![ScriptError { line: 1, column: 1, message }]);
        };
        let mut misfits = Vec::new();
        let value = Form::Object(SCRIPT).read(&root, "script", &mut misfits);
        let mut script: Self = match serde_json::from_value(value) {
            Ok(script) => script,
            // What has another form cannot be looked into.
            Err(_) if !misfits.is_empty() => return Err(source.errors(misfits)),
            Err(error) => {
                // The forms let nothing else through; one that does is wrong itself.
                let message = format!("the script cannot be taken in: {error}");
                return Err(vec![ScriptError { line: 1, column: 1, message }]);
            }
        };
        source.root = Some(root);
        script.source = source;
        misfits.extend(spelling::misfits(&script));
        if let Some(fixture) = fixture {
            misfits.extend(script.misfits(fixture));
        }
        if misfits.is_empty() { Ok(script) } else { Err(script.source.errors(misfits)) }
    }

    /// The line where a step stands, from 1.
    pub fn step_line(&self, index: usize) -> u64 {
        self.source.line(self.source.item("steps", index))
    }

    /// The line where a mock stands, from 1.
    pub fn mock_line(&self, index: usize) -> u64 {
        self.source.line(self.source.item("mocks", index))
    }

    /// Who calls, when and how, and the zone in which times are shown.
    ///
    /// # Errors
    /// When a part of it makes no sense; [`parse`](Self::parse) lets no such script through.
    pub fn setup(&self, id: &str) -> Result<(CallSetup, TimeZone), ScriptError> {
        let whole = |message| ScriptError { line: 1, column: 1, message };
        let (at, zone) = parse_time(&self.at).map_err(whole)?;
        let built = self.mocks.iter().enumerate().map(|(index, mock)| {
            let line = self.mock_line(index);
            mock.build().map_err(|message| ScriptError { line, column: 1, message })
        });
        let mocks = built.collect::<Result<_, _>>()?;
        let setup = CallSetup {
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

impl MockSpec {
    pub(crate) fn build(&self) -> Result<Mock, String> {
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
            Self::Chooses(label) => Ok(Action::Chooses(label.clone())),
            Self::Silent(true) => Ok(Action::Silent),
            Self::HangsUp(true) => Ok(Action::HangsUp),
            Self::Silent(false) | Self::HangsUp(false) => {
                Err("only `true` makes sense here".to_owned())
            }
            Self::Waits(time) => parse_duration(time).map(|ms| Action::Waits { ms }),
            Self::Clock(time) => parse_duration(time).map(|ms| Action::Clock { ms }),
            Self::DirectiveFails(reason) => Ok(Action::DirectiveFails(reason.clone())),
            Self::Rings(word) => Ok(Action::Rings { answered: word.answered() }),
            Self::Contact(spec) => Ok(Action::Contact(spec.event())),
            Self::Outside(spec) => spec.action(),
            Self::Meanwhile(spec) => spec.action().map(Action::Meanwhile),
            Self::Hears(_)
            | Self::NeverHears(_)
            | Self::Attribute(_)
            | Self::Path(_)
            | Self::Queue(_)
            | Self::Callback(_)
            | Self::Transfer(_)
            | Self::Ticket(_)
            | Self::Record(_)
            | Self::HostCall(_)
            | Self::Ends(_) => return None,
        })
    }
}

impl MeanwhileSpec {
    fn action(&self) -> Result<Meanwhile, String> {
        Ok(match self {
            Self::Says(SaysSpec::Text(text)) => {
                Meanwhile::Says { text: text.clone(), confidence: None }
            }
            Self::Says(SaysSpec::Heard { text, confidence }) => {
                Meanwhile::Says { text: text.clone(), confidence: Some(*confidence) }
            }
            Self::Presses(keys) => Meanwhile::Presses(parse_keys(keys)?),
            Self::HangsUp(true) => Meanwhile::HangsUp,
            Self::HangsUp(false) => return Err("only `true` makes sense here".to_owned()),
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
                .map_err(|error| no_regex(pattern, &error)),
        }
    }
}

/// What is wrong with a pattern, on one line.
pub(crate) fn no_regex(pattern: &str, error: &regex::Error) -> String {
    let told = error.to_string();
    let why = told.lines().last().unwrap_or_default();
    format!("`{pattern}` is no regular expression: {}", why.trim_start_matches("error: "))
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
