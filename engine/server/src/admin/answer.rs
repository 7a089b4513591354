//! What changes come to, as answers.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use dialgraph_api::Done;
use dialgraph_deploy::{ChangeOutcome, DeployError, Refusal};

use super::shown;
use crate::http::problem::{Problem, details};

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
        if let DeployError::Busy(_) = error {
            return Self::Problem(Problem::busy(error.to_string()));
        }
        let detail = error.to_string();
        let problem = |status, word| Self::Problem(Problem::new(status, word, detail.clone()));
        match error {
            DeployError::Refused(refusal) => Self::Refused(refusal),
            DeployError::Forbidden { .. } => problem(StatusCode::FORBIDDEN, "forbidden"),
            DeployError::Unknown(_) => problem(StatusCode::NOT_FOUND, "unknown"),
            DeployError::Conflict(_) => problem(StatusCode::CONFLICT, "conflict"),
            DeployError::Raced(_) => problem(StatusCode::CONFLICT, "raced"),
            DeployError::Leaving => Self::Problem(Problem {
                retry_after: Some(1),
                ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "leaving", detail)
            }),
            other => Self::Problem(Problem::internal(&other)),
        }
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Refused(refusal) => {
                details(StatusCode::UNPROCESSABLE_ENTITY, &shown::refusal(*refusal))
            }
        }
    }
}

pub(super) type Answer = Result<Response, Failed>;

/// What came of a change.
pub(super) fn outcome(outcome: ChangeOutcome) -> Response {
    json_of(&shown::outcome(outcome))
}

pub(super) fn done() -> Response {
    json_of(&Done { done: true })
}

pub(super) fn json_of(value: &impl serde::Serialize) -> Response {
    Json(value).into_response()
}

/// Reads a body of JSON; none at all counts as `{}`.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Problem::invalid(format!("the body: {error}")))
}
