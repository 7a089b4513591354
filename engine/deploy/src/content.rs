//! The bytes that releases are made of, by their digests.

use std::collections::HashMap;
use std::sync::Arc;

use dialgraph_base::Digest;
use dialgraph_store::Blobs;

use crate::error::DeployError;
use crate::manifest::Manifest;

/// Blobs, and before them what is not yet among them.
#[derive(Clone)]
pub(crate) struct Content {
    blobs: Blobs,
    fresh: Arc<HashMap<Digest, Vec<u8>>>,
}

impl Content {
    pub(crate) fn new(blobs: Blobs) -> Self {
        Self { blobs, fresh: Arc::default() }
    }

    /// What is stored.
    pub(crate) fn blobs(&self) -> Blobs {
        self.blobs.clone()
    }

    /// With these on top.
    pub(crate) fn with(&self, fresh: &Arc<HashMap<Digest, Vec<u8>>>) -> Self {
        Self { blobs: self.blobs.clone(), fresh: Arc::clone(fresh) }
    }

    /// The bytes of `digest`, which `what` is made of. Blocks.
    pub(crate) fn get(&self, digest: &Digest, what: &str) -> Result<Vec<u8>, DeployError> {
        if let Some(bytes) = self.fresh.get(digest) {
            return Ok(bytes.clone());
        }
        let missing = || DeployError::Missing { what: format!("`{what}` ({digest})") };
        self.blobs.get(digest)?.ok_or_else(missing)
    }

    /// Makes what is on top durable. Blocks.
    pub(crate) fn keep(&self) -> Result<(), DeployError> {
        for bytes in self.fresh.values() {
            self.blobs.put(bytes)?;
        }
        Ok(())
    }

    /// Whether there is such content. Blocks.
    pub(crate) fn contains(&self, digest: &Digest) -> Result<bool, DeployError> {
        Ok(self.blobs.contains(digest)?)
    }

    /// All there is. Blocks.
    pub(crate) fn list(&self) -> Result<Vec<Digest>, DeployError> {
        Ok(self.blobs.list()?)
    }

    /// True if it was there. Blocks.
    pub(crate) fn remove(&self, digest: &Digest) -> Result<bool, DeployError> {
        Ok(self.blobs.remove(digest)?)
    }

    pub(crate) fn put(&self, bytes: &[u8]) -> Result<Digest, DeployError> {
        self.blobs.put(bytes)?;
        Ok(Digest::of(bytes))
    }

    /// The manifest with this digest, read where that holds up nobody.
    pub(crate) async fn manifest(&self, digest: Digest) -> Result<Manifest, DeployError> {
        let content = self.clone();
        blocking(move || content.read_manifest(&digest)).await
    }

    /// Blocks.
    pub(crate) fn read_manifest(&self, digest: &Digest) -> Result<Manifest, DeployError> {
        let bytes = self.get(digest, "manifest")?;
        serde_json::from_slice(&bytes).map_err(|error| DeployError::Unloadable {
            release: digest.to_string(),
            why: format!("its manifest cannot be read: {error}"),
        })
    }
}

/// Runs what reads files or compiles on a thread where that holds up nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeployError> + Send + 'static,
) -> Result<T, DeployError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(DeployError::Task(error.to_string())),
    }
}
