//! Labelled utterances below `tests/understanding`: those that were looked at while building
//! (`seen`) must all be right; of the others (`unseen`), no fewer than before; and none may be a
//! wrong yes. The figures stand in `docs/understanding.md`, which `DIALGRAPH_UPDATE_DOCS=1` writes
//! anew.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of tests, whose report is printed"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dialgraph_understanding::jiff::civil::Date;
use dialgraph_understanding::{
    Offers, Outcome, Understood, YesNo, anger, choose, date, digits, money, name, number, person,
    phone, time, yes_no,
};
use serde::Deserialize;

/// Of the cases that were not looked at, so many are right at least. 98 % are wanted.
const LEAST: f64 = 0.935;
const DOCUMENT: &str = "../../docs/understanding.md";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    expects: String,
    language: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    offers: Option<Offered>,
    #[serde(default)]
    length: Option<(usize, usize)>,
    #[serde(default)]
    today: Option<String>,
    #[serde(default)]
    country: Option<String>,
    #[serde(default)]
    currency: Option<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offered {
    #[serde(default)]
    keys: BTreeMap<String, String>,
    #[serde(default)]
    phrases: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    says: String,
    means: Means,
    #[serde(default)]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Means {
    List(Vec<String>),
    Whole(i64),
    Decimal(f64),
    Flag(bool),
    Text(String),
}

impl Means {
    fn shown(&self) -> String {
        match self {
            Means::List(names) => {
                let mut names = names.clone();
                names.sort();
                names.join(" + ")
            }
            Means::Whole(number) => number.to_string(),
            Means::Decimal(number) => number.to_string(),
            Means::Flag(true) => "yes".to_owned(),
            Means::Flag(false) => "no".to_owned(),
            Means::Text(text) => text.clone(),
        }
    }
}

/// What a reading came to in the words of the files, and why.
fn shown<T: ToString>(understood: &Understood<T>) -> (String, String) {
    let means = match &understood.outcome {
        Outcome::One(value) => value.to_string(),
        Outcome::Several(_) => "ambiguous".to_owned(),
        Outcome::Hold => "hold".to_owned(),
        Outcome::Hesitation | Outcome::Nothing => "nothing".to_owned(),
    };
    (means, understood.why.to_string())
}

fn understand(file: &File, says: &str) -> (String, String) {
    let text = |option: &Option<String>, otherwise: &str| {
        option.clone().unwrap_or_else(|| otherwise.to_owned())
    };
    match file.expects.as_str() {
        "yes_no" => {
            let understood = yes_no(says);
            let means = match understood.outcome {
                Outcome::One(YesNo::Yes) => "yes",
                Outcome::One(YesNo::No) => "no",
                Outcome::Hold => "hold",
                _ => "nothing",
            };
            (means.to_owned(), understood.why.to_string())
        }
        "choice" => {
            let offered = file.offers.as_ref().expect("offers");
            let mut offers = Offers::new();
            for (key, choice) in &offered.keys {
                offers = offers.key(key.chars().next().expect("a key"), choice.as_str());
            }
            for (choice, phrases) in &offered.phrases {
                offers = offers.phrases(choice.as_str(), phrases);
            }
            let understood = choose(says, &offers);
            if let Outcome::Several(names) = &understood.outcome {
                let mut names = names.clone();
                names.sort();
                return (names.join(" + "), understood.why.to_string());
            }
            shown(&understood)
        }
        "number" => shown(&number(says)),
        "digits" => {
            let (least, most) = file.length.unwrap_or((1, 64));
            shown(&digits(says, least..=most))
        }
        "date" => {
            let today: Date = text(&file.today, "2026-11-20").parse().expect("a date");
            shown(&date(says, today))
        }
        "time" => shown(&time(says)),
        "phone" => shown(&phone(says, &text(&file.country, "KR"))),
        "money" => shown(&money(says, &text(&file.currency, "KRW"))),
        "name" => shown(&name(says)),
        "person" | "angry" => {
            let understood = if file.expects == "person" { person(says) } else { anger(says) };
            let means = if understood.value().is_some() { "yes" } else { "nothing" };
            (means.to_owned(), understood.why.to_string())
        }
        other => panic!("{other} is no kind of answer"),
    }
}

fn files(below: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(below) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    paths
}

#[derive(Default)]
struct Count {
    right: usize,
    all: usize,
}

impl Count {
    fn share(&self) -> f64 {
        if self.all == 0 { 1.0 } else { self.right as f64 / self.all as f64 }
    }
}

#[derive(Default)]
struct Half {
    total: Count,
    by_kind: BTreeMap<(String, String, String), Count>,
    failures: Vec<String>,
    wrong_yes: Vec<String>,
    /// What an answer to a question for yes or no means, what it was understood as, and how often.
    answers: BTreeMap<(String, String), usize>,
}

fn run(half: &str) -> Half {
    let below = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/understanding").join(half);
    let mut out = Half::default();
    for path in files(&below) {
        let shown = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let source = std::fs::read_to_string(&path).expect("a file that can be read");
        let file: File =
            serde_saphyr::from_str(&source).unwrap_or_else(|error| panic!("{shown}: {error}"));
        for case in &file.cases {
            let (means, why) = understand(&file, &case.says);
            let mut wanted = case.means.shown();
            if file.expects == "number"
                && let Ok(number) = wanted.parse::<f64>()
            {
                wanted = number.to_string();
            }
            let right = means == wanted;
            let kind = case.kind.as_ref().or(file.kind.as_ref()).map_or("plain", String::as_str);
            let count = out
                .by_kind
                .entry((file.expects.clone(), kind.to_owned(), file.language.clone()))
                .or_default();
            for count in [count, &mut out.total] {
                count.all += 1;
                count.right += usize::from(right);
            }
            if file.expects == "yes_no" {
                *out.answers.entry((wanted.clone(), means.clone())).or_default() += 1;
            }
            if !right {
                let line = format!(
                    "{half}/{shown}: {:?} means {wanted}, was understood as {means} ({why})",
                    case.says
                );
                // Yes to a question, or to a choice that is one.
                if file.expects == "yes_no" && means == "yes" {
                    out.wrong_yes.push(line.clone());
                }
                out.failures.push(line);
            }
        }
    }
    out
}

/// Counts alone: whoever works on the rules must be able to run these tests without looking at the
/// unseen half.
fn report(half: &str, found: &Half) {
    println!(
        "{half}: {} of {} right, {:.1} %",
        found.total.right,
        found.total.all,
        found.total.share() * 100.0
    );
    for ((expects, kind, language), count) in &found.by_kind {
        println!("  {expects:<8} {kind:<12} {language:<6} {:>4} of {:>4}", count.right, count.all);
    }
}

#[test]
fn what_was_looked_at_is_understood() {
    let seen = run("seen");
    report("seen", &seen);
    assert!(seen.total.all >= 600, "only {} cases", seen.total.all);
    assert!(
        seen.failures.is_empty(),
        "{} cases fail:\n{}",
        seen.failures.len(),
        seen.failures.join("\n")
    );
}

#[test]
fn what_was_not_looked_at_is_understood() {
    let unseen = run("unseen");
    report("unseen", &unseen);
    assert!(
        unseen.wrong_yes.is_empty(),
        "{} wrong yes; `dialgraph listen tests/understanding/unseen` shows them, and those that were looked at go to seen",
        unseen.wrong_yes.len()
    );
    assert!(unseen.total.all >= 500, "only {} cases", unseen.total.all);
    assert!(
        unseen.total.share() >= LEAST,
        "{} of {} cases fail",
        unseen.failures.len(),
        unseen.total.all
    );
}

/// Right and all, for each kind of answer.
fn by_expects(half: &Half) -> BTreeMap<&str, Count> {
    let mut kinds: BTreeMap<&str, Count> = BTreeMap::new();
    for ((expects, ..), count) in &half.by_kind {
        let kind = kinds.entry(expects).or_default();
        kind.right += count.right;
        kind.all += count.all;
    }
    kinds
}

fn figures(seen: &Half, unseen: &Half) -> String {
    let cell = |count: Option<&Count>| {
        count.map_or("-".to_owned(), |count| {
            format!("{} of {}, {:.1} %", count.right, count.all, count.share() * 100.0)
        })
    };
    let mut text = String::from("| `expects` | seen | unseen |\n|---|---|---|\n");
    let (of_seen, of_unseen) = (by_expects(seen), by_expects(unseen));
    for kind in of_seen.keys() {
        let cells = (cell(of_seen.get(kind)), cell(of_unseen.get(kind)));
        text += &format!("| `{kind}` | {} | {} |\n", cells.0, cells.1);
    }
    text += &format!("| **all** | {} | {} |\n", cell(Some(&seen.total)), cell(Some(&unseen.total)));
    text += "\nOf the answers to a question for yes or no in the unseen half (a row for what is meant, a column for what was understood):\n\n";
    let means = ["yes", "no", "nothing", "hold"];
    text += &format!("| | {} |\n|---|---|---|---|---|\n", means.join(" | "));
    for meant in means {
        let count = |understood: &str| {
            unseen.answers.get(&(meant.to_owned(), understood.to_owned())).copied().unwrap_or(0)
        };
        let row: Vec<String> =
            means.iter().map(|understood| count(understood).to_string()).collect();
        text += &format!("| **{meant}** | {} |\n", row.join(" | "));
    }
    text
}

#[test]
fn the_document_has_the_figures() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let text = std::fs::read_to_string(&path).expect("the document");
    let (before, rest) = text.split_once("<!-- figures -->\n").expect("where they stand");
    let (_, after) = rest.split_once("<!-- end -->").expect("where they end");
    let made = figures(&run("seen"), &run("unseen"));
    let new = format!("{before}<!-- figures -->\n{made}<!-- end -->{after}");
    if std::env::var_os("DIALGRAPH_UPDATE_DOCS").is_some() {
        std::fs::write(&path, new).expect("the document can be written");
    } else {
        assert_eq!(text, new, "run with DIALGRAPH_UPDATE_DOCS=1");
    }
}
