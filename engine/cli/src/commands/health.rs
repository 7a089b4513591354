//! `dialgraph health`.

use std::process::ExitCode;

use anyhow::Result;
use hyper::Method;
use serde::Serialize;

use dialgraph_api::health::{Health, Readiness};

use crate::args::{HealthArgs, ServerArgs};
use crate::client::{Client, Reply};

/// What came of asking.
#[derive(Serialize)]
#[serde(untagged)]
enum Said {
    Health(Health),
    Readiness(Readiness),
    /// Nobody answered, or something that is no engine.
    Other {
        status: &'static str,
        detail: String,
    },
}

/// Asks and tells.
pub(crate) fn run(args: HealthArgs) -> Result<ExitCode> {
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let server =
        ServerArgs { server: args.server, token: None, ca: args.ca, timeout: Some(args.timeout) };
    let client = Client::new(&server);
    client.is_possible()?;
    let (well, said) = match client.ask(Method::GET, path) {
        Ok(reply) => (reply.status == 200, said(&reply, args.ready)),
        // That nobody answers is what was to be found out.
        Err(error) => (false, Said::Other { status: "no-answer", detail: format!("{error:#}") }),
    };
    if args.json {
        print_json!("{}", serde_json::to_string(&said)?);
    } else {
        println!("{}", words(&said));
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The server's own words, or at least its status.
fn said(reply: &Reply, ready: bool) -> Said {
    let said =
        if ready { reply.read().map(Said::Readiness) } else { reply.read().map(Said::Health) };
    said.unwrap_or_else(|_| Said::Other { status: "other", detail: reply.complaint() })
}

/// One line: the status, and the parts that are not well.
fn words(said: &Said) -> String {
    let (status, reasons) = match said {
        Said::Health(health) => (health.status.as_str(), Vec::new()),
        Said::Readiness(readiness) => {
            let unwell = readiness.parts.iter().filter(|(_, state)| *state != "ok");
            let reasons = unwell.map(|(part, state)| format!("{part}: {state}")).collect();
            (readiness.status.as_str(), reasons)
        }
        Said::Other { status, detail } => (*status, vec![detail.clone()]),
    };
    if reasons.is_empty() { status.to_owned() } else { format!("{status}: {}", reasons.join("; ")) }
}
