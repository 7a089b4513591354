//! Values of columns as JSON, exactly.
//!
//! The database writes each column as JSON text, which serves every type alike: numbers, truth
//! values, times, documents, arrays, and what extensions add. A number that would come over as
//! another is refused.

use dialgraph_local::records::numbers_come_over;
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
    if !numbers_come_over(text) {
        return Err(Unfit::Digits);
    }
    Ok(value)
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
}
