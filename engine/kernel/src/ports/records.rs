//! Business records in named collections.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Extra, Timestamp};

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub version: u64,
}
