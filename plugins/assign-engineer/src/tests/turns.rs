//! General owners take turns; two calls at once never get the same turn, and a caller does not wait
//! for fairness.

use dialgraph_plugin::testing::TestCall;
use serde_json::json;

use super::{assigned, away, call};
use crate::AssignEngineer;

fn in_turn() -> TestCall<AssignEngineer> {
    let call = call(json!({"order": ["general"], "rotation": "rotation"}), json!({}));
    call.host().collection("rotation");
    call
}

#[test]
fn general_owners_take_turns_in_the_order_of_their_ids() {
    let mut call = in_turn();
    let turns: Vec<_> = (0..4).map(|_| assigned(&mut call)).collect();
    assert_eq!(turns, ["e-103", "e-201", "e-202", "e-103"].map(|id| format!("{id} by general")));
    assert_eq!(call.host().stored("rotation", "general").unwrap(), json!({"last": "e-103"}));
}

#[test]
fn whoever_is_away_misses_a_turn() {
    let mut call = in_turn();
    assert_eq!(assigned(&mut call), "e-103 by general");
    away(&call, &["e-201"]);
    assert_eq!(assigned(&mut call), "e-202 by general");
    assert_eq!(assigned(&mut call), "e-103 by general");
}

#[test]
fn whoever_had_the_last_turn_may_be_gone() {
    let mut call = in_turn();
    call.host().record("rotation", "general", json!({"last": "e-150"}));
    assert_eq!(assigned(&mut call), "e-201 by general");
}

#[test]
fn a_turn_that_another_call_takes_at_the_same_time_is_not_given_twice() {
    let mut call = in_turn();
    call.host().rival("rotation", "general", json!({"last": "e-103"}));
    call.host().rival("rotation", "general", json!({"last": "e-201"}));
    assert_eq!(assigned(&mut call), "e-202 by general");
    assert_eq!(call.host().count("records.put"), 3);
}

#[test]
fn when_others_take_the_turn_again_and_again_the_caller_does_not_wait_for_fairness() {
    let mut call = in_turn();
    for _ in 0..5 {
        call.host().rival("rotation", "general", json!({"last": "e-103"}));
    }
    assert_eq!(assigned(&mut call), "e-103 by general");
    assert!(call.host().logs().iter().any(|line| line.message.contains("out of turn")));
}
