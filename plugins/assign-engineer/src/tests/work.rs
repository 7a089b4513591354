//! The load of an engineer is the number of calls that they work on, or have tickets of.

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

/// As the desk counts an open ticket.
fn has_ticket(call: &TestCall<AssignEngineer>, engineer: &str, ticket: &str, of: &str) {
    let work = json!({"engineer_id": engineer, "call_id": of});
    call.host().record("assignments", &format!("ticket/{ticket}"), work);
}

#[test]
fn a_call_and_its_tickets_are_one_piece_of_work() {
    let load_is_below_the_limit = |tickets: &[(&str, &str)], calls: &[&str]| {
        // e-101 has two cases of their own, and takes a fourth.
        let mut call = counting(json!({"max_load": 4}), json!({"customer_id": "c-001"}));
        calls.iter().for_each(|other| works_on(&call, "e-101", other));
        tickets.iter().for_each(|(id, of)| has_ticket(&call, "e-101", id, of));
        assigned(&mut call) == "e-101 by primary"
    };
    assert!(load_is_below_the_limit(&[("T-1", "call-7"), ("T-2", "call-7")], &["call-7"]));
    assert!(load_is_below_the_limit(&[("T-1", "call-7")], &[]));
    assert!(!load_is_below_the_limit(&[("T-1", "call-7")], &["call-8"]), "of another call");
    assert!(!load_is_below_the_limit(&[("T-1", "call-7"), ("T-2", "call-8")], &[]));
    // The call's own tickets count as the call itself does.
    assert!(load_is_below_the_limit(&[("T-1", "call-1"), ("T-2", "call-1")], &["call-7"]));
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
fn of_calls_at_the_same_moment_the_first_keeps_the_last_place() {
    let rival = |key: &str| {
        let mut call = counting(json!({}), json!({"customer_id": "c-001"}));
        // Another call is assigned between counting and noting, in the same millisecond.
        let case = json!({"engineer_id": "e-101", "call_id": key});
        call.host().meanwhile("assignments", key, case);
        assigned(&mut call)
    };
    assert_eq!(rival("call-0"), "e-102 by secondary");
    assert_eq!(rival("call-7"), "e-101 by primary");
}

#[test]
fn while_records_are_down_the_caller_does_not_wait_for_a_note() {
    let mut call = counting(json!({}), json!({"customer_id": "c-001"}));
    engineer(&call, "e-101", json!({"max_load": 9}));
    call.host().fail_records(HostError::unavailable("down", "the store does not answer"));
    assert_eq!(assigned(&mut call), "e-101 by primary");
    assert_eq!(case(&call), None);
}

#[test]
fn more_engineers_than_can_be_counted_do_not_fail_the_call() {
    let mut call = counting(json!({"order": ["part"]}), json!({"part": "Great"}));
    for n in 0..200 {
        let id = format!("g-{n:03}");
        let engineer = json!({"engineer_id": id, "part": "Great", "is_available": true});
        call.host().record("engineers", &id, engineer);
    }
    call.host().index("engineers", "part", IndexKind::Exact, &["part"]);
    // The first in line is free: nobody else need be counted.
    assert_eq!(assigned(&mut call), "g-000 by part");
    let searches = |call: &TestCall<AssignEngineer>| {
        call.host()
            .calls()
            .iter()
            .filter(|call| call.contains("collection: \"assignments\""))
            .count()
    };
    assert_eq!(searches(&call), 2);
    // All have something to do, and the requests that a run may make are not used up.
    for n in 0..200 {
        works_on(&call, &format!("g-{n:03}"), &format!("call-{}", n + 10));
    }
    let mut call = call.input(json!({"part": "Great"}));
    assert_eq!(assigned(&mut call), "g-000 by part");
    assert!(searches(&call) < 48, "{}", searches(&call));
    assert!(call.host().logs().iter().any(|line| line.message.contains("more engineers could")));
}

#[test]
fn who_is_assigned_nobody_leaves_nothing_behind() {
    let mut call = counting(json!({"order": ["primary"]}), json!({"customer_id": "c-001"}));
    works_on(&call, "e-102", "call-1");
    engineer(&call, "e-101", json!({"is_available": false}));
    assert_eq!(assigned(&mut call), "nobody");
    assert_eq!(case(&call), None);
}
