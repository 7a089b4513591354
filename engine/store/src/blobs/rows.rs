//! Content in rows, for processes that share nothing but a store.
//!
//! * `blob/DIGEST` / number: the bytes, in pieces that fit into a row.
//! * `blobs` / digest: how many pieces there are. Written when all of them are, so content is there
//!   whole or not at all.
//!
//! Pieces are written in commits of their own: in a shared database a partition takes a limited
//! number of bytes a second.

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use dialgraph_base::Digest;
use futures::StreamExt as _;
use futures::stream;
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

use crate::error::{CommitError, StoreError};
use crate::key::{Key, Part, Sort};
use crate::schema::{Schema, Upgrade, decode, get_value};
use crate::store::{CommitToken, Expect, Op, Query, Store};

/// Pieces under way at once.
const AT_ONCE: usize = 4;

/// How often a piece is tried when the store is busy or does not answer, with a pause between.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Serialize, Deserialize)]
struct Entry {
    digest: Digest,
    pieces: u64,
}

impl Schema for Entry {
    const KIND: &'static str = "blob";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// Rows of a store, reached from threads that may block.
pub(super) struct Rows {
    store: Arc<dyn Store>,
    /// Where the store is asked. One of its own: whoever waits here may be holding up any other.
    runtime: Option<Runtime>,
}

impl Rows {
    pub(super) fn new(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("dialgraph-content")
            .enable_all()
            .build()
            .map_err(|error| StoreError::io("cannot start a thread for", "content", &error))?;
        Ok(Self { store, runtime: Some(runtime) })
    }

    pub(super) fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let (store, bytes) = (Arc::clone(&self.store), bytes.to_vec());
        self.wait(async move { put(&*store, bytes).await })
    }

    pub(super) fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let (store, digest) = (Arc::clone(&self.store), *digest);
        self.wait(async move { get(&*store, &digest).await })
    }

    pub(super) fn contains(&self, digest: &Digest) -> Result<bool, StoreError> {
        let (store, digest) = (Arc::clone(&self.store), *digest);
        self.wait(async move { Ok(entry(&*store, &digest).await?.is_some()) })
    }

    pub(super) fn list(&self) -> Result<Vec<Digest>, StoreError> {
        let store = Arc::clone(&self.store);
        self.wait(async move { list(&*store).await })
    }

    pub(super) fn remove(&self, digest: &Digest) -> Result<bool, StoreError> {
        let (store, digest) = (Arc::clone(&self.store), *digest);
        self.wait(async move { remove(&*store, &digest).await })
    }

    /// What `asked` gives. Works on every thread, also on one that must not begin a runtime.
    fn wait<T: Send + 'static>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ended = || StoreError::Backend { detail: "fetching content was broken off".to_owned() };
        let runtime = self.runtime.as_ref().ok_or_else(ended)?;
        let (told, heard) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            // Whoever asked waits; there is room for the answer.
            let _ = told.send(asked.await);
        });
        heard.recv().map_err(|_| ended())?
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        // Nothing is under way: whoever waits holds this. To wait for the thread could hold up
        // another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn put(store: &dyn Store, bytes: Vec<u8>) -> Result<Digest, StoreError> {
    let digest = Digest::of(&bytes);
    if matches!(get(store, &digest).await, Ok(Some(_))) {
        return Ok(digest);
    }
    let size = store.max_value_bytes();
    let pieces = bytes.chunks(size).map(<[u8]>::to_vec).enumerate();
    let mut written = stream::iter(pieces)
        .map(|(number, piece)| async move {
            let op = Op::put(piece_key(&digest, number as u64)?, piece, Expect::Any);
            write(store, op).await
        })
        .buffer_unordered(AT_ONCE);
    while let Some(outcome) = written.next().await {
        outcome?;
    }
    let entry = Entry { digest, pieces: bytes.len().div_ceil(size) as u64 };
    write(store, Op::put_value(entry_key(&digest)?, &entry, Expect::Any)?).await?;
    Ok(digest)
}

async fn get(store: &dyn Store, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(Entry { pieces, .. }) = entry(store, digest).await? else { return Ok(None) };
    let damaged = || StoreError::BlobDamaged {
        digest: *digest,
        place: format!("rows of partition {}", piece_part(digest)),
    };
    let mut read = stream::iter(0..pieces)
        .map(|number| async move {
            let key = piece_key(digest, number)?;
            patiently(|| store.get(&key)).await
        })
        .buffered(AT_ONCE);
    let mut bytes = Vec::new();
    while let Some(row) = read.next().await {
        bytes.extend_from_slice(&row?.ok_or_else(damaged)?.value);
    }
    if Digest::of(&bytes) == *digest { Ok(Some(bytes)) } else { Err(damaged()) }
}

async fn list(store: &dyn Store) -> Result<Vec<Digest>, StoreError> {
    let mut query = Query::new(Part::new(INDEX)?);
    let mut digests = Vec::new();
    loop {
        let page = patiently(|| store.query(&query)).await?;
        for row in page.rows {
            digests.push(decode::<Entry>(&row.value)?.digest);
        }
        query.cursor = page.next;
        if query.cursor.is_none() {
            digests.sort_unstable();
            return Ok(digests);
        }
    }
}

async fn remove(store: &dyn Store, digest: &Digest) -> Result<bool, StoreError> {
    let entry = entry(store, digest).await?;
    // First what makes it content; the pieces by themselves are nothing.
    write(store, Op::delete(entry_key(digest)?, Expect::Any)).await?;
    for number in 0..entry.as_ref().map_or(0, |entry| entry.pieces) {
        write(store, Op::delete(piece_key(digest, number)?, Expect::Any)).await?;
    }
    Ok(entry.is_some())
}

async fn entry(store: &dyn Store, digest: &Digest) -> Result<Option<Entry>, StoreError> {
    let key = entry_key(digest)?;
    Ok(patiently(|| get_value::<Entry>(store, &key)).await?.map(|typed| typed.value))
}

async fn write(store: &dyn Store, op: Op) -> Result<(), StoreError> {
    // A name for this write alone: what was removed meanwhile may be written again.
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| StoreError::Refused {
        detail: format!("the system gives no random bytes: {error}"),
    })?;
    let token = CommitToken::new(format!("blob/{}", hex::encode(nonce)))?;
    let ops = [op];
    patiently(|| async {
        match store.commit(&ops, &token).await {
            Ok(_) => Ok(()),
            Err(CommitError::Failed(error)) => Err(error),
            // Nothing was expected.
            Err(CommitError::Conflict(conflict)) => {
                Err(StoreError::Backend { detail: conflict.to_string() })
            }
        }
    })
    .await
}

/// Asks again what may be answered later: nobody is on the phone, and content is large.
async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match ask().await {
            Err(StoreError::Busy { .. } | StoreError::Backend { .. }) if tries > 0 => {
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

/// Whether content is in the row with this key.
pub(crate) fn is_row(key: &Key) -> bool {
    let part = key.part().as_str();
    part == INDEX || part.starts_with(PIECES)
}

/// The partition that lists all content.
const INDEX: &str = "blobs";
/// What the partition of one content's pieces begins with.
const PIECES: &str = "blob/";

fn entry_key(digest: &Digest) -> Result<Key, StoreError> {
    Key::new(&Part::new(INDEX)?, Sort::text(&digest.hex()))
}

fn piece_part(digest: &Digest) -> String {
    format!("{PIECES}{}", digest.hex())
}

fn piece_key(digest: &Digest, number: u64) -> Result<Key, StoreError> {
    Key::new(&Part::new(piece_part(digest))?, Sort::number(number))
}
