//! The log of who asked for personal data: lines are added before a request is carried out.

use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;

use dialgraph_api::Millis;
use dialgraph_api::access::{self as api, AccessList, AccessQuery};
use dialgraph_deploy::{Access, AccessAction, Who};
use dialgraph_retention::Upkeep;
use dialgraph_store::UnixMillis;

use super::answer::{Answer, json_of};
use super::{Admin, Shared, shown};
use crate::http::auth::Viewer;
use crate::http::problem::Problem;

/// Lines listed if it is not said how many.
const LISTED: u32 = 100;
/// Most lines listed at once.
const MOST: u32 = 500;

/// Writes down what somebody asks for. Without the line nothing is done.
pub(super) async fn note(
    admin: &Admin,
    who: &Who,
    action: AccessAction,
    what: impl Into<String>,
) -> Result<(), Problem> {
    let at = UnixMillis(admin.app.clock.millis());
    let access = Access { at, who: who.clone(), action, what: what.into() };
    let added = admin.deploy.history().access_log().add(&[access]).await;
    added.map_err(|error| Problem::internal(&error))
}

/// The same about one record. Its key may be a person's number, and the log stays when the record
/// is erased: a keyed hash tells who it was to whoever has the key.
pub(super) async fn note_record(
    admin: &Admin,
    who: &Who,
    action: AccessAction,
    collection: &str,
    key: &str,
) -> Result<(), Problem> {
    note_records(admin, who, action, collection, &[key.to_owned()]).await
}

/// The same about several.
pub(super) async fn note_records(
    admin: &Admin,
    who: &Who,
    action: AccessAction,
    collection: &str,
    keys: &[String],
) -> Result<(), Problem> {
    let at = UnixMillis(admin.app.clock.millis());
    let mut lines = Vec::new();
    for key in keys {
        let what = record(admin, collection, key).await?;
        lines.push(Access { at, who: who.clone(), action, what });
    }
    let added = admin.deploy.history().access_log().add(&lines).await;
    added.map_err(|error| Problem::internal(&error))
}

/// What lines about a record say.
async fn record(admin: &Admin, collection: &str, key: &str) -> Result<String, Problem> {
    let upkeep = Upkeep {
        backend: admin.app.store.backend.clone(),
        store: admin.app.store.store.clone(),
        history: admin.deploy.history(),
    };
    let name = upkeep.name_of(key).await.map_err(|error| Problem::internal(&error))?;
    Ok(format!("{collection} {name}"))
}

/// `GET /v1/access-log`.
pub(super) async fn list(
    State(admin): Shared,
    _: Viewer,
    query: Result<Query<AccessQuery>, QueryRejection>,
) -> Answer {
    let Query(AccessQuery { collection, key, after, limit }) =
        query.map_err(|error| Problem::invalid(error.body_text()))?;
    let limit = limit.unwrap_or(LISTED);
    if limit == 0 || limit > MOST {
        return Err(Problem::invalid(format!("`limit` goes from 1 to {MOST}")).into());
    }
    let wrong = |_| Problem::invalid("`after` is no `next` of the access log");
    let after = after.map(|after| after.parse()).transpose().map_err(wrong)?;
    let what = match (collection, key) {
        (Some(collection), Some(key)) => Some(record(&admin, &collection, &key).await?),
        (None, None) => None,
        _ => return Err(Problem::invalid("give `collection` and `key` together").into()),
    };
    let listed = admin.deploy.history().access_log().list(what.as_deref(), limit, after).await;
    let (lines, next) = listed.map_err(|error| Problem::internal(&error))?;
    Ok(json_of(&AccessList {
        accesses: lines.into_iter().map(line).collect(),
        next: next.map(|next| next.to_string()),
    }))
}

fn line(access: Access) -> api::Access {
    api::Access {
        at: Millis(access.at.0),
        who: shown::who(access.who),
        action: action(access.action),
        what: access.what,
    }
}

fn action(action: AccessAction) -> api::AccessAction {
    match action {
        AccessAction::ReadRecord => api::AccessAction::ReadRecord,
        AccessAction::ListRecords => api::AccessAction::ListRecords,
        AccessAction::FindRecords => api::AccessAction::FindRecords,
        AccessAction::WriteRecord => api::AccessAction::WriteRecord,
        AccessAction::RemoveRecord => api::AccessAction::RemoveRecord,
        AccessAction::ImportRecords => api::AccessAction::ImportRecords,
        AccessAction::ReadTicket => api::AccessAction::ReadTicket,
        AccessAction::ListTickets => api::AccessAction::ListTickets,
        AccessAction::ChangeTicket => api::AccessAction::ChangeTicket,
    }
}
