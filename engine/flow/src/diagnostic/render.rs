//! Diagnostics as text, in the manner of a compiler.

use std::collections::BTreeMap;

use annotate_snippets::{
    AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str, renderer::DecorStyle,
};

use super::{Diagnostic, Label, Report, Severity};
use crate::source::FileId;

/// Columns, so that a report looks the same in every window and in every test.
const WIDTH: usize = 120;

pub(super) fn report(report: &Report, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }
        .decor_style(DecorStyle::Ascii)
        .term_width(WIDTH);
    let mut out = String::new();
    for diagnostic in report.diagnostics() {
        out.push_str(&renderer.render(&[group(report, diagnostic)]));
        out.push_str("\n\n");
    }
    if let Some(line) = summary(report) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn group<'a>(report: &'a Report, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(normalize_untrusted_str(&diagnostic.message))
        .id(diagnostic.code.number());
    let mut group = Group::with_title(title);
    for (file, labels) in by_file(diagnostic) {
        let source = report.sources().file(file);
        let ranges = labels.iter().map(|(_, label)| source.range(label.span));
        let all = ranges.clone().map(|range| range.start).min().unwrap_or(0)
            ..ranges.map(|range| range.end).max().unwrap_or(0);
        // Only the lines in question: reading the whole file for every finding would take its toll.
        let (lines, first) = source.lines(all);
        let text = source.text().get(lines.clone()).unwrap_or_default();
        let annotations = labels.into_iter().map(|(kind, label)| {
            let said = normalize_untrusted_str(&label.text);
            let range = source.range(label.span);
            let within =
                range.start.saturating_sub(lines.start)..range.end.saturating_sub(lines.start);
            kind.span(within).label((!said.is_empty()).then_some(said))
        });
        group = group.element(
            Snippet::source(text).path(source.path()).line_start(first).annotations(annotations),
        );
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
    }
    group
}

/// The primary place's file first, then the others in the order in which they were named.
fn by_file(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<(AnnotationKind, &Label)>)> {
    let mut order = vec![diagnostic.primary.span.file];
    let mut files = BTreeMap::from([(
        diagnostic.primary.span.file,
        vec![(AnnotationKind::Primary, &diagnostic.primary)],
    )]);
    for label in &diagnostic.labels {
        if !order.contains(&label.span.file) {
            order.push(label.span.file);
        }
        files.entry(label.span.file).or_default().push((AnnotationKind::Context, label));
    }
    order.into_iter().filter_map(|file| files.remove(&file).map(|labels| (file, labels))).collect()
}

fn summary(report: &Report) -> Option<String> {
    let count = |n: usize, what: &str| match n {
        0 => None,
        1 => Some(format!("1 {what}")),
        n => Some(format!("{n} {what}s")),
    };
    let parts: Vec<String> = [count(report.errors(), "error"), count(report.warnings(), "warning")]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
