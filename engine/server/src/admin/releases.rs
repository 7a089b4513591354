//! Lists releases and the audit log for viewers; pushes several things as one change and rolls
//! whole releases back for designers.

use std::collections::BTreeMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use dialgraph_api::changes::{Back, Component, Push};
use dialgraph_api::releases::{AuditList, PageQuery, ReleaseList};
use dialgraph_deploy::{Change, MAX_LISTED, NewPlugin};

use super::answer::{Answer, json_of, outcome, read};
use super::body::{Large, Small};
use super::{Shared, allow, back, shown, why};
use crate::http::auth::{Designer, Viewer};
use crate::http::problem::Problem;

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
    let found = admin.deploy.releases(below, limit).await?;
    let (releases, unreadable) = found.map(shown::release).into_parts();
    Ok(json_of(&ReleaseList { releases, unreadable }))
}

/// `GET /v1/releases/live`.
pub(super) async fn live(State(admin): Shared, _: Viewer) -> Answer {
    Ok(json_of(&shown::status(admin.deploy.status().await?)))
}

/// `GET /v1/audit`.
pub(super) async fn audit(State(admin): Shared, _: Viewer, query: Page) -> Answer {
    let (below, limit) = page(query)?;
    let found = admin.deploy.audit(below, limit).await?;
    let (audit, unreadable) = found.map(shown::audit).into_parts();
    Ok(json_of(&AuditList { audit, unreadable }))
}

/// `POST /v1/releases`.
pub(super) async fn push(State(admin): Shared, Designer(who): Designer, body: Large) -> Answer {
    if body.bytes.is_empty() {
        return Err(Problem::invalid("the body must say what is pushed").into());
    }
    let request: Push = read(&body.bytes)?;
    let texts = |texts: BTreeMap<String, Option<String>>| {
        texts.into_iter().map(|(name, text)| (name, text.map(String::into_bytes))).collect()
    };
    let mut plugins = BTreeMap::new();
    for (name, plugin) in request.plugins {
        let plugin = match plugin {
            None => None,
            Some(Component { component, signature }) => {
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
    Ok(outcome(admin.deploy.push(&who, change).await?))
}

/// `POST /v1/releases/rollback`.
pub(super) async fn roll_back(
    State(admin): Shared,
    Designer(who): Designer,
    Small(body): Small,
) -> Answer {
    let request: Back = read(&body)?;
    let allowed = allow(request.allow.iter().map(String::as_str));
    let to = back(request.to);
    Ok(outcome(admin.deploy.roll_back(&who, &to, allowed, why(request.why)?).await?))
}
