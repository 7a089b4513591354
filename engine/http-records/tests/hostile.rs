//! Services that answer what one does not expect: nobody is taken for somebody else, nobody is
//! missed in silence, and nothing of theirs is changed unasked.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use dialgraph_base::index::{Index, IndexKind, Indexes};
use dialgraph_base::origin;
use dialgraph_base::{Digest, Timestamp};
use dialgraph_http_records::{HttpRecords, Service, Settings};
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::http::Credential;
use dialgraph_kernel::ports::records::{
    Delete, Expectation, Find, Get, Page, Put, Record, Search, SearchPage, Source,
};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_local::secrets::{RevealSecret, SecretText};
use serde_json::json;

/// What a service answers, by method and path; and what it was asked.
#[derive(Default)]
struct Desk {
    answers: BTreeMap<String, (u16, &'static str, String)>,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Desk>>;

async fn answer(State(desk): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut desk = desk.lock().unwrap();
    let what = format!("{} {}", parts.method, parts.uri);
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap());
    let told = ["authorization", "x-api-key", "if-match"].map(|name| header(name).unwrap_or("-"));
    desk.asked.push(format!("{what} {} {}", told.join(" "), String::from_utf8_lossy(&body)));
    match desk.answers.get(&what) {
        Some((status, etag, body)) => {
            (StatusCode::from_u16(*status).unwrap(), [("etag", *etag)], body.clone())
                .into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

struct Token;

#[async_trait]
impl RevealSecret for Token {
    async fn reveal(&self, _name: &str) -> Result<SecretText, HostError> {
        Ok(SecretText::new("s3cret".to_owned()))
    }
}

/// A service with these answers to requests, and the collection in it.
async fn desk(
    answers: &[(&str, u16, serde_json::Value)],
    change: impl FnOnce(&mut origin::Service, &mut Settings),
) -> (Shared, HttpRecords) {
    let answers = answers
        .iter()
        .map(|(what, status, body)| ((*what).to_owned(), (*status, "\"1\"", body.to_string())));
    let desk: Shared = Arc::new(Mutex::new(Desk { answers: answers.collect(), asked: Vec::new() }));
    let app = Router::new().fallback(answer).with_state(Arc::clone(&desk));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut settings = Settings {
        address: format!("http://{address}"),
        credential: None,
        timeout: Duration::from_secs(20),
        rate: 0,
        extra_roots: None,
    };
    let mut shape = origin::Service {
        get: "/c/{key}".to_owned(),
        find: BTreeMap::from([("phone".to_owned(), "/c?phone={value}".to_owned())]),
        list: "items".to_owned(),
        next: "next".to_owned(),
        key: "id".to_owned(),
        put: Some("/c/{key}".to_owned()),
        delete: Some("/c/{key}".to_owned()),
        fields: ["phone", "name"].map(|name| (name.to_owned(), name.to_owned())).into(),
        ..origin::Service::default()
    };
    change(&mut shape, &mut settings);
    let index = Index { kind: IndexKind::Phone, fields: vec!["phone".to_owned()] };
    let indexes = Indexes {
        collections: BTreeMap::from([(
            "customers".to_owned(),
            BTreeMap::from([("phone".to_owned(), index)]),
        )]),
        ..Indexes::default()
    };
    let service = Arc::new(Service::new("desk", &settings, Arc::new(Token)).unwrap());
    (desk, HttpRecords::new(service, "customers", shape, Arc::new(indexes)))
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

const NUMBER: &str = "+821000000101";
const LIST: &str = "GET /c?phone=%2B821000000101";

async fn find(records: &HttpRecords) -> Result<Page, HostError> {
    let find = Find {
        collection: "customers".into(),
        matches: vec![("phone".into(), json!(NUMBER))],
        limit: 5,
        source: Source::Current,
    };
    records.find(&caller(), &find).await
}

async fn search(records: &HttpRecords) -> Result<SearchPage, HostError> {
    let search = Search {
        collection: "customers".into(),
        index: "phone".into(),
        values: vec![json!(NUMBER)],
        limit: 5,
        cursor: None,
        source: Source::Current,
    };
    records.search(&caller(), &search).await
}

async fn get(records: &HttpRecords, key: &str) -> Result<Option<Record>, HostError> {
    let get = Get { collection: "customers".into(), key: key.into(), source: Source::Current };
    records.get(&caller(), &get).await
}

async fn put(records: &HttpRecords, expect: Expectation) -> Result<u64, HostError> {
    let data = json!({"name": "Hanbit"});
    let put = Put { collection: "customers".into(), key: "c-1".into(), data, expect };
    Ok(records.put(&caller(), &put).await?.version)
}

async fn delete(records: &HttpRecords, expect: Expectation) -> Result<(), HostError> {
    let delete = Delete { collection: "customers".into(), key: "c-1".into(), expect };
    records.delete(&caller(), &delete).await
}

fn told<T: std::fmt::Debug>(done: Result<T, HostError>) -> String {
    let error = done.unwrap_err();
    format!("{:?} {}: {}", error.kind, error.code, error.message)
}

#[tokio::test]
async fn a_list_that_may_have_more_is_no_answer_that_there_is_none() {
    let item = json!({"id": "c-2", "phone": "+821000000199"});
    for (next, wanted) in [
        (json!(2), "`next` of its answer is no path of a next page"),
        (json!({"href": "/c?page=2"}), "`next` of its answer is no path of a next page"),
        (json!("/gone"), "it has no such list (404)"),
        (json!("/c?phone=%2B821000000101"), "its next page is one that was read already"),
        (json!("/a"), "its next page is one that was read already"),
    ] {
        let page = |next| json!({"items": [item], "next": next});
        let answers = [(LIST, 200, page(next)), ("GET /a", 200, page(json!("/a")))];
        let (desk, records) = desk(&answers, |_, _| {}).await;
        for said in [told(find(&records).await), told(search(&records).await)] {
            assert!(said.starts_with("Other bad-row: source `desk`: "), "{said}");
            assert!(said.contains(wanted), "{said}");
        }
        assert!(desk.lock().unwrap().asked.len() <= 4);
    }
    for next in [json!(null), json!("")] {
        let answers = [(LIST, 200, json!({"items": [item], "next": next}))];
        let (_desk, records) = desk(&answers, |_, _| {}).await;
        assert!(find(&records).await.unwrap().records.is_empty());
    }
}

#[tokio::test]
async fn a_list_that_is_not_there_says_nothing_of_records_unless_that_is_agreed() {
    let (_desk, records) = desk(&[], |_, _| {}).await;
    let said = told(search(&records).await);
    assert!(said.contains("it has no such list (404); check the paths under `find`"), "{said}");
    let (_desk, records) = desk(&[], |shape, _| shape.empty_is_404 = true).await;
    assert!(search(&records).await.unwrap().hits.is_empty());
    assert!(get(&records, "c-1").await.unwrap().is_none());
}

#[tokio::test]
async fn a_list_without_the_field_that_it_goes_by_is_no_answer() {
    let list = |items| [(LIST, 200, json!({ "items": items }))];
    let short = json!([{"id": "c-1", "name": "Hanbit"}, {"id": "c-2", "phone": null}]);
    let (_desk, records) = desk(&list(short), |_, _| {}).await;
    let said = told(search(&records).await);
    assert!(said.contains("none of the records in its list has `phone`, so nobody can"), "{said}");
    assert!(told(find(&records).await).contains("none of the records in its list has `phone`"));
    // A service that gives too much misleads nobody.
    let more = json!([{"id": "c-1"}, {"id": "c-2", "phone": "+821000000199"}]);
    let (_desk, records) = desk(&list(more), |_, _| {}).await;
    assert!(search(&records).await.unwrap().hits.is_empty());
    let known = json!([{"id": "c-1"}, {"id": "c-2", "phone": NUMBER}]);
    let (_desk, records) = desk(&list(known), |_, _| {}).await;
    assert_eq!(search(&records).await.unwrap().hits.len(), 1);
}

/// Bodies as they are sent: `json!` would round them itself.
fn body(desk: &Shared, what: &str, text: &str) {
    let answer = (200, "\"1\"", text.to_owned());
    desk.lock().unwrap().answers.insert(what.to_owned(), answer);
}

#[tokio::test]
async fn numbers_are_neither_rounded_nor_sent_back_rounded() {
    let (desk, records) = desk(&[], |_, _| {}).await;
    body(&desk, "GET /c/c-1", r#"{"id": "c-1", "name": 12345678901234567890123}"#);
    let said = told(get(&records, "c-1").await);
    assert!(said.contains("a whole number with more digits than a record can hold"), "{said}");
    let exact = r#"{"id": "c-1", "name": "x", "credit": 0.1000000000000000000001}"#;
    body(&desk, "GET /c/c-1", exact);
    assert!(get(&records, "c-1").await.unwrap().is_some());
    let said = told(put(&records, Expectation::Any).await);
    assert!(said.contains("more digits than the engine can send back as it is"), "{said}");
    let asked = desk.lock().unwrap().asked.join("\n");
    assert!(!asked.contains("PUT"), "{asked}");
}

#[tokio::test]
async fn a_write_reaches_the_record_of_its_key_and_no_other() {
    let other = json!({"id": "c-2", "name": "Saebyeok"});
    let answers = [("GET /c/c-1", 200, other), ("PUT /c/c-1", 200, json!({}))];
    let (desk, records) = desk(&answers, |_, _| {}).await;
    for said in [
        told(put(&records, Expectation::Any).await),
        told(delete(&records, Expectation::Any).await),
    ] {
        assert!(said.contains("asked for one record of `customers`, it gives another"), "{said}");
    }
    let asked = desk.lock().unwrap().asked.join("\n");
    assert!(!asked.contains("PUT") && !asked.contains("DELETE"), "{asked}");
}

#[tokio::test]
async fn a_record_is_deleted_on_its_condition() {
    let there = json!({"id": "c-1", "name": "Hanbit"});
    let answers = [("GET /c/c-1", 200, there), ("DELETE /c/c-1", 412, json!(null))];
    let (desk, records) = desk(&answers, |_, _| {}).await;
    let version = get(&records, "c-1").await.unwrap().unwrap().version;
    let expect = Expectation::Version(version);
    let said = told(delete(&records, expect).await);
    assert!(said.starts_with("Denied conflict"), "{said}");
    assert!(desk.lock().unwrap().asked.last().unwrap().contains("DELETE /c/c-1 - - \"1\""));
    assert!(told(delete(&records, Expectation::Version(version + 1)).await).contains("conflict"));
    assert!(told(delete(&records, Expectation::Absent).await).contains("conflict"));
    desk.lock().unwrap().answers.insert("DELETE /c/c-1".into(), (204, "", String::new()));
    delete(&records, expect).await.unwrap();
    delete(&records, Expectation::Any).await.unwrap();
    desk.lock().unwrap().answers.clear();
    delete(&records, Expectation::Any).await.unwrap();
    delete(&records, Expectation::Absent).await.unwrap();
    assert!(told(delete(&records, expect).await).contains("conflict"));
}

#[tokio::test]
async fn a_secret_is_sent_as_the_service_asks_for_it() {
    for (credential, wanted) in [
        (Credential::Bearer { secret: "token".into() }, "Bearer s3cret - -"),
        (Credential::Header { name: "X-Api-Key".into(), secret: "token".into() }, "- s3cret -"),
        (
            Credential::Basic { user: "app".into(), secret: "token".into() },
            "Basic YXBwOnMzY3JldA== - -",
        ),
    ] {
        let (desk, records) = desk(&[], |_, settings| settings.credential = Some(credential)).await;
        assert!(get(&records, "c-1").await.unwrap().is_none());
        assert_eq!(desk.lock().unwrap().asked, [format!("GET /c/c-1 {wanted} ")]);
    }
}

#[tokio::test]
async fn a_path_that_deletes_nothing_is_no_deletion() {
    let record = json!({"id": "c-1", "name": "Hanbit"});
    let shape = |shape: &mut origin::Service, _: &mut Settings| {
        shape.delete = Some("/typo/{key}".to_owned());
    };
    let (shared, records) = desk(&[("GET /c/c-1", 200, record)], shape).await;
    let said = told(delete(&records, Expectation::Any).await);
    assert!(said.contains("nothing to delete there (404); check the path `delete`"), "{said}");
    // Gone meanwhile is gone.
    shared.lock().unwrap().answers.clear();
    delete(&records, Expectation::Any).await.unwrap();
}

#[tokio::test]
async fn a_field_that_has_no_place_is_not_lost_in_silence() {
    let shape = |shape: &mut origin::Service, _: &mut Settings| {
        shape.fields.insert("name".to_owned(), "contact.name".to_owned());
    };
    let answers = |contact| {
        let record = json!({"id": "c-1", "contact": contact});
        [("GET /c/c-1", 200, record), ("PUT /c/c-1", 200, json!({}))]
    };
    let (shared, records) = desk(&answers(json!(null)), shape).await;
    put(&records, Expectation::Any).await.unwrap();
    let asked = shared.lock().unwrap().asked.last().cloned().unwrap();
    assert!(asked.contains(r#""contact":{"name":"Hanbit"}"#), "{asked}");
    for contact in [json!("by post"), json!(["a"])] {
        let (shared, records) = desk(&answers(contact), shape).await;
        let said = told(put(&records, Expectation::Any).await);
        assert!(said.contains("has no place for `contact.name`"), "{said}");
        assert!(shared.lock().unwrap().asked.iter().all(|one| !one.starts_with("PUT")));
    }
}

#[tokio::test]
async fn a_weak_etag_is_no_condition_for_a_write() {
    let record = json!({"id": "c-1", "name": "Haneul"});
    let answers = [("GET /c/c-1", 200, record), ("PUT /c/c-1", 200, json!({}))];
    let (shared, records) = desk(&answers, |_, _| {}).await;
    for (_, etag, _) in shared.lock().unwrap().answers.values_mut() {
        *etag = "W/\"1\"";
    }
    put(&records, Expectation::Any).await.unwrap();
    let asked = shared.lock().unwrap().asked.last().cloned().unwrap();
    assert!(asked.starts_with("PUT /c/c-1 - - - "), "{asked}");
    let version = get(&records, "c-1").await.unwrap().unwrap().version;
    let said = told(put(&records, Expectation::Version(version)).await);
    assert!(said.starts_with("Denied no-conditions"), "{said}");
}
