//! What the check of a calendar finds, and that no call finds more.

use dialgraph_plugin::testing::check_holds;
use serde_json::{Value, json};

use super::{problems, problems_for, seoul};
use crate::HoursCheck;

fn monday(hours: Value) -> String {
    problems(json!({"zone": "Asia/Seoul", "weekly": {"mon": hours}}))
}

fn zone(name: &str) -> String {
    problems(json!({"zone": name, "weekly": {"mon": [["09:00", "18:00"]]}}))
}

#[test]
fn times_that_no_clock_shows_are_found_where_they_stand() {
    let found = [
        monday(json!([["9:00", "18:00"]])),
        monday(json!([["09:00", "18:60"]])),
        monday(json!([["09:00", "24:30"]])),
        monday(json!([["14:00", "28:00"]])),
        monday(json!([["24:00", "02:00"]])),
        monday(json!([["09.00", "18시"]])),
        monday(json!([["", "99:99"]])),
        monday(json!([["０９:００", "+9:00"]])),
        monday(json!([["09:00", "09:00"]])),
        monday(json!([["09:00", "13:00"], ["12:00", "18:00"]])),
        monday(json!([["13:00", "18:00"], ["09:00", "13:00"]])),
        monday(json!([["22:00", "06:00"], ["23:00", "24:00"]])),
    ];
    insta::assert_snapshot!(found.join("\n\n"));
}

#[test]
fn everything_wrong_is_told_at_once() {
    let mut written = seoul();
    written["zone"] = json!("KST");
    written["weekly"]["mon"] = json!([["9:00", "18:60"], ["19:00", "19:00"]]);
    written["extra_closed"] = json!([
        {"date": "2026-11-31", "name": "x"},
        {"date": "2026-12-31", "name": "x"},
        {"date": "2026-12-31", "name": "y"},
        {"date": "2026-12-24", "name": "x", "from": "16:00", "to": "18:00"},
        {"date": "2026-12-24", "name": "y", "from": "17:00"},
        {"date": "2026-12-30", "name": {"ko-KR": "휴무"}, "to": "7:00"},
        {"date": "2026-11-28", "name": " "},
    ]);
    written["extra_open"] = json!([
        {"date": "2026-11-28", "hours": []},
        {"date": "2026/11/29", "hours": [["10:00", "15:00"]]},
        {"date": "+026-01-01", "hours": [["10:00", "9:00"]]},
        {"date": "2027-02-03", "hours": [["10:00", "15:00"]]},
        {"date": "2027-02-03", "hours": [["16:00", "17:00"]]},
    ]);
    insta::assert_snapshot!(problems(written));
}

#[test]
fn a_zone_that_is_none_is_told_with_the_one_that_was_meant() {
    for (given, meant) in [
        ("KST", "Asia/Seoul"),
        ("Asia/Sol", "Asia/Seoul"),
        ("Seoul", "Asia/Seoul"),
        ("GMT+9", "Asia/Seoul"),
        ("Asia/Soeul", "Asia/Seoul"),
        ("New York", "America/New_York"),
        ("JST", "Asia/Tokyo"),
        ("Europe/Berln", "Europe/Berlin"),
        (" Asia/Seoul", "Asia/Seoul"),
    ] {
        let found = zone(given);
        assert!(found.contains(&format!("did you mean `{meant}`?")), "{given}: {found}");
    }
    for given in ["", "Atlantis", "한국"] {
        assert!(zone(given).contains("write an IANA name"), "{given}: {}", zone(given));
    }
    for good in ["Asia/Seoul", "asia/seoul", "UTC", "EST", "America/Argentina/Ushuaia"] {
        assert_eq!(zone(good), "", "{good}");
    }
}

#[test]
fn an_office_that_never_opens_is_warned_of() {
    let found = problems(json!({"zone": "UTC", "weekly": {}}));
    assert!(found.starts_with("warning: /calendar/weekly: the office is never open"), "{found}");
    let open = json!([{"date": "2026-12-31", "hours": [["20:00", "08:00"]]}]);
    assert_eq!(problems(json!({"zone": "UTC", "weekly": {"mon": []}, "extra_open": open})), "");
}

#[test]
fn a_name_must_be_there_in_every_language_of_the_calls() {
    let mut written = seoul();
    written["holidays"] = json!("none");
    written["extra_closed"] =
        json!([{"date": "2026-12-31", "name": {"ko-KR": "연말 휴무", "en-US": "End of the year"}}]);
    assert_eq!(problems_for(written.clone(), &["ko-KR", "en-GB"]), "");
    let found = problems_for(written.clone(), &["ko-KR", "ja-JP"]);
    assert!(
        found.starts_with("/calendar/extra_closed/0/name: there is no name in ja-JP"),
        "{found}"
    );
    written["extra_closed"][0]["name"] = json!("年末");
    assert_eq!(problems_for(written, &["ja-JP"]), "");
    let found = problems_for(seoul(), &["ja-JP"]);
    assert!(found.starts_with("warning: /calendar/holidays"), "{found}");
}

#[test]
fn a_calendar_that_passes_is_never_a_bad_configuration() {
    let mut rich = seoul();
    rich["extra_closed"] = json!([
        {"date": "2026-11-20", "name": "회의", "from": "14:00", "to": "16:00"},
        {"date": "2026-12-31", "name": {"ko-KR": "연말", "en-US": "Year's end"}},
    ]);
    rich["extra_open"] = json!([{"date": "2026-11-21", "hours": [["10:00", "15:00"]]}]);
    rich["weekly"]["sat"] = json!([["22:00", "06:00"]]);
    let seeds = [seoul(), rich].map(|calendar| json!({"calendar": calendar}));
    check_holds::<HoursCheck>(&seeds, |call| call);
}
