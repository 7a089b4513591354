//! Names that plugins give, followed through attributes, inputs and returns to where flows hold
//! words against them.
//!
//! A plugin marks an output as the name of an intent (`x-dialgraph-ref` in its output schema). What
//! is saved of it, handed to another flow or returned from one carries that on; `set` and defaults
//! add the words that they write out. Where a value can come from nothing else, a word that it can
//! never be is a mistake. Where something else gives the value too, nothing is said.

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_base::{Locale, Name};

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::expr::{Comparison, Expr, Source, Told};

use crate::source::Span;

/// What a recogniser says when no intent fits; every bot has it.
pub(crate) const FALLBACK_INTENT: &str = "FallbackIntent";

/// Words of a value beyond which it counts as any text.
const MAX_WORDS: usize = 10_000;

/// Something that has a value in a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    /// Shared by all flows.
    Attribute(Name),
    /// What a flow is given under a name.
    Input(Name, Name),
    /// What a flow returns under a name.
    Returned(Name, Name),
}

/// Where a value can come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    Word(String),
    Holder(Holder),
    /// The name of an intent of one of these bots.
    Intent(Vec<Name>),
    Anything,
}

/// What `output` is at the node at hand.
#[derive(Debug, Clone, Default)]
pub(crate) enum Output {
    /// Nothing that could be followed.
    #[default]
    Unknown,
    /// Of a plugin: the members that are names of intents, and the bots whose intents they are.
    Plugin { intents: BTreeSet<String>, bots: Vec<Name> },
    /// Of a flow that was called.
    Returned(Name),
}

/// Where the checker is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Here {
    pub flow: Option<Name>,
    /// The languages in which it may be.
    pub locales: Vec<Locale>,
    pub output: Output,
}

/// What has been learnt of all flows.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    given: BTreeMap<Holder, BTreeSet<Origin>>,
    told: Vec<(Vec<Origin>, Told, Span)>,
    /// Some plugin gives names of intents: else nothing need be followed.
    marked: bool,
}

impl Here {
    fn origins(&self, sources: Vec<Source>) -> Vec<Origin> {
        sources.into_iter().map(|source| self.origin(source)).collect()
    }

    fn origin(&self, source: Source) -> Origin {
        match source {
            Source::Text(word) => Origin::Word(word),
            Source::Variable(name) => match name.as_str() {
                "call" | "input" | "output" | super::env::LOCALE => Origin::Anything,
                name => Origin::Holder(Holder::Attribute(name.into())),
            },
            Source::Member(root, name) => match (root.as_str(), &self.flow, &self.output) {
                ("input", Some(flow), _) => {
                    Origin::Holder(Holder::Input(flow.clone(), name.into()))
                }
                ("output", _, Output::Returned(flow)) => {
                    Origin::Holder(Holder::Returned(flow.clone(), name.into()))
                }
                ("output", _, Output::Plugin { intents, bots }) if intents.contains(&name) => {
                    Origin::Intent(bots.clone())
                }
                _ => Origin::Anything,
            },
            Source::Other => Origin::Anything,
        }
    }
}

impl Facts {
    /// `holder` is given the value of `expr`.
    pub(crate) fn give(&mut self, here: &Here, holder: Holder, expr: &Expr) {
        for origin in here.origins(expr.sources()) {
            self.marked |= matches!(origin, Origin::Intent(_));
            self.given.entry(holder.clone()).or_default().insert(origin);
        }
    }

    /// `holder` has the value `word` from the beginning.
    pub(crate) fn begin(&mut self, holder: Holder, word: &str) {
        self.given.entry(holder).or_default().insert(Origin::Word(word.to_owned()));
    }

    /// Words are held against a value, at `span`.
    pub(crate) fn hold(&mut self, here: &Here, comparison: Comparison, span: Span) {
        let origins = here.origins(comparison.of);
        self.marked |= origins.iter().any(|origin| matches!(origin, Origin::Intent(_)));
        let can_be_named = |origin: &Origin| !matches!(origin, Origin::Word(_));
        if origins.iter().any(can_be_named) && !origins.contains(&Origin::Anything) {
            self.told.push((origins, comparison.with, span));
        }
    }
}

/// All that a value can be.
#[derive(Debug, Clone, Default, PartialEq)]
struct Words {
    words: BTreeSet<String>,
    /// Bots of whose intents it can be one.
    bots: BTreeSet<Name>,
    /// The name of an intent can be among it.
    intent: bool,
    anything: bool,
}

impl Words {
    fn add(&mut self, other: &Self) {
        self.intent |= other.intent;
        self.anything |= other.anything || self.words.len() + other.words.len() > MAX_WORDS;
        if self.anything {
            self.words.clear();
            return;
        }
        self.words.extend(other.words.iter().cloned());
        self.bots.extend(other.bots.iter().cloned());
    }

    fn of(origin: &Origin, known: &BTreeMap<&Holder, Self>) -> Self {
        match origin {
            Origin::Word(word) => Self { words: [word.clone()].into(), ..Self::default() },
            Origin::Holder(holder) => known.get(holder).cloned().unwrap_or_default(),
            Origin::Intent(bots) => {
                Self { bots: bots.iter().cloned().collect(), intent: true, ..Self::default() }
            }
            Origin::Anything => Self { anything: true, ..Self::default() },
        }
    }
}

/// Tells of every word that the value it is held against can never be.
pub(crate) fn words(checker: &mut Checker<'_>) {
    let facts = std::mem::take(&mut checker.facts);
    // What cannot be read may give a value as well.
    if !facts.marked || checker.project.flows.iter().any(|flow| flow.broken) {
        return;
    }
    let known = settle(&facts.given);
    let mut of_bots: BTreeMap<BTreeSet<Name>, Option<BTreeSet<Name>>> = BTreeMap::new();
    for (origins, told, span) in &facts.told {
        let mut can_be = Words::default();
        for origin in origins {
            can_be.add(&Words::of(origin, &known));
        }
        if !can_be.intent || can_be.anything {
            continue;
        }
        let Words { words, bots, .. } = can_be;
        let named = of_bots.entry(bots).or_insert_with_key(|bots| {
            let mut names = intents(checker, bots)?;
            names.insert(FALLBACK_INTENT.into());
            Some(names)
        });
        let Some(named) = named else { continue };
        let fits = match told {
            // Nothing has been heard yet.
            Told::Word(word) => {
                word.is_empty() || named.contains(word.as_str()) || words.contains(word)
            }
            Told::Test(test) => {
                checker.work.count(named.len() + words.len());
                named.iter().any(|name| test.passes(name))
                    || words.iter().any(|word| test.passes(word))
            }
        };
        if !fits && !checker.only_counts(Code::UnknownIntent, *span) {
            let names = named.iter().map(|name| &**name).chain(words.iter().map(String::as_str));
            checker.push(wrong_word(told, *span, names));
        }
    }
}

fn wrong_word<'n>(told: &Told, span: Span, names: impl Iterator<Item = &'n str>) -> Diagnostic {
    match told {
        Told::Word(word) => unknown_intent(word, span, names),
        Told::Test(_) => {
            let message = "no intent has such a name: this is never true";
            Diagnostic::new(Code::UnknownIntent, span, message).suggest(
                "",
                names.filter(|name| !name.is_empty()),
                "the intents are",
            )
        }
    }
}

pub(crate) fn unknown_intent<'n>(
    word: &str,
    span: Span,
    names: impl Iterator<Item = &'n str>,
) -> Diagnostic {
    Diagnostic::new(Code::UnknownIntent, span, format!("there is no intent `{word}`"))
        .suggest(word, names.filter(|name| !name.is_empty()), "the intents are")
        .help("intents are listed in `intents/BOT.intents.yaml`")
}

/// The intents of all these bots; none when one of them is not known.
pub(crate) fn intents<'b>(
    checker: &Checker<'_>,
    bots: impl IntoIterator<Item = &'b Name>,
) -> Option<BTreeSet<Name>> {
    let mut names = BTreeSet::new();
    for bot in bots {
        names.extend(checker.project.intents.get(bot)?.as_ref()?.iter().cloned());
    }
    (!names.is_empty()).then_some(names)
}

/// What each holder can have: what it is given, and what those have from which it is given.
fn settle(given: &BTreeMap<Holder, BTreeSet<Origin>>) -> BTreeMap<&Holder, Words> {
    let mut known: BTreeMap<&Holder, Words> = BTreeMap::new();
    let mut read_by: BTreeMap<&Holder, Vec<&Holder>> = BTreeMap::new();
    for (holder, origins) in given {
        for origin in origins {
            if let Origin::Holder(source) = origin {
                read_by.entry(source).or_default().push(holder);
            }
        }
    }
    let mut open: BTreeSet<&Holder> = given.keys().collect();
    while let Some(holder) = open.pop_first() {
        let mut words = Words::default();
        for origin in given.get(holder).into_iter().flatten() {
            words.add(&Words::of(origin, &known));
        }
        if known.get(holder) != Some(&words) {
            known.insert(holder, words);
            open.extend(read_by.get(holder).into_iter().flatten().copied());
        }
    }
    known
}
