//! The client connects only where a plugin was granted, sends secrets and lets none come back, and
//! bounds time, bodies and redirects. Against servers on 127.0.0.1.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Mutex;

use dialgraph_base::Timestamp;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;
use crate::secrets::LocalSecrets;

/// What the server was sent: method, path, headers, body.
type Seen = Arc<Mutex<Vec<(String, String, HeaderMap, String)>>>;

/// A ticket service on 127.0.0.1: the path says how it answers.
async fn server() -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let record = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let seen = Arc::clone(&record);
            tokio::spawn(serve(TokioIo::new(stream), seen, address));
        }
    });
    (address, seen)
}

async fn serve<S>(stream: S, seen: Seen, address: SocketAddr)
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let seen = Arc::clone(&seen);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let path = head.uri.path().to_owned();
            if path.starts_with("/echo") {
                return Ok::<_, Infallible>(echo(&path, &head.headers));
            }
            seen.lock().unwrap().push((
                head.method.to_string(),
                head.uri.to_string(),
                head.headers,
                String::from_utf8_lossy(&body).into_owned(),
            ));
            Ok::<_, Infallible>(answer(&path, address).await)
        }
    });
    // A client that gives up breaks the connection off; that is what some tests are about.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await;
}

/// A host that tells whoever asks what it was sent, in every way there is.
fn echo(path: &str, headers: &HeaderMap) -> hyper::Response<Full<Bytes>> {
    let all: BTreeMap<&str, &str> =
        headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let sent = all.get("authorization").or(all.get("x-key")).copied().unwrap_or_default();
    let secret = sent.strip_prefix("Bearer ").unwrap_or(sent);
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let body = serde_json::json!({
        "headers": all,
        "json": serde_json::to_string(&all).unwrap(),
        "base64": STANDARD.encode(format!("got {sent}")),
        "url": format!("https://example.com/?token={percent}"),
    });
    let mut body = body.to_string().into_bytes();
    if path == "/echo-bytes" {
        body.insert(0, 0xff);
    }
    let response = hyper::Response::builder()
        .header("x-got", sent)
        .header("location", format!("https://elsewhere.example/?token={percent}"));
    let response = match path {
        "/echo-compressed" => response.header("content-encoding", "gzip"),
        "/echo-elsewhere" => response.status(302),
        _ => response,
    };
    response.body(Full::new(body.into())).unwrap()
}

async fn answer(path: &str, address: SocketAddr) -> hyper::Response<Full<Bytes>> {
    let response = hyper::Response::builder();
    let to = |location: String| (302, "location", location);
    let (status, name, value) = match path {
        "/201" => (201, "x-request-id", "r-1".to_owned()),
        "/429" => (429, "retry-after", "7".to_owned()),
        "/hang" => std::future::pending().await,
        "/here" => to("/201?from=here#top".to_owned()),
        "/absolute" => to(format!("http://{address}/201")),
        "/loop" => to("/loop".to_owned()),
        "/away" => to("http://127.0.0.2:1/".to_owned()),
        "/away-by-name" => to("//metadata.example/".to_owned()),
        other => (other[1..].parse().unwrap_or(200), "x-none", "1".to_owned()),
    };
    let body = match path {
        "/large" => Bytes::from(vec![b'a'; MAX_BODY_BYTES + 1]),
        "/just" => Bytes::from(vec![b'a'; MAX_BODY_BYTES]),
        "/bytes" => Bytes::from_static(&[0xff, 0x00]),
        _ => Bytes::from_static(br#"{"ticket":{"id":35436}}"#),
    };
    response.status(status).header(name, value).body(Full::new(body)).unwrap()
}

fn client(patterns: &[String]) -> HttpClient {
    let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    let hosts = AllowedHosts::new(BTreeMap::from([("ticketing".to_owned(), patterns)]));
    let secret = ("DIALGRAPH_SECRET_DESK_TOKEN".to_owned(), "s3cret".to_owned());
    let secrets =
        LocalSecrets::new(None, [secret, ("DIALGRAPH_SECRET_SPLIT".into(), "a\nb".into())]);
    HttpClient::new(hosts, Arc::new(secrets), None).unwrap()
}

fn caller() -> Caller {
    Caller {
        call_id: "call-1".into(),
        release: dialgraph_base::Digest::of(b"no release"),
        locale: "ko-KR".into(),
        plugin: "ticketing".into(),
        now: Timestamp(0),
        idempotency_key: "call-1/3/2".into(),
    }
}

fn request(method: &str, url: String) -> Request {
    Request {
        method: method.to_owned(),
        url,
        headers: vec![],
        credential: None,
        body: None,
        timeout_ms: 10_000,
    }
}

async fn sent(client: &HttpClient, method: &str, url: String) -> Result<Response, HostError> {
    client.send(&caller(), &request(method, url)).await
}

#[tokio::test]
async fn a_post_carries_body_credential_and_idempotency_key() {
    let (address, seen) = server().await;
    let client = client(&[format!("http://{address}")]);
    let request = Request {
        headers: vec![("Content-Type".into(), "application/json".into())],
        credential: Some(Credential::Basic {
            user: "agent@example.com/token".into(),
            secret: "desk-token".into(),
        }),
        body: Some(Body::Text(r#"{"ticket":{"subject":"장애"}}"#.into())),
        ..request("POST", format!("http://{address}/201?x=1"))
    };
    let response = client.send(&caller(), &request).await.unwrap();
    assert_eq!(response.status, 201);
    assert_eq!(response.body, Body::Text(r#"{"ticket":{"id":35436}}"#.into()));
    assert!(response.headers.contains(&("x-request-id".into(), "r-1".into())));

    let seen = seen.lock().unwrap();
    let (method, path, headers, body) = &seen[0];
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/201?x=1"));
    assert_eq!(body, r#"{"ticket":{"subject":"장애"}}"#);
    assert_eq!(headers["idempotency-key"], "call-1/3/2");
    assert_eq!(headers["host"], address.to_string());
    let basic = STANDARD.encode("agent@example.com/token:s3cret");
    assert_eq!(headers["authorization"], format!("Basic {basic}"));
    assert_eq!(headers["content-type"], "application/json");
}

#[tokio::test]
async fn other_credentials_and_an_own_key_are_sent_as_they_are() {
    let (address, seen) = server().await;
    let client = client(&[format!("http://{address}")]);
    let bearer = Credential::Bearer { secret: "desk-token".into() };
    let named = Credential::Header { name: "X-Api-Key".into(), secret: "desk-token".into() };
    for credential in [bearer, named] {
        let request = Request {
            credential: Some(credential),
            headers: vec![("Idempotency-Key".into(), "mine".into())],
            ..request("PUT", format!("http://{address}/200"))
        };
        client.send(&caller(), &request).await.unwrap();
    }
    let _ = sent(&client, "GET", format!("http://{address}/200")).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].2["authorization"], "Bearer s3cret");
    assert_eq!(seen[1].2["x-api-key"], "s3cret");
    assert_eq!(seen[1].2["idempotency-key"], "mine");
    assert!(!seen[2].2.contains_key("idempotency-key"), "a GET has no effect");
}

#[tokio::test]
async fn every_status_is_an_answer() {
    let (address, _) = server().await;
    let client = client(&[format!("http://{address}")]);
    for status in [422, 500, 404] {
        let response = sent(&client, "POST", format!("http://{address}/{status}")).await.unwrap();
        assert_eq!(response.status, status);
    }
    let response = sent(&client, "POST", format!("http://{address}/429")).await.unwrap();
    assert_eq!(response.status, 429);
    assert!(response.headers.contains(&("retry-after".into(), "7".into())));
}

#[tokio::test]
async fn a_url_may_have_a_query_and_no_path() {
    let (address, seen) = server().await;
    let client = client(&[format!("http://{address}")]);
    for (query, path) in [("?x=1", "/?x=1"), ("", "/"), ("/a?x=1&y=/2", "/a?x=1&y=/2")] {
        sent(&client, "GET", format!("http://{address}{query}")).await.unwrap();
        assert_eq!(seen.lock().unwrap().last().unwrap().1, path);
    }
}

#[tokio::test]
async fn a_server_that_hangs_or_is_not_there_is_unavailable() {
    let (address, _) = server().await;
    let client_of = client(&[format!("http://{address}")]);
    let hanging = Request { timeout_ms: 150, ..request("GET", format!("http://{address}/hang")) };
    let error = client_of.send(&caller(), &hanging).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (HostErrorKind::Unavailable, "timeout"));

    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = gone.local_addr().unwrap();
    drop(gone);
    let client = client(&[format!("http://{nobody}")]);
    let error = sent(&client, "GET", format!("http://{nobody}/")).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (HostErrorKind::Unavailable, "no-connection"));
}

#[tokio::test]
async fn a_redirect_is_followed_on_the_same_host_only() {
    let (address, seen) = server().await;
    let client = client(&[format!("http://{address}")]);
    for path in ["here", "absolute"] {
        let response = sent(&client, "GET", format!("http://{address}/{path}")).await.unwrap();
        assert_eq!(response.status, 201, "{path}");
    }
    assert_eq!(seen.lock().unwrap()[1].1, "/201?from=here");
    for path in ["away", "away-by-name"] {
        let response = sent(&client, "GET", format!("http://{address}/{path}")).await.unwrap();
        assert_eq!(response.status, 302, "{path} is given back, not followed");
    }
    let response = sent(&client, "POST", format!("http://{address}/here")).await.unwrap();
    assert_eq!(response.status, 302, "a POST is never sent twice");

    let before = seen.lock().unwrap().len();
    assert_eq!(sent(&client, "GET", format!("http://{address}/loop")).await.unwrap().status, 302);
    assert_eq!(seen.lock().unwrap().len() - before, MAX_REDIRECTS + 1);
}

#[tokio::test]
async fn a_body_over_the_limit_is_an_error_and_bytes_stay_bytes() {
    let (address, _) = server().await;
    let client = client(&[format!("http://{address}")]);
    let error = sent(&client, "GET", format!("http://{address}/large")).await.unwrap_err();
    assert_eq!(error.code, "response-too-large");
    let just = sent(&client, "GET", format!("http://{address}/just")).await.unwrap();
    assert!(matches!(just.body, Body::Text(text) if text.len() == MAX_BODY_BYTES));
    let bytes = sent(&client, "GET", format!("http://{address}/bytes")).await.unwrap();
    assert_eq!(bytes.body, Body::Bytes { base64: "/wA=".into() });
    let head = sent(&client, "HEAD", format!("http://{address}/201")).await.unwrap();
    assert_eq!((head.status, head.body), (201, Body::None));
}

#[tokio::test]
async fn hosts_that_are_not_granted_are_denied_and_never_connected() {
    let (address, seen) = server().await;
    let client =
        client(&["http://localhost:1".to_owned(), format!("http://localhost:{}", address.port())]);
    let denied = async |url: String| sent(&client, "GET", url).await.unwrap_err().to_string();
    insta::assert_snapshot!(denied("https://api.example.com/x".into()).await, @r#"host-not-granted: plugin `ticketing` may not call this host; to allow it, add "api.example.com" to `plugins.ticketing.http` in dialgraph.yaml"#);
    insta::assert_snapshot!(denied("http://127.0.0.1:8080/x".into()).await, @r#"host-not-granted: plugin `ticketing` may not call this host; to allow it, add "http://127.0.0.1:8080" to `plugins.ticketing.http` in dialgraph.yaml"#);
    insta::assert_snapshot!(denied("http://localhost:1/".into()).await, @r#"address-not-allowed: localhost resolves to an address inside a private or special network; if that is meant, grant the address itself, such as "http://127.0.0.1:8080""#);
    let by_name = sent(&client, "GET", format!("http://localhost:{}/201", address.port())).await;
    assert_eq!(by_name.unwrap_err().code, "address-not-allowed");
    let other = Caller { plugin: "auth".into(), ..caller() };
    let request = request("GET", "http://localhost:1/".into());
    assert_eq!(client.send(&other, &request).await.unwrap_err().code, "host-not-granted");
    assert!(seen.lock().unwrap().is_empty());

    client.hosts().replace(BTreeMap::from([(
        "ticketing".to_owned(),
        vec![format!("http://{address}").parse().unwrap()],
    )]));
    assert_eq!(sent(&client, "GET", format!("http://{address}/201")).await.unwrap().status, 201);
}

#[tokio::test]
async fn a_request_that_breaks_the_rules_is_refused_by_name() {
    let client = client(&["http://127.0.0.1:1".to_owned()]);
    let good = || request("POST", "http://127.0.0.1:1/".to_owned());
    let many = vec![("x-a".to_owned(), "1".to_owned()); MAX_HEADERS + 1];
    let with = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let secret = |name: &str| Some(Credential::Bearer { secret: name.to_owned() });
    let bad = [
        Request { method: "CONNECT".into(), ..good() },
        Request { timeout_ms: 99, ..good() },
        Request { url: "not a url".into(), ..good() },
        Request { url: "http://u:p@127.0.0.1:1/".into(), ..good() },
        Request { headers: many, ..good() },
        Request { headers: with("Host", "evil.example"), ..good() },
        Request { headers: with("x-split", "a\r\nx: y"), ..good() },
        Request { headers: with("sp ace", "a"), ..good() },
        Request { body: Some(Body::Text("a".repeat(MAX_BODY_BYTES + 1))), ..good() },
        Request { body: Some(Body::Bytes { base64: "!".into() }), ..good() },
        Request { credential: secret("nobody"), ..good() },
        Request { credential: secret("split"), ..good() },
    ];
    let mut refusals = Vec::new();
    for request in &bad {
        refusals.push(client.send(&caller(), request).await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(refusals.join("\n"), @r#"
        bad-method: method `CONNECT` is not one of GET, HEAD, POST, PUT, PATCH, DELETE
        bad-timeout: the timeout is 99 ms; it goes from 100 to 60000
        bad-url: the URL is unusable: it is malformed
        bad-url: the URL is unusable: it must not carry a user or password; use a credential
        too-large: 65 headers of 260 bytes; the limits are 64 and 16384
        bad-header: header `Host` is set by the engine; leave it out
        bad-header: header `x-split` has characters that it may not have
        bad-header: header `sp ace` has no valid name
        too-large: the body has 49153 bytes; the limit is 49152
        bad-body: the body is no base64
        unknown-secret: there is no secret `nobody`; put it into the file `nobody` of the secrets folder or into the environment variable DIALGRAPH_SECRET_NOBODY
        bad-secret: the secret has characters that no header may have
        "#);
}

#[tokio::test]
async fn tls_needs_a_certificate_that_is_trusted() {
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, key.cert.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private =
        rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let record = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(TokioIo::new(stream), Arc::clone(&record), address).await;
            }
        }
    });
    let url = format!("https://{address}/201");
    let stranger = client(&[format!("https://{address}")]);
    let error = sent(&stranger, "GET", url.clone()).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (HostErrorKind::Unavailable, "tls"));
    assert!(seen.lock().unwrap().is_empty());

    let friend =
        HttpClient::new(stranger.hosts().clone(), Arc::clone(&stranger.secrets), Some(&roots))
            .unwrap();
    assert_eq!(sent(&friend, "GET", url).await.unwrap().status, 201);

    std::fs::write(&roots, "nothing").unwrap();
    let none =
        HttpClient::new(AllowedHosts::default(), Arc::clone(&stranger.secrets), Some(&roots));
    assert!(none.unwrap_err().to_string().contains("no usable certificate"));
}

#[tokio::test]
async fn a_host_that_reflects_what_it_was_sent_gives_no_secret_away() {
    let (address, _) = server().await;
    let client = client(&[format!("http://{address}")]);
    let name = "desk-token".to_owned();
    let token = "s3cret";
    for credential in [
        Credential::Bearer { secret: name.clone() },
        Credential::Basic { user: "agent@example.com/token".into(), secret: name.clone() },
        Credential::Header { name: "x-key".into(), secret: name.clone() },
    ] {
        for path in ["/echo", "/echo-bytes", "/echo-elsewhere"] {
            let request = Request {
                credential: Some(credential.clone()),
                ..request("GET", format!("http://{address}{path}"))
            };
            let response = client.send(&caller(), &request).await.unwrap();
            let header = |wanted: &str| {
                let found = response.headers.iter().find(|(name, _)| name == wanted);
                found.map(|(_, value)| value.clone()).unwrap()
            };
            let body = match &response.body {
                Body::Text(text) => text.clone().into_bytes(),
                Body::Bytes { base64 } => STANDARD.decode(base64).unwrap(),
                Body::None => panic!("no body"),
            };
            assert_eq!(header("content-length"), body.len().to_string());
            let shown = format!("{:?} {}", response.headers, String::from_utf8_lossy(&body));
            assert!(header("x-got").ends_with("[secret desk-token]"), "{shown}");
            let coded = [
                token.to_owned(),
                STANDARD.encode(format!("agent@example.com/token:{token}")),
                STANDARD.encode(token),
                "%73%33%63%72%65%74".to_owned(),
            ];
            for text in coded {
                assert!(!shown.contains(&text), "{credential:?} {path}: {shown}");
            }
            // What was encoded once more gives nothing away either, decoded.
            if path == "/echo" {
                let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
                assert!(body["base64"].as_str().unwrap().contains("[secret desk-token]"), "{body}");
            }
        }
        let compressed = Request {
            credential: Some(credential),
            ..request("GET", format!("http://{address}/echo-compressed"))
        };
        let refused = client.send(&caller(), &compressed).await.unwrap_err();
        assert_eq!(refused.code, "compressed-response");
    }
    // Without a secret there is nothing to hide, and nothing is changed.
    let plain = sent(&client, "GET", format!("http://{address}/echo-compressed")).await.unwrap();
    assert_eq!(plain.status, 200);
}
