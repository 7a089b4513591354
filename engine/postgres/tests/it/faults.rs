//! Servers that are down, restart, are slow, refuse, or are not as the project says.

use std::sync::Arc;
use std::time::Duration;

use dialgraph_base::index::{Index, IndexKind};
use dialgraph_base::origin::Table;
use dialgraph_kernel::ports::records::Expectation;
use dialgraph_local::records::Probe as _;
use dialgraph_postgres::{Database, PostgresRecords, Settings};
use dialgraph_stand_ins::postgres::Postgres;
use serde_json::json;

use crate::fixture::{
    Ask as _, Password, connect, database, indexes, of, records, run, settings, table, told,
};

const CUSTOMERS: &str = "CREATE TABLE customers (id text PRIMARY KEY, name text);
    INSERT INTO customers VALUES ('c-1', 'Hanbit');";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_down_or_restarts_is_used_once_it_is_there() {
    let mut server = Postgres::start();
    let address = server.database("crm");
    server.run("crm", CUSTOMERS);
    server.stop();
    let records = records(&address, table(&["name"]));
    let down = told(records.read("c-1").await);
    assert!(down.starts_with("Unavailable source-failed: source `crm`: no connection"), "{down}");
    server.up();
    assert!(records.read("c-1").await.unwrap().is_some());
    for _ in 0..3 {
        // Every connection of the pool is one to the server that was.
        let many = futures_of(&records).await;
        assert!(many.iter().all(Result::is_ok), "{many:?}");
        server.stop();
        server.up();
        // At most one request meets a connection that is not known to be dead.
        let after = records.read("c-1").await;
        if let Err(error) = after {
            assert_eq!(error.code, "source-failed", "{error}");
            assert!(records.read("c-1").await.unwrap().is_some());
        }
    }
}

async fn futures_of(records: &PostgresRecords) -> Vec<Result<bool, String>> {
    let read = async || match records.read("c-1").await {
        Ok(found) => Ok(found.is_some()),
        Err(error) => Err(error.to_string()),
    };
    let (a, b, c, d) = tokio::join!(read(), read(), read(), read());
    vec![a, b, c, d]
}

#[tokio::test]
async fn a_slow_statement_is_given_up_and_cancelled_and_the_next_is_answered() {
    let address = database(
        "CREATE TABLE base (id text PRIMARY KEY, name text, wait float8);
         INSERT INTO base VALUES ('slow', 'x', 3600), ('fast', 'x', 0);
         CREATE VIEW customers AS SELECT id, name, pg_sleep(wait)::text AS slept FROM base;",
    )
    .await;
    let brief =
        Settings { connections: 1, timeout: Duration::from_millis(500), ..settings(&address) };
    let records = of(connect(&brief), table(&["name", "slept"]));
    let slow = told(records.read("slow").await);
    assert!(slow.starts_with("Unavailable timed-out: source `crm`"), "{slow}");
    // Whoever gives up sooner leaves nothing behind, too: the pool has one connection.
    let patient = Settings { connections: 1, ..settings(&address) };
    let patient = of(connect(&patient), table(&["name", "slept"]));
    assert!(patient.read("fast").await.unwrap().is_some());
    let given_up = tokio::time::timeout(Duration::from_millis(300), patient.read("slow")).await;
    assert!(given_up.is_err());
    assert!(patient.read("fast").await.unwrap().is_some());
    loop {
        let asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                      AND pid <> pg_backend_pid() AND state = 'active'";
        if run(&address, asleep).await == "0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_may_not_is_told_where_to_look() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY, name text);
         CREATE ROLE reader LOGIN PASSWORD 'a-test-password';
         GRANT SELECT (id) ON customers TO reader;",
    )
    .await;
    let wrong = Database::new("crm", &settings(&address), Arc::new(Password("wrong"))).unwrap();
    let said = told(wrong.reach().await);
    assert_eq!(
        said,
        "Unavailable source-failed: source `crm`: no connection (password authentication failed for \
         user \"postgres\", 28P01); check the user in `sources.postgresql` and the secret that \
         `sources.secrets` names"
    );
    let none = Settings { secret: Some("nothing".into()), ..settings(&address) };
    let said = told(connect(&none).reach().await);
    assert!(said.ends_with("its password is missing: there is no secret `nothing`"), "{said}");
    let nowhere = settings(&address.replace("/d", "/nowhere"));
    let said = told(connect(&nowhere).reach().await);
    assert!(said.contains("does not exist, 3D000"), "{said}");
    let (_, rest) = address.split_once('@').unwrap();
    let reader = settings(&format!("postgresql://reader@{rest}"));
    let records = of(connect(&reader), table(&["name"]));
    let said = told(records.read("c-1").await);
    assert!(said.contains("permission denied for table customers (42501); grant it"), "{said}");
}

#[tokio::test]
async fn what_is_not_as_the_project_says_is_told_with_its_name() {
    let address = database(
        "CREATE TABLE customers (id text PRIMARY KEY, phone text, number bigint, doc jsonb);",
    )
    .await;
    let phone = |column: &str| {
        let index = Index { kind: IndexKind::Phone, fields: vec!["phone".into()] };
        let fields = [("phone".to_owned(), column.to_owned())].into();
        let table = Table { fields, ..table(&[]) };
        let database = connect(&settings(&address));
        PostgresRecords::new(database, "customers", table, indexes(&[("phone", index)]))
    };
    let mut said = Vec::new();
    for other in [
        Table { table: "custommers".into(), ..table(&["phone"]) },
        Table { table: "other.customers".into(), ..table(&["phone"]) },
        table(&["phon"]),
        Table { key: "doc".into(), ..table(&["phone"]) },
        Table { version: Some("phone".into()), ..table(&["phone"]) },
        Table { updated: Some("phone".into()), ..table(&["phone"]) },
    ] {
        said.push(told(records(&address, other).check().await));
    }
    said.push(told(phone("number").check().await));
    let wanted = [
        "there is no table or view `custommers` that its user can see; check `collections: … source: \
         postgresql: table` in dialgraph.yaml",
        "there is no table or view `other.customers` that its user can see; check `collections: … \
         source: postgresql: table` in dialgraph.yaml",
        "`customers` has no column `phon`; did you mean `phone`?",
        "column `doc` of `customers` cannot be a key: it is no single value",
        "column `phone` of `customers` is no version: it holds no integers",
        "column `phone` of `customers` holds no dates or timestamps",
        "column `number` of `customers` cannot serve the index `phone`: it holds no texts",
    ];
    for (said, wanted) in said.iter().zip(wanted) {
        assert_eq!(said, &format!("Unavailable source-differs: source `crm`: {wanted}"));
    }
    phone("phone").check().await.unwrap();
}

#[tokio::test]
async fn a_table_that_changes_is_looked_at_anew() {
    let address = database(CUSTOMERS).await;
    let records = records(&address, table(&["name"]));
    assert!(records.read("c-1").await.unwrap().is_some());
    run(&address, "ALTER TABLE customers RENAME COLUMN name TO title").await;
    assert!(told(records.read("c-1").await).contains("source-differs"));
    assert!(told(records.read("c-1").await).contains("`customers` has no column `name`"));
    run(&address, "ALTER TABLE customers RENAME COLUMN title TO name").await;
    assert!(records.read("c-1").await.unwrap().is_some());
    run(&address, "ALTER TABLE customers ALTER COLUMN name TYPE integer USING 7").await;
    let found = records.read("c-1").await.unwrap().unwrap();
    assert_eq!(found.data, json!({"name": 7}));
}

#[tokio::test]
async fn a_hundred_thousand_rows_are_found_by_index_and_not_by_looking_through_them() {
    let address = database(
        "CREATE TABLE customers (id integer PRIMARY KEY, account text, phone text, doc jsonb);
         INSERT INTO customers SELECT n, 'a-' || n, '010-' || lpad((n / 10000)::text, 4, '0')
           || '-' || lpad((n % 10000)::text, 4, '0'), jsonb_build_object('n', n)
           FROM generate_series(1, 100000) n;
         CREATE INDEX ON customers (account);
         CREATE INDEX ON customers (regexp_replace(phone, '[^0-9]', '', 'g'));
         ANALYZE customers;",
    )
    .await;
    let index = |kind, field: &str| Index { kind, fields: vec![field.into()] };
    let all = [
        ("account", index(IndexKind::Exact, "account")),
        ("phone", index(IndexKind::Phone, "phone")),
    ];
    let database = connect(&settings(&address));
    let table = table(&["account", "phone", "doc"]);
    let records = PostgresRecords::new(database, "customers", table, indexes(&all));
    let found = records.look_up("account", json!("a-77777")).await.unwrap();
    assert_eq!(found.hits[0].record.key, "77777");
    let found = records.look_up("phone", json!("+821000077777")).await.unwrap();
    assert_eq!(found.hits.len(), 1);
    assert_eq!(found.hits[0].record.key, "77777");
    let page = records.all(&[("account", json!("a-5"))]).await.unwrap();
    assert_eq!((page.records.len(), page.more), (1, false));
    let page = records.all(&[]).await.unwrap();
    assert_eq!((page.records.len(), page.more), (100, true));
    let said = told(records.all(&[("doc", json!({"n": 99_999}))]).await);
    assert!(said.starts_with("Invalid too-many-records"), "{said}");
    // The statements that docs/sources.md gives are those that make it fast.
    let plan = "EXPLAIN SELECT 1 FROM customers t WHERE \
        (pg_catalog.regexp_replace(t.phone, '[^0-9]', '', 'g') = ANY (ARRAY['01000077777']))";
    let plan = run(&address, plan).await;
    assert!(plan.contains("Index"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_verified() {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let files = [("server.crt", certificate.as_str()), ("server.key", key.as_str())];
    let server = Postgres::with(&files, &["ssl=on"]);
    let address = server.database("crm");
    server.run("crm", CUSTOMERS);
    let roots = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(roots.path(), &certificate).unwrap();
    let verified = format!("{address}?sslmode=verify-full");
    let trusting = Settings { extra_roots: Some(roots.path().to_owned()), ..settings(&verified) };
    let records = of(connect(&trusting), table(&["name"]));
    assert!(records.read("c-1").await.unwrap().is_some());
    records.write("c-2", json!({"name": "x"}), Expectation::Any).await.unwrap();
    let over = server.run(
        "crm",
        "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a \
        USING (pid) WHERE a.application_name = 'dialgraph'",
    );
    assert_eq!(over, "t");
    let said = told(connect(&settings(&verified)).reach().await);
    assert!(said.contains("no connection") && said.contains("certificate"), "{said}");
    assert!(connect(&settings(&format!("{address}?sslmode=disable"))).reach().await.is_ok());
    // A server without TLS is not talked to in the clear by who asks for TLS.
    let plain = database("SELECT 1").await;
    let said = told(connect(&settings(&format!("{plain}?sslmode=verify-full"))).reach().await);
    assert!(said.contains("server does not support TLS"), "{said}");
}
