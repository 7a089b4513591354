//! `call-log`, as the component that is shipped.

use dialgraph_kernel::plugin::RunResult;
use dialgraph_kernel::ports::records::Expectation;
use dialgraph_kernel::ports::{HostCall, HostError};
use serde_json::json;

use crate::components::{Visit, answer, done, load};

#[test]
fn a_call_is_logged_once_under_its_id() {
    let plugin = load("call-log", &["clock", "records-write"]);
    let input =
        json!({"resolution": "queued", "path": ["main-entry/welcome"], "customer_id": "c-001"});
    let mut visit = Visit::new(&plugin, json!({"collection": "call_logs"}), |call| {
        let HostCall::RecordsPut(put) = call else { panic!("{call:?}") };
        assert_eq!((&*put.collection, &*put.key), ("call_logs", "call-1"));
        assert_eq!(put.expect, Expectation::Any);
        assert_eq!(
            put.data,
            json!({
                "call_id": "call-1",
                "customer_id": "c-001",
                "phone_number": "+821000000999",
                "channel": "voice",
                "locale": "ko-KR",
                "call_start_time": "2026-11-20T01:00:00Z",
                "call_end_time": "2026-11-20T01:00:00Z",
                "duration_seconds": 0,
                "flow_path": ["main-entry/welcome"],
                "resolution": "queued",
            })
        );
        answer("records.put", json!({"version": 1}))
    })
    .input(input);
    let logged = done(visit.enter());
    assert_eq!((&*logged.port, &logged.output["key"]), ("logged", &json!("call-1")));
    assert_eq!(visit.calls.len(), 1);
}

#[test]
fn while_records_are_down_it_can_be_tried_again() {
    let plugin = load("call-log", &["clock", "records-write"]);
    let mut visit = Visit::new(&plugin, json!({"collection": "call_logs"}), |_| {
        Err(HostError::unavailable("down", "the store does not answer"))
    })
    .input(json!({"resolution": "queued"}));
    let RunResult::Failed(failure) = visit.enter() else { panic!("an error was expected") };
    assert_eq!((failure.kind.as_str(), &*failure.code), ("retryable", "down"));
}
