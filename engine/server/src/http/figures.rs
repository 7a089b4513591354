//! `/metrics`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::state::App;

pub(super) async fn show(State(app): State<Arc<App>>) -> Response {
    for (part, state) in app.readiness().await {
        app.figures.ready(part, state.is_ok());
    }
    let stats = app.store.backend.stats();
    if let Err(error) = &stats {
        tracing::warn!(%error, "the store cannot tell its figures");
    }
    let text = app.figures.render(app.turns.load(), stats.ok().flatten());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
