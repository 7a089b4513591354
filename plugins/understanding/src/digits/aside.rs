//! Numbers among digits that are no digits: counts, times, years, examples; and digits that are
//! said by their number.

use super::read::digit_of;
use crate::words::{Script, Word};

/// Words that tell so many of the same digit: `three fives`, `six zeros`, `공이 여섯 개`; with how
/// many words they take.
pub(super) fn repeated(words: &[Word], at: usize) -> Option<(String, usize)> {
    #[rustfmt::skip]
    const PLURALS: &[(&str, char)] = &[
        ("zeros", '0'), ("zeroes", '0'), ("ohs", '0'), ("noughts", '0'), ("naughts", '0'), ("ones", '1'), ("twos", '2'),
        ("threes", '3'), ("fours", '4'), ("fives", '5'), ("sixes", '6'), ("sevens", '7'), ("eights", '8'), ("nines", '9'),
    ];
    #[rustfmt::skip]
    const COUNTS: &[(&str, usize)] = &[
        ("두", 2), ("세", 3), ("네", 4), ("다섯", 5), ("여섯", 6), ("일곱", 7), ("여덟", 8),
    ];
    let word = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    if let Some((_, digit)) = PLURALS.iter().find(|(name, _)| *name == word(at + 1)) {
        let count = digit_of(&words[at]).filter(|count| *count > 1)?;
        return Some((digit.to_string().repeat(count), 2));
    }
    // `공 두 개`, `영이 네개`.
    let said = word(at);
    let digit = ["이", "은", "는", "가", "만", ""]
        .iter()
        .filter_map(|particle| said.strip_suffix(particle))
        .find_map(|name| {
            digit_of(&Word { text: name.to_owned(), ..words[at].clone() })
                .filter(|_| name.chars().count() < 3)
        })?;
    // `0이 네 번이고`: figures and their particle are two words.
    let particle = words[at].script == Script::Figure
        && words.get(at + 1).is_some_and(|next| {
            !next.spaced && matches!(next.text.as_str(), "이" | "은" | "는" | "가" | "만")
        });
    let skipped = usize::from(particle);
    let counter = |tail: &str| {
        ["개", "번"]
            .iter()
            .filter_map(|unit| tail.strip_prefix(unit))
            .any(|tail| tail.is_empty() || crate::korean::closes(tail) || tail.starts_with('하'))
    };
    let (_, count, glued) = COUNTS.iter().find_map(|(name, count)| {
        let tail = word(at + 1 + skipped).strip_prefix(name)?;
        (counter(tail) || tail.is_empty() && counter(word(at + 2 + skipped))).then_some((
            name,
            count,
            !tail.is_empty(),
        ))
    })?;
    Some((digit.to_string().repeat(*count), skipped + if glued { 2 } else { 3 }))
}

/// Whether a word that says a number says no digit here.
pub(super) fn aside(words: &[Word], at: usize) -> bool {
    let word =
        |at: usize| words.get(at).filter(|word| !word.pause).map_or("", |word| word.text.as_str());
    let before = |back: usize| at.checked_sub(back).map_or("", |at| words[at].text.as_str());
    let now = &words[at];
    let next = word(at + 1);
    // `Oh um okay so …` only exclaims.
    if matches!(now.text.as_str(), "oh" | "o")
        && (at == 0 || now.pause)
        && (crate::hold::is_filler(next) && next != "oh"
            || matches!(
                next,
                "ok" | "okay" | "yes" | "sorry" | "right" | "yeah" | "sure" | "hi" | "no"
            ))
    {
        return true;
    }
    // `five as in high five`.
    if (1..=3).any(|back| {
        before(back) == "in"
            && before(back + 1) == "as"
            && !(1..back).any(|at| before(at) == "then")
    }) {
        return true;
    }
    let next_digit = words.get(at + 1).is_some_and(|next| !next.pause && digit_of(next).is_some());
    if now.text == "one"
        && (matches!(
            before(1),
            "new" | "old" | "other" | "wrong" | "same" | "correct" | "only" | "which" | "this"
        ) || before(1) == "the" && !next_digit)
    {
        return true;
    }
    if next == "of" && matches!(word(at + 2), "them" | "those" | "these" | "us" | "the") {
        return true;
    }
    if matches!(before(1), "after" | "before" | "until" | "till") && !next_digit && at > 1 {
        return true;
    }
    // `in 2019`, `2019년에`.
    if now.script == Script::Figure
        && now.text.len() == 4
        && (now.text.starts_with("19") || now.text.starts_with("20"))
        && (matches!(before(1), "in" | "since") || next.starts_with('년'))
    {
        return true;
    }
    let lone = at.checked_sub(1).is_none_or(|at| digit_of(&words[at]).is_none());
    // `We have two lines`: a count.
    let plural = next.len() > 3
        && next.ends_with('s')
        && next.is_ascii()
        && !matches!(
            next,
            "this"
                | "thanks"
                | "always"
                | "dashes"
                | "plus"
                | "cheers"
                | "yes"
                | "ends"
                | "does"
                | "alas"
                | "guess"
        );
    if lone && plural && now.script == Script::Latin {
        return true;
    }
    // `여섯 시 이후에`, `칠로 시작해요`.
    if next.starts_with('시') {
        return true;
    }
    // `둘 중에`, `다 오예요`.
    next.starts_with('중') && now.script == Script::Hangul
        || matches!(before(1), "다" | "전부" | "모두")
            && at > 1
            && now
                .text
                .chars()
                .next()
                .is_some_and(|c| digit_of(&Word { text: c.to_string(), ..now.clone() }).is_some())
}

#[cfg(test)]
mod tests {
    use crate::digits;

    fn read(text: &str) -> Option<String> {
        digits(text, 4..=4).value().cloned()
    }

    #[test]
    fn so_many_of_a_digit_are_that_many() {
        assert_eq!(read("two zeros then four seven").as_deref(), Some("0047"));
        assert_eq!(read("공 두 개에 칠팔이요").as_deref(), Some("0078"));
        assert_eq!(read("four nines").as_deref(), Some("9999"));
    }

    #[test]
    fn years_examples_and_counts_are_no_digits() {
        assert_eq!(read("I opened it in 2019"), None);
        assert_eq!(read("2019년에 만들었어요"), None);
        assert_eq!(read("five as in high five then three two zero").as_deref(), Some("5320"));
        assert_eq!(read("the new one is five five one oh").as_deref(), Some("5510"));
    }
}
