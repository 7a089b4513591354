//! Findings as they are made: of each kind as many as somebody reads, and how many more there were.

use std::collections::BTreeMap;

use dialgraph_base::Severity;

use super::{Code, Diagnostic};
use crate::limits::{MAX_OF_A_KIND, MAX_TOLD};
use crate::source::{FileId, Span};

/// Findings that are only counted: where, of which kind, how many.
pub(crate) type More = BTreeMap<(FileId, Code), usize>;

/// A growing list of findings that never grows long.
///
/// Whoever writes a file with a script makes the same mistake in every line of it, and learns
/// nothing from the hundred-and-first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    told: Vec<Diagnostic>,
    /// Those of a kind in a file that are told.
    counts: More,
    more: More,
    errors: usize,
}

impl Findings {
    /// Takes in a finding, or only counts it.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        let Diagnostic { code, severity, .. } = diagnostic;
        let kind = (diagnostic.primary.span.file, code);
        if severity == Severity::Error {
            self.errors += 1;
        }
        if self.is_full(kind) {
            *self.more.entry(kind).or_default() += 1;
        } else {
            *self.counts.entry(kind).or_default() += 1;
            self.told.push(diagnostic);
        }
    }

    /// Whether a finding of `code` at `span` would only be counted. Then it has been, and need not
    /// be put into words: to look for the nearest of many names is the dear part of a finding.
    pub(crate) fn only_counts(&mut self, code: Code, span: Span) -> bool {
        let kind = (span.file, code);
        let full = self.is_full(kind);
        if full {
            self.count(kind, 1);
        }
        full
    }

    /// Takes in all of `other`.
    pub(crate) fn append(&mut self, other: Self) {
        other.told.into_iter().for_each(|diagnostic| self.push(diagnostic));
        other.more.into_iter().for_each(|(kind, count)| self.count(kind, count));
    }

    /// Leaves only findings of `codes`, which are those of errors.
    pub(crate) fn keep_only(&mut self, codes: &[Code]) {
        self.told.retain(|diagnostic| codes.contains(&diagnostic.code));
        self.counts.retain(|(_, counted), _| codes.contains(counted));
        self.more.retain(|(_, counted), _| codes.contains(counted));
        self.errors = self.len();
    }

    /// How many there are, those included that are only counted.
    pub(crate) fn len(&self) -> usize {
        self.told.len() + self.more.values().sum::<usize>()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty() && self.more.is_empty()
    }

    /// How many of them are errors.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Those that are told, in the order in which they were found.
    pub(crate) fn told(&self) -> &[Diagnostic] {
        &self.told
    }

    /// Those that are told, and those that are only counted.
    pub(crate) fn into_parts(self) -> (Vec<Diagnostic>, More) {
        (self.told, self.more)
    }

    fn is_full(&self, kind: (FileId, Code)) -> bool {
        self.told.len() >= MAX_TOLD
            || self.counts.get(&kind).is_some_and(|count| *count >= MAX_OF_A_KIND)
    }

    fn count(&mut self, kind: (FileId, Code), count: usize) {
        *self.more.entry(kind).or_default() += count;
        if kind.1.severity() == Severity::Error {
            self.errors += count;
        }
    }
}

impl Extend<Diagnostic> for Findings {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }
}

/// Names in a sentence, the first of them if there are many: `` `a`, `b` ``.
pub(crate) fn listed(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().copied().take(MAX_LISTED).collect();
    let list = format!("`{}`", shown.join("`, `"));
    match names.len().saturating_sub(MAX_LISTED) {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

/// Names that one sentence lists.
pub(crate) const MAX_LISTED: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn finding(code: Code, at: u32) -> Diagnostic {
        let file = Sources::default().add("a", "");
        Diagnostic::new(code, Span { file, start: at, end: at }, "wrong")
    }

    #[test]
    fn of_each_kind_the_first_are_told_and_the_others_counted() {
        let mut findings = Findings::default();
        findings.extend((0..250).map(|at| finding(Code::DanglingTarget, at)));
        findings.push(finding(Code::UnusedAttribute, 0));
        assert_eq!((findings.len(), findings.errors()), (251, 250));
        let span = finding(Code::DanglingTarget, 0).primary.span;
        assert!(findings.only_counts(Code::DanglingTarget, span));
        assert!(!findings.only_counts(Code::UnusedAttribute, span));
        assert_eq!(findings.len(), 252);
        let (told, more) = findings.into_parts();
        assert_eq!(told.len(), MAX_OF_A_KIND + 1);
        assert_eq!(more, More::from([((span.file, Code::DanglingTarget), 151)]));
    }

    #[test]
    fn lists_together_are_no_longer_than_one() {
        let mut all = Findings::default();
        for _ in 0..3 {
            let mut one = Findings::default();
            one.extend((0..120).map(|at| finding(Code::DuplicateId, at)));
            all.append(one);
        }
        assert_eq!((all.len(), all.errors()), (360, 360));
        assert_eq!(all.into_parts().0.len(), MAX_OF_A_KIND);
    }

    #[test]
    fn what_is_left_out_is_no_longer_counted() {
        let mut findings = Findings::default();
        findings.extend((0..120).map(|at| finding(Code::MissingKey, at)));
        findings.extend((0..3).map(|at| finding(Code::UnknownKey, at)));
        findings.keep_only(&[Code::UnknownKey]);
        assert_eq!((findings.len(), findings.errors()), (3, 3));
    }

    #[test]
    fn many_names_are_listed_in_part() {
        let names: Vec<String> = (0..15).map(|n| format!("n{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(listed(&names[..2]), "`n0`, `n1`");
        assert!(listed(&names).ends_with("`n11` and 3 more"));
    }
}
