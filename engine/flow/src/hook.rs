//! Hooks: what may happen outside, and how the sender of its news is known.
//!
//! Declared under `hooks:` in the project file. A node `hook` makes an address for one call, a node
//! `await` waits for what is sent there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dialgraph_base::{Locale, Name};
use dialgraph_json_schema::Schema;
use serde_json::Value;

/// Hooks of a project.
pub const MAX_HOOKS: usize = 16;
/// How long an address is good if the hook does not say.
pub const EXPIRES: Duration = Duration::from_hours(1);
/// Bytes of what may arrive, as JSON.
pub const MAX_VALUE_BYTES: usize = 16 << 10;
/// Values within values of what may arrive.
pub const MAX_DEPTH: usize = 16;

/// A hook, compiled.
#[derive(Debug)]
pub struct Hook {
    pub name: Name,
    /// How long an address is good.
    pub expires: Duration,
    /// What the value must be like.
    pub schema: Option<Arc<Schema>>,
    /// What arrives appears in no transcript and no log.
    pub sensitive: bool,
    /// How the sender of a POST or PUT is known.
    pub sender: Sender,
    /// What a browser that is sent to the address shows, by locale; none: no browser is.
    pub page: Option<BTreeMap<Locale, String>>,
}

/// How a sender is known, beside by the address, which nobody can guess.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Sender {
    /// By the address alone.
    #[default]
    Address,
    /// By a signature as [Standard Webhooks](https://www.standardwebhooks.com) has it.
    StandardWebhooks { secret: Name },
    /// By the HMAC-SHA256 of the body in a header.
    Hmac { secret: Name, header: String, prefix: String, encoding: Encoding },
    /// By a header that holds the secret itself.
    Header { secret: Name, header: String },
}

/// How the bytes of an HMAC are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    Hex,
    Base64,
}

impl Encoding {
    /// Its words in the project file.
    pub const WORDS: [&str; 2] = ["hex", "base64"];

    pub(crate) fn of(word: &str) -> Option<Self> {
        match word {
            "hex" => Some(Self::Hex),
            "base64" => Some(Self::Base64),
            _ => None,
        }
    }
}

/// Why a value is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    #[error("the value has {0} bytes as JSON; a hook takes {MAX_VALUE_BYTES}")]
    Large(usize),
    #[error("the value is nested more than {MAX_DEPTH} levels deep")]
    Deep,
    #[error("the value does not fit the hook's schema: {0}")]
    Schema(String),
}

impl Hook {
    /// Whether `value` is what the hook takes.
    ///
    /// # Errors
    /// What is wrong with it. The message holds parts of the value.
    pub fn check(&self, value: &Value) -> Result<(), BadValue> {
        let bytes = value.to_string().len();
        if bytes > MAX_VALUE_BYTES {
            return Err(BadValue::Large(bytes));
        }
        if !is_shallow(value, MAX_DEPTH) {
            return Err(BadValue::Deep);
        }
        let Some(schema) = &self.schema else { return Ok(()) };
        let mut errors =
            schema.errors(value).map_err(|error| BadValue::Schema(error.to_string()))?;
        match errors.next() {
            None => Ok(()),
            Some(error) => {
                let at = error.instance_path().to_string();
                let at = if at.is_empty() { String::new() } else { format!("{at}: ") };
                let message = dialgraph_json_schema::shown(&error.to_string());
                Err(BadValue::Schema(format!("{at}{message}")))
            }
        }
    }
}

/// Bounded by `left`, and so is its recursion.
fn is_shallow(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(items) => left > 0 && items.iter().all(|item| is_shallow(item, left - 1)),
        Value::Object(fields) => left > 0 && fields.values().all(|v| is_shallow(v, left - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hook(schema: Option<Value>) -> Hook {
        Hook {
            name: "payment".into(),
            expires: EXPIRES,
            schema: schema.map(|schema| Arc::new(Schema::new(&schema).unwrap())),
            sensitive: false,
            sender: Sender::Address,
            page: None,
        }
    }

    #[test]
    fn a_value_is_taken_within_its_bounds_and_as_the_schema_wants_it() {
        let free = hook(None);
        assert_eq!(free.check(&json!({ "a": [1, "x", null] })), Ok(()));
        assert!(matches!(free.check(&json!("x".repeat(MAX_VALUE_BYTES))), Err(BadValue::Large(_))));
        let mut deep = json!(1);
        for _ in 0..MAX_DEPTH {
            deep = json!([deep]);
        }
        assert_eq!(free.check(&deep), Ok(()));
        assert_eq!(free.check(&json!([deep])), Err(BadValue::Deep));
        let amount = hook(Some(json!({ "required": ["amount"] })));
        assert_eq!(amount.check(&json!({ "amount": 1 })), Ok(()));
        let error = amount.check(&json!({})).unwrap_err();
        assert!(error.to_string().contains("amount"), "{error}");
    }
}
