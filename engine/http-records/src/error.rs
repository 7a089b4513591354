//! What is wrong with the way to a service, before anybody asks it.

/// A source that cannot be set up as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum HttpRecordsError {
    #[error(
        "the address of source `{source_name}` cannot be used ({why}); write https://HOST or \
         https://HOST/PATH"
    )]
    Address { source_name: String, why: String },

    #[error("source `{source_name}`: {why}")]
    Client { source_name: String, why: String },
}
