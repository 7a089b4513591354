//! What people do to the records of a running engine: list them, and put many in at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use dialgraph_base::Timestamp;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::records::{Put, Record, Written};
use dialgraph_kernel::provider::{Caller, Records as _};
use dialgraph_store::{Cursor, Expect, Key, Query, Sort, decode};
use serde_json::{Map, Value};

use super::index::Entered;
use super::indexing::fresh;
use super::many::{IsSame, NewRecord};
use super::{ATTEMPTS, LocalRecords, Stored, failed, read, text_of};

/// Most records on one page of a list.
pub const MAX_LISTED: u32 = 500;

/// A page of a list ends once its records pass so many bytes.
const PAGE_BYTES: usize = 4 << 20;

/// Most records of one import.
pub const MAX_IMPORTED: usize = 1_000;

/// Records of a collection in the order of their keys.
#[derive(Debug, Default)]
pub struct Listed {
    pub records: Vec<Record>,
    /// The key behind which the next page begins; none: there is none.
    pub next: Option<String>,
    /// Records of the page that cannot be read: key and why.
    pub unreadable: Vec<(String, String)>,
}

/// A record to import.
#[derive(Debug, Clone)]
pub struct ImportRow {
    pub key: String,
    pub data: Value,
}

/// How an import goes about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportMode {
    /// Leaves records that are there as they are.
    pub only_new: bool,
    /// Fields that are given replace those of a record that is there; the others stay.
    pub merge: bool,
    /// Writes nothing.
    pub dry_run: bool,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Records that were not there; of a dry run, those that would be made.
    pub created: usize,
    /// Records that were there otherwise.
    pub replaced: usize,
    /// Records that were so before, or that were left because only new ones were wanted.
    pub unchanged: usize,
    /// In the order of the rows.
    pub rejected: Vec<Rejected>,
}

/// A row that is not imported, for one reason; it may have more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its place among those given, from 0.
    pub row: usize,
    /// The field (`a.b` for nested ones); empty: the record as a whole.
    pub field: String,
    pub why: String,
}

/// By collection and field: the collection whose keys the field holds.
pub type References = BTreeMap<String, BTreeMap<String, String>>;

impl LocalRecords {
    /// Records behind the key `after`, or from the first on.
    ///
    /// # Errors
    /// `invalid` for an unknown collection or a limit that is not 1 to [`MAX_LISTED`];
    /// `unavailable` if the store fails.
    pub async fn list(
        &self,
        collection: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Listed, HostError> {
        if limit == 0 || limit > MAX_LISTED {
            let message = format!("the limit is {limit}; it goes from 1 to {MAX_LISTED}");
            return Err(HostError::invalid("bad-limit", message));
        }
        let mut query = Query::new(self.part(collection)?).limit(limit);
        query.cursor = after.map(|key| Cursor::behind(Sort::text(key)));
        let (mut listed, mut bytes) = (Listed::default(), 0);
        loop {
            let (page, unreadable) = self.store.query_past(&query).await.map_err(failed)?;
            let lost =
                unreadable.iter().map(|row| (text_of(row.key.sort()), row.error.to_string()));
            listed.unreadable.extend(lost);
            for row in &page.rows {
                let full = listed.records.len() == limit as usize || bytes > PAGE_BYTES;
                if let (true, Some(last)) = (full, listed.records.last()) {
                    let last = last.key.clone();
                    // Those behind it are on the next page.
                    listed.unreadable.retain(|(key, _)| *key <= last);
                    listed.next = Some(last);
                    return Ok(listed);
                }
                match read(Some(row)) {
                    Ok(Some(record)) => {
                        bytes += row.value.len();
                        listed.records.push(record);
                    }
                    Ok(None) => {}
                    Err(error) if error.is_of_row() => {
                        listed.unreadable.push((text_of(row.key.sort()), error.to_string()));
                    }
                    Err(error) => return Err(failed(error)),
                }
            }
            match page.next {
                None => return Ok(listed),
                next => query.cursor = next,
            }
        }
    }

    /// Writes a record for a person: as [`put`](dialgraph_kernel::provider::Records::put) does, and
    /// the records that it names must be there.
    ///
    /// # Errors
    /// As `put`; `invalid` with the fields that name what is not there.
    pub async fn save(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        self.admit(&request.collection, &request.data)?;
        let mut known = Known::new();
        let Put { collection, key, data, .. } = request;
        let dangling = self.dangling(collection, key, data, &mut known).await?;
        if !dangling.is_empty() {
            let told: Vec<String> =
                dangling.iter().map(|(field, why)| format!("`{field}` {why}")).collect();
            let message = format!("a record in `{collection}`: {}", told.join("; "));
            return Err(HostError::invalid("no-such-record", message));
        }
        self.put(caller, request).await
    }

    /// Puts records in, each whole or not at all: those that cannot be records of the collection
    /// are rejected with every reason, the others written, unless they are there as they are given.
    /// Doing it again writes nothing. What is merged is checked as it will be, and a change that
    /// somebody else makes meanwhile stays.
    ///
    /// # Errors
    /// `invalid` for an unknown collection or more than [`MAX_IMPORTED`] rows; `unavailable` if the
    /// store fails: some rows are then written.
    pub async fn import(
        &self,
        collection: &str,
        rows: &[ImportRow],
        now: Timestamp,
        mode: ImportMode,
    ) -> Result<Imported, HostError> {
        self.part(collection)?;
        if rows.len() > MAX_IMPORTED {
            let message = format!("{} records at once; send up to {MAX_IMPORTED}", rows.len());
            return Err(HostError::invalid("too-many-records", message));
        }
        let mut imported = Imported::default();
        // Rows that were not written for somebody else wrote their records.
        let mut left: Vec<usize> = (0..rows.len()).collect();
        for _ in 0..ATTEMPTS {
            let given: Vec<&ImportRow> = left.iter().map(|row| &rows[*row]).collect();
            let overtaken = self.import_once(collection, &given, now, mode, &left, &mut imported);
            let mut overtaken = overtaken.await?;
            // Of several rows with one key, only the first was to be written.
            left.retain(|row| overtaken.remove(&rows[*row].key));
            if left.is_empty() {
                imported.rejected.sort_by_key(|one| one.row);
                return Ok(imported);
            }
        }
        Err(HostError::unavailable(
            "contended",
            "records change faster than rows can be merged into them; import again",
        ))
    }

    /// Imports rows, of which `places` tells the places among all; gives the keys of those whose
    /// records changed while they were merged.
    async fn import_once(
        &self,
        collection: &str,
        given: &[&ImportRow],
        now: Timestamp,
        mode: ImportMode,
        places: &[usize],
        imported: &mut Imported,
    ) -> Result<HashSet<String>, HostError> {
        let merged = match mode.merge {
            true => self.merged(collection, given).await?,
            false => Vec::new(),
        };
        let rows: Vec<Row<'_>> = match mode.merge {
            true => merged.iter().zip(given).map(|(merged, row)| merged.row(&row.key)).collect(),
            false => given.iter().map(|row| Row::whole(row)).collect(),
        };
        let mut rejected = Vec::new();
        let good = self.sound(collection, &rows, &mut rejected).await?;
        let placed = |one: Rejected| Rejected { row: places[one.row], ..one };
        imported.rejected.extend(rejected.into_iter().map(placed));
        let is_same: IsSame = match mode.only_new {
            true => |_, stored| stored.data.is_some(),
            false => |new, stored| stored.data.as_ref() == Some(new.data),
        };
        let (mut created, mut replaced, mut overtaken) = (0, 0, HashSet::new());
        if mode.dry_run {
            for new in &good {
                let row = self.store.get(&new.place).await.map_err(failed)?;
                match row.and_then(|row| decode::<Stored>(&row.value).ok()) {
                    Some(stored) if is_same(new, &stored) => {}
                    Some(Stored { data: Some(_), .. }) => replaced += 1,
                    _ => created += 1,
                }
            }
        } else {
            let name = fresh().map_err(failed)?;
            let written = self.write_all(collection, &good, &name, now, is_same);
            let written = written.await.map_err(failed)?;
            (created, replaced) = (written.created, written.replaced);
            overtaken.extend(written.overtaken);
        }
        imported.created += created;
        imported.replaced += replaced;
        imported.unchanged += good.len().saturating_sub(created + replaced + overtaken.len());
        Ok(overtaken)
    }

    /// What the records are with the fields that are given.
    async fn merged(
        &self,
        collection: &str,
        given: &[&ImportRow],
    ) -> Result<Vec<Merged>, HostError> {
        let mut all = Vec::with_capacity(given.len());
        for row in given {
            // What is no key, or no record, is told of by whoever checks it.
            let whole = Merged { data: row.data.clone(), from: None, unreadable: None };
            let Ok(place) = self.place(collection, &row.key) else {
                all.push(whole);
                continue;
            };
            let found = match self.store.get(&place).await {
                Ok(Some(row)) => decode::<Stored>(&row.value).map(|stored| (row.version, stored)),
                Ok(None) => {
                    all.push(Merged { from: Some(Expect::Absent), ..whole });
                    continue;
                }
                Err(error) => Err(error),
            };
            all.push(match found {
                Err(error) if error.is_of_row() => {
                    let why = "the record that is there cannot be read; import the whole row \
                               without merging, or remove the record";
                    Merged { unreadable: Some(why), ..whole }
                }
                Err(error) => return Err(failed(error)),
                Ok((version, stored)) => {
                    let mut data = stored.data.unwrap_or_else(|| Value::Object(Map::new()));
                    match super::shape(collection, &row.data) {
                        Ok(_) => merge(&mut data, &row.data),
                        Err(_) => data = row.data.clone(),
                    }
                    Merged { data, from: Some(Expect::Version(version)), unreadable: None }
                }
            });
        }
        Ok(all)
    }

    /// Those of `rows` that can be records of the collection.
    async fn sound<'r>(
        &self,
        collection: &str,
        rows: &[Row<'r>],
        rejected: &mut Vec<Rejected>,
    ) -> Result<Vec<NewRecord<'r>>, HostError> {
        let (indexed, state) = self.versioned_state(collection).await.map_err(failed)?;
        let mut first: HashMap<&str, usize> = HashMap::new();
        let mut known = Known::new();
        let mut good = Vec::with_capacity(rows.len());
        for (number, row) in rows.iter().enumerate() {
            let before = rejected.len();
            let mut reject = |field: &str, why: String| {
                rejected.push(Rejected { row: number, field: field.to_owned(), why });
            };
            if let Some(earlier) = first.insert(row.key, number) {
                first.insert(row.key, earlier);
                reject("", format!("row {} has the same key", earlier + 1));
            }
            if let Some(why) = row.unreadable {
                reject("", why.to_owned());
                continue;
            }
            let place = self.place(collection, row.key).map_err(|e| reject("", e.message)).ok();
            let mut entered = Entered::default();
            match super::shape(collection, row.data) {
                Ok(size) => {
                    for mismatch in self.schemas.mismatches(collection, row.data, size) {
                        reject(&mismatch.field, mismatch.why);
                    }
                    for (field, why) in
                        self.dangling(collection, row.key, row.data, &mut known).await?
                    {
                        reject(&field, why);
                    }
                    match state.as_ref().map(|state| state.entries(row.data)).transpose() {
                        Ok(entries) => entered = entries.unwrap_or_default(),
                        Err(error) => reject("", error.message),
                    }
                }
                Err(error) => reject("", error.message),
            }
            if let (Some(place), true) = (place, rejected.len() == before) {
                let Row { key, data, from, .. } = *row;
                let entered = (indexed, entered);
                good.push(NewRecord { key, place, data, seed: None, from, entered });
            }
            // Turns of calls run on the same threads.
            tokio::task::yield_now().await;
        }
        Ok(good)
    }

    /// Fields of a record that name records which are not there, and what to say of them. What the
    /// record in the store names already may be gone: who corrects another field is not to blame.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn dangling(
        &self,
        collection: &str,
        key: &str,
        data: &Value,
        known: &mut Known,
    ) -> Result<Vec<(String, String)>, HostError> {
        let mut dangling = Vec::new();
        let mut before = None;
        for (field, other) in self.references.get(collection).into_iter().flatten() {
            let named: BTreeSet<&str> = super::index::values_of(data, field)
                .into_iter()
                .filter_map(Value::as_str)
                .filter(|key| !key.is_empty())
                .collect();
            for key_named in named {
                let asked = (other.clone(), key_named.to_owned());
                let there = match known.get(&asked) {
                    Some(there) => *there,
                    None => {
                        let there = match self.place(other, key_named) {
                            Ok(place) => self.is_there(&place).await?,
                            Err(_) => false,
                        };
                        known.insert(asked, there);
                        there
                    }
                };
                if there {
                    continue;
                }
                if before.is_none() {
                    before = Some(self.data_of(collection, key).await?);
                }
                let named_before = before.iter().flatten();
                let mut named_before =
                    named_before.flat_map(|data| super::index::values_of(data, field));
                if !named_before.any(|value| value.as_str() == Some(key_named)) {
                    let why = format!("names a record of `{other}` that is not there");
                    dangling.push((field.clone(), why));
                }
            }
        }
        Ok(dangling)
    }
}

impl LocalRecords {
    /// The data of a record, if it is there and can be read.
    async fn data_of(&self, collection: &str, key: &str) -> Result<Option<Value>, HostError> {
        let Ok(place) = self.place(collection, key) else { return Ok(None) };
        match self.store.get(&place).await.and_then(|row| read(row.as_ref())) {
            Err(error) if error.is_of_row() => Ok(None),
            read => Ok(read.map_err(failed)?.map(|record| record.data)),
        }
    }

    /// Whether there is a record. One that cannot be read is there: it is damaged, its key is good.
    async fn is_there(&self, place: &Key) -> Result<bool, HostError> {
        match self.store.get(place).await.and_then(|row| read(row.as_ref())) {
            Err(error) if error.is_of_row() => Ok(true),
            read => Ok(read.map_err(failed)?.is_some()),
        }
    }
}

/// A record with the fields that a row gives.
struct Merged {
    data: Value,
    /// How the record is to be when it is written; none: however it is.
    from: Option<Expect>,
    /// Why nothing can be merged into it.
    unreadable: Option<&'static str>,
}

impl Merged {
    fn row<'r>(&'r self, key: &'r str) -> Row<'r> {
        Row { key, data: &self.data, from: self.from, unreadable: self.unreadable }
    }
}

/// A row as it is to be written.
#[derive(Clone, Copy)]
struct Row<'r> {
    key: &'r str,
    data: &'r Value,
    from: Option<Expect>,
    unreadable: Option<&'static str>,
}

impl<'r> Row<'r> {
    /// It replaces all of a record.
    fn whole(row: &'r ImportRow) -> Self {
        Self { key: &row.key, data: &row.data, from: None, unreadable: None }
    }
}

/// Puts the fields that are given in the place of those that are there, fields within fields each
/// by itself. Both are no deeper than a record may be.
fn merge(data: &mut Value, given: &Value) {
    match (data, given) {
        (Value::Object(fields), Value::Object(given)) => {
            for (name, value) in given {
                merge(fields.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (data, given) => *data = given.clone(),
    }
}

/// Whether records (collection, key) that others name are there.
pub(super) type Known = HashMap<(String, String), bool>;
