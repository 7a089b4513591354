//! Values that are told on the way to the one that is meant: how it came to be, why it is that one,
//! what it was before.
//!
//! `다섯 명이었는데 한 명이 빠져서 네 명이요`, `여섯 시에 퇴근하니까 여섯 시 사십 분이요`,
//! `forty for the shirt plus ten shipping, so fifty`. Where nothing tells one from the others, all
//! of them stand, and the flow asks again.

use crate::negation::Mention;
use crate::outcome::{Denied, Why};
use crate::words::{Utterance, places_of};

/// Takes what is only told from what stands.
pub(super) fn set_aside<T: PartialEq>(
    text: &Utterance,
    standing: &mut Vec<Mention<T>>,
    why: &mut Why,
) {
    let mut deny = |text: &Utterance, mention: &Mention<T>, by: &str| {
        why.denied.push(Denied { what: text.shown(mention.from, mention.to), by: by.to_owned() });
    };
    // What belongs to something else, or is a reason, where another value stands.
    let several = |standing: &[Mention<T>]| {
        standing
            .first()
            .is_some_and(|first| standing.iter().any(|other| other.value != first.value))
    };
    for aside in [attribute, routine, unfit, reason] {
        if !several(standing) {
            return;
        }
        let asides: Vec<bool> = (0..standing.len())
            .map(|at| {
                let until = standing.get(at + 1).map_or(text.flat().len(), |next| next.from);
                let since = at.checked_sub(1).map_or(0, |before| standing[before].to);
                let mention = &standing[at];
                aside(text, (since, mention.from, mention.to, until))
            })
            .collect();
        if asides.iter().all(|aside| *aside) {
            continue;
        }
        let mut at = 0;
        standing.retain(|mention| {
            at += 1;
            if asides[at - 1] {
                deny(text, mention, "told in passing");
            }
            !asides[at - 1]
        });
    }
    if !several(standing) {
        return;
    }
    // The last value may be said more than once: `그 전날인 오월 사일`.
    let Some(last) = standing.last() else { return };
    let first = standing.iter().rposition(|other| other.value != last.value).map_or(0, |at| at + 1);
    let until = &standing[..=first];
    let (by, keep) = if changed(text, until) {
        ("changed", first)
    } else if told(text, until) {
        ("told before", first)
    } else if concludes(text, until) {
        ("the conclusion", first)
    } else if picked(text, standing) {
        ("the one picked", standing.len() - 1)
    } else if again(text, until) {
        ("said again", first)
    } else {
        return;
    };
    for mention in standing.drain(..keep) {
        deny(text, &mention, by);
    }
}

/// Where a mention stands: the end of the one before it, its own bounds, and the beginning of the
/// next.
type Place = (usize, usize, usize, usize);

/// `천 원짜리 다섯 장`, `the size four dress`: what something is, and not how many or how much.
fn attribute(text: &Utterance, (_, from, to, _): Place) -> bool {
    const LABELS: &[&str] =
        &["size", "room", "gate", "bus", "bay", "line", "floor", "chapter", "aisle", "platform"];
    let at = text.word_at(from);
    let label = at.checked_sub(1).is_some_and(|at| LABELS.contains(&text.words[at].text.as_str()));
    let next = text.words.get(text.word_at(to.max(1) - 1) + 1);
    let note =
        next.is_some_and(|next| matches!(next.text.as_str(), "notes" | "note" | "bills" | "bill"));
    label || note || text.flat()[to..].starts_with("짜리") || text.flat()[to..].starts_with("씩")
}

/// `I get off at six`, `여섯 시에 퇴근하니까`: what happens then anyway.
fn routine(text: &Utterance, (since, from, to, until): Place) -> bool {
    #[rustfmt::skip]
    const HAPPENS: &[&str] = &[
        "start", "starts", "finish", "finishes", "end", "ends", "get off", "gets off", "get out", "clock off",
        "work till", "work until", "leave work", "close", "closes", "open", "opens", "land", "lands",
    ];
    #[rustfmt::skip]
    const HAPPENS_KO: &[&str] = &[
        "퇴근", "출근", "끝나", "시작", "마치", "일어나", "도착", "마감", "문닫", "문열", "하교", "등교",
    ];
    let at = text.word_at(from);
    let english = (at.saturating_sub(4)..at).any(|begin| {
        text.start(begin) >= since
            && text.longest_at(begin, HAPPENS).is_some_and(|(_, end)| end <= at)
    });
    let tail = text.flat().get(to..until).unwrap_or_default();
    let near: String = tail.chars().take(6).collect();
    english || HAPPENS_KO.iter().any(|happens| near.contains(happens))
}

/// `월요일은 출장이라 안 되고`: what does not do, with the reason before it.
fn unfit(text: &Utterance, (_, _, to, until): Place) -> bool {
    const DOES_NOT_DO: &[&str] = &[
        "안되", "안돼", "안됩", "못가", "못와", "못오", "힘들", "어렵", "어려", "바쁘", "바빠",
        "곤란",
    ];
    let tail = text.flat().get(to..until).unwrap_or_default();
    let topic =
        ["은", "는", "엔", "에는", "날은", "에"].iter().any(|topic| tail.starts_with(topic));
    topic
        && until < text.flat().len()
        && DOES_NOT_DO.iter().any(|word| {
            places_of(tail, word).any(|at| text.is_start(to + at) || text.is_start(to + at + 3))
        })
}

/// `오백 원이 모자라서`, `because the fifth is a holiday`: why it is another one.
fn reason(text: &Utterance, (since, from, to, until): Place) -> bool {
    #[rustfmt::skip]
    const BECAUSE: &[&str] = &["니까", "라서", "어서", "아서", "해서", "돼서", "져서", "려서", "대서", "래서", "나서", "와서", "때문"];
    let tail = text.flat().get(to..until).unwrap_or_default();
    let before = text.flat().get(since..from).unwrap_or_default();
    // `그러니까 세 개`: what follows is the value.
    let korean = BECAUSE.iter().any(|because| {
        places_of(tail, because).any(|at| {
            let end = to + at + because.len();
            !tail[..at].ends_with("그러")
                && !tail[..at].ends_with("그")
                && (text.is_start(end) || end == until)
        })
    });
    let because = |word: &str| matches!(word, "because" | "cause" | "cuz" | "since" | "as");
    let english = text.word_at(from).checked_sub(1).is_some_and(|last| {
        let first = text.word_at(since.min(from.saturating_sub(1)));
        (first.max(last.saturating_sub(4))..=last).any(|at| because(&text.words[at].text))
    });
    korean || (english && !before.contains("so"))
}

/// Whether the last is to stand in the place of the one before it:
/// `세 명에서 네 명으로 바꿔 주세요`, `change it from three to four`.
fn changed<T>(text: &Utterance, standing: &[Mention<T>]) -> bool {
    const CHANGES: &[&str] =
        &["바꾸", "바꿔", "바꿀", "변경", "늘", "줄", "옮", "수정", "미뤄", "당겨"];
    const CHANGES_EN: &[&str] = &[
        "change",
        "changing",
        "move",
        "moving",
        "switch",
        "switching",
        "moved",
        "changed",
        "push",
        "bump",
        "went",
    ];
    let [.., previous, last] = standing else { return false };
    let flat = text.flat();
    let gap = flat.get(previous.to..last.from).unwrap_or_default();
    let tail: String = flat[last.to..].chars().take(8).collect();
    let korean = ["에서", "에서요", "을", "를", "인데", "인걸", "인거"]
        .iter()
        .any(|from| gap.starts_with(from))
        && tail.contains('로')
        && CHANGES.iter().any(|change| tail.contains(change));
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let (at, to) = (text.word_at(previous.from), text.word_at(last.from));
    let english = at > 0
        && to > 0
        && matches!(word(at - 1), "from")
        && matches!(word(to - 1), "to")
        && (at.saturating_sub(8)..at).any(|at| CHANGES_EN.contains(&word(at)));
    korean || english
}

/// Whether what is said of all but the last makes a story of them: `였는데`, `빠져서`.
fn told<T>(text: &Utterance, standing: &[Mention<T>]) -> bool {
    #[rustfmt::skip]
    const TELLS: &[&str] = &[
        "였는데", "이었는데", "었는데", "였다가", "이었다가", "빠져서", "빠지", "빠졌", "늘어서", "늘었", "줄어", "못와서", "못온다",
        "못오", "취소해서", "취소돼", "고장나서", "고장났", "그만둬서", "추가돼서", "더와서", "더온", "나가서", "깨져서", "이라고했는데",
        "라고했는데", "했다가", "하려다가", "한다고했는데", "하려고했는데", "하려다", "할까했는데", "로했는데",
    ];
    #[rustfmt::skip]
    const TELLS_EN: &[&str] = &["had", "was", "were", "used", "thought", "originally", "planned", "said"];
    let flat = text.flat();
    let Some((last, before)) = standing.split_last().filter(|(_, before)| !before.is_empty())
    else {
        return false;
    };
    let korean = before.iter().enumerate().all(|(at, mention)| {
        let until = standing[at + 1].from;
        let tail = flat.get(mention.to..until).unwrap_or_default();
        TELLS.iter().any(|tells| tail.contains(tells))
    });
    if korean {
        return true;
    }
    let Some(first) = before.first() else { return false };
    let first = text.word_at(first.from);
    let last_word = text.word_at(last.from);
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let past = (first.saturating_sub(4)..first).any(|at| TELLS_EN.contains(&word(at)));
    let turns = last_word.checked_sub(1).is_some_and(|at| {
        (at.saturating_sub(3)..=at).any(|at| matches!(word(at), "so" | "now" | "but"))
    });
    past && turns
}

/// Whether the last is what the others lead to: `so fifty total`, `but Thursday`,
/// `팔천 원이라 했지만 구천 원`.
fn concludes<T>(text: &Utterance, standing: &[Mention<T>]) -> bool {
    #[rustfmt::skip]
    const SO: &[&str] = &["so", "but", "makes", "totals", "instead", "equals", "hence", "therefore"];
    #[rustfmt::skip]
    const OPEN: &[&str] = &["or", "could", "might", "can", "maybe", "perhaps", "either", "too", "also", "possibly", "and"];
    #[rustfmt::skip]
    const TOTAL: &[&str] = &[
        "total", "in total", "altogether", "all together", "in all", "all in", "all told", "it is", "would be perfect",
        "would be better", "is better", "would be great", "works better", "suits me better", "instead",
    ];
    #[rustfmt::skip]
    const SO_KO: &[&str] = &["지만", "는데", "은데", "인데", "던데", "더니", "그러니까", "그럼", "그래서", "합쳐서", "합하면", "합해서", "더해서", "더하면", "해서", "총", "다해서", "따지면", "치면"];
    #[rustfmt::skip]
    const OPEN_KO: &[&str] = &["아니면", "또는", "혹은", "도"];
    let flat = text.flat();
    let [.., previous, last] = standing else { return false };
    let gap = flat.get(previous.to..last.from).unwrap_or_default();
    let (first, end) = (text.word_at(previous.to.max(1) - 1) + 1, text.word_at(last.from));
    let words = || text.words.get(first..end).into_iter().flatten().map(|word| word.text.as_str());
    let next = text.word_at(last.to.max(1) - 1) + 1;
    let ends = text.longest_at(next, TOTAL).is_some() && text.is_start(last.to);
    // What stands right before the last leaves it open.
    let open = words().rev().take(2).any(|word| OPEN.contains(&word))
        || text
            .words
            .get(next)
            .is_some_and(|word| matches!(word.text.as_str(), "too" | "also" | "or"));
    let english = (words().any(|word| SO.contains(&word)) && !open)
        || (ends && !words().any(|word| matches!(word, "or" | "maybe")));
    let tail = &flat[last.to..];
    let open = OPEN_KO.iter().any(|open| gap.ends_with(open))
        || tail.starts_with('도')
        || gap.starts_with("도");
    let korean = !open
        && SO_KO.iter().any(|so| {
            places_of(gap, so).any(|at| {
                let end = previous.to + at + so.len();
                text.is_start(end) || gap[at + so.len()..].starts_with('요')
            })
        });
    english || korean
}

/// Whether the last is one of those before it, picked: `목요일이나 금요일 중에 금요일이 낫겠어요`.
fn picked<T: PartialEq>(text: &Utterance, standing: &[Mention<T>]) -> bool {
    let [before @ .., previous, last] = standing else { return false };
    let gap = text.flat().get(previous.to..last.from).unwrap_or_default();
    let among =
        ["중에", "중에서", "중에서는", "중에는", "중"].iter().any(|among| gap.ends_with(among));
    among && (previous.value == last.value || before.iter().any(|other| other.value == last.value))
}

/// Whether the last is the ones before it, said in full:
/// `twelve thousand, uh, twelve thousand four hundred`.
fn again<T>(text: &Utterance, standing: &[Mention<T>]) -> bool {
    let flat = text.flat();
    standing.windows(2).all(|pair| {
        let [first, second] = pair else { return false };
        let gap = text.words.get(text.word_at(first.to.max(1) - 1) + 1..text.word_at(second.from));
        let whole = &flat[first.from..first.to];
        // `여섯 시나 여섯 시 반`: one of them.
        let open = ["나", "이나", "거나", "이랑", "랑", "도"];
        let tail = flat.get(first.to..second.from).unwrap_or_default();
        !open.contains(&tail)
            && gap.is_some_and(|gap| gap.iter().all(|word| crate::hold::is_filler(&word.text)))
            && flat[second.from..].starts_with(whole)
            && second.to - second.from > whole.len()
    })
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, money, number, time};

    fn hour(text: &str) -> Option<String> {
        time(text).value().map(ToString::to_string)
    }

    fn count(text: &str) -> Option<String> {
        number(text).value().map(ToString::to_string)
    }

    #[test]
    fn a_reason_or_a_routine_is_no_answer() {
        assert_eq!(hour("여섯 시에 퇴근하니까 여섯 시 사십 분이요").as_deref(), Some("18:40"));
        assert_eq!(hour("I get off at six so half six").as_deref(), Some("18:30"));
        assert_eq!(hour("두 시에 끝나서 세 시요").as_deref(), Some("15:00"));
    }

    #[test]
    fn a_sum_is_the_answer_and_what_it_is_made_of_is_not() {
        assert_eq!(count("four of us plus two kids so six").as_deref(), Some("6"));
        assert_eq!(count("어른 둘에 아이 하나니까 셋이요").as_deref(), Some("3"));
        let sum = money("천 원짜리 다섯 장이니까 오천 원이요", "KRW");
        assert_eq!(sum.value().map(ToString::to_string).as_deref(), Some("5000 KRW"));
    }

    #[test]
    fn what_is_left_open_stays_open() {
        for text in ["세 시나 네 시요", "세 시도 좋고 네 시도 좋아요", "three or four o'clock"]
        {
            assert!(matches!(time(text).outcome, Outcome::Several(_)), "{text}");
        }
    }

    #[test]
    fn what_is_said_again_in_full_replaces_its_beginning() {
        assert_eq!(count("twenty uh twenty two").as_deref(), Some("22"));
    }

    #[test]
    fn what_is_changed_to_is_the_answer() {
        assert_eq!(count("세 명에서 네 명으로 바꿔 주세요").as_deref(), Some("4"));
        assert_eq!(hour("change it from two to three o'clock").as_deref(), Some("15:00"));
        assert_eq!(hour("두 시에서 세 시 사이요"), None);
    }
}
