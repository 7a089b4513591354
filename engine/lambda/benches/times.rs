//! How long the function takes: `cargo bench -p dialgraph-lambda`.
//!
//! The real binary, optimised, under the emulated Runtime API, with an engine in this process that
//! answers at once: what is measured is what the function adds. Lambda's own part of a cold start
//! (finding a machine, fetching the binary) comes on top and cannot be measured here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]
#![expect(dead_code, reason = "the stand-in can do more than is needed here")]

#[path = "../tests/engine/mod.rs"]
mod engine;

use std::path::Path;
use std::time::{Duration, Instant};

use dialgraph_lambda::emulator::{EmulatorOutcome, Function};
use serde_json::json;

use engine::EngineStandIn;

const LIMIT: Duration = Duration::from_secs(8);
const STARTS: usize = 40;
const TURNS: usize = 3_000;

#[tokio::main]
async fn main() {
    let binary = Path::new(env!("CARGO_BIN_EXE_dialgraph-lambda"));
    println!("binary: {} KiB", std::fs::metadata(binary).unwrap().len() / 1_024);

    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    let http = EngineStandIn::start(vec![]).await;
    let (https, pem) = EngineStandIn::start_tls(vec![]).await;
    std::fs::write(&authority, pem).unwrap();
    let authority = authority.to_str().unwrap();
    let nobody = format!("http://{}", engine::unused_address().await);

    println!("\nfrom the start of the process to the first answer ({STARTS} starts)");
    for (title, url) in [("http", http.url()), ("https", https.url())] {
        let mut times = Vec::new();
        let mut resident = 0;
        for _ in 0..STARTS {
            let began = Instant::now();
            let function = start(binary, &url, authority).await;
            turn(&function).await;
            times.push(began.elapsed());
            resident = resident_kib(function.process());
        }
        report(title, times);
        println!("  {title:<28} {resident} KiB of memory after its first turn");
    }

    println!("\none invocation, warm ({TURNS} turns, one after another)");
    for (title, url) in [("http", http.url()), ("https", https.url())] {
        let function = start(binary, &url, authority).await;
        report(title, turns(&function, TURNS).await);
        println!("  {title:<28} {} KiB of memory afterwards", resident_kib(function.process()));
    }
    let function = start(binary, &nobody, authority).await;
    report("fallback of a dead engine", turns(&function, 100).await);
    println!("  (of which 75 ms are the pause before it is tried again)");
    let function = start(binary, &nobody, authority).await;
    let mut times = Vec::new();
    for _ in 0..TURNS {
        let began = Instant::now();
        let event = json!({"invocationSource": "DialogCodeHook", "sessionState": {}}).to_string();
        answered(&function.invoke(&event, LIMIT).await);
        times.push(began.elapsed());
    }
    report("Lex: no engine involved", times);
}

async fn start(binary: &Path, url: &str, authority: &str) -> Function {
    let variables = [
        ("DIALGRAPH_URL", url),
        ("DIALGRAPH_KEY_ID", "2026-11"),
        ("DIALGRAPH_KEY", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"),
        ("DIALGRAPH_CA_FILE", authority),
        ("DIALGRAPH_FALLBACK_QUEUE", "night-desk"),
    ];
    Function::start(binary, variables).await.unwrap()
}

async fn turns(function: &Function, count: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..count {
        let began = Instant::now();
        turn(function).await;
        times.push(began.elapsed());
    }
    times
}

async fn turn(function: &Function) {
    let event = include_str!("../tests/cargo_lambda/turn.json");
    answered(&function.invoke(event, LIMIT).await);
}

fn answered(outcome: &EmulatorOutcome) {
    assert!(matches!(outcome, EmulatorOutcome::Response(_)), "{outcome:?}");
}

fn report(title: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    let (median, p99, most) = (at(50), at(99), at(100));
    println!("  {title:<28} median {median:7.2} ms   p99 {p99:7.2} ms   most {most:7.2} ms");
}

/// 0 where there is no /proc.
fn resident_kib(process: Option<u32>) -> u64 {
    let status = process.and_then(|id| std::fs::read_to_string(format!("/proc/{id}/status")).ok());
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
}
