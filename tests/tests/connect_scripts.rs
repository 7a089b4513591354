//! Every call script through Amazon Connect's side: the bridge flow, the Lambda event, the answer.

#![allow(clippy::expect_used, reason = "a test may panic, its helpers too")]

mod connect;

use std::path::Path;
use std::sync::{Arc, Mutex};

use dialgraph_flow::template::ssml_as_text;
use dialgraph_kernel::directive::Then;
use dialgraph_simulator::run::{run, run_on};
use dialgraph_simulator::script::Script;

use connect::double::{Double, Report, Stand};
use connect::fixture::{bridge, bridge_of, fixture, fixture_of, folder, queue_arn, scripts};
use connect::lambda::{InProcess, Lambda};
use connect::scripted::Scripted;
use connect::served::Served;

/// Scripts that Connect's side cannot run as they stand, and why.
const NOT_THROUGH_CONNECT: &[(&str, &str)] = &[(
    "contact/nothing_is_heard_of_the_contact.call.yaml",
    "Connect cannot report that it no longer reports anything",
)];

fn name(path: &Path) -> String {
    let calls = folder().join("calls");
    path.strip_prefix(calls).expect("a script of ours").display().to_string()
}

fn read(path: &Path) -> Script {
    let text = std::fs::read_to_string(path).expect("the script can be read");
    Script::parse(&text).expect("the script is one")
}

/// Runs a script through Connect; what came of it, on the caller's side too.
fn through_connect(
    script: &Script,
    lambda: impl Lambda + 'static,
) -> (dialgraph_simulator::run::ScriptOutcome, Report) {
    let (setup, _) = script.setup("call-1").expect("the script is one");
    let flow = bridge(&setup).flow().expect("there is a bridge for the shipped project");
    let (double, report) = Double::new(&flow, &setup, Box::new(lambda));
    let outcome = run_on(fixture(), script, Some(Box::new(double)));
    let report = Arc::into_inner(report).map_or_else(Report::default, |report: Mutex<Report>| {
        report.into_inner().expect("no test panicked with it")
    });
    (outcome, report)
}

/// A transcript without the channel's own words for what it could not do: Connect has fewer of them
/// than a script.
fn comparable(transcript: &str) -> String {
    let lines = transcript.lines().map(|line| {
        let failure = ["> (the channel fails: ", "directive-failed: "]
            .iter()
            .find_map(|mark| line.find(mark).map(|at| at + mark.len()));
        failure.map_or(line, |end| &line[..end])
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Words without marks and spaces, since several sentences may be played as one.
fn letters<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    texts.into_iter().flat_map(str::chars).filter(|c| !c.is_whitespace()).collect()
}

/// That the caller heard all that the engine said, and stands where the engine sent them.
fn check(report: &Report) -> Result<(), String> {
    let said: Vec<String> = report
        .turns
        .iter()
        .flat_map(|turn| &turn.directives.say)
        .map(|speech| if speech.ssml { ssml_as_text(&speech.text) } else { speech.text.clone() })
        .collect();
    let said = letters(said.iter().map(String::as_str));
    let heard = letters(report.heard.iter().map(String::as_str));
    if said != heard {
        return Err(format!("said:  {said}\nheard: {heard}"));
    }
    let last = report.turns.last().map(|turn| &turn.directives.then);
    let fits = match (&report.stand, last) {
        (Stand::Asked(_), Some(Then::Ask(_))) => true,
        (Stand::Queued(arn), Some(Then::Queue(queue))) => *arn == queue_arn(&queue.name),
        (Stand::CallBack { queue, number }, Some(Then::Callback { queue: wanted, number: to })) => {
            *queue == queue_arn(&wanted.name) && number == to
        }
        (Stand::Transferred(number), Some(Then::Transfer { number: to, within_ms: None })) => {
            number == to
        }
        (Stand::Ringing(number), Some(Then::Transfer { number: to, within_ms: Some(_) })) => {
            number == to
        }
        (Stand::Disconnected | Stand::HungUp, Some(Then::HangUp)) => true,
        // Whoever hangs up in a queue has left the flow already.
        (Stand::Queued(_) | Stand::CallBack { .. }, Some(Then::HangUp)) => true,
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("stands at {:?}, sent to {last:?}", report.stand)) }
}

/// Runs all scripts both ways, and tells what differs.
fn compare<L: Lambda + 'static>(lambda: impl Fn() -> L) {
    let scripts = scripts();
    assert!(scripts.len() > 100, "only {} scripts were found", scripts.len());
    let mut differing = Vec::new();
    for path in &scripts {
        let name = name(path);
        if NOT_THROUGH_CONNECT.iter().any(|(script, _)| *script == name) {
            continue;
        }
        let script = read(path);
        let direct = run(fixture(), &script);
        assert_eq!(direct.faults, [], "{name} fails in the simulator already");
        let (outcome, report) = through_connect(&script, lambda());
        for fault in &outcome.faults {
            differing.push(format!("{name}:{}: {}", fault.line, fault.message));
        }
        let (direct, through) = (comparable(&direct.transcript), comparable(&outcome.transcript));
        if direct != through {
            let lines = direct.lines().zip(through.lines());
            let first = lines.filter(|(direct, through)| direct != through).take(3);
            for (direct, through) in first {
                differing.push(format!("{name}:\n  simulator: {direct}\n  connect:   {through}"));
            }
            let (direct, through) = (direct.lines().count(), through.lines().count());
            if direct != through {
                differing.push(format!(
                    "{name}: {direct} lines in the simulator, {through} through Connect"
                ));
            }
        }
        if let Err(problem) = check(&report) {
            differing.push(format!("{name}: {problem}"));
        }
    }
    assert!(differing.is_empty(), "{} differences\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn every_script_goes_through_connect_as_it_does_in_the_simulator() {
    // Every event is delivered twice, as Connect and the bridge do when an answer gets lost.
    compare(|| InProcess { deliveries: 2, ..InProcess::default() });
}

#[test]
fn every_script_goes_through_the_binary_of_the_lambda_function_as_well() {
    let mut scripted = Scripted::start();
    scripted.lose_every = 7;
    let scripted = Arc::new(Mutex::new(scripted));
    compare(|| scripted.clone());
    let lost = scripted.lock().expect("no test panicked with it").lost;
    assert!(lost > 10, "only {lost} answers were lost");
}

#[test]
fn every_script_goes_through_the_binary_of_the_function_and_a_whole_server_as_well() {
    compare(Served::default);
}

#[test]
fn the_list_of_scripts_that_connect_cannot_run_names_only_scripts() {
    let names: Vec<String> = scripts().iter().map(|path| name(path)).collect();
    for (script, reason) in NOT_THROUGH_CONNECT {
        assert!(names.iter().any(|name| name == script), "{script}");
        assert!(!reason.is_empty());
    }
}

#[test]
fn with_the_engine_or_the_lambda_dead_from_any_moment_the_caller_reaches_a_person() {
    let path = folder().join("calls/scenarios/an_msp_customer_reports_an_outage.call.yaml");
    let script = read(&path);
    let (_, whole) = through_connect(&script, InProcess::default());
    let invocations = whole.actions.iter().filter(|id| id.starts_with("Tell ")).count();
    assert!(invocations > 3);
    for first in (0..invocations).map(|first| u32::try_from(first).ok()) {
        let dead = InProcess { dead_from: first, ..InProcess::default() };
        let fails = InProcess { fails_from: first, ..InProcess::default() };
        for lambda in [dead, fails] {
            let what = format!("{lambda:?}");
            let (_, report) = through_connect(&script, lambda);
            let general = Stand::Queued(queue_arn(&fixture().release.fallback.queue.name));
            assert_eq!(report.stand, general, "{what}");
            let last = report.heard.last().map(String::as_str).unwrap_or_default();
            assert!(
                last.contains("상담원") || last.contains("agent"),
                "{what}: heard last: {last}"
            );
        }
    }
}

/// A project whose caller pays while the call waits; with `stop`, they may break off.
fn payments(stop: &str, stopped: &str) -> tempfile::TempDir {
    let project = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = project.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write(
        "dialgraph.yaml",
        "entry: pay\nfallback: {queue: general}\nlocales: [ko-KR, en-US]\nhooks: {payment: {}}\n",
    );
    write("data/queues.yaml", "general: {title: {ko-KR: 일반, en-US: General}, priority: 3}\n");
    let flow = format!(
        "flow: pay
locales: [ko-KR, en-US]
attributes: {{paid: any}}
start: address
nodes:
  address: {{hook: payment, next: ready}}
  ready:
    ask: {{prompt: {{ko-KR: 준비되셨나요?, en-US: Ready?}}, menu: {{1: yes}}}}
    on: {{yes: wait, no_input: bye, no_match: bye}}
  wait:
    await:
      hook: payment
      within: 30s
      say: {{ko-KR: 결제해 주세요., en-US: Please pay.}}
      meanwhile: {{ko-KR: 기다리고 있습니다., en-US: I am waiting.}}
{stop}    save: {{paid: output.value}}
    on: {{arrived: thanks, timeout: late, error: bye{stopped}}}
  thanks: {{end: {{disposition: paid, say: {{ko-KR: 감사합니다., en-US: Thank you.}}}}}}
  late: {{end: {{disposition: unpaid}}}}
  bye: {{end: {{disposition: bye}}}}
"
    );
    write("pay.flow.yaml", &flow);
    project
}

#[test]
fn the_bridge_carries_a_wait_for_somebody_outside_as_the_simulator_does() {
    let waits = fixture_of(payments("", "").path());
    let stop = "      stop: {key: '0', phrases: {ko-KR: [그만할래요], en-US: [stop waiting]}}\n";
    let stops = fixture_of(payments(stop, ", stopped: bye").path());
    let paid = "  - outside: {hook: payment, with: {amount: 1}}\n";
    let cases = [
        // Nothing comes: the bridge comes back until the time is over.
        (&waits, "voice", "  - presses: 1\n  - hears: 기다리고\n  - ends: unpaid\n".to_owned()),
        (&waits, "chat", "  - says: \"1\"\n  - ends: unpaid\n".to_owned()),
        // It comes before the wait.
        (&waits, "voice", format!("{paid}  - presses: 1\n  - ends: paid\n")),
        (&waits, "chat", format!("{paid}  - says: \"1\"\n  - ends: paid\n")),
        // It comes during the wait.
        (&stops, "voice", format!("  - presses: 1\n  - silent: true\n{paid}  - ends: paid\n")),
        (&stops, "chat", format!("  - says: \"1\"\n{paid}  - says: 여보세요\n  - ends: paid\n")),
        // The customer writes nothing until the time is over.
        (&stops, "chat", "  - says: \"1\"\n  - silent: true\n  - ends: unpaid\n".to_owned()),
        // The caller breaks off.
        (&stops, "voice", "  - presses: 1\n  - presses: 0\n  - ends: bye\n".to_owned()),
        (&stops, "voice", "  - presses: 1\n  - says: 그만할래요\n  - ends: bye\n".to_owned()),
        (&stops, "chat", "  - says: \"1\"\n  - says: 그만할래요\n  - ends: bye\n".to_owned()),
    ];
    for (fixture, channel, steps) in cases {
        let text = format!(
            "call: x\nat: 2026-11-20T10:00:00+09:00\nlocale: ko-KR\nchannel: {channel}\nsteps:\n{steps}"
        );
        let script = Script::parse(&text).expect("the script is one");
        let direct = run(fixture, &script);
        assert_eq!(direct.faults, [], "{text}");
        let (setup, _) = script.setup("call-1").expect("the script is one");
        let flow = bridge_of(&fixture.release, &setup).flow().expect("there is a bridge");
        let lambda = InProcess { deliveries: 2, ..InProcess::default() };
        let (double, report) = Double::new(&flow, &setup, Box::new(lambda));
        let through = run_on(fixture, &script, Some(Box::new(double)));
        assert_eq!(through.faults, [], "{text}");
        assert_eq!(through.transcript, direct.transcript, "{text}");
        let report = report.lock().expect("no test panicked with it");
        check(&report).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
    }
}

#[test]
#[should_panic(expected = "the service would refuse this flow")]
fn a_flow_that_the_service_would_refuse_is_not_run() {
    run_spoilt(|flow| flow["Actions"][0]["Type"] = "SetLoggingBehavior".into());
}

#[test]
#[should_panic(expected = "action type TagContact is not known here")]
fn an_action_type_that_the_bridge_does_not_use_fails_the_test() {
    run_spoilt(|flow| {
        flow["Actions"][0]["Type"] = "TagContact".into();
        flow["Actions"][0]["Parameters"] = serde_json::json!({"Tags": {"a": "b"}});
    });
}

#[test]
#[should_panic(expected = "gives nothing")]
fn a_prompt_that_is_not_there_fails_the_test() {
    run_spoilt(|flow| {
        let actions = flow["Actions"].as_array_mut().expect("a list");
        let bot = actions
            .iter_mut()
            .find(|action| action["Identifier"] == "Listen bot 1")
            .expect("a bot");
        bot["Parameters"]["SSML"] = "$.External.promt".into();
    });
}

#[test]
#[should_panic(expected = "by a voice of another language")]
fn words_by_a_voice_of_another_language_fail_the_test() {
    run_spoilt(|flow| {
        let actions = flow["Actions"].as_array_mut().expect("a list");
        let at = |id: &str| actions.iter().position(|action| action["Identifier"] == id);
        let (first, english) = (at("First voice").expect("it"), at("Voice en-US").expect("it"));
        actions[first]["Parameters"] = actions[english]["Parameters"].clone();
    });
}

/// Runs a script with a bridge flow in which something was changed.
fn run_spoilt(spoil: impl FnOnce(&mut serde_json::Value)) {
    let path = folder().join("calls/scenarios/an_msp_customer_reports_an_outage.call.yaml");
    let script = read(&path);
    let (setup, _) = script.setup("call-1").expect("the script is one");
    let mut flow = bridge(&setup).flow().expect("there is a bridge for the shipped project");
    spoil(&mut flow);
    let (double, _) = Double::new(&flow, &setup, Box::new(InProcess::default()));
    let _ = run_on(fixture(), &script, Some(Box::new(double)));
}
