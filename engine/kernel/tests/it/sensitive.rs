//! What a record says of the visits that nobody else may look into.

use serde_json::json;

use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::{HostCalls, Invocation, PluginEvent, RunResult};
use dialgraph_kernel::ports::records::{Expectation, Put, Written};
use dialgraph_kernel::ports::{HostAnswer, HostCall};
use dialgraph_kernel::turn::{Finished, Progress};

use crate::support::{Bench, Closures, Replies, ask, done};

const FLOW: &str = "
flow: main
locales: [en-US]
attributes:
  number: {type: string, default: '0101', sensitive: true}
  mail: {type: string, default: '', sensitive: true}
  class: {type: string, default: ''}
start: auth
nodes:
  auth:
    use: auth
    save: {class: 'default(output.class, \"\")'}
    on: {good: inner, error: bye}
  inner:
    call: {flow: inner}
    with: {number: number, class: class}
    on: {back: log}
  log:
    use: write
    with: {key: class}
    on: {good: told, error: bye}
  told: {say: {en-US: 'We write to ${mail}.'}, next: again}
  again: {say: {en-US: 'You are ${class}.'}, next: call}
  call: {callback: {queue: general, number: '\"+8210000\" + number'}, on: {error: bye}}
  bye: {end: {disposition: done}}
";
const INNER: &str = "
flow: inner
locales: [en-US]
inputs: {number: string, class: string}
returns: {back: {}}
attributes: {mail: {type: string, default: '', sensitive: true}}
start: lookup
nodes:
  lookup:
    use: write
    with: {key: input.number}
    on: {good: mail, error: back}
  mail: {set: {mail: '\"a@example.com\"'}, next: back}
  back: {end: {return: back}}
";

fn put(key: &str) -> HostCall {
    HostCall::RecordsPut(Put {
        collection: "log".into(),
        key: key.into(),
        data: json!({}),
        expect: Expectation::Any,
    })
}

/// Asks for a secret, then for a word that is none, and looks the secret up.
fn auth(run: &Invocation<'_>, host: &mut dyn HostCalls) -> RunResult {
    let heard = match run.event {
        PluginEvent::Said { text, .. } => text,
        _ => {
            let RunResult::Ask(mut asked) = ask("Your number?", json!("")) else { unreachable!() };
            asked.accept.sensitive = true;
            return RunResult::Ask(asked);
        }
    };
    let state: String = serde_json::from_str(run.state.unwrap_or("\"\"")).unwrap();
    if state.is_empty() {
        return ask(&format!("{heard}, right?"), json!(heard));
    }
    match host.call(put(&state)) {
        Some(_) => done("good", json!({"class": "msp"})),
        None => RunResult::Suspended,
    }
}

fn write(run: &Invocation<'_>, host: &mut dyn HostCalls) -> RunResult {
    match host.call(put(run.input)) {
        Some(_) => done("good", json!({})),
        None => RunResult::Suspended,
    }
}

fn bench() -> Bench {
    let plugins = Closures::default().with("auth", &["good"], auth).with("write", &["good"], write);
    Bench::with(&[("main", FLOW), ("inner", INNER)], plugins)
}

fn replies(count: u64) -> Replies {
    let written = |version| Ok(HostAnswer::RecordsPut(Written { version }));
    Replies { ready: (1..=count).map(written).collect(), asked: Vec::new() }
}

/// Nodes of the turn whose visits are marked.
fn marked(turn: &Finished) -> Vec<&str> {
    let steps = turn.record.steps.iter().filter(|step| step.sensitive);
    steps.map(|step| &*step.at.node).collect()
}

#[test]
fn visits_are_marked_that_read_a_sensitive_attribute_or_were_told_a_secret() {
    let mut bench = bench();
    assert_eq!(marked(&bench.enter()), [""; 0]);
    let read_back = bench.says("0101");
    assert!(read_back.record.sensitive);
    assert_eq!((marked(&read_back), &read_back.record.sensitive_say), (vec!["auth"], &vec![0]));
    bench.host = replies(3);
    let turn = bench.says("yes");
    assert!(!turn.record.sensitive, "the plugin asked for no secret this time");
    assert_eq!(marked(&turn), ["auth", "inner", "lookup", "inner", "told", "call"]);
    assert_eq!(turn.record.sensitive_say, [0], "not what is said of the class");
    assert!(turn.record.sensitive_then, "the number to call back is the secret");
    let mail = turn.record.steps.iter().find(|step| &*step.at.node == "mail").unwrap();
    assert_eq!(mail.set, [("mail".into(), json!(null))]);
    let log = turn.record.steps.iter().find(|step| &*step.at.node == "log").unwrap();
    assert!(!log.sensitive, "it was given nothing of it");
}

#[test]
fn a_visit_that_was_told_a_secret_stays_marked_when_it_is_parked() {
    let mut bench = bench();
    bench.enter();
    bench.says("0101");
    let mut turn = bench.begin(Event::Said { text: "yes".into(), confidence: None });
    assert!(matches!(turn.run(&mut bench.host), Progress::Waiting));
    let parked = turn.park(None, 2_000).unwrap();
    assert_eq!(marked(&parked), ["auth"]);
    bench.call = parked.call;
    let mut turn = bench.begin(Event::Pressed("0101".into()));
    assert!(matches!(turn.run(&mut bench.host), Progress::Waiting));
    let again = turn.park(None, 2_000).unwrap();
    assert!(again.record.sensitive, "who waits may go on with the number");
    bench.call = again.call;
    bench.host = replies(3);
    let turn = bench.turn(Event::Resumed);
    assert_eq!(marked(&turn)[0], "auth");
    assert_eq!(turn.record.entries[0].call, put("0101"));
    assert_eq!(turn.record.entries[0].visit, turn.record.steps[0].visit);
}

const SENSITIVE_RECORDS: &str = "
entry: main
fallback: {queue: general}
locales: [en-US]
collections: {log: {sensitive: [phone]}, notes: {}}
";
const WRITES: &str = "
flow: main
locales: [en-US]
start: note
nodes:
  note: {use: note, on: {good: log, error: bye}}
  log: {use: write, on: {good: bye, error: bye}}
  bye: {end: {disposition: done}}
";

#[test]
fn a_visit_that_deals_with_records_that_have_sensitive_fields_is_marked_even_if_it_has_to_wait() {
    let note = |_: &Invocation<'_>, host: &mut dyn HostCalls| {
        let HostCall::RecordsPut(put) = put("n-1") else { unreachable!() };
        match host.call(HostCall::RecordsPut(Put { collection: "notes".into(), ..put })) {
            Some(_) => done("good", json!({})),
            None => RunResult::Suspended,
        }
    };
    let plugins =
        || Closures::default().with("note", &["good"], note).with("write", &["good"], write);
    let files = [("dialgraph.yaml", SENSITIVE_RECORDS), ("main", WRITES)];
    let mut bench = Bench::with(&files, plugins());
    bench.host = replies(2);
    let turn = bench.enter();
    assert_eq!(marked(&turn), ["log"]);
    let mut shown = turn.record;
    assert_eq!(shown.hide(), ["records.put"]);
    assert_eq!(shown.entries.len(), 1, "the other write is shown");

    let mut bench = Bench::with(&files, plugins());
    bench.host = replies(1);
    let mut turn = bench.begin(Event::Entered);
    assert!(matches!(turn.run(&mut bench.host), Progress::Waiting));
    let parked = turn.park(None, 2_000).unwrap();
    assert_eq!(marked(&parked), ["log"]);
    bench.call = parked.call;
    bench.host = replies(1);
    assert_eq!(marked(&bench.turn(Event::Resumed)), ["log"]);
}

#[test]
fn words_for_a_caller_who_asks_for_time_or_means_two_things_are_marked_as_the_question_is() {
    for words in
        ["hold: {en-US: 'Look for ${number}.'}", "which: {en-US: '${number}: ${output.first}?'}"]
    {
        let mut bench = Bench::new(&format!(
            "
flow: main
locales: [en-US]
attributes: {{number: {{type: string, default: '0101', sensitive: true}}}}
start: q
nodes:
  q:
    ask: {{prompt: {{en-US: 'Well?'}}, expects: yes_no, {words}}}
    on: {{yes: bye, no: bye, no_input: bye, no_match: bye}}
  bye: {{end: {{disposition: done}}}}
"
        ));
        assert_eq!(marked(&bench.enter()), ["q"], "{words}");
        let turn = bench.says("hold on a second");
        assert_eq!(turn.record.directives.say.len(), 1, "{words}");
        assert_eq!(turn.record.sensitive_say, [0], "{words}");
    }
}
