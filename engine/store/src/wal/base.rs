//! A base: all rows and tokens of the store, from which the commit log goes on.
//!
//! It is read while commits go on, so that it is of no single moment: whatever changes meanwhile is
//! in the log. With the records behind the commit at which it was begun, up to the one at which it
//! was finished, it is the state after that one, and the running checksum shows that it is.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::change::{self, Change, Changes};
use super::frame::{self, Piece};
use super::identity::StoreId;
use super::{Bad, HistoryId, STAMP_BYTES, Stamp, Temporary, UNFINISHED, regular};
use crate::error::StoreError;

const MAGIC: &[u8; 16] = b"dialgraph base2\n";
/// As it was before stores had an identity.
const OLD_MAGIC: &[u8; 16] = b"dialgraph base1\n";
pub(crate) const SUFFIX: &str = "base";

/// Rows and tokens are written together up to so many bytes.
const PIECE_BYTES: usize = 64 * 1024;

const ENTRIES: u8 = 1;
const END: u8 = 2;

/// What a base is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct About {
    /// None, as it was before stores had one.
    pub(crate) store: Option<StoreId>,
    pub(crate) history: HistoryId,
    /// Records behind this commit have to be applied …
    pub(crate) begun: u64,
    /// … up to this one.
    pub(crate) finished: Stamp,
    pub(crate) entries: u64,
}

/// Where the base is that was begun at the commit `begun`.
pub(crate) fn path(folder: &Path, begun: u64) -> PathBuf {
    folder.join(format!("{begun:020}.{SUFFIX}"))
}

/// A base that is being written. It gets its name when it is whole.
#[derive(Debug)]
pub(crate) struct Writer {
    out: BufWriter<File>,
    folder: PathBuf,
    temporary: Temporary,
    begun: u64,
    piece: Vec<u8>,
    start: usize,
    entries: u64,
    bytes: u64,
}

impl Writer {
    pub(crate) fn create(
        folder: &Path,
        store: StoreId,
        history: HistoryId,
        begun: u64,
    ) -> Result<Self, StoreError> {
        let temporary = Temporary(folder.join(format!("{begun:020}.{UNFINISHED}")));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&temporary.0)
            .map_err(|error| StoreError::io("cannot write", &temporary.0, &error))?;
        let mut writer = Self {
            out: BufWriter::with_capacity(1 << 18, file),
            folder: folder.to_path_buf(),
            temporary,
            begun,
            piece: Vec::new(),
            start: 0,
            entries: 0,
            bytes: 0,
        };
        writer.start = frame::open(&mut writer.piece);
        writer.piece.extend_from_slice(MAGIC);
        writer.piece.extend_from_slice(&history.0);
        writer.piece.extend_from_slice(&begun.to_be_bytes());
        writer.piece.extend_from_slice(&store.0);
        writer.flush_piece()?;
        writer.piece.push(ENTRIES);
        Ok(writer)
    }

    /// Adds a row or token, which `encode` appends.
    pub(crate) fn add(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        encode(&mut self.piece);
        self.entries += 1;
        if self.piece.len() - self.start > PIECE_BYTES {
            self.flush_piece()?;
            self.piece.push(ENTRIES);
        }
        Ok(())
    }

    /// Ends it, and waits until it is on disk under its name. Gives its length.
    pub(crate) fn finish(mut self, finished: &Stamp) -> Result<u64, StoreError> {
        if self.piece.len() - self.start > 1 {
            self.flush_piece()?;
        } else {
            self.piece.pop();
        }
        self.piece.push(END);
        finished.encode(&mut self.piece);
        self.piece.extend_from_slice(&self.entries.to_be_bytes());
        self.flush_piece()?;
        let path = path(&self.folder, self.begun);
        let failed = |error| StoreError::io("cannot write", &path, &error);
        let file = self.out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().and_then(|()| fs::rename(&self.temporary.0, &path)).map_err(failed)?;
        super::sync_folder(&self.folder)?;
        Ok(self.bytes)
    }

    fn flush_piece(&mut self) -> Result<(), StoreError> {
        frame::close(&mut self.piece, self.start);
        self.bytes += self.piece.len() as u64;
        self.out
            .write_all(&self.piece)
            .map_err(|error| StoreError::io("cannot write", &self.temporary.0, &error))?;
        self.piece.clear();
        self.start = frame::open(&mut self.piece);
        Ok(())
    }
}

/// The commit at which the base at `path` is whole, as its end says, which is not checked.
pub(crate) fn finished(path: &Path) -> Option<Stamp> {
    let mut file = regular::open(path).ok()?;
    let mut end = [0; STAMP_BYTES + 8];
    file.seek(SeekFrom::End(-(end.len() as i64))).ok()?;
    file.read_exact(&mut end).ok()?;
    Some(Stamp::decode(end.first_chunk()?))
}

/// Which store and history the base at `path` is of, as its beginning says.
pub(crate) fn origin(path: &Path) -> Result<(Option<StoreId>, HistoryId), Bad> {
    open(path).map(|(_, store, history, _)| (store, history))
}

/// Opens a base and reads its beginning.
fn open(path: &Path) -> Result<(BufReader<File>, Option<StoreId>, HistoryId, u64), Bad> {
    let mut input = BufReader::with_capacity(1 << 18, regular::open(path)?);
    let mut piece = Vec::new();
    let is_whole = frame::read(&mut input, &mut piece)? == Piece::Whole;
    let header = || {
        let is_old = piece.starts_with(OLD_MAGIC);
        let rest = piece.strip_prefix(if is_old { OLD_MAGIC } else { MAGIC })?;
        let (history, rest) = rest.split_first_chunk::<16>()?;
        let (begun, rest) = rest.split_first_chunk::<8>()?;
        let store = if is_old { None } else { Some(StoreId::from_slice(rest)?) };
        Some((store, HistoryId(*history), u64::from_be_bytes(*begun)))
    };
    let (store, history, begun) =
        is_whole.then(header).flatten().ok_or_else(|| Bad::new("it is damaged"))?;
    Ok((input, store, history, begun))
}

/// Reads a whole base, and gives each of its entries to `each`.
pub(crate) fn read<E: From<Bad>>(
    path: &Path,
    mut each: impl FnMut(Change<'_>, u128) -> Result<(), E>,
) -> Result<About, E> {
    let damaged = || Bad::new("it is damaged");
    let (mut input, store, history, begun) = open(path)?;
    let mut piece = Vec::new();
    let mut entries = 0;
    loop {
        if frame::read(&mut input, &mut piece)? != Piece::Whole {
            return Err(damaged().into());
        }
        match piece.split_first() {
            Some((&ENTRIES, rest)) => {
                let mut changes = Changes::new(rest);
                while let Some((change, bytes)) = changes.next()? {
                    entries += 1;
                    each(change, change::checksum(bytes))?;
                }
            }
            Some((&END, rest)) => {
                let end = || {
                    let (finished, count) = rest.split_first_chunk::<STAMP_BYTES>()?;
                    let count = u64::from_be_bytes(count.try_into().ok()?);
                    (count == entries).then(|| Stamp::decode(finished))
                };
                let finished = end().ok_or_else(damaged)?;
                return match frame::read(&mut input, &mut piece)? {
                    Piece::End => Ok(About { store, history, begun, finished, entries }),
                    Piece::Whole | Piece::Broken => Err(damaged().into()),
                };
            }
            _ => return Err(damaged().into()),
        }
    }
}
