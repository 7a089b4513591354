//! Why an expression was refused at load, or gave no value during a call.

use std::ops::Range;
use std::sync::Arc;

/// What is wrong with an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExprProblem {
    /// Not an expression at all.
    Syntax,
    /// More than [`MAX_SOURCE`](super::MAX_SOURCE) bytes.
    TooLong,
    /// Brackets within brackets, or operators in a row, beyond what is allowed.
    TooDeep,
    /// Valid CEL that this language leaves out: loops, messages, bytes.
    Unsupported,
    UnknownVariable,
    UnknownMember,
    UnknownFunction,
    /// A function with too many or too few arguments.
    WrongArguments,
    TypeMismatch,
    /// A part without variables that always fails: a division by zero, an unknown time zone …
    AlwaysFails,
}

/// A mistake in an expression, found before any call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprDiagnostic {
    pub problem: ExprProblem,
    /// One sentence without a full stop, such as ``no variable `custmer` here``.
    pub message: String,
    /// What to do about it, such as ``did you mean `customer`?``.
    pub help: Option<String>,
    /// The name to write instead of the text at `span`, when there is a near one.
    pub suggestion: Option<String>,
    /// Bytes of the source at fault; within the source and on character boundaries. Empty at the
    /// end of the source when something is missing there.
    pub span: Range<usize>,
}

/// Why an expression gave no value. Carries the source of the expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{source_text}`: {reason}")]
pub struct ExprError {
    pub source_text: Arc<str>,
    pub reason: String,
}
