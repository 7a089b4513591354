//! What an operator decides about changes and about what stays.

use std::time::Duration;

use crate::canary::Rules;
use crate::signature::TrustedKeys;

/// What an operator decides about changes.
#[derive(Debug, Clone, Default)]
pub struct DeploySettings {
    /// Whose signatures of plugins are good.
    pub trusted: TrustedKeys,
    /// Takes no plugin without a good signature, but for those that come with the engine.
    pub require_signed: bool,
    /// When a canary is taken back by itself.
    pub canary: Rules,
    /// What of a project is taken in when the engine starts.
    pub take_in: ImportPolicy,
    /// What stays though no call needs it.
    pub keep: RetentionPolicy,
    /// How long whoever asks for a change waits until it is checked; none: as long as it takes, as
    /// for what changes in a folder.
    pub change_timeout: Option<Duration>,
}

/// What of a project is taken in when an engine starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ImportPolicy {
    /// What has changed in it since it was last taken in.
    #[default]
    Changes,
    /// All of it when nothing is live yet, and otherwise nothing: for processes that share a store.
    /// One that is started again with a folder of old must not make that live for all.
    First,
}

/// What stays though no call needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// So many releases, the newest, those that were live before what is live now, and as many
    /// versions of each flow and plugin; 0: everything, for ever.
    pub releases: u32,
    /// Whatever was live within this time. A call that was given away may come back so long.
    pub for_long: Duration,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self { releases: 20, for_long: Duration::from_secs(7 * 24 * 60 * 60) }
    }
}
