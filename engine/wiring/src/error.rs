//! Why an engine could not be put together, and which key of the configuration is at fault.

use dialgraph_deploy::{DeployError, KeyError, SourceError};
use dialgraph_host::HostError;
use dialgraph_store::StoreError;

/// Why an engine could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Deploy(#[from] DeployError),
    #[error("cannot run WebAssembly here: {0}")]
    Host(#[from] HostError),
    #[error("deploy.trusted_keys: {0}")]
    TrustedKeys(#[from] KeyError),
    #[error("deploy.trusted_keys: write NAME:KEY, with the key of minisign.pub")]
    TrustedKeyForm,
    #[error(transparent)]
    HttpSources(#[from] dialgraph_http_records::HttpRecordsError),
    #[error(transparent)]
    Sources(#[from] dialgraph_postgres::PostgresError),
    #[error(transparent)]
    Project(#[from] SourceError),
    #[error("the project could not be read: {0}")]
    Broken(#[from] tokio::task::JoinError),
    /// A setting of Amazon's services is wrong.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Aws(#[from] dialgraph_aws::AwsError),
    /// Something was configured that this build leaves out.
    #[error(
        "{key} asks for `{value}`, which is not in this build; take a release build, or build with `--features aws`"
    )]
    NotBuilt { key: &'static str, value: &'static str },
}
