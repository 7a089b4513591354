//! `dialgraph calls`: calls of a running server.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::tz::TimeZone;
use serde_json::Value;

use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::ports::Timestamp;
use dialgraph_simulator::transcript::{self, Detail};

use crate::args::{CallsCommand, ExportArgs, LsArgs, ShowArgs, TailArgs};
use crate::client::{Client, escaped};

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

/// Walks calls in progress, page by page, until `each` has had enough of them: it says whether to go on.
fn walk(
    client: &Client<'_>,
    page: usize,
    mut each: impl FnMut(&Value) -> Result<bool>,
) -> Result<()> {
    let mut after = None::<String>;
    loop {
        let place = after.map(|place| format!("&after={}", escaped(&place))).unwrap_or_default();
        let listed = client.get(&format!("/v1/calls?limit={page}{place}"))?;
        for call in listed["calls"].as_array().context("the server lists no calls")? {
            if !each(call)? {
                return Ok(());
            }
        }
        match listed["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
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
    walk(&client, limit.saturating_add(1).min(MOST), |call| {
        more = calls.len() == limit;
        if !more {
            calls.push(call.clone());
        }
        Ok(!more)
    })?;
    if args.json {
        let listed = serde_json::json!({"calls": calls, "more": more});
        println!("{}", serde_json::to_string_pretty(&listed)?);
        return Ok(ExitCode::SUCCESS);
    }
    let text = |call: &Value, name: &str| call[name].as_str().unwrap_or("-").to_owned();
    let mut rows = vec![["CALL", "BEGAN", "CHANNEL", "LOCALE", "TURN", "AT"].map(str::to_owned)];
    rows.extend(calls.iter().map(|call| {
        [
            text(call, "id"),
            began(call),
            text(call, "channel"),
            text(call, "locale"),
            call["turn"].to_string(),
            text(call, "at"),
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

fn began(call: &Value) -> String {
    let at = call["started_at_ms"].as_u64().unwrap_or_default();
    transcript::time(Timestamp(at), &TimeZone::system())
}

fn show(args: &ShowArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let shown = whole(&client, &args.call)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&shown)?);
        return Ok(ExitCode::SUCCESS);
    }
    let call = &shown["call"];
    let word = |name: &str| call[name].as_str().unwrap_or("-");
    println!("Call {} at {}, {}, {}", word("id"), began(call), word("channel"), word("locale"));
    println!("Release {}", word("release"));
    print_turns(&shown, "")?;
    println!();
    println!("Path: {}", path(&shown));
    let attributes = call["attributes"].as_object();
    for (name, value) in attributes.into_iter().flatten() {
        println!(
            "  {name} = {}",
            if value.is_null() { "(not shown)".to_owned() } else { value.to_string() }
        );
    }
    println!("{}", state(call));
    Ok(ExitCode::SUCCESS)
}

fn path(shown: &Value) -> String {
    let places = shown["path"].as_array().into_iter().flatten().filter_map(Value::as_str);
    places.collect::<Vec<_>>().join(" → ")
}

/// How the call stands, in words.
fn state(call: &Value) -> String {
    let queue = call["queue"].as_str().map(|queue| format!(", queue {queue}")).unwrap_or_default();
    match (call["status"].as_str(), call["disposition"].as_str()) {
        (Some("ended"), Some(disposition)) => format!("Ended: {disposition}{queue}"),
        (Some("handed"), Some(disposition)) => format!("Given away: {disposition}{queue}"),
        _ => format!("In progress at {}", call["at"].as_str().unwrap_or("-")),
    }
}

/// A call with all its turns, however many pages they take.
fn whole(client: &Client<'_>, id: &str) -> Result<Value> {
    let mut shown = after(client, id, 0)?;
    let last = shown["call"]["turn"].as_u64().unwrap_or_default();
    loop {
        let have = last_turn(&shown);
        if have >= last || have == 0 {
            return Ok(shown);
        }
        let mut more = after(client, id, have)?;
        match (shown["turns"].as_array_mut(), more["turns"].as_array_mut()) {
            (Some(turns), Some(more)) if !more.is_empty() => turns.append(more),
            _ => return Ok(shown),
        }
    }
}

fn after(client: &Client<'_>, id: &str, turn: u64) -> Result<Value> {
    client.get(&format!("/v1/calls/{}?after={turn}", escaped(id)))
}

/// The number of the last turn shown.
fn last_turn(shown: &Value) -> u64 {
    let last = shown["turns"].as_array().and_then(|turns| turns.last());
    last.and_then(|turn| turn["record"]["turn"].as_u64()).unwrap_or_default()
}

fn print_turns(shown: &Value, label: &str) -> Result<()> {
    for turn in shown["turns"].as_array().into_iter().flatten() {
        let record: TurnRecord = serde_json::from_value(turn["record"].clone())
            .context("the server's journal is of a newer version")?;
        println!();
        for line in transcript::turn(&record, Detail::Path).lines() {
            println!("{label}{line}");
        }
        for function in turn["hidden"].as_array().into_iter().flatten() {
            println!("{label}        {} (not shown)", function.as_str().unwrap_or("-"));
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
        let over = shown["call"]["status"] == "ended";
        if over && Some(seen) >= shown["call"]["turn"].as_u64() {
            println!("{}", state(&shown["call"]));
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(EVERY);
    }
}

/// Follows all calls in progress, from now on, until it is interrupted.
fn tail_all(client: &Client<'_>) -> Result<ExitCode> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut first = true;
    loop {
        let mut open = BTreeMap::new();
        walk(client, MOST, |call| {
            if let (Some(id), Some(turn)) = (call["id"].as_str(), call["turn"].as_u64()) {
                open.insert(id.to_owned(), turn);
            }
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
                print_turns(&shown, &format!("{id} "))?;
                seen.insert(id.clone(), last_turn(&shown).max(known));
            }
        }
        for id in gone {
            let known = seen.remove(&id).unwrap_or_default();
            let shown = after(client, &id, known)?;
            print_turns(&shown, &format!("{id} "))?;
            println!("{id} {}", state(&shown["call"]));
        }
        std::thread::sleep(EVERY);
    }
}

/// One call a line, as JSON.
fn export(args: &ExportArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    if args.calls.is_empty() {
        walk(&client, MOST, |call| {
            let id = call["id"].as_str().context("the server lists a call without an id")?;
            println!("{}", whole(&client, id)?);
            Ok(true)
        })?;
    }
    for id in &args.calls {
        println!("{}", whole(&client, id)?);
    }
    Ok(ExitCode::SUCCESS)
}
