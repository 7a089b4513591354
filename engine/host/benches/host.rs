//! What the host costs over bare wasmtime, and how fast plugins are loaded and run.
//!
//! `cargo bench -p dialgraph-host`. First the ratio to bare wasmtime, measured in turns so that
//! noise of the machine falls on both alike, and the warm load; then divan's tables. Set
//! `RUST_BACKTRACE=0`: with it every suspended run captures a backtrace of the engine itself.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a report for people

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use dialgraph_base::{Digest, Grants};
use dialgraph_host::{Host, HostConfig};
use dialgraph_kernel::plugin::{Plugins as _, RunResult};
use dialgraph_kernel::ports::HostAnswer;

use support::{Always, Script, grants, guest, host, invocation};

/// wasmtime with the host's settings and nothing of the host: the floor.
mod bare {
    use wasmtime::component::{Component, Linker};
    use wasmtime::{
        Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
        WasmBacktraceDetails,
    };

    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "dialgraph:plugin/node-with-capabilities",
        ownership: Borrowing { duplicate_if_necessary: true },
    });

    use exports::dialgraph::plugin::plugin::{CallContext, Event, Invocation, Outcome};

    pub(crate) struct Bare(Engine, NodeWithCapabilitiesPre<()>);

    impl Bare {
        pub(crate) fn new(bytes: &[u8]) -> Self {
            let mut pool = PoolingAllocationConfig::new();
            pool.total_component_instances(128)
                .total_core_instances(1_024)
                .total_memories(128)
                .total_tables(512)
                .max_memory_size(16 << 20)
                .linear_memory_keep_resident(256 << 10)
                .table_keep_resident(16 << 10);
            let mut config = Config::new();
            config
                .concurrency_support(false)
                .epoch_interruption(true)
                .cranelift_nan_canonicalization(true)
                .relaxed_simd_deterministic(true)
                .wasm_backtrace_details(WasmBacktraceDetails::Disable)
                .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
            let engine = Engine::new(&config).unwrap();
            let component = Component::new(&engine, bytes).unwrap();
            let mut linker = Linker::new(&engine);
            linker.define_unknown_imports_as_traps(&component).unwrap();
            let pre =
                NodeWithCapabilitiesPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
            Self(engine, pre)
        }

        pub(crate) fn run(&self) -> String {
            let mut store = Store::new(&self.0, ());
            store.set_epoch_deadline(1_000_000);
            let node = self.1.instantiate(&mut store).unwrap();
            let outcome = node.dialgraph_plugin_plugin().call_run(
                &mut store,
                Invocation {
                    call: CallContext {
                        call_id: "call-1",
                        channel: "voice",
                        locale: "ko-KR",
                        caller: Some("+82-10-0000-0101"),
                        dialed: None,
                        started_at: 1_795_136_400_000,
                        flow: "main-entry",
                        node: "probe",
                        invocation_id: "call-1/3",
                        turn: 0,
                        extra: &[],
                    },
                    config: "{}",
                    input: "{}",
                    state: None,
                    event: Event::Entered,
                    extra: &[],
                },
            );
            match outcome.unwrap() {
                Ok(Outcome::Done(done)) => done.port,
                _ => panic!("it is not done"),
            }
        }
    }
}

fn plain() -> Digest {
    host().load("plain", guest("plain"), &Grants::default()).unwrap().digest
}

fn run(plugin: &Digest) {
    let report = host().run(plugin, &invocation("{}"), &mut Script::default());
    assert!(matches!(report.result, RunResult::Done(_)));
}

/// Median time of a run, in microseconds, of each of the two, taken in turns.
fn in_turns_of(
    rounds: usize,
    runs: u32,
    mut one: impl FnMut(),
    mut other: impl FnMut(),
) -> (f64, f64) {
    let time = |body: &mut dyn FnMut()| {
        let began = Instant::now();
        for _ in 0..runs {
            body();
        }
        began.elapsed() / runs
    };
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        times[0].push(time(&mut one));
        times[1].push(time(&mut other));
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e6
    };
    let [mut one, mut other] = times;
    (median(&mut one), median(&mut other))
}

fn report_ratio() {
    let bare = bare::Bare::new(guest("plain"));
    let plugin = plain();
    let (floor, ours) = in_turns_of(200, 100, || assert_eq!(bare.run(), "done"), || run(&plugin));
    println!(
        "a trivial plugin, fresh instance: bare wasmtime {floor:.2} µs, host {ours:.2} µs, ratio {:.3}",
        ours / floor
    );
}

/// Ten plugins of usual size loaded with a cold and with a warm cache.
fn report_load() {
    let dir = tempfile::tempdir().unwrap();
    let plugins: Vec<Vec<u8>> = (0..10_u8)
        .map(|number| {
            // A custom section makes each another plugin.
            let base = guest(["plain", "hostile", "probe"][usize::from(number) % 3]);
            [base, &[0, 5, 3, b'n', b'r', b':', number][..]].concat()
        })
        .collect();
    let load = || {
        let began = Instant::now();
        let host = Host::new(HostConfig {
            cache_dir: Some(dir.path().to_owned()),
            ..HostConfig::default()
        })
        .unwrap();
        let made = began.elapsed();
        for bytes in &plugins {
            host.load("plugin", bytes, &support::all_grants()).unwrap();
        }
        (made, began.elapsed() - made)
    };
    let (made, cold) = load();
    let (_, warm) = load();
    println!("engine made in {made:.1?}; 10 plugins loaded cold in {cold:.1?}, warm in {warm:.1?}");
}

/// Plugins that carry an interpreter, if the test `languages` has built them.
fn report_languages() {
    let built = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages");
    for language in ["js", "python"] {
        let Ok(bytes) = std::fs::read(built.join(language).join("plugin.wasm")) else {
            println!(
                "{language}: not built; `cargo test -p dialgraph-host --test languages` does it"
            );
            continue;
        };
        let mut grants = support::all_grants();
        grants.limits.memory_bytes = 128 << 20;
        grants.limits.table_elements = 50_000;
        grants.limits.wall_ms = 10_000;
        let began = Instant::now();
        let plugin = host().load(language, &bytes, &grants).unwrap();
        let loaded = began.elapsed();
        let ask = || {
            let report = host().run(
                &plugin.digest,
                &invocation(r#"{"collection":"customers"}"#),
                &mut Script::default(),
            );
            assert!(matches!(report.result, RunResult::Ask(_)), "{report:?}");
        };
        let (time, _) = in_turns_of(20, 10, ask, || {});
        println!("{language}: loaded cold in {loaded:.1?}, {time:.0} µs a run");
    }
}

fn main() {
    report_ratio();
    report_load();
    report_languages();
    divan::main();
}

#[divan::bench]
fn bare_wasmtime(bencher: divan::Bencher<'_, '_>) {
    let bare = bare::Bare::new(guest("plain"));
    bencher.bench(|| bare.run());
}

#[divan::bench(threads = [1, 2])]
fn trivial_plugin(bencher: divan::Bencher<'_, '_>) {
    let plugin = plain();
    bencher.bench(|| run(&plugin));
}

/// A bigger plugin that parses JSON and makes host calls that are answered at once.
#[divan::bench(args = [1, 10])]
fn with_host_calls(bencher: divan::Bencher<'_, '_>, calls: u32) {
    let plugin =
        host().load("hostile", guest("hostile"), &grants(&["log", "records-read"])).unwrap().digest;
    let config = format!(r#"{{"do":"call","times":{calls}}}"#);
    bencher.bench(|| {
        let mut nothing = Always(Ok(HostAnswer::RecordsGet(None)));
        let report = host().run(&plugin, &invocation(&config), &mut nothing);
        assert!(matches!(report.result, RunResult::Done(_)));
    });
}

/// A run that stops at its first host call.
#[divan::bench]
fn suspended(bencher: divan::Bencher<'_, '_>) {
    let plugin =
        host().load("hostile", guest("hostile"), &grants(&["log", "records-read"])).unwrap().digest;
    bencher.bench(|| {
        let report = host().run(&plugin, &invocation(r#"{"do":"call"}"#), &mut Script::default());
        assert_eq!(report.result, RunResult::Suspended);
    });
}

#[divan::bench]
fn counting_instructions(bencher: divan::Bencher<'_, '_>) {
    let host = support::counting_host();
    let plugin = host.load("plain", guest("plain"), &Grants::default()).unwrap().digest;
    bencher.bench(|| host.run(&plugin, &invocation("{}"), &mut Script::default()));
}
