//! Senders with forms of their own: the HMAC-SHA256 of the body in a header, or a header that holds
//! the secret itself.
//!
//! Neither holds a time or the name of a message, so a message that somebody recorded is genuine
//! for ever. Take them only where a message can have its effect once, such as at an address that
//! takes one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::{Refusal, Secret, SecretError};

/// Fewest and most bytes of a secret.
const BYTES: std::ops::RangeInclusive<usize> = 16..=512;
/// Longest header that is looked at.
const MAX_HEADER: usize = 1_024;

/// How the bytes of an HMAC are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Hex,
    Base64,
}

/// A secret of 16 to 512 visible characters.
///
/// # Errors
/// If it is none.
pub fn secret(text: &str) -> Result<Secret, SecretError> {
    let text = text.trim();
    if !BYTES.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SecretError::Plain);
    }
    Ok(Secret(Zeroizing::new(text.as_bytes().to_vec())))
}

/// Whether `header` holds `prefix` and the HMAC of `body` under one of `secrets`.
///
/// # Errors
/// Why it does not.
pub fn verify_hmac(
    secrets: &[Secret],
    header: Option<&str>,
    prefix: &str,
    encoding: Encoding,
    body: &[u8],
) -> Result<(), Refusal> {
    let given = header.ok_or(Refusal::Missing("of the signature"))?;
    let malformed = || Refusal::Malformed("of the signature");
    let coded = given.strip_prefix(prefix).filter(|_| given.len() <= MAX_HEADER);
    let coded = coded.ok_or_else(malformed)?;
    let signature = match encoding {
        Encoding::Hex => hex(coded),
        Encoding::Base64 => STANDARD.decode(coded).ok(),
    };
    let signature = signature.ok_or_else(malformed)?;
    let signed = |secret: &Secret| secret.has_signed(&[body], &signature);
    // All are tried, so that the time tells nothing of which it was.
    if secrets.iter().filter(|secret| signed(secret)).count() > 0 {
        Ok(())
    } else {
        Err(Refusal::Wrong)
    }
}

/// Whether `header` holds one of `secrets`. Compares in constant time.
///
/// # Errors
/// Why it does not.
pub fn verify_shared(secrets: &[Secret], header: Option<&str>) -> Result<(), Refusal> {
    let given = header.ok_or(Refusal::Missing("of the secret"))?;
    if given.len() > MAX_HEADER {
        return Err(Refusal::Malformed("of the secret"));
    }
    let is_one = |secret: &Secret| {
        // MACs of the two under the secret are equal if they are, and have the same length.
        let expected = secret.mac(&[&secret.0]);
        let expected = hmac::Mac::finalize(expected).into_bytes();
        secret.has_signed(&[given.as_bytes()], &expected)
    };
    if secrets.iter().filter(|secret| is_one(secret)).count() > 0 {
        Ok(())
    } else {
        Err(Refusal::Wrong)
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Secret {
        secret(text).unwrap()
    }

    fn written(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_body_is_signed_by_one_of_the_secrets_in_either_encoding() {
        let keys = [key("an-older-secret-1"), key("a-newer-secret-22")];
        let mac = hmac::Mac::finalize(keys[1].mac(&[b"body"])).into_bytes();
        let hex = format!("sha256={}", written(&mac));
        let base64 = STANDARD.encode(mac);
        let by_hex = |header: Option<&str>, body: &[u8]| {
            verify_hmac(&keys, header, "sha256=", Encoding::Hex, body)
        };
        assert_eq!(by_hex(Some(&hex), b"body"), Ok(()));
        assert_eq!(by_hex(Some(&hex.to_uppercase()), b"body"), Err(malformed()));
        assert_eq!(by_hex(Some(&hex), b"body "), Err(Refusal::Wrong));
        assert_eq!(by_hex(Some(&hex[7..]), b"body"), Err(malformed()));
        assert_eq!(by_hex(Some("sha256="), b"body"), Err(Refusal::Wrong));
        assert_eq!(by_hex(Some("sha256=0"), b"body"), Err(malformed()));
        assert_eq!(by_hex(None, b"body"), Err(Refusal::Missing("of the signature")));
        let other = [key("somebody-elses-key")];
        let by = |keys: &[Secret]| verify_hmac(keys, Some(&base64), "", Encoding::Base64, b"body");
        assert_eq!((by(&keys), by(&other)), (Ok(()), Err(Refusal::Wrong)));
        assert_eq!(
            verify_hmac(&[], Some(&base64), "", Encoding::Base64, b"body"),
            Err(Refusal::Wrong)
        );
    }

    fn malformed() -> Refusal {
        Refusal::Malformed("of the signature")
    }

    #[test]
    fn rfc_4231_has_the_same_hmac() {
        // Test case 3 has a key of 20 bytes 0xaa, which is no text; so its key is taken as it is.
        let key = Secret(Zeroizing::new(vec![0xaa; 20]));
        let mac = "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe";
        let data = [0xdd; 50];
        assert_eq!(verify_hmac(&[key], Some(mac), "", Encoding::Hex, &data), Ok(()));
    }

    #[test]
    fn a_shared_secret_is_the_whole_header() {
        let keys = [key("an-older-secret-1"), key("a-newer-secret-22")];
        assert_eq!(verify_shared(&keys, Some("a-newer-secret-22")), Ok(()));
        assert_eq!(verify_shared(&keys, Some("an-older-secret-1")), Ok(()));
        for wrong in ["", "a-newer-secret-2", "a-newer-secret-222", "A-newer-secret-22"] {
            assert_eq!(verify_shared(&keys, Some(wrong)), Err(Refusal::Wrong), "{wrong}");
        }
        assert_eq!(verify_shared(&keys, None), Err(Refusal::Missing("of the secret")));
    }

    #[test]
    fn a_secret_is_long_enough_and_can_be_sent() {
        for bad in ["", "too-short", &"x".repeat(513), "with a blank in it"] {
            assert_eq!(secret(bad).unwrap_err(), SecretError::Plain, "{bad}");
        }
    }
}
