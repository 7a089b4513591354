//! How times and numbers are written in scripts.

use std::time::Duration;

use jiff::tz::TimeZone;

use dialgraph_base::Timestamp;

/// A telephone number as channels give it: without spaces, dashes, dots and brackets (ITU-T E.164).
pub fn e164(number: &str) -> String {
    number.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect()
}

/// The longest that time can be made to pass at once: ten years.
const LONGEST_MS: u64 = 10 * 366 * 24 * 3_600_000;

/// Milliseconds of `500ms`, `15s`, `15m`, `1h30m` or `2d`; `min` and a space before the unit are
/// good, too.
pub fn parse_duration(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no duration; write `500ms`, `15s`, `15m` or `2h`");
    let bare = text.trim();
    let (number, unit) = bare.split_at(bare.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?);
    let unit = match unit.trim_start() {
        "min" => "m",
        unit if unit.starts_with(|c: char| c.is_ascii_digit()) => return Err(wrong()),
        unit => unit,
    };
    let read = |number: &str| dialgraph_base::parse_duration(&format!("{number}{unit}"));
    let time = match read(number) {
        Some(time) => u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        // More digits than a number takes are more than ten years, if they are anything.
        None if !number.is_empty() && read("1").is_some() => u64::MAX,
        None => return Err(wrong()),
    };
    if time > LONGEST_MS {
        return Err(format!("`{text}` is more than ten years, and no script is so long"));
    }
    Ok(time)
}

/// A duration as [`parse_duration`] reads it, in the largest unit that takes it whole.
pub fn duration(ms: u64) -> String {
    dialgraph_base::show_duration(Duration::from_millis(ms))
}

/// The number that somebody typed, as [`e164`] has it.
///
/// # Errors
/// When it is no telephone number: more than 15 digits, or something else than digits behind an
/// optional `+`.
pub fn parse_number(text: &str) -> Result<String, String> {
    let number = e164(text);
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if (2..=15).contains(&digits.len()) && digits.chars().all(|digit| digit.is_ascii_digit()) {
        return Ok(number);
    }
    Err(format!("`{text}` is no telephone number, such as +82-10-0000-0101"))
}

/// A time with its offset: `2026-11-20T10:00:00+09:00`.
pub fn parse_time(text: &str) -> Result<(Timestamp, TimeZone), String> {
    let wrong = |detail: String| {
        format!("`{text}` is no time with an offset, such as 2026-11-20T10:00:00+09:00{detail}")
    };
    let at: jiff::Timestamp = text.parse().map_err(|error| wrong(format!(": {error}")))?;
    let pieces =
        jiff::fmt::temporal::Pieces::parse(text).map_err(|error| wrong(format!(": {error}")))?;
    let offset = pieces.to_numeric_offset().ok_or_else(|| wrong(String::new()))?;
    let millis = u64::try_from(at.as_millisecond()).map_err(|_| wrong(" after 1970".to_owned()))?;
    Ok((Timestamp(millis), TimeZone::fixed(offset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_no_milliseconds() {
        assert_eq!(parse_duration("5 min"), Ok(300_000));
        assert_eq!(parse_duration("1h30m"), Ok(5_400_000));
        for text in ["5 mins", "5mins", "min", "1 2s", "5", ""] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_is_written_in_its_largest_whole_unit_and_reads_back() {
        for (ms, text) in
            [(0, "0s"), (1_500, "1500ms"), (90_000, "90s"), (900_000, "15m"), (7_200_000, "2h")]
        {
            assert_eq!(duration(ms), text);
            assert_eq!(parse_duration(text), Ok(ms));
        }
        for long in ["9999999999h", "99999999999999999999999s", "87841h"] {
            let told = parse_duration(long).unwrap_err();
            assert!(told.contains("more than ten years"), "{told}");
        }
        assert!(parse_duration("87840h").is_ok());
        assert!(parse_duration("h").unwrap_err().contains("no duration"));
    }

    #[test]
    fn a_number_is_digits_however_they_are_grouped() {
        assert_eq!(parse_number("+82-10-0000-0101").as_deref(), Ok("+821000000101"));
        assert_eq!(parse_number("(02) 000.0000").as_deref(), Ok("020000000"));
        for wrong in ["abc", "", "+", "+82-10-0000-010x", "1234567890123456"] {
            assert!(parse_number(wrong).is_err(), "{wrong}");
        }
    }
}
