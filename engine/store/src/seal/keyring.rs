//! The keys a sealed store is written and read with.

use std::fmt;
use std::path::Path;

use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::key_file;
use super::key_text::KeyText;
use crate::error::StoreError;

/// What a key is called in headers and messages: a hash of it, which gives nothing of it away.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(super) [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// One or more 256-bit keys: the first seals, all of them open.
///
/// How keys are written as text is told at [`KeyText`]. **To rotate**, put a new key in front and
/// restart: what is written from then on uses it, what lies there stays readable as long as the old
/// key is listed. [`crate::Sealed::reseal`] rewrites a partition with the new key.
///
/// Key bytes are wiped from memory when the ring is dropped, and never printed.
pub struct Keyring {
    keys: Vec<(KeyId, XChaCha20Poly1305)>,
}

impl Keyring {
    /// Reads the ring from [`KEY_VARIABLE`](super::KEY_VARIABLE) or
    /// [`KEY_FILE_VARIABLE`](super::KEY_FILE_VARIABLE); `None` if neither is set, and the store is
    /// to be kept in the clear.
    ///
    /// # Errors
    /// As [`KeyText::from_env`] and [`KeyText::ring`].
    pub fn from_env() -> Result<Option<Self>, StoreError> {
        KeyText::from_env()?.map(|text| text.ring()).transpose()
    }

    /// Reads the ring from a file. Says so in the log if others than its owner can read the file.
    ///
    /// # Errors
    /// As [`KeyText::from_file`] and [`KeyText::ring`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        KeyText::from_file(path)?.ring()
    }

    /// Reads the ring from text that came from `source`, which error messages name.
    ///
    /// # Errors
    /// As [`KeyText::ring`].
    pub fn parse(text: &str, source: &str) -> Result<Self, StoreError> {
        KeyText::new(Zeroizing::new(text.to_owned()), source).ring()
    }

    /// A ring of these keys, the active one first.
    pub(super) fn of(keys: &[Zeroizing<[u8; 32]>], source: &str) -> Result<Self, StoreError> {
        let mut ring: Vec<(KeyId, XChaCha20Poly1305)> = Vec::new();
        for bytes in keys {
            let id = key_id(bytes);
            if ring.iter().any(|(other, _)| *other == id) {
                return Err(bad(format!("key {id} is listed twice in {source}; remove one")));
            }
            ring.push((id, XChaCha20Poly1305::new((&**bytes).into())));
        }
        if ring.is_empty() {
            return Err(bad(format!(
                "{source} holds no encryption key; write one of 32 bytes there, as 64 hexadecimal digits or \
                 as base64"
            )));
        }
        Ok(Self { keys: ring })
    }

    /// Makes a file with a new random key, readable and writable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the file exists (a key is never overwritten) or cannot be written.
    pub fn generate_file(path: impl AsRef<Path>) -> Result<KeyId, StoreError> {
        let (id, line) = key_file::random()?;
        key_file::create(path.as_ref(), &line)?;
        Ok(id)
    }

    /// The key that seals.
    pub fn active(&self) -> KeyId {
        self.first().0
    }

    /// Ids of all keys, the active one first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.keys.iter().map(|(id, _)| *id).collect()
    }

    pub(super) fn first(&self) -> &(KeyId, XChaCha20Poly1305) {
        // `of` is the only way to make a ring, and refuses an empty one.
        &self.keys[0]
    }

    pub(super) fn find(&self, id: KeyId) -> Option<&XChaCha20Poly1305> {
        self.keys.iter().find(|(other, _)| *other == id).map(|(_, cipher)| cipher)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("ids", &self.ids()).finish_non_exhaustive()
    }
}

pub(super) fn key_id(bytes: &[u8; 32]) -> KeyId {
    let hash =
        Sha256::new().chain_update(b"dialgraph store key id\0").chain_update(bytes).finalize();
    let mut id = [0; 8];
    id.copy_from_slice(&hash[..8]);
    KeyId(id)
}

pub(super) fn bad(detail: String) -> StoreError {
    StoreError::BadEncryptionKey { detail }
}

#[cfg(test)]
mod tests {
    use super::super::{KEY_FILE_VARIABLE, KEY_VARIABLE};
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn error(text: &str) -> String {
        Keyring::parse(text, "keys.txt").unwrap_err().to_string()
    }

    #[test]
    fn hex_and_base64_of_one_key_have_one_id() {
        let hex = Keyring::parse(HEX, "test").unwrap().active();
        for other in [BASE64, BASE64.trim_end_matches('='), &HEX.to_uppercase()] {
            assert_eq!(Keyring::parse(other, "test").unwrap().active(), hex);
        }
    }

    #[test]
    fn the_first_key_is_active_and_comments_are_skipped() {
        let text = format!("# made in spring\n{BASE64} # this one\n\n{}\n", HEX.replace('0', "f"));
        let ring = Keyring::parse(&text, "test").unwrap();
        assert_eq!(ring.ids().len(), 2);
        assert_eq!(ring.active(), Keyring::parse(HEX, "test").unwrap().active());
    }

    #[test]
    fn malformed_rings_are_refused_without_showing_the_key() {
        let messages =
            [&HEX[1..], "", "# none", "c2hvcnQ=", &format!("{HEX} {BASE64}")].map(error).join("\n");
        insta::assert_snapshot!(messages, @r"
        key 1 in keys.txt is malformed (63 characters); a key is 32 bytes, written as 64 hexadecimal digits or as base64
        keys.txt holds no encryption key; write one of 32 bytes there, as 64 hexadecimal digits or as base64
        keys.txt holds no encryption key; write one of 32 bytes there, as 64 hexadecimal digits or as base64
        key 1 in keys.txt is malformed (8 characters); a key is 32 bytes, written as 64 hexadecimal digits or as base64
        key 7495e51178442dd0 is listed twice in keys.txt; remove one
        ");
    }

    #[test]
    fn debug_output_shows_ids_only() {
        let shown = format!("{:?}", Keyring::parse(HEX, "test").unwrap());
        assert!(!shown.contains(&HEX[..8]) && !shown.contains(&BASE64[..8]), "{shown}");
        insta::assert_snapshot!(shown, @"Keyring { ids: [KeyId(7495e51178442dd0)], .. }");
    }

    #[test]
    fn the_environment_gives_the_key_or_the_file_but_not_both() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.key");
        let id = Keyring::generate_file(&path).unwrap();
        let file = path.to_str().unwrap().to_owned();
        let ring = |key: Option<&str>, file: Option<&str>| {
            let (key, file) = (key.map(str::to_owned), file.map(str::to_owned));
            let text = KeyText::from_variables(move |name| match name {
                KEY_VARIABLE => key.clone(),
                KEY_FILE_VARIABLE => file.clone(),
                other => panic!("asked for {other}"),
            })?;
            text.map(|text| text.ring()).transpose()
        };
        assert!(ring(None, None).unwrap().is_none());
        assert_eq!(ring(None, Some(&file)).unwrap().unwrap().active(), id);
        assert_ne!(ring(Some(HEX), None).unwrap().unwrap().active(), id);
        insta::assert_snapshot!(
            ring(Some(HEX), Some(&file)).unwrap_err(),
            @"both DIALGRAPH_STORE_KEY and DIALGRAPH_STORE_KEY_FILE are set; unset one of them"
        );
        assert!(matches!(ring(None, Some("/nowhere/at/all")), Err(StoreError::Io { .. })));
    }

    #[test]
    fn a_generated_key_file_is_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.key");
        let id = Keyring::generate_file(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let again = Keyring::generate_file(&path).unwrap_err();
        assert!(matches!(again, StoreError::Io { kind: std::io::ErrorKind::AlreadyExists, .. }));
        assert_eq!(Keyring::from_file(&path).unwrap().active(), id);
        assert_ne!(Keyring::generate_file(folder.path().join("other.key")).unwrap(), id);
    }
}
