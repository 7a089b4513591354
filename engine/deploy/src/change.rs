//! What somebody wants to be otherwise, and what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use dialgraph_base::Digest;

use crate::item::{Item, ItemChange};
use crate::reach::{Allow, Widening};

/// What somebody wants to be otherwise. All of it goes live at once, or nothing of it.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Path within the project to the text; none takes the file out.
    pub files: BTreeMap<String, Option<Vec<u8>>>,
    /// Flows by name, put where the flow's file lies; none takes the flow out.
    pub flows: BTreeMap<String, Option<Vec<u8>>>,
    /// Plugins by name; none takes the plugin out.
    pub plugins: BTreeMap<String, Option<NewPlugin>>,
    /// What plugins may reach that they do not reach now. Needs `Role::Operator`.
    pub allow: Allow,
    /// For the history.
    pub why: Option<String>,
    /// Only so many of 100 new calls get it. None: all.
    pub canary: Option<u8>,
    /// Checks, and changes nothing.
    pub dry_run: bool,
}

/// A plugin to be pushed.
#[derive(Clone)]
pub struct NewPlugin {
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) signature: Option<String>,
    pub(crate) shipped: bool,
}

impl NewPlugin {
    /// A component, with the text of its `.minisig` if it is signed.
    pub fn new(bytes: Vec<u8>, signature: Option<String>) -> Self {
        Self { bytes: Arc::new(bytes), signature, shipped: false }
    }

    /// A component that comes with the engine: it needs no signature, and may wait unused for its
    /// grants.
    pub(crate) fn shipped(bytes: Vec<u8>) -> Self {
        Self { bytes: Arc::new(bytes), signature: None, shipped: true }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for NewPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPlugin")
            .field("bytes", &self.bytes.len())
            .field("signed", &self.signature.is_some())
            .field("shipped", &self.shipped)
            .finish()
    }
}

/// To which version something goes back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RollbackTarget {
    /// To what was there before what is there now.
    #[default]
    OneStep,
    /// To this one: the digest or its first digits (with or without `sha256:`), of a release also
    /// its number.
    To(String),
}

/// What came of a change.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeOutcome {
    /// Something is live now that was not before.
    pub changed: bool,
    pub dry_run: bool,
    /// The release that the change makes, or would make.
    pub release: Digest,
    /// Its number among all that were made; of a dry run what it would have.
    pub number: u64,
    /// What was live before.
    pub before: Option<Digest>,
    /// The share of new calls that gets it, if it is a canary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<u8>,
    pub changes: Vec<ItemChange>,
    /// What plugins can reach now and could not before.
    pub widened: Vec<Widening>,
    /// Pinned items that were left at their versions.
    pub left_out: Vec<Item>,
    pub warnings: Vec<String>,
    /// Warnings of the check, as `check --json` has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Value>,
    /// The same for a terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
}
