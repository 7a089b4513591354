//! Asking the caller which customer it is.

use dialgraph_plugin::company::{likeness, normalised, readings};
use dialgraph_plugin::listen::{
    HOLD_MS, HOLDS, asks_for_time, key, take_your_time, wants_agent, yes_and_no, yes_or_no,
};
use dialgraph_plugin::records::Record;
use dialgraph_plugin::{Answer, Ask, Host, Text};
use plugin_common::fallback::Reader;
use serde::{Deserialize, Serialize};

use crate::customer::Customer;
use crate::{Config, MatchedBy};

/// What the visit remembers while the caller thinks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    candidates: Vec<Candidate>,
    by: MatchedBy,
    asked: u8,
    stale: bool,
    as_of: Option<u64>,
    /// How often the caller was given more time.
    #[serde(default)]
    holds: u32,
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
    /// The caller asks for time, and may have it.
    Wait,
    /// Nothing that could be understood.
    Nothing,
}

pub(crate) fn confirm() -> Text {
    Text::new(
        "{company} 고객님이 맞으십니까? 맞으시면 네 또는 1번, 아니시면 아니요 또는 2번을 눌러 주세요.",
        "Are you calling from {company}? Say yes or press 1. If not, say no or press 2.",
    ).written("{company} 고객님이 맞으신가요?", "Are you writing from {company}?")
}

pub(crate) fn choose() -> Text {
    Text::new(
        "비슷한 이름의 고객사가 {count}곳 있습니다. {choices} 모두 아니시면 0번을 눌러 주세요.",
        "There are {count} customers of a similar name. {choices} If it is none of them, press 0.",
    )
    .written(
        "비슷한 이름의 고객사가 {count}곳 있습니다. {choices} 모두 아니시면 아니라고 적어 주세요.",
        "There are {count} customers of a similar name. {choices} If it is none of them, say so.",
    )
}

pub(crate) fn choice() -> Text {
    Text::new("{name}, {key}번.", "For {name}, press {key}.").written("{name}.", "{name}.")
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
            holds: 0,
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

    /// Waits without asking again.
    pub(crate) fn wait(mut self, host: &Host, config: &Config) -> Ask<Self> {
        self.holds += 1;
        let mut ask = self.ask(host, config).timeout_ms(HOLD_MS);
        ask.say = vec![take_your_time().fill(host.locale(), &[])];
        ask
    }

    pub(crate) fn ask(self, host: &Host, config: &Config) -> Ask<Self> {
        let (speech, hints): (_, Vec<String>) = match self.candidates.as_slice() {
            [only] => {
                let speech = config.confirm.fill(host.locale(), &[("company", &only.name)]);
                let words = yes_and_no(host.locale());
                (speech, words.iter().map(|word| (*word).to_owned()).collect())
            }
            several => {
                let choices: Vec<String> = several
                    .iter()
                    .zip(1..)
                    .map(|(candidate, key)| {
                        let values = [("name", candidate.name.as_str()), ("key", &key.to_string())];
                        config.choice.fill(host.locale(), &values).text
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
            (Answer::Said { text, .. }, _) if self.holds < HOLDS && asks_for_time(text) => {
                Heard::Wait
            }
            (Answer::Said { text, .. }, [only]) => {
                if wants_agent(text) {
                    return Heard::NoneOfThem;
                }
                match (yes_or_no(text), key(text, &['1', '2', '0'])) {
                    (Some(true), _) | (None, Some('1')) => Heard::This(&only.key),
                    (Some(false), _) | (None, Some(_)) => Heard::NoneOfThem,
                    (None, None) => Heard::Nothing,
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
                let offered: Vec<char> = ('0'..='9').take(several.len() + 1).collect();
                let number = key(text, &offered);
                number.map_or(Heard::Nothing, |key| numbered(several, &key.to_string()))
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
