//! Errors as RFC 9457 problem details.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use dialgraph_kernel::turn::TurnError;
use dialgraph_runtime::EngineError;

use crate::turns::Refused;

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable: `urn:dialgraph:problem:` and a word.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    #[serde(serialize_with = "as_number")]
    pub status: StatusCode,
    /// What happened, where, and what to do.
    pub detail: String,
    /// The call's last turn, when the event answered another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
    #[serde(skip)]
    pub retry_after: Option<u32>,
    /// How to say who asks.
    #[serde(skip)]
    pub challenge: Option<&'static str>,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

impl Problem {
    pub fn new(
        status: StatusCode,
        word: &str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: format!("urn:dialgraph:problem:{word}"),
            title,
            status,
            detail: detail.into(),
            turn: None,
            retry_after: None,
            challenge: None,
        }
    }

    /// The request's body or parameters are not as they must be.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", "The request is not valid", detail)
    }

    pub fn no_such_path() -> Self {
        let detail = "there is nothing at this path; /openapi.json lists what there is";
        Self::new(StatusCode::NOT_FOUND, "no-such-path", "Nothing is here", detail)
    }

    pub fn method_not_allowed() -> Self {
        let detail = "the path takes other methods; the header `allow` lists them";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Not by this method",
            detail,
        )
    }

    pub fn too_large(limit: u64) -> Self {
        Self::larger_than(limit, "server.max_body")
    }

    /// The body is larger than `limit` bytes, which `key` sets.
    pub fn larger_than(limit: u64, key: &str) -> Self {
        let detail = format!("the body is larger than {limit} bytes (`{key}`)");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail)
    }

    pub fn timed_out() -> Self {
        let detail = "the request was not answered in time (`server.request_timeout`)";
        Self {
            retry_after: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "timed-out", "Not in time", detail)
        }
    }

    /// Whether the turn goes on, and whoever asks again gets its answer.
    pub fn is_late(&self) -> bool {
        self.kind.ends_with(":late")
    }

    /// A defect or an outage; the log says more than a client should read.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        let detail = "the engine could not do it; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The engine failed", detail)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        let conflict = |word, title| Self::new(StatusCode::CONFLICT, word, title, detail.clone());
        match refused {
            Refused::Busy | Refused::Draining | Refused::Late => Self {
                retry_after: Some(1),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, refused.word(), "Not now", detail)
            },
            Refused::OutOfOrder { last, .. } => {
                Self { turn: Some(last), ..conflict("out-of-order", "The call is elsewhere") }
            }
            Refused::Engine(EngineError::NoCall { .. }) => {
                Self::new(StatusCode::NOT_FOUND, "no-such-call", "There is no such call", detail)
            }
            Refused::Engine(EngineError::Exists { .. }) => {
                conflict("call-exists", "The call has begun already")
            }
            Refused::Engine(EngineError::Turn(TurnError::Ended { .. })) => {
                conflict("call-ended", "The call is over")
            }
            Refused::Engine(EngineError::Turn(TurnError::NoFlow { .. })) => {
                Self::new(StatusCode::BAD_REQUEST, "no-such-flow", "There is no such flow", detail)
            }
            Refused::Engine(EngineError::Turn(_)) => {
                conflict("not-now", "The call takes no such event now")
            }
            refused => Self::internal(&refused),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // A problem is made of texts and numbers; those can be written.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, body).into_response();
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
