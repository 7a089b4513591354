//! Lengths of time and sizes as people write them: `500ms`, `1h30m`, `64 KiB`.

use std::time::Duration;

/// Units of time by their milliseconds, the largest first.
const TIMES: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of size by their bytes, the largest first (IEC 80000-13).
const SIZES: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// Reads a length of time: whole numbers with `ms`, `s`, `m`, `h` or `d`, which add up. None when
/// it is not one, or more than a computer counts.
///
/// ```
/// use std::time::Duration;
/// use dialgraph_base::parse_duration;
///
/// assert_eq!(parse_duration("1h30m"), Some(Duration::from_secs(5_400)));
/// assert_eq!(parse_duration("1.5h"), None);
/// ```
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(end);
        let (_, ms) = TIMES.into_iter().find(|(known, _)| *known == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(ms)?)?;
        rest = behind;
    }
    Some(Duration::from_millis(total))
}

/// A length of time in the largest unit that takes it whole, to the millisecond.
pub fn show_duration(time: Duration) -> String {
    let ms = time.as_millis();
    let whole = TIMES.into_iter().find(|(_, size)| ms > 0 && ms.is_multiple_of(u128::from(*size)));
    match whole {
        Some((unit, size)) => format!("{}{unit}", ms / u128::from(size)),
        None => "0s".to_owned(),
    }
}

/// Reads a number of bytes: a whole number, perhaps with `KiB`, `MiB` or `GiB`. None when it is not
/// one, or more than a computer counts.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let size = match unit.trim_start() {
        "" => 1,
        unit => SIZES.into_iter().find(|(known, _)| *known == unit)?.1,
    };
    number.parse::<u64>().ok()?.checked_mul(size)
}

/// A number of bytes in the largest unit that takes it whole.
pub fn show_bytes(bytes: u64) -> String {
    let whole = SIZES.into_iter().find(|(_, size)| bytes > 0 && bytes.is_multiple_of(*size));
    match whole {
        Some((unit, size)) => format!("{} {unit}", bytes / size),
        None => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_add_up() {
        assert_eq!(parse_duration("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("2d"), Some(Duration::from_hours(48)));
    }

    #[test]
    fn anything_else_is_no_time() {
        let wrong = ["", "5", "s", "5 s", "-5s", "5x", "5µs", "99999999999999999999s", "1.5s"];
        for text in wrong.into_iter().chain(["18446744073709551615d"]) {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_size() {
        for text in ["", "KiB", "-1", "1 KB", "1.5 MiB", "18446744073709551615 KiB"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(ms: u64, bytes: u64) {
            let time = Duration::from_millis(ms);
            prop_assert_eq!(parse_duration(&show_duration(time)), Some(time));
            prop_assert_eq!(parse_bytes(&show_bytes(bytes)), Some(bytes));
        }
    }
}
