//! Reading a project: which file is what, and what is wrong with it by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use dialgraph_base::index::Index;
use dialgraph_base::{Digest, Locale, Name, parse_duration};

use super::{
    CALENDARS_FILE, Calendar, Collection, Files, FlowFile, PROJECT_FILE, Project, QUEUES_FILE,
    QueueEntry, ROUTING_PROFILES_FILE, RoutingProfileEntry, by_locale,
};

use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::folder::{AllAmiss, shown};
use crate::limits::{MAX_FILE_BYTES, MAX_FILES, MAX_NODES, MAX_PROJECT_BYTES, MAX_PROJECT_VALUES};
use crate::model::Queue;
use crate::source::{FileId, Sources, Span};
use crate::syntax::flow::{FlowTree, Word, key, texts_at, word, word_at};
use crate::syntax::project::ProjectTree;
use crate::syntax::shape::Shape;
use crate::syntax::yaml::{Entry, Node, Value};
use crate::syntax::{self, tables};
use crate::unread;
use crate::work::Work;

/// Chats that an agent holds at once, where the profile does not say.
const CHATS_AT_ONCE: u32 = 2;

/// Bytes that are read in about the time of one step of a check.
const BYTES_PER_STEP: usize = 64;

/// Takes what lies in a folder for a project.
pub(super) fn read(
    shown_root: &str,
    files: Files,
    plugin_files: Vec<PathBuf>,
    amiss: AllAmiss,
    work: &Work<'_>,
) -> Project {
    let is_cut = amiss.values().any(|amiss| amiss.ends);
    let mut reader = Reader {
        root: shown_root.to_owned(),
        files: Arc::new(files),
        amiss,
        sources: Sources::default(),
        findings: Findings::default(),
        room: MAX_PROJECT_VALUES,
        bytes: 0,
        work,
        read: BTreeSet::new(),
        misses: false,
    };
    reader.amiss();
    let (tree, broken) = reader.project_file();
    reader.size();
    let flows = reader.flows();
    let (queues, queues_broken) = reader.queues();
    let (calendars, calendars_broken) = reader.calendars();
    let routing_profiles = reader.routing_profiles();
    let collections = reader.collections(&tree);
    let hook_schemas = reader.hook_schemas(&tree);
    let (bots, intents) = reader.bots();
    let guardrails = reader.guardrails();
    let knowledge = reader.knowledge();
    reader.unread();
    if is_cut {
        // Whatever is missed may be in what was passed over.
        reader.findings.keep_only(&[Code::TooLarge, Code::Unreadable]);
    }
    Project {
        // Of what was passed over, everything is told.
        read: reader.read.into_iter().chain(reader.amiss.into_keys()).collect(),
        tree,
        broken,
        flows,
        queues,
        queues_broken,
        calendars,
        calendars_broken,
        routing_profiles,
        collections,
        hook_schemas,
        bots,
        intents,
        guardrails,
        knowledge,
        plugin_files,
        is_cut,
        files: reader.files,
        sources: reader.sources,
        findings: reader.findings,
    }
}

struct Reader<'w> {
    root: String,
    files: Arc<Files>,
    /// What was passed over in the project's folder.
    amiss: AllAmiss,
    sources: Sources,
    findings: Findings,
    /// Values that the files which are still to be read may have.
    room: usize,
    /// Bytes read so far; a file that is named twice is read twice.
    bytes: usize,
    work: &'w Work<'w>,
    /// Paths of what was read.
    read: BTreeSet<String>,
    /// The project file names a file that is not there: one that is, is perhaps the one that was
    /// meant.
    misses: bool,
}

impl Reader<'_> {
    fn add(&mut self, path: &str, text: &str) -> FileId {
        self.sources.add(shown(&self.root, path), text)
    }

    /// Tells what was passed over in the project's folder.
    fn amiss(&mut self) {
        for (path, amiss) in std::mem::take(&mut self.amiss) {
            let file = self.add(&path, "");
            self.findings.push(amiss.finding(Span { file, start: 0, end: 0 }));
            self.amiss.insert(path, amiss);
        }
    }

    /// Takes in the text of a file, if the project has it; no text if it is too large or could not
    /// be read.
    fn open(&mut self, path: &str) -> Option<(FileId, Option<String>)> {
        if self.amiss.contains_key(path) && !self.files.contains_key(path) {
            self.read.insert(path.to_owned());
            return Some((self.add(path, ""), None));
        }
        let files = Arc::clone(&self.files);
        let bytes = files.get(path)?;
        self.read.insert(path.to_owned());
        self.bytes = self.bytes.saturating_add(bytes.len());
        let too_large = if bytes.len() > MAX_FILE_BYTES {
            let given = bytes.len();
            format!(
                "the file has {given} bytes; a text file of a project may have {MAX_FILE_BYTES}"
            )
        } else if self.bytes > MAX_PROJECT_BYTES {
            format!("with this file the project has more than {MAX_PROJECT_BYTES} bytes to read")
        } else {
            self.work.count(bytes.len() / BYTES_PER_STEP);
            let text = String::from_utf8_lossy(bytes).into_owned();
            let file = self.add(path, &text);
            if let Err(error) = std::str::from_utf8(bytes) {
                let at = u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX);
                let span = Span { file, start: at, end: at.saturating_add(3) };
                self.findings.push(
                    Diagnostic::new(Code::Syntax, span, "the file is not UTF-8 text")
                        .help("save it as UTF-8 (Korean files are often EUC-KR)"),
                );
            }
            return Some((file, Some(text)));
        };
        let file = self.add(path, "");
        let at = Span { file, start: 0, end: 0 };
        let help = "split it into several files, and keep all but sample records elsewhere";
        self.findings.push(Diagnostic::new(Code::TooLarge, at, too_large).help(help));
        Some((file, None))
    }

    fn read(
        &mut self,
        path: &str,
        shape: &Shape,
        what: &str,
    ) -> Option<(FileId, syntax::Document)> {
        let (file, text) = self.open(path)?;
        let Some(text) = text else {
            return Some((file, syntax::Document::unread()));
        };
        let mut document = syntax::read(file, &text, shape, what, self.room, self.work);
        self.room = self.room.saturating_sub(document.values);
        self.findings.append(std::mem::take(&mut document.findings));
        Some((file, document))
    }

    /// Whether the files are more than a project may have.
    fn size(&mut self) {
        let bytes: usize = self.files.values().map(Vec::len).sum();
        let message = if self.files.len() > MAX_FILES {
            format!("the project has {} files; at most {MAX_FILES} are allowed", self.files.len())
        } else if bytes > MAX_PROJECT_BYTES {
            format!(
                "the files of the project have {bytes} bytes; at most {MAX_PROJECT_BYTES} are \
                allowed"
            )
        } else {
            return;
        };
        let file = self.add(PROJECT_FILE, "");
        let at = Span { file, start: 0, end: 0 };
        self.findings.push(
            Diagnostic::new(Code::TooLarge, at, message)
                .help("remove what no call needs, or split it into several projects"),
        );
    }

    fn project_file(&mut self) -> (ProjectTree, bool) {
        let read = self.read(PROJECT_FILE, &tables::PROJECT_FILE, "project file");
        let Some((_, document)) = read else {
            let file = self.add(PROJECT_FILE, "");
            let span = Span { file, start: 0, end: 0 };
            let missing = format!("the project has no file `{PROJECT_FILE}`");
            self.findings.push(Diagnostic::new(Code::UnknownFile, span, missing));
            return (ProjectTree::default(), true);
        };
        let tree = document.root.as_ref().map(syntax::project::lower);
        (tree.unwrap_or_default(), document.broken)
    }

    fn paths(&self, keep: impl Fn(&str) -> bool) -> Vec<String> {
        let (files, amiss) = (self.files.keys(), self.amiss.keys());
        let all: BTreeSet<&String> = files.chain(amiss).filter(|path| keep(path)).collect();
        all.into_iter().cloned().collect()
    }

    fn flows(&mut self) -> Vec<FlowFile> {
        let mut flows: Vec<FlowFile> = Vec::new();
        let mut named: BTreeMap<Name, Option<Span>> = BTreeMap::new();
        for path in self.paths(|path| path.ends_with(".flow.yaml")) {
            if self.work.is_called_off() {
                break;
            }
            let digest = Digest::of(self.files.get(&path).map_or(&[][..], Vec::as_slice));
            let Some((file, document)) = self.read(&path, &tables::FLOW_FILE, "flow") else {
                continue;
            };
            let nothing = Node { span: Span { file, start: 0, end: 0 }, value: Value::Map(vec![]) };
            let root = match &document.root {
                Some(root) => root,
                // There is such a flow, whatever it is.
                None if document.torn => &nothing,
                None => continue,
            };
            let tree = syntax::flow::lower(root);
            let name = Name::from(stem(&path, ".flow.yaml"));
            self.flow_name(&tree, &name, named.get(&name));
            named.entry(name.clone()).or_insert(tree.name.as_ref().map(|word| word.span));
            let too_large = self.flow_size(&tree);
            flows.push(FlowFile {
                name,
                tree,
                broken: document.broken || too_large,
                torn: document.torn,
                digest,
            });
        }
        flows
    }

    /// Whether a flow is more than one may be.
    fn flow_size(&mut self, tree: &FlowTree) -> bool {
        let Some(first) = tree.node_names.get(MAX_NODES) else {
            return false;
        };
        let nodes = tree.node_names.len();
        let message = format!("the flow has {nodes} nodes; at most {MAX_NODES} are allowed");
        self.findings.push(
            Diagnostic::new(Code::TooLarge, first.span, message)
                .help("split it into several flows that `call` or `goto` each other"),
        );
        true
    }

    /// `other` is a flow of the same name that was read before, and where it says its name.
    fn flow_name(&mut self, tree: &FlowTree, stem: &str, other: Option<&Option<Span>>) {
        let Some(word) = &tree.name else { return };
        if *word.value != *stem {
            let message =
                format!("the flow is called `{}`, its file `{stem}.flow.yaml`", word.value);
            self.findings.push(
                Diagnostic::new(Code::NameMismatch, word.span, message)
                    .help(format!("write `flow: {stem}`, or rename the file")),
            );
        }
        if let Some(other) = other {
            let message = format!("there are two flows called `{stem}`");
            let mut diagnostic = Diagnostic::new(Code::DuplicateId, word.span, message)
                .help("rename one of the files and its `flow:`");
            if let Some(first) = other {
                diagnostic = diagnostic.label(*first, "the other one");
            }
            self.findings.push(diagnostic);
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

    fn calendars(&mut self) -> (BTreeMap<Name, Calendar>, bool) {
        let Some((_, document)) = self.read(CALENDARS_FILE, &tables::CALENDARS, "calendars") else {
            return (BTreeMap::new(), false);
        };
        let entries = document.root.as_ref().and_then(Node::map);
        let named = |e: &Entry| {
            let calendar = Calendar { name: key(e), value: e.value.json(), node: e.value.clone() };
            (calendar.name.value.clone(), calendar)
        };
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
            let indexes = declared.indexes.iter().map(|index| {
                let fields = index.fields.iter().map(|field| field.value.to_string()).collect();
                (index.name.value.clone(), Index { kind: index.kind, fields })
            });
            let collection = Collection {
                seed,
                schema: schema.map(|node| node.json()),
                indexes: indexes.collect(),
                sensitive: declared.sensitive.iter().map(|word| word.value.to_string()).collect(),
                retention: declared.retention.as_ref().and_then(|word| parse_duration(&word.value)),
                origin: declared.source.as_ref().map(|source| source.origin.clone()),
                seed_tree: records,
            };
            collections.insert(declared.name.value.clone(), collection);
        }
        collections
    }

    /// The schemas of hooks, by hook.
    fn hook_schemas(&mut self, tree: &ProjectTree) -> BTreeMap<Name, Node> {
        let mut schemas = BTreeMap::new();
        for hook in &tree.hooks {
            let path = hook.schema.as_ref();
            if let Some(schema) = path.and_then(|path| self.named_file(path, &Shape::Any, "schema"))
            {
                schemas.insert(hook.name.value.clone(), schema);
            }
        }
        schemas
    }

    /// A file that the project file names.
    fn named_file(&mut self, path: &Word, shape: &Shape, what: &str) -> Option<Node> {
        if let Some((_, document)) = self.read(&path.value, shape, what) {
            return document.root;
        }
        self.misses = true;
        if self.findings.only_counts(Code::UnknownFile, path.span) {
            return None;
        }
        let files = Arc::clone(&self.files);
        let known = files.keys().map(String::as_str).filter(|path| path.starts_with("data/"));
        let message = format!("the project has no file `{}`", path.value);
        self.findings.push(
            Diagnostic::new(Code::UnknownFile, path.span, message)
                .suggest_among(&path.value, known, "files are", self.work)
                .help("paths are given from the folder of the project file"),
        );
        None
    }

    fn bots(&mut self) -> (BTreeMap<Name, String>, Intents) {
        let end = ".intents.yaml";
        let paths = self.paths(|path| lies_in("intents/", path, end));
        let mut intents = Intents::new();
        for path in &paths {
            // What it must hold is known to whoever understands language; here it must be YAML.
            let read = self.read(path, &Shape::Any, "bot");
            let whole = read.filter(|(_, document)| !document.broken && !document.torn);
            let root = whole.and_then(|(_, document)| document.root);
            intents.insert(stem(path, end).into(), root.as_ref().and_then(intents_of));
        }
        (paths.into_iter().map(|path| (stem(&path, end).into(), path)).collect(), intents)
    }

    fn guardrails(&self) -> BTreeSet<Name> {
        let end = ".guardrail.yaml";
        let paths = self.paths(|path| lies_in("guardrails/", path, end));
        paths.iter().map(|path| stem(path, end).into()).collect()
    }

    /// Names what looks like a part of the project and is none.
    fn unread(&mut self) {
        let files = Arc::clone(&self.files);
        for (path, bytes) in files.iter() {
            if self.read.contains(path) || (self.misses && path.starts_with("data/")) {
                continue;
            }
            let Some(unread) = unread::of(path, bytes) else { continue };
            let file = self.add(path, "");
            let span = Span { file, start: 0, end: 0 };
            let message = format!("{}, but it is not read", unread.looks);
            self.findings.push(Diagnostic::new(Code::UnreadFile, span, message).help(unread.help));
        }
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

/// Whether a file lies right in `folder`, where its provider looks for it.
fn lies_in(folder: &str, path: &str, end: &str) -> bool {
    path.ends_with(end) && path.strip_prefix(folder).is_some_and(|name| !name.contains('/'))
}

fn stem(path: &str, end: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(end).unwrap_or(name).to_owned()
}

/// Of each bot the names of its intents.
type Intents = BTreeMap<Name, Option<BTreeSet<Name>>>;

/// The names of a bot's intents in all its languages; none when the file has another form.
fn intents_of(bot: &Node) -> Option<BTreeSet<Name>> {
    let mut names = BTreeSet::new();
    for locale in bot.get("locales")?.map()? {
        let intents = locale.value.get("intents")?.map()?;
        names.extend(intents.iter().map(|entry| Name::from(entry.key.text.as_str())));
    }
    Some(names)
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
