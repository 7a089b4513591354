//! A question as the kernel asks it, and the kinds of answers.

use std::collections::BTreeMap;
use std::time::Duration;

use dialgraph_base::{Digits, Locale, Name};

use crate::model::{Assignments, Ports, Prompt};

/// `ask`: speaks, waits for the caller, and leaves by a port.
///
/// Ports: those of `menu` and `phrases`, `digits` when digits are accepted, `said` when free speech
/// is, `no_input` and `no_match` after `tries` vain tries. `save` sees `output.digits`,
/// `output.text`, `output.confidence` and `output.tries`.
#[derive(Debug)]
pub struct Ask {
    pub prompt: Prompt,
    /// Key (one of `0`–`9`, `*`, `#`) to port.
    pub menu: Vec<(char, Name)>,
    /// Words, by locale, that mean a port when the caller says them.
    pub phrases: Vec<(Name, BTreeMap<Locale, Vec<String>>)>,
    /// What is on the button of a port, by locale, on a channel that has buttons. A port without
    /// one is called by the first of its phrases, or by its key.
    pub choices: Vec<(Name, BTreeMap<Locale, String>)>,
    pub digits: Option<Digits>,
    /// What kind of answer is read: yes and no by ports of these names, any other by port `value`.
    pub expects: Option<Expects>,
    /// Any words are taken, by port `said`.
    pub speech: bool,
    pub timeout: Duration,
    /// How often the caller may fail to answer before a port is taken.
    pub tries: Tries,
    /// Said instead of `prompt` after the first, second … silence; the last repeats. Empty:
    /// `prompt`.
    pub no_input: Vec<Prompt>,
    /// The same for answers that fit nothing.
    pub no_match: Vec<Prompt>,
    /// Asks which of two was meant; it sees `output.first` and `output.second`. None: words of the
    /// engine.
    pub which: Option<Prompt>,
    /// Said to a caller who asks for time. None: words of the engine.
    pub hold: Option<Prompt>,
    pub sensitive: bool,
    pub save: Assignments,
    pub ports: Ports,
}

/// What two labels of buttons must not have in common, and what is written has to have in common
/// with one to mean it: its letters and digits, in any case. A label of signs alone is all of it.
pub fn label_letters(label: &str) -> String {
    let letters: String = label.chars().filter(|c| c.is_alphanumeric()).collect();
    let told = if letters.is_empty() { label.trim() } else { &letters };
    told.to_lowercase()
}

/// A kind of answer that is read from words, and from keys where there are such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expects {
    /// `output.value` is true or false.
    YesNo,
    /// A number.
    Number,
    /// So many digits as `digits` says, a text.
    Digits,
    /// A day, a text such as `2026-11-20`.
    Date,
    /// A time of day, a text such as `15:30`.
    Time,
    /// A telephone number as E.164 has it, a text.
    Phone,
    /// `{amount, currency}`, with the currency as ISO 4217 has it.
    Money,
    /// A person's name, a text.
    Name,
}

impl Expects {
    /// The words of the flow file, and what they stand for.
    pub const WORDS: &[(&str, Self)] = &[
        ("yes_no", Self::YesNo),
        ("number", Self::Number),
        ("digits", Self::Digits),
        ("date", Self::Date),
        ("time", Self::Time),
        ("phone", Self::Phone),
        ("money", Self::Money),
        ("name", Self::Name),
    ];

    /// What the flow file calls it.
    pub fn word(self) -> &'static str {
        // Each of them has a word.
        Self::WORDS.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }

    /// Whether it can be keyed in as well as said.
    pub fn takes_keys(self) -> bool {
        matches!(self, Self::Number | Self::Digits | Self::Phone)
    }

    /// The ports that it leaves by.
    pub fn ports(self) -> &'static [&'static str] {
        if self == Self::YesNo { &["yes", "no"] } else { &["value"] }
    }
}

/// Why the last answer to a question fits nothing: `output.reason` on port `no_match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMatch {
    /// Words or keys that are no answer to the question.
    NotUnderstood,
    /// A day or a time that does not exist: 31 November, 25:00.
    Impossible,
    /// Two answers at once.
    Several,
    /// The caller asked for time once too often.
    Hold,
}

impl NoMatch {
    /// The word that flows see, and what it stands for.
    pub const WORDS: &[(&str, Self, &str)] = &[
        ("not_understood", Self::NotUnderstood, "the words or keys are no answer to the question"),
        ("impossible", Self::Impossible, "the day or the time does not exist: 31 November, 25:00"),
        ("several", Self::Several, "two answers were given at once"),
        ("hold", Self::Hold, "the caller asked for time once too often"),
    ];

    /// The word that flows see.
    pub fn word(self) -> &'static str {
        // Each of them has a word.
        Self::WORDS.iter().find(|(_, known, _)| *known == self).map_or("", |(word, ..)| word)
    }
}

/// How often a question may go unanswered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tries {
    /// Silence and mismatch together.
    Together(u32),
    /// Each for itself, as VoiceXML counts them.
    Apart { no_input: u32, no_match: u32 },
}

impl Tries {
    /// Whether the port is taken now, after so many of either, the last of which was silence or was
    /// not.
    pub fn are_used_up(self, silent: bool, no_input: u32, no_match: u32) -> bool {
        match self {
            Self::Together(tries) => no_input + no_match >= tries,
            Self::Apart { no_input: most, .. } if silent => no_input >= most,
            Self::Apart { no_match: most, .. } => no_match >= most,
        }
    }
}
