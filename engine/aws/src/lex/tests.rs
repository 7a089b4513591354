//! Against a server of our own in place of Lex: its answers are built from the published shapes of
//! `RecognizeText`, and held with the requests against botocore's model of the service.

use dialgraph_kernel::ports::nlu::{Intent, RecognizerSession, Slot, SlotValue};
use dialgraph_stand_ins::scripted::{Exchange, Part, Reply, Scripted};
use dialgraph_stand_ins::shapes;

use super::*;
use crate::connection::stand_in;
use crate::testing::caller;

const BUDGET: Duration = Duration::from_secs(20);

fn lex(server: &Scripted, budget: Duration) -> Lex {
    let bots = bots(&["default=ABCDEFGHIJ/TSTALIASID".into(), "desk=DESK000001/ALIAS00001".into()]);
    Lex::new(&stand_in(&server.url()), bots.unwrap(), budget)
}

fn said(text: &str) -> Request {
    Request { text: text.to_owned(), ..Request::default() }
}

async fn failed(reply: Reply, budget: Duration) -> (HostError, Vec<Exchange>) {
    let server = Scripted::replies(vec![reply]);
    let error = lex(&server, budget).recognize(&caller(), &said("운영 서버가 다운됐어요")).await;
    (error.unwrap_err(), server.exchanges())
}

/// As Lex answers in the middle of a dialogue, with a field of every kind.
fn rich() -> Value {
    json!({
        "sessionId": "contact-1.0123456789ab",
        "messages": [
            {"contentType": "PlainText", "content": "언제부터인가요?"},
            {"contentType": "ImageResponseCard", "imageResponseCard":
                {"title": "언제", "subtitle": null, "buttons": [{"text": "오늘", "value": "today"}]}},
        ],
        "sessionState": {
            "dialogAction": {"type": "ElicitSlot", "slotToElicit": "Since", "slotElicitationStyle": "SpellByWord",
                "subSlotToElicit": {"name": "Day", "subSlotToElicit": {"name": "Hour"}}},
            "intent": {"name": "Outage", "state": "InProgress", "confirmationState": "None", "slots": {
                "Since": null,
                "Service": {"shape": "Scalar", "value":
                    {"originalValue": "운영 서버", "interpretedValue": "server", "resolvedValues": ["server", "host"]}},
                "Hosts": {"shape": "List", "values": [
                    {"shape": "Scalar", "value": {"originalValue": "a", "interpretedValue": "a", "resolvedValues": ["a"]}},
                    {"shape": "Scalar", "value": {"interpretedValue": "b"}}]},
                "Place": {"shape": "Composite", "subSlots": {
                    "City": {"shape": "Scalar", "value": {"interpretedValue": "Seoul", "resolvedValues": []}},
                    "Zone": null}},
            }},
            "activeContexts": [{"name": "verified", "timeToLive": {"timeToLiveInSeconds": 600, "turnsToLive": 5},
                "contextAttributes": {"level": "2"}}],
            "sessionAttributes": {"company": "푸른별상사", "asked": "1"},
            "originatingRequestId": "b3a1c0de-0000-4000-8000-000000000001",
            "runtimeHints": {"slotHints": {"Outage": {"Service": {"runtimeHintValues": [{"phrase": "운영 서버"}]},
                "Place": {"subSlotHints": {"City": {"runtimeHintValues": [{"phrase": "Seoul"}]}}}}}},
        },
        "interpretations": [
            {"nluConfidence": {"score": 0.93}, "interpretationSource": "Lex",
                "sentimentResponse": {"sentiment": "NEGATIVE", "sentimentScore":
                    {"positive": 0.01, "negative": 0.9, "neutral": 0.08, "mixed": 0.01}},
                "intent": {"name": "Outage", "state": "InProgress", "confirmationState": "None",
                    "slots": {"Since": null, "Service": {"shape": "Scalar", "value": {"interpretedValue": "server"}}}}},
            {"nluConfidence": {"score": 0.41}, "interpretationSource": "Bedrock",
                "intent": {"name": "Billing", "state": "ReadyForFulfillment", "confirmationState": "Confirmed", "slots": {}}},
            {"interpretationSource": "Lex", "intent": {"name": "FallbackIntent", "slots": {}}},
        ],
        "requestAttributes": {"channel": "voice"},
        "recognizedBotMember": {"botId": "ABCDEFGHIJ", "botName": "desk"},
    })
}

/// What Lex says when it understood nothing.
fn fallback() -> Value {
    json!({
        "sessionId": "contact-1.0123456789ab",
        "sessionState": {
            "dialogAction": {"type": "Close"},
            "intent": {"name": "FallbackIntent", "state": "ReadyForFulfillment", "confirmationState": "None", "slots": {}},
            "sessionAttributes": {},
        },
        "interpretations": [
            {"interpretationSource": "Lex", "intent":
                {"name": "FallbackIntent", "state": "ReadyForFulfillment", "confirmationState": "None", "slots": {}}},
        ],
    })
}

#[tokio::test]
async fn an_answer_comes_over_whole_with_slots_that_are_not_filled() {
    let server = Scripted::replies(vec![Reply::json(200, &rich())]);
    let recognition =
        lex(&server, BUDGET).recognize(&caller(), &said("서버가 죽었어요")).await.unwrap();
    insta::assert_json_snapshot!(recognition);
    shapes::check("lexv2-runtime", &server.exchanges());
}

#[tokio::test]
async fn a_session_goes_back_as_it_came() {
    let server = Scripted::replies(vec![Reply::json(200, &rich())]);
    let lex = lex(&server, BUDGET);
    let first = lex.recognize(&caller(), &said("서버가 죽었어요")).await.unwrap();
    let mut next = said("어제부터요");
    next.bot = Some("desk".into());
    next.session = Some(first.session.clone());
    next.request_attributes = vec![("channel".into(), "voice".into())];
    lex.recognize(&caller(), &next).await.unwrap();
    let requests = server.requests();
    assert_eq!(
        requests[1].path,
        "/bots/DESK000001/botAliases/ALIAS00001/botLocales/ko_KR/sessions/contact-1.0123456789ab/text"
    );
    // All but the slots that are not filled, which Lex takes as such when they are left out.
    let mut sent = rich()["sessionState"].clone();
    let slots = sent["intent"]["slots"].as_object_mut().unwrap();
    slots.remove("Since");
    slots["Place"]["subSlots"].as_object_mut().unwrap().remove("Zone");
    slots["Place"]["subSlots"]["City"]["value"].as_object_mut().unwrap().remove("resolvedValues");
    assert_eq!(requests[1].json()["sessionState"], sent);
    assert_eq!(requests[1].json()["requestAttributes"], json!({"channel": "voice"}));
    shapes::check("lexv2-runtime", &server.exchanges());
}

#[tokio::test]
async fn each_conversation_has_a_session_of_its_own_and_a_repeated_request_the_same() {
    let server = Scripted::replies(vec![Reply::json(200, &fallback())]);
    let lex = lex(&server, BUDGET);
    let odd = Caller { call_id: "통화 1/a".into(), ..caller() };
    let later = Caller { idempotency_key: "contact-1/7/0".into(), ..caller() };
    let long = Caller { call_id: "x".repeat(200).into(), ..caller() };
    for caller in [&caller(), &caller(), &later, &odd, &long] {
        lex.recognize(caller, &said("네")).await.unwrap();
    }
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths[0], paths[1]);
    assert_ne!(paths[0], paths[2], "it must not find what was half said before");
    assert!(paths[0].contains("/sessions/contact-1."), "{}", paths[0]);
    // The model knows which characters and how many an id may have.
    shapes::check("lexv2-runtime", &server.exchanges());
}

#[tokio::test]
async fn a_new_conversation_looks_for_an_intent_and_one_that_is_over_does_so_again() {
    let server = Scripted::replies(vec![Reply::json(200, &fallback())]);
    let lex = lex(&server, BUDGET);
    let first = lex.recognize(&caller(), &said("음")).await.unwrap();
    assert_eq!(first.interpretations.len(), 1);
    assert_eq!(
        (first.interpretations[0].confidence, first.session.action.as_deref()),
        (None, Some("close"))
    );
    let next = Request { session: Some(first.session), ..said("아니요") };
    lex.recognize(&caller(), &next).await.unwrap();
    for request in server.requests() {
        assert_eq!(
            request.json()["sessionState"],
            json!({"dialogAction": {"type": "ElicitIntent"}})
        );
    }
    shapes::check("lexv2-runtime", &server.exchanges());
}

#[tokio::test]
async fn the_locale_is_lexs_own_and_a_session_of_another_recogniser_is_taken() {
    let server = Scripted::replies(vec![Reply::json(200, &fallback())]);
    let english = Caller { locale: "en-US".into(), ..caller() };
    let slot = |path: &str, value: Option<&str>| Slot {
        path: path.into(),
        shape: "scalar".into(),
        value: value.map(|value| SlotValue {
            original: None,
            interpreted: value.into(),
            resolved: vec![],
        }),
    };
    let session = RecognizerSession {
        intent: Some(Intent {
            name: "Outage".into(),
            state: "in-progress".into(),
            confirmation: "none".into(),
            slots: vec![slot("Service", Some("db")), slot("Since", None)],
        }),
        action: Some("elicit-slot".into()),
        slot_to_elicit: Some("Since".into()),
        ..RecognizerSession::default()
    };
    let request = Request { session: Some(session.clone()), ..said("since noon") };
    lex(&server, BUDGET).recognize(&english, &request).await.unwrap();
    assert!(
        server.requests()[0].path.contains("/botLocales/en_US/"),
        "{}",
        server.requests()[0].path
    );
    shapes::check("lexv2-runtime", &server.exchanges());

    let mut broken = session.clone();
    broken.rest = Some(json!({"activeContexts": "the caller's words"}));
    let request = Request { session: Some(broken), ..said("since noon") };
    let error = lex(&server, BUDGET).recognize(&english, &request).await.unwrap_err();
    insta::assert_snapshot!(error, @"bad-session: the session is none that came from here: its `rest` has another form");
    let mut broken = session;
    broken.intent.as_mut().unwrap().slots[0].path = "Hosts[x]".into();
    let request = Request { session: Some(broken), ..said("since noon") };
    let error = lex(&server, BUDGET).recognize(&english, &request).await.unwrap_err();
    insta::assert_snapshot!(error, @"bad-session: the session is none that came from here: a slot's path is none");
}

#[tokio::test]
async fn what_lex_does_not_take_is_refused_before_it_is_sent() {
    let server = Scripted::replies(vec![Reply::json(200, &fallback())]);
    let lex = lex(&server, BUDGET);
    let error = lex.recognize(&caller(), &said(&"가".repeat(1025))).await.unwrap_err();
    insta::assert_snapshot!(error, @"bad-text: the text has 1025 characters; send 1 to 1024");
    assert_eq!(lex.recognize(&caller(), &said("  ")).await.unwrap_err().code, "bad-text");
    let other = Request { bot: Some("shop".into()), ..said("네") };
    insta::assert_snapshot!(lex.recognize(&caller(), &other).await.unwrap_err(), @"unknown-bot: there is no bot `shop`; known: default, desk; add `shop=BOT_ID/ALIAS_ID` to aws.lex_bots");
    assert_eq!(server.requests(), []);
    lex.recognize(&caller(), &said(&"가".repeat(1024))).await.unwrap();
    shapes::check("lexv2-runtime", &server.exchanges());
}

#[tokio::test]
async fn each_failure_is_told_as_what_it_is_and_never_asked_again() {
    let cut =
        Reply { parts: vec![Part::Bytes(b"{\"sess".to_vec()), Part::Cut], ..Reply::text(200, "") };
    let quoting = "1 validation error detected: Value '운영 서버가 다운됐어요' at 'text' failed to satisfy constraint";
    let replies = [
        Reply::error(429, "ThrottlingException", "Rate exceeded")
            .header("x-amz-retry-after", "300"),
        Reply::error(500, "InternalServerException", "try later"),
        Reply::error(409, "ConflictException", "two at a time"),
        Reply::error(424, "DependencyFailedException", "the function failed"),
        Reply::error(502, "BadGatewayException", "no answer from the function"),
        Reply::error(403, "AccessDeniedException", "not authorized to perform lex:RecognizeText"),
        Reply::error(404, "ResourceNotFoundException", "no bot has this alias"),
        Reply::error(400, "ValidationException", quoting),
        Reply::text(200, "<html>no JSON</html>"),
        Reply::text(200, "{\"sessionId\": \"contact-1\"}"),
        Reply::text(503, "<html>a proxy</html>"),
        cut,
    ];
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    for reply in replies {
        let (error, exchanges) = failed(reply, BUDGET).await;
        assert_eq!(exchanges.len(), 1, "{error}");
        told.push((error.kind, error.to_string(), error.retry_after_ms));
        seen.extend(exchanges);
    }
    insta::assert_debug_snapshot!(told);
    shapes::check("lexv2-runtime", &seen);
}

#[tokio::test]
async fn silence_ends_within_the_budget_of_the_turn() {
    let (error, mut seen) = failed(Reply::never(), Duration::from_millis(200)).await;
    insta::assert_snapshot!(error, @"timed-out: Amazon Lex: no answer in time");
    assert_eq!(seen.len(), 1);
    let parts = vec![Part::Bytes(b"{\"sess".to_vec()), Part::Silence];
    let (error, exchanges) =
        failed(Reply { parts, ..Reply::text(200, "") }, Duration::from_millis(200)).await;
    assert_eq!(error.code, "timed-out", "{error}");
    seen.extend(exchanges);
    shapes::check("lexv2-runtime", &seen);
}

#[tokio::test]
async fn a_service_that_is_not_there_was_never_reached() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let lex =
        Lex::new(&stand_in(&url), bots(&["default=ABCDEFGHIJ/TSTALIASID".into()]).unwrap(), BUDGET);
    let error = lex.recognize(&caller(), &said("네")).await.unwrap_err();
    assert_eq!(error.code, "no-connection", "{error}");
}

#[test]
fn a_setting_that_is_no_bot_is_told_with_its_key() {
    let wrong = ["default", "=ABCDEFGHIJ/TSTALIASID", "a=ABCDEFGHIJ", "a=SHORT/TSTALIASID"];
    let told: Vec<String> =
        wrong.map(|entry| bots(&[entry.to_owned()]).unwrap_err().to_string()).into();
    let twice = ["a=ABCDEFGHIJ/TSTALIASID".to_owned(), "a=ABCDEFGHIJ/ALIAS00001".to_owned()];
    insta::assert_debug_snapshot!((told, bots(&twice).unwrap_err().to_string()), @r#"
    (
        [
            "aws.lex_bots: `default`: there is no `=`; write such as `default=ABCDEFGHIJ/TSTALIASID`",
            "aws.lex_bots: `=ABCDEFGHIJ/TSTALIASID`: there is no name before the `=`; write such as `default=ABCDEFGHIJ/TSTALIASID`",
            "aws.lex_bots: `a=ABCDEFGHIJ`: there is no `/` before the alias's id; write such as `default=ABCDEFGHIJ/TSTALIASID`",
            "aws.lex_bots: `a=SHORT/TSTALIASID`: the ids of a bot and of an alias have 10 letters and digits each; write such as `default=ABCDEFGHIJ/TSTALIASID`",
        ],
        "aws.lex_bots: `a=ABCDEFGHIJ/ALIAS00001`: this name is given twice; write such as `default=ABCDEFGHIJ/TSTALIASID`",
    )
    "#);
}
