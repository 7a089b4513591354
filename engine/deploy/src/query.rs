//! What is live, what was, and who did it.

use serde::Serialize;

use dialgraph_base::Digest;
use dialgraph_store::UnixMillis;

use crate::canary::{Rules, Tally, judge};
use crate::change::RollbackTarget;
use crate::content::blocking;
use crate::deploy::Deploy;
use crate::error::{DeployError, gone};
use crate::found::Found;
use crate::item::{Item, ItemKind};
use crate::rows::{AuditEntry, Deployed, Pin, ReleaseRow, Version};

/// What is live, on the whole.
#[derive(Debug, Clone, Serialize)]
pub struct LiveStatus {
    pub live: Deployed,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryStatus>,
    pub pins: Vec<PinStatus>,
    /// Releases that this engine process holds: what is live and what calls in progress are pinned
    /// to.
    pub held: Vec<HeldStatus>,
}

/// How a canary does.
#[derive(Debug, Clone, Serialize)]
pub struct CanaryStatus {
    #[serde(flatten)]
    pub deployed: Deployed,
    pub percent: u8,
    pub rules: Rules,
    /// What was counted of it by all engine processes, and of the live release meanwhile.
    pub seen: Tally,
    pub live_meanwhile: Tally,
    /// Why it is about to be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PinStatus {
    pub item: Item,
    #[serde(flatten)]
    pub pin: Pin,
}

#[derive(Debug, Clone, Serialize)]
pub struct HeldStatus {
    pub release: Digest,
    pub open_calls: bool,
    pub plugins: Vec<Digest>,
}

/// A flow or plugin as it is live.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    pub name: String,
    pub digest: Digest,
    /// When its version came, and by whom; none if it is as old as the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<UnixMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    pub pinned: bool,
}

/// A version in the list of versions.
#[derive(Debug, Clone, Serialize)]
pub struct ListedVersion {
    #[serde(flatten)]
    pub version: Version,
    /// It is the one that is live.
    pub live: bool,
    pub pinned: bool,
}

/// Most rows of one page.
pub const MAX_LISTED: u32 = 200;

impl Deploy {
    /// What is live.
    ///
    /// # Errors
    /// If the store fails, or nothing is live.
    pub async fn status(&self) -> Result<LiveStatus, DeployError> {
        let inner = &self.0;
        let state = inner.ledger.live().await?;
        let canary = match state.canary {
            None => None,
            Some(canary) => {
                let counts = inner.trial.counted(canary.deployed.number).await?;
                Some(CanaryStatus {
                    verdict: judge(&canary.rules, counts.live, counts.canary),
                    deployed: canary.deployed,
                    percent: canary.percent,
                    rules: canary.rules,
                    seen: counts.canary,
                    live_meanwhile: counts.live,
                })
            }
        };
        let mut held = Vec::new();
        for (release, plugins) in inner.held.holds() {
            let open_calls = inner.pinned.has_open_calls(&release).await?;
            held.push(HeldStatus { release, open_calls, plugins });
        }
        let pins = state.pins.into_iter().map(|(item, pin)| PinStatus { item, pin }).collect();
        Ok(LiveStatus { live: state.live, canary, pins, held })
    }

    /// Flows or plugins that are live, in the order of their names.
    ///
    /// # Errors
    /// If the store fails, or nothing is live.
    pub async fn items(&self, kind: ItemKind) -> Result<Vec<Listed>, DeployError> {
        let inner = &self.0;
        let state = inner.ledger.live().await?;
        let manifest = inner.live_manifest(&state).await?;
        let mut items: Vec<(String, Digest)> = match kind {
            ItemKind::Flow => manifest.flows().map(|(name, d)| (name.to_owned(), d)).collect(),
            ItemKind::Plugin => manifest.plugins.into_iter().collect(),
            ItemKind::File => manifest.files.into_iter().collect(),
        };
        items.sort();
        let mut listed = Vec::new();
        for (name, digest) in items {
            let item = Item { kind, name };
            let is_it = |version: &Version| version.digest == Some(digest);
            let version = inner.ledger.versions(&item, is_it).await?.pop().filter(is_it);
            listed.push(Listed {
                digest,
                at: version.as_ref().map(|version| version.at),
                by: version.as_ref().map(|version| version.by.name.clone()),
                signed_by: version.and_then(|version| version.signed_by),
                pinned: state.pins.contains_key(&item),
                name: item.name,
            });
        }
        Ok(listed)
    }

    /// All versions of a flow or plugin, the newest first.
    ///
    /// # Errors
    /// [`DeployError::Unknown`] when there never was one.
    pub async fn versions(&self, item: &Item) -> Result<Found<ListedVersion>, DeployError> {
        let inner = &self.0;
        let state = inner.ledger.live().await?;
        let manifest = inner.live_manifest(&state).await?;
        let live = manifest.get(item);
        let pin = state.pins.get(item).map(|pin| pin.digest);
        let versions = inner.ledger.versions(item, |_| false).await?;
        if versions.is_empty() && versions.unreadable.is_empty() && live.is_none() {
            return Err(DeployError::Unknown(format!("there is no {item}")));
        }
        let listed = |version: Version| ListedVersion {
            live: version.digest.is_some() && version.digest == live,
            pinned: version.digest.is_some() && version.digest == pin,
            version,
        };
        Ok(versions.map(listed))
    }

    /// The bytes of an item as it is live, or of one of its versions.
    ///
    /// # Errors
    /// [`DeployError::Unknown`] when there is no such version.
    pub async fn content(
        &self,
        item: &Item,
        version: Option<&str>,
    ) -> Result<(Digest, Vec<u8>), DeployError> {
        let inner = &self.0;
        let state = inner.ledger.live().await?;
        let manifest = inner.live_manifest(&state).await?;
        let live = manifest.get(item);
        let digest = match version {
            None => live.ok_or_else(|| DeployError::Unknown(format!("there is no {item}")))?,
            Some(text) => {
                let back = RollbackTarget::To(text.to_owned());
                let none = || DeployError::Unknown(format!("{item} has no version `{text}`"));
                inner.ledger.earlier(item, live, &back).await?.ok_or_else(none)?
            }
        };
        let (content, what) = (inner.content.clone(), item.to_string());
        blocking(move || Ok((digest, content.get(&digest, &what)?))).await.map_err(gone)
    }

    /// Releases that were made, the newest first, at most `limit` of those numbered below `below`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn releases(
        &self,
        below: Option<u64>,
        limit: u32,
    ) -> Result<Found<ReleaseRow>, DeployError> {
        let state = self.0.ledger.live().await?;
        let from = below.unwrap_or(u64::MAX).min(state.last + 1);
        let mut found = Found::default();
        for number in (1..from).rev().take(limit.min(MAX_LISTED) as usize) {
            found.add(|| format!("release number {number}"), self.0.ledger.made(number).await)?;
        }
        Ok(found)
    }

    /// Lines of the audit log, the newest first, at most `limit` of those numbered below `below`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn audit(
        &self,
        below: Option<u64>,
        limit: u32,
    ) -> Result<Found<AuditEntry>, DeployError> {
        let state = self.0.ledger.live().await?;
        let from = below.unwrap_or(u64::MAX).min(state.audit + 1);
        let mut found = Found::default();
        for number in (1..from).rev().take(limit.min(MAX_LISTED) as usize) {
            found.add(|| format!("audit line {number}"), self.0.ledger.audit(number).await)?;
        }
        Ok(found)
    }
}
