//! What a call does when an expression of its flow fails.

use serde_json::json;

use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::{HostCalls, Invocation, RunResult};

use crate::support::{Bench, Closures, ask, attribute, done, heard, path};

/// A flow whose node `work` is reached first. `word`, `tries` and `list` are never set.
fn flow(work: &str, on_error: &str) -> String {
    format!(
        "
flow: main
locales: [en-US]
attributes: {{tries: number, word: string, list: list}}
start: first
{on_error}
nodes:
  first: {{switch: [{{when: call.turn == 99, next: bye}}, {{when: tries == 99, next: sorry}}, {{when: 'word == \"\"', next: none}}, {{when: 'list == []', next: none}}], next: work}}
  work: {work}
  none: {{set: {{tries: 1, word: '\"\"', list: '[]'}}, next: bye}}
  sorry: {{end: {{disposition: sorry}}}}
  bye: {{end: {{disposition: good}}}}
"
    )
}

const SUB: &str = "
flow: sub
locales: [en-US]
inputs: {n: number}
returns: {back: {n: number}}
start: back
nodes:
  back: {end: {return: back, with: {n: input.n * 1000000000}}}
";

fn bench(flow: &str) -> Bench {
    let silent = |_: &Invocation<'_>, _: &mut dyn HostCalls| done("good", json!({}));
    let closures = Closures::default().with("work", &["good"], silent);
    Bench::with(&[("main", flow), ("sub", SUB)], closures)
}

const NODES: [(&str, &str, &str); 8] = [
    ("set", "{set: {tries: tries + 1}, next: bye}", "expression"),
    ("switch", "{switch: [{when: tries > 1, next: bye}], next: bye}", "expression"),
    ("say", "{say: {en-US: 'Hello ${word}.'}, next: bye}", "expression"),
    ("list", "{set: {word: 'default(list, [])[3]'}, next: bye}", "expression"),
    (
        "ask",
        "{ask: {prompt: {en-US: '${word}?'}, speech: true}, on: {said: bye, no_input: bye, no_match: bye}}",
        "expression",
    ),
    ("call", "{call: sub, with: {n: tries + 1}, on: {back: bye}}", "expression"),
    ("end", "{end: {disposition: good, say: {en-US: '${word}'}}}", "expression"),
    ("locale", "{set: {locale: string(call.turn)}, next: bye}", "locale"),
];

#[test]
fn a_node_without_a_port_for_it_is_left_for_the_flows_way_out() {
    for (name, work, code) in NODES {
        let turn = bench(&flow(work, "on_error: sorry")).enter();
        assert_eq!(path(&turn), ["first", "work:error", "sorry"], "{name}");
        let failure = turn.record.steps[1].failure.as_ref().unwrap();
        assert_eq!(failure.code, code, "{name}: {failure:?}");
        assert_eq!(turn.call.status.disposition(), Some("sorry"), "{name}");
    }
}

#[test]
fn without_a_way_out_the_caller_goes_to_the_fallback() {
    for (name, work, code) in NODES {
        let turn = bench(&flow(work, "")).enter();
        assert_eq!(path(&turn), ["first", "work"], "{name}");
        assert_eq!(turn.record.steps[1].failure.as_ref().unwrap().code, code, "{name}");
        assert_eq!(turn.call.status.disposition(), Some("failed"), "{name}");
    }
}

#[test]
fn a_way_out_that_fails_itself_is_not_taken_again() {
    let work = "{set: {tries: tries + 1}, next: bye}";
    let turn = bench(&flow(work, "on_error: work")).enter();
    assert_eq!(path(&turn), ["first", "work"]);
    assert_eq!(turn.call.status.disposition(), Some("failed"));
}

#[test]
fn two_nodes_that_send_each_other_the_fault_end_at_the_limit() {
    let main = flow("{set: {tries: tries + 1}, next: bye}", "on_error: again")
        .replace("  none:", "  again: {set: {word: '\"x\"'}, next: work}\n  none:");
    let turn = bench(&main).enter();
    assert_eq!(turn.call.status.disposition(), Some("failed"));
    let last = turn.record.steps.last().unwrap().failure.as_ref().unwrap();
    assert_eq!(last.code, "nodes-per-turn");
}

#[test]
fn what_fails_behind_a_sub_flow_is_the_calling_nodes_fault() {
    let main = "
flow: main
locales: [en-US]
attributes: {word: string}
start: call
on_error: sorry
nodes:
  call: {call: sub, with: {n: 2}, save: {word: 'output.n.string() + word'}, on: {back: bye}}
  sorry: {end: {disposition: sorry}}
  bye: {end: {disposition: good}}
";
    let turn = bench(main).enter();
    assert_eq!(path(&turn), ["call", "back:back", "call:error", "sorry"]);
    // What fails in a sub-flow that has no way out is not its caller's to mend.
    let main = main.replace("n: 2", "n: 9000000000000000000");
    let turn = bench(&main).enter();
    assert_eq!(path(&turn), ["call", "back"]);
    assert_eq!(turn.call.status.disposition(), Some("failed"));
}

#[test]
fn an_answer_that_cannot_be_saved_leaves_by_the_way_out() {
    let work = "{ask: {prompt: {en-US: How many?}, speech: true}, save: {tries: int(output.text)}, on: {said: bye, no_input: bye, no_match: bye}}";
    let mut bench = bench(&flow(work, "on_error: sorry"));
    bench.enter();
    let turn = bench.says("a few");
    assert_eq!(path(&turn), ["work:error", "sorry"]);
    assert_eq!(heard(&turn).1, "hang_up");
}

#[test]
fn what_is_given_to_a_plugin_fails_by_its_own_port_in_every_turn() {
    let asks = |invocation: &Invocation<'_>, _: &mut dyn HostCalls| -> RunResult {
        match invocation.turn {
            0 => ask("Well?", json!(null)),
            _ => done("good", json!({})),
        }
    };
    let main = "
flow: main
locales: [en-US]
attributes: {why: string, kind: string}
start: work
nodes:
  work:
    use: work
    with: {n: 'call.turn == 1 ? 1 : 1 % (call.turn - 2)'}
    save: {why: output.error.code, kind: 'output[\"error\"].kind'}
    on: {good: bye, error: sorry}
  bye: {end: {disposition: good}}
  sorry: {end: {disposition: sorry}}
";
    let closures = Closures::default().with("work", &["good"], asks);
    let mut bench = Bench::with(&[("main", main)], closures);
    bench.enter();
    let turn = bench.turn(Event::Silent);
    assert_eq!(path(&turn), ["work:error", "sorry"]);
    assert_eq!(attribute(&turn, "why"), json!("expression"));
    assert_eq!(attribute(&turn, "kind"), json!("bad-config"));
}

#[test]
fn which_port_a_save_belongs_to_is_told_by_what_it_reads() {
    let main = "
flow: main
locales: [en-US]
attributes: {by_dot: string, by_index: string, note: string, key: string, whole: map}
start: work
nodes:
  work:
    use: work
    with: {fail: call.channel == 'chat'}
    save:
      by_dot: output.error.code
      by_index: output[\"error\"].code
      note: '\"a text that names output.error\"'
      key: '{\"output.error\": output.word}[\"output.error\"]'
      whole: output
    on: {good: bye, error: bye}
  bye: {end: {disposition: good}}
";
    let run = |result: fn() -> RunResult| {
        let body = move |_: &Invocation<'_>, _: &mut dyn HostCalls| result();
        Bench::with(&[("main", main)], Closures::default().with("work", &["good"], body)).enter()
    };
    let good = run(|| done("good", json!({"word": "w"})));
    assert_eq!(path(&good), ["work:good", "bye"]);
    assert_eq!(attribute(&good, "note"), json!("a text that names output.error"));
    assert_eq!(attribute(&good, "key"), json!("w"));
    assert_eq!(attribute(&good, "whole"), json!({"word": "w"}));
    assert_eq!(attribute(&good, "by_dot"), json!(null));
    let bad = run(|| crate::support::failed(dialgraph_kernel::plugin::FailureKind::Retryable));
    assert_eq!(path(&bad), ["work:error", "bye"]);
    assert_eq!(attribute(&bad, "by_dot"), json!("made-up"));
    assert_eq!(attribute(&bad, "by_index"), json!("made-up"));
    assert_eq!(attribute(&bad, "note"), json!(null));
    assert_eq!(attribute(&bad, "whole"), json!(null));
}
