//! Indexes that records do not fit into: no release goes live for which records are not found, and
//! none that is live stops serving.

use std::sync::Arc;

use dialgraph_base::{Digest, Timestamp};
use dialgraph_deploy::{Change, DeploySettings};
use dialgraph_kernel::ports::records::Put;
use dialgraph_kernel::provider::{Caller, Records as _};
use dialgraph_local::records::LocalRecords;
use dialgraph_store::SledStore;
use serde_json::json;

use crate::shop::{
    PROJECT, allowing, clock, codes, designer, file, process, refused, shop, source, store,
};

/// A project with an index of customers' names.
fn indexed() -> Change {
    let declared = "customers: {seed: data/customers.yaml, indexes: {name: {kind: name, fields: \
                    [name]}}}";
    let project = PROJECT.replace("customers: {seed: data/customers.yaml}", declared);
    assert_ne!(project, PROJECT);
    allowing(file("dialgraph.yaml", project), &[])
}

/// A customer with more names than any index can hold.
async fn put_customer(store: &Arc<SledStore>, key: &str) {
    let records = LocalRecords::new(store.clone(), ["customers".to_owned()]);
    let caller = Caller {
        call_id: "c".into(),
        release: Digest::of(b""),
        locale: "en-US".into(),
        plugin: "p".into(),
        now: Timestamp(0),
        idempotency_key: format!("c/1/{key}").into(),
    };
    let names: Vec<String> = (0..60).map(|n| format!("branch number {n}")).collect();
    let put = Put {
        collection: "customers".into(),
        key: key.into(),
        data: json!({"name": names}),
        expect: Default::default(),
    };
    records.put(&caller, &put).await.unwrap();
}

#[tokio::test]
async fn a_release_whose_indexes_cannot_hold_the_records_that_are_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path()).await;
    put_customer(&shop.store, "c-060").await;
    let before = shop.seen().await;
    let refusal = refused(shop.deploy.push(&designer(), indexed()).await);
    assert_eq!(codes(&refusal), ["bad-data"]);
    let told = refusal.reasons[0].to_string();
    assert!(told.contains("`c-060`") && told.contains("60 values"), "{told}");
    assert_eq!(shop.seen().await, before);
    // Nothing of it keeps others from writing such a record.
    put_customer(&shop.store, "c-061").await;
}

#[tokio::test]
async fn a_live_release_is_served_whatever_was_written_before_its_indexes_were_built() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, settings) = (clock(), DeploySettings::default());
    let store = store(folder.path(), &clock);
    let shop =
        process(folder.path(), &store, &clock, settings.clone(), Some(&source())).await.unwrap();
    let canary = Change { canary: Some(50), ..indexed() };
    shop.deploy.push(&designer(), canary).await.unwrap();
    put_customer(&store, "c-060").await;
    shop.deploy.canary_share(&designer(), 100).await.unwrap();
    shop.deploy.promote(&designer(), None).await.unwrap();
    let live = shop.deploy.status().await.unwrap().live;
    drop(shop);

    let shop = process(folder.path(), &store, &clock, settings, None).await.unwrap();
    assert_eq!(shop.deploy.status().await.unwrap().live, live);
    shop.begin("c-1").await;
    put_customer(&store, "c-061").await;
}
