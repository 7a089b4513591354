//! Removes what belongs to one customer, and blots out in other calls what they were told of that
//! customer.
//!
//! A call looks customers up by name, and what it was told stays in its journal: also of customers
//! that it was not. So it is not enough to remove the customer's own calls.

use std::collections::BTreeSet;

use dialgraph_base::CallId;
use dialgraph_flow::erase::Erase;
use dialgraph_kernel::call::{Call, Offered, Waits};
use dialgraph_kernel::journal::{Entry, TurnRecord};
use dialgraph_kernel::outside::Arrival;
use dialgraph_kernel::ports::records::Record;
use dialgraph_kernel::ports::{HostAnswer, HostCall};
use dialgraph_local::kept::{self, Kept, is_kept, names, text};
use dialgraph_runtime::{Calls, CleanUp, Loaded};
use dialgraph_store::{Key, Part, Query, Row, StoreError};
use serde_json::{Map, Value};

use crate::error::RetentionError;
use crate::sweep::{Doomed, Found, Met, Walk, look, remove, tell, unreadable};
use crate::{Done, Upkeep, run_name};

/// Longest id of a customer, in bytes.
const MAX_ID: usize = 256;

/// Whom it is about, and how they are known.
pub(crate) struct Wanted {
    customer: String,
    rules: Erase,
    /// Digits of the customer's telephone numbers.
    numbers: BTreeSet<String>,
}

impl Wanted {
    /// # Errors
    /// Without rules, or if the customer would come back.
    pub(crate) async fn of(upkeep: &Upkeep, customer: &str) -> Result<Self, RetentionError> {
        if customer.trim().is_empty() || customer.len() > MAX_ID {
            return Err(RetentionError::BadCustomer);
        }
        let project = upkeep.history.live_project().await?;
        let rules = project.erase().clone();
        if rules.is_empty() {
            return Err(RetentionError::NoRules);
        }
        for (name, field) in &rules.collections {
            let seed = project.collections().get(name.as_str()).map(|collection| &collection.seed);
            let found = seed.into_iter().flatten().find(|(_, data)| names(data, field, customer));
            if let Some((key, _)) = found {
                let file = project.seed_file(name).unwrap_or("dialgraph.yaml").to_owned();
                let (collection, key) = (name.clone(), key.clone());
                return Err(RetentionError::Seeded { collection, key, file });
            }
        }
        let mut wanted = Self { customer: customer.to_owned(), rules, numbers: BTreeSet::new() };
        for (collection, field) in wanted.rules.callers.clone() {
            for part in [format!("records/{collection}"), format!("known/{collection}")] {
                wanted.gather_numbers(upkeep, Part::new(part)?, &field).await?;
            }
        }
        Ok(wanted)
    }

    async fn gather_numbers(
        &mut self,
        upkeep: &Upkeep,
        part: Part,
        field: &str,
    ) -> Result<(), RetentionError> {
        let mut query = Query::new(part).limit(500);
        loop {
            // What cannot be read is told of by the walk.
            let (page, _) = upkeep.store.query_past(&query).await?;
            for row in &page.rows {
                let found = match record_in(row) {
                    Err(RetentionError::Store(error)) if error.is_of_row() => None,
                    found => found?,
                };
                if let Some((collection, data)) = found
                    && self.is_named_in(&collection, &data)
                {
                    let number = text(&data, field).map(|number| digits(&number));
                    self.numbers.extend(number.filter(|number| !number.is_empty()));
                }
            }
            match page.next {
                Some(next) => query = query.after(Some(next)),
                None => return Ok(()),
            }
        }
    }

    fn is_named_in(&self, collection: &str, data: &Value) -> bool {
        let field = self.rules.collections.get(collection);
        field.is_some_and(|field| names(data, field, &self.customer))
    }

    fn is_of(&self, collection: &str, record: &Record) -> bool {
        self.is_named_in(collection, &record.data)
    }

    /// Whether the fields of a ticket name the customer.
    fn is_ticket_of(&self, fields: &[(String, String)]) -> bool {
        fields
            .iter()
            .any(|(name, value)| self.rules.tickets.contains(name) && *value == self.customer)
    }

    /// Whether the call is the customer's, and by what that is known.
    fn is_call_of(&self, call: &Call, turns: &[TurnRecord]) -> Option<Known> {
        let attributes: Map<String, Value> =
            call.attributes.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let attributes = Value::Object(attributes);
        let named: Vec<String> = self
            .rules
            .attributes
            .iter()
            .filter_map(|name| text(&attributes, name))
            .filter(|id| !id.is_empty())
            .collect();
        if named.contains(&self.customer) {
            return Some(Known::ById);
        }
        let wrote = |entry: &Entry| match &entry.call {
            HostCall::RecordsPut(put) => self.is_named_in(&put.collection, &put.data),
            HostCall::TicketsCreate(create) => self.is_ticket_of(&create.ticket.fields),
            _ => false,
        };
        if turns.iter().flat_map(|turn| &turn.entries).any(wrote) {
            return Some(Known::ById);
        }
        let from = call.from.as_deref().map(digits);
        let is_theirs = named.is_empty() && from.is_some_and(|from| self.numbers.contains(&from));
        is_theirs.then_some(Known::ByNumber)
    }

    /// Takes the customer out of what a call was told; false when there is nothing of them.
    fn blot(&self, entry: &mut Entry) -> bool {
        match (&entry.call, &mut entry.result) {
            (HostCall::RecordsGet(get), Ok(HostAnswer::RecordsGet(found))) => {
                let is_of =
                    found.as_ref().is_some_and(|record| self.is_of(&get.collection, record));
                if is_of {
                    *found = None;
                }
                is_of
            }
            (HostCall::RecordsFind(find), Ok(HostAnswer::RecordsFind(page))) => {
                let before = page.records.len();
                page.records.retain(|record| !self.is_of(&find.collection, record));
                page.records.len() < before
            }
            (HostCall::RecordsSearch(search), Ok(HostAnswer::RecordsSearch(page))) => {
                let before = page.hits.len();
                page.hits.retain(|hit| !self.is_of(&search.collection, &hit.record));
                page.hits.len() < before
            }
            _ => false,
        }
    }

    /// Takes away what somebody outside told, if the customer's id is anywhere in it; whether it
    /// was.
    fn unsay(&self, arrival: &mut Arrival) -> bool {
        let told = arrival.value.to_string().contains(&self.customer);
        if told {
            arrival.value = serde_json::Value::Null;
        }
        told
    }

    /// Whether the customer's id is anywhere in what a row holds.
    fn is_in_text_of(&self, row: &Row) -> bool {
        let id = self.customer.as_bytes();
        row.value.windows(id.len()).any(|bytes| bytes == id)
    }

    /// Whether a call in progress waits with something of the customer in its hands.
    fn is_held_by(&self, call: &Call) -> bool {
        call.frames.iter().any(|frame| match &frame.waits {
            Waits::Reply(parked) => {
                parked.replies.iter().any(|entry| self.blot(&mut entry.clone()))
            }
            // What a plugin keeps between two questions is its own business; the id is told by its
            // text.
            Waits::Plugin(wait) => wait.state.contains(&self.customer),
            Waits::Answer { offered: Some(Offered::Values(values)), .. } => {
                values.iter().any(|value| value.as_str() == Some(&self.customer))
            }
            Waits::Answer { .. }
            | Waits::Nothing
            | Waits::Flow
            | Waits::Channel
            | Waits::Outside { .. }
            | Waits::Ring { .. } => false,
        })
    }
}

/// By what a call is known to be a customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// It says so, in an attribute or in what it wrote.
    ById,
    /// It came from their number.
    ByNumber,
}

/// Most walks of one erasure. Each meets what was written behind the one before.
const PASSES: u32 = 3;

pub(crate) async fn run(
    upkeep: &Upkeep,
    wanted: &Wanted,
    done: &mut Done,
    seen: &(dyn Fn(u64) + Send + Sync),
) -> Result<(), RetentionError> {
    let mut eraser = Eraser {
        upkeep,
        wanted,
        calls: upkeep.calls(),
        commits: CleanUp::new(run_name()?),
        doomed: Doomed::default(),
        last: Vec::new(),
        numbers_needed: false,
        gone: BTreeSet::new(),
    };
    let (open, unreadable) = (done.open.len(), done.unreadable.len());
    for pass in 1.. {
        let before = done.removed.clone();
        // What an earlier pass had to leave is looked at anew.
        done.open.truncate(open);
        done.unreadable.truncate(unreadable);
        eraser.last.clear();
        eraser.numbers_needed = false;
        eraser.doomed = Doomed::default();
        eraser.pass(done, seen).await?;
        // Rows that were written behind the walk, or changed before they went, are met by the next
        // one.
        let settled = done.removed == before && eraser.doomed.missed == 0;
        if settled || done.dry_run || pass == PASSES {
            break;
        }
    }
    // Only now: by these the customer's telephone numbers are known, should all this have to be
    // made again, as it has for a call in progress that is known by nothing else.
    if !eraser.numbers_needed {
        for (row, what) in std::mem::take(&mut eraser.last) {
            eraser.doom(&row, what, done).await?;
        }
    }
    eraser.doomed.finish(&*upkeep.store, &mut eraser.commits, done).await?;
    done.left = eraser.doomed.missed;
    Ok(())
}

struct Eraser<'a> {
    upkeep: &'a Upkeep,
    wanted: &'a Wanted,
    calls: Calls,
    commits: CleanUp,
    doomed: Doomed,
    /// What goes when all else has gone.
    last: Vec<(Row, &'static str)>,
    /// A call had to be left that is known to be the customer's by its number alone.
    numbers_needed: bool,
    /// Calls of the customer's that were met: what is known of tickets elsewhere names the call
    /// alone.
    gone: BTreeSet<String>,
}

impl Eraser<'_> {
    /// Walks over everything once.
    async fn pass(
        &mut self,
        done: &mut Done,
        seen: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), RetentionError> {
        let mut walk = Walk::new(self.upkeep);
        while let Some(met) = walk.next(done, is_kept, seen).await? {
            match met {
                Met::Call(id) => match look(&self.calls, &id).await? {
                    Found::Call(loaded) => self.call(&id, *loaded, done).await?,
                    Found::Remains => {
                        remove(&self.calls, &id, None, &mut self.commits, done).await?;
                    }
                    Found::Unreadable(error) => tell(&id, &error, done),
                },
                Met::Row(row) => {
                    let key = row.key.clone();
                    match self.row(row, done).await {
                        Err(RetentionError::Store(error)) if error.is_of_row() => {
                            done.unreadable.push(format!("{key}: {error}"));
                        }
                        other => other?,
                    }
                }
            }
        }
        self.doomed.finish(&*self.upkeep.store, &mut self.commits, done).await
    }

    async fn call(
        &mut self,
        id: &CallId,
        loaded: Loaded,
        done: &mut Done,
    ) -> Result<(), RetentionError> {
        let mut turns = Vec::new();
        for number in 1..=loaded.call.turn {
            // Early turns of a long call may have expired.
            let turn = unreadable(self.calls.turn(id, number).await, id, done)?;
            turns.extend(turn.flatten());
        }
        if let Some(known) = self.wanted.is_call_of(&loaded.call, &turns) {
            if loaded.is_open() && !loaded.call.is_over() {
                done.open.push(id.to_string());
                self.numbers_needed |= known == Known::ByNumber;
                return Ok(());
            }
            // The call goes last: by it the rest is found, should all this have to be made again.
            self.gone.insert(id.to_string());
            self.effects(id, &turns, done).await?;
            self.doomed.finish(&*self.upkeep.store, &mut self.commits, done).await?;
            if !remove(&self.calls, id, Some(&loaded), &mut self.commits, done).await? {
                // It came back to its flow in this very moment.
                done.open.push(id.to_string());
            }
            return Ok(());
        }
        let (replies, lost) = self.calls.replies(id).await?;
        done.unreadable.extend(lost.iter().map(|row| format!("{}: {}", row.key, row.error)));
        if loaded.is_open() {
            // A reply that came late may be of them, and the turn that takes it has not come yet.
            let told = replies.iter().any(|row| self.wanted.is_in_text_of(row));
            if told || self.wanted.is_held_by(&loaded.call) {
                done.open.push(id.to_string());
            }
        } else {
            // Each was taken by a turn and is in its record, or by none and never will be.
            for row in &replies {
                self.doom(row, "replies", done).await?;
            }
        }
        for mut turn in turns {
            let entries = turn.entries.iter_mut().filter_map(|e| self.wanted.blot(e).then_some(()));
            let told = turn.arrived.iter_mut().filter_map(|a| self.wanted.unsay(a).then_some(()));
            if entries.count() + told.count() > 0
                && (done.dry_run || self.calls.replace_turn(id, &turn, &mut self.commits).await?)
            {
                done.count("turns", 1);
            }
        }
        Ok(())
    }

    /// Removes what a call has left elsewhere: tickets, records that name no other customer, and
    /// the memory of writes.
    async fn effects(
        &mut self,
        id: &CallId,
        turns: &[TurnRecord],
        done: &mut Done,
    ) -> Result<(), RetentionError> {
        for turn in turns {
            for entry in &turn.entries {
                match (&entry.call, &entry.result) {
                    (HostCall::TicketsCreate(create), Ok(HostAnswer::TicketsCreate(receipt))) => {
                        self.doom_at(
                            kept::ticket_claim(&create.idempotency_key)?,
                            "receipts",
                            done,
                        )
                        .await?;
                        if let Some(place) = kept::ticket(&receipt.id)? {
                            self.doom_at(place, "tickets", done).await?;
                        }
                    }
                    (HostCall::RecordsPut(_) | HostCall::RecordsDelete(_), _) => {
                        if let HostCall::RecordsPut(put) = &entry.call {
                            self.written(&put.collection, &put.key, done).await?;
                        }
                        let at = turn.steps.iter().find(|step| step.visit == entry.visit);
                        if let Some(step) = at {
                            let key = format!("{id}/{}/{}/{}", entry.visit, step.at, entry.n);
                            self.doom_at(kept::receipt(&key)?, "receipts", done).await?;
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// A record that one of the customer's calls wrote, such as its log, may not say whose it is.
    async fn written(
        &mut self,
        collection: &str,
        key: &str,
        done: &mut Done,
    ) -> Result<(), RetentionError> {
        let Some(field) = self.wanted.rules.collections.get(collection) else { return Ok(()) };
        let place = kept::record(collection, key)?;
        let read = async || -> Result<Option<(Row, Kept)>, StoreError> {
            let Some(row) = self.upkeep.store.get(&place).await? else { return Ok(None) };
            Ok(Kept::read(&row)?.map(|kept| (row, kept)))
        };
        let found = match read().await {
            // The walk meets it as well, and tells of it.
            Err(error) if error.is_of_row() => None,
            found => found?,
        };
        let Some((row, Kept::Record { data: Some(data), .. })) = found else { return Ok(()) };
        let names_another =
            text(&data, field).is_some_and(|id| !id.is_empty() && id != self.wanted.customer);
        if names_another {
            return Ok(());
        }
        self.doom(&row, "records", done).await
    }

    async fn row(&mut self, row: Row, done: &mut Done) -> Result<(), RetentionError> {
        let (collection, what) = match Kept::read(&row)? {
            Some(Kept::Record { collection, data: Some(data), .. })
                if self.wanted.is_named_in(&collection, &data) =>
            {
                (collection, "records")
            }
            // What is remembered of a record that was deleted: its key.
            Some(Kept::Record { collection, key, data: None, .. })
                if self.wanted.rules.collections.contains_key(&collection)
                    && key == self.wanted.customer =>
            {
                (collection, "records")
            }
            Some(Kept::LastKnown { collection, data, .. })
                if self.wanted.is_named_in(&collection, &data) =>
            {
                (collection, "last-known")
            }
            Some(Kept::Ticket(filed))
                if self.wanted.is_ticket_of(&filed.ticket.fields)
                    || self.gone.contains(&filed.call_id) =>
            {
                return self.doom(&row, "tickets", done).await;
            }
            _ => return Ok(()),
        };
        if self.wanted.rules.callers.contains_key(&collection) {
            self.last.push((row, what));
            return Ok(());
        }
        self.doom(&row, what, done).await
    }

    async fn doom_at(
        &mut self,
        place: Key,
        what: &'static str,
        done: &mut Done,
    ) -> Result<(), RetentionError> {
        match self.upkeep.store.get(&place).await {
            Ok(Some(row)) => self.doom(&row, what, done).await,
            Ok(None) => Ok(()),
            Err(error) if error.is_of_row() => {
                done.unreadable.push(format!("{place}: {error}"));
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn doom(
        &mut self,
        row: &Row,
        what: &'static str,
        done: &mut Done,
    ) -> Result<(), RetentionError> {
        self.doomed.add(row, what, &*self.upkeep.store, &mut self.commits, done).await
    }
}

/// Collection and data of a record or of what was last known of one.
fn record_in(row: &Row) -> Result<Option<(String, Value)>, RetentionError> {
    Ok(match Kept::read(row)? {
        Some(Kept::Record { collection, data: Some(data), .. })
        | Some(Kept::LastKnown { collection, data, .. }) => Some((collection, data)),
        _ => None,
    })
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}
