//! What callers say, understood without a recogniser. The rules are those of `ask`, in
//! `dialgraph-understanding`.
//!
//! Korean and English at once, whatever the call's locale: people mix them on the phone. Everything
//! works on the written words that speech recognition gives, with whatever spacing it chose.

use std::ops::RangeInclusive;

pub use dialgraph_understanding::{
    Offers, Outcome, TimeOfDay, Understood, Why, YesNo, choose, date, is_angry, money, name,
    number, phone, time, wants_person, yes_no,
};

/// The digits that were spoken, typed or both, in order.
///
/// Understands Sino-Korean and native digits (`일이삼`, `공`, `하나 둘`), English ones (`oh`,
/// `double five`, `triple two`, `eleven`) and figures, in one utterance and with any spacing. Words
/// around them are passed over. Where the words can be read in two ways (`삼이요`: 3, or 3 and 2)
/// the reading whose length is in `wanted` is taken. None when there is no digit at all.
///
/// ```
/// use dialgraph_plugin::listen::digits;
///
/// assert_eq!(digits("일일일일 이이 이이 3333입니다", 12..=12).as_deref(), Some("111122223333"));
/// assert_eq!(digits("it's double five oh one", 4..=4).as_deref(), Some("5501"));
/// assert_eq!(digits("안녕하세요", 12..=12), None);
/// ```
pub fn digits(text: &str, wanted: RangeInclusive<usize>) -> Option<String> {
    dialgraph_understanding::heard_digits(text, wanted)
}

/// Whether the caller says yes or no; none when neither, or both, or when it is not sure.
///
/// ```
/// use dialgraph_plugin::listen::yes_or_no;
///
/// assert_eq!(yes_or_no("네, 맞습니다"), Some(true));
/// assert_eq!(yes_or_no("아니요 틀렸어요"), Some(false));
/// assert_eq!(yes_or_no("that's not right"), Some(false));
/// assert_eq!(yes_or_no("어 잘 모르겠는데요"), None);
/// ```
pub fn yes_or_no(text: &str) -> Option<bool> {
    yes_no(text).value().map(|answer| *answer == YesNo::Yes)
}

/// Whether the caller asks for time, and for nothing else: `잠깐만요`, `hold on`.
///
/// ```
/// use dialgraph_plugin::listen::asks_for_time;
///
/// assert!(asks_for_time("잠깐만요"));
/// assert!(asks_for_time("just a second please"));
/// assert!(!asks_for_time("네"));
/// ```
pub fn asks_for_time(text: &str) -> bool {
    choose(text, &Offers::new()).outcome == Outcome::Hold
}

/// How often a dialogue should give a caller more time before that counts as a vain try.
pub const HOLDS: u32 = 3;

/// Time for a caller who asks for it, in milliseconds.
pub const HOLD_MS: u32 = 30_000;

/// What is said to a caller who asks for time.
pub fn take_your_time() -> crate::Text {
    crate::Text::new("네, 기다리겠습니다.", "Sure, take your time.")
}

/// What is on the button by which a caller asks for a person, in Korean and English;
/// [`wants_agent`] understands it.
pub fn to_an_agent(locale: &str) -> Option<&'static str> {
    match crate::language_of(locale) {
        "ko" => Some("상담원 연결"),
        "en" => Some("Talk to an agent"),
        _ => None,
    }
}

/// What is on the buttons for yes and no, in Korean and English; [`yes_or_no`] understands them.
pub fn yes_and_no(locale: &str) -> &'static [&'static str] {
    match crate::language_of(locale) {
        "ko" => &["네", "아니요"],
        "en" => &["Yes", "No"],
        _ => &[],
    }
}

/// Whether the caller asks for a person, or is so angry that nobody else will do.
///
/// Words that only mention one (`담당자를 바꾸고 싶어요`) are no such wish.
///
/// ```
/// use dialgraph_plugin::listen::wants_agent;
///
/// assert!(wants_agent("상담원이랑 통화하고 싶어요"));
/// assert!(wants_agent("can I talk to a real person please"));
/// assert!(wants_agent("책임자 바꿔 주세요"));
/// assert!(!wants_agent("청구서 담당자 이메일을 변경하려고 합니다"));
/// ```
pub fn wants_agent(text: &str) -> bool {
    dialgraph_understanding::wants_agent(text)
}

/// The key of a menu that was said, typed or pressed: `1번`, `일번이요`, `number one`, `①`; none
/// when no key of `keys` was.
///
/// ```
/// use dialgraph_plugin::listen::key;
///
/// assert_eq!(key("일번이요", &['1', '2']), Some('1'));
/// assert_eq!(key("the second one", &['1', '2']), Some('2'));
/// assert_eq!(key("one moment", &['1', '2']), None);
/// ```
pub fn key(text: &str, keys: &[char]) -> Option<char> {
    let offers = keys.iter().fold(Offers::new(), |offers, key| offers.key(*key, *key));
    choose(text, &offers).value().and_then(|key| key.chars().next())
}

/// The digits as one says them one by one, in groups of four: for reading a number back.
///
/// Korean or English words for a Korean or English locale; in others figures, which a voice reads
/// in its own language, and in a chat (`spoken` false) too.
///
/// ```
/// use dialgraph_plugin::listen::read_back;
///
/// assert_eq!(read_back("11112233", "ko-KR", true), "일 일 일 일, 이 이 삼 삼");
/// assert_eq!(read_back("90", "en-US", true), "nine zero");
/// assert_eq!(read_back("11112", "ja-JP", true), "1 1 1 1, 2");
/// assert_eq!(read_back("111122223333", "ko-KR", false), "1111 2222 3333");
/// ```
pub fn read_back(digits: &str, locale: &str, spoken: bool) -> String {
    const KO: [&str; 10] = ["공", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"];
    const EN: [&str; 10] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let names = match crate::text::language_of(locale) {
        "ko" => Some(KO),
        "en" => Some(EN),
        _ => None,
    };
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
        match names {
            Some(names) if spoken => text.push_str(names[value as usize]),
            _ => text.extend(char::from_digit(value, 10)),
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
