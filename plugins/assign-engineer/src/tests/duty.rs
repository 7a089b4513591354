//! Whoever is on duty on the desk's own day is taken, by date before weekday; without one who is
//! there, the next step decides.

use dialgraph_plugin::NodeError;
use dialgraph_plugin::testing::{START, TestCall};
use serde_json::{Value, json};

use super::{assigned, away, call};
use crate::AssignEngineer;

fn at_night(input: Value) -> TestCall<AssignEngineer> {
    let config = json!({"order": ["duty", "general"], "duty": "duty", "utc_offset_minutes": 540});
    let call = call(config, input);
    let host = call.host();
    host.record("duty", "friday", json!({"engineer_id": "e-101"}));
    host.record("duty", "saturday", json!({"engineer_id": "e-102"}));
    host.record("duty", "2026-11-27", json!({"engineer_id": "e-103", "note": "swapped"}));
    call
}

#[test]
fn the_engineer_on_duty_that_weekday_is_taken() {
    assert_eq!(assigned(&mut at_night(json!({}))), "e-101 by duty");
}

#[test]
fn the_day_is_that_of_the_place() {
    // Friday, 23:59 and midnight in Seoul.
    let minute = 60_000;
    let before_midnight = START + 14 * 60 * minute - minute;
    assert_eq!(assigned(&mut at_night(json!({})).at(before_midnight)), "e-101 by duty");
    assert_eq!(assigned(&mut at_night(json!({})).at(before_midnight + minute)), "e-102 by duty");
}

#[test]
fn a_date_goes_before_its_weekday() {
    assert_eq!(assigned(&mut at_night(json!({"date": "2026-11-27"}))), "e-103 by duty");
}

#[test]
fn without_duty_or_with_the_one_on_duty_away_the_next_step_is_taken() {
    let mut sunday = at_night(json!({"date": "2026-11-22"}));
    assert_eq!(assigned(&mut sunday), "e-202 by general");
    assert!(sunday.host().logs().iter().any(|line| line.message == "nobody is on duty"));
    let mut call = at_night(json!({}));
    away(&call, &["e-101"]);
    assert_eq!(assigned(&mut call), "e-202 by general");
}

#[test]
fn a_day_that_is_no_date_fails_the_run() {
    let reply = at_night(json!({"date": "tomorrow"})).enter();
    assert!(matches!(reply.error(), NodeError::Other(info) if info.code == "bad-date"));
}
