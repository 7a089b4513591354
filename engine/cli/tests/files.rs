//! What somebody names may be no file at all: each command says so and goes on or ends.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the command in `folder`; what it says, with its exit code, and without the folder's own
/// path.
fn told(folder: &Path, args: &[&str], input: &[u8]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(args)
        .current_dir(folder)
        .env("RUST_BACKTRACE", "0")
        .env("INSTA_UPDATE", "no")
        .env_remove("DIALGRAPH_PROJECT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read all.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (said, errors) = (text(&output.stdout), text(&output.stderr));
    let mut all = format!("$ dialgraph {}\n{said}{errors}", args.join(" "));
    let _ = writeln!(all, "[{}]", output.status.code().unwrap());
    all.replace(folder.to_str().unwrap(), "FOLDER")
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// A project in `flows`, and a call in `calls`.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("flows/dialgraph.yaml", "entry: hello\nfallback: {queue: general}\nlocales: [en-US]\n"),
        ("flows/data/queues.yaml", "general: {title: {en-US: General}, priority: 1}\n"),
        (
            "flows/hello.flow.yaml",
            "flow: hello\nlocales: [en-US]\nstart: hi\nnodes:\n  hi: {say: {en-US: Hello.}, next: bye}\n  bye: {end: {disposition: greeted}}\n",
        ),
        (
            "calls/a.call.yaml",
            "call: Somebody is greeted\nat: 2026-11-20T10:00:00+09:00\nsteps:\n  - hears: Hello\n  - ends: greeted\n",
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_pipe_keeps_no_command() {
    let folder = project();
    let at = |name: &str| folder.path().join(name);
    for name in ["p.flow.yaml", "p.call.yaml", "p.wasm", "p.json"] {
        pipe(&at(name));
    }
    let mut all = String::new();
    for args in [
        &["check", "--project", "flows", "p.call.yaml"][..],
        &["test", "p.call.yaml"],
        &["connect", "lint", "p.json"],
        &["flow", "push", "p.flow.yaml"],
        &["plugin", "push", "p.wasm"],
        &["plugin", "inspect", "p.wasm"],
        &["plugin", "run", "hours-check", "--input", "@p.json"],
        &["serve", "--config", "p.json"],
    ] {
        all += &told(folder.path(), args, b"");
    }
    pipe(&at("flows/data/more.yaml"));
    for args in [
        &["check"][..],
        &["check", "flows/data/more.yaml"],
        &["test", "calls"],
        &["call"],
        &["flow", "push", "flows"],
    ] {
        all += &told(folder.path(), args, b"");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn what_never_ends_is_read_up_to_a_limit() {
    let folder = project();
    let file = std::fs::File::create(folder.path().join("large.json")).unwrap();
    file.set_len(1 << 30).unwrap();
    let mut all = String::new();
    for args in [
        &["connect", "lint", "/dev/zero"][..],
        &["connect", "lint", "large.json"],
        &["flow", "push", "/dev/zero"],
        &["plugin", "push", "/dev/zero"],
        &["plugin", "push", "large.json"],
        &["plugin", "run", "hours-check", "--input", "@/dev/zero"],
        &["plugin", "run", "hours-check", "--input", "@large.json"],
    ] {
        all += &told(folder.path(), args, b"");
    }
    all += &told(folder.path(), &["call", "--at", "2026-11-20T10:00:00+09:00"], &[b'0'; 100_000]);
    insta::assert_snapshot!(all);
}

#[test]
fn a_project_with_something_odd_in_it_is_still_the_project_and_told_at_its_place() {
    let folder = project();
    let at = |name: &str| folder.path().join(name);
    let mut all = String::new();
    std::fs::create_dir(at("flows/inner")).unwrap();
    pipe(&at("flows/inner/dialgraph.yaml"));
    all += &told(&at("flows/inner"), &["check"], b"");
    std::fs::remove_dir_all(at("flows/inner")).unwrap();
    let large = std::fs::File::create(at("flows/data/large.yaml")).unwrap();
    large.set_len((4 << 20) + 1).unwrap();
    std::os::unix::fs::symlink("nowhere", at("flows/data/gone.yaml")).unwrap();
    std::os::unix::fs::symlink("loop.md", at("flows/loop.md")).unwrap();
    std::fs::create_dir_all(at("flows/a/b/c/d/e/f/g/h/i")).unwrap();
    all += &told(folder.path(), &["check"], b"");
    all += &told(folder.path(), &["test", "calls"], b"");
    all += &told(folder.path(), &["check", "--project", "nowhere"], b"");
    insta::assert_snapshot!(all);
}

#[test]
fn a_snapshot_that_is_no_text_fails_its_script_alone_and_accepting_makes_it_anew() {
    let folder = project();
    let kept = folder.path().join("calls/snapshots/a.snap");
    assert!(told(folder.path(), &["test", "calls", "--accept"], b"").ends_with("[0]\n"));
    let text = std::fs::read_to_string(&kept).unwrap();
    // As editors on other systems save it.
    std::fs::write(&kept, format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
    let mut all = told(folder.path(), &["test", "calls"], b"");
    std::fs::write(&kept, b"\xb0\xa1").unwrap();
    all += &told(folder.path(), &["test", "calls"], b"");
    all += &told(folder.path(), &["test", "calls", "--accept"], b"");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), text);
    std::fs::remove_file(&kept).unwrap();
    pipe(&kept);
    all += &told(folder.path(), &["test", "calls"], b"");
    all += &told(folder.path(), &["test", "calls", "--accept"], b"");
    insta::assert_snapshot!(all);
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    for args in [&["check", "--help"][..], &["--version"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dialgraph"));
        let output = command.args(args).stdout(full.try_clone().unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("cannot write to standard output"), "{errors}");
    }
}
