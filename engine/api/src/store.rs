//! Tasks in the store while calls are in progress.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Millis;
use crate::values::is_zero;

/// Removes what is old.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Purge {
    /// Milliseconds since the call's last turn.
    pub older_than_ms: u64,
    /// Collections whose records go that were not written for so long.
    #[serde(default)]
    pub records: Vec<String>,
    /// Tickets of the local desk go, too, that were opened so long ago.
    #[serde(default)]
    #[schema(default = false)]
    pub tickets: bool,
    /// Tells what would be removed, and removes nothing.
    #[serde(default)]
    #[schema(default = false)]
    pub dry_run: bool,
}

/// Removes everything of one customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Erase {
    /// The customer's id.
    #[schema(min_length = 1, max_length = 256)]
    pub customer: String,
    /// Tells what would be removed, and removes nothing.
    #[serde(default)]
    #[schema(default = false)]
    pub dry_run: bool,
}

/// Backs the store up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Only what was committed since the last backup there.
    #[serde(default)]
    #[schema(default = false)]
    pub incremental: bool,
}

/// Reads the whole store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Writes index rows of records that are missing and removes those that belong to none.
    #[serde(default)]
    #[schema(default = false)]
    pub repair_indexes: bool,
}

/// A task in the store, and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoreJob {
    #[schema(inline)]
    pub task: StoreTask,
    /// Who began it.
    pub by: String,
    pub begun_at: Millis,
    pub dry_run: bool,
    /// Rows looked at.
    pub seen: u64,
    #[schema(inline)]
    pub state: JobState,
    /// The outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub done: Option<StoreDone>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub why: Option<String>,
}

/// What is done to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreTask {
    Purge,
    Erase,
    Backup,
    Verify,
}

impl StoreTask {
    /// Its word in answers and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Purge => "purge",
            Self::Erase => "erase",
            Self::Backup => "backup",
            Self::Verify => "verify",
        }
    }
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    Running,
    Done,
    Failed,
}

/// What came of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum StoreDone {
    Removed(Removed),
    Backup(BackupMade),
    Verified(Verified),
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "What was removed")]
pub struct Removed {
    /// Nothing was removed: it tells what would be.
    pub dry_run: bool,
    /// Rows that were looked at.
    pub seen: u64,
    /// How much of what was removed: `calls`, their `rows`, `records`, `last-known`, `tickets`,
    /// `receipts`; `turns` of other calls in which something was blotted out, and `replies` to them
    /// that came late.
    pub removed: BTreeMap<String, u64>,
    /// Calls in progress that hold something of the customer; erase again when they are over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// What could not be read, and was left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
    /// Of an erasure, if there are any: rows that changed whenever they were about to be removed.
    /// Erase again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left: u64,
    /// Why what was removed is still in the store's commit log, for up to a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub log: Option<String>,
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "A backup")]
pub struct BackupMade {
    /// Where it is.
    pub folder: String,
    /// All rows, or only what was committed since the backup before.
    pub full: bool,
    /// Why it is full although it was to be incremental.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub why_full: Option<String>,
    /// The last commit that is in it.
    pub commit: u64,
    /// When that was.
    pub at: Millis,
    /// Bytes written, without content.
    pub bytes: u64,
    /// Files of releases that were not there yet.
    pub blobs: u64,
    /// Content that is damaged in the store itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// What reading the whole store found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(title = "What was found")]
pub struct Verified {
    /// Rows that were read.
    pub rows: u64,
    /// Rows of each kind of value.
    pub kinds: BTreeMap<String, u64>,
    /// Files of releases that were read.
    pub blobs: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub more: u64,
    /// What was wrong with indexes before they were repaired, if that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repaired: Vec<Finding>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    #[schema(schema_with = kinds_of_findings)]
    pub of: String,
    /// What is wrong, and with what.
    pub what: String,
}

fn kinds_of_findings() -> utoipa::openapi::schema::Object {
    crate::values::one_of_values(
        utoipa::openapi::schema::Type::String,
        ["row", "content", "index", "database"],
    )
}
