//! The note of a stop in order: what the database's files were when the last writer let go of them.
//!
//! As long as they are still so, byte for byte, nothing has happened to them, and nothing else has
//! to be looked at. The note is removed before anything is changed.

use std::collections::BTreeMap;
use std::fs;
use std::hash::Hasher as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::identity::StoreId;
use super::{Bad, HistoryId, STAMP_BYTES, Stamp, regular, sync_folder};
use crate::error::StoreError;

pub(crate) const FILE: &str = "stopped";

/// It has a line for each of sled's few files.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stopped {
    /// None, as it was before stores had one.
    pub(crate) store: Option<StoreId>,
    pub(crate) history: HistoryId,
    pub(crate) stamp: Stamp,
    pub(crate) files: BTreeMap<String, FileSum>,
}

/// Length and checksum of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileSum {
    bytes: u64,
    xxh3: u64,
}

#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    store: Option<String>,
    history: String,
    stamp: String,
    files: BTreeMap<String, FileSum>,
}

/// Checksums of the files called `names` in `folder`.
pub(crate) fn sums(
    folder: &Path,
    names: &[String],
) -> Result<BTreeMap<String, FileSum>, StoreError> {
    let sum = |name: &String| {
        let path = folder.join(name);
        file_sum(&path)
            .map(|sum| (name.clone(), sum))
            .map_err(|error| StoreError::io("cannot read", &path, &error))
    };
    names.iter().map(sum).collect()
}

fn file_sum(path: &Path) -> std::io::Result<FileSum> {
    let mut file = regular::open(path)?;
    let mut hasher = twox_hash::XxHash3_64::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(FileSum { bytes, xxh3: hasher.finish() }),
            Ok(got) => {
                hasher.write(&buffer[..got]);
                bytes += got as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Stopped {
    /// Writes the note, which is there whole or not at all.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(FILE);
        let mut stamp = Vec::with_capacity(STAMP_BYTES);
        self.stamp.encode(&mut stamp);
        let written = Written {
            store: self.store.map(StoreId::to_text),
            history: hex::encode(self.history.0),
            stamp: hex::encode(stamp),
            files: self.files.clone(),
        };
        let text = serde_json::to_string(&written)
            .map_err(|error| StoreError::Backend { detail: error.to_string() })?;
        let hash = twox_hash::XxHash3_64::oneshot(text.as_bytes());
        let temporary = folder.join("stopped.new");
        let done = || -> std::io::Result<()> {
            let mut file = super::begin(&temporary)?;
            file.write_all(format!("{text}\n{hash:016x}\n").as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        done().map_err(|error| StoreError::io("cannot write", &path, &error))?;
        sync_folder(folder)
    }

    /// The note in `folder`; `None` if there is none: it is in use, or was not stopped in order.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, Bad> {
        let text = match regular::read(&folder.join(FILE), MOST_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        parse(&text).map(Some).ok_or_else(|| Bad::new("its own checksum does not hold"))
    }

    /// What differs from the note: names of files, each with what became of it.
    pub(crate) fn differences(&self, folder: &Path) -> Vec<String> {
        let of = |(name, then): (&String, &FileSum)| {
            let path: PathBuf = folder.join(name);
            match file_sum(&path) {
                Ok(now) if now == *then => None,
                Ok(now) if now.bytes != then.bytes => {
                    Some(format!("`{name}` has {} bytes and had {}", now.bytes, then.bytes))
                }
                Ok(_) => Some(format!("`{name}` was changed")),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    Some(format!("`{name}` is missing"))
                }
                Err(error) => Some(format!("`{name}` cannot be read: {error}")),
            }
        };
        self.files.iter().filter_map(of).collect()
    }
}

fn parse(bytes: &[u8]) -> Option<Stopped> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (text, hash) = text.split_once('\n')?;
    if format!("{:016x}", twox_hash::XxHash3_64::oneshot(text.as_bytes())) != hash {
        return None;
    }
    let written: Written = serde_json::from_str(text).ok()?;
    let stamp: [u8; STAMP_BYTES] = hex::decode(&written.stamp).ok()?.try_into().ok()?;
    let store = match &written.store {
        Some(text) => Some(StoreId::from_text(text)?),
        None => None,
    };
    Some(Stopped {
        store,
        history: HistoryId(hex::decode(&written.history).ok()?.try_into().ok()?),
        stamp: Stamp::decode(&stamp),
        files: written.files,
    })
}

/// Removes the note, for whoever is about to change something.
pub(crate) fn remove(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join(FILE);
    match fs::remove_file(&path) {
        Ok(()) => sync_folder(folder),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io("cannot remove", path, &error)),
    }
}
