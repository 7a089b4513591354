//! A call leaves one record of all that is known of it, bounded in size, and can be logged later
//! when records are down.

use dialgraph_plugin::testing::{START, TestCall, check_holds, check_schemas};
use dialgraph_plugin::{HostError, NodeError};
use serde_json::{Value, json};

use crate::{CallLogger, PATH_END, PATH_START};

fn call(input: Value) -> TestCall<CallLogger> {
    let call = TestCall::<CallLogger>::new(json!({"collection": "call_logs"})).input(input);
    call.host().collection("call_logs");
    call
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    check_schemas::<CallLogger>();
}

#[test]
fn a_call_is_logged_with_all_that_is_known() {
    let mut call = call(json!({
        "customer_id": "c-001",
        "path": ["main-entry/welcome", "emergency/queue"],
        "resolution": "queued",
        "queue": "msp-emergency",
        "assigned_to": "e-101",
        "ticket_id": "T-1",
        "notes": "production is down",
        "details": {"intent": "ProductionOutage", "stale": false},
    }));
    call.host().set_now(START + 95_500);
    let reply = call.enter();
    assert_eq!(reply.port(), "logged");
    assert_eq!(*reply.output(), json!({"key": "call-1", "version": 1}));
    assert_eq!(
        call.host().stored("call_logs", "call-1").unwrap(),
        json!({
            "call_id": "call-1",
            "customer_id": "c-001",
            "phone_number": "+821000000101",
            "dialed_number": "+8220000000",
            "channel": "voice",
            "locale": "ko-KR",
            "call_start_time": "2026-11-20T01:00:00Z",
            "call_end_time": "2026-11-20T01:01:35Z",
            "duration_seconds": 95,
            "flow_path": ["main-entry/welcome", "emergency/queue"],
            "resolution": "queued",
            "queue": "msp-emergency",
            "assigned_to": "e-101",
            "ticket_id": "T-1",
            "notes": "production is down",
            "details": {"intent": "ProductionOutage", "stale": false},
        })
    );
}

#[test]
fn a_contact_that_is_over_is_logged_with_its_end_its_wait_and_its_agent() {
    let mut call = call(json!({
        "resolution": "queued",
        "ended_at": "2026-11-20T01:10:00.250Z",
        "ended_by": "channel",
        "waited_seconds": 75,
        "answered": true,
        "answered_by": "agent-7",
    }));
    call.host().set_now(START + 3_600_000);
    call.enter();
    let stored = call.host().stored("call_logs", "call-1").unwrap();
    for (field, wanted) in [
        ("call_end_time", json!("2026-11-20T01:10:00Z")),
        ("duration_seconds", json!(600)),
        ("ended_by", json!("channel")),
        ("waited_seconds", json!(75)),
        ("answered", json!(true)),
        ("answered_by", json!("agent-7")),
    ] {
        assert_eq!(stored[field], wanted, "{field}");
    }
}

#[test]
fn an_end_that_is_no_time_is_told_with_its_words() {
    let mut call = call(json!({"resolution": "queued", "ended_at": "yesterday"}));
    let reply = call.enter();
    let NodeError::Other(info) = reply.error() else {
        panic!("another error expected, not {reply:?}");
    };
    assert!(info.message.contains("`yesterday`"), "{}", info.message);
}

#[test]
fn what_is_unknown_is_left_out() {
    let mut call =
        call(json!({"resolution": "", "customer_id": "", "queue": " ", "ticket_id": ""}))
            .caller(None);
    call.enter();
    assert_eq!(
        call.host().stored("call_logs", "call-1").unwrap(),
        json!({
            "call_id": "call-1",
            "phone_number": null,
            "dialed_number": "+8220000000",
            "channel": "voice",
            "locale": "ko-KR",
            "call_start_time": "2026-11-20T01:00:00Z",
            "call_end_time": "2026-11-20T01:00:00Z",
            "duration_seconds": 0,
            "flow_path": [],
            "resolution": "unknown",
        })
    );
}

#[test]
fn a_number_that_the_flow_gives_is_preferred_to_that_of_the_line() {
    let mut call = call(json!({"resolution": "callback", "phone_number": "+821000000999"}));
    call.enter();
    let stored = call.host().stored("call_logs", "call-1").unwrap();
    assert_eq!(stored["phone_number"], "+821000000999");
}

#[test]
fn logging_a_call_again_replaces_its_record() {
    let mut call = call(json!({"resolution": "queued"}));
    call.enter();
    let reply = call.enter();
    assert_eq!(reply.output()["version"], 2);
    assert_eq!(call.host().all_stored("call_logs").len(), 1);
}

#[test]
fn a_path_without_end_keeps_its_beginning_and_its_end() {
    let path: Vec<_> = (0..1_000).map(|n| format!("flow/node-{n}")).collect();
    let mut call = call(json!({"resolution": "failed", "path": path}));
    call.enter();
    let stored = call.host().stored("call_logs", "call-1").unwrap();
    let kept = stored["flow_path"].as_array().unwrap();
    assert_eq!(kept.len(), PATH_START + 1 + PATH_END);
    assert_eq!(kept[PATH_START - 1], "flow/node-99");
    assert_eq!(kept[PATH_START], "… 600 nodes …");
    assert_eq!(kept[PATH_START + 1], "flow/node-700");
    assert_eq!(kept[PATH_START + PATH_END], "flow/node-999");
}

#[test]
fn while_records_are_down_the_call_can_be_logged_later() {
    let mut call = call(json!({"resolution": "queued"}));
    call.host().fail_records(HostError::unavailable("down", "the store does not answer"));
    let reply = call.enter();
    let NodeError::Retryable(info) = reply.error() else {
        panic!("retryable expected, not {reply:?}");
    };
    assert_eq!(info.code, "down");
}

#[test]
fn a_configuration_that_passes_is_never_a_bad_one() {
    check_holds::<CallLogger>(&[json!({"collection": "call_logs"})], |call| {
        call.host().collection("call_logs");
        call.input(json!({"resolution": "queued"}))
    });
}
