//! Removes content that nothing needs any more.
//!
//! Needed is what new calls get, what calls in progress are pinned to on any engine process, what
//! was live not long ago, and what one may go back to: see [`RetentionPolicy`]. The history and the
//! audit log stay; only the bytes go.
//!
//! Engine processes share content, and others push meanwhile: what is about to be removed is
//! claimed first, see `claim.rs`.

use std::collections::BTreeSet;

use dialgraph_access::Who;
use dialgraph_base::Digest;
use dialgraph_store::{Query, UnixMillis, decode};

use crate::content::blocking;
use crate::deploy::{Deploy, Inner};
use crate::error::DeployError;
use crate::item::Item;
use crate::manifest::Manifest;
use crate::needed::forebears;
use crate::rows::{self, Action, AuditEntry, Sweep};

/// How often content is looked through, by whichever process comes first.
const EVERY_MS: u64 = 60 * 60 * 1000;
/// Pieces of content that are claimed at once.
const AT_ONCE: usize = 200;
/// As often in one sweep: pushes begin again after each, and must come through in the end.
const PARTS: usize = 4;
/// So long a process removes what it has claimed.
const CLAIM_MS: u64 = 30_000;

/// What is needed, as of one moment.
struct Needed {
    /// Version of the state's row.
    state: u64,
    content: BTreeSet<Digest>,
}

impl Deploy {
    /// Removes content that nothing needs; gives what it was. Does nothing while another process
    /// does it.
    ///
    /// # Errors
    /// If the store fails; what was removed until then is gone.
    pub async fn sweep(&self) -> Result<Vec<Digest>, DeployError> {
        let inner = &self.0;
        if inner.settings.keep.releases == 0 {
            return Ok(Vec::new());
        }
        let mut row = inner.ledger.sweep().await?;
        if row.as_ref().is_some_and(|row| row.value.is_under_way(inner.now())) {
            return Ok(Vec::new());
        }
        let mut needed = inner.needed().await?;
        // What a start looks for must not be removed because the note of it is old.
        self.note_needed().await?;
        let content = inner.content.clone();
        let all = blocking(move || content.list()).await?;
        let doomed = all.into_iter().filter(|digest| !needed.content.contains(digest));
        let doomed: Vec<Digest> = doomed.take(AT_ONCE * PARTS).collect();
        let mut removed = Vec::new();
        for part in doomed.chunks(AT_ONCE) {
            let swept = row.as_ref().map(|row| row.value.swept).unwrap_or_default();
            let claimed = inner.now();
            let claim = Sweep { swept, claimed, removing: part.iter().copied().collect() };
            if !inner.ledger.claim(&mut row, claim).await? {
                break;
            }
            // A push that was committed before the claim is seen now; a later one sees the claim.
            if inner.ledger.state().await?.is_none_or(|state| state.version != needed.state) {
                needed = inner.needed().await?;
            }
            let until = UnixMillis(claimed.0.saturating_add(CLAIM_MS));
            removed.extend(inner.remove(part, &needed, until).await?);
            let over = Sweep { swept: inner.now(), ..Sweep::default() };
            if !inner.ledger.claim(&mut row, over).await? {
                break;
            }
        }
        if doomed.is_empty() {
            let over = Sweep { swept: inner.now(), ..Sweep::default() };
            inner.ledger.claim(&mut row, over).await?;
        }
        if !removed.is_empty() {
            inner.happened(Action::ContentRemove.as_str());
            let why = format!("{} files and plugins that nothing needs", removed.len());
            let who = Who::engine("sweep");
            let line = |state: &_| {
                AuditEntry::of(state, inner.now(), &who, Action::ContentRemove, Some(why.clone()))
            };
            inner.ledger.note(&[], line).await?;
        }
        Ok(removed)
    }

    /// Tells the content what of it is needed, see `History::note_needed`.
    ///
    /// # Errors
    /// If the store fails, or the note cannot be written.
    pub async fn note_needed(&self) -> Result<(), DeployError> {
        self.history().note_needed(self.0.settings.keep.releases).await
    }

    /// Sweeps, if it is time for it.
    pub(crate) async fn sweep_if_due(&self) -> Result<Vec<Digest>, DeployError> {
        let row = self.0.ledger.sweep().await?;
        let last = row.map(|row| row.value.swept).unwrap_or_default();
        if self.0.now().0 < last.0.saturating_add(EVERY_MS) {
            return Ok(Vec::new());
        }
        self.sweep().await
    }
}

impl Inner {
    async fn remove(
        &self,
        part: &[Digest],
        needed: &Needed,
        until: UnixMillis,
    ) -> Result<Vec<Digest>, DeployError> {
        let part: Vec<Digest> =
            part.iter().copied().filter(|digest| !needed.content.contains(digest)).collect();
        let (content, clock) = (self.content.clone(), self.clock.clone());
        blocking(move || {
            let mut removed = Vec::new();
            for digest in part {
                if clock.now() >= until {
                    break;
                }
                if content.remove(&digest)? {
                    removed.push(digest);
                }
            }
            Ok(removed)
        })
        .await
    }

    /// Everything that somebody may still ask for.
    async fn needed(&self) -> Result<Needed, DeployError> {
        let row = self.ledger.state().await?.ok_or(DeployError::NothingLive)?;
        let state = &row.value;
        let keep = self.settings.keep;
        let for_long = u64::try_from(keep.for_long.as_millis()).unwrap_or(u64::MAX);
        let lately = self.live_since(UnixMillis(self.now().0.saturating_sub(for_long))).await?;
        let all = self.ledger.all_made().await?;
        let forebears = forebears(&all, state, keep.releases);
        let mut content: BTreeSet<Digest> =
            state.pins.values().map(|pin| pin.digest).chain(state.folder).collect();
        for made in &all {
            let kept = made.number.saturating_add(keep.releases.into()) > state.last
                || forebears.contains(&made.number)
                || lately.contains(&made.release);
            if !kept {
                // Of most that are that old nothing is left: no need to ask after their calls.
                let (there, manifest) = (self.content.clone(), made.manifest);
                let there = blocking(move || there.contains(&manifest)).await?;
                if !there || !self.pinned.has_open_calls(&made.release).await? {
                    continue;
                }
            }
            match self.content.manifest(made.manifest).await {
                Ok(manifest) => {
                    content.extend(manifest.content());
                    content.insert(made.manifest);
                }
                // It was removed when other rules held.
                Err(DeployError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let live = self.live_manifest(state).await?;
        for item in items(&live) {
            let mut seen = 0;
            let enough = |_: &_| {
                seen += 1;
                seen >= keep.releases
            };
            for version in self.ledger.versions(&item, enough).await? {
                content.extend([version.digest, version.previous].into_iter().flatten());
            }
        }
        Ok(Needed { state: row.version, content })
    }

    /// Releases that were live, or on trial, at some time since `when`, as the audit log has it.
    async fn live_since(&self, when: UnixMillis) -> Result<BTreeSet<Digest>, DeployError> {
        let mut live = BTreeSet::new();
        let mut query = Query::new(rows::audit_log()?).descending().limit(100);
        loop {
            let page = self.ledger.store().query(&query).await?;
            for row in &page.rows {
                let entry: AuditEntry = decode(&row.value)?;
                if entry.at < when {
                    return Ok(live);
                }
                live.extend([entry.before, entry.after].into_iter().flatten());
            }
            match page.next {
                Some(next) => query = query.after(Some(next)),
                None => return Ok(live),
            }
        }
    }
}

fn items(manifest: &Manifest) -> Vec<Item> {
    let flows = manifest.flows().map(|(name, _)| Item::flow(name));
    flows.chain(manifest.plugins.keys().map(Item::plugin)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use dialgraph_host::{Host, HostConfig};
    use dialgraph_store::{Blobs, ManualClock, MemoryStore};

    use super::*;
    use crate::claim::{ABANDONED_MS, LOOK};
    use crate::settings::RetentionPolicy;
    use crate::{DeployParts, DeploySettings, LocalWorldFactory, Source};

    const NOW: UnixMillis = UnixMillis(1_795_136_400_000);

    /// An engine with one flow, that keeps nothing that it need not.
    async fn engine(folder: &std::path::Path) -> (Deploy, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(NOW));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let deploy = Deploy::new(DeployParts {
            store: store.clone(),
            blobs: Blobs::open(folder).unwrap(),
            host: Arc::new(Host::new(HostConfig::default()).unwrap()),
            worlds: Arc::new(LocalWorldFactory::new(store, clock.clone())),
            clock: clock.clone(),
            settings: DeploySettings {
                keep: RetentionPolicy { releases: 1, for_long: Duration::ZERO },
                ..DeploySettings::default()
            },
        });
        let files = [
            ("dialgraph.yaml", "entry: desk\nfallback: {queue: general}\nlocales: [en-US]\n"),
            ("data/queues.yaml", "general: {title: {en-US: General}, priority: 3}\n"),
            (
                "desk.flow.yaml",
                "flow: desk\nstart: bye\nnodes:\n  bye: {end: {disposition: resolved}}\n",
            ),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        deploy.start(Some(&Source::new(files.into(), &[]))).await.unwrap();
        (deploy, clock)
    }

    #[tokio::test]
    async fn a_push_whose_content_was_swept_before_its_commit_does_not_commit() {
        let folder = tempfile::tempdir().unwrap();
        let (deploy, clock) = engine(folder.path()).await;
        let inner = &deploy.0;
        // As a push does: look whether anything is being removed, put the content, commit.
        let unclaimed = inner.ledger.unclaimed(&*clock).await.unwrap();
        let pushed = inner.content.put(b"pushed").unwrap();
        assert_eq!(deploy.sweep().await.unwrap(), [pushed], "nothing live is made of it yet");
        assert!(!inner.ledger.commit(&[unclaimed]).await.unwrap());
        // Begun again, it puts the content again.
        let unclaimed = inner.ledger.unclaimed(&*clock).await.unwrap();
        inner.content.put(b"pushed").unwrap();
        assert!(inner.ledger.commit(&[unclaimed]).await.unwrap());
    }

    #[tokio::test]
    async fn a_push_waits_for_what_is_being_removed_and_for_a_dead_process_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let (deploy, clock) = engine(folder.path()).await;
        let inner = &deploy.0;
        let removing = BTreeSet::from([Digest::of(b"something")]);
        let claim = Sweep { swept: NOW, claimed: NOW, removing };
        let mut row = inner.ledger.sweep().await.unwrap();
        assert!(inner.ledger.claim(&mut row, claim).await.unwrap());
        assert_eq!(deploy.sweep().await.unwrap(), [], "another process is at it");
        let waits = inner.ledger.unclaimed(&*clock);
        tokio::pin!(waits);
        assert!(tokio::time::timeout(LOOK * 3, &mut waits).await.is_err());
        clock.advance(ABANDONED_MS);
        waits.await.unwrap();
        let row = inner.ledger.sweep().await.unwrap().unwrap().value;
        assert_eq!((row.swept, row.removing), (NOW, BTreeSet::new()));
    }

    #[tokio::test]
    async fn content_is_looked_through_once_an_hour_by_whichever_process() {
        let folder = tempfile::tempdir().unwrap();
        let (deploy, clock) = engine(folder.path()).await;
        assert_eq!(deploy.sweep_if_due().await.unwrap(), []);
        let stale = deploy.0.content.put(b"stale").unwrap();
        clock.advance(EVERY_MS - 1);
        assert_eq!(deploy.sweep_if_due().await.unwrap(), []);
        clock.advance(1);
        assert_eq!(deploy.sweep_if_due().await.unwrap(), [stale]);
    }
}
