//! Tables and views that are not what one hopes for, and servers that hang or hand over: no record
//! is taken for another, none is missed in silence, and nothing is held for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dialgraph_base::index::{Index, IndexKind};
use dialgraph_base::origin::Table;
use dialgraph_kernel::ports::records::{Expectation, Search, Source};
use dialgraph_kernel::provider::Records as _;
use dialgraph_local::records::conformance::COLLECTION;
use dialgraph_postgres::{PostgresRecords, Settings};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{
    Ask as _, caller, connect, database, indexes, of, records, run, settings, table, told,
};

fn index(kind: IndexKind, field: &str) -> Index {
    Index { kind, fields: vec![field.to_owned()] }
}

fn indexed(address: &str, table: Table, all: &[(&str, Index)]) -> PostgresRecords {
    PostgresRecords::new(connect(&settings(address)), COLLECTION, table, indexes(all))
}

#[tokio::test]
async fn a_row_that_cannot_be_made_is_no_answer_that_there_is_none() {
    let address = database(
        "CREATE TABLE base (id integer PRIMARY KEY, phone text, parts integer);
         INSERT INTO base VALUES (1, '+82-10-0000-0101', 0), (2, '+82-10-0000-0102', 4);
         CREATE VIEW customers AS SELECT id, phone, 100 / parts AS share FROM base;",
    )
    .await;
    let all = [("phone", index(IndexKind::Phone, "phone"))];
    let records = indexed(&address, table(&["phone", "share"]), &all);
    let wanted = "Other bad-row: source `crm`: a row of `customers` cannot be read (22012)";
    assert_eq!(told(records.read("1").await), wanted);
    assert_eq!(told(records.all(&[("phone", json!("+82-10-0000-0101"))]).await), wanted);
    assert_eq!(told(records.look_up("phone", json!("+821000000101")).await), wanted);
    assert_eq!(records.look_up("phone", json!("+821000000102")).await.unwrap().hits.len(), 1);
    assert!(records.read("2").await.unwrap().is_some());
    // What is looked for is no number, or too large for one: no row has it.
    for key in ["c-001", "99999999999999999999", "1.5", ""] {
        assert_eq!(records.read(key).await, Ok(None), "{key}");
    }
    let page = records.all(&[("share", json!(1e20))]).await.unwrap();
    assert!(page.records.is_empty());
}

#[tokio::test]
async fn blanks_that_fill_a_text_up_hide_no_record() {
    let address = database(
        "CREATE TABLE customers (id char(8) PRIMARY KEY, account char(12), phones char(20)[]);
         INSERT INTO customers VALUES ('c-1', '4711', ARRAY['010-0000-0101']);",
    )
    .await;
    let all = [
        ("account", index(IndexKind::Exact, "account")),
        ("phone", index(IndexKind::Phone, "phones")),
    ];
    let records = indexed(&address, table(&["account", "phones"]), &all);
    let found = records.read("c-1").await.unwrap().unwrap();
    assert_eq!(found.data, json!({"account": "4711", "phones": ["010-0000-0101"]}));
    for (index, value) in [("account", "4711"), ("phone", "+821000000101")] {
        let page = records.look_up(index, json!(value)).await.unwrap();
        assert_eq!(page.hits.len(), 1, "{index}");
    }
    assert_eq!(records.all(&[("account", json!("4711"))]).await.unwrap().records.len(), 1);
    let data = json!({"account": "4712", "phones": ["010-0000-0102", "010-0000-0103"]});
    records.write("c-1", data.clone(), Expectation::Any).await.unwrap();
    assert_eq!(records.read("c-1").await.unwrap().unwrap().data, data);
}

#[tokio::test]
async fn a_write_reaches_the_row_of_its_key_and_no_other() {
    let address = database(
        "CREATE TABLE customers (id integer PRIMARY KEY, name text);
         INSERT INTO customers VALUES (7, 'Hanbit');",
    )
    .await;
    let records = records(&address, table(&["name"]));
    let version = records.read("7").await.unwrap().unwrap().version;
    for expect in [Expectation::Any, Expectation::Absent] {
        for key in ["007", "+8"] {
            let said = told(records.write(key, json!({"name": "x"}), expect).await);
            assert!(said.starts_with("Invalid bad-key: column `id` of `customers`"), "{said}");
        }
    }
    let expect = Expectation::Version(version);
    assert!(told(records.write("007", json!({"name": "x"}), expect).await).contains("conflict"));
    records.remove("007", Expectation::Any).await.unwrap();
    assert!(told(records.remove("007", expect).await).contains("conflict"));
    assert_eq!(run(&address, "SELECT * FROM customers").await, "7|Hanbit");
    records.write("8", json!({"name": "y"}), Expectation::Absent).await.unwrap();
    records.remove("7", expect).await.unwrap();
    assert_eq!(run(&address, "SELECT * FROM customers").await, "8|y");
}

#[tokio::test]
async fn without_a_unique_key_nothing_is_changed() {
    let address = database(
        "CREATE TABLE customers (id text, name text);
         INSERT INTO customers VALUES ('c-1', 'Hanbit'), ('c-1', 'Saebyeok');
         CREATE UNIQUE INDEX partial ON customers (id) WHERE name = 'Hanbit';",
    )
    .await;
    let records = records(&address, table(&["name"]));
    let wanted = "Unavailable source-differs: source `crm`: column `id` of `customers` needs a unique \
                  index before records can be written";
    let xmin = run(&address, "SELECT xmin FROM customers LIMIT 1").await.parse().unwrap();
    for expect in [Expectation::Any, Expectation::Absent, Expectation::Version(xmin)] {
        assert_eq!(told(records.write("c-1", json!({"name": "x"}), expect).await), wanted);
        assert_eq!(told(records.remove("c-1", expect).await), wanted);
    }
    let rows = run(&address, "SELECT name FROM customers ORDER BY name").await;
    assert_eq!(rows, "Hanbit\nSaebyeok");
    run(&address, "DELETE FROM customers; CREATE UNIQUE INDEX ON customers (id)").await;
    records.write("c-1", json!({"name": "x"}), Expectation::Any).await.unwrap();
}

#[tokio::test]
async fn rows_of_one_key_are_told_of_on_whatever_page_they_stand() {
    let rows: Vec<String> = (0..6).map(|n| format!("('a', {n}, 'data')")).collect();
    let address = database(&format!(
        "CREATE VIEW customers AS SELECT * FROM (VALUES {}, ('b', 9, 'data')) AS v(id, n, part)",
        rows.join(", ")
    ))
    .await;
    let all = [("part", index(IndexKind::Exact, "part"))];
    let records = indexed(&address, table(&["n", "part"]), &all);
    let wanted = "Other key-not-unique: source `crm`: column `id` of `customers` is no key: two rows \
                  have one value";
    assert_eq!(told(records.all(&[("part", json!("data"))]).await), wanted);
    for cursor in [None, Some("ka".to_owned())] {
        let search = Search {
            collection: COLLECTION.into(),
            index: "part".into(),
            values: vec![json!("data")],
            limit: 1,
            cursor,
            source: Source::Current,
        };
        assert_eq!(told(records.search(&caller(), &search).await), wanted);
    }
}

#[tokio::test]
async fn a_row_without_a_version_is_at_the_first() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY, name text, v bigint);
         INSERT INTO customers VALUES ('c-1', 'Hanbit', NULL);",
    )
    .await;
    let records = records(&address, Table { version: Some("v".into()), ..table(&["name"]) });
    let version = records.read("c-1").await.unwrap().unwrap().version;
    let expect = Expectation::Version(version);
    assert_eq!(records.write("c-1", json!({"name": "x"}), expect).await, Ok(version + 1));
    assert!(told(records.write("c-1", json!({"name": "y"}), expect).await).contains("conflict"));
}

#[tokio::test]
async fn names_mean_nothing_to_the_database_but_themselves() {
    let table_name = "Kunden \"x\"; DROP";
    let column = "na\"me = r.é'";
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let address = database(&format!(
        "CREATE SCHEMA \"Büro\"; CREATE TABLE \"Büro\".{} (\"ID\" text PRIMARY KEY, id text, {} text);",
        quoted(table_name),
        quoted(column)
    ))
    .await;
    let declared = Table {
        table: format!("Büro.{table_name}"),
        key: "ID".to_owned(),
        fields: [("name".to_owned(), column.to_owned())].into(),
        ..Table::default()
    };
    let records = records(&address, declared);
    for (expect, name) in [(Expectation::Absent, "a"), (Expectation::Any, "b")] {
        records.write("k", json!({"name": name}), expect).await.unwrap();
    }
    let version = records.read("k").await.unwrap().unwrap().version;
    records.write("k", json!({"name": "c"}), Expectation::Version(version)).await.unwrap();
    assert_eq!(records.all(&[("name", json!("c"))]).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn columns_that_are_not_mapped_keep_their_own_rules() {
    let address = database(
        "CREATE DOMAIN grade AS text NOT NULL CHECK (VALUE <> '');
         CREATE TABLE customers (id text PRIMARY KEY, name text, grade grade DEFAULT 'new');
         INSERT INTO customers VALUES ('c-1', 'Hanbit', 'old');",
    )
    .await;
    let records = records(&address, table(&["name"]));
    records.write("c-1", json!({"name": "x"}), Expectation::Any).await.unwrap();
    records.write("c-2", json!({"name": "y"}), Expectation::Any).await.unwrap();
    let rows = run(&address, "SELECT * FROM customers ORDER BY id").await;
    assert_eq!(rows, "c-1|x|old\nc-2|y|new");
    let graded = self::records(&address, table(&["grade"]));
    let none = graded.all(&[("grade", json!(""))]).await.unwrap();
    assert!(none.records.is_empty(), "no row can have it");
}

#[tokio::test]
async fn a_question_of_many_statements_has_the_time_of_one() {
    let address = database(
        "CREATE VIEW customers AS SELECT n::text AS id, to_jsonb(n) AS doc
           FROM generate_series(1, 9000) AS n WHERE (SELECT pg_sleep(0.4)::text) IS NOT NULL;",
    )
    .await;
    let brief = Settings { timeout: Duration::from_secs(2), ..settings(&address) };
    let records = of(connect(&brief), table(&["doc"]));
    // Each batch is read in less than the limit, all of them are not.
    let said = told(records.all(&[("doc", json!("nobody"))]).await);
    assert!(said.starts_with("Unavailable timed-out: source `crm`"), "{said}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_held() {
    let address = database(
        "CREATE VIEW customers AS SELECT n::text AS id, to_jsonb(repeat('x', 40000)) AS a,
           to_jsonb(repeat('x', 40000)) AS b FROM generate_series(1, 500) AS n;",
    )
    .await;
    let records = records(&address, table(&["a", "b"]));
    let said = told(records.all(&[("a", json!("nobody"))]).await);
    assert!(said.contains("rows of `customers` have more than 32 MiB together"), "{said}");
    // Those of which each is a record are looked through.
    let records = self::records(&address, table(&["a"]));
    assert!(records.all(&[("a", json!("nobody"))]).await.unwrap().records.is_empty());
}

#[tokio::test]
async fn a_connection_to_a_server_that_takes_no_writes_is_given_up() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY, name text);
         DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() ||
           ' SET default_transaction_read_only = on'; END $$;",
    )
    .await;
    let one = Settings { connections: 1, ..settings(&address) };
    let records = of(connect(&one), table(&["name"]));
    let said = told(records.write("c-1", json!({"name": "x"}), Expectation::Any).await);
    assert!(said.starts_with("Denied read-only: source `crm` takes no writes now"), "{said}");
    // As after a change of servers, a new connection leads to one that takes them.
    run(
        &address,
        "SET default_transaction_read_only = off;
         DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() ||
           ' RESET default_transaction_read_only'; END $$;",
    )
    .await;
    records.write("c-1", json!({"name": "x"}), Expectation::Any).await.unwrap();
}

/// Stands before a server, and can stop passing on what it answers.
struct Between {
    hangs: Arc<AtomicBool>,
    open: Arc<AtomicUsize>,
    address: String,
}

impl Between {
    async fn and(address: &str) -> Self {
        let (before, rest) = address.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (hangs, open) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (server, silent, count) = (server.to_owned(), Arc::clone(&hangs), Arc::clone(&open));
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (server, silent) = (server.clone(), Arc::clone(&silent));
                let count = Arc::clone(&count);
                tokio::spawn(async move {
                    count.fetch_add(1, Ordering::SeqCst);
                    Self::pass(client, &server, &silent).await;
                    count.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { hangs, open, address: format!("{before}@127.0.0.1:{port}/{name}") }
    }

    /// Ends when the client ends.
    async fn pass(client: TcpStream, server: &str, silent: &AtomicBool) {
        let server = TcpStream::connect(server).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let back = async {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
                if silent.load(Ordering::SeqCst) {
                    break;
                }
                let mut rest = &bytes[..read];
                if tokio::io::copy(&mut rest, &mut to_client).await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        let there = async { tokio::io::copy(&mut from_client, &mut to_server).await };
        tokio::select! { () = back => {}, _ = there => {} }
    }
}

#[tokio::test]
async fn a_server_that_hangs_keeps_no_connection() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY); INSERT INTO customers VALUES ('a')",
    )
    .await;
    let between = Between::and(&address).await;
    let brief = Settings { timeout: Duration::from_millis(600), ..settings(&between.address) };
    let records = of(connect(&brief), table(&["id"]));
    while records.read("a").await.is_err() {}
    between.hangs.store(true, Ordering::SeqCst);
    for _ in 0..6 {
        assert!(told(records.read("a").await).starts_with("Unavailable"));
    }
    // It never says a word again, and yet nothing waits for it.
    let gone = async {
        while between.open.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.unwrap();
    between.hangs.store(false, Ordering::SeqCst);
    while records.read("a").await.is_err() {}
}
