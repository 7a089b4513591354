//! The document at `/openapi.json` says what the server does.

use serde_json::{Value, json};

use crate::server::{Reply, Server, Site};
use crate::turns::event;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

struct Document(Value);

impl Document {
    /// A reply is one that the document has for this operation: status, kind of body, and the body
    /// by its schema.
    fn allows(&self, path: &str, method: &str, reply: &Reply) {
        let operation = &self.0["paths"][path][method];
        assert!(operation.is_object(), "{method} {path} is not in the document");
        let response = &operation["responses"][reply.status.to_string()];
        assert!(response.is_object(), "{method} {path} may not answer {}: {reply:?}", reply.status);
        let response = match response["$ref"].as_str() {
            Some(to) => self.0.pointer(to.trim_start_matches('#')).unwrap(),
            None => response,
        };
        let kind = reply.head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap();
        let kind = kind.split(';').next().unwrap();
        let content = &response["content"][kind];
        assert!(content.is_object(), "{method} {path} may not answer {kind}: {reply:?}");
        if kind == "text/plain" {
            return;
        }
        let mut schema = content["schema"].clone();
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let body = reply.json();
        let wrong: Vec<String> =
            validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{method} {path}: {wrong:?} in {body}");
    }
}

fn document(server: &Server) -> Document {
    Document(server.get("/openapi.json").json())
}

#[test]
fn every_path_takes_the_methods_of_the_document_and_no_others() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    let document = document(&server);
    for (path, item) in document.0["paths"].as_object().unwrap() {
        for method in METHODS {
            let real =
                path.replace("{id}", "c-0").replace("{name}", "nothing").replace("{token}", "x");
            let reply = server.request(method, &real, &[], b"");
            let documented = item.get(method.to_lowercase()).is_some();
            assert_eq!(reply.status != 405, documented, "{method} {path}: {reply:?}");
        }
    }
}

#[test]
fn answers_are_as_the_document_has_them() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    let document = document(&server);
    let (calls, call, turns) = ("/v1/calls", "/v1/calls/{id}", "/v1/calls/{id}/turns");
    let post = |path: &str, body: Value| server.post(path, &body);

    document.allows(calls, "post", &post("/v1/calls", json!({"id": "c-1", "channel": "voice"})));
    document.allows(calls, "post", &post("/v1/calls", json!({"id": "c-1"})));
    document.allows(calls, "post", &post("/v1/calls", json!({"id": "c 1"})));
    document.allows(calls, "post", &post("/v1/calls", json!({"flow": "nowhere"})));
    document.allows(calls, "post", &post("/v1/calls", json!({"locale": "xx"})));
    document.allows(calls, "post", &server.request("POST", "/v1/calls", &[], b"{}"));
    let long = "x".repeat(300 << 10);
    document.allows(calls, "post", &post("/v1/calls", json!({"id": long})));
    document.allows(calls, "get", &server.get("/v1/calls"));
    document.allows(calls, "get", &server.get("/v1/calls?limit=x"));
    document.allows(turns, "post", &server.event("c-1", 9, json!({"event": "silent"})));
    document.allows(turns, "post", &server.event("c-9", 1, json!({"event": "silent"})));
    document.allows(turns, "post", &server.event("c-1", 1, json!({"event": "said"})));
    for turn in 1..4 {
        document.allows(turns, "post", &server.event("c-1", turn, json!({"event": "silent"})));
    }
    document.allows(call, "get", &server.get("/v1/calls/c-1"));
    document.allows(call, "get", &server.get("/v1/calls/c-1?after=2"));
    document.allows(call, "get", &server.get("/v1/calls/c-9"));
    document.allows(turns, "post", &server.event("c-1", 9, json!({"event": "hung_up"})));
    document.allows(turns, "post", &server.event("c-1", 9, json!({"event": "silent"})));

    let connect = "/v1/connect/turn";
    document.allows(connect, "post", &post(connect, event("contact-1", json!({}))));
    document.allows(connect, "post", &post(connect, json!({})));
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        document.allows(path, "get", &server.get(path));
    }
}

#[test]
fn refusals_at_the_edge_are_as_the_document_has_them() {
    let server = Site::desk("http://127.0.0.1:9", "1s")
        .set("DIALGRAPH_CONNECT__SIGNATURE", "required")
        .set("DIALGRAPH_CONNECT__KEYS", &format!("one:{}", "5a".repeat(32)))
        .set(
            "DIALGRAPH_API__TOKENS",
            &format!("ann:viewer:{}", dialgraph_base::Digest::of(b"t").hex()),
        )
        .set("DIALGRAPH_API__METRICS", "required")
        .start();
    let document = document(&server);
    let connect = "/v1/connect/turn";
    document.allows(connect, "post", &server.post(connect, &event("contact-1", json!({}))));
    document.allows("/v1/calls", "get", &server.get("/v1/calls"));
    document.allows("/metrics", "get", &server.get("/metrics"));
    let bearer = [("authorization", "Bearer t"), ("content-type", "application/json")];
    let forbidden = server.request("POST", "/v1/calls", &bearer, b"{}");
    assert_eq!(forbidden.status, 403);
    document.allows("/v1/calls", "post", &forbidden);
}
