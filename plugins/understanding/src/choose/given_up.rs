//! What is named only to tell another apart, or to say why it is not taken.

use super::Found;
use crate::negation::Mention;
use crate::words::Utterance;

/// `I was billed for a visit that I canceled`: a verb in the past tells which one is meant.
pub(super) fn describes(text: &Utterance, mention: &Mention<Found>) -> bool {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let at = text.word_at(mention.from);
    let mut subject = at;
    while subject > 0 && matches!(word(subject - 1), "already" | "had" | "have" | "just" | "never")
    {
        subject -= 1;
    }
    let whose = subject.checked_sub(2).map_or("", word);
    word(at).ends_with("ed")
        && subject > 1
        && matches!(word(subject - 1), "i" | "we")
        && (matches!(whose, "that" | "which" | "what")
            || subject.checked_sub(3).is_some_and(|noun| {
                matches!(word(noun), "a" | "an" | "the" | "my" | "that" | "this")
                    && !text.words[subject - 1].pause
            }))
}

/// `온돌은 허리가 아파서 더블로 할게요`: a reason against it, and what is taken for it.
pub(super) fn given_up(text: &Utterance, mention: &Mention<Found>, next: &Mention<Found>) -> bool {
    /// So many bytes the reason takes.
    const REACH: usize = 60;
    const REASONS: &[&str] = &["서", "니까", "라", "서요", "어가지고", "해가지고"];
    const TAKES: &[&str] = &[
        "로할",
        "으로할",
        "로하",
        "으로하",
        "로해",
        "으로해",
        "로부탁",
        "으로부탁",
        "로주",
        "으로주",
        "로바꿔",
        "으로바꿔",
        "로갈",
        "으로갈",
        "로예약",
        "으로예약",
        "룸으로",
        "가낫",
        "이낫",
    ];
    let flat = text.flat();
    let Some(reason) = flat.get(mention.to..next.from) else { return false };
    reason.len() <= REACH
        && (reason.starts_with('은') || reason.starts_with('는'))
        && REASONS.iter().any(|so| reason.ends_with(so))
        && TAKES.iter().any(|takes| flat[next.to..].starts_with(takes))
}

#[cfg(test)]
mod tests {
    use crate::{Offers, Outcome, choose};

    #[test]
    fn what_is_given_up_or_tells_another_apart_is_not_chosen() {
        let offers = Offers::new()
            .phrases("double", ["더블"])
            .phrases("twin", ["트윈"])
            .phrases("billing", ["bill"])
            .phrases("cancel", ["cancel"]);
        for (text, choice) in [
            ("트윈은 비싸니까 더블로 주세요", "double"),
            ("I was billed for a visit that I canceled", "billing"),
        ] {
            assert_eq!(choose(text, &offers).outcome, Outcome::One(choice.to_owned()), "{text}");
        }
        assert!(matches!(choose("더블이랑 트윈 주세요", &offers).outcome, Outcome::Several(_)));
    }
}
