//! Logical backups: every live row of a store in one stream.
//!
//! An export survives what a copy of the database's files may not: a damaged log, a change of backend or of
//! sled itself. Importing one into a new folder is also how a database is made small again. Rows are
//! exported as they are stored, so those of a sealed store stay sealed.
//!
//! The stream is text: a header line, one JSON object for every row, and a last line with the number of
//! rows and the SHA-256 of all before it, without which an import is refused.

use std::io::{BufRead, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::clock::UnixMillis;
use crate::digest::to_hex;
use crate::error::{CommitError, StoreError};
use crate::key::{Key, Part, Sort};
use crate::sled_store::SledStore;
use crate::store::{CommitToken, Expect, MAX_OPS, Op, Store};

const HEADER: &str = r#"{"dialgraph_export":1}"#;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowLine {
    part: String,
    sort: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<UnixMillis>,
    value: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    rows: u64,
    sha256: String,
}

impl SledStore {
    /// Writes every live row to `out` and gives their number.
    ///
    /// Commits may go on meanwhile; each row is whole, but the export is of no single moment. Stop the
    /// engine first if that matters. Blocks on file access.
    ///
    /// # Errors
    /// If a row cannot be read, or `out` cannot be written.
    pub fn export(&self, out: &mut dyn Write) -> Result<u64, StoreError> {
        let mut hash = Sha256::new();
        let mut count = 0;
        write_line(out, &mut hash, HEADER)?;
        for row in self.rows() {
            let row = row?;
            let line = RowLine {
                part: row.key.part().as_str().to_owned(),
                sort: STANDARD.encode(row.key.sort().as_bytes()),
                expires_at: row.expires_at,
                value: STANDARD.encode(&row.value),
            };
            write_line(out, &mut hash, &json(&line)?)?;
            count += 1;
        }
        let end = EndLine { rows: count, sha256: to_hex(&hash.finalize_reset()) };
        write_line(out, &mut hash, &json(&end)?)?;
        out.flush().map_err(|error| write_failed(&error))?;
        Ok(count)
    }
}

/// Puts the rows of an export into `store`, and gives their number. Versions start anew at 1.
///
/// The whole stream is checked before anything is written, so `input` is read twice: `open` is called for
/// each time. Rows that exist are never overwritten. An import that was interrupted can be repeated within
/// [`crate::TOKEN_RETENTION_MILLIS`]: what it has already written is recognised.
///
/// # Errors
/// [`StoreError::BadExport`] if the export is damaged, cut short, or in the way of existing rows.
pub async fn import<R: BufRead>(
    store: &dyn Store,
    mut open: impl FnMut() -> std::io::Result<R>,
) -> Result<u64, StoreError> {
    let unreadable = |error: std::io::Error| bad(format!("it cannot be read: {error}"));
    let end = verify(open().map_err(unreadable)?)?;
    let mut rows = open().map_err(unreadable)?.lines().skip(1);
    let (mut done, mut group) = (0, 0u64);
    while done < end.rows {
        let mut ops = Vec::with_capacity(MAX_OPS);
        while ops.len() < MAX_OPS && done < end.rows {
            let line = rows
                .next()
                .ok_or_else(|| bad("it changed while it was read".to_owned()))?
                .map_err(unreadable)?;
            ops.push(put(&line, done + 2)?);
            done += 1;
        }
        let token = CommitToken::new(format!("import/{}/{group}", end.sha256))?;
        group += 1;
        match store.commit(&ops, &token).await {
            Ok(_) => {}
            Err(CommitError::Failed(error)) => return Err(error),
            Err(CommitError::Conflict(conflict)) => {
                let key = ops[conflict.index].key();
                return Err(bad(format!("{key} exists already; import into an empty store")));
            }
        }
    }
    Ok(done)
}

fn verify(input: impl BufRead) -> Result<EndLine, StoreError> {
    let mut hash = Sha256::new();
    let mut rows = 0;
    // The last line is known to be the last only when no other follows.
    let mut held: Option<String> = None;
    for (index, line) in input.lines().enumerate() {
        let line = line.map_err(|error| bad(format!("it cannot be read: {error}")))?;
        if index == 0 && line != HEADER {
            return Err(bad("it does not begin as an export of this program does".to_owned()));
        }
        if let Some(before) = held.replace(line) {
            hash.update(before.as_bytes());
            hash.update(b"\n");
            rows += u64::from(index > 1);
        }
    }
    let end = held
        .and_then(|line| serde_json::from_str::<EndLine>(&line).ok())
        .ok_or_else(|| bad("its end is missing; it was cut short".to_owned()))?;
    if end.rows != rows || end.sha256 != to_hex(&hash.finalize()) {
        return Err(bad("its checksum does not match; it was changed".to_owned()));
    }
    Ok(end)
}

fn put(line: &str, number: u64) -> Result<Op, StoreError> {
    let malformed = |detail: String| bad(format!("line {number}: {detail}"));
    let bytes = |text: &str| STANDARD.decode(text).map_err(|error| malformed(error.to_string()));
    let row: RowLine = serde_json::from_str(line).map_err(|error| malformed(error.to_string()))?;
    Ok(Op::Put {
        key: Key::new(&Part::new(&row.part)?, Sort::raw(bytes(&row.sort)?))?,
        value: bytes(&row.value)?.into(),
        expect: Expect::Absent,
        expires_at: row.expires_at,
    })
}

fn json(line: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(line).map_err(|error| bad(error.to_string()))
}

fn write_line(out: &mut dyn Write, hash: &mut Sha256, line: &str) -> Result<(), StoreError> {
    hash.update(line.as_bytes());
    hash.update(b"\n");
    writeln!(out, "{line}").map_err(|error| write_failed(&error))
}

fn write_failed(error: &std::io::Error) -> StoreError {
    bad(format!("it cannot be written: {error}"))
}

fn bad(detail: String) -> StoreError {
    StoreError::BadExport { detail }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::executor::block_on;

    use super::*;
    use crate::{ManualClock, MemoryStore, SledOptions, UnixMillis};

    fn filled(folder: &std::path::Path, clock: Arc<ManualClock>) -> SledStore {
        let store = SledStore::open(folder, clock, &SledOptions::default()).unwrap();
        for n in 0..60u64 {
            let key =
                Key::new(&Part::new(format!("part/{}", n % 3)).unwrap(), Sort::number(n)).unwrap();
            let op = if n % 10 == 0 {
                Op::put_until(key, "soon gone", Expect::Absent, UnixMillis(1000 + n))
            } else {
                Op::put(key, vec![n as u8; 50], Expect::Absent)
            };
            block_on(store.commit(&[op], &CommitToken::new(n.to_string()).unwrap())).unwrap();
        }
        store
    }

    #[test]
    fn an_import_holds_the_live_rows_of_the_export() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let store = filled(&folder.path().join("a"), clock.clone());
        clock.set(UnixMillis(1025));
        let mut exported = Vec::new();
        assert_eq!(store.export(&mut exported).unwrap(), 57);

        let copy =
            SledStore::open(folder.path().join("b"), clock, &SledOptions::default()).unwrap();
        assert_eq!(block_on(import(&copy, || Ok(&exported[..]))).unwrap(), 57);
        let rows = |store: &SledStore| {
            store
                .rows()
                .map(|row| row.unwrap())
                .map(|row| (row.key, row.value, row.expires_at))
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(&copy), rows(&store));

        assert_eq!(block_on(import(&copy, || Ok(&exported[..]))).unwrap(), 57);

        let error = block_on(import(&store, || Ok(&exported[..]))).unwrap_err().to_string();
        assert!(error.contains("exists already; import into an empty store"), "{error}");
    }

    #[test]
    fn a_damaged_or_cut_export_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let store = filled(folder.path(), clock.clone());
        let mut exported = Vec::new();
        store.export(&mut exported).unwrap();
        let text = String::from_utf8(exported).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let without_end = lines[..lines.len() - 1].join("\n");
        let without_a_row = [&lines[..5], &lines[6..]].concat().join("\n");
        let changed = text.replacen("c29vbiBnb25l", "c29vbiBnb25m", 1);
        assert_ne!(changed, text);
        let messages = [&without_end[..], &without_a_row, &changed, "", "{}\n"].map(|damaged| {
            let target = MemoryStore::new(clock.clone());
            let error = block_on(import(&target, || Ok(damaged.as_bytes()))).unwrap_err();
            assert!(format!("{target:?}").contains("partitions: 0"), "something was written");
            error.to_string()
        });
        insta::assert_snapshot!(messages.join("\n"), @r"
        the export cannot be used: its end is missing; it was cut short
        the export cannot be used: its checksum does not match; it was changed
        the export cannot be used: its checksum does not match; it was changed
        the export cannot be used: its end is missing; it was cut short
        the export cannot be used: it does not begin as an export of this program does
        ");
    }
}
