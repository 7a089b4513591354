//! `dialgraph tickets`: tickets of the engine's own desk, on a running server.

use std::process::ExitCode;

use anyhow::Result;
use jiff::tz::TimeZone;
use serde_json::json;

use dialgraph_api::Millis;
use dialgraph_api::tickets::{
    ShownTicket, Ticket, TicketChange, TicketDeed, TicketList, TicketQuery, TicketStatus,
};
use dialgraph_base::Timestamp;
use dialgraph_simulator::transcript;
use dialgraph_visible::line;

use crate::args::{ServerArgs, StatusArg, TicketsCommand, TicketsLsArgs, TicketsShowArgs};
use crate::client::{Answer, Client, escaped, with_query};

/// Tickets asked for at once; the most that the server gives.
const PAGE: usize = 500;

pub(crate) fn run(command: &TicketsCommand) -> Result<ExitCode> {
    match command {
        TicketsCommand::Ls(args) => ls(args),
        TicketsCommand::Show(args) => show(args),
        TicketsCommand::Assign(args) => {
            change(&args.server, &args.id, &TicketChange::Assign { to: args.person.clone() })
        }
        TicketsCommand::Comment(args) => {
            change(&args.server, &args.id, &TicketChange::Comment { text: args.text.clone() })
        }
        TicketsCommand::Close(args) => {
            change(&args.server, &args.id, &TicketChange::Close { text: args.comment.clone() })
        }
        TicketsCommand::Reopen(args) => change(&args.server, &args.id, &TicketChange::Reopen {}),
    }
}

fn ls(args: &TicketsLsArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let status = match args.status {
        StatusArg::Open => Some(TicketStatus::Open),
        StatusArg::Closed => Some(TicketStatus::Closed),
        StatusArg::All => None,
    };
    let (mut tickets, mut after, mut more) = (Vec::<Ticket>::new(), None, true);
    while more && tickets.len() <= args.limit {
        // One more than is shown, to know whether there is one.
        let limit = (args.limit - tickets.len()).saturating_add(1).min(PAGE);
        let query = TicketQuery {
            status,
            assignee: args.assignee.clone(),
            after,
            limit: u32::try_from(limit).ok(),
        };
        let listed: TicketList = client.get(&with_query("/v1/tickets", &query)?)?;
        tickets.extend(listed.tickets);
        more = listed.next.is_some();
        after = listed.next;
    }
    let more = tickets.len() > args.limit;
    tickets.truncate(args.limit);
    if args.json {
        print_json!(
            "{}",
            serde_json::to_string_pretty(&json!({"tickets": tickets, "more": more}))?
        );
        return Ok(ExitCode::SUCCESS);
    }
    for ticket in &tickets {
        println!(
            "{}  {}  {:6}  {:6}  {}  {}",
            line(&ticket.id),
            time(ticket.opened_at),
            ticket.status.as_str(),
            line(&ticket.priority),
            line(ticket.assignee.as_deref().unwrap_or("-")),
            line(&ticket.subject),
        );
    }
    if tickets.is_empty() {
        eprintln!("there is no such ticket");
    }
    if more {
        println!("… and more; `--limit` lists so many");
    }
    Ok(ExitCode::SUCCESS)
}

fn time(at: Millis) -> String {
    transcript::time(Timestamp(at.0), &TimeZone::system())
}

fn show(args: &TicketsShowArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let shown: Answer<ShownTicket> = client.get(&path(&args.id))?;
    if args.json {
        print_json!("{}", serde_json::to_string_pretty(&shown)?);
        return Ok(ExitCode::SUCCESS);
    }
    let ShownTicket { ticket, history } = shown.known()?;
    println!(
        "{}, {}, {}, opened {} in call {}",
        line(&ticket.id),
        ticket.status.as_str(),
        line(&ticket.priority),
        time(ticket.opened_at),
        line(&ticket.call)
    );
    println!("{}", line(&ticket.subject));
    let told = [
        ("in charge", ticket.assignee.as_deref()),
        ("for", ticket.requester_name.as_deref()),
        ("e-mail", ticket.requester_email.as_deref()),
        ("telephone", ticket.requester_phone.as_deref()),
    ];
    for (what, who) in told {
        if let Some(who) = who {
            println!("  {what}: {}", line(who));
        }
    }
    for (name, value) in &ticket.fields {
        println!("  {} = {}", line(name), line(value));
    }
    println!();
    for words in ticket.body.lines() {
        println!("  {}", line(words));
    }
    for deed in &history {
        println!();
        println!("{}  {} {}", time(deed.at), line(&deed.by), done(deed));
        for words in deed.text.iter().flat_map(|text| text.lines()) {
            println!("  {}", line(words));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What somebody did, in words.
fn done(deed: &TicketDeed) -> String {
    match (deed.what.as_str(), &deed.to) {
        ("assign", Some(to)) => format!("assigned it to {}", line(to)),
        ("assign", None) => "assigned it to nobody".to_owned(),
        ("comment", _) => "commented".to_owned(),
        ("close", _) => "closed it".to_owned(),
        ("reopen", _) => "opened it again".to_owned(),
        (other, _) => line(other).into_owned(),
    }
}

fn path(id: &str) -> String {
    format!("/v1/tickets/{}", escaped(id))
}

fn change(server: &ServerArgs, id: &str, change: &TicketChange) -> Result<ExitCode> {
    let ticket: Ticket = Client::new(server).post(&path(id), change)?.good()?;
    println!(
        "{}, {}, in charge: {}",
        line(&ticket.id),
        ticket.status.as_str(),
        line(ticket.assignee.as_deref().unwrap_or("nobody"))
    );
    Ok(ExitCode::SUCCESS)
}
