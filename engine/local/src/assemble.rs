//! All local providers of a project in one go, from its folder or from its files in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dialgraph_base::index::Indexes;
use dialgraph_base::{HostPattern, Timestamp};
use dialgraph_kernel::provider::Providers;
use dialgraph_store::Store;
use serde_json::Value;

use crate::error::{LocalError, MAX_FILE_BYTES};
use crate::genai::{Guardrail, LocalGenai};
use crate::http::{AllowedHosts, HostTable, HttpClient};
use crate::knowledge::{Article, LocalKnowledge, children};
use crate::nlu::LocalNlu;
use crate::nlu::file::BotFile;
use crate::records::{LocalRecords, Schemas, Seeded};
use crate::secrets::{LocalSecrets, SecretSource};
use crate::tickets::LocalTickets;

/// Paths within a project, with `/`, and what the files hold.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The providers that are made of a project's texts alone. They may be shared by all releases that
/// have the same texts, so that an unchanged recogniser is not trained again.
#[derive(Debug, Clone)]
pub struct LanguageProviders {
    /// Of `intents/*.intents.yaml`.
    pub nlu: Arc<LocalNlu>,
    /// Of `knowledge/BASE/LOCALE/*.md`.
    pub knowledge: Arc<LocalKnowledge>,
    /// Of `guardrails/*.guardrail.yaml`.
    pub genai: Arc<LocalGenai>,
}

impl LanguageProviders {
    /// Folders whose files these providers are made of, in the order of the fields.
    pub const FOLDERS: [&'static str; 3] = ["intents/", "knowledge/", "guardrails/"];

    /// Reads the texts among `files`; any may be absent.
    ///
    /// # Errors
    /// The first thing that is wrong, with its file and line where it has one.
    pub fn of_files(files: &Files) -> Result<Self, LocalError> {
        Ok(Self {
            nlu: Arc::new(nlu(files)?),
            knowledge: Arc::new(knowledge(files)?),
            genai: Arc::new(genai(files)?),
        })
    }
}

/// The recogniser of the bots in `intents/*.intents.yaml`.
///
/// # Errors
/// The first thing that is wrong, with its file and line.
pub fn nlu(files: &Files) -> Result<LocalNlu, LocalError> {
    let mut bots = Vec::new();
    for (file, name, text) in named(files, "intents/", ".intents.yaml")? {
        let bot = BotFile::parse(file, text)?;
        same_name(file, "bot", &bot.bot.value, name)?;
        bots.push(bot);
    }
    LocalNlu::new(bots)
}

/// The index of the articles in `knowledge/BASE/LOCALE/*.md`.
///
/// # Errors
/// [`LocalError::Setting`] for a file that is no UTF-8 text.
pub fn knowledge(files: &Files) -> Result<LocalKnowledge, LocalError> {
    let mut bases: BTreeMap<(&str, &str), Vec<Article>> = BTreeMap::new();
    for (path, bytes) in files {
        let parts: Vec<&str> = path.split('/').collect();
        let ["knowledge", base, locale, file] = parts[..] else { continue };
        let Some(stem) = file.strip_suffix(".md") else { continue };
        bases.entry((base, locale)).or_default().push(Article {
            source: path.clone(),
            stem: stem.to_owned(),
            markdown: utf8(path, bytes)?.to_owned(),
        });
    }
    let mut knowledge = LocalKnowledge::default();
    for ((base, locale), articles) in bases {
        knowledge.add(base, locale, &articles);
    }
    Ok(knowledge)
}

/// Extractive answers under the guardrails in `guardrails/*.guardrail.yaml`.
///
/// # Errors
/// The first thing that is wrong, with its file and line.
pub fn genai(files: &Files) -> Result<LocalGenai, LocalError> {
    let mut guardrails = Vec::new();
    for (file, name, text) in named(files, "guardrails/", ".guardrail.yaml")? {
        let guardrail = Guardrail::parse(file, text)?;
        same_name(file, "guardrail", &guardrail.guardrail, name)?;
        guardrails.push(guardrail);
    }
    LocalGenai::new(guardrails)
}

/// Where the texts of the language providers come from.
#[derive(Debug, Clone)]
pub enum Texts {
    /// The folder with `dialgraph.yaml`.
    Folder(PathBuf),
    /// They were read before.
    Ready(LanguageProviders),
}

/// What local providers are made of.
#[derive(Clone)]
pub struct LocalConfig {
    /// What is understood, searched and answered from.
    pub texts: Texts,
    /// Where records and tickets are kept.
    pub store: Arc<dyn Store>,
    /// Name of each collection, with the records that seed it: key to object. See
    /// [`LocalRecords::seed`].
    pub collections: BTreeMap<String, BTreeMap<String, Value>>,
    /// The indexes of the collections.
    pub indexes: Arc<Indexes>,
    /// What their records must look like.
    pub schemas: Schemas,
    /// The ticket desk; none: one of its own over the store.
    pub tickets: Option<LocalTickets>,
    /// The collection in which [`LocalConfig::build`] has open tickets counted. See
    /// [`LocalTickets::count_in`].
    pub work: Option<String>,
    /// Plugin to the host patterns of its grants.
    pub http: BTreeMap<String, Vec<String>>,
    /// Secrets come from here, and then neither from folder nor environment.
    pub secrets: Option<Arc<dyn SecretSource>>,
    /// Folder with one file for each secret, such as systemd's `$CREDENTIALS_DIRECTORY`.
    pub secrets_folder: Option<PathBuf>,
    /// Environment; only `DIALGRAPH_SECRET_…` is taken from it.
    pub environment: Vec<(String, String)>,
    /// PEM file of certificate authorities to trust beside Mozilla's.
    pub extra_roots: Option<PathBuf>,
    /// The time at which seeds are written.
    pub now: Timestamp,
}

impl fmt::Debug for LocalConfig {
    /// Without the environment, which has secrets, and without records.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalConfig")
            .field("texts", &self.texts)
            .field("collections", &self.collections.keys().collect::<Vec<_>>())
            .field("http", &self.http)
            .field("secrets_folder", &self.secrets_folder)
            .field("extra_roots", &self.extra_roots)
            .finish_non_exhaustive()
    }
}

/// Local providers, and the parts of them that the program may want by themselves.
#[derive(Debug, Clone)]
pub struct Local {
    /// One provider for each capability.
    pub providers: Providers,
    /// For training before the first call: [`LocalNlu::warm_up`].
    pub nlu: Arc<LocalNlu>,
    /// For seeding again when data files change.
    pub records: LocalRecords,
    /// For listing tickets.
    pub tickets: LocalTickets,
    /// For changing what plugins may call when a new release is published.
    pub hosts: AllowedHosts,
    /// What seeding did, by collection.
    pub seeded: BTreeMap<String, Seeded>,
}

impl LocalConfig {
    /// Nothing but a project folder and a store: no collections, no outbound hosts, no secrets.
    pub fn new(project: impl Into<PathBuf>, store: Arc<dyn Store>) -> Self {
        Self::of(Texts::Folder(project.into()), store)
    }

    /// The same of texts that were read before.
    pub fn with_language(language: LanguageProviders, store: Arc<dyn Store>) -> Self {
        Self::of(Texts::Ready(language), store)
    }

    fn of(texts: Texts, store: Arc<dyn Store>) -> Self {
        Self {
            texts,
            store,
            collections: BTreeMap::new(),
            indexes: Arc::default(),
            schemas: Schemas::default(),
            tickets: None,
            work: None,
            http: BTreeMap::new(),
            secrets: None,
            secrets_folder: None,
            environment: Vec::new(),
            extra_roots: None,
            now: Timestamp(0),
        }
    }

    /// Makes the providers and seeds the collections. Recognisers are trained at their first use.
    ///
    /// # Errors
    /// The first thing that is wrong, with its file and line where it has one.
    pub async fn build(self) -> Result<Local, LocalError> {
        let (collections, work, now) = (self.collections.clone(), self.work.clone(), self.now);
        let mut local = self.assemble()?;
        for (collection, seed) in &collections {
            local.records.build_indexes(collection, now).await?;
            let seeded = local.records.seed(collection, seed, now).await?;
            local.seeded.insert(collection.clone(), seeded);
        }
        local.tickets.count_in(work.as_deref(), now).await.map_err(|error| LocalError::Store {
            doing: "counting open tickets".to_owned(),
            message: error.to_string(),
        })?;
        Ok(local)
    }

    /// Makes the providers and writes nothing: seeding, with [`LocalRecords::seed`], is left to the
    /// caller.
    ///
    /// # Errors
    /// The first thing that is wrong, with its file and line where it has one.
    pub fn assemble(self) -> Result<Local, LocalError> {
        let LanguageProviders { nlu, knowledge, genai } = match self.texts {
            Texts::Folder(folder) => LanguageProviders::of_files(&texts_in(&folder)?)?,
            Texts::Ready(language) => language,
        };
        let names: Vec<String> = self.collections.keys().cloned().collect();
        let records = LocalRecords::new(Arc::clone(&self.store), names)
            .with_indexes(self.indexes)
            .with_schemas(self.schemas);
        let tickets = self.tickets.unwrap_or_else(|| LocalTickets::new(Arc::clone(&self.store)));
        let secrets = self
            .secrets
            .unwrap_or_else(|| Arc::new(LocalSecrets::new(self.secrets_folder, self.environment)));
        let hosts = AllowedHosts::new(parse_hosts(&self.http)?);
        let http =
            HttpClient::new(hosts.clone(), Arc::clone(&secrets) as _, self.extra_roots.as_deref())?;
        Ok(Local {
            providers: Providers {
                records: Arc::new(records.clone()),
                nlu: Arc::clone(&nlu) as _,
                genai,
                knowledge,
                tickets: Arc::new(tickets.clone()),
                secrets,
                http: Arc::new(http),
            },
            nlu,
            records,
            tickets,
            hosts,
            seeded: BTreeMap::new(),
        })
    }
}

/// Host patterns of grants, parsed.
///
/// # Errors
/// [`LocalError::Setting`] that names plugin and pattern.
pub fn parse_hosts(grants: &BTreeMap<String, Vec<String>>) -> Result<HostTable, LocalError> {
    let parse = |plugin: &str, patterns: &[String]| {
        let parsed: Result<Vec<HostPattern>, _> = patterns.iter().map(|p| p.parse()).collect();
        parsed.map_err(|error| LocalError::Setting {
            what: format!("plugins.{plugin}.http"),
            message: error.to_string(),
        })
    };
    grants.iter().map(|(name, patterns)| Ok((name.clone(), parse(name, patterns)?))).collect()
}

fn same_name(file: &str, key: &str, inside: &str, outside: &str) -> Result<(), LocalError> {
    if inside == outside {
        return Ok(());
    }
    Err(LocalError::Setting {
        what: file.to_owned(),
        message: format!("`{key}: {inside}` must be the file's name; write `{key}: {outside}`"),
    })
}

/// Path, stem and text of the files right in `folder` that end so.
fn named<'f>(
    files: &'f Files,
    folder: &str,
    ending: &str,
) -> Result<Vec<(&'f str, &'f str, &'f str)>, LocalError> {
    let mut found = Vec::new();
    for (path, bytes) in files {
        let stem = path.strip_prefix(folder).and_then(|name| name.strip_suffix(ending));
        if let Some(stem) = stem.filter(|stem| !stem.contains('/')) {
            found.push((path.as_str(), stem, utf8(path, bytes)?));
        }
    }
    Ok(found)
}

fn utf8<'f>(path: &str, bytes: &'f [u8]) -> Result<&'f str, LocalError> {
    std::str::from_utf8(bytes).map_err(|_| LocalError::Setting {
        what: path.to_owned(),
        message: "it is not UTF-8 text; save it as UTF-8 (Korean files are often EUC-KR)"
            .to_owned(),
    })
}

/// The texts of the language providers in a project folder; folders may be absent.
fn texts_in(project: &Path) -> Result<Files, LocalError> {
    let mut files = Files::new();
    for folder in LanguageProviders::FOLDERS {
        let depth = if folder == "knowledge/" { 2 } else { 0 };
        collect(project, folder, depth, &mut files)?;
    }
    Ok(files)
}

fn collect(
    project: &Path,
    folder: &str,
    depth: usize,
    files: &mut Files,
) -> Result<(), LocalError> {
    let path = project.join(folder);
    if !path.is_dir() {
        return Ok(());
    }
    for (name, path) in children(&path)? {
        let inner = format!("{folder}{name}");
        if path.is_dir() {
            if depth > 0 {
                collect(project, &format!("{inner}/"), depth - 1, files)?;
            }
        } else if [".yaml", ".md"].iter().any(|end| name.ends_with(end)) {
            let bytes = dialgraph_files::read(&path, MAX_FILE_BYTES)
                .map_err(|why| LocalError::Read { path: path.clone(), why: why.into() })?;
            files.insert(inner, bytes);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use dialgraph_kernel::ports::records::Get;
    use dialgraph_kernel::ports::{genai, knowledge, nlu};
    use dialgraph_kernel::provider::Caller;
    use dialgraph_store::{ManualClock, MemoryStore};
    use futures::FutureExt as _;

    use super::*;

    fn shipped() -> LocalConfig {
        let project = concat!(env!("CARGO_MANIFEST_DIR"), "/../../flows/support-desk");
        let store = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
        let mut config = LocalConfig::new(project, store);
        for name in ["customers", "engineers"] {
            let file = format!("{project}/data/collections/{name}.yaml");
            let records = crate::error::parse_yaml(name, &std::fs::read_to_string(file).unwrap());
            config.collections.insert(name.to_owned(), records.unwrap());
        }
        config
    }

    fn caller() -> Caller {
        Caller {
            call_id: "c".into(),
            release: dialgraph_base::Digest::of(b"no release"),
            locale: "ko-KR".into(),
            plugin: "p".into(),
            now: Timestamp(1_800_000_000_000),
            idempotency_key: "c/1/0".into(),
        }
    }

    /// The value of a future that is there at once, as the driver of calls wants it of local data.
    fn at_once<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("local data is answered without waiting")
    }

    #[test]
    fn the_shipped_project_gives_working_providers_that_answer_at_once() {
        let local = at_once(shipped().build()).unwrap();
        assert!(local.seeded["customers"].written > 0);
        let Providers { nlu, knowledge, genai, records, .. } = &local.providers;
        let caller = caller();

        let get =
            Get { collection: "customers".into(), key: "c-001".into(), source: Default::default() };
        assert!(at_once(records.get(&caller, &get)).unwrap().is_some());
        let request =
            nlu::Request { text: "상담원 연결해 주세요".into(), ..Default::default() };
        let heard = at_once(nlu.recognize(&caller, &request)).unwrap();
        assert_eq!(heard.interpretations[0].intent.name, "SpeakToAgent");

        let question = "세금계산서는 언제 발행되나요";
        let query = knowledge::Query { text: question.into(), base: None, limit: 3 };
        let found = at_once(knowledge.search(&caller, &query)).unwrap();
        let request = genai::Request {
            messages: vec![genai::Message { role: "user".into(), text: question.into() }],
            passages: found
                .into_iter()
                .map(|p| genai::Passage {
                    id: p.id,
                    title: p.title,
                    text: p.text,
                    source: p.source,
                })
                .collect(),
            ..Default::default()
        };
        let answer = at_once(genai.converse(&caller, &request)).unwrap();
        assert_eq!(answer.stop_reason, "end-turn");
        assert!(answer.text.contains("세금계산서"), "{}", answer.text);
    }

    #[test]
    fn what_is_wrong_in_the_folder_is_said_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
        let mut config = LocalConfig::new(folder.path(), store);
        assert!(at_once(config.clone().build()).is_ok(), "an empty folder is fine");

        config.http.insert("ticketing".into(), vec!["*.com".into()]);
        insta::assert_snapshot!(at_once(config.clone().build()).unwrap_err(), @"plugins.ticketing.http: `*.com` is no host pattern: `*.` needs a domain of two names or more behind it; write `api.example.com`, `*.example.com` or `http://127.0.0.1:8080`");
        config.http.clear();

        let seed = BTreeMap::from([("a".to_owned(), Value::from(1))]);
        config.collections.insert("things".into(), seed);
        insta::assert_snapshot!(at_once(config.clone().build()).unwrap_err(), @"seed of collection `things`: `a` is no map of fields");
        config.collections.clear();

        write("guardrails/strict.guardrail.yaml", "guardrail: lax\n");
        insta::assert_snapshot!(at_once(config.clone().build()).unwrap_err(), @"guardrails/strict.guardrail.yaml: `guardrail: lax` must be the file's name; write `guardrail: strict`");
        write("guardrails/strict.guardrail.yaml", "guardrail: strict\ndenied: []\n");
        insta::assert_snapshot!(at_once(config.build()).unwrap_err(), @"guardrails/strict.guardrail.yaml:2:1: unknown field `denied`, expected one of guardrail, denied_words, denied_topics, message");
    }

    #[test]
    fn a_config_that_is_shown_hides_the_environment() {
        let mut config = shipped();
        config.environment.push(("DIALGRAPH_SECRET_A".into(), "hidden".into()));
        assert!(!format!("{config:?}").contains("hidden"));
    }
}
