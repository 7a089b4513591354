//! Proof that a request comes from our Lambda function, is fresh, and is heard once.
//!
//! The Lambda and the engine share a key. Each request carries four headers:
//!
//! | header | value |
//! |---|---|
//! | `x-dialgraph-key` | id of the key |
//! | `x-dialgraph-timestamp` | when it was signed, Unix seconds |
//! | `x-dialgraph-nonce` | 16 random bytes, as 32 lower-case hexadecimal digits |
//! | `x-dialgraph-signature` | HMAC-SHA256 of what follows, as 64 lower-case hexadecimal digits |
//!
//! and signs `v1`, timestamp, nonce, method and path, each ended by a line feed, and then the body
//! as it is sent. Every header has one spelling only, so that nothing about an accepted request can
//! be changed without being noticed.
//!
//! **Replays.** A verifier remembers the nonces it has accepted for as long as their timestamps are
//! within the window, in bounded memory: when it is full it forgets the oldest second and from then
//! on refuses everything signed in it or before, so the window shrinks but no request is ever
//! accepted twice. Only authentic requests are remembered, so nobody without a key can fill it.
//! What one process has heard another has not: the turn token, for which the store keeps one
//! answer, is what makes a replay to another process harmless.
//!
//! **Rotation.** A verifier takes several keys. Add the new key to the engine, move the Lambda to
//! it, remove the old. Keys can be replaced while requests come ([`Verifier::with_keys`]).

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Header that names the key.
pub const KEY_HEADER: &str = "x-dialgraph-key";
/// Header with the time of signing, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "x-dialgraph-timestamp";
/// Header with the number used once.
pub const NONCE_HEADER: &str = "x-dialgraph-nonce";
/// Header with the signature.
pub const SIGNATURE_HEADER: &str = "x-dialgraph-signature";

/// How far the clocks of the two sides may be apart, in seconds, unless said otherwise.
pub const DEFAULT_WINDOW_SECONDS: u32 = 300;
/// Nonces remembered unless said otherwise: the requests of one window at over 1,600 a second, in
/// some 40 MB at most.
pub const DEFAULT_NONCES: usize = 1_000_000;
/// Shortest key, in bytes: as long as the hash, below which HMAC gets weaker.
pub const MIN_KEY_BYTES: usize = 32;

const MAX_KEY_BYTES: usize = 1_024;
const MAX_KEY_ID: usize = 64;
/// Fewer would make the window shrink to nothing under ordinary load.
const MIN_NONCES: usize = 1_024;
const NONCE_BYTES: usize = 16;
const SIGNATURE_BYTES: usize = 32;

/// A secret that the Lambda and the engine share, and its name.
///
/// ```
/// use dialgraph_connect::signature::SigningKey;
///
/// let key = SigningKey::from_hex("2026-11", &"5a".repeat(32))?;
/// assert_eq!(key.id(), "2026-11");
/// assert_eq!(format!("{key:?}"), "SigningKey(2026-11)", "the secret is never shown");
/// # Ok::<(), dialgraph_connect::signature::KeyError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    secret: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// A key from its secret in hexadecimal, as `openssl rand -hex 32` prints it. White space
    /// around it is ignored.
    ///
    /// # Errors
    /// If the id has other characters than letters, digits, `.`, `_` and `-` or is longer than 64,
    /// or the secret is not hexadecimal, shorter than 32 bytes or longer than 1,024.
    pub fn from_hex(id: &str, secret: &str) -> Result<Self, KeyError> {
        if !is_key_id(id) {
            return Err(KeyError::Id { id: id.chars().take(MAX_KEY_ID).collect() });
        }
        let id = id.to_owned();
        let secret = secret.trim();
        if secret.len() > 2 * MAX_KEY_BYTES {
            return Err(KeyError::TooLong { id });
        }
        let Some(bytes) = hex::decode(secret).ok().map(Zeroizing::new) else {
            return Err(KeyError::NotHex { id });
        };
        if bytes.len() < MIN_KEY_BYTES {
            return Err(KeyError::TooShort { id, bytes: bytes.len() });
        }
        Ok(Self { id, secret: bytes })
    }

    /// A key written `ID:HEX`, as the engine's configuration has it.
    ///
    /// # Errors
    /// As [`SigningKey::from_hex`], and if there is no colon.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (id, secret) = text.trim().split_once(':').ok_or(KeyError::NoId)?;
        Self::from_hex(id.trim(), secret)
    }

    /// Its name, which requests carry.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn mac(&self, timestamp: &str, nonce: &str, request: &Request<'_>) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(&self.secret).expect("keys of any length");
        for line in ["v1", timestamp, nonce, request.method, request.path] {
            mac.update(line.as_bytes());
            mac.update(b"\n");
        }
        mac.update(request.body);
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

/// Why there is no key. None of these shows the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error(
        "the key id `{id}` must have 1 to {MAX_KEY_ID} letters from a to z, digits, `.`, `_` or `-`; name the key by its date, \
         for example `2026-11`"
    )]
    Id { id: String },
    #[error(
        "a signing key is written ID:HEX, for example `2026-11:` and then what `openssl rand -hex 32` prints"
    )]
    NoId,
    #[error("the key `{id}` is not in hexadecimal; make one with `openssl rand -hex 32`")]
    NotHex { id: String },
    #[error(
        "the key `{id}` has {bytes} bytes and needs at least {MIN_KEY_BYTES} ({} hexadecimal digits); make one with \
         `openssl rand -hex 32`",
        2 * MIN_KEY_BYTES
    )]
    TooShort { id: String, bytes: usize },
    #[error(
        "the key `{id}` has more than {MAX_KEY_BYTES} bytes; make one with `openssl rand -hex 32`"
    )]
    TooLong { id: String },
    #[error("there are two keys with the id `{id}`; give each its own")]
    Twice { id: String },
    #[error("there is no key to verify signatures with; make one with `openssl rand -hex 32`")]
    None,
}

/// What is signed of a request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// In capitals, as it is sent.
    pub method: &'a str,
    /// Path and query, as they are sent.
    pub path: &'a str,
    pub body: &'a [u8],
}

/// A number used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce([u8; NONCE_BYTES]);

impl Nonce {
    /// From bytes of the system's random generator. The same bytes twice are a replay.
    pub fn from_random(bytes: [u8; NONCE_BYTES]) -> Self {
        Self(bytes)
    }

    fn parse(text: &str) -> Option<Self> {
        Some(Self(from_lower_hex(text)?.try_into().ok()?))
    }
}

/// The headers of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    key: String,
    timestamp: String,
    nonce: String,
    signature: String,
}

impl Signed {
    /// Names and values. All values are ASCII that a header can hold.
    pub fn headers(&self) -> [(&'static str, &str); 4] {
        [
            (KEY_HEADER, &self.key),
            (TIMESTAMP_HEADER, &self.timestamp),
            (NONCE_HEADER, &self.nonce),
            (SIGNATURE_HEADER, &self.signature),
        ]
    }

    /// The value of one of the headers.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers().into_iter().find(|(header, _)| *header == name).map(|(_, value)| value)
    }
}

/// Signs `request` at `now`, in Unix seconds. A request that is sent again is signed again, with a
/// new nonce.
pub fn sign(key: &SigningKey, request: &Request<'_>, now: u64, nonce: Nonce) -> Signed {
    let timestamp = now.to_string();
    let nonce = hex::encode(nonce.0);
    let signature = hex::encode(key.mac(&timestamp, &nonce, request).finalize().into_bytes());
    Signed { key: key.id.clone(), timestamp, nonce, signature }
}

/// Why a request was refused: for the operator's log. Who sent it is told no more than that it was:
/// even [`SignatureRefusal::code`] tells which keys there are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    #[error(
        "the header `{header}` is missing; only the Dialgraph Lambda function may call this endpoint"
    )]
    Missing { header: &'static str },
    #[error("{what} is malformed (expected {must}); check whether a proxy changes requests")]
    Malformed { what: &'static str, must: &'static str },
    #[error(
        "the key `{id}` is not known here; add it to the engine's signing keys, or set the Lambda's DIALGRAPH_KEY_ID \
         to one that is there"
    )]
    UnknownKey { id: String },
    #[error(
        "the request was signed {seconds} s ago, or before this engine can tell what it has heard; at most {window} s \
         are allowed: set both clocks by NTP, or raise the window or the number of nonces"
    )]
    TooOld { seconds: u64, window: u32 },
    #[error(
        "the request was signed {seconds} s in the future; at most {window} s are allowed: set both clocks by NTP"
    )]
    TooNew { seconds: u64, window: u32 },
    #[error(
        "the signature made with key `{id}` is wrong; the Lambda has another secret for that id, or a proxy changes \
         the method, path or body of requests"
    )]
    WrongSignature { id: String },
    #[error(
        "the request was received before; somebody is replaying requests, or a proxy repeats them"
    )]
    Replayed,
}

impl SignatureRefusal {
    /// All codes.
    pub const CODES: [&'static str; 7] = [
        "signature-missing",
        "signature-malformed",
        "signature-key-unknown",
        "signature-too-old",
        "signature-too-new",
        "signature-wrong",
        "signature-replayed",
    ];

    /// A stable word for logs, metrics and the response, which helps nobody to forge a signature.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "signature-missing",
            Self::Malformed { .. } => "signature-malformed",
            Self::UnknownKey { .. } => "signature-key-unknown",
            Self::TooOld { .. } => "signature-too-old",
            Self::TooNew { .. } => "signature-too-new",
            Self::WrongSignature { .. } => "signature-wrong",
            Self::Replayed => "signature-replayed",
        }
    }
}

/// Tells authentic, fresh, new requests from all others. One serves all threads of a process.
///
/// ```
/// use dialgraph_connect::signature::{SigningKey, Nonce, SignatureRefusal, Request, Verifier, sign};
///
/// let key = SigningKey::from_hex("2026-11", &"5a".repeat(32))?;
/// let verifier = Verifier::new([key.clone()])?;
/// let request = Request { method: "POST", path: "/v1/connect/turn", body: b"{}" };
/// let signed = sign(&key, &request, 1_790_000_000, Nonce::from_random([7; 16]));
///
/// let first = verifier.verify(|name| signed.get(name), &request, 1_790_000_001);
/// assert_eq!(first.map(SigningKey::id), Ok("2026-11"));
/// let again = verifier.verify(|name| signed.get(name), &request, 1_790_000_001);
/// assert_eq!(again.map(SigningKey::id), Err(SignatureRefusal::Replayed));
/// # Ok::<(), dialgraph_connect::signature::KeyError>(())
/// ```
#[derive(Debug)]
pub struct Verifier {
    keys: Vec<SigningKey>,
    window: u32,
    heard: Arc<Mutex<NonceCache>>,
}

impl Verifier {
    /// Accepts what is signed with any of `keys`.
    ///
    /// # Errors
    /// If there is no key, or two have one id.
    pub fn new(keys: impl IntoIterator<Item = SigningKey>) -> Result<Self, KeyError> {
        let heard = Arc::new(Mutex::new(NonceCache::new(DEFAULT_NONCES)));
        Ok(Self { keys: checked(keys)?, window: DEFAULT_WINDOW_SECONDS, heard })
    }

    /// The same with other keys. What one of the two has heard the other has heard as well, so that
    /// nothing can be replayed while keys are replaced.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_keys(&self, keys: impl IntoIterator<Item = SigningKey>) -> Result<Self, KeyError> {
        Ok(Self { keys: checked(keys)?, window: self.window, heard: Arc::clone(&self.heard) })
    }

    /// How far, in seconds, a timestamp may be from this machine's clock, both ways.
    #[must_use]
    pub fn window(mut self, seconds: u32) -> Self {
        self.window = seconds;
        self
    }

    /// How many nonces to remember; at least 1,024.
    #[must_use]
    pub fn nonces(mut self, capacity: usize) -> Self {
        self.heard = Arc::new(Mutex::new(NonceCache::new(capacity)));
        self
    }

    /// Refuses what was signed at or before this Unix second. Given the time of the process's
    /// start, nothing that an earlier process has heard can be replayed to this one; given a time
    /// before it, for clocks that differ, only what was signed between the two can.
    #[must_use]
    pub fn only_after(self, second: u64) -> Self {
        self.locked().forget_until(second);
        self
    }

    /// The key by which `request` is signed, with the headers that `header` finds, at `now` in Unix
    /// seconds.
    ///
    /// # Errors
    /// The first thing found that is wrong with it; the request must then have no effect.
    pub fn verify<'h>(
        &self,
        header: impl Fn(&str) -> Option<&'h str>,
        request: &Request<'_>,
        now: u64,
    ) -> Result<&SigningKey, SignatureRefusal> {
        let find = |name| header(name).ok_or(SignatureRefusal::Missing { header: name });
        let id = find(KEY_HEADER)?;
        let timestamp_text = find(TIMESTAMP_HEADER)?;
        let nonce_text = find(NONCE_HEADER)?;
        let signature = find(SIGNATURE_HEADER)?;

        if !is_key_id(id) {
            let must = "1 to 64 letters, digits, `.`, `_` or `-`";
            return Err(SignatureRefusal::Malformed { what: KEY_HEADER, must });
        }
        let timestamp = parse_timestamp(timestamp_text)
            .ok_or(SignatureRefusal::Malformed { what: TIMESTAMP_HEADER, must: "Unix seconds" })?;
        let nonce = Nonce::parse(nonce_text).ok_or(SignatureRefusal::Malformed {
            what: NONCE_HEADER,
            must: "32 lower-case hexadecimal digits",
        })?;
        let signature = from_lower_hex(signature)
            .filter(|bytes| bytes.len() == SIGNATURE_BYTES)
            .ok_or(SignatureRefusal::Malformed {
                what: SIGNATURE_HEADER,
                must: "64 lower-case hexadecimal digits",
            })?;
        // A line feed would let one signature stand for two requests. HTTP allows none.
        if request.method.contains('\n') || request.path.contains('\n') {
            return Err(SignatureRefusal::Malformed {
                what: "the request line",
                must: "no line feed",
            });
        }

        let key = self
            .keys
            .iter()
            .find(|key| key.id == id)
            .ok_or_else(|| SignatureRefusal::UnknownKey { id: id.to_owned() })?;
        let window = self.window;
        if timestamp > now.saturating_add(window.into()) {
            return Err(SignatureRefusal::TooNew { seconds: timestamp - now, window });
        }
        let too_old =
            || SignatureRefusal::TooOld { seconds: now.saturating_sub(timestamp), window };
        let oldest = now.saturating_sub(window.into());
        if timestamp < oldest {
            return Err(too_old());
        }
        // In constant time, whatever the bytes are.
        key.mac(timestamp_text, nonce_text, request)
            .verify_slice(&signature)
            .map_err(|_| SignatureRefusal::WrongSignature { id: key.id.clone() })?;
        match self.locked().hear(timestamp, nonce, oldest) {
            Heard::New => Ok(key),
            Heard::Before => Err(SignatureRefusal::Replayed),
            Heard::Unknown => Err(too_old()),
        }
    }

    /// Nonces remembered now, for metrics.
    pub fn remembered(&self) -> usize {
        self.locked().count
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, NonceCache> {
        // Whatever a panic of another thread left behind only refuses more than it must.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn checked(keys: impl IntoIterator<Item = SigningKey>) -> Result<Vec<SigningKey>, KeyError> {
    let keys: Vec<SigningKey> = keys.into_iter().collect();
    if keys.is_empty() {
        return Err(KeyError::None);
    }
    let mut ids = HashSet::new();
    if let Some(key) = keys.iter().find(|key| !ids.insert(key.id.as_str())) {
        return Err(KeyError::Twice { id: key.id.clone() });
    }
    Ok(keys)
}

enum Heard {
    New,
    Before,
    /// It cannot be said any more.
    Unknown,
}

/// The nonces of the seconds that are still within the window.
#[derive(Debug)]
struct NonceCache {
    by_second: BTreeMap<u64, HashSet<Nonce>>,
    count: usize,
    capacity: usize,
    /// Nothing signed before this second can be told from a replay.
    since: u64,
}

impl NonceCache {
    fn new(capacity: usize) -> Self {
        let capacity = capacity.max(MIN_NONCES);
        Self { by_second: BTreeMap::new(), count: 0, capacity, since: 0 }
    }

    fn hear(&mut self, timestamp: u64, nonce: Nonce, oldest: u64) -> Heard {
        self.forget_before(oldest);
        if timestamp < self.since {
            return Heard::Unknown;
        }
        if self.by_second.get(&timestamp).is_some_and(|nonces| nonces.contains(&nonce)) {
            return Heard::Before;
        }
        while self.count >= self.capacity {
            let Some(second) = self.by_second.keys().next().copied() else { break };
            self.forget_before(second.saturating_add(1));
        }
        if timestamp < self.since {
            return Heard::Unknown;
        }
        self.by_second.entry(timestamp).or_default().insert(nonce);
        self.count += 1;
        Heard::New
    }

    /// Drops what was signed before `second`, and accepts nothing of it any more. A clock that is
    /// set back therefore opens no door.
    fn forget_before(&mut self, second: u64) {
        if second <= self.since {
            return;
        }
        self.since = second;
        while let Some(entry) = self.by_second.first_entry() {
            if *entry.key() >= second {
                break;
            }
            self.count -= entry.remove().len();
        }
    }

    fn forget_until(&mut self, second: u64) {
        self.forget_before(second.saturating_add(1));
    }
}

fn is_key_id(id: &str) -> bool {
    (1..=MAX_KEY_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Decimal digits without a sign or leading zeros: one spelling for each second.
fn parse_timestamp(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

fn from_lower_hex(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { None } else { hex::decode(text).ok() }
}

#[cfg(test)]
mod tests;
