//! One line of an export, written and read.

use std::io::BufRead;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dialgraph_base::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Exported, bad};
use crate::clock::UnixMillis;
use crate::error::StoreError;
use crate::key::{Key, Part, Sort};

/// The form of export that this program writes and reads.
const FORMAT: u32 = 2;

/// Longer than any line: a value of 64 KiB, each byte escaped as six, and what stands around it.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// `,"sum":"0123456789abcdef"}` and the line's end.
const SUM_BEFORE: &str = ",\"sum\":\"";
const SUM_DIGITS: usize = 16;
const SUM_AFTER: &str = "\"}";

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    Header(Header),
    Row(RowLine),
    Chunk(ChunkLine),
    End(Exported),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    dialgraph_export: u32,
}

impl Header {
    pub(super) fn new() -> Self {
        Self { dialgraph_export: FORMAT }
    }
}

/// A row. Its value is text where it is text, so that an export can be searched with the usual
/// tools.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowLine {
    part: String,
    sort: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<UnixMillis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

impl RowLine {
    pub(super) fn new(key: &Key, expires_at: Option<UnixMillis>, value: &[u8]) -> Self {
        let text = std::str::from_utf8(value).ok().map(str::to_owned);
        let bytes = text.is_none().then(|| STANDARD.encode(value));
        let (part, sort) = (key.part().as_str().to_owned(), STANDARD.encode(key.sort().as_bytes()));
        Self { part, sort, expires_at, text, bytes }
    }

    pub(super) fn key(&self) -> Result<Key, StoreError> {
        Key::new(&Part::new(&self.part)?, Sort::raw(base64(&self.sort)?))
    }

    pub(super) fn value(&self) -> Result<Vec<u8>, StoreError> {
        match (&self.text, &self.bytes) {
            (Some(text), None) => Ok(text.as_bytes().to_vec()),
            (None, Some(bytes)) => base64(bytes),
            _ => Err(bad("a row needs either `text` or `bytes`")),
        }
    }
}

/// A piece of a blob, from 0.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChunkLine {
    pub(super) blob: Digest,
    pub(super) chunk: u64,
    pub(super) of: u64,
    bytes: String,
}

impl ChunkLine {
    pub(super) fn new(blob: Digest, chunk: u64, of: u64, bytes: &[u8]) -> Self {
        Self { blob, chunk, of, bytes: STANDARD.encode(bytes) }
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        base64(&self.bytes)
    }
}

fn base64(text: &str) -> Result<Vec<u8>, StoreError> {
    STANDARD.decode(text).map_err(|error| bad(error.to_string()))
}

/// The checksum over all lines so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Chain([u8; 32]);

impl Chain {
    /// The text of the next line, with its end.
    pub(super) fn write(&mut self, line: &Line) -> Result<String, StoreError> {
        let mut text = serde_json::to_string(line).map_err(|error| bad(error.to_string()))?;
        let sum = self.step(text.as_bytes());
        // It is an object, so it ends in a brace; the sum goes in front of it.
        text.pop();
        text.push_str(SUM_BEFORE);
        text.push_str(&sum);
        text.push_str(SUM_AFTER);
        text.push('\n');
        Ok(text)
    }

    /// The object in a line that is whole and in its place; none: it is neither.
    fn read(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let rest = line.strip_suffix(b"\n")?.strip_suffix(SUM_AFTER.as_bytes())?;
        let (rest, sum) = rest.split_at_checked(rest.len().checked_sub(SUM_DIGITS)?)?;
        let mut object = rest.strip_suffix(SUM_BEFORE.as_bytes())?.to_vec();
        object.push(b'}');
        let mut after = self.clone();
        if after.step(&object).as_bytes() != sum {
            return None;
        }
        *self = after;
        Some(object)
    }

    fn step(&mut self, object: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(object);
        self.0 = hash.finalize().into();
        hex::encode(&self.0[..SUM_DIGITS / 2])
    }
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    Line(Line),
    /// The file ends here, behind a whole line.
    Nothing,
    /// The file ends in the middle of a line.
    Torn,
}

/// Reads lines and holds them to their checksums.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    pub(super) chain: Chain,
    /// Of the last whole line, from 1.
    pub(super) number: u64,
    /// Bytes of the whole lines.
    pub(super) offset: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, chain: Chain::default(), number: 0, offset: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Next, StoreError> {
        let unreadable = |error: std::io::Error| bad(format!("it cannot be read: {error}"));
        let mut line = Vec::new();
        let taken = std::io::Read::take(&mut self.input, MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(unreadable)?;
        if taken == 0 {
            return Ok(Next::Nothing);
        }
        let number = self.number + 1;
        if number == 1 {
            foreign(&line)?;
        }
        let Some(object) = self.chain.read(&line) else {
            // What a power cut leaves at the end of a file need not be the beginning of what was
            // written.
            let is_last = self.input.fill_buf().map_err(unreadable)?.is_empty();
            return if is_last { Ok(Next::Torn) } else { Err(damaged(number)) };
        };
        let line = serde_json::from_slice(&object)
            .map_err(|error| bad(format!("line {number}: {error}")))?;
        self.number = number;
        self.offset += taken as u64;
        if (number == 1) != matches!(line, Line::Header(_)) {
            return Err(bad(format!("line {number} does not belong there")));
        }
        Ok(Next::Line(line))
    }
}

fn damaged(number: u64) -> StoreError {
    bad(format!(
        "line {number} is damaged, or a line before it is missing: its checksum does not match; \
         use another copy of the file, or export anew"
    ))
}

/// Refuses a file that is no export, or one of another form, with a better word than its checksum
/// has.
fn foreign(line: &[u8]) -> Result<(), StoreError> {
    let begins = b"{\"dialgraph_export\":";
    if !line.starts_with(&begins[..line.len().min(begins.len())]) {
        return Err(bad("it does not begin like a Dialgraph export"));
    }
    let digits =
        line.get(begins.len()..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit());
    let found = String::from_utf8_lossy(&digits.copied().collect::<Vec<u8>>()).into_owned();
    let has_end = line.len() > begins.len() + found.len();
    if has_end && found != FORMAT.to_string() {
        return Err(bad(format!(
            "it has format {found}, and this program reads format {FORMAT}; use the program that \
            wrote it"
        )));
    }
    Ok(())
}
