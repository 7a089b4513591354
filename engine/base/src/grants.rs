//! What the operator lets a plugin do: `plugins:` in the project file.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Capabilities granted to one plugin. Nothing is granted by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grants {
    /// Interfaces of the plugin contract that it may import: `log`, `records-read`, `http` …
    pub grants: BTreeSet<String>,
    /// Collections of records it may read and write.
    pub collections: CollectionGrants,
    /// Hosts it may call: `api.example.com`, `*.example.com`, `http://127.0.0.1:8080` (a scheme
    /// other than `https` and a port must be written out).
    pub http: Vec<String>,
    /// Secrets it may use.
    pub secrets: BTreeSet<String>,
    pub limits: PluginLimits,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollectionGrants {
    pub read: BTreeSet<String>,
    pub write: BTreeSet<String>,
}

/// Bounds of one run of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginLimits {
    /// Time in which a run must reach its end or a host call that waits, in milliseconds.
    pub wall_ms: u32,
    /// Linear memory of all its modules together, in bytes.
    pub memory_bytes: u64,
    /// Elements of each table.
    pub table_elements: u32,
    /// Bytes passed between the engine and the plugin in one run, both ways.
    pub host_call_bytes: u32,
    /// Host calls in one run.
    pub host_calls: u32,
    /// Bytes of one outcome: port, output, words, state.
    pub output_bytes: u32,
}

impl Default for PluginLimits {
    fn default() -> Self {
        Self {
            wall_ms: 1_000,
            memory_bytes: 16 << 20,
            table_elements: 10_000,
            host_call_bytes: 1 << 20,
            host_calls: 64,
            output_bytes: 64 << 10,
        }
    }
}
