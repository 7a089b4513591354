//! Times of day that are said and do not exist: nothing else than a reason to tell the caller so.

use crate::numerals::numeral_at;
use crate::words::{Script, Utterance};

/// Hours of a day, and minutes of an hour.
const HOURS: i64 = 24;
const MINUTES: i64 = 60;

/// What was said, where it has the form of a time and is none: `25시`, `스물다섯 시`, `25:00`,
/// `12:75`, `25 o'clock`.
pub(crate) fn no_such_time(text: &Utterance) -> Option<String> {
    (0..text.words.len()).find_map(|at| by_clock(text, at).or_else(|| by_hour(text, at)))
}

fn by_clock(text: &Utterance, first: usize) -> Option<String> {
    let figure = |at: usize| {
        let word = text.words.get(at).filter(|word| word.script == Script::Figure)?;
        (word.text.len() <= 2).then(|| word.text.parse::<i64>().ok()).flatten()
    };
    let hour = figure(first)?;
    text.words.get(first + 1).filter(|sign| sign.text == ":")?;
    let minute = figure(first + 2)?;
    let is_one = hour < HOURS && minute < MINUTES || hour == HOURS && minute == 0;
    (!is_one).then(|| format!("{hour}:{minute:02}"))
}

fn by_hour(text: &Utterance, first: usize) -> Option<String> {
    let place = text.start(first);
    let numeral = numeral_at(text, place)?;
    let hour = numeral.value.as_whole()?;
    let rest = &text.flat()[numeral.to..];
    let korean = rest.strip_prefix('시').is_some_and(|tail| !tail.starts_with('간'));
    let english = || {
        let next = text.word_at(numeral.to.max(1) - 1) + 1;
        next < text.words.len()
            && ["oclock", "o clock"].iter().any(|word| text.is_phrase_at(next, word).is_some())
    };
    (hour > HOURS && (korean || english())).then(|| format!("{hour}:00"))
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, time};

    #[test]
    fn a_time_that_does_not_exist_is_told_from_words_that_are_none() {
        for said in
            ["25시요", "스물다섯 시", "25:00", "at 27:90", "12:75", "25 o'clock", "30시 30분"]
        {
            let understood = time(said);
            assert_eq!(understood.outcome, Outcome::Nothing, "{said}");
            assert!(understood.why.impossible, "{said}: {}", understood.why);
        }
        for said in ["24시", "세 시", "25 people", "스물다섯 명", "25시간", "whenever", "24:00"]
        {
            assert!(!time(said).why.impossible, "{said}");
        }
    }
}
