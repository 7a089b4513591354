//! One question: search, then a model that speaks from what was found.

use dialgraph_plugin::log::Level;
use dialgraph_plugin::prelude::*;
use dialgraph_plugin::{genai, knowledge};

use crate::config::Config;
use crate::dialogue::Turn;
use crate::{Reason, Source};

/// Bytes of passages that a model is given; the contract allows 64 KiB.
const PASSAGE_BYTES: usize = 48 << 10;

/// Characters that a search takes.
const QUERY_CHARS: usize = 1_024;

pub(crate) enum Answered {
    Yes { text: String, citations: Vec<Source> },
    No(Reason),
}

/// Answers `question` in the light of the earlier turns.
pub(crate) fn answer(
    host: &Host,
    config: &Config,
    earlier: &[Turn],
    question: &str,
) -> Result<Answered, NodeError> {
    let passages = relevant(host, config, earlier, question)?;
    if passages.is_empty() {
        host.log(Level::Info, "no passage fits", &[]);
        return Ok(Answered::No(Reason::NothingFound));
    }

    let mut messages = Vec::with_capacity(earlier.len() * 2 + 1);
    for turn in earlier {
        messages.push(genai::Message::user(&turn.question));
        messages.push(genai::Message::assistant(&turn.answer));
    }
    messages.push(genai::Message::user(question));
    let mut request = genai::Request::new(messages);
    request.model.clone_from(&config.model);
    request.guardrail.clone_from(&config.guardrail);
    request.system = vec![config.system.fill(host.locale(), &[]).text];
    request.inference.max_tokens = Some(config.max_tokens);
    request.inference.temperature = Some(config.temperature);
    request.passages = passages
        .iter()
        .map(|passage| genai::Passage {
            id: passage.id.clone(),
            title: passage.title.clone(),
            text: passage.text.clone(),
            source: passage.source.clone(),
        })
        .collect();
    let response = host.converse(&request)?;

    let cited: Vec<_> = passages
        .iter()
        .filter(|passage| response.citations.iter().any(|citation| citation.passage == passage.id))
        .map(|passage| Source {
            id: passage.id.clone(),
            title: passage.title.clone(),
            source: passage.source.clone(),
        })
        .collect();
    let reason = match response.stop_reason.as_str() {
        "guardrail-intervened" | "content-filtered" => Some(Reason::Refused),
        "no-answer" => Some(Reason::NotInArticles),
        _ if response.text.trim().is_empty() => Some(Reason::NotInArticles),
        _ if config.require_citations && cited.is_empty() => Some(Reason::NotInArticles),
        _ => None,
    };
    let join = |texts: Vec<&str>| texts.join(" ");
    host.log(
        if reason == Some(Reason::Refused) { Level::Warn } else { Level::Info },
        if reason.is_some() { "not answered" } else { "answered" },
        &[
            ("stop_reason", &response.stop_reason),
            ("model", &response.model),
            ("passages", &join(passages.iter().map(|passage| passage.id.as_str()).collect())),
            ("citations", &join(cited.iter().map(|source| source.id.as_str()).collect())),
            ("sources", &join(cited.iter().map(|source| source.source.as_str()).collect())),
            ("input_tokens", &response.usage.input_tokens.to_string()),
            ("output_tokens", &response.usage.output_tokens.to_string()),
        ],
    );
    Ok(match reason {
        Some(reason) => Answered::No(reason),
        None => Answered::Yes { text: response.text, citations: cited },
    })
}

/// Passages that fit the question, or the question together with the one before it ("and how much
/// is it?").
fn relevant(
    host: &Host,
    config: &Config,
    earlier: &[Turn],
    question: &str,
) -> Result<Vec<knowledge::Passage>, HostError> {
    let found = search(host, config, question)?;
    match earlier.last() {
        Some(turn) if found.is_empty() => {
            search(host, config, &format!("{} {question}", turn.question))
        }
        _ => Ok(found),
    }
}

fn search(host: &Host, config: &Config, text: &str) -> Result<Vec<knowledge::Passage>, HostError> {
    let mut query = knowledge::Query::new(text.chars().take(QUERY_CHARS).collect::<String>());
    query.base.clone_from(&config.base);
    query.limit = config.passages;
    let mut passages = host.search(&query)?;
    let mut bytes = 0;
    passages.retain(|passage| {
        bytes += passage.text.len();
        passage.score >= config.min_score && bytes <= PASSAGE_BYTES
    });
    Ok(passages)
}
