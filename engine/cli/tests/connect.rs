//! `dialgraph connect`: what a Connect owner types.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::Path;
use std::process::Command;

const LAMBDA: &str = "arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph";
const QUEUES: [&str; 6] =
    ["after-hours", "callback", "general", "msp-emergency", "msp-general", "vip"];

fn connect(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .arg("connect")
        .args(args)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .env_remove("DIALGRAPH_PROJECT")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn queue(name: &str) -> String {
    format!("{name}=arn:aws:connect:ap-northeast-2:111122223333:instance/i/queue/{name}")
}

/// A bridge for all queues of the shipped project, with some more arguments.
fn bridge(more: &[&str]) -> (i32, String, String) {
    let queues: Vec<String> = QUEUES.map(queue).into();
    let mut args = vec!["bridge-flow", "--lambda-arn", LAMBDA];
    for queue in &queues {
        args.extend(["--queue", queue]);
    }
    connect(&[&args[..], more].concat())
}

#[test]
fn the_flow_of_the_shipped_project_passes_the_lint_and_says_the_projects_words() {
    let bot = "arn:aws:lex:ap-northeast-2:111122223333:bot-alias/BOT/LIVE";
    let (code, flow, warnings) = bridge(&["--lex-bot-alias-arn", bot, "--attribute", "company"]);
    assert_eq!((code, warnings.as_str()), (0, ""));
    assert!(flow.contains("죄송합니다. 문제가 생겨 상담원을 연결해"), "the project's own apology");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), flow).unwrap();
    let (code, findings, _) = connect(&["lint", file.path().to_str().unwrap()]);
    assert_eq!((code, findings.as_str()), (0, ""));
}

#[test]
fn a_flow_that_would_be_refused_fails_the_lint() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), r#"{"Version": "2019-10-30", "StartAction": "a", "Actions": []}"#)
        .unwrap();
    let (code, findings, _) = connect(&["lint", file.path().to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(
        findings.contains("start-action: `StartAction` names `a`, which is not there"),
        "{findings}"
    );
}

#[test]
fn without_a_bot_the_owner_is_told_what_callers_lose() {
    let (code, _, warnings) = bridge(&[]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(warnings);
}

#[test]
fn what_is_wrong_or_missing_is_told_with_what_to_type() {
    let mistakes = [
        connect(&["bridge-flow", "--lambda-arn", LAMBDA, "--queue", &queue("general")]),
        bridge(&["--queue", &queue("msp-genral")]),
        bridge(&["--queue", "general"]),
        bridge(&["--voice", "de-DE=Vicki"]),
        bridge(&["--start-flow", "main-entri"]),
        bridge(&["--fallback-queue", "nobody"]),
        bridge(&["--lex-bot-alias-arn", "arn:aws:s3:::bucket"]),
    ];
    let told: Vec<String> = mistakes
        .into_iter()
        .map(|(code, flow, told)| {
            assert_eq!((code, flow.as_str()), (2, ""), "{told}");
            told
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}
