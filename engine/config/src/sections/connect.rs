//! Amazon Connect: which requests are taken for its own.

use std::path::PathBuf;
use std::time::Duration;

use dialgraph_connect::signature::{KeyError, SigningKey};

use super::Guard;
use crate::Config;
use crate::credentials::lines;

section! {
    /// Amazon Connect.
    pub struct ConnectSection, see "connect-protocol.md" {
        /// Whether `/v1/connect/turn` takes signed requests only: "required", "off", or "auto":
        /// required if there are keys or other machines can reach the server.
        signature: Guard = Guard::Auto;

        /// Keys that requests may be signed with, `ID:HEX` with 32 bytes or more each; two while
        /// one replaces another.
        keys: Vec<String> = Vec::new(), secret;

        /// File with such keys, one a line; `#` begins a comment. A change of it holds within
        /// seconds, without a restart.
        keys_file: Option<PathBuf> = None;

        /// How far a signed request's time may be off.
        window: Duration = Duration::from_secs(300), more_than_zero;

        /// Signed requests remembered, so that none is taken twice; more than come within the
        /// window.
        nonces: u32 = 1_000_000, at_least(1);
    }
}

impl ConnectSection {
    /// The keys, and those of the file.
    ///
    /// # Errors
    /// Which key is wrong and how, without showing it.
    pub fn read_keys(&self) -> Result<Vec<SigningKey>, String> {
        let mut texts = self.keys.clone();
        if let Some(file) = &self.keys_file {
            texts.extend(lines(file)?);
        }
        let parsed: Result<Vec<SigningKey>, KeyError> =
            texts.iter().map(|text| SigningKey::parse(text)).collect();
        parsed.map_err(|error| error.to_string())
    }

    /// Whether there are keys, or a file for them.
    pub fn has_keys(&self) -> bool {
        !self.keys.is_empty() || self.keys_file.is_some()
    }
}

impl Config {
    /// Whether the turn endpoint takes signed requests only.
    pub fn must_sign(&self) -> bool {
        match self.connect.signature {
            Guard::Auto => self.connect.has_keys() || self.is_exposed(),
            Guard::Required => true,
            Guard::Off => false,
        }
    }
}
