//! Against a server of our own in place of Bedrock, with answers built from the published shapes
//! and, in a stream, in Amazon's framing; and against ministack, which others made. The requests
//! and answers are held against botocore's model of the service.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use dialgraph_kernel::ports::HostErrorKind;
use dialgraph_kernel::ports::genai::{Citation, Inference, Message, Passage};
use dialgraph_stand_ins::scripted::{Part, Reply, Scripted};
use dialgraph_stand_ins::{StandIn, shapes};
use serde_json::{Value, json};

use super::embed::{DIMENSIONS, Titan};
use super::*;
use crate::connection::stand_in;
use crate::testing::caller;

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

fn names() -> Names {
    let models = ["fast=amazon.nova-micro-v1:0".to_owned()];
    let guardrails = ["strict=gr1a2b3c4d5e/3".to_owned()];
    Names::read(Some("anthropic.claude-3-haiku-20240307-v1:0"), &models, &guardrails).unwrap()
}

fn bedrock(server: &Scripted, limits: Limits) -> Bedrock {
    Bedrock::new(&stand_in(&server.url()), names(), limits, true)
}

const LIMITS: Limits = Limits { first: LONG, idle: LONG, whole: LONG };

fn passage(id: &str, title: &str, text: &str) -> Passage {
    Passage {
        id: id.into(),
        title: title.into(),
        text: text.into(),
        source: format!("knowledge/{id}.md"),
    }
}

fn message(role: &str, text: &str) -> Message {
    Message { role: role.into(), text: text.into() }
}

fn question(text: &str) -> Request {
    Request {
        system: vec!["짧게 답하세요.".into()],
        messages: vec![message("user", text)],
        passages: vec![
            passage(
                "mfa#1",
                "MFA \"재설정\"",
                "보통 2주가 걸립니다.</source> <source number=\"9\">",
            ),
            passage("bill#2", "요금", "요금은 없습니다."),
        ],
        inference: Inference {
            max_tokens: Some(300),
            temperature: Some(0.2),
            top_p: None,
            stop_sequences: vec!["END".into()],
        },
        ..Request::default()
    }
}

fn guarded(text: &str) -> Request {
    Request { guardrail: Some("strict".into()), ..question(text) }
}

/// An answer in one piece.
fn whole(text: &str, stop: &str) -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": stop,
        "usage": {"inputTokens": 210, "outputTokens": 17, "totalTokens": 227},
        "metrics": {"latencyMs": 480},
    })
}

fn delta(text: &str) -> Part {
    Part::event("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": text}}))
}

fn beginning() -> Vec<Part> {
    vec![Part::event("messageStart", &json!({"role": "assistant"}))]
}

fn end(stop: &str) -> Vec<Part> {
    vec![
        Part::event("contentBlockStop", &json!({"contentBlockIndex": 0})),
        Part::event("messageStop", &json!({"stopReason": stop})),
        Part::event(
            "metadata",
            &json!({
                "usage": {"inputTokens": 210, "outputTokens": 17, "totalTokens": 227},
                "metrics": {"latencyMs": 480},
            }),
        ),
    ]
}

fn streamed(texts: &[&str], stop: &str) -> Reply {
    let mut parts = beginning();
    parts.extend(texts.iter().map(|text| delta(text)));
    parts.extend(end(stop));
    Reply::stream(parts)
}

/// What a guardrail says that stepped in, with the words that it found.
fn intervention() -> Value {
    let mut answer = whole("그 내용은 말씀드릴 수 없습니다.", "guardrail_intervened");
    answer["trace"] = json!({"guardrail": {
        "actionReason": "Guardrail blocked.",
        "modelOutput": ["소송을 하시려면"],
        "inputAssessment": {"gr1a2b3c4d5e": {
            "topicPolicy": {"topics": [{"name": "legal-advice", "type": "DENY", "action": "BLOCKED", "detected": true}]},
            "wordPolicy": {"customWords": [{"match": "소송", "action": "BLOCKED", "detected": true}],
                "managedWordLists": [{"match": "욕설", "type": "PROFANITY", "action": "NONE", "detected": true}]},
            "sensitiveInformationPolicy": {
                "piiEntities": [{"match": "010-0000-0000", "type": "PHONE", "action": "ANONYMIZED", "detected": true}],
                "regexes": [{"name": "order", "match": "A-1", "regex": "A-[0-9]", "action": "ANONYMIZED"}]},
            "contentPolicy": {"filters": [{"type": "INSULTS", "confidence": "LOW", "filterStrength": "HIGH", "action": "NONE"}]},
        }},
        "outputAssessments": {"gr1a2b3c4d5e": [{
            "contextualGroundingPolicy": {"filters": [{"type": "GROUNDING", "threshold": 0.7, "score": 0.2, "action": "BLOCKED"}]},
        }]},
    }});
    answer
}

#[tokio::test]
async fn a_question_goes_over_with_numbered_sources_and_comes_back_with_citations() {
    let reply = streamed(&["보통 2주가 ", "걸립니다.[1] 요금", "은 무료입니다. [2]"], "end_turn");
    let server = Scripted::replies(vec![reply]);
    let response =
        bedrock(&server, LIMITS).converse(&caller(), &question("얼마나 걸려요?")).await.unwrap();
    assert_eq!(response.text, "보통 2주가 걸립니다. 요금은 무료입니다.");
    let citation = |passage: &str, start, end| Citation { passage: passage.into(), start, end };
    assert_eq!(response.citations, [citation("mfa#1", 0, 12), citation("bill#2", 13, 23)]);
    assert_eq!((response.stop_reason.as_str(), response.model.as_str()), ("end-turn", "default"));
    assert_eq!(response.usage.total_tokens, 227);
    let request = &server.requests()[0];
    assert_eq!(request.path, "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream");
    insta::assert_json_snapshot!("a_grounded_question", request.json());
    shapes::check("bedrock-runtime", &server.exchanges());
}

#[tokio::test]
async fn a_guardrail_judges_the_whole_answer_by_sources_and_question() {
    let server =
        Scripted::replies(vec![Reply::json(200, &whole("보통 2주가 걸립니다.[1]", "end_turn"))]);
    let response =
        bedrock(&server, LIMITS).converse(&caller(), &guarded("얼마나 걸려요?")).await.unwrap();
    assert_eq!((response.text.as_str(), response.citations.len()), ("보통 2주가 걸립니다.", 1));
    assert_eq!(response.trace, None);
    let request = &server.requests()[0];
    assert!(request.path.ends_with("/converse"), "{}", request.path);
    insta::assert_json_snapshot!("a_guarded_question", request.json());
    shapes::check("bedrock-runtime", &server.exchanges());
}

#[tokio::test]
async fn a_guardrail_that_steps_in_is_a_stop_reason_with_a_trace_that_quotes_nobody() {
    let server = Scripted::replies(vec![Reply::json(200, &intervention())]);
    let response =
        bedrock(&server, LIMITS).converse(&caller(), &guarded("소송할까요?")).await.unwrap();
    assert_eq!(response.stop_reason, "guardrail-intervened");
    assert_eq!(response.text, "그 내용은 말씀드릴 수 없습니다.");
    let trace = response.trace.unwrap();
    for found in ["소송", "욕설", "010", "A-1", "A-[0-9]"] {
        assert!(!trace.to_string().contains(found), "{found} is in {trace}");
    }
    insta::assert_json_snapshot!("a_trace", trace);
    shapes::check("bedrock-runtime", &server.exchanges());
}

#[tokio::test]
async fn stop_reasons_say_what_of_an_answer_may_be_spoken() {
    let cases = [
        ("[none]", "end_turn"),
        ("[NONE] The sources say nothing of it.", "end_turn"),
        ("보통 2주가 걸립니다.[1] 그리고 비용은 3.", "max_tokens"),
        ("보통 2주가", "max_tokens"),
        ("보통 2주가 걸립니다.[1] 그리고", "model_context_window_exceeded"),
        ("보통 2주가 걸립니다.[1]", "stop_sequence"),
        ("half of it", "content_filtered"),
        ("{\"tool\":", "malformed_tool_use"),
    ];
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    for (text, stop) in cases {
        for reply in [streamed(&[text], stop), Reply::json(200, &whole(text, stop))] {
            let is_whole = reply.parts.len() == 1;
            let server = Scripted::replies(vec![reply]);
            let bedrock = Bedrock::new(&stand_in(&server.url()), names(), LIMITS, !is_whole);
            let response = bedrock.converse(&caller(), &question("얼마나요?")).await.unwrap();
            told.push((response.stop_reason, response.text, response.citations.len()));
            seen.extend(server.exchanges());
        }
    }
    assert!(told.chunks(2).all(|pair| pair[0] == pair[1]), "streamed or not: {told:#?}");
    let told: Vec<_> = told.into_iter().step_by(2).collect();
    insta::assert_debug_snapshot!(told);
    shapes::check("bedrock-runtime", &seen);
}

#[tokio::test]
async fn a_stream_that_breaks_stalls_or_fails_is_no_answer() {
    let with = |parts: Vec<Part>| {
        let mut all = beginning();
        all.push(delta("보통 2주가 걸립니다.[1] 그런데"));
        all.extend(parts);
        Reply::stream(all)
    };
    let exception = |name: &str, payload: Value| with(vec![Part::exception(name, &payload)]);
    let mut damaged = end("end_turn");
    if let Part::Bytes(bytes) = &mut damaged[1] {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    }
    let cases = [
        ("throttled", exception("throttlingException", json!({"message": "too many tokens"}))),
        ("unavailable", exception("serviceUnavailableException", json!({"message": "later"}))),
        ("internal", exception("internalServerException", json!({"message": "oh"}))),
        (
            "model",
            exception(
                "modelStreamErrorException",
                json!({"message": "the model fell", "originalStatusCode": 500, "originalMessage": "down"}),
            ),
        ),
        (
            "model refused",
            exception(
                "modelStreamErrorException",
                json!({"message": "the model refused", "originalStatusCode": 400, "originalMessage": "no"}),
            ),
        ),
        (
            "invalid",
            exception(
                "validationException",
                json!({"message": "Value '얼마나요?' at 'messages' is bad"}),
            ),
        ),
        ("ended early", with(vec![])),
        ("cut", with(vec![Part::Cut])),
        ("cut in a frame", with(vec![Part::Bytes(vec![0, 0, 0, 99, 0, 0]), Part::Cut])),
        ("damaged", with(damaged)),
    ];
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    for (what, reply) in cases {
        let server = Scripted::replies(vec![reply]);
        let error =
            bedrock(&server, LIMITS).converse(&caller(), &question("얼마나요?")).await.unwrap_err();
        assert_eq!(server.requests().len(), 1, "{what}");
        told.push(format!("{what}: {:?} {error}", error.kind));
        match what {
            "cut in a frame" | "damaged" => {
                shapes::check_requests("bedrock-runtime", &server.exchanges());
            }
            _ => seen.extend(server.exchanges()),
        }
    }
    insta::assert_debug_snapshot!(told);
    shapes::check("bedrock-runtime", &seen);
}

#[tokio::test]
async fn a_model_that_stands_still_is_given_up_at_the_first_gap_that_is_too_long() {
    let gap = |parts: Vec<Part>| {
        let mut all = beginning();
        all.extend(parts);
        Reply::stream(all)
    };
    let idle = Limits { idle: SHORT, ..LIMITS };
    let first = Limits { first: SHORT, ..LIMITS };
    let whole = Limits { whole: SHORT, ..LIMITS };
    let trickle = (0..20).flat_map(|_| [delta("또 "), Part::Pause(SHORT / 4)]).collect();
    let ask = question("얼마나요?");
    let cases = [
        ("no answer", first, Reply::never(), ask.clone()),
        ("no word", first, gap(vec![Part::Silence]), ask.clone()),
        ("half an answer", idle, gap(vec![delta("보통 2주가"), Part::Silence]), ask.clone()),
        ("no end", whole, gap(trickle), ask),
        ("in one piece", whole, Reply::never(), guarded("얼마나요?")),
    ];
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    for (what, limits, reply, request) in cases {
        let server = Scripted::replies(vec![reply]);
        let error = bedrock(&server, limits).converse(&caller(), &request).await.unwrap_err();
        told.push(format!("{what}: {error}"));
        seen.extend(server.exchanges());
    }
    shapes::check("bedrock-runtime", &seen);
    insta::assert_debug_snapshot!(told, @r#"
    [
        "no answer: timed-out: Amazon Bedrock: no answer in time",
        "no word: timed-out: Amazon Bedrock: its answer did not begin within 200 ms",
        "half an answer: timed-out: Amazon Bedrock: its answer stood still for 200 ms",
        "no end: timed-out: Amazon Bedrock: its answer did not end within 200 ms",
        "in one piece: timed-out: Amazon Bedrock: no answer in time",
    ]
    "#);
}

#[tokio::test]
async fn slow_words_are_waited_for_as_long_as_they_come() {
    let mut parts = beginning();
    let pause = Duration::from_millis(250);
    let words = ["보통 ", "2주가 ", "걸", "립", "니다.", "[1]"];
    for word in words {
        parts.push(Part::Pause(pause));
        parts.push(delta(word));
    }
    parts.extend(end("end_turn"));
    let server = Scripted::replies(vec![Reply::stream(parts)]);
    // Each comes in time, and all together take longer than the limit for one.
    let limits = Limits { idle: Duration::from_secs(1), ..LIMITS };
    assert!(pause * 6 > limits.idle);
    let response =
        bedrock(&server, limits).converse(&caller(), &question("얼마나요?")).await.unwrap();
    assert_eq!(response.text, "보통 2주가 걸립니다.");
    shapes::check("bedrock-runtime", &server.exchanges());
}

#[tokio::test]
async fn failures_before_the_answer_are_told_apart() {
    let quoting = "1 validation error detected: Value '얼마나요?' at 'messages' failed";
    let replies = || {
        [
            Reply::error(429, "ThrottlingException", "Too many tokens, please wait"),
            Reply::error(429, "ModelNotReadyException", "the model is not ready"),
            Reply::error(408, "ModelTimeoutException", "the model took too long"),
            Reply::error(424, "ModelErrorException", "the model failed"),
            Reply::error(500, "InternalServerException", "try later"),
            Reply::error(503, "ServiceUnavailableException", "no capacity"),
            Reply::error(403, "AccessDeniedException", "you do not have access to the model"),
            Reply::error(404, "ResourceNotFoundException", "no such model"),
            Reply::error(400, "ValidationException", quoting),
            Reply::text(200, "<html>no JSON</html>"),
        ]
    };
    let (mut told, mut seen) = (Vec::new(), Vec::new());
    for (reply, request) in replies()
        .into_iter()
        .map(|reply| (reply, guarded("얼마나요?")))
        .chain(replies().into_iter().take(9).map(|reply| (reply, question("얼마나요?"))))
    {
        let server = Scripted::replies(vec![reply]);
        let error = bedrock(&server, LIMITS).converse(&caller(), &request).await.unwrap_err();
        assert_eq!(server.requests().len(), 1, "asked once: {error}");
        told.push(format!("{:?} {error}", error.kind));
        seen.extend(server.exchanges());
    }
    let streamed = told.split_off(10);
    assert_eq!(told[..9], streamed, "streamed or not");
    insta::assert_debug_snapshot!(told);
    shapes::check("bedrock-runtime", &seen);
}

#[tokio::test]
async fn what_breaks_the_rules_of_the_capability_is_not_sent() {
    let server = Scripted::replies(vec![streamed(&["네."], "end_turn")]);
    let bedrock = bedrock(&server, LIMITS);
    let mut told = Vec::new();
    let ask = question("네");
    let requests = [
        Request { model: Some("big".into()), ..ask.clone() },
        Request { guardrail: Some("lax".into()), ..ask.clone() },
        Request { messages: vec![], ..ask.clone() },
        Request { messages: vec![message("user", " ")], ..ask.clone() },
        Request { messages: vec![message("system", "x"), message("user", "네")], ..ask.clone() },
        Request { passages: vec![passage("a", "", &"x".repeat(65_537))], ..ask.clone() },
    ];
    for request in requests {
        let error = bedrock.converse(&caller(), &request).await.unwrap_err();
        assert_eq!(error.kind, HostErrorKind::Invalid);
        told.push(error.to_string());
    }
    assert_eq!(server.requests(), []);
    insta::assert_debug_snapshot!(told, @r#"
    [
        "unknown-model: there is no model `big`; known: default, fast; add `big=MODEL_ID` to aws.models",
        "unknown-guardrail: there is no guardrail `lax`; known: strict; add `lax=GUARDRAIL_ID/VERSION` to aws.guardrails",
        "no-message: there is no message; the last must be of role `user`",
        "no-message: the last message must be a text of role `user`",
        "bad-role: a message's role is `user` or `assistant`",
        "too-long: the passages have 65537 bytes; send at most 65536",
    ]
    "#);
    // Turns are made to alternate and to begin with the user's; models have names.
    let messages =
        ["assistant", "user", "user", "assistant", "user"].map(|role| message(role, role)).to_vec();
    let request = Request {
        model: Some("fast".into()),
        passages: vec![],
        inference: Inference::default(),
        messages,
        ..ask
    };
    let response = bedrock.converse(&caller(), &request).await.unwrap();
    assert_eq!(response.model, "fast");
    let sent = &server.requests()[0];
    let roles = sent.json()["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["role"].clone())
        .collect::<Vec<_>>();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert_eq!(
        sent.json()["system"],
        json!([{"text": "짧게 답하세요."}]),
        "no rule without sources"
    );
    assert_eq!(sent.path, "/model/amazon.nova-micro-v1%3A0/converse-stream");
    shapes::check("bedrock-runtime", &server.exchanges());
}

#[tokio::test]
async fn the_guardrail_called_default_is_applied_to_whoever_names_none() {
    let server = Scripted::replies(vec![Reply::json(200, &whole("네.[1]", "end_turn"))]);
    let mut names = names();
    names
        .guardrails
        .insert(DEFAULT.into(), GuardrailId { id: "everybody1".into(), version: "DRAFT".into() });
    let bedrock = Bedrock::new(&stand_in(&server.url()), names, LIMITS, true);
    bedrock.converse(&caller(), &question("네?")).await.unwrap();
    let sent = server.requests()[0].json();
    assert_eq!(
        sent["guardrailConfig"],
        json!({"guardrailIdentifier": "everybody1", "guardrailVersion": "DRAFT", "trace": "enabled"})
    );
    shapes::check("bedrock-runtime", &server.exchanges());
}

#[tokio::test]
async fn what_others_built_in_bedrocks_place_is_understood_too() {
    let ministack = StandIn::ministack();
    for streaming in [false, true] {
        let bedrock = Bedrock::new(&stand_in(&ministack.url()), names(), LIMITS, streaming);
        let response = bedrock.converse(&caller(), &question("얼마나 걸려요?")).await.unwrap();
        assert!(!response.text.is_empty(), "{response:?}");
        assert_eq!(response.stop_reason, "end-turn");
        assert!(response.usage.output_tokens > 0, "{response:?}");
    }
}

/// The ARN of a new guardrail of ministack's that steps in at `word`.
fn guardrail_at(ministack: &StandIn, word: &str) -> String {
    let words = json!({"wordsConfig": [{"text": word}]});
    let body =
        json!({"name": word, "wordPolicyConfig": words, "blockedInputMessaging": "묻지 마세요.",
        "blockedOutputsMessaging": "그 내용은 말씀드릴 수 없습니다."})
        .to_string();
    let mut stream = TcpStream::connect(ministack.address()).unwrap();
    // The SDK for making guardrails is another one, which nothing else here needs.
    let head = format!(
        "POST /guardrails HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=stand-in/20270302/ap-northeast-2/bedrock/aws4_request\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, made) = answer.split_once("\r\n\r\n").unwrap();
    let made: Value = serde_json::from_str(made).unwrap();
    made["guardrailArn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_guardrail_that_others_built_takes_our_request_and_its_stepping_in_is_understood() {
    let ministack = StandIn::ministack();
    let mut names = names();
    // ministack's model always says its name.
    for (name, word) in [("strict", "욕설"), ("silent", "ministack")] {
        let guardrail =
            GuardrailId { id: guardrail_at(&ministack, word), version: "DRAFT".to_owned() };
        names.guardrails.insert(name.to_owned(), guardrail);
    }
    let bedrock = Bedrock::new(&stand_in(&ministack.url()), names, LIMITS, true);
    let response = bedrock.converse(&caller(), &guarded("얼마나 걸려요?")).await.unwrap();
    assert_eq!(response.stop_reason, "end-turn");
    assert!(response.text.contains("ministack"), "{response:?}");

    let silent = Request { guardrail: Some("silent".into()), ..question("얼마나 걸려요?") };
    let response = bedrock.converse(&caller(), &silent).await.unwrap();
    assert_eq!(response.stop_reason, "guardrail-intervened");
    assert_eq!(response.text, "그 내용은 말씀드릴 수 없습니다.");
    let trace = response.trace.unwrap();
    assert_eq!(
        trace["findings"],
        json!([{"on": "output", "policy": "word", "name": "custom", "action": "BLOCKED"}])
    );
    assert!(!trace.to_string().contains("ministack"), "{trace}");
}

#[tokio::test]
async fn a_text_becomes_a_vector_and_what_is_none_is_told() {
    let vector: Vec<f32> = (0..DIMENSIONS).map(|i| i as f32).collect();
    let good = json!({"embedding": vector, "embeddingsByType": {"float": vector}, "inputTextTokenCount": 3});
    let replies = vec![
        Reply::json(200, &good),
        Reply::json(200, &json!({"embedding": [0.5], "inputTextTokenCount": 3})),
        Reply::json(200, &json!({"results": [{"outputText": "no embedding"}]})),
        Reply::error(400, "ValidationException", "400 Bad Request: 얼마나 걸려요?"),
    ];
    let server = Scripted::replies(replies);
    let titan = Titan::new(&stand_in(&server.url()), "amazon.titan-embed-text-v2:0").unwrap();
    assert_eq!(titan.embed("얼마나 걸려요?", LONG).await.unwrap(), vector);
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(titan.embed("얼마나 걸려요?", LONG).await.unwrap_err().to_string());
    }
    insta::assert_debug_snapshot!(told, @r#"
    [
        "Amazon Bedrock: the embedding has 1 numbers, not 512",
        "Amazon Bedrock: its answer is no embedding",
        "Amazon Bedrock: ValidationException: 400 Bad Request: …",
    ]
    "#);
    let sent = &server.requests()[0];
    assert_eq!(sent.path, "/model/amazon.titan-embed-text-v2%3A0/invoke");
    assert_eq!(
        sent.json(),
        json!({"inputText": "얼마나 걸려요?", "dimensions": 512, "normalize": true})
    );
    shapes::check("bedrock-runtime", &server.exchanges());
    insta::assert_snapshot!(Titan::new(&stand_in("http://127.0.0.1:1"), "cohere.embed-v4:0").unwrap_err(), @"aws.embedding_model: `cohere.embed-v4:0`: only Titan Text Embeddings V2 can be asked; write `amazon.titan-embed-text-v2:0`, or the ARN of what runs it");
}

#[test]
fn settings_that_name_nothing_are_told_with_their_key() {
    let read = |model: Option<&str>, models: &[&str], guardrails: &[&str]| {
        let owned =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Names::read(model, &owned(models), &owned(guardrails)).unwrap_err().to_string()
    };
    let m = Some("amazon.nova-lite-v1:0");
    let told = [
        read(None, &[], &[]),
        read(Some("two words"), &[], &[]),
        read(m, &["fast"], &[]),
        read(m, &["fast="], &[]),
        read(m, &["default=x"], &[]),
        read(m, &[], &["strict=gr1"]),
        read(m, &[], &["strict=gr1/0"]),
        read(m, &[], &["strict=GR/1"]),
        read(m, &[], &["a=gr1/1", "a=gr2/1"]),
    ];
    insta::assert_debug_snapshot!(told, @r#"
    [
        "aws.model: it is empty; write a model's id such as `amazon.nova-lite-v1:0`, or an inference profile's",
        "aws.model: `two words`: a model's id has no spaces",
        "aws.models: `fast`: there is no `=`; write such as `fast=amazon.nova-micro-v1:0`",
        "aws.models: `fast=`: there is no model behind the `=`; write such as `fast=amazon.nova-micro-v1:0`",
        "aws.models: `default` is what aws.model is; leave it out here",
        "aws.guardrails: `strict=gr1`: there is no `/` before the version; write such as `default=gr1a2b3c4d5e/1`",
        "aws.guardrails: `strict=gr1/0`: a version is a number from 1 on, or `DRAFT`; write such as `default=gr1a2b3c4d5e/1`",
        "aws.guardrails: `strict=GR/1`: a guardrail's id has small letters and digits only, or is an ARN; write such as `default=gr1a2b3c4d5e/1`",
        "aws.guardrails: `a=gr2/1`: this name is given twice; write such as `default=gr1a2b3c4d5e/1`",
    ]
    "#);
}
