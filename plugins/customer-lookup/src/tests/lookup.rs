//! Account number, company and telephone number each find the customer; old records are said to be
//! old, and nobody is called unregistered on the strength of them.

use dialgraph_plugin::testing::{IndexKind, TestCall, check_schemas};
use dialgraph_plugin::{HostError, NodeError};
use serde_json::{Value, json};

use super::{call, customer};
use crate::CustomerLookup;

fn down() -> HostError {
    HostError::unavailable("down", "the store does not answer")
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    check_schemas::<CustomerLookup>();
}

#[test]
fn an_account_number_names_the_customer() {
    let reply =
        call(json!({}), json!({"account_id": "1111-2222-3333", "company": "달빛물류"})).enter();
    assert_eq!(reply.port(), "msp");
    assert_eq!(
        *reply.output(),
        json!({
            "customer_id": "c-001",
            "company_name": "(주)푸른별상사",
            "support_level": "MSP",
            "class": "msp",
            "assigned_engineer": "e-101",
            "secondary_engineer": null,
            "part": "Leaf",
            "contact_name": null,
            "contact_phone": "+82-10-0000-0101",
            "contact_email": "c-001@example.com",
            "matched_by": "account_id",
            "confirmed": false,
            "stale": false,
            "as_of": null,
        })
    );
}

#[test]
fn a_companys_name_names_the_customer_however_it_is_written() {
    for (heard, port) in [
        ("푸른별 상사", "msp"),
        ("㈜푸른별상사", "msp"),
        ("달빛물류입니다", "general"),
        ("acorn example", "vip"),
    ] {
        let reply = call(json!({}), json!({"company": heard, "account_id": ""})).enter();
        assert_eq!(
            (reply.port(), &reply.output()["matched_by"]),
            (port, &json!("company")),
            "{heard}"
        );
    }
}

#[test]
fn an_alias_names_the_customer_too() {
    let mut call = call(json!({}), json!({"company": "에이콘"}));
    let mut acorn = customer("c-003", "Acorn Example Inc.", "777788889999", "VIP", "");
    acorn["aliases"] = json!(["에이콘", "에이콘 이그잼플"]);
    call.host().record("customers", "c-003", acorn);
    assert_eq!(call.enter().port(), "vip");
}

#[test]
fn a_number_alone_names_the_customer() {
    let reply = call(json!({}), json!({"phone": "+821000000101"})).enter();
    assert_eq!((reply.port(), &reply.output()["matched_by"]), ("msp", &json!("phone")));
    let reply = call(json!({}), json!({"phone": "+8220000102"})).enter();
    assert_eq!(reply.port(), "general");
}

#[test]
fn an_unknown_account_is_looked_for_by_company_and_number() {
    let reply =
        call(json!({}), json!({"account_id": "999999999999", "company": "푸른별상사"})).enter();
    assert_eq!((reply.port(), &reply.output()["matched_by"]), ("msp", &json!("company")));
}

#[test]
fn a_similar_name_with_the_companys_number_needs_no_question() {
    let reply = call(json!({}), json!({"company": "푸른별", "phone": "010-0000-0101"})).enter();
    assert_eq!((reply.port(), &reply.output()["matched_by"]), ("msp", &json!("company_and_phone")));
}

#[test]
fn of_two_customers_of_one_name_the_number_tells() {
    let twin = customer("c-009", "푸른별 상사", "222233334444", "General", "010-0000-0109");
    let mut known = call(json!({}), json!({"company": "푸른별상사", "phone": "010-0000-0109"}));
    known.host().record("customers", "c-009", twin.clone());
    assert_eq!(known.enter().output()["customer_id"], "c-009");
    let mut unknown = call(json!({}), json!({"company": "푸른별상사", "phone": "010-0000-0999"}));
    unknown.host().record("customers", "c-009", twin);
    let reply = unknown.enter();
    assert_eq!((reply.port(), &reply.output()["customer_id"]), ("ambiguous", &Value::Null));
}

#[test]
fn whoever_fits_no_customer_is_unregistered() {
    for input in [
        json!({"company": "없는회사", "phone": "+821000000999", "account_id": "999999999999"}),
        json!({"phone": "anonymous"}),
        json!({"company": "", "phone": "", "account_id": ""}),
        json!({}),
    ] {
        let reply = call(json!({}), input).enter();
        assert_eq!(reply.port(), "unregistered");
        assert_eq!(reply.output()["company_name"], Value::Null);
    }
}

#[test]
fn the_designers_table_decides_the_class() {
    let classes = json!({"classes": {"General": "vip", "msp": "general"}});
    let lookup = |account: &str| call(classes.clone(), json!({"account_id": account})).enter();
    assert_eq!(lookup("444455556666").port(), "vip");
    assert_eq!(lookup("111122223333").port(), "general");
    assert_eq!(lookup("777788889999").port(), "vip");
}

#[test]
fn a_level_of_no_class_takes_the_default_and_is_logged() {
    let mut call = call(json!({"default_class": "vip"}), json!({"account_id": "123456789012"}));
    call.host().record("customers", "c-010", customer("c-010", "금빛", "123456789012", "Gold", ""));
    assert_eq!(call.enter().port(), "vip");
    let logs = call.host().logs();
    assert!(logs.iter().any(|line| line.level == "warn" && line.message.contains("no class")));
}

#[test]
fn a_spoilt_record_hides_nobody_else() {
    let mut call = call(json!({}), json!({"company": "푸른별상사"}));
    call.host().record("customers", "c-000", json!({"company_name": ["푸른별상사"]}));
    assert_eq!(call.enter().output()["customer_id"], "c-001");
}

/// A desk with 300 customers and, if wanted, with indexes.
fn large(input: Value, indexed: bool) -> TestCall<CustomerLookup> {
    let call = call(json!({}), input);
    let host = call.host();
    for n in 0..300 {
        let phone = format!("010-0001-{n:04}");
        let company = format!("초록바다 {n}호점");
        let account = format!("9999{n:08}");
        host.record(
            "customers",
            &format!("x-{n:03}"),
            customer("x", &company, &account, "MSP", &phone),
        );
    }
    host.record(
        "customers",
        "z-1",
        customer("z-1", "노을강가", "123412341234", "VIP", "02-0000-0999"),
    );
    if indexed {
        host.index("customers", "account", IndexKind::Exact, &["aws_account_id"]);
        host.index("customers", "company", IndexKind::Name, &["company_name", "aliases"]);
        host.index("customers", "phone", IndexKind::Phone, &["contact_info.phone"]);
    }
    call
}

#[test]
fn the_last_of_many_customers_is_found_by_each_index() {
    for (input, matched_by) in [
        (json!({"account_id": "1234-1234-1234"}), "account_id"),
        (json!({"company": "(주)노을강가입니다"}), "company"),
        (json!({"phone": "+82 2 0000 0999"}), "phone"),
        // A slip of the ear, and the company's number.
        (json!({"company": "노울강가", "phone": "0200000999"}), "company_and_phone"),
    ] {
        let mut call = large(input.clone(), true);
        let reply = call.enter();
        assert_eq!(
            (reply.port(), &reply.output()["matched_by"]),
            ("vip", &json!(matched_by)),
            "{input}"
        );
        assert_eq!(call.host().count("records.find"), 0, "nothing is looked through");
    }
    let reply = large(json!({"company": "달나라여행"}), true).enter();
    assert_eq!(reply.port(), "unregistered");
}

#[test]
fn a_search_that_is_not_complete_calls_nobody_unregistered() {
    let mut call = large(json!({"company": "달나라여행"}), false);
    assert_eq!(call.enter().port(), "ambiguous");
    let logs = call.host().logs();
    assert!(logs.iter().any(|line| line.message.contains("more customers than can be compared")));
    // Who is found among those that were compared is found.
    let reply = large(json!({"company": "푸른별상사"}), false).enter();
    assert_eq!(reply.port(), "msp");
}

#[test]
fn while_records_are_down_the_last_known_customer_is_taken_and_said_to_be_old() {
    let mut call = call(json!({}), json!({"account_id": "111122223333"}));
    call.host().fail_records(down());
    let reply = call.enter();
    assert_eq!(reply.port(), "msp");
    assert_eq!(reply.output()["stale"], true);
    assert_eq!(reply.output()["as_of"], "2026-11-20T01:00:00Z");
}

#[test]
fn while_records_are_down_nobody_is_called_unregistered() {
    let mut call = call(json!({}), json!({"company": "없는회사"}));
    call.host().fail_records(down());
    let reply = call.enter();
    assert!(
        matches!(reply.error(), NodeError::Retryable(info) if info.code == "records-unavailable")
    );
}

#[test]
fn without_anything_last_known_the_lookup_can_be_tried_again() {
    let mut call = call(json!({}), json!({"account_id": "111122223333"}));
    call.host().fail_records(down());
    call.host().fail_last_known(down());
    assert!(matches!(call.enter().error(), NodeError::Retryable(info) if info.code == "down"));
}

#[test]
fn a_refusal_of_the_records_is_no_reason_to_go_by_old_data() {
    let mut call = call(json!({}), json!({"account_id": "111122223333"}));
    call.host().fail_records(HostError::denied("not-granted", "add the collection"));
    assert!(matches!(call.enter().error(), NodeError::Refused(_)));
}
