//! Moments as people and other systems write them.

use jiff_core::Timestamp;
use jiff_core::civil::{Date, DateTime, Time, Weekday};
use jiff_core::tz::Offset;

/// RFC 3339 in UTC, to the second: `2026-11-20T01:00:00Z`.
///
/// Milliseconds beyond the year 9999 count as its last.
pub fn rfc3339(milliseconds: u64) -> String {
    let shown = civil(milliseconds, Offset::UTC);
    let (date, time) = (shown.date(), shown.time());
    format!("{}T{:02}:{:02}:{:02}Z", iso_date(date), time.hour(), time.minute(), time.second())
}

/// Reads what [`rfc3339`] writes, with or without a fraction of a second; none if it is not in UTC
/// or no time at all.
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let &[h1, h2, b':', m1, m2, b':', s1, s2] = time.as_bytes() else { return None };
    let digits = [h1, h2, m1, m2, s1, s2].into_iter().chain(fraction.bytes());
    if fraction.is_empty() || !digits.clone().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let two = |tens: u8, ones: u8| i8::try_from((tens - b'0') * 10 + (ones - b'0')).ok();
    let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    let thousandths: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let time = Time::new(hour, minute, second, 0).ok()?;
    let at = DateTime::from_parts(parse_date(date)?, time).to_timestamp(Offset::UTC).ok()?;
    Some(u64::try_from(at.as_second()).ok()? * 1_000 + thousandths)
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
    fn a_moment_in_utc_is_read_and_nothing_else() {
        assert_eq!(parse_rfc3339("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_rfc3339("2026-11-20T01:00:00Z"), Some(1_795_136_400_000));
        assert_eq!(parse_rfc3339("2026-11-20T01:00:00.999Z"), Some(1_795_136_400_999));
        assert_eq!(parse_rfc3339("2026-11-20T01:00:00.5Z"), Some(1_795_136_400_500));
        for wrong in [
            "",
            "Z",
            "yesterday",
            "2026-11-20",
            "2026-11-20T01:00:00",
            "2026-11-20T01:00:00+09:00",
            "2026-11-31T01:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T01:00:60Z",
            "2026-11-20T01:00:00.Z",
            "2026-11-20T1:00:00Z",
            "2026-11-20T01:00:00.-1Z",
            "1969-12-31T23:59:59Z",
            "2026-11-20T공1:00Z",
        ] {
            assert_eq!(parse_rfc3339(wrong), None, "{wrong}");
        }
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
