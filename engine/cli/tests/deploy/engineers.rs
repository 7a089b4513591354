//! Who takes calls, who has how much to do and who is on duty is seen and changed while calls go
//! on, and the next call meets it.

use serde_json::{Value, json};

use crate::admin::ask;
use crate::commands::run;
use crate::server::{Server, Site};

const PROJECT: &str = "
entry: desk
after: closed
locales: [en-US]
fallback: {queue: general}
collections:
  call_logs: {}
  engineers:
    seed: data/engineers.yaml
    schema: data/engineers.schema.yaml
    indexes: {engineer_id: {fields: [engineer_id]}}
  duty: {seed: data/duty.yaml, references: {engineer_id: engineers}}
  assignments:
    indexes: {engineer_id: {fields: [engineer_id]}}
engineers: {collection: engineers, token: login, duty: duty, work: assignments}
plugins:
  ticketing-zendesk: {grants: [http, secrets], http: [\"http://127.0.0.1:9\"], secrets: [zendesk-token]}
  call-log: {grants: [clock, records-write], collections: {write: [call_logs]}}
  ticketing: {grants: [tickets]}
  record: {grants: [records-read, records-write], collections: {write: [assignments]}}
  assign-engineer:
    grants: [log, clock, records-read, records-write]
    collections: {read: [engineers, duty, assignments], write: [assignments]}
";

const ENGINEERS: &str = "
e-101: {engineer_id: e-101, name: Hana Example, login: hana, is_available: true, current_load: 0, max_load: 9}
e-102: {engineer_id: e-102, name: Duri Example, login: duri, is_available: true, current_load: 1}
e-103: {engineer_id: e-103, name: Sena Example, login: sena, is_available: true, current_load: 0}
";

const SCHEMA: &str = "
type: object
required: [name, is_available, current_load]
properties:
  engineer_id: {type: string}
  name: {type: string}
  login: {type: string}
  is_available: {type: boolean}
  current_load: {type: integer}
  max_load: {type: integer}
additionalProperties: false
";

const ASSIGN: &str = "flow: assign
summary: Opens a ticket for the customer's engineer, or for whoever is on duty.
locales: [en-US]
attributes:
  engineer_id: {type: string, default: \"\"}
start: assign
nodes:
  assign:
    use: assign-engineer
    config: {engineers: engineers, duty: duty, work: assignments, order: [primary, duty]}
    with: {assigned_engineer: '\"e-101\"', date: '\"2026-12-25\"'}
    save: {engineer_id: 'default(output.engineer_id, \"\")'}
    on: {assigned: ticket, nobody: ticket, error: ticket}
  ticket:
    use: ticketing
    with: {request: '\"The disk is full.\"', assignee: engineer_id}
    on: {created: done, error: done}
  done:
    end: {disposition: opened}
";

const CLOSED: &str = "flow: closed
summary: Takes the call off the engineer.
locales: [en-US]
start: release
nodes:
  release:
    use: record
    config: {do: delete, collection: assignments}
    with: {key: call.id}
    on: {done: done, not_done: done, error: done}
  done:
    end: {disposition: closed}
";

/// Tokens of an engineer, of somebody else with the same role, and of those who may do more.
fn site() -> Site {
    let tokens = [
        ("hana", "agent"),
        ("nobody", "agent"),
        ("ann", "designer"),
        ("root", "operator"),
        ("see", "viewer"),
    ];
    let tokens = tokens.map(|(name, role)| {
        let hash = dialgraph_deploy::TokenHash::of(&format!("token-of-a-{name}")).to_hex();
        format!("{name}:{role}:{hash}")
    });
    crate::commands::site()
        .file("dialgraph.yaml", PROJECT)
        .file("data/engineers.yaml", ENGINEERS)
        .file("data/engineers.schema.yaml", SCHEMA)
        .file("data/duty.yaml", "friday: {engineer_id: e-102, note: Moon day}\n")
        .file("assign.flow.yaml", ASSIGN)
        .file("closed.flow.yaml", CLOSED)
        .set("DIALGRAPH_API__TOKENS", &tokens.join(","))
}

/// Who gets the next call.
fn next(server: &Server, call: &str) -> String {
    let begun = ask(server, "root", "POST", "/v1/calls", &json!({"id": call, "flow": "assign"}));
    assert_eq!(begun.status, 201, "{begun:?}");
    let listed = ask(server, "hana", "GET", "/v1/tickets?limit=1", &Value::Null).json();
    assert_eq!(listed["tickets"][0]["call"], call, "{listed}");
    listed["tickets"][0]["assignee"].as_str().unwrap_or("nobody").to_owned()
}

#[test]
fn the_next_call_meets_who_is_away_and_who_is_on_duty() {
    let site = site();
    let server = site.start();
    let said = |token: &str, args: &[&str]| {
        let words: Vec<&str> = ["engineers"].iter().chain(args).copied().collect();
        let said = run(&server, site.path(), &format!("token-of-a-{token}"), &words);
        let text = format!(
            "{token}: {}\n{}{}exit {}",
            args.join(" "),
            said.err,
            said.out,
            said.code.unwrap()
        );
        // Times are those of the run.
        let time = |word: &str| word.len() > 18 && word.starts_with("20") && word.contains('T');
        let line = |line: &str| {
            let words = line.split(' ').map(|word| match word.strip_suffix(',') {
                Some(start) if time(start) => "[time],",
                _ => word,
            });
            words.collect::<Vec<_>>().join(" ")
        };
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    };
    let mut all = Vec::new();
    let mut do_it = |token: &str, args: &[&str]| all.push(said(token, args));
    assert_eq!(next(&server, "c-1"), "e-101");
    server.wait_until("the call is off the engineer", |server| {
        let shown = ask(server, "hana", "GET", "/v1/engineers/e-101", &Value::Null).json();
        shown["work"][0]["calling"] == false
    });
    do_it("hana", &["ls"]);
    do_it("see", &["ls"]);
    do_it("hana", &["show", "e-101"]);
    // Of oneself, and of nobody else.
    do_it("hana", &["away", "e-101"]);
    do_it("hana", &["away", "e-102"]);
    do_it("nobody", &["available", "e-101"]);
    do_it("hana", &["away", "e-999"]);
    do_it("hana", &["duty"]);
    assert_eq!(next(&server, "c-2"), "e-102");
    do_it("hana", &["duty", "2026-12-25", "e-103"]);
    do_it("ann", &["duty", "2026-12-25", "e-103"]);
    assert_eq!(next(&server, "c-3"), "e-103");
    do_it("ann", &["duty", "2026-12-25", "e-999"]);
    do_it("ann", &["duty", "Christmas", "e-103"]);
    do_it("ann", &["duty", "2026-12-25"]);
    do_it("ann", &["duty", "friday", "e-103"]);
    do_it("ann", &["away", "e-103"]);
    assert_eq!(next(&server, "c-4"), "nobody");
    do_it("ann", &["duty", "2026-12-25", "--remove"]);
    do_it("ann", &["duty", "2026-12-25", "--remove"]);
    do_it("hana", &["duty"]);
    do_it("hana", &["available", "e-101"]);
    assert_eq!(next(&server, "c-5"), "e-101");
    insta::assert_snapshot!(all.join("\n\n"));
    // What else a record and a day hold stays.
    let data = |path: &str| ask(&server, "hana", "GET", path, &Value::Null).json()["data"].clone();
    let hana = json!({
        "engineer_id": "e-101", "name": "Hana Example", "login": "hana", "is_available": true,
        "current_load": 0, "max_load": 9
    });
    assert_eq!(data("/v1/collections/engineers/records/e-101"), hana);
    let friday = json!({"engineer_id": "e-103", "note": "Moon day"});
    assert_eq!(data("/v1/collections/duty/records/friday"), friday);
    let path = "/v1/access-log?collection=engineers&key=e-101";
    let log = ask(&server, "see", "GET", path, &Value::Null).json();
    let lines: Vec<String> = log["accesses"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|line| {
            format!(
                "{} {}",
                line["who"]["name"].as_str().unwrap(),
                line["action"].as_str().unwrap()
            )
        })
        .filter(|line| line.ends_with("write-record"))
        .collect();
    let tried = "nobody write-record";
    assert_eq!(lines, ["hana write-record", tried, "hana write-record"]);
}

#[test]
fn changes_of_one_record_at_once_lose_nothing_and_a_project_without_engineers_says_so() {
    let site = site();
    let server = site.start();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let server = &server;
            scope.spawn(move || {
                for round in 0..4 {
                    let available = (n + round) % 2 == 0;
                    let body = json!({"available": available});
                    let reply = ask(server, "ann", "POST", "/v1/engineers/e-101", &body);
                    // Whoever is overtaken again and again is told to come back.
                    assert!(matches!(reply.status, 200 | 503), "{reply:?}");
                }
            });
        }
    });
    for wrong in [json!({}), json!({"available": "no"}), json!({"available": true, "x": 1})] {
        let reply = ask(&server, "ann", "POST", "/v1/engineers/e-101", &wrong);
        assert_eq!(reply.status, 400, "{wrong}");
    }
    for wrong in [json!({}), json!({"engineer": ""}), json!({"engineer": "e".repeat(257)})] {
        let reply = ask(&server, "ann", "PUT", "/v1/duty/friday", &wrong);
        assert_eq!(reply.status, 400, "{wrong}");
    }
    for query in ["limit=0", "limit=501", "colour=blue"] {
        let path = format!("/v1/engineers?{query}");
        assert_eq!(ask(&server, "ann", "GET", &path, &Value::Null).status, 400, "{query}");
    }
    let plain = crate::admin::guarded(crate::commands::site()).start();
    for path in ["/v1/engineers", "/v1/duty"] {
        let reply = ask(&plain, "agent", "GET", path, &Value::Null);
        assert_eq!(reply.status, 409, "{reply:?}");
        assert!(reply.text.contains("engineers: {collection"), "{reply:?}");
    }
}

#[test]
fn what_is_sensitive_of_an_engineer_is_hidden_here_too() {
    let login = "login: {type: object, properties: {name: {type: string}}}";
    let schema = SCHEMA.replace("login: {type: string}", login);
    let project = PROJECT
        .replace(
            "    schema: data/engineers.schema.yaml",
            "    schema: data/engineers.schema.yaml\n    sensitive: [name]",
        )
        .replace("token: login,", "token: login.name,");
    let people = ENGINEERS.replace("login: hana", "login: {name: hana}");
    let people = people.replace("login: duri", "login: {name: duri}");
    let server = site()
        .file("dialgraph.yaml", &project)
        .file("data/engineers.schema.yaml", &schema)
        .file("data/engineers.yaml", &people.replace("login: sena", "login: {name: sena}"))
        .start();
    let name = |who: &str, path: &str| {
        let shown = ask(&server, who, "GET", path, &Value::Null).json();
        let found = ["/engineers/0/name", "/engineer/name"].iter().find_map(|at| shown.pointer(at));
        found.cloned().unwrap_or(Value::Null)
    };
    for path in ["/v1/engineers", "/v1/engineers/e-101"] {
        assert_eq!((name("hana", path), name("ann", path)), (Value::Null, json!("Hana Example")));
    }
    // The field of the token may lie within another; others are not hers to change.
    let away = json!({"available": false});
    let own = ask(&server, "hana", "POST", "/v1/engineers/e-101", &away);
    assert_eq!((own.status, &own.json()["engineer"]["name"]), (200, &Value::Null), "{own:?}");
    assert_eq!(ask(&server, "hana", "POST", "/v1/engineers/e-102", &away).status, 403);
    // What an agent does not see is still there.
    assert_eq!(name("ann", "/v1/engineers/e-101"), "Hana Example");
}
