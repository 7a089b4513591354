//! Writes: what the database refuses, who else writes, and what is left alone.

use dialgraph_base::Timestamp;
use dialgraph_base::origin::Table;
use dialgraph_kernel::ports::records::Expectation;
use serde_json::json;

use crate::fixture::{Ask as _, database, records, run, table, told};

#[tokio::test]
async fn columns_that_are_not_mapped_stay_as_they_are() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY, name text, credit integer DEFAULT 5);
         INSERT INTO customers VALUES ('c-1', 'Hanbit', 9);",
    )
    .await;
    let records = records(&address, table(&["name"]));
    records.write("c-1", json!({"name": "Haneul"}), Expectation::Any).await.unwrap();
    records.write("c-2", json!({"name": "Saebyeok"}), Expectation::Absent).await.unwrap();
    let rows = run(&address, "SELECT * FROM customers ORDER BY id").await;
    assert_eq!(rows, "c-1|Haneul|9\nc-2|Saebyeok|5");
}

#[tokio::test]
async fn whoever_else_writes_is_noticed() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY, name text);
         INSERT INTO customers VALUES ('c-1', 'Hanbit');",
    )
    .await;
    let records = records(&address, table(&["name"]));
    let version = records.read("c-1").await.unwrap().unwrap().version;
    run(&address, "UPDATE customers SET name = 'by hand'").await;
    let done = records.write("c-1", json!({"name": "x"}), Expectation::Version(version)).await;
    assert!(told(done).starts_with("Denied conflict: the write in `customers` expected version"));
    assert!(told(records.remove("c-1", Expectation::Version(version)).await).contains("conflict"));
    let version = records.read("c-1").await.unwrap().unwrap().version;
    records.write("c-1", json!({"name": "x"}), Expectation::Version(version)).await.unwrap();
}

#[tokio::test]
async fn versions_and_times_of_the_table_are_used() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY, name text, v integer, at timestamptz);
         INSERT INTO customers VALUES ('c-1', 'Hanbit', 41, '2026-12-24 18:30:00+09');",
    )
    .await;
    let declared =
        Table { version: Some("v".into()), updated: Some("at".into()), ..table(&["name"]) };
    let records = records(&address, declared);
    let found = records.read("c-1").await.unwrap().unwrap();
    assert_eq!((found.version, found.updated_at), (41, Timestamp(1_798_104_600_000)));
    let next = records.write("c-1", json!({"name": "x"}), Expectation::Version(41)).await;
    assert_eq!(next.unwrap(), 42);
    assert!(records.read("c-1").await.unwrap().unwrap().updated_at.0 > 0);
    assert_eq!(records.write("c-2", json!({}), Expectation::Any).await.unwrap(), 1);
    assert_eq!(records.write("c-2", json!({}), Expectation::Any).await.unwrap(), 2);
}

#[tokio::test]
async fn what_the_database_does_not_take_is_refused_with_its_place_and_no_value() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY, name text NOT NULL, short varchar(4),
           level integer CHECK (level < 9), day date, mail text UNIQUE);
         CREATE VIEW shown AS SELECT id, name FROM customers;
         CREATE TABLE loose (id text, name text);
         INSERT INTO customers VALUES ('c-1', 'Hanbit', NULL, 1, NULL, 'taken@example.com');",
    )
    .await;
    let fields = ["name", "short", "level", "day", "mail"];
    let all = records(&address, table(&fields));
    let put = |data| all.write("c-2", data, Expectation::Any);
    let mut said = Vec::new();
    for data in [
        json!({"level": 1}),
        json!({"name": "n", "short": "s3cret"}),
        json!({"name": "n", "level": 10}),
        json!({"name": "n", "level": "s3cret"}),
        json!({"name": "n", "level": 1.5}),
        json!({"name": "n", "day": "s3cret"}),
        json!({"name": "n", "mail": "taken@example.com"}),
        json!({"name": "n\0s3cret"}),
        json!({"name": "n", "pin": "s3cret", "a": {"b": 1}}),
    ] {
        said.push(told(put(data).await));
    }
    let read_only = Table { read_only: true, ..table(&["name"]) };
    let said_of = |table| records(&address, table);
    for other in [
        Table { table: "shown".into(), ..table(&["name"]) },
        read_only,
        Table { table: "loose".into(), ..table(&["name"]) },
    ] {
        let done = said_of(other).write("c-1", json!({"name": "s3cret"}), Expectation::Any).await;
        said.push(told(done));
    }
    let wanted = [
        "Invalid bad-value: source `crm`: column `name` does not take the record (a value is missing, 23502)",
        "Invalid bad-value: source `crm`: a value of the record does not fit its column in table `customers` (22001)",
        "Invalid bad-value: source `crm`: constraint `customers_level_check` does not take the record (the check fails, 23514)",
        "Invalid bad-value: field `level`: column `level` takes numbers",
        "Invalid bad-value: source `crm`: a value of the record does not fit its column in table `customers` (22P02)",
        "Invalid bad-value: source `crm`: a value of the record does not fit its column in table `customers` (22007)",
        "Invalid bad-value: source `crm`: constraint `customers_mail_key` does not take the record (the value is taken, 23505)",
        "Invalid bad-value: field `name`: a database keeps no NUL character",
        "Invalid bad-value: collection `customers` has no column for `pin`, `a`; map it under `source: postgresql: fields`",
        "Denied read-only: collection `customers` cannot be written: `shown` of source `crm` is read-only, for it is no table",
        "Denied read-only: collection `customers` cannot be written: `customers` of source `crm` is read-only, for the project declares it `read_only`",
        "Unavailable source-differs: source `crm`: column `id` of `loose` needs a unique index before records can be written",
    ];
    assert_eq!(said, wanted);
    assert!(all.read("c-2").await.unwrap().is_none());
}

#[tokio::test]
async fn two_who_write_at_once_are_told_apart() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY, name text);
         INSERT INTO customers VALUES ('c-1', 'Hanbit');",
    )
    .await;
    let records = records(&address, table(&["name"]));
    let version = records.read("c-1").await.unwrap().unwrap().version;
    let expect = Expectation::Version(version);
    let both = tokio::join!(
        records.write("c-1", json!({"name": "a"}), expect),
        records.write("c-1", json!({"name": "a"}), expect),
    );
    let won = [both.0.is_ok(), both.1.is_ok()];
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{both:?}");
}
