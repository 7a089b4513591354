//! One line of JSON for each invocation, without anything about the caller.

use std::io::Write;

use serde::Serialize;

/// What is told of one invocation. The contact id leads to the engine's spans and to Connect's
/// contact record.
#[derive(Debug, Clone, Serialize)]
pub struct InvocationLine<'a> {
    pub level: Level,
    pub message: &'a str,
    pub request: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<&'a str>,
    /// `engine`, `fallback` or `lex`: who answered.
    pub answered_by: &'static str,
    /// What Connect is to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'a str>,
    /// Why it is the fallback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
    /// How often the engine was asked.
    pub attempts: u8,
    pub ms: u64,
    /// Whether this is the first invocation of the process.
    pub cold: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    Info,
    Warn,
    Error,
}

/// Something that is not about one invocation.
#[derive(Debug, Clone, Serialize)]
pub struct Note<'a> {
    pub level: Level,
    pub message: &'a str,
}

/// Writes one line to standard output, where Lambda collects it.
pub fn write(line: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(line) {
        let text = format!("{}\n", dialgraph_visible::json(&text));
        // Nobody is left to tell if this fails.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

/// Writes a note.
pub fn note(level: Level, message: &str) {
    write(&Note { level, message });
}
