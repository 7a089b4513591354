//! Proof that a webhook comes from who shares a secret, and is fresh.
//!
//! Two forms that prove both are known. [`standard`] is that of the [Standard Webhooks]
//! specification, in which the engine sends, and which any system can send. [`zendesk`] is
//! [Zendesk's own]. What other senders do, and what proves the sender alone, is in [`plain`].
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com
//! [Zendesk's own]: https://developer.zendesk.com/documentation/webhooks/verifying/
//!
//! In both, the receiver compares the HMAC-SHA256 of time and body in constant time, and refuses a
//! time that is more than [`TOLERANCE_SECONDS`] away. That a message is not heard twice within that
//! time is up to who keeps what was heard.

pub mod plain;
pub mod standard;
pub mod zendesk;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// How far the clocks of the two sides may be apart, in seconds.
pub const TOLERANCE_SECONDS: u64 = 300;

/// A secret that both sides know.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Why there is no secret. None of these shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error(
        "a webhook secret is written `whsec_` and then base64; make one with `echo whsec_$(openssl rand -base64 32)`"
    )]
    Form,
    #[error(
        "a webhook secret has 24 to 64 bytes, and this one has {0}; make one with `echo whsec_$(openssl rand -base64 32)`"
    )]
    Length(usize),
    #[error(
        "a signing secret of Zendesk has 16 to 512 visible characters; copy it from the webhook's page in the Admin Center"
    )]
    Zendesk,
    #[error(
        "a secret that is shared with a sender has 16 to 512 visible characters; make one with `openssl rand -hex 32`"
    )]
    Plain,
}

impl Secret {
    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("keys of any length");
        parts.iter().for_each(|part| mac.update(part));
        mac
    }

    fn signs(&self, parts: &[&[u8]]) -> String {
        STANDARD.encode(self.mac(parts).finalize().into_bytes())
    }

    /// In constant time.
    fn has_signed(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.mac(parts).verify_slice(signature).is_ok()
    }
}

/// Why a webhook was refused: for the operator's log. Who sent it is told no more than that it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the header `{0}` is missing, or is there more than once")]
    Missing(&'static str),
    #[error("the header `{0}` is malformed; check whether a proxy changes requests")]
    Malformed(&'static str),
    #[error(
        "the webhook was signed {0} s ago, and {TOLERANCE_SECONDS} s are allowed; set both clocks by NTP"
    )]
    TooOld(u64),
    #[error(
        "the webhook was signed {0} s in the future, and {TOLERANCE_SECONDS} s are allowed; set both clocks by NTP"
    )]
    TooNew(u64),
    #[error(
        "the signature is wrong: the sender has another secret, or a proxy changes the body of requests"
    )]
    Wrong,
}

impl Refusal {
    /// A stable word for logs and metrics; those of signatures of the Lambda function.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "signature-missing",
            Self::Malformed(_) => "signature-malformed",
            Self::TooOld(_) => "signature-too-old",
            Self::TooNew(_) => "signature-too-new",
            Self::Wrong => "signature-wrong",
        }
    }
}

/// Whether what was signed at `then` is fresh at `now`, both in Unix seconds.
fn fresh(then: u64, now: u64) -> Result<(), Refusal> {
    match (now.saturating_sub(then), then.saturating_sub(now)) {
        (ago, _) if ago > TOLERANCE_SECONDS => Err(Refusal::TooOld(ago)),
        (_, ahead) if ahead > TOLERANCE_SECONDS => Err(Refusal::TooNew(ahead)),
        _ => Ok(()),
    }
}

/// The bytes of a signature in base64; none: it is none.
fn signature(text: &str) -> Option<Vec<u8>> {
    (text.len() <= 64).then(|| STANDARD.decode(text).ok())?
}
