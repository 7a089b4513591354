//! Turning a component into machine code, in a process of its own.
//!
//! A compiler cannot be told to stop, and what it takes is not always in proportion to what it is
//! given. As a process it can be ended at any time, and the system bounds what it takes. The
//! process is this very program, which answers a first argument of its own ([`main`]), so that both
//! have the same compiler with the same settings.

mod background;
mod child;

use std::io::{self, Read, Write as _};
use std::process::{Child, ExitStatus};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wasmtime::Engine;

use crate::engine::Target;
use crate::error::LoadError;

pub use child::main;

/// The first argument of a program that is to compile; the second is an [`Order`].
const COMMAND: &str = "--compile-component";
/// The program has [`main`] in its own, so it can be asked.
static OFFERED: OnceLock<()> = OnceLock::new();
/// How often a process that compiles is looked after.
const LOOK: Duration = Duration::from_millis(2);
/// Of what a compiler says of a component.
const MAX_REASON: u64 = 16 << 10;

/// What compiling one component may take, where it has a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Of processors, together: what a busy machine makes wait takes no more of them. Whole
    /// seconds, at least one. By the clock where the system sets no such limit.
    pub time: Duration,
    /// Beyond what the process takes before it has read the component.
    pub memory_bytes: u64,
}

impl Default for CompileLimits {
    /// A component of 18 MB with an interpreter takes 14 s, and 1 GB.
    fn default() -> Self {
        Self { time: Duration::from_secs(60), memory_bytes: 2 << 30 }
    }
}

/// What a process is to make.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Order {
    target: Target,
    behind_callers: bool,
    memory_bytes: u64,
    seconds: u64,
}

/// Why there is no code.
enum Failed {
    CalledOff,
    /// The compiler refuses it.
    Refused(String),
    /// The system ended it, for it took too long or for what is said.
    Long,
    Ended(String),
    Io(io::Error),
}

/// How a host compiles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compiler {
    pub(crate) target: Target,
    pub(crate) behind_callers: bool,
    pub(crate) limits: CompileLimits,
}

impl Compiler {
    /// Machine code of a component: seconds for one that carries an interpreter. Where the program
    /// offers no process for it, that is done here, to its end.
    pub(crate) fn compile(
        &self,
        plugin: &str,
        engine: &Engine,
        bytes: &[u8],
        called_off: &dyn Fn() -> bool,
    ) -> Result<Vec<u8>, LoadError> {
        let plugin = plugin.to_owned();
        if OFFERED.get().is_none() {
            let compile = || engine.precompile_component(bytes);
            let done = if self.behind_callers { background::run(compile) } else { compile() };
            return done
                .map_err(|error| LoadError::Compile { plugin, reason: format!("{error:#}") });
        }
        self.apart(bytes, called_off).map_err(|failed| match failed {
            Failed::CalledOff => LoadError::CalledOff { plugin },
            Failed::Long => LoadError::Heavy {
                plugin,
                reason: format!(
                    "that takes more than {} s of a processor: build it with optimisation, split it into several \
                     plugins, or raise the limit (`plugins.compile_time`)",
                    self.seconds()
                ),
            },
            Failed::Ended(how) => LoadError::Heavy {
                plugin,
                reason: format!(
                    "that takes more than {} MiB of memory, or was ended from without ({how}): build it with \
                     optimisation, split it into several plugins, or raise the limit (`plugins.compile_memory`)",
                    self.limits.memory_bytes >> 20,
                ),
            },
            Failed::Refused(reason) => LoadError::Compile { plugin, reason },
            Failed::Io(error) => LoadError::Compile {
                plugin,
                reason: format!("the process that compiles cannot be asked: {error}"),
            },
        })
    }

    fn seconds(&self) -> u64 {
        self.limits.time.as_secs().max(1)
    }

    fn apart(&self, bytes: &[u8], called_off: &dyn Fn() -> bool) -> Result<Vec<u8>, Failed> {
        let order = Order {
            target: self.target,
            behind_callers: self.behind_callers,
            memory_bytes: self.limits.memory_bytes,
            seconds: self.seconds(),
        };
        let order = serde_json::to_string(&order).map_err(|error| Failed::Io(error.into()))?;
        let mut process = Ending(child::command(&order).spawn().map_err(Failed::Io)?);
        let (Some(mut ask), Some(made), Some(wrong)) =
            (process.0.stdin.take(), process.0.stdout.take(), process.0.stderr.take())
        else {
            return Err(Failed::Io(io::Error::other("it has no pipes")));
        };
        std::thread::scope(|scope| {
            // A process that ends before it has read all of it says itself why.
            scope.spawn(move || drop(ask.write_all(bytes)));
            let made = scope.spawn(move || all_of(made, u64::MAX));
            let wrong = scope.spawn(move || all_of(wrong, MAX_REASON));
            let ended = process.await_end(self.seconds(), called_off);
            // Nobody holds the other ends any more, so these have ended or are about to.
            let joined = |thread: std::thread::ScopedJoinHandle<'_, io::Result<Vec<u8>>>| {
                thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked")))
            };
            let (made, wrong) = (joined(made), joined(wrong));
            let status = ended?;
            if status.success() {
                return made.map_err(Failed::Io);
            }
            let reason = String::from_utf8_lossy(&wrong.map_err(Failed::Io)?).trim().to_owned();
            match status.code() {
                Some(code) if code == i32::from(child::REFUSED) => Err(Failed::Refused(reason)),
                Some(_) => Err(Failed::Ended(format!("{status}: {reason}"))),
                None if child::took_too_long(status) => Err(Failed::Long),
                None => Err(Failed::Ended(status.to_string())),
            }
        })
    }
}

/// A process that ends with what waits for it.
struct Ending(Child);

impl Ending {
    fn await_end(
        &mut self,
        seconds: u64,
        called_off: &dyn Fn() -> bool,
    ) -> Result<ExitStatus, Failed> {
        let begun = Instant::now();
        let late = || !child::IS_LIMITED && begun.elapsed() > Duration::from_secs(seconds);
        loop {
            if let Some(status) = self.0.try_wait().map_err(Failed::Io)? {
                return Ok(status);
            }
            let why = match () {
                () if called_off() => Failed::CalledOff,
                () if late() => Failed::Long,
                () => {
                    std::thread::sleep(LOOK);
                    continue;
                }
            };
            self.end();
            return Err(why);
        }
    }

    fn end(&mut self) {
        // It has ended already when neither works.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.end();
    }
}

fn all_of(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
