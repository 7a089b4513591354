//! English constructions that are made of word classes rather than of fixed words:
//! `that would be lovely`, `you've read that back perfectly`, `no objections from our side`,
//! `book it in`.

use super::Says::{Doubt, Neutral, Right, Wrong};
use super::{Says, along, assent};
use crate::words::Utterance;

/// Words that make more of what follows.
#[rustfmt::skip]
const DEGREES: &[&str] = &[
    "so", "just", "really", "very", "absolutely", "quite", "simply", "all", "totally", "completely", "also", "bloody",
    "pretty", "truly",
];
#[rustfmt::skip]
const PRAISES: &[&str] = &[
    "lovely", "wonderful", "perfect", "ideal", "brilliant", "marvellous", "marvelous", "fantastic", "excellent",
    "splendid", "grand", "super", "superb", "terrific", "amazing", "awesome", "fabulous", "fab", "smashing",
    "appreciated", "delightful", "stellar", "magic", "champion", "fab", "ace", "spiffing",
];
/// Those that as often say no: taken only of what *would be*.
#[rustfmt::skip]
const MILD_PRAISES: &[&str] = &[
    "great", "good", "nice", "fine", "helpful", "handy", "kind", "cool", "okay", "ok", "alright", "useful", "convenient",
    "best", "easier", "better", "correct", "right",
];
#[rustfmt::skip]
const EXACTLY: &[&str] = &[
    "perfectly", "correctly", "right", "exactly", "accurately", "properly", "precisely", "flawlessly", "correct",
];
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    "read", "got", "get", "heard", "hear", "said", "spelled", "spelt", "pronounced", "written", "wrote", "put", "taken",
    "took", "noted", "recorded", "copied", "understood", "have", "repeated", "typed", "entered",
];
pub(super) const OBJECTS: &[&str] =
    &["it", "that", "this", "them", "me", "us", "those", "these", "everything", "all"];
/// What can be asked for by a verb and `it`: an order that agrees.
#[rustfmt::skip]
const ORDERS: &[&str] = &[
    "book", "send", "lock", "sign", "schedule", "reserve", "submit", "order", "process", "ship", "place", "set", "arrange",
    "renew", "activate", "enable", "put", "count", "make", "get", "pop", "stick", "ring", "enrol", "enroll", "register",
];
#[rustfmt::skip]
const WITHOUT: &[&str] = &[
    "problem", "problems", "issue", "issues", "objection", "objections", "complaint", "complaints", "concern", "concerns",
    "worries", "bother", "trouble", "difficulty", "qualms", "reservations", "hesitation", "mistakes", "errors", "dramas",
    "drama", "stress", "sweat", "doubt", "doubts",
];

/// The longest construction that begins with the word: what it says, and the word after it.
pub(super) fn construction(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    [
        praise,
        accepts,
        taken_down,
        without,
        order,
        prefers_not,
        asks_by_not,
        thanks_for,
        rhetoric,
        will_say,
        that_is_mine,
        never_thought,
        assent::finds_nothing,
        assent::no_better,
        assent::leaves_as_is,
        assent::is_a_yes,
        assent::content_with,
        assent::courtesy,
        along::what_was_said,
        along::is_so,
        along::who_i_am,
        along::need_not_again,
        along::already_told,
        along::nobody_elses,
        along::is_free,
        along::gratitude,
        along::why_not,
        along::tag,
        along::vocative,
        along::of_another,
        along::own_matter,
    ]
    .iter()
    .filter_map(|reads| reads(text, at))
    .max_by_key(|(_, end)| *end)
}

pub(super) fn word(text: &Utterance, at: usize) -> &str {
    text.words.get(at).map_or("", |word| word.text.as_str())
}

pub(super) fn skip(text: &Utterance, mut at: usize, words: &[&str]) -> usize {
    while text.words.get(at).is_some_and(|word| !word.pause && words.contains(&word.text.as_str()))
    {
        at += 1;
    }
    at
}

/// `That'd be brilliant`, `it sounds just perfect`.
fn praise(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    let all = matches!(word(text, at), "everything" | "all");
    if !all && !matches!(word(text, at), "that" | "it" | "this") {
        return None;
    }
    let (would, verb) = match (word(text, at + 1), word(text, at + 2)) {
        ("would" | "will" | "d", "be") => (true, at + 3),
        ("sounds" | "sound", _) => (true, at + 2),
        ("looks" | "seems", _) if all => (true, at + 2),
        ("is" | "was", _) => (all, at + 2),
        _ => return None,
    };
    let verb = skip(text, verb, DEGREES);
    let said = if word(text, verb) == "much" { word(text, verb + 1) } else { word(text, verb) };
    let end = if word(text, verb) == "much" { verb + 2 } else { verb + 1 };
    (PRAISES.contains(&said) || (would && MILD_PRAISES.contains(&said))).then_some((Right, end))
}

/// `Oh could you, that'd be brilliant`: takes what was offered.
pub(super) fn accepts(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    if !matches!(word(text, at), "could" | "would" | "can" | "will") || word(text, at + 1) != "you"
    {
        return None;
    }
    let end = skip(text, at + 2, &["please", "really", "possibly", "do", "that", "just"]);
    let back = [end, end - 1];
    back.iter().any(|at| praise(text, *at).is_some()).then_some(())?;
    let praised = back.iter().copied().find(|at| praise(text, *at).is_some())?;
    Some((Neutral, praised))
}

/// `You've read that back perfectly`, `you got my name right`.
fn taken_down(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    if word(text, at) != "you" {
        return None;
    }
    let verb = skip(text, at + 1, &["have", "had", "certainly", "definitely", "did"]);
    let verb = if TAKEN.contains(&word(text, verb)) { verb } else { verb.checked_sub(1)? };
    if verb <= at || !TAKEN.contains(&word(text, verb)) {
        return None;
    }
    let object = match word(text, verb + 1) {
        "my" | "the" | "our" => verb + 3,
        object if OBJECTS.contains(&object) => verb + 2,
        _ => return None,
    };
    let end = skip(
        text,
        object,
        &["back", "down", "all", "to", "me", "absolutely", "exactly", "quite", "just"],
    );
    if EXACTLY.contains(&word(text, end)) {
        return Some((Right, end + 1));
    }
    let idiom = matches!(word(text, end), "spot" | "bang") && word(text, end + 1) == "on";
    idiom.then_some((Right, end + 2))
}

/// `No objections from our side`, `nothing wrong with that`, `not be a problem`: says nothing
/// against it.
fn without(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const OF: &[&str] = &[
        "from", "on", "at", "with", "to", "my", "our", "the", "this", "that", "it", "side", "end", "part", "here", "me", "us",
        "whatsoever", "all", "there", "about", "in", "mind", "here",
    ];
    let end = match word(text, at) {
        "no" => at + 1,
        // `I don't have any changes`, `nothing to fix there`.
        "i" | "we" => {
            let not = skip(text, at + 1, &["really", "just", "honestly"]);
            let have = word(text, not) == "do"
                && word(text, not + 1) == "not"
                && matches!(word(text, not + 2), "have" | "see" | "want" | "need");
            let noun = skip(text, not + 3, &["any", "a", "single", "further", "other", "more"]);
            let thing = WITHOUT.contains(&word(text, noun))
                || matches!(
                    word(text, noun),
                    "change" | "changes" | "questions" | "corrections" | "edits"
                );
            if !have || !thing || noun == not + 3 {
                return None;
            }
            return Some((Neutral, skip(text, noun + 1, OF)));
        }
        "nothing" if word(text, at + 1) == "to" => {
            #[rustfmt::skip]
            const MEND: &[&str] = &["fix", "change", "correct", "add", "amend", "report", "worry", "object", "dispute", "update", "edit"];
            let fixed = MEND.contains(&word(text, at + 2));
            return fixed.then(|| (Neutral, skip(text, at + 3, OF)));
        }
        "nothing" if word(text, at + 1) == "wrong" => {
            return Some((Neutral, with(text, at + 2)));
        }
        "nothing" if word(text, at + 1) == "is" && word(text, at + 2) == "wrong" => {
            return Some((Neutral, with(text, at + 3)));
        }
        "will" | "would" | "is" | "not" => {
            let at = if word(text, at) == "not" { at } else { at + 1 };
            if word(text, at) != "not" {
                return None;
            }
            let noun = skip(
                text,
                at + 1,
                &[
                    "be",
                    "a",
                    "an",
                    "any",
                    "going",
                    "to",
                    "big",
                    "single",
                    "one",
                    "the",
                    "slightest",
                ],
            );
            if noun == at + 1
                || !matches!(
                    word(text, noun),
                    "problem"
                        | "issue"
                        | "bother"
                        | "trouble"
                        | "doubt"
                        | "objection"
                        | "complaint"
                        | "worry"
                )
            {
                return None;
            }
            return Some((Neutral, skip(text, noun + 1, OF)));
        }
        _ => return None,
    };
    if !WITHOUT.contains(&word(text, end)) {
        return None;
    }
    Some((Neutral, skip(text, end + 1, OF)))
}

fn with(text: &Utterance, at: usize) -> usize {
    if word(text, at) == "with" && OBJECTS.contains(&word(text, at + 1)) { at + 2 } else { at }
}

/// `Book it in`, `sign me up`, `put me down for it`: what was asked about is ordered.
fn order(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    let verb = word(text, at);
    if !ORDERS.contains(&verb) || at.checked_sub(1).is_some_and(|before| word(text, before) == "to")
    {
        return None;
    }
    let object = match (word(text, at + 1), word(text, at + 2)) {
        ("it" | "that" | "them" | "me" | "us", _) => at + 2,
        ("the", "thing" | "lot" | "things") => at + 3,
        ("the", "booking" | "appointment" | "reservation" | "order" | "payment" | "transfer")
            if matches!(verb, "make" | "place" | "process" | "submit" | "book" | "send") =>
        {
            return (!goes_elsewhere(text, at + 3)).then_some((Right, at + 3));
        }
        _ => return None,
    };
    let end = skip(text, object, &["in", "up", "down", "through", "on", "away", "off"]);
    let particle = end > object;
    // `Make it two`, `get me an agent`: something else.
    if matches!(verb, "put" | "count" | "make" | "get" | "set" | "pop" | "stick" | "sign")
        && !particle
    {
        return None;
    }
    if matches!(verb, "make" | "get" | "ring") {
        return None;
    }
    let end = if word(text, end) == "for" && matches!(word(text, end + 1), "it" | "that") {
        end + 2
    } else {
        end
    };
    (!goes_elsewhere(text, end)).then_some((Right, end))
}

/// Whether an order that ends before the word goes on to what it is for: `book it for eight`.
pub(super) fn goes_elsewhere(text: &Utterance, end: usize) -> bool {
    let here = matches!(word(text, end), "for" | "with" | "to")
        && matches!(
            word(text, end + 1),
            "me" | "us" | "it" | "that" | "you" | "him" | "her" | "them"
        );
    end < text.words.len()
        && !text.words[end].pause
        && !here
        && matches!(
            word(text, end),
            "to" | "for"
                | "at"
                | "back"
                | "instead"
                | "from"
                | "off"
                | "with"
                | "on"
                | "later"
                | "under"
                | "as"
                | "but"
        )
}

/// Whether the whole text is such an order.
pub(super) fn is_order(text: &Utterance) -> bool {
    order(text, 0).is_some_and(|(_, end)| end == text.words.len())
}

/// `I'd rather you didn't`, `I'd prefer it if you didn't`.
fn prefers_not(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    if !matches!(word(text, at), "rather" | "prefer") {
        return None;
    }
    let you = skip(text, at + 1, &["it", "if", "that"]);
    let not = you + 2;
    (matches!(word(text, you), "you" | "we" | "i" | "they")
        && matches!(word(text, you + 1), "did" | "do" | "would" | "could")
        && word(text, not) == "not")
        .then_some((Wrong, not + 1))
}

/// `Shouldn't you be telling me that`: a question by its order. `That's it, isn't it, so yes` goes
/// on from a tag.
fn asks_by_not(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const AUXILIARIES: &[&str] = &[
        "is", "are", "do", "does", "did", "was", "were", "has", "have", "had", "should", "could", "would", "can", "will",
    ];
    #[rustfmt::skip]
    const SUBJECTS: &[&str] = &["you", "i", "we", "they", "he", "she", "it", "that", "this", "there"];
    if !AUXILIARIES.contains(&word(text, at))
        || word(text, at + 1) != "not"
        || !SUBJECTS.contains(&word(text, at + 2))
        || word(text, at + 3) == "dare"
    {
        return None;
    }
    let begins = text.words[..at].iter().all(|word| crate::hold::is_filler(&word.text));
    let goes_on = matches!(word(text, at + 3), "so" | "yes" | "yeah" | "yep" | "no" | "nope");
    if begins {
        Some((Doubt, at + 3))
    } else if goes_on {
        Some((Neutral, at + 3))
    } else {
        None
    }
}

/// `I'm going to say yes`, `I'll have to say no`: said to the end.
fn will_say(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const LEADS: &[&str] = &[
        "am going to", "have to", "will", "have got to", "got to", "want to", "must", "am gonna",
    ];
    if word(text, at) != "i" {
        return None;
    }
    let lead = (at + 1..at + 4)
        .filter_map(|from| text.longest_at(from, LEADS))
        .map(|(_, end)| end)
        .max()?;
    let say = skip(text, lead, &["have", "to", "just", "say"]);
    let says = match word(text, say) {
        "yes" => Right,
        "no" => Wrong,
        _ => return None,
    };
    let closed = say + 1 == text.words.len()
        || matches!(word(text, say + 1), "please" | "thanks" | "thank" | "to" | "on")
        || text.words[say + 1].pause;
    (word(text, say - 1) == "say" && closed).then_some((says, say + 1))
}

/// `I never would have thought it'd be that easy`: surprise.
fn never_thought(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    let begin = skip(text, at, &["i", "we", "would"]);
    if word(text, begin) != "never" {
        return None;
    }
    let verb = skip(text, begin + 1, &["would", "have", "had"]);
    if !matches!(word(text, verb), "thought" | "guessed" | "imagined" | "expected" | "dreamed") {
        return None;
    }
    let clause = skip(
        text,
        verb + 1,
        &["it", "this", "that", "would", "could", "be", "was", "is", "so", "quite"],
    );
    let end = if clause > verb + 1 && clause < text.words.len() { clause + 1 } else { clause };
    Some((Neutral, end))
}

/// `That's my address`, with nothing that tells it from another.
fn that_is_mine(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const MINE: &[&str] = &[
        "address", "name", "number", "email", "account", "birthday", "order", "booking", "reservation", "appointment", "phone", "house",
        "place", "flat", "surname", "postcode", "zip", "card", "car", "size", "date", "code",
    ];
    let mine = matches!(word(text, at), "that" | "it" | "this")
        && word(text, at + 1) == "is"
        && matches!(word(text, at + 2), "my" | "our");
    let noun = skip(
        text,
        at + 3,
        &["own", "current", "home", "full", "mobile", "phone", "email", "correct"],
    );
    let closes = word(text, noun + 1);
    let clear = text.words.get(noun + 1).is_none_or(|next| next.pause)
        || matches!(
            closes,
            "yes"
                | "yeah"
                | "yep"
                | "i"
                | "we"
                | "thanks"
                | "thank"
                | "alright"
                | "indeed"
                | "all"
                | "the"
                | "and"
        );
    let asks = at > 0 && matches!(word(text, at - 1), "if" | "whether" | "think" | "not" | "sure");
    (mine && MINE.contains(&word(text, noun)) && clear && !asks).then_some((Right, noun + 1))
}

/// `Thank you for checking`.
fn thanks_for(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    let end = match (word(text, at), word(text, at + 1)) {
        ("thank", "you") => at + 2,
        ("thanks" | "cheers" | "ta", _) => at + 1,
        _ => return None,
    };
    let end = skip(text, end, &["so", "very", "much", "a", "lot"]);
    let verb = word(text, end + 1);
    if word(text, end) == "for" && verb == "being" {
        return Some((
            Neutral,
            (skip(text, end + 2, &["so", "very", "such", "really", "a"]) + 1).min(text.words.len()),
        ));
    }
    (word(text, end) == "for"
        && (verb.ends_with("ing") || matches!(verb, "that" | "this" | "your" | "the")))
    .then(|| {
        (
            Neutral,
            skip(text, end + 2, &["me", "that", "it", "up", "back", "in", "again", "help", "call"]),
        )
    })
}

/// `Of course, why wouldn't it be`, `how many times do I have to say it`.
fn rhetoric(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    match (word(text, at), word(text, at + 1), word(text, at + 2), word(text, at + 3)) {
        ("why", "would" | "should", "not", "it" | "i" | "we" | "you" | "that" | "they") => {
            Some((Neutral, skip(text, at + 4, &["be", "it", "i", "that", "want", "to"])))
        }
        ("why", "would" | "should", "i" | "we", _) => Some((
            Wrong,
            skip(text, at + 3, &["do", "want", "need", "pay", "be", "that", "it", "to"]),
        )),
        ("how", "many", "times", _) => {
            #[rustfmt::skip]
            const ASK: &[&str] = &[
                "do", "must", "have", "i", "to", "got", "say", "tell", "you", "it", "that", "this", "repeat", "myself",
                "need", "are", "going", "ask", "me", "will", "can",
            ];
            Some((Neutral, skip(text, at + 3, ASK)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, YesNo, yes_no};

    #[test]
    fn praise_and_orders_of_what_was_asked_about_are_a_yes() {
        for text in [
            "that'd be just lovely",
            "it sounds perfect",
            "you've read that back perfectly",
            "you got my name right",
            "yes, sign me up for it",
            "no objections from our end, please proceed",
            "oh could you, that would be brilliant",
        ] {
            assert_eq!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }

    #[test]
    fn what_is_only_supposed_or_asked_is_no_yes() {
        for text in [
            "that would be lovely if it was free",
            "shouldn't you be telling me that",
            "book it for Tuesday instead",
            "sign me up for the other plan",
            "did you get that right",
        ] {
            assert_ne!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
        assert_eq!(yes_no("I'd rather you didn't").outcome, Outcome::One(YesNo::No));
    }
}
