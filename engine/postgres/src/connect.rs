//! Makes the connections of a pool.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use dialgraph_kernel::ports::HostError;
use dialgraph_local::secrets::RevealSecret;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config};

use crate::error::PostgresError;
use crate::failure::{self, Source};
use crate::tls::Tls;

/// What a pool makes its connections by.
pub(crate) struct Connections {
    pub(crate) source: Source,
    pub(crate) config: Config,
    /// Name of the secret with the password; none: the server asks for none.
    pub(crate) secret: Option<String>,
    pub(crate) secrets: Arc<dyn RevealSecret>,
    pub(crate) tls: Tls,
    pub(crate) timeout: Duration,
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("source", &self.source).finish_non_exhaustive()
    }
}

/// A connection. It ends with this, whatever the server does: one that hangs must not keep the
/// sockets of all who gave it up.
pub(crate) struct Connected {
    pub(crate) client: Client,
    driver: JoinHandle<()>,
}

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connected")
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Manager for Connections {
    type Type = Connected;
    type Error = HostError;

    async fn create(&self) -> Result<Connected, HostError> {
        let mut config = self.config.clone();
        // Read for each connection: a secret that was changed is used from then on.
        if let Some(name) = &self.secret {
            let secret = self.secrets.reveal(name).await.map_err(|error| {
                self.source.unreachable(&format!("its password is missing: {}", error.message))
            })?;
            config.password(secret.expose());
        }
        let (client, mut connection) = config
            .connect(self.tls.clone())
            .await
            .map_err(|error| failure::connecting(&self.source, &error))?;
        let source = self.source.clone();
        let driver = tokio::spawn(async move {
            // Left to itself it would write the server's notices into the log, and what a trigger
            // says may have values of a record in it.
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let Err(error) = message {
                    tracing::debug!(source = source.name(), %error, "a connection ended");
                    break;
                }
            }
        });
        let connected = Connected { client, driver };
        // Times come as UTC whatever the server's zone is, and no statement outlives the wait.
        let setup = format!(
            "SET statement_timeout = {}; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; \
             SET extra_float_digits = 1; SET idle_in_transaction_session_timeout = {}",
            self.timeout.as_millis().max(1),
            self.timeout.as_millis().max(1)
        );
        let set = connected.client.batch_execute(&setup).await;
        set.map_err(|error| failure::connecting(&self.source, &error))?;
        Ok(connected)
    }

    async fn recycle(&self, known: &mut Connected, _: &Metrics) -> RecycleResult<HostError> {
        // Whether the server is there is seen by the next statement; to ask before each would
        // double the way.
        if known.client.is_closed() {
            return Err(RecycleError::message("the connection is closed"));
        }
        Ok(())
    }
}

/// An address as the configuration has it: without a password, and with TLS wherever it leads off
/// this machine.
pub(crate) fn address(name: &str, text: &str) -> Result<Config, PostgresError> {
    let source_name = || name.to_owned();
    let (text, mode) = without_mode(text);
    let wrong = |why: String| PostgresError::Address { source_name: source_name(), why };
    // What the parser says of it shows no part of the address.
    let mut config: Config = text.parse().map_err(|error: tokio_postgres::Error| {
        match std::error::Error::source(&error) {
            Some(why) => wrong(why.to_string()),
            None => wrong(error.to_string()),
        }
    })?;
    if config.get_password().is_some() {
        return Err(PostgresError::Password { source_name: source_name() });
    }
    let incomplete = |what| PostgresError::Incomplete { source_name: source_name(), what };
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(incomplete("host"));
    }
    if config.get_user().is_none() {
        return Err(incomplete("user"));
    }
    if config.get_dbname().is_none() {
        return Err(incomplete("database"));
    }
    let here = config.get_hosts().iter().all(is_here)
        && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
    config.ssl_mode(match mode.as_deref() {
        None if here => SslMode::Disable,
        None | Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
        Some("disable") => SslMode::Disable,
        Some(other) => {
            let given = other.chars().take(40).collect();
            return Err(PostgresError::TlsMode { source_name: source_name(), given });
        }
    });
    config.application_name("dialgraph");
    config.keepalives(true).keepalives_idle(Duration::from_secs(30));
    Ok(config)
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// The address without `sslmode`, of which the parser knows other words than people do, and the
/// word that was there.
fn without_mode(text: &str) -> (String, Option<String>) {
    let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if !is_url {
        let mut mode = None;
        let kept: Vec<&str> = text
            .split_whitespace()
            .filter(|part| match part.strip_prefix("sslmode=") {
                Some(word) => {
                    mode = Some(word.trim_matches('\'').to_owned());
                    false
                }
                None => true,
            })
            .collect();
        // Quoted values may hold spaces that must stay.
        return if mode.is_some() { (kept.join(" "), mode) } else { (text.to_owned(), None) };
    }
    let Some((base, query)) = text.split_once('?') else { return (text.to_owned(), None) };
    let mut mode = None;
    let kept: Vec<&str> = query
        .split('&')
        .filter(|part| match part.strip_prefix("sslmode=") {
            Some(word) => {
                mode = Some(word.to_owned());
                false
            }
            None => true,
        })
        .collect();
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    (format!("{base}{query}"), mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str) -> Result<SslMode, String> {
        address("crm", text).map(|config| config.get_ssl_mode()).map_err(|error| error.to_string())
    }

    #[test]
    fn who_leaves_this_machine_is_encrypted_unless_told_otherwise() {
        let local = ["localhost", "127.0.0.1", "[::1]", "%2Fvar%2Frun%2Fpostgresql"];
        for host in local {
            let text = format!("postgresql://app@{host}/crm");
            assert_eq!(mode(&text), Ok(SslMode::Disable), "{host}");
        }
        let other = "postgresql://app@db.example.com:5432/crm";
        assert_eq!(mode(other), Ok(SslMode::Require));
        assert_eq!(mode(&format!("{other}?sslmode=disable")), Ok(SslMode::Disable));
        assert_eq!(mode(&format!("{other}?sslmode=verify-full")), Ok(SslMode::Require));
        assert_eq!(mode("host=db.example.com user=app dbname=crm"), Ok(SslMode::Require));
        assert_eq!(
            mode("host=db.example.com user=app dbname=crm sslmode=disable"),
            Ok(SslMode::Disable)
        );
        let url = "postgresql://app@localhost/crm?sslmode=verify-full";
        assert_eq!(mode(url), Ok(SslMode::Require));
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_shown() {
        for (text, what) in [
            ("postgresql://app:s3cret@db.example.com/crm", "has a password"),
            ("host=db.example.com user=app dbname=crm password=s3cret", "has a password"),
            ("postgresql://db.example.com/crm", "names no user"),
            ("postgresql://app@db.example.com", "names no database"),
            ("postgresql:///crm?user=app", "names no host"),
            ("postgresql://app@db.example.com/crm?sslmode=prefer", "`sslmode=prefer`"),
            ("postgresql://app@db.example.com:s3cret/crm", "cannot be read"),
            ("s3cret", "cannot be read"),
        ] {
            let told = mode(text).unwrap_err();
            assert!(told.contains(what), "{text}: {told}");
            assert!(!told.contains("s3cret"), "{told}");
        }
    }
}
