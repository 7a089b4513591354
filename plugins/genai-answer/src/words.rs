//! What the caller means by few words, and how an answer is made fit to be spoken.

/// Whether the caller has no further question: `없어요`, `아니요 괜찮습니다`, `no thanks`,
/// `that's all`.
pub(crate) fn nothing_more(text: &str) -> bool {
    const BEFORE: &[&str] = &[
        "네",
        "예",
        "아",
        "음",
        "이제",
        "더이상",
        "더",
        "따로",
        "그럼",
        "그정도면",
        "궁금한건",
        "궁금한점은",
        "질문",
    ];
    const STEMS: &[&str] = &[
        "없어요",
        "없습니다",
        "없네요",
        "없는것같아",
        "없어",
        "됐어",
        "됐습",
        "되었습",
        "괜찮",
        "아니요",
        "아뇨",
        "아니오",
        "아닙니다",
        "아니에요",
        "끝",
        "감사",
        "고마",
        "고맙",
        "충분",
    ];
    const WORDS: &[&str] = &[
        "no", "nope", "nah", "nothing", "thanks", "thank", "you", "that", "thats", "is", "it",
        "all", "im", "i", "am", "good", "fine", "done", "bye", "goodbye", "else", "more", "ok",
        "okay", "great", "very", "much", "so", "for", "now", "not",
    ];
    const ENOUGH: &[&str] = &[
        "no", "nope", "nah", "nothing", "thanks", "thank", "all", "done", "bye", "goodbye", "good",
        "fine",
    ];
    let lower = text.to_lowercase().replace(['\'', '’'], "");
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return false;
    }
    if words.iter().all(|word| WORDS.contains(word)) {
        return words.iter().any(|word| ENOUGH.contains(word));
    }
    let joined = words.concat();
    let mut rest = joined.as_str();
    let longest = |list: &[&str], rest: &str| {
        let after = list.iter().filter_map(|word| rest.strip_prefix(word));
        after.map(str::len).min().map(|left| rest.len() - left)
    };
    let after = loop {
        if let Some(stem) = longest(STEMS, rest) {
            break &rest[stem..];
        }
        match longest(BEFORE, rest) {
            Some(before) => rest = &rest[before..],
            None => return false,
        }
    };
    // Longer sentences say more than that ("아니요, 백업은 어떻게 하나요?").
    after.chars().count() <= 8 && !asks(text)
}

/// Whether the words end as questions do.
fn asks(text: &str) -> bool {
    let text = text.trim();
    let ends = [
        "?",
        "나요",
        "까요",
        "가요",
        "어때요",
        "는지",
        "은데",
        "는데",
        "려고",
        "돼요",
        "되죠",
        "까",
    ];
    ends.iter().any(|end| text.ends_with(end))
}

/// The answer without the marks of written text, for a voice to read.
pub(crate) fn speakable(text: &str) -> String {
    let mut spoken = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim().trim_start_matches(['#', '-', '*', '>', '•']).trim_start();
        if line.is_empty() {
            continue;
        }
        if !spoken.is_empty() {
            spoken.push(' ');
        }
        spoken.extend(line.chars().filter(|c| !matches!(c, '*' | '`' | '_' | '#')));
    }
    spoken
}

/// At most `chars` characters, cut at the end of a sentence where there is one.
pub(crate) fn shortened(text: &str, chars: usize) -> String {
    let Some((cut, _)) = text.char_indices().nth(chars) else {
        return text.to_owned();
    };
    let text = &text[..cut];
    let end = text.char_indices().rev().find(|(_, c)| matches!(c, '.' | '!' | '?' | '。'));
    end.map_or(text, |(position, mark)| &text[..position + mark.len_utf8()]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_conversation_is_heard() {
        for text in [
            "없어요",
            "아니요",
            "아니요 괜찮습니다",
            "네 감사합니다",
            "더 이상 없습니다",
            "됐어요",
            "No",
            "no, thank you",
            "That's all, thanks",
            "I'm good",
        ] {
            assert!(nothing_more(text), "{text}");
        }
        for text in [
            "",
            "네",
            "백업은 어떻게 하나요?",
            "아니요, 백업은 어떻게 하나요?",
            "없어진 파일을 찾고 싶은데",
            "접속이 안 돼요",
            "no backups are shown",
            "is it for all of you",
        ] {
            assert!(!nothing_more(text), "{text}");
        }
    }

    #[test]
    fn an_answer_loses_the_marks_of_written_text() {
        assert_eq!(
            speakable("## 백업\n- **매일** 새벽에 `RDS`를\n\n백업합니다."),
            "백업 매일 새벽에 RDS를 백업합니다."
        );
    }

    #[test]
    fn a_long_answer_is_cut_after_a_sentence() {
        assert_eq!(shortened("One. Two. Three", 12), "One. Two.");
        assert_eq!(shortened("가나다라마", 3), "가나다");
        assert_eq!(shortened("가나다", 3), "가나다");
    }
}
