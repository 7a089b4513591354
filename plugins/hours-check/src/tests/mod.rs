mod calendars;
mod korean_holidays;
mod node;
mod time_zones;

use jiff::Timestamp;
use serde_json::{Value, json};

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
    serde_json::from_value::<Written>(written).unwrap().check().unwrap()
}

fn problem(written: Value) -> String {
    serde_json::from_value::<Written>(written).unwrap().check().unwrap_err().to_string()
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
