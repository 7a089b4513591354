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
                Some(value) => put_field(&mut data, field, value),
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
        let record = self.record(&answer.data)?;
        if record.key != key {
            let why = format!("asked for one record of `{}`, it gives another", self.collection);
            return Err(self.service.unusable(&why));
        }
        Ok(Some(record))
    }

    /// The first `most` records of a list that fit, and whether there are more.
    async fn list(
        &self,
        caller: &Caller,
        path: &str,
        most: usize,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<(Vec<Record>, bool), HostError> {
        let mut url = self.url(path);
        let mut records: Vec<Record> = Vec::new();
        for _ in 0..MAX_PAGES {
            let Some(answer) = self.service.read(caller, url).await? else {
                return Ok((records, false));
            };
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
                if !fits(&record.data) || records.iter().any(|known| known.key == record.key) {
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
            match next {
                Some(Value::String(next)) if !next.is_empty() => url = self.next(&next)?,
                _ => return Ok((records, false)),
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
            put_field(&mut changed, &self.shape.key, Value::from(key));
        }
        for (field, place) in &self.shape.fields {
            if *place == self.shape.key {
                continue;
            }
            match take_field(data, field) {
                Some(value) => put_field(&mut changed, place, value),
                None if take_field(&changed, place).is_some() => {
                    put_field(&mut changed, place, Value::Null);
                }
                None => {}
            }
        }
        Ok(changed)
    }

    async fn write(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        let Some(put) = &self.shape.put else { return Err(self.read_only()) };
        let key = &request.key;
        let Some(path) = of_key(put, key) else {
            return Err(HostError::invalid("bad-key", "no path can name a record with this key"));
        };
        let before = self.raw(caller, key).await?;
        let there = before.as_ref().map(|answer| self.record(&answer.data)).transpose()?;
        let etag = before.as_ref().and_then(|answer| answer.etag.clone());
        let conflict = |found: Option<u64>| {
            let found = found.map_or("none".to_owned(), |version| format!("version {version}"));
            let wanted = match request.expect {
                Expectation::Version(version) => format!("version {version}"),
                Expectation::Absent | Expectation::Any => "none".to_owned(),
            };
            HostError::denied(
                "conflict",
                format!(
                    "the write in `{}` expected {wanted} of the record, but there is {found}; read it \
                     and decide again",
                    self.collection
                ),
            )
        };
        let found = there.as_ref().map(|record| record.version);
        match (request.expect, found) {
            (Expectation::Absent, Some(_)) => return Err(conflict(found)),
            (Expectation::Version(wanted), found) if found != Some(wanted) => {
                return Err(conflict(found));
            }
            (Expectation::Version(_), Some(_)) if etag.is_none() => {
                return Err(HostError::denied(
                    "no-conditions",
                    format!(
                        "source `{}` answers without `etag`, so nobody can write there only if a \
                         record has not changed; write it without a version",
                        self.service.name
                    ),
                ));
            }
            _ => {}
        }
        let data = self.changed(before.as_ref().map(|answer| &answer.data), key, &request.data)?;
        let condition = match (&before, etag) {
            (None, _) => Some(("if-none-match", "*".to_owned())),
            (Some(_), Some(etag)) => Some(("if-match", etag)),
            (Some(_), None) => None,
        };
        match self.service.write(caller, self.url(&path), &data, condition).await? {
            Wrote::Done => Ok(Written { version: version(key, &self.record(&data)?.data) }),
            Wrote::Changed if request.expect == Expectation::Any => Err(HostError::unavailable(
                "contended",
                format!(
                    "a record in `{}` changed while it was written; try again",
                    self.collection
                ),
            )),
            Wrote::Changed => Err(conflict(None)),
        }
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
        let found = self.list(caller, &path, request.limit as usize, fits);
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
        let found = async {
            let mut all: Vec<Record> = Vec::new();
            let mut more = false;
            for path in paths {
                let fits = |data: &Value| wanted.fits(data);
                let (records, rest) = self.list(caller, &path, until, fits).await?;
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

    async fn delete(&self, _caller: &Caller, _request: &Delete) -> Result<(), HostError> {
        Err(self.read_only())
    }
}
