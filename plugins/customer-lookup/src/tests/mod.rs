//! A desk with five customers; levels written twice and locales without words are found when the
//! project is checked.

mod asking;
mod lookup;
mod phones;

use dialgraph_plugin::testing::{TestCall, check, check_holds};
use serde_json::{Value, json};

use crate::CustomerLookup;

fn customer(id: &str, company: &str, account: &str, level: &str, phone: &str) -> Value {
    json!({
        "customer_id": id,
        "company_name": company,
        "aws_account_id": account,
        "support_level": level,
        "assigned_engineer": "e-101",
        "part": "Leaf",
        "contact_info": {"phone": phone, "email": format!("{id}@example.com")},
    })
}

/// A call to a desk with a few customers.
fn call(config: Value, input: Value) -> TestCall<CustomerLookup> {
    let mut with_collection = json!({"collection": "customers"});
    if let (Some(all), Some(given)) = (with_collection.as_object_mut(), config.as_object()) {
        all.extend(given.clone());
    }
    let call = TestCall::<CustomerLookup>::new(with_collection).input(input);
    let host = call.host();
    for (id, company, account, level, phone) in [
        ("c-001", "(주)푸른별상사", "111122223333", "MSP", "+82-10-0000-0101"),
        ("c-002", "주식회사 달빛물류", "444455556666", "General", "02-000-0102"),
        ("c-003", "Acorn Example Inc.", "777788889999", "VIP", "+1-202-555-0103"),
        ("c-004", "한빛전자", "000011112222", "MSP", "010-0000-0104"),
        ("c-005", "한빛전기", "000011113333", "General", "010-0000-0105"),
    ] {
        host.record("customers", id, customer(id, company, account, level, phone));
    }
    call
}

#[test]
fn a_configuration_that_passes_is_never_a_bad_one() {
    let seeds = [
        json!({"collection": "customers"}),
        json!({"collection": "customers", "classes": {"Gold": "vip"}, "tries": 3}),
    ];
    check_holds::<CustomerLookup>(&seeds, |call| {
        let host = call.host();
        host.record(
            "customers",
            "c-004",
            customer("c-004", "한빛전자", "000011112222", "MSP", "-"),
        );
        host.record(
            "customers",
            "c-005",
            customer("c-005", "한빛전기", "000011113333", "VIP", "-"),
        );
        call.input(json!({"company": "한빛전"}))
    });
}

#[test]
fn levels_that_are_one_and_languages_without_words_are_found() {
    let config = json!({"collection": "customers", "classes": {"GOLD": "vip", "gold": "msp"}});
    let found = check::<CustomerLookup>(&config, &["ko-KR"]);
    assert!(found.len() == 1 && found[0].pointer == "/classes/gold", "{found:?}");
    let found = check::<CustomerLookup>(&json!({"collection": "customers"}), &["ja-JP"]);
    assert!(found.len() == 1 && found[0].message.contains("`choice`"), "{found:?}");
}
