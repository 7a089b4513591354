//! What people commonly contact a desk about, and how they word it without the phrases of the
//! prompt.
//!
//! A designer who offers `서버 장애` or `outage` is also asked `사이트가 안 열려요` and
//! `everything's down`. A choice one of whose phrases names a topic here is chosen by the wordings
//! of that topic too, unless another choice has the same topic.

mod table;

use table::{ENTRIES, MACHINES, MACHINES_EN};

use crate::english::same_word;
use crate::korean;
use crate::words::{Script, Utterance, places_of};

/// What a choice can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    Other,
    Lost,
    Damaged,
    Dispute,
    Refill,
    Plan,
    Housekeeping,
    NotUrgent,
    Urgent,
    Cancel,
    Address,
    Change,
    Return,
    Track,
    Fails,
    Bill,
    Hours,
    Place,
    Password,
    Repair,
    Buy,
    Book,
    Person,
}

/// Small words that say nothing about the topic.
#[rustfmt::skip]
pub(crate) const SMALL: &[&str] = &[
    "the", "a", "an", "my", "our", "your", "this", "that", "these", "those", "is", "are", "be", "been", "to", "of",
    "just", "really", "still", "even", "so", "very", "too", "all", "some", "please", "it", "its",
    "was", "were", "has",
    "have", "will", "would", "currently", "completely", "totally", "also", "again", "right",
    "super", "particularly",
    "exactly", "currently", "now", "me", "us", "up", "any", "do", "does", "going", "gonna",
];

/// The topic that an offered phrase names.
pub(crate) fn topic_of(phrase: &Utterance) -> Option<Topic> {
    let latin = phrase.words.iter().all(|word| word.script == Script::Latin);
    let spoken = phrase.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let names = |name: &str| {
        if latin {
            format!(" {spoken} ").contains(&format!(" {name} "))
        } else {
            // `사람 수` counts them.
            places_of(phrase.flat(), name).any(|at| {
                let rest = &phrase.flat()[at + name.len()..];
                name != "사람"
                    || !["수", "숫자", "인원", "몇"].iter().any(|many| rest.starts_with(many))
            })
        }
    };
    ENTRIES
        .iter()
        .find(|entry| entry.named.iter().any(|name| name.is_ascii() == latin && names(name)))
        .map(|entry| entry.topic)
}

/// Every place where the text words the topic.
pub(crate) fn places(text: &Utterance, topic: Topic) -> Vec<(usize, usize)> {
    if topic == Topic::Person {
        return crate::person::wish(text).into_iter().collect();
    }
    let Some(entry) = ENTRIES.iter().find(|entry| entry.topic == topic) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for wording in entry.korean {
        let parts: Vec<&str> = wording.split(' ').collect();
        korean_places(text, &parts, &mut found);
    }
    for wording in entry.english {
        let parts: Vec<&str> = wording.split(' ').collect();
        english_places(text, &parts, &mut found);
    }
    found
}

fn alternatives(part: &str) -> impl Iterator<Item = &str> + Clone {
    match part {
        "{machines}" => MACHINES.split('|'),
        _ => part.split('|'),
    }
}

fn korean_places(text: &Utterance, parts: &[&str], found: &mut Vec<(usize, usize)>) {
    let flat = text.flat();
    let Some((first, rest)) = parts.split_first() else { return };
    for word in alternatives(first) {
        for from in places_of(flat, word) {
            let before = flat.get(text.eojeol_start(from)..from).unwrap_or_default();
            // In a text without spaces: after an interjection, or a particle of a longer word.
            let long = word.chars().count() > 1;
            let begins = match before.chars().take(3).count() {
                0 => true,
                1 => long && "네예아어음응저제그".contains(before),
                2 => false,
                _ => {
                    long && before.ends_with(|c| "은는을를에로이가도요고음어네아면데서".contains(c))
                }
            };
            if !begins {
                continue;
            }
            if let Some(mut to) = follow(text, from + word.len(), rest) {
                let next = text.words.get(text.word_at(to - 1) + 1);
                let tail = flat.get(to..text.eojeol_end(to - 1)).unwrap_or_default();
                let noun = rest.is_empty();
                // `끊기기도 해서`: the verb as a noun.
                let nominal = ["기도", "기만", "기까지", "기는"]
                    .iter()
                    .any(|tail_of| tail.starts_with(tail_of));
                if korean::is_homonym(word, before, tail) {
                    continue;
                }
                // `없어졌어요`: the past of a verb, and its ending.
                if noun
                    && !nominal
                    && !korean::is_past(word)
                    && (!korean::stays_the_word(tail, next.map(|word| word.text.as_str()))
                        || tail.starts_with("어가"))
                {
                    continue;
                }
                // `다운 됐어요`: with the verb that makes it one.
                if flat[to..].starts_with(['됐', '됬', '되', '돼', '났']) {
                    to += '됐'.len_utf8();
                }
                found.push((from, to));
            }
        }
    }
}

/// Where the parts end that follow each other from the place on, with little in between.
pub(crate) fn follow(text: &Utterance, from: usize, parts: &[&str]) -> Option<usize> {
    /// So many bytes, about six syllables.
    const REACH: usize = 20;
    #[rustfmt::skip]
    const PARTICLES: &[&str] = &[
        "", "이", "가", "은", "는", "을", "를", "도", "에", "좀", "로", "으로", "만", "이나", "들이", "들", "까지",
        "에도", "이랑", "자체가", "창이", "이또", "가또", "또", "는또", "가또", "또",
    ];
    let Some((part, rest)) = parts.split_first() else { return Some(from) };
    let flat = text.flat();
    let mut limit = (from + REACH).min(flat.len());
    while !flat.is_char_boundary(limit) {
        limit -= 1;
    }
    let mut best: Option<(usize, usize)> = None;
    for word in alternatives(part) {
        let mut search = limit + word.len();
        search = search.min(flat.len());
        while !flat.is_char_boundary(search) {
            search -= 1;
        }
        for at in places_of(&flat[from..search], word) {
            let at = from + at;
            let gap = &flat[from..at];
            let begins = text.is_eojeol_start(at) || PARTICLES.contains(&gap);
            let clause = ends_clause(text, from, at) || text.pause_between(from, at);
            // `연결 안 해 줘도 되고`: what is denied is next to its denial.
            let apart = !gap.is_empty()
                && ["안", "못"]
                    .iter()
                    .any(|no| flat[..from].ends_with(no) && text.is_eojeol_start(from - no.len()));
            if begins && !apart && !clause && best.is_none_or(|(nearest, _)| at < nearest) {
                best = Some((at, at + word.len()));
                break;
            }
        }
    }
    follow(text, best?.1, rest)
}

/// Whether an eojeol between two places ends a clause.
pub(crate) fn ends_clause(text: &Utterance, from: usize, to: usize) -> bool {
    #[rustfmt::skip]
    const ENDS: &[&str] = &[
        "요", "는데", "은데", "인데", "지만", "니까", "고", "다", "말고", "서", "거든", "죠", "며", "면", "아니라", "여",
    ];
    let flat = text.flat();
    let mut word = text.word_at(from.max(1) - 1);
    while word < text.words.len() && text.end(word) <= to {
        let piece = &flat[..text.end(word)];
        if text.end(word) > from
            && text.is_eojeol_start(text.end(word))
            && ENDS.iter().any(|end| piece.ends_with(end))
            && text.end(word) - text.start(word) > 3
        {
            return true;
        }
        word += 1;
    }
    false
}

fn english_places(text: &Utterance, parts: &[&str], found: &mut Vec<(usize, usize)>) {
    // Most words begin with another letter: they need no comparison.
    let bit = |word: &str| {
        word.bytes()
            .next()
            .filter(u8::is_ascii_lowercase)
            .map_or(0, |first| 1_u32 << (first - b'a'))
    };
    let firsts = alternatives_en(parts[0]).fold(0, |bits, word| bits | bit(word));
    for (at, word) in text.words.iter().enumerate() {
        if word.script != Script::Latin
            || bit(&word.text) & firsts == 0
            || !is_one_of(&word.text, parts[0])
        {
            continue;
        }
        if let Some(end) = spoken(text, at, parts, is_one_of) {
            found.push((text.start(at), text.end(end - 1)));
        }
    }
}

fn alternatives_en(part: &str) -> impl Iterator<Item = &str> {
    if part == "{machines}" { MACHINES_EN.split('|') } else { part.split('|') }
}

/// The word after the parts, where they are said from the word on with small words in between.
fn spoken(
    text: &Utterance,
    at: usize,
    parts: &[&str],
    is: impl Fn(&str, &str) -> bool,
) -> Option<usize> {
    spoken_with(text, at, parts, 0, is)
}

/// The same with so many words of any kind in between, but none that denies, joins or turns.
pub(crate) fn spoken_with(
    text: &Utterance,
    at: usize,
    parts: &[&str],
    mut free: usize,
    is: impl Fn(&str, &str) -> bool,
) -> Option<usize> {
    #[rustfmt::skip]
    const TURNS: &[&str] = &["not", "no", "never", "and", "or", "but", "then", "nor", "without", "except", "instead"];
    /// So many small words may stand between two parts.
    const SMALL_WORDS: usize = 3;
    let mut place = at + 1;
    for part in &parts[1..] {
        let mut skipped = 0;
        loop {
            let word = text.words.get(place)?;
            if word.pause {
                return None;
            }
            if is(&word.text, part) {
                break;
            }
            if !SMALL.contains(&word.text.as_str()) {
                if free == 0 || TURNS.contains(&word.text.as_str()) {
                    return None;
                }
                free -= 1;
            }
            if skipped == SMALL_WORDS {
                return None;
            }
            skipped += 1;
            place += 1;
        }
        place += 1;
    }
    Some(place)
}

fn is_one_of(said: &str, part: &str) -> bool {
    let first = said.as_bytes().first();
    alternatives_en(part).any(|word| {
        word.as_bytes().first() == first
            && (said == word || (word.len() > 3 && same_word(said, word)))
    })
}
