//! `dialgraph connect`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use dialgraph_base::{locale, nearest};
use dialgraph_contact_flow::bridge::{Bridge, FlowTarget, QueueTarget, SpokenLanguage};
use dialgraph_contact_flow::lint::lint_text;
use dialgraph_flow::Release;
use dialgraph_flow::expr::Scope;
use dialgraph_flow::template::ssml_as_text;

use crate::args::{BridgeFlowArgs, ContactFlowArgs, LintArgs};
use crate::workshop::Workshop;

/// Bytes of a contact flow that is looked into: the service itself takes one of them.
const MAX_CONTACT_FLOW: u64 = 16 << 20;

/// Prints the contact flow that delegates to the engine.
pub(crate) fn bridge_flow(args: &BridgeFlowArgs) -> Result<ExitCode> {
    let workshop = Workshop::open(&args.flow.project.folder()?)?;
    let release = workshop.release()?;
    let bridge = Bridge {
        lambda_arn: args.lambda_arn.clone(),
        queues: queues(args, &release)?,
        ..bridge(&args.flow, &release)?
    };
    let flow = bridge.flow()?;
    for warning in warnings(&bridge) {
        warn(&warning);
    }
    if args.pretty {
        let text = format!("{flow:#}");
        if lint_text(&text).is_ok_and(|findings| !findings.is_empty()) {
            warn("with --pretty, the flow is too large to import; print it without");
        }
        print_json!("{text}");
    } else {
        print_json!("{flow}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks contact flows as the service does.
pub(crate) fn lint_flows(args: &LintArgs) -> Result<ExitCode> {
    let mut findings = 0;
    for file in &args.files {
        let text = dialgraph_files::text(file, MAX_CONTACT_FLOW)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let found = lint_text(text.strip_prefix('\u{feff}').unwrap_or(&text))
            .with_context(|| format!("{} is no JSON", file.display()))?;
        for finding in found {
            println!("{}: {finding}", file.display());
            findings += 1;
        }
    }
    Ok(if findings == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub(crate) fn warn(words: &str) {
    eprintln!("warning: {words}");
}

/// The flow without the ARNs of its function and its queues.
pub(crate) fn bridge(args: &ContactFlowArgs, release: &Release) -> Result<Bridge> {
    let fallback_queue =
        args.fallback_queue.clone().unwrap_or_else(|| release.fallback.queue.name.to_string());
    let bots = bots(args, release)?;
    let voices = by_locale("--voice", &args.voice, release)?;
    let mut languages = Vec::new();
    for locale in &release.locales {
        languages.push(language(locale, voices.get(&**locale), &bots, release)?);
    }
    if let Some(flow) = &args.start_flow {
        let flows: Vec<&str> = release.flows.keys().map(|name| &**name).collect();
        known("--start-flow", "flow", [flow], &flows)?;
    }
    let declared: BTreeSet<&str> = release
        .flows
        .values()
        .flat_map(|flow| flow.attributes.keys().map(|name| &**name))
        .collect();
    let declared: Vec<&str> = declared.into_iter().collect();
    if args.pass.iter().any(|name| name == "locale") {
        bail!(
            "--pass locale: the language of a call is not an attribute; write --start-locale \
            '$.Attributes.locale'"
        );
    }
    known("--pass", "attribute", &args.pass, &declared)?;
    known("--attribute", "attribute", &args.attribute, &declared)?;
    let flows = pairs("--flow", &args.flow)?.into_iter();
    Ok(Bridge {
        name: args.name.clone(),
        lambda_arn: String::new(),
        queues: Vec::new(),
        fallback_queue,
        languages,
        attributes: args.attribute.clone(),
        pass: args.pass.clone(),
        flows: flows.map(|(name, arn)| FlowTarget { name, arn }).collect(),
        start_flow: args.start_flow.clone(),
        start_locale: args
            .start_locale
            .as_deref()
            .map(|given| start_locale(given, release))
            .transpose()?,
        logging: args.log,
        plain_chat: args.plain_chat,
    })
}

fn queues(args: &BridgeFlowArgs, release: &Release) -> Result<Vec<QueueTarget>> {
    let arns = pairs("--queue", &args.queue)?;
    let names: Vec<&str> = release.queues.keys().map(|name| &**name).collect();
    known("--queue", "queue", arns.keys(), &names)?;
    let missing: Vec<String> = names
        .iter()
        .filter(|name| !arns.contains_key(**name))
        .map(|name| format!("  --queue {name}=arn:aws:connect:REGION:ACCOUNT:instance/…/queue/…"))
        .collect();
    if !missing.is_empty() {
        let count = missing.len();
        let queues = if count == 1 { "queue has" } else { "queues have" };
        bail!("{count} of the project's {queues} no ARN; add\n{}", missing.join("\n"));
    }
    let target = |queue: &dialgraph_flow::model::Queue| QueueTarget {
        name: queue.name.to_string(),
        arn: arns[&*queue.name].clone(),
        priority: queue.priority,
    };
    Ok(release.queues.values().map(|queue| target(queue)).collect())
}

/// `LOCALE=ARN`, or an ARN alone for all languages.
fn bots(args: &ContactFlowArgs, release: &Release) -> Result<BTreeMap<String, String>> {
    let (alone, named): (Vec<String>, Vec<String>) =
        args.lex_bot_alias_arn.iter().cloned().partition(|given| given.starts_with("arn:"));
    if alone.len() > 1 {
        bail!("--lex-bot-alias-arn without a language is given twice");
    }
    let named = by_locale("--lex-bot-alias-arn", &named, release)?;
    let all = release
        .locales
        .iter()
        .flat_map(|locale| alone.iter().map(|arn| (locale.to_string(), arn.clone())));
    Ok(all.chain(named).collect())
}

fn language(
    locale: &str,
    voice: Option<&String>,
    bots: &BTreeMap<String, String>,
    release: &Release,
) -> Result<SpokenLanguage> {
    let usual = SpokenLanguage::of(locale);
    let (voice, engine) = match (voice, &usual) {
        (Some(voice), _) => match voice.split_once(':') {
            Some((voice, engine)) => (voice.to_owned(), engine.to_owned()),
            None => (voice.clone(), "Neural".to_owned()),
        },
        (None, Some(usual)) => (usual.voice.clone(), usual.engine.clone()),
        (None, None) => bail!(
            "no default Amazon Polly voice is known for {locale}; name one with --voice \
            {locale}=NAME or --voice {locale}=NAME:Standard"
        ),
    };
    // What the project says when it can do nothing else is what callers hear when nothing else can
    // be reached.
    let own = release.fallback.prompt.as_ref().and_then(|prompt| {
        let rendered = prompt.render(&Static { locale: locale.into() }).ok()?;
        let text = if rendered.ssml { ssml_as_text(&rendered.text) } else { rendered.text };
        (!text.trim().is_empty()).then_some(text)
    });
    let Some(apology) = own.or(usual.map(|usual| usual.apology)) else {
        bail!("the project has no fallback text for {locale}; add it to `fallback.say`");
    };
    Ok(SpokenLanguage {
        locale: locale.to_owned(),
        voice,
        engine,
        lex_bot_alias_arn: bots.get(locale).cloned(),
        apology,
    })
}

/// What a prompt can refer to when no call is there: nothing.
struct Static {
    locale: dialgraph_base::Locale,
}

impl Scope for Static {
    fn variable(&self, _: &str) -> Option<Cow<'_, serde_json::Value>> {
        None
    }

    fn locale(&self) -> &str {
        &self.locale
    }
}

pub(crate) fn warnings(bridge: &Bridge) -> Vec<String> {
    let without = bridge.languages.iter().filter(|language| language.lex_bot_alias_arn.is_none());
    without
        .map(|language| {
            format!(
                "without --lex-bot-alias-arn {0}=ARN, callers in {0} can press keys but not speak, questions without keys send them to queue `{1}`, and so do chats",
                language.locale, bridge.fallback_queue
            )
        })
        .collect()
}

/// `NAME=VALUE`, each name once.
fn pairs(option: &str, given: &[String]) -> Result<BTreeMap<String, String>> {
    let mut pairs = BTreeMap::new();
    for pair in given {
        let Some((name, value)) =
            pair.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty())
        else {
            bail!("{option} {pair}: NAME=VALUE is expected");
        };
        if pairs.insert(name.to_owned(), value.to_owned()).is_some() {
            bail!("{option} {name}=… is given twice");
        }
    }
    Ok(pairs)
}

/// `LOCALE=VALUE`, each locale once, however it is spelled.
fn by_locale(
    option: &str,
    given: &[String],
    release: &Release,
) -> Result<BTreeMap<String, String>> {
    let locales: Vec<&str> = release.locales.iter().map(|locale| &**locale).collect();
    let mut found = BTreeMap::new();
    for (name, value) in pairs(option, given)? {
        let wanted = locale::canonical(&name).unwrap_or_else(|| name.clone());
        let same = |known: &&&str| {
            **known == name || locale::canonical(known).is_some_and(|known| known == wanted)
        };
        let Some(spelled) = locales.iter().find(same) else {
            known(option, "language", [&name], &locales)?;
            continue;
        };
        if found.insert((*spelled).to_owned(), value).is_some() {
            bail!("{option} {spelled}=… is given twice");
        }
    }
    Ok(found)
}

/// A reference as it stands; a locale as the project spells it, or its nearest.
fn start_locale(given: &str, release: &Release) -> Result<String> {
    if given.starts_with("$.") {
        return Ok(given.to_owned());
    }
    let locales: Vec<&str> = release.locales.iter().map(|locale| &**locale).collect();
    match locale::nearest(given, locales.iter().copied()) {
        Some(near) => Ok(near.to_owned()),
        None => bail!(
            "--start-locale: the project has no language `{given}`; there are {}",
            locales.join(", ")
        ),
    }
}

/// That each name is one of the project's.
pub(crate) fn known<'n>(
    option: &str,
    what: &str,
    names: impl IntoIterator<Item = &'n String>,
    all: &[&str],
) -> Result<()> {
    for name in names {
        if !all.contains(&name.as_str()) {
            let hint = match nearest(name, all.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if all.is_empty() => "it declares none".to_owned(),
                None => format!("there are {}", all.join(", ")),
            };
            bail!("{option}: the project has no {what} `{name}`; {hint}");
        }
    }
    Ok(())
}
