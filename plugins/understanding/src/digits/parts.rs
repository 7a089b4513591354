//! What of an answer counts: corrections, denials, numbers of before, and ends that are said first.

use crate::words::{Utterance, Word};

/// The words between corrections and each *or*, without those that are denied.
pub(super) struct Parts {
    pub said: Vec<Vec<Word>>,
    /// Whether something was denied, which does not count then.
    pub denied: bool,
}

#[rustfmt::skip]
const CORRECTS: &[&str] = &[
    "아니", "아니요", "아뇨", "아니다", "아니아니", "sorry", "no", "wait", "actually", "죄송해요", "죄송합니다", "잠깐만요",
    "다시", "correction", "mean", "meant", "아니면", "또는", "혹은", "or", "이나", "거나", "misread", "oops", "scratch", "nah",
    "잘못", "틀렸어요", "틀렸다", "정정할게요", "now", "지금은", "이제는", "현재는", "요즘은", "이제", "이젠", "지금", "현재", "바뀐",
    "다시요", "다시할게요", "다시말할게요", "아니요다시", "그러니까", "그니까", "미안해요", "미안합니다", "아차", "so", "잠깐", "잠깐만",
];
/// What stands before these is denied.
#[rustfmt::skip]
const DENIES_BEFORE: &[&str] = &[
    "말고", "말고요", "말구", "아니고", "아니라", "아니고요", "이아니라", "이아니고", "아니에요", "아니예요", "아닙니다", "아녜요",
    "아니었어요", "아니었고", "아니거든요", "아니구요",
];
/// What stands after these is denied.
const DENIES_AFTER: &[&str] = &["not", "forget", "ignore", "scrap"];
/// Ends what is denied.
#[rustfmt::skip]
const ENDS: &[&str] = &["so", "but", "use", "it", "ring", "call", "try", "that", "new", "instead", "now", "text", "just", "mine"];

pub(super) fn parts(text: &Utterance) -> Parts {
    let words = &text.words;
    let mut parts = Parts { said: Vec::new(), denied: false };
    let mut begin = 0;
    let mut skip = false;
    for (at, word) in words.iter().enumerate() {
        let spoken = word.text.as_str();
        let before = DENIES_BEFORE.contains(&spoken)
            || [
                "였는데",
                "이었는데",
                "였고",
                "이었고",
                "였는데요",
                "이었는데요",
                "였고요",
                "이었고요",
            ]
            .iter()
            .any(|was| spoken.ends_with(was));
        if before && !skip {
            parts.denied |=
                words[begin..at].iter().any(|word| word.script != crate::words::Script::Latin);
            begin = at + 1;
        } else if CORRECTS.contains(&spoken) || DENIES_AFTER.contains(&spoken) || was(words, at) {
            if begin < at && !skip {
                parts.said.push(words[begin..at].to_vec());
            }
            // `not 1234`, `it used to be 1234`: what follows is denied.
            skip = !CORRECTS.contains(&spoken);
            parts.denied |= skip;
            begin = at + 1;
        } else if skip && (word.pause || ENDS.contains(&spoken)) {
            begin = at;
            skip = false;
        }
    }
    if begin < words.len() && !skip {
        parts.said.push(words[begin..].to_vec());
    }
    parts
}

/// `used to be`, `my old one was`.
fn was(words: &[Word], at: usize) -> bool {
    let word = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    match word(at) {
        "be" => at > 1 && word(at - 1) == "to" && word(at - 2) == "used",
        "was" => (at.saturating_sub(4)..at)
            .any(|at| matches!(word(at), "old" | "previous" | "former" | "earlier")),
        _ => false,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Where {
    First,
    Middle,
    Last,
}

/// Which part of the number a word announces.
fn place(words: &[Word], at: usize) -> Option<Where> {
    let spoken = words[at].text.as_str();
    let next = words.get(at + 1).map_or("", |word| word.text.as_str());
    match spoken {
        "ends" | "ending" | "last" => return Some(Where::Last),
        "middle" => return Some(Where::Middle),
        "starts" | "begins" | "starting" | "beginning" => return Some(Where::First),
        "before" if matches!(next, "that" | "it" | "those" | "them") => return Some(Where::First),
        _ => {}
    }
    [
        ("끝", Where::Last),
        ("뒤", Where::Last),
        ("뒷", Where::Last),
        ("마지막", Where::Last),
        ("가운데", Where::Middle),
        ("중간", Where::Middle),
        ("앞", Where::First),
        ("처음", Where::First),
    ]
    .into_iter()
    .find(|(name, _)| spoken.starts_with(name))
    .map(|(_, place)| place)
}

/// The words in the order of the number, where its end was said before its beginning:
/// `it ends 0181 and starts 202 555`.
pub(super) fn in_order(words: &[Word], has_digits: impl Fn(&[Word]) -> bool) -> Option<Vec<Word>> {
    let mut marks: Vec<(usize, Where)> = Vec::new();
    for at in 0..words.len() {
        if let Some(place) = place(words, at) {
            marks.push((at, place));
        }
    }
    let (first, _) = marks.first()?;
    if has_digits(&words[..*first]) {
        return None;
    }
    let mut segments: Vec<(Where, &[Word])> = Vec::new();
    for (i, (at, place)) in marks.iter().enumerate() {
        let end = marks.get(i + 1).map_or(words.len(), |(next, _)| *next);
        let segment = &words[*at..end];
        if has_digits(segment) {
            segments.push((*place, segment));
        }
    }
    let sorted = segments.windows(2).all(|pair| pair[0].0 <= pair[1].0);
    let mut places: Vec<Where> = segments.iter().map(|(place, _)| *place).collect();
    places.sort_unstable();
    if segments.len() < 2 || sorted || places.windows(2).any(|pair| pair[0] == pair[1]) {
        return None;
    }
    segments.sort_by_key(|(place, _)| *place);
    Some(segments.into_iter().flat_map(|(_, words)| words.iter().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use crate::digits;

    fn read(text: &str) -> Option<String> {
        digits(text, 4..=4).value().cloned()
    }

    #[test]
    fn what_is_denied_or_was_so_before_does_not_count() {
        assert_eq!(read("it's not 1234 anymore"), None);
        assert_eq!(read("1234는 아니에요"), None);
        assert_eq!(read("it used to be 1234 now it's 8826").as_deref(), Some("8826"));
        assert_eq!(read("예전에는 1111이었고 지금은 2222예요").as_deref(), Some("2222"));
    }

    #[test]
    fn an_end_that_is_said_first_stays_the_end() {
        assert_eq!(read("it ends in one two and starts with eight eight").as_deref(), Some("8812"));
        assert_eq!(read("뒤에 두 자리는 사사고 앞에 두 자리는 일구예요").as_deref(), Some("1944"));
        assert_eq!(read("앞은 일구고 뒤는 사사예요").as_deref(), Some("1944"));
    }
}
