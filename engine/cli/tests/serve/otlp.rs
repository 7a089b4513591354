//! Spans at an OpenTelemetry collector.
//!
//! The collector is a STAND-IN: a socket of this machine that takes OTLP over HTTP as the protocol
//! says (`POST /v1/traces`, `application/x-protobuf`, an `ExportTraceServiceRequest`), with the
//! protocol's own messages to read it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::{Value, json};

use crate::desk::{Desk, Pace};
use crate::operations::said;
use crate::server::Site;

/// A collector's stand-in; it works as long as the test.
struct Collector {
    url: String,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bodies = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let shared = bodies.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let bodies = shared.clone();
                std::thread::spawn(move || take(stream, &bodies));
            }
        });
        Self { url, bodies }
    }

    fn bytes(&self) -> Vec<u8> {
        self.bodies.lock().unwrap().concat()
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let bodies = self.bodies.lock().unwrap();
        bodies
            .iter()
            .map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap())
            .collect()
    }

    fn spans(&self) -> Vec<Span> {
        self.requests()
            .into_iter()
            .flat_map(|request| request.resource_spans)
            .flat_map(|of_resource| of_resource.scope_spans)
            .flat_map(|of_scope| of_scope.spans)
            .collect()
    }
}

/// Takes the requests of one connection.
fn take(stream: TcpStream, bodies: &Mutex<Vec<Vec<u8>>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_ascii_lowercase());
        }
        let header = |name: &str| {
            head.iter().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim().to_owned()
        };
        let mut body = vec![0; header("content-length:").parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let sound = head[0] == "post /v1/traces http/1.1"
            && header("content-type:") == "application/x-protobuf";
        let status = if sound { "200 OK" } else { "400 Bad Request" };
        if sound {
            bodies.lock().unwrap().push(body);
        }
        // The protocol's answer to a whole success is a message without fields: no bytes.
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"
        )
        .unwrap();
    }
}

fn attributes(of: &[KeyValue]) -> BTreeMap<String, Value> {
    let value = |pair: &KeyValue| match pair.value.as_ref().and_then(|any| any.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => json!(text),
        Some(any_value::Value::IntValue(number)) => json!(number),
        Some(any_value::Value::BoolValue(yes)) => json!(yes),
        other => panic!("{other:?}"),
    };
    of.iter().map(|pair| (pair.key.clone(), value(pair))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

#[test]
fn a_collector_gets_each_turn_with_its_nodes_in_the_callers_trace_and_nothing_private() {
    let collector = Collector::start();
    let desk = Desk::start(Pace::After(Duration::ZERO));
    let server = Site::desk(desk.url(), "20s")
        .set("DIALGRAPH_OTLP__ENDPOINT", &collector.url)
        // The log's level is of no account.
        .set("DIALGRAPH_LOG__LEVEL", "error")
        .start();
    server.call("c-1", json!({"from": "+821000000101", "channel": "voice"}));
    let mut event = said("The marigold printer burns");
    event["turn"] = json!(1);
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let headers = [("content-type", "application/json"), ("traceparent", traceparent.as_str())];
    let path = "/v1/calls/c-1/turns";
    let reply = server.request("POST", path, &headers, event.to_string().as_bytes());
    assert_eq!(reply.json()["status"], "ended", "{reply:?}");
    server.call("c-2", json!({"flow": "pin", "channel": "voice"}));
    server.event("c-2", 1, json!({"event": "pressed", "keys": "8352"}));
    server.terminate();
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");

    let spans = collector.spans();
    let turns: Vec<&Span> = spans.iter().filter(|span| span.name == "turn").collect();
    assert_eq!(turns.len(), 4, "every turn arrived before the end: {spans:?}");
    let turn = turns.iter().find(|turn| hex(&turn.trace_id) == TRACE).unwrap();
    assert_eq!(hex(&turn.parent_span_id), PARENT);
    let of_turn = attributes(&turn.attributes);
    assert_eq!((&of_turn["call"], &of_turn["turn"]), (&json!("c-1"), &json!(2)));
    assert_eq!((&of_turn["outcome"], &of_turn["then"]), (&json!("answered"), &json!("hang_up")));
    let mut nodes: Vec<&Span> = spans
        .iter()
        .filter(|span| span.name == "node" && span.parent_span_id == turn.span_id)
        .collect();
    nodes.sort_by_key(|node| node.start_time_unix_nano);
    let walked: Vec<String> = nodes
        .iter()
        .map(|node| {
            assert!(node.start_time_unix_nano >= turn.start_time_unix_nano);
            assert!(node.end_time_unix_nano <= turn.end_time_unix_nano);
            assert_eq!(hex(&node.trace_id), TRACE);
            let of = attributes(&node.attributes);
            let word = |key: &str| of.get(key).map_or("-", |value| value.as_str().unwrap());
            format!("{} {}/{} by {}", word("kind"), word("flow"), word("node"), word("port"))
        })
        .collect();
    assert_eq!(
        walked,
        [
            "ask desk/ask by said",
            "use desk/ticket by created",
            "say desk/told by -",
            "end desk/done by -",
            "use wrapup/log by logged",
            "end wrapup/done by -",
        ]
    );
    let run = spans.iter().find(|span| span.name == "plugin").unwrap();
    assert!(nodes.iter().any(|node| node.span_id == run.parent_span_id));

    let requests = collector.requests();
    let resource = requests[0].resource_spans[0].resource.as_ref().unwrap();
    let resource = attributes(&resource.attributes);
    assert_eq!(resource["service.name"], "dialgraph");
    let bytes = collector.bytes();
    for secret in ["marigold", "printer", "8352", "821000000101", "s3cret", "Your ticket"] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is in {spans:?}");
    }
}

#[test]
fn the_standards_own_variables_name_collector_and_service() {
    let collector = Collector::start();
    let server = Site::desk("http://127.0.0.1:9", "1s")
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .set("OTEL_SERVICE_NAME", "front-desk")
        .start();
    server.call("c-1", json!({}));
    server.terminate();
    assert_eq!(server.ended().0, Some(0));
    assert!(collector.spans().iter().any(|span| span.name == "turn"));
    let requests = collector.requests();
    let resource = requests[0].resource_spans[0].resource.as_ref().unwrap();
    assert_eq!(attributes(&resource.attributes)["service.name"], "front-desk");
}

#[test]
fn a_collector_that_is_gone_hinders_neither_turns_nor_the_end() {
    // Nobody listens there.
    let port = 1;
    let server = Site::desk("http://127.0.0.1:9", "1s")
        .set("DIALGRAPH_OTLP__ENDPOINT", &format!("http://127.0.0.1:{port}"))
        .start();
    assert_eq!(server.call("c-1", json!({}))["turn"], 1);
    server.terminate();
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn an_endpoint_that_is_no_url_is_refused_with_the_key_that_names_it() {
    let site =
        Site::desk("http://127.0.0.1:9", "1s").set("DIALGRAPH_OTLP__ENDPOINT", "collector:4318");
    let log = site.try_start().expect_err("it is no URL");
    assert!(log.contains("otlp.endpoint: `collector:4318/v1/traces` is no"), "{log}");
}
