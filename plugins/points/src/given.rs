//! What the flow gives, and what it must give.

use dialgraph_plugin::NodeError;
use dialgraph_plugin::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

use crate::account::MOST;

/// Bytes of an account's name and of an id: both stand in keys of records.
const MOST_BYTES: usize = 100;

/// Whose points, how many, and for what.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    /// Whose points: a text or a whole number, such as the customer's id or telephone number.
    #[schemars(schema_with = "name_schema")]
    account: Option<Value>,
    /// What they are for: a text or a whole number, such as the number of the order. The same is
    /// done once under one id. Needed for all but `balance`.
    #[schemars(schema_with = "name_schema")]
    id: Option<Value>,
    /// How many: a whole number above 0. Needed for `credit` and `reserve`; `settle` spends all
    /// that is reserved where it is left out.
    #[schemars(schema_with = "number_schema")]
    points: Option<Value>,
}

fn name_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "number", "null"]})
}

fn number_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["number", "null"]})
}

impl Input {
    pub(crate) fn account(&self) -> Result<String, NodeError> {
        name("account", self.account.as_ref(), "account: customer_id")
    }

    pub(crate) fn id(&self) -> Result<String, NodeError> {
        name("id", self.id.as_ref(), "id: order_number")
    }

    pub(crate) fn points(&self) -> Result<i64, NodeError> {
        let missing = || missing("points", "points: earned");
        self.some_points()?.ok_or_else(missing)
    }

    pub(crate) fn some_points(&self) -> Result<Option<i64>, NodeError> {
        let Some(points) = self.points.as_ref().filter(|points| !points.is_null()) else {
            return Ok(None);
        };
        match whole(points) {
            Some(points) if points > 0 => Ok(Some(points)),
            Some(_) => Err(bad("points", "is not above 0; let a `switch` go before this node")),
            None => Err(bad("points", "is no whole number that is exact")),
        }
    }
}

fn name(which: &str, value: Option<&Value>, example: &str) -> Result<String, NodeError> {
    let text = match value.filter(|value| !value.is_null()) {
        None => return Err(missing(which, example)),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(other) => match whole(other) {
            Some(number) => number.to_string(),
            None => return Err(bad(which, "is neither a text nor a whole number")),
        },
    };
    if text.is_empty() {
        return Err(bad(which, "is empty; let a `switch` go before this node"));
    }
    if text.len() > MOST_BYTES || text.chars().any(|c| c == '/' || c.is_control()) {
        return Err(bad(which, "has more than 100 bytes, a slash or a control character"));
    }
    Ok(text)
}

/// The whole number that a value is, `3.0` included, as long as it is exact.
fn whole(value: &Value) -> Option<i64> {
    let number = match value.as_i64() {
        Some(number) => number,
        None => {
            let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
            #[allow(clippy::cast_precision_loss, reason = "2^53 - 1 is exact")]
            let exact = number.abs() <= MOST as f64;
            #[allow(clippy::cast_possible_truncation, reason = "it is whole and in range")]
            exact.then_some(number as i64)?
        }
    };
    (-MOST..=MOST).contains(&number).then_some(number)
}

fn missing(name: &str, example: &str) -> NodeError {
    NodeError::other(
        "missing-input",
        format!("with: `{name}` is not given; add it, such as `{example}`"),
    )
}

fn bad(name: &str, what: &str) -> NodeError {
    NodeError::other("bad-input", format!("with: `{name}` {what}"))
}
