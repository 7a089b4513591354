//! Amazon Polly: text to speech, for prompts that are rendered before any call.
//!
//! What is sure to be refused is not sent: lengths and SSML are checked here, with the place of
//! each mistake. A request is repeated only where the service says so (throttled, its own failure);
//! an answer counts only if it is audio of the kind that was asked for, and whole.
//!
//! Callers of a live call hear Polly through Amazon Connect, which asks it by itself; nothing here
//! is on that path.

mod cache;
mod error;
mod speech;
mod ssml;
mod wav;

use std::time::Duration;

use aws_sdk_polly::Client;
use aws_sdk_polly::types::{
    Engine as SdkEngine, LanguageCode, OutputFormat, TextType, VoiceId as SdkVoice,
};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use bytes::Bytes;

pub use self::cache::{Cache, CacheError};
pub use self::error::SpeechError;
pub use self::speech::{Format, MAX_BILLED, MAX_TEXT, Speech, Unsayable, Voice, VoiceEngine};

use crate::connection::{CONNECT, Connection};
use crate::error::{Cause, ServiceFailure};

const SERVICE: &str = "Amazon Polly";

/// Until an answer's head is there. Polly sends audio as it makes it.
const ATTEMPT: Duration = Duration::from_secs(10);
/// One request with its repetitions, and after that its audio.
const OPERATION: Duration = Duration::from_secs(40);
const AUDIO: Duration = Duration::from_secs(60);
/// Neural voices take 8 requests a second for an account: whoever is throttled comes back after a
/// second or so.
const ATTEMPTS: u32 = 4;
const BACKOFF: Duration = Duration::from_millis(500);

/// Largest audio that is taken: five hours would be of another service.
const MAX_AUDIO: usize = 64 << 20;

/// Speech as it was made.
#[derive(Clone, PartialEq, Eq)]
pub struct Audio {
    /// A whole file of the format asked for.
    pub bytes: Bytes,
    /// Characters that are billed, as the service counts them.
    pub characters: Option<u32>,
}

impl std::fmt::Debug for Audio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audio")
            .field("bytes", &self.bytes.len())
            .field("characters", &self.characters)
            .finish()
    }
}

/// Amazon Polly.
#[derive(Debug, Clone)]
pub struct Polly {
    client: Client,
}

impl Polly {
    /// A client over `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self::patient(connection, ATTEMPT, OPERATION)
    }

    /// With other limits: `attempt` until an answer's head is there, `operation` for that with all
    /// repetitions.
    pub fn patient(connection: &Connection, attempt: Duration, operation: Duration) -> Self {
        let config = aws_sdk_polly::config::Builder::from(connection.sdk())
            .retry_config(
                RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(BACKOFF),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT)
                    .operation_attempt_timeout(attempt)
                    .operation_timeout(operation)
                    .build(),
            );
        Self { client: Client::from_conf(config.build()) }
    }

    /// Speaks.
    ///
    /// # Errors
    /// Everything that is wrong with `speech`, found before asking; or why the service made no
    /// audio of it.
    pub async fn say(&self, speech: &Speech) -> Result<Audio, SpeechError> {
        speech.check().map_err(SpeechError::Unsayable)?;
        let format = speech.format;
        let mut request = self
            .client
            .synthesize_speech()
            .text(&speech.text)
            .text_type(if speech.ssml { TextType::Ssml } else { TextType::Text })
            .voice_id(SdkVoice::from(speech.voice.id.as_str()))
            .engine(SdkEngine::from(speech.voice.engine.word()))
            .output_format(OutputFormat::from(format.word()));
        if let Some(rate) = format.sample_rate() {
            request = request.sample_rate(rate.to_string());
        }
        if let Some(language) = &speech.voice.language {
            request = request.language_code(LanguageCode::from(language.as_str()));
        }
        let answer = request
            .send()
            .await
            .map_err(|error| SpeechError::of(ServiceFailure::of(SERVICE, &error), &speech.voice))?;
        let content = answer.content_type.unwrap_or_default();
        let kind = content.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case(format.content_type()) {
            let why = format!("its answer is `{kind}` and not `{}`", format.content_type());
            return Err(failed(Cause::Malformed, &why));
        }
        let characters = u32::try_from(answer.request_characters).ok().filter(|count| *count > 0);
        let collected = tokio::time::timeout(AUDIO, answer.audio_stream.collect()).await;
        let audio = collected
            .map_err(|_| failed(Cause::TimedOut, "the audio did not come to its end in time"))?
            .map_err(|_| failed(Cause::Down, "the audio broke off"))?
            .into_bytes();
        if audio.is_empty() || audio.len() > MAX_AUDIO {
            let why = format!("its answer holds {} bytes of audio", audio.len());
            return Err(failed(Cause::Malformed, &why));
        }
        if format == Format::Pcm && audio.len() % 2 != 0 {
            return Err(failed(Cause::Malformed, "a sample of its audio is cut in half"));
        }
        Ok(Audio { bytes: wav::contained(format, audio), characters })
    }
}

fn failed(cause: Cause, why: &str) -> SpeechError {
    SpeechError::Failed(ServiceFailure::new(SERVICE, cause, why))
}

#[cfg(test)]
mod tests;
