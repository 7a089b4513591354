//! A stand-in for Amazon Polly: `SynthesizeSpeech` by the published shapes, limits and errors.
//!
//! **It is not Polly**: its audio is no speech, and it knows the few voices that tests need. What
//! it refuses follows <https://docs.aws.amazon.com/polly/latest/dg/API_SynthesizeSpeech.html>,
//! `limits.html` and `supportedtags.html`; requests and answers are held against botocore's model
//! by [`crate::shapes`].

use serde_json::Value;

use crate::scripted::{Part, Reply, Request, Scripted};

/// Voices with their language and engines.
const VOICES: [(&str, &str, &[&str]); 4] = [
    ("Seoyeon", "ko-KR", &["standard", "neural"]),
    ("Joanna", "en-US", &["standard", "neural", "generative"]),
    ("Ivy", "en-US", &["standard", "neural"]),
    ("Carla", "it-IT", &["standard"]),
];

/// A server that answers as the service would.
///
/// # Panics
/// If there is no free port on this machine.
pub fn start() -> Scripted {
    Scripted::start(answer)
}

/// What the service would answer.
pub fn answer(request: &Request) -> Reply {
    if (request.method.as_str(), request.path.as_str()) != ("POST", "/v1/speech") {
        return Reply::error(404, "UnknownOperationException", "there is no such operation");
    }
    let request = request.json();
    let field = |name: &str| request.get(name).and_then(Value::as_str);
    let refused = |code: &str, message: &str| Reply::error(400, code, message);
    let invalid = |name: &str| refused("ValidationException", &format!("wrong value at '{name}'"));
    let Some(text) = field("Text") else { return invalid("text") };
    let Some((_, language, engines)) =
        VOICES.iter().find(|(name, _, _)| field("VoiceId") == Some(*name))
    else {
        return invalid("voiceId");
    };
    let engine = field("Engine").unwrap_or("standard");
    if !engines.contains(&engine) {
        let message = "This voice does not support the selected engine";
        return refused("EngineNotSupportedException", message);
    }
    if field("LanguageCode").is_some_and(|wanted| wanted != *language) {
        let message = "This voice does not support the selected language";
        return refused("LanguageNotSupportedException", message);
    }
    let ssml = field("TextType") == Some("ssml");
    let all = text.chars().count();
    let spoken = if ssml { without_tags(text) } else { all };
    if spoken > 3_000 || all > 6_000 {
        return refused("TextLengthExceededException", "Maximum text length has been exceeded");
    }
    let lacks = engine != "standard" && text.contains("<emphasis");
    if ssml && (!text.starts_with("<speak>") || lacks) {
        return refused("InvalidSsmlException", "Invalid SSML request");
    }
    let (content, rates): (&str, &[&str]) = match field("OutputFormat") {
        Some("mp3") => ("audio/mpeg", &["8000", "16000", "22050", "24000", "44100", "48000"]),
        Some("pcm") => ("audio/pcm", &["8000", "16000"]),
        Some("mulaw") => ("audio/mulaw", &["8000"]),
        _ => return invalid("outputFormat"),
    };
    if field("SampleRate").is_some_and(|rate| !rates.contains(&rate)) {
        return refused("InvalidSampleRateException", "The specified sample rate is not valid");
    }
    audio(content, text, spoken)
}

/// An answer with bytes that differ by text, an even number of them; for MP3 after the head of a
/// frame.
pub fn audio(content: &str, text: &str, spoken: usize) -> Reply {
    let start: &[u8] = if content == "audio/mpeg" { &[0xff, 0xfb, 0x90, 0x64] } else { &[] };
    let bytes = start.iter().copied().chain(text.bytes().flat_map(|byte| [byte, !byte])).collect();
    Reply {
        status: 200,
        headers: vec![
            ("content-type".to_owned(), content.to_owned()),
            ("x-amzn-requestcharacters".to_owned(), spoken.to_string()),
        ],
        parts: vec![Part::Bytes(bytes)],
    }
}

/// Characters that are not within `<…>`.
fn without_tags(text: &str) -> usize {
    let mut within = false;
    let spoken = text.chars().filter(|c| {
        match c {
            '<' => within = true,
            '>' => within = false,
            _ => return !within,
        }
        false
    });
    spoken.count()
}
