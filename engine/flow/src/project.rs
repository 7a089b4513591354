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
//! The only place of this crate that reads files, and only in [`Project::load`]; everything else is done by
//! [`Project::from_files`] on a map of paths to bytes, which tests and hot loading use directly.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::Digest;
use crate::diagnostic::{Code, Diagnostic, Report};
use crate::erase::Erase;
use crate::grants::Grants;
use crate::model::{Limits, Locale, Name, Queue};
use crate::source::{FileId, Sources, Span};
use crate::syntax::duration::parse_duration;
use crate::syntax::flow::{FlowTree, Texts, Word, key, texts_at, word, word_at};
use crate::syntax::project::ProjectTree;
use crate::syntax::shape::Shape;
use crate::syntax::yaml::{Entry, Node};
use crate::syntax::{self, tables};

/// The project file.
pub const PROJECT_FILE: &str = "dialgraph.yaml";
const QUEUES_FILE: &str = "data/queues.yaml";
const CALENDARS_FILE: &str = "data/calendars.yaml";
const ROUTING_PROFILES_FILE: &str = "data/routing-profiles.yaml";
/// Chats that an agent holds at once, where the profile does not say.
const CHATS_AT_ONCE: u32 = 2;
/// Longer than any text file of a project should be.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// Folders within folders.
const MAX_FOLDERS: usize = 8;

/// Paths within a project, with `/`, and what the files hold.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Why a project could not be read at all. Mistakes within its files are diagnostics instead.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("there is no folder `{0}`: give the folder that holds `{PROJECT_FILE}`")]
    NoFolder(PathBuf),
    #[error("`{0}` is no project: it holds no `{PROJECT_FILE}`")]
    NoProject(PathBuf),
    #[error("cannot read `{path}`: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("`{path}` has {bytes} bytes: a text file of a project may have {MAX_FILE_BYTES}")]
    TooLarge { path: PathBuf, bytes: u64 },
}

/// A project as it was read: good or not, [`check`](crate::check::check) tells.
#[derive(Debug)]
pub struct Project {
    pub(crate) sources: Sources,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) tree: ProjectTree,
    /// The project file could not be read as a whole: what is missing may have been meant to be there.
    pub(crate) broken: bool,
    pub(crate) flows: Vec<FlowFile>,
    pub(crate) queues: BTreeMap<Name, QueueEntry>,
    pub(crate) queues_broken: bool,
    pub(crate) calendars: BTreeMap<Name, Json>,
    pub(crate) calendars_broken: bool,
    pub(crate) routing_profiles: BTreeMap<Name, RoutingProfileEntry>,
    collections: BTreeMap<Name, Collection>,
    bots: BTreeMap<Name, String>,
    knowledge: BTreeMap<Name, BTreeMap<Locale, Vec<String>>>,
    plugin_files: Vec<PathBuf>,
    files: Arc<Files>,
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
    pub(crate) seed_tree: Option<Node>,
}

impl Project {
    /// Reads the project in the folder `dir`, following no symbolic link to a folder.
    ///
    /// Read are files whose names end in `.yaml`, `.yml`, `.md` or `.json`, but not those under `plugins/` and
    /// not those whose names, or whose folders' names, begin with a dot.
    pub fn load(dir: &Path) -> Result<Self, LoadError> {
        if !dir.is_dir() {
            return Err(LoadError::NoFolder(dir.to_owned()));
        }
        let mut files = Files::new();
        collect(dir, "", 0, &mut files)?;
        if !files.contains_key(PROJECT_FILE) {
            return Err(LoadError::NoProject(dir.to_owned()));
        }
        let shown = dir.to_string_lossy().replace('\\', "/");
        let mut project = Self::from_files(&shown, files);
        project.plugin_files = components(&dir.join("plugins"))?;
        Ok(project)
    }

    /// Makes a project of the texts in `files`. Paths in diagnostics begin with `shown_root`, unless that is
    /// empty or `.`.
    pub fn from_files(shown_root: &str, files: Files) -> Self {
        let mut reader = Reader {
            root: shown_root.trim_end_matches('/').to_owned(),
            files: Arc::new(files),
            sources: Sources::default(),
            diagnostics: Vec::new(),
        };
        let (tree, broken) = reader.project_file();
        let flows = reader.flows();
        let (queues, queues_broken) = reader.queues();
        let (calendars, calendars_broken) = reader.calendars();
        let routing_profiles = reader.routing_profiles();
        let collections = reader.collections(&tree);
        let bots = reader.bots();
        let knowledge = reader.knowledge();
        Self {
            tree,
            broken,
            flows,
            queues,
            queues_broken,
            calendars,
            calendars_broken,
            routing_profiles,
            collections,
            bots,
            knowledge,
            plugin_files: Vec::new(),
            files: reader.files,
            sources: reader.sources,
            diagnostics: reader.diagnostics,
        }
    }

    /// What was found wrong while reading; [`check`](crate::check::check) finds these and more.
    pub fn report(&self) -> Report {
        Report::new(self.sources.clone(), self.diagnostics.clone())
    }

    /// The collections of records that the project declares.
    pub fn collections(&self) -> &BTreeMap<Name, Collection> {
        &self.collections
    }

    /// Bots by name, each with the path of its `*.intents.yaml`; [`text`](Self::text) gives what it holds.
    pub fn bots(&self) -> &BTreeMap<Name, String> {
        &self.bots
    }

    /// Knowledge bases: base, locale, paths of the articles.
    pub fn knowledge(&self) -> &BTreeMap<Name, BTreeMap<Locale, Vec<String>>> {
        &self.knowledge
    }

    /// Calendars by name.
    pub fn calendars(&self) -> &BTreeMap<Name, Json> {
        &self.calendars
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

    /// The path of the file that seeds a collection.
    pub fn seed_file(&self, collection: &str) -> Option<&str> {
        let declared = self.tree.collections.iter().find(|c| *c.name.value == *collection)?;
        declared.seed.as_ref().map(|path| &*path.value)
    }

    /// Where a customer is named.
    pub fn erase(&self) -> &Erase {
        &self.tree.erase
    }

    /// Bounds for calls.
    pub fn limits(&self) -> Limits {
        self.tree.limits
    }

    /// Locales that calls may have; the first is the default.
    pub fn locales(&self) -> Vec<Locale> {
        self.tree.locales.iter().map(|l| l.value.clone()).collect()
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

    /// All files that were read.
    pub fn files(&self) -> &Arc<Files> {
        &self.files
    }
}

fn collect(dir: &Path, prefix: &str, depth: usize, files: &mut Files) -> Result<(), LoadError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| LoadError::Io { path, source }
    };
    for entry in dir.read_dir().map_err(io(dir))? {
        let entry = entry.map_err(io(dir))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || (depth == 0 && name == "plugins") {
            continue;
        }
        let inner = format!("{prefix}{name}");
        if entry.file_type().map_err(io(&path))?.is_dir() {
            if depth < MAX_FOLDERS {
                collect(&path, &format!("{inner}/"), depth + 1, files)?;
            }
        } else if is_text(&name) {
            let bytes = path.metadata().map_err(io(&path))?.len();
            if bytes > MAX_FILE_BYTES {
                return Err(LoadError::TooLarge { path, bytes });
            }
            files.insert(inner, std::fs::read(&path).map_err(io(&path))?);
        }
    }
    Ok(())
}

fn is_text(name: &str) -> bool {
    [".yaml", ".yml", ".md", ".json"].iter().any(|end| name.ends_with(end))
}

fn components(dir: &Path) -> Result<Vec<PathBuf>, LoadError> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let io = |source| LoadError::Io { path: dir.to_owned(), source };
    let mut found = Vec::new();
    for entry in dir.read_dir().map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|end| end == "wasm") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

struct Reader {
    root: String,
    files: Arc<Files>,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    fn add(&mut self, path: &str, text: &str) -> FileId {
        let shown = match self.root.as_str() {
            "" | "." => path.to_owned(),
            root => format!("{root}/{path}"),
        };
        self.sources.add(shown, text)
    }

    /// Takes in the text of a file, if the project has it.
    fn open(&mut self, path: &str) -> Option<(FileId, String)> {
        let files = Arc::clone(&self.files);
        let bytes = files.get(path)?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        let file = self.add(path, &text);
        if let Err(error) = std::str::from_utf8(bytes) {
            let at = u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX);
            let span = Span { file, start: at, end: at.saturating_add(3) };
            self.diagnostics.push(
                Diagnostic::new(Code::Syntax, span, "the file is not UTF-8 text")
                    .help("save it as UTF-8 (Korean files are often EUC-KR)"),
            );
        }
        Some((file, text))
    }

    fn read(
        &mut self,
        path: &str,
        shape: &Shape,
        what: &str,
    ) -> Option<(FileId, syntax::Document)> {
        let (file, text) = self.open(path)?;
        let mut document = syntax::read(file, &text, shape, what);
        self.diagnostics.append(&mut document.diagnostics);
        Some((file, document))
    }

    fn project_file(&mut self) -> (ProjectTree, bool) {
        let read = self.read(PROJECT_FILE, &tables::PROJECT_FILE, "project file");
        let Some((_, document)) = read else {
            let file = self.add(PROJECT_FILE, "");
            let span = Span { file, start: 0, end: 0 };
            let missing = format!("the project has no file `{PROJECT_FILE}`");
            self.diagnostics.push(Diagnostic::new(Code::UnknownFile, span, missing));
            return (ProjectTree::default(), true);
        };
        let tree = document.root.as_ref().map(syntax::project::lower);
        (tree.unwrap_or_default(), document.broken)
    }

    fn paths(&self, keep: impl Fn(&str) -> bool) -> Vec<String> {
        self.files.keys().filter(|p| keep(p)).cloned().collect()
    }

    fn flows(&mut self) -> Vec<FlowFile> {
        let mut flows: Vec<FlowFile> = Vec::new();
        for path in self.paths(|path| path.ends_with(".flow.yaml")) {
            let digest = Digest::of(self.files.get(&path).map_or(&[][..], Vec::as_slice));
            let Some((_, document)) = self.read(&path, &tables::FLOW_FILE, "flow") else {
                continue;
            };
            let Some(root) = &document.root else { continue };
            let tree = syntax::flow::lower(root);
            let stem = stem(&path, ".flow.yaml");
            self.flow_name(&tree, &stem, &flows);
            flows.push(FlowFile {
                name: stem.into(),
                tree,
                broken: document.broken,
                torn: document.torn,
                digest,
            });
        }
        flows
    }

    fn flow_name(&mut self, tree: &FlowTree, stem: &str, flows: &[FlowFile]) {
        let Some(word) = &tree.name else { return };
        if *word.value != *stem {
            let message =
                format!("the flow is called `{}`, its file `{stem}.flow.yaml`", word.value);
            self.diagnostics.push(
                Diagnostic::new(Code::NameMismatch, word.span, message)
                    .help(format!("write `flow: {stem}`, or rename the file")),
            );
        }
        if let Some(other) = flows.iter().find(|flow| *flow.name == *stem) {
            let message = format!("there are two flows called `{stem}`");
            let mut diagnostic = Diagnostic::new(Code::DuplicateId, word.span, message)
                .help("rename one of the files and its `flow:`");
            if let Some(first) = &other.tree.name {
                diagnostic = diagnostic.label(first.span, "the other one");
            }
            self.diagnostics.push(diagnostic);
        }
    }

    fn queues(&mut self) -> (BTreeMap<Name, QueueEntry>, bool) {
        let Some((_, document)) = self.read(QUEUES_FILE, &tables::QUEUES, "queues") else {
            return (BTreeMap::new(), false);
        };
        let entries = document.root.as_ref().and_then(Node::map);
        let queues = entries.unwrap_or_default().iter().map(queue);
        let queues = queues.map(|q| (q.name.value.clone(), q)).collect();
        (queues, document.broken)
    }

    fn calendars(&mut self) -> (BTreeMap<Name, Json>, bool) {
        let Some((_, document)) = self.read(CALENDARS_FILE, &tables::CALENDARS, "calendars") else {
            return (BTreeMap::new(), false);
        };
        let entries = document.root.as_ref().and_then(Node::map);
        let named = |e: &Entry| (Name::from(e.key.text.as_str()), e.value.json());
        let calendars = entries.unwrap_or_default().iter().map(named).collect();
        (calendars, document.broken)
    }

    fn routing_profiles(&mut self) -> BTreeMap<Name, RoutingProfileEntry> {
        let shape = &tables::ROUTING_PROFILES;
        let read = self.read(ROUTING_PROFILES_FILE, shape, "routing profiles");
        let Some((_, document)) = read else { return BTreeMap::new() };
        let entries = document.root.as_ref().and_then(Node::map);
        let profiles = entries.unwrap_or_default().iter().map(routing_profile);
        profiles.map(|profile| (profile.name.value.clone(), profile)).collect()
    }

    fn collections(&mut self, tree: &ProjectTree) -> BTreeMap<Name, Collection> {
        let mut collections = BTreeMap::new();
        for declared in &tree.collections {
            let records = declared
                .seed
                .as_ref()
                .and_then(|path| self.named_file(path, &tables::RECORDS, "records"));
            let schema = declared
                .schema
                .as_ref()
                .and_then(|path| self.named_file(path, &Shape::Any, "schema"));
            let entries = records.as_ref().and_then(Node::map).unwrap_or_default();
            let seed = entries.iter().map(|e| (e.key.text.clone(), e.value.json())).collect();
            let collection =
                Collection { seed, schema: schema.map(|node| node.json()), seed_tree: records };
            collections.insert(declared.name.value.clone(), collection);
        }
        collections
    }

    /// A file that the project file names.
    fn named_file(&mut self, path: &Word, shape: &Shape, what: &str) -> Option<Node> {
        if let Some((_, document)) = self.read(&path.value, shape, what) {
            return document.root;
        }
        let files = Arc::clone(&self.files);
        let known = files.keys().map(String::as_str);
        let message = format!("the project has no file `{}`", path.value);
        self.diagnostics.push(
            Diagnostic::new(Code::UnknownFile, path.span, message)
                .suggest(&path.value, known.filter(|p| p.starts_with("data/")), "files are")
                .help("paths are given from the folder of the project file"),
        );
        None
    }

    fn bots(&mut self) -> BTreeMap<Name, String> {
        let end = ".intents.yaml";
        let paths = self.paths(|path| path.starts_with("intents/") && path.ends_with(end));
        for path in &paths {
            // What it must hold is known to whoever understands language; here it must be YAML.
            self.read(path, &Shape::Any, "bot");
        }
        paths.into_iter().map(|path| (stem(&path, end).into(), path)).collect()
    }

    fn knowledge(&mut self) -> BTreeMap<Name, BTreeMap<Locale, Vec<String>>> {
        let mut bases: BTreeMap<Name, BTreeMap<Locale, Vec<String>>> = BTreeMap::new();
        for path in self.paths(|path| path.starts_with("knowledge/") && path.ends_with(".md")) {
            let mut parts = path.split('/').skip(1);
            let (Some(base), Some(locale), Some(_)) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let locales = bases.entry(base.into()).or_default();
            let articles = locales.entry(locale.into()).or_default();
            articles.push(path.clone());
        }
        bases
    }
}

fn stem(path: &str, end: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(end).unwrap_or(name).to_owned()
}

fn queue(entry: &Entry) -> QueueEntry {
    let node = &entry.value;
    let title = texts_at(node, "title");
    let priority = node.get("priority").and_then(|node| node.json().as_u64());
    let name = key(entry);
    QueueEntry {
        queue: Arc::new(Queue {
            name: name.value.clone(),
            title: title.as_ref().map(by_locale).unwrap_or_default(),
            priority: priority.and_then(|p| u32::try_from(p).ok()).unwrap_or(99),
            sla: node.get("sla").and_then(Node::text).and_then(parse_duration),
            staff: node.get("staff").and_then(Node::text).map(str::to_owned),
        }),
        title,
        name,
        hours: word_at(node, "hours"),
    }
}

fn routing_profile(entry: &Entry) -> RoutingProfileEntry {
    let node = &entry.value;
    let words = |name: &str| {
        let list = node.get(name).and_then(Node::list).unwrap_or_default();
        list.iter().filter_map(word).collect()
    };
    let chats = node.get("chats_at_once").and_then(|node| node.json().as_u64());
    RoutingProfileEntry {
        title: texts_at(node, "title"),
        name: key(entry),
        voice: words("voice"),
        chat: words("chat"),
        chats_at_once: chats.and_then(|n| u32::try_from(n).ok()).unwrap_or(CHATS_AT_ONCE),
        outbound: word_at(node, "outbound"),
    }
}

fn by_locale(texts: &Texts) -> BTreeMap<Locale, String> {
    let pairs = texts.texts.iter();
    pairs.map(|(locale, text)| (locale.value.clone(), text.value.clone())).collect()
}
