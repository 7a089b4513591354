//! Why nothing was removed, or not all, with what to change before it is tried again.

use dialgraph_deploy::DeployError;
use dialgraph_runtime::CallsError;
use dialgraph_store::StoreError;

/// Why nothing was removed, or not all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetentionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Calls(#[from] CallsError),
    #[error(transparent)]
    Deploy(#[from] DeployError),
    #[error("the id of a customer has 1 to 256 bytes")]
    BadCustomer,
    #[error(
        "the live project does not say which fields name a customer; add `erase:` to \
        dialgraph.yaml, such as `erase: {{attributes: [customer_id], collections: {{customers: \
        customer_id}}}}`, and push it"
    )]
    NoRules,
    #[error("there is no collection `{name}` in the project that is live; there are {known}")]
    NoCollection { name: String, known: String },
    #[error(
        "the customer is record `{key}` in the seed of collection `{collection}`, which would \
        restore it; remove it from the project's file ({file}), push the file, and erase again"
    )]
    Seeded { collection: String, key: String, file: String },
    #[error("another process is changing the same rows; try again")]
    Busy,
    #[error("the system gives no random bytes: {0}")]
    Chance(String),
}
