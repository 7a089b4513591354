//! `hours-check`, as the component that is shipped.

use dialgraph_kernel::plugin::RunResult;
use serde_json::{Value, json};

use crate::components::{Visit, done, load};

fn at(zone: &str, holidays: &str, moment: &str) -> RunResult {
    let day = json!([["09:00", "18:00"]]);
    let config = json!({"calendar": {
        "zone": zone,
        "weekly": {"mon": day, "tue": day, "wed": day, "thu": day, "fri": day},
        "holidays": holidays,
    }});
    let plugin = load("hours-check", &["clock"]);
    Visit::new(&plugin, config, |call| panic!("{call:?}")).input(json!({"at": moment})).enter()
}

fn told(zone: &str, holidays: &str, moment: &str) -> (String, Value, Value) {
    let mut done = done(at(zone, holidays, moment));
    let (reason, next) = (done.output["reason"].take(), done.output["next_open"].take());
    (done.port, reason, next)
}

#[test]
fn boundary_minutes_and_the_next_opening_are_right_in_the_component() {
    let seoul = |moment| told("Asia/Seoul", "kr", moment);
    let closed = |reason: &str, next: &str| ("closed".to_owned(), json!(reason), json!(next));
    let open = ("open".to_owned(), json!("open"), Value::Null);
    assert_eq!(
        seoul("2026-11-20T08:59:59+09:00"),
        closed("before-hours", "2026-11-20T09:00:00+09:00")
    );
    assert_eq!(seoul("2026-11-20T09:00:00+09:00"), open);
    assert_eq!(seoul("2026-11-20T17:59:59+09:00"), open);
    assert_eq!(
        seoul("2026-11-20T18:00:00+09:00"),
        closed("after-hours", "2026-11-23T09:00:00+09:00")
    );
    // Chuseok 2025 with its substitute.
    assert_eq!(seoul("2025-10-08T10:00:00+09:00"), closed("holiday", "2025-10-10T09:00:00+09:00"));
}

#[test]
fn clocks_change_in_the_component_as_they_do_outside() {
    let closed = |next: &str| ("closed".to_owned(), json!("day-off"), json!(next));
    assert_eq!(
        told("America/New_York", "none", "2026-03-08T12:00:00Z"),
        closed("2026-03-09T09:00:00-04:00")
    );
    assert_eq!(
        told("Europe/Berlin", "none", "2026-10-25T12:00:00Z"),
        closed("2026-10-26T09:00:00+01:00")
    );
}

#[test]
fn without_a_moment_it_is_the_turns_time() {
    let plugin = load("hours-check", &["clock"]);
    let config =
        json!({"calendar": {"zone": "Asia/Seoul", "weekly": {"fri": [["10:00", "10:01"]]}}});
    let done = done(Visit::new(&plugin, config, |call| panic!("{call:?}")).enter());
    assert_eq!(done.port, "open");
    assert_eq!(done.output["closes_at"], "2026-11-20T10:01:00+09:00");
}

#[test]
fn a_wrong_calendar_is_a_wrong_configuration() {
    let RunResult::Failed(failure) = at("Asia/Busan", "kr", "2026-11-20T09:00:00Z") else {
        panic!("an error was expected")
    };
    assert_eq!((failure.kind.as_str(), &*failure.code), ("bad-config", "bad-calendar"));
    assert!(failure.message.contains("Asia/Busan"), "{}", failure.message);
}
