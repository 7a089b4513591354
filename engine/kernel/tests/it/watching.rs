//! What a host is told of the walk.

use serde_json::json;

use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::Step;
use dialgraph_kernel::plugin::{HostCalls, Invocation, RunResult};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostResult, SecretName};
use dialgraph_kernel::provider::Caller;
use dialgraph_kernel::turn::{Progress, TurnHost};

use crate::support::{Bench, Closures, done, path};

const MAIN: &str = "
flow: main
locales: [en-US]
start: hello
nodes:
  hello: {say: {en-US: Hello.}, next: sub}
  sub: {call: sub, on: {back: work}}
  work: {use: work, on: {good: bye, error: bye}}
  bye: {end: {disposition: good}}
";
const SUB: &str = "
flow: sub
locales: [en-US]
returns: {back: {}}
start: out
nodes:
  out: {end: {return: back}}
";

/// Notes what it is told, and misses the first reply it is asked for.
#[derive(Default)]
struct Watcher {
    told: Vec<String>,
    asked: u32,
}

impl TurnHost for Watcher {
    fn call(&mut self, _: &Caller, _: &HostCall) -> Option<HostResult> {
        self.told.push("asked".into());
        self.asked += 1;
        (self.asked > 1).then(|| Ok(HostAnswer::SecretsOpen))
    }

    fn step_begins(&mut self, step: &Step) {
        self.told.push(format!("{} {} begins", step.kind, step.at));
    }

    fn step_ends(&mut self, step: &Step) {
        let port = step.port.as_deref().unwrap_or("-");
        self.told.push(format!("{} {} ends by {port}", step.kind, step.at));
    }
}

fn asking() -> Closures {
    Closures::default().with("work", &["good"], |_: &Invocation<'_>, host: &mut dyn HostCalls| {
        match host.call(HostCall::SecretsOpen(SecretName { name: "key".into() })) {
            None => RunResult::Suspended,
            Some(_) => done("good", json!({})),
        }
    })
}

#[test]
fn each_step_is_told_once_though_its_run_is_made_again() {
    let bench = Bench::with(&[("main", MAIN), ("sub", SUB)], asking());
    let mut watcher = Watcher::default();
    let mut turn = bench.begin(Event::Entered);
    assert!(matches!(turn.run(&mut watcher), Progress::Waiting));
    let Progress::Finished(finished) = turn.run(&mut watcher) else { panic!("it waits again") };
    assert_eq!(
        watcher.told,
        [
            "say main/hello begins",
            "say main/hello ends by -",
            "call main/sub begins",
            "call main/sub ends by -",
            "end sub/out begins",
            "end sub/out ends by back",
            "call main/sub begins",
            "call main/sub ends by back",
            "use main/work begins",
            "asked",
            "asked",
            "use main/work ends by good",
            "end main/bye begins",
            "end main/bye ends by -",
        ]
    );
    let ends = watcher.told.iter().filter(|told| told.contains("ends")).count();
    assert_eq!(ends, path(&finished).len());
}

#[test]
fn the_last_step_of_a_parked_turn_is_left_to_whoever_parks_it() {
    let bench = Bench::with(&[("main", MAIN), ("sub", SUB)], asking());
    let mut watcher = Watcher::default();
    let mut turn = bench.begin(Event::Entered);
    assert!(matches!(turn.run(&mut watcher), Progress::Waiting));
    let parked = turn.park(None, 100).unwrap();
    assert_eq!(watcher.told.last().unwrap(), "asked");
    assert_eq!(parked.record.steps.last().unwrap().at.to_string(), "main/work");
}
