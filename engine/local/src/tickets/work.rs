//! Open tickets count as the work of whoever is in charge: each has a record in the collection in
//! which the project counts work, written in the same commit as the ticket. A count of such records
//! does not drift from the tickets, whatever process ends in between.
//!
//! A commit does not hold on to the row that names the collection: all tickets would wait for that
//! one. So a ticket that is being written while the collection changes is counted by a second walk,
//! and one whose commit takes longer than that, when it changes next.
//!
//! Which collection that is stands in the store, so that every process, and every call of an
//! earlier release, counts in the same.

use dialgraph_base::Timestamp;
use dialgraph_kernel::ports::HostError;
use dialgraph_store::{
    CommitError, CommitToken, Expect, Key, Op, Part, Query, Row, Schema, Sort, Store, StoreError,
    Upgrade, decode, encode,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ATTEMPTS, FiledTicket, LocalTickets, PART, mirrored};
use crate::records::{beside, failed, fresh};

/// Tickets read at once while they are counted anew.
const PAGE: u32 = 500;

/// The collection in which open tickets are counted.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counting {
    collection: Option<String>,
    /// Every ticket that was there when this was written is counted in it.
    ready: bool,
}

impl Schema for Counting {
    const KIND: &'static str = "ticket-counting";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

fn counting_key() -> Result<Key, StoreError> {
    Key::new(&Part::new("ticket-counting")?, Sort::text("collection"))
}

/// The key of the record that counts a ticket. No call has such an id.
fn key_of(ticket: &str) -> String {
    format!("ticket/{ticket}")
}

/// The rows of the record that counts the ticket in `row`; none if nothing does.
///
/// # Errors
/// If the store fails.
pub(crate) async fn counted_rows(store: &dyn Store, row: &Row) -> Result<Vec<Key>, StoreError> {
    let Ok(filed) = decode::<FiledTicket>(&row.value) else { return Ok(Vec::new()) };
    match &filed.counted_in {
        Some(collection) => beside::rows(store, collection, &key_of(&filed.id)).await,
        None => Ok(Vec::new()),
    }
}

/// Where a ticket is counted, and for whom.
type Place = Option<(String, String)>;

impl FiledTicket {
    /// Where it is counted now.
    pub(super) fn counted(&self) -> Place {
        Some((self.counted_in.clone()?, self.ticket.assignee.clone()?))
    }

    /// The fields of the record that counts it; those of a call that somebody works on.
    fn work(&self, engineer: &str, now: Timestamp) -> Value {
        let seconds = i64::try_from(now.0 / 1_000).unwrap_or(i64::MAX);
        let since = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
        json!({"engineer_id": engineer, "call_id": self.call_id, "since": since.to_string()})
    }
}

impl LocalTickets {
    async fn counting(&self) -> Result<(Counting, Option<Row>), HostError> {
        let row = self.store.get(&counting_key().map_err(failed)?).await.map_err(failed)?;
        let counting = row.as_ref().map(|row| decode(&row.value)).transpose().map_err(failed)?;
        Ok((counting.unwrap_or_default(), row))
    }

    /// Has a ticket that was counted so `before` counted as it is now; gives what is to be written
    /// along with it. `anew`: even if that is the same, since somebody may have removed the record.
    pub(super) async fn count(
        &self,
        filed: &mut FiledTicket,
        before: Place,
        anew: bool,
        now: Timestamp,
    ) -> Result<Vec<Op>, HostError> {
        let engineer = filed.ticket.assignee.clone().filter(|who| !who.trim().is_empty());
        let wanted = match engineer.filter(|_| filed.closed_at.is_none()) {
            Some(engineer) => {
                self.counting().await?.0.collection.map(|collection| (collection, engineer))
            }
            None => None,
        };
        if wanted == before && (wanted.is_none() || !anew) {
            return Ok(Vec::new());
        }
        let key = key_of(&filed.id);
        let mut ops = Vec::new();
        if let Some((collection, _)) = &before
            && wanted.as_ref().is_none_or(|(other, _)| other != collection)
        {
            ops.extend(beside::write(&*self.store, collection, &key, None, now).await?);
        }
        if let Some((collection, engineer)) = &wanted {
            let work = Some(filed.work(engineer, now));
            ops.extend(beside::write(&*self.store, collection, &key, work, now).await?);
        }
        filed.counted_in = wanted.map(|(collection, _)| collection);
        Ok(ops)
    }

    /// From now on, open tickets are counted in `collection`, and those that are there already are
    /// counted in it, too; none: nowhere. Gives how many tickets this changed. Costs one read where
    /// it is so before; the desk may be at work.
    ///
    /// # Errors
    /// If the store fails; doing it again goes on.
    pub async fn count_in(
        &self,
        collection: Option<&str>,
        now: Timestamp,
    ) -> Result<u64, HostError> {
        let wanted = |ready| Counting { collection: collection.map(str::to_owned), ready };
        let (known, row) = self.counting().await?;
        if known == wanted(true) || row.is_none() && collection.is_none() {
            return Ok(0);
        }
        self.note(&wanted(false)).await?;
        let mut changed = 0;
        // From now on every change of a ticket counts it there. The second walk meets what was
        // being written by whoever had not seen that yet.
        for _ in 0..2 {
            for part in [PART, mirrored::PART] {
                let mut query = Query::new(Part::new(part).map_err(failed)?).limit(PAGE);
                loop {
                    let (page, _) = self.store.query_past(&query).await.map_err(failed)?;
                    for row in page.rows {
                        changed += u64::from(self.recount(row, now).await?);
                    }
                    query.cursor = page.next;
                    if query.cursor.is_none() {
                        break;
                    }
                }
            }
        }
        self.note(&wanted(true)).await?;
        Ok(changed)
    }

    async fn note(&self, counting: &Counting) -> Result<(), HostError> {
        for _ in 0..ATTEMPTS {
            let (_, row) = self.counting().await?;
            let op = Op::put(
                counting_key().map_err(failed)?,
                encode(counting).map_err(failed)?,
                Expect::unchanged(row.as_ref()),
            );
            let name = format!("ticket-counting/{}", fresh().map_err(failed)?);
            match self.store.commit(&[op], &CommitToken::new(name).map_err(failed)?).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(failed(error)),
            }
        }
        Err(HostError::unavailable("contended", "others decide where tickets are counted"))
    }

    /// Whether the ticket in `row` was not counted as it should be, and now is.
    async fn recount(&self, mut row: Row, now: Timestamp) -> Result<bool, HostError> {
        for _ in 0..ATTEMPTS {
            let Ok(mut filed) = decode::<FiledTicket>(&row.value) else { return Ok(false) };
            let before = filed.counted();
            let ops = self.count(&mut filed, before, false, now).await?;
            if ops.is_empty() {
                return Ok(false);
            }
            let value = encode(&filed).map_err(failed)?;
            let mut all = vec![Op::put(row.key.clone(), value, Expect::Version(row.version))];
            all.extend(ops);
            let name = format!("ticket-count/{}", fresh().map_err(failed)?);
            match self.store.commit(&all, &CommitToken::new(name).map_err(failed)?).await {
                Ok(_) => return Ok(true),
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(failed(error)),
            }
            match self.store.get(&row.key).await.map_err(failed)? {
                Some(now) => row = now,
                None => return Ok(false),
            }
        }
        Err(HostError::unavailable("contended", "a ticket changes faster than it can be counted"))
    }
}
