//! Lex, Bedrock and embeddings, as the configuration names them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dialgraph_aws::bedrock::embed::Titan;
use dialgraph_aws::bedrock::{Bedrock, Limits, Names};
use dialgraph_aws::knowledge::{Hybrid, Vectors};
use dialgraph_aws::lex::{self, Lex};
use dialgraph_aws::{AwsError, Connection};
use dialgraph_config::{Config, GenaiProvider, KnowledgeProvider, NluProvider};
use dialgraph_deploy::ProviderOverride;
use dialgraph_flow::Project;
use dialgraph_kernel::provider::Providers;
use dialgraph_store::Store;

use crate::error::WiringError;

/// What all releases share of Amazon's services.
struct Services {
    lex: Option<(Arc<Lex>, Vec<String>)>,
    bedrock: Option<(Arc<Bedrock>, Vec<String>)>,
    vectors: Option<Arc<Vectors>>,
    /// How long a question may take to be embedded.
    question: Duration,
}

/// # Errors
/// The key that is wrong, and what to write there.
pub(super) async fn refit(
    config: &Config,
    store: &Arc<dyn Store>,
) -> Result<ProviderOverride, WiringError> {
    // Before anything is connected: a mistake in a setting is told at once.
    let settings = Settings::read(config)?;
    let connection = dialgraph_aws::connect(config.aws.region.as_deref()).await;
    connection.has_region()?;
    let services = settings.services(&connection, config, store)?;
    let runtime = tokio::runtime::Handle::current();
    Ok(Arc::new(move |project, providers| {
        // Articles are embedded in the background, whatever thread a release is made on.
        let _runtime = runtime.enter();
        services.put_into(project, providers)
    }))
}

/// What the keys say, read.
struct Settings {
    bots: Option<BTreeMap<String, lex::Bot>>,
    names: Option<Names>,
}

impl Settings {
    fn read(config: &Config) -> Result<Self, AwsError> {
        let (asked, aws) = (&config.providers, &config.aws);
        let bots = match asked.nlu {
            NluProvider::Local => None,
            NluProvider::Lex if aws.lex_bots.is_empty() => {
                let message = "it is empty, and providers.nlu asks for Lex; write such as [\"default=ABCDEFGHIJ/TSTALIASID\"]";
                return Err(AwsError::new("aws.lex_bots", message));
            }
            NluProvider::Lex => Some(lex::bots(&aws.lex_bots)?),
        };
        let names = match asked.genai {
            GenaiProvider::Local => None,
            GenaiProvider::Bedrock => {
                Some(Names::read(aws.model.as_deref(), &aws.models, &aws.guardrails)?)
            }
        };
        Ok(Self { bots, names })
    }

    fn services(
        self,
        connection: &Connection,
        config: &Config,
        store: &Arc<dyn Store>,
    ) -> Result<Services, WiringError> {
        let budget = config.turns.budget;
        let lex = self.bots.map(|bots| {
            let names = bots.keys().cloned().collect();
            (Arc::new(Lex::new(connection, bots, budget)), names)
        });
        let bedrock = self.names.map(|names| {
            let guardrails = names.guardrails.keys().cloned().collect();
            // An answer in one piece is a whole answer: it has what the provider has, over turns if
            // need be.
            let own = config.providers.timeouts.iter().find(|(name, _)| name == "genai");
            let limits = Limits {
                first: budget,
                idle: budget.mul_f64(0.75),
                whole: own.map_or(config.providers.timeout, |(_, time)| *time),
            };
            let bedrock = Bedrock::new(connection, names, limits, config.aws.streaming);
            (Arc::new(bedrock), guardrails)
        });
        let vectors = match config.providers.knowledge {
            KnowledgeProvider::Local => None,
            KnowledgeProvider::Hybrid => {
                let titan = Titan::new(connection, &config.aws.embedding_model)?;
                Some(Arc::new(Vectors::new(titan, Arc::clone(store))?))
            }
        };
        Ok(Services { lex, bedrock, vectors, question: budget.mul_f64(0.25) })
    }
}

impl Services {
    fn put_into(&self, project: &Project, mut providers: Providers) -> Result<Providers, String> {
        if let Some((lex, bots)) = &self.lex {
            has_all(project, "intents/", ".intents.yaml", bots, "aws.lex_bots", "BOT_ID/ALIAS_ID")?;
            providers.nlu = lex.clone();
        }
        if let Some((bedrock, guardrails)) = &self.bedrock {
            let (ending, stands) = (".guardrail.yaml", "GUARDRAIL_ID/VERSION");
            has_all(project, "guardrails/", ending, guardrails, "aws.guardrails", stands)?;
            providers.genai = bedrock.clone();
        }
        if let Some(vectors) = &self.vectors {
            let local = dialgraph_local::knowledge_of(project.files());
            let local = Arc::new(local.map_err(|error| error.to_string())?);
            providers.knowledge = Arc::new(Hybrid::new(local, vectors, self.question));
        }
        Ok(providers)
    }
}

/// A project's bots and guardrails must have their counterparts: without the former a call ends in
/// an error, without the latter answers would go out that nobody judges.
fn has_all(
    project: &Project,
    folder: &str,
    ending: &str,
    known: &[String],
    key: &str,
    stands: &str,
) -> Result<(), String> {
    for path in project.files().keys() {
        let name = path.strip_prefix(folder).and_then(|name| name.strip_suffix(ending));
        if let Some(name) = name.filter(|name| !known.iter().any(|known| known == name)) {
            return Err(format!(
                "{key}: nothing stands for `{name}` of {path}; add `{name}={stands}`"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config::default();
        config.providers.nlu = NluProvider::Lex;
        config.providers.genai = GenaiProvider::Bedrock;
        config.providers.knowledge = KnowledgeProvider::Hybrid;
        config.aws.region = Some("ap-northeast-2".into());
        config.aws.lex_bots = vec!["default=ABCDEFGHIJ/TSTALIASID".into()];
        config.aws.model = Some("amazon.nova-lite-v1:0".into());
        config.aws.guardrails = vec!["default=gr1a2b3c4d5e/1".into()];
        change(&mut config);
        config
    }

    fn store() -> Arc<dyn Store> {
        let clock = Arc::new(dialgraph_store::ManualClock::default());
        Arc::new(dialgraph_store::MemoryStore::new(clock))
    }

    async fn refused(change: impl FnOnce(&mut Config)) -> String {
        match refit(&config(change), &store()).await {
            Ok(_) => "it is taken".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_setting_is_told_with_its_key_before_anything_starts() {
        let told = [
            refused(|_| {}).await,
            refused(|c| c.aws.lex_bots.clear()).await,
            refused(|c| c.aws.lex_bots.push("desk:ABCDEFGHIJ".into())).await,
            refused(|c| c.aws.model = None).await,
            refused(|c| c.aws.models = vec!["fast".into()]).await,
            refused(|c| c.aws.guardrails = vec!["default=gr1a2b3c4d5e".into()]).await,
            refused(|c| c.aws.embedding_model = "cohere.embed-v4:0".into()).await,
        ];
        insta::assert_debug_snapshot!(told, @r#"
        [
            "it is taken",
            "aws.lex_bots: it is empty, and providers.nlu asks for Lex; write such as [\"default=ABCDEFGHIJ/TSTALIASID\"]",
            "aws.lex_bots: `desk:ABCDEFGHIJ`: there is no `=`; write such as `default=ABCDEFGHIJ/TSTALIASID`",
            "aws.model: it is empty; write a model's id such as `amazon.nova-lite-v1:0`, or an inference profile's",
            "aws.models: `fast`: there is no `=`; write such as `fast=amazon.nova-micro-v1:0`",
            "aws.guardrails: `default=gr1a2b3c4d5e`: there is no `/` before the version; write such as `default=gr1a2b3c4d5e/1`",
            "aws.embedding_model: `cohere.embed-v4:0`: only Titan Text Embeddings V2 can be asked; write `amazon.titan-embed-text-v2:0`, or the ARN of what runs it",
        ]
        "#);
    }

    #[tokio::test]
    async fn a_project_whose_bot_or_guardrail_has_no_counterpart_is_refused() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../flows/support-desk");
        let project = Project::load(std::path::Path::new(folder)).unwrap();
        let project = &project;
        let providers = || {
            let files = dialgraph_local::LanguageProviders::of_files(project.files()).unwrap();
            dialgraph_local::LocalConfig::with_language(files, store())
                .assemble()
                .unwrap()
                .providers
        };
        let wrong = |change: fn(&mut Config)| {
            let (config, providers) = (config(change), providers());
            async move {
                let refit = refit(&config, &store()).await.unwrap();
                refit(project, providers).map(|_| ()).unwrap_err()
            }
        };
        let bots = wrong(|c| c.aws.lex_bots = vec!["desk=ABCDEFGHIJ/TSTALIASID".into()]).await;
        insta::assert_snapshot!(bots, @"aws.lex_bots: nothing stands for `default` of intents/default.intents.yaml; add `default=BOT_ID/ALIAS_ID`");
        let guardrails = wrong(|c| c.aws.guardrails.clear()).await;
        insta::assert_snapshot!(guardrails, @"aws.guardrails: nothing stands for `default` of guardrails/default.guardrail.yaml; add `default=GUARDRAIL_ID/VERSION`");
    }
}
