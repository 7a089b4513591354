//! Guests that do wrong while they run: the report says what happened, and nobody else notices.

use dialgraph_flow::Digest;
use dialgraph_host::Host;
use dialgraph_kernel::plugin::Plugins as _;
use dialgraph_kernel::plugin::{Failure, FailureKind, RunReport, RunResult};
use dialgraph_kernel::ports::{HostAnswer, HostError};

use crate::support::{
    Always, Script, counting_host, failure, grants, guest, host, invocation, run,
};

fn hostile(host: &Host) -> Digest {
    host.load("hostile", guest("hostile"), &grants(&["log", "records-read"])).unwrap().digest
}

/// A good plugin runs on `host` as if nothing had been.
fn all_is_well(host: &Host) {
    let plain = host.load("plain", guest("plain"), &grants(&[])).unwrap();
    let report = run(host, &plain.digest, "{}");
    assert!(matches!(report.result, RunResult::Done(ref done) if done.port == "done"));
    let report = run(host, &hostile(host), r#"{"do":"behave"}"#);
    assert!(matches!(report.result, RunResult::Done(_)));
}

fn misbehave(config: &str) -> Failure {
    let report = run(host(), &hostile(host()), config);
    all_is_well(host());
    failure(report)
}

fn line(failure: &Failure) -> String {
    format!("{} {}: {}", failure.kind.as_str(), failure.code, failure.message)
}

#[test]
fn an_infinite_loop_is_stopped_by_the_clock() {
    let mut limited = grants(&["log", "records-read"]);
    limited.limits.wall_ms = 50;
    let host = Host::new(dialgraph_host::HostConfig::default()).unwrap();
    let plugin = host.load("hostile", guest("hostile"), &limited).unwrap();
    let failure = failure(run(&host, &plugin.digest, r#"{"do":"spin"}"#));
    all_is_well(&host);
    assert_eq!(failure.kind, FailureKind::Timeout);
    insta::assert_snapshot!(line(&failure), @"");
    assert!(failure.backtrace[0].contains("spin"), "{failure:?}");
}

#[test]
fn a_panic_is_reported_with_its_text_and_the_functions_it_went_through() {
    let failure = misbehave(r#"{"do":"panic","customers":3}"#);
    insta::assert_snapshot!(line(&failure), @"");
    insta::assert_snapshot!(failure.backtrace.join("\n"), @"");
}
