//! Errors as problem details (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong with a request (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Stable: `urn:dialgraph:problem:` and a word.
    #[serde(rename = "type")]
    #[schema(pattern = "^urn:dialgraph:problem:")]
    pub kind: String,
    /// The status in words, as RFC 9110 has it.
    pub title: String,
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened, where, and what to do.
    pub detail: String,
    /// What cannot be had, if that can be named: a path that answers with this problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub instance: Option<String>,
    /// The call's last turn, when the event answered another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub turn: Option<u32>,
}

/// What every `type` of a problem begins with.
pub const KIND: &str = "urn:dialgraph:problem:";

/// What a status is called (RFC 9110, section 15), of those with which requests fail.
pub fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

/// A change that was refused, with everything that stands against it. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    pub reasons: Vec<Reason>,
    /// What `check --json` says of the flows, warnings included; null when they were not looked at.
    #[schema(value_type = Option<Object>, required)]
    pub report: Option<serde_json::Value>,
    /// The same for a terminal.
    #[schema(required)]
    pub rendered: Option<String>,
    #[serde(flatten)]
    pub problem: Problem,
}

/// One thing that stands against a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// A stable word for scripts.
    pub code: String,
    pub message: String,
    /// The plugin that would reach more than before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub plugin: Option<String>,
    /// The access to allow, if that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub allow: Option<String>,
}
