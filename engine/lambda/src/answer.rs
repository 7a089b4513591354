//! The engine's answer, taken only if Connect would take it.

use std::collections::BTreeMap;

use dialgraph_connect::flat::{FlatMap, MAX_BYTES};

/// Why an answer is not passed on. Nothing of its content is told: it may be about a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    #[error("the answer has more than {MAX_BYTES} bytes, and Connect takes less than 32 KB")]
    TooLarge,
    #[error("the answer is not a flat JSON object of strings (line {line}, column {column})")]
    NotFlat { line: usize, column: usize },
    #[error("a value of the answer is an empty string, which Connect refuses")]
    Empty,
    #[error("a key of the answer may have letters, digits, `_` and `-` only")]
    Key,
    #[error("the answer names no action; is the URL that of a Dialgraph engine?")]
    NoAction,
}

/// Reads an answer as strictly as Connect does.
///
/// # Errors
/// If Connect would take its error branch, or the bridge flow would not know what to do.
pub fn read(bytes: &[u8]) -> Result<FlatMap, BadAnswer> {
    if bytes.len() > MAX_BYTES {
        return Err(BadAnswer::TooLarge);
    }
    let entries: BTreeMap<String, String> = serde_json::from_slice(bytes)
        .map_err(|error| BadAnswer::NotFlat { line: error.line(), column: error.column() })?;
    if entries.values().any(String::is_empty) {
        return Err(BadAnswer::Empty);
    }
    if !entries.contains_key("action") {
        return Err(BadAnswer::NoAction);
    }
    let mut map = FlatMap::new();
    for (key, value) in &entries {
        let named = !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if !named {
            return Err(BadAnswer::Key);
        }
        // Written anew it may be longer than it came: other escapes, other white space.
        if !map.put(key, value) {
            return Err(BadAnswer::TooLarge);
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_answer_of_the_engine_is_passed_on_as_it_is() {
        let map = read(br#"{"action":"listen","prompt":"<speak> </speak>","attr_a":" "}"#).unwrap();
        let entries: Vec<_> = map.iter().collect();
        assert_eq!(
            entries,
            [("action", "listen"), ("attr_a", " "), ("prompt", "<speak> </speak>")]
        );
    }

    #[test]
    fn what_connect_would_refuse_is_refused() {
        let refused = |text: &str| read(text.as_bytes()).unwrap_err();
        assert_eq!(refused(r#"{"action":"end","a":""}"#), BadAnswer::Empty);
        assert_eq!(refused(r#"{"a":"b"}"#), BadAnswer::NoAction);
        assert_eq!(refused("{}"), BadAnswer::NoAction);
        assert_eq!(refused(r#"{"action":"end","a b":"c"}"#), BadAnswer::Key);
        assert_eq!(refused(r#"{"action":"end","":"c"}"#), BadAnswer::Key);
        let large = format!(r#"{{"action":"end","a":"{}"}}"#, "x".repeat(MAX_BYTES));
        assert_eq!(refused(&large), BadAnswer::TooLarge);
        for text in [
            "",
            "<html>",
            "null",
            "[]",
            r#""action""#,
            r#"{"action":1}"#,
            r#"{"action":null}"#,
            r#"{"action":{"a":"b"}}"#,
            r#"{"action":["a"]}"#,
            r#"{"action":"end"}{"#,
            r#"{"action":"end""#,
            "{\"action\":\"\u{1}\"}",
        ] {
            assert!(matches!(refused(text), BadAnswer::NotFlat { .. }), "{text}");
        }
        assert!(matches!(read(b"{\"action\":\"\xff\"}"), Err(BadAnswer::NotFlat { .. })));
    }

    #[test]
    fn no_message_repeats_the_answer() {
        let refused = read(br#"{"action":"end","a":{"secret":"1234"}}"#).unwrap_err();
        assert!(!refused.to_string().contains("1234"), "{refused}");
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_can_be_sent_to_connect(text in r#"\{"action":"[a-z]{1,9}"(,"[a-z ]{0,3}":("[^"\\]{0,9}"|1|null|\{\})){0,3}\}"#) {
            if let Ok(map) = read(text.as_bytes()) {
                prop_assert!(serde_json::to_vec(&map).unwrap().len() <= MAX_BYTES);
                prop_assert!(map.iter().all(|(_, value)| !value.is_empty()));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            prop_assert!(read(&bytes).is_err());
        }
    }
}
