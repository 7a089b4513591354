//! Every machine that shares a store has its content whole, and sealed where the store is; content
//! that is damaged is never handed out, and is healed by storing it again.

use async_trait::async_trait;

use super::*;
use crate::clock::ManualClock;
use crate::error::CommitError;
use crate::key::{Key, Part, Sort};
use crate::memory::MemoryStore;
use crate::seal::{Keyring, Sealed};
use crate::store::{CommitToken, Committed, Expect, Op, Page, Query, Row};

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Arc::new(ManualClock::default())))
}

/// Another machine with the same store.
fn machine(store: &Arc<dyn Store>) -> (tempfile::TempDir, Blobs) {
    let near = tempfile::tempdir().unwrap();
    let blobs = Blobs::in_rows(Arc::clone(store), near.path()).unwrap();
    (near, blobs)
}

fn large() -> Vec<u8> {
    (0..300_000u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect()
}

fn piece(digest: &Digest, number: u64) -> Key {
    let part = Part::new(format!("blob/{}", digest.hex())).unwrap();
    Key::new(&part, Sort::number(number)).unwrap()
}

fn write(store: &Arc<dyn Store>, op: Op, token: &str) {
    let token = CommitToken::new(token).unwrap();
    futures::executor::block_on(store.commit(&[op], &token)).unwrap();
}

#[test]
fn what_one_machine_stores_another_has_whole() {
    let store = memory();
    let ((_a, one), (_b, other)) = (machine(&store), machine(&store));
    let mut digests = [one.put(b"").unwrap(), one.put(&large()).unwrap()];
    assert_eq!(other.get(&digests[0]).unwrap().unwrap(), b"");
    assert_eq!(other.get(&digests[1]).unwrap().unwrap(), large());
    assert!(other.contains(&digests[1]).unwrap());
    digests.sort_unstable();
    assert_eq!(other.list().unwrap(), digests);
    assert_eq!(other.get(&Digest::of(b"nobody's")).unwrap(), None);
}

#[test]
fn in_a_sealed_store_content_is_sealed_too() {
    let inner = memory();
    let ring = Keyring::parse(&"5a".repeat(32), "test").unwrap();
    let sealed = futures::executor::block_on(Sealed::open(Arc::clone(&inner), ring)).unwrap();
    let store: Arc<dyn Store> = Arc::new(sealed);
    let ((_a, one), (_b, other)) = (machine(&store), machine(&store));
    let digest = one.put(&large()).unwrap();
    assert_eq!(other.get(&digest).unwrap().unwrap(), large());
    let stored = futures::executor::block_on(inner.get(&piece(&digest, 0))).unwrap().unwrap();
    assert_ne!(stored.value[..100], large()[..100]);
}

#[test]
fn what_is_removed_is_gone_and_can_be_stored_again() {
    let store = memory();
    let ((_a, one), (_b, other)) = (machine(&store), machine(&store));
    let digest = one.put(&large()).unwrap();
    assert!(one.remove(&digest).unwrap());
    assert!(!one.remove(&digest).unwrap());
    assert_eq!(other.get(&digest).unwrap(), None);
    assert_eq!(other.list().unwrap(), []);
    one.put(&large()).unwrap();
    assert_eq!(other.get(&digest).unwrap().unwrap(), large());
}

#[test]
fn changed_or_missing_rows_are_not_handed_out_and_are_healed_by_storing_again() {
    let store = memory();
    let (_a, one) = machine(&store);
    let digest = one.put(&large()).unwrap();
    for (n, op) in [
        Op::put(piece(&digest, 1), "wrong", Expect::Any),
        Op::delete(piece(&digest, 2), Expect::Any),
    ]
    .into_iter()
    .enumerate()
    {
        write(&store, op, &format!("damage {n}"));
        let (_b, other) = machine(&store);
        assert!(matches!(other.get(&digest), Err(StoreError::BlobDamaged { .. })));
        one.put(&large()).unwrap();
        assert_eq!(other.get(&digest).unwrap().unwrap(), large());
    }
}

#[test]
fn what_lies_near_is_not_fetched_again_and_is_healed_when_it_is_damaged() {
    let store = memory();
    let (near, one) = machine(&store);
    let digest = one.put(&large()).unwrap();
    // Without its rows it can only come from the folder.
    for number in 0..5 {
        write(&store, Op::delete(piece(&digest, number), Expect::Any), &format!("{number}"));
    }
    assert_eq!(one.get(&digest).unwrap().unwrap(), large());

    let digest = one.put(b"small").unwrap();
    let hex = digest.hex();
    let file = near.path().join("sha256").join(&hex[..2]).join(&hex);
    std::fs::write(&file, "changed").unwrap();
    assert_eq!(one.get(&digest).unwrap().unwrap(), b"small");
    assert_eq!(std::fs::read(&file).unwrap(), b"small");
}

#[test]
fn a_machine_where_nothing_can_be_written_fetches_everything() {
    let store = memory();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let blobs = Blobs::in_rows(store, file.join("near")).unwrap();
    let digest = blobs.put(&large()).unwrap();
    assert_eq!(blobs.get(&digest).unwrap().unwrap(), large());
}

/// A store that needs the clock and the tasks of whichever runtime asks it, as a remote one does.
struct Remote(MemoryStore);

impl Remote {
    async fn travel() {
        let trip = tokio::spawn(tokio::time::sleep(std::time::Duration::from_millis(1)));
        trip.await.unwrap();
    }
}

#[async_trait]
impl Store for Remote {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        Self::travel().await;
        self.0.get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        Self::travel().await;
        self.0.commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        Self::travel().await;
        self.0.query(query).await
    }
}

#[test]
fn content_can_be_had_on_every_kind_of_thread() {
    let store: Arc<dyn Store> =
        Arc::new(Remote(MemoryStore::new(Arc::new(ManualClock::default()))));
    let (_a, near) = machine(&store);
    let digest = near.put(&large()).unwrap();
    let fetch = move |store: &Arc<dyn Store>| {
        let (_b, blobs) = machine(store);
        assert_eq!(blobs.get(&digest).unwrap().unwrap(), large());
    };
    fetch(&store);
    for mut builder in
        [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()]
    {
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let inside = Arc::clone(&store);
            tokio::task::spawn_blocking(move || fetch(&inside)).await.unwrap();
            // It holds up this thread, as the docs say, but neither panics nor waits for ever.
            fetch(&store);
        });
    }
}
