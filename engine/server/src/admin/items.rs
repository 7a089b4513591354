//! Flows and plugins, one by one.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use dialgraph_api::changes::{Back, ChangeQuery};
use dialgraph_api::operations::SIGNATURE;
use dialgraph_api::releases::{ContentQuery, FlowList, PluginList, VersionList};
use dialgraph_deploy::{Change, Item, ItemKind, NewPlugin};

use super::answer::{Answer, done, json_of, outcome, read};
use super::body::{Large, Small};
use super::{Route, Shared, allow, back, shown, why};
use crate::http::Name;
use crate::http::auth::{Designer, Viewer};
use crate::http::problem::Problem;

/// The routes of one kind.
pub(super) fn routes(kind: ItemKind, path: &str) -> Vec<Route> {
    let one = format!("{path}/{{name}}");
    let item = move |name: String| Item { kind, name };
    vec![
        (path.to_owned(), get(async move |admin: Shared, _: Viewer| list(admin, kind).await)),
        (
            one.clone(),
            get(async move |admin: Shared, _: Viewer, Name(name): Name| {
                versions(admin, item(name)).await
            })
            .put(
                async move |admin: Shared,
                            who: Designer,
                            Name(name): Name,
                            query: ChangeParameters,
                            headers: HeaderMap,
                            body: Large| {
                    let signature = match kind {
                        ItemKind::Plugin => signature(&headers)?,
                        ItemKind::Flow | ItemKind::File => None,
                    };
                    change(admin, who, item(name), query, Some((body, signature))).await
                },
            )
            .delete(
                async move |admin: Shared,
                            who: Designer,
                            Name(name): Name,
                            query: ChangeParameters| {
                    change(admin, who, item(name), query, None).await
                },
            ),
        ),
        (
            format!("{one}/content"),
            get(
                async move |admin: Shared,
                            _: Viewer,
                            Name(name): Name,
                            query: Result<Query<ContentQuery>, QueryRejection>| {
                    content(admin, item(name), query).await
                },
            ),
        ),
        (
            format!("{one}/rollback"),
            post(async move |admin: Shared, who: Designer, Name(name): Name, body: Small| {
                roll_back(admin, who, item(name), body).await
            }),
        ),
        (
            format!("{one}/pin"),
            put(async move |admin: Shared, who: Designer, Name(name): Name| {
                pin(admin, who, item(name), true).await
            })
            .delete(async move |admin: Shared, who: Designer, Name(name): Name| {
                pin(admin, who, item(name), false).await
            }),
        ),
    ]
}

type ChangeParameters = Result<Query<ChangeQuery>, QueryRejection>;

/// `GET /v1/flows`, `GET /v1/plugins`.
async fn list(State(admin): Shared, kind: ItemKind) -> Answer {
    let items = admin.deploy.items(kind).await?.into_iter().map(shown::listed).collect();
    Ok(match kind {
        ItemKind::Plugin => json_of(&PluginList { plugins: items }),
        ItemKind::Flow | ItemKind::File => json_of(&FlowList { flows: items }),
    })
}

/// `GET /v1/flows/{name}`: its versions, the newest first.
async fn versions(State(admin): Shared, item: Item) -> Answer {
    let (versions, unreadable) =
        admin.deploy.versions(&item).await?.map(shown::version).into_parts();
    Ok(json_of(&VersionList { versions, unreadable }))
}

/// `GET /v1/flows/{name}/content`: the bytes themselves.
async fn content(
    State(admin): Shared,
    item: Item,
    query: Result<Query<ContentQuery>, QueryRejection>,
) -> Answer {
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
    Designer(who): Designer,
    item: Item,
    query: ChangeParameters,
    body: Option<(Large, Option<String>)>,
) -> Answer {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let mut change = Change {
        allow: allow(query.allow.split(',')),
        why: why(query.why)?,
        canary: query.canary,
        dry_run: query.dry_run,
        ..Change::default()
    };
    match item.kind {
        ItemKind::Plugin => {
            let plugin = body
                .as_ref()
                .map(|(body, signature)| NewPlugin::new(body.bytes.to_vec(), signature.clone()));
            change.plugins.insert(item.name, plugin);
        }
        ItemKind::Flow | ItemKind::File => {
            let text = body.as_ref().map(|(body, _)| body.bytes.to_vec());
            let of =
                if item.kind == ItemKind::Flow { &mut change.flows } else { &mut change.files };
            of.insert(item.name, text);
        }
    }
    Ok(outcome(admin.deploy.push(&who, change).await?))
}

fn signature(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get(SIGNATURE) else { return Ok(None) };
    let text = STANDARD.decode(given.as_bytes()).ok().and_then(|text| String::from_utf8(text).ok());
    let wrong = || Problem::invalid(format!("`{SIGNATURE}` is the text of the .minisig in Base64"));
    text.ok_or_else(wrong).map(Some)
}

/// `POST /v1/flows/{name}/rollback`.
async fn roll_back(
    State(admin): Shared,
    Designer(who): Designer,
    item: Item,
    Small(body): Small,
) -> Answer {
    let request: Back = read(&body)?;
    let allowed = allow(request.allow.iter().map(String::as_str));
    let (to, reason) = (back(request.to), why(request.why)?);
    Ok(outcome(admin.deploy.roll_back_item(&who, &item, &to, allowed, reason).await?))
}

/// `PUT` and `DELETE` of `/v1/flows/{name}/pin`.
async fn pin(State(admin): Shared, Designer(who): Designer, item: Item, on: bool) -> Answer {
    match on {
        true => admin.deploy.pin(&who, &item, None).await?,
        false => admin.deploy.unpin(&who, &item, None).await?,
    }
    Ok(done())
}
