//! Business records in named collections.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use dialgraph_base::Timestamp;

use super::Extra;

/// Where an answer may come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The system of record itself.
    #[default]
    Current,
    /// What was last read from it.
    LastKnown,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Get {
    pub collection: String,
    pub key: String,
    #[serde(default)]
    pub source: Source,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Find {
    pub collection: String,
    /// Field (`a.b` for nested ones) and value; all must match.
    #[serde(default)]
    pub matches: Vec<(String, Value)>,
    pub limit: u32,
    #[serde(default)]
    pub source: Source,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    pub collection: String,
    /// Name of one of the collection's indexes.
    pub index: String,
    /// What is looked for: for an index of telephone numbers or names any of these, for others one
    /// value for each of its fields.
    pub values: Vec<Value>,
    pub limit: u32,
    /// [`SearchPage::next`] of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default)]
    pub source: Source,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Put {
    pub collection: String,
    pub key: String,
    pub data: Value,
    #[serde(default)]
    pub expect: Expectation,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delete {
    pub collection: String,
    pub key: String,
    #[serde(default)]
    pub expect: Expectation,
}

/// What must hold of the record that is there for a write to happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    #[default]
    Any,
    Absent,
    Version(u64),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub key: String,
    /// Grows with every write, from 1.
    pub version: u64,
    pub updated_at: Timestamp,
    pub data: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Extra,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub records: Vec<Record>,
    /// More match than the limit let through.
    pub more: bool,
    /// For [`Source::LastKnown`]: when the oldest of them was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

/// A record that was searched for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    pub record: Record,
    /// How well it fits, above 0 to 1; 1: it is what was looked for.
    pub score: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchPage {
    /// The best first, then in the order of keys.
    pub hits: Vec<Hit>,
    /// Where the next page begins; none when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Nothing that fits is missing from the pages. False when more is similar than can be
    /// compared, and of copies, which never hold all.
    pub complete: bool,
    /// For [`Source::LastKnown`]: when the oldest of them was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub version: u64,
}
