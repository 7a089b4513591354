//! How many: a number in words or figures.

mod elsewhere;
mod people;
mod people_ko;

use elsewhere::of_something_else;

use crate::Understood;
use crate::negation::Mention;
use crate::numerals::{Decimal, Kind, Numeral, counter_at, is_particle, numeral_at};
use crate::settle::settle;
use crate::words::{Script, Utterance};

/// About so many: both values are meant.
#[rustfmt::skip]
const ABOUT: &[(&str, i64, i64)] = &[
    ("한두", 1, 2), ("하나둘", 1, 2), ("두세", 2, 3), ("두서너", 2, 4), ("서너", 3, 4),
    ("너댓", 4, 5), ("네댓", 4, 5), ("네다섯", 4, 5), ("대여섯", 5, 6), ("대엿", 5, 6),
    ("예닐곱", 6, 7), ("일고여덟", 7, 8), ("여덟아홉", 8, 9), ("세네", 3, 4), ("다섯여섯", 5, 6),
    ("이삼", 2, 3), ("삼사", 3, 4), ("사오", 4, 5), ("오륙", 5, 6),
];

/// People counted otherwise.
#[rustfmt::skip]
const ALONE: &[(&str, i64)] = &[
    ("혼자", 1), ("나혼자", 1), ("저혼자", 1), ("커플", 2), ("부부", 2), ("신혼부부", 2), ("연인", 2),
];
#[rustfmt::skip]
const ALONE_EN: &[(&str, i64)] = &[
    ("just me", 1), ("just the one", 1), ("only the one", 1), ("just one", 1), ("just myself", 1),
    ("only me", 1), ("by myself", 1), ("myself only", 1),
    ("a single", 1), ("the two of us", 2), ("both of us", 2), ("a pair", 2),
    ("none whatsoever", 0), ("none at all", 0), ("not a single one", 0), ("not one", 0), ("not any", 0), ("nobody at all", 0),
];

/// A number: figures, Sino-Korean, native Korean with or without a counter, English words, decimals
/// and halves.
///
/// ```
/// use dialgraph_understanding::{Outcome, number};
///
/// assert_eq!(number("두 잔이요").value().map(ToString::to_string).as_deref(), Some("2"));
/// assert_eq!(number("삼만 오천").value().map(ToString::to_string).as_deref(), Some("35000"));
/// assert_eq!(number("two and a half").value().map(ToString::to_string).as_deref(), Some("2.5"));
/// assert!(matches!(number("2 or 3 people").outcome, Outcome::Several(_)));
/// ```
pub fn number(text: &str) -> Understood<Decimal> {
    of(&Utterance::new(text))
}

pub(crate) fn of(text: &Utterance) -> Understood<Decimal> {
    // `저 빼고 세 명이요`: nobody knows whether the speaker is counted.
    let flat = text.flat();
    let without = ["저빼고", "나빼고", "저제외", "저말고"].iter().any(|me| flat.contains(me))
        || (0..text.words.len()).any(|at| {
            let phrases = ["not including me", "not counting me", "excluding me", "besides me"];
            phrases.iter().any(|phrase| text.is_phrase_at(at, phrase).is_some())
        });
    if without {
        return crate::hold::without_value(text);
    }
    let mut found = mentions(text);
    // `세 시에 갈 건데요 두 명이에요`: an hour is no number of something.
    let hour = |mention: &Mention<Decimal>| clock(text, mention);
    if found.iter().any(hour) && !found.iter().all(hour) {
        found.retain(|mention| !hour(mention));
    }
    // `두 명인데 유모차 하나 있어요`: what comes along is no more of them.
    let thing = |mention: &Mention<Decimal>| along(text, mention);
    if found.iter().any(thing) && !found.iter().all(thing) {
        found.retain(|mention| !thing(mention));
    }
    settle(text, found)
}

/// Whether a number counts what people bring: `유모차 하나`.
fn along(text: &Utterance, mention: &Mention<Decimal>) -> bool {
    #[rustfmt::skip]
    const THINGS: &[&str] = &[
        "유모차", "휠체어", "아기의자", "하이체어", "아기띠", "강아지", "반려견", "캐리어", "케이크", "케익", "짐", "차는", "주차",
    ];
    let before = &text.flat()[..mention.from];
    let before = ["가", "이", "는", "은", "도"]
        .iter()
        .find_map(|it| before.strip_suffix(it))
        .unwrap_or(before);
    THINGS.iter().any(|thing| before.ends_with(thing))
}

/// Whether a number is an hour: `세 시`, `three pm`.
fn clock(text: &Utterance, mention: &Mention<Decimal>) -> bool {
    let said = &text.flat()[mention.from..mention.to];
    let next = text.words.get(text.word_at(mention.to.max(1) - 1) + 1);
    let at = text.word_at(mention.from);
    let before = at.checked_sub(1).map_or("", |at| text.words[at].text.as_str());
    said.ends_with('시')
        || before == "at"
        || said.ends_with("시반")
        || next.is_some_and(|next| matches!(next.text.as_str(), "pm" | "am" | "oclock"))
}

fn mentions(text: &Utterance) -> Vec<Mention<Decimal>> {
    let mut found: Vec<Mention<Decimal>> = Vec::new();
    let held = crate::hold::holds(text);
    let mut held = held.into_iter().peekable();
    let mut at = 0;
    while at < text.words.len() {
        let mut place = text.start(at);
        while held.next_if(|(_, to)| *to <= place).is_some() {}
        if let Some((from, to)) = held.peek()
            && *from <= place
        {
            at = (text.word_at(to.saturating_sub(1)) + 1).max(at + 1);
            continue;
        }
        let sign = text.words[at].text == "-"
            || matches!(text.words[at].text.as_str(), "minus" | "negative" | "마이너스");
        if sign {
            at += 1;
            place = text.start(at);
        } else if let Some(tail) = text.words[at].text.strip_prefix("마이너스") {
            let place = text.end(at) - tail.len();
            if let Some(numeral) = counted(text, place) {
                found.push(Mention {
                    value: numeral.value.negated(),
                    from: text.start(at),
                    to: numeral.to,
                });
                at = next_word(text, numeral.to, at);
                continue;
            }
        }
        if at >= text.words.len() {
            break;
        }
        // `6이요`: an ending.
        if at > 0
            && !text.words[at].spaced
            && text.words[at - 1].script == Script::Figure
            && crate::korean::closes(&text.words[at].text)
        {
            at += 1;
            continue;
        }
        if let Some((party, end)) = people::party(text, at, &found) {
            if let Some(value) = party {
                found.push(Mention { value: Decimal::whole(value), from: place, to: end });
            }
            at = next_word(text, end, at);
            continue;
        }
        if let Some((value, second, end)) = about(text, place) {
            found.push(Mention { value: Decimal::whole(value), from: place, to: end });
            found.push(Mention { value: Decimal::whole(second), from: end, to: end });
            at = next_word(text, end, at);
            continue;
        }
        if let Some((value, end)) = alone(text, at) {
            found.push(Mention { value: Decimal::whole(value), from: place, to: end });
            at = next_word(text, end, at);
            continue;
        }
        // A numeral begins an eojeol, or follows a particle of a text without spaces.
        let mut next = at + 1;
        if let Some(numeral) = counted(text, place) {
            let value = if sign { numeral.value.negated() } else { numeral.value };
            found.push(Mention { value, from: place, to: numeral.to });
            next = next_word(text, numeral.to, at);
        } else if text.words[at].script == Script::Hangul {
            found.extend(inside(text, at));
        }
        at = next;
    }
    found
}

fn next_word(text: &Utterance, to: usize, at: usize) -> usize {
    (text.word_at(to.saturating_sub(1)) + 1).max(at + 1)
}

fn about(text: &Utterance, place: usize) -> Option<(i64, i64, usize)> {
    let rest = text.flat().get(place..)?;
    let (word, first, second) = ABOUT.iter().find(|(word, ..)| rest.starts_with(word))?;
    let to = place + word.len();
    // `두세 명`, not `세네갈`; `이삼` only before a counter.
    (counter_at(text, to).is_some() && text.is_eojeol_start(place)).then_some((*first, *second, to))
}

fn alone(text: &Utterance, at: usize) -> Option<(i64, usize)> {
    let rest = &text.flat()[text.start(at)..];
    if text.words[at].script == Script::Hangul {
        let (word, value) = ALONE.iter().find(|(word, _)| rest.starts_with(word))?;
        let end = text.start(at) + word.len();
        let tail = text.flat().get(end..text.eojeol_end(end - 1)).unwrap_or_default();
        return (crate::korean::closes(tail)
            || ["가", "갈", "예약", "서"].iter().any(|open| tail.starts_with(open)))
        .then_some((*value, end));
    }
    // `None`, `none thanks`.
    if text.words.len() < 4
        && text.words[at].text == "none"
        && text.words.iter().all(|word| word.text != "of")
    {
        return Some((0, text.end(at)));
    }
    ALONE_EN
        .iter()
        .find_map(|(phrase, value)| Some((*value, text.start(text.is_phrase_at(at, phrase)?))))
}

/// A numeral at the place that counts, with its counter and a half after it.
pub(crate) fn counted(text: &Utterance, place: usize) -> Option<Numeral> {
    let flat = text.flat();
    let mut numeral = numeral_at(text, place)?;
    let word = text.word_at(place);
    match numeral.kind {
        Kind::Ordinal => return None,
        Kind::English => {
            let before = word.checked_sub(1).map_or("", |before| text.words[before].text.as_str());
            let after = text
                .words
                .get(text.word_at(numeral.to - 1) + 1)
                .map_or("", |word| word.text.as_str());
            let one = numeral.value == Decimal::whole(1) && text.words[word].text == "one";
            // `this one`, `one of them`, `the one that`.
            if one
                && (matches!(
                    before,
                    "this"
                        | "that"
                        | "which"
                        | "the"
                        | "no"
                        | "another"
                        | "other"
                        | "any"
                        | "every"
                        | "some"
                        | "big"
                        | "small"
                        | "large"
                        | "first"
                        | "second"
                        | "last"
                        | "next"
                        | "right"
                        | "wrong"
                ) || matches!(
                    after,
                    "of" | "that" | "moment" | "thing" | "more" | "another" | "who"
                ))
                && !(before == "no" && text.words[word].pause)
            {
                return None;
            }
            if after == "second" && one || text.words[word].text == "half" && after == "past" {
                return None;
            }
        }
        Kind::Figure => {
            // `010-1234`, `3/15`, `15:30` are other things, but `1/2` is a half.
            let after = text.words.get(word + 1);
            if after.is_some_and(|sign| sign.text == "/")
                && text.words.get(word + 2).is_some_and(|two| two.text == "2")
                && text.words[word].text == "1"
            {
                return Some(Numeral { value: Decimal::half(), to: text.end(word + 2), ..numeral });
            }
        }
        Kind::Determiner | Kind::Native | Kind::Sino => {}
    }
    if is_particle(text, place) || of_something_else(text, &numeral) {
        return None;
    }
    // `하나도 모르겠어요`: nothing at all.
    let none = ["모르", "몰라", "없", "안", "못"];
    if flat[numeral.to..]
        .strip_prefix('도')
        .is_some_and(|rest| none.iter().any(|no| rest.starts_with(no)))
    {
        return None;
    }
    let c = flat[numeral.to..].chars().next();
    if matches!(numeral.kind, Kind::English) || c.is_none() {
        return if matches!(numeral.kind, Kind::Determiner) {
            None
        } else {
            sense(text, numeral, false)
        };
    }
    let eojeol_end = text.eojeol_end(numeral.to - 1);
    let glued = flat.get(numeral.to..eojeol_end).unwrap_or_default();
    if numeral.kind == Kind::Figure {
        if let Some((_, end)) = counter_at(text, numeral.to) {
            numeral = with_half(text, numeral, end);
        } else {
            numeral = with_half(text, numeral, numeral.to);
        }
        return Some(numeral);
    }
    if let Some((counter, end)) = counter_at(text, numeral.to) {
        let begins = text.is_eojeol_start(numeral.to);
        // `이 번`, `일 년`, `네 시`; not `이 일`, `이 분`, `이 건`, which are this matter, this
        // person.
        let this = begins
            && flat[numeral.from..numeral.to] == *"이"
            && !matches!(
                counter,
                "개" | "명"
                    | "인"
                    | "인분"
                    | "박"
                    | "층"
                    | "호"
                    | "주"
                    | "년"
                    | "개월"
                    | "퍼센트"
                    | "프로"
                    | "회"
                    | "점"
            );
        // `한 세 명`: about three.
        let about =
            begins && counter == "세" && text.is_start(end) && counter_at(text, end).is_some();
        if this || about {
            return None;
        }
        return Some(with_half(text, numeral, end));
    }
    if numeral.kind == Kind::Determiner {
        return None;
    }
    if glued.is_empty() {
        // `반`: `둘 반`.
        return sense(text, with_half(text, numeral, numeral.to), true);
    }
    (ends_numeral(glued)).then_some(numeral)
}

/// What may follow a numeral that has no counter.
fn ends_numeral(tail: &str) -> bool {
    #[rustfmt::skip]
    const TAILS: &[&str] = &[
        "이요", "요", "이에요", "예요", "에요", "이예요", "입니다", "이고요", "이구요", "이고",
        "인데요", "이거든요", "로", "으로", "로요", "으로요", "정도", "정도요", "정도예요", "쯤",
        "쯤이요", "만", "만요", "을", "를", "은", "는", "이서", "서", "셋이서", "이서요",
        "로할게요", "으로할게요", "로해주세요", "으로해주세요", "아니고", "말고", "이아니고",
        "이아니라", "아니", "이나", "이랑", "하고", "이죠", "죠", "이네요", "임", "반", "반이요",
        "주세요", "부탁드려요", "할게요", "이면돼요", "이면됩니다", "이면될것같아요", "같아요",
        "인것같아요", "인거같아요", "여", "이여", "용", "이용", "개요", "이요요", "아니요", "아뇨",
        "또는", "보다", "예약", "이다", "다", "이야", "야", "일거예요", "일것같아요", "이상",
        "이하", "맞아요", "이맞아요", "명", "일까요", "이라고요", "이라구요",
    ];
    TAILS.contains(&tail)
        || (tail.len() > 6 && TAILS.iter().any(|known| known.len() >= 6 && tail.starts_with(known)))
}

/// A numeral without a counter in a sentence: `이 번호`, `일 때문에`, `구 주소` are words.
fn sense(text: &Utterance, numeral: Numeral, hangul: bool) -> Option<Numeral> {
    let single = text.flat()[numeral.from..numeral.to].chars().count() == 1;
    if !hangul || !single || numeral.kind != Kind::Sino {
        return Some(numeral);
    }
    let next = text.words.get(text.word_at(numeral.to - 1) + 1);
    let ends = next.is_none_or(|next| {
        next.pause
            || next.script != Script::Hangul
            || ends_numeral(&next.text)
            || matches!(next.text.as_str(), "네" | "맞아요")
    });
    ends.then_some(numeral)
}

fn with_half(text: &Utterance, numeral: Numeral, counter_end: usize) -> Numeral {
    let rest = text.flat().get(counter_end..).unwrap_or_default();
    let half = rest.strip_prefix('반').is_some_and(|tail| {
        let at = text.flat().len() - tail.len();
        let end = text.eojeol_end(at.saturating_sub(1));
        let glued = text.flat().get(at..end.max(at)).unwrap_or_default();
        glued.is_empty() || crate::korean::closes(glued) || ends_numeral(glued)
    });
    if half && numeral.value.as_whole().is_some() {
        return Numeral {
            value: numeral.value.plus(Decimal::half()),
            to: counter_end + '반'.len_utf8(),
            ..numeral
        };
    }
    Numeral { to: counter_end, ..numeral }
}

/// Numerals with counters inside an eojeol of a text without spaces: `저희는두명이요`.
fn inside(text: &Utterance, at: usize) -> Vec<Mention<Decimal>> {
    let flat = text.flat();
    let (start, end) = (text.start(at), text.end(at));
    let mut found = Vec::new();
    if flat[start..end].starts_with('반')
        && matches!(
            &flat[start + 3..end],
            "" | "이요"
                | "요"
                | "만"
                | "만요"
                | "개"
                | "개요"
                | "입니다"
                | "으로"
                | "판"
                | "판이요"
                | "마리"
                | "마리요"
                | "잔"
                | "잔이요"
                | "개만요"
        )
    {
        found.push(Mention { value: Decimal::half(), from: start, to: start + 3 });
        return found;
    }
    let mut place = start;
    let mut before = ' ';
    while place < end {
        let Some(c) = flat[place..].chars().next() else { break };
        let allowed = "은는을를에로이가도요고네서면데아니음어".contains(before);
        // `서버열다섯대요`: a long numeral needs no particle before it.
        let numeral = numeral_at(text, place).filter(|numeral| {
            allowed
                || (matches!(numeral.kind, Kind::Native | Kind::Determiner)
                    && numeral.to - place >= 9)
        });
        if let Some(numeral) = numeral {
            let counter = counter_at(text, numeral.to).filter(|(counter, _)| {
                counter.chars().count() > 1
                    || matches!(
                        *counter,
                        "명" | "개"
                            | "잔"
                            | "병"
                            | "권"
                            | "장"
                            | "살"
                            | "대"
                            | "마리"
                            | "원"
                            | "박"
                    )
            });
            if let Some((_, to)) = counter {
                let numeral = with_half(text, numeral, to);
                found.push(Mention { value: numeral.value, from: place, to: numeral.to });
                place = numeral.to;
                before = ' ';
                continue;
            }
        }
        before = c;
        place += c.len_utf8();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    fn read(text: &str) -> Option<String> {
        number(text).value().map(ToString::to_string)
    }

    #[test]
    fn numbers() {
        for (text, value) in [
            ("두 잔이요", "2"),
            ("스물한 개", "21"),
            ("삼만 오천", "35000"),
            ("세 명이요", "3"),
            ("네 명이요", "4"),
            ("네 두 명이요", "2"),
            ("다섯이요", "5"),
            ("삼이요", "3"),
            ("열두 명입니다", "12"),
            ("35,000", "35000"),
            ("2.5", "2.5"),
            ("두 시간 반", "2.5"),
            ("three people", "3"),
            ("a party of six", "6"),
            ("twenty one", "21"),
            ("just me", "1"),
            ("혼자요", "1"),
            ("두 명 아니 세 명이요", "3"),
            ("two, no three", "3"),
            ("세 명 말고 네 명이요", "4"),
            ("스물한개요", "21"),
            ("두명이요", "2"),
            ("half", "0.5"),
            ("반이요", "0.5"),
            ("저희는두명이요", "2"),
            ("3명", "3"),
            ("ten please", "10"),
            ("일억", "100000000"),
            ("하나요", "1"),
            ("음 두 개요", "2"),
            ("we are five", "5"),
            ("minus five", "-5"),
        ] {
            assert_eq!(read(text).as_deref(), Some(value), "{text}: {:?}", number(text));
        }
    }

    #[test]
    fn no_numbers() {
        for text in [
            "네",
            "이 번호요",
            "일 때문에요",
            "사실 잘 모르겠어요",
            "오늘이요",
            "this one",
            "no idea",
            "잠깐만요",
            "give me a minute",
            "만약에요",
            "이메일이요",
        ] {
            assert_eq!(read(text), None, "{text}: {:?}", number(text));
        }
    }

    #[test]
    fn two_numbers_are_ambiguous() {
        for text in ["2 or 3 people", "두세 명이요", "한두 개", "두 명이나 세 명이요"]
        {
            assert!(
                matches!(number(text).outcome, Outcome::Several(_)),
                "{text}: {:?}",
                number(text)
            );
        }
    }
}
