//! Errors as RFC 9457 problem details.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use dialgraph_api::problem::{self, KIND};
use dialgraph_kernel::turn::TurnError;
use dialgraph_runtime::EngineError;

use crate::turns::Refused;

/// What went wrong with a request, for body and headers of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    /// Stable.
    pub word: &'static str,
    /// What happened, where, and what to do.
    pub detail: String,
    /// The path of what cannot be had.
    pub instance: Option<String>,
    /// The call's last turn, when the event answered another.
    pub turn: Option<u32>,
    pub retry_after: Option<u32>,
    /// How to say who asks.
    pub challenge: Option<&'static str>,
}

impl Problem {
    pub fn new(status: StatusCode, word: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            word,
            detail: detail.into(),
            instance: None,
            turn: None,
            retry_after: None,
            challenge: None,
        }
    }

    /// The request's body or parameters are not as they must be.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", detail)
    }

    pub fn no_such_path() -> Self {
        let detail = "there is nothing at this path; /openapi.json lists what there is";
        Self::new(StatusCode::NOT_FOUND, "no-such-path", detail)
    }

    pub fn method_not_allowed() -> Self {
        let detail =
            "this path does not accept the method; the header `allow` lists those it accepts";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
    }

    pub fn too_large(limit: u64) -> Self {
        Self::larger_than(limit, "server.max_body")
    }

    /// The body is larger than `limit` bytes, which `key` sets.
    pub fn larger_than(limit: u64, key: &str) -> Self {
        let detail = format!("the body is larger than {limit} bytes (`{key}`)");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    }

    pub fn timed_out() -> Self {
        let detail = "the request was not answered in time (`server.request_timeout`)";
        Self {
            retry_after: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "timed-out", detail)
        }
    }

    /// Others keep what is asked for, and nothing has been done yet.
    pub fn busy(detail: impl Into<String>) -> Self {
        Self { retry_after: Some(10), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail) }
    }

    /// Whether the turn goes on, and whoever asks again gets its answer.
    pub fn is_late(&self) -> bool {
        self.word == "late"
    }

    /// A defect or an outage; the log says more than a client should read.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        let detail = "the engine failed; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        let conflict = |word| Self::new(StatusCode::CONFLICT, word, detail.clone());
        match refused {
            Refused::Busy | Refused::Draining | Refused::Late => Self {
                retry_after: Some(1),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, refused.word(), detail)
            },
            Refused::OutOfOrder { last, .. } => {
                Self { turn: Some(last), ..conflict("out-of-order") }
            }
            Refused::Engine(EngineError::NoCall { ref call }) => Self {
                instance: Some(format!("/v1/calls/{call}")),
                ..Self::new(StatusCode::NOT_FOUND, "no-such-call", detail)
            },
            Refused::Engine(EngineError::Exists { .. }) => conflict("call-exists"),
            Refused::Engine(EngineError::Turn(TurnError::Ended { .. })) => conflict("call-ended"),
            Refused::Engine(EngineError::Turn(TurnError::Attribute { error, .. })) => {
                // Of the request, not of a call: there is none yet.
                Self::invalid(format!("`attributes`: {error}"))
            }
            Refused::Engine(EngineError::Turn(TurnError::NoFlow { .. })) => {
                Self::new(StatusCode::BAD_REQUEST, "no-such-flow", detail)
            }
            Refused::Engine(EngineError::Turn(_)) => conflict("not-now"),
            refused => Self::internal(&refused),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = problem::Problem {
            kind: format!("{KIND}{}", self.word),
            title: problem::title(self.status.as_u16()).to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            instance: self.instance,
            turn: self.turn,
        };
        let mut response = details(self.status, &body);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge {
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A response with problem details in it, of a problem or of more than one.
pub(crate) fn details(status: StatusCode, body: &impl serde::Serialize) -> Response {
    // A problem is made of texts and numbers; those can be written.
    let body = serde_json::to_vec(body).unwrap_or_default();
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, body).into_response()
}
