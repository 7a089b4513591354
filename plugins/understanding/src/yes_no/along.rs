//! English clauses that go along with an answer: what exactly was asked for, who the caller is,
//! that nothing need be read again, gratitude, a day that is free.

use super::Says;
use super::Says::{Doubt, Neutral, Right};
use super::constructions::{OBJECTS, skip, word};
use crate::words::{Script, Utterance};

/// Words that only strengthen what follows them.
#[rustfmt::skip]
const DEGREES: &[&str] = &[
    "so", "very", "really", "absolutely", "perfectly", "entirely", "totally", "completely", "exactly", "quite", "all",
    "definitely", "certainly", "indeed", "also", "100", "%", "percent", "still", "actually", "just", "precisely", "fully",
    "wholly", "dead", "bang", "both", "most",
];
#[rustfmt::skip]
const SO: &[&str] = &["right", "correct", "accurate", "true", "exact"];
#[rustfmt::skip]
const WISHED: &[&str] = &[
    "asked", "wanted", "want", "need", "needed", "said", "meant", "ordered", "requested", "chose", "booked", "told", "gave",
    "typed", "entered", "had", "have", "expected", "picked", "was", "am", "hoped", "paid", "put",
];
#[rustfmt::skip]
const READ: &[&str] = &[
    "read", "said", "told", "given", "gave", "have", "got", "repeated", "mentioned", "described", "wrote", "written", "put",
    "say", "heard", "listed", "showed", "shown", "noted", "sent", "stated", "offered", "suggested",
];

/// Whether a word before the place, not too far, agrees already.
fn agreed_before(text: &Utterance, at: usize) -> bool {
    const FAR: usize = 12;
    text.words[at.saturating_sub(FAR)..at].iter().any(|word| {
        matches!(
            word.text.as_str(),
            "yes"
                | "yeah"
                | "yep"
                | "yup"
                | "right"
                | "correct"
                | "sure"
                | "fine"
                | "perfect"
                | "aye"
                | "exactly"
        )
    })
}

/// Whether nothing of the clause follows.
fn closes(text: &Utterance, at: usize) -> bool {
    text.words.get(at).is_none_or(|next| {
        next.pause
            || next.script != Script::Latin
            || matches!(
                next.text.as_str(),
                "yes"
                    | "yeah"
                    | "yep"
                    | "thanks"
                    | "thank"
                    | "please"
                    | "and"
                    | "so"
                    | "i"
                    | "we"
                    | "go"
                    | "book"
                    | "it"
                    | "that"
                    | "then"
                    | "cheers"
                    | "ta"
                    | "my"
                    | "you"
                    | "well"
                    | "for"
                    | "because"
            )
    })
}

/// `That is exactly what I asked for`, `what you have told me is correct`.
pub(super) fn what_was_said(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    if word(text, at) != "what" {
        return None;
    }
    let before = at.checked_sub(1).map_or("", |at| word(text, at));
    if word(text, at + 1) == "you" {
        let verb = skip(text, at + 2, &["have", "had", "just", "already"]);
        let verb = if READ.contains(&word(text, verb)) { verb } else { verb - 1 };
        let told = verb > at + 1 && READ.contains(&word(text, verb));
        let end = skip(
            text,
            verb + 1,
            &[
                "me", "us", "back", "there", "down", "out", "just", "now", "to", "for", "on",
                "screen",
            ],
        );
        return (told && matches!(word(text, end), "is" | "sounds" | "was" | "looks" | "matches"))
            .then_some((Neutral, end));
    }
    let exactly = matches!(before, "exactly" | "just" | "precisely" | "is" | "was");
    let i = matches!(word(text, at + 1), "i" | "we");
    let verb = skip(text, at + 2, &["have", "had", "just", "really", "was", "am", "were", "are"]);
    let verb = if WISHED.contains(&word(text, verb))
        || matches!(word(text, verb), "after" | "looking" | "hoping" | "calling" | "expecting")
    {
        verb
    } else {
        verb - 1
    };
    if !exactly || !i || verb < at + 2 || question(text, at) {
        return None;
    }
    let end = skip(
        text,
        verb + 1,
        &[
            "for", "to", "you", "about", "on", "see", "hear", "the", "other", "lady", "man", "guy",
            "last", "time",
        ],
    );
    closes(text, end).then_some((Right, end))
}

/// `Is that what I asked for`.
fn question(text: &Utterance, at: usize) -> bool {
    at.checked_sub(2).is_some_and(|verb| {
        matches!(word(text, verb), "is" | "was")
            && !matches!(word(text, verb + 1), "exactly" | "just" | "precisely")
    })
}

/// `Is perfectly correct`, `are all quite right`; `is spelled right`.
pub(super) fn is_so(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    if !matches!(word(text, at), "is" | "are" | "was" | "were") {
        return None;
    }
    let so = skip(text, at + 1, DEGREES);
    let noun = matches!(
        word(text, so),
        "spelled" | "spelt" | "written" | "pronounced" | "entered" | "typed" | "down"
    );
    let well = skip(text, so + usize::from(noun), DEGREES);
    let well_said = SO.contains(&word(text, well))
        || (noun && matches!(word(text, well), "correctly" | "properly" | "perfectly" | "fine"));
    // `All right` is no *right*.
    let fine = well == at + 2 && word(text, at + 1) == "all" && word(text, well) == "right";
    if !well_said || fine || (well == at + 1) {
        return None;
    }
    let end = well + 1;
    let end = if noun && word(text, end) == "with" { skip_clause(text, end + 1, 4) } else { end };
    closes(text, end).then_some((Right, end))
}

/// So many words further, or where the clause ends.
fn skip_clause(text: &Utterance, at: usize, most: usize) -> usize {
    let mut end = at;
    while end < at + most && text.words.get(end).is_some_and(|word| !word.pause) {
        end += 1;
    }
    end
}

/// `I'm the account holder`, `I am the registered owner`.
pub(super) fn who_i_am(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const KINDS: &[&str] = &[
        "account", "card", "policy", "bill", "registered", "named", "main", "primary", "only", "legal", "current", "sole",
        "joint", "contract", "right", "same",
    ];
    #[rustfmt::skip]
    const ROLES: &[&str] = &["holder", "cardholder", "owner", "customer", "user", "payer", "tenant", "person", "homeowner", "policyholder", "one"];
    if word(text, at) != "i" || word(text, at + 1) != "am" || word(text, at + 2) != "the" {
        return None;
    }
    let role = skip(text, at + 3, KINDS);
    if !ROLES.contains(&word(text, role)) {
        return None;
    }
    let end = skip(
        text,
        role + 1,
        &["of", "on", "the", "this", "that", "account", "contract", "card", "policy", "here"],
    );
    closes(text, end).then_some((Neutral, end))
}

/// `Yes … you don't need to read it again`, `yes, no need to repeat it`: after a yes alone.
pub(super) fn need_not_again(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const VERBS: &[&str] = &["read", "repeat", "say", "check", "confirm", "spell", "go", "ask", "tell", "verify", "explain", "double", "worry", "run"];
    const AGAIN: &[&str] =
        &["again", "back", "twice", "over", "out", "through", "me", "it", "that", "check"];
    let verb = match (word(text, at), word(text, at + 1), word(text, at + 2)) {
        ("you", "do", "not") | ("there", "is", "no") => {
            skip(text, at + 3, &["have", "need", "to", "any"])
        }
        ("you", "need", "not") => at + 3,
        ("no", "need", "to") => at + 3,
        ("no", "need", "for") => return None,
        ("do", "not", "bother") => skip(text, at + 3, &["to"]),
        ("do", "not", _) => skip(text, at + 2, &["need", "to", "have"]),
        _ => return None,
    };
    if !agreed_before(text, at) || !VERBS.contains(&word(text, verb)) {
        return None;
    }
    let end = skip(
        text,
        verb + 1,
        &[
            "it", "that", "this", "all", "me", "them", "the", "whole", "thing", "check", "again",
            "back", "twice", "over", "out", "through", "to", "any", "more", "number", "address",
            "name",
        ],
    );
    (end > verb + 1 && AGAIN.contains(&word(text, end - 1)) && closes(text, end))
        .then_some((Neutral, end))
}

/// `I already told the other lady yes`: the answer was given before.
pub(super) fn already_told(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const WHOM: &[&str] = &[
        "you", "him", "her", "them", "the", "your", "that", "other", "last", "first", "previous", "lady", "guy", "man", "woman",
        "girl", "person", "colleague", "agent", "machine", "robot", "people", "to", "this", "twice", "it", "so", "already",
    ];
    if !matches!(word(text, at), "i" | "we") || !agreed_before(text, at) {
        return None;
    }
    let verb = skip(text, at + 1, &["have", "already", "just", "literally", "did"]);
    if !matches!(word(text, verb), "told" | "said" | "confirmed" | "answered" | "gave") {
        return None;
    }
    let end = skip(text, verb + 1, WHOM);
    let so = matches!(word(text, end), "yes" | "yeah" | "yep") || closes(text, end);
    (end > verb + 1 && so).then_some((Neutral, end))
}

/// `Mine, not anybody else's`.
pub(super) fn nobody_elses(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    /// So near before it, it is said whose it is.
    const NEAR: usize = 4;
    if word(text, at) != "not" {
        return None;
    }
    let other = skip(text, at + 1, &["for", "about", "on"]);
    let who = matches!(word(text, other), "anybody" | "anyone" | "somebody" | "someone" | "nobody")
        && matches!(word(text, other + 1), "else" | "elses");
    let mine = (at.saturating_sub(NEAR)..at)
        .any(|at| matches!(word(text, at), "my" | "mine" | "our" | "own"));
    let denied =
        (at.saturating_sub(8)..at).any(|at| matches!(word(text, at), "not" | "no" | "never"));
    (who && mine && !denied && agreed_before(text, at)).then_some((Neutral, other + 2))
}

/// `I don't have anything on that day`, `I'm free all afternoon`: nothing stands against it.
pub(super) fn is_free(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const THEN: &[&str] = &[
        "on", "that", "day", "then", "at", "time", "all", "morning", "afternoon", "evening", "week", "planned", "else", "booked",
        "scheduled", "going", "in", "the", "diary", "calendar", "anyway", "else", "to", "do",
    ];
    if !matches!(word(text, at), "i" | "we") {
        return None;
    }
    let end = match (word(text, at + 1), word(text, at + 2), word(text, at + 3)) {
        ("do", "not", "have") if matches!(word(text, at + 4), "anything" | "any") => {
            skip(text, at + 5, &["plans", "appointments"])
        }
        ("have", "nothing", _) => at + 3,
        ("have", "not", "got") if word(text, at + 4) == "anything" => at + 5,
        ("am" | "are", "free" | "available" | "around", _) => at + 3,
        ("am" | "are", "not", "busy" | "working") => at + 4,
        _ => return None,
    };
    let free = matches!(word(text, at + 2), "free" | "available" | "around")
        || word(text, at + 2) == "not" && word(text, at + 1) != "do" && word(text, at + 3) != "got";
    let to = skip(text, end, THEN);
    ((to > end || free || word(text, end - 1) == "plans") && closes(text, to))
        .then_some((Neutral, to))
}

/// `I'm so grateful`, `I really appreciate it`, `that's very kind of you`.
pub(super) fn gratitude(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    const MORE: &[&str] = &[
        "so", "very", "really", "ever", "most", "truly", "too", "do", "would", "just", "all",
        "much",
    ];
    const FOR: &[&str] = &[
        "for", "to", "you", "it", "that", "this", "your", "help", "all", "the", "time", "patience",
        "lot", "a",
    ];
    let end = match (word(text, at), word(text, at + 1)) {
        ("i" | "we", "am" | "are") => {
            let kind = skip(text, at + 2, MORE);
            if !matches!(
                word(text, kind),
                "grateful" | "thankful" | "appreciative" | "obliged" | "relieved"
            ) {
                return None;
            }
            kind + 1
        }
        ("i" | "we", _) => {
            let verb = skip(text, at + 1, MORE);
            if word(text, verb) != "appreciate" {
                return None;
            }
            verb + 1
        }
        ("that" | "it", "is") => {
            let kind = skip(text, at + 2, MORE);
            let kind_of = matches!(
                word(text, kind),
                "kind" | "good" | "helpful" | "sweet" | "nice" | "thoughtful" | "lovely" | "decent"
            ) && word(text, kind + 1) == "of"
                && word(text, kind + 2) == "you";
            return kind_of.then_some((Neutral, kind + 3));
        }
        ("much", "appreciated") => at + 2,
        ("appreciate", object) if OBJECTS.contains(&object) => at + 2,
        _ => return None,
    };
    let to = skip(text, end, FOR);
    // `I'm so grateful, you've been so patient`: another clause.
    let another = to > end
        && word(text, to - 1) == "you"
        && matches!(word(text, to), "have" | "are" | "were" | "did");
    Some((Neutral, to - usize::from(another)))
}

/// `Mine, my husband doesn't have one`, `she can't hear well`: what somebody else is not or cannot.
pub(super) fn of_another(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    /// So many words the clause has.
    const LONGEST: usize = 9;
    #[rustfmt::skip]
    const PEOPLE: &[&str] = &[
        "husband", "wife", "son", "daughter", "mum", "mom", "mother", "dad", "father", "partner", "neighbour", "neighbor", "brother",
        "sister", "flatmate", "roommate", "friend", "boss", "gran", "nan", "grandma", "grandad", "kids", "children", "boyfriend", "girlfriend",
    ];
    // `She's ninety and can't hear well`.
    let hers = word(text, at) == "can" && {
        let near = at.saturating_sub(8)..at;
        near.clone().any(|at| matches!(word(text, at), "he" | "she" | "they"))
            && !{ near }.any(|at| matches!(word(text, at), "i" | "you" | "we"))
    };
    let verb = match word(text, at) {
        "can" if hers => at,
        "he" | "she" | "they" | "who" => at + 1,
        "my" if PEOPLE.contains(&word(text, at + 1)) => at + 2,
        _ => return None,
    };
    let unable = word(text, verb) == "can"
        && matches!(
            word(text, verb + 2),
            "hear" | "see" | "speak" | "talk" | "walk" | "use" | "get" | "come"
        );
    let has_not = matches!(word(text, verb), "does" | "has" | "did") && word(text, at) == "my";
    if word(text, verb + 1) != "not" || !(unable || (has_not && agreed_before(text, at))) {
        return None;
    }
    Some((Neutral, skip_clause(text, verb + 2, LONGEST)))
}

/// `I'm calling about my own account`.
pub(super) fn own_matter(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    let calls = word(text, at) == "i"
        && word(text, at + 1) == "am"
        && matches!(word(text, at + 2), "calling" | "ringing" | "phoning" | "speaking" | "asking");
    let own = matches!(word(text, at + 3), "about" | "for" | "on")
        && matches!(word(text, at + 4), "my" | "our")
        && word(text, at + 5) == "own";
    (calls && own).then_some((Neutral, (at + 7).min(text.words.len())))
}

/// `Why not, go for it`: taken up at once.
pub(super) fn why_not(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    if word(text, at) != "why" || word(text, at + 1) != "not" || text.asks(at) {
        return None;
    }
    let next =
        skip_any(text, at + 2, &["then", "sure", "yeah", "yes", "ok", "okay", "indeed", "eh"]);
    let taken_up = [
        "go for it",
        "go ahead",
        "go on",
        "do it",
        "let us do it",
        "let us do that",
        "let us go",
        "sign me up",
        "book it",
        "count me in",
        "i am in",
        "i will have it",
        "i will take it",
        "i will do it",
        "put me down",
        "send it",
    ]
    .iter()
    .any(|order| text.is_phrase_at(next, order).is_some());
    taken_up.then_some((Neutral, at + 2))
}

fn skip_any(text: &Utterance, mut at: usize, words: &[&str]) -> usize {
    while words.contains(&word(text, at)) && at < text.words.len() {
        at += 1;
    }
    at
}

/// `Lovely day isn't it`: a tag that asks, with or without its comma.
pub(super) fn tag(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    const TAGS: &[&str] = &[
        "is not it",
        "are not they",
        "do not you",
        "does not it",
        "was not it",
        "is not that",
        "is not he",
        "is not she",
        "are not you",
    ];
    let end = TAGS.iter().find_map(|tag| text.is_phrase_at(at, tag))?;
    // `That is not it` denies.
    let denies =
        at > 0 && matches!(word(text, at - 1), "that" | "it" | "this" | "which" | "number" | "one");
    (at > 1 && !denies && end == text.words.len()).then_some((Doubt, end))
}

/// `Yes please do that for me beta`: whoever is spoken to, at the end.
pub(super) fn vocative(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const CALLED: &[&str] = &[
        "duck", "ducky", "pet", "petal", "hen", "flower", "babe", "babes", "sunshine", "sweetie", "guv", "guvnor", "chief", "lad",
        "lass", "lassie", "son", "sonny", "beta", "ji", "bhai", "didi", "yaar", "treasure", "chuck", "cock", "bruv", "fam",
        "sis", "captain", "champ", "sport", "ladies", "gents", "team", "operator", "uncle", "auntie", "friend", "angel", "doll",
    ];
    #[rustfmt::skip]
    const OWNED: &[&str] = &["my", "the", "a", "an", "his", "her", "our", "your", "for", "to", "is", "of", "and", "with", "their", "am", "not"];
    let free = at > 0 && !OWNED.contains(&word(text, at - 1));
    let last = text.words.get(at + 1).is_none_or(|next| next.pause);
    (free && last && CALLED.contains(&word(text, at))).then_some((Neutral, at + 1))
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, YesNo, yes_no};

    #[test]
    fn what_goes_along_with_a_yes_leaves_it() {
        for text in [
            "yes that is exactly what I asked for",
            "yes what you have told is correct",
            "that's perfectly correct",
            "yes I'm the account holder",
            "yes it's correct you don't need to read it again",
            "yes I already told the other lady yes",
            "yes I'm calling about my own account not anybody else's",
            "yeah that's fine I don't have anything on that day",
            "yes and I'm so grateful you've been so patient with me",
            "why not, go for it",
        ] {
            assert_eq!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }

    #[test]
    fn what_goes_along_with_nothing_is_no_yes() {
        for text in [
            "what you have told is wrong",
            "is that what I asked for",
            "you don't need to read it again",
            "I'm the account holder's wife",
            "I already told the other lady no",
            "I'm free on Monday",
            "I'm so grateful",
            "why not",
            "lovely day isn't it",
        ] {
            assert_ne!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }
}
