//! The history of a store for whoever has no engine on it: commands that look after a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use dialgraph_flow::Project;
use dialgraph_flow::project::Files;
use dialgraph_store::{Blobs, Store, UnixMillis};

use crate::deploy::{Deploy, blocking};
use crate::error::DeployError;
use crate::rows::{Action, AuditEntry, State};
use crate::store::{Content, Ledger, state_ops};
use crate::who::Who;

/// How often a line is added again because others were faster.
const RACES: u32 = 8;

/// What is live in a store, and its audit log.
#[derive(Clone)]
pub struct History {
    ledger: Ledger,
    content: Content,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").finish_non_exhaustive()
    }
}

impl Deploy {
    /// The history of the store that it works on.
    pub fn history(&self) -> History {
        History { ledger: self.0.ledger.clone(), content: self.0.content.clone() }
    }
}

impl History {
    pub fn new(store: Arc<dyn Store>, blobs: Blobs) -> Self {
        Self { ledger: Ledger(store), content: Content::new(blobs) }
    }

    /// The project that is live, as it was pushed.
    ///
    /// # Errors
    /// [`DeployError::NothingLive`], or what of it is missing.
    pub async fn live_project(&self) -> Result<Project, DeployError> {
        let state = self.ledger.state().await?.ok_or(DeployError::NothingLive)?.value;
        let number = state.live.number;
        let missing = || DeployError::Missing { what: format!("release {number}") };
        let made = self.ledger.made(number).await?.ok_or_else(missing)?;
        let content = self.content.clone();
        blocking(move || {
            let manifest = content.manifest(&made.manifest)?;
            let mut files = Files::new();
            for (path, digest) in &manifest.files {
                files.insert(path.clone(), content.get(digest, path)?);
            }
            Ok(Project::from_files("", files))
        })
        .await
    }

    /// Adds a line to the audit log that tells what was removed from the store. Before the first release there is no
    /// log.
    ///
    /// # Errors
    /// [`DeployError::NothingLive`] without a log, or if the store fails.
    pub async fn removed(
        &self,
        who: &Who,
        action: Action,
        at: UnixMillis,
        removed: &BTreeMap<String, u64>,
        why: Option<String>,
    ) -> Result<(), DeployError> {
        for _ in 0..RACES {
            let row = self.ledger.state().await?.ok_or(DeployError::NothingLive)?;
            let live = Some(row.value.live.release);
            let entry = AuditEntry {
                number: row.value.audit + 1,
                at,
                who: who.clone(),
                action,
                before: live,
                after: live,
                changes: Vec::new(),
                more_changes: 0,
                allowed: Vec::new(),
                why: why.clone(),
                refused: Vec::new(),
                removed: removed.clone(),
            };
            let next = State { audit: entry.number, ..row.value.clone() };
            if self.ledger.commit(&state_ops(Some(&row), &next, &entry)?).await? {
                return Ok(());
            }
        }
        Err(DeployError::Raced(RACES))
    }
}
