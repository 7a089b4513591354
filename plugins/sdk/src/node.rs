//! What a plugin author writes: a [`Node`], its ports, and what a run can end with.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::check::Check;
use crate::error::NodeError;
use crate::host::Host;
use crate::text::Speech;

/// A plugin.
///
/// A run must depend on nothing but its arguments: the engine may stop it at any call of a
/// capability and later make it again from the start with the answers known by then. So keep
/// nothing between runs but `State`, and take time and chance from the [`Host`] alone.
pub trait Node {
    /// The `config:` of the flow's node.
    type Config: DeserializeOwned + JsonSchema;
    /// The values under `with:`; [`None`](crate::NoInput) for a plugin that takes none.
    type Input: DeserializeOwned + JsonSchema;
    /// What the flow reads as `output`.
    type Output: Serialize + JsonSchema;
    /// What a visit remembers from one answer of the caller to the next; `()` for a plugin that
    /// never asks. At most 16 KiB as JSON.
    type State: Serialize + DeserializeOwned;

    /// What the plugin says of itself.
    const DESCRIPTOR: Descriptor;

    /// Looks at a configuration wherever a project is checked, pushed or loaded, so that what is
    /// wrong with it shows at its line and not in a call. It has been read into `Config` already,
    /// as it is for [`run`](Self::run).
    ///
    /// What this lets pass, `run` must not call a bad configuration: let both read values such as
    /// times by one function, and hold it with
    /// [`testing::check_holds`](crate::testing::check_holds). No capability is in reach.
    fn check(config: &Self::Config, check: &mut Check<'_>) {
        let _ = (config, check);
    }

    /// One step: until the plugin is done, or wants to hear from the caller.
    ///
    /// # Errors
    /// Whatever keeps the plugin from answering; the flow goes on by the node's `error` port. What
    /// callers or business rules bring about (nobody found, tries used up) is no error but a port.
    fn run(
        host: &Host,
        visit: Visit<Self::Config, Self::Input, Self::State>,
    ) -> Result<Outcome<Self::State, Self::Output>, NodeError>;
}

/// What a plugin is, for the engine and for flow designers.
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    /// What a flow says after `use:`. Lower-case words joined by `-`.
    pub name: &'static str,
    /// Semantic version, such as `1.4.0`.
    pub version: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// At least one, all different. `error` is always there and is not listed.
    pub ports: &'static [Port],
    /// JSON Schema (draft-07) of `Config`; `include_str!("../schema/config.json")`.
    pub config_schema: &'static str,
    /// JSON Schema (draft-07) of `Input`.
    pub input_schema: &'static str,
    /// JSON Schema (draft-07) of `Output`.
    pub output_schema: &'static str,
}

/// A named exit of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// Lower-case words joined by `_`.
    pub name: &'static str,
    /// When a run leaves by it, in one sentence.
    pub summary: &'static str,
}

impl Port {
    /// A port; declare each as a constant and list it in [`Descriptor::ports`].
    pub const fn new(name: &'static str, summary: &'static str) -> Self {
        Self { name, summary }
    }
}

/// `Input` of a plugin that takes no values from the flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoInput {}

/// `Output` of a plugin whose ports say everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NoOutput {}

/// What a run is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit<C, I, S> {
    /// The node's configuration, valid by its schema.
    pub config: C,
    /// The values that the flow gives, valid by their schema.
    pub input: I,
    /// Why this run is made.
    pub event: Event<S>,
}

/// Why a run is made.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<S> {
    /// The node has just been entered.
    Entered,
    /// The caller answered the visit's last [`Ask`], or did not.
    Answered {
        /// The state of that ask.
        state: S,
        /// What the caller did.
        answer: Answer,
    },
}

/// What the caller did when asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Spoke or wrote.
    Said {
        /// The words, at most 1,024 characters.
        text: String,
        /// Confidence of speech recognition, 0 to 1; absent for typed text.
        confidence: Option<f64>,
    },
    /// Pressed keys, `0`–`9`, `*`, `#`; the terminating key is left out.
    Pressed(String),
    /// Nothing, for as long as the ask allowed. Also anything that only a later engine can tell.
    Silent,
}

/// How a run ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<S, O> {
    /// The plugin is finished.
    Done(Done<O>),
    /// The plugin wants to hear from the caller.
    Ask(Ask<S>),
}

/// The node is left by a port.
#[derive(Debug, Clone, PartialEq)]
pub struct Done<O> {
    /// One of the declared ports.
    pub port: Port,
    /// What the flow reads as `output`.
    pub output: O,
    /// Said before the flow goes on.
    pub say: Vec<Speech>,
}

impl<O> Done<O> {
    /// Leaves by `port`.
    pub fn new(port: Port, output: O) -> Self {
        Self { port, output, say: Vec::new() }
    }

    /// Says this too before the flow goes on.
    #[must_use]
    pub fn say(mut self, speech: impl Into<Speech>) -> Self {
        self.say.push(speech.into());
        self
    }
}

impl<S, O> From<Done<O>> for Outcome<S, O> {
    fn from(done: Done<O>) -> Self {
        Self::Done(done)
    }
}

/// The caller is asked, and the plugin runs again with the answer.
///
/// Nothing is accepted until [`Ask::speech`] or [`Ask::digits`] says so; one of them must.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask<S> {
    /// Given back with the answer.
    pub state: S,
    /// Said in this order.
    pub say: Vec<Speech>,
    /// Words are accepted.
    pub speech: bool,
    /// Keys are accepted.
    pub digits: Option<Digits>,
    /// Silence before the caller counts as silent, in milliseconds, 1,000 to 60,000.
    pub timeout_ms: u32,
    /// Neither the words nor the keys of the answer may be shown or logged.
    pub sensitive: bool,
    /// Likely words, to help speech recognition; buttons in a chat.
    pub hints: Vec<String>,
}

/// Keys that an ask accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits {
    /// At least so many, from 1.
    pub min: u32,
    /// At most so many, to 64.
    pub max: u32,
    /// The key that ends the input early.
    pub terminator: Option<char>,
}

impl<S> Ask<S> {
    /// An ask that waits five seconds.
    pub fn new(state: S) -> Self {
        Self {
            state,
            say: Vec::new(),
            speech: false,
            digits: None,
            timeout_ms: 5_000,
            sensitive: false,
            hints: Vec::new(),
        }
    }

    /// Says this too.
    #[must_use]
    pub fn say(mut self, speech: impl Into<Speech>) -> Self {
        self.say.push(speech.into());
        self
    }

    /// Accepts words.
    #[must_use]
    pub fn speech(mut self) -> Self {
        self.speech = true;
        self
    }

    /// Accepts `min` to `max` keys.
    #[must_use]
    pub fn digits(mut self, min: u32, max: u32) -> Self {
        let terminator = self.digits.and_then(|digits| digits.terminator);
        self.digits = Some(Digits { min, max, terminator });
        self
    }

    /// Lets a key end the input early. Without effect where no keys are accepted; call it after
    /// [`Ask::digits`].
    #[must_use]
    pub fn terminator(mut self, key: char) -> Self {
        if let Some(digits) = &mut self.digits {
            digits.terminator = Some(key);
        }
        self
    }

    /// Waits so long, in milliseconds.
    #[must_use]
    pub fn timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }

    /// Keeps the answer out of transcripts and logs.
    #[must_use]
    pub fn sensitive(mut self, sensitive: bool) -> Self {
        self.sensitive = sensitive;
        self
    }

    /// Adds likely words.
    #[must_use]
    pub fn hints<T: Into<String>>(mut self, hints: impl IntoIterator<Item = T>) -> Self {
        self.hints.extend(hints.into_iter().map(Into::into));
        self
    }
}

impl<S, O> From<Ask<S>> for Outcome<S, O> {
    fn from(ask: Ask<S>) -> Self {
        Self::Ask(ask)
    }
}
