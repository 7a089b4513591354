//! Flows and plugins, one by one.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use dialgraph_deploy::{Change, Item, ItemKind, NewPlugin, Role};

use super::answer::{Answer, done, list as listed, outcome, read, whole};
use super::releases::BackRequest;
use super::{Admin, ChangeQuery, Shared, allow, back, why};
use crate::http::problem::Problem;

/// The `.minisig` of a plugin that is pushed as a body: Base64 of its text.
const SIGNATURE: &str = "x-dialgraph-minisig";

/// The routes of one kind.
pub(super) fn routes(kind: ItemKind, path: &str) -> Router<Arc<Admin>> {
    let one = format!("{path}/{{name}}");
    let item = move |name: String| Item { kind, name };
    Router::new()
        .route(
            path,
            get(async move |admin: Shared, headers: HeaderMap| list(admin, headers, kind).await),
        )
        .route(
            &one,
            get(async move |admin: Shared, Path(name): Path<String>, headers: HeaderMap| {
                versions(admin, headers, item(name)).await
            })
            .put(
                async move |admin: Shared,
                            Path(name): Path<String>,
                            query: ChangeParameters,
                            headers: HeaderMap,
                            body: Body| {
                    change(admin, headers, item(name), query, Some(body)).await
                },
            )
            .delete(
                async move |admin: Shared,
                            Path(name): Path<String>,
                            query: ChangeParameters,
                            headers: HeaderMap| {
                    change(admin, headers, item(name), query, None).await
                },
            ),
        )
        .route(
            &format!("{one}/content"),
            get(
                async move |admin: Shared,
                            Path(name): Path<String>,
                            query: Result<Query<ContentQuery>, QueryRejection>,
                            headers: HeaderMap| {
                    content(admin, headers, item(name), query).await
                },
            ),
        )
        .route(
            &format!("{one}/rollback"),
            post(
                async move |admin: Shared,
                            Path(name): Path<String>,
                            headers: HeaderMap,
                            body: Body| {
                    roll_back(admin, headers, item(name), body).await
                },
            ),
        )
        .route(
            &format!("{one}/pin"),
            put(async move |admin: Shared, Path(name): Path<String>, headers: HeaderMap| {
                pin(admin, headers, item(name), true).await
            })
            .delete(
                async move |admin: Shared, Path(name): Path<String>, headers: HeaderMap| {
                    pin(admin, headers, item(name), false).await
                },
            ),
        )
}

type Body = Result<Bytes, BytesRejection>;
type ChangeParameters = Result<Query<ChangeQuery>, QueryRejection>;

/// `GET /v1/flows`, `GET /v1/plugins`.
async fn list(State(admin): Shared, headers: HeaderMap, kind: ItemKind) -> Answer {
    admin.require(&headers, Role::Viewer).await?;
    let name = if kind == ItemKind::Flow { "flows" } else { "plugins" };
    Ok(listed(name, &admin.deploy.items(kind).await?))
}

/// `GET /v1/flows/{name}`: its versions, the newest first.
async fn versions(State(admin): Shared, headers: HeaderMap, item: Item) -> Answer {
    admin.require(&headers, Role::Viewer).await?;
    Ok(listed("versions", &admin.deploy.versions(&item).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContentQuery {
    /// The digest of a version, or its first digits; none: what is live.
    version: Option<String>,
}

/// `GET /v1/flows/{name}/content`: the bytes themselves.
async fn content(
    State(admin): Shared,
    headers: HeaderMap,
    item: Item,
    query: Result<Query<ContentQuery>, QueryRejection>,
) -> Answer {
    admin.require(&headers, Role::Viewer).await?;
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let (digest, bytes) = admin.deploy.content(&item, query.version.as_deref()).await?;
    let kind = match item.kind {
        ItemKind::Plugin => "application/wasm",
        ItemKind::Flow | ItemKind::File => "application/yaml",
    };
    let mut response: Response = ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{digest}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// `PUT` and `DELETE` of `/v1/flows/{name}` and `/v1/plugins/{name}`.
async fn change(
    State(admin): Shared,
    headers: HeaderMap,
    item: Item,
    query: ChangeParameters,
    body: Option<Body>,
) -> Answer {
    let who = admin.require(&headers, Role::Designer).await?;
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let bytes = match body {
        Some(body) => Some(whole(body, admin.app.config.deploy.max_body.0)?.to_vec()),
        None => None,
    };
    let mut change = Change {
        allow: allow(query.allow.split(',')),
        why: why(query.why)?,
        canary: query.canary,
        dry_run: query.dry_run,
        ..Change::default()
    };
    match item.kind {
        ItemKind::Plugin => {
            let signature = signature(&headers)?;
            let plugin = bytes.map(|bytes| NewPlugin::new(bytes, signature));
            change.plugins.insert(item.name, plugin);
        }
        ItemKind::Flow => drop(change.flows.insert(item.name, bytes)),
        ItemKind::File => drop(change.files.insert(item.name, bytes)),
    }
    Ok(outcome(&admin.deploy.push(&who, change).await?))
}

fn signature(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get(SIGNATURE) else { return Ok(None) };
    let text = STANDARD.decode(given.as_bytes()).ok().and_then(|text| String::from_utf8(text).ok());
    let wrong = || Problem::invalid(format!("`{SIGNATURE}` is the text of the .minisig in Base64"));
    text.ok_or_else(wrong).map(Some)
}

/// `POST /v1/flows/{name}/rollback`.
async fn roll_back(State(admin): Shared, headers: HeaderMap, item: Item, body: Body) -> Answer {
    let who = admin.require(&headers, Role::Designer).await?;
    let body = whole(body, admin.app.config.deploy.max_body.0)?;
    let request: BackRequest = read(&body)?;
    let allowed = allow(request.allow.iter().map(String::as_str));
    let (to, reason) = (back(request.to), why(request.why)?);
    Ok(outcome(&admin.deploy.roll_back_item(&who, &item, &to, allowed, reason).await?))
}

/// `PUT` and `DELETE` of `/v1/flows/{name}/pin`.
async fn pin(State(admin): Shared, headers: HeaderMap, item: Item, on: bool) -> Answer {
    let who = admin.require(&headers, Role::Designer).await?;
    match on {
        true => admin.deploy.pin(&who, &item, None).await?,
        false => admin.deploy.unpin(&who, &item, None).await?,
    }
    Ok(done())
}
