//! Finds the version or release that somebody wants to go back to.

use dialgraph_base::Digest;

use crate::change::RollbackTarget;
use crate::error::DeployError;
use crate::item::Item;
use crate::ledger::Ledger;
use crate::rows::ReleaseRow;

/// Fewest digits by which a version can be named.
const FEWEST_DIGITS: usize = 4;

impl Ledger {
    /// To which version of `item`, which is at `live` now, one goes back.
    pub(crate) async fn earlier(
        &self,
        item: &Item,
        live: Option<Digest>,
        back: &RollbackTarget,
    ) -> Result<Option<Digest>, DeployError> {
        match back {
            RollbackTarget::OneStep => {
                // The newest row of what is live tells what it replaced. A rollback makes no row,
                // so that a second one goes another step back.
                let versions = self.versions(item, |version| version.digest == live).await?;
                let found = versions.into_iter().next_back();
                let found = found.filter(|v| v.digest == live).and_then(|v| v.previous);
                let words = || format!("there is no earlier version of {item}");
                found.map(Some).ok_or_else(|| DeployError::Unknown(words()))
            }
            RollbackTarget::To(text) => {
                let versions = self.versions(item, |_| false).await?;
                let mut digests: Vec<Digest> =
                    versions.iter().flat_map(|v| [v.digest, v.previous]).flatten().collect();
                digests.extend(live);
                one_of(digests, text, &format!("version of {item}")).map(Some)
            }
        }
    }

    /// The release with this number, or whose digest begins so.
    pub(crate) async fn find_release(&self, text: &str) -> Result<ReleaseRow, DeployError> {
        let state = self.live().await?;
        if let Ok(number) = text.trim_start_matches('#').parse::<u64>()
            && number <= state.last
        {
            let none = || DeployError::Unknown(format!("there is no release number {number}"));
            return self.made(number).await?.ok_or_else(none);
        }
        let mut all = Vec::new();
        for number in (1..=state.last).rev() {
            all.push(self.release(number).await?);
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
            "`{text}` matches more than one {what}: give more digits"
        ))),
    }
}
