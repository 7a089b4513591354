//! A write loses nothing that a rival wrote meanwhile, keeps to its version and bounds, and never
//! happens under a key that is not known.

use dialgraph_plugin::{HostError, NodeError};
use serde_json::{Value, json};

use super::call;

fn put(more: Value, input: Value) -> dialgraph_plugin::testing::TestCall<crate::Record> {
    let mut config = json!({"do": "put"});
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    call(config, input)
}

fn count(more: Value, input: Value) -> dialgraph_plugin::testing::TestCall<crate::Record> {
    let mut config = json!({"do": "increment", "field": "left"});
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    call(config, input)
}

#[test]
fn a_record_is_stored_in_the_place_of_the_one_that_is_there() {
    let mut call = put(json!({}), json!({"key": "1001", "data": {"status": "paid"}}));
    let reply = call.enter();
    assert_eq!(reply.port(), "done");
    let output = reply.output();
    assert_eq!((&output["outcome"], &output["version"]), (&json!("saved"), &json!(2)));
    assert_eq!(output["record"], json!({"status": "paid"}));
    assert_eq!(call.host().stored("orders", "1001"), Some(json!({"status": "paid"})));
}

#[test]
fn a_merge_leaves_what_it_is_not_told_and_takes_out_what_is_null() {
    let data = json!({"status": "paid", "phone": null, "stock": {"place": "A1"}});
    let mut call = put(json!({"merge": true}), json!({"key": "1003", "data": data}));
    let merged = json!({"status": "paid", "stock": {"left": 0, "place": "A1"}});
    assert_eq!(call.enter().output()["record"], merged);
    assert_eq!(call.host().stored("orders", "1003"), Some(merged));
}

/// The examples of RFC 7396, appendix A, whose target and patch are objects.
#[test]
fn a_merge_is_that_of_rfc_7396() {
    for (target, patch, result) in [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ] {
        let mut call = put(json!({"merge": true}), json!({"key": "x", "data": patch}));
        call.host().record("orders", "x", target.clone());
        call.enter().done();
        assert_eq!(call.host().stored("orders", "x"), Some(result), "{target} and {patch}");
    }
}

#[test]
fn a_merge_meets_a_rival_and_keeps_what_both_wrote() {
    let mut call = put(json!({"merge": true}), json!({"key": "1001", "data": {"status": "paid"}}));
    call.host().rival("orders", "1001", json!({"status": "open", "note": "called twice"}));
    assert_eq!(call.enter().port(), "done");
    let stored = call.host().stored("orders", "1001");
    assert_eq!(stored, Some(json!({"status": "paid", "note": "called twice"})));
}

#[test]
fn a_record_that_must_be_new_is_no_other() {
    let mut call = put(json!({"expect": "absent"}), json!({"key": "7", "data": {"n": 1}}));
    assert_eq!(call.enter().output()["version"], 1);
    let reply = call.enter();
    assert_eq!(reply.port(), "not_done");
    let output = reply.output();
    assert_eq!((&output["outcome"], &output["version"]), (&json!("conflict"), &json!(1)));
    assert_eq!(output["record"], json!({"n": 1}), "what is there");
}

#[test]
fn a_write_of_an_older_version_is_a_conflict_that_shows_what_is_there() {
    for more in [json!({"expect": "version"}), json!({"expect": "version", "merge": true})] {
        let input = |version: Value| json!({"key": "1001", "version": version, "data": {"n": 1}});
        let mut first = put(more.clone(), input(json!(1)));
        assert_eq!(first.enter().output()["version"], 2);
        let reply = first.enter();
        assert_eq!((reply.port(), &reply.output()["outcome"]), ("not_done", &json!("conflict")));
        assert_eq!(reply.output()["version"], 2);

        let mut new = put(more.clone(), json!({"key": "7", "version": 0, "data": {}}));
        assert_eq!(new.enter().output()["version"], 1, "0 is no record");
        for version in [json!(null), json!(-1), json!(0.5)] {
            let reply = put(more.clone(), input(version)).enter();
            assert!(["missing-input", "bad-input"].contains(&&*reply.error().info().code));
        }
    }
}

#[test]
fn nothing_is_written_under_a_key_that_is_not_known() {
    for config in [
        json!({"do": "put"}),
        json!({"do": "delete"}),
        json!({"do": "increment", "field": "left", "create": true}),
    ] {
        for key in [json!(""), json!(null)] {
            let mut call = call(config.clone(), json!({"key": key, "data": {}}));
            assert_eq!(call.enter().error().info().code, "no-key");
            assert!(call.host().calls().is_empty());
        }
    }
}

#[test]
fn a_field_is_counted_within_its_bounds() {
    let mut call = count(json!({"by": -1, "least": 1}), json!({"key": "1001"}));
    assert_eq!(call.enter().output()["value"], 2);
    assert_eq!(call.enter().output()["value"], 1);
    let reply = call.enter();
    assert_eq!(reply.port(), "not_done");
    let output = reply.output();
    assert_eq!((&output["outcome"], &output["value"]), (&json!("limit"), &json!(1)));
    let stored = call.host().stored("orders", "1001").unwrap();
    assert_eq!((&stored["left"], &stored["status"]), (&json!(1), &json!("sent")));
}

#[test]
fn a_number_beyond_its_bounds_may_come_back() {
    let mut call = count(json!({"by": -1, "most": 2}), json!({"key": "1001"}));
    assert_eq!(call.enter().output()["value"], 2);
    assert_eq!(count(json!({"most": 3}), json!({"key": "1001"})).enter().port(), "not_done");
}

#[test]
fn the_flow_may_say_how_much() {
    assert_eq!(count(json!({}), json!({"key": "1001", "by": 4})).enter().output()["value"], 7);
    assert_eq!(count(json!({}), json!({"key": "1001", "by": 4.0})).enter().output()["value"], 7);
    for by in [json!(0), json!(0.5), json!(1e300)] {
        let reply = count(json!({}), json!({"key": "1001", "by": by})).enter();
        assert_eq!(reply.error().info().code, "bad-input", "{by}");
    }
}

#[test]
fn a_field_that_is_not_there_begins_at_nought_and_a_nested_one_is_made() {
    assert_eq!(count(json!({}), json!({"key": "1002"})).enter().output()["value"], 1);
    let mut call = count(json!({"field": "calls.today"}), json!({"key": "1002"}));
    assert_eq!(call.enter().output()["record"]["calls"], json!({"today": 1}));
}

#[test]
fn a_record_is_made_only_where_that_was_asked_for() {
    let mut call = count(json!({}), json!({"key": "7"}));
    assert_eq!(call.enter().output()["outcome"], "not_found");
    assert_eq!(call.host().stored("orders", "7"), None);
    let mut call = count(json!({"create": true}), json!({"key": "7"}));
    assert_eq!(call.enter().output()["value"], 1);
    assert_eq!(call.host().stored("orders", "7"), Some(json!({"left": 1})));
}

#[test]
fn what_is_no_whole_number_is_not_counted() {
    for field in ["status", "status.left"] {
        let reply = count(json!({"field": field}), json!({"key": "1001"})).enter();
        let info = reply.error().info();
        assert_eq!(info.code, "no-number");
        assert!(!info.message.contains("1001"), "no key in a message: {info:?}");
    }
    let mut call = count(json!({}), json!({"key": "x"}));
    call.host().record("orders", "x", json!({"left": 9_007_199_254_740_991_i64}));
    assert_eq!(call.enter().output()["outcome"], "limit", "beyond, numbers are not exact");
}

#[test]
fn counting_meets_rivals_and_loses_none_of_them() {
    let mut call = count(json!({}), json!({"key": "1001"}));
    for left in [10, 20] {
        call.host().rival("orders", "1001", json!({"left": left}));
    }
    assert_eq!(call.enter().output()["value"], 21);
    assert_eq!(call.host().count("records.put"), 3);
}

#[test]
fn counting_gives_up_after_so_many_attempts_and_can_be_tried_again() {
    let mut call = count(json!({"attempts": 2}), json!({"key": "1001"}));
    for left in 0..2 {
        call.host().rival("orders", "1001", json!({"left": left}));
    }
    let reply = call.enter();
    let NodeError::Retryable(info) = reply.error() else { panic!("{reply:?}") };
    assert_eq!(info.code, "contended");
    assert!(!info.message.contains("1001"), "{info:?}");
    assert_eq!(call.host().count("records.put"), 2);
}

#[test]
fn counting_only_at_a_version_is_tried_once() {
    let at = |version: u64| {
        count(json!({"expect": "version"}), json!({"key": "1001", "version": version}))
    };
    assert_eq!(at(1).enter().output()["value"], 4);
    assert_eq!(at(2).enter().output()["outcome"], "conflict");
    let mut raced = at(1);
    raced.host().rival("orders", "1001", json!({"left": 9}));
    let reply = raced.enter();
    assert_eq!(reply.output()["outcome"], "conflict");
    assert_eq!(reply.output()["record"]["left"], 9);
    assert_eq!(raced.host().count("records.put"), 1);
}

#[test]
fn a_record_is_removed_once_or_never() {
    let mut call = call(json!({"do": "delete"}), json!({"key": "1001"}));
    for _ in 0..2 {
        assert_eq!(call.enter().output()["outcome"], "deleted");
        assert_eq!(call.host().stored("orders", "1001"), None);
    }
}

#[test]
fn a_record_of_another_version_is_not_removed() {
    let input = json!({"key": "1001", "version": 2});
    let mut call = call(json!({"do": "delete", "expect": "version"}), input);
    let reply = call.enter();
    assert_eq!((reply.port(), &reply.output()["outcome"]), ("not_done", &json!("conflict")));
    assert!(call.host().stored("orders", "1001").is_some());
}

#[test]
fn while_records_are_down_nothing_is_lost_but_the_visit() {
    for (config, input) in [
        (json!({"do": "put"}), json!({"key": "1001", "data": {}})),
        (json!({"do": "increment", "field": "left"}), json!({"key": "1001"})),
        (json!({"do": "delete"}), json!({"key": "1001"})),
    ] {
        let mut call = call(config, input);
        call.host().fail_records(HostError::unavailable("down", "the store does not answer"));
        assert!(matches!(call.enter().error(), NodeError::Retryable(info) if info.code == "down"));
    }
}
