//! Business records in the embedded store.
//!
//! A collection is one partition, a record one row. Every write leaves, in the same commit, a receipt under the
//! caller's idempotency key, so that a repetition after a crash gets the answer of the first time, whatever
//! happened to the record since. A deleted record leaves a marker for [`TOMBSTONE_MILLIS`], so that versions go
//! on counting and a stale `Version(n)` cannot meet a reborn record.

pub(crate) mod last_known;
mod seed;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use dialgraph_kernel::ports::records::{
    Delete, Expectation, Find, Get, Page, Put, Record, Source, Written,
};
use dialgraph_kernel::ports::{HostError, HostErrorKind, Timestamp};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Digest, Expect, Key, MAX_TOKEN_BYTES, Op, Part, Query,
    Row, Schema, Sort, Store, StoreError, UnixMillis, Upgrade, decode, encode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use last_known::{KNOWN_MILLIS, LastKnown, REFRESH_MILLIS};
pub use seed::Seeded;

/// Largest record, as JSON, in bytes.
pub const MAX_RECORD_BYTES: usize = 48 << 10;

/// Longest key of a record, in bytes.
pub const MAX_KEY_BYTES: usize = 256;

/// Most records that one `find` looks at.
pub const MAX_SCAN: usize = 20_000;

/// How long a deleted record's version is remembered: 30 days.
pub const TOMBSTONE_MILLIS: u64 = 30 * 24 * 60 * 60 * 1000;

/// How long the answer to a write is remembered: 2 days, longer than the store remembers its token.
const RECEIPT_MILLIS: u64 = 2 * 24 * 60 * 60 * 1000;

/// What the partition of a collection begins with.
pub(crate) const PART: &str = "records/";

/// How often a write that others overtake is tried.
const ATTEMPTS: usize = 16;

/// The records of a project.
#[derive(Clone)]
pub struct LocalRecords {
    store: Arc<dyn Store>,
    collections: BTreeSet<String>,
}

impl std::fmt::Debug for LocalRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalRecords")
            .field("collections", &self.collections)
            .finish_non_exhaustive()
    }
}

/// A record as it is stored; without data it was deleted.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Value>,
    pub(crate) updated_at: Timestamp,
    /// Digest of the seed that it was last made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<Digest>,
}

impl Schema for Stored {
    const KIND: &'static str = "record";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// What a write answered.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    version: u64,
}

impl Schema for Receipt {
    const KIND: &'static str = "record-receipt";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

impl LocalRecords {
    /// Records in `store`, in these collections and no others.
    pub fn new(store: Arc<dyn Store>, collections: impl IntoIterator<Item = String>) -> Self {
        Self { store, collections: collections.into_iter().collect() }
    }

    fn place(&self, collection: &str, key: &str) -> Result<Key, HostError> {
        let part = self.part(collection)?;
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            return Err(HostError::invalid(
                "bad-key",
                format!(
                    "a record's key has 1 to {MAX_KEY_BYTES} bytes, this one has {}",
                    key.len()
                ),
            ));
        }
        Key::new(&part, Sort::text(key)).map_err(failed)
    }

    fn part(&self, collection: &str) -> Result<Part, HostError> {
        if !self.collections.contains(collection) {
            let known: Vec<&str> = self.collections.iter().map(String::as_str).collect();
            return Err(HostError::invalid(
                "unknown-collection",
                format!(
                    "there is no collection `{collection}`; known: {}; declare it under `collections` in \
                     dialgraph.yaml",
                    known.join(", ")
                ),
            ));
        }
        Part::new(format!("{PART}{collection}")).map_err(failed)
    }

    async fn write(
        &self,
        caller: &Caller,
        place: &Key,
        data: Option<&Value>,
        expect: Expectation,
    ) -> Result<u64, HostError> {
        let receipt = receipt_of(&caller.idempotency_key).map_err(failed)?;
        let token = token("records", &caller.idempotency_key)?;
        for _ in 0..ATTEMPTS {
            if let Some(row) = self.store.get(&receipt).await.map_err(failed)? {
                return Ok(decode::<Receipt>(&row.value).map_err(failed)?.version);
            }
            let before = self.store.get(place).await.map_err(failed)?;
            let live = read(before.as_ref())?;
            check(expect, live.as_ref(), place)?;
            if data.is_none() && live.is_none() {
                return Ok(0);
            }
            let version = before.as_ref().map_or(1, |row| row.version + 1);
            let seed = match &before {
                Some(row) => decode::<Stored>(&row.value).map_err(failed)?.seed,
                None => None,
            };
            let stored = Stored { data: data.cloned(), updated_at: caller.now, seed };
            let ops = [
                Op::Put {
                    key: place.clone(),
                    value: encode(&stored).map_err(failed)?.into(),
                    expect: Expect::unchanged(before.as_ref()),
                    expires_at: data.is_none().then(|| later(caller.now, TOMBSTONE_MILLIS)),
                },
                Op::put_until(
                    receipt.clone(),
                    encode(&Receipt { version }).map_err(failed)?,
                    Expect::Absent,
                    later(caller.now, RECEIPT_MILLIS),
                ),
            ];
            match self.store.commit(&ops, &token).await {
                Ok(Committed::Applied) => return Ok(version),
                // The receipt of the first time, or the record as others left it, is read in the next round.
                Ok(Committed::Repeated) | Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(failed(error)),
            }
        }
        Err(HostError::unavailable(
            "contended",
            format!(
                "a record in {} changed {ATTEMPTS} times while it was being written; try again",
                place.part()
            ),
        ))
    }
}

#[async_trait]
impl Records for LocalRecords {
    async fn get(&self, _caller: &Caller, request: &Get) -> Result<Option<Record>, HostError> {
        let place = self.place(&request.collection, &request.key)?;
        let row = self.store.get(&place).await.map_err(failed)?;
        read(row.as_ref())
    }

    /// The store is the system of record and what was last read from it at once, so both sources are one.
    async fn find(&self, caller: &Caller, request: &Find) -> Result<Page, HostError> {
        let part = self.part(&request.collection)?;
        let mut page = scan(self.store.as_ref(), part, request, |row| read(Some(row))).await?;
        if request.source == Source::LastKnown && !page.records.is_empty() {
            page.as_of = Some(caller.now);
        }
        Ok(page)
    }

    async fn put(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        let place = self.place(&request.collection, &request.key)?;
        if !request.data.is_object() {
            return Err(HostError::invalid(
                "not-an-object",
                format!("a record in `{}` must be a JSON object", request.collection),
            ));
        }
        let size = request.data.to_string().len();
        if size > MAX_RECORD_BYTES {
            return Err(HostError::invalid(
                "too-large",
                format!(
                    "a record in `{}` has {size} bytes; the limit is {MAX_RECORD_BYTES}",
                    request.collection
                ),
            ));
        }
        let version = self.write(caller, &place, Some(&request.data), request.expect).await?;
        Ok(Written { version })
    }

    async fn delete(&self, caller: &Caller, request: &Delete) -> Result<(), HostError> {
        let place = self.place(&request.collection, &request.key)?;
        self.write(caller, &place, None, request.expect).await.map(|_| ())
    }
}

/// Where the answer to the write with this idempotency key is remembered.
pub(crate) fn receipt_of(idempotency_key: &str) -> Result<Key, StoreError> {
    let part = Part::new(format!("record-receipt/{}", short(idempotency_key)))?;
    Key::new(&part, Sort::text("version"))
}

/// The record in a row, if it was not deleted.
fn read(row: Option<&Row>) -> Result<Option<Record>, HostError> {
    let Some(row) = row else { return Ok(None) };
    let stored: Stored = decode(&row.value).map_err(failed)?;
    Ok(stored.data.map(|data| Record {
        key: text_of(row.key.sort()),
        version: row.version,
        updated_at: stored.updated_at,
        data,
        extra: Vec::new(),
    }))
}

/// The text that a sort key of one text segment was made of.
pub(crate) fn text_of(sort: &Sort) -> String {
    let bytes = sort.as_bytes();
    let segment = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let mut text = Vec::with_capacity(segment.len());
    let mut escaped = false;
    for &byte in segment {
        if !(escaped && byte == 0xff) {
            text.push(byte);
        }
        escaped = byte == 0;
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn check(expect: Expectation, live: Option<&Record>, place: &Key) -> Result<(), HostError> {
    let found = live.map_or("none".to_owned(), |record| format!("version {}", record.version));
    let wanted = match (expect, live) {
        (Expectation::Any, _) | (Expectation::Absent, None) => return Ok(()),
        (Expectation::Version(wanted), Some(record)) if record.version == wanted => return Ok(()),
        (Expectation::Absent, Some(_)) => "none".to_owned(),
        (Expectation::Version(wanted), _) => format!("version {wanted}"),
    };
    // The key may be a caller's number, which has no place in a message.
    let part = place.part().as_str();
    Err(HostError::denied(
        "conflict",
        format!(
            "the write in {part} expected {wanted} of the record, but there is {found}; read it and decide again"
        ),
    ))
}

/// Walks a partition in the order of keys until enough records match.
async fn scan(
    store: &dyn Store,
    part: Part,
    request: &Find,
    read: impl Fn(&Row) -> Result<Option<Record>, HostError>,
) -> Result<Page, HostError> {
    if request.limit == 0 || request.limit > 100 {
        return Err(HostError::invalid(
            "bad-limit",
            format!("the limit is {}; it goes from 1 to 100", request.limit),
        ));
    }
    let mut page = Page::default();
    let mut query = Query::new(part).limit(500);
    let mut seen = 0;
    loop {
        let rows = store.query(&query).await.map_err(failed)?;
        for row in &rows.rows {
            let Some(record) = read(row)? else { continue };
            if !matches(&record.data, &request.matches) {
                continue;
            }
            if page.records.len() == request.limit as usize {
                page.more = true;
                return Ok(page);
            }
            page.records.push(record);
        }
        seen += rows.rows.len();
        match rows.next {
            None => return Ok(page),
            Some(_) if seen >= MAX_SCAN => {
                return Err(HostError::invalid(
                    "too-many-records",
                    format!(
                        "collection `{}` has more than {MAX_SCAN} records, too many to look through; \
                         look it up by key",
                        request.collection
                    ),
                ));
            }
            next => query.cursor = next,
        }
    }
}

fn matches(data: &Value, wanted: &[(String, Value)]) -> bool {
    wanted
        .iter()
        .all(|(field, value)| field_of(data, field).is_some_and(|found| equal(found, value)))
}

/// The field of that very name, or else the one that `a.b` reaches.
pub(crate) fn field_of<'a>(data: &'a Value, field: &str) -> Option<&'a Value> {
    if let Some(found) = data.get(field) {
        return Some(found);
    }
    let (head, rest) = field.split_once('.')?;
    field_of(data.get(head)?, rest)
}

/// Numbers are equal by value (`1` and `1.0`), everything else by its JSON.
fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

pub(crate) fn later(now: Timestamp, millis: u64) -> UnixMillis {
    UnixMillis(now.0).plus(millis)
}

/// A name that fits anywhere: itself when short, otherwise its digest.
pub(crate) fn short(name: &str) -> String {
    if name.len() <= 96 { name.to_owned() } else { Digest::of(name.as_bytes()).hex() }
}

pub(crate) fn token(what: &str, key: &str) -> Result<CommitToken, HostError> {
    let name = format!("{what}/{}", short(key));
    debug_assert!(name.len() <= MAX_TOKEN_BYTES);
    CommitToken::new(name).map_err(failed)
}

pub(crate) fn failed(error: StoreError) -> HostError {
    match error {
        StoreError::ValueTooLarge { .. } => HostError::invalid("too-large", error.to_string()),
        StoreError::BadKey { .. } => HostError::invalid("bad-key", error.to_string()),
        StoreError::BadValue { .. } | StoreError::NewerSchema { .. } => {
            HostError::new(HostErrorKind::Other, "unreadable", error.to_string())
        }
        _ => HostError::unavailable("store-failed", error.to_string()),
    }
}

#[cfg(test)]
mod tests;
