//! From a project and the plugins at hand to a release, or to all that is wrong.
//!
//! Every check goes on after a mistake and stays quiet where a mistake elsewhere would be its only
//! reason: nothing is said of the graph of a flow whose text is torn, or of nodes behind a target
//! that is not there.

mod access;
pub(crate) mod config;
mod env;
mod hooks;
mod literals;
mod loops;
pub(crate) mod marks;
pub(crate) mod names;
pub(crate) mod nodes;
pub(crate) mod ports;
pub(crate) mod prompts;
mod reach;
mod references;
pub(crate) mod saves;
mod sources;
pub(crate) mod subflows;
mod types;
mod values;
mod walk;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dialgraph_base::{AskNobody, ConfigChecks, Descriptor, Digest, Locale, Name};

use crate::diagnostic::{Code, Diagnostic, Findings, Report};
use crate::expr::VarType;
use crate::limits::MAX_LOCALES;
use crate::model::{
    Attribute, Fallback, Flow, Hook, NodeIndex, PluginPin, Prompt, Queue, Release, Type,
};
use crate::project::{Calendar, FlowFile, Project, by_locale};
use crate::source::{FileId, Span};
use crate::syntax::align;
use crate::syntax::flow::{Texts, Word};
use crate::work::{CalledOff, Work};

/// The plugins that flows may use: their digests and what they say of themselves.
pub type Plugins = BTreeMap<Name, (Digest, Descriptor)>;

/// Plugins that are there and cannot be loaded, such as for want of a grant.
pub type Rejected = BTreeMap<Name, Rejection>;

/// Why a plugin cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// One sentence without a full stop, with the plugin's name.
    pub message: String,
    /// What to do about it, one sentence each.
    pub help: Vec<String>,
}

/// Findings of something that is not there.
const LACKING: &[Code] = &[
    Code::MissingKey,
    Code::MissingLocale,
    Code::NeverGiven,
    Code::UnknownPort,
    Code::UnwiredPort,
    Code::UnusedAttribute,
];

static NONE_REFUSED: Rejected = Rejected::new();
static NOBODY: AskNobody = AskNobody;

/// What a project is checked with.
#[derive(Clone, Copy)]
pub struct Given<'g> {
    plugins: &'g Plugins,
    refused: &'g Rejected,
    configs: &'g dyn ConfigChecks,
    accepted: bool,
}

impl<'g> Given<'g> {
    /// The plugins that flows may use, which are not asked about their configurations.
    pub fn new(plugins: &'g Plugins) -> Self {
        Self { plugins, refused: &NONE_REFUSED, configs: &NOBODY, accepted: false }
    }

    /// Says of a plugin in `refused` that flows use, or that the project file names, why it cannot
    /// be loaded: once, and nothing else.
    #[must_use]
    pub fn refused(self, refused: &'g Rejected) -> Self {
        Self { refused, ..self }
    }

    /// Asks plugins about their configurations.
    #[must_use]
    pub fn asking(self, configs: &'g dyn ConfigChecks) -> Self {
        Self { configs, ..self }
    }

    /// The project was accepted before, perhaps by an engine that looked at less: what plugins find
    /// is only warned of, for calls may rest on its release.
    #[must_use]
    pub fn accepted_before(self) -> Self {
        Self { accepted: true, ..self }
    }
}

impl std::fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given")
            .field("plugins", self.plugins)
            .field("refused", self.refused)
            .field("accepted", &self.accepted)
            .finish_non_exhaustive()
    }
}

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

/// Checks `project` against `plugins` and compiles it. No plugin is asked about its configurations:
/// see [`Given::asking`].
pub fn check(project: &Project, plugins: &Plugins) -> Checked {
    check_with(project, &Given::new(plugins))
}

/// As [`check`], with all that can be given.
pub fn check_with(project: &Project, given: &Given<'_>) -> Checked {
    run(project, given, &Work::default())
}

/// As [`check_with`], until `work` is called off.
///
/// # Errors
/// [`CalledOff`] when it was.
pub fn check_within(
    project: &Project,
    given: &Given<'_>,
    work: &Work<'_>,
) -> Result<Checked, CalledOff> {
    let checked = run(project, given, work);
    work.done(checked)
}

/// What comes of it means nothing if `work` was called off.
fn run(project: &Project, given: &Given<'_>, work: &Work<'_>) -> Checked {
    if project.is_cut {
        return Checked { report: project.report(), release: None };
    }
    let mut checker = Checker::new(project, given, work);
    references::project(&mut checker);
    hooks::project(&mut checker);
    let mut flows: Vec<Option<Flow>> = Vec::new();
    for flow in &project.flows {
        if !work.goes_on(1) {
            break;
        }
        flows.push(nodes::flow(&mut checker, flow));
    }
    config::unused_calendars(&mut checker);
    types::attribute_conflicts(&mut checker);
    names::words(&mut checker);
    reach::flows(&mut checker);
    subflows::project(&mut checker);
    let fallback = fallback(&mut checker);
    let comfort = words(&mut checker, project.tree.comfort.as_ref());
    zone(&mut checker);
    let pins = checker.pins();
    let hooks = std::mem::take(&mut checker.hooks);
    let good = checker.findings.errors() == 0 && !work.is_called_off();
    let report = Report::new(project.sources.clone(), checker.findings);
    let release = good.then(|| release(project, flows, fallback, comfort, pins, hooks)).flatten();
    Checked { report, release }
}

/// What all checks share.
pub(crate) struct Checker<'p> {
    pub(crate) project: &'p Project,
    pub(crate) plugins: &'p Plugins,
    refused: &'p Rejected,
    /// Refused plugins of which nothing is to be said any more.
    told: BTreeSet<Name>,
    configs: config::Asked<'p>,
    /// Flows by name; of two with one name the first.
    pub(crate) flows: BTreeMap<&'p str, &'p FlowFile>,
    locales: Vec<Locale>,
    /// Hooks that are in good form.
    hooks: BTreeMap<Name, Arc<Hook>>,
    /// The flow and the node that are looked at.
    here: names::Here,
    facts: names::Facts,
    pub(crate) findings: Findings,
    /// Files of which part of the text could not be read.
    torn: BTreeSet<FileId>,
    /// What `save` sees of a flow or plugin, once it was asked for.
    outputs: BTreeMap<(Callee, Name), VarType>,
    pub(crate) work: &'p Work<'p>,
    /// Different words of the flows and articles, once they were asked for.
    pub(crate) words: OnceCell<BTreeSet<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Callee {
    Flow,
    Plugin,
}

impl<'p> Checker<'p> {
    fn new(project: &'p Project, given: &Given<'p>, work: &'p Work<'p>) -> Self {
        let mut flows = BTreeMap::new();
        for flow in &project.flows {
            flows.entry(&*flow.name).or_insert(flow);
        }
        Self {
            project,
            plugins: given.plugins,
            refused: given.refused,
            told: BTreeSet::new(),
            configs: config::Asked::new(given.configs, given.accepted),
            flows,
            locales: few(project.locales()),
            hooks: BTreeMap::new(),
            findings: project.findings.clone(),
            torn: torn(project),
            here: names::Here::default(),
            facts: names::Facts::default(),
            outputs: BTreeMap::new(),
            work,
            words: OnceCell::new(),
        }
    }

    /// Warns if no channel of the project shows what stands at `span`.
    pub(crate) fn must_be_shown(&mut self, span: Span, what: &str) {
        if self.project.shows() {
            return;
        }
        let message = format!("nobody sees {what}: no channel of the project shows any");
        self.push(
            Diagnostic::new(Code::ShownNowhere, span, message).help(
                "remove it, or add a channel that shows it to `channels:` in `dialgraph.yaml`",
            ),
        );
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.work.count(1);
        // What is not there may only have been left out with the text that could not be read.
        if LACKING.contains(&diagnostic.code) && self.torn.contains(&diagnostic.primary.span.file) {
            return;
        }
        self.findings.push(diagnostic);
    }

    /// Whether a finding is only counted: see [`Findings::only_counts`].
    pub(crate) fn only_counts(&mut self, code: Code, span: Span) -> bool {
        self.work.count(1);
        self.findings.only_counts(code, span)
    }

    /// Whether there are more errors than `before`, which is a number of errors.
    pub(crate) fn erred_since(&self, before: usize) -> bool {
        self.findings.errors() > before
    }

    /// Where bytes `from..to` of a text stand, which was read from the scalar at `span`.
    fn locate(&self, span: Span, text: &str, from: usize, to: usize) -> Span {
        align::locate(self.project.sources.file(span.file), span, text, from, to)
    }

    /// The flow that `word` names.
    pub(crate) fn flow(&mut self, word: &Word) -> Option<&'p FlowFile> {
        let found = self.flows.get(&*word.value).copied();
        if found.is_none() && !self.only_counts(Code::UnknownFlow, word.span) {
            let message = format!("there is no flow `{}`", word.value);
            let known: Vec<&str> = self.flows.keys().copied().collect();
            let diagnostic = Diagnostic::new(Code::UnknownFlow, word.span, message);
            let work = self.work;
            self.push(diagnostic.suggest_among(&word.value, known, "the flows are", work));
        }
        found
    }

    pub(crate) fn queue(&mut self, word: &Word) -> Option<Arc<Queue>> {
        let queues = &self.project.queues;
        if let Some(entry) = queues.get(&word.value) {
            return Some(Arc::clone(&entry.queue));
        }
        let broken = self.project.queues_broken;
        if !broken && !self.only_counts(Code::UnknownQueue, word.span) {
            let message = format!("there is no queue `{}`", word.value);
            let known = queues.keys().map(|name| &**name);
            let diagnostic = Diagnostic::new(Code::UnknownQueue, word.span, message)
                .suggest_among(&word.value, known, "the queues are", self.work)
                .help("queues are listed in `data/queues.yaml`");
            self.push(diagnostic);
        }
        None
    }

    fn collection(&mut self, word: &Word) {
        let collections = self.project.collections();
        if collections.contains_key(&word.value)
            || self.project.broken
            || self.only_counts(Code::UnknownCollection, word.span)
        {
            return;
        }
        let message = format!("there is no collection `{}`", word.value);
        let known = collections.keys().map(|name| &**name);
        let diagnostic = Diagnostic::new(Code::UnknownCollection, word.span, message)
            .suggest_among(&word.value, known, "the collections are", self.work)
            .help("collections are listed under `collections:` in `dialgraph.yaml`");
        self.push(diagnostic);
    }

    /// The hook that `word` names.
    pub(crate) fn hook(&mut self, word: &Word) -> Option<Arc<Hook>> {
        if let Some(hook) = self.hooks.get(&word.value) {
            return Some(Arc::clone(hook));
        }
        let declared = &self.project.tree.hooks;
        let is_declared = declared.iter().any(|hook| hook.name.value == word.value);
        let broken = self.project.broken || is_declared;
        if !broken && !self.only_counts(Code::UnknownHook, word.span) {
            let message = format!("there is no hook `{}`", word.value);
            let known = declared.iter().map(|hook| &*hook.name.value);
            let diagnostic = Diagnostic::new(Code::UnknownHook, word.span, message)
                .suggest_among(&word.value, known, "the hooks are", self.work)
                .help("hooks are listed under `hooks:` in `dialgraph.yaml`");
            self.push(diagnostic);
        }
        None
    }

    /// What is known of the value that arrives.
    pub(crate) fn arrives(&self, hook: &Hook) -> VarType {
        match self.project.hook_schemas.get(&hook.name) {
            Some(schema) => {
                let schema = schema.json();
                types::of_schema(&schema, &schema)
            }
            None => VarType::of(Type::Any),
        }
    }

    fn calendar(&mut self, word: &Word) -> Option<&'p Calendar> {
        let calendars = &self.project.calendars;
        let found = calendars.get(&word.value);
        if found.is_none()
            && !self.project.calendars_broken
            && !self.only_counts(Code::UnknownCalendar, word.span)
        {
            let message = format!("there is no calendar `{}`", word.value);
            let known = calendars.keys().map(|name| &**name);
            let diagnostic = Diagnostic::new(Code::UnknownCalendar, word.span, message)
                .suggest_among(&word.value, known, "the calendars are", self.work)
                .help("calendars are listed in `data/calendars.yaml`");
            self.push(diagnostic);
        }
        found
    }

    pub(crate) fn plugin(&mut self, word: &Word) -> Option<&'p (Digest, Descriptor)> {
        let plugins = self.plugins;
        let found = plugins.get(&word.value);
        if let (None, Some(refusal)) = (found, self.refused.get(&word.value)) {
            if self.told.insert(word.value.clone()) {
                let mut diagnostic =
                    Diagnostic::new(Code::RefusedPlugin, word.span, &refusal.message);
                diagnostic.help.clone_from(&refusal.help);
                self.push(diagnostic);
            }
            return None;
        }
        if found.is_none() && !self.only_counts(Code::UnknownPlugin, word.span) {
            let message = format!("there is no plugin `{}`", word.value);
            let known = plugins.keys().map(|name| &**name);
            self.push(
                Diagnostic::new(Code::UnknownPlugin, word.span, message)
                    .of_missing(&word.value)
                    .suggest(&word.value, known, "the plugins are"),
            );
        }
        found
    }

    pub(crate) fn output_of_plugin(&mut self, plugin: &Word, descriptor: &Descriptor) -> VarType {
        let known = self.outputs.entry((Callee::Plugin, plugin.value.clone()));
        known.or_insert_with(|| nodes::plugin_output(&descriptor.output_schema)).clone()
    }

    pub(crate) fn output_of_flow(&mut self, called: &FlowFile) -> VarType {
        let known = self.outputs.entry((Callee::Flow, called.name.clone()));
        known.or_insert_with(|| subflows::output(called)).clone()
    }

    /// The plugins that flows use.
    fn pins(&self) -> BTreeMap<Name, PluginPin> {
        let mut pins = BTreeMap::new();
        let grants = self.project.grants();
        for flow in &self.project.flows {
            for node in &flow.tree.nodes {
                if let Some(plugin) = node.kind.plugin()
                    && let Some((digest, descriptor)) = self.plugins.get(&plugin.value)
                    && !pins.contains_key(&plugin.value)
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
            Some(words) if !words.is_empty() => {
                few(words.iter().map(|word| word.value.clone()).collect())
            }
            _ => self.locales.clone(),
        }
    }
}

/// As many as a project may have, each once.
fn few(locales: Vec<Locale>) -> Vec<Locale> {
    let mut seen = BTreeSet::new();
    let distinct = locales.into_iter().filter(|locale| seen.insert(locale.clone()));
    distinct.take(MAX_LOCALES).collect()
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

/// What the project says of itself, in no flow: no words, or in all languages. None if they are
/// wrong.
fn words(checker: &mut Checker<'_>, texts: Option<&Texts>) -> Option<Option<Prompt>> {
    let Some(texts) = texts else { return Some(None) };
    let locales = checker.locales.clone();
    let scope = env::Env::outside_flows(env::Home::of(checker.project));
    Some(Some(prompts::compile(checker, texts, &locales, &scope)?))
}

fn release(
    project: &Project,
    flows: Vec<Option<Flow>>,
    fallback: Option<Fallback>,
    comfort: Option<Option<Prompt>>,
    plugins: BTreeMap<Name, PluginPin>,
    hooks: BTreeMap<Name, Arc<Hook>>,
) -> Option<Release> {
    let flows: BTreeMap<Name, Arc<Flow>> = flows
        .into_iter()
        .map(|flow| flow.map(|flow| (flow.name.clone(), Arc::new(flow))))
        .collect::<Option<_>>()?;
    let declared = flows.values().flat_map(|flow| &flow.attributes);
    let sensitive = declared.filter(|(_, attribute)| attribute.sensitive);
    Some(Release {
        sensitive: sensitive.map(|(name, _)| name.clone()).collect(),
        sensitive_collections: project
            .collections()
            .iter()
            .filter(|(_, collection)| !collection.sensitive.is_empty())
            .map(|(name, _)| name.clone())
            .collect(),
        digest: digest(project, &plugins),
        entry: project.tree.entry.as_ref()?.value.clone(),
        finally: project.tree.finally.as_ref().map(|f| f.value.clone()),
        after: project.tree.after.as_ref().map(|f| f.value.clone()),
        fallback: fallback?,
        comfort: comfort?,
        locales: project.locales(),
        country: project.country(),
        zone: project.zone(),
        flows,
        plugins,
        queues: project
            .queues
            .iter()
            .map(|(name, entry)| (name.clone(), Arc::clone(&entry.queue)))
            .collect(),
        hooks,
        limits: project.tree.limits,
    })
}

fn torn(project: &Project) -> BTreeSet<FileId> {
    let found = project.findings.told().iter();
    let unread = found.filter(|found| matches!(found.code, Code::Syntax | Code::TooLarge));
    unread.map(|found| found.primary.span.file).collect()
}

/// The time zone must be one that is known.
fn zone(checker: &mut Checker<'_>) {
    let Some(zone) = &checker.project.tree.zone else { return };
    let Err(reason) = crate::expr::zone(&zone.value) else { return };
    let message = format!("`{}` is {reason}", zone.value);
    let mut diagnostic = Diagnostic::new(Code::WrongShape, zone.span, message);
    if let Some(near) = crate::expr::near_zone(&zone.value) {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    }
    checker.push(diagnostic);
}

/// Over the digests of all files that can change a call and of the plugins in use, each with its
/// name.
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
pub(crate) struct Nodes<'f> {
    /// Positions; of two nodes with one name the first. A node in bad form has one too, but the
    /// flow is then never compiled.
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
