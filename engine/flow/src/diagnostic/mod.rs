//! What is wrong with a project, in a form for people, editors and scripts.

mod code;
mod findings;
mod render;

use std::collections::BTreeMap;
use std::fmt;

use dialgraph_base::{Name, Severity};
use serde::Serialize;

pub use self::code::Code;
use self::findings::More;
pub(crate) use self::findings::{Findings, MAX_LISTED, listed};
use crate::limits::MAX_MESSAGE;

use crate::source::{Position, Sources, Span};
use crate::work::Work;

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
    /// The name of what is missing, for programs that go on from it.
    pub missing: Option<Name>,
}

impl Diagnostic {
    /// A finding at `span`, as severe as its code says.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: clipped(message.into()),
            primary: Label { span, text: String::new() },
            labels: Vec::new(),
            help: Vec::new(),
            missing: None,
        }
    }

    /// Names what is missing.
    #[must_use]
    pub fn of_missing(mut self, name: &Name) -> Self {
        self.missing = Some(name.clone());
        self
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
        self.help.push(clipped(text.into()));
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
        self.suggest_among(name, candidates, what, &Work::default())
    }

    /// As [`suggest`](Self::suggest), with the nearest name only as long as there is room for
    /// looking through so many.
    #[must_use]
    pub(crate) fn suggest_among<'c>(
        self,
        name: &str,
        candidates: impl IntoIterator<Item = &'c str>,
        what: &str,
        work: &Work<'_>,
    ) -> Self {
        let candidates: Vec<&str> = candidates.into_iter().collect();
        if work.may_compare(candidates.len())
            && let Some(near) = dialgraph_base::nearest(name, candidates.iter().copied())
        {
            return self.help(format!("did you mean `{near}`?"));
        }
        if candidates.is_empty() {
            return self;
        }
        let mut shown: Vec<String> =
            candidates.iter().take(MAX_LISTED).map(|c| format!("`{c}`")).collect();
        if candidates.len() > MAX_LISTED {
            shown.push(format!("{} more", candidates.len() - MAX_LISTED));
        }
        self.help(format!("{what}: {}", shown.join(", ")))
    }
}

/// Words of a finding, cut where nobody reads on: some quote a value from a file, and a value can
/// be the file.
fn clipped(mut text: String) -> String {
    if text.len() > MAX_MESSAGE {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE));
        text.push('…');
    }
    text
}

/// The findings of one check and the texts they point into.
///
/// Sorted by file, place and code, so that the same project always gives the same report. Of each
/// kind only the first in a file are told ([`MAX_OF_A_KIND`](crate::limits::MAX_OF_A_KIND)); the
/// others are counted.
#[derive(Clone)]
pub struct Report {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    more: More,
}

impl Report {
    /// Sorts the findings and drops those said twice of one place.
    pub(crate) fn new(sources: Sources, findings: Findings) -> Self {
        let (mut diagnostics, more) = findings.into_parts();
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
        Self { sources, diagnostics, more }
    }

    /// The findings that are told.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Of which kinds how many findings are only counted, in all files.
    pub fn more(&self) -> BTreeMap<Code, usize> {
        let mut by_code = BTreeMap::new();
        for ((_, code), count) in &self.more {
            *by_code.entry(*code).or_default() += *count;
        }
        by_code
    }

    /// Nothing found, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty() && self.more.is_empty()
    }

    pub fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    pub fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        let told = self.diagnostics.iter().filter(|d| d.severity == severity).count();
        let more = self.more.iter().filter(|((_, code), _)| code.severity() == severity);
        told + more.map(|(_, count)| count).sum::<usize>()
    }

    /// Only the findings in files whose shown path `keep` accepts.
    #[must_use]
    pub fn only(mut self, keep: impl Fn(&str) -> bool) -> Self {
        let sources = &self.sources;
        self.diagnostics.retain(|d| keep(sources.file(d.primary.span.file).path()));
        self.more.retain(|(file, _), _| keep(sources.file(*file).path()));
        self
    }

    /// Without the findings for which `leave_out` holds; those that are only counted stay.
    #[must_use]
    pub fn without(mut self, leave_out: impl Fn(&Diagnostic) -> bool) -> Self {
        self.diagnostics.retain(|d| !leave_out(d));
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
    /// }], "more": [{"code": "DG0105", "name": "duplicate-id", "severity": "error", "count": 900}]}
    /// ```
    ///
    /// `more` is there only if findings are only counted; `errors` and `warnings` count them, too.
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
        let mut json = serde_json::json!({
            "version": 1,
            "errors": self.errors(),
            "warnings": self.warnings(),
            "diagnostics": diagnostics,
        });
        let more = self.more();
        if !more.is_empty() {
            let counted = more.into_iter().map(|(code, count)| {
                serde_json::json!({
                    "code": code.number(),
                    "name": code.name(),
                    "severity": code.severity(),
                    "count": count,
                })
            });
            json["more"] = counted.collect();
        }
        json
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
