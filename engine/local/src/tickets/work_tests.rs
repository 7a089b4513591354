//! Open tickets count as work of whoever is in charge, each once, whatever is done with them at
//! once.

use std::collections::BTreeMap;
use std::sync::Arc;

use dialgraph_base::Timestamp;
use dialgraph_base::index::{Index, IndexKind, Indexes};
use dialgraph_kernel::ports::records::{Delete, Expectation, Search};
use dialgraph_kernel::provider::{Records as _, Tickets as _};
use dialgraph_store::{ManualClock, MemoryStore, Store};
use futures::future::join_all;

use super::tests::{caller, create};
use super::{LocalTickets, TicketChange, ZendeskTicket};
use crate::records::LocalRecords;

const NOW: Timestamp = Timestamp(1_800_000_100_000);

struct Desk {
    tickets: LocalTickets,
    records: LocalRecords,
}

impl Desk {
    async fn open() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
        let mut indexes = Indexes::default();
        let index = Index { kind: IndexKind::Exact, fields: vec!["engineer_id".into()] };
        for collection in ["work", "other"] {
            let of = BTreeMap::from([("engineer_id".to_owned(), index.clone())]);
            indexes.collections.insert(collection.to_owned(), of);
        }
        let names = ["work".to_owned(), "other".to_owned()];
        let records = LocalRecords::new(store.clone(), names).with_indexes(Arc::new(indexes));
        for collection in ["work", "other"] {
            records.build_indexes(collection, NOW).await.unwrap();
        }
        Self { tickets: LocalTickets::new(store), records }
    }

    async fn file(&self, key: &str, assignee: Option<&str>) -> String {
        let mut request = create(key, "The disk is full");
        request.ticket.assignee = assignee.map(str::to_owned);
        self.tickets.create(&caller(), &request).await.unwrap().id
    }

    async fn change(&self, id: &str, change: TicketChange) {
        self.tickets.change(id, None, "ann", NOW, &change).await.unwrap();
    }

    /// What the index and the records say of an engineer's work, which must be the same.
    async fn work_in(&self, collection: &str, engineer: &str) -> Vec<String> {
        let search = Search {
            collection: collection.into(),
            index: "engineer_id".into(),
            values: vec![engineer.into()],
            limit: 100,
            cursor: None,
            source: Default::default(),
        };
        let found = self.records.search(&caller(), &search).await.unwrap();
        let all = self.records.list(collection, None, 500).await.unwrap().records;
        let of = all.into_iter().filter(|record| record.data["engineer_id"] == engineer);
        let keys: Vec<String> = of.map(|record| record.key).collect();
        let mut hits: Vec<String> = found.hits.into_iter().map(|hit| hit.record.key).collect();
        hits.sort();
        assert_eq!(hits, keys);
        keys
    }

    async fn loads(&self) -> [usize; 2] {
        [self.work_in("work", "e-101").await.len(), self.work_in("work", "e-102").await.len()]
    }
}

fn to(engineer: &str) -> TicketChange {
    TicketChange::Assign(Some(engineer.to_owned()))
}

#[tokio::test]
async fn an_open_ticket_counts_for_whoever_is_in_charge() {
    let desk = Desk::open().await;
    desk.tickets.count_in(Some("work"), NOW).await.unwrap();
    let id = desk.file("a", Some("e-101")).await;
    assert_eq!(desk.file("a", Some("e-101")).await, id, "asked for twice");
    let record = desk.records.list("work", None, 10).await.unwrap().records.remove(0);
    let wanted = serde_json::json!({
        "engineer_id": "e-101", "call_id": "call-1", "since": "2027-01-15T08:00:00Z"
    });
    assert_eq!((record.key.as_str(), &record.data), ("ticket/T-000001", &wanted));
    assert_eq!(desk.loads().await, [1, 0]);
    let close = TicketChange::Close(None);
    for (change, loads) in [
        (TicketChange::Comment("called back".into()), [1, 0]),
        (to("e-101"), [1, 0]),
        (to("e-102"), [0, 1]),
        (close.clone(), [0, 0]),
        (to("e-101"), [0, 0]),
        (TicketChange::Reopen, [1, 0]),
        (TicketChange::Assign(None), [0, 0]),
        (to("e-102"), [0, 1]),
        (close, [0, 0]),
    ] {
        desk.change(&id, change.clone()).await;
        assert_eq!(desk.loads().await, loads, "{change:?}");
    }
    desk.file("b", None).await;
    desk.file("c", Some(" ")).await;
    assert_eq!(desk.records.list("work", None, 10).await.unwrap().records.len(), 0);
}

#[tokio::test]
async fn tickets_that_were_there_before_are_counted_when_counting_begins() {
    let desk = Desk::open().await;
    let open = desk.file("a", Some("e-101")).await;
    let closed = desk.file("b", Some("e-101")).await;
    desk.change(&closed, TicketChange::Close(None)).await;
    desk.file("c", None).await;
    assert_eq!(desk.loads().await, [0, 0], "the project counts no tickets");
    assert_eq!(desk.tickets.count_in(None, NOW).await.unwrap(), 0);

    assert_eq!(desk.tickets.count_in(Some("work"), NOW).await.unwrap(), 1);
    assert_eq!(desk.loads().await, [1, 0]);
    assert_eq!(desk.tickets.count_in(Some("work"), NOW).await.unwrap(), 0);

    assert_eq!(desk.tickets.count_in(Some("other"), NOW).await.unwrap(), 1);
    assert_eq!(desk.loads().await, [0, 0]);
    assert_eq!(desk.work_in("other", "e-101").await, [format!("ticket/{open}")]);

    assert_eq!(desk.tickets.count_in(None, NOW).await.unwrap(), 1);
    assert_eq!(desk.work_in("other", "e-101").await, [""; 0]);
    desk.change(&open, to("e-102")).await;
    assert_eq!(desk.loads().await, [0, 0]);
}

#[tokio::test]
async fn tickets_that_zendesk_keeps_are_counted_when_counting_begins_and_can_be_closed_here() {
    let desk = Desk::open().await;
    let told = |second: u64| ZendeskTicket {
        message: format!("zendesk/{second}"),
        number: 17,
        call: Some("c-7".into()),
        assignee: Some("e-101".into()),
        open: true,
        told_at: Timestamp(NOW.0 + second * 1_000),
        by: "engine/zendesk".into(),
    };
    desk.tickets.mirror(&told(0), NOW).await.unwrap();
    assert_eq!(desk.loads().await, [0, 0], "the project counts no tickets");
    assert_eq!(desk.tickets.count_in(Some("work"), NOW).await.unwrap(), 1);
    assert_eq!(desk.loads().await, [1, 0]);

    // It was deleted there, and nobody tells.
    let later = Timestamp(NOW.0 + 60_000);
    let close = TicketChange::Close(None);
    desk.tickets.change("ZD-17", None, "ann", later, &close).await.unwrap();
    assert_eq!(desk.loads().await, [0, 0]);
    desk.tickets.mirror(&told(59), later).await.unwrap();
    assert_eq!(desk.loads().await, [0, 0], "told before, and come late");
    desk.tickets.mirror(&told(61), later).await.unwrap();
    assert_eq!(desk.loads().await, [1, 0], "it is there after all");
    let moved = desk.tickets.change("ZD-17", None, "ann", later, &to("e-102")).await;
    assert_eq!(moved.unwrap_err().code, "not-now");
}

#[tokio::test]
async fn counts_are_exact_with_many_deeds_at_once() {
    let desk = Desk::open().await;
    desk.tickets.count_in(Some("work"), NOW).await.unwrap();
    let keys: Vec<String> = (0..128).map(|n| n.to_string()).collect();
    let ids = join_all(keys.iter().map(|key| desk.file(key, Some("e-101")))).await;
    join_all(ids.iter().take(40).map(|id| desk.change(id, to("e-102")))).await;
    // Two people at one ticket: one moves it, the other comments and closes it.
    let both =
        ids.iter().skip(30).take(20).flat_map(|id| {
            [desk.change(id, to("e-102")), desk.change(id, TicketChange::Close(None))]
        });
    join_all(both).await;
    let mut held = [0, 0];
    for id in &ids {
        let filed = desk.tickets.get(id).await.unwrap().unwrap().filed;
        if filed.closed_at.is_none() {
            held[usize::from(filed.ticket.assignee.as_deref() == Some("e-102"))] += 1;
        }
    }
    assert_eq!(held, [78, 30]);
    let all = desk.records.list("work", None, 500).await.unwrap().records;
    let count = |engineer| all.iter().filter(|one| one.data["engineer_id"] == engineer).count();
    assert_eq!([count("e-101"), count("e-102")], held);
}

#[tokio::test]
async fn a_record_that_somebody_removed_is_back_when_the_ticket_is_assigned_again() {
    let desk = Desk::open().await;
    desk.tickets.count_in(Some("work"), NOW).await.unwrap();
    let id = desk.file("a", Some("e-101")).await;
    let key = format!("ticket/{id}");
    let gone = Delete { collection: "work".into(), key, expect: Expectation::Any };
    desk.records.delete(&caller(), &gone).await.unwrap();
    assert_eq!(desk.loads().await, [0, 0]);
    desk.change(&id, to("e-101")).await;
    assert_eq!(desk.loads().await, [1, 0]);
}
