//! Encryption at rest: a store around a store, which seals every value.
//!
//! Values are encrypted and authenticated with XChaCha20-Poly1305 under a random nonce. A sealed
//! value is
//!
//! | bytes | |
//! |---|---|
//! | 1 | format, `0xe1` |
//! | 8 | id of the key |
//! | 24 | nonce |
//! | rest | ciphertext and tag |
//!
//! and is bound to the format, the key id and the row it belongs to: moved to another row, it no
//! longer opens. **In the clear** remain partition names, sort keys, versions, expiries, tokens and
//! the length of values. Whoever can write to the disk can still delete a row, or put back an older
//! value of the same row.

mod key_file;
mod key_text;
mod keyring;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead as _, Payload};

pub use self::key_file::KeyLines;
pub use self::key_text::{KEY_FILE_VARIABLE, KEY_VARIABLE, KeyText, UnwrapKey};
pub use self::keyring::{KeyId, Keyring};
use crate::error::{CommitError, StoreError};
use crate::key::{Key, Part, Sort};
use crate::store::{CommitToken, Committed, Expect, Op, Page, Query, Row, Store, Unreadable};

/// First byte of a sealed value. No text begins with it, so sealed and clear values are told apart.
pub(crate) const SEALED_V1: u8 = 0xe1;

const ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = 1 + ID_BYTES + NONCE_BYTES;

/// Bytes by which sealing makes a value longer.
pub const SEAL_OVERHEAD: usize = HEADER_BYTES + TAG_BYTES;

/// Partition with the row by which a store is known to be encrypted, and with which key.
const PROOF_PART: &str = "dialgraph/seal";

/// What that row says, once opened.
const PROOF_TEXT: &[u8] = b"this store is sealed";

/// A [`Store`] whose values are encrypted before they reach the store inside.
///
/// ```
/// use std::sync::Arc;
/// use dialgraph_store::{Keyring, ManualClock, MemoryStore, Sealed, Store};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("store.key");
/// Keyring::generate_file(&path)?;
///
/// let inside = MemoryStore::new(Arc::new(ManualClock::default()));
/// let store: Arc<dyn Store> = Arc::new(Sealed::open(inside, Keyring::from_file(&path)?).await?);
/// # Ok::<(), dialgraph_store::StoreError>(())
/// # }).unwrap();
/// ```
pub struct Sealed<S> {
    inner: S,
    keys: Keyring,
}

impl<S: Store> Sealed<S> {
    /// Wraps `inner`, having made sure that `keys` hold the key it is sealed with.
    ///
    /// A store that was never sealed is marked as sealed from now on; clear rows that it may hold
    /// are refused when they are read.
    ///
    /// # Errors
    /// [`StoreError::WrongEncryptionKey`] with the id of the missing key, or whatever `inner` fails
    /// with.
    pub async fn open(inner: S, keys: Keyring) -> Result<Self, StoreError> {
        let sealed = Self { inner, keys };
        let key = proof_key()?;
        // A second round only if another process marks the store in the same moment.
        for _ in 0..2 {
            let stored = sealed.inner.get(&key).await?;
            if let Some(row) = &stored {
                sealed.keys.open(&key, &row.value).map_err(whole_store)?;
                if sealed_with(&row.value) == Some(sealed.keys.active()) {
                    break;
                }
            }
            // After a rotation the proof moves to the new key, so that the old one can be retired.
            let version = stored.as_ref().map_or(0, |row| row.version);
            let token = CommitToken::new(format!("seal/{}/{version}", sealed.keys.active()))?;
            let op = Op::put(key.clone(), PROOF_TEXT, Expect::unchanged(stored.as_ref()));
            match sealed.commit(&[op], &token).await {
                Ok(_) => break,
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Ok(sealed)
    }

    /// Rewrites every row of `part` that is sealed with an older key, and gives their number. Their
    /// versions go up, as with any write; rows that others change meanwhile are left to them.
    ///
    /// # Errors
    /// Whatever reading and writing fail with.
    pub async fn reseal(&self, part: &Part) -> Result<u64, StoreError> {
        let mut query = Query::new(part.clone());
        let mut resealed = 0;
        loop {
            let page = self.inner.query(&query).await?;
            for row in page.rows {
                if sealed_with(&row.value) == Some(self.keys.active()) {
                    continue;
                }
                let mut nonce = [0; 16];
                fill_random(&mut nonce)?;
                let token = CommitToken::new(format!("reseal/{}", hex::encode(nonce)))?;
                let op = Op::Put {
                    value: self.keys.open(&row.key, &row.value)?,
                    key: row.key,
                    expect: Expect::Version(row.version),
                    expires_at: row.expires_at,
                };
                match self.commit(&[op], &token).await {
                    Ok(_) => resealed += 1,
                    Err(CommitError::Conflict(_)) => {}
                    Err(CommitError::Failed(error)) => return Err(error),
                }
            }
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return Ok(resealed),
            }
        }
    }

    fn open_row(&self, mut row: Row) -> Result<Row, StoreError> {
        row.value = self.keys.open(&row.key, &row.value)?;
        Ok(row)
    }
}

/// Makes sure that a store which is about to be used without a key is not encrypted.
///
/// # Errors
/// [`StoreError::WrongEncryptionKey`] if it is, with the id of the key it wants.
pub async fn require_unsealed(store: &dyn Store) -> Result<(), StoreError> {
    match store.get(&proof_key()?).await?.and_then(|row| sealed_with(&row.value)) {
        None => Ok(()),
        Some(stored) => Err(StoreError::WrongEncryptionKey {
            row: "this store".to_owned(),
            stored: stored.to_string(),
            available: Vec::new(),
        }),
    }
}

#[async_trait]
impl<S: Store> Store for Sealed<S> {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.inner.get(key).await?.map(|row| self.open_row(row)).transpose()
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        let limit = self.max_value_bytes();
        let sealed = ops.iter().map(|op| match op {
            Op::Put { key, value, .. } if value.len() > limit => {
                Err(StoreError::ValueTooLarge { key: key.clone(), length: value.len(), limit })
            }
            Op::Put { key, value, expect, expires_at } => Ok(Op::Put {
                key: key.clone(),
                value: self.keys.seal(key, value)?,
                expect: *expect,
                expires_at: *expires_at,
            }),
            other => Ok(other.clone()),
        });
        let sealed = sealed.collect::<Result<Vec<_>, _>>()?;
        match self.inner.commit(&sealed, token).await {
            Err(CommitError::Conflict(mut conflict)) => {
                conflict.current = match conflict.current {
                    Some(row) => Some(Box::new(self.open_row(*row)?)),
                    None => None,
                };
                Err(CommitError::Conflict(conflict))
            }
            other => other,
        }
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let page = self.inner.query(query).await?;
        let rows = page.rows.into_iter().map(|row| self.open_row(row)).collect::<Result<_, _>>()?;
        Ok(Page { rows, next: page.next })
    }

    async fn query_past(&self, query: &Query) -> Result<(Page, Vec<Unreadable>), StoreError> {
        let (page, mut unreadable) = self.inner.query_past(query).await?;
        let mut rows = Vec::with_capacity(page.rows.len());
        for row in page.rows {
            let key = row.key.clone();
            match self.open_row(row) {
                Ok(row) => rows.push(row),
                Err(error) => unreadable.push(Unreadable { key, error }),
            }
        }
        Ok((Page { rows, next: page.next }, unreadable))
    }

    fn max_value_bytes(&self) -> usize {
        self.inner.max_value_bytes().saturating_sub(SEAL_OVERHEAD)
    }
}

impl<S: fmt::Debug> fmt::Debug for Sealed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("inner", &self.inner).field("keys", &self.keys).finish()
    }
}

impl Keyring {
    /// Seals `value` for the row `key` with the active key.
    fn seal(&self, key: &Key, value: &[u8]) -> Result<Bytes, StoreError> {
        let (id, cipher) = self.first();
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce)?;
        let aad = bound_to(*id, key);
        let ciphertext = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: value, aad: &aad })
            .map_err(|_| StoreError::Backend { detail: format!("{key} cannot be encrypted") })?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
        sealed.push(SEALED_V1);
        sealed.extend_from_slice(&id.0);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed.into())
    }

    /// Opens a value sealed for the row `key`.
    fn open(&self, key: &Key, sealed: &[u8]) -> Result<Bytes, StoreError> {
        let id = sealed_with(sealed).ok_or_else(|| StoreError::NotSealed { key: key.clone() })?;
        let cipher = self.find(id).ok_or_else(|| StoreError::WrongEncryptionKey {
            row: key.to_string(),
            stored: id.to_string(),
            available: self.ids().iter().map(KeyId::to_string).collect(),
        })?;
        let tampered = || StoreError::Tampered { key: key.clone() };
        let (nonce, ciphertext) =
            sealed[1 + ID_BYTES..].split_first_chunk::<NONCE_BYTES>().ok_or_else(tampered)?;
        let aad = bound_to(id, key);
        cipher
            .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: &aad })
            .map(Bytes::from)
            .map_err(|_| tampered())
    }
}

/// The key that a value says it is sealed with; `None` if it is not sealed.
pub(crate) fn sealed_with(value: &[u8]) -> Option<KeyId> {
    let id = value.strip_prefix(&[SEALED_V1])?.first_chunk::<ID_BYTES>()?;
    Some(KeyId(*id))
}

/// The additional data under the seal. [`Key::encode`] is unambiguous, so no two rows share it.
fn bound_to(id: KeyId, key: &Key) -> Vec<u8> {
    let mut aad = vec![SEALED_V1];
    aad.extend_from_slice(&id.0);
    aad.extend_from_slice(&key.encode());
    aad
}

fn proof_key() -> Result<Key, StoreError> {
    Key::new(&Part::new(PROOF_PART)?, Sort::text("proof"))
}

/// Whether this is the row by which a store is known to be encrypted.
pub(crate) fn is_proof(key: &Key) -> bool {
    key.part().as_str() == PROOF_PART
}

fn whole_store(error: StoreError) -> StoreError {
    match error {
        StoreError::WrongEncryptionKey { stored, available, .. } => {
            StoreError::WrongEncryptionKey { row: "this store".to_owned(), stored, available }
        }
        other => other,
    }
}

pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), StoreError> {
    getrandom::fill(bytes).map_err(|error| StoreError::Backend {
        detail: format!("the system gives no random bytes: {error}"),
    })
}

#[cfg(test)]
mod tests;
