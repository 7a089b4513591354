//! The boundary to the `cel` crate, which reads the grammar and nothing else.
//!
//! Its parser recurses deeply in unoptimised builds, so it runs on a thread with a stack of its
//! own; and as it is not ours to prove, a panic in it is a mistake in the expression, not the end
//! of the process.

use cel::common::ast::{IdedExpr, SourceInfo};
use cel::parser::Parser;

use super::diagnostic::{ExprDiagnostic, ExprProblem};
use super::scan::{Kind, Token, explain};

const STACK: usize = 16 << 20;

/// The tree of `source`, whose words are `tokens`.
pub(super) fn parse(
    source: &str,
    tokens: &[Token],
) -> Result<(IdedExpr, SourceInfo), ExprDiagnostic> {
    if let Some(found) = explain(source, tokens) {
        return Err(found);
    }
    let worker = |source: String| {
        Parser::new()
            .enable_optional_syntax(false)
            .error_recovery_limit(4)
            .parse_with_source_info(&source)
            .map_err(|errors| {
                let errors = errors.errors.into_iter();
                let mut errors: Vec<_> = errors.map(|error| (error.pos, error.msg)).collect();
                // What the tree builder misses only follows from what the grammar did not find.
                errors.sort_by_key(|(_, message)| !message.starts_with("Syntax error"));
                errors.into_iter().next().unwrap_or_default()
            })
    };
    let owned = source.to_owned();
    let thread = std::thread::Builder::new()
        .name("expression parser".to_owned())
        .stack_size(STACK)
        .spawn(move || worker(owned));
    let Ok(thread) = thread else {
        return Err(syntax(
            0..source.len(),
            "the machine has no thread left to read expressions with",
        ));
    };
    match thread.join() {
        Ok(Ok(tree)) => Ok(tree),
        Ok(Err((position, message))) => Err(translate(source, tokens, position, &message)),
        Err(_) => Err(syntax(0..source.len(), "this is not an expression")),
    }
}

/// The parser speaks of the names of its grammar; say instead which word it stumbled over.
fn translate(
    source: &str,
    tokens: &[Token],
    (line, column): (isize, isize),
    message: &str,
) -> ExprDiagnostic {
    if message.contains("Recursion limit") {
        return ExprDiagnostic {
            problem: ExprProblem::TooDeep,
            help: Some("compute parts of it with `set` first".to_owned()),
            ..syntax(0..source.len(), "too many `? :` are nested")
        };
    }
    let at = offset(source, line, column);
    if at == source.len() {
        let mut found = syntax(at..at, "something is missing at the end");
        let count = |sign: &str| tokens.iter().filter(|t| t.text(source) == sign).count();
        if count("?") > count(":") {
            found.help = Some("`?` needs a `:` with the value for the other case".to_owned());
        }
        return found;
    }
    let token = tokens.iter().find(|token| token.span.contains(&at)).or(tokens.last());
    let span = token.map_or(at..at, |token| token.span.clone());
    let text = source.get(span.clone()).unwrap_or_default();
    if message.contains("invalid int literal") || message.contains("invalid double literal") {
        return syntax(span, &format!("`{text}` is too large a number"));
    }
    let bad_escape = token.is_some_and(|token| token.kind == Kind::Text) && text.contains('\\');
    if message.contains("invalid string literal") || bad_escape {
        let mut found =
            syntax(span, "this text has a `\\` before a character that cannot follow it");
        found.help = Some(r#"write `\\` for a backslash, or r"…" around the text"#.to_owned());
        return found;
    }
    if message.contains("reserved identifier") {
        return syntax(span, &format!("`{text}` is a reserved word"));
    }
    syntax(span, &format!("`{text}` cannot stand here"))
}

/// Byte offset of a line from 1 and a column of characters from 1.
fn offset(source: &str, line: isize, column: isize) -> usize {
    let lines = usize::try_from(line - 1).unwrap_or(0);
    let start = source.split_inclusive('\n').take(lines).map(str::len).sum::<usize>();
    let rest = source.get(start..).unwrap_or_default();
    let columns = usize::try_from(column - 1).unwrap_or(0);
    let within = rest.char_indices().nth(columns).map(|(at, _)| at);
    start + within.unwrap_or(rest.len())
}

fn syntax(span: std::ops::Range<usize>, message: &str) -> ExprDiagnostic {
    ExprDiagnostic {
        problem: ExprProblem::Syntax,
        message: message.to_owned(),
        help: None,
        suggestion: None,
        span,
    }
}
