//! Runs plugins: WebAssembly components in sandboxes, by wasmtime.
//!
//! A [`Host`] loads components under the operator's grants and runs them for whoever drives a call;
//! it is the kernel's [`Plugins`](dialgraph_kernel::plugin::Plugins). Everything of wasmtime stays
//! in this crate.
//!
//! Invariants:
//! - Every run has a fresh instance, gone when it ends. Nothing of one run is seen by another.
//! - A run is a function of its invocation and the replies to its host calls. There is no other
//!   clock, no other chance, no file, no network. A host call without reply stops the run; it is
//!   made again from the start later.
//! - A plugin reaches no capability that it was not granted: what it may not import, it is not
//!   loaded with.
//! - Whatever a component does or is, the process, the other runs and the next run are unaffected,
//!   and the report says what happened.
//!
//! It must not know flows, calls, providers or transports. Which collections, hosts or secrets a
//! plugin may use is settled by whoever answers its host calls.

mod bindings;
mod cache;
mod capability;
mod compiled;
pub mod compiler;
mod config;
mod configuration;
mod deadline;
mod descriptor;
mod engine;
mod error;
mod examine;
mod failure;
mod host;
mod imports;
mod lines;
mod meter;
mod outcome;
mod permits;
mod plugin;
mod rng;
mod run;
mod stop;
mod wasi;
mod weigh;

pub use capability::{Import, Objection};
pub use compiler::CompileLimits;
pub use config::{HostConfig, Pool};
pub use deadline::Clock;
pub use error::{HostError, LoadError};
pub use host::{Host, Inspection, Loaded, Prepared};
