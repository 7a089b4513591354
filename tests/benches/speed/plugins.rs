//! What a plugin costs: at a node, and for being loaded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dialgraph_base::{Channel, Grants};
use dialgraph_flow::testing::Plugins as Descriptors;
use dialgraph_guests::build::Build;
use dialgraph_host::{Host, HostConfig, Loaded};
use dialgraph_kernel::plugin::{HostCalls, Invocation, PluginEvent, Plugins, RunResult};
use dialgraph_kernel::ports::{HostCall, HostResult};
use serde_json::json;

use crate::flows::{CHAIN, NOW, compile, plugin_chain};
use crate::measure::{Row, cpu_each, micros};
use crate::nodes::turn;

/// A folder that lasts from one run to the next.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The least that a plugin can be.
fn plain() -> Vec<u8> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests");
    let built = Build::new(source, folder("guests")).locked().run().unwrap();
    let plain = built.iter().find(|component| component.name == "plain").unwrap();
    std::fs::read(&plain.path).unwrap()
}

pub(crate) fn descriptors<'a>(loaded: impl IntoIterator<Item = &'a Loaded>) -> Descriptors {
    let one = |loaded: &Loaded| {
        let descriptor = loaded.descriptor.as_ref().clone();
        (descriptor.name.clone(), (loaded.digest, descriptor))
    };
    loaded.into_iter().map(one).collect()
}

struct NoCalls;

impl HostCalls for NoCalls {
    fn call(&mut self, call: HostCall) -> Option<HostResult> {
        panic!("the plainest plugin asks for {call:?}")
    }
}

/// A chain of plugin nodes through kernel and host, and the same runs by the host alone.
pub(crate) fn nodes(samples: usize) -> Vec<Row> {
    let bytes = plain();
    let rows = [false, true].map(|counting| {
        let host = Arc::new(Host::new(HostConfig { counting, ..HostConfig::default() }).unwrap());
        let loaded = host.load("plain", &bytes, &Grants::default()).unwrap();
        let mut descriptors = descriptors([&loaded]);
        for (_, descriptor) in descriptors.values_mut() {
            // It takes whatever it is given; a flow may give only what is declared.
            descriptor.input_schema =
                json!({"properties": {"company": {}, "tries": {}, "class": {}}});
        }
        let release = compile(&plugin_chain("plain", "done"), &descriptors);
        let plugins: Arc<dyn Plugins> = host.clone();
        let finished = turn(&release, &plugins);
        assert_eq!(finished.record.steps.len(), CHAIN + 1, "{:?}", finished.record.steps.last());
        let chain = cpu_each(samples, || {
            std::hint::black_box(turn(&release, &plugins));
        });
        let alone = cpu_each(samples, || run(&host, &loaded));
        let each = chain / CHAIN as f64;
        Row {
            what: format!(
                "plugin node ({CHAIN} in a turn{})",
                if counting { ", instructions counted" } else { "" }
            ),
            measured: format!("{} CPU", micros(each)),
            against: format!("{} host alone", micros(alone)),
            ratio: format!("{:.2}", each / alone),
            target: if counting { "-" } else { "≤ 20 µs" },
            met: counting || each <= 20_000.0,
        }
    });
    rows.into()
}

fn run(host: &Host, loaded: &Loaded) {
    let invocation = Invocation {
        call_id: "0193b0a2-7c1e-7d55-9a51-000000000001",
        channel: Channel::default(),
        locale: "ko-KR",
        caller: Some("+82-10-0000-0101"),
        dialed: Some("+82-2-000-1000"),
        started_at: NOW,
        now: NOW,
        flow: "plugins",
        node: "n0",
        invocation_id: "0193b0a2-7c1e-7d55-9a51-000000000001/1",
        turn: 0,
        seed: 7,
        config: "{}",
        input: r#"{"company":"가나다솔루션","tries":0,"class":"msp"}"#,
        state: None,
        event: &PluginEvent::Entered,
        limits: None,
    };
    let report = host.run(&loaded.digest, &invocation, &mut NoCalls);
    assert!(matches!(report.result, RunResult::Done(_)), "{:?}", report.result);
}

/// A host with `versions` of every shipped plugin, from the cache where it can be.
pub(crate) fn shipped(versions: u32, grants: &BTreeMap<String, Grants>) -> Host {
    let config = HostConfig { cache_dir: Some(folder("compiled")), ..HostConfig::default() };
    let host = Host::new(config).unwrap();
    for (name, bytes) in dialgraph_guests::shipped() {
        for version in 0..versions {
            host.load(name, &another(bytes, version), &grants[*name]).unwrap();
        }
    }
    host
}

/// The same component under another digest: with a custom section more.
fn another(component: &[u8], version: u32) -> Vec<u8> {
    let mut bytes = component.to_vec();
    // Section 0 of 13 bytes: a name of 8, and the version.
    bytes.extend([0, 13, 8]);
    bytes.extend(b"dg-bench");
    bytes.extend(version.to_be_bytes());
    bytes
}

/// Every capability.
pub(crate) fn all_grants() -> BTreeMap<String, Grants> {
    let capabilities = [
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
    ];
    let grants = Grants { grants: capabilities.map(str::to_owned).into(), ..Grants::default() };
    let names = dialgraph_guests::shipped().iter().map(|(name, _)| (*name).to_owned());
    names.map(|name| (name, grants.clone())).collect()
}
