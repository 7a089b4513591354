//! Collections that live outside the engine's store, held to the rules of those within.
//!
//! [`Routed`] sends each collection to where it lives. [`Sourced`] is what every such place has in
//! common: a record has the size and the schema that the engine asks of its own, and a write that
//! the engine repeats is answered from a receipt in the store. A system of others takes no receipt
//! into its own transaction: if the process ends between the two, a repetition of a write that
//! expected a version is told of a conflict, and one that expected nothing is made again. As long
//! as the process lives, it knows of which writes it got no answer: a repetition that meets what it
//! would have written has been carried out the first time.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dialgraph_kernel::ports::records::{
    Delete, Find, Get, Page, Put, Record, Search, SearchPage, Source, Written,
};
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_store::{Expect, Op, Store, decode, encode};
use serde_json::Value;

use super::{
    MAX_KEY_BYTES, RECEIPT_MILLIS, Receipt, Schemas, admitted, failed, later, receipt_of, token,
};

/// Sends each collection to where its records live.
pub struct Routed {
    /// All collections that are not in `elsewhere`.
    pub own: Arc<dyn Records>,
    /// By collection.
    pub elsewhere: BTreeMap<String, Arc<dyn Records>>,
}

impl fmt::Debug for Routed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routed").field("elsewhere", &self.elsewhere.keys()).finish_non_exhaustive()
    }
}

impl Routed {
    fn of(&self, collection: &str) -> &dyn Records {
        self.elsewhere.get(collection).unwrap_or(&self.own).as_ref()
    }
}

#[async_trait]
impl Records for Routed {
    async fn get(&self, caller: &Caller, request: &Get) -> Result<Option<Record>, HostError> {
        self.of(&request.collection).get(caller, request).await
    }

    async fn find(&self, caller: &Caller, request: &Find) -> Result<Page, HostError> {
        self.of(&request.collection).find(caller, request).await
    }

    async fn search(&self, caller: &Caller, request: &Search) -> Result<SearchPage, HostError> {
        self.of(&request.collection).search(caller, request).await
    }

    async fn put(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        self.of(&request.collection).put(caller, request).await
    }

    async fn delete(&self, caller: &Caller, request: &Delete) -> Result<(), HostError> {
        self.of(&request.collection).delete(caller, request).await
    }
}

/// The records of a collection elsewhere, held to the rules of the engine's own.
pub struct Sourced {
    inner: Arc<dyn Records>,
    store: Arc<dyn Store>,
    schemas: Schemas,
    /// Idempotency keys of writes that got no answer, the last ones.
    unsure: Mutex<VecDeque<Arc<str>>>,
}

/// Codes of a source that say that it was not asked at all.
const NEVER_SENT: [&str; 2] = ["source-busy", "source-differs"];

/// Writes without an answer that are remembered. Each is repeated within seconds, or never.
const MAX_UNSURE: usize = 1000;

impl fmt::Debug for Sourced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sourced").finish_non_exhaustive()
    }
}

impl Sourced {
    /// What `inner` answers and takes must match `schemas`; receipts are kept in `store`.
    pub fn new(inner: Arc<dyn Records>, store: Arc<dyn Store>, schemas: Schemas) -> Self {
        Self { inner, store, schemas, unsure: Mutex::default() }
    }

    /// A record as it was read, if flows can rely on it. One that does not match is an error: to
    /// leave a field out would send the caller another way, and nobody would know why.
    fn sound(&self, collection: &str, data: &Value) -> Result<(), HostError> {
        admitted(&self.schemas, collection, data).map_err(|error| {
            HostError::new(
                HostErrorKind::Other,
                error.code,
                format!("what the source answers cannot be used: {}", error.message),
            )
        })
    }

    async fn answered(&self, caller: &Caller) -> Result<Option<u64>, HostError> {
        let receipt = receipt_of(&caller.idempotency_key).map_err(failed)?;
        let Some(row) = self.store.get(&receipt).await.map_err(failed)? else { return Ok(None) };
        Ok(Some(decode::<Receipt>(&row.value).map_err(failed)?.version))
    }

    /// Remembers a write of which nobody can tell whether it was carried out.
    fn doubt<T>(&self, caller: &Caller, done: &Result<T, HostError>) {
        // What was never sent was not carried out, and what is there is somebody else's.
        let is_in_doubt = |error: &HostError| {
            error.kind == HostErrorKind::Unavailable && !NEVER_SENT.contains(&&*error.code)
        };
        if !matches!(done, Err(error) if is_in_doubt(error)) {
            return;
        }
        let mut unsure = self.unsure.lock().unwrap_or_else(PoisonError::into_inner);
        if unsure.len() == MAX_UNSURE {
            unsure.pop_front();
        }
        unsure.push_back(Arc::clone(&caller.idempotency_key));
    }

    /// Whether this write met a conflict that it may have made itself.
    fn is_own<T>(&self, caller: &Caller, done: &Result<T, HostError>) -> bool {
        matches!(done, Err(error) if error.code == "conflict")
            && self
                .unsure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&caller.idempotency_key)
    }

    /// What is there of the record of a write.
    async fn after(
        &self,
        caller: &Caller,
        collection: &str,
        key: &str,
    ) -> Result<Option<Record>, HostError> {
        let (collection, key) = (collection.to_owned(), key.to_owned());
        self.inner.get(caller, &Get { collection, key, source: Source::Current }).await
    }

    /// The write is done, whatever becomes of its receipt.
    async fn note(&self, caller: &Caller, version: u64) {
        let noted = async {
            let op = Op::put_until(
                receipt_of(&caller.idempotency_key).map_err(failed)?,
                encode(&Receipt { version }).map_err(failed)?,
                Expect::Any,
                later(caller.now, RECEIPT_MILLIS),
            );
            let token = token("sourced", &caller.idempotency_key)?;
            let done = self.store.commit(&[op], &token).await;
            done.map_err(|error| HostError::unavailable("store-failed", error.to_string()))
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the answer to a write elsewhere could not be kept");
        }
    }
}

/// Data as a place gives them back: a field without a value is not there.
fn without_nulls(data: &Value) -> Value {
    match data {
        Value::Object(fields) => {
            let there = fields.iter().filter(|(_, value)| !value.is_null());
            there.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        other => other.clone(),
    }
}

fn checked_key(key: &str) -> Result<(), HostError> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        let bytes = key.len();
        let message =
            format!("a record's key has 1 to {MAX_KEY_BYTES} bytes, this one has {bytes}");
        return Err(HostError::invalid("bad-key", message));
    }
    Ok(())
}

fn checked_limit(limit: u32) -> Result<(), HostError> {
    if limit == 0 || limit > 100 {
        let message = format!("the limit is {limit}; it goes from 1 to 100");
        return Err(HostError::invalid("bad-limit", message));
    }
    Ok(())
}

#[async_trait]
impl Records for Sourced {
    async fn get(&self, caller: &Caller, request: &Get) -> Result<Option<Record>, HostError> {
        checked_key(&request.key)?;
        let found = self.inner.get(caller, request).await?;
        if let Some(record) = &found {
            self.sound(&request.collection, &record.data)?;
        }
        Ok(found)
    }

    async fn find(&self, caller: &Caller, request: &Find) -> Result<Page, HostError> {
        checked_limit(request.limit)?;
        let page = self.inner.find(caller, request).await?;
        let mut records = page.records.iter();
        records.try_for_each(|one| self.sound(&request.collection, &one.data))?;
        Ok(page)
    }

    async fn search(&self, caller: &Caller, request: &Search) -> Result<SearchPage, HostError> {
        checked_limit(request.limit)?;
        let page = self.inner.search(caller, request).await?;
        let mut hits = page.hits.iter();
        hits.try_for_each(|hit| self.sound(&request.collection, &hit.record.data))?;
        Ok(page)
    }

    async fn put(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        checked_key(&request.key)?;
        admitted(&self.schemas, &request.collection, &request.data)?;
        if let Some(version) = self.answered(caller).await? {
            return Ok(Written { version });
        }
        let mut done = self.inner.put(caller, request).await;
        self.doubt(caller, &done);
        if self.is_own(caller, &done)
            && let Some(there) = self.after(caller, &request.collection, &request.key).await?
            && without_nulls(&there.data) == without_nulls(&request.data)
        {
            done = Ok(Written { version: there.version });
        }
        let written = done?;
        self.note(caller, written.version).await;
        Ok(written)
    }

    async fn delete(&self, caller: &Caller, request: &Delete) -> Result<(), HostError> {
        checked_key(&request.key)?;
        if self.answered(caller).await?.is_some() {
            return Ok(());
        }
        let mut done = self.inner.delete(caller, request).await;
        self.doubt(caller, &done);
        if self.is_own(caller, &done)
            && self.after(caller, &request.collection, &request.key).await?.is_none()
        {
            done = Ok(());
        }
        done?;
        self.note(caller, 0).await;
        Ok(())
    }
}
