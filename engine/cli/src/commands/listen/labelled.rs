//! Files of answers with what each of them means: how many are understood so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use serde_saphyr::Spanned;

use dialgraph_base::Digits;
use dialgraph_base::phone::Country;
use dialgraph_flow::model::Expects;
use dialgraph_kernel::answer::{Place, read};
use dialgraph_understanding::{Offers, Outcome, Understood, anger, choose, person};

use super::shown;
use crate::args::ListenArgs;

/// A file of labelled answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    expects: Spanned<String>,
    language: String,
    /// Of cases that name none of their own.
    #[serde(default)]
    kind: Option<String>,
    /// What a choice is among.
    #[serde(default)]
    offers: Option<Offered>,
    /// Least and most digits.
    #[serde(default)]
    length: Option<(u32, u32)>,
    #[serde(default)]
    today: Option<Spanned<String>>,
    #[serde(default)]
    country: Option<Spanned<String>>,
    #[serde(default)]
    currency: Option<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offered {
    #[serde(default)]
    keys: BTreeMap<char, String>,
    #[serde(default)]
    phrases: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    says: Spanned<String>,
    means: Means,
    #[serde(default)]
    kind: Option<String>,
}

/// A label, as it can be written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Means {
    Choices(Vec<String>),
    Whole(i64),
    Decimal(f64),
    Flag(bool),
    Text(String),
}

impl Means {
    fn shown(&self) -> String {
        match self {
            Self::Choices(names) => together(names),
            Self::Whole(number) => number.to_string(),
            Self::Decimal(number) => number.to_string(),
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Choices that were all meant, in an order that does not matter.
fn together(names: &[String]) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.join(" + ")
}

/// What the answers of a file are read as.
enum Reading {
    Kind(Expects),
    Choice(Offers),
    Person,
    Angry,
}

/// A file that can be tried.
struct Labelled {
    reading: Reading,
    length: Option<Digits>,
    country: Option<Country>,
    today: Option<Date>,
    file: File,
}

/// An answer that was understood otherwise than it is labelled.
struct Miss {
    place: String,
    says: String,
    expects: String,
    means: String,
    understood: String,
    why: String,
}

#[derive(Default)]
struct Count {
    right: usize,
    all: usize,
}

impl Count {
    fn percent(&self) -> f64 {
        if self.all == 0 { 100.0 } else { self.right as f64 * 100.0 / self.all as f64 }
    }
}

/// What is expected, kind of case, language.
type By = (String, String, String);

#[derive(Default)]
struct Report {
    total: Count,
    by: BTreeMap<By, Count>,
    misses: Vec<Miss>,
}

pub(super) fn run(args: &ListenArgs) -> Result<ExitCode> {
    let mut report = Report::default();
    for path in files(&args.what)? {
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let labelled = Labelled::parse(&path, &text)?;
        labelled.count(&path, &mut report);
    }
    if args.json {
        print_json!("{:#}", report.as_json());
    } else {
        report.print();
    }
    Ok(if report.misses.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The files that are named, and those in the folders that are.
fn files(given: &[String]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for given in given {
        let path = PathBuf::from(given);
        if !path.is_dir() {
            all.push(path);
            continue;
        }
        let failed = || format!("cannot read the folder {given}");
        let before = all.len();
        for entry in path.read_dir().with_context(failed)? {
            let path = entry.with_context(failed)?.path();
            if path.extension().is_some_and(|end| end == "yaml") {
                all.push(path);
            }
        }
        if all.len() == before {
            bail!(
                "{given}: there is no file with labelled answers in this folder; their names end in `.yaml`"
            );
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

impl Labelled {
    fn parse(path: &Path, text: &str) -> Result<Self> {
        let shown = path.display();
        let file: File = serde_saphyr::from_str(text).map_err(|error| {
            let place = error.location().map(|at| format!(":{}:{}", at.line(), at.column()));
            let error = error.without_snippet().to_string();
            let message = error.lines().next().unwrap_or_default();
            anyhow::anyhow!(
                "{shown}{}: this is no file of labelled answers: {message}; tests/understanding has such files",
                place.unwrap_or_default()
            )
        })?;
        let at = |line: u64, message: String| anyhow::anyhow!("{shown}:{line}: {message}");
        let expects = &file.expects;
        let known = Expects::WORDS.iter().find(|(word, _)| *word == expects.value);
        let reading = match (expects.value.as_str(), known) {
            (_, Some((_, kind))) => Reading::Kind(*kind),
            ("choice", _) => match &file.offers {
                Some(offered) => Reading::Choice(offered.offers()),
                None => {
                    let message =
                        "`expects: choice` needs `offers`: with `keys`, `phrases` or both";
                    return Err(at(expects.referenced.line(), message.to_owned()));
                }
            },
            ("person", _) => Reading::Person,
            ("angry", _) => Reading::Angry,
            (other, _) => {
                let words = Expects::WORDS.iter().map(|(word, _)| *word);
                let words: Vec<&str> = words.chain(["choice", "person", "angry"]).collect();
                let message = format!("`expects: {other}` is none of {}", words.join(", "));
                return Err(at(expects.referenced.line(), message));
            }
        };
        let today = match &file.today {
            None => None,
            Some(day) => Some(day.value.parse::<Date>().map_err(|_| {
                let message = format!("`today: {}` is no day; write 2026-11-20", day.value);
                at(day.referenced.line(), message)
            })?),
        };
        let country = match &file.country {
            None => None,
            Some(code) => Some(Country::of(&code.value).ok_or_else(|| {
                let message = format!("`country: {}` is none; write KR or US", code.value);
                at(code.referenced.line(), message)
            })?),
        };
        // Without these the same label would be right in one place and on one day, and wrong in
        // another.
        let lacks = match &reading {
            Reading::Kind(Expects::Date) if today.is_none() => Some("today: 2026-11-20"),
            Reading::Kind(Expects::Phone) if country.is_none() => Some("country: KR"),
            Reading::Kind(Expects::Money) if file.currency.is_none() && country.is_none() => {
                Some("currency: KRW")
            }
            _ => None,
        };
        if let Some(key) = lacks {
            let message = format!("`expects: {}` needs a line such as `{key}`", expects.value);
            return Err(at(expects.referenced.line(), message));
        }
        let length = file.length.map(|(min, max)| Digits { min, max, terminator: None });
        Ok(Self { reading, length, country, today, file })
    }

    fn count(&self, path: &Path, report: &mut Report) {
        let file = &self.file;
        for case in &file.cases {
            let (understood, why) = self.understand(&case.says.value);
            let means = case.means.shown();
            let kind = case.kind.as_ref().or(file.kind.as_ref()).map_or("plain", String::as_str);
            let by = (file.expects.value.clone(), kind.to_owned(), file.language.clone());
            let right = understood == means;
            for count in [report.by.entry(by).or_default(), &mut report.total] {
                count.all += 1;
                count.right += usize::from(right);
            }
            if !right {
                report.misses.push(Miss {
                    place: format!("{}:{}", path.display(), case.says.referenced.line()),
                    says: case.says.value.clone(),
                    expects: file.expects.value.clone(),
                    means,
                    understood,
                    why,
                });
            }
        }
    }

    /// What words come to, as a label would say it, and why.
    fn understand(&self, says: &str) -> (String, String) {
        match &self.reading {
            Reading::Kind(expects) => {
                let mut place = Place::of(self.country, self.today);
                if let Some(currency) = &self.file.currency {
                    place.currency = currency;
                }
                let read = read(*expects, says, self.length.as_ref(), &place);
                let otherwise = if *expects == Expects::YesNo { "nothing" } else { "ambiguous" };
                label(read, shown, |_| otherwise.to_owned())
            }
            Reading::Choice(offers) => label(choose(says, offers), String::clone, together),
            Reading::Person => wish(person(says)),
            Reading::Angry => wish(anger(says)),
        }
    }
}

/// A wish is there or not; who asks for time has none.
fn wish(read: Understood<()>) -> (String, String) {
    let label = if read.value().is_some() { "yes" } else { "nothing" };
    (label.to_owned(), read.why.to_string())
}

impl Offered {
    fn offers(&self) -> Offers {
        let keys = self.keys.iter();
        let offers = keys.fold(Offers::new(), |offers, (key, choice)| offers.key(*key, choice));
        let phrases = self.phrases.iter();
        phrases.fold(offers, |offers, (choice, phrases)| offers.phrases(choice, phrases))
    }
}

fn label<T>(
    read: Understood<T>,
    one: impl Fn(&T) -> String,
    several: impl Fn(&[T]) -> String,
) -> (String, String) {
    let label = match &read.outcome {
        Outcome::One(value) => one(value),
        Outcome::Several(values) => several(values),
        Outcome::Hold => "hold".to_owned(),
        Outcome::Hesitation | Outcome::Nothing => "nothing".to_owned(),
    };
    (label, read.why.to_string())
}

impl Report {
    fn print(&self) {
        let widest = |part: fn(&By) -> &String| {
            self.by.keys().map(|by| part(by).chars().count()).max().unwrap_or(0)
        };
        let widths = [widest(|by| &by.0), widest(|by| &by.1), widest(|by| &by.2)];
        for ((expects, kind, language), count) in &self.by {
            println!(
                "{expects:<0$}  {kind:<1$}  {language:<2$}  {right:>5} of {all:>5}  {percent:>5.1} %",
                widths[0],
                widths[1],
                widths[2],
                right = count.right,
                all = count.all,
                percent = count.percent(),
            );
        }
        for miss in &self.misses {
            println!(
                "{}: “{}” means {}, was understood as {} ({})",
                miss.place, miss.says, miss.means, miss.understood, miss.why
            );
        }
        let Count { right, all } = self.total;
        eprintln!("{right} of {all} understood as labelled, {:.1} %", self.total.percent());
    }

    fn as_json(&self) -> Value {
        let kinds: Vec<Value> = self
            .by
            .iter()
            .map(|((expects, kind, language), count)| {
                json!({
                    "expects": expects,
                    "kind": kind,
                    "language": language,
                    "right": count.right,
                    "all": count.all,
                })
            })
            .collect();
        let misses: Vec<Value> = self
            .misses
            .iter()
            .map(|miss| {
                json!({
                    "place": miss.place,
                    "says": miss.says,
                    "expects": miss.expects,
                    "means": miss.means,
                    "understood": miss.understood,
                    "why": miss.why,
                })
            })
            .collect();
        json!({
            "version": 1,
            "right": self.total.right,
            "all": self.total.all,
            "kinds": kinds,
            "misses": misses,
        })
    }
}
