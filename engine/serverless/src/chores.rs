//! What a server does by itself now and then, done here when a schedule asks for it.
//!
//! The schedule is a rule of Amazon EventBridge, once a minute. Without it calls whose caller hung up unnoticed stay open,
//! are never logged, and hold their release; nothing else depends on it.

use std::sync::Arc;

use dialgraph_lambda::bridge::Bridge;
use dialgraph_lambda::function::Chores;
use dialgraph_server::reaper;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::within::Engine;

/// Larger is no event of a schedule.
const MOST_BYTES: usize = 4096;

/// The chores of one function.
#[derive(Debug, Clone)]
pub struct Scheduled(pub Arc<Bridge<Engine>>);

impl Chores for Scheduled {
    async fn take(&self, event: &RawValue) -> Option<Value> {
        if !is_schedule(event.get()) {
            return None;
        }
        Some(match look_after(self.0.engine()).await {
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
async fn look_after(engine: &Engine) -> Result<Value, String> {
    let app = engine.app().await.map_err(|why| why.to_string())?;
    let round = reaper::round(&app).await.map_err(|error| error.to_string())?;
    let mut gone = Vec::new();
    if let Some(deploy) = &app.deploy {
        let tick = deploy.tick().await.map_err(|error| error.to_string())?;
        gone.extend(tick.gone.iter().map(ToString::to_string));
    }
    Ok(json!({"open_calls": round.open, "ended_calls": round.ended, "releases_let_go": gone}))
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
