//! `genai-answer`: answers the caller's questions from the operator's articles, and from nothing
//! else.
//!
//! Why it exists: a language model on a telephone line must know when to be silent. This plugin
//! searches first, lets the model speak from what was found alone, and admits it when nothing fits.
//!
//! Invariants: nothing of the model is said without a passage that fits the question; an answer
//! that a guardrail touched is never said; the conversation that is remembered is bounded; logs
//! hold ids and sources of passages, and never what was asked or answered. It must not know the
//! articles' subject.

mod answer;
mod config;
mod dialogue;
#[cfg(test)]
mod tests;
mod words;

use dialgraph_plugin::prelude::*;

pub use config::{Config, Prompts};
use dialogue::{Dialogue, State};

/// What a flow may give.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// A question that the caller has asked already; left out or empty: it is asked for.
    #[serde(default)]
    question: Option<String>,
}

/// How the conversation went.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Questions that were answered.
    answered: u32,
    /// The last question, answered or not.
    question: Option<String>,
    /// What the last answer rests on.
    citations: Vec<Source>,
    /// Why the last question has no answer; null when it has one.
    reason: Option<Reason>,
}

/// A passage that an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The passage's id.
    id: String,
    /// Title of the article.
    title: String,
    /// Where it can be looked up.
    source: String,
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No question was heard.
    NoQuestion,
    /// No article fits.
    NothingFound,
    /// The articles that fit do not hold the answer.
    NotInArticles,
    /// A guardrail or a content filter stepped in.
    Refused,
}

const ANSWERED: Port =
    Port::new("answered", "At least one question was answered, and the caller has no other.");
const NO_ANSWER: Port = Port::new(
    "no_answer",
    "The articles hold no answer, or it was refused; `output.reason` says which.",
);
const AGENT: Port = Port::new("agent", "The caller asked for a person, or pressed 0.");

/// The plugin.
#[derive(Debug)]
pub struct GenaiAnswer;

impl Node for GenaiAnswer {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = State;

    const DESCRIPTOR: Descriptor = Descriptor {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        summary: env!("CARGO_PKG_DESCRIPTION"),
        ports: &[ANSWERED, NO_ANSWER, AGENT],
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
            Event::Entered => dialogue.enter(visit.input.question.as_deref().unwrap_or_default()),
            Event::Answered { state, answer } => dialogue.answer(state, answer),
        }
    }
}

dialgraph_plugin::export!(GenaiAnswer);
