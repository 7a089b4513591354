//! The keys a sealed store is written and read with, and where they come from.

use std::fmt;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::digest::{from_hex, to_hex};
use crate::error::StoreError;

/// Environment variable that holds the key or keys themselves.
pub const KEY_VARIABLE: &str = "DIALGRAPH_STORE_KEY";

/// Environment variable that names a file with the key or keys.
pub const KEY_FILE_VARIABLE: &str = "DIALGRAPH_STORE_KEY_FILE";

/// What a key is called in headers and messages: a hash of it, which gives nothing of it away.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(super) [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// One or more 256-bit keys: the first seals, all of them open.
///
/// As text, keys stand one to a line (in a variable, blanks or commas may part them instead), each as 64
/// hexadecimal digits or as base64 of 32 bytes; `#` begins a comment. **To rotate**, put a new key in front
/// and restart: what is written from then on uses it, what lies there stays readable as long as the old key
/// is listed. [`crate::Sealed::reseal`] rewrites a partition with the new key.
///
/// Key bytes are wiped from memory when the ring is dropped, and never printed.
pub struct Keyring {
    keys: Vec<(KeyId, XChaCha20Poly1305)>,
}

impl Keyring {
    /// Reads the ring from [`KEY_VARIABLE`] or [`KEY_FILE_VARIABLE`]; `None` if neither is set, and the
    /// store is to be kept in the clear.
    ///
    /// # Errors
    /// [`StoreError::BadEncryptionKey`] if both are set or a key is malformed, [`StoreError::Io`] if the
    /// file cannot be read.
    pub fn from_env() -> Result<Option<Self>, StoreError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// [`Keyring::from_env`], with the environment given by the caller.
    ///
    /// # Errors
    /// As [`Keyring::from_env`].
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, StoreError> {
        match (variable(KEY_VARIABLE).map(Zeroizing::new), variable(KEY_FILE_VARIABLE)) {
            (None, None) => Ok(None),
            (Some(text), None) => Self::parse(&text, KEY_VARIABLE).map(Some),
            (None, Some(path)) => Self::from_file(path).map(Some),
            (Some(_), Some(_)) => Err(bad(format!(
                "both {KEY_VARIABLE} and {KEY_FILE_VARIABLE} are set; unset one of them"
            ))),
        }
    }

    /// Reads the ring from a file. Says so in the log if others than its owner can read the file.
    ///
    /// # Errors
    /// As [`Keyring::from_env`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let failed =
            |error: &std::io::Error| StoreError::io("cannot read the key file", path, error);
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|error| failed(&error))?);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode =
                std::fs::metadata(path).map_err(|error| failed(&error))?.permissions().mode();
            // Only a warning: a secret mounted into a container is often readable by all inside it.
            if mode & 0o004 != 0 {
                tracing::warn!(path = %path.display(), "every user can read the key file; chmod 600 it");
            }
        }
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads the ring from text that came from `source`, which error messages name.
    ///
    /// # Errors
    /// [`StoreError::BadEncryptionKey`] if there is no key, or one is malformed or listed twice.
    pub fn parse(text: &str, source: &str) -> Result<Self, StoreError> {
        let mut keys: Vec<(KeyId, XChaCha20Poly1305)> = Vec::new();
        let words = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default())
            .flat_map(|line| line.split(|c: char| c.is_whitespace() || c == ','))
            .filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            let place = index + 1;
            // The word itself is never shown: it may be a key with one digit missing.
            let bytes = decode(word).ok_or_else(|| {
                bad(format!(
                    "key {place} in {source} is malformed ({} characters); a key is 32 bytes, written as \
                     64 hexadecimal digits or as base64",
                    word.chars().count()
                ))
            })?;
            let id = key_id(&bytes);
            if keys.iter().any(|(other, _)| *other == id) {
                return Err(bad(format!("key {id} is listed twice in {source}; remove one")));
            }
            keys.push((id, XChaCha20Poly1305::new((&*bytes).into())));
        }
        if keys.is_empty() {
            return Err(bad(format!(
                "{source} holds no encryption key; write one of 32 bytes there, as 64 hexadecimal digits or \
                 as base64"
            )));
        }
        Ok(Self { keys })
    }

    /// Makes a file with a new random key, readable and writable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the file exists (a key is never overwritten) or cannot be written.
    pub fn generate_file(path: impl AsRef<Path>) -> Result<KeyId, StoreError> {
        let path = path.as_ref();
        let failed =
            |error: &std::io::Error| StoreError::io("cannot write the key file", path, error);
        let mut bytes = Zeroizing::new([0; 32]);
        super::fill_random(&mut bytes[..])?;
        let id = key_id(&bytes);
        let text = Zeroizing::new(format!(
            "# Dialgraph store key {id}. Keep it secret and keep a copy: without it the store is lost.\n{}\n",
            &*Zeroizing::new(STANDARD.encode(&bytes[..]))
        ));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(path).map_err(|error| failed(&error))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| failed(&error))?;
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
        // `parse` is the only way to make a ring, and refuses an empty one.
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

fn key_id(bytes: &[u8; 32]) -> KeyId {
    let hash =
        Sha256::new().chain_update(b"dialgraph store key id\0").chain_update(bytes).finalize();
    let mut id = [0; 8];
    id.copy_from_slice(&hash[..8]);
    KeyId(id)
}

fn decode(word: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(if word.len() == 64 {
        from_hex(word)?
    } else {
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
            .iter()
            .find_map(|engine| engine.decode(word).ok())?
    });
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return None;
    }
    key.copy_from_slice(&bytes);
    Some(key)
}

fn bad(detail: String) -> StoreError {
    StoreError::BadEncryptionKey { detail }
}

#[cfg(test)]
mod tests {
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
            Keyring::from_variables(move |name| match name {
                KEY_VARIABLE => key.clone(),
                KEY_FILE_VARIABLE => file.clone(),
                other => panic!("asked for {other}"),
            })
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
