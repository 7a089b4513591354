//! A project with its plugins loaded: what every command but `plugin new` begins with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use dialgraph_base::{Grants, Name};
use dialgraph_flow::check::{Checked, Given, Plugins, Rejected, Rejection, check_with};
use dialgraph_flow::project::LoadError;
use dialgraph_flow::{Project, Release};
use dialgraph_host::{Host, HostConfig, LoadError as PluginError, Objection};
use dialgraph_kernel::plugin::{HostCalls, Invocation, Plugins as _, RunReport};
use dialgraph_kernel::ports::{HostCall, HostResult};
use dialgraph_runtime::World;
use dialgraph_simulator::clock::SharedClock;
use dialgraph_simulator::session::Fixture;
use dialgraph_store::MemoryStore;

use crate::commands::which::plugin_name;

/// Bytes of a component that is read; the host takes none that is larger than its own bound.
pub(crate) const MAX_COMPONENT: u64 = 256 << 20;

/// A project, a plugin host, and the plugins that could be loaded.
pub(crate) struct Workshop {
    folder: PathBuf,
    project: Project,
    host: Arc<Host>,
    plugins: Plugins,
    /// Plugins that could not be loaded, with the reason.
    refused: Rejected,
}

impl Workshop {
    /// Reads the project in `folder` and loads the plugins that come with dialgraph and those in
    /// its `plugins/`; of two with one name the project's is taken.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        Self::open_with(folder, host()?)
    }

    /// As [`open`](Self::open), with a plugin host set up by the caller.
    pub(crate) fn open_with(folder: &Path, host: Host) -> Result<Self> {
        let project = Project::load(folder).map_err(|error| match error {
            LoadError::NoFolder(_) | LoadError::NoProject(..) => {
                anyhow::Error::new(error).context(hint(folder))
            }
            LoadError::Io { .. } => error.into(),
        })?;
        let host = Arc::new(host);
        let mut components: BTreeMap<String, Vec<u8>> = dialgraph_guests::shipped()
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
            .collect();
        for file in project.plugin_files() {
            let bytes = dialgraph_files::read(file, MAX_COMPONENT)
                .with_context(|| format!("cannot read {}", file.display()))?;
            components.insert(plugin_name(file), bytes);
        }
        let grants = project.grants();
        let loaded = load(&host, &components, &grants);
        let folder = folder.to_owned();
        let mut workshop =
            Self { folder, project, host, plugins: Plugins::new(), refused: Rejected::new() };
        for (name, result) in loaded {
            match result {
                Ok(loaded) => {
                    let descriptor = loaded.descriptor.as_ref().clone();
                    workshop.plugins.insert(descriptor.name.clone(), (loaded.digest, descriptor));
                }
                Err(error) => {
                    let refusal = refusal(&name, &error, grants.get(name.as_str()));
                    workshop.refused.insert(name.as_str().into(), refusal);
                }
            }
        }
        Ok(workshop)
    }

    /// Everything that the checker finds, and the release if there is no error.
    pub(crate) fn check(&self) -> Checked {
        let given = Given::new(&self.plugins).refused(&self.refused).asking(&*self.host);
        check_with(&self.project, &given)
    }

    /// The release; with errors, the command ends with the report.
    pub(crate) fn release(&self) -> Result<Arc<Release>> {
        match self.check().into_release() {
            Ok(release) => Ok(Arc::new(release)),
            Err(report) => bail!("the flows cannot be used as they are\n{report}"),
        }
    }

    /// A fixture for simulated calls.
    pub(crate) fn fixture(&self) -> Result<Fixture> {
        let release = self.release()?;
        Ok(Fixture::new(&self.folder, &self.project, release, self.host.clone())?)
    }

    /// The project's providers on a store of their own, for a plugin that is run alone.
    pub(crate) fn world(&self, clock: &SharedClock) -> Result<Arc<dyn World>> {
        let fixture = self.fixture()?;
        let store =
            Arc::new(MemoryStore::from_snapshot(&fixture.baseline, Arc::new(clock.clone())));
        Ok((fixture.providers)(&store, clock))
    }

    /// The project as it was read.
    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    /// Runs a plugin that could be loaded, which asks nothing of anybody; none if there is no such
    /// plugin.
    pub(crate) fn run(&self, plugin: &str, invocation: &Invocation<'_>) -> Option<RunReport> {
        let (digest, _) = self.plugins.get(plugin)?;
        Some(self.host.run(digest, invocation, &mut Nobody))
    }

    /// Names of the project's flows, those with mistakes too.
    pub(crate) fn flow_names(&self) -> Vec<Name> {
        self.project.flow_names()
    }
}

/// Who answers a plugin that has nothing to ask.
struct Nobody;

impl HostCalls for Nobody {
    fn call(&mut self, _: HostCall) -> Option<HostResult> {
        None
    }
}

/// What the check says of a plugin that cannot be loaded.
fn refusal(name: &str, error: &PluginError, granted: Option<&Grants>) -> Rejection {
    let PluginError::Imports { objections, .. } = error else {
        return Rejection { message: error.to_string(), help: Vec::new() };
    };
    let why: Vec<String> = objections.iter().map(|objection| format!("it {objection}")).collect();
    let mut wanted = granted.map(|grants| grants.grants.clone()).unwrap_or_default();
    let before = wanted.len();
    wanted.extend(objections.iter().filter_map(|objection| match objection {
        Objection::NotGranted { capability, .. } => Some(capability.clone()),
        _ => None,
    }));
    let mut help = Vec::new();
    if wanted.len() > before {
        let grants = wanted.into_iter().collect::<Vec<_>>().join(", ");
        help.push(match granted {
            Some(_) => format!("to let it do that, write `grants: [{grants}]`"),
            None => format!(
                "to let it do that, add this line under `plugins:` in dialgraph.yaml: `{name}: {{grants: [{grants}]}}`"
            ),
        });
    }
    Rejection { message: format!("plugin `{name}` cannot be loaded: {}", why.join("; ")), help }
}

fn hint(folder: &Path) -> String {
    format!(
        "no project at `{}`; name its folder with --project, or make one with `dialgraph init NAME`",
        folder.display()
    )
}

/// A plugin host that counts instructions and keeps compiled plugins in the user's cache.
pub(crate) fn host() -> Result<Host> {
    let config = HostConfig { cache_dir: cache_dir(), counting: true, ..HostConfig::default() };
    Host::new(config).context("cannot run WebAssembly here")
}

/// `DIALGRAPH_CACHE`, or `dialgraph` in the user's cache folder; none without a home.
pub(crate) fn cache_dir() -> Option<PathBuf> {
    let from =
        |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("DIALGRAPH_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| cache.join("dialgraph")))
        .or_else(|| from("HOME").map(|home| home.join(".cache").join("dialgraph")))
}

type Loads = Vec<(String, Result<dialgraph_host::Loaded, PluginError>)>;

/// Loads all components, side by side: the first time each has to be compiled.
fn load(
    host: &Host,
    components: &BTreeMap<String, Vec<u8>>,
    grants: &BTreeMap<Name, Grants>,
) -> Loads {
    let none = Grants::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = components
            .iter()
            .map(|(name, bytes)| {
                let grants = grants.get(name.as_str()).unwrap_or(&none);
                (name, scope.spawn(move || host.load(name, bytes, grants)))
            })
            .collect();
        threads
            .into_iter()
            .filter_map(|(name, thread)| {
                // A load that panicked has printed why; the plugin then counts as unknown.
                thread.join().ok().map(|result| (name.clone(), result))
            })
            .collect()
    })
}
