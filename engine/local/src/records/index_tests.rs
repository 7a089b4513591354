//! A record is found by what its collection's indexes say of it, by nothing else, and as long as it
//! says so; whatever is stored, written over, removed or declared anew.

use std::collections::BTreeMap;

use dialgraph_base::index::{Index, IndexKind, Indexes};
use dialgraph_base::phone::Country;
use dialgraph_store::{Keyring, ManualClock, MemoryStore, Sealed};
use serde_json::json;

use super::tests::{NOW, caller, get, memory, put};
use super::*;

pub(super) fn index(kind: IndexKind, fields: &[&str]) -> Index {
    Index { kind, fields: fields.iter().map(|field| (*field).to_owned()).collect() }
}

pub(super) fn indexes() -> Indexes {
    let customers = [
        ("account", index(IndexKind::Exact, &["account"])),
        ("both", index(IndexKind::Exact, &["part", "level"])),
        ("name", index(IndexKind::Name, &["name", "aliases"])),
        ("phone", index(IndexKind::Phone, &["contacts.phone"])),
    ];
    Indexes {
        collections: BTreeMap::from([(
            "customers".to_owned(),
            customers.into_iter().map(|(name, index)| (name.to_owned(), index)).collect(),
        )]),
        country: Country::of("KR"),
    }
}

pub(super) fn indexed(store: &Arc<dyn Store>, indexes: Indexes) -> LocalRecords {
    LocalRecords::new(Arc::clone(store), ["customers".to_owned()]).with_indexes(Arc::new(indexes))
}

pub(super) async fn desk(store: &Arc<dyn Store>) -> LocalRecords {
    let records = indexed(store, indexes());
    records.build_indexes("customers", NOW).await.unwrap();
    records
}

pub(super) fn search(index: &str, values: &[Value]) -> Search {
    Search {
        collection: "customers".into(),
        index: index.into(),
        values: values.to_vec(),
        limit: 100,
        cursor: None,
        source: Source::Current,
    }
}

pub(super) async fn keys(records: &LocalRecords, index: &str, values: &[Value]) -> Vec<String> {
    let page = records.search(&caller(""), &search(index, values)).await.unwrap();
    assert!(page.complete && page.next.is_none());
    page.hits.into_iter().map(|hit| hit.record.key).collect()
}

pub(super) async fn write(records: &LocalRecords, key: &str, data: Value) {
    let once = format!("{key}/{data}");
    records.put(&caller(&once), &put(key, data, Expectation::Any)).await.unwrap();
}

/// Rows of the store under the indexes of the collection.
pub(super) async fn rows(store: &Arc<dyn Store>) -> usize {
    let page = store.query(&Query::new(index::part("customers").unwrap()).limit(1000)).await;
    page.unwrap().rows.len()
}

#[tokio::test]
async fn a_record_is_found_by_each_of_its_indexes() {
    let store = memory();
    let records = desk(&store).await;
    write(
        &records,
        "a",
        json!({
            "account": "111122223333", "name": "(주)한빛가상", "aliases": ["Hanbit", "한빛클라우드"],
            "contacts": [{"phone": "010-0000-0101"}, {"phone": "+82 2 0000 0102"}, {}],
            "part": "Leaf", "level": 1,
        }),
    )
    .await;
    write(&records, "b", json!({"account": 7, "part": "Leaf", "level": 2, "name": null})).await;
    write(&records, "c", json!({"account": 9_007_199_254_740_993_u64, "name": ""})).await;
    for (index, values, wanted) in [
        ("account", vec![json!("111122223333")], vec!["a"]),
        ("account", vec![json!("1111-2222-3333")], vec![]),
        ("account", vec![json!(7.0)], vec!["b"]),
        ("account", vec![json!("7")], vec![]),
        ("account", vec![json!(9_007_199_254_740_993_u64)], vec!["c"]),
        ("account", vec![json!(9_007_199_254_740_992_u64)], vec![]),
        ("both", vec![json!("Leaf"), json!(1)], vec!["a"]),
        ("both", vec![json!("Leaf"), json!(3)], vec![]),
        ("phone", vec![json!("+821000000101")], vec!["a"]),
        ("phone", vec![json!("anonymous"), json!("02-0000-0102")], vec!["a"]),
        ("phone", vec![json!("anonymous")], vec![]),
        ("name", vec![json!("주식회사 한빛 가상")], vec!["a"]),
        ("name", vec![json!("hanbit inc.")], vec!["a"]),
        ("name", vec![json!("한빛클라우드")], vec!["a"]),
        // Similar: a slip of the ear, the beginning.
        ("name", vec![json!("한빚가상")], vec!["a"]),
        ("name", vec![json!("한빛")], vec!["a"]),
        ("name", vec![json!("달빛물류"), json!("!?")], vec![]),
    ] {
        assert_eq!(keys(&records, index, &values).await, wanted, "{index} {values:?}");
    }
    let page = records.search(&caller(""), &search("name", &[json!("한빚가상")])).await.unwrap();
    assert!(page.hits[0].score < 1.0);
    let refused = async |index: &str, values: &[Value]| {
        records.search(&caller(""), &search(index, values)).await.unwrap_err().to_string()
    };
    insta::assert_snapshot!(refused("nmae", &[]).await, @"unknown-index: collection `customers` has no index `nmae`; known: account, both, name, phone; declare it under `collections: customers: indexes:` in dialgraph.yaml");
    insta::assert_snapshot!(refused("both", &[json!("Leaf")]).await, @"bad-value: the index goes by 2 fields, but 1 values are looked for; give one for each field");
    insta::assert_snapshot!(refused("phone", &[json!(1)]).await, @"bad-value: an index of numbers or names is searched for texts");
}

#[tokio::test]
async fn what_a_record_no_longer_says_leads_to_it_no_longer() {
    let store = memory();
    let records = desk(&store).await;
    write(&records, "a", json!({"account": "1", "name": "한빛가상", "part": "x", "level": 1}))
        .await;
    let before = rows(&store).await;
    write(&records, "a", json!({"account": "2", "name": "달빛물류"})).await;
    assert!(keys(&records, "account", &[json!("1")]).await.is_empty());
    assert!(keys(&records, "name", &[json!("한빛가상")]).await.is_empty());
    assert_eq!(keys(&records, "account", &[json!("2")]).await, ["a"]);
    assert_eq!(keys(&records, "name", &[json!("달빛물류")]).await, ["a"]);
    assert_eq!(rows(&store).await, before - 1, "the row of `both` went");
    let delete =
        Delete { collection: "customers".into(), key: "a".into(), expect: Expectation::Any };
    records.delete(&caller("gone"), &delete).await.unwrap();
    assert!(keys(&records, "account", &[json!("2")]).await.is_empty());
    assert_eq!(rows(&store).await, 0);
}

#[tokio::test]
async fn whoever_does_not_declare_an_index_serves_it_all_the_same() {
    let store = memory();
    let records = desk(&store).await;
    let earlier = LocalRecords::new(Arc::clone(&store), ["customers".to_owned()]);
    write(&earlier, "a", json!({"account": "1"})).await;
    assert_eq!(keys(&records, "account", &[json!("1")]).await, ["a"]);
    earlier
        .seed("customers", &BTreeMap::from([("b".to_owned(), json!({"account": "1"}))]), NOW)
        .await
        .unwrap();
    assert_eq!(keys(&records, "account", &[json!("1")]).await, ["a", "b"]);
}

#[tokio::test]
async fn an_index_that_is_declared_later_is_built_from_what_is_there() {
    let store = memory();
    let plain = LocalRecords::new(Arc::clone(&store), ["customers".to_owned()]);
    for n in 0..700 {
        write(&plain, &format!("c-{n:03}"), json!({"account": format!("{}", n / 2)})).await;
    }
    let records = indexed(&store, indexes());
    let error = records.search(&caller(""), &search("account", &[json!("1")])).await.unwrap_err();
    insta::assert_snapshot!(error, @"index-not-built: index `account` of collection `customers` is not built yet");
    assert_eq!(records.build_indexes("customers", NOW).await.unwrap(), 700);
    assert_eq!(records.build_indexes("customers", NOW).await.unwrap(), 0);
    assert_eq!(keys(&records, "account", &[json!("349")]).await, ["c-698", "c-699"]);
    // Declared anew by another field, its rows are others.
    let mut other = indexes();
    let customers = other.collections.get_mut("customers").unwrap();
    customers.insert("account".to_owned(), index(IndexKind::Exact, &["number"]));
    let renamed = indexed(&store, other);
    assert_eq!(renamed.build_indexes("customers", NOW).await.unwrap(), 700);
    assert!(keys(&renamed, "account", &[json!("349")]).await.is_empty());
    assert_eq!(keys(&records, "account", &[json!("349")]).await.len(), 2, "an earlier release");
}

#[tokio::test]
async fn however_often_an_index_is_declared_anew_the_last_finds_all_and_few_stay() {
    let store = memory();
    let first = desk(&store).await;
    write(&first, "a", json!({"name": "한빛가상", "aliases": ["달빛물류"], "account": "1"})).await;
    let mut last = first;
    for n in 0..12 {
        let mut declared = indexes();
        let customers = declared.collections.get_mut("customers").unwrap();
        let field = format!("other_{n}");
        customers.insert("name".into(), index(IndexKind::Name, &["name", "aliases", &field]));
        last = indexed(&store, declared);
        last.build_indexes("customers", NOW).await.unwrap();
    }
    assert_eq!(keys(&last, "name", &[json!("한빚가상")]).await, ["a"]);
    assert_eq!(keys(&last, "name", &[json!("달빛물루")]).await, ["a"]);
    let state = last.state("customers").await.unwrap().unwrap();
    assert_eq!(state.kept.len(), indexes().collections["customers"].len() + 8);
    assert!(rows(&store).await <= index::MAX_ENTRIES);
}

#[tokio::test]
async fn pages_hold_all_that_fits_once() {
    let store = memory();
    let records = desk(&store).await;
    for n in 0..57 {
        write(
            &records,
            &format!("c-{n:03}"),
            json!({"account": "1", "name": format!("한빛가상 {n}")}),
        )
        .await;
    }
    for index in ["account", "name"] {
        let value = if index == "account" { json!("1") } else { json!("한빛가상") };
        let mut all = Vec::new();
        let mut page = search(index, &[value]);
        page.limit = 10;
        loop {
            let found = records.search(&caller(""), &page).await.unwrap();
            assert!(found.hits.len() <= 10 && found.complete);
            all.extend(found.hits.into_iter().map(|hit| hit.record.key));
            page.cursor = found.next;
            if page.cursor.is_none() {
                break;
            }
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 57, "{index}");
    }
    let mut wrong = search("account", &[json!("1")]);
    wrong.cursor = Some("?".to_owned());
    let error = records.search(&caller(""), &wrong).await.unwrap_err();
    insta::assert_snapshot!(error, @"bad-cursor: `?` is no cursor of this search; give `next` of the page before");
}

#[tokio::test]
async fn pages_of_several_values_lose_none() {
    let store = memory();
    let records = desk(&store).await;
    for n in 0..40 {
        let phone = ["010-0000-0101", "010-0000-0102"][usize::from(n % 3 == 0)];
        write(&records, &format!("c-{n:02}"), json!({"contacts": {"phone": phone}})).await;
    }
    let mut all = Vec::new();
    let mut page = search("phone", &[json!("01000000101"), json!("01000000102")]);
    page.limit = 7;
    loop {
        let found = records.search(&caller(""), &page).await.unwrap();
        all.extend(found.hits.into_iter().map(|hit| hit.record.key));
        page.cursor = found.next;
        if page.cursor.is_none() {
            break;
        }
    }
    assert_eq!(all, (0..40).map(|n| format!("c-{n:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn lists_that_multiply_beyond_the_limit_are_refused() {
    let store = memory();
    let records = desk(&store).await;
    let many: Vec<usize> = (0..30).collect();
    let wide = put("a", json!({"part": many, "level": many}), Expectation::Any);
    let error = records.put(&caller("1"), &wide).await.unwrap_err();
    assert_eq!(&*error.code, "too-many-index-entries");
}

#[tokio::test]
async fn more_similar_names_than_are_compared_are_not_called_all() {
    let store = memory();
    let records = desk(&store).await;
    for n in 0..80 {
        write(&records, &format!("c-{n:03}"), json!({"name": format!("한빛{n}")})).await;
    }
    let page = records.search(&caller(""), &search("name", &[json!("한빛")])).await.unwrap();
    assert!(!page.complete && !page.hits.is_empty());
}

#[tokio::test]
async fn names_within_what_was_said_come_in_pages_as_all_others() {
    let store = memory();
    let records = desk(&store).await;
    for n in 0..5 {
        write(&records, &format!("c-{n}"), json!({"name": "가온누리미르한"})).await;
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = Search {
            limit: 2,
            cursor: cursor.take(),
            ..search("name", &[json!("영업팀가온누리미르한")])
        };
        let page = records.search(&caller(""), &page).await.unwrap();
        assert!(page.complete);
        found.extend(page.hits.into_iter().map(|hit| hit.record.key));
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(found, ["c-0", "c-1", "c-2", "c-3", "c-4"]);
}

#[tokio::test]
async fn of_many_names_each_is_found_as_a_whole_and_too_many_are_refused() {
    let store = memory();
    let records = desk(&store).await;
    let names = |count| (0..count).map(|n| format!("이름{n}번 회사")).collect::<Vec<_>>();
    write(&records, "a", json!({"aliases": names(40)})).await;
    assert_eq!(rows(&store).await, index::MAX_ENTRIES);
    for name in names(40) {
        assert_eq!(keys(&records, "name", &[json!(name)]).await, ["a"], "{name}");
    }
    write(&records, "a", json!({"aliases": names(3)})).await;
    assert_eq!(keys(&records, "name", &[json!("이룸2번 회사")]).await, ["a"]);
    let many = put("b", json!({"aliases": names(60)}), Expectation::Any);
    let error = records.put(&caller("1"), &many).await.unwrap_err();
    assert_eq!((error.kind, &*error.code), (HostErrorKind::Invalid, "too-many-index-entries"));
    assert_eq!(records.get(&caller(""), &get("b", Source::Current)).await.unwrap(), None);
}

#[tokio::test]
async fn a_sealed_store_shows_neither_numbers_nor_names() {
    let inside: Arc<dyn Store> =
        Arc::new(MemoryStore::new(Arc::new(ManualClock::new(UnixMillis(NOW.0)))));
    let ring = Keyring::parse(&"5a".repeat(32), "test").unwrap();
    let store: Arc<dyn Store> = Arc::new(Sealed::open(Arc::clone(&inside), ring).await.unwrap());
    let records = desk(&store).await;
    write(
        &records,
        "a",
        json!({"account": "111122223333", "name": "Hanbit", "contacts": {"phone": "010-0000-0101"}}),
    )
    .await;
    assert_eq!(keys(&records, "phone", &[json!("010 0000 0101")]).await, ["a"]);
    let part = index::part("customers").unwrap();
    for part in [part, index::state_key("customers").unwrap().part().clone()] {
        for row in inside.query(&Query::new(part)).await.unwrap().rows {
            let shown = [row.key.sort().as_bytes(), &row.value].concat();
            for secret in ["111122223333", "hanbit", "1000000101", "00000101"] {
                let bytes = secret.as_bytes();
                assert!(!shown.windows(bytes.len()).any(|found| found == bytes), "{secret}");
            }
        }
    }
}

/// A store that counts the reads of records.
struct Counted {
    inner: Arc<dyn Store>,
    records: std::sync::atomic::AtomicUsize,
}

#[async_trait]
impl Store for Counted {
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        let is_record = key.part().as_str().starts_with(PART);
        self.records.fetch_add(usize::from(is_record), std::sync::atomic::Ordering::Relaxed);
        self.inner.get(key).await
    }

    async fn commit(&self, ops: &[Op], token: &CommitToken) -> Result<Committed, CommitError> {
        self.inner.commit(ops, token).await
    }

    async fn query(&self, query: &Query) -> Result<dialgraph_store::Page, StoreError> {
        self.inner.query(query).await
    }
}

#[tokio::test]
async fn of_many_similar_names_only_the_records_that_are_given_out_are_read() {
    let counted = Arc::new(Counted { inner: memory(), records: 0.into() });
    let store: Arc<dyn Store> = Arc::clone(&counted) as Arc<dyn Store>;
    let records = desk(&store).await;
    for n in 0..60 {
        write(&records, &format!("c-{n:03}"), json!({"name": format!("한빛가상 {n}")})).await;
    }
    write(&records, "best", json!({"name": "한빛가상물류"})).await;
    let before = counted.records.load(std::sync::atomic::Ordering::Relaxed);
    let mut page = search("name", &[json!("한빛가상물뉴")]);
    page.limit = 3;
    let found = records.search(&caller(""), &page).await.unwrap();
    assert_eq!(found.hits[0].record.key, "best");
    assert!(found.complete && found.next.is_some());
    let read = counted.records.load(std::sync::atomic::Ordering::Relaxed) - before;
    assert_eq!(read, 3);
}

/// What the rows of the index of names say, in the order of their keys.
pub(super) async fn said(store: &Arc<dyn Store>) -> BTreeSet<Vec<String>> {
    let page = store.query(&Query::new(index::part("customers").unwrap()).limit(1000)).await;
    let rows = page.unwrap().rows.into_iter();
    rows.map(|row| decode::<index::IndexRow>(&row.value).unwrap().names).collect()
}

#[tokio::test]
async fn rows_say_the_names_of_their_record_whoever_changes_them() {
    let store = memory();
    let records = desk(&store).await;
    let one = |name: &str| BTreeSet::from([vec![name.to_owned()]]);
    write(&records, "a", json!({"name": "(주)한빛가상"})).await;
    assert_eq!(said(&store).await, one("한빛가상"));
    // The beginning is the same, and so are some rows.
    write(&records, "a", json!({"name": "한빛가산"})).await;
    assert_eq!(said(&store).await, one("한빛가산"));
    let rows = [ImportRow { key: "a".into(), data: json!({"name": "한빛가나"}) }];
    records.import("customers", &rows, NOW, ImportMode::default()).await.unwrap();
    assert_eq!(said(&store).await, one("한빛가나"));
    let written = beside::write(&*store, "customers", "a", Some(json!({"name": "한빛가다"})), NOW);
    let token = CommitToken::new("beside").unwrap();
    store.commit(&written.await.unwrap(), &token).await.unwrap();
    assert_eq!(said(&store).await, one("한빛가다"));
    // What is as it was is not written.
    let page = async || store.query(&Query::new(index::part("customers").unwrap())).await.unwrap();
    let before = page().await;
    write(&records, "a", json!({"name": "한빛가다", "level": 2})).await;
    assert_eq!(page().await, before);
    // What is too long is asked of the record.
    let long = format!("한빛{}", "가".repeat(200));
    write(&records, "a", json!({"name": long})).await;
    assert_eq!(said(&store).await, BTreeSet::from([Vec::new()]));
    assert_eq!(keys(&records, "name", &[json!("한빛")]).await, ["a"]);
    assert_eq!(index_faults(&store, false).await, Vec::<String>::new());
}

pub(super) async fn index_faults(store: &Arc<dyn Store>, repair: bool) -> Vec<String> {
    let found = verify_indexes(store.as_ref(), repair, &|_| {}).await;
    let found = if repair { found.repaired } else { found.findings };
    found.into_iter().map(|one| one.what).collect()
}

#[tokio::test]
async fn a_row_that_says_another_name_is_told_and_put_right() {
    let store = memory();
    let records = desk(&store).await;
    write(&records, "a", json!({"name": "한빛가상"})).await;
    let page = store.query(&Query::new(index::part("customers").unwrap())).await.unwrap();
    let other = encode(&index::IndexRow { names: vec!["달빛물류".to_owned()] }).unwrap();
    let op = Op::put(page.rows[0].key.clone(), other, Expect::Any);
    store.commit(&[op], &CommitToken::new("damage").unwrap()).await.unwrap();
    assert_eq!(index_faults(&store, true).await.len(), 1);
    assert_eq!(index_faults(&store, false).await, Vec::<String>::new());
    assert_eq!(said(&store).await, BTreeSet::from([vec!["한빛가상".to_owned()]]));
}
