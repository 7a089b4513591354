//! Guests built on the spot, and a driver whose replies are written down beforehand.

#![allow(dead_code, unreachable_pub)] // each test binary uses its part

#[path = "../../../guests/src/build.rs"]
mod build;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dialgraph_base::{Channel, Digest, Grants, Timestamp};
use dialgraph_host::{Host, HostConfig};
use dialgraph_kernel::plugin::{
    Failure, HostCalls, Invocation, PluginEvent, Plugins as _, RunReport, RunResult,
};
use dialgraph_kernel::ports::{HostCall, HostResult};

/// The components of `tests/guests`, built once per process; cargo builds only what changed.
pub fn guest(name: &str) -> &'static [u8] {
    static GUESTS: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    let guests = GUESTS.get_or_init(|| {
        build::Build::new(guests_dir(), Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests"))
            .locked()
            .run()
            .unwrap_or_else(|error| panic!("{error}"))
            .into_iter()
            .map(|component| {
                let bytes = std::fs::read(&component.path).unwrap();
                (component.name, bytes)
            })
            .collect()
    });
    &guests[name]
}

pub fn guests_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests")
}

/// A host for several tests, as a server has it.
pub fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new(HostConfig::default()).unwrap())
}

/// A host that counts instructions, as a simulation has it.
pub fn counting_host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new(HostConfig { counting: true, ..HostConfig::default() }).unwrap())
}

/// Grants of the named capabilities.
pub fn grants(capabilities: &[&str]) -> Grants {
    Grants {
        grants: capabilities.iter().map(|name| (*name).to_owned()).collect(),
        ..Grants::default()
    }
}

/// Every capability.
pub fn all_grants() -> Grants {
    grants(&[
        "clock",
        "genai",
        "http",
        "knowledge",
        "log",
        "nlu",
        "random",
        "records-read",
        "records-write",
        "secrets",
        "tickets",
    ])
}

/// Replies in the order of the calls; a call beyond them has none yet.
#[derive(Debug, Default)]
pub struct Script {
    pub replies: Vec<HostResult>,
    /// What was asked, the call without a reply included.
    pub asked: Vec<HostCall>,
}

impl Script {
    pub fn of(replies: impl Into<Vec<HostResult>>) -> Self {
        Self { replies: replies.into(), asked: Vec::new() }
    }
}

impl HostCalls for Script {
    fn call(&mut self, call: HostCall) -> Option<HostResult> {
        let reply = self.replies.get(self.asked.len()).cloned();
        self.asked.push(call);
        reply
    }
}

/// Every call gets the same reply.
#[derive(Debug)]
pub struct Always(pub HostResult);

impl HostCalls for Always {
    fn call(&mut self, _: HostCall) -> Option<HostResult> {
        Some(self.0.clone())
    }
}

pub const ENTERED: &PluginEvent = &PluginEvent::Entered;

/// An invocation on the phone, in Korean.
pub fn invocation(config: &str) -> Invocation<'_> {
    Invocation {
        call_id: "call-1",
        channel: Channel::default(),
        locale: "ko-KR",
        caller: Some("+82-10-0000-0101"),
        dialed: None,
        started_at: Timestamp(1_795_136_400_000),
        now: Timestamp(1_795_136_405_250),
        flow: "main-entry",
        node: "probe",
        invocation_id: "call-1/3",
        turn: 0,
        seed: 7,
        config,
        input: "{}",
        state: None,
        event: ENTERED,
        limits: None,
    }
}

/// Runs with nobody to answer host calls.
pub fn run(host: &Host, plugin: &Digest, config: &str) -> RunReport {
    host.run(plugin, &invocation(config), &mut Script::default())
}

/// The failure that `report` is.
pub fn failure(report: RunReport) -> Failure {
    match report.result {
        RunResult::Failed(failure) => failure,
        other => panic!("it did not fail: {other:?}"),
    }
}
