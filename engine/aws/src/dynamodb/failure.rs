//! In which ways a request fails, told apart by what can be done about them.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use dialgraph_store::StoreError;

use crate::error::{credentials, root, tidy};

/// Why a request has no answer.
#[derive(Debug)]
pub(super) struct Failure {
    kind: Kind,
    /// What the service or the connection said.
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No capacity, or somebody else's transaction on the same items: nothing was done, and it
    /// passes.
    Busy,
    /// It is not known whether it was done.
    Unknown,
    NoTable,
    NoCredentials,
    Denied,
    /// The request itself is wrong.
    Wrong,
}

impl Failure {
    pub(super) fn of<E>(error: SdkError<E>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        if let Some(service) = error.as_service_error()
            && let Some(code) = service.code()
        {
            let message = tidy(service.message().unwrap_or("it gives no reason"));
            return Self { kind: kind(code, status), detail: format!("{code}: {message}") };
        }
        let kind = if credentials(&error) { Kind::NoCredentials } else { Kind::Unknown };
        let detail = match status {
            // What is wrong with an answer would quote it, and it has what callers said in it.
            Some(status) => format!("its answer (status {status}) cannot be read"),
            None => root(&error),
        };
        Self { kind, detail }
    }

    /// No answer within `limit`.
    pub(super) fn late(limit: Duration) -> Self {
        let detail = format!("there was no answer within {} ms", limit.as_millis());
        Self { kind: Kind::Unknown, detail }
    }

    /// Why an item of a transaction could not be written.
    pub(super) fn of_reason(code: &str, message: Option<&str>) -> Self {
        let detail = format!("{code}: {}", tidy(message.unwrap_or("it gives no reason")));
        Self { kind: kind(code, None), detail }
    }

    /// The request, or the answer to it, is not what it must be.
    pub(super) fn wrong(detail: impl Into<String>) -> Self {
        Self { kind: Kind::Wrong, detail: detail.into() }
    }

    /// Whether the same request may be answered a moment later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self.kind, Kind::Busy | Kind::Unknown)
    }

    /// Whether the request may have been carried out all the same.
    pub(super) fn is_uncertain(&self) -> bool {
        self.kind == Kind::Unknown
    }

    /// As what it has become after others of which it is not known whether they were carried out.
    pub(super) fn after_uncertain(mut self) -> Self {
        self.kind = Kind::Unknown;
        self
    }

    pub(super) fn tell(self, table: &str, region: &str) -> StoreError {
        let Self { kind, detail } = self;
        let refused = |detail: String| StoreError::Refused { detail };
        match kind {
            Kind::Busy => StoreError::Busy {
                detail: format!(
                    "table {table} has no capacity for this, or others hold the same rows ({detail}); it was asked again for \
                     as long as there was time; if it goes on, look at the table's throttled requests"
                ),
            },
            Kind::Unknown => StoreError::Backend {
                detail: format!("table {table} in {region} does not answer: {detail}"),
            },
            Kind::NoTable => refused(format!(
                "there is no table {table} in {region}; make it with `dialgraph store create-table --table {table}` or \
                 with the template that `dialgraph connect deploy-template` prints, or name another in `store.table`"
            )),
            Kind::NoCredentials => refused(format!(
                "there are no credentials for Amazon; give this process a role, or set AWS_PROFILE ({detail})"
            )),
            Kind::Denied => refused(format!(
                "Amazon does not let this process use table {table} in {region}; docs/dynamodb.md lists the actions that \
                 its role needs ({detail})"
            )),
            Kind::Wrong => refused(format!(
                "table {table} does not take the request; is it one that `dialgraph store create-table` has made? ({detail})"
            )),
        }
    }
}

fn kind(code: &str, status: Option<u16>) -> Kind {
    match code {
        "ThrottlingException"
        | "ThrottlingError"
        | "Throttling"
        | "ProvisionedThroughputExceededException"
        | "ProvisionedThroughputExceeded"
        | "RequestLimitExceeded"
        | "LimitExceededException"
        | "TransactionConflictException"
        | "TransactionConflict" => Kind::Busy,
        // One's own try before this one, still on its way.
        "TransactionInProgressException" => Kind::Unknown,
        "ResourceNotFoundException" | "TableNotFoundException" => Kind::NoTable,
        "MissingAuthenticationToken" | "MissingAuthenticationTokenException" => Kind::NoCredentials,
        "AccessDeniedException"
        | "AccessDenied"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "OptInRequired"
        | "KMSAccessDeniedException" => Kind::Denied,
        _ if status.is_some_and(|status| status >= 500) => Kind::Unknown,
        _ => Kind::Wrong,
    }
}
