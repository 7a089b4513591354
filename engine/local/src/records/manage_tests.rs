//! Records are listed page by page, put in by the thousand, held against what their collection
//! asks for; indexes are compared with them and put right.

use dialgraph_base::index::{Index, IndexKind};
use serde_json::json;

use super::check::{IndexCheck, check_indexes};
use super::tests::{NOW, caller, get, memory, put};
use super::*;

const WET: ImportMode = ImportMode { only_new: false, merge: false, dry_run: false };
const DRY: ImportMode = ImportMode { dry_run: true, ..WET };

fn desk(store: &Arc<dyn Store>) -> LocalRecords {
    let phone = Index { kind: IndexKind::Phone, fields: vec!["phone".to_owned()] };
    let indexes = Indexes {
        collections: [("customers".to_owned(), [("phone".to_owned(), phone)].into())].into(),
        country: dialgraph_base::phone::Country::of("KR"),
    };
    let schema = json!({
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "level": {"enum": ["VIP", "General"]}},
    });
    let references = [("engineer".to_owned(), "engineers".to_owned())].into();
    LocalRecords::new(Arc::clone(store), ["customers".to_owned(), "engineers".to_owned()])
        .with_indexes(Arc::new(indexes))
        .with_schemas([("customers", schema)].into_iter().collect())
        .with_references([("customers".to_owned(), references)].into())
}

fn rows(count: usize) -> Vec<ImportRow> {
    let row = |n: usize| ImportRow {
        key: format!("c-{n:04}"),
        data: json!({"name": format!("Company {n}"), "phone": format!("+82-10-0000-{n:04}")}),
    };
    (0..count).map(row).collect()
}

async fn all(records: &LocalRecords, limit: u32) -> (Vec<String>, usize) {
    let (mut keys, mut pages, mut after) = (Vec::new(), 0, None::<String>);
    loop {
        let page = records.list("customers", after.as_deref(), limit).await.unwrap();
        assert!(page.records.len() <= limit as usize && page.unreadable.is_empty());
        keys.extend(page.records.into_iter().map(|record| record.key));
        pages += 1;
        after = page.next;
        if after.is_none() {
            return (keys, pages);
        }
    }
}

#[tokio::test]
async fn an_import_writes_what_differs_and_doing_it_again_writes_nothing() {
    let store = memory();
    let records = desk(&store);
    records.build_indexes("customers", NOW).await.unwrap();
    let mut rows = rows(300);
    let dry = records.import("customers", &rows, NOW, DRY).await.unwrap();
    assert_eq!((dry.created, dry.unchanged), (300, 0));
    assert!(all(&records, 100).await.0.is_empty(), "a dry run writes nothing");
    let first = records.import("customers", &rows, NOW, WET).await.unwrap();
    assert_eq!((first.created, first.unchanged, first.rejected.len()), (300, 0, 0));
    rows[7].data["name"] = json!("Another");
    let second = records.import("customers", &rows, NOW, WET).await.unwrap();
    assert_eq!((second.created, second.replaced, second.unchanged), (0, 1, 299));
    let changed = records.get(&caller(""), &get("c-0007", Source::Current)).await.unwrap().unwrap();
    assert_eq!((changed.version, &changed.data["name"]), (2, &json!("Another")));
    let wanted = Search {
        collection: "customers".into(),
        index: "phone".into(),
        values: vec![json!("010-0000-0299")],
        limit: 10,
        cursor: None,
        source: Source::Current,
    };
    let found = records.search(&caller(""), &wanted).await.unwrap();
    assert_eq!(found.hits[0].record.key, "c-0299");
    // Who wants new records only overwrites nothing.
    rows[8].data["name"] = json!("Yet another");
    rows[9].key = "c-new".to_owned();
    for mode in [ImportMode { only_new: true, ..DRY }, ImportMode { only_new: true, ..WET }] {
        let third = records.import("customers", &rows, NOW, mode).await.unwrap();
        assert_eq!((third.created, third.replaced, third.unchanged), (1, 0, 299));
    }
    let kept = records.get(&caller(""), &get("c-0008", Source::Current)).await.unwrap().unwrap();
    assert_eq!(kept.data["name"], "Company 8");
}

#[tokio::test]
async fn a_merge_replaces_the_fields_that_are_given_and_leaves_the_others() {
    let store = memory();
    let records = desk(&store);
    records.build_indexes("customers", NOW).await.unwrap();
    let row = |key: &str, data: Value| ImportRow { key: key.to_owned(), data };
    let before = [
        row("c-1", json!({"name": "A", "phone": "+82-10-0000-0001", "at": {"x": 1, "y": [1]}})),
        row("c-2", json!({"name": "B", "level": "VIP"})),
        row("c-9", json!({"name": "Gone"})),
    ];
    records.import("customers", &before, NOW, WET).await.unwrap();
    let gone =
        Delete { collection: "customers".into(), key: "c-9".into(), expect: Expectation::Any };
    records.delete(&caller("d"), &gone).await.unwrap();
    let given = [
        row("c-1", json!({"phone": "+82-10-0000-0002", "at": {"y": [2], "z": null}})),
        row("c-2", json!({"level": "VIP"})),
        row("c-3", json!({"level": "VIP"})),
        row("c-4", json!({"name": "D"})),
        row("c-9", json!({"level": "VIP"})),
        row("c-2", json!({"name": "twice"})),
        row("c-5", json!(["no map"])),
    ];
    for mode in [DRY, WET] {
        let mode = ImportMode { merge: true, ..mode };
        let merged = records.import("customers", &given, NOW, mode).await.unwrap();
        assert_eq!((merged.created, merged.replaced, merged.unchanged), (1, 1, 1), "{merged:?}");
        let told: Vec<String> =
            merged.rejected.iter().map(|r| format!("{} {:?} {}", r.row, r.field, r.why)).collect();
        assert_eq!(
            told,
            [
                "2 \"\" \"name\" is a required property",
                "4 \"\" \"name\" is a required property",
                "5 \"\" row 2 has the same key",
                "6 \"\" a record in `customers` must be a JSON object",
            ]
        );
    }
    let data = async |key: &str| {
        let found = records.get(&caller(""), &get(key, Source::Current)).await.unwrap();
        found.map(|record| record.data)
    };
    let wanted =
        json!({"name": "A", "phone": "+82-10-0000-0002", "at": {"x": 1, "y": [2], "z": null}});
    assert_eq!(data("c-1").await, Some(wanted));
    assert_eq!(data("c-2").await, Some(json!({"name": "B", "level": "VIP"})));
    assert_eq!((data("c-3").await, data("c-9").await), (None, None));
    let again = records.import("customers", &given[..2], NOW, ImportMode { merge: true, ..WET });
    assert_eq!(again.await.unwrap().unchanged, 2);
}

#[tokio::test]
async fn merges_at_once_lose_nothing_of_one_another() {
    let store = memory();
    let records = desk(&store);
    records.import("customers", &rows(40), NOW, WET).await.unwrap();
    let merge = ImportMode { merge: true, ..WET };
    let given = |field: &str| -> Vec<ImportRow> {
        let row = |row: ImportRow| ImportRow { data: json!({field: true}), ..row };
        rows(40).into_iter().map(row).collect()
    };
    let all: Vec<Vec<ImportRow>> = (0..8).map(|n| given(&format!("from_{n}"))).collect();
    let imports = all.iter().map(|rows| records.import("customers", rows, NOW, merge));
    for imported in futures::future::join_all(imports).await {
        let imported = imported.unwrap();
        assert_eq!((imported.replaced, imported.rejected.len()), (40, 0), "{imported:?}");
    }
    for record in records.list("customers", None, 100).await.unwrap().records {
        let fields = record.data.as_object().unwrap();
        assert_eq!(fields.len(), 10, "{}: {:?}", record.key, record.data);
    }
}

#[tokio::test]
async fn every_fault_of_every_row_is_told_and_the_other_rows_are_written() {
    let store = memory();
    let records = desk(&store);
    records
        .put(
            &caller("e"),
            &Put { collection: "engineers".into(), ..put("e-1", json!({}), Expectation::Any) },
        )
        .await
        .unwrap();
    let row = |key: &str, data: Value| ImportRow { key: key.to_owned(), data };
    let given = [
        row("c-1", json!({"name": "A", "engineer": "e-1"})),
        row("c-2", json!({"name": 7, "level": "Gold", "engineer": "e-2"})),
        row("c-1", json!({"name": "B"})),
        row("", json!({"name": "C"})),
        row("c-3", json!(["no map"])),
        row("c-4", json!({"name": "D", "engineer": ""})),
    ];
    let imported = records.import("customers", &given, NOW, WET).await.unwrap();
    assert_eq!((imported.created, imported.unchanged), (2, 0));
    let told: Vec<String> =
        imported.rejected.iter().map(|r| format!("{} {:?} {}", r.row, r.field, r.why)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    1 "name" value is not of type "string"
    1 "level" value is not one of "VIP" or "General"
    1 "engineer" names a record of `engineers` that is not there
    2 "" row 1 has the same key
    3 "" a record's key has 1 to 256 bytes, this one has 0
    4 "" a record in `customers` must be a JSON object
    "#);
    assert_eq!(all(&records, 100).await.0, ["c-1", "c-4"]);
}

#[tokio::test]
async fn a_person_names_records_that_are_there_and_a_plugin_may_name_one_that_is_gone() {
    let store = memory();
    let records = desk(&store);
    let gone = put("c-1", json!({"name": "A", "engineer": "e-9"}), Expectation::Any);
    let error = records.save(&caller("1"), &gone).await.unwrap_err();
    insta::assert_snapshot!(error, @"no-such-record: a record in `customers`: `engineer` names a record of `engineers` that is not there");
    records.put(&caller("2"), &gone).await.unwrap();
    // Who corrects another field of it is not to blame.
    let other = put("c-1", json!({"name": "B", "engineer": "e-9"}), Expectation::Any);
    records.save(&caller("2b"), &other).await.unwrap();
    let row = ImportRow { key: "c-1".into(), data: other.data };
    let again = records.import("customers", &[row], NOW, WET).await.unwrap();
    assert_eq!((again.unchanged, again.rejected.len()), (1, 0));
    let worse = put("c-1", json!({"name": "B", "engineer": "e-8"}), Expectation::Any);
    assert_eq!(records.save(&caller("2c"), &worse).await.unwrap_err().code, "no-such-record");
    let wrong = put("c-1", json!({"level": "Gold"}), Expectation::Any);
    let error = records.put(&caller("3"), &wrong).await.unwrap_err();
    insta::assert_snapshot!(error, @r#"schema-mismatch: a record in `customers` must match the collection's schema: "name" is a required property; `level`: value is not one of "VIP" or "General""#);
}

#[tokio::test]
async fn pages_of_a_list_hold_each_record_once_and_no_deleted_one() {
    let store = memory();
    let records = desk(&store);
    records.import("customers", &rows(50), NOW, WET).await.unwrap();
    let gone =
        Delete { collection: "customers".into(), key: "c-0010".into(), expect: Expectation::Any };
    records.delete(&caller("d"), &gone).await.unwrap();
    for (limit, pages) in [(7, 7), (49, 1), (500, 1)] {
        let (keys, took) = all(&records, limit).await;
        assert_eq!((keys.len(), took), (49, pages), "{limit}");
        assert!(keys.is_sorted() && !keys.contains(&"c-0010".to_owned()));
    }
    for limit in [0, MAX_LISTED + 1] {
        assert_eq!(records.list("customers", None, limit).await.unwrap_err().code, "bad-limit");
    }
    let other = records.list("nobody", None, 1).await.unwrap_err();
    assert_eq!(other.code, "unknown-collection");
}

#[tokio::test]
async fn indexes_that_lost_rows_or_have_strangers_are_told_and_put_right() {
    let store = memory();
    let records = desk(&store);
    records.build_indexes("customers", NOW).await.unwrap();
    records.import("customers", &rows(40), NOW, WET).await.unwrap();
    let check = async |repair| check_indexes(&*store, repair, &|_| ()).await.unwrap();
    let sound = IndexCheck {
        collection: "customers".into(),
        records: 40,
        rows: 40,
        ..IndexCheck::default()
    };
    assert_eq!(check(false).await, std::slice::from_ref(&sound));

    let part = index::part("customers").unwrap();
    let page = store.query(&Query::new(part).limit(3)).await.unwrap();
    let token = |n: &str| CommitToken::new(format!("break/{n}")).unwrap();
    let lost = page.rows.iter().map(|row| Op::delete(row.key.clone(), Expect::Any));
    store.commit(&lost.collect::<Vec<_>>(), &token("1")).await.unwrap();
    // A record that went without its rows.
    let place = records.place("customers", "c-0039").unwrap();
    let is_lost = page.rows.iter().any(|row| index::told(row.key.sort()).key == "c-0039");
    store.commit(&[Op::delete(place, Expect::Any)], &token("2")).await.unwrap();

    let strays = u64::from(!is_lost);
    let missing = 3 - u64::from(is_lost);
    let broken = IndexCheck { records: 39, rows: 37, missing, stray: strays, ..sound.clone() };
    assert_eq!(check(false).await, [broken]);
    assert_eq!(check(true).await[0].missing, missing, "it tells what it found");
    let whole = IndexCheck { records: 39, rows: 39, ..sound };
    assert_eq!(check(false).await, [whole]);
}
