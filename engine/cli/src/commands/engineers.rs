//! `dialgraph engineers`: who takes calls, who has how much to do, who is on duty.

use std::process::ExitCode;

use anyhow::{Result, bail};
use hyper::Method;
use serde_json::json;

use dialgraph_api::Done;
use dialgraph_api::engineers::{
    Duty, DutyChange, DutyList, Engineer, EngineerChange, EngineerList, EngineerQuery,
    ShownEngineer,
};
use dialgraph_visible::line;

use crate::args::{
    EngineersCommand, EngineersDutyArgs, EngineersLsArgs, EngineersShowArgs, ServerArgs,
};
use crate::client::{Answer, Client, escaped, with_query};

/// Engineers, and days of duty, asked for at once; the most that the server gives.
const PAGE: u32 = 500;

pub(crate) fn run(command: &EngineersCommand) -> Result<ExitCode> {
    match command {
        EngineersCommand::Ls(args) => ls(args),
        EngineersCommand::Show(args) => show(args),
        EngineersCommand::Available(args) => change(&args.server, &args.engineer, true),
        EngineersCommand::Away(args) => change(&args.server, &args.engineer, false),
        EngineersCommand::Duty(args) => duty(args),
    }
}

fn ls(args: &EngineersLsArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let (mut engineers, mut after) = (Vec::<Engineer>::new(), None);
    loop {
        let query = EngineerQuery { after, limit: Some(PAGE) };
        let page: EngineerList = client.get(&with_query("/v1/engineers", &query)?)?;
        engineers.extend(page.engineers);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if args.json {
        print_json!("{}", serde_json::to_string_pretty(&json!({"engineers": engineers}))?);
        return Ok(ExitCode::SUCCESS);
    }
    for engineer in &engineers {
        println!("{}", told(engineer));
    }
    if engineers.is_empty() {
        eprintln!("there are no engineers");
    }
    Ok(ExitCode::SUCCESS)
}

fn told(engineer: &Engineer) -> String {
    let limit = engineer.max_load.map_or(String::new(), |most| format!(" of {most}"));
    format!(
        "{}  {:9}  load {}{limit}  {}",
        line(&engineer.key),
        if engineer.available { "available" } else { "away" },
        engineer.load,
        line(engineer.name.as_deref().unwrap_or("-")),
    )
}

fn path(engineer: &str) -> String {
    format!("/v1/engineers/{}", escaped(engineer))
}

fn show(args: &EngineersShowArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let shown: Answer<ShownEngineer> = client.get(&path(&args.engineer))?;
    if args.json {
        print_json!("{}", serde_json::to_string_pretty(&shown)?);
        return Ok(ExitCode::SUCCESS);
    }
    let ShownEngineer { engineer, work } = shown.known()?;
    println!("{}", told(&engineer));
    for piece in &work {
        let mut told = vec![format!("call {}", line(&piece.call))];
        if !piece.calling {
            told.push("over".to_owned());
        }
        told.extend(piece.since.as_deref().map(|since| format!("since {}", line(since))));
        told.extend(piece.tickets.iter().map(|ticket| line(ticket).into_owned()));
        println!("  {}", told.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

fn change(server: &ServerArgs, engineer: &str, available: bool) -> Result<ExitCode> {
    let change = EngineerChange { available };
    let shown: ShownEngineer = Client::new(server).post(&path(engineer), &change)?.good()?;
    println!("{}", told(&shown.engineer));
    Ok(ExitCode::SUCCESS)
}

fn duty(args: &EngineersDutyArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    match (&args.day, &args.engineer) {
        (None, _) => list_duty(&client, args.json),
        (Some(day), Some(engineer)) => {
            let change = DutyChange { engineer: engineer.clone() };
            let change = serde_json::to_value(change)?;
            let reply = client.ask_if(Method::PUT, &duty_path(day), None, Some(&change))?;
            let duty: Duty = reply.good()?;
            println!("{}  {}", line(&duty.day), line(&duty.engineer));
            Ok(ExitCode::SUCCESS)
        }
        (Some(day), None) if args.remove => {
            let _: Done = client.ask(Method::DELETE, &duty_path(day))?.good()?;
            println!("{} is out of the plan", line(day));
            Ok(ExitCode::SUCCESS)
        }
        (Some(day), None) => {
            bail!("say who is on duty on {}, or --remove to take the day out", line(day))
        }
    }
}

fn duty_path(day: &str) -> String {
    format!("/v1/duty/{}", escaped(day))
}

fn list_duty(client: &Client<'_>, as_json: bool) -> Result<ExitCode> {
    let (mut days, mut after) = (Vec::<Duty>::new(), None);
    loop {
        let query = EngineerQuery { after, limit: Some(PAGE) };
        let page: DutyList = client.get(&with_query("/v1/duty", &query)?)?;
        days.extend(page.days);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if as_json {
        print_json!("{}", serde_json::to_string_pretty(&json!({"days": days}))?);
        return Ok(ExitCode::SUCCESS);
    }
    for Duty { day, engineer } in &days {
        println!("{}  {}", line(day), line(engineer));
    }
    if days.is_empty() {
        eprintln!("nobody is on duty");
    }
    Ok(ExitCode::SUCCESS)
}
