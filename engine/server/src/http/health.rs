//! `/healthz` and `/readyz`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::state::App;

/// The process lives and its runtime answers.
pub(super) async fn alive() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Whether calls should be sent here; if not, why.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let parts: BTreeMap<&str, String> = app
        .readiness()
        .await
        .into_iter()
        .map(|(part, state)| (part, state.err().unwrap_or_else(|| "ok".to_owned())))
        .collect();
    let ready = parts.iter().all(|(part, state)| state == "ok" || *part == "providers");
    let (code, status) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not-ready")
    };
    (code, Json(json!({ "status": status, "parts": parts }))).into_response()
}
