//! Flows and plugins are compared, pushed, listed, pinned and taken back from the command line, and
//! a refusal says what to do. Runs the command for the other files of this folder, too.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::server::{Server, Site};

/// What a command said, and how it ended.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Both streams, with digests and times that differ from machine to machine taken out.
    fn shown(&self) -> String {
        let text = format!("exit {}\n{}---\n{}", self.code.unwrap_or(-1), self.out, self.err);
        let mut shown = String::new();
        for line in text.lines() {
            let words = line.split(' ').map(|word| {
                let hex = word.len() == 12 && word.bytes().all(|b| b.is_ascii_hexdigit());
                if hex { "[digest]" } else { word }
            });
            shown.push_str(words.collect::<Vec<_>>().join(" ").trim_end());
            shown.push('\n');
        }
        shown
    }
}

pub(crate) fn project(site: &Site) -> PathBuf {
    site.path().join("project")
}

/// Runs the command against `server`.
pub(crate) fn run(server: &Server, folder: &Path, token: &str, args: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dialgraph"));
    command
        .args(args)
        .current_dir(folder)
        .env("DIALGRAPH_SERVER", format!("http://{}", server.address()))
        .env_remove("DIALGRAPH_PROJECT")
        .env_remove("DIALGRAPH_TOKEN");
    if !token.is_empty() {
        command.env("DIALGRAPH_TOKEN", token);
    }
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A site whose folder is not watched, so that only commands change what is live.
pub(crate) fn site() -> Site {
    // Tests run on busy machines, where a development build compiles a plugin for long.
    Site::desk("http://127.0.0.1:9", "5s")
        .set("DIALGRAPH_DEPLOY__WATCH", "false")
        .set("DIALGRAPH_SERVER__REQUEST_TIMEOUT", "120s")
}

fn asks(answer: &Value) -> String {
    answer["say"][0]["text"].as_str().unwrap_or_default().to_owned()
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

/// Another version of a component that does the same: with a custom section that nobody reads.
fn variant(name: &str, number: u8) -> Vec<u8> {
    let all = dialgraph_guests::shipped();
    let mut bytes = all.iter().find(|(shipped, _)| *shipped == name).unwrap().1.to_vec();
    bytes.extend([0, 9, 7]);
    bytes.extend(b"variant");
    bytes.push(number);
    bytes
}

#[test]
fn a_flow_is_compared_checked_pushed_listed_and_taken_back() {
    let site = site();
    let (server, folder) = (site.start(), project(&site));
    let desk = folder.join("desk.flow.yaml");
    assert_eq!(asks(&server.call("a", json!({}))), "What happened?");
    let same = run(&server, site.path(), "", &["flow", "diff", "--project", "project"]);
    assert_eq!((same.code, same.out.as_str()), (Some(0), ""), "{}", same.err);

    edit(&desk, "What happened?", "What can we do for you?");
    let diff = run(&server, site.path(), "", &["flow", "diff", "desk", "--project", "project"]);
    insta::assert_snapshot!(diff.shown());
    let push = ["flow", "push", "project/desk.flow.yaml", "--why", "kinder"];
    let dry = run(&server, site.path(), "", &[&push[..], &["--dry-run"]].concat());
    assert!(dry.code == Some(0) && dry.out.contains("this would be release 2"), "{}", dry.out);
    assert_eq!(asks(&server.call("b", json!({}))), "What happened?");
    insta::assert_snapshot!(run(&server, site.path(), "", &push).shown());
    assert_eq!(asks(&server.call("c", json!({}))), "What can we do for you?");

    edit(&desk, "on: {created: told,", "on: {created: tld,");
    insta::assert_snapshot!(run(&server, site.path(), "", &push).shown());
    assert_eq!(asks(&server.call("d", json!({}))), "What can we do for you?");

    let listed = run(&server, site.path(), "", &["flow", "list", "desk"]);
    let lines: Vec<Vec<&str>> =
        listed.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines.len(), 2, "{}", listed.out);
    assert_eq!(lines[0].last(), Some(&"live"));
    let first = lines[1][0].to_owned();
    let back = run(&server, site.path(), "", &["flow", "rollback", "desk", "--to", &first]);
    assert_eq!(back.code, Some(0), "{}", back.err);
    assert_eq!(asks(&server.call("e", json!({}))), "What happened?");
    let back = run(&server, site.path(), "", &["flow", "rollback", "--release", "--to", "2"]);
    assert_eq!(back.code, Some(0), "{}", back.err);
    assert_eq!(asks(&server.call("f", json!({}))), "What can we do for you?");
    let nobody = run(&server, site.path(), "", &["flow", "rollback", "nobody"]);
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.err.contains("there is no earlier version of flow nobody"), "{}", nobody.err);
    // The whole project at once, with what is broken in it.
    let all = run(&server, site.path(), "", &["flow", "push", "project"]);
    assert_eq!(all.code, Some(1), "{}", all.err);
}

#[test]
fn a_plugin_is_pushed_tried_pinned_listed_and_taken_back() {
    let site = site();
    let server = site.start();
    std::fs::write(site.path().join("call_log.wasm"), variant("call-log", 1)).unwrap();
    std::fs::write(site.path().join("broken.wasm"), b"\0asm nonsense").unwrap();
    let command = |args: &[&str]| run(&server, site.path(), "", args);
    let broken = command(&["plugin", "push", "broken.wasm", "--name", "call-log"]);
    insta::assert_snapshot!(broken.shown());

    insta::assert_snapshot!(
        command(&["plugin", "push", "call_log.wasm", "--canary", "25"]).shown()
    );
    let canary = command(&["flow", "canary"]);
    assert!(canary.out.contains("25 % of new calls"), "{}", canary.out);
    let busy = command(&["plugin", "push", "call_log.wasm"]);
    assert!(busy.code == Some(2) && busy.err.contains("a canary is running"), "{}", busy.err);
    let promoted = command(&["flow", "canary", "--promote"]);
    assert!(promoted.out.contains("canary  none"), "{}{}", promoted.out, promoted.err);
    let again = command(&["plugin", "push", "call_log.wasm"]);
    assert!(again.out.starts_with("nothing differs from what is live: release 2"), "{}", again.out);

    assert_eq!(command(&["plugin", "pin", "call-log"]).code, Some(0));
    std::fs::write(site.path().join("call_log.wasm"), variant("call-log", 2)).unwrap();
    let pinned = command(&["plugin", "push", "call_log.wasm"]);
    assert!(pinned.code == Some(1) && pinned.err.contains("is pinned at"), "{}", pinned.err);
    let listed = command(&["plugin", "list"]);
    let line = listed.out.lines().find(|line| line.starts_with("call-log ")).unwrap();
    assert!(line.ends_with("pinned") && line.contains(" local "), "{line}");
    assert_eq!(command(&["plugin", "pin", "call-log", "--off"]).code, Some(0));
    let back = command(&["plugin", "rollback", "call-log", "--why", "slow"]);
    assert_eq!(back.code, Some(0), "{}", back.err);
    let versions = command(&["plugin", "list", "call-log", "--json"]);
    let versions: Value = serde_json::from_str(&versions.out).unwrap();
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);
    assert_eq!(versions["versions"][1]["live"], true);
}

#[test]
fn a_plugin_that_is_to_reach_more_needs_the_word_of_an_operator() {
    let site = site();
    let server = site.start();
    let folder = project(&site);
    edit(
        &folder.join("dialgraph.yaml"),
        "secrets: [zendesk-token]}",
        "secrets: [zendesk-token, other-token]}",
    );
    edit(&folder.join("dialgraph.yaml"), "http: [", "http: [api.example.com, ");
    let push = ["flow", "push", "project/dialgraph.yaml"];
    let refused = run(&server, site.path(), "", &push);
    insta::assert_snapshot!(refused.shown());
    let wanted: Vec<&str> =
        refused.err.lines().last().unwrap().split(' ').filter(|word| word.contains(':')).collect();
    let allowed: Vec<&str> =
        wanted.iter().filter(|word| word.starts_with("ticketing-zendesk:")).copied().collect();
    assert_eq!(allowed.len(), 2, "{}", refused.err);
    let allow = ["--allow", allowed[0], "--allow", allowed[1]];
    let pushed = run(&server, site.path(), "", &[&push[..], &allow].concat());
    assert_eq!(pushed.code, Some(0), "{}", pushed.err);
    assert!(pushed.out.contains("newly calls host api.example.com"), "{}", pushed.out);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(["plugin", "list", "--server", "http://127.0.0.1:9"])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error.contains("127.0.0.1:9") && error.contains("is `dialgraph serve` running?"),
        "{error}"
    );
}
