//! A stand-in for Amazon Polly: `SynthesizeSpeech` over HTTP, by the published shapes, limits and errors.
//!
//! **It is not Polly**: its audio is no speech, and it knows the few voices that tests need. What it refuses follows
//! <https://docs.aws.amazon.com/polly/latest/dg/API_SynthesizeSpeech.html>, `limits.html` and `supportedtags.html`.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};

/// How it answers one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// As the service would.
    Usual,
    /// An error of the service, by status and code.
    Error(u16, &'static str),
    /// Not at all.
    Never,
    /// Half of the audio that the head promised.
    Half,
    /// Something else under status 200, by its content type.
    Other(&'static str, &'static [u8]),
}

/// One request and its answer, as far as it was one.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub path: String,
    /// The whole `authorization` header.
    pub authorization: String,
    pub request: Value,
    pub status: u16,
    /// `content-type` and `x-amzn-requestcharacters`, or `x-amzn-errortype`.
    pub headers: Vec<(&'static str, String)>,
    pub response: Vec<u8>,
}

#[derive(Debug, Default)]
struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    exchanges: Mutex<Vec<Exchange>>,
}

/// A running stand-in; it ends with the process or when it is dropped.
#[derive(Debug)]
pub struct Polly {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

/// Voices with their language and engines.
const VOICES: [(&str, &str, &[&str]); 4] = [
    ("Seoyeon", "ko-KR", &["standard", "neural"]),
    ("Joanna", "en-US", &["standard", "neural", "generative"]),
    ("Ivy", "en-US", &["standard", "neural"]),
    ("Carla", "it-IT", &["standard"]),
];

impl Polly {
    /// Starts one on a free port of 127.0.0.1, on a thread of its own.
    ///
    /// # Panics
    /// If there is no port or no thread to be had.
    pub fn start() -> Self {
        let shared = Arc::<Shared>::default();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let state = shared.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let app = Router::new().route("/v1/speech", post(speech)).with_state(state);
                tokio::select! {
                    served = async { axum::serve(listener, app).await } => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { address: told.recv().unwrap(), shared, stop: Some(stop) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next requests are answered so, later ones as usual.
    pub fn answer(&self, replies: impl IntoIterator<Item = Reply>) {
        locked(&self.shared.replies).extend(replies);
    }

    /// What it was asked, and has answered.
    pub fn exchanges(&self) -> Vec<Exchange> {
        locked(&self.shared.exchanges).clone()
    }
}

impl Drop for Polly {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn speech(
    State(shared): State<Arc<Shared>>,
    request: axum::http::Request<Body>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let request: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let authorization = head.headers.get("authorization").and_then(|value| value.to_str().ok());
    let reply = locked(&shared.replies).pop_front().unwrap_or(Reply::Usual);
    let (status, headers, bytes) = match &reply {
        Reply::Never => std::future::pending().await,
        Reply::Error(status, code) => error(*status, code, "told to fail"),
        Reply::Other(content, bytes) => {
            (200, vec![("content-type", (*content).to_owned())], bytes.to_vec())
        }
        Reply::Usual | Reply::Half => usual(&request),
    };
    locked(&shared.exchanges).push(Exchange {
        path: head.uri.path().to_owned(),
        authorization: authorization.unwrap_or_default().to_owned(),
        request,
        status,
        headers: headers.clone(),
        response: bytes.clone(),
    });
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        response = response.header(name, value);
    }
    if reply == Reply::Half {
        // The connection ends in the middle of what the head promised.
        let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
        let parts = [Ok(half), Err(std::io::Error::other("cut off"))];
        let stream = futures::stream::iter(parts);
        return response.header("content-length", bytes.len()).body(Body::from_stream(stream)).unwrap();
    }
    response.body(Body::from(bytes)).unwrap()
}

type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

fn error(status: u16, code: &str, message: &str) -> Answer {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("x-amzn-errortype", code.to_owned()),
    ];
    (status, headers, json!({ "message": message }).to_string().into_bytes())
}

fn usual(request: &Value) -> Answer {
    let field = |name: &str| request.get(name).and_then(Value::as_str);
    let (Some(text), Some(voice), Some(format)) =
        (field("Text"), field("VoiceId"), field("OutputFormat"))
    else {
        return error(400, "ValidationException", "Text, VoiceId and OutputFormat are required");
    };
    let Some((_, language, engines)) = VOICES.iter().find(|(name, _, _)| *name == voice) else {
        return error(400, "ValidationException", "1 validation error detected at 'voiceId'");
    };
    let engine = field("Engine").unwrap_or("standard");
    if !engines.contains(&engine) {
        return error(400, "EngineNotSupportedException", "This voice does not support the selected engine");
    }
    if field("LanguageCode").is_some_and(|wanted| wanted != *language) {
        return error(400, "LanguageNotSupportedException", "This voice does not support the selected language");
    }
    let ssml = field("TextType") == Some("ssml");
    let all = text.chars().count();
    let spoken = if ssml { without_tags(text) } else { all };
    if spoken > 3_000 || all > 6_000 {
        return error(400, "TextLengthExceededException", "Maximum text length has been exceeded");
    }
    if ssml && (!text.starts_with("<speak>") || (engine != "standard" && text.contains("<emphasis"))) {
        return error(400, "InvalidSsmlException", "Invalid SSML request");
    }
    let rates: &[&str] = match format {
        "mp3" => &["8000", "16000", "22050", "24000", "44100", "48000"],
        "pcm" => &["8000", "16000"],
        "mulaw" => &["8000"],
        _ => return error(400, "ValidationException", "1 validation error detected at 'outputFormat'"),
    };
    if field("SampleRate").is_some_and(|rate| !rates.contains(&rate)) {
        return error(400, "InvalidSampleRateException", "The specified sample rate is not valid");
    }
    let content = match format {
        "mp3" => "audio/mpeg",
        "pcm" => "audio/pcm",
        _ => "audio/mulaw",
    };
    let headers = vec![
        ("content-type", content.to_owned()),
        ("x-amzn-requestcharacters", spoken.to_string()),
    ];
    (200, headers, audio(format, text))
}

/// Characters that are not within `<…>`.
fn without_tags(text: &str) -> usize {
    let mut within = false;
    text.chars()
        .filter(|c| match c {
            '<' => {
                within = true;
                false
            }
            '>' => {
                within = false;
                false
            }
            _ => !within,
        })
        .count()
}

/// Bytes that differ by text: the head of an MP3 frame, or samples. Always an even number.
fn audio(format: &str, text: &str) -> Vec<u8> {
    let start: &[u8] = if format == "mp3" { &[0xff, 0xfb, 0x90, 0x64] } else { &[] };
    let mut bytes = start.to_vec();
    bytes.extend(text.bytes().flat_map(|byte| [byte, !byte]));
    bytes
}

