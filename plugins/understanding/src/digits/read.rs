//! The digits of words one after the other.

use super::aside::{aside, repeated};
use crate::words::{Script, Word, begins};

/// What a syllable such as `이` in `삼이요` is taken for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Endings {
    /// For a part of the ending.
    Words,
    /// For a digit.
    Digits,
}

/// How one word reads.
#[derive(Clone)]
enum Reads {
    Digits(String),
    /// `twenty`: takes a digit after it.
    Tens(char),
    /// `double`, `triple`: so many times the next digit.
    Times(usize),
    /// `to`, `for` …: a digit among digits, and a word among words.
    Sounds(char),
    /// `hundred` after a digit: two zeros.
    Zeros(usize),
    Ending,
    Other,
}

pub(super) fn read(words: &[Word], endings: Endings) -> String {
    let mut figures_before = false;
    let mut taken = 0;
    let reads: Vec<Reads> = words
        .iter()
        .enumerate()
        .map(|(at, word)| {
            if at < taken {
                return Reads::Ending;
            }
            if let Some((digits, so_many)) = repeated(words, at) {
                taken = at + so_many;
                figures_before = false;
                return Reads::Digits(digits);
            }
            if let Some((digits, so_many)) = hundreds(words, at) {
                taken = at + so_many;
                figures_before = false;
                return Reads::Digits(digits);
            }
            if aside(words, at) {
                figures_before = false;
                return Reads::Other;
            }
            // `3333이요`: an ending of its own, for figures and letters were told apart.
            let ending = figures_before && !word.spaced;
            figures_before = word.script == Script::Figure;
            if word.script == Script::Symbol
                || (ending
                    && (ENDINGS.contains(&word.text.as_str())
                        || matches!(
                            word.text.as_str(),
                            "이" | "가" | "은" | "는" | "을" | "를" | "이랑"
                        )))
            {
                return Reads::Ending;
            }
            // `이 번호는`: this number.
            let next = words.get(at + 1).map_or("", |word| word.text.as_str());
            if word.text == "이"
                && ["번호", "전화", "계정", "게", "거", "건"]
                    .iter()
                    .any(|noun| next.starts_with(noun))
            {
                return Reads::Other;
            }
            if matches!(
                word.text.as_str(),
                "에" | "다시"
                    | "dash"
                    | "the"
                    | "is"
                    | "it"
                    | "it's"
                    | "my"
                    | "and"
                    | "하이픈"
                    | "대시"
                    | "번"
                    | "요"
                    | "네"
                    | "음"
                    | "어"
                    | "um"
                    | "uh"
            ) {
                return if matches!(word.text.as_str(), "the" | "is" | "it" | "my" | "네") {
                    Reads::Other
                } else {
                    Reads::Ending
                };
            }
            // `The last four are …`, `four digits`.
            let before = at.checked_sub(1).map_or("", |before| words[before].text.as_str());
            let counts = matches!(before, "last" | "first" | "final")
                || matches!(next, "digits" | "numbers" | "digit")
                || next.starts_with("자리");
            if counts && (word.script != Script::Figure || word.text.len() == 1) {
                return Reads::Other;
            }
            // `공이에 공공공공에`: a hyphen, and the digit before it.
            if let Some(rest) = word.text.strip_suffix('에').filter(|rest| rest.ends_with('이'))
                && korean(next, endings).is_some()
                && let Some(digits) = korean(rest, Endings::Digits)
            {
                return Reads::Digits(digits);
            }
            understand(word, endings)
        })
        .collect();
    let only_digits = !reads.iter().any(|word| matches!(word, Reads::Other));
    let mut digits = String::new();
    let mut times = 1;
    let mut tens = false;
    for word in reads {
        match word {
            Reads::Digits(read) => {
                // `twenty one`: the zero of `twenty` is replaced.
                if tens && read.len() == 1 && read != "0" {
                    digits.pop();
                }
                if let Some(first) = read.chars().next() {
                    digits.extend(std::iter::repeat_n(first, times - 1));
                }
                digits.push_str(&read);
                (times, tens) = (1, false);
            }
            Reads::Tens(digit) => {
                digits.push(digit);
                digits.push('0');
                (times, tens) = (1, true);
            }
            Reads::Zeros(zeros) if !digits.is_empty() => {
                digits.extend(std::iter::repeat_n('0', zeros));
                (times, tens) = (1, false);
            }
            Reads::Times(so_many) => (times, tens) = (so_many, false),
            Reads::Sounds(digit) if only_digits => {
                digits.extend(std::iter::repeat_n(digit, times));
                (times, tens) = (1, false);
            }
            Reads::Sounds(_) | Reads::Zeros(_) | Reads::Ending | Reads::Other => {
                (times, tens) = (1, false);
            }
        }
    }
    digits
}

fn understand(word: &Word, endings: Endings) -> Reads {
    if word.script == Script::Figure {
        return Reads::Digits(word.text.chars().filter(char::is_ascii_digit).collect());
    }
    if let Some(read) = english(&word.text) {
        return read;
    }
    if matches!(word.text.as_str(), "에" | "번") {
        return Reads::Ending;
    }
    match korean(&word.text, endings) {
        Some(digits) => Reads::Digits(digits),
        None => Reads::Other,
    }
}

fn english(word: &str) -> Option<Reads> {
    let digits = match word {
        "zero" | "oh" | "o" | "nought" | "naught" | "null" => "0",
        "one" => "1",
        "two" => "2",
        "three" => "3",
        "four" => "4",
        "five" => "5",
        "six" => "6",
        "seven" => "7",
        "eight" => "8",
        "nine" | "niner" => "9",
        "ten" => "10",
        "eleven" => "11",
        "twelve" => "12",
        "thirteen" => "13",
        "fourteen" => "14",
        "fifteen" => "15",
        "sixteen" => "16",
        "seventeen" => "17",
        "eighteen" => "18",
        "nineteen" => "19",
        "twenty" => return Some(Reads::Tens('2')),
        "thirty" => return Some(Reads::Tens('3')),
        "forty" => return Some(Reads::Tens('4')),
        "fifty" => return Some(Reads::Tens('5')),
        "sixty" => return Some(Reads::Tens('6')),
        "seventy" => return Some(Reads::Tens('7')),
        "eighty" => return Some(Reads::Tens('8')),
        "ninety" => return Some(Reads::Tens('9')),
        "hundred" => return Some(Reads::Zeros(2)),
        "thousand" => return Some(Reads::Zeros(3)),
        "double" => return Some(Reads::Times(2)),
        "triple" | "treble" => return Some(Reads::Times(3)),
        "won" => return Some(Reads::Sounds('1')),
        "to" | "too" => return Some(Reads::Sounds('2')),
        "for" | "fore" => return Some(Reads::Sounds('4')),
        "ate" => return Some(Reads::Sounds('8')),
        _ => return None,
    };
    Some(Reads::Digits(digits.to_owned()))
}

/// Longest first, so that `일곱` is not `일`.
#[rustfmt::skip]
const KOREAN: &[(&str, char)] = &[
    ("하나", '1'), ("다섯", '5'), ("여섯", '6'), ("일곱", '7'), ("여덟", '8'), ("여덜", '8'),
    ("아홉", '9'), ("제로", '0'), ("공", '0'), ("영", '0'), ("빵", '0'), ("일", '1'), ("이", '2'),
    ("삼", '3'), ("사", '4'), ("오", '5'), ("육", '6'), ("륙", '6'), ("칠", '7'), ("팔", '8'),
    ("구", '9'), ("둘", '2'), ("셋", '3'), ("넷", '4'),
];

/// Endings after the last digit of a word, longest first; those that begin like a digit can be one.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    "번입니다", "번이에요", "번이요", "입니다만", "입니다", "이에요", "이예요", "이구요", "이고요", "으로요", "이로요", "로요", "으로", "로",
    "이거든요", "이라고요", "이라고", "인데요", "맞아요", "이고", "이요", "이에", "예요", "에요",
    "구요", "고요", "이랑", "번", "요", "고", "에", "다시", "여", "이여", "용", "임",
];

/// What numbers of several digits are made with.
const UNITS: &str = "천백십";

/// All digits of a word that holds nothing else but an ending.
fn korean(word: &str, endings: Endings) -> Option<String> {
    // Most words are none, and all that is tried below begins with the word.
    let first = word.chars().next()?;
    if !UNITS.contains(first) && !KOREAN.iter().any(|(name, _)| name.starts_with(first)) {
        return None;
    }
    let digits_of = |mut rest: &str| {
        let mut digits = String::new();
        while !rest.is_empty() {
            // `공일공에공공공공`, `공일공다시공공공공`: a hyphen.
            if !digits.is_empty()
                && let Some(after) = rest.strip_prefix("다시").or_else(|| rest.strip_prefix('에'))
            {
                rest = after;
                continue;
            }
            let (name, digit) = KOREAN.iter().find(|(name, _)| begins(rest, name))?;
            digits.push(*digit);
            rest = &rest[name.len()..];
        }
        (!digits.is_empty()).then_some(digits)
    };
    let cut = |ending: &&str| word.strip_suffix(*ending).filter(|rest| !rest.is_empty());
    let mut readings = match endings {
        Endings::Words => ENDINGS.iter().filter_map(cut).find_map(digits_of),
        // The shortest ending that leaves digits alone leaves the most of them.
        Endings::Digits => ENDINGS.iter().rev().filter_map(cut).find_map(digits_of),
    };
    if endings == Endings::Digits || readings.is_none() {
        readings = digits_of(word).or(readings);
    }
    // `팔십구요` is eighty-nine: 구요 follows a vowel.
    let grammatical = |ending: &&&str| {
        let stem = word.strip_suffix(**ending).unwrap_or_default();
        !matches!(**ending, "구요" | "고요" | "고") || !stem.ends_with(crate::korean::is_closed)
    };
    readings
        .or_else(|| as_one(word))
        .or_else(|| ENDINGS.iter().filter(grammatical).filter_map(cut).find_map(as_one))
}

/// `사십칠`, `구천이백일`: a number of up to four digits for its digits.
fn as_one(word: &str) -> Option<String> {
    let mut value = 0;
    let mut digit = None;
    let mut unit_before = 10_000;
    for c in word.chars() {
        let unit = match c {
            '천' => 1000,
            '백' => 100,
            '십' => 10,
            _ => {
                let (_, said) = KOREAN.iter().find(|(name, _)| name.chars().eq([c]))?;
                if digit.is_some() {
                    return None;
                }
                digit = Some(said.to_digit(10)?);
                continue;
            }
        };
        if unit >= unit_before {
            return None;
        }
        value += digit.take().unwrap_or(1) * unit;
        unit_before = unit;
    }
    let value = value + digit.unwrap_or_default();
    (unit_before < 10_000 && word.chars().count() > 1).then(|| value.to_string())
}

/// `Three hundred and twelve`: its digits, and the words that it takes.
fn hundreds(words: &[Word], at: usize) -> Option<(String, usize)> {
    let word = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    if word(at + 1) != "hundred" || word(at + 2) != "and" {
        return None;
    }
    let hundreds = digit_of(&words[at]).filter(|digit| *digit > 0)?;
    match english(word(at + 3))? {
        Reads::Digits(rest) if rest.len() < 3 => Some((format!("{hundreds}{rest:0>2}"), 4)),
        Reads::Tens(tens) => {
            match words.get(at + 4).and_then(digit_of).filter(|digit| *digit > 0) {
                Some(one) => Some((format!("{hundreds}{tens}{one}"), 5)),
                None => Some((format!("{hundreds}{tens}0"), 4)),
            }
        }
        _ => None,
    }
}

/// The one digit that a word says.
pub(super) fn digit_of(word: &Word) -> Option<usize> {
    match understand(word, Endings::Digits) {
        Reads::Digits(digits) if digits.len() == 1 => digits.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::digits;

    #[test]
    fn numbers_of_two_to_four_digits_are_read_for_their_digits() {
        let read = |text, length| digits(text, length..=length).value().cloned();
        assert_eq!(read("사십칠 팔십이", 4).as_deref(), Some("4782"));
        assert_eq!(
            read("영일영 천이백삼십사에 오천육백칠십팔", 11).as_deref(),
            Some("01012345678")
        );
        assert_eq!(read("팔십구요", 2).as_deref(), Some("89"));
        assert_eq!(read("구천이백일 삼천사십오", 8).as_deref(), Some("92013045"));
        assert_eq!(
            read("three hundred and twelve four hundred and five", 6).as_deref(),
            Some("312405")
        );
    }
}
