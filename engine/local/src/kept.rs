//! What local providers keep, row by row, for clean-ups that walk a whole store.
//!
//! Calls never come here. It exists so that whoever removes what is old, or what is somebody's,
//! need not know how records and tickets are stored.

use dialgraph_base::Timestamp;
use dialgraph_store::{Key, Part, Row, Sort, Store, StoreError, decode};
use serde_json::Value;

use crate::records::last_known::{self, Known};
use crate::records::{self, Stored, field_of, text_of};
use crate::tickets::{self, FiledTicket};

/// One row.
#[derive(Debug)]
pub enum Kept {
    /// A record of a collection; without data it was deleted and its version is remembered for a
    /// while.
    Record { collection: String, key: String, data: Option<Value>, updated_at: Timestamp },
    /// A record as it was last read from a system elsewhere.
    LastKnown { collection: String, key: String, data: Value },
    /// A ticket of the local desk, or what it knows of one that is kept elsewhere.
    Ticket(Box<FiledTicket>),
}

/// Whether a row with this key is one of [`Kept`].
pub fn is_kept(key: &Key) -> bool {
    let part = key.part().as_str();
    part.starts_with(records::PART) || part.starts_with(last_known::PART) || is_ticket(part)
}

fn is_ticket(part: &str) -> bool {
    part == tickets::PART || part == tickets::MIRRORED_PART
}

impl Kept {
    /// Reads a row; none: it is of another kind.
    ///
    /// # Errors
    /// If the value cannot be read.
    pub fn read(row: &Row) -> Result<Option<Self>, StoreError> {
        let part = row.key.part().as_str();
        if let Some(collection) = part.strip_prefix(records::PART) {
            let Stored { data, updated_at, .. } = decode(&row.value)?;
            let (collection, key) = (collection.to_owned(), text_of(row.key.sort()));
            return Ok(Some(Self::Record { collection, key, data, updated_at }));
        }
        if let Some(collection) = part.strip_prefix(last_known::PART) {
            let Known { record, .. } = decode(&row.value)?;
            let collection = collection.to_owned();
            return Ok(Some(Self::LastKnown { collection, key: record.key, data: record.data }));
        }
        if is_ticket(part) {
            return Ok(Some(Self::Ticket(Box::new(decode(&row.value)?))));
        }
        Ok(None)
    }
}

/// The rows that go with the one in `row`: index rows with a record, what people did with it with a
/// ticket. None for other rows, and for a row that cannot be read.
pub fn rows_of(row: &Row) -> Vec<Key> {
    let keys = || {
        if is_ticket(row.key.part().as_str()) {
            return tickets::log_rows(&decode(&row.value).ok()?).ok();
        }
        let collection = row.key.part().as_str().strip_prefix(records::PART)?;
        let Stored { entries, .. } = decode(&row.value).ok()?;
        records::index::keys(collection, &text_of(row.key.sort()), &entries).ok()
    };
    keys().unwrap_or_default()
}

/// The rows that go with the ticket in `row` and are found by reading: the record that counts it as
/// somebody's work, and what is still to be told of it elsewhere. None for other rows.
///
/// # Errors
/// If the store fails.
pub async fn counted(store: &dyn Store, row: &Row) -> Result<Vec<Key>, StoreError> {
    match is_ticket(row.key.part().as_str()) {
        true => {
            let mut rows = tickets::counted_rows(store, row).await?;
            if let Ok(filed) = decode::<FiledTicket>(&row.value) {
                rows.extend(tickets::report_rows(store, &filed.id).await?);
            }
            Ok(rows)
        }
        false => Ok(Vec::new()),
    }
}

/// Where a record is.
///
/// # Errors
/// None that a collection and a key of a call could cause.
pub fn record(collection: &str, key: &str) -> Result<Key, StoreError> {
    Key::new(&Part::new(format!("{}{collection}", records::PART))?, Sort::text(key))
}

/// Where the answer to a write of a record is remembered.
///
/// # Errors
/// None that a key of a call could cause.
pub fn receipt(idempotency_key: &str) -> Result<Key, StoreError> {
    records::receipt_of(idempotency_key)
}

/// Where it is remembered which ticket a key has opened.
///
/// # Errors
/// None that a key of a call could cause.
pub fn ticket_claim(idempotency_key: &str) -> Result<Key, StoreError> {
    tickets::claim_of(idempotency_key)
}

/// Where the ticket with this id is; none: it is of another desk.
///
/// # Errors
/// None that an id could cause.
pub fn ticket(id: &str) -> Result<Option<Key>, StoreError> {
    tickets::place_of(id)
}

/// Whether the text in `field` (`a.b` for nested ones) of `data` is `wanted`; a number counts as it
/// is written.
pub fn names(data: &Value, field: &str, wanted: &str) -> bool {
    text(data, field).is_some_and(|found| found == wanted)
}

/// The text, or the number as it is written, in `field` of `data`.
pub fn text(data: &Value, field: &str) -> Option<String> {
    match field_of(data, field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
