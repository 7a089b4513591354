//! Source files and places in them.

use std::sync::Arc;

use serde::Serialize;

/// A file of a [`Sources`]; only that gives them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// Bytes `start..end` of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

/// A value and where it stood.
#[derive(Debug, Clone, PartialEq, Eq, Copy)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

/// A place as people count: lines and characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    pub line: u32,
    /// In characters, not bytes: `한` is one column.
    pub column: u32,
}

/// The text of one file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
}

/// All files that diagnostics may point into.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<SourceFile>);

impl Span {
    /// The part from `from` to `to`, bytes counted from the start of this span, kept within it.
    pub fn part(self, from: usize, to: usize) -> Self {
        let at = |offset: usize| {
            u32::try_from(offset).unwrap_or(u32::MAX).saturating_add(self.start).min(self.end)
        };
        Self { start: at(from), end: at(to.max(from)), ..self }
    }

    /// The empty span at the start.
    pub fn head(self) -> Self {
        Self { end: self.start, ..self }
    }
}

impl<T> Spanned<T> {
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl SourceFile {
    fn new(path: Arc<str>, text: Arc<str>) -> Self {
        let after_newline = |(at, _)| u32::try_from(at + 1).ok();
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').filter_map(after_newline)).collect();
        Self { path, text, line_starts }
    }

    /// The path as shown to people.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of a byte.
    fn line(&self, byte: u32) -> u32 {
        let line = self.line_starts.partition_point(|start| *start <= byte).max(1);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// Line and column of a byte; the end of the text for one beyond it.
    pub fn position(&self, byte: u32) -> Position {
        let byte = floor_boundary(&self.text, byte as usize);
        let line = self.line_starts.partition_point(|start| *start as usize <= byte).max(1);
        let start = self.line_starts.get(line - 1).map_or(0, |at| *at as usize);
        let column = self.text.get(start..byte).map_or(0, |before| before.chars().count());
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }

    /// The whole lines that hold the bytes `range`, and the number of the first of them.
    pub(crate) fn lines(&self, range: std::ops::Range<usize>) -> (std::ops::Range<usize>, usize) {
        let line = |byte: usize| {
            self.line_starts.partition_point(|start| *start as usize <= byte).saturating_sub(1)
        };
        let first = line(range.start);
        let start = self.line_starts.get(first).map_or(0, |start| *start as usize);
        let end = self.line_starts.get(line(range.end) + 1);
        (start..end.map_or(self.text.len(), |end| *end as usize), first + 1)
    }

    /// Bytes of the text, on character boundaries, that `span` stands for.
    pub(crate) fn range(&self, span: Span) -> std::ops::Range<usize> {
        let start = floor_boundary(&self.text, span.start as usize);
        let end = floor_boundary(&self.text, span.end as usize);
        start..end.max(start)
    }
}

fn floor_boundary(text: &str, byte: usize) -> usize {
    text.floor_char_boundary(byte.min(text.len()))
}

impl Sources {
    /// Takes in a file. Files beyond 4 GiB are not flow files; their places are cut to the first 4
    /// GiB.
    pub fn add(&mut self, path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(SourceFile::new(path.into(), text.into()));
        id
    }

    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.0[id.0 as usize]
    }

    /// The line in which `span` begins: cheaper than its whole position, where lines are long.
    pub(crate) fn line(&self, span: Span) -> u32 {
        self.file(span.file).line(span.start)
    }

    /// Where `span` begins.
    pub fn position(&self, span: Span) -> Position {
        self.file(span.file).position(span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let file = SourceFile::new("a".into(), "x: 1\n안녕: 2\n".into());
        let colon = u32::try_from(file.text().rfind(':').unwrap()).unwrap();
        assert_eq!(file.position(colon), Position { line: 2, column: 3 });
        assert_eq!(file.position(colon - 1).column, 2, "inside a character");
    }

    #[test]
    fn whole_lines_hold_a_place() {
        let file = SourceFile::new("a".into(), "one\ntwo\nthree\nfour".into());
        assert_eq!(file.lines(5..9), (4..14, 2));
        assert_eq!(file.lines(16..18), (14..18, 4));
        assert_eq!(file.lines(0..0), (0..4, 1));
    }

    #[test]
    fn a_place_beyond_the_text_is_its_end() {
        let file = SourceFile::new("a".into(), "x\n".into());
        assert_eq!(file.position(99), Position { line: 2, column: 1 });
    }
}
