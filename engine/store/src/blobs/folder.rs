//! Content in a folder: one file for each, under the SHA-256 of its bytes.
//!
//! A file appears under its name only once it is complete and on disk.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use dialgraph_base::Digest;

use crate::error::StoreError;
use crate::wal::regular;

/// A folder of immutable files.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

/// Content lies in `sha256/<first two digits>/<all digits>`, so that no folder grows too large.
const CONTENT: &str = "sha256";

/// The largest of all is a plugin, and the engine takes none of this size.
const MOST_BYTES: u64 = 1 << 30;

/// Files that are being written. Each is locked by its writer, so an unlocked one was left by a
/// crash.
const UNFINISHED: &str = "unfinished";

impl Folder {
    /// Opens the folder `root`, makes it if there is none, and removes what crashed writers left
    /// behind.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(super) fn open(root: impl AsRef<Path>) -> Result<Self, StoreError> {
        let root = root.as_ref().to_path_buf();
        for folder in [CONTENT, UNFINISHED] {
            let folder = root.join(folder);
            fs::create_dir_all(&folder)
                .map_err(|error| StoreError::io("cannot create the folder", &folder, &error))?;
        }
        let folder = Self { root };
        folder.remove_unfinished()?;
        Ok(folder)
    }

    /// One that is only read from: nothing is made or removed.
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Stores `bytes` durably and gives their name. Storing the same again is cheap and changes
    /// nothing, except that a damaged file is replaced.
    ///
    /// # Errors
    /// [`StoreError::Io`], for example when the disk is full; then nothing is left behind.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if matches!(self.get(&digest), Ok(Some(_))) {
            return Ok(digest);
        }
        let path = self.path(&digest);
        let failed = |error: &std::io::Error| StoreError::io("cannot write the blob", &path, error);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        // A file is replaced by the rename; a folder would stand in its way.
        if path.is_dir() {
            fs::remove_dir(&path).map_err(|error| failed(&error))?;
        }
        let temporary = self.write_unfinished(&digest, bytes)?;
        fs::rename(&temporary, &path).map_err(|error| {
            let _ = fs::remove_file(&temporary);
            failed(&error)
        })?;
        // The rename lasts once the folders that name the file are on disk.
        for folder in [folder, &self.root.join(CONTENT)] {
            sync_folder(folder).map_err(|error| failed(&error))?;
        }
        Ok(digest)
    }

    /// Reads content and checks that it is what its name says; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::BlobDamaged`] if the file was changed, [`StoreError::Io`].
    pub(super) fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(digest);
        match regular::read(&path, MOST_BYTES) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(Some(bytes)),
            Ok(_) => {
                Err(StoreError::BlobDamaged { digest: *digest, place: path.display().to_string() })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            // Too long, or a FIFO: nothing that was ever put there.
            Err(error)
                if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData) =>
            {
                let place = format!("{}: {error}", path.display());
                Err(StoreError::BlobDamaged { digest: *digest, place })
            }
            Err(error) => Err(StoreError::io("cannot read the blob", path, &error)),
        }
    }

    /// Whether there is a file for `digest`.
    pub(super) fn contains(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// The digests of everything stored, in order. Files that are not blobs are passed over.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(super) fn list(&self) -> Result<Vec<Digest>, StoreError> {
        let content = self.root.join(CONTENT);
        let mut digests = Vec::new();
        for folder in entries(&content)? {
            if !folder.is_dir() {
                continue;
            }
            for file in entries(&folder)? {
                let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                if let Ok(digest) = format!("sha256:{name}").parse::<Digest>()
                    && self.path(&digest) == file
                {
                    digests.push(digest);
                }
            }
        }
        digests.sort_unstable();
        Ok(digests)
    }

    /// Removes content; says whether there was any.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(super) fn remove(&self, digest: &Digest) -> Result<bool, StoreError> {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::io("cannot remove the blob", path, &error)),
        }
    }

    /// Where the content of `digest` lies, if it does.
    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join(CONTENT).join(&hex[..2]).join(&hex)
    }

    /// Writes and syncs a file under a name that no other writer uses.
    fn write_unfinished(&self, digest: &Digest, bytes: &[u8]) -> Result<PathBuf, StoreError> {
        let folder = self.root.join(UNFINISHED);
        let mut attempt = 0u32;
        loop {
            let path = folder.join(format!("{}-{}-{attempt}", digest.hex(), std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    let written = file
                        .lock()
                        .and_then(|()| file.write_all(bytes))
                        .and_then(|()| file.sync_all());
                    return match written {
                        Ok(()) => Ok(path),
                        Err(error) => {
                            let _ = fs::remove_file(&path);
                            Err(StoreError::io("cannot write the blob", path, &error))
                        }
                    };
                }
                // Another thread stores the same content, or a crash left the name.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => return Err(StoreError::io("cannot write the blob", path, &error)),
            }
        }
    }

    fn remove_unfinished(&self) -> Result<(), StoreError> {
        for path in entries(&self.root.join(UNFINISHED))? {
            // Whoever still writes holds the lock; whoever has just finished has renamed the file.
            let abandoned = regular::open(&path).is_ok_and(|file| file.try_lock().is_ok());
            if abandoned {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }
}

/// Whether any content lies in the folder `root`, read without changing it.
pub(crate) fn holds_content(root: &Path) -> bool {
    let list = |folder: &Path| entries(folder).unwrap_or_default();
    list(&root.join(CONTENT)).iter().any(|folder| !list(folder).is_empty())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|error| StoreError::io("cannot list the folder", folder, &error))
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    // Other systems cannot open a folder as a file, and order renames themselves.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Folder) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Folder::open(folder.path()).unwrap();
        (folder, blobs)
    }

    #[test]
    fn content_is_found_under_its_digest_until_it_is_removed() {
        let (_folder, blobs) = blobs();
        let large = vec![7; 3 << 20];
        let mut digests = [blobs.put(b"").unwrap(), blobs.put(&large).unwrap()];
        digests.sort_unstable();
        assert_eq!(blobs.list().unwrap(), digests);
        let digest = Digest::of(&large);
        assert_eq!(blobs.get(&digest).unwrap().unwrap(), large);
        assert!(blobs.remove(&digest).unwrap());
        assert!(!blobs.remove(&digest).unwrap());
        assert!(!blobs.contains(&digest));
        assert_eq!(blobs.get(&digest).unwrap(), None);
    }

    #[test]
    fn nothing_unfinished_is_left_after_a_put() {
        let (folder, blobs) = blobs();
        blobs.put(b"x").unwrap();
        blobs.put(b"x").unwrap();
        assert_eq!(entries(&folder.path().join(UNFINISHED)).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_changed_file_is_not_handed_out_and_is_healed_by_storing_it_again() {
        let (_folder, blobs) = blobs();
        let digest = blobs.put(b"right").unwrap();
        fs::write(blobs.path(&digest), b"wrong").unwrap();
        assert!(matches!(blobs.get(&digest), Err(StoreError::BlobDamaged { .. })));
        blobs.put(b"right").unwrap();
        assert_eq!(blobs.get(&digest).unwrap().unwrap(), b"right");
    }

    #[test]
    fn opening_removes_abandoned_files_and_spares_those_being_written() {
        let (folder, _) = blobs();
        let abandoned = folder.path().join(UNFINISHED).join("abandoned");
        let active = folder.path().join(UNFINISHED).join("active");
        fs::write(&abandoned, b"half").unwrap();
        let writer = File::create(&active).unwrap();
        writer.lock().unwrap();
        Folder::open(folder.path()).unwrap();
        assert!(!abandoned.exists());
        assert!(active.exists());
    }

    #[test]
    fn many_threads_may_store_the_same_content_at_once() {
        let (_folder, blobs) = blobs();
        let content = vec![1; 200_000];
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| blobs.put(&content).unwrap());
            }
        });
        assert_eq!(blobs.list().unwrap(), [Digest::of(&content)]);
        assert_eq!(blobs.get(&Digest::of(&content)).unwrap().unwrap(), content);
    }

    #[test]
    fn strangers_in_the_folder_are_not_listed() {
        let (folder, blobs) = blobs();
        let digest = blobs.put(b"x").unwrap();
        fs::write(folder.path().join(CONTENT).join("README"), "hello").unwrap();
        fs::create_dir(folder.path().join(CONTENT).join("zz")).unwrap();
        fs::write(folder.path().join(CONTENT).join("zz").join(digest.hex()), "misplaced").unwrap();
        assert_eq!(blobs.list().unwrap(), [digest]);
    }

    #[test]
    fn a_full_or_forbidden_place_is_an_error_that_names_the_file() {
        let (folder, blobs) = blobs();
        fs::remove_dir_all(folder.path().join(UNFINISHED)).unwrap();
        let error = blobs.put(b"x").unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write the blob ") && error.contains(UNFINISHED),
            "{error}"
        );
    }
}
