//! Routes, and what all of them have in common.

pub mod auth;
mod calls;
pub mod connect;
mod health;
mod hooks;
mod kakao;
mod metrics;
pub mod problem;
pub(crate) mod tickets;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{
    DefaultBodyLimit, FromRequest, FromRequestParts, MatchedPath, Path, Request, State,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use crate::state::App;
use crate::telemetry::Trace;
use problem::Problem;

/// What the document at `/openapi.json` says; tests compare it with the routes.
pub const OPENAPI: &str = include_str!("../../openapi.json");

/// Where the metrics are.
const METRICS: &str = "/metrics";

/// Every path, with what it takes.
fn routes() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        ("/healthz", get(health::alive)),
        ("/readyz", get(health::ready)),
        (METRICS, get(metrics::show)),
        ("/openapi.json", get(openapi)),
        (connect::PATH, post(connect::turn)),
        (kakao::PATH, post(kakao::skill)),
        ("/v1/calls", get(calls::list).post(calls::start)),
        ("/v1/calls/{id}", get(calls::show)),
        ("/v1/calls/{id}/turns", post(calls::event)),
        ("/v1/calls/{id}/contact", post(calls::contact)),
        (tickets::WEBHOOK, post(tickets::webhook)),
        (tickets::ZENDESK, post(tickets::zendesk)),
        (hooks::PATH, get(hooks::visit).post(hooks::tell).put(hooks::tell)),
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
    router
        .fallback(async || Problem::no_such_path())
        .layer(from_fn_with_state(app.clone(), admitted))
        .layer(from_fn_with_state(app, in_time))
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

/// A part of the path that names something, such as a call.
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        let Path(name) = name.map_err(|error| Problem::invalid(error.body_text()))?;
        Ok(Self(name))
    }
}

/// Two names in the path.
pub(crate) struct Names(pub(crate) String, pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Names {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let names = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((first, second)) = names.map_err(|error| Problem::invalid(error.body_text()))?;
        Ok(Self(first, second))
    }
}

/// Nothing is done for a request before it is known where it is to and that whoever sent it may ask
/// at all.
async fn admitted(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    if let Err(problem) = one_host(&parts).and_then(|()| auth::admit(&app, route, &parts)) {
        return problem.into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

/// A body of at most `server.max_body`, or why there is none. It comes last, after it is known who
/// asks.
pub(crate) struct Body(pub(crate) Result<Bytes, Problem>);

impl FromRequest<Arc<App>> for Body {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Infallible> {
        let limit = app.config.server.max_body.0;
        if let Err(problem) = declared(request.headers(), limit, "server.max_body") {
            return Ok(Self(Err(problem)));
        }
        let body = Bytes::from_request(request, app).await;
        Ok(Self(body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(limit),
            _ => Problem::invalid("the body could not be read completely"),
        })))
    }
}

/// Refuses a body by its header alone, if that says that it is too large: whoever waits for
/// `100 Continue` need not send it.
pub(crate) fn declared(headers: &HeaderMap, limit: u64, key: &str) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    match length.and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if length > limit => Err(Problem::larger_than(limit, key)),
        _ => Ok(()),
    }
}

/// Where a request is to must be said once (RFC 9112, section 3.2): of two hosts, a proxy may look
/// at one and the server at the other.
fn one_host(parts: &Parts) -> Result<(), Problem> {
    let hosts = parts.headers.get_all(header::HOST).iter().count();
    if hosts == 1 || (hosts == 0 && parts.version < Version::HTTP_11) {
        return Ok(());
    }
    Err(Problem::invalid(format!("there must be one header `host`, and there are {hosts}")))
}

/// Every request is answered in time, also one whose body never comes.
///
/// Those that change what is live have bounds of their own for each thing that they wait for, and
/// say which one it was.
async fn in_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut limit = app.config.server.request_timeout;
    let changes = route.as_ref().is_some_and(|route| crate::admin::changes(route.as_str()));
    if changes && request.method() != Method::GET {
        // A place for the body, the body, and the change.
        limit += app.config.deploy.change_timeout * 2;
    }
    let handling = Trace::of(request.headers()).around(next.run(request));
    let mut response = match tokio::time::timeout(limit, handling).await {
        Ok(response) => response,
        Err(_) => Problem::timed_out().into_response(),
    };
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    app.metrics.request(route, response.status().as_u16());
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
