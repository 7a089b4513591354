//! What the kernel asks of whoever runs plugins, and what it gets back.
//!
//! The twin of interface `plugin` in `wit/node.wit`. A run never waits: when a reply of the world
//! is not there yet the run is [`RunResult::Suspended`], and later the same run is made again over
//! the replies known by then. That is the one way in which anything slow is waited for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use dialgraph_base::{Channel, Digest, Digits, PluginLimits, Timestamp};

use crate::ports::{HostCall, HostResult};
use crate::show::{Choice, Shown};

/// Runs plugins by the digest of their bytes.
pub trait Plugins: Send + Sync {
    /// Runs one invocation to its end, or to the first host call without a reply.
    ///
    /// Never panics and never fails as such: whatever goes wrong is in the report.
    fn run(
        &self,
        plugin: &Digest,
        invocation: &Invocation<'_>,
        host: &mut dyn HostCalls,
    ) -> RunReport;

    /// Runs that there is room for at the same time; none: nobody counts them.
    fn room(&self) -> Option<usize> {
        None
    }
}

/// Where a running plugin's host calls go.
pub trait HostCalls {
    /// The reply to the next host call of the run, or none if it is not there yet; the run must
    /// then stop.
    fn call(&mut self, call: HostCall) -> Option<HostResult>;
}

/// Everything a run is given. Strings that the plugin gets as they are.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    pub call_id: &'a str,
    pub channel: Channel,
    pub locale: &'a str,
    pub caller: Option<&'a str>,
    pub dialed: Option<&'a str>,
    pub started_at: Timestamp,
    /// When the turn began; the plugin's only clock.
    pub now: Timestamp,
    pub flow: &'a str,
    pub node: &'a str,
    /// Names this visit; stem of idempotency keys.
    pub invocation_id: &'a str,
    /// Runs of this visit before this one that ended in an ask.
    pub turn: u32,
    /// Seed of all chance in this run.
    pub seed: u64,
    /// JSON object.
    pub config: &'a str,
    /// JSON object.
    pub input: &'a str,
    /// JSON, from the visit's last ask.
    pub state: Option<&'a str>,
    pub event: &'a PluginEvent,
    /// Bounds of the run, of the call's release; none: whatever the plugin was loaded under.
    pub limits: Option<PluginLimits>,
}

/// What a plugin is told of the caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginEvent {
    Entered,
    Said { text: String, confidence: Option<f64> },
    Pressed(String),
    Silent,
}

/// A finished run, however it finished.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    pub result: RunResult,
    /// Lines in the order in which they were written.
    pub logs: Vec<LogLine>,
    pub cost: Cost,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RunResult {
    Done(Done),
    Ask(Ask),
    Failed(Failure),
    /// A host call had no reply yet.
    Suspended,
}

/// The plugin is finished with this visit.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// One of the declared ports; checked by the runner.
    pub port: String,
    /// An object; checked by the runner against the plugin's schema.
    pub output: Value,
    pub say: Vec<Speech>,
}

/// The plugin wants an answer from the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    pub say: Vec<Speech>,
    pub accept: Accept,
    pub state: String,
}

/// Words ready to be spoken or shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speech {
    pub text: String,
    /// `text` is a whole `<speak>` element.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ssml: bool,
    /// What is shown with them, on a channel that shows such.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Shown>,
}

impl Speech {
    /// Words alone.
    pub fn new(text: impl Into<String>, ssml: bool) -> Self {
        Self { text: text.into(), ssml, shown: Vec::new() }
    }
}

/// What an answer of the caller may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    pub speech: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<Digits>,
    /// Silence that counts as no answer, in milliseconds.
    pub timeout_ms: u32,
    /// Neither words nor keys of the answer may be shown or logged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Answers to choose from, on a channel that shows such.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
}

/// Why a run gave no outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// Stable, lower-case, words joined by `-`; the plugin's own, or for failures that the runner
    /// found the kind's name.
    pub code: String,
    /// What happened, where, what to do. A panic's text is here.
    pub message: String,
    /// WebAssembly backtrace, innermost frame first, with function names where the component has
    /// them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
}

/// Bytes of a failure's message that are kept.
const MESSAGE_BYTES: usize = 8 << 10;
/// Bytes of its code, and of one frame of its backtrace.
const CODE_BYTES: usize = 256;
/// Frames of its backtrace that are kept.
const FRAMES: usize = 64;

impl Failure {
    /// Without what would be too long to be kept.
    pub(crate) fn cut(mut self) -> Self {
        crate::ports::cut(&mut self.message, MESSAGE_BYTES);
        crate::ports::cut(&mut self.code, CODE_BYTES);
        self.backtrace.truncate(FRAMES);
        self.backtrace.iter_mut().for_each(|frame| crate::ports::cut(frame, CODE_BYTES));
        self
    }
}

/// Who or what failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The plugin says that its configuration is wrong.
    BadConfig,
    /// The plugin says that it may work later.
    Retryable,
    /// The plugin says that something outside said no.
    Refused,
    /// The plugin says that something else went wrong.
    Other,
    /// It stopped with a WebAssembly trap: a panic, an overflow, a stack exhausted.
    Trap,
    /// It, or the host calls that it waited for, took too long.
    Timeout,
    /// It wanted more memory than it may have.
    Memory,
    /// It broke another limit: output size, host calls, bytes passed, log.
    Limit,
    /// It answered what its own description does not allow: an undeclared port, output off its
    /// schema.
    Contract,
    /// The engine has no such plugin, or could not run it.
    Engine,
}

impl FailureKind {
    /// The kind in words of a flow: `trap`, `bad-config` …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadConfig => "bad-config",
            Self::Retryable => "retryable",
            Self::Refused => "refused",
            Self::Other => "other",
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Limit => "limit",
            Self::Contract => "contract",
            Self::Engine => "engine",
        }
    }
}

/// What a run cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// WebAssembly instructions, exact and the same on every machine; none when the runner does not
    /// count.
    pub instructions: Option<u64>,
    /// Linear memory at its largest, in bytes.
    pub memory_bytes: u64,
}

/// A line that a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub level: LogLevel,
    pub message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}
