//! Texts made to fit: cut behind a sentence or a word, or shortened there.

/// `text` in at most `most` characters, at least two; what is left out is told by an ellipsis.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let (head, _) = cut(text, most.saturating_sub(1));
    format!("{}…", head.trim_end())
}

/// `text` in parts of at most `most` characters, none of them blank.
pub(crate) fn parts(text: &str, most: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (head, tail) = cut(rest, most);
        parts.push(head.trim_end().to_owned());
        rest = tail.trim_start();
    }
    parts
}

/// At most `most` characters, and the rest: behind a sentence that is not over too early, else
/// behind a word, else there.
fn cut(text: &str, most: usize) -> (&str, &str) {
    let Some((end, _)) = text.char_indices().nth(most.max(1)) else { return (text, "") };
    let head = &text[..end];
    // The character behind the cut tells whether a word ends there.
    let ends_word = |at: usize| text[at..].starts_with(char::is_whitespace);
    let behind = |ends: fn(char) -> bool| {
        let mut places = head
            .char_indices()
            .rev()
            .map(|(at, c)| (at + c.len_utf8(), c))
            .filter(|(at, c)| ends(*c) && (ends_word(*at) || *c == '\n'));
        places.next().map(|(at, _)| at)
    };
    let sentence = behind(|c| matches!(c, '.' | '!' | '?' | '。' | '…' | '\n'));
    let sentence = sentence.filter(|at| *at >= end / 2);
    let word = || if ends_word(end) { Some(end) } else { behind_word(head) };
    let at = sentence.or_else(word).unwrap_or(end);
    text.split_at(at)
}

/// Behind the last blank that leaves something in front of it.
fn behind_word(head: &str) -> Option<usize> {
    let at = head.rfind(char::is_whitespace)?;
    (!head[..at].trim().is_empty()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_cut_behind_sentences_and_words() {
        assert_eq!(parts("One two. Three four.", 12), ["One two.", "Three four."]);
        assert_eq!(parts("aaaa bbbb cccc", 9), ["aaaa bbbb", "cccc"]);
        assert_eq!(parts("aaaabbbbcccc", 5), ["aaaab", "bbbcc", "cc"]);
        assert_eq!(parts("3.5 won", 3), ["3.5", "won"]);
        assert_eq!(shorten("당직 엔지니어에게 연결", 8), "당직…");
        assert_eq!(shorten("  한국어  ", 3), "한국어");
        assert_eq!(shorten("abcdef", 3), "ab…");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn nothing_is_lost_and_nothing_too_long(text in "[ab .!가\n]{0,80}", most in 2_usize..20) {
            let parts = parts(&text, most);
            prop_assert!(parts.iter().all(|part| part.chars().count() <= most && !part.trim().is_empty()));
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&parts.concat()), letters(&text));
            let short = shorten(&text, most);
            prop_assert!(short.chars().count() <= most);
        }
    }
}
