//! The one way in which anything goes live: check all of it, then commit one row.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use dialgraph_flow::Digest;
use dialgraph_store::{Expect, Op, StoreError, Typed};

use crate::deploy::{Deploy, Inner, blocking};
use crate::error::{DeployError, Reason, Refusal};
use crate::item::{Item, ItemChange, ItemKind, bad_path, is_name};
use crate::manifest::Manifest;
use crate::reach::{Allow, Widening};
use crate::rows::{
    self, Action, AuditEntry, CHANGES_TOLD, CanaryState, Deployed, Latest, Made, State, Version,
    Vouched,
};
use crate::store::{Content, state_ops};
use crate::who::{Role, Who};

/// Largest text file of a project, as a project folder is read.
pub const MAX_FILE_BYTES: usize = 4 << 20;
/// Most files of a project.
pub const MAX_FILES: usize = 5_000;
/// Longest text of a signature that is kept; minisign's have some 300 bytes.
const MAX_SIGNATURE_BYTES: usize = 4096;
/// How often a change is made again because others were faster.
const RACES: u32 = 8;

/// What somebody wants to be otherwise. All of it goes live at once, or nothing of it.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Path within the project to the text; none takes the file out.
    pub files: BTreeMap<String, Option<Vec<u8>>>,
    /// Flows by name, put where the flow's file lies; none takes the flow out.
    pub flows: BTreeMap<String, Option<Vec<u8>>>,
    /// Plugins by name; none takes the plugin out.
    pub plugins: BTreeMap<String, Option<NewPlugin>>,
    /// What plugins may reach that they do not reach now. Needs [`Role::Operator`].
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
    bytes: Arc<Vec<u8>>,
    signature: Option<String>,
    shipped: bool,
}

impl NewPlugin {
    /// A component, with the text of its `.minisig` if it is signed.
    pub fn new(bytes: Vec<u8>, signature: Option<String>) -> Self {
        Self { bytes: Arc::new(bytes), signature, shipped: false }
    }

    /// A component that comes with the engine: it needs no signature, and may wait unused for its grants.
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
pub enum Back {
    /// To what was there before what is there now.
    #[default]
    OneStep,
    /// To this one: the digest or its first digits (with or without `sha256:`), of a release also its number.
    To(String),
}

/// What came of a change.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
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

/// A change that was looked at as far as one can without knowing what is live.
struct Request {
    action: Action,
    want: Want,
    content: Content,
    /// Plugins that must be usable, because somebody pushes them now.
    pushed: BTreeSet<String>,
    signed: BTreeMap<String, String>,
    /// What speaks for plugins that are pushed, for when they come back.
    vouched: BTreeMap<String, Vouched>,
    allow: Allow,
    why: Option<String>,
    canary: Option<u8>,
    dry_run: bool,
    folder: Option<Manifest>,
}

/// What is to be live.
enum Want {
    /// What is live, with these items at these versions.
    Items(Vec<(Item, Option<Digest>)>),
    /// An earlier release.
    Release(Box<Made>, Manifest),
}

impl Deploy {
    /// Checks a change and makes it live.
    ///
    /// # Errors
    /// [`DeployError::Refused`] with everything that stands against it, or what else went wrong. Whatever it is,
    /// nothing has changed.
    pub async fn push(&self, who: &Who, change: Change) -> Result<Outcome, DeployError> {
        self.push_with(who, change, None).await
    }

    pub(crate) async fn push_with(
        &self,
        who: &Who,
        change: Change,
        folder: Option<Manifest>,
    ) -> Result<Outcome, DeployError> {
        needs(who, Role::Designer, "changing what is live")?;
        let inner = &self.0;
        let Change { files, flows, plugins, allow, why, canary, dry_run } = change;
        let mut reasons = Vec::new();
        if canary.is_some_and(|percent| !(1..=100).contains(&percent)) {
            let words = "a canary gets 1 to 100 of 100 new calls";
            return Err(DeployError::Conflict(words.to_owned()));
        }
        let mut fresh = HashMap::new();
        let mut items = Vec::new();
        let mut text = |item: Item, bytes: Option<Vec<u8>>, reasons: &mut Vec<Reason>| {
            let digest = bytes.map(|bytes| {
                if bytes.len() > MAX_FILE_BYTES {
                    let what = format!("`{}`", item.name);
                    let (bytes, limit) = (bytes.len(), MAX_FILE_BYTES);
                    reasons.push(Reason::TooLarge { what, bytes, limit });
                }
                let digest = Digest::of(&bytes);
                fresh.insert(digest, bytes);
                digest
            });
            items.push((item, digest));
        };
        for (path, bytes) in files {
            if let Some(why) = bad_path(&path) {
                reasons.push(Reason::Path { path: path.clone(), why });
            }
            text(Item { kind: ItemKind::File, name: path }, bytes, &mut reasons);
        }
        for (name, bytes) in flows {
            if !is_name(&name) {
                reasons.push(Reason::Name { kind: "flow", name: name.clone() });
            }
            text(Item::flow(name), bytes, &mut reasons);
        }
        let (mut pushed, mut signed) = (BTreeSet::new(), BTreeMap::new());
        let mut vouched = BTreeMap::new();
        for (name, plugin) in plugins {
            if !is_name(&name) {
                reasons.push(Reason::Name { kind: "plugin", name: name.clone() });
            }
            let digest = plugin.as_ref().map(|plugin| Digest::of(&plugin.bytes));
            if let (Some(plugin), Some(digest)) = (plugin, digest) {
                match inner.signer(&name, &plugin) {
                    Ok(Some(signer)) => drop(signed.insert(name.clone(), signer)),
                    Ok(None) => {}
                    Err(reason) => reasons.push(reason),
                }
                if !plugin.shipped {
                    pushed.insert(name.clone());
                }
                let signature = plugin.signature.filter(|text| text.len() <= MAX_SIGNATURE_BYTES);
                if plugin.shipped || signature.is_some() {
                    vouched.insert(name.clone(), Vouched { shipped: plugin.shipped, signature });
                }
                let bytes = Arc::unwrap_or_clone(plugin.bytes);
                fresh.insert(digest, bytes);
            }
            items.push((Item::plugin(name), digest));
        }
        let content = inner.content.with(&Arc::new(fresh));
        let want = Want::Items(items);
        let action = if canary.is_some() { Action::CanaryStart } else { Action::Push };
        let request = Request {
            action,
            want,
            content,
            pushed,
            signed,
            vouched,
            allow,
            why,
            canary,
            dry_run,
            folder,
        };
        if !reasons.is_empty() {
            // Not a byte of it was parsed.
            let refusal = DeployError::Refused(Box::new(Refusal { reasons, report: None }));
            inner.audit_refusal(who, &request, &refusal).await?;
            return Err(refusal);
        }
        inner.change(who, request).await
    }

    /// Goes back to an earlier release, as a whole. Pinned items stay where they are; a canary ends.
    ///
    /// # Errors
    /// As [`push`](Self::push): an earlier release is checked like a new one.
    pub async fn roll_back(
        &self,
        who: &Who,
        back: &Back,
        allow: Allow,
        why: Option<String>,
    ) -> Result<Outcome, DeployError> {
        needs(who, Role::Designer, "changing what is live")?;
        let inner = &self.0;
        let state = inner.state().await?.ok_or(DeployError::NothingLive)?.value;
        let made = match back {
            Back::OneStep => {
                let live = inner.made(state.live.number).await?;
                let first = || {
                    let words = "what is live is the first release; there is none to go back to";
                    DeployError::Unknown(words.to_owned())
                };
                inner.made(live.parent.ok_or_else(first)?).await?
            }
            Back::To(text) => inner.find_release(text).await?,
        };
        let manifest = inner.manifest(made.manifest).await.map_err(gone)?;
        let want = Want::Release(Box::new(made), manifest);
        inner.change(who, inner.going_back(want, allow, why)).await.map_err(gone)
    }

    /// Takes one flow or plugin back to an earlier version; the rest stays as it is. A canary ends.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn roll_back_item(
        &self,
        who: &Who,
        item: &Item,
        back: &Back,
        allow: Allow,
        why: Option<String>,
    ) -> Result<Outcome, DeployError> {
        needs(who, Role::Designer, "changing what is live")?;
        let inner = &self.0;
        let state = inner.state().await?.ok_or(DeployError::NothingLive)?.value;
        let live = inner.manifest(inner.made(state.live.number).await?.manifest).await?;
        let digest = inner.earlier(item, live.get(item), back).await?;
        let want = Want::Items(vec![(item.clone(), digest)]);
        inner.change(who, inner.going_back(want, allow, why)).await.map_err(gone)
    }
}

/// To what was removed one cannot go back.
pub(crate) fn gone(error: DeployError) -> DeployError {
    match error {
        DeployError::Missing { what } => DeployError::Unknown(format!(
            "there is no {what} any more: what nothing has needed for long is removed (`deploy.keep_releases`, `deploy.keep_for`)"
        )),
        error => error,
    }
}

pub(crate) fn needs(who: &Who, role: Role, what: &str) -> Result<(), DeployError> {
    if who.role >= role {
        return Ok(());
    }
    Err(DeployError::Forbidden {
        name: who.name.clone(),
        role: who.role,
        needs: role,
        what: what.to_owned(),
    })
}

impl Inner {
    fn going_back(&self, want: Want, allow: Allow, why: Option<String>) -> Request {
        Request {
            action: Action::RollBack,
            want,
            content: self.content.clone(),
            pushed: BTreeSet::new(),
            signed: BTreeMap::new(),
            vouched: BTreeMap::new(),
            allow,
            why,
            canary: None,
            dry_run: false,
            folder: None,
        }
    }

    /// Who signed a plugin, if anybody had to or did.
    fn signer(&self, name: &str, plugin: &NewPlugin) -> Result<Option<String>, Reason> {
        let trusted = &self.settings.trusted;
        match &plugin.signature {
            Some(signature) if self.settings.require_signed || !trusted.is_empty() => {
                trusted.signer(name, &plugin.bytes, signature).map(Some)
            }
            None if self.settings.require_signed && !plugin.shipped => Err(Reason::Unsigned {
                plugin: name.to_owned(),
                how: format!(
                    "sign it with `minisign -Sm {name}.wasm` and push `{name}.wasm.minisig` with it"
                ),
            }),
            _ => Ok(None),
        }
    }

    /// What stands against plugins that come back: what is asked of one that is pushed is asked of them, too, with the
    /// keys that are trusted now.
    async fn unvouched(&self, changes: &[ItemChange]) -> Result<Vec<Reason>, DeployError> {
        let mut reasons = Vec::new();
        let plugins = changes.iter().filter(|change| change.item.kind == ItemKind::Plugin);
        for (name, digest) in plugins.filter_map(|c| Some((&c.item.name, c.after?))) {
            let vouched = self.ledger.vouched(&digest).await?;
            match vouched {
                Some(Vouched { shipped: true, .. }) => {}
                Some(Vouched { signature: Some(signature), .. }) => {
                    let (content, plugin) = (self.content.clone(), name.clone());
                    let bytes = blocking(move || content.get(&digest, &plugin)).await?;
                    reasons.extend(self.settings.trusted.signer(name, &bytes, &signature).err());
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

    async fn change(self: &Arc<Self>, who: &Who, request: Request) -> Result<Outcome, DeployError> {
        let _alone = self.writing.lock().await;
        for _ in 0..RACES {
            match self.attempt(who, &request).await {
                Err(DeployError::Raced(_)) => {}
                Err(error) => {
                    self.audit_refusal(who, &request, &error).await?;
                    return Err(error);
                }
                done => return done,
            }
        }
        Err(DeployError::Raced(RACES))
    }

    async fn attempt(
        self: &Arc<Self>,
        who: &Who,
        request: &Request,
    ) -> Result<Outcome, DeployError> {
        let row = self.state().await?;
        if let Some(row) = &row {
            self.adopt(&row.value).await?;
        }
        let state = row.as_ref().map(|row| &row.value);
        if state.is_some_and(|state| state.canary.is_some()) && request.action == Action::Push {
            let words = "a canary is running: promote or withdraw it before something else goes live, or replace it by another canary";
            return Err(DeployError::Conflict(words.to_owned()));
        }
        let base = match state {
            Some(state) => self.manifest(self.made(state.live.number).await?.manifest).await?,
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
        let other = reused.is_some_and(|made| state.is_none_or(|s| s.live.number != made.number));
        if target.files.len() > MAX_FILES {
            let (bytes, limit) = (target.files.len(), MAX_FILES);
            let what = "the project (in files)".to_owned();
            return Err(DeployError::refused(Reason::TooLarge { what, bytes, limit }));
        }

        if request.action == Action::RollBack && self.settings.require_signed {
            let reasons = self.unvouched(&changes).await?;
            if !reasons.is_empty() {
                return Err(DeployError::Refused(Box::new(Refusal { reasons, report: None })));
            }
        }
        let folder = match &request.folder {
            Some(folder) => Some(Digest::of(&folder.bytes())),
            None => state.and_then(|state| state.folder),
        };
        // Before any of its content is looked at.
        let unclaimed = self.unclaimed().await?;
        let content = request.content.clone();
        let candidate = self.check(content, target, request.pushed.clone()).await?;
        let before = state.and_then(|state| self.reach_of(&state.live.release)).unwrap_or_default();
        let widened = candidate.reach.beyond(&before);
        let lacking = request.allow.lacking(&widened);
        if !lacking.is_empty() {
            let reasons = lacking.into_iter().map(|widening| Reason::Widened { widening });
            let refusal = Refusal { reasons: reasons.collect(), report: Some(candidate.report) };
            return Err(DeployError::Refused(Box::new(refusal)));
        }
        if !widened.is_empty() && request.allow.is_something() {
            needs(who, Role::Operator, "letting plugins reach more")?;
        }

        let release = candidate.release.digest;
        let mut outcome = Outcome {
            changed: false,
            dry_run: request.dry_run,
            release,
            number: match (reused, state) {
                (Some(made), _) => made.number,
                (None, Some(state)) if changes.is_empty() => state.live.number,
                (None, state) => state.map_or(0, |state| state.last) + 1,
            },
            before: state.map(|state| state.live.release),
            canary: request.canary,
            changes,
            widened,
            left_out,
            warnings: candidate.warnings.clone(),
            report: (!candidate.report.is_empty()).then(|| candidate.report.to_json()),
            rendered: (!candidate.report.is_empty()).then(|| candidate.report.render(false)),
        };
        let same = outcome.changes.is_empty() && !other;
        if same && request.canary.is_some() {
            let words = "nothing differs from what is live; there is nothing to try";
            return Err(DeployError::Conflict(words.to_owned()));
        }
        let ends_canary = state.is_some_and(|state| state.canary.is_some());
        if request.dry_run
            || (same && !ends_canary && folder == state.and_then(|state| state.folder))
        {
            return Ok(outcome);
        }

        let (manifest, taken_in) = {
            let (content, target) = (request.content.clone(), candidate.manifest.clone());
            let taken_in = request.folder.clone();
            blocking(move || {
                content.keep()?;
                let digest = content.put(&target.bytes())?;
                taken_in.map(|folder| content.put(&folder.bytes())).transpose()?;
                Ok((digest, candidate))
            })
            .await?
        };
        let candidate = taken_in;
        let plan = Planned { manifest, folder, made: reused, same, unclaimed };
        self.write(who, request, row.as_ref(), &outcome, &plan).await?;
        outcome.changed = !same;
        if outcome.changed {
            self.happened(request.action.as_str());
        }

        let (_, project) = self.hold(candidate);
        if request.canary.is_none()
            && let Err(why) = self.worlds.seed(&project).await
        {
            outcome.warnings.push(format!(
                "it is live, but its records could not be put in ({why}); this is tried again when the engine starts"
            ));
        }
        if let Some(row) = self.state().await? {
            self.adopt(&row.value).await?;
        }
        Ok(outcome)
    }

    /// Writes a change: rows that mean nothing by themselves first, then the one commit.
    async fn write(
        &self,
        who: &Who,
        request: &Request,
        row: Option<&Typed<State>>,
        outcome: &Outcome,
        plan: &Planned<'_>,
    ) -> Result<(), DeployError> {
        let (number, release, at) = (outcome.number, outcome.release, self.now());
        let state = row.map(|row| &row.value);
        let deployed = Deployed { number, release, since: at, by: who.clone() };
        let mut next = match state {
            Some(state) => state.clone(),
            None => State {
                live: deployed.clone(),
                canary: None,
                pins: BTreeMap::new(),
                last: 0,
                audit: 0,
                folder: None,
            },
        };
        let mut ops = Vec::new();
        if !plan.same && plan.made.is_none() {
            let made = Made {
                number,
                release,
                manifest: plan.manifest,
                at,
                by: who.clone(),
                why: request.why.clone(),
                parent: state.map(|state| state.live.number),
            };
            let latest = Latest { number, manifest: plan.manifest };
            ops.push(Op::put_value(rows::made(number)?, &made, Expect::Absent)?);
            ops.push(Op::put_value(rows::latest(&release)?, &latest, Expect::Any)?);
            next.last = number;
            if request.action != Action::RollBack {
                self.ledger.prewrite(&version_ops(who, request, outcome, at)?).await?;
            }
        }
        if request.canary.is_some() || !plan.same {
            ops.push(self.noting(release)?);
        }
        match request.canary {
            Some(percent) => {
                let rules = self.settings.canary;
                next.canary = Some(CanaryState { deployed, percent, rules });
            }
            None => {
                next.canary = None;
                if !plan.same {
                    next.live = deployed;
                }
            }
        }
        next.folder = plan.folder;
        let entry = AuditEntry {
            number: next.audit + 1,
            at,
            who: who.clone(),
            action: request.action,
            before: outcome.before,
            after: Some(release),
            changes: outcome.changes.iter().take(CHANGES_TOLD).cloned().collect(),
            more_changes: outcome.changes.len().saturating_sub(CHANGES_TOLD) as u64,
            allowed: outcome.widened.iter().map(|w| format!("{}:{}", w.plugin, w.access)).collect(),
            why: request.why.clone(),
            refused: Vec::new(),
            removed: BTreeMap::new(),
        };
        next.audit = entry.number;
        ops.extend(state_ops(row, &next, &entry)?);
        ops.push(plan.unclaimed.clone());
        if self.ledger.commit(&ops).await? { Ok(()) } else { Err(DeployError::Raced(1)) }
    }

    /// Notes that somebody tried what was refused, or what they may not do. Other failures are no decision, and are not
    /// noted.
    async fn audit_refusal(
        &self,
        who: &Who,
        request: &Request,
        error: &DeployError,
    ) -> Result<(), DeployError> {
        let mut codes: Vec<String> = match error {
            DeployError::Refused(refusal) => {
                refusal.reasons.iter().map(|reason| reason.code().to_owned()).collect()
            }
            DeployError::Forbidden { .. } => vec!["forbidden".to_owned()],
            _ => return Ok(()),
        };
        codes.dedup();
        let changes = match &request.want {
            Want::Items(items) => {
                let change = |(item, after): &(Item, Option<Digest>)| ItemChange {
                    item: item.clone(),
                    before: None,
                    after: *after,
                };
                items.iter().take(CHANGES_TOLD).map(change).collect()
            }
            Want::Release(..) => Vec::new(),
        };
        let entry = |state: &State| AuditEntry {
            number: state.audit + 1,
            at: self.now(),
            who: who.clone(),
            action: request.action,
            before: Some(state.live.release),
            after: Some(state.live.release),
            changes: changes.clone(),
            more_changes: 0,
            allowed: Vec::new(),
            why: request.why.clone(),
            refused: codes.clone(),
            removed: BTreeMap::new(),
        };
        if request.dry_run {
            return Ok(());
        }
        self.happened("refused");
        self.note(&[], entry).await
    }

    /// Does `ops` and adds a line to the audit log, in one commit. Before the first release there is no log.
    pub(crate) async fn note(
        &self,
        ops: &[Op],
        entry: impl Fn(&State) -> AuditEntry,
    ) -> Result<(), DeployError> {
        for _ in 0..RACES {
            let mut all = ops.to_vec();
            if let Some(row) = self.state().await? {
                let entry = entry(&row.value);
                let next = State { audit: entry.number, ..row.value.clone() };
                all.extend(state_ops(Some(&row), &next, &entry)?);
            }
            if all.is_empty() || self.ledger.commit(&all).await? {
                return Ok(());
            }
        }
        Err(DeployError::Raced(RACES))
    }

    /// Changes the state in a way that needs no check of a release.
    pub(crate) async fn edit(
        self: &Arc<Self>,
        edit: impl Fn(&mut State) -> Result<AuditEntry, DeployError>,
    ) -> Result<State, DeployError> {
        let _alone = self.writing.lock().await;
        for _ in 0..RACES {
            let row = self.state().await?.ok_or(DeployError::NothingLive)?;
            let mut next = row.value.clone();
            let entry = edit(&mut next)?;
            next.audit = entry.number;
            if self.ledger.commit(&state_ops(Some(&row), &next, &entry)?).await? {
                self.adopt(&next).await?;
                return Ok(next);
            }
        }
        Err(DeployError::Raced(RACES))
    }
}

/// What a change comes down to.
struct Planned<'p> {
    manifest: Digest,
    folder: Option<Digest>,
    /// It is this release of old, as it was.
    made: Option<&'p Made>,
    /// What is live stays live.
    same: bool,
    /// Holds as long as no content is being removed.
    unclaimed: Op,
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

/// Puts pinned items back to where they are pinned. When nothing but those was asked for, that is refused.
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
        return Err(DeployError::Refused(Box::new(Refusal { reasons, report: None })));
    }
    Ok(left_out)
}

fn version_ops(
    who: &Who,
    request: &Request,
    outcome: &Outcome,
    at: dialgraph_store::UnixMillis,
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
                by: who.clone(),
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
