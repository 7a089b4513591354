//! Records are found by key or fields within bounds, an unknown key or number finds nobody, and the
//! last known record serves only where that is allowed.

use dialgraph_plugin::{HostError, NodeError};
use serde_json::json;

use super::call;

#[test]
fn a_record_is_read_by_its_key() {
    let reply = call(json!({"do": "get"}), json!({"key": "1001"})).enter();
    assert_eq!(reply.port(), "done");
    let output = reply.output();
    assert_eq!(output["outcome"], "found");
    assert_eq!(output["record"]["status"], "sent");
    assert_eq!((&output["key"], &output["version"]), (&json!("1001"), &json!(1)));
}

#[test]
fn a_key_may_be_a_whole_number_and_have_space_around_it() {
    for key in [json!(1001), json!(1001.0), json!(" 1001 ")] {
        let reply = call(json!({"do": "get"}), json!({"key": key})).enter();
        assert_eq!(reply.output()["outcome"], "found", "{key}");
    }
    let reply = call(json!({"do": "get"}), json!({"key": 0.5})).enter();
    assert_eq!(reply.error().info().code, "bad-input");
}

#[test]
fn what_is_not_there_or_not_known_is_not_found_and_reads_as_an_empty_record() {
    for key in [json!("9"), json!(""), json!(" "), json!(null)] {
        let reply = call(json!({"do": "get"}), json!({"key": key})).enter();
        assert_eq!(reply.port(), "not_done", "{key}");
        let output = reply.output();
        assert_eq!(output["outcome"], "not_found");
        assert_eq!((&output["record"], &output["version"]), (&json!({}), &json!(0)));
    }
}

#[test]
fn a_node_that_forgets_an_input_says_which() {
    for (config, name) in [
        (json!({"do": "get"}), "key"),
        (json!({"do": "find"}), "where"),
        (json!({"do": "put"}), "key"),
        (json!({"do": "increment", "field": "left"}), "key"),
        (json!({"do": "delete"}), "key"),
    ] {
        let mut call = call(config, json!({}));
        let reply = call.enter();
        let info = reply.error().info();
        assert_eq!(info.code, "missing-input");
        assert!(info.message.starts_with(&format!("with: `{name}` is not given")), "{info:?}");
        assert!(call.host().calls().is_empty());
    }
}

#[test]
fn records_are_found_by_all_of_their_fields() {
    let reply =
        call(json!({"do": "find"}), json!({"where": {"phone": "+821000000101", "status": "open"}}))
            .enter();
    assert_eq!(reply.port(), "done");
    let output = reply.output();
    assert_eq!((&output["key"], &output["count"]), (&json!("1002"), &json!(1)));
    assert_eq!(output["record"]["status"], "open");
    assert_eq!(output["records"][0]["record"]["status"], "open");
}

#[test]
fn a_bound_says_that_there_are_more() {
    let reply = call(json!({"do": "find", "limit": 2}), json!({"where": {}})).enter();
    let output = reply.output();
    assert_eq!((&output["count"], &output["more"]), (&json!(2), &json!(true)));
    assert_eq!(output["records"].as_array().unwrap().len(), 2);
}

#[test]
fn a_nested_field_is_found() {
    let reply = call(json!({"do": "find"}), json!({"where": {"stock.left": 0}})).enter();
    assert_eq!(reply.output()["key"], "1003");
}

#[test]
fn a_caller_without_a_number_is_not_the_customer_without_one() {
    let mut call = call(json!({"do": "find"}), json!({"where": {"phone": null}}));
    let reply = call.enter();
    assert_eq!((reply.port(), &reply.output()["outcome"]), ("not_done", &json!("not_found")));
    assert!(call.host().calls().is_empty(), "nobody is asked");
}

#[test]
fn records_that_are_too_much_for_the_engine_are_counted_and_not_all_given() {
    let mut call = call(json!({"do": "find"}), json!({"where": {"large": true}}));
    for key in ["a", "b", "c"] {
        call.host().record("orders", key, json!({"large": true, "text": "x".repeat(20_000)}));
    }
    let reply = call.enter();
    let output = reply.output();
    assert_eq!(output["count"], 3);
    assert_eq!(output["records"].as_array().unwrap().len(), 1);
    assert!(output.to_string().len() < 64 << 10);
    call.host().record("orders", "a", json!({"large": true, "text": "x".repeat(47_000)}));
    let output = call.enter().output().clone();
    assert_eq!(output["records"], json!([]));
    assert!(output.to_string().len() < 64 << 10);
}

#[test]
fn while_the_system_of_record_is_down_the_last_known_record_serves_if_it_may() {
    let down = || HostError::unavailable("down", "the store does not answer");
    for (config, input) in [
        (json!({"do": "get"}), json!({"key": "1001"})),
        (json!({"do": "find"}), json!({"where": {"status": "sent"}})),
    ] {
        let mut strict = call(config.clone(), input.clone());
        strict.host().fail_records(down());
        assert!(
            matches!(strict.enter().error(), NodeError::Retryable(info) if info.code == "down")
        );

        let mut lenient = config;
        lenient["when_down"] = json!("last_known");
        let mut call = call(lenient, input);
        assert_eq!(call.enter().output()["stale"], false);
        call.host().fail_records(down());
        let reply = call.enter();
        assert_eq!(reply.output()["record"]["status"], "sent");
        assert_eq!(reply.output()["stale"], true);
        call.host().fail_last_known(down());
        assert!(matches!(call.enter().error(), NodeError::Retryable(_)));
    }
}
