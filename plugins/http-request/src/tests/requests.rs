//! Values are encoded wherever they stand and never become structure; one that would lead elsewhere
//! keeps the request from being sent, and secrets go by name.

use dialgraph_plugin::http::{Credential, Request};
use serde_json::{Value, json};

use super::{call, sent, unsent};

fn url(path: &str, input: Value) -> String {
    sent(json!({"path": path}), input).url
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let found = request.headers.iter().find(|(header, _)| header == name);
    found.map(|(_, value)| value.as_str())
}

fn body(template: Value, input: Value) -> Value {
    let request = sent(json!({"method": "POST", "path": "/", "body": template}), input);
    serde_json::from_slice(&request.body.unwrap()).unwrap()
}

#[test]
fn the_simplest_request_asks_for_json() {
    let request = sent(json!({}), json!({"order": "1001"}));
    assert_eq!(
        (&*request.method, &*request.url),
        ("GET", "https://orders.example.com/orders/1001")
    );
    assert_eq!(request.headers, [("accept".to_owned(), "application/json".to_owned())]);
    assert!(request.body.is_none() && request.credential.is_none());
    assert_eq!(request.timeout_ms, 5_000);
}

#[test]
fn values_in_a_path_are_encoded_and_never_structure() {
    for (value, in_path) in [
        (json!("A 1/2?x=1#y"), "A%201%2F2%3Fx%3D1%23y"),
        (json!("푸른"), "%ED%91%B8%EB%A5%B8"),
        (json!("a@evil.example:80"), "a%40evil.example%3A80"),
        (json!("%2e%2e"), "%252e%252e"),
        (json!("..."), "..."),
        (json!("-._~"), "-._~"),
        (json!(42), "42"),
        (json!(42.0), "42"),
        (json!(2.5), "2.5"),
        (json!(true), "true"),
        (json!(" 7 "), "7"),
    ] {
        let url = url("/orders/{order}/items", json!({"order": value}));
        assert_eq!(url, format!("https://orders.example.com/orders/{in_path}/items"), "{value}");
    }
}

#[test]
fn values_that_would_lead_elsewhere_are_refused() {
    for value in ["..", ".", "../admin", "a/../b", "a\\..\\b", "./x", " .. ", "a/ .. /b"] {
        assert_eq!(unsent(json!({}), json!({"order": value})), "bad-value", "{value}");
    }
    for (path, a, b) in [("/{a}{b}", ".", "."), ("/.{a}", ".", ""), ("/%2E{a}", ".", "")] {
        let code = unsent(json!({"path": path}), json!({"a": a, "b": b}));
        assert_eq!(code, "bad-value", "{path}");
    }
    for value in ["a\nb", "a\0", "", " "] {
        assert_eq!(unsent(json!({}), json!({"order": value})), "bad-value", "{value:?}");
    }
    for value in [json!(null), json!([]), json!({"a": 1})] {
        assert_eq!(unsent(json!({}), json!({"order": value})), "bad-value", "{value}");
    }
}

#[test]
fn the_shape_of_a_path_is_the_designers() {
    assert_eq!(url("/", json!({})), "https://orders.example.com/");
    assert_eq!(url("/a/", json!({})), "https://orders.example.com/a/");
    assert_eq!(
        url("/v2/a-{b}.json;v=1", json!({"b": "x"})),
        "https://orders.example.com/v2/a-x.json;v=1"
    );
    assert_eq!(url("/%7Euser/{b}", json!({"b": "x"})), "https://orders.example.com/%7Euser/x");
}

#[test]
fn a_value_that_is_not_given_is_named_and_no_value_is() {
    let mut call = call(json!({}), json!({"oder": "1001-secret"}));
    let reply = call.enter();
    let info = reply.error().info();
    assert_eq!(info.code, "missing-value");
    assert!(info.message.contains("`order`") && info.message.contains("`path`"), "{info:?}");
    assert!(!info.message.contains("1001-secret"), "{info:?}");
}

#[test]
fn parameters_are_encoded_and_left_out_where_nothing_is_known() {
    let query = json!({"phone": "{phone}", "page": 1, "all": true, "q&": "a b+{name}", "gone": "{none}", "note": "x{none}"});
    let request = sent(
        json!({"path": "/o", "query": query}),
        json!({"phone": "+82 10", "name": "김&하", "none": null}),
    );
    assert_eq!(
        request.url,
        "https://orders.example.com/o?all=true&note=x&page=1&phone=%2B82%2010&q%26=a%20b%2B%EA%B9%80%26%ED%95%98"
    );
}

#[test]
fn a_body_keeps_the_kinds_of_whole_values_and_fills_texts() {
    let template = json!({
        "order": "{order}", "text": "No. {order}: {note}", "lines": ["{lines}", 1, null],
        "deep": {"map": "{map}", "none": "{none}", "brace": "{{order}}"},
    });
    let input = json!({"order": 42, "note": "say \"hi\"\n", "lines": [1, 2], "map": {"a": true}, "none": null});
    assert_eq!(
        body(template, input),
        json!({
            "order": 42, "text": "No. 42: say \"hi\"\n", "lines": [[1, 2], 1, null],
            "deep": {"map": {"a": true}, "none": null, "brace": "{order}"},
        })
    );
}

#[test]
fn what_a_caller_says_cannot_add_to_a_body() {
    let said = r#"x", "admin": true, "y": "{secret}"#;
    let sent = body(json!({"note": "{said}"}), json!({"said": said, "secret": "s"}));
    assert_eq!(sent, json!({"note": said}), "a value is not filled in again");
}

#[test]
fn a_body_is_bounded() {
    let more = json!({"method": "POST", "path": "/", "body": {"note": "{note}"}});
    assert_eq!(unsent(more, json!({"note": "x".repeat(48 << 10)})), "body-too-large");
}

#[test]
fn a_request_that_does_something_is_named_by_its_visit_and_one_that_asks_is_not() {
    let request = sent(json!({"method": "POST", "body": {}}), json!({"order": "1"}));
    assert_eq!(header(&request, "idempotency-key"), Some("call-1/1"));
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    let request = sent(json!({"method": "DELETE"}), json!({"order": "1"}));
    assert_eq!(header(&request, "idempotency-key"), Some("call-1/1"));
    assert_eq!(header(&request, "content-type"), None);
    let own = json!({"method": "PUT", "headers": {"Idempotency-Key": "{order}"}});
    let request = sent(own, json!({"order": "1"}));
    assert_eq!(header(&request, "idempotency-key"), Some("1"));
    assert_eq!(request.headers.iter().filter(|(name, _)| name == "idempotency-key").count(), 1);
    assert_eq!(header(&sent(json!({}), json!({"order": "1"})), "idempotency-key"), None);
}

#[test]
fn headers_are_texts_with_values() {
    let headers =
        json!({"Accept": "text/plain", "x-locale": "{locale}", "x-none": "{none}", "x-n": 3});
    let request =
        sent(json!({"path": "/", "headers": headers}), json!({"locale": "ko-KR", "none": null}));
    assert_eq!(header(&request, "accept"), Some("text/plain"));
    assert_eq!(header(&request, "x-locale"), Some("ko-KR"));
    assert_eq!(header(&request, "x-none"), None);
    assert_eq!(header(&request, "x-n"), Some("3"));
}

#[test]
fn a_value_cannot_begin_a_header_of_its_own() {
    for value in ["a\r\nx-admin: 1", "a\nb", "가", "\t"] {
        let code = unsent(json!({"path": "/", "headers": {"x": "{v}"}}), json!({"v": value}));
        assert_eq!(code, "bad-value", "{value:?}");
    }
}

#[test]
fn a_secret_goes_by_its_name() {
    let credential = |name: &str, secret: Value| {
        sent(json!({"path": "/", "headers": {name: secret}}), json!({})).credential.unwrap()
    };
    let secret = json!({"secret": "orders-token"});
    let Credential::Bearer(token) = credential("Authorization", secret.clone()) else { panic!() };
    assert_eq!(token.name(), "orders-token");
    let Credential::Header(name, _) = credential("X-Api-Key", secret) else { panic!() };
    assert_eq!(name, "x-api-key");
    let raw = json!({"secret": "orders-token", "scheme": "raw"});
    assert!(
        matches!(credential("authorization", raw), Credential::Header(name, _) if name == "authorization")
    );
    let basic = json!({"secret": "orders-token", "scheme": "basic", "user": "bot"});
    assert!(
        matches!(credential("authorization", basic), Credential::Basic(user, _) if user == "bot")
    );
}

#[test]
fn without_the_secret_nothing_is_sent() {
    let headers = json!({"authorization": {"secret": "other"}});
    assert_eq!(unsent(json!({"path": "/", "headers": headers}), json!({})), "not-granted");
}
