//! A database that the operator grants: its pool, and statements within a time limit.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError};
use dialgraph_kernel::ports::HostError;
use dialgraph_local::secrets::RevealSecret;
use futures::TryStreamExt as _;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::connect::{Connections, address};
use crate::error::PostgresError;
use crate::failure::{self, Source};
use crate::tls::Tls;

/// How a database is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `postgresql://USER@HOST:PORT/DATABASE`, without a password.
    pub address: String,
    /// Name of the secret with the password; none: the server asks for none.
    pub secret: Option<String>,
    /// Most connections at a time.
    pub connections: u32,
    /// Longest time for a request, getting a connection included.
    pub timeout: Duration,
    /// PEM file of certificate authorities to trust beside Mozilla's.
    pub extra_roots: Option<PathBuf>,
}

/// A database, with the connections to it. Making one connects to nothing.
#[derive(Debug)]
pub struct Database {
    source: Source,
    pool: Pool<Connections>,
    tls: TlsOf,
    timeout: Duration,
}

struct TlsOf(Tls);

impl std::fmt::Debug for TlsOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// A value of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Bound {
    Text(String),
    Texts(Vec<String>),
}

impl Bound {
    fn with_type(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Text(text) => (text, Type::TEXT),
            Self::Texts(texts) => (texts, Type::TEXT_ARRAY),
        }
    }
}

/// Why there are no rows.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Data are what is wrong, with the code: a value of the statement is none of its column's
    /// type, or one of which a view makes its rows is none that it can be made of.
    Data(HostError, String),
    /// The database is not as it was described: `true` if it may be worth describing it again.
    Failed(HostError, bool),
}

impl From<Failure> for HostError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Data(error, _) | Failure::Failed(error, _) => error,
        }
    }
}

impl Database {
    /// The database at the address in `settings`, called `name` in messages.
    ///
    /// # Errors
    /// What is wrong with the address or the certificate authorities.
    pub fn new(
        name: &str,
        settings: &Settings,
        secrets: Arc<dyn RevealSecret>,
    ) -> Result<Self, PostgresError> {
        let source = Source(name.into());
        let tls = Tls::new(settings.extra_roots.as_deref())?;
        let mut config = address(name, &settings.address)?;
        config.connect_timeout(settings.timeout);
        let connections = Connections {
            source: source.clone(),
            config,
            secret: settings.secret.clone(),
            secrets,
            tls: tls.clone(),
            timeout: settings.timeout,
        };
        let pool = Pool::builder(connections)
            .max_size(usize::try_from(settings.connections).unwrap_or(1).max(1))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| PostgresError::Pool {
                source_name: name.to_owned(),
                why: error.to_string(),
            })?;
        Ok(Self { source, pool, tls: TlsOf(tls), timeout: settings.timeout })
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// `unavailable`, with the reason.
    pub async fn reach(&self) -> Result<(), HostError> {
        self.ask("", "SELECT 1", &[]).await?;
        Ok(())
    }

    /// Whatever is asked for one question of a plugin, within the time of one.
    pub(crate) async fn within<T>(
        &self,
        asked: impl Future<Output = Result<T, HostError>>,
    ) -> Result<T, HostError> {
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(done) => done,
            Err(_) => Err(self.source.timed_out(self.timeout.as_millis())),
        }
    }

    /// Carries out one statement. `table` is named in what is told of a failure.
    pub(crate) async fn ask(
        &self,
        table: &str,
        statement: &str,
        values: &[Bound],
    ) -> Result<Vec<Row>, Failure> {
        match tokio::time::timeout(self.timeout, self.carry_out(table, statement, values)).await {
            Ok(done) => done,
            Err(_) => Err(Failure::Failed(self.source.timed_out(self.timeout.as_millis()), false)),
        }
    }

    async fn carry_out(
        &self,
        table: &str,
        statement: &str,
        values: &[Bound],
    ) -> Result<Vec<Row>, Failure> {
        let client = self.pool.get().await.map_err(|error| {
            Failure::Failed(
                match error {
                    PoolError::Backend(error) => error,
                    other => self.source.unreachable(&other.to_string()),
                },
                false,
            )
        })?;
        let values: Vec<_> = values.iter().map(Bound::with_type).collect();
        let mut running = Running { client: Some(client), tls: self.tls.0.clone() };
        let Some(client) = &running.client else { return Ok(Vec::new()) };
        let rows = rows_of(&client.client, statement, values).await;
        if matches!(rows, Ok(None)) {
            // The rest of the answer is still on its way: `running` gives the connection up.
            let why = format!("rows of `{table}` have more than {} MiB together", MAX_ANSWER >> 20);
            return Err(Failure::Failed(self.source.unusable("bad-row", &why), false));
        }
        let client = running.client.take();
        match rows {
            Ok(rows) => Ok(rows.unwrap_or_default()),
            Err(error) => {
                // The server may have handed over to another, to which only a new connection leads.
                if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
                    drop(client.map(Object::take));
                }
                let told = failure::statement(&self.source, table, &error);
                if let Some(code) = failure::of_data(&error) {
                    return Err(Failure::Data(told, code.to_owned()));
                }
                let differs = error.code().is_some_and(|code| code.code().starts_with("42"));
                Err(Failure::Failed(told, differs))
            }
        }
    }
}

/// Most bytes of an answer that are held at a time: each row of it can be a record, and all the
/// rows that are asked for at a time are fewer bytes.
const MAX_ANSWER: usize = 32 << 20;

/// The rows that a statement answers with; none: they are too large.
async fn rows_of(
    client: &Client,
    statement: &str,
    values: Vec<(&(dyn ToSql + Sync), Type)>,
) -> Result<Option<Vec<Row>>, tokio_postgres::Error> {
    // Not prepared: one way to the server and back, and nothing is kept there that a pooler between
    // would mix up.
    let mut stream = pin!(client.query_typed_raw(statement, values).await?);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = stream.try_next().await? {
        bytes += row.raw_size_bytes();
        if bytes > MAX_ANSWER {
            return Ok(None);
        }
        rows.push(row);
    }
    Ok(Some(rows))
}

/// A statement under way. If nobody awaits it any more, the server is told, and the connection is
/// not used for anything else: the next statement would stand behind this one.
struct Running {
    client: Option<Object<Connections>>,
    tls: Tls,
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let token = client.client.cancel_token();
        let client = Object::take(client);
        let tls = self.tls.clone();
        // Without a runtime everything ends, the connection too.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let told = token.cancel_query(tls);
                if !matches!(tokio::time::timeout(CANCEL, told).await, Ok(Ok(()))) {
                    tracing::debug!("a statement could not be cancelled; its time limit ends it");
                }
                drop(client);
            });
        }
    }
}

/// How long telling the server may take.
const CANCEL: Duration = Duration::from_secs(2);
