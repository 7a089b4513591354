//! Text to trees: reading never fails, it gives a tree and all diagnostics.
//!
//! Three steps, each of which goes on after a mistake: [`yaml`] reads text into a tree of values with their
//! places; `shape` holds it against the tables of what each kind of file may hold (`tables`) and reports
//! everything that does not fit; `flow` and `project` then take what does fit into typed trees, quietly
//! leaving out the rest, which has been reported by then.

pub(crate) mod align;
pub(crate) mod duration;
pub(crate) mod flow;
pub(crate) mod project;
pub(crate) mod shape;
pub(crate) mod tables;
pub mod yaml;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::FileId;
use yaml::Node;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct Document {
    /// None for an empty file or one of which nothing could be read.
    pub root: Option<Node>,
    pub diagnostics: Vec<Diagnostic>,
    /// Its text or its form has mistakes: what is missing from the tree may have been meant to be there.
    pub broken: bool,
    /// Part of the text had to be left out.
    pub torn: bool,
}

/// Reads `text` and checks its form.
pub(crate) fn read(file: FileId, text: &str, shape: &shape::Shape, what: &str) -> Document {
    let parsed = yaml::parse(file, text);
    let mut diagnostics = parsed.diagnostics;
    let torn = !diagnostics.is_empty();
    match &parsed.root {
        Some(root) => {
            let mut found = Vec::new();
            shape::check(root, shape, what, &mut found);
            // Where text had to be left out, what is missing was perhaps only left out with it.
            found.retain(|d: &Diagnostic| !torn || d.code == Code::UnknownKey);
            diagnostics.append(&mut found);
        }
        None if !torn => {
            let span = crate::source::Span { file, start: 0, end: 0 };
            diagnostics.push(Diagnostic::new(
                Code::Syntax,
                span,
                format!("the file is empty: a {what} should be here"),
            ));
        }
        None => {}
    }
    Document {
        broken: diagnostics.iter().any(|d| d.severity == Severity::Error),
        root: parsed.root,
        diagnostics,
        torn,
    }
}
