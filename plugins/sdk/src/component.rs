//! From the contract's types to a [`Node`] and back: the same code within a component and in native
//! tests.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::Backend;
#[cfg(target_family = "wasm")]
use crate::bindings::exports::dialgraph::plugin::configuration;
use crate::bindings::exports::dialgraph::plugin::plugin as wit;
use crate::check::{Check, Problem, pointer_at};
use crate::error::NodeError;
use crate::host::{CallContext, Host};
use crate::node::{Answer, Event, Node, Outcome, Visit};
use crate::text::Speech;

/// The component's exports for a node; [`export!`](crate::export) makes use of it.
#[derive(Debug)]
pub struct Exported<N>(PhantomData<N>);

#[cfg(target_family = "wasm")]
impl<N: Node> wit::Guest for Exported<N> {
    fn describe() -> wit::Descriptor {
        describe::<N>()
    }

    fn run(invocation: wit::Invocation) -> Result<wit::Outcome, NodeError> {
        run::<N>(invocation, Backend)
    }
}

#[cfg(target_family = "wasm")]
impl<N: Node> configuration::Guest for Exported<N> {
    fn check(config: String, context: configuration::Context) -> Vec<configuration::Problem> {
        let found = check::<N>(&config, &context.locales).into_iter();
        let found = found.map(|problem| configuration::Problem {
            pointer: problem.pointer,
            severity: if problem.warning { "warning" } else { "error" }.to_owned(),
            message: problem.message,
            hint: problem.hint,
            extra: Vec::new(),
        });
        found.collect()
    }
}

/// All that is wrong with a configuration.
pub(crate) fn check<N: Node>(config: &str, locales: &[String]) -> Vec<Problem> {
    match parse::<N::Config>(config) {
        Ok(config) => {
            let mut check = Check::new(locales);
            N::check(&config, &mut check);
            check.finish(N::DESCRIPTOR.name)
        }
        // A number, say, that is whole for JSON Schema and too large for the plugin.
        Err(error) => {
            let message = error.to_string();
            let message = message.rsplit_once(" at line ").map_or(&*message, |(said, _)| said);
            vec![Problem {
                pointer: pointer_at(config, error.line(), error.column()),
                warning: false,
                message: format!("plugin `{}` cannot read this: {message}", N::DESCRIPTOR.name),
                hint: None,
            }]
        }
    }
}

#[cfg(target_family = "wasm")]
pub(crate) fn describe<N: Node>() -> wit::Descriptor {
    let it = N::DESCRIPTOR;
    wit::Descriptor {
        name: it.name.to_owned(),
        version: it.version.to_owned(),
        summary: it.summary.to_owned(),
        ports: it
            .ports
            .iter()
            .map(|port| wit::Port { name: port.name.to_owned(), summary: port.summary.to_owned() })
            .collect(),
        config_schema: it.config_schema.to_owned(),
        input_schema: it.input_schema.to_owned(),
        output_schema: it.output_schema.to_owned(),
        extra: vec![("sdk".to_owned(), concat!("rust ", env!("CARGO_PKG_VERSION")).to_owned())],
    }
}

pub(crate) fn run<N: Node>(
    invocation: wit::Invocation,
    backend: Backend,
) -> Result<wit::Outcome, NodeError> {
    let config = parse(&invocation.config)
        .map_err(|error| NodeError::bad_config("bad-config", format!("config: {error}")))?;
    let input = parse(&invocation.input)
        .map_err(|error| NodeError::other("bad-input", format!("with: {error}")))?;
    let answer = match invocation.event {
        wit::Event::Entered => None,
        wit::Event::Said(utterance) => {
            Some(Answer::Said { text: utterance.text, confidence: utterance.confidence })
        }
        wit::Event::Pressed(keys) => Some(Answer::Pressed(keys)),
        wit::Event::Silent | wit::Event::Other(_) => Some(Answer::Silent),
    };
    let event = match (answer, invocation.state) {
        (None, _) => Event::Entered,
        (Some(answer), Some(state)) => Event::Answered {
            state: parse(&state)
                .map_err(|error| NodeError::other("bad-state", format!("state: {error}")))?,
            answer,
        },
        (Some(_), None) => {
            return Err(NodeError::other(
                "no-state",
                "the engine gave an answer of the caller without the state of the ask",
            ));
        }
    };
    let call = invocation.call;
    crate::text::in_channel(&call.channel);
    let host = Host::new(
        CallContext {
            call_id: call.call_id,
            channel: call.channel,
            locale: call.locale,
            caller: call.caller,
            dialed: call.dialed,
            started_at: call.started_at,
            flow: call.flow,
            node: call.node,
            invocation_id: call.invocation_id,
            turn: call.turn,
        },
        backend,
    );
    let visit = Visit { config, input, event };
    match N::run(&host, visit)? {
        Outcome::Done(done) => Ok(wit::Outcome::Done(wit::Done {
            port: done.port.name.to_owned(),
            output: print("output", &done.output)?,
            say: done.say.into_iter().map(prompt).collect(),
            extra: Vec::new(),
        })),
        Outcome::Ask(ask) => Ok(wit::Outcome::Ask(wit::Ask {
            state: print("state", &ask.state)?,
            say: ask.say.into_iter().map(prompt).collect(),
            accept: wit::Accept {
                speech: ask.speech,
                digits: ask.digits.map(|digits| wit::Digits {
                    min: digits.min,
                    max: digits.max,
                    terminator: digits.terminator.map(String::from),
                    extra: Vec::new(),
                }),
                timeout_ms: ask.timeout_ms,
                sensitive: ask.sensitive,
                hints: ask.hints,
                extra: Vec::new(),
            },
            extra: Vec::new(),
        })),
    }
}

fn prompt(speech: Speech) -> wit::Prompt {
    wit::Prompt { text: speech.text, ssml: speech.ssml, extra: Vec::new() }
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(json)
}

fn print<T: Serialize>(what: &str, value: &T) -> Result<String, NodeError> {
    serde_json::to_string(value)
        .map_err(|error| NodeError::other("not-json", format!("{what}: {error}")))
}
