//! A store that moves to DynamoDB and back: the rows are the same in the end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dialgraph_aws::connection;
use dialgraph_aws::dynamodb::{DynamoStore, Limits, create_table};
use dialgraph_stand_ins::StandIn;
use dialgraph_store::{
    Backend, Blobs, CommitToken, Expect, Exported, Imported, Key, ManualClock, Op, Part, Position,
    SledOptions, SledStore, Sort, Target, UnixMillis, export, import,
};

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
const PATIENT: Limits =
    Limits { attempt: Duration::from_secs(60), operation: Duration::from_secs(120) };

fn sled(folder: &Path, name: &str) -> SledStore {
    let clock = Arc::new(ManualClock::new(NOW));
    SledStore::open(folder.join(name), clock, &SledOptions::default()).unwrap()
}

fn blobs(folder: &Path, name: &str) -> Blobs {
    Blobs::open(folder.join(format!("{name}-content"))).unwrap()
}

async fn fill(store: &dyn Backend) {
    for part in 0..4u64 {
        let ops: Vec<Op> = (0..20u64)
            .map(|n| {
                let part = Part::new(format!("part/{part}")).unwrap();
                let key = Key::new(&part, Sort::text("row").then_number(n)).unwrap();
                match n {
                    0 => Op::put(key, "긴 값 ".repeat(5_000), Expect::Absent),
                    1 => Op::put(key, vec![0xff, 0, 7], Expect::Absent),
                    2 => Op::put_until(key, "for an hour", Expect::Absent, NOW.plus(3_600_000)),
                    _ => Op::put(key, format!("value {n}"), Expect::Absent),
                }
            })
            .collect();
        store.commit(&ops, &CommitToken::new(format!("fill/{part}")).unwrap()).await.unwrap();
    }
}

async fn exported(store: &dyn Backend, blobs: &Blobs) -> (Vec<u8>, Exported) {
    let mut file = Vec::new();
    let told = export(store, blobs, &mut file, Position::default(), &mut |_| {}).await.unwrap();
    (file, told)
}

async fn imported(file: &[u8], backend: &dyn Backend, blobs: &Blobs) -> Imported {
    let target = Target { backend, store: backend, keys: &[], blobs, now: NOW };
    import(&target, || Ok(file), &mut |_| {}).await.unwrap()
}

#[tokio::test]
async fn what_goes_to_dynamodb_and_back_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let moto = StandIn::moto();
    let connection = connection::stand_in(&moto.url());
    create_table(&connection, "moved").await.unwrap();
    let table = DynamoStore::new(&connection, "moved", Arc::new(ManualClock::new(NOW)), PATIENT);

    let (first, content) = (sled(folder.path(), "a"), blobs(folder.path(), "a"));
    fill(&first).await;
    content.put(&vec![7; 100_000]).unwrap();
    let (file, told) = exported(&first, &content).await;
    assert_eq!((told.rows, told.blobs), (80, 1));

    let between = blobs(folder.path(), "between");
    assert_eq!(imported(&file, &table, &between).await.written, 80);
    let again = imported(&file, &table, &between).await;
    assert_eq!((again.written, again.present), (0, 80));
    let (file, in_the_table) = exported(&table, &between).await;
    assert_eq!(in_the_table, told);

    let (last, content) = (sled(folder.path(), "b"), blobs(folder.path(), "b"));
    imported(&file, &last, &content).await;
    assert_eq!(exported(&last, &content).await.1, told);
}
