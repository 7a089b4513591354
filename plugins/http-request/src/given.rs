//! What the flow gives.

use std::collections::BTreeMap;

use dialgraph_plugin::NodeError;
use dialgraph_plugin::schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::template::{kind, number};

/// The values that stand for `{NAME}` in `path`, `query`, `headers` and `body`, by name.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Input(BTreeMap<String, Value>);

impl Input {
    /// The value of `{name}`; `place` is where it is needed, such as `query.page`.
    pub(crate) fn value(&self, name: &str, place: &str) -> Result<&Value, NodeError> {
        self.0.get(name).ok_or_else(|| {
            NodeError::other(
                "missing-value",
                format!(
                    "with: `{name}` is not given, and `{place}` needs it; add `{name}: EXPRESSION`, or correct the \
                     name in `{place}`"
                ),
            )
        })
    }

    /// The value of `{name}` as a text; none for null.
    pub(crate) fn text(&self, name: &str, place: &str) -> Result<Option<String>, NodeError> {
        match self.value(name, place)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            Value::Bool(truth) => Ok(Some(truth.to_string())),
            Value::Number(it) => Ok(Some(number(it))),
            other => Err(bad_value(
                name,
                place,
                &format!("is {}, which is no part of a text", kind(other)),
            )),
        }
    }
}

/// A value that cannot be used; what it is must not be said, for it may be a caller's.
pub(crate) fn bad_value(name: &str, place: &str, what: &str) -> NodeError {
    NodeError::other("bad-value", format!("with: `{name}`, which `{place}` needs, {what}"))
}
