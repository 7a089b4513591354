//! The admin API lets each role do what it may and strangers nothing, answers whatever is pushed or
//! saved in the project folder, and calls go on meanwhile.

use std::io::Write as _;

use serde_json::{Value, json};

use dialgraph_api::Role;
use dialgraph_api::operations::{self, Access, Method};

use crate::commands::{project, run, site};
use crate::server::{Reply, Server, Site};

/// `printf dgt_… | sha256sum` of the tokens below.
fn tokens() -> [(&'static str, String); 4] {
    ["viewer", "agent", "designer", "operator"].map(|role| {
        let hash = dialgraph_deploy::TokenHash::of(&format!("token-of-a-{role}")).to_hex();
        (role, format!("{role}-name:{role}:{hash}"))
    })
}

pub(crate) fn guarded(site: Site) -> Site {
    let tokens = tokens().map(|(_, token)| token).join(",");
    site.set("DIALGRAPH_API__TOKENS", &tokens)
}

pub(crate) fn ask(server: &Server, role: &str, method: &str, path: &str, body: &Value) -> Reply {
    let token = format!("Bearer token-of-a-{role}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    server.request(method, path, &headers, body.as_bytes())
}

#[test]
fn each_role_may_do_what_it_may() {
    let site = guarded(site());
    let backups = site.path().join("backups");
    let site = site.set("DIALGRAPH_STORE__BACKUP", &backups.to_string_lossy());
    let server = site.start();
    let flow = "flow: extra\nstart: bye\nnodes:\n  bye: {end: {disposition: resolved}}\n";
    let push = json!({"flows": {"extra": flow}});
    // Path, what to send, and the least role that may.
    let requests = [
        ("GET", "/v1/releases", Value::Null, "viewer"),
        ("GET", "/v1/releases/live", Value::Null, "viewer"),
        ("GET", "/v1/audit?limit=1", Value::Null, "viewer"),
        ("GET", "/v1/flows", Value::Null, "viewer"),
        ("GET", "/v1/flows/desk", Value::Null, "viewer"),
        ("GET", "/v1/flows/desk/content", Value::Null, "viewer"),
        ("GET", "/v1/plugins", Value::Null, "viewer"),
        ("POST", "/v1/releases", push, "designer"),
        ("PUT", "/v1/flows/desk/pin", Value::Null, "designer"),
        ("DELETE", "/v1/flows/desk/pin", Value::Null, "designer"),
        ("DELETE", "/v1/flows/extra", Value::Null, "designer"),
        ("POST", "/v1/flows/desk/rollback", json!({"to": "0000000000"}), "designer"),
        ("POST", "/v1/releases/rollback", json!({}), "designer"),
        ("POST", "/v1/canary", json!({"do": "promote"}), "designer"),
        ("GET", "/v1/access-log", Value::Null, "viewer"),
        ("GET", "/v1/collections", Value::Null, "viewer"),
        ("GET", "/v1/collections/call_logs/records", Value::Null, "agent"),
        ("GET", "/v1/engineers", Value::Null, "agent"),
        ("GET", "/v1/engineers/e-101", Value::Null, "agent"),
        ("POST", "/v1/engineers/e-101", json!({"available": true}), "agent"),
        ("GET", "/v1/duty", Value::Null, "agent"),
        ("PUT", "/v1/duty/friday", json!({"engineer": "e-101"}), "designer"),
        ("DELETE", "/v1/duty/friday", Value::Null, "designer"),
        ("GET", "/v1/tokens", Value::Null, "operator"),
        ("POST", "/v1/tokens", json!({"name": "kim", "role": "viewer", "days": 1}), "operator"),
        ("DELETE", "/v1/tokens/nobody", Value::Null, "operator"),
        ("POST", "/v1/store/purge", json!({"older_than_ms": 0, "dry_run": true}), "operator"),
        ("POST", "/v1/store/erase", json!({"customer": "kim", "dry_run": true}), "operator"),
        ("POST", "/v1/store/backup", json!({}), "operator"),
        ("POST", "/v1/store/verify", json!({}), "operator"),
        ("GET", "/v1/store/job", Value::Null, "operator"),
    ];
    let roles = ["viewer", "agent", "designer", "operator"];
    for (method, path, body, least) in requests {
        let nobody = server.request(method, path, &[], body.to_string().as_bytes());
        assert_eq!(nobody.status, 401, "{method} {path}: {nobody:?}");
        let forged = ask(&server, "stranger", method, path, &body);
        assert_eq!(forged.status, 401, "{method} {path}");
        let least = roles.iter().position(|role| *role == least).unwrap();
        for role in &roles[..least] {
            let reply = ask(&server, role, method, path, &body);
            assert_eq!(reply.status, 403, "{role}: {method} {path}: {reply:?}");
        }
        let reply = ask(&server, roles[least], method, path, &body);
        // Some of them make no sense as things are, but that is another matter.
        assert!(matches!(reply.status, 200 | 202 | 404 | 409), "{method} {path}: {reply:?}");
    }
    let log = ask(&server, "viewer", "GET", "/v1/audit", &Value::Null).json();
    let lines: Vec<String> = log["audit"]
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
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_token_that_was_made_is_good_until_it_is_revoked() {
    let site = guarded(site());
    let server = site.start();
    let body = json!({"name": "kim", "role": "viewer"});
    let made = ask(&server, "operator", "POST", "/v1/tokens", &body).json();
    let token = format!("Bearer {}", made["token"].as_str().unwrap());
    let try_it = || server.request("GET", "/v1/flows", &[("authorization", &token)], b"").status;
    assert_eq!(try_it(), 200);
    let listed = ask(&server, "operator", "GET", "/v1/tokens", &Value::Null);
    assert!(listed.text.contains("kim") && !listed.text.contains("hash"), "{}", listed.text);
    let path = format!("/v1/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(ask(&server, "operator", "DELETE", &path, &Value::Null).status, 200);
    assert_eq!(try_it(), 401);
}

/// Sends the head of a request with `bytes` of body to come, none of which comes.
fn head_only(server: &Server, method: &str, path: &str, bytes: usize, token: &str) -> Reply {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\ncontent-length: {bytes}\r\n\r\n"
    );
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    crate::server::reply(stream)
}

#[test]
fn nobody_is_told_to_send_a_body_before_it_is_known_who_asks() {
    let site = guarded(site());
    let server = site.start();
    for (method, path) in [
        ("POST", "/v1/releases"),
        ("PUT", "/v1/plugins/call-log"),
        ("POST", "/v1/tokens"),
        ("POST", "/v1/canary"),
        ("POST", "/v1/calls"),
        ("POST", "/v1/calls/c-1/turns"),
    ] {
        let stranger = head_only(&server, method, path, 90 << 20, "token-of-a-stranger");
        assert_eq!(stranger.status, 401, "{method} {path}: {stranger:?}");
    }
    let viewer = head_only(&server, "POST", "/v1/releases", 90 << 20, "token-of-a-viewer");
    assert_eq!(viewer.status, 403, "{viewer:?}");
}

#[test]
fn only_a_push_may_be_large() {
    let site = guarded(site());
    let server = site.start();
    let text = "x".repeat(300 << 10);
    for path in ["/v1/canary", "/v1/tokens", "/v1/releases/rollback", "/v1/flows/desk/rollback"] {
        let reply = ask(&server, "operator", "POST", path, &json!({"why": text}));
        assert_eq!(reply.status, 413, "{path}: {reply:?}");
        assert!(reply.text.contains("server.max_body"), "{reply:?}");
    }
    let files = json!({"files": {"notes.md": text}, "dry_run": true});
    assert_eq!(ask(&server, "operator", "POST", "/v1/releases", &files).status, 200);
}

#[test]
fn what_comes_through_a_proxy_or_from_a_page_does_not_go_without_a_token() {
    let site = site();
    let server = site.start();
    let json = ("content-type", "application/json");
    for header in [("origin", "https://pages.example.com"), ("x-forwarded-for", "192.0.2.7")] {
        for (method, path) in [
            ("GET", "/v1/calls"),
            ("POST", "/v1/calls"),
            ("GET", "/v1/calls/c-1"),
            ("POST", "/v1/calls/c-1/turns"),
            ("GET", "/v1/releases"),
            ("POST", "/v1/releases"),
        ] {
            let reply = server.request(method, path, &[header, json], b"{}");
            assert_eq!(reply.status, 403, "{header:?} {method} {path}: {reply:?}");
        }
    }
    drop(server);
    let guarded = guarded(site);
    let server = guarded.start();
    let headers = [("x-forwarded-for", "192.0.2.7"), ("authorization", "Bearer token-of-a-viewer")];
    assert_eq!(server.request("GET", "/v1/calls", &headers, b"").status, 200);
}

#[test]
fn a_push_over_http_answers_with_all_that_is_wrong() {
    let site = site();
    let server = site.start();
    let put = |path: &str, body: &[u8]| server.request("PUT", path, &[], body);
    let text = std::fs::read(project(&site).join("desk.flow.yaml")).unwrap();
    let same = put("/v1/flows/desk", &text);
    assert_eq!((same.status, &same.json()["changed"]), (200, &json!(false)));
    let broken = put("/v1/flows/desk?why=try", b"flow: desk\nstart: gone\nnodes: {}\n");
    let said = broken.json();
    assert_eq!((broken.status, said["reasons"][0]["code"].as_str()), (422, Some("bad-flows")));
    assert!(said["report"]["errors"].as_u64().unwrap() > 0 && said["rendered"].is_string());
    let wasm = put("/v1/plugins/call-log", b"\0asm\x0d\0\x01\0");
    assert_eq!(wasm.status, 422, "{wasm:?}");
    assert_eq!(put("/v1/flows/desk?wy=typo", &text).status, 400);
    assert_eq!(put("/v1/flows/desk?canary=0", &text).status, 409);
    assert_eq!(server.post("/v1/releases", &json!({"flow": {}})).status, 400);
    let bad = json!({"plugins": {"call-log": {"component": "no base64!"}}});
    assert_eq!(server.post("/v1/releases", &bad).status, 400);
    assert_eq!(server.get("/v1/flows/nobody").status, 404);
    assert_eq!(server.get("/v1/releases?limit=0").status, 400);
    assert_eq!(server.request("PATCH", "/v1/flows/desk", &[], b"").status, 405);
    let page = [("origin", "https://pages.example.com")];
    assert_eq!(server.request("DELETE", "/v1/flows/desk", &page, b"").status, 403);
    let content = server.get("/v1/flows/desk/content");
    assert_eq!((content.status, content.text.as_bytes()), (200, &text[..]));
    assert!(content.head.contains("etag: \"sha256:"), "{}", content.head);
}

#[test]
fn the_admin_api_is_not_there_when_other_machines_could_ask_and_nobody_has_a_token() {
    let exposed = site()
        .set("DIALGRAPH_SERVER__LISTEN", "0.0.0.0:0")
        .set("DIALGRAPH_CONNECT__SIGNATURE", "off")
        .set("DIALGRAPH_API__AUTHENTICATION", "off");
    let server = exposed.start();
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/v1/flows").status, 404);
    assert_eq!(server.request("PUT", "/v1/flows/desk", &[], b"x").status, 404);
    drop(server);
    let site = site().set("DIALGRAPH_DEPLOY__ADMIN", "off");
    let off = site.start();
    assert_eq!(off.get("/v1/flows").status, 404);
}

#[test]
fn what_changes_in_the_project_folder_goes_live_and_outlives_a_restart() {
    let site =
        Site::desk("http://127.0.0.1:9", "5s").set("DIALGRAPH_DEPLOY__WATCH_INTERVAL", "20ms");
    let server = site.start();
    let desk = project(&site).join("desk.flow.yaml");
    let text = std::fs::read_to_string(&desk).unwrap();
    let number =
        |server: &Server| server.get("/v1/releases/live").json()["live"]["number"].as_u64();
    assert_eq!(number(&server), Some(1));
    std::fs::write(&desk, text.replace("What happened?", "Tell us.")).unwrap();
    // The store has it a moment before the process has gone over to it, and says so.
    server.wait_until("the change is live", |server| {
        server.log().contains("a change in the project folder is live")
    });
    assert_eq!(number(&server), Some(2));
    let answer = server.call("a", json!({}));
    assert_eq!(answer["say"][0]["text"], "Tell us.");
    // Pushed beside the folder: the folder does not know of it, and does not take it back.
    let push = json!({"flows": {"desk": text.replace("What happened?", "Pushed.")}});
    assert_eq!(server.post("/v1/releases", &push).status, 200);
    server.kill();

    let server = site.start();
    assert_eq!(server.call("b", json!({}))["say"][0]["text"], "Pushed.");
    // A call of before goes on under what it began with.
    let turn = answer["turn"].as_u64().unwrap();
    assert_eq!(
        server.event("a", turn, json!({"event": "silent"})).json()["say"][0]["text"],
        "Tell us."
    );
    let listed = run(&server, site.path(), "", &["flow", "list", "desk"]);
    assert_eq!(listed.out.lines().count(), 3, "{}", listed.out);
}

/// Flows that are too much of something: nodes, findings, depth.
pub(crate) fn excessive() -> Vec<(&'static str, String)> {
    let head = "flow: long\nlocales: [en-US]\nstart: n0\nnodes:\n";
    let end = "  bye: {end: {disposition: resolved}}\n";
    let nodes = |count: usize, next: &dyn Fn(usize) -> String| -> String {
        let node = |n| format!("  n{n}: {{say: {{en-US: a}}, next: {}}}\n", next(n));
        format!("{head}{}{end}", (0..count).map(node).collect::<String>())
    };
    let chain = |count: usize| {
        nodes(count, &|n| if n + 1 < count { format!("n{}", n + 1) } else { "bye".to_owned() })
    };
    vec![
        ("a chain", chain(5_400)),
        ("a chain that is too long", chain(90_000)),
        ("a file that is too large", chain(150_000)),
        ("unknown targets", nodes(20_000, &|n| format!("gone{n}"))),
        ("doubled keys", format!("{head}{}", end.repeat(20_000))),
        ("lists within lists", format!("{head}  a: {}", "[".repeat(10_000))),
        ("maps within maps", format!("{head}  a: {}", "{a: ".repeat(10_000))),
        (
            "brackets",
            format!("{head}  n0: {{set: {{a: '{}'}}, next: bye}}\n{end}", "(".repeat(10_000)),
        ),
    ]
}

#[test]
fn whatever_is_pushed_is_answered_and_calls_go_on() {
    let server = site().start();
    for (what, text) in excessive() {
        let reply = server.request("PUT", "/v1/flows/long?dry_run=true", &[], text.as_bytes());
        let good = if what == "a chain" { 200 } else { 422 };
        assert_eq!(reply.status, good, "{what}: {}", &reply.text[..reply.text.len().min(2_000)]);
        assert!(reply.text.len() < 1_000_000, "{what}: {} bytes", reply.text.len());
    }
    assert_eq!(server.call("a", json!({}))["say"][0]["text"], "What happened?");
    server.terminate();
    assert_eq!(server.ended().0, Some(0));
}

#[test]
fn whatever_is_saved_in_the_project_folder_is_taken_or_told_and_calls_go_on() {
    let site =
        Site::desk("http://127.0.0.1:9", "5s").set("DIALGRAPH_DEPLOY__WATCH_INTERVAL", "20ms");
    let server = site.start();
    let file = project(&site).join("long.flow.yaml");
    for (what, text) in excessive() {
        let told = |server: &Server| {
            let log = server.log();
            let lines = ["change in the project folder is live", "folder was not imported"];
            lines.iter().map(|line| log.matches(line).count()).sum::<usize>()
        };
        let before = told(&server);
        std::fs::write(&file, text).unwrap();
        server.wait_until(what, |server| told(server) > before);
    }
    assert_eq!(server.call("a", json!({}))["say"][0]["text"], "What happened?");
    server.terminate();
    assert_eq!(server.ended().0, Some(0));
}

#[test]
fn a_pipe_in_the_project_folder_is_told_of_and_nobody_waits_for_it() {
    let site =
        Site::desk("http://127.0.0.1:9", "5s").set("DIALGRAPH_DEPLOY__WATCH_INTERVAL", "20ms");
    let server = site.start();
    let pipe = project(&site).join("pipe.flow.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    server.wait_until("the pipe is named", |server| {
        let log = server.log();
        log.contains("folder was not imported") && log.contains("pipe.flow.yaml")
    });
    assert_eq!(server.call("a", json!({}))["say"][0]["text"], "What happened?");
    std::fs::remove_file(&pipe).unwrap();
    let desk = project(&site).join("desk.flow.yaml");
    let text = std::fs::read_to_string(&desk).unwrap();
    std::fs::write(&desk, text.replace("What happened?", "Tell us.")).unwrap();
    server.wait_until("the change is live", |server| {
        server.log().contains("a change in the project folder is live")
    });
    server.terminate();
    assert_eq!(server.ended().0, Some(0));
}

#[test]
fn a_push_that_takes_longer_than_it_may_is_given_up_and_says_at_what() {
    let server = site().set("DIALGRAPH_DEPLOY__CHANGE_TIMEOUT", "1ms").start();
    let (_, chain) = &excessive()[0];
    let reply = server.request("PUT", "/v1/flows/long?dry_run=true", &[], chain.as_bytes());
    assert_eq!(reply.status, 422, "{}", reply.text);
    assert!(reply.text.contains("`deploy.change_timeout`"), "{}", reply.text);
    assert_eq!(server.call("a", json!({}))["say"][0]["text"], "What happened?");
}

/// A path with names of what is not there.
fn filled(path: &str) -> String {
    ["{name}", "{id}", "{collection}", "{key}"]
        .iter()
        .fold(path.to_owned(), |path, part| path.replace(part, "nobody"))
}

#[test]
fn every_operation_needs_the_role_that_its_declaration_names() {
    let server = guarded(site()).start();
    for operation in operations::calls().into_iter().chain(operations::admin()) {
        let Access::Role(role) = operation.access else { continue };
        let path = filled(operation.path);
        let method = operation.method.as_str().to_uppercase();
        // Nothing goes with it: to be refused for that, one has to be let in.
        let ask = |who| ask(&server, who, &method, &path, &Value::Null).status;
        let nobody = server.request(&method, &path, &[], b"").status;
        assert_eq!(nobody, 401, "{} by nobody", operation.id);
        let below = match role {
            Role::Viewer => None,
            Role::Agent => Some("viewer"),
            Role::Designer => Some("agent"),
            Role::Operator => Some("designer"),
        };
        if let Some(below) = below {
            assert_eq!(ask(below), 403, "{} by a {below}", operation.id);
        }
        let status = ask(role.as_str());
        assert!(!matches!(status, 401 | 403 | 405), "{}: {status}", operation.id);
        if operation.method == Method::Get {
            // This project says nothing of engineers.
            assert!(matches!(status, 200 | 404 | 409), "{}: {status}", operation.id);
        }
    }
}

#[test]
fn the_document_of_the_admin_api_names_what_there_is() {
    let site = guarded(site());
    let server = site.start();
    let document = server.get("/openapi-admin.json").json();
    let methods = ["GET", "POST", "PUT", "DELETE"];
    for (path, documented) in document["paths"].as_object().unwrap() {
        let path = filled(path);
        for method in methods {
            let status = server.request(method, &path, &[], b"").status;
            let expected = if documented.get(method.to_lowercase()).is_some() { 401 } else { 405 };
            assert_eq!(status, expected, "{method} {path}");
        }
    }
    let schema = |name: &str| {
        let mut schema = document.clone();
        schema["$ref"] = format!("#/components/schemas/{name}").into();
        jsonschema::validator_for(&schema).unwrap()
    };
    let fits = |name: &str, value: &Value| {
        let errors: Vec<String> = schema(name).iter_errors(value).map(|e| e.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}: {value:#}");
    };
    let get = |path: &str| ask(&server, "operator", "GET", path, &Value::Null).json();
    let flow = "flow: extra\nstart: bye\nnodes:\n  bye: {end: {disposition: resolved}}\n";
    let push = |body: Value| ask(&server, "operator", "POST", "/v1/releases", &body);
    fits("Outcome", &push(json!({"flows": {"extra": flow}, "canary": 50, "why": "try"})).json());
    fits("Status", &get("/v1/releases/live"));
    let body = json!({"do": "promote"});
    fits("CanaryChange", &body);
    fits("Status", &ask(&server, "operator", "POST", "/v1/canary", &body).json());
    fits("Refusal", &push(json!({"flows": {"extra": "flow: other"}})).json());
    fits("Outcome", &push(json!({"flows": {"extra": null}, "dry_run": true})).json());
    ask(&server, "operator", "PUT", "/v1/flows/desk/pin", &Value::Null);
    fits("Status", &get("/v1/releases/live"));
    let body = json!({"name": "kim", "role": "viewer"});
    fits("NewToken", &body);
    fits("MadeToken", &ask(&server, "operator", "POST", "/v1/tokens", &body).json());
    let body = json!({"older_than_ms": 0});
    fits("StoreJob", &ask(&server, "operator", "POST", "/v1/store/purge", &body).json());
    server.wait_until("it is done", |_| get("/v1/store/job")["state"] == "done");
    fits("StoreJob", &get("/v1/store/job"));
    fits("StoreJob", &ask(&server, "operator", "POST", "/v1/store/verify", &json!({})).json());
    server.wait_until("it is done", |_| get("/v1/store/job")["state"] == "done");
    fits("StoreJob", &get("/v1/store/job"));
    assert_eq!(get("/v1/store/job")["done"]["findings"], json!([]));
    fits(
        "Problem",
        &ask(&server, "operator", "DELETE", "/v1/flows/nobody/pin", &Value::Null).json(),
    );
    for (path, list, name) in [
        ("/v1/releases", "releases", "Release"),
        ("/v1/audit", "audit", "AuditEntry"),
        ("/v1/tokens", "tokens", "Token"),
        ("/v1/flows", "flows", "Listed"),
        ("/v1/plugins", "plugins", "Listed"),
        ("/v1/flows/desk", "versions", "Version"),
        ("/v1/flows/extra", "versions", "Version"),
    ] {
        let listed = get(path);
        let items = listed[list].as_array().unwrap();
        assert!(!items.is_empty(), "{path}");
        items.iter().for_each(|item| fits(name, item));
    }
}
