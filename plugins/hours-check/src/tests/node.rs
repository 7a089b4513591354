//! The node leaves by `open` or `closed`, with all that a flow may want to say of it, and asks the
//! engine for nothing but the time.

use dialgraph_plugin::NodeError;
use dialgraph_plugin::testing::{TestCall, check_schemas};
use jiff::Timestamp;
use serde_json::json;

use super::seoul;
use crate::HoursCheck;

fn call(moment: &str) -> TestCall<HoursCheck> {
    let now = moment.parse::<Timestamp>().unwrap().as_millisecond();
    TestCall::new(json!({"calendar": seoul()})).at(now.try_into().unwrap())
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    check_schemas::<HoursCheck>();
}

#[test]
fn an_open_office_says_until_when() {
    let reply = call("2026-11-20T17:29:30+09:00").enter();
    assert_eq!(reply.port(), "open");
    assert_eq!(
        *reply.output(),
        json!({
            "open": true,
            "reason": "open",
            "holiday": null,
            "date": "2026-11-20",
            "weekday": "friday",
            "zone": "Asia/Seoul",
            "closes_at": "2026-11-20T18:00:00+09:00",
            "minutes_until_close": 30,
            "next_open": null,
            "next_open_day": null,
            "minutes_until_open": null,
        })
    );
}

#[test]
fn a_closed_office_says_why_and_when_it_opens() {
    let reply = call("2026-05-25T10:00:30+09:00").locale("en-US").enter();
    assert_eq!(reply.port(), "closed");
    assert_eq!(
        *reply.output(),
        json!({
            "open": false,
            "reason": "holiday",
            "holiday": "Buddha's Birthday (substitute holiday)",
            "date": "2026-05-25",
            "weekday": "monday",
            "zone": "Asia/Seoul",
            "closes_at": null,
            "minutes_until_close": null,
            "next_open": "2026-05-26T09:00:00+09:00",
            "next_open_day": "tomorrow",
            "minutes_until_open": 1380,
        })
    );
}

#[test]
fn the_next_opening_can_be_later_today() {
    let reply = call("2026-11-20T08:59:59.999+09:00").enter();
    assert_eq!(reply.output()["next_open_day"], "today");
    assert_eq!(reply.output()["minutes_until_open"], 1);
}

#[test]
fn another_moment_than_now_can_be_asked_for() {
    let reply =
        call("2026-11-20T10:00:00+09:00").input(json!({"at": "2026-12-25T01:00:00Z"})).enter();
    assert_eq!((reply.port(), &reply.output()["holiday"]), ("closed", &json!("기독탄신일")));
    let reply = call("2026-11-20T10:00:00+09:00").input(json!({"at": "tomorrow"})).enter();
    assert_eq!(reply.error().info().code, "bad-moment");
}

#[test]
fn a_calendar_with_a_mistake_is_a_matter_of_the_designer() {
    let mut calendar = seoul();
    calendar["zone"] = json!("Asia/Busan");
    let reply = TestCall::<HoursCheck>::new(json!({"calendar": calendar})).enter();
    let NodeError::BadConfig(info) = reply.error() else {
        panic!("bad configuration expected, not {reply:?}");
    };
    assert_eq!(info.code, "bad-calendar");
    assert!(info.message.contains("Asia/Busan"), "{}", info.message);
}

#[test]
fn the_clock_is_the_only_thing_it_asks_the_engine_for() {
    let mut call = call("2026-11-20T10:00:00+09:00");
    call.enter();
    let others: Vec<_> =
        call.host().calls().into_iter().filter(|call| !call.starts_with("clock")).collect();
    assert!(others.is_empty(), "{others:?}");
}
