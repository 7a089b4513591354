//! What a question accepts, and what `save` can read of it.

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_base::Locale;

use super::{Expects, Tree, label_letters};
use crate::check::saves::Wrong;
use crate::check::{Checker, prompts};
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::MemberRead;
use crate::source::Spanned;
use crate::syntax::flow::Word;

/// Characters of a button's label.
const MAX_LABEL: usize = 80;
/// Why the last answer fits nothing.
const REASON: &str = "reason";

/// A question must accept something, and what it accepts must go together.
pub(super) fn accepts(checker: &mut Checker<'_>, ask: &Tree) {
    let answers = ask.expects.is_some() || ask.digits.is_some() || ask.speech;
    if ask.menu.is_empty() && ask.phrases.is_empty() && !answers && !ask.unclear {
        checker.push(
            Diagnostic::new(Code::MissingKey, ask.span, "this question accepts no answer at all")
                .help("add one of `menu`, `phrases`, `expects`, `digits` or `speech: true`"),
        );
    }
    if let Some(expects) = ask.expects {
        expected(checker, ask, expects);
    }
    if let Some(digits) = &ask.digits
        && digits.value.min > digits.value.max
    {
        let message = format!(
            "at least {} digits and at most {} cannot be",
            digits.value.min, digits.value.max
        );
        checker.push(Diagnostic::new(Code::WrongShape, digits.span, message));
    }
}

/// Labels are those of ports that can be chosen, each for one.
pub(super) fn choices(checker: &mut Checker<'_>, ask: &Tree, locales: &[Locale]) {
    let of_kind = ask.expects.filter(|expects| expects.value == Expects::YesNo);
    let of_kind = of_kind.map(|expects| expects.value.ports()).unwrap_or_default();
    let menu = ask.menu.iter().map(|(_, port)| &*port.value);
    let phrases = ask.phrases.iter().map(|(port, _)| &*port.value);
    let known: BTreeSet<&str> = of_kind.iter().copied().chain(menu).chain(phrases).collect();
    // What is on a button goes before all other words.
    let mut used: BTreeMap<(&Locale, String), &Word> = BTreeMap::new();
    for (port, by_locale) in ask.phrases.iter().filter(|_| !ask.choices.is_empty()) {
        for (locale, said) in by_locale {
            checker.work.count(said.len());
            let said = said.iter().map(|phrase| label_letters(&phrase.value));
            used.extend(said.map(|letters| ((&locale.value, letters), port)));
        }
    }
    for (key, port) in &ask.menu {
        let of_key = |locale| ((locale, label_letters(&key.value.to_string())), port);
        used.extend(locales.iter().map(of_key));
    }
    for (port, labels) in &ask.choices {
        checker.work.count(labels.texts.len() + 1);
        checker.must_be_shown(port.span, "this button");
        if !known.contains(&*port.value) && !ask.unclear {
            let message =
                format!("nothing that a caller can choose leads to port `{}`", port.value);
            checker.push(
                Diagnostic::new(Code::UnknownPort, port.span, message)
                    .suggest(&port.value, known.iter().copied(), "what can be chosen are")
                    .help("label ports of `menu`, `phrases` or `expects: yes_no`"),
            );
        }
        prompts::complete(checker, labels, locales);
        for (locale, label) in &labels.texts {
            let words = label_letters(&label.value);
            let length = label.value.chars().count();
            if words.is_empty() {
                let message = "a button without words cannot be chosen".to_owned();
                checker.push(Diagnostic::new(Code::WrongShape, label.span, message));
            } else if length > MAX_LABEL {
                let message =
                    format!("a button has {MAX_LABEL} characters at most, and this one {length}");
                checker.push(
                    Diagnostic::new(Code::TooLarge, label.span, message)
                        .help("say the rest in the prompt"),
                );
            } else if let Some(other) = used.insert((&locale.value, words), port)
                && other.value != port.value
            {
                let message = format!(
                    "`{}` is on a button of `{}`, and chooses `{}`",
                    label.value, port.value, other.value
                );
                checker.push(
                    Diagnostic::new(Code::AmbiguousPhrase, label.span, message)
                        .label(other.span, "this port has the same button, phrase or key"),
                );
            }
        }
    }
}

/// What stands beside `expects` must go with it.
fn expected(checker: &mut Checker<'_>, ask: &Tree, expects: Spanned<Expects>) {
    let word = expects.value.word();
    let nowhere = checker.project.zone().is_none();
    let mut wrong = |code, message: String, help: &str| {
        checker.push(Diagnostic::new(code, expects.span, message).help(help));
    };
    let digits = expects.value == Expects::Digits;
    if digits && ask.digits.is_none() {
        let message = "the question does not say how many digits it expects".to_owned();
        wrong(Code::MissingKey, message, "add `digits: {min: 4, max: 4}`");
    }
    if !digits && ask.digits.is_some() {
        let message = format!("a question that expects `{word}` cannot also have `digits`");
        wrong(Code::WrongShape, message, "take `digits` out, or write `expects: digits`");
    }
    if ask.speech {
        let message =
            format!("`speech` accepts any words, so the question never asks for `{word}` again");
        wrong(Code::WrongShape, message, "take out `speech` or `expects`");
    }
    if expects.value == Expects::Date && nowhere {
        let message =
            "the project has no time zone, so the day of `tomorrow` is unknown".to_owned();
        wrong(
            Code::MissingKey,
            message,
            "add the zone of the business to dialgraph.yaml, such as `zone: Asia/Seoul`",
        );
    }
}

/// What reads `output.reason` is saved on port `no_match`, where there is no answer.
fn of_missed(reads: &[MemberRead]) -> Option<Wrong<'_>> {
    reads.iter().find(|read| read.name == REASON)?;
    let answer = |read: &&MemberRead| {
        matches!(read.name.as_str(), "value" | "digits" | "text" | "confidence")
    };
    let read = reads.iter().filter(|read| !read.expects_none).find(answer)?;
    Some(Wrong {
        read,
        message: format!(
            "`output.{}` does not exist on port `no_match`, the only port on which this is saved",
            read.name
        ),
        help: "an expression with `output.reason` is saved on port `no_match` only, any other on \
            the ports of answers: save the two to separate attributes"
            .to_owned(),
    })
}

/// A question has the ways to be answered that it accepts.
pub(super) fn never_given<'r>(ask: &Tree, reads: &'r [MemberRead]) -> Option<Wrong<'r>> {
    if ask.unclear {
        return None;
    }
    if let Some(wrong) = of_missed(reads) {
        return Some(wrong);
    }
    let keyed = ask.expects.is_some_and(|expects| expects.value.takes_keys());
    let keys = !ask.menu.is_empty() || ask.digits.is_some() || keyed;
    let words = !ask.phrases.is_empty() || ask.speech || ask.expects.is_some();
    let missing = |read: &&MemberRead| match read.name.as_str() {
        "value" => ask.expects.is_none(),
        "digits" => !keys,
        "text" | "confidence" => !words,
        _ => false,
    };
    let read = reads.iter().filter(|read| !read.expects_none).find(missing)?;
    let (cannot, help) = match read.name.as_str() {
        "digits" => ("keys", "accept them with `menu` or `digits`"),
        "value" => ("kind of answer", "say which with `expects`"),
        _ => ("words", "accept them with `phrases` or `speech: true`"),
    };
    Some(Wrong {
        read,
        message: format!("`output.{}` is never set: this question accepts no {cannot}", read.name),
        help: format!("{help}, or do not save it"),
    })
}
