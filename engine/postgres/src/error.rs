//! What is wrong with the way to a database, before anybody asks it.

/// A source that cannot be set up as it is configured. No message has a secret: a password in an
/// address is refused without being shown.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    #[error(
        "the address of source `{source_name}` cannot be read ({why}); write \
         postgresql://USER@HOST:PORT/DATABASE"
    )]
    Address { source_name: String, why: String },

    #[error(
        "the address of source `{source_name}` has a password; take it out and put it into a secret, \
         whose name `sources.secrets` gives"
    )]
    Password { source_name: String },

    #[error(
        "the address of source `{source_name}` names no {what}; write postgresql://USER@HOST:PORT/DATABASE"
    )]
    Incomplete { source_name: String, what: &'static str },

    #[error(
        "`sslmode={given}` of source `{source_name}` is not known: leave it out (encrypted and verified, \
         except to this machine), or write `verify-full` or `disable`"
    )]
    TlsMode { source_name: String, given: String },

    #[error("certificate authorities in {path}: {why}")]
    Roots { path: String, why: String },

    #[error("TLS cannot be set up: {0}")]
    Tls(String),

    #[error("the pool of source `{source_name}` cannot be made: {why}")]
    Pool { source_name: String, why: String },
}
