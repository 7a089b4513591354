//! The last flow runs however a call ends, and anew after a transfer that failed; its own failure
//! keeps nobody from the queue.

use serde_json::json;

use dialgraph_kernel::call::Status;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::FailureKind;

use crate::support::{Bench, Closures, attribute, done, failed, heard, path};

const PROJECT: &str = "
entry: main
finally: wrap
fallback: {queue: general, say: {en-US: 'One moment, an agent will help you.'}}
locales: [en-US]
";

const WRAP: &str = "
flow: wrap
locales: [en-US]
attributes: {logged: string, queue: string}
start: log
nodes:
  log: {use: log, with: {how: call.disposition, queue: call.queue}, save: {logged: output.how, queue: output.queue}, on: {logged: end, error: end}}
  end: {end: {disposition: logged}}
";

const MAIN: &str = "
flow: main
locales: [en-US]
start: menu
nodes:
  menu:
    ask: {prompt: {en-US: 'Press 1.'}, menu: {'1': agent}, tries: 1}
    on: {agent: agent, no_input: bye, no_match: bye}
  agent: {queue: {to: emergency, say: {en-US: 'I connect you.'}}, on: {error: sorry}}
  sorry: {say: {en-US: 'Nobody is there.'}, next: bye}
  bye: {end: {disposition: resolved}}
";

fn bench(log_fails: bool) -> Bench {
    let log = move |invocation: &dialgraph_kernel::plugin::Invocation<'_>,
                    _: &mut dyn dialgraph_kernel::plugin::HostCalls| {
        if log_fails {
            return failed(FailureKind::Retryable);
        }
        let input: serde_json::Value = serde_json::from_str(invocation.input).unwrap();
        done("logged", json!({"how": input["how"], "queue": input["queue"]}))
    };
    Bench::with(
        &[("dialgraph.yaml", PROJECT), ("main", MAIN), ("wrap", WRAP)],
        Closures::default().with("log", &["logged"], log),
    )
}

#[test]
fn the_last_flow_runs_when_the_call_is_given_away_and_says_nothing() {
    let mut bench = bench(false);
    bench.enter();
    let turn = bench.presses("1");
    assert_eq!(path(&turn), ["menu:agent", "agent", "log:logged", "end"]);
    assert_eq!(heard(&turn), (vec!["I connect you."], "queue"));
    assert_eq!(attribute(&turn, "logged"), json!("queued"));
    assert_eq!(attribute(&turn, "queue"), json!("emergency"));
    assert!(matches!(turn.call.status, Status::Handed { .. }));
}

#[test]
fn the_last_flow_runs_when_the_caller_hangs_up() {
    let mut bench = bench(false);
    bench.enter();
    let turn = bench.turn(Event::HungUp);
    assert_eq!(attribute(&turn, "logged"), json!("abandoned"));
    assert!(matches!(turn.call.status, Status::Ended { .. }));
}

#[test]
fn a_transfer_that_fails_comes_back_by_the_error_port_and_is_wrapped_up_anew() {
    let mut bench = bench(false);
    bench.enter();
    bench.presses("1");
    let turn = bench.turn(Event::DirectiveFailed("queue full".into()));
    assert_eq!(path(&turn), ["agent:error", "sorry", "bye", "log:logged", "end"]);
    assert_eq!(heard(&turn), (vec!["Nobody is there."], "hang_up"));
    assert_eq!(attribute(&turn, "logged"), json!("resolved"));
}

#[test]
fn hanging_up_in_the_queue_ends_the_call_without_a_second_record() {
    let mut bench = bench(false);
    bench.enter();
    bench.presses("1");
    let turn = bench.turn(Event::HungUp);
    assert_eq!(path(&turn), Vec::<String>::new());
    assert_eq!(turn.call.status.disposition(), Some("queued"));
    assert!(matches!(turn.call.status, Status::Ended { .. }));
}

#[test]
fn a_last_flow_that_fails_keeps_nobody_from_the_queue() {
    let mut bench = bench(true);
    bench.enter();
    assert_eq!(heard(&bench.presses("1")).1, "queue");
}
