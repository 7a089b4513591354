//! What can be wrong with a project's local data.

use std::path::PathBuf;

/// Bytes of a file of a project that is read.
pub(crate) const MAX_FILE_BYTES: u64 = 4 << 20;

/// Why local providers could not be made from a project folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {why}; check that it exists and may be read", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        why: std::io::Error,
    },

    /// A file says something that it may not say.
    #[error("{file}:{line}:{column}: {message}")]
    Invalid {
        /// The file as it was named to us.
        file: String,
        /// Line from 1; 0 when the fault has no place.
        line: u64,
        /// Column in characters from 1; 0 when the fault has no place.
        column: u64,
        /// What is wrong and what to do.
        message: String,
    },

    /// A setting given by the program is unusable.
    #[error("{what}: {message}")]
    Setting {
        /// Which setting.
        what: String,
        /// What is wrong and what to do.
        message: String,
    },

    /// The embedded store failed.
    #[error("the embedded store failed while {doing}: {message}")]
    Store {
        /// What was being done.
        doing: String,
        /// The store's words.
        message: String,
    },
}

impl LocalError {
    pub(crate) fn at(
        file: &str,
        location: serde_saphyr::Location,
        message: impl Into<String>,
    ) -> Self {
        Self::Invalid {
            file: file.to_owned(),
            line: location.line(),
            column: location.column(),
            message: message.into(),
        }
    }
}

/// Reads YAML into a strict shape; a fault is told with its place in the file.
pub(crate) fn parse_yaml<T: serde::de::DeserializeOwned>(
    file: &str,
    text: &str,
) -> Result<T, LocalError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let location = error.location();
        LocalError::Invalid {
            file: file.to_owned(),
            line: location.map_or(0, |at| at.line()),
            column: location.map_or(0, |at| at.column()),
            message: plain_message(&error),
        }
    })
}

/// The parser's words without its own place and source excerpt, which we show ourselves.
fn plain_message(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let first = text.lines().next().unwrap_or_default();
    // Its advice is for programmers who use the parser.
    let first = first.split(", set DuplicateKeyPolicy").next().unwrap_or_default();
    match first.rfind(" at line ") {
        Some(end) => first[..end].trim_end_matches(':').to_owned(),
        None => first.to_owned(),
    }
}
