//! The marks `[1]` of an answer as citations, and which of its sentences are whole.

use dialgraph_kernel::ports::genai::{Citation, Passage};
use dialgraph_local::genai::sentences;

/// What the model writes when the sources hold no answer.
pub(super) const NONE: &str = "[none]";

/// An answer without its marks.
#[derive(Debug, PartialEq)]
pub(super) struct Marked {
    pub(super) text: String,
    pub(super) citations: Vec<Citation>,
}

/// Takes the marks out of `text`. A mark speaks for the sentence in which it stands or which it
/// follows; a number that no passage has is taken out and cites nothing.
pub(super) fn read(text: &str, passages: &[Passage]) -> Marked {
    let (clean, marks) = strip(text);
    let spans = spans(&clean);
    let mut citations: Vec<Citation> = Vec::new();
    for (at, number) in marks {
        let passage = number.checked_sub(1).and_then(|i| passages.get(i));
        let last = spans.iter().rposition(|(start, _)| *start < at);
        let span = spans.get(last.unwrap_or(0));
        if let (Some(passage), Some(&(start, end))) = (passage, span) {
            let citation = Citation { passage: passage.id.clone(), start, end };
            if !citations.contains(&citation) {
                citations.push(citation);
            }
        }
    }
    citations.sort_by_key(|citation| (citation.start, citation.end));
    Marked { text: clean, citations }
}

/// The text without marks, and each mark's place (in characters of that text) and number.
fn strip(text: &str) -> (String, Vec<(u32, usize)>) {
    let mut clean = String::with_capacity(text.len());
    let mut chars = 0;
    let mut marks = Vec::new();
    let mut rest = text.trim();
    while let Some(c) = rest.chars().next() {
        if let Some((numbers, after)) = mark(rest) {
            // `word [1].` reads `word.`
            let kept = clean.trim_end().len();
            chars -= clean[kept..].chars().count() as u32;
            let space = clean.split_off(kept);
            marks.extend(numbers.into_iter().map(|number| (chars, number)));
            rest = after;
            let next = rest.trim_start();
            if clean.is_empty() {
                rest = next;
                continue;
            }
            // `end.[1]Next` reads `end. Next`, and `문장[1]이` reads `문장이`.
            let joined = next.len() == rest.len() && next.starts_with(char::is_alphanumeric);
            let space = match clean.ends_with(['.', '!', '?', '。']) && space.is_empty() {
                true => " ",
                false => space.as_str(),
            };
            if joined && !space.is_empty() {
                clean.push_str(space);
                chars += space.chars().count() as u32;
            }
            continue;
        }
        clean.push(c);
        chars += 1;
        rest = &rest[c.len_utf8()..];
    }
    clean.truncate(clean.trim_end().len());
    (clean, marks)
}

/// `[1]` or `[1, 2]` at the beginning of `text`: its numbers and what follows it.
fn mark(text: &str) -> Option<(Vec<usize>, &str)> {
    let (inside, after) = text.strip_prefix('[')?.split_once(']')?;
    let numbers = inside.split(',').map(|number| {
        let number = number.trim();
        let digits = (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| number.parse().ok()).flatten()
    });
    Some((numbers.collect::<Option<Vec<usize>>>()?, after))
}

/// Where each sentence begins and ends, in characters, end excluded.
fn spans(text: &str) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    let (mut byte, mut char) = (0, 0);
    for sentence in sentences(text) {
        let Some(at) = text[byte..].find(sentence.text) else { continue };
        char += text[byte..byte + at].chars().count() as u32;
        let end = char + sentence.text.chars().count() as u32;
        found.push((char, end));
        byte += at + sentence.text.len();
        char = end;
    }
    found
}

/// `answer` up to the end of its last whole sentence: for one that was cut off.
pub(super) fn whole(answer: Marked) -> Marked {
    let chars: Vec<char> = answer.text.chars().collect();
    let ends = |&&(_, end): &&(u32, u32)| {
        let end = end as usize;
        // What looks like the end may be the middle: `3.` of `3.5`, cut off.
        match chars[..end].iter().rev().copied().find(|c| !"\"'”’)」』".contains(*c)) {
            Some('.') => !chars[..end - 1].last().is_some_and(char::is_ascii_digit),
            Some(mark) => "!?。".contains(mark),
            None => false,
        }
    };
    let spans = spans(&answer.text);
    let end = spans.iter().rev().find(ends).map_or(0, |(_, end)| *end);
    Marked {
        text: chars[..end as usize].iter().collect(),
        citations: answer.citations.into_iter().filter(|citation| citation.end <= end).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passages() -> Vec<Passage> {
        let passage = |id: &str| Passage {
            id: id.into(),
            title: String::new(),
            text: String::new(),
            source: String::new(),
        };
        vec![passage("mfa#1"), passage("bill#2")]
    }

    /// The text, and each citation with the words that it stands for.
    fn shown(marked: &Marked) -> (String, Vec<String>) {
        let words = |citation: &Citation| {
            let (start, end) = (citation.start as usize, citation.end as usize);
            let words: String = marked.text.chars().skip(start).take(end - start).collect();
            format!("{}: {words}", citation.passage)
        };
        (marked.text.clone(), marked.citations.iter().map(words).collect())
    }

    #[test]
    fn marks_become_citations_of_the_sentence_before_them() {
        let answers = [
            "보통 2주가 걸립니다.[1] 요금은 무료입니다. [2]",
            "It takes 2 weeks [1]. It is free.[1][2] Ask us.",
            "One. Two [1, 2]\nThree.[9]",
            "[1] It begins with a mark.",
            "No mark at all: see [note] and [12345].",
            "한 문장[1]이 이어집니다.[2]끝 [1]문장.",
        ];
        let shown: Vec<_> = answers.map(|text| shown(&read(text, &passages()))).into();
        insta::assert_debug_snapshot!(shown, @r#"
        [
            (
                "보통 2주가 걸립니다. 요금은 무료입니다.",
                [
                    "mfa#1: 보통 2주가 걸립니다.",
                    "bill#2: 요금은 무료입니다.",
                ],
            ),
            (
                "It takes 2 weeks. It is free. Ask us.",
                [
                    "mfa#1: It takes 2 weeks.",
                    "mfa#1: It is free.",
                    "bill#2: It is free.",
                ],
            ),
            (
                "One. Two\nThree.",
                [
                    "mfa#1: Two",
                    "bill#2: Two",
                ],
            ),
            (
                "It begins with a mark.",
                [
                    "mfa#1: It begins with a mark.",
                ],
            ),
            (
                "No mark at all: see [note] and [12345].",
                [],
            ),
            (
                "한 문장이 이어집니다. 끝 문장.",
                [
                    "mfa#1: 한 문장이 이어집니다.",
                    "bill#2: 한 문장이 이어집니다.",
                    "mfa#1: 끝 문장.",
                ],
            ),
        ]
        "#);
    }

    #[test]
    fn an_answer_that_was_cut_off_ends_with_its_last_whole_sentence() {
        let cut = |text: &str| shown(&whole(read(text, &passages())));
        assert_eq!(
            cut("It is free.[1] It takes ab"),
            ("It is free.".into(), vec!["mfa#1: It is free.".into()])
        );
        assert_eq!(
            cut("It is free.[1] It costs 3."),
            ("It is free.".into(), vec!["mfa#1: It is free.".into()])
        );
        assert_eq!(cut("신청해 주세요. 그러면"), ("신청해 주세요.".into(), vec![]));
        assert_eq!(cut("He said “yes.”"), ("He said “yes.”".into(), vec![]));
        assert_eq!(cut("It takes about two we[1]"), (String::new(), vec![]));
    }
}
