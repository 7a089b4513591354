//! Opens the store that the configuration names, embedded or shared, sealed if there is a key, and
//! finds the place of its content.

use std::sync::Arc;

use dialgraph_config::{Backend, Config};
use dialgraph_deploy::ProviderOverride;
use dialgraph_local::records::LastKnown;
use dialgraph_runtime::SystemClock;
use dialgraph_store::{Blobs, Keyring, MemoryStore, OpenStore, SledOptions, SledStore, Store};

use crate::error::WiringError;
use crate::keys::keys;

/// Opens the store that `config` names; sealed if there is a key.
///
/// # Errors
/// What is wrong with the place, the database or the keys, and what to do.
pub async fn open_store(config: &Config) -> Result<OpenStore, WiringError> {
    let keys = keys(config).await?;
    match config.store.backend {
        Backend::Sled => open_embedded(config, keys).await,
        Backend::Dynamodb => open_table(config, keys).await,
    }
}

/// Opens the embedded store in the folder that `config` names, whatever backend it wants and
/// whatever keys it has: with these, if there are any.
///
/// # Errors
/// What is wrong with the folder, the database or the keys, and what to do.
pub async fn open_embedded(
    config: &Config,
    keys: Option<Keyring>,
) -> Result<OpenStore, WiringError> {
    let options = SledOptions { cache_bytes: config.store.cache.0, ..SledOptions::default() };
    let sled = SledStore::open(&config.store.folder, Arc::new(SystemClock), &options)?;
    Ok(OpenStore::over(Arc::new(sled), keys).await?)
}

#[cfg(feature = "aws")]
async fn open_table(config: &Config, keys: Option<Keyring>) -> Result<OpenStore, WiringError> {
    use dialgraph_aws::dynamodb::{DynamoStore, Limits};

    let connection = dialgraph_aws::connect(config.aws.region.as_deref()).await;
    let limits =
        Limits { attempt: config.store.attempt_timeout, operation: config.store.operation_timeout };
    let clock = Arc::new(SystemClock);
    let table = DynamoStore::open(&connection, &config.store.table, clock, limits).await?;
    Ok(OpenStore::over(Arc::new(table), keys).await?)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "it is not so in a build that has it")]
async fn open_table(_: &Config, _: Option<Keyring>) -> Result<OpenStore, WiringError> {
    Err(WiringError::NotBuilt { key: "store.backend", value: "dynamodb" })
}

/// Where plugins and flows are kept: beside an embedded store, and in the rows of a shared one.
///
/// # Errors
/// If the folder cannot be made.
pub fn content(config: &Config, store: &OpenStore) -> Result<Blobs, WiringError> {
    let folder = config.store.folder.join("content");
    Ok(match config.store.backend {
        Backend::Sled => Blobs::open(folder)?,
        Backend::Dynamodb => Blobs::in_rows(store.store.clone(), folder)?,
    })
}

/// Has this process remember the records that it reads from a shared store, for when that does not
/// answer; beside an embedded store they are as near as memory. Goes around what `refit` makes.
pub(crate) fn remembering(
    config: &Config,
    refit: Option<ProviderOverride>,
) -> Option<ProviderOverride> {
    if config.store.backend == Backend::Sled {
        return refit;
    }
    let known: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
    Some(Arc::new(move |project, providers| {
        let mut providers = match &refit {
            Some(refit) => refit(project, providers)?,
            None => providers,
        };
        let records = LastKnown::new(providers.records, Arc::clone(&known));
        providers.records = Arc::new(records.with_indexes(Arc::new(project.indexes())));
        Ok(providers)
    }))
}

/// Makes the table for a shared store, or completes one that is there.
///
/// # Errors
/// If this build cannot, or Amazon does not let it.
pub async fn create_table(region: Option<&str>, table: &str) -> Result<TableMade, WiringError> {
    #[cfg(feature = "aws")]
    {
        let connection = dialgraph_aws::connect(region).await;
        let created = dialgraph_aws::dynamodb::create_table(&connection, table).await?;
        Ok(TableMade { is_complete: created.is_complete(), words: created.to_string() })
    }
    #[cfg(not(feature = "aws"))]
    {
        let _ = (region, table);
        Err(WiringError::NotBuilt { key: "store create-table", value: "dynamodb" })
    }
}

/// What making a table came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableMade {
    /// Nothing is missing that the service could have refused.
    pub is_complete: bool,
    /// For people, a line for each step.
    pub words: String,
}
