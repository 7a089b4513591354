//! From a manifest to a release that could go live, or to all that stands against it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dialgraph_flow::check::Plugins;
use dialgraph_flow::diagnostic::{Code, Diagnostic, Report};
use dialgraph_flow::grants::{Grants, PluginLimits};
use dialgraph_flow::model::Name;
use dialgraph_flow::project::Files;
use dialgraph_flow::{Digest, Project, Release, check};
use dialgraph_host::{Host, Import, LoadError, Loaded, Prepared};
use dialgraph_runtime::World;

use crate::error::{DeployError, Reason, Refusal};
use crate::manifest::Manifest;
use crate::reach::Reach;
use crate::store::Content;
use crate::worlds::Worlds;

/// A release that passed every check, and nothing of which anybody sees yet.
pub(crate) struct Candidate {
    pub(crate) manifest: Manifest,
    pub(crate) project: Project,
    pub(crate) release: Arc<Release>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) prepared: Vec<Prepared>,
    pub(crate) reach: Reach,
    /// Warnings of the check.
    pub(crate) report: Report,
    /// Other things that an operator should know.
    pub(crate) warnings: Vec<String>,
}

/// What a candidate is checked with.
pub(crate) struct Workbench<'w> {
    pub(crate) host: &'w Host,
    pub(crate) worlds: &'w dyn Worlds,
    pub(crate) content: &'w Content,
}

impl Candidate {
    /// Checks `manifest`. A plugin that cannot be loaded stands against it if it is `pushed` now or if a flow
    /// uses it; of others it is only said.
    ///
    /// Blocks: it reads files, compiles plugins and trains recognisers.
    pub(crate) fn check(
        bench: &Workbench<'_>,
        manifest: Manifest,
        pushed: impl Fn(&str) -> bool,
    ) -> Result<Self, DeployError> {
        let mut files = Files::new();
        for (path, digest) in &manifest.files {
            files.insert(path.clone(), bench.content.get(digest, path)?);
        }
        let project = Project::from_files("", files);
        let grants = project.grants();
        let loads = load(bench, &manifest, &grants)?;

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
        let checked = check(&project, &plugins);
        let mut report = checked.report;
        if checked.release.is_none() {
            // A plugin that the flows do not know may be one that is there and cannot be loaded: that is to be said
            // of it, and nothing else.
            failed.retain(|name, _| is_missed(&report, name));
            let unusable = failed.keys().chain(&refused);
            report = without(&report, &unusable.map(String::as_str).collect::<Vec<_>>());
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
        let world = bench.worlds.make(&project).map_err(Reason::Data);
        match (checked.release, world) {
            (Some(release), Ok(world)) if reasons.is_empty() => Ok(Self {
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
                reasons.extend(world.err());
                Err(DeployError::Refused(Box::new(Refusal { reasons, report: Some(report) })))
            }
        }
    }

    /// The plugins that are loaded for it: their digests, and the bounds of their runs.
    pub(crate) fn plugins(&self) -> BTreeSet<(Digest, PluginLimits)> {
        self.prepared.iter().map(|plugin| (plugin.loaded().digest, plugin.limits())).collect()
    }
}

/// Whether the check missed the plugin `name`.
fn is_missed(report: &Report, name: &str) -> bool {
    report.diagnostics().iter().any(|found| misses(found, name))
}

fn misses(found: &Diagnostic, plugin: &str) -> bool {
    found.code == Code::UnknownPlugin && found.message.contains(&format!("`{plugin}`"))
}

/// What the check found but for missing these plugins.
fn without(report: &Report, plugins: &[&str]) -> Report {
    let kept = report.diagnostics().iter();
    let kept = kept.filter(|found| !plugins.iter().any(|plugin| misses(found, plugin)));
    Report::new(report.sources().clone(), kept.cloned().collect())
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
) -> Result<Loads, DeployError> {
    let none = Grants::default();
    let one = |name: &String, digest: &Digest| {
        let bytes = bench.content.get(digest, name)?;
        let grants = grants.get(name.as_str()).unwrap_or(&none);
        Ok((name.clone(), bench.host.prepare(name, &bytes, grants)))
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
