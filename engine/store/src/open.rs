//! A store as whoever runs an engine holds it: sealed or not, with the backend below.

use std::sync::Arc;

use crate::backend::Backend;
use crate::error::StoreError;
use crate::seal::{KeyId, Keyring, Sealed, require_unsealed};
use crate::store::Store;

/// A store that was opened, with the backend that health and metrics are asked of.
#[derive(Clone)]
pub struct OpenStore {
    pub store: Arc<dyn Store>,
    pub backend: Arc<dyn Backend>,
    pub sealed: bool,
    /// Ids of the keys that it opens with; none when it is not sealed.
    pub keys: Vec<KeyId>,
}

impl std::fmt::Debug for OpenStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenStore").field("place", &self.backend.place()).finish_non_exhaustive()
    }
}

impl OpenStore {
    /// The rows in `backend`, sealed if there are keys.
    ///
    /// # Errors
    /// If what is there is sealed and there is no key, or not the right one.
    pub async fn over(
        backend: Arc<dyn Backend>,
        keys: Option<Keyring>,
    ) -> Result<Self, StoreError> {
        let sealed = keys.is_some();
        let ids = keys.as_ref().map(Keyring::ids).unwrap_or_default();
        let plain: Arc<dyn Store> = backend.clone();
        let store: Arc<dyn Store> = match keys {
            Some(keys) => Arc::new(Sealed::open(plain, keys).await?),
            None => {
                require_unsealed(&*plain).await?;
                plain
            }
        };
        Ok(Self { store, backend, sealed, keys: ids })
    }
}
