//! What changes come to, as answers.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use dialgraph_deploy::{DeployError, Outcome, Refusal};

use crate::http::problem::Problem;

/// A request that came to nothing.
pub(super) enum Failed {
    Problem(Problem),
    /// With everything that stands against it.
    Refused(Box<Refusal>),
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<DeployError> for Failed {
    fn from(error: DeployError) -> Self {
        let detail = error.to_string();
        let problem =
            |status, word, title| Self::Problem(Problem::new(status, word, title, detail));
        match error {
            DeployError::Refused(refusal) => Self::Refused(refusal),
            DeployError::Forbidden { .. } => {
                problem(StatusCode::FORBIDDEN, "forbidden", "The role does not suffice")
            }
            DeployError::Unknown(_) => {
                problem(StatusCode::NOT_FOUND, "unknown", "There is no such thing")
            }
            DeployError::Conflict(_) => {
                problem(StatusCode::CONFLICT, "conflict", "Not as things are")
            }
            DeployError::Raced(_) => problem(StatusCode::CONFLICT, "raced", "Others were faster"),
            other => Self::Problem(Problem::internal(&other)),
        }
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Refused(refusal) => {
                let mut body = refusal.to_json();
                body["type"] = "urn:dialgraph:problem:refused".into();
                body["title"] = "The change was refused, and nothing has changed".into();
                body["status"] = 422.into();
                body["detail"] = refusal.to_string().into();
                let kind = [(header::CONTENT_TYPE, "application/problem+json")];
                (StatusCode::UNPROCESSABLE_ENTITY, kind, body.to_string()).into_response()
            }
        }
    }
}

pub(super) type Answer = Result<Response, Failed>;

/// What came of a change.
pub(super) fn outcome(outcome: &Outcome) -> Response {
    Json(outcome).into_response()
}

pub(super) fn done() -> Response {
    Json(json!({"done": true})).into_response()
}

pub(super) fn json_of(value: &impl serde::Serialize) -> Response {
    Json(value).into_response()
}

/// Reads a body of JSON; none at all counts as `{}`.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Problem::invalid(format!("the body: {error}")))
}

/// For lists: `{"NAME": […]}`.
pub(super) fn list(name: &str, items: &impl serde::Serialize) -> Response {
    // What is listed is made of texts and numbers.
    let items = serde_json::to_value(items).unwrap_or(Value::Null);
    Json(json!({ name: items })).into_response()
}
