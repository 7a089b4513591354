//! The flows that are measured, and the engine's surroundings for them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use dialgraph_base::{CallId, Channel, Digest, Name, Timestamp};
use dialgraph_flow::Release;
use dialgraph_flow::testing::{Plugins as Descriptors, compile_source};
use dialgraph_kernel::call::{Call, NewCall};
use dialgraph_kernel::plugin::{
    Cost, Failure, FailureKind, HostCalls, Invocation, Plugins, RunReport, RunResult,
};
use dialgraph_kernel::ports::{HostCall, HostError, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_kernel::turn::TurnHost;
use dialgraph_runtime::{Clock, World};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

/// 2027-01-15, a working day in Seoul.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// Nodes of a chain, without the one that ends the call.
pub(crate) const CHAIN: usize = 50;

pub(crate) fn compile(flow: &str, plugins: &Descriptors) -> Arc<Release> {
    Arc::new(compile_source(flow, plugins).unwrap_or_else(|report| panic!("{report}")))
}

/// What says, sets and decides, in turn.
pub(crate) fn built_in_chain() -> String {
    let mut flow = head("chain", "n0");
    for index in 0..CHAIN {
        let next = if index + 1 == CHAIN { "bye".to_owned() } else { format!("n{}", index + 1) };
        let _ = match index % 3 {
            0 => writeln!(
                flow,
                "  n{index}: {{say: {{ko-KR: \"지금까지 ${{tries}}번 안내해 드렸습니다.\", en-US: \"We have told you \
                 ${{tries}} times.\"}}, next: {next}}}"
            ),
            1 => writeln!(flow, "  n{index}: {{set: {{tries: tries + 1}}, next: {next}}}"),
            _ => writeln!(
                flow,
                "  n{index}: {{switch: [{{when: 'tries > 1000', next: bye}}, {{when: 'class == \"vip\"', next: \
                 bye}}], next: {next}}}"
            ),
        };
    }
    flow + "  bye: {end: {disposition: resolved}}\n"
}

/// The same plugin again and again.
pub(crate) fn plugin_chain(plugin: &str, port: &str) -> String {
    let mut flow = head("plugins", "n0");
    for index in 0..CHAIN {
        let next = if index + 1 == CHAIN { "bye".to_owned() } else { format!("n{}", index + 1) };
        let _ = writeln!(
            flow,
            "  n{index}: {{use: {plugin}, with: {{company: company, tries: tries, class: class}}, on: {{{port}: \
             {next}, error: bye}}}}"
        );
    }
    flow + "  bye: {end: {disposition: resolved}}\n"
}

/// A desk that asks until the caller hangs up: one turn is an answer, a decision, some words and a
/// question.
pub(crate) fn desk() -> String {
    head("desk", "greet")
        + r#"
  greet: {say: {ko-KR: "안녕하세요. 고객지원센터입니다.", en-US: "Hello. This is the support desk."}, next: menu}
  menu:
    ask:
      prompt:
        ko-KR: "장애 접수는 1번, 요금 문의는 2번, 상담원 연결은 0번을 눌러 주세요."
        en-US: "For an outage, press 1. For billing, press 2. For an agent, press 0."
      menu: {"1": outage, "2": billing, "0": agent}
      phrases:
        outage: {ko-KR: [장애, 접속 안], en-US: [outage, down]}
        billing: {ko-KR: [요금, 청구], en-US: [billing, invoice]}
    save: {topic: 'default(output.text, "")'}
    on: {outage: count, billing: count, agent: bye, no_input: bye, no_match: bye}
  count: {set: {tries: tries + 1}, next: often}
  often:
    switch: [{when: 'tries > 1000', next: bye}]
    next: told
  told:
    say: {ko-KR: "${company} 담당자에게 ${tries}번째로 전달했습니다.", en-US: "We told the team of ${company} ${tries} times."}
    next: menu
  bye: {end: {disposition: resolved}}
"#
}

fn head(name: &str, start: &str) -> String {
    format!(
        "flow: {name}\nsummary: For measuring.\nattributes: {{tries: {{type: number, default: 0}}, class: string, \
         company: {{type: string, default: 가나다솔루션}}, topic: string, customer: map}}\nstart: {start}\nnodes:\n"
    )
}

/// As much as a call knows once the caller was identified: about 1 KB.
pub(crate) fn attributes() -> BTreeMap<Name, Value> {
    let customer = json!({
        "customer_id": "c-0042", "name": "(주)가나다솔루션", "class": "msp", "account_ids": ["111122223333", "444455556666"],
        "contacts": [
            {"name": "김가상", "phone": "+82-10-0000-0101", "email": "kim@example.com", "role": "운영 담당"},
            {"name": "이예시", "phone": "+82-10-0000-0102", "email": "lee@example.com", "role": "개발 책임"}
        ],
        "engineers": {"primary": "e-03", "secondary": "e-07", "part": "infra"},
        "contract": {"level": "msp-premium", "until": "2027-12-31", "sla_minutes": 15},
        "notes": "주말 야간 장애는 담당자에게 먼저 문자로 알린 뒤 전화로 연결합니다."
    });
    BTreeMap::from([
        ("class".into(), json!("msp")),
        ("company".into(), json!("가나다솔루션")),
        ("customer".into(), customer),
        ("tries".into(), json!(0)),
    ])
}

pub(crate) fn call(release: &Release) -> Call {
    Call::new(NewCall {
        id: CallId("0193b0a2-7c1e-7d55-9a51-000000000001".into()),
        release: release.digest,
        channel: Channel::default(),
        locale: "ko-KR".into(),
        from: Some("+82-10-0000-0101".into()),
        to: Some("+82-2-000-1000".into()),
        at: NOW,
        seed: 7,
        attributes: attributes(),
    })
}

/// For flows without plugins.
pub(crate) struct NoPlugins;

impl Plugins for NoPlugins {
    fn run(&self, plugin: &Digest, _: &Invocation<'_>, _: &mut dyn HostCalls) -> RunReport {
        let failure = Failure {
            kind: FailureKind::Engine,
            code: "unknown-plugin".to_owned(),
            message: format!("{plugin} is not there"),
            backtrace: Vec::new(),
        };
        RunReport { result: RunResult::Failed(failure), logs: Vec::new(), cost: Cost::default() }
    }
}

/// For plugins that ask nothing of the world.
pub(crate) struct NoWorld;

impl World for NoWorld {
    fn call(&self, _: Caller, _: HostCall) -> BoxFuture<'static, HostResult> {
        std::future::ready(Err(HostError::unavailable("nothing", "there is no world"))).boxed()
    }
}

impl TurnHost for NoWorld {
    fn call(&mut self, _: &Caller, _: &HostCall) -> Option<HostResult> {
        Some(Err(HostError::unavailable("nothing", "there is no world")))
    }
}

/// It is always the same time, so that the same call is always the same bytes.
pub(crate) struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        std::future::pending().boxed()
    }
}
