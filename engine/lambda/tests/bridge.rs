//! The real binary under Lambda's Runtime API, with an engine that is up, slow, refusing, talking
//! nonsense, or dead.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod engine;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dialgraph_connect::signature::{Request as Signed, SigningKey, Verifier};
use dialgraph_lambda::bridge::Bridge;
use dialgraph_lambda::emulator::{EmulatorOutcome, Function};
use dialgraph_lambda::settings::BridgeSettings;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use engine::{EngineStandIn, Script};

const SECRET: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
const CONTACT: &str = "11111111-2222-3333-4444-555555555555";

/// Connect ends an invocation after this.
const CONNECT_LIMIT: Duration = Duration::from_secs(8);

/// Long enough that no machine is too slow for it, where a test is not about time.
const LONG: &str = "7000";

/// The function; or the one that is named, such as one for another architecture under an emulator
/// (`arm64.sh`).
fn binary() -> PathBuf {
    let usual = || env!("CARGO_BIN_EXE_dialgraph-lambda").into();
    std::env::var_os("LAMBDA_UNDER_TEST").map_or_else(usual, PathBuf::from)
}

async fn function(url: &str, more: &[(&str, &str)]) -> Function {
    let mut variables = vec![
        ("DIALGRAPH_URL", url),
        ("DIALGRAPH_KEY_ID", "2026-11"),
        ("DIALGRAPH_KEY", SECRET),
        ("DIALGRAPH_BUDGET_MS", LONG),
        ("DIALGRAPH_FALLBACK_QUEUE", "night-desk"),
    ];
    variables.extend(more);
    Function::start(&binary(), variables).await.unwrap()
}

fn turn() -> Value {
    json!({
        "Name": "ContactFlowEvent",
        "Details": {
            "ContactData": {
                "Attributes": {}, "Channel": "VOICE", "ContactId": CONTACT, "LanguageCode": "ko-KR", "Queue": null,
                "CustomerEndpoint": {"Address": "+12025550123", "Type": "TELEPHONE_NUMBER"},
            },
            "Parameters": {"did": "said", "input": "카드 번호는 비밀이에요", "turn": "3"},
        },
    })
}

async fn ask(function: &Function) -> Value {
    answer(function.invoke(&turn().to_string(), CONNECT_LIMIT).await)
}

fn answer(outcome: EmulatorOutcome) -> Value {
    match outcome {
        EmulatorOutcome::Response(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("Connect would take its error branch: {other:?}"),
    }
}

async fn last_line(function: &Function) -> Value {
    let line = function.logged(|line| line.contains("\"message\":\"turn\"")).await;
    serde_json::from_str(&line).unwrap()
}

#[track_caller]
fn is_fallback(answer: &Value, reason: &str) {
    assert_eq!(answer["action"], "fallback", "{answer}");
    assert_eq!(answer["reason"], reason);
    assert_eq!(answer["queue"], "night-desk");
    assert!(answer["say_1"].as_str().unwrap().starts_with("<speak>죄송합니다"));
    assert!(
        answer
            .as_object()
            .unwrap()
            .values()
            .all(|value| value.as_str().is_some_and(|text| !text.is_empty()))
    );
}

#[tokio::test]
async fn the_engine_gets_the_event_as_it_is_and_connect_its_answer() {
    let engine = EngineStandIn::start(vec![]).await;
    let function = function(&engine.url(), &[]).await;
    // White space and a field that nobody knows: nothing is lost or put in order.
    let event = turn().to_string().replacen('{', "{ \"Later\" : 1.50,\n", 1);
    let answer = answer(function.invoke(&event, CONNECT_LIMIT).await);
    assert_eq!(answer, engine::ANSWER.parse::<Value>().unwrap());

    let [request] = &engine.turns()[..] else { panic!("one request") };
    assert_eq!(request.body, event.as_bytes());
    assert_eq!(request.method, "POST");
    let verifier = Verifier::new([SigningKey::from_hex("2026-11", SECRET).unwrap()]).unwrap();
    let signed = Signed { method: "POST", path: "/v1/connect/turn", body: &request.body };
    let at = request.header("x-dialgraph-timestamp").unwrap().parse().unwrap();
    assert!(verifier.verify(|name| request.header(name), &signed, at).is_ok());
}

#[tokio::test]
async fn one_connection_serves_all_turns() {
    let engine = EngineStandIn::start(vec![]).await;
    let function = function(&engine.url(), &[]).await;
    engine.connected().await;
    for _ in 0..20 {
        assert_eq!(ask(&function).await["action"], "listen");
    }
    assert_eq!(engine.turns().len(), 20);
    // The one that warming up has opened; a first turn that came during it may have opened its own.
    assert!(engine.connections() <= 2, "{} connections", engine.connections());
}

#[tokio::test]
async fn a_server_error_is_tried_once_more_with_a_new_nonce() {
    let engine = EngineStandIn::start(vec![Script::Status(503), Script::Answer]).await;
    let function = function(&engine.url(), &[]).await;
    assert_eq!(ask(&function).await["action"], "listen");
    let turns = engine.turns();
    assert_eq!(turns.len(), 2);
    assert_eq!(turns[0].body, turns[1].body);
    assert_ne!(turns[0].header("x-dialgraph-nonce"), turns[1].header("x-dialgraph-nonce"));
    let line = last_line(&function).await;
    assert_eq!((&line["attempts"], &line["level"]), (&json!(2), &json!("WARN")));
}

#[tokio::test]
async fn an_engine_that_fails_twice_is_not_asked_a_third_time() {
    let engine = EngineStandIn::start(vec![Script::Status(500), Script::Status(503)]).await;
    let function = function(&engine.url(), &[]).await;
    is_fallback(&ask(&function).await, "engine-failed");
    assert_eq!(engine.turns().len(), 2);
    assert_eq!(ask(&function).await["action"], "listen", "the next turn finds it well again");
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let statuses = [
        (400, "engine-refused"),
        (401, "engine-unauthorized"),
        (413, "event-too-large"),
        (404, "engine-refused"),
        (302, "engine-refused"),
        (204, "engine-refused"),
    ];
    let engine =
        EngineStandIn::start(statuses.map(|(status, _)| Script::Status(status)).to_vec()).await;
    let function = function(&engine.url(), &[]).await;
    for (asked, (status, reason)) in statuses.into_iter().enumerate() {
        let answer = ask(&function).await;
        assert_eq!(answer["reason"], reason, "status {status}");
        is_fallback(&answer, reason);
        assert_eq!(engine.turns().len(), asked + 1, "status {status}");
    }
}

#[tokio::test]
async fn nonsense_never_reaches_connect() {
    let nonsense = [
        "",
        "<html>It works!</html>",
        "null",
        "[\"action\"]",
        r#"{"action":"speak","turn":4}"#,
        r#"{"action":"speak","attr_a":null}"#,
        r#"{"action":"speak","a":{"b":"c"}}"#,
        r#"{"action":"speak","text":""}"#,
        r#"{"text":"no action"}"#,
        r#"{"action":"speak"#,
    ];
    let mut scripts: Vec<Script> =
        nonsense.iter().map(|text| Script::Body((*text).into())).collect();
    scripts.push(Script::Body(format!(r#"{{"action":"speak","a":"{}"}}"#, "x".repeat(32_000))));
    scripts.push(Script::Body("x".repeat(1_000_000)));
    scripts.push(Script::Body("{\"action\":\"\u{fffd}".repeat(3)));
    let all = scripts.len();
    let engine = EngineStandIn::start(scripts).await;
    let function = function(&engine.url(), &[]).await;
    for _ in 0..all {
        is_fallback(&ask(&function).await, "engine-bad-answer");
    }
    assert_eq!(ask(&function).await["action"], "listen");
    assert_eq!(engine.turns().len(), all + 1, "nonsense is not asked for twice");
}

#[tokio::test]
async fn what_is_no_http_at_all_is_an_engine_out_of_reach() {
    let engine = EngineStandIn::start(vec![
        Script::Raw("220 mail.example ESMTP\r\n"),
        Script::Raw("\u{0}\u{0}"),
    ])
    .await;
    let function = function(&engine.url(), &[]).await;
    is_fallback(&ask(&function).await, "engine-unreachable");
}

#[tokio::test]
async fn a_connection_that_breaks_in_mid_answer_is_tried_once_more() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"action\":";
    let engine = EngineStandIn::start(vec![Script::Raw(cut), Script::Answer]).await;
    let function = function(&engine.url(), &[]).await;
    assert_eq!(ask(&function).await["action"], "listen");
    assert_eq!(engine.turns().len(), 2);
}

#[tokio::test]
async fn a_dead_engine_is_given_up_at_once() {
    let address = engine::unused_address().await;
    let function = function(&format!("http://{address}"), &[]).await;
    is_fallback(&ask(&function).await, "engine-unreachable");
    let line = last_line(&function).await;
    assert_eq!(line["attempts"], 2);
    assert!(line["error"].as_str().unwrap().contains("refused"), "{line}");
}

#[tokio::test]
async fn an_engine_that_dies_and_comes_back_is_found_again() {
    let first = EngineStandIn::start(vec![]).await;
    let address = first.address();
    let function = function(&first.url(), &[]).await;
    assert_eq!(ask(&function).await["action"], "listen");
    first.stop().await;
    is_fallback(&ask(&function).await, "engine-unreachable");
    let second = EngineStandIn::start_at(address, vec![]).await;
    assert_eq!(ask(&function).await["action"], "listen");
    assert_eq!(second.turns().len(), 1);
}

#[tokio::test]
async fn a_silent_engine_is_asked_again_after_half_the_budget_and_then_left() {
    let engine = EngineStandIn::start(vec![Script::Silence, Script::Silence]).await;
    let function = function(&engine.url(), &[("DIALGRAPH_BUDGET_MS", "2000")]).await;
    is_fallback(&ask(&function).await, "engine-slow");
    assert_eq!(engine.turns().len(), 2);
    let line = last_line(&function).await;
    assert_eq!((&line["attempts"], &line["error"]), (&json!(2), &json!("no answer in time")));
}

#[tokio::test]
async fn a_connection_that_died_in_its_sleep_costs_half_the_budget_and_not_the_answer() {
    let engine = EngineStandIn::start(vec![Script::Silence, Script::Answer]).await;
    let function = function(&engine.url(), &[("DIALGRAPH_BUDGET_MS", "4000")]).await;
    assert_eq!(ask(&function).await["action"], "listen");
    assert_eq!(engine.turns().len(), 2);
}

#[tokio::test]
async fn a_slow_answer_to_the_first_question_is_taken_when_it_comes() {
    // The second question finds nobody, the first is answered after the second was asked.
    let engine = EngineStandIn::start(vec![Script::AfterTurns(2), Script::Status(500)]).await;
    let function = function(&engine.url(), &[("DIALGRAPH_BUDGET_MS", "4000")]).await;
    assert_eq!(ask(&function).await["action"], "listen");
    assert_eq!(engine.turns().len(), 2);
}

#[tokio::test]
async fn lambdas_own_deadline_counts_if_it_is_nearer() {
    let engine = EngineStandIn::start(vec![Script::Silence, Script::Silence]).await;
    let function = function(&engine.url(), &[]).await;
    let outcome = function
        .invoke_as_if(&turn().to_string(), Duration::from_millis(2_000), CONNECT_LIMIT)
        .await;
    is_fallback(&answer(outcome), "engine-slow");
    assert_eq!(engine.turns().len(), 2);
}

#[tokio::test]
async fn with_no_time_left_the_engine_is_not_asked() {
    let engine = EngineStandIn::start(vec![]).await;
    let variables = [
        ("DIALGRAPH_URL", engine.url()),
        ("DIALGRAPH_KEY_ID", "2026-11".to_owned()),
        ("DIALGRAPH_KEY", SECRET.to_owned()),
        ("DIALGRAPH_FALLBACK_QUEUE", "night-desk".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let settings = BridgeSettings::new(variables, |path| std::fs::read_to_string(path)).unwrap();
    let bridge = Bridge::new(settings).unwrap();
    let event = RawValue::from_string(turn().to_string()).unwrap();
    // Not through the binary: a busy machine would let this deadline pass before it is looked at.
    #[expect(clippy::disallowed_methods, reason = "deadlines are told by the clock on the wall")]
    let deadline = SystemTime::now() + Duration::from_millis(340);
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
    let mut reason = None;
    let reply = bridge.answer(&event, "1", deadline, |line| reason = line.reason).await.unwrap();
    assert_eq!(reason, Some("no-time"));
    is_fallback(&serde_json::to_value(reply).unwrap(), "no-time");
    assert_eq!(engine.turns().len(), 0);
}

#[tokio::test]
async fn an_event_larger_than_the_engine_takes_is_not_sent() {
    let engine = EngineStandIn::start(vec![]).await;
    let function = function(&engine.url(), &[]).await;
    let mut event = turn();
    event["Details"]["ContactData"]["Attributes"]["a"] = json!("x".repeat(300_000));
    is_fallback(
        &answer(function.invoke(&event.to_string(), CONNECT_LIMIT).await),
        "event-too-large",
    );
    assert_eq!(engine.turns().len(), 0);
}

#[tokio::test]
async fn what_is_no_event_of_connect_is_for_the_engine_to_refuse() {
    let engine = EngineStandIn::start(vec![Script::Status(400); 4]).await;
    let function = function(&engine.url(), &[]).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for event in ["{}", "null", "[1,2]", &deep] {
        match function.invoke(event, CONNECT_LIMIT).await {
            EmulatorOutcome::Response(text) => {
                is_fallback(&serde_json::from_str(&text).unwrap(), "engine-refused");
            }
            // What cannot be read as JSON is refused by Lambda's runtime.
            EmulatorOutcome::Error(text) => {
                assert!(event == deep && text.contains("recursion"), "{text}");
            }
            EmulatorOutcome::TimedOut => panic!("no answer to {event:.20}"),
        }
    }
}

#[tokio::test]
async fn news_of_a_contact_that_the_engine_has_not_heard_fail_so_that_they_are_sent_again() {
    let news = json!({
        "detail-type": "Amazon Connect Contact Event", "source": "aws.connect",
        "detail": {"eventType": "DISCONNECTED", "contactId": CONTACT, "channel": "VOICE"},
    })
    .to_string();
    let script = vec![Script::Status(503), Script::Status(503), Script::Status(400)];
    let engine = EngineStandIn::start(script).await;
    let function = function(&engine.url(), &[]).await;
    match function.invoke(&news, CONNECT_LIMIT).await {
        EmulatorOutcome::Error(text) => assert!(text.contains("must be sent again"), "{text}"),
        other => panic!("the news are lost: {other:?}"),
    }
    let line = function.logged(|line| line.contains("\"message\":\"news\"")).await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["contact"], &line["answered_by"]), (&json!(CONTACT), &json!("nobody")));
    // What the engine refuses it would refuse again.
    for _ in 0..2 {
        assert!(matches!(
            function.invoke(&news, CONNECT_LIMIT).await,
            EmulatorOutcome::Response(_)
        ));
    }
    assert_eq!(engine.turns().len(), 4);
    drop(engine);
    match function.invoke(&news, CONNECT_LIMIT).await {
        EmulatorOutcome::Error(text) => assert!(text.contains("engine-unreachable"), "{text}"),
        other => panic!("the news are lost: {other:?}"),
    }
}

#[tokio::test]
async fn a_chat_in_english_gets_english_text() {
    let address = engine::unused_address().await;
    let text = [("DIALGRAPH_FALLBACK_TEXT_EN_US", "R&D is away.")];
    let function = function(&format!("http://{address}"), &text).await;
    let mut event = turn();
    event["Details"]["ContactData"]["Channel"] = json!("CHAT");
    event["Details"]["ContactData"]["LanguageCode"] = json!("en-US");
    let answer = answer(function.invoke(&event.to_string(), CONNECT_LIMIT).await);
    assert_eq!(answer["say"], "chat-1");
    assert_eq!(answer["say_1"], "R&D is away.");
    assert_eq!(answer["language"], "same");
}

#[tokio::test]
async fn lex_is_answered_without_the_engine() {
    let address = engine::unused_address().await;
    let function = function(&format!("http://{address}"), &[]).await;
    let event = json!({
        "messageVersion": "1.0", "invocationSource": "DialogCodeHook", "inputMode": "Speech",
        "inputTranscript": "서버가 안 돼요", "sessionState": {"intent": {"name": "FallbackIntent"}},
        "transcriptions": [{"transcription": "서버가 안 돼요", "transcriptionConfidence": 0.9}],
    });
    let answer = answer(function.invoke(&event.to_string(), CONNECT_LIMIT).await);
    let state = &answer["sessionState"];
    assert_eq!(state["dialogAction"]["type"], "Close");
    assert_eq!(
        state["sessionAttributes"],
        json!({"did": "said", "transcript": "서버가 안 돼요", "input_mode": "speech", "confidence": "0.90"})
    );
    let line = function.logged(|line| line.contains("\"lex\"")).await;
    assert!(!line.contains("서버"), "{line}");
}

#[tokio::test]
async fn tls_needs_an_authority_that_vouches_for_the_engine() {
    let (engine, authority) = EngineStandIn::start_tls(vec![]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).unwrap();
    let trusting = function(&engine.url(), &[("DIALGRAPH_CA_FILE", file.to_str().unwrap())]).await;
    assert_eq!(ask(&trusting).await["action"], "listen");

    let strict = function(&engine.url(), &[]).await;
    is_fallback(&ask(&strict).await, "engine-unreachable");
    assert!(last_line(&strict).await["error"].as_str().unwrap().contains("certificate"));
    assert_eq!(engine.turns().len(), 1);
}

#[tokio::test]
async fn an_invocation_is_one_line_without_anything_of_the_caller() {
    let engine =
        EngineStandIn::start(vec![Script::Answer, Script::Body("{\"secret\":1234}".into())]).await;
    let function = function(&engine.url(), &[]).await;
    ask(&function).await;
    ask(&function).await;
    function.logged(|line| line.contains("fallback")).await;
    let lines = function.log();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for line in &lines {
        for secret in ["비밀", "2025550123", "1234}", SECRET, "말씀"] {
            assert!(!line.contains(secret), "{line}");
        }
    }
    let mut lines: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        assert!(line["ms"].is_u64());
        line["ms"] = json!(0);
    }
    insta::assert_snapshot!(lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn a_function_that_is_set_up_wrongly_says_all_that_is_wrong_and_ends() {
    let run = |variables: &[(&str, &str)]| {
        let output = std::process::Command::new(binary())
            .env_clear()
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    let at_home = run(&[]);
    let lambda = [
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"),
        ("AWS_LAMBDA_FUNCTION_NAME", "x"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("DIALGRAPH_URL", "engine.example"),
        ("DIALGRAPH_KEY_ID", "2026-11"),
        ("DIALGRAPH_BUDGET", "100"),
        ("DIALGRAPH_CACHE", "of the command, and no mistake"),
        ("DIALGRAPH_STORE__FOLDER", "of the engine"),
    ];
    insta::assert_snapshot!(format!("{at_home}\n{}", run(&lambda)));
}
