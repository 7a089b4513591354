//! From a manifest to a release that could go live, or to all that stands against it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dialgraph_base::{ConfigChecks, ConfigProblem, Digest, Grants, Locale, Name, PluginLimits};
use dialgraph_flow::check::{Given, Plugins, check_within};
use dialgraph_flow::diagnostic::{Code, Diagnostic, Report};
use dialgraph_flow::limits::MAX_PROJECT_BYTES;
use dialgraph_flow::project::Files;
use dialgraph_flow::{Project, Release};
use dialgraph_host::{Host, Import, LoadError, Loaded, Prepared};
use dialgraph_runtime::World;

use crate::checks::Until;
use crate::content::Content;
use crate::error::{DeployError, Reason, Refusal, RenderedReport};
use crate::manifest::Manifest;
use crate::reach::Reach;
use crate::world_factory::WorldFactory;

/// A release that passed every check, and nothing of which anybody sees yet.
pub(crate) struct Candidate {
    pub(crate) manifest: Manifest,
    pub(crate) project: Project,
    pub(crate) release: Arc<Release>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) prepared: Vec<Prepared>,
    pub(crate) reach: Reach,
    /// Warnings of the check.
    pub(crate) report: RenderedReport,
    /// Other things that an operator should know.
    pub(crate) warnings: Vec<String>,
}

/// What a candidate is checked with.
pub(crate) struct Workbench<'w> {
    pub(crate) host: &'w Host,
    pub(crate) worlds: &'w dyn WorldFactory,
    pub(crate) content: &'w Content,
    /// The manifest is that of a release that was accepted before.
    pub(crate) accepted: bool,
}

impl Candidate {
    /// Checks `manifest`. A plugin that cannot be loaded stands against it if it is `pushed` now or
    /// if a flow uses it; of others it is only said.
    ///
    /// Blocks: it reads files, compiles plugins and trains recognisers.
    pub(crate) fn check(
        bench: &Workbench<'_>,
        manifest: Manifest,
        pushed: impl Fn(&str) -> bool,
        until: &Until,
    ) -> Result<Self, DeployError> {
        let mut files = Files::new();
        let mut bytes = 0;
        for (path, digest) in &manifest.files {
            let text = bench.content.get(digest, path)?;
            bytes += text.len();
            if bytes > MAX_PROJECT_BYTES {
                let what = "the project (its text files together)".to_owned();
                let limit = MAX_PROJECT_BYTES;
                return Err(DeployError::refused(Reason::TooLarge { what, bytes, limit }));
            }
            files.insert(path.clone(), text);
        }
        let project = until
            .part("reading the project", |work| Project::from_files_within("", files, work))?;
        let grants = project.grants();
        let loads = load(bench, &manifest, &grants, until)?;

        let (mut reasons, mut warnings) = (Vec::new(), Vec::new());
        let mut plugins = Plugins::new();
        let mut prepared = Vec::new();
        let mut reach = Reach::default();
        let mut failed: BTreeMap<String, LoadError> = BTreeMap::new();
        let mut refused: Vec<String> = Vec::new();
        for (name, load) in loads {
            match load {
                Ok(plugin) => {
                    let loaded = plugin.loaded();
                    let says = loaded.descriptor.name.to_string();
                    if says != name {
                        reasons.push(Reason::OtherName { given: name, says });
                        continue;
                    }
                    let none = Grants::default();
                    let granted = grants.get(name.as_str()).unwrap_or(&none);
                    reach.add(&name, needs(&loaded), granted);
                    let used_as = loaded.descriptor.as_ref().clone();
                    plugins.insert(loaded.descriptor.name.clone(), (loaded.digest, used_as));
                    if pushed(&name) {
                        let told = loaded.warnings.iter();
                        warnings.extend(told.map(|warning| format!("plugin `{name}`: {warning}")));
                    }
                    prepared.push(plugin);
                }
                Err(error) if pushed(&name) => {
                    reasons.push(error.into());
                    refused.push(name);
                }
                Err(error) => drop(failed.insert(name, error)),
            }
        }
        let asked = Asked { host: bench.host, prepared: &prepared };
        let given = Given::new(&plugins).asking(&asked);
        let given = if bench.accepted { given.accepted_before() } else { given };
        let checked =
            until.part("checking the flows", |work| check_within(&project, &given, work))?;
        let mut report = checked.report;
        if checked.release.is_none() {
            // A plugin that the flows do not know may be one that is there and cannot be loaded:
            // that is to be said of it, and nothing else.
            failed.retain(|name, _| is_missed(&report, name));
            let unusable = failed.keys().chain(&refused);
            let unusable: Vec<&str> = unusable.map(String::as_str).collect();
            report = report.without(|found| unusable.iter().any(|plugin| misses(found, plugin)));
            reasons.extend(failed.into_values().map(Reason::from));
            if report.errors() > 0 {
                reasons.push(Reason::Flows);
            }
        } else {
            for (name, error) in failed {
                if grants.contains_key(name.as_str()) {
                    warnings.push(format!("no flow can use `{name}`: {error}"));
                }
            }
        }
        if until.is_called_off() {
            return Err(DeployError::Leaving);
        }
        // What is too large was not read for the check, and is not read here.
        until.doing.now("making the project's data ready");
        let readable = !report.diagnostics().iter().any(|found| found.code == Code::TooLarge);
        let world = readable.then(|| bench.worlds.make(&project).map_err(Reason::Data));
        let report = RenderedReport::from(report);
        match (checked.release, world) {
            (Some(release), Some(Ok(world))) if reasons.is_empty() => Ok(Self {
                manifest,
                project,
                release: Arc::new(release),
                world,
                prepared,
                reach,
                report,
                warnings,
            }),
            (_, world) => {
                reasons.extend(world.and_then(Result::err));
                Err(DeployError::Refused(Box::new(Refusal { reasons, report: Some(report) })))
            }
        }
    }

    /// The plugins that are loaded for it: their digests, and the bounds of their runs.
    pub(crate) fn plugins(&self) -> BTreeSet<(Digest, PluginLimits)> {
        self.prepared.iter().map(|plugin| (plugin.loaded().digest, plugin.limits())).collect()
    }
}

/// Asks plugins about their configurations that are prepared, and not yet among the host's.
struct Asked<'a> {
    host: &'a Host,
    prepared: &'a [Prepared],
}

impl ConfigChecks for Asked<'_> {
    fn check(
        &self,
        plugin: &Digest,
        config: &str,
        locales: &[Locale],
    ) -> Result<Vec<ConfigProblem>, String> {
        match self.prepared.iter().find(|prepared| prepared.digest() == *plugin) {
            Some(prepared) => self.host.check_config(prepared, config, locales),
            None => Err(format!("plugin {plugin} is not at hand to be asked")),
        }
    }
}

/// Whether the check missed the plugin `name`.
fn is_missed(report: &Report, name: &str) -> bool {
    report.diagnostics().iter().any(|found| misses(found, name))
}

fn misses(found: &Diagnostic, plugin: &str) -> bool {
    found.code == Code::UnknownPlugin && found.missing.as_deref() == Some(plugin)
}

fn needs(loaded: &Loaded) -> impl Iterator<Item = &str> {
    loaded.imports.iter().filter_map(Import::capability)
}

type Loads = Vec<(String, Result<Prepared, LoadError>)>;

/// Prepares all plugins, side by side: those that are new have to be compiled.
fn load(
    bench: &Workbench<'_>,
    manifest: &Manifest,
    grants: &BTreeMap<Name, Grants>,
    until: &Until,
) -> Result<Loads, DeployError> {
    let none = Grants::default();
    let one = |name: &String, digest: &Digest| {
        if until.is_called_off() {
            return Err(DeployError::Leaving);
        }
        let bytes = bench.content.get(digest, name)?;
        let grants = grants.get(name.as_str()).unwrap_or(&none);
        let _compiling = until.doing.compiling(name);
        let prepared = bench.host.prepare(name, &bytes, grants, &|| until.is_called_off());
        if matches!(prepared, Err(LoadError::CalledOff { .. })) {
            return Err(DeployError::Leaving);
        }
        Ok((name.clone(), prepared))
    };
    let plugins: Vec<(&String, &Digest)> = manifest.plugins.iter().collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = plugins.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let one = &one;
        let work = |part: &[(&String, &Digest)]| -> Result<Loads, DeployError> {
            part.iter().map(|(name, digest)| one(name, digest)).collect()
        };
        let parts: Vec<_> =
            plugins.chunks(share).map(|part| scope.spawn(move || work(part))).collect();
        let mut loads = Loads::new();
        for part in parts {
            match part.join() {
                Ok(part) => loads.extend(part?),
                Err(_) => {
                    let what = "loading plugins panicked; the log has the reason";
                    return Err(DeployError::Task(what.to_owned()));
                }
            }
        }
        Ok(loads)
    })
}
