//! The command as people and pipes use it: the real binary on the shipped flows.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs the command in the repository with `input` on standard input.
fn dialgraph_in(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(args)
        .current_dir(folder)
        .env("TZ", "Asia/Seoul")
        .env("RUST_BACKTRACE", "0")
        .env("INSTA_UPDATE", "no")
        .env_remove("DIALGRAPH_PROJECT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn dialgraph(args: &[&str], input: &str) -> (i32, String, String) {
    let output = dialgraph_in(&root(), args, input);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

const CALL: [&str; 5] = ["call", "--at", "2026-11-20T10:00:00+09:00", "--from", "+82-10-0000-0101"];

#[test]
fn a_whole_emergency_call_comes_through_a_pipe() {
    let (code, heard, _) = dialgraph(&CALL, "1\n푸른별상사\n홍예시\n1\n운영 서버가 다운됐어요\n");
    assert_eq!(code, 0);
    insta::assert_snapshot!(heard);
}

#[test]
fn the_trace_names_ports_host_calls_and_costs() {
    let args = [&CALL[..], &["--trace"]].concat();
    let (_, heard, _) = dialgraph(&args, "1\n");
    assert!(heard.contains("main-entry/hours use hours-check → open"), "{heard}");
    assert!(heard.contains(" instructions,") && heard.contains(" KiB"), "{heard}");
}

#[test]
fn a_turn_can_be_taken_back_and_a_provider_can_be_made_to_fail() {
    let lines =
        ":fail records\n1\n푸른별상사\n:undo\n:heal records\n:nonsense\n:clock\n:hangup\n1\n";
    let (code, heard, _) = dialgraph(&CALL, lines);
    assert_eq!(code, 0);
    insta::assert_snapshot!(heard);
}

#[test]
fn a_call_held_by_hand_is_saved_as_a_script_that_passes() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("held_by_hand.call.yaml");
    let script = script.to_str().unwrap();
    let lines =
        format!("1\n푸른별상사\n:clock 2m\n홍예시\n1\n운영 서버가 다운됐어요\n:save {script}\n");
    let (_, heard, _) = dialgraph(&CALL, &lines);
    assert!(heard.contains("(saved as "), "{heard}");
    let (code, results, errors) = dialgraph(&["test", "--accept", script], "");
    assert_eq!(code, 0, "{results}{errors}");
    assert_eq!(results, "ok    held by hand\n");
}

#[test]
fn every_script_passes_in_any_order_with_its_transcript() {
    let one = dialgraph(&["test", "tests/calls", "--jobs", "1", "--costs"], "");
    assert_eq!(one.0, 0, "{}{}", one.1, one.2);
    let four = dialgraph(&["test", "tests/calls", "--jobs", "4", "--costs"], "");
    assert_eq!((four.0, four.1), (one.0, one.1));
}

/// A project of one flow, with one script that holds and one that does not.
fn small_project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("flows/dialgraph.yaml", "entry: hello\nfallback: {queue: general}\nlocales: [en-US]\n");
    write("flows/data/queues.yaml", "general: {title: {en-US: General}, priority: 1}\n");
    write(
        "flows/hello.flow.yaml",
        "flow: hello\nlocales: [en-US]\nstart: hi\nnodes:\n  hi: {say: {en-US: Hello.}, next: bye}\n  bye: {end: {disposition: greeted}}\n",
    );
    write(
        "calls/a_good.call.yaml",
        "call: Somebody is greeted\nat: 2026-11-20T10:00:00+09:00\nsteps:\n  - hears: Hello\n  - ends: greeted\n",
    );
    write(
        "calls/b_bad.call.yaml",
        "call: Somebody waits for more\nat: 2026-11-20T10:00:00+09:00\nmocks: [{on: nlu, error: unavailable}]\nsteps:\n  - hears: Good morning\n  - queue: general\n  - never_hears: Hello\n  - says: hello?\n",
    );
    folder
}

#[test]
fn a_failed_script_tells_line_and_reason_in_text_json_and_junit() {
    let folder = small_project();
    let run = |args: &[&str]| {
        let output = dialgraph_in(folder.path(), args, "");
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = run(&["test", "calls", "--accept", "--junit", "results.xml"]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(text);
    let junit = std::fs::read_to_string(folder.path().join("results.xml")).unwrap();
    assert!(junit.contains(r#"tests="2""#) && junit.contains(r#"failures="1""#), "{junit}");
    assert!(junit.contains("was not heard"), "{junit}");
    let (code, json) = run(&["test", "calls", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["passed"], &json["failed"]), (Some(1), &1.into(), &1.into()));
    assert_eq!(json["scripts"][1]["faults"][0]["line"], 3, "the mock that nobody used");
    let (code, text) = run(&["test", "calls", "--filter", "greeted"]);
    assert_eq!((code, text.as_str()), (Some(0), "ok    Somebody is greeted\n"));
    let (code, _) = run(&["test", "calls", "--filter", "nothing is called so"]);
    assert_eq!(code, Some(1), "a run of nothing proves nothing");
}

#[test]
fn a_transcript_that_changed_fails_and_is_proposed_as_insta_does() {
    let folder = small_project();
    let run = |args: &[&str], update: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
            .args(args)
            .current_dir(folder.path())
            .env("INSTA_UPDATE", update)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let good = ["test", "calls/a_good.call.yaml"];
    assert_eq!(run(&good, "no").0, Some(1), "there is no snapshot yet");
    assert_eq!(run(&["test", "calls/a_good.call.yaml", "--accept"], "no").0, Some(0));
    assert_eq!(run(&good, "no").0, Some(0));
    let flow = folder.path().join("flows/hello.flow.yaml");
    let changed = std::fs::read_to_string(&flow).unwrap().replace("Hello.", "Hello there.");
    std::fs::write(&flow, changed).unwrap();
    let (code, text) = run(&good, "new");
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(text);
    let proposal = folder.path().join("calls/snapshots/a_good.snap.new");
    assert!(std::fs::read_to_string(&proposal).unwrap().contains("Hello there."));
    // What `cargo insta accept` does.
    std::fs::rename(&proposal, proposal.with_extension("")).unwrap();
    assert_eq!(run(&good, "no").0, Some(0));
}

#[test]
fn check_tells_everything_that_is_wrong_and_explains_it() {
    let folder = small_project();
    let flow = folder.path().join("flows/hello.flow.yaml");
    let broken = "flow: hello\nlocales: [en-US]\nstart: hi\nnodes:\n  hi: {say: {en-US: 'Hello ${nmae}.'}, next: by}\n  bye: {end: {disposition: greeted}}\n";
    std::fs::write(&flow, broken).unwrap();
    let run = |args: &[&str]| {
        let output = dialgraph_in(folder.path(), args, "");
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = run(&["check"]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(text);
    let (code, json) = run(&["check", "flows/hello.flow.yaml", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, Some(1));
    assert!(json["errors"].as_u64().unwrap() >= 2, "{json:#}");
    assert_eq!(run(&["check", "--explain", "dangling-target"]).0, Some(0));
    let (code, _, errors) = dialgraph(&["check", "--explain", "DG9999"], "");
    assert_eq!(code, 2);
    assert!(errors.contains("there is no code `DG9999`"), "{errors}");
}

#[test]
fn the_shipped_flows_are_clean_and_can_be_drawn() {
    let (code, text, errors) = dialgraph(&["check", "flows", "--deny-warnings"], "");
    assert_eq!((code, text.as_str(), errors.as_str()), (0, "", "0 errors, 0 warnings\n"));
    let (code, drawn, _) = dialgraph(&["flow", "graph", "main-entry"], "");
    assert!(code == 0 && drawn.starts_with("flowchart"), "{drawn}");
    let (code, drawn, _) = dialgraph(&["flow", "graph", "main-entry", "--format", "dot"], "");
    assert!(code == 0 && drawn.starts_with("digraph"), "{drawn}");
    let (code, _, errors) = dialgraph(&["flow", "graph", "main-enrty"], "");
    assert!(code == 2 && errors.contains("main-entry"), "{errors}");
}

#[test]
fn what_cannot_be_done_is_said_with_what_to_do() {
    let (code, _, errors) = dialgraph(&["call", "--project", "nowhere"], "");
    assert_eq!(code, 2);
    assert!(errors.contains("nowhere") && errors.contains("--project"), "{errors}");
    let (code, _, errors) = dialgraph(&["call", "--at", "yesterday"], "");
    assert!(code == 2 && errors.contains("2026-11-20T10:00:00+09:00"), "{errors}");
    let (code, _, errors) = dialgraph(&["call", "--locale", "fr-FR"], "");
    assert!(code == 2 && errors.contains("ko-KR"), "{errors}");
    let (code, _, errors) = dialgraph(&["test", "no/such/folder"], "");
    assert!(code == 2 && errors.contains("no/such/folder"), "{errors}");
    let (code, _, errors) = dialgraph(&["plugin", "inspect", "nothing.wasm"], "");
    assert!(code == 2 && errors.contains("hours-check"), "{errors}");
}

#[test]
fn a_shipped_plugin_is_inspected_and_run_alone() {
    let (code, shown, _) = dialgraph(&["plugin", "inspect", "call-log"], "");
    assert_eq!(code, 0);
    assert!(shown.contains("call-log: {grants: [") && shown.contains("sha256:"), "{shown}");
    let config = r#"{"calendar": {"zone": "Asia/Seoul", "weekly": {"fri": [["09:00", "18:00"]]}}}"#;
    let run =
        ["plugin", "run", "hours-check", "--config", config, "--at", "2026-11-20T10:00:00+09:00"];
    let (code, shown, errors) = dialgraph(&run, "");
    assert_eq!(code, 0, "{shown}{errors}");
    assert!(shown.starts_with("done     port open"), "{shown}");
    assert!(shown.contains(" instructions\n") && shown.contains(" KiB\n"), "{shown}");
    let (code, json, _) = dialgraph(&[&run[..], &["--json"]].concat(), "");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["result"]["done"]["port"]), (0, &"open".into()));
}
