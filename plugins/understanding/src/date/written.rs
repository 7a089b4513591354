//! Days in figures with signs between them.

use jiff::civil::Date;

use super::{Day, exact, next_such};
use crate::words::{Script, Utterance};

/// `2026-12-24`, `2026.12.24`, `12/24`, `12/24/2026`, `20261224`.
pub(super) fn written(text: &Utterance, at: usize, today: Date) -> Option<(Day, usize)> {
    let figure = |at: usize| {
        let word = text.words.get(at)?;
        (word.script == Script::Figure && !word.text.contains('.'))
            .then(|| word.text.parse::<i64>().ok())
            .flatten()
    };
    let sign = |at: usize| {
        text.words
            .get(at)
            .filter(|word| word.script == Script::Symbol && !word.spaced)
            .map(|word| word.text.as_str())
    };
    let first = figure(at)?;
    let digits = text.words[at].text.len();
    if digits == 8 && first >= 19_000_000 {
        return Some((
            exact(i16::try_from(first / 10_000).ok()?, first / 100 % 100, first % 100),
            text.end(at),
        ));
    }
    // `12.24`: a decimal to the reader of words.
    let separator = sign(at + 1)?;
    if !matches!(separator, "-" | "/" | ".") {
        return None;
    }
    let second = figure(at + 2)?;
    let third = sign(at + 3)
        .filter(|sign| *sign == separator)
        .and_then(|_| Some((figure(at + 4)?, at + 5)));
    let year =
        |year: i64| i16::try_from(if year < 100 { year + 2000 } else { year }).unwrap_or(i16::MAX);
    match third {
        Some((third, end)) if digits == 4 => {
            Some((exact(year(first), second, third), text.start(end)))
        }
        Some((third, end)) if separator == "/" && text.words[at + 4].text.len() >= 2 => {
            let (month, day) = if first > 12 { (second, first) } else { (first, second) };
            Some((exact(year(third), month, day), text.start(end)))
        }
        Some((third, end)) if third <= 31 && digits == 2 => {
            Some((exact(year(first), second, third), text.start(end)))
        }
        Some(_) => None,
        None if separator == "." || digits > 2 => None,
        None => {
            let (month, day) =
                if first > 12 && second <= 12 { (second, first) } else { (first, second) };
            Some((next_such(today, month, day), text.end(at + 2)))
        }
    }
}
