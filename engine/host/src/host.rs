use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use dialgraph_flow::Digest;
use dialgraph_flow::grants::{Grants, PluginLimits};
use dialgraph_flow::model::Descriptor;
use dialgraph_kernel::plugin::{Failure, FailureKind, HostCalls, Invocation, Plugins, RunReport};
use wasmtime::component::Component;

use crate::background;
use crate::bindings::NodeWithCapabilitiesPre;
use crate::cache::{Cache, Entry};
use crate::capability::{self, Import};
use crate::compiled::{Code, Needs};
use crate::config::HostConfig;
use crate::engine::{Class, Rooms};
use crate::error::{HostError, LoadError};
use crate::examine::{Examined, examine};
use crate::plugin::{Plugin, execute, failed};
use crate::run::Run;
use crate::{descriptor, failure};

/// Loads plugins and runs them, many at a time, from any thread.
///
/// ```no_run
/// use dialgraph_flow::grants::Grants;
/// use dialgraph_host::{Host, HostConfig};
///
/// let host = Host::new(HostConfig::default())?;
/// let bytes = std::fs::read("hours_check.wasm")?;
/// let plugin = host.load("hours-check", &bytes, &Grants::default())?;
/// println!("{} {}", plugin.descriptor.name, plugin.descriptor.version);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Host {
    rooms: Rooms,
    cache: Option<Cache>,
    config: HostConfig,
    /// Of each version one for each set of limits that it is kept under, the last one kept at the end.
    plugins: RwLock<HashMap<Digest, Vec<Arc<Plugin>>>>,
}

/// A plugin that can be run.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Of its bytes: what a release pins and [`Plugins::run`] asks for.
    pub digest: Digest,
    pub descriptor: Arc<Descriptor>,
    pub imports: Arc<[Import]>,
    /// What the operator should know, though it loads: grants that do nothing, a name other than the file's.
    pub warnings: Vec<String>,
}

/// A plugin that passed every check and is not among the host's yet: see [`Host::prepare`].
#[derive(Clone)]
pub struct Prepared {
    digest: Digest,
    plugin: Arc<Plugin>,
}

impl Prepared {
    /// The bounds of its runs.
    pub fn limits(&self) -> PluginLimits {
        self.plugin.grants.limits
    }

    /// What it will be once it is kept.
    pub fn loaded(&self) -> Loaded {
        self.plugin.loaded(self.digest)
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// What can be told of a component without granting it anything.
#[derive(Debug)]
pub struct Inspection {
    pub digest: Digest,
    /// In bytes.
    pub size: usize,
    pub imports: Vec<Import>,
    /// Capabilities that it needs granted, by name.
    pub needs: Vec<String>,
    /// What it says of itself, or why it could not be asked.
    pub descriptor: Result<Descriptor, LoadError>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("config", &self.config)
            .field("plugins", &self.digests())
            .finish_non_exhaustive()
    }
}

impl Host {
    /// Sets up wasmtime and its pools. A cache directory that cannot be used is warned of and left alone.
    ///
    /// # Errors
    ///
    /// When the machine cannot run WebAssembly as this crate does: an unknown processor, no threads.
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        let rooms = Rooms::new(&config).map_err(|error| HostError(format!("{error:#}")))?;
        let cache =
            config.cache_dir.as_deref().and_then(|dir| Cache::open(dir, rooms.compiler_hash()));
        Ok(Self { rooms, cache, config, plugins: RwLock::new(HashMap::new()) })
    }

    /// Makes a component ready to run under `grants`. `name` is what it is called until it says so itself, such
    /// as the stem of its file.
    ///
    /// Loading the same bytes with the same grants again does nothing; with other grants, runs that begin later
    /// are under those. Compiles unless the cache has it, so keep it off the path of calls.
    ///
    /// # Errors
    ///
    /// The first thing that stands against it, with what to do. What was loaded before is left as it was.
    pub fn load(&self, name: &str, bytes: &[u8], grants: &Grants) -> Result<Loaded, LoadError> {
        let prepared = self.prepare(name, bytes, grants)?;
        let loaded = prepared.loaded();
        let Prepared { digest, plugin } = prepared;
        self.all_mut().insert(digest, vec![plugin]);
        Ok(loaded)
    }

    /// Does all that [`load`](Self::load) does, and leaves the host as it is until [`keep`](Self::keep): for
    /// several plugins of which all or none are wanted.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn prepare(
        &self,
        name: &str,
        bytes: &[u8],
        grants: &Grants,
    ) -> Result<Prepared, LoadError> {
        self.check_size(name, bytes)?;
        let digest = Digest::of(bytes);
        if let Some(plugin) = self.get(&digest, Some(&grants.limits))
            && plugin.grants == *grants
        {
            return Ok(Prepared { digest, plugin });
        }
        let plugin = Arc::new(self.pipeline(name, &digest, bytes, grants)?);
        Ok(Prepared { digest, plugin })
    }

    /// Makes a prepared plugin one that can be run, beside those of the same digest that have other limits: releases
    /// that differ in nothing else run it each under its own.
    pub fn keep(&self, prepared: Prepared) {
        let Prepared { digest, plugin } = prepared;
        let mut all = self.all_mut();
        let variants = all.entry(digest).or_default();
        variants.retain(|known| known.grants.limits != plugin.grants.limits);
        variants.push(plugin);
    }

    /// Forgets a plugin version. Runs under way end as if it were still there. False when it was not loaded.
    pub fn unload(&self, digest: &Digest) -> bool {
        self.all_mut().remove(digest).is_some()
    }

    /// Forgets what was kept of a plugin version under these limits. False when there was no such thing.
    pub fn unload_under(&self, digest: &Digest, limits: &PluginLimits) -> bool {
        let mut all = self.all_mut();
        let Some(variants) = all.get_mut(digest) else { return false };
        let before = variants.len();
        variants.retain(|known| known.grants.limits != *limits);
        let gone = variants.len() < before;
        if variants.is_empty() {
            all.remove(digest);
        }
        gone
    }

    /// The plugin version of this digest, if it is loaded.
    pub fn loaded(&self, digest: &Digest) -> Option<Loaded> {
        Some(self.get(digest, None)?.loaded(*digest))
    }

    /// Digests of all plugin versions that are loaded, in their order.
    pub fn digests(&self) -> Vec<Digest> {
        let plugins = self.plugins.read().unwrap_or_else(PoisonError::into_inner);
        let mut digests: Vec<_> = plugins.keys().copied().collect();
        digests.sort();
        digests
    }

    /// Tells what a component is, wants and says of itself. It is granted nothing and not kept.
    ///
    /// # Errors
    ///
    /// When it is too large, or not a component at all. Whatever else is wrong is in
    /// [`Inspection::descriptor`].
    pub fn inspect(&self, name: &str, bytes: &[u8]) -> Result<Inspection, LoadError> {
        self.check_size(name, bytes)?;
        let examined = examine(name, bytes)?;
        let descriptor = self.ask_what_it_is(name, bytes, &examined);
        Ok(Inspection {
            digest: Digest::of(bytes),
            size: bytes.len(),
            needs: capability::needed(&examined.imports).into_iter().collect(),
            imports: examined.imports,
            descriptor,
        })
    }

    fn ask_what_it_is(
        &self,
        name: &str,
        bytes: &[u8],
        examined: &Examined,
    ) -> Result<Descriptor, LoadError> {
        check_imports(name, examined, None)?;
        examined.check_exports(name)?;
        // Its limits are not known here, so it may take what there is.
        let mut grants = Grants::default();
        grants.limits.memory_bytes = self.config.large.memory_bytes;
        grants.limits.table_elements = u32::MAX;
        let code = self.compile(name, bytes)?;
        let (component, class, _) = code.place(name, &self.rooms, &grants.limits, None)?;
        let pre = self.link(name, class, &component)?;
        self.describe(name, class, &pre, &grants)
    }

    /// The version under these limits; without such a one, the one kept last.
    fn get(&self, digest: &Digest, limits: Option<&PluginLimits>) -> Option<Arc<Plugin>> {
        let all = self.plugins.read().unwrap_or_else(PoisonError::into_inner);
        let variants = all.get(digest)?;
        let exact = limits
            .and_then(|limits| variants.iter().find(|plugin| plugin.grants.limits == *limits));
        exact.or(variants.last()).cloned()
    }

    fn all_mut(&self) -> RwLockWriteGuard<'_, HashMap<Digest, Vec<Arc<Plugin>>>> {
        self.plugins.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_size(&self, name: &str, bytes: &[u8]) -> Result<(), LoadError> {
        if bytes.len() > self.config.max_component_bytes {
            return Err(LoadError::TooLarge {
                plugin: name.to_owned(),
                size: bytes.len(),
                limit: self.config.max_component_bytes,
            });
        }
        Ok(())
    }

    /// The load pipeline: cheapest check first, and nothing of the component runs before all of it is known
    /// to be allowed.
    fn pipeline(
        &self,
        name: &str,
        digest: &Digest,
        bytes: &[u8],
        grants: &Grants,
    ) -> Result<Plugin, LoadError> {
        let cached = self.cache.as_ref().and_then(|cache| cache.get(digest));
        if let Some((entry, code)) = cached {
            // Code of a damaged or foreign file is noticed here at the latest, and made anew.
            match self.assemble(name, entry.examined.clone(), &code, grants, Some(entry)) {
                Err(LoadError::Compile { reason, .. }) => {
                    tracing::warn!(
                        plugin = name,
                        reason,
                        "a cached plugin cannot be used and is compiled anew"
                    );
                }
                assembled => return assembled.map(|(plugin, _)| plugin),
            }
        }
        let examined = examine(name, bytes)?;
        check_imports(name, &examined, Some(grants))?;
        examined.check_exports(name)?;
        let code = self.compile(name, bytes)?;
        let (plugin, needs) = self.assemble(name, examined.clone(), &code, grants, None)?;
        if let Some(cache) = &self.cache {
            cache.put(digest, &code, &examined, needs, &plugin.descriptor);
        }
        Ok(plugin)
    }

    fn compile(&self, name: &str, bytes: &[u8]) -> Result<Code, LoadError> {
        let compile = || Code::compile(name, &self.rooms.small.engine, bytes);
        if self.config.behind_callers { background::run(compile) } else { compile() }
    }

    fn assemble(
        &self,
        name: &str,
        examined: Examined,
        code: &Code,
        grants: &Grants,
        known: Option<Entry>,
    ) -> Result<(Plugin, Needs), LoadError> {
        check_imports(name, &examined, Some(grants))?;
        let needs = known.as_ref().map(|entry| entry.needs);
        let (component, class, needs) = code.place(name, &self.rooms, &grants.limits, needs)?;
        let pre = self.link(name, class, &component)?;
        let descriptor = match known {
            Some(entry) => entry.descriptor,
            None => self.describe(name, class, &pre, grants)?,
        };
        let output = descriptor::validator(&descriptor.output_schema)
            .map_err(|reason| LoadError::Descriptor { plugin: name.to_owned(), reason })?;
        let mut warnings = capability::idle_grants(&examined.imports, grants);
        if *descriptor.name != *name {
            warnings.push(format!(
                "it is called `{name}` here and calls itself `{}`; flows use the latter",
                descriptor.name
            ));
        }
        let plugin = Plugin {
            pre,
            class,
            descriptor: Arc::new(descriptor),
            output,
            grants: grants.clone(),
            imports: examined.imports.into(),
            warnings,
        };
        Ok((plugin, needs))
    }

    fn link(
        &self,
        name: &str,
        class: Class,
        component: &Component,
    ) -> Result<NodeWithCapabilitiesPre<Run>, LoadError> {
        self.rooms
            .of(class)
            .linker
            .instantiate_pre(component)
            .and_then(NodeWithCapabilitiesPre::new)
            .map_err(|error| LoadError::Link {
                plugin: name.to_owned(),
                reason: format!("{error:#}"),
            })
    }

    fn describe(
        &self,
        name: &str,
        class: Class,
        pre: &NodeWithCapabilitiesPre<Run>,
        grants: &Grants,
    ) -> Result<Descriptor, LoadError> {
        let failed = |reason: String| LoadError::Describe { plugin: name.to_owned(), reason };
        let Some(_permit) = self.rooms.of(class).permits.acquire(self.config.wait) else {
            return Err(failed("there was no room to run it in; try again".to_owned()));
        };
        let run = Run::describing(grants.limits);
        let executed = execute(&self.rooms, class, pre, grants, run, |store, node| {
            node.dialgraph_plugin_plugin().call_describe(store)
        });
        let raw = executed.result.map_err(|error| {
            let fuel = self.rooms.fuel(grants.limits.wall_ms);
            failed(failure::words(&error, &executed.run, fuel, &grants.limits))
        })?;
        descriptor::read(raw)
            .map_err(|reason| LoadError::Descriptor { plugin: name.to_owned(), reason })
    }
}

fn check_imports(
    name: &str,
    examined: &Examined,
    grants: Option<&Grants>,
) -> Result<(), LoadError> {
    let objections = capability::objections(&examined.imports, grants);
    if objections.is_empty() {
        return Ok(());
    }
    Err(LoadError::Imports {
        plugin: name.to_owned(),
        objections,
        grants: Box::new(grants.cloned().unwrap_or_default()),
    })
}

impl Plugin {
    fn loaded(&self, digest: Digest) -> Loaded {
        Loaded {
            digest,
            descriptor: Arc::clone(&self.descriptor),
            imports: Arc::clone(&self.imports),
            warnings: self.warnings.clone(),
        }
    }
}

impl Plugins for Host {
    fn run(
        &self,
        digest: &Digest,
        invocation: &Invocation<'_>,
        host: &mut dyn HostCalls,
    ) -> RunReport {
        let Some(plugin) = self.get(digest, invocation.limits.as_ref()) else {
            return failed(Failure {
                kind: FailureKind::Engine,
                code: "unknown-plugin".to_owned(),
                message: format!(
                    "the engine has no plugin {digest}; load it before the release that pins it"
                ),
                backtrace: Vec::new(),
            });
        };
        plugin.run(&self.rooms, self.config.wait, self.config.log_level, invocation, host)
    }

    fn room(&self) -> Option<usize> {
        Some(self.config.small.runs as usize + self.config.large.runs as usize)
    }
}
