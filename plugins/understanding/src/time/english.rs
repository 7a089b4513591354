//! Hours in English, and in figures.

use super::{Part, Reading, TimeOfDay, at};
use crate::negation::Mention;
use crate::numerals::{Kind, numeral_at};
use crate::words::{Script, Utterance};

fn half_of_day(text: &Utterance, at: usize) -> Option<(Part, usize)> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    #[rustfmt::skip]
    let parts: &[(&str, Part)] = &[
        ("am", Part::Morning), ("a m", Part::Morning), ("pm", Part::Afternoon),
        ("p m", Part::Afternoon), ("in the morning", Part::Morning),
        ("in the afternoon", Part::Afternoon), ("in the evening", Part::Night),
        ("at night", Part::Night), ("tonight", Part::Night), ("this afternoon", Part::Afternoon),
        ("this evening", Part::Night), ("this morning", Part::Morning),
        ("tomorrow morning", Part::Morning), ("tomorrow afternoon", Part::Afternoon),
        ("tomorrow evening", Part::Night), ("morning", Part::Morning),
        ("afternoon", Part::Afternoon), ("evening", Part::Night), ("for dinner", Part::Night),
        ("dinner", Part::Night), ("for supper", Part::Night), ("for a dinner", Part::Night),
        ("for breakfast", Part::Morning), ("for lunch", Part::Noon), ("for brunch", Part::Noon),
        ("for drinks", Part::Night), ("for our dinner", Part::Night), ("for a late dinner", Part::Night),
        ("a", Part::Unsaid),
    ];
    let skipped = if matches!(word(at), "oclock" | "sharp" | "ish") { at + 1 } else { at };
    let skipped =
        if word(skipped) == "o" && word(skipped + 1) == "clock" { skipped + 2 } else { skipped };
    let best = parts
        .iter()
        .filter(|(phrase, part)| *part != Part::Unsaid || phrase.len() > 1)
        .filter_map(|(phrase, part)| Some((*part, text.is_phrase_at(skipped, phrase)?)))
        .max_by_key(|(_, end)| *end);
    best.or((skipped > at).then_some((Part::Unsaid, skipped)))
}

/// The half of the day before the hour: `in the afternoon at three`, `morning, nine`.
fn half_before(text: &Utterance, at: usize) -> Part {
    let mut part = Part::Unsaid;
    for word in &text.words[at.saturating_sub(4)..at] {
        match word.text.as_str() {
            "morning" | "breakfast" => part = Part::Morning,
            "afternoon" => part = Part::Afternoon,
            "lunch" | "brunch" | "lunchtime" => part = Part::Noon,
            "evening" | "night" | "tonight" | "dinner" | "supper" => part = Part::Night,
            _ => {}
        }
    }
    part
}

/// `15:30`, `3:30pm`, `3.30 pm`.
pub(super) fn clock(text: &Utterance, first: usize, part: Part) -> Option<(Reading, usize)> {
    let word = &text.words[first];
    let hour: i64 = word.text.parse().ok()?;
    text.words.get(first + 1).filter(|sign| sign.text == ":")?;
    let minutes = text
        .words
        .get(first + 2)
        .filter(|minutes| minutes.script == Script::Figure && minutes.text.len() == 2)?;
    let minute: i64 = minutes.text.parse().ok()?;
    let mut end = first + 3;
    let mut said = part;
    if let Some((half, after)) = half_of_day(text, end) {
        (said, end) = (if half == Part::Unsaid { said } else { half }, after);
    }
    if said == Part::Unsaid {
        said = half_before(text, first);
    }
    if said == Part::Unsaid && word.text.len() == 2 && word.text.starts_with('0') {
        said = Part::Morning;
    }
    Some((at(hour, minute, said)?, text.start(end)))
}

pub(super) fn english(text: &Utterance, first: usize, part: Part) -> Option<(Reading, usize)> {
    let word = |at: usize| text.words.get(at).map_or("", |word| word.text.as_str());
    match word(first) {
        "noon" | "midday" | "noontime" => {
            return Some((Reading::exact(12, 0), text.end(first)));
        }
        "midnight" => return Some((Reading::exact(0, 0), text.end(first))),
        _ => {}
    }
    let number = |at: usize| -> Option<(i64, usize)> {
        let numeral =
            numeral_at(text, text.words.get(at).map(|_| text.start(at))?).filter(|numeral| {
                matches!(numeral.kind, Kind::Figure | Kind::English) && !numeral.one_by_one
                    || numeral.kind == Kind::Figure
            })?;
        Some((numeral.value.as_whole()?, text.word_at(numeral.to - 1) + 1))
    };
    // `half past two`, `quarter to five`, `ten past three`, `twenty-five to six`,
    // `five minutes to three`.
    let offset = match word(first) {
        "half" => Some((30, first + 1)),
        "quarter" => Some((15, first + 1)),
        "a" if word(first + 1) == "quarter" => Some((15, first + 2)),
        _ => number(first).filter(|(minutes, _)| (1..60).contains(minutes)),
    };
    if let Some((minutes, mut next)) = offset {
        if matches!(word(next), "minutes" | "minute" | "mins") {
            next += 1;
        }
        let direction = word(next);
        let half_alone = word(first) == "half"
            && matches!(
                direction,
                "two"
                    | "three"
                    | "four"
                    | "five"
                    | "six"
                    | "seven"
                    | "eight"
                    | "nine"
                    | "ten"
                    | "eleven"
                    | "twelve"
                    | "one"
            );
        let back = matches!(direction, "to" | "before" | "till" | "til" | "of");
        if back || matches!(direction, "past" | "after") || half_alone {
            let hour_at = if half_alone { next } else { next + 1 };
            let named = match word(hour_at) {
                "noon" | "midday" => Some((12, Part::Afternoon, hour_at + 1)),
                "midnight" => Some((12, Part::Morning, hour_at + 1)),
                _ => number(hour_at)
                    .filter(|(hour, _)| (1..=24).contains(hour))
                    .map(|(hour, end)| (hour, Part::Unsaid, end)),
            };
            // `five to six` may be from five to six: only quarters, tens and the like are minutes.
            let minutes_said = matches!(word(first), "half" | "quarter" | "a")
                || matches!(minutes, 5 | 10 | 20 | 25)
                || word(next - 1).starts_with("min");
            if let Some((hour_said, half, mut end)) = named.filter(|_| minutes_said) {
                let mut said = if half == Part::Unsaid { part } else { half };
                if let Some((half, after)) = half_of_day(text, end) {
                    (said, end) = (if half == Part::Unsaid { said } else { half }, after);
                }
                if said == Part::Unsaid {
                    said = half_before(text, first);
                }
                let whole = at(hour_said, 0, said)?;
                let open = whole.open;
                let whole = i64::from(whole.time.hour) * 60;
                let total =
                    if back { (whole + 24 * 60 - minutes) % (24 * 60) } else { whole + minutes };
                return Some((
                    Reading {
                        time: TimeOfDay {
                            hour: u8::try_from(total / 60).ok()?,
                            minute: u8::try_from(total % 60).ok()?,
                        },
                        open,
                    },
                    text.start(end),
                ));
            }
        }
    }
    // `three thirty`, `three pm`, `nine o'clock`, `at three`, `fifteen hundred`.
    // `Oh seven hundred hours`.
    if matches!(word(first), "oh" | "o" | "zero")
        && let Some((hour_said, end)) = hour_word(text, first + 1).filter(|(hour, _)| *hour < 10)
        && word(end) == "hundred"
    {
        let end = if word(end + 1) == "hours" { end + 2 } else { end + 1 };
        return Some((at(hour_said, 0, Part::Morning)?, text.start(end)));
    }
    // `Twenty five o'clock`: the five is none.
    let tens = first.checked_sub(1).map_or("", word);
    if matches!(tens, "twenty" | "thirty" | "forty" | "fifty" | "sixty")
        && !text.words[first].pause
        && hour_word(text, first).is_some_and(|(hour, _)| (1..10).contains(&hour))
    {
        return None;
    }
    let figure = text.words[first].script == Script::Figure;
    if figure && text.words[first].text.contains('.') {
        // `3.30 pm`.
        let (hours, minutes) = text.words[first].text.split_once('.')?;
        let (half, end) = half_of_day(text, first + 1).filter(|(half, _)| *half != Part::Unsaid)?;
        if minutes.len() != 2 {
            return None;
        }
        return Some((at(hours.parse().ok()?, minutes.parse().ok()?, half)?, text.start(end)));
    }
    let (mut hour_said, mut end) = hour_word(text, first)?;
    let mut minute = 0;
    let mut clear = false;
    // A figure of three or four digits with `am`, `pm`: `330 pm`.
    if figure && hour_said >= 100 {
        let length = text.words[first].text.len();
        if !(3..=4).contains(&length) {
            return None;
        }
        half_of_day(text, end).filter(|(half, _)| *half != Part::Unsaid)?;
        (hour_said, minute) = (hour_said / 100, hour_said % 100);
    } else if word(end) == "hundred" && (0..=24).contains(&hour_said) {
        end += 1;
        if word(end) == "hours" {
            end += 1;
        }
        clear = true;
    } else if let Some(minutes) = figure.then(|| minute_figure(text, end)).flatten() {
        // `7 30`, as recognisers write it.
        (minute, end) = (minutes, end + 1);
        clear = true;
    } else if text.words.get(end).is_some_and(|word| !word.pause && word.script == Script::Latin) {
        // Minutes in words: ten and more, or `oh five`.
        let minutes = if matches!(word(end), "oh" | "o") && word(end + 1) != "clock" {
            hour_word(text, end + 1).filter(|(minute, _)| (1..10).contains(minute))
        } else {
            minute_words(text, end)
        };
        if let Some((minutes, after)) = minutes {
            (minute, end) = (minutes, after);
            clear = true;
        }
    }
    let mut said = part;
    if let Some((half, after)) = half_of_day(text, end) {
        (said, end) = (if half == Part::Unsaid { said } else { half }, after);
        clear = true;
    }
    if said == Part::Unsaid {
        said = half_before(text, first);
        clear |= said != Part::Unsaid;
    }
    clear |= word(first).ends_with("ish");
    let before = first.checked_sub(1).map_or("", word);
    // `Dinner for two at eight`.
    let counted = counts(word(end)) || before == "for" && word(end) == "at";
    // `So three would be great`.
    clear |= matches!(before, "so" | "then" | "but")
        && matches!(
            word(end),
            "" | "would"
                | "is"
                | "works"
                | "please"
                | "then"
                | "instead"
                | "sounds"
                | "suits"
                | "if"
        );
    clear |= matches!(
        before,
        "at" | "around"
            | "by"
            | "until"
            | "about"
            | "from"
            | "between"
            | "say"
            | "before"
            | "after"
            | "like"
            | "make"
    );
    // `Between two and three`, `two or three o'clock`, `at two or three`.
    let mut other = end;
    while other < end + 3
        && matches!(
            word(other),
            "or" | "and"
                | "to"
                | "no"
                | "wait"
                | "sorry"
                | "i"
                | "mean"
                | "actually"
                | "not"
                | "maybe"
                | "make"
                | "it"
        )
    {
        other += 1;
    }
    let joined = other > end
        && hour_word(text, other).is_some_and(|(_, after)| {
            half_of_day(text, after).is_some() || clear || other == end + 1 && !counts(word(after))
        })
        || matches!(before, "or" | "and" | "to" | "no" | "not")
            && first >= 2
            && hour_like(text, first - 2);
    clear |= joined;
    if !clear || counted {
        return None;
    }
    let mut said_or_shared = said;
    if said == Part::Unsaid
        && joined
        && let Some((_, after)) = hour_word(text, other)
        && let Some((half, _)) = half_of_day(text, after)
    {
        // `Two or three pm`: both.
        said_or_shared = half;
    }
    Some((at(hour_said, minute, said_or_shared)?, text.start(end)))
}

/// What so many are counted of, which makes the number no hour.
fn counts(next: &str) -> bool {
    matches!(
        next,
        "people"
            | "persons"
            | "of"
            | "hours"
            | "hour"
            | "minutes"
            | "days"
            | "weeks"
            | "months"
            | "tables"
            | "guests"
            | "years"
            | "day"
            | "week"
            | "month"
            | "st"
            | "nd"
            | "rd"
            | "th"
            | "/"
            | "-"
            | ":"
            | "."
            | "percent"
            | "dollars"
            | "kids"
            | "adults"
            | "children"
            | "friends"
            | "others"
    ) || crate::words::is_hangul(next.chars().next().unwrap_or(' '))
}

fn hour_like(text: &Utterance, at: usize) -> bool {
    hour_word(text, at).is_some()
        || matches!(
            text.words[at].text.as_str(),
            "oclock" | "am" | "pm" | "thirty" | "fifteen" | "noon" | "midnight"
        )
}

/// One number word or figure: not the digits one by one that a numeral would join.
fn hour_word(text: &Utterance, at: usize) -> Option<(i64, usize)> {
    let word = text.words.get(at)?;
    if word.script == Script::Figure {
        return Some((word.text.parse().ok()?, at + 1));
    }
    // `Sevenish`.
    let plain = word.text.strip_suffix("ish").unwrap_or(&word.text);
    let numeral =
        numeral_at(&Utterance::new(plain), 0).filter(|numeral| numeral.kind == Kind::English)?;
    let value = numeral.value.as_whole()?;
    if value == 20
        && let Some((one, end)) = text
            .words
            .get(at + 1)
            .and_then(|word| numeral_at(&Utterance::new(&word.text), 0))
            .and_then(|one| one.value.as_whole())
            .filter(|one| (1..5).contains(one))
            .map(|one| (one, at + 2))
    {
        return Some((20 + one, end));
    }
    (value <= 24 && word.text != "half" && word.text != "dozen" && word.text != "couple")
        .then_some((value, at + 1))
}

/// Minutes in two figures after an hour in figures.
fn minute_figure(text: &Utterance, at: usize) -> Option<i64> {
    let word = text.words.get(at)?;
    let hour = text.words.get(at.checked_sub(1)?)?;
    let after = text.words.get(at + 1).map_or("", |word| word.text.as_str());
    let alone = word.script == Script::Figure
        && word.text.len() == 2
        && word.spaced
        && !word.pause
        && hour.text.len() <= 2
        && !counts(after);
    word.text.parse().ok().filter(|minute| alone && minute % 5 == 0 && (0..60).contains(minute))
}

fn minute_words(text: &Utterance, at: usize) -> Option<(i64, usize)> {
    text.words.get(at).filter(|word| word.script == Script::Latin)?;
    let numeral =
        numeral_at(text, text.start(at)).filter(|numeral| numeral.kind == Kind::English)?;
    let value = numeral.value.as_whole().filter(|value| (10..60).contains(value))?;
    (!numeral.one_by_one).then(|| (value, text.word_at(numeral.to - 1) + 1))
}

/// Nothing but numbers and what is said around them: `three`, `two, no, make that three`,
/// `five's too late, four would be perfect`; `세시` without its 시 is none.
pub(super) fn bare(text: &Utterance, part: Part) -> Vec<Mention<Reading>> {
    #[rustfmt::skip]
    const AROUND: &[&str] = &[
        "at", "around", "about", "please", "uh", "um", "the", "it", "is", "make", "let", "us",
        "say", "i", "would", "like", "how", "maybe", "yes", "ok", "well", "정도", "쯤", "no", "that", "sorry", "wait",
        "actually", "not", "too", "late", "early", "for", "me", "be", "perfect", "works", "work", "better", "best", "great",
        "good", "fine", "then", "ish", "or", "thanks", "but", "does", "will", "do", "mean", "meant", "rather", "nah", "suits", "so", "my",
        "could", "can", "we", "a", "bit", "yeah", "okay", "just", "right", "nice", "ideal", "ideally",
    ];
    let mut found = Vec::new();
    let mut end_of_last = 0;
    for (at_word, word) in text.words.iter().enumerate() {
        if at_word < end_of_last {
            continue;
        }
        if let Some((hour_said, end)) = hour_word(text, at_word) {
            if word.text.len() > 2 && word.script == Script::Figure {
                return Vec::new();
            }
            let (minute, end) = minute_words(text, end)
                .or_else(|| Some((minute_figure(text, end)?, end + 1)))
                .unwrap_or((0, end));
            let Some(value) = at(hour_said, minute, part) else { return Vec::new() };
            found.push(Mention { value, from: text.start(at_word), to: text.start(end) });
            end_of_last = end;
        } else if !AROUND.contains(&word.text.as_str()) && !crate::hold::is_filler(&word.text) {
            return Vec::new();
        }
    }
    found
}
