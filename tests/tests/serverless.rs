//! Calls through the function that has the engine within: bridge flow, the real binary, and a store
//! that outlives it.
//!
//! As with the engine that is a server of its own, each script's caller acts at this very time of
//! day, once in the simulator and once on the line.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic, its helpers too")]

mod connect;

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use dialgraph_base::{CallId, Timestamp};
use dialgraph_runtime::Calls;
use dialgraph_simulator::script::Script;
use dialgraph_simulator::session::{Action, Session};
use dialgraph_store::{SledOptions, SledStore, UnixMillis};

use connect::double::{Double, Report};
use connect::fixture::{bridge, fixture, folder, stands};
use connect::live::Process;

#[expect(clippy::disallowed_methods, reason = "both ways are taken at this time of day")]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// A few kinds of calls; all of them go through the same code with a server (`connect_live`).
const SCRIPTS: [&str; 4] = [
    "scenarios/an_msp_customer_reports_an_outage",
    "chat/a_general_customer_asks_on_chat",
    "scenarios/an_english_speaking_msp_customer_reports_an_outage",
    "scenarios/a_customer_calls_after_hours",
];

fn act(session: &mut Session, actions: &[Action]) -> usize {
    session.start().expect("the call begins");
    actions.iter().take_while(|action| session.act(action).is_ok()).count()
}

fn read(report: &Arc<Mutex<Report>>) -> Report {
    report.lock().unwrap().clone()
}

#[test]
fn calls_go_the_same_way_with_the_engine_within_the_function() {
    let store = tempfile::tempdir().unwrap();
    let shown = |path: &str| store.path().join(path).display().to_string();
    let function = Process::of(
        "dialgraph-serverless",
        [
            ("DIALGRAPH_FALLBACK_QUEUE", "general".to_owned()),
            ("DIALGRAPH_STORE__BACKEND", "sled".to_owned()),
            ("DIALGRAPH_STORE__FOLDER", shown("store")),
            (
                "DIALGRAPH_PROJECT__FOLDER",
                folder().join("../flows/support-desk").display().to_string(),
            ),
            ("DIALGRAPH_PLUGINS__CACHE", shown("cache")),
            ("DIALGRAPH_BUDGET_MS", "7500".to_owned()),
        ],
    );
    // Its first start compiles the plugins; callers meanwhile go to people.
    let start = serde_json::json!({"source": "aws.events", "detail-type": "Scheduled Event"});
    for _ in 0..60 {
        let round = function.end(function.begin(&start));
        if round.is_some_and(|round| round.get("open_calls").is_some()) {
            break;
        }
    }
    let mut ends = Vec::new();
    for (number, name) in SCRIPTS.iter().enumerate() {
        let path = folder().join(format!("calls/{name}.call.yaml"));
        let script = Script::parse(&std::fs::read_to_string(path).unwrap()).expect("a script");
        let id = format!("contact-{number}");
        let (mut setup, _) = script.setup(&id).expect("the script is one");
        setup.at = Timestamp(now());
        let actions: Vec<Action> = script
            .steps
            .iter()
            .filter_map(|step| step.action())
            .map(|action| action.expect("the script is one"))
            .collect();
        let mut direct = Session::new(fixture(), setup.clone());
        let acted = act(&mut direct, &actions);
        let flow = bridge(&setup).flow().expect("there is a bridge for the shipped project");
        let (double, seen) = Double::new(&flow, &setup, Box::new(function.clone()));
        let mut live = Session::new(fixture(), setup).on(Box::new(double));
        assert_eq!(act(&mut live, &actions), acted, "{name}");
        let seen = read(&seen);
        let call = direct.call().expect("it began");
        assert!(stands(&call.status, &seen.stand), "{name}: stands at {:?}", seen.stand);
        assert!(!seen.heard.is_empty(), "{name}");
        let path: Vec<String> = call.path.iter().map(ToString::to_string).collect();
        ends.push((name, id, path));
    }
    // The round waits for the `after` flows of calls that are over.
    let round = function.end(function.begin(&start));
    assert!(round.is_some_and(|round| round.get("error").is_none()));
    drop(function);

    // What it stored is all there for another process.
    let clock = Arc::new(|| UnixMillis(now()));
    let store = SledStore::open(store.path().join("store"), clock, &SledOptions::default());
    let calls = Calls::new(Arc::new(store.expect("the function has let go of it")));
    for (name, id, path) in ends {
        let loaded = futures::executor::block_on(calls.load(&CallId(id.as_str().into()))).unwrap();
        let call = loaded.expect("the call was stored").call;
        let stored: Vec<String> = call.path.iter().map(ToString::to_string).collect();
        assert_eq!(stored, path, "{name}");
    }
}
