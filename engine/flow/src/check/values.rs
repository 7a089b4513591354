//! Expressions and literals where a value is given.

use std::ops::Range;

use serde_json::Value as Json;

use super::env::{Env, LOCALE};
use super::names::Holder;
use super::{Checker, literals};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::{Expr, ExprProblem, TypeEnv, has_words};
use crate::model::{Assignments, Type};
use crate::source::{Span, Spanned};
use crate::syntax::flow::{Value, Word};

pub(crate) fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::String => "string",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::List => "list",
        Type::Map => "map",
        Type::Any => "any",
    }
}

/// The type of a literal; none for null, which is of every type.
pub(crate) fn literal_type(value: &Json) -> Option<Type> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(_) => Type::Boolean,
        Json::Number(_) => Type::Number,
        Json::String(_) => Type::String,
        Json::Array(_) => Type::List,
        Json::Object(_) => Type::Map,
    })
}

/// The code for a problem of an expression.
pub(crate) fn code(problem: ExprProblem) -> Code {
    match problem {
        ExprProblem::UnknownVariable | ExprProblem::UnknownMember => Code::UnknownVariable,
        ExprProblem::TypeMismatch => Code::TypeMismatch,
        _ => Code::BadExpression,
    }
}

/// Compiles what is given for `what`, which must be of type `expected`.
pub(crate) fn compile(
    checker: &mut Checker<'_>,
    value: &Value,
    expected: Type,
    what: &str,
    env: &dyn TypeEnv,
) -> Option<Expr> {
    checker.work.count(1);
    match value {
        Value::Literal { json: literal, texts } => {
            literals::check(checker, &literal.value, texts, env);
            let given = literal_type(&literal.value);
            if given.is_none_or(|given| given == expected || expected == Type::Any) {
                return Some(Expr::literal(literal.value.clone()));
            }
            let message = format!(
                "{what} is a {}, not a {}",
                type_name(expected),
                given.map_or("null", type_name)
            );
            let mut diagnostic = Diagnostic::new(Code::TypeMismatch, literal.span, message);
            if expected == Type::String {
                let text = literal.value.to_string();
                diagnostic = diagnostic.help(format!("write the text as `'\"{text}\"'`"));
            }
            checker.push(diagnostic);
            None
        }
        Value::Expr(source) => expression(checker, source, expected, env),
    }
}

fn expression(
    checker: &mut Checker<'_>,
    source: &Spanned<String>,
    expected: Type,
    env: &dyn TypeEnv,
) -> Option<Expr> {
    let compiled = if expected == Type::Any {
        Expr::compile(&source.value, env).map(|(expr, _)| expr)
    } else {
        Expr::compile_as(&source.value, env, expected)
    };
    match compiled {
        Ok(expr) => {
            for comparison in expr.comparisons() {
                let Range { start, end } = comparison.span;
                let span = checker.locate(source.span, &source.value, start, end);
                checker.facts.hold(&checker.here, comparison, span);
            }
            locales(checker, source, &expr).then_some(expr)
        }
        Err(problems) => {
            for problem in problems {
                if checker.only_counts(code(problem.problem), source.span) {
                    continue;
                }
                let Range { start, end } = problem.span;
                let span = checker.locate(source.span, &source.value, start, end);
                let mut diagnostic = Diagnostic::new(code(problem.problem), span, problem.message);
                if let Some(help) = problem.help {
                    diagnostic = diagnostic.help(help);
                }
                checker.push(diagnostic);
            }
            None
        }
    }
}

/// Whether every function of `expr` has words in every language in which it may have to speak.
fn locales(checker: &mut Checker<'_>, source: &Spanned<String>, expr: &Expr) -> bool {
    let mut good = true;
    for (function, span) in expr.worded() {
        let dumb = checker.here.locales.iter().find(|locale| !has_words(locale)).cloned();
        let Some(locale) = dumb else { continue };
        let span = checker.locate(source.span, &source.value, span.start, span.end);
        no_words(checker, &format!("`{}`", function.name), &locale, span);
        good = false;
    }
    good
}

/// Says that there are no words for something in `locale`.
pub(crate) fn no_words(checker: &mut Checker<'_>, what: &str, locale: &str, span: Span) {
    let message = format!("{what} has no words in `{locale}`, only in Korean and English");
    checker.push(
        Diagnostic::new(Code::NoWords, span, message)
            .help(format!("write out what callers in `{locale}` should hear")),
    );
}

/// Compiles `set` or `save`.
pub(crate) fn assignments(
    checker: &mut Checker<'_>,
    assign: &[(Word, Value)],
    flow_env: &Env,
    env: &dyn TypeEnv,
    locales: &[dialgraph_base::Locale],
) -> Option<Assignments> {
    let mut compiled = Some(Assignments::new());
    for (name, value) in assign {
        let expr = assignment(checker, name, value, flow_env, env, locales);
        match (expr, &mut compiled) {
            (Some(expr), Some(compiled)) => compiled.push((name.value.clone(), expr)),
            _ => compiled = None,
        }
    }
    compiled
}

fn assignment(
    checker: &mut Checker<'_>,
    name: &Word,
    value: &Value,
    flow_env: &Env,
    env: &dyn TypeEnv,
    locales: &[dialgraph_base::Locale],
) -> Option<Expr> {
    flow_env.mark(&name.value);
    if !flow_env.is_assignable(&name.value) {
        if !checker.only_counts(Code::UnknownVariable, name.span) {
            let message = format!("the flow declares no attribute `{}`", name.value);
            let diagnostic = Diagnostic::new(Code::UnknownVariable, name.span, message)
                .suggest_among(&name.value, flow_env.assignable(), "it declares", checker.work)
                .help(format!("declare it: `attributes: {{{}: string}}`", name.value));
            checker.push(diagnostic);
        }
        // Mistakes in the value are worth hearing of as well.
        compile(checker, value, Type::Any, "the value", env);
        return None;
    }
    let expected = flow_env.type_of(&name.value).unwrap_or(Type::Any);
    let what = format!("attribute `{}`", name.value);
    let expr = compile(checker, value, expected, &what, env)?;
    checker.facts.give(&checker.here, Holder::Attribute(name.value.clone()), &expr);
    if &*name.value == LOCALE
        && let Some(Json::String(locale)) = expr.constant()
        && !locales.iter().any(|known| **known == **locale)
    {
        let known: Vec<&str> = locales.iter().map(|l| &**l).collect();
        let message = format!("no call can have the locale `{locale}`");
        checker.push(Diagnostic::new(Code::UnknownLocale, value.span(), message).suggest(
            locale,
            known,
            "the locales of the project are",
        ));
        return None;
    }
    Some(expr)
}
