//! Webhooks as the Standard Webhooks specification has them.
//!
//! | header | value |
//! |---|---|
//! | `webhook-id` | the message; the same however often it is sent |
//! | `webhook-timestamp` | when this attempt was signed, Unix seconds |
//! | `webhook-signature` | `v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY` |
//!
//! There may be several signatures, parted by spaces, while one secret replaces another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::{Refusal, Secret, SecretError, fresh, signature};

/// Header that names the message.
pub const ID_HEADER: &str = "webhook-id";
/// Header with the time of signing, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// Longest id of a message, in bytes.
const MAX_ID: usize = 256;
/// Signatures that are looked at.
const MAX_SIGNATURES: usize = 16;

/// A secret written `whsec_BASE64`, of 24 to 64 bytes.
///
/// # Errors
/// If it is not written so.
pub fn secret(text: &str) -> Result<Secret, SecretError> {
    let coded = text.trim().strip_prefix("whsec_").ok_or(SecretError::Form)?;
    let bytes = STANDARD.decode(coded).map(Zeroizing::new).map_err(|_| SecretError::Form)?;
    match bytes.len() {
        24..=64 => Ok(Secret(bytes)),
        other => Err(SecretError::Length(other)),
    }
}

/// The headers of a message that is sent at `now`, in Unix seconds: signed with each of `secrets`.
///
/// ```
/// use dialgraph_webhook::standard::{secret, sign, verify};
///
/// let key = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let headers = sign(&[key.clone()], "msg_1", 1_790_000_000, b"{}");
/// let header = |name: &str| {
///     headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
/// };
/// assert_eq!(verify(&[key], header, b"{}", 1_790_000_007), Ok("msg_1"));
/// # Ok::<(), dialgraph_webhook::SecretError>(())
/// ```
pub fn sign(secrets: &[Secret], id: &str, now: u64, body: &[u8]) -> [(&'static str, String); 3] {
    let time = now.to_string();
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| format!("v1,{}", secret.signs(&signed(id, &time, body))))
        .collect();
    [(ID_HEADER, id.to_owned()), (TIMESTAMP_HEADER, time), (SIGNATURE_HEADER, signatures.join(" "))]
}

/// The id of a message that was signed with one of `secrets`, and not long before or after `now`.
///
/// # Errors
/// Why it is none.
pub fn verify<'h>(
    secrets: &[Secret],
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now: u64,
) -> Result<&'h str, Refusal> {
    let id = header(ID_HEADER).ok_or(Refusal::Missing(ID_HEADER))?;
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::Malformed(ID_HEADER));
    }
    let time = header(TIMESTAMP_HEADER).ok_or(Refusal::Missing(TIMESTAMP_HEADER))?;
    let is_number = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
    let then = is_number.then(|| time.parse().ok()).flatten();
    let then: u64 = then.ok_or(Refusal::Malformed(TIMESTAMP_HEADER))?;
    let given = header(SIGNATURE_HEADER).ok_or(Refusal::Missing(SIGNATURE_HEADER))?;
    // Signatures of other versions are for others.
    let ours: Vec<Vec<u8>> = given
        .split(' ')
        .take(MAX_SIGNATURES)
        .filter_map(|one| signature(one.strip_prefix("v1,")?))
        .collect();
    if ours.is_empty() {
        return Err(Refusal::Malformed(SIGNATURE_HEADER));
    }
    fresh(then, now)?;
    let parts = signed(id, time, body);
    let is_genuine =
        secrets.iter().any(|secret| ours.iter().any(|one| secret.has_signed(&parts, one)));
    if is_genuine { Ok(id) } else { Err(Refusal::Wrong) }
}

fn signed<'a>(id: &'a str, time: &'a str, body: &'a [u8]) -> [&'a [u8]; 5] {
    [id.as_bytes(), b".", time.as_bytes(), b".", body]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const NOW: u64 = 1_614_265_330;
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    /// Of the specification's own libraries.
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn key() -> Secret {
        secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
    }

    fn heard(headers: [Option<&str>; 3], body: &[u8], now: u64) -> Result<String, Refusal> {
        let header = |name: &str| match name {
            ID_HEADER => headers[0],
            TIMESTAMP_HEADER => headers[1],
            SIGNATURE_HEADER => headers[2],
            _ => None,
        };
        verify(&[key()], header, body, now).map(str::to_owned)
    }

    #[test]
    fn the_specifications_own_example_is_signed_and_heard() {
        let [(_, id), (_, time), (_, signature)] = sign(&[key()], ID, NOW, BODY);
        assert_eq!((id.as_str(), time.as_str(), signature.as_str()), (ID, "1614265330", SIGNATURE));
        let two = format!("v1a,AAAA v1,bm90IG91cnM= {SIGNATURE}");
        for signature in [SIGNATURE, &two] {
            assert_eq!(
                heard([Some(ID), Some("1614265330"), Some(signature)], BODY, NOW).unwrap(),
                ID
            );
        }
    }

    #[test]
    fn what_is_not_genuine_or_not_fresh_is_refused() {
        let time = Some("1614265330");
        let (id, signature) = (Some(ID), Some(SIGNATURE));
        for (headers, body, now, refusal) in [
            ([None, time, signature], BODY, NOW, Refusal::Missing(ID_HEADER)),
            ([id, None, signature], BODY, NOW, Refusal::Missing(TIMESTAMP_HEADER)),
            ([id, time, None], BODY, NOW, Refusal::Missing(SIGNATURE_HEADER)),
            ([Some("a b"), time, signature], BODY, NOW, Refusal::Malformed(ID_HEADER)),
            ([id, Some("+1614265330"), signature], BODY, NOW, Refusal::Malformed(TIMESTAMP_HEADER)),
            ([id, time, Some("v2,AAAA")], BODY, NOW, Refusal::Malformed(SIGNATURE_HEADER)),
            ([id, time, signature], b"{}", NOW, Refusal::Wrong),
            ([Some("msg_2"), time, signature], BODY, NOW, Refusal::Wrong),
            ([id, Some("1614265331"), signature], BODY, NOW, Refusal::Wrong),
            ([id, time, signature], BODY, NOW + 301, Refusal::TooOld(301)),
            ([id, time, signature], BODY, NOW - 301, Refusal::TooNew(301)),
        ] {
            assert_eq!(heard(headers, body, now), Err(refusal));
        }
        for now in [NOW - 300, NOW + 300] {
            assert!(heard([id, time, signature], BODY, now).is_ok());
        }
    }

    #[test]
    fn a_secret_is_one_or_says_what_is_wrong_without_showing_it() {
        let coded = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        assert!(secret(&format!(" {} ", coded(24))).is_ok());
        assert!(secret(&coded(64)).is_ok());
        for (text, error) in [
            (coded(23), SecretError::Length(23)),
            (coded(65), SecretError::Length(65)),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(), SecretError::Form),
            ("whsec_?".to_owned(), SecretError::Form),
        ] {
            assert_eq!(secret(&text).unwrap_err(), error);
        }
        assert_eq!(format!("{:?}", key()), "Secret(hidden)");
    }
}
