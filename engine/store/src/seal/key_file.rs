//! Files with the keys of a sealed store: made once, private, and added to in front.

use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::keyring::{KeyId, key_id};
use crate::error::StoreError;

/// Lines of a key file: a comment and the key.
pub struct KeyLines(Zeroizing<String>);

impl std::fmt::Debug for KeyLines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyLines(…)")
    }
}

impl KeyLines {
    /// A new random key.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn random() -> Result<(KeyId, Self), StoreError> {
        random()
    }

    /// A key that somebody else made and wrapped; `by` tells who.
    pub fn wrapped(scheme: &str, ciphertext: &[u8], by: &str) -> Self {
        let coded = STANDARD.encode(ciphertext);
        // A comment ends with its line.
        let by = by.replace(char::is_control, " ");
        Self(Zeroizing::new(format!(
            "# Dialgraph store key, wrapped by {by}. Without both, this line and that key, the store is lost.\n{scheme}:{coded}\n"
        )))
    }

    /// Makes a file of them, readable and writable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the file exists (a key is never overwritten) or cannot be written.
    pub fn create(&self, path: impl AsRef<Path>) -> Result<(), StoreError> {
        create(path.as_ref(), self)
    }

    /// Puts them in front of what a key file holds, as rotation wants it. The file is there whole,
    /// the old or the new, whenever the process is killed.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the file is not there or cannot be written.
    pub fn add_to(&self, path: impl AsRef<Path>) -> Result<(), StoreError> {
        let path = path.as_ref();
        let failed =
            |error: &std::io::Error| StoreError::io("cannot add to the key file", path, error);
        let old = dialgraph_files::text(path, dialgraph_files::MAX_SETTINGS);
        let old = Zeroizing::new(old.map_err(|error| failed(&error.into()))?);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let beside = path.with_file_name(name);
        let whole = Self(Zeroizing::new(format!("{}{}", *self.0, *old)));
        // Left by an attempt that was killed: nothing reads it.
        let _ = std::fs::remove_file(&beside);
        create(&beside, &whole)?;
        std::fs::rename(&beside, path).map_err(|error| failed(&error))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = std::fs::File::open(folder.unwrap_or(Path::new(".")));
        folder.and_then(|folder| folder.sync_all()).map_err(|error| failed(&error))
    }
}

pub(super) fn random() -> Result<(KeyId, KeyLines), StoreError> {
    let mut bytes = Zeroizing::new([0; 32]);
    super::fill_random(&mut bytes[..])?;
    let id = key_id(&bytes);
    let text = Zeroizing::new(format!(
        "# Dialgraph store key {id}. Keep it secret and keep a copy: without it the store is lost.\n{}\n",
        &*Zeroizing::new(STANDARD.encode(&bytes[..]))
    ));
    Ok((id, KeyLines(text)))
}

pub(super) fn create(path: &Path, lines: &KeyLines) -> Result<(), StoreError> {
    let failed = |error: &std::io::Error| StoreError::io("cannot write the key file", path, error);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(|error| failed(&error))?;
    file.write_all(lines.0.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::{KeyText, Keyring};

    #[test]
    fn a_key_that_is_added_becomes_the_active_one_and_the_old_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.key");
        let (old, lines) = KeyLines::random().unwrap();
        assert!(lines.add_to(&path).is_err(), "there is nothing to add to");
        lines.create(&path).unwrap();
        let (new, lines) = KeyLines::random().unwrap();
        lines.add_to(&path).unwrap();
        assert_eq!(Keyring::from_file(&path).unwrap().ids(), [new, old]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

        KeyLines::wrapped("kms", &[1, 2, 3], "alias/store\n5a").add_to(&path).unwrap();
        assert!(KeyText::from_file(&path).unwrap().is_wrapped());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# Dialgraph store key, wrapped by alias/store 5a."), "{text}");
        assert!(text.contains("\nkms:AQID\n# Dialgraph store key "), "{text}");
    }
}
