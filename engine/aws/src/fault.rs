//! Why a request to a service came to nothing, the same for all of them.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("no region is known; set AWS_REGION, or `aws.region` in the configuration")]
    NoRegion,
    /// There are none, or they could not be fetched.
    #[error(
        "there are no AWS credentials: {detail}; set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is given"
    )]
    NoCredentials { detail: String },
    #[error("the service cannot be reached: {detail}")]
    Unreachable { detail: String },
    #[error("the service gave no answer in time")]
    TimedOut,
    #[error("the service takes no more requests for the moment ({code})")]
    Throttled { code: String },
    #[error("the service failed ({status} {code})")]
    Down { status: u16, code: String },
    /// Asked again, it would be refused again.
    #[error("the service refused: {code}: {message}")]
    Refused { code: String, message: String },
    #[error("the service's answer cannot be read: {detail}")]
    Malformed { detail: String },
}

impl Fault {
    /// Whether the same request may fare better in a moment.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut
            | Self::Throttled { .. }
            | Self::Down { .. }
            | Self::Malformed { .. } => true,
            Self::NoRegion | Self::NoCredentials { .. } | Self::Refused { .. } => false,
        }
    }

    /// The service's name for what it refused.
    pub fn refused(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for Fault
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        match &error {
            SdkError::TimeoutError(_) => Self::TimedOut,
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let code = answer.err().code().unwrap_or("without a name").to_owned();
                let message = answer.err().message().unwrap_or("without a reason").to_owned();
                if is_throttling(&code) || status == 429 {
                    Self::Throttled { code }
                } else if status >= 500 {
                    Self::Down { status, code }
                } else {
                    Self::Refused { code, message }
                }
            }
            // An error page of something in between has a status, too.
            SdkError::ResponseError(answer) if answer.raw().status().as_u16() >= 500 => {
                let status = answer.raw().status().as_u16();
                Self::Down { status, code: "without a name".to_owned() }
            }
            SdkError::ResponseError(_) => Self::Malformed { detail: causes(&error) },
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Self::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_io() => {
                Self::Unreachable { detail: causes(&error) }
            }
            _ => before_sending(causes(&error)),
        }
    }
}

/// Names under which services throttle; most with status 400.
fn is_throttling(code: &str) -> bool {
    const CODES: [&str; 6] = [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottledException",
    ];
    CODES.contains(&code)
}

/// What the SDK could not do before there was a request to send.
fn before_sending(detail: String) -> Fault {
    // The SDK has no types for these two, only words.
    let words = detail.to_lowercase();
    if words.contains("region") {
        Fault::NoRegion
    } else if words.contains("credential") || words.contains("identity") {
        Fault::NoCredentials { detail }
    } else {
        Fault::Unreachable { detail }
    }
}

/// An error's words with those of its causes, none twice. The SDK shows only the outermost by itself.
fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(error) = next {
        let words = error.to_string();
        if !told.iter().any(|told| told.contains(&words)) {
            told.push(words);
        }
        next = error.source();
    }
    if told.is_empty() { DisplayErrorContext(error).to_string() } else { told.join(": ") }
}
