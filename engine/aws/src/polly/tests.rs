//! The real SDK over real HTTP against a stand-in for Polly.

use dialgraph_stand_ins::scripted::{Part, Reply, Scripted};
use dialgraph_stand_ins::{polly as stand_in_polly, shapes};
use serde_json::json;

use super::*;
use crate::connection::stand_in;

fn polly(server: &Scripted) -> Polly {
    Polly::new(&stand_in(&server.url()))
}

fn speech(text: &str, format: Format) -> Speech {
    let voice = Voice::new("Seoyeon", VoiceEngine::Neural, Some("ko-KR")).unwrap();
    Speech { text: text.to_owned(), ssml: text.starts_with("<speak>"), voice, format }
}

fn hello() -> Speech {
    speech("안녕하세요", Format::Mp3)
}

fn spoken(text: &str) -> Vec<u8> {
    text.bytes().flat_map(|byte| [byte, !byte]).collect()
}

#[tokio::test]
async fn a_korean_text_becomes_a_file_of_each_format() {
    let server = stand_in_polly::start();
    let polly = polly(&server);
    let say = async |format| polly.say(&speech("안녕하세요", format)).await.unwrap();
    let mp3 = say(Format::Mp3).await;
    assert_eq!(mp3.bytes, [&[0xff, 0xfb, 0x90, 0x64], &spoken("안녕하세요")[..]].concat());
    assert_eq!(mp3.characters, Some(5));
    for format in [Format::Pcm, Format::Mulaw] {
        let wav = say(format).await.bytes;
        assert!(wav.starts_with(b"RIFF") && wav.ends_with(&spoken("안녕하세요")), "{format:?}");
    }
    let requests: Vec<_> = server.requests().iter().map(|request| request.json()).collect();
    let asked = json!({
        "Text": "안녕하세요", "TextType": "text", "VoiceId": "Seoyeon", "Engine": "neural",
        "LanguageCode": "ko-KR", "OutputFormat": "mp3"
    });
    assert_eq!(requests[0], asked);
    assert_eq!(
        (&requests[1]["OutputFormat"], &requests[1]["SampleRate"]),
        (&json!("pcm"), &json!("16000"))
    );
    assert_eq!(
        (&requests[2]["OutputFormat"], &requests[2]["SampleRate"]),
        (&json!("mulaw"), &json!("8000"))
    );
    shapes::check("polly", &server.exchanges());
}

#[tokio::test]
async fn what_would_be_refused_is_not_sent() {
    let server = stand_in_polly::start();
    let polly = polly(&server);
    let long = "가".repeat(MAX_BILLED + 1);
    for text in ["<speak><emphasis>가</emphasis></speak>", "<speak>가", " ", &long] {
        let error = polly.say(&speech(text, Format::Mp3)).await.unwrap_err();
        assert!(matches!(error, SpeechError::Unsayable(_)), "{error}");
    }
    assert_eq!(server.requests(), []);
    polly.say(&speech("<speak>가<break time=\"1s\"/></speak>", Format::Mp3)).await.unwrap();
    assert_eq!(server.requests()[0].json()["TextType"], "ssml");
    shapes::check("polly", &server.exchanges());
}

#[tokio::test]
async fn what_the_service_refuses_is_told_with_what_to_do_and_not_asked_again() {
    let refusals = [
        "TextLengthExceededException",
        "InvalidSsmlException",
        "EngineNotSupportedException",
        "LanguageNotSupportedException",
        "InvalidSampleRateException",
    ];
    let mut told = Vec::new();
    for code in refusals {
        let server = Scripted::replies(vec![Reply::error(400, code, "the service's words")]);
        let error = polly(&server).say(&hello()).await.unwrap_err();
        assert_eq!(server.requests().len(), 1, "{code}");
        assert!(!error.may_pass());
        shapes::check("polly", &server.exchanges());
        told.push(error.to_string());
    }
    for (status, code) in [(404, "ResourceNotFoundException"), (403, "AccessDeniedException")] {
        let server = Scripted::replies(vec![Reply::error(status, code, "the service's words")]);
        told.push(polly(&server).say(&hello()).await.unwrap_err().to_string());
        assert_eq!(server.requests().len(), 1, "{code}");
        // The first is no error that the model has for this operation.
        shapes::check_requests("polly", &server.exchanges());
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn throttling_and_failures_of_the_service_are_asked_again_until_it_answers() {
    let good = || stand_in_polly::audio("audio/mpeg", "안녕하세요", 5);
    for (status, code) in
        [(400, "ThrottlingException"), (500, "ServiceFailureException"), (503, "")]
    {
        let server = Scripted::replies(vec![Reply::error(status, code, "later"), good()]);
        polly(&server).say(&hello()).await.unwrap();
        assert_eq!(server.requests().len(), 2, "{status} {code}");
        shapes::check("polly", &server.exchanges());
    }
    let server = Scripted::replies(vec![Reply::error(500, "ServiceFailureException", "never")]);
    let error = polly(&server).say(&hello()).await.unwrap_err();
    assert!(error.may_pass(), "{error}");
    assert_eq!(server.requests().len(), ATTEMPTS as usize);
    insta::assert_snapshot!(error, @"Amazon Polly: ServiceFailureException: never");
    shapes::check("polly", &server.exchanges());
}

#[tokio::test]
async fn what_is_no_whole_audio_is_no_answer() {
    let audio = |content: &str, bytes: &[u8]| Reply {
        status: 200,
        headers: vec![("content-type".to_owned(), content.to_owned())],
        parts: vec![Part::Bytes(bytes.to_vec())],
    };
    let cut = Reply {
        // The pause lets the head go out before the end comes.
        parts: vec![Part::Bytes(vec![0xff; 10]), Part::Pause(Duration::from_millis(50)), Part::Cut],
        ..audio("audio/mpeg", b"").header("content-length", "20")
    };
    let mut told = Vec::new();
    for (format, reply) in [
        (Format::Mp3, cut),
        (Format::Mp3, audio("audio/mpeg", b"")),
        (Format::Mp3, audio("text/html", b"<html>gateway</html>")),
        (Format::Mulaw, audio("audio/wav", b"RIFF")),
        (Format::Pcm, audio("audio/pcm", &[1, 2, 3])),
    ] {
        let server = Scripted::replies(vec![reply]);
        let error = polly(&server).say(&speech("안녕하세요", format)).await.unwrap_err();
        assert_eq!(server.requests().len(), 1);
        assert!(error.may_pass(), "{error}");
        told.push(error.to_string());
        // The answers are what the service never gives.
        shapes::check_requests("polly", &server.exchanges());
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_service_that_is_slow_or_gone_ends_in_an_error() {
    let server = Scripted::replies(vec![Reply::never()]);
    let slow = Polly::patient(
        &stand_in(&server.url()),
        Duration::from_millis(50),
        Duration::from_millis(80),
    );
    let error = slow.say(&hello()).await.unwrap_err();
    insta::assert_snapshot!(error, @"Amazon Polly: no answer in time");
    shapes::check("polly", &server.exchanges());
    let gone = server.url();
    drop(server);
    let gone = Polly::patient(&stand_in(&gone), Duration::from_secs(5), Duration::from_secs(20));
    let error = gone.say(&hello()).await.unwrap_err();
    assert!(error.may_pass() && !matches!(error, SpeechError::Unsayable(_)), "{error}");
}

#[test]
fn the_limits_are_those_that_are_documented() {
    let documented = include_str!("../../../../docs/speech.md");
    let row = format!(
        "no answer within {} s | asked again up to three times within {} s, with doubled pauses of up to {} s at first;",
        ATTEMPT.as_secs(),
        OPERATION.as_secs(),
        BACKOFF.as_secs_f32()
    );
    assert!(documented.contains(&row), "{row}");
    assert_eq!(ATTEMPTS, 1 + 3);
}
