//! What is read and written, in order.

use dialgraph_plugin::records::{Expectation, Query, Record, Source};
use dialgraph_plugin::{Host, HostError, NodeError};
use serde_json::{Map, Value};

use crate::given::{Input, whole};
use crate::plan::{Counter, Plan, WHOLE};
use crate::{Became, Expect, Found, Output};

/// Bytes of records that `find` gives back, the first one twice; the engine takes 64 KiB of output.
const FOUND_BYTES: usize = 56 << 10;

/// A record's fields.
type Fields = Map<String, Value>;
type Stored = Record<Fields>;

impl Plan<'_> {
    pub(crate) fn follow(
        &self,
        host: &Host,
        collection: &str,
        input: &Input,
    ) -> Result<Output, NodeError> {
        let desk = Desk { host, collection };
        match self {
            Self::Get { or_last_known } => desk.get(*or_last_known, input),
            Self::Find { limit, or_last_known } => desk.find(*limit, *or_last_known, input),
            Self::Put { merge: false, expect, .. } => desk.put(*expect, input),
            Self::Put { merge: true, expect, attempts } => desk.merge(*expect, *attempts, input),
            Self::Increment(counter) => desk.increment(counter, input),
            Self::Delete { expect } => desk.delete(*expect, input),
        }
    }
}

/// The collection that is worked on.
struct Desk<'a> {
    host: &'a Host,
    collection: &'a str,
}

impl Desk<'_> {
    fn current(&self, key: &str) -> Result<Option<Stored>, HostError> {
        self.host.records().get(self.collection, key, Source::Current)
    }

    fn get(&self, or_last_known: bool, input: &Input) -> Result<Output, NodeError> {
        // Nothing is stored under the key that a flow does not know.
        let Some(key) = input.known_key()? else { return Ok(Output::none(Became::NotFound)) };
        let (record, stale) =
            read(or_last_known, |source| self.host.records().get(self.collection, &key, source))?;
        let became = if record.is_some() { Became::Found } else { Became::NotFound };
        Ok(Output { stale, ..seen(became, record) })
    }

    fn find(&self, limit: u32, or_last_known: bool, input: &Input) -> Result<Output, NodeError> {
        let matches = input.matches()?;
        // What the flow does not know is in no record: a caller without a number is not every
        // customer without one.
        if matches.values().any(Value::is_null) {
            return Ok(Output::none(Became::NotFound));
        }
        let query = matches.iter().fold(Query::new(self.collection).limit(limit), |query, one| {
            query.matching(one.0, one.1.clone())
        });
        let (page, stale) = read(or_last_known, |source| {
            self.host.records().find::<Fields>(&query.clone().source(source))
        })?;
        let Some(first) = page.records.first() else {
            return Ok(Output { stale, ..Output::none(Became::NotFound) });
        };
        let mut output = Output {
            key: Some(first.key.clone()),
            record: first.data.clone(),
            version: first.version,
            count: page.records.len(),
            more: page.more,
            stale,
            ..Output::none(Became::Found)
        };
        let mut bytes = size(&output.record);
        for Record { key, version, data: record, .. } in page.records {
            bytes += size(&record);
            if bytes > FOUND_BYTES {
                break;
            }
            output.records.push(Found { key, version, record });
        }
        Ok(output)
    }

    fn put(&self, expect: Expect, input: &Input) -> Result<Output, NodeError> {
        let (key, data) = (input.key()?, input.data()?);
        let expect = input.expectation(expect)?;
        match self.host.records().put(self.collection, &key, data, expect) {
            Ok(version) => Ok(saved(key, data.clone(), version)),
            Err(error) if is_conflict(&error) => Ok(seen(Became::Conflict, self.current(&key)?)),
            Err(error) => Err(error.into()),
        }
    }

    fn merge(&self, expect: Expect, attempts: u32, input: &Input) -> Result<Output, NodeError> {
        let (key, patch) = (input.key()?, input.data()?);
        let wanted = match expect {
            Expect::Version => Some(input.version()?),
            Expect::Any | Expect::Absent => None,
        };
        self.rewrite(key, wanted, attempts, |before| {
            let mut fields = before.map(|record| record.data.clone()).unwrap_or_default();
            patched(&mut fields, patch);
            Ok(Change::Write(fields, None))
        })
    }

    fn increment(&self, counter: &Counter<'_>, input: &Input) -> Result<Output, NodeError> {
        let key = input.key()?;
        let by = input.by()?.unwrap_or(counter.by);
        let wanted = if counter.by_version { Some(input.version()?) } else { None };
        self.rewrite(key, wanted, counter.attempts, |before| {
            if before.is_none() && !counter.create {
                return Ok(Change::Leave(Became::NotFound, None));
            }
            let mut fields = before.map(|record| record.data.clone()).unwrap_or_default();
            let place = at(&mut fields, &counter.field).ok_or_else(|| self.no_number(counter))?;
            let now = match &*place {
                Value::Null => 0,
                value => whole(value).ok_or_else(|| self.no_number(counter))?,
            };
            // Neither overflows: both are within 2^53.
            let next = now + by;
            let too_much = by > 0 && counter.most.is_some_and(|most| next > most);
            let too_little = by < 0 && counter.least.is_some_and(|least| next < least);
            if too_much || too_little || !(-WHOLE..=WHOLE).contains(&next) {
                return Ok(Change::Leave(Became::Limit, Some(now)));
            }
            *place = next.into();
            Ok(Change::Write(fields, Some(next)))
        })
    }

    /// Reads the record, has it changed, and writes it only if nobody else has written it
    /// meanwhile; else once more.
    fn rewrite(
        &self,
        key: String,
        wanted: Option<u64>,
        attempts: u32,
        change: impl Fn(Option<&Stored>) -> Result<Change, NodeError>,
    ) -> Result<Output, NodeError> {
        for _ in 0..attempts {
            let before = self.current(&key)?;
            let version = before.as_ref().map_or(0, |record| record.version);
            if wanted.is_some_and(|wanted| wanted != version) {
                return Ok(seen(Became::Conflict, before));
            }
            let (fields, value) = match change(before.as_ref())? {
                Change::Leave(became, value) => {
                    return Ok(Output { value, ..seen(became, before) });
                }
                Change::Write(fields, value) => (fields, value),
            };
            let expect = match version {
                0 => Expectation::Absent,
                version => Expectation::Version(version),
            };
            match self.host.records().put(self.collection, &key, &fields, expect) {
                Ok(version) => return Ok(Output { value, ..saved(key, fields, version) }),
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(NodeError::retryable(
            "contended",
            format!(
                "a record of `{}` was written by others each of the {attempts} times that it was read to be changed; \
                 try again, or raise `attempts`",
                self.collection
            ),
        ))
    }

    fn delete(&self, expect: Expect, input: &Input) -> Result<Output, NodeError> {
        let key = input.key()?;
        let expect = input.expectation(expect)?;
        match self.host.records().delete(self.collection, &key, expect) {
            Ok(()) => Ok(Output { key: Some(key), ..Output::none(Became::Deleted) }),
            Err(error) if is_conflict(&error) => Ok(seen(Became::Conflict, self.current(&key)?)),
            Err(error) => Err(error.into()),
        }
    }

    fn no_number(&self, counter: &Counter<'_>) -> NodeError {
        NodeError::other(
            "no-number",
            format!(
                "field `{}` of a record of `{}` holds something else than a whole number; count another field, or correct \
                 the record",
                counter.field.join("."),
                self.collection
            ),
        )
    }
}

/// What is to become of a record that was read.
enum Change {
    /// These fields, and the number that was counted.
    Write(Fields, Option<i64>),
    Leave(Became, Option<i64>),
}

fn size(fields: &Fields) -> usize {
    serde_json::to_string(fields).map_or(0, |text| text.len())
}

fn is_conflict(error: &HostError) -> bool {
    matches!(error, HostError::Denied(info) if info.code == "conflict")
}

/// Reads from the system of record, and from what was last known if that may be; with whether it
/// was the latter.
fn read<T>(
    or_last_known: bool,
    from: impl Fn(Source) -> Result<T, HostError>,
) -> Result<(T, bool), NodeError> {
    match from(Source::Current) {
        Err(error) if or_last_known && error.is_unavailable() => {
            Ok((from(Source::LastKnown)?, true))
        }
        answer => Ok((answer?, false)),
    }
}

/// The record as it was read.
fn seen(became: Became, record: Option<Stored>) -> Output {
    let none = Output::none(became);
    match record {
        None => none,
        Some(Record { key, version, data, .. }) => {
            Output { key: Some(key), record: data, version, count: 1, ..none }
        }
    }
}

fn saved(key: String, record: Fields, version: u64) -> Output {
    Output { key: Some(key), record, version, count: 1, ..Output::none(Became::Saved) }
}

/// The place of a field, made where it is missing; none where something that is no object lies on
/// the way.
fn at<'f>(fields: &'f mut Fields, names: &[&str]) -> Option<&'f mut Value> {
    let (first, rest) = names.split_first()?;
    let mut place = fields.entry(*first).or_insert(Value::Null);
    for name in rest {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = place.as_object_mut()?.entry(*name).or_insert(Value::Null);
    }
    Some(place)
}

/// Lays `patch` over `fields` as RFC 7396 has it.
fn patched(fields: &mut Fields, patch: &Fields) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                fields.remove(name);
            }
            Value::Object(inner) => {
                let place = fields.entry(name.as_str()).or_insert(Value::Null);
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                if let Value::Object(place) = place {
                    patched(place, inner);
                }
            }
            value => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
}
