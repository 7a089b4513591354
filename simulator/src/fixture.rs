//! What simulated calls start from: a project's local providers, and nothing outside.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use dialgraph_base::Timestamp;
use dialgraph_flow::{Project, Release};
use dialgraph_kernel::plugin::Plugins;
use dialgraph_kernel::ports::records::{Delete, Expectation, Put};
use dialgraph_kernel::ports::{HostError, http};
use dialgraph_kernel::provider::{Caller, Http, Providers, Records as _, Secrets};
use dialgraph_local::records::{LocalRecords, Schemas};
use dialgraph_local::tickets::LocalTickets;
use dialgraph_local::{LocalConfig, LocalError};
use dialgraph_runtime::{Dispatch, WaitRules, World};
use dialgraph_store::MemoryStore;

use crate::clock::{SharedClock, VirtualClock};
use crate::session::{Fixture, PutRecord};

impl Fixture {
    /// A fixture for the project in `folder`: its collections seeded, its recogniser trained, its
    /// articles indexed.
    ///
    /// # Errors
    /// What is wrong with the project's data, with file and line where it has one.
    pub fn new(
        folder: &Path,
        project: &Project,
        release: Arc<Release>,
        plugins: Arc<dyn Plugins>,
    ) -> Result<Self, LocalError> {
        let clock = SharedClock(Arc::new(VirtualClock::new(Timestamp(0))));
        let baseline = Arc::new(MemoryStore::new(Arc::new(clock.clone())));
        let mut config = LocalConfig::new(folder, baseline.clone());
        config.collections = project
            .collections()
            .iter()
            .map(|(name, collection)| (name.to_string(), collection.seed.clone()))
            .collect();
        let names: Vec<String> = config.collections.keys().cloned().collect();
        let indexes = Arc::new(project.indexes());
        config.indexes = indexes.clone();
        let schemas: Schemas = project.record_schemas().into_iter().collect();
        config.schemas = schemas.clone();
        config.work.clone_from(&project.engineers().work);
        let local = clock.0.run(config.build())?;
        local.nlu.warm_up();
        let grants = project.grants();
        let shared = local.providers;
        let own_records = names.clone();
        let providers = move |store: &Arc<MemoryStore>, _: &SharedClock| {
            let records = LocalRecords::new(store.clone(), own_records.clone())
                .with_indexes(indexes.clone())
                .with_schemas(schemas.clone());
            let providers = Providers {
                records: Arc::new(records),
                tickets: Arc::new(LocalTickets::new(store.clone())),
                secrets: Arc::new(Offline),
                http: Arc::new(Offline),
                ..shared.clone()
            };
            Arc::new(Dispatch::new(providers, grants.clone())) as Arc<dyn World>
        };
        Ok(Self {
            release,
            plugins,
            baseline: baseline.snapshot(),
            collections: project
                .collections()
                .iter()
                .map(|(name, collection)| (name.clone(), collection.schema.clone()))
                .collect(),
            providers: Arc::new(providers),
            put_record: put_record(names),
            rules: WaitRules::default(),
        })
    }
}

/// Puts records as the call's own provider keeps them.
fn put_record(names: Vec<String>) -> PutRecord {
    Arc::new(move |store, collection, key, data| {
        let records = LocalRecords::new(store.clone(), names.clone());
        let caller = Caller {
            call_id: "script".into(),
            release: dialgraph_base::Digest::of(b"no release"),
            locale: "en-US".into(),
            plugin: "script".into(),
            now: Timestamp(0),
            idempotency_key: format!("script/{collection}/{key}").into(),
        };
        let (collection, key) = (collection.to_owned(), key.to_owned());
        let expect = Expectation::Any;
        let done = VirtualClock::default().run(async {
            if data.is_null() {
                return records.delete(&caller, &Delete { collection, key, expect }).await;
            }
            let put = Put { collection, key, data: data.clone(), expect };
            records.put(&caller, &put).await.map(|_| ())
        });
        done.map_err(|error| error.to_string())
    })
}

/// A simulated call reaches nothing outside: secrets are there to be named, hosts are not.
#[derive(Debug)]
struct Offline;

#[async_trait]
impl Secrets for Offline {
    async fn open(&self, _: &Caller, _: &str) -> Result<(), HostError> {
        Ok(())
    }
}

#[async_trait]
impl Http for Offline {
    async fn send(&self, _: &Caller, request: &http::Request) -> Result<http::Response, HostError> {
        let message = format!(
            "a simulated call reaches no host; mock `http.send` to answer {} {}",
            request.method, request.url
        );
        Err(HostError::unavailable("offline", message))
    }
}
