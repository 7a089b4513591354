//! Values that several requests and answers hold.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A SHA-256 of content, as `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl PartialSchema for Digest {
    fn schema() -> RefOr<Schema> {
        text().pattern(Some("^sha256:[0-9a-f]{64}$")).description(Some(DIGEST)).into()
    }
}

const DIGEST: &str = "The SHA-256 of content.";

impl ToSchema for Digest {}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Millis(pub u64);

/// What somebody may do, each role all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads calls, releases and the audit log.
    Viewer,
    /// Reads records, which hold personal data; reads and changes tickets, and whether the own
    /// engineer takes calls.
    Agent,
    /// Writes records, and changes what is live.
    Designer,
    /// Everything.
    Operator,
}

impl Role {
    /// Its word in requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Designer => "designer",
            Self::Operator => "operator",
        }
    }
}

/// Somebody, as the audit log names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Who {
    pub name: String,
    pub role: Role,
}

/// What was asked for is done, and there is nothing else to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {
    #[schema(schema_with = yes)]
    pub done: bool,
}

fn yes() -> Object {
    one_of_values(Type::Boolean, [true])
}

/// A text, of which more is to be said.
pub(crate) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String))
}

/// One of these values.
pub(crate) fn one_of_values<V: Into<serde_json::Value>>(
    kind: Type,
    values: impl IntoIterator<Item = V>,
) -> Object {
    let values: Vec<serde_json::Value> = values.into_iter().map(Into::into).collect();
    ObjectBuilder::new().schema_type(SchemaType::new(kind)).enum_values(Some(values)).build()
}

/// For numbers that are left out when they are 0.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}
