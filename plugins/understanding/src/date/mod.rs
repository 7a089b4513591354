//! Which day.

mod english;
mod holidays;
mod korean;
mod names;
mod nth;
mod written;

use english::english;
use korean::{counted_ko, korean, korean_figures};
use names::{MONTHS_EN, WEEKDAYS_EN, WEEKDAYS_KO};
use written::written;

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use crate::negation::Mention;
use crate::settle::settle;
use crate::words::{Script, Utterance};
use crate::{Outcome, Understood};

/// A day that was mentioned: or why there is no such day.
type Day = Result<Date, String>;

/// A day, relative to `today`.
///
/// - A day of the month, with or without its month, is the next such day, today included; with a
///   year it is that day.
/// - A weekday by itself (`화요일`, `Tuesday`) is the next one after today. `이번 주 …`, `this …`
///   is the one of the week (Monday to Sunday) that today is in, and `다음 주 …`, `next …` the one
///   of the week after it.
/// - A date that does not exist (`2월 30일`) is not understood, and the explanation says so.
///
/// ```
/// use dialgraph_understanding::{Outcome, date, jiff::civil};
///
/// let friday = civil::date(2026, 11, 20);
/// assert_eq!(date("다음 주 화요일이요", friday).value(), Some(&civil::date(2026, 11, 24)));
/// assert_eq!(date("in two weeks", friday).value(), Some(&civil::date(2026, 12, 4)));
/// assert_eq!(date("2월 30일", friday).outcome, Outcome::Nothing);
/// assert!(matches!(date("화요일 아니면 수요일", friday).outcome, Outcome::Several(_)));
/// ```
pub fn date(text: &str, today: Date) -> Understood<Date> {
    let text = Utterance::new(text);
    let settled = settle(&text, mentions(&text, today));
    let Understood { outcome, mut why } = settled;
    let mut impossible = |reason: String| {
        why.notes.push(reason);
        why.impossible = true;
    };
    let outcome = match outcome {
        Outcome::One(Ok(day)) => Outcome::One(day),
        Outcome::One(Err(reason)) => {
            impossible(reason);
            Outcome::Nothing
        }
        Outcome::Several(days) => {
            let mut known = Vec::new();
            for day in days {
                match day {
                    Ok(day) => known.push(day),
                    Err(reason) => impossible(reason),
                }
            }
            match known.len() {
                0 | 1 => Outcome::Nothing,
                _ => Outcome::Several(known),
            }
        }
        Outcome::Hold => Outcome::Hold,
        Outcome::Hesitation => Outcome::Hesitation,
        Outcome::Nothing => Outcome::Nothing,
    };
    Understood::new(outcome, why)
}

fn month_en(word: &str) -> Option<i8> {
    let at = MONTHS_EN.iter().position(|month| {
        *month == word
            || (word.len() >= 3 && month[..3] == *word)
            || (word == "sept" && *month == "september")
    })?;
    i8::try_from(at + 1).ok()
}

fn later(from: Date, span: Span) -> Day {
    from.checked_add(span).map_err(|_| "that day is too far away".to_owned())
}

fn mentions(text: &Utterance, today: Date) -> Vec<Mention<Day>> {
    let mut found: Vec<Mention<Day>> = Vec::new();
    let flat = text.flat();
    let mut place = 0;
    let mut before = ' ';
    while let Some(c) = flat.get(place..).and_then(|rest| rest.chars().next()) {
        let start = text.is_start(place);
        if let Some((day, end)) = day_at(text, place, before, today).filter(|(_, end)| *end > place)
        {
            let (day, end) = beside(text, day, end);
            found.push(Mention { value: day, from: place, to: end });
            before = ' ';
            place = end;
            continue;
        }
        // `Tomorrow or the day after`, `내일이나 그다음 날`.
        let another = found.last().and_then(|last| {
            let day = *last.value.as_ref().ok()?;
            let (days, end) = day_beside(text, place)?;
            Some((later(day, days.days()), end))
        });
        if let Some((day, end)) = another {
            found.push(Mention { value: day, from: place, to: end });
            before = ' ';
            place = end;
            continue;
        }
        // A figure is taken as a whole or not at all.
        if start && text.words[text.word_at(place)].script != Script::Hangul {
            place = text.end(text.word_at(place));
            before = ' ';
            continue;
        }
        before = c;
        place += c.len_utf8();
    }
    agree(text, found)
}

/// The day after another one, or before it, which was told already.
fn day_beside(text: &Utterance, place: usize) -> Option<(i64, usize)> {
    const BESIDE: &[(&str, i64)] =
        &[("그다음날", 1), ("그담날", 1), ("그이튿날", 1), ("그전날", -1)];
    if !text.is_start(place) || place >= text.flat().len() {
        return None;
    }
    let at = text.word_at(place);
    let english = [
        ("the day after", 1),
        ("the day before", -1),
        ("the following day", 1),
        ("the next day", 1),
    ]
    .into_iter()
    .find_map(|(phrase, days)| Some((days, text.start(text.is_phrase_at(at, phrase)?))));
    let rest = &text.flat()[place..];
    english.or_else(|| {
        BESIDE
            .iter()
            .find(|(name, _)| rest.starts_with(name))
            .map(|(name, days)| (*days, place + name.len()))
    })
}

/// `크리스마스 다음 날`, `오월 오일 전날`: the day after it, or before it.
fn beside(text: &Utterance, day: Day, end: usize) -> (Day, usize) {
    const BESIDE: &[(&str, i64)] = &[
        ("다음날", 1),
        ("담날", 1),
        ("이튿날", 1),
        ("다다음날", 2),
        ("다음다음날", 2),
        ("전날", -1),
        ("바로다음날", 1),
        ("바로전날", -1),
        ("전전날", -2),
        ("하루전날", -1),
    ];
    let rest = text.flat().get(end..).unwrap_or_default();
    let rest = rest.strip_prefix('의').unwrap_or(rest);
    match BESIDE.iter().find_map(|(name, days)| Some((days, rest.strip_prefix(name)?))) {
        Some((days, tail)) => {
            (day.and_then(|day| later(day, days.days())), text.flat().len() - tail.len())
        }
        // `크리스마스 이틀 전`.
        None => match day.as_ref().ok().and_then(|day| counted_ko(text, end, *day)) {
            Some((other, after)) if text.is_start(end) => (other, after),
            _ => (day, end),
        },
    }
}

/// A weekday next to its date says the same day again: or the two do not fit.
fn agree(text: &Utterance, found: Vec<Mention<Day>>) -> Vec<Mention<Day>> {
    let mut out: Vec<Mention<Day>> = Vec::new();
    for mention in found {
        let weekday = bare_weekday(&text.flat()[mention.from..mention.to]);
        // `일주일 뒤 오늘`: the same weekday.
        if &text.flat()[mention.from..mention.to] == "오늘"
            && out.last().is_some_and(|previous| {
                previous.to == mention.from && text.flat()[..previous.to].ends_with(['뒤', '후'])
            })
        {
            continue;
        }
        let previous = out.last_mut().filter(|previous| {
            let gap = text.flat().get(previous.to..mention.from).unwrap_or("-");
            matches!(
                gap,
                "" | "은"
                    | "the"
                    | "on"
                    | "of"
                    | "이고"
                    | "날"
                    | "에"
                    | "인"
                    | "이"
                    | "morning"
                    | "a"
                    | "which"
                    | "is"
            )
        });
        if let (Some(previous), Ok(day)) = (previous, &mention.value) {
            let before = bare_weekday(&text.flat()[previous.from..previous.to]);
            match (before, weekday, &previous.value) {
                // `3월 15일 월요일`.
                (None, Some(weekday), Ok(date)) => {
                    if date.weekday() != weekday {
                        previous.value = Err(format!("{date} is no {weekday:?}"));
                    }
                    previous.to = mention.to;
                    continue;
                }
                // `Monday, March 15th`.
                (Some(weekday), None, Ok(_)) => {
                    previous.value = if day.weekday() == weekday {
                        Ok(*day)
                    } else {
                        Err(format!("{day} is no {weekday:?}"))
                    };
                    previous.to = mention.to;
                    continue;
                }
                _ => {}
            }
        }
        out.push(mention);
    }
    out
}

fn bare_weekday(words: &str) -> Option<Weekday> {
    WEEKDAYS_KO
        .iter()
        .chain(WEEKDAYS_EN)
        .find(|(name, _)| *name == words.trim_start_matches("on"))
        .map(|(_, weekday)| *weekday)
}

fn day_at(text: &Utterance, place: usize, before: char, today: Date) -> Option<(Day, usize)> {
    let c = text.flat()[place..].chars().next()?;
    if crate::words::is_hangul(c) {
        return korean(text, place, before, today);
    }
    if c.is_ascii_digit() && text.is_start(place) {
        let at = text.word_at(place);
        return written(text, at, today)
            .or_else(|| nth::korean(text, place, today))
            .or_else(|| counted_ko(text, place, today))
            .or_else(|| korean_figures(text, place, today))
            .or_else(|| english(text, at, today));
    }
    if c.is_ascii_alphabetic() && text.is_start(place) {
        return english(text, text.word_at(place), today);
    }
    None
}

fn after(today: Date, weekday: Weekday) -> i64 {
    let days = i64::from(today.weekday().until(weekday));
    if days == 0 { 7 } else { days }
}

fn of_week(today: Date, weeks: i64, weekday: Weekday) -> Day {
    let monday = i64::from(today.weekday().to_monday_zero_offset());
    later(today, (weeks * 7 - monday + i64::from(weekday.to_monday_zero_offset())).days())
}

fn exact(year: i16, month: i64, day: i64) -> Day {
    let impossible = || format!("there is no {year}-{month:02}-{day:02}");
    let (Ok(month_of), Ok(day_of)) = (i8::try_from(month), i8::try_from(day)) else {
        return Err(impossible());
    };
    Date::new(year, month_of, day_of).map_err(|_| impossible())
}

/// The next such day of a year, today included.
fn next_such(today: Date, month: i64, day: i64) -> Day {
    let this_year = exact(today.year(), month, day);
    match this_year {
        Ok(date) if date >= today => Ok(date),
        Ok(_) => exact(today.year() + 1, month, day),
        // 29 February of a year that has none may be the next year's.
        Err(reason) => exact(today.year() + 1, month, day).map_err(|_| reason),
    }
}

/// The next such day of a month that has it, today included.
fn next_day(today: Date, day: i64) -> Day {
    let mut month = today.first_of_month();
    for _ in 0..3 {
        if let Ok(date) = exact(month.year(), i64::from(month.month()), day)
            && date >= today
        {
            return Ok(date);
        }
        match month.checked_add(1.month()) {
            Ok(next) => month = next,
            Err(_) => break,
        }
    }
    Err(format!("no month has a day {day}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;

    fn read(text: &str) -> Option<String> {
        date(text, day(2026, 11, 20)).value().map(ToString::to_string)
    }

    #[test]
    fn days() {
        for (text, expected) in [
            ("오늘이요", "2026-11-20"),
            ("내일", "2026-11-21"),
            ("모레 오후 세 시 반", "2026-11-22"),
            ("글피요", "2026-11-23"),
            ("어제", "2026-11-19"),
            ("다음 주 화요일", "2026-11-24"),
            ("다음주 화요일이요", "2026-11-24"),
            ("이번 주 금요일", "2026-11-20"),
            ("이번 주 토요일", "2026-11-21"),
            ("3월 15일", "2027-03-15"),
            ("삼월 십오일", "2027-03-15"),
            ("15일이요", "2026-12-15"),
            ("25일", "2026-11-25"),
            ("사흘 뒤", "2026-11-23"),
            ("2주 후", "2026-12-04"),
            ("일주일 뒤요", "2026-11-27"),
            ("next Tuesday", "2026-11-24"),
            ("next Tuesday at half past two", "2026-11-24"),
            ("tomorrow", "2026-11-21"),
            ("the day after tomorrow", "2026-11-22"),
            ("in two weeks", "2026-12-04"),
            ("March 3rd", "2027-03-03"),
            ("3/15", "2027-03-15"),
            ("2026-12-24", "2026-12-24"),
            ("2026.12.24", "2026-12-24"),
            ("the 21st", "2026-11-21"),
            ("the third of March", "2027-03-03"),
            ("화요일", "2026-11-24"),
            ("12월24일이요", "2026-12-24"),
            ("십이월 이십사일", "2026-12-24"),
            ("유월 육일", "2027-06-06"),
            ("시월 삼일", "2027-10-03"),
            ("이십일일이요", "2026-11-21"),
            ("십일일", "2026-12-11"),
            ("내일모레요", "2026-11-22"),
            ("한 달 뒤", "2026-12-20"),
            ("다음 달 3일", "2026-12-03"),
            ("march twenty first", "2027-03-21"),
            ("화요일 아니 수요일", "2026-11-25"),
            ("오늘 말고 내일이요", "2026-11-21"),
            ("not Tuesday, Wednesday", "2026-11-25"),
            ("예약은다음주화요일이요", "2026-11-24"),
            ("2026년 12월 24일", "2026-12-24"),
            ("이천이십육년 십이월 이십사일", "2026-12-24"),
            ("a week from Tuesday", "2026-12-01"),
            ("3일 뒤요", "2026-11-23"),
            ("11월 24일 화요일", "2026-11-24"),
            ("Monday, December 7th", "2026-12-07"),
            ("three days from now", "2026-11-23"),
            ("Wednesday, no, Thursday", "2026-11-26"),
            ("일일이요", "2026-12-01"),
            ("이일", "2026-12-02"),
        ] {
            assert_eq!(
                read(text).as_deref(),
                Some(expected),
                "{text}: {:?}",
                date(text, day(2026, 11, 20))
            );
        }
    }

    #[test]
    fn no_days() {
        for text in [
            "2월 30일",
            "13월 1일",
            "2월 29일이요",
            "32일",
            "February 30th",
            "모르겠어요",
            "세 시요",
            "11월 24일 수요일",
            "one moment",
            "at three",
            "3일 동안",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn two_days_are_ambiguous() {
        for text in ["화요일 아니면 수요일", "Tuesday or Wednesday", "내일이나 모레요"]
        {
            assert!(matches!(date(text, day(2026, 11, 20)).outcome, Outcome::Several(_)), "{text}");
        }
    }
}
