//! Vectors of texts: in memory, else in the store, else from Bedrock, which is asked in the
//! background.
//!
//! A row for each text in the partition `embeddings/MODEL/DIMENSIONS`, under the SHA-256 of the
//! text. Nothing is ever changed there, and what no release needs any more stays: 3 KB a passage.
//! Losing the partition costs asking again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dialgraph_store::{
    CommitError, CommitToken, Expect, Key, Op, Part, Schema, Sort, Store, StoreError, Upgrade,
    get_value,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::bedrock::embed::{DIMENSIONS, Titan};
use crate::error::Cause;

type Vector = Arc<[f32]>;

/// In the background there is time.
const LIMIT: Duration = Duration::from_secs(20);

/// The pause after a first failure; it doubles with each, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What all releases share.
#[derive(Debug)]
pub struct Vectors {
    titan: Titan,
    store: Stored,
    known: Mutex<HashMap<String, Vector>>,
}

/// The texts of a base, and their vectors once all have been asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    ready: Arc<OnceLock<Vec<Option<Vector>>>>,
}

impl Wanted {
    /// In the order of the texts; none for one that Bedrock does not take. None at all until the
    /// last was asked for: half of them would rank some passages by their meaning and others not.
    pub(super) fn ready(&self) -> Option<&[Option<Vector>]> {
        self.ready.get().map(Vec::as_slice)
    }
}

/// As it lies in the store: numbers of 32 bits, the least byte first, as base64.
#[derive(Debug, Serialize, Deserialize)]
struct Embedding {
    vector: String,
}

impl Schema for Embedding {
    const KIND: &'static str = "embedding";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

struct Stored {
    store: Arc<dyn Store>,
    part: Part,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored").field("part", &self.part).finish_non_exhaustive()
    }
}

impl Stored {
    fn key(&self, digest: &str) -> Result<Key, StoreError> {
        Key::new(&self.part, Sort::text(digest))
    }

    async fn get(&self, digest: &str) -> Result<Option<Vector>, StoreError> {
        let row = get_value::<Embedding>(&*self.store, &self.key(digest)?).await?;
        Ok(row.and_then(|row| unpack(&row.value.vector)))
    }

    async fn put(&self, digest: &str, vector: &[f32]) -> Result<(), StoreError> {
        let value = Embedding { vector: pack(vector) };
        let op = Op::put_value(self.key(digest)?, &value, Expect::Any)?;
        let place = self::digest(&format!("{} {digest}", self.part));
        let token = CommitToken::new(format!("embedding {place}"))?;
        match self.store.commit(&[op], &token).await {
            Err(CommitError::Failed(error)) => Err(error),
            // It expects nothing that could be otherwise.
            Err(CommitError::Conflict(_)) | Ok(_) => Ok(()),
        }
    }
}

fn pack(vector: &[f32]) -> String {
    STANDARD.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())
}

/// None for what is no vector of this length: it is then asked for again.
fn unpack(text: &str) -> Option<Vector> {
    let bytes = STANDARD.decode(text).ok()?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    let vector: Vector = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
    (rest.is_empty() && vector.len() == DIMENSIONS).then_some(vector)
}

impl Vectors {
    /// # Errors
    /// If the model's name is too long to be one.
    pub fn new(titan: Titan, store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let part = Part::new(format!("embeddings/{}/{DIMENSIONS}", titan.model()))?;
        Ok(Self { titan, store: Stored { store, part }, known: Mutex::default() })
    }

    pub(super) fn titan(&self) -> &Titan {
        &self.titan
    }

    /// The vectors of `texts`, looked for in the background, as long as somebody has what is given
    /// back.
    pub(super) fn want(self: &Arc<Self>, texts: Vec<String>) -> Wanted {
        let ready = Arc::new(OnceLock::new());
        let (all, waiting) = (Arc::clone(self), Arc::downgrade(&ready));
        tokio::spawn(async move { all.look(texts, waiting).await });
        Wanted { ready }
    }

    async fn look(&self, texts: Vec<String>, waiting: Weak<OnceLock<Vec<Option<Vector>>>>) {
        let mut found = Vec::with_capacity(texts.len());
        let mut asked = 0;
        for text in &texts {
            let digest = digest(text);
            let known = self.remembered(&digest);
            let vector = match known {
                Some(vector) => Some(vector),
                None => match self.stored(&digest).await {
                    Some(vector) => Some(vector),
                    None => {
                        asked += 1;
                        match self.ask(text, &digest, &waiting).await {
                            Ok(vector) => vector,
                            Err(NobodyWaits) => return,
                        }
                    }
                },
            };
            if let Some(vector) = &vector {
                self.remember(digest, vector);
            }
            found.push(vector);
        }
        if let Some(ready) = waiting.upgrade() {
            tracing::info!(passages = texts.len(), asked, "articles can be found by their meaning");
            // Nobody else sets it.
            let _ = ready.set(found);
        }
    }

    fn remembered(&self, digest: &str) -> Option<Vector> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    fn remember(&self, digest: String, vector: &Vector) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(digest, Arc::clone(vector));
    }

    async fn stored(&self, digest: &str) -> Option<Vector> {
        match self.store.get(digest).await {
            Ok(vector) => vector,
            Err(error) => {
                tracing::warn!(%error, "a vector cannot be read from the store; it is asked for again");
                None
            }
        }
    }

    /// From Bedrock, until it gives it. None: it takes no such text.
    async fn ask(
        &self,
        text: &str,
        digest: &str,
        waiting: &Weak<OnceLock<Vec<Option<Vector>>>>,
    ) -> Result<Option<Vector>, NobodyWaits> {
        let mut pause = PAUSE;
        loop {
            if waiting.strong_count() == 0 {
                return Err(NobodyWaits);
            }
            let failure = match self.titan.embed(text, LIMIT).await {
                Ok(vector) => {
                    if let Err(error) = self.store.put(digest, &vector).await {
                        tracing::warn!(%error, "a vector cannot be kept; it will be asked for again");
                    }
                    return Ok(Some(vector.into()));
                }
                Err(failure) => failure,
            };
            if failure.cause == Cause::Invalid {
                tracing::warn!(%failure, "an article is found by its words alone");
                return Ok(None);
            }
            let wait = failure.retry_after.unwrap_or(pause);
            tracing::warn!(%failure, wait_ms = wait.as_millis(), "articles cannot be embedded now; until then they are found by their words");
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// The release that wanted it is gone.
#[derive(Debug)]
struct NobodyWaits;

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_kept_bit_by_bit() {
        let vector: Vec<f32> = (0..DIMENSIONS).map(|i| (i as f32 - 99.5) / 1234.5).collect();
        assert_eq!(unpack(&pack(&vector)).as_deref(), Some(vector.as_slice()));
        assert_eq!(unpack(&pack(&vector[1..])), None, "another length is another model's");
        assert_eq!(unpack("no base64"), None);
    }
}
