//! Telephone numbers.

use crate::words::{Script, Utterance};
use crate::{Outcome, Understood, Why};

/// Countries by their calling code, with the digit that national numbers begin with (the trunk
/// prefix) and how long they are without it.
#[rustfmt::skip]
const COUNTRIES: &[(&str, &str, &str, usize, usize)] = &[
    ("KR", "82", "0", 8, 10), ("US", "1", "1", 10, 10), ("CA", "1", "1", 10, 10),
    ("JP", "81", "0", 9, 10), ("GB", "44", "0", 9, 10), ("DE", "49", "0", 6, 11),
    ("FR", "33", "0", 9, 9), ("CN", "86", "0", 9, 11), ("AU", "61", "0", 9, 9),
    ("SG", "65", "", 8, 8), ("TW", "886", "0", 8, 9), ("HK", "852", "", 8, 8),
    ("IN", "91", "0", 10, 10), ("VN", "84", "0", 9, 10),
];

/// Words for the sign before a calling code.
const PLUS: &[&str] = &["+", "plus", "플러스", "더하기", "플라스"];
/// What follows these is no part of the number.
const EXTENSION: &[&str] = &["extension", "ext", "내선", "구내"];

/// A telephone number as E.164 (`+82…`), of the country (`KR`, `US` …) where no calling code is
/// said.
///
/// Short codes (`114`, `1588-0000`) are no number that can be called back from everywhere, and are
/// not understood.
///
/// ```
/// use dialgraph_understanding::phone;
///
/// let read = |text| phone(text, "KR").value().cloned();
/// assert_eq!(read("공일공 공공공공 공일공일이요").as_deref(), Some("+821000000101"));
/// assert_eq!(read("+1 202 555 0101").as_deref(), Some("+12025550101"));
/// assert_eq!(read("114"), None);
/// ```
pub fn phone(text: &str, country: &str) -> Understood<String> {
    let text = Utterance::new(text);
    let plus = text.words.iter().enumerate().find_map(|(at, word)| {
        let tail = PLUS.iter().find_map(|plus| word.text.strip_prefix(plus))?;
        // `플러스팔이 …` in one word.
        Some((at, tail.to_owned()))
    });
    let end = text
        .words
        .iter()
        .position(|word| EXTENSION.contains(&word.text.as_str()))
        .unwrap_or(text.words.len());
    // `예전 번호는 …이고 지금은 …`: the one of today.
    let figures = |word: &crate::words::Word| word.script == Script::Figure && word.text.len() > 2;
    let now = text.words[..end].iter().rposition(|word| {
        ["지금은", "이제는", "현재는", "요즘은", "바뀐", "새번호", "새로", "now"]
            .iter()
            .any(|now| word.text.starts_with(now) && word.text != "nowhere")
    });
    let begin = now
        .filter(|now| {
            text.words[..*now].iter().any(figures) && text.words[*now..end].iter().any(figures)
        })
        .unwrap_or_default();
    let mut words = text.words[begin..end].to_vec();
    if let Some((at, tail)) = plus.as_ref().filter(|(at, _)| (begin..end).contains(at)) {
        words.drain(..*at - begin);
        if tail.is_empty() {
            words.remove(0);
        } else if let Some(first) = words.first_mut() {
            first.text.clone_from(tail);
        }
    }
    let cut = text.of_words(words);
    let mut reason = None;
    let mut numbers = Vec::new();
    for wanted in lengths(country, plus.is_some()) {
        let read = crate::digits::of(&cut, &(wanted..=wanted));
        let candidates = match read.outcome {
            Outcome::One(digits) => vec![digits],
            Outcome::Several(several) => several,
            _ => continue,
        };
        for digits in candidates {
            match e164(&digits, country, plus.is_some()) {
                Ok(number) => {
                    if !numbers.contains(&number) {
                        numbers.push(number);
                    }
                }
                Err(why) => reason = Some(why),
            }
        }
        if !numbers.is_empty() {
            break;
        }
    }
    let matched = numbers.clone();
    match numbers.len() {
        0 => {
            let mut without = crate::hold::without_value(&text);
            let heard: String = cut
                .words
                .iter()
                .filter(|word| word.script == Script::Figure)
                .map(|word| word.text.as_str())
                .collect();
            if let Some(reason) = reason {
                if without.outcome != Outcome::Hold {
                    without.outcome = Outcome::Nothing;
                }
                without.why.notes.push(reason.to_owned());
            } else if !heard.is_empty() {
                without.outcome = Outcome::Nothing;
                without.why.notes.push("no number of a length that can be called".to_owned());
            }
            without
        }
        1 => Understood::new(
            numbers.pop().map_or(Outcome::Nothing, Outcome::One),
            Why { matched, ..Why::default() },
        ),
        _ => Understood::new(Outcome::Several(numbers), Why { matched, ..Why::default() }),
    }
}

/// Whether [`phone`] knows how numbers of the country (ISO 3166-1 alpha-2) are built, and so takes
/// them without their calling code.
pub fn has_numbering_plan(country: &str) -> bool {
    COUNTRIES.iter().any(|(name, ..)| *name == country)
}

/// The lengths to look for, the likeliest first.
fn lengths(country: &str, plus: bool) -> Vec<usize> {
    let likely: &[usize] = match (country, plus) {
        (_, true) => &[12, 11, 13, 10, 14, 15, 9, 8],
        ("KR", false) => &[11, 10, 9, 12, 13, 14, 15, 8],
        _ => &[10, 11, 12, 13, 9, 14, 15, 8],
    };
    likely.to_vec()
}

fn e164(digits: &str, country: &str, plus: bool) -> Result<String, &'static str> {
    if plus {
        return international(digits);
    }
    let Some((_, code, trunk, least, most)) = COUNTRIES.iter().find(|(name, ..)| *name == country)
    else {
        return Err("a number of this country needs its calling code");
    };
    // 00 (everywhere) and 001, 002 (Korea) lead abroad, as 011 does in North America.
    for exit in ["00", "011"] {
        if exit == "011" && *code != "1" {
            continue;
        }
        if let Some(abroad) = digits.strip_prefix(exit) {
            return international(abroad);
        }
    }
    let national = match digits.strip_prefix(trunk) {
        Some(national) if !trunk.is_empty() && (*least..=*most).contains(&national.len()) => {
            Some(national)
        }
        _ if *trunk != "0" && (*least..=*most).contains(&digits.len()) => Some(digits),
        _ => None,
    };
    let national = match national {
        Some(national) => national,
        // The calling code without its plus.
        None => match digits.strip_prefix(code) {
            Some(national) if national.len() >= *least => return international(digits),
            _ => return Err("too short, too long, or without its area code"),
        },
    };
    check(code, national)?;
    Ok(format!("+{code}{national}"))
}

fn international(digits: &str) -> Result<String, &'static str> {
    // The longest calling code that fits.
    let country = COUNTRIES
        .iter()
        .filter(|(_, code, ..)| digits.starts_with(code))
        .max_by_key(|(_, code, ..)| code.len());
    if let Some((_, code, trunk, least, most)) = country {
        let national = &digits[code.len()..];
        // `+82 010 …`: the zero is dialled at home only.
        let national = national.strip_prefix('0').filter(|_| *trunk == "0").unwrap_or(national);
        if !(*least..=*most).contains(&national.len()) {
            return Err("too short or too long for its country");
        }
        check(code, national)?;
        return Ok(format!("+{code}{national}"));
    }
    if !(8..=15).contains(&digits.len()) || digits.starts_with('0') {
        return Err("no international number");
    }
    Ok(format!("+{digits}"))
}

/// What is known of a country's numbers.
fn check(code: &str, national: &str) -> Result<(), &'static str> {
    let bytes = national.as_bytes();
    match code {
        "1" => {
            let area = bytes.first().is_some_and(|digit| (b'2'..=b'9').contains(digit));
            if area { Ok(()) } else { Err("no area code begins like this") }
        }
        "82" => {
            if national.starts_with("2") {
                return if (8..=9).contains(&national.len()) {
                    Ok(())
                } else {
                    Err("too long for a number in Seoul")
                };
            }
            let known = [
                "10", "11", "16", "17", "18", "19", "31", "32", "33", "41", "42", "43", "44", "51",
                "52", "53", "54", "55", "61", "62", "63", "64", "70", "80", "50", "30",
            ]
            .iter()
            .any(|area| national.starts_with(area));
            if !known {
                return Err("no area code begins like this");
            }
            if national.starts_with("10") && national.len() != 10 {
                return Err("a mobile number has eleven digits");
            }
            if national.len() < 9 { Err("too short") } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, country: &str) -> Option<String> {
        phone(text, country).value().cloned()
    }

    #[test]
    fn numbers() {
        for text in [
            "010-0000-0101",
            "01000000101",
            "공일공 공공공공 공일공일",
            "공일공에 공공공공에 공일공일이요",
            "+82 10 0000 0101",
            "+82 010-0000-0101",
            "플러스 팔이 일공 공공공공 공일공일",
            "제 번호는 010 0000 0101입니다",
            "０１０－００００－０１０１",
            "공일공공공공공공일공일",
            "공일공 다시 공공공공 다시 공일공일이에요",
            "82 10 0000 0101",
            "oh one oh, double oh double oh, oh one oh one",
            "plus eight two one zero zero zero zero zero zero one zero one",
        ] {
            assert_eq!(
                read(text, "KR").as_deref(),
                Some("+821000000101"),
                "{text}: {:?}",
                phone(text, "KR")
            );
        }
        assert_eq!(read("02-000-0101", "KR").as_deref(), Some("+8220000101"));
        assert_eq!(read("(202) 555-0101", "US").as_deref(), Some("+12025550101"));
        assert_eq!(read("plus one 202 555 0101", "KR").as_deref(), Some("+12025550101"));
        assert_eq!(read("1-202-555-0101", "US").as_deref(), Some("+12025550101"));
        assert_eq!(
            read("two zero two five five five oh one oh one", "US").as_deref(),
            Some("+12025550101")
        );
        assert_eq!(read("+44 20 7946 0101", "KR").as_deref(), Some("+442079460101"));
    }

    #[test]
    fn no_numbers() {
        for text in [
            "114",
            "1588-0000",
            "모르겠어요",
            "잠깐만요",
            "이 번호로 주세요",
            "12345678901234567890",
            "010-0000",
            "+0123456789",
        ] {
            assert_eq!(read(text, "KR"), None, "{text}");
        }
    }
}
