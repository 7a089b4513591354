//! `dialgraph calls`: calls of a running server.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use dialgraph_api::Millis;
use dialgraph_api::calls::{
    After, Call, Contact, EndedBy, ListQuery, ShowQuery, ShownCall, Stage, Status, UnreadableCall,
};
use dialgraph_base::Timestamp;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_simulator::script::duration;
use dialgraph_simulator::transcript::{self, Detail};
use dialgraph_visible::line;

use crate::args::{CallsCommand, ExportArgs, LsArgs, ShowArgs, StageArg, TailArgs};
use crate::client::{Answer, Client, NOT_KNOWN, escaped, with_query};

/// How often `tail` looks.
const EVERY: Duration = Duration::from_millis(700);
/// Calls asked for at once; the most that the server gives.
const MOST: usize = 500;

pub(crate) fn run(command: &CallsCommand) -> Result<ExitCode> {
    match command {
        CallsCommand::Ls(args) => ls(args),
        CallsCommand::Show(args) => show(args),
        CallsCommand::Tail(args) => tail(args),
        CallsCommand::Export(args) => export(args),
    }
}

/// A page of calls in progress.
#[derive(Deserialize)]
struct Page {
    calls: Vec<Answer<Call>>,
    #[serde(default)]
    unreadable: Vec<UnreadableCall>,
    next: Option<String>,
}

/// Walks calls in progress, page by page, until `each` has had enough of them: it says whether to
/// go on.
fn walk(
    client: &Client<'_>,
    page: usize,
    stage: Stage,
    mut each: impl FnMut(&Answer<Call>) -> Result<bool>,
) -> Result<()> {
    let mut after = None::<String>;
    loop {
        let query = ListQuery { limit: Some(page), after, stage };
        let listed: Page = client.get(&with_query("/v1/calls", &query)?)?;
        for call in &listed.calls {
            if !each(call)? {
                return Ok(());
            }
        }
        for lost in &listed.unreadable {
            eprintln!("call {} cannot be read: {}", lost.id, lost.why);
        }
        match listed.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn ls(args: &LsArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let limit = if args.all { usize::MAX } else { args.limit };
    let mut calls = Vec::new();
    let mut more = false;
    // One more than is shown, to know whether there is one.
    let stage = match args.stage {
        StageArg::Flow => Stage::Flow,
        StageArg::Contact => Stage::Contact,
        StageArg::After => Stage::After,
    };
    walk(&client, limit.saturating_add(1).min(MOST), stage, |call| {
        more = calls.len() == limit;
        if !more {
            calls.push(call.clone());
        }
        Ok(!more)
    })?;
    if args.json {
        let listed = json!({"calls": calls, "more": more});
        print_json!("{}", serde_json::to_string_pretty(&listed)?);
        return Ok(ExitCode::SUCCESS);
    }
    let calls = calls.iter().map(Answer::known).collect::<Result<Vec<Call>>>()?;
    let text = |text: &str| line(text).into_owned();
    let mut rows = vec![["CALL", "BEGAN", "CHANNEL", "LOCALE", "TURN", "AT"].map(str::to_owned)];
    rows.extend(calls.iter().map(|call| {
        [
            text(&call.id),
            began(call),
            call.channel.as_str().to_owned(),
            text(&call.locale),
            call.turn.to_string(),
            text(&place(call)),
        ]
    }));
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("{}", cells.join("  ").trim_end());
    }
    if more {
        println!("… and more; `--all` lists them, `--limit` so many");
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a call is: a node, or with whom.
fn place(call: &Call) -> String {
    let agent = call.contact.as_ref().and_then(|contact| contact.agent.as_deref());
    match (call.status, agent, &call.queue) {
        (Status::New | Status::Active, ..) => call.at.clone().unwrap_or_else(|| "-".to_owned()),
        (_, Some(agent), _) => format!("agent {agent}"),
        (_, None, Some(queue)) => format!("queue {queue}"),
        (_, None, None) => call.disposition.clone().unwrap_or_else(|| "-".to_owned()),
    }
}

fn began(call: &Call) -> String {
    transcript::time(Timestamp(call.started_at_ms.0), &TimeZone::system())
}

fn show(args: &ShowArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let shown = whole(&client, &args.call)?;
    if args.json {
        print_json!("{}", serde_json::to_string_pretty(&shown)?);
        return Ok(ExitCode::SUCCESS);
    }
    let shown = ShownCall::deserialize(&shown).context(NOT_KNOWN)?;
    let call = &shown.call;
    let (id, locale) = (line(&call.id), line(&call.locale));
    println!("Call {id} at {}, {}, {locale}", began(call), call.channel.as_str());
    println!("Release {}", line(&call.release.0));
    print_turns(&shown, "")?;
    println!();
    println!("Path: {}", path(&shown));
    for (name, value) in &call.attributes {
        println!(
            "  {} = {}",
            line(name),
            if value.is_null() { "(not shown)".to_owned() } else { value.to_string() }
        );
    }
    println!("{}", state(call));
    if let Some(contact) = &call.contact {
        println!("{}", beyond(contact));
    }
    Ok(ExitCode::SUCCESS)
}

/// What became of a contact beyond its flow, in words.
fn beyond(contact: &Contact) -> String {
    let time = |at: Millis| transcript::time(Timestamp(at.0), &TimeZone::system());
    let agent = contact.agent.as_deref().unwrap_or("an agent");
    let mut told = Vec::new();
    told.extend(contact.queued_at_ms.map(|at| format!("queued at {}", time(at))));
    told.extend(contact.connected_at_ms.map(|at| format!("answered by {agent} at {}", time(at))));
    told.extend(contact.reached.then(|| "answered by somebody whom the flow rang".to_owned()));
    told.extend(match contact.attempts {
        0 => None,
        1 => Some("1 call back in vain".to_owned()),
        attempts => Some(format!("{attempts} calls back in vain")),
    });
    told.extend(contact.waited_ms.map(|ms| format!("waited {}", duration(ms / 1000 * 1000))));
    told.extend(contact.ended_at_ms.map(|at| match contact.ended_by {
        Some(EndedBy::Limit) => format!("last heard of at {}", time(at)),
        _ => format!("over at {}", time(at)),
    }));
    told.extend(match contact.after {
        After::Due if contact.ended_at_ms.is_some() => {
            Some("the `after` flow is to run".to_owned())
        }
        After::Done => Some("the `after` flow has run".to_owned()),
        After::None | After::Due => None,
    });
    if told.is_empty() {
        told.push("nothing told yet".to_owned());
    }
    format!("Contact: {}", line(&told.join(", ")))
}

fn path(shown: &ShownCall) -> String {
    line(&shown.path.join(" → ")).into_owned()
}

/// How the call stands, in words.
fn state(call: &Call) -> String {
    let queue = call.queue.as_ref().map(|queue| format!(", queue {queue}")).unwrap_or_default();
    let state = match (call.status, &call.disposition) {
        (Status::Ended, Some(disposition)) => format!("Ended: {disposition}{queue}"),
        (Status::Handed, Some(disposition)) => format!("Given away: {disposition}{queue}"),
        _ => format!("In progress at {}", call.at.as_deref().unwrap_or("-")),
    };
    line(&state).into_owned()
}

/// A call with all its turns, however many pages they take, as the server gives it.
fn whole(client: &Client<'_>, id: &str) -> Result<Value> {
    let mut shown: Value = client.get(&page_of(id, 0)?)?;
    tell_lost(id, &shown);
    let last = shown["call"]["turn"].as_u64().context(NOT_KNOWN)?;
    let mut have = reached(&shown);
    while (1..last).contains(&have) {
        let mut more: Value = client.get(&page_of(id, u32::try_from(have)?)?)?;
        tell_lost(id, &more);
        let further = reached(&more);
        append(&mut shown, &mut more, "turns");
        append(&mut shown, &mut more, "unreadable");
        if further <= have {
            break;
        }
        have = further;
    }
    Ok(shown)
}

/// The last turn of a page, whether it can be read or not; 0: there is none.
fn reached(page: &Value) -> u64 {
    let last = |list: &str| page[list].as_array().and_then(|all| all.last());
    let read = last("turns").and_then(|turn| turn["record"]["turn"].as_u64());
    let lost = last("unreadable").and_then(|turn| turn["turn"].as_u64());
    read.max(lost).unwrap_or_default()
}

/// Puts what a list of `more` holds behind that of `shown`.
fn append(shown: &mut Value, more: &mut Value, list: &str) {
    match (shown[list].as_array_mut(), more[list].as_array_mut()) {
        (Some(known), Some(more)) => known.append(more),
        (None, Some(more)) if !more.is_empty() => shown[list] = std::mem::take(more).into(),
        _ => {}
    }
}

/// Names the turns that cannot be read, beside those that are shown.
fn tell_lost(id: &str, page: &Value) {
    for lost in page["unreadable"].as_array().into_iter().flatten() {
        let why = lost["why"].as_str().unwrap_or("-");
        eprintln!("turn {} of call {id} cannot be read: {}", lost["turn"], line(why));
    }
}

fn after(client: &Client<'_>, id: &str, turn: u32) -> Result<ShownCall> {
    client.get(&page_of(id, turn)?)
}

/// Where the turns after `turn` are.
fn page_of(id: &str, turn: u32) -> Result<String> {
    with_query(&format!("/v1/calls/{}", escaped(id)), &ShowQuery { after: turn })
}

/// The number of the last turn shown.
fn last_turn(shown: &ShownCall) -> u32 {
    let number = shown.turns.last().and_then(|turn| turn.record["turn"].as_u64());
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn print_turns(shown: &ShownCall, label: &str) -> Result<()> {
    for turn in &shown.turns {
        let record: TurnRecord = serde_json::from_value(turn.record.clone())
            .context("the server's journal has a newer version; update this command")?;
        println!();
        for told in transcript::turn(&record, Detail::Path).lines() {
            println!("{label}{told}");
        }
        for function in &turn.hidden {
            println!("{label}        {} (not shown)", line(function));
        }
    }
    Ok(())
}

fn tail(args: &TailArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    match &args.call {
        Some(id) => tail_one(&client, id),
        None => tail_all(&client),
    }
}

fn tail_one(client: &Client<'_>, id: &str) -> Result<ExitCode> {
    let mut seen = 0;
    loop {
        let shown = after(client, id, seen)?;
        print_turns(&shown, "")?;
        seen = last_turn(&shown).max(seen);
        let after = shown.call.contact.as_ref().map(|contact| contact.after);
        let over = shown.call.status == Status::Ended && after != Some(After::Due);
        if over && seen >= shown.call.turn {
            println!("{}", state(&shown.call));
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(EVERY);
    }
}

/// Follows all calls in progress, from now on, until it is interrupted.
fn tail_all(client: &Client<'_>) -> Result<ExitCode> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut first = true;
    loop {
        let mut open = BTreeMap::new();
        walk(client, MOST, Stage::Flow, |call| {
            let call = call.known()?;
            open.insert(call.id, call.turn);
            Ok(true)
        })?;
        if first {
            // What has been said already was not for us.
            seen.clone_from(&open);
            first = false;
        }
        // Those that are not listed any more have had their last turn.
        let gone: Vec<String> = seen.keys().filter(|id| !open.contains_key(*id)).cloned().collect();
        for (id, turn) in &open {
            let known = seen.get(id).copied().unwrap_or_default();
            if *turn > known {
                let shown = after(client, id, known)?;
                print_turns(&shown, &format!("{} ", line(id)))?;
                seen.insert(id.clone(), last_turn(&shown).max(known));
            }
        }
        for id in gone {
            let known = seen.remove(&id).unwrap_or_default();
            let shown = after(client, &id, known)?;
            print_turns(&shown, &format!("{} ", line(&id)))?;
            println!("{} {}", line(&id), state(&shown.call));
        }
        std::thread::sleep(EVERY);
    }
}

/// One call a line, as JSON.
fn export(args: &ExportArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    if args.calls.is_empty() {
        walk(&client, MOST, Stage::Flow, |call| {
            let id = call.text("id")?;
            print_json!("{}", serde_json::to_string(&whole(&client, id)?)?);
            Ok(true)
        })?;
    }
    for id in &args.calls {
        print_json!("{}", serde_json::to_string(&whole(&client, id)?)?);
    }
    Ok(ExitCode::SUCCESS)
}
