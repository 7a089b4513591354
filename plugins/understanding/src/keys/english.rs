//! One digit said in English, and two of them to choose from.

use super::word;
use crate::numerals::{Kind, numeral_at};
use crate::words::{Script, Utterance};

/// One digit in English or as a figure; not the first of several, and not before something it
/// counts.
pub(super) fn english_digit(text: &Utterance, at: usize) -> Option<(char, usize)> {
    let next = text.words.get(at)?;
    if matches!(next.text.as_str(), "oh" | "o") {
        return Some(('0', at + 1));
    }
    // `Two two, I said two`: the same again, and not twenty-two.
    if word(text, at + 1) == next.text
        && next.script == Script::Latin
        && word(text, at + 2) != next.text
    {
        let alone = Utterance::new(&next.text);
        if let Some(value) = numeral_at(&alone, 0).and_then(|numeral| numeral.value.as_whole())
            && let Some(key) =
                u32::try_from(value).ok().and_then(|value| char::from_digit(value, 10))
            && text.words.len() > 2
        {
            return Some((key, at + 1));
        }
    }
    // `Not three, two`, without its pause.
    if at > 0 && word(text, at - 1) == "not" && next.script == Script::Latin {
        let alone = Utterance::new(&next.text);
        let value = numeral_at(&alone, 0).and_then(|numeral| numeral.value.as_whole());
        if let Some(key) = value
            .and_then(|value| u32::try_from(value).ok())
            .and_then(|value| char::from_digit(value, 10))
            && text.words.get(at + 1).is_some_and(|next| {
                numeral_at(&Utterance::new(&next.text), 0)
                    .and_then(|numeral| numeral.value.as_whole())
                    .is_some_and(|value| (0..10).contains(&value))
            })
        {
            return Some((key, at + 1));
        }
    }
    let numeral = numeral_at(text, text.start(at))?;
    let value = numeral.value.as_whole().filter(|value| (0..10).contains(value))?;
    if !matches!(numeral.kind, Kind::English | Kind::Figure) {
        return None;
    }
    if next.script == Script::Figure && next.text.len() != 1 {
        return None;
    }
    let key = char::from_digit(u32::try_from(value).ok()?, 10)?;
    Some((key, text.word_at(numeral.to - 1) + 1))
}

/// `Either one or two, I honestly don't know which fits`.
pub(super) fn offers_two(text: &Utterance, bare: &[(char, usize, usize)]) -> bool {
    let [(_, _, first), (_, second, end)] = bare else { return false };
    let after = text.words.get(text.word_at(end - 1) + 1);
    text.flat().get(*first..*second) == Some("or")
        && after.is_none_or(|after| {
            after.pause
                || matches!(
                    after.text.as_str(),
                    "i" | "not"
                        | "whichever"
                        | "either"
                        | "it"
                        | "we"
                        | "which"
                        | "maybe"
                        | "whatever"
                )
        })
}
