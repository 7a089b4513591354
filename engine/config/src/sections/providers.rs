//! Who answers what plugins ask of the world, and for how long they are asked.

use std::path::PathBuf;
use std::time::Duration;

section! {
    /// Who answers what plugins ask of the world, and how long that may take.
    pub struct ProvidersSection {
        /// A provider's answer is given up after this, retries included, unless its node's limit is
        /// shorter.
        timeout: Duration = Duration::from_secs(60), more_than_zero;

        /// The same for single providers, such as ["genai=20s", "http=10s"]. There are records,
        /// nlu, genai, knowledge, tickets, secrets and http.
        timeouts: Vec<(String, Duration)> = Vec::new();

        /// How often a request is made when the provider is not available; 1: no retries.
        tries: u32 = 3, at_least(1);

        /// Before the first retry; doubled for each further one, with jitter.
        backoff: Duration = Duration::from_millis(100);

        /// After so many failures in a row a provider is not asked for a while; 0: always asked.
        breaker_failures: u32 = 5;

        /// How long that while is.
        breaker_pause: Duration = Duration::from_secs(30);

        /// Folder with a file for each secret that plugins may use; empty: only DIALGRAPH_SECRET_…
        /// variables.
        secrets_folder: Option<PathBuf> = None;

        /// PEM file of certificate authorities that outbound requests trust beside the public ones.
        extra_roots: Option<PathBuf> = None;

        /// Who understands callers: "local", trained from the project's intents, or "lex", Amazon
        /// Lex V2.
        nlu: NluProvider = NluProvider::Local;

        /// Who writes answers: "local", sentences of the articles, or "bedrock", a model on Amazon
        /// Bedrock.
        genai: GenaiProvider = GenaiProvider::Local;

        /// How articles are found: "local", by their words, or "hybrid", also by embeddings from
        /// Amazon Bedrock.
        knowledge: KnowledgeProvider = KnowledgeProvider::Local;

        /// Where secrets are looked for: "local", folder and environment, or "secrets-manager", AWS
        /// Secrets Manager.
        secrets: SecretsProvider = SecretsProvider::Local;
    }
}

words! {
    /// Who understands what callers say.
    pub enum NluProvider {
        /// The recogniser that is trained from the project's intents.
        Local = "local",
        /// Amazon Lex V2.
        Lex = "lex",
    }
}

words! {
    /// Who writes answers.
    pub enum GenaiProvider {
        /// Sentences of the project's articles.
        Local = "local",
        /// A model on Amazon Bedrock.
        Bedrock = "bedrock",
    }
}

words! {
    /// How articles are found.
    pub enum KnowledgeProvider {
        /// By their words.
        Local = "local",
        /// By their words and by embeddings from Amazon Bedrock.
        Hybrid = "hybrid",
    }
}

words! {
    /// Where secrets are looked for.
    pub enum SecretsProvider {
        /// In a folder and in the environment.
        Local = "local",
        /// In AWS Secrets Manager.
        SecretsManager = "secrets-manager",
    }
}
