//! The `dialgraph` command.

use std::process::ExitCode;

/// A turn's memory is taken by one thread and often given back by another, which mimalloc does
/// faster than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Plugins are compiled by this program too, in processes of their own.
    dialgraph_host::compiler::main().unwrap_or_else(dialgraph_cli::main)
}
