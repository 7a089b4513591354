//! Which of the offered choices an answer means.

mod given_up;
mod lint;
mod objects;
mod offers;
mod part;
mod passing;
mod phrase;
mod senses;

pub use lint::{Collision, PhraseProblem, collides, occurs_in, phrase_problems};
pub use offers::Offers;

use crate::hold::{holds, without_value};
use crate::keys::key_mentions;
use crate::korean;
use crate::negation::{Mention, standing};
use crate::topics::{self, Topic};
use crate::words::Utterance;
use crate::{Denied, Outcome, Understood, Why, YesNo};

/// Which of the offered choices an answer means: by phrase, by key, by the usual wordings of what a
/// phrase is about, and where nothing else was said by a word of a phrase that no other choice has.
///
/// What is denied is not chosen, a longer phrase wins over one that stands in it, and two meanings
/// are told rather than one of them picked. See [`Offers`] for an example.
pub fn choose(text: &str, offers: &Offers) -> Understood<String> {
    let known = |word: &str| {
        offers.phrases.iter().any(|(phrase, _)| phrase.words.iter().any(|known| known == word))
    };
    let text = Utterance::new(crate::english::spaced(text, known).as_deref().unwrap_or(text));
    let mut mentions = mentions(&text, offers, false);
    if mentions.is_empty() {
        // Keys have no slips, and without a mention nothing is left to decide.
        if offers.phrases.is_empty() {
            return without_value(&text);
        }
        mentions = self::mentions(&text, offers, true);
    }
    // `Hold on` is no wish to `hold`.
    let held = holds(&text);
    mentions.retain(|mention| {
        let weak = mention.value.key || mention.value.topic.is_some();
        let shorter = |(from, to): &(usize, usize)| to - from > mention.to - mention.from;
        !held
            .iter()
            .any(|hold| hold.0 <= mention.from && mention.to <= hold.1 && (weak || shorter(hold)))
            && !supposed(&text, mention)
            && !is_name(&text, mention)
            && !senses::is_another(&text, mention)
            && !senses::excuses(&text, mention)
    });
    if senses::misdialled(&text, &mentions) {
        mentions.clear();
    }
    let mut why = Why::default();
    let (answers, topics): (Vec<_>, Vec<_>) =
        mentions.into_iter().partition(|mention| mention.value.answer.is_some());
    let mentioned: Vec<String> =
        topics.iter().map(|mention| mention.value.choice.clone()).collect();
    let asked = topics
        .iter()
        .any(|mention| text.asks(text.word_at(mention.from)) && denied_next(&text, mention.to));
    let mut topics = topics;
    objects::drop_objects(&text, offers, &mut topics);
    let mut standing = standing(&text, topics, &mut why);
    if standing.iter().any(|mention| !mention.value.part) {
        standing.retain(|mention| !mention.value.part);
    }
    standing.retain(|mention| {
        let no = asked && text.asks(text.word_at(mention.from)) && denied_next(&text, mention.to);
        let denied = no || fares_well(&text, mention.to);
        if denied {
            let what = text.shown(mention.from, mention.to);
            why.denied.push(Denied { what, by: if no { "no" } else { "in order" }.to_owned() });
        }
        !denied
    });
    if standing.iter().any(|mention| !mention.value.carries) {
        let both: Vec<bool> =
            (0..standing.len()).map(|at| is_joined(&text, &standing, at)).collect();
        let mut both = both.into_iter();
        standing.retain(|mention| both.next().unwrap_or_default() || !mention.value.carries);
    }
    // `Not the outage, and I paid my bill, so it's something else`.
    let other = offers.topics().into_iter().find(|(topic, _)| *topic == Topic::Other);
    if let Some((_, other)) = other
        && !why.denied.is_empty()
        && standing.last().is_some_and(|last| last.value.choice == other)
    {
        standing.retain(|mention| mention.value.choice == other);
    }
    pays_for(&text, offers, &mut standing);
    only_confirmed(&text, &mut standing, &mut why);
    let over: Vec<bool> = (0..standing.len())
        .map(|at| passing::over(&text, &standing[at], standing.get(at + 1)))
        .collect();
    let mut over = over.into_iter();
    let mut before = false;
    standing.retain(|mention| {
        // `다 됐고` by which it is done with may be a phrase itself.
        let verb = before && text.flat()[mention.from..].starts_with("다됐고");
        let over = over.next().unwrap_or_default() || verb;
        before = over;
        if over {
            let what = text.shown(mention.from, mention.to);
            why.denied.push(Denied { what, by: "done with".to_owned() });
        }
        !over
    });
    passing::set_aside(&text, &mut standing, &mut why);
    if let Some((from, to)) = held.iter().find(|(from, to)| {
        looks_for(&text, *from, *to, &standing) || passing::looked_at(&text, &standing)
    }) {
        why.set_aside.push(text.shown(*from, *to));
        why.notes.push("looks for it, and asks for time".to_owned());
        return Understood::new(Outcome::Hold, why);
    }
    let mut choices: Vec<String> = Vec::new();
    for mention in &standing {
        if !choices.contains(&mention.value.choice) {
            choices.push(mention.value.choice.clone());
        }
        let said = text.shown(mention.from, mention.to);
        if !why.matched.contains(&said) {
            why.matched.push(said);
        }
    }
    why.set_aside.extend(held.iter().map(|(from, to)| text.shown(*from, *to)));
    if choices.is_empty()
        && let Some(opposite) = offers.opposite(&mentioned).filter(|_| !why.denied.is_empty())
    {
        why.notes.push("denied where there are two".to_owned());
        return Understood::new(Outcome::One(opposite), why);
    }
    if choices.is_empty()
        && (!answers.is_empty()
            || (mentioned.is_empty()
                && offers.phrases.iter().any(|(phrase, _)| phrase.answer.is_some())))
    {
        return answered(&text, offers, why);
    }
    // `No, book it for eight` where `book it` is a yes: all that is said has to agree.
    if let [yes] = choices.as_slice()
        && yes == "yes"
        && standing.iter().all(|mention| !mention.value.key)
    {
        let places: Vec<(usize, usize)> = standing.iter().map(|m| (m.from, m.to)).collect();
        return agreed(&text, offers, yes.clone(), &places, why);
    }
    match choices.len() {
        0 => {
            let mut without = without_value(&text);
            without.why.denied = why.denied;
            if !mentioned.is_empty() && without.outcome == Outcome::Hesitation {
                without.outcome = Outcome::Nothing;
            }
            without
        }
        1 => Understood::new(choices.pop().map_or(Outcome::Nothing, Outcome::One), why),
        _ => Understood::new(Outcome::Several(choices), why),
    }
}

/// `목욕 옆에서 주사 주사 그러는데 목욕 맞아요`, `검진은 무슨 미용하려고요`: what is confirmed
/// alone, and what is scoffed at.
fn only_confirmed(text: &Utterance, standing: &mut Vec<Mention<Found>>, why: &mut Why) {
    let flat = text.flat();
    let confirmed = standing.last().is_some_and(|last| {
        [
            "맞아요",
            "맞습니다",
            "맞다고요",
            "맞다니까요",
            "라니까요",
            "이라니까요",
            "라고요",
            "이라고요",
        ]
        .iter()
        .any(|confirms| flat[last.to..] == **confirms)
            && standing.iter().filter(|other| other.value.choice == last.value.choice).count() > 1
    });
    let kept = standing.last().filter(|_| confirmed).map(|last| last.value.choice.clone());
    let scoffed: Vec<bool> = (0..standing.len())
        .map(|at| {
            let kept = kept.as_ref().is_none_or(|kept| *kept == standing[at].value.choice);
            let scoffed = standing.get(at + 1).is_some_and(|next| {
                matches!(
                    flat.get(standing[at].to..next.from),
                    Some("은무슨" | "는무슨" | "이고뭐고" | "고뭐고" | "이고뭐고다필요없고")
                )
            });
            !kept || scoffed
        })
        .collect();
    let mut scoffed = scoffed.into_iter();
    standing.retain(|mention| {
        let drop = scoffed.next().unwrap_or_default();
        if drop {
            let what = text.shown(mention.from, mention.to);
            why.denied.push(Denied { what, by: "another is insisted on".to_owned() });
        }
        !drop
    });
}

/// `My name's Bill`.
fn is_name(text: &Utterance, mention: &Mention<Found>) -> bool {
    let at = text.word_at(mention.from);
    at >= 2 && text.words[at - 1].text == "is" && text.words[at - 2].text == "name"
}

/// Whether what was mentioned is only supposed, in a question about it: `긴급이면 뭐가 달라요?`.
fn supposed(text: &Utterance, mention: &Mention<Found>) -> bool {
    /// So many words later it is asked.
    const REACH: usize = 4;
    const ASKS: &[&str] = &["뭐", "뭘", "어떻", "얼마", "언제", "무엇", "어디", "왜"];
    let at = text.word_at(mention.to.max(1) - 1);
    let tail = text.flat().get(mention.to..text.eojeol_end(mention.to - 1)).unwrap_or_default();
    // `예약인지 결과인지 헷갈리네`: neither is chosen.
    if tail.starts_with("인지")
        && ["헷갈", "모르", "몰라"].iter().any(|lost| text.flat().contains(lost))
    {
        return true;
    }
    ["이면", "면", "이라면", "라면", "하면"].contains(&tail)
        && text.words[at..]
            .iter()
            .take(REACH)
            .any(|word| ASKS.iter().any(|ask| word.text.starts_with(ask)))
}

/// Whether what was mentioned is said to be in order: `네트워크는 되는데 로그인이 안 돼요`.
fn fares_well(text: &Utterance, place: usize) -> bool {
    let rest = &text.flat()[place..];
    let rest = ["은", "는", "이", "가", "쪽은"]
        .iter()
        .find_map(|particle| rest.strip_prefix(particle))
        .unwrap_or(rest);
    let rest = ["아무", "다", "전부", "잘", "제대로", "아주", "정말"]
        .iter()
        .fold(rest, |rest, degree| rest.strip_prefix(degree).unwrap_or(rest));
    // `메뉴는 마음에 드는데`, `주소는 맞게 돼 있는데`.
    let in_order = [
        "마음에드",
        "맘에드",
        "돼있",
        "되어있",
        "맞는데",
        "맞고",
        "맞게",
        "괜찮은데",
        "좋은데",
        "만족하",
        "정확한데",
        "그대로인데",
    ];
    let clause: String = rest.chars().take(10).collect();
    if in_order.iter().any(|so| rest.starts_with(so))
        && ["데", "지만", "고"].iter().any(|turn| clause.contains(turn))
    {
        return true;
    }
    [
        "되는데",
        "되고",
        "괜찮은데",
        "괜찮고",
        "정상인데",
        "문제없",
        "멀쩡",
        "나오는데",
        "됐고",
        "됐는데",
    ]
    .iter()
    .any(|fine| rest.starts_with(fine))
}

/// Whether the sentence after the place begins with a no: `urgent? no, not really`.
fn denied_next(text: &Utterance, place: usize) -> bool {
    let sentence = text.words[text.word_at(place.max(1) - 1)].sentence;
    let next = text.words.partition_point(|word| word.sentence <= sentence);
    text.words.get(next).is_some_and(|word| {
        matches!(
            word.text.as_str(),
            "no" | "nope" | "nah" | "not" | "아니요" | "아뇨" | "아니에요" | "아니"
        )
    })
}

/// Whether `and`, `or`, 하고 … stand between the mention and another: `sales and support` says
/// both.
fn is_joined(text: &Utterance, standing: &[Mention<Found>], at: usize) -> bool {
    #[rustfmt::skip]
    const JOINS: &[&str] = &[
        "and", "or", "이랑", "랑", "하고", "이나", "나", "와", "과", "도", "그리고", "또는",
        "아니면", "혹은",
    ];
    let joins = |first: usize, second: usize| {
        let (Some(first), Some(second)) = (standing.get(first), standing.get(second)) else {
            return false;
        };
        text.flat().get(first.to..second.from).is_some_and(|gap| {
            gap.len() < 24 && JOINS.iter().any(|join| gap.starts_with(join) || gap.ends_with(join))
        })
    };
    joins(at, at + 1) || at.checked_sub(1).is_some_and(|before| joins(before, at))
}

/// Whether the hold phrase looks for what was mentioned: `주문번호 찾아볼게요`,
/// `let me find my invoice`.
fn looks_for(text: &Utterance, from: usize, to: usize, standing: &[Mention<Found>]) -> bool {
    let [mention] = standing else { return false };
    // `견적만 먼저 볼게요`: that alone is wanted.
    if text.flat()[mention.to..].starts_with('만') {
        return false;
    }
    let hold = &text.flat()[from..to];
    let looks =
        ["찾아", "확인", "알아", "볼게", "보고", "좀볼"].iter().any(|verb| hold.starts_with(verb));
    let before = looks
        && mention.to <= from
        && !text.pause_between(mention.to, from)
        && text
            .flat()
            .get(mention.to..from)
            .is_some_and(|gap| !gap.contains('요') && gap.len() < 20);
    let after = hold.starts_with("letme")
        && to <= mention.from
        && !text.pause_between(to, mention.from)
        && text.word_at(mention.from) <= text.word_at(to) + 3;
    before || after
}

/// An answer to choices that are a yes and a no: [`crate::yes_no`] decides.
fn answered(text: &Utterance, offers: &Offers, mut why: Why) -> Understood<String> {
    let answer = crate::yes_no::of(text);
    let choice = answer.value().and_then(|value| {
        offers
            .phrases
            .iter()
            .find(|(phrase, _)| phrase.answer == Some(*value))
            .map(|(_, choice)| choice.clone())
    });
    why.matched.extend(answer.why.matched.iter().cloned());
    why.notes.extend(answer.why.notes.iter().cloned());
    match (choice, answer.outcome) {
        (Some(choice), _) => Understood::new(Outcome::One(choice), why),
        (None, Outcome::Hold) => Understood::new(Outcome::Hold, why),
        (None, Outcome::Hesitation) => Understood::new(Outcome::Hesitation, why),
        (None, _) => Understood::new(Outcome::Nothing, why),
    }
}

/// The yes of an answer that says phrases of it at the places, if everything else that is said
/// agrees.
fn agreed(
    text: &Utterance,
    offers: &Offers,
    yes: String,
    places: &[(usize, usize)],
    mut why: Why,
) -> Understood<String> {
    let agreed = crate::yes_no::agreeing(text, places);
    if agreed.value() == Some(&YesNo::Yes) {
        return Understood::new(Outcome::One(yes), why);
    }
    why.matched.clear();
    let answer = crate::yes_no::of(text);
    let outcome = match answer.outcome {
        Outcome::One(YesNo::No) => offers.no().map_or(Outcome::Nothing, Outcome::One),
        Outcome::Hold => Outcome::Hold,
        _ => Outcome::Nothing,
    };
    why.notes.extend(agreed.why.notes);
    Understood::new(outcome, why)
}

#[derive(Clone, Debug)]
struct Found {
    choice: String,
    key: bool,
    carries: bool,
    answer: Option<YesNo>,
    /// By a wording of its topic, and not by its phrase.
    topic: Option<Topic>,
    /// By one word of its phrase that no other choice has: stands only where nothing else does.
    part: bool,
}

fn mentions(text: &Utterance, offers: &Offers, slips: bool) -> Vec<Mention<Found>> {
    let mut all = Vec::new();
    for (phrase, choice) in &offers.phrases {
        // `사람들이 많아요` is no wish for a person.
        let general = matches!(phrase.flat.as_str(), "사람" | "person" | "people" | "someone")
            && crate::person::wish(text).is_none();
        for (from, to) in phrase.places(text, slips) {
            if general && !korean::closes(&text.flat()[to..]) {
                continue;
            }
            // `담당자한테 벌써 얘기했는데요`: spoken to before.
            if phrase.topic == Some(Topic::Person) && spoken_to(text, to) {
                continue;
            }
            // `Let me talk to a person` counts nobody.
            if phrase.flat == "people" && &text.flat()[from..to] == "person" {
                continue;
            }
            let value = Found {
                choice: choice.clone(),
                key: false,
                carries: phrase.carries,
                answer: phrase.answer,
                topic: None,
                part: false,
            };
            all.push(Mention { value, from, to });
        }
    }
    // Where no key is offered, none is looked for.
    let keys = (!offers.keys.is_empty()).then(|| key_mentions(text, offers.last_key()));
    for (key, from, to) in keys.into_iter().flatten() {
        if let Some((_, choice)) = offers.keys.iter().find(|(offered, _)| *offered == key) {
            all.push(Mention {
                value: Found {
                    choice: choice.clone(),
                    key: true,
                    carries: false,
                    answer: None,
                    topic: None,
                    part: false,
                },
                from,
                to,
            });
        }
    }
    for (topic, choice) in offers.topics() {
        for (from, to) in topics::places(text, topic) {
            let value = Found {
                choice: choice.clone(),
                key: false,
                carries: false,
                answer: None,
                topic: Some(topic),
                part: false,
            };
            all.push(Mention { value, from, to });
        }
    }
    // `인터넷 요금이 이상해요` is about 요금: a wording does not reach over a phrase of another
    // choice.
    let mut phrases: Vec<(usize, usize, String)> = all
        .iter()
        .filter(|mention| !mention.value.key && !mention.value.carries)
        .map(|mention| (mention.from, mention.to, mention.value.choice.clone()))
        .collect();
    phrases.sort_unstable();
    all.retain(|mention| {
        let first = phrases.partition_point(|(from, ..)| *from <= mention.from);
        mention.value.topic.is_none()
            || phrases
                .get(first)
                .is_none_or(|(_, to, choice)| *to >= mention.to || *choice == mention.value.choice)
    });
    // `My gift card isn't working`: the fault of what another choice is about.
    all.retain(|mention| {
        let said = &text.flat()[mention.from..mention.to];
        let fails =
            matches!(mention.value.topic, Some(Topic::Fails | Topic::Repair | Topic::Damaged))
                && (said.starts_with("doesnotwork")
                    || said.starts_with("notwork")
                    || said.starts_with("isnotwork"));
        let before = phrases.partition_point(|(from, ..)| *from < mention.from);
        // `주차 자리 있을까요`: a place of another kind.
        let place = mention.value.topic == Some(Topic::Book) && said.starts_with("자리");
        let of = phrases[..before].iter().rev().find(|(_, to, _)| *to <= mention.from);
        if place
            && of.is_some_and(|(_, to, choice)| {
                *choice != mention.value.choice
                    && matches!(text.flat().get(*to..mention.from), Some("" | "에" | "쪽" | "할"))
            })
        {
            return false;
        }
        let of = of.is_some_and(|(_, to, choice)| {
            let between = text.word_at(to - 1) + 1..text.word_at(mention.from);
            *choice != mention.value.choice
                && text.words.get(between).is_some_and(|words| {
                    words
                        .iter()
                        .all(|word| matches!(word.text.as_str(), "is" | "does" | "still" | "just"))
                })
        });
        !(fails && of)
    });
    // `It never got picked up`: the verb that goes with the next one.
    all.retain(|mention| {
        let auxiliary = ["got", "get", "been", "was"]
            .iter()
            .any(|auxiliary| text.flat()[mention.from..mention.to].ends_with(auxiliary));
        mention.value.topic.is_none()
            || !auxiliary
            || text.pause_between(mention.to, mention.to)
            || !phrases
                .iter()
                .any(|(from, _, choice)| *from == mention.to && *choice != mention.value.choice)
    });
    // `고치는 값이 얼마`, `고지서 받는 주소`: a wording that only describes a phrase.
    all.retain(|mention| {
        if mention.value.topic.is_none() {
            return true;
        }
        /// So many bytes describe it at most.
        const NEAR: usize = 15;
        let gap = |from: usize, to: usize| {
            text.flat().get(from..to).filter(|gap| gap.len() <= NEAR && !gap.is_empty())
        };
        let first = phrases.partition_point(|(from, ..)| *from <= mention.from);
        let describes = phrases.get(first).is_some_and(|(from, _, choice)| {
            *choice != mention.value.choice
                && gap(mention.to, *from).is_some_and(|gap| gap.starts_with('는') && gap.len() > 3)
        });
        let before = phrases.partition_point(|(from, ..)| *from < mention.from);
        let described = before.checked_sub(1).is_some_and(|last| {
            let (_, to, choice) = &phrases[last];
            *choice != mention.value.choice
                && gap(*to, mention.from).is_some_and(|gap| {
                    gap.len() > 3
                        && ["받는", "오는", "나오는", "보내는", "내는"]
                            .iter()
                            .any(|verb| gap.ends_with(verb))
                })
        });
        !describes && !described
    });
    let taken: Vec<String> = all.iter().map(|mention| mention.value.choice.clone()).collect();
    for (part, choice) in offers.parts() {
        if taken.contains(choice) {
            continue;
        }
        for (from, to) in part.places(text, slips) {
            if !part::alone(text, from, to) {
                continue;
            }
            let value = Found {
                choice: choice.clone(),
                key: false,
                carries: false,
                answer: None,
                topic: None,
                part: true,
            };
            all.push(Mention { value, from, to });
        }
    }
    longest(all)
}

/// Whether the person who was mentioned has been told already.
fn spoken_to(text: &Utterance, to: usize) -> bool {
    let flat = text.flat();
    let rest = &flat[to..];
    let rest = ["님", "분"].iter().find_map(|title| rest.strip_prefix(title)).unwrap_or(rest);
    ["한테", "에게", "하고", "이랑", "랑", "께"]
        .iter()
        .find_map(|with| rest.strip_prefix(with))
        .map(|rest| {
            ["벌써", "이미", "아까", "어제", "다", "방금", "는"]
                .iter()
                .fold(rest, |rest, word| rest.strip_prefix(word).unwrap_or(rest))
        })
        .is_some_and(|rest| {
            ["얘기했", "이야기했", "말했", "말씀드렸", "통화했", "얘기다했", "전화했", "문의했"]
                .iter()
                .any(|told| rest.starts_with(told))
        })
}

/// `Paying my loan`, `what do you charge on loans`: the verb of what is chosen.
fn pays_for(text: &Utterance, offers: &Offers, standing: &mut Vec<Mention<Found>>) {
    /// So many words stand between the verb and what is paid for.
    const NEAR: usize = 3;
    #[rustfmt::skip]
    const SMALL: &[&str] = &["on", "for", "my", "the", "a", "an", "off", "your", "this", "that", "to"];
    let verb: Vec<bool> = (0..standing.len())
        .map(|at| {
            let said = &text.flat()[standing[at].from..standing[at].to];
            let pays =
                matches!(said, "paying" | "pay" | "charge" | "charges" | "charging" | "paid")
                    && !offers.phrases.iter().any(|(phrase, _)| phrase.flat == said);
            let Some(next) = standing.get(at + 1).filter(|_| pays) else { return false };
            let (from, to) = (text.word_at(standing[at].to - 1) + 1, text.word_at(next.from));
            next.value.choice != standing[at].value.choice
                && next.value.topic.is_none()
                && to <= from + NEAR
                && text.words.get(from..to).is_some_and(|words| {
                    words.iter().all(|word| !word.pause && SMALL.contains(&word.text.as_str()))
                })
        })
        .collect();
    let mut verb = verb.into_iter();
    standing.retain(|_| !verb.next().unwrap_or_default());
}

/// Of mentions that overlap, the longest; among equals the one of the first choice.
fn longest<T>(mut all: Vec<Mention<T>>) -> Vec<Mention<T>> {
    all.sort_by_key(|mention| (std::cmp::Reverse(mention.to - mention.from), mention.from));
    let mut taken: std::collections::BTreeMap<usize, usize> = std::collections::BTreeMap::new();
    all.retain(|mention| {
        let before = taken.range(..mention.to).next_back();
        let free = before.is_none_or(|(_, to)| *to <= mention.from);
        if free {
            taken.insert(mention.from, mention.to);
        }
        free
    });
    all.sort_by_key(|mention| mention.from);
    all
}
