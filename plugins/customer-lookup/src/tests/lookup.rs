use dialgraph_plugin::testing::check_schemas;
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

#[test]
fn more_customers_than_can_be_compared_are_logged() {
    let mut call = call(json!({}), json!({"company": "푸른별상사"}));
    for n in 0..100 {
        let id = format!("z-{n:03}");
        call.host().record(
            "customers",
            &id,
            customer(&id, &format!("회사 {n}"), "0", "General", ""),
        );
    }
    assert_eq!(call.enter().port(), "msp");
    assert!(call.host().logs().iter().any(|line| line.message.contains("more customers")));
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
