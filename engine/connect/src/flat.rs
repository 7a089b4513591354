//! The only shape of answer that Connect takes as a string map: flat, strings, none empty, below 32
//! KB.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// Serialised size that an answer stays within, in bytes. Connect refuses 32 KB.
pub const MAX_BYTES: usize = 32_000;

/// What stands for nothing: Connect refuses empty strings, and a key that is missing cannot be
/// compared.
pub const BLANK: &str = " ";

/// A flat map of strings that are never empty, which always fits into an answer.
///
/// ```
/// use dialgraph_connect::flat::FlatMap;
///
/// let mut map = FlatMap::new();
/// assert!(map.put("queue", "general"));
/// assert!(map.put("attr_company", ""));
/// assert_eq!(map.get("attr_company"), Some(" "));
/// assert!(!map.put("say_1", &"x".repeat(40_000)), "what does not fit is not taken");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlatMap {
    entries: BTreeMap<String, String>,
    /// Of the entries as JSON, braces included.
    bytes: usize,
}

impl Default for FlatMap {
    fn default() -> Self {
        Self::new()
    }
}

impl FlatMap {
    pub fn new() -> Self {
        Self { entries: BTreeMap::new(), bytes: 2 }
    }

    /// Sets `key`; a blank value becomes one space. False, and nothing changed, when there is no
    /// room for it or the key is not one that a flow can refer to (letters, digits, `_`, `-`).
    #[must_use = "what does not fit is not taken"]
    pub fn put(&mut self, key: &str, value: &str) -> bool {
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        {
            return false;
        }
        let value = if value.trim().is_empty() { BLANK } else { value };
        let before = self.entries.get(key).map_or(0, |old| entry_bytes(key, old));
        let bytes = self.bytes - before + entry_bytes(key, value);
        if bytes > MAX_BYTES {
            return false;
        }
        self.bytes = bytes;
        self.entries.insert(key.to_owned(), value.to_owned());
        true
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(String::as_str)
    }

    /// Serialised bytes that can still be added.
    pub fn room(&self) -> usize {
        MAX_BYTES - self.bytes
    }

    /// Keys and values, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl Serialize for FlatMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.entries)
    }
}

/// Bytes of `"key":"value",`.
fn entry_bytes(key: &str, value: &str) -> usize {
    json_bytes(key) + json_bytes(value) + 6
}

/// Bytes of `text` between the quotes of a JSON string, as serde_json writes it.
pub(crate) fn json_bytes(text: &str) -> usize {
    text.chars()
        .map(|c| match c {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..='\u{1f}' => 6,
            c => c.len_utf8(),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_map_is_larger_than_connect_takes_or_holds_an_empty_string(
            entries in proptest::collection::vec((".{0,20}", ".{0,40}", 1_usize..200), 0..12)
        ) {
            let mut map = FlatMap::new();
            for (key, value, times) in &entries {
                let _ = map.put(key, &value.repeat(*times));
            }
            let json = serde_json::to_string(&map).unwrap();
            prop_assert!(json.len() <= MAX_BYTES);
            prop_assert!(map.iter().all(|(key, value)| !key.is_empty() && !value.is_empty()));
        }

        #[test]
        fn sizes_are_counted_as_serde_json_writes_them(text in any::<String>()) {
            prop_assert_eq!(serde_json::to_string(&text).unwrap().len(), json_bytes(&text) + 2);
        }
    }

    #[test]
    fn setting_a_key_again_gives_its_room_back() {
        let mut map = FlatMap::new();
        assert!(map.put("a", &"x".repeat(20_000)));
        assert!(map.put("a", &"y".repeat(20_000)));
        assert!(map.put("a", "z"));
        assert_eq!(map.get("a"), Some("z"));
        assert_eq!(map.room(), MAX_BYTES - 2 - 8);
    }
}
