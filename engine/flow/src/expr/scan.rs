//! Reads the words of an expression without understanding it: bounds length and depth before the
//! parser sees anything, finds the end of `${…}`, and explains in plain words what the parser would
//! only call a mismatch.

use std::ops::Range;

use super::diagnostic::{ExprDiagnostic, ExprProblem};
use super::{MAX_DEPTH, MAX_SOURCE};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    Text,
    Bytes,
    Open,
    Close,
    Operator,
    /// A text without its end.
    Unclosed,
    /// A character that means nothing in an expression.
    Stray,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
    /// For an opening bracket: the index of the token that closes it.
    pub(super) partner: usize,
}

impl Token {
    pub(super) fn text<'s>(&self, source: &'s str) -> &'s str {
        &source[self.span.clone()]
    }
}

/// Loops, which CEL calls macros. Without them the work of an expression is bounded by its length.
const LOOPS: [&str; 5] = ["all", "exists", "exists_one", "filter", "map"];

/// Words that CEL keeps for other languages.
const RESERVED: [&str; 15] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
];

/// The words of `source`, when its length, depth, brackets and texts are in order.
pub(super) fn scan(source: &str) -> Result<Vec<Token>, ExprDiagnostic> {
    if source.len() > MAX_SOURCE {
        let end = source.floor_char_boundary(MAX_SOURCE);
        return Err(problem(
            ExprProblem::TooLong,
            end..source.len(),
            format!("the expression has {} bytes, more than {MAX_SOURCE}", source.len()),
            "compute parts of it with `set` first",
        ));
    }
    let mut tokens: Vec<Token> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some((kind, span)) = next(source, at) {
        at = span.end;
        let text = &source[span.clone()];
        let index = tokens.len();
        match kind {
            Kind::Open => {
                if open.len() == MAX_DEPTH {
                    return Err(problem(
                        ExprProblem::TooDeep,
                        span,
                        format!("brackets are nested more than {MAX_DEPTH} deep"),
                        "compute parts of it with `set` first",
                    ));
                }
                open.push(index);
            }
            Kind::Close => {
                let Some(opener) = open.pop() else {
                    return Err(syntax(span, format!("`{text}` closes nothing")));
                };
                let wanted = closing(tokens[opener].text(source));
                if wanted != text {
                    return Err(syntax(
                        span,
                        format!("`{text}` where `{wanted}` should close the bracket opened before"),
                    ));
                }
                tokens[opener].partner = index;
            }
            Kind::Unclosed => {
                return Err(syntax(span, "this text has no closing quote".to_owned()));
            }
            Kind::Bytes => {
                return Err(unsupported(span, "byte strings (b\"…\") are not supported"));
            }
            Kind::Stray => return Err(stray(text, span)),
            Kind::Word | Kind::Number | Kind::Text | Kind::Operator => {}
        }
        tokens.push(Token { kind, span, partner: index });
    }
    if let Some(&opener) = open.last() {
        let token = &tokens[opener];
        let text = token.text(source);
        return Err(syntax(
            token.span.clone(),
            format!("`{text}` is never closed by `{}`", closing(text)),
        ));
    }
    refuse_loops(source, &tokens)?;
    Ok(tokens)
}

/// Where the `}` is that ends an expression beginning at `from`, if there is one.
pub(crate) fn end_of_expression(text: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = from;
    while let Some((kind, span)) = next(text, at) {
        match (kind, &text[span.clone()]) {
            (Kind::Unclosed, _) => return None,
            (Kind::Open, "{") => depth += 1,
            (Kind::Close, "}") if depth == 0 => return Some(span.start),
            (Kind::Close, "}") => depth -= 1,
            _ => {}
        }
        at = span.end;
    }
    None
}

fn refuse_loops(source: &str, tokens: &[Token]) -> Result<(), ExprDiagnostic> {
    for three in tokens.windows(3) {
        let [dot, name, open] = three else { continue };
        let word = name.text(source);
        if dot.text(source) == "." && open.text(source) == "(" && LOOPS.contains(&word) {
            return Err(unsupported(
                name.span.clone(),
                &format!("expressions have no loops, so no `{word}`"),
            ));
        }
    }
    Ok(())
}

/// Why `source` is no expression, found by reading operands and operators in turn. None: nothing
/// wrong seen.
pub(super) fn explain(source: &str, tokens: &[Token]) -> Option<ExprDiagnostic> {
    if tokens.is_empty() {
        return Some(syntax(source.len()..source.len(), "the expression is empty".to_owned()));
    }
    let mut before: Option<&Token> = None;
    for token in tokens {
        let text = token.text(source);
        let after_operand = before.is_some_and(|t| ends_operand(t, source));
        let member = before.is_some_and(|t| t.text(source) == ".");
        if token.kind == Kind::Word && !member {
            let instead = match text {
                "and" | "AND" => Some("&&"),
                "or" | "OR" => Some("||"),
                "not" | "NOT" => Some("!"),
                _ => None,
            };
            if let Some(instead) = instead {
                let mut found = syntax(token.span.clone(), format!("`{text}` is not an operator"));
                found.help = Some(format!("write `{instead}`"));
                found.suggestion = Some(instead.to_owned());
                return Some(found);
            }
            if RESERVED.contains(&text) {
                return Some(syntax(token.span.clone(), format!("`{text}` is a reserved word")));
            }
        }
        let operand = matches!(token.kind, Kind::Number | Kind::Text)
            || (token.kind == Kind::Word && text != "in");
        if after_operand && operand {
            return Some(syntax(
                token.span.clone(),
                format!("an operator is missing before `{text}`"),
            ));
        }
        let binary = (token.kind == Kind::Operator && !matches!(text, "-" | "!" | "."))
            || text == "in" && !member;
        let closes = token.kind == Kind::Close && !before.is_some_and(|t| t.kind == Kind::Open);
        if !after_operand && (binary || closes) {
            return Some(syntax(
                token.span.clone(),
                format!("something is missing before `{text}`"),
            ));
        }
        before = Some(token);
    }
    let last = tokens.last()?;
    if !ends_operand(last, source) {
        return Some(syntax(
            source.len()..source.len(),
            format!("something is missing after `{}`", last.text(source)),
        ));
    }
    None
}

fn ends_operand(token: &Token, source: &str) -> bool {
    match token.kind {
        Kind::Number | Kind::Text | Kind::Close => true,
        Kind::Word => token.text(source) != "in",
        _ => false,
    }
}

fn next(source: &str, from: usize) -> Option<(Kind, Range<usize>)> {
    let start = skip_blank(source, from);
    let rest = &source[start..];
    let first = rest.chars().next()?;
    let span = |kind, length| Some((kind, start..start + length));
    if first.is_ascii_alphabetic() || first == '_' {
        let length = word_length(rest);
        let quoted = rest[length..].starts_with(['"', '\'']);
        let prefix = rest[..length].to_ascii_lowercase();
        return match prefix.as_str() {
            "r" if quoted => text(rest, length, true).map_or_else(
                || span(Kind::Unclosed, line_length(rest)),
                |end| span(Kind::Text, end),
            ),
            "b" | "br" | "rb" if quoted => text(rest, length, prefix != "b").map_or_else(
                || span(Kind::Unclosed, line_length(rest)),
                |end| span(Kind::Bytes, end),
            ),
            _ => span(Kind::Word, length),
        };
    }
    if first.is_ascii_digit() {
        return span(Kind::Number, number_length(rest));
    }
    if matches!(first, '"' | '\'') {
        return text(rest, 0, false)
            .map_or_else(|| span(Kind::Unclosed, line_length(rest)), |end| span(Kind::Text, end));
    }
    for operator in ["==", "!=", "<=", ">=", "&&", "||"] {
        if rest.starts_with(operator) {
            return span(Kind::Operator, 2);
        }
    }
    let kind = match first {
        '(' | '[' | '{' => Kind::Open,
        ')' | ']' | '}' => Kind::Close,
        '<' | '>' | '!' | '+' | '-' | '*' | '/' | '%' | '?' | ':' | ',' | '.' => Kind::Operator,
        _ => Kind::Stray,
    };
    span(kind, first.len_utf8())
}

fn skip_blank(source: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = &source[at..];
        at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']).len();
        if !source[at..].starts_with("//") {
            return at;
        }
        at += line_length(&source[at..]);
    }
}

fn line_length(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

fn word_length(rest: &str) -> usize {
    rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len())
}

fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = word_length(rest);
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at += 1;
        at += word_length(&rest[at..]);
    }
    let exponent = matches!(bytes.get(at.wrapping_sub(1)), Some(b'e' | b'E'));
    if exponent && matches!(bytes.get(at), Some(b'+' | b'-')) && !rest.starts_with("0x") {
        at += 1;
        at += word_length(&rest[at..]);
    }
    at
}

/// Bytes up to behind the closing quote of the text whose opening quote is at `quote`.
fn text(rest: &str, quote: usize, raw: bool) -> Option<usize> {
    let body = &rest[quote..];
    let one = &body[..1];
    let triple = one.repeat(3);
    let (mark, lines) =
        if body.starts_with(&triple) { (triple.as_str(), true) } else { (one, false) };
    let mut at = mark.len();
    loop {
        let rest = &body[at..];
        if rest.starts_with(mark) {
            return Some(quote + at + mark.len());
        }
        let c = rest.chars().next()?;
        at += c.len_utf8();
        if c == '\n' && !lines {
            return None;
        }
        if c == '\\' && !raw {
            at += rest[1..].chars().next()?.len_utf8();
        }
    }
}

fn closing(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

fn stray(text: &str, span: Range<usize>) -> ExprDiagnostic {
    let mut found = syntax(span, format!("`{text}` means nothing here"));
    let instead = match text {
        "=" => Some("=="),
        "&" => Some("&&"),
        "|" => Some("||"),
        "“" | "”" => Some("\""),
        "‘" | "’" => Some("'"),
        _ => None,
    };
    if let Some(instead) = instead {
        found.help = Some(format!("write `{instead}`"));
        found.suggestion = Some(instead.to_owned());
    } else if text == "$" {
        found.help = Some("name the variable without `$`".to_owned());
    } else if !text.is_ascii() {
        found.help = Some("put texts in quotes".to_owned());
    }
    found
}

fn syntax(span: Range<usize>, message: String) -> ExprDiagnostic {
    ExprDiagnostic { problem: ExprProblem::Syntax, message, help: None, suggestion: None, span }
}

fn unsupported(span: Range<usize>, message: &str) -> ExprDiagnostic {
    ExprDiagnostic { problem: ExprProblem::Unsupported, ..syntax(span, message.to_owned()) }
}

fn problem(
    problem: ExprProblem,
    span: Range<usize>,
    message: String,
    help: &str,
) -> ExprDiagnostic {
    ExprDiagnostic { problem, help: Some(help.to_owned()), ..syntax(span, message) }
}
