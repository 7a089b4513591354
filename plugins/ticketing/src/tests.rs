//! A visit opens one ticket however often it runs, with all that is known and in the desk's
//! language; a desk that is down can be asked again.

use std::cell::RefCell;
use std::rc::Rc;

use dialgraph_plugin::testing::{TestCall, check, check_holds, check_schemas};
use dialgraph_plugin::tickets::{Receipt, Ticket};
use dialgraph_plugin::{HostError, NodeError};
use serde_json::{Value, json};

use crate::Ticketing;

type Desk = Rc<RefCell<Vec<(Ticket, String)>>>;

/// A call and a desk that opens a ticket for each new key.
fn call(config: Value, input: Value) -> (TestCall<Ticketing>, Desk) {
    let call = TestCall::<Ticketing>::new(config).input(input);
    let desk = Desk::default();
    let opened = Rc::clone(&desk);
    call.host().tickets(move |ticket, key| {
        let mut opened = opened.borrow_mut();
        let duplicate = opened.iter().any(|(_, known)| known == key);
        if !duplicate {
            opened.push((ticket.clone(), key.to_owned()));
        }
        Ok(Receipt {
            id: format!("T-{}", opened.len()),
            url: Some("https://desk.example/T-1".to_owned()),
            duplicate,
            extra: Vec::new(),
        })
    });
    (call, desk)
}

fn outage() -> Value {
    json!({
        "customer_class": "msp",
        "customer_id": "c-001",
        "company": "(주)푸른별상사",
        "intent": "ProductionOutage",
        "request": "운영 서버가 내려갔어요",
        "slots": {"service": "EC2", "count": 3, "since": null, "region": ""},
        "requester_name": "홍예시",
        "assignee": "e-101",
        "notes": "",
    })
}

fn priorities() -> Value {
    json!({
        "rules": [
            {"class": "msp", "intent": "ProductionOutage", "priority": "urgent"},
            {"class": "msp", "priority": "high"},
        ],
    })
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    check_schemas::<Ticketing>();
}

#[test]
fn a_ticket_is_opened_with_all_that_is_known() {
    let config = json!({"priority": priorities(), "tags": ["phone"]});
    let (mut call, desk) = call(config, outage());
    let reply = call.enter();
    assert_eq!(reply.port(), "created");
    assert_eq!(
        *reply.output(),
        json!({
            "ticket_id": "T-1",
            "url": "https://desk.example/T-1",
            "duplicate": false,
            "priority": "urgent",
            "subject": "[(주)푸른별상사] ProductionOutage",
        })
    );
    let desk = desk.borrow();
    let (ticket, key) = &desk[0];
    assert_eq!(key, "call-1/1");
    assert_eq!(ticket.priority, "urgent");
    assert_eq!(ticket.assignee.as_deref(), Some("e-101"));
    assert_eq!(ticket.requester_phone.as_deref(), Some("+821000000101"));
    assert_eq!(ticket.tags, ["msp", "phone", "productionoutage"]);
    assert_eq!(
        ticket.fields,
        [
            ("call_id", "call-1"),
            ("customer_class", "msp"),
            ("customer_id", "c-001"),
            ("intent", "ProductionOutage")
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    insta::assert_snapshot!(ticket.body, @r"
    회사: (주)푸른별상사
    고객 번호: c-001
    고객 등급: msp
    문의하신 분: 홍예시
    전화: +821000000101
    문의 유형: ProductionOutage
    요청: 운영 서버가 내려갔어요
    count: 3
    service: EC2
    담당: e-101
    통화: call-1
    채널: voice
    시작: 2026-11-20T01:00:00Z
    ");
}

#[test]
fn people_read_the_title_of_the_intent_and_rules_its_name() {
    let mut input = outage();
    input["intent_title"] = json!("긴급 장애");
    let (mut call, desk) = call(json!({"priority": priorities()}), input);
    call.enter();
    let (ticket, _) = &desk.borrow()[0];
    assert_eq!(ticket.subject, "[(주)푸른별상사] 긴급 장애");
    assert!(ticket.body.contains("문의 유형: 긴급 장애\n"), "{}", ticket.body);
    assert_eq!(ticket.priority, "urgent");
    assert!(ticket.tags.contains(&"productionoutage".to_owned()), "{:?}", ticket.tags);
}

#[test]
fn the_desk_can_read_another_language_than_the_caller_speaks() {
    let (mut call, desk) = call(json!({"language": "en"}), outage());
    call.enter();
    insta::assert_snapshot!(desk.borrow()[0].0.body, @r"
    Company: (주)푸른별상사
    Customer: c-001
    Class: msp
    Caller: 홍예시
    Phone: +821000000101
    Intent: ProductionOutage
    Request: 운영 서버가 내려갔어요
    count: 3
    service: EC2
    In charge: e-101
    Call: call-1
    Channel: voice
    Began: 2026-11-20T01:00:00Z
    ");
}

#[test]
fn a_call_of_which_nothing_is_known_gets_a_ticket_all_the_same() {
    let (call, desk) = call(json!({}), json!({"company": "", "intent": "", "customer_class": ""}));
    let mut call = call.caller(None).locale("en-US");
    let reply = call.enter();
    assert_eq!(reply.output()["subject"], "call-1");
    let desk = desk.borrow();
    assert_eq!(desk[0].0.priority, "normal");
    assert_eq!(desk[0].0.requester_phone, None);
    assert!(desk[0].0.tags.is_empty());
    insta::assert_snapshot!(desk[0].0.body, @r"
    Call: call-1
    Channel: voice
    Began: 2026-11-20T01:00:00Z
    ");
}

#[test]
fn the_subject_follows_the_designers_words_and_is_cut_at_150_characters() {
    let config = json!({"subject": "{class} {name} ({phone}): {request}"});
    let mut input = outage();
    input["request"] = json!("가".repeat(200));
    let (mut call, _) = call(config, input);
    let reply = call.enter();
    let subject = reply.output()["subject"].as_str().unwrap();
    assert!(subject.starts_with("msp 홍예시 (+821000000101): 가가"), "{subject}");
    assert_eq!(subject.chars().count(), 150);
}

#[test]
fn the_same_visit_opens_one_ticket_however_often_it_runs() {
    let (mut call, desk) = call(json!({}), outage());
    call.enter();
    let reply = call.enter();
    assert_eq!(reply.output()["duplicate"], true);
    assert_eq!(desk.borrow().len(), 1);
}

#[test]
fn a_desk_that_is_down_can_be_asked_again_and_one_that_refuses_cannot() {
    let (mut call, _) = call(json!({}), outage());
    call.host().tickets(|_, _| Err(HostError::unavailable("down", "the desk does not answer")));
    assert!(matches!(call.enter().error(), NodeError::Retryable(info) if info.code == "down"));
    call.host().tickets(|_, _| Err(HostError::denied("intercepted", "not today")));
    assert!(matches!(call.enter().error(), NodeError::Refused(info) if info.code == "intercepted"));
}

#[test]
fn a_configuration_that_passes_is_never_a_bad_one() {
    let seeds =
        [json!({}), json!({"priority": priorities(), "tags": ["a"], "subject": "{company}"})];
    check_holds::<Ticketing>(&seeds, |call| {
        call.host().tickets(|_, _| Err(HostError::denied("no", "the desk is closed")));
        call.input(outage())
    });
}

#[test]
fn a_template_that_says_nothing_or_never_counts_is_found_where_it_stands() {
    let config = json!({
        "subject": "[{compnay}] {intent}",
        "tags": ["a", "two words", " "],
        "priority": {"rules": [
            {"class": "msp", "priority": "high"},
            {"class": "msp", "intent": "Outage", "priority": "urgent"},
        ]},
    });
    let found = check::<Ticketing>(&config, &["ko-KR"]);
    let places: Vec<_> = found.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(places, ["/subject", "/tags/1", "/tags/2", "/priority/rules/1"], "{found:#?}");
    assert_eq!(found[0].hint.as_deref(), Some("did you mean `{company}`?"));
}
