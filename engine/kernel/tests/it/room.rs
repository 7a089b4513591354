//! What a turn leaves behind stays under what one commit takes, whatever its visits do.

use serde_json::{Value, json};

use dialgraph_kernel::call::Status;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::Entry;
use dialgraph_kernel::plugin::{Failure, FailureKind, HostCalls, Invocation, RunResult, Speech};
use dialgraph_kernel::ports::records::{Get, Put, Record};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError, HostResult};
use dialgraph_kernel::turn::{Finished, Progress, TURN_BYTES, Turn, UNSAVED};

use crate::support::{Bench, Closures, NOW, Replies, attribute, done, heard, path};

/// Three visits of `work`, each with its own way out, and a `finally` flow with a fourth.
const FLOW: &str = "
flow: main
locales: [en-US]
attributes: {why: string, list: any}
start: a
nodes:
  a: {use: work, save: {why: output.error.code}, on: {good: b, error: b}}
  b: {use: work, save: {why: output.error.code}, on: {good: c, error: c}}
  c: {use: work, save: {why: output.error.code}, on: {good: bye, error: bye}}
  bye: {end: {disposition: resolved}}
";
const LAST: &str = "
flow: last
locales: [en-US]
start: z
nodes:
  z: {use: work, on: {good: end, error: end}}
  end: {end: {disposition: logged}}
";
const PROJECT: &str = "
entry: main
finally: last
fallback: {queue: general, say: {en-US: 'An agent will help you.'}}
locales: [en-US]
limits: {nodes_per_turn: 5000}
";

fn bench(closures: Closures) -> Bench {
    Bench::with(&[("dialgraph.yaml", PROJECT), ("main", FLOW), ("last", LAST)], closures)
}

fn bytes(finished: &Finished) -> usize {
    serde_json::to_vec(&finished.call).unwrap().len()
        + serde_json::to_vec(&finished.record).unwrap().len()
}

fn fits(finished: &Finished) {
    assert!(bytes(finished) <= TURN_BYTES, "{} of {TURN_BYTES} bytes", bytes(finished));
}

fn get(key: String) -> HostCall {
    HostCall::RecordsGet(Get { collection: "customers".into(), key, source: Default::default() })
}

fn record(data: Value) -> HostResult {
    Ok(HostAnswer::RecordsGet(Some(Record {
        key: "c-1".into(),
        version: 1,
        updated_at: NOW,
        data,
        extra: Vec::new(),
    })))
}

/// Asks `times` and leaves by `good`, whatever it is told.
fn asking(times: usize) -> Closures {
    Closures::default().with(
        "work",
        &["good"],
        move |_: &Invocation<'_>, host: &mut dyn HostCalls| {
            for n in 0..times {
                if host.call(get(format!("c-{n}"))).is_none() {
                    return RunResult::Suspended;
                }
            }
            done("good", json!({}))
        },
    )
}

fn codes(finished: &Finished) -> Vec<Option<&str>> {
    let steps = finished.record.steps.iter();
    steps.map(|step| step.failure.as_ref().map(|failure| failure.code.as_str())).collect()
}

#[test]
fn logs_go_first_and_are_counted() {
    let mut bench = bench(asking(0).logging("work", 180, 8_000));
    let turn = bench.enter();
    fits(&turn);
    assert_eq!(path(&turn), ["a:good", "b:good", "c:good", "bye", "z:good", "end"]);
    let mut dropped = 0;
    for step in turn.record.steps.iter().filter_map(|step| step.run.as_ref()) {
        let note = step.logs_dropped > 0;
        assert_eq!(step.logs.len() + step.logs_dropped as usize, 180 + usize::from(note));
        if note {
            let words = format!("{} more lines were not kept", step.logs_dropped);
            assert!(step.logs.last().unwrap().message.starts_with(&words));
        }
        dropped += step.logs_dropped;
    }
    assert!(dropped > 500, "{dropped}");
}

#[test]
fn a_reply_without_room_ends_its_visit_by_error_and_the_call_goes_on() {
    let mut bench = bench(asking(1));
    bench.host.ready = (0..4).map(|_| record(json!({"x": "y".repeat(900_000)}))).collect();
    let turn = bench.enter();
    fits(&turn);
    assert_eq!(path(&turn), ["a:good", "b:error", "c:error", "bye", "z:error", "end"]);
    assert_eq!(attribute(&turn, "why"), json!("turn-full"));
    let failure = turn.record.steps[1].failure.as_ref().unwrap();
    assert_eq!(failure.kind, FailureKind::Limit);
    assert!(failure.message.contains("the reply of records.get"), "{}", failure.message);
    assert_eq!(turn.call.status.disposition(), Some("resolved"));
    // What was asked is known, and what became of it.
    assert_eq!(turn.record.entries.len(), 4);
}

#[test]
fn logs_of_earlier_visits_make_room_for_later_replies() {
    let mut bench = bench(asking(1).logging("work", 100, 8_000));
    bench.host.ready = (0..4).map(|_| record(json!({"x": "y".repeat(300_000)}))).collect();
    let turn = bench.enter();
    fits(&turn);
    assert_eq!(path(&turn)[..3], ["a:good", "b:good", "c:good"]);
}

#[test]
fn a_request_without_room_is_not_made() {
    let closures = Closures::default().with(
        "work",
        &["good"],
        |_: &Invocation<'_>, host: &mut dyn HostCalls| {
            let put = |bytes| {
                HostCall::RecordsPut(Put {
                    collection: "customers".into(),
                    key: "k".into(),
                    data: json!({"x": "x".repeat(bytes)}),
                    expect: Default::default(),
                })
            };
            match host.call(put(900_000)) {
                Some(_) => done("good", json!({})),
                None => RunResult::Suspended,
            }
        },
    );
    let mut bench = bench(closures);
    let denied = || Err(HostError::denied("not-granted", "no ".repeat(900_000)));
    bench.host.ready = (0..4).map(|_| denied()).collect();
    let turn = bench.enter();
    fits(&turn);
    assert_eq!(path(&turn)[..3], ["a:good", "b:error", "c:error"]);
    assert_eq!(bench.host.asked.len(), 1);
    let told = turn.record.entries[0].result.as_ref().unwrap_err();
    assert!(told.message.len() < 5_000 && told.message.ends_with("bytes cut)"));
}

#[test]
fn many_small_entries_count_as_a_large_one_does() {
    let mut bench = bench(asking(50_000));
    bench.host.ready = (0..200_000).map(|_| Ok(HostAnswer::RecordsGet(None))).collect();
    let turn = bench.enter();
    fits(&turn);
    assert_eq!(path(&turn), ["a:error", "b:error", "c:error", "bye", "z:error", "end"]);
}

#[test]
fn characters_that_json_escapes_count_as_what_they_become() {
    let mut bench = bench(asking(1));
    bench.host.ready = (0..4).map(|_| record(json!({"x": "\u{1}".repeat(180_000)}))).collect();
    let turn = bench.enter();
    fits(&turn);
    assert_eq!(path(&turn)[..3], ["a:good", "b:error", "c:error"]);
}

#[test]
fn a_turn_made_again_from_its_journal_lets_go_of_the_same() {
    let mut bench = bench(asking(2).logging("work", 120, 8_000));
    bench.host.ready = (0..8).map(|n| record(json!({"x": "y".repeat(150_000 + n)}))).collect();
    let before = bench.call.clone();
    let first = bench.enter();
    fits(&first);
    let mut again = Turn::begin(
        bench.release.clone(),
        bench.plugins.clone(),
        before,
        None,
        Event::Entered,
        first.record.at,
    )
    .unwrap()
    .over(first.record.entries.clone());
    let Progress::Finished(second) = again.run(&mut Replies::default()) else {
        panic!("it asks again: {:?}", again.waiting_for());
    };
    assert_eq!(second.record, first.record);
    assert_eq!(second.call, first.call);
}

#[test]
fn replies_too_many_to_be_kept_with_the_call_are_not_parked() {
    for (reply, parks) in [(300_000, true), (900_000, false)] {
        let mut bench = bench(asking(2));
        bench.host.ready = [record(json!({"x": "y".repeat(reply)}))].into();
        let mut turn = bench.begin(Event::Entered);
        assert!(matches!(turn.run(&mut bench.host), Progress::Waiting));
        assert_eq!(turn.can_park(), parks, "{reply}");
        match turn.park(None, 1_000) {
            Ok(parked) => fits(&parked),
            Err(mut turn) => {
                turn.expire_early();
                bench.host.ready = (0..9).map(|_| Ok(HostAnswer::RecordsGet(None))).collect();
                let Progress::Finished(turn) = turn.run(&mut bench.host) else { panic!() };
                fits(&turn);
                assert_eq!(path(&turn)[0], "a:error");
            }
        }
    }
}

/// A chain of nodes, each made from its number.
fn chain(count: usize, node: impl Fn(usize) -> String) -> String {
    let mut flow = String::from(
        "flow: main\nlocales: [en-US]\nattributes: {text: {type: string, default: abc}, list: any}\nstart: n0\nnodes:\n",
    );
    for n in 0..count {
        flow.push_str(&format!("  n{n}: {{{}, next: n{}}}\n", node(n), n + 1));
    }
    flow.push_str(&format!("  n{count}: {{end: {{disposition: resolved}}}}\n"));
    flow
}

fn walked(flow: &str) -> Finished {
    let mut bench =
        Bench::with(&[("dialgraph.yaml", PROJECT), ("main", flow), ("last", LAST)], asking(0));
    let turn = bench.enter();
    fits(&turn);
    turn
}

#[test]
fn prompts_of_a_whole_book_bring_the_caller_to_an_agent() {
    let words = "가".repeat(1_900);
    let turn = walked(&chain(600, |_| format!("say: {{en-US: '{words}'}}")));
    assert!(codes(&turn).contains(&Some("turn-full")));
    assert_eq!(heard(&turn).0.last(), Some(&"An agent will help you."));
    assert_eq!(heard(&turn).1, "queue");
    // The record of the call is written all the same.
    assert!(path(&turn).ends_with(&["z:good".to_owned(), "end".to_owned()]));
}

#[test]
fn attributes_set_again_and_again_are_left_out_of_the_steps() {
    let twice = |n: usize| match n {
        n if n < 13 => "set: {text: text + text}".to_owned(),
        _ => "set: {text: text}".to_owned(),
    };
    let turn = walked(&chain(200, twice));
    assert_eq!(turn.call.status.disposition(), Some("resolved"));
    assert_eq!(attribute(&turn, "text").as_str().unwrap().len(), 3 << 13);
    let set = |step: usize| turn.record.steps[step].set[0].1.as_str().unwrap().to_owned();
    assert_eq!(set(0), "abcabc");
    let left_out = format!("… ({} bytes)", (3 << 13) + 2);
    assert!((13..200).any(|step| set(step) == left_out));
    // However often it is needed, small ones stay.
    assert_eq!(set(5), "abc".repeat(64));
}

#[test]
fn a_value_put_into_itself_is_a_fault_before_it_is_too_deep_to_be_read() {
    let turn = walked(&chain(200, |_| "set: {list: '[list]'}".to_owned()));
    assert!(codes(&turn).contains(&Some("expression")), "{:?}", codes(&turn));
    let failure = turn.record.steps.iter().find_map(|step| step.failure.as_ref()).unwrap();
    assert_eq!(
        failure.message,
        "the value of `[list]`: it is nested more than 64 lists and maps deep"
    );
    assert_eq!(turn.call.status.disposition(), Some("failed"));
}

#[test]
fn a_call_that_begins_with_what_is_too_deep_does_not_begin() {
    let mut bench = bench(asking(0));
    let deep = (0..65).fold(json!(1), |inner, _| json!([inner]));
    bench.call.attributes.insert("list".into(), deep);
    let error = Turn::begin(
        bench.release.clone(),
        bench.plugins.clone(),
        bench.call.clone(),
        None,
        Event::Entered,
        NOW,
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "call call-1 cannot begin: attribute `list` is nested more than 64 levels deep"
    );
}

#[test]
fn a_reply_that_could_not_be_read_again_is_not_used() {
    let deep = |levels| (0..levels).fold(json!({"x": 1}), |inner, _| json!({"x": inner}));
    let passage = |score| {
        Ok(HostAnswer::KnowledgeSearch(vec![dialgraph_kernel::ports::knowledge::Passage {
            id: "p".into(),
            title: String::new(),
            text: String::new(),
            source: String::new(),
            score,
            extra: Vec::new(),
        }]))
    };
    for (reply, usable) in [
        (record(deep(100)), true),
        (record(deep(200)), false),
        (passage(0.5), true),
        (passage(f64::NAN), false),
        (passage(f64::INFINITY), false),
    ] {
        let mut bench = bench(asking(1));
        bench.host.ready =
            [reply.clone(), record(json!({})), record(json!({})), record(json!({}))].into();
        let turn = bench.enter();
        let kept = &turn.record.entries[0].result;
        assert_eq!(kept.is_ok(), usable);
        assert_eq!(
            kept.as_ref().err().map(|error| error.code.as_str()),
            (!usable).then_some("unusable-reply")
        );
        let text = serde_json::to_string(&turn.record).unwrap();
        if usable {
            // Deep records that were written before there was a limit are read by the store's own
            // reader.
            assert!(text.len() > 100);
        } else {
            let read: dialgraph_kernel::journal::TurnRecord = serde_json::from_str(&text).unwrap();
            assert_eq!(read, turn.record);
        }
    }
}

#[test]
fn a_turn_given_up_ends_its_call_and_says_so() {
    let mut bench = bench(asking(1));
    bench.host.ready = [record(json!({"x": "y".repeat(500_000)}))].into();
    let mut turn = bench.begin(Event::Entered);
    assert!(matches!(turn.run(&mut bench.host), Progress::Waiting));
    let mut parked = turn.park(None, 1_000).unwrap();
    parked.call.attributes.insert("why".into(), json!("z".repeat(3_000_000)));
    parked.give_up(&bench.release, "it is too large");
    fits(&parked);
    assert!(bytes(&parked) < 10_000);
    assert_eq!(parked.call.status.disposition(), Some(UNSAVED));
    assert!(
        matches!(&parked.record.directives.then, Then::Queue(queue) if &*queue.name == "general")
    );
    let failure = parked.record.steps.last().unwrap().failure.as_ref().unwrap();
    assert_eq!(failure.code, "turn-unsaved");
    assert!(failure.message.ends_with("it is too large"));

    // A call that had come to its end keeps it.
    let mut bench = self::bench(asking(0));
    let mut ended = bench.enter();
    ended.give_up(&bench.release, "it is too large");
    assert!(
        matches!(&ended.call.status, Status::Ended { disposition, .. } if &**disposition == "resolved")
    );
}

#[test]
fn a_note_larger_than_the_lines_it_stands_for_is_not_written() {
    let mut flow = String::from("flow: main\nlocales: [en-US]\nstart: n0\nnodes:\n");
    for n in 0..4_000 {
        let next = n + 1;
        flow.push_str(&format!("  n{n}: {{use: work, on: {{good: n{next}, error: n{next}}}}}\n"));
    }
    flow.push_str("  n4000: {end: {disposition: resolved}}\n");
    let files = [("dialgraph.yaml", PROJECT), ("main", flow.as_str()), ("last", LAST)];
    let turn = Bench::with(&files, asking(0).logging("work", 1, 5)).enter();
    fits(&turn);
    let runs = turn.record.steps.iter().filter_map(|step| step.run.as_ref());
    assert!(runs.clone().count() > 1_000);
    assert!(runs.clone().all(|run| run.logs_dropped == 0 && run.logs.len() == 1));
}

#[test]
fn no_line_goes_for_a_reply_that_has_no_room_anyhow() {
    let mut bench = bench(asking(1).logging("work", 25, 8_000));
    bench.host.ready = (0..4).map(|_| record(json!({"x": "y".repeat(1_420_000)}))).collect();
    let turn = bench.enter();
    fits(&turn);
    assert_eq!(codes(&turn)[..3], [Some("turn-full"); 3]);
    let runs = turn.record.steps.iter().filter_map(|step| step.run.as_ref());
    assert!(runs.clone().all(|run| run.logs_dropped == 0 && run.logs.len() == 25));
}

#[test]
fn what_was_asked_under_other_bounds_stays_answered() {
    let closures = Closures::default().with(
        "work",
        &["good"],
        |_: &Invocation<'_>, host: &mut dyn HostCalls| match host.call(get("k".repeat(5_000))) {
            Some(Ok(_)) => done("good", json!({})),
            Some(Err(error)) => RunResult::Failed(Failure {
                kind: FailureKind::Other,
                code: error.code,
                message: error.message,
                backtrace: Vec::new(),
            }),
            None => RunResult::Suspended,
        },
    );
    let mut bench = bench(closures);
    let before = bench.call.clone();
    let refused = bench.enter();
    assert!(bench.host.asked.is_empty());
    assert_eq!(codes(&refused)[0], Some("too-long"));

    let entries = refused.record.steps.iter().filter(|step| step.run.is_some()).map(|step| Entry {
        visit: step.visit,
        n: 0,
        call: get("k".repeat(5_000)),
        result: Ok(HostAnswer::RecordsGet(None)),
    });
    let (release, plugins) = (bench.release.clone(), bench.plugins.clone());
    let again = Turn::begin(release, plugins, before, None, Event::Entered, NOW).unwrap();
    let Progress::Finished(again) = again.over(entries).run(&mut Replies::default()) else {
        panic!("it asks again");
    };
    assert_eq!(path(&again)[..3], ["a:good", "b:good", "c:good"]);
}

#[test]
fn a_prompt_too_large_for_what_was_kept_for_it_is_not_said_while_a_reply_is_awaited() {
    for (words, said) in [(1_000, 1), (1_500_000, 0)] {
        let mut bench = bench(asking(1));
        let mut turn = bench.begin(Event::Entered);
        assert!(matches!(turn.run(&mut bench.host), Progress::Waiting));
        let comfort = Speech::new("x".repeat(words), false);
        let parked = turn.park(Some(comfort), 1_000).unwrap();
        fits(&parked);
        assert_eq!(parked.record.directives.say.len(), said);
    }
}
