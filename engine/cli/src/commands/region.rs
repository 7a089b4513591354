//! Which region of AWS a command asks.
#![cfg_attr(not(feature = "aws"), expect(dead_code, reason = "only Amazon's services have one"))]

use anyhow::Result;
use dialgraph_config::{Config, usual_file};

/// The one that is named, or that of the server's configuration; none: as the AWS SDK finds it.
pub(crate) fn region(given: Option<&String>) -> Result<Option<String>> {
    match given {
        Some(region) => Ok(Some(region.clone())),
        None => Ok(Config::load(usual_file().as_deref(), std::env::vars())?.0.aws.region),
    }
}
