//! Keys and tokens of the configuration, and how they change while the server runs.
//!
//! Those in files (`connect.keys_file`, `api.tokens_file`, `kakao.…_file` …) are looked at every
//! other second and taken over when they have changed, by their content: that works for whatever
//! puts them there, an editor or a mounted secret, and needs no signal. Those in variables and in
//! `dialgraph.toml` stay as they are until the next start. A file that is wrong or gone changes
//! nothing but the log: keys that worked go on working.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use dialgraph_base::Digest;
use dialgraph_config::Config;
use dialgraph_connect::signature::Verifier;
use dialgraph_deploy::ConfiguredTokens;
use dialgraph_webhook::Secret;

use crate::http::auth;
use crate::state::{App, AppError};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// What proves who asks.
#[derive(Debug)]
pub struct Credentials {
    /// None: events of Connect need no signature.
    verifier: Option<RwLock<Arc<Verifier>>>,
    tokens: ConfiguredTokens,
    /// What reports of tickets are signed with.
    reports: Held<Secret>,
    /// What news of tickets must be signed with.
    incoming: Held<Secret>,
    /// What Zendesk signs with.
    zendesk: Held<Secret>,
    /// What Kakao's requests hold, as digests: a comparison tells nothing of the secret.
    kakao: Held<Digest>,
}

/// Secrets that can be replaced.
#[derive(Debug)]
struct Held<T>(RwLock<Arc<Vec<T>>>);

impl<T> Held<T> {
    fn new(secrets: Vec<T>) -> Self {
        Self(RwLock::new(Arc::new(secrets)))
    }

    fn get(&self) -> Arc<Vec<T>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, secrets: Vec<T>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(secrets);
    }
}

impl Credentials {
    /// # Errors
    /// Which key or token is wrong and how, without showing it.
    pub(crate) fn new(config: &Config, now_seconds: u64) -> Result<Self, AppError> {
        let tokens = config.api.read_tokens().map_err(AppError::Tokens)?;
        let verifier = auth::verifier(config, now_seconds).map_err(AppError::Keys)?;
        let verifier = verifier.map(|verifier| RwLock::new(Arc::new(verifier)));
        let tickets = |read: Result<_, String>| read.map_err(AppError::Tickets);
        Ok(Self {
            verifier,
            tokens: tokens.into(),
            reports: Held::new(tickets(config.tickets.read_webhook_secrets())?),
            incoming: Held::new(tickets(config.tickets.read_incoming_secrets())?),
            zendesk: Held::new(tickets(config.tickets.read_zendesk_secrets())?),
            kakao: Held::new(kakao(config).map_err(AppError::Kakao)?),
        })
    }

    /// What checks the signatures of requests; none: they need none.
    pub fn verifier(&self) -> Option<Arc<Verifier>> {
        let verifier = self.verifier.as_ref()?;
        Some(Arc::clone(&verifier.read().unwrap_or_else(PoisonError::into_inner)))
    }

    pub fn tokens(&self) -> &ConfiguredTokens {
        &self.tokens
    }

    /// What reports of tickets are signed with.
    pub(crate) fn report_secrets(&self) -> Arc<Vec<Secret>> {
        self.reports.get()
    }

    /// What news of tickets must be signed with.
    pub(crate) fn incoming_secrets(&self) -> Arc<Vec<Secret>> {
        self.incoming.get()
    }

    /// What Zendesk signs with.
    pub(crate) fn zendesk_secrets(&self) -> Arc<Vec<Secret>> {
        self.zendesk.get()
    }

    /// Whether this is a secret of Kakao's requests.
    pub(crate) fn is_of_kakao(&self, secret: &str) -> bool {
        self.kakao.get().contains(&Digest::of(secret.as_bytes()))
    }

    fn read_kakao(&self, config: &Config) -> Result<(), String> {
        self.kakao.replace(kakao(config)?);
        Ok(())
    }

    fn read_reports(&self, config: &Config) -> Result<(), String> {
        self.reports.replace(config.tickets.read_webhook_secrets()?);
        Ok(())
    }

    fn read_incoming(&self, config: &Config) -> Result<(), String> {
        self.incoming.replace(config.tickets.read_incoming_secrets()?);
        Ok(())
    }

    fn read_zendesk(&self, config: &Config) -> Result<(), String> {
        self.zendesk.replace(config.tickets.read_zendesk_secrets()?);
        Ok(())
    }

    fn read_keys(&self, config: &Config) -> Result<(), String> {
        let Some(verifier) = &self.verifier else { return Ok(()) };
        let keys = config.connect.read_keys()?;
        let mut verifier = verifier.write().unwrap_or_else(PoisonError::into_inner);
        let other = verifier.with_keys(keys).map_err(|error| error.to_string())?;
        *verifier = Arc::new(other);
        Ok(())
    }

    fn read_tokens(&self, config: &Config) -> Result<(), String> {
        self.tokens.replace(config.api.read_tokens()?);
        Ok(())
    }
}

fn kakao(config: &Config) -> Result<Vec<Digest>, String> {
    let secrets = config.kakao.read_secrets()?;
    Ok(secrets.iter().map(|secret| Digest::of(secret.as_bytes())).collect())
}

/// A file and what was in it when it was last looked at.
struct Watched {
    key: &'static str,
    file: PathBuf,
    seen: Option<Digest>,
    take: fn(&Credentials, &Config) -> Result<(), String>,
}

impl Watched {
    /// Looks at the file, and takes it over if it is another one. Blocks.
    fn look(&mut self, app: &App) {
        let read = dialgraph_files::read(&self.file, dialgraph_files::MAX_SETTINGS);
        let seen = read.ok().map(|bytes| Digest::of(&bytes));
        if seen == self.seen {
            return;
        }
        self.seen = seen;
        let (key, file) = (self.key, self.file.display());
        match (self.take)(&app.credentials, &app.config) {
            Ok(()) => tracing::info!(key, %file, "the new contents of the file apply now"),
            Err(error) => {
                tracing::error!(
                    key,
                    error,
                    "the file changed and is invalid; the earlier contents still apply"
                );
            }
        }
    }
}

/// Looks at the files for as long as the server lives.
pub(crate) async fn run(app: Weak<App>) {
    let Some(config) = app.upgrade().map(|app| app.config.clone()) else { return };
    let watched = |key, file: Option<PathBuf>, take| {
        // Nothing was seen yet: what changed since the server read it must not be missed.
        file.map(|file| Watched { key, file, seen: None, take })
    };
    let keys = watched("connect.keys_file", config.connect.keys_file, Credentials::read_keys);
    let tokens = watched("api.tokens_file", config.api.tokens_file, Credentials::read_tokens);
    let kakao = watched("kakao.secrets_file", config.kakao.secrets_file, Credentials::read_kakao);
    let tickets = config.tickets;
    let reports = watched(
        "tickets.webhook_secrets_file",
        tickets.webhook_secrets_file,
        Credentials::read_reports,
    );
    let incoming = watched(
        "tickets.incoming_secrets_file",
        tickets.incoming_secrets_file,
        Credentials::read_incoming,
    );
    let zendesk = watched(
        "tickets.zendesk_secrets_file",
        tickets.zendesk_secrets_file,
        Credentials::read_zendesk,
    );
    let mut all: Vec<Watched> =
        [keys, tokens, kakao, reports, incoming, zendesk].into_iter().flatten().collect();
    while !all.is_empty() {
        let Some(app) = app.upgrade() else { return };
        let looked = tokio::task::spawn_blocking(move || {
            all.iter_mut().for_each(|watched| watched.look(&app));
            all
        });
        match looked.await {
            Ok(looked) => all = looked,
            Err(_) => return, // the runtime is ending
        }
        tokio::time::sleep(EVERY).await;
    }
}
