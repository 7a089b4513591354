//! Whatever a text holds, no reading panics. What a reading costs is counted in
//! `engine/host/tests/host/understanding.rs`.

use dialgraph_understanding::jiff::civil;
use dialgraph_understanding::{
    Offers, anger, choose, collides, date, digits, heard_digits, money, name, number, occurs_in,
    person, phone, phrase_problems, place_of_two, repeat, time, yes_no,
};
use proptest::prelude::*;

fn offers() -> Offers {
    Offers::new()
        .key('1', "outage")
        .key('*', "again")
        .phrases("outage", ["장애", "접속이 안 돼요", "outage", "call back"])
        .phrases("bill", ["요금", "차", "bill", "네", "AWS 요금"])
        .phrases("cancel", ["예약 취소", "cancel"])
        .phrases("book", ["예약"])
        .phrases("agent", ["사람"])
}

fn read_all(text: &str) {
    let _ = choose(text, &offers()).why.to_string();
    let _ = yes_no(text).why.to_string();
    let _ = number(text);
    let _ = digits(text, 1..=12);
    let _ = heard_digits(text, 4..=4);
    let _ = date(text, civil::date(2026, 11, 20));
    let _ = time(text);
    let _ = phone(text, "KR");
    let _ = phone(text, "ZZ");
    let _ = money(text, "KRW");
    let _ = money(text, "USD");
    let _ = name(text);
    let _ = person(text);
    let _ = repeat(text);
    let _ = place_of_two(text);
    let _ = anger(text);
    let _ = phrase_problems(text);
    let _ = occurs_in(text, "장애요");
    let _ = occurs_in("장애", text);
    let _ = collides(text, "outage");
}

/// Pieces that the readings look for, so that chance meets their corners.
const PIECES: &[&str] = &[
    "네",
    "아니",
    "요",
    "장애",
    "요금",
    "말고",
    "안",
    "돼",
    "일",
    "이",
    "삼",
    "십",
    "백",
    "천",
    "만",
    "억",
    "조",
    "월",
    "일",
    "시",
    "분",
    "반",
    "전",
    "뒤",
    "주",
    "다음",
    "화요일",
    "두",
    "세",
    "명",
    "개",
    "번",
    "째",
    "첫",
    "공",
    "에",
    "다시",
    "원",
    "점",
    "오전",
    "오후",
    " ",
    " ",
    " ",
    ",",
    ".",
    "?",
    "!",
    "-",
    ":",
    "/",
    "+",
    "$",
    "%",
    "#",
    "*",
    "1",
    "2",
    "12",
    "2026",
    "0",
    "99999999999999999999",
    "1.5",
    ".",
    "one",
    "two",
    "twenty",
    "hundred",
    "thousand",
    "million",
    "billion",
    "point",
    "half",
    "past",
    "to",
    "quarter",
    "pm",
    "next",
    "tuesday",
    "march",
    "first",
    "not",
    "no",
    "and",
    "or",
    "wait",
    "sorry",
    "i",
    "mean",
    "bill",
    "outage",
    "the",
    "'s",
    "n't",
    "'",
    "ㅇㅇ",
    "ㄴ",
    "ㅣ",
    "①",
    "½",
    "👍",
    "\u{0301}",
    "\u{1102}",
    "\u{1161}",
    "ﷺ",
    "İ",
    "ß",
    "잠깐만",
    "hold on",
    "plus",
    "double",
    "이름은",
    "김",
    "is",
    "my",
    "name",
    "달러",
    "센트",
    "사흘",
    "유월",
    "한두",
    "마이너스",
    "맞",
    "지",
    "않",
    "다른",
    "거",
    "예요",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_a_reading_panic(text in "\\PC{0,80}") {
        read_all(&text);
    }

    #[test]
    fn no_characters_make_a_reading_panic(chars in prop::collection::vec(any::<char>(), 0..60)) {
        read_all(&chars.into_iter().collect::<String>());
    }

    #[test]
    fn no_words_make_a_reading_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14)) {
        read_all(&pieces.concat());
    }
}

#[test]
fn a_part_of_what_was_said_is_read_as_a_text_of_its_own() {
    // A number with a plus after other words is cut out; its places once were those of the whole.
    read_all("네$plus이+hundredㅇㅇ");
}

#[test]
fn a_text_as_long_as_a_turn_allows_is_read_to_its_end() {
    for piece in ["네 ", "요금 말고 ", "two ", "1,", "# ", "아니 네 맞아요 "] {
        read_all(&piece.repeat(10_000 / piece.len()));
    }
}
