//! From a project and the plugins at hand to a release, or to all that is wrong.
//!
//! Every check goes on after a mistake and stays quiet where a mistake elsewhere would be its only reason:
//! nothing is said of the graph of a flow whose text is torn, or of nodes behind a target that is not there.

mod config;
mod env;
mod nodes;
mod ports;
mod prompts;
mod reach;
mod references;
mod subflows;
mod types;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::Digest;
use crate::diagnostic::{Code, Diagnostic, Report, Severity};
use crate::model::{
    Attribute, Descriptor, Fallback, Flow, Locale, Name, NodeIndex, PluginPin, Prompt, Queue,
    Release,
};
use crate::project::{FlowFile, Project};
use crate::source::Span;
use crate::syntax::align;
use crate::syntax::flow::{Texts, Word};

/// The plugins that flows may use: their digests and what they say of themselves.
pub type Plugins = BTreeMap<Name, (Digest, Descriptor)>;

/// Plugins that are there and cannot be loaded, such as for want of a grant.
pub type Refused = BTreeMap<Name, Refusal>;

/// Why a plugin cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// One sentence without a full stop, with the plugin's name.
    pub message: String,
    /// What to do about it, one sentence each.
    pub help: Vec<String>,
}

static NONE_REFUSED: Refused = Refused::new();

/// What came out of a check.
#[derive(Debug)]
pub struct Checked {
    /// Everything found, warnings included.
    pub report: Report,
    /// None when there is an error in the report.
    pub release: Option<Release>,
}

impl Checked {
    /// The release, or the report that says why there is none.
    pub fn into_release(self) -> Result<Release, Report> {
        self.release.ok_or(self.report)
    }
}

/// Checks `project` against `plugins` and compiles it.
pub fn check(project: &Project, plugins: &Plugins) -> Checked {
    check_with(project, plugins, &NONE_REFUSED)
}

/// As [`check`], and says of a plugin in `refused` that flows use, or that the project file names, why it cannot be
/// loaded: once, and nothing else.
pub fn check_with(project: &Project, plugins: &Plugins, refused: &Refused) -> Checked {
    let mut checker = Checker::new(project, plugins, refused);
    references::project(&mut checker);
    let flows: Vec<Option<Flow>> =
        project.flows.iter().map(|flow| nodes::flow(&mut checker, flow)).collect();
    types::attribute_conflicts(&mut checker);
    reach::flows(&mut checker);
    subflows::project(&mut checker);
    let fallback = fallback(&mut checker);
    let comfort = words(&mut checker, project.tree.comfort.as_ref());
    let pins = checker.pins();
    let good = !checker.erred_since(0);
    let report = Report::new(project.sources.clone(), checker.diagnostics);
    let release = good.then(|| release(project, flows, fallback, comfort, pins)).flatten();
    Checked { report, release }
}

/// What all checks share.
pub(crate) struct Checker<'p> {
    project: &'p Project,
    plugins: &'p Plugins,
    refused: &'p Refused,
    /// Refused plugins of which nothing is to be said any more.
    told: BTreeSet<Name>,
    /// Flows by name; of two with one name the first.
    flows: BTreeMap<&'p str, &'p FlowFile>,
    locales: Vec<Locale>,
    diagnostics: Vec<Diagnostic>,
}

impl<'p> Checker<'p> {
    fn new(project: &'p Project, plugins: &'p Plugins, refused: &'p Refused) -> Self {
        let mut flows = BTreeMap::new();
        for flow in &project.flows {
            flows.entry(&*flow.name).or_insert(flow);
        }
        Self {
            project,
            plugins,
            refused,
            told: BTreeSet::new(),
            flows,
            locales: project.locales(),
            diagnostics: project.diagnostics.clone(),
        }
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Whether there is an error among the findings from number `from` on.
    fn erred_since(&self, from: usize) -> bool {
        let fresh = self.diagnostics.get(from..).unwrap_or_default();
        fresh.iter().any(|d| d.severity == Severity::Error)
    }

    /// Where bytes `from..to` of a text stand, which was read from the scalar at `span`.
    fn locate(&self, span: Span, text: &str, from: usize, to: usize) -> Span {
        align::locate(self.project.sources.file(span.file), span, text, from, to)
    }

    /// The flow that `word` names.
    fn flow(&mut self, word: &Word) -> Option<&'p FlowFile> {
        let found = self.flows.get(&*word.value).copied();
        if found.is_none() {
            let message = format!("there is no flow `{}`", word.value);
            let known: Vec<&str> = self.flows.keys().copied().collect();
            self.push(Diagnostic::new(Code::UnknownFlow, word.span, message).suggest(
                &word.value,
                known,
                "the flows are",
            ));
        }
        found
    }

    fn queue(&mut self, word: &Word) -> Option<Arc<Queue>> {
        let queues = &self.project.queues;
        if let Some(entry) = queues.get(&word.value) {
            return Some(Arc::clone(&entry.queue));
        }
        if !self.project.queues_broken {
            let message = format!("there is no queue `{}`", word.value);
            let diagnostic = Diagnostic::new(Code::UnknownQueue, word.span, message)
                .suggest(&word.value, queues.keys().map(|n| &**n), "the queues are")
                .help("queues are listed in `data/queues.yaml`");
            self.push(diagnostic);
        }
        None
    }

    fn collection(&mut self, word: &Word) {
        let collections = self.project.collections();
        if collections.contains_key(&word.value) || self.project.broken {
            return;
        }
        let message = format!("there is no collection `{}`", word.value);
        let known = collections.keys().map(|name| &**name);
        let diagnostic = Diagnostic::new(Code::UnknownCollection, word.span, message)
            .suggest(&word.value, known, "the collections are")
            .help("collections are listed under `collections:` in `dialgraph.yaml`");
        self.push(diagnostic);
    }

    fn calendar(&mut self, word: &Word) -> Option<&'p serde_json::Value> {
        let calendars = &self.project.calendars;
        let found = calendars.get(&word.value);
        if found.is_none() && !self.project.calendars_broken {
            let message = format!("there is no calendar `{}`", word.value);
            let known = calendars.keys().map(|name| &**name);
            let diagnostic = Diagnostic::new(Code::UnknownCalendar, word.span, message)
                .suggest(&word.value, known, "the calendars are")
                .help("calendars are listed in `data/calendars.yaml`");
            self.push(diagnostic);
        }
        found
    }

    fn plugin(&mut self, word: &Word) -> Option<&'p Descriptor> {
        let plugins = self.plugins;
        let found = plugins.get(&word.value).map(|(_, descriptor)| descriptor);
        if let (None, Some(refusal)) = (found, self.refused.get(&word.value)) {
            if self.told.insert(word.value.clone()) {
                let mut diagnostic =
                    Diagnostic::new(Code::RefusedPlugin, word.span, &refusal.message);
                diagnostic.help.clone_from(&refusal.help);
                self.push(diagnostic);
            }
            return None;
        }
        if found.is_none() {
            let message = format!("there is no plugin `{}`", word.value);
            let known = plugins.keys().map(|name| &**name);
            self.push(Diagnostic::new(Code::UnknownPlugin, word.span, message).suggest(
                &word.value,
                known,
                "the plugins are",
            ));
        }
        found
    }

    /// The plugins that flows use.
    fn pins(&self) -> BTreeMap<Name, PluginPin> {
        let mut pins = BTreeMap::new();
        let grants = self.project.grants();
        for flow in &self.project.flows {
            for node in &flow.tree.nodes {
                if let crate::syntax::flow::KindTree::Use { plugin, .. } = &node.kind
                    && let Some((digest, descriptor)) = self.plugins.get(&plugin.value)
                {
                    let granted = grants.get(&plugin.value);
                    let pin = PluginPin {
                        digest: *digest,
                        descriptor: Arc::new(descriptor.clone()),
                        limits: granted.map(|granted| granted.limits).unwrap_or_default(),
                    };
                    pins.insert(plugin.value.clone(), pin);
                }
            }
        }
        pins
    }

    /// Locales in which `flow` must speak.
    fn flow_locales(&self, flow: &FlowFile) -> Vec<Locale> {
        match &flow.tree.locales {
            Some(words) if !words.is_empty() => words.iter().map(|w| w.value.clone()).collect(),
            _ => self.locales.clone(),
        }
    }
}

/// What the flow declares under `attributes:`, for the compiled flow.
fn attributes(flow: &FlowFile) -> BTreeMap<Name, Attribute> {
    let declared = flow.tree.attributes.iter();
    declared
        .map(|attribute| {
            let default = attribute.default.as_ref().map(|d| d.value.clone());
            let compiled = Attribute {
                ty: attribute.ty,
                sensitive: attribute.sensitive,
                default: default.unwrap_or(serde_json::Value::Null),
            };
            (attribute.name.value.clone(), compiled)
        })
        .collect()
}

fn fallback(checker: &mut Checker<'_>) -> Option<Fallback> {
    let tree = &checker.project.tree;
    let prompt = words(checker, tree.fallback_say.as_ref())?;
    let queue = checker.queue(tree.fallback_queue.as_ref()?)?;
    Some(Fallback { prompt, queue })
}

/// What the project says of itself, in no flow: no words, or in all languages. None if they are wrong.
fn words(checker: &mut Checker<'_>, texts: Option<&Texts>) -> Option<Option<Prompt>> {
    let Some(texts) = texts else { return Some(None) };
    let locales = checker.locales.clone();
    let scope = env::Env::outside_flows();
    Some(Some(prompts::compile(checker, texts, &locales, &scope)?))
}

fn release(
    project: &Project,
    flows: Vec<Option<Flow>>,
    fallback: Option<Fallback>,
    comfort: Option<Option<Prompt>>,
    plugins: BTreeMap<Name, PluginPin>,
) -> Option<Release> {
    let flows: BTreeMap<Name, Arc<Flow>> = flows
        .into_iter()
        .map(|flow| flow.map(|flow| (flow.name.clone(), Arc::new(flow))))
        .collect::<Option<_>>()?;
    let declared = flows.values().flat_map(|flow| &flow.attributes);
    let sensitive = declared.filter(|(_, attribute)| attribute.sensitive);
    Some(Release {
        sensitive: sensitive.map(|(name, _)| name.clone()).collect(),
        digest: digest(project, &plugins),
        entry: project.tree.entry.as_ref()?.value.clone(),
        finally: project.tree.finally.as_ref().map(|f| f.value.clone()),
        fallback: fallback?,
        comfort: comfort?,
        locales: project.locales(),
        flows,
        plugins,
        queues: project
            .queues
            .iter()
            .map(|(name, entry)| (name.clone(), Arc::clone(&entry.queue)))
            .collect(),
        limits: project.tree.limits,
    })
}

/// Over the digests of all files that can change a call and of the plugins in use, each with its name.
fn digest(project: &Project, plugins: &BTreeMap<Name, PluginPin>) -> Digest {
    let mut lines = String::new();
    for (path, bytes) in project.files().iter() {
        if path.ends_with(".md") && !path.starts_with("knowledge/") {
            continue; // a README
        }
        lines.push_str(&format!("file {path:?} {}\n", Digest::of(bytes)));
    }
    for (name, pin) in plugins {
        lines.push_str(&format!("plugin {name:?} {}\n", pin.digest));
    }
    Digest::of(lines.as_bytes())
}

/// The nodes of a flow by name.
struct Nodes<'f> {
    /// Positions; of two nodes with one name the first. A node in bad form has one too, but the flow is then
    /// never compiled.
    positions: BTreeMap<&'f str, NodeIndex>,
    /// Part of the text is missing: nothing can be said of names that are not here.
    torn: bool,
}

impl<'f> Nodes<'f> {
    fn of(flow: &'f FlowFile) -> Self {
        let mut positions = BTreeMap::new();
        for (at, name) in (0..).zip(&flow.tree.node_names) {
            positions.entry(&*name.value).or_insert(NodeIndex(at));
        }
        Self { positions, torn: flow.torn }
    }

    fn get(&self, name: &str) -> Option<NodeIndex> {
        self.positions.get(name).copied()
    }
}
