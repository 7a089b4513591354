//! An answer leads where its status says, gives the values that are taken out of it, and is asked
//! for again only as configured; no error repeats what was sent or answered.

use dialgraph_plugin::testing::Reply;
use dialgraph_plugin::{HostError, NodeError};
use serde_json::{Value, json};

use super::{call, response};

/// The node's end when the server answers so.
fn answered(more: Value, status: u16, body: &'static str) -> Reply {
    let mut call = call(more, json!({"order": "1001"}));
    call.host().http(move |_| Ok(response(status, &[("content-type", "application/json")], body)));
    call.enter()
}

#[test]
fn what_is_taken_is_there_under_its_name_and_null_where_the_answer_lacks_it() {
    let take = json!({
        "order_status": "/status", "first": "/items/0/id", "items": "/items", "slash": "/a~1b", "tilde": "/m~0n",
        "gone": "/items/9/id", "deeper": "/status/x", "empty": "/", "all": "",
    });
    let body = r#"{"status": "sent", "items": [{"id": 7}], "a/b": 1, "m~n": 2, "": 3}"#;
    let reply = answered(json!({"take": take}), 200, body);
    assert_eq!(reply.port(), "ok");
    let output = reply.output();
    for (name, value) in [
        ("status", json!(200)),
        ("order_status", json!("sent")),
        ("first", json!(7)),
        ("items", json!([{"id": 7}])),
        ("slash", json!(1)),
        ("tilde", json!(2)),
        ("gone", json!(null)),
        ("deeper", json!(null)),
        ("empty", json!(3)),
        ("all", serde_json::from_str(body).unwrap()),
    ] {
        assert_eq!(output[name], value, "{name}");
    }
}

#[test]
fn a_status_leads_where_one_expects() {
    for (status, port) in [
        (200, "ok"),
        (201, "ok"),
        (204, "ok"),
        (404, "not_found"),
        (410, "not_found"),
        (400, "refused"),
        (402, "refused"),
        (409, "refused"),
        (422, "refused"),
    ] {
        let reply = answered(json!({}), status, "");
        assert_eq!((reply.port(), &reply.output()["status"]), (port, &json!(status)));
    }
    for (status, kind, code) in [
        (301, "refused", "redirected"),
        (401, "refused", "access-denied"),
        (403, "refused", "access-denied"),
        (405, "other", "unexpected-status"),
        (429, "retryable", "server-down"),
        (500, "retryable", "server-down"),
        (503, "retryable", "server-down"),
        (999, "other", "unexpected-status"),
    ] {
        let reply = answered(json!({}), status, "");
        let found = match reply.error() {
            NodeError::Refused(_) => "refused",
            NodeError::Retryable(_) => "retryable",
            _ => "other",
        };
        assert_eq!((found, &*reply.error().info().code), (kind, code), "{status}");
    }
}

#[test]
fn the_designer_says_where_a_status_leads_and_one_goes_before_a_hundred() {
    let ports = json!({"4xx": "refused", "409": "ok", "404": "error", "503": "not_found", "204": "not_found"});
    let port = |status| answered(json!({"ports": ports}), status, "").port().to_owned();
    assert_eq!(port(409), "ok");
    assert_eq!(port(403), "refused");
    assert_eq!(port(503), "not_found");
    assert_eq!(port(204), "not_found");
    let reply = answered(json!({"ports": ports}), 404, "");
    assert_eq!(reply.error().info().code, "unexpected-status");
}

#[test]
fn a_refusal_may_be_read_and_need_not_be_json() {
    let take = json!({"take": {"reason": "/message"}});
    let reply = answered(take.clone(), 422, r#"{"message": "too late"}"#);
    assert_eq!(reply.output()["reason"], "too late");
    let reply = answered(take, 404, "<html>not here</html>");
    assert_eq!((reply.port(), &reply.output()["reason"]), ("not_found", &json!(null)));
}

#[test]
fn an_answer_that_is_no_json_is_an_error_only_where_something_is_taken_out_of_it() {
    assert_eq!(answered(json!({}), 200, "<html>").port(), "ok");
    assert_eq!(answered(json!({"take": {"a": "/a"}}), 204, "").output()["a"], json!(null));
    let mut call = call(json!({"take": {"a": "/a"}}), json!({"order": "1001"}));
    call.host().http(|_| Ok(response(200, &[("content-type", "text/html; charset=utf-8")], "<p>")));
    let reply = call.enter();
    let info = reply.error().info();
    assert_eq!(info.code, "no-json");
    assert!(
        info.message.starts_with("orders.example.com answers 200 with `text/html`"),
        "{info:?}"
    );
}

#[test]
fn an_answer_that_nests_without_end_is_no_json() {
    let mut call = call(json!({"take": {"a": ""}}), json!({"order": "1001"}));
    call.host().http(|_| Ok(response(200, &[], &"[".repeat(20_000))));
    assert_eq!(call.enter().error().info().code, "no-json");
}

#[test]
fn no_error_says_what_was_asked_for_or_answered() {
    for status in [301, 403, 405, 500] {
        let reply = answered(json!({}), status, "private words");
        let message = &reply.error().info().message;
        assert!(!message.contains("1001") && !message.contains("private"), "{message}");
        assert!(message.contains("orders.example.com"), "{message}");
    }
}

#[test]
fn a_server_says_when_to_come_again() {
    let mut call = call(json!({}), json!({"order": "1001"}));
    call.host().http(|_| Ok(response(429, &[("retry-after", "7")], "")));
    assert_eq!(call.enter().error().info().retry_after_ms, Some(7_000));
}

/// Ports and tries when the server answers `statuses` one after the other, 0 for no answer.
fn tries(more: Value, statuses: &'static [u16]) -> (String, usize) {
    let mut call = call(more, json!({"order": "1001"}));
    let mut next = statuses.iter();
    call.host().http(move |_| match next.next() {
        Some(0) => Err(HostError::unavailable("timeout", "no answer within 5000 ms")),
        Some(status) => Ok(response(*status, &[], "")),
        None => Err(HostError::other("test", "one try too many")),
    });
    let end = match call.enter() {
        Reply::Done(done) => done.port,
        Reply::Failed(error) => error.info().code.clone(),
        Reply::Asked(_) => "asked".to_owned(),
    };
    (end, call.host().count("http.send"))
}

#[test]
fn it_is_tried_again_only_when_and_as_often_as_was_asked_for() {
    let twice = json!({"retry": {"times": 2}});
    assert_eq!(tries(json!({}), &[503]), ("server-down".to_owned(), 1));
    assert_eq!(tries(json!({}), &[0]), ("timeout".to_owned(), 1));
    assert_eq!(tries(twice.clone(), &[503, 0, 200]), ("ok".to_owned(), 3));
    assert_eq!(tries(twice.clone(), &[0, 503, 500]), ("server-down".to_owned(), 3));
    assert_eq!(tries(twice.clone(), &[0, 0, 0]), ("timeout".to_owned(), 3));
    assert_eq!(tries(twice, &[404]), ("not_found".to_owned(), 1));
    let only = json!({"retry": {"times": 1, "on": ["404"]}});
    assert_eq!(tries(only.clone(), &[404, 200]), ("ok".to_owned(), 2));
    assert_eq!(tries(only, &[500]), ("server-down".to_owned(), 1));
}

#[test]
fn all_tries_of_a_visit_are_one_request_to_the_server() {
    let more = json!({"method": "POST", "body": {}, "retry": {"times": 2}});
    let mut call = call(more, json!({"order": "1001"}));
    call.host().http(|_| Ok(response(503, &[], "")));
    call.enter();
    let calls = call.host().calls();
    let sent: Vec<_> = calls.iter().filter(|call| call.starts_with("http.send")).collect();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|one| *one == sent[0] && one.contains("\"call-1/1\"")), "{sent:?}");
}

#[test]
fn a_host_that_is_not_granted_is_not_tried_again() {
    let mut call = call(json!({"retry": {"times": 3}}), json!({"order": "1001"}));
    call.host().http(|_| Err(HostError::denied("host-not-allowed", "no")));
    assert!(matches!(call.enter().error(), NodeError::Refused(_)));
    assert_eq!(call.host().count("http.send"), 1);
}
