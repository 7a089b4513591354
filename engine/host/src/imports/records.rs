//! Passes reads and writes of records from plugin to driver. They are two capabilities, so that a
//! plugin can be granted the one without the other.

use dialgraph_kernel::ports::records::{
    Delete, Expectation, Find, Get, Put, Record, Search, Source,
};
use dialgraph_kernel::ports::{HostAnswer, HostCall};

use crate::bindings::dialgraph::plugin::{records_read, records_search, records_write, types};
use crate::imports::{json, refusal};
use crate::run::{Run, mismatch};

impl records_read::Host for Run {
    fn get(
        &mut self,
        collection: String,
        key: String,
        source: records_read::Source,
    ) -> wasmtime::Result<Result<Option<records_read::Record>, types::HostError>> {
        let request = Get { collection, key, source: source_in(source) };
        match self.ask(HostCall::RecordsGet(request))? {
            Ok(HostAnswer::RecordsGet(found)) => Ok(Ok(found.map(record_out))),
            Ok(other) => Err(mismatch("records.get", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }

    fn find(
        &mut self,
        query: records_read::Query,
    ) -> wasmtime::Result<Result<records_read::Page, types::HostError>> {
        let matches: Result<Vec<_>, _> = query
            .matches
            .into_iter()
            .map(|one| {
                let value = json(&one.value, &format!("the value for `{}`", one.field))?;
                Ok((one.field, value))
            })
            .collect();
        let request = match matches {
            Ok(matches) => Find {
                collection: query.collection,
                matches,
                limit: query.limit,
                source: source_in(query.source),
            },
            Err(error) => return Ok(Err(error)),
        };
        match self.ask(HostCall::RecordsFind(request))? {
            Ok(HostAnswer::RecordsFind(page)) => Ok(Ok(records_read::Page {
                records: page.records.into_iter().map(record_out).collect(),
                more: page.more,
                as_of: page.as_of.map(|time| time.0),
                extra: Vec::new(),
            })),
            Ok(other) => Err(mismatch("records.find", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }
}

impl records_search::Host for Run {
    fn find(
        &mut self,
        query: records_search::Query,
    ) -> wasmtime::Result<Result<records_search::Page, types::HostError>> {
        let values: Result<Vec<_>, _> =
            query.values.iter().map(|value| json(value, "a value to look for")).collect();
        let request = match values {
            Ok(values) => Search {
                collection: query.collection,
                index: query.index,
                values,
                limit: query.limit,
                cursor: query.cursor,
                source: source_in(query.source),
            },
            Err(error) => return Ok(Err(error)),
        };
        match self.ask(HostCall::RecordsSearch(request))? {
            Ok(HostAnswer::RecordsSearch(page)) => Ok(Ok(records_search::Page {
                hits: page
                    .hits
                    .into_iter()
                    .map(|hit| records_search::Hit {
                        record: record_out(hit.record),
                        score: hit.score,
                        extra: Vec::new(),
                    })
                    .collect(),
                next: page.next,
                complete: page.complete,
                as_of: page.as_of.map(|time| time.0),
                extra: Vec::new(),
            })),
            Ok(other) => Err(mismatch("records.search", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }
}

impl records_write::Host for Run {
    fn put(
        &mut self,
        collection: String,
        key: String,
        data: String,
        expect: records_write::Expectation,
    ) -> wasmtime::Result<Result<u64, types::HostError>> {
        let data = match json(&data, "the record") {
            Ok(data) => data,
            Err(error) => return Ok(Err(error)),
        };
        let request = Put { collection, key, data, expect: expectation_in(expect) };
        match self.ask(HostCall::RecordsPut(request))? {
            Ok(HostAnswer::RecordsPut(written)) => Ok(Ok(written.version)),
            Ok(other) => Err(mismatch("records.put", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }

    fn delete(
        &mut self,
        collection: String,
        key: String,
        expect: records_write::Expectation,
    ) -> wasmtime::Result<Result<(), types::HostError>> {
        let request = Delete { collection, key, expect: expectation_in(expect) };
        match self.ask(HostCall::RecordsDelete(request))? {
            Ok(HostAnswer::RecordsDelete) => Ok(Ok(())),
            Ok(other) => Err(mismatch("records.delete", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }
}

fn source_in(source: records_read::Source) -> Source {
    match source {
        records_read::Source::Current => Source::Current,
        records_read::Source::LastKnown => Source::LastKnown,
    }
}

fn expectation_in(expect: records_write::Expectation) -> Expectation {
    match expect {
        records_write::Expectation::Any => Expectation::Any,
        records_write::Expectation::Absent => Expectation::Absent,
        records_write::Expectation::Version(version) => Expectation::Version(version),
    }
}

fn record_out(record: Record) -> records_read::Record {
    records_read::Record {
        key: record.key,
        version: record.version,
        updated_at: record.updated_at.0,
        data: record.data.to_string(),
        extra: record.extra,
    }
}
