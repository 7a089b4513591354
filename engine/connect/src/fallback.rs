//! The answer when there is no other: words for the caller, and a queue with people in it.
//!
//! The Lambda gives it when the engine does not answer in time, the engine when it cannot serve a
//! contact. Both say the same, so the bridge flow need not know which of them it was.

use std::collections::BTreeMap;

use dialgraph_base::Medium;

use crate::flat::FlatMap;
use crate::protocol::{NOTHING, SAME_LANGUAGE, action, say_word};

/// Most characters of the words: they are one prompt, or one message of a chat.
pub const MAX_TEXT: usize = 1_000;

/// Words that are there without anything being set.
const WORDS: [(&str, &str); 2] = [
    ("ko-KR", "죄송합니다. 지금은 자동 안내를 이용하실 수 없어 상담원에게 연결해 드리겠습니다."),
    (
        "en-US",
        "I'm sorry, our automated service is not available right now. I'll connect you to an agent.",
    ),
];

/// Why the fallback is given. The word for it goes to whoever reads the contact's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// No connection to the engine, or it broke.
    Unreachable,
    /// The engine did not answer within the budget.
    Slow,
    /// The engine answered with a server error.
    Failed,
    /// The engine refused the signature.
    Unauthorized,
    /// The engine refused the request for another reason.
    Refused,
    /// The engine's answer is none that Connect would take.
    BadAnswer,
    /// The event is larger than the engine takes.
    TooLarge,
    /// Too little time was left to ask the engine at all.
    NoTime,
    /// The engine has more to do than it can.
    Overload,
    /// The engine is about to stop.
    Draining,
    /// The engine serves no contacts of this channel.
    Channel,
}

impl Reason {
    /// In the order of [`Reason`].
    pub const ALL: [Self; 11] = [
        Self::Unreachable,
        Self::Slow,
        Self::Failed,
        Self::Unauthorized,
        Self::Refused,
        Self::BadAnswer,
        Self::TooLarge,
        Self::NoTime,
        Self::Overload,
        Self::Draining,
        Self::Channel,
    ];

    /// A stable word for answers, logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "engine-unreachable",
            Self::Slow => "engine-slow",
            Self::Failed => "engine-failed",
            Self::Unauthorized => "engine-unauthorized",
            Self::Refused => "engine-refused",
            Self::BadAnswer => "engine-bad-answer",
            Self::TooLarge => "event-too-large",
            Self::NoTime => "no-time",
            Self::Overload => "overload",
            Self::Draining => "draining",
            Self::Channel => "channel-not-served",
        }
    }
}

/// Whom the fallback speaks to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listener<'a> {
    pub medium: Medium,
    /// The locale that the call is held in, if that is known.
    pub locale: Option<&'a str>,
    /// `LanguageCode` of the contact: what Connect speaks if it is told nothing.
    pub language: Option<&'a str>,
}

/// Why words cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FallbackError {
    #[error("`{locale}` is not a locale such as ko-KR or en-US")]
    Locale { locale: String },
    #[error("the text for {locale} is empty; write what the caller should hear, or leave it out")]
    Empty { locale: String },
    #[error(
        "the words for {locale} have {chars} characters, and at most {MAX_TEXT} are said at once"
    )]
    TooLong { locale: String, chars: usize },
    #[error(
        "a queue's name has 1 to 100 characters and no spaces at its ends; take one of the bridge flow's queues"
    )]
    Queue,
}

/// Words by locale, and where the caller goes.
///
/// ```
/// use dialgraph_connect::fallback::{FallbackAnswer, Listener, Reason};
///
/// let fallback = FallbackAnswer::new(Some("general"))?.say("ko-KR", "상담원에게 연결해 드립니다.")?;
/// let korean = Listener { locale: Some("ko-KR"), language: Some("ko-KR"), ..Listener::default() };
/// let answer = fallback.answer(korean, Reason::Slow);
/// assert_eq!(answer.get("action"), Some("fallback"));
/// assert_eq!(answer.get("say_1"), Some("<speak>상담원에게 연결해 드립니다.</speak>"));
/// assert_eq!(answer.get("queue"), Some("general"));
/// assert_eq!(answer.get("reason"), Some("engine-slow"));
/// # Ok::<(), dialgraph_connect::fallback::FallbackError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FallbackAnswer {
    queue: Option<String>,
    words: BTreeMap<String, String>,
    locale: String,
}

impl FallbackAnswer {
    /// Gives callers to `queue`, by the name it has in the bridge flow, or to that flow's own
    /// fallback queue. Speaks Korean and English until told otherwise, and Korean to those whose
    /// language it does not know.
    ///
    /// # Errors
    /// If the name is empty, blank at its ends or longer than 100 characters.
    pub fn new(queue: Option<&str>) -> Result<Self, FallbackError> {
        let good = |name: &str| (1..=100).contains(&name.chars().count()) && name.trim() == name;
        if queue.is_some_and(|name| !good(name)) {
            return Err(FallbackError::Queue);
        }
        let words = WORDS.map(|(locale, text)| (locale.to_owned(), text.to_owned()));
        Ok(Self {
            queue: queue.map(str::to_owned),
            words: BTreeMap::from(words),
            locale: WORDS[0].0.to_owned(),
        })
    }

    /// Says `text` in `locale`, such as `ko-KR`. It is plain text.
    ///
    /// # Errors
    /// If `locale` is none, or there is no text, or more than is said at once.
    pub fn say(mut self, locale: &str, text: &str) -> Result<Self, FallbackError> {
        let locale = canonical(locale)?;
        let text = text.trim();
        if text.is_empty() {
            return Err(FallbackError::Empty { locale });
        }
        let chars = text.chars().count();
        if chars > MAX_TEXT {
            return Err(FallbackError::TooLong { locale, chars });
        }
        self.words.insert(locale, text.to_owned());
        Ok(self)
    }

    /// Speaks `locale` to those whose language it has no words in.
    ///
    /// # Errors
    /// If `locale` is none.
    pub fn otherwise(mut self, locale: &str) -> Result<Self, FallbackError> {
        self.locale = canonical(locale)?;
        Ok(self)
    }

    /// The answer for `to`. It always fits, and Connect always takes it.
    pub fn answer(&self, to: Listener<'_>, reason: Reason) -> FlatMap {
        let mut map = FlatMap::new();
        let mut put = |key: &str, value: &str| {
            let fits = map.put(key, value);
            debug_assert!(
                fits,
                "each part is bounded and all of them are far below the size of an answer"
            );
        };
        put("action", action::FALLBACK);
        put("reason", reason.code());
        if let Some(queue) = &self.queue {
            put("queue", queue);
        }
        let words = self.words_for(to.locale.or(to.language));
        let (say, said) = match words {
            None => (NOTHING.to_owned(), None),
            Some((_, text)) => {
                let heard = || format!("<speak>{}</speak>", escape(text));
                let said = if to.medium.speaks() { heard() } else { text.to_owned() };
                (say_word(to.medium, 1), Some(said))
            }
        };
        put("say", &say);
        if let Some(said) = said {
            put("say_1", &said);
        }
        let language = words.map(|(locale, _)| locale);
        put(
            "language",
            language.filter(|locale| Some(*locale) != to.language).unwrap_or(SAME_LANGUAGE),
        );
        map
    }

    /// In the locale itself, another of the same language, or what is spoken otherwise.
    fn words_for(&self, locale: Option<&str>) -> Option<(&str, &str)> {
        let locale = locale.and_then(|locale| canonical(locale).ok());
        let exact = locale.as_ref().and_then(|locale| self.words.get_key_value(locale));
        let near = || {
            let language = language_of(locale.as_ref()?);
            self.words.iter().find(|(other, _)| language_of(other) == language)
        };
        let other = || self.words.get_key_value(&self.locale);
        exact.or_else(near).or_else(other).map(|(locale, text)| (locale.as_str(), text.as_str()))
    }
}

/// `KO_kr` as `ko-KR`.
fn canonical(locale: &str) -> Result<String, FallbackError> {
    let parts: Vec<&str> = locale.split(['-', '_']).collect();
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let language = |part: &str| matches!(part.len(), 2 | 3) && letters(part);
    let region = |part: &str| {
        part.len() == 2 && letters(part)
            || part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit())
    };
    match parts[..] {
        [one] if language(one) => Ok(one.to_ascii_lowercase()),
        [one, two] if language(one) && region(two) => {
            Ok(format!("{}-{}", one.to_ascii_lowercase(), two.to_ascii_uppercase()))
        }
        _ => Err(FallbackError::Locale { locale: locale.chars().take(40).collect() }),
    }
}

fn language_of(locale: &str) -> &str {
    locale.split('-').next().unwrap_or(locale)
}

/// Text as it stands in SSML, without the characters that XML cannot hold.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fallback() -> FallbackAnswer {
        FallbackAnswer::new(Some("general")).unwrap()
    }

    fn speaking(language: &str) -> Listener<'_> {
        Listener { medium: Medium::Voice, locale: None, language: Some(language) }
    }

    #[test]
    fn a_caller_hears_words_and_goes_to_people() {
        let answer = fallback().answer(speaking("ko-KR"), Reason::Unreachable);
        insta::assert_snapshot!(serde_json::to_string_pretty(&answer).unwrap());
    }

    #[test]
    fn a_chat_gets_text_and_its_own_language() {
        let fallback =
            FallbackAnswer::new(None).unwrap().say("en-US", "R&D is closed <now>.").unwrap();
        let to = Listener { medium: Medium::Chat, locale: Some("en-US"), language: Some("ko-KR") };
        insta::assert_snapshot!(
            serde_json::to_string_pretty(&fallback.answer(to, Reason::Overload)).unwrap()
        );
    }

    #[test]
    fn words_are_those_of_the_nearest_locale() {
        let fallback = fallback().say("en-GB", "Hold on.").unwrap();
        let says =
            |locale: Option<&'static str>| fallback.words_for(locale).map(|(locale, _)| locale);
        assert_eq!(says(Some("en-GB")), Some("en-GB"));
        assert_eq!(says(Some("EN_us")), Some("en-US"));
        assert_eq!(says(Some("en-AU")), Some("en-GB"));
        assert_eq!(says(Some("ko")), Some("ko-KR"));
        assert_eq!(says(Some("de-DE")), Some("ko-KR"));
        assert_eq!(says(Some("<speak>")), Some("ko-KR"));
        assert_eq!(says(None), Some("ko-KR"));
        let english = fallback.otherwise("en-US").unwrap();
        assert_eq!(english.answer(speaking("de-DE"), Reason::Slow).get("language"), Some("en-US"));
    }

    #[test]
    fn without_words_the_caller_still_goes_to_people() {
        let mute = fallback().otherwise("de-DE").unwrap();
        let answer = mute.answer(speaking("de-DE"), Reason::Slow);
        assert_eq!(answer.get("say"), Some("none"));
        assert_eq!(answer.get("queue"), Some("general"));
        assert_eq!(answer.get("language"), Some("same"));
    }

    #[test]
    fn what_cannot_be_said_is_refused_with_what_to_do() {
        let said = |result: Result<FallbackAnswer, FallbackError>| result.unwrap_err().to_string();
        let messages = [
            said(fallback().say("korean", "x")),
            said(fallback().say("ko-KR-x", "x")),
            said(fallback().say("ko-KR", "  ")),
            said(fallback().say("ko-KR", &"가".repeat(1_001))),
            said(FallbackAnswer::new(Some(" "))),
        ];
        insta::assert_snapshot!(messages.join("\n"));
    }

    #[test]
    fn every_reason_has_its_own_word() {
        let codes: std::collections::BTreeSet<_> = Reason::ALL.map(Reason::code).into();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
    }

    proptest! {
        #[test]
        fn whatever_the_words_all_of_the_answer_is_there(
            queue in "\\S.{0,98}\\S",
            text in "\\S[\\PC\u{0}-\u{1f}]{0,900}",
            locale in proptest::option::of(".{0,12}"),
            chat in any::<bool>(),
        ) {
            let Ok(fallback) = FallbackAnswer::new(Some(&queue)) else { return Ok(()) };
            let fallback = fallback.say("ko-KR", &text).unwrap();
            let medium = if chat { Medium::Chat } else { Medium::Voice };
            let to = Listener { medium, locale: locale.as_deref(), language: None };
            let answer = fallback.answer(to, Reason::Failed);
            for key in ["action", "reason", "queue", "say", "say_1", "language"] {
                prop_assert!(answer.get(key).is_some(), "{key} is missing");
            }
        }
    }
}
