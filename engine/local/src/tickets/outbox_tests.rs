//! Every change is written down once for a desk elsewhere, and what that desk tells has its effect
//! once.

use std::sync::Arc;

use dialgraph_base::Timestamp;
use dialgraph_kernel::provider::Tickets as _;
use dialgraph_store::{ManualClock, MemoryStore, Store};

use super::heard::{Heard, TicketNews};
use super::outbox::PendingReport;
use super::tests::{caller, create};
use super::{LocalTickets, TicketChange};

const NOW: Timestamp = Timestamp(1_800_000_100_000);

fn desk() -> LocalTickets {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
    LocalTickets::new(store).reporting(true)
}

async fn file(desk: &LocalTickets, key: &str) -> String {
    let mut request = create(key, "The disk is full");
    request.ticket.assignee = Some("e-101".into());
    desk.create(&caller(), &request).await.unwrap().id
}

async fn pending(desk: &LocalTickets) -> Vec<PendingReport> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (page, lost, next) = desk.pending(after).await.unwrap();
        assert_eq!(lost, []);
        all.extend(page);
        after = next;
        if after.is_none() {
            return all;
        }
    }
}

async fn change(desk: &LocalTickets, id: &str, change: TicketChange) {
    desk.change(id, None, "ann", NOW, &change).await.unwrap();
}

fn news(message: &str, change: Option<TicketChange>) -> TicketNews {
    TicketNews {
        message: message.to_owned(),
        ticket: "T-000001".to_owned(),
        elsewhere: None,
        by: "engine/webhook".to_owned(),
        change,
    }
}

#[tokio::test]
async fn each_change_is_to_be_told_once_in_order_and_as_it_was() {
    let desk = desk();
    let id = file(&desk, "a").await;
    assert_eq!(file(&desk, "a").await, id, "asked for twice");
    for done in [
        TicketChange::Comment("called back".into()),
        TicketChange::Assign(Some("e-102".into())),
        TicketChange::Close(None),
        TicketChange::Reopen,
    ] {
        change(&desk, &id, done).await;
    }
    let other = file(&desk, "b").await;
    let refused = desk.change(&id, None, "ann", NOW, &TicketChange::Reopen).await;
    assert!(refused.is_err(), "an open ticket cannot be opened");
    let all = pending(&desk).await;
    let places: Vec<(&str, u32)> =
        all.iter().map(|one| (one.report.ticket.as_str(), one.report.number)).collect();
    let (id, other) = (id.as_str(), other.as_str());
    assert_eq!(places, [(id, 0), (id, 1), (id, 2), (id, 3), (id, 4), (other, 0)]);
    let mut ids: Vec<&str> = all.iter().map(|one| one.report.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
    let mut states = Vec::new();
    for one in &all[..5] {
        let told = desk.reported(&one.report).await.unwrap().unwrap();
        assert_eq!(told.deed.is_none(), one.report.number == 0);
        states.push((told.ticket.ticket.assignee.unwrap(), told.ticket.closed_at.is_some()));
    }
    let state = |who: &str, closed| (who.to_owned(), closed);
    assert_eq!(
        states,
        [
            state("e-101", false),
            state("e-101", false),
            state("e-102", false),
            state("e-102", true),
            state("e-102", false)
        ]
    );
    let silent = LocalTickets::new(desk.store.clone());
    change(&silent, id, TicketChange::Close(None)).await;
    assert_eq!(pending(&desk).await.len(), 6, "a desk that reports nothing writes nothing down");
}

#[tokio::test]
async fn one_of_several_delivers_and_what_is_held_is_not_lost() {
    let desk = desk();
    let id = file(&desk, "a").await;
    change(&desk, &id, TicketChange::Close(None)).await;
    let first = desk.next_report(&id).await.unwrap().unwrap();
    let until = Timestamp(NOW.0 + 10_000);
    let held = desk.claim(&first, NOW, until).await.unwrap().unwrap();
    assert!(desk.claim(&first, NOW, until).await.unwrap().is_none(), "another has it");
    assert!(!desk.forget(&first).await.unwrap());
    let known = desk.next_report(&id).await.unwrap().unwrap();
    assert_eq!(known.report, held.report);
    assert_eq!((held.report.attempts, held.report.first_try), (1, Some(NOW)));
    desk.postpone(&held, Timestamp(NOW.0 + 60_000)).await.unwrap();
    let waiting = desk.next_report(&id).await.unwrap().unwrap();
    assert_eq!(waiting.report.id, first.report.id, "the same, however often it is tried");
    assert_eq!(waiting.report.held_until, Timestamp(NOW.0 + 60_000));
    let again = desk.claim(&waiting, until, until).await.unwrap().unwrap();
    assert_eq!((again.report.attempts, again.report.first_try), (2, Some(NOW)));
    assert!(desk.forget(&again).await.unwrap());
    assert_eq!(desk.next_report(&id).await.unwrap().unwrap().report.number, 1);
}

#[tokio::test]
async fn a_message_has_its_effect_once_and_is_not_told_back() {
    let desk = desk();
    let id = file(&desk, "a").await;
    let close = Some(TicketChange::Close(Some("done there".into())));
    let mut closed = news("m-1", close.clone());
    closed.elsewhere = Some("DESK-17".into());
    assert_eq!(desk.hear(&closed, NOW).await.unwrap(), Heard::Done);
    assert_eq!(desk.hear(&closed, NOW).await.unwrap(), Heard::Repeated);
    let filed = desk.get(&id).await.unwrap().unwrap().filed;
    assert_eq!((filed.closed_at, filed.elsewhere.as_deref()), (Some(NOW), Some("DESK-17")));
    assert_eq!(desk.hear(&news("m-2", close), NOW).await.unwrap(), Heard::Already);
    // What had no effect must have none later, either.
    change(&desk, &id, TicketChange::Reopen).await;
    assert_eq!(desk.hear(&news("m-2", None), NOW).await.unwrap(), Heard::Repeated);
    assert_eq!(desk.get(&id).await.unwrap().unwrap().filed.closed_at, None);
    let same = Some(TicketChange::Assign(Some("e-101".into())));
    assert_eq!(desk.hear(&news("m-3", same), NOW).await.unwrap(), Heard::Already);
    let mut linked = news("m-4", None);
    linked.elsewhere = Some("DESK-18".into());
    assert_eq!(desk.hear(&linked, NOW).await.unwrap(), Heard::Done);
    let filed = desk.get(&id).await.unwrap().unwrap().filed;
    assert_eq!((filed.elsewhere.as_deref(), filed.changes), (Some("DESK-18"), 2));
    let deeds = desk.history(&id).await.unwrap();
    let by: Vec<&str> = deeds.iter().map(|deed| deed.by.as_str()).collect();
    assert_eq!(by, ["engine/webhook", "ann"]);
    let told: Vec<u32> = pending(&desk).await.iter().map(|one| one.report.number).collect();
    assert_eq!(told, [0, 2], "what was heard is not told");
    let mut wrong = vec![news("m-5", Some(TicketChange::Comment(" ".into())))];
    wrong.push(TicketNews { ticket: "T-000009".into(), ..news("m-6", None) });
    wrong.push(TicketNews { elsewhere: Some("x".repeat(257)), ..news("m-7", None) });
    for news in &wrong {
        let first = desk.hear(news, NOW).await.unwrap_err();
        assert_eq!(desk.hear(news, NOW).await.unwrap_err(), first, "a refusal is not remembered");
    }
}

#[tokio::test]
async fn one_message_at_once_has_one_effect() {
    let desk = desk();
    let id = file(&desk, "a").await;
    let comment = news("m-1", Some(TicketChange::Comment("once".into())));
    let all = futures::future::join_all((0..8).map(|_| desk.hear(&comment, NOW))).await;
    let done = all.iter().filter(|heard| matches!(heard, Ok(Heard::Done))).count();
    assert_eq!((done, desk.history(&id).await.unwrap().len()), (1, 1), "{all:?}");
}
