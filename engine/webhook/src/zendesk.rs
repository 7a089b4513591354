//! Webhooks as Zendesk signs them: `base64(HMACSHA256(TIMESTAMP + BODY))` under the webhook's
//! signing secret, whose text is the key as it stands.

use zeroize::Zeroizing;

use crate::{Refusal, Secret, SecretError, fresh, signature};

/// Header with the time of signing, as RFC 3339 has it.
pub const TIMESTAMP_HEADER: &str = "x-zendesk-webhook-signature-timestamp";
/// Header with the signature.
pub const SIGNATURE_HEADER: &str = "x-zendesk-webhook-signature";

/// The signing secret of a webhook.
///
/// # Errors
/// If it can be none.
pub fn secret(text: &str) -> Result<Secret, SecretError> {
    let text = text.trim();
    match text.len() {
        16..=512 if text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(Secret(Zeroizing::new(text.as_bytes().to_vec())))
        }
        _ => Err(SecretError::Zendesk),
    }
}

/// The signature of `body` at `time`, as Zendesk makes it.
pub fn sign(secret: &Secret, time: &str, body: &[u8]) -> String {
    secret.signs(&[time.as_bytes(), body])
}

/// The signature of a message that was signed with one of `secrets`, and not long before or after
/// `now`, in Unix seconds. No other message has the same.
///
/// # Errors
/// Why it is none.
pub fn verify<'h>(
    secrets: &[Secret],
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now: u64,
) -> Result<&'h str, Refusal> {
    let time = header(TIMESTAMP_HEADER).ok_or(Refusal::Missing(TIMESTAMP_HEADER))?;
    let then: Option<jiff::Timestamp> = (time.len() <= 64).then(|| time.parse().ok()).flatten();
    let then = then.and_then(|then| u64::try_from(then.as_second()).ok());
    let then = then.ok_or(Refusal::Malformed(TIMESTAMP_HEADER))?;
    let text = header(SIGNATURE_HEADER).ok_or(Refusal::Missing(SIGNATURE_HEADER))?;
    let given = signature(text).ok_or(Refusal::Malformed(SIGNATURE_HEADER))?;
    fresh(then, now)?;
    let parts = [time.as_bytes(), body];
    match secrets.iter().any(|secret| secret.has_signed(&parts, &given)) {
        true => Ok(text),
        false => Err(Refusal::Wrong),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
    const TIME: &str = "2021-07-25T10:00:00Z";
    const NOW: u64 = 1_627_207_200;

    fn heard(time: &str, signature: &str, body: &[u8], now: u64) -> Result<(), Refusal> {
        let header = |name: &str| match name {
            TIMESTAMP_HEADER => Some(time),
            SIGNATURE_HEADER => Some(signature),
            _ => None,
        };
        verify(&[secret(SECRET).unwrap()], header, body, now).map(|_| ())
    }

    #[test]
    fn what_zendesk_signs_is_heard_and_nothing_else() {
        let signature = sign(&secret(SECRET).unwrap(), TIME, b"{}");
        // As `printf %s 'TIME{}' | openssl dgst -sha256 -hmac SECRET -binary | base64` prints it.
        assert_eq!(signature, "fA11vCNpxGwiBYlVMRFdMKl87MY94wnT4upfKP4O5gk=");
        assert_eq!(heard(TIME, &signature, b"{}", NOW), Ok(()));
        assert_eq!(heard(TIME, &signature, b"{ }", NOW), Err(Refusal::Wrong));
        assert_eq!(heard("2021-07-25T10:00:01Z", &signature, b"{}", NOW), Err(Refusal::Wrong));
        assert_eq!(heard(TIME, &signature, b"{}", NOW + 301), Err(Refusal::TooOld(301)));
        assert_eq!(heard(TIME, &signature, b"{}", NOW - 301), Err(Refusal::TooNew(301)));
        let malformed = |header| Err(Refusal::Malformed(header));
        assert_eq!(heard("today", &signature, b"{}", NOW), malformed(TIMESTAMP_HEADER));
        assert_eq!(
            heard("1950-01-01T00:00:00Z", &signature, b"", NOW),
            malformed(TIMESTAMP_HEADER)
        );
        assert_eq!(heard(TIME, "?", b"{}", NOW), malformed(SIGNATURE_HEADER));
        let other = secret("another secret").err();
        assert_eq!(other, Some(SecretError::Zendesk));
    }
}
