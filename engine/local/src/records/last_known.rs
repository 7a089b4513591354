//! Remembers what was read from a system of record, for when it is down.

use std::sync::Arc;

use async_trait::async_trait;
use dialgraph_kernel::ports::records::{Delete, Find, Get, Page, Put, Record, Source, Written};
use dialgraph_kernel::ports::{HostError, Timestamp};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_store::{
    CommitError, Expect, Key, Op, Part, Schema, Sort, Store, Upgrade, decode, encode,
};
use serde::{Deserialize, Serialize};

use super::{failed, later, scan, token};

/// A record that is remembered and unchanged is not written again for this long: 10 minutes.
pub const REFRESH_MILLIS: u64 = 10 * 60 * 1000;

/// What the partition of a collection begins with.
pub(crate) const PART: &str = "known/";

/// A record that was not read or written again for this long is no longer known: a day.
pub const KNOWN_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// Operations in one commit.
const CHUNK: usize = 20;

/// Wraps the records of another system.
///
/// [`Source::Current`] goes to the wrapped provider, and what it answers is remembered in the store.
/// [`Source::LastKnown`] is answered from there alone, whether the wrapped provider is up or down; a record got
/// that way carries `as-of` (milliseconds since 1970) in its extra fields. Memory that fails is logged and fails
/// nobody's read.
pub struct LastKnown<R> {
    inner: R,
    store: Arc<dyn Store>,
}

impl<R: std::fmt::Debug> std::fmt::Debug for LastKnown<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LastKnown").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) record: Record,
    read_at: Timestamp,
}

impl Schema for Known {
    const KIND: &'static str = "known-record";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

impl<R: Records> LastKnown<R> {
    /// Remembers in `store` what `inner` answers.
    pub fn new(inner: R, store: Arc<dyn Store>) -> Self {
        Self { inner, store }
    }

    fn part(collection: &str) -> Result<Part, HostError> {
        Part::new(format!("{PART}{collection}")).map_err(failed)
    }

    async fn remember(&self, caller: &Caller, collection: &str, records: &[Record]) {
        if let Err(error) = self.try_remember(caller, collection, records).await {
            tracing::warn!(collection, %error, "cannot remember records that were read");
        }
    }

    async fn try_remember(
        &self,
        caller: &Caller,
        collection: &str,
        records: &[Record],
    ) -> Result<(), HostError> {
        let part = Self::part(collection)?;
        for (n, chunk) in records.chunks(CHUNK).enumerate() {
            let mut ops = Vec::new();
            for record in chunk {
                let place = Key::new(&part, Sort::text(&record.key)).map_err(failed)?;
                if let Some(row) = self.store.get(&place).await.map_err(failed)? {
                    let known: Known = decode(&row.value).map_err(failed)?;
                    let fresh = caller.now.0 < known.read_at.0.saturating_add(REFRESH_MILLIS);
                    if fresh && known.record == *record {
                        continue;
                    }
                }
                let known = Known { record: record.clone(), read_at: caller.now };
                let value = encode(&known).map_err(failed)?;
                let until = later(caller.now, KNOWN_MILLIS);
                ops.push(Op::put_until(place, value, Expect::Any, until));
            }
            self.commit(ops, &format!("{}#{n}", caller.idempotency_key)).await?;
        }
        Ok(())
    }

    async fn forget(&self, caller: &Caller, collection: &str, key: &str) {
        let done = async {
            let place = Key::new(&Self::part(collection)?, Sort::text(key)).map_err(failed)?;
            if self.store.get(&place).await.map_err(failed)?.is_some() {
                let op = Op::delete(place, Expect::Any);
                self.commit(vec![op], &caller.idempotency_key).await?;
            }
            Ok::<(), HostError>(())
        };
        if let Err(error) = done.await {
            tracing::warn!(collection, %error, "cannot forget a record that is gone");
        }
    }

    async fn commit(&self, ops: Vec<Op>, key: &str) -> Result<(), HostError> {
        if ops.is_empty() {
            return Ok(());
        }
        match self.store.commit(&ops, &token("known", key)?).await {
            Ok(_) => Ok(()),
            Err(CommitError::Conflict(conflict)) => {
                Err(HostError::unavailable("contended", conflict.to_string()))
            }
            Err(CommitError::Failed(error)) => Err(failed(error)),
        }
    }
}

#[async_trait]
impl<R: Records> Records for LastKnown<R> {
    async fn get(&self, caller: &Caller, request: &Get) -> Result<Option<Record>, HostError> {
        if request.source == Source::LastKnown {
            let part = Self::part(&request.collection)?;
            let place = Key::new(&part, Sort::text(&request.key)).map_err(failed)?;
            let Some(row) = self.store.get(&place).await.map_err(failed)? else { return Ok(None) };
            let Known { mut record, read_at } = decode(&row.value).map_err(failed)?;
            record.extra.push(("as-of".to_owned(), read_at.0.to_string()));
            return Ok(Some(record));
        }
        let found = self.inner.get(caller, request).await?;
        match &found {
            Some(record) => {
                self.remember(caller, &request.collection, std::slice::from_ref(record)).await;
            }
            None => self.forget(caller, &request.collection, &request.key).await,
        }
        Ok(found)
    }

    async fn find(&self, caller: &Caller, request: &Find) -> Result<Page, HostError> {
        if request.source == Source::Current {
            let page = self.inner.find(caller, request).await?;
            self.remember(caller, &request.collection, &page.records).await;
            return Ok(page);
        }
        let part = Self::part(&request.collection)?;
        let mut page = scan(self.store.as_ref(), part, request, |row| {
            let Known { mut record, read_at } = decode(&row.value).map_err(failed)?;
            record.extra.push(("as-of".to_owned(), read_at.0.to_string()));
            Ok(Some(record))
        })
        .await?;
        let oldest = |record: &Record| record.extra.last().and_then(|(_, at)| at.parse().ok());
        page.as_of = page.records.iter().filter_map(oldest).min().map(Timestamp);
        Ok(page)
    }

    async fn put(&self, caller: &Caller, request: &Put) -> Result<Written, HostError> {
        let written = self.inner.put(caller, request).await?;
        let record = Record {
            key: request.key.clone(),
            version: written.version,
            updated_at: caller.now,
            data: request.data.clone(),
            extra: Vec::new(),
        };
        self.remember(caller, &request.collection, &[record]).await;
        Ok(written)
    }

    async fn delete(&self, caller: &Caller, request: &Delete) -> Result<(), HostError> {
        self.inner.delete(caller, request).await?;
        self.forget(caller, &request.collection, &request.key).await;
        Ok(())
    }
}
