//! Erasing removes everything of one customer and nothing of others; what calls in progress hold
//! goes once they are over, and the audit log does not give the customer away.

use std::sync::Arc;
use std::time::Duration;

use dialgraph_base::CallId;
use dialgraph_deploy::Action;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::ports::HostAnswer;
use dialgraph_kernel::ports::records::{Get, Record};
use dialgraph_kernel::provider::{Caller, Records as _};
use dialgraph_local::records::{LastKnown, LocalRecords};
use dialgraph_local::tickets::{LocalTickets, TicketChange, TicketFilter, ZendeskTicket};
use dialgraph_retention::{Purge, Task};
use dialgraph_runtime::{Addressed, Start, TurnRequest};
use serde_json::json;

use crate::desk::{Desk, NOW, start};

fn first() -> Task {
    Task::Erase("c-001".to_owned())
}

/// Reads a customer through what remembers records of other systems.
async fn remember(desk: &Desk, key: &str) {
    let records = LocalRecords::new(desk.store.clone(), ["customers".to_owned()]);
    let caller = Caller {
        call_id: "elsewhere".into(),
        release: dialgraph_base::Digest::of(b"none"),
        locale: "en-US".into(),
        plugin: "p".into(),
        now: dialgraph_base::Timestamp(NOW),
        idempotency_key: format!("elsewhere/1/{key}").into(),
    };
    let get = Get { collection: "customers".into(), key: key.into(), source: Default::default() };
    let found = LastKnown::new(records, desk.store.clone()).get(&caller, &get).await.unwrap();
    assert!(found.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_of_one_customer_goes_and_nothing_of_others() {
    let desk = Desk::open().await;
    desk.call("a-1", "Bluestar Trading").await;
    desk.call("b-1", "Acorn Example Inc.").await;
    // Of another caller, who was asked whether the first customer was meant.
    desk.begin("d-1", None).await;
    desk.said("d-1", "Bluastar Tradeng").await;
    desk.event("d-1", Event::HungUp).await;
    desk.begin("a-2", Some("+821000000101")).await;
    desk.event("a-2", Event::HungUp).await;
    desk.up_to_the_end("a-3", "Bluestar Trading").await;
    remember(&desk, "c-001").await;
    remember(&desk, "c-002").await;
    let tickets = LocalTickets::new(desk.store.clone());
    for filed in tickets.list(&TicketFilter::default(), 10, None).await.unwrap().0 {
        let is_first = filed.ticket.fields.contains(&("customer_id".into(), "c-001".into()));
        let words = if is_first { "Bluestar called again." } else { "Acorn called again." };
        let change = TicketChange::Comment(words.to_owned());
        tickets
            .change(&filed.id, None, "ann", dialgraph_base::Timestamp(NOW), &change)
            .await
            .unwrap();
    }

    let error = desk.run(&first()).await.unwrap_err().to_string();
    insta::assert_snapshot!(error, @"the customer is record `c-001` in the seed of collection `customers`, which would restore it; remove it from the project's file (data/customers.yaml), push the file, and erase again");
    desk.push_without_the_first().await;
    insta::assert_snapshot!(desk.traces().await.join("\n"), @r"
    call/a-1
    call/a-2
    call/a-3
    call/d-1
    known/customers
    record-index/customers
    records/call_logs
    records/customers
    ticket-log/T-000001
    ticket-log/T-000003
    tickets
    ");

    let before = desk.rows().await;
    let would = desk.run_as(&first(), true).await.unwrap();
    assert_eq!(desk.rows().await, before, "a dry run changed something");
    let done = desk.run(&first()).await.unwrap();
    assert_eq!((&done.removed, &done.open), (&would.removed, &vec!["a-3".to_owned()]));
    insta::assert_snapshot!(format!("{:#?}", done.removed), @r#"
    {
        "calls": 2,
        "last-known": 1,
        "receipts": 3,
        "records": 3,
        "rows": 12,
        "tickets": 2,
        "turns": 1,
    }
    "#);
    // The other caller was asked about the first customer, and that question stays theirs.
    assert_eq!(desk.traces().await, ["call/a-3", "call/d-1"]);

    // The call in progress ends, and leaves its log.
    desk.event("a-3", Event::HungUp).await;
    let rest = desk.run(&first()).await.unwrap();
    assert!(rest.is_whole(), "{rest:?}");
    assert_eq!(desk.traces().await, ["call/d-1"]);
    let asked = desk.engine.calls().turn(&CallId("d-1".into()), 2).await.unwrap().unwrap();
    let searched = asked.entries.iter().find_map(|entry| match &entry.result {
        Ok(HostAnswer::RecordsSearch(page)) => Some(page.hits.len()),
        _ => None,
    });
    assert_eq!(searched, Some(0), "what the search had found is gone");
    let nothing = desk.run(&first()).await.unwrap();
    assert!(nothing.removed.is_empty(), "{nothing:?}");

    let other = desk.engine.calls().load(&CallId("b-1".into())).await.unwrap().unwrap();
    let mut told = 0;
    for turn in 1..=other.call.turn {
        let record = desk.engine.calls().turn(&other.call.id, turn).await.unwrap().unwrap();
        told += record.entries.len();
        assert!(!format!("{record:?}").contains("Bluestar"));
    }
    assert!(told >= 3, "the journal of the other call is still there");
    let parts: Vec<String> =
        desk.rows().await.iter().map(|row| row.key.part().to_string()).collect();
    for (part, many) in [
        ("records/customers", 1),
        ("known/customers", 1),
        ("records/call_logs", 2),
        ("ticket-log/T-000002", 1),
        ("tickets", 1),
    ] {
        assert_eq!(parts.iter().filter(|there| *there == part).count(), many, "{part}");
    }
}

/// A late reply in which the customer is, kept for the call.
async fn came_late(desk: &Desk, call: &str) {
    let record = Record {
        key: "c-001".into(),
        version: 1,
        updated_at: dialgraph_base::Timestamp(NOW),
        data: json!({"name": "Bluestar"}),
        extra: Default::default(),
    };
    let reply = Ok(HostAnswer::RecordsGet(Some(record)));
    let key: Arc<str> = format!("{call}/9/9").into();
    desk.engine.keep_reply(&CallId(call.into()), &key, reply).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_calls_were_told_too_late_goes_when_they_are_over() {
    let desk = Desk::open().await;
    desk.call("b-1", "Acorn Example Inc.").await;
    desk.up_to_the_end("b-2", "Acorn Example Inc.").await;
    came_late(&desk, "b-1").await;
    came_late(&desk, "b-2").await;
    desk.push_without_the_first().await;
    let done = desk.run(&first()).await.unwrap();
    assert_eq!((done.removed.get("replies"), &done.open), (Some(&1), &vec!["b-2".to_owned()]));
    desk.event("b-2", Event::HungUp).await;
    assert!(desk.run(&first()).await.unwrap().is_whole());
    assert_eq!(desk.traces().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_outside_told_other_calls_goes_when_they_are_over() {
    let desk = Desk::open().await;
    desk.push_without_the_first().await;
    let tell = async |call: &str, turn_of: bool| {
        let start = Start { flow: Some("outside".into()), ..start(call) };
        desk.engine.turn(TurnRequest::start(start, "1")).await.unwrap();
        let url = desk.engine.address(&CallId(call.into()), "news", 1).await.unwrap();
        let token = url.rsplit('/').next().unwrap();
        let Addressed::Open(target) = desk.engine.addressed("news", token).await.unwrap() else {
            panic!("{call} waits for nothing")
        };
        desk.engine.tell(&target, json!({"customer": "c-001"})).await.unwrap();
        if turn_of {
            let taken = desk.event(call, Event::Resumed).await;
            assert_eq!(taken.record.arrived.len(), 1);
        }
    };
    // Taken by the turn that ended the call; and not taken by one that goes on.
    tell("b-1", true).await;
    tell("b-2", false).await;
    let done = desk.run(&first()).await.unwrap();
    assert_eq!(done.open, ["b-2"]);
    assert_eq!((done.removed.get("replies"), done.removed.get("turns")), (Some(&1), Some(&1)));
    desk.event("b-2", Event::HungUp).await;
    assert!(desk.run(&first()).await.unwrap().is_whole());
    assert_eq!(desk.traces().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_progress_is_found_again_that_only_its_number_tells_of() {
    let desk = Desk::open().await;
    desk.begin("a-1", Some("+821000000101")).await;
    desk.push_without_the_first().await;
    assert_eq!(desk.run(&first()).await.unwrap().open, ["a-1"]);
    desk.event("a-1", Event::HungUp).await;
    let done = desk.run(&first()).await.unwrap();
    assert_eq!((done.is_whole(), done.removed.get("calls")), (true, Some(&1)), "{done:?}");
    assert_eq!(desk.traces().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_behind_the_walk_goes_with_the_next() {
    let desk = Desk::open().await;
    desk.call("b-1", "Acorn Example Inc.").await;
    desk.call("z-1", "Bluestar Trading").await;
    desk.push_without_the_first().await;
    // Once the walk is under way: the reply's row comes before what it has met.
    let late = std::sync::Once::new();
    let done = desk
        .run_seeing(&first(), &|_| {
            late.call_once(|| futures::executor::block_on(came_late(&desk, "b-1")));
        })
        .await
        .unwrap();
    assert!(done.is_whole(), "{done:?}");
    assert_eq!(desk.traces().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_tells_who_was_erased_to_those_who_know_whom_to_ask_for() {
    let desk = Desk::open().await;
    desk.call("a-1", "Bluestar Trading").await;
    desk.push_without_the_first().await;
    let done = desk.run(&first()).await.unwrap();
    let lines = desk.deploy.audit(None, 2).await.unwrap();
    let name = desk.upkeep.name_of("c-001").await.unwrap();
    assert_ne!(name, desk.upkeep.name_of("c-002").await.unwrap());
    for (line, action) in lines.iter().zip([Action::Erase, Action::EraseBegun]) {
        assert_eq!((line.action, &*line.who.name), (action, "oscar"));
        assert_eq!(line.why.as_deref(), Some(&*format!("customer {name}")));
    }
    assert_eq!((&lines[0].removed, lines[1].removed.len()), (&done.removed, 0));
    assert!(!format!("{lines:?}").contains("c-001"));
    let elsewhere = Desk::open().await;
    assert_ne!(elsewhere.upkeep.name_of("c-001").await.unwrap(), name);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused() {
    let desk = Desk::open().await;
    let error = desk.run(&Task::Erase(" ".to_owned())).await.unwrap_err().to_string();
    assert_eq!(error, "the id of a customer has 1 to 256 bytes");
    let nobody = desk.run(&Task::Erase("c-999".to_owned())).await.unwrap();
    assert!(nobody.removed.is_empty() && nobody.is_whole(), "{nobody:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_gone_is_nobodys_work() {
    let desk = Desk::open().await;
    desk.call("a-1", "Bluestar Trading").await;
    desk.call("b-1", "Acorn Example Inc.").await;
    desk.push_without_the_first().await;
    let (tickets, now) = (LocalTickets::new(desk.store.clone()), dialgraph_base::Timestamp(NOW));
    tickets.count_in(Some("work"), now).await.unwrap();
    for filed in tickets.list(&TicketFilter::default(), 10, None).await.unwrap().0 {
        let assign = TicketChange::Assign(Some("e-101".to_owned()));
        tickets.change(&filed.id, None, "ann", now, &assign).await.unwrap();
    }
    let work = LocalRecords::new(desk.store.clone(), ["work".to_owned()]);
    let counted = async || {
        let all = work.list("work", None, 10).await.unwrap().records;
        all.into_iter().map(|record| record.key).collect::<Vec<_>>()
    };
    assert_eq!(counted().await, ["ticket/T-000001", "ticket/T-000002"]);
    desk.run(&first()).await.unwrap();
    assert_eq!(counted().await, ["ticket/T-000002"]);
    let purge = Purge { older_than: Duration::ZERO, tickets: true, ..Purge::default() };
    desk.run(&Task::Purge(purge)).await.unwrap();
    assert_eq!(counted().await, [""; 0]);
    let left =
        desk.rows().await.into_iter().filter(|row| row.key.part().as_str() == "records/work");
    assert_eq!(left.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_to_be_told_of_a_ticket_and_what_zendesk_told_goes_with_the_customer() {
    let desk = Desk::open().await;
    desk.call("a-1", "Bluestar Trading").await;
    desk.call("b-1", "Acorn Example Inc.").await;
    desk.push_without_the_first().await;
    let now = dialgraph_base::Timestamp(NOW);
    let tickets = LocalTickets::new(desk.store.clone()).reporting(true);
    tickets.count_in(Some("work"), now).await.unwrap();
    for filed in tickets.list(&TicketFilter::default(), 10, None).await.unwrap().0 {
        let word = TicketChange::Comment("called again".to_owned());
        tickets.change(&filed.id, None, "ann", now, &word).await.unwrap();
    }
    for (number, call) in [(17, "a-1"), (18, "b-1")] {
        let told = ZendeskTicket {
            message: format!("m-{number}"),
            number,
            call: Some(call.to_owned()),
            assignee: Some("e-101".to_owned()),
            open: true,
            told_at: now,
            by: "engine/zendesk".to_owned(),
        };
        tickets.mirror(&told, now).await.unwrap();
    }
    let waiting = async || {
        let (all, ..) = tickets.pending(None).await.unwrap();
        all.into_iter().map(|one| one.report.ticket).collect::<Vec<_>>()
    };
    assert_eq!(waiting().await, ["T-000001", "T-000002"]);
    desk.run(&first()).await.unwrap();
    assert_eq!(waiting().await, ["T-000002"]);
    assert!(tickets.get("ZD-17").await.unwrap().is_none());
    assert!(tickets.get("ZD-18").await.unwrap().is_some());
    let work = LocalRecords::new(desk.store.clone(), ["work".to_owned()]);
    let counted = work.list("work", None, 10).await.unwrap().records;
    let keys: Vec<&str> = counted.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["ticket/ZD-18"]);
    let logs =
        desk.rows().await.into_iter().filter(|row| row.key.part().as_str() == "ticket-log/ZD-17");
    assert_eq!(logs.count(), 0);
}
