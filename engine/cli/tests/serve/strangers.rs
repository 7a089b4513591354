//! Who may not ask, and clients that take what they can get.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::server::{Reply, Server, Site, reply};
use crate::turns::event;

/// Sends `head`, in which each line stands as it is sent, and a body.
fn raw(server: &Server, head: &[&str], body: &str) -> Reply {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let head = format!("{}\r\nconnection: close\r\n\r\n{body}", head.join("\r\n"));
    // A server that refuses early may close its side first.
    let _ = stream.write_all(head.as_bytes());
    reply(stream)
}

/// What a call of Amazon Connect's would be.
fn turn() -> (String, String) {
    let body = event("contact-1", json!({})).to_string();
    (format!("content-length: {}", body.len()), body)
}

#[test]
fn without_keys_and_tokens_nothing_is_told_to_who_is_not_on_this_machine() {
    let server = Site::shipped().start();
    let (length, body) = turn();
    let paths = [
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /openapi.json",
        "GET /openapi-admin.json",
        "GET /v1/calls",
        "GET /v1/calls/contact-1",
        "GET /v1/releases",
        "GET /v1/audit",
        "GET /nothing",
        "DELETE /v1/calls",
        "POST /v1/calls",
        "POST /v1/connect/turn",
    ];
    let strangers: &[&[&str]] = &[
        &["host: localhost", "origin: https://pages.example.com"],
        &["host: localhost", "origin: null"],
        &["host: localhost", "sec-fetch-site: cross-site"],
        &["host: localhost", "x-forwarded-for: 192.0.2.7"],
        &["host: localhost", "forwarded: for=192.0.2.7"],
        &["host: rebound.example.com"],
        &["host: 192.0.2.1:7700"],
        &["host: localhost.example.com"],
    ];
    for path in paths {
        for stranger in strangers {
            let line = format!("{path} HTTP/1.1");
            let mut head = vec![line.as_str()];
            head.extend(*stranger);
            head.extend(["content-type: text/plain", &length]);
            let reply = raw(&server, &head, &body);
            assert_eq!(reply.status, 403, "{path} {stranger:?}: {reply:?}");
            assert!(reply.head.contains("application/problem+json"), "{path}: {reply:?}");
            assert!(!reply.text.contains("calls\":"), "{path}: {reply:?}");
        }
    }
    assert_eq!(server.get("/v1/calls/contact-1").status, 404, "nothing has begun");
    let here = raw(&server, &["POST /v1/connect/turn HTTP/1.1", "host: localhost", &length], &body);
    assert_eq!(here.status, 200, "{here:?}");
}

#[test]
fn the_host_that_is_looked_at_is_the_one_that_is_asked() {
    let server = Site::shipped().start();
    let ask = |lines: &[&str]| raw(&server, lines, "").status;
    assert_eq!(ask(&["GET http://rebound.example.com/v1/calls HTTP/1.1", "host: localhost"]), 403);
    assert_eq!(ask(&["GET http://localhost/v1/calls HTTP/1.1", "host: rebound.example.com"]), 403);
    assert_eq!(ask(&["GET http://localhost/v1/calls HTTP/1.1", "host: localhost"]), 200);
    for hosts in [
        ["host: localhost", "host: rebound.example.com"],
        ["host: rebound.example.com", "host: localhost"],
        ["host: localhost", "host: localhost"],
    ] {
        assert_eq!(ask(&["GET /v1/calls HTTP/1.1", hosts[0], hosts[1]]), 400, "{hosts:?}");
    }
    assert_eq!(ask(&["GET /v1/calls HTTP/1.1"]), 400);
}

#[test]
fn with_keys_and_tokens_each_path_asks_for_its_own_proof() {
    let hash = dialgraph_base::Digest::of(b"see-no-evil").hex();
    let site = Site::shipped().set("DIALGRAPH_API__TOKENS", &format!("ann:viewer:{hash}"));
    let (length, body) = turn();
    let far = "x-forwarded-for: 192.0.2.7";
    let ask = |server: &Server, path: &str, lines: &[&str]| {
        let line = format!("{path} HTTP/1.1");
        let mut head = vec![line.as_str(), "host: calls.example.com", far];
        head.extend(lines);
        raw(server, &head, if lines.contains(&length.as_str()) { &body } else { "" }).status
    };
    let server = site.start();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let token = format!("authorization: {scheme} see-no-evil");
        assert_eq!(ask(&server, "GET /v1/calls", &[&token]), 200, "{scheme}");
    }
    assert_eq!(ask(&server, "GET /v1/calls", &[]), 401);
    assert_eq!(ask(&server, "GET /healthz", &[]), 200);
    assert_eq!(ask(&server, "POST /v1/connect/turn", &[&length]), 403, "no key was set");
    assert_eq!(ask(&server, "GET /metrics", &[]), 403, "figures need no token here");
    drop(server);
    let key = "k:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let server = site.set("DIALGRAPH_CONNECT__KEYS", key).start();
    assert_eq!(ask(&server, "POST /v1/connect/turn", &[&length]), 401);
}

#[test]
fn whatever_is_wrong_is_told_as_problem_details() {
    let server = Site::shipped().start();
    let cases = [
        ("GET", "/v1/calls/%ff", 400),
        ("GET", "/v1/flows/%ff", 400),
        ("GET", "/v1/flows/%ff/content", 400),
        ("DELETE", "/v1/tokens/%ff", 400),
        ("GET", "/v1/calls/.", 400),
        ("GET", "/v1/calls/..", 400),
        ("GET", "/v1/calls/%2e%2e", 400),
        ("GET", "/v1/calls?limit=much", 400),
        ("GET", "/v1/audit?limit=%ff", 400),
        ("GET", "/v1/nothing", 404),
        ("PATCH", "/v1/calls", 405),
        ("PATCH", "/v1/releases", 405),
    ];
    for (method, path, status) in cases {
        let reply = server.request(method, path, &[], b"");
        assert_eq!(reply.status, status, "{path}: {reply:?}");
        assert!(reply.head.contains("application/problem+json"), "{path}: {reply:?}");
        assert_eq!(reply.json()["status"], status, "{path}: {reply:?}");
    }
    for id in [".", ".."] {
        let reply = server.post("/v1/calls", &json!({"id": id}));
        assert_eq!(reply.status, 400, "{reply:?}");
    }
    for name in ["a\u{1b}[31m", "ann\n", "nna\u{202e}", "engine/watch"] {
        let reply = server.post("/v1/tokens", &json!({"name": name, "role": "viewer"}));
        assert_eq!(reply.status, 400, "{reply:?}");
    }
    assert_eq!(server.get("/v1/tokens").json()["tokens"], Value::Array(Vec::new()));
}

#[test]
fn clients_that_never_read_are_let_go_and_the_others_are_served() {
    let server = Site::shipped()
        .set("DIALGRAPH_SERVER__CONNECTIONS", "20")
        .set("DIALGRAPH_SERVER__WRITE_TIMEOUT", "300ms")
        .start();
    let ask = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(2000);
    let greedy: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            stream.set_nonblocking(true).unwrap();
            // As much as the server takes; what it sends is never read.
            let _ = stream.write(ask.as_bytes());
            stream
        })
        .collect();
    server.wait_until("all of them were let go", |server| {
        server.figure("dialgraph_connections_cut_off_total", "never-read") >= 20.0
    });
    assert_eq!(server.get("/healthz").status, 200);
    drop(greedy);
}

#[test]
fn one_client_cannot_take_all_connections() {
    let server = Site::shipped().set("DIALGRAPH_SERVER__CONNECTIONS_PER_PEER", "3").start();
    let mut held: Vec<TcpStream> =
        (0..3).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    for stream in &mut held {
        // One that was answered is among those that are held, whatever order they were accepted in.
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
    }
    let mut more = TcpStream::connect(server.address()).unwrap();
    let _ = more.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut rest = Vec::new();
    let _ = more.read_to_end(&mut rest);
    assert!(rest.is_empty(), "it was closed without an answer");
    held.pop();
    server.wait_until("there is room again", |server| server.get("/healthz").status == 200);
    server
        .wait_until("the log says so", |server| server.log().contains("its limit of connections"));
    // Whoever asks may be refused once more, while the connection of the last request is not yet
    // given up.
    server.wait_until("it is counted", |server| {
        server.figure("dialgraph_connections_cut_off_total", "peer") >= 1.0
    });
}

#[test]
fn connections_without_a_request_do_not_hold_up_a_stop() {
    let server = Site::shipped()
        .set("DIALGRAPH_SERVER__HEADER_TIMEOUT", "10m")
        .set("DIALGRAPH_SERVER__DRAIN_DELAY", "0s")
        .start();
    let connect = || TcpStream::connect(server.address()).unwrap();
    let fresh = connect();
    let mut answered = connect();
    answered.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert!(answered.read(&mut [0; 1024]).unwrap() > 0);
    let mut half = connect();
    half.write_all(b"GET /healthz HTTP/1.1\r\nhost: lo").unwrap();
    // The last to connect is answered, so that those before it have been accepted.
    let mut last = connect();
    last.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert!(last.read(&mut [0; 1024]).unwrap() > 0);
    server.terminate();
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("some connections were cut off"), "none was waited for: {log}");
    drop((fresh, answered, half, last));
}

#[test]
fn a_call_begins_only_with_what_its_flows_declare() {
    let site = Site::desk("http://127.0.0.1:9", "1s").file(
        "typed.flow.yaml",
        "flow: typed\nsummary: Takes much.\nlocales: [en-US]\nattributes:\n  vip: {type: boolean, default: false}\n  age: {type: number, default: 0}\n  tags: {type: list, default: []}\nstart: told\nnodes:\n  told:\n    say: {en-US: '${vip} ${age} ${size(tags)}'}\n    next: done\n  done:\n    end: {disposition: done}\n",
    );
    let server = site.start();
    let start = |attributes: Value| {
        server.post("/v1/calls", &json!({"id": "c-1", "flow": "typed", "attributes": attributes}))
    };
    let mut deep = json!(1);
    for _ in 0..70 {
        deep = json!([deep]);
    }
    for (attributes, told) in [
        (json!({"vip": "true"}), "attribute `vip` is a string; the flows declare a boolean"),
        (json!({"age": [1]}), "attribute `age` is a list; the flows declare a number"),
        (json!({"aeg": 1}), "did you mean `age`?"),
        (json!({"tags": deep}), "attribute `tags` is nested more than 64 levels deep"),
        (json!({"tags": ["x".repeat(70 << 10)]}), "limits.attribute_bytes"),
    ] {
        let reply = start(attributes);
        assert_eq!(reply.status, 400, "{told}: {reply:?}");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(told), "{detail}");
        assert_eq!(server.get("/v1/calls/c-1").status, 404, "nothing has begun");
    }
    assert_eq!(start(json!({"vip": true, "age": 3, "tags": ["a"]})).status, 201);
}
