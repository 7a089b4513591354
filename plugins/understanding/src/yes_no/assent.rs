//! English clauses that agree or let be in other words: `I can't find anything wrong`,
//! `it's a yes from me`, `leave it as it is`.

use super::Says;
use super::Says::{Neutral, Right, Wrong};
use super::constructions::{OBJECTS, goes_elsewhere, skip, word};
use crate::words::Utterance;

/// `I can't find anything wrong with it`, `haven't spotted any mistakes`.
pub(super) fn finds_nothing(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    #[rustfmt::skip]
    const FINDS: &[&str] = &["see", "find", "spot", "notice", "hear", "seen", "found", "spotted", "noticed", "heard", "have", "think"];
    #[rustfmt::skip]
    const AMISS: &[&str] = &["wrong", "missing", "amiss", "off", "incorrect", "odd"];
    let not = match (word(text, at), word(text, at + 1)) {
        ("i" | "we", _) => skip(text, at + 1, &["really", "honestly", "just"]),
        _ => at,
    };
    let auxiliary = matches!(word(text, not), "can" | "could" | "do" | "did" | "have");
    let verb = skip(text, not + 2, &["really", "even", "actually"]);
    if !auxiliary || word(text, not + 1) != "not" || !FINDS.contains(&word(text, verb)) {
        return None;
    }
    let of = |end: usize| {
        let end = skip(text, end, &["with", "in", "about", "at"]);
        skip(text, end, &["it", "that", "this", "them", "there", "here", "all", "any", "of"])
    };
    if matches!(word(text, verb + 1), "anything" | "a" | "one")
        && (AMISS.contains(&word(text, verb + 2))
            || word(text, verb + 1) != "anything" && AMISS.contains(&word(text, verb + 3)))
    {
        let last = if AMISS.contains(&word(text, verb + 2)) { verb + 3 } else { verb + 4 };
        return Some((Neutral, of(last)));
    }
    let noun = skip(text, verb + 1, &["any", "a", "single", "one", "the"]);
    #[rustfmt::skip]
    const FAULTS: &[&str] = &["mistake", "mistakes", "error", "errors", "problem", "problems", "issue", "issues", "fault", "faults", "typo", "typos"];
    (noun > verb + 1 && FAULTS.contains(&word(text, noun))).then(|| (Neutral, of(noun + 1)))
}

/// `Wouldn't have it any other way`, `couldn't ask for better`, `wouldn't change a thing`.
pub(super) fn no_better(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    /// So many words later it ends.
    const REACH: usize = 7;
    const ENDS: &[&str] =
        &["any other way", "a thing", "for the world", "for better", "be better", "wish for more"];
    let not = skip(text, at, &["i", "we", "you"]);
    if !matches!(word(text, not), "would" | "could") || word(text, not + 1) != "not" {
        return None;
    }
    let end = (not + 2..(not + REACH).min(text.words.len()))
        .take_while(|at| !text.words[*at].pause)
        .find_map(|at| text.longest_at(at, ENDS).map(|(_, end)| end))?;
    let verb = word(text, not + 2);
    // `Wouldn't miss it for the world`, but `wouldn't do it for the world`.
    let wished = matches!(
        verb,
        "have" | "want" | "change" | "miss" | "ask" | "be" | "wish" | "alter" | "like"
    );
    let closed = text.words.get(end).is_none_or(|next| {
        next.pause
            || matches!(
                next.text.as_str(),
                "yes" | "yeah" | "yep" | "please" | "thanks" | "thank" | "so" | "go" | "book"
            )
    });
    (wished && closed).then_some((Right, end))
}

/// `Leave it as it is`, `just leave things how they are`.
pub(super) fn leaves_as_is(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    if word(text, at) != "leave" {
        return None;
    }
    let object = match word(text, at + 1) {
        "it" | "that" | "this" | "things" | "everything" | "them" | "all" => at + 2,
        "the" | "my" => at + 3,
        _ => return None,
    };
    let object = skip(text, object, &["all", "just", "exactly", "the", "way"]);
    let end = match (word(text, object), word(text, object + 1)) {
        ("as", "is" | "was" | "before") => object + 2,
        ("as" | "how" | "like" | "it" | "they", _) => skip(
            text,
            object,
            &["as", "how", "like", "it", "they", "that", "is", "are", "was", "were"],
        ),
        ("alone" | "be", _) => object + 1,
        _ => return None,
    };
    Some((Wrong, end))
}

/// `It's a yes from me`, `that's a hard no`, `we're going with yes`.
pub(super) fn is_a_yes(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    const FIRM: &[&str] = &[
        "hard",
        "definite",
        "firm",
        "big",
        "solid",
        "resounding",
        "clear",
        "full",
        "strong",
        "very",
    ];
    let answer = match (word(text, at), word(text, at + 1), word(text, at + 2)) {
        ("it" | "that" | "this", "is", "a") => skip(text, at + 3, FIRM),
        ("it" | "that" | "this", "would" | "will", "be") if word(text, at + 3) == "a" => {
            skip(text, at + 4, FIRM)
        }
        ("am" | "are", "going", "with") => skip(text, at + 3, &["a", "the"]),
        _ => return None,
    };
    let says = match word(text, answer) {
        "yes" | "yeah" | "yep" => Right,
        "no" | "nope" => Wrong,
        _ => return None,
    };
    let end = if word(text, answer + 1) == "from" { answer + 3 } else { answer + 1 };
    let closed = text.words.get(end).is_none_or(|next| {
        next.pause
            || matches!(
                next.text.as_str(),
                "please" | "thanks" | "thank" | "then" | "on" | "for" | "to" | "i" | "now" | "mate"
            )
    });
    closed.then_some((says, end.min(text.words.len())))
}

/// `I'm good with that`, `we're perfectly happy with everything`.
pub(super) fn content_with(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    const CONTENT: &[&str] = &[
        "good",
        "fine",
        "okay",
        "ok",
        "happy",
        "cool",
        "comfortable",
        "content",
        "alright",
        "satisfied",
        "pleased",
    ];
    if !matches!((word(text, at), word(text, at + 1)), ("i", "am") | ("we", "are")) {
        return None;
    }
    let feels = skip(
        text,
        at + 2,
        &[
            "perfectly",
            "totally",
            "absolutely",
            "quite",
            "very",
            "completely",
            "all",
            "just",
            "more",
            "than",
            "really",
        ],
    );
    (CONTENT.contains(&word(text, feels))
        && word(text, feels + 1) == "with"
        && OBJECTS.contains(&word(text, feels + 2))
        && !goes_elsewhere(text, feels + 3))
    .then_some((Right, feels + 3))
}

/// `You've been very helpful`, `you're a star`.
pub(super) fn courtesy(text: &Utterance, at: usize) -> Option<(Says, usize)> {
    const KIND: &[&str] = &[
        "great",
        "helpful",
        "kind",
        "patient",
        "sweet",
        "lovely",
        "brilliant",
        "wonderful",
        "amazing",
        "star",
        "angel",
        "legend",
        "lifesaver",
        "fantastic",
        "excellent",
    ];
    let verb = match (word(text, at), word(text, at + 1), word(text, at + 2)) {
        ("you", "have", "been") => at + 3,
        ("you", "are" | "were", _) => at + 2,
        _ => return None,
    };
    let kind = skip(
        text,
        verb,
        &["so", "very", "really", "such", "a", "an", "most", "too", "absolutely", "ever"],
    );
    KIND.contains(&word(text, kind)).then_some((Neutral, kind + 1))
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, YesNo, yes_no};

    #[test]
    fn what_finds_no_fault_or_could_be_no_better_agrees() {
        for text in [
            "I wouldn't change a thing",
            "I haven't spotted any mistakes so go ahead",
            "yes not a doubt in my mind",
            "it's a yes from me",
            "I'm good with that",
            "yep do that and thank you so much you've been great",
        ] {
            assert_eq!(yes_no(text).outcome, Outcome::One(YesNo::Yes), "{text}");
        }
    }

    #[test]
    fn what_is_left_as_it_is_or_taken_back_is_no_yes() {
        for text in ["just leave it as is", "it's a no from me", "I'm not good with that"] {
            assert_eq!(yes_no(text).outcome, Outcome::One(YesNo::No), "{text}");
        }
        for text in ["yes I was wrong", "I've decided to cancel", "is it a yes"] {
            assert!(yes_no(text).value().is_none(), "{text}");
        }
    }
}
