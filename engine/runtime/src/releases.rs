//! Tells which release a call gets: a new one by its id alone, the same on every process; one in
//! progress that to which it is pinned.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use futures::future::BoxFuture;

use dialgraph_base::{CallId, Digest};
use dialgraph_flow::Release;

/// Where releases are found that are not at hand: those of calls that began on another engine
/// process, or before this one was started.
pub trait ReleaseSource: Send + Sync {
    /// The release of this digest, with its plugins loaded; none if there has never been one.
    ///
    /// # Errors
    /// Why it cannot be had now, in words for an operator.
    fn fetch(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Arc<Release>>, String>>;
}

/// A release that a share of new calls gets.
#[derive(Debug, Clone)]
pub struct Canary {
    pub release: Arc<Release>,
    /// Of 100 new calls, so many.
    pub percent: u8,
}

/// The releases at hand: the one that new calls get, perhaps one that some of them try, and those
/// that calls in progress keep to.
pub struct Releases {
    inner: RwLock<Inner>,
    source: Option<Arc<dyn ReleaseSource>>,
}

struct Inner {
    live: Arc<Release>,
    canary: Option<Canary>,
    all: BTreeMap<Digest, Arc<Release>>,
}

impl fmt::Debug for Releases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.read();
        f.debug_struct("Releases")
            .field("live", &inner.live.digest)
            .field("canary", &inner.canary.as_ref().map(|c| (c.release.digest, c.percent)))
            .field("all", &inner.all.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Releases {
    /// With `live` for new calls, and nothing else.
    pub fn new(live: Arc<Release>) -> Self {
        let all = BTreeMap::from([(live.digest, live.clone())]);
        Self { inner: RwLock::new(Inner { live, canary: None, all }), source: None }
    }

    /// Asks `source` for releases that are not at hand.
    #[must_use]
    pub fn with_source(mut self, source: Arc<dyn ReleaseSource>) -> Self {
        self.source = Some(source);
        self
    }

    /// The release for calls that begin now, but for those that try the canary.
    pub fn live(&self) -> Arc<Release> {
        self.read().live.clone()
    }

    /// The release that a share of new calls gets, if there is one.
    pub fn canary(&self) -> Option<Canary> {
        self.read().canary.clone()
    }

    /// The release that the new call `id` gets: the same on every process, whenever it is asked.
    pub fn for_call(&self, id: &CallId) -> Arc<Release> {
        let inner = self.read();
        match &inner.canary {
            Some(canary) if bucket(id) < canary.percent => canary.release.clone(),
            _ => inner.live.clone(),
        }
    }

    /// The release of this digest, if it is at hand.
    pub fn get(&self, digest: &Digest) -> Option<Arc<Release>> {
        self.read().all.get(digest).cloned()
    }

    /// The release of this digest, from the source if it is not at hand.
    ///
    /// # Errors
    /// What the source says.
    pub async fn find(&self, digest: &Digest) -> Result<Option<Arc<Release>>, String> {
        if let Some(release) = self.get(digest) {
            return Ok(Some(release));
        }
        let Some(source) = &self.source else { return Ok(None) };
        let found = source.fetch(*digest).await?;
        if let Some(release) = &found {
            self.write().all.insert(*digest, release.clone());
        }
        Ok(found)
    }

    /// Makes `live` the release for new calls, with `canary` for a share of them. Calls in progress
    /// keep theirs.
    pub fn publish(&self, live: Arc<Release>, canary: Option<Canary>) {
        let mut inner = self.write();
        inner.all.insert(live.digest, live.clone());
        if let Some(canary) = &canary {
            inner.all.insert(canary.release.digest, canary.release.clone());
        }
        inner.live = live;
        inner.canary = canary;
    }

    /// Digests of all that is at hand.
    pub fn at_hand(&self) -> Vec<Digest> {
        self.read().all.keys().copied().collect()
    }

    /// Lets go of a release that new calls do not get. False when they do, or when it was not at
    /// hand.
    pub fn forget(&self, digest: &Digest) -> bool {
        let mut inner = self.write();
        let canary = inner.canary.as_ref().map(|canary| canary.release.digest);
        if inner.live.digest == *digest || canary == Some(*digest) {
            return false;
        }
        inner.all.remove(digest).is_some()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Inner> {
        // Writers only swap pointers; one that panicked left nothing half done.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number from 0 to 99 that depends on the call alone.
fn bucket(id: &CallId) -> u8 {
    let digest = Digest::of(id.0.as_bytes());
    let number = digest.as_bytes().iter().take(8).fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
    // Below 100.
    (number % 100) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(name: &str) -> Arc<Release> {
        let flow = format!(
            "flow: {name}\nstart: bye\nnodes:\n  bye: {{end: {{disposition: resolved}}}}\n"
        );
        let plugins = dialgraph_flow::testing::Plugins::new();
        Arc::new(dialgraph_flow::testing::compile_source(&flow, &plugins).unwrap())
    }

    fn share(releases: &Releases, of: &Arc<Release>) -> usize {
        (0..2_000)
            .filter(|n| releases.for_call(&CallId(format!("call-{n}").into())).digest == of.digest)
            .count()
    }

    #[test]
    fn the_canary_gets_its_share_of_new_calls_and_always_the_same_ones() {
        let (live, canary) = (release("one"), release("two"));
        let releases = Releases::new(live.clone());
        assert_eq!(share(&releases, &live), 2_000);
        releases.publish(live.clone(), Some(Canary { release: canary.clone(), percent: 10 }));
        let tried = share(&releases, &canary);
        assert!((140..=260).contains(&tried), "{tried} of 2000 at 10 %");
        assert_eq!(share(&releases, &canary), tried);
        releases.publish(live, Some(Canary { release: canary.clone(), percent: 100 }));
        assert_eq!(share(&releases, &canary), 2_000);
    }

    #[test]
    fn what_new_calls_get_cannot_be_forgotten() {
        let (old, live, canary) = (release("old"), release("live"), release("canary"));
        let releases = Releases::new(old.clone());
        releases.publish(live.clone(), Some(Canary { release: canary.clone(), percent: 1 }));
        assert!(!releases.forget(&live.digest) && !releases.forget(&canary.digest));
        assert!(releases.get(&old.digest).is_some());
        assert!(releases.forget(&old.digest) && !releases.forget(&old.digest));
        assert!(releases.get(&old.digest).is_none());
    }
}
