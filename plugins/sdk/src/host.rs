//! The engine, as a plugin sees it: the call it serves and the capabilities it may use.
//!
//! Every capability is reached by a method of its own, and never by a table of functions: so the
//! compiler drops what a plugin does not call, and its component imports exactly the capabilities
//! that it uses.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::Backend;
use crate::error::HostError;
use crate::{genai, http, knowledge, log, nlu, records, tickets};

/// The call that a run serves, and the way to every capability.
#[derive(Debug)]
pub struct Host {
    call: CallContext,
    backend: Backend,
}

/// The call that a run serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallContext {
    /// Unique for the call.
    pub call_id: String,
    /// `voice` or `chat`; more may come.
    pub channel: String,
    /// BCP 47 tag of the language spoken, such as `ko-KR`.
    pub locale: String,
    /// The caller's address: an E.164 number on the phone; none where it is withheld.
    pub caller: Option<String>,
    /// The address that was called.
    pub dialed: Option<String>,
    /// When the call began, in milliseconds since 1970-01-01T00:00:00Z.
    pub started_at: u64,
    /// The flow that runs.
    pub flow: String,
    /// The node that runs.
    pub node: String,
    /// Names this visit of the node and nothing else ever: the stem of idempotency keys.
    pub invocation_id: String,
    /// How many answers of the caller this visit has seen.
    pub turn: u32,
}

impl Host {
    pub(crate) fn new(call: CallContext, backend: Backend) -> Self {
        Self { call, backend }
    }

    /// The call that this run serves.
    pub fn call(&self) -> &CallContext {
        &self.call
    }

    /// The language of the call, such as `ko-KR`.
    pub fn locale(&self) -> &str {
        &self.call.locale
    }

    /// When the turn began, in milliseconds since 1970-01-01T00:00:00Z. Does not move during a run.
    pub fn now(&self) -> u64 {
        self.backend.now()
    }

    /// A random number, the same whenever the run is repeated.
    pub fn random(&self) -> u64 {
        self.backend.random_number()
    }

    /// `count` random bytes, at most 4,096.
    ///
    /// # Errors
    /// `invalid` when more are asked.
    pub fn random_bytes(&self, count: u32) -> Result<Vec<u8>, HostError> {
        self.backend.random_bytes(count)
    }

    /// Writes a line to the operator's log. Never log what callers say, press or are called.
    pub fn log(&self, level: log::Level, message: &str, fields: &[(&str, &str)]) {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.backend.log(level, message, &fields);
    }

    /// The least level that is kept.
    pub fn log_level(&self) -> log::Level {
        self.backend.log_level()
    }

    /// Business records.
    pub fn records(&self) -> Records<'_> {
        Records(&self.backend)
    }

    /// Recognises a text in the call's locale.
    ///
    /// # Errors
    /// `invalid` (empty or too long, no such bot), `unavailable`, `denied`.
    pub fn recognize(&self, request: &nlu::Request) -> Result<nlu::Recognition, HostError> {
        self.backend.recognize(request)
    }

    /// Lets a language model answer.
    ///
    /// # Errors
    /// `invalid`, `unavailable`, `denied`. A guardrail that steps in is a stop reason, not an
    /// error.
    pub fn converse(&self, request: &genai::Request) -> Result<genai::Response, HostError> {
        self.backend.converse(request)
    }

    /// Searches the operator's articles; best first, empty when nothing fits.
    ///
    /// # Errors
    /// `invalid`, `unavailable`.
    pub fn search(&self, query: &knowledge::Query) -> Result<Vec<knowledge::Passage>, HostError> {
        self.backend.search(query)
    }

    /// Opens a ticket, once per key.
    ///
    /// # Errors
    /// `invalid` (which field and why), `unavailable`, `denied`.
    pub fn create_ticket(
        &self,
        ticket: &tickets::Ticket,
        idempotency_key: &str,
    ) -> Result<tickets::Receipt, HostError> {
        self.backend.create_ticket(ticket, idempotency_key)
    }

    /// Opens a secret, to be put into a request.
    ///
    /// # Errors
    /// `denied` (not granted), `invalid` (no such secret), `unavailable`.
    pub fn secret(&self, name: &str) -> Result<http::Secret, HostError> {
        self.backend.secret(name)
    }

    /// Sends a request to a host that the operator granted. Any status is an answer.
    ///
    /// # Errors
    /// `invalid` (bad URL, header or size), `denied` (host not granted), `unavailable` (no
    /// connection, timeout).
    pub fn send(&self, request: &http::Request) -> Result<http::Response, HostError> {
        self.backend.send(request)
    }
}

/// Business records in named collections.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a>(&'a Backend);

impl Records<'_> {
    /// The record with this key, or none.
    ///
    /// # Errors
    /// `invalid` (unknown collection), `unavailable`, `denied`; `other` with code `record-shape`
    /// when the stored object does not fit `T` (`serde_json::Value` fits all).
    pub fn get<T: DeserializeOwned>(
        &self,
        collection: &str,
        key: &str,
        source: records::Source,
    ) -> Result<Option<records::Record<T>>, HostError> {
        self.0
            .records_get(collection, key, source)?
            .map(|record| typed(collection, record))
            .transpose()
    }

    /// Records whose fields match, in the order of their keys.
    ///
    /// # Errors
    /// As for [`Records::get`].
    pub fn find<T: DeserializeOwned>(
        &self,
        query: &records::Query,
    ) -> Result<records::Page<T>, HostError> {
        let page = self.0.records_find(query)?;
        Ok(records::Page {
            records: page
                .records
                .into_iter()
                .map(|record| typed(&query.collection, record))
                .collect::<Result<_, _>>()?,
            more: page.more,
            as_of: page.as_of,
        })
    }

    /// Records that fit in an index of their collection, the best first.
    ///
    /// # Errors
    /// As for [`Records::get`]; `invalid` too for an index that the collection does not have.
    pub fn search<T: DeserializeOwned>(
        &self,
        search: &records::Search,
    ) -> Result<records::SearchPage<T>, HostError> {
        let page = self.0.records_search(search)?;
        let hit = |hit: crate::bindings::dialgraph::plugin::records_search::Hit| {
            let record = typed(&search.collection, hit.record)?;
            Ok(records::Hit { record, score: hit.score })
        };
        Ok(records::SearchPage {
            hits: page.hits.into_iter().map(hit).collect::<Result<_, HostError>>()?,
            next: page.next,
            complete: page.complete,
            as_of: page.as_of,
        })
    }

    /// Stores an object of at most 48 KiB and returns its new version.
    ///
    /// # Errors
    /// `invalid`, `unavailable`, `denied`; the latter with code `conflict` when the expectation
    /// does not hold.
    pub fn put<T: Serialize>(
        &self,
        collection: &str,
        key: &str,
        data: &T,
        expect: records::Expectation,
    ) -> Result<u64, HostError> {
        let data = serde_json::to_string(data)
            .map_err(|error| HostError::invalid("not-json", error.to_string()))?;
        self.0.records_put(collection, key, &data, expect)
    }

    /// Removes a record; removing what is not there is no error.
    ///
    /// # Errors
    /// As for [`Records::put`].
    pub fn delete(
        &self,
        collection: &str,
        key: &str,
        expect: records::Expectation,
    ) -> Result<(), HostError> {
        self.0.records_delete(collection, key, expect)
    }
}

fn typed<T: DeserializeOwned>(
    collection: &str,
    record: records::RawRecord,
) -> Result<records::Record<T>, HostError> {
    let data = serde_json::from_str(&record.data).map_err(|error| {
        HostError::other(
            "record-shape",
            format!(
                "record `{}` of collection `{collection}` does not have the fields that the plugin needs: {error}",
                record.key
            ),
        )
    })?;
    Ok(records::Record {
        key: record.key,
        version: record.version,
        updated_at: record.updated_at,
        data,
    })
}
