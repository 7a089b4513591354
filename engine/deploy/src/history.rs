//! The history of a store for whoever has no engine on it: commands that look after a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use dialgraph_access::Who;
use dialgraph_flow::Project;
use dialgraph_flow::project::Files;
use dialgraph_store::{Blobs, Store, UnixMillis};

use crate::access_log::AccessLog;
use crate::content::{Content, blocking};
use crate::error::DeployError;
use crate::ledger::Ledger;
use crate::rows::{Action, AuditEntry};

/// What is live in a store, and its audit log.
#[derive(Clone)]
pub struct History {
    pub(crate) ledger: Ledger,
    pub(crate) content: Content,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").finish_non_exhaustive()
    }
}

impl History {
    pub fn new(store: Arc<dyn Store>, blobs: Blobs) -> Self {
        Self::over(Ledger::new(store), Content::new(blobs))
    }

    pub(crate) fn over(ledger: Ledger, content: Content) -> Self {
        Self { ledger, content }
    }

    /// Where plugins and flows are kept.
    pub fn content(&self) -> Blobs {
        self.content.blobs()
    }

    /// The project that is live, as it was pushed.
    ///
    /// # Errors
    /// [`DeployError::NothingLive`], or what of it is missing.
    pub async fn live_project(&self) -> Result<Project, DeployError> {
        let state = self.ledger.live().await?;
        let number = state.live.number;
        let missing = || DeployError::Missing { what: format!("release {number}") };
        let made = self.ledger.made(number).await?.ok_or_else(missing)?;
        let content = self.content.clone();
        blocking(move || {
            let manifest = content.read_manifest(&made.manifest)?;
            let mut files = Files::new();
            for (path, digest) in &manifest.files {
                files.insert(path.clone(), content.get(digest, path)?);
            }
            Ok(Project::from_files("", files))
        })
        .await
    }

    /// Who read or changed personal data.
    pub fn access_log(&self) -> AccessLog {
        AccessLog::new(Arc::clone(self.ledger.store()))
    }

    /// Adds a line to the audit log that tells what was removed from the store. Before the first
    /// release there is no log.
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
        let entry = |state: &mut _| {
            let line = AuditEntry::of(state, at, who, action, why.clone());
            Ok(AuditEntry { removed: removed.clone(), ..line })
        };
        self.ledger.edit(entry).await.map(drop)
    }
}
