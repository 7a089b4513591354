//! What an operator can set, where it comes from, and what it is when nothing is set.
//!
//! Every key is declared once, in `keys`: its name, what it means, how it is read and shown. A TOML file is
//! read first, then the environment (`DIALGRAPH_SECTION__KEY`). All that is wrong is told at once, each with
//! its place and what to write instead.

mod keys;
mod load;
mod setting;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use dialgraph_connect::protocol::{CHAT_TIMEOUTS, KEY_TIMEOUTS};

pub use self::load::{ConfigError, Problem, Sources, usual_file};
pub use self::setting::ByteSize;

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub server: Server,
    pub tls: Tls,
    pub project: Project,
    pub store: Store,
    pub turns: Turns,
    pub calls: Calls,
    pub connect: Connect,
    pub api: Api,
    pub deploy: Deploy,
    pub providers: Providers,
    pub aws: Aws,
    pub plugins: Plugins,
    pub log: Log,
    pub otlp: Otlp,
}

/// Connections.
#[derive(Debug, Clone)]
pub struct Server {
    pub listen: SocketAddr,
    /// Connections at the same time.
    pub connections: u32,
    pub max_body: ByteSize,
    /// A client must have sent its request's head within this.
    pub header_timeout: Duration,
    /// A request is answered or given up within this.
    pub request_timeout: Duration,
    /// After SIGTERM: unready, but serving, for so long.
    pub drain_delay: Duration,
    /// After that: time for what is under way.
    pub drain_timeout: Duration,
}

/// Encryption of connections; none unless both are set.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

#[derive(Debug, Clone)]
pub struct Project {
    pub folder: PathBuf,
}

#[derive(Debug, Clone)]
pub struct Store {
    pub backend: Backend,
    /// Of DynamoDB.
    pub table: String,
    /// What one request to DynamoDB may take.
    pub attempt_timeout: Duration,
    /// What one read or commit may take there, asking again included.
    pub operation_timeout: Duration,
    pub folder: PathBuf,
    pub cache: ByteSize,
    pub key_file: Option<PathBuf>,
}

/// Where rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// In a folder that one process owns.
    Sled,
    /// In a table that any number of processes share.
    Dynamodb,
}

/// One turn of a call.
#[derive(Debug, Clone)]
pub struct Turns {
    /// Time in which providers may answer before the caller hears a comfort prompt.
    pub budget: Duration,
    /// How long the caller then waits.
    pub comfort_wait: Duration,
    /// Time from a request's arrival to its answer, come what may.
    pub answer_within: Duration,
    /// Turns at the same time, those that wait for providers included.
    pub at_once: u32,
    /// Turns that may wait for their beginning.
    pub waiting: u32,
    /// How long one may wait for it.
    pub wait: Duration,
    /// Threads that run plugins; 0 stands for one for each processor, but at least two.
    pub workers: u32,
}

#[derive(Debug, Clone)]
pub struct Calls {
    /// A call that has had no event for so long is over: its caller is gone.
    pub idle_limit: Duration,
    /// How often that is looked at.
    pub idle_check: Duration,
    /// How long a turn, and a call that is over, are kept; zero: for ever.
    pub retention: Duration,
}

impl Calls {
    /// The retention in milliseconds; none: for ever.
    pub fn keep_millis(&self) -> Option<u64> {
        let millis = u64::try_from(self.retention.as_millis()).unwrap_or(u64::MAX);
        (millis > 0).then_some(millis)
    }
}

/// The endpoint for Amazon Connect.
#[derive(Clone)]
pub struct Connect {
    pub signature: Guard,
    /// `ID:HEX` each.
    pub keys: Vec<String>,
    pub keys_file: Option<PathBuf>,
    pub window: Duration,
    pub nonces: u32,
}

impl std::fmt::Debug for Connect {
    /// Without the keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connect").field("signature", &self.signature).finish_non_exhaustive()
    }
}

/// The calls API.
#[derive(Clone)]
pub struct Api {
    pub authentication: Guard,
    /// `NAME:ROLE:SHA256` each.
    pub tokens: Vec<String>,
    /// More of them, which may change while the server runs.
    pub tokens_file: Option<PathBuf>,
    /// Of `/metrics`.
    pub metrics: Guard,
}

impl Api {
    /// Whether there are tokens, or a file for them.
    pub fn has_tokens(&self) -> bool {
        !self.tokens.is_empty() || self.tokens_file.is_some()
    }
}

impl std::fmt::Debug for Api {
    /// Without the tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("authentication", &self.authentication).finish_non_exhaustive()
    }
}

/// How flows and plugins are changed while calls are up.
#[derive(Debug, Clone)]
pub struct Deploy {
    pub admin: Admin,
    pub take_in: TakeIn,
    /// Takes in what changes in the project folder.
    pub watch: bool,
    /// How often that is looked at.
    pub watch_interval: Duration,
    /// How often it is looked whether other processes changed what is live, and which releases have no more calls.
    pub interval: Duration,
    pub max_body: ByteSize,
    pub require_signed: bool,
    /// `NAME:KEY` each, with the key of a `minisign.pub`.
    pub trusted_keys: Vec<String>,
    pub canary_min_calls: u32,
    pub canary_more_errors: u32,
    pub canary_traps: u32,
    /// Releases whose content stays though nothing needs it; 0: all.
    pub keep_releases: u32,
    /// For so long after they were live, content stays in any case.
    pub keep_for: Duration,
}

/// Whether the admin API is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admin {
    /// If only this machine can reach the server, or there are tokens that requests must have.
    Auto,
    On,
    Off,
}

/// When the project folder is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeIn {
    /// [`Always`](Self::Always) with a store of its own, [`First`](Self::First) with one that processes share.
    Auto,
    /// At every start, and while it is watched.
    Always,
    /// When nothing is live yet.
    First,
}

/// Whether requests must prove where they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Required if there is something to prove it with, or the address can be reached from other machines.
    Auto,
    Required,
    Off,
}

/// What plugins ask of the world outside.
#[derive(Debug, Clone)]
pub struct Providers {
    /// One request, retries included, is given up after this.
    pub timeout: Duration,
    /// The same for single providers.
    pub timeouts: Vec<(String, Duration)>,
    /// Tries of one request that failed because the provider was not available.
    pub tries: u32,
    pub backoff: Duration,
    /// Failures in a row after which a provider is left alone; 0: never.
    pub breaker_failures: u32,
    /// For how long.
    pub breaker_pause: Duration,
    pub secrets_folder: Option<PathBuf>,
    pub extra_roots: Option<PathBuf>,
    pub nlu: Nlu,
    pub genai: Genai,
    pub knowledge: Knowledge,
    pub secrets: Secrets,
}

/// Who understands what callers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nlu {
    /// The recogniser that is trained from the project's intents.
    Local,
    /// Amazon Lex V2.
    Lex,
}

/// Who writes answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Genai {
    /// Sentences of the project's articles.
    Local,
    /// A model on Amazon Bedrock.
    Bedrock,
}

/// How articles are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// By their words.
    Local,
    /// By their words and by embeddings from Amazon Bedrock.
    Hybrid,
}

/// Where secrets are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// In a folder and in the environment.
    Local,
    /// In AWS Secrets Manager.
    SecretsManager,
}

/// What Amazon's services are called with. Region, credentials and endpoints come from where the AWS SDK looks for
/// them.
#[derive(Debug, Clone)]
pub struct Aws {
    /// None: as the SDK finds it.
    pub region: Option<String>,
    /// `NAME=BOT_ID/ALIAS_ID` each.
    pub lex_bots: Vec<String>,
    /// For requests that name no model.
    pub model: Option<String>,
    /// `NAME=MODEL_ID` each.
    pub models: Vec<String>,
    /// `NAME=GUARDRAIL_ID/VERSION` each.
    pub guardrails: Vec<String>,
    /// Whether answers without a guardrail are streamed.
    pub streaming: bool,
    pub embedding_model: String,
    /// `NAME=SECRET_ID[#KEY]` each.
    pub secrets: Vec<String>,
    /// Before the name of each other secret.
    pub secrets_prefix: String,
}

#[derive(Debug, Clone)]
pub struct Plugins {
    pub cache: Option<PathBuf>,
    /// Compiled for any machine of this architecture, not for this one alone.
    pub portable: bool,
    /// Plugins that run at the same time.
    pub runs: u32,
}

#[derive(Debug, Clone)]
pub struct Log {
    pub format: LogFormat,
    /// As `tracing_subscriber::EnvFilter` reads it.
    pub level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty at a terminal, JSON otherwise.
    Auto,
    Json,
    Pretty,
}

/// Where spans go, beside the log.
#[derive(Debug, Clone, Default)]
pub struct Otlp {
    /// Base URL of a collector; none: what the standard's own variables say.
    pub endpoint: Option<String>,
    pub service_name: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            server: Server {
                listen: SocketAddr::from(([127, 0, 0, 1], 7700)),
                connections: 4096,
                max_body: ByteSize(256 << 10),
                header_timeout: seconds(10),
                request_timeout: seconds(30),
                drain_delay: Duration::ZERO,
                drain_timeout: seconds(20),
            },
            tls: Tls::default(),
            project: Project { folder: "flows".into() },
            store: Store {
                backend: Backend::Sled,
                table: "dialgraph".to_owned(),
                attempt_timeout: Duration::from_millis(500),
                operation_timeout: seconds(2),
                folder: ".dialgraph/store".into(),
                cache: ByteSize(64 << 20),
                key_file: None,
            },
            turns: Turns {
                budget: seconds(4),
                comfort_wait: seconds(2),
                answer_within: Duration::from_millis(5500),
                at_once: 256,
                waiting: 256,
                wait: seconds(1),
                workers: 0,
            },
            calls: Calls {
                idle_limit: seconds(40 * 60),
                idle_check: seconds(60),
                retention: Duration::ZERO,
            },
            connect: Connect {
                signature: Guard::Auto,
                keys: Vec::new(),
                keys_file: None,
                window: seconds(300),
                nonces: 1_000_000,
            },
            api: Api {
                authentication: Guard::Auto,
                tokens: Vec::new(),
                tokens_file: None,
                metrics: Guard::Auto,
            },
            deploy: Deploy {
                admin: Admin::Auto,
                take_in: TakeIn::Auto,
                watch: true,
                watch_interval: Duration::from_millis(250),
                interval: seconds(2),
                max_body: ByteSize(96 << 20),
                require_signed: false,
                trusted_keys: Vec::new(),
                canary_min_calls: 20,
                canary_more_errors: 5,
                canary_traps: 0,
                keep_releases: 20,
                keep_for: seconds(7 * 24 * 60 * 60),
            },
            providers: Providers {
                timeout: seconds(60),
                timeouts: Vec::new(),
                tries: 3,
                backoff: Duration::from_millis(100),
                breaker_failures: 5,
                breaker_pause: seconds(30),
                secrets_folder: None,
                extra_roots: None,
                nlu: Nlu::Local,
                genai: Genai::Local,
                knowledge: Knowledge::Local,
                secrets: Secrets::Local,
            },
            aws: Aws {
                region: None,
                lex_bots: Vec::new(),
                model: None,
                models: Vec::new(),
                guardrails: Vec::new(),
                streaming: true,
                embedding_model: "amazon.titan-embed-text-v2:0".to_owned(),
                secrets: Vec::new(),
                secrets_prefix: "dialgraph/".to_owned(),
            },
            plugins: Plugins { cache: None, portable: false, runs: 120 },
            log: Log { format: LogFormat::Auto, level: "info".to_owned() },
            otlp: Otlp::default(),
        }
    }
}

impl Config {
    /// Whether other machines can reach the server.
    pub fn is_exposed(&self) -> bool {
        !self.server.listen.ip().is_loopback()
    }

    /// Whether the turn endpoint takes signed requests only.
    pub fn must_sign(&self) -> bool {
        let has_keys = !self.connect.keys.is_empty() || self.connect.keys_file.is_some();
        match self.connect.signature {
            Guard::Auto => has_keys || self.is_exposed(),
            Guard::Required => true,
            Guard::Off => false,
        }
    }

    /// Whether the calls API wants a token.
    pub fn must_authenticate(&self) -> bool {
        match self.api.authentication {
            Guard::Auto => self.api.has_tokens() || self.is_exposed(),
            Guard::Required => true,
            Guard::Off => false,
        }
    }

    /// Whether `/metrics` wants a token. On the machine itself a scraper needs none.
    pub fn must_authenticate_metrics(&self) -> bool {
        match self.api.metrics {
            Guard::Auto => self.is_exposed() && self.must_authenticate(),
            Guard::Required => true,
            Guard::Off => false,
        }
    }

    /// Whether the admin API is there at all.
    pub fn serves_admin(&self) -> bool {
        match self.deploy.admin {
            Admin::Auto if self.is_exposed() => self.must_authenticate() && self.api.has_tokens(),
            Admin::Auto => true,
            // Anybody could put anything live.
            Admin::On => !self.is_exposed() || self.must_authenticate(),
            Admin::Off => false,
        }
    }

    /// Whether changes in the project folder go live by themselves. Processes that share a store may have folders that
    /// differ, and one with an old one must not put that live for all.
    pub fn takes_in_changes(&self) -> bool {
        match self.deploy.take_in {
            TakeIn::Auto => self.store.backend == Backend::Sled,
            TakeIn::Always => true,
            TakeIn::First => false,
        }
    }

    /// Whether a customer of Amazon Connect who is asked something may take all the time that the bridge flow gives
    /// them, and is not taken for gone before.
    ///
    /// # Errors
    /// What to set instead.
    pub fn outlasts_questions(&self) -> Result<(), String> {
        let longest = CHAT_TIMEOUTS.into_iter().chain(KEY_TIMEOUTS).max().unwrap_or_default();
        if self.calls.idle_limit > Duration::from_secs(u64::from(longest)) {
            return Ok(());
        }
        Err(format!(
            "must be more than \"{}m\", for which the bridge flow may wait for a customer; \"40m\" leaves room for what is said before",
            longest / 60
        ))
    }

    /// How many threads run turns.
    pub fn workers(&self) -> usize {
        match self.turns.workers {
            0 => std::thread::available_parallelism().map_or(2, usize::from).max(2),
            workers => workers as usize,
        }
    }
}
