//! The load of an engineer is the number of calls that they work on.

use dialgraph_plugin::HostError;
use dialgraph_plugin::testing::{IndexKind, TestCall};
use serde_json::{Value, json};

use super::{assigned, call, engineer};
use crate::AssignEngineer;

/// Leaf's e-101 has 2 cases of their own and e-102 one; 3 are the most.
fn counting(config: Value, input: Value) -> TestCall<AssignEngineer> {
    let mut whole = json!({"work": "assignments", "max_load": 3});
    whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    let call = call(whole, input);
    call.host().collection("assignments");
    call.host().index("assignments", "engineer_id", IndexKind::Exact, &["engineer_id"]);
    call
}

fn works_on(call: &TestCall<AssignEngineer>, engineer: &str, other: &str) {
    call.host().record("assignments", other, json!({"engineer_id": engineer, "call_id": other}));
}

fn case(call: &TestCall<AssignEngineer>) -> Option<Value> {
    call.host().stored("assignments", "call-1").map(|case| case["engineer_id"].clone())
}

#[test]
fn who_is_assigned_works_on_the_call() {
    let mut call = counting(json!({}), json!({"customer_id": "c-001"}));
    assert_eq!(assigned(&mut call), "e-101 by primary");
    assert_eq!(
        call.host().stored("assignments", "call-1").unwrap(),
        json!({"engineer_id": "e-101", "call_id": "call-1", "since": "2026-11-20T01:00:00Z"})
    );
}

#[test]
fn calls_that_an_engineer_works_on_count_beside_those_of_the_record() {
    let mut call = counting(json!({}), json!({"customer_id": "c-001"}));
    works_on(&call, "e-101", "call-7");
    assert_eq!(assigned(&mut call), "e-102 by secondary");
    // Over as many pages as it takes.
    let mut call = counting(json!({"max_load": 1_000}), json!({"customer_id": "c-001"}));
    for n in 0..998 {
        works_on(&call, "e-101", &format!("call-a{n}"));
    }
    assert_eq!(assigned(&mut call), "e-102 by secondary");
}

#[test]
fn the_least_loaded_of_a_part_is_who_works_on_the_fewest() {
    let mut call = counting(json!({"order": ["part"], "max_load": 9}), json!({"part": "Leaf"}));
    works_on(&call, "e-102", "call-7");
    assert_eq!(assigned(&mut call), "e-103 by part");
}

#[test]
fn a_call_counts_once_however_often_it_is_assigned() {
    let mut call = counting(json!({}), json!({"customer_id": "c-001"}));
    assert_eq!(assigned(&mut call), "e-101 by primary");
    assert_eq!(assigned(&mut call), "e-101 by primary");
    let mut again = call.input(json!({"customer_id": "c-001", "exclude": ["e-101"]}));
    assert_eq!(assigned(&mut again), "e-102 by secondary");
    assert_eq!(case(&again), Some("e-102".into()));
    assert_eq!(again.host().all_stored("assignments").len(), 1);
    let all = json!(["e-101", "e-102", "e-103", "e-201", "e-202"]);
    let mut again = again.input(json!({"customer_id": "c-001", "exclude": all}));
    assert_eq!(assigned(&mut again), "nobody");
    assert_eq!(case(&again), None);
}

#[test]
fn who_is_filled_up_by_another_call_at_the_same_moment_is_passed_over() {
    let mut call = counting(json!({}), json!({"customer_id": "c-001"}));
    // Another call is assigned between counting and noting.
    call.host().meanwhile(
        "assignments",
        "call-7",
        json!({"engineer_id": "e-101", "call_id": "call-7"}),
    );
    assert_eq!(assigned(&mut call), "e-102 by secondary");
    assert_eq!(case(&call), Some("e-102".into()));
}

#[test]
fn while_records_are_down_the_caller_does_not_wait_for_a_note() {
    let mut call = counting(json!({}), json!({"customer_id": "c-001"}));
    engineer(&call, "e-101", json!({"max_load": 9}));
    call.host().fail_records(HostError::unavailable("down", "the store does not answer"));
    assert_eq!(assigned(&mut call), "e-101 by primary");
    assert_eq!(case(&call), None);
}
