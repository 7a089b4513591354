//! `http-request`: asks a server by HTTP, with JSON in and out, without a line of Rust.
//!
//! Why it exists: most systems that a flow must talk to have an API of a few URLs. A flow should
//! not need a plugin of its own for each.
//!
//! Invariants: host, method and the shape of the path are the designer's alone; what a flow gives
//! is encoded, so that nothing a caller says leads elsewhere; a secret never enters the plugin; all
//! tries of one visit carry one idempotency key; no error repeats what the flow gave or what the
//! server said. It must not know any server.

mod answer;
mod body;
mod config;
mod given;
mod headers;
mod path;
mod template;
#[cfg(test)]
mod tests;

use dialgraph_plugin::http::{Request, Response};
use dialgraph_plugin::prelude::*;
use plugin_common::web::host_of;

use crate::answer::Output;
use crate::config::Config;
use crate::given::Input;

/// Bytes of a request's body.
const BODY_BYTES: usize = 48 << 10;

/// The plugin.
#[derive(Debug)]
pub struct HttpRequest;

const OK: Port = Port::new("ok", "The server did it; `output` has what `take` names.");
const NOT_FOUND: Port = Port::new("not_found", "The server has no such thing (404, 410).");
const REFUSED: Port = Port::new(
    "refused",
    "The server understood and will not do it (400, 409, 422 and the like); `output.status` says why.",
);

impl Node for HttpRequest {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = ();
    const DESCRIPTOR: Descriptor = Descriptor {
        name: "http-request",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Asks a server by HTTP, with JSON in and out.",
        ports: &[OK, NOT_FOUND, REFUSED],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(config: &Config, check: &mut Check<'_>) {
        config.look_over(&mut |at, what, hint| {
            check.error(at, what).hint(hint);
        });
    }

    fn run(host: &Host, visit: Visit<Config, Input, ()>) -> Result<Outcome<(), Output>, NodeError> {
        let config = visit.config;
        let mut first = None;
        config.look_over(&mut |at, what, _| {
            first
                .get_or_insert_with(|| format!("config: `{}`: {what}", at.trim_start_matches('/')));
        });
        if let Some(what) = first {
            return Err(NodeError::bad_config("bad-config", what));
        }
        let request = config.request(host, &visit.input)?;
        let response = send(host, &config, &request)?;
        let server = host_of(&config.base_url).unwrap_or_default();
        Ok(config.done(&response, server)?.into())
    }
}

/// Sends the request, and again as often as the configuration allows.
fn send(host: &Host, config: &Config, request: &Request) -> Result<Response, NodeError> {
    let times = config.retry.as_ref().map_or(0, |retry| retry.times);
    for _ in 0..times {
        let answer = host.send(request);
        let again = match &answer {
            Ok(response) => config.retries_status(response.status),
            Err(error) => error.is_unavailable() && config.retries_connection(),
        };
        if !again {
            return Ok(answer?);
        }
    }
    Ok(host.send(request)?)
}

dialgraph_plugin::export!(HttpRequest);
