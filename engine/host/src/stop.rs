//! Tells a run that the engine ended from one that trapped by itself.

/// Why the engine itself ended a run. Travels through wasmtime as the error of a host function or
/// limiter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    /// A host call has no reply yet.
    #[error("a host call has no reply yet")]
    Suspended,
    /// `describe` or `check` called a capability.
    #[error("`{function}` called {called}, but it must call no capability")]
    Alone { function: &'static str, called: &'static str },
    #[error(
        "it wanted {wanted} bytes of memory, and its limit is {limit} (limits.memory_bytes in dialgraph.yaml)"
    )]
    Memory { wanted: u64, limit: u64 },
    /// Another limit, in words.
    #[error("{0}")]
    Limit(String),
    #[error("it called exit with status {0}; a plugin ends by returning from `run`")]
    Exit(u8),
    /// What WASI offers by name only.
    #[error("it used {0}, which a plugin does not have")]
    Absent(&'static str),
    /// The driver's reply cannot be handed to the plugin.
    #[error("the engine's reply to {function} is unusable: {reason}")]
    Reply { function: &'static str, reason: String },
}
