//! Tokens that are made while the engine runs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Millis, Role};

/// A token to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Whom the audit log names when it is used.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    pub role: Role,
    /// Days until it is worth nothing; none: until it is revoked.
    pub days: Option<u32>,
}

/// A token as it is listed, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    pub id: String,
    pub name: String,
    pub role: Role,
    pub made_at: Millis,
    /// Who made it.
    pub made_by: String,
    /// None: it does not expire.
    #[schema(required)]
    pub expires_at: Option<Millis>,
}

/// A token that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeToken {
    #[serde(flatten)]
    pub shown: Token,
    /// What its holder sends as `authorization: Bearer TOKEN`. It is shown this once.
    #[serde(rename = "token")]
    pub secret: String,
}

/// Tokens that were made while the engine ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenList {
    pub tokens: Vec<Token>,
    /// Rows that are damaged or gone, and why; not there when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}
