//! English names by what introduces them, and what stands alone.

use super::english_said::{TITLES, is_common};
use super::words_ko::{AFTER, AFTER_CONSONANT, AFTER_VOWEL, BEFORE};
use crate::words::{Script, Utterance};

#[rustfmt::skip]
pub(super) const NO_NAMES_EN: &[&str] = &[
    "a", "an", "the", "yes", "no", "yeah", "nope", "ok", "okay", "not", "do", "does", "did", "is",
    "are", "was", "want", "need", "help", "have", "has", "to", "of", "for", "with", "about", "on",
    "in", "at", "and", "or", "but", "if", "what", "who", "why", "how", "when", "where", "which",
    "that", "this", "it", "you", "your", "we", "they", "he", "she", "sorry", "hello", "hi", "hey",
    "agent", "operator", "representative", "person", "human", "manager", "supervisor", "calling",
    "speak", "talk", "know", "tell", "say", "said", "give", "giving", "going", "trying", "looking",
    "having", "just", "sure", "hold", "wait", "moment", "minute", "second", "please", "thanks",
    "thank", "bill", "billing", "outage", "support", "problem", "issue", "question", "account",
    "internet", "order", "refund", "rather", "private", "anonymous", "nobody", "none", "nothing",
    "can", "could", "would", "will", "should", "my", "his", "her", "their", "our", "name", "there",
    "today", "tomorrow", "because", "so", "really", "customer", "caller", "myself", "good", "fine",
    "well", "be", "like", "get", "guess", "think", "still", "already", "now", "later", "maybe",
    "him", "them", "some", "any", "me", "am", "i", "us", "secret", "huh", "pardon", "repeat",
    "again", "the one", "very", "too", "ready", "back", "late", "afraid", "interested", "happy",
    "angry", "new", "old", "unable", "one", "two", "three", "why's", "who's", "business",
    "none of", "confused", "lost", "done", "cannot", "number", "stop", "no one", "don't",
    "speaking", "never", "mind", "always", "whatever", "forget", "nah", "cancel", "anyone", "whoever", "unknown", "nil", "guest", "visitor", "member", "user", "client", "patient", "resident", "tenant", "driver", "passenger", "owner",
    "boss", "admin", "staff", "employee", "applicant", "somebody", "someone", "anybody",
];

/// `Under my husband's name, Felix Arden`: the word after it, where a name follows.
fn possessed(text: &Utterance, at: usize) -> Option<usize> {
    /// So many words introduce it.
    const LONGEST: usize = 9;
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let name = (at..at + LONGEST).find(|at| word(*at) == "name")?;
    let possessor = (at..name).any(|at| matches!(word(at), "my" | "his" | "her" | "our" | "their"))
        && (at..name).any(|at| matches!(word(at), "under" | "in" | "by"));
    let end = if word(name + 1) == "is" { name + 2 } else { name + 1 };
    let next = text.words.get(end)?;
    (possessor && (next.pause || end == name + 2)).then_some(end)
}

/// Whether letter by letter is spelled to the end: `Patrick Sullivan, S U L L I V A N`.
fn spells(text: &Utterance, at: usize) -> bool {
    /// Fewer letters are initials.
    const LEAST: usize = 3;
    let rest = text.words.get(at..).unwrap_or_default();
    rest.len() >= LEAST && rest.iter().all(|word| word.written.chars().count() == 1)
}

/// `Kate with a K`: how it is written.
fn tells_letters(text: &Utterance, at: usize) -> bool {
    /// So many words tell it.
    const LONGEST: usize = 8;
    let rest = text.words.get(at..).unwrap_or_default();
    rest.first()
        .is_some_and(|word| matches!(word.text.as_str(), "with" | "without" | "spelled" | "spelt"))
        && rest.len() <= LONGEST
        && rest[1..].iter().any(|word| {
            word.written.chars().count() == 1 && !matches!(word.written.as_str(), "a" | "i" | "I")
        })
}

/// `Jon Reeves, not Reed`: what is denied to the end.
fn denies_at_end(text: &Utterance, at: usize) -> bool {
    /// So many words are denied.
    const LONGEST: usize = 3;
    let rest = text.words.get(at + 1..).unwrap_or_default();
    text.words.get(at).is_some_and(|word| word.text == "not")
        && (1..=LONGEST).contains(&rest.len())
        && rest
            .iter()
            .all(|word| word.script == Script::Latin && !NO_NAMES_EN.contains(&word.text.as_str()))
}

pub(super) fn english(
    text: &Utterance,
    held: &[(usize, usize)],
    mixed: bool,
) -> Vec<(String, usize)> {
    #[rustfmt::skip]
    const INTRODUCES: &[&str] = &[
        "my name is", "my full name is", "the name is", "name is", "my names", "my name",
        "i am called", "you can call me", "call me", "just call me", "this is", "it is", "i am",
        "that is", "they call me", "people call me", "put it under", "it is under",
        "under the name", "under the name of", "under", "the booking is under", "name",
        "full name", "speaking with", "you are speaking with", "you are speaking to", "i go by",
        "make it", "the name", "it would be", "first name", "last name is", "first name is",
        "should be under", "put", "its", "the names",
    ];
    #[rustfmt::skip]
    const TRAILING: &[&str] = &[
        "speaking", "here", "please", "thanks", "thank", "you", "calling", "again", "sir", "madam",
        "is", "my", "name", "the", "and", "from", "mate", "dear", "darling", "cheers", "ta", "hun", "pal", "buddy",
    ];
    if text.words.len() > 60 {
        return Vec::new();
    }
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let mut begin = 0;
    let mut explicit = false;
    // A correction leaves what follows it.
    for at in 0..text.words.len() {
        if let Some((_, end)) = text.longest_at(
            at,
            &[
                "no",
                "sorry",
                "wait",
                "i mean",
                "i meant",
                "actually",
                "no wait",
                "no sorry",
                "correction",
                "rather",
            ],
        ) && end < text.words.len()
            && at > 0
        {
            begin = end;
        }
    }
    while begin < text.words.len() {
        let filler = crate::hold::is_filler(word(begin)) && word(begin) != "i"
            || matches!(
                word(begin),
                "yes"
                    | "yeah"
                    | "sure"
                    | "ok"
                    | "okay"
                    | "hi"
                    | "hello"
                    | "hey"
                    | "no"
                    | "sorry"
                    | "certainly"
                    | "of"
                    | "course"
                    | "yep"
                    | "good"
                    | "morning"
                    | "afternoon"
                    | "well"
                    | "it"
                    | "gday"
                    | "hiya"
                    | "not"
            )
            || TITLES.contains(&word(begin))
            || text.words[begin].script == Script::Symbol
            || (mixed && BEFORE.contains(&word(begin)));
        if word(begin) == "not" {
            // `Not Jane, June`.
            let Some(after) = (begin + 1..text.words.len()).find(|at| text.words[*at].pause) else {
                return Vec::new();
            };
            begin = after;
            continue;
        }
        if let Some(end) = possessed(text, begin) {
            begin = end;
            explicit = true;
            continue;
        }
        if let Some((_, end)) = text.longest_at(begin, INTRODUCES)
            && end < text.words.len()
        {
            begin = end;
            explicit = true;
            continue;
        }
        if !filler {
            break;
        }
        begin += 1;
    }
    let mut end = begin;
    while end < text.words.len()
        && text.words[end].script == Script::Latin
        && !held.iter().any(|(from, to)| *from <= text.start(end) && text.start(end) < *to)
    {
        if end > begin
            && (text.words[end].pause
                || TRAILING.contains(&word(end))
                || spells(text, end)
                || denies_at_end(text, end)
                || tells_letters(text, end))
        {
            break;
        }
        end += 1;
    }
    // `Thompson Gary Thompson`: the family name, and then all of it.
    if end - begin.min(end) > 2 && word(begin) == word(end - 1) {
        begin += 1;
    }
    // `Jane. Jane Doe.`: said again in full.
    while end < text.words.len() && text.words[end].pause && end > begin && word(end) == word(begin)
    {
        begin = end;
        while end < text.words.len()
            && text.words[end].script == Script::Latin
            && (end == begin || !(text.words[end].pause || TRAILING.contains(&word(end))))
        {
            end += 1;
        }
    }
    // `Holt, Damian Holt`: the family name, and then all of it.
    let mut after = end;
    while text
        .words
        .get(after)
        .is_some_and(|word| word.script == Script::Latin && (after == end || !word.pause))
    {
        after += 1;
    }
    if end == begin + 1
        && (end + 2..end + 4).contains(&after)
        && after == text.words.len()
        && word(after - 1) == word(begin)
    {
        (begin, end) = (end, after);
    }
    let words = &text.words[begin.min(end)..end];
    // `Tobin, T O B I N`: spelled again.
    let again = text.words.get(end..).unwrap_or_default();
    if words.len() == 1
        && again.len() > 1
        && again.iter().all(|word| word.text.chars().count() == 1)
        && again.iter().map(|word| word.text.as_str()).collect::<String>() == words[0].text
    {
        return vec![(capital(&words[0].written), 0)];
    }
    let rest_is_known = spells(text, end)
        || denies_at_end(text, end)
        || tells_letters(text, end)
        || text.words[end..].iter().all(|word| {
            TRAILING.contains(&word.text.as_str())
                || (mixed
                    && (AFTER.contains(&word.text.as_str())
                        || AFTER_CONSONANT.contains(&word.text.as_str())
                        || AFTER_VOWEL.contains(&word.text.as_str())))
                || matches!(
                    word.text.as_str(),
                    "i" | "am" | "an" | "a" | "with" | "of" | "at" | "customer" | "company"
                )
        });
    let spelled = words.len() > 2 && words.iter().all(|word| word.text.chars().count() == 1);
    if words.is_empty() || (words.len() > 4 && !spelled) || (!rest_is_known && !explicit) {
        return Vec::new();
    }
    if words.iter().any(|word| {
        NO_NAMES_EN.contains(&word.text.as_str())
            || is_common(&word.text)
            || word.written.is_empty()
            || matches!(
                word.text.as_str(),
                "uh" | "um" | "er" | "erm" | "uhm" | "same" | "as" | "than"
            )
    }) {
        return Vec::new();
    }
    if words.len() == 1 && says_how(&words[0].written) {
        return Vec::new();
    }
    if crate::hold::is_filler(&words[0].text)
        || (words.len() == 1 && words[0].text.chars().count() == 1)
    {
        return Vec::new();
    }
    if spelled {
        return vec![(
            capital(&words.iter().map(|word| word.text.as_str()).collect::<String>()),
            0,
        )];
    }
    // `First name Jane, last name Doe`.
    let last =
        ["last name is", "last name", "surname is", "surname", "family name is", "family name"];
    let family = text
        .longest_at(end, &last)
        .and_then(|(_, at)| text.words.get(at))
        .filter(|_| words.len() == 1 && end < text.words.len());
    let words: Vec<&crate::words::Word> = words.iter().chain(family).collect();
    let name: Vec<String> = words.iter().map(|word| capital(&word.written)).collect();
    vec![(name.join(" "), 0)]
}

/// Whether a word in lower case says how or what something is: `it's broken`, `this is ridiculous`,
/// `I'm returning a call`.
pub(super) fn says_how(word: &str) -> bool {
    const NAMES: &[&str] = &[
        "fred",
        "alfred",
        "wilfred",
        "winifred",
        "mildred",
        "jared",
        "ahmed",
        "mohammed",
        "mohamed",
        "reed",
        "ned",
        "ted",
        "ed",
        "sterling",
        "irving",
        "king",
        "ming",
        "ling",
        "bing",
        "ping",
        "jing",
        "ying",
        "qing",
        "ding",
        "manfred",
        "siegfried",
        "hamed",
    ];
    const ENDS: &[&str] =
        &["ing", "ed", "ous", "ful", "able", "ible", "less", "ical", "tion", "ment"];
    const WORDS: &[&str] = &[
        "broken",
        "wrong",
        "missing",
        "busy",
        "sick",
        "ill",
        "free",
        "full",
        "empty",
        "stupid",
        "silly",
        "rude",
        "nonsense",
        "rubbish",
        "urgent",
        "important",
        "stuck",
        "down",
        "dead",
        "gone",
        "open",
        "closed",
        "true",
        "false",
        "correct",
        "right",
        "wet",
        "cold",
        "hot",
        "loud",
        "quiet",
        "slow",
        "unfair",
        "crazy",
        "mad",
        "sad",
        "glad",
        "awful",
        "terrible",
        "great",
        "nice",
    ];
    word.starts_with(char::is_lowercase)
        && !NAMES.contains(&word)
        && (WORDS.contains(&word)
            || ENDS.iter().any(|end| word.len() > end.len() + 2 && word.ends_with(end)))
}

/// With a capital, unless the word has capitals of its own (`McKay`); a name in capitals keeps only
/// the first.
pub(super) fn capital(word: &str) -> String {
    let lower = word.chars().all(|c| !c.is_uppercase());
    let upper = word.chars().count() > 1 && word.chars().all(|c| !c.is_lowercase());
    if !lower && !upper {
        return word.to_owned();
    }
    let mut out = String::new();
    let mut begins = true;
    for c in word.chars() {
        if begins {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        begins = matches!(c, '\'' | '-');
    }
    out
}
