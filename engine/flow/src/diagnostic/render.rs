//! Diagnostics as text, in the manner of a compiler.

use std::collections::BTreeMap;

use annotate_snippets::{
    AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
    renderer::DecorStyle,
};

use dialgraph_base::Severity;
use dialgraph_visible as visible;

use super::{Diagnostic, Label, Report};
use crate::source::{FileId, SourceFile};

/// A place and how it is marked.
type Place<'a> = (AnnotationKind, &'a Label);

/// Lines between two places that are shown apart: the lines between them would be read only to be
/// left out.
const FAR: u32 = 100;
/// Bytes of an excerpt.
const MAX_EXCERPT: usize = 16 << 10;
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
    for (code, count) in report.more() {
        let (many, are) = if count == 1 { ("finding", "is") } else { ("findings", "are") };
        out.push_str(&format!(
            "{count} more {many} of {code} ({}) {are} not shown: correct the ones above first\n\n",
            code.name()
        ));
    }
    if let Some(line) = summary(report) {
        out.push_str(&line);
        out.push('\n');
    }
    // The renderer takes escapes out of what it is given; what else does something instead of being
    // seen goes here.
    let shown = if colour { visible::styled_lines(&out) } else { visible::lines(&out) };
    shown.into_owned()
}

fn group<'a>(report: &'a Report, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(normalize_untrusted_str(&visible::line(&diagnostic.message)))
        .id(diagnostic.code.number());
    let mut group = Group::with_title(title);
    for (file, labels) in by_file(diagnostic) {
        for near in by_place(report.sources().file(file), labels) {
            group = excerpt(group, report.sources().file(file), near);
        }
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(normalize_untrusted_str(&visible::lines(help))));
    }
    group
}

/// Adds the lines in which the places stand, which are near each other.
fn excerpt<'a>(group: Group<'a>, source: &'a SourceFile, labels: Vec<Place<'a>>) -> Group<'a> {
    let ranges = labels.iter().map(|(_, label)| source.range(label.span));
    let all = ranges.clone().map(|range| range.start).min().unwrap_or(0)
        ..ranges.map(|range| range.end).max().unwrap_or(0);
    // Only the lines in question: reading the whole file for every finding would take its toll.
    let (mut lines, first) = source.lines(all.clone());
    let text = source.text();
    let cut = lines.len() > MAX_EXCERPT;
    if cut {
        // A line can be the whole file.
        lines.start = lines.start.max(text.floor_char_boundary(all.start.saturating_sub(WIDTH)));
        let end = text.floor_char_boundary(lines.start.saturating_add(MAX_EXCERPT));
        lines.end = lines.end.min(end);
    }
    let annotations = labels.iter().map(|(kind, label)| {
        let said = normalize_untrusted_str(&visible::line(&label.text));
        let range = source.range(label.span);
        let within = |at: usize| at.clamp(lines.start, lines.end) - lines.start;
        let within = within(range.start)..within(range.end);
        kind.span(within).label((!said.is_empty()).then_some(said))
    });
    let snippet = Snippet::source(text.get(lines.clone()).unwrap_or_default())
        .line_start(first)
        .annotations(annotations.collect::<Vec<_>>());
    if !cut {
        return group.element(snippet.path(visible::line(source.path())));
    }
    // What is cut off in front would be missing in the column.
    let at = labels.first().map_or(0, |(_, label)| label.span.start);
    let place = source.position(at);
    let (line, column) = (place.line as usize, place.column as usize);
    group
        .element(Origin::path(visible::line(source.path())).line(line).char_column(column))
        .element(snippet)
}

/// Places in one file in heaps of such that are near each other: the first heap is that of the
/// first place, the others follow in the order of the file.
fn by_place<'a>(source: &SourceFile, mut labels: Vec<Place<'a>>) -> Vec<Vec<Place<'a>>> {
    let line = |(_, label): &Place<'_>| source.position(label.span.start).line;
    let first = labels.first().map(|(_, label)| label.span);
    labels.sort_by_key(|(_, label)| label.span.start);
    let mut heaps: Vec<Vec<Place<'a>>> = Vec::new();
    let mut last = 0;
    for label in labels {
        let here = line(&label);
        match heaps.last_mut() {
            Some(heap) if here - last <= FAR => heap.push(label),
            _ => heaps.push(vec![label]),
        }
        last = here;
    }
    let holds = |heap: &Vec<Place<'_>>| heap.iter().any(|(_, label)| Some(label.span) == first);
    if let Some(at) = heaps.iter().position(holds) {
        let heap = heaps.remove(at);
        heaps.insert(0, heap);
    }
    heaps
}

/// The primary place's file first, then the others in the order in which they were named.
fn by_file(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<Place<'_>>)> {
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
