//! What is kept in the store, and where.
//!
//! * `deploy` / `state`: one row that says what is live. Every change replaces it under its
//!   version, so of two changes at once one is made again over the other's outcome.
//! * `deploy/releases` / number: one row for each release that was made, with the blob of its
//!   manifest.
//! * `deploy/release/DIGEST` / `latest`: from a digest to its number.
//! * `deploy/versions/KIND/NAME` / number: the versions of one flow or plugin. Written before the
//!   release that they are in, and of no account unless that release came about.
//! * `deploy/with-calls` / DIGEST: releases that calls in progress may be pinned to.
//! * `deploy/vouched` / DIGEST: why a version of a plugin may run where only signed ones may.
//! * `deploy/audit` / number: who did what. Rows are added, together with what they tell of, and
//!   never replaced.
//! * `deploy/canary/NUMBER` / process: what each engine process counted of a canary.
//! * `deploy` / `sweep`: content that is being removed, see [`Sweep`].
//! * `deploy/tokens` / id: see [`Tokens`](crate::Tokens).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use dialgraph_access::Who;
use dialgraph_base::Digest;
use dialgraph_store::{Key, Part, Schema, Sort, StoreError, UnixMillis, Upgrade};

use crate::canary::{Rules, Tally};
use crate::item::{Item, ItemChange};

/// What is live, and everything else that changes together with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The release that new calls get.
    pub(crate) live: Deployed,
    /// The release that a share of new calls gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) canary: Option<CanaryState>,
    /// Items that pushes leave as they are.
    #[serde(default)]
    pub(crate) pins: BTreeMap<Item, Pin>,
    /// Number of the last release that was made.
    pub(crate) last: u64,
    /// Number of the last row of the audit log.
    pub(crate) audit: u64,
    /// Blob of the manifest of the project folder as it was last taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<Digest>,
}

/// A release in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// Among all that were made, from 1.
    pub number: u64,
    pub release: Digest,
    pub since: UnixMillis,
    pub by: Who,
}

/// A canary as the store has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CanaryState {
    #[serde(flatten)]
    pub(crate) deployed: Deployed,
    /// Of 100 new calls, so many; 1 to 100.
    pub(crate) percent: u8,
    pub(crate) rules: Rules,
}

/// Why an item stays at a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    pub digest: Digest,
    pub by: Who,
    pub at: UnixMillis,
}

/// A release that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRow {
    pub number: u64,
    pub release: Digest,
    /// Blob of its manifest.
    pub manifest: Digest,
    pub at: UnixMillis,
    pub by: Who,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The release that was live when it was made, to which one goes back from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
}

/// Where the release of a digest is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Latest {
    pub(crate) number: u64,
    pub(crate) manifest: Digest,
}

/// A release that calls in progress may be pinned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WithCalls {
    pub(crate) release: Digest,
    /// When it was last noted.
    pub(crate) at: UnixMillis,
}

/// What speaks for a version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Vouched {
    /// It came with an engine.
    pub(crate) shipped: bool,
    /// Text of its `.minisig`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<String>,
}

/// One version of a flow or plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// None: in this release it was taken out.
    pub digest: Option<Digest>,
    /// The release with which it came.
    pub number: u64,
    pub release: Digest,
    pub at: UnixMillis,
    pub by: Who,
    /// What it replaced, to which one goes back from it.
    pub previous: Option<Digest>,
    /// Owner of the key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::RollBack => "roll-back",
            Self::Pin => "pin",
            Self::Unpin => "unpin",
            Self::CanaryStart => "canary-start",
            Self::CanaryShare => "canary-share",
            Self::CanaryPromote => "canary-promote",
            Self::CanaryWithdraw => "canary-withdraw",
            Self::TokenMade => "token-made",
            Self::TokenRevoked => "token-revoked",
            Self::Purge => "purge",
            Self::EraseBegun => "erase-begun",
            Self::Erase => "erase",
            Self::ContentRemove => "content-remove",
            Self::Recover => "recover",
        }
    }
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// From 1, without a gap.
    pub number: u64,
    pub at: UnixMillis,
    pub who: Who,
    pub action: Action,
    /// Of the release that new calls get (for a canary: that some of them get) before and after.
    pub before: Option<Digest>,
    pub after: Option<Digest>,
    /// What differs, at most [`CHANGES_TOLD`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ItemChange>,
    /// Changes that are not among `changes`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_changes: u64,
    /// Accesses that plugins got with it: `ticketing:http`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// It was refused for these reasons (their codes), and nothing changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
    /// How much of what was removed: `calls`, `records` …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<String, u64>,
}

impl AuditEntry {
    /// A line about what leaves the release of `state` as it is. It gets its number when it is
    /// written.
    pub(crate) fn of(
        state: &State,
        at: UnixMillis,
        who: &Who,
        action: Action,
        why: Option<String>,
    ) -> Self {
        let live = Some(state.live.release);
        Self {
            number: 0,
            at,
            who: who.clone(),
            action,
            before: live,
            after: live,
            changes: Vec::new(),
            more_changes: 0,
            allowed: Vec::new(),
            why,
            refused: Vec::new(),
            removed: BTreeMap::new(),
        }
    }
}

/// Most changes that one line of the audit log names.
pub const CHANGES_TOLD: usize = 100;

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What one engine process counted while a canary ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) live: Tally,
    pub(crate) canary: Tally,
}

/// What is being removed now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sweep {
    /// When the last sweep was over.
    pub(crate) swept: UnixMillis,
    pub(crate) claimed: UnixMillis,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) removing: BTreeSet<Digest>,
}

macro_rules! first_version {
    ($($name:ident => $kind:literal),* $(,)?) => {$(
        impl Schema for $name {
            const KIND: &'static str = $kind;
            const VERSION: u16 = 1;
            const UPGRADES: &'static [Upgrade] = &[];
        }
    )*};
}

first_version! {
    State => "deploy-state",
    ReleaseRow => "release",
    Latest => "release-latest",
    WithCalls => "release-with-calls",
    Vouched => "plugin-vouched",
    Version => "item-version",
    AuditEntry => "audit",
    Counts => "canary-counts",
    Sweep => "content-sweep",
}

fn key(part: String, sort: Sort) -> Result<Key, StoreError> {
    Key::new(&Part::new(part)?, sort)
}

pub(crate) fn state() -> Result<Key, StoreError> {
    key("deploy".to_owned(), Sort::text("state"))
}

pub(crate) fn sweep() -> Result<Key, StoreError> {
    key("deploy".to_owned(), Sort::text("sweep"))
}

pub(crate) fn all_made() -> Result<Part, StoreError> {
    Part::new("deploy/releases")
}

pub(crate) fn made(number: u64) -> Result<Key, StoreError> {
    Key::new(&all_made()?, Sort::number(number))
}

pub(crate) fn latest(release: &Digest) -> Result<Key, StoreError> {
    key(format!("deploy/release/{}", release.hex()), Sort::text("latest"))
}

pub(crate) fn vouched(plugin: &Digest) -> Result<Key, StoreError> {
    key("deploy/vouched".to_owned(), Sort::text(&plugin.hex()))
}

pub(crate) fn all_with_calls() -> Result<Part, StoreError> {
    Part::new("deploy/with-calls")
}

pub(crate) fn with_calls(release: &Digest) -> Result<Key, StoreError> {
    Key::new(&all_with_calls()?, Sort::text(&release.hex()))
}

pub(crate) fn versions(item: &Item) -> Result<Part, StoreError> {
    Part::new(format!("deploy/versions/{}/{}", item.kind.as_str(), item.name))
}

pub(crate) fn version(item: &Item, number: u64) -> Result<Key, StoreError> {
    Key::new(&versions(item)?, Sort::number(number))
}

pub(crate) fn audit_log() -> Result<Part, StoreError> {
    Part::new("deploy/audit")
}

pub(crate) fn audit(number: u64) -> Result<Key, StoreError> {
    Key::new(&audit_log()?, Sort::number(number))
}

pub(crate) fn counts_of(number: u64) -> Result<Part, StoreError> {
    Part::new(format!("deploy/canary/{number}"))
}

pub(crate) fn counts(number: u64, process: &str) -> Result<Key, StoreError> {
    Key::new(&counts_of(number)?, Sort::text(process))
}
