//! The local ticket desk: tickets in the embedded store, with what people did with each since.
//!
//! Numbers are taken from the store by the block, so that tickets that are opened at once wait for
//! no common row. A process numbers its tickets in the order in which they are opened; what is left
//! of its block when it ends is never given.

mod changes;
mod heard;
mod mirrored;
mod outbox;
#[cfg(test)]
mod outbox_tests;
mod work;
#[cfg(test)]
mod work_tests;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use dialgraph_base::Timestamp;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::tickets::{Create, Receipt, Ticket};
use dialgraph_kernel::provider::{Caller, Tickets};
use dialgraph_store::{
    CommitError, CommitToken, Committed, Expect, Key, Op, Part, Schema, Sort, Store, StoreError,
    Upgrade, decode, encode,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::records::{failed, fresh, short, token};

/// Longest subject, in characters.
pub const MAX_SUBJECT_CHARS: usize = 150;

/// Largest body, in bytes.
pub const MAX_BODY_BYTES: usize = 32 << 10;

const PRIORITIES: [&str; 4] = ["urgent", "high", "normal", "low"];

/// How often something is tried while others do the same.
const ATTEMPTS: usize = 32;

/// Numbers that are taken from the store at a time.
const BLOCK: u64 = 32;

pub(crate) use changes::log_rows;
pub use changes::{
    ChangedTicket, MAX_CHANGES, MAX_COMMENT_BYTES, TicketChange, TicketDeed, TicketFilter,
};
pub use heard::{Heard, MAX_ELSEWHERE, TicketNews};
pub(crate) use mirrored::PART as MIRRORED_PART;
pub use mirrored::ZendeskTicket;
pub(crate) use outbox::rows as report_rows;
pub use outbox::{PendingReport, ReportedChange, TicketReport};
pub(crate) use work::counted_rows;

/// The ticket desk; clones are one.
#[derive(Clone)]
pub struct LocalTickets {
    store: Arc<dyn Store>,
    /// Numbers that are taken and not given yet.
    numbers: Arc<Mutex<Range<u64>>>,
    /// Changes are written down for a desk elsewhere.
    reports: bool,
}

impl std::fmt::Debug for LocalTickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalTickets").finish_non_exhaustive()
    }
}

/// A ticket at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiledTicket {
    /// `T-000001` and so on.
    pub id: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Call in which it was opened.
    pub call_id: String,
    /// Plugin that opened it.
    pub plugin: String,
    /// What it says, and who is in charge now.
    pub ticket: Ticket,
    /// When it was closed; none: it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// How often it was changed since.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub changes: u32,
    /// The collection that counts it as work of whoever is in charge; none: it is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_in: Option<String>,
    /// Its id at a desk elsewhere, if that has told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
    /// Of a ticket that is kept elsewhere: when that was told of it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Schema for FiledTicket {
    const KIND: &'static str = "ticket";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

/// Number of a ticket: the last one taken, or the one of an idempotency key.
#[derive(Debug, Serialize, Deserialize)]
struct Number {
    number: u64,
}

impl Schema for Number {
    const KIND: &'static str = "ticket-number";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

fn id(number: u64) -> String {
    format!("T-{number:06}")
}

/// The partition of tickets.
pub(crate) const PART: &str = "tickets";

fn place(number: u64) -> Result<Key, HostError> {
    let part = Part::new(PART).map_err(failed)?;
    Key::new(&part, Sort::number(number)).map_err(failed)
}

/// Where the ticket with this id is; none: it is no id of this desk, nor of a ticket elsewhere
/// that it knows of.
pub(crate) fn place_of(id: &str) -> Result<Option<Key>, StoreError> {
    if let Some(number) = mirrored::number_of(id) {
        return mirrored::place(number).map(Some);
    }
    let Some(number) = id.strip_prefix("T-").and_then(|number| number.parse().ok()) else {
        return Ok(None);
    };
    Key::new(&Part::new(PART)?, Sort::number(number)).map(Some)
}

/// Where the number of the ticket is that this key has opened.
pub(crate) fn claim_of(idempotency_key: &str) -> Result<Key, StoreError> {
    let part = Part::new(format!("ticket-key/{}", short(idempotency_key)))?;
    Key::new(&part, Sort::text("number"))
}

impl LocalTickets {
    /// A desk that keeps its tickets in `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, numbers: Arc::default(), reports: false }
    }

    /// The same desk; with `reports`, it writes down what is to be told elsewhere.
    #[must_use]
    pub fn reporting(self, reports: bool) -> Self {
        Self { reports, ..self }
    }
}

fn check(request: &Create) -> Result<(), HostError> {
    let wrong = |field: &str, why: String| {
        Err(HostError::invalid(format!("bad-{field}"), format!("ticket: `{field}` {why}")))
    };
    let ticket = &request.ticket;
    let subject = ticket.subject.chars().count();
    if ticket.subject.trim().is_empty() || subject > MAX_SUBJECT_CHARS {
        return wrong(
            "subject",
            format!("has {subject} characters; give it 1 to {MAX_SUBJECT_CHARS}"),
        );
    }
    if ticket.body.len() > MAX_BODY_BYTES {
        return wrong(
            "body",
            format!("has {} bytes; the limit is {MAX_BODY_BYTES}", ticket.body.len()),
        );
    }
    if !PRIORITIES.contains(&ticket.priority.as_str()) {
        return wrong(
            "priority",
            format!("is `{}`; it is one of {}", ticket.priority, PRIORITIES.join(", ")),
        );
    }
    if request.idempotency_key.is_empty() || request.idempotency_key.len() > 255 {
        let length = request.idempotency_key.len();
        return wrong("idempotency-key", format!("has {length} bytes; give it 1 to 255"));
    }
    Ok(())
}

#[async_trait]
impl Tickets for LocalTickets {
    async fn create(&self, caller: &Caller, request: &Create) -> Result<Receipt, HostError> {
        check(request)?;
        let claim = claim_of(&request.idempotency_key).map_err(failed)?;
        let token = token("ticket", &request.idempotency_key)?;
        for _ in 0..ATTEMPTS {
            if let Some(row) = self.store.get(&claim).await.map_err(failed)? {
                let Number { number } = decode(&row.value).map_err(failed)?;
                return Ok(Receipt { id: id(number), url: None, duplicate: true });
            }
            let number = self.number().await?;
            let mut filed = FiledTicket {
                id: id(number),
                opened_at: caller.now,
                call_id: caller.call_id.to_string(),
                plugin: caller.plugin.to_string(),
                ticket: request.ticket.clone(),
                closed_at: None,
                changes: 0,
                counted_in: None,
                elsewhere: None,
                told_at: None,
            };
            let work = self.count(&mut filed, None, false, caller.now).await?;
            let value = encode(&Number { number }).map_err(failed)?;
            let mut ops = vec![
                Op::put(claim.clone(), value, Expect::Absent),
                Op::put(place(number)?, encode(&filed).map_err(failed)?, Expect::Absent),
            ];
            ops.extend(work);
            ops.extend(self.report(&filed)?);
            match self.store.commit(&ops, &token).await {
                Ok(Committed::Applied) => {
                    return Ok(Receipt { id: filed.id, url: None, duplicate: false });
                }
                // Ours from before; or a store that was put back has the number. Look again.
                Ok(Committed::Repeated) | Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(failed(error)),
            }
        }
        Err(contended())
    }
}

fn contended() -> HostError {
    HostError::unavailable("contended", "too many tickets are being opened at once; try again")
}

impl LocalTickets {
    /// A number that no other ticket has.
    async fn number(&self) -> Result<u64, HostError> {
        let mut numbers = self.numbers.lock().await;
        if let Some(number) = numbers.next() {
            return Ok(number);
        }
        let counter = Part::new("ticket-counter")
            .and_then(|part| Key::new(&part, Sort::text("number")))
            .map_err(failed)?;
        for _ in 0..ATTEMPTS {
            let last = self.store.get(&counter).await.map_err(failed)?;
            let given = match &last {
                Some(row) => decode::<Number>(&row.value).map_err(failed)?.number,
                None => 0,
            };
            let value = encode(&Number { number: given + BLOCK }).map_err(failed)?;
            let op = Op::put(counter.clone(), value, Expect::unchanged(last.as_ref()));
            let name = format!("ticket-numbers/{}", fresh().map_err(failed)?);
            let token = CommitToken::new(name).map_err(failed)?;
            match self.store.commit(&[op], &token).await {
                Ok(_) => {
                    *numbers = given + 2..given + 1 + BLOCK;
                    return Ok(given + 1);
                }
                // Another process took these.
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(failed(error)),
            }
        }
        Err(contended())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use dialgraph_store::{ManualClock, MemoryStore};

    use super::*;

    fn desk() -> LocalTickets {
        LocalTickets::new(Arc::new(MemoryStore::new(Arc::new(ManualClock::default()))))
    }

    pub(super) fn caller() -> Caller {
        Caller {
            call_id: "call-1".into(),
            release: dialgraph_base::Digest::of(b"no release"),
            locale: "ko-KR".into(),
            plugin: "ticketing".into(),
            now: Timestamp(1_800_000_000_000),
            idempotency_key: "call-1/3/0".into(),
        }
    }

    pub(super) fn create(key: &str, subject: &str) -> Create {
        let ticket = Ticket {
            subject: subject.to_owned(),
            priority: "urgent".to_owned(),
            ..Ticket::default()
        };
        Create { ticket, idempotency_key: key.to_owned() }
    }

    #[tokio::test]
    async fn tickets_are_numbered_and_a_key_opens_one_only() {
        let desk = desk();
        let first = desk.create(&caller(), &create("a", "운영 장애")).await.unwrap();
        assert_eq!((first.id.as_str(), first.duplicate), ("T-000001", false));
        let second = desk.create(&caller(), &create("b", "요금 문의")).await.unwrap();
        assert_eq!(second.id, "T-000002");
        let again = desk.create(&caller(), &create("a", "something else")).await.unwrap();
        assert_eq!((again.id.as_str(), again.duplicate), ("T-000001", true));

        let (all, next) = desk.list(&TicketFilter::default(), 10, None).await.unwrap();
        let ids: Vec<&str> = all.iter().map(|ticket| ticket.id.as_str()).collect();
        assert_eq!((ids, next), (vec!["T-000002", "T-000001"], None));
        assert_eq!(desk.get("T-000001").await.unwrap().unwrap().filed.ticket.subject, "운영 장애");
        assert_eq!(desk.get("T-000003").await.unwrap(), None);
        assert_eq!(desk.get("nonsense").await.unwrap(), None);
    }

    #[tokio::test]
    async fn tickets_opened_at_once_get_numbers_of_their_own() {
        let desk = desk();
        let caller = caller();
        let requests: Vec<Create> = (0..12).map(|n| create(&n.to_string(), "s")).collect();
        let all = futures::future::join_all(requests.iter().map(|r| desk.create(&caller, r))).await;
        let mut ids: Vec<String> = all.into_iter().map(|receipt| receipt.unwrap().id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 12);
    }

    #[tokio::test]
    async fn a_bad_ticket_is_refused_by_field() {
        let desk = desk();
        let mut refusals = Vec::new();
        let mut bad =
            [create("a", " "), create("a", &"가".repeat(151)), create("", "s"), create("a", "s")];
        bad[3].ticket.priority = "asap".to_owned();
        for request in &bad {
            refusals.push(desk.create(&caller(), request).await.unwrap_err().to_string());
        }
        insta::assert_snapshot!(refusals.join("\n"), @r#"
        bad-subject: ticket: `subject` has 1 characters; give it 1 to 150
        bad-subject: ticket: `subject` has 151 characters; give it 1 to 150
        bad-idempotency-key: ticket: `idempotency-key` has 0 bytes; give it 1 to 255
        bad-priority: ticket: `priority` is `asap`; it is one of urgent, high, normal, low
        "#);
    }
}
