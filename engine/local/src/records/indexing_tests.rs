//! Indexes are built whatever the records are, and what cannot be built changes nothing.

use std::collections::BTreeMap;

use dialgraph_base::index::IndexKind;
use serde_json::json;

use super::index::KeptIndex;
use super::index_tests::{desk, index, index_faults, indexed, indexes, keys, rows, said, write};
use super::indexing::OUTLIVED;
use super::tests::{NOW, memory};
use super::*;

/// Lets the store hold indexes as an earlier version built them: those of names under other ids.
async fn former(store: &Arc<dyn Store>) {
    let declared = index::all_declared(&indexes(), "customers");
    let mut state = IndexState::new().unwrap();
    let mut told = serde_json::to_value(&state).unwrap();
    told["kept"] = serde_json::to_value(&declared).unwrap();
    for kept in told["kept"].as_array_mut().unwrap() {
        kept["ready"] = json!(true);
        if kept["name"] == "name" {
            kept["id"] = json!("0ld1d0ld");
        }
    }
    state = serde_json::from_value(told).unwrap();
    let op = Op::put(index::state_key("customers").unwrap(), encode(&state).unwrap(), Expect::Any);
    store.commit(&[op], &CommitToken::new("state").unwrap()).await.unwrap();
}

/// So many names that an index can hold them once, and not twice.
fn many() -> Value {
    let aliases: Vec<String> = (0..25).map(|n| format!("alias number {n}")).collect();
    json!({"name": "한빛가상", "aliases": aliases, "account": "1"})
}

/// More than any index can hold.
fn too_many() -> Value {
    let aliases: Vec<String> = (0..50).map(|n| format!("alias number {n}")).collect();
    json!({"name": "달빛물류", "aliases": aliases, "account": "2"})
}

async fn held(records: &LocalRecords) -> Vec<KeptIndex> {
    records.state("customers").await.unwrap().map(|state| state.kept).unwrap_or_default()
}

#[tokio::test]
async fn an_index_that_a_record_does_not_fit_into_is_told_before_and_changes_nothing() {
    let store = memory();
    let mut declared = indexes();
    let name = declared.collections.get_mut("customers").unwrap().remove("name").unwrap();
    let before = indexed(&store, declared.clone());
    before.build_indexes("customers", NOW).await.unwrap();
    write(&before, "a", json!({"name": "한빛가상", "account": "1"})).await;
    write(&before, "b", too_many()).await;
    let (kept, all) = (held(&before).await, rows(&store).await);
    declared.collections.get_mut("customers").unwrap().insert("name".to_owned(), name);
    let after = indexed(&store, declared);
    let told = after.check_indexes("customers", &BTreeMap::new()).await.unwrap_err();
    insta::assert_snapshot!(told, @"indexes of collection `customers`: what does not fit into them: 1 of the records; `b`: the record has 52 values and names in the indexes of its collection; the limit is 45: give it fewer, or the collection fewer indexes");
    assert!(after.build_indexes("customers", NOW).await.is_err());
    assert_eq!((held(&before).await, rows(&store).await), (kept, all));
    // Whoever goes on without it writes what fits then, and finds as before.
    write(&before, "c", too_many()).await;
    assert_eq!(keys(&before, "account", &[json!("2")]).await, ["b", "c"]);
    assert_eq!(index_faults(&store, true).await, Vec::<String>::new());
    // Put right, it is built.
    write(&before, "b", json!({"name": "달빛물류", "account": "2"})).await;
    write(&before, "c", json!({"name": "달빛물류", "account": "3"})).await;
    after.check_indexes("customers", &BTreeMap::new()).await.unwrap();
    assert_eq!(after.build_indexes("customers", NOW).await.unwrap(), 3);
    assert_eq!(keys(&after, "name", &[json!("달빛물류")]).await, ["b", "c"]);
}

#[tokio::test]
async fn a_seed_that_does_not_fit_is_told_also_when_the_index_is_built() {
    let store = memory();
    let records = desk(&store).await;
    let seed = BTreeMap::from([("a".to_owned(), many()), ("z".to_owned(), too_many())]);
    let told = records.check_indexes("customers", &seed).await.unwrap_err().to_string();
    assert!(told.contains("`z`") && !told.contains("`a`"), "{told}");
}

#[tokio::test]
async fn indexes_of_earlier_releases_give_way_to_a_record_that_fits_into_those_of_the_last() {
    let store = memory();
    let first = desk(&store).await;
    write(&first, "a", many()).await;
    let mut declared = indexes();
    let customers = declared.collections.get_mut("customers").unwrap();
    customers.insert("name".into(), index(IndexKind::Name, &["name", "aliases", "other"]));
    let last = indexed(&store, declared);
    last.check_indexes("customers", &BTreeMap::new()).await.unwrap();
    assert_eq!(last.build_indexes("customers", NOW).await.unwrap(), 1);
    assert_eq!(keys(&last, "name", &[json!("alias number 7")]).await, ["a"]);
    // What is not complete is not searched.
    let search = super::index_tests::search("name", &[json!("alias number 7")]);
    let error = first.search(&super::tests::caller(""), &search).await.unwrap_err();
    assert_eq!(error.code, "index-not-built");
    write(&last, "b", many()).await;
    assert_eq!(index_faults(&store, true).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_record_with_room_for_one_format_is_found_in_either_and_refused_in_none() {
    let store = memory();
    former(&store).await;
    let records = indexed(&store, indexes());
    write(&records, "a", many()).await;
    // There is no room for both, so the former one stays.
    assert!(records.renew_indexes("customers", NOW).await.is_err());
    assert_eq!(keys(&records, "name", &[json!("alias number 7")]).await, ["a"]);
    write(&records, "b", many()).await;
    assert_eq!(keys(&records, "name", &[json!("alias number 24")]).await, ["a", "b"]);
    // Without such records there are both, and one that comes later goes into the present one.
    for key in ["a", "b"] {
        write(&records, key, json!({"name": "한빛가상"})).await;
    }
    assert!(records.renew_indexes("customers", NOW).await.unwrap() >= 2);
    write(&records, "c", many()).await;
    assert_eq!(keys(&records, "name", &[json!("alias number 24")]).await, ["c"]);
}

#[tokio::test]
async fn a_store_of_an_earlier_version_is_searched_at_once_and_its_indexes_built_anew() {
    let store = memory();
    former(&store).await;
    let records = indexed(&store, indexes());
    write(&records, "a", json!({"name": "한빛가상", "account": "1"})).await;
    write(&records, "b", json!({"name": "달빛물류", "account": "2"})).await;
    let page = store.query(&Query::new(index::part("customers").unwrap())).await.unwrap();
    let of_names = page.rows.len();
    for (n, row) in page.rows.into_iter().enumerate() {
        let op = Op::put(row.key, &b"index/1 {}"[..], Expect::Any);
        store.commit(&[op], &CommitToken::new(format!("row {n}")).unwrap()).await.unwrap();
    }
    assert_eq!(keys(&records, "name", &[json!("한빚가상")]).await, ["a"]);
    assert_eq!(index_faults(&store, false).await, Vec::<String>::new());
    // Nobody waits for it.
    assert!(records.has_former_indexes("customers").await.unwrap());
    assert_eq!(records.build_indexes("customers", NOW).await.unwrap(), 0);
    assert_eq!(records.renew_indexes("customers", NOW).await.unwrap(), 2);
    assert_eq!(keys(&records, "name", &[json!("한빚가상")]).await, ["a"]);
    assert!(said(&store).await.contains(&vec!["한빛가상".to_owned()]));
    assert!(rows(&store).await > of_names, "processes of the earlier version go on");
    // Once all have this version, the former rows go. When that is, nobody says.
    let later = NOW.after(OUTLIVED);
    assert_eq!(records.renew_indexes("customers", Timestamp(later.0 - 1)).await.unwrap(), 0);
    assert!(rows(&store).await > of_names, "whoever is replaced slowly still finds");
    assert_eq!(records.renew_indexes("customers", later).await.unwrap(), 2);
    assert_eq!(rows(&store).await, of_names);
    assert_eq!(records.renew_indexes("customers", later).await.unwrap(), 0);
    assert!(!records.has_former_indexes("customers").await.unwrap());
    assert_eq!(keys(&records, "name", &[json!("달빛물루")]).await, ["b"]);
    assert_eq!(index_faults(&store, false).await, Vec::<String>::new());
}
