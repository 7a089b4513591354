//! What is live, what was, and who did it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::changes::ItemChange;
use crate::values::is_zero;
use crate::{Digest, Millis, Who};

/// Which rows of a log are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Only what is numbered below this.
    #[param(nullable = false)]
    pub below: Option<u64>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50, nullable = false)]
    pub limit: Option<u32>,
}

/// Which version of a flow or plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContentQuery {
    /// Digest of a version, or its first digits; none: what is live.
    #[param(nullable = false)]
    pub version: Option<String>,
}

/// Releases that were made, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseList {
    pub releases: Vec<Release>,
    /// Rows of this page that are damaged or gone, and why; not there when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// A release that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Release {
    /// Among all that were made, from 1.
    pub number: u64,
    pub release: Digest,
    /// What lists its files and plugins.
    pub manifest: Digest,
    pub at: Millis,
    pub by: Who,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub why: Option<String>,
    /// The release that was live when it was made, to which one goes back from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parent: Option<u64>,
}

/// What is live, on the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The release that new calls get.
    pub live: Deployed,
    /// The release that a share of new calls gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub canary: Option<Canary>,
    /// Items that pushes leave as they are.
    pub pins: Vec<Pin>,
    /// Releases that this engine process holds: what is live and what calls in progress are pinned
    /// to.
    pub held: Vec<Held>,
}

/// A release in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deployed {
    /// Among all that were made, from 1.
    pub number: u64,
    pub release: Digest,
    pub since: Millis,
    pub by: Who,
}

/// How a canary does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Canary {
    #[serde(flatten)]
    pub deployed: Deployed,
    /// Of 100 new calls, so many.
    pub percent: u8,
    pub rules: Rules,
    /// What was counted of it by all engine processes.
    pub seen: Tally,
    /// What was counted of the live release meanwhile.
    pub live_meanwhile: Tally,
    /// Why it is about to be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub verdict: Option<String>,
}

/// What a canary may not do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rules {
    /// Calls that must have tried it before its share of errors counts.
    pub min_calls: u64,
    /// By how much its share of visits that left by `error` may be above that of the live release.
    pub more_errors: f64,
    /// Traps that are borne, unless the live release traps as often.
    pub traps: u64,
}

/// What was seen of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tally {
    /// Calls that began.
    pub calls: u64,
    /// Visits of plugins' nodes that ended.
    pub visits: u64,
    /// Those of them that left by `error`.
    pub errors: u64,
    /// Runs that ended in a trap.
    pub traps: u64,
}

/// An item that pushes leave as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pin {
    /// `flow NAME` or `plugin NAME`.
    pub item: String,
    pub digest: Digest,
    pub by: Who,
    pub at: Millis,
}

/// A release that this engine process holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Held {
    pub release: Digest,
    /// Calls in progress are pinned to it.
    pub open_calls: bool,
    pub plugins: Vec<Digest>,
}

/// The flows that are live, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowList {
    pub flows: Vec<Listed>,
}

/// The plugins that are live, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginList {
    pub plugins: Vec<Listed>,
}

/// A flow or plugin as it is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Listed {
    pub name: String,
    pub digest: Digest,
    /// When its version came; not there if it is as old as the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub at: Option<Millis>,
    /// By whom it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub by: Option<String>,
    /// Owner of the key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub signed_by: Option<String>,
    pub pinned: bool,
}

/// The versions of a flow or plugin, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionList {
    pub versions: Vec<Version>,
    /// Rows of this page that are damaged or gone, and why; not there when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// One version of a flow or plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// None: in this release it was taken out.
    #[schema(required)]
    pub digest: Option<Digest>,
    /// The release with which it came.
    pub number: u64,
    pub release: Digest,
    pub at: Millis,
    pub by: Who,
    /// What it replaced, to which one goes back from it.
    #[schema(required)]
    pub previous: Option<Digest>,
    /// Owner of the key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub signed_by: Option<String>,
    /// It is the one that is live.
    pub live: bool,
    pub pinned: bool,
}

/// The audit log, the newest line first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditList {
    pub audit: Vec<AuditEntry>,
    /// Rows of this page that are damaged or gone, and why; not there when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// From 1, without a gap.
    pub number: u64,
    pub at: Millis,
    pub who: Who,
    #[schema(inline)]
    pub action: Action,
    /// The release that new calls got before (for a canary: that some of them got).
    #[schema(required)]
    pub before: Option<Digest>,
    /// The release that they get since.
    #[schema(required)]
    pub after: Option<Digest>,
    /// What differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ItemChange>,
    /// Changes that are not among `changes`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_changes: u64,
    /// Accesses that plugins got with it, such as `ticketing:http`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub why: Option<String>,
    /// It was refused for these reasons (their codes), and nothing changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// How much of what was removed: `calls`, their `rows`, `records`, `last-known`, `tickets`,
    /// `receipts`; `turns` of other calls in which something was blotted out, and `replies` to them
    /// that came late.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<String, u64>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Push,
    RollBack,
    Pin,
    Unpin,
    CanaryStart,
    CanaryShare,
    CanaryPromote,
    CanaryWithdraw,
    TokenMade,
    TokenRevoked,
    /// What is older than somebody said was removed.
    Purge,
    /// Erasing one customer began.
    EraseBegun,
    /// One customer was erased.
    Erase,
    ContentRemove,
    /// The store was made anew from what was left of it.
    Recover,
}
