//! The contract is not Rust's alone: the same small plugin in JavaScript and in Python, built by
//! each language's own tool.
//!
//! The tools come from npm and PyPI into a folder below `target/`, once. Where they cannot be
//! installed (no network, no Node.js, no Python) the test says so and passes; whatever comes after
//! the installation must work.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, its helpers too; figures and reasons are for whoever runs it"
)]

#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use dialgraph_base::{Grants, Timestamp};
use dialgraph_host::{Host, HostConfig};
use dialgraph_kernel::plugin::{FailureKind, PluginEvent, Plugins as _, RunResult};
use dialgraph_kernel::ports::HostAnswer;
use dialgraph_kernel::ports::records::Record;
use serde_json::json;

use support::{Script, all_grants, failure, guests_dir, invocation};

const COMPONENTIZE_JS: &str = "@bytecodealliance/componentize-js@0.23.0";
const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";

/// A folder for a language's tools and what they build.
fn folder(language: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages").join(language);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit").canonicalize().unwrap()
}

/// Runs a command to its end; its output when it fails or cannot be started.
fn succeed(command: &mut Command) -> Result<(), String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )),
        Err(error) => Err(format!("{}: {error}", command.get_program().to_string_lossy())),
    }
}

/// Runs what installs a tool, unless `tool` is there; false when it cannot be had here.
fn installed(what: &str, tool: &Path, commands: &mut [Command]) -> bool {
    if tool.exists() {
        return true;
    }
    for command in commands {
        if let Err(reason) = succeed(command) {
            println!("skipped: {what} cannot be installed here:\n{reason}");
            return false;
        }
    }
    true
}

fn javascript() -> Option<Vec<u8>> {
    let folder = folder("js");
    let mut install = Command::new("npm");
    install
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder)
        .arg(COMPONENTIZE_JS);
    let tool = folder.join("node_modules/@bytecodealliance/componentize-js/package.json");
    if !installed(COMPONENTIZE_JS, &tool, &mut [install]) {
        return None;
    }
    // Node.js looks for packages beside the script, so the script goes to the packages.
    for file in ["plugin.js", "build.mjs"] {
        std::fs::copy(guests_dir().join("js").join(file), folder.join(file)).unwrap();
    }
    let output = folder.join("plugin.wasm");
    succeed(Command::new("node").arg(folder.join("build.mjs")).arg(wit()).arg(&output))
        .unwrap_or_else(|reason| panic!("{reason}"));
    Some(std::fs::read(output).unwrap())
}

fn python() -> Option<Vec<u8>> {
    let folder = folder("python");
    let (venv, tool) = (folder.join("venv"), folder.join("venv/bin/componentize-py"));
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(&venv);
    let mut install = Command::new(venv.join("bin/pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check", COMPONENTIZE_PY]);
    if !installed(COMPONENTIZE_PY, &tool, &mut [make, install]) {
        return None;
    }
    let source = folder.join("source");
    std::fs::create_dir_all(&source).unwrap();
    std::fs::copy(guests_dir().join("python/plugin.py"), source.join("plugin.py")).unwrap();
    let output = folder.join("plugin.wasm");
    succeed(
        Command::new(tool)
            .arg("--wit-path")
            .arg(wit())
            .args(["--world", "node-with-capabilities", "componentize", "plugin"])
            // The interpreter's own imports are stubbed: what a plugin may use is in the contract.
            .args(["--stub-wasi", "--python-path"])
            .arg(&source)
            .arg("--output")
            .arg(&output),
    )
    .unwrap_or_else(|reason| panic!("{reason}"));
    Some(std::fs::read(output).unwrap())
}

/// An interpreter needs more than a plugin compiled as such.
fn roomy() -> Grants {
    let mut grants = all_grants();
    grants.limits.memory_bytes = 128 << 20;
    grants.limits.table_elements = 50_000;
    grants.limits.wall_ms = 10_000;
    grants
}

/// Holds the dialogue that both plugins hold.
fn holds_a_dialogue(name: &str, bytes: &[u8]) {
    let cache = tempfile::tempdir().unwrap();
    let config = HostConfig { cache_dir: Some(cache.path().to_owned()), ..HostConfig::default() };
    let host = Host::new(config.clone()).unwrap();
    let began = Instant::now();
    let plugin = host.load(name, bytes, &roomy()).unwrap_or_else(|error| panic!("{error}"));
    println!("{name}: {} bytes, loaded in {:?}", bytes.len(), began.elapsed());
    assert_eq!(&*plugin.descriptor.name, name);
    let digest = plugin.digest;

    let config_json = r#"{"collection":"customers"}"#;
    let ask = || host.run(&digest, &invocation(config_json), &mut Script::default());
    let report = ask();
    let RunResult::Ask(asked) = &report.result else {
        panic!("it did not ask: {report:?}");
    };
    assert_eq!(asked.say[0].text, "고객 번호를 말씀해 주세요.");
    assert_eq!(ask(), report, "the same invocation gives the same answer");

    let said = PluginEvent::Said { text: "c-001".to_owned(), confidence: None };
    let mut answer = invocation(config_json);
    answer.event = &said;
    answer.state = Some(&asked.state);
    let report = host.run(&digest, &answer, &mut Script::default());
    assert_eq!(report.result, RunResult::Suspended);
    let customer = Record {
        key: "c-001".to_owned(),
        version: 1,
        updated_at: Timestamp(0),
        data: json!({"name": "가온전자"}),
        extra: Vec::new(),
    };
    for (found, port) in [(Some(customer), "greeted"), (None, "unknown")] {
        let mut script = Script::of([Ok(HostAnswer::RecordsGet(found))]);
        let report = host.run(&digest, &answer, &mut script);
        let RunResult::Done(done) = &report.result else {
            panic!("it is not done: {report:?}");
        };
        assert_eq!(done.port, port);
        assert_eq!(report.logs[0].message, "looked up");
        if port == "greeted" {
            assert_eq!(done.output["name"], "가온전자");
            assert_eq!(done.say[0].text, "가온전자 님, 안녕하세요.");
        }
    }

    let refused = failure(host.run(
        &digest,
        &invocation(r#"{"collection":"customers","fail":true}"#),
        &mut Script::default(),
    ));
    assert_eq!(refused.kind, FailureKind::Refused);
    assert_eq!(refused.code, "told-so");
    let crashed = failure(host.run(
        &digest,
        &invocation(r#"{"collection":"customers","crash":true}"#),
        &mut Script::default(),
    ));
    assert_eq!(crashed.kind, FailureKind::Trap);
    // Python's standard error is stubbed together with its network.
    if name == "greeting-js" {
        assert!(crashed.message.contains("crash"), "the exception is not told: {crashed:?}");
    }
    println!("{name}: a crash reads: {}", crashed.message);

    let began = Instant::now();
    for _ in 0..100 {
        assert!(matches!(ask().result, RunResult::Ask(_)));
    }
    println!("{name}: {:?} a run", began.elapsed() / 100);

    // What the first host compiled serves the next one.
    drop(host);
    let began = Instant::now();
    let host = Host::new(config).unwrap();
    let plugin = host.load(name, bytes, &roomy()).unwrap();
    println!("{name}: loaded from the cache in {:?}", began.elapsed());
    let report = host.run(&plugin.digest, &invocation(config_json), &mut Script::default());
    assert!(matches!(report.result, RunResult::Ask(_)));

    // Below what the interpreter begins with, the operator is told what to write.
    let mut tight = roomy();
    tight.limits.memory_bytes = 1 << 20;
    let error = host.load(name, bytes, &tight).unwrap_err().to_string();
    assert!(error.contains("limits: {memory_bytes: "), "{error}");
}

#[test]
fn a_plugin_in_javascript_holds_a_dialogue() {
    if let Some(bytes) = javascript() {
        holds_a_dialogue("greeting-js", &bytes);
    }
}

#[test]
fn a_plugin_in_python_holds_a_dialogue() {
    if let Some(bytes) = python() {
        holds_a_dialogue("greeting-py", &bytes);
    }
}
