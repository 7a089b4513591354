//! A `transfer` with `within`: somebody outside is rung, and the flow goes on if nobody answers.

use serde_json::{Value, json};

use dialgraph_kernel::call::{Call, Status};
use dialgraph_kernel::contact::{ContactEvent, ContactStage, EndedBy};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::turn::{Turn, TurnError};

use crate::support::{Bench, Closures, attribute, done, heard, path};

const PROJECT: &str = "
entry: main
finally: wrap
after: closed
fallback: {queue: general}
locales: [en-US]
country: KR
";

const WRAP: &str = "
flow: wrap
locales: [en-US]
attributes: {wrapped: {type: string, default: ''}}
start: note
nodes:
  note: {set: {wrapped: wrapped + call.disposition}, next: end}
  end: {end: {disposition: wrapped}}
";

const CLOSED: &str = "
flow: closed
locales: [en-US]
attributes: {log: map}
start: log
nodes:
  log: {use: log, with: {how: call.disposition, agent: call.agent, answered: call.answered, waited: call.waited}, save: {log: output}, on: {logged: end, error: end}}
  end: {end: {disposition: closed}}
";

const MAIN: &str = "
flow: main
locales: [en-US]
attributes: {number: {type: string, default: 02-123-4567}}
start: ring
nodes:
  ring:
    transfer: {number: number, within: 20s, say: {en-US: 'We are calling your engineer.'}}
    on: {answered: thanks, no_answer: queue, error: sorry}
  thanks: {end: {disposition: served, say: {en-US: 'Thank you.'}}}
  queue: {queue: {to: emergency}, on: {error: sorry}}
  sorry: {end: {disposition: sorry}}
";

fn bench_of(main: &str) -> Bench {
    let log = |invocation: &dialgraph_kernel::plugin::Invocation<'_>,
               _: &mut dyn dialgraph_kernel::plugin::HostCalls| {
        done("logged", serde_json::from_str(invocation.input).unwrap())
    };
    let files = [("dialgraph.yaml", PROJECT), ("main", main), ("wrap", WRAP), ("closed", CLOSED)];
    Bench::with(&files, Closures::default().with("log", &["logged"], log))
}

fn ringing() -> Bench {
    let mut bench = bench_of(MAIN);
    bench.enter();
    bench
}

fn wrapped(bench: &Bench) -> Value {
    bench.call.attributes.get("wrapped").cloned().unwrap_or(json!(""))
}

fn after(bench: &mut Bench) -> Value {
    let finished = bench.turn(Event::After);
    attribute(&finished, "log")
}

fn refused(bench: &Bench, event: Event) -> TurnError {
    let (release, plugins) = (bench.release.clone(), bench.plugins.clone());
    Turn::begin(release, plugins, bench.call.clone(), None, event, bench.now).unwrap_err()
}

#[test]
fn the_call_stays_in_its_flow_while_somebody_is_rung() {
    let mut bench = bench_of(MAIN);
    let turn = bench.enter();
    assert_eq!(heard(&turn), (vec!["We are calling your engineer."], "transfer"));
    let then = Then::Transfer { number: "+8221234567".to_owned(), within_ms: Some(20_000) };
    assert_eq!(turn.record.directives.then, then);
    assert!(!then.ends());
    assert_eq!(bench.call.status, Status::Active);
    assert!(bench.call.is_rung());
    assert_eq!(bench.call.contact, None);
    assert_eq!(wrapped(&bench), json!(""));
    let stored = serde_json::to_string(&bench.call).unwrap();
    assert_eq!(serde_json::from_str::<Call>(&stored).unwrap(), bench.call);
}

#[test]
fn the_flow_goes_on_with_a_caller_whom_nobody_answers() {
    let mut bench = ringing();
    let turn = bench.turn(Event::Unanswered);
    assert_eq!(path(&turn), ["ring:no_answer", "queue", "note", "end"]);
    assert_eq!(heard(&turn).1, "queue");
    bench.turn(Event::HungUp);
    assert_eq!(
        after(&mut bench),
        json!({"how": "queued", "agent": null, "answered": false, "waited": 0})
    );
}

#[test]
fn the_flow_goes_on_when_whoever_answered_has_hung_up() {
    let mut bench = ringing();
    bench.now = bench.now.after_ms(600_000);
    let turn = bench.turn(Event::Resumed);
    assert_eq!(path(&turn), ["ring:answered", "thanks", "note", "end"]);
    assert_eq!(heard(&turn), (vec!["Thank you."], "hang_up"));
    let log = after(&mut bench);
    assert_eq!((&log["how"], &log["answered"]), (&json!("served"), &json!(true)));
}

#[test]
fn a_number_that_is_busy_or_out_of_service_leads_by_error() {
    let mut bench = ringing();
    let turn = bench.turn(Event::DirectiveFailed("call-failed".to_owned()));
    assert_eq!(path(&turn), ["ring:error", "sorry", "note", "end"]);
    let failure = turn.record.steps[0].failure.as_ref().unwrap();
    assert_eq!((&*failure.code, &*failure.message), ("directive-failed", "call-failed"));
}

#[test]
fn without_ports_of_their_own_an_answer_ends_the_call_and_its_lack_is_an_error() {
    let main = MAIN.replace("answered: thanks, no_answer: queue, ", "");
    let main =
        main.replace("  thanks: {end: {disposition: served, say: {en-US: 'Thank you.'}}}\n", "");
    let main = main.replace("  queue: {queue: {to: emergency}, on: {error: sorry}}\n", "");
    let mut bench = bench_of(&main);
    bench.enter();
    let unanswered = bench.call.clone();
    let turn = bench.turn(Event::Resumed);
    assert_eq!(heard(&turn), (vec![], "hang_up"));
    assert_eq!(bench.call.status.disposition(), Some("transferred"));
    bench.call = unanswered;
    assert_eq!(path(&bench.turn(Event::Unanswered)), ["ring:error", "sorry", "note", "end"]);
}

#[test]
fn nothing_rings_and_nothing_is_said_without_a_number() {
    for number in ["''", "anonymous", "'114'", "connect-flow:survey"] {
        let mut bench = bench_of(&MAIN.replace("02-123-4567", number));
        let turn = bench.enter();
        assert_eq!(path(&turn), ["ring:error", "sorry", "note", "end"], "{number}");
        assert_eq!(heard(&turn), (vec![], "hang_up"), "{number}");
    }
}

#[test]
fn a_caller_who_hangs_up_while_it_rings_has_given_up() {
    let mut bench = ringing();
    bench.now = bench.now.after_ms(19_000);
    bench.turn(Event::HungUp);
    assert_eq!(bench.call.status.disposition(), Some("abandoned"));
    assert_eq!(wrapped(&bench), json!("abandoned"));
    assert_eq!(after(&mut bench)["answered"], json!(false));
}

#[test]
fn a_caller_who_hangs_up_long_after_it_can_have_rung_has_talked_to_somebody() {
    // The words before take time, and so does a channel that rings longer.
    for (seconds, how) in [(49, "abandoned"), (51, "transferred")] {
        let mut bench = ringing();
        let at = Some(bench.now.after_ms(seconds * 1_000));
        // The news may be late.
        bench.now = bench.now.after_ms(3_600_000);
        bench.turn(Event::Contact(ContactEvent { at, ..ContactEvent::new(ContactStage::Ended) }));
        assert_eq!(bench.call.status.disposition(), Some(how), "{seconds} s");
        let log = after(&mut bench);
        assert_eq!(log["answered"], json!(how == "transferred"), "{seconds} s");
    }
}

#[test]
fn a_channel_that_tells_of_the_answer_is_believed() {
    let mut bench = ringing();
    let agent = Some("kim".to_owned());
    let news = ContactEvent { agent, ..ContactEvent::new(ContactStage::Connected) };
    bench.turn(Event::Contact(news));
    assert!(bench.call.is_rung());
    // What the channel tells next answers the turn that let it ring.
    assert_eq!(bench.call.answers_turn(), 1);
    bench.turn(Event::HungUp);
    assert_eq!(
        after(&mut bench),
        json!({"how": "transferred", "agent": "kim", "answered": true, "waited": null})
    );
}

#[test]
fn nothing_else_can_be_told_of_a_contact_that_rings() {
    let bench = ringing();
    let queued = Event::Contact(ContactEvent::new(ContactStage::Queued));
    assert!(matches!(refused(&bench, queued), TurnError::InFlow { .. }));
}

#[test]
fn what_does_not_fit_sends_the_caller_to_the_fallback_queue() {
    let mut bench = ringing();
    let turn = bench.turn(Event::Pressed("1".to_owned()));
    assert_eq!(turn.record.steps[0].failure.as_ref().unwrap().code, "unexpected-event");
    assert_eq!(heard(&turn).1, "queue");
    // Nobody is rung any more.
    assert!(matches!(refused(&bench, Event::Unanswered), TurnError::Handed { .. }));
}

#[test]
fn without_a_time_the_caller_is_given_away_for_good() {
    let main = "
flow: main
locales: [en-US]
start: out
nodes:
  out: {transfer: {number: '\"02-123-4567\"'}, on: {error: sorry}}
  sorry: {end: {disposition: sorry}}
";
    let mut bench = bench_of(main);
    let turn = bench.enter();
    // As it is written: a contact flow of the channel's has no number.
    let then = serde_json::to_value(&turn.record.directives.then).unwrap();
    assert_eq!(then, json!({"transfer": {"number": "02-123-4567"}}));
    assert_eq!(bench.call.status.disposition(), Some("transferred"));
    assert!(matches!(refused(&bench, Event::Unanswered), TurnError::Handed { .. }));
}

#[test]
fn a_call_of_which_nothing_is_heard_while_it_rings_has_reached_nobody() {
    for (is_taken, how) in [(false, "abandoned"), (true, "transferred")] {
        let mut bench = ringing();
        if is_taken {
            bench.turn(Event::Contact(ContactEvent::new(ContactStage::Connected)));
        }
        bench.now = bench.now.after_ms(7 * 24 * 3_600_000);
        bench.turn(Event::Contact(ContactEvent::new(ContactStage::Lost)));
        assert_eq!(bench.call.status.disposition(), Some(how));
        let ended = bench.call.contact.clone().unwrap();
        assert_eq!(ended.ended_by, Some(EndedBy::Limit));
        assert!(ended.ended_at.unwrap() < bench.now.after_ms(0));
        assert_eq!(after(&mut bench)["answered"], json!(is_taken));
    }
}
