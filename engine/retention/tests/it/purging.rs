//! What ended long ago is purged or expires, records and tickets only when they are named; a call
//! in progress stays, and what cannot be read is told.

use std::time::Duration;

use dialgraph_base::CallId;
use dialgraph_deploy::Action;
use dialgraph_kernel::event::Event;
use dialgraph_retention::{Purge, Task};
use dialgraph_store::{CommitToken, Expect, Op, Store as _};

use crate::desk::{DAY, Desk, NOW};

fn older_than_90_days() -> Purge {
    Purge { older_than: Duration::from_millis(90 * DAY), ..Purge::default() }
}

async fn calls_left(desk: &Desk, ids: &[&str]) -> Vec<String> {
    let mut left = Vec::new();
    for id in ids {
        if desk.engine.calls().load(&CallId((*id).into())).await.unwrap().is_some() {
            left.push((*id).to_owned());
        }
    }
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_ended_long_ago_go_and_open_or_later_ones_stay() {
    let desk = Desk::open().await;
    desk.call("old", "Bluestar Trading").await;
    desk.up_to_the_end("open", "Acorn Example Inc.").await;
    desk.clock.advance(60 * DAY);
    desk.call("new", "Acorn Example Inc.").await;
    desk.clock.advance(31 * DAY);
    let task = Task::Purge(older_than_90_days());

    let before = desk.rows().await;
    let would = desk.run_as(&task, true).await.unwrap();
    assert_eq!(desk.rows().await, before, "a dry run changed something");
    let done = desk.run(&task).await.unwrap();
    assert_eq!((done.removed.clone(), done.seen), (would.removed, would.seen));
    assert_eq!((done.removed["calls"], done.removed.len()), (1, 2), "{done:?}");
    assert_eq!(calls_left(&desk, &["old", "open", "new"]).await, ["open", "new"]);
    assert!(desk.rows().await.iter().all(|row| row.key.part().as_str() != "call/old"));

    let line = desk.deploy.audit(None, 1).await.unwrap().remove(0);
    assert_eq!(
        (line.action, &line.removed, &*line.who.name),
        (Action::Purge, &done.removed, "oscar")
    );
    assert_eq!(line.why.as_deref(), Some("older than 90 days"));
    let again = desk.run(&task).await.unwrap();
    assert!(again.removed.is_empty(), "{again:?}");
    assert_eq!(desk.deploy.audit(None, 1).await.unwrap()[0].number, line.number);

    let answer = desk.event("open", Event::HungUp).await;
    assert_eq!(answer.call.status.disposition(), Some("abandoned"), "{:?}", answer.call.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_and_tickets_go_only_when_they_are_named() {
    let desk = Desk::open().await;
    desk.call("old", "Bluestar Trading").await;
    desk.clock.advance(91 * DAY);
    desk.call("new", "Acorn Example Inc.").await;
    let purge = older_than_90_days();
    desk.run(&Task::Purge(purge.clone())).await.unwrap();
    let there = async |part: &str| {
        desk.rows().await.iter().filter(|row| row.key.part().as_str() == part).count()
    };
    assert_eq!((there("records/call_logs").await, there("tickets").await), (2, 2));

    let wrong = Purge { records: vec!["call_log".to_owned()], ..purge.clone() };
    let error = desk.run(&Task::Purge(wrong)).await.unwrap_err().to_string();
    insta::assert_snapshot!(error, @"there is no collection `call_log` in the project that is live; there are call_logs, customers");

    let purge = Purge { records: vec!["call_logs".to_owned()], tickets: true, ..purge };
    let done = desk.run(&Task::Purge(purge)).await.unwrap();
    assert_eq!((done.removed["records"], done.removed["tickets"]), (1, 1));
    assert_eq!((there("records/call_logs").await, there("tickets").await), (1, 1));
    assert_eq!(there("records/customers").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_go_by_the_retention_of_their_collection_and_those_of_the_seed_stay() {
    let desk = Desk::open().await;
    desk.call("old", "Bluestar Trading").await;
    let there = async |part: &str| {
        desk.rows().await.iter().filter(|row| row.key.part().as_str() == part).count()
    };
    // Calls are kept longer than records.
    let purge = Purge { older_than: Duration::from_millis(1_000 * DAY), ..Purge::default() };
    desk.clock.advance(199 * DAY);
    assert_eq!(desk.run(&Task::Purge(purge.clone())).await.unwrap().removed.len(), 0);
    desk.clock.advance(2 * DAY);
    let done = desk.run(&Task::Purge(purge)).await.unwrap();
    assert_eq!((done.removed["records"], done.removed.get("calls")), (1, None), "{done:?}");
    assert_eq!((there("records/call_logs").await, there("records/customers").await), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_removal_that_broke_off_has_left_goes_with_the_next() {
    let desk = Desk::open().await;
    desk.call("old", "Bluestar Trading").await;
    let rows = desk.rows().await;
    let state = rows.iter().find(|row| {
        row.key.part().as_str() == "call/old" && row.key.sort().as_bytes().starts_with(b"state\0")
    });
    let op = Op::delete(state.unwrap().key.clone(), Expect::Any);
    desk.store.commit(&[op], &CommitToken::new("broke off").unwrap()).await.unwrap();
    let done = desk.run(&Task::Purge(older_than_90_days())).await.unwrap();
    assert!(done.removed["rows"] > 0 && !done.removed.contains_key("calls"), "{done:?}");
    assert!(desk.rows().await.iter().all(|row| row.key.part().as_str() != "call/old"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_retention_calls_that_are_over_expire_by_themselves_and_open_ones_do_not() {
    let desk = Desk::keeping(Some(2 * DAY)).await;
    desk.call("over", "Bluestar Trading").await;
    desk.up_to_the_end("open", "Acorn Example Inc.").await;
    desk.clock.set(dialgraph_store::UnixMillis(NOW + 2 * DAY - 1));
    assert_eq!(calls_left(&desk, &["over", "open"]).await, ["over", "open"]);
    desk.clock.advance(1);
    assert_eq!(calls_left(&desk, &["over", "open"]).await, ["open"]);
    let rows = desk.rows().await;
    assert!(rows.iter().all(|row| row.key.part().as_str() != "call/over"));

    // The turns of the open call have expired, and it goes on all the same.
    desk.event("open", Event::HungUp).await;
    assert_eq!(calls_left(&desk, &["open"]).await, ["open"]);
    assert!(
        !desk
            .engine
            .calls()
            .has_open_calls(&desk.deploy.status().await.unwrap().live.release)
            .await
            .unwrap()
    );
    desk.clock.advance(2 * DAY);
    assert!(desk.rows().await.iter().all(|row| !row.key.part().as_str().starts_with("call/")));
}

/// Puts something else where a row of `part` was whose sort key begins so.
async fn spoil(desk: &Desk, part: &str, sort: &[u8]) {
    let rows = desk.rows().await;
    let row = rows
        .iter()
        .find(|row| row.key.part().as_str() == part && row.key.sort().as_bytes().starts_with(sort));
    let op = Op::put(row.unwrap().key.clone(), "spoilt", Expect::Any);
    let token = CommitToken::new(format!("spoil {part}")).unwrap();
    desk.store.commit(&[op], &token).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_named_and_goes_when_its_turns_tell_that_it_is_old() {
    let desk = Desk::open().await;
    desk.call("old", "Bluestar Trading").await;
    desk.up_to_the_end("old-and-open", "Acorn Example Inc.").await;
    desk.clock.advance(91 * DAY);
    desk.call("new", "Acorn Example Inc.").await;
    for call in ["old", "old-and-open", "new"] {
        spoil(&desk, &format!("call/{call}"), b"state\0").await;
    }
    spoil(&desk, "records/call_logs", b"").await;
    let purge = Purge { records: vec!["call_logs".to_owned()], ..older_than_90_days() };
    let done = desk.run(&Task::Purge(purge)).await.unwrap();
    assert_eq!(done.removed["calls"], 2, "{done:?}");
    let parts: Vec<String> =
        desk.rows().await.iter().map(|row| row.key.part().as_str().to_owned()).collect();
    assert!(parts.iter().all(|part| part != "call/old" && part != "call/old-and-open"));
    assert!(parts.iter().any(|part| part == "call/new"));
    assert_eq!(done.unreadable.len(), 2, "{:?}", done.unreadable);
    assert!(done.unreadable.iter().any(|what| what.contains("call new: ")), "{done:?}");
    assert!(done.unreadable.iter().any(|what| what.contains("records/call_logs ")), "{done:?}");
}
