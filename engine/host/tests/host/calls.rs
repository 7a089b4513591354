//! Whole calls through plugins that do wrong: the caller goes on by the node's `error` port.

use std::sync::Arc;

use dialgraph_base::{CallId, Channel, Digest, Timestamp};
use dialgraph_flow::Release;
use dialgraph_flow::testing::{Plugins as Descriptors, compile_source};
use dialgraph_kernel::call::{Call, NewCall};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_kernel::turn::{Progress, Turn, TurnHost as Replies};

use dialgraph_host::{Host, HostConfig};

use crate::support::{grants, guest};

/// Finds nothing, at once.
struct Nothing;

impl Replies for Nothing {
    fn call(&mut self, _: &Caller, _: &HostCall) -> Option<HostResult> {
        Some(Ok(HostAnswer::RecordsGet(None)))
    }
}

/// Answers nothing, ever.
struct Silence;

impl Replies for Silence {
    fn call(&mut self, _: &Caller, _: &HostCall) -> Option<HostResult> {
        None
    }
}

fn host() -> Arc<Host> {
    Arc::new(Host::new(HostConfig::default()).unwrap())
}

const SPIN: &str = "{do: spin}";

/// A flow that lets the hostile plugin do `config`, and then a good plugin its work.
fn release(host: &Host, config: &str, loaded: bool) -> Release {
    let mut hostile_grants = grants(&["log", "records-read"]);
    // Only what never ends by itself is to meet the end of its time, however busy the machine is.
    hostile_grants.limits.wall_ms = if config == SPIN { 100 } else { 60_000 };
    let hostile = host.load("hostile", guest("hostile"), &hostile_grants).unwrap();
    let plain = host.load("plain", guest("plain"), &grants(&[])).unwrap();
    let mut plugins = Descriptors::new();
    for (known, digest) in [(&hostile, hostile.digest), (&plain, plain.digest)] {
        let digest = if loaded { digest } else { Digest::of(b"bytes that nobody has loaded") };
        let descriptor = known.descriptor.as_ref().clone();
        plugins.insert(descriptor.name.clone(), (digest, descriptor));
    }
    let flow = format!(
        "
flow: main
locales: [en-US]
attributes: {{kind: string}}
start: bad
nodes:
  bad:
    use: hostile
    config: {config}
    timeout: 2s
    save: {{kind: output.error.kind}}
    on: {{done: fine, error: sorry}}
  sorry: {{say: {{en-US: 'That did not work.'}}, next: good}}
  good: {{use: plain, on: {{done: agent, error: hang}}}}
  fine: {{end: {{disposition: fine}}}}
  agent: {{queue: general, on: {{error: hang}}}}
  hang: {{end: {{disposition: lost}}}}
"
    );
    compile_source(&flow, &plugins).unwrap()
}

fn begin(host: &Arc<Host>, release: Release) -> Turn {
    let call = Call::new(NewCall {
        id: CallId("call-1".into()),
        release: release.digest,
        channel: Channel::default(),
        locale: "en-US".into(),
        from: None,
        to: None,
        at: Timestamp(1_795_136_400_000),
        seed: 7,
        attributes: Default::default(),
    });
    let at = call.started_at;
    Turn::begin(Arc::new(release), host.clone(), call, None, Event::Entered, at).unwrap()
}

fn finish(mut turn: Turn, replies: &mut dyn Replies) -> TurnRecord {
    match turn.run(replies) {
        Progress::Finished(finished) => finished.record,
        Progress::Waiting => panic!("it waits for {:?}", turn.waiting_for()),
    }
}

/// What the call did: ports taken, and the failure's kind.
fn story(record: &TurnRecord) -> (Vec<String>, String) {
    let path = record
        .steps
        .iter()
        .map(|step| match &step.port {
            Some(port) => format!("{}:{port}", step.at.node),
            None => step.at.node.to_string(),
        })
        .collect();
    let failure = record.steps[0].failure.as_ref();
    (path, failure.map(|failure| failure.kind.as_str().to_owned()).unwrap_or_default())
}

#[test]
fn whatever_a_plugin_does_wrong_the_caller_goes_on_and_the_next_plugin_works() {
    let host = host();
    for (config, kind) in [
        (SPIN, "timeout"),
        ("{do: recurse}", "trap"),
        ("{do: allocate}", "memory"),
        ("{do: panic, customers: 3}", "trap"),
        ("{do: trap}", "trap"),
        ("{do: exit}", "trap"),
        ("{do: huge-output, bytes: 4000000}", "limit"),
        ("{do: undeclared-port}", "contract"),
        ("{do: output, output: 'no JSON'}", "contract"),
        ("{do: flood}", "limit"),
    ] {
        let record = finish(begin(&host, release(&host, config, true)), &mut Nothing);
        let (path, failure) = story(&record);
        assert_eq!(path, ["bad:error", "sorry", "good:done", "agent"], "{config}");
        assert_eq!(failure, kind, "{config}: {:?}", record.steps[0].failure);
        assert_eq!(record.directives.say[0].text, "That did not work.");
        assert!(matches!(record.directives.then, Then::Queue(_)), "{config}");
        assert_eq!(record.steps[0].set, [("kind".into(), kind.into())], "{config}");
    }
}

#[test]
fn a_provider_that_never_answers_ends_in_the_error_port_when_the_node_s_time_is_over() {
    let host = host();
    let mut turn = begin(&host, release(&host, "{do: call}", true));
    assert!(matches!(turn.run(&mut Silence), Progress::Waiting));
    turn.expire();
    let (path, failure) = story(&finish(turn, &mut Silence));
    assert_eq!(path, ["bad:error", "sorry", "good:done", "agent"]);
    assert_eq!(failure, "timeout");
}

#[test]
fn a_plugin_that_this_process_has_not_loaded_ends_in_the_error_port() {
    let host = host();
    let record = finish(begin(&host, release(&host, "{do: behave}", false)), &mut Nothing);
    let (path, failure) = story(&record);
    assert_eq!(path, ["bad:error", "sorry", "good:error", "hang"]);
    assert_eq!(failure, "engine");
}
