//! What `save` reads must be there to be read.

use dialgraph_base::Name;

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::{Expr, MemberRead};

use crate::syntax::flow::{NodeTree, Value};

const OUTPUT: &str = "output";

/// Tells of every read of `output` that finds nothing, whatever happens.
pub(crate) fn check(checker: &mut Checker<'_>, node: &NodeTree, save: &[(Name, Expr)]) {
    for (name, value) in &node.save {
        let found = save.iter().find(|(saved, _)| *saved == name.value);
        let (Some((_, expr)), Value::Expr(source)) = (found, value) else { continue };
        let reads = expr.members_of(OUTPUT);
        let wrong = node.kind.never_given(checker, &reads);
        let Some(Wrong { read, message, help }) = wrong else { continue };
        let span = checker.locate(source.span, &source.value, read.span.start, read.span.end);
        checker.push(Diagnostic::new(Code::NeverGiven, span, message).help(help));
    }
}

/// A read that finds nothing.
pub(crate) struct Wrong<'r> {
    pub read: &'r MemberRead,
    pub message: String,
    pub help: String,
}
