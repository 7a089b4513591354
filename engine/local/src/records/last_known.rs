//! Remembers what was read from a system of record, for when it is down.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dialgraph_base::index::Indexes;
use dialgraph_base::{Digest, Timestamp};
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::records::{
    Delete, Find, Get, Hit, Page, Put, Record, Search, SearchPage, Source, Written,
};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_store::{
    CommitError, Expect, Key, Op, Part, Row, Schema, Sort, Store, StoreError, Upgrade, decode,
    encode,
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
/// [`Source::Current`] goes to the wrapped provider, and what it answers is remembered in the
/// store. [`Source::LastKnown`] is answered from there alone, whether the wrapped provider is up or
/// down; a record got that way carries `as-of` (milliseconds since 1970) in its extra fields.
/// Memory that fails is logged and fails nobody's read.
pub struct LastKnown<R> {
    inner: R,
    store: Arc<dyn Store>,
    indexes: Arc<Indexes>,
    /// Of where the records live, and how they lie there.
    origin: Option<Digest>,
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
    /// Of where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Digest>,
}

impl Schema for Known {
    const KIND: &'static str = "known-record";
    const VERSION: u16 = 1;
    const UPGRADES: &'static [Upgrade] = &[];
}

impl<R: Records> LastKnown<R> {
    /// Remembers in `store` what `inner` answers.
    pub fn new(inner: R, store: Arc<dyn Store>) -> Self {
        Self { inner, store, indexes: Arc::default(), origin: None }
    }

    /// The same with these indexes to search.
    #[must_use]
    pub fn with_indexes(mut self, indexes: Arc<Indexes>) -> Self {
        self.indexes = indexes;
        self
    }

    /// The same for records of one place: a copy that was read elsewhere, or with other fields, is
    /// none of them. Another release may have had the collection there.
    #[must_use]
    pub fn of_origin(mut self, origin: Digest) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The copy in a row, as whoever asks for what was last known gets it.
    fn copy(&self, row: &Row) -> Result<Option<Record>, StoreError> {
        let known: Known = decode(&row.value)?;
        Ok(self.shown(known))
    }

    fn shown(&self, known: Known) -> Option<Record> {
        let Known { mut record, read_at, origin } = known;
        if origin != self.origin {
            return None;
        }
        record.extra.push(("as-of".to_owned(), read_at.0.to_string()));
        Some(record)
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
                if let Some(known) = self.known(&place).await? {
                    let fresh = caller.now.0 < known.read_at.0.saturating_add(REFRESH_MILLIS);
                    let is_same = known.record == *record && known.origin == self.origin;
                    if fresh && is_same {
                        continue;
                    }
                }
                let (record, origin) = (record.clone(), self.origin);
                let known = Known { record, read_at: caller.now, origin };
                let value = encode(&known).map_err(failed)?;
                let until = later(caller.now, KNOWN_MILLIS);
                ops.push(Op::put_until(place, value, Expect::Any, until));
            }
            self.commit(ops, &format!("{}#{n}", caller.idempotency_key)).await?;
        }
        Ok(())
    }

    /// What is remembered there; nothing where it cannot be read, for it can be read anew from
    /// where it came.
    async fn known(&self, place: &Key) -> Result<Option<Known>, HostError> {
        let read = async || -> Result<Option<Known>, StoreError> {
            self.store.get(place).await?.map(|row| decode(&row.value)).transpose()
        };
        match read().await {
            Err(error) if error.is_of_row() => {
                tracing::warn!(row = %place, %error, "what is remembered of a record cannot be read");
                Ok(None)
            }
            read => read.map_err(failed),
        }
    }

    async fn forget(&self, caller: &Caller, collection: &str, key: &str) {
        let done = async {
            let place = Key::new(&Self::part(collection)?, Sort::text(key)).map_err(failed)?;
            let there = match self.store.get(&place).await {
                Err(error) if error.is_of_row() => true,
                found => found.map_err(failed)?.is_some(),
            };
            if there {
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
            return Ok(self.known(&place).await?.and_then(|known| self.shown(known)));
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
        let mut page = scan(self.store.as_ref(), part, request, |row| self.copy(row)).await?;
        let oldest = |record: &Record| record.extra.last().and_then(|(_, at)| at.parse().ok());
        page.as_of = page.records.iter().filter_map(oldest).min().map(Timestamp);
        Ok(page)
    }

    /// Copies are looked through one by one: there are as many as were read within a day.
    async fn search(&self, caller: &Caller, request: &Search) -> Result<SearchPage, HostError> {
        if request.source == Source::Current {
            let page = self.inner.search(caller, request).await?;
            let records: Vec<Record> = page.hits.iter().map(|hit| hit.record.clone()).collect();
            self.remember(caller, &request.collection, &records).await;
            return Ok(page);
        }
        let index = super::index::declared(&self.indexes, &request.collection, &request.index)?;
        let after = request.cursor.as_deref().unwrap_or_default();
        let hits = Mutex::new(Vec::new());
        let all = Find {
            collection: request.collection.clone(),
            matches: Vec::new(),
            limit: request.limit,
            source: request.source,
        };
        let part = Self::part(&request.collection)?;
        let probes = index.probes(&request.values)?;
        scan(self.store.as_ref(), part, &all, |row| {
            let Some(record) = self.copy(row)? else { return Ok(None) };
            if let Some(score) = index.score(&record.data, &probes) {
                hits.lock().unwrap_or_else(PoisonError::into_inner).push(Hit { record, score });
            }
            Ok(None)
        })
        .await?;
        let mut hits = hits.into_inner().unwrap_or_else(PoisonError::into_inner);
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        let from: usize = after.parse().unwrap_or(0);
        let until = from.saturating_add(request.limit as usize);
        let next = (hits.len() > until).then(|| until.to_string());
        let hits: Vec<Hit> = hits.into_iter().skip(from).take(request.limit as usize).collect();
        let read_at = |hit: &Hit| hit.record.extra.last().and_then(|(_, at)| at.parse().ok());
        let as_of = hits.iter().filter_map(read_at).min().map(Timestamp);
        Ok(SearchPage { hits, next, complete: false, as_of })
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
