//! Moments as people and other systems write them.

use jiff_core::Timestamp;
use jiff_core::civil::{Date, DateTime, Weekday};
use jiff_core::tz::Offset;

/// RFC 3339 in UTC, to the second: `2026-11-20T01:00:00Z`.
///
/// Milliseconds beyond the year 9999 count as its last.
pub fn rfc3339(milliseconds: u64) -> String {
    let shown = civil(milliseconds, Offset::UTC);
    let (date, time) = (shown.date(), shown.time());
    format!("{}T{:02}:{:02}:{:02}Z", iso_date(date), time.hour(), time.minute(), time.second())
}

/// The date at `minutes` east of UTC.
pub fn date_at(milliseconds: u64, minutes: i16) -> Date {
    let offset = Offset::from_seconds(i32::from(minutes) * 60).unwrap_or(Offset::UTC);
    civil(milliseconds, offset).date()
}

/// `2026-11-20`.
pub fn iso_date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// `monday` to `sunday`.
pub fn weekday(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

/// Reads `2026-11-20`.
pub fn parse_date(text: &str) -> Option<Date> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
        return None;
    };
    let digits = [y1, y2, y3, y4, m1, m2, d1, d2];
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |digits: &[u8]| digits.iter().fold(0_i16, |sum, d| sum * 10 + i16::from(d - b'0'));
    let month = i8::try_from(number(&digits[4..6])).ok()?;
    let day = i8::try_from(number(&digits[6..])).ok()?;
    Date::new(number(&digits[..4]), month, day).ok()
}

fn civil(milliseconds: u64, offset: Offset) -> DateTime {
    let timestamp = i64::try_from(milliseconds)
        .ok()
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .unwrap_or(Timestamp::MAX);
    timestamp.to_datetime(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_136_400_999), "2026-11-20T01:00:00Z");
        assert_eq!(rfc3339(u64::MAX), "9999-12-30T22:00:00Z");
    }

    #[test]
    fn the_date_is_that_of_the_place() {
        // 2026-11-20T20:00:00Z.
        let evening = 1_795_136_400_000 + 19 * 3_600_000;
        assert_eq!(weekday(date_at(evening, 0)), "friday");
        assert_eq!(iso_date(date_at(evening, 0)), "2026-11-20");
        assert_eq!(iso_date(date_at(evening, 540)), "2026-11-21");
        assert_eq!(iso_date(date_at(evening, -720)), "2026-11-20");
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        assert_eq!(parse_date("2028-02-29").map(iso_date).as_deref(), Some("2028-02-29"));
        for text in ["2026-02-29", "2026-2-01", "20261120", "2026-11-2x", "", "２026-11-20"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
