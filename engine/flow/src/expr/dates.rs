//! Days: of a moment in a zone, some days or months on, how many between two, in the form that
//! somebody wants.
//!
//! A day is a text such as `2026-11-20`; texts of days are ordered as the days are. Nothing here
//! reads a clock.

use jiff::civil::Date;
use jiff::fmt::strtime;
use jiff::{Span, Timestamp};
use serde_json::Value;

use super::number::Num;
use super::spoken;

/// Days and months that may be added, either way.
const MOST: i64 = 1_000_000;

/// What a text must be to be a day.
const NO_DAY: &str = "not a date such as 2026-11-20";

/// The day that `text` writes out.
pub(super) fn day(text: &str) -> Result<Date, String> {
    let text = text.trim();
    let written = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if written {
        return text.parse().map_err(|_| NO_DAY.to_owned());
    }
    let time = text.parse::<Timestamp>().is_ok();
    let more = if time { "; `date(…, zone)` gives the day of a time" } else { "" };
    Err(format!("{NO_DAY}{more}"))
}

/// Whether `value` is a text that the functions of days or of times take.
pub(super) fn is_date(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default().trim();
    day(text).is_ok() || text.parse::<Timestamp>().is_ok()
}

/// The day of a time on the calendar of a zone.
pub(super) fn date(time: &str, zone: &str) -> Result<Value, String> {
    let moment = spoken::moment(time, spoken::zone(zone)?)?;
    Ok(moment.date().to_string().into())
}

pub(super) fn add_days(date: &str, days: Num) -> Result<Value, String> {
    let span = whole(days, "days")?;
    added(day(date)?, Span::new().try_days(span))
}

/// The same day of a later month, or the month's last where it has no such day.
pub(super) fn add_months(date: &str, months: Num) -> Result<Value, String> {
    let span = whole(months, "months")?;
    added(day(date)?, Span::new().try_months(span))
}

fn added(date: Date, span: Result<Span, jiff::Error>) -> Result<Value, String> {
    let sum = span.and_then(|span| date.checked_add(span)).ok();
    // Before the year 0 a day is not written in ten signs.
    let sum = sum.filter(|sum| sum.year() >= 0);
    sum.map(|sum| sum.to_string().into()).ok_or_else(|| "the date is out of range".to_owned())
}

fn whole(number: Num, what: &str) -> Result<i64, String> {
    match number {
        Num::Int(whole) if (-MOST..=MOST).contains(&whole) => Ok(whole),
        Num::Int(_) => Err(format!("at most {MOST} {what} can be added")),
        Num::Float(_) => Err(format!("{what} are whole numbers")),
    }
}

/// How many days `to` is after `from`; less than none when it is before.
pub(super) fn days_between(from: &str, to: &str) -> Result<Value, String> {
    let (from, to) = (day(from)?, day(to)?);
    let span = from.until(to).map_err(|_| "the date is out of range".to_owned())?;
    Ok(span.get_days().into())
}

/// 1 for Monday to 7 for Sunday.
pub(super) fn weekday(date: &str) -> Result<Value, String> {
    Ok(day(date)?.weekday().to_monday_one_offset().into())
}

/// The day by a pattern of `strftime`, such as `%Y/%m/%d`.
pub(super) fn format(date: &str, pattern: &str) -> Result<Value, String> {
    let written = strtime::format(pattern, day(date)?);
    written.map(Value::from).map_err(|_| NO_FORMAT.to_owned())
}

const NO_FORMAT: &str = "not a date format such as `%Y/%m/%d`";

/// Whether `pattern` can write a day.
pub(super) fn check_format(pattern: &str) -> Result<(), String> {
    strtime::format(pattern, Date::constant(2026, 11, 20))
        .map(drop)
        .map_err(|_| NO_FORMAT.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Days since 1970-01-01, by the algorithm that the kernel's clock uses the other way round.
    fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    fn length(year: i64, month: i64) -> i64 {
        let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        days_from_civil(next_year, next, 1) - days_from_civil(year, month, 1)
    }

    fn text(year: i64, month: i64, day: i64) -> String {
        format!("{year:04}-{month:02}-{day:02}")
    }

    fn any_day() -> impl Strategy<Value = (i64, i64, i64)> {
        (1600_i64..2400, 1_i64..=12, 0_i64..31)
            .prop_map(|(year, month, day)| (year, month, day % length(year, month) + 1))
    }

    proptest! {
        #[test]
        fn days_are_counted_as_the_calendar_does(a in any_day(), b in any_day()) {
            let number = |(year, month, day)| days_from_civil(year, month, day);
            let (from, to) = (text(a.0, a.1, a.2), text(b.0, b.1, b.2));
            let apart = number(b) - number(a);
            prop_assert_eq!(days_between(&from, &to).unwrap(), Value::from(apart));
            prop_assert_eq!(add_days(&from, Num::Int(apart)).unwrap(), Value::from(to));
            // 1970-01-01 was a Thursday.
            prop_assert_eq!(weekday(&from).unwrap(), Value::from((number(a) + 3).rem_euclid(7) + 1));
        }

        #[test]
        fn a_month_on_is_the_same_day_or_the_months_last(a in any_day(), months in -2400_i64..2400) {
            let (year, month, day) = a;
            let all = year * 12 + month - 1 + months;
            let (year, month) = (all.div_euclid(12), all.rem_euclid(12) + 1);
            let wanted = text(year, month, day.min(length(year, month)));
            prop_assert_eq!(add_months(&text(a.0, a.1, a.2), Num::Int(months)).unwrap(), Value::from(wanted));
        }
    }

    #[test]
    fn the_end_of_a_month_is_kept_to() {
        let on = |date: &str, months| add_months(date, Num::Int(months)).unwrap();
        assert_eq!(on("2026-01-31", 1), "2026-02-28");
        assert_eq!(on("2028-01-31", 1), "2028-02-29");
        assert_eq!(on("2026-03-31", -1), "2026-02-28");
        assert_eq!(on("2024-02-29", 12), "2025-02-28");
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for wrong in [
            "",
            "2026-11-31",
            "2026-1-2",
            "20261120",
            "tomorrow",
            "2026-11-20T00:00:00Z",
            "２０２６-11-20",
        ] {
            assert!(day(wrong).is_err(), "{wrong}");
        }
        assert!(day("2026-11-20T00:00:00Z").unwrap_err().contains("`date(…, zone)`"));
        assert!(add_days("9999-12-31", Num::Int(1)).is_err());
        assert!(add_days("0000-01-01", Num::Int(-1)).is_err());
        assert!(add_days("2026-01-01", Num::Int(i64::MAX)).is_err());
        assert!(add_days("2026-01-01", Num::Float(0.5)).is_err());
        assert!(is_date(&"2026-11-20T09:30:00+09:00".into()) && is_date(&" 2026-11-20 ".into()));
        assert!(!is_date(&"2026-11-20T09:30:00".into()) && !is_date(&20_261_120.into()));
    }
}
