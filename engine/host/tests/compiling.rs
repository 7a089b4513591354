//! A program that has its plugins compiled in processes of their own, as the command does. It has
//! no test harness, for it must itself be able to compile.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and this one is its own harness"
)]

mod support;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dialgraph_base::Grants;
use dialgraph_host::{CompileLimits, Host, HostConfig, LoadError, compiler};

use support::guest;

fn main() -> ExitCode {
    if let Some(code) = compiler::main() {
        return code;
    }
    let tests: &[(&str, fn())] = &[
        ("what_is_compiled_apart_runs", what_is_compiled_apart_runs),
        ("what_takes_too_much_memory_is_refused", what_takes_too_much_memory_is_refused),
        ("what_takes_too_long_is_refused", what_takes_too_long_is_refused),
        ("what_nobody_waits_for_ends", what_nobody_waits_for_ends),
    ];
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
        assert_eq!(children(), Vec::<String>::new(), "{name} left processes");
    }
    ExitCode::SUCCESS
}

fn host(compile: CompileLimits) -> Host {
    let config = HostConfig { compile, behind_callers: true, ..HostConfig::default() };
    let host = Host::new(config).unwrap();
    host.takes_calls();
    host
}

/// Processes that this one has begun and not waited for.
fn children() -> Vec<String> {
    let me = std::process::id().to_string();
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    all.filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok())
        // The parent's number is the second field behind the name, which may hold anything.
        .filter(|stat| {
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.split(' ').nth(1) == Some(&me))
        })
        .collect()
}

fn refusal(compile: CompileLimits, bytes: &[u8]) -> String {
    let error = host(compile).load("plain", bytes, &Grants::default()).unwrap_err();
    assert!(matches!(error, LoadError::Heavy { .. }), "{error:?}");
    error.to_string()
}

fn leb(out: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn section(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut section = vec![kind];
    leb(&mut section, content.len());
    section.extend_from_slice(content);
    section
}

/// A plugin with a module beside it that is within all counts and takes a compiler many seconds.
fn tedious() -> Vec<u8> {
    const FUNCTIONS: usize = 60_000;
    // Of one parameter, which is squared and counted up a hundred times.
    let mut body = vec![0];
    body.extend([0x20, 0x00, 0x20, 0x00, 0x6c, 0x41, 0x01, 0x6a, 0x21, 0x00].repeat(100));
    body.extend([0x20, 0x00, 0x0b]);
    let (mut types, mut codes) = (Vec::new(), Vec::new());
    leb(&mut types, FUNCTIONS);
    types.resize(types.len() + FUNCTIONS, 0);
    leb(&mut codes, FUNCTIONS);
    for _ in 0..FUNCTIONS {
        leb(&mut codes, body.len());
        codes.extend_from_slice(&body);
    }
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    module.extend(section(1, &[1, 0x60, 1, 0x7f, 1, 0x7f]));
    module.extend(section(3, &types));
    module.extend(section(10, &codes));
    [guest("plain"), &section(1, &module)].concat()
}

fn what_is_compiled_apart_runs() {
    for counting in [false, true] {
        let host = Host::new(HostConfig { counting, ..HostConfig::default() }).unwrap();
        let loaded = host.load("plain", guest("plain"), &Grants::default()).unwrap();
        assert_eq!(&*loaded.descriptor.name, "plain");
    }
}

fn what_takes_too_much_memory_is_refused() {
    let compile = CompileLimits { memory_bytes: 1 << 10, ..CompileLimits::default() };
    let said = refusal(compile, guest("plain"));
    assert!(said.contains("MiB of memory") && said.contains("plugins.compile_memory"), "{said}");
}

fn what_takes_too_long_is_refused() {
    let compile = CompileLimits { time: Duration::from_secs(1), ..CompileLimits::default() };
    let said = refusal(compile, &tedious());
    assert!(said.contains("1 s of a processor") && said.contains("plugins.compile_time"), "{said}");
}

fn what_nobody_waits_for_ends() {
    let host = host(CompileLimits::default());
    let asked = AtomicU32::new(0);
    // Once it is under way.
    let called_off = || {
        assert_eq!(children().len(), 1);
        asked.fetch_add(1, Ordering::Relaxed) > 0
    };
    let given_up = host.prepare("plain", guest("plain"), &Grants::default(), &called_off);
    assert!(matches!(given_up, Err(LoadError::CalledOff { .. })), "{given_up:?}");
    assert!(host.load("plain", guest("plain"), &Grants::default()).is_ok());
}
