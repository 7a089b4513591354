//! Words and topics that may neither be asked about nor answered.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{LocalError, parse_yaml};
use crate::text;

/// A guardrail, as written in `flows/guardrails/NAME.guardrail.yaml`.
///
/// ```
/// let guardrail = dialgraph_local::genai::Guardrail::parse("default.guardrail.yaml", "
/// guardrail: default
/// denied_words: [damn]
/// denied_topics:
///   legal-advice: [lawsuit, 소송]
/// message: {en-US: I cannot talk about that., ko-KR: 그 내용은 말씀드릴 수 없습니다.}
/// ")?;
/// # Ok::<(), dialgraph_local::LocalError>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    /// Its name.
    pub guardrail: String,
    /// Words that stop the conversation wherever they stand.
    #[serde(default)]
    pub denied_words: Vec<String>,
    /// Topics by name, each with the words that give it away.
    #[serde(default)]
    pub denied_topics: BTreeMap<String, Vec<String>>,
    /// What is said instead, by locale.
    #[serde(default)]
    pub message: BTreeMap<String, String>,
}

/// That and why a text was stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stopped<'a> {
    /// The topic, or `denied-words`.
    pub(super) topic: &'a str,
    pub(super) message: &'a str,
}

impl Guardrail {
    /// Reads a file; `file` is its name for messages.
    ///
    /// # Errors
    /// [`LocalError::Invalid`] with file, line and column.
    pub fn parse(file: &str, text: &str) -> Result<Self, LocalError> {
        parse_yaml(file, text)
    }

    pub(super) fn check(&self, text: &str, locale: &str) -> Option<Stopped<'_>> {
        let words = text::words(text);
        let hit = |denied: &[String]| denied.iter().any(|denied| contains(&words, denied));
        let topic = if hit(&self.denied_words) {
            "denied-words"
        } else {
            self.denied_topics.iter().find(|(_, words)| hit(words)).map(|(topic, _)| topic)?
        };
        let message = self.message.get(locale).map(String::as_str).unwrap_or_else(|| {
            if locale.starts_with("ko") {
                "죄송합니다. 그 내용은 말씀드릴 수 없습니다."
            } else {
                "I am sorry, I cannot talk about that."
            }
        });
        Some(Stopped { topic, message })
    }
}

/// The denied word or phrase stands in the text: Hangul at the start of a word (endings follow),
/// others whole.
fn contains(words: &[String], denied: &str) -> bool {
    let denied = text::words(denied);
    !denied.is_empty()
        && words.windows(denied.len()).any(|run| {
            run.iter().zip(&denied).all(|(word, denied)| {
                let hangul = denied.chars().all(text::is_hangul);
                word == denied || (hangul && word.starts_with(denied.as_str()))
            })
        })
}
