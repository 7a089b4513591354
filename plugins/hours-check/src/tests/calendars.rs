//! Weekly hours, holidays and extra days tell to the second whether a desk is open, why not, and
//! when that changes.

use serde_json::json;

use super::{at, calendar, moment_of, seoul, told};
use crate::calendar::Written;
use crate::schedule::State;
use crate::zone::Moment;

#[test]
fn opens_on_the_first_second_and_is_closed_on_the_last() {
    let seoul = calendar(seoul());
    assert_eq!(
        told(&seoul, "2026-11-20T08:59:59+09:00"),
        "before-hours until 2026-11-20T09:00:00+09:00"
    );
    assert_eq!(told(&seoul, "2026-11-20T09:00:00+09:00"), "open until 2026-11-20T18:00:00+09:00");
    assert_eq!(
        told(&seoul, "2026-11-20T17:59:59.999+09:00"),
        "open until 2026-11-20T18:00:00+09:00"
    );
    assert_eq!(
        told(&seoul, "2026-11-20T18:00:00+09:00"),
        "after-hours until 2026-11-23T09:00:00+09:00"
    );
}

#[test]
fn a_weekday_without_windows_is_a_day_off() {
    assert_eq!(
        told(&calendar(seoul()), "2026-11-21T12:00:00+09:00"),
        "day-off until 2026-11-23T09:00:00+09:00"
    );
}

#[test]
fn the_next_opening_leaps_over_a_long_holiday() {
    assert_eq!(
        told(&calendar(seoul()), "2025-10-02T18:00:00+09:00"),
        "after-hours until 2025-10-10T09:00:00+09:00"
    );
    assert_eq!(
        told(&calendar(seoul()), "2025-10-06T10:00:00+09:00"),
        "holiday (추석) until 2025-10-10T09:00:00+09:00"
    );
}

#[test]
fn a_holiday_is_told_in_the_callers_language() {
    let State::Closed { name: Some(name), .. } =
        at(&calendar(seoul()), "2026-05-25T10:00:00+09:00").state
    else {
        panic!("closed on a substitute holiday");
    };
    assert_eq!(name.in_locale("ko-KR"), "부처님오신날 대체 휴일");
    assert_eq!(name.in_locale("en-GB"), "Buddha's Birthday (substitute holiday)");
}

#[test]
fn holidays_are_days_of_the_calendars_zone_not_of_utc() {
    // 00:30 on New Year's Day in Seoul is still the old year in UTC.
    assert!(told(&calendar(seoul()), "2025-12-31T15:30:00Z").starts_with("holiday (신정연휴)"));
    assert!(told(&calendar(seoul()), "2025-12-31T14:59:59Z").starts_with("after-hours"));
}

#[test]
fn without_holiday_rules_a_holiday_is_a_working_day() {
    let mut written = seoul();
    written["holidays"] = json!("none");
    assert!(told(&calendar(written), "2026-12-25T10:00:00+09:00").starts_with("open"));
}

#[test]
fn a_lunch_break_closes_between_two_windows() {
    let mut written = seoul();
    written["weekly"]["fri"] = json!([["13:00", "18:00"], ["09:00", "12:00"]]);
    let calendar = calendar(written);
    assert_eq!(
        told(&calendar, "2026-11-20T11:00:00+09:00"),
        "open until 2026-11-20T12:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-11-20T12:00:00+09:00"),
        "break until 2026-11-20T13:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-11-20T13:00:00+09:00"),
        "open until 2026-11-20T18:00:00+09:00"
    );
}

#[test]
fn a_window_past_midnight_belongs_to_the_day_it_begins_on() {
    let calendar = calendar(json!({
        "zone": "Asia/Seoul",
        "weekly": {"fri": [["22:00", "06:00"]]},
        "extra_closed": [{"date": "2026-11-28", "name": "정기 점검"}],
    }));
    assert_eq!(
        told(&calendar, "2026-11-21T05:59:00+09:00"),
        "open until 2026-11-21T06:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-11-21T06:00:00+09:00"),
        "day-off until 2026-11-27T22:00:00+09:00"
    );
    // The Saturday is closed, the Friday's night is not.
    assert_eq!(
        told(&calendar, "2026-11-28T03:00:00+09:00"),
        "open until 2026-11-28T06:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-11-28T07:00:00+09:00"),
        "holiday (정기 점검) until 2026-12-04T22:00:00+09:00"
    );
}

#[test]
fn windows_that_touch_at_midnight_are_one_opening() {
    let calendar = calendar(json!({
        "zone": "Asia/Seoul",
        "weekly": {"mon": [["09:00", "24:00"]], "tue": [["00:00", "02:00"], ["04:00", "05:00"]]},
    }));
    assert_eq!(
        told(&calendar, "2026-11-23T10:00:00+09:00"),
        "open until 2026-11-24T02:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-11-24T00:00:00+09:00"),
        "open until 2026-11-24T02:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-11-24T03:00:00+09:00"),
        "break until 2026-11-24T04:00:00+09:00"
    );
}

#[test]
fn an_office_that_never_closes_has_no_closing_time() {
    let day = json!([["00:00", "24:00"]]);
    let calendar = calendar(json!({
        "zone": "Asia/Seoul",
        "weekly": {"mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day},
    }));
    assert_eq!(told(&calendar, "2026-11-23T10:00:00+09:00"), "open until no end");
    // But the first holiday within a month is seen.
    let mut with_holidays = json!({"zone": "Asia/Seoul", "holidays": "kr", "weekly": {}});
    for name in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] {
        with_holidays["weekly"][name] = json!([["00:00", "24:00"]]);
    }
    assert_eq!(
        told(&super::calendar(with_holidays), "2026-12-23T10:00:00+09:00"),
        "open until 2026-12-25T00:00:00+09:00"
    );
}

#[test]
fn an_office_that_never_opens_has_no_opening_time() {
    let calendar = calendar(json!({"zone": "Asia/Seoul", "weekly": {}}));
    assert_eq!(told(&calendar, "2026-11-23T10:00:00+09:00"), "day-off until no end");
}

#[test]
fn an_extra_closed_day_closes_and_an_extra_open_day_opens_even_on_a_holiday() {
    let mut written = seoul();
    written["extra_closed"] =
        json!([{"date": "2026-11-20", "name": {"ko-KR": "창립기념일", "en-US": "Founding Day"}}]);
    written["extra_open"] = json!([{"date": "2026-12-25", "hours": [["10:00", "12:00"]]}]);
    let calendar = calendar(written);
    assert_eq!(
        told(&calendar, "2026-11-20T10:00:00+09:00"),
        "holiday (창립기념일) until 2026-11-23T09:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-12-25T10:00:00+09:00"),
        "open until 2026-12-25T12:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-12-25T13:00:00+09:00"),
        "after-hours until 2026-12-28T09:00:00+09:00"
    );
}

#[test]
fn an_extra_closed_part_of_a_day_cuts_the_windows() {
    let mut written = seoul();
    written["extra_closed"] = json!([
        {"date": "2026-11-20", "name": "전사 회의", "from": "14:00", "to": "16:00"},
        {"date": "2026-11-23", "name": "조기 퇴근", "from": "15:00"},
        {"date": "2026-11-24", "name": "늦은 시작", "to": "11:00"},
    ]);
    let calendar = calendar(written);
    assert_eq!(
        told(&calendar, "2026-11-20T13:00:00+09:00"),
        "open until 2026-11-20T14:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-11-20T14:00:00+09:00"),
        "special (전사 회의) until 2026-11-20T16:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-11-20T16:00:00+09:00"),
        "open until 2026-11-20T18:00:00+09:00"
    );
    assert_eq!(
        told(&calendar, "2026-11-23T15:00:00+09:00"),
        "special (조기 퇴근) until 2026-11-24T11:00:00+09:00"
    );
    // After hours is after hours, whatever else was closed.
    assert_eq!(
        told(&calendar, "2026-11-23T19:00:00+09:00"),
        "after-hours until 2026-11-24T11:00:00+09:00"
    );
}

#[test]
fn a_key_that_a_calendar_does_not_have_is_refused() {
    let error = serde_json::from_value::<Written>(json!({"zone": "UTC", "weekly": {"monday": []}}))
        .unwrap_err();
    assert!(error.to_string().contains("monday"), "{error}");
}

#[test]
fn every_minute_of_a_month_agrees_with_the_next_change_that_is_told() {
    let mut written = seoul();
    written["weekly"]["wed"] = json!([["07:00", "11:30"], ["12:30", "01:15"]]);
    written["extra_closed"] =
        json!([{"date": "2026-09-10", "name": "회의", "from": "08:00", "to": "09:30"}]);
    let calendar = calendar(written);
    let start = jiff::Timestamp::constant(1_788_188_400, 0);
    assert_eq!(moment_of("2026-09-01T00:00:00+09:00"), moment(start, 0));
    let mut promised: Option<(Moment, bool)> = None;
    for minute in 0..30 * 24 * 60 {
        let now = moment(start, minute);
        let (open, change) = match calendar.status(now).state {
            State::Open { closes_at } => (true, closes_at),
            State::Closed { opens_at, .. } => (false, opens_at),
        };
        if let Some((until, state)) = promised {
            assert_eq!(state, open == (now < until), "at {now:?}, promised until {until:?}");
        }
        let change = change.unwrap().moment;
        assert!(change > now);
        // Until a promise comes true, it is repeated.
        if let Some((until, _)) = promised.filter(|(until, _)| now < *until) {
            assert_eq!(until, change, "at {now:?}");
        }
        promised = Some((change, open));
    }
}

fn moment(start: jiff::Timestamp, minutes: i64) -> Moment {
    Moment::from_milliseconds(start.as_millisecond() + minutes * 60_000).unwrap()
}
