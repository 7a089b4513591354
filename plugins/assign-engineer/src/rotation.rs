//! Taking turns.
//!
//! Whose turn it was is a record of its own, written only if nobody else has written it since it
//! was read: two calls at once get two engineers.

use dialgraph_plugin::records::{Expectation, Source};
use dialgraph_plugin::{Host, HostError, NodeError, log};
use serde::{Deserialize, Serialize};

use crate::people::Engineer;

/// Key of the record.
const KEY: &str = "general";
/// So often another call may come between reading and writing.
const ATTEMPTS: u32 = 5;

#[derive(Debug, Serialize, Deserialize)]
struct Turn {
    /// Id of the engineer whose turn it was.
    last: String,
}

/// The engineer after the one whose turn it was; `engineers` are in the order of their ids.
pub(crate) fn next(
    host: &Host,
    collection: &str,
    engineers: Vec<Engineer>,
) -> Result<Option<Engineer>, NodeError> {
    if engineers.is_empty() {
        return Ok(None);
    }
    for _ in 0..ATTEMPTS {
        let turn = match host.records().get::<Turn>(collection, KEY, Source::Current) {
            Err(error) if error.is_unavailable() => return Ok(without(host, &error, engineers)),
            other => other?,
        };
        let last = turn.as_ref().map_or("", |turn| turn.data.last.as_str());
        let next = engineers.iter().find(|engineer| engineer.id.as_str() > last);
        let Some(next) = next.or_else(|| engineers.first()) else { return Ok(None) };
        let expect =
            turn.as_ref().map_or(Expectation::Absent, |turn| Expectation::Version(turn.version));
        match host.records().put(collection, KEY, &Turn { last: next.id.clone() }, expect) {
            Ok(_) => return Ok(Some(next.clone())),
            Err(HostError::Denied(info)) if info.code == "conflict" => {}
            Err(error) if error.is_unavailable() => return Ok(without(host, &error, engineers)),
            Err(error) => return Err(error.into()),
        }
    }
    host.log(
        log::Level::Warn,
        "other calls took the turn again and again; the first engineer is taken out of turn",
        &[("collection", collection)],
    );
    Ok(engineers.into_iter().next())
}

/// The order is a matter of fairness; a caller does not wait for it.
fn without(host: &Host, error: &HostError, engineers: Vec<Engineer>) -> Option<Engineer> {
    host.log(
        log::Level::Warn,
        "the turn cannot be remembered; the least loaded engineer is taken",
        &[("code", &error.info().code)],
    );
    engineers.into_iter().min_by(|a, b| (a.load, &a.id).cmp(&(b.load, &b.id)))
}
