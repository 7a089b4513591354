//! Outbound HTTP.

use serde::{Deserialize, Serialize};

use super::Extra;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub method: String,
    pub url: String,
    #[serde(default)]
    pub headers: Extra,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    pub timeout_ms: u32,
}

/// A header whose value comes from a secret; only the secret's name is ever in a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    Bearer { secret: String },
    Basic { user: String, secret: String },
    Header { name: String, secret: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    #[serde(default)]
    pub headers: Extra,
    #[serde(default)]
    pub body: Body,
}

/// Bytes; in journals and scripts a text when they are UTF-8, otherwise `{"base64": …}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Body {
    Text(String),
    Bytes {
        base64: String,
    },
    #[default]
    None,
}
