//! Business records in the embedded store.
//!
//! A collection is one partition, a record one row. Every write leaves, in the same commit, a
//! receipt under the caller's idempotency key, so that a repetition after a crash gets the answer
//! of the first time, whatever happened to the record since. A deleted record leaves a marker for
//! [`TOMBSTONE_MILLIS`], so that versions go on counting and a stale `Version(n)` cannot meet a
//! reborn record.

pub(crate) mod beside;
mod check;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod exact;
pub(crate) mod index;
mod indexing;
pub(crate) mod last_known;
mod manage;
mod many;
mod schemas;
mod search;
mod seed;
mod sourced;
mod states;
mod wanted;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use dialgraph_base::index::Indexes;
use dialgraph_base::{Digest, Timestamp, depth};
use dialgraph_kernel::ports::records::{
    Delete, Expectation, Find, Get, Page, Put, Record, Search, SearchPage, Source, Written,
};
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Expect, Key, MAX_TOKEN_BYTES, Op, Part, Query, Row,
    Schema, Sort, Store, StoreError, UnixMillis, Upgrade, decode, encode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::index::{Entered, Hashes, IndexState};
pub use check::{IndexFindings, verify_indexes};
pub use exact::{number_comes_over, numbers_come_over, whole_numbers_come_over};
pub use index::MAX_ENTRIES;
pub(crate) use indexing::fresh;
pub use last_known::{KNOWN_MILLIS, LastKnown, REFRESH_MILLIS};
pub use manage::{
    ImportMode, ImportRow, Imported, Listed, MAX_IMPORTED, MAX_LISTED, References, Rejected,
};
pub use schemas::{Mismatch, Schemas};
pub use seed::Seeded;
pub use sourced::{Routed, Sourced};
pub use states::{Probe, SourceStates};
pub use wanted::{Wanted, has_all, put_field, remove_field, take_field, unknown_fields};

/// Largest record, as JSON, in bytes.
pub const MAX_RECORD_BYTES: usize = 48 << 10;

/// Longest key of a record, in bytes.
pub const MAX_KEY_BYTES: usize = 256;

/// Most records that one `find` looks at.
pub const MAX_SCAN: usize = 20_000;

/// How long a deleted record's version is remembered, unless it came from a seed: 30 days.
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
    indexes: Arc<Indexes>,
    schemas: Schemas,
    references: Arc<References>,
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
    /// Its entries in the indexes of its collection.
    #[serde(default, skip_serializing_if = "Hashes::is_empty")]
    pub(crate) entries: Hashes,
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
        let collections = collections.into_iter().collect();
        Self {
            store,
            collections,
            indexes: Arc::default(),
            schemas: Schemas::default(),
            references: Arc::default(),
        }
    }

    /// The same with these indexes to search. See [`LocalRecords::build_indexes`].
    #[must_use]
    pub fn with_indexes(mut self, indexes: Arc<Indexes>) -> Self {
        self.indexes = indexes;
        self
    }

    /// The same with schemas that every record which is written must match.
    #[must_use]
    pub fn with_schemas(mut self, schemas: Schemas) -> Self {
        self.schemas = schemas;
        self
    }

    /// The same with fields that name records of other collections, which must be there when
    /// people write a record: [`LocalRecords::save`], [`LocalRecords::import`]. Plugins may name
    /// records that are gone: a call goes on when its customer was erased.
    #[must_use]
    pub fn with_references(mut self, references: References) -> Self {
        self.references = Arc::new(references);
        self
    }

    /// The indexes that the store holds for a collection.
    async fn state(&self, collection: &str) -> Result<Option<IndexState>, StoreError> {
        Ok(self.versioned_state(collection).await?.1)
    }

    /// The same, and what must hold for them to be the same later on.
    async fn versioned_state(
        &self,
        collection: &str,
    ) -> Result<(Expect, Option<IndexState>), StoreError> {
        let row = self.store.get(&index::state_key(collection)?).await?;
        let unchanged = Expect::unchanged(row.as_ref());
        Ok((unchanged, row.map(|row| decode(&row.value)).transpose()?))
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
        collection: &str,
        key: &str,
        data: Option<&Value>,
        expect: Expectation,
    ) -> Result<u64, HostError> {
        let place = &self.place(collection, key)?;
        let state = self.state(collection).await.map_err(failed)?;
        let indexed = match (&state, data) {
            (Some(state), Some(data)) => state.entries(data)?,
            _ => Entered::default(),
        };
        let receipt = receipt_of(&caller.idempotency_key).map_err(failed)?;
        let token = token("records", &caller.idempotency_key)?;
        for _ in 0..ATTEMPTS {
            if let Some(row) = self.store.get(&receipt).await.map_err(failed)? {
                return Ok(decode::<Receipt>(&row.value).map_err(failed)?.version);
            }
            let before = match self.store.get(place).await {
                Err(error) if error.is_of_row() => {
                    self.clear(place, &error, expect, caller).await?;
                    continue;
                }
                before => before.map_err(failed)?,
            };
            let stored = match before.as_ref().map(|row| decode::<Stored>(&row.value)).transpose() {
                Err(error) if error.is_of_row() => {
                    self.clear(place, &error, expect, caller).await?;
                    continue;
                }
                stored => stored.map_err(failed)?,
            };
            let live = read(before.as_ref()).map_err(failed)?;
            check(expect, live.as_ref(), place)?;
            if data.is_none() && live.is_none() {
                return Ok(0);
            }
            let version = before.as_ref().map_or(1, |row| row.version + 1);
            let (seed, entries) =
                stored.map(|stored| (stored.seed, stored.entries)).unwrap_or_default();
            let stored = Stored {
                data: data.cloned(),
                updated_at: caller.now,
                seed,
                entries: indexed.hashes.clone(),
            };
            // A record of a seed that was removed stays removed, however often its file changes.
            let is_forgotten = data.is_none() && stored.seed.is_none();
            let mut ops = vec![
                Op::Put {
                    key: place.clone(),
                    value: encode(&stored).map_err(failed)?.into(),
                    expect: Expect::unchanged(before.as_ref()),
                    expires_at: is_forgotten.then(|| later(caller.now, TOMBSTONE_MILLIS)),
                },
                Op::put_until(
                    receipt.clone(),
                    encode(&Receipt { version }).map_err(failed)?,
                    Expect::Absent,
                    later(caller.now, RECEIPT_MILLIS),
                ),
            ];
            let renamed = match (&state, data) {
                (Some(state), Some(data)) => {
                    state.renamed(live.as_ref().map(|record| &record.data), data)
                }
                _ => BTreeSet::new(),
            };
            let changes = index::changes(collection, key, &entries, &indexed, &renamed);
            ops.extend(changes.map_err(failed)?);
            match self.store.commit(&ops, &token).await {
                Ok(Committed::Applied) => return Ok(version),
                // The receipt of the first time, or the record as others left it, is read in the
                // next round.
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

impl LocalRecords {
    fn admit(&self, collection: &str, data: &Value) -> Result<(), HostError> {
        admitted(&self.schemas, collection, data)
    }

    /// Puts a deleted record in the place of one that cannot be read, so that it can be written
    /// over. Only for who expects nothing of what is there.
    async fn clear(
        &self,
        place: &Key,
        error: &StoreError,
        expect: Expectation,
        caller: &Caller,
    ) -> Result<(), HostError> {
        if expect != Expectation::Any {
            let part = place.part();
            return Err(HostError::new(
                HostErrorKind::Other,
                "unreadable",
                format!(
                    "the record in {part} cannot be read, so the engine cannot check the expected \
                    version; write it without one, or delete it"
                ),
            ));
        }
        tracing::warn!(row = %place, %error, "an unreadable record is overwritten");
        // Its index rows, if it had any, lead to a record that does not list them, and count for
        // nothing.
        let gone =
            Stored { data: None, updated_at: caller.now, seed: None, entries: Hashes::new() };
        let until = later(caller.now, TOMBSTONE_MILLIS);
        let op = Op::put_until(place.clone(), encode(&gone).map_err(failed)?, Expect::Any, until);
        let token = token("unreadable-record", &caller.idempotency_key)?;
        match self.store.commit(&[op], &token).await {
            Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(CommitError::Failed(error)) => Err(failed(error)),
        }
    }
}

#[async_trait]
impl Records for LocalRecords {
    async fn get(&self, _caller: &Caller, request: &Get) -> Result<Option<Record>, HostError> {
        let place = self.place(&request.collection, &request.key)?;
        let row = self.store.get(&place).await.map_err(failed)?;
        read(row.as_ref()).map_err(failed)
    }

    /// The store is the system of record and what was last read from it at once, so both sources
    /// are one.
    async fn find(&self, caller: &Caller, request: &Find) -> Result<Page, HostError> {
        let part = self.part(&request.collection)?;
        let mut page = scan(self.store.as_ref(), part, request, |row| read(Some(row))).await?;
        if request.source == Source::LastKnown && !page.records.is_empty() {
            page.as_of = Some(caller.now);
        }
        Ok(page)
    }

    async fn search(&self, caller: &Caller, request: &Search) -> Result<SearchPage, HostError> {
        let mut page = self.look_up(request).await?;
        if request.source == Source::LastKnown {
            page.as_of = (!page.hits.is_empty()).then_some(caller.now);
            page.complete = false;
        }
        Ok(page)
    }

    async fn put(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        self.place(&request.collection, &request.key)?;
        self.admit(&request.collection, &request.data)?;
        let (collection, key) = (&request.collection, &request.key);
        let version =
            self.write(caller, collection, key, Some(&request.data), request.expect).await?;
        Ok(Written { version })
    }

    async fn delete(&self, caller: &Caller, request: &Delete) -> Result<(), HostError> {
        let (collection, key) = (&request.collection, &request.key);
        self.write(caller, collection, key, None, request.expect).await.map(|_| ())
    }
}

/// Whether `data` can be a record of `collection`: its shape, its size and what the schema of the
/// collection asks for.
///
/// # Errors
/// `invalid`, with what is wrong and no value of the record.
fn admitted(schemas: &Schemas, collection: &str, data: &Value) -> Result<(), HostError> {
    let size = shape(collection, data)?;
    let mismatches = schemas.mismatches(collection, data, size);
    if mismatches.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
    Err(HostError::invalid(
        "schema-mismatch",
        format!(
            "a record in `{collection}` must match the collection's schema: {}",
            told.join("; ")
        ),
    ))
}

/// The size of `data` as JSON, if it can be a record of any collection.
fn shape(collection: &str, data: &Value) -> Result<usize, HostError> {
    let wrong = |code, what: String| {
        Err(HostError::invalid(code, format!("a record in `{collection}` {what}")))
    };
    if !data.is_object() {
        return wrong("not-an-object", "must be a JSON object".to_owned());
    }
    if depth::check(data).is_err() {
        let what = format!("is nested more than {} lists and maps deep", depth::MAX_DEPTH);
        return wrong("too-deep", what);
    }
    let size = data.to_string().len();
    if size > MAX_RECORD_BYTES {
        let what = format!("has {size} bytes; the limit is {MAX_RECORD_BYTES}");
        return wrong("too-large", what);
    }
    Ok(size)
}

/// Where the answer to the write with this idempotency key is remembered.
pub(crate) fn receipt_of(idempotency_key: &str) -> Result<Key, StoreError> {
    let part = Part::new(format!("record-receipt/{}", short(idempotency_key)))?;
    Key::new(&part, Sort::text("version"))
}

/// What a reader wants of a [`Stored`]: not its entries, which are as long as all the rest.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    #[serde(default)]
    data: Option<Value>,
    updated_at: Timestamp,
}

impl Schema for Content {
    const KIND: &'static str = Stored::KIND;
    const VERSION: u16 = Stored::VERSION;
    const UPGRADES: &'static [Upgrade] = Stored::UPGRADES;
}

/// The record in a row, if it was not deleted.
fn read(row: Option<&Row>) -> Result<Option<Record>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let Content { data, updated_at } = decode(&row.value)?;
    Ok(data.map(|data| Record {
        key: text_of(row.key.sort()),
        version: row.version,
        updated_at,
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
///
/// A record that cannot be read is passed over, and told of in the log: the others are as good as
/// ever.
async fn scan(
    store: &dyn Store,
    part: Part,
    request: &Find,
    read: impl Fn(&Row) -> Result<Option<Record>, StoreError>,
) -> Result<Page, HostError> {
    if request.limit == 0 || request.limit > 100 {
        return Err(HostError::invalid(
            "bad-limit",
            format!("the limit is {}; it goes from 1 to 100", request.limit),
        ));
    }
    let mut page = Page::default();
    let mut query = Query::new(part).limit(500);
    let (mut seen, mut skipped) = (0, Skipped::of(&request.collection));
    loop {
        let (rows, unreadable) = store.query_past(&query).await.map_err(failed)?;
        seen += unreadable.len();
        unreadable.into_iter().for_each(|row| skipped.note(&row.key, &row.error));
        for row in &rows.rows {
            let record = match read(row) {
                Ok(Some(record)) => record,
                Ok(None) => continue,
                Err(error) if error.is_of_row() => {
                    skipped.note(&row.key, &error);
                    continue;
                }
                Err(error) => return Err(failed(error)),
            };
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
                        "collection `{}` has more than {MAX_SCAN} records, too many to search; \
                        look records up by key",
                        request.collection
                    ),
                ));
            }
            next => query.cursor = next,
        }
    }
}

/// Records that a walk had to pass over; it says so when it is over.
struct Skipped<'a> {
    collection: &'a str,
    count: u64,
    /// The first: its row, and why it cannot be read.
    first: Option<(String, String)>,
}

impl<'a> Skipped<'a> {
    fn of(collection: &'a str) -> Self {
        Self { collection, count: 0, first: None }
    }

    fn note(&mut self, row: &Key, error: &StoreError) {
        self.count += 1;
        self.first.get_or_insert_with(|| (row.to_string(), error.to_string()));
    }
}

impl Drop for Skipped<'_> {
    fn drop(&mut self) {
        if let Some((row, error)) = &self.first {
            let (collection, count) = (self.collection, self.count);
            tracing::warn!(
                collection,
                count,
                row,
                error,
                "unreadable records were skipped; write them again or delete them"
            );
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

/// Numbers are equal by value (`1` and `1.0`), everything else by its JSON. Two whole numbers are
/// compared as such: as floats, large ones would be equal to their neighbours.
fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(left), Some(right)) => a == b || ((a.is_f64() || b.is_f64()) && left == right),
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
        error if error.is_of_row() => {
            HostError::new(HostErrorKind::Other, "unreadable", error.to_string())
        }
        _ => HostError::unavailable("store-failed", error.to_string()),
    }
}

#[cfg(test)]
mod index_tests;
#[cfg(test)]
mod indexing_tests;
#[cfg(test)]
mod manage_tests;
#[cfg(test)]
mod sourced_tests;
#[cfg(test)]
mod tests;
