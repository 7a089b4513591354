//! What stands at the edge: signatures, tokens, bounds, encryption.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use dialgraph_connect::signature::{Nonce, Request, SigningKey, sign};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{self, ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::server::{Reply, Server, Site, send};
use crate::turns::event;

const OLD: &str = "old:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const NEW: &str = "new:ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

#[expect(clippy::disallowed_methods, reason = "requests are signed with the time of the machine")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn signed(server: &Server, key: &str, at: u64, nonce: u8, signed: &[u8], sent: &[u8]) -> Reply {
    signed_once(server, key, at, [nonce; 16], signed, sent)
}

fn signed_once(
    server: &Server,
    key: &str,
    at: u64,
    nonce: [u8; 16],
    signed: &[u8],
    sent: &[u8],
) -> Reply {
    let key = SigningKey::parse(key).unwrap();
    let request = Request { method: "POST", path: "/v1/connect/turn", body: signed };
    let signature = sign(&key, &request, at, Nonce::from_random(nonce));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(signature.headers());
    server.request("POST", "/v1/connect/turn", &headers, sent)
}

#[test]
fn only_signed_fresh_and_new_requests_are_taken() {
    let server = Site::shipped().set("DIALGRAPH_CONNECT__KEYS", &format!("{NEW},{OLD}")).start();
    let body = event("contact-1", json!({})).to_string().into_bytes();
    let now = now();
    assert_eq!(signed(&server, OLD, now, 1, &body, &body).status, 200);
    assert_eq!(signed(&server, NEW, now, 2, &body, &body).status, 200, "two keys at once");

    let other = event("contact-2", json!({})).to_string().into_bytes();
    let unknown = "x:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let refused = [
        signed(&server, OLD, now, 1, &body, &body),
        signed(&server, OLD, now - 1000, 3, &body, &body),
        signed(&server, OLD, now + 1000, 4, &body, &body),
        signed(&server, OLD, now, 5, &body, &other),
        signed(&server, unknown, now, 6, &body, &body),
        server.post("/v1/connect/turn", &event("contact-2", json!({}))),
    ];
    for reply in &refused {
        assert_eq!(reply.status, 401, "{reply:?}");
        assert!(reply.head.contains("www-authenticate"), "{reply:?}");
        assert_eq!(reply.text, refused[0].text, "a stranger hears nothing of keys");
    }
    // The answer may be here before what the server has written is.
    server.wait_until("the operator does", |server| {
        server.log().contains("the key `x` is not known here")
    });
    assert_eq!(server.get("/v1/calls/contact-2").status, 404, "nothing has happened");
    assert_eq!(server.figure("dialgraph_signatures_refused_total", ""), 6.0);
}

#[test]
fn tokens_open_what_their_role_allows() {
    let hash = |token: &str| dialgraph_base::Digest::of(token.as_bytes()).hex();
    let tokens =
        format!("ann:viewer:{},ben:operator:{}", hash("see-no-evil"), hash("do-all-things"));
    let server = Site::shipped().set("DIALGRAPH_API__TOKENS", &tokens).start();
    let ask = |method: &str, path: &str, token: Option<&str>, body: &Value| {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        server.request(method, path, &headers, body.to_string().as_bytes()).status
    };
    let start = json!({"id": "c-1"});
    assert_eq!(ask("POST", "/v1/calls", None, &start), 401);
    assert_eq!(ask("POST", "/v1/calls", Some("wrong"), &start), 401);
    assert_eq!(ask("POST", "/v1/calls", Some("see-no-evil"), &start), 403);
    assert_eq!(ask("POST", "/v1/calls", Some("do-all-things"), &start), 201);
    assert_eq!(ask("GET", "/v1/calls/c-1", Some("see-no-evil"), &Value::Null), 200);
    assert_eq!(ask("GET", "/v1/calls/c-1", None, &Value::Null), 401);
    assert_eq!(ask("GET", "/v1/calls", None, &Value::Null), 401);
    assert_eq!(ask("GET", "/healthz", None, &Value::Null), 200);
}

#[test]
fn keys_and_tokens_in_files_are_replaced_without_a_restart() {
    let site = Site::desk("http://127.0.0.1:9", "1s");
    let (keys, tokens) = (site.path().join("keys"), site.path().join("tokens"));
    let hash = |token: &str| dialgraph_base::Digest::of(token.as_bytes()).hex();
    let line = |name: &str| format!("{name}:viewer:{}\n", hash(&format!("token of {name}")));
    std::fs::write(&keys, OLD).unwrap();
    std::fs::write(&tokens, line("ann")).unwrap();
    let site = site
        .set("DIALGRAPH_CONNECT__KEYS_FILE", &keys.to_string_lossy())
        .set("DIALGRAPH_API__TOKENS_FILE", &tokens.to_string_lossy());
    let server = site.start();
    let body = event("contact-1", json!({})).to_string().into_bytes();
    let nonces = std::cell::Cell::new(0_u128);
    let turn = |server: &Server, key: &str| {
        nonces.set(nonces.get() + 1);
        let nonce = nonces.get().to_be_bytes();
        signed_once(server, key, now(), nonce, &body, &body).status
    };
    let list = |server: &Server, name: &str| {
        let bearer = format!("Bearer token of {name}");
        server.request("GET", "/v1/calls", &[("authorization", &bearer)], b"").status
    };
    assert_eq!((turn(&server, OLD), turn(&server, NEW)), (200, 401));
    assert_eq!((list(&server, "ann"), list(&server, "ben")), (200, 401));

    std::fs::write(&keys, format!("{NEW} # since today\n{OLD}\n")).unwrap();
    server.wait_until("the new key holds", |server| turn(server, NEW) == 200);
    assert_eq!(turn(&server, OLD), 200, "beside the old one");
    std::fs::write(&keys, NEW).unwrap();
    server.wait_until("the old key is gone", |server| turn(server, OLD) == 401);

    std::fs::write(&tokens, line("ben")).unwrap();
    server.wait_until("the new token holds", |server| list(server, "ben") == 200);
    assert_eq!(list(&server, "ann"), 401);

    // What is wrong takes nothing away.
    std::fs::write(&tokens, "ben:chief:1234").unwrap();
    std::fs::remove_file(&keys).unwrap();
    server.wait_until("the log says so", |server| {
        server.log().matches("the earlier contents still apply").count() == 2
    });
    assert_eq!((turn(&server, NEW), list(&server, "ben")), (200, 200));
    let log = server.log();
    assert!(log.contains("api.tokens_file") && log.contains("connect.keys_file"), "{log}");
    let secret = NEW.split_once(':').unwrap().1;
    assert!(!log.contains(secret) && !log.contains("token of"), "{log}");
}

#[test]
fn figures_need_no_token_on_the_machine_itself_unless_that_is_asked_for() {
    let hash = dialgraph_base::Digest::of(b"scraper").hex();
    let site = Site::shipped().set("DIALGRAPH_API__TOKENS", &format!("prometheus:viewer:{hash}"));
    let open = site.start();
    assert_eq!(open.get("/v1/calls").status, 401);
    assert_eq!(open.get("/metrics").status, 200);
    open.kill();
    let closed = site.set("DIALGRAPH_API__METRICS", "required").start();
    let refused = closed.get("/metrics");
    assert_eq!(refused.status, 401);
    assert!(!refused.text.contains("dialgraph_turns_total"), "{refused:?}");
    let scraped = closed.request("GET", "/metrics", &[("authorization", "Bearer scraper")], b"");
    assert_eq!(scraped.status, 200);
    assert!(scraped.text.contains("dialgraph_turns_total"), "{scraped:?}");
    assert_eq!(closed.get("/healthz").status, 200);
}

#[test]
fn an_address_that_others_can_reach_needs_keys() {
    let log = Site::shipped()
        .set("DIALGRAPH_SERVER__LISTEN", "0.0.0.0:0")
        .try_start()
        .expect_err("there is no key");
    assert!(log.contains("connect.signature: requests must be signed"), "{log}");
}

#[test]
fn bodies_beyond_the_limit_and_of_another_kind_are_refused() {
    let server = Site::shipped().set("DIALGRAPH_SERVER__MAX_BODY", "8 KiB").start();
    let json = [("content-type", "application/json")];
    let long = format!("{{\"id\": \"{}\"}}", "x".repeat(9 << 10));
    for path in ["/v1/calls", "/v1/connect/turn", "/v1/calls/c-1/turns"] {
        let reply = server.request("POST", path, &json, long.as_bytes());
        assert_eq!(reply.status, 413, "{path}: {reply:?}");
        assert!(reply.head.contains("application/problem+json"), "{reply:?}");
        let reply = server.request("POST", path, &json, b"{\"id\": ");
        assert_eq!(reply.status, 400, "{path}: {reply:?}");
    }
    // The header alone decides it: nothing of the body is waited for.
    for path in ["/v1/calls", "/v1/connect/turn", "/v1/calls/c-1/turns"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\nconnection: close\r\n\r\n"
        );
        let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        assert_eq!(crate::server::reply(stream).status, 413, "{path}");
    }
    let reply = server.request("POST", "/v1/calls", &[("content-type", "text/plain")], b"{}");
    assert_eq!(reply.status, 415);
    assert_eq!(server.post("/v1/connect/turn", &json!({"hello": "there"})).status, 400);
    assert_eq!(server.get("/v1/nothing").status, 404);
    let reply = server.request("DELETE", "/v1/calls", &[], b"");
    assert_eq!(reply.status, 405);
    assert!(reply.head.contains("allow: "), "{reply:?}");
}

#[test]
fn a_client_that_sends_half_a_request_is_cut_off() {
    let server = Site::shipped()
        .set("DIALGRAPH_SERVER__HEADER_TIMEOUT", "300ms")
        .set("DIALGRAPH_SERVER__REQUEST_TIMEOUT", "6s")
        .start();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: lo").unwrap();
    let mut rest = Vec::new();
    // It ends, which it would not do if the connection were held.
    let _ = stream.read_to_end(&mut rest);
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));

    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream
        .write_all(b"POST /v1/calls HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{")
        .unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(String::from_utf8_lossy(&rest).contains("urn:dialgraph:problem:timed-out"));
}

#[test]
fn calls_are_taken_over_tls() {
    let site = Site::shipped();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (site.path().join("cert.pem"), site.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let site = site
        .set("DIALGRAPH_TLS__CERTIFICATE", &certificate.to_string_lossy())
        .set("DIALGRAPH_TLS__KEY", &key.to_string_lossy());
    let server = site.start();

    let mut roots = RootCertStore::empty();
    let known = rustls::pki_types::CertificateDer::from_pem_file(&certificate).unwrap();
    roots.add(known).unwrap();
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = StreamOwned::new(client, TcpStream::connect(server.address()).unwrap());
    let json = [("content-type", "application/json")];
    let reply = send(stream, "POST", "/v1/calls", &json, b"{}");
    assert_eq!(reply.status, 201, "{reply:?}");

    assert_ne!(server.get("/healthz").status, 200, "in the clear nothing is served");
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_start() {
    let site = Site::shipped();
    let path = site.path().join("nothing.pem").to_string_lossy().into_owned();
    let log = site
        .set("DIALGRAPH_TLS__CERTIFICATE", &path)
        .set("DIALGRAPH_TLS__KEY", &path)
        .try_start()
        .expect_err("there is no certificate");
    assert!(log.contains("tls.certificate: ") && log.contains("nothing.pem"), "{log}");
}
