//! `dialgraph listen`.
//!
//! Nothing is understood here: a question of a flow is answered by the kernel's own reading, and a
//! kind of answer, too.

mod labelled;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use dialgraph_flow::model::{Expects, Flow, NoMatch, NodeIndex, NodeKind};
use dialgraph_flow::{Project, zone};
use dialgraph_kernel::answer::{self, Answer, Place, Question};
use dialgraph_kernel::event::Event;
use dialgraph_understanding::Outcome;

use super::which;
use crate::args::ListenArgs;
use crate::workshop::Workshop;

pub(crate) fn run(args: &ListenArgs) -> Result<ExitCode> {
    let heard = match (&args.flow, &args.node, args.expects) {
        (Some(flow), Some(node), _) => at_node(args, flow, node)?,
        (_, _, Some(expects)) => by_kind(args, expects)?,
        _ => {
            if let Some(text) = args.what.iter().find(|given| !is_file(given)) {
                bail!(
                    "there is no file `{text}`, and these words need a question to answer: name \
                    one with --flow FLOW --node NODE, or a kind of answer with --expects ({})",
                    Expects::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
                );
            }
            return labelled::run(args);
        }
    };
    if args.json {
        let answers: Vec<Value> = heard.iter().map(Heard::as_json).collect();
        print_json!("{:#}", json!({ "version": 1, "answers": answers }));
    } else {
        for heard in &heard {
            heard.print();
        }
    }
    let well = heard.iter().all(|heard| heard.outcome.is_well());
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Whether somebody means a file by it rather than words.
fn is_file(given: &str) -> bool {
    let path = Path::new(given);
    let named = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    path.exists() || (named && !given.contains(char::is_whitespace))
}

/// An answer and what it came to.
struct Heard {
    text: String,
    outcome: Came,
    why: String,
}

/// What an answer came to.
enum Came {
    /// By a port of a node, to another node; a value where one is expected.
    Port {
        port: String,
        to: Option<String>,
        value: Option<Value>,
    },
    Value(Value),
    /// The caller asks for time.
    Hold,
    /// The caller asks to hear the question again.
    Repeat,
    /// Two meanings: ports, or values as they are shown.
    Several(Vec<String>),
    Nothing(NoMatch),
}

impl Came {
    /// Who asks for time is understood, too.
    fn is_well(&self) -> bool {
        !matches!(self, Self::Several(_) | Self::Nothing(_))
    }
}

impl Heard {
    fn print(&self) {
        println!("“{}”", self.text);
        match &self.outcome {
            Came::Port { port, to, value } => {
                let to = to.as_deref().map(|to| format!(", to {to}")).unwrap_or_default();
                println!("  port   {port}{to}");
                if let Some(value) = value {
                    println!("  value  {}", shown(value));
                }
            }
            Came::Value(value) => println!("  value  {}", shown(value)),
            Came::Hold => println!("  hold   the caller asks for time; that counts as no try"),
            Came::Repeat => {
                println!("  repeat the caller asks to hear it again; that counts as no try");
            }
            Came::Several(what) => println!("  either {}", what.join(" or ")),
            Came::Nothing(NoMatch::Impossible) => println!("  not understood: it does not exist"),
            Came::Nothing(_) => println!("  not understood"),
        }
        if !self.why.is_empty() {
            println!("  why    {}", self.why);
        }
    }

    fn as_json(&self) -> Value {
        let (outcome, mut json) = match &self.outcome {
            Came::Port { port, to, value } => {
                ("meant", json!({ "port": port, "to": to, "value": value }))
            }
            Came::Value(value) => ("meant", json!({ "value": value })),
            Came::Hold => ("hold", json!({})),
            Came::Repeat => ("repeat", json!({})),
            Came::Several(what) => ("several", json!({ "meanings": what })),
            Came::Nothing(reason) => ("nothing", json!({ "reason": reason.word() })),
        };
        json["text"] = self.text.as_str().into();
        json["outcome"] = outcome.into();
        json["why"] = self.why.as_str().into();
        json
    }
}

/// A value as people read it.
fn shown(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(money) if money.contains_key("currency") => {
            let part = |name: &str| money.get(name).map(shown).unwrap_or_default();
            format!("{} {}", part("amount"), part("currency"))
        }
        other => other.to_string(),
    }
}

/// Answers to the question of a node.
fn at_node(args: &ListenArgs, flow: &str, node: &str) -> Result<Vec<Heard>> {
    let wanted = which::flow(flow, &args.project)?;
    let release = Workshop::open(&wanted.project)?.release()?;
    let Some(flow) = release.flows.get(wanted.name.as_str()) else {
        let known = release.flows.keys().map(|name| &**name);
        return Err(which::unknown("flow", &wanted.name, known));
    };
    let asking = || {
        let asks = flow.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Ask(_)));
        asks.map(|node| &*node.id)
    };
    let Some(index) = flow.find(node) else {
        return Err(which::unknown(
            &format!("`ask` node in flow `{}` called", flow.name),
            node,
            asking(),
        ));
    };
    let ask = match &flow.node(index).kind {
        NodeKind::Ask(ask) => ask,
        NodeKind::Use(_) => bail!(
            "node `{node}` of flow `{}` lets its plugin ask the question, so only the plugin knows \
            it; try it with `dialgraph call {}`",
            flow.name,
            flow.name
        ),
        other => bail!(
            "node `{node}` of flow `{}` asks no question: it is a `{}` node; {}",
            flow.name,
            other.word(),
            match asking().collect::<Vec<_>>().join(", ") {
                none if none.is_empty() => "no node of this flow is an `ask` node".to_owned(),
                some => format!("its `ask` nodes are {some}"),
            }
        ),
    };
    let first = flow.locales.first().map_or("", |locale| &**locale);
    let locale = match &args.locale {
        Some(locale) if !flow.locales.iter().any(|known| **known == **locale) => {
            bail!(
                "flow `{}` does not speak `{locale}`; it speaks {}",
                flow.name,
                flow.locales.join(", ")
            );
        }
        Some(locale) => locale.as_str(),
        None => release.locales.first().map_or(first, |locale| &**locale),
    };
    let zone = release.zone.as_deref();
    let today = args.today.or_else(|| zone::day(zone?, super::now().0));
    let question = Question {
        ask,
        locales: [locale, first],
        place: Place::of(args.country.or(release.country), today),
    };
    Ok(args.what.iter().map(|text| answered(flow, &question, text)).collect())
}

fn answered(flow: &Flow, question: &Question<'_>, text: &str) -> Heard {
    let event = Event::Said { text: text.to_owned(), confidence: None };
    let name = |index: &NodeIndex| flow.node(*index).id.to_string();
    let (outcome, why) = match answer::understand(question, &event) {
        Answer::Meant { port, why, output } => {
            let to = question.ask.ports.get(port.as_str()).map(name);
            let value = output.get("value").or_else(|| output.get("digits"));
            let value = value.filter(|value| !value.is_null()).cloned();
            (Came::Port { port, to, value }, why)
        }
        Answer::Both { ports, why } => (Came::Several(ports.into()), why),
        Answer::Hold { why } => (Came::Hold, why),
        Answer::Repeat { why } => (Came::Repeat, why),
        Answer::Either { values, why } => (Came::Several(values.iter().map(shown).collect()), why),
        Answer::Nothing { why, reason } => (Came::Nothing(reason), why),
    };
    Heard { text: text.to_owned(), outcome, why }
}

/// Answers of a kind, without a question.
fn by_kind(args: &ListenArgs, expects: Expects) -> Result<Vec<Heard>> {
    let local = matches!(expects, Expects::Phone | Expects::Money) && args.country.is_none();
    let folder = if local { args.project.folder_if_any()? } else { None };
    let project = folder.map(|folder| {
        let failed = || format!("cannot read the project at {}", folder.display());
        Project::load(&folder).with_context(failed)
    });
    let project = project.transpose()?;
    let country = args.country.or_else(|| project.as_ref()?.country());
    let place = Place::of(country, Some(args.today.map_or_else(today, Ok)?));
    Ok(args
        .what
        .iter()
        .map(|text| {
            let read = answer::read(expects, text, None, &place);
            let outcome = match read.outcome {
                Outcome::One(value) => Came::Value(value),
                Outcome::Several(values) => Came::Several(values.iter().map(shown).collect()),
                Outcome::Hold => Came::Hold,
                Outcome::Nothing if read.why.impossible => Came::Nothing(NoMatch::Impossible),
                Outcome::Hesitation | Outcome::Nothing => Came::Nothing(NoMatch::NotUnderstood),
            };
            Heard { text: text.clone(), outcome, why: read.why.to_string() }
        })
        .collect())
}

/// The day on this machine.
fn today() -> Result<Date> {
    let millis = i64::try_from(super::now().0).unwrap_or(0);
    let moment = jiff::Timestamp::from_millisecond(millis)
        .context("this machine's clock is out of range; name the day with --today")?;
    Ok(moment.to_zoned(TimeZone::system()).date())
}
