//! Calls through everything that is deployed: the bridge flow, the Lambda function's binary, and `dialgraph serve`.
//!
//! An engine that is a process of its own has the machine's clock and no mocks. So each script's caller acts at this
//! very time of day, once in the simulator and once on the line, and both must go the same way to the same end.

#![allow(clippy::expect_used, reason = "a test may panic, its helpers too")]

mod connect;

use std::path::Path;
use std::sync::{Arc, Mutex};

use dialgraph_kernel::call::{CallId, Status};
use dialgraph_kernel::ports::Timestamp;
use dialgraph_simulator::script::Script;
use dialgraph_simulator::session::{Action, Session, Setup};
use serde_json::Value;

use connect::double::{Double, Report, Stand};
use connect::lab::{bridge, folder, lab, queue_arn, scripts};
use connect::live::{Process, Server};

/// The script's caller at this time of day, under `id`; what the script itself says of time is left out.
fn setup(script: &Script, id: &str) -> Setup {
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
    let actions = script.steps.iter().filter_map(|step| step.value.action());
    actions.map(|action| action.expect("the script is one")).collect()
}

/// Acts until the caller is gone, or can no longer do what the script has them do; tells how many actions came about.
fn act(session: &mut Session, actions: &[Action]) -> usize {
    session.start().expect("the call begins");
    actions.iter().take_while(|action| session.act(action).is_ok()).count()
}

/// Whether the way of a call depends on what a real engine cannot be made to do, or on calls before it.
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
        let mut direct = Session::new(lab(), setup.clone());
        let acted = act(&mut direct, &actions);

        let flow = bridge(&setup).flow().expect("there is a bridge for the shipped project");
        let (double, seen) = Double::new(&flow, &setup, Box::new(function.clone()));
        let mut live = Session::new(lab(), setup).on(Box::new(double));
        let acted_live = act(&mut live, &actions);
        let seen = report(seen);

        let shown = server.call(&id);
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
    assert!(compared >= 30, "only {compared} scripts need neither mocks nor another time");
    assert!(differing.is_empty(), "{} of {compared}\n{}", differing.len(), differing.join("\n"));
}

fn stands(status: &Status, stand: &Stand) -> bool {
    match (status, stand) {
        (Status::Handed { queue: Some(queue), .. }, Stand::Queued(arn)) => *arn == queue_arn(queue),
        (Status::Handed { queue: Some(wanted), .. }, Stand::CallBack { queue, .. }) => {
            *queue == queue_arn(wanted)
        }
        (Status::Handed { queue: None, .. }, Stand::Transferred(_)) => true,
        (
            Status::Ended { .. },
            Stand::Disconnected | Stand::HungUp | Stand::Queued(_) | Stand::CallBack { .. },
        ) => true,
        (Status::Active, Stand::Asked(_)) => true,
        _ => false,
    }
}

#[test]
fn a_caller_whose_engine_is_killed_in_mid_call_reaches_a_person() {
    let mut server = Server::start();
    let function = Process::start(server.address);
    let path = folder().join("calls/scenarios/an_msp_customer_reports_an_outage.call.yaml");
    let script =
        Script::parse(&std::fs::read_to_string(path).expect("it can be read")).expect("a script");
    let setup = Setup { id: CallId("contact-1".into()), ..setup(&script, "contact-1") };
    let flow = bridge(&setup).flow().expect("there is a bridge for the shipped project");
    let (double, seen) = Double::new(&flow, &setup, Box::new(function));
    let mut live = Session::new(lab(), setup).on(Box::new(double));
    live.start().expect("the call begins");
    assert!(matches!(report(seen.clone()).stand, Stand::Asked(_)));
    server.kill();
    live.act(&Action::Presses("1".to_owned())).expect("Connect takes the key");
    let seen = report(seen);
    assert_eq!(seen.stand, Stand::Queued(queue_arn("general")));
    let last = seen.heard.last().map(String::as_str).unwrap_or_default();
    assert!(last.contains("상담원") || last.contains("agent"), "heard last: {last}");
}
