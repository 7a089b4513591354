//! Texts that flows give.

/// The text without surrounding space, unless nothing is left: flows have `""` where they know
/// nothing.
pub fn known(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// At most `limit` characters of `text`, ending with `…` when some are cut off.
pub fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(limit.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// A name as a part of a JSON Pointer (RFC 6901): what a check of a configuration points with.
pub fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_texts_are_unknown() {
        assert_eq!(known(Some(" a ")), Some("a"));
        assert_eq!(known(Some("  ")), None);
        assert_eq!(known(None), None);
    }

    #[test]
    fn texts_are_cut_by_characters_and_say_so() {
        assert_eq!(shortened("가나다", 3), "가나다");
        assert_eq!(shortened("가나다라", 3), "가나…");
        assert_eq!(shortened("가 나다라", 3), "가…");
        assert_eq!(shortened("가", 0), "…");
    }
}
