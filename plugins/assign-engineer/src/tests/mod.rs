//! A desk with five engineers and three customers; orders of steps that cannot work are found when
//! the project is checked.

mod duty;
mod order;
mod turns;
mod work;

use dialgraph_plugin::testing::{TestCall, check, check_holds};
use serde_json::{Value, json};

use crate::AssignEngineer;

/// Leaf: e-101 (leader), e-102, e-103; Tiger: e-201, e-202. General owners: e-103, e-201, e-202.
fn call(config: Value, input: Value) -> TestCall<AssignEngineer> {
    let mut whole = json!({"engineers": "engineers", "customers": "customers"});
    if let (Some(all), Some(given)) = (whole.as_object_mut(), config.as_object()) {
        all.extend(given.clone());
    }
    let call = TestCall::<AssignEngineer>::new(whole).input(input);
    let host = call.host();
    for (id, name, part, load, owner) in [
        ("e-101", "김나무", "Leaf", 2, false),
        ("e-102", "이잎새", "Leaf", 1, false),
        ("e-103", "박솔잎", "Leaf", 1, true),
        ("e-201", "최바위", "Tiger", 4, true),
        ("e-202", "정들판", "Tiger", 0, true),
    ] {
        host.record(
            "engineers",
            id,
            json!({
                "engineer_id": id,
                "name": name,
                "name_en": format!("Engineer {id}"),
                "phone": "+82-10-0000-0201",
                "email": format!("{id}@example.com"),
                "part": part,
                "role": if id.ends_with("01") { "Leader" } else { "Member" },
                "is_available": true,
                "current_load": load,
                "general_owner": owner,
            }),
        );
    }
    host.record(
        "customers",
        "c-001",
        json!({
            "customer_id": "c-001",
            "assigned_engineer": "e-101",
            "secondary_engineer": "e-102",
            "part": "Leaf",
        }),
    );
    host.record(
        "customers",
        "c-002",
        json!({"customer_id": "c-002", "assigned_engineer": "e-201"}),
    );
    host.record("customers", "c-003", json!({"customer_id": "c-003", "assigned_engineer": ""}));
    call
}

/// Changes fields of an engineer.
fn engineer(call: &TestCall<AssignEngineer>, id: &str, fields: Value) {
    let mut record = call.host().stored("engineers", id).unwrap();
    for (name, value) in fields.as_object().unwrap() {
        record[name] = value.clone();
    }
    call.host().record("engineers", id, record);
}

fn away(call: &TestCall<AssignEngineer>, ids: &[&str]) {
    for id in ids {
        engineer(call, id, json!({"is_available": false}));
    }
}

/// `ID by STEP`, or `nobody`.
fn assigned(call: &mut TestCall<AssignEngineer>) -> String {
    let reply = call.enter();
    if reply.port() == "nobody" {
        return "nobody".to_owned();
    }
    let output = reply.output();
    format!("{} by {}", output["engineer_id"].as_str().unwrap(), output["step"].as_str().unwrap())
}

#[test]
fn a_configuration_that_passes_is_never_a_bad_one() {
    let seeds = [
        json!({"engineers": "engineers", "customers": "customers"}),
        json!({"engineers": "engineers", "duty": "duty", "order": ["duty", "general"], "rotation": "rotation"}),
    ];
    check_holds::<AssignEngineer>(&seeds, |call| {
        for collection in ["engineers", "customers", "duty", "rotation"] {
            call.host().collection(collection);
        }
        call.input(json!({"customer_id": "c-001"}))
    });
}

#[test]
fn steps_that_lack_something_or_stand_twice_are_found() {
    let found = |config: Value| {
        let found = check::<AssignEngineer>(&config, &["ko-KR"]);
        found.into_iter().map(|problem| problem.pointer).collect::<Vec<_>>()
    };
    assert_eq!(found(json!({"engineers": "e", "order": ["duty"]})), ["/order"]);
    assert_eq!(found(json!({"engineers": "e", "order": ["part", "part"]})), ["/order/1"]);
    assert_eq!(found(json!({"engineers": "e", "order": ["part"], "duty": "d"})), ["/duty"]);
    assert_eq!(found(json!({"engineers": "e", "order": ["part"], "rotation": "r"})), ["/rotation"]);
    assert!(found(json!({"engineers": "e"})).is_empty());
}
