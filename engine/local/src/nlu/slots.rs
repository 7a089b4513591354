//! Finds slot values in a sentence.

use std::collections::BTreeMap;

use crate::nlu::builtin;
use crate::nlu::file::{BUILT_IN_TYPES, LocaleFile, SlotTypeFile};
use crate::text;

/// A value found in a sentence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// Byte range in the (composed) sentence.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What it stands for: all values with these words, in the order of the file. Never empty.
    pub(crate) values: Vec<String>,
}

/// The slot types of one locale.
#[derive(Debug, Default)]
pub(crate) struct SlotTypes {
    custom: BTreeMap<String, Vec<Entry>>,
}

/// Words without spaces, and the value they stand for.
#[derive(Debug)]
struct Entry {
    letters: Vec<char>,
    value: String,
}

/// What a date and a locale-dependent word need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    pub(crate) today: jiff::civil::Date,
}

impl SlotTypes {
    pub(crate) fn new(locale: &LocaleFile) -> Self {
        let custom = locale
            .slot_types
            .iter()
            .map(|(name, slot_type)| (name.clone(), entries(&slot_type.value)))
            .collect();
        Self { custom }
    }

    /// Every value of the type in `sentence` (which must be composed), left to right, not
    /// overlapping. Where several fit at one place the longest words win.
    pub(crate) fn find(&self, slot_type: &str, sentence: &str, context: Context) -> Vec<Found> {
        match self.custom.get(slot_type) {
            Some(entries) => find_entries(entries, &letters(sentence)),
            None if BUILT_IN_TYPES.contains(&slot_type) => {
                builtin::find(slot_type, sentence, context.today)
            }
            None => Vec::new(),
        }
    }

    /// Names of the custom types that have a value in `sentence`.
    pub(crate) fn types_in(&self, sentence: &str) -> Vec<&str> {
        let letters = letters(sentence);
        self.custom
            .iter()
            .filter(|(_, entries)| !find_entries(entries, &letters).is_empty())
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Words for the value number `n` of a type, to put into a sample utterance.
    pub(crate) fn example(&self, slot_type: &str, n: usize) -> &str {
        let built_in = match slot_type {
            "date" => "오늘",
            "phone" => "010-0000-0101",
            _ => "3",
        };
        let entries = self.custom.get(slot_type);
        entries.and_then(|all| all.get(n % all.len().max(1))).map_or(built_in, |e| e.value.as_str())
    }
}

fn entries(slot_type: &SlotTypeFile) -> Vec<Entry> {
    let mut entries = Vec::new();
    for value in &slot_type.values {
        for words in std::iter::once(&value.value).chain(&value.synonyms) {
            let letters: Vec<char> = letters(&text::compose(words)).iter().map(|l| l.c).collect();
            if !letters.is_empty() {
                entries.push(Entry { letters, value: value.value.clone() });
            }
        }
    }
    entries
}

/// A letter or digit of a sentence and where it stood.
struct Letter {
    c: char,
    start: usize,
    end: usize,
    /// A word may begin here: after a space or mark, or where the script changes.
    opens: bool,
}

fn letters(sentence: &str) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::with_capacity(sentence.len());
    let mut after_gap = true;
    for (start, c) in sentence.char_indices() {
        if !c.is_alphanumeric() {
            after_gap = true;
            continue;
        }
        let changes =
            letters.last().is_some_and(|last| text::is_hangul(last.c) != text::is_hangul(c));
        letters.push(Letter {
            c: c.to_lowercase().next().unwrap_or(c),
            start,
            end: start + c.len_utf8(),
            opens: after_gap || changes,
        });
        after_gap = false;
    }
    letters
}

fn find_entries(entries: &[Entry], letters: &[Letter]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let longest = entries
            .iter()
            .filter(|entry| letters[at].opens && fits(&entry.letters, &letters[at..]))
            .map(|entry| entry.letters.len())
            .max();
        let Some(length) = longest else {
            at += 1;
            continue;
        };
        let mut values: Vec<String> = Vec::new();
        for entry in entries {
            let here = entry.letters.len() == length && fits(&entry.letters, &letters[at..]);
            if here && !values.contains(&entry.value) {
                values.push(entry.value.clone());
            }
        }
        let last = &letters[at + length - 1];
        found.push(Found { start: letters[at].start, end: last.end, values });
        at += length;
    }
    found
}

/// `wanted` stands at the start of `letters`, and what follows it in the same word is nothing,
/// another script, a particle, or an English plural.
fn fits(wanted: &[char], letters: &[Letter]) -> bool {
    if letters.len() < wanted.len() || wanted.iter().zip(letters).any(|(w, l)| *w != l.c) {
        return false;
    }
    let rest: String = letters[wanted.len()..]
        .iter()
        .enumerate()
        .take_while(|(i, letter)| !letter.opens && (*i < 8))
        .map(|(_, letter)| letter.c)
        .collect();
    let hangul = wanted.last().is_some_and(|c| text::is_hangul(*c));
    match (rest.is_empty(), hangul) {
        (true, _) => true,
        // A long name may be glued to the noun that follows it, as Korean allows:
        // `데이터베이스장애`.
        (false, true) => text::is_particles(&rest) || wanted.len() >= 4,
        (false, false) => rest == "s" || rest == "es",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nlu::file::BotFile;

    fn types() -> SlotTypes {
        let bot = BotFile::parse(
            "t",
            "
bot: t
locales:
  ko-KR:
    slot_types:
      Service:
        values:
          - {value: EC2, synonyms: [서버, 가상 서버, instance]}
          - {value: RDS, synonyms: [데이터베이스, DB]}
          - {value: Aurora, synonyms: [DB]}
    intents: {A: {utterances: [a]}}
",
        )
        .unwrap();
        SlotTypes::new(&bot.locales["ko-KR"])
    }

    fn found(sentence: &str) -> Vec<(String, String)> {
        let context = Context { today: jiff::civil::date(2026, 11, 20) };
        types()
            .find("Service", sentence, context)
            .into_iter()
            .map(|f| (sentence[f.start..f.end].to_owned(), f.values.join("|")))
            .collect()
    }

    #[test]
    fn particles_stay_outside_the_value() {
        assert_eq!(
            found("서버에서는 EC2가 보여요"),
            [("서버".to_owned(), "EC2".to_owned()), ("EC2".to_owned(), "EC2".to_owned())]
        );
    }

    #[test]
    fn the_longest_words_win_and_spaces_do_not_matter() {
        assert_eq!(found("가상서버를 꺼 주세요"), [("가상서버".to_owned(), "EC2".to_owned())]);
        assert_eq!(found("가상 서버 하나"), [("가상 서버".to_owned(), "EC2".to_owned())]);
    }

    #[test]
    fn part_of_another_word_is_no_value() {
        assert_eq!(found("웹서버리스 함수"), []);
        assert_eq!(found("서버리스 함수"), []);
        assert_eq!(found("EC21 is odd"), []);
    }

    #[test]
    fn words_for_two_values_resolve_to_both_in_order() {
        assert_eq!(found("DB가 느려요"), [("DB".to_owned(), "RDS|Aurora".to_owned())]);
    }

    #[test]
    fn an_english_plural_is_understood() {
        assert_eq!(found("all instances"), [("instance".to_owned(), "EC2".to_owned())]);
    }
}
