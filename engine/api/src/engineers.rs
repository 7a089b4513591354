//! Engineers: whether they take calls, how much they have to do, who is on duty.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which engineers, or which days of duty, are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EngineerQuery {
    /// `next` of the page before.
    #[param(nullable = false)]
    pub after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 500, default = 100, nullable = false)]
    pub limit: Option<u32>,
}

/// Engineers, in the order of the keys of their records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EngineerList {
    pub engineers: Vec<Engineer>,
    /// Given as `after`, it brings the next page; not there on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

/// An engineer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Engineer {
    /// The key of their record.
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// Whether they take calls.
    pub available: bool,
    /// How much they have to do: what their record says, and the calls and open tickets that the
    /// engine counts. A call and the tickets that it opened count once.
    pub load: u64,
    /// How much they take at most; not there if their record does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub max_load: Option<u64>,
}

/// An engineer, with what they work on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShownEngineer {
    pub engineer: Engineer,
    /// Calls that they work on, or that opened tickets of theirs, sorted by id.
    pub work: Vec<Work>,
}

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Work {
    /// The call that it comes from.
    pub call: String,
    /// Since when, RFC 3339; not there if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub since: Option<String>,
    /// Whether the call itself counts: it goes on.
    pub calling: bool,
    /// Its open tickets that count.
    pub tickets: Vec<String>,
}

/// Changes whether an engineer takes calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineerChange {
    pub available: bool,
}

/// Who is on duty, sorted by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DutyList {
    pub days: Vec<Duty>,
    /// Given as `after`, it brings the next page; not there on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

/// A day of duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Duty {
    /// A date such as `2026-12-25`, or a weekday such as `friday`, which holds where no date does.
    pub day: String,
    /// Who is on duty.
    pub engineer: String,
}

/// Puts somebody on duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DutyChange {
    /// The engineer's id; 1 to 256 bytes.
    #[schema(min_length = 1, max_length = 256)]
    pub engineer: String,
}
