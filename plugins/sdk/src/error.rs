//! Errors of plugins and of capabilities. The types are the contract's own.

pub use crate::bindings::dialgraph::plugin::types::{ErrorInfo, HostError, NodeError};

impl ErrorInfo {
    /// A code (stable, lower-case, words joined by `-`) and a sentence that holds no caller's data.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), retry_after_ms: None, extra: Vec::new() }
    }
}

impl NodeError {
    /// The configuration is wrong: a designer must change the flow.
    pub fn bad_config(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::BadConfig(ErrorInfo::new(code, message))
    }

    /// Something outside is down or slow: the same run may succeed later.
    pub fn retryable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Retryable(ErrorInfo::new(code, message))
    }

    /// Something outside understood and said no.
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused(ErrorInfo::new(code, message))
    }

    /// Anything else, a bug of the plugin included.
    pub fn other(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Other(ErrorInfo::new(code, message))
    }

    /// When to try again, in milliseconds.
    #[must_use]
    pub fn retry_after_ms(mut self, milliseconds: Option<u64>) -> Self {
        match &mut self {
            Self::BadConfig(info)
            | Self::Retryable(info)
            | Self::Refused(info)
            | Self::Other(info) => {
                info.retry_after_ms = milliseconds;
            }
        }
        self
    }

    /// Code, message and the rest.
    pub fn info(&self) -> &ErrorInfo {
        match self {
            Self::BadConfig(info)
            | Self::Retryable(info)
            | Self::Refused(info)
            | Self::Other(info) => info,
        }
    }
}

impl HostError {
    /// The request breaks the capability's rules.
    pub fn invalid(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(ErrorInfo::new(code, message))
    }

    /// Down, slow or throttled.
    pub fn unavailable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Unavailable(ErrorInfo::new(code, message))
    }

    /// Understood and refused.
    pub fn denied(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Denied(ErrorInfo::new(code, message))
    }

    /// Anything else.
    pub fn other(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Other(ErrorInfo::new(code, message))
    }

    /// Code, message and the rest.
    pub fn info(&self) -> &ErrorInfo {
        match self {
            Self::Invalid(info)
            | Self::Unavailable(info)
            | Self::Denied(info)
            | Self::Other(info) => info,
        }
    }

    /// True for what may succeed later.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// A capability's failure as the plugin's own, for `?`: unavailable is retryable, denied is
/// refused.
impl From<HostError> for NodeError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Unavailable(info) => Self::Retryable(info),
            HostError::Denied(info) => Self::Refused(info),
            HostError::Invalid(info) | HostError::Other(info) => Self::Other(info),
        }
    }
}
