//! Routes, and what all of them have in common.

pub mod auth;
mod calls;
pub mod connect;
mod figures;
mod health;
pub mod problem;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::state::App;
use problem::Problem;

/// Everything that can be asked of the server.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(figures::show))
        .route(connect::PATH, post(connect::turn))
        .route("/v1/calls", get(calls::list).post(calls::start))
        .route("/v1/calls/{id}", get(calls::show))
        .route("/v1/calls/{id}/turns", post(calls::event))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .fallback(async || Problem::no_such_path())
        .layer(DefaultBodyLimit::max(app.config.server.max_body.as_len()))
        .layer(from_fn_with_state(app.clone(), in_time))
        .with_state(app)
}

/// Every request is answered in time, also one whose body never comes.
async fn in_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let limit = app.config.server.request_timeout;
    let response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::timed_out().into_response(),
    };
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    app.figures.request(route, response.status().as_u16());
    response
}
