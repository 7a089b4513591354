//! The admin API: what is live, and how it is changed while calls are up.
//!
//! Handlers only: each asks who it is, reads the request, and does what [`dialgraph_deploy`] says. Nothing here is
//! served unless the server is for this machine alone or somebody can prove who they are.

mod answer;
mod canary;
mod items;
mod releases;
mod store;
mod tokens;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use serde::Deserialize;

use dialgraph_deploy::{Allow, Back, Deploy, ItemKind, Role, Tokens, Who};

use crate::http::auth;
use crate::http::problem::Problem;
use crate::state::App;

/// What the handlers share.
pub(crate) struct Admin {
    app: Arc<App>,
    deploy: Deploy,
    tokens: Option<Tokens>,
    jobs: store::Jobs,
}

/// What the document at `/openapi-admin.json` says.
const OPENAPI: &str = include_str!("openapi.json");

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

type Shared = axum::extract::State<Arc<Admin>>;

/// The routes, if the server has what they change and may serve them.
pub(crate) fn routes(app: &Arc<App>) -> Option<Router> {
    let deploy = app.deploy.clone()?;
    if !app.config.serves_admin() {
        return None;
    }
    let (tokens, jobs) = (app.tokens.clone(), store::Jobs::default());
    let admin = Arc::new(Admin { app: app.clone(), deploy, tokens, jobs });
    let router = Router::new()
        .route("/openapi-admin.json", get(openapi))
        .route("/v1/releases", get(releases::list).post(releases::push))
        .route("/v1/releases/live", get(releases::live))
        .route("/v1/releases/rollback", post(releases::roll_back))
        .route("/v1/audit", get(releases::audit))
        .route("/v1/canary", post(canary::change))
        .route("/v1/tokens", get(tokens::list).post(tokens::make))
        .route("/v1/tokens/{id}", delete(tokens::revoke))
        .route("/v1/store/purge", post(store::purge))
        .route("/v1/store/erase", post(store::erase))
        .route("/v1/store/job", get(store::job))
        .merge(items::routes(ItemKind::Flow, "/v1/flows"))
        .merge(items::routes(ItemKind::Plugin, "/v1/plugins"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(app.config.deploy.max_body.as_len()))
        .with_state(admin);
    Some(router)
}

impl Admin {
    async fn require(&self, headers: &HeaderMap, needs: Role) -> Result<Who, Problem> {
        if !self.app.config.must_authenticate() && !is_of_this_machine(headers) {
            // Nobody has to prove anything here, so a page in somebody's browser must not be able to ask.
            let detail = "without tokens the admin API takes requests to a loopback address that no web page made";
            let status = StatusCode::FORBIDDEN;
            return Err(Problem::new(status, "forbidden", "Not from a web page", detail));
        }
        auth::require(&self.app, headers, needs).await
    }
}

/// Whether a request is to this machine by its own name, and from no web page: neither another site's script nor
/// one that found its way by a name that was made to point here.
fn is_of_this_machine(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::ORIGIN) {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.and_then(|host| host.parse::<Authority>().ok()) else { return false };
    let name = host.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What goes with every change, in the query of a `PUT` or the body of a `POST`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeQuery {
    /// Accesses that are allowed, separated by commas.
    #[serde(default)]
    allow: String,
    why: Option<String>,
    canary: Option<u8>,
    #[serde(default)]
    dry_run: bool,
}

/// Longest reason that goes into the history, in bytes.
const MAX_WHY: usize = 500;

fn allow<'a>(list: impl Iterator<Item = &'a str>) -> Allow {
    let list: std::collections::BTreeSet<String> =
        list.map(str::trim).filter(|access| !access.is_empty()).map(str::to_owned).collect();
    if list.is_empty() { Allow::Nothing } else { Allow::Only(list) }
}

fn why(given: Option<String>) -> Result<Option<String>, Problem> {
    match given {
        Some(why) if why.len() > MAX_WHY => {
            Err(Problem::invalid(format!("`why` may have {MAX_WHY} bytes")))
        }
        why => Ok(why.filter(|why| !why.trim().is_empty())),
    }
}

fn back(to: Option<String>) -> Back {
    to.map_or(Back::OneStep, Back::To)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_of_this_machine_go_without_a_token() {
        let headers = |host: &str, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            is_of_this_machine(&headers)
        };
        for host in ["localhost:7700", "127.0.0.1:7700", "[::1]:7700", "LOCALHOST"] {
            assert!(headers(host, None), "{host}");
            assert!(!headers(host, Some("https://pages.example.com")), "{host}");
        }
        for host in
            ["rebound.example.com:7700", "127.0.0.1.example.com", "192.0.2.1:7700", "", "a b"]
        {
            assert!(!headers(host, None), "{host}");
        }
        assert!(!is_of_this_machine(&HeaderMap::new()));
    }
}
