//! A table of others as a collection, tried with the suite that every place of records has to pass.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use dialgraph_aws::items::{GrantedTable, ItemRecords};
use dialgraph_aws::{Connection, connection};
use dialgraph_base::origin::{Items, SortKey, SortPart};
use dialgraph_base::{Digest, Timestamp};
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::records::{Delete, Expectation, Find, Get, Put, Source};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_local::records::conformance::{
    COLLECTION, Can, FIELDS, Fill, Place, indexes, run_all,
};
use dialgraph_local::records::{Probe as _, Schemas, Sourced};
use dialgraph_stand_ins::StandIn;
use dialgraph_store::{ManualClock, MemoryStore, Store};
use serde_json::{Value, json};

/// One of the stand-ins answers all requests in turn.
const PATIENT: Duration = Duration::from_secs(60);

const CAN: Can = Can {
    find_any: false,
    any_spelling: false,
    several_fields: false,
    ordered: false,
    ..Can::EVERYTHING
};

const FOUND_BY: [&str; 3] = ["aws_account_id", "contact_info.phone", "part"];

fn attribute(field: &str) -> String {
    field.replace('.', "_")
}

fn key(name: &str) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build().unwrap()
}

async fn table(connection: &Connection) -> (Client, String) {
    sorted_table(connection, false).await
}

/// The same, with a sort key if it has one.
async fn sorted_table(connection: &Connection, sorted: bool) -> (Client, String) {
    static TABLES: AtomicU32 = AtomicU32::new(0);
    let client = Client::new(connection.sdk());
    let name = format!("legacy-{}", TABLES.fetch_add(1, Ordering::Relaxed));
    let text = |name: &str| {
        let one = AttributeDefinition::builder().attribute_name(name);
        one.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let mut asked = client
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("id"))
        .attribute_definitions(text("id"));
    if sorted {
        let range = KeySchemaElement::builder().attribute_name("sk").key_type(KeyType::Range);
        asked = asked.key_schema(range.build().unwrap()).attribute_definitions(text("sk"));
    }
    for field in FOUND_BY {
        let attribute = attribute(field);
        let all = Projection::builder().projection_type(ProjectionType::All).build();
        let index = GlobalSecondaryIndex::builder().index_name(format!("by-{attribute}"));
        let index = index.key_schema(key(&attribute)).projection(all).build().unwrap();
        asked = asked.attribute_definitions(text(&attribute)).global_secondary_indexes(index);
    }
    asked.send().await.unwrap();
    (client, name)
}

fn items(version: Option<&str>) -> Items {
    let index = |field: &str| (field.to_owned(), format!("by-{}", attribute(field)));
    Items {
        key: "id".to_owned(),
        sort: None,
        version: version.map(str::to_owned),
        indexes: FOUND_BY.map(index).into(),
        fields: FIELDS.iter().map(|(field, _)| ((*field).to_owned(), attribute(field))).collect(),
        read_only: false,
    }
}

fn attribute_of(value: &Value) -> AttributeValue {
    match value {
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::Bool(flag) => AttributeValue::Bool(*flag),
        Value::Array(all) => AttributeValue::L(all.iter().map(attribute_of).collect()),
        other => panic!("{other} is in no record of the suite"),
    }
}

async fn place(connection: &Connection, version: Option<&str>, can: Can) -> Place {
    place_of(connection, items(version), can).await
}

async fn place_of(connection: &Connection, items: Items, can: Can) -> Place {
    let sort = items.sort.clone();
    let (client, name) = sorted_table(connection, sort.is_some()).await;
    let granted = Arc::new(GrantedTable::new(connection, "legacy", &name, PATIENT));
    let records = ItemRecords::new(granted, COLLECTION, items, Arc::new(indexes(can)));
    records.check().await.unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
    let fill: Fill = Arc::new(move |all| {
        let (client, name, sort) = (client.clone(), name.clone(), sort.clone());
        Box::pin(async move {
            for (key, data) in all {
                let text = |text: &str| AttributeValue::S(text.to_owned());
                let mut item = HashMap::new();
                match sort.as_ref().map(|sort| &sort.part) {
                    None => drop(item.insert("id".to_owned(), text(&key))),
                    Some(SortPart::Value(value)) => {
                        item.insert("id".to_owned(), text(&key));
                        item.insert("sk".to_owned(), text(value));
                    }
                    Some(SortPart::Separator(separator)) => {
                        let (partition, sort) = key.split_once(separator.as_str()).unwrap();
                        item.insert("id".to_owned(), text(partition));
                        item.insert("sk".to_owned(), text(sort));
                    }
                }
                for (field, _) in FIELDS {
                    let pointer = format!("/{}", field.replace('.', "/"));
                    let Some(value) = data.pointer(&pointer) else { continue };
                    item.insert(attribute(field), attribute_of(value));
                }
                client.put_item().table_name(&name).set_item(Some(item)).send().await.unwrap();
            }
        })
    });
    Place {
        records: Arc::new(Sourced::new(Arc::new(records), store, Schemas::default())),
        fill,
        can,
        keep: Arc::new(()),
    }
}

#[tokio::test]
async fn a_table_of_others_does_what_every_place_must() {
    for stand_in in [StandIn::moto(), StandIn::ministack()] {
        let connection = connection::stand_in(&stand_in.url());
        let outcome = run_all(async || place(&connection, Some("v"), CAN).await).await;
        assert_eq!(outcome, Ok(()));
        let can = Can { expect: false, ..CAN };
        assert_eq!(run_all(async || place(&connection, None, can).await).await, Ok(()));
    }
}

#[tokio::test]
async fn a_table_with_a_sort_key_is_one_too() {
    let moto = StandIn::moto();
    let connection = connection::stand_in(&moto.url());
    let sort = |part| Some(SortKey { attribute: "sk".to_owned(), part });
    let fixed = Items { sort: sort(SortPart::Value("PROFILE".into())), ..items(Some("v")) };
    let outcome = run_all(async || place_of(&connection, fixed.clone(), CAN).await).await;
    assert_eq!(outcome, Ok(()));

    let (client, name) = sorted_table(&connection, true).await;
    let granted = Arc::new(GrantedTable::new(&connection, "legacy", &name, PATIENT));
    let of =
        |items| ItemRecords::new(Arc::clone(&granted), COLLECTION, items, Arc::new(indexes(CAN)));
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for (id, sk, part) in [
        ("c-1", "PROFILE", "data"),
        ("c-1", "ORDER#1", "data"),
        ("c-2", "ORDER#1", "data"),
        ("c/3", "x", "odd"),
        ("c-9/", "ORDER#1", "long"),
    ] {
        let item = [("id", id), ("sk", sk), ("part", part)];
        let item = item.map(|(name, value)| (name.to_owned(), text(value)));
        let asked = client.put_item().table_name(&name).set_item(Some(item.into()));
        asked.send().await.unwrap();
    }
    let find = |part: &str| Find {
        collection: COLLECTION.into(),
        matches: vec![("part".into(), json!(part))],
        limit: 10,
        source: Source::Current,
    };
    let get =
        |key: &str| Get { collection: COLLECTION.into(), key: key.into(), source: Source::Current };
    let keys = |page: dialgraph_kernel::ports::records::Page| {
        let mut keys: Vec<String> = page.records.into_iter().map(|record| record.key).collect();
        keys.sort();
        keys
    };
    let profiles = of(fixed);
    profiles.check().await.unwrap();
    assert_eq!(keys(profiles.find(&caller(), &find("data")).await.unwrap()), ["c-1"]);
    assert!(profiles.get(&caller(), &get("c-2")).await.unwrap().is_none());
    let both = Items { sort: sort(SortPart::Separator("/".into())), ..items(Some("v")) };
    let both = of(both);
    let found = keys(both.find(&caller(), &find("data")).await.unwrap());
    assert_eq!(found, ["c-1/ORDER#1", "c-1/PROFILE", "c-2/ORDER#1"]);
    assert!(both.get(&caller(), &get("c-2/ORDER#1")).await.unwrap().is_some());
    for key in ["c-2", "c-2/", "/ORDER#1"] {
        assert!(both.get(&caller(), &get(key)).await.unwrap().is_none(), "{key}");
    }
    let said = told(both.find(&caller(), &find("odd")).await);
    assert!(
        said.starts_with("Other bad-row: source `legacy`: an item has the separator"),
        "{said}"
    );
    // `c-9/` and `ORDER#1` with `//` between them would be taken apart behind `c-9`.
    let long = Items { sort: sort(SortPart::Separator("//".into())), ..items(Some("v")) };
    let said = told(of(long).find(&caller(), &find("long")).await);
    assert!(said.ends_with("in its `id`, or ends with the beginning of it"), "{said}");
    let put = |key: &str, expect| Put {
        collection: COLLECTION.into(),
        key: key.into(),
        data: json!({"part": "cloud"}),
        expect,
    };
    both.put(&caller(), &put("c-4/a/b", Expectation::Absent)).await.unwrap();
    assert!(both.get(&caller(), &get("c-4/a/b")).await.unwrap().is_some());
    let said = told(both.put(&caller(), &put("c-4", Expectation::Any)).await);
    assert!(said.starts_with("Invalid bad-key"), "{said}");
    let delete = Delete {
        collection: COLLECTION.into(),
        key: "c-4/a/b".into(),
        expect: Expectation::Version(1),
    };
    both.delete(&caller(), &delete).await.unwrap();
    assert!(both.get(&caller(), &get("c-4/a/b")).await.unwrap().is_none());
    let said = told(of(items(None)).check().await);
    assert!(said.contains("the key of the table is id, sk, not `id`; see `key` and `sort`"));
}

#[tokio::test]
async fn a_value_that_no_item_takes_is_refused_as_such_and_a_first_version_is_0() {
    let moto = StandIn::ministack();
    let connection = connection::stand_in(&moto.url());
    let (client, name) = table(&connection).await;
    let granted = Arc::new(GrantedTable::new(&connection, "legacy", &name, PATIENT));
    let fields = [("part", "part"), ("name", "name"), ("number", "id")];
    let fields = fields.map(|(field, attribute)| (field.to_owned(), attribute.to_owned()));
    let mapped = Items {
        indexes: [("part".to_owned(), "by-part".to_owned())].into(),
        fields: fields.into(),
        ..items(Some("v"))
    };
    let records = ItemRecords::new(granted, COLLECTION, mapped, Arc::new(indexes(CAN)));
    let put = |data, expect| Put { collection: COLLECTION.into(), key: "c-1".into(), data, expect };
    // An outage would have the breaker turn everybody away.
    for value in [json!(""), json!(true), json!(["data"])] {
        let done = records.put(&caller(), &put(json!({"part": value}), Expectation::Any)).await;
        let said = told(done);
        assert!(said.starts_with("Invalid bad-value: field `part`: an index goes by it"), "{said}");
    }
    let done = records.put(&caller(), &put(json!({"number": "c-2"}), Expectation::Any)).await;
    assert!(told(done).contains("field `number` must be the key of the record"));
    let absent = Expectation::Version(0);
    let done = records.put(&caller(), &put(json!({"name": "x"}), absent)).await;
    assert!(told(done).starts_with("Denied conflict"), "there is no item yet");
    let own = [("id", "c-1"), ("name", "Hanbit")];
    let own = own.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
    client.put_item().table_name(&name).set_item(Some(own.into())).send().await.unwrap();
    let get = Get { collection: COLLECTION.into(), key: "c-1".into(), source: Source::Current };
    let version = records.get(&caller(), &get).await.unwrap().unwrap().version;
    let expect = Expectation::Version(version);
    let written = records.put(&caller(), &put(json!({"name": "x"}), expect)).await.unwrap();
    assert_eq!(written.version, version + 1);
    let done = records.put(&caller(), &put(json!({"name": "y"}), expect)).await;
    assert!(told(done).starts_with("Denied conflict"));
    // Nothing but the key is mapped, and nothing is set.
    let bare = Items {
        fields: [("number".to_owned(), "id".to_owned())].into(),
        indexes: BTreeMap::new(),
        ..items(None)
    };
    let granted = Arc::new(GrantedTable::new(&connection, "legacy", &name, PATIENT));
    let bare = ItemRecords::new(granted, COLLECTION, bare, Arc::new(indexes(CAN)));
    bare.put(&caller(), &put(json!({"number": "c-1"}), Expectation::Any)).await.unwrap();
}

fn caller() -> Caller {
    Caller {
        call_id: "call".into(),
        release: Digest::of(b"no release"),
        locale: "ko-KR".into(),
        plugin: "plugin".into(),
        now: Timestamp(1),
        idempotency_key: "call/1".into(),
    }
}

fn told<T: std::fmt::Debug>(done: Result<T, HostError>) -> String {
    let error = done.unwrap_err();
    format!("{:?} {}: {}", error.kind, error.code, error.message)
}

#[tokio::test]
async fn what_is_not_as_the_project_says_is_told_and_what_is_not_mapped_stays() {
    let moto = StandIn::moto();
    let connection = connection::stand_in(&moto.url());
    let (client, name) = table(&connection).await;
    let of = |table: &str, items: Items| {
        let granted = Arc::new(GrantedTable::new(&connection, "legacy", table, PATIENT));
        ItemRecords::new(granted, COLLECTION, items, Arc::new(indexes(CAN)))
    };
    let said = told(of("nothing", items(None)).check().await);
    assert!(said.starts_with("Unavailable source-differs: source `legacy`: there is no table"));
    let wrong = Items { key: "other".into(), ..items(None) };
    assert!(
        told(of(&name, wrong).check().await).contains("the key of the table is id, not `other`")
    );
    let index = |field: &str, name: &str| Items {
        indexes: [(field.to_owned(), name.to_owned())].into(),
        ..items(None)
    };
    let said = told(of(&name, index("part", "by-nothing")).check().await);
    assert!(said.contains("the table has no global index `by-nothing`"), "{said}");
    let said = told(of(&name, index("company_name", "by-part")).check().await);
    assert!(said.contains("the index `by-part` does not go by the attribute"), "{said}");

    let records = of(&name, items(None));
    let own = HashMap::from([
        ("id".to_owned(), AttributeValue::S("c-1".into())),
        ("own".to_owned(), AttributeValue::B(vec![1].into())),
    ]);
    client.put_item().table_name(&name).set_item(Some(own)).send().await.unwrap();
    let put = |data, expect| Put { collection: COLLECTION.into(), key: "c-1".into(), data, expect };
    let done = records.put(&caller(), &put(json!({"part": "data"}), Expectation::Any)).await;
    done.unwrap();
    let get = Get { collection: COLLECTION.into(), key: "c-1".into(), source: Source::Current };
    let found = records.get(&caller(), &get).await.unwrap().unwrap();
    assert_eq!(found.data, json!({"part": "data"}));
    let asked = client.get_item().table_name(&name).key("id", AttributeValue::S("c-1".into()));
    let item = asked.send().await.unwrap().item.unwrap();
    assert_eq!(item["own"], AttributeValue::B(vec![1].into()));
    let done = records.put(&caller(), &put(json!({}), Expectation::Version(1))).await;
    assert!(told(done).starts_with("Denied no-conditions"));
    let done = records.put(&caller(), &put(json!({"pin": 1}), Expectation::Any)).await;
    assert!(told(done).contains("has no attribute for `pin`"));
    let bytes = Items { fields: [("own".into(), "own".into())].into(), ..items(None) };
    let said = told(of(&name, bytes).get(&caller(), &get).await);
    assert!(
        said.starts_with("Other bad-row: source `legacy`: attribute `own` holds what"),
        "{said}"
    );
    let find = Find {
        collection: COLLECTION.into(),
        matches: vec![("company_name".into(), json!("x"))],
        limit: 1,
        source: Source::Current,
    };
    let said = told(records.find(&caller(), &find).await);
    assert!(
        said.starts_with("Invalid not-findable: source `legacy` finds records of `customers` by")
    );
    let read_only = of(&name, Items { read_only: true, ..items(None) });
    let done = read_only.put(&caller(), &put(json!({}), Expectation::Any)).await;
    assert!(told(done).starts_with("Denied read-only"));
    drop(moto);
    assert!(told(records.get(&caller(), &get).await).starts_with("Unavailable source-failed"));
}
