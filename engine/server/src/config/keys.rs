//! Every key there is.

use super::setting::{Given, Setting, Word, read_word, show_word};
use super::{Admin, Backend, Config, Genai, Guard, Knowledge, LogFormat, Nlu, Secrets, TakeIn};

/// Reads a value into its place.
type Set = Box<dyn Fn(&mut Config, &Given) -> Result<(), String>>;

/// One key.
pub(super) struct Key {
    /// `section.key`.
    pub(super) path: &'static str,
    /// What it means, for whoever sets it.
    pub(super) doc: &'static str,
    /// Its value is never shown.
    pub(super) secret: bool,
    pub(super) set: Set,
    pub(super) show: Box<dyn Fn(&Config) -> String>,
}

impl Key {
    /// Its environment variable.
    pub(super) fn variable(&self) -> String {
        format!("DIALGRAPH_{}", self.path.replace('.', "__").to_uppercase())
    }

    fn secret(self) -> Self {
        Self { secret: true, ..self }
    }
}

fn key<T: Setting + Clone + 'static>(
    path: &'static str,
    doc: &'static str,
    place: fn(&mut Config) -> &mut T,
) -> Key {
    Key {
        path,
        doc,
        secret: false,
        set: Box::new(move |config, given| {
            *place(config) = T::read(given)?;
            Ok(())
        }),
        show: Box::new(move |config| place(&mut config.clone()).show()),
    }
}

impl Word for Guard {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("required", Self::Required), ("off", Self::Off)];
}

impl Word for Admin {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("on", Self::On), ("off", Self::Off)];
}

impl Setting for Admin {
    fn read(given: &Given) -> Result<Self, String> {
        read_word(given)
    }
    fn show(&self) -> String {
        show_word(*self)
    }
}

impl Word for TakeIn {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("always", Self::Always), ("first", Self::First)];
}

impl Setting for TakeIn {
    fn read(given: &Given) -> Result<Self, String> {
        read_word(given)
    }
    fn show(&self) -> String {
        show_word(*self)
    }
}

impl Word for LogFormat {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("json", Self::Json), ("pretty", Self::Pretty)];
}

impl Setting for Guard {
    fn read(given: &Given) -> Result<Self, String> {
        read_word(given)
    }
    fn show(&self) -> String {
        show_word(*self)
    }
}

impl Setting for LogFormat {
    fn read(given: &Given) -> Result<Self, String> {
        read_word(given)
    }
    fn show(&self) -> String {
        show_word(*self)
    }
}

impl Word for Backend {
    const WORDS: &'static [(&'static str, Self)] =
        &[("sled", Self::Sled), ("dynamodb", Self::Dynamodb)];
}

impl Setting for Backend {
    fn read(given: &Given) -> Result<Self, String> {
        read_word(given)
    }
    fn show(&self) -> String {
        show_word(*self)
    }
}

impl Word for Nlu {
    const WORDS: &'static [(&'static str, Self)] = &[("local", Self::Local), ("lex", Self::Lex)];
}

impl Setting for Nlu {
    fn read(given: &Given) -> Result<Self, String> {
        read_word(given)
    }
    fn show(&self) -> String {
        show_word(*self)
    }
}

impl Word for Genai {
    const WORDS: &'static [(&'static str, Self)] =
        &[("local", Self::Local), ("bedrock", Self::Bedrock)];
}

impl Setting for Genai {
    fn read(given: &Given) -> Result<Self, String> {
        read_word(given)
    }
    fn show(&self) -> String {
        show_word(*self)
    }
}

impl Word for Knowledge {
    const WORDS: &'static [(&'static str, Self)] =
        &[("local", Self::Local), ("hybrid", Self::Hybrid)];
}

impl Setting for Knowledge {
    fn read(given: &Given) -> Result<Self, String> {
        read_word(given)
    }
    fn show(&self) -> String {
        show_word(*self)
    }
}

impl Word for Secrets {
    const WORDS: &'static [(&'static str, Self)] =
        &[("local", Self::Local), ("secrets-manager", Self::SecretsManager)];
}

impl Setting for Secrets {
    fn read(given: &Given) -> Result<Self, String> {
        read_word(given)
    }
    fn show(&self) -> String {
        show_word(*self)
    }
}

/// All keys, by section, in the order in which they are printed.
pub(super) fn all() -> Vec<Key> {
    vec![
        key(
            "server.listen",
            "Address and port. With an address that other machines can reach, `connect.keys` and `api.tokens`\nmust be set, or the guards be turned off knowingly.",
            |c| &mut c.server.listen,
        ),
        key("server.connections", "Connections at the same time; more wait to be accepted.", |c| {
            &mut c.server.connections
        }),
        key("server.max_body", "Largest body of a request.", |c| &mut c.server.max_body),
        key(
            "server.header_timeout",
            "A client that has not sent the head of its request by then is cut off.",
            |c| &mut c.server.header_timeout,
        ),
        key("server.request_timeout", "A request is answered within this, or with 503.", |c| {
            &mut c.server.request_timeout
        }),
        key(
            "server.drain_delay",
            "After SIGTERM: how long to go on serving, while `/readyz` says no, so that load balancers notice.",
            |c| &mut c.server.drain_delay,
        ),
        key(
            "server.drain_timeout",
            "After that no connection is taken and no new turn begins; turns under way have so long to end.",
            |c| &mut c.server.drain_timeout,
        ),
        key(
            "tls.certificate",
            "PEM file with the certificate and its chain; empty: plain HTTP.",
            |c| &mut c.tls.certificate,
        ),
        key("tls.key", "PEM file with the certificate's private key.", |c| &mut c.tls.key),
        key("project.folder", "The folder that holds `dialgraph.yaml`.", |c| &mut c.project.folder),
        key(
            "store.backend",
            "Where calls, records and tickets are kept: \"sled\", a folder that one process owns, or \"dynamodb\", a table\nthat any number of processes share.",
            |c| &mut c.store.backend,
        ),
        key("store.table", "With DynamoDB: the table's name.", |c| &mut c.store.table),
        key(
            "store.attempt_timeout",
            "With DynamoDB: a request that has no answer within this is made again.",
            |c| &mut c.store.attempt_timeout,
        ),
        key(
            "store.operation_timeout",
            "With DynamoDB: one read or commit may take so long, asking again included. A turn makes several.",
            |c| &mut c.store.operation_timeout,
        ),
        key(
            "store.folder",
            "The folder of an embedded store; with DynamoDB, what this process keeps at hand of plugins and flows.",
            |c| &mut c.store.folder,
        ),
        key("store.cache", "Most memory for the store's cache.", |c| &mut c.store.cache),
        key(
            "store.key_file",
            "File with the keys that seal the store, newest first (or set DIALGRAPH_STORE_KEY); empty: as found there.",
            |c| &mut c.store.key_file,
        ),
        key(
            "turns.budget",
            "Providers may take so long before the caller hears a comfort prompt and the turn ends; they run on.",
            |c| &mut c.turns.budget,
        ),
        key(
            "turns.comfort_wait",
            "After a comfort prompt the caller waits so long before the engine looks again.",
            |c| &mut c.turns.comfort_wait,
        ),
        key(
            "turns.answer_within",
            "From a request's arrival to its answer, come what may; later whoever asks is told to ask again. Must be\nless than the Lambda's budget (6.5 s unless it is told otherwise, 7.5 s at most).",
            |c| &mut c.turns.answer_within,
        ),
        key("turns.at_once", "Turns at the same time, those that wait for providers included.", |c| {
            &mut c.turns.at_once
        }),
        key("turns.waiting", "Turns that may wait to begin; more get the fallback at once.", |c| {
            &mut c.turns.waiting
        }),
        key("turns.wait", "How long a turn may wait to begin before it gets the fallback.", |c| {
            &mut c.turns.wait
        }),
        key(
            "turns.workers",
            "Threads that run plugins; 0: one for each processor, at least two.",
            |c| &mut c.turns.workers,
        ),
        key(
            "calls.idle_limit",
            "A call without an event for so long is taken for hung up, so that it is wrapped up and logged.\nMore than 30m where Amazon Connect calls: chats wait so long for an answer.",
            |c| &mut c.calls.idle_limit,
        ),
        key("calls.idle_check", "How often such calls are looked for.", |c| &mut c.calls.idle_check),
        key(
            "calls.retention",
            "What was said and done in a turn is kept so long after it, a call that is over so long after its end, such as\n\"90d\"; then the store drops it by itself. \"0s\": for ever. What was written before it was set: `dialgraph store purge`.",
            |c| &mut c.calls.retention,
        ),
        key(
            "connect.signature",
            "Whether `/v1/connect/turn` takes signed requests only: \"required\", \"off\", or \"auto\": required if there\nare keys or other machines can reach the server.",
            |c| &mut c.connect.signature,
        ),
        key(
            "connect.keys",
            "Keys that requests may be signed with, `ID:HEX` with 32 bytes or more each; two while one replaces another.",
            |c| &mut c.connect.keys,
        )
        .secret(),
        key(
            "connect.keys_file",
            "File with such keys, one a line; `#` begins a comment. A change of it holds within seconds, without a restart.",
            |c| &mut c.connect.keys_file,
        ),
        key("connect.window", "How far a signed request's time may be off.", |c| {
            &mut c.connect.window
        }),
        key(
            "connect.nonces",
            "Signed requests remembered, so that none is taken twice; more than come within the window.",
            |c| &mut c.connect.nonces,
        ),
        key(
            "api.authentication",
            "Whether the calls and admin APIs want a bearer token: \"required\", \"off\", or \"auto\": required if there are\ntokens or other machines can reach the server. Where none is wanted on a loopback address, requests of web pages and\nof proxies are refused.",
            |c| &mut c.api.authentication,
        ),
        key(
            "api.tokens",
            "`NAME:ROLE:SHA256` each: who it is, `viewer`, `designer` or `operator`, and the token's SHA-256 in hex.",
            |c| &mut c.api.tokens,
        )
        .secret(),
        key(
            "api.tokens_file",
            "File with such tokens, one a line; `#` begins a comment. A change of it holds within seconds, without a restart.",
            |c| &mut c.api.tokens_file,
        ),
        key(
            "api.metrics",
            "Whether `/metrics` wants such a token, a viewer's or more: \"required\", \"off\", or \"auto\": required if other\nmachines can reach the server and the calls API wants one. In Prometheus: `authorization: {credentials_file: …}`.",
            |c| &mut c.api.metrics,
        ),
        key(
            "deploy.admin",
            "Whether flows and plugins can be changed over HTTP: \"on\", \"off\", or \"auto\": if only this machine can\nreach the server, or tokens are wanted and there are such.",
            |c| &mut c.deploy.admin,
        ),
        key(
            "deploy.take_in",
            "When the project folder is taken in: \"always\": what changed in it, at every start and while it is watched;\n\"first\": only when nothing is live yet; \"auto\": \"first\" if processes share the store, which may have folders that\ndiffer, or else \"always\".",
            |c| &mut c.deploy.take_in,
        ),
        key(
            "deploy.watch",
            "Takes in what changes in the project folder and its `plugins/` while the server runs, unless `deploy.take_in`\nis or comes to \"first\".",
            |c| &mut c.deploy.watch,
        ),
        key(
            "deploy.watch_interval",
            "How often the folder is looked at; a change is live within three looks and its check.",
            |c| &mut c.deploy.watch_interval,
        ),
        key(
            "deploy.interval",
            "How often the server looks whether another process changed what is live, how a canary does, and which\nreleases have no more calls.",
            |c| &mut c.deploy.interval,
        ),
        key("deploy.max_body", "Largest body of a request to the admin API.", |c| {
            &mut c.deploy.max_body
        }),
        key(
            "deploy.require_signed",
            "Takes no plugin without a good signature, but for those that come with dialgraph.",
            |c| &mut c.deploy.require_signed,
        ),
        key(
            "deploy.trusted_keys",
            "Whose signatures of plugins are good: `NAME:KEY` each, with the last line of a minisign.pub.",
            |c| &mut c.deploy.trusted_keys,
        ),
        key(
            "deploy.canary_min_calls",
            "A canary is judged by its errors once so many calls have tried it.",
            |c| &mut c.deploy.canary_min_calls,
        ),
        key(
            "deploy.canary_more_errors",
            "By how many of a hundred plugin visits more than in the live release may end in `error` before a canary\nis taken back.",
            |c| &mut c.deploy.canary_more_errors,
        ),
        key(
            "deploy.canary_traps",
            "So many traps of plugins are borne in a canary, unless the live release traps as often.",
            |c| &mut c.deploy.canary_traps,
        ),
        key(
            "deploy.keep_releases",
            "Releases, and versions of each flow and plugin, to which one can go back. Content that neither they nor\ncalls in progress need is removed from the disk, once an hour; 0: never.",
            |c| &mut c.deploy.keep_releases,
        ),
        key(
            "deploy.keep_for",
            "What was live within this time stays in any case: a call that was given away may come back so long.",
            |c| &mut c.deploy.keep_for,
        ),
        key(
            "providers.timeout",
            "A provider's answer is given up after this, retries included, unless its node's limit is shorter.",
            |c| &mut c.providers.timeout,
        ),
        key(
            "providers.timeouts",
            "The same for single providers, such as [\"genai=20s\", \"http=10s\"]. There are records, nlu, genai,\nknowledge, tickets, secrets and http.",
            |c| &mut c.providers.timeouts,
        ),
        key(
            "providers.tries",
            "How often a request is made when the provider is not available; 1: no retries.",
            |c| &mut c.providers.tries,
        ),
        key(
            "providers.backoff",
            "Before the first retry; doubled for each further one, with jitter.",
            |c| &mut c.providers.backoff,
        ),
        key(
            "providers.breaker_failures",
            "After so many failures in a row a provider is not asked for a while; 0: always asked.",
            |c| &mut c.providers.breaker_failures,
        ),
        key("providers.breaker_pause", "How long that while is.", |c| {
            &mut c.providers.breaker_pause
        }),
        key(
            "providers.secrets_folder",
            "Folder with a file for each secret that plugins may use; empty: only DIALGRAPH_SECRET_… variables.",
            |c| &mut c.providers.secrets_folder,
        ),
        key(
            "providers.extra_roots",
            "PEM file of certificate authorities that outbound requests trust beside the public ones.",
            |c| &mut c.providers.extra_roots,
        ),
        key(
            "providers.nlu",
            "Who understands callers: \"local\", trained from the project's intents, or \"lex\", Amazon Lex V2.",
            |c| &mut c.providers.nlu,
        ),
        key(
            "providers.genai",
            "Who writes answers: \"local\", sentences of the articles, or \"bedrock\", a model on Amazon Bedrock.",
            |c| &mut c.providers.genai,
        ),
        key(
            "providers.knowledge",
            "How articles are found: \"local\", by their words, or \"hybrid\", also by embeddings from Amazon Bedrock.",
            |c| &mut c.providers.knowledge,
        ),
        key(
            "providers.secrets",
            "Where secrets are looked for: \"local\", folder and environment, or \"secrets-manager\", AWS Secrets Manager.",
            |c| &mut c.providers.secrets,
        ),
        key(
            "aws.region",
            "Region of all services; empty: as the AWS SDK finds it. Credentials always come from where the SDK looks.",
            |c| &mut c.aws.region,
        ),
        key(
            "aws.lex_bots",
            "Which Lex V2 bot stands for each bot of the flows: `NAME=BOT_ID/ALIAS_ID` each.",
            |c| &mut c.aws.lex_bots,
        ),
        key(
            "aws.model",
            "Bedrock model, or inference profile, for requests that name none.",
            |c| &mut c.aws.model,
        ),
        key(
            "aws.models",
            "Which Bedrock model stands for each model name of the flows: `NAME=MODEL_ID` each.",
            |c| &mut c.aws.models,
        ),
        key(
            "aws.guardrails",
            "Which Bedrock guardrail stands for each guardrail of the flows: `NAME=GUARDRAIL_ID/VERSION` each.",
            |c| &mut c.aws.guardrails,
        ),
        key(
            "aws.streaming",
            "Whether answers without a guardrail are streamed, so that a model that stands still is noticed; some cannot.",
            |c| &mut c.aws.streaming,
        ),
        key("aws.embedding_model", "Bedrock model for embeddings of articles and questions.", |c| {
            &mut c.aws.embedding_model
        }),
        key(
            "aws.secrets",
            "Which secret in Secrets Manager, or which key of one that holds a JSON object, stands for a secret of the\nflows: `NAME=SECRET_ID` or `NAME=SECRET_ID#KEY` each.",
            |c| &mut c.aws.secrets,
        ),
        key(
            "aws.secrets_prefix",
            "What stands before the name of any other secret there.",
            |c| &mut c.aws.secrets_prefix,
        ),
        key(
            "plugins.cache",
            "Folder for compiled plugins; empty: `dialgraph` in the user's cache folder.",
            |c| &mut c.plugins.cache,
        ),
        key(
            "plugins.portable",
            "Compiles plugins for any machine of this architecture instead of for this one, so that compiled plugins can\nbe taken along; a little slower.",
            |c| &mut c.plugins.portable,
        ),
        key("plugins.runs", "Plugins that run at the same time; more wait.", |c| {
            &mut c.plugins.runs
        }),
        key("log.format", "\"json\", \"pretty\", or \"auto\": pretty at a terminal.", |c| {
            &mut c.log.format
        }),
        key(
            "log.level",
            "Least level that is logged: \"error\", \"warn\", \"info\" (each turn, and each node that runs a plugin), \"debug\"\n(every node) or \"trace\"; or one for each part, such as \"info,dialgraph_runtime=debug\".",
            |c| &mut c.log.level,
        ),
        key(
            "otlp.endpoint",
            "OpenTelemetry collector to which spans of turns and nodes go, by OTLP over HTTP, such as\n\"http://127.0.0.1:4318\"; empty: OTEL_EXPORTER_OTLP_ENDPOINT, and if that is not set, none.",
            |c| &mut c.otlp.endpoint,
        ),
        key(
            "otlp.service_name",
            "What this service is called there; empty: OTEL_SERVICE_NAME, or \"dialgraph\".",
            |c| &mut c.otlp.service_name,
        ),
    ]
}
