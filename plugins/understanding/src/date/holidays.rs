//! Days that have a name and the same date every year; those of the lunar calendar are not known.

use jiff::civil::{Date, Weekday};

use super::{Day, next_such};
use crate::words::Utterance;

#[rustfmt::skip]
const KOREAN: &[(&str, i64, i64)] = &[
    ("크리스마스이브", 12, 24), ("크리스마스전날", 12, 24), ("성탄절이브", 12, 24), ("성탄절전날", 12, 24),
    ("크리스마스", 12, 25), ("성탄절", 12, 25),
    ("신정", 1, 1), ("새해첫날", 1, 1), ("삼일절", 3, 1), ("어린이날", 5, 5), ("어버이날", 5, 8), ("스승의날", 5, 15),
    ("현충일", 6, 6), ("제헌절", 7, 17), ("광복절", 8, 15), ("개천절", 10, 3), ("한글날", 10, 9), ("할로윈", 10, 31),
    ("핼러윈", 10, 31), ("발렌타인데이", 2, 14), ("밸런타인데이", 2, 14), ("화이트데이", 3, 14), ("빼빼로데이", 11, 11),
    ("식목일", 4, 5), ("만우절", 4, 1),
];
#[rustfmt::skip]
const ENGLISH: &[(&str, i64, i64)] = &[
    ("christmas eve", 12, 24), ("xmas eve", 12, 24), ("christmas day", 12, 25),
    ("christmas", 12, 25), ("xmas", 12, 25),
    ("boxing day", 12, 26), ("new years eve", 12, 31), ("new year eve", 12, 31), ("nye", 12, 31),
    ("new years day", 1, 1),
    ("new year day", 1, 1), ("new years", 1, 1), ("valentines day", 2, 14),
    ("valentine day", 2, 14), ("valentines", 2, 14),
    ("halloween", 10, 31), ("independence day", 7, 4), ("st patricks day", 3, 17), ("veterans day", 11, 11),
    ("april fools day", 4, 1), ("juneteenth", 6, 19), ("groundhog day", 2, 2),
];

pub(super) fn korean(text: &Utterance, place: usize, today: Date) -> Option<(Day, usize)> {
    let rest = &text.flat()[place..];
    let (name, month, day) = KOREAN
        .iter()
        .filter(|(name, ..)| rest.starts_with(name))
        .max_by_key(|(name, ..)| name.len())?;
    let mut end = place + name.len();
    if let Some(tail) =
        text.flat()[end..].strip_prefix('날').or_else(|| text.flat()[end..].strip_prefix("당일"))
    {
        end = text.flat().len() - tail.len();
    }
    let tail = &text.flat()[end..];
    // `크리스마스 전에`, `크리스마스 트리`.
    if ["전에", "전까지", "이전", "후에", "지나", "트리", "카드", "선물", "이후", "케이크", "파티"]
        .iter()
        .any(|other| tail.starts_with(other))
    {
        return None;
    }
    Some((next_such(today, *month, *day), end))
}

pub(super) fn english(text: &Utterance, at: usize, today: Date) -> Option<(Day, usize)> {
    let before = at.checked_sub(1).map_or("", |at| text.words[at].text.as_str());
    if matches!(before, "before" | "after" | "until" | "since") {
        return None;
    }
    named(text, at, today)
}

/// The day by its name, whatever stands before it.
pub(super) fn named(text: &Utterance, at: usize, today: Date) -> Option<(Day, usize)> {
    if let Some(end) =
        text.is_phrase_at(at, "thanksgiving day").or_else(|| text.is_phrase_at(at, "thanksgiving"))
    {
        let of = |year: i16| {
            Date::new(year, 11, 1).ok()?.nth_weekday_of_month(4, Weekday::Thursday).ok()
        };
        let day = of(today.year()).filter(|day| *day >= today).or_else(|| of(today.year() + 1))?;
        return Some((Ok(day), text.start(end)));
    }
    let (end, month, day) = ENGLISH
        .iter()
        .filter_map(|(name, month, day)| Some((text.is_phrase_at(at, name)?, *month, *day)))
        .max_by_key(|(end, ..)| *end)?;
    let next = text.words.get(end).map_or("", |word| word.text.as_str());
    if matches!(
        next,
        "tree" | "card" | "cards" | "present" | "presents" | "party" | "order" | "break"
    ) {
        return None;
    }
    Some((next_such(today, month, day), text.start(end)))
}
