//! Every backend of this crate, tried with the suite that any backend has to pass.

#![allow(clippy::unwrap_used, reason = "a test or benchmark fails by panicking")]

use std::sync::{Arc, Mutex};

use dialgraph_store::conformance::run_all;
use dialgraph_store::{Clock, Keyring, MemoryStore, Sealed, SledOptions, SledStore, Store};

/// Keeps the folders of all stores of a run until its end.
#[derive(Default)]
struct Folders(Mutex<Vec<tempfile::TempDir>>);

impl Folders {
    fn sled(&self, clock: Arc<dyn Clock>) -> SledStore {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path(), clock, &SledOptions::default()).unwrap();
        self.0.lock().unwrap().push(folder);
        store
    }
}

fn ring() -> Keyring {
    Keyring::parse(&"5a".repeat(32), "test").unwrap()
}

#[tokio::test]
async fn memory_conforms() {
    let outcome = run_all(async |clock| Arc::new(MemoryStore::new(clock)) as Arc<dyn Store>).await;
    assert_eq!(outcome, Ok(()));
}

#[tokio::test]
async fn sled_conforms() {
    let folders = Folders::default();
    let outcome = run_all(async |clock| Arc::new(folders.sled(clock)) as Arc<dyn Store>).await;
    assert_eq!(outcome, Ok(()));
}

#[tokio::test]
async fn sealed_memory_conforms() {
    let outcome = run_all(async |clock| {
        Arc::new(Sealed::open(MemoryStore::new(clock), ring()).await.unwrap()) as Arc<dyn Store>
    })
    .await;
    assert_eq!(outcome, Ok(()));
}

#[tokio::test]
async fn sealed_sled_conforms() {
    let folders = Folders::default();
    let outcome = run_all(async |clock| {
        Arc::new(Sealed::open(folders.sled(clock), ring()).await.unwrap()) as Arc<dyn Store>
    })
    .await;
    assert_eq!(outcome, Ok(()));
}
