//! `record`, as the component that is shipped; with answers made up, and with the engine's own
//! records.

#![allow(clippy::expect_used, reason = "a helper of a test fails with it")]

use std::sync::Arc;

use dialgraph_kernel::plugin::RunResult;
use dialgraph_kernel::ports::records::{Expectation, Source};
use dialgraph_kernel::ports::{HostCall, HostError, HostResult};
use dialgraph_store::{ManualClock, MemoryStore, Store};
use serde_json::{Value, json};

use crate::components::{Visit, answer, done, load, page, records};

fn visit(
    config: &Value,
    input: Value,
    world: impl Fn(&HostCall) -> HostResult + Send + Sync + 'static,
) -> Visit {
    let plugin = load("record", &["records-read", "records-write"]);
    let mut with = json!({"collection": "orders"});
    for (name, value) in config.as_object().expect("a configuration is an object") {
        with[name] = value.clone();
    }
    Visit::new(&plugin, with, world).input(input)
}

#[test]
fn what_is_stored_is_read_found_counted_and_removed() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
    let mut number = 0;
    let mut step = |config: Value, input: Value| {
        number += 1;
        done(visit(&config, input, records(&store, &["orders"], number)).enter())
    };
    let order = json!({"key": "1001", "data": {"status": "open", "left": 2}});
    let saved = step(json!({"do": "put", "expect": "absent"}), order.clone());
    assert_eq!((&*saved.port, &saved.output["version"]), ("done", &json!(1)));
    let again = step(json!({"do": "put", "expect": "absent"}), order);
    assert_eq!((&*again.port, &again.output["outcome"]), ("not_done", &json!("conflict")));
    assert_eq!(again.output["record"]["status"], "open");

    let count = json!({"do": "increment", "field": "left", "by": -1, "least": 1});
    let counted = step(count.clone(), json!({"key": "1001"}));
    assert_eq!((&counted.output["value"], &counted.output["version"]), (&json!(1), &json!(2)));
    assert_eq!(step(count, json!({"key": "1001"})).output["outcome"], "limit");

    let merge = json!({"do": "put", "merge": true, "expect": "version"});
    let patch =
        |version: u64| json!({"key": "1001", "version": version, "data": {"status": "sent"}});
    assert_eq!(step(merge.clone(), patch(1)).output["outcome"], "conflict");
    let merged = step(merge, patch(2));
    assert_eq!(merged.output["record"], json!({"status": "sent", "left": 1}));

    let found = step(json!({"do": "find"}), json!({"where": {"status": "sent"}}));
    assert_eq!((&found.output["key"], &found.output["count"]), (&json!("1001"), &json!(1)));
    assert_eq!(step(json!({"do": "delete"}), json!({"key": "1001"})).output["outcome"], "deleted");
    let gone = step(json!({"do": "get"}), json!({"key": "1001"}));
    assert_eq!((&*gone.port, &gone.output["record"]), ("not_done", &json!({})));
}

#[test]
fn a_search_asks_for_what_the_flow_gives() {
    let config = json!({"do": "find", "limit": 3});
    let mut visit = visit(&config, json!({"where": {"a.b": 1, "open": true}}), |call| {
        let HostCall::RecordsFind(find) = call else { panic!("{call:?}") };
        assert_eq!((&*find.collection, find.limit, find.source), ("orders", 3, Source::Current));
        let matches = [("a.b".to_owned(), json!(1)), ("open".to_owned(), json!(true))];
        assert_eq!(find.matches, matches);
        answer("records.find", page("7", Some(json!({"open": true}))))
    });
    assert_eq!(done(visit.enter()).output["key"], "7");
}

#[test]
fn counting_that_others_always_go_before_can_be_tried_again() {
    let config = json!({"do": "increment", "field": "left", "attempts": 2});
    let mut visit = visit(&config, json!({"key": "1001"}), |call| match call {
        HostCall::RecordsGet(_) => answer(
            "records.get",
            json!({"key": "1001", "version": 3, "updated_at": 0, "data": {"left": 1}}),
        ),
        HostCall::RecordsPut(put) => {
            assert_eq!(put.expect, Expectation::Version(3));
            assert_eq!(put.data, json!({"left": 2}));
            Err(HostError::denied("conflict", "there is version 4"))
        }
        other => panic!("{other:?}"),
    });
    let RunResult::Failed(failure) = visit.enter() else { panic!("an error was expected") };
    assert_eq!((failure.kind.as_str(), &*failure.code), ("retryable", "contended"));
    assert_eq!(visit.calls.len(), 4);
}

#[test]
fn while_records_are_down_the_last_known_ones_serve_if_they_may() {
    let config = json!({"do": "get", "when_down": "last_known"});
    let mut visit = visit(&config, json!({"key": "1001"}), |call| {
        let HostCall::RecordsGet(get) = call else { panic!("{call:?}") };
        match get.source {
            Source::Current => Err(HostError::unavailable("down", "the store does not answer")),
            Source::LastKnown => answer(
                "records.get",
                json!({"key": "1001", "version": 3, "updated_at": 0, "data": {"left": 1}}),
            ),
        }
    });
    let found = done(visit.enter());
    assert_eq!((&found.output["stale"], &found.output["version"]), (&json!(true), &json!(3)));
}
