//! Looks through a store: whether every row can be read, and whether what belongs together agrees.

use serde::Serialize;

use crate::backend::Backend;
use crate::blobs::{self, Blobs};
use crate::error::StoreError;
use crate::key::Key;
use crate::schema;
use crate::seal;
use crate::store::Store;

/// Rows asked for at a time.
const PAGE_ROWS: u32 = 1000;

/// Most findings that are told one by one.
const TOLD: usize = 200;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `row`, `content` or `database`.
    pub of: String,
    /// What is wrong, and with what.
    pub what: String,
}

/// What looking through a store came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Rows that were read.
    pub rows: u64,
    /// How many rows there are of each kind of value.
    pub kinds: std::collections::BTreeMap<String, u64>,
    /// Files of releases that were read.
    pub blobs: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub more: u64,
}

impl Verified {
    /// Nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    /// Counts a value, or tells why it cannot be read.
    fn read(&mut self, key: &Key, value: &[u8]) {
        match schema::readable(value) {
            Ok(kind) => *self.kinds.entry(kind.to_owned()).or_default() += 1,
            Err(why) => self.add("row", format!("{key}: {why}")),
        }
    }

    fn add(&mut self, of: &'static str, what: String) {
        if self.findings.len() < TOLD {
            self.findings.push(Finding { of: of.to_owned(), what });
        } else {
            self.more += 1;
        }
    }
}

/// Puts values together that are larger than a row: their first row begins with the number of rows,
/// and the others come right after it.
#[derive(Default)]
struct Parts {
    begun: Option<Whole>,
}

/// A value, of as many rows as have been seen.
struct Whole {
    key: Key,
    bytes: Vec<u8>,
    rows: usize,
    seen: usize,
}

impl Parts {
    /// Takes the next row of the walk; gives a value that is there to its end.
    fn add(&mut self, key: &Key, value: &[u8], done: &mut Verified) -> Option<Whole> {
        if let Some(mut begun) = self.begun.take() {
            if begun.key.part() == key.part() {
                begun.bytes.extend_from_slice(value);
                begun.seen += 1;
                return self.hold(begun);
            }
            begun.tell_torn(done);
        }
        let (rows, bytes) = counted(value).unwrap_or((1, value));
        self.hold(Whole { key: key.clone(), bytes: bytes.to_vec(), rows, seen: 1 })
    }

    fn hold(&mut self, whole: Whole) -> Option<Whole> {
        if whole.seen >= whole.rows {
            return Some(whole);
        }
        self.begun = Some(whole);
        None
    }

    /// After the last row.
    fn end(self, done: &mut Verified) {
        if let Some(begun) = self.begun {
            begun.tell_torn(done);
        }
    }
}

impl Whole {
    fn tell_torn(&self, done: &mut Verified) {
        done.add(
            "row",
            format!("{}: only {} of its {} rows are present", self.key, self.seen, self.rows),
        );
    }
}

/// The number of rows that a value takes, and its beginning, if it says so.
fn counted(value: &[u8]) -> Option<(usize, &[u8])> {
    let end = value.iter().take(8).position(|byte| *byte == b' ')?;
    let rows = std::str::from_utf8(&value[..end]).ok()?.parse().ok()?;
    Some((rows, &value[end + 1..]))
}

/// Reads every row of `backend` through `store`, which opens what is sealed, and all of `content`.
///
/// Commits may go on meanwhile.
///
/// # Errors
/// If the store fails. What cannot be read is a finding.
pub async fn verify(
    backend: &dyn Backend,
    store: &dyn Store,
    content: &Blobs,
    seen: &(dyn Fn(u64) + Send + Sync),
) -> Result<Verified, StoreError> {
    let mut done = Verified::default();
    // First what the backend knows of itself: a row that is malformed ends a walk.
    for what in backend.inspect()? {
        done.add("database", what);
    }
    let mut parts = Parts::default();
    let mut after: Option<Key> = None;
    loop {
        let walked = match backend.walk(after.as_ref(), PAGE_ROWS).await {
            Ok(walked) => walked,
            Err(error @ StoreError::Backend { .. }) => {
                done.add(
                    "database",
                    format!("rows after row {} could not be read: {error}", done.rows),
                );
                break;
            }
            Err(error) => return Err(error),
        };
        for row in walked.rows {
            done.rows += 1;
            if blobs::is_row(&row.key) || seal::is_proof(&row.key) {
                continue;
            }
            let value = if seal::sealed_with(&row.value).is_some() {
                match store.get(&row.key).await {
                    Ok(Some(opened)) => opened.value,
                    // It has gone since.
                    Ok(None) => continue,
                    Err(error) if error.is_of_row() => {
                        done.add("row", error.to_string());
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            } else {
                row.value
            };
            if let Some(whole) = parts.add(&row.key, &value, &mut done) {
                done.read(&whole.key, &whole.bytes);
            }
        }
        seen(done.rows);
        match walked.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    parts.end(&mut done);
    for digest in content.list()? {
        match content.get(&digest) {
            Ok(_) => done.blobs += 1,
            Err(error @ StoreError::BlobDamaged { .. }) => done.add("content", error.to_string()),
            Err(error) => return Err(error),
        }
    }
    // What is damaged and there was told of.
    for what in content.lacking()?.missing() {
        done.add(
            "content",
            format!("{what}; bring it back with `dialgraph store recover --from BACKUP`, or push it again"),
        );
    }
    Ok(done)
}
