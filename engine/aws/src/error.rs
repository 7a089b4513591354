//! Why a service did not do what it was asked, told apart by what can be done about it.
//!
//! [`ServiceFailure::of`] reads any operation's [`SdkError`]; `HostError::from` makes of it what
//! plugins get. A provider needs no more than
//!
//! ```ignore
//! client.recognize_text().send().await.map_err(|error| ServiceFailure::of(SERVICE, &error).hiding([text]))?;
//! ```
//!
//! | [`Cause`] | when | plugins get | asked again |
//! |---|---|---|---|
//! | `NotConnected` | no connection came about: nothing was received | unavailable `no-connection` | yes |
//! | `Throttled` | 429, or a code that means throttling: nothing was done | unavailable `throttled` | yes |
//! | `Down` | 5xx, 409, or the connection broke | unavailable `service-down` | if doing it twice is right |
//! | `TimedOut` | our limit was over, or 408 | unavailable `timed-out` | no: the time is used up |
//! | `Dependency` | 424: what the service relies on failed | unavailable `dependency-failed` | no |
//! | `Quota` | the account's quota is used up | unavailable `quota-exceeded` | no |
//! | `Denied` | 401, 403: credentials or permissions | denied `access-denied` | no |
//! | `NotFound` | 404: what was named is not there | invalid `not-found` | no |
//! | `Invalid` | other 4xx: the request breaks the service's rules | invalid `bad-request` | no |
//! | `Malformed` | an answer that is none | other `bad-answer` | no |
//! | `Bug` | the request could not even be made | other `bad-call` | no |
//!
//! Nothing here asks again. The server does, once for all providers and within the time that is
//! left (`engine/server/src/world/retry.rs`); what the table says is what it is told by kind and
//! code.
//!
//! Messages carry the service's words, which an operator needs. Services quote what they were sent
//! when they refuse it, so a quoted value is taken out, and so is whatever the provider names by
//! [`ServiceFailure::hiding`].

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use dialgraph_kernel::ports::{HostError, HostErrorKind};

/// Longest message that is passed on, in characters.
const MESSAGE_CHARS: usize = 300;

/// A part of a request is hidden in a message only if it has so many characters: shorter ones are
/// in any message.
const HIDDEN_CHARS: usize = 2;

/// A setting of Amazon's services that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct AwsError {
    /// The configuration's key.
    pub key: &'static str,
    /// What is wrong and what to write.
    pub message: String,
}

impl AwsError {
    /// `message` says what is wrong and what to write.
    pub fn new(key: &'static str, message: impl Into<String>) -> Self {
        Self { key, message: message.into() }
    }
}

/// What kind of failure it was; see the table in the module's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    NotConnected,
    Throttled,
    Down,
    TimedOut,
    Dependency,
    Quota,
    Denied,
    NotFound,
    Invalid,
    Malformed,
    Bug,
}

impl Cause {
    /// Kind and code by which plugins and the server know it.
    pub fn port(self) -> (HostErrorKind, &'static str) {
        match self {
            Self::NotConnected => (HostErrorKind::Unavailable, "no-connection"),
            Self::Throttled => (HostErrorKind::Unavailable, "throttled"),
            Self::Down => (HostErrorKind::Unavailable, "service-down"),
            Self::TimedOut => (HostErrorKind::Unavailable, "timed-out"),
            Self::Dependency => (HostErrorKind::Unavailable, "dependency-failed"),
            Self::Quota => (HostErrorKind::Unavailable, "quota-exceeded"),
            Self::Denied => (HostErrorKind::Denied, "access-denied"),
            Self::NotFound => (HostErrorKind::Invalid, "not-found"),
            Self::Invalid => (HostErrorKind::Invalid, "bad-request"),
            Self::Malformed => (HostErrorKind::Other, "bad-answer"),
            Self::Bug => (HostErrorKind::Other, "bad-call"),
        }
    }

    /// Of an answer with this status; `code` is the service's name for the error.
    fn of_status(status: u16, code: &str) -> Self {
        // Services give codes of throttling with 400, too.
        if THROTTLING_ERRORS.contains(&code) {
            return Self::Throttled;
        }
        match code {
            "ServiceQuotaExceededException" => return Self::Quota,
            "ResourceNotFoundException" => return Self::NotFound,
            // Other than 403 with some services.
            "AccessDeniedException"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "ExpiredTokenException" => return Self::Denied,
            code if TRANSIENT_ERRORS.contains(&code) => return Self::TimedOut,
            _ => {}
        }
        match status {
            401 | 403 => Self::Denied,
            404 => Self::NotFound,
            408 => Self::TimedOut,
            409 => Self::Down,
            424 => Self::Dependency,
            429 => Self::Throttled,
            400..=499 => Self::Invalid,
            500..=599 => Self::Down,
            _ => Self::Malformed,
        }
    }
}

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service}: {}", Shown(message))]
pub struct ServiceFailure {
    /// The service as its owner knows it, such as `Lex`.
    pub service: &'static str,
    pub cause: Cause,
    /// The service's name for the error, such as `ThrottlingException`; none when no answer came.
    pub code: Option<String>,
    pub message: String,
    /// When the service says to come again.
    pub retry_after: Option<Duration>,
}

impl ServiceFailure {
    /// One that is known without an error of the SDK.
    pub fn new(service: &'static str, cause: Cause, message: impl AsRef<str>) -> Self {
        let message = tidy(message.as_ref());
        Self { service, cause, code: None, message, retry_after: None }
    }

    /// Reads what an operation's `send` gave.
    pub fn of<E>(service: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(context) => {
                let (raw, error) = (context.raw(), context.err());
                let status = raw.status().as_u16();
                let cause = Cause::of_status(status, error.code().unwrap_or_default());
                let mut failure = Self::answered(service, cause, error.code(), error.message());
                if failure.code.is_none() {
                    failure.message = format!("its answer (status {status}) cannot be read");
                }
                failure.retry_after = retry_after(raw);
                failure
            }
            SdkError::TimeoutError(_) => Self::new(service, Cause::TimedOut, "no answer in time"),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(error) => Self::of_connector(service, error),
                None => Self::new(service, Cause::Down, "the request could not be sent"),
            },
            SdkError::ResponseError(context) => {
                let status = context.raw().status().as_u16();
                let cause = match status {
                    200..=299 => Cause::Malformed,
                    status => Cause::of_status(status, ""),
                };
                // What is wrong with it would quote it.
                let message = format!("its answer (status {status}) cannot be read");
                let retry_after = retry_after(context.raw());
                Self { retry_after, ..Self::new(service, cause, message) }
            }
            error => {
                let why = root(error);
                let cause = if credentials(error) { Cause::Denied } else { Cause::Bug };
                Self::new(service, cause, format!("the request could not be made: {why}"))
            }
        }
    }

    /// Of an error that the service gave in words: in an answer, or as an exception in the middle
    /// of a stream.
    pub fn answered(
        service: &'static str,
        cause: Cause,
        code: Option<&str>,
        message: Option<&str>,
    ) -> Self {
        let words = match (code, message.filter(|message| !message.trim().is_empty())) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            (None, Some(message)) => message.to_owned(),
            (None, None) => "it failed and did not say why".to_owned(),
        };
        Self { code: code.map(str::to_owned), ..Self::new(service, cause, words) }
    }

    fn of_connector(service: &'static str, error: &ConnectorError) -> Self {
        if credentials(error) {
            let why = root(error);
            let message = format!(
                "there are no credentials; give the process a role, or set AWS_PROFILE or what else the AWS SDK looks for ({why})"
            );
            return Self::new(service, Cause::Denied, message);
        }
        let refused = chain(error)
            .filter_map(|error| error.downcast_ref::<std::io::Error>())
            .any(|error| error.kind() == std::io::ErrorKind::ConnectionRefused);
        let cause = match error {
            _ if refused => Cause::NotConnected,
            // The only timeout that a connector itself has is that of connecting.
            error if error.is_timeout() => Cause::NotConnected,
            _ => Cause::Down,
        };
        Self::new(service, cause, format!("it cannot be reached: {}", root(error)))
    }

    /// Whether the same request may be answered in a moment, by a service that is well again.
    pub fn may_pass(&self) -> bool {
        match self.cause {
            Cause::NotConnected
            | Cause::Throttled
            | Cause::Down
            | Cause::TimedOut
            | Cause::Dependency
            | Cause::Malformed => true,
            Cause::Quota | Cause::Denied | Cause::NotFound | Cause::Invalid | Cause::Bug => false,
        }
    }

    /// Takes what the request said out of the message: a caller's words, a secret's name, a key.
    pub fn hiding<'a>(mut self, parts: impl IntoIterator<Item = &'a str>) -> Self {
        for part in parts {
            // As `tidy` has it.
            let part = one_line(part);
            if part.chars().count() >= HIDDEN_CHARS && self.message.contains(&part) {
                self.message = self.message.replace(&part, "…");
            }
        }
        self
    }
}

impl From<ServiceFailure> for HostError {
    fn from(failure: ServiceFailure) -> Self {
        let (kind, code) = failure.cause.port();
        let mut error = Self::new(kind, code, failure.to_string());
        error.retry_after_ms =
            failure.retry_after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        error
    }
}

/// When to come again: `x-amz-retry-after` in milliseconds, or `retry-after` in seconds.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let header = |name| response.headers().get(name).and_then(|text| text.trim().parse().ok());
    header("x-amz-retry-after")
        .map(Duration::from_millis)
        .or_else(|| header("retry-after").map(Duration::from_secs))
}

/// The error and what it comes from, innermost last.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let source = |error: &'e (dyn Error + 'static)| error.source();
    std::iter::successors(Some(error), move |&error| source(error))
}

/// Whether it failed for want of credentials that were never there, as opposed to a place of them
/// that is down.
pub(crate) fn credentials(error: &(dyn Error + 'static)) -> bool {
    chain(error).filter_map(|error| error.downcast_ref::<CredentialsError>()).any(|error| {
        matches!(
            error,
            CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_)
        )
    })
}

/// The innermost reason, which is the one that says something.
pub(crate) fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is shown of a message. It is cut last, so that what has to be hidden is found whole.
struct Shown<'a>(&'a str);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.char_indices().nth(MESSAGE_CHARS) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}

/// Where services begin to quote how a request was signed, which may hold a session's token: that
/// of a request whose signature is wrong, and that of one whose header is.
const SIGNED: [&str; 4] =
    ["The Canonical String", "Authorization=", "AWS4-HMAC-SHA256", "x-amz-security-token"];

/// One line, without what the service quotes of the request.
pub(crate) fn tidy(message: &str) -> String {
    let line = one_line(message);
    let mut out = String::new();
    let signed = SIGNED.iter().filter_map(|mark| line.find(mark)).min();
    let mut rest = signed.map_or(line.as_str(), |signed| &line[..signed]);
    // Smithy's validation says `Value 'WHAT WAS SENT' at 'FIELD' failed …`; the value may have
    // quotes of its own.
    while let Some(start) = rest.find("Value '") {
        let value = start + "Value '".len();
        let Some(length) = rest[value..].find("' at '") else { break };
        out.push_str(&rest[..value]);
        out.push('…');
        rest = &rest[value + length..];
    }
    out.push_str(rest);
    if signed.is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    /// An operation's error.
    #[derive(Debug, thiserror::Error)]
    #[error("service error")]
    struct Refused(ErrorMetadata);

    impl ProvideErrorMetadata for Refused {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    fn answer(status: u16) -> HttpResponse {
        HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from("{}"))
    }

    fn refused(status: u16, code: &str, message: &str) -> HostError {
        let meta = ErrorMetadata::builder().code(code).message(message).build();
        ServiceFailure::of("Lex", &SdkError::service_error(Refused(meta), answer(status))).into()
    }

    fn told(error: &HostError) -> String {
        format!("{:?} {error}", error.kind)
    }

    #[test]
    fn answers_are_told_apart_by_code_and_status() {
        let cases = [
            (429, "ThrottlingException", "Rate exceeded"),
            (400, "ProvisionedThroughputExceededException", "slow down"),
            (429, "ModelNotReadyException", "warming up"),
            (503, "ServiceUnavailableException", "later"),
            (409, "ConflictException", "another request"),
            (408, "ModelTimeoutException", "too slow"),
            (424, "DependencyFailedException", "the function failed"),
            (400, "ServiceQuotaExceededException", "no more"),
            (403, "AccessDeniedException", "no permission"),
            (400, "ExpiredTokenException", "expired"),
            (404, "ResourceNotFoundException", "no such bot"),
            (400, "ValidationException", "bad"),
            (418, "TeapotException", ""),
        ];
        let told: Vec<String> =
            cases.map(|(status, code, message)| told(&refused(status, code, message))).into();
        insta::assert_debug_snapshot!(told, @r#"
        [
            "Unavailable throttled: Lex: ThrottlingException: Rate exceeded",
            "Unavailable throttled: Lex: ProvisionedThroughputExceededException: slow down",
            "Unavailable throttled: Lex: ModelNotReadyException: warming up",
            "Unavailable service-down: Lex: ServiceUnavailableException: later",
            "Unavailable service-down: Lex: ConflictException: another request",
            "Unavailable timed-out: Lex: ModelTimeoutException: too slow",
            "Unavailable dependency-failed: Lex: DependencyFailedException: the function failed",
            "Unavailable quota-exceeded: Lex: ServiceQuotaExceededException: no more",
            "Denied access-denied: Lex: AccessDeniedException: no permission",
            "Denied access-denied: Lex: ExpiredTokenException: expired",
            "Invalid not-found: Lex: ResourceNotFoundException: no such bot",
            "Invalid bad-request: Lex: ValidationException: bad",
            "Invalid bad-request: Lex: TeapotException",
        ]
        "#);
    }

    #[test]
    fn what_no_answer_came_to_is_told_apart_too() {
        type Failed = SdkError<Refused, HttpResponse>;
        let io = |kind| Box::new(std::io::Error::new(kind, "the system's reason"));
        let errors: [Failed; 6] = [
            SdkError::timeout_error("no answer"),
            SdkError::dispatch_failure(ConnectorError::io(io(
                std::io::ErrorKind::ConnectionRefused,
            ))),
            SdkError::dispatch_failure(ConnectorError::io(io(std::io::ErrorKind::ConnectionReset))),
            SdkError::response_error("caller's words in broken JSON", answer(200)),
            SdkError::response_error("caller's words in broken JSON", answer(502)),
            SdkError::construction_failure("no region"),
        ];
        let told: Vec<String> =
            errors.iter().map(|error| told(&ServiceFailure::of("Bedrock", error).into())).collect();
        insta::assert_debug_snapshot!(told, @r#"
        [
            "Unavailable timed-out: Bedrock: no answer in time",
            "Unavailable no-connection: Bedrock: it cannot be reached: the system's reason",
            "Unavailable service-down: Bedrock: it cannot be reached: the system's reason",
            "Other bad-answer: Bedrock: its answer (status 200) cannot be read",
            "Unavailable service-down: Bedrock: its answer (status 502) cannot be read",
            "Other bad-call: Bedrock: the request could not be made: no region",
        ]
        "#);
    }

    #[test]
    fn missing_credentials_are_a_refusal_that_says_what_to_do() {
        let none = CredentialsError::not_loaded("no provider has any");
        let error: SdkError<Refused, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::other(Box::new(none), None));
        insta::assert_snapshot!(told(&ServiceFailure::of("Lex", &error).into()), @"Denied access-denied: Lex: there are no credentials; give the process a role, or set AWS_PROFILE or what else the AWS SDK looks for (no provider has any)");
    }

    #[test]
    fn the_time_to_come_again_is_passed_on() {
        let after = |name: &'static str, value: &'static str| {
            let mut raw = answer(429);
            raw.headers_mut().insert(name, value);
            let meta = ErrorMetadata::builder().code("ThrottlingException").build();
            HostError::from(ServiceFailure::of("Lex", &SdkError::service_error(Refused(meta), raw)))
                .retry_after_ms
        };
        assert_eq!(after("x-amz-retry-after", "250"), Some(250));
        assert_eq!(after("retry-after", "2"), Some(2000));
        assert_eq!(after("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }

    #[test]
    fn a_message_quotes_nothing_that_was_sent() {
        let words = "1 validation error detected: Value '제 번호는\n'비밀'입니다' at 'text' failed to satisfy constraint: Member must not be null";
        insta::assert_snapshot!(refused(400, "ValidationException", words).message, @"Lex: ValidationException: 1 validation error detected: Value '…' at 'text' failed to satisfy constraint: Member must not be null");
        // As the services answer a signature that is wrong, and a header that is.
        let wrong = "The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been 'POST\n/\n\nhost:lex\nx-amz-security-token:SESSION\n'";
        insta::assert_snapshot!(refused(403, "InvalidSignatureException", wrong).message, @"Lex: InvalidSignatureException: The request signature we calculated does not match the signature you provided. …");
        let header = "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 Credential=KEY/20261126";
        insta::assert_snapshot!(refused(400, "IncompleteSignatureException", header).message, @"Lex: IncompleteSignatureException: Authorization header requires 'Signature' parameter. …");
        let failure = ServiceFailure::new("Lex", Cause::Invalid, "cannot take `it is down` and A");
        let failure = failure.hiding(["it is down", "A", ""]);
        assert_eq!(failure.message, "cannot take `…` and A");
        let long = ServiceFailure::new("Lex", Cause::Down, "x".repeat(1000));
        assert_eq!(long.to_string().chars().count(), "Lex: …".chars().count() + MESSAGE_CHARS);
    }

    #[test]
    fn words_are_hidden_though_they_are_long_or_broken_into_lines() {
        let words = vec!["서버가 느려요."; 60].join("\n");
        let failure =
            ServiceFailure::new("Lex", Cause::Invalid, format!("cannot take `{words}` today"));
        assert_eq!(failure.hiding([&*words]).to_string(), "Lex: cannot take `…` today");
    }
}
