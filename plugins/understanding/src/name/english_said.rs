//! An English name within what else is said: `Nolan Prewitt with two t's on the end`,
//! `my wife Lucinda booked but mine's Gareth Penhale`.
//!
//! Names are runs of words that are no common ones; where the text has capitals, of words with one.
//! What stands before a run says whose name it is: an introduction, a denial, a relation, a place.

use super::english::{NO_NAMES_EN, capital, says_how};
use crate::words::{Script, Utterance, Word};

/// Common words, at which a name ends.
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "above", "actually", "after", "afternoon", "all", "also", "always", "anyway", "as", "ask", "away", "before", "been",
    "being", "better", "big", "book", "booked", "booking", "by", "came", "card", "change", "check", "cheers", "come", "company",
    "correct", "course", "darling", "dear", "desk", "down", "each", "either", "else", "end", "ends", "evening", "ever", "every",
    "everybody", "everyone", "everything", "family", "find", "first", "forename", "full", "given", "gone", "got", "great",
    "had", "here", "hiya", "hun", "into", "its", "last", "least", "leave", "less", "let", "letter", "letters", "long", "look",
    "luck", "made", "make", "many", "married", "mate", "matter", "maybe", "mean", "meant", "might", "mine", "month", "more",
    "morning", "most", "much", "must", "names", "never", "next", "nice", "night", "nor", "off", "oh", "once", "only", "other",
    "out", "over", "own", "people", "phone", "put", "quite", "rang", "right", "same", "screen", "seen", "short", "since",
    "sir", "somebody", "someone", "something", "soon", "spell", "spelled", "spelling", "spelt", "starts", "sure", "surname",
    "ta", "than", "them", "then", "these", "thing", "things", "those", "though", "through", "time", "times", "title", "took",
    "twice", "under", "until", "up", "used", "usual", "usually", "wedding", "went", "were", "while", "without", "wonder", "work",
    "works", "write", "wrong", "yep", "yet", "yours", "zero", "monday", "tuesday", "wednesday", "thursday", "friday",
    "saturday", "sunday", "english", "korean", "gday", "cos", "cuz", "love", "madam", "pal", "buddy", "honey", "mum", "mom",
    "dad", "boy", "girl", "everyones", "lots", "normally", "officially", "legally", "middle", "initial", "nickname",
    "perfect", "absolutely", "exactly", "incorrect", "option", "sales", "return", "refund", "refunds", "luggage", "depends", "idea",
    "rush", "joke", "way", "ahead", "kind", "furious", "yea", "yeh", "nope", "callback", "opening", "broke", "broken", "bad", "worst",
    "service", "pass", "star", "happened", "yesterday", "sometimes", "other", "agency", "emergency", "delivery", "parcel", "phone",
    "tracking", "complaint", "cancellation", "appointment", "reservation", "voucher", "invoice", "payment", "password", "login",
    "zero", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "second", "third", "pound", "hash", "storm",
    "anything", "definitely", "certainly", "obviously", "whoops", "bills", "server", "network", "urgent", "technical", "department",
    "address", "turn", "started", "stopped", "working", "hang",
];
/// Whether a word is a common one, though it may stand where names do.
pub(super) fn is_common(word: &str) -> bool {
    COMMON.contains(&word) && !ALSO_NAMES.contains(&word)
}
/// Common words that are names as well, where they have a capital and begin no sentence.
#[rustfmt::skip]
const ALSO_NAMES: &[&str] = &[
    "will", "mark", "bill", "grant", "grace", "art", "sue", "rose", "hope", "pat", "rob", "drew", "frank", "dean", "long",
    "young", "love", "day", "good", "best", "little", "price", "rich", "joy", "faith", "dawn", "first", "king",
];
/// Titles: a name follows.
pub(super) const TITLES: &[&str] = &[
    "doctor",
    "dr",
    "mr",
    "mrs",
    "ms",
    "miss",
    "mister",
    "professor",
    "prof",
    "captain",
    "reverend",
    "father",
    "sister",
    "dame",
    "lady",
    "mx",
    "sergeant",
    "officer",
    "madame",
];
#[rustfmt::skip]
const INTRODUCES: &[&str] = &[
    "it is", "i am", "this is", "that is", "that would be", "it would be", "my name is", "name is", "names", "mine is", "put",
    "put down", "write", "write down", "call me", "calls me", "under", "speaking with", "speaking to", "here is", "myself",
    "would be", "my name", "make it", "make that", "go by", "goes by", "known as", "called", "its", "put it down as", "put me down as", "down as", "put that as", "put it as", "enter", "make it out to", "made out to", "addressed to", "in the name of", "the name of", 
    "it is just", "i mean", "name was", "mines", "it is actually", "under mine", "in mine", "mine",
];
/// Words before a name of somebody or something else.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "from", "at", "of", "in", "for", "to", "with", "about", "on", "near", "as", "like", "the", "a", "an", "not", "than",
    "wife", "husband", "son", "daughter", "mother", "father", "partner", "friend", "boss", "colleague", "brother", "sister",
    "assistant", "secretary", "neighbour", "neighbor", "wifes", "husbands", "mum", "mom", "dad", "and", "your", "our", "his",
    "her", "their", "without",
];
const WAS: &[&str] =
    &["used to be", "was", "formerly", "previously", "nee", "born", "instead of", "no longer"];
/// After these what was said before no longer holds.
const TURNS: &[&str] =
    &["but", "now", "it", "mine", "actually", "sorry", "rather", "write", "put", "mean", "meant"];

struct Run {
    /// The words of the name, by their place.
    words: Vec<usize>,
    introduced: bool,
}

/// The one name of the speaker.
pub(super) fn within(text: &Utterance, held: &[(usize, usize)]) -> Option<String> {
    if text.words.len() > 60 {
        return None;
    }
    let upper = |word: &Word| word.written.starts_with(char::is_uppercase);
    let lower = |word: &Word| word.written.starts_with(char::is_lowercase);
    let capitals = text.words.iter().skip(1).any(|word| upper(word) && word.text != "i")
        && text.words.iter().any(lower);
    if !capitals && !held.is_empty() {
        return None;
    }
    let mut runs: Vec<Run> = Vec::new();
    let mut at = 0;
    while at < text.words.len() {
        let held = held.iter().any(|(from, to)| *from <= text.start(at) && text.start(at) < *to);
        if held || !may_be_name(&text.words[at], capitals) {
            at += 1;
            continue;
        }
        let (run, next) = run_at(text, at, capitals);
        at = next;
        runs.extend(run);
    }
    if let Some(name) = in_two_parts(text, &runs) {
        return Some(name);
    }
    // `Tegan here Tegan Woolcott`: the longer holds the shorter.
    let same = |a: usize, b: usize| text.words[a].text == text.words[b].text;
    let part_of = |shorter: &[usize], longer: &[usize]| {
        shorter.iter().zip(longer).all(|(a, b)| same(*a, *b))
            || shorter.iter().rev().zip(longer.iter().rev()).all(|(a, b)| same(*a, *b))
    };
    let mut kept: Vec<&Run> = Vec::new();
    for run in &runs {
        let within = |longer: &Run| {
            longer.words.len() >= run.words.len()
                && !std::ptr::eq(longer, run)
                && part_of(&run.words, &longer.words)
                && (longer.words.len() > run.words.len() || longer.words < run.words)
        };
        if !runs.iter().any(within) {
            kept.push(run);
        }
    }
    let again = |run: &Run| {
        runs.iter().any(|other| !std::ptr::eq(other, run) && part_of(&run.words, &other.words))
    };
    let sure = |run: &&Run| run.introduced || (capitals && run.words.len() > 1) || again(run);
    let mut kept: Vec<&Run> = kept.into_iter().filter(sure).collect();
    if kept.len() > 1 {
        let last = kept.pop()?;
        let from = kept.last().and_then(|run| run.words.last()).map_or(0, |at| at + 1);
        let turns = text
            .words
            .get(from..last.words[0])
            .is_some_and(|between| between.iter().any(|word| TURNS.contains(&word.text.as_str())));
        if !(turns && last.introduced) {
            return None;
        }
        kept = vec![last];
    }
    kept.first().map(|run| shown(text, &run.words))
}

fn shown(text: &Utterance, words: &[usize]) -> String {
    words.iter().map(|at| capital(&text.words[*at].written)).collect::<Vec<_>>().join(" ")
}

fn may_be_name(word: &Word, capitals: bool) -> bool {
    // `Will`, `Joy` within a text that has capitals.
    let capital =
        capitals && word.spaced && !word.pause && word.written.starts_with(char::is_uppercase);
    let common = |word: &str| {
        if capital && ALSO_NAMES.contains(&word) {
            return false;
        }
        NO_NAMES_EN.contains(&word) || COMMON.contains(&word) || TITLES.contains(&word)
    };
    let letters = word.written.chars().count();
    // `IT`, `HR` among words that are not all in capitals.
    let acronym = capitals && letters < 5 && word.written.chars().all(char::is_uppercase);
    word.script == Script::Latin
        && letters > 1
        && !acronym
        && !common(&word.text)
        && !crate::hold::is_filler(&word.text)
        && crate::yes_no(&word.text).value().is_none()
        && (!capitals || word.written.starts_with(char::is_uppercase))
}

/// The words of a name from a place on, unless it is somebody else's; and where to go on.
fn run_at(text: &Utterance, first: usize, capitals: bool) -> (Option<Run>, usize) {
    /// So many words a name has.
    const LONGEST: usize = 4;
    let mut words = vec![first];
    let mut next = first + 1;
    loop {
        // `Theo uh Garrity`, but `Prakash uh Prakash Velmurugan` begins again.
        let mut after = next;
        while text.words.get(after).is_some_and(|word| {
            !word.pause
                && crate::hold::is_filler(&word.text)
                && word.text.chars().count() > 1
                && word.text != "and"
        }) {
            after += 1;
        }
        let Some(word) = text.words.get(after) else { break };
        if word.pause || !may_be_name(word, capitals) || word.text == text.words[first].text {
            break;
        }
        words.push(after);
        next = after + 1;
    }
    if words.len() > LONGEST || (words.len() == 1 && says_how(&text.words[first].written)) {
        return (None, next);
    }
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let mut begin = first;
    while begin > 0 && !text.words[begin].pause && {
        let before = word(begin - 1);
        TITLES.contains(&before)
            || (crate::hold::is_filler(before)
                && before != "and"
                && before != "i"
                && before != "the"
                && before != "a")
    } {
        begin -= 1;
    }
    let titled = (begin..first).any(|at| TITLES.contains(&word(at)));
    let ends = |phrases: &[&str]| {
        (begin.saturating_sub(4)..begin)
            .any(|from| phrases.iter().any(|phrase| text.is_phrase_at(from, phrase) == Some(begin)))
    };
    let starts = begin == 0 || text.words[begin].pause;
    let introduced = ends(INTRODUCES);
    if !starts && (OTHERS.contains(&word(begin - 1)) && !introduced || ends(WAS)) {
        return (None, next);
    }
    // At the beginning by itself it may be anything: `Boiler's leaking`.
    let greeted = begin > 0
        && matches!(
            word(begin - 1),
            "hi" | "hello"
                | "hey"
                | "yes"
                | "yeah"
                | "yep"
                | "sure"
                | "ok"
                | "okay"
                | "no"
                | "gday"
                | "morning"
                | "afternoon"
                | "evening"
                | "thanks"
        );
    let follows = word(next).chars().count() == 1
        || matches!(word(next), "here" | "speaking" | "spelled" | "spelt" | "");
    let alone =
        (starts || greeted) && (words.len() > 1 && (capitals || greeted || follows) || follows);
    (Some(Run { introduced: titled || introduced || alone, words }), next)
}

/// `Surname's Okonjo-Blythe, first name Rosalind`.
fn in_two_parts(text: &Utterance, runs: &[Run]) -> Option<String> {
    const FAMILY: &[&str] = &[
        "surname",
        "surnames",
        "last name",
        "family name",
        "surname is",
        "last name is",
        "family name is",
    ];
    const GIVEN: &[&str] = &[
        "first name",
        "given name",
        "forename",
        "christian name",
        "first name is",
        "given name is",
        "first is",
        "forename is",
        "first names",
    ];
    let after = |phrases: &[&str]| {
        runs.iter().find(|run| {
            let first = run.words[0];
            (first.saturating_sub(3)..first).any(|from| {
                phrases.iter().any(|phrase| text.is_phrase_at(from, phrase) == Some(first))
            })
        })
    };
    let (family, given) = (after(FAMILY)?, after(GIVEN)?);
    (!std::ptr::eq(family, given))
        .then(|| format!("{} {}", shown(text, &given.words), shown(text, &family.words)))
}

#[cfg(test)]
mod tests {
    use crate::name;

    fn read(text: &str) -> Option<String> {
        name(text).value().cloned()
    }

    #[test]
    fn a_name_ends_where_other_words_go_on() {
        for text in [
            "Nolan Prewitt with two t's",
            "I'm Nolan Prewitt good luck spelling that",
            "it's um Nolan uh Prewitt",
        ] {
            assert_eq!(read(text).as_deref(), Some("Nolan Prewitt"), "{text}");
        }
    }

    #[test]
    fn the_name_of_somebody_else_is_not_taken() {
        for text in [
            "my wife Lucinda booked but mine's Joy Lockhart",
            "I used to be Joy Farrow but now it's Joy Lockhart",
            "not Joy Lockwood, it's Joy Lockhart",
        ] {
            assert_eq!(read(text).as_deref(), Some("Joy Lockhart"), "{text}");
        }
        assert_eq!(read("can I speak to Sarah Jones please"), None);
    }

    #[test]
    fn a_family_name_that_is_said_first_stands_last() {
        assert_eq!(
            read("surname's Okonjo-Blythe first name Rosalind").as_deref(),
            Some("Rosalind Okonjo-Blythe")
        );
    }

    #[test]
    fn what_something_is_is_no_name() {
        for text in [
            "it's broken again",
            "this is ridiculous",
            "I'm returning a call",
            "same as last time",
            "guest",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
