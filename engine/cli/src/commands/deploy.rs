//! `dialgraph plugin push|list|rollback|pin` and `dialgraph flow push|list|diff|rollback|canary`: what is live on a
//! server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::{Map, Value, json};

use dialgraph_flow::Project;
use dialgraph_flow::project::PROJECT_FILE;

use crate::args::{
    CanaryArgs, FlowDiffArgs, FlowPushArgs, ListArgs, PinArgs, PluginPushArgs, PushArgs,
    RollbackArgs,
};
use crate::client::{Client, Reply, escaped};

/// Which of the two has versions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Flow,
    Plugin,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Flow => "/v1/flows",
            Self::Plugin => "/v1/plugins",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Flow => "flows",
            Self::Plugin => "plugins",
        }
    }
}

pub(crate) fn push_plugins(args: &PluginPushArgs) -> Result<ExitCode> {
    let mut plugins = Map::new();
    for file in &args.files {
        let bytes =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
        let name = match (&args.name, args.files.len()) {
            (Some(name), 1) => name.clone(),
            (Some(_), _) => bail!("--name is for one plugin; the others are called as their files"),
            (None, _) => stem,
        };
        let mut beside = file.clone().into_os_string();
        beside.push(".minisig");
        let signature = std::fs::read_to_string(&beside).ok();
        let component = STANDARD.encode(bytes);
        plugins.insert(name, json!({"component": component, "signature": signature}));
    }
    let (files, flows) = texts(&args.with)?;
    push(&args.push, json!({"plugins": plugins, "files": files, "flows": flows}))
}

pub(crate) fn push_flows(args: &FlowPushArgs) -> Result<ExitCode> {
    let (files, flows) = texts(&args.paths)?;
    let mut body = json!({"files": files, "flows": flows});
    if let Some(name) = &args.remove {
        body["flows"][name] = Value::Null;
    }
    if args.paths.is_empty() && args.remove.is_none() {
        bail!("name flow files or other files of the project, or a folder for all of them");
    }
    push(&args.push, body)
}

/// Files of projects by their paths within, and flows by their names.
fn texts(paths: &[PathBuf]) -> Result<(Map<String, Value>, Map<String, Value>)> {
    let (mut files, mut flows) = (Map::new(), Map::new());
    for path in paths {
        if path.is_dir() {
            for (inner, bytes) in Project::load(path)?.files().iter() {
                let text = String::from_utf8(bytes.clone())
                    .with_context(|| format!("{inner} is not UTF-8"))?;
                files.insert(inner.clone(), text.into());
            }
            continue;
        }
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match name.strip_suffix(".flow.yaml") {
            Some(flow) => drop(flows.insert(flow.to_owned(), text.into())),
            None => drop(files.insert(inner_path(path)?, text.into())),
        }
    }
    Ok((files, flows))
}

/// Where a file stands within its project.
fn inner_path(file: &Path) -> Result<String> {
    let full = file.canonicalize().with_context(|| format!("cannot read {}", file.display()))?;
    let project = full.ancestors().skip(1).find(|folder| folder.join(PROJECT_FILE).is_file());
    let project = project.with_context(|| {
        format!(
            "{} belongs to no project: no folder above it holds a `{PROJECT_FILE}`",
            file.display()
        )
    })?;
    let inner = full.strip_prefix(project).unwrap_or(&full);
    Ok(inner.to_string_lossy().replace('\\', "/"))
}

fn push(args: &PushArgs, mut body: Value) -> Result<ExitCode> {
    body["allow"] = json!(args.allow);
    body["why"] = json!(args.why);
    body["canary"] = json!(args.canary);
    body["dry_run"] = json!(args.dry_run);
    let reply = Client::new(&args.server).ask(Method::POST, "/v1/releases", Some(&body))?;
    settle(&reply, args.json)
}

pub(crate) fn roll_back(kind: Kind, args: &RollbackArgs) -> Result<ExitCode> {
    let path = match (&args.name, args.release) {
        (Some(name), false) => format!("{}/{}/rollback", kind.path(), escaped(name)),
        (None, true) => "/v1/releases/rollback".to_owned(),
        _ => bail!("name what goes back, or give --release for all of it"),
    };
    let body = json!({"to": args.to, "allow": args.allow, "why": args.why});
    let reply = Client::new(&args.server).ask(Method::POST, &path, Some(&body))?;
    settle(&reply, args.json)
}

pub(crate) fn pin(kind: Kind, args: &PinArgs) -> Result<ExitCode> {
    let method = if args.off { Method::DELETE } else { Method::PUT };
    let path = format!("{}/{}/pin", kind.path(), escaped(&args.name));
    Client::new(&args.server).good(method, &path, None)?;
    eprintln!("{} {}", args.name, if args.off { "is pinned no longer" } else { "is pinned" });
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn canary(args: &CanaryArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let status = match (args.share, args.promote, args.withdraw) {
        (Some(percent), false, false) => Some(json!({"do": "share", "percent": percent})),
        (None, true, false) => Some(json!({"do": "promote", "why": args.why})),
        (None, false, true) => Some(json!({"do": "withdraw", "why": args.why})),
        _ => None,
    };
    let status = match status {
        Some(body) => client.good(Method::POST, "/v1/canary", Some(&body))?,
        None => client.get("/v1/releases/live")?,
    };
    if args.json {
        println!("{status:#}");
        return Ok(ExitCode::SUCCESS);
    }
    println!("live    {}", deployed(&status["live"]));
    match status.get("canary").filter(|canary| !canary.is_null()) {
        None => println!("canary  none"),
        Some(canary) => {
            println!("canary  {}, {} % of new calls", deployed(canary), canary["percent"]);
            for (title, tally) in [("tried", &canary["seen"]), ("usual", &canary["live_meanwhile"])]
            {
                println!(
                    "        {title}: {} calls, {} plugin visits, {} errors, {} traps",
                    tally["calls"], tally["visits"], tally["errors"], tally["traps"]
                );
            }
        }
    }
    for pin in status["pins"].as_array().into_iter().flatten() {
        println!(
            "pinned  {} at {} by {}",
            text(&pin["item"]),
            short(&pin["digest"]),
            text(&pin["by"]["name"])
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn deployed(value: &Value) -> String {
    let by = text(&value["by"]["name"]);
    format!(
        "release {} {} since {} by {by}",
        value["number"],
        short(&value["release"]),
        time(&value["since"])
    )
}

pub(crate) fn list(kind: Kind, args: &ListArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let Some(name) = &args.name else {
        let listed = client.get(kind.path())?;
        if args.json {
            println!("{listed:#}");
            return Ok(ExitCode::SUCCESS);
        }
        for item in listed[kind.plural()].as_array().into_iter().flatten() {
            let marks =
                [("pinned", item["pinned"] == true), ("signed", item["signed_by"].is_string())];
            let marks: Vec<&str> =
                marks.iter().filter(|(_, on)| *on).map(|(word, _)| *word).collect();
            let line = format!(
                "{:<28} {}  {}  {:<16} {}",
                text(&item["name"]),
                short(&item["digest"]),
                time(&item["at"]),
                text(&item["by"]),
                marks.join(" ")
            );
            println!("{}", line.trim_end());
        }
        return Ok(ExitCode::SUCCESS);
    };
    let listed = client.get(&format!("{}/{}", kind.path(), escaped(name)))?;
    if args.json {
        println!("{listed:#}");
        return Ok(ExitCode::SUCCESS);
    }
    for version in listed["versions"].as_array().into_iter().flatten() {
        let digest = match &version["digest"] {
            Value::Null => "removed     ".to_owned(),
            digest => short(digest),
        };
        let marks = [("live", version["live"] == true), ("pinned", version["pinned"] == true)];
        let marks: Vec<&str> = marks.iter().filter(|(_, on)| *on).map(|(word, _)| *word).collect();
        let line = format!(
            "{digest}  release {:<5} {}  {:<16} {}",
            version["number"].to_string(),
            time(&version["at"]),
            text(&version["by"]["name"]),
            marks.join(" ")
        );
        println!("{}", line.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

/// Compares the flows of a project with those that are live; 1 when they differ.
pub(crate) fn diff(args: &FlowDiffArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let project = Project::load(&args.project.folder()?)?;
    let mut local: BTreeMap<String, String> = BTreeMap::new();
    for (path, bytes) in project.files().iter() {
        let name = path.rsplit('/').next().unwrap_or(path);
        if let Some(flow) = name.strip_suffix(".flow.yaml") {
            local.insert(flow.to_owned(), String::from_utf8_lossy(bytes).into_owned());
        }
    }
    let listed = client.get("/v1/flows")?;
    let live = listed["flows"].as_array().into_iter().flatten();
    let live: Vec<String> = live.map(|flow| text(&flow["name"]).to_owned()).collect();
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
    let reply = client.ask(Method::GET, &format!("/v1/flows/{}/content", escaped(name)), None)?;
    if reply.status >= 300 {
        bail!(reply.complaint());
    }
    Ok(String::from_utf8_lossy(&reply.body).into_owned())
}

/// Tells what came of a change: 0 when it is done, 1 when it was refused.
fn settle(reply: &Reply, as_json: bool) -> Result<ExitCode> {
    let refused = reply.status == 422;
    if reply.status >= 300 && !refused {
        bail!(reply.complaint());
    }
    let body = reply.json()?;
    if as_json {
        println!("{body:#}");
        return Ok(if refused { ExitCode::from(1) } else { ExitCode::SUCCESS });
    }
    if let Some(rendered) = body["rendered"].as_str() {
        print!("{rendered}");
    }
    if refused {
        eprintln!("refused, and nothing has changed:");
        for reason in body["reasons"].as_array().into_iter().flatten() {
            eprintln!("{}", text(&reason["message"]));
        }
        let wanted: Vec<String> = body["reasons"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|reason| {
                let (plugin, access) = (reason["plugin"].as_str()?, reason["allow"].as_str()?);
                Some(format!("--allow {plugin}:{access}"))
            })
            .collect();
        if !wanted.is_empty() {
            eprintln!("to allow all of it, add: {}", wanted.join(" "));
        }
        return Ok(ExitCode::from(1));
    }
    for warning in body["warnings"].as_array().into_iter().flatten() {
        eprintln!("warning: {}", text(warning));
    }
    for item in body["left_out"].as_array().into_iter().flatten() {
        eprintln!("{} is pinned and stays as it is", text(item));
    }
    for change in body["changes"].as_array().into_iter().flatten() {
        let side =
            |digest: &Value| if digest.is_null() { "none".to_owned() } else { short(digest) };
        println!(
            "{:<36} {} → {}",
            text(&change["item"]),
            side(&change["before"]),
            side(&change["after"])
        );
    }
    for widening in body["widened"].as_array().into_iter().flatten() {
        println!("plugin {} {}", text(&widening["plugin"]), text(&widening["words"]));
    }
    let release = format!("release {} {}", body["number"], short(&body["release"]));
    let line = match (body["dry_run"] == true, body["changed"] == true, body["canary"].as_u64()) {
        (true, ..) => format!("all is well; this would be {release}"),
        (_, false, _) => format!("nothing differs from what is live: {release}"),
        (_, _, Some(percent)) => format!("{percent} % of new calls get {release}"),
        (..) => format!("live: {release}"),
    };
    println!("{line}");
    Ok(ExitCode::SUCCESS)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Enough of a digest to name it.
fn short(value: &Value) -> String {
    let digest = text(value);
    let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
    digits.chars().take(12).collect()
}

/// Milliseconds as a time of day here.
fn time(value: &Value) -> String {
    let shown = value
        .as_i64()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map(|at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    shown.unwrap_or_else(|| " ".repeat(20))
}
