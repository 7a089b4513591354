//! The worlds of releases that need no account: local providers over one store.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use dialgraph_base::{Digest, Timestamp};
use dialgraph_flow::Project;
use dialgraph_kernel::provider::Providers;
use dialgraph_local::records::{LocalRecords, SourceStates};
use dialgraph_local::secrets::SecretSource;
use dialgraph_local::tickets::LocalTickets;
use dialgraph_local::{Files, LanguageProviders, LocalConfig, LocalError};
use dialgraph_runtime::{Dispatch, Sources, World};
use dialgraph_store::{Clock, Store};

use crate::world_factory::WorldFactory;

/// A way to put something in front of a project's local providers, or in their place; or why that
/// cannot be.
pub type ProviderOverride =
    Arc<dyn Fn(&Project, Providers) -> Result<Providers, String> + Send + Sync>;

/// Makes the local providers of each release, over one store.
///
/// What is made of texts alone (recogniser, articles, guardrails) is shared by all releases that
/// have the same texts, and gone with the last of them.
pub struct LocalWorldFactory {
    /// Where records and tickets are kept.
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    /// Secrets come from here, and then neither from folder nor environment.
    pub secrets: Option<Arc<dyn SecretSource>>,
    /// Folder with one file for each secret.
    pub secrets_folder: Option<PathBuf>,
    /// Environment; only `DIALGRAPH_SECRET_…` is taken from it.
    pub environment: Vec<(String, String)>,
    /// PEM file of certificate authorities to trust beside Mozilla's.
    pub extra_roots: Option<PathBuf>,
    /// What is done to the providers of each release before calls get them.
    pub refit: Option<ProviderOverride>,
    /// How the places are where records live outside the store; `refit` has them watched.
    pub states: Arc<SourceStates>,
    /// One desk for all releases, so that its tickets are numbered without gaps.
    tickets: LocalTickets,
    shared: Shared,
}

impl std::fmt::Debug for LocalWorldFactory {
    /// Without the environment, which has secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalWorldFactory")
            .field("secrets_folder", &self.secrets_folder)
            .field("extra_roots", &self.extra_roots)
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Shared {
    nlu: Cache<dialgraph_local::nlu::LocalNlu>,
    knowledge: Cache<dialgraph_local::knowledge::LocalKnowledge>,
    genai: Cache<dialgraph_local::genai::LocalGenai>,
}

/// Things by the digest of the texts that they were made of, as long as somebody has them. Making
/// one keeps waiting only those that want the same.
struct Cache<T>(Mutex<HashMap<Digest, Slot<T>>>);

type Slot<T> = Arc<Mutex<Weak<T>>>;

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Cache<T> {
    fn get(
        &self,
        files: &Files,
        folder: &str,
        make: impl FnOnce(&Files) -> Result<T, LocalError>,
    ) -> Result<Arc<T>, LocalError> {
        let mut lines = String::new();
        for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with(folder)) {
            lines.push_str(&format!("{path:?} {}\n", Digest::of(bytes)));
        }
        let digest = Digest::of(lines.as_bytes());
        let slot = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that are being made are kept by whoever makes them.
            known.retain(|known, slot| {
                let gone = |made: &mut Weak<T>| made.strong_count() == 0;
                *known == digest
                    || Arc::get_mut(slot).is_none_or(|slot| {
                        !gone(slot.get_mut().unwrap_or_else(PoisonError::into_inner))
                    })
            });
            Arc::clone(known.entry(digest).or_default())
        };
        let mut known = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = known.upgrade() {
            return Ok(made);
        }
        let made = Arc::new(make(files)?);
        *known = Arc::downgrade(&made);
        Ok(made)
    }
}

impl LocalWorldFactory {
    /// No secrets, and no certificate authorities but Mozilla's.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            tickets: LocalTickets::new(Arc::clone(&store)),
            store,
            clock,
            secrets: None,
            secrets_folder: None,
            environment: Vec::new(),
            extra_roots: None,
            refit: None,
            states: Arc::default(),
            shared: Shared::default(),
        }
    }

    /// The same; with `reports`, its desk writes down what is to be told of tickets elsewhere.
    #[must_use]
    pub fn reporting_tickets(mut self, reports: bool) -> Self {
        self.tickets = self.tickets.reporting(reports);
        self
    }

    /// The seed of each collection in the store, and the records there.
    fn records(&self, project: &Project) -> (Seeds, LocalRecords) {
        let seeds = seeds(project);
        let records = LocalRecords::new(Arc::clone(&self.store), seeds.keys().cloned())
            .with_indexes(Arc::new(project.indexes()));
        (seeds, records)
    }

    fn language(&self, files: &Files) -> Result<LanguageProviders, LocalError> {
        let [intents, knowledge, guardrails] = LanguageProviders::FOLDERS;
        let nlu = self.shared.nlu.get(files, intents, |files| {
            let nlu = dialgraph_local::nlu_of(files)?;
            nlu.warm_up();
            Ok(nlu)
        })?;
        Ok(LanguageProviders {
            nlu,
            knowledge: self.shared.knowledge.get(
                files,
                knowledge,
                dialgraph_local::knowledge_of,
            )?,
            genai: self.shared.genai.get(files, guardrails, dialgraph_local::genai_of)?,
        })
    }
}

/// Builds indexes whose rows are of an earlier version of the engine anew.
async fn renew(records: LocalRecords, collections: Vec<String>, now: Timestamp) {
    for collection in collections {
        match records.renew_indexes(&collection, now).await {
            Ok(0) => {}
            Ok(entered) => tracing::info!(collection, entered, "indexes were built anew"),
            Err(error) => tracing::warn!(
                collection,
                %error,
                "indexes of an earlier version were not built anew; searches go on, and the next \
                 start tries again"
            ),
        }
    }
}

/// The seed of each collection, by record.
type Seeds = BTreeMap<String, BTreeMap<String, serde_json::Value>>;

/// The seed of each collection in the store.
fn seeds(project: &Project) -> Seeds {
    let collections = project.collections().iter();
    let collections = collections.filter(|(_, collection)| collection.origin.is_none());
    collections.map(|(name, collection)| (name.to_string(), collection.seed.clone())).collect()
}

impl WorldFactory for LocalWorldFactory {
    fn make(&self, project: &Project) -> Result<Arc<dyn World>, String> {
        let words = |error: LocalError| error.to_string();
        let language = self.language(project.files()).map_err(words)?;
        let grants = project.grants();
        let mut config = LocalConfig::with_language(language, Arc::clone(&self.store));
        // Their names; the records are put in when the release is live.
        config.collections =
            project.collections().keys().map(|name| (name.to_string(), BTreeMap::new())).collect();
        config.indexes = Arc::new(project.indexes());
        config.tickets = Some(self.tickets.clone());
        config.schemas = project.record_schemas().into_iter().collect();
        config.http =
            grants.iter().map(|(plugin, g)| (plugin.to_string(), g.http.clone())).collect();
        config.secrets.clone_from(&self.secrets);
        config.secrets_folder.clone_from(&self.secrets_folder);
        config.environment.clone_from(&self.environment);
        config.extra_roots.clone_from(&self.extra_roots);
        let providers = config.assemble().map_err(words)?.providers;
        let providers = match &self.refit {
            Some(refit) => refit(project, providers)?,
            None => providers,
        };
        let records = Arc::clone(&providers.records);
        let dispatch = Dispatch::new(providers, grants);
        let origins = project.origins();
        if origins.is_empty() {
            return Ok(Arc::new(dispatch));
        }
        let (states, looked_at) = (Arc::clone(&self.states), Arc::clone(&self.states));
        let own: Vec<String> = origins.keys().cloned().collect();
        Ok(Arc::new(
            dispatch.with_sources(Sources {
                by_collection: origins
                    .into_iter()
                    .map(|(collection, origin)| (collection, origin.from.into()))
                    .collect(),
                records,
                troubles: Box::new(move || states.troubles()),
                look: Box::new(move || {
                    let (states, own) = (Arc::clone(&looked_at), own.clone());
                    async move {
                        let mut troubles = states.look_at_all().await;
                        troubles.retain(|collection, _| own.contains(collection));
                        troubles
                    }
                    .boxed()
                }),
            }),
        ))
    }

    fn check_records(&self, project: &Project) -> BoxFuture<'static, Result<(), String>> {
        let (seeds, records) = self.records(project);
        async move {
            for (collection, seed) in &seeds {
                let checked = records.check_indexes(collection, seed).await;
                checked.map_err(|error| error.to_string())?;
            }
            Ok(())
        }
        .boxed()
    }

    fn seed(&self, project: &Project) -> BoxFuture<'static, Result<Vec<String>, String>> {
        let (seeds, records) = self.records(project);
        let now = Timestamp(self.clock.now().0);
        let (tickets, work) = (self.tickets.clone(), project.engineers().work.clone());
        async move {
            let mut troubles = Vec::new();
            for (collection, seed) in &seeds {
                match records.build_indexes(collection, now).await {
                    Ok(_) => {}
                    Err(error @ LocalError::Setting { .. }) => troubles.push(format!(
                        "searches in collection `{collection}` fail until this is put right: {error}"
                    )),
                    Err(error) => return Err(error.to_string()),
                }
                records.seed(collection, seed, now).await.map_err(|error| error.to_string())?;
            }
            let counted = tickets.count_in(work.as_deref(), now).await;
            counted.map_err(|error| format!("counting open tickets: {error}"))?;
            let mut former = Vec::new();
            for collection in seeds.into_keys() {
                let has = records.has_former_indexes(&collection).await;
                if has.map_err(|error| error.to_string())? {
                    former.push(collection);
                }
            }
            if !former.is_empty() {
                // They serve searches meanwhile; a start does not wait for a million records.
                tokio::spawn(renew(records, former, now));
            }
            Ok(troubles)
        }
        .boxed()
    }
}
