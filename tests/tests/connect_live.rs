//! Calls through everything that is deployed: the bridge flow, the Lambda function's binary, and
//! `dialgraph serve`.
//!
//! An engine that is a process of its own has the machine's clock and no mocks. So each script's
//! caller acts at this very time of day, once in the simulator and once on the line, and both must
//! go the same way to the same end.

#![allow(clippy::expect_used, clippy::panic, reason = "a test may panic, its helpers too")]

mod connect;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dialgraph_base::{CallId, Timestamp};
use dialgraph_flow::Project;
use dialgraph_flow::check::{Plugins, check};
use dialgraph_simulator::script::Script;
use dialgraph_simulator::session::{Action, CallSetup, Session};
use serde_json::Value;

use connect::double::{Double, Report, Stand};
use connect::fixture::{bridge, bridge_of, fixture, flow_arn, folder, queue_arn, scripts, stands};
use connect::live::{Process, Server};

/// The script's caller at this time of day, under `id`; what the script itself says of time is left
/// out.
fn setup(script: &Script, id: &str) -> CallSetup {
    let (mut setup, _) = script.setup(id).expect("the script is one");
    setup.at = now();
    setup
}

#[expect(clippy::disallowed_methods, reason = "both ways are taken at this time of day")]
fn now() -> Timestamp {
    let since =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or_default())
}

fn actions(script: &Script) -> Vec<Action> {
    let actions = script.steps.iter().filter_map(|step| step.action());
    actions.map(|action| action.expect("the script is one")).collect()
}

/// Acts until the caller is gone, or can no longer do what the script has them do; tells how many
/// actions came about.
fn act(session: &mut Session, actions: &[Action]) -> usize {
    session.start().expect("the call begins");
    actions.iter().take_while(|action| session.act(action).is_ok()).count()
}

/// Whether the way of a call depends on what a real engine cannot be made to do, or on calls before
/// it.
fn runs_live(path: &Path, script: &Script) -> bool {
    let text = path.to_string_lossy();
    let plain = script.mocks.is_empty() && script.records.is_empty();
    plain
        && !text.contains("hang_ups")
        && actions(script)
            .iter()
            .all(|action| !matches!(action, Action::Clock { .. } | Action::Waits { .. }))
}

fn report(report: Arc<Mutex<Report>>) -> Report {
    report.lock().map(|report| report.clone()).unwrap_or_default()
}

/// The call, when its `after` flow has run if it is over: nobody waits for that.
fn over(server: &Server, id: &str) -> Value {
    loop {
        let shown = server.call(id);
        let call = &shown["call"];
        if call["status"] != "ended" || call["contact"]["after"] != "due" {
            return shown;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn scripts_go_the_same_way_through_everything_that_is_deployed() {
    let server = Server::start();
    let function = Process::start(server.address);
    let mut compared = 0;
    let mut differing = Vec::new();
    for (number, path) in scripts().iter().enumerate() {
        let script = Script::parse(&std::fs::read_to_string(path).expect("it can be read"))
            .expect("a script");
        if !runs_live(path, &script) {
            continue;
        }
        compared += 1;
        let name = path.strip_prefix(folder()).unwrap_or(path).display().to_string();
        let id = format!("contact-{number}");
        let setup = setup(&script, &id);
        let actions = actions(&script);
        let mut direct = Session::new(fixture(), setup.clone());
        let acted = act(&mut direct, &actions);

        let flow = bridge(&setup).flow().expect("there is a bridge for the shipped project");
        let (double, seen) = Double::new(&flow, &setup, Box::new(function.clone()));
        let mut live = Session::new(fixture(), setup).on(Box::new(double));
        let acted_live = act(&mut live, &actions);
        let seen = report(seen);

        let shown = over(&server, &id);
        let path: Vec<String> =
            direct.call().expect("it began").path.iter().map(ToString::to_string).collect();
        let live_path: Vec<&str> =
            shown["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if path != live_path {
            differing.push(format!("{name}:\n  simulator: {path:?}\n  live:      {live_path:?}"));
        } else if acted != acted_live {
            differing.push(format!(
                "{name}: {acted} actions in the simulator, {acted_live} on the line"
            ));
        } else if !stands(&direct.call().expect("it began").status, &seen.stand) {
            differing.push(format!("{name}: stands at {:?}", seen.stand));
        } else if seen.heard.is_empty() {
            differing.push(format!("{name}: nothing was heard"));
        }
    }
    assert!(compared >= 98, "only {compared} scripts need neither mocks nor another time");
    assert!(differing.is_empty(), "{} of {compared}\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn a_caller_whose_engine_is_killed_in_mid_call_reaches_a_person() {
    let mut server = Server::start();
    let function = Process::start(server.address);
    let path = folder().join("calls/scenarios/an_msp_customer_reports_an_outage.call.yaml");
    let script =
        Script::parse(&std::fs::read_to_string(path).expect("it can be read")).expect("a script");
    let setup = CallSetup { id: CallId("contact-1".into()), ..setup(&script, "contact-1") };
    let flow = bridge(&setup).flow().expect("there is a bridge for the shipped project");
    let (double, seen) = Double::new(&flow, &setup, Box::new(function));
    let mut live = Session::new(fixture(), setup).on(Box::new(double));
    live.start().expect("the call begins");
    assert!(matches!(report(seen.clone()).stand, Stand::Asked(_)));
    server.kill();
    live.act(&Action::Presses("1".to_owned())).expect("Connect takes the key");
    let seen = report(seen);
    assert_eq!(seen.stand, Stand::Queued(queue_arn("general")));
    let last = seen.heard.last().map(String::as_str).unwrap_or_default();
    assert!(last.contains("상담원") || last.contains("agent"), "heard last: {last}");
}

/// A flow whose caller may choose a contact flow that is there, and one that is not.
const FRONT: &str = r#"
flow: front
summary: Sends callers to a survey.
locales: [en-US]
start: ask
nodes:
  ask:
    ask: {prompt: {en-US: 'Press 1 for our survey.'}, menu: {"1": survey, "2": nowhere, "0": people}}
    on: {survey: survey, nowhere: nowhere, people: people, no_input: people, no_match: people}
  survey: {transfer: {number: '"connect-flow:survey"'}, on: {error: sorry}}
  nowhere: {transfer: {number: '"connect-flow:nowhere"'}, on: {error: sorry}}
  sorry: {say: {en-US: 'That does not work now.'}, next: people}
  people: {queue: {to: general}, on: {error: bye}}
  bye: {end: {disposition: nobody}}
"#;

/// A caller who does nothing by a script.
const SOMEBODY: &str = "call: Somebody calls\nat: 2026-11-20T10:00:00+09:00\nfrom: '+82-10-0000-0101'\nsteps:\n  - hears: Hello\n";

/// A project of one flow and one queue.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder.path())).expect("a folder");
        std::fs::write(path, text).expect("room for a file");
    };
    write("front.flow.yaml", FRONT);
    write("data/queues.yaml", "general: {title: {en-US: General}, priority: 1}\n");
    write("dialgraph.yaml", "entry: front\nlocales: [en-US]\nfallback: {queue: general}\n");
    folder
}

/// A contact flow that asks nothing and sends callers back.
fn survey() -> Value {
    serde_json::json!({
        "Version": "2019-10-30",
        "StartAction": "words",
        "Metadata": {
            "entryPointPosition": {"x": 0, "y": 0},
            "ActionMetadata": {
                "words": {"position": {"x": 200, "y": 0}},
                "back": {"position": {"x": 400, "y": 0}},
                "bye": {"position": {"x": 600, "y": 0}},
            },
        },
        "Actions": [
            {"Identifier": "words", "Type": "MessageParticipant", "Parameters": {"Text": "Thank you for your time."},
             "Transitions": {"NextAction": "back", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "back"}]}},
            {"Identifier": "back", "Type": "TransferToFlow", "Parameters": {"ContactFlowId": flow_arn("bridge")},
             "Transitions": {"NextAction": "bye", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "bye"}]}},
            {"Identifier": "bye", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}},
        ],
    })
}

#[test]
fn a_caller_who_was_sent_to_another_contact_flow_comes_back_to_a_new_call() {
    let folder = project();
    let checked = check(&Project::load(folder.path()).expect("a project"), &Plugins::new());
    let release = checked.into_release().unwrap_or_else(|report| panic!("{report}"));
    let server = Server::of(folder.path());
    let function = Process::start(server.address);
    let script = Script::parse(SOMEBODY).expect("a script");
    let call = |id: &str, has_survey: bool, keys: &[&str]| {
        let setup = CallSetup { id: CallId(id.into()), ..setup(&script, id) };
        let flow = bridge_of(&release, &setup).flow().expect("there is a bridge for this project");
        let (mut double, seen) = Double::new(&flow, &setup, Box::new(function.clone()));
        double = double.with_flow(&flow_arn("bridge"), &flow);
        if has_survey {
            double = double.with_flow(&flow_arn("survey"), &survey());
        }
        let mut live = Session::new(fixture(), setup).on(Box::new(double));
        live.start().expect("the call begins");
        for key in keys {
            live.act(&Action::Presses((*key).to_owned())).expect("Connect takes the key");
        }
        report(seen)
    };
    let people = Stand::Queued(queue_arn("general"));
    let question = "Press 1 for our survey.";
    let disposition = |id: &str| server.call(id)["call"]["disposition"].clone();

    let seen = call("contact-1", true, &["1", "1", "0"]);
    let thanks = "Thank you for your time.";
    assert_eq!(seen.heard, [question, thanks, question, thanks, question]);
    assert_eq!(seen.stand, people);
    for (id, wanted) in
        [("contact-1", "transferred"), ("contact-1.2", "transferred"), ("contact-1.3", "queued")]
    {
        assert_eq!(disposition(id), wanted, "{id}");
    }

    // The contact flow is not there, or the bridge flow knows none of that name.
    for (id, has_survey, key) in [("contact-2", false, "1"), ("contact-3", true, "2")] {
        let seen = call(id, has_survey, &[key]);
        assert_eq!(seen.heard, [question, "That does not work now."], "{id}");
        assert_eq!((seen.stand, disposition(id)), (people.clone(), "queued".into()), "{id}");
    }
}
