//! Native tests of a plugin: a call whose caller and capabilities the test plays.
//!
//! ```no_run
//! # use dialgraph_plugin::prelude::*;
//! # use dialgraph_plugin::testing::TestCall;
//! # fn test<Greeter: Node>() {
//! let mut call = TestCall::<Greeter>::new(serde_json::json!({"greeting": {"en-US": "Hello, {name}."}}))
//!     .input(serde_json::json!({"name": "Dana"}))
//!     .locale("en-US");
//! let reply = call.enter();
//! assert_eq!((reply.port(), &*reply.heard()), ("greeted", "Hello, Dana."));
//! # }
//! ```
//!
//! The harness holds a plugin to the contract as the engine does: configuration, input and output
//! must fit their schemas, ports must be declared, an ask must be one that the engine takes. It
//! also makes every run twice, the second time over the recorded answers, and fails when the two
//! differ.

mod configs;
mod fakes;
mod indexes;
mod schemas;

use std::marker::PhantomData;

use serde_json::Value;

pub use configs::check_holds;
pub use fakes::{LogLine, TestHost};
pub(crate) use fakes::{SecretHandle, TestHost as Backend};
pub use indexes::IndexKind;
pub use schemas::check_schemas;

use crate::bindings::exports::dialgraph::plugin::plugin as wit;
use crate::check::Problem;
use crate::component;
use crate::error::NodeError;
use crate::node::{Digits, Node};
use crate::text::Speech;

/// 2026-11-20T01:00:00Z: a Friday, ten in the morning in Seoul.
pub const START: u64 = 1_795_136_400_000;

/// What [`Node::check`] finds in a configuration, for calls in these locales; the configuration
/// must fit its schema.
#[track_caller]
pub fn check<N: Node>(config: &Value, locales: &[&str]) -> Vec<Problem> {
    schemas::must_fit("config", N::DESCRIPTOR.config_schema, config);
    let locales: Vec<String> = locales.iter().map(|locale| (*locale).to_owned()).collect();
    component::check::<N>(&config.to_string(), &locales)
}

/// One visit of a node in a call.
#[derive(Debug)]
pub struct TestCall<N> {
    host: TestHost,
    invocation: wit::Invocation,
    asking: bool,
    node: PhantomData<N>,
}

impl<N: Node> TestCall<N> {
    /// A Korean voice call that enters a node of this configuration at [`START`].
    pub fn new(config: Value) -> Self {
        schemas::must_fit("config", N::DESCRIPTOR.config_schema, &config);
        Self {
            host: TestHost::new(START),
            invocation: wit::Invocation {
                call: wit::CallContext {
                    call_id: "call-1".to_owned(),
                    channel: "voice".to_owned(),
                    locale: "ko-KR".to_owned(),
                    caller: Some("+821000000101".to_owned()),
                    dialed: Some("+8220000000".to_owned()),
                    started_at: START,
                    flow: "test-flow".to_owned(),
                    node: "test-node".to_owned(),
                    invocation_id: "call-1/1".to_owned(),
                    turn: 0,
                    extra: Vec::new(),
                },
                config: config.to_string(),
                input: "{}".to_owned(),
                state: None,
                event: wit::Event::Entered,
                extra: Vec::new(),
            },
            asking: false,
            node: PhantomData,
        }
    }

    /// The values under `with:`.
    #[must_use]
    pub fn input(mut self, input: Value) -> Self {
        self.invocation.input = input.to_string();
        self
    }

    /// The language of the call.
    #[must_use]
    pub fn locale(mut self, locale: &str) -> Self {
        self.invocation.call.locale = locale.to_owned();
        self
    }

    /// The caller's number; none when it is withheld.
    #[must_use]
    pub fn caller(mut self, caller: Option<&str>) -> Self {
        self.invocation.call.caller = caller.map(str::to_owned);
        self
    }

    /// `voice` or `chat`.
    #[must_use]
    pub fn channel(mut self, channel: &str) -> Self {
        self.invocation.call.channel = channel.to_owned();
        self
    }

    /// Begins at this time, in milliseconds since 1970.
    #[must_use]
    pub fn at(mut self, now: u64) -> Self {
        self.host.set_now(now);
        self.invocation.call.started_at = now;
        self
    }

    /// Another visit in the world of `host`: what was stored there is still there.
    #[must_use]
    pub fn world(mut self, host: &TestHost) -> Self {
        self.host = host.clone();
        self
    }

    /// The capabilities that the plugin meets; give them data before or during the call.
    pub fn host(&self) -> TestHost {
        self.host.clone()
    }

    /// Enters the node.
    pub fn enter(&mut self) -> Reply {
        self.invocation.state = None;
        self.invocation.call.turn = 0;
        self.run(wit::Event::Entered)
    }

    /// The caller says this, and it is understood well.
    pub fn say(&mut self, text: &str) -> Reply {
        self.said(text, None)
    }

    /// The caller says this, and speech recognition is so sure of it.
    pub fn say_unclearly(&mut self, text: &str, confidence: f64) -> Reply {
        self.said(text, Some(confidence))
    }

    /// The caller presses keys; without the terminating one.
    pub fn press(&mut self, keys: &str) -> Reply {
        self.answer(wit::Event::Pressed(keys.to_owned()))
    }

    /// The caller does nothing.
    pub fn silence(&mut self) -> Reply {
        self.answer(wit::Event::Silent)
    }

    fn said(&mut self, text: &str, confidence: Option<f64>) -> Reply {
        self.answer(wit::Event::Said(wit::Utterance {
            text: text.to_owned(),
            confidence,
            extra: Vec::new(),
        }))
    }

    #[track_caller]
    fn answer(&mut self, event: wit::Event) -> Reply {
        assert!(self.asking, "nothing was asked, so the caller cannot answer");
        self.invocation.call.turn += 1;
        self.run(event)
    }

    #[track_caller]
    fn run(&mut self, event: wit::Event) -> Reply {
        self.invocation.event = event;
        let input = serde_json::from_str(&self.invocation.input);
        let input = input.unwrap_or_else(|error| panic!("input is not JSON: {error}"));
        schemas::must_fit("with", N::DESCRIPTOR.input_schema, &input);

        self.host.begin(u64::from(self.invocation.call.turn));
        let result = component::run::<N>(self.invocation.clone(), self.host.clone());
        self.host.rewind();
        let again = component::run::<N>(self.invocation.clone(), self.host.clone());
        self.host.finish();
        assert_eq!(
            format!("{result:?}"),
            format!("{again:?}"),
            "the same run over the same answers must end in the same way"
        );

        self.asking = false;
        if let Err(NodeError::BadConfig(error)) = &result {
            let locales = [self.invocation.call.locale.clone()];
            let found = component::check::<N>(&self.invocation.config, &locales);
            assert!(
                found.iter().any(|problem| !problem.warning),
                "the check lets this configuration pass, so no call may find it bad: {error:?}"
            );
        }
        match result {
            Err(error) => Reply::Failed(error),
            Ok(wit::Outcome::Done(done)) => Reply::Done(finished::<N>(done)),
            Ok(wit::Outcome::Ask(ask)) => {
                self.asking = true;
                self.invocation.state = Some(ask.state.clone());
                Reply::Asked(asked(ask, &self.invocation.call.channel))
            }
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The caller is asked.
    Asked(Asked),
    /// The node was left by a port.
    Done(Finished),
    /// The node was left by `error`.
    Failed(NodeError),
}

/// An ask that the engine would take.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What the caller hears.
    pub say: Vec<Speech>,
    /// Words are accepted.
    pub speech: bool,
    /// Keys are accepted.
    pub digits: Option<Digits>,
    /// Silence that counts as no answer.
    pub timeout_ms: u32,
    /// The answer is kept out of transcripts.
    pub sensitive: bool,
    /// Likely words.
    pub hints: Vec<String>,
    /// What the visit remembers.
    pub state: Value,
}

/// An end that the engine would take.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// A declared port.
    pub port: String,
    /// Fits the output's schema.
    pub output: Value,
    /// What the caller hears.
    pub say: Vec<Speech>,
}

impl Reply {
    /// Everything the caller hears, joined by spaces.
    pub fn heard(&self) -> String {
        let say = match self {
            Self::Asked(asked) => &*asked.say,
            Self::Done(done) => &*done.say,
            Self::Failed(_) => &[],
        };
        let texts: Vec<_> = say.iter().map(|speech| speech.text.as_str()).collect();
        texts.join(" ")
    }

    /// The ask; fails the test when the run ended otherwise.
    #[track_caller]
    pub fn asked(&self) -> &Asked {
        match self {
            Self::Asked(asked) => asked,
            other => panic!("an ask was expected, not {other:?}"),
        }
    }

    /// The end; fails the test when the run ended otherwise.
    #[track_caller]
    pub fn done(&self) -> &Finished {
        match self {
            Self::Done(done) => done,
            other => panic!("the node should have been left by a port, not {other:?}"),
        }
    }

    /// The port by which the node was left.
    #[track_caller]
    pub fn port(&self) -> &str {
        &self.done().port
    }

    /// What the flow would read as `output`.
    #[track_caller]
    pub fn output(&self) -> &Value {
        &self.done().output
    }

    /// The error; fails the test when the run ended otherwise.
    #[track_caller]
    pub fn error(&self) -> &NodeError {
        match self {
            Self::Failed(error) => error,
            other => panic!("an error was expected, not {other:?}"),
        }
    }
}

#[track_caller]
fn finished<N: Node>(done: wit::Done) -> Finished {
    let declared = N::DESCRIPTOR.ports.iter().any(|port| port.name == done.port);
    assert!(declared, "port `{}` is not declared", done.port);
    let output = serde_json::from_str(&done.output);
    let output = output.unwrap_or_else(|error| panic!("output is not JSON: {error}"));
    schemas::must_fit("output", N::DESCRIPTOR.output_schema, &output);
    Finished { port: done.port, output, say: speech(done.say) }
}

#[track_caller]
fn asked(ask: wit::Ask, channel: &str) -> Asked {
    let accept = ask.accept;
    assert!(accept.speech || accept.digits.is_some(), "an ask must accept words or keys");
    assert!(channel == "chat" || !ask.say.is_empty(), "an ask on the phone must say something");
    assert!(
        (1_000..=60_000).contains(&accept.timeout_ms),
        "an ask waits 1,000 to 60,000 ms, not {}",
        accept.timeout_ms
    );
    assert!(ask.state.len() <= 16 << 10, "the state is larger than 16 KiB");
    let digits = accept.digits.map(|digits| {
        assert!(
            1 <= digits.min && digits.min <= digits.max && digits.max <= 64,
            "an ask takes 1 to 64 keys, not {} to {}",
            digits.min,
            digits.max
        );
        let mut terminator = digits.terminator.iter().flat_map(|key| key.chars());
        let key = terminator.next();
        assert!(
            terminator.next().is_none() && key.is_none_or(|key| "0123456789*#".contains(key)),
            "the terminator must be one key"
        );
        Digits { min: digits.min, max: digits.max, terminator: key }
    });
    let state = serde_json::from_str(&ask.state);
    Asked {
        say: speech(ask.say),
        speech: accept.speech,
        digits,
        timeout_ms: accept.timeout_ms,
        sensitive: accept.sensitive,
        hints: accept.hints,
        state: state.unwrap_or_else(|error| panic!("the state is not JSON: {error}")),
    }
}

#[track_caller]
fn speech(say: Vec<wit::Prompt>) -> Vec<Speech> {
    say.into_iter()
        .map(|prompt| {
            assert!(prompt.text.chars().count() <= 6_000, "a prompt has at most 6,000 characters");
            assert!(!prompt.text.trim().is_empty(), "a prompt must say something");
            Speech { text: prompt.text, ssml: prompt.ssml }
        })
        .collect()
}
