//! Steps are taken in their order and the least loaded engineer first; nobody is taken who is away,
//! full or excluded, and whatever rests on old records says so.

use dialgraph_plugin::testing::check_schemas;
use dialgraph_plugin::{HostError, NodeError};
use serde_json::{Value, json};

use super::{assigned, away, call, engineer};
use crate::AssignEngineer;

fn down() -> HostError {
    HostError::unavailable("down", "the store does not answer")
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    check_schemas::<AssignEngineer>();
}

#[test]
fn the_customers_engineer_is_asked_first() {
    let mut call = call(json!({}), json!({"customer_id": "c-001"}));
    let reply = call.enter();
    assert_eq!(reply.port(), "assigned");
    assert_eq!(
        *reply.output(),
        json!({
            "engineer_id": "e-101",
            "name": "김나무",
            "phone": "+82-10-0000-0201",
            "email": "e-101@example.com",
            "part": "Leaf",
            "role": "Leader",
            "step": "primary",
            "stale": false,
            "as_of": null,
        })
    );
}

#[test]
fn primary_then_secondary_then_part_then_general() {
    let mut call = call(json!({}), json!({"customer_id": "c-001"}));
    assert_eq!(assigned(&mut call), "e-101 by primary");
    away(&call, &["e-101"]);
    assert_eq!(assigned(&mut call), "e-102 by secondary");
    away(&call, &["e-102"]);
    assert_eq!(assigned(&mut call), "e-103 by part");
    away(&call, &["e-103"]);
    assert_eq!(assigned(&mut call), "e-202 by general");
    away(&call, &["e-202"]);
    assert_eq!(assigned(&mut call), "e-201 by general");
    away(&call, &["e-201"]);
    let reply = call.enter();
    assert_eq!((reply.port(), &reply.output()["engineer_id"]), ("nobody", &Value::Null));
}

#[test]
fn of_a_part_the_least_loaded_is_taken_and_of_equals_the_first() {
    let config = json!({"order": ["part"]});
    let mut call = call(config, json!({"part": "Leaf"}));
    assert_eq!(assigned(&mut call), "e-102 by part");
    engineer(&call, "e-103", json!({"current_load": 0}));
    assert_eq!(assigned(&mut call), "e-103 by part");
}

#[test]
fn a_customer_without_a_part_belongs_to_that_of_the_engineer() {
    let mut call = call(json!({"order": ["primary", "part"]}), json!({"customer_id": "c-002"}));
    away(&call, &["e-201"]);
    assert_eq!(assigned(&mut call), "e-202 by part");
}

#[test]
fn whoever_has_all_that_can_be_taken_is_passed_over() {
    let mut call = call(json!({"max_load": 2}), json!({"customer_id": "c-001"}));
    assert_eq!(assigned(&mut call), "e-102 by secondary");
    // One's own limit goes before that of all.
    engineer(&call, "e-101", json!({"max_load": 3}));
    assert_eq!(assigned(&mut call), "e-101 by primary");
    engineer(&call, "e-101", json!({"max_load": 0}));
    assert_eq!(assigned(&mut call), "e-102 by secondary");
}

#[test]
fn whoever_could_not_be_reached_is_not_asked_again() {
    let input = json!({"customer_id": "c-001", "exclude": ["e-101", "e-102"]});
    assert_eq!(assigned(&mut call(json!({}), input)), "e-103 by part");
}

#[test]
fn the_flow_can_name_the_engineers_itself() {
    let input = json!({"customer_id": "c-001", "assigned_engineer": "e-202"});
    assert_eq!(assigned(&mut call(json!({}), input)), "e-202 by primary");
    let input = json!({"assigned_engineer": "", "secondary_engineer": "e-201"});
    assert_eq!(assigned(&mut call(json!({"customers": null}), input)), "e-201 by secondary");
}

#[test]
fn a_caller_who_is_no_customer_goes_to_the_general_owners() {
    for input in [
        json!({}),
        json!({"customer_id": ""}),
        json!({"customer_id": "c-404"}),
        json!({"customer_id": "c-003"}),
    ] {
        assert_eq!(assigned(&mut call(json!({}), input)), "e-202 by general");
    }
}

#[test]
fn an_engineer_who_does_not_exist_is_passed_over_and_logged() {
    let mut call =
        call(json!({}), json!({"assigned_engineer": "e-999", "secondary_engineer": "e-102"}));
    assert_eq!(assigned(&mut call), "e-102 by secondary");
    let logs = call.host().logs();
    assert!(logs.iter().any(|line| line.message.contains("not in the collection")), "{logs:?}");
}

#[test]
fn a_spoilt_record_hides_nobody_else() {
    let mut call = call(json!({"order": ["part"]}), json!({"part": "Leaf"}));
    engineer(&call, "e-102", json!({"current_load": "many"}));
    assert_eq!(assigned(&mut call), "e-103 by part");
}

#[test]
fn the_name_is_told_in_the_callers_language() {
    let mut call = call(json!({}), json!({"customer_id": "c-001"})).locale("en-US");
    assert_eq!(call.enter().output()["name"], "Engineer e-101");
    engineer(&call, "e-101", json!({"name_en": null}));
    assert_eq!(call.enter().output()["name"], "김나무");
}

#[test]
fn while_records_are_down_the_last_known_engineers_are_taken_and_said_to_be_old() {
    let mut call = call(json!({"rotation": "rotation"}), json!({"customer_id": "c-001"}));
    call.host().fail_records(down());
    let reply = call.enter();
    assert_eq!(reply.output()["engineer_id"], "e-101");
    assert_eq!(reply.output()["stale"], true);
    assert_eq!(reply.output()["as_of"], "2026-11-20T01:00:00Z");
    // In turn is not possible then, by load is.
    away_and_general(&mut call);
}

fn away_and_general(call: &mut dialgraph_plugin::testing::TestCall<AssignEngineer>) {
    away(call, &["e-101", "e-102", "e-103"]);
    assert_eq!(assigned(call), "e-202 by general");
    assert_eq!(call.host().count("records.put"), 0);
}

#[test]
fn without_anything_last_known_the_search_can_be_tried_again() {
    let mut call = call(json!({}), json!({"customer_id": "c-001"}));
    call.host().fail_records(down());
    call.host().fail_last_known(down());
    assert!(matches!(call.enter().error(), NodeError::Retryable(info) if info.code == "down"));

    // Nobody is known from before: that is not the same as nobody being there.
    let config = json!({"engineers": "engineers"});
    let mut empty = dialgraph_plugin::testing::TestCall::<AssignEngineer>::new(config);
    empty.host().collection("engineers");
    empty.host().fail_records(down());
    let reply = empty.enter();
    assert!(
        matches!(reply.error(), NodeError::Retryable(info) if info.code == "records-unavailable")
    );
}
