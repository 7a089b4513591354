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

/// Whose turn it is.
#[expect(clippy::large_enum_variant, reason = "there is one, and it is taken apart at once")]
pub(crate) enum Turned {
    /// Theirs; none: nobody takes the call.
    To(Option<Engineer>),
    /// Nobody knows: turns cannot be read or kept now.
    NotKept,
}

/// The next engineer after the one whose turn it was who takes the call; `engineers` are in the
/// order of their ids.
pub(crate) fn next(
    host: &Host,
    collection: &str,
    engineers: &[Engineer],
    takes: impl Fn(&Engineer) -> Result<Option<Engineer>, NodeError>,
) -> Result<Turned, NodeError> {
    for _ in 0..ATTEMPTS {
        let turn = match host.records().get::<Turn>(collection, KEY, Source::Current) {
            Err(error) if error.is_unavailable() => return Ok(without(host, &error)),
            other => other?,
        };
        let last = turn.as_ref().map_or("", |turn| turn.data.last.as_str());
        let after = engineers.partition_point(|engineer| engineer.id.as_str() <= last);
        let (before, after) = engineers.split_at(after);
        let Some(next) = first(after.iter().chain(before), &takes)? else {
            return Ok(Turned::To(None));
        };
        let expect =
            turn.as_ref().map_or(Expectation::Absent, |turn| Expectation::Version(turn.version));
        match host.records().put(collection, KEY, &Turn { last: next.id.clone() }, expect) {
            Ok(_) => return Ok(Turned::To(Some(next))),
            Err(HostError::Denied(info)) if info.code == "conflict" => {}
            Err(error) if error.is_unavailable() => return Ok(without(host, &error)),
            Err(error) => return Err(error.into()),
        }
    }
    host.log(
        log::Level::Warn,
        "other calls took the turn again and again; the first engineer is taken out of turn",
        &[("collection", collection)],
    );
    Ok(Turned::To(first(engineers.iter(), &takes)?))
}

/// The first who takes the call.
fn first<'e>(
    engineers: impl Iterator<Item = &'e Engineer>,
    takes: impl Fn(&Engineer) -> Result<Option<Engineer>, NodeError>,
) -> Result<Option<Engineer>, NodeError> {
    for engineer in engineers {
        if let Some(engineer) = takes(engineer)? {
            return Ok(Some(engineer));
        }
    }
    Ok(None)
}

/// The order is a matter of fairness; a caller does not wait for it.
fn without(host: &Host, error: &HostError) -> Turned {
    host.log(
        log::Level::Warn,
        "the turn cannot be remembered; the least loaded engineer is taken",
        &[("code", &error.info().code)],
    );
    Turned::NotKept
}
