//! `call-log`: keeps a record of every call, however it ended.
//!
//! Why it exists: a contact centre must be able to say who called, when, what became of it and who
//! took it.
//!
//! Invariants: one record a call, under the call's id, so that writing it again changes nothing
//! else. What it is not told it leaves out. It must not know which flows there are.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use dialgraph_plugin::prelude::*;
use dialgraph_plugin::records::Expectation;
use plugin_common::text::{known, shortened};
use plugin_common::time::{parse_rfc3339, rfc3339};
use serde_json::Value;

/// Where calls are logged.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the collection.
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = "write"))]
    collection: String,
}

/// What the flow knows of the call. Empty texts count as left out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What became of the call; usually `call.disposition`.
    resolution: String,
    /// The nodes that it passed; usually `call.path`.
    #[serde(default)]
    path: Vec<String>,
    /// Id of the customer.
    #[serde(default)]
    customer_id: Option<String>,
    /// The caller's number; left out: the number of the call.
    #[serde(default)]
    phone_number: Option<String>,
    /// Id of the person who took or takes care of it.
    #[serde(default)]
    assigned_to: Option<String>,
    /// The queue that it went to.
    #[serde(default)]
    queue: Option<String>,
    /// Id of its ticket.
    #[serde(default)]
    ticket_id: Option<String>,
    /// Anything for a person to read; kept to 4,000 characters.
    #[serde(default)]
    notes: Option<String>,
    /// Anything for a program to read, such as `intent`, by name.
    #[serde(default)]
    details: BTreeMap<String, Value>,
    /// When the contact was over, in RFC 3339 and UTC; usually `call.ended_at` in an `after` flow.
    /// Left out: now.
    #[serde(default)]
    ended_at: Option<String>,
    /// How that is known: `flow`, `channel` or `limit`; usually `call.ended_by`.
    #[serde(default)]
    ended_by: Option<String>,
    /// Seconds for which the caller waited for an agent; usually `call.waited`.
    #[serde(default)]
    waited_seconds: Option<f64>,
    /// Whether an agent answered; usually `call.answered`.
    #[serde(default)]
    answered: Option<bool>,
    /// The agent who answered, as the channel names agents; usually `call.agent`.
    #[serde(default)]
    answered_by: Option<String>,
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// Key of the record: the call's id.
    key: String,
    /// Version of the record; more than 1 when the call had been logged before.
    version: u64,
}

/// The record, as it is stored.
#[derive(Debug, Serialize)]
struct CallLog<'a> {
    call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<&'a str>,
    phone_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dialed_number: Option<&'a str>,
    channel: &'a str,
    locale: &'a str,
    call_start_time: String,
    call_end_time: String,
    duration_seconds: u64,
    flow_path: Vec<String>,
    resolution: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    details: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waited_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_by: Option<&'a str>,
}

/// The plugin.
#[derive(Debug)]
pub struct CallLogger;

const LOGGED: Port = Port::new("logged", "The call is in the collection.");

/// A path longer than this keeps its beginning and its end.
const PATH_START: usize = 100;
const PATH_END: usize = 300;
const NOTES: usize = 4_000;

impl Node for CallLogger {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = ();
    const DESCRIPTOR: Descriptor = Descriptor {
        name: "call-log",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Keeps a record of the call.",
        ports: &[LOGGED],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn run(host: &Host, visit: Visit<Config, Input, ()>) -> Result<Outcome<(), Output>, NodeError> {
        let input = visit.input;
        let call = host.call();
        let ended_at = match known(input.ended_at.as_deref()) {
            Some(text) => parse_rfc3339(text).ok_or_else(|| {
                let message = format!(
                    "`ended_at` is `{text}`; a time such as 2026-11-20T01:00:00Z is wanted"
                );
                NodeError::other("bad-time", message)
            })?,
            None => host.now(),
        };
        let record = CallLog {
            call_id: &call.call_id,
            customer_id: known(input.customer_id.as_deref()),
            phone_number: known(input.phone_number.as_deref()).or(call.caller.as_deref()),
            dialed_number: call.dialed.as_deref(),
            channel: &call.channel,
            locale: &call.locale,
            call_start_time: rfc3339(call.started_at),
            call_end_time: rfc3339(ended_at),
            duration_seconds: ended_at.saturating_sub(call.started_at) / 1_000,
            flow_path: bounded(input.path),
            resolution: known(Some(&input.resolution)).unwrap_or("unknown"),
            queue: known(input.queue.as_deref()),
            assigned_to: known(input.assigned_to.as_deref()),
            ticket_id: known(input.ticket_id.as_deref()),
            notes: known(input.notes.as_deref()).map(|notes| shortened(notes, NOTES)),
            details: input.details,
            ended_by: known(input.ended_by.as_deref()),
            // Negative and not a number are no time that anybody waits.
            waited_seconds: input
                .waited_seconds
                .filter(|seconds| *seconds >= 0.0)
                .map(|s| s as u64),
            answered: input.answered,
            answered_by: known(input.answered_by.as_deref()),
        };
        let version = host.records().put(
            &visit.config.collection,
            &call.call_id,
            &record,
            Expectation::Any,
        )?;
        Ok(Done::new(LOGGED, Output { key: call.call_id.clone(), version }).into())
    }
}

/// The path with its middle left out where it is too long to be stored.
fn bounded(mut path: Vec<String>) -> Vec<String> {
    let surplus = path.len().saturating_sub(PATH_START + PATH_END);
    if surplus > 0 {
        let gap = format!("… {surplus} nodes …");
        path.splice(PATH_START..PATH_START + surplus, [gap]);
    }
    path
}

dialgraph_plugin::export!(CallLogger);
