//! Where a row lives: a partition, and a sort key that orders rows inside it.
//!
//! The two halves are DynamoDB's partition and sort key. An ordered key-value backend keeps them in
//! one byte string, [`Key::encode`]: the partition with its length in front, then the sort bytes as
//! they are. So rows of one partition are neighbours, their order is the byte order of the sort
//! keys, and no choice of names makes two different keys equal.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use crate::error::StoreError;

/// Longest partition name, in bytes of UTF-8.
pub const MAX_PART_BYTES: usize = 512;

/// Longest sort key, in bytes. This is DynamoDB's limit.
pub const MAX_SORT_BYTES: usize = 1024;

/// The name of a partition: everything that is read or listed together, such as one call.
///
/// Partition names and sort keys are stored in the clear, even under [`crate::Sealed`]: put no
/// secret and no caller's data in them, only ids. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part(Arc<str>);

impl Part {
    /// Takes a name of 1 to [`MAX_PART_BYTES`] bytes.
    ///
    /// # Errors
    /// [`StoreError::BadKey`] if the name is empty or too long.
    pub fn new(name: impl AsRef<str>) -> Result<Self, StoreError> {
        let name = name.as_ref();
        if name.is_empty() || name.len() > MAX_PART_BYTES {
            return Err(StoreError::BadKey {
                what: "partition name",
                length: name.len(),
                limit: MAX_PART_BYTES,
            });
        }
        Ok(Self(name.into()))
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A sort key: bytes, compared as bytes.
///
/// Build one from segments so that tuples order as one expects: text segments before numbers of the
/// same place, `"a"` before `"ab"`, and 9 before 10. The segments written first are a prefix of
/// every longer key that begins with the same ones, which is what [`crate::SortRange::prefix`]
/// needs.
///
/// ```
/// use dialgraph_store::Sort;
///
/// let ninth = Sort::text("journal").then_number(9);
/// let tenth = Sort::text("journal").then_number(10);
/// assert!(ninth < tenth);
/// assert!(tenth.starts_with(&Sort::text("journal")));
/// assert!(!Sort::text("journals").starts_with(&Sort::text("journal")));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sort(Bytes);

impl Sort {
    /// Starts a sort key with a text segment.
    pub fn text(segment: &str) -> Self {
        Self(Bytes::new()).then_text(segment)
    }

    /// Starts a sort key with a number.
    pub fn number(segment: u64) -> Self {
        Self(Bytes::new()).then_number(segment)
    }

    /// Takes bytes as they are, for keys that order themselves.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// Adds a text segment.
    ///
    /// It ends with a zero byte, so that `"ab"` then `"c"` is not `"a"` then `"bc"`; a zero byte
    /// inside the text becomes `00 ff`, which keeps both the order and the difference.
    #[must_use]
    pub fn then_text(self, segment: &str) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len() + segment.len() + 1);
        bytes.extend_from_slice(&self.0);
        for &byte in segment.as_bytes() {
            bytes.push(byte);
            if byte == 0 {
                bytes.push(0xff);
            }
        }
        bytes.push(0);
        Self(bytes.into())
    }

    /// Adds a number, eight bytes with the highest first.
    #[must_use]
    pub fn then_number(self, segment: u64) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len() + 8);
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(&segment.to_be_bytes());
        Self(bytes.into())
    }

    /// Whether this key begins with all bytes of `prefix`.
    pub fn starts_with(&self, prefix: &Sort) -> bool {
        self.0.starts_with(&prefix.0)
    }

    /// The bytes that are compared.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// The full address of one row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    part: Part,
    sort: Sort,
}

impl Key {
    /// Joins a partition and a sort key of 1 to [`MAX_SORT_BYTES`] bytes.
    ///
    /// ```
    /// use dialgraph_store::{Key, Part, Sort};
    ///
    /// let call = Part::new("call/0193-7a")?;
    /// let key = Key::new(&call, Sort::text("journal").then_number(3))?;
    /// assert_eq!(key.part().as_str(), "call/0193-7a");
    /// # Ok::<(), dialgraph_store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::BadKey`] if the sort key is empty or too long.
    pub fn new(part: &Part, sort: Sort) -> Result<Self, StoreError> {
        let length = sort.as_bytes().len();
        if length == 0 || length > MAX_SORT_BYTES {
            return Err(StoreError::BadKey { what: "sort key", length, limit: MAX_SORT_BYTES });
        }
        Ok(Self { part: part.clone(), sort })
    }

    /// The partition.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The place inside the partition.
    pub fn sort(&self) -> &Sort {
        &self.sort
    }

    /// One byte string for ordered key-value backends: length of the partition name (two bytes,
    /// high first), the name, the sort key.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = encode_part(&self.part);
        bytes.extend_from_slice(self.sort.as_bytes());
        bytes
    }

    /// Reads what [`Key::encode`] wrote; `None` if the bytes are no key.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (part, sort) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let part = Part::new(std::str::from_utf8(part).ok()?).ok()?;
        Self::new(&part, Sort::raw(sort.to_vec())).ok()
    }
}

/// What every encoded key of `part` begins with, and no encoded key of another partition does.
pub(crate) fn encode_part(part: &Part) -> Vec<u8> {
    let name = part.as_str().as_bytes();
    let mut bytes = Vec::with_capacity(2 + name.len() + 32);
    // `Part::new` keeps names far below 65,536 bytes, so the length is never cut.
    bytes.extend_from_slice(&(name.len() as u16).to_be_bytes());
    bytes.extend_from_slice(name);
    bytes
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} › {}", self.part, self.sort)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

/// A stretch of one partition in sort order: from a first key on, up to but without a last one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SortRange {
    from: Option<Sort>,
    until: Option<Sort>,
}

impl SortRange {
    /// The whole partition.
    pub fn all() -> Self {
        Self::default()
    }

    /// Every key that begins with the bytes of `prefix`.
    pub fn prefix(prefix: &Sort) -> Self {
        Self { from: Some(prefix.clone()), until: after_prefix(prefix) }
    }

    /// Keys at or after `from` and before `until`.
    pub fn between(from: Sort, until: Sort) -> Self {
        Self { from: Some(from), until: Some(until) }
    }

    /// Keys at or after `from`.
    pub fn starting_at(from: Sort) -> Self {
        Self { from: Some(from), until: None }
    }

    /// The first key of the range, which belongs to it; `None` is the start of the partition.
    pub fn from(&self) -> Option<&Sort> {
        self.from.as_ref()
    }

    /// The first key behind the range; `None` is the end of the partition.
    pub fn until(&self) -> Option<&Sort> {
        self.until.as_ref()
    }

    /// Whether `sort` lies in the range.
    pub fn contains(&self, sort: &Sort) -> bool {
        self.from.as_ref().is_none_or(|from| sort >= from)
            && self.until.as_ref().is_none_or(|until| sort < until)
    }
}

/// The smallest byte string above everything that begins with `prefix`, if there is one.
fn after_prefix(prefix: &Sort) -> Option<Sort> {
    let mut bytes = prefix.as_bytes().to_vec();
    while let Some(last) = bytes.pop() {
        if last < 0xff {
            bytes.push(last + 1);
            return Some(Sort::raw(bytes));
        }
    }
    None
}

/// Where a page of a query ended, for asking for the next one.
///
/// It names a place, not a row: it stays good when rows around it come or go. As text it fits in a
/// URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Sort);

impl Cursor {
    /// The place right behind `sort`, in whichever order the query runs. For backends.
    pub fn behind(sort: Sort) -> Self {
        Self(sort)
    }

    /// The key last passed. For backends.
    pub fn sort(&self) -> &Sort {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl std::str::FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if !bytes.is_empty() && bytes.len() <= MAX_SORT_BYTES => {
                Ok(Self(Sort::raw(bytes)))
            }
            _ => Err(StoreError::BadCursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(part: &str, sort: &[u8]) -> Key {
        Key::new(&Part::new(part).unwrap(), Sort::raw(sort.to_vec())).unwrap()
    }

    fn any_part() -> impl Strategy<Value = String> {
        // Few letters, so that names are often prefixes of each other.
        prop_oneof!["[ab/]{1,4}", "\\PC{1,20}"]
    }

    fn any_sort() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(0xff)], 1..5),
            prop::collection::vec(any::<u8>(), 1..40),
        ]
    }

    proptest! {
        #[test]
        fn encoding_keeps_the_order_of_sort_keys(part in any_part(), a in any_sort(), b in any_sort()) {
            let encoded = key(&part, &a).encode().cmp(&key(&part, &b).encode());
            prop_assert_eq!(encoded, a.cmp(&b));
        }

        #[test]
        fn encoding_is_reversible(part in any_part(), sort in any_sort()) {
            let key = key(&part, &sort);
            prop_assert_eq!(Key::decode(&key.encode()), Some(key));
        }

        #[test]
        fn a_key_begins_with_its_own_partition_only(a in any_part(), b in any_part(), sort in any_sort()) {
            let in_b = key(&a, &sort).encode().starts_with(&encode_part(&Part::new(&b).unwrap()));
            prop_assert_eq!(in_b, a == b);
        }

        #[test]
        fn text_segments_order_like_tuples(
            a in ("[\\x00ab]{0,3}", "[\\x00ab]{0,3}", any::<u64>()),
            b in ("[\\x00ab]{0,3}", "[\\x00ab]{0,3}", any::<u64>()),
        ) {
            let sort = |t: &(String, String, u64)| Sort::text(&t.0).then_text(&t.1).then_number(t.2);
            prop_assert_eq!(sort(&a).cmp(&sort(&b)), a.cmp(&b));
        }

        #[test]
        fn a_prefix_range_holds_exactly_what_begins_with_it(prefix in any_sort(), sort in any_sort()) {
            let (prefix, sort) = (Sort::raw(prefix), Sort::raw(sort));
            prop_assert_eq!(SortRange::prefix(&prefix).contains(&sort), sort.starts_with(&prefix));
        }

        #[test]
        fn a_cursor_survives_being_text(sort in any_sort()) {
            let cursor = Cursor::behind(Sort::raw(sort));
            prop_assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }

        #[test]
        fn decoding_garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Key::decode(&bytes);
        }
    }

    #[test]
    fn a_longer_segment_is_not_in_the_prefix_range_of_a_shorter_one() {
        let range = SortRange::prefix(&Sort::text("journal"));
        assert!(range.contains(&Sort::text("journal").then_number(u64::MAX)));
        assert!(!range.contains(&Sort::text("journals")));
    }

    #[test]
    fn empty_and_overlong_names_are_refused_with_their_limit() {
        let part = Part::new("p").unwrap();
        insta::assert_snapshot!(Part::new("").unwrap_err(), @"the partition name has 0 bytes; it must have 1 to 512");
        insta::assert_snapshot!(
            Key::new(&part, Sort::raw(vec![7; 1025])).unwrap_err(),
            @"the sort key has 1025 bytes; it must have 1 to 1024"
        );
        assert!("not base64!".parse::<Cursor>().is_err());
        assert!("".parse::<Cursor>().is_err());
    }
}
