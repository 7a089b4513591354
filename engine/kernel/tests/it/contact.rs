//! A contact goes on beyond its flow. What becomes of it is kept, and the `after` flow runs once,
//! when it is over.

use serde_json::{Value, json};

use dialgraph_base::Timestamp;
use dialgraph_kernel::call::Status;
use dialgraph_kernel::contact::{After, ContactEvent, ContactStage, EndedBy};
use dialgraph_kernel::event::Event;
use dialgraph_kernel::turn::{Finished, Progress, Turn, TurnError};

use crate::support::{Bench, Closures, NOW, attribute, done, heard, path};

const PROJECT: &str = "
entry: main
finally: wrap
after: closed
fallback: {queue: general}
locales: [en-US]
";

const WRAP: &str = "
flow: wrap
locales: [en-US]
attributes: {wrapped: {type: number, default: 0}}
start: count
nodes:
  count: {set: {wrapped: wrapped + 1}, next: end}
  end: {end: {disposition: wrapped}}
";

const CLOSED: &str = "
flow: closed
locales: [en-US]
attributes: {log: map}
start: log
nodes:
  log: {use: log, with: {how: call.disposition, agent: call.agent, answered: call.answered, waited: call.waited, at: call.ended_at, by: call.ended_by, said: call.transcript}, save: {log: output}, on: {logged: end, error: end}}
  end: {end: {disposition: closed}}
";

const MAIN: &str = "
flow: main
locales: [en-US]
start: menu
nodes:
  menu:
    ask: {prompt: {en-US: 'Press a key.'}, menu: {'1': agent, '2': back, '3': bye}, tries: 1}
    on: {agent: agent, back: back, bye: bye, no_input: bye, no_match: bye}
  agent: {queue: {to: emergency}, on: {error: general}}
  general: {queue: {to: general}, on: {error: bye}}
  back: {callback: {queue: general, number: call.from}, on: {error: bye, no_number: bye}}
  bye: {end: {disposition: resolved}}
";

fn bench() -> Bench {
    let log = |invocation: &dialgraph_kernel::plugin::Invocation<'_>,
               _: &mut dyn dialgraph_kernel::plugin::HostCalls| {
        done("logged", serde_json::from_str(invocation.input).unwrap())
    };
    let files = [("dialgraph.yaml", PROJECT), ("main", MAIN), ("wrap", WRAP), ("closed", CLOSED)];
    let mut bench = Bench::with(&files, Closures::default().with("log", &["logged"], log));
    bench.enter();
    bench
}

fn news(stage: ContactStage, seconds: u64) -> ContactEvent {
    ContactEvent { at: Some(NOW.after_ms(seconds * 1000)), ..ContactEvent::new(stage) }
}

fn told(bench: &mut Bench, event: ContactEvent) -> Finished {
    bench.turn(Event::Contact(event))
}

fn refused(bench: &Bench, event: Event) -> TurnError {
    let (release, plugins) = (bench.release.clone(), bench.plugins.clone());
    Turn::begin(release, plugins, bench.call.clone(), None, event, bench.now).unwrap_err()
}

fn after(bench: &mut Bench) -> Value {
    let finished = bench.turn(Event::After);
    assert_eq!(path(&finished), ["log:logged", "end"]);
    attribute(&finished, "log")
}

#[test]
fn the_after_flow_knows_how_long_the_caller_waited_and_who_took_the_call() {
    let mut bench = bench();
    bench.presses("1");
    assert_eq!(refused(&bench, Event::After), TurnError::NoAfter { call: "call-1".into() });
    told(&mut bench, news(ContactStage::Queued, 1));
    let agent = Some("kim".to_owned());
    told(&mut bench, ContactEvent { agent, ..news(ContactStage::Connected, 61) });
    assert!(!bench.call.is_settled() && !bench.call.is_after_due());
    let turn = told(&mut bench, news(ContactStage::Ended, 600));
    assert_eq!(heard(&turn), (vec![], "hang_up"));
    assert!(bench.call.is_after_due());
    assert_eq!(
        after(&mut bench),
        json!({
            "how": "queued", "agent": "kim", "answered": true, "waited": 60,
            "at": "2027-01-15T08:10:00Z", "by": "channel", "said": null,
        })
    );
    assert!(bench.call.is_settled());
    // `finally` ran when the caller was given away, and not again.
    assert_eq!(bench.call.attributes["wrapped"], json!(1));
}

#[test]
fn the_after_flow_runs_once() {
    let mut bench = bench();
    bench.turn(Event::HungUp);
    assert_eq!(bench.call.after, After::Due);
    let log = after(&mut bench);
    assert_eq!((&log["how"], &log["waited"]), (&json!("abandoned"), &json!(null)));
    assert_eq!(bench.call.after, After::Done);
    assert_eq!(refused(&bench, Event::After), TurnError::NoAfter { call: "call-1".into() });
    let late = Event::Contact(news(ContactStage::Connected, 1));
    assert!(matches!(refused(&bench, late), TurnError::Ended { .. }));
}

#[test]
fn a_flow_that_hangs_up_ends_the_contact_itself() {
    let mut bench = bench();
    bench.presses("3");
    let log = after(&mut bench);
    assert_eq!((&log["by"], &log["answered"]), (&json!("flow"), &json!(false)));
}

#[test]
fn news_may_come_in_any_order_and_twice() {
    let mut bench = bench();
    bench.presses("1");
    let ended =
        ContactEvent { queued_at: Some(NOW.after_ms(1_000)), ..news(ContactStage::Ended, 600) };
    told(&mut bench, ended.clone());
    told(&mut bench, news(ContactStage::Connected, 31));
    told(&mut bench, ended);
    let contact = bench.call.contact.clone().unwrap();
    assert_eq!(contact.waited(), Some(30_000));
    assert_eq!(contact.ended_at, Some(NOW.after_ms(600_000)));
    assert_eq!(after(&mut bench)["waited"], json!(30));
}

#[test]
fn news_of_a_contact_leaves_the_answer_that_the_channel_acts_on() {
    let mut bench = bench();
    let given_away = bench.presses("1").record.turn;
    told(&mut bench, news(ContactStage::Queued, 1));
    told(&mut bench, news(ContactStage::Queued, 2));
    assert_eq!((bench.call.turn, bench.call.answers_turn()), (given_away + 2, given_away));
    let back = bench.turn(Event::DirectiveFailed("queue full".into()));
    assert_eq!(path(&back), ["agent:error", "general", "count", "end"]);
    assert_eq!(bench.call.answers_turn(), back.record.turn);
    // The wait counts from the queue that took the caller.
    assert_eq!(bench.call.contact.as_ref().unwrap().queued_at, None);
}

#[test]
fn a_caller_who_is_to_be_called_back_may_leave_and_the_contact_goes_on() {
    let mut bench = bench();
    bench.presses("2");
    told(&mut bench, news(ContactStage::Ended, 5));
    assert!(matches!(bench.call.status, Status::Handed { .. }));
    let called = |stage, seconds| ContactEvent { callback: true, ..news(stage, seconds) };
    let agent = Some("lee".to_owned());
    told(&mut bench, ContactEvent { agent, ..called(ContactStage::Connected, 900) });
    told(&mut bench, called(ContactStage::Ended, 960));
    let log = after(&mut bench);
    assert_eq!((&log["how"], &log["agent"]), (&json!("callback"), &json!("lee")));
    assert_eq!(log["waited"], json!(900));
}

#[test]
fn a_call_back_that_reaches_nobody_is_over_with_the_last_attempt() {
    let mut bench = bench();
    bench.presses("2");
    told(&mut bench, news(ContactStage::Ended, 5));
    let vain = |seconds| ContactEvent {
        callback: true,
        attempts: Some(3),
        ..news(ContactStage::Ended, seconds)
    };
    let taken = |seconds| ContactEvent {
        callback: true,
        agent: Some("lee".to_owned()),
        ..news(ContactStage::Connected, seconds)
    };
    for attempt in 1..=2 {
        told(&mut bench, taken(attempt * 600));
        told(&mut bench, vain(attempt * 600 + 40));
        assert!(!bench.call.is_over(), "attempt {attempt}");
    }
    let waiting = bench.call.clone();
    // Nobody talked to the caller, whichever agent took the call back.
    told(&mut bench, vain(1_900));
    let log = after(&mut bench);
    assert_eq!(
        (&log["how"], &log["answered"], &log["agent"]),
        (&json!("callback"), &json!(false), &json!(null))
    );
    // News of the attempt that come after its end change nothing.
    bench.call = waiting.clone();
    told(&mut bench, vain(1_900));
    told(&mut bench, taken(1_800));
    let log = after(&mut bench);
    assert_eq!((&log["answered"], &log["agent"]), (&json!(false), &json!(null)));
    // Whoever is reached at the third attempt has been called back.
    bench.call = waiting;
    told(&mut bench, taken(1_800));
    told(&mut bench, ContactEvent { callback: true, ..news(ContactStage::Ended, 2_000) });
    let log = after(&mut bench);
    assert_eq!(
        (&log["answered"], &log["agent"], &log["waited"]),
        (&json!(true), &json!("lee"), &json!(1_800))
    );
}

#[test]
fn an_attempt_to_call_back_says_nothing_of_a_call_that_nobody_promised_one() {
    let vain = |seconds| ContactEvent {
        callback: true,
        attempts: Some(3),
        ..news(ContactStage::Ended, seconds)
    };
    let mut bench = bench();
    assert!(matches!(refused(&bench, Event::Contact(vain(1))), TurnError::InFlow { .. }));
    bench.presses("1");
    let agent = Some("kim".to_owned());
    told(&mut bench, ContactEvent { agent, ..news(ContactStage::Connected, 61) });
    told(&mut bench, vain(600));
    let log = after(&mut bench);
    assert_eq!((&log["how"], &log["agent"]), (&json!("queued"), &json!("kim")));
}

#[test]
fn a_contact_of_which_nothing_is_heard_ends_when_it_was_last_heard_of() {
    let mut bench = bench();
    bench.presses("1");
    told(&mut bench, news(ContactStage::Connected, 40));
    bench.now = Timestamp(NOW.0 + 7 * 24 * 3_600_000);
    told(&mut bench, ContactEvent::new(ContactStage::Lost));
    let contact = bench.call.contact.clone().unwrap();
    assert_eq!(contact.ended_by, Some(EndedBy::Limit));
    assert_eq!(contact.ended_at, Some(NOW.after_ms(40_000)));
    assert_eq!(after(&mut bench)["by"], json!("limit"));
}

#[test]
fn what_a_caller_says_after_the_flow_is_refused_and_changes_nothing() {
    let mut bench = bench();
    bench.presses("1");
    let said = Event::Said { text: "hello?".into(), confidence: None };
    let error = refused(&bench, said);
    assert!(
        matches!(&error, TurnError::Handed { disposition, .. } if disposition == "queued"),
        "{error}"
    );
}

#[test]
fn of_a_call_in_its_flow_only_the_end_can_be_told() {
    let mut bench = bench();
    let error = refused(&bench, Event::Contact(news(ContactStage::Connected, 1)));
    assert!(matches!(error, TurnError::InFlow { .. }), "{error}");
    let turn = told(&mut bench, news(ContactStage::Ended, 3));
    assert_eq!(turn.call.status.disposition(), Some("abandoned"));
    assert_eq!(path(&turn), ["count", "end"]);
}

#[test]
fn the_after_flow_is_given_what_was_said() {
    let mut bench = bench();
    bench.turn(Event::HungUp);
    let turn = bench.begin(Event::After).with_transcript("flow: Press a key.".into());
    let Progress::Finished(finished) = ({ turn }).run(&mut bench.host) else {
        panic!("nothing is asked for");
    };
    assert_eq!(attribute(&finished, "log")["said"], json!("flow: Press a key."));
}

#[test]
fn without_an_after_flow_a_call_is_settled_when_it_is_given_away() {
    let project = PROJECT.replace("after: closed\n", "");
    let files = [("dialgraph.yaml", project.as_str()), ("main", MAIN), ("wrap", WRAP)];
    let mut bench = Bench::with(&files, Closures::default());
    bench.enter();
    bench.presses("2");
    assert!(bench.call.is_settled());
    // Nobody waits for the call back: the caller's leaving is the end.
    told(&mut bench, news(ContactStage::Ended, 5));
    assert!(bench.call.is_over() && bench.call.is_settled());
}
