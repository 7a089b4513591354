//! The conversation: a question, its answer, and what the caller wants next.

use dialgraph_plugin::listen::{
    HOLD_MS, HOLDS, asks_for_time, key, take_your_time, to_an_agent, wants_agent, yes_and_no,
    yes_or_no,
};
use dialgraph_plugin::prelude::*;

use crate::answer::{Answered, answer};
use crate::config::Config;
use crate::words::{nothing_more, shortened, speakable};
use crate::{AGENT, ANSWERED, NO_ANSWER, Output, Reason, Source};

type Step = Result<Outcome<State, Output>, NodeError>;

/// What the conversation remembers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// Earlier questions and answers, oldest first, bounded.
    turns: Vec<Turn>,
    answered: u32,
    /// Silences, when a question was asked for.
    silences: u32,
    /// Unanswered questions since the last answer.
    unanswered: u32,
    /// "Anything else?" was asked, not "What would you like to know?".
    follow_up: bool,
    question: Option<String>,
    citations: Vec<Source>,
    reason: Option<Reason>,
    /// How often the caller was given more time.
    #[serde(default)]
    holds: u32,
}

/// A question and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) question: String,
    pub(crate) answer: String,
}

/// Turns that are remembered; with the bounds of each, they fit into the 16 KiB of a visit's state.
const TURNS: usize = 3;
const QUESTION_CHARS: usize = 300;
const ANSWER_CHARS: usize = 600;
/// Sources of an answer that are told to the flow.
const SOURCES: usize = 5;
/// Characters of an answer that are said; what more there is would not be listened to.
const SPOKEN_CHARS: usize = 2_000;

pub(crate) struct Dialogue<'a> {
    host: &'a Host,
    config: &'a Config,
}

impl<'a> Dialogue<'a> {
    pub(crate) fn new(host: &'a Host, config: &'a Config) -> Self {
        Self { host, config }
    }

    pub(crate) fn enter(&self, question: &str) -> Step {
        let state = State::default();
        if question.trim().is_empty() {
            return Ok(self.ask_question(state, None));
        }
        self.question(state, question)
    }

    pub(crate) fn answer(&self, mut state: State, answer: Answer) -> Step {
        match answer {
            Answer::Pressed(keys) if keys == "0" => Ok(self.leave(AGENT, state)),
            Answer::Pressed(_) => Ok(self.ask_question(state, None)),
            // Who says nothing after an answer has heard what there was to hear.
            Answer::Silent if state.answered > 0 && state.follow_up => {
                Ok(self.leave(ANSWERED, state))
            }
            Answer::Silent => {
                state.silences += 1;
                if state.silences < self.config.tries {
                    return Ok(self.ask_question(state, Some(&self.config.prompts.no_input)));
                }
                if state.reason.is_none() {
                    state.reason = Some(Reason::NoQuestion);
                }
                Ok(self.leave(NO_ANSWER, state))
            }
            Answer::Said { text, .. } => {
                let text = text.trim();
                if wants_agent(text) || key(text, &['0']).is_some() {
                    return Ok(self.leave(AGENT, state));
                }
                if state.holds < HOLDS && asks_for_time(text) {
                    return Ok(self.wait(state));
                }
                if nothing_more(text) {
                    let port = if state.answered > 0 { ANSWERED } else { NO_ANSWER };
                    if state.answered == 0 && state.reason.is_none() {
                        state.reason = Some(Reason::NoQuestion);
                    }
                    return Ok(self.leave(port, state));
                }
                // "Anything else?" "Yes."
                let bare_yes = text.chars().count() <= 6 && yes_or_no(text) == Some(true);
                if text.is_empty() || (state.follow_up && bare_yes) {
                    return Ok(self.ask_question(state, None));
                }
                self.question(state, text)
            }
        }
    }

    fn question(&self, mut state: State, question: &str) -> Step {
        let question = shortened(question.trim(), QUESTION_CHARS);
        state.silences = 0;
        state.question = Some(question.clone());
        match answer(self.host, self.config, &state.turns, &question)? {
            Answered::Yes { text, citations } => {
                let text =
                    if self.host.call().channel == "voice" { speakable(&text) } else { text };
                let text = shortened(text.trim(), SPOKEN_CHARS);
                state.turns.push(Turn { question, answer: shortened(&text, ANSWER_CHARS) });
                let forget = state.turns.len().saturating_sub(TURNS);
                state.turns.drain(..forget);
                state.answered += 1;
                state.unanswered = 0;
                state.reason = None;
                state.citations = citations.into_iter().take(SOURCES).collect();
                // Never SSML, whatever the model wrote.
                let say = Speech { text, ssml: false };
                if state.answered >= self.config.max_questions {
                    let output = output(state);
                    return Ok(Done::new(ANSWERED, output).say(say).into());
                }
                state.follow_up = true;
                let more = self.fill(&self.config.prompts.anything_else);
                Ok(self.ask(state, vec![say, more]))
            }
            Answered::No(reason) => {
                state.unanswered += 1;
                state.reason = Some(reason);
                state.citations.clear();
                if state.unanswered > self.config.rephrase {
                    let say = self.fill(&self.config.prompts.give_up);
                    return Ok(Done::new(NO_ANSWER, output(state)).say(say).into());
                }
                state.follow_up = false;
                let text = match reason {
                    Reason::Refused => &self.config.prompts.refused,
                    _ => &self.config.prompts.not_found,
                };
                let say = self.fill(text);
                Ok(self.ask(state, vec![say]))
            }
        }
    }

    fn ask_question(&self, mut state: State, before: Option<&Text>) -> Outcome<State, Output> {
        state.follow_up = false;
        let mut say: Vec<_> = before.map(|text| self.fill(text)).into_iter().collect();
        say.push(self.fill(&self.config.prompt));
        self.ask(state, say)
    }

    /// Waits without asking again.
    fn wait(&self, mut state: State) -> Outcome<State, Output> {
        state.holds += 1;
        let words = self.fill(&take_your_time());
        self.ask_for(state, vec![words], self.config.timeout_ms.max(HOLD_MS))
    }

    fn ask(&self, state: State, say: Vec<Speech>) -> Outcome<State, Output> {
        self.ask_for(state, say, self.config.timeout_ms)
    }

    fn ask_for(&self, state: State, say: Vec<Speech>, timeout_ms: u32) -> Outcome<State, Output> {
        let locale = self.host.locale();
        // Who is asked whether there is anything else can say no.
        let no = yes_and_no(locale).last().copied().filter(|_| state.follow_up);
        let hints = no.into_iter().chain(to_an_agent(locale));
        let mut ask = Ask::new(state)
            .speech()
            .digits(1, 1)
            .timeout_ms(timeout_ms)
            .sensitive(self.config.sensitive);
        if self.host.call().channel != "voice" {
            ask = ask.hints(hints);
        }
        ask.say = say;
        ask.into()
    }

    fn leave(&self, port: Port, state: State) -> Outcome<State, Output> {
        Done::new(port, output(state)).into()
    }

    fn fill(&self, text: &Text) -> Speech {
        text.fill(self.host.locale(), &[])
    }
}

fn output(state: State) -> Output {
    Output {
        answered: state.answered,
        question: state.question,
        citations: state.citations,
        reason: state.reason,
    }
}
