//! wasmtime as this crate sets it up: two pools of instances, a clock that ends runs, one linker
//! for each.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

use crate::config::{HostConfig, Pool};
use crate::deadline::{Clock, Deadline};
use crate::permits::Permits;
use crate::run::Run;
use crate::{imports, wasi};

/// How often the epoch moves. Whenever it does, each run looks at the clock, so that ticks that
/// come late on a busy machine make no run longer than that.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// Instructions that stand for a millisecond where they are counted.
///
/// Measured speed is 500 to 1,500 instructions a microsecond; the lower end keeps a counted run
/// within about the time that it was given.
const INSTRUCTIONS_PER_MS: u64 = 500_000;

/// A counted run that is slow on this machine still ends, after so many times its limit.
const COUNTED_SLACK: u64 = 20;

/// Instances of a pool beyond the runs that it admits: giving one back takes a moment.
const SPARE: u32 = 8;

/// Frames of a backtrace.
const FRAMES: NonZeroUsize = NonZeroUsize::new(20).unwrap();

/// Places of instances that stay in memory though nobody is in them, so that a plugin finds again
/// what it had. Each new version of a plugin would else warm further ones, up to all there are.
const WARM: u32 = 32;

/// What kind of plugin a pool is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
    Small,
    Large,
}

/// What kind of code is made: all of an engine's settings that a user decides.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Target {
    counting: bool,
    portable: bool,
}

impl Target {
    pub(crate) fn of(config: &HostConfig) -> Self {
        Self { counting: config.counting, portable: config.portable }
    }

    /// An engine that compiles for the pools of a host and has no room itself. Pools do not change
    /// code.
    pub(crate) fn compiler(self) -> wasmtime::Result<Engine> {
        Engine::new(&tuned(&Shape::of(Class::Small, HostConfig::default().small), self)?)
    }
}

/// Instances of one class and everything that makes them.
pub(crate) struct InstancePool {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Run>,
    pub(crate) permits: Permits,
    pub(crate) shape: Shape,
}

/// What a component of a pool may consist of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) memory_bytes: u64,
    /// Linear memory that an instance may begin with.
    pub(crate) initial_bytes: u64,
    pub(crate) memories: u32,
    pub(crate) tables: u32,
    pub(crate) core_instances: u32,
    pub(crate) table_elements: u32,
    keep_resident: usize,
    wasm_stack: usize,
}

impl Shape {
    fn of(class: Class, pool: Pool) -> Self {
        match class {
            Class::Small => Self {
                memory_bytes: pool.memory_bytes,
                initial_bytes: 1 << 20,
                memories: 1,
                tables: 4,
                core_instances: 8,
                table_elements: 10_000,
                // Clearing this much by hand is cheaper than giving the pages back to the kernel,
                // and taking them anew at the next run. It is all that the shipped plugins have:
                // those that understand callers come with tables of some hundred KiB.
                keep_resident: 512 << 10,
                wasm_stack: 512 << 10,
            },
            Class::Large => Self {
                memory_bytes: pool.memory_bytes,
                initial_bytes: pool.memory_bytes,
                memories: 4,
                tables: 32,
                core_instances: 64,
                table_elements: 100_000,
                keep_resident: 0,
                wasm_stack: 1 << 20,
            },
        }
    }
}

impl InstancePool {
    pub(crate) fn new(class: Class, pool: Pool, target: Target) -> wasmtime::Result<Self> {
        let shape = Shape::of(class, pool);
        let engine = engine(&shape, pool.runs, target)?;
        let mut linker = Linker::new(&engine);
        imports::add_to(&mut linker)?;
        wasi::add_to(&mut linker)?;
        Ok(Self { engine, linker, permits: Permits::new(pool.runs), shape })
    }
}

/// An engine with a pool for `runs` instances.
fn engine(shape: &Shape, runs: u32, target: Target) -> wasmtime::Result<Engine> {
    let mut config = tuned(shape, target)?;
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(
        shape,
        runs.saturating_add(SPARE),
    )));
    Engine::new(&config).or_else(|error| {
        // The pool reserves about 4 GiB of addresses for each memory, so that no access needs a
        // check. Where addresses are scarce (`ulimit -v`, some containers) a server should still
        // serve.
        tracing::warn!(
            error = format!("{error:#}"),
            runs,
            "no pool of plugin instances can be made, so each is made when it is needed, which is slower; \
             allow the process more address space or configure fewer runs"
        );
        Engine::new(&tuned(shape, target)?)
    })
}

fn pool(shape: &Shape, runs: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(runs)
        .total_core_instances(runs.saturating_mul(shape.core_instances))
        .total_memories(runs.saturating_mul(shape.memories))
        .total_tables(runs.saturating_mul(shape.tables))
        .max_core_instances_per_component(shape.core_instances)
        .max_memories_per_component(shape.memories)
        .max_tables_per_component(shape.tables)
        .table_elements(shape.table_elements as usize)
        .max_memory_size(usize::try_from(shape.memory_bytes).unwrap_or(usize::MAX))
        .max_unused_warm_slots(WARM)
        .linear_memory_keep_resident(shape.keep_resident)
        // Where the kernel can tell which pages a run has written, only those are cleared.
        .pagemap_scan(Enabled::Auto)
        .table_keep_resident(16 << 10);
    pool
}

/// What decides how code is compiled is the same for both classes, so that one compiled form serves
/// both.
fn tuned(shape: &Shape, target: Target) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    if target.portable && cfg!(target_os = "linux") {
        // A target that is named has none of the extensions that this machine may have and another
        // not.
        config.target(&format!("{}-unknown-linux-gnu", std::env::consts::ARCH))?;
    }
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .consume_fuel(target.counting)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_memory64(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(Some(FRAMES))
        .max_wasm_stack(shape.wasm_stack);
    Ok(config)
}

/// Both classes, and the thread that moves their epochs.
pub(crate) struct InstancePools {
    pub(crate) small: InstancePool,
    pub(crate) large: InstancePool,
    pub(crate) counting: bool,
    clock: Clock,
}

impl InstancePools {
    pub(crate) fn new(config: &HostConfig) -> wasmtime::Result<Self> {
        let target = Target::of(config);
        let small = InstancePool::new(Class::Small, config.small, target)?;
        let large = InstancePool::new(Class::Large, config.large, target)?;
        tick([small.engine.weak(), large.engine.weak()])?;
        Ok(Self { small, large, counting: config.counting, clock: config.clock.clone() })
    }

    pub(crate) fn of(&self, class: Class) -> &InstancePool {
        match class {
            Class::Small => &self.small,
            Class::Large => &self.large,
        }
    }

    /// Names everything of the engine that compiled code depends on.
    pub(crate) fn compiler_hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.small.engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    }

    /// When a run of `wall_ms` that begins now is over.
    pub(crate) fn deadline(&self, wall_ms: u32) -> Deadline {
        let slack = if self.counting { COUNTED_SLACK } else { 1 };
        Deadline::after(&self.clock, Duration::from_millis(u64::from(wall_ms) * slack))
    }

    /// The instructions that a run of `wall_ms` may take, where they are counted.
    pub(crate) fn fuel(&self, wall_ms: u32) -> Option<u64> {
        self.counting.then(|| u64::from(wall_ms) * INSTRUCTIONS_PER_MS)
    }
}

/// Moves the epochs from an operating system's thread, which no busy executor can hold up, for as
/// long as the engines are in use.
fn tick(engines: [EngineWeak; 2]) -> wasmtime::Result<()> {
    std::thread::Builder::new().name("dialgraph-epoch".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(TICK);
            let mut alive = false;
            for engine in engines.iter().filter_map(EngineWeak::upgrade) {
                engine.increment_epoch();
                alive = true;
            }
            if !alive {
                return;
            }
        }
    })?;
    Ok(())
}
