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

/// Everything that is wrong with a script, a line each.
fn wrong(text: &str) -> String {
    let errors = Script::parse(text).unwrap_err();
    errors.iter().map(|error| format!("{error}\n")).collect()
}

/// A script with these lines in it, and what is wrong with it.
fn wrong_in(lines: &str) -> String {
    wrong(&format!("call: x\nat: 2026-11-20T10:00:00+09:00\n{lines}"))
}

#[test]
fn scripts_that_cannot_be_read_say_where_and_what() {
    insta::assert_snapshot!(wrong_in("step: []\n"), @r"
    1:1: `script` needs the key `steps`
    3:1: there is no key `step` here; did you mean `steps`?
    ");
    insta::assert_snapshot!(wrong_in("steps:\n  - sais: hello\n"), @"4:5: there is no step `sais` here; did you mean `says`?");
    insta::assert_snapshot!(wrong_in("steps: 7\n"), @"3:8: `steps` must be a list, not `7`");
    insta::assert_snapshot!(wrong(""), @"1:1: the file is empty: a call script should be here");
}

#[test]
fn a_word_that_is_near_none_is_told_with_all_that_there_are() {
    let told = wrong_in("steps:\n  - juggles: 3\n");
    assert!(told.contains("there is no step `juggles` here; there are says, "), "{told}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_words_of_scripts() {
    let told = wrong_in(
        "channel: fax
from: nobody
seed: -1
attributes: [1]
records: {customers: {c-1: 7}}
mocks:
  - {on: recrds.fnd, error: {kind: unavailable, cod: x}, optional: maybe}
  - {on: records.find, answer: {recods: []}}
  - {on: records.find, answer: {records: [{key: 1, version: x, updated_at: 1, data: {}}], more: false}}
  - {on: tickets, answer: {id: T-1}}
  - {on: tickets.create, answer: {id: 7}}
  - {on: nlu.recognize, when: {txt: a}, error: {kind: down}}
  - {on: records.delete, answer: gone}
  - {on: http.send, answer: {status: ok}}
  - {on: genai.converse, answer: {text: a, usage: {input_tokens: 1}}}
  - {on: knowledge, delay: soon}
  - {on: secrets.open, error: denied, calls: 3-2}
  - {on: http.send}
steps:
  - says: {txt: hello, confidence: 0.5}
  - says: {text: hello, confidence: 5}
  - presses: 12a
  - silent: false
  - waits: a while
  - hears: {contians: hello}
  - hears: {regex: \"(\"}
  - never_hears: \"\"
  - path: main-entry/hours
  - callback: {que: general}
  - ticket: {prioritty: urgent, priority: urgnt}
  - record: {colection: customers}
  - host_call: {on: tickets.creat, like: {ticket: {}}}
  - host_call: {on: tickets.create, like: {tiket: {}}}
  - {says: a, hears: b}
  - meanwhile: {silent: true}
  - ends: [resolved]
  - hangs_up
",
    );
    for word in ["untagged", "enum", "struct", "variant", "invalid type", "sequence", "field `"] {
        assert!(!told.contains(word), "{word}: {told}");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn settings_that_make_no_sense_are_told_before_the_call() {
    let fault = |mock: &str| wrong_in(&format!("mocks: [{mock}]\nsteps: []\n"));
    insta::assert_snapshot!(fault("{on: records.find}"), @"3:14: mock on `records.find`: needs exactly one of `answer`, `error`, or a `delay` alone");
    insta::assert_snapshot!(fault("{on: tickets.create, answer: {id: 7}}"), @"3:43: `id` must be a text, not `7`");
    insta::assert_snapshot!(fault("{on: nlu, error: unavailable, calls: 3-2}"), @"3:46: mock on `nlu`: `calls: 3-2` is neither `2`, `2-3` nor `3-`");
    insta::assert_snapshot!(fault("{on: nlu, delay: soon}"), @"3:26: mock on `nlu`: `soon` is no duration; write `500ms`, `15s`, `15m` or `2h`");
    let late = wrong("call: x\nat: 2026-11-20\nsteps: []\n");
    assert!(late.starts_with("2:5: `2026-11-20` is no time with an offset"), "{late}");
}

#[test]
fn an_answer_that_is_nothing_is_one() {
    let text = "call: x\nat: 2026-11-20T10:00:00+09:00\nmocks: [{on: records.get, answer: null}, {on: records.delete, answer: ~}]\nsteps: [silent: true]\n";
    assert_eq!(Script::parse(text).unwrap().setup("c").unwrap().0.mocks.len(), 2);
}

#[test]
fn what_proves_nothing_is_told() {
    insta::assert_snapshot!(wrong_in("steps: []\n"), @"3:8: a script without a step shows nothing: write what the caller does, and what must come of it");
    let told = wrong_in(
        r#"steps:
  - attribute: {}
  - path: []
  - hears: {regex: ".*"}
  - hears: {regex: "^"}
  - hears: {regex: "a^"}
  - never_hears: {regex: "a^"}
  - never_hears: {regex: "$a|[^\\s\\S]"}
  - waits: 0s
  - clock: 0m
  - clock: 9999999999h
  - transfer: abc
  - callback: {queue: q, number: abc}
  - record: {collection: c, like: {name: {regex: "x*"}}}
  - ticket: {summary: {regex: ""}}
  - presses: 0x10
  - presses: 0o10
  - meanwhile: {presses: 1e3}
"#,
    );
    insta::assert_snapshot!(told);
}

#[test]
fn keys_are_pressed_as_they_are_written_and_callers_put_through_wherever_they_can_be() {
    let text = "call: x\nat: 2026-11-20T10:00:00+09:00\nsteps:\n  - presses: 007\n  - transfer: connect-flow:survey\n  - transfer: +82-2-0000-0000\n";
    let script = Script::parse(text).unwrap();
    let pressed = format!("{:?}", script.steps[0].action());
    assert!(pressed.contains("007"), "{pressed}");
}
