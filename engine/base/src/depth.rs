//! How deep JSON may be nested: one limit for whatever comes in from outside.
//!
//! What is stored or sent stands within envelopes of its own, and readers of JSON stop at some
//! depth. So the limit is far below theirs, and holds where a value enters, not where it is
//! written: outputs of plugins, records, attributes, replies of providers, values that an
//! expression makes.

use serde_json::Value;

/// Lists and maps that may stand within one another; `[[1]]` are two.
pub const MAX_DEPTH: usize = 64;

/// A value is nested deeper than [`MAX_DEPTH`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is nested more than {MAX_DEPTH} lists and maps deep")]
pub struct TooDeep;

/// That `value` is nested no deeper than it may be.
///
/// # Errors
/// [`TooDeep`].
pub fn check(value: &Value) -> Result<(), TooDeep> {
    if fits(value, MAX_DEPTH) { Ok(()) } else { Err(TooDeep) }
}

/// Whether `value` has no more than `levels` lists and maps within one another.
pub fn fits(value: &Value, levels: usize) -> bool {
    let below = |inner: &Value| fits(inner, levels - 1);
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => levels > 0 && items.iter().all(below),
        Value::Object(fields) => levels > 0 && fields.values().all(below),
    }
}

/// The same for JSON as text, before anything reads it. Of what is no JSON it says nothing.
///
/// # Errors
/// [`TooDeep`].
pub fn check_text(json: &str) -> Result<(), TooDeep> {
    let (mut open, mut within, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b'[' | b'{' if !within => {
                open += 1;
                if open > MAX_DEPTH {
                    return Err(TooDeep);
                }
            }
            b']' | b'}' if !within => open = open.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn sixty_four_levels_are_let_in_and_one_more_is_not() {
        for (levels, fits) in [(0, true), (1, true), (64, true), (65, false), (127, false)] {
            let text = if levels == 0 { "1".to_owned() } else { lists(levels) };
            assert_eq!(check_text(&text).is_ok(), fits, "{levels}");
            assert_eq!(check(&serde_json::from_str(&text).unwrap()).is_ok(), fits, "{levels}");
        }
        // Whatever nobody could have read is found before it is read.
        assert_eq!(check_text(&lists(1_000_000)), Err(TooDeep));
    }

    #[test]
    fn brackets_in_texts_and_beside_one_another_do_not_count() {
        let texts = format!(r#"{{"a\"[{{": "{}\\", "b": [[], {{}}, []]}}"#, "[".repeat(500));
        assert_eq!(check_text(&texts), Ok(()));
        let wide = format!("[{}[]]", "[],".repeat(10_000));
        assert_eq!(check_text(&wide), Ok(()));
        assert_eq!(check(&serde_json::from_str(&wide).unwrap()), Ok(()));
    }
}
