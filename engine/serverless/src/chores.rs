//! What a server does by itself now and then, done here when a schedule asks for it.
//!
//! The schedule is a rule of Amazon EventBridge, once a minute. Without it calls whose caller hung
//! up unnoticed stay open, are never logged, and hold their release; nothing else depends on it.

use std::sync::Arc;
use std::time::Duration;

use dialgraph_lambda::bridge::Bridge;
use dialgraph_lambda::function::Chores;
use dialgraph_server::desk;
use dialgraph_server::reaper::{self, Round};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::within::EmbeddedEngine;

/// What the record of a call may take whose caller is gone: no further one is begun later.
const HANG_UP: Duration = Duration::from_secs(3);

/// Larger is no event of a schedule.
const MOST_BYTES: usize = 4096;

/// The chores of one function.
#[derive(Debug, Clone)]
pub struct Scheduled(pub Arc<Bridge<EmbeddedEngine>>);

impl Chores for Scheduled {
    async fn take(&self, event: &RawValue, deadline: Instant) -> Option<Value> {
        if !is_schedule(event.get()) {
            return None;
        }
        // Lambda would end the whole environment, with all that it remembers. A record that is
        // being made when time is up goes on with the next invocation; the look for releases is
        // made again.
        let done = timeout_at(deadline, look_after(self.0.engine(), deadline)).await;
        let done = done.unwrap_or_else(|_| Err("it takes longer than an invocation".to_owned()));
        Some(match done {
            Ok(done) => done,
            Err(error) => {
                tracing::error!(%error, "the scheduled round could not be made");
                json!({"error": error})
            }
        })
    }
}

/// Whether this is what EventBridge sends on a schedule.
fn is_schedule(event: &str) -> bool {
    if event.len() > MOST_BYTES {
        return false;
    }
    let Ok(event) = serde_json::from_str::<Value>(event) else { return false };
    event["source"] == "aws.events" && event["detail-type"] == "Scheduled Event"
}

/// Ends calls whose caller is gone, judges a canary, and lets go of releases without calls.
async fn look_after(engine: &EmbeddedEngine, deadline: Instant) -> Result<Value, String> {
    let app = engine.app().await.map_err(|why| why.to_string())?;
    let tick = match &app.deploy {
        Some(deploy) => deploy.tick().await.map(Some),
        None => Ok(None),
    };
    // Callers are gone whether or not releases could be looked at, and the other way round.
    let until = deadline.checked_sub(HANG_UP).unwrap_or(deadline);
    let round = reaper::round(&app, Some(until.into_std()));
    let round = round.await;
    // What goes on behind an answer stands still with the environment. What has no time left is run
    // by a later round.
    let _ = timeout_at(until, app.turns.after_done()).await;
    if let Err(error) = desk::round(&app, Some(until.into_std())).await {
        tracing::warn!(%error, "reports of tickets could not be looked for");
    }
    let tick = tick.map_err(|error| error.to_string())?;
    let Round { open, ended, broken_off } = round.map_err(|error| error.to_string())?;
    let gone: Vec<String> =
        tick.iter().flat_map(|tick| tick.gone.iter().map(ToString::to_string)).collect();
    Ok(json!({
        "open_calls": open, "ended_calls": ended, "broken_off": broken_off, "releases_let_go": gone,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_told_from_connect_and_lex() {
        // As the EventBridge user guide shows the event of a schedule.
        let schedule = r#"{"version":"0","id":"53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa","detail-type":"Scheduled Event",
            "source":"aws.events","account":"111122223333","time":"2026-10-08T16:53:06Z","region":"us-east-1",
            "resources":["arn:aws:events:us-east-1:111122223333:rule/round"],"detail":{}}"#;
        assert!(is_schedule(schedule));
        for other in [
            r#"{"Name":"ContactFlowEvent","Details":{"ContactData":{},"Parameters":{"source":"aws.events"}}}"#,
            r#"{"source":"aws.events"}"#,
            "null",
            "[",
        ] {
            assert!(!is_schedule(other), "{other}");
        }
    }
}
