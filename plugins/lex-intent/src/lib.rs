//! `lex-intent`: asks an open question and tells which intent the answer has.
//!
//! Why it exists: "how can I help you?" fails in more ways than it succeeds (silence, noise, doubt,
//! a recogniser that is down), and each way needs a next step that ends: again, then a menu of
//! keys, then a person.
//!
//! Invariants: an intent is reported only when its confidence is enough; every dialogue ends after
//! a bounded number of tries; the caller's words are never logged. It must not know what any intent
//! means.

mod config;
mod dialogue;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use dialgraph_plugin::prelude::*;

pub use config::{Config, IntentRule, MenuItem, Prompts};
use dialogue::{Dialogue, State};

/// What a flow may give.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Words that the caller has said already; the question is asked only if they tell nothing.
    /// Empty: none.
    #[serde(default)]
    text: Option<String>,
}

/// What the caller wants.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Name of the intent; null unless the port is `matched`.
    #[schemars(extend("x-dialgraph-ref" = "intent"))]
    intent: Option<String>,
    /// 0 to 1; 1 for a choice by key.
    confidence: Option<f64>,
    /// Filled slots by name, each with the value that the words stand for.
    slots: BTreeMap<String, String>,
    /// The caller's words; null when nothing was said, or when the intent was chosen by key.
    text: Option<String>,
    /// How the caller told it: `speech` or `menu`.
    method: Option<Method>,
    /// `positive`, `negative`, `neutral` or `mixed`, when the recogniser tells.
    sentiment: Option<String>,
    /// Vain tries.
    failures: u32,
}

/// How the caller told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// In words.
    Speech,
    /// By the menu.
    Menu,
}

const MATCHED: Port = Port::new("matched", "The intent is known; `output.intent` names it.");
const AGENT: Port = Port::new("agent", "The caller asked for a person, or pressed 0.");
const FAILED: Port = Port::new("failed", "All tries were used up, those of the menu included.");

/// The plugin.
#[derive(Debug)]
pub struct LexIntent;

impl Node for LexIntent {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = State;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        summary: env!("CARGO_PKG_DESCRIPTION"),
        ports: &[MATCHED, AGENT, FAILED],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(config: &Config, check: &mut Check<'_>) {
        config.look_over(check);
    }

    fn run(
        host: &Host,
        visit: Visit<Config, Input, State>,
    ) -> Result<Outcome<State, Output>, NodeError> {
        let dialogue = Dialogue::new(host, &visit.config);
        match visit.event {
            Event::Entered => dialogue.enter(visit.input.text.as_deref().unwrap_or_default()),
            Event::Answered { state, answer } => dialogue.answer(state, answer),
        }
    }
}

dialgraph_plugin::export!(LexIntent);
