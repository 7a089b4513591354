//! Turns walk sub-flows, `goto`, locales and attributes as the flow says, and refuse an event or a
//! release that is not the call's.

use serde_json::json;

use dialgraph_base::Medium;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::turn::{Turn, TurnError};

use crate::support::{Bench, Closures, NOW, attribute, heard, path};

#[test]
fn a_sub_flow_gets_input_and_returns_by_a_port_with_values() {
    let main = "
flow: main
locales: [en-US]
attributes: {company: string}
start: find
nodes:
  find:
    call: lookup
    with: {name: '\"Acme\"'}
    save: {company: 'default(output.company, \"\")'}
    on: {found: say, missing: say}
  say: {say: {en-US: 'Hello ${company}.'}, next: bye}
  bye: {end: {disposition: resolved}}
";
    let lookup = "
flow: lookup
locales: [en-US]
inputs: {name: string}
returns: {found: {company: string}, missing: {}}
start: is
nodes:
  is:
    switch: [{when: 'input.name == \"Acme\"', next: yes}]
    next: no
  yes: {end: {return: found, with: {company: 'input.name + \" Inc.\"'}}}
  no: {end: {return: missing}}
";
    let mut bench = Bench::with(&[("main", main), ("lookup", lookup)], Closures::default());
    let turn = bench.enter();
    assert_eq!(path(&turn), ["find", "is", "yes:found", "find:found", "say", "bye"]);
    assert_eq!(heard(&turn), (vec!["Hello Acme Inc.."], "hang_up"));
    assert_eq!(turn.call.frames, []);
}

#[test]
fn goto_leaves_the_calling_flows_for_good() {
    let main = "
flow: main
locales: [en-US]
start: sub
nodes:
  sub: {call: sub, on: {back: bye}}
  bye: {end: {disposition: returned}}
";
    let sub = "
flow: sub
locales: [en-US]
returns: {back: {}}
start: which
nodes:
  which: {switch: [{when: 'call.turn > 5', next: back}], next: away}
  back: {end: {return: back}}
  away: {goto: other}
";
    let other = "
flow: other
locales: [en-US]
start: bye
nodes:
  bye: {end: {disposition: gone}}
";
    let mut bench =
        Bench::with(&[("main", main), ("sub", sub), ("other", other)], Closures::default());
    assert_eq!(bench.enter().call.status.disposition(), Some("gone"));
}

#[test]
fn setting_the_locale_switches_the_language_of_what_follows() {
    let mut bench = Bench::new(
        "
flow: main
locales: [ko-KR, en-US]
start: korean
nodes:
  korean: {set: {locale: '\"ko-KR\"'}, next: hello}
  hello: {say: {ko-KR: '안녕하세요.', en-US: 'Hello.'}, next: bye}
  bye: {end: {disposition: resolved}}
",
    );
    let turn = bench.enter();
    assert_eq!(heard(&turn).0, ["안녕하세요."]);
    assert_eq!(&*turn.call.locale, "ko-KR");
}

#[test]
fn speech_markup_is_for_ears_only() {
    let flow = "
flow: main
locales: [en-US]
start: hello
nodes:
  hello: {say: {en-US: '<speak>Hello<break/>you</speak>'}, next: bye}
  bye: {end: {disposition: resolved}}
";
    let mut voice = Bench::new(flow);
    assert_eq!(heard(&voice.enter()).0, ["<speak>Hello<break/>you</speak>"]);
    let mut chat = Bench::new(flow);
    chat.call.medium = Medium::Chat;
    assert_eq!(heard(&chat.enter()).0, ["Hello you"]);
}

#[test]
fn attributes_begin_with_their_defaults() {
    let mut bench = Bench::new(
        "
flow: main
locales: [en-US]
attributes: {count: {type: number, default: 2}}
start: more
nodes:
  more: {set: {count: count + 1}, next: bye}
  bye: {end: {disposition: resolved}}
",
    );
    assert_eq!(attribute(&bench.enter(), "count"), json!(3));
}

#[test]
fn an_event_that_cannot_come_now_is_refused_and_changes_nothing() {
    let mut bench = Bench::new(
        "{flow: main, locales: [en-US], start: bye, nodes: {bye: {end: {disposition: resolved}}}}",
    );
    let refused = |bench: &Bench, event: Event| {
        let (release, plugins) = (bench.release.clone(), bench.plugins.clone());
        Turn::begin(release, plugins, bench.call.clone(), None, event, NOW).unwrap_err()
    };
    assert!(matches!(refused(&bench, Event::Silent), TurnError::NotBegun { .. }));
    bench.enter();
    let error = refused(&bench, Event::Silent);
    assert_eq!(error.to_string(), "call call-1 is over (resolved); it takes no more events");
    assert!(matches!(refused(&bench, Event::HungUp), TurnError::Ended { .. }));
}

#[test]
fn a_call_is_not_walked_in_a_release_that_it_is_not_pinned_to() {
    let mut bench = Bench::new(
        "{flow: main, locales: [en-US], start: bye, nodes: {bye: {end: {disposition: resolved}}}}",
    );
    let other = Bench::new(
        "{flow: main, locales: [en-US], start: bye, nodes: {bye: {end: {disposition: other}}}}",
    );
    bench.release = other.release;
    let (release, plugins) = (bench.release.clone(), bench.plugins.clone());
    let error = Turn::begin(release, plugins, bench.call, None, Event::Entered, NOW).unwrap_err();
    assert!(matches!(error, TurnError::WrongRelease { .. }));
}
