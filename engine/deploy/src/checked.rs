//! The third and fourth stage of a change: a [`Plan`] that was found good, and what is written of
//! it.

use std::collections::BTreeMap;

use dialgraph_access::Role;
use dialgraph_base::Digest;
use dialgraph_store::{Expect, Op, StoreError, UnixMillis};

use crate::candidate::Candidate;
use crate::change::ChangeOutcome;
use crate::checks::Admitted;
use crate::content::blocking;
use crate::deploy::Inner;
use crate::error::{DeployError, Reason, Refusal, needs};
use crate::item::ItemKind;
use crate::ledger::{Round, Written};
use crate::patience::Patience;
use crate::plan::Plan;
use crate::request::Request;
use crate::rows::{
    self, Action, AuditEntry, CHANGES_TOLD, CanaryState, Deployed, Latest, ReleaseRow, State,
    Version,
};

/// What a plan comes to was found good, whatever is live.
pub(crate) struct Good {
    candidate: Candidate,
    /// Holds as long as no content is being removed since before it was checked.
    unclaimed: Op,
}

/// A plan that was found good and that whoever asks for it may have.
pub(crate) struct Checked<'r> {
    plan: Plan<'r>,
    good: Good,
    outcome: ChangeOutcome,
}

/// One whose content is durable.
pub(crate) struct Kept<'r> {
    checked: Checked<'r>,
    /// Blob of its manifest.
    manifest: Digest,
}

/// One that is in the store.
pub(crate) struct Committed<'r> {
    checked: Checked<'r>,
    written: Written,
}

impl Good {
    /// Checks what `plan` comes to.
    async fn check(
        inner: &Inner,
        plan: &Plan<'_>,
        admitted: &Admitted,
        patience: &Patience,
    ) -> Result<Self, DeployError> {
        // Before any of its content is looked at.
        let unclaimed = inner.ledger.unclaimed(&*inner.clock).await?;
        let Request { content, pushed, .. } = plan.request;
        let (content, pushed, target) = (content.clone(), pushed.clone(), plan.target.clone());
        let mut candidate =
            inner.workshop.check(admitted, patience, content, target, pushed).await?;
        // Said, and no more: a table may be made after the flows that use it, and a database that
        // is down must hold up nobody who puts the flows right.
        if let Some(sources) = candidate.world.sources(&candidate.release.digest) {
            let troubles = (sources.look)().await.into_iter();
            candidate.warnings.extend(troubles.map(|(collection, why)| {
                format!("calls cannot use the records of `{collection}` now: {why}")
            }));
        }
        let fit = inner.workshop.worlds.check_records(&candidate.project).await;
        fit.map_err(|why| DeployError::refused(Reason::Data(why)))?;
        Ok(Self { candidate, unclaimed })
    }
}

impl<'r> Checked<'r> {
    /// Checks `plan`, unless it comes to what was found good `before`.
    ///
    /// # Errors
    /// All that stands against what it comes to, or against whoever asks for it.
    pub(crate) async fn of(
        inner: &Inner,
        plan: Plan<'r>,
        before: Option<Good>,
        round: &mut Round,
        (admitted, patience): (&Admitted, &Patience),
    ) -> Result<Self, DeployError> {
        let good = match before {
            // Others changed what does not matter to it.
            Some(good) if good.candidate.manifest == plan.target => good,
            _ => {
                round.let_others_write();
                Good::check(inner, &plan, admitted, patience).await?
            }
        };
        Self::permitted(inner, plan, good)
    }

    /// # Errors
    /// When whoever asks may not have it, or did not say that plugins may reach more.
    fn permitted(inner: &Inner, plan: Plan<'r>, good: Good) -> Result<Self, DeployError> {
        let Good { candidate, .. } = &good;
        let (request, state) = (plan.request, plan.state.as_ref());
        let before = state.and_then(|state| inner.held.reach_of(&state.live.release));
        let widened = candidate.reach.beyond(&before.unwrap_or_default());
        let lacking = request.allow.lacking(&widened);
        if !lacking.is_empty() {
            let reasons = lacking.into_iter().map(|widening| Reason::Widened { widening });
            let report = Some(good.candidate.report);
            let refusal = Refusal { reasons: reasons.collect(), report };
            return Err(DeployError::Refused(Box::new(refusal)));
        }
        if !widened.is_empty() && request.allow.is_something() {
            needs(&request.asked.who, Role::Operator, "letting plugins reach more")?;
        }
        if plan.is_same() && request.canary.is_some() {
            let words = "nothing differs from what is live, so a canary has nothing to test";
            return Err(DeployError::Conflict(words.to_owned()));
        }
        let report = &candidate.report;
        let has_report = !report.report.is_empty();
        let outcome = ChangeOutcome {
            changed: false,
            dry_run: request.asked.dry_run,
            release: candidate.release.digest,
            number: plan.number(),
            before: state.map(|state| state.live.release),
            canary: request.canary,
            changes: plan.changes.clone(),
            widened,
            left_out: plan.left_out.clone(),
            warnings: candidate.warnings.clone(),
            report: has_report.then(|| report.json.clone()),
            rendered: has_report.then(|| report.rendered.clone()),
        };
        Ok(Self { plan, good, outcome })
    }

    /// What came of it, when nothing is to be written.
    pub(crate) fn unwritten(self) -> Result<ChangeOutcome, Box<Self>> {
        match self.outcome.dry_run || self.plan.is_vain() {
            true => Ok(self.outcome),
            false => Err(Box::new(self)),
        }
    }

    /// Makes its content durable.
    pub(crate) async fn keep(self) -> Result<Kept<'r>, DeployError> {
        let Request { content, folder, .. } = self.plan.request;
        let (content, folder) = (content.clone(), folder.clone());
        let target = self.plan.target.clone();
        let manifest = blocking(move || {
            content.keep()?;
            let digest = content.put(&target.bytes())?;
            folder.map(|folder| content.put(&folder.bytes())).transpose()?;
            Ok(digest)
        })
        .await?;
        Ok(Kept { checked: self, manifest })
    }
}

impl<'r> Kept<'r> {
    /// For another round: others were faster.
    pub(crate) fn into_good(self) -> Good {
        self.checked.good
    }

    /// Writes it: rows that mean nothing by themselves first, then the one commit.
    pub(crate) async fn commit(
        self,
        inner: &Inner,
        round: Round,
    ) -> Result<Committed<'r>, DeployError> {
        let Self { mut checked, manifest } = self;
        let at = inner.now();
        let rows = checked.rows(inner, manifest, at)?;
        inner.ledger.prewrite(&rows.first).await?;
        let written = round.commit(rows.next, rows.entry, rows.ops).await?;
        checked.outcome.changed = !checked.plan.is_same();
        Ok(Committed { checked, written })
    }
}

/// What is written of a change.
struct Rows {
    /// Rows that mean nothing by themselves.
    first: Vec<Op>,
    next: State,
    entry: AuditEntry,
    ops: Vec<Op>,
}

impl Checked<'_> {
    fn rows(&self, inner: &Inner, manifest: Digest, at: UnixMillis) -> Result<Rows, StoreError> {
        let Self { plan, good, outcome } = self;
        let (request, asked, state) = (plan.request, &plan.request.asked, plan.state.as_ref());
        let (number, release, by) = (outcome.number, outcome.release, asked.who.clone());
        let deployed = Deployed { number, release, since: at, by: by.clone() };
        let mut next = state.cloned().unwrap_or_else(|| State {
            live: deployed.clone(),
            canary: None,
            pins: BTreeMap::new(),
            last: 0,
            audit: 0,
            folder: None,
        });
        let same = plan.is_same();
        let (mut first, mut ops) = (Vec::new(), vec![good.unclaimed.clone()]);
        if !same && plan.reused.is_none() {
            let (why, parent) = (asked.why.clone(), state.map(|state| state.live.number));
            let made = ReleaseRow { number, release, manifest, at, by, why, parent };
            let latest = Latest { number, manifest };
            ops.push(Op::put_value(rows::made(number)?, &made, Expect::Absent)?);
            ops.push(Op::put_value(rows::latest(&release)?, &latest, Expect::Any)?);
            next.last = number;
            if asked.action != Action::RollBack {
                first = version_ops(request, outcome, at)?;
            }
        }
        if request.canary.is_some() || !same {
            ops.push(inner.pinned.noting(release)?);
        }
        match request.canary {
            Some(percent) => {
                let rules = inner.settings.canary;
                next.canary = Some(CanaryState { deployed, percent, rules });
            }
            None => {
                next.canary = None;
                if !same {
                    next.live = deployed;
                }
            }
        }
        next.folder = plan.folder;
        let allowed = outcome.widened.iter().map(|w| format!("{}:{}", w.plugin, w.access));
        let entry = AuditEntry {
            before: outcome.before,
            after: Some(release),
            changes: outcome.changes.iter().take(CHANGES_TOLD).cloned().collect(),
            more_changes: outcome.changes.len().saturating_sub(CHANGES_TOLD) as u64,
            allowed: allowed.collect(),
            ..AuditEntry::of(&next, at, &asked.who, asked.action, asked.why.clone())
        };
        Ok(Rows { first, next, entry, ops })
    }
}

impl Committed<'_> {
    /// Brings this process to it.
    pub(crate) async fn go_live(self, inner: &Inner) -> Result<ChangeOutcome, DeployError> {
        let Self { checked, written } = self;
        let Checked { plan, good, mut outcome } = checked;
        let Written { state, alone } = written;
        if outcome.changed {
            inner.happened(plan.request.asked.action.as_str());
        }
        let (_, project) = inner.held.hold(good.candidate);
        if plan.request.canary.is_none() {
            match inner.workshop.worlds.seed(&project).await {
                Ok(troubles) => outcome.warnings.extend(troubles),
                Err(why) => outcome.warnings.push(format!(
                    "it is live, but its seed records could not be written ({why}); the engine \
                    tries again at its next start"
                )),
            }
        }
        inner.held.adopt(&state).await?;
        drop(alone);
        Ok(outcome)
    }
}

fn version_ops(
    request: &Request,
    outcome: &ChangeOutcome,
    at: UnixMillis,
) -> Result<Vec<Op>, StoreError> {
    let versioned = outcome.changes.iter().filter(|change| change.item.kind != ItemKind::File);
    let plugins = outcome.changes.iter().filter(|change| change.item.kind == ItemKind::Plugin);
    let vouched =
        plugins.filter_map(|change| Some((change.after?, request.vouched.get(&change.item.name)?)));
    versioned
        .map(|change| {
            let signed_by = match change.item.kind {
                ItemKind::Plugin => request.signed.get(&change.item.name).cloned(),
                _ => None,
            };
            let version = Version {
                digest: change.after,
                number: outcome.number,
                release: outcome.release,
                at,
                by: request.asked.who.clone(),
                previous: change.before,
                signed_by,
            };
            Op::put_value(rows::version(&change.item, outcome.number)?, &version, Expect::Any)
        })
        .chain(
            vouched.map(|(plugin, vouched)| {
                Op::put_value(rows::vouched(&plugin)?, vouched, Expect::Any)
            }),
        )
        .collect()
}
