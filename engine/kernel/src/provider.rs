//! The traits that adapters to the outside world implement.
//!
//! They are declared here, beside the data they carry, and never called here: a driver calls them
//! and gives the replies to the turn. One trait per capability, so that an adapter implements what
//! it can do.

use std::sync::Arc;

use async_trait::async_trait;

use dialgraph_base::{CallId, Digest, Locale, Name, Timestamp};

use crate::ports::{HostError, genai, http, knowledge, nlu, records, tickets};

/// On whose behalf a provider is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub call_id: CallId,
    /// What the call is pinned to; grants and data may differ from release to release.
    pub release: Digest,
    pub locale: Locale,
    /// The plugin that asks.
    pub plugin: Name,
    /// When the turn began.
    pub now: Timestamp,
    /// The same for every repetition of this request, and for no other request: an effect must
    /// happen once per key.
    pub idempotency_key: Arc<str>,
}

#[async_trait]
pub trait Records: Send + Sync {
    async fn get(
        &self,
        caller: &Caller,
        request: &records::Get,
    ) -> Result<Option<records::Record>, HostError>;
    async fn find(
        &self,
        caller: &Caller,
        request: &records::Find,
    ) -> Result<records::Page, HostError>;
    async fn search(
        &self,
        caller: &Caller,
        request: &records::Search,
    ) -> Result<records::SearchPage, HostError>;
    async fn put(
        &self,
        caller: &Caller,
        request: &records::Put,
    ) -> Result<records::Written, HostError>;
    async fn delete(&self, caller: &Caller, request: &records::Delete) -> Result<(), HostError>;
}

#[async_trait]
impl<R: Records + ?Sized> Records for Arc<R> {
    async fn get(
        &self,
        caller: &Caller,
        request: &records::Get,
    ) -> Result<Option<records::Record>, HostError> {
        (**self).get(caller, request).await
    }

    async fn find(
        &self,
        caller: &Caller,
        request: &records::Find,
    ) -> Result<records::Page, HostError> {
        (**self).find(caller, request).await
    }

    async fn search(
        &self,
        caller: &Caller,
        request: &records::Search,
    ) -> Result<records::SearchPage, HostError> {
        (**self).search(caller, request).await
    }

    async fn put(
        &self,
        caller: &Caller,
        request: &records::Put,
    ) -> Result<records::Written, HostError> {
        (**self).put(caller, request).await
    }

    async fn delete(&self, caller: &Caller, request: &records::Delete) -> Result<(), HostError> {
        (**self).delete(caller, request).await
    }
}

#[async_trait]
pub trait Nlu: Send + Sync {
    async fn recognize(
        &self,
        caller: &Caller,
        request: &nlu::Request,
    ) -> Result<nlu::Recognition, HostError>;
}

#[async_trait]
pub trait Genai: Send + Sync {
    async fn converse(
        &self,
        caller: &Caller,
        request: &genai::Request,
    ) -> Result<genai::Response, HostError>;
}

#[async_trait]
pub trait Knowledge: Send + Sync {
    async fn search(
        &self,
        caller: &Caller,
        query: &knowledge::Query,
    ) -> Result<Vec<knowledge::Passage>, HostError>;
}

#[async_trait]
pub trait Tickets: Send + Sync {
    async fn create(
        &self,
        caller: &Caller,
        request: &tickets::Create,
    ) -> Result<tickets::Receipt, HostError>;
}

/// Tells whether a secret can be had; its text goes from the secret store to [`Http`] alone.
#[async_trait]
pub trait Secrets: Send + Sync {
    async fn open(&self, caller: &Caller, name: &str) -> Result<(), HostError>;
}

#[async_trait]
pub trait Http: Send + Sync {
    async fn send(
        &self,
        caller: &Caller,
        request: &http::Request,
    ) -> Result<http::Response, HostError>;
}

/// One provider for each capability.
#[derive(Clone)]
pub struct Providers {
    pub records: Arc<dyn Records>,
    pub nlu: Arc<dyn Nlu>,
    pub genai: Arc<dyn Genai>,
    pub knowledge: Arc<dyn Knowledge>,
    pub tickets: Arc<dyn Tickets>,
    pub secrets: Arc<dyn Secrets>,
    pub http: Arc<dyn Http>,
}

impl std::fmt::Debug for Providers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Providers").finish_non_exhaustive()
    }
}
