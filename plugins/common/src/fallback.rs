//! Reading records, or what was last known of them while the system of record is down.

use std::cell::Cell;

use dialgraph_plugin::records::{Page, Query, Record, Search, SearchPage, Source};
use dialgraph_plugin::{Host, HostError, NodeError, log};
use serde::de::DeserializeOwned;

/// Reads from the system of record, and from what was last known once that has failed.
///
/// All reads after the first failure go to what was last known, so that one run does not mix old
/// and new and does not wait twice for a system that is down.
#[derive(Debug)]
pub struct Reader<'a> {
    host: &'a Host,
    stale: Cell<bool>,
    as_of: Cell<Option<u64>>,
    seen: Cell<bool>,
}

impl<'a> Reader<'a> {
    /// A reader that trusts in the system of record.
    pub fn new(host: &'a Host) -> Self {
        Self { host, stale: Cell::new(false), as_of: Cell::new(None), seen: Cell::new(false) }
    }

    /// Records whose fields match; `query.source` is of no account.
    ///
    /// # Errors
    /// Those of the capability, but `unavailable` only when what was last known cannot be read
    /// either.
    pub fn find<T: DeserializeOwned>(&self, query: Query) -> Result<Page<T>, HostError> {
        let mut query = query.source(Source::Current);
        if !self.stale.get() {
            match self.host.records().find(&query) {
                Err(error) if error.is_unavailable() => self.has_failed(&query.collection, &error),
                other => return other.inspect(|page| self.note(page)),
            }
        }
        query.source = Source::LastKnown;
        self.host.records().find(&query).inspect(|page| self.note(page))
    }

    /// Records that fit in an index; `search.source` is of no account. None: the collection has no
    /// such index.
    ///
    /// # Errors
    /// As for [`Reader::find`].
    pub fn search<T: DeserializeOwned>(
        &self,
        search: Search,
    ) -> Result<Option<SearchPage<T>>, HostError> {
        let mut search = search.source(Source::Current);
        if !self.stale.get() {
            match self.host.records().search(&search) {
                Err(error) if error.is_unavailable() => {
                    self.has_failed(&search.collection, &error);
                }
                other => return self.noted(other),
            }
        }
        search.source = Source::LastKnown;
        let found = self.host.records().search(&search);
        self.noted(found)
    }

    fn noted<T>(
        &self,
        found: Result<SearchPage<T>, HostError>,
    ) -> Result<Option<SearchPage<T>>, HostError> {
        match found {
            Ok(page) => {
                self.seen.set(self.seen.get() || !page.hits.is_empty());
                self.note_age(page.as_of);
                Ok(Some(page))
            }
            Err(error) if error.info().code == "unknown-index" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The record with this key.
    ///
    /// # Errors
    /// As for [`Reader::find`].
    pub fn get<T: DeserializeOwned>(
        &self,
        collection: &str,
        key: &str,
    ) -> Result<Option<Record<T>>, HostError> {
        let get = |source| {
            self.host
                .records()
                .get(collection, key, source)
                .inspect(|record| self.seen.set(self.seen.get() || record.is_some()))
        };
        if !self.stale.get() {
            match get(Source::Current) {
                Err(error) if error.is_unavailable() => self.has_failed(collection, &error),
                other => return other,
            }
        }
        get(Source::LastKnown)
    }

    fn has_failed(&self, collection: &str, error: &HostError) {
        self.host.log(
            log::Level::Warn,
            "records are unavailable; going by what was last known",
            &[("collection", collection), ("code", &error.info().code)],
        );
        self.stale.set(true);
    }

    fn note<T>(&self, page: &Page<T>) {
        self.seen.set(self.seen.get() || !page.records.is_empty());
        self.note_age(page.as_of);
    }

    fn note_age(&self, as_of: Option<u64>) {
        if let Some(read) = as_of {
            self.as_of.set(Some(self.as_of.get().map_or(read, |oldest| oldest.min(read))));
        }
    }

    /// True once the system of record has failed.
    pub fn is_stale(&self) -> bool {
        self.stale.get()
    }

    /// When the oldest of the last known records was read, in milliseconds since 1970.
    pub fn as_of(&self) -> Option<u64> {
        self.as_of.get()
    }

    /// Whether "there is none" can be believed: not when nothing was ever known.
    ///
    /// # Errors
    /// `retryable` when the system of record is down and no read has given any record.
    pub fn must_have_seen_something(&self) -> Result<(), NodeError> {
        if self.stale.get() && !self.seen.get() {
            return Err(NodeError::retryable(
                "records-unavailable",
                "the system of record is down and nothing is known from before; try again later",
            ));
        }
        Ok(())
    }
}
