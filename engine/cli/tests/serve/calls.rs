//! `dialgraph calls` against a server.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Server, Site, holds};

/// Longest that a line is waited for.
const PATIENCE: Duration = Duration::from_secs(600);

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
    assert!(!holds(&shown, "8352"), "{shown}");
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
fn calls_are_exported_by_their_ids_whether_they_are_over_or_not() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    held(&server);
    for id in ["c-2", "c-3"] {
        server.call(id, json!({}));
    }
    let export = |ids: &[&str]| -> Vec<Value> {
        let (code, exported, said) = calls(&server, &[&["export"], ids].concat());
        assert_eq!(code, Some(0), "{said}");
        assert!(!holds(&exported, "8352"), "{exported}");
        exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let one = export(&["c-1"]);
    assert_eq!(one.len(), 1, "{one:?}");
    let (call, turns) = (&one[0]["call"], one[0]["turns"].as_array().unwrap());
    assert_eq!((&call["id"], &call["status"]), (&json!("c-1"), &json!("ended")));
    assert_eq!(turns.len(), 3, "{one:?}");
    let ids: Vec<Value> =
        export(&["c-3", "c-1"]).iter().map(|call| call["call"]["id"].clone()).collect();
    assert_eq!(ids, ["c-3", "c-1"], "those asked for, in that order");

    let (code, _, said) = calls(&server, &["export", "c-2", "nobody"]);
    assert_eq!(
        (code, said.as_str()),
        (Some(2), "error: the server answers 404: there is no call nobody\n")
    );
}

/// `calls tail`, line by line as it prints them; killed when dropped.
struct Tail {
    child: Child,
    lines: Receiver<String>,
}

impl Tail {
    fn start(server: &Server, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
            .args(["calls", "tail"])
            .args(args)
            .args(["--server", &format!("http://{}", server.address())])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in printed.map_while(Result::ok) {
                // Nobody reads on once the test is over.
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// All lines up to one that is `wanted`, which must come before anything else happens.
    #[track_caller]
    fn until(&self, wanted: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => seen.push(line),
                Err(error) => panic!("no line `{wanted}` ({error}) after {seen:#?}"),
            }
            if seen.last().is_some_and(|line| line == wanted) {
                return seen;
            }
        }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_call_is_followed_turn_by_turn_to_its_end() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    server.call("c-1", json!({"flow": "pin", "channel": "voice"}));
    let mut tail = Tail::start(&server, &["c-1"]);
    // Each turn is told before the caller does the next thing.
    tail.until("< Your PIN?");
    tail.until("? 4 keys within 5 s");
    server.event("c-1", 1, json!({"event": "pressed", "keys": "8352"}));
    let second = tail.until("< Your word?");
    assert!(second.iter().any(|line| line == "> (answers; not shown)"), "{second:#?}");
    assert!(!second.iter().any(|line| line.contains("8352")), "{second:#?}");
    tail.until("? speech within 5 s");
    server.event("c-1", 2, json!({"event": "said", "text": "marigold"}));
    let third = tail.until("> “marigold”");
    assert!(!third.iter().any(|line| line.starts_with('<')), "told once: {third:#?}");
    tail.until("Ended: done");
    assert_eq!(tail.child.wait().unwrap().code(), Some(0));
    assert_eq!(tail.lines.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn all_calls_are_followed_from_now_on() {
    let server = Site::desk("http://127.0.0.1:9", "1s").start();
    server.call("early", json!({"flow": "pin", "channel": "voice"}));
    let tail = Tail::start(&server, &[]);
    // What was there at its first look is not told, so this goes on until one call came after it.
    let mut begun = 0;
    let mut seen = loop {
        begun += 1;
        server.call(&format!("new-{begun}"), json!({}));
        assert!(begun < 120, "no new call is told of");
        if let Ok(line) = tail.lines.recv_timeout(Duration::from_secs(1)) {
            break vec![line];
        }
    };
    seen.extend(tail.until(&format!("new-{begun} < What happened?")));

    server.event("early", 1, json!({"event": "pressed", "keys": "8352"}));
    seen.extend(tail.until("early < Your word?"));
    server.call("late", json!({"flow": "pin", "channel": "voice"}));
    seen.extend(tail.until("late < Your PIN?"));
    server.event("early", 2, json!({"event": "said", "text": "marigold"}));
    seen.extend(tail.until("early > “marigold”"));
    seen.extend(tail.until("early Ended: done"));
    server.event("late", 1, json!({"event": "hung_up"}));
    seen.extend(tail.until("late Ended: abandoned"));

    let told = seen.join("\n");
    assert!(!told.contains("early < Your PIN?"), "that was before: {told}");
    assert!(!holds(&told, "8352"), "{told}");
    assert_eq!(told.matches("early < Your word?").count(), 1, "{told}");
    for line in seen.iter().filter(|line| !line.is_empty()) {
        let whose = line.split(' ').next().unwrap();
        assert!(whose == "early" || whose == "late" || whose.starts_with("new-"), "{line}");
    }
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
