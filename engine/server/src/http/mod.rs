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
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use crate::state::App;
use crate::telemetry::Trace;
use problem::Problem;

/// What the document at `/openapi.json` says; tests compare it with the routes.
pub const OPENAPI: &str = include_str!("../../openapi.json");

/// Every path, with what it takes.
fn routes() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        ("/healthz", get(health::alive)),
        ("/readyz", get(health::ready)),
        ("/metrics", get(figures::show)),
        ("/openapi.json", get(openapi)),
        (connect::PATH, post(connect::turn)),
        ("/v1/calls", get(calls::list).post(calls::start)),
        ("/v1/calls/{id}", get(calls::show)),
        ("/v1/calls/{id}/turns", post(calls::event)),
    ]
}

/// Everything that can be asked of the server.
pub fn router(app: Arc<App>) -> Router {
    let router = routes()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    let router = router
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(app.config.server.max_body.as_len()))
        .with_state(app.clone());
    let router = match crate::admin::routes(&app) {
        Some(admin) => router.merge(admin),
        None => router,
    };
    router.fallback(async || Problem::no_such_path()).layer(from_fn_with_state(app, in_time))
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

/// Every request is answered in time, also one whose body never comes.
async fn in_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let limit = app.config.server.request_timeout;
    let handling = Trace::of(request.headers()).around(next.run(request));
    let mut response = match tokio::time::timeout(limit, handling).await {
        Ok(response) => response,
        Err(_) => Problem::timed_out().into_response(),
    };
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    app.figures.request(route, response.status().as_u16());
    if app.is_leaving() {
        // The next request is to find another process, or this one's successor.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_and_the_routes_name_the_same_paths() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let documented: Vec<&str> =
            document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut routed: Vec<&str> = routes().into_iter().map(|(path, _)| path).collect();
        let mut sorted = documented.clone();
        sorted.sort_unstable();
        routed.sort_unstable();
        assert_eq!(sorted, routed);
    }
}
