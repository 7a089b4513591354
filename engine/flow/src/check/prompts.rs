//! Prompts: complete in all locales, and compiled.

use std::collections::BTreeMap;
use std::ops::Range;

use dialgraph_base::Locale;

use super::{Checker, values};
use crate::diagnostic::{Code, Diagnostic, MAX_LISTED, listed};
use crate::expr::{TypeEnv, has_words};

use crate::model::{Prompt, Type};
use crate::source::Spanned;
use crate::syntax::flow::Texts;
use crate::template::{Inserted, TemplateProblem, is_ssml};

/// Checks that `texts` has exactly `locales`, and compiles it.
pub(crate) fn compile(
    checker: &mut Checker<'_>,
    texts: &Texts,
    locales: &[Locale],
    env: &dyn TypeEnv,
) -> Option<Prompt> {
    checker.work.count(texts.texts.len() + texts.written.len());
    let complete = complete(checker, texts, locales);
    let heard = texts.texts.iter().map(|(locale, text)| (locale.value.clone(), text));
    let heard = compile_texts(checker, heard.collect(), env);
    let written = texts.written.iter().map(|(locale, text)| (locale.clone(), text)).collect();
    let plain = plain(checker, &written);
    let written = compile_texts(checker, written, env);
    let prompt = heard?.written_as(written?);
    (complete && plain).then_some(prompt)
}

/// Whether none of what is read is marked up for a voice.
fn plain(checker: &mut Checker<'_>, written: &BTreeMap<Locale, &Spanned<String>>) -> bool {
    let marked: Vec<_> = written.values().filter(|text| is_ssml(&text.value)).collect();
    for text in &marked {
        let message = "this is read, and SSML is markup for a voice".to_owned();
        checker.push(
            Diagnostic::new(Code::BadPrompt, text.span, message)
                .help("write the words alone; `voice` may have the markup"),
        );
    }
    marked.is_empty()
}

fn compile_texts(
    checker: &mut Checker<'_>,
    by_locale: BTreeMap<Locale, &Spanned<String>>,
    env: &dyn TypeEnv,
) -> Option<Prompt> {
    let sources: BTreeMap<Locale, &str> =
        by_locale.iter().map(|(locale, text)| (locale.clone(), text.value.as_str())).collect();
    match Prompt::compile(sources, env) {
        Ok(prompt) => {
            let mut spoken = true;
            for (locale, inserted) in prompt.inserted() {
                if let Some(text) = by_locale.get(locale) {
                    spoken &= inserted_value(checker, text, locale, inserted);
                }
            }
            spoken.then_some(prompt)
        }
        Err(problems) => {
            for (locale, problem) in problems {
                let Some(text) = by_locale.get(&locale) else {
                    continue;
                };
                let code = match problem.problem {
                    TemplateProblem::Expr(problem) => values::code(problem),
                    _ => Code::BadPrompt,
                };
                if checker.only_counts(code, text.span) {
                    continue;
                }
                let Range { start, end } = problem.span;
                let span = checker.locate(text.span, &text.value, start, end);
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

/// Notes what is known of a value within a text; false when there are no words for it in the text's
/// language.
fn inserted_value(
    checker: &mut Checker<'_>,
    text: &Spanned<String>,
    locale: &Locale,
    inserted: &Inserted,
) -> bool {
    let Inserted { expr, ty, start } = inserted;
    let locate = |checker: &Checker<'_>, span: &Range<usize>| {
        checker.locate(text.span, &text.value, start + span.start, start + span.end)
    };
    for comparison in expr.comparisons() {
        let span = locate(checker, &comparison.span);
        checker.facts.hold(&checker.here, comparison, span);
    }
    if has_words(locale) {
        return true;
    }
    let mut silent = Vec::new();
    for (function, span) in expr.worded() {
        silent.push((format!("`{}`", function.name), span));
    }
    if *ty == Type::Boolean {
        silent.push(("a boolean".to_owned(), 0..expr.source().len()));
    }
    for (what, span) in &silent {
        let span = locate(checker, span);
        values::no_words(checker, what, locale, span);
    }
    silent.is_empty()
}

/// Whether there is a text for every locale, and for no other.
pub(crate) fn complete(checker: &mut Checker<'_>, texts: &Texts, locales: &[Locale]) -> bool {
    let missing: Vec<&str> =
        locales.iter().filter(|locale| !texts.has(locale)).map(|locale| &**locale).collect();
    if !missing.is_empty() {
        let list = match missing.len() {
            1..=MAX_LISTED => format!("`{}`", missing.join("` and `")),
            _ => listed(&missing),
        };
        let message = format!("there is no text for {list}");
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
    if checker.only_counts(Code::UnknownLocale, span) {
        return;
    }
    let known: Vec<&str> = locales.iter().map(|locale| &**locale).collect();
    let message = format!("no caller would hear this: `{locale}` is not one of the locales here");
    checker.push(Diagnostic::new(Code::UnknownLocale, span, message).suggest(
        locale,
        known,
        "the locales are",
    ));
}
