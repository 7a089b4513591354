//! Answers drawn from passages: the sentences that answer, word for word, or a plain "I do not
//! know".
//!
//! No language model: the sentences of the given passages are weighed by the words that they share
//! with the caller's last message (and, a third as much, with the message before it, so that "and
//! on weekends?" is understood). The best one and its neighbours become the answer; a numbered list
//! is told as a whole. When the best passage says less than [`LEAST_COVERAGE`] of what was asked,
//! or there are no passages, the stop reason is `no-answer` and the text says so in the call's
//! language. Nothing is ever said that is not in a passage. Deterministic.
//!
//! **Tokens** are counted by a rule of our own, since there is no model: each Hangul, Han or kana
//! character is one, each run of other letters or digits is one per four characters begun, each
//! other mark is one.

mod guardrail;
mod sentences;
mod wanted;

use std::collections::BTreeMap;

use async_trait::async_trait;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::genai::{Citation, Message, Passage, Request, Response, Usage};
use dialgraph_kernel::provider::{Caller, Genai};
use serde_json::json;

use crate::error::LocalError;
use crate::knowledge::terms;
use crate::text;
use wanted::Wanted;

pub use guardrail::Guardrail;
pub use sentences::{Sentence, sentences};

/// Name of the only model, which is also the default.
pub const MODEL: &str = "extractive";

/// Largest passages together, in bytes.
pub const MAX_PASSAGE_BYTES: usize = 64 << 10;

/// Guardrail that applies when a request names none.
pub const DEFAULT_GUARDRAIL: &str = "default";

/// Share of the words asked that the best passage must say.
pub const LEAST_COVERAGE: f64 = 0.34;

/// Most sentences of an answer; what is read out on the telephone must be short.
const MAX_SENTENCES: usize = 3;

/// Most items of a numbered list, which is of use only as a whole.
const MAX_ITEMS: usize = 6;

/// Answers from passages.
#[derive(Debug, Default)]
pub struct LocalGenai {
    guardrails: BTreeMap<String, Guardrail>,
}

impl LocalGenai {
    /// With these guardrails, by their names.
    ///
    /// # Errors
    /// [`LocalError::Setting`] if two have one name.
    pub fn new(guardrails: impl IntoIterator<Item = Guardrail>) -> Result<Self, LocalError> {
        let mut by_name = BTreeMap::new();
        for guardrail in guardrails {
            let name = guardrail.guardrail.clone();
            if by_name.insert(name.clone(), guardrail).is_some() {
                return Err(LocalError::Setting {
                    what: format!("guardrail `{name}`"),
                    message: "two files have this guardrail; give one another name".to_owned(),
                });
            }
        }
        Ok(Self { guardrails: by_name })
    }

    fn guardrail(&self, request: &Request) -> Result<Option<&Guardrail>, HostError> {
        let Some(name) = &request.guardrail else {
            return Ok(self.guardrails.get(DEFAULT_GUARDRAIL));
        };
        self.guardrails.get(name).map(Some).ok_or_else(|| {
            HostError::invalid(
                "unknown-guardrail",
                format!(
                    "there is no guardrail `{name}`; add flows/guardrails/{name}.guardrail.yaml"
                ),
            )
        })
    }

    fn converse_now(&self, locale: &str, request: &Request) -> Result<Response, HostError> {
        let question = check(request)?;
        let guardrail = self.guardrail(request)?;
        if let Some(stopped) = guardrail.and_then(|g| g.check(&question.text, locale)) {
            return Ok(intervened(request, guardrail, "input", stopped));
        }
        let before = request.messages[..request.messages.len() - 1]
            .iter()
            .rev()
            .find(|message| message.role == "user");
        let Some(answer) =
            answer(&question.text, before.map(|m| m.text.as_str()), &request.passages)
        else {
            return Ok(respond(request, dont_know(locale).to_owned(), "no-answer"));
        };
        if let Some(stopped) = guardrail.and_then(|g| g.check(&answer.text, locale)) {
            return Ok(intervened(request, guardrail, "output", stopped));
        }
        Ok(shorten(request, answer))
    }
}

#[async_trait]
impl Genai for LocalGenai {
    async fn converse(&self, caller: &Caller, request: &Request) -> Result<Response, HostError> {
        self.converse_now(&caller.locale, request)
    }
}

/// The last message, if the request keeps the capability's rules.
fn check(request: &Request) -> Result<&Message, HostError> {
    if let Some(model) = &request.model
        && model != MODEL
        && model != "default"
    {
        let message =
            format!("there is no model `{model}`; the local provider has `{MODEL}` alone");
        return Err(HostError::invalid("unknown-model", message));
    }
    let bytes: usize = request.passages.iter().map(|p| p.title.len() + p.text.len()).sum();
    if bytes > MAX_PASSAGE_BYTES {
        let message = format!("the passages have {bytes} bytes; send at most {MAX_PASSAGE_BYTES}");
        return Err(HostError::invalid("too-long", message));
    }
    match request.messages.last() {
        Some(last) if last.role == "user" && !last.text.trim().is_empty() => Ok(last),
        _ => {
            Err(HostError::invalid("no-message", "the last message must be a text of role `user`"))
        }
    }
}

/// What is said when the passages hold no answer, in the call's language.
pub fn dont_know(locale: &str) -> &'static str {
    if locale.starts_with("ko") {
        "죄송합니다. 제가 가진 자료에서는 그 내용을 찾지 못했습니다."
    } else {
        "I am sorry, I do not know. The articles that I have say nothing about it."
    }
}

/// An answer before it is made to fit: its text, where each sentence begins and ends, and whose it
/// is.
#[derive(Debug, PartialEq)]
struct Answer {
    text: String,
    citations: Vec<Citation>,
}

fn answer(question: &str, before: Option<&str>, passages: &[Passage]) -> Option<Answer> {
    let whole: Vec<Vec<String>> =
        passages.iter().map(|p| terms(&format!("{}\n{}", p.title, p.text))).collect();
    let wanted = Wanted::new(question, before, &whole);
    let mut best: Option<(usize, f64)> = None;
    for (i, said) in whole.iter().enumerate() {
        let score = wanted.score(said);
        if best.is_none_or(|(_, best)| score > best) {
            best = Some((i, score));
        }
    }
    let (best, _) = best?;
    if wanted.coverage(&whole[best]) < LEAST_COVERAGE {
        return None;
    }
    let passage = &passages[best];
    let sentences = sentences(&passage.text);
    let scores: Vec<f64> =
        sentences.iter().map(|sentence| wanted.score(&terms(sentence.text))).collect();
    let top = (0..scores.len()).fold(0, |top, i| if scores[i] > scores[top] { i } else { top });
    let first = sentences.get(top)?;
    if first.item && scores[top] <= 0.0 {
        // Only the heading matched: the steps below it are the answer, all of them.
        let steps = sentences.iter().skip(top).take_while(|sentence| sentence.item);
        let steps: Vec<Sentence<'_>> = steps.take(MAX_ITEMS).copied().collect();
        return Some(join(&steps, &passage.id));
    }
    let mut chosen = vec![*first];
    for (sentence, score) in sentences.iter().zip(&scores).skip(top + 1) {
        // What follows explains what was said; a sentence with nothing of the question ends it,
        // unless only the heading matched and the text below it is the answer.
        let belongs = *score > 0.0 || scores[top] <= 0.0 || chosen.len() < 2;
        if chosen.len() == MAX_SENTENCES || !belongs || sentence.item != first.item {
            break;
        }
        chosen.push(*sentence);
    }
    Some(join(&chosen, &passage.id))
}

fn join(sentences: &[Sentence<'_>], passage: &str) -> Answer {
    let mut text = String::new();
    let mut citations = Vec::new();
    for sentence in sentences {
        if !text.is_empty() {
            text.push(' ');
        }
        let start = text.chars().count() as u32;
        text.push_str(sentence.text);
        let end = text.chars().count() as u32;
        citations.push(Citation { passage: passage.to_owned(), start, end });
    }
    Answer { text, citations }
}

/// Tokens of a text by the rule in the module's documentation.
pub fn count_tokens(text: &str) -> u32 {
    let mut tokens = 0;
    let mut run = 0;
    for c in text.chars() {
        let single =
            text::is_hangul(c) || matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}');
        if c.is_alphanumeric() && !single {
            run += 1;
            tokens += u32::from(run % 4 == 1);
        } else {
            run = 0;
            tokens += u32::from(!c.is_whitespace());
        }
    }
    tokens
}

fn respond(request: &Request, text: String, stop_reason: &str) -> Response {
    let passages = request.passages.iter().flat_map(|p| [&p.title, &p.text]);
    let messages = request.messages.iter().map(|message| &message.text);
    let input_tokens: u32 =
        request.system.iter().chain(messages).chain(passages).map(|text| count_tokens(text)).sum();
    let output_tokens = count_tokens(&text);
    Response {
        usage: Usage {
            input_tokens,
            output_tokens,
            total_tokens: input_tokens.saturating_add(output_tokens),
        },
        text,
        stop_reason: stop_reason.to_owned(),
        citations: Vec::new(),
        model: MODEL.to_owned(),
        trace: None,
        extra: Vec::new(),
    }
}

fn intervened(
    request: &Request,
    guardrail: Option<&Guardrail>,
    on: &str,
    stopped: guardrail::Stopped<'_>,
) -> Response {
    let name = guardrail.map(|guardrail| guardrail.guardrail.as_str());
    let mut response = respond(request, stopped.message.to_owned(), "guardrail-intervened");
    response.trace = Some(json!({"guardrail": name, "on": on, "topic": stopped.topic}));
    response
}

/// Applies stop sequences and the limit of tokens, sentence by sentence where it can.
fn shorten(request: &Request, answer: Answer) -> Response {
    let mut text = answer.text;
    let mut reason = "end-turn";
    let stops = request.inference.stop_sequences.iter().filter(|stop| !stop.is_empty());
    if let Some(at) = stops.filter_map(|stop| text.find(stop.as_str())).min() {
        text.truncate(at);
        reason = "stop-sequence";
    }
    let most = request.inference.max_tokens.unwrap_or(u32::MAX);
    if count_tokens(&text) > most {
        reason = "max-tokens";
        let cut = |end: usize| text.chars().take(end).collect::<String>();
        let whole = answer
            .citations
            .iter()
            .map(|citation| cut(citation.end as usize))
            .rfind(|start| count_tokens(start) <= most && !start.is_empty());
        let characters = text.chars().count();
        text = whole
            .or_else(|| (1..characters).rev().map(cut).find(|start| count_tokens(start) <= most))
            .unwrap_or_default();
    }
    let length = text.chars().count() as u32;
    let mut response = respond(request, text, reason);
    response.citations = answer
        .citations
        .into_iter()
        .filter(|citation| citation.start < length)
        .map(|citation| Citation { end: citation.end.min(length), ..citation })
        .collect();
    response
}

#[cfg(test)]
mod tests;
