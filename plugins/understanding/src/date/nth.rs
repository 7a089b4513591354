//! `The first Monday in December`, `다음 달 첫 번째 월요일`, `the last day of this month`.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::{Day, WEEKDAYS_EN, WEEKDAYS_KO, month_en};
use crate::numerals::{Kind, numeral_at};
use crate::words::Utterance;

#[rustfmt::skip]
const ORDINALS_KO: &[(&str, i8)] = &[
    ("첫번째주", 1), ("첫째주", 1), ("첫주", 1), ("첫번째", 1), ("첫째", 1), ("첫", 1), ("두번째주", 2), ("둘째주", 2), ("두번째", 2),
    ("둘째", 2), ("세번째주", 3), ("셋째주", 3), ("세번째", 3), ("셋째", 3), ("네번째주", 4), ("넷째주", 4), ("네번째", 4), ("넷째", 4),
    ("마지막주", -1), ("마지막", -1),
];
#[rustfmt::skip]
const ORDINALS_EN: &[(&str, i8)] = &[
    ("first", 1), ("1st", 1), ("second", 2), ("third", 3), ("fourth", 4), ("last", -1), ("final", -1),
];

/// The first day of the month with that number that is not over yet.
fn coming(today: Date, month: i8) -> Option<Date> {
    let this = Date::new(today.year(), month, 1).ok()?;
    if this.last_of_month() >= today {
        Some(this)
    } else {
        Date::new(today.year() + 1, month, 1).ok()
    }
}

fn weekday(first: Date, nth: i8, weekday: Weekday) -> Day {
    first.nth_weekday_of_month(nth, weekday).map_err(|_| "no such day in that month".to_owned())
}

pub(super) fn korean(text: &Utterance, place: usize, today: Date) -> Option<(Day, usize)> {
    let flat = text.flat();
    let rest = &flat[place..];
    let named = [
        ("다다음달", 2),
        ("다음달", 1),
        ("담달", 1),
        ("내달", 1),
        ("이번달", 0),
        ("이달", 0),
        ("요번달", 0),
    ]
    .into_iter()
    .find_map(|(name, months)| Some((months, rest.strip_prefix(name)?)));
    let (first, tail) = match named {
        Some((months, tail)) => {
            (today.first_of_month().checked_add(i64::from(months).months()).ok()?, tail)
        }
        None => {
            let numeral = numeral_at(text, place)
                .filter(|numeral| matches!(numeral.kind, Kind::Figure | Kind::Sino))?;
            let tail = flat[numeral.to..].strip_prefix('월')?;
            (coming(today, i8::try_from(numeral.value.as_whole()?).ok()?)?, tail)
        }
    };
    let tail = tail.strip_prefix('의').or_else(|| tail.strip_prefix('에')).unwrap_or(tail);
    let (nth, tail) = ORDINALS_KO
        .iter()
        .filter_map(|(name, nth)| Some((*nth, tail.strip_prefix(name)?)))
        .min_by_key(|(_, tail)| tail.len())?;
    let tail = tail.strip_prefix('에').unwrap_or(tail);
    if nth == -1 && tail.starts_with('날') {
        return Some((Ok(first.last_of_month()), flat.len() - tail.len() + '날'.len_utf8()));
    }
    let (name, day) = WEEKDAYS_KO.iter().find(|(name, _)| tail.starts_with(name))?;
    Some((weekday(first, nth, *day), flat.len() - tail.len() + name.len()))
}

pub(super) fn english(text: &Utterance, at: usize, today: Date) -> Option<(Day, usize)> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let mut place = if word(at) == "the" { at + 1 } else { at };
    let (_, nth) = ORDINALS_EN.iter().find(|(name, _)| *name == word(place))?;
    place += 1;
    let day = WEEKDAYS_EN.iter().find(|(name, _)| *name == word(place)).map(|(_, day)| *day);
    if day.is_none() && word(place) != "day" {
        return None;
    }
    place += 1;
    if !matches!(word(place), "of" | "in") {
        return None;
    }
    place += 1;
    if word(place) == "the" {
        place += 1;
    }
    let this = today.first_of_month();
    let (first, end) = match (word(place), word(place + 1)) {
        ("next", "month") => (this.checked_add(1.month()).ok()?, place + 2),
        ("this", "month") => (this, place + 2),
        ("month", _) => (this, place + 1),
        (month, _) => (coming(today, month_en(month)?)?, place + 1),
    };
    let found = match (day, *nth) {
        (Some(day), nth) => weekday(first, nth, day),
        (None, -1) => Ok(first.last_of_month()),
        (None, 1) => Ok(first),
        _ => return None,
    };
    Some((found, text.start(end)))
}
