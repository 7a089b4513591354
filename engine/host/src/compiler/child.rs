//! The process that compiles: a component comes in on standard input, machine code goes out on
//! standard output.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use super::{COMMAND, OFFERED, Order, background};
use crate::engine::Target;

/// The exit code for a component that the compiler refuses; the reason is on standard error.
pub(super) const REFUSED: u8 = 3;

/// Compiles a component if that is what this process was begun for, and gives its exit code.
///
/// The first thing that a program with a [`Host`](crate::Host) does: from then on its hosts compile
/// in processes of their own, within [`CompileLimits`](crate::CompileLimits). In a program that
/// does not, they compile within it and without limits.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     if let Some(code) = dialgraph_host::compiler::main() {
///         return code;
///     }
///     // What the program is for.
///     ExitCode::SUCCESS
/// }
/// ```
pub fn main() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != COMMAND) {
        let _ = OFFERED.set(());
        return None;
    }
    Some(match answer(arguments.next()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Whoever asked may have gone.
            let _ = writeln!(io::stderr(), "{reason}");
            ExitCode::from(REFUSED)
        }
    })
}

/// This program, asked to compile.
pub(super) fn command(order: &str) -> Command {
    // On Linux also when the file has been replaced since the program began.
    #[cfg(target_os = "linux")]
    let program = OsString::from("/proc/self/exe");
    #[cfg(not(target_os = "linux"))]
    let program = std::env::current_exe().map_or_else(|_| OsString::new(), Into::into);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut command = Command::new(program);
    command
        .args([COMMAND, order])
        // Nothing of what the program knows, secrets above all, is for it.
        .env_clear()
        // The allocator of the command would take a gibibyte of addresses at once, which the limit
        // then did not count.
        .env("MIMALLOC_ARENA_RESERVE", "0")
        .env("RAYON_NUM_THREADS", threads.clamp(1, background::MOST).to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn answer(order: Option<OsString>) -> Result<(), String> {
    let order = order.unwrap_or_default();
    let order: Order = serde_json::from_slice(order.as_encoded_bytes())
        .map_err(|error| format!("`{COMMAND}` is for this program's own use: {error}"))?;
    let engine = Target::compiler(order.target).map_err(|error| format!("{error:#}"))?;
    limit(&order).map_err(|error| format!("the system sets no limits: {error}"))?;
    let mut component = Vec::new();
    io::stdin().read_to_end(&mut component).map_err(|error| error.to_string())?;
    let compile = || engine.precompile_component(&component);
    let code = if order.behind_callers { background::run(compile) } else { compile() };
    let code = code.map_err(|error| format!("{error:#}"))?;
    io::stdout().write_all(&code).map_err(|error| error.to_string())
}

/// Whether the system bounds the processor's time.
pub(super) const IS_LIMITED: bool = cfg!(target_os = "linux");

/// Whether the system ended a process because of the processor's time that it took.
#[cfg(target_os = "linux")]
pub(super) fn took_too_long(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;

    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn took_too_long(_: ExitStatus) -> bool {
    false
}

/// Has the system bound what this process takes from here on, and end it with the one that asked.
#[cfg(target_os = "linux")]
fn limit(order: &Order) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages = pages.split(' ').next().and_then(|pages| pages.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| io::Error::other("/proc/self/statm is not as expected"))?;
    let taken = pages.saturating_mul(rustix::param::page_size() as u64);
    for (resource, limit) in [
        (Resource::As, taken.saturating_add(order.memory_bytes)),
        (Resource::Cpu, order.seconds),
        // What it leaves behind would be as large as what it took.
        (Resource::Core, 0),
    ] {
        let maximum = getrlimit(resource).maximum;
        let limit = Some(maximum.map_or(limit, |maximum| maximum.min(limit)));
        setrlimit(resource, Rlimit { current: limit, maximum })?;
    }
    Ok(())
}

/// Elsewhere the clock alone bounds it.
#[cfg(not(target_os = "linux"))]
fn limit(_: &Order) -> io::Result<()> {
    Ok(())
}
