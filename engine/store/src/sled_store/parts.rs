//! What lies in a store's folder by its names: whether each is a file or a folder as it should be,
//! and what is left where there is no database.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::blobs;
use crate::error::StoreError;
use crate::wal::identity::MARKER;
use crate::wal::{self, archive, regular, stopped, watermark};

/// sled keeps values in it that are too large for a page; ours never are.
pub(super) const LARGE: &str = "blobs";
/// Where content lies, as in a backup.
pub(super) const CONTENT: &str = "content";

/// What a name stands for in a store's folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Should {
    File,
    Folder,
}

fn should(name: &str) -> Option<Should> {
    match name {
        "db" | "conf" | watermark::FILE | stopped::FILE | MARKER | blobs::NEEDED => {
            Some(Should::File)
        }
        wal::FOLDER | LARGE | CONTENT => Some(Should::Folder),
        _ if name.starts_with("snap.") => Some(Should::File),
        _ => None,
    }
}

/// Names of all that lies in `folder`; none if it is not there.
fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let failed = |error| StoreError::io("cannot list the folder", folder, &error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Parts that are no files, or no folders, and should be: a FIFO in the place of a file is waited
/// for without end.
pub(super) fn odd(folder: &Path) -> Result<Vec<String>, StoreError> {
    let mut odd = Vec::new();
    for name in names(folder)? {
        if let Some(should) = should(&name) {
            odd.extend(unlike(folder, &name, should));
        }
    }
    let log = folder.join(wal::FOLDER);
    for suffix in [wal::base::SUFFIX, wal::log::SUFFIX] {
        for (_, path) in archive::files(&log, suffix)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            odd.extend(unlike(folder, &format!("{}/{name}", wal::FOLDER), Should::File));
        }
    }
    for name in names(&folder.join(LARGE))? {
        odd.extend(unlike(folder, &format!("{LARGE}/{name}"), Should::File));
    }
    Ok(odd)
}

fn unlike(folder: &Path, name: &str, should: Should) -> Option<String> {
    let path = folder.join(name);
    let wanted = match should {
        Should::File => "a file",
        Should::Folder => "a folder",
    };
    let found = match path.metadata() {
        Ok(found) if should == Should::File && found.is_file() => return None,
        Ok(found) if should == Should::Folder && found.is_dir() => return None,
        Ok(found) => regular::kind(found.file_type()).to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => "a link that leads nowhere".to_owned(),
        Err(error) => return Some(format!("`{name}` cannot be looked at: {error}")),
    };
    Some(format!("`{name}` is {found}, and should be {wanted}"))
}

/// What is left of a store in a `folder` that has no database, and nothing that tells of one.
pub(super) fn remains(folder: &Path) -> Result<Vec<String>, StoreError> {
    let mut left = Vec::new();
    for name in names(folder)? {
        let is_left = match name.as_str() {
            CONTENT => blobs::holds_content(&folder.join(CONTENT)),
            // sled makes it before anything else, and nothing of ours ever gets into it.
            LARGE => !names(&folder.join(LARGE))?.is_empty(),
            other => should(other).is_some() || other.starts_with("damaged-"),
        };
        if is_left {
            left.push(format!("`{name}`"));
        }
    }
    Ok(left)
}

/// Names of all that gives place to a store that was made anew, whatever is under them.
pub(super) fn replaced(folder: &Path) -> Result<Vec<String>, StoreError> {
    let is_replaced = |name: &String| match should(name) {
        Some(Should::File) => true,
        // What is in it is sorted out by digest.
        Some(Should::Folder) if name == CONTENT => !folder.join(name).is_dir(),
        Some(Should::Folder) => true,
        None => false,
    };
    Ok(names(folder)?.into_iter().filter(is_replaced).collect())
}
