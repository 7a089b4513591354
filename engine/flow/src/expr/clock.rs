//! Times of day: of a moment in a zone, and how far two are apart.
//!
//! A time of day is a text such as `15:30`, as `expects: time` gives it; texts of times are ordered
//! as the times are. Nothing here reads a clock.

use jiff::Timestamp;
use jiff::civil::Time;
use serde_json::Value;

use super::spoken;

/// What a text must be to be a time.
const NO_TIME: &str = "neither a time of day such as 15:30 nor an RFC 3339 time";

/// A time as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    OfDay(Time),
    Moment(Timestamp),
}

/// Reads `15:30`, or an RFC 3339 time.
pub(super) fn read(text: &str) -> Result<Clock, String> {
    let text = text.trim();
    if let Some(time) = written(text) {
        return Ok(Clock::OfDay(time));
    }
    text.parse().map(Clock::Moment).map_err(|_| NO_TIME.to_owned())
}

/// Two digits, a colon, two digits.
fn written(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<i8>().ok()).flatten()
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}

/// The time of day that `text` is, or that its moment is in the zone.
pub(super) fn of_day(text: &str, zone: &str) -> Result<Time, String> {
    let zone = spoken::zone(zone)?;
    match read(text)? {
        Clock::OfDay(time) => Ok(time),
        Clock::Moment(moment) => Ok(moment.to_zoned(zone).time()),
    }
}

/// `15:30`, of a moment in a zone.
pub(super) fn time_of(moment: &str, zone: &str) -> Result<Value, String> {
    let time = spoken::moment(moment, spoken::zone(zone)?)?.time();
    Ok(format!("{:02}:{:02}", time.hour(), time.minute()).into())
}

/// How many minutes `to` is after `from`; what is begun of one does not count.
pub(super) fn minutes_between(from: &str, to: &str) -> Result<Value, String> {
    let seconds = match (read(from)?, read(to)?) {
        (Clock::OfDay(from), Clock::OfDay(to)) => to.duration_since(from).as_secs(),
        (Clock::Moment(from), Clock::Moment(to)) => to.duration_since(from).as_secs(),
        _ => return Err("one is a time of day and the other a moment; `time_of` gives the time of day of a moment".to_owned()),
    };
    Ok((seconds / 60).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_counted_between_times_and_between_moments() {
        let between = |from: &str, to: &str| minutes_between(from, to).unwrap();
        assert_eq!(between("09:30", "11:00"), 90);
        assert_eq!(between("11:00", "09:30"), -90);
        assert_eq!(between("2026-11-20T23:30:00+09:00", "2026-11-21T00:15:59+09:00"), 45);
        assert_eq!(between("2026-11-20T00:30:00Z", "2026-11-20T09:00:00+09:00"), -30);
        assert!(minutes_between("09:30", "2026-11-20T23:30:00+09:00").is_err());
        // Clocks are put forward in between; the minutes are those that pass.
        assert_eq!(between("2026-03-08T01:30:00-05:00", "2026-03-08T03:30:00-04:00"), 60);
    }

    #[test]
    fn a_time_of_day_is_that_of_the_zone() {
        let at = |zone: &str| time_of("2026-11-20T00:05:00Z", zone).unwrap();
        assert_eq!(at("Asia/Seoul"), "09:05");
        assert_eq!(at("America/New_York"), "19:05");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "9:30", "24:00", "12:60", "12:3", "noon", "12:30:00", "2026-11-20", "１２:30"]
        {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(matches!(read(" 00:00 "), Ok(Clock::OfDay(_))));
    }
}
