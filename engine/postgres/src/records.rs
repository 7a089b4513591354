//! A collection of records in a table or a view.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use dialgraph_base::index::{IndexKind, Indexes};
use dialgraph_base::origin::Table;
use dialgraph_base::{Digest, Timestamp};
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::records::{
    Delete, Expectation, Find, Get, Hit, Page, Put, Record, Search, SearchPage, Written,
};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_local::records::{
    MAX_KEY_BYTES, MAX_RECORD_BYTES, MAX_SCAN, Probe, Wanted, has_all, put_field, take_field,
    unknown_fields,
};
use serde_json::{Map, Value};
use tokio_postgres::Row;

use crate::database::{Bound, Database, Failure};
use crate::json;
use crate::sql::{Conditions, quoted, quoted_table};
use crate::table::{Class, Column, Described, Relation};

/// Rows that are read at a time where the database cannot tell which are wanted.
const BATCH: usize = 500;

/// A collection in a table or a view.
pub struct PostgresRecords {
    database: Arc<Database>,
    collection: String,
    table: Table,
    indexes: Arc<Indexes>,
    /// Forgotten when the database turns out to be another.
    described: RwLock<Option<Arc<Described>>>,
}

impl std::fmt::Debug for PostgresRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresRecords")
            .field("collection", &self.collection)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

/// Rows of a search.
struct Found {
    records: Vec<Record>,
    more: bool,
}

impl PostgresRecords {
    /// The collection `collection` in `table`. Connects to nothing.
    pub fn new(
        database: Arc<Database>,
        collection: impl Into<String>,
        table: Table,
        indexes: Arc<Indexes>,
    ) -> Self {
        let collection = collection.into();
        Self { database, collection, table, indexes, described: RwLock::new(None) }
    }

    async fn describe(&self) -> Result<Arc<Described>, HostError> {
        let none = BTreeMap::new();
        let indexes = self.indexes.collections.get(&self.collection).unwrap_or(&none);
        let described = Arc::new(Described::of(&self.database, &self.table, indexes).await?);
        let mut known = self.described.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Arc::clone(&described));
        Ok(described)
    }

    async fn described(&self) -> Result<Arc<Described>, HostError> {
        let known = self.described.read().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(known) => Ok(known),
            None => self.describe().await,
        }
    }

    /// Asks, and looks at the table anew next time if it is not what it was.
    async fn ask(&self, statement: &str, values: &[Bound]) -> Result<Vec<Row>, Failure> {
        let done = self.database.ask(&self.table.table, statement, values).await;
        if let Err(Failure::Failed(_, true)) = &done {
            *self.described.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        done
    }

    /// `SELECT … FROM … t`: key, version, time of change, then each field.
    fn select(&self, described: &Described) -> String {
        let version = described.version(&self.table);
        let version = version.map_or("NULL".to_owned(), |version| format!("{version}::text"));
        let updated = match &self.table.updated {
            Some(column) => {
                let column = quoted(column);
                format!(
                    "CASE WHEN pg_catalog.isfinite(t.{column}) \
                     THEN (EXTRACT(EPOCH FROM t.{column}) * 1000)::bigint::text END"
                )
            }
            None => "NULL".to_owned(),
        };
        let fields: String = self
            .table
            .fields
            .values()
            .map(|column| {
                let json = match described.column(column) {
                    Some(known) => known.as_json(column),
                    None => "NULL".to_owned(),
                };
                // One character more than fits shows that something is missing.
                format!(", pg_catalog.left({json}, {})", MAX_RECORD_BYTES + 1)
            })
            .collect();
        format!(
            "SELECT t.{}::text, {version}, {updated}{fields} FROM {} t",
            quoted(&self.table.key),
            quoted_table(&self.table.table)
        )
    }

    fn record(&self, described: &Described, row: &Row) -> Result<Record, HostError> {
        let source = self.database.source();
        let text = |at: usize| -> Result<Option<String>, HostError> {
            row.try_get(at).map_err(|error| source.unreachable(&format!("bad answer: {error}")))
        };
        let unfit = |column: &str, why: &str| {
            let table = &self.table.table;
            source.unusable("bad-row", &format!("column `{column}` of `{table}` {why}"))
        };
        let key = text(0)?.unwrap_or_default();
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            let why = format!("holds a key that has not 1 to {MAX_KEY_BYTES} bytes");
            return Err(unfit(&self.table.key, &why));
        }
        let mut data = Value::Object(Map::new());
        let mut bytes = 0;
        let mut seen = Vec::new();
        for (at, (field, column)) in self.table.fields.iter().enumerate() {
            let Some(text) = text(at + 3)? else { continue };
            bytes += text.len();
            if bytes > MAX_RECORD_BYTES {
                return Err(unfit(column, json::Unfit::TooLarge.why()));
            }
            let class = described.column(column).map(|column| column.class);
            let value = json::value_of(&text, class == Some(Class::Number))
                .map_err(|error| unfit(column, error.why()))?;
            seen.push((field, text));
            // An empty column is a field that is not there.
            if !value.is_null() && !put_field(&mut data, field, value) {
                return Err(unfit(column, "belongs to a field within one that holds no map"));
            }
        }
        let version = match text(1)? {
            Some(version) => version.parse().unwrap_or(0),
            // No row says when it changed: another content is another version.
            None => {
                let digest = Digest::of(format!("{key:?} {seen:?}").as_bytes()).hex();
                digest.get(..12).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0)
            }
        };
        let updated_at = text(2)?.and_then(|millis| millis.parse().ok()).unwrap_or(0);
        Ok(Record { key, version, updated_at: Timestamp(updated_at), data, extra: Vec::new() })
    }

    /// The key's column, and the value that `key` is in it.
    fn key_is(&self, described: &Described, conditions: &mut Conditions, key: &str) -> bool {
        if key.contains('\0') {
            return false;
        }
        let Some(column) = described.column(&self.table.key) else { return false };
        let (name, place) =
            (quoted(&self.table.key), conditions.bind_as(key.to_owned(), &column.sql_type));
        // To the database, `7` and `007` may be one number, to the engine they are two keys.
        let text = conditions.bind(Bound::Text(key.to_owned()));
        conditions.push(format!("t.{name} = {place} AND t.{name}::text = {text}"));
        true
    }

    async fn read(&self, described: &Described, key: &str) -> Result<Option<Record>, HostError> {
        let mut conditions = Conditions::default();
        if !self.key_is(described, &mut conditions, key) {
            return Ok(None);
        }
        let select = self.select(described);
        let statement = format!("{select} WHERE {} LIMIT 2", conditions.sql());
        let rows = self.rows(&statement, &conditions).await?;
        match rows.as_deref() {
            None | Some([]) => Ok(None),
            Some([row]) => self.record(described, row).map(Some),
            Some(_) => Err(self.no_key()),
        }
    }

    fn no_key(&self) -> HostError {
        let (column, table) = (&self.table.key, &self.table.table);
        let why = format!("column `{column}` of `{table}` is no key: two rows have one value");
        self.database.source().unusable("key-not-unique", &why)
    }

    /// The rows of a statement; none: what is looked for is no value of its column, as `c-001` is
    /// the key of no row whose keys are numbers.
    async fn rows(
        &self,
        statement: &str,
        conditions: &Conditions,
    ) -> Result<Option<Vec<Row>>, HostError> {
        let (told, code) = match self.ask(statement, &conditions.values).await {
            Err(Failure::Data(told, code)) => (told, code),
            rows => return Ok(Some(rows?)),
        };
        // The same is said of a row that cannot be made, such as one of a view that divides by
        // zero. There may be a record, then, and whoever asks must not be told that there is none.
        if let Some(casts) = conditions.casts()
            && let Err(Failure::Data(..)) = self.ask(&casts, &conditions.values).await
        {
            return Ok(None);
        }
        // A row that others need is not removed.
        if code.starts_with("23") {
            return Err(told);
        }
        let why = format!("a row of `{}` cannot be read ({code})", self.table.table);
        Err(self.database.source().unusable("bad-row", &why))
    }

    /// Rows that meet the conditions and fit, in the order of their keys.
    async fn collect(
        &self,
        described: &Described,
        conditions: &Conditions,
        after: Option<&str>,
        limit: usize,
        batch: usize,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Found, HostError> {
        let select = self.select(described);
        let key = quoted(&self.table.key);
        let key_type =
            described.column(&self.table.key).map_or("text", |column| column.sql_type.as_str());
        let mut last = after.map(str::to_owned);
        let (mut found, mut seen) = (Found { records: Vec::new(), more: false }, 0);
        loop {
            let mut conditions = conditions.clone();
            let mut all = format!("t.{key} IS NOT NULL");
            if !conditions.sql().is_empty() {
                all = format!("{all} AND {}", conditions.sql());
            }
            // The row at which the rows before ended is the first again: behind it, another of the
            // same key is seen.
            let mut is_known = last.is_some();
            let most = batch + usize::from(is_known);
            if let Some(last) = &last {
                let place = conditions.bind_as(last.clone(), key_type);
                all = format!("{all} AND t.{key} >= {place}");
            }
            let statement = format!("{select} WHERE {all} ORDER BY t.{key} LIMIT {most}");
            let rows = self.rows(&statement, &conditions).await?;
            let Some(rows) = rows else { return Ok(found) };
            for row in &rows {
                let record = self.record(described, row)?;
                let is_first = std::mem::take(&mut is_known);
                if last.as_ref() == Some(&record.key) {
                    if is_first {
                        continue;
                    }
                    return Err(self.no_key());
                }
                last = Some(record.key.clone());
                if !fits(&record.data) {
                    continue;
                }
                if found.records.len() == limit {
                    found.more = true;
                    return Ok(found);
                }
                found.records.push(record);
            }
            seen += rows.len();
            if rows.len() < most {
                return Ok(found);
            }
            if seen >= MAX_SCAN {
                return Err(HostError::invalid(
                    "too-many-records",
                    format!(
                        "more than {MAX_SCAN} rows of collection `{}` would have to be looked \
                         through; look records up by key, or by an index",
                        self.collection
                    ),
                ));
            }
        }
    }

    /// What to ask for in an index, or none if no row has it.
    fn of_index(&self, described: &Described, wanted: &Wanted<'_>) -> Option<Conditions> {
        let mut conditions = Conditions::default();
        let columns: Vec<(&String, &Column)> = wanted
            .fields()
            .iter()
            .filter_map(|field| self.table.fields.get(field))
            .filter_map(|name| Some((name, described.column(name)?)))
            .collect();
        if columns.len() != wanted.fields().len() {
            return None;
        }
        match wanted.kind() {
            IndexKind::Exact => {
                for ((name, column), value) in columns.iter().zip(wanted.values()) {
                    if !conditions.has(name, column, value) {
                        return None;
                    }
                }
            }
            IndexKind::Phone => {
                let digits: Vec<String> = wanted.digits().into_iter().collect();
                if digits.is_empty() {
                    return None;
                }
                let place = conditions.bind(Bound::Texts(digits));
                let of = |text: &str| {
                    format!("pg_catalog.regexp_replace({text}, '[^0-9]', '', 'g') = ANY ({place})")
                };
                let any: Vec<String> = columns
                    .iter()
                    .map(|(name, column)| match column.element {
                        Some(_) => format!(
                            "EXISTS (SELECT 1 FROM pg_catalog.unnest(t.{}) AS u(one) WHERE {})",
                            quoted(name),
                            of("u.one")
                        ),
                        None => of(&format!("t.{}", quoted(name))),
                    })
                    .collect();
                conditions.push(format!("({})", any.join(" OR ")));
            }
            // Refused when the project is checked.
            IndexKind::Name => return None,
        }
        Some(conditions)
    }
}

/// Writing.
impl PostgresRecords {
    /// The table as it is described, if it can be written.
    async fn writable(&self) -> Result<Arc<Described>, HostError> {
        let described = self.described().await?;
        self.may_be_written(&described)?;
        let is_unique = |described: &Described| {
            described.column(&self.table.key).is_some_and(|column| column.unique)
        };
        if is_unique(&described) {
            return Ok(described);
        }
        // Without it, a write would change all rows of a key. There may be one by now.
        let described = self.describe().await?;
        if is_unique(&described) {
            return Ok(described);
        }
        let why = format!(
            "column `{}` of `{}` needs a unique index before records can be written",
            self.table.key, self.table.table
        );
        Err(self.database.source().differs(&why))
    }

    fn may_be_written(&self, described: &Described) -> Result<(), HostError> {
        let table = &self.table.table;
        let why = match described.relation {
            _ if self.table.read_only => "the project declares it `read_only`",
            Relation::View => "it is no table",
            Relation::Partitioned if self.table.version.is_none() => {
                "it is partitioned; declare its `version` column"
            }
            Relation::Table | Relation::Partitioned => return Ok(()),
        };
        Err(HostError::denied(
            "read-only",
            format!(
                "collection `{}` cannot be written: `{table}` of source `{}` is read-only, for {why}",
                self.collection,
                self.database.source().name()
            ),
        ))
    }

    /// The columns that a write sets, and the record as the database takes it.
    fn row(
        &self,
        described: &Described,
        key: &str,
        data: &Value,
    ) -> Result<(Vec<&str>, Value), HostError> {
        let wrong = |why: String| HostError::invalid("bad-value", why);
        let unknown = unknown_fields(data, self.table.fields.keys().map(String::as_str));
        if !unknown.is_empty() {
            return Err(wrong(format!(
                "collection `{}` has no column for {}; map it under `source: postgresql: fields`",
                self.collection,
                unknown.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
            )));
        }
        if key.contains('\0') {
            return Err(wrong("a key in a database has no NUL character".to_owned()));
        }
        let kept =
            [Some(&self.table.key), self.table.version.as_ref(), self.table.updated.as_ref()];
        let mut row = Map::from_iter([(self.table.key.clone(), Value::from(key))]);
        let mut columns = Vec::new();
        for (field, column) in &self.table.fields {
            let value = take_field(data, field).unwrap_or(Value::Null);
            let Some(known) = described.column(column) else { continue };
            if *column == self.table.key {
                let same = match &value {
                    Value::Null => true,
                    Value::String(text) => text == key,
                    value => {
                        let text = value.to_string();
                        text == key
                    }
                };
                if !same {
                    return Err(wrong(format!("field `{field}` must be the key of the record")));
                }
                continue;
            }
            if kept.contains(&Some(column)) {
                // The database says when and how often a row was changed.
                continue;
            }
            if !value.is_null() && !takes(known.class, &value) {
                return Err(wrong(format!(
                    "field `{field}`: column `{column}` takes {}",
                    what(known.class)
                )));
            }
            if has_nul(&value) {
                return Err(wrong(format!("field `{field}`: a database keeps no NUL character")));
            }
            columns.push(column.as_str());
            row.insert(column.clone(), value);
        }
        Ok((columns, Value::Object(row)))
    }

    async fn write(&self, described: &Described, request: &Put) -> Result<Option<u64>, HostError> {
        let (columns, row) = self.row(described, &request.key, &request.data)?;
        let (table, key) = (quoted_table(&self.table.table), quoted(&self.table.key));
        let named: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        let version = described.version(&self.table).unwrap_or_else(|| "NULL".to_owned());
        // Of the columns that are written alone: others may have rules of their own.
        let typed: Vec<String> = std::iter::once(self.table.key.as_str())
            .chain(columns.iter().copied())
            .filter_map(|name| Some((name, described.column(name)?)))
            .map(|(name, column)| format!("{} {}", quoted(name), column.sql_type))
            .collect();
        let typed = typed.join(", ");
        let from = format!("pg_catalog.jsonb_to_record($1::text::jsonb) AS r({typed})");
        let from_row = match request.expect {
            Expectation::Any => "EXCLUDED",
            Expectation::Absent | Expectation::Version(_) => "r",
        };
        let mut set: Vec<String> =
            named.iter().map(|column| format!("{column} = {from_row}.{column}")).collect();
        let mut into = vec![key.clone()];
        into.extend(named.iter().cloned());
        let mut values: Vec<String> = into.iter().map(|column| format!("r.{column}")).collect();
        if let Some(column) = &self.table.version {
            let column = quoted(column);
            set.push(format!("{column} = COALESCE(t.{column}, 0) + 1"));
            into.push(column);
            values.push("1".to_owned());
        }
        if let Some(column) = &self.table.updated {
            let column = quoted(column);
            set.push(format!("{column} = pg_catalog.now()"));
            into.push(column);
            values.push("pg_catalog.now()".to_owned());
        }
        if set.is_empty() {
            set.push(format!("{key} = t.{key}"));
        }
        let insert = format!(
            "INSERT INTO {table} AS t ({}) SELECT {} FROM {from} WHERE r.{key}::text = $2 ON CONFLICT",
            into.join(", "),
            values.join(", ")
        );
        // The key as text, too: `007` must not write the row 7.
        let mut bound = vec![Bound::Text(row.to_string()), Bound::Text(request.key.clone())];
        let statement = match request.expect {
            Expectation::Any => {
                format!(
                    "{insert} ({key}) DO UPDATE SET {} WHERE t.{key}::text = $2 \
                     RETURNING {version}::text",
                    set.join(", ")
                )
            }
            Expectation::Absent => {
                format!("{insert} ({key}) DO NOTHING RETURNING {version}::text")
            }
            Expectation::Version(wanted) => {
                bound.push(Bound::Text(wanted.to_string()));
                format!(
                    "UPDATE {table} AS t SET {} FROM {from} \
                     WHERE t.{key} = r.{key} AND t.{key}::text = $2 AND {version}::text = $3 \
                     RETURNING {version}::text",
                    set.join(", ")
                )
            }
        };
        let rows = self.ask(&statement, &bound).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let version: Option<String> = row.try_get(0).unwrap_or_default();
        Ok(Some(version.and_then(|version| version.parse().ok()).unwrap_or(0)))
    }

    async fn conflict(&self, described: &Described, key: &str, wanted: &str) -> HostError {
        let found = match self.read(described, key).await {
            Ok(Some(record)) => format!("version {}", record.version),
            Ok(None) => "none".to_owned(),
            Err(error) => return error,
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
}

/// The table is there, and has the columns that the project says.
#[async_trait]
impl Probe for PostgresRecords {
    async fn check(&self) -> Result<(), HostError> {
        self.describe().await.map(|_| ())
    }
}

fn takes(class: Class, value: &Value) -> bool {
    match class {
        Class::Number => value.is_number(),
        Class::Truth => value.is_boolean(),
        Class::Text => value.is_string(),
        Class::List => value.is_array(),
        Class::Document => true,
        Class::Other => value.is_object() || value.is_string(),
    }
}

fn what(class: Class) -> &'static str {
    match class {
        Class::Number => "numbers",
        Class::Truth => "true and false",
        Class::Text => "texts",
        Class::List => "lists",
        Class::Document | Class::Other => "something else",
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value))
        }
        _ => false,
    }
}

#[async_trait]
impl Records for PostgresRecords {
    async fn get(&self, _caller: &Caller, request: &Get) -> Result<Option<Record>, HostError> {
        let read = async { self.read(&*self.described().await?, &request.key).await };
        self.database.within(read).await
    }

    async fn find(&self, _caller: &Caller, request: &Find) -> Result<Page, HostError> {
        self.database.within(self.find_rows(request)).await
    }

    async fn search(&self, _caller: &Caller, request: &Search) -> Result<SearchPage, HostError> {
        self.database.within(self.search_rows(request)).await
    }

    async fn put(&self, _caller: &Caller, request: &Put) -> Result<Written, HostError> {
        self.database.within(self.put_row(request)).await
    }

    async fn delete(&self, _caller: &Caller, request: &Delete) -> Result<(), HostError> {
        self.database.within(self.delete_row(request)).await
    }
}

/// What plugins ask, each within one time limit.
impl PostgresRecords {
    async fn find_rows(&self, request: &Find) -> Result<Page, HostError> {
        let described = self.described().await?;
        let mut conditions = Conditions::default();
        let mut told = true;
        for (field, value) in &request.matches {
            let column = self.table.fields.get(field);
            match column.and_then(|name| Some((name, described.column(name)?))) {
                // What is equal to the whole of a list or a document is seen here.
                Some((_, column))
                    if matches!(column.class, Class::List | Class::Document | Class::Other) =>
                {
                    told = false;
                }
                Some((name, column)) => {
                    if !conditions.has(name, column, value) {
                        return Ok(Page::default());
                    }
                }
                None => told = false,
            }
        }
        let limit = request.limit as usize;
        let batch = if told { limit + 1 } else { BATCH };
        let fits = |data: &Value| has_all(data, &request.matches);
        let found = self.collect(&described, &conditions, None, limit, batch, fits).await?;
        Ok(Page { records: found.records, more: found.more, as_of: None })
    }

    async fn search_rows(&self, request: &Search) -> Result<SearchPage, HostError> {
        let wanted =
            Wanted::of(&self.indexes, &request.collection, &request.index, &request.values)?;
        let after = match &request.cursor {
            Some(cursor) => Some(cursor.strip_prefix('k').ok_or_else(|| {
                HostError::invalid(
                    "bad-cursor",
                    "this is no cursor of this search; give `next` of the page before",
                )
            })?),
            None => None,
        };
        let described = self.described().await?;
        let Some(conditions) = self.of_index(&described, &wanted) else {
            return Ok(SearchPage { complete: true, ..SearchPage::default() });
        };
        let limit = request.limit as usize;
        let fits = |data: &Value| wanted.fits(data);
        let found = self.collect(&described, &conditions, after, limit, limit + 1, fits).await?;
        let next = found.records.last().filter(|_| found.more).map(|last| format!("k{}", last.key));
        let hits = found.records.into_iter().map(|record| Hit { record, score: 1.0 }).collect();
        Ok(SearchPage { hits, next, complete: true, as_of: None })
    }

    async fn put_row(&self, request: &Put) -> Result<Written, HostError> {
        let described = self.writable().await?;
        if let Some(version) = self.write(&described, request).await? {
            return Ok(Written { version });
        }
        let wanted = match request.expect {
            Expectation::Version(version) => format!("version {version}"),
            Expectation::Absent if self.read(&described, &request.key).await?.is_some() => {
                "none".to_owned()
            }
            Expectation::Absent | Expectation::Any => {
                return Err(HostError::invalid(
                    "bad-key",
                    format!(
                        "column `{}` of `{}` cannot hold the key as it is written, or a trigger keeps \
                         the row away",
                        self.table.key, self.table.table
                    ),
                ));
            }
        };
        Err(self.conflict(&described, &request.key, &wanted).await)
    }

    async fn delete_row(&self, request: &Delete) -> Result<(), HostError> {
        let described = self.writable().await?;
        if request.expect == Expectation::Absent {
            return match self.read(&described, &request.key).await? {
                None => Ok(()),
                Some(_) => Err(self.conflict(&described, &request.key, "none").await),
            };
        }
        let mut conditions = Conditions::default();
        if !self.key_is(&described, &mut conditions, &request.key) {
            return Ok(());
        }
        let mut wanted = None;
        if let Expectation::Version(version) = request.expect {
            let held = described.version(&self.table).unwrap_or_else(|| "NULL".to_owned());
            let place = conditions.bind(Bound::Text(version.to_string()));
            conditions.push(format!("{held}::text = {place}"));
            wanted = Some(format!("version {version}"));
        }
        let (table, key) = (quoted_table(&self.table.table), quoted(&self.table.key));
        let statement =
            format!("DELETE FROM {table} AS t WHERE {} RETURNING t.{key}::text", conditions.sql());
        let gone = self.rows(&statement, &conditions).await?;
        let gone = gone.unwrap_or_default();
        match wanted {
            Some(wanted) if gone.is_empty() => {
                Err(self.conflict(&described, &request.key, &wanted).await)
            }
            _ => Ok(()),
        }
    }
}
