//! Where a sentence of an article ends.

/// One sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// Without the space around it.
    pub text: &'a str,
    /// It begins a numbered item of a list, or stands in one.
    pub item: bool,
}

/// Words whose full stop is a part of them; those of single letters, such as `a.m.`, are known by
/// their form.
const ABBREVIATIONS: [&str; 19] = [
    "approx", "co", "corp", "dept", "dr", "etc", "ext", "fig", "inc", "jr", "llc", "ltd", "mr",
    "mrs", "ms", "no", "sr", "tel", "vs",
];

/// Sentences end at a full stop, question or exclamation mark before a space, and at the end of a
/// line. The number of a list's item (`2.`) and an abbreviation (`9 a.m.`, `Example Inc.`) end
/// none: two sentences told as one are heard more easily than half of one.
pub fn sentences(text: &str) -> Vec<Sentence<'_>> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let item = is_numbered(line);
        let mut start = 0;
        let mut marks = line.char_indices().peekable();
        while let Some((at, c)) = marks.next() {
            let stands_free = marks.peek().is_none_or(|(_, next)| next.is_whitespace());
            let ends = match c {
                '!' | '?' | '。' => stands_free,
                '.' => stands_free && !belongs_to_its_word(line[start..at].trim_start()),
                _ => false,
            };
            if ends {
                found.push(Sentence { text: line[start..at + c.len_utf8()].trim(), item });
                start = at + c.len_utf8();
            }
        }
        found.push(Sentence { text: line[start..].trim(), item });
    }
    found.retain(|sentence| !sentence.text.is_empty());
    found
}

/// `1.` or `1)` and a text.
fn is_numbered(line: &str) -> bool {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&digits)
        && line[digits..].strip_prefix(['.', ')']).is_some_and(|rest| rest.starts_with(' '))
}

/// `sentence` is what stands before a full stop.
fn belongs_to_its_word(sentence: &str) -> bool {
    let word = sentence.rsplit(char::is_whitespace).next().unwrap_or_default();
    let alone = word.len() == sentence.len();
    if alone && (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    // One letter after each full stop: a.m, e.g, U.S.
    let letters = word.contains('.')
        && word.split('.').all(|part| {
            let mut letters = part.chars();
            letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.next().is_none()
        });
    letters || ABBREVIATIONS.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|sentence| sentence.text).collect()
    }

    #[test]
    fn sentences_end_at_marks_before_a_space_and_at_lines() {
        assert_eq!(texts("A b. C d? E!\nF g"), ["A b.", "C d?", "E!", "F g"]);
        assert_eq!(
            texts("보통 2주가 걸립니다. 신청해 주세요."),
            ["보통 2주가 걸립니다.", "신청해 주세요."]
        );
    }

    #[test]
    fn the_number_of_an_item_stays_with_it() {
        let found = sentences("1. Write to us.\n2. We call. We listen.\n\nThat is all.");
        let found: Vec<(&str, bool)> = found.iter().map(|s| (s.text, s.item)).collect();
        assert_eq!(
            found,
            [
                ("1. Write to us.", true),
                ("2. We call.", true),
                ("We listen.", true),
                ("That is all.", false)
            ]
        );
    }

    #[test]
    fn a_number_at_the_end_of_a_sentence_ends_it() {
        assert_eq!(texts("Press 2. Then wait."), ["Press 2.", "Then wait."]);
    }

    #[test]
    fn abbreviations_and_addresses_end_no_sentence() {
        assert_eq!(
            texts("Open from 9 a.m. to 6 p.m. Korean time, e.g. today. Closed on Sundays."),
            ["Open from 9 a.m. to 6 p.m. Korean time, e.g. today.", "Closed on Sundays."]
        );
        assert_eq!(texts("Example Inc. is there."), ["Example Inc. is there."]);
        assert_eq!(
            texts("ops@team.example 로 보내 주세요. v1.2 입니다."),
            ["ops@team.example 로 보내 주세요.", "v1.2 입니다."]
        );
    }
}
