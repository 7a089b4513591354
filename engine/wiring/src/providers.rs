//! Amazon's services in place of local providers, where the configuration says so.

use dialgraph_deploy::Refit;
use dialgraph_server::Config;
use dialgraph_server::config::{Genai, Knowledge, Nlu};

use crate::error::WiringError;

/// What is done to each release's local providers; none: they stay as they are.
///
/// # Errors
/// If something is asked for that is not in this build.
pub(crate) fn refit(config: &Config) -> Result<Option<Refit>, WiringError> {
    let aws = &config.providers;
    if aws.nlu != Nlu::Local {
        return Err(WiringError::NotBuilt { key: "providers.nlu", value: "lex" });
    }
    if aws.genai != Genai::Local {
        return Err(WiringError::NotBuilt { key: "providers.genai", value: "bedrock" });
    }
    if aws.knowledge != Knowledge::Local {
        return Err(WiringError::NotBuilt { key: "providers.knowledge", value: "hybrid" });
    }
    Ok(None)
}
