//! What is offered.

use super::phrase::Phrase;
use crate::YesNo;
use crate::topics::{self, Topic};

/// What a prompt offers: keys of a menu and phrases, each for a choice.
///
/// ```
/// use dialgraph_understanding::{Offers, Outcome, choose};
///
/// let offers = Offers::new()
///     .key('1', "outage")
///     .key('2', "bill")
///     .phrases("outage", ["장애", "outage"])
///     .phrases("bill", ["요금", "bill"]);
/// assert_eq!(choose("서버장애예요", &offers).outcome, Outcome::One("outage".to_owned()));
/// assert_eq!(choose("not the bill, the outage", &offers).outcome, Outcome::One("outage".to_owned()));
/// assert_eq!(choose("이번이요", &offers).outcome, Outcome::One("bill".to_owned()));
/// assert_eq!(
///     choose("요금이랑 장애요", &offers).outcome,
///     Outcome::Several(vec!["bill".to_owned(), "outage".to_owned()]),
/// );
/// assert_eq!(choose("잠깐만요", &offers).outcome, Outcome::Hold);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Offers {
    pub(crate) keys: Vec<(char, String)>,
    pub(super) phrases: Vec<(Phrase, String)>,
}

impl Offers {
    pub fn new() -> Offers {
        Offers::default()
    }

    /// A key of the menu (`0` to `9`, `*`, `#`) for a choice.
    #[must_use]
    pub fn key(mut self, key: char, choice: impl Into<String>) -> Offers {
        self.keys.push((key, choice.into()));
        self
    }

    /// Phrases for a choice, in any language.
    #[must_use]
    pub fn phrases<P: AsRef<str>>(
        mut self,
        choice: impl Into<String>,
        phrases: impl IntoIterator<Item = P>,
    ) -> Offers {
        let choice = choice.into();
        self.phrases.extend(
            phrases.into_iter().map(|phrase| (Phrase::new(phrase.as_ref()), choice.clone())),
        );
        self
    }
}

impl Offers {
    /// Of two choices that are a yes and a no, the no where only the yes was mentioned.
    pub(super) fn opposite(&self, mentioned: &[String]) -> Option<String> {
        let of = |answer: YesNo| {
            self.phrases
                .iter()
                .find(|(phrase, _)| phrase.answer == Some(answer))
                .map(|(_, choice)| choice)
        };
        let (yes, no) = (of(YesNo::Yes)?, of(YesNo::No)?);
        (yes != no && !mentioned.is_empty() && mentioned.iter().all(|choice| choice == yes))
            .then(|| no.clone())
    }

    /// The choice that is a no.
    pub(super) fn no(&self) -> Option<String> {
        self.phrases
            .iter()
            .find(|(phrase, choice)| choice == "no" || phrase.answer == Some(YesNo::No))
            .map(|(_, choice)| choice.clone())
    }

    /// Words of phrases of several words that only one choice has: `결과` where `검사 결과` is
    /// offered.
    pub(super) fn parts(&self) -> Vec<(Phrase, &String)> {
        #[rustfmt::skip]
        const COMMON: &[&str] = &[
            "need", "want", "have", "make", "take", "check", "talk", "speak", "call", "lost",
            "time", "number", "name", "help",
            "with", "line", "connect", "different", "another", "other", "more", "from", "about",
            "where", "when", "what", "late",
            "does", "work", "working", "money", "wait", "something", "else", "customer", "service",
            "phone", "room", "card",
            "account", "order", "down", "server", "will", "question", "problem", "issue", "give",
            "down", "technical", "into",
            "카드", "계좌", "번호", "시간", "문의", "안내", "서비스", "고객", "상담", "다른", "다시", "처음", "이전", "메뉴", "확인", "신청",
            "접속이", "서버가", "인터넷이", "전화", "언제", "어디쯤", "자리", "객실", "요금", "안돼요", "잃어버렸어요", "정보", "해주세요",
        ];
        let owners = |word: &str| {
            let mut owners: Vec<&String> = self
                .phrases
                .iter()
                .filter(|(phrase, _)| phrase.words.iter().any(|known| known == word))
                .map(|(_, choice)| choice)
                .collect();
            owners.dedup();
            owners
        };
        let mut parts = Vec::new();
        // `셔틀` where `셔틀버스` is offered.
        for (phrase, choice) in self.phrases.iter().filter(|(phrase, _)| phrase.words.len() == 1) {
            let head: String = phrase.flat.chars().take(2).collect();
            let long = phrase.flat.chars().count() >= 4
                && phrase.flat.chars().all(crate::words::is_hangul);
            let alone = self
                .phrases
                .iter()
                .all(|(other, of)| of == choice || !other.flat.contains(head.as_str()));
            if long && alone && phrase.stem.is_none() && !COMMON.contains(&head.as_str()) {
                parts.push((Phrase::new(&head), choice));
            }
        }
        for (phrase, choice) in self.phrases.iter().filter(|(phrase, _)| phrase.has_parts()) {
            for word in &phrase.words {
                let latin = word.is_ascii();
                let long = if latin { word.len() > 3 } else { word.chars().count() > 1 };
                let noun = latin || !(word.ends_with('요') || word.ends_with('다'));
                if long
                    && noun
                    && !COMMON.contains(&word.as_str())
                    && !topics::SMALL.contains(&word.as_str())
                    && owners(word) == [choice]
                {
                    parts.push((Phrase::new(word), choice));
                }
            }
        }
        parts
    }

    /// The key that is offered last.
    pub(super) fn last_key(&self) -> Option<char> {
        self.keys.iter().map(|(key, _)| *key).filter(|key| ('1'..='9').contains(key)).max()
    }

    /// The topics that the phrases name, each for the one choice that it belongs to.
    pub(super) fn topics(&self) -> Vec<(Topic, String)> {
        let mut topics: Vec<(Topic, &String, bool)> = Vec::new();
        for (phrase, choice) in &self.phrases {
            let Some(topic) = phrase.topic else { continue };
            match topics.iter_mut().find(|(known, ..)| *known == topic) {
                Some((_, owner, shared)) => *shared |= *owner != choice,
                None => topics.push((topic, choice, false)),
            }
        }
        topics
            .into_iter()
            .filter(|(.., shared)| !shared)
            .map(|(topic, choice, _)| (topic, choice.clone()))
            .collect()
    }
}

/// The phrases of the offers as they were given, for showing.
impl Offers {
    pub fn shown_phrases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.phrases.iter().map(|(phrase, choice)| (phrase.shown.as_str(), choice.as_str()))
    }
}
