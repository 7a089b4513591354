//! Where the secrets of plugins come from.

use std::sync::Arc;

use dialgraph_config::{Config, SecretsProvider};
use dialgraph_local::secrets::SecretSource;

use crate::error::WiringError;

/// What takes the place of folder and environment; none: they stay.
///
/// # Errors
/// If a setting is wrong, or asks for what is not in this build.
pub(crate) fn secrets(config: &Config) -> Result<Option<Arc<dyn SecretSource>>, WiringError> {
    match config.providers.secrets {
        SecretsProvider::Local => Ok(None),
        SecretsProvider::SecretsManager => manager(config).map(Some),
    }
}

#[cfg(feature = "aws")]
fn manager(config: &Config) -> Result<Arc<dyn SecretSource>, WiringError> {
    use dialgraph_aws::secrets::{SecretRef, SecretsManager, SecretsManagerSettings};
    let settings = SecretsManagerSettings {
        prefix: config.aws.secrets_prefix.clone(),
        names: SecretRef::read(&config.aws.secrets)?,
        ..SecretsManagerSettings::default()
    };
    Ok(Arc::new(SecretsManager::new(config.aws.region.as_deref(), settings)))
}

#[cfg(not(feature = "aws"))]
fn manager(_config: &Config) -> Result<Arc<dyn SecretSource>, WiringError> {
    Err(WiringError::NotBuilt { key: "providers.secrets", value: "secrets-manager" })
}
