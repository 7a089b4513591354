//! Takes components through every check, the cheapest first, and keeps those that pass by digest
//! and limits. Nothing of a component runs before all of it is known to be allowed.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use dialgraph_base::{
    ConfigChecks, ConfigProblem, Descriptor, Digest, Grants, Locale, PluginLimits,
};
use dialgraph_kernel::plugin::{Failure, FailureKind, HostCalls, Invocation, Plugins, RunReport};
use wasmtime::component::Component;

use crate::bindings::NodeWithCapabilitiesPre;
use crate::cache::{Cache, Entry};
use crate::capability::{self, Import};
use crate::compiled::{Code, Needs};
use crate::compiler::Compiler;
use crate::config::HostConfig;
use crate::configuration::{self, CheckerPre};
use crate::engine::{Class, InstancePools, Target};
use crate::error::{HostError, LoadError};
use crate::examine::{Examined, examine};
use crate::plugin::{Plugin, execute, failed};
use crate::run::Run;
use crate::{descriptor, failure};

/// Loads plugins and runs them, many at a time, from any thread.
///
/// ```no_run
/// use dialgraph_base::Grants;
/// use dialgraph_host::{Host, HostConfig};
///
/// let host = Host::new(HostConfig::default())?;
/// let bytes = std::fs::read("hours_check.wasm")?;
/// let plugin = host.load("hours-check", &bytes, &Grants::default())?;
/// println!("{} {}", plugin.descriptor.name, plugin.descriptor.version);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Host {
    pools: InstancePools,
    cache: Option<Cache>,
    config: HostConfig,
    /// Of each version one for each set of limits that it is kept under, the last one kept at the
    /// end.
    plugins: RwLock<HashMap<Digest, Vec<Arc<Plugin>>>>,
    /// Whether there may be callers, for whom compiling makes way.
    has_callers: AtomicBool,
}

/// A plugin that can be run.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Of its bytes: what a release pins and [`Plugins::run`] asks for.
    pub digest: Digest,
    pub descriptor: Arc<Descriptor>,
    pub imports: Arc<[Import]>,
    /// What the operator should know, though it loads: grants that do nothing, a name other than
    /// the file's.
    pub warnings: Vec<String>,
}

/// A plugin that passed every check and is not among the host's yet: see [`Host::prepare`].
#[derive(Clone)]
pub struct Prepared {
    digest: Digest,
    plugin: Arc<Plugin>,
}

impl Prepared {
    /// Of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

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
    /// It looks at its own configuration wherever a project is checked.
    pub checks_configuration: bool,
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
    /// Sets up wasmtime and its pools. A cache directory that cannot be used is warned of and left
    /// alone.
    ///
    /// # Errors
    ///
    /// When the machine cannot run WebAssembly as this crate does: an unknown processor, no
    /// threads.
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        let pools = InstancePools::new(&config).map_err(|error| HostError(format!("{error:#}")))?;
        let cache =
            config.cache_dir.as_deref().and_then(|dir| Cache::open(dir, pools.compiler_hash()));
        let has_callers = AtomicBool::new(false);
        Ok(Self { pools, cache, config, plugins: RwLock::default(), has_callers })
    }

    /// From now on there may be callers, behind whom a host compiles that was set up for it
    /// ([`HostConfig::behind_callers`]). Before, nobody is served by waiting: on a machine that is
    /// busy with other things, the lowest priority would hold up a start for minutes.
    pub fn takes_calls(&self) {
        self.has_callers.store(true, Ordering::Relaxed);
    }

    /// Makes a component ready to run under `grants`. `name` is what it is called until it says so
    /// itself, such as the stem of its file.
    ///
    /// Loading the same bytes with the same grants again does nothing; with other grants, runs that
    /// begin later are under those. Compiles unless the cache has it, so keep it off the path of
    /// calls.
    ///
    /// # Errors
    ///
    /// The first thing that stands against it, with what to do. What was loaded before is left as
    /// it was.
    pub fn load(&self, name: &str, bytes: &[u8], grants: &Grants) -> Result<Loaded, LoadError> {
        let prepared = self.prepare(name, bytes, grants, &|| false)?;
        let loaded = prepared.loaded();
        let Prepared { digest, plugin } = prepared;
        self.all_mut().insert(digest, vec![plugin]);
        Ok(loaded)
    }

    /// Does all that [`load`](Self::load) does, and leaves the host as it is until
    /// [`keep`](Self::keep): for several plugins of which all or none are wanted. It is given up
    /// once it is `called_off`, which is asked often.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), or [`LoadError::CalledOff`].
    pub fn prepare(
        &self,
        name: &str,
        bytes: &[u8],
        grants: &Grants,
        called_off: &dyn Fn() -> bool,
    ) -> Result<Prepared, LoadError> {
        self.check_size(name, bytes)?;
        let digest = Digest::of(bytes);
        if let Some(plugin) = self.get(&digest, Some(&grants.limits))
            && plugin.grants == *grants
        {
            return Ok(Prepared { digest, plugin });
        }
        let plugin = Arc::new(self.pipeline(name, &digest, bytes, grants, called_off)?);
        Ok(Prepared { digest, plugin })
    }

    /// Makes a prepared plugin one that can be run, beside those of the same digest that have other
    /// limits: releases that differ in nothing else run it each under its own.
    pub fn keep(&self, prepared: Prepared) {
        let Prepared { digest, plugin } = prepared;
        let mut all = self.all_mut();
        let variants = all.entry(digest).or_default();
        variants.retain(|known| known.grants.limits != plugin.grants.limits);
        variants.push(plugin);
    }

    /// Forgets a plugin version. Runs under way end as if it were still there. False when it was
    /// not loaded.
    pub fn unload(&self, digest: &Digest) -> bool {
        self.all_mut().remove(digest).is_some()
    }

    /// Forgets what was kept of a plugin version under these limits. False when there was no such
    /// thing.
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

    /// All that a plugin finds wrong in a configuration that fits its schema, for calls in these
    /// locales; nothing for a plugin that does not look at it. It runs as it would for a call, with
    /// no capability in reach.
    ///
    /// # Errors
    ///
    /// Why it could not be asked to the end, in a sentence with its name.
    pub fn check_config(
        &self,
        prepared: &Prepared,
        config: &str,
        locales: &[Locale],
    ) -> Result<Vec<ConfigProblem>, String> {
        prepared.plugin.check_config(&self.pools, self.config.wait, config, locales)
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
            checks_configuration: configuration::is_exported(&examined),
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
        let code = self.compile(name, bytes, &|| false)?;
        let (component, class, _) = code.place(name, &self.pools, &grants.limits, None)?;
        let (pre, _) = self.link(name, class, &component, examined)?;
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

    /// The load pipeline: cheapest check first, and nothing of the component runs before all of it
    /// is known to be allowed.
    fn pipeline(
        &self,
        name: &str,
        digest: &Digest,
        bytes: &[u8],
        grants: &Grants,
        called_off: &dyn Fn() -> bool,
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
        let code = self.compile(name, bytes, called_off)?;
        let (plugin, needs) = self.assemble(name, examined.clone(), &code, grants, None)?;
        if let Some(cache) = &self.cache {
            cache.put(digest, &code, &examined, needs, &plugin.descriptor);
        }
        Ok(plugin)
    }

    fn compile(
        &self,
        name: &str,
        bytes: &[u8],
        called_off: &dyn Fn() -> bool,
    ) -> Result<Code, LoadError> {
        let compiler = Compiler {
            target: Target::of(&self.config),
            behind_callers: self.config.behind_callers && self.has_callers.load(Ordering::Relaxed),
            limits: self.config.compile,
        };
        compiler.compile(name, &self.pools.small.engine, bytes, called_off).map(Code::made)
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
        let (component, class, needs) = code.place(name, &self.pools, &grants.limits, needs)?;
        let (pre, checker) = self.link(name, class, &component, &examined)?;
        let descriptor = match known {
            Some(entry) => entry.descriptor,
            None => self.describe(name, class, &pre, grants)?,
        };
        let output = descriptor::validator(&descriptor.output_schema)
            .map_err(|reason| LoadError::Descriptor { plugin: name.to_owned(), reason })?;
        let mut warnings = capability::idle_grants(&examined.imports, grants);
        warnings.extend(configuration::warning(&examined));
        if *descriptor.name != *name {
            warnings.push(format!(
                "it is loaded as `{name}`, but it calls itself `{}`; flows use the latter",
                descriptor.name
            ));
        }
        let plugin = Plugin {
            pre,
            checker,
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
        examined: &Examined,
    ) -> Result<(NodeWithCapabilitiesPre<Run>, Option<CheckerPre<Run>>), LoadError> {
        let checks = configuration::is_exported(examined);
        self.pools
            .of(class)
            .linker
            .instantiate_pre(component)
            .and_then(|pre| {
                let checker = checks.then(|| CheckerPre::new(pre.clone())).transpose()?;
                Ok((NodeWithCapabilitiesPre::new(pre)?, checker))
            })
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
        let Some(_permit) = self.pools.of(class).permits.acquire(self.config.wait) else {
            return Err(failed("there was no room to run it in; try again".to_owned()));
        };
        let run = Run::alone("describe", grants.limits);
        let executed = execute(&self.pools, class, pre, grants, run, |store, node| {
            node.dialgraph_plugin_plugin().call_describe(store)
        });
        let raw = executed.result.map_err(|error| {
            let fuel = self.pools.fuel(grants.limits.wall_ms);
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

/// For plugins that are loaded.
impl ConfigChecks for Host {
    fn check(
        &self,
        plugin: &Digest,
        config: &str,
        locales: &[Locale],
    ) -> Result<Vec<ConfigProblem>, String> {
        match self.get(plugin, None) {
            Some(plugin) => plugin.check_config(&self.pools, self.config.wait, config, locales),
            None => Err(format!("plugin {plugin} is not loaded and cannot be asked")),
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
                    "the engine has not loaded plugin {digest}; load it before the release that \
                    pins it"
                ),
                backtrace: Vec::new(),
            });
        };
        plugin.run(&self.pools, self.config.wait, self.config.log_level, invocation, host)
    }

    fn room(&self) -> Option<usize> {
        Some(self.config.small.runs as usize + self.config.large.runs as usize)
    }
}
