//! Texts in which `{name}` stands for a value that the flow gives.

use dialgraph_plugin::NodeError;
use serde_json::Value;

use crate::config::Wrong;
use crate::given::Input;

/// Characters of a name, as `with` takes them.
const NAME: usize = 64;

/// A text taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) pieces: Vec<Piece>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// The name of a value.
    Value(String),
}

impl Template {
    /// Takes a text apart: `{name}` is a value, `{{` and `}}` are the braces themselves.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let from = &rest[at..];
            if let Some(brace) = ["{{", "}}"].iter().find(|pair| from.starts_with(**pair)) {
                plain.push_str(&brace[..1]);
                rest = &from[2..];
                continue;
            }
            let inner = from.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let Some((name, after)) = inner.filter(|(name, _)| is_name(name)) else {
                let shown: String = from.chars().take(24).collect();
                return Err(format!("`{shown}` begins with a brace that belongs to no `{{name}}`"));
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Value(name.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }

    /// [`Self::parse`] of a text that was checked.
    pub(crate) fn read(text: &str) -> Result<Self, NodeError> {
        Self::parse(text).map_err(|what| NodeError::bad_config("bad-config", what))
    }

    /// Tells what is wrong with a text.
    pub(crate) fn look_over(text: &str, at: &str, wrong: &mut Wrong<'_>) {
        if let Err(what) = Self::parse(text) {
            let hint =
                "write `{name}` for what `with` gives as `name`, and `{{` or `}}` for a brace";
            wrong(at, what, hint);
        }
    }

    /// The name of the value that is all of the text.
    pub(crate) fn whole(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Value(name)] => Some(name),
            _ => None,
        }
    }

    /// The text with its values; none where it is a value alone and that is null. A null elsewhere
    /// is empty.
    pub(crate) fn filled(&self, input: &Input, place: &str) -> Result<Option<String>, NodeError> {
        if let Some(name) = self.whole()
            && input.value(name, place)?.is_null()
        {
            return Ok(None);
        }
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Value(name) => {
                    filled.push_str(&input.text(name, place)?.unwrap_or_default());
                }
            }
        }
        Ok(Some(filled))
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= NAME
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// A number as a person would write it: no `.0`.
pub(crate) fn number(number: &serde_json::Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// What a value is, for a message.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
