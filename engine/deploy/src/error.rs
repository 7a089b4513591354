//! Collects everything that stands against a change, so that all of it can be put right at once.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use dialgraph_access::{Role, Who};
use dialgraph_flow::diagnostic::Report;
use dialgraph_host::LoadError;
use dialgraph_store::{CommitError, StoreError};

use crate::item::Item;
use crate::reach::Widening;

/// Why a change did not take place. Whichever it is, nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// What was asked for is not good enough to go live.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// Somebody else asked for it than may.
    #[error("{name} has the role {role}, and this needs the role {needs}: {what}")]
    Forbidden { name: String, role: Role, needs: Role, what: String },
    #[error("{0}")]
    Unknown(String),
    /// It makes no sense as things are: a second canary, a promotion of none.
    #[error("{0}")]
    Conflict(String),
    /// Others kept every place in which changes are checked.
    #[error(
        "the engine is checking other changes and had no capacity for this one within {} s \
        (`deploy.change_timeout`); nothing has changed: try again when they are done",
        .0.as_secs()
    )]
    Busy(Duration),
    /// The engine is about to stop.
    #[error("the engine is stopping, and nothing has changed: try again when it has restarted")]
    Leaving,
    #[error("the release was changed by others {0} times in the meantime; try again")]
    Raced(u32),
    #[error(
        "nothing is live: the store holds no release, and there is no project to make the first \
        one from"
    )]
    NothingLive,
    #[error("release {release} cannot be loaded: {why}")]
    Unloadable { release: String, why: String },
    #[error(
        "the store does not hold {what}, although it is needed; restore it with `dialgraph store \
        recover --from BACKUP`"
    )]
    Missing { what: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a task of the engine ended early: {0}")]
    Task(String),
}

impl From<CommitError> for DeployError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(_) => Self::Raced(1),
            CommitError::Failed(error) => Self::Store(error),
        }
    }
}

impl DeployError {
    pub(crate) fn refused(reason: Reason) -> Self {
        Self::Refused(Box::new(Refusal::of(vec![reason])))
    }
}

/// To what was removed one cannot go back.
pub(crate) fn gone(error: DeployError) -> DeployError {
    match error {
        DeployError::Missing { what } => DeployError::Unknown(format!(
            "{what} is no longer stored: the engine removes content that nothing has needed for a \
            while (`deploy.keep_releases`, `deploy.keep_for`)"
        )),
        error => error,
    }
}

/// Refuses what `who` may not do.
pub(crate) fn needs(who: &Who, role: Role, what: &str) -> Result<(), DeployError> {
    if who.role >= role {
        return Ok(());
    }
    Err(DeployError::Forbidden {
        name: who.name.clone(),
        role: who.role,
        needs: role,
        what: what.to_owned(),
    })
}

/// Everything that stands against a change, so that all of it can be put right at once.
#[derive(Debug)]
pub struct Refusal {
    pub reasons: Vec<Reason>,
    /// What `check` says of the flows, warnings included.
    pub report: Option<RenderedReport>,
}

/// A report in the forms in which it is asked for. They are made where the flows are checked: to
/// draw a thousand findings takes a while.
#[derive(Debug, Clone)]
pub struct RenderedReport {
    pub report: Report,
    /// As `check --json` has it.
    pub json: Value,
    /// For a terminal.
    pub rendered: String,
}

impl From<Report> for RenderedReport {
    fn from(report: Report) -> Self {
        Self { json: report.to_json(), rendered: report.render(false), report }
    }
}

/// One thing that stands against a change.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error("`{path}` cannot be a file of a project: {why}")]
    Path { path: String, why: &'static str },
    #[error("`{name}` cannot be the name of a {kind}: use lower-case words joined by `-`")]
    Name { kind: &'static str, name: String },
    #[error("{what} has {bytes} bytes, {limit} are allowed")]
    TooLarge { what: String, bytes: usize, limit: usize },
    #[error("plugin `{plugin}` is not signed, and this engine accepts signed plugins only: {how}")]
    Unsigned { plugin: String, how: String },
    #[error("the signature of plugin `{plugin}` is not valid: {why}")]
    Signature { plugin: String, why: String },
    #[error(transparent)]
    Plugin(#[from] LoadError),
    #[error("plugin `{given}` calls itself `{says}`: push it under that name")]
    OtherName { given: String, says: String },
    #[error("{what} took longer than {} s and was stopped: make the project smaller", limit.as_secs())]
    TooLong { what: &'static str, limit: Duration },
    #[error(
        "the change was stopped after {} s (`deploy.change_timeout`), while {doing}. A retry takes \
        as long: push less at a time, make the part that takes so long smaller, or raise the limit",
        limit.as_secs()
    )]
    GivenUp { doing: String, limit: Duration },
    #[error("the flows cannot be used as they are")]
    Flows,
    #[error("the project's data cannot be used: {0}")]
    Data(String),
    #[error("{widening}; if that is meant, allow `{}`", widening.access)]
    Widened { widening: Widening },
    #[error("{item} is pinned at {digest} by {by}: unpin it first")]
    Pinned { item: Item, digest: String, by: String },
    #[error("{0} is not live, so it cannot be removed")]
    NotThere(Item),
}

impl Reason {
    /// A stable word for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Path { .. } => "bad-path",
            Self::Name { .. } => "bad-name",
            Self::TooLarge { .. } | Self::Plugin(LoadError::TooLarge { .. }) => "too-large",
            Self::Unsigned { .. } => "unsigned",
            Self::Signature { .. } => "bad-signature",
            Self::Plugin(LoadError::Imports { .. }) => "not-granted",
            Self::Plugin(_) => "bad-plugin",
            Self::OtherName { .. } => "other-name",
            Self::TooLong { .. } | Self::GivenUp { .. } => "too-long",
            Self::Flows => "bad-flows",
            Self::Data(_) => "bad-data",
            Self::Widened { .. } => "widened",
            Self::Pinned { .. } => "pinned",
            Self::NotThere(_) => "not-there",
        }
    }
}

impl Refusal {
    /// Without a look at the flows.
    pub(crate) fn of(reasons: Vec<Reason>) -> Self {
        Self { reasons, report: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused, and nothing has changed:")?;
        for reason in &self.reasons {
            write!(f, "\n{reason}")?;
        }
        match &self.report {
            Some(told) if !told.report.is_empty() => write!(f, "\n{}", told.rendered),
            _ => Ok(()),
        }
    }
}
