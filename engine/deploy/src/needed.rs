//! Which content the releases need that are live and that one may go back to, so that what is
//! missing is found before somebody needs it.

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_base::Digest;
use dialgraph_store::Needed;

use crate::content::blocking;
use crate::error::DeployError;
use crate::history::History;
use crate::manifest::Manifest;
use crate::rows::{ReleaseRow, State};

impl History {
    /// Tells the content beside the store what of it is needed: by what new calls get, and by the
    /// `keep` newest releases and as many before what is live; 0: by all. Nothing in a store that
    /// nothing was ever live in.
    ///
    /// # Errors
    /// If the store fails, or the note beside the content cannot be written.
    pub async fn note_needed(&self, keep: u32) -> Result<(), DeployError> {
        let needed = self.needed(keep).await?;
        let content = self.content();
        blocking(move || Ok(content.note_needed(&needed)?)).await
    }

    async fn needed(&self, keep: u32) -> Result<Vec<Needed>, DeployError> {
        let Some(state) = self.ledger.state().await? else { return Ok(Vec::new()) };
        let state = state.value;
        let mut all = self.ledger.all_made().await?;
        let before = forebears(&all, &state, keep);
        let canary = state.canary.as_ref().map(|canary| canary.deployed.number);
        let mut needed = BTreeMap::new();
        // What is live first: content that is in several releases is named by it.
        let is_live =
            |made: &ReleaseRow| made.number == state.live.number || Some(made.number) == canary;
        all.sort_by_key(|made| (!is_live(made), std::cmp::Reverse(made.number)));
        let mut is_told = true;
        for made in &all {
            let is_kept = keep == 0
                || made.number.saturating_add(keep.into()) > state.last
                || before.contains(&made.number);
            if is_live(made) || is_kept {
                is_told &= self.add(made, is_live(made), &mut needed).await?;
            }
        }
        if !is_told {
            // What was noted while it could be told still holds.
            let content = self.content();
            let noted = blocking(move || Ok(content.needed())).await?;
            for noted in noted {
                needed.entry(noted.digest).or_insert(noted);
            }
        }
        Ok(needed.into_values().collect())
    }

    /// Adds what a release is made of; says whether all of it could be told.
    async fn add(
        &self,
        made: &ReleaseRow,
        is_live: bool,
        needed: &mut BTreeMap<Digest, Needed>,
    ) -> Result<bool, DeployError> {
        let mut add = |digest: Digest, by: String| {
            needed.entry(digest).or_insert(Needed { digest, by, is_live });
        };
        let release = format!("release {}", made.number);
        add(made.manifest, release.clone());
        let (content, digest) = (self.content.clone(), made.manifest);
        // What it is made of cannot be told without it; that it is missing is told.
        let manifest: Option<Manifest> =
            blocking(move || Ok(content.read_manifest(&digest).ok())).await?;
        let Some(manifest) = manifest else { return Ok(false) };
        for (path, digest) in &manifest.files {
            add(*digest, format!("`{path}` of {release}"));
        }
        for (name, digest) in &manifest.plugins {
            add(*digest, format!("the plugin `{name}` of {release}"));
        }
        Ok(true)
    }
}

/// Numbers of what is live and on trial, and of `count` releases before each, as one goes back from
/// it.
pub(crate) fn forebears(all: &[ReleaseRow], state: &State, count: u32) -> BTreeSet<u64> {
    let parent = |number: u64| {
        let found = all.binary_search_by_key(&number, |made| made.number).ok()?;
        all.get(found)?.parent
    };
    let canary = state.canary.as_ref().map(|canary| canary.deployed.number);
    let mut found = BTreeSet::new();
    for first in [Some(state.live.number), canary].into_iter().flatten() {
        let mut next = Some(first);
        for _ in 0..=count {
            let Some(number) = next else { break };
            found.insert(number);
            next = parent(number);
        }
    }
    found
}
