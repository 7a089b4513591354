//! The real binary under an emulated Runtime API: what Connect, Lex and a schedule get from it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use dialgraph_lambda::emulator::{EmulatorOutcome, Function};
use serde_json::{Value, json};

/// Longest that an invocation is waited for; nothing is concluded from how long it took.
const PATIENCE: Duration = Duration::from_secs(600);

const CONTACT: &str = "11111111-2222-3333-4444-555555555555";

/// The function with an embedded store in `store`: what matters here does not depend on where rows
/// are.
async fn start(store: &Path, more: &[(&str, &str)]) -> Function {
    let flows = concat!(env!("CARGO_MANIFEST_DIR"), "/../../flows/support-desk");
    let folder = store.display().to_string();
    let cache = store.join("cache").display().to_string();
    let mut variables = vec![
        ("DIALGRAPH_FALLBACK_QUEUE", "night-desk"),
        ("DIALGRAPH_STORE__BACKEND", "sled"),
        ("DIALGRAPH_STORE__FOLDER", &folder),
        ("DIALGRAPH_PROJECT__FOLDER", flows),
        ("DIALGRAPH_PLUGINS__CACHE", &cache),
        // The first start compiles, and a test is in no hurry.
        ("DIALGRAPH_BUDGET_MS", "7500"),
    ];
    variables.extend_from_slice(more);
    Function::start(Path::new(env!("CARGO_BIN_EXE_dialgraph-serverless")), variables).await.unwrap()
}

async fn ask(function: &Function, event: &Value) -> Value {
    match function.invoke(&event.to_string(), PATIENCE).await {
        EmulatorOutcome::Response(answer) => serde_json::from_str(&answer).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn entered() -> Value {
    json!({"Name": "ContactFlowEvent", "Details": {
        "ContactData": {
            "ContactId": CONTACT, "InitialContactId": CONTACT, "Channel": "VOICE", "LanguageCode": "ko-KR",
            "InitiationMethod": "INBOUND", "Queue": null,
            "InstanceARN": "arn:aws:connect:ap-northeast-2:111122223333:instance/here"},
        "Parameters": {}}})
}

/// Asks until the engine has started: its first start compiles every plugin.
async fn until_started(function: &Function) -> Value {
    for _ in 0..60 {
        let answer = ask(function, &entered()).await;
        if answer["action"] != "fallback" {
            return answer;
        }
        assert_eq!(answer["reason"], "engine-slow", "{answer}");
    }
    panic!("the engine does not start");
}

#[tokio::test]
async fn a_call_begins_in_the_function_itself_and_a_schedule_looks_after_it() {
    let store = tempfile::tempdir().unwrap();
    let function = start(store.path(), &[]).await;
    let answer = until_started(&function).await;
    assert_eq!(answer["action"], "listen");
    let again = ask(&function, &entered()).await;
    assert_eq!(again, answer, "a repeated event has one answer");

    let schedule = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
    let round = ask(&function, &schedule).await;
    assert_eq!(
        round,
        json!({"open_calls": 1, "ended_calls": 0, "broken_off": false, "releases_let_go": []})
    );

    let lex = json!({"messageVersion": "1.0", "invocationSource": "DialogCodeHook", "inputTranscript": "42",
        "sessionState": {"intent": {"name": "Listen", "slots": {}}, "sessionAttributes": {}}});
    let closed = ask(&function, &lex).await;
    assert_eq!(closed["sessionState"]["sessionAttributes"]["transcript"], "42");
}

#[tokio::test]
async fn a_function_whose_engine_cannot_start_gives_callers_to_people_and_says_why() {
    let store = tempfile::tempdir().unwrap();
    let more = [("DIALGRAPH_PROJECT__FOLDER", "/nowhere/at/all")];
    let function = start(store.path(), &more).await;
    let answer = ask(&function, &entered()).await;
    assert_eq!(answer["action"], "fallback");
    assert_eq!(answer["reason"], "engine-failed");
    assert_eq!(answer["queue"], "night-desk");
    let log = function.log().join("\n");
    assert!(log.contains("cannot start"), "{log}");
}
