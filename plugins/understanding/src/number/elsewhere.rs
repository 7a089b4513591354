//! Numbers that tell of something else than how many.

use crate::numerals::Numeral;
use crate::words::Utterance;

/// Numbers that tell of something else: `I have been on hold for twenty minutes`,
/// `the number nine bus`, `세 번이나 전화했는데`, `세 살짜리 애가`, `일단`.
pub(super) fn of_something_else(text: &Utterance, numeral: &Numeral) -> bool {
    let flat = text.flat();
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let (first, next) = (text.word_at(numeral.from), text.word_at(numeral.to.max(1) - 1) + 1);
    let before = |back: usize| first.checked_sub(back).map_or("", word);
    let waits = |word: &str| {
        matches!(
            word,
            "hold"
                | "waiting"
                | "waited"
                | "holding"
                | "queue"
                | "line"
                | "calling"
                | "trying"
                | "ringing"
                | "sitting"
        )
    };
    let length = |word: &str| {
        matches!(
            word,
            "second"
                | "seconds"
                | "minute"
                | "minutes"
                | "mins"
                | "hour"
                | "hours"
                | "day"
                | "days"
                | "week"
                | "weeks"
        )
    };
    if length(word(next)) && (2..=4).any(|back| waits(before(back))) {
        return true;
    }
    if matches!(word(next), "bus" | "tram" | "train" | "ferry")
        && matches!(before(1), "number" | "the")
    {
        return true;
    }
    if word(next) == "times"
        && (1..=3).any(|back| {
            matches!(
                before(back),
                "called"
                    | "rung"
                    | "rang"
                    | "tried"
                    | "phoned"
                    | "asked"
                    | "told"
                    | "emailed"
                    | "said"
            )
        })
    {
        return true;
    }
    let rest = &flat[numeral.to..];
    // `이번엔`: this time.
    if &flat[numeral.from..numeral.to] == "이"
        && rest.strip_prefix('번').is_some_and(|tail| {
            ["엔", "에", "은", "만은", "주", "달"].iter().any(|this| tail.starts_with(this))
        })
    {
        return true;
    }
    // `세 번이나 전화했는데`, `두 번째 전화`: how often it was tried.
    let tries = ["번이나", "번째로", "번째", "번", "차례나", "번씩"]
        .iter()
        .filter_map(|often| rest.strip_prefix(often))
        .any(|rest| {
            [
                "전화했",
                "전화하는",
                "전화를",
                "전화드",
                "전화해",
                "전화거",
                "전화걸",
                "걸었",
                "말했",
                "말씀드렸",
                "얘기했",
                "문의했",
                "물어봤",
                "연락했",
                "시도",
            ]
            .iter()
            .any(|verb| rest.starts_with(verb))
        });
    // `세 살짜리 애가`, but `만 원짜리요`.
    let attribute = rest
        .strip_prefix("살짜리")
        .or_else(|| rest.strip_prefix("개월짜리"))
        .is_some_and(|tail| !tail.is_empty() && text.is_start(flat.len() - tail.len()));
    let for_now = flat[numeral.from..].starts_with("일단")
        && ["일단", "일단은", "일단요"]
            .contains(&&flat[numeral.from..text.eojeol_end(numeral.from)]);
    tries || attribute || for_now
}
