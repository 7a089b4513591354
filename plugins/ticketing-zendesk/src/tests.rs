//! The request is the one that Zendesk documents, every answer of Zendesk becomes the right
//! outcome, and no error repeats the caller's data.

use std::cell::RefCell;
use std::rc::Rc;

use dialgraph_plugin::http::{Credential, Request, Response};
use dialgraph_plugin::testing::{TestCall, check, check_holds, check_schemas};
use dialgraph_plugin::{HostError, NodeError};
use serde_json::{Value, json};

use crate::TicketingZendesk;

fn config() -> Value {
    json!({
        "base_url": "https://example.zendesk.com/",
        "email": "bot@example.com",
        "custom_fields": {"customer_class": 3600, "contract": 3601, "region": 3602},
        "ticket": {"priority": {"rules": [{"class": "msp", "priority": "urgent"}]}},
    })
}

fn input() -> Value {
    json!({
        "customer_class": "msp",
        "company": "Acorn Example Inc.",
        "intent": "ProductionOutage",
        "requester_name": "Dana Example",
        "requester_email": "dana@acorn.example",
        "assignee": "e-101",
        "assignee_email": "e101@saltware.example",
        "fields": {"contract": "K-7"},
    })
}

fn call(input: Value) -> TestCall<TicketingZendesk> {
    let call = TestCall::<TicketingZendesk>::new(config()).input(input).locale("en-US");
    call.host().grant_secret("zendesk-token");
    call
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    Response {
        status,
        headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        body: body.as_bytes().to_vec(),
    }
}

fn created(lookup: &str) -> Response {
    response(
        201,
        &[("x-idempotency-lookup", lookup)],
        r#"{"ticket": {"id": 35436, "status": "new"}}"#,
    )
}

/// What Zendesk answers to the search for an agent.
fn agents() -> Response {
    let users = json!({"users": [
        {"id": 7, "email": "e101@saltware.example", "role": "end-user", "active": true},
        {"id": 8, "email": "e101@saltware.example", "role": "agent", "suspended": true},
        {"id": 9, "email": "E101@saltware.example", "role": "agent", "active": true},
    ]});
    response(200, &[], &users.to_string())
}

/// Enters the node while Zendesk answers so, and knows the agent.
fn answered(answer: Response) -> NodeError {
    let mut call = call(input());
    call.host().http(move |request| match &*request.method {
        "GET" => Ok(agents()),
        _ => Ok(answer.clone()),
    });
    call.enter().error().clone()
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    check_schemas::<TicketingZendesk>();
}

#[test]
fn the_request_is_the_one_that_zendesk_documents() {
    let mut call = call(input());
    let sent = Rc::new(RefCell::new(None::<Request>));
    let seen = Rc::clone(&sent);
    call.host().http(move |request| {
        if request.method == "GET" {
            let search = "https://example.zendesk.com/api/v2/users/search.json?query=email%3A%22e101%40saltware.example%22";
            assert_eq!((&*request.url, request.timeout_ms), (search, 2_500));
            return Ok(agents());
        }
        *seen.borrow_mut() = Some(request.clone());
        Ok(created("miss"))
    });
    let reply = call.enter();
    assert_eq!(reply.port(), "created");
    assert_eq!(
        *reply.output(),
        json!({
            "ticket_id": "35436",
            "url": "https://example.zendesk.com/agent/tickets/35436",
            "duplicate": false,
            "priority": "urgent",
            "subject": "[Acorn Example Inc.] ProductionOutage",
        })
    );

    let request = sent.borrow_mut().take().unwrap();
    assert_eq!(
        (&*request.method, &*request.url),
        ("POST", "https://example.zendesk.com/api/v2/tickets.json")
    );
    assert_eq!(
        request.headers,
        [
            ("accept", "application/json"),
            ("idempotency-key", "call-1/1"),
            ("content-type", "application/json")
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(request.timeout_ms, 5_000);
    let Some(Credential::Basic(user, token)) = request.credential else {
        panic!("basic authentication expected");
    };
    assert_eq!(user, "bot@example.com/token");
    assert!(format!("{token:?}").contains("\"zendesk-token\""), "{token:?}");
    let mut body: Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
    let text = body["ticket"]["comment"]["body"].take();
    assert!(text.as_str().unwrap().contains("Company: Acorn Example Inc.\n"), "{text}");
    assert_eq!(
        body,
        json!({"ticket": {
            "subject": "[Acorn Example Inc.] ProductionOutage",
            "comment": {"body": null, "public": false},
            "priority": "urgent",
            "external_id": "call-1/1",
            "tags": ["msp", "productionoutage"],
            "requester": {"name": "Dana Example", "email": "dana@acorn.example"},
            "assignee_id": 9,
            "custom_fields": [{"id": 3601, "value": "K-7"}, {"id": 3600, "value": "msp"}],
        }})
    );
}

#[test]
fn what_zendesk_could_not_use_is_not_sent() {
    let mut call = call(json!({"requester_name": "Dana Example", "assignee": "e-101"}));
    call.host().http(|request| {
        let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
        for absent in ["requester", "assignee_id", "assignee_email", "tags", "custom_fields"] {
            assert_eq!(body["ticket"][absent], Value::Null, "{absent}");
        }
        Ok(created("miss"))
    });
    call.enter().done();
}

#[test]
fn a_number_for_the_assignee_is_zendesks_own_id() {
    let mut call = call(json!({"assignee": "396"}));
    call.host().http(|request| {
        let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
        assert_eq!(body["ticket"]["assignee_id"], 396);
        Ok(created("miss"))
    });
    call.enter().done();
}

#[test]
fn an_assignee_whom_zendesk_does_not_know_costs_no_ticket() {
    let nobody = || Ok(response(200, &[], r#"{"users": []}"#));
    let down = || Ok(response(503, &[], "down"));
    let gone = || Err(HostError::unavailable("timeout", "no answer"));
    type Answer = fn() -> Result<Response, HostError>;
    let answers: [(Answer, &str, &str); 5] = [
        (nobody, "e101@saltware.example", "no active agent at Zendesk has this address"),
        (down, "e101@saltware.example", "could not be asked for the agent (it answers 503)"),
        (gone, "e101@saltware.example", "could not be asked for the agent ("),
        (nobody, "x\" role:admin@a", "it is no e-mail address"),
        (nobody, "e-101", "it is no e-mail address"),
    ];
    for (answer, email, why) in answers {
        let mut call = call(json!({"assignee_email": email, "customer_class": "msp"}));
        call.host().http(move |request| {
            if request.method == "GET" {
                return answer();
            }
            let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
            let ticket = &body["ticket"];
            assert_eq!(ticket["assignee_id"], Value::Null);
            assert_eq!(ticket["tags"], json!(["msp", "assignee-unknown"]));
            assert_eq!(ticket["comment"]["public"], false);
            let text = ticket["comment"]["body"].as_str().unwrap();
            assert!(text.contains(&format!("Assignee: {email}: ")), "{text}");
            assert!(text.contains(why), "{text}");
            Ok(created("miss"))
        });
        assert_eq!(call.enter().port(), "created", "{email}");
    }
}

#[test]
fn a_ticket_that_zendesk_had_opened_before_is_a_duplicate() {
    let mut call = call(input());
    call.host().http(|request| match &*request.method {
        "GET" => Ok(agents()),
        _ => Ok(created("hit")),
    });
    assert_eq!(call.enter().output()["duplicate"], true);
}

#[test]
fn a_refusal_tells_zendesks_reason_without_the_callers_data() {
    let error = answered(response(
        422,
        &[("content-type", "application/json")],
        r#"{"error": "RecordInvalid", "description": "Record validation errors", "details": {
            "requester": [{"description": "Requester: Email: dana@acorn.example is not properly formatted", "error": "InvalidFormat"}]
        }}"#,
    ));
    let NodeError::Refused(info) = error else { panic!("{error:?}") };
    assert_eq!(info.code, "refused");
    assert_eq!(
        info.message,
        "Zendesk refuses the ticket: RecordInvalid: Record validation errors; \
         requester: Requester: Email: … is not properly formatted"
    );
}

#[test]
fn a_refusal_in_plain_text_is_told_too() {
    let error = answered(response(422, &[("content-type", "text/plain")], "Unprocessable\n"));
    assert_eq!(error.info().message, "Zendesk refuses the ticket: Unprocessable");
    assert_eq!(
        answered(response(422, &[], "")).info().message,
        "Zendesk refuses the ticket: it gives no reason"
    );
}

#[test]
fn too_many_requests_can_be_made_again_when_zendesk_says() {
    let error = answered(response(429, &[("retry-after", "93")], "Rate limit exceeded"));
    let NodeError::Retryable(info) = error else { panic!("{error:?}") };
    assert_eq!((&*info.code, info.retry_after_ms), ("rate-limited", Some(93_000)));
    let date = answered(response(429, &[("retry-after", "Fri, 20 Nov 2026 01:00:00 GMT")], ""));
    assert_eq!(date.info().retry_after_ms, None);
}

#[test]
fn a_zendesk_that_is_down_can_be_asked_again() {
    for status in [409, 500, 502, 503] {
        let error = answered(response(status, &[("retry-after", "5")], "<html>"));
        let NodeError::Retryable(info) = error else { panic!("{status}: {error:?}") };
        assert_eq!((&*info.code, info.retry_after_ms), ("zendesk-down", Some(5_000)));
    }
}

#[test]
fn no_answer_in_time_can_be_asked_again() {
    let mut call = call(input());
    call.host().http(|_| Err(HostError::unavailable("timeout", "no answer within 5000 ms")));
    let reply = call.enter();
    assert!(matches!(reply.error(), NodeError::Retryable(info) if info.code == "timeout"));
}

#[test]
fn wrong_credentials_and_a_wrong_address_say_what_to_check() {
    for status in [401, 403] {
        let error = answered(response(status, &[], r#"{"error": "Couldn't authenticate you"}"#));
        assert!(
            matches!(&error, NodeError::Refused(info) if info.code == "access-denied"),
            "{error:?}"
        );
    }
    for status in [301, 404] {
        let error = answered(response(status, &[], ""));
        assert!(
            matches!(&error, NodeError::Refused(info) if info.code == "no-zendesk"),
            "{error:?}"
        );
    }
}

#[test]
fn a_key_that_zendesk_knows_by_another_ticket_is_told_apart() {
    let body = r#"{"error": "IdempotentRequestError", "description": "The parameters differ"}"#;
    assert_eq!(answered(response(400, &[], body)).info().code, "idempotency-conflict");
    assert_eq!(answered(response(400, &[], "{}")).info().code, "refused");
}

#[test]
fn an_answer_without_a_ticket_is_no_success() {
    assert_eq!(answered(response(201, &[], "{}")).info().code, "unreadable-answer");
    assert_eq!(answered(response(418, &[], "teapot")).info().code, "unexpected-status");
}

#[test]
fn without_the_secret_nothing_is_sent() {
    let mut call = TestCall::<TicketingZendesk>::new(config()).input(input());
    let reply = call.enter();
    assert!(matches!(reply.error(), NodeError::Refused(_)), "{reply:?}");
    assert_eq!(call.host().count("http.send"), 0);
}

#[test]
fn a_configuration_that_passes_is_never_a_bad_one_whatever_zendesk_answers() {
    for status in [201, 301, 400, 401, 404, 422, 500] {
        check_holds::<TicketingZendesk>(&[config()], |call| {
            call.host().grant_secret("zendesk-token");
            call.host().http(move |_| Ok(response(status, &[], "{}")));
            call.input(input())
        });
    }
}

#[test]
fn an_address_that_is_none_is_found() {
    let wrong = |key: &str, value: Value| {
        let mut config = config();
        config[key] = value;
        let found = check::<TicketingZendesk>(&config, &["ko-KR"]);
        found.into_iter().map(|problem| problem.pointer).collect::<Vec<_>>()
    };
    for url in [
        "https://your name.zendesk.com",
        "https://bot@example.zendesk.com",
        "https://a..zendesk.com",
        "https://example.zendesk.com:99999",
    ] {
        assert_eq!(wrong("base_url", json!(url)), ["/base_url"], "{url}");
    }
    for url in ["https://example.zendesk.com", "http://127.0.0.1:8080/", "http://[::1]:80"] {
        assert!(wrong("base_url", json!(url)).is_empty(), "{url}");
    }
    for email in ["bot", "bot@example.com/token", "a b@example.com", "@"] {
        assert_eq!(wrong("email", json!(email)), ["/email"], "{email}");
    }
    assert_eq!(wrong("custom_fields", json!({"a": 1, "b": 1})), ["/custom_fields/b"]);
    assert_eq!(wrong("custom_fields", json!({"a": 0})), ["/custom_fields/a"]);
}
