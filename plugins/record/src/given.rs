//! What the flow gives, and what it must give.

use dialgraph_plugin::NodeError;
use dialgraph_plugin::records::Expectation;
use dialgraph_plugin::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::Expect;
use crate::plan::WHOLE;

/// What the flow knows of the record. Which of them are needed depends on `do`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    /// Key of the record: a text or a whole number. Needed for all but `find`.
    #[serde(deserialize_with = "given")]
    #[schemars(schema_with = "key_schema")]
    key: Option<Value>,
    /// `find`: a map of fields (`a.b` for nested ones) to the values that they must have, such as
    /// `'{"phone": call.from}'`; `{}` for all records.
    #[serde(rename = "where")]
    matches: Option<Map<String, Value>>,
    /// `put`: a map of the record's fields, such as `'{"status": "paid"}'`.
    data: Option<Map<String, Value>>,
    /// With `expect: version`: the version that the record must have; 0: there must be none.
    #[schemars(schema_with = "number_schema")]
    version: Option<Value>,
    /// `increment`: how much is added; goes before `by` of the configuration.
    #[schemars(schema_with = "number_schema")]
    by: Option<Value>,
}

/// Tells null, which a flow gives where it knows nothing, from what is not given at all.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn key_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "number", "null"]})
}

fn number_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["number", "null"]})
}

impl Input {
    /// The key; none where the flow knows none.
    pub(crate) fn known_key(&self) -> Result<Option<String>, NodeError> {
        match &self.key {
            None => Err(missing("key", "key: account_id")),
            Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                let text = text.trim();
                Ok((!text.is_empty()).then(|| text.to_owned()))
            }
            Some(other) => match whole(other) {
                Some(number) => Ok(Some(number.to_string())),
                None => Err(bad("key", "is neither a text nor a whole number")),
            },
        }
    }

    /// The key of what is written.
    pub(crate) fn key(&self) -> Result<String, NodeError> {
        self.known_key()?.ok_or_else(|| {
            NodeError::other(
                "no-key",
                "with: `key` is empty, and a record cannot be written without one; let a `switch` go before this node",
            )
        })
    }

    pub(crate) fn matches(&self) -> Result<&Map<String, Value>, NodeError> {
        self.matches.as_ref().ok_or_else(|| missing("where", r#"where: '{"phone": call.from}'"#))
    }

    pub(crate) fn data(&self) -> Result<&Map<String, Value>, NodeError> {
        self.data.as_ref().ok_or_else(|| missing("data", r#"data: '{"status": "paid"}'"#))
    }

    /// The version that the record must have, 0 for no record.
    pub(crate) fn version(&self) -> Result<u64, NodeError> {
        let version =
            self.version.as_ref().ok_or_else(|| missing("version", "version: version"))?;
        whole(version).and_then(|version| u64::try_from(version).ok()).ok_or_else(|| {
            bad("version", "is no version of a record, which is a whole number from 0")
        })
    }

    pub(crate) fn expectation(&self, expect: Expect) -> Result<Expectation, NodeError> {
        Ok(match expect {
            Expect::Any => Expectation::Any,
            Expect::Absent => Expectation::Absent,
            Expect::Version => match self.version()? {
                0 => Expectation::Absent,
                version => Expectation::Version(version),
            },
        })
    }

    /// How much is added, where the flow says.
    pub(crate) fn by(&self) -> Result<Option<i64>, NodeError> {
        let Some(by) = &self.by else { return Ok(None) };
        match whole(by) {
            Some(0) => Err(bad("by", "is 0, which changes nothing")),
            Some(by) => Ok(Some(by)),
            None => Err(bad("by", "is no whole number that is exact")),
        }
    }
}

/// The whole number that a value is, `3.0` included, as long as it is exact.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    let number = match value.as_i64() {
        Some(number) => number,
        None => {
            let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
            #[allow(clippy::cast_precision_loss, reason = "2^53 - 1 is exact")]
            let exact = number.abs() <= WHOLE as f64;
            #[allow(clippy::cast_possible_truncation, reason = "it is whole and in range")]
            exact.then_some(number as i64)?
        }
    };
    (-WHOLE..=WHOLE).contains(&number).then_some(number)
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
