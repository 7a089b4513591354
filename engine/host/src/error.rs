//! Why a plugin is not loaded, with what its author should build or the operator should write.

use std::fmt::Write as _;

use dialgraph_base::Grants;

use crate::capability::Objection;

/// Why a plugin was not loaded. Nothing of it is kept then.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "plugin `{plugin}` has {size} bytes, and this engine accepts {limit} at most: build it with opt-level \"s\", lto and strip = \"debuginfo\", or raise the limit"
    )]
    TooLarge { plugin: String, size: usize, limit: usize },
    #[error(
        "plugin `{plugin}` is not WebAssembly: it does not begin with the bytes of a component. Is it the right file?"
    )]
    NotWasm { plugin: String },
    #[error(
        "plugin `{plugin}` is a core WebAssembly module, not a component: build it for wasm32-wasip2, or wrap it with `wasm-tools component new`"
    )]
    CoreModule { plugin: String },
    #[error("plugin `{plugin}` is damaged at byte {offset}: {reason}. Build or copy it again")]
    Malformed { plugin: String, offset: usize, reason: String },
    /// Checking or compiling it would take too much.
    #[error("plugin `{plugin}` is not compiled: {reason}")]
    Heavy { plugin: String, reason: String },
    /// Nobody waits for it any more.
    #[error("plugin `{plugin}` is not loaded, because loading was cancelled")]
    CalledOff { plugin: String },
    /// It imports what it may not have.
    #[error("{}", refused(plugin, objections, grants))]
    Imports {
        plugin: String,
        objections: Vec<Objection>,
        /// What it was granted already.
        grants: Box<Grants>,
    },
    #[error(
        "plugin `{plugin}` must export `{expected}` and exports {found}: include world `dialgraph:plugin/node@1.0.0` in its own"
    )]
    Export { plugin: String, expected: String, found: String },
    #[error(
        "plugin `{plugin}` needs {needs} to begin with, and its limit is {limit}: write `limits: {{{setting}}}` for it under `plugins:` in dialgraph.yaml"
    )]
    Resources { plugin: String, needs: String, limit: String, setting: String },
    #[error(
        "plugin `{plugin}` may be given {wanted} bytes of memory by dialgraph.yaml, and this engine has room for {room} at most: lower `limits.memory_bytes`"
    )]
    Pool { plugin: String, wanted: u64, room: u64 },
    #[error("plugin `{plugin}` cannot be compiled: {reason}")]
    Compile { plugin: String, reason: String },
    #[error(
        "plugin `{plugin}` cannot be linked: {reason}. Build it against the plugin contract 1.0.0 as published"
    )]
    Link { plugin: String, reason: String },
    #[error("`describe` of plugin `{plugin}` failed: {reason}")]
    Describe { plugin: String, reason: String },
    #[error("plugin `{plugin}` describes itself wrongly: {reason}")]
    Descriptor { plugin: String, reason: String },
}

/// Why there is no [`Host`](crate::Host).
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine cannot be set up on this machine: {0}")]
pub struct HostError(pub(crate) String);

fn refused(plugin: &str, objections: &[Objection], grants: &Grants) -> String {
    let mut text = format!("plugin `{plugin}` was not loaded:");
    let mut wanted = grants.grants.clone();
    for objection in objections {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  it {objection}");
        if let Objection::NotGranted { capability, .. } = objection {
            wanted.insert(capability.clone());
        }
    }
    let network = |objection: &Objection| {
        matches!(objection, Objection::Unknown { interface }
            if interface.starts_with("wasi:sockets/") || interface.starts_with("wasi:http/"))
    };
    if objections.iter().any(network) {
        text.push_str("\nA plugin reaches the network by `dialgraph:plugin/http` alone.");
    }
    if wanted.len() > grants.grants.len() {
        let wanted: Vec<_> = wanted.into_iter().collect();
        let _ = write!(
            text,
            "\nTo grant what it asks for, write under `plugins:` in dialgraph.yaml:\n  {plugin}: {{grants: [{}]}}",
            wanted.join(", ")
        );
    }
    text
}
