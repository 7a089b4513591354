//! A world with three orders, for reading and writing.

mod configuration;
mod reading;
mod writing;

use dialgraph_plugin::testing::{TestCall, check_schemas};
use serde_json::{Value, json};

use crate::Record;

/// A visit of a node with this configuration, in a world with three orders.
fn call(config: Value, input: Value) -> TestCall<Record> {
    let mut with = json!({"collection": "orders"});
    for (name, value) in config.as_object().unwrap() {
        with[name] = value.clone();
    }
    let call = TestCall::<Record>::new(with).input(input);
    let host = call.host();
    host.collection("orders");
    host.record("orders", "1001", json!({"status": "sent", "phone": "+821000000101", "left": 3}));
    host.record("orders", "1002", json!({"status": "open", "phone": "+821000000101"}));
    host.record("orders", "1003", json!({"status": "open", "phone": null, "stock": {"left": 0}}));
    call
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    check_schemas::<Record>();
}
