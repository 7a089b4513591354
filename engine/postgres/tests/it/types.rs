//! Values of every type come over as they are, or not at all.

use dialgraph_base::origin::Table;
use serde_json::json;

use crate::fixture::{Ask as _, database, records, run, table, told};

#[tokio::test]
async fn each_type_becomes_what_json_has_for_it() {
    let address = database(
        "CREATE TYPE level AS ENUM ('low', 'high');
         CREATE TABLE customers (
           id bigint PRIMARY KEY, a_smallint smallint, a_bigint bigint, a_numeric numeric(20, 4),
           a_real real, a_double double precision, a_bool boolean, a_char character(8),
           a_varchar varchar(8), a_date date, a_time timestamp, a_zoned timestamptz, a_uuid uuid,
           a_json json, a_jsonb jsonb, a_list integer[], a_level level, a_null text, a_inet inet);
         INSERT INTO customers VALUES (7, -3, 9007199254740993, 12.5000, 0.1, 1e-7, true, 'ab',
           'ab ', '2026-12-24', '2026-12-24 18:30:00', '2026-12-24 18:30:00+09',
           'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{\"b\": [1, null]}', '{\"b\": 1.50}',
           '{1,2,NULL}', 'high', NULL, '10.0.0.1');",
    )
    .await;
    let fields = [
        "a_smallint",
        "a_bigint",
        "a_numeric",
        "a_real",
        "a_double",
        "a_bool",
        "a_char",
        "a_varchar",
        "a_date",
        "a_time",
        "a_zoned",
        "a_uuid",
        "a_json",
        "a_jsonb",
        "a_list",
        "a_level",
        "a_null",
        "a_inet",
    ];
    let records = records(&address, table(&fields));
    let found = records.read("7").await.unwrap().unwrap();
    let wanted = json!({
        "a_smallint": -3, "a_bigint": 9_007_199_254_740_993_i64, "a_numeric": 12.5, "a_real": 0.1,
        "a_double": 1e-7, "a_bool": true, "a_char": "ab", "a_varchar": "ab ",
        "a_date": "2026-12-24", "a_time": "2026-12-24T18:30:00",
        "a_zoned": "2026-12-24T09:30:00+00:00", "a_uuid": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "a_json": {"b": [1, null]}, "a_jsonb": {"b": 1.5}, "a_list": [1, 2, null],
        "a_level": "high", "a_inet": "10.0.0.1",
    });
    assert_eq!(found.data, wanted);
    for (field, value) in [
        ("a_bigint", json!(9_007_199_254_740_993_i64)),
        ("a_numeric", json!(12.5)),
        ("a_bool", json!(true)),
        ("a_char", json!("ab")),
        ("a_varchar", json!("ab ")),
        ("a_date", json!("2026-12-24")),
        ("a_uuid", json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
        ("a_level", json!("high")),
        ("a_jsonb", json!({"b": 1.5})),
        ("a_jsonb.b", json!(1.5)),
        ("a_list", json!([1, 2, null])),
        ("a_inet", json!("10.0.0.1")),
    ] {
        let page = records.all(&[(field, value.clone())]).await;
        assert_eq!(page.unwrap().records.len(), 1, "{field} {value}");
    }
    // What the database would take for equal, and what is no value of the type.
    for (field, value) in [
        ("a_bigint", json!(9_007_199_254_740_992_i64)),
        ("a_date", json!("2026-12-24 00:00")),
        ("a_date", json!("no date")),
        ("a_uuid", json!("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")),
        ("a_level", json!("unknown")),
        ("a_smallint", json!(1e12)),
        ("a_varchar", json!("ab")),
    ] {
        let page = records.all(&[(field, value.clone())]).await;
        assert_eq!(page.unwrap().records.len(), 0, "{field} {value}");
    }
    assert!(records.read("07").await.unwrap().is_none(), "another key than 7");
    assert!(records.read("c-001").await.unwrap().is_none(), "no number");
    // And back again.
    let mut data = found.data.clone();
    data["a_char"] = json!("xy");
    records.write("8", data.clone(), Default::default()).await.unwrap();
    assert_eq!(records.read("8").await.unwrap().unwrap().data, data);
}

#[tokio::test]
async fn what_a_record_cannot_hold_is_an_error_that_names_the_column() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY, amount numeric, ratio float8, notes text);
         INSERT INTO customers VALUES ('digits', 12345678901234567890.123, 1, 's3cret'),
           ('nan', 1, 'NaN', 's3cret'), ('huge', 1, 1, repeat('s3cret', 100000)), ('', 1, 1, '');",
    )
    .await;
    let records = records(&address, table(&["amount", "ratio", "notes"]));
    let digits = told(records.read("digits").await);
    assert_eq!(
        digits,
        "Other bad-row: source `crm`: column `amount` of `customers` holds a number with more digits \
         than a record can hold; map a column that has it as text"
    );
    assert!(
        told(records.read("nan").await).contains("column `ratio` of `customers` holds no number")
    );
    let huge = told(records.read("huge").await);
    assert!(huge.contains("column `notes` of `customers` holds more than a record can hold"));
    assert!(told(records.all(&[]).await).contains("column `id` of `customers` holds a key"));
    // As the message says.
    run(&address, "CREATE VIEW exact AS SELECT id, amount::text AS amount FROM customers").await;
    let exact = Table { table: "exact".into(), ..table(&["amount"]) };
    let found = crate::fixture::records(&address, exact).read("digits").await.unwrap().unwrap();
    assert_eq!(found.data, json!({"amount": "12345678901234567890.123"}));
}

#[tokio::test]
async fn a_view_with_two_rows_of_one_key_is_no_collection() {
    let address = database(
        "CREATE VIEW customers AS SELECT * FROM (VALUES ('a', 1), ('a', 2), ('b', 3)) AS v(id, n)",
    )
    .await;
    let records = records(&address, table(&["n"]));
    assert!(told(records.read("a").await).contains("column `id` of `customers` is no key"));
    let before = records.read("b").await.unwrap().unwrap();
    assert_eq!(before.version, records.read("b").await.unwrap().unwrap().version);
    run(
        &address,
        "CREATE OR REPLACE VIEW customers AS SELECT * FROM (VALUES ('b', 4)) AS v(id, n)",
    )
    .await;
    let after = records.read("b").await.unwrap().unwrap();
    assert_ne!(before.version, after.version, "another content is another version");
}
