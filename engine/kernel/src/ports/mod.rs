//! The world outside a call, as data: what a plugin may ask for and what may come back.
//!
//! One file per capability, each the twin of the interface of that name in `wit/`. A request is a
//! [`HostCall`], its reply a [`HostResult`]; both are plain data, so that a reply can be
//! journalled, mocked and replayed. Who answers (an AWS service, an embedded store, a script) is
//! not known here.

mod check;
pub mod genai;
pub mod http;
pub mod knowledge;
pub mod nlu;
pub mod records;
mod sound;
pub mod tickets;

use serde::{Deserialize, Serialize};

pub(crate) use self::sound::cut;
pub use self::sound::sound;

/// Fields that the contract does not know yet.
pub type Extra = Vec<(String, String)>;

/// A request of a plugin to the world outside.
///
/// Time and chance are not among them: they follow from the turn's time and the call's seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "function", content = "request")]
pub enum HostCall {
    #[serde(rename = "records.get")]
    RecordsGet(records::Get),
    #[serde(rename = "records.find")]
    RecordsFind(records::Find),
    #[serde(rename = "records.search")]
    RecordsSearch(records::Search),
    #[serde(rename = "records.put")]
    RecordsPut(records::Put),
    #[serde(rename = "records.delete")]
    RecordsDelete(records::Delete),
    #[serde(rename = "nlu.recognize")]
    NluRecognize(nlu::Request),
    #[serde(rename = "genai.converse")]
    GenaiConverse(genai::Request),
    #[serde(rename = "knowledge.search")]
    KnowledgeSearch(knowledge::Query),
    #[serde(rename = "tickets.create")]
    TicketsCreate(tickets::Create),
    #[serde(rename = "secrets.open")]
    SecretsOpen(SecretName),
    #[serde(rename = "http.send")]
    HttpSend(http::Request),
}

/// The good reply to the [`HostCall`] of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "function", content = "answer")]
pub enum HostAnswer {
    #[serde(rename = "records.get")]
    RecordsGet(Option<records::Record>),
    #[serde(rename = "records.find")]
    RecordsFind(records::Page),
    #[serde(rename = "records.search")]
    RecordsSearch(records::SearchPage),
    #[serde(rename = "records.put")]
    RecordsPut(records::Written),
    #[serde(rename = "records.delete")]
    RecordsDelete,
    #[serde(rename = "nlu.recognize")]
    NluRecognize(nlu::Recognition),
    #[serde(rename = "genai.converse")]
    GenaiConverse(genai::Response),
    #[serde(rename = "knowledge.search")]
    KnowledgeSearch(Vec<knowledge::Passage>),
    #[serde(rename = "tickets.create")]
    TicketsCreate(tickets::Receipt),
    #[serde(rename = "secrets.open")]
    SecretsOpen,
    #[serde(rename = "http.send")]
    HttpSend(http::Response),
}

/// What comes back from a [`HostCall`].
pub type HostResult = Result<HostAnswer, HostError>;

/// Name of a secret that is to be opened; its text never enters a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretName {
    pub name: String,
}

impl HostCall {
    /// `capability.function`, such as `records.find`: how mocks, traces and metrics name it.
    pub fn function(&self) -> &'static str {
        match self {
            Self::RecordsGet(_) => "records.get",
            Self::RecordsFind(_) => "records.find",
            Self::RecordsSearch(_) => "records.search",
            Self::RecordsPut(_) => "records.put",
            Self::RecordsDelete(_) => "records.delete",
            Self::NluRecognize(_) => "nlu.recognize",
            Self::GenaiConverse(_) => "genai.converse",
            Self::KnowledgeSearch(_) => "knowledge.search",
            Self::TicketsCreate(_) => "tickets.create",
            Self::SecretsOpen(_) => "secrets.open",
            Self::HttpSend(_) => "http.send",
        }
    }

    /// The collection of records that it is about.
    pub fn collection(&self) -> Option<&str> {
        match self {
            Self::RecordsGet(get) => Some(&get.collection),
            Self::RecordsFind(find) => Some(&find.collection),
            Self::RecordsSearch(search) => Some(&search.collection),
            Self::RecordsPut(put) => Some(&put.collection),
            Self::RecordsDelete(delete) => Some(&delete.collection),
            _ => None,
        }
    }

    /// The provider that answers: the part of [`HostCall::function`] before the dot.
    pub fn provider(&self) -> &'static str {
        let function = self.function();
        function.split_once('.').map_or(function, |(provider, _)| provider)
    }

    /// True when it changes the world, so that repeating it must not repeat its effect.
    pub fn has_effect(&self) -> bool {
        match self {
            Self::RecordsPut(_) | Self::RecordsDelete(_) | Self::TicketsCreate(_) => true,
            Self::HttpSend(request) => !matches!(request.method.as_str(), "GET" | "HEAD"),
            Self::RecordsGet(_)
            | Self::RecordsFind(_)
            | Self::RecordsSearch(_)
            | Self::NluRecognize(_)
            | Self::GenaiConverse(_)
            | Self::KnowledgeSearch(_)
            | Self::SecretsOpen(_) => false,
        }
    }
}

/// Why a capability did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct HostError {
    pub kind: HostErrorKind,
    /// Stable, lower-case, words joined by `-`.
    pub code: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The four ways in which a capability fails, as in the plugin contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostErrorKind {
    Invalid,
    Unavailable,
    Denied,
    Other,
}

impl HostError {
    /// An error of `kind`.
    pub fn new(kind: HostErrorKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), retry_after_ms: None }
    }

    /// Down, slow or throttled.
    pub fn unavailable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(HostErrorKind::Unavailable, code, message)
    }

    /// The request itself is wrong.
    pub fn invalid(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(HostErrorKind::Invalid, code, message)
    }

    /// Understood and refused.
    pub fn denied(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(HostErrorKind::Denied, code, message)
    }
}
