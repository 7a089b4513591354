//! Who works on what: a record for each call that is assigned, under the call's id, and one of the
//! ticket desk for each open ticket. How much an engineer has to do is the number of calls that
//! their records name: a call and the tickets that it opened are one piece of work.
//!
//! A count of records, unlike a number that is raised and lowered, is right however often a run is
//! made, however many calls are assigned at once, and whatever process ends in between. The record
//! goes when the contact is over.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use dialgraph_plugin::records::{Expectation, Query, Record, Search};
use dialgraph_plugin::{Host, HostError, NodeError, log};
use plugin_common::fallback::Reader;
use plugin_common::time::rfc3339;
use serde::Serialize;
use serde_json::Value;

use crate::people::Engineer;

/// The field, and the index, by which records are counted.
const ENGINEER: &str = "engineer_id";
/// The field that tells from which call a piece of work comes.
const CALL: &str = "call_id";
/// Records looked at at once.
const PAGE: u32 = 100;
/// Engineers whose calls are counted in one run: each is a request, and a run may make so many of
/// them and no more.
const COUNTED: u32 = 32;

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
    /// Other pieces of work of the engineers who were counted in this run.
    counted: RefCell<BTreeMap<String, u32>>,
    told: Cell<bool>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(host: &'a Host, reader: &'a Reader<'a>, collection: Option<&'a str>) -> Self {
        let (counted, told) = (RefCell::default(), Cell::new(false));
        Self { host, reader, collection, counted, told }
    }

    /// The engineer with the other pieces of work counted that they have; none when so many
    /// engineers were counted in this run that no more can be.
    ///
    /// # Errors
    /// Those of the records.
    pub(crate) fn counted(&self, mut engineer: Engineer) -> Result<Option<Engineer>, NodeError> {
        let Some(collection) = self.collection else { return Ok(Some(engineer)) };
        let known = self.counted.borrow().get(&engineer.id).copied();
        let others = match known {
            Some(others) => others,
            None if self.counted.borrow().len() >= COUNTED as usize => {
                self.tell_once(collection);
                return Ok(None);
            }
            None => {
                let own = self.own();
                let cases = self.cases(collection, &engineer.id)?;
                let others: BTreeSet<&str> =
                    cases.iter().map(call_of).filter(|call| *call != own).collect();
                let others = u32::try_from(others.len()).unwrap_or(u32::MAX);
                self.counted.borrow_mut().insert(engineer.id.clone(), others);
                others
            }
        };
        engineer.load = engineer.own_load.saturating_add(others);
        Ok(Some(engineer))
    }

    /// The key of this call's record.
    fn own(&self) -> &str {
        &self.host.call().call_id
    }

    /// Records of what an engineer works on.
    fn cases(&self, collection: &str, engineer: &str) -> Result<Vec<Record<Value>>, NodeError> {
        let mut search = Search { limit: PAGE, ..Search::new(collection, ENGINEER, [engineer]) };
        let mut cases = Vec::new();
        while let Some(page) = self.reader.search::<Value>(search.clone())? {
            cases.extend(page.hits.into_iter().map(|hit| hit.record));
            search.cursor = page.next;
            if search.cursor.is_none() {
                return Ok(cases);
            }
        }
        let query = Query::new(collection).matching(ENGINEER, engineer).limit(PAGE);
        let page = self.reader.find::<Value>(query)?;
        if page.more {
            self.host.log(
                log::Level::Warn,
                "an engineer works on more than is counted; give the collection the index `engineer_id`",
                &[("collection", collection), ("engineer", engineer)],
            );
        }
        Ok(page.records)
    }

    /// Notes that the engineer works on this call, in place of whoever did. False if other calls
    /// have taken their last place meanwhile: of several at the same moment, the first keeps it.
    ///
    /// # Errors
    /// Those of the records; while they are down, nothing is noted, for the caller does not wait.
    pub(crate) fn take(&self, engineer: &Engineer, limit: Option<u32>) -> Result<bool, NodeError> {
        let Some(collection) = self.collection.filter(|_| !self.reader.is_stale()) else {
            return Ok(true);
        };
        let own = self.own();
        let case =
            Case { engineer_id: &engineer.id, call_id: own, since: rfc3339(self.host.now()) };
        match self.host.records().put(collection, own, &case, Expectation::Any) {
            Err(error) if error.is_unavailable() => {
                self.cannot(&error, collection);
                return Ok(true);
            }
            written => drop(written?),
        }
        let Some(limit) = engineer.limit(limit) else { return Ok(true) };
        // Whoever writes after this sees this record, and this sees all that were written before.
        let cases = self.cases(collection, &engineer.id)?;
        let mut places: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
        for case in &cases {
            let place = (case.updated_at, case.key.as_str());
            let first = places.entry(call_of(case)).or_insert(place);
            *first = place.min(*first);
        }
        let Some(mine) = places.get(own) else { return Ok(true) };
        let before = places.values().filter(|place| *place < mine).count();
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        Ok(engineer.own_load.saturating_add(before) < limit)
    }

    /// Nobody works on this call. While records are down, whoever did goes on to.
    pub(crate) fn nobody(&self) {
        let Some(collection) = self.collection.filter(|_| !self.reader.is_stale()) else { return };
        if let Err(error) = self.host.records().delete(collection, self.own(), Expectation::Any) {
            self.cannot(&error, collection);
        }
    }

    fn cannot(&self, error: &HostError, collection: &str) {
        self.host.log(
            log::Level::Warn,
            "who works on this call cannot be noted",
            &[("collection", collection), ("code", &error.info().code)],
        );
    }

    fn tell_once(&self, collection: &str) {
        if !self.told.replace(true) {
            self.host.log(
                log::Level::Warn,
                "more engineers could take the call than can be counted; the rest is passed over",
                &[("collection", collection), ("counted", &COUNTED.to_string())],
            );
        }
    }
}

/// The call that a piece of work comes from; without one, it is a piece by itself.
fn call_of(case: &Record<Value>) -> &str {
    case.data.get(CALL).and_then(Value::as_str).unwrap_or(&case.key)
}
