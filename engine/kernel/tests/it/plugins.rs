//! A run that was stopped, parked or replayed ends as one that never stopped, with the same keys,
//! clock and chance; a plugin that fails leaves by the node's `error` port.

use serde_json::{Value, json};

use dialgraph_base::Timestamp;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::plugin::{
    FailureKind, HostCalls, Invocation, PluginEvent, RunResult, Speech,
};
use dialgraph_kernel::ports::records::{Expectation, Put, Written};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError};
use dialgraph_kernel::turn::{Finished, Progress, Turn};

use crate::support::{Bench, Closures, NOW, Replies, ask, attribute, done, failed, heard, path};

const FLOW: &str = "
flow: main
locales: [en-US]
attributes: {sum: number, why: string}
start: work
nodes:
  work:
    use: work
    timeout: 10s
    save: {sum: output.sum, why: output.error.code}
    on: {good: bye, error: sorry}
  bye: {end: {disposition: good}}
  sorry: {end: {disposition: bad}}
";

fn put(n: u64) -> HostCall {
    HostCall::RecordsPut(Put {
        collection: "log".into(),
        key: n.to_string(),
        data: json!({"n": n}),
        expect: Expectation::Any,
    })
}

fn written(version: u64) -> Result<HostAnswer, HostError> {
    Ok(HostAnswer::RecordsPut(Written { version }))
}

/// Makes `calls` writes and sums their versions.
fn summing(calls: u64) -> Closures {
    Closures::default().with(
        "work",
        &["good"],
        move |_: &Invocation<'_>, host: &mut dyn HostCalls| {
            let mut sum = 0;
            for n in 0..calls {
                match host.call(put(n)) {
                    None => return RunResult::Suspended,
                    Some(Ok(HostAnswer::RecordsPut(written))) => sum += written.version,
                    Some(_) => return failed(FailureKind::Retryable),
                }
            }
            done("good", json!({"sum": sum}))
        },
    )
}

fn replies(count: u64) -> Replies {
    Replies { ready: (1..=count).map(written).collect(), asked: Vec::new() }
}

fn finished(progress: Progress) -> Finished {
    match progress {
        Progress::Finished(finished) => *finished,
        Progress::Waiting => panic!("the turn waits"),
    }
}

#[test]
fn a_run_stopped_at_each_host_call_ends_as_one_that_never_stopped() {
    let mut whole = Bench::with(&[("main", FLOW)], summing(3));
    whole.host = replies(3);
    let straight = whole.enter();
    assert_eq!(attribute(&straight, "sum"), json!(6));

    let bench = Bench::with(&[("main", FLOW)], summing(3));
    let mut turn = bench.begin(Event::Entered);
    let mut host = Replies::default();
    let mut keys = Vec::new();
    for version in 1..=3 {
        assert!(matches!(turn.run(&mut host), Progress::Waiting));
        let pending = turn.waiting_for().unwrap();
        assert_eq!(pending.call, put(version - 1));
        keys.push(pending.caller.idempotency_key.to_string());
        host.ready.push_back(written(version));
    }
    let stopped = finished(turn.run(&mut host));
    assert_eq!(stopped.record, straight.record);
    assert_eq!(stopped.call, straight.call);
    assert_eq!(keys, ["call-1/1/main/work/0", "call-1/1/main/work/1", "call-1/1/main/work/2"]);
    let straight_keys: Vec<_> =
        whole.host.asked.iter().map(|(caller, _)| caller.idempotency_key.to_string()).collect();
    assert_eq!(straight_keys, keys);
}

#[test]
fn a_turn_is_made_again_from_its_journal_without_asking_anybody() {
    let mut bench = Bench::with(&[("main", FLOW)], summing(2));
    let before = bench.call.clone();
    bench.host = replies(2);
    let first = bench.enter();
    let mut again = Turn::begin(
        bench.release.clone(),
        bench.plugins.clone(),
        before,
        None,
        first.record.event.clone(),
        first.record.at,
    )
    .unwrap()
    .over(first.record.entries.clone());
    let second = finished(again.run(&mut Replies::default()));
    assert_eq!(second.record, first.record);
    assert_eq!(second.call, first.call);
}

#[test]
fn a_reply_that_outlasts_the_turn_is_taken_up_by_a_later_one() {
    let mut bench = Bench::with(&[("main", FLOW)], summing(2));
    bench.host = replies(1);
    let mut turn = bench.begin(Event::Entered);
    assert!(matches!(turn.run(&mut bench.host), Progress::Waiting));
    let comfort = Speech::new("One moment.", false);
    let parked = turn.park(Some(comfort), 2_000).unwrap();
    assert_eq!(heard(&parked), (vec!["One moment."], "wait"));
    assert_eq!(parked.record.entries.len(), 1);

    // The call goes through the store as JSON.
    bench.call = serde_json::from_str(&serde_json::to_string(&parked.call).unwrap()).unwrap();
    bench.now = Timestamp(NOW.0 + 4_000);
    bench.host = Replies { ready: [written(40)].into(), asked: Vec::new() };
    let turn = bench.turn(Event::Resumed);
    assert_eq!(attribute(&turn, "sum"), json!(41));
    assert_eq!(turn.record.entries.len(), 1, "only what is new");
    assert_eq!(&*bench.host.asked[0].0.idempotency_key, "call-1/1/main/work/1");
}

#[test]
fn a_node_waits_no_longer_than_its_timeout_however_often_it_is_parked() {
    let mut bench = Bench::with(&[("main", FLOW)], summing(1));
    for round in 0..3 {
        let event = if round == 0 { Event::Entered } else { Event::Resumed };
        bench.now = Timestamp(NOW.0 + round * 4_000);
        let mut turn = bench.begin(event);
        assert!(matches!(turn.run(&mut bench.host), Progress::Waiting));
        assert_eq!(turn.waiting_for().unwrap().deadline, Timestamp(NOW.0 + 10_000));
        bench.call = turn.park(None, 2_000).unwrap().call;
    }
    let mut turn = bench.begin(Event::Resumed);
    assert!(matches!(turn.run(&mut bench.host), Progress::Waiting));
    turn.expire();
    let turn = finished(turn.run(&mut bench.host));
    assert_eq!(path(&turn), ["work:error", "sorry"]);
    assert_eq!(turn.record.steps[0].failure.as_ref().unwrap().kind, FailureKind::Timeout);
    assert_eq!(attribute(&turn, "why"), json!("timeout"));
    assert_eq!(attribute(&turn, "sum"), Value::Null);
}

#[test]
fn a_run_that_asks_for_something_else_the_second_time_is_found_out() {
    let bench = Bench::with(&[("main", FLOW)], summing(1));
    let mut whole = Bench::with(&[("main", FLOW)], summing(1));
    whole.host = replies(1);
    let mut entries = whole.enter().record.entries;
    entries[0].call = put(99);
    let mut turn = bench.begin(Event::Entered).over(entries);
    let turn = finished(turn.run(&mut Replies::default()));
    assert_eq!(turn.record.steps[0].failure.as_ref().unwrap().code, "diverged");
    assert_eq!(path(&turn), ["work:error", "sorry"]);
}

#[test]
fn a_plugin_holds_a_dialogue_over_turns_with_its_own_state() {
    let dialogue = Closures::default().with(
        "work",
        &["good"],
        |run: &Invocation<'_>, host: &mut dyn HostCalls| {
            if host.call(put(u64::from(run.turn))).is_none() {
                return RunResult::Suspended;
            }
            match (run.event, run.state) {
                (PluginEvent::Entered, None) => ask("Your name?", json!({"asked": 1})),
                (PluginEvent::Said { text, .. }, Some(state)) if text == "?" => {
                    let asked: Value = serde_json::from_str(state).unwrap();
                    ask(
                        "Your name, please?",
                        json!({"asked": asked["asked"].as_u64().unwrap() + 1}),
                    )
                }
                (PluginEvent::Said { .. }, Some(state)) => {
                    let asked: Value = serde_json::from_str(state).unwrap();
                    done("good", json!({"sum": asked["asked"]}))
                }
                other => panic!("{other:?}"),
            }
        },
    );
    let mut bench = Bench::with(&[("main", FLOW)], dialogue);
    bench.host = replies(3);
    assert_eq!(heard(&bench.enter()), (vec!["Your name?"], "ask"));
    assert_eq!(heard(&bench.says("?")), (vec!["Your name, please?"], "ask"));
    assert_eq!(attribute(&bench.says("Kim"), "sum"), json!(2));
    let keys: Vec<_> =
        bench.host.asked.iter().map(|(caller, _)| caller.idempotency_key.to_string()).collect();
    assert_eq!(
        keys,
        ["call-1/1/main/work/0", "call-1/1/main/work/1", "call-1/1/main/work/2"],
        "no key twice in a visit"
    );
}

#[test]
fn a_plugin_that_fails_leaves_by_its_error_port_with_the_reason() {
    let failing =
        Closures::default().with("work", &["good"], |_: &Invocation<'_>, _: &mut dyn HostCalls| {
            failed(FailureKind::Trap)
        });
    let mut bench = Bench::with(&[("main", FLOW)], failing);
    let turn = bench.enter();
    assert_eq!(path(&turn), ["work:error", "sorry"]);
    assert_eq!(attribute(&turn, "why"), json!("made-up"));
    assert!(matches!(turn.record.directives.then, Then::HangUp));
}

#[test]
fn chance_differs_between_visits_and_never_between_repetitions() {
    let seeds = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = seeds.clone();
    let plugin = Closures::default().with(
        "work",
        &["good"],
        move |run: &Invocation<'_>, host: &mut dyn HostCalls| {
            seen.lock().unwrap().push(run.seed);
            match host.call(put(0)) {
                None => RunResult::Suspended,
                Some(_) => done("good", json!({"sum": 1})),
            }
        },
    );
    let twice = FLOW
        .replace("good: bye", "good: again")
        .replace("  bye:", "  again: {use: work, on: {good: bye, error: sorry}}\n  bye:");
    let bench = Bench::with(&[("main", &twice)], plugin);
    let mut turn = bench.begin(Event::Entered);
    let mut host = Replies::default();
    for _ in 0..2 {
        assert!(matches!(turn.run(&mut host), Progress::Waiting));
        host.ready.push_back(written(1));
    }
    finished(turn.run(&mut host));
    let seeds = seeds.lock().unwrap();
    assert_eq!(seeds.len(), 4);
    assert_eq!(seeds[0], seeds[1]);
    assert_eq!(seeds[2], seeds[3]);
    assert_ne!(seeds[0], seeds[2]);
}

/// Writes when it is, then waits.
fn dated() -> Closures {
    let body = |run: &Invocation<'_>, host: &mut dyn HostCalls| {
        if host.call(put(run.now.0)).is_none() {
            return RunResult::Suspended;
        }
        match host.call(put(1)) {
            None => RunResult::Suspended,
            Some(_) => done("good", json!({"sum": run.now.0})),
        }
    };
    Closures::default().with("work", &["good"], body)
}

#[test]
fn a_run_that_is_made_again_later_sees_the_clock_of_its_first_time() {
    let mut bench = Bench::with(&[("main", FLOW)], dated());
    bench.host = replies(1);
    let mut turn = bench.begin(Event::Entered);
    assert!(matches!(turn.run(&mut bench.host), Progress::Waiting));
    bench.call = turn.park(None, 2_000).unwrap().call;
    bench.now = Timestamp(NOW.0 + 4_000);
    bench.host = replies(1);
    let turn = bench.turn(Event::Resumed);
    assert_eq!(path(&turn), ["work:good", "bye"]);
    assert_eq!(attribute(&turn, "sum"), json!(NOW.0));
}

#[test]
fn an_output_too_large_for_the_attributes_fails_its_own_node_only() {
    let large =
        Closures::default().with("work", &["good"], |_: &Invocation<'_>, _: &mut dyn HostCalls| {
            done("good", json!({"sum": 1, "text": "x".repeat(40_000)}))
        });
    let flow = FLOW
        .replace("sum: output.sum,", "sum: output.sum, text: output.text,")
        .replace("sum: number,", "sum: number, text: string,");
    let mut bench = Bench::with(&[("main", &flow)], large);
    let turn = bench.enter();
    assert_eq!(path(&turn), ["work:error", "sorry"]);
    assert_eq!(attribute(&turn, "why"), json!("attribute-bytes"));
}

#[test]
fn a_provider_that_is_slow_while_the_call_is_wrapped_up_is_waited_for_or_given_up() {
    let project = "entry: main\nfinally: wrap\nfallback: {queue: general}\nlocales: [en-US]\n";
    let main = "{flow: main, locales: [en-US], start: q, nodes: {q: {queue: emergency, on: {error: e}}, e: {end: {disposition: lost}}}}";
    let wrap = "{flow: wrap, locales: [en-US], start: w, nodes: {w: {use: work, on: {good: e, error: e}}, e: {end: {disposition: logged}}}}";
    let files = [("dialgraph.yaml", project), ("main", main), ("wrap", wrap)];
    let bench = Bench::with(&files, summing(1));
    let mut turn = bench.begin(Event::Entered);
    assert!(matches!(turn.run(&mut Replies::default()), Progress::Waiting));
    assert!(!turn.can_park());
    let mut turn = *turn.park(None, 2_000).unwrap_err();
    turn.expire();
    let turn = finished(turn.run(&mut Replies::default()));
    assert_eq!(path(&turn), ["q", "w:error", "e"]);
    assert_eq!(heard(&turn), (vec![], "queue"));
}
