use serde_json::json;

use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;

use crate::support::{Bench, attribute, heard, path};

const MENU: &str = "
flow: main
locales: [en-US]
attributes: {heard: string, tries: number}
start: menu
nodes:
  menu:
    ask:
      prompt: {en-US: 'Emergency 1, billing 2.'}
      menu: {'1': emergency, '2': billing}
      phrases:
        emergency: {en-US: [outage, production outage]}
        billing: {en-US: [bill]}
      tries: 3
      no_input: [{en-US: 'Are you there?'}, {en-US: 'Hello?'}]
      no_match: [{en-US: 'Please press 1 or 2.'}]
    save: {heard: output.text, tries: output.tries}
    on: {emergency: e, billing: b, no_input: silent, no_match: lost}
  e: {end: {disposition: emergency}}
  b: {end: {disposition: billing}}
  silent: {end: {disposition: silent}}
  lost: {end: {disposition: lost}}
";

#[test]
fn a_key_of_the_menu_leads_by_its_port() {
    let mut bench = Bench::new(MENU);
    assert_eq!(heard(&bench.enter()), (vec!["Emergency 1, billing 2."], "ask"));
    let turn = bench.presses("2");
    assert_eq!(path(&turn), ["menu:billing", "b"]);
    assert_eq!(turn.record.steps[0].why.as_deref(), Some("key 2"));
    assert_eq!(turn.call.status.disposition(), Some("billing"));
}

#[test]
fn the_longest_phrase_heard_decides() {
    let mut bench = Bench::new(MENU);
    bench.enter();
    let turn = bench.says("We have a PRODUCTION outage, and a bill");
    assert_eq!(path(&turn), ["menu:emergency", "e"]);
    assert_eq!(attribute(&turn, "heard"), json!("We have a PRODUCTION outage, and a bill"));
}

#[test]
fn a_key_typed_as_text_counts_as_pressed() {
    let mut bench = Bench::new(MENU);
    bench.enter();
    assert_eq!(path(&bench.says(" 1 ")), ["menu:emergency", "e"]);
}

#[test]
fn vain_tries_escalate_and_then_leave_by_the_last_kind() {
    let mut bench = Bench::new(MENU);
    bench.enter();
    assert_eq!(heard(&bench.turn(Event::Silent)), (vec!["Are you there?"], "ask"));
    assert_eq!(heard(&bench.presses("9")), (vec!["Please press 1 or 2."], "ask"));
    let turn = bench.turn(Event::Silent);
    assert_eq!(path(&turn), ["menu:no_input", "silent"]);
}

#[test]
fn a_good_answer_after_vain_tries_tells_how_many_it_took() {
    let mut bench = Bench::new(MENU);
    bench.enter();
    bench.turn(Event::Silent);
    bench.turn(Event::Silent);
    assert_eq!(attribute(&bench.presses("1"), "tries"), json!(3));
}

const DIGITS: &str = "
flow: main
locales: [en-US]
attributes: {number: {type: string, sensitive: true}}
start: number
nodes:
  number:
    ask:
      prompt: {en-US: 'Your number, then hash.'}
      digits: {min: 4, max: 6, terminator: '#'}
      tries: 2
      sensitive: true
    save: {number: output.digits}
    on: {digits: bye, no_input: bye, no_match: bye}
  bye: {end: {disposition: resolved}}
";

#[test]
fn digits_are_taken_within_their_bounds_and_kept_out_of_the_trace() {
    let mut bench = Bench::new(DIGITS);
    let Then::Ask(accept) = bench.enter().record.directives.then else { panic!("asks") };
    assert!(accept.sensitive && !accept.speech);
    assert_eq!(path(&bench.presses("123")), ["number"]);
    let turn = bench.presses("12345");
    assert_eq!(path(&turn), ["number:digits", "bye"]);
    assert_eq!(attribute(&turn, "number"), json!("12345"));
    assert!(turn.record.sensitive);
    assert_eq!(turn.record.steps[0].set, [("number".into(), json!(null))]);
    assert_eq!(turn.record.steps[0].why, None);
}
