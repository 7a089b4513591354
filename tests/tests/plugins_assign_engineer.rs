//! `assign-engineer`, as the component that is shipped.

mod components;

use std::sync::Mutex;

use components::{Visit, answer, done, load};
use dialgraph_kernel::ports::records::{Expectation, Source};
use dialgraph_kernel::ports::{HostCall, HostError, HostResult};
use serde_json::{Value, json};

fn engineers() -> Vec<Value> {
    [
        ("e-101", "Leaf", true, 3),
        ("e-102", "Leaf", true, 1),
        ("e-103", "Leaf", true, 0),
        ("e-201", "Tiger", false, 0),
    ]
    .into_iter()
    .map(|(id, part, available, load)| {
        let data = json!({
            "engineer_id": id, "name": id, "part": part, "is_available": available,
            "current_load": load, "general_owner": true,
        });
        json!({"key": id, "version": 1, "updated_at": 0, "data": data})
    })
    .collect()
}

fn find(call: &HostCall) -> HostResult {
    let HostCall::RecordsFind(find) = call else { panic!("{call:?}") };
    let fits =
        |record: &Value| find.matches.iter().all(|(field, value)| record["data"][field] == *value);
    let found: Vec<_> = engineers().into_iter().filter(fits).collect();
    answer("records.find", json!({"records": found, "more": false}))
}

fn visit(
    config: Value,
    input: Value,
    world: impl Fn(&HostCall) -> HostResult + Send + Sync + 'static,
) -> Visit {
    let plugin = load("assign-engineer", &["log", "clock", "records-read", "records-write"]);
    Visit::new(&plugin, config, world).input(input)
}

#[test]
fn primary_then_secondary_then_the_least_loaded_of_the_part() {
    let assigned = |input: Value| {
        let mut done = done(visit(json!({"engineers": "engineers"}), input, find).enter());
        (done.output["engineer_id"].take(), done.output["step"].take())
    };
    let engineers = json!({"assigned_engineer": "e-101", "secondary_engineer": "e-102"});
    let without = |exclude: Value| {
        let mut input = engineers.clone();
        input["exclude"] = exclude;
        input
    };
    assert_eq!(assigned(engineers.clone()), (json!("e-101"), json!("primary")));
    assert_eq!(assigned(without(json!(["e-101"]))), (json!("e-102"), json!("secondary")));
    assert_eq!(assigned(without(json!(["e-101", "e-102"]))), (json!("e-103"), json!("part")));
    let nobody = without(json!(["e-101", "e-102", "e-103"]));
    assert_eq!(assigned(nobody), (Value::Null, Value::Null));
}

#[test]
fn a_turn_that_another_call_took_is_not_given_twice() {
    let config = json!({"engineers": "engineers", "rotation": "rotation", "order": ["general"]});
    // Each run begins with the owners; by its first write another call has written.
    let written = Mutex::new(false);
    let mut visit = visit(config, json!({}), move |call| {
        let mut written = written.lock().expect("no host call has panicked");
        match call {
            HostCall::RecordsGet(_) => {
                let (last, version) = if *written { ("e-102", 5) } else { ("e-101", 4) };
                let data = json!({"last": last});
                answer(
                    "records.get",
                    json!({"key": "general", "version": version, "updated_at": 0, "data": data}),
                )
            }
            HostCall::RecordsPut(put) if put.expect == Expectation::Version(4) => {
                assert_eq!(put.data, json!({"last": "e-102"}));
                *written = true;
                Err(HostError::denied("conflict", "another call wrote it"))
            }
            HostCall::RecordsPut(put) => {
                assert_eq!(put.expect, Expectation::Version(5));
                assert_eq!(put.data, json!({"last": "e-103"}));
                answer("records.put", json!({"version": 6}))
            }
            other => {
                *written = false;
                find(other)
            }
        }
    });
    let done = done(visit.enter());
    assert_eq!((&*done.port, &done.output["engineer_id"]), ("assigned", &json!("e-103")));
    let functions: Vec<_> = visit.calls.iter().map(HostCall::function).collect();
    assert_eq!(
        functions,
        ["records.find", "records.get", "records.put", "records.get", "records.put"]
    );
}

#[test]
fn while_records_are_down_the_last_known_engineers_are_taken() {
    let config = json!({"engineers": "engineers"});
    let mut visit = visit(config, json!({"assigned_engineer": "e-102"}), |call| match call {
        HostCall::RecordsFind(find) if find.source == Source::Current => {
            Err(HostError::unavailable("down", "the records are being serviced"))
        }
        other => find(other),
    });
    let done = done(visit.enter());
    assert_eq!(
        (&done.output["engineer_id"], &done.output["stale"]),
        (&json!("e-102"), &json!(true))
    );
}
