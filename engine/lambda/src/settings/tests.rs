//! Everything missing or wrong in the environment is told at once, and the key is never shown.

use std::io::{Error, ErrorKind};

use dialgraph_base::Medium;
use dialgraph_connect::fallback::{Listener, Reason};

use super::*;

const SECRET: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

fn needed() -> Vec<(&'static str, &'static str)> {
    vec![(URL, "https://engine.example"), (KEY_ID, "2026-11"), (KEY, SECRET), (QUEUE, "general")]
}

fn with(more: &[(&'static str, &'static str)]) -> Result<BridgeSettings, Problems> {
    let mut variables = needed();
    for (name, value) in more {
        variables.retain(|(other, _)| other != name);
        variables.push((name, value));
    }
    read(&variables)
}

fn read(variables: &[(&str, &str)]) -> Result<BridgeSettings, Problems> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    BridgeSettings::new(variables, |path| match path.to_str() {
        Some("/opt/key") => Ok(format!("{SECRET}\n")),
        Some("/opt/empty") => Ok("\n".to_owned()),
        _ => Err(Error::new(ErrorKind::NotFound, "no such file")),
    })
}

fn problems(more: &[(&'static str, &'static str)]) -> String {
    with(more).unwrap_err().to_string()
}

#[test]
fn four_variables_are_enough() {
    let settings = with(&[("PATH", "/bin"), ("AWS_REGION", "ap-northeast-2")]).unwrap();
    assert_eq!(settings.engine, "https://engine.example/");
    assert_eq!(settings.budget, Duration::from_millis(6_500));
    assert_eq!(settings.key.id(), "2026-11");
    assert!(settings.warnings.is_empty());
    assert!(!format!("{settings:?}").contains("5a5a"), "the key is never shown");
}

#[test]
fn everything_can_be_said() {
    let settings = read(&[
        (URL, " http://10.0.0.7:8080 "),
        (KEY_ID, "blue"),
        (KEY_FILE, "/opt/key"),
        (KEY, ""),
        (BUDGET, "2000"),
        (QUEUE, "night-desk"),
        (LOCALE, "en-GB"),
        ("DIALGRAPH_FALLBACK_TEXT_EN_GB", "Hold the line, please."),
        ("DIALGRAPH_FALLBACK_TEXT_DE", "Bitte warten."),
    ])
    .unwrap();
    assert_eq!(settings.engine, "http://10.0.0.7:8080/");
    assert_eq!(settings.budget, Duration::from_secs(2));
    insta::assert_snapshot!(settings.warnings.join("\n"), @"DIALGRAPH_URL: what callers say crosses the network to 10.0.0.7 unencrypted; use https://");
    let says = |language| {
        let to = Listener { medium: Medium::Chat, locale: None, language: Some(language) };
        let answer = settings.fallback.answer(to, Reason::Slow);
        assert_eq!(answer.get("queue"), Some("night-desk"));
        answer.get("say_1").unwrap().to_owned()
    };
    assert_eq!(says("de-AT"), "Bitte warten.");
    assert_eq!(says("fr-FR"), "Hold the line, please.");
    assert!(says("ko-KR").starts_with("죄송합니다"));
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    insta::assert_snapshot!(read(&[]).unwrap_err());
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    insta::assert_snapshot!(problems(&[
        (URL, "engine.example/x"),
        (KEY, "5a5a"),
        (BUDGET, "8s"),
        (CA_FILE, "/opt/none"),
        (LOCALE, "korean"),
        ("DIALGRAPH_FALLBACK_TEXT_KOREAN", "안녕하세요."),
        ("DIALGRAPH_FALBACK_QUEUE", "general"),
        ("DIALGRAPH_COLOUR", "blue"),
    ]));
}

#[test]
fn urls_that_would_not_reach_the_endpoint_are_refused() {
    let urls = [
        "https://engine.example/dialgraph",
        "https://engine.example/?a=b",
        "ftp://engine.example",
        "https://",
        "/v1",
        "https://user:hunter2@engine.example",
    ];
    let refused: Vec<String> = urls.iter().map(|url| problems(&[(URL, url)])).collect();
    assert!(refused.iter().all(|problem| !problem.contains("hunter2")));
    insta::assert_snapshot!(refused.join("\n"));
}

#[test]
fn a_key_that_cannot_be_used_is_never_shown() {
    let refused = [
        problems(&[(KEY_FILE, "/opt/key")]),
        problems(&[(KEY, ""), (KEY_FILE, "/opt/none")]),
        problems(&[(KEY, ""), (KEY_FILE, "/opt/empty")]),
        problems(&[(KEY, "hunter2")]),
        problems(&[(KEY_ID, "my key")]),
        problems(&[(CA_FILE, "/opt/key")]),
    ];
    assert!(
        refused.iter().all(|problem| !problem.contains("hunter2") && !problem.contains("5a5a"))
    );
    insta::assert_snapshot!(refused.join("\n"));
}

#[test]
fn budgets_that_connect_would_not_wait_for_are_refused() {
    for budget in ["0", "499", "7501", "-1", "6500ms"] {
        assert!(problems(&[(BUDGET, budget)]).contains(budget));
    }
    for budget in ["500", "7500"] {
        assert!(with(&[(BUDGET, budget)]).is_ok());
    }
}
