//! `http-request`, as the component that is shipped, with the engine's own HTTP client, against a
//! server on a socket of this machine.

#![allow(clippy::expect_used, reason = "a helper of a test fails with it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use dialgraph_base::Timestamp;
use dialgraph_kernel::plugin::{Failure, RunResult};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostResult};
use dialgraph_kernel::provider::{Caller, Http, Secrets};
use dialgraph_local::http::{AllowedHosts, HttpClient};
use dialgraph_local::secrets::LocalSecrets;
use serde_json::{Value, json};

use crate::components::{Visit, done, load};
use crate::zendesk::{Manner, Zendesk as Server};

const PLUGIN: &str = "http-request";

/// The engine's HTTP client and secrets, which may call `granted`. What a host call was answered is
/// kept, as the journal keeps it, so that a run made again asks nobody twice.
fn world(granted: &str) -> impl Fn(&HostCall) -> HostResult + Send + Sync + 'static {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("threads can be had");
    let token = ("DIALGRAPH_SECRET_ORDERS_TOKEN".to_owned(), "s3cret".to_owned());
    let secrets = Arc::new(LocalSecrets::new(None, [token]));
    let pattern = granted.parse().expect("an address is a pattern");
    let hosts = AllowedHosts::new(BTreeMap::from([(PLUGIN.to_owned(), vec![pattern])]));
    let client = HttpClient::new(hosts, Arc::clone(&secrets) as _, None).expect("no roots to read");
    let caller = Caller {
        call_id: "call-1".into(),
        release: dialgraph_base::Digest::of(b"no release"),
        locale: "ko-KR".into(),
        plugin: PLUGIN.into(),
        now: Timestamp(0),
        idempotency_key: "call-1/1/2".into(),
    };
    let journal: Mutex<Vec<(HostCall, HostResult)>> = Mutex::default();
    move |call| {
        let mut journal = journal.lock().expect("no host call has panicked");
        if let Some((_, result)) = journal.iter().find(|(known, _)| known == call) {
            return result.clone();
        }
        let result = match call {
            HostCall::SecretsOpen(secret) => runtime
                .block_on(secrets.open(&caller, &secret.name))
                .map(|()| HostAnswer::SecretsOpen),
            HostCall::HttpSend(request) => {
                runtime.block_on(client.send(&caller, request)).map(HostAnswer::HttpSend)
            }
            other => panic!("{other:?}"),
        };
        journal.push((call.clone(), result.clone()));
        result
    }
}

fn visit(server: &Server, config: Value, input: Value) -> Visit {
    let plugin = load(PLUGIN, &["http", "secrets"]);
    let mut with = config;
    with["base_url"] = json!(server.url());
    Visit::new(&plugin, with, world(&server.url())).input(input)
}

fn failed(manner: Manner, config: Value) -> Failure {
    let server = Server::start(manner);
    let RunResult::Failed(failure) = visit(&server, config, json!({})).enter() else {
        panic!("an error was expected")
    };
    failure
}

#[test]
fn a_request_goes_out_as_it_is_written_and_its_answer_comes_back() {
    let answer = r#"{"order": {"status": "sent", "lines": [{"id": 7}]}}"#;
    let server = Server::start(Manner::Answers(
        201,
        vec![("content-type", "application/json; charset=utf-8")],
        answer,
    ));
    let config = json!({
        "method": "POST",
        "path": "/v1/customers/{customer}/orders",
        "query": {"locale": "{locale}", "note": "{none}"},
        "headers": {"authorization": {"secret": "orders-token"}, "x-channel": "{channel}"},
        "body": {"lines": "{lines}", "note": "from {customer}"},
        "take": {"state": "/order/status", "line": "/order/lines/0/id", "gone": "/order/gone"},
    });
    let input = json!({
        "customer": "(주)푸른별/../a?b", "locale": "ko KR&x=1", "channel": "voice", "lines": [1, 2], "none": null,
    });
    let RunResult::Failed(failure) = visit(&server, config.clone(), input).enter() else {
        panic!("an error was expected")
    };
    assert_eq!(failure.code, "bad-value");
    assert!(server.received().is_empty(), "nothing that leads elsewhere is sent");

    let input = json!({
        "customer": "(주)푸른별/a?b#c", "locale": "ko KR&x=1", "channel": "voice", "lines": [1, 2], "none": null,
    });
    let made = done(visit(&server, config, input).enter());
    assert_eq!(made.port, "ok");
    assert_eq!(made.output, json!({"status": 201, "state": "sent", "line": 7, "gone": null}));
    let received = server.received();
    let [request] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!(
        request.line,
        "POST /v1/customers/%28%EC%A3%BC%29%ED%91%B8%EB%A5%B8%EB%B3%84%2Fa%3Fb%23c/orders?locale=ko%20KR%26x%3D1"
    );
    for (name, value) in [
        ("authorization", "Bearer s3cret"),
        ("idempotency-key", "call-1/1"),
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("x-channel", "voice"),
    ] {
        assert_eq!(request.headers.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(request.body, json!({"lines": [1, 2], "note": "from (주)푸른별/a?b#c"}));
}

#[test]
fn a_status_leads_to_its_port() {
    for (status, port) in [(204, "ok"), (404, "not_found"), (409, "refused"), (422, "ok")] {
        let server = Server::start(Manner::Answers(status, Vec::new(), ""));
        let config = json!({"path": "/", "ports": {"422": "ok"}});
        let left = done(visit(&server, config, json!({})).enter());
        assert_eq!((&*left.port, &left.output), (port, &json!({"status": status})));
    }
}

#[test]
fn what_cannot_be_had_is_an_error_that_says_whether_to_try_again() {
    let config = json!({"path": "/", "timeout_ms": 30_000, "take": {"a": "/a"}});
    let down = failed(Manner::Answers(503, Vec::new(), ""), config.clone());
    assert_eq!((down.kind.as_str(), &*down.code), ("retryable", "server-down"));
    let access = failed(Manner::Answers(401, Vec::new(), ""), config.clone());
    assert_eq!((access.kind.as_str(), &*access.code), ("refused", "access-denied"));
    let elsewhere =
        failed(Manner::Answers(302, vec![("location", "http://127.0.0.1:1/")], ""), config.clone());
    assert_eq!((elsewhere.kind.as_str(), &*elsewhere.code), ("refused", "redirected"));
    let html =
        failed(Manner::Answers(200, vec![("content-type", "text/html")], "<p>"), config.clone());
    assert_eq!(html.code, "no-json");
    let impatient = json!({"path": "/", "timeout_ms": 300});
    assert_eq!(failed(Manner::Hangs, impatient).kind.as_str(), "retryable");
    assert_eq!(failed(Manner::HangsUp, config).kind.as_str(), "retryable");
}

#[test]
fn it_is_tried_again_as_often_as_the_configuration_says() {
    let server = Server::start(Manner::HangsUp);
    let config = json!({"method": "POST", "path": "/", "body": {}, "retry": {"times": 2}});
    let mut visit = visit(&server, config, json!({}));
    let RunResult::Failed(failure) = visit.enter() else { panic!("an error was expected") };
    assert_eq!(failure.kind.as_str(), "retryable");
    let [HostCall::HttpSend(first), second, third] = visit.calls.as_slice() else {
        panic!("{:?}", visit.calls)
    };
    let key = ("idempotency-key".to_owned(), "call-1/1".to_owned());
    assert!(first.headers.contains(&key), "{first:?}");
    assert!(second == third && *second == HostCall::HttpSend(first.clone()));
}

#[test]
fn a_server_that_is_not_granted_hears_nothing() {
    let server = Server::start(Manner::Answers(200, Vec::new(), "{}"));
    let plugin = load(PLUGIN, &["http", "secrets"]);
    let config = json!({"base_url": server.url(), "path": "/"});
    let RunResult::Failed(failure) = Visit::new(&plugin, config, world("api.example.com")).enter()
    else {
        panic!("an error was expected")
    };
    assert_eq!(failure.kind.as_str(), "refused");
    assert!(server.received().is_empty());
}
