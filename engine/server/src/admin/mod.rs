//! The admin API: what is live, and how it is changed while calls are up.
//!
//! Handlers only: each asks who it is, reads the request, and does what [`dialgraph_deploy`] says.
//! Nothing here is served unless the server is for this machine alone or somebody can prove who
//! they are.

mod access;
mod answer;
mod body;
mod canary;
mod engineers;
mod items;
mod records;
mod releases;
mod shown;
mod store;
mod tickets;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, delete, get, post, put};

use tokio::sync::Semaphore;

use dialgraph_deploy::{Allow, Deploy, ItemKind, RollbackTarget, Tokens};

use crate::http::auth::HasApp;
use crate::http::problem::Problem;
use crate::state::App;

/// What the handlers share.
pub(crate) struct Admin {
    app: Arc<App>,
    deploy: Deploy,
    tokens: Option<Tokens>,
    /// For large bodies.
    room: Arc<Semaphore>,
    jobs: store::Jobs,
    records: records::Live,
}

impl HasApp for Arc<Admin> {
    fn app(&self) -> &App {
        &self.app
    }
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
    let room = Arc::new(Semaphore::new(body::LARGE_AT_ONCE));
    let (tokens, jobs) = (app.tokens.clone(), store::Jobs::default());
    let records = records::Live::default();
    let admin = Arc::new(Admin { app: app.clone(), deploy, tokens, room, jobs, records });
    let router = all_routes()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| router.route(&path, methods))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .with_state(admin);
    Some(router)
}

/// A path with what it takes.
type Route = (String, MethodRouter<Arc<Admin>>);

/// Every path.
fn all_routes() -> Vec<Route> {
    let own = [
        ("/openapi-admin.json", get(openapi)),
        ("/v1/releases", get(releases::list).post(releases::push)),
        ("/v1/releases/live", get(releases::live)),
        ("/v1/releases/rollback", post(releases::roll_back)),
        ("/v1/audit", get(releases::audit)),
        ("/v1/canary", post(canary::change)),
        ("/v1/tokens", get(tokens::list).post(tokens::make)),
        ("/v1/tokens/{id}", delete(tokens::revoke)),
        ("/v1/access-log", get(access::list)),
        ("/v1/collections", get(records::collections)),
        ("/v1/collections/{collection}/records", get(records::list)),
        (
            "/v1/collections/{collection}/records/{key}",
            get(records::show).put(records::write).delete(records::remove),
        ),
        ("/v1/collections/{collection}/find", post(records::find)),
        ("/v1/collections/{collection}/import", post(records::import)),
        ("/v1/engineers", get(engineers::list)),
        ("/v1/engineers/{key}", get(engineers::show).post(engineers::change)),
        ("/v1/duty", get(engineers::duty)),
        ("/v1/duty/{day}", put(engineers::put_duty).delete(engineers::remove_duty)),
        ("/v1/tickets", get(tickets::list)),
        ("/v1/tickets/{id}", get(tickets::show).post(tickets::change)),
        ("/v1/store/purge", post(store::purge)),
        ("/v1/store/erase", post(store::erase)),
        ("/v1/store/backup", post(store::backup)),
        ("/v1/store/verify", post(store::verify)),
        ("/v1/store/job", get(store::job)),
    ];
    let mut all = own.map(|(path, methods)| (path.to_owned(), methods)).to_vec();
    all.extend(items::routes(ItemKind::Flow, "/v1/flows"));
    all.extend(items::routes(ItemKind::Plugin, "/v1/plugins"));
    all
}

/// Whether what is live can be changed at a path.
pub(crate) fn changes(path: &str) -> bool {
    let part = path.strip_prefix("/v1/").and_then(|rest| rest.split('/').next());
    matches!(part, Some("releases" | "canary" | "flows" | "plugins"))
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

fn back(to: Option<String>) -> RollbackTarget {
    to.map_or(RollbackTarget::OneStep, RollbackTarget::To)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_path_at_which_what_is_live_is_changed_has_the_time_for_it() {
        for (path, _) in all_routes() {
            let other = [
                "/openapi-admin.json",
                "/v1/audit",
                "/v1/access-log",
                "/v1/tokens",
                "/v1/store/",
                "/v1/collections",
                "/v1/tickets",
                "/v1/engineers",
                "/v1/duty",
            ];
            assert_eq!(changes(&path), !other.iter().any(|o| path.starts_with(o)), "{path}");
        }
    }

    #[test]
    fn the_document_and_the_routes_name_the_same_paths() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let documented: BTreeSet<&str> =
            document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        let all = all_routes();
        let routed: BTreeSet<&str> = all.iter().map(|(path, _)| path.as_str()).collect();
        // The document does not tell of itself: it is the one path that wants no token.
        let own = BTreeSet::from(["/openapi-admin.json"]);
        assert_eq!(documented, &routed - &own);
    }
}
