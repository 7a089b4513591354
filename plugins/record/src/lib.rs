//! `record`: reads, finds, stores, counts and removes records of a collection, without a line of
//! Rust.
//!
//! Why it exists: most integrations are "look this up" and "keep that". A flow should not need a
//! plugin of its own for them.
//!
//! Invariants: what the flow knows comes under `with`, what never changes stands in `config`; a
//! write happens once however often the run is made, and only while the record is as it was
//! expected; no error names a key or a value, which may be a caller's. It must not know what any
//! collection holds.

mod given;
mod plan;
mod steps;
#[cfg(test)]
mod tests;

use dialgraph_plugin::prelude::*;
use serde_json::{Map, Value};

use crate::given::Input;
use crate::plan::Plan;

/// What to do, and in which collection.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `get` reads the record with a key, `find` those whose fields match, `put` stores one,
    /// `increment` counts one of its fields up or down, `delete` removes it.
    #[serde(rename = "do")]
    action: Action,
    /// Name of the collection.
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = {
        "do": {
            "get": "read",
            "find": "read",
            "put": "write",
            "increment": "read-write",
            "delete": "write"
        },
        // Laying over reads what is there, and a conflict gives back the record that is in the way.
        "merge": {"true": "read"},
        "expect": {"absent": "read", "version": "read"}
    }))]
    collection: String,
    /// `get` and `find`: what to do while the system of record is down. Left out: `fail`.
    #[serde(default)]
    when_down: Option<WhenDown>,
    /// `find`: at most so many records. Left out: 10.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
    /// `put`: what the flow gives is laid over the record that is there (RFC 7396: a null removes a
    /// field). Left out: it takes the record's place.
    #[serde(default)]
    merge: Option<bool>,
    /// `put`, `increment` and `delete`: what must be there for the write to happen. Left out:
    /// `any`. `absent` (only `put`): no record; `version`: the version that the flow gives, 0 for
    /// no record.
    #[serde(default)]
    expect: Option<Expect>,
    /// `increment`: the field that is counted; `a.b` reaches into nested objects.
    #[serde(default)]
    field: Option<String>,
    /// `increment`: how much is added, unless the flow gives `by`; less than 0 takes away. Left
    /// out: 1.
    #[serde(default)]
    by: Option<i64>,
    /// `increment`: the field is not taken below this number.
    #[serde(default)]
    least: Option<i64>,
    /// `increment`: the field is not taken above this number.
    #[serde(default)]
    most: Option<i64>,
    /// `increment`: where there is no record, one is made. Left out: false.
    #[serde(default)]
    create: Option<bool>,
    /// `increment`, and `put` with `merge`: how often it is tried when others write the record at
    /// the same time. Left out: 5.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10))]
    attempts: Option<u32>,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Get,
    Find,
    Put,
    Increment,
    Delete,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Find => "find",
            Self::Put => "put",
            Self::Increment => "increment",
            Self::Delete => "delete",
        }
    }
}

/// What happens while the system of record is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenDown {
    Fail,
    LastKnown,
}

/// What must be there for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    Any,
    Absent,
    Version,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    Found,
    Saved,
    Deleted,
    NotFound,
    Conflict,
    Limit,
}

/// What came of it, and the record as it is now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// `found`, `saved` or `deleted` on port `done`; `not_found`, `conflict` (the record is not as
    /// expected) or `limit` (the number would leave its bounds) on port `not_done`.
    outcome: Became,
    /// Key of the record; after `find`, of the first one.
    key: Option<String>,
    /// The record's fields; after `find`, those of the first one; empty where there is none.
    record: Map<String, Value>,
    /// Grows with every write, from 1; 0 where there is no record.
    version: u64,
    /// After `increment`: the number in the field now.
    value: Option<i64>,
    /// After `find`: those that were found, in the order of their keys, as many as are 56 KiB with
    /// the first one.
    records: Vec<Found>,
    /// How many were found.
    count: usize,
    /// After `find`: more match than `limit`.
    more: bool,
    /// The system of record is down, and this is what was last known of it.
    stale: bool,
}

/// One of the records that were found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Found {
    key: String,
    version: u64,
    /// Its fields.
    record: Map<String, Value>,
}

impl Output {
    /// There is no record, or nothing is to be said of it.
    fn none(became: Became) -> Self {
        Self {
            outcome: became,
            key: None,
            record: Map::new(),
            version: 0,
            value: None,
            records: Vec::new(),
            count: 0,
            more: false,
            stale: false,
        }
    }
}

/// The plugin.
#[derive(Debug)]
pub struct Record;

const DONE: Port = Port::new("done", "The record was found, saved, counted or removed.");
const NOT_DONE: Port = Port::new(
    "not_done",
    "There is no such record, or it is not as it was expected; `output.outcome` says which, and nothing was written.",
);

impl Node for Record {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = ();
    const DESCRIPTOR: Descriptor = Descriptor {
        name: "record",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Reads, finds, stores, counts or removes a record of a collection.",
        ports: &[DONE, NOT_DONE],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(config: &Config, check: &mut Check<'_>) {
        Plan::read(config, &mut |at, what, hint| {
            check.error(at, what).hint(hint);
        });
    }

    fn run(host: &Host, visit: Visit<Config, Input, ()>) -> Result<Outcome<(), Output>, NodeError> {
        let mut first = None;
        let plan = Plan::read(&visit.config, &mut |at, what, _| {
            first
                .get_or_insert_with(|| format!("config: `{}`: {what}", at.trim_start_matches('/')));
        });
        if let Some(what) = first {
            return Err(NodeError::bad_config("bad-config", what));
        }
        let output = plan.follow(host, &visit.config.collection, &visit.input)?;
        let port = match output.outcome {
            Became::Found | Became::Saved | Became::Deleted => DONE,
            Became::NotFound | Became::Conflict | Became::Limit => NOT_DONE,
        };
        Ok(Done::new(port, output).into())
    }
}

dialgraph_plugin::export!(Record);
