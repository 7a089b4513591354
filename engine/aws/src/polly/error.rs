//! Why Polly gave no audio, and what helps: another voice or engine, a shorter text, a permission.

use std::fmt::Write as _;

use super::speech::{Unsayable, Voice};
use crate::error::ServiceFailure;

/// Why there is no audio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeechError {
    /// Found before asking.
    #[error("{}", listed(.0))]
    Unsayable(Vec<Unsayable>),
    #[error("spread the text over several prompts ({0})")]
    TooLong(ServiceFailure),
    #[error("the SSML is refused ({0})")]
    Ssml(ServiceFailure),
    #[error(
        "voice {voice} has no {engine} engine in this region; name another with --engine, or see `aws polly describe-voices --engine {engine}` ({failure})"
    )]
    Engine { voice: String, engine: String, failure: ServiceFailure },
    #[error("voice {voice} does not speak {language}; name another with --voice ({failure})")]
    Language { voice: String, language: String, failure: ServiceFailure },
    #[error("there is no voice {voice} in this account and region ({failure})")]
    Voice { voice: String, failure: ServiceFailure },
    #[error("allow the role `polly:SynthesizeSpeech` ({0})")]
    Denied(ServiceFailure),
    #[error(transparent)]
    Failed(ServiceFailure),
}

impl SpeechError {
    pub(super) fn of(failure: ServiceFailure, voice: &Voice) -> Self {
        let id = voice.id.clone();
        match failure.code.as_deref() {
            Some("TextLengthExceededException") => Self::TooLong(failure),
            Some("InvalidSsmlException") => Self::Ssml(failure),
            Some("EngineNotSupportedException") => {
                Self::Engine { voice: id, engine: voice.engine.to_string(), failure }
            }
            Some("LanguageNotSupportedException") => {
                let language = voice.language.clone().unwrap_or_else(|| "it".to_owned());
                Self::Language { voice: id, language, failure }
            }
            Some("ResourceNotFoundException") => Self::Voice { voice: id, failure },
            Some("AccessDeniedException") => Self::Denied(failure),
            _ => Self::Failed(failure),
        }
    }

    /// What the service or the way to it said; none: it was not asked.
    pub fn failure(&self) -> Option<&ServiceFailure> {
        match self {
            Self::Unsayable(_) => None,
            Self::Engine { failure, .. }
            | Self::Language { failure, .. }
            | Self::Voice { failure, .. }
            | Self::TooLong(failure)
            | Self::Ssml(failure)
            | Self::Denied(failure)
            | Self::Failed(failure) => Some(failure),
        }
    }

    /// Whether the same speech may be had in a moment.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.may_pass())
    }
}

fn listed(wrong: &[Unsayable]) -> String {
    let mut out = String::new();
    for one in wrong {
        let _ = write!(out, "{}{one}", if out.is_empty() { "" } else { "\n" });
    }
    out
}
