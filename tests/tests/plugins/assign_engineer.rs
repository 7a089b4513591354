//! `assign-engineer`, as the component that is shipped.

use std::sync::Mutex;

use dialgraph_kernel::ports::records::Expectation;
use dialgraph_kernel::ports::{HostCall, HostError, HostResult};
use serde_json::{Value, json};

use crate::components::{Visit, answer, collection, done, is_current, load};

fn engineers() -> impl Fn(&HostCall) -> HostResult + Send + Sync {
    let engineer = |id: &str, part: &str, available: bool, load: u32| {
        json!({
            "engineer_id": id, "name": id, "part": part, "is_available": available,
            "current_load": load, "general_owner": true,
        })
    };
    collection(
        "engineers",
        &[
            ("e-101", engineer("e-101", "Leaf", true, 3)),
            ("e-102", engineer("e-102", "Leaf", true, 1)),
            ("e-103", engineer("e-103", "Leaf", true, 0)),
            ("e-201", engineer("e-201", "Tiger", false, 0)),
        ],
    )
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
        let mut done = done(visit(json!({"engineers": "engineers"}), input, engineers()).enter());
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
    let engineers = engineers();
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
                engineers(other)
            }
        }
    });
    let done = done(visit.enter());
    assert_eq!((&*done.port, &done.output["engineer_id"]), ("assigned", &json!("e-103")));
    let functions: Vec<_> = visit.calls.iter().map(HostCall::function).collect();
    assert_eq!(
        functions,
        ["records.search", "records.get", "records.put", "records.get", "records.put"]
    );
}

#[test]
fn while_records_are_down_the_last_known_engineers_are_taken() {
    let config = json!({"engineers": "engineers"});
    let engineers = engineers();
    let mut visit = visit(config, json!({"assigned_engineer": "e-102"}), move |call| match call {
        call if is_current(call) => {
            Err(HostError::unavailable("down", "the records are being serviced"))
        }
        other => engineers(other),
    });
    let done = done(visit.enter());
    assert_eq!(
        (&done.output["engineer_id"], &done.output["stale"]),
        (&json!("e-102"), &json!(true))
    );
}
