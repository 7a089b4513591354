//! What changes without a new release: pins, and the share and the end of a canary.

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_flow::Digest;

use crate::change::needs;
use crate::deploy::{Deploy, Inner};
use crate::error::DeployError;
use crate::item::{Item, ItemChange};
use crate::rows::{self, Action, AuditEntry, CanaryState, Deployed, State};
use crate::who::{Role, Who};

impl Deploy {
    /// Keeps an item at the version that is live: pushes and rollbacks leave it there.
    ///
    /// # Errors
    /// When there is no such item, or who may not.
    pub async fn pin(
        &self,
        who: &Who,
        item: &Item,
        why: Option<String>,
    ) -> Result<(), DeployError> {
        needs(who, Role::Designer, "pinning")?;
        let inner = &self.0;
        let state = inner.state().await?.ok_or(DeployError::NothingLive)?.value;
        let made = inner.made(state.live.number).await?;
        let manifest = inner.manifest(made.manifest).await?;
        let digest = manifest
            .get(item)
            .ok_or_else(|| DeployError::Unknown(format!("there is no {item}")))?;
        inner
            .edit(|state| {
                if state.live.number != made.number {
                    return Err(DeployError::Conflict("the release changed meanwhile".to_owned()));
                }
                let pin = rows::Pin { digest, by: who.clone(), at: inner.now() };
                state.pins.insert(item.clone(), pin);
                Ok(inner.line(state, who, Action::Pin, Some((item, digest)), why.clone()))
            })
            .await
            .map(drop)
    }

    /// Lets pushes change an item again.
    ///
    /// # Errors
    /// When it is not pinned, or who may not.
    pub async fn unpin(
        &self,
        who: &Who,
        item: &Item,
        why: Option<String>,
    ) -> Result<(), DeployError> {
        needs(who, Role::Designer, "pinning")?;
        let inner = &self.0;
        let edit = |state: &mut State| match state.pins.remove(item) {
            Some(pin) => {
                Ok(inner.line(state, who, Action::Unpin, Some((item, pin.digest)), why.clone()))
            }
            None => Err(DeployError::Unknown(format!("{item} is not pinned"))),
        };
        inner.edit(edit).await.map(drop)
    }

    /// Gives the canary another share of new calls.
    ///
    /// # Errors
    /// When there is no canary, or who may not.
    pub async fn canary_share(&self, who: &Who, percent: u8) -> Result<(), DeployError> {
        needs(who, Role::Designer, "changing what is live")?;
        if !(1..=100).contains(&percent) {
            let words = "a canary gets 1 to 100 of 100 new calls";
            return Err(DeployError::Conflict(words.to_owned()));
        }
        let inner = &self.0;
        let edit = |state: &mut State| {
            canary_of(state, None)?.percent = percent;
            let why = Some(format!("{percent} %"));
            Ok(inner.canary_line(state, who, Action::CanaryShare, why))
        };
        inner.edit(edit).await.map(drop)
    }

    /// Makes the canary the release that all new calls get.
    ///
    /// # Errors
    /// When there is no canary, or who may not.
    pub async fn promote(&self, who: &Who, why: Option<String>) -> Result<(), DeployError> {
        needs(who, Role::Designer, "changing what is live")?;
        let inner = &self.0;
        let edit = |state: &mut State| {
            let canary = canary_of(state, None)?.clone();
            let entry = inner.canary_line(state, who, Action::CanaryPromote, why.clone());
            state.live = Deployed { since: inner.now(), by: who.clone(), ..canary.deployed };
            state.canary = None;
            Ok(entry)
        };
        let state = inner.edit(edit).await?;
        inner.happened(Action::CanaryPromote.as_str());
        let made = inner.made(state.live.number).await?;
        let manifest = inner.manifest(made.manifest).await?;
        // With its records.
        let candidate = inner.check(inner.content.clone(), manifest, BTreeSet::new()).await?;
        let (_, project) = inner.hold(candidate);
        if let Err(why) = inner.worlds.seed(&project).await {
            tracing::warn!(why, "records of the promoted release could not be put in");
        }
        Ok(())
    }

    /// Takes the canary back. `number`: only if it is this one.
    ///
    /// # Errors
    /// When there is no such canary, or who may not.
    pub async fn withdraw(
        &self,
        who: &Who,
        number: Option<u64>,
        why: Option<String>,
    ) -> Result<(), DeployError> {
        needs(who, Role::Designer, "changing what is live")?;
        let inner = &self.0;
        let edit = |state: &mut State| {
            canary_of(state, number)?;
            let mut entry = inner.canary_line(state, who, Action::CanaryWithdraw, why.clone());
            std::mem::swap(&mut entry.before, &mut entry.after);
            state.canary = None;
            Ok(entry)
        };
        inner.edit(edit).await?;
        inner.happened(Action::CanaryWithdraw.as_str());
        Ok(())
    }
}

fn canary_of(state: &mut State, number: Option<u64>) -> Result<&mut CanaryState, DeployError> {
    let none = || DeployError::Conflict("there is no such canary".to_owned());
    let canary = state.canary.as_mut().ok_or_else(none)?;
    match number {
        Some(number) if canary.deployed.number != number => Err(none()),
        _ => Ok(canary),
    }
}

impl Inner {
    /// A line of the log about what leaves the release as it is.
    pub(crate) fn line(
        &self,
        state: &State,
        who: &Who,
        action: Action,
        item: Option<(&Item, Digest)>,
        why: Option<String>,
    ) -> AuditEntry {
        let stays = |(item, digest): (&Item, Digest)| ItemChange {
            item: item.clone(),
            before: Some(digest),
            after: Some(digest),
        };
        AuditEntry {
            number: state.audit + 1,
            at: self.now(),
            who: who.clone(),
            action,
            before: Some(state.live.release),
            after: Some(state.live.release),
            changes: item.map(stays).into_iter().collect(),
            more_changes: 0,
            allowed: Vec::new(),
            why,
            refused: Vec::new(),
            removed: BTreeMap::new(),
        }
    }

    /// A line about the canary, from what is live to it.
    fn canary_line(
        &self,
        state: &State,
        who: &Who,
        action: Action,
        why: Option<String>,
    ) -> AuditEntry {
        let after = state.canary.as_ref().map(|canary| canary.deployed.release);
        AuditEntry { after, ..self.line(state, who, action, None, why) }
    }
}
