use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use dialgraph_flow::{Digest, Release};

/// The releases at hand: the one that new calls get, and those that calls in progress keep to.
#[derive(Debug)]
pub struct Releases {
    inner: RwLock<Inner>,
}

#[derive(Debug)]
struct Inner {
    live: Arc<Release>,
    all: BTreeMap<Digest, Arc<Release>>,
}

impl Releases {
    /// With `live` for new calls, and nothing else.
    pub fn new(live: Arc<Release>) -> Self {
        let all = BTreeMap::from([(live.digest, live.clone())]);
        Self { inner: RwLock::new(Inner { live, all }) }
    }

    /// The release for calls that begin now.
    pub fn live(&self) -> Arc<Release> {
        self.read().live.clone()
    }

    /// The release of this digest, if it is at hand.
    pub fn get(&self, digest: &Digest) -> Option<Arc<Release>> {
        self.read().all.get(digest).cloned()
    }

    /// Makes `release` the one for new calls; calls in progress keep theirs.
    pub fn publish(&self, release: Arc<Release>) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.all.insert(release.digest, release.clone());
        inner.live = release;
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Inner> {
        // Writers only swap pointers; one that panicked left nothing half done.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}
