//! Prompts: complete in all locales, and compiled.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Checker, values};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::TypeEnv;
use crate::model::{Locale, Prompt};
use crate::source::Spanned;
use crate::syntax::flow::Texts;
use crate::template::TemplateProblem;

/// Checks that `texts` has exactly `locales`, and compiles it.
pub(crate) fn compile(
    checker: &mut Checker<'_>,
    texts: &Texts,
    locales: &[Locale],
    env: &dyn TypeEnv,
) -> Option<Prompt> {
    let complete = complete(checker, texts, locales);
    let by_locale: BTreeMap<Locale, &Spanned<String>> =
        texts.texts.iter().map(|(locale, text)| (locale.value.clone(), text)).collect();
    let sources: BTreeMap<Locale, &str> =
        by_locale.iter().map(|(locale, text)| (locale.clone(), text.value.as_str())).collect();
    match Prompt::compile(sources, env) {
        Ok(prompt) => complete.then_some(prompt),
        Err(problems) => {
            for (locale, problem) in problems {
                let Some(text) = by_locale.get(&locale) else {
                    continue;
                };
                let Range { start, end } = problem.span;
                let span = checker.locate(text.span, &text.value, start, end);
                let code = match problem.problem {
                    TemplateProblem::Expr(problem) => values::code(problem),
                    _ => Code::BadPrompt,
                };
                let mut diagnostic = Diagnostic::new(code, span, problem.message);
                if let Some(help) = problem.help {
                    diagnostic = diagnostic.help(help);
                }
                checker.push(diagnostic);
            }
            None
        }
    }
}

/// Whether there is a text for every locale, and for no other.
pub(crate) fn complete(checker: &mut Checker<'_>, texts: &Texts, locales: &[Locale]) -> bool {
    let missing: Vec<&str> =
        locales.iter().filter(|locale| !texts.has(locale)).map(|locale| &**locale).collect();
    if !missing.is_empty() {
        let list = missing.join("` and `");
        let message = format!("there is no text for `{list}`");
        checker.push(Diagnostic::new(Code::MissingLocale, texts.span, message).help(format!(
            "add `{}: …`: a caller in that locale would hear another language",
            missing.first().copied().unwrap_or_default()
        )));
    }
    for (locale, _) in &texts.texts {
        if !locales.contains(&locale.value) {
            unknown(checker, &locale.value, locale.span, locales);
        }
    }
    missing.is_empty()
}

pub(crate) fn unknown(
    checker: &mut Checker<'_>,
    locale: &str,
    span: crate::source::Span,
    locales: &[Locale],
) {
    let known: Vec<&str> = locales.iter().map(|locale| &**locale).collect();
    let message = format!("nobody would hear this: `{locale}` is none of the locales here");
    checker.push(Diagnostic::new(Code::UnknownLocale, span, message).suggest(
        locale,
        known,
        "the locales are",
    ));
}
