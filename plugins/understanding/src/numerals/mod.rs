//! Numerals: figures, Sino-Korean, native Korean and English words, wherever one stands in a text.

mod counters;
mod decimal;
mod english;
mod figures;

pub(crate) use counters::{after_counter, counter_at, is_particle};
pub use decimal::Decimal;
use english::english_at;
use figures::figure_at;

use crate::words::Utterance;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Figure,
    Sino,
    /// `하나`, `둘`, `스물`: stands by itself.
    Native,
    /// `한`, `두`, `세`, `스무`: stands before a counter only.
    Determiner,
    English,
    /// `first`, `3rd`, `첫째`.
    Ordinal,
}

/// A numeral at a place of the flat text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numeral {
    pub value: Decimal,
    pub kind: Kind,
    pub from: usize,
    pub to: usize,
    /// Digits one by one (`일이삼`), without 십, 백 … in between.
    pub one_by_one: bool,
}

#[rustfmt::skip]
const SINO: &[(char, i128)] = &[
    ('일', 1), ('이', 2), ('삼', 3), ('사', 4), ('오', 5), ('육', 6), ('륙', 6), ('칠', 7),
    ('팔', 8), ('구', 9), ('영', 0), ('공', 0),
];
const SMALL_UNITS: &[(char, i128)] = &[('십', 10), ('백', 100), ('천', 1000)];
const LARGE_UNITS: &[(char, i128)] =
    &[('만', 10_000), ('억', 100_000_000), ('조', 1_000_000_000_000)];

#[rustfmt::skip]
const TENS: &[(&str, i64)] = &[
    ("열", 10), ("스물", 20), ("스무", 20), ("서른", 30), ("마흔", 40), ("쉰", 50), ("예순", 60),
    ("일흔", 70), ("여든", 80), ("아흔", 90),
];
/// By themselves.
#[rustfmt::skip]
const ONES: &[(&str, i64)] = &[
    ("하나", 1), ("둘", 2), ("셋", 3), ("넷", 4), ("다섯", 5), ("여섯", 6), ("일곱", 7),
    ("여덟", 8), ("여덜", 8), ("아홉", 9),
];
/// Before a counter.
const DETERMINERS: &[(&str, i64)] =
    &[("한", 1), ("두", 2), ("세", 3), ("네", 4), ("석", 3), ("넉", 4), ("서", 3)];

#[rustfmt::skip]
const ENGLISH: &[(&str, i64)] = &[
    ("zero", 0), ("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6),
    ("seven", 7), ("eight", 8), ("nine", 9), ("ten", 10), ("eleven", 11), ("twelve", 12),
    ("thirteen", 13), ("fourteen", 14), ("fifteen", 15), ("sixteen", 16), ("seventeen", 17),
    ("eighteen", 18), ("nineteen", 19), ("twenty", 20), ("thirty", 30), ("forty", 40),
    ("fourty", 40), ("fifty", 50), ("sixty", 60), ("seventy", 70), ("eighty", 80), ("ninety", 90),
];
#[rustfmt::skip]
const ORDINALS: &[(&str, i64)] = &[
    ("first", 1), ("second", 2), ("third", 3), ("fourth", 4), ("fifth", 5), ("sixth", 6),
    ("seventh", 7), ("eighth", 8), ("ninth", 9), ("tenth", 10), ("eleventh", 11), ("twelfth", 12),
    ("thirteenth", 13), ("fourteenth", 14), ("fifteenth", 15), ("sixteenth", 16),
    ("seventeenth", 17), ("eighteenth", 18), ("nineteenth", 19), ("twentieth", 20),
    ("thirtieth", 30),
];

fn english_value(word: &str) -> Option<i64> {
    ENGLISH.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

fn ordinal_value(word: &str) -> Option<i64> {
    ORDINALS.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

/// Endings after a numeral that begin like a digit: `삼이요` is three.
#[rustfmt::skip]
const DIGIT_LIKE_ENDINGS: &[&str] = &[
    "이요", "이에요", "이예요", "이고요", "이고", "이구요", "이거든요", "이랑", "이나", "이라고",
    "이라고요", "이야", "이지", "이죠", "이네요", "일까요", "일거예요", "이여", "이요오", "이었",
    "이었어요", "이었나", "이용", "이면", "이면돼요", "이면됩니다", "이면되요", "이라", "이라서",
    "이다", "이하", "이상", "이내", "이후", "이전", "이에여", "이니까", "일걸요",
];

/// The numeral at a place.
pub(crate) fn numeral_at(text: &Utterance, from: usize) -> Option<Numeral> {
    let flat = text.flat();
    let c = flat.get(from..)?.chars().next()?;
    if c.is_ascii_digit() {
        return figure_at(text, from);
    }
    if crate::words::is_hangul(c) {
        return native_at(text, from).or_else(|| sino_at(text, from));
    }
    if c.is_ascii_alphabetic() && text.is_start(from) {
        return english_at(text, text.word_at(from));
    }
    None
}

fn native_at(text: &Utterance, from: usize) -> Option<Numeral> {
    let flat = text.flat();
    let starts = |at: usize, list: &[(&'static str, i64)]| {
        list.iter()
            .filter(|(name, _)| flat[at..].starts_with(name))
            .max_by_key(|(name, _)| name.len())
            .copied()
    };
    let mut to = from;
    let mut value = 0;
    let mut kind = Kind::Native;
    let mut any = false;
    if flat[to..].starts_with('백') && starts(to + 3, TENS).is_some() {
        value += 100;
        to += 3;
    }
    if let Some((name, tens)) = starts(to, TENS) {
        value += tens;
        to += name.len();
        any = true;
        if name == "스무" {
            kind = Kind::Determiner;
        }
    }
    if let Some((name, one)) = starts(to, ONES) {
        value += one;
        to += name.len();
        any = true;
    } else if let Some((name, one)) = starts(to, DETERMINERS) {
        let after = to + name.len();
        // `열한 시`: the determiner needs its counter.
        let counted = counter_at(text, after).is_some();
        if counted && kind == Kind::Native {
            value += one;
            to = after;
            any = true;
            kind = Kind::Determiner;
        }
    }
    any.then_some(Numeral { value: Decimal::whole(value), kind, from, to, one_by_one: false })
}

fn sino_at(text: &Utterance, from: usize) -> Option<Numeral> {
    let flat = text.flat();
    let word_end = |at: usize| text.eojeol_end(at);
    let mut total: i128 = 0;
    let mut section: i128 = 0;
    let mut current: Option<i128> = None;
    let mut to = from;
    let mut units = false;
    let mut digits = 0;
    let mut last_unit = i128::MAX;
    let mut last_large = i128::MAX;
    for (offset, c) in flat[from..].char_indices() {
        let at = from + offset;
        if at > from && text.pause_between(at, at) {
            break;
        }
        let rest_of_word = &flat[at..word_end(at)];
        if at > from && DIGIT_LIKE_ENDINGS.contains(&rest_of_word) && (!text.is_eojeol_start(at)) {
            break;
        }
        if let Some((_, digit)) = SINO.iter().find(|(name, _)| *name == c) {
            if at > from && text.is_eojeol_start(at) && !follows_numeral(text, at) {
                break;
            }
            // `육십 이월`, `십 일일`: stop is decided by the caller.
            if current.is_some() && units {
                break;
            }
            digits += 1;
            if digits > 15 {
                return None;
            }
            current = Some(current.unwrap_or(0) * 10 + digit);
        } else if let Some((_, factor)) = SMALL_UNITS.iter().find(|(name, _)| *name == c) {
            if *factor >= last_unit || (digits > 1 && !units) {
                break;
            }
            section += current.take().unwrap_or(1) * factor;
            last_unit = *factor;
            units = true;
        } else if let Some((_, factor)) = LARGE_UNITS.iter().find(|(name, _)| *name == c) {
            let whole = section + current.unwrap_or(0);
            // 만 by itself is ten thousand only at the beginning, and never a particle.
            if *factor >= last_large || (whole == 0 && (at > from || c != '만')) {
                break;
            }
            total += whole.max(1) * factor;
            section = 0;
            current = None;
            last_unit = i128::MAX;
            last_large = *factor;
            units = true;
        } else {
            break;
        }
        to = at + c.len_utf8();
    }
    if to == from {
        return None;
    }
    let value = total + section + current.unwrap_or(0);
    let mut value = Decimal { micros: 0 }.plus(Decimal::whole(1).times(value)?);
    // `이 점 오`, `삼점일사`.
    if let Some(rest) = flat[to..].strip_prefix('점').or_else(|| flat[to..].strip_prefix('쩜')) {
        let at = flat.len() - rest.len();
        if let Some(part) = sino_at(text, at).filter(|part| part.one_by_one) {
            let figures = part.value.as_whole().map(|part| part.to_string()).unwrap_or_default();
            let zeros = flat[at..part.to].chars().take_while(|c| matches!(c, '영' | '공')).count();
            let figures = format!(
                "{}{}",
                "0".repeat(zeros.min(6)),
                if figures == "0" { "" } else { &figures }
            );
            if let Some(decimals) = Decimal::parse(&format!("0.{figures}")) {
                value = value.plus(decimals);
                return Some(Numeral {
                    value,
                    kind: Kind::Sino,
                    from,
                    to: part.to,
                    one_by_one: false,
                });
            }
        }
    }
    Some(Numeral { value, kind: Kind::Sino, from, to, one_by_one: !units })
}

/// Whether a digit that begins an eojeol goes on with a number: it is not `이 번호`, `그 일`.
fn follows_numeral(text: &Utterance, at: usize) -> bool {
    let end = text.eojeol_end(at);
    let rest = &text.flat()[at..end];
    let numeric =
        |c: char| SINO.iter().chain(SMALL_UNITS).chain(LARGE_UNITS).any(|(name, _)| *name == c);
    let tail = rest.trim_start_matches(numeric);
    tail.is_empty() || crate::korean::closes(tail) || counter_at(text, end - tail.len()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<String> {
        numeral_at(&Utterance::new(text), 0).map(|numeral| numeral.value.to_string())
    }

    #[test]
    fn numerals_are_read() {
        for (text, value) in [
            ("삼만 오천 원", "35000"),
            ("3만5천원", "35000"),
            ("3만 오천원", "35000"),
            ("스물한 개", "21"),
            ("열두 명", "12"),
            ("백이십삼", "123"),
            ("이천이십육년", "2026"),
            ("일억 이천만", "120000000"),
            ("삼이요", "3"),
            ("오천이백이요", "5200"),
            ("이 점 오", "2.5"),
            ("two hundred and five", "205"),
            ("thirty five thousand", "35000"),
            ("twenty one", "21"),
            ("two point five", "2.5"),
            ("two and a half", "2.5"),
            ("1,234.50", "1234.5"),
            ("a hundred", "100"),
            ("3k", "3000"),
            ("만 오천", "15000"),
            ("쉰다섯", "55"),
            ("twenty first", "21"),
            ("1½", "1.5"),
            ("half a dozen", "6"),
            ("천", "1000"),
            ("3rd", "3"),
        ] {
            assert_eq!(first(text).as_deref(), Some(value), "{text}");
        }
    }
}
