//! `dialgraph calls` against a server.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::server::{Server, Site};

fn calls(server: &Server, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .arg("calls")
        .args(args)
        .args(["--server", &format!("http://{}", server.address())])
        .env("TZ", "Asia/Seoul")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A call with a secret and a word in it.
fn held(server: &Server) {
    server.call("c-1", json!({"flow": "pin", "channel": "voice"}));
    server.event("c-1", 1, json!({"event": "pressed", "keys": "8352"}));
    server.event("c-1", 2, json!({"event": "said", "text": "marigold"}));
}

/// Times and digests differ from run to run.
fn steady(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(" at 20") {
        Some((before, after)) => format!("{before} at TIME{}", &after[23..]),
        None if line.starts_with("Release ") => "Release DIGEST".to_owned(),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_call_is_shown_with_its_path_and_journal_and_without_its_secrets() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    held(&server);
    let (code, shown, _) = calls(&server, &["show", "c-1"]);
    assert_eq!(code, Some(0));
    assert!(!shown.contains("8352"), "{shown}");
    insta::assert_snapshot!(steady(&shown));

    let (code, shown, _) = calls(&server, &["show", "c-1", "--json"]);
    assert_eq!(code, Some(0));
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["call"]["status"], "ended");
}

#[test]
fn calls_in_progress_are_listed_and_exported() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    for id in ["c-1", "c-2"] {
        server.call(id, json!({}));
    }
    let (code, listed, _) = calls(&server, &["ls"]);
    assert_eq!(code, Some(0));
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert!(lines[0].starts_with("CALL"));
    assert!(lines[1].ends_with("1     desk/ask"), "{listed}");
    let (_, one, _) = calls(&server, &["ls", "--limit", "1"]);
    assert_eq!(one.lines().count(), 3, "head, call, and that there are more: {one}");
    assert!(one.ends_with("… and more; `--all` lists them, `--limit` so many\n"), "{one}");
    let (_, all, _) = calls(&server, &["ls", "--all", "--json"]);
    let all: Value = serde_json::from_str(&all).unwrap();
    assert_eq!((all["calls"].as_array().unwrap().len(), &all["more"]), (2, &json!(false)));

    let (code, exported, _) = calls(&server, &["export"]);
    assert_eq!(code, Some(0));
    let mut ids: Vec<String> = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["call"]["id"].to_string())
        .collect();
    ids.sort();
    assert_eq!(ids, ["\"c-1\"", "\"c-2\""]);
}

#[test]
fn a_call_is_followed_to_its_end() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    server.call("c-1", json!({"flow": "pin", "channel": "voice"}));
    std::thread::scope(|scope| {
        let followed = scope.spawn(|| calls(&server, &["tail", "c-1"]));
        server.event("c-1", 1, json!({"event": "pressed", "keys": "8352"}));
        server.event("c-1", 2, json!({"event": "said", "text": "marigold"}));
        let (code, followed, _) = followed.join().unwrap();
        assert_eq!(code, Some(0));
        assert!(
            followed.contains("“marigold”") && followed.ends_with("Ended: done\n"),
            "{followed}"
        );
    });
}

#[test]
fn what_goes_wrong_is_said() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    let (code, _, said) = calls(&server, &["show", "nobody"]);
    assert_eq!(
        (code, said.as_str()),
        (Some(2), "error: the server answers 404: there is no call nobody\n")
    );
    let gone = server.address();
    drop(server);
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(["calls", "ls", "--server", &format!("http://{gone}")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is `dialgraph serve` running?"), "{said}");
}
