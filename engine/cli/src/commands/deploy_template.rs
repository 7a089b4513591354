//! `dialgraph connect deploy-template`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use dialgraph_base::{Locale, Name};
use dialgraph_connect_stack::{Form, Profile, Queue, Services, Stack};
use dialgraph_flow::model;
use dialgraph_flow::{Project, Release};

use super::connect::{bridge, known, warn, warnings};
use crate::args::{DeployTemplateArgs, FormArg, TemplateFormat};
use crate::hours::{self, Period};
use crate::workshop::Workshop;

/// Prints the template.
pub(crate) fn run(args: &DeployTemplateArgs) -> Result<ExitCode> {
    let workshop = Workshop::open(&args.flow.project.folder()?)?;
    let release = workshop.release()?;
    services(args, workshop.project())?;
    let stack = stack(args, &workshop, &release)?;
    let template = stack.template()?;
    for warning in warnings(&stack.bridge).into_iter().chain(of_stack(args, &stack)) {
        warn(&warning);
    }
    match args.format {
        TemplateFormat::Json => print_json!("{template:#}"),
        TemplateFormat::Yaml => {
            let text = serde_saphyr::to_string(&template).context("it cannot be put into YAML")?;
            print!("{text}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn stack(args: &DeployTemplateArgs, workshop: &Workshop, release: &Release) -> Result<Stack> {
    let project = workshop.project();
    let form = match args.form {
        FormArg::Bridge => Form::Bridge,
        FormArg::Serverless => Form::Serverless,
    };
    let staffed = project.queue_hours();
    let nodes = release.flows.values().flat_map(|flow| &flow.nodes);
    let call_backs: BTreeSet<&Name> =
        nodes.filter_map(|node| node.kind.calls_back()).map(|queue| &queue.name).collect();
    let queue = |queue: &model::Queue| Queue {
        name: queue.name.to_string(),
        description: description(&queue.title, queue.staff.as_deref()),
        priority: queue.priority,
        hours: staffed.get(&queue.name).map(ToString::to_string),
        sla: queue.sla,
        calls_back: call_backs.contains(&queue.name),
    };
    let period = args.holidays.as_deref().map(str::parse::<Period>).transpose();
    let period = period.context("--holidays")?;
    let locale = release.locales.first().map_or("en-US", |locale| &**locale);
    let calendars: BTreeSet<&Name> = staffed.values().collect();
    let hours = calendars.into_iter().map(|name| hours::of(workshop, name, locale, period));
    let names = |names: &[Name]| names.iter().map(ToString::to_string).collect();
    let profiles = project.routing_profiles().into_iter().map(|profile| Profile {
        name: profile.name.to_string(),
        description: description(&profile.title, None),
        voice: names(&profile.voice),
        chat: names(&profile.chat),
        chats_at_once: profile.chats_at_once,
        outbound: profile.outbound.to_string(),
    });
    // An engine elsewhere looks for its plugins' secrets where it runs.
    let secrets: BTreeSet<String> = match form {
        Form::Bridge => BTreeSet::new(),
        Form::Serverless => {
            project.grants().into_values().flat_map(|grants| grants.secrets).collect()
        }
    };
    Ok(Stack {
        form,
        bridge: bridge(&args.flow, release)?,
        queues: release.queues.values().map(|found| queue(found)).collect(),
        hours: hours.collect::<Result<_>>()?,
        profiles: profiles.collect(),
        table: args.table,
        services: Services {
            secrets: secrets.into_iter().collect(),
            lex_bots: args.lex_bot.clone(),
            models: args.model.clone(),
            guardrails: args.guardrail.clone(),
            embedding_model: args.embedding_model.clone(),
            polly: args.polly,
        },
    })
}

/// That what the services are for is the project's.
fn services(args: &DeployTemplateArgs, project: &Project) -> Result<()> {
    let bots: Vec<&str> = project.bots().keys().map(|name| &**name).collect();
    let guardrails: Vec<&str> = project.guardrails().iter().map(|name| &**name).collect();
    // What is no pair is told with the form that it must have.
    let names = |given: &[String]| -> Vec<String> {
        given.iter().filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())).collect()
    };
    known("--lex-bot", "bot", &names(&args.lex_bot), &bots)?;
    known("--guardrail", "guardrail", &names(&args.guardrail), &guardrails)?;
    if args.table && args.form == FormArg::Serverless {
        bail!(
            "--table is for `--form bridge`: the serverless form has its table in any case; leave it out"
        );
    }
    Ok(())
}

/// Titles in all languages, and who it is.
fn description(titles: &BTreeMap<Locale, String>, staff: Option<&str>) -> String {
    let titles: Vec<&str> = titles.values().map(String::as_str).collect();
    let titles = titles.join(" / ");
    match staff {
        Some(staff) => format!("{titles}. {staff}"),
        None => titles,
    }
}

/// What is worth a word.
fn of_stack(args: &DeployTemplateArgs, stack: &Stack) -> Vec<String> {
    let mut words = Vec::new();
    if args.holidays.is_none() && !stack.hours.is_empty() {
        words.push(
            "without --holidays DATE..DATE, Connect's hours of operation have no days off; the \
            engine still observes them"
                .to_owned(),
        );
    }
    type Serves = fn(&Profile) -> &Vec<String>;
    let channels: [(&str, Serves); 2] =
        [("calls", |profile| &profile.voice), ("chats", |profile| &profile.chat)];
    for queue in &stack.queues {
        for (what, serves) in channels {
            if !stack.profiles.iter().any(|profile| serves(profile).contains(&queue.name)) {
                words.push(format!(
                    "no routing profile serves {what} of queue `{}`; see \
                    data/routing-profiles.yaml",
                    queue.name
                ));
            }
        }
    }
    words
}
