//! The commit log: one record for each group of commits, appended and synced before anything else
//! is done with it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::frame::{self, Piece};
use super::identity::StoreId;
use super::{Bad, HistoryId, STAMP_BYTES, Stamp, regular};
use crate::error::StoreError;

const MAGIC: &[u8; 16] = b"dialgraph log 2\n";
/// As it was before stores had an identity.
const OLD_MAGIC: &[u8; 16] = b"dialgraph log 1\n";

pub(crate) const SUFFIX: &str = "log";

/// A file is closed once it is so long.
const SEGMENT_BYTES: u64 = 32 * 1024 * 1024;

const FILE_HEADER_BYTES: u64 = (frame::HEADER_BYTES + MAGIC.len() + 16 + 8 + 16) as u64;

/// Zeros are written so far ahead: the sync of a record then changes no metadata of the file, which
/// makes it cheaper by a third.
const AHEAD_BYTES: u64 = 256 * 1024;

/// One group of commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The state after it.
    pub(crate) stamp: Stamp,
    /// What it changes; see [`super::change`].
    pub(crate) changes: Vec<u8>,
}

/// A record in the making, in the form in which it is written.
#[derive(Debug)]
pub(crate) struct Draft {
    bytes: Vec<u8>,
    start: usize,
}

impl Default for Draft {
    fn default() -> Self {
        let mut bytes = Vec::with_capacity(4096);
        let start = frame::open(&mut bytes);
        bytes.extend_from_slice(&[0; STAMP_BYTES]);
        Self { bytes, start }
    }
}

impl Draft {
    /// Where changes are appended.
    pub(crate) fn changes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn finish(&mut self, stamp: &Stamp) -> &[u8] {
        let mut encoded = Vec::with_capacity(STAMP_BYTES);
        stamp.encode(&mut encoded);
        self.bytes[self.start..self.start + STAMP_BYTES].copy_from_slice(&encoded);
        frame::close(&mut self.bytes, self.start);
        &self.bytes
    }
}

/// Why a record was not appended.
#[derive(Debug)]
pub(crate) enum AppendError {
    /// The log is as it was before.
    Refused(StoreError),
    /// What the disk holds is not known any more.
    Broken(StoreError),
}

/// Appends to the log in a folder.
#[derive(Debug)]
pub(crate) struct Appender {
    folder: PathBuf,
    store: StoreId,
    history: HistoryId,
    file: File,
    path: PathBuf,
    offset: u64,
    /// Zeros are written up to here.
    ahead: u64,
    /// The last commit in the log.
    last: Stamp,
    /// Bytes of all files since the log began or was cut.
    total: u64,
}

impl Appender {
    /// Begins a new file in `folder` behind the commit `last`.
    pub(crate) fn begin(
        folder: &Path,
        store: StoreId,
        history: HistoryId,
        last: Stamp,
    ) -> Result<Self, StoreError> {
        let (file, path, offset) = new_file(folder, store, history, last.number + 1)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            store,
            history,
            file,
            path,
            offset,
            ahead: offset,
            last,
            total: offset,
        })
    }

    /// Appends a record and waits until it is on disk.
    pub(crate) fn append(&mut self, stamp: &Stamp, draft: &mut Draft) -> Result<(), AppendError> {
        if self.offset >= SEGMENT_BYTES {
            self.rotate().map_err(AppendError::Refused)?;
        }
        let bytes = draft.finish(stamp);
        let end = self.offset + bytes.len() as u64;
        let written = (|| {
            if end > self.ahead {
                let ahead = end.next_multiple_of(AHEAD_BYTES);
                let zeros = vec![0; (ahead - self.ahead.max(self.offset)) as usize];
                self.file.write_all_at(&zeros, self.ahead.max(self.offset))?;
                self.ahead = ahead;
            }
            self.file.write_all_at(bytes, self.offset)
        })();
        if let Err(error) = written {
            let error = StoreError::io("cannot write", &self.path, &error);
            // What was written of it goes; were it left, it would be taken for a record.
            return Err(match self.file.set_len(self.offset) {
                Ok(()) => {
                    self.ahead = self.offset;
                    AppendError::Refused(error)
                }
                Err(_) => AppendError::Broken(error),
            });
        }
        // After a sync that failed nobody knows what is on disk, and a second one that succeeds
        // proves nothing.
        self.file.sync_data().map_err(|error| {
            AppendError::Broken(StoreError::io("cannot sync", &self.path, &error))
        })?;
        self.total += bytes.len() as u64;
        self.offset = end;
        self.last = *stamp;
        Ok(())
    }

    /// Closes the file and begins the next one, so that all before it are complete. Does nothing if
    /// it is empty.
    pub(crate) fn rotate(&mut self) -> Result<(), StoreError> {
        if self.path == segment_path(&self.folder, self.last.number + 1) {
            return Ok(());
        }
        let (file, path, offset) =
            new_file(&self.folder, self.store, self.history, self.last.number + 1)?;
        self.close()?;
        (self.file, self.path, self.offset, self.ahead) = (file, path, offset, offset);
        self.total += offset;
        Ok(())
    }

    /// Cuts the room that was written ahead.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        self.file
            .set_len(self.offset)
            .and_then(|()| self.file.sync_all())
            .map_err(|error| StoreError::io("cannot sync", &self.path, &error))
    }

    /// The last commit in the log.
    pub(crate) fn last(&self) -> Stamp {
        self.last
    }

    /// Bytes appended since it was begun or [`Appender::forget_total`] was called.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    pub(crate) fn forget_total(&mut self) {
        self.total = 0;
    }
}

fn new_file(
    folder: &Path,
    store: StoreId,
    history: HistoryId,
    first: u64,
) -> Result<(File, PathBuf, u64), StoreError> {
    let path = segment_path(folder, first);
    let failed = |error| StoreError::io("cannot write", &path, &error);
    let header = header(store, history, first);
    // Whoever begins a log has looked at what is in it; should that have missed something, it must
    // not be lost here.
    if !may_be_begun(&path) {
        return Err(StoreError::Backend {
            detail: format!(
                "{} holds commits already, and is left as it is; run `dialgraph store recover`",
                path.display()
            ),
        });
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = regular::opened(&mut options, &path).map_err(failed)?;
    file.write_all_at(&header, 0).and_then(|()| file.sync_all()).map_err(failed)?;
    super::sync_folder(folder)?;
    Ok((file, path, header.len() as u64))
}

/// Whether there is no file at `path`, or one that no record was written to.
pub(crate) fn may_be_begun(path: &Path) -> bool {
    match fs::metadata(path) {
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        // Its header may not have been written to its end.
        Ok(file) if !file.is_file() => false,
        Ok(file) if file.len() <= FILE_HEADER_BYTES => true,
        Ok(_) => Reader::open(path).is_ok_and(|mut reader| matches!(reader.next(), Next::End)),
    }
}

fn header(store: StoreId, history: HistoryId, first: u64) -> Vec<u8> {
    let mut header = Vec::new();
    let start = frame::open(&mut header);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&history.0);
    header.extend_from_slice(&first.to_be_bytes());
    header.extend_from_slice(&store.0);
    frame::close(&mut header, start);
    header
}

/// Where the records from `first` on are.
pub(crate) fn segment_path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.{SUFFIX}"))
}

/// A file of the log, being read.
#[derive(Debug)]
pub(crate) struct Reader {
    input: BufReader<File>,
    /// None, as it was before stores had one.
    pub(crate) store: Option<StoreId>,
    pub(crate) history: HistoryId,
    pub(crate) first: u64,
    next: u64,
    piece: Vec<u8>,
    /// Where the last record that could be read ends.
    pub(crate) whole: u64,
}

/// What comes next in a file of the log.
#[derive(Debug)]
pub(crate) enum Next {
    Record(Record),
    End,
    /// No record, or not the one that has to come: cut off while it was written, or damaged.
    Broken(Bad),
}

impl Reader {
    pub(crate) fn open(path: &Path) -> Result<Self, Bad> {
        let mut input = BufReader::with_capacity(1 << 18, regular::open(path)?);
        let mut piece = Vec::new();
        let is_whole = frame::read(&mut input, &mut piece)? == Piece::Whole;
        let parsed = || {
            let is_old = piece.starts_with(OLD_MAGIC);
            let rest = piece.strip_prefix(if is_old { OLD_MAGIC } else { MAGIC })?;
            let (history, rest) = rest.split_first_chunk::<16>()?;
            let (first, rest) = rest.split_first_chunk::<8>()?;
            let store = if is_old { None } else { Some(StoreId::from_slice(rest)?) };
            Some((store, HistoryId(*history), u64::from_be_bytes(*first)))
        };
        let (store, history, first) =
            is_whole.then(parsed).flatten().ok_or_else(|| Bad::new("its beginning is damaged"))?;
        let whole = (frame::HEADER_BYTES + piece.len()) as u64;
        Ok(Self { input, store, history, first, next: first, piece, whole })
    }

    /// The last record that is whole and lies behind one that is not, in the file at `path`: each
    /// record is synced before the next is written, so the broken one was whole once.
    pub(crate) fn beyond(&self, path: &Path) -> Result<Option<Stamp>, Bad> {
        let mut bytes = Vec::new();
        let mut file = regular::open(path)?;
        file.seek(SeekFrom::Start(self.whole))?;
        file.read_to_end(&mut bytes)?;
        // What is within a record whose length can be read is no record of its own.
        let mut at = frame::length(&bytes).map_or(1, |length| frame::HEADER_BYTES + length);
        let mut found = None;
        while let Some(mut rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let mut piece = Vec::new();
            if frame::length(rest).is_none() {
                at += 1;
                continue;
            }
            at += 1;
            if frame::read(&mut rest, &mut piece)? == Piece::Whole
                && let Some(stamp) = piece.first_chunk::<STAMP_BYTES>().map(Stamp::decode)
                && stamp.number > self.next
            {
                found = Some(stamp);
                at += frame::HEADER_BYTES + piece.len() - 1;
            }
        }
        Ok(found)
    }

    pub(crate) fn next(&mut self) -> Next {
        let broken = |what: &str| {
            Next::Broken(Bad::new(format!("{what} where commit {} should be", self.next)))
        };
        match frame::read(&mut self.input, &mut self.piece) {
            Err(bad) => Next::Broken(bad),
            Ok(Piece::End) => Next::End,
            Ok(Piece::Broken) => broken("it is damaged"),
            Ok(Piece::Whole) => match self.piece.split_first_chunk::<STAMP_BYTES>() {
                Some((stamp, changes)) if Stamp::decode(stamp).number == self.next => {
                    self.next += 1;
                    self.whole += (frame::HEADER_BYTES + self.piece.len()) as u64;
                    Next::Record(Record { stamp: Stamp::decode(stamp), changes: changes.to_vec() })
                }
                _ => broken("it holds a different commit"),
            },
        }
    }
}

/// Removes the files of `folder` that hold only commits up to `last`; gives the bytes that are
/// left.
pub(crate) fn drop_up_to(folder: &Path, last: u64) -> Result<(), StoreError> {
    let files = super::archive::files(folder, SUFFIX)?;
    // A file ends where the next one begins.
    for pair in files.windows(2) {
        if pair[1].0 <= last + 1 {
            fs::remove_file(&pair[0].1)
                .map_err(|error| StoreError::io("cannot remove", &pair[0].1, &error))?;
        }
    }
    Ok(())
}
