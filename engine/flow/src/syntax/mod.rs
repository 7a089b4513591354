//! Text to trees: reading never fails, it gives a tree and all diagnostics.
//!
//! Three steps, each of which goes on after a mistake: [`yaml`] reads text into a tree of values
//! with their places; `shape` holds it against the tables of what each kind of file may hold
//! (`tables`) and reports everything that does not fit; `flow` and `project` then take what does
//! fit into typed trees, quietly leaving out the rest, which has been reported by then.

pub(crate) mod align;
pub(crate) mod flow;
pub(crate) mod project;
pub(crate) mod shape;
pub(crate) mod tables;
pub mod yaml;

use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::source::FileId;
use crate::work::Work;
use yaml::Node;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct Document {
    /// None for an empty file or one of which nothing could be read.
    pub root: Option<Node>,
    pub findings: Findings,
    /// Values that it has.
    pub values: usize,
    /// Its text or its form has mistakes: what is missing from the tree may have been meant to be
    /// there.
    pub broken: bool,
    /// Part of the text had to be left out.
    pub torn: bool,
}

impl Document {
    /// A file that was not read.
    pub(crate) fn unread() -> Self {
        let findings = Findings::default();
        Self { root: None, findings, values: 0, broken: true, torn: true }
    }
}

/// Reads `text`, which may have no more than `room` values, and checks its form.
pub(crate) fn read(
    file: FileId,
    text: &str,
    shape: &shape::Shape,
    what: &str,
    room: usize,
    work: &Work<'_>,
) -> Document {
    let yaml::Read { root, mut findings, values } = yaml::read(file, text, room, work);
    let torn = !findings.is_empty();
    match &root {
        Some(root) => {
            let mut found = Findings::default();
            shape::check(root, shape, what, &mut found);
            work.count(values);
            // Where text had to be left out, what is missing was perhaps only left out with it.
            if torn {
                found.keep_only(&[Code::UnknownKey]);
            }
            findings.append(found);
        }
        None if !torn => {
            let span = crate::source::Span { file, start: 0, end: 0 };
            findings.push(Diagnostic::new(
                Code::Syntax,
                span,
                format!("the file is empty: a {what} should be here"),
            ));
        }
        None => {}
    }
    Document { broken: findings.errors() > 0, root, findings, values, torn }
}
