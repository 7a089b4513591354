//! Days in English.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use super::names::{DAYS_EN, WEEKDAYS_EN};
use super::{Day, after, exact, holidays, later, month_en, next_day, next_such, nth, of_week};
use crate::numerals::{Kind, numeral_at};
use crate::words::Utterance;

pub(super) fn english(text: &Utterance, at: usize, today: Date) -> Option<(Day, usize)> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let end_of = |at: usize| text.start(at);
    let weekday_at = |at: usize| {
        WEEKDAYS_EN.iter().find(|(name, _)| *name == word(at)).map(|(_, weekday)| *weekday)
    };
    for (phrase, days) in DAYS_EN {
        if let Some(end) = text.is_phrase_at(at, phrase) {
            // `Tomorrow week`.
            if word(end) == "week" && word(end + 1) != "is" {
                return Some((later(today, (days + 7).days()), end_of(end + 1)));
            }
            return Some((later(today, days.days()), end_of(end)));
        }
    }
    // `The day after Christmas`, `the day before the fifth`.
    for (phrase, days) in
        [("the day after", 1), ("day after", 1), ("the day before", -1), ("day before", -1)]
    {
        if let Some(end) = text.is_phrase_at(at, phrase)
            && end < text.words.len()
            && let Some((Ok(day), to)) =
                holidays::named(text, end, today).or_else(|| english(text, end, today))
        {
            return Some((later(day, days.days()), to));
        }
    }
    if let Some(found) =
        holidays::english(text, at, today).or_else(|| nth::english(text, at, today))
    {
        return Some(found);
    }
    // `a week from Tuesday`, `two weeks from today`, `in two weeks`, `3 days from now`,
    // `a month from now`, `three days ago`.
    if let Some(found) = counted_en(text, at, today) {
        return Some(found);
    }
    match word(at) {
        "next" | "this" | "coming" | "following" | "last" => {
            let mut day_at = at + 1;
            if word(day_at) == "coming" || word(day_at) == "week" {
                day_at += 1;
            }
            if word(day_at) == "on" {
                day_at += 1;
            }
            if let Some(weekday) = weekday_at(day_at) {
                let this_week = |end: usize| {
                    matches!((word(end), word(end + 1)), ("this", "week") | ("next", "week"))
                };
                let weeks = match word(at) {
                    "next" => 1,
                    "last" => -1,
                    "coming" | "following" => {
                        return Some((
                            later(today, after(today, weekday).days()),
                            end_of(day_at + 1),
                        ));
                    }
                    _ => 0,
                };
                let end = if this_week(day_at + 1) { day_at + 3 } else { day_at + 1 };
                // `This Monday` on a Friday is the coming one, not the one that has passed.
                if word(at) == "this" && word(at + 1) != "week" {
                    let days = i64::from(today.weekday().until(weekday));
                    return Some((later(today, days.days()), end_of(end)));
                }
                return Some((of_week(today, weeks, weekday), end_of(end)));
            }
            if word(at + 1) == "month" {
                let mut after = at + 2;
                while matches!(word(after), "on" | "the") {
                    after += 1;
                }
                let day = numeral_at(text, text.start(after)).filter(|numeral| {
                    numeral.kind == Kind::Ordinal || numeral.kind == Kind::Figure
                })?;
                let months = if word(at) == "next" { 1 } else { 0 };
                let first = today.first_of_month().checked_add(months.months()).ok()?;
                return Some((
                    exact(first.year(), i64::from(first.month()), day.value.as_whole()?),
                    day.to,
                ));
            }
            return None;
        }
        "week" => {
            // `the week after next on Tuesday`.
            let end = text.is_phrase_at(at, "week after next")?;
            let day_at = if word(end) == "on" { end + 1 } else { end };
            let weekday = weekday_at(day_at)?;
            return Some((of_week(today, 2, weekday), end_of(day_at + 1)));
        }
        _ => {}
    }
    if let Some(weekday) = weekday_at(at) {
        // `Tuesday next week`, `Friday this week`, `Tuesday after next`,
        // `Tuesday the week after next`.
        let mut end = at + 1;
        if matches!(word(end), "of" | "the" | "in") {
            end += 1;
        }
        for (phrase, weeks) in
            [("next week", 1), ("this week", 0), ("week after next", 2), ("last week", -1)]
        {
            if let Some(end) = text.is_phrase_at(end, phrase) {
                return Some((of_week(today, weeks, weekday), end_of(end)));
            }
        }
        // `The Monday after next`: a week after `next Monday`.
        if word(at + 1) == "after" && word(at + 2) == "next" {
            return Some((of_week(today, 2, weekday), end_of(at + 3)));
        }
        // `Wednesday week`.
        if word(at + 1) == "week" {
            return Some((later(today, (after(today, weekday) + 7).days()), end_of(at + 2)));
        }
        return Some((later(today, after(today, weekday).days()), end_of(at + 1)));
    }
    month_day_en(text, at, today)
}

fn counted_en(text: &Utterance, at: usize, today: Date) -> Option<(Day, usize)> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let within = word(at) == "in";
    let from = if within { at + 1 } else { at };
    let about = matches!(word(from), "about" | "exactly" | "like");
    let from = if about { from + 1 } else { from };
    let (amount, unit_at) = match word(from) {
        "a" | "an" if matches!(word(from + 1), "couple" | "few") => (
            if word(from + 1) == "couple" { 2 } else { return None },
            if word(from + 2) == "of" { from + 3 } else { from + 2 },
        ),
        "a" | "an" => (1, from + 1),
        _ => {
            let numeral = numeral_at(text, text.start(from))
                .filter(|numeral| matches!(numeral.kind, Kind::English | Kind::Figure))?;
            (numeral.value.as_whole()?, text.word_at(numeral.to - 1) + 1)
        }
    };
    if !(0..=10_000).contains(&amount) {
        return None;
    }
    let span: Span = match word(unit_at) {
        "day" | "days" => amount.days(),
        "week" | "weeks" => amount.weeks(),
        "fortnight" => (amount * 2).weeks(),
        "month" | "months" => amount.months(),
        "year" | "years" => amount.years(),
        _ => return None,
    };
    let after_unit = unit_at + 1;
    let end = text.start(after_unit);
    let (base, end) = match (word(after_unit), word(after_unit + 1)) {
        ("from", "now" | "today") => (today, text.start(after_unit + 2)),
        ("from" | "after", "tomorrow") => {
            (later(today, 1.days()).ok()?, text.start(after_unit + 2))
        }
        // `Two days before Christmas`.
        ("before" | "after", _)
            if holidays::named(text, after_unit + 1, today).is_some()
                || text.words.get(after_unit + 1).is_some_and(|word| word.text == "the") =>
        {
            let (day, end) = holidays::named(text, after_unit + 1, today)
                .or_else(|| english(text, after_unit + 1, today))?;
            let span = if word(after_unit) == "before" { span.negate() } else { span };
            return Some((later(day.ok()?, span), end));
        }
        ("from" | "after", day) => {
            let (_, weekday) = WEEKDAYS_EN.iter().find(|(name, _)| *name == day)?;
            (later(today, after(today, *weekday).days()).ok()?, text.start(after_unit + 2))
        }
        // `A week on Wednesday`, `a fortnight today`.
        ("on", day) if !within => {
            let (_, weekday) = WEEKDAYS_EN.iter().find(|(name, _)| *name == day)?;
            (later(today, after(today, *weekday).days()).ok()?, text.start(after_unit + 2))
        }
        (day, _) if !within && WEEKDAYS_EN.iter().any(|(name, _)| *name == day) => {
            let (_, weekday) = WEEKDAYS_EN.iter().find(|(name, _)| *name == day)?;
            (later(today, after(today, *weekday).days()).ok()?, text.start(after_unit + 1))
        }
        ("today", _) if !within => (today, text.start(after_unit + 1)),
        ("tomorrow", _) if !within => (later(today, 1.days()).ok()?, text.start(after_unit + 1)),
        ("later", _) | ("hence", _) => (today, text.start(after_unit + 1)),
        ("ago", _) => return Some((later(today, span.negate()), text.start(after_unit + 1))),
        _ if within && word(after_unit) != "time" => (today, end),
        ("time", _) if within => (today, text.start(after_unit + 1)),
        _ => return None,
    };
    Some((later(base, span), end))
}

/// `March 3rd`, `the 3rd of March`, `March third 2027`, `the 21st`.
fn month_day_en(text: &Utterance, at: usize, today: Date) -> Option<(Day, usize)> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    let number = |at: usize| {
        let numeral = numeral_at(text, text.words.get(at).map(|_| text.start(at))?)?;
        let value = numeral.value.as_whole()?;
        Some((value, numeral.kind, text.word_at(numeral.to.saturating_sub(1)) + 1))
    };
    let with_year = |month: i64, day: i64, end: usize| {
        // `March 3rd 2027`, `twenty twenty seven`.
        if let Some((year, Kind::Figure, after)) =
            number(end).filter(|(year, ..)| (1900..=9999).contains(year))
        {
            return (exact(i16::try_from(year).unwrap_or(i16::MAX), month, day), text.start(after));
        }
        if word(end) == "next" && word(end + 1) == "year" {
            return (exact(today.year() + 1, month, day), text.start(end + 2));
        }
        if matches!(word(end), "this" | "last") && word(end + 1) == "year" {
            let years = i16::from(word(end) == "last");
            return (exact(today.year() - years, month, day), text.start(end + 2));
        }
        (next_such(today, month, day), text.start(end))
    };
    if let Some(month) = month_en(word(at)) {
        let mut next = at + 1;
        if word(next) == "the" {
            next += 1;
        }
        let (day, kind, end) = number(next)?;
        let clock = matches!(word(end), "am" | "pm" | "oclock");
        if matches!(kind, Kind::Native | Kind::Sino | Kind::Determiner) || clock || day > 99 {
            return None;
        }
        return Some(with_year(i64::from(month), day, end));
    }
    let the = word(at) == "the";
    let day_at = if the { at + 1 } else { at };
    let (day, kind, mut end) = number(day_at)?;
    if word(end) == "day" {
        end += 1;
    }
    let of = if word(end) == "of" { end + 1 } else { end };
    if matches!(kind, Kind::Ordinal | Kind::Figure | Kind::English)
        && let Some(month) = month_en(word(of))
        && (of > end || month_word(word(of)))
    {
        return Some(with_year(i64::from(month), day, of + 1));
    }
    if kind == Kind::Ordinal
        && word(end) == "of"
        && matches!(word(end + 1), "next" | "this" | "the")
    {
        let month_at = if word(end + 1) == "the" { end + 2 } else { end + 1 };
        if word(month_at + 1) == "month" || word(month_at) == "month" {
            let months = i64::from(word(month_at) == "next");
            let first = today.first_of_month().checked_add(months.months()).ok()?;
            let end = if word(month_at) == "month" { month_at + 1 } else { month_at + 2 };
            return Some((exact(first.year(), i64::from(first.month()), day), text.start(end)));
        }
    }
    // `The first one`, `one second` are no days.
    let thing = matches!(
        word(end),
        "one" | "option" | "time" | "thing" | "floor" | "of" | "person" | "choice"
    );
    let second = word(day_at) == "second" && !the;
    let first = word(day_at) == "first" && !the;
    (kind == Kind::Ordinal && !thing && !second && !first)
        .then(|| (next_day(today, day), text.start(end)))
}

fn month_word(word: &str) -> bool {
    !matches!(word, "may" | "mar")
}
