//! Paths with a place for a key or a value.

use serde_json::Value;

/// `text` as one part of a path or of a query: nothing in it means anything to a server.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The path of one record; none: no record has such a key, for servers take `..` for a way up
/// however it is written.
pub(crate) fn of_key(path: &str, key: &str) -> Option<String> {
    if matches!(key, "." | "..") || key.contains('\0') {
        return None;
    }
    Some(path.replacen("{key}", &encoded(key), 1))
}

/// The path of the records with a value; none: no path can ask for it.
pub(crate) fn of_value(path: &str, value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) if text.is_empty() || text.contains('\0') => return None,
        Value::String(text) if matches!(text.as_str(), "." | "..") => return None,
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(path.replacen("{value}", &encoded(&text), 1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_in_a_key_means_anything_to_a_server() {
        let path = |key| of_key("/customers/{key}/card", key);
        assert_eq!(path("c-001").as_deref(), Some("/customers/c-001/card"));
        let hostile = path("../a?b=1#c{key}%2f").unwrap();
        assert_eq!(hostile, "/customers/..%2Fa%3Fb%3D1%23c%7Bkey%7D%252f/card");
        assert_eq!(path("가").as_deref(), Some("/customers/%EA%B0%80/card"));
        assert_eq!((path(".."), path("."), path("a\0")), (None, None, None));
        let query = of_value("/customers?phone={value}", &json!("+8210&x=1")).unwrap();
        assert_eq!(query, "/customers?phone=%2B8210%26x%3D1");
        assert_eq!(of_value("/c?a={value}", &json!(null)), None);
    }
}
