//! Where the keys of a sealed store come from, and how those are opened that stand there wrapped.

use std::fmt;
use std::path::Path;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::keyring::{Keyring, bad};
use crate::error::StoreError;

/// Environment variable that holds the key or keys themselves.
pub const KEY_VARIABLE: &str = "DIALGRAPH_STORE_KEY";

/// Environment variable that names a file with the key or keys.
pub const KEY_FILE_VARIABLE: &str = "DIALGRAPH_STORE_KEY_FILE";

/// Opens keys that somebody else wrapped, such as a key service.
#[async_trait]
pub trait UnwrapKey: Send + Sync {
    /// What stands before the colon of the keys that it opens, such as `kms`.
    fn scheme(&self) -> &'static str;

    /// The 32 bytes of a key.
    ///
    /// # Errors
    /// Why it could not be opened and what to do, in words without the key.
    async fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, String>;
}

/// The keys of a store as text, before those that are wrapped are opened.
///
/// Keys stand one to a line (in a variable, blanks or commas may part them instead), the active one
/// first; `#` begins a comment. Each is
/// * 64 hexadecimal digits, or base64 of 32 bytes, or
/// * `SCHEME:BASE64`, a key that somebody else wrapped, such as `kms:AQIDAH…`, to be opened by an
///   [`UnwrapKey`].
///
/// The text is wiped from memory when it is dropped, and never shown.
pub struct KeyText {
    text: Zeroizing<String>,
    source: String,
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyText").field("source", &self.source).finish_non_exhaustive()
    }
}

/// One key as it is written.
enum Entry {
    Plain(Zeroizing<[u8; 32]>),
    Wrapped { scheme: String, ciphertext: Vec<u8> },
}

impl KeyText {
    /// Text that came from `source`, which error messages name.
    pub fn new(text: Zeroizing<String>, source: impl Into<String>) -> Self {
        Self { text, source: source.into() }
    }

    /// What [`KEY_VARIABLE`] holds, or the file that [`KEY_FILE_VARIABLE`] names; `None` if neither
    /// is set.
    ///
    /// # Errors
    /// [`StoreError::BadEncryptionKey`] if both are set, [`StoreError::Io`] if the file cannot be
    /// read.
    pub fn from_env() -> Result<Option<Self>, StoreError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// [`KeyText::from_env`], with the environment given by the caller.
    ///
    /// # Errors
    /// As [`KeyText::from_env`].
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, StoreError> {
        match (variable(KEY_VARIABLE).map(Zeroizing::new), variable(KEY_FILE_VARIABLE)) {
            (None, None) => Ok(None),
            (Some(text), None) => Ok(Some(Self::new(text, KEY_VARIABLE))),
            (None, Some(path)) => Self::from_file(path).map(Some),
            (Some(_), Some(_)) => Err(bad(format!(
                "both {KEY_VARIABLE} and {KEY_FILE_VARIABLE} are set; unset one of them"
            ))),
        }
    }

    /// What a file holds. Says so in the log if others than its owner can read the file.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the file cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let failed =
            |error: &std::io::Error| StoreError::io("cannot read the key file", path, error);
        let text = dialgraph_files::text(path, dialgraph_files::MAX_SETTINGS);
        let text = Zeroizing::new(text.map_err(|error| failed(&error.into()))?);
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
        Ok(Self::new(text, path.display().to_string()))
    }

    /// Whether there is a key that somebody has to open first.
    pub fn is_wrapped(&self) -> bool {
        self.words().any(|word| word.contains(':'))
    }

    /// The ring, if no key is wrapped.
    ///
    /// # Errors
    /// [`StoreError::BadEncryptionKey`] if there is no key, or one is malformed, wrapped or listed
    /// twice.
    pub fn ring(&self) -> Result<Keyring, StoreError> {
        let mut keys = Vec::new();
        for (index, entry) in self.entries()?.into_iter().enumerate() {
            match entry {
                Entry::Plain(bytes) => keys.push(bytes),
                Entry::Wrapped { scheme, .. } => return Err(self.nobody_opens(index, &scheme)),
            }
        }
        Keyring::of(&keys, &self.source)
    }

    /// The ring, with wrapped keys opened by `opener`, one after the other.
    ///
    /// # Errors
    /// As [`KeyText::ring`]; and [`StoreError::WrappedKey`] if a key could not be opened.
    pub async fn open(&self, opener: &dyn UnwrapKey) -> Result<Keyring, StoreError> {
        let mut keys = Vec::new();
        for (index, entry) in self.entries()?.into_iter().enumerate() {
            keys.push(match entry {
                Entry::Plain(bytes) => bytes,
                Entry::Wrapped { scheme, .. } if scheme != opener.scheme() => {
                    return Err(self.nobody_opens(index, &scheme));
                }
                Entry::Wrapped { scheme, ciphertext } => {
                    let failed = |detail: String| StoreError::WrappedKey {
                        place: format!("key {} in {}", index + 1, self.source),
                        scheme: scheme.clone(),
                        detail,
                    };
                    let bytes = opener.unwrap_key(&ciphertext).await.map_err(failed)?;
                    exact(&bytes).ok_or_else(|| {
                        failed(format!("the key inside has {} bytes, not 32", bytes.len()))
                    })?
                }
            });
        }
        Keyring::of(&keys, &self.source)
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default())
            .flat_map(|line| line.split(|c: char| c.is_whitespace() || c == ','))
            .filter(|word| !word.is_empty())
    }

    fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        let entry = |(index, word): (usize, &str)| {
            // The word itself is never shown: it may be a key with one digit missing.
            let malformed = |rule: &str| {
                bad(format!(
                    "key {} in {} is malformed ({} characters); {rule}",
                    index + 1,
                    self.source,
                    word.chars().count()
                ))
            };
            if let Some((scheme, coded)) = word.split_once(':') {
                let ciphertext = base64(coded).filter(|bytes| !bytes.is_empty());
                return Ok(Entry::Wrapped {
                    scheme: scheme.to_owned(),
                    ciphertext: ciphertext.ok_or_else(|| {
                        malformed("what follows the colon of a wrapped key is base64")
                    })?,
                });
            }
            decode(word).map(Entry::Plain).ok_or_else(|| {
                malformed("a key is 32 bytes, written as 64 hexadecimal digits or as base64")
            })
        };
        self.words().enumerate().map(entry).collect()
    }

    fn nobody_opens(&self, index: usize, scheme: &str) -> StoreError {
        // What stands before the colon may be a part of a key that was mistyped.
        let known = scheme.len() <= 8 && scheme.chars().all(|c| c.is_ascii_lowercase());
        let scheme = if known { scheme } else { "…" };
        bad(format!(
            "key {} in {} is wrapped (`{scheme}:`), and nothing here can open it; take a build that has the \
             service which wrapped it",
            index + 1,
            self.source
        ))
    }
}

fn base64(word: &str) -> Option<Vec<u8>> {
    let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    engines.iter().find_map(|engine| engine.decode(word).ok())
}

fn decode(word: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = if word.len() == 64 { hex::decode(word).ok() } else { base64(word) };
    exact(&Zeroizing::new(bytes?))
}

fn exact(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return None;
    }
    key.copy_from_slice(bytes);
    Some(key)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    const PLAIN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    /// Opens what was wrapped by adding one to each byte.
    struct PlusOne;

    #[async_trait]
    impl UnwrapKey for PlusOne {
        fn scheme(&self) -> &'static str {
            "plus"
        }

        async fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
            match wrapped {
                [0xff, ..] => Err("the key service says no; ask it why".to_owned()),
                bytes => Ok(Zeroizing::new(bytes.iter().map(|byte| byte - 1).collect())),
            }
        }
    }

    fn text(text: &str) -> KeyText {
        KeyText::new(Zeroizing::new(text.to_owned()), "keys.txt")
    }

    fn wrapped(bytes: &[u8]) -> String {
        format!("plus:{}", STANDARD.encode(bytes))
    }

    #[test]
    fn a_wrapped_key_is_the_key_that_is_inside() {
        let new = wrapped(&[0x5b; 32]);
        let both = text(&format!("# rotated\n{new} # new\n{PLAIN} # old\n"));
        assert!(both.is_wrapped() && !text(PLAIN).is_wrapped());
        let ring = block_on(both.open(&PlusOne)).unwrap();
        let plain = |key: &str| Keyring::parse(key, "test").unwrap().active();
        assert_eq!(ring.ids(), [plain(&"5a".repeat(32)), plain(PLAIN)]);
    }

    #[test]
    fn a_wrapped_key_that_cannot_be_opened_is_said_to_be_so_and_not_shown() {
        let open = |words: &str| block_on(text(words).open(&PlusOne)).unwrap_err().to_string();
        let told = [
            open(&format!("{PLAIN} {}", wrapped(&[0xff; 32]))),
            open(&wrapped(&[1; 31])),
            open("plus:"),
            open("plus:*"),
            open(&format!("kms:{PLAIN}")),
            open(&format!("AAECAwQFBgcICQoLDA0O:{PLAIN}")),
            open(&format!("{} {}", wrapped(&[7; 32]), wrapped(&[7; 32]))),
            text(&wrapped(&[1; 32])).ring().unwrap_err().to_string(),
        ];
        insta::assert_snapshot!(told.join("\n"));
        assert!(!format!("{:?}", text(PLAIN)).contains(PLAIN));
    }
}
