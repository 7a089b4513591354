//! `ticketing-zendesk`, as the component that is shipped, with the engine's own HTTP client,
//! against a server on a socket of this machine.

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
use crate::zendesk::{AUTHORIZATION, Manner, Zendesk};

/// The engine's HTTP client and secrets. What a host call was answered is kept, as the journal
/// keeps it, so that a run made again asks nobody twice.
fn world(zendesk: &Zendesk) -> impl Fn(&HostCall) -> HostResult + Send + Sync + 'static {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("threads can be had");
    let token = ("DIALGRAPH_SECRET_ZENDESK_TOKEN".to_owned(), "s3cret".to_owned());
    let secrets = Arc::new(LocalSecrets::new(None, [token]));
    let pattern = zendesk.url().parse().expect("an address is a pattern");
    let hosts =
        AllowedHosts::new(BTreeMap::from([("ticketing-zendesk".to_owned(), vec![pattern])]));
    let client = HttpClient::new(hosts, Arc::clone(&secrets) as _, None).expect("no roots to read");
    let caller = Caller {
        call_id: "call-1".into(),
        release: dialgraph_base::Digest::of(b"no release"),
        locale: "ko-KR".into(),
        plugin: "ticketing-zendesk".into(),
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

fn visit(zendesk: &Zendesk, timeout_ms: u32, input: Value) -> Visit {
    let plugin = load("ticketing-zendesk", &["http", "secrets"]);
    let config = json!({
        "base_url": zendesk.url(),
        "email": "bot@example.com",
        "timeout_ms": timeout_ms,
        "custom_fields": {"customer_class": 3600},
        "ticket": {"priority": {"rules": [{"class": "msp", "priority": "urgent"}]}},
    });
    Visit::new(&plugin, config, world(zendesk)).input(input)
}

fn outage() -> Value {
    json!({
        "customer_class": "msp",
        "company": "(주)푸른별상사",
        "intent": "ProductionOutage",
        "request": "운영 서버가 내려갔어요",
        "requester_name": "홍예시",
        "requester_email": "ops@pureunbyeol.example",
    })
}

fn failed(manner: Manner) -> Failure {
    let zendesk = Zendesk::start(manner);
    let RunResult::Failed(failure) = visit(&zendesk, 30_000, outage()).enter() else {
        panic!("an error was expected")
    };
    assert_eq!(zendesk.received().len(), 1);
    failure
}

#[test]
fn a_ticket_is_opened_by_the_request_that_zendesk_documents() {
    let zendesk = Zendesk::start(Manner::Opens);
    let created = done(visit(&zendesk, 30_000, outage()).enter());
    assert_eq!(created.port, "created");
    assert_eq!(created.output["ticket_id"], "1000");
    assert_eq!(created.output["duplicate"], false);
    assert_eq!(created.output["url"], format!("{}/agent/tickets/1000", zendesk.url()));

    let received = zendesk.received();
    let [request] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!(request.line, "POST /api/v2/tickets.json");
    for (name, value) in [
        ("authorization", AUTHORIZATION),
        ("idempotency-key", "call-1/1"),
        ("content-type", "application/json"),
        ("accept", "application/json"),
    ] {
        assert_eq!(request.headers.get(name).map(String::as_str), Some(value), "{name}");
    }
    let mut body = request.body.clone();
    let text = body["ticket"]["comment"]["body"].take();
    assert!(text.as_str().is_some_and(|text| text.contains("운영 서버가 내려갔어요")), "{text}");
    assert_eq!(
        body,
        json!({"ticket": {
            "subject": "[(주)푸른별상사] ProductionOutage",
            "comment": {"body": null, "public": false},
            "priority": "urgent",
            "external_id": "call-1/1",
            "tags": ["msp", "productionoutage"],
            "requester": {"name": "홍예시", "email": "ops@pureunbyeol.example"},
            "custom_fields": [{"id": 3600, "value": "msp"}],
        }})
    );
}

#[test]
fn a_visit_that_is_lost_and_made_again_opens_no_second_ticket() {
    let zendesk = Zendesk::start(Manner::Opens);
    let first = done(visit(&zendesk, 30_000, outage()).enter());
    // Another process, which knows nothing of the first one's replies.
    let second = done(visit(&zendesk, 30_000, outage()).enter());
    assert_eq!(
        (&first.output["duplicate"], &second.output["duplicate"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(first.output["ticket_id"], second.output["ticket_id"]);
    assert_eq!(zendesk.opened(), 1);

    // The same visit with another ticket is a mistake, and no ticket.
    let RunResult::Failed(failure) = visit(&zendesk, 30_000, json!({"company": "x"})).enter()
    else {
        panic!("an error was expected")
    };
    assert_eq!(failure.code, "idempotency-conflict");
    assert_eq!(zendesk.opened(), 1);
}

#[test]
fn a_refusal_tells_the_reason_and_not_who_called() {
    let zendesk = Zendesk::start(Manner::Opens);
    let mut input = outage();
    input["requester_email"] = json!("ops-at-pureunbyeol");
    let RunResult::Failed(failure) = visit(&zendesk, 30_000, input).enter() else {
        panic!("an error was expected")
    };
    assert_eq!((failure.kind.as_str(), &*failure.code), ("refused", "refused"));
    assert!(failure.message.contains("RecordInvalid"), "{}", failure.message);
    assert!(failure.message.contains("is not properly formatted"), "{}", failure.message);
    assert!(!failure.message.contains("pureunbyeol"), "{}", failure.message);
}

#[test]
fn too_many_requests_a_broken_server_and_a_broken_line_can_be_tried_again() {
    let limited = failed(Manner::Answers(429, vec![("retry-after", "30")], "Rate limit exceeded"));
    assert_eq!((limited.kind.as_str(), &*limited.code), ("retryable", "rate-limited"));
    let broken = failed(Manner::Answers(500, Vec::new(), "<html>oops</html>"));
    assert_eq!((broken.kind.as_str(), &*broken.code), ("retryable", "zendesk-down"));
    assert_eq!(failed(Manner::HangsUp).kind.as_str(), "retryable");
}

#[test]
fn a_server_that_says_nothing_is_given_up_and_can_be_tried_again() {
    let zendesk = Zendesk::start(Manner::Hangs);
    let RunResult::Failed(failure) = visit(&zendesk, 300, outage()).enter() else {
        panic!("an error was expected")
    };
    assert_eq!(failure.kind.as_str(), "retryable");
    assert_eq!(zendesk.received().len(), 1);
}

#[test]
fn a_wrong_token_says_what_to_check() {
    let refused =
        failed(Manner::Answers(401, Vec::new(), r#"{"error": "Couldn't authenticate you"}"#));
    assert_eq!((refused.kind.as_str(), &*refused.code), ("refused", "access-denied"));
}
