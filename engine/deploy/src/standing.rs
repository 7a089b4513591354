//! What changes without a new release: pins, and the share and the end of a canary.

use std::collections::BTreeSet;

use dialgraph_access::{Role, Who};
use dialgraph_base::Digest;
use dialgraph_store::UnixMillis;

use crate::deploy::{Deploy, Inner};
use crate::error::{DeployError, needs};
use crate::item::{Item, ItemChange};
use crate::ledger::Written;
use crate::patience::Patience;
use crate::rows::{self, Action, AuditEntry, CanaryState, Deployed, State};

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
        let state = inner.ledger.live().await?;
        let made = inner.ledger.release(state.live.number).await?;
        let manifest = inner.content.manifest(made.manifest).await?;
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
                Ok(item_line(state, inner.now(), who, Action::Pin, (item, digest), why.clone()))
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
                let was = (item, pin.digest);
                Ok(item_line(state, inner.now(), who, Action::Unpin, was, why.clone()))
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
            let words = "a canary takes 1 to 100 percent of new calls";
            return Err(DeployError::Conflict(words.to_owned()));
        }
        let inner = &self.0;
        let edit = |state: &mut State| {
            canary_of(state, None)?.percent = percent;
            let why = Some(format!("{percent} %"));
            Ok(canary_line(state, inner.now(), who, Action::CanaryShare, why))
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
            let entry = canary_line(state, inner.now(), who, Action::CanaryPromote, why.clone());
            state.live = Deployed { since: inner.now(), by: who.clone(), ..canary.deployed };
            state.canary = None;
            Ok(entry)
        };
        let state = inner.edit(edit).await?;
        inner.happened(Action::CanaryPromote.as_str());
        let made = inner.ledger.release(state.live.number).await?;
        let manifest = inner.content.manifest(made.manifest).await?;
        // With its records.
        let patience = Patience::new(None);
        let (admitted, content) = (inner.workshop.admit(&patience).await?, inner.content.clone());
        let candidate =
            inner.workshop.check(&admitted, &patience, content, manifest, BTreeSet::new()).await?;
        let (_, project) = inner.held.hold(candidate);
        match inner.workshop.worlds.seed(&project).await {
            Ok(troubles) => {
                for trouble in troubles {
                    tracing::error!(trouble, "the records of the live release are not complete");
                }
            }
            Err(why) => {
                let words = "the seed records of the promoted release could not be written";
                tracing::warn!(why, "{words}");
            }
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
            let mut entry =
                canary_line(state, inner.now(), who, Action::CanaryWithdraw, why.clone());
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

/// A line about the canary, from what is live to it.
fn canary_line(
    state: &State,
    at: UnixMillis,
    who: &Who,
    action: Action,
    why: Option<String>,
) -> AuditEntry {
    let after = state.canary.as_ref().map(|canary| canary.deployed.release);
    AuditEntry { after, ..AuditEntry::of(state, at, who, action, why) }
}

/// A line about an item that stays as it is.
fn item_line(
    state: &State,
    at: UnixMillis,
    who: &Who,
    action: Action,
    (item, digest): (&Item, Digest),
    why: Option<String>,
) -> AuditEntry {
    let digest = Some(digest);
    let stays = ItemChange { item: item.clone(), before: digest, after: digest };
    AuditEntry { changes: vec![stays], ..AuditEntry::of(state, at, who, action, why) }
}

impl Inner {
    /// Changes the state, and brings this process to it.
    async fn edit(
        &self,
        edit: impl Fn(&mut State) -> Result<AuditEntry, DeployError> + Send,
    ) -> Result<State, DeployError> {
        let Written { state, alone } = self.ledger.edit(edit).await?;
        self.held.adopt(&state).await?;
        drop(alone);
        Ok(state)
    }
}
