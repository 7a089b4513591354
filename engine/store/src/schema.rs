//! Values that stay readable for ever: each says what it is and in which version it was written.
//!
//! A stored value is a header and JSON, for example `call-record/2 {"queue":"general"}`. The kind
//! guards against reading one thing as another, the version against reading yesterday's shape as
//! today's. JSON was chosen over a tighter format because a value can then be read without the
//! program that wrote it, and because an upgrade is a change to a tree instead of a copy of an old
//! struct.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{CommitError, StoreError};
use crate::key::Key;
use crate::seal::SEALED_V1;
use crate::store::{Expect, Op, Row, Store};

/// Turns the JSON of one version into that of the next, or says why it cannot.
pub type Upgrade = fn(Value) -> Result<Value, String>;

/// A type that is stored as a row.
///
/// To change its shape: raise `VERSION` by one, append the function that turns the old JSON into
/// the new to `UPGRADES`, and check in a sample of the old. Never edit an upgrade that was
/// released.
///
/// ```
/// use dialgraph_store::{Schema, Upgrade, decode, encode};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Greeting {
///     text: String,
///     locale: String,
/// }
///
/// impl Schema for Greeting {
///     const KIND: &'static str = "greeting";
///     const VERSION: u16 = 2;
///     const UPGRADES: &'static [Upgrade] = &[
///         // 1 → 2: greetings were Korean only.
///         |mut value| {
///             value["locale"] = "ko-KR".into();
///             Ok(value)
///         },
///     ];
/// }
///
/// let old = br#"greeting/1 {"text":"hello"}"#;
/// let greeting: Greeting = decode(old)?;
/// assert_eq!(greeting.locale, "ko-KR");
/// assert!(encode(&greeting)?.starts_with(b"greeting/2 {"));
/// # Ok::<(), dialgraph_store::StoreError>(())
/// ```
pub trait Schema: Serialize + DeserializeOwned {
    /// What the value is, in lower-case letters, digits and dashes. Never changes.
    const KIND: &'static str;
    /// The version that is written, from 1.
    const VERSION: u16;
    /// `UPGRADES[0]` turns version 1 into 2, and so on: one less than `VERSION`.
    const UPGRADES: &'static [Upgrade];
}

/// Lists and maps within one another that a stored value may have. What is deeper is not written,
/// for it could not be read again. Whoever takes values from outside has a far lower limit: theirs
/// stand within others here.
pub const MAX_DEPTH: usize = 256;

/// The bytes to store for `value`. What was written can be read.
///
/// # Errors
/// [`StoreError::BadValue`] if the value cannot be written as JSON, such as a map whose keys are no
/// text, or is nested deeper than [`MAX_DEPTH`].
pub fn encode<T: Schema>(value: &T) -> Result<Vec<u8>, StoreError> {
    check_declaration::<T>();
    let mut bytes = format!("{}/{} ", T::KIND, T::VERSION).into_bytes();
    let json = bytes.len();
    serde_json::to_writer(&mut bytes, value).map_err(|error| bad::<T>(error.to_string()))?;
    if is_too_deep(&bytes[json..]) {
        return Err(too_deep::<T>());
    }
    Ok(bytes)
}

/// Reads stored bytes, of this version or any before it.
///
/// # Errors
/// [`StoreError::NewerSchema`] if a newer program wrote it; [`StoreError::BadValue`] if it is
/// something else, or malformed.
pub fn decode<T: Schema>(bytes: &[u8]) -> Result<T, StoreError> {
    check_declaration::<T>();
    if bytes.first() == Some(&SEALED_V1) {
        return Err(bad::<T>("it is encrypted; open the store with its encryption key".to_owned()));
    }
    let (kind, found, json) = split(bytes)
        .ok_or_else(|| bad::<T>("it does not begin with a kind and a version".to_owned()))?;
    if kind != T::KIND {
        return Err(bad::<T>(format!("the row holds `{kind}`")));
    }
    if found == 0 {
        return Err(bad::<T>("its schema version is 0; versions begin with 1".to_owned()));
    }
    if found > T::VERSION {
        return Err(StoreError::NewerSchema { kind: T::KIND, found, known: T::VERSION });
    }
    if is_too_deep(json) {
        return Err(too_deep::<T>());
    }
    if found == T::VERSION {
        return read(json).map_err(|error| bad::<T>(error.to_string()));
    }
    let mut value = read::<Value>(json).map_err(|error| bad::<T>(error.to_string()))?;
    for (version, upgrade) in (found..T::VERSION).zip(&T::UPGRADES[usize::from(found) - 1..]) {
        value = upgrade(value).map_err(|detail| {
            bad::<T>(format!("version {version} cannot be upgraded: {detail}"))
        })?;
    }
    serde_json::from_value(value)
        .map_err(|error| bad::<T>(format!("after the upgrade from version {found}: {error}")))
}

/// Reads JSON whose depth is known to be bearable. The parser's own limit is too low for values
/// that were written when theirs was none.
fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Whether `json` has more lists and maps within one another than may be stored.
///
/// Every value that is read or written is asked this, and nearly none has so many in all, which is
/// counted many bytes at once.
fn is_too_deep(json: &[u8]) -> bool {
    let opened = json.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    opened > MAX_DEPTH && depth(json) > MAX_DEPTH
}

/// Lists and maps within one another in `json`. Of what is no JSON it says nothing.
fn depth(json: &[u8]) -> usize {
    let (mut open, mut deepest, mut within, mut escaped) = (0_usize, 0, false, false);
    for &byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b'[' | b'{' if !within => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' if !within => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// That a value which others have written is no deeper than could be read here.
pub(crate) fn check_depth(bytes: &[u8]) -> Result<(), String> {
    match split(bytes) {
        Some((kind, _, json)) if is_too_deep(json) => {
            Err(format!("its `{kind}` is nested more than {MAX_DEPTH} lists and maps deep"))
        }
        _ => Ok(()),
    }
}

fn too_deep<T: Schema>() -> StoreError {
    bad::<T>(format!("it is nested more than {MAX_DEPTH} lists and maps deep"))
}

/// Kind and version of stored bytes, for tools that do not know the type.
pub fn describe(bytes: &[u8]) -> Option<(&str, u16)> {
    split(bytes).map(|(kind, version, _)| (kind, version))
}

/// The kind of stored bytes, if they can be read by whoever knows that kind; otherwise why not.
pub(crate) fn readable(bytes: &[u8]) -> Result<&str, String> {
    let (kind, _, json) =
        split(bytes).ok_or_else(|| "it does not begin with a kind and a version".to_owned())?;
    if is_too_deep(json) {
        return Err(format!("its `{kind}` is nested more than {MAX_DEPTH} lists and maps deep"));
    }
    read::<serde::de::IgnoredAny>(json)
        .map_err(|error| format!("its `{kind}` cannot be read: {error}"))?;
    Ok(kind)
}

/// A row whose value was decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed<T> {
    /// The value.
    pub value: T,
    /// The version of the row (not of the schema), for [`Expect::Version`].
    pub version: u64,
}

impl<T: Schema> Typed<T> {
    /// Decodes the value of `row`.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { value: decode(&row.value)?, version: row.version })
    }

    /// Decodes the row that stood in the way of a commit, if it is about a row of this type.
    ///
    /// # Errors
    /// The error itself if it is no conflict; as [`decode`] otherwise.
    pub fn from_conflict(error: CommitError) -> Result<Option<Self>, StoreError> {
        match error {
            CommitError::Conflict(conflict) => {
                conflict.current.map(|row| Self::from_row(&row)).transpose()
            }
            CommitError::Failed(error) => Err(error),
        }
    }
}

impl Op {
    /// Writes `value`, encoded, into a row that never expires.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn put_value<T: Schema>(key: Key, value: &T, expect: Expect) -> Result<Self, StoreError> {
        Ok(Self::put(key, encode(value)?, expect))
    }
}

/// Reads and decodes one row.
///
/// # Errors
/// If the store fails, or as [`decode`].
pub async fn get_value<T: Schema>(
    store: &dyn Store,
    key: &Key,
) -> Result<Option<Typed<T>>, StoreError> {
    store.get(key).await?.map(|row| Typed::from_row(&row)).transpose()
}

/// Fails the build if a type was declared with an upgrade too few or too many.
const fn check_declaration<T: Schema>() {
    const {
        assert!(T::VERSION >= 1, "schema versions begin with 1");
        assert!(
            T::UPGRADES.len() + 1 == T::VERSION as usize,
            "UPGRADES needs one function for every version before VERSION"
        );
        let kind = T::KIND.as_bytes();
        assert!(!kind.is_empty(), "KIND is empty");
        let mut i = 0;
        while i < kind.len() {
            let fine = kind[i].is_ascii_lowercase() || kind[i].is_ascii_digit() || kind[i] == b'-';
            assert!(fine, "KIND takes lower-case letters, digits and dashes");
            i += 1;
        }
    }
}

fn split(bytes: &[u8]) -> Option<(&str, u16, &[u8])> {
    let end = bytes.iter().take(80).position(|&byte| byte == b' ')?;
    let (kind, version) = std::str::from_utf8(&bytes[..end]).ok()?.split_once('/')?;
    Some((kind, version.parse().ok()?, &bytes[end + 1..]))
}

fn bad<T: Schema>(detail: String) -> StoreError {
    StoreError::BadValue { kind: T::KIND, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// A made-up type that has been through every sort of change.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        contact: String,
        priority: u8,
        tags: Vec<String>,
    }

    impl Schema for Sample {
        const KIND: &'static str = "sample";
        const VERSION: u16 = 3;
        const UPGRADES: &'static [Upgrade] = &[
            // 1 → 2: `name` became `contact`.
            |mut value| {
                let object = value.as_object_mut().ok_or("it is no object")?;
                let name = object.remove("name").ok_or("`name` is missing")?;
                object.insert("contact".to_owned(), name);
                Ok(value)
            },
            // 2 → 3: one `tag` became a list, `priority` a number.
            |mut value| {
                let tag = value.as_object_mut().and_then(|object| object.remove("tag"));
                value["tags"] = tag.into_iter().collect();
                value["priority"] = match value["priority"].as_str() {
                    Some("high") => 1.into(),
                    Some("normal") => 5.into(),
                    other => return Err(format!("`priority` is {other:?}")),
                };
                Ok(value)
            },
        ];
    }

    fn expected() -> Sample {
        Sample { contact: "김가상".into(), priority: 1, tags: vec!["vip".into()] }
    }

    /// The samples are files so that nobody changes them together with the code.
    #[test]
    fn a_sample_of_every_version_reads_as_today() {
        let samples: [&[u8]; 3] = [
            include_bytes!("../tests/samples/sample-v1.txt"),
            include_bytes!("../tests/samples/sample-v2.txt"),
            include_bytes!("../tests/samples/sample-v3.txt"),
        ];
        assert_eq!(samples.len(), usize::from(Sample::VERSION), "a version has no sample");
        for (index, sample) in samples.iter().enumerate() {
            assert_eq!(describe(sample), Some(("sample", index as u16 + 1)));
            assert_eq!(decode::<Sample>(sample).unwrap(), expected(), "version {}", index + 1);
        }
    }

    #[test]
    fn what_is_written_today_is_the_newest_sample() {
        let sample = include_bytes!("../tests/samples/sample-v3.txt");
        assert_eq!(encode(&expected()).unwrap(), sample.trim_ascii_end());
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_the_reason() {
        let messages = [
            &br#"sample/4 {"contact":"x"}"#[..],
            br#"sample/0 {}"#,
            br#"other/1 {}"#,
            b"",
            b"\xe1sealed",
            b"sample/99999 {}",
            br#"sample/3 {"contact":"x"}"#,
            br#"sample/1 {"priority":"high"}"#,
            br#"sample/2 {"contact":"x","priority":"urgent"}"#,
            br#"sample/2 {"contact":"x","priority":"high","extra":1}"#,
            b"sample/1 {",
        ]
        .map(|bytes| decode::<Sample>(bytes).unwrap_err().to_string())
        .join("\n");
        insta::assert_snapshot!(messages);
    }

    #[test]
    fn typed_rows_go_through_a_store() {
        use crate::{CommitToken, ManualClock, MemoryStore, Part, Sort};
        let store = MemoryStore::new(std::sync::Arc::new(ManualClock::default()));
        let key = Key::new(&Part::new("samples").unwrap(), Sort::number(1)).unwrap();
        let first = Op::put_value(key.clone(), &expected(), Expect::Absent).unwrap();
        futures::executor::block_on(async {
            assert_eq!(get_value::<Sample>(&store, &key).await.unwrap(), None);
            store
                .commit(std::slice::from_ref(&first), &CommitToken::new("1").unwrap())
                .await
                .unwrap();
            let read = get_value::<Sample>(&store, &key).await.unwrap().unwrap();
            assert_eq!(read, Typed { value: expected(), version: 1 });
            let error = store.commit(&[first], &CommitToken::new("2").unwrap()).await.unwrap_err();
            assert_eq!(Typed::from_conflict(error).unwrap(), Some(read));
        });
    }

    /// Any JSON there is.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Anything(Value);

    impl Schema for Anything {
        const KIND: &'static str = "anything";
        const VERSION: u16 = 1;
        const UPGRADES: &'static [Upgrade] = &[];
    }

    #[test]
    fn what_is_too_deep_to_be_read_is_not_written() {
        let lists = |levels: usize| (0..levels).fold(Value::from(1), |inner, _| vec![inner].into());
        for levels in [0, 1, 127, 128, 200, MAX_DEPTH] {
            let value = Anything(lists(levels));
            let bytes = encode(&value).unwrap();
            assert_eq!(decode::<Anything>(&bytes).unwrap(), value, "{levels}");
        }
        let error = encode(&Anything(lists(MAX_DEPTH + 1))).unwrap_err();
        insta::assert_snapshot!(error, @"cannot read stored `anything`: it is nested more than 256 lists and maps deep");
        // However deep others have written, reading is no danger.
        let deep = format!("anything/1 {}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert!(decode::<Anything>(deep.as_bytes()).unwrap_err().is_damage());
        let unclosed = format!("anything/1 {}", "{\"a\":[".repeat(100_000));
        assert!(decode::<Anything>(unclosed.as_bytes()).unwrap_err().is_damage());
    }

    fn anything() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
            prop::collection::vec(any::<char>(), 0..8)
                .prop_map(|text| Value::from(text.into_iter().collect::<String>())),
        ];
        let tree = leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[\\[\\]{}\"\\\\a]{0,4}", inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        });
        (tree, 0_usize..300).prop_map(|(tree, levels)| {
            (0..levels).fold(tree, |inner, n| match n % 2 {
                0 => vec![inner].into(),
                _ => serde_json::json!({ "]}": inner }),
            })
        })
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_can_be_read(value in anything()) {
            let value = Anything(value);
            if let Ok(bytes) = encode(&value) {
                proptest::prop_assert_eq!(decode::<Anything>(&bytes).unwrap(), value);
            }
        }
    }
}
