//! A project folder: reading it, and what lies in it.
//!
//! ```text
//! dialgraph.yaml            the project file
//! *.flow.yaml               flows; the file's name is the flow's
//! data/queues.yaml          queues
//! data/calendars.yaml       calendars, for plugins
//! data/routing-profiles.yaml  kinds of agents, for Amazon Connect
//! intents/*.intents.yaml    bots, for whoever understands language
//! knowledge/BASE/LOCALE/*.md  articles, for whoever searches them
//! plugins/*.wasm            plugins beside the shipped ones
//! ```
//!
//! [`Folder`] is the only place of this crate that reads files; everything else is done by
//! [`Project::from_files`] on a map of paths to bytes, which tests and hot loading use directly.

mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use dialgraph_base::index::{Index, Indexes};
use dialgraph_base::origin::Origin;
use dialgraph_base::phone::Country;
use dialgraph_base::{Channel, Digest, Grants, Locale, Name};

use crate::diagnostic::{Findings, Report};
use crate::engineers::Engineers;
use crate::erase::Erase;
use crate::folder::AllAmiss;
use crate::model::{Limits, Queue};
use crate::source::Sources;
use crate::syntax::flow::{FlowTree, Texts, Word};
use crate::syntax::project::ProjectTree;
use crate::syntax::yaml::Node;
use crate::unread;
use crate::work::{CalledOff, Work};

pub use crate::folder::{Folder, LoadError};

/// The project file.
pub const PROJECT_FILE: &str = "dialgraph.yaml";
const QUEUES_FILE: &str = "data/queues.yaml";
const CALENDARS_FILE: &str = "data/calendars.yaml";
const ROUTING_PROFILES_FILE: &str = "data/routing-profiles.yaml";

/// Paths within a project, with `/`, and what the files hold.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A project as it was read: good or not, [`check`](crate::check::check) tells.
#[derive(Debug)]
pub struct Project {
    pub(crate) sources: Sources,
    pub(crate) findings: Findings,
    pub(crate) tree: ProjectTree,
    /// The project file could not be read as a whole: what is missing may have been meant to be
    /// there.
    pub(crate) broken: bool,
    pub(crate) flows: Vec<FlowFile>,
    pub(crate) queues: BTreeMap<Name, QueueEntry>,
    pub(crate) queues_broken: bool,
    pub(crate) calendars: BTreeMap<Name, Calendar>,
    pub(crate) calendars_broken: bool,
    pub(crate) routing_profiles: BTreeMap<Name, RoutingProfileEntry>,
    collections: BTreeMap<Name, Collection>,
    pub(crate) hook_schemas: BTreeMap<Name, Node>,
    bots: BTreeMap<Name, String>,
    /// The intents of each bot, in any of its languages; none where the file does not tell.
    pub(crate) intents: BTreeMap<Name, Option<BTreeSet<Name>>>,
    pub(crate) guardrails: BTreeSet<Name>,
    knowledge: BTreeMap<Name, BTreeMap<Locale, Vec<String>>>,
    plugin_files: Vec<PathBuf>,
    files: Arc<Files>,
    read: BTreeSet<String>,
    /// Parts of the folder were passed over without being named: what is not there may be among
    /// them.
    pub(crate) is_cut: bool,
}

/// A flow file.
#[derive(Debug)]
pub(crate) struct FlowFile {
    /// From the file's name.
    pub name: Name,
    pub tree: FlowTree,
    pub broken: bool,
    /// Part of the text had to be left out: a node that is not there may be in that part.
    pub torn: bool,
    pub digest: Digest,
}

#[derive(Debug)]
pub(crate) struct QueueEntry {
    pub queue: Arc<Queue>,
    pub title: Option<Texts>,
    pub name: Word,
    /// The calendar by which it is staffed. No call depends on it, so it is no part of a release.
    pub hours: Option<Word>,
}

/// A calendar: what plugins get, and the same with its places in the file.
#[derive(Debug)]
pub(crate) struct Calendar {
    pub name: Word,
    pub value: Json,
    pub node: Node,
}

/// A routing profile as it was read; names of queues with their places.
#[derive(Debug)]
pub(crate) struct RoutingProfileEntry {
    pub title: Option<Texts>,
    pub name: Word,
    pub voice: Vec<Word>,
    pub chat: Vec<Word>,
    pub chats_at_once: u32,
    pub outbound: Option<Word>,
}

/// A kind of agent: which queues they serve. No call depends on it; Amazon Connect is set up by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingProfile {
    pub name: Name,
    /// What people call it, by locale.
    pub title: BTreeMap<Locale, String>,
    /// Queues whose calls they take.
    pub voice: Vec<Name>,
    /// Queues whose chats they take.
    pub chat: Vec<Name>,
    pub chats_at_once: u32,
    /// The queue in whose name they call out.
    pub outbound: Name,
}

/// A collection of records.
#[derive(Debug, Clone, Default)]
pub struct Collection {
    /// The records to begin with, by key.
    pub seed: BTreeMap<String, Json>,
    /// JSON Schema (draft-07) of a record.
    pub schema: Option<Json>,
    /// How its records are found, by name.
    pub indexes: BTreeMap<Name, Index>,
    /// Fields that few may see: `a.b` for nested ones.
    pub sensitive: BTreeSet<String>,
    /// How long a record is kept after it was last written; none: for ever.
    pub retention: Option<Duration>,
    /// Where its records live, if not in the engine's store.
    pub origin: Option<Origin>,
    pub(crate) seed_tree: Option<Node>,
}

impl Project {
    /// Reads the project in the folder `dir`, following no symbolic link to a folder.
    ///
    /// Read are files whose names end in `.yaml`, `.yml`, `.md` or `.json`, but not those under
    /// `plugins/` and not those whose names, or whose folders' names, begin with a dot.
    ///
    /// What cannot be read of it, or is too large, is a finding at its place.
    ///
    /// # Errors
    /// When there is no such folder, or no project in it.
    pub fn load(dir: &Path) -> Result<Self, LoadError> {
        let shown = dir.to_string_lossy().replace('\\', "/");
        Ok(Folder::read(dir)?.into_project(&shown))
    }

    /// Makes a project of the texts in `files`. Paths in diagnostics begin with `shown_root`,
    /// unless that is empty or `.`.
    pub fn from_files(shown_root: &str, files: Files) -> Self {
        Self::read(shown_root, files, Vec::new(), AllAmiss::new(), &Work::default())
    }

    /// As [`from_files`](Self::from_files), until `work` is called off.
    ///
    /// # Errors
    /// [`CalledOff`] when it was.
    pub fn from_files_within(
        shown_root: &str,
        files: Files,
        work: &Work<'_>,
    ) -> Result<Self, CalledOff> {
        let project = Self::read(shown_root, files, Vec::new(), AllAmiss::new(), work);
        work.done(project)
    }

    pub(crate) fn read(
        shown_root: &str,
        files: Files,
        plugin_files: Vec<PathBuf>,
        amiss: AllAmiss,
        work: &Work<'_>,
    ) -> Self {
        reader::read(shown_root, files, plugin_files, amiss, work)
    }

    /// What was found wrong while reading; [`check`](crate::check::check) finds these and more.
    pub fn report(&self) -> Report {
        Report::new(self.sources.clone(), self.findings.clone())
    }

    /// The collections of records that the project declares.
    pub fn collections(&self) -> &BTreeMap<Name, Collection> {
        &self.collections
    }

    /// Bots by name, each with the path of its `*.intents.yaml`; [`text`](Self::text) gives what it
    /// holds.
    pub fn bots(&self) -> &BTreeMap<Name, String> {
        &self.bots
    }

    /// Guardrails by name.
    pub fn guardrails(&self) -> &BTreeSet<Name> {
        &self.guardrails
    }

    /// Knowledge bases: base, locale, paths of the articles.
    pub fn knowledge(&self) -> &BTreeMap<Name, BTreeMap<Locale, Vec<String>>> {
        &self.knowledge
    }

    /// Calendars by name.
    pub fn calendars(&self) -> BTreeMap<Name, Json> {
        self.calendars.iter().map(|(name, entry)| (name.clone(), entry.value.clone())).collect()
    }

    /// The calendar by which each queue is staffed; a queue that is not here always is.
    pub fn queue_hours(&self) -> BTreeMap<Name, Name> {
        let queues = self.queues.iter();
        queues
            .filter_map(|(name, queue)| Some((name.clone(), queue.hours.as_ref()?.value.clone())))
            .collect()
    }

    /// Kinds of agents, for a project in which the check found nothing wrong.
    pub fn routing_profiles(&self) -> Vec<RoutingProfile> {
        let names = |words: &[Word]| words.iter().map(|word| word.value.clone()).collect();
        let profile = |profile: &RoutingProfileEntry| {
            Some(RoutingProfile {
                name: profile.name.value.clone(),
                title: profile.title.as_ref().map(by_locale).unwrap_or_default(),
                voice: names(&profile.voice),
                chat: names(&profile.chat),
                chats_at_once: profile.chats_at_once,
                outbound: profile.outbound.as_ref()?.value.clone(),
            })
        };
        self.routing_profiles.values().filter_map(profile).collect()
    }

    /// What the operator lets each plugin do; a plugin that is not here has no grants.
    pub fn grants(&self) -> BTreeMap<Name, Grants> {
        self.tree.grants()
    }

    /// How the records of each collection are found.
    pub fn indexes(&self) -> Indexes {
        let of = |collection: &Collection| {
            let indexes = collection.indexes.iter();
            indexes.map(|(name, index)| (name.to_string(), index.clone())).collect()
        };
        let collections = self.collections.iter();
        Indexes {
            collections: collections.map(|(name, one)| (name.to_string(), of(one))).collect(),
            country: self.country(),
        }
    }

    /// Where the records of each collection live that do not live in the engine's store.
    pub fn origins(&self) -> BTreeMap<String, Origin> {
        let of = |(name, one): (&Name, &Collection)| Some((name.to_string(), one.origin.clone()?));
        self.collections.iter().filter_map(of).collect()
    }

    /// What the records of each collection must look like: JSON Schemas (draft-07) by collection.
    pub fn record_schemas(&self) -> BTreeMap<String, Json> {
        let of = |(name, one): (&Name, &Collection)| Some((name.to_string(), one.schema.clone()?));
        self.collections.iter().filter_map(of).collect()
    }

    /// Fields that hold keys of records of other collections: by collection and field, the other.
    pub fn references(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let pair = |(field, of): &(Word, Word)| (field.value.to_string(), of.value.to_string());
        let declared = self.tree.collections.iter();
        declared
            .map(|one| (one.name.value.to_string(), one.references.iter().map(pair).collect()))
            .collect()
    }

    /// The path of the file that seeds a collection.
    pub fn seed_file(&self, collection: &str) -> Option<&str> {
        let declared = self.tree.collections.iter().find(|c| *c.name.value == *collection)?;
        declared.seed.as_ref().map(|path| &*path.value)
    }

    /// Where a customer is named.
    pub fn erase(&self) -> &Erase {
        &self.tree.erase
    }

    /// Where engineers, their duty and their work are recorded.
    pub fn engineers(&self) -> &Engineers {
        &self.tree.engineers
    }

    /// Bounds for calls.
    pub fn limits(&self) -> Limits {
        self.tree.limits
    }

    /// Locales that calls may have; the first is the default.
    pub fn locales(&self) -> Vec<Locale> {
        self.tree.locales.iter().map(|l| l.value.clone()).collect()
    }

    /// Whether a contact can come by a channel that shows choices, links and cards.
    pub fn shows(&self) -> bool {
        let channels = &self.tree.channels;
        channels.is_empty() || channels.iter().any(|medium| Channel::from(*medium).shows())
    }

    /// Country of numbers without a country code: the project's own word, else that of its first
    /// locale.
    pub fn country(&self) -> Option<Country> {
        let first = || Country::of_locale(&self.tree.locales.first()?.value);
        self.tree.country.or_else(first)
    }

    /// The time zone of the business: the project's own word, else that of its country.
    pub fn zone(&self) -> Option<Arc<str>> {
        let own = self.tree.zone.as_ref().map(|zone| zone.value.0.clone());
        own.or_else(|| self.country().and_then(crate::zone::of_country))
    }

    /// Names of all flows.
    pub fn flow_names(&self) -> Vec<Name> {
        self.flows.iter().map(|flow| flow.name.clone()).collect()
    }

    /// `plugins/*.wasm`, for a project that was loaded from a folder.
    pub fn plugin_files(&self) -> &[PathBuf] {
        &self.plugin_files
    }

    /// The text of a file of the project.
    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(path)?).ok()
    }

    /// Whether a file was looked at as a part of the project in `folder`, or is looked at by those
    /// who answer plugins. Both are full paths.
    pub fn reads(&self, file: &str, folder: &str) -> bool {
        let inner = file.strip_prefix(folder).map(|inner| inner.trim_start_matches(['/', '\\']));
        inner.is_some_and(|inner| {
            let inner = inner.replace('\\', "/");
            self.read.contains(&inner)
                || (self.files.contains_key(&inner) && unread::is_of_providers(&inner))
        })
    }

    /// All files of the folder that may be parts of the project.
    pub fn files(&self) -> &Arc<Files> {
        &self.files
    }
}

pub(crate) fn by_locale(texts: &Texts) -> BTreeMap<Locale, String> {
    let pairs = texts.texts.iter();
    pairs.map(|(locale, text)| (locale.value.clone(), text.value.clone())).collect()
}
