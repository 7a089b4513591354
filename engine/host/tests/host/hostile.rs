//! Guests that do wrong while they run: the report says what happened, and nobody else notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dialgraph_base::{Digest, Medium, PluginLimits};
use dialgraph_host::{Clock, Host, HostConfig};
use dialgraph_kernel::plugin::{
    Failure, FailureKind, HostCalls, LogLevel, Plugins as _, RunReport, RunResult,
};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError, HostResult};

use crate::support::{
    Always, Script, counting_host, failure, grants, guest, host, invocation, run,
};

fn load(host: &Host, limit: impl FnOnce(&mut PluginLimits)) -> Digest {
    let mut grants = grants(&["log", "records-read"]);
    limit(&mut grants.limits);
    host.load("hostile", guest("hostile"), &grants).unwrap().digest
}

/// Good plugins run on `host` as if nothing had been, the one that has just failed among them.
fn all_is_well(host: &Host, hostile: &Digest) {
    let plain = host.load("plain", guest("plain"), &grants(&[])).unwrap();
    let report = run(host, &plain.digest, "{}");
    assert!(matches!(report.result, RunResult::Done(ref done) if done.port == "done"));
    let report = run(host, hostile, r#"{"do":"behave"}"#);
    assert!(matches!(report.result, RunResult::Done(ref done) if done.output["count"] == 1));
    assert!(report.logs.is_empty());
}

/// Runs on the shared host, sees that all is well afterwards, and returns the failure.
fn misbehave(config: &str) -> Failure {
    let host = host();
    let plugin = load(host, |_| {});
    let report = run(host, &plugin, config);
    all_is_well(host, &plugin);
    failure(report)
}

/// The same with limits of its own and everything answered.
fn misbehave_within(limit: impl FnOnce(&mut PluginLimits), config: &str) -> Failure {
    let host = Host::new(HostConfig::default()).unwrap();
    let plugin = load(&host, limit);
    let mut nothing_found = Always(Ok(HostAnswer::RecordsGet(None)));
    let report = host.run(&plugin, &invocation(config), &mut nothing_found);
    all_is_well(&host, &plugin);
    failure(report)
}

fn line(failure: &Failure) -> String {
    assert_eq!(failure.code, failure.kind.as_str());
    format!("{}: {}", failure.code, failure.message)
}

/// With the frames that are the plugin's own; what a language's runtime puts around them varies.
fn with_frames(failure: &Failure) -> String {
    let own: Vec<_> = failure
        .backtrace
        .iter()
        .filter(|frame| frame.contains("hostile"))
        .map(String::as_str)
        .collect();
    format!("{}\n  at {}", line(failure), own.join("\n  at "))
}

#[test]
fn an_infinite_loop_is_stopped_by_the_clock() {
    let failure = misbehave_within(|limits| limits.wall_ms = 50, r#"{"do":"spin"}"#);
    insta::assert_snapshot!(with_frames(&failure));
}

#[test]
fn a_limit_counts_time_and_not_how_often_the_time_is_looked_at() {
    // Looks left until an hour has passed.
    let looks = Arc::new(AtomicU64::new(u64::MAX));
    let left = Arc::clone(&looks);
    let clock = Clock::new(move || match left.load(Ordering::SeqCst) {
        0 => Duration::from_secs(3_600),
        looks => {
            left.store(looks - 1, Ordering::SeqCst);
            Duration::ZERO
        }
    });
    let host = Host::new(HostConfig { clock, ..HostConfig::default() }).unwrap();
    // Two ticks, if it were they that are counted.
    let plugin = load(&host, |limits| limits.wall_ms = 10);
    looks.store(40, Ordering::SeqCst);
    let failure = failure(run(&host, &plugin, r#"{"do":"spin"}"#));
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(looks.load(Ordering::SeqCst), 0, "it was stopped though no time had passed");
}

/// An hour passes while it answers.
struct Slow(Arc<AtomicU64>);

impl HostCalls for Slow {
    fn call(&mut self, _: HostCall) -> Option<HostResult> {
        self.0.store(3_600, Ordering::SeqCst);
        Some(Ok(HostAnswer::RecordsGet(None)))
    }
}

#[test]
fn what_the_engine_does_for_a_run_takes_of_its_time() {
    let seconds = Arc::new(AtomicU64::new(0));
    let shown = Arc::clone(&seconds);
    let clock = Clock::new(move || Duration::from_secs(shown.load(Ordering::SeqCst)));
    let host = Host::new(HostConfig { clock, ..HostConfig::default() }).unwrap();
    let plugin = load(&host, |_| {});
    let report = host.run(&plugin, &invocation(r#"{"do":"call"}"#), &mut Slow(seconds));
    assert_eq!(failure(report).kind, FailureKind::Timeout);
}

#[test]
fn an_infinite_loop_is_stopped_after_the_same_instructions_everywhere_when_they_are_counted() {
    let host = counting_host();
    let plugin = load(host, |limits| limits.wall_ms = 20);
    let reports = [(); 2].map(|()| run(host, &plugin, r#"{"do":"spin"}"#));
    all_is_well(host, &plugin);
    assert_eq!(reports[0], reports[1]);
    let [report, _] = reports;
    assert_eq!(report.cost.instructions, Some(10_000_000));
    insta::assert_snapshot!(line(&failure(report)));
}

#[test]
fn an_infinite_recursion_ends_in_a_trap() {
    let failure = misbehave(r#"{"do":"recurse"}"#);
    assert!(failure.backtrace.len() > 10, "{failure:?}");
    assert!(failure.backtrace[2].contains("recurse"), "{failure:?}");
    insta::assert_snapshot!(line(&failure));
}

#[test]
fn a_memory_bomb_is_told_how_much_it_wanted() {
    let report = run(host(), &load(host(), |_| {}), r#"{"do":"allocate"}"#);
    assert!(report.cost.memory_bytes > 15 << 20 && report.cost.memory_bytes <= 16 << 20);
    let failure = misbehave(r#"{"do":"allocate"}"#);
    assert_eq!(failure.kind, FailureKind::Memory);
    assert!(failure.backtrace.iter().any(|frame| frame.contains("allocate")), "{failure:?}");
    insta::assert_snapshot!(line(&failure));
}

#[test]
fn a_panic_is_reported_with_its_text_and_the_functions_it_went_through() {
    let failure = misbehave(r#"{"do":"panic","customers":3}"#);
    insta::assert_snapshot!(with_frames(&failure));
}

#[test]
fn a_trap_is_reported_with_the_functions_it_went_through() {
    insta::assert_snapshot!(with_frames(&misbehave(r#"{"do":"trap"}"#)));
}

#[test]
fn a_read_beyond_the_end_of_memory_ends_in_a_trap() {
    insta::assert_snapshot!(line(&misbehave(r#"{"do":"out-of-bounds"}"#)));
}

#[test]
fn exit_ends_the_run_and_not_the_process() {
    insta::assert_snapshot!(line(&misbehave(r#"{"do":"exit"}"#)));
}

#[test]
fn an_output_beyond_its_limit_is_refused() {
    insta::assert_snapshot!(line(&misbehave(r#"{"do":"huge-output","bytes":100000}"#)));
}

#[test]
fn an_output_beyond_what_may_be_passed_is_not_even_read() {
    insta::assert_snapshot!(line(&misbehave(r#"{"do":"huge-output","bytes":3000000}"#)));
}

#[test]
fn an_undeclared_port_is_a_breach_of_contract() {
    insta::assert_snapshot!(line(&misbehave(r#"{"do":"undeclared-port"}"#)));
}

#[test]
fn an_output_must_be_a_json_object_valid_by_the_plugins_own_schema() {
    let lines = [
        r#"{"do":"output","output":"{\"count\":"}"#,
        r#"{"do":"output","output":"[1]"}"#,
        r#"{"do":"output","output":"{\"count\":\"a caller's secret\"}"}"#,
        r#"{"do":"output","output":""}"#,
    ]
    .map(|config| line(&misbehave(config)));
    assert!(!lines[2].contains("secret"));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn an_ask_that_no_channel_can_carry_out_is_refused() {
    let lines = [
        r#"{"do":"ask","speech":false}"#,
        r#"{"do":"ask","timeout":999}"#,
        r#"{"do":"ask","timeout":60001}"#,
        r#"{"do":"ask","digits":[0,4]}"#,
        r#"{"do":"ask","digits":[5,4]}"#,
        r#"{"do":"ask","digits":[1,65]}"#,
        r#"{"do":"ask","digits":[1,4],"terminator":"**"}"#,
        r#"{"do":"ask","digits":[1,4],"terminator":"A"}"#,
        r#"{"do":"ask","prompts":0}"#,
        r#"{"do":"ask","characters":6001}"#,
        r#"{"do":"ask","prompts":40,"characters":6000}"#,
        r#"{"do":"ask","text":"<speak>open","ssml":true}"#,
        r#"{"do":"ask","state":20000}"#,
        r#"{"do":"ask","state":"{"}"#,
    ]
    .map(|config| line(&misbehave(config)));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_sound_ask_passes_as_it_is() {
    let plugin = load(host(), |_| {});
    let config = r##"{"do":"ask","digits":[1,4],"terminator":"#","characters":6000}"##;
    let report = run(host(), &plugin, config);
    let RunResult::Ask(ask) = report.result else {
        panic!("no ask: {report:?}");
    };
    assert_eq!(ask.say[0].text.chars().count(), 6_000);
    assert_eq!(ask.accept.digits.unwrap().terminator, Some('#'));
    assert_eq!(ask.state, "\"ssssssss\"");
}

#[test]
fn on_a_chat_channel_an_ask_may_be_without_words() {
    let plugin = load(host(), |_| {});
    let config = r#"{"do":"ask","prompts":0}"#;
    let mut chat = invocation(config);
    chat.channel = Medium::Chat.into();
    let report = host().run(&plugin, &chat, &mut Script::default());
    assert!(matches!(report.result, RunResult::Ask(_)));
}

#[test]
fn a_host_call_without_a_reply_suspends_the_run_however_long_it_takes() {
    let host = host();
    let plugin = load(host, |_| {});
    let config = r#"{"do":"call"}"#;
    let mut script = Script::default();
    let report = host.run(&plugin, &invocation(config), &mut script);
    assert_eq!(report.result, RunResult::Suspended);
    all_is_well(host, &plugin);
    script = Script::of([Err(HostError::unavailable("timeout", "The store was slow."))]);
    let report = host.run(&plugin, &invocation(config), &mut script);
    assert!(matches!(report.result, RunResult::Done(ref done) if done.output["count"] == 0));
}

#[test]
fn a_flood_of_host_calls_ends_at_its_limit() {
    let failure = misbehave_within(|_| {}, r#"{"do":"flood"}"#);
    insta::assert_snapshot!(line(&failure));
}

#[test]
fn whoever_hoards_handles_is_told_how_many_there_are() {
    let failure = misbehave(r#"{"do":"hoard","handles":1100}"#);
    insta::assert_snapshot!(
        line(&failure),
        @"limit: plugin `hostile` 0.1.0: it held 1024 resources at a time and wanted more: drop what is no longer used"
    );
    let host = host();
    let report = run(host, &load(host, |_| {}), r#"{"do":"hoard","handles":900}"#);
    assert!(matches!(report.result, RunResult::Done(_)), "{report:?}");
}

#[test]
fn host_calls_pass_no_more_bytes_than_they_may() {
    let together = misbehave_within(
        |limits| limits.host_call_bytes = 10_000,
        r#"{"do":"call","bytes":3000,"times":5}"#,
    );
    let at_once = misbehave_within(
        |limits| limits.host_call_bytes = 10_000,
        r#"{"do":"call","bytes":30000}"#,
    );
    insta::assert_snapshot!([line(&together), line(&at_once)].join("\n"));
}

#[test]
fn a_flood_of_log_lines_keeps_the_first_and_counts_the_rest() {
    let plugin = load(host(), |_| {});
    let report = run(host(), &plugin, r#"{"do":"log","times":5000}"#);
    assert!(matches!(report.result, RunResult::Done(_)));
    assert_eq!(report.logs.len(), 257);
    assert_eq!(report.logs[255].message, "line 255");
    assert_eq!(report.logs[256].message, "4744 more lines were not kept: a run keeps 256");
}

#[test]
fn a_long_log_line_is_cut() {
    let plugin = load(host(), |_| {});
    let report = run(host(), &plugin, r#"{"do":"long-line"}"#);
    assert_eq!(report.logs[0].level, LogLevel::Warn);
    assert!(report.logs[0].message.ends_with("x… (11808 bytes cut)"));
}

#[test]
fn what_a_plugin_prints_is_in_its_log() {
    let plugin = load(host(), |_| {});
    let report = run(host(), &plugin, r#"{"do":"print"}"#);
    let lines: Vec<_> = report
        .logs
        .iter()
        .map(|line| format!("{:?} {} {:?}", line.level, line.message, line.fields))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_plugin_sees_nothing_of_the_machine_and_time_stands_still() {
    let plugin = load(host(), |_| {});
    let look = || -> RunReport { run(host(), &plugin, r#"{"do":"look-around"}"#) };
    let RunResult::Done(done) = look().result else {
        panic!("it failed: {:?}", look());
    };
    insta::assert_snapshot!(serde_json::to_string_pretty(&done.output).unwrap());
    assert_eq!(look().result, RunResult::Done(done));
}

#[test]
fn a_plugin_that_is_not_loaded_is_a_failure_of_the_engine() {
    let report = run(host(), &Digest::of(b"nothing"), "{}");
    let failure = failure(report);
    assert_eq!(failure.kind, FailureKind::Engine);
    assert_eq!(failure.code, "unknown-plugin");
    insta::assert_snapshot!(failure.message);
}

#[test]
fn what_is_nested_too_deep_to_be_kept_is_refused() {
    let plugin = load(host(), |_| {});
    let output = |levels: usize| {
        let deep = format!("{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        serde_json::json!({"do": "output", "output": format!(r#"{{"deep":{deep}}}"#)}).to_string()
    };
    let report = run(host(), &plugin, &output(64));
    assert!(matches!(report.result, RunResult::Done(_)), "{:?}", report.result);
    for levels in [65, 126, 10_000] {
        let failure = misbehave(&output(levels));
        assert_eq!(failure.kind, FailureKind::Contract);
        assert!(
            failure.message.ends_with("its output: it is nested more than 64 lists and maps deep"),
            "{}",
            failure.message
        );
    }
    let state =
        serde_json::json!({"do": "ask", "state": format!("{}1{}", "[".repeat(65), "]".repeat(65))});
    let failure = misbehave(&state.to_string());
    assert!(failure.message.contains("its state: it is nested"), "{}", failure.message);
}
