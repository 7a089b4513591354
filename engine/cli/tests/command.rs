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
    let (code, heard, _) =
        dialgraph(&CALL, "1\n푸른별상사\n홍예시\n1\n운영 서버가 다운됐어요\n:rings answered\n");
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
    let lines = format!(
        "1\n푸른별상사\n:clock 2m\n홍예시\n1\n운영 서버가 다운됐어요\n:rings no_answer\n:clock 5m\n:hangup\n:save {script}\n"
    );
    let (_, heard, _) = dialgraph(&CALL, &lines);
    assert!(heard.contains("(saved as "), "{heard}");
    let (code, results, errors) = dialgraph(&["test", "--accept", script], "");
    assert_eq!(code, 0, "{results}{errors}");
    assert_eq!(results, "ok    held by hand\n");
    let text = std::fs::read_to_string(script).unwrap();
    assert!(text.contains("  - clock: 2m\n") && !text.contains("hears"), "{text}");
    assert!(text.contains("  - rings: no_answer\n"), "{text}");
    assert!(text.contains("\"홍예시\"  # sensitive"), "{text}");
    assert!(heard.contains("2 answers that transcripts do not show"), "{heard}");
    let (_, heard, _) = dialgraph(&CALL, &format!(":save {script}\n:save! {script}\n"));
    assert!(heard.contains("is there already") && heard.contains("(saved as"), "{heard}");
    let (_, heard, _) = dialgraph(&CALL, ":save call.yaml\n");
    assert!(heard.contains("`:save call.call.yaml`"), "{heard}");
}

#[test]
fn a_provider_that_was_made_to_fail_fails_in_the_saved_script_for_the_same_calls() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("records_down.call.yaml");
    let script = script.to_str().unwrap();
    let lines = format!(
        ":fail nlu\n1\n푸른별상사\n홍예시\n:fail records\n1\n:heal records\n:hangup\n:save {script}\n"
    );
    let (_, heard, _) = dialgraph(&CALL, &lines);
    let text = std::fs::read_to_string(script).unwrap();
    assert!(!text.contains("nlu"), "nobody called it: {text}");
    assert!(text.contains("  - {on: records, error: unavailable, calls: "), "{text}");
    let (code, results, errors) = dialgraph(&["test", "--accept", script], "");
    assert_eq!(code, 0, "{results}{errors}{text}");
    let snapshot = folder.path().join("snapshots/records_down.snap");
    let played = std::fs::read_to_string(snapshot).unwrap();
    // The same questions, in the same order, and the same end.
    let ways = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("= ") || line.starts_with("? "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(ways(&played), ways(&heard));
}

#[test]
fn what_was_typed_in_full_width_is_pressed_and_what_is_not_there_is_said() {
    let (_, heard, _) = dialgraph(&CALL, "１\n");
    assert!(heard.contains("> presses 1\n"), "{heard}");
    let (_, heard, _) = dialgraph(&["call", "vip-customer"], ":journal\n:help\n");
    assert!(heard.contains("secrets, http"), "{heard}");
    let (code, _, errors) = dialgraph(&["call", "--from", "abc"], "");
    assert!(code == 2 && errors.contains("`abc` is no telephone number"), "{errors}");
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
    assert!(!folder.path().join("calls/snapshots/b_bad.snap").exists(), "it failed");
    assert!(folder.path().join("calls/snapshots/a_good.snap").exists());
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
fn a_budget_is_made_by_accepting_and_not_of_scripts_that_fail() {
    let folder = small_project();
    let run = |args: &[&str]| {
        let output = dialgraph_in(folder.path(), args, "");
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = run(&["test", "calls", "--costs", "--accept"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("the budget was not accepted: scripts fail"), "{text}");
    std::fs::remove_file(folder.path().join("calls/b_bad.call.yaml")).unwrap();
    let (code, text) = run(&["test", "calls", "--costs"]);
    assert!(code == Some(1) && text.contains("\nno budget yet at calls/"), "{text}");
    assert_eq!(run(&["test", "calls", "--costs", "--accept"]).0, Some(0));
    assert_eq!(run(&["test", "calls", "--costs"]).0, Some(0));
}

#[test]
fn the_project_is_found_from_any_folder_of_it_by_every_command() {
    let folder = small_project();
    std::fs::create_dir(folder.path().join("tests")).unwrap();
    std::fs::rename(folder.path().join("calls"), folder.path().join("tests/calls")).unwrap();
    let run = |from: &str, args: &[&str]| {
        let output = dialgraph_in(&folder.path().join(from), args, "");
        let all = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(all).unwrap())
    };
    for from in [".", "flows", "flows/data", "tests/calls"] {
        for args in [
            &["check"][..],
            &["check", "hello"],
            &["flow", "graph", "hello"],
            &["call"],
            &["test", "--accept", "--filter", "greeted"],
        ] {
            let (code, said) = run(from, args);
            assert_eq!(code, Some(0), "{args:?} from {from}: {said}");
        }
    }
    let file = ["flow", "graph", "data/../hello.flow.yaml"];
    assert_eq!(run("flows", &file).0, Some(0));
    let (code, said) = run("flows", &["check", "helo"]);
    assert!(code == Some(2) && said.contains("did you mean `hello`?"), "{said}");
    let (code, said) = run("flows", &["flow", "graph", "helo"]);
    assert!(code == Some(2) && said.contains("did you mean `hello`?"), "{said}");
    let nowhere = tempfile::tempdir().unwrap();
    for args in [&["check"][..], &["flow", "graph", "hello"], &["call"], &["test"]] {
        let output = dialgraph_in(nowhere.path(), args, "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error: there is no project: no folder from here"), "{said}");
    }
}

#[test]
fn a_plugin_without_its_grant_is_one_finding_where_it_is_granted_something() {
    let folder = small_project();
    let project = folder.path().join("flows/dialgraph.yaml");
    let base = std::fs::read_to_string(&project).unwrap();
    std::fs::write(
        folder.path().join("flows/hello.flow.yaml"),
        "flow: hello\nstart: log\nnodes:\n  log: {use: call-log, on: {done: bye, failed: bye, written: bye, error: bye}}\n  bye: {end: {disposition: greeted}}\n",
    )
    .unwrap();
    let check = |plugins: &str| {
        std::fs::write(&project, format!("{base}{plugins}")).unwrap();
        let output = dialgraph_in(folder.path(), &["check"], "");
        String::from_utf8(output.stdout).unwrap()
    };
    insta::assert_snapshot!(check("plugins:\n  call-log: {grants: [clock]}\n"));
    insta::assert_snapshot!(check("plugins:\n  call-log: {grants: [clock, record-write]}\n"));
    let text = check("");
    assert!(text.contains("`call-log: {grants: [clock, records-write]}`"), "{text}");
    assert_eq!(text.matches("error[").count(), 1, "{text}");
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
fn a_chain_of_nodes_is_called_and_drawn_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("data/queues.yaml", "general: {title: {en-US: General}, priority: 1}\n");
    write(
        "dialgraph.yaml",
        "entry: long\nlocales: [en-US]\nfallback: {queue: general}\nlimits: {nodes_per_turn: 100000}\n",
    );
    let chain = |nodes: usize| {
        let node = |n| format!("  n{n}: {{set: {{}}, next: n{}}}\n", n + 1);
        format!(
            "flow: long\nlocales: [en-US]\nstart: n0\nnodes:\n{}  n{nodes}: {{end: {{disposition: resolved, say: {{en-US: The end.}}}}}}\n",
            (0..nodes).map(node).collect::<String>()
        )
    };
    let run = |args: &[&str]| {
        let output = dialgraph_in(folder.path(), args, "");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    write("long.flow.yaml", &chain(5_400));
    assert_eq!(run(&["check"]).0, Some(0));
    let (code, heard, wrong) = run(&["call"]);
    assert!(code == Some(0) && heard.contains("The end."), "{heard}{wrong}");
    for format in ["mermaid", "dot"] {
        let (code, drawn, wrong) = run(&["flow", "graph", "long", "--format", format]);
        assert!(code == Some(0) && drawn.lines().count() > 10_000, "{wrong}");
    }
    write("long.flow.yaml", &chain(100_000));
    // What was asked for is the list of what is wrong, or cannot be had because of it.
    for (args, ends) in [(&["check"][..], 1), (&["call"], 2), (&["flow", "graph", "long"], 2)] {
        let (code, out, wrong) = run(args);
        assert!(code == Some(ends), "{args:?}: {code:?}");
        assert!(format!("{out}{wrong}").contains("DG0109"), "{args:?}: {out}{wrong}");
    }
}

#[test]
fn the_shipped_flows_are_clean_and_can_be_drawn() {
    let (code, text, errors) = dialgraph(&["check", "flows", "--deny-warnings"], "");
    let told = "project: flows/cafe\n0 errors, 0 warnings\n";
    assert_eq!((code, text.as_str(), errors.as_str()), (0, "", told));
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
    let nobody = ["plugin", "list", "--server", "http://127.0.0.1:1"];
    let (code, _, errors) = dialgraph(&nobody, "");
    assert_eq!(code, 2, "{errors}");
    assert!(
        errors.contains("record") && errors.contains("`dialgraph plugin inspect NAME`"),
        "{errors}"
    );
    let (code, _, errors) = dialgraph(&["plugin", "inspect", "nothing.wasm"], "");
    assert!(code == 2 && errors.contains("no file nothing.wasm"), "{errors}");
    let (code, _, errors) = dialgraph(&["plugin", "inspect", "hour-check"], "");
    assert!(code == 2 && errors.contains("did you mean `hours-check`?"), "{errors}");
    let (code, _, errors) = dialgraph(&["test", "README.md"], "");
    assert!(code == 2 && errors.contains("README.md: this is no call script"), "{errors}");
    let (code, _, errors) = dialgraph(&["test", "docs"], "");
    assert!(code == 2 && errors.contains("no call script in this folder"), "{errors}");
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

#[test]
fn a_new_plugin_is_used_as_its_readme_says() {
    let folder = small_project();
    let run = |args: &[&str]| {
        let output = dialgraph_in(folder.path(), args, "");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (_, _, told) = run(&["plugin", "new", "auth", "--dir", "other"]);
    assert!(told.contains("dialgraph comes with a plugin `auth`"), "{told}");
    let (code, files, told) = run(&["plugin", "new", "order-status"]);
    assert_eq!((code, files.lines().count()), (Some(0), 3), "{files}");
    assert!(told.contains("  cd order-status\n  cargo test\n"), "{told}");

    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold-target");
    let new = folder.path().join("order-status");
    let built = dialgraph_guests::build::Build::new(&new, &target).offline().run();
    let built = built.unwrap_or_else(|error| panic!("{error}"));
    std::fs::create_dir(folder.path().join("flows/plugins")).unwrap();
    let component = folder.path().join("flows/plugins/order_status.wasm");
    std::fs::copy(&built.first().unwrap().path, component).unwrap();
    let readme = std::fs::read_to_string(new.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```yaml\n").unwrap();
    let (flow, _) = rest.split_once("```").unwrap();
    std::fs::write(folder.path().join("flows/try-order-status.flow.yaml"), flow).unwrap();

    let (code, found, _) = run(&["check", "--deny-warnings"]);
    assert_eq!((code, found.as_str()), (Some(0), ""));
    let (_, heard, _) = run(&["call", "try-order-status"]);
    assert!(heard.contains("< Hello Hana, thank you for calling.\n"), "{heard}");
    let (code, shown, _) = run(&["plugin", "inspect", "order-status"]);
    assert!(code == Some(0) && shown.starts_with("order-status "), "{shown}");
    let input = ["plugin", "run", "order-status", "--input", "{\"name\": \"Hana\"}"];
    let (code, shown, _) = run(&input);
    assert!(code == Some(0) && shown.starts_with("done     port greeted"), "{shown}");
    let (code, shown, _) = run(&["plugin", "run", "order-status"]);
    assert!(code == Some(1) && shown.starts_with("failed   other bad-input: with: "), "{shown}");
}
