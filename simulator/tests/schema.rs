//! The published JSON Schema of call scripts is the one that the code reads by.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::Path;

use dialgraph_simulator::script::Script;
use schemars::generate::SchemaSettings;

fn generated() -> String {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<Script>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap();
    text.push('\n');
    text
}

#[test]
fn the_schema_of_call_scripts_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/call.schema.json");
    if std::env::var_os("DIALGRAPH_UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, generated()).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == generated(),
        "schemas/call.schema.json is out of date; write it anew with\n  DIALGRAPH_UPDATE_SCHEMAS=1 cargo test -p dialgraph-simulator --test schema"
    );
}

#[test]
fn scripts_that_cannot_be_read_say_where_and_what() {
    let place = |text: &str| {
        let error = Script::parse(text).unwrap_err();
        format!(
            "{}:{} {}",
            error.line,
            error.column,
            error.message.lines().next().unwrap_or_default()
        )
    };
    insta::assert_snapshot!(place("call: x\nat: 2026-11-20T10:00:00+09:00\nstep: []\n"));
    insta::assert_snapshot!(place(
        "call: x\nat: 2026-11-20T10:00:00+09:00\nsteps:\n  - sais: hello\n"
    ));
    insta::assert_snapshot!(place("call: x\nat: 2026-11-20T10:00:00+09:00\nsteps: 7\n"));
}

#[test]
fn a_word_that_is_near_none_is_told_with_all_that_there_are() {
    let text = "call: x\nat: 2026-11-20T10:00:00+09:00\nsteps:\n  - juggles: 3\n";
    let message = Script::parse(text).unwrap_err().message;
    assert!(message.starts_with("there is no step `juggles` here; there are says, "), "{message}");
    assert!(!message.contains(" at line "), "{message}");
}

#[test]
fn settings_that_make_no_sense_are_told_before_the_call() {
    let fault = |mock: &str| {
        let text = format!("call: x\nat: 2026-11-20T10:00:00+09:00\nmocks: [{mock}]\nsteps: []\n");
        Script::parse(&text).unwrap().setup("c").unwrap_err().message
    };
    insta::assert_snapshot!(fault("{on: records.find}"), @"mock on `records.find`: needs exactly one of `answer`, `error`, or a `delay` alone");
    insta::assert_snapshot!(fault("{on: tickets.create, answer: {id: 7}}"), @"mock on `tickets.create`: `answer` is not what it gives: invalid type: integer `7`, expected a string");
    insta::assert_snapshot!(fault("{on: nlu, error: unavailable, calls: 3-2}"), @"mock on `nlu`: `calls: 3-2` is neither `2`, `2-3` nor `3-`");
    insta::assert_snapshot!(fault("{on: nlu, delay: soon}"), @"mock on `nlu`: `soon` is no duration; write `500ms`, `15s`, `15m` or `2h`");
    let late =
        Script::parse("call: x\nat: 2026-11-20\nsteps: []\n").unwrap().setup("c").unwrap_err();
    assert!(late.message.starts_with("`2026-11-20` is no time with an offset"), "{}", late.message);
}
