//! Collections of the live project and their records: for people who look a customer up, correct
//! one, or put many in.
//!
//! Each request for personal data is written into the access log before it is carried out.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;

use dialgraph_api::Millis;
use dialgraph_api::records::{
    Collection, CollectionList, FindRecords, FoundRecords, ImportRecords, Index, Record,
    RecordData, RecordHit, RecordList, RecordQuery, RecordWritten, RecordsImported, Reference,
    RejectedRecord, UnreadableRecord,
};
use dialgraph_base::index::IndexKind;
use dialgraph_base::{Digest, Timestamp};
use dialgraph_deploy::{AccessAction, DeployError, Role, Who};
use dialgraph_flow::engineers::Engineers;
use dialgraph_kernel::ports::records::{self as ports, Delete, Expectation, Get, Put, Search};
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_local::records::{ImportMode, ImportRow, LocalRecords, remove_field};
use dialgraph_runtime::Sources;

use super::access::{note, note_record, note_records};
use super::answer::{Answer, Failed, done, json_of, read};
use super::body::{Large, Small};
use super::{Admin, Shared};
use crate::http::auth::{Agent, Designer, Viewer};
use crate::http::problem::Problem;
use crate::http::{Name, Names};

/// Records listed if it is not said how many.
pub(super) const LISTED: u32 = 100;
/// Records found if it is not said how many.
const FOUND: u32 = 20;
/// Most values of a search.
const MAX_VALUES: usize = 16;

/// The records of the live project, read anew when another goes live.
#[derive(Default)]
pub(super) struct Live(tokio::sync::Mutex<Option<(Digest, Arc<Declared>)>>);

/// What the live project declares.
pub(super) struct Declared {
    /// Of collections in the store.
    pub(super) records: LocalRecords,
    /// Where engineers, their duty and their work are.
    pub(super) engineers: Engineers,
    /// Collections that live outside the store.
    sources: Option<Arc<Sources>>,
    collections: Vec<Collection>,
}

impl Declared {
    /// Takes out of a record what is sensitive and not for `who`; gives the fields that were there.
    pub(super) fn hide(
        &self,
        collection: &str,
        data: &mut serde_json::Value,
        who: &Who,
    ) -> Vec<String> {
        if who.role >= Role::Designer {
            return Vec::new();
        }
        let own = self.collections.iter().filter(|one| one.name == collection);
        let mut hidden: Vec<String> = own.flat_map(|one| one.sensitive.clone()).collect();
        hidden.retain(|field| remove_field(data, field));
        hidden
    }

    /// A record as somebody may see it: what is sensitive is for those who may write it.
    fn shown(&self, collection: &str, record: ports::Record, who: &Who) -> Record {
        let ports::Record { key, version, updated_at, mut data, .. } = record;
        let hidden = self.hide(collection, &mut data, who);
        // Of a source without a version of its own it is made of all data: who may not see them
        // could try out which they are.
        let version =
            if hidden.is_empty() || self.source(collection).is_none() { version } else { 0 };
        Record { key, version, updated_at: Millis(updated_at.0), data, hidden }
    }

    /// The source that a collection lives in.
    fn source(&self, collection: &str) -> Option<&str> {
        Some(self.sources.as_ref()?.by_collection.get(collection)?)
    }

    /// What reads the records of a collection.
    fn reading(&self, collection: &str) -> &dyn Records {
        match &self.sources {
            Some(sources) if sources.by_collection.contains_key(collection) => {
                sources.records.as_ref()
            }
            _ => &self.records,
        }
    }

    /// That a collection is in the store, where alone this can be done.
    pub(super) fn in_store(&self, collection: &str) -> Result<(), Failed> {
        let Some(source) = self.source(collection) else { return Ok(()) };
        let detail = format!(
            "the records of `{collection}` live in the source `{source}`; list and change them there \
             (single ones can be read and found here)"
        );
        Err(Problem::new(StatusCode::CONFLICT, "elsewhere", detail).into())
    }
}

impl Live {
    pub(super) async fn get(&self, admin: &Admin) -> Result<Arc<Declared>, DeployError> {
        let digest = admin.app.releases.live().digest;
        let mut known = self.0.lock().await;
        if let Some((of, declared)) = known.as_ref()
            && *of == digest
        {
            return Ok(Arc::clone(declared));
        }
        let project = admin.deploy.history().live_project().await?;
        let sources = admin.app.sources();
        let source_of =
            |name: &String| Some(sources.as_ref()?.by_collection.get(name)?.to_string());
        let (indexes, references) = (project.indexes(), project.references());
        let schemas = project.record_schemas();
        let declared = project.collections();
        let sensitive_of = |name: &str| {
            let fields = declared.get(name).map(|collection| &collection.sensitive);
            fields.into_iter().flatten().cloned().collect()
        };
        let retention_of = |name: &str| {
            let kept = declared.get(name).and_then(|collection| collection.retention);
            kept.map(|kept| u64::try_from(kept.as_millis()).unwrap_or(u64::MAX))
        };
        let names = project.collections().keys().map(ToString::to_string);
        let collections = names.clone().map(|name| Collection {
            schema: schemas.get(&name).cloned(),
            indexes: indexes
                .collections
                .get(&name)
                .into_iter()
                .flatten()
                .map(shown_index)
                .collect(),
            references: references.get(&name).into_iter().flatten().map(shown_reference).collect(),
            source: source_of(&name),
            sensitive: sensitive_of(&name),
            retention_ms: retention_of(&name),
            name,
        });
        let collections = collections.collect();
        // Whether a record that lives elsewhere is there is not asked for a write to the store.
        let mut own = references.clone();
        own.values_mut().for_each(|fields| fields.retain(|_, of| source_of(of).is_none()));
        let names = names.filter(|name| source_of(name).is_none());
        let records = LocalRecords::new(Arc::clone(&admin.app.store.store), names)
            .with_indexes(Arc::new(indexes))
            .with_schemas(schemas.into_iter().collect())
            .with_references(own);
        let engineers = project.engineers().clone();
        let declared = Arc::new(Declared { records, engineers, sources, collections });
        *known = Some((digest, Arc::clone(&declared)));
        Ok(declared)
    }
}

fn shown_index((name, index): (&String, &dialgraph_base::index::Index)) -> Index {
    let kind = match index.kind {
        IndexKind::Exact => "exact",
        IndexKind::Phone => "phone",
        IndexKind::Name => "name",
    };
    Index { name: name.clone(), kind: kind.to_owned(), fields: index.fields.clone() }
}

fn shown_reference((field, collection): (&String, &String)) -> Reference {
    Reference { field: field.clone(), collection: collection.clone() }
}

/// The collection of a path, if the live project has it.
async fn collection(admin: &Admin, name: &str) -> Result<Arc<Declared>, Failed> {
    let declared = admin.records.get(admin).await?;
    if declared.collections.iter().any(|one| one.name == name) {
        return Ok(declared);
    }
    let known: Vec<&str> = declared.collections.iter().map(|one| one.name.as_str()).collect();
    let detail = format!("the live project has no such collection; it has {}", known.join(", "));
    Err(Problem::new(StatusCode::NOT_FOUND, "unknown", detail).into())
}

/// What a provider answers to a person.
pub(super) fn failed(error: HostError) -> Failed {
    let problem = |status, word| Problem::new(status, word, error.message.clone());
    match (error.kind, error.code.as_str()) {
        (_, "conflict") => problem(StatusCode::PRECONDITION_FAILED, "changed").into(),
        (_, "unreadable") => problem(StatusCode::PRECONDITION_FAILED, "unreadable").into(),
        (_, "index-not-built") => problem(StatusCode::CONFLICT, "not-built").into(),
        (_, "unknown-index" | "bad-key" | "bad-limit" | "bad-cursor" | "bad-value") => {
            Problem::invalid(error.message).into()
        }
        (HostErrorKind::Invalid, _) => problem(StatusCode::BAD_REQUEST, "bad-record").into(),
        (HostErrorKind::Unavailable, "contended") => Problem::busy(error.message).into(),
        // What a source says of itself has no value of a record in it.
        (_, "source-failed" | "source-differs" | "timed-out") => {
            Problem::busy(error.message).into()
        }
        (HostErrorKind::Other, "bad-row" | "key-not-unique" | "schema-mismatch") => {
            problem(StatusCode::CONFLICT, "unreadable").into()
        }
        (HostErrorKind::Unavailable, _) => {
            tracing::warn!(%error, "the store did not do what was asked of records");
            let detail = "the store did not answer; a part may be done, send the request again";
            Problem::busy(detail).into()
        }
        _ => Problem::internal(&error).into(),
    }
}

/// Who acts, for the store's records.
pub(super) fn caller(admin: &Admin, who: &Who) -> Result<Caller, Problem> {
    let mut once = [0; 16];
    getrandom::fill(&mut once).map_err(|error| Problem::internal(&error))?;
    Ok(Caller {
        call_id: "admin".into(),
        release: admin.app.releases.live().digest,
        locale: "".into(),
        plugin: who.name.as_str().into(),
        now: now(admin),
        idempotency_key: format!("admin/{}", hex::encode(once)).into(),
    })
}

pub(super) fn now(admin: &Admin) -> Timestamp {
    Timestamp(admin.app.clock.millis())
}

/// What a condition of a request asks for.
pub(super) fn expectation(headers: &HeaderMap) -> Result<Expectation, Problem> {
    let header = |name: header::HeaderName| {
        headers.get(&name).map(|value| value.to_str().map(str::trim).unwrap_or("?"))
    };
    let wrong = |name: &str, what: &str| Problem::invalid(format!("`{name}` must be {what}"));
    match (header(header::IF_MATCH), header(header::IF_NONE_MATCH)) {
        (None, None) => Ok(Expectation::Any),
        (None, Some("*")) => Ok(Expectation::Absent),
        (None, Some(_)) => Err(wrong("if-none-match", "`*`")),
        (Some(tag), None) => {
            let version = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let version = version.and_then(|version| version.parse().ok());
            let what = "a version in quotes, as `etag` has it";
            version.map(Expectation::Version).ok_or_else(|| wrong("if-match", what))
        }
        (Some(_), Some(_)) => {
            Err(Problem::invalid("send one of `if-match` and `if-none-match`, not both"))
        }
    }
}

pub(super) fn etag(version: u64) -> [(header::HeaderName, HeaderValue); 1] {
    // Digits in quotes are a value of a header.
    let value = HeaderValue::try_from(format!("\"{version}\""));
    [(header::ETAG, value.unwrap_or_else(|_| HeaderValue::from_static("\"\"")))]
}

/// `GET /v1/collections`.
pub(super) async fn collections(State(admin): Shared, _: Viewer) -> Answer {
    let declared = admin.records.get(&admin).await?;
    Ok(json_of(&CollectionList { collections: declared.collections.clone() }))
}

/// `GET /v1/collections/{collection}/records`.
pub(super) async fn list(
    State(admin): Shared,
    Agent(who): Agent,
    Name(name): Name,
    query: Result<Query<RecordQuery>, QueryRejection>,
) -> Answer {
    let Query(RecordQuery { after, limit }) =
        query.map_err(|error| Problem::invalid(error.body_text()))?;
    let declared = collection(&admin, &name).await?;
    declared.in_store(&name)?;
    let limit = limit.unwrap_or(LISTED);
    note(&admin, &who, AccessAction::ListRecords, name.as_str()).await?;
    let listed = declared.records.list(&name, after.as_deref(), limit).await.map_err(failed)?;
    let lost = |(key, why)| UnreadableRecord { key, why };
    Ok(json_of(&RecordList {
        records: listed.records.into_iter().map(|one| declared.shown(&name, one, &who)).collect(),
        next: listed.next,
        unreadable: listed.unreadable.into_iter().map(lost).collect(),
    }))
}

/// `GET /v1/collections/{collection}/records/{key}`.
pub(super) async fn show(
    State(admin): Shared,
    Agent(who): Agent,
    Names(name, key): Names,
) -> Answer {
    let declared = collection(&admin, &name).await?;
    note_record(&admin, &who, AccessAction::ReadRecord, &name, &key).await?;
    let get = Get { collection: name.clone(), key, source: ports::Source::Current };
    let record = declared.reading(&name).get(&caller(&admin, &who)?, &get).await;
    let record = record.map_err(|error| match error.code.as_str() {
        "unreadable" => Problem::new(StatusCode::CONFLICT, "unreadable", error.message).into(),
        _ => failed(error),
    })?;
    let Some(record) = record else { return Err(no_record(&name)) };
    let shown = declared.shown(&name, record, &who);
    Ok((etag(shown.version), Json(shown)).into_response())
}

pub(super) fn no_record(collection: &str) -> Failed {
    let detail = format!("`{collection}` has no record with this key");
    Problem::new(StatusCode::NOT_FOUND, "unknown", detail).into()
}

/// `PUT /v1/collections/{collection}/records/{key}`.
pub(super) async fn write(
    State(admin): Shared,
    Designer(who): Designer,
    Names(name, key): Names,
    headers: HeaderMap,
    Small(body): Small,
) -> Answer {
    let declared = collection(&admin, &name).await?;
    declared.in_store(&name)?;
    let expect = expectation(&headers)?;
    if body.is_empty() {
        return Err(Problem::invalid("the body is empty; send the record's fields as JSON").into());
    }
    let RecordData(data) = read(&body)?;
    let put = Put { collection: name.clone(), key, data, expect };
    note_record(&admin, &who, AccessAction::WriteRecord, &name, &put.key).await?;
    let written = declared.records.save(&caller(&admin, &who)?, &put).await.map_err(failed)?;
    let version = written.version;
    Ok((etag(version), Json(RecordWritten { version })).into_response())
}

/// `DELETE /v1/collections/{collection}/records/{key}`.
pub(super) async fn remove(
    State(admin): Shared,
    Designer(who): Designer,
    Names(name, key): Names,
    headers: HeaderMap,
) -> Answer {
    let declared = collection(&admin, &name).await?;
    declared.in_store(&name)?;
    let mut expect = expectation(&headers)?;
    let caller = caller(&admin, &who)?;
    if expect == Expectation::Absent {
        return Err(Problem::invalid("a record that is not there cannot be removed").into());
    }
    note_record(&admin, &who, AccessAction::RemoveRecord, &name, &key).await?;
    let get = Get { collection: name.clone(), key: key.clone(), source: ports::Source::Current };
    match declared.records.get(&caller, &get).await {
        Ok(None) => return Err(no_record(&name)),
        Ok(Some(record)) if expect == Expectation::Any => {
            expect = Expectation::Version(record.version);
        }
        // One that cannot be read can be removed.
        Err(error) if error.code != "unreadable" => return Err(failed(error)),
        _ => {}
    }
    let delete = Delete { collection: name.clone(), key, expect };
    declared.records.delete(&caller, &delete).await.map_err(failed)?;
    Ok(done())
}

/// `POST /v1/collections/{collection}/find`.
pub(super) async fn find(
    State(admin): Shared,
    Agent(who): Agent,
    Name(name): Name,
    Small(body): Small,
) -> Answer {
    let declared = collection(&admin, &name).await?;
    let FindRecords { index, values, limit, cursor } = read(&body)?;
    if values.is_empty() || values.len() > MAX_VALUES {
        return Err(Problem::invalid(format!("`values` has 1 to {MAX_VALUES} values")).into());
    }
    let search = Search {
        collection: name.clone(),
        index,
        values,
        limit: limit.unwrap_or(FOUND),
        cursor,
        source: ports::Source::Current,
    };
    // What is no name of an index may be anything, and does not belong into a log.
    let own = declared.collections.iter().filter(|one| one.name == name);
    let known: Vec<&str> =
        own.flat_map(|one| one.indexes.iter().map(|index| index.name.as_str())).collect();
    if !known.contains(&search.index.as_str()) {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let detail = format!("`{name}` has no such index; known: {known}");
        return Err(Problem::invalid(detail).into());
    }
    let what = format!("{name} by index {}", search.index);
    note(&admin, &who, AccessAction::FindRecords, what).await?;
    let found = declared.reading(&name).search(&caller(&admin, &who)?, &search).await;
    let found = found.map_err(failed)?;
    let keys: Vec<String> = found.hits.iter().map(|hit| hit.record.key.clone()).collect();
    note_records(&admin, &who, AccessAction::ReadRecord, &name, &keys).await?;
    let hit = |hit: ports::Hit| {
        let record = declared.shown(&name, hit.record, &who);
        RecordHit { record, score: hit.score }
    };
    Ok(json_of(&FoundRecords {
        hits: found.hits.into_iter().map(hit).collect(),
        complete: found.complete,
        next: found.next,
    }))
}

/// `POST /v1/collections/{collection}/import`.
pub(super) async fn import(
    State(admin): Shared,
    Designer(who): Designer,
    Name(name): Name,
    body: Large,
) -> Answer {
    let declared = collection(&admin, &name).await?;
    declared.in_store(&name)?;
    let ImportRecords { records, only_new, merge, dry_run } = read(&body.bytes)?;
    if only_new && merge {
        let detail = "send one of `only_new` and `merge`: what is only new is merged into nothing";
        return Err(Problem::invalid(detail).into());
    }
    // What follows takes no more memory than others may, and others wait for the room.
    drop(body);
    // A dry run, too, tells what is there.
    let tried = if dry_run { ", dry run" } else { "" };
    let what = format!("{name}: {}{tried}", records.len());
    note(&admin, &who, AccessAction::ImportRecords, what).await?;
    let rows: Vec<ImportRow> =
        records.into_iter().map(|one| ImportRow { key: one.key, data: one.data }).collect();
    let mode = ImportMode { only_new, merge, dry_run };
    let imported = declared.records.import(&name, &rows, now(&admin), mode).await;
    let imported = imported.map_err(|error| match error.code.as_str() {
        "too-many-records" => Problem::invalid(error.message).into(),
        _ => failed(error),
    })?;
    let rejected = |one: dialgraph_local::records::Rejected| RejectedRecord {
        row: one.row,
        field: one.field,
        why: one.why,
    };
    Ok(json_of(&RecordsImported {
        created: imported.created,
        replaced: imported.replaced,
        unchanged: imported.unchanged,
        rejected: imported.rejected.into_iter().map(rejected).collect(),
    }))
}
