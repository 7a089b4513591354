//! Which store something is a part of.
//!
//! Two stores count their commits with the same numbers, so parts of one would fit the other by
//! number. A store gets its identity once and keeps it, through recoveries too; what a
//! [`super::HistoryId`] tells apart is the courses that one store took.

use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::{Bad, regular, sync_folder};
use crate::error::StoreError;

/// The file by which a folder is known for a store.
pub(crate) const MARKER: &str = "dialgraph-store";

const WORDS: &str = "This folder is a Dialgraph store. Copy or move it only as a whole.\n";
const NAME: &str = "identity ";
/// The marker is short.
const MOST_BYTES: u64 = 4096;

/// The identity of a store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StoreId(pub(crate) [u8; 16]);

impl StoreId {
    pub(crate) fn random() -> Result<Self, StoreError> {
        let mut id = [0; 16];
        crate::seal::fill_random(&mut id)?;
        Ok(Self(id))
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn to_text(self) -> String {
        hex::encode(self.0)
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        Self::from_slice(&hex::decode(text).ok()?)
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0[..6]))
    }
}

/// What the marker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Marker {
    Missing,
    /// From before stores had an identity.
    Nameless,
    Of(StoreId),
    Damaged(String),
}

impl Marker {
    pub(crate) fn read(folder: &Path) -> Self {
        let bytes = match regular::read(&folder.join(MARKER), MOST_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::Missing,
            Err(error) => return Self::Damaged(Bad::from(error).0),
        };
        if bytes == WORDS.as_bytes() {
            return Self::Nameless;
        }
        let id = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.strip_prefix(WORDS)?.strip_prefix(NAME)?.strip_suffix('\n'))
            .and_then(StoreId::from_text);
        id.map_or_else(|| Self::Damaged("it does not say what it should".to_owned()), Self::Of)
    }

    pub(crate) fn store(&self) -> Option<StoreId> {
        match self {
            Self::Of(id) => Some(*id),
            Self::Missing | Self::Nameless | Self::Damaged(_) => None,
        }
    }
}

/// Writes the marker; it is there whole or as it was before.
pub(crate) fn write_marker(folder: &Path, store: StoreId) -> Result<(), StoreError> {
    let path = folder.join(MARKER);
    let temporary = folder.join("dialgraph-store.new");
    let done = || -> std::io::Result<()> {
        let mut file = super::begin(&temporary)?;
        file.write_all(format!("{WORDS}{NAME}{}\n", store.to_text()).as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, &path)
    };
    done().map_err(|error| StoreError::io("cannot write", &path, &error))?;
    sync_folder(folder)
}
