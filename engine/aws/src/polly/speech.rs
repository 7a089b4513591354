//! What is to be said, by whom, and as which kind of file.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use aws_sdk_polly::types::{LanguageCode, VoiceId};
use dialgraph_base::Digest;
use serde_json::json;

use super::ssml;

/// Characters of one request that are billed: all but those of SSML tags.
pub const MAX_BILLED: usize = 3_000;

/// Characters of one request, SSML tags included.
pub const MAX_TEXT: usize = 6_000;

/// How a voice speaks. Each voice has some of these; which, the service knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoiceEngine {
    Standard,
    Neural,
    LongForm,
    Generative,
}

impl VoiceEngine {
    const ALL: [Self; 4] = [Self::Standard, Self::Neural, Self::LongForm, Self::Generative];

    /// The service's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Neural => "neural",
            Self::LongForm => "long-form",
            Self::Generative => "generative",
        }
    }
}

impl fmt::Display for VoiceEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for VoiceEngine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|engine| engine.word() == text).ok_or_else(|| {
            let words = Self::ALL.map(Self::word).join(", ");
            format!("there is no engine `{text}`; Polly has {words}")
        })
    }
}

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// Such as `Seoyeon`; or `vc-…`, a voice that was made for the account.
    pub id: String,
    pub engine: VoiceEngine,
    /// The language as the service writes it, such as `ko-KR`: then a voice of another language is
    /// refused. None: the voice's own.
    pub language: Option<String>,
}

impl Voice {
    /// A voice that Polly has; a language that Polly does not name is left out.
    ///
    /// # Errors
    /// When there is no voice of that name, with the nearest that there is.
    pub fn new(id: &str, engine: VoiceEngine, language: Option<&str>) -> Result<Self, String> {
        let known = VoiceId::values();
        if !known.contains(&id) && !id.starts_with("vc-") {
            let same = known.iter().copied().find(|known| known.eq_ignore_ascii_case(id));
            return Err(
                match same.or_else(|| dialgraph_base::nearest(id, known.iter().copied())) {
                    Some(near) => format!("Polly has no voice `{id}`; did you mean `{near}`?"),
                    None => format!(
                        "Polly has no voice `{id}`; `aws polly describe-voices --language-code ko-KR` lists those of a language"
                    ),
                },
            );
        }
        let known = LanguageCode::values();
        let language = language.filter(|language| known.contains(language)).map(str::to_owned);
        Ok(Self { id: id.to_owned(), engine, language })
    }
}

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// MP3, 24 kHz (standard voices: 22.05 kHz).
    Mp3,
    /// WAV with 16-bit samples, 16 kHz, mono.
    Pcm,
    /// WAV with µ-law samples, 8 kHz, mono: what telephones carry, and Amazon Connect takes as a
    /// prompt.
    Mulaw,
}

impl Format {
    /// The service's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Pcm => "pcm",
            Self::Mulaw => "mulaw",
        }
    }

    /// How its files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp3 => "mp3",
            Self::Pcm | Self::Mulaw => "wav",
        }
    }

    /// What is asked for, in hertz; none: what the voice was made for.
    pub(super) fn sample_rate(self) -> Option<u32> {
        match self {
            Self::Mp3 => None,
            Self::Pcm => Some(16_000),
            Self::Mulaw => Some(8_000),
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Pcm => "audio/pcm",
            Self::Mulaw => "audio/mulaw",
        }
    }
}

/// Something to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speech {
    pub text: String,
    /// The text is SSML.
    pub ssml: bool,
    pub voice: Voice,
    pub format: Format,
}

/// Something that Polly would refuse, or not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct Unsayable {
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Bytes of the text at fault; none: all of it.
    pub span: Option<Range<usize>>,
}

impl Unsayable {
    /// Line and column in `text`, both from 1, columns in characters.
    pub fn place(&self, text: &str) -> Option<(usize, usize)> {
        let before = text.get(..self.span.as_ref()?.start)?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some((line, column))
    }
}

impl Speech {
    /// What names it and nothing else: voice, engine, language, format and text.
    pub fn digest(&self) -> Digest {
        let Voice { id, engine, language } = &self.voice;
        // The number is raised when the same request is to be made into another file.
        let parts =
            json!([1, id, engine.word(), language, self.format.word(), self.ssml, self.text]);
        Digest::of(parts.to_string().as_bytes())
    }

    /// Whether Polly can say it, as far as that is known without asking.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the text.
    pub fn check(&self) -> Result<(), Vec<Unsayable>> {
        let mut wrong = Vec::new();
        let all = self.text.chars().count();
        let mut billed = all;
        if self.ssml {
            match ssml::check(&self.text, &self.voice) {
                Ok((characters, found)) => {
                    billed = characters;
                    wrong = found;
                }
                Err(found) => wrong.push(found),
            }
        }
        let whole =
            |message: String, help: &str| Unsayable { message, help: help.to_owned(), span: None };
        if billed > MAX_BILLED {
            let message = format!("{billed} characters are to be spoken, more than {MAX_BILLED}");
            wrong.push(whole(message, "spread them over several prompts"));
        } else if all > MAX_TEXT {
            let message =
                format!("the text has {all} characters with its tags, more than {MAX_TEXT}");
            wrong.push(whole(message, "spread it over several prompts"));
        }
        if self.text.trim().is_empty() {
            wrong.push(whole("there is nothing to say".to_owned(), "give a text"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}
