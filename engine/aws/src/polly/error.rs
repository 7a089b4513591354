use std::fmt::Write as _;

use super::speech::{Unsayable, Voice};
use crate::fault::Fault;

/// Why there is no audio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeechError {
    /// Found before asking.
    #[error("{}", listed(.0))]
    Unsayable(Vec<Unsayable>),
    #[error("Polly takes no text so long; spread it over several prompts ({message})")]
    TooLong { message: String },
    #[error("Polly refuses the SSML: {message}")]
    Ssml { message: String },
    #[error(
        "voice {voice} has no {engine} engine in this region; name another with --engine, or see `aws polly describe-voices --engine {engine}` ({message})"
    )]
    Engine { voice: String, engine: String, message: String },
    #[error("voice {voice} does not speak {language}; name another with --voice ({message})")]
    Language { voice: String, language: String, message: String },
    #[error("there is no voice {voice} in this account and region ({message})")]
    Voice { voice: String, message: String },
    #[error("AWS does not let this role speak; allow `polly:SynthesizeSpeech` ({message})")]
    Denied { message: String },
    #[error("Amazon Polly: {0}")]
    Fault(Fault),
}

impl SpeechError {
    pub(super) fn of(fault: Fault, voice: &Voice) -> Self {
        let Fault::Refused { code, message } = fault else { return Self::Fault(fault) };
        let id = voice.id.clone();
        match code.as_str() {
            "TextLengthExceededException" => Self::TooLong { message },
            "InvalidSsmlException" => Self::Ssml { message },
            "EngineNotSupportedException" => {
                Self::Engine { voice: id, engine: voice.engine.to_string(), message }
            }
            "LanguageNotSupportedException" => {
                let language = voice.language.clone().unwrap_or_else(|| "it".to_owned());
                Self::Language { voice: id, language, message }
            }
            "ResourceNotFoundException" => Self::Voice { voice: id, message },
            "AccessDeniedException" => Self::Denied { message },
            _ => Self::Fault(Fault::Refused { code, message }),
        }
    }

    /// Whether the same speech may be had in a moment.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.may_pass())
    }
}

fn listed(wrong: &[Unsayable]) -> String {
    let mut out = String::new();
    for one in wrong {
        let _ = write!(out, "{}{one}", if out.is_empty() { "" } else { "\n" });
    }
    out
}
