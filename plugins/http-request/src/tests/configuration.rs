//! What could not be sent or taken out of an answer is found when the project is checked, at its
//! place and with a remedy.

use dialgraph_plugin::testing::{check, check_holds};
use serde_json::{Value, json};

use super::{config, response};
use crate::HttpRequest;
use crate::template::{Piece, Template};

fn found(more: Value) -> String {
    let found = check::<HttpRequest>(&config(more), &["ko-KR"]).into_iter();
    let lines = found.map(|problem| {
        let hint = problem.hint.unwrap_or_default();
        format!("{}: {} ({hint})", problem.pointer, problem.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_fits_together_passes() {
    for more in [
        json!({}),
        json!({"base_url": "http://127.0.0.1:8080/", "path": "/"}),
        json!({"method": "POST", "body": {"a": ["{order}", "{{}}", 1]}}),
        json!({"headers": {"Authorization": {"secret": "t"}, "x-a": "{a}"}}),
        json!({"headers": {"authorization": {"secret": "t", "scheme": "basic", "user": "bot"}}}),
        json!({"headers": {"x-key": {"secret": "t", "scheme": "raw"}}}),
        json!({"take": {"a": "", "_b1": "/~0~1/0"}, "ports": {"409": "ok", "5xx": "refused"}}),
        json!({"retry": {"times": 3, "on": ["429", "5xx", "connection"]}}),
    ] {
        assert_eq!(found(more.clone()), "", "{more}");
    }
}

#[test]
fn an_address_or_a_path_that_is_none_is_told() {
    insta::assert_snapshot!(found(json!({"base_url": "https://bot@api.example.com"})), @"/base_url: `https://bot@api.example.com` is no address of a server: it names a user, which is given apart (write it as `https://api.example.com`, and the rest under `path`)");
    insta::assert_snapshot!(found(json!({"path": "orders"})), @"/path: `orders` does not begin with `/` (write a path on the server, such as `/orders/{order_id}`)");
    insta::assert_snapshot!(found(json!({"path": "/a?b=1"})), @"/path: `?` may not stand in a path as it is (write what follows the `?` under `query`)");
    insta::assert_snapshot!(found(json!({"path": "/a b"})), @"/path: ` ` may not stand in a path as it is (write it percent-encoded, such as `%20` for a space)");
    insta::assert_snapshot!(found(json!({"path": "/a//b"})), @"/path: two `/` follow each other (take one out)");
    insta::assert_snapshot!(found(json!({"path": "/a/%2e./b"})), @"/path: `%2e.` leads to another path than the one that is written (write the path out)");
    insta::assert_snapshot!(found(json!({"path": "/{order"})), @"/path: `{order` begins with a brace that belongs to no `{name}` (write `{name}` for what `with` gives as `name`)");
    for path in ["/%", "/%zz", "/가", "/a#b", "/{a b}", "/}", "/{}", "/..", "//evil.example"] {
        assert!(found(json!({"path": path})).starts_with("/path: "), "{path}");
    }
}

#[test]
fn headers_that_cannot_be_sent_are_told() {
    insta::assert_snapshot!(found(json!({"headers": {"Host": "x"}})), @"/headers/Host: `Host` belongs to the connection, which is the engine's (take it out)");
    insta::assert_snapshot!(found(json!({"headers": {"x y": "x"}})), @"/headers/x y: `x y` is no name of a header (write it as `x-api-key`)");
    insta::assert_snapshot!(found(json!({"headers": {"X-A": "1", "x-a": "2"}})), @"/headers/x-a: `x-a` is there twice; large and small letters are the same (take one out)");
    insta::assert_snapshot!(found(json!({"headers": {"x-a": "가"}})), @"/headers/x-a: `x-a` has signs in it that no header may have (write it in ASCII, on one line)");
    insta::assert_snapshot!(found(json!({"headers": {"authorization": {"secret": "a"}, "x-b": {"secret": "b"}}})), @"/headers/x-b: a request has one secret, and this is another one (leave one of them out)");
    insta::assert_snapshot!(found(json!({"headers": {"x-a": {"secret": " ", "scheme": "bearer"}}})), @r"
    /headers/x-a/secret: the secret has no name (name it)
    /headers/x-a/scheme: this scheme is for `authorization`, not for `x-a` (write `scheme: raw`, or leave it out)
    ");
    insta::assert_snapshot!(found(json!({"headers": {"authorization": {"secret": "a", "scheme": "basic"}}})), @"/headers/authorization: `basic` needs `user` (write the user whose password the secret is)");
    insta::assert_snapshot!(found(json!({"headers": {"authorization": {"secret": "a", "user": "bot"}}})), @"/headers/authorization/user: `user` means nothing without `scheme: basic` (take it out, or write `scheme: basic`)");
}

#[test]
fn a_body_that_cannot_be_sent_is_told() {
    insta::assert_snapshot!(found(json!({"body": {}})), @"/body: `GET` sends no body (write `method: POST`, or give values under `query`)");
    insta::assert_snapshot!(found(json!({"method": "PUT", "body": {"a/b": ["{"]}})), @"/body/a~1b/0: `{` begins with a brace that belongs to no `{name}` (write `{name}` for what `with` gives as `name`, and `{{` or `}}` for a brace)");
    assert!(
        found(json!({"method": "PUT", "body": "x".repeat(50_000)}))
            .starts_with("/body: the body has")
    );
}

#[test]
fn what_becomes_of_an_answer_is_looked_over() {
    insta::assert_snapshot!(found(json!({"take": {"status": "/a", "a-b": "/a", "c": "a", "d": "/~2"}})), @r"
    /take/a-b: no expression can read `output.a-b` (write a name of letters, digits and `_`, such as `order_id`)
    /take/c: `a` is no JSON Pointer: it does not begin with `/` (write it as `/items/0/id`)
    /take/d: `/~2` is no JSON Pointer: a `~` is written `~0`, and a `/` in a name `~1` (write it as `/items/0/id`)
    /take/status: `output.status` is there already (give it another name, such as `order_status`)
    ");
    insta::assert_snapshot!(found(json!({"method": "HEAD", "take": {"a": "/a"}})), @"/take: an answer to `HEAD` has no body to take anything from (write `method: GET`)");
    insta::assert_snapshot!(found(json!({"ports": {"4XX": "ok", "600": "ok", "+04": "ok"}})), @r"
    /ports/+04: `+04` is no status (write `409`, or `4xx` for all from 400 to 499)
    /ports/4XX: `4XX` is no status (write `409`, or `4xx` for all from 400 to 499)
    /ports/600: `600` is no status (write `409`, or `4xx` for all from 400 to 499)
    ");
    insta::assert_snapshot!(found(json!({"retry": {"times": 1, "on": ["timeout"]}})), @"/retry/on/0: `timeout` is no reason to try again (write `503`, `5xx` or `connection`)");
    insta::assert_snapshot!(found(json!({"retry": {"times": 3}, "timeout_ms": 20_000})), @"/timeout_ms: 4 tries of 20000 ms are 80000 ms, and a node waits at most 60000 ms (write a shorter `timeout_ms`, or fewer `times`)");
}

#[test]
fn a_text_is_taken_apart_at_its_names() {
    let parse = |text: &str| Template::parse(text).unwrap().pieces;
    let (text, value) =
        (|text: &str| Piece::Text(text.to_owned()), |name: &str| Piece::Value(name.to_owned()));
    assert_eq!(parse("a{b}{c-1}d"), [text("a"), value("b"), value("c-1"), text("d")]);
    assert_eq!(parse("{{b}} {{{b}}}"), [text("{b} {"), value("b"), text("}")]);
    assert_eq!(parse(""), []);
}

#[test]
fn a_configuration_that_passes_is_never_a_bad_one() {
    let seeds = [
        config(json!({"query": {"page": "{order}"}, "take": {"a": "/a"}})),
        config(json!({
            "method": "POST", "body": {"order": "{order}", "note": "No. {order}"},
            "headers": {"authorization": {"secret": "orders-token"}, "x-a": "{order}"},
            "ports": {"409": "refused", "5xx": "error"}, "retry": {"times": 1, "on": ["5xx"]},
        })),
    ];
    for (status, input) in
        [(200, json!({"order": "1001"})), (503, json!({"order": [null]})), (404, json!({}))]
    {
        check_holds::<HttpRequest>(&seeds, |call| {
            call.host().grant_secret("orders-token");
            call.host().http(move |_| Ok(response(status, &[], r#"{"a": [1]}"#)));
            call.input(input.clone())
        });
    }
}
