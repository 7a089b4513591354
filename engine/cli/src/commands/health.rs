//! `dialgraph health`.

use std::process::ExitCode;

use anyhow::Result;
use hyper::Method;
use serde_json::{Value, json};

use crate::args::{HealthArgs, ServerArgs};
use crate::client::{Client, Reply};

/// Asks and tells.
pub(crate) fn run(args: HealthArgs) -> Result<ExitCode> {
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let server =
        ServerArgs { server: args.server, token: None, ca: args.ca, timeout: args.timeout };
    let client = Client::new(&server);
    client.is_possible()?;
    let (well, said) = match client.ask(Method::GET, path, None) {
        Ok(reply) => (reply.status == 200, said(&reply)),
        // That nobody answers is what was to be found out.
        Err(error) => (false, json!({"status": "no-answer", "detail": format!("{error:#}")})),
    };
    if args.json {
        println!("{said}");
    } else {
        println!("{}", words(&said));
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The server's own words, or at least its status.
fn said(reply: &Reply) -> Value {
    let body = reply.json().ok().filter(|body| body["status"].is_string());
    body.unwrap_or_else(|| json!({"status": "other", "detail": reply.complaint()}))
}

/// One line: the status, and the parts that are not well.
fn words(said: &Value) -> String {
    let mut line = said["status"].as_str().unwrap_or_default().to_owned();
    let parts = said["parts"].as_object().into_iter().flatten();
    let unwell = parts.filter(|(_, state)| *state != "ok");
    let mut reasons: Vec<String> =
        unwell.map(|(part, state)| format!("{part}: {}", state.as_str().unwrap_or("?"))).collect();
    reasons.extend(said["detail"].as_str().map(str::to_owned));
    if !reasons.is_empty() {
        line.push_str(": ");
        line.push_str(&reasons.join("; "));
    }
    line
}
