//! What every place of records must do.

use std::sync::Arc;

use dialgraph_base::origin::Table;
use dialgraph_local::records::conformance::{
    COLLECTION, Can, FIELDS, Fill, Place, indexes, run_all,
};
use dialgraph_local::records::{Probe as _, Schemas, Sourced};
use dialgraph_postgres::PostgresRecords;
use dialgraph_store::{ManualClock, MemoryStore, Store};
use serde_json::Value;

use crate::fixture::{connect, database, run, settings};

/// Columns are named otherwise than fields, and need quotes.
fn column(field: &str) -> String {
    format!("The \"{}\"", field.replace('.', " "))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Statements that make a table, filled.
fn rows(all: &[(String, Value)]) -> String {
    let mut sql = String::new();
    for (key, data) in all {
        let mut names = vec!["\"Key\"".to_owned()];
        let mut values = vec![literal(key)];
        for (field, kind) in FIELDS {
            let pointer = format!("/{}", field.replace('.', "/"));
            let Some(value) = data.pointer(&pointer) else { continue };
            names.push(quoted(&column(field)));
            values.push(match kind {
                "texts" => {
                    let items = value.as_array().unwrap().iter();
                    let items: Vec<String> =
                        items.map(|item| literal(item.as_str().unwrap())).collect();
                    format!("ARRAY[{}]::text[]", items.join(", "))
                }
                "text" => literal(value.as_str().unwrap()),
                _ => value.to_string(),
            });
        }
        sql.push_str(&format!(
            "INSERT INTO crm.\"Customers\" ({}) VALUES ({});\n",
            names.join(", "),
            values.join(", ")
        ));
    }
    sql
}

/// A place in a fresh database; `more` changes the table, and `name` is what is asked.
async fn place(more: &'static str, name: &str, version: Option<&str>, can: Can) -> Place {
    let columns: Vec<String> = FIELDS
        .iter()
        .map(|(field, kind)| {
            let sql_type = match *kind {
                "number" => "integer",
                "truth" => "boolean",
                "texts" => "text[]",
                _ => "text",
            };
            format!("{} {sql_type}", quoted(&column(field)))
        })
        .collect();
    let address = database(&format!(
        "CREATE SCHEMA crm; CREATE TABLE crm.\"Customers\" (\"Key\" text PRIMARY KEY, {}); {more}",
        columns.join(", ")
    ))
    .await;
    let table = Table {
        table: format!("crm.{name}"),
        key: "Key".to_owned(),
        version: version.map(str::to_owned),
        fields: FIELDS.iter().map(|(field, _)| ((*field).into(), column(field))).collect(),
        ..Table::default()
    };
    let database = connect(&settings(&address));
    let indexes = Arc::new(indexes(can));
    let records = PostgresRecords::new(database, COLLECTION, table, indexes);
    records.check().await.unwrap();
    let clock = Arc::new(ManualClock::default());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(clock));
    let fill: Fill = Arc::new(move |all| {
        let address = address.clone();
        Box::pin(async move {
            run(&address, &rows(&all)).await;
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
async fn a_table_does_what_every_place_must() {
    let outcome = run_all(async || place("", "Customers", None, Can::EVERYTHING).await).await;
    assert_eq!(outcome, Ok(()));
}

#[tokio::test]
async fn a_table_with_a_version_of_its_own_does_what_every_place_must() {
    let more = "ALTER TABLE crm.\"Customers\" ADD COLUMN v bigint;";
    let make = async || place(more, "Customers", Some("v"), Can::EVERYTHING).await;
    assert_eq!(run_all(make).await, Ok(()));
}

#[tokio::test]
async fn a_view_is_read_as_every_place() {
    let more = "CREATE VIEW crm.known AS SELECT * FROM crm.\"Customers\";";
    let can = Can { write: false, expect: false, delete: false, ..Can::EVERYTHING };
    assert_eq!(run_all(async || place(more, "known", None, can).await).await, Ok(()));
}
