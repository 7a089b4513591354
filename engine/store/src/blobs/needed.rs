//! Which content the rows of a store speak of, and what of it is not there.
//!
//! This crate does not know what content is for; whoever does says what is needed. It is also noted
//! in a file beside the content, so that a start can look whether all of it is there before
//! anything of the store is opened.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use dialgraph_base::Digest;

use super::folder::Folder;
use super::{Blobs, Place};

use crate::error::StoreError;
use crate::wal::{begin, regular};

/// The file, in the folder of an embedded store.
pub(crate) const NEEDED: &str = "content-needed";

/// A line for each piece of content.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
const LIVE: &str = "live";
const KEPT: &str = "kept";

/// So many are named one by one.
const TOLD: usize = 5;

/// A piece of content that something in the store is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// Its name.
    pub digest: Digest,
    /// What is made of it, for people.
    pub by: String,
    /// Calls need it now; the rest is for going back.
    pub is_live: bool,
}

/// Content that is needed and not there as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacking {
    missing: Vec<String>,
    damaged: Vec<String>,
}

impl Lacking {
    /// What is not there at all, with what is made of it.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// All of it, with what is wrong and what is made of it.
    pub fn told(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().chain(&self.damaged).map(String::as_str)
    }

    /// Nothing is lacking.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.damaged.is_empty()
    }

    /// The error that whoever needs all of it ends with; `place` is the store.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], unless nothing is lacking.
    pub fn none_in(&self, place: &Path) -> Result<(), StoreError> {
        if self.is_empty() {
            return Ok(());
        }
        let mut found = self.told().take(TOLD).collect::<Vec<_>>().join("; ");
        let more = self.told().skip(TOLD).count();
        if more > 0 {
            found.push_str(&format!("; and {more} more"));
        }
        Err(StoreError::Damaged {
            path: place.to_path_buf(),
            found,
            remedy: "bring the content back with `dialgraph store recover --from BACKUP`, or copy \
                the folder `content` from a cold copy; if it was damaged while the engine runs, \
                you can also push the same files again"
                .to_owned(),
        })
    }
}

impl Blobs {
    /// What of the content that is [needed](Self::needed) is not there, or is not what its name
    /// says. Reads all of it.
    ///
    /// # Errors
    /// If it cannot be read at all.
    pub fn lacking(&self) -> Result<Lacking, StoreError> {
        look(&self.needed(), |digest| self.get(digest).map(|found| found.is_some()))
    }

    /// What is needed, as it was told last.
    pub fn needed(&self) -> Vec<Needed> {
        let told = self.1.lock().unwrap_or_else(PoisonError::into_inner).clone();
        told.unwrap_or_else(|| match &*self.0 {
            Place::Folder(folder) => folder.root().parent().map(noted).unwrap_or_default(),
            Place::Rows { .. } => Vec::new(),
        })
    }

    /// Tells what is needed, and notes it beside the content for [`lacking`]. Content in rows has
    /// no such note.
    ///
    /// # Errors
    /// If the note cannot be written.
    pub fn note_needed(&self, needed: &[Needed]) -> Result<(), StoreError> {
        *self.1.lock().unwrap_or_else(PoisonError::into_inner) = Some(needed.to_vec());
        let Place::Folder(folder) = &*self.0 else { return Ok(()) };
        let Some(path) = note_of(folder.root()) else { return Ok(()) };
        let mut text = String::new();
        for needed in needed {
            text.push_str(&format!(
                "{} {} {}\n",
                needed.digest,
                if needed.is_live { LIVE } else { KEPT },
                needed.by.replace('\n', " ")
            ));
        }
        let text = format!("{text}{:016x}\n", twox_hash::XxHash3_64::oneshot(text.as_bytes()));
        if regular::read(&path, MOST_BYTES).is_ok_and(|there| there == text.as_bytes()) {
            return Ok(());
        }
        let temporary = path.with_extension("new");
        begin(&temporary)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(|error| StoreError::io("cannot write", &path, &error))
    }
}

fn note_of(content: &Path) -> Option<PathBuf> {
    Some(content.parent()?.join(NEEDED))
}

/// What the note in the folder `store` says.
fn noted(store: &Path) -> Vec<Needed> {
    let bytes = match regular::read(&store.join(NEEDED), MOST_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                tracing::warn!(store = %store.display(), %error, "`{NEEDED}` cannot be read");
            }
            return Vec::new();
        }
    };
    parse(&bytes).unwrap_or_else(|| {
        tracing::warn!(store = %store.display(), "`{NEEDED}` is damaged; it is written anew");
        Vec::new()
    })
}

/// What calls need now, is noted as needed in the store's folder `store` and is not there in its
/// `content`. Changes nothing.
///
/// A note that is missing or cannot be read says nothing: content is looked for again by whoever
/// loads it.
///
/// # Errors
/// If content cannot be read at all.
pub fn lacking(store: &Path) -> Result<Lacking, StoreError> {
    let needed: Vec<Needed> = noted(store).into_iter().filter(|needed| needed.is_live).collect();
    let content = Folder::at(&store.join("content"));
    look(&needed, |digest| content.get(digest).map(|found| found.is_some()))
}

fn parse(bytes: &[u8]) -> Option<Vec<Needed>> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (lines, hash) = text.rsplit_once('\n').map_or(("", text), |(lines, hash)| (lines, hash));
    let lines = if lines.is_empty() { String::new() } else { format!("{lines}\n") };
    if format!("{:016x}", twox_hash::XxHash3_64::oneshot(lines.as_bytes())) != hash {
        return None;
    }
    lines
        .lines()
        .map(|line| {
            let (digest, rest) = line.split_once(' ')?;
            let (of, by) = rest.split_once(' ')?;
            let is_live = of == LIVE;
            Some(Needed { digest: digest.parse().ok()?, by: by.to_owned(), is_live })
        })
        .collect()
}

fn look(
    needed: &[Needed],
    is_there: impl Fn(&Digest) -> Result<bool, StoreError>,
) -> Result<Lacking, StoreError> {
    let mut lacking = Lacking::default();
    for Needed { digest, by, .. } in needed {
        match is_there(digest) {
            Ok(true) => {}
            Ok(false) => {
                let what = format!("the content {digest}, which {by} needs, is missing");
                lacking.missing.push(what);
            }
            Err(StoreError::BlobDamaged { place, .. }) => {
                lacking
                    .damaged
                    .push(format!("the content {digest} ({place}), which {by} needs, is damaged"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(lacking)
}
