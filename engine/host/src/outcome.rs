//! Checks what a plugin returned against the contract and against its own description.

use std::fmt::Display;

use dialgraph_base::{Channel, Digits, depth};
use dialgraph_json_schema::{Schema, shown};
use dialgraph_kernel::plugin::{Accept, Ask, Done, Failure, FailureKind, RunResult, Speech};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::bindings::exports::dialgraph::plugin::plugin as wit;
use crate::plugin::Plugin;

/// Characters of one prompt.
const PROMPT_CHARS: usize = 6_000;
/// Bytes of the state of an ask.
const STATE_BYTES: usize = 16 << 10;
/// Silence that an ask may wait for, in milliseconds.
const TIMEOUT_MS: std::ops::RangeInclusive<u32> = 1_000..=60_000;
/// Keys that an ask may take.
const MOST_DIGITS: u32 = 64;

/// What is wrong with an outcome.
enum Fault {
    Contract(String),
    Limit(String),
}

fn contract(text: impl Into<String>) -> Fault {
    Fault::Contract(text.into())
}

/// The outcome in the kernel's words, or the failure that it is.
pub(crate) fn check(plugin: &Plugin, channel: Channel, outcome: wit::Outcome) -> RunResult {
    let checked = match outcome {
        wit::Outcome::Done(done) => self::done(plugin, done).map(RunResult::Done),
        wit::Outcome::Ask(ask) => self::ask(plugin, channel, ask).map(RunResult::Ask),
    };
    checked.unwrap_or_else(|fault| {
        let (kind, what) = match fault {
            Fault::Contract(what) => (FailureKind::Contract, what),
            Fault::Limit(what) => (FailureKind::Limit, what),
        };
        RunResult::Failed(Failure {
            kind,
            code: kind.as_str().to_owned(),
            message: format!(
                "plugin `{}` {}: {what}",
                plugin.descriptor.name, plugin.descriptor.version
            ),
            backtrace: Vec::new(),
        })
    })
}

fn done(plugin: &Plugin, done: wit::Done) -> Result<Done, Fault> {
    within(plugin, done.port.len() + done.output.len(), &done.say)?;
    if !plugin.descriptor.ports.iter().any(|port| *port.name == *done.port) {
        let ports: Vec<_> = plugin.descriptor.ports.iter().map(|port| &*port.name).collect();
        return Err(contract(format!(
            "it left by port `{}`, which it does not declare; it declares {}",
            head(&done.port),
            ports.join(", ")
        )));
    }
    depth::check_text(&done.output).map_err(|error| contract(format!("its output: {error}")))?;
    let output: Value = serde_json::from_str(&done.output)
        .map_err(|error| contract(format!("its output is not JSON: {error}")))?;
    if !output.is_object() {
        return Err(contract("its output is not a JSON object"));
    }
    if let Some(schema) = &plugin.output {
        held_against(schema, &output, done.output.len())?;
    }
    Ok(Done { port: done.port, output, say: say(done.say)? })
}

/// The output must be valid by the plugin's own schema, and it must not take for ever to find that
/// out.
fn held_against(schema: &Schema, output: &Value, bytes: usize) -> Result<(), Fault> {
    let costly = |error| {
        Fault::Limit(format!("its output cannot be held against its output-schema: {error}"))
    };
    if schema.is_valid(output, Some(bytes)).map_err(costly)? {
        return Ok(());
    }
    let fault = "its output is not valid by its own output-schema";
    Err(contract(match schema.errors(output).map_err(costly)?.next() {
        // Masked: an output holds the caller's data, and messages go to logs.
        Some(error) => {
            let at = at(error.instance_path().as_str());
            format!("{fault}: {}{at}", shown(&error.masked().to_string()))
        }
        None => fault.to_owned(),
    }))
}

fn ask(plugin: &Plugin, channel: Channel, ask: wit::Ask) -> Result<Ask, Fault> {
    let hints: usize = ask.accept.hints.iter().map(String::len).sum();
    within(plugin, ask.state.len() + hints, &ask.say)?;
    if ask.state.len() > STATE_BYTES {
        return Err(Fault::Limit(format!(
            "its state has {} bytes, and {STATE_BYTES} are allowed",
            ask.state.len()
        )));
    }
    depth::check_text(&ask.state).map_err(|error| contract(format!("its state: {error}")))?;
    serde_json::from_str::<IgnoredAny>(&ask.state)
        .map_err(|error| contract(format!("its state is not JSON: {error}")))?;
    if ask.say.is_empty() && channel.speaks() {
        return Err(contract(
            "it asked without a prompt, which only a chat channel allows: the caller would hear \
            nothing",
        ));
    }
    Ok(Ask { say: say(ask.say)?, accept: accept(ask.accept)?, state: ask.state })
}

fn accept(accept: wit::Accept) -> Result<Accept, Fault> {
    if !accept.speech && accept.digits.is_none() {
        return Err(contract("it asked and accepts neither speech nor digits"));
    }
    if !TIMEOUT_MS.contains(&accept.timeout_ms) {
        return Err(contract(format!(
            "its ask waits {} ms; {} to {} are allowed",
            accept.timeout_ms,
            TIMEOUT_MS.start(),
            TIMEOUT_MS.end()
        )));
    }
    Ok(Accept {
        speech: accept.speech,
        digits: accept.digits.map(digits).transpose()?,
        timeout_ms: accept.timeout_ms,
        sensitive: accept.sensitive,
        hints: accept.hints,
        choices: Vec::new(),
    })
}

fn digits(digits: wit::Digits) -> Result<Digits, Fault> {
    if digits.min == 0 || digits.min > digits.max || digits.max > MOST_DIGITS {
        return Err(contract(format!(
            "its ask takes {} to {} digits; it must be 1 to {MOST_DIGITS}, the smaller first",
            digits.min, digits.max
        )));
    }
    let terminator = digits.terminator.map(|key| {
        let mut keys = key.chars();
        match (keys.next(), keys.next()) {
            (Some(key @ ('0'..='9' | '*' | '#')), None) => Ok(key),
            _ => Err(contract(format!(
                "the terminator of its ask is `{}`; it must be one key: 0-9, * or #",
                head(&key)
            ))),
        }
    });
    Ok(Digits { min: digits.min, max: digits.max, terminator: terminator.transpose()? })
}

fn say(prompts: Vec<wit::Prompt>) -> Result<Vec<Speech>, Fault> {
    prompts
        .into_iter()
        .map(|prompt| {
            // Bytes first: counting characters is needed only for long texts.
            if prompt.text.len() > PROMPT_CHARS {
                let chars = prompt.text.chars().count();
                if chars > PROMPT_CHARS {
                    return Err(Fault::Limit(format!(
                        "a prompt has {chars} characters, and {PROMPT_CHARS} are allowed"
                    )));
                }
            }
            let text = prompt.text.trim();
            if prompt.ssml && !(text.starts_with("<speak") && text.ends_with("</speak>")) {
                return Err(contract(
                    "a prompt is said to be SSML and is not one whole <speak> element",
                ));
            }
            Ok(Speech::new(prompt.text, prompt.ssml))
        })
        .collect()
}

/// The whole outcome within its size limit.
fn within(plugin: &Plugin, bytes: usize, say: &[wit::Prompt]) -> Result<(), Fault> {
    let words: usize = say.iter().map(|prompt| prompt.text.len()).sum();
    let (size, limit) = (bytes + words, plugin.grants.limits.output_bytes);
    if size > limit as usize {
        return Err(Fault::Limit(format!(
            "it returned {size} bytes, and its limit is {limit} (limits.output_bytes in dialgraph.yaml)"
        )));
    }
    Ok(())
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" (at {})", shown(path)) }
}

/// The beginning of a text of the plugin's, fit for a message.
fn head(text: &str) -> impl Display {
    text.chars().take(80).flat_map(char::escape_debug).collect::<String>()
}
