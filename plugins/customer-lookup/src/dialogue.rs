//! Asking the caller which customer it is.

use dialgraph_plugin::listen::{digits, wants_agent, yes_or_no};
use dialgraph_plugin::records::Record;
use dialgraph_plugin::{Answer, Ask, Host, Text, language_of};
use plugin_common::fallback::Reader;
use serde::{Deserialize, Serialize};

use crate::customer::Customer;
use crate::name::{likeness, normalised, readings};
use crate::search::CHOICES;
use crate::{Config, MatchedBy};

/// What the visit remembers while the caller thinks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    candidates: Vec<Candidate>,
    by: MatchedBy,
    asked: u8,
    stale: bool,
    as_of: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Candidate {
    key: String,
    name: String,
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    /// The customer of this key.
    This(&'a str),
    NoneOfThem,
    /// Nothing that could be understood.
    Nothing,
}

pub(crate) fn confirm() -> Text {
    Text::new(
        "{company} 고객님이 맞으십니까? 맞으시면 네 또는 1번, 아니시면 아니요 또는 2번을 눌러 주세요.",
        "Are you calling from {company}? Say yes or press 1. If not, say no or press 2.",
    )
}

pub(crate) fn choose() -> Text {
    Text::new(
        "비슷한 이름의 고객사가 {count}곳 있습니다. {choices} 모두 아니시면 0번을 눌러 주세요.",
        "There are {count} customers of a similar name. {choices} If it is none of them, press 0.",
    )
}

impl State {
    pub(crate) fn new(customers: &[Record<Customer>], by: MatchedBy, reader: &Reader<'_>) -> Self {
        Self {
            candidates: customers
                .iter()
                .map(|customer| Candidate {
                    key: customer.key.clone(),
                    name: customer.data.name(&customer.key).to_owned(),
                })
                .collect(),
            by,
            asked: 1,
            stale: reader.is_stale(),
            as_of: reader.as_of(),
        }
    }

    pub(crate) fn by(&self) -> MatchedBy {
        self.by
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.stale
    }

    pub(crate) fn as_of(&self) -> Option<u64> {
        self.as_of
    }

    /// The state of one more ask, or this one when `tries` are used up.
    pub(crate) fn again(mut self, tries: u8) -> Result<Self, Self> {
        if self.asked >= tries {
            return Err(self);
        }
        self.asked += 1;
        Ok(self)
    }

    pub(crate) fn ask(self, host: &Host, config: &Config) -> Ask<Self> {
        let korean = language_of(host.locale()) == "ko";
        let (speech, hints) = match self.candidates.as_slice() {
            [only] => {
                let speech = config.confirm.fill(host.locale(), &[("company", &only.name)]);
                let words = if korean { ["네", "아니요"] } else { ["yes", "no"] };
                (speech, words.map(str::to_owned).to_vec())
            }
            several => {
                let choices: Vec<String> = several
                    .iter()
                    .zip(1..)
                    .map(|(candidate, key)| {
                        if korean {
                            format!("{}, {key}번.", candidate.name)
                        } else {
                            format!("For {}, press {key}.", candidate.name)
                        }
                    })
                    .collect();
                let values = [("count", several.len().to_string()), ("choices", choices.join(" "))];
                let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
                let names = several.iter().map(|candidate| candidate.name.clone());
                (config.choose.fill(host.locale(), &values), names.collect())
            }
        };
        Ask::new(self).say(speech).speech().digits(1, 1).timeout_ms(6_000).hints(hints)
    }

    pub(crate) fn hear(&self, answer: &Answer) -> Heard<'_> {
        match (answer, self.candidates.as_slice()) {
            (Answer::Silent, _) => Heard::Nothing,
            (Answer::Pressed(keys), [only]) => match keys.as_str() {
                "1" => Heard::This(&only.key),
                "2" | "0" => Heard::NoneOfThem,
                _ => Heard::Nothing,
            },
            (Answer::Pressed(keys), several) => numbered(several, keys),
            (Answer::Said { text, .. }, [only]) => {
                if wants_agent(text) {
                    return Heard::NoneOfThem;
                }
                match yes_or_no(text) {
                    Some(true) => Heard::This(&only.key),
                    Some(false) => Heard::NoneOfThem,
                    None => Heard::Nothing,
                }
            }
            (Answer::Said { text, .. }, several) => {
                if wants_agent(text) {
                    return Heard::NoneOfThem;
                }
                if let Some(candidate) = named(several, text) {
                    return Heard::This(&candidate.key);
                }
                if yes_or_no(text) == Some(false) || denies_all(text) {
                    return Heard::NoneOfThem;
                }
                let number = ordinal(text).or_else(|| digits(text, 1..=1));
                number.map_or(Heard::Nothing, |keys| numbered(several, &keys))
            }
        }
    }
}

fn numbered<'a>(candidates: &'a [Candidate], keys: &str) -> Heard<'a> {
    match keys.parse::<usize>() {
        Ok(0) => Heard::NoneOfThem,
        Ok(key) => {
            candidates.get(key - 1).map_or(Heard::Nothing, |candidate| Heard::This(&candidate.key))
        }
        Err(_) => Heard::Nothing,
    }
}

/// The key that goes with `일 번이요`, `두 번째`, `the first one`; none when several are named.
fn ordinal(text: &str) -> Option<String> {
    const WORDS: [(&str, &[&str]); CHOICES] = [
        ("1", &["1번", "일번", "첫번째", "첫째", "first"]),
        ("2", &["2번", "이번", "두번째", "둘째", "second"]),
        ("3", &["3번", "삼번", "세번째", "셋째", "third"]),
    ];
    let text: String = text.to_lowercase().split_whitespace().collect();
    let mut named = WORDS.iter().filter(|(_, words)| words.iter().any(|word| text.contains(word)));
    let (key, _) = named.next()?;
    named.next().is_none().then(|| (*key).to_owned())
}

/// `둘 다 아니에요`, `none of them`; whoever says no and then a name has said the name.
fn denies_all(text: &str) -> bool {
    let text = text.to_lowercase();
    ["아니", "아닌", "없어", "없습"].iter().any(|word| text.contains(word))
        || text.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "none" | "neither"))
}

/// The candidate whose name was said; none when two fit equally well.
fn named<'a>(candidates: &'a [Candidate], text: &str) -> Option<&'a Candidate> {
    let readings = readings(text);
    let mut scored: Vec<(f64, &Candidate)> = candidates
        .iter()
        .filter_map(|candidate| {
            let name = normalised(&candidate.name);
            let best =
                readings.iter().filter_map(|reading| likeness(reading, &name)).reduce(f64::max)?;
            Some((best, candidate))
        })
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    match scored.as_slice() {
        [(_, only)] => Some(only),
        [(first, best), (second, _), ..] if first > second => Some(best),
        _ => None,
    }
}
