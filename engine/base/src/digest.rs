//! Names content by its SHA-256: versions of flows, plugins and releases, and whatever the store
//! keeps by its content.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of some bytes, written `sha256:` and 64 lower-case hexadecimal digits, and in no
/// other way: what has one name has one spelling.
///
/// ```
/// use dialgraph_base::Digest;
///
/// let digest = Digest::of(b"flow: hello\n");
/// let text = digest.to_string();
/// assert!(text.starts_with("sha256:"));
/// assert_eq!(text.parse::<Digest>()?, digest);
/// # Ok::<(), dialgraph_base::ParseDigestError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A text that should have been a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest; write `sha256:` and 64 lower-case hexadecimal digits")]
pub struct ParseDigestError(String);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits without the `sha256:` in front, fit for a file name.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The first twelve hexadecimal digits: enough for people to tell versions apart, not for
    /// machines.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let mut bytes = [0; 32];
        text.strip_prefix("sha256:")
            .filter(|digits| !digits.bytes().any(|b| b.is_ascii_uppercase()))
            .and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok())
            // A long text is named by its beginning.
            .ok_or_else(|| ParseDigestError(text.chars().take(80).collect()))?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_published_one() {
        insta::assert_snapshot!(
            Digest::of(b""),
            @"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(Digest::of(b"").short(), "e3b0c44298fc");
    }

    #[test]
    fn text_that_is_no_digest_is_refused() {
        let good = Digest::of(b"x").to_string();
        assert_eq!(good.parse(), Ok(Digest::of(b"x")));
        for bad in [
            "",
            "sha256:",
            &good[7..],
            &good[..good.len() - 1],
            &good.to_uppercase(),
            &good.replace("sha256:2d", "sha256:2D"),
            &good.replace("sha256:2", "sha256:+"),
            &good.replace("sha256:2d", "sha256:ZZ"),
            &good.replace("sha256:2d", "sha256:é"),
            &format!("{good}0"),
            &format!(" {good}"),
        ] {
            let error = bad.parse::<Digest>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{bad}`")), "{error}");
        }
    }
}
