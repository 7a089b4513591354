//! How far the store has come, in a file that is written after each group of commits and never
//! waited for.
//!
//! Two slots take turns, so that one that is being written when the power goes leaves the other. A
//! watermark that reached the disk late is behind, which promises less and harms nothing; it is
//! never ahead.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::identity::StoreId;
use super::{Bad, HistoryId, STAMP_BYTES, Stamp, regular};
use crate::error::StoreError;

pub(crate) const FILE: &str = "watermark";

const MAGIC: &[u8; 8] = b"dgwater2";
/// As it was before stores had an identity.
const OLD_MAGIC: &[u8; 8] = b"dgwater1";
/// One slot a disk block.
const SLOT_OFFSET: u64 = 4096;
const SLOT_BYTES: usize = OLD_SLOT_BYTES + 16;
const OLD_SLOT_BYTES: usize = 8 + 8 + 16 + STAMP_BYTES + 8 + 8;
/// The file has two slots, and nothing behind them.
const MOST_BYTES: u64 = 2 * SLOT_OFFSET;

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// None, as it was before stores had one.
    pub(crate) store: Option<StoreId>,
    pub(crate) history: HistoryId,
    /// The last commit that was answered, or is about to be.
    pub(crate) promised: Stamp,
    /// Up to here sled's own file was synced: less than this it must never hold again.
    pub(crate) settled: u64,
}

/// The file, open for writing.
#[derive(Debug)]
pub(crate) struct Watermark {
    file: File,
    path: PathBuf,
    turn: u64,
}

impl Watermark {
    /// Opens the file in `folder`, and makes it if there is none.
    pub(crate) fn open(folder: &Path, mark: &Mark) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let turn = match read_slots(&path) {
            Ok(Some((turn, _))) => turn,
            // Nothing of a store may be there without a watermark that can be read, so it gets its
            // name when it is whole.
            Ok(None) | Err(_) => {
                let temporary = folder.join("watermark.new");
                let file = super::begin(&temporary)
                    .map_err(|error| StoreError::io("cannot write", &temporary, &error))?;
                let mut begun = Self { file, path: temporary, turn: 0 };
                begun.write(mark)?;
                begun.write(mark)?;
                begun.sync()?;
                fs::rename(&begun.path, &path)
                    .map_err(|error| StoreError::io("cannot write", &path, &error))?;
                super::sync_folder(folder)?;
                begun.path = path;
                return Ok(begun);
            }
        };
        let file = regular::opened(OpenOptions::new().write(true), &path)
            .map_err(|error| StoreError::io("cannot write", &path, &error))?;
        let mut opened = Self { file, path, turn };
        // Both slots, so that no older history is left in one.
        opened.write(mark)?;
        opened.write(mark)?;
        Ok(opened)
    }

    /// Writes without waiting for the disk.
    pub(crate) fn write(&mut self, mark: &Mark) -> Result<(), StoreError> {
        self.turn += 1;
        let mut bytes = Vec::with_capacity(SLOT_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.turn.to_be_bytes());
        bytes.extend_from_slice(&mark.history.0);
        mark.promised.encode(&mut bytes);
        bytes.extend_from_slice(&mark.settled.to_be_bytes());
        bytes.extend_from_slice(&mark.store.map_or([0; 16], |store| store.0));
        let hash = twox_hash::XxHash3_64::oneshot(&bytes);
        bytes.extend_from_slice(&hash.to_be_bytes());
        self.file
            .write_all_at(&bytes, self.turn % 2 * SLOT_OFFSET)
            .map_err(|error| StoreError::io("cannot write", &self.path, &error))
    }

    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(|error| StoreError::io("cannot sync", &self.path, &error))
    }
}

/// What the file in `folder` says; `None` if there is none.
pub(crate) fn read(folder: &Path) -> Result<Option<Mark>, Bad> {
    Ok(read_slots(&folder.join(FILE))?.map(|(_, mark)| mark))
}

fn read_slots(path: &Path) -> Result<Option<(u64, Mark)>, Bad> {
    let bytes = match regular::read(path, MOST_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    [0, SLOT_OFFSET as usize]
        .into_iter()
        .filter_map(|at| slot(bytes.get(at..)?))
        .max_by_key(|(turn, _)| *turn)
        .map(Some)
        .ok_or_else(|| Bad::new("neither of its two slots can be read"))
}

fn slot(bytes: &[u8]) -> Option<(u64, Mark)> {
    let is_old = bytes.starts_with(OLD_MAGIC);
    let bytes = bytes.get(..if is_old { OLD_SLOT_BYTES } else { SLOT_BYTES })?;
    let (body, hash) = bytes.split_last_chunk::<8>()?;
    if twox_hash::XxHash3_64::oneshot(body).to_be_bytes() != *hash {
        return None;
    }
    let rest = body.strip_prefix(if is_old { OLD_MAGIC } else { MAGIC })?;
    let (turn, rest) = rest.split_first_chunk::<8>()?;
    let (history, rest) = rest.split_first_chunk::<16>()?;
    let (promised, rest) = rest.split_first_chunk::<STAMP_BYTES>()?;
    let (settled, rest) = rest.split_first_chunk::<8>()?;
    let store = StoreId::from_slice(rest).filter(|store| store.0 != [0; 16]);
    let mark = Mark {
        store,
        history: HistoryId(*history),
        promised: Stamp::decode(promised),
        settled: u64::from_be_bytes(*settled),
    };
    Some((u64::from_be_bytes(*turn), mark))
}

/// Whether one of the two slots cannot be read: after a stop in order both can.
pub(crate) fn is_torn(folder: &Path) -> bool {
    regular::read(&folder.join(FILE), MOST_BYTES).is_ok_and(|bytes| {
        [0, SLOT_OFFSET as usize].into_iter().any(|at| bytes.get(at..).and_then(slot).is_none())
    })
}
