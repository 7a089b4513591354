//! What callers say, understood without a recogniser: digits, yes and no, the wish for a person.
//!
//! Korean and English at once, whatever the call's locale: people mix them on the phone. Everything works on
//! the written words that speech recognition gives, with whatever spacing it chose.

use std::ops::RangeInclusive;

/// The digits that were spoken, typed or both, in order.
///
/// Understands Sino-Korean and native digits (`일이삼`, `공`, `하나 둘`), English ones (`oh`, `double five`,
/// `triple two`, `eleven`) and figures, in one utterance and with any spacing. Words around them
/// are passed over. Where the words can be read in two ways (`삼이요`: 3, or 3 and 2) the reading whose length
/// is in `wanted` is taken. None when there is no digit at all.
///
/// ```
/// use dialgraph_plugin::listen::digits;
///
/// assert_eq!(digits("일일일일 이이 이이 3333입니다", 12..=12).as_deref(), Some("111122223333"));
/// assert_eq!(digits("it's double five oh one", 4..=4).as_deref(), Some("5501"));
/// assert_eq!(digits("안녕하세요", 12..=12), None);
/// ```
pub fn digits(text: &str, wanted: RangeInclusive<usize>) -> Option<String> {
    let fits = |digits: &String| wanted.contains(&digits.len());
    let plain = read(text, Endings::Words);
    let eager = read(text, Endings::Digits);
    let best = if fits(&plain) || !fits(&eager) { plain } else { eager };
    (!best.is_empty()).then_some(best)
}

/// What a syllable such as `이` in `삼이요` is taken for.
#[derive(Clone, Copy, PartialEq)]
enum Endings {
    /// For a part of the ending.
    Words,
    /// For a digit.
    Digits,
}

/// How one word reads.
enum Word {
    Digits(String),
    /// `double`, `triple`: so many times the next digit.
    Times(usize),
    /// `to`, `for` …: a digit among digits, and a word among words.
    Sounds(char),
    Ending,
    Other,
}

fn read(text: &str, endings: Endings) -> String {
    let words = words(text);
    let mut figures_before = false;
    let words: Vec<Word> = words
        .iter()
        .map(|word| {
            // `3333이요`: an ending of its own, for figures and letters were told apart.
            let ending = figures_before && endings == Endings::Words;
            figures_before = word.bytes().all(|byte| byte.is_ascii_digit());
            if ending && ENDINGS.contains(&word.as_str()) {
                Word::Ending
            } else {
                understand(word, endings)
            }
        })
        .collect();
    let only_digits = !words.iter().any(|word| matches!(word, Word::Other));
    let mut digits = String::new();
    let mut times = 1;
    for word in words {
        match word {
            Word::Digits(read) => {
                if let Some(first) = read.chars().next() {
                    digits.extend(std::iter::repeat_n(first, times - 1));
                }
                digits.push_str(&read);
                times = 1;
            }
            Word::Times(so_many) => times = so_many,
            Word::Sounds(digit) if only_digits => {
                digits.extend(std::iter::repeat_n(digit, times));
                times = 1;
            }
            Word::Sounds(_) | Word::Ending | Word::Other => times = 1,
        }
    }
    digits
}

/// Lower-case words; full-width figures as plain ones; letters and figures apart (`3333입니다`).
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut figures = false;
    for c in text.chars() {
        let c = match c {
            '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10).unwrap_or(c),
            other => other,
        };
        if !c.is_alphanumeric() {
            if c != '\'' && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        if !word.is_empty() && figures != c.is_ascii_digit() {
            words.push(std::mem::take(&mut word));
        }
        figures = c.is_ascii_digit();
        word.extend(c.to_lowercase());
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn understand(word: &str, endings: Endings) -> Word {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Word::Digits(word.to_owned());
    }
    if let Some(read) = english(word) {
        return read;
    }
    match korean(word, endings) {
        Some(digits) => Word::Digits(digits),
        None => Word::Other,
    }
}

fn english(word: &str) -> Option<Word> {
    let digits = match word {
        "zero" | "oh" | "o" | "nought" | "naught" => "0",
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
        "double" => return Some(Word::Times(2)),
        "triple" | "treble" => return Some(Word::Times(3)),
        "won" => return Some(Word::Sounds('1')),
        "to" | "too" => return Some(Word::Sounds('2')),
        "for" | "fore" => return Some(Word::Sounds('4')),
        "ate" => return Some(Word::Sounds('8')),
        _ => return None,
    };
    Some(Word::Digits(digits.to_owned()))
}

/// Longest first, so that `일곱` is not `일`.
const KOREAN: &[(&str, char)] = &[
    ("하나", '1'),
    ("다섯", '5'),
    ("여섯", '6'),
    ("일곱", '7'),
    ("여덟", '8'),
    ("여덜", '8'),
    ("아홉", '9'),
    ("제로", '0'),
    ("공", '0'),
    ("영", '0'),
    ("빵", '0'),
    ("일", '1'),
    ("이", '2'),
    ("삼", '3'),
    ("사", '4'),
    ("오", '5'),
    ("육", '6'),
    ("륙", '6'),
    ("칠", '7'),
    ("팔", '8'),
    ("구", '9'),
    ("둘", '2'),
    ("셋", '3'),
    ("넷", '4'),
];

/// Endings after the last digit of a word, longest first; those that begin like a digit can be one.
const ENDINGS: &[&str] = &[
    "입니다",
    "이에요",
    "이예요",
    "이구요",
    "이고요",
    "이거든요",
    "이라고",
    "이고",
    "이요",
    "이에",
    "예요",
    "에요",
    "구요",
    "고요",
    "이랑",
    "번",
    "요",
    "고",
    "에",
];

/// All digits of a word that holds nothing else but an ending.
fn korean(word: &str, endings: Endings) -> Option<String> {
    let digits_of = |mut rest: &str| {
        let mut digits = String::new();
        while !rest.is_empty() {
            let (name, digit) = KOREAN.iter().find(|(name, _)| rest.starts_with(name))?;
            digits.push(*digit);
            rest = &rest[name.len()..];
        }
        Some(digits)
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
    readings
}

/// Whether the caller says yes or no; none when neither, or both.
///
/// ```
/// use dialgraph_plugin::listen::yes_or_no;
///
/// assert_eq!(yes_or_no("네, 맞습니다"), Some(true));
/// assert_eq!(yes_or_no("아니요 틀렸어요"), Some(false));
/// assert_eq!(yes_or_no("that's not right"), Some(false));
/// assert_eq!(yes_or_no("잠시만요"), None);
/// ```
pub fn yes_or_no(text: &str) -> Option<bool> {
    const YES: &[&str] = &[
        "네",
        "넵",
        "넹",
        "네네",
        "예",
        "옙",
        "예예",
        "응",
        "어",
        "그래",
        "그래요",
        "그럼요",
        "좋아요",
        "yes",
        "yeah",
        "yep",
        "yup",
        "correct",
        "right",
        "sure",
        "ok",
        "okay",
        "exactly",
        "affirmative",
    ];
    const NO: &[&str] = &[
        "아니",
        "아뇨",
        "노",
        "no",
        "nope",
        "nah",
        "not",
        "isnt",
        "wrong",
        "incorrect",
        "negative",
    ];
    const YES_STEMS: &[&str] = &["맞아", "맞습", "맞네", "맞는", "그렇습", "그렇죠", "확인했"];
    const NO_STEMS: &[&str] = &[
        "아니",
        "아뇨",
        "아닌",
        "아닙",
        "틀려",
        "틀렸",
        "틀린",
        "틀립",
        "달라",
        "다릅",
        "다른",
        "안맞",
        "맞지않",
        "맞지안",
        "잘못",
    ];
    let words = words(text);
    let joined = words.concat();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let contains = |list: &[&str]| list.iter().any(|stem| joined.contains(stem));
    let no = has(NO) || contains(NO_STEMS);
    let yes = has(YES) || contains(YES_STEMS);
    match (yes, no) {
        // "Not right", "안 맞아요": the yes is what is denied.
        (_, true) => Some(false),
        (true, false) => Some(true),
        (false, false) => None,
    }
}

/// Whether the caller asks for a person, and for nothing else: `상담원 연결해 주세요`, `agent`.
///
/// Words that only mention one (`담당자를 바꾸고 싶어요`) are no such wish.
///
/// ```
/// use dialgraph_plugin::listen::wants_agent;
///
/// assert!(wants_agent("상담원이랑 통화하고 싶어요"));
/// assert!(wants_agent("can I talk to a real person please"));
/// assert!(!wants_agent("청구서 담당자 이메일을 변경하려고 합니다"));
/// ```
pub fn wants_agent(text: &str) -> bool {
    const PERSON: &[&str] =
        &["상담원", "상담사", "상담직원", "상담자", "교환원", "직원", "담당자", "사람"];
    const REACH: &[&str] = &["연결", "바꿔", "통화", "이야기", "얘기", "대화", "말하고", "불러"];
    const PERSON_EN: &[&str] = &[
        "agent",
        "agents",
        "operator",
        "representative",
        "rep",
        "human",
        "person",
        "someone",
        "somebody",
        "advisor",
    ];
    const REACH_EN: &[&str] = &[
        "talk", "speak", "connect", "transfer", "get", "give", "real", "live", "put", "reach",
        "call",
    ];
    /// A phrase no longer than this that names a person is a wish for one.
    const SHORT: usize = 3;
    let words = words(text);
    let joined = words.concat();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let contains = |list: &[&str]| list.iter().any(|stem| joined.contains(stem));
    let korean_short = joined.chars().count() <= 8;
    (contains(PERSON) && (korean_short || contains(REACH)))
        || (has(PERSON_EN) && (words.len() <= SHORT || has(REACH_EN)))
}

/// The digits as one says them one by one, in groups of four: for reading a number back.
///
/// Korean words for a Korean locale, English ones otherwise; in a chat (`spoken` false) figures.
///
/// ```
/// use dialgraph_plugin::listen::read_back;
///
/// assert_eq!(read_back("11112233", "ko-KR", true), "일 일 일 일, 이 이 삼 삼");
/// assert_eq!(read_back("90", "en-US", true), "nine zero");
/// assert_eq!(read_back("111122223333", "ko-KR", false), "1111 2222 3333");
/// ```
pub fn read_back(digits: &str, locale: &str, spoken: bool) -> String {
    const KO: [&str; 10] = ["공", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"];
    const EN: [&str; 10] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let names = if crate::text::language_of(locale) == "ko" { KO } else { EN };
    let mut text = String::new();
    let values = digits.chars().filter_map(|c| c.to_digit(10));
    for (position, value) in values.enumerate() {
        if position > 0 {
            match (position % 4 == 0, spoken) {
                (true, true) => text.push_str(", "),
                (true, false) | (false, true) => text.push(' '),
                (false, false) => {}
            }
        }
        if spoken {
            text.push_str(names[value as usize]);
        } else {
            text.extend(char::from_digit(value, 10));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twelve(text: &str) -> Option<String> {
        digits(text, 12..=12)
    }

    #[test]
    fn korean_digits_are_read_with_any_spacing() {
        for text in [
            "일일일일이이이이삼삼삼삼",
            "일 일 일 일 이 이 이 이 삼 삼 삼 삼",
            "일일 일일, 이이 이이 - 삼삼 삼삼",
            "하나하나하나하나 둘둘둘둘 셋셋셋셋",
            "하나 하나 하나 하나 둘 둘 둘 둘 셋 셋 셋 셋",
            "1111 이이이이 3333",
            "１１１１２２２２３３３３",
            "네 계정 번호는 일일일일 이이이이 삼삼삼삼입니다",
            "1111-2222-3333이요",
        ] {
            assert_eq!(twelve(text).as_deref(), Some("111122223333"), "{text}");
        }
        assert_eq!(twelve("공영빵 사오육 칠팔구 륙 여덟 제로").as_deref(), Some("000456789680"));
        assert_eq!(twelve("다섯여섯일곱여덟아홉 공일이 삼사오육").as_deref(), Some("567890123456"));
    }

    #[test]
    fn an_ending_that_sounds_like_a_digit_is_told_by_the_length() {
        assert_eq!(digits("일이삼사이요", 4..=4).as_deref(), Some("1234"));
        assert_eq!(digits("일이삼이요", 4..=4).as_deref(), Some("1232"));
        assert_eq!(digits("칠팔구요", 2..=2).as_deref(), Some("78"));
        assert_eq!(digits("칠팔구요", 3..=3).as_deref(), Some("789"));
    }

    #[test]
    fn english_digits_are_read_with_their_habits() {
        for text in [
            "one one one one two two two two three three three three",
            "double one double one, double two double two, double three double three",
            "triple one one two triple two three three double three",
            "my account is 1111 2222 3333",
            "eleven eleven two two two two three three three three",
            "it's one one one one 2222 three three three three thanks",
        ] {
            assert_eq!(twelve(text).as_deref(), Some("111122223333"), "{text}");
        }
        assert_eq!(digits("oh o zero five", 4..=4).as_deref(), Some("0005"));
        assert_eq!(digits("Double-five, oh.", 3..=3).as_deref(), Some("550"));
    }

    #[test]
    fn words_that_sound_like_digits_count_among_digits_only() {
        assert_eq!(digits("won to for ate", 4..=4).as_deref(), Some("1248"));
        assert_eq!(digits("the code for the account is two", 1..=4).as_deref(), Some("2"));
    }

    #[test]
    fn words_without_digits_hold_none() {
        for text in
            ["", "안녕하세요", "사이트가 이상해요", "모르겠어요", "I do not know", "오늘 일정"]
        {
            assert_eq!(twelve(text), None, "{text}");
        }
    }

    #[test]
    fn too_few_digits_are_still_told() {
        assert_eq!(twelve("일이삼사").as_deref(), Some("1234"));
    }

    #[test]
    fn yes_and_no_are_told_apart_even_when_one_holds_the_other() {
        for text in [
            "네",
            "예 맞아요",
            "네네",
            "맞습니다",
            "그렇습니다",
            "Yes please",
            "that's right",
            "OK",
        ] {
            assert_eq!(yes_or_no(text), Some(true), "{text}");
        }
        for text in [
            "아니요",
            "아뇨",
            "아닙니다",
            "네 아니 틀려요",
            "안 맞아요",
            "맞지 않습니다",
            "No",
            "not correct",
            "isn't right",
        ] {
            assert_eq!(yes_or_no(text), Some(false), "{text}");
        }
        for text in ["", "음", "여보세요", "what was that"] {
            assert_eq!(yes_or_no(text), None, "{text}");
        }
    }

    #[test]
    fn a_wish_for_a_person_is_heard_and_a_mention_is_not() {
        for text in [
            "상담원",
            "상담원 연결해 주세요",
            "사람이랑 얘기하고 싶어요",
            "직원 바꿔주세요",
            "담당자 연결",
            "agent",
            "a person please",
            "I want to speak to a representative",
        ] {
            assert!(wants_agent(text), "{text}");
        }
        for text in [
            "",
            "청구서가 이상해요",
            "담당자를 다른 분으로 변경하고 싶습니다",
            "my user agent string is broken",
            "일이삼사",
        ] {
            assert!(!wants_agent(text), "{text}");
        }
    }
}
