//! The one way in which anything goes live: [`Request`] → [`Plan`] → [`Checked`] → kept →
//! committed, each made only of the one before it.

use dialgraph_access::{Role, Who};

use crate::change::{Change, ChangeOutcome, RollbackTarget};
use crate::checked::{Checked, Good};
use crate::checks::Admitted;
use crate::deploy::{Deploy, Inner};
use crate::error::{DeployError, gone, needs};
use crate::item::Item;
use crate::ledger::{Round, Write};
use crate::manifest::Manifest;
use crate::patience::Patience;
use crate::plan::Plan;
use crate::reach::Allow;
use crate::request::{Asked, Request, Want};

impl Deploy {
    /// Checks a change and makes it live.
    ///
    /// # Errors
    /// [`DeployError::Refused`] with everything that stands against it, or what else went wrong.
    /// Whatever it is, nothing has changed.
    pub async fn push(&self, who: &Who, change: Change) -> Result<ChangeOutcome, DeployError> {
        self.push_with(who, change, None).await
    }

    pub(crate) async fn push_with(
        &self,
        who: &Who,
        change: Change,
        folder: Option<Manifest>,
    ) -> Result<ChangeOutcome, DeployError> {
        needs(who, Role::Designer, "changing what is live")?;
        if change.canary.is_some_and(|percent| !(1..=100).contains(&percent)) {
            let words = "a canary takes 1 to 100 percent of new calls";
            return Err(DeployError::Conflict(words.to_owned()));
        }
        let inner = &self.0;
        match Request::push(who, change, folder, &inner.content, &inner.settings) {
            Ok(request) => inner.change(request).await,
            Err(unfit) => {
                inner.note_refusal(&unfit.asked, &unfit.refusal).await?;
                Err(unfit.refusal)
            }
        }
    }

    /// Goes back to an earlier release, as a whole. Pinned items stay where they are; a canary
    /// ends.
    ///
    /// # Errors
    /// As [`push`](Self::push): an earlier release is checked like a new one.
    pub async fn roll_back(
        &self,
        who: &Who,
        back: &RollbackTarget,
        allow: Allow,
        why: Option<String>,
    ) -> Result<ChangeOutcome, DeployError> {
        needs(who, Role::Designer, "changing what is live")?;
        let inner = &self.0;
        let state = inner.ledger.live().await?;
        let made = match back {
            RollbackTarget::OneStep => {
                let live = inner.ledger.release(state.live.number).await?;
                let first = || {
                    let words = "the live release is the first one; there is none to go back to";
                    DeployError::Unknown(words.to_owned())
                };
                inner.ledger.release(live.parent.ok_or_else(first)?).await?
            }
            RollbackTarget::To(text) => inner.ledger.find_release(text).await?,
        };
        let manifest = inner.content.manifest(made.manifest).await.map_err(gone)?;
        let want = Want::Release(Box::new(made), manifest);
        let request = Request::back(who, want, &inner.content, allow, why);
        inner.change(request).await.map_err(gone)
    }

    /// Takes one flow or plugin back to an earlier version; the rest stays as it is. A canary ends.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn roll_back_item(
        &self,
        who: &Who,
        item: &Item,
        back: &RollbackTarget,
        allow: Allow,
        why: Option<String>,
    ) -> Result<ChangeOutcome, DeployError> {
        needs(who, Role::Designer, "changing what is live")?;
        let inner = &self.0;
        let live = inner.live_manifest(&inner.ledger.live().await?).await?;
        let digest = inner.ledger.earlier(item, live.get(item), back).await?;
        let want = Want::Items(vec![(item.clone(), digest)]);
        let request = Request::back(who, want, &inner.content, allow, why);
        inner.change(request).await.map_err(gone)
    }
}

/// A request on its way, begun again as often as it is overtaken.
struct Going<'i> {
    inner: &'i Inner,
    request: &'i Request,
    patience: Patience,
    /// Kept to the end: no more than these can overtake each other at a time, and nobody waits for
    /// it while others wait for him.
    admitted: Admitted,
    /// What was found good before others were faster.
    good: Option<Good>,
}

impl Write for Going<'_> {
    type Done = ChangeOutcome;

    fn is_ready(&self) -> bool {
        self.good.is_some()
    }

    async fn attempt(&mut self, mut round: Round) -> Result<ChangeOutcome, DeployError> {
        let inner = self.inner;
        if let Some(state) = round.state() {
            inner.held.adopt(state).await?;
        }
        let plan = Plan::of(inner, self.request, round.state()).await?;
        let waiting = (&self.admitted, &self.patience);
        let checked = Checked::of(inner, plan, self.good.take(), &mut round, waiting).await?;
        let checked = match checked.unwritten() {
            Ok(outcome) => return Ok(outcome),
            Err(checked) => checked,
        };
        let kept = checked.keep().await?;
        // Others may have been faster while this was checked.
        if !round.is_current().await? {
            self.good = Some(kept.into_good());
            return Err(DeployError::Raced(1));
        }
        kept.commit(inner, round).await?.go_live(inner).await
    }
}

impl Inner {
    async fn change(&self, request: Request) -> Result<ChangeOutcome, DeployError> {
        let waits = if request.folder.is_some() { None } else { self.settings.change_timeout };
        let patience = Patience::new(waits);
        let admitted = self.workshop.admit(&patience).await?;
        let request = &request;
        let mut going = Going { inner: self, request, patience, admitted, good: None };
        let done = self.ledger.write(&mut going).await;
        if let Err(error) = &done {
            self.note_refusal(&request.asked, error).await?;
        }
        done
    }

    /// Notes that somebody tried what was refused, or what they may not do. Other failures are no
    /// decision, and are not noted.
    async fn note_refusal(&self, asked: &Asked, error: &DeployError) -> Result<(), DeployError> {
        let Some(line) = asked.refused(error, || self.now()) else { return Ok(()) };
        self.happened("refused");
        self.ledger.note(&[], line).await
    }
}
