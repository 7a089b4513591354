//! Values of columns as JSON, exactly.
//!
//! The database writes each column as JSON text, which serves every type alike: numbers, truth
//! values, times, documents, arrays, and what extensions add. JSON numbers of any length are no
//! trouble to a database; they are to whoever reads them as floats. A number that would come over
//! as another is refused.

use serde_json::Value;

/// Why a column's value is none that a record can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// A number with more digits than records keep.
    Digits,
    /// `NaN` and the like.
    NoNumber,
    /// Larger than a record.
    TooLarge,
    NoJson,
}

impl Unfit {
    /// In words that follow the name of the column.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::Digits => {
                "holds a number with more digits than a record can hold; map a column that has it as text"
            }
            Self::NoNumber => "holds no number (NaN or infinity)",
            Self::TooLarge => "holds more than a record can hold",
            Self::NoJson => "holds a value that is no JSON",
        }
    }
}

/// The value that `text` says, if it comes over as it is.
pub(crate) fn value_of(text: &str, is_number: bool) -> Result<Value, Unfit> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        if error.to_string().starts_with("number out of range") {
            Unfit::Digits
        } else {
            Unfit::NoJson
        }
    })?;
    if is_number && value.is_string() {
        return Err(Unfit::NoNumber);
    }
    if numbers(text).any(|number| !comes_over(number)) {
        return Err(Unfit::Digits);
    }
    Ok(value)
}

/// The numbers in a JSON text, as they are written.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            match bytes[at] {
                b'"' => {
                    at += 1;
                    while at < bytes.len() && bytes[at] != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let from = at;
                    let is_of = |byte: u8| {
                        matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E') || byte.is_ascii_digit()
                    };
                    while at < bytes.len() && is_of(bytes[at]) {
                        at += 1;
                    }
                    return text.get(from..at);
                }
                _ => at += 1,
            }
        }
        None
    })
}

/// Whether a number is the same once it was read.
fn comes_over(number: &str) -> bool {
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    number.parse::<f64>().is_ok_and(|float| digits(number) == digits(&format!("{float:e}")))
}

/// Sign, significant digits and exponent of a number: the same for the same number.
fn digits(number: &str) -> (bool, String, i64) {
    let (negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i64 = exponent.trim_start_matches('+').parse().unwrap_or(i64::MAX / 2);
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{part}");
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return (false, String::new(), 0);
    }
    let zeros = i64::try_from(all.len() - all.trim_end_matches('0').len()).unwrap_or(0);
    let part = i64::try_from(part.len()).unwrap_or(0);
    (negative, significant.to_owned(), exponent - part + zeros)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_comes_over_as_it_is_or_not_at_all() {
        for text in ["0", "-0.0", "12", "0.10", "1e3", "123456789012.25", "18446744073709551615"] {
            let value = value_of(text, true).unwrap();
            assert_eq!(value.as_f64(), text.parse().ok(), "{text}");
        }
        for text in ["12345678901234567890.123", "0.1000000000000000000001", "1e400"] {
            assert_eq!(value_of(text, true), Err(Unfit::Digits), "{text}");
        }
        assert_eq!(value_of(r#""NaN""#, true), Err(Unfit::NoNumber));
        assert_eq!(value_of(r#""NaN""#, false), Ok(json!("NaN")));
        let nested = r#"{"a": ["\"12345678901234567890.123", 1.5], "b\\": "-1"}"#;
        assert_eq!(value_of(nested, false).unwrap()["a"][1], json!(1.5));
        let lost = r#"{"a": [12345678901234567890.123]}"#;
        assert_eq!(value_of(lost, false), Err(Unfit::Digits));
        assert_eq!(value_of("{", false), Err(Unfit::NoJson));
    }

    #[test]
    fn one_number_has_one_form() {
        assert_eq!(digits("100"), digits("1e2"));
        assert_eq!(digits("0.00120"), digits("1.2E-3"));
        assert_eq!(digits("-0"), digits("0.000"));
        assert_ne!(digits("1"), digits("-1"));
    }
}
