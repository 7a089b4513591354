//! What somebody outside tells a call: addresses, and what arrives at them.
//!
//! An address is made by a node `hook` and holds a token: a MAC over the hook, the call and the
//! visit of that node, under a key of the deployment. A turn that is made again therefore gives the
//! same address, nobody outside can make one, and whoever is told something can say of which call
//! it is, even before the turn that made the address is stored. The key is not the call's seed,
//! which has 64 bits and can be derived by whoever knows the call's id and when it began.
//!
//! What arrives is an input of a turn, as the event is, and goes into its record when it is taken.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use dialgraph_base::{CallId, Name, Timestamp};

/// Bytes of the key under which addresses are made.
pub const KEY_BYTES: usize = 32;
/// Bytes of the MAC in a token: 160 bits.
const MAC_BYTES: usize = 20;
/// Before the call's id in a token: the MAC and the visit.
const HEAD_BYTES: usize = MAC_BYTES + 4;
/// Longest token that is looked at.
pub const MAX_TOKEN: usize = 1_024;
/// What the MAC is for, so that the key can be used for nothing else.
const PURPOSE: &[u8] = b"dialgraph/hook/1\0";

/// An address that takes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHook {
    /// The visit of the node that made it.
    pub visit: u32,
    /// When it expires.
    pub until: Timestamp,
}

/// What somebody told a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    pub hook: Name,
    /// The visit of the node that made the address.
    pub visit: u32,
    /// When it was told.
    pub at: Timestamp,
    pub value: Value,
    /// The value must not be shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// Makes addresses and reads them.
#[derive(Clone)]
pub struct Addresses {
    /// What stands before `NAME/TOKEN`, with a `/` at its end.
    base: Arc<str>,
    key: [u8; KEY_BYTES],
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addresses").field("base", &self.base).finish_non_exhaustive()
    }
}

/// What a token says: which call, and which visit of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    pub call: CallId,
    pub visit: u32,
}

impl Addresses {
    /// Addresses that begin with `base`, made under `key`.
    pub fn new(base: &str, key: [u8; KEY_BYTES]) -> Self {
        Self { base: format!("{}/", base.trim_end_matches('/')).into(), key }
    }

    /// The address of a hook that was opened by this visit of a call.
    pub fn url(&self, hook: &str, call: &CallId, visit: u32) -> String {
        format!("{}{hook}/{}", self.base, self.token(hook, call, visit))
    }

    fn token(&self, hook: &str, call: &CallId, visit: u32) -> String {
        let mac = self.mac(hook, call, visit).finalize().into_bytes();
        let mut bytes = mac[..MAC_BYTES].to_vec();
        bytes.extend_from_slice(&visit.to_be_bytes());
        bytes.extend_from_slice(call.0.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn mac(&self, hook: &str, call: &CallId, visit: u32) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("keys of any length");
        mac.update(PURPOSE);
        mac.update(hook.as_bytes());
        // No name of a hook has such a byte in it, and the visit has a fixed length.
        mac.update(&[0]);
        mac.update(&visit.to_be_bytes());
        mac.update(call.0.as_bytes());
        mac
    }

    /// Whom a token is for; none: it was not made here for this hook. Compares in constant time.
    pub fn read(&self, hook: &str, token: &str) -> Option<Addressee> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (head, call) = bytes.split_at_checked(HEAD_BYTES)?;
        let (mac, visit) = head.split_at_checked(MAC_BYTES)?;
        let visit = u32::from_be_bytes(visit.try_into().ok()?);
        let call = CallId(std::str::from_utf8(call).ok()?.into());
        self.mac(hook, &call, visit).verify_truncated_left(mac).ok()?;
        Some(Addressee { call, visit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(key: u8) -> Addresses {
        Addresses::new("https://desk.example/v1/hooks/", [key; KEY_BYTES])
    }

    fn token(url: &str) -> &str {
        url.rsplit('/').next().unwrap()
    }

    #[test]
    fn an_address_is_the_same_each_time_and_tells_its_call_to_its_deployment_alone() {
        let call = CallId("c-1".into());
        let url = addresses(1).url("payment", &call, 7);
        assert_eq!(url, addresses(1).url("payment", &call, 7));
        assert!(url.starts_with("https://desk.example/v1/hooks/payment/"), "{url}");
        let read = addresses(1).read("payment", token(&url)).unwrap();
        assert_eq!(read, Addressee { call: call.clone(), visit: 7 });
        assert_eq!(addresses(2).read("payment", token(&url)), None);
        assert_eq!(addresses(1).read("signature", token(&url)), None);
        assert_ne!(url, addresses(1).url("payment", &call, 8));
        assert_ne!(url, addresses(1).url("payment", &CallId("c-2".into()), 7));
    }

    #[test]
    fn no_other_token_is_read() {
        let call = CallId("c-1".into());
        let url = addresses(1).url("payment", &call, 7);
        let bytes = URL_SAFE_NO_PAD.decode(token(&url)).unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(addresses(1).read("payment", &URL_SAFE_NO_PAD.encode(other)), None, "{at}");
        }
        for bad in ["", "x", "%%%", &"A".repeat(MAX_TOKEN + 1), token(&url).split_at(9).0] {
            assert_eq!(addresses(1).read("payment", bad), None, "{bad}");
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        assert!(!format!("{:?}", addresses(231)).contains("231"));
    }
}
