//! The prompts of a flow into a folder, each that is the same in every call.
//!
//! The folder has a `manifest.json` that tells of each file what it says, by whom, and its digest.
//! A prompt whose file is there as the manifest has it is left alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use dialgraph_aws::polly::{Format, Speech};
use dialgraph_base::Digest;
use dialgraph_flow::Flow;
use dialgraph_flow::model::PromptPlace;

use super::speaker::{Speaker, format, reservation, write};
use super::voices::Voices;
use crate::args::SayArgs;
use crate::commands::test::progress;
use crate::commands::which;
use crate::workshop::Workshop;

const MANIFEST: &str = "manifest.json";

/// Requests at the same time. Neural voices take 8 a second for an account.
const AT_ONCE: usize = 4;

/// A prompt in one language.
struct Item {
    /// Of the node, in the flow file.
    line: u32,
    node: String,
    part: String,
    locale: String,
    file: String,
    speech: Speech,
}

/// How a file came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    Asked,
    FromCache,
    AsItWas,
}

pub(super) fn run(args: &SayArgs, given: &str, runtime: &Runtime) -> Result<ExitCode> {
    let found = which::flow(given, &args.project)?;
    let release = Workshop::open(&found.project)?.release()?;
    let Some(flow) = release.flows.get(found.name.as_str()) else {
        return Err(which::unknown("flow", &found.name, release.flows.keys().map(|name| &**name)));
    };
    let (items, varying) = items(flow, &Voices::of(args)?, format(args)?)?;
    let faults = faults(&flow.name, &items);
    if !faults.is_empty() {
        for fault in &faults {
            eprintln!("{fault}");
        }
        eprintln!(
            "nothing was spoken: Polly would refuse {} of the prompts' mistakes",
            faults.len()
        );
        return Ok(ExitCode::from(1));
    }
    let folder = &args.out;
    let before = manifest_before(folder)?;
    let made = runtime.block_on(speak(args, &items, &before))?;
    let manifest = json!({
        "version": 1,
        "flow": flow.name,
        "prompts": made.iter().map(|(entry, _)| entry).collect::<Vec<_>>(),
        "not_rendered": varying,
    });
    write(&folder.join(MANIFEST), format!("{manifest:#}\n").as_bytes())?;
    if args.json {
        print_json!("{manifest:#}");
    } else {
        report(&made, &varying, &before);
    }
    Ok(ExitCode::SUCCESS)
}

/// What can be spoken before a call, and where what cannot stands.
fn items(flow: &Flow, voices: &Voices, format: Format) -> Result<(Vec<Item>, Vec<Value>)> {
    let locales: Vec<&str> = flow.locales.iter().map(|locale| &**locale).collect();
    if let Some(unknown) = voices.locales().find(|locale| !locales.contains(locale)) {
        bail!(
            "--voice: flow `{}` has no language `{unknown}`; it has {}",
            flow.name,
            locales.join(", ")
        );
    }
    if voices.has_any() && locales.len() > 1 {
        let locale = locales.first().copied().unwrap_or_default();
        bail!(
            "--voice: flow `{}` has the languages {}; say which the voice is for, such as --voice {locale}=NAME",
            flow.name,
            locales.join(", ")
        );
    }
    let (mut items, mut varying) = (Vec::new(), Vec::new());
    for place in flow.prompts() {
        for locale in &locales {
            let Some(rendered) = place.prompt.fixed(locale) else {
                varying.push(json!({
                    "node": place.node, "line": place.line, "prompt": part(&place), "locale": locale
                }));
                continue;
            };
            items.push(Item {
                line: place.line,
                node: place.node.to_string(),
                part: part(&place),
                locale: (*locale).to_owned(),
                file: file(&place, locale, format),
                speech: Speech {
                    text: rendered.text,
                    ssml: rendered.ssml,
                    voice: voices.of_locale(locale, true)?,
                    format,
                },
            });
        }
    }
    Ok((items, varying))
}

fn part(place: &PromptPlace<'_>) -> String {
    match place.part {
        several @ ("no_input" | "no_match") => format!("{several}-{}", place.number),
        one => one.to_owned(),
    }
}

/// `NODE.LOCALE.mp3`, or `NODE.no_input-1.LOCALE.mp3`: the same however the words change.
fn file(place: &PromptPlace<'_>, locale: &str, format: Format) -> String {
    let ending = format.extension();
    match place.part {
        "say" | "prompt" => format!("{}.{locale}.{ending}", place.node),
        _ => format!("{}.{}.{locale}.{ending}", place.node, part(place)),
    }
}

/// Everything that Polly would refuse, with its place.
fn faults(flow: &str, items: &[Item]) -> Vec<String> {
    let told = items.iter().flat_map(|item| {
        let wrong = item.speech.check().err().unwrap_or_default();
        wrong.into_iter().map(|one| {
            let place = match one.place(&item.speech.text) {
                Some((line, column)) => format!(" at {line}:{column} of its text"),
                None => String::new(),
            };
            format!(
                "{flow}.flow.yaml:{}: `{}`, {} in {}{place}: {one}",
                item.line, item.node, item.part, item.locale
            )
        })
    });
    told.collect()
}

/// Bytes of a file that an earlier run made.
const MAX_KEPT: u64 = 64 << 20;

/// What an earlier run made, by file.
fn manifest_before(folder: &Path) -> Result<BTreeMap<String, Value>> {
    let path = folder.join(MANIFEST);
    let text = match dialgraph_files::text(&path, MAX_KEPT) {
        Ok(text) => text,
        Err(error) if error.is_missing() => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let read: Option<Value> = serde_json::from_str(&text).ok();
    let prompts = read.as_ref().and_then(|manifest| manifest["prompts"].as_array());
    let Some(prompts) = prompts else {
        bail!(
            "{} is no manifest of `dialgraph say`; name another folder, or remove the file",
            path.display()
        );
    };
    let named = |entry: &Value| Some((entry["file"].as_str()?.to_owned(), entry.clone()));
    Ok(prompts.iter().filter_map(named).collect())
}

/// Speaks what is not there yet; the entries for the manifest, in the order of `items`.
async fn speak(
    args: &SayArgs,
    items: &[Item],
    before: &BTreeMap<String, Value>,
) -> Result<Vec<(Value, Made)>> {
    let speaker = Speaker::of(args)?;
    let bar = progress(items.len(), args.json);
    let one = async |item: &Item| {
        let path = args.out.join(&item.file);
        let known = before.get(&item.file);
        let made = if let Some(entry) = known.filter(|entry| is_there(entry, item, &path)) {
            (entry.clone(), Made::AsItWas)
        } else {
            let what = || format!("`{}`, {} in {}", item.node, item.part, item.locale);
            let (audio, kept) = speaker.say(&item.speech).await.with_context(what)?;
            write(&path, &audio.bytes)?;
            if let Some(words) = reservation(item.speech.format, audio.bytes.len()) {
                bar.suspend(|| eprintln!("warning: {}: {words}", path.display()));
            }
            let entry = entry(item, &audio.bytes, audio.characters);
            (entry, if kept { Made::FromCache } else { Made::Asked })
        };
        bar.inc(1);
        anyhow::Ok(made)
    };
    let mut spoken = stream::iter(items).map(one).buffered(AT_ONCE);
    let mut made = Vec::new();
    while let Some(next) = spoken.next().await {
        made.push(
            next.context("the prompts spoken so far are kept; run the command again to continue")?,
        );
    }
    bar.finish_and_clear();
    Ok(made)
}

/// Whether the file is the one of which `entry` tells, and says what `item` is to say.
fn is_there(entry: &Value, item: &Item, path: &Path) -> bool {
    entry["request"] == json!(item.speech.digest())
        && dialgraph_files::read(path, MAX_KEPT)
            .is_ok_and(|bytes| entry["audio"] == json!(Digest::of(&bytes)))
}

fn entry(item: &Item, bytes: &[u8], characters: Option<u32>) -> Value {
    let speech = &item.speech;
    json!({
        "file": item.file,
        "node": item.node,
        "prompt": item.part,
        "locale": item.locale,
        "text": speech.text,
        "voice": speech.voice.id,
        "engine": speech.voice.engine.word(),
        "format": speech.format.word(),
        "request": speech.digest(),
        "audio": Digest::of(bytes),
        "bytes": bytes.len(),
        "characters": characters,
    })
}

fn report(made: &[(Value, Made)], varying: &[Value], before: &BTreeMap<String, Value>) {
    let count = |wanted: Made| made.iter().filter(|(_, made)| *made == wanted).count();
    for (entry, made) in made {
        if *made != Made::AsItWas {
            println!("{}", entry["file"].as_str().unwrap_or_default());
        }
    }
    for place in varying {
        eprintln!(
            "not spoken in advance: `{}` (line {}), {} in {}: it contains values that only a call \
            knows",
            place["node"].as_str().unwrap_or_default(),
            place["line"],
            place["prompt"].as_str().unwrap_or_default(),
            place["locale"].as_str().unwrap_or_default(),
        );
    }
    let now: Vec<&str> = made.iter().filter_map(|(entry, _)| entry["file"].as_str()).collect();
    for file in before.keys().filter(|file| !now.contains(&file.as_str())) {
        eprintln!("no longer used by the flow: {file}");
    }
    eprintln!(
        "{} prompts: {} spoken, {} spoken before, {} left as they were; {} with values",
        made.len(),
        count(Made::Asked),
        count(Made::FromCache),
        count(Made::AsItWas),
        varying.len()
    );
}
