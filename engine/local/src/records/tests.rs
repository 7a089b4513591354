//! A write happens once by its key and never over a newer version, what was last known serves while
//! a system is down, and a damaged record hides no other.

use std::sync::atomic::{AtomicBool, Ordering};

use dialgraph_base::index::{Index, IndexKind};
use dialgraph_store::{ManualClock, MemoryStore, SledOptions, SledStore};
use serde_json::json;

use std::collections::BTreeMap;

use super::*;

pub(super) const NOW: Timestamp = Timestamp(1_800_000_000_000);

pub(super) fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Arc::new(ManualClock::new(UnixMillis(NOW.0)))))
}

fn records(store: &Arc<dyn Store>) -> LocalRecords {
    LocalRecords::new(Arc::clone(store), ["customers".to_owned()])
}

pub(super) fn caller(key: &str) -> Caller {
    Caller {
        call_id: "c".into(),
        release: dialgraph_base::Digest::of(b"no release"),
        locale: "ko-KR".into(),
        plugin: "p".into(),
        now: NOW,
        idempotency_key: key.into(),
    }
}

pub(super) fn put(key: &str, data: Value, expect: Expectation) -> Put {
    Put { collection: "customers".into(), key: key.into(), data, expect }
}

pub(super) fn get(key: &str, source: Source) -> Get {
    Get { collection: "customers".into(), key: key.into(), source }
}

fn find(matches: &[(&str, Value)], limit: u32) -> Find {
    let matches =
        matches.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect();
    Find { collection: "customers".into(), matches, limit, source: Source::Current }
}

#[tokio::test]
async fn versions_grow_with_every_write_even_over_a_deletion() {
    let store = memory();
    let records = records(&store);
    let write = |key: &'static str, expect| {
        let records = records.clone();
        async move { records.put(&caller(key), &put("a", json!({"n": key}), expect)).await }
    };
    assert_eq!(write("1", Expectation::Absent).await.unwrap().version, 1);
    assert_eq!(write("2", Expectation::Version(1)).await.unwrap().version, 2);
    insta::assert_snapshot!(write("3", Expectation::Version(1)).await.unwrap_err(), @"conflict: the write in records/customers expected version 1 of the record, but there is version 2; read it and decide again");
    insta::assert_snapshot!(write("4", Expectation::Absent).await.unwrap_err(), @"conflict: the write in records/customers expected none of the record, but there is version 2; read it and decide again");
    let delete =
        Delete { collection: "customers".into(), key: "a".into(), expect: Expectation::Any };
    records.delete(&caller("5"), &delete).await.unwrap();
    records.delete(&caller("6"), &delete).await.unwrap();
    assert_eq!(records.get(&caller(""), &get("a", Source::Current)).await.unwrap(), None);
    insta::assert_snapshot!(write("7", Expectation::Version(3)).await.unwrap_err(), @"conflict: the write in records/customers expected version 3 of the record, but there is none; read it and decide again");
    assert_eq!(write("8", Expectation::Absent).await.unwrap().version, 4);
}

#[tokio::test]
async fn a_repeated_write_gets_the_first_answer_and_changes_nothing() {
    let store = memory();
    let records = records(&store);
    let first = put("a", json!({"n": 1}), Expectation::Absent);
    assert_eq!(records.put(&caller("call/1/0"), &first).await.unwrap().version, 1);
    records.put(&caller("call/2/0"), &put("a", json!({"n": 2}), Expectation::Any)).await.unwrap();
    assert_eq!(records.put(&caller("call/1/0"), &first).await.unwrap().version, 1);
    let record = records.get(&caller(""), &get("a", Source::Current)).await.unwrap().unwrap();
    assert_eq!((record.version, record.data), (2, json!({"n": 2})));

    let long = "k".repeat(600);
    records.put(&caller(&long), &put("b", json!({}), Expectation::Any)).await.unwrap();
    let delete =
        Delete { collection: "customers".into(), key: "b".into(), expect: Expectation::Version(1) };
    records.delete(&caller("gone"), &delete).await.unwrap();
    records.delete(&caller("gone"), &delete).await.unwrap();
}

#[tokio::test]
async fn writers_at_once_all_get_through() {
    let store = memory();
    let records = records(&store);
    let keys: Vec<String> = (0..8).map(|n| n.to_string()).collect();
    let callers: Vec<Caller> = keys.iter().map(|key| caller(key)).collect();
    let request = put("a", json!({}), Expectation::Any);
    let all = futures::future::join_all(callers.iter().map(|c| records.put(c, &request))).await;
    let mut versions: Vec<u64> = all.into_iter().map(|written| written.unwrap().version).collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn records_are_found_by_fields_in_the_order_of_keys() {
    let store = memory();
    let records = records(&store);
    for (key, city, n) in [("c", "서울", 1), ("a", "서울", 2), ("b", "부산", 1), ("d", "서울", 3)]
    {
        let data = json!({"address": {"city": city}, "n": n, "a.b": "dotted"});
        records.put(&caller(key), &put(key, data, Expectation::Any)).await.unwrap();
    }
    let keys = |page: Page| page.records.into_iter().map(|r| r.key).collect::<Vec<_>>().join("");
    let seoul = ("address.city", json!("서울"));
    let page = records.find(&caller(""), &find(std::slice::from_ref(&seoul), 2)).await.unwrap();
    assert!(page.more);
    assert_eq!(keys(page), "ac");
    let page = records.find(&caller(""), &find(&[seoul, ("n", json!(1.0))], 100)).await.unwrap();
    assert!(!page.more);
    assert_eq!(keys(page), "c");
    let page = records.find(&caller(""), &find(&[("a.b", json!("dotted"))], 100)).await.unwrap();
    assert_eq!(keys(page), "abcd");
    let page = records.find(&caller(""), &find(&[("n", json!("1"))], 100)).await.unwrap();
    assert_eq!(keys(page), "");
}

#[tokio::test]
async fn keys_keep_every_character() {
    let store = memory();
    let records = records(&store);
    for (n, key) in ["고객/1", "a\0b", "a b", "\u{10ffff}"].into_iter().enumerate() {
        let written = put(key, json!({"n": n}), Expectation::Any);
        records.put(&caller(key), &written).await.unwrap();
        let page = records.find(&caller(""), &find(&[("n", json!(n))], 1)).await.unwrap();
        assert_eq!(page.records[0].key, key);
    }
}

#[tokio::test]
async fn what_breaks_the_rules_is_refused() {
    let store = memory();
    let records = records(&store);
    let mut wrong = put("a", json!({}), Expectation::Any);
    wrong.collection = "orders".into();
    insta::assert_snapshot!(records.put(&caller("1"), &wrong).await.unwrap_err(), @"unknown-collection: there is no collection `orders`; known: customers; declare it under `collections` in dialgraph.yaml");
    let list = put("a", json!([1]), Expectation::Any);
    insta::assert_snapshot!(records.put(&caller("2"), &list).await.unwrap_err(), @"not-an-object: a record in `customers` must be a JSON object");
    let large = put("a", json!({"x": "x".repeat(MAX_RECORD_BYTES)}), Expectation::Any);
    insta::assert_snapshot!(records.put(&caller("3"), &large).await.unwrap_err(), @"too-large: a record in `customers` has 49160 bytes; the limit is 49152");
    let nameless = put("", json!({}), Expectation::Any);
    insta::assert_snapshot!(records.put(&caller("4"), &nameless).await.unwrap_err(), @"bad-key: a record's key has 1 to 256 bytes, this one has 0");
    insta::assert_snapshot!(records.find(&caller("5"), &find(&[], 101)).await.unwrap_err(), @"bad-limit: the limit is 101; it goes from 1 to 100");
}

#[tokio::test]
async fn seeds_are_put_once_and_again_only_where_their_file_changed() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(UnixMillis(NOW.0)));
    let sled = SledStore::open(folder.path(), clock, &SledOptions::default()).unwrap();
    let store: Arc<dyn Store> = Arc::new(sled);
    let records = records(&store);
    let mut file: BTreeMap<String, Value> =
        (0..45).map(|n| (format!("c-{n:03}"), json!({"n": n}))).collect();
    let seed = |file: BTreeMap<String, Value>| {
        let records = records.clone();
        async move { records.seed("customers", &file, NOW).await.unwrap() }
    };
    assert_eq!(seed(file.clone()).await, Seeded { written: 45, kept: 0 });
    assert_eq!(seed(file.clone()).await, Seeded { written: 0, kept: 45 });

    let changed = put("c-001", json!({"n": "by a call"}), Expectation::Version(1));
    records.put(&caller("1"), &changed).await.unwrap();
    let original = file.clone();
    file.insert("c-002".into(), json!({"n": "by the file"}));
    assert_eq!(seed(file.clone()).await, Seeded { written: 1, kept: 44 });
    let read = async |key| {
        records.get(&caller(""), &get(key, Source::Current)).await.unwrap().unwrap().data
    };
    assert_eq!(read("c-001").await, json!({"n": "by a call"}));
    assert_eq!(read("c-002").await, json!({"n": "by the file"}));

    assert_eq!(seed(original).await, Seeded { written: 1, kept: 44 }, "a file that goes back");
    assert_eq!(read("c-002").await, json!({"n": 2}));

    let unknown = records.seed("orders", &file, NOW).await.unwrap_err();
    insta::assert_snapshot!(unknown, @"seed of collection `orders`: there is no collection `orders`; known: customers; declare it under `collections` in dialgraph.yaml");
}

/// Real records that can be switched off.
struct Switch<'a>(LocalRecords, &'a AtomicBool);

impl Switch<'_> {
    fn up(&self) -> Result<&LocalRecords, HostError> {
        let down = self.1.load(Ordering::SeqCst);
        if down { Err(HostError::unavailable("down", "switched off")) } else { Ok(&self.0) }
    }
}

#[async_trait]
impl Records for Switch<'_> {
    async fn get(&self, caller: &Caller, request: &Get) -> Result<Option<Record>, HostError> {
        self.up()?.get(caller, request).await
    }
    async fn find(&self, caller: &Caller, request: &Find) -> Result<Page, HostError> {
        self.up()?.find(caller, request).await
    }
    async fn search(&self, caller: &Caller, request: &Search) -> Result<SearchPage, HostError> {
        self.up()?.search(caller, request).await
    }
    async fn put(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        self.up()?.put(caller, request).await
    }
    async fn delete(&self, caller: &Caller, request: &Delete) -> Result<(), HostError> {
        self.up()?.delete(caller, request).await
    }
}

#[tokio::test]
async fn what_was_read_is_known_when_the_system_is_down() {
    let (store, down) = (memory(), AtomicBool::new(false));
    let (behind, known) =
        (records(&store), LastKnown::new(Switch(records(&store), &down), memory()));
    for (n, key) in ["a", "b", "c"].into_iter().enumerate() {
        let written = put(key, json!({"n": n}), Expectation::Any);
        behind.put(&caller(key), &written).await.unwrap();
    }
    known.get(&caller("r1"), &get("a", Source::Current)).await.unwrap();
    let mut at_b = caller("r2");
    at_b.now = Timestamp(NOW.0 - 5);
    known.find(&at_b, &find(&[("n", json!(1))], 10)).await.unwrap();
    down.store(true, Ordering::SeqCst);

    let error = known.get(&caller("r3"), &get("a", Source::Current)).await.unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Unavailable);
    let a = known.get(&caller("r4"), &get("a", Source::LastKnown)).await.unwrap().unwrap();
    assert_eq!((a.data, a.extra), (json!({"n": 0}), vec![("as-of".into(), NOW.0.to_string())]));
    let never_read = known.get(&caller("r5"), &get("c", Source::LastKnown)).await.unwrap();
    assert_eq!(never_read, None);
    let request = Find { source: Source::LastKnown, ..find(&[], 10) };
    let page = known.find(&caller("r6"), &request).await.unwrap();
    assert_eq!(page.records.len(), 2);
    assert_eq!(page.as_of, Some(Timestamp(NOW.0 - 5)), "the oldest reading counts");
}

#[tokio::test]
async fn copies_are_searched_as_the_system_is_and_never_count_as_all() {
    let (store, down) = (memory(), AtomicBool::new(false));
    let by_n = Index { kind: IndexKind::Exact, fields: vec!["n".into()] };
    let indexes = Arc::new(Indexes {
        collections: BTreeMap::from([("customers".into(), BTreeMap::from([("n".into(), by_n)]))]),
        country: None,
    });
    let behind = records(&store).with_indexes(Arc::clone(&indexes));
    behind.build_indexes("customers", NOW).await.unwrap();
    let known = LastKnown::new(Switch(behind.clone(), &down), memory()).with_indexes(indexes);
    for key in ["a", "b"] {
        behind.put(&caller(key), &put(key, json!({"n": 1}), Expectation::Any)).await.unwrap();
    }
    let mut wanted = Search {
        collection: "customers".into(),
        index: "n".into(),
        values: vec![json!(1)],
        limit: 1,
        cursor: None,
        source: Source::Current,
    };
    let first = known.search(&caller("1"), &wanted).await.unwrap();
    assert!(first.complete && first.next.is_some() && first.hits.len() == 1);
    down.store(true, Ordering::SeqCst);
    assert!(known.search(&caller("2"), &wanted).await.is_err());
    wanted.source = Source::LastKnown;
    let page = known.search(&caller("3"), &wanted).await.unwrap();
    let keys: Vec<_> = page.hits.iter().map(|hit| hit.record.key.as_str()).collect();
    assert_eq!((keys, page.complete, page.as_of), (vec!["a"], false, Some(NOW)));
}

#[tokio::test]
async fn writes_and_deletions_are_known_too() {
    let (store, down) = (memory(), AtomicBool::new(false));
    let known = LastKnown::new(Switch(records(&store), &down), Arc::clone(&store));
    known.put(&caller("1"), &put("a", json!({"n": 1}), Expectation::Any)).await.unwrap();
    let last = async || known.get(&caller(""), &get("a", Source::LastKnown)).await.unwrap();
    assert_eq!(last().await.unwrap().version, 1);
    let delete =
        Delete { collection: "customers".into(), key: "a".into(), expect: Expectation::Any };
    known.delete(&caller("2"), &delete).await.unwrap();
    assert_eq!(last().await, None);
}

/// Puts bytes into a row that no record has.
async fn spoil(store: &Arc<dyn Store>, key: &str, value: &str) {
    let place = Key::new(&Part::new("records/customers").unwrap(), Sort::text(key)).unwrap();
    let token = format!("{key}/{}", dialgraph_base::Digest::of(value.as_bytes()).hex());
    let token = CommitToken::new(token).unwrap();
    store.commit(&[Op::put(place, value.to_owned(), Expect::Any)], &token).await.unwrap();
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stands_in_nobodys_way_and_can_be_written_over() {
    let deep = |levels: usize| {
        let data = format!("{}1{}", r#"{"x":"#.repeat(levels), "}".repeat(levels));
        format!(r#"record/1 {{"data":{data},"updated_at":1}}"#)
    };
    for spoilt in [
        "record/1 {\"data\"".to_owned(),
        "record/9 {}".to_owned(),
        "other/1 {}".to_owned(),
        "\u{0}".to_owned(),
        deep(300),
        deep(100_000).chars().take(60_000).collect(),
    ] {
        let store = memory();
        let records = records(&store);
        for key in ["a", "c"] {
            records
                .put(&caller(key), &put(key, json!({"n": key}), Expectation::Any))
                .await
                .unwrap();
        }
        spoil(&store, "b", &spoilt).await;
        let page = records.find(&caller(""), &find(&[], 10)).await.unwrap();
        let found: Vec<&str> = page.records.iter().map(|record| record.key.as_str()).collect();
        assert_eq!(found, ["a", "c"], "{spoilt:.40}");
        let error = records.get(&caller(""), &get("b", Source::Current)).await.unwrap_err();
        assert_eq!(error.code, "unreadable", "{spoilt:.40}");
        let wants = put("b", json!({"n": 1}), Expectation::Absent);
        let error = records.put(&caller("wants"), &wants).await.unwrap_err();
        assert_eq!(error.code, "unreadable", "{spoilt:.40}");

        let over = put("b", json!({"n": "anew"}), Expectation::Any);
        let written = records.put(&caller("over"), &over).await.unwrap();
        let again = records.put(&caller("over"), &over).await.unwrap();
        assert_eq!(again, written);
        let read = records.get(&caller(""), &get("b", Source::Current)).await.unwrap().unwrap();
        assert_eq!((read.version, read.data), (written.version, json!({"n": "anew"})));

        spoil(&store, "d", &spoilt).await;
        let delete =
            Delete { collection: "customers".into(), key: "d".into(), expect: Expectation::Any };
        records.delete(&caller("gone"), &delete).await.unwrap();
        assert_eq!(records.get(&caller(""), &get("d", Source::Current)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_record_is_as_deep_as_it_may_be_or_is_refused_and_what_was_written_deeper_is_read() {
    let store = memory();
    let records = records(&store);
    let data = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"x": inner}));
    for (levels, fits) in [(64, true), (65, false), (120, false), (127, false)] {
        let wants = put("a", data(levels), Expectation::Any);
        let written = records.put(&caller(&levels.to_string()), &wants).await;
        assert_eq!(written.is_ok(), fits, "{levels}");
        if let Err(error) = written {
            insta::allow_duplicates! {
                insta::assert_snapshot!(error, @"too-deep: a record in `customers` is nested more than 64 lists and maps deep");
            }
        }
    }
    let seed = BTreeMap::from([("s".to_owned(), data(65))]);
    let refused = records.seed("customers", &seed, NOW).await.unwrap_err();
    assert!(refused.to_string().contains("`s`: it is nested more than 64"), "{refused}");
    // Versions before there was a limit wrote up to 127.
    for levels in [100, 126, 127] {
        spoil(&store, "old", &format!(r#"record/1 {{"data":{},"updated_at":1}}"#, data(levels)))
            .await;
        let read = records.get(&caller(""), &get("old", Source::Current)).await.unwrap().unwrap();
        assert_eq!(read.data, data(levels));
        assert_eq!(records.find(&caller(""), &find(&[], 10)).await.unwrap().records.len(), 2);
    }
}

#[tokio::test]
async fn what_is_lost_is_seeded_anew() {
    let store = memory();
    let records = records(&store);
    spoil(&store, "a", "record/1 {").await;
    let seed =
        BTreeMap::from([("a".to_owned(), json!({"n": 1})), ("b".to_owned(), json!({"n": 2}))]);
    assert_eq!(records.seed("customers", &seed, NOW).await.unwrap().written, 2);
    assert_eq!(records.find(&caller(""), &find(&[], 10)).await.unwrap().records.len(), 2);
}
