//! A collection in a database: calls find its records, go on with copies while it is down, and are
//! not held up by it.

use dialgraph_stand_ins::postgres::{PASSWORD, Postgres};
use serde_json::json;

use crate::server::{Server, Site};

const PROJECT: &str = "
entry: desk
finally: wrapup
locales: [en-US]
country: KR
fallback: {queue: general}
collections:
  call_logs: {}
  notes: {references: {customer: customers}}
  customers:
    source:
      postgresql:
        from: crm
        table: customers
        key: customer_no
        fields: {company_name: name, phone: phone, calls: calls}
    indexes:
      phone: {kind: phone, fields: [phone]}
plugins:
  record:
    grants: [records-read, records-write]
    collections: {read: [customers], write: [customers]}
  call-log: {grants: [clock, records-write], collections: {write: [call_logs]}}
";

const FLOW: &str = r#"
flow: desk
summary: Greets customers by the name of their company.
locales: [en-US]
attributes:
  company: {type: string, default: ""}
  key: {type: string, default: ""}
  stale: {type: boolean, default: false}
start: look
nodes:
  look:
    use: record
    config: {do: find, collection: customers, when_down: last_known}
    with: {where: '{"phone": call.from}'}
    save:
      company: 'default(output.record.company_name, "")'
      key: 'default(output.key, "")'
      stale: 'default(output.stale, false)'
    on: {done: known, not_done: unknown, error: people}
  known:
    switch:
      - {when: stale, next: from_memory}
    next: count
  count:
    use: record
    config: {do: increment, collection: customers, field: calls, create: false}
    with: {key: key}
    on: {done: greet, not_done: people, error: people}
  greet: {say: {en-US: "Hello ${company}."}, next: done}
  from_memory: {say: {en-US: "I remember ${company}."}, next: done}
  unknown: {say: {en-US: We do not know you.}, next: done}
  done: {end: {disposition: done}}
  people:
    queue: {to: general}
    on: {error: done}
"#;

/// What the caller hears, however long the machine takes over it.
fn greeted(server: &Server, id: &str, from: &str) -> String {
    let answer = server.call(id, json!({"from": from}));
    let (answer, _) = server.resume(id, answer);
    answer.to_string()
}

#[test]
fn calls_read_and_write_a_database_and_go_on_without_it() {
    let mut database = Postgres::start();
    let address = database.database("crm");
    database.run(
        "crm",
        "CREATE TABLE customers (customer_no text PRIMARY KEY, name text, phone text, calls integer);
         INSERT INTO customers VALUES ('c-1', 'Hanbit', '+82210000101', 0),
           ('c-2', 'Saebyeok', '+82210000102', 0);",
    );
    let site = Site::desk("http://127.0.0.1:1", "5s")
        .file("dialgraph.yaml", PROJECT)
        .file("desk.flow.yaml", FLOW)
        .set("DIALGRAPH_SOURCES__POSTGRESQL", &format!("crm={address}"))
        .set("DIALGRAPH_SOURCES__SECRETS", "crm=crm-password")
        .set("DIALGRAPH_SOURCES__TIMEOUT", "20s")
        .set("DIALGRAPH_SECRET_CRM_PASSWORD", PASSWORD);
    let server = site.start();
    let call = |id: &str, from: &str| greeted(&server, id, from);
    let known = call("a", "+82210000101");
    assert!(known.contains("Hello Hanbit."), "{known}");
    assert_eq!(database.run("crm", "SELECT calls FROM customers WHERE customer_no = 'c-1'"), "1");
    let unknown = call("b", "+82210000199");
    assert!(unknown.contains("We do not know you."), "{unknown}");

    // People read it through the server, and change it where it lives.
    let listed = server.get("/v1/collections").json();
    let sources: Vec<_> =
        listed["collections"].as_array().unwrap().iter().map(|one| &one["source"]).collect();
    assert_eq!(sources, [&json!(null), &json!("crm"), &json!(null)]);
    let found = server.get("/v1/collections/customers/records/c-1").json();
    assert_eq!(
        found["data"],
        json!({"company_name": "Hanbit", "phone": "+82210000101", "calls": 1})
    );
    let find = json!({"index": "phone", "values": ["02-1000-0101"]});
    let found = server.post("/v1/collections/customers/find", &find).json();
    assert_eq!(found["hits"][0]["key"], "c-1");
    let elsewhere = server.get("/v1/collections/customers/records");
    assert_eq!(elsewhere.status, 409, "{elsewhere:?}");
    assert!(elsewhere.text.contains("live in the source `crm`"), "{elsewhere:?}");
    let path = "/v1/collections/customers/records/c-1";
    assert_eq!(server.request("PUT", path, &[], br#"{"phone": "1"}"#).status, 409);
    assert_eq!(server.request("DELETE", path, &[], b"").status, 409);
    let rows = json!({"records": [{"key": "c-1", "data": {}}]});
    assert_eq!(server.post("/v1/collections/customers/import", &rows).status, 409);
    // Whether a record elsewhere is there is not asked of the store.
    let path = "/v1/collections/notes/records/n-1";
    let noted = server.request("PUT", path, &[], br#"{"customer": "c-1"}"#);
    assert_eq!(noted.status, 200, "{noted:?}");
    let ready = |state: &'static str| {
        move |server: &Server| {
            let parts = server.get("/readyz").json();
            parts["parts"]["sources"].as_str().unwrap().starts_with(state)
        }
    };
    server.wait_until("the database is looked at", ready("ok"));

    // Whoever pushes is told of what the flows cannot use, and is not held up.
    database.run("crm", "ALTER TABLE customers RENAME COLUMN name TO title");
    let extra =
        "flow: extra\nlocales: [en-US]\nstart: bye\nnodes:\n  bye: {end: {disposition: done}}\n";
    let push = json!({"flows": {"extra": extra}, "dry_run": true});
    let warned = server.post("/v1/releases", &push).json();
    let warnings = warned["warnings"].to_string();
    assert!(
        warnings.contains("calls cannot use the records of `customers` now: source `crm`:"),
        "{warned}"
    );
    assert!(warnings.contains("`customers` has no column `name`"), "{warned}");
    database.run("crm", "ALTER TABLE customers RENAME COLUMN title TO name");
    let fine = server.post("/v1/releases", &push).json();
    assert!(!fine["warnings"].to_string().contains("cannot use"), "{fine}");

    database.stop();
    let known = call("c", "+82210000101");
    assert!(known.contains("I remember Hanbit."), "{known}");
    assert_eq!(server.get("/v1/collections/customers/records/c-1").status, 503);
    server.wait_until("it is known to be down", ready("degraded: collection `customers`: source"));
    assert_eq!(server.get("/readyz").status, 200);
    // Copies outlive the process, and a server starts without its database.
    server.kill();
    let server = site.start();
    let known = greeted(&server, "e", "+82210000101");
    assert!(known.contains("I remember Hanbit."), "{known}");

    database.up();
    server.wait_until("the breaker lets a call through", |server| {
        let ids = server.log().len();
        greeted(server, &format!("f{ids}"), "+82210000102").contains("Hello Saebyeok.")
    });
    server.wait_until("it is known to be up", ready("ok"));
    assert!(!server.log().contains("Hanbit") && !server.log().contains(PASSWORD));
}

#[test]
fn a_source_that_is_not_granted_or_whose_secret_a_plugin_has_is_refused() {
    let site = || {
        Site::desk("http://127.0.0.1:1", "5s")
            .file("dialgraph.yaml", PROJECT)
            .file("desk.flow.yaml", FLOW)
    };
    let log = site().try_start().unwrap_err();
    assert!(log.contains("lives in the postgresql source `crm`, which this server is not granted"));
    let granted = site()
        .set("DIALGRAPH_SOURCES__POSTGRESQL", "crm=postgresql://app@127.0.0.1:1/crm")
        .set("DIALGRAPH_SOURCES__SECRETS", "crm=crm-password");
    granted.add_to_project("  http-request: {grants: [http, secrets], secrets: [crm-password]}\n");
    let log = granted.try_start().unwrap_err();
    assert!(log.contains("plugin `http-request` is granted the secret `crm-password`"), "{log}");
}
