//! What a database said, as plugins and operators are told of it.
//!
//! A message names the source, tables, columns and what to do. It never has a value: the server's
//! own words do ("invalid input syntax for type integer: …"), so of errors about data only the code
//! is taken.

use std::sync::Arc;

use dialgraph_kernel::ports::{HostError, HostErrorKind};
use tokio_postgres::error::{DbError, SqlState};

/// A source by its name in the configuration.
#[derive(Debug, Clone)]
pub(crate) struct Source(pub(crate) Arc<str>);

impl Source {
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// It cannot be asked now.
    pub(crate) fn unreachable(&self, why: &str) -> HostError {
        HostError::unavailable("source-failed", format!("source `{}`: {why}", self.0))
    }

    /// It is not as the project says.
    pub(crate) fn differs(&self, why: &str) -> HostError {
        // Unavailable, for what was last known helps until somebody has put it right.
        HostError::unavailable("source-differs", format!("source `{}`: {why}", self.0))
    }

    pub(crate) fn timed_out(&self, millis: u128) -> HostError {
        HostError::unavailable(
            "timed-out",
            format!("source `{}` did not answer within {millis} ms", self.0),
        )
    }

    /// What it holds is of no use here.
    pub(crate) fn unusable(&self, code: &str, why: &str) -> HostError {
        HostError::new(HostErrorKind::Other, code, format!("source `{}`: {why}", self.0))
    }
}

/// Why there is no connection.
pub(crate) fn connecting(source: &Source, error: &tokio_postgres::Error) -> HostError {
    let Some(db) = error.as_db_error() else {
        let mut words = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            words = format!("{words}: {inner}");
            cause = inner.source();
        }
        return source.unreachable(&format!("no connection ({words})"));
    };
    let code = db.code();
    let hint = if *code == SqlState::INVALID_PASSWORD
        || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
    {
        "; check the user in `sources.postgresql` and the secret that `sources.secrets` names"
    } else {
        ""
    };
    source.unreachable(&format!("no connection ({}, {}){hint}", db.message(), code.code()))
}

/// Why a statement failed.
pub(crate) fn statement(source: &Source, table: &str, error: &tokio_postgres::Error) -> HostError {
    let Some(db) = error.as_db_error() else {
        return source.unreachable(&format!("the connection broke ({error})"));
    };
    of_server(source, table, db)
}

/// The code, if data are what is wrong: a value of the statement, or one that a row is made of.
pub(crate) fn of_data(error: &tokio_postgres::Error) -> Option<&str> {
    // Class 22: data exception; 23: a constraint, also that of a domain.
    error.code().map(SqlState::code).filter(|code| code.starts_with("22") || code.starts_with("23"))
}

fn of_server(source: &Source, table: &str, db: &DbError) -> HostError {
    let code = db.code();
    let column = db.column().map(|name| format!("column `{name}`"));
    let constraint = db.constraint().map(|name| format!("constraint `{name}`"));
    let place = column.or(constraint).unwrap_or_else(|| format!("table `{table}`"));
    if *code == SqlState::QUERY_CANCELED {
        return HostError::unavailable(
            "timed-out",
            format!("source `{}` ended a statement that took too long", source.name()),
        );
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        let why = format!("{} (42501); grant it to the source's user", db.message());
        return source.differs(&why);
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return HostError::denied(
            "read-only",
            format!("source `{}` takes no writes now: it is read-only", source.name()),
        );
    }
    match &code.code()[..2] {
        // Names of tables and columns alone.
        "42" => source.differs(&format!("{} ({})", db.message(), code.code())),
        "22" => HostError::invalid(
            "bad-value",
            format!(
                "source `{}`: a value of the record does not fit its column in table `{table}` ({})",
                source.name(),
                code.code()
            ),
        ),
        "23" => HostError::invalid(
            "bad-value",
            format!(
                "source `{}`: {place} does not take the record ({}, {})",
                source.name(),
                words_of(code),
                code.code()
            ),
        ),
        // Connections, resources, operators, conflicts of transactions: another try may do.
        "08" | "25" | "40" | "53" | "55" | "57" | "58" => {
            source.unreachable(&format!("{} ({})", db.message(), code.code()))
        }
        _ => source.unusable("source-failed", &format!("the statement failed ({})", code.code())),
    }
}

fn words_of(code: &SqlState) -> &'static str {
    match code {
        code if *code == SqlState::NOT_NULL_VIOLATION => "a value is missing",
        code if *code == SqlState::UNIQUE_VIOLATION => "the value is taken",
        code if *code == SqlState::FOREIGN_KEY_VIOLATION => "what it names is not there",
        code if *code == SqlState::CHECK_VIOLATION => "the check fails",
        _ => "a constraint is broken",
    }
}
