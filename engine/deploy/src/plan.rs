//! The second stage of a change: what a [`Request`] comes down to as things are.

use dialgraph_base::Digest;
use dialgraph_flow::limits::MAX_FILES;

use crate::content::blocking;
use crate::deploy::Inner;
use crate::error::{DeployError, Reason, Refusal};
use crate::item::{Item, ItemChange, ItemKind};
use crate::manifest::Manifest;
use crate::request::{Request, Want};
use crate::rows::{Action, ReleaseRow, State, Vouched};

/// What a request comes down to, as long as `state` is live.
pub(crate) struct Plan<'r> {
    pub(crate) request: &'r Request,
    pub(crate) state: Option<State>,
    pub(crate) target: Manifest,
    pub(crate) changes: Vec<ItemChange>,
    /// Pinned items that were left at their versions.
    pub(crate) left_out: Vec<Item>,
    /// It is this release of old, as it was.
    pub(crate) reused: Option<&'r ReleaseRow>,
    /// What the project folder is made of from then on.
    pub(crate) folder: Option<Digest>,
}

impl<'r> Plan<'r> {
    /// # Errors
    /// What stands against it whatever its content is.
    pub(crate) async fn of(
        inner: &Inner,
        request: &'r Request,
        state: Option<&State>,
    ) -> Result<Self, DeployError> {
        let action = request.asked.action;
        if state.is_some_and(|state| state.canary.is_some()) && action == Action::Push {
            let words = "a canary is running: promote or withdraw it before you make something \
                else live, or replace it with another canary";
            return Err(DeployError::Conflict(words.to_owned()));
        }
        let base = match state {
            Some(state) => inner.live_manifest(state).await?,
            None => Manifest::default(),
        };
        let (mut target, reused) = match &request.want {
            Want::Items(items) => (edited(&base, items)?, None),
            Want::Release(made, manifest) => (manifest.clone(), Some(&**made)),
        };
        let left_out = keep_pins(&mut target, &base, state, &request.want)?;
        let changes = target.changes_since(&base);
        // With a pinned item left where it is, it is another release than the one to go back to.
        let reused = reused.filter(|_| left_out.is_empty());
        if target.files.len() > MAX_FILES {
            let (bytes, limit) = (target.files.len(), MAX_FILES);
            let what = "the project (in files)".to_owned();
            return Err(DeployError::refused(Reason::TooLarge { what, bytes, limit }));
        }
        if action == Action::RollBack && inner.settings.require_signed {
            let reasons = unvouched(inner, &changes).await?;
            if !reasons.is_empty() {
                return Err(DeployError::Refused(Box::new(Refusal::of(reasons))));
            }
        }
        let folder = match &request.folder {
            Some(folder) => Some(Digest::of(&folder.bytes())),
            None => state.and_then(|state| state.folder),
        };
        let state = state.cloned();
        Ok(Self { request, state, target, changes, left_out, reused, folder })
    }

    /// What is live stays live.
    pub(crate) fn is_same(&self) -> bool {
        let live = self.state.as_ref().map(|state| state.live.number);
        self.changes.is_empty() && self.reused.is_none_or(|made| live == Some(made.number))
    }

    /// Nothing at all would be written.
    pub(crate) fn is_vain(&self) -> bool {
        let ends_canary = self.state.as_ref().is_some_and(|state| state.canary.is_some());
        let folder = self.state.as_ref().and_then(|state| state.folder);
        self.is_same() && !ends_canary && self.folder == folder
    }

    /// The number of the release that it makes.
    pub(crate) fn number(&self) -> u64 {
        match (self.reused, &self.state) {
            (Some(made), _) => made.number,
            (None, Some(state)) if self.changes.is_empty() => state.live.number,
            (None, state) => state.as_ref().map_or(0, |state| state.last) + 1,
        }
    }
}

fn edited(base: &Manifest, items: &[(Item, Option<Digest>)]) -> Result<Manifest, DeployError> {
    let mut target = base.clone();
    for (item, digest) in items {
        // A flow's file may be named as a file, too.
        if digest.is_none() && base.get(item).is_none() {
            return Err(DeployError::refused(Reason::NotThere(item.clone())));
        }
        target.set(item, *digest);
    }
    Ok(target)
}

/// Puts pinned items back to where they are pinned. When nothing but those was asked for, that is
/// refused.
fn keep_pins(
    target: &mut Manifest,
    base: &Manifest,
    state: Option<&State>,
    want: &Want,
) -> Result<Vec<Item>, DeployError> {
    let mut left_out = Vec::new();
    let mut reasons = Vec::new();
    for (item, pin) in state.into_iter().flat_map(|state| &state.pins) {
        if target.get(item) == Some(pin.digest) {
            continue;
        }
        target.set(item, Some(pin.digest));
        left_out.push(item.clone());
        reasons.push(Reason::Pinned {
            item: item.clone(),
            digest: pin.digest.to_string(),
            by: pin.by.name.clone(),
        });
    }
    let vain = matches!(want, Want::Items(_)) && target == base;
    if vain && !reasons.is_empty() {
        return Err(DeployError::Refused(Box::new(Refusal::of(reasons))));
    }
    Ok(left_out)
}

/// What stands against plugins that come back: what is asked of one that is pushed is asked of
/// them, too, with the keys that are trusted now.
async fn unvouched(inner: &Inner, changes: &[ItemChange]) -> Result<Vec<Reason>, DeployError> {
    let mut reasons = Vec::new();
    let plugins = changes.iter().filter(|change| change.item.kind == ItemKind::Plugin);
    for (name, digest) in plugins.filter_map(|c| Some((&c.item.name, c.after?))) {
        let vouched = inner.ledger.vouched(&digest).await?;
        match vouched {
            Some(Vouched { shipped: true, .. }) => {}
            Some(Vouched { signature: Some(signature), .. }) => {
                let (content, plugin) = (inner.content.clone(), name.clone());
                let bytes = blocking(move || content.get(&digest, &plugin)).await?;
                reasons.extend(inner.settings.trusted.signer(name, &bytes, &signature).err());
            }
            Some(Vouched { signature: None, .. }) | None => reasons.push(Reason::Unsigned {
                plugin: name.clone(),
                how: format!(
                    "version {digest} of it was pushed without a signature; push it again with one"
                ),
            }),
        }
    }
    Ok(reasons)
}
