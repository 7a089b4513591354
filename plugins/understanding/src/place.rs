//! Which of two things the caller means by its place: `the second one`, `후자요`.

use crate::hold::is_filler;
use crate::words::{Script, Utterance, Word};

/// English words for the first and the second of two.
const FIRST: &[&str] = &["first", "1st", "former", "top"];
const SECOND: &[&str] = &["second", "2nd", "latter", "last", "bottom"];

/// What may stand around them without a meaning of its own.
#[rustfmt::skip]
const FRAME: &[&str] = &[
    "the", "one", "please", "option", "choice", "thing", "i", "it", "is", "that", "that's", "would", "will",
    "like", "want", "take", "go", "with", "for", "prefer", "mean", "meant", "said", "say", "yes", "yeah", "yep",
    "ok", "okay", "thanks", "thank", "you", "just", "let", "us", "me", "have", "of", "two", "those", "them",
    "be", "should", "pick", "choose", "date", "time", "day",
];

/// After one of these, what was said before does not count.
const CORRECTIONS: &[&str] =
    &["no", "nope", "actually", "sorry", "wait", "rather", "아니", "아니요"];

/// Korean words for the first and the second of two, without spaces; the longer before the shorter.
#[rustfmt::skip]
const FIRST_KO: &[&str] = &[
    "첫번째", "1번째", "맨처음", "처음", "첫째", "전자", "맨앞", "앞에", "앞의", "앞", "먼저말한", "먼저말씀하신", "위에", "맨위",
];
#[rustfmt::skip]
const SECOND_KO: &[&str] = &[
    "두번째", "2번째", "마지막", "맨마지막", "둘째", "후자", "맨뒤", "뒤에", "뒤의", "뒤", "나중에말한", "나중에말씀하신",
    "나중", "아래", "맨끝", "맨아래",
];

/// Korean words that may stand before the place.
#[rustfmt::skip]
const BEFORE_KO: &[&str] = &["네", "예", "음", "어", "아", "그", "저", "그럼", "그러면", "저는", "전", "그냥"];

/// What the place is said of, and how the sentence ends.
const THINGS_KO: &[&str] = &["거", "것", "걸", "껄", "꺼", "쪽", "날", "시간", "옵션", "번호"];
#[rustfmt::skip]
const ENDS_KO: &[&str] = &[
    "", "요", "이요", "로", "으로", "로요", "으로요", "예요", "에요", "이에요", "이예요", "입니다", "로할게요", "으로할게요",
    "로해주세요", "으로해주세요", "로부탁드려요", "으로부탁드려요", "로부탁드립니다", "로주세요", "으로주세요", "주세요",
    "로해줘", "으로해줘", "로할래요", "으로할래요", "할게요", "로하겠습니다", "으로하겠습니다", "가좋아요", "이좋아요", "가맞아요",
    "이맞아요", "로갈게요", "로예약해주세요", "으로예약해주세요",
];

/// Which of two the words choose by nothing but their place: 0 or 1. None where they say anything
/// else, deny it, or name both.
///
/// ```
/// use dialgraph_understanding::place_of_two;
///
/// assert_eq!(place_of_two("the second one, please"), Some(1));
/// assert_eq!(place_of_two("첫 번째 걸로 할게요"), Some(0));
/// assert_eq!(place_of_two("on second thought, no"), None);
/// assert_eq!(place_of_two("둘 다요"), None);
/// ```
pub fn place_of_two(text: &str) -> Option<usize> {
    let text = Utterance::new(text);
    if text.asks(text.words.len().saturating_sub(1)) {
        return None;
    }
    if text.words.iter().any(|word| matches!(word.script, Script::Hangul | Script::Jamo)) {
        return korean(&text);
    }
    english(&text.words)
}

fn english(words: &[Word]) -> Option<usize> {
    let mut found = None;
    for (at, word) in words.iter().enumerate() {
        let mut word = word.text.as_str();
        let next = words.get(at + 1).map_or("", |next| next.text.as_str());
        // `1st`, `2nd`, which are two words each.
        if let ("1", "st") | ("2", "nd") = (word, next) {
            word = if word == "1" { "first" } else { "second" };
        } else if at > 0 && matches!((words[at - 1].text.as_str(), word), ("1", "st") | ("2", "nd"))
        {
            continue;
        }
        let place = match word {
            first if FIRST.contains(&first) => 0,
            second if SECOND.contains(&second) => 1,
            other if CORRECTIONS.contains(&other) => {
                found = None;
                continue;
            }
            // `A second` is a while.
            "a" => return None,
            other if FRAME.contains(&other) || is_filler(other) => continue,
            _ => return None,
        };
        if found.is_some_and(|found| found != place) {
            return None;
        }
        found = Some(place);
    }
    found
}

fn korean(text: &Utterance) -> Option<usize> {
    let mut rest = text.flat();
    // `아니 두 번째요`: what it corrects was said before.
    while let Some(after) = BEFORE_KO.iter().chain(CORRECTIONS).rev().find_map(|before| {
        let after = rest.strip_prefix(before)?;
        let is_word = text.is_start(text.flat().len() - after.len());
        (is_word && !after.is_empty()).then_some(after)
    }) {
        rest = after;
    }
    let stem = |stems: &[&str]| {
        let stems = stems.iter().filter_map(|stem| rest.strip_prefix(stem));
        stems.min_by_key(|after| after.len())
    };
    let (place, rest) = match (stem(FIRST_KO), stem(SECOND_KO)) {
        (Some(rest), None) => (0, rest),
        (None, Some(rest)) => (1, rest),
        _ => return None,
    };
    let thing = THINGS_KO.iter().find_map(|thing| rest.strip_prefix(thing));
    let ends = |rest: &str| ENDS_KO.contains(&rest);
    (ends(rest) || thing.is_some_and(ends)).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_heard_where_nothing_else_is_said() {
        for text in [
            "the first one",
            "first",
            "1st",
            "um, the former please",
            "no, the first",
            "첫 번째요",
            "첫째 거요",
            "전자요",
            "앞에 걸로 해 주세요",
            "네 첫 번째 거요",
            "처음 거요",
            "아니 첫 번째요",
            "I'd like the top one",
        ] {
            assert_eq!(place_of_two(text), Some(0), "{text}");
        }
        for text in [
            "the second one",
            "the 2nd",
            "the latter",
            "the first, no, the second",
            "the last one",
            "두 번째요",
            "두 번째 걸로 할게요",
            "후자로 할게요",
            "뒤에 거요",
            "나중 거요",
            "마지막 거",
            "음 두 번째 것으로요",
        ] {
            assert_eq!(place_of_two(text), Some(1), "{text}");
        }
    }

    #[test]
    fn what_says_anything_else_is_no_place() {
        for text in [
            "",
            "둘 다",
            "둘다요",
            "둘 다 주세요",
            "둘이요",
            "하나요",
            "both",
            "either one",
            "neither",
            "two",
            "2",
            "2번이요",
            "on second thought, make it noon",
            "second thoughts, no",
            "give me thirty seconds",
            "later",
            "first of all, neither fits",
            "the first Monday of next month",
            "I'm calling for the second time",
            "not the second",
            "the second, no",
            "the first or the second",
            "what was the second one",
            "the second one?",
            "두 번째가 뭐라고요?",
            "두 번째 다시 말씀해 주세요",
            "두 번째 말고요",
            "전자 영수증이요",
            "둘째 아이요",
            "첫째 주요",
            "두 번째 말하는데 상담원이요",
            "first I need an agent",
            "billing first, then the outage",
            "just a second",
            "뒤죽박죽이에요",
            "앞으로는요",
        ] {
            assert_eq!(place_of_two(text), None, "{text}");
        }
    }
}
