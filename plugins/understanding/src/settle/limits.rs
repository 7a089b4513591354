//! Values that bound others and are none themselves: `before three`, `at least thirty`,
//! `삼십만 원 안 넘게`.

use crate::words::Utterance;

/// The words that make a limit of the value.
pub(super) fn limits(text: &Utterance, from: usize, to: usize) -> Option<String> {
    #[rustfmt::skip]
    const BEFORE: &[&str] = &[
        "before", "under", "over", "at least", "at most", "more than", "less than", "fewer than",
        "no more than", "no less than", "not more than", "not less than", "no later than", "no earlier than",
        "upwards of", "north of", "anything above", "anything below", "anything under", "sometime after",
        "sometime before", "any time after", "any time before", "anytime after", "anytime before", "minimum",
        "a minimum of", "below", "above",
    ];
    #[rustfmt::skip]
    const AFTER: &[&str] = &[
        "and something", "something", "and up", "and over", "and change", "or more", "or less", "or later", "or earlier",
        "at least", "at most", "at the earliest", "at the latest", "minimum", "onwards", "plus people", "odd",
    ];
    /// Right before it, as an eojeol.
    const BEFORE_KO: &[&str] = &["최소", "적어도", "최소한", "못해도"];
    #[rustfmt::skip]
    const AFTER_KO: &[&str] = &[
        "안넘", "넘게", "넘을", "넘어", "넘는", "넘지", "이상", "이하", "미만", "초과", "전에", "전으로", "전이면",
        "이전에", "이전이면", "이후에", "이후로", "이후면", "이후요", "이후", "지나서", "넘으면",
    ];
    let flat = text.flat();
    let at = text.word_at(from);
    for begin in at.saturating_sub(4)..at {
        if let Some(phrase) =
            BEFORE.iter().find(|phrase| text.is_phrase_at(begin, phrase) == Some(at))
        {
            // `Over the phone` bounds nothing, and `I have been there before three times`.
            return Some((*phrase).to_owned());
        }
    }
    let next = text.word_at(to.max(1) - 1) + 1;
    if let Some((phrase, _)) = text.longest_at(next, AFTER).filter(|_| text.is_start(to)) {
        return Some(phrase.to_owned());
    }
    if let Some(word) = BEFORE_KO.iter().find(|word| flat[..from].ends_with(**word)) {
        return Some((*word).to_owned());
    }
    let rest = &flat[to..];
    if let Some(word) = AFTER_KO.iter().find(|word| rest.starts_with(**word)) {
        return Some((*word).to_owned());
    }
    // `십만 원대`: somewhere in them; `만 원짜리 세 장`: what each is.
    if let Some(tail) = rest
        .strip_prefix("원대")
        .or_else(|| rest.strip_prefix('대').filter(|_| flat[from..to].ends_with('원')))
        && (tail.is_empty() || crate::korean::closes(tail) || tail.starts_with(['로', '정', '쯤']))
    {
        return Some("대".to_owned());
    }
    if let Some(tail) = rest.strip_prefix("짜리")
        && crate::numerals::numeral_at(text, flat.len() - tail.len())
            .is_some_and(|many| many.value != crate::Decimal::whole(1))
    {
        return Some("짜리".to_owned());
    }
    let rest = ["은", "는", "이", "을", "를", "만", "보다", "정도", "도"]
        .iter()
        .find_map(|particle| rest.strip_prefix(particle))
        .unwrap_or(rest);
    AFTER_KO.iter().find(|word| rest.starts_with(**word)).map(|word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use crate::{money, number, time};

    #[test]
    fn a_limit_is_no_value() {
        for text in ["before three", "any time after four", "세 시 전에요", "네 시 이후면 돼요"]
        {
            assert_eq!(time(text).value(), None, "{text}");
        }
        for text in ["at least thirty", "최소 오십 명", "more than ten"] {
            assert_eq!(number(text).value(), None, "{text}");
        }
        assert_eq!(money("삼십만 원 안 넘게요", "KRW").value(), None);
        assert!(money("삼십만 원이요", "KRW").value().is_some());
    }
}
