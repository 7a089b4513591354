//! Collections that live outside the engine's store: finds each its place, and puts around it what
//! every place gets.
//!
//! From the outside in: what was last known, receipts and schemas, the place itself. Time limits,
//! retries and the breaker are around all providers, in the server.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use dialgraph_base::Digest;
use dialgraph_base::origin::{Origin, System};
use dialgraph_config::{Backend, Config, Reached, Sent};
use dialgraph_deploy::ProviderOverride;
use dialgraph_flow::Project;
use dialgraph_http_records::{HttpRecords, Service};
use dialgraph_kernel::ports::http::Credential;
use dialgraph_kernel::provider::{Providers, Records};
use dialgraph_local::records::{LastKnown, Probe, Routed, Schemas, SourceStates, Sourced};
use dialgraph_local::secrets::{LocalSecrets, RevealSecret, SecretSource};
use dialgraph_postgres::{Database, PostgresRecords, Settings};
use dialgraph_runtime::SystemClock;
use dialgraph_store::{MemoryStore, Store};

use crate::error::WiringError;

/// What the sources are made of, besides the configuration.
pub(crate) struct Around {
    /// The engine's store.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) secrets: Arc<dyn RevealSecret>,
    pub(crate) states: Arc<SourceStates>,
    /// What is done to the providers of each release before.
    pub(crate) refit: Option<ProviderOverride>,
}

/// Where secrets come from, for sources as for plugins.
pub(crate) fn revealing(
    source: Option<&Arc<dyn SecretSource>>,
    folder: Option<std::path::PathBuf>,
    environment: &[(String, String)],
) -> Arc<dyn RevealSecret> {
    match source {
        Some(source) => Arc::clone(source) as _,
        None => Arc::new(LocalSecrets::new(folder, environment.iter().cloned())),
    }
}

/// What answers for a collection, and what tells how that is.
type Place = (Arc<dyn Records>, Weak<dyn Probe>);

/// All places that the configuration grants. Making it connects to nothing.
struct Granted {
    databases: BTreeMap<String, Arc<Database>>,
    services: BTreeMap<String, Arc<Service>>,
    #[cfg(feature = "aws")]
    tables: BTreeMap<String, Arc<dialgraph_aws::items::GrantedTable>>,
    /// By secret, the source that is reached with it.
    secrets: BTreeMap<String, String>,
}

impl Granted {
    async fn of(config: &Config, secrets: &Arc<dyn RevealSecret>) -> Result<Self, WiringError> {
        let mut granted = Self {
            #[cfg(feature = "aws")]
            tables: tables(config).await,
            databases: BTreeMap::new(),
            services: BTreeMap::new(),
            secrets: BTreeMap::new(),
        };
        let section = &config.sources;
        #[cfg(not(feature = "aws"))]
        if !section.dynamodb.is_empty() {
            return Err(WiringError::NotBuilt { key: "sources.dynamodb", value: "dynamodb" });
        }
        for (name, Reached { address, secret }) in section.databases() {
            if let Some(secret) = &secret {
                granted.secrets.insert(secret.clone(), name.clone());
            }
            let settings = Settings {
                address,
                secret,
                connections: section.connections,
                timeout: section.timeout,
                extra_roots: config.providers.extra_roots.clone(),
            };
            let database = Database::new(&name, &settings, Arc::clone(secrets))?;
            granted.databases.insert(name, Arc::new(database));
        }
        for (name, Reached { address, secret }) in section.services() {
            if let Some(secret) = &secret {
                granted.secrets.insert(secret.clone(), name.clone());
            }
            let credential = secret.map(|secret| match section.sent(&name) {
                Sent::Bearer => Credential::Bearer { secret },
                Sent::Header(name) => Credential::Header { name, secret },
                Sent::Basic(user) => Credential::Basic { user, secret },
            });
            let settings = dialgraph_http_records::Settings {
                address,
                credential,
                timeout: section.timeout,
                rate: section.http_rate,
                extra_roots: config.providers.extra_roots.clone(),
            };
            let service = Service::new(&name, &settings, Arc::clone(secrets))?;
            granted.services.insert(name, Arc::new(service));
        }
        Ok(granted)
    }

    /// The place of a collection, and what tells how it is.
    fn place(&self, project: &Project, collection: &str, origin: Origin) -> Result<Place, String> {
        let Origin { from, system } = origin;
        let word = system.word();
        let unknown = |known: Vec<&String>| {
            let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            format!(
                "collection `{collection}` lives in the {word} source `{from}`, which this server is \
                 not granted (known: {known}); add it to `sources.{word}` in dialgraph.toml"
            )
        };
        let indexes = Arc::new(project.indexes());
        match system {
            System::Postgresql(table) => {
                let database = self.databases.get(&from);
                let database = database.ok_or_else(|| unknown(self.databases.keys().collect()))?;
                let database = Arc::clone(database);
                let records = Arc::new(PostgresRecords::new(database, collection, table, indexes));
                let probe: Arc<dyn Probe> = records.clone();
                Ok((records, Arc::downgrade(&probe)))
            }
            #[cfg(feature = "aws")]
            System::Dynamodb(items) => {
                let table = self.tables.get(&from);
                let table = table.ok_or_else(|| unknown(self.tables.keys().collect()))?;
                let table = Arc::clone(table);
                let records =
                    dialgraph_aws::items::ItemRecords::new(table, collection, items, indexes);
                let records = Arc::new(records);
                let probe: Arc<dyn Probe> = records.clone();
                Ok((records, Arc::downgrade(&probe)))
            }
            #[cfg(not(feature = "aws"))]
            System::Dynamodb(_) => Err(unknown(Vec::new())),
            System::Http(shape) => {
                let service = self.services.get(&from);
                let service = service.ok_or_else(|| unknown(self.services.keys().collect()))?;
                let service = Arc::clone(service);
                let records = Arc::new(HttpRecords::new(service, collection, shape, indexes));
                let probe: Arc<dyn Probe> = records.clone();
                Ok((records, Arc::downgrade(&probe)))
            }
        }
    }

    /// A secret of a source is the operator's; no flow may send it elsewhere.
    fn keep_from_plugins(&self, project: &Project) -> Result<(), String> {
        for (plugin, grants) in project.grants() {
            for secret in &grants.secrets {
                if let Some(source) = self.secrets.get(secret) {
                    return Err(format!(
                        "plugin `{plugin}` is granted the secret `{secret}`, with which the server \
                         reaches the source `{source}`; give the plugin a secret of its own"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The tables of DynamoDB that the configuration grants.
#[cfg(feature = "aws")]
async fn tables(config: &Config) -> BTreeMap<String, Arc<dialgraph_aws::items::GrantedTable>> {
    let tables = config.sources.tables();
    if tables.is_empty() {
        return BTreeMap::new();
    }
    let connection = dialgraph_aws::connect(config.aws.region.as_deref()).await;
    let granted = |(name, Reached { address, .. }): (String, Reached)| {
        let timeout = config.sources.timeout;
        let table = dialgraph_aws::items::GrantedTable::new(&connection, &name, &address, timeout);
        (name, Arc::new(table))
    };
    tables.into_iter().map(granted).collect()
}

/// Sends each collection of a release to where it lives.
///
/// # Errors
/// If a source cannot be set up as it is configured.
pub(crate) async fn routing(
    config: &Config,
    around: Around,
) -> Result<ProviderOverride, WiringError> {
    let Around { store, secrets, states, refit } = around;
    let granted = Granted::of(config, &secrets).await?;
    // A copy of a record is a record: an embedded store keeps it over a restart, and erases it with
    // the customer's others. A shared store is as far away as a source may be.
    let copies: Arc<dyn Store> = match config.store.backend {
        Backend::Sled => Arc::clone(&store),
        Backend::Dynamodb => Arc::new(MemoryStore::new(Arc::new(SystemClock))),
    };
    Ok(Arc::new(move |project, providers| {
        let mut providers: Providers = match &refit {
            Some(refit) => refit(project, providers)?,
            None => providers,
        };
        granted.keep_from_plugins(project)?;
        let origins = project.origins();
        if origins.is_empty() {
            return Ok(providers);
        }
        let indexes = Arc::new(project.indexes());
        let schemas: Schemas = project.record_schemas().into_iter().collect();
        let mut elsewhere: BTreeMap<String, Arc<dyn Records>> = BTreeMap::new();
        let mut probes = Vec::new();
        for (collection, origin) in origins {
            // How it is written here may change with the engine: then copies are made anew.
            let copied = Digest::of(format!("{origin:?}").as_bytes());
            let (place, probe) = granted.place(project, &collection, origin)?;
            let sourced = Sourced::new(place, Arc::clone(&store), schemas.clone());
            let known =
                LastKnown::new(sourced, Arc::clone(&copies)).with_indexes(Arc::clone(&indexes));
            let known = known.of_origin(copied);
            probes.push((collection.clone(), probe));
            elsewhere.insert(collection, Arc::new(known));
        }
        // Only now: a release with a place that there is not is none.
        for (collection, probe) in probes {
            states.watch(&collection, probe);
        }
        providers.records = Arc::new(Routed { own: providers.records, elsewhere });
        Ok(providers)
    }))
}
