use dialgraph_server::config::Backend;
use dialgraph_server::{Config, OpenStore};
use dialgraph_store::Blobs;

use crate::error::WiringError;
use crate::keys::keys;

/// Opens the store that `config` names; sealed if there is a key.
///
/// # Errors
/// What is wrong with the place, the database or the keys, and what to do.
pub async fn open_store(config: &Config) -> Result<OpenStore, WiringError> {
    let keys = keys(config).await?;
    match config.store.backend {
        Backend::Sled => Ok(dialgraph_server::open_store(config, keys).await?),
        Backend::Dynamodb => Err(WiringError::NotBuilt { key: "store.backend", value: "dynamodb" }),
    }
}

/// Where plugins and flows are kept: beside an embedded store, and in the rows of a shared one.
///
/// # Errors
/// If the folder cannot be made.
pub fn content(config: &Config, _store: &OpenStore) -> Result<Blobs, WiringError> {
    Ok(Blobs::open(config.store.folder.join("content"))?)
}
