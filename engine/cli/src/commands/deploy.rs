//! `dialgraph plugin push|list|rollback|pin` and `dialgraph flow push|list|diff|rollback|canary`:
//! what is live on a server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde::de::DeserializeOwned;

use dialgraph_api::changes::{Back, CanaryChange, Component, Outcome, Push};
use dialgraph_api::problem::Refusal;
use dialgraph_api::releases::{Deployed, FlowList, PluginList, Status, VersionList};
use dialgraph_api::{Digest, Done, Millis};
use dialgraph_flow::limits::MAX_FILE_BYTES;
use dialgraph_flow::project::{Folder, PROJECT_FILE};

use crate::args::{
    CanaryArgs, FlowDiffArgs, FlowPushArgs, ListArgs, PinArgs, PluginPushArgs, PushArgs,
    RollbackArgs,
};
use crate::client::{Answer, Client, Reply, escaped};
use crate::workshop::MAX_COMPONENT;

/// Which of the two has versions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Flow,
    Plugin,
}

impl Kind {
    /// What can be said without a server, beside why there is none.
    fn without_server(self, error: anyhow::Error) -> anyhow::Error {
        match self {
            Self::Flow => error,
            Self::Plugin => {
                let shipped = dialgraph_guests::shipped();
                let names: Vec<&str> = shipped.iter().map(|(name, _)| *name).collect();
                anyhow::anyhow!(
                    "{error:#}\nThis lists what is live on a server. With dialgraph come {}: `dialgraph plugin inspect NAME` shows the keys of one.",
                    names.join(", ")
                )
            }
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Flow => "/v1/flows",
            Self::Plugin => "/v1/plugins",
        }
    }
}

pub(crate) fn push_plugins(args: &PluginPushArgs) -> Result<ExitCode> {
    let mut plugins = BTreeMap::new();
    for file in &args.files {
        let bytes = dialgraph_files::read(file, MAX_COMPONENT)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
        let name = match (&args.name, args.files.len()) {
            (Some(name), 1) => name.clone(),
            (Some(_), _) => bail!(
                "--name applies to one plugin only; other plugins take their names from their files"
            ),
            (None, _) => stem,
        };
        let mut beside = file.clone().into_os_string();
        beside.push(".minisig");
        let beside = Path::new(&beside);
        let signature = match dialgraph_files::text(beside, dialgraph_files::MAX_SETTINGS) {
            Ok(text) => Some(text),
            Err(error) if error.is_missing() => None,
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", beside.display()));
            }
        };
        plugins.insert(name, Some(Component { component: STANDARD.encode(bytes), signature }));
    }
    let (files, flows) = texts(&args.with)?;
    push(&args.push, Push { plugins, files, flows, ..Push::default() })
}

pub(crate) fn push_flows(args: &FlowPushArgs) -> Result<ExitCode> {
    let (files, mut flows) = texts(&args.paths)?;
    if let Some(name) = &args.remove {
        flows.insert(name.clone(), None);
    }
    if args.paths.is_empty() && args.remove.is_none() {
        bail!("name flow files or other files of the project, or a folder for all of them");
    }
    push(&args.push, Push { files, flows, ..Push::default() })
}

/// Texts by their names, each to be put in.
type Texts = BTreeMap<String, Option<String>>;

/// Files of projects by their paths within, and flows by their names.
fn texts(paths: &[PathBuf]) -> Result<(Texts, Texts)> {
    let (mut files, mut flows) = (Texts::new(), Texts::new());
    for path in paths {
        if path.is_dir() {
            for (inner, bytes) in whole(path)?.files {
                let text = String::from_utf8(bytes);
                let text = text.map_err(|_| anyhow::anyhow!("{inner} is not UTF-8"))?;
                files.insert(inner, Some(text));
            }
            continue;
        }
        let text = dialgraph_files::text(path, MAX_FILE_BYTES as u64)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match name.strip_suffix(".flow.yaml") {
            Some(flow) => drop(flows.insert(flow.to_owned(), Some(text))),
            None => drop(files.insert(inner_path(path)?, Some(text))),
        }
    }
    Ok((files, flows))
}

/// What is in a folder, if nothing of it has to be left out.
fn whole(folder: &Path) -> Result<Folder> {
    let shown = folder.to_string_lossy();
    Folder::read(folder)?.whole(&shown).map_err(|report| {
        anyhow::anyhow!("{shown} holds something that cannot be pushed\n{}", report.render(false))
    })
}

/// Where a file stands within its project.
fn inner_path(file: &Path) -> Result<String> {
    let full = file.canonicalize().with_context(|| format!("cannot read {}", file.display()))?;
    let project = full.ancestors().skip(1).find(|folder| Folder::is_project(folder));
    let project = project.with_context(|| {
        format!(
            "{} is not part of a project: no folder above it holds a `{PROJECT_FILE}`",
            file.display()
        )
    })?;
    let inner = full.strip_prefix(project).unwrap_or(&full);
    Ok(inner.to_string_lossy().replace('\\', "/"))
}

fn push(args: &PushArgs, what: Push) -> Result<ExitCode> {
    let body = Push {
        allow: args.allow.clone(),
        why: args.why.clone(),
        canary: args.canary,
        dry_run: args.dry_run,
        ..what
    };
    let reply = Client::new(&args.server).post("/v1/releases", &body)?;
    settle(&reply, args.json)
}

pub(crate) fn roll_back(kind: Kind, args: &RollbackArgs) -> Result<ExitCode> {
    let path = match (&args.name, args.release) {
        (Some(name), false) => format!("{}/{}/rollback", kind.path(), escaped(name)),
        (None, true) => "/v1/releases/rollback".to_owned(),
        _ => {
            bail!("name the flow or plugin to roll back, or give --release to roll back everything")
        }
    };
    let body = Back { to: args.to.clone(), allow: args.allow.clone(), why: args.why.clone() };
    let reply = Client::new(&args.server).post(&path, &body)?;
    settle(&reply, args.json)
}

pub(crate) fn pin(kind: Kind, args: &PinArgs) -> Result<ExitCode> {
    let method = if args.off { Method::DELETE } else { Method::PUT };
    let path = format!("{}/{}/pin", kind.path(), escaped(&args.name));
    Client::new(&args.server).ask(method, &path)?.good::<Done>()?;
    eprintln!("{} {}", args.name, if args.off { "is no longer pinned" } else { "is pinned" });
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn canary(args: &CanaryArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let why = args.why.clone();
    let change = match (args.share, args.promote, args.withdraw) {
        (Some(percent), false, false) => Some(CanaryChange::Share { percent }),
        (None, true, false) => Some(CanaryChange::Promote { why }),
        (None, false, true) => Some(CanaryChange::Withdraw { why }),
        _ => None,
    };
    let status: Answer<Status> = match change {
        Some(change) => client.post("/v1/canary", &change)?.good()?,
        None => client.get("/v1/releases/live")?,
    };
    if args.json {
        print_answer(&status)?;
        return Ok(ExitCode::SUCCESS);
    }
    let status = status.known()?;
    println!("live    {}", deployed(&status.live));
    match &status.canary {
        None => println!("canary  none"),
        Some(canary) => {
            println!("canary  {}, {} % of new calls", deployed(&canary.deployed), canary.percent);
            for (title, tally) in [("tried", canary.seen), ("usual", canary.live_meanwhile)] {
                println!(
                    "        {title}: {} calls, {} plugin visits, {} errors, {} traps",
                    tally.calls, tally.visits, tally.errors, tally.traps
                );
            }
        }
    }
    for pin in &status.pins {
        println!("pinned  {} at {} by {}", pin.item, short(&pin.digest), pin.by.name);
    }
    Ok(ExitCode::SUCCESS)
}

fn deployed(deployed: &Deployed) -> String {
    let Deployed { number, release, since, by } = deployed;
    format!("release {number} {} since {} by {}", short(release), time(Some(*since)), by.name)
}

pub(crate) fn list(kind: Kind, args: &ListArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let Some(name) = &args.name else {
        let path = kind.path();
        let items = match kind {
            Kind::Flow => {
                listed::<FlowList>(client.get(path), args.json)?.map(|listed| listed.flows)
            }
            Kind::Plugin => {
                let list = client.get(path).map_err(|error| kind.without_server(error));
                listed::<PluginList>(list, args.json)?.map(|listed| listed.plugins)
            }
        };
        for item in items.into_iter().flatten() {
            let marks = [("pinned", item.pinned), ("signed", item.signed_by.is_some())];
            let marks: Vec<&str> =
                marks.iter().filter(|(_, on)| *on).map(|(word, _)| *word).collect();
            let line = format!(
                "{:<28} {}  {}  {:<16} {}",
                item.name,
                short(&item.digest),
                time(item.at),
                item.by.as_deref().unwrap_or(""),
                marks.join(" ")
            );
            println!("{}", line.trim_end());
        }
        return Ok(ExitCode::SUCCESS);
    };
    let versions = client.get(&format!("{}/{}", kind.path(), escaped(name)));
    let Some(listed) = listed::<VersionList>(versions, args.json)? else {
        return Ok(ExitCode::SUCCESS);
    };
    for lost in &listed.unreadable {
        eprintln!("{lost}");
    }
    for version in &listed.versions {
        let digest = version.digest.as_ref().map_or("removed     ".to_owned(), short);
        let marks = [("live", version.live), ("pinned", version.pinned)];
        let marks: Vec<&str> = marks.iter().filter(|(_, on)| *on).map(|(word, _)| *word).collect();
        let line = format!(
            "{digest}  release {:<5} {}  {:<16} {}",
            version.number,
            time(Some(version.at)),
            version.by.name,
            marks.join(" ")
        );
        println!("{}", line.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

/// A list, unless it was wanted as JSON and is printed.
fn listed<T: DeserializeOwned>(list: Result<Answer<T>>, as_json: bool) -> Result<Option<T>> {
    let list = list?;
    if as_json {
        print_answer(&list)?;
        return Ok(None);
    }
    Ok(Some(list.known()?))
}

/// Prints an answer of the server as JSON.
fn print_answer<T>(answer: &Answer<T>) -> Result<()> {
    print_json!("{}", serde_json::to_string_pretty(answer)?);
    Ok(())
}

/// Compares the flows of a project with those that are live; 1 when they differ.
pub(crate) fn diff(args: &FlowDiffArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let mut local: BTreeMap<String, String> = BTreeMap::new();
    for (path, bytes) in whole(&args.project.folder()?)?.files {
        let name = path.rsplit('/').next().unwrap_or(&path);
        if let Some(flow) = name.strip_suffix(".flow.yaml") {
            local.insert(flow.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    let listed: FlowList = client.get("/v1/flows")?;
    let live: Vec<String> = listed.flows.into_iter().map(|flow| flow.name).collect();
    let mut names: Vec<&String> = local.keys().chain(&live).collect();
    names.sort();
    names.dedup();
    if let Some(wanted) = &args.name {
        names.retain(|name| *name == wanted);
        if names.is_empty() {
            bail!("there is no flow `{wanted}`, neither in the project nor live");
        }
    }
    let mut differ = false;
    for name in names {
        let there = if live.contains(name) { live_text(&client, name)? } else { String::new() };
        let here = local.get(name).map_or("", String::as_str);
        if there == here {
            continue;
        }
        differ = true;
        let (old, new) = (format!("live/{name}.flow.yaml"), format!("project/{name}.flow.yaml"));
        let compared = similar::TextDiff::from_lines(there.as_str(), here);
        print!("{}", compared.unified_diff().context_radius(3).header(&old, &new));
    }
    Ok(if differ { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn live_text(client: &Client<'_>, name: &str) -> Result<String> {
    let reply = client.ask(Method::GET, &format!("/v1/flows/{}/content", escaped(name)))?;
    if reply.status >= 300 {
        bail!(reply.complaint());
    }
    Ok(String::from_utf8_lossy(&reply.body).into_owned())
}

/// Tells what came of a change: 0 when it is done, 1 when it was refused.
fn settle(reply: &Reply, as_json: bool) -> Result<ExitCode> {
    if reply.status == 422 {
        return refused(&reply.read()?, as_json);
    }
    let outcome: Answer<Outcome> = reply.good()?;
    if as_json {
        print_answer(&outcome)?;
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = outcome.known()?;
    if let Some(rendered) = &outcome.rendered {
        print!("{rendered}");
    }
    for warning in &outcome.warnings {
        eprintln!("warning: {warning}");
    }
    for item in &outcome.left_out {
        eprintln!("{item} is pinned and stays as it is");
    }
    for change in &outcome.changes {
        let side = |digest: &Option<Digest>| digest.as_ref().map_or("none".to_owned(), short);
        println!("{:<36} {} → {}", change.item, side(&change.before), side(&change.after));
    }
    for widening in &outcome.widened {
        println!("plugin {} {}", widening.plugin, widening.words);
    }
    let release = format!("release {} {}", outcome.number, short(&outcome.release));
    let line = match (outcome.dry_run, outcome.changed, outcome.canary) {
        (true, ..) => format!("all checks passed; this would be {release}"),
        (_, false, _) => format!("nothing differs from what is live: {release}"),
        (_, _, Some(percent)) => format!("{percent} % of new calls use {release}"),
        (..) => format!("live: {release}"),
    };
    println!("{line}");
    Ok(ExitCode::SUCCESS)
}

/// Tells what stands against a change.
fn refused(refusal: &Answer<Refusal>, as_json: bool) -> Result<ExitCode> {
    if as_json {
        print_answer(refusal)?;
        return Ok(ExitCode::from(1));
    }
    let refusal = refusal.known()?;
    if let Some(rendered) = &refusal.rendered {
        print!("{rendered}");
    }
    eprintln!("refused, and nothing has changed:");
    for reason in &refusal.reasons {
        eprintln!("{}", reason.message);
    }
    let wanted = refusal.reasons.iter().filter_map(|reason| {
        let (plugin, access) = (reason.plugin.as_ref()?, reason.allow.as_ref()?);
        Some(format!("--allow {plugin}:{access}"))
    });
    let wanted: Vec<String> = wanted.collect();
    if !wanted.is_empty() {
        eprintln!("to allow all of it, add: {}", wanted.join(" "));
    }
    Ok(ExitCode::from(1))
}

/// Enough of a digest to name it.
fn short(digest: &Digest) -> String {
    let digits = digest.0.strip_prefix("sha256:").unwrap_or(&digest.0);
    digits.chars().take(12).collect()
}

/// A moment as a time of day here.
fn time(at: Option<Millis>) -> String {
    let shown = at
        .and_then(|at| i64::try_from(at.0).ok())
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map(|at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    shown.unwrap_or_else(|| " ".repeat(20))
}
