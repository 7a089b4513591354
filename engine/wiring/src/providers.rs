//! Amazon's services in place of local providers, where the configuration says so.

use std::sync::Arc;

use dialgraph_config::{Config, GenaiProvider, KnowledgeProvider, NluProvider};
use dialgraph_deploy::ProviderOverride;
use dialgraph_store::Store;

use crate::error::WiringError;

#[cfg(feature = "aws")]
mod aws;

/// What is done to each release's local providers; none: they stay as they are.
///
/// # Errors
/// If a setting is wrong, or asks for what is not in this build.
pub(crate) async fn refit(
    config: &Config,
    store: &Arc<dyn Store>,
) -> Result<Option<ProviderOverride>, WiringError> {
    let asked = &config.providers;
    if (asked.nlu, asked.genai, asked.knowledge)
        == (NluProvider::Local, GenaiProvider::Local, KnowledgeProvider::Local)
    {
        return Ok(None);
    }
    from_amazon(config, store).await.map(Some)
}

#[cfg(feature = "aws")]
async fn from_amazon(
    config: &Config,
    store: &Arc<dyn Store>,
) -> Result<ProviderOverride, WiringError> {
    aws::refit(config, store).await
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it finds credentials")]
async fn from_amazon(
    config: &Config,
    _store: &Arc<dyn Store>,
) -> Result<ProviderOverride, WiringError> {
    let asked = &config.providers;
    let (key, value) = match (asked.nlu, asked.genai) {
        (NluProvider::Lex, _) => ("providers.nlu", "lex"),
        (_, GenaiProvider::Bedrock) => ("providers.genai", "bedrock"),
        _ => ("providers.knowledge", "hybrid"),
    };
    Err(WiringError::NotBuilt { key, value })
}
