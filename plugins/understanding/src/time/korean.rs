//! Hours in Korean.

use super::{Part, Reading, TimeOfDay, at};
use crate::numerals::{Kind, numeral_at};
use crate::words::Utterance;

/// `세 시 반`, `15시 30분`, `열두 시 십오 분 전`, `정오`, `자정`.
pub(super) fn korean(text: &Utterance, place: usize, part: Part) -> Option<(Reading, usize)> {
    let flat = text.flat();
    let rest = &flat[place..];
    for (name, hour) in [("정오", 12), ("자정", 0)] {
        if rest.starts_with(name) {
            return Some((Reading::exact(hour, 0), place + name.len()));
        }
    }
    let (value, after) = hours(text, place)?;
    let mut to = after;
    let tail = &flat[to..];
    // `시간`, `시까지` are told apart: a length is no time.
    if tail.starts_with('간') && !tail.starts_with("간에") {
        return None;
    }
    let part = match part {
        // `저녁 한 시` is one in the afternoon to nobody: it is taken for the night.
        Part::Night if value == 12 && flat[..place].ends_with("저녁") => Part::Night,
        part => part,
    };
    let mut minute = 0;
    let mut back = false;
    let minutes_at = to;
    if tail.starts_with('반') {
        minute = 30;
        to += '반'.len_utf8();
    } else if let Some(numeral) = numeral_at(text, minutes_at)
        .filter(|numeral| !matches!(numeral.kind, Kind::Ordinal | Kind::Native | Kind::Determiner))
    {
        if let Some(rest) = flat[numeral.to..].strip_prefix('분') {
            minute = numeral.value.as_whole()?;
            to = flat.len() - rest.len();
            if minute >= 60 {
                return None;
            }
            if rest.starts_with('전') && !rest.starts_with("전화") {
                back = true;
                to += '전'.len_utf8();
            }
        }
    } else if tail.starts_with("정각") {
        to += "정각".len();
    }
    let time = at(value, minute, part)?;
    if !back {
        return Some((time, to));
    }
    // `세 시 십 분 전`.
    let whole = at(value, 0, part)?;
    let minutes = (i64::from(whole.time.hour) * 60 + 24 * 60 - minute) % (24 * 60);
    Some((
        Reading {
            time: TimeOfDay {
                hour: u8::try_from(minutes / 60).ok()?,
                minute: u8::try_from(minutes % 60).ok()?,
            },
            open: whole.open,
        },
        to,
    ))
}

/// A number of hours with its 시, and where that ends.
fn hours(text: &Utterance, place: usize) -> Option<(i64, usize)> {
    #[rustfmt::skip]
    const DETERMINERS: &[(&str, i64)] = &[
        ("열한", 11), ("열두", 12), ("열세", 13), ("열네", 14), ("열다섯", 15), ("열여섯", 16),
        ("열일곱", 17), ("열여덟", 18), ("열아홉", 19), ("스무", 20), ("열하나", 11), ("열둘", 12),
        ("한", 1), ("두", 2), ("세", 3), ("네", 4), ("다섯", 5), ("여섯", 6), ("일곱", 7),
        ("여덟", 8), ("여덜", 8), ("아홉", 9), ("열", 10), ("다서", 5),
    ];
    let flat = text.flat();
    let rest = &flat[place..];
    let found = DETERMINERS.iter().find_map(|(name, value)| {
        let tail = rest.strip_prefix(name)?.strip_prefix('시')?;
        Some((*value, flat.len() - tail.len()))
    });
    if found.is_some() {
        return found;
    }
    let numeral = numeral_at(text, place)
        .filter(|numeral| matches!(numeral.kind, Kind::Figure | Kind::Sino))?;
    let tail = flat[numeral.to..].strip_prefix('시')?;
    // `이 시간`, `일시불`: words.
    let single = flat[place..numeral.to].chars().count() == 1 && numeral.kind == Kind::Sino;
    if single && (tail.starts_with('간') || tail.starts_with('불')) {
        return None;
    }
    Some((numeral.value.as_whole()?, flat.len() - tail.len()))
}
