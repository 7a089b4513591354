//! What a plugin says of itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Name;

/// What a plugin says of itself (`describe` in the plugin contract), with its schemas read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    pub name: Name,
    pub version: String,
    pub summary: String,
    /// Without `error`, which every plugin has.
    pub ports: Vec<Port>,
    pub config_schema: Value,
    pub input_schema: Value,
    pub output_schema: Value,
}

/// A named exit and when it is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Port {
    pub name: Name,
    pub summary: String,
}
