//! Against a service that checks what it is sent, and does what services do.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use dialgraph_base::origin;
use dialgraph_base::{Digest, Timestamp};
use dialgraph_http_records::{HttpRecords, Service, Settings};
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::http::Credential;
use dialgraph_kernel::ports::records::{Delete, Expectation, Find, Get, Put, Source};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_local::records::conformance::{
    COLLECTION, Can, FIELDS, Fill, Place, indexes, run_all,
};
use dialgraph_local::records::{Probe as _, Schemas, Sourced};
use dialgraph_local::secrets::{RevealSecret, SecretText};
use dialgraph_store::{ManualClock, MemoryStore, Store};
use serde_json::{Value, json};

const TOKEN: &str = "a-test-token";

/// What the service has, and how it behaves.
#[derive(Default)]
struct Desk {
    records: BTreeMap<String, Value>,
    /// Records of one page.
    page: usize,
    with_etags: bool,
    /// What it answers to everything, instead of what it should.
    instead: Option<(u16, &'static str, &'static str)>,
    /// It answers nothing at all.
    silent: bool,
    asked: Vec<String>,
    /// Somebody else changes a record just before it is written.
    meddler: bool,
}

type Shared = Arc<Mutex<Desk>>;

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap()
}

fn etag(value: &Value) -> String {
    format!("\"{}\"", &Digest::of(value.to_string().as_bytes()).hex()[..16])
}

async fn answer(State(desk): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let silent = desk.lock().unwrap().silent;
    if silent {
        std::future::pending::<()>().await;
    }
    let (method, uri) = (parts.method, parts.uri);
    respond(&mut desk.lock().unwrap(), &method, &uri, &parts.headers, &body)
}

fn respond(
    desk: &mut Desk,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    desk.asked.push(format!("{method} {uri}"));
    if let Some((status, name, value)) = desk.instead {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, [(name, value)], "{\"s3cret\": 1}").into_response();
    }
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    if header("authorization").as_deref() != Some(&format!("Bearer {TOKEN}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    assert_eq!(header("accept").as_deref(), Some("application/json"));
    let rest = uri.path().strip_prefix("/api/v1/customers").expect("a path of the project");
    if let Some(key) = rest.strip_prefix('/') {
        assert!(!key.contains('/'), "{key}");
        let key = decoded(key);
        if *method == Method::GET {
            let Some(found) = desk.records.get(&key) else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let etags = desk.with_etags.then(|| [("etag", etag(found))]);
            let body = axum::Json(found.clone());
            return match etags {
                Some(etags) => (etags, body).into_response(),
                None => body.into_response(),
            };
        }
        if *method == Method::DELETE {
            let found = desk.records.get(&key);
            let wanted = header("if-match");
            if wanted.is_some_and(|wanted| found.is_some_and(|found| etag(found) != wanted)) {
                return StatusCode::PRECONDITION_FAILED.into_response();
            }
            return match desk.records.remove(&key) {
                Some(_) => StatusCode::NO_CONTENT.into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            };
        }
        assert_eq!(*method, Method::PUT);
        assert_eq!(header("content-type").as_deref(), Some("application/json"));
        assert!(header("idempotency-key").is_some());
        if desk.meddler {
            desk.meddler = false;
            desk.records.insert(key.clone(), json!({"id": key, "part": "meddled"}));
        }
        let found = desk.records.get(&key);
        let holds = match (header("if-match"), header("if-none-match")) {
            (Some(wanted), _) => found.is_some_and(|found| etag(found) == wanted),
            (None, Some(any)) => any == "*" && found.is_none(),
            (None, None) => true,
        };
        if !holds {
            return StatusCode::PRECONDITION_FAILED.into_response();
        }
        let value: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(value["id"], json!(key), "the key goes with the record");
        desk.records.insert(key, value);
        return StatusCode::NO_CONTENT.into_response();
    }
    assert_eq!(rest, "");
    let query: BTreeMap<String, String> = uri
        .query()
        .unwrap()
        .split('&')
        .map(|pair| pair.split_once('=').expect("a pair"))
        .map(|(name, value)| (name.to_owned(), decoded(value)))
        .collect();
    let from: usize = query.get("from").map_or(0, |from| from.parse().unwrap());
    let fits = |record: &&Value| {
        query.iter().filter(|(name, _)| *name != "from").all(|(name, value)| {
            // A service has its own idea of what is equal: this one ignores case and dashes.
            let plain = |text: &str| text.replace('-', "").to_lowercase();
            record.get(name).and_then(Value::as_str).is_some_and(|has| plain(has) == plain(value))
        })
    };
    let all: Vec<&Value> = desk.records.values().filter(fits).collect();
    let until = all.len().min(from + desk.page);
    let mut answer = json!({"data": {"items": all[from.min(until)..until]}});
    if until < all.len() {
        let query = uri.query().unwrap().split('&').next().unwrap();
        answer["links"] = json!({"next": format!("/api/v1/customers?{query}&from={until}")});
    }
    axum::Json(answer).into_response()
}

struct Token(&'static str);

#[async_trait]
impl RevealSecret for Token {
    async fn reveal(&self, name: &str) -> Result<SecretText, HostError> {
        match name {
            "token" => Ok(SecretText::new(self.0.to_owned())),
            _ => Err(HostError::invalid("unknown-secret", format!("there is no secret `{name}`"))),
        }
    }
}

/// A service that runs, with its address.
async fn desk(page: usize) -> (Shared, String) {
    let desk: Shared = Arc::new(Mutex::new(Desk { page, with_etags: true, ..Desk::default() }));
    let app = Router::new().fallback(answer).with_state(Arc::clone(&desk));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (desk, format!("http://{address}/api/v1/"))
}

fn bearer(secret: &str) -> Option<Credential> {
    Some(Credential::Bearer { secret: secret.to_owned() })
}

fn settings(address: &str) -> Settings {
    Settings {
        address: address.to_owned(),
        credential: bearer("token"),
        timeout: Duration::from_secs(20),
        rate: 0,
        extra_roots: None,
    }
}

fn connect(settings: &Settings, token: &'static str) -> Arc<Service> {
    Arc::new(Service::new("desk", settings, Arc::new(Token(token))).unwrap())
}

fn place_of(field: &str) -> String {
    match field {
        "contact_info.phone" => "phone".to_owned(),
        "tags" => "more.tags".to_owned(),
        field => field.to_owned(),
    }
}

fn shape() -> origin::Service {
    let find = |field: &str| format!("/customers?{}={{value}}", place_of(field));
    origin::Service {
        get: "/customers/{key}".to_owned(),
        find: ["aws_account_id", "contact_info.phone", "part"]
            .map(|field| (field.to_owned(), find(field)))
            .into(),
        list: "data.items".to_owned(),
        next: "links.next".to_owned(),
        key: "id".to_owned(),
        put: Some("/customers/{key}".to_owned()),
        delete: Some("/customers/{key}".to_owned()),
        empty_is_404: false,
        fields: FIELDS.iter().map(|(field, _)| ((*field).to_owned(), place_of(field))).collect(),
    }
}

const CAN: Can =
    Can { find_any: false, any_spelling: false, several_fields: false, ..Can::EVERYTHING };

fn records(service: Arc<Service>, shape: origin::Service) -> HttpRecords {
    HttpRecords::new(service, COLLECTION, shape, Arc::new(indexes(CAN)))
}

#[tokio::test]
async fn a_service_does_what_every_place_must() {
    let outcome = run_all(async || {
        let (desk, address) = desk(3).await;
        let records = records(connect(&settings(&address), TOKEN), shape());
        records.check().await.unwrap();
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
        let filled = Arc::clone(&desk);
        let fill: Fill = Arc::new(move |all| {
            let mut desk = filled.lock().unwrap();
            for (key, data) in all {
                let mut record = json!({"id": key, "of_the_service": 7});
                for (field, _) in FIELDS {
                    let pointer = format!("/{}", field.replace('.', "/"));
                    let Some(value) = data.pointer(&pointer) else { continue };
                    match place_of(field).split_once('.') {
                        Some((outer, inner)) => record[outer] = json!({inner: value}),
                        None => record[place_of(field)] = value.clone(),
                    }
                }
                desk.records.insert(key, record);
            }
            Box::pin(std::future::ready(()))
        });
        Place {
            records: Arc::new(Sourced::new(Arc::new(records), store, Schemas::default())),
            fill,
            can: CAN,
            keep: Arc::new(desk),
        }
    })
    .await;
    assert_eq!(outcome, Ok(()));
}

fn caller() -> Caller {
    Caller {
        call_id: "call".into(),
        release: Digest::of(b"no release"),
        locale: "ko-KR".into(),
        plugin: "plugin".into(),
        now: Timestamp(1),
        idempotency_key: "call/1".into(),
    }
}

async fn read(records: &HttpRecords, key: &str) -> Result<Option<Value>, HostError> {
    let get = Get { collection: COLLECTION.into(), key: key.into(), source: Source::Current };
    Ok(records.get(&caller(), &get).await?.map(|record| record.data))
}

async fn write(records: &HttpRecords, data: Value, expect: Expectation) -> Result<u64, HostError> {
    let put = Put { collection: COLLECTION.into(), key: "c-1".into(), data, expect };
    Ok(records.put(&caller(), &put).await?.version)
}

fn told<T: std::fmt::Debug>(done: Result<T, HostError>) -> String {
    let error = done.unwrap_err();
    format!("{:?} {}: {}", error.kind, error.code, error.message)
}

#[tokio::test]
async fn a_write_changes_the_mapped_fields_and_no_others() {
    let (desk, address) = desk(3).await;
    let before = json!({"id": "c-1", "part": "data", "more": {"tags": ["a"], "own": 1}, "own": 2});
    desk.lock().unwrap().records.insert("c-1".into(), before);
    let records = records(connect(&settings(&address), TOKEN), shape());
    write(&records, json!({"part": "cloud"}), Expectation::Any).await.unwrap();
    let after = desk.lock().unwrap().records["c-1"].clone();
    let wanted = json!({"id": "c-1", "part": "cloud", "more": {"tags": null, "own": 1}, "own": 2});
    assert_eq!(after, wanted);
    // Somebody is between reading and writing.
    desk.lock().unwrap().meddler = true;
    let said = told(write(&records, json!({"part": "x"}), Expectation::Any).await);
    assert!(said.starts_with("Unavailable contended"), "{said}");
    let get = Get { collection: COLLECTION.into(), key: "c-1".into(), source: Source::Current };
    let version = records.get(&caller(), &get).await.unwrap().unwrap().version;
    desk.lock().unwrap().meddler = true;
    let done = write(&records, json!({"part": "x"}), Expectation::Version(version)).await;
    // What the meddler writes is what is there already, so the condition holds.
    assert!(done.is_ok());
    let said = told(write(&records, json!({"pin": 1}), Expectation::Any).await);
    assert!(said.starts_with("Invalid bad-value: collection `customers` has no place for `pin`"));
    // A service without etags takes writes that expect nothing.
    desk.lock().unwrap().with_etags = false;
    write(&records, json!({"part": "y"}), Expectation::Any).await.unwrap();
    let version = records.get(&caller(), &get).await.unwrap().unwrap().version;
    let said = told(write(&records, json!({"part": "x"}), Expectation::Version(version)).await);
    assert!(said.starts_with("Denied no-conditions"), "{said}");
    let read_only = origin::Service { put: None, delete: None, ..shape() };
    let read_only = HttpRecords::new(
        connect(&settings(&address), TOKEN),
        COLLECTION,
        read_only,
        Arc::new(indexes(CAN)),
    );
    let said = told(write(&read_only, json!({"part": "x"}), Expectation::Any).await);
    assert!(said.starts_with("Denied read-only"), "{said}");
    let delete =
        Delete { collection: COLLECTION.into(), key: "c-1".into(), expect: Expectation::Any };
    assert!(told(read_only.delete(&caller(), &delete).await).starts_with("Denied read-only"));
}

#[tokio::test]
async fn each_failure_is_told_as_what_it_is_and_shows_nothing_of_the_answer() {
    let (desk, address) = desk(3).await;
    let records = records(connect(&settings(&address), TOKEN), shape());
    let mut said = Vec::new();
    for (status, name, value) in [
        (401, "x", "y"),
        (429, "retry-after", "7"),
        (503, "retry-after", "soon"),
        (302, "location", "http://other.example.com/"),
        (418, "x", "y"),
        (200, "x", "y"),
    ] {
        desk.lock().unwrap().instead = Some((status, name, value));
        let error = read(&records, "c-1").await.unwrap_err();
        assert!(!error.message.contains("s3cret"));
        if status == 429 {
            assert_eq!(error.retry_after_ms, Some(7_000));
        }
        said.push(told::<()>(Err(error)));
    }
    let wanted = [
        "Unavailable source-failed: source `desk`: it refuses the server (401); check the secret that `sources.secrets` names",
        "Unavailable source-failed: source `desk`: it is asked too often (429); see `sources.http_rate`",
        "Unavailable source-failed: source `desk`: it fails (503)",
        "Other bad-row: source `desk`: it answers with status 302",
        "Other bad-row: source `desk`: it answers with status 418",
        "Other bad-row: source `desk`: a record of `customers` has no key in `id`",
    ];
    assert_eq!(said, wanted);
    desk.lock().unwrap().instead = None;
    // Another record than was asked for.
    desk.lock().unwrap().records.insert("c-1".into(), json!({"id": "c-2"}));
    assert!(told(read(&records, "c-1").await).contains("it gives another"));
    let wrong = self::records(connect(&settings(&address), "wrong"), shape());
    assert!(told(wrong.check().await).contains("it refuses the server (401)"));
    let none = Settings { credential: bearer("nothing"), ..settings(&address) };
    let none = self::records(connect(&none, TOKEN), shape());
    assert!(told(read(&none, "c-1").await).starts_with("Unavailable source-failed"));
    let nobody = settings("http://127.0.0.1:1/");
    let nobody = self::records(connect(&nobody, TOKEN), shape());
    assert!(
        told(read(&nobody, "c-1").await).starts_with("Unavailable no-connection: source `desk`")
    );
    desk.lock().unwrap().silent = true;
    let brief = Settings { timeout: Duration::from_millis(200), ..settings(&address) };
    let brief = self::records(connect(&brief, TOKEN), shape());
    assert!(told(read(&brief, "c-1").await).starts_with("Unavailable time"));
}

#[tokio::test]
async fn a_next_page_elsewhere_is_not_asked_for_and_lists_have_an_end() {
    let (desk, address) = desk(1).await;
    for number in 0..40 {
        let key = format!("c-{number:02}");
        let record = json!({"id": key, "part": "data"});
        desk.lock().unwrap().records.insert(key, record);
    }
    let records = records(connect(&settings(&address), TOKEN), shape());
    let find = |limit| Find {
        collection: COLLECTION.into(),
        matches: vec![("part".into(), json!("data"))],
        limit,
        source: Source::Current,
    };
    let page = records.find(&caller(), &find(5)).await.unwrap();
    assert_eq!((page.records.len(), page.more), (5, true));
    let said = told(records.find(&caller(), &find(100)).await);
    assert!(said.starts_with("Invalid too-many-records"), "{said}");
    let other = Find { matches: vec![("support_level".into(), json!(1))], ..find(5) };
    let said = told(records.find(&caller(), &other).await);
    assert!(said.contains("finds records of `customers` by these fields alone: aws_account_id"));
    // An answer that is a list, with a next page that is not the service's.
    let outside = origin::Service { next: "id".to_owned(), ..shape() };
    let outside = self::records(connect(&settings(&address), TOKEN), outside);
    desk.lock().unwrap().instead = Some((200, "x", "y"));
    let said = told(outside.find(&caller(), &find(5)).await);
    assert!(said.contains("`data.items` of its answer is no list"), "{said}");
    for next in
        ["//other.example.com/x", "https://other.example.com/", "page2", "http://127.0.0.1:1@x/"]
    {
        desk.lock().unwrap().instead = None;
        let record = json!({"id": "c-00", "part": "data"});
        desk.lock().unwrap().records.insert("c-00".into(), record);
        let (other, address) = self::desk(1).await;
        let app = Router::new().fallback(move || async move {
            axum::Json(json!({"data": {"items": []}, "links": {"next": next}}))
        });
        drop(other);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let _ = address;
        let service = connect(&settings(&format!("http://127.0.0.1:{port}")), TOKEN);
        let said = told(self::records(service, shape()).find(&caller(), &find(5)).await);
        assert!(said.contains("its next page is at another host, or no address"), "{next}: {said}");
    }
}

#[tokio::test]
async fn a_service_is_asked_no_more_often_than_it_likes() {
    let (desk, address) = desk(3).await;
    let slow = Settings { rate: 1, timeout: Duration::from_millis(900), ..settings(&address) };
    let records = records(connect(&slow, TOKEN), shape());
    let reads = (0..60).map(|_| read(&records, "c-1"));
    let all = futures::future::join_all(reads).await;
    // Each second has room for one: those at the end would wait for most of a minute.
    let busy = all.iter().filter(|one| matches!(one, Err(error) if error.code == "source-busy"));
    let busy = busy.count();
    assert!(busy > 0);
    assert!(desk.lock().unwrap().asked.len() <= 60 - busy);
    assert_eq!(all[0], Ok(None));
}

#[test]
fn what_is_no_address_is_refused() {
    for address in [
        "desk.example.com?x=1",
        "ftp://desk.example.com",
        "https://user@desk.example.com",
        "https://*.example.com",
        "",
    ] {
        let made = Service::new("desk", &settings(address), Arc::new(Token(TOKEN)));
        let said = made.unwrap_err().to_string();
        assert!(said.contains("the address of source `desk` cannot be used"), "{address}: {said}");
    }
}
