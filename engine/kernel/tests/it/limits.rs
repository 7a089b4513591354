//! A call that exceeds a limit, or whose expression has no value, reaches an agent with words, and
//! ends if even that fails.

use dialgraph_kernel::call::Status;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;

use crate::support::{Bench, Closures, heard};

const PROJECT: &str = "
entry: main
fallback: {queue: general, say: {en-US: 'An agent will help you.'}}
locales: [en-US]
limits: {nodes_per_turn: 10, turns_per_call: 3, attribute_bytes: 64, depth: 3}
";

fn bench(flow: &str) -> Bench {
    Bench::with(&[("dialgraph.yaml", PROJECT), ("main", flow)], Closures::default())
}

/// Why the last node failed, with what the caller heard and where they went.
fn fault(bench: &mut Bench, event: Event) -> (String, Vec<String>, String) {
    let turn = bench.turn(event);
    let failure = turn.record.steps.iter().rev().find_map(|step| step.failure.clone()).unwrap();
    let queue = match &turn.record.directives.then {
        Then::Queue(queue) => queue.name.to_string(),
        then => then.word().to_owned(),
    };
    (failure.code, heard(&turn).0.iter().map(|text| (*text).to_owned()).collect(), queue)
}

const ASK: &str = "
flow: main
locales: [en-US]
attributes: {text: string}
start: ask
nodes:
  ask:
    ask: {prompt: {en-US: 'Go on.'}, speech: true, tries: 9}
    save: {text: 'string(output.text) + string(output.text)'}
    on: {said: ask, no_input: ask, no_match: ask}
  never: {end: {disposition: x}}
";

#[test]
fn too_many_turns_bring_the_caller_to_an_agent() {
    let mut bench = bench(&ASK.replace("no_match: ask", "no_match: never"));
    bench.enter();
    bench.says("a");
    bench.says("a");
    let went = fault(&mut bench, Event::Silent);
    assert_eq!(
        went,
        ("turns-per-call".into(), vec!["An agent will help you.".into()], "general".into())
    );
    assert_eq!(bench.call.status.disposition(), Some("failed"));
}

#[test]
fn too_many_attribute_bytes_bring_the_caller_to_an_agent() {
    let mut bench = bench(&ASK.replace("no_match: ask", "no_match: never"));
    bench.enter();
    let said = Event::Said { text: "x".repeat(40), confidence: None };
    assert_eq!(fault(&mut bench, said).0, "attribute-bytes");
}

#[test]
fn too_many_nodes_in_a_turn_bring_the_caller_to_an_agent() {
    let mut chain = String::from("flow: main\nlocales: [en-US]\nstart: n0\nnodes:\n");
    for n in 0..20 {
        chain.push_str(&format!("  n{n}: {{say: {{en-US: '{n}'}}, next: n{}}}\n", n + 1));
    }
    chain.push_str("  n20: {end: {disposition: resolved}}\n");
    let (code, heard, queue) = fault(&mut bench(&chain), Event::Entered);
    assert_eq!((code.as_str(), queue.as_str()), ("nodes-per-turn", "general"));
    assert_eq!(heard.last().map(String::as_str), Some("An agent will help you."));
}

#[test]
fn when_the_fallback_queue_fails_too_the_call_ends() {
    let mut bench = bench(&ASK.replace("no_match: ask", "no_match: never"));
    bench.enter();
    let said = Event::Said { text: "x".repeat(40), confidence: None };
    fault(&mut bench, said);
    let turn = bench.turn(Event::DirectiveFailed("queue full".into()));
    assert_eq!(heard(&turn).1, "hang_up");
    assert!(matches!(turn.call.status, Status::Ended { .. }));
}

#[test]
fn an_expression_without_a_value_brings_the_caller_to_an_agent() {
    let mut bench = bench(
        "
flow: main
locales: [en-US]
attributes: {count: number}
start: more
nodes:
  more: {set: {count: count + 1}, next: bye}
  bye: {end: {disposition: resolved}}
",
    );
    assert_eq!(fault(&mut bench, Event::Entered).0, "expression");
}
