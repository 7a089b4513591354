//! Digits one by one: account numbers, codes.

use std::ops::RangeInclusive;

mod aside;
mod parts;
mod read;

use parts::{Parts, in_order, parts};
use read::{Endings, read};

use crate::words::{Script, Utterance, Word};
use crate::{Outcome, Understood, Why};

/// The digits that were spoken, typed or both, in order, whatever their number; none where there is
/// none at all.
///
/// Understands Sino-Korean and native digits (`일이삼`, `공`, `하나 둘`), English ones (`oh`,
/// `double five`, `triple two`, `eleven`, `twenty one`) and figures, in one utterance and with any
/// spacing. Words around them are passed over. Where the words can be read in two ways (`삼이요`:
/// 3, or 3 and 2) the reading whose length is in `wanted` is taken.
///
/// ```
/// use dialgraph_understanding::heard_digits;
///
/// assert_eq!(heard_digits("일일일일 이이 이이 3333입니다", 12..=12).as_deref(), Some("111122223333"));
/// assert_eq!(heard_digits("it's double five oh one", 4..=4).as_deref(), Some("5501"));
/// assert_eq!(heard_digits("안녕하세요", 12..=12), None);
/// ```
pub fn heard_digits(text: &str, wanted: RangeInclusive<usize>) -> Option<String> {
    let text = Utterance::new(text);
    best(&text.words, &wanted)
}

/// Digits of a wanted length. A correction (`1234 아니 1235`, `1234, sorry, 1235`) leaves what
/// follows it.
///
/// ```
/// use dialgraph_understanding::{Outcome, digits};
///
/// assert_eq!(digits("공일공일이요", 4..=4).outcome, Outcome::One("0101".to_owned()));
/// assert_eq!(digits("일이삼", 4..=4).outcome, Outcome::Nothing);
/// ```
pub fn digits(text: &str, wanted: RangeInclusive<usize>) -> Understood<String> {
    let text = Utterance::new(text);
    of(&text, &wanted)
}

pub(crate) fn of(text: &Utterance, wanted: &RangeInclusive<usize>) -> Understood<String> {
    let Parts { said: parts, denied } = parts(text);
    let corrected = parts.len() > 1;
    let mut rejected = None;
    let mut fitting: Vec<String> = Vec::new();
    for words in &parts {
        match best(words, wanted) {
            Some(read) if wanted.contains(&read.len()) => fitting.push(read),
            Some(read) => rejected = Some(read),
            None => {}
        }
    }
    // `1234 아니 34` corrects the end.
    if let (Some(first), Some(tail)) = (fitting.first(), rejected.as_ref())
        && corrected
        && fitting.len() == 1
        && tail.len() < first.len()
        && parts.last().is_some_and(|words| best(words, wanted).as_ref() == Some(tail))
    {
        // `1234 5678 9012 아니 9013`: the last group again.
        let group = parts[0].iter().rev().find_map(|word| best(std::slice::from_ref(word), wanted));
        // `오육칠팔 아니 오육칠구요`: nine, and no ending.
        let eager = parts.last().map(|words| read(words, Endings::Digits));
        let eager = eager.filter(|eager| {
            eager.len() < first.len()
                && group.as_ref().is_some_and(|group| group.len() == eager.len())
        });
        let tail = eager.as_ref().unwrap_or(tail);
        let ends = parts.last().is_some_and(|words| says_end(words));
        let replaced =
            if ends || group.is_some_and(|group| group.len() == tail.len() && parts[0].len() > 1) {
                Some(format!("{}{tail}", &first[..first.len() - tail.len()]))
            } else {
                confirmed(first, tail).or_else(|| mended(first, tail))
            };
        if let Some(whole) = replaced {
            let why =
                Why { matched: vec![whole.clone()], ..Why::note(format!("instead of {first}")) };
            return Understood::new(Outcome::One(whole), why);
        }
        let why = Why {
            matched: vec![first.clone(), tail.clone()],
            ..Why::note("corrected in a way that is not certain")
        };
        return Understood::new(Outcome::Nothing, why);
    }
    if let Some(last) = fitting.pop() {
        let mut why = Why { matched: vec![last.clone()], ..Why::default() };
        if !fitting.is_empty() && fitting.iter().any(|other| *other != last) {
            if alternative(text) {
                fitting.push(last);
                return Understood::new(Outcome::Several(fitting), why);
            }
            why.notes.push(format!("instead of {}", fitting.join(", ")));
        }
        return Understood::new(Outcome::One(last), why);
    }
    if fitting.is_empty()
        && let Some(read) = middle_again(&parts, wanted)
    {
        let why = Why { matched: vec![read.clone()], ..Why::note("a part said again") };
        return Understood::new(Outcome::One(read), why);
    }
    if fitting.is_empty() {
        let mut runs = runs(&text.words, wanted);
        if let Some(last) = runs.pop()
            && runs.iter().any(|run| *run != last)
        {
            // `남편 번호는 …인데 제 걸로 할게요 …`.
            let why = Why { matched: vec![last.clone()], ..Why::default() };
            if !chosen(text) {
                runs.push(last);
                return Understood::new(Outcome::Several(runs), why);
            }
            return Understood::new(Outcome::One(last), why);
        }
    }
    // What was denied does not count.
    let whole = if denied { best(&parts.concat(), wanted) } else { best(&text.words, wanted) };
    // `공구일팔이에요 공구일팔`: said again.
    let half = whole.as_ref().and_then(|read| {
        let (first, second) = read.split_at_checked(read.len() / 2)?;
        (first == second && wanted.contains(&first.len()) && !wanted.contains(&read.len()))
            .then(|| first.to_owned())
    });
    if let Some(read) = half.filter(|read| read.len() > 2) {
        let why = Why { matched: vec![read.clone()], ..Why::note("said twice") };
        return Understood::new(Outcome::One(read), why);
    }
    if let Some(read) = whole.as_ref().and_then(|read| group_again(text, read, wanted)) {
        let why = Why { matched: vec![read.clone()], ..Why::note("its end said twice") };
        return Understood::new(Outcome::One(read), why);
    }
    if let Some(read) = whole.clone().filter(|read| wanted.contains(&read.len())) {
        let why = Why { matched: vec![read.clone()], ..Why::default() };
        return Understood::new(Outcome::One(read), why);
    }
    if !denied && let Some(read) = as_number(text).filter(|read| wanted.contains(&read.len())) {
        let why = Why { matched: vec![read.clone()], ..Why::note("said as a number") };
        return Understood::new(Outcome::One(read), why);
    }
    let mut without = crate::hold::without_value(text);
    if let Some(read) = rejected.or(whole) {
        if without.outcome != Outcome::Hold {
            without.outcome = Outcome::Nothing;
        }
        without.why.matched.push(read.clone());
        without.why.notes.push(format!(
            "{} digits, where {} to {} were wanted",
            read.len(),
            wanted.start(),
            wanted.end()
        ));
    }
    without
}

/// The numbers of a wanted length that stand apart, with other words between them.
fn runs(words: &[Word], wanted: &RangeInclusive<usize>) -> Vec<String> {
    let mut found = Vec::new();
    for run in words.split(|word| {
        word.script != Script::Symbol && read(std::slice::from_ref(word), Endings::Words).is_empty()
    }) {
        let digits = read(run, Endings::Words);
        if wanted.contains(&digits.len()) {
            found.push(digits);
        }
    }
    found
}

/// Whether the words between two numbers say that the later one is meant.
fn chosen(text: &Utterance) -> bool {
    let own = |word: &Word| {
        matches!(word.text.as_str(), "mine" | "instead" | "use" | "but" | "rather" | "better")
            || ["제걸", "제거", "제꺼", "내걸", "내거", "내꺼", "걸로", "말고", "제번호", "본인"]
                .iter()
                .any(|own| word.text.starts_with(own))
    };
    text.words.iter().any(own)
}

/// `010 1234, no, 1235 5678`: the last group of what was said before is said again, and the rest
/// after it.
fn middle_again(parts: &[Vec<Word>], wanted: &RangeInclusive<usize>) -> Option<String> {
    let digits = |words: &[Word]| {
        let read = read(words, Endings::Words);
        (!read.is_empty()).then_some(read)
    };
    let mut said = parts.iter().filter_map(|words| Some((words, digits(words)?)));
    let ((first, before), (second, after), None) = (said.next()?, said.next()?, said.next()) else {
        return None;
    };
    let group = |word: &Word| digits(std::slice::from_ref(word));
    let last = first.iter().rev().find_map(group)?;
    let next = second.iter().find_map(group)?;
    let again = (before.len() + after.len()).checked_sub(*wanted.start())?;
    if wanted.start() != wanted.end() || !(1..before.len()).contains(&again) || again > after.len()
    {
        return None;
    }
    let kept = &before[..before.len() - again];
    let differ = before[kept.len()..].chars().zip(after.chars()).filter(|(a, b)| a != b).count();
    let alike = again > 1 && differ <= 1;
    let groups = last.len() == again && next.len() == again && again > 1;
    (alike || groups).then(|| format!("{kept}{after}"))
}

/// Whether the words are about the end of the number: `the last four are`, `끝이`.
fn says_end(words: &[Word]) -> bool {
    words.iter().any(|word| {
        matches!(word.text.as_str(), "last" | "end" | "ending" | "ends" | "final")
            || ["끝", "뒤", "뒷", "마지막"].iter().any(|end| word.text.starts_with(end))
    })
}

/// `… 0156, no, 57, 0157`: the new end, and the last group with it once more.
fn confirmed(first: &str, tail: &str) -> Option<String> {
    (1..tail.len()).find_map(|at| {
        let (end, again) = tail.split_at(at);
        let whole = format!("{}{end}", &first[..first.len().checked_sub(at)?]);
        (again.len() > at && whole.ends_with(again)).then_some(whole)
    })
}

/// `… zero one eight zero, no sorry, zero one eight six`: the end again, with one digit mended.
fn mended(first: &str, tail: &str) -> Option<String> {
    /// Of fewer digits it is not certain which they replace.
    const LEAST: usize = 3;
    let kept = first.get(..first.len().checked_sub(tail.len())?)?;
    let differ = first[kept.len()..].chars().zip(tail.chars()).filter(|(a, b)| a != b).count();
    (tail.len() >= LEAST && differ == 1).then(|| format!("{kept}{tail}"))
}

/// `… 삼 일 삼 일 네 삼일삼일 맞습니다`: the last group confirmed.
fn group_again(text: &Utterance, read: &str, wanted: &RangeInclusive<usize>) -> Option<String> {
    let confirms = text.words.iter().any(|word| {
        matches!(
            word.text.as_str(),
            "네" | "예" | "yes" | "yeah" | "yep" | "right" | "correct" | "okay" | "again"
        ) || word.text.starts_with("맞")
    });
    if !confirms || wanted.contains(&read.len()) {
        return None;
    }
    (3..=6).find_map(|group| {
        let shorter = read.get(..read.len().checked_sub(group)?)?;
        (wanted.contains(&shorter.len()) && shorter.ends_with(&read[shorter.len()..]))
            .then(|| shorter.to_owned())
    })
}

/// `천이백삼십사요`: digits that are said as one number.
fn as_number(text: &Utterance) -> Option<String> {
    let units = ["천", "백", "thousand", "hundred"];
    if !units.iter().any(|unit| text.flat().contains(unit)) {
        return None;
    }
    let read = crate::number::of(text);
    Some(read.value()?.as_whole()?.to_string())
}

fn alternative(text: &Utterance) -> bool {
    text.words.iter().any(|word| {
        matches!(word.text.as_str(), "or" | "아니면" | "또는" | "혹은" | "이나" | "거나")
    })
}

fn best(words: &[Word], wanted: &RangeInclusive<usize>) -> Option<String> {
    let ordered = in_order(words, |words| !read(words, Endings::Words).is_empty());
    let words = ordered.as_deref().unwrap_or(words);
    let fits = |digits: &String| wanted.contains(&digits.len());
    let plain = read(words, Endings::Words);
    let eager = read(words, Endings::Digits);
    // A day of birth has six digits or eight.
    let birth = words.iter().any(|word| {
        ["생년월일", "생일", "주민번호"].iter().any(|birth| word.text.starts_with(birth))
    });
    let dated = |digits: &String| matches!(digits.len(), 6 | 8);
    let sure = fits(&plain) && !(birth && dated(&eager) && !dated(&plain) && fits(&eager));
    let best = if sure || !fits(&eager) { plain } else { eager };
    (!best.is_empty()).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twelve(text: &str) -> Option<String> {
        heard_digits(text, 12..=12)
    }

    fn read(text: &str, least: usize, most: usize) -> Option<String> {
        heard_digits(text, least..=most)
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
        assert_eq!(read("일이삼사이요", 4, 4).as_deref(), Some("1234"));
        assert_eq!(read("일이삼이요", 4, 4).as_deref(), Some("1232"));
        assert_eq!(read("칠팔구요", 2, 2).as_deref(), Some("78"));
        assert_eq!(read("칠팔구요", 3, 3).as_deref(), Some("789"));
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
        assert_eq!(read("oh o zero five", 4, 4).as_deref(), Some("0005"));
        assert_eq!(read("Double-five, oh.", 3, 3).as_deref(), Some("550"));
        assert_eq!(read("twenty one forty two", 4, 4).as_deref(), Some("2142"));
        assert_eq!(read("fifty five zero one", 4, 4).as_deref(), Some("5501"));
    }

    #[test]
    fn words_that_sound_like_digits_count_among_digits_only() {
        assert_eq!(read("won to for ate", 4, 4).as_deref(), Some("1248"));
        assert_eq!(read("the code for the account is two", 1, 4).as_deref(), Some("2"));
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
        let heard = digits("일이삼사", 12..=12);
        assert_eq!(heard.outcome, Outcome::Nothing);
        assert!(heard.why.to_string().contains("4 digits"), "{}", heard.why);
    }

    #[test]
    fn what_is_corrected_is_replaced() {
        assert_eq!(digits("1234 아니 1235요", 4..=4).value().map(String::as_str), Some("1235"));
        assert_eq!(digits("1234, sorry, 1235", 4..=4).value().map(String::as_str), Some("1235"));
        assert!(matches!(digits("1234 or 1235", 4..=4).outcome, Outcome::Several(_)));
    }

    #[test]
    fn a_part_in_the_middle_is_said_again() {
        let read = |text, length| digits(text, length..=length).value().cloned();
        assert_eq!(read("010 1234 no sorry 1235 5678", 11).as_deref(), Some("01012355678"));
        assert_eq!(read("12 아니 13 24요", 4).as_deref(), Some("1324"));
        assert_eq!(read("12 아니 98765", 4), None);
    }

    #[test]
    fn of_two_whole_numbers_the_own_one_is_meant() {
        let read = |text| digits(text, 6..=6);
        let own = read("남편 건 123456인데 제 걸로 할게요 654321이요");
        assert_eq!(own.value().map(String::as_str), Some("654321"));
        assert!(matches!(
            read("하나는 123456 하나는 654321").outcome,
            Outcome::Several(_) | Outcome::Nothing
        ));
    }
}
