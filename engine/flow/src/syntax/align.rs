//! From a place in a scalar's text back to the place in the file.

use crate::source::{SourceFile, Span};

/// Where bytes `from..to` of `text` stand in the file, given that the scalar `text` was read from
/// `scalar`.
///
/// Quotes, escapes, folded lines and indentation lie between the two. The letters are walked side
/// by side; when that does not work out (an escape such as `\u1100`), the whole scalar is the
/// answer.
pub(crate) fn locate(file: &SourceFile, scalar: Span, text: &str, from: usize, to: usize) -> Span {
    let Some(raw) = file.text().get(file.range(scalar)) else {
        return scalar;
    };
    match offsets(raw, text, from, to.max(from)) {
        Some((start, end)) => scalar.part(start, end),
        None => scalar,
    }
}

fn offsets(raw: &str, text: &str, from: usize, to: usize) -> Option<(usize, usize)> {
    let mut source = body(raw);
    let mut start = None;
    let mut last_end = raw.len().min(source.start);
    for (at, wanted) in text.char_indices() {
        if at >= to && start.is_some() {
            break;
        }
        let found = source.find(wanted)?;
        if at >= from && start.is_none() {
            start = Some(found);
            if to == from {
                return Some((found, found));
            }
        }
        last_end = found + wanted.len_utf8();
    }
    Some((start.unwrap_or(last_end), last_end))
}

/// A walk over the raw text of a scalar.
struct Walk<'r> {
    raw: &'r str,
    start: usize,
    at: usize,
}

fn body(raw: &str) -> Walk<'_> {
    let start = match raw.chars().next() {
        Some('"' | '\'') => 1,
        Some('|' | '>') => raw.find('\n').map_or(raw.len(), |newline| newline + 1),
        _ => 0,
    };
    Walk { raw, start, at: start }
}

impl Walk<'_> {
    /// The place of the next `wanted`, over nothing but blanks and escape signs; past it is where
    /// it goes on.
    fn find(&mut self, wanted: char) -> Option<usize> {
        let rest = self.raw.get(self.at..)?;
        for (offset, found) in rest.char_indices() {
            let at = self.at + offset;
            if found == wanted {
                self.at = at + found.len_utf8();
                return Some(at);
            }
            if wanted.is_whitespace() && (found.is_whitespace() || found == '\\') {
                // A folded line: one blank stands for a line break and an indentation.
                let run = rest.get(offset..)?;
                let letter = run.find(|c: char| !c.is_whitespace() && c != '\\');
                self.at = letter.map_or(self.raw.len(), |letter| at + letter);
                return Some(at);
            }
            if !(found.is_whitespace() || found == '\\' || found == '\'') {
                return None;
            }
        }
        // Blanks at the end of a block are cut off from its place in the file.
        wanted.is_whitespace().then_some(self.raw.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;
    use crate::syntax::yaml;

    /// The source text that stands for `needle` in the scalar under `k`.
    fn located(source: &str, needle: &str) -> String {
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", source);
        let root = yaml::parse(id, source).root.unwrap();
        let node = root.get("k").unwrap();
        let text = node.text().unwrap();
        let from = text.find(needle).unwrap();
        let file = sources.file(id);
        let span = locate(file, node.span, text, from, from + needle.len());
        file.text()[file.range(span)].to_owned()
    }

    #[test]
    fn letters_are_found_in_every_way_to_write_a_scalar() {
        for source in [
            "k: 고객 a + tries 끝\n",
            "k: \"고객 a + tries\\n끝\"\n",
            "k: '고객''s a + tries 끝'\n",
            "k: |\n  고객\n  a + tries\n  끝\n",
            "k: >-\n  고객 a +\n  tries 끝\n",
        ] {
            assert_eq!(located(source, "tries"), "tries", "in {source}");
        }
    }

    #[test]
    fn an_escape_that_cannot_be_walked_gives_the_whole_scalar() {
        assert_eq!(located("k: \"\\u0061 tries\"\n", "tries"), "\"\\u0061 tries\"");
    }
}
