//! Writes an export, or the rest of one that was cut short. Rows come before content, so that
//! whatever a row names is there when its turn comes.

use std::io::{BufRead, Write};

use dialgraph_base::Digest;

use super::line::{Chain, ChunkLine, Header, Line, Lines, Next, RowLine};
use super::{CHUNK_BYTES, Exported, Progress, Totals, bad};
use crate::backend::Backend;
use crate::blobs::{self, Blobs};

use crate::error::StoreError;
use crate::key::Key;
use crate::seal;

/// Rows asked for at once.
const PAGE_ROWS: u32 = 500;

/// Where an export goes on.
#[derive(Debug, Clone, Default)]
pub struct Position {
    /// Bytes of the file that are good; cut it there before going on.
    pub offset: u64,
    chain: Chain,
    totals: Totals,
    last: Last,
}

#[derive(Debug, Clone, Default)]
enum Last {
    #[default]
    Nothing,
    Header,
    Row(Key),
    /// So many pieces of this blob.
    Chunks {
        blob: Digest,
        done: u64,
    },
}

impl Position {
    /// What was exported before it.
    pub fn progress(&self) -> Progress {
        let Totals { rows, blobs, .. } = self.totals;
        Progress { rows, blobs, bytes: self.offset }
    }
}

/// What a file holds that was begun before.
#[derive(Debug)]
pub enum Examined {
    /// All of an export.
    Whole(Exported),
    /// The beginning of one.
    Cut(Position),
}

/// Looks how far an export has come that was cut short.
///
/// # Errors
/// [`StoreError::BadExport`] if it is no export, or damaged elsewhere than at its end.
pub fn examine(input: impl BufRead) -> Result<Examined, StoreError> {
    let mut lines = Lines::new(input);
    let mut position = Position::default();
    let mut whole = None;
    loop {
        let line = match lines.next()? {
            Next::Line(line) => line,
            Next::Nothing | Next::Torn => break,
        };
        if whole.is_some() {
            return Err(bad("something follows its last line"));
        }
        match line {
            Line::Header(_) => position.last = Last::Header,
            Line::Row(row) => {
                let key = row.key()?;
                position.totals.row(&key, row.expires_at, &row.value()?);
                position.last = Last::Row(key);
            }
            Line::Chunk(ChunkLine { blob, chunk, of, .. }) => {
                position.last = Last::Chunks { blob, done: chunk + 1 };
                if chunk + 1 == of {
                    position.totals.blob(&blob);
                }
            }
            Line::End(end) => whole = Some(end),
        }
        position.offset = lines.offset;
        position.chain = lines.chain.clone();
    }
    Ok(match whole {
        Some(exported) => Examined::Whole(exported),
        None => Examined::Cut(position),
    })
}

/// Writes every live row of `backend` and every blob to `out`, from `from` on, and says what all of
/// it is.
///
/// `tell` is told now and then how far it has come. Blocks on file access.
///
/// # Errors
/// If something cannot be read, or `out` cannot be written: then what is there can be gone on with.
pub async fn export(
    backend: &dyn Backend,
    content: &Blobs,
    out: &mut (dyn Write + Send),
    from: Position,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Exported, StoreError> {
    let mut writer = Writer { out, position: from };
    // The rest would not be whole, and nobody who reads it could tell.
    content.lacking()?.none_in(std::path::Path::new(&backend.place()))?;
    if matches!(writer.position.last, Last::Nothing) {
        writer.line(&Line::Header(Header::new()), Last::Header)?;
    }
    let mut after = match &writer.position.last {
        Last::Row(key) => Some(Some(key.clone())),
        Last::Chunks { .. } => None,
        Last::Nothing | Last::Header => Some(None),
    };
    // Rows name blobs that are there before them, so that what is read later is not missing.
    while let Some(place) = after {
        let walked = backend.walk(place.as_ref(), PAGE_ROWS).await?;
        for row in &walked.rows {
            // The proof is made anew by whoever opens the store with the key; content comes behind
            // the rows, whole.
            if seal::is_proof(&row.key) || blobs::is_row(&row.key) {
                continue;
            }
            writer.position.totals.row(&row.key, row.expires_at, &row.value);
            let line = Line::Row(RowLine::new(&row.key, row.expires_at, &row.value));
            writer.line(&line, Last::Row(row.key.clone()))?;
        }
        tell(writer.position.progress());
        after = walked.next.map(Some);
    }
    for digest in content.list()? {
        let done = match &writer.position.last {
            Last::Chunks { blob, .. } if digest < *blob => continue,
            Last::Chunks { blob, done } if digest == *blob => *done,
            _ => 0,
        };
        // One that a clean-up has removed meanwhile is named by nothing.
        let Some(bytes) = content.get(&digest)? else { continue };
        let of = (bytes.len().div_ceil(CHUNK_BYTES).max(1)) as u64;
        for chunk in done..of {
            let start = chunk as usize * CHUNK_BYTES;
            let piece = &bytes[start..bytes.len().min(start + CHUNK_BYTES)];
            if chunk + 1 == of {
                writer.position.totals.blob(&digest);
            }
            let line = Line::Chunk(ChunkLine::new(digest, chunk, of, piece));
            writer.line(&line, Last::Chunks { blob: digest, done: chunk + 1 })?;
        }
        tell(writer.position.progress());
    }
    let exported = writer.position.totals.exported();
    writer.line(&Line::End(exported.clone()), Last::Nothing)?;
    writer.out.flush().map_err(|error| unwritten(&error))?;
    Ok(exported)
}

struct Writer<'o> {
    out: &'o mut (dyn Write + Send),
    position: Position,
}

impl Writer<'_> {
    fn line(&mut self, line: &Line, last: Last) -> Result<(), StoreError> {
        let text = self.position.chain.write(line)?;
        self.out.write_all(text.as_bytes()).map_err(|error| unwritten(&error))?;
        self.position.offset += text.len() as u64;
        self.position.last = last;
        Ok(())
    }
}

fn unwritten(error: &std::io::Error) -> StoreError {
    bad(format!("it cannot be written: {error}"))
}
