//! Whether numbers in JSON texts come over as they are.
//!
//! JSON numbers of any length are no trouble to systems of others; they are to whoever reads them
//! as floats. What would come over as another number is told apart here, so that nobody is taken
//! for somebody else, and nothing is written back changed.

/// Whether all numbers in a JSON text are the same once they were read.
pub fn numbers_come_over(text: &str) -> bool {
    numbers(text).all(number_comes_over)
}

/// Whether all whole numbers in a JSON text are: identifiers are such, measurements seldom.
pub fn whole_numbers_come_over(text: &str) -> bool {
    let whole = |number: &&str| !number.contains(['.', 'e', 'E']);
    numbers(text).filter(whole).all(number_comes_over)
}

/// Whether a number is the same once it was read.
pub fn number_comes_over(number: &str) -> bool {
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    number.parse::<f64>().is_ok_and(|float| digits(number) == digits(&format!("{float:e}")))
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
    (negative, significant.to_owned(), exponent.saturating_sub(part).saturating_add(zeros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_form() {
        assert_eq!(digits("100"), digits("1e2"));
        assert_eq!(digits("0.00120"), digits("1.2E-3"));
        assert_eq!(digits("-0"), digits("0.000"));
        assert_ne!(digits("1"), digits("-1"));
    }

    #[test]
    fn a_number_of_any_text_comes_over_or_is_told_of() {
        assert!(numbers_come_over(r#"{"a": [1.5, 0.30000000000000004, 18446744073709551615]}"#));
        for text in [r#"{"a": 18446744073709551616}"#, "[0.10000000000000001]", "1e400"] {
            assert!(!numbers_come_over(text), "{text}");
        }
        let in_texts = r#"["18446744073709551616", "\"18446744073709551616"]"#;
        assert!(numbers_come_over(in_texts));
        assert!(!numbers_come_over("[0.1e-9223372036854775808]"));
        assert!(whole_numbers_come_over("[0.10000000000000001]"));
        assert!(!whole_numbers_come_over("[-92233720368547758080]"));
    }
}
