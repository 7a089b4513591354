//! What is live, what was, and who did it.

use serde::Serialize;

use dialgraph_flow::Digest;
use dialgraph_store::UnixMillis;

use crate::canary::{Rules, Tally, judge};
use crate::change::{Back, gone};
use crate::deploy::{Deploy, Inner, blocking};
use crate::error::DeployError;
use crate::item::{Item, ItemKind};
use crate::rows::{AuditEntry, Deployed, Made, Pin, Version};

/// What is live, on the whole.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    pub live: Deployed,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryStatus>,
    pub pins: Vec<PinStatus>,
    /// Releases that this engine process holds: what is live and what calls in progress are pinned to.
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
    pub async fn status(&self) -> Result<Status, DeployError> {
        let inner = &self.0;
        let state = inner.state().await?.ok_or(DeployError::NothingLive)?.value;
        let canary = match state.canary {
            None => None,
            Some(canary) => {
                let counts = inner.all_counts(canary.deployed.number).await?;
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
        for (release, plugins) in inner.holds() {
            let open_calls = inner.has_open_calls(&release).await?;
            held.push(HeldStatus { release, open_calls, plugins });
        }
        let pins = state.pins.into_iter().map(|(item, pin)| PinStatus { item, pin }).collect();
        Ok(Status { live: state.live, canary, pins, held })
    }

    /// Flows or plugins that are live, in the order of their names.
    ///
    /// # Errors
    /// If the store fails, or nothing is live.
    pub async fn items(&self, kind: ItemKind) -> Result<Vec<Listed>, DeployError> {
        let inner = &self.0;
        let state = inner.state().await?.ok_or(DeployError::NothingLive)?.value;
        let manifest = inner.manifest(inner.made(state.live.number).await?.manifest).await?;
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
    pub async fn versions(&self, item: &Item) -> Result<Vec<ListedVersion>, DeployError> {
        let inner = &self.0;
        let state = inner.state().await?.ok_or(DeployError::NothingLive)?.value;
        let manifest = inner.manifest(inner.made(state.live.number).await?.manifest).await?;
        let live = manifest.get(item);
        let pin = state.pins.get(item).map(|pin| pin.digest);
        let versions = inner.ledger.versions(item, |_| false).await?;
        if versions.is_empty() && live.is_none() {
            return Err(DeployError::Unknown(format!("there is no {item}")));
        }
        let listed = |version: Version| ListedVersion {
            live: version.digest.is_some() && version.digest == live,
            pinned: version.digest.is_some() && version.digest == pin,
            version,
        };
        Ok(versions.into_iter().map(listed).collect())
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
        let state = inner.state().await?.ok_or(DeployError::NothingLive)?.value;
        let manifest = inner.manifest(inner.made(state.live.number).await?.manifest).await?;
        let live = manifest.get(item);
        let digest = match version {
            None => live.ok_or_else(|| DeployError::Unknown(format!("there is no {item}")))?,
            Some(text) => {
                let back = Back::To(text.to_owned());
                let none = || DeployError::Unknown(format!("{item} has no version `{text}`"));
                inner.earlier(item, live, &back).await?.ok_or_else(none)?
            }
        };
        let (content, what) = (inner.content.clone(), item.to_string());
        blocking(move || Ok((digest, content.get(&digest, &what)?))).await.map_err(gone)
    }

    /// Releases that were made, the newest first, at most `limit` of those numbered below `below`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn releases(&self, below: Option<u64>, limit: u32) -> Result<Vec<Made>, DeployError> {
        let state = self.0.state().await?.ok_or(DeployError::NothingLive)?.value;
        let from = below.unwrap_or(u64::MAX).min(state.last + 1);
        let mut found = Vec::new();
        for number in (1..from).rev().take(limit.min(MAX_LISTED) as usize) {
            found.push(self.0.made(number).await?);
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
    ) -> Result<Vec<AuditEntry>, DeployError> {
        let state = self.0.state().await?.ok_or(DeployError::NothingLive)?.value;
        let from = below.unwrap_or(u64::MAX).min(state.audit + 1);
        let mut found = Vec::new();
        for number in (1..from).rev().take(limit.min(MAX_LISTED) as usize) {
            let missing = || DeployError::Missing { what: format!("audit line {number}") };
            found.push(self.0.ledger.audit(number).await?.ok_or_else(missing)?);
        }
        Ok(found)
    }
}

/// Fewest digits by which a version can be named.
const FEWEST_DIGITS: usize = 4;

impl Inner {
    /// To which version of `item`, which is at `live` now, one goes back.
    pub(crate) async fn earlier(
        &self,
        item: &Item,
        live: Option<Digest>,
        back: &Back,
    ) -> Result<Option<Digest>, DeployError> {
        match back {
            Back::OneStep => {
                // The newest row of what is live tells what it replaced. A rollback makes no row, so that a second
                // one goes another step back.
                let versions = self.ledger.versions(item, |version| version.digest == live).await?;
                let found = versions.into_iter().next_back();
                let found = found.filter(|v| v.digest == live).and_then(|v| v.previous);
                let words = || format!("there is no earlier version of {item}");
                found.map(Some).ok_or_else(|| DeployError::Unknown(words()))
            }
            Back::To(text) => {
                let versions = self.ledger.versions(item, |_| false).await?;
                let mut digests: Vec<Digest> =
                    versions.iter().flat_map(|v| [v.digest, v.previous]).flatten().collect();
                digests.extend(live);
                one_of(digests, text, &format!("version of {item}")).map(Some)
            }
        }
    }

    /// The release with this number, or whose digest begins so.
    pub(crate) async fn find_release(&self, text: &str) -> Result<Made, DeployError> {
        let state = self.state().await?.ok_or(DeployError::NothingLive)?.value;
        if let Ok(number) = text.trim_start_matches('#').parse::<u64>()
            && number <= state.last
        {
            let none = || DeployError::Unknown(format!("there is no release number {number}"));
            return self.ledger.made(number).await?.ok_or_else(none);
        }
        let mut all = Vec::new();
        for number in (1..=state.last).rev() {
            all.push(self.made(number).await?);
        }
        let release = one_of(all.iter().map(|made| made.release).collect(), text, "release")?;
        let found = all.into_iter().find(|made| made.release == release);
        found.ok_or_else(|| DeployError::Unknown(format!("there is no release `{text}`")))
    }
}

/// The one digest that begins with `text`.
fn one_of(mut digests: Vec<Digest>, text: &str, what: &str) -> Result<Digest, DeployError> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    digests.sort();
    digests.dedup();
    digests.retain(|digest| digits.len() >= FEWEST_DIGITS && digest.hex().starts_with(&digits));
    match digests[..] {
        [digest] => Ok(digest),
        [] => Err(DeployError::Unknown(format!(
            "there is no {what} `{text}`: give a digest, or its first {FEWEST_DIGITS} digits or more"
        ))),
        _ => Err(DeployError::Unknown(format!(
            "`{text}` could be more than one {what}: give more digits"
        ))),
    }
}
