//! Patterns that prove nothing: those that every text matches, and those that none can.

use regex::Regex;
use regex_syntax::hir::{Hir, HirKind, Look};

/// Texts that have as little in common as texts can.
const TEXTS: [&str; 5] = ["", "a", "7\n", "안녕 하세요.", "\u{10fffd}"];

/// Why a pattern proves nothing, if it is one.
pub(crate) fn proves_nothing(pattern: &Regex) -> Option<String> {
    if TEXTS.iter().all(|text| pattern.is_match(text)) {
        return Some(format!("`{pattern}` is found in every text: this proves nothing"));
    }
    let parsed = regex_syntax::parse(pattern.as_str()).ok()?;
    (!can_match(&parsed))
        .then(|| format!("`{pattern}` can be found in no text: this proves nothing"))
}

/// False only where it is certain. A pattern is as deep as its reader lets it be, which is not
/// very.
fn can_match(pattern: &Hir) -> bool {
    match pattern.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => true,
        HirKind::Class(class) => class.minimum_len().is_some(),
        HirKind::Repetition(repeated) => repeated.min == 0 || can_match(&repeated.sub),
        HirKind::Capture(capture) => can_match(&capture.sub),
        HirKind::Alternation(ways) => ways.iter().any(can_match),
        HirKind::Concat(parts) => {
            parts.iter().all(can_match) && !misplaced(parts, Look::Start, true) && {
                !misplaced(parts, Look::End, false)
            }
        }
    }
}

/// Whether a part must be at the very beginning (or end) of the text, and something stands before
/// (or behind) it.
fn misplaced(parts: &[Hir], look: Look, before: bool) -> bool {
    parts.iter().enumerate().any(|(index, part)| {
        let properties = part.properties();
        let (bound, others) = match before {
            true => (properties.look_set_prefix(), parts.get(..index)),
            false => (properties.look_set_suffix(), parts.get(index + 1..)),
        };
        let is_something =
            |part: &Hir| part.properties().minimum_len().is_some_and(|least| least > 0);
        bound.contains(look) && others.unwrap_or_default().iter().any(is_something)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_match_always_or_never_are_told_from_others() {
        let nothing = |pattern: &str| proves_nothing(&Regex::new(pattern).unwrap());
        for always in ["", ".*", "^", "$", "a*", "(?s).*", "x?|y", "(?i)(?:b|)", r"\A", r"[^\s\S]*"]
        {
            assert!(nothing(always).is_some_and(|why| why.contains("every")), "{always}");
        }
        for never in ["a^", "$a", r"[^\s\S]", "(a^)", "a^|$b", "x(^y)z", r"\z.", "(?:a|b)^c"] {
            assert!(nothing(never).is_some_and(|why| why.contains("no text")), "{never}");
        }
        for good in
            ["a", "^a", "a$", "^$", ".", "a.*b", "^(?:a|b)$", "(?m)a\n^b", "a*^b", "x|a^", r"\d+"]
        {
            assert_eq!(nothing(good), None, "{good}");
        }
    }
}
