//! Mistakes in the text of a file: how they are told, and what is left out to read on.

use std::ops::Range;

use granit_parser::ScanError;

use super::Stop;
use crate::diagnostic::Code;

pub(super) fn scan_stop(error: &ScanError, text: &str) -> Stop {
    let marker = error.marker();
    let at =
        marker.byte_offset().or_else(|| text.char_indices().nth(marker.index()).map(|(at, _)| at));
    let at = at.unwrap_or(text.len()).min(text.len());
    let (message, help) = match long_key(text, at) {
        Some(characters) => (
            format!("a key of YAML may have {MAX_KEY} characters, this one has {characters}"),
            Some("give it a short name, and put the long text behind the `:`"),
        ),
        None => (format!("not valid YAML: {}", error.info()), None),
    };
    Stop { at, code: Code::Syntax, message, help, last: false }
}

/// Characters of a key, by YAML's own rule.
const MAX_KEY: usize = 1_024;

/// The length of a key on the line at `at` that is too long, which the scanner tells in its own
/// words.
fn long_key(text: &str, at: usize) -> Option<usize> {
    let (start, end) = line_at(text, at);
    let line = text.get(start..end)?.trim_start_matches([' ', '-', '{', ',']);
    let key = line.find(": ").or_else(|| line.ends_with(':').then(|| line.len() - 1))?;
    let characters = line.get(..key)?.chars().count();
    (characters > MAX_KEY).then_some(characters)
}

pub(super) fn end_of_word(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.find(|c: char| c.is_whitespace()))
        .map_or(text.len(), |len| at + len)
}

/// What most often is behind a mistake on such a line.
pub(super) fn hint(text: &str, at: usize, message: &str) -> Option<&'static str> {
    let (start, end) = line_at(text, at);
    let line = text.get(start..end)?;
    if line.trim_start_matches(' ').starts_with('\t') {
        return Some("indent with spaces, not with tabs");
    }
    if message.contains("quote") {
        return Some("a text in quotes must end with the same quote");
    }
    if message.contains("bracket") {
        return Some("close every `{` with `}` and every `[` with `]`");
    }
    let (_, value) = line.split_once(": ")?;
    let value = value.trim_start();
    if value.starts_with(['"', '\'']) {
        return Some("a text in quotes must end with the same quote, with nothing after it");
    }
    if value.contains(": ") || value.starts_with(['@', '`', '%', '&', '*', '!', '|', '>']) {
        return Some("put the text into quotes");
    }
    None
}

fn line_at(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let end =
        text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |len| start + len);
    (start, end)
}

/// The lines to leave out so that reading can go on: the line at `at`, or the last one before it
/// that is not blank, with all lines below that are indented deeper. None when nothing is left to
/// leave out.
pub(super) fn hole(text: &str, at: usize) -> Option<Range<usize>> {
    let (mut start, mut end) = line_at(text, at);
    while text.get(start..end)?.trim().is_empty() {
        (start, end) = line_at(text, start.checked_sub(1)?);
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let line = text.get(start..end)?;
    if line.trim_start_matches(' ').starts_with('\t') {
        // How deep a tab is meant to be nobody knows.
        return Some(start..end);
    }
    let own = indent(line);
    while let Some(rest) = text.get(end + 1..).filter(|rest| !rest.is_empty()) {
        let line = rest.split('\n').next().unwrap_or(rest);
        if !line.trim().is_empty() && indent(line) <= own {
            break;
        }
        end += 1 + line.len();
    }
    Some(start..end.min(text.len()))
}

/// Spaces for all bytes but line breaks, so that later places do not move.
pub(super) fn blank(text: &mut String, range: Range<usize>) {
    let spaces: String = text
        .get(range.clone())
        .unwrap_or_default()
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
        .collect();
    text.replace_range(range, &spaces);
}
