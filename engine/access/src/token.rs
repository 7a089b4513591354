//! Hashes of bearer tokens, and who holds those of the configuration.

use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::who::Who;

/// Longest text that is looked at as a token.
pub const MAX_TOKEN_BYTES: usize = 256;

/// SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

impl TokenHash {
    /// The hash of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// From the 64 hexadecimal digits that `sha256sum` prints.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_hex(text: &str) -> Result<Self, String> {
        let mut bytes = [0; 32];
        match hex::decode_to_slice(text.trim(), &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => {
                Err("a token's hash is 64 hexadecimal digits (sha256 of the token)".to_owned())
            }
        }
    }

    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Whether it is the same hash; how long that takes tells nothing of where they differ.
    pub fn is(self, other: Self) -> bool {
        bool::from(self.0.ct_eq(&other.0))
    }
}

/// A token from the configuration.
#[derive(Debug, Clone)]
pub struct ConfiguredToken {
    pub who: Who,
    pub hash: TokenHash,
}

/// The tokens of the configuration, which may change while engines run; clones are one.
#[derive(Debug, Clone, Default)]
pub struct ConfiguredTokens(Arc<RwLock<Arc<[ConfiguredToken]>>>);

impl From<Vec<ConfiguredToken>> for ConfiguredTokens {
    fn from(tokens: Vec<ConfiguredToken>) -> Self {
        let all = Self::default();
        all.replace(tokens);
        all
    }
}

impl ConfiguredTokens {
    /// From now on it is these and no others.
    pub fn replace(&self, tokens: Vec<ConfiguredToken>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = tokens.into();
    }

    /// Who holds `token`.
    pub fn who(&self, token: &str) -> Option<Who> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let hash = TokenHash::of(token);
        let all = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        // All of them, so that the time tells nothing of which one it was.
        let found = all.iter().fold(None, |found, configured| {
            if configured.hash.is(hash) { Some(&configured.who) } else { found }
        });
        found.cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_hexadecimal_digits_and_shows_nothing_of_itself() {
        let hash = TokenHash::of("token");
        let hex = hash.to_hex();
        for text in [hex.clone(), hex.to_uppercase(), format!(" {hex}\n")] {
            assert!(TokenHash::from_hex(&text).unwrap().is(hash), "{text:?}");
        }
        for text in ["", "abc", &hex[1..], &format!("{hex}0"), &hex.replace(&hex[..1], "g")] {
            assert!(TokenHash::from_hex(text).is_err(), "{text:?}");
        }
        assert_eq!(format!("{hash:?}"), "TokenHash(…)");
    }
}
