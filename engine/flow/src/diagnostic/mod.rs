//! What is wrong with a project, in a form for people, editors and scripts.

mod code;
mod render;

use std::fmt;

use serde::Serialize;

pub use self::code::Code;
use crate::source::{Position, Sources, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No release can be made.
    Error,
    /// The release works, but something in it is of no use.
    Warning,
}

/// A place and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// One sentence without a full stop: what is wrong.
    pub message: String,
    /// Where; its text, often empty, stands under the excerpt.
    pub primary: Label,
    /// Other places that matter, in any file.
    pub labels: Vec<Label>,
    /// What to do about it, one sentence each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A finding at `span`, as severe as its code says.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: Label { span, text: String::new() },
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Text under the excerpt.
    #[must_use]
    pub fn under(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Another place that matters.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// “did you mean …”, when `candidates` has a near name; else what there is to choose from.
    #[must_use]
    pub fn suggest<'c>(
        self,
        name: &str,
        candidates: impl IntoIterator<Item = &'c str>,
        what: &str,
    ) -> Self {
        const SHOWN: usize = 12;
        let candidates: Vec<&str> = candidates.into_iter().collect();
        if let Some(near) = crate::suggest::nearest(name, candidates.iter().copied()) {
            return self.help(format!("did you mean `{near}`?"));
        }
        if candidates.is_empty() {
            return self;
        }
        let mut shown: Vec<String> =
            candidates.iter().take(SHOWN).map(|c| format!("`{c}`")).collect();
        if candidates.len() > SHOWN {
            shown.push(format!("{} more", candidates.len() - SHOWN));
        }
        self.help(format!("{what}: {}", shown.join(", ")))
    }
}

/// All findings of one check and the texts they point into.
///
/// Sorted by file, place and code, so that the same project always gives the same report.
#[derive(Clone)]
pub struct Report {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Sorts `diagnostics` and drops those said twice of one place.
    pub fn new(sources: Sources, mut diagnostics: Vec<Diagnostic>) -> Self {
        let path = |d: &Diagnostic| sources.file(d.primary.span.file).path().to_owned();
        diagnostics.sort_by(|a, b| {
            (path(a), a.primary.span, a.code, &a.message).cmp(&(
                path(b),
                b.primary.span,
                b.code,
                &b.message,
            ))
        });
        diagnostics.dedup();
        Self { sources, diagnostics }
    }

    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Nothing found, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|d| d.severity == severity).count()
    }

    /// Only the findings in files whose shown path `keep` accepts.
    #[must_use]
    pub fn only(mut self, keep: impl Fn(&str) -> bool) -> Self {
        let sources = &self.sources;
        self.diagnostics.retain(|d| keep(sources.file(d.primary.span.file).path()));
        self
    }

    /// For a terminal: every finding with its source excerpt, and a line that counts them.
    pub fn render(&self, colour: bool) -> String {
        render::report(self, colour)
    }

    /// For scripts (`--json`).
    ///
    /// ```json
    /// {"version": 1, "errors": 1, "warnings": 0, "diagnostics": [{
    ///   "code": "DG0201", "name": "dangling-target", "severity": "error",
    ///   "message": "…", "file": "flows/a.flow.yaml",
    ///   "start": {"line": 4, "column": 9, "byte": 60}, "end": {…},
    ///   "label": "", "labels": [{"message": "…", "file": "…", "start": {…}, "end": {…}}], "help": ["…"]
    /// }]}
    /// ```
    pub fn to_json(&self) -> serde_json::Value {
        let place = |span: Span| Place {
            file: self.sources.file(span.file).path(),
            start: self.point(span, span.start),
            end: self.point(span, span.end),
        };
        let diagnostics: Vec<JsonDiagnostic<'_>> = self
            .diagnostics
            .iter()
            .map(|d| JsonDiagnostic {
                code: d.code.number(),
                name: d.code.name(),
                severity: d.severity,
                message: &d.message,
                place: place(d.primary.span),
                label: &d.primary.text,
                labels: d
                    .labels
                    .iter()
                    .map(|l| JsonLabel { message: &l.text, place: place(l.span) })
                    .collect(),
                help: &d.help,
            })
            .collect();
        serde_json::json!({
            "version": 1,
            "errors": self.errors(),
            "warnings": self.warnings(),
            "diagnostics": diagnostics,
        })
    }

    fn point(&self, span: Span, byte: u32) -> Point {
        Point { position: self.sources.file(span.file).position(byte), byte }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// As [`Display`](fmt::Display), so that an `unwrap` in a test shows what a person wants to read.
impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Report {}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    code: &'static str,
    name: &'static str,
    severity: Severity,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    label: &'a str,
    labels: Vec<JsonLabel<'a>>,
    help: &'a [String],
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Point {
    #[serde(flatten)]
    position: Position,
    byte: u32,
}
