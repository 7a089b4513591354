//! Signatures of plugins, in the format of minisign (<https://jedisct1.github.io/minisign/>).
//!
//! A designer signs with the stock tool, `minisign -Sm ticketing.wasm`, and pushes the `.minisig`
//! beside the component. It is looked at before a byte of the component is parsed.

use std::collections::BTreeMap;

use minisign_verify::{PublicKey, Signature};

use crate::error::Reason;

/// The keys whose signatures are trusted, by the name of their owner.
#[derive(Clone, Default)]
pub struct TrustedKeys(BTreeMap<String, PublicKey>);

impl std::fmt::Debug for TrustedKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A text that should have been a public key.
#[derive(Debug, thiserror::Error)]
#[error(
    "trusted key `{name}` is no minisign public key ({why}): give the last line of the `.pub` file, which begins with RW"
)]
pub struct KeyError {
    pub name: String,
    pub why: String,
}

impl TrustedKeys {
    /// Keys by owner: each the second line of a `minisign.pub`, or the whole file.
    ///
    /// # Errors
    /// [`KeyError`] with the owner's name.
    pub fn new<N: Into<String>, K: AsRef<str>>(
        keys: impl IntoIterator<Item = (N, K)>,
    ) -> Result<Self, KeyError> {
        let read = |(name, text): (N, K)| {
            let name = name.into();
            let text = text.as_ref().trim();
            let key = match text.lines().count() {
                1 => PublicKey::from_base64(text),
                _ => PublicKey::decode(text),
            };
            match key {
                Ok(key) => Ok((name, key)),
                Err(error) => Err(KeyError { name, why: error.to_string() }),
            }
        };
        keys.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose signature it is.
    pub(crate) fn signer(
        &self,
        plugin: &str,
        bytes: &[u8],
        signature: &str,
    ) -> Result<String, Reason> {
        let wrong = |why: String| Reason::Signature { plugin: plugin.to_owned(), why };
        let signature = Signature::decode(signature.trim())
            .map_err(|error| wrong(format!("it is no minisign signature ({error})")))?;
        let mut last = "this engine trusts no key".to_owned();
        for (name, key) in &self.0 {
            match key.verify(bytes, &signature, false) {
                Ok(()) => return Ok(name.clone()),
                Err(minisign_verify::Error::UnexpectedKeyId) => {
                    if self.0.len() == 1 || last.starts_with("no key") {
                        last = "no trusted key made it".to_owned();
                    }
                }
                Err(error) => last = format!("by the key of {name}: {error}"),
            }
        }
        Err(wrong(last))
    }
}

#[cfg(test)]
mod tests {
    use minisign::KeyPair;

    use super::*;

    fn sign(pair: &KeyPair, bytes: &[u8]) -> String {
        minisign::sign(None, &pair.sk, bytes, Some("made in a test"), None).unwrap().into_string()
    }

    #[test]
    fn a_signature_is_good_for_its_bytes_and_its_key_only() {
        let [ours, old, foreign] =
            [(); 3].map(|()| KeyPair::generate_unencrypted_keypair().unwrap());
        let keys = TrustedKeys::new([
            ("ours", ours.pk.to_base64()),
            ("old", old.pk.to_box().unwrap().into_string()),
        ])
        .unwrap();
        let good = sign(&ours, b"component");
        assert_eq!(keys.signer("p", b"component", &good).unwrap(), "ours");
        assert_eq!(keys.signer("p", b"component", &sign(&old, b"component")).unwrap(), "old");
        let why = |bytes: &[u8], signature: &str| {
            keys.signer("p", bytes, signature).unwrap_err().to_string()
        };
        let words = [
            why(b"Component", &good),
            why(b"component", &sign(&foreign, b"component")),
            why(b"component", "untrusted comment: x\nRUQ="),
            why(b"component", ""),
        ];
        insta::assert_snapshot!(words.join("\n"));
        let forged = good.replace("made in a test", "made by ours");
        assert!(keys.signer("p", b"component", &forged).is_err(), "the comment is signed, too");
    }

    #[test]
    fn a_key_that_cannot_be_read_is_named() {
        let error = TrustedKeys::new([("kim", "RWnonsense")]).unwrap_err().to_string();
        assert!(error.contains("`kim`"), "{error}");
    }
}
