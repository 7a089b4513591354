//! The keys that seal a store, whatever the store is kept in.

use dialgraph_config::Config;
use dialgraph_store::{KeyText, Keyring};

use crate::error::WiringError;

/// Reads them from the file that `config` names or from the environment, and has those opened that
/// stand there wrapped by AWS KMS. None: the store is kept in the clear.
///
/// # Errors
/// What is wrong with the keys, or why KMS does not open one, and what to do.
pub async fn keys(config: &Config) -> Result<Option<Keyring>, WiringError> {
    let text = match &config.store.key_file {
        Some(file) => Some(KeyText::from_file(file)?),
        None => KeyText::from_env()?,
    };
    match text {
        None => Ok(None),
        Some(text) if text.is_wrapped() => open(config, &text).await.map(Some),
        Some(text) => Ok(Some(text.ring()?)),
    }
}

#[cfg(feature = "aws")]
async fn open(config: &Config, text: &KeyText) -> Result<Keyring, WiringError> {
    let connection = dialgraph_aws::connect(config.aws.region.as_deref()).await;
    Ok(text.open(&dialgraph_aws::kms::Kms::new(&connection)).await?)
}

#[cfg(not(feature = "aws"))]
async fn open(_config: &Config, _text: &KeyText) -> Result<Keyring, WiringError> {
    Err(WiringError::NotBuilt { key: "store.key_file", value: "kms:…" })
}
