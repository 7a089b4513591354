//! Secrets from files and from the environment.
//!
//! A secret `zendesk-token` is the file `zendesk-token` in the secrets folder (as systemd
//! credentials and Kubernetes mount them), or else the environment variable
//! `DIALGRAPH_SECRET_ZENDESK_TOKEN`. Nothing is cached: a rotated secret is used from the next
//! request on. Its text goes to the outbound HTTP client of this crate and to sources of records
//! that connect with it, and nowhere else: it is wiped from memory after use and never shown,
//! logged or journalled.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::provider::{Caller, Secrets};
use zeroize::Zeroizing;

/// What the names of environment variables with secrets begin with.
pub const VARIABLE_PREFIX: &str = "DIALGRAPH_SECRET_";

/// Largest secret, in bytes.
pub const MAX_SECRET_BYTES: usize = 8 << 10;

/// The text of a secret: hidden when shown, wiped when dropped.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a text into custody.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one request or connection that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Hands secrets to the HTTP client. Apart from [`Secrets`], so that only who is given this can
/// read one.
#[async_trait]
pub trait RevealSecret: Send + Sync {
    /// The text of the secret.
    ///
    /// # Errors
    /// `invalid` with code `unknown-secret` if there is none, `unavailable` if it cannot be read.
    async fn reveal(&self, name: &str) -> Result<SecretText, HostError>;
}

/// Where secrets come from: whether one is there is told to plugins, its text to the HTTP client
/// alone.
pub trait SecretSource: Secrets + RevealSecret {}

impl<T: Secrets + RevealSecret> SecretSource for T {}

/// Secrets of this machine.
#[derive(Default)]
pub struct LocalSecrets {
    folder: Option<PathBuf>,
    variables: BTreeMap<String, SecretText>,
}

impl fmt::Debug for LocalSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of variables are names of secrets, which grants show as well.
        f.debug_struct("LocalSecrets")
            .field("folder", &self.folder)
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl LocalSecrets {
    /// Secrets from `folder`, if any, and from these environment variables; others than
    /// `DIALGRAPH_SECRET_…` are left alone.
    pub fn new(
        folder: Option<PathBuf>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let variables = variables
            .into_iter()
            .filter(|(name, text)| name.starts_with(VARIABLE_PREFIX) && !text.is_empty())
            .map(|(name, text)| (name, SecretText::new(text)))
            .collect();
        Self { folder, variables }
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_deref().map(|folder: &Path| folder.join(name)).filter(|path| path.is_file())
    }
}

/// That a secret may be called so: letters, digits, `-`, `_` and `.`, beginning with a letter;
/// never a path.
///
/// # Errors
/// `invalid` with code `bad-secret-name`.
pub fn check_name(name: &str) -> Result<(), HostError> {
    let fits = name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if fits {
        return Ok(());
    }
    Err(HostError::invalid(
        "bad-secret-name",
        "a secret's name has up to 100 letters from a to z, digits, `-`, `_` and `.`, and begins with a letter",
    ))
}

fn variable(name: &str) -> String {
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    format!("{VARIABLE_PREFIX}{name}")
}

fn unknown(name: &str) -> HostError {
    HostError::invalid(
        "unknown-secret",
        format!(
            "there is no secret `{name}`; put it into the file `{name}` of the secrets folder or into the \
             environment variable {}",
            variable(name)
        ),
    )
}

#[async_trait]
impl Secrets for LocalSecrets {
    async fn open(&self, _caller: &Caller, name: &str) -> Result<(), HostError> {
        check_name(name)?;
        let there = self.file(name).is_some() || self.variables.contains_key(&variable(name));
        if there { Ok(()) } else { Err(unknown(name)) }
    }
}

#[async_trait]
impl RevealSecret for LocalSecrets {
    async fn reveal(&self, name: &str) -> Result<SecretText, HostError> {
        check_name(name)?;
        let Some(path) = self.file(name) else {
            let secret = self.variables.get(&variable(name)).ok_or_else(|| unknown(name))?;
            return Ok(SecretText::new(secret.expose().to_owned()));
        };
        // A short read of a small local file: no other task is kept waiting for it.
        let text = dialgraph_files::text(&path, dialgraph_files::MAX_SETTINGS);
        let text = text.map(Zeroizing::new).map_err(|error| {
            let message = format!("cannot read the file of secret `{name}`: {error}");
            HostError::unavailable("secret-unreadable", message)
        })?;
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() || secret.len() > MAX_SECRET_BYTES {
            let message = format!(
                "the file of secret `{name}` is empty or larger than {MAX_SECRET_BYTES} bytes"
            );
            return Err(HostError::unavailable("secret-unreadable", message));
        }
        Ok(SecretText::new(secret.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use dialgraph_base::Timestamp;

    use super::*;

    fn caller() -> Caller {
        Caller {
            call_id: "c".into(),
            release: dialgraph_base::Digest::of(b"no release"),
            locale: "en-US".into(),
            plugin: "p".into(),
            now: Timestamp(0),
            idempotency_key: "k".into(),
        }
    }

    #[tokio::test]
    async fn a_file_comes_before_a_variable_and_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let variables = [
            ("DIALGRAPH_SECRET_DESK_TOKEN".to_owned(), "from-variable".to_owned()),
            ("HOME".to_owned(), "/root".to_owned()),
        ];
        let secrets = LocalSecrets::new(Some(folder.path().to_owned()), variables);
        assert_eq!(secrets.reveal("desk-token").await.unwrap().expose(), "from-variable");
        for text in ["first\n", "rotated\r\n"] {
            std::fs::write(folder.path().join("desk-token"), text).unwrap();
            assert_eq!(secrets.reveal("desk-token").await.unwrap().expose(), text.trim_end());
        }
        secrets.open(&caller(), "desk-token").await.unwrap();
    }

    #[tokio::test]
    async fn an_unknown_or_sly_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("outside"), "x").unwrap();
        std::fs::create_dir(folder.path().join("inside")).unwrap();
        let secrets = LocalSecrets::new(Some(folder.path().join("inside")), []);
        insta::assert_snapshot!(secrets.open(&caller(), "desk-token").await.unwrap_err(), @"unknown-secret: there is no secret `desk-token`; put it into the file `desk-token` of the secrets folder or into the environment variable DIALGRAPH_SECRET_DESK_TOKEN");
        insta::assert_snapshot!(secrets.reveal("../outside").await.unwrap_err(), @"bad-secret-name: a secret's name has up to 100 letters from a to z, digits, `-`, `_` and `.`, and begins with a letter");
    }

    #[test]
    fn nothing_shows_the_text() {
        let variable = ("DIALGRAPH_SECRET_A".to_owned(), "hidden".to_owned());
        let secrets = LocalSecrets::new(None, [variable]);
        let shown = format!("{secrets:?} {:?}", SecretText::new("hidden".into()));
        assert!(shown.contains("DIALGRAPH_SECRET_A") && !shown.contains("hidden"), "{shown}");
    }
}
