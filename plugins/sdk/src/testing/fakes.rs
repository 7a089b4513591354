//! The capabilities of a test: a small record store, and closures for everything else.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use serde_json::Value;

use super::indexes::{Index, IndexKind};
use crate::error::HostError;
use crate::records::{Expectation, Query, RawPage, RawRecord, RawSearchPage, Search, Source};
use crate::{genai, http, knowledge, log, nlu, tickets};

/// The capabilities that the plugin under test meets.
///
/// Records are kept; the clock and chance stand still; every other capability is a closure that the
/// test gives, and calling one that the test did not give fails the test. Clones share everything.
#[derive(Clone)]
pub struct TestHost(Rc<RefCell<Fakes>>);

/// What stands for a secret: its name.
#[derive(Debug)]
pub(crate) struct SecretHandle(String);

impl http::Secret {
    /// The secret's name; only tests can ask.
    pub fn name(&self) -> &str {
        &self.0.0
    }
}

/// A line that the plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How important it is.
    pub level: String,
    /// The message.
    pub message: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

type Handler<Q, A> = Option<Box<dyn FnMut(&Q) -> Result<A, HostError>>>;

struct Fakes {
    now: u64,
    random: u64,
    records: BTreeMap<String, BTreeMap<String, Stored>>,
    /// By collection and name.
    indexes: BTreeMap<(String, String), Index>,
    /// Collection, key and data of writes that others make just before the plugin's.
    rivals: Vec<(String, String, Value)>,
    others: Vec<(String, String, Value)>,
    down: Option<HostError>,
    last_known_down: Option<HostError>,
    nlu: Handler<nlu::Request, nlu::Recognition>,
    genai: Handler<genai::Request, genai::Response>,
    knowledge: Handler<knowledge::Query, Vec<knowledge::Passage>>,
    tickets: Handler<(tickets::Ticket, String), tickets::Receipt>,
    http: Handler<http::Request, http::Response>,
    secrets: BTreeSet<String>,
    logs: Vec<LogLine>,
    calls: Vec<String>,
    journal: Vec<(String, Box<dyn Any>)>,
    /// Where a repeated run has got to in the journal.
    replay: Option<usize>,
}

struct Stored {
    version: u64,
    updated_at: u64,
    data: Value,
}

impl fmt::Debug for TestHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestHost").finish_non_exhaustive()
    }
}

/// What a test gives and asks.
impl TestHost {
    pub(crate) fn new(now: u64) -> Self {
        Self(Rc::new(RefCell::new(Fakes {
            now,
            random: 0,
            records: BTreeMap::new(),
            indexes: BTreeMap::new(),
            rivals: Vec::new(),
            others: Vec::new(),
            down: None,
            last_known_down: None,
            nlu: None,
            genai: None,
            knowledge: None,
            tickets: None,
            http: None,
            secrets: BTreeSet::new(),
            logs: Vec::new(),
            calls: Vec::new(),
            journal: Vec::new(),
            replay: None,
        })))
    }

    /// Moves the clock, in milliseconds since 1970.
    pub fn set_now(&self, now: u64) {
        self.0.borrow_mut().now = now;
    }

    /// Declares an empty collection; asking for an undeclared one is an error, as in the engine.
    pub fn collection(&self, collection: &str) {
        self.0.borrow_mut().records.entry(collection.to_owned()).or_default();
    }

    /// Stores a record, and declares its collection.
    pub fn record(&self, collection: &str, key: &str, data: Value) {
        let mut fakes = self.0.borrow_mut();
        let now = fakes.now;
        let records = fakes.records.entry(collection.to_owned()).or_default();
        let version = records.get(key).map_or(1, |record| record.version + 1);
        let stored = Stored { version, updated_at: now, data };
        records.insert(key.to_owned(), stored);
    }

    /// What is stored under this key.
    pub fn stored(&self, collection: &str, key: &str) -> Option<Value> {
        let fakes = self.0.borrow();
        Some(fakes.records.get(collection)?.get(key)?.data.clone())
    }

    /// Every record of a collection by its key.
    pub fn all_stored(&self, collection: &str) -> BTreeMap<String, Value> {
        let fakes = self.0.borrow();
        let records = fakes.records.get(collection).into_iter().flatten();
        records.map(|(key, record)| (key.clone(), record.data.clone())).collect()
    }

    /// Just before the plugin's next write to this record, another call stores `data` there. Given
    /// several times, each goes before one write.
    pub fn rival(&self, collection: &str, key: &str, data: Value) {
        self.0.borrow_mut().rivals.push((collection.to_owned(), key.to_owned(), data));
    }

    /// Just before the plugin's next write to the collection, another call stores `data` under
    /// another key there.
    pub fn meanwhile(&self, collection: &str, key: &str, data: Value) {
        self.0.borrow_mut().others.push((collection.to_owned(), key.to_owned(), data));
    }

    /// Gives a collection an index, as a project file does.
    pub fn index(&self, collection: &str, name: &str, kind: IndexKind, fields: &[&str]) {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        let place = (collection.to_owned(), name.to_owned());
        self.0.borrow_mut().indexes.insert(place, Index { kind, fields });
    }

    /// From now on the system of record fails, reading and writing; what was last known can still
    /// be read.
    pub fn fail_records(&self, error: HostError) {
        self.0.borrow_mut().down = Some(error);
    }

    /// From now on not even the last known records can be read.
    pub fn fail_last_known(&self, error: HostError) {
        self.0.borrow_mut().last_known_down = Some(error);
    }

    /// How texts are recognised.
    pub fn nlu(
        &self,
        answer: impl FnMut(&nlu::Request) -> Result<nlu::Recognition, HostError> + 'static,
    ) {
        self.0.borrow_mut().nlu = Some(Box::new(answer));
    }

    /// How the language model answers.
    pub fn genai(
        &self,
        answer: impl FnMut(&genai::Request) -> Result<genai::Response, HostError> + 'static,
    ) {
        self.0.borrow_mut().genai = Some(Box::new(answer));
    }

    /// What a search finds.
    pub fn knowledge(
        &self,
        answer: impl FnMut(&knowledge::Query) -> Result<Vec<knowledge::Passage>, HostError> + 'static,
    ) {
        self.0.borrow_mut().knowledge = Some(Box::new(answer));
    }

    /// How the ticket desk answers; it is given the idempotency key too.
    pub fn tickets(
        &self,
        mut answer: impl FnMut(&tickets::Ticket, &str) -> Result<tickets::Receipt, HostError> + 'static,
    ) {
        self.0.borrow_mut().tickets = Some(Box::new(move |(ticket, key)| answer(ticket, key)));
    }

    /// How HTTP servers answer.
    pub fn http(
        &self,
        answer: impl FnMut(&http::Request) -> Result<http::Response, HostError> + 'static,
    ) {
        self.0.borrow_mut().http = Some(Box::new(answer));
    }

    /// Grants a secret.
    pub fn grant_secret(&self, name: &str) {
        self.0.borrow_mut().secrets.insert(name.to_owned());
    }

    /// All lines logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.0.borrow().logs.clone()
    }

    /// All capability calls so far, such as `records.find Query { … }`.
    pub fn calls(&self) -> Vec<String> {
        self.0.borrow().calls.clone()
    }

    /// How often a function was called; `tickets.create`.
    pub fn count(&self, function: &str) -> usize {
        let named = |call: &&String| call.split(' ').next() == Some(function);
        self.0.borrow().calls.iter().filter(named).count()
    }
}

/// Runs and their repetition.
impl TestHost {
    pub(crate) fn begin(&self, turn: u64) {
        let mut fakes = self.0.borrow_mut();
        fakes.random = turn;
        fakes.journal.clear();
        fakes.replay = None;
    }

    pub(crate) fn rewind(&self) {
        self.0.borrow_mut().replay = Some(0);
    }

    #[track_caller]
    pub(crate) fn finish(&self) {
        let mut fakes = self.0.borrow_mut();
        let made = fakes.replay.take().unwrap_or_default();
        assert_eq!(made, fakes.journal.len(), "a repeated run must make the same capability calls");
    }

    #[track_caller]
    fn call<A: Clone + 'static>(&self, request: String, answer: impl FnOnce(&mut Fakes) -> A) -> A {
        let mut fakes = self.0.borrow_mut();
        if let Some(position) = fakes.replay {
            fakes.replay = Some(position + 1);
            let recorded = fakes.journal.get(position);
            let made = recorded.map(|(request, _)| request.as_str());
            assert_eq!(
                made,
                Some(request.as_str()),
                "a repeated run must make the same capability calls"
            );
            let reply = recorded.and_then(|(_, reply)| reply.downcast_ref::<A>());
            return match reply {
                Some(reply) => reply.clone(),
                None => panic!("a repeated run must make the same capability calls"),
            };
        }
        let reply = answer(&mut fakes);
        if !matches!(request.split(' ').next(), Some("clock.now" | "random.number")) {
            fakes.calls.push(request.clone());
        }
        fakes.journal.push((request, Box::new(reply.clone())));
        reply
    }
}

#[track_caller]
fn handle<Q, A>(what: &str, handler: &mut Handler<Q, A>, request: &Q) -> Result<A, HostError> {
    match handler {
        Some(answer) => answer(request),
        None => panic!("the plugin calls {what}: say what it answers with `call.host().{what}(…)`"),
    }
}

/// What the plugin calls; the twin of the component's imports.
impl TestHost {
    pub(crate) fn now(&self) -> u64 {
        self.call("clock.now".to_owned(), |fakes| fakes.now)
    }

    pub(crate) fn random_number(&self) -> u64 {
        self.call("random.number".to_owned(), |fakes| draw(&mut fakes.random))
    }

    pub(crate) fn random_bytes(&self, count: u32) -> Result<Vec<u8>, HostError> {
        self.call(format!("random.bytes {count}"), |fakes| {
            if count > 4_096 {
                return Err(HostError::invalid("too-many", "at most 4,096 random bytes"));
            }
            Ok((0..count).map(|_| draw(&mut fakes.random).to_le_bytes()[0]).collect())
        })
    }

    pub(crate) fn log(&self, level: log::Level, message: &str, fields: &[(String, String)]) {
        let mut fakes = self.0.borrow_mut();
        if fakes.replay.is_none() {
            fakes.logs.push(LogLine {
                level: format!("{level:?}").rsplit("::").next().unwrap_or_default().to_lowercase(),
                message: message.to_owned(),
                fields: fields.to_vec(),
            });
        }
    }

    pub(crate) fn log_level(&self) -> log::Level {
        log::Level::Trace
    }

    pub(crate) fn records_get(
        &self,
        collection: &str,
        key: &str,
        source: Source,
    ) -> Result<Option<RawRecord>, HostError> {
        self.call(format!("records.get {collection} {key} {source:?}"), |fakes| {
            let records = fakes.readable(collection, source)?;
            Ok(records.get(key).map(|record| record.raw(key)))
        })
    }

    pub(crate) fn records_find(&self, query: &Query) -> Result<RawPage, HostError> {
        self.call(format!("records.find {query:?}"), |fakes| {
            if !(1..=100).contains(&query.limit) {
                return Err(HostError::invalid("limit", "a limit is 1 to 100"));
            }
            let records = fakes.readable(&query.collection, query.source)?;
            let matching: Vec<_> = records
                .iter()
                .filter(|(_, record)| {
                    let wanted = query.matches.iter();
                    wanted
                        .clone()
                        .all(|(field, value)| field_of(&record.data, field) == Some(value))
                })
                .collect();
            let found = matching.iter().take(query.limit as usize);
            let raw: Vec<_> = found.map(|(key, record)| record.raw(key)).collect();
            Ok(RawPage {
                more: matching.len() > raw.len(),
                as_of: match query.source {
                    Source::Current => None,
                    Source::LastKnown => raw.iter().map(|record| record.updated_at).min(),
                },
                records: raw,
                extra: Vec::new(),
            })
        })
    }

    pub(crate) fn records_search(&self, search: &Search) -> Result<RawSearchPage, HostError> {
        self.call(format!("records.search {search:?}"), |fakes| {
            if !(1..=100).contains(&search.limit) {
                return Err(HostError::invalid("limit", "a limit is 1 to 100"));
            }
            let records = fakes.readable(&search.collection, search.source)?;
            let place = (search.collection.clone(), search.index.clone());
            let index = fakes.indexes.get(&place).ok_or_else(|| {
                let message =
                    format!("collection `{}` has no index `{}`", search.collection, search.index);
                HostError::invalid("unknown-index", message)
            })?;
            let scored = records.iter().filter_map(|(key, record)| {
                Some((index.score(&record.data, &search.values)?, record.raw(key)))
            });
            Ok(index.page(scored.collect(), search))
        })
    }

    pub(crate) fn records_put(
        &self,
        collection: &str,
        key: &str,
        data: &str,
        expect: Expectation,
    ) -> Result<u64, HostError> {
        self.call(format!("records.put {collection} {key} {data} {expect:?}"), |fakes| {
            let data: Value = serde_json::from_str(data)
                .map_err(|error| HostError::invalid("not-json", error.to_string()))?;
            if !data.is_object() {
                return Err(HostError::invalid("not-an-object", "a record is an object"));
            }
            let now = fakes.now;
            let rival = fakes.rivals.iter().position(|(c, k, _)| c == collection && k == key);
            let rival = rival.map(|at| fakes.rivals.remove(at).2);
            let others = fakes.others.extract_if(.., |(other, ..)| other == collection);
            let others: Vec<_> = others.map(|(_, key, data)| (key, data)).collect();
            let records = fakes.writable(collection)?;
            for (key, data) in others {
                let version = records.get(&key).map_or(1, |record| record.version + 1);
                records.insert(key, Stored { version, updated_at: now, data });
            }
            if let Some(data) = rival {
                let version = records.get(key).map_or(1, |record| record.version + 1);
                records.insert(key.to_owned(), Stored { version, updated_at: now, data });
            }
            let version = check(records, key, expect)? + 1;
            let stored = Stored { version, updated_at: now, data };
            records.insert(key.to_owned(), stored);
            Ok(version)
        })
    }

    pub(crate) fn records_delete(
        &self,
        collection: &str,
        key: &str,
        expect: Expectation,
    ) -> Result<(), HostError> {
        self.call(format!("records.delete {collection} {key} {expect:?}"), |fakes| {
            let records = fakes.writable(collection)?;
            check(records, key, expect)?;
            records.remove(key);
            Ok(())
        })
    }

    pub(crate) fn recognize(&self, request: &nlu::Request) -> Result<nlu::Recognition, HostError> {
        self.call(format!("nlu.recognize {request:?}"), |fakes| {
            let length = request.text.chars().count();
            if length == 0 || length > 1_024 {
                return Err(HostError::invalid("text", "a text has 1 to 1,024 characters"));
            }
            handle("nlu", &mut fakes.nlu, request)
        })
    }

    pub(crate) fn converse(&self, request: &genai::Request) -> Result<genai::Response, HostError> {
        self.call(format!("genai.converse {request:?}"), |fakes| {
            let ends = [request.messages.first(), request.messages.last()];
            if ends.iter().any(|end| end.is_none_or(|message| message.role != "user")) {
                return Err(HostError::invalid("messages", "messages begin and end with `user`"));
            }
            let bytes: usize = request.passages.iter().map(|passage| passage.text.len()).sum();
            if bytes > 64 << 10 {
                return Err(HostError::invalid("passages", "passages have 64 KiB together"));
            }
            handle("genai", &mut fakes.genai, request)
        })
    }

    pub(crate) fn search(
        &self,
        query: &knowledge::Query,
    ) -> Result<Vec<knowledge::Passage>, HostError> {
        self.call(format!("knowledge.search {query:?}"), |fakes| {
            if query.text.chars().count() > 1_024 || !(1..=20).contains(&query.limit) {
                return Err(HostError::invalid("query", "1,024 characters, 1 to 20 passages"));
            }
            handle("knowledge", &mut fakes.knowledge, query)
        })
    }

    pub(crate) fn create_ticket(
        &self,
        ticket: &tickets::Ticket,
        idempotency_key: &str,
    ) -> Result<tickets::Receipt, HostError> {
        let request = (ticket.clone(), idempotency_key.to_owned());
        self.call(format!("tickets.create {request:?}"), |fakes| {
            if ticket.subject.chars().count() > 150 {
                return Err(HostError::invalid("subject", "a subject has 150 characters"));
            }
            if !["urgent", "high", "normal", "low"].contains(&&*ticket.priority) {
                return Err(HostError::invalid("priority", "urgent, high, normal or low"));
            }
            if idempotency_key.is_empty() || idempotency_key.len() > 255 {
                return Err(HostError::invalid("idempotency-key", "1 to 255 bytes"));
            }
            handle("tickets", &mut fakes.tickets, &request)
        })
    }

    pub(crate) fn secret(&self, name: &str) -> Result<http::Secret, HostError> {
        self.call(format!("secrets.open {name}"), |fakes| {
            if fakes.secrets.contains(name) {
                Ok(http::Secret(Rc::new(SecretHandle(name.to_owned()))))
            } else {
                let message = format!("secret `{name}` is not granted");
                Err(HostError::denied("not-granted", message))
            }
        })
    }

    pub(crate) fn send(&self, request: &http::Request) -> Result<http::Response, HostError> {
        self.call(format!("http.send {request:?}"), |fakes| {
            if !(100..=60_000).contains(&request.timeout_ms) {
                return Err(HostError::invalid("timeout", "100 to 60,000 ms"));
            }
            if request.body.as_ref().is_some_and(|body| body.len() > 48 << 10) {
                return Err(HostError::invalid("body", "a body has at most 48 KiB"));
            }
            handle("http", &mut fakes.http, request)
        })
    }
}

impl Fakes {
    fn readable(
        &self,
        collection: &str,
        source: Source,
    ) -> Result<&BTreeMap<String, Stored>, HostError> {
        let down = match source {
            Source::Current => &self.down,
            Source::LastKnown => &self.last_known_down,
        };
        match down {
            Some(error) => Err(error.clone()),
            None => self.records.get(collection).ok_or_else(|| unknown(collection)),
        }
    }

    fn writable(&mut self, collection: &str) -> Result<&mut BTreeMap<String, Stored>, HostError> {
        match &self.down {
            Some(error) => Err(error.clone()),
            None => self.records.get_mut(collection).ok_or_else(|| unknown(collection)),
        }
    }
}

impl Stored {
    fn raw(&self, key: &str) -> RawRecord {
        RawRecord {
            key: key.to_owned(),
            version: self.version,
            updated_at: self.updated_at,
            data: self.data.to_string(),
            extra: Vec::new(),
        }
    }
}

fn unknown(collection: &str) -> HostError {
    HostError::invalid("unknown-collection", format!("there is no collection `{collection}`"))
}

pub(super) fn field_of<'a>(data: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(data, |value, name| value.get(name))
}

/// The version that is there, 0 for none, when the expectation holds.
fn check(
    records: &BTreeMap<String, Stored>,
    key: &str,
    expect: Expectation,
) -> Result<u64, HostError> {
    let version = records.get(key).map_or(0, |record| record.version);
    let holds = match expect {
        Expectation::Any => true,
        Expectation::Absent => version == 0,
        Expectation::Version(expected) => version == expected,
    };
    if holds {
        Ok(version)
    } else {
        Err(HostError::denied("conflict", format!("the record has version {version}")))
    }
}

/// SplitMix64: well spread, and the same everywhere.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
