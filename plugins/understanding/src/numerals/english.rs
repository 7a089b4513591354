//! English numerals.

use super::decimal::LARGEST;
use super::{Decimal, Kind, Numeral, english_value, ordinal_value};
use crate::words::Utterance;

pub(super) fn english_at(text: &Utterance, first: usize) -> Option<Numeral> {
    let word = |at: usize| {
        text.words
            .get(at)
            .filter(|word| at == first || !word.pause)
            .map_or("", |word| word.text.as_str())
    };
    let from = text.start(first);
    let done = |value: Decimal, end: usize, kind: Kind, one_by_one: bool| {
        Some(Numeral { value, kind, from, to: text.start(end), one_by_one })
    };
    if let Some(end) = text.is_phrase_at(first, "half a dozen") {
        return done(Decimal::whole(6), end, Kind::English, false);
    }
    if let Some(end) = text.is_phrase_at(first, "half a million") {
        return done(Decimal::whole(500_000), end, Kind::English, false);
    }
    if let Some(end) = text.is_phrase_at(first, "one half") {
        return done(Decimal::half(), end, Kind::English, false);
    }
    match word(first) {
        "half" if !matches!(word(first + 1), "past" | "of") => {
            return done(Decimal::half(), first + 1, Kind::English, false);
        }
        "dozen" => return done(Decimal::whole(12), first + 1, Kind::English, false),
        "couple" => return done(Decimal::whole(2), first + 1, Kind::English, false),
        _ => {}
    }
    let mut total: i128 = 0;
    let mut section: i128 = 0;
    let mut at = first;
    let mut last: Option<i64> = None;
    let mut digits = 0;
    let mut units = false;
    let mut one_by_one = false;
    if matches!(word(first), "a" | "an") {
        if !matches!(word(first + 1), "hundred" | "thousand" | "million" | "dozen" | "couple") {
            return None;
        }
        match word(first + 1) {
            "dozen" => return done(Decimal::whole(12), first + 2, Kind::English, false),
            "couple" => {
                let factor = match word(first + 2) {
                    "hundred" => 100,
                    "thousand" | "grand" => 1000,
                    _ => return done(Decimal::whole(2), first + 2, Kind::English, false),
                };
                return done(Decimal::whole(2 * factor), first + 3, Kind::English, false);
            }
            _ => {}
        }
        section = 1;
        at += 1;
    }
    loop {
        let now = word(at);
        if let Some(value) = english_value(now) {
            let fits = match last {
                None => true,
                // `twenty one`.
                Some(tens) => {
                    (20..100).contains(&tens) && tens % 10 == 0 && (1..10).contains(&value)
                }
            };
            if !fits {
                // `one two three`: digits one by one.
                let single = last.is_some_and(|last| last < 10) && value < 10 && !units;
                if !single || digits >= 15 {
                    break;
                }
                section = section * 10 + i128::from(value);
                one_by_one = true;
            } else {
                section += i128::from(value);
            }
            digits += 1;
            last = Some(value);
        } else if let Some(value) = ordinal_value(now) {
            // `twenty first`.
            let fits = last.is_none() && section == 0
                || last
                    .is_some_and(|tens| (20..100).contains(&tens) && tens % 10 == 0 && value < 10);
            if fits {
                return done(
                    Decimal::whole(1).times(total + section + i128::from(value))?,
                    at + 1,
                    Kind::Ordinal,
                    false,
                );
            }
            break;
        } else if now == "hundred" && section > 0 && section < 100 {
            section *= 100;
            units = true;
            last = None;
        } else if matches!(now, "thousand" | "million" | "billion" | "k" | "grand") && section > 0 {
            let factor: i128 = match now {
                "million" => 1_000_000,
                "billion" => 1_000_000_000,
                _ => 1000,
            };
            total += section.checked_mul(factor)?;
            section = 0;
            units = true;
            last = None;
        } else if now == "and" && units && (english_value(word(at + 1)).is_some()) && last.is_none()
        {
            // `a hundred and five`.
        } else {
            break;
        }
        at += 1;
        if total > LARGEST {
            return None;
        }
    }
    if at == first || (last.is_none() && !units) {
        return None;
    }
    let mut value = Decimal::whole(1).times(total + section)?;
    if word(at) == "point" {
        let mut part = String::new();
        let mut end = at + 1;
        while let Some(digit) = english_value(word(end))
            .filter(|digit| *digit < 10)
            .or_else(|| matches!(word(end), "oh" | "o").then_some(0))
        {
            part.push_str(&digit.to_string());
            end += 1;
        }
        if let Some(decimals) = Decimal::parse(&format!("0.{part}")).filter(|_| !part.is_empty()) {
            // `One point five million`.
            let factor = match word(end) {
                "hundred" => 100,
                "thousand" | "grand" | "k" => 1000,
                "million" => 1_000_000,
                "billion" => 1_000_000_000,
                _ => return done(value.plus(decimals), end, Kind::English, false),
            };
            return done(value.plus(decimals).times(factor)?, end + 1, Kind::English, false);
        }
    }
    if let Some(end) = text.is_phrase_at(at, "and a half") {
        value = value.plus(Decimal::half());
        return done(value, end, Kind::English, false);
    }
    done(value, at, Kind::English, one_by_one)
}
