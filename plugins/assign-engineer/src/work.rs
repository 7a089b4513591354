//! Who works on what: a record for each call that is assigned, under the call's id. How much an
//! engineer has to do is the number of their records.
//!
//! A count of records, unlike a number that is raised and lowered, is right however often a run is
//! made, however many calls are assigned at once, and whatever process ends in between. The record
//! goes when the contact is over.

use dialgraph_plugin::records::{Expectation, Query, Search};
use dialgraph_plugin::{Host, HostError, NodeError, log};
use plugin_common::fallback::Reader;
use plugin_common::time::rfc3339;
use serde::Serialize;
use serde_json::Value;

use crate::people::Engineer;

/// The field, and the index, by which records are counted.
const ENGINEER: &str = "engineer_id";
/// Records looked at at once.
const PAGE: u32 = 100;

/// What the plugin keeps of a call that is assigned.
#[derive(Debug, Serialize)]
struct Case<'a> {
    engineer_id: &'a str,
    call_id: &'a str,
    since: String,
}

/// The collection of what is being worked on, if the project has one.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    host: &'a Host,
    reader: &'a Reader<'a>,
    collection: Option<&'a str>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(host: &'a Host, reader: &'a Reader<'a>, collection: Option<&'a str>) -> Self {
        Self { host, reader, collection }
    }

    /// The engineer with the other calls that they work on counted.
    ///
    /// # Errors
    /// Those of the records.
    pub(crate) fn counted(&self, mut engineer: Engineer) -> Result<Engineer, NodeError> {
        engineer.load = engineer.load.saturating_add(self.others(&engineer.id)?);
        Ok(engineer)
    }

    /// Calls other than this one that an engineer works on.
    fn others(&self, engineer: &str) -> Result<u32, NodeError> {
        let Some(collection) = self.collection else { return Ok(0) };
        let own = self.host.call().call_id.as_str();
        let mut search = Search { limit: PAGE, ..Search::new(collection, ENGINEER, [engineer]) };
        let mut count = 0;
        while let Some(page) = self.reader.search::<Value>(search.clone())? {
            count += page.hits.iter().filter(|hit| hit.record.key != own).count();
            search.cursor = page.next;
            if search.cursor.is_none() {
                return Ok(u32::try_from(count).unwrap_or(u32::MAX));
            }
        }
        let query = Query::new(collection).matching(ENGINEER, engineer).limit(PAGE);
        let page = self.reader.find::<Value>(query)?;
        if page.more {
            self.host.log(
                log::Level::Warn,
                "an engineer works on more calls than are counted; give the collection the index `engineer_id`",
                &[("collection", collection), ("engineer", engineer)],
            );
        }
        let others = page.records.iter().filter(|record| record.key != own).count();
        Ok(u32::try_from(others).unwrap_or(u32::MAX))
    }

    /// Notes that the engineer works on this call, in place of whoever did. False if others have
    /// filled them up at the same moment: their limit is never passed.
    ///
    /// # Errors
    /// Those of the records; while they are down, nothing is noted, for the caller does not wait.
    pub(crate) fn take(&self, engineer: &Engineer, limit: Option<u32>) -> Result<bool, NodeError> {
        let Some(collection) = self.collection else { return Ok(true) };
        let call = &self.host.call().call_id;
        let case =
            Case { engineer_id: &engineer.id, call_id: call, since: rfc3339(self.host.now()) };
        if self.reader.is_stale() {
            return Ok(true);
        }
        match self.host.records().put(collection, call, &case, Expectation::Any) {
            Err(error) if error.is_unavailable() => {
                self.cannot(&error, collection);
                return Ok(true);
            }
            written => drop(written?),
        }
        let Some(limit) = engineer.limit(limit) else { return Ok(true) };
        // Each of several calls at once sees the records of those that were before it.
        let load = engineer.own_load.saturating_add(self.others(&engineer.id)?);
        Ok(load < limit)
    }

    /// Nobody works on this call.
    ///
    /// # Errors
    /// Those of the records, unless they are down.
    pub(crate) fn nobody(&self) -> Result<(), NodeError> {
        let Some(collection) = self.collection.filter(|_| !self.reader.is_stale()) else {
            return Ok(());
        };
        let call = &self.host.call().call_id;
        match self.host.records().delete(collection, call, Expectation::Any) {
            Err(error) if error.is_unavailable() => self.cannot(&error, collection),
            removed => removed?,
        }
        Ok(())
    }

    fn cannot(&self, error: &HostError, collection: &str) {
        self.host.log(
            log::Level::Warn,
            "who works on this call cannot be noted; their load counts without it",
            &[("collection", collection), ("code", &error.info().code)],
        );
    }
}
