//! The first stage of a change: what somebody asks for, looked at as far as one can without knowing
//! what is live.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use dialgraph_access::Who;
use dialgraph_base::Digest;
use dialgraph_flow::limits::MAX_FILE_BYTES;
use dialgraph_store::UnixMillis;

use crate::change::{Change, NewPlugin};
use crate::content::Content;
use crate::error::{DeployError, Reason, Refusal};
use crate::item::{Item, ItemChange, ItemKind, bad_path, is_name};
use crate::manifest::Manifest;
use crate::reach::Allow;
use crate::rows::{Action, AuditEntry, CHANGES_TOLD, ReleaseRow, State, Vouched};
use crate::settings::DeploySettings;

/// Longest text of a signature that is kept; minisign's have some 300 bytes.
const MAX_SIGNATURE_BYTES: usize = 4096;

/// A change that was looked at as far as one can without knowing what is live.
pub(crate) struct Request {
    pub(crate) asked: Asked,
    pub(crate) want: Want,
    pub(crate) content: Content,
    /// Plugins that must be usable, because somebody pushes them now.
    pub(crate) pushed: BTreeSet<String>,
    pub(crate) signed: BTreeMap<String, String>,
    /// What speaks for plugins that are pushed, for when they come back.
    pub(crate) vouched: BTreeMap<String, Vouched>,
    pub(crate) allow: Allow,
    pub(crate) canary: Option<u8>,
    pub(crate) folder: Option<Manifest>,
}

/// Who asks for what, as the audit log has it even if it is refused.
pub(crate) struct Asked {
    pub(crate) who: Who,
    pub(crate) action: Action,
    pub(crate) why: Option<String>,
    pub(crate) dry_run: bool,
    /// Items that are named.
    items: Vec<(Item, Option<Digest>)>,
}

/// What is to be live.
pub(crate) enum Want {
    /// What is live, with these items at these versions.
    Items(Vec<(Item, Option<Digest>)>),
    /// An earlier release.
    Release(Box<ReleaseRow>, Manifest),
}

/// What somebody asked for and cannot have, whatever is live.
pub(crate) struct Unfit {
    pub(crate) asked: Asked,
    pub(crate) refusal: DeployError,
}

/// Texts and plugins of a change, by content.
#[derive(Default)]
struct Sorted {
    items: Vec<(Item, Option<Digest>)>,
    fresh: HashMap<Digest, Vec<u8>>,
    pushed: BTreeSet<String>,
    signed: BTreeMap<String, String>,
    vouched: BTreeMap<String, Vouched>,
    reasons: Vec<Reason>,
}

impl Request {
    /// Asks for `change`. `folder`: what the project folder is made of from then on.
    ///
    /// # Errors
    /// All that stands against it whatever is live; not a byte of it was parsed.
    pub(crate) fn push(
        who: &Who,
        change: Change,
        folder: Option<Manifest>,
        content: &Content,
        settings: &DeploySettings,
    ) -> Result<Self, Box<Unfit>> {
        let Change { files, flows, plugins, allow, why, canary, dry_run } = change;
        let mut sorted = Sorted::default();
        for (path, bytes) in files {
            if let Some(why) = bad_path(&path) {
                sorted.reasons.push(Reason::Path { path: path.clone(), why });
            }
            sorted.text(Item { kind: ItemKind::File, name: path }, bytes);
        }
        for (name, bytes) in flows {
            if !is_name(&name) {
                sorted.reasons.push(Reason::Name { kind: "flow", name: name.clone() });
            }
            sorted.text(Item::flow(name), bytes);
        }
        for (name, plugin) in plugins {
            sorted.plugin(name, plugin, settings);
        }
        let Sorted { items, fresh, pushed, signed, vouched, reasons } = sorted;
        let action = if canary.is_some() { Action::CanaryStart } else { Action::Push };
        let asked = Asked { who: who.clone(), action, why, dry_run, items: items.clone() };
        if !reasons.is_empty() {
            let refusal = DeployError::Refused(Box::new(Refusal::of(reasons)));
            return Err(Box::new(Unfit { asked, refusal }));
        }
        let content = content.with(&Arc::new(fresh));
        let want = Want::Items(items);
        Ok(Self { asked, want, content, pushed, signed, vouched, allow, canary, folder })
    }

    /// Asks for what was live before.
    pub(crate) fn back(
        who: &Who,
        want: Want,
        content: &Content,
        allow: Allow,
        why: Option<String>,
    ) -> Self {
        let items = match &want {
            Want::Items(items) => items.clone(),
            Want::Release(..) => Vec::new(),
        };
        let action = Action::RollBack;
        Self {
            asked: Asked { who: who.clone(), action, why, dry_run: false, items },
            want,
            content: content.clone(),
            pushed: BTreeSet::new(),
            signed: BTreeMap::new(),
            vouched: BTreeMap::new(),
            allow,
            canary: None,
            folder: None,
        }
    }
}

impl Asked {
    /// The line for the audit log when it is refused with `error`. None when that is no decision,
    /// or nothing was to happen. Its time is that of the write, so that the log stays in order.
    pub(crate) fn refused(
        &self,
        error: &DeployError,
        now: impl Fn() -> UnixMillis + Send,
    ) -> Option<impl Fn(&State) -> AuditEntry + Send> {
        let mut codes: Vec<String> = match error {
            DeployError::Refused(refusal) => {
                refusal.reasons.iter().map(|reason| reason.code().to_owned()).collect()
            }
            DeployError::Forbidden { .. } => vec!["forbidden".to_owned()],
            _ => return None,
        };
        codes.dedup();
        let change = |(item, after): &(Item, Option<Digest>)| ItemChange {
            item: item.clone(),
            before: None,
            after: *after,
        };
        let changes: Vec<ItemChange> = self.items.iter().take(CHANGES_TOLD).map(change).collect();
        let line = move |state: &State| AuditEntry {
            changes: changes.clone(),
            refused: codes.clone(),
            ..AuditEntry::of(state, now(), &self.who, self.action, self.why.clone())
        };
        (!self.dry_run).then_some(line)
    }
}

impl Sorted {
    fn text(&mut self, item: Item, bytes: Option<Vec<u8>>) {
        let digest = bytes.map(|bytes| {
            if bytes.len() > MAX_FILE_BYTES {
                let what = format!("`{}`", item.name);
                let (bytes, limit) = (bytes.len(), MAX_FILE_BYTES);
                self.reasons.push(Reason::TooLarge { what, bytes, limit });
            }
            let digest = Digest::of(&bytes);
            self.fresh.insert(digest, bytes);
            digest
        });
        self.items.push((item, digest));
    }

    fn plugin(&mut self, name: String, plugin: Option<NewPlugin>, settings: &DeploySettings) {
        if !is_name(&name) {
            self.reasons.push(Reason::Name { kind: "plugin", name: name.clone() });
        }
        let digest = plugin.map(|plugin| {
            match signer(settings, &name, &plugin) {
                Ok(Some(signer)) => drop(self.signed.insert(name.clone(), signer)),
                Ok(None) => {}
                Err(reason) => self.reasons.push(reason),
            }
            if !plugin.shipped {
                self.pushed.insert(name.clone());
            }
            let digest = Digest::of(&plugin.bytes);
            let signature = plugin.signature.filter(|text| text.len() <= MAX_SIGNATURE_BYTES);
            if plugin.shipped || signature.is_some() {
                let vouched = Vouched { shipped: plugin.shipped, signature };
                self.vouched.insert(name.clone(), vouched);
            }
            self.fresh.insert(digest, Arc::unwrap_or_clone(plugin.bytes));
            digest
        });
        self.items.push((Item::plugin(name), digest));
    }
}

/// Who signed a plugin, if anybody had to or did.
fn signer(
    settings: &DeploySettings,
    name: &str,
    plugin: &NewPlugin,
) -> Result<Option<String>, Reason> {
    let trusted = &settings.trusted;
    match &plugin.signature {
        Some(signature) if settings.require_signed || !trusted.is_empty() => {
            trusted.signer(name, &plugin.bytes, signature).map(Some)
        }
        None if settings.require_signed && !plugin.shipped => Err(Reason::Unsigned {
            plugin: name.to_owned(),
            how: format!(
                "sign it with `minisign -Sm {name}.wasm` and push `{name}.wasm.minisig` with it"
            ),
        }),
        _ => Ok(None),
    }
}
