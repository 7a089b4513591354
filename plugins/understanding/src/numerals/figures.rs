//! Figures, with units in words after them.

use super::{DIGIT_LIKE_ENDINGS, Decimal, Kind, LARGE_UNITS, Numeral, SMALL_UNITS, sino_at};
use crate::words::{Script, Utterance};

pub(super) fn figure_at(text: &Utterance, from: usize) -> Option<Numeral> {
    if !text.is_start(from) {
        return None;
    }
    let at = text.word_at(from);
    let word = &text.words[at];
    if word.script != Script::Figure {
        return None;
    }
    let mut value = Decimal::parse(&word.text)?;
    let mut kind = Kind::Figure;
    let mut end = at + 1;
    let mut to = text.start(end);
    let next = |end: usize| {
        text.words.get(end).filter(|word| !word.pause).map_or("", |word| word.text.as_str())
    };
    if text.words.get(end).is_some_and(|word| !word.spaced)
        && matches!(next(end), "st" | "nd" | "rd" | "th")
    {
        return Some(Numeral {
            value,
            kind: Kind::Ordinal,
            from,
            to: text.start(end + 1),
            one_by_one: false,
        });
    }
    match next(end) {
        "hundred" | "thousand" | "million" | "billion" | "k" => {
            let factor = match next(end) {
                "hundred" => 100,
                "thousand" | "k" => 1000,
                "million" => 1_000_000,
                _ => 1_000_000_000,
            };
            value = value.times(factor)?;
            end += 1;
            kind = Kind::English;
            to = text.start(end);
        }
        _ => {}
    }
    if text.is_phrase_at(end, "and a half").is_some() {
        return Some(Numeral {
            value: value.plus(Decimal::half()),
            kind,
            from,
            to: text.start(end + 3),
            one_by_one: false,
        });
    }
    // `3만 5천`: sections with units.
    let mut total = Decimal::whole(0);
    let mut section = Decimal::whole(0);
    let mut current = Some(value);
    let mut place = to;
    let mut any = false;
    loop {
        let c = text.flat().get(place..).and_then(|rest| rest.chars().next());
        let Some(c) = c else { break };
        let unit_apart = text.is_start(place) && text.words[text.word_at(place)].pause;
        if unit_apart {
            break;
        }
        if let Some((_, factor)) = SMALL_UNITS.iter().find(|(unit, _)| *unit == c) {
            if current.is_none() && !any {
                break;
            }
            section = section.plus(current.take().unwrap_or(Decimal::whole(1)).times(*factor)?);
        } else if let Some((_, factor)) = LARGE_UNITS.iter().find(|(unit, _)| *unit == c) {
            // `3만 필요해요` is thirty thousand, and `3만요`, `5만` are; `세 개만` is a particle,
            // after a counter.
            let whole = section.plus(current.take().unwrap_or(Decimal::whole(0)));
            if whole == Decimal::whole(0) {
                break;
            }
            total = total.plus(whole.times(*factor)?);
            section = Decimal::whole(0);
        } else if any && current.is_none() && c.is_ascii_digit() && text.is_start(place) {
            let word = text.word_at(place);
            current = Some(Decimal::parse(&text.words[word].text)?);
            place = text.end(word);
            to = place;
            continue;
        } else if any
            && current.is_none()
            && !DIGIT_LIKE_ENDINGS.contains(&&text.flat()[place..text.eojeol_end(place)])
        {
            // `3만 오천`: words after figures.
            match sino_at(text, place) {
                Some(more) => {
                    section = section.plus(more.value);
                    to = more.to;
                    break;
                }
                None => break,
            }
        } else {
            break;
        }
        any = true;
        place += c.len_utf8();
        to = place;
    }
    if any {
        value = total.plus(section).plus(current.unwrap_or(Decimal::whole(0)));
    }
    Some(Numeral { value, kind, from, to, one_by_one: !any && kind == Kind::Figure })
}
