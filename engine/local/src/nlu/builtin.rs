//! The built-in slot types: `digits`, `number`, `phone` and `date`.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use crate::nlu::slots::Found;
use crate::text;

/// Every value of the built-in type, left to right, not overlapping.
pub(crate) fn find(slot_type: &str, sentence: &str, today: Date) -> Vec<Found> {
    let tokens = tokens(sentence);
    let read: Reader = match slot_type {
        "digits" => |tokens, _| digits(tokens, 2),
        "phone" => |tokens, _| phone(tokens),
        "number" => |tokens, _| number(tokens),
        "date" => date,
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match read(&tokens[at..], today) {
            Some((used, value)) => {
                found.push(Found {
                    start: tokens[at].start,
                    end: tokens[at + used - 1].end,
                    values: vec![value],
                });
                at += used;
            }
            None => at += 1,
        }
    }
    found
}

/// Reads a value at the start of some tokens: how many it took, and the value.
type Reader = fn(&[Token<'_>], Date) -> Option<(usize, String)>;

/// A run of digits, of Hangul or of other letters.
#[derive(Debug, Clone)]
struct Token<'a> {
    text: &'a str,
    lower: String,
    start: usize,
    end: usize,
    /// What stands between the token before and this one.
    gap: &'a str,
}

#[derive(PartialEq, Clone, Copy)]
enum Script {
    Digit,
    Hangul,
    Other,
}

fn script(c: char) -> Option<Script> {
    match c {
        _ if c.is_ascii_digit() => Some(Script::Digit),
        _ if text::is_hangul(c) => Some(Script::Hangul),
        _ if c.is_alphabetic() => Some(Script::Other),
        _ => None,
    }
}

fn tokens(sentence: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut open = None;
    for (at, c) in sentence.char_indices() {
        let here = script(c);
        if here.is_some() && here == open {
            if let Some(last) = tokens.last_mut() {
                last.end = at + c.len_utf8();
                last.text = &sentence[last.start..last.end];
            }
        } else if here.is_some() {
            let end = at + c.len_utf8();
            let gap_from = tokens.last().map_or(0, |last| last.end);
            tokens.push(Token {
                text: &sentence[at..end],
                lower: String::new(),
                start: at,
                end,
                gap: &sentence[gap_from..at],
            });
        }
        open = here;
    }
    for token in &mut tokens {
        token.lower = token.text.to_lowercase();
    }
    tokens
}

const ENGLISH_DIGITS: [(&str, char); 12] = [
    ("zero", '0'),
    ("oh", '0'),
    ("o", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
];

/// The digit that a Korean syllable is when digits are read one by one.
fn korean_digit(c: char) -> Option<char> {
    Some(match c {
        '영' | '공' => '0',
        '일' => '1',
        '이' => '2',
        '삼' => '3',
        '사' => '4',
        '오' => '5',
        '육' | '륙' => '6',
        '칠' => '7',
        '팔' => '8',
        '구' => '9',
        _ => return None,
    })
}

/// Digits of a token read one by one, and what follows them in the token.
fn spelled<'t>(token: &'t Token<'_>) -> Option<(String, &'t str)> {
    if token.text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some((token.text.to_owned(), ""));
    }
    if let Some((_, digit)) = ENGLISH_DIGITS.iter().find(|(word, _)| *word == token.lower) {
        return Some((digit.to_string(), ""));
    }
    let mut digits = String::new();
    let mut rest = token.text;
    while let Some((c, digit)) = rest.chars().next().and_then(|c| Some((c, korean_digit(c)?))) {
        digits.push(digit);
        rest = &rest[c.len_utf8()..];
    }
    if digits.is_empty() {
        return None;
    }
    if rest.is_empty() || text::is_particles(rest) {
        return Some((digits, rest));
    }
    None
}

/// Neighbouring digit groups as one; spoken groups need `least_spoken` digits together, because
/// `이`, `일` and `오` are ordinary syllables too.
fn digits(tokens: &[Token<'_>], least_spoken: usize) -> Option<(usize, String)> {
    let mut all = String::new();
    let mut used = 0;
    let mut spoken = true;
    for (i, token) in tokens.iter().enumerate() {
        if i > 0 && !token.gap.chars().all(|c| matches!(c, ' ' | '-' | '.' | ',' | '(' | ')')) {
            break;
        }
        // In `3333이에요` the syllable is a particle, not a digit.
        if i > 0 && token.gap.is_empty() && token.text.starts_with(text::is_hangul) {
            break;
        }
        let Some((group, rest)) = spelled(token) else { break };
        spoken &= !token.text.starts_with(|c: char| c.is_ascii_digit());
        all.push_str(&group);
        used = i + 1;
        if !rest.is_empty() {
            break;
        }
    }
    (used > 0 && (!spoken || all.len() >= least_spoken)).then_some((used, all))
}

fn phone(tokens: &[Token<'_>]) -> Option<(usize, String)> {
    let (used, digits) = digits(tokens, 7)?;
    let plus = tokens[0].gap.ends_with('+');
    let fits = (7..=15).contains(&digits.len());
    fits.then(|| (used, if plus { format!("+{digits}") } else { digits }))
}

const KOREAN_NATIVE: [(&str, u64); 30] = [
    ("하나", 1),
    ("한", 1),
    ("둘", 2),
    ("두", 2),
    ("셋", 3),
    ("세", 3),
    ("넷", 4),
    ("네", 4),
    ("다섯", 5),
    ("여섯", 6),
    ("일곱", 7),
    ("여덟", 8),
    ("아홉", 9),
    ("열", 10),
    ("스물", 20),
    ("스무", 20),
    ("서른", 30),
    ("마흔", 40),
    ("쉰", 50),
    ("예순", 60),
    ("일흔", 70),
    ("여든", 80),
    ("아흔", 90),
    ("열하나", 11),
    ("열한", 11),
    ("열둘", 12),
    ("열두", 12),
    ("스물하나", 21),
    ("스물한", 21),
    ("백", 100),
];

/// Counting words that may follow a Korean number in the same word.
const KOREAN_COUNTERS: [&str; 16] = [
    "개",
    "명",
    "대",
    "번",
    "건",
    "시",
    "분",
    "원",
    "달러",
    "개월",
    "일",
    "년",
    "퍼센트",
    "시간",
    "살",
    "차",
];

/// Nothing but particles is left of a word.
fn closes(rest: &str) -> bool {
    rest.is_empty() || text::is_particles(rest)
}

/// A counting word is left, and nothing but particles behind it.
fn closes_after_counter(rest: &str) -> bool {
    KOREAN_COUNTERS.iter().any(|counter| rest.strip_prefix(counter).is_some_and(closes))
}

fn number(tokens: &[Token<'_>]) -> Option<(usize, String)> {
    let first = tokens.first()?;
    if first.text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(arabic(tokens));
    }
    if first.text.starts_with(text::is_hangul) {
        return korean_number(first.text).map(|value| (1, value.to_string()));
    }
    english_number(tokens).map(|(used, value)| (used, value.to_string()))
}

/// `1,234.5`, also with a Korean magnitude behind it: `3만`.
fn arabic(tokens: &[Token<'_>]) -> (usize, String) {
    let mut text = tokens[0].text.to_owned();
    let mut used = 1;
    let digit = |token: &Token<'_>| token.text.starts_with(|c: char| c.is_ascii_digit());
    while let Some(next) = tokens.get(used).filter(|next| digit(next)) {
        match next.gap {
            "," if next.text.len() == 3 => text.push_str(next.text),
            "." if !text.contains('.') => {
                text.push('.');
                text.push_str(next.text);
            }
            _ => break,
        }
        used += 1;
    }
    let magnitude = tokens.get(used).filter(|next| next.gap.is_empty()).and_then(|next| {
        [("억", 100_000_000_u64), ("만", 10_000), ("천", 1_000), ("백", 100)].into_iter().find(
            |(word, _)| {
                next.text
                    .strip_prefix(word)
                    .is_some_and(|rest| closes(rest) || closes_after_counter(rest))
            },
        )
    });
    if let (Some((_, factor)), Ok(value)) = (magnitude, text.parse::<u64>())
        && let Some(product) = value.checked_mul(factor)
    {
        return (used + 1, product.to_string());
    }
    (used, text)
}

/// `이십삼`, `삼만 오천` written together, `스물세`; alone, or with a counter or particles behind
/// it.
fn korean_number(word: &str) -> Option<u64> {
    let ends: Vec<usize> = word.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    ends.iter().rev().find_map(|&end| {
        let (head, rest) = word.split_at(end);
        // A bare syllable such as `이` or `두` is a number only before a counter.
        let bare = head.chars().count() >= 2 && closes(rest);
        if !(bare || closes_after_counter(rest)) {
            return None;
        }
        native(head).or_else(|| sino(head))
    })
}

fn native(word: &str) -> Option<u64> {
    let exact = |word: &str| KOREAN_NATIVE.iter().find(|(w, _)| *w == word).map(|(_, n)| *n);
    exact(word).or_else(|| {
        KOREAN_NATIVE.iter().filter(|(_, n)| *n >= 10 && n % 10 == 0 && *n < 100).find_map(
            |(tens, n)| {
                let ones = exact(word.strip_prefix(tens)?)?;
                (ones < 10).then_some(n + ones)
            },
        )
    })
}

fn sino(word: &str) -> Option<u64> {
    let (mut total, mut section, mut digit) = (0_u64, 0_u64, None::<u64>);
    let mut magnitudes = 0;
    for c in word.chars() {
        let small = match c {
            '십' => 10,
            '백' => 100,
            '천' => 1_000,
            _ => 0,
        };
        let large = match c {
            '만' => 10_000,
            '억' => 100_000_000,
            _ => 0,
        };
        if small > 0 {
            section += digit.take().unwrap_or(1) * small;
            magnitudes += 1;
        } else if large > 0 {
            total += (section + digit.take().unwrap_or(0)).max(1) * large;
            section = 0;
            magnitudes += 1;
        } else {
            let value = u64::from(korean_digit(c)?.to_digit(10)?);
            if digit.replace(value).is_some() {
                return None; // two digits in a row are read one by one: not a number but digits
            }
        }
    }
    let single = word.chars().count() == 1;
    (magnitudes > 0 || single).then_some(total + section + digit.unwrap_or(0))
}

fn english_number(tokens: &[Token<'_>]) -> Option<(usize, u64)> {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] =
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let place = |list: &[&str], word: &str| list.iter().position(|w| *w == word).map(|i| i as u64);
    let (mut total, mut section, mut used) = (0_u64, 0_u64, 0);
    for (i, token) in tokens.iter().enumerate() {
        let word = token.lower.as_str();
        if let Some(n) = place(&SMALL, word) {
            section += n;
        } else if let Some(n) = place(&TENS, word) {
            section += (n + 2) * 10;
        } else if word == "hundred" && used > 0 {
            section = section.max(1) * 100;
        } else if word == "thousand" && used > 0 {
            total += section.max(1) * 1_000;
            section = 0;
        } else if word == "and" && used > 0 {
            continue;
        } else {
            break;
        }
        used = i + 1;
    }
    (used > 0).then_some((used, total + section))
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

fn date(tokens: &[Token<'_>], today: Date) -> Option<(usize, String)> {
    let (used, date) = iso(tokens)
        .or_else(|| korean_date(tokens, today))
        .or_else(|| english_date(tokens, today))?;
    Some((used, date.to_string()))
}

fn num<T: std::str::FromStr>(token: Option<&Token<'_>>) -> Option<T> {
    token?.text.parse().ok()
}

fn iso(tokens: &[Token<'_>]) -> Option<(usize, Date)> {
    let separated = |i: usize| tokens.get(i).is_some_and(|t| matches!(t.gap, "-" | "/" | "."));
    if tokens.first()?.text.len() == 4 && separated(1) && separated(2) {
        return Some((
            3,
            Date::new(num(tokens.first())?, num(tokens.get(1))?, num(tokens.get(2))?).ok()?,
        ));
    }
    None
}

/// The next such day from today on.
fn coming(month: i8, day: i8, today: Date) -> Option<Date> {
    (0..5).find_map(|years| {
        Date::new(today.year() + years, month, day).ok().filter(|date| *date >= today)
    })
}

fn shifted(today: Date, span: Span) -> Option<Date> {
    today.checked_add(span).ok()
}

fn on_weekday(today: Date, weekday: Weekday, weeks: i64) -> Option<Date> {
    let monday = today.weekday().to_monday_zero_offset();
    let days = i64::from(weekday.to_monday_zero_offset()) - i64::from(monday) + weeks * 7;
    shifted(today, days.days())
}

fn korean_date(tokens: &[Token<'_>], today: Date) -> Option<(usize, Date)> {
    let first = tokens.first()?;
    let unit = |i: usize, unit: &str| {
        tokens.get(i).is_some_and(|t| {
            t.text
                .strip_prefix(unit)
                .is_some_and(|rest| closes(rest) || matches!(rest, "자" | "경" | "쯤"))
        })
    };
    if unit(1, "년") && unit(3, "월") && unit(5, "일") {
        let date =
            Date::new(num(tokens.first())?, num(tokens.get(2))?, num(tokens.get(4))?).ok()?;
        return Some((6, date));
    }
    if unit(1, "월") && unit(3, "일") {
        return Some((4, coming(num(tokens.first())?, num(tokens.get(2))?, today)?));
    }
    if let Some(count) = num::<i64>(Some(first))
        && let Some(next) = tokens.get(1)
    {
        let word = match tokens.get(2) {
            Some(third) if matches!(next.text, "일" | "주") => {
                format!("{}{}", next.text, third.text)
            }
            _ => next.text.to_owned(),
        };
        let used = if word == next.text { 2 } else { 3 };
        for (unit, sign) in
            [("일뒤", 1), ("일후", 1), ("일전", -1), ("주뒤", 7), ("주후", 7), ("주전", -7)]
        {
            if word.strip_prefix(unit).is_some_and(closes) {
                return Some((used, shifted(today, count.checked_mul(sign)?.days())?));
            }
        }
    }
    let day = |word: &str| {
        [
            ("오늘", 0),
            ("내일", 1),
            ("모레", 2),
            ("글피", 3),
            ("어제", -1),
            ("그제", -2),
            ("그저께", -2),
        ]
        .into_iter()
        .find(|(name, _)| word.strip_prefix(name).is_some_and(closes))
        .map(|(_, days)| days)
    };
    if let Some(days) = day(first.text) {
        return Some((1, shifted(today, i64::from(days).days())?));
    }
    let weekday = |word: &str| {
        "월화수목금토일".chars().zip(Weekday::Monday.cycle_forward()).find_map(|(c, weekday)| {
            let rest = word.strip_prefix(&format!("{c}요일"))?;
            closes(rest).then_some(weekday)
        })
    };
    let (weeks, skip) = match (first.text, tokens.get(1).map(|t| t.text)) {
        ("이번", Some("주")) => (0, 2),
        ("이번주", _) => (0, 1),
        ("다음", Some("주")) => (1, 2),
        ("다음주", _) => (1, 1),
        ("지난", Some("주")) => (-1, 2),
        ("지난주", _) => (-1, 1),
        (word, _) => {
            let date = on_weekday(today, weekday(word)?, 0)?;
            return Some((1, if date < today { shifted(date, 7.days())? } else { date }));
        }
    };
    let weekday = weekday(tokens.get(skip)?.text)?;
    Some((skip + 1, on_weekday(today, weekday, weeks)?))
}

fn english_date(tokens: &[Token<'_>], today: Date) -> Option<(usize, Date)> {
    let word = |i: usize| tokens.get(i).map(|t| t.lower.as_str()).unwrap_or_default();
    match (word(0), word(1), word(2), word(3)) {
        ("today", ..) => return Some((1, today)),
        ("day", "after", "tomorrow", _) => return Some((3, shifted(today, 2.days())?)),
        ("day", "before", "yesterday", _) => return Some((3, shifted(today, (-2).days())?)),
        ("tomorrow", ..) => return Some((1, shifted(today, 1.days())?)),
        ("yesterday", ..) => return Some((1, shifted(today, (-1).days())?)),
        (count, "day" | "days", "ago", _) if count.parse::<i32>().is_ok() => {
            return Some((3, shifted(today, (-count.parse::<i64>().ok()?).days())?));
        }
        ("in", count, "day" | "days", _) if count.parse::<i32>().is_ok() => {
            return Some((3, shifted(today, count.parse::<i64>().ok()?.days())?));
        }
        _ => {}
    }
    let weekday = |word: &str| {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            .into_iter()
            .zip(Weekday::Monday.cycle_forward())
            .find(|(name, _)| word.ends_with("day") && word.starts_with(name))
            .map(|(_, weekday)| weekday)
    };
    if let Some(weekday) = weekday(word(0)) {
        let date = on_weekday(today, weekday, 0)?;
        return Some((1, if date < today { shifted(date, 7.days())? } else { date }));
    }
    if let Some(weekday) = weekday(word(1)) {
        let weeks = match word(0) {
            "this" => 0,
            "next" => 1,
            "last" => -1,
            _ => return None,
        };
        return Some((2, on_weekday(today, weekday, weeks)?));
    }
    let month = |word: &str| {
        let long = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        let at =
            MONTHS.iter().zip(long).position(|(short, long)| word == *short || word == long)?;
        i8::try_from(at + 1).ok()
    };
    // `20th` is two tokens: the number and `th`.
    let ordinal = |i: usize| usize::from(matches!(word(i), "st" | "nd" | "rd" | "th"));
    let (month, day, used) = if let Some(month) = month(word(0)) {
        (month, num::<i8>(tokens.get(1))?, 2 + ordinal(2))
    } else {
        let after = 1 + ordinal(1);
        let of = usize::from(word(after) == "of");
        (month(word(after + of))?, num::<i8>(tokens.first())?, after + of + 1)
    };
    if tokens.get(used).is_some_and(|t| t.text.len() == 4)
        && let Some(year) = num::<i16>(tokens.get(used))
    {
        return Some((used + 1, Date::new(year, month, day).ok()?));
    }
    Some((used, coming(month, day, today)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20 is a Friday.
    fn values(slot_type: &str, sentence: &str) -> Vec<String> {
        find(slot_type, sentence, jiff::civil::date(2026, 11, 20))
            .into_iter()
            .map(|found| found.values[0].clone())
            .collect()
    }

    #[test]
    fn digits_are_read_from_figures_and_from_speech() {
        assert_eq!(values("digits", "번호는 1111-2222 3333이에요"), ["111122223333"]);
        assert_eq!(values("digits", "일일일일 이이이이 공일"), ["1111222201"]);
        assert_eq!(values("digits", "one two oh nine please"), ["1209"]);
        assert_eq!(values("digits", "이 서버가 이상해요"), [""; 0]);
    }

    #[test]
    fn phones_keep_their_plus_and_lose_their_marks() {
        assert_eq!(values("phone", "+82-10-0000-0101 입니다"), ["+821000000101"]);
        assert_eq!(values("phone", "공일공 공공공공 공일공일"), ["01000000101"]);
        assert_eq!(values("phone", "방 302호"), [""; 0]);
    }

    #[test]
    fn numbers_are_read_in_both_languages() {
        assert_eq!(values("number", "3만원이요"), ["30000"]);
        assert_eq!(values("number", "1,234.5 and 7"), ["1234.5", "7"]);
        assert_eq!(values("number", "이십삼 개"), ["23"]);
        assert_eq!(values("number", "삼만오천원"), ["35000"]);
        assert_eq!(values("number", "스물세대"), ["23"]);
        assert_eq!(
            values("number", "두 대"),
            [""; 0],
            "a bare syllable needs its counter in the word"
        );
        assert_eq!(values("number", "두대"), ["2"]);
        assert_eq!(values("number", "two hundred and forty five servers"), ["245"]);
        assert_eq!(values("number", "이 사람"), [""; 0]);
    }

    #[test]
    fn dates_are_relative_to_today() {
        let one = |sentence| values("date", sentence).join("|");
        assert_eq!(one("내일 오후에"), "2026-11-21");
        assert_eq!(one("2026년 12월 3일에"), "2026-12-03");
        assert_eq!(one("3월 5일자 청구서"), "2027-03-05");
        assert_eq!(one("다음 주 월요일"), "2026-11-23");
        assert_eq!(one("월요일에"), "2026-11-23");
        assert_eq!(one("3일 뒤에"), "2026-11-23");
        assert_eq!(one("2일 전"), "2026-11-18");
        assert_eq!(one("on 2026-12-24"), "2026-12-24");
        assert_eq!(one("next monday please"), "2026-11-23");
        assert_eq!(one("the 3rd of december"), "2026-12-03");
        assert_eq!(one("March 5th, 2028"), "2028-03-05");
        assert_eq!(one("in 3 days"), "2026-11-23");
        assert_eq!(one("13월 40일"), "");
    }
}
