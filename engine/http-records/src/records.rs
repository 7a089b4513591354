//! A collection of records behind an API.

use std::sync::Arc;

use async_trait::async_trait;
use dialgraph_base::index::{IndexKind, Indexes};
use dialgraph_base::origin;
use dialgraph_base::{Digest, Timestamp};
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::records::{
    Delete, Expectation, Find, Get, Hit, Page, Put, Record, Search, SearchPage, Written,
};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_local::records::{Probe, Wanted, has_all, put_field, take_field, unknown_fields};
use serde_json::{Map, Value};

use crate::ask::{Answer, Wrote};
use crate::path::{of_key, of_value};
use crate::service::Service;

/// Most pages of one answer that are read.
const MAX_PAGES: usize = 20;

/// A collection of a service.
pub struct HttpRecords {
    service: Arc<Service>,
    collection: String,
    shape: origin::Service,
    indexes: Arc<Indexes>,
}

impl std::fmt::Debug for HttpRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpRecords")
            .field("collection", &self.collection)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

impl HttpRecords {
    /// The collection `collection` of `service`. Connects to nothing.
    pub fn new(
        service: Arc<Service>,
        collection: impl Into<String>,
        shape: origin::Service,
        indexes: Arc<Indexes>,
    ) -> Self {
        Self { service, collection: collection.into(), shape, indexes }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.service.origin, self.service.base)
    }

    /// All requests of one question, within its time.
    async fn within<T>(
        &self,
        asked: impl Future<Output = Result<T, HostError>>,
    ) -> Result<T, HostError> {
        match tokio::time::timeout(self.service.timeout, asked).await {
            Ok(done) => done,
            Err(_) => Err(HostError::unavailable(
                "timed-out",
                format!(
                    "source `{}` did not answer within {} ms",
                    self.service.name,
                    self.service.timeout.as_millis()
                ),
            )),
        }
    }

    fn record(&self, answer: &Value) -> Result<Record, HostError> {
        let field = &self.shape.key;
        let key = match take_field(answer, field) {
            Some(Value::String(key)) => key,
            Some(Value::Number(key)) => key.to_string(),
            _ => {
                let why = format!("a record of `{}` has no key in `{field}`", self.collection);
                return Err(self.service.unusable(&why));
            }
        };
        let mut data = Value::Object(Map::new());
        for (field, place) in &self.shape.fields {
            match take_field(answer, place) {
                None | Some(Value::Null) => {}
                Some(value) => {
                    if !put_field(&mut data, field, value) {
                        let why = format!("`{field}` lies within a field that holds no map");
                        return Err(self.service.unusable(&why));
                    }
                }
            }
        }
        let version = version(&key, &data);
        Ok(Record { key, version, updated_at: Timestamp(0), data, extra: Vec::new() })
    }

    async fn raw(&self, caller: &Caller, key: &str) -> Result<Option<Answer>, HostError> {
        let Some(path) = of_key(&self.shape.get, key) else { return Ok(None) };
        self.service.read(caller, self.url(&path)).await
    }

    async fn read(&self, caller: &Caller, key: &str) -> Result<Option<Record>, HostError> {
        let Some(answer) = self.raw(caller, key).await? else { return Ok(None) };
        self.record_of(key, &answer.data).map(Some)
    }

    fn record_of(&self, key: &str, answer: &Value) -> Result<Record, HostError> {
        let record = self.record(answer)?;
        if record.key != key {
            let why = format!("asked for one record of `{}`, it gives another", self.collection);
            return Err(self.service.unusable(&why));
        }
        Ok(record)
    }

    /// The first `most` records of a list that fit, and whether there are more. It goes by these
    /// fields.
    async fn list(
        &self,
        caller: &Caller,
        path: &str,
        by: &[&str],
        most: usize,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<(Vec<Record>, bool), HostError> {
        let mut url = self.url(path);
        let mut asked: Vec<String> = Vec::new();
        let mut records: Vec<Record> = Vec::new();
        // Of those that do not fit, whether each lacks a field that was asked for.
        let mut all_lack = None;
        for _ in 0..MAX_PAGES {
            let answer = self.service.read(caller, url.clone()).await?;
            let Some(answer) = answer else {
                if asked.is_empty() && self.shape.empty_is_404 {
                    return Ok((records, false));
                }
                // A path that is wrong is answered so, too; and behind a page that is gone there
                // may have been the record.
                return Err(self.service.unusable(
                    "it has no such list (404); check the paths under `find`, and set \
                     `empty_is_404: true` if that is how it says that a list is empty",
                ));
            };
            asked.push(url);
            let list = match self.shape.list.as_str() {
                "" => Some(answer.data.clone()),
                list => take_field(&answer.data, list),
            };
            let Some(Value::Array(items)) = list else {
                let place = match self.shape.list.as_str() {
                    "" => "its answer".to_owned(),
                    list => format!("`{list}` of its answer"),
                };
                return Err(self.service.unusable(&format!("{place} is no list")));
            };
            for item in items {
                let record = self.record(&item)?;
                if !fits(&record.data) {
                    let lacks = by.iter().any(|field| take_field(&record.data, field).is_none());
                    all_lack = Some(lacks && all_lack != Some(false));
                    continue;
                }
                all_lack = Some(false);
                if records.iter().any(|known| known.key == record.key) {
                    continue;
                }
                if records.len() == most {
                    return Ok((records, true));
                }
                records.push(record);
            }
            let next = match self.shape.next.as_str() {
                "" => None,
                next => take_field(&answer.data, next),
            };
            url = match next {
                Some(Value::String(next)) if !next.is_empty() => self.next(&next)?,
                None | Some(Value::Null | Value::String(_)) => {
                    return match all_lack {
                        Some(true) => Err(self.service.unusable(&format!(
                            "none of the records in its list has {}, so nobody can tell whether one \
                             is looked for; lists must have the fields that they go by",
                            by.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ")
                        ))),
                        _ => Ok((records, false)),
                    };
                }
                // What looks like the last page may not be it.
                Some(_) => {
                    let place = &self.shape.next;
                    let why = format!("`{place}` of its answer is no path of a next page");
                    return Err(self.service.unusable(&why));
                }
            };
            if asked.contains(&url) {
                return Err(self.service.unusable("its next page is one that was read already"));
            }
        }
        Err(HostError::invalid(
            "too-many-records",
            format!(
                "source `{}` has more than {MAX_PAGES} pages for this; ask for something rarer",
                self.service.name
            ),
        ))
    }

    /// The address of the next page: a path from the root of the host, or an address there.
    fn next(&self, next: &str) -> Result<String, HostError> {
        let origin = &self.service.origin;
        if next.starts_with('/') && !next.starts_with("//") {
            return Ok(format!("{origin}{next}"));
        }
        match next.strip_prefix(origin.as_str()) {
            Some(rest) if rest.starts_with('/') => Ok(next.to_owned()),
            _ => Err(self.service.unusable("its next page is at another host, or no address")),
        }
    }

    /// What is sent for a record: what is there, with the mapped fields changed.
    fn changed(&self, before: Option<&Value>, key: &str, data: &Value) -> Result<Value, HostError> {
        let unknown = unknown_fields(data, self.shape.fields.keys().map(String::as_str));
        if !unknown.is_empty() {
            let unknown: Vec<String> = unknown.iter().map(|field| format!("`{field}`")).collect();
            return Err(HostError::invalid(
                "bad-value",
                format!(
                    "collection `{}` has no place for {}; map it under `source: http: fields`",
                    self.collection,
                    unknown.join(", ")
                ),
            ));
        }
        let mut changed = before.cloned().unwrap_or_else(|| Value::Object(Map::new()));
        if take_field(&changed, &self.shape.key).is_none() {
            self.set(&mut changed, &self.shape.key, Value::from(key))?;
        }
        for (field, place) in &self.shape.fields {
            if *place == self.shape.key {
                continue;
            }
            match take_field(data, field) {
                Some(value) => self.set(&mut changed, place, value)?,
                None if take_field(&changed, place).is_some() => {
                    self.set(&mut changed, place, Value::Null)?;
                }
                None => {}
            }
        }
        Ok(changed)
    }

    fn set(&self, record: &mut Value, place: &str, value: Value) -> Result<(), HostError> {
        if put_field(record, place, value) {
            return Ok(());
        }
        Err(self.service.unusable(&format!(
            "what it has of the record has no place for `{place}`: something else than a map is on the \
             way to it"
        )))
    }

    async fn write(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        let Some(put) = &self.shape.put else { return Err(self.read_only()) };
        let key = &request.key;
        let Some(path) = of_key(put, key) else {
            return Err(HostError::invalid("bad-key", "no path can name a record with this key"));
        };
        let before = self.raw(caller, key).await?;
        let there = before.as_ref().map(|answer| self.record_of(key, &answer.data)).transpose()?;
        if before.as_ref().is_some_and(|answer| !answer.is_exact) {
            return Err(self.service.unusable(
                "the record has a number with more digits than the engine can send back as it is",
            ));
        }
        let etag = before.as_ref().and_then(|answer| answer.etag.clone());
        let found = there.as_ref().map(|record| record.version);
        self.holds(request.expect, found, etag.is_some())?;
        let data = self.changed(before.as_ref().map(|answer| &answer.data), key, &request.data)?;
        let condition = match (&before, etag) {
            (None, _) => Some(("if-none-match", "*".to_owned())),
            (Some(_), Some(etag)) => Some(("if-match", etag)),
            (Some(_), None) => None,
        };
        match self.service.write(caller, self.url(&path), &data, condition).await? {
            Wrote::Done => Ok(Written { version: version(key, &self.record(&data)?.data) }),
            Wrote::Changed | Wrote::Missing => Err(self.changed_meanwhile(request.expect)),
        }
    }

    async fn remove(&self, caller: &Caller, request: &Delete) -> Result<(), HostError> {
        let Some(delete) = &self.shape.delete else { return Err(self.read_only()) };
        let key = &request.key;
        let Some(path) = of_key(delete, key) else { return Ok(()) };
        // What is there is looked at even if nothing is expected of it: a path that leads to
        // another record must not delete that.
        let Some(before) = self.raw(caller, key).await? else {
            return self.holds(request.expect, None, true);
        };
        let found = self.record_of(key, &before.data)?.version;
        self.holds(request.expect, Some(found), before.etag.is_some())?;
        let condition = match request.expect {
            Expectation::Any => None,
            Expectation::Absent | Expectation::Version(_) => {
                before.etag.map(|etag| ("if-match", etag))
            }
        };
        match self.service.delete(caller, self.url(&path), condition).await? {
            Wrote::Done => Ok(()),
            // Somebody else was faster, or the path is wrong.
            Wrote::Missing if self.raw(caller, key).await?.is_none() => Ok(()),
            Wrote::Missing => Err(self.service.unusable(
                "it has the record, and nothing to delete there (404); check the path `delete`",
            )),
            Wrote::Changed => Err(self.changed_meanwhile(request.expect)),
        }
    }

    /// Whether what a write expects is so, as far as the service tells before it.
    fn holds(
        &self,
        expect: Expectation,
        found: Option<u64>,
        has_etag: bool,
    ) -> Result<(), HostError> {
        let told = found.map_or("none".to_owned(), |version| format!("version {version}"));
        match (expect, found) {
            (Expectation::Absent, Some(_)) => Err(self.conflict(expect, &told)),
            (Expectation::Version(wanted), found) if found != Some(wanted) => {
                Err(self.conflict(expect, &told))
            }
            (Expectation::Version(_), Some(_)) if !has_etag => Err(HostError::denied(
                "no-conditions",
                format!(
                    "source `{}` answers without `etag`, so nobody can write there only if a record \
                     has not changed; write it without a version",
                    self.service.name
                ),
            )),
            _ => Ok(()),
        }
    }

    /// A condition of a request did not hold when the service carried it out.
    fn changed_meanwhile(&self, expect: Expectation) -> HostError {
        if expect != Expectation::Any {
            return self.conflict(expect, "another");
        }
        HostError::unavailable(
            "contended",
            format!("a record in `{}` changed while it was written; try again", self.collection),
        )
    }

    fn conflict(&self, expect: Expectation, found: &str) -> HostError {
        let wanted = match expect {
            Expectation::Version(version) => format!("version {version}"),
            Expectation::Absent | Expectation::Any => "none".to_owned(),
        };
        HostError::denied(
            "conflict",
            format!(
                "the write in `{}` expected {wanted} of the record, but there is {found}; read it and \
                 decide again",
                self.collection
            ),
        )
    }

    fn read_only(&self) -> HostError {
        HostError::denied(
            "read-only",
            format!(
                "collection `{}` cannot be written so: source `{}` is not said to take that",
                self.collection, self.service.name
            ),
        )
    }
}

/// Another content is another version: the services have no word for it in common.
fn version(key: &str, data: &Value) -> u64 {
    let digest = Digest::of(format!("{key:?} {data}").as_bytes()).hex();
    digest.get(..12).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0)
}

/// A record that is not there is asked for: that the answer is no failure says that the service is
/// there and knows the server.
#[async_trait]
impl Probe for HttpRecords {
    async fn check(&self) -> Result<(), HostError> {
        let caller = Caller {
            call_id: "readiness".into(),
            release: Digest::of(b""),
            locale: "".into(),
            plugin: "readiness".into(),
            now: Timestamp(0),
            idempotency_key: "readiness".into(),
        };
        self.within(self.raw(&caller, "dialgraph-readiness")).await.map(|_| ())
    }
}

#[async_trait]
impl Records for HttpRecords {
    async fn get(&self, caller: &Caller, request: &Get) -> Result<Option<Record>, HostError> {
        self.within(self.read(caller, &request.key)).await
    }

    async fn find(&self, caller: &Caller, request: &Find) -> Result<Page, HostError> {
        let by = request
            .matches
            .iter()
            .find_map(|(field, value)| Some((self.shape.find.get(field)?, value)));
        let Some((path, value)) = by else {
            let known: Vec<&str> = self.shape.find.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(HostError::invalid(
                "not-findable",
                format!(
                    "source `{}` finds records of `{}` by these fields alone: {known}; see \
                     `source: http: find`",
                    self.service.name, self.collection
                ),
            ));
        };
        let Some(path) = of_value(path, value) else { return Ok(Page::default()) };
        let fits = |data: &Value| has_all(data, &request.matches);
        let asked: Vec<&str> = request.matches.iter().map(|(field, _)| field.as_str()).collect();
        let found = self.list(caller, &path, &asked, request.limit as usize, fits);
        let (records, more) = self.within(found).await?;
        Ok(Page { records, more, as_of: None })
    }

    async fn search(&self, caller: &Caller, request: &Search) -> Result<SearchPage, HostError> {
        let wanted =
            Wanted::of(&self.indexes, &request.collection, &request.index, &request.values)?;
        let bad_cursor = || {
            HostError::invalid(
                "bad-cursor",
                "this is no cursor of this search; give `next` of the page before",
            )
        };
        let from: usize = match &request.cursor {
            Some(cursor) => {
                let from = cursor.strip_prefix('n').and_then(|from| from.parse().ok());
                from.ok_or_else(bad_cursor)?
            }
            None => 0,
        };
        let path = wanted.fields().first().and_then(|field| self.shape.find.get(field));
        let numbers: Vec<Value>;
        let values = match wanted.kind() {
            IndexKind::Phone => {
                numbers = wanted.numbers().iter().map(|one| Value::from(one.as_str())).collect();
                numbers.as_slice()
            }
            IndexKind::Exact => wanted.values(),
            // Refused when the project is checked.
            IndexKind::Name => &[],
        };
        let paths = values.iter().filter_map(|value| of_value(path?, value));
        let until = from.saturating_add(request.limit as usize);
        let by: Vec<&str> = wanted.fields().iter().map(String::as_str).collect();
        let found = async {
            let mut all: Vec<Record> = Vec::new();
            let mut more = false;
            for path in paths {
                let fits = |data: &Value| wanted.fits(data);
                let (records, rest) = self.list(caller, &path, &by, until, fits).await?;
                more |= rest;
                for record in records {
                    if !all.iter().any(|known| known.key == record.key) {
                        all.push(record);
                    }
                }
            }
            Ok((all, more))
        };
        let (all, more) = self.within(found).await?;
        let next = (more || all.len() > until).then(|| format!("n{until}"));
        let hits = all.into_iter().skip(from).take(request.limit as usize);
        let hits = hits.map(|record| Hit { record, score: 1.0 }).collect();
        Ok(SearchPage { hits, next, complete: true, as_of: None })
    }

    async fn put(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        self.within(self.write(caller, request)).await
    }

    async fn delete(&self, caller: &Caller, request: &Delete) -> Result<(), HostError> {
        self.within(self.remove(caller, request)).await
    }
}
