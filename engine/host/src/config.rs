//! Sets the host up: room for runs, limits of compilation, cache, clock; by default for a server.

use std::path::PathBuf;
use std::time::Duration;

use dialgraph_kernel::plugin::LogLevel;

use crate::compiler::CompileLimits;
use crate::deadline::Clock;

/// How a [`Host`](crate::Host) is set up. The default suits a server.
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// Where compiled plugins are kept between starts. The directory is made with mode 0700 and
    /// must not be writable by anybody else, because what lies in it is run as machine code. None:
    /// nothing is kept.
    pub cache_dir: Option<PathBuf>,
    /// Compile for any machine of this architecture, so that what is compiled can be taken to
    /// another. Otherwise for this very machine, which is a little faster.
    pub portable: bool,
    /// Compile on half of the processors and at the lowest priority as soon as there may be callers
    /// ([`Host::takes_calls`](crate::Host::takes_calls)). Otherwise as fast as the machine can.
    pub behind_callers: bool,
    /// Room for plugins compiled to WebAssembly as such (Rust, Go, C).
    pub small: Pool,
    /// Room for plugins that carry an interpreter (JavaScript, Python) or were granted much memory.
    pub large: Pool,
    /// Count instructions exactly ([`Cost::instructions`](dialgraph_kernel::plugin::Cost)). Slower,
    /// so for simulation and replay. The time limit then becomes a number of instructions, the same
    /// on every machine.
    pub counting: bool,
    /// What compiling one component may take, in a program that calls
    /// [`compiler::main`](crate::compiler::main).
    pub compile: CompileLimits,
    /// Largest component that is accepted, in bytes.
    pub max_component_bytes: usize,
    /// How long a run waits for room in its pool before it fails with code `busy`.
    pub wait: Duration,
    /// Least level of log lines that are kept.
    pub log_level: LogLevel,
    /// By which runs are ended.
    pub clock: Clock,
}

/// Room for the instances of running plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// Runs at the same time; more wait.
    pub runs: u32,
    /// Largest linear memory of one plugin, in bytes.
    pub memory_bytes: u64,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            cache_dir: None,
            portable: false,
            behind_callers: false,
            small: Pool { runs: 120, memory_bytes: 16 << 20 },
            large: Pool { runs: 16, memory_bytes: 256 << 20 },
            counting: false,
            compile: CompileLimits::default(),
            max_component_bytes: 64 << 20,
            wait: Duration::from_secs(1),
            log_level: LogLevel::Debug,
            clock: Clock::default(),
        }
    }
}
