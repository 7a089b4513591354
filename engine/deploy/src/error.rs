use std::fmt;

use serde_json::{Value, json};

use dialgraph_flow::diagnostic::Report;
use dialgraph_host::LoadError;
use dialgraph_store::{CommitError, StoreError};

use crate::item::Item;
use crate::reach::Widening;
use crate::who::Role;

/// Why a change did not take place. Whichever it is, nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// What was asked for is not good enough to go live.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// Somebody else asked for it than may.
    #[error("{name} is {role} and this needs {needs}: {what}")]
    Forbidden { name: String, role: Role, needs: Role, what: String },
    #[error("{0}")]
    Unknown(String),
    /// It makes no sense as things are: a second canary, a promotion of none.
    #[error("{0}")]
    Conflict(String),
    #[error("others changed the release {0} times while this change was made; try again")]
    Raced(u32),
    #[error(
        "nothing is live: there is no release in the store and no project to make the first one of"
    )]
    NothingLive,
    #[error("release {release} cannot be loaded: {why}")]
    Unloadable { release: String, why: String },
    #[error("the store holds no {what}, which a release is made of; restore it from a backup")]
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
        Self::Refused(Box::new(Refusal { reasons: vec![reason], report: None }))
    }
}

/// Everything that stands against a change, so that all of it can be put right at once.
#[derive(Debug)]
pub struct Refusal {
    pub reasons: Vec<Reason>,
    /// What `check` says of the flows, warnings included.
    pub report: Option<Report>,
}

/// One thing that stands against a change.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error("`{path}` cannot be a file of a project: {why}")]
    Path { path: String, why: &'static str },
    #[error("`{name}` is no name for a {kind}: use lower-case words joined by `-`")]
    Name { kind: &'static str, name: String },
    #[error("{what} has {bytes} bytes, {limit} are allowed")]
    TooLarge { what: String, bytes: usize, limit: usize },
    #[error("plugin `{plugin}` is not signed, and this engine takes signed plugins only: {how}")]
    Unsigned { plugin: String, how: String },
    #[error("the signature of plugin `{plugin}` is not good: {why}")]
    Signature { plugin: String, why: String },
    #[error(transparent)]
    Plugin(#[from] LoadError),
    #[error("plugin `{given}` calls itself `{says}`: push it under that name")]
    OtherName { given: String, says: String },
    #[error("the flows cannot be used as they are")]
    Flows,
    #[error("the project's data cannot be used: {0}")]
    Data(String),
    #[error("{widening}; if that is meant, allow `{}`", widening.access)]
    Widened { widening: Widening },
    #[error("{item} is pinned at {digest} by {by}: take the pin off first")]
    Pinned { item: Item, digest: String, by: String },
    #[error("{0} is not there, so it cannot be removed")]
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
            Self::Flows => "bad-flows",
            Self::Data(_) => "bad-data",
            Self::Widened { .. } => "widened",
            Self::Pinned { .. } => "pinned",
            Self::NotThere(_) => "not-there",
        }
    }
}

impl Refusal {
    /// For scripts and for `dialgraph … push`: reasons, each with a code and words, and the report as `check
    /// --json` has it, with the same report as text.
    pub fn to_json(&self) -> Value {
        let reasons: Vec<Value> = self
            .reasons
            .iter()
            .map(|reason| {
                let mut shown = json!({"code": reason.code(), "message": reason.to_string()});
                if let Reason::Widened { widening } = reason {
                    shown["plugin"] = widening.plugin.clone().into();
                    shown["allow"] = widening.access.clone().into();
                }
                shown
            })
            .collect();
        json!({
            "reasons": reasons,
            "report": self.report.as_ref().map(Report::to_json),
            "rendered": self.report.as_ref().map(|report| report.render(false)),
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused, and nothing has changed:")?;
        for reason in &self.reasons {
            write!(f, "\n{reason}")?;
        }
        match &self.report {
            Some(report) if !report.is_empty() => write!(f, "\n{report}"),
            _ => Ok(()),
        }
    }
}
