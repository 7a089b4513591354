//! A desk in Seoul, its state as a line of text, and what the check finds in its calendar.

mod calendars;
mod configuration;
mod korean_holidays;
mod node;
mod time_zones;

use dialgraph_plugin::testing::check;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::HoursCheck;
use crate::calendar::{Calendar, Written};
use crate::schedule::{State, Status};
use crate::zone::{Moment, Wall};

/// Weekdays 09:00–18:00 in Seoul with Korean holidays.
fn seoul() -> Value {
    json!({
        "zone": "Asia/Seoul",
        "weekly": {
            "mon": [["09:00", "18:00"]],
            "tue": [["09:00", "18:00"]],
            "wed": [["09:00", "18:00"]],
            "thu": [["09:00", "18:00"]],
            "fri": [["09:00", "18:00"]],
        },
        "holidays": "kr",
    })
}

fn calendar(written: Value) -> Calendar {
    let written = serde_json::from_value::<Written>(written).unwrap();
    written.read(&mut |at, what, _| panic!("{at}: {what}")).unwrap()
}

/// All that the check finds in a calendar, for calls in Korean and English.
fn problems(written: Value) -> String {
    problems_for(written, &["ko-KR", "en-US"])
}

fn problems_for(written: Value, locales: &[&str]) -> String {
    let found = check::<HoursCheck>(&json!({"calendar": written}), locales);
    let lines = found.into_iter().map(|problem| {
        let hint = problem.hint.map(|hint| format!(" — {hint}")).unwrap_or_default();
        let mild = if problem.warning { "warning: " } else { "" };
        format!("{mild}{}: {}{hint}", problem.pointer, problem.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn at(calendar: &Calendar, moment: &str) -> Status {
    calendar.status(moment_of(moment))
}

fn moment_of(rfc3339: &str) -> Moment {
    let timestamp: Timestamp = rfc3339.parse().unwrap();
    Moment::from_milliseconds(timestamp.as_millisecond()).unwrap()
}

/// `open until …` or `REASON (NAME) until …`.
fn told(calendar: &Calendar, moment: &str) -> String {
    let until = |at: Option<&Wall>| at.map_or_else(|| "no end".to_owned(), Wall::rfc3339);
    match at(calendar, moment).state {
        State::Open { closes_at } => format!("open until {}", until(closes_at.as_ref())),
        State::Closed { reason, name, opens_at } => {
            let name =
                name.map_or_else(String::new, |name| format!(" ({})", name.in_locale("ko-KR")));
            format!("{}{name} until {}", reason.as_str(), until(opens_at.as_ref()))
        }
    }
}
