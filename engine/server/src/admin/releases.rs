use std::collections::BTreeMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use dialgraph_deploy::{Change, MAX_LISTED, NewPlugin};

use super::answer::{Answer, json_of, list as listed, outcome, read};
use super::body::{Large, Small};
use super::{Shared, allow, back, why};
use crate::http::auth::{Designer, Viewer};
use crate::http::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    /// Only what is numbered below this.
    below: Option<u64>,
    limit: Option<u32>,
}

type Page = Result<Query<PageQuery>, QueryRejection>;

fn page(query: Page) -> Result<(Option<u64>, u32), Problem> {
    let Query(PageQuery { below, limit }) =
        query.map_err(|error| Problem::invalid(error.body_text()))?;
    let limit = limit.unwrap_or(50);
    if !(1..=MAX_LISTED).contains(&limit) {
        return Err(Problem::invalid(format!("`limit` is from 1 to {MAX_LISTED}")));
    }
    Ok((below, limit))
}

/// `GET /v1/releases`.
pub(super) async fn list(State(admin): Shared, _: Viewer, query: Page) -> Answer {
    let (below, limit) = page(query)?;
    Ok(listed("releases", &admin.deploy.releases(below, limit).await?))
}

/// `GET /v1/releases/live`.
pub(super) async fn live(State(admin): Shared, _: Viewer) -> Answer {
    Ok(json_of(&admin.deploy.status().await?))
}

/// `GET /v1/audit`.
pub(super) async fn audit(State(admin): Shared, _: Viewer, query: Page) -> Answer {
    let (below, limit) = page(query)?;
    Ok(listed("audit", &admin.deploy.audit(below, limit).await?))
}

/// Several things at once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PushRequest {
    /// Path to text; null takes the file out.
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
    /// Name to text; null takes the flow out.
    #[serde(default)]
    flows: BTreeMap<String, Option<String>>,
    /// Name to component; null takes the plugin out.
    #[serde(default)]
    plugins: BTreeMap<String, Option<PluginRequest>>,
    #[serde(default)]
    allow: Vec<String>,
    why: Option<String>,
    canary: Option<u8>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginRequest {
    /// Base64.
    component: String,
    /// Text of its `.minisig`.
    signature: Option<String>,
}

/// `POST /v1/releases`.
pub(super) async fn push(State(admin): Shared, Designer(who): Designer, body: Large) -> Answer {
    if body.bytes.is_empty() {
        return Err(Problem::invalid("the body must say what is pushed").into());
    }
    let request: PushRequest = read(&body.bytes)?;
    let texts = |texts: BTreeMap<String, Option<String>>| {
        texts.into_iter().map(|(name, text)| (name, text.map(String::into_bytes))).collect()
    };
    let mut plugins = BTreeMap::new();
    for (name, plugin) in request.plugins {
        let plugin = match plugin {
            None => None,
            Some(PluginRequest { component, signature }) => {
                let bytes = STANDARD.decode(component).map_err(|error| {
                    Problem::invalid(format!("`plugins.{name}.component` is no Base64: {error}"))
                })?;
                Some(NewPlugin::new(bytes, signature))
            }
        };
        plugins.insert(name, plugin);
    }
    let change = Change {
        files: texts(request.files),
        flows: texts(request.flows),
        plugins,
        allow: allow(request.allow.iter().map(String::as_str)),
        why: why(request.why)?,
        canary: request.canary,
        dry_run: request.dry_run,
    };
    Ok(outcome(&admin.deploy.push(&who, change).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BackRequest {
    /// A number or digest; none: one step.
    pub(super) to: Option<String>,
    #[serde(default)]
    pub(super) allow: Vec<String>,
    pub(super) why: Option<String>,
}

/// `POST /v1/releases/rollback`.
pub(super) async fn roll_back(
    State(admin): Shared,
    Designer(who): Designer,
    Small(body): Small,
) -> Answer {
    let request: BackRequest = read(&body)?;
    let allowed = allow(request.allow.iter().map(String::as_str));
    let to = back(request.to);
    Ok(outcome(&admin.deploy.roll_back(&who, &to, allowed, why(request.why)?).await?))
}
