//! From a host call to the provider that answers it, within what the plugin was granted.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use dialgraph_base::{Digest, Grants, Name};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostError, HostResult};
use dialgraph_kernel::provider::{Caller, Providers};

use crate::drive::{Sources, World};

/// Grants by plugin name.
pub type GrantBook = BTreeMap<Name, Grants>;

/// Answers host calls from providers. What a plugin may import was decided when it was loaded; here
/// it is decided which collections, hosts and secrets it may name.
#[derive(Debug, Clone)]
pub struct Dispatch {
    providers: Providers,
    grants: Arc<GrantBook>,
    sources: Option<Arc<Sources>>,
}

impl Dispatch {
    pub fn new(providers: Providers, grants: GrantBook) -> Self {
        Self { providers, grants: Arc::new(grants), sources: None }
    }

    /// The same with collections that live outside the engine's store; the providers answer for
    /// them.
    #[must_use]
    pub fn with_sources(mut self, sources: Sources) -> Self {
        self.sources = Some(Arc::new(sources));
        self
    }

    /// Whether `caller` may make `call`; the error names the plugin and the line to add.
    fn permit(&self, caller: &Caller, call: &HostCall) -> Result<(), HostError> {
        let none = Grants::default();
        let grants = self.grants.get(&caller.plugin).unwrap_or(&none);
        let (allowed, what, line) = match call {
            HostCall::RecordsGet(get) => read(grants, &get.collection),
            HostCall::RecordsFind(find) => read(grants, &find.collection),
            HostCall::RecordsSearch(search) => read(grants, &search.collection),
            HostCall::RecordsPut(put) => write(grants, &put.collection),
            HostCall::RecordsDelete(delete) => write(grants, &delete.collection),
            HostCall::SecretsOpen(secret) => (
                grants.secrets.contains(&secret.name),
                format!("use secret `{}`", secret.name),
                format!("secrets: [{}]", secret.name),
            ),
            // The address is looked at by the provider, which alone knows what it resolves to.
            HostCall::HttpSend(_)
            | HostCall::NluRecognize(_)
            | HostCall::GenaiConverse(_)
            | HostCall::KnowledgeSearch(_)
            | HostCall::TicketsCreate(_) => return Ok(()),
        };
        if allowed {
            return Ok(());
        }
        let plugin = &caller.plugin;
        Err(HostError::denied(
            "not-granted",
            format!(
                "plugin `{plugin}` may not {what}; to allow it, add `{line}` under `plugins: \
                {plugin}:`"
            ),
        ))
    }
}

fn read(grants: &Grants, collection: &str) -> (bool, String, String) {
    (
        grants.collections.read.contains(collection),
        format!("read collection `{collection}`"),
        format!("collections: {{read: [{collection}]}}"),
    )
}

fn write(grants: &Grants, collection: &str) -> (bool, String, String) {
    (
        grants.collections.write.contains(collection),
        format!("write collection `{collection}`"),
        format!("collections: {{write: [{collection}]}}"),
    )
}

impl World for Dispatch {
    fn sources(&self, _release: &Digest) -> Option<Arc<Sources>> {
        self.sources.clone()
    }

    fn call(&self, caller: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        if let Err(error) = self.permit(&caller, &call) {
            return std::future::ready(Err(error)).boxed();
        }
        let providers = self.providers.clone();
        async move {
            let caller = &caller;
            Ok(match &call {
                HostCall::RecordsGet(get) => {
                    HostAnswer::RecordsGet(providers.records.get(caller, get).await?)
                }
                HostCall::RecordsFind(find) => {
                    HostAnswer::RecordsFind(providers.records.find(caller, find).await?)
                }
                HostCall::RecordsSearch(search) => {
                    HostAnswer::RecordsSearch(providers.records.search(caller, search).await?)
                }
                HostCall::RecordsPut(put) => {
                    HostAnswer::RecordsPut(providers.records.put(caller, put).await?)
                }
                HostCall::RecordsDelete(delete) => {
                    providers.records.delete(caller, delete).await?;
                    HostAnswer::RecordsDelete
                }
                HostCall::NluRecognize(request) => {
                    HostAnswer::NluRecognize(providers.nlu.recognize(caller, request).await?)
                }
                HostCall::GenaiConverse(request) => {
                    HostAnswer::GenaiConverse(providers.genai.converse(caller, request).await?)
                }
                HostCall::KnowledgeSearch(query) => {
                    HostAnswer::KnowledgeSearch(providers.knowledge.search(caller, query).await?)
                }
                HostCall::TicketsCreate(create) => {
                    HostAnswer::TicketsCreate(providers.tickets.create(caller, create).await?)
                }
                HostCall::SecretsOpen(secret) => {
                    providers.secrets.open(caller, &secret.name).await?;
                    HostAnswer::SecretsOpen
                }
                HostCall::HttpSend(request) => {
                    HostAnswer::HttpSend(providers.http.send(caller, request).await?)
                }
            })
        }
        .boxed()
    }
}
