//! Collections of records in a table of DynamoDB that others made.
//!
//! An item is a record, a string attribute its key. Mapped attributes alone are read and written;
//! others stay. Records are found by their key, and by attributes that have a global secondary
//! index of their own: nothing here scans a table, whose owner pays for it.
//!
//! A table of the engine's own store is another thing: [`crate::dynamodb`].

mod value;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeValue, KeyType, ProjectionType, ReturnValue, ScalarAttributeType, TableDescription,
};
use dialgraph_base::index::{IndexKind, Indexes};
use dialgraph_base::origin::{Items, SortKey, SortPart};
use dialgraph_base::{Digest, Timestamp};
use dialgraph_kernel::ports::records::{
    Delete, Expectation, Find, Get, Hit, Page, Put, Record, Search, SearchPage, Written,
};
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_local::records::{
    MAX_SCAN, Probe, Wanted, has_all, put_field, take_field, unknown_fields,
};
use serde_json::{Map, Value};

use crate::connection::{Connection, within};
use crate::error::root;

type Item = HashMap<String, AttributeValue>;

/// A table that the operator grants.
#[derive(Debug)]
pub struct GrantedTable {
    name: Arc<str>,
    table: String,
    client: Client,
    timeout: Duration,
}

impl GrantedTable {
    /// The table `table`, called `name` in messages. Asks for nothing.
    pub fn new(connection: &Connection, name: &str, table: &str, timeout: Duration) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(connection.sdk())
            .timeout_config(within(timeout))
            .build();
        Self {
            name: name.into(),
            table: table.to_owned(),
            client: Client::from_conf(config),
            timeout,
        }
    }

    fn unusable(&self, code: &str, why: &str) -> HostError {
        let message = format!("source `{}`: {why}", self.name);
        HostError::new(HostErrorKind::Other, code, message)
    }

    fn differs(&self, why: &str) -> HostError {
        HostError::unavailable("source-differs", format!("source `{}`: {why}", self.name))
    }

    fn timed_out(&self) -> HostError {
        let millis = self.timeout.as_millis();
        let message = format!("source `{}` did not answer within {millis} ms", self.name);
        HostError::unavailable("timed-out", message)
    }

    /// Why a request has no answer; none: a condition did not hold.
    fn failed<E>(&self, error: &SdkError<E>) -> Option<HostError>
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let failed = |why: &str| {
            HostError::unavailable("source-failed", format!("source `{}`: {why}", self.name))
        };
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        Some(match code {
            Some("ConditionalCheckFailedException") => return None,
            // What the service says of a request may quote it.
            Some("ResourceNotFoundException") => self.differs(&format!(
                "there is no table `{}`, or it lacks an index; check `sources.dynamodb`",
                self.table
            )),
            Some(code @ ("AccessDeniedException" | "UnrecognizedClientException")) => {
                failed(&format!("Amazon does not let this process use the table ({code})"))
            }
            Some(code @ "ValidationException") => self.differs(&format!(
                "the table does not take the request ({code}); check `key`, `indexes` and the types \
                 of its attributes"
            )),
            Some(code) => failed(&format!("it fails ({code})")),
            None if matches!(error, SdkError::TimeoutError(_)) => self.timed_out(),
            None => failed(&format!("no answer ({})", root(error))),
        })
    }

    /// The same where a request has no condition.
    fn fault<E>(&self, error: &SdkError<E>) -> HostError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        self.failed(error).unwrap_or_else(|| self.unusable("source-failed", "it fails"))
    }
}

/// A collection in a table.
pub struct ItemRecords {
    table: Arc<GrantedTable>,
    collection: String,
    items: Items,
    indexes: Arc<Indexes>,
}

impl std::fmt::Debug for ItemRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemRecords")
            .field("collection", &self.collection)
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}

impl ItemRecords {
    /// The collection `collection` in `table`. Asks for nothing.
    pub fn new(
        table: Arc<GrantedTable>,
        collection: impl Into<String>,
        items: Items,
        indexes: Arc<Indexes>,
    ) -> Self {
        Self { table, collection: collection.into(), items, indexes }
    }

    /// The key of an item as the table has it; none: no item can have this one.
    fn place(&self, key: &str) -> Option<Item> {
        let (partition, sort) = match &self.items.sort {
            None => (key, None),
            Some(SortKey { attribute, part: SortPart::Value(value) }) => {
                (key, Some((attribute, value.as_str())))
            }
            Some(SortKey { attribute, part: SortPart::Separator(separator) }) => {
                let (partition, sort) = key.split_once(separator.as_str())?;
                (partition, Some((attribute, sort)))
            }
        };
        let own = Some((&self.items.key, partition));
        let parts = own.into_iter().chain(sort);
        let of = |(name, text): (&String, &str)| {
            (!text.is_empty()).then(|| (name.clone(), AttributeValue::S(text.to_owned())))
        };
        parts.map(of).collect()
    }

    /// The key of a record; none: the item is of another collection in the same table.
    fn key_of(&self, item: &Item) -> Result<Option<String>, HostError> {
        let text = |attribute: &String| match item.get(attribute) {
            Some(AttributeValue::S(text)) => Ok(text.as_str()),
            _ => {
                let why = format!("an item has no text in its key `{attribute}`");
                Err(self.table.unusable("bad-row", &why))
            }
        };
        let Some(SortKey { attribute, part }) = &self.items.sort else {
            return text(&self.items.key).map(|key| Some(key.to_owned()));
        };
        let (key, sort) = (text(&self.items.key)?, text(attribute)?);
        match part {
            SortPart::Value(value) => Ok((sort == value).then(|| key.to_owned())),
            // The first separator of the whole key is where it is taken apart again: `a:` before
            // `::` would come back as `a`.
            SortPart::Separator(separator)
                if format!("{key}{separator}").find(separator.as_str()) != Some(key.len()) =>
            {
                let attribute = &self.items.key;
                let why = format!(
                    "an item has the separator `{separator}` in its `{attribute}`, or ends with the \
                     beginning of it"
                );
                Err(self.table.unusable("bad-row", &why))
            }
            SortPart::Separator(separator) => Ok(Some(format!("{key}{separator}{sort}"))),
        }
    }

    /// Whether an attribute is a part of the key.
    fn is_of_key(&self, attribute: &str) -> bool {
        let sort = self.items.sort.as_ref().map(|sort| sort.attribute.as_str());
        attribute == self.items.key || Some(attribute) == sort
    }

    fn record(&self, key: String, item: &Item) -> Result<Record, HostError> {
        let mut data = Value::Object(Map::new());
        for (field, attribute) in &self.items.fields {
            let Some(held) = item.get(attribute) else { continue };
            let value = value::to_json(held).ok_or_else(|| {
                let why = format!(
                    "attribute `{attribute}` holds what no record can: bytes, or a number with too \
                     many digits"
                );
                self.table.unusable("bad-row", &why)
            })?;
            if !value.is_null() && !put_field(&mut data, field, value) {
                let why = format!("`{field}` lies within a field that holds no map");
                return Err(self.table.unusable("bad-row", &why));
            }
        }
        let version = match &self.items.version {
            Some(attribute) => match item.get(attribute) {
                Some(AttributeValue::N(number)) => number.parse().unwrap_or(0),
                _ => 0,
            },
            None => version(&key, &data),
        };
        Ok(Record { key, version, updated_at: Timestamp(0), data, extra: Vec::new() })
    }

    async fn read(&self, key: &str) -> Result<Option<Record>, HostError> {
        let Some(place) = self.place(key) else { return Ok(None) };
        let asked = self.table.client.get_item().table_name(&self.table.table);
        let answer = asked.set_key(Some(place)).consistent_read(true).send().await;
        let answer = answer.map_err(|error| self.table.fault(&error))?;
        answer.item.as_ref().map(|item| self.record(key.to_owned(), item)).transpose()
    }

    /// The first `most` records of which an attribute has a value and which fit, and whether there
    /// are more.
    async fn query(
        &self,
        field: &str,
        wanted: &Value,
        most: usize,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<(Vec<Record>, bool), HostError> {
        let (Some(index), Some(attribute)) =
            (self.items.indexes.get(field), self.items.fields.get(field))
        else {
            return Ok((Vec::new(), false));
        };
        // The key of an index is a text or a number, and no text is empty.
        let wanted = match value::from_json(wanted) {
            Some(wanted @ AttributeValue::N(_)) => wanted,
            Some(AttributeValue::S(text)) if !text.is_empty() => AttributeValue::S(text),
            _ => return Ok((Vec::new(), false)),
        };
        let (mut records, mut seen, mut from) = (Vec::new(), 0, None);
        loop {
            let answer = self
                .table
                .client
                .query()
                .table_name(&self.table.table)
                .index_name(index)
                .key_condition_expression("#a = :v")
                .expression_attribute_names("#a", attribute)
                .expression_attribute_values(":v", wanted.clone())
                .set_exclusive_start_key(from)
                .send()
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                // A number is looked for among texts, or a text among numbers.
                Err(error)
                    if error.as_service_error().and_then(ProvideErrorMetadata::code)
                        == Some("ValidationException")
                        && self.is_of_other_kind(field, &wanted).await? =>
                {
                    return Ok((Vec::new(), false));
                }
                Err(error) => return Err(self.table.fault(&error)),
            };
            for item in answer.items() {
                seen += 1;
                let Some(key) = self.key_of(item)? else { continue };
                let record = self.record(key, item)?;
                if !fits(&record.data) {
                    continue;
                }
                if records.len() == most {
                    return Ok((records, true));
                }
                records.push(record);
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok((records, false));
            }
            if seen >= MAX_SCAN {
                return Err(HostError::invalid(
                    "too-many-records",
                    format!("more than {MAX_SCAN} items of `{}` have this value", self.collection),
                ));
            }
        }
    }

    async fn is_of_other_kind(
        &self,
        field: &str,
        wanted: &AttributeValue,
    ) -> Result<bool, HostError> {
        let attribute = self.items.fields.get(field);
        let described = self.describe().await?;
        let kind = described
            .attribute_definitions()
            .iter()
            .find(|one| Some(&one.attribute_name) == attribute)
            .map(|one| one.attribute_type.clone());
        Ok(matches!(
            (kind, wanted),
            (Some(ScalarAttributeType::S), AttributeValue::N(_))
                | (Some(ScalarAttributeType::N), AttributeValue::S(_))
        ))
    }

    async fn describe(&self) -> Result<TableDescription, HostError> {
        let asked = self.table.client.describe_table().table_name(&self.table.table);
        let answer = asked.send().await.map_err(|error| self.table.fault(&error))?;
        answer.table.ok_or_else(|| self.table.differs("the service describes no table"))
    }

    fn read_only(&self) -> Result<(), HostError> {
        if !self.items.read_only {
            return Ok(());
        }
        Err(HostError::denied(
            "read-only",
            format!("collection `{}` is declared `read_only`", self.collection),
        ))
    }

    /// The condition of a write, with what stands for the version in it.
    fn condition(
        &self,
        expect: Expectation,
    ) -> Result<Option<(String, Option<AttributeValue>)>, HostError> {
        match (expect, &self.items.version) {
            (Expectation::Any, _) => Ok(None),
            (Expectation::Absent, _) => Ok(Some(("attribute_not_exists(#k)".to_owned(), None))),
            // An item that others made may have no version yet: it is at 0.
            (Expectation::Version(0), Some(_)) => {
                let version = AttributeValue::N("0".to_owned());
                let condition = "attribute_exists(#k) AND \
                     (attribute_not_exists(#version) OR #version = :expected)";
                Ok(Some((condition.to_owned(), Some(version))))
            }
            (Expectation::Version(version), Some(_)) => {
                let version = AttributeValue::N(version.to_string());
                Ok(Some(("#version = :expected".to_owned(), Some(version))))
            }
            (Expectation::Version(_), None) => Err(HostError::denied(
                "no-conditions",
                format!(
                    "collection `{}` has no `version` attribute, so nobody can write there only if a \
                     record has not changed; write it without a version",
                    self.collection
                ),
            )),
        }
    }

    async fn conflict(&self, key: &str, expect: Expectation) -> HostError {
        let found = match self.read(key).await {
            Ok(Some(record)) => format!("version {}", record.version),
            Ok(None) => "none".to_owned(),
            Err(error) => return error,
        };
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
}

/// Another content is another version, where the table has no word for it.
fn version(key: &str, data: &Value) -> u64 {
    let digest = Digest::of(format!("{key:?} {data}").as_bytes()).hex();
    digest.get(..12).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0)
}

/// The table is there, has the key and the indexes that the project says, and they give all that is
/// mapped.
#[async_trait]
impl Probe for ItemRecords {
    async fn check(&self) -> Result<(), HostError> {
        let described = self.describe().await?;
        let keys: Vec<&str> =
            described.key_schema().iter().map(|key| &*key.attribute_name).collect();
        let sort = self.items.sort.as_ref().map(|sort| sort.attribute.as_str());
        let wanted: Vec<&str> = std::iter::once(self.items.key.as_str()).chain(sort).collect();
        if keys != wanted {
            let (keys, wanted) = (keys.join(", "), wanted.join(", "));
            let why =
                format!("the key of the table is {keys}, not `{wanted}`; see `key` and `sort`");
            return Err(self.table.differs(&why));
        }
        let known: BTreeMap<&str, _> = described
            .global_secondary_indexes()
            .iter()
            .filter_map(|index| Some((index.index_name()?, index)))
            .collect();
        for (field, name) in &self.items.indexes {
            let Some(index) = known.get(name.as_str()) else {
                let names: Vec<&str> = known.keys().copied().collect();
                let why =
                    format!("the table has no global index `{name}`; it has {}", names.join(", "));
                return Err(self.table.differs(&why));
            };
            let hash = index.key_schema().iter().find(|key| key.key_type == KeyType::Hash);
            if hash.map(|key| &key.attribute_name) != self.items.fields.get(field) {
                let why = format!("the index `{name}` does not go by the attribute of `{field}`");
                return Err(self.table.differs(&why));
            }
            let projection = index.projection().and_then(|one| one.projection_type().cloned());
            if projection != Some(ProjectionType::All) {
                let why = format!("the index `{name}` does not project all attributes");
                return Err(self.table.differs(&why));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Records for ItemRecords {
    async fn get(&self, _caller: &Caller, request: &Get) -> Result<Option<Record>, HostError> {
        self.read(&request.key).await
    }

    async fn find(&self, _caller: &Caller, request: &Find) -> Result<Page, HostError> {
        self.within(self.find_items(request)).await
    }

    async fn search(&self, _caller: &Caller, request: &Search) -> Result<SearchPage, HostError> {
        self.within(self.search_items(request)).await
    }

    async fn put(&self, _caller: &Caller, request: &Put) -> Result<Written, HostError> {
        self.within(self.put_item(request)).await
    }

    async fn delete(&self, _caller: &Caller, request: &Delete) -> Result<(), HostError> {
        self.within(self.delete_item(request)).await
    }
}

/// What plugins ask, each within one time limit.
impl ItemRecords {
    async fn within<T>(
        &self,
        asked: impl Future<Output = Result<T, HostError>>,
    ) -> Result<T, HostError> {
        match tokio::time::timeout(self.table.timeout, asked).await {
            Ok(done) => done,
            Err(_) => Err(self.table.timed_out()),
        }
    }

    async fn find_items(&self, request: &Find) -> Result<Page, HostError> {
        let by = request.matches.iter().find(|(field, _)| self.items.indexes.contains_key(field));
        let Some((field, value)) = by else {
            let known: Vec<&str> = self.items.indexes.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(HostError::invalid(
                "not-findable",
                format!(
                    "source `{}` finds records of `{}` by these fields alone: {known}; see `source: \
                     dynamodb: indexes`",
                    self.table.name, self.collection
                ),
            ));
        };
        let fits = |data: &Value| has_all(data, &request.matches);
        let (records, more) = self.query(field, value, request.limit as usize, fits).await?;
        Ok(Page { records, more, as_of: None })
    }

    async fn search_items(&self, request: &Search) -> Result<SearchPage, HostError> {
        let wanted =
            Wanted::of(&self.indexes, &request.collection, &request.index, &request.values)?;
        let from: usize = match &request.cursor {
            Some(cursor) => {
                let from = cursor.strip_prefix('n').and_then(|from| from.parse().ok());
                from.ok_or_else(|| {
                    HostError::invalid(
                        "bad-cursor",
                        "this is no cursor of this search; give `next` of the page before",
                    )
                })?
            }
            None => 0,
        };
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
        let until = from.saturating_add(request.limit as usize);
        let (mut all, mut more): (Vec<Record>, bool) = (Vec::new(), false);
        if let Some(field) = wanted.fields().first() {
            for value in values {
                let fits = |data: &Value| wanted.fits(data);
                let (records, rest) = self.query(field, value, until, fits).await?;
                more |= rest;
                for record in records {
                    if !all.iter().any(|known| known.key == record.key) {
                        all.push(record);
                    }
                }
            }
        }
        let next = (more || all.len() > until).then(|| format!("n{until}"));
        let hits = all.into_iter().skip(from).take(request.limit as usize);
        let hits = hits.map(|record| Hit { record, score: 1.0 }).collect();
        Ok(SearchPage { hits, next, complete: true, as_of: None })
    }

    async fn put_item(&self, request: &Put) -> Result<Written, HostError> {
        self.read_only()?;
        let condition = self.condition(request.expect)?;
        let wrong = |why: String| HostError::invalid("bad-value", why);
        let fields = &self.items.fields;
        let unknown = unknown_fields(&request.data, fields.keys().map(String::as_str));
        if !unknown.is_empty() {
            let unknown: Vec<String> = unknown.iter().map(|field| format!("`{field}`")).collect();
            return Err(wrong(format!(
                "collection `{}` has no attribute for {}; map it under `source: dynamodb: fields`",
                self.collection,
                unknown.join(", ")
            )));
        }
        let Some(place) = self.place(&request.key) else {
            let separator = "partition key, separator and sort key; see `sort`";
            return Err(HostError::invalid("bad-key", format!("a key here is {separator}")));
        };
        let mut asked = self
            .table
            .client
            .update_item()
            .table_name(&self.table.table)
            .set_key(Some(place.clone()))
            .return_values(ReturnValue::AllNew);
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        for (number, (field, attribute)) in fields.iter().enumerate() {
            if self.is_of_key(attribute) {
                let given = take_field(&request.data, field).filter(|value| !value.is_null());
                if given
                    .is_some_and(|value| value::from_json(&value).as_ref() != place.get(attribute))
                {
                    return Err(wrong(format!("field `{field}` must be the key of the record")));
                }
                continue;
            }
            if Some(attribute) == self.items.version.as_ref() {
                continue;
            }
            asked = asked.expression_attribute_names(format!("#f{number}"), attribute);
            match take_field(&request.data, field).filter(|value| !value.is_null()) {
                Some(value) => {
                    let value = value::from_json(&value)
                        .ok_or_else(|| wrong(format!("field `{field}` has too many digits")))?;
                    let can_be_found = match &value {
                        AttributeValue::S(text) => !text.is_empty(),
                        value => value.is_n(),
                    };
                    if self.items.indexes.contains_key(field) && !can_be_found {
                        return Err(wrong(format!(
                            "field `{field}`: an index goes by it, so it is a text that is not empty, \
                             or a number"
                        )));
                    }
                    asked = asked.expression_attribute_values(format!(":f{number}"), value);
                    set.push(format!("#f{number} = :f{number}"));
                }
                None => remove.push(format!("#f{number}")),
            }
        }
        let mut update = Vec::new();
        if let Some(attribute) = &self.items.version {
            asked = asked
                .expression_attribute_names("#version", attribute)
                .expression_attribute_values(":zero", AttributeValue::N("0".to_owned()))
                .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
            set.push("#version = if_not_exists(#version, :zero) + :one".to_owned());
        }
        if !set.is_empty() {
            update.push(format!("SET {}", set.join(", ")));
        }
        if !remove.is_empty() {
            update.push(format!("REMOVE {}", remove.join(", ")));
        }
        if !update.is_empty() {
            asked = asked.update_expression(update.join(" "));
        }
        if let Some((condition, expected)) = condition {
            if condition.contains("#k") {
                asked = asked.expression_attribute_names("#k", &self.items.key);
            }
            asked = asked.condition_expression(condition);
            if let Some(expected) = expected {
                asked = asked.expression_attribute_values(":expected", expected);
            }
        }
        match asked.send().await {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                Ok(Written { version: self.record(request.key.clone(), &item)?.version })
            }
            // Readiness tells of a table that is another; here, the record is what it does not
            // take.
            Err(error)
                if error.as_service_error().and_then(ProvideErrorMetadata::code)
                    == Some("ValidationException") =>
            {
                Err(wrong(format!(
                    "source `{}` does not take the record: a value is not of the type that its key or \
                     an index has, or too large",
                    self.table.name
                )))
            }
            Err(error) => match self.table.failed(&error) {
                Some(error) => Err(error),
                None => Err(self.conflict(&request.key, request.expect).await),
            },
        }
    }

    async fn delete_item(&self, request: &Delete) -> Result<(), HostError> {
        self.read_only()?;
        let Some(place) = self.place(&request.key) else {
            return match request.expect {
                Expectation::Any | Expectation::Absent => Ok(()),
                Expectation::Version(_) => Err(self.conflict(&request.key, request.expect).await),
            };
        };
        let condition = self.condition(request.expect)?;
        let mut asked = self.table.client.delete_item().table_name(&self.table.table);
        asked = asked.set_key(Some(place));
        if let Some((condition, expected)) = condition {
            if condition.contains("#k") {
                asked = asked.expression_attribute_names("#k", &self.items.key);
            }
            if let (Some(attribute), Some(expected)) = (&self.items.version, expected) {
                asked = asked
                    .expression_attribute_names("#version", attribute)
                    .expression_attribute_values(":expected", expected);
            }
            asked = asked.condition_expression(condition);
        }
        match asked.send().await {
            Ok(_) => Ok(()),
            Err(error) => match self.table.failed(&error) {
                Some(error) => Err(error),
                None => Err(self.conflict(&request.key, request.expect).await),
            },
        }
    }
}
