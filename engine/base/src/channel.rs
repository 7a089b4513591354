//! What a contact reaches the engine by, and what can be said and asked there.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A channel: how its contacts talk, and who brings them.
///
/// What can be done on a channel is said here and nowhere else: whoever wants to know asks, and
/// compares neither medium nor source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Channel {
    pub medium: Medium,
    pub source: Source,
}

/// How a contact talks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// A telephone, or something like it: the engine speaks, the contact speaks or presses keys.
    #[default]
    Voice,
    /// Messages: both write.
    Chat,
}

/// Who brings contacts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Whoever uses the calls API; simulated calls, too.
    #[default]
    Api,
    /// Amazon Connect.
    Connect,
}

/// A text that names no medium.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no channel; there are `{}`", Medium::WORDS.join("`, `"))]
pub struct UnknownMedium {
    text: String,
}

impl Medium {
    pub const ALL: [Self; 2] = [Self::Voice, Self::Chat];

    /// The words of all of them.
    pub const WORDS: [&str; 2] = [Self::Voice.as_str(), Self::Chat.as_str()];

    /// Its word in flows, plugins, scripts and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Chat => "chat",
        }
    }

    /// Whether prompts are heard, not read: a question without words cannot be noticed, and what is
    /// said may be SSML.
    pub fn speaks(self) -> bool {
        match self {
            Self::Voice => true,
            Self::Chat => false,
        }
    }

    /// The longest silence that a question can wait for; none: as long as it likes. No telephone
    /// service waits longer for a voice or a key.
    pub fn longest_silence(self) -> Option<Duration> {
        match self {
            Self::Voice => Some(Duration::from_secs(60)),
            Self::Chat => None,
        }
    }
}

impl Channel {
    /// Whether prompts are heard, not read.
    pub fn speaks(self) -> bool {
        self.medium.speaks()
    }

    /// Whether choices, links and cards are shown beside words. Where they are not, a turn makes
    /// words of them.
    pub fn shows(self) -> bool {
        !self.medium.speaks()
    }

    /// Whether what is said may be marked up as SSML.
    pub fn ssml(self) -> bool {
        self.medium.speaks()
    }

    /// Characters of the longest text that is played or shown at once, markup included; longer ones
    /// are cut into pieces. None: no limit.
    ///
    /// Amazon Connect plays SSML of 3,000 billed characters (Polly's quota) and shows messages of
    /// 1,024; both leave room for what is put around them.
    pub const fn longest_text(self) -> Option<usize> {
        match (self.source, self.medium) {
            (Source::Api, _) => None,
            (Source::Connect, Medium::Voice) => Some(2_900),
            (Source::Connect, Medium::Chat) => Some(1_000),
        }
    }

    /// The longest silence that a question can wait for; none: as long as it likes.
    pub fn longest_silence(self) -> Option<Duration> {
        self.medium.longest_silence()
    }
}

impl From<Medium> for Channel {
    /// By the calls API.
    fn from(medium: Medium) -> Self {
        Self { medium, source: Source::default() }
    }
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Medium {
    type Err = UnknownMedium;

    fn from_str(text: &str) -> Result<Self, UnknownMedium> {
        let found = Self::ALL.into_iter().find(|medium| medium.as_str() == text);
        found.ok_or_else(|| UnknownMedium { text: text.chars().take(80).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_medium_reads_back_what_it_is_written_as() {
        for medium in Medium::ALL {
            assert_eq!(medium.to_string().parse(), Ok(medium));
            let text = serde_json::to_string(&medium).unwrap();
            assert_eq!(text, format!("\"{medium}\""));
            assert_eq!(serde_json::from_str::<Medium>(&text).unwrap(), medium);
        }
        let told = "fax".parse::<Medium>().unwrap_err().to_string();
        assert_eq!(told, "`fax` is no channel; there are `voice`, `chat`");
    }
}
