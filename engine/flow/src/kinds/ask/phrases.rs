//! The phrases of a question: there in every locale, each for one port, and such that callers are
//! understood by them.

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_base::Locale;
use dialgraph_understanding::{Collision, PhraseProblem, collides, occurs_in, phrase_problems};

use super::{Expects, Phrases, Tree};
use crate::check::{Checker, prompts};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Spanned;
use crate::syntax::flow::Word;

/// Phrases of a locale that are held against each other; of the others, only those that are written
/// alike are found.
const COMPARED: usize = 300;
/// A phrase no longer than this, in characters, is looked for within the words of the project.
const SHORT: usize = 2;
/// So many different words of a project have to hold a phrase for that to be worth a warning.
const COMMON: usize = 3;
/// Different words of a project that are looked at.
const WORDS: usize = 200_000;

/// Phrases must be there for every locale, and mean one port.
pub(super) fn check(checker: &mut Checker<'_>, ask: &Tree, locales: &[Locale]) {
    for (port, by_locale) in &ask.phrases {
        missing(checker, port, by_locale, locales);
        for (locale, said) in by_locale {
            if !locales.contains(&locale.value) {
                prompts::unknown(checker, &locale.value, locale.span, locales);
            }
            for phrase in said {
                doubtful(checker, phrase, said, ask);
            }
        }
    }
    let mut all: BTreeMap<&Locale, Vec<(&Word, &Spanned<String>)>> = BTreeMap::new();
    for (port, by_locale) in &ask.phrases {
        for (locale, said) in by_locale {
            checker.work.count(said.len());
            let phrases = all.entry(&locale.value).or_default();
            phrases.extend(said.iter().map(|phrase| (port, phrase)));
        }
    }
    for phrases in all.values() {
        ambiguous(checker, phrases);
    }
}

fn missing(checker: &mut Checker<'_>, port: &Word, by_locale: &Phrases, locales: &[Locale]) {
    for locale in locales {
        let said = by_locale.iter().find(|(have, _)| have.value == *locale);
        if said.is_none_or(|(_, said)| said.is_empty()) {
            let message = format!("there are no phrases for `{locale}`");
            checker.push(
                Diagnostic::new(Code::MissingLocale, port.span, message)
                    .help(format!("add `{locale}: […]`")),
            );
        }
    }
}

/// What is doubtful about a phrase by itself.
fn doubtful(
    checker: &mut Checker<'_>,
    phrase: &Spanned<String>,
    said: &[Spanned<String>],
    ask: &Tree,
) {
    let text = &phrase.value;
    if checker.only_counts(Code::DoubtfulPhrase, phrase.span) {
        return;
    }
    let expects = ask.expects.map(|expects| expects.value);
    // Where something else is expected, a no may well be one way among others to leave it.
    let is_named = || said.iter().any(|phrase| phrase_problems(&phrase.value).is_empty());
    let otherwise = expects.is_some_and(|kind| kind != Expects::YesNo) && is_named();
    let problem = phrase_problems(text).into_iter().next();
    let problem = problem.filter(|one| !(otherwise && matches!(one, PhraseProblem::Answer(_))));
    let told = problem.map(|problem| match problem {
        PhraseProblem::Empty => ("has no word that a caller can say".to_owned(), "take it out"),
        PhraseProblem::OneSyllable => (
            "has one syllable, so it is understood only when said alone".to_owned(),
            "add a longer phrase beside it",
        ),
        PhraseProblem::Hesitation => (
            "is what callers say to hesitate or ask for time, so it chooses nothing".to_owned(),
            "take it out",
        ),
        PhraseProblem::Answer(_) if expects == Some(Expects::YesNo) => (
            "is a plain yes or no".to_owned(),
            "take it out: `expects: yes_no` understands all ways to say it",
        ),
        PhraseProblem::Answer(_) => (
            "is also a plain yes or no, and callers say that in many other ways".to_owned(),
            "if this is a yes-or-no question, write `expects: yes_no`, which understands them all; \
            otherwise add a phrase that names the choice, such as `keep my booking`",
        ),
    });
    let within = || {
        let words = checker.words_with(text, ask);
        (words.len() >= COMMON).then(|| {
            let some: Vec<String> =
                words.iter().take(COMMON).map(|word| format!("“{word}”")).collect();
            (
                format!("is part of other words in this project, such as {}", some.join(", ")),
                "callers who say those words do not choose it: add a longer phrase",
            )
        })
    };
    if let Some((what, help)) = told.or_else(within) {
        checker.push(
            Diagnostic::new(Code::DoubtfulPhrase, phrase.span, format!("`{text}` {what}"))
                .help(help),
        );
    }
}

/// Phrases of one locale that mean two ports.
fn ambiguous(checker: &mut Checker<'_>, phrases: &[(&Word, &Spanned<String>)]) {
    let mut seen: BTreeMap<String, &Word> = BTreeMap::new();
    let mut alike = BTreeSet::new();
    for (position, (port, phrase)) in phrases.iter().enumerate() {
        let words: Vec<&str> = phrase.value.split_whitespace().collect();
        let Some(other) = seen.insert(words.join(" ").to_lowercase(), port) else { continue };
        if other.value != port.value {
            alike.insert(position);
            tell(checker, phrase, port, other, "has the same phrase");
        }
    }
    if let Some((_, beyond)) = phrases.get(COMPARED) {
        let message = format!(
            "phrases from here on are not compared with each other: the question has {}, and at \
            most {COMPARED} are compared",
            phrases.len()
        );
        checker.push(
            Diagnostic::new(Code::DoubtfulPhrase, beyond.span, message)
                .help("for that many phrasings, use an `nlu` plugin such as `lex-intent`"),
        );
    }
    for (position, (port, phrase)) in phrases.iter().take(COMPARED).enumerate() {
        checker.work.count(position);
        let same = |(other, known): &&(&Word, &Spanned<String>)| {
            other.value != port.value
                && collides(&known.value, &phrase.value) == Some(Collision::Same)
        };
        if !alike.contains(&position)
            && let Some((other, known)) = phrases[..position].iter().find(same)
        {
            let has = format!("has `{}`, which sounds like the same words", known.value);
            tell(checker, phrase, port, other, &has);
        }
    }
}

fn tell(checker: &mut Checker<'_>, phrase: &Spanned<String>, port: &Word, other: &Word, has: &str) {
    let message = format!("`{}` means `{}` as well as `{}`", phrase.value, port.value, other.value);
    checker.push(
        Diagnostic::new(Code::AmbiguousPhrase, phrase.span, message)
            .label(other.span, format!("this port {has}"))
            .help("callers who say it are asked which of the two they mean; remove it from one"),
    );
}

impl Checker<'_> {
    /// Words of the project's flows and articles within which a short phrase stands, in their
    /// order, and in which no phrase of the question is heard.
    fn words_with(&self, phrase: &str, ask: &Tree) -> Vec<&str> {
        let phrase = phrase.trim();
        if phrase.is_empty() || phrase.chars().count() > SHORT || !self.work.may_compare(1) {
            return Vec::new();
        }
        let phrase = phrase.to_lowercase();
        let words = self.words.get_or_init(|| self.all_words());
        self.work.count(words.len());
        let within = |word: &&str| {
            let at = word.find(&phrase);
            // Where it begins the word, it is heard in it.
            at.is_some_and(|at| at > 0 && at + phrase.len() < word.len())
        };
        let all = ask.phrases.iter().flat_map(|(_, by_locale)| by_locale).flat_map(|(_, all)| all);
        let all: Vec<&str> = all.map(|phrase| phrase.value.as_str()).take(COMPARED).collect();
        let heard = |word: &&str| all.iter().any(|phrase| occurs_in(phrase, word));
        let words = words.iter().map(String::as_str).filter(within);
        words.filter(|word| !heard(word)).take(COMMON).collect()
    }

    fn all_words(&self) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        for (path, bytes) in self.project.files().iter() {
            let spoken = path.ends_with(".flow.yaml") || path.starts_with("knowledge/");
            let Some(text) = spoken.then(|| std::str::from_utf8(bytes).ok()).flatten() else {
                continue;
            };
            for word in text.split(|c: char| !c.is_alphanumeric()) {
                if words.len() >= WORDS {
                    return words;
                }
                if !word.is_empty() {
                    words.insert(word.to_lowercase());
                }
            }
        }
        words
    }
}
