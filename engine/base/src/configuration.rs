//! What a plugin itself has to say of its configuration: asked by whoever checks flows, answered by
//! whoever has the plugin loaded.

use serde::Serialize;

use crate::{Digest, Locale};

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No release can be made.
    Error,
    /// The release works, but something in it is of no use.
    Warning,
}

/// Asks plugins what is wrong with a configuration.
pub trait ConfigChecks {
    /// What the plugin of this digest has to say of `config`, a JSON object that fits its schema,
    /// in calls of these locales. Nothing, for a plugin that checks no configuration.
    ///
    /// # Errors
    ///
    /// Why it could not be asked to the end, in a sentence without a full stop that names the
    /// plugin.
    fn check(
        &self,
        plugin: &Digest,
        config: &str,
        locales: &[Locale],
    ) -> Result<Vec<ConfigProblem>, String>;
}

/// One thing that a plugin finds wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// JSON Pointer (RFC 6901) into the configuration.
    pub pointer: String,
    pub severity: Severity,
    /// One sentence without a full stop.
    pub message: String,
    pub hint: Option<String>,
}

/// Where there is no host to run plugins, as in tests of flows alone: no plugin has anything to
/// say.
#[derive(Debug, Clone, Copy, Default)]
pub struct AskNobody;

impl ConfigChecks for AskNobody {
    fn check(&self, _: &Digest, _: &str, _: &[Locale]) -> Result<Vec<ConfigProblem>, String> {
        Ok(Vec::new())
    }
}
