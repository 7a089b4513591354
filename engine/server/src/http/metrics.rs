//! `/metrics`. What it tells is of no caller, but of a company: how many call, when, about what.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};

use dialgraph_deploy::Role;

use super::auth;
use super::problem::Problem;
use crate::state::App;

pub(super) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if app.config.must_authenticate_metrics() {
        auth::require_token(&app, &headers, Role::Viewer).await?;
    }
    for (part, state) in app.readiness().await {
        app.metrics.ready(part, state.is_ok());
    }
    let stats = app.store.backend.stats();
    if let Err(error) = &stats {
        tracing::warn!(%error, "the store cannot report its metrics");
    }
    let text = app.metrics.render(app.turns.load(), stats.ok().flatten());
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, text).into_response())
}
