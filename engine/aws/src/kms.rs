//! AWS KMS: keys of the sealed store that only a key in KMS opens (envelope encryption).
//!
//! What lies in the key file is a data key, encrypted under a KMS key that never leaves KMS. It is
//! made by `GenerateDataKeyWithoutPlaintext`, so that whoever makes the file sees no key, and
//! opened by `Decrypt` when the engine starts. Both carry the same encryption context, so that a
//! policy can allow this use and no other, and so that a ciphertext made for something else does
//! not open as a key of the store.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use dialgraph_store::UnwrapKey;
use zeroize::Zeroizing;

use crate::connection::{CONNECT, Connection};
use crate::error::{Cause, ServiceFailure};

/// What stands before the colon of a key that KMS wrapped.
pub const SCHEME: &str = "kms";

/// The encryption context: in a policy, `kms:EncryptionContext:dialgraph:purpose`.
pub const CONTEXT: (&str, &str) = ("dialgraph:purpose", "store-key");

const SERVICE: &str = "AWS KMS";

/// An engine that starts asks once for each key, and can wait.
const ATTEMPT: Duration = Duration::from_secs(3);
const OPERATION: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 3;

/// AWS KMS.
#[derive(Debug, Clone)]
pub struct Kms {
    client: Client,
}

/// Why KMS did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KmsError {
    #[error(
        "allow `{action}` on the key, with the encryption context `{}` = `{}` ({failure})",
        CONTEXT.0,
        CONTEXT.1
    )]
    Denied { action: &'static str, failure: ServiceFailure },
    #[error("there is no such key in this account and region ({0})")]
    Unknown(ServiceFailure),
    #[error("the key cannot be used as it is; enable it in KMS ({0})")]
    Disabled(ServiceFailure),
    #[error("this is no store key that KMS wrapped here, or the line was cut or changed ({0})")]
    NotOurs(ServiceFailure),
    #[error(transparent)]
    Failed(ServiceFailure),
}

impl KmsError {
    /// What the service or the way to it said.
    pub fn failure(&self) -> &ServiceFailure {
        match self {
            Self::Denied { failure, .. }
            | Self::Unknown(failure)
            | Self::Disabled(failure)
            | Self::NotOurs(failure)
            | Self::Failed(failure) => failure,
        }
    }

    fn of(failure: ServiceFailure, action: &'static str) -> Self {
        match failure.code.as_deref() {
            // A code of its own, with status 400.
            Some("NotFoundException" | "InvalidArnException") => {
                Self::Unknown(ServiceFailure { cause: Cause::NotFound, ..failure })
            }
            Some("DisabledException" | "KMSInvalidStateException") => Self::Disabled(failure),
            Some("InvalidCiphertextException" | "IncorrectKeyException") => Self::NotOurs(failure),
            Some("AccessDeniedException") => Self::Denied { action, failure },
            _ => Self::Failed(failure),
        }
    }
}

impl Kms {
    /// A client over `connection`. It repeats what KMS says may be repeated: throttled requests and
    /// its own failures.
    pub fn new(connection: &Connection) -> Self {
        Self::patient(connection, ATTEMPT, OPERATION)
    }

    /// With other limits: `attempt` for each request, `operation` for all that are made for one
    /// answer.
    pub fn patient(connection: &Connection, attempt: Duration, operation: Duration) -> Self {
        let config = aws_sdk_kms::config::Builder::from(connection.sdk())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT)
                    .operation_attempt_timeout(attempt)
                    .operation_timeout(operation)
                    .build(),
            );
        Self { client: Client::from_conf(config.build()) }
    }

    /// A new key for a store, wrapped by the KMS key that `key_id` names: an id, an ARN, or
    /// `alias/NAME`.
    ///
    /// # Errors
    /// Why KMS made none.
    pub async fn new_key(&self, key_id: &str) -> Result<Vec<u8>, KmsError> {
        let answer = self
            .client
            .generate_data_key_without_plaintext()
            .key_id(key_id)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(CONTEXT.0, CONTEXT.1)
            .send()
            .await
            .map_err(|error| {
                KmsError::of(
                    ServiceFailure::of(SERVICE, &error),
                    "kms:GenerateDataKeyWithoutPlaintext",
                )
            })?;
        match answer.ciphertext_blob {
            Some(blob) if !blob.as_ref().is_empty() => Ok(blob.into_inner()),
            _ => Err(empty()),
        }
    }

    /// The key within `wrapped`, which [`Kms::new_key`] gave.
    ///
    /// # Errors
    /// Why KMS did not open it.
    pub async fn open(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let answer = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_context(CONTEXT.0, CONTEXT.1)
            .send()
            .await
            .map_err(|error| KmsError::of(ServiceFailure::of(SERVICE, &error), "kms:Decrypt"))?;
        match answer.plaintext {
            Some(blob) => Ok(Zeroizing::new(blob.into_inner())),
            None => Err(empty()),
        }
    }
}

fn empty() -> KmsError {
    KmsError::Failed(ServiceFailure::new(SERVICE, Cause::Malformed, "its answer holds no key"))
}

#[async_trait]
impl UnwrapKey for Kms {
    fn scheme(&self) -> &'static str {
        SCHEME
    }

    async fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        self.open(wrapped).await.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests;
