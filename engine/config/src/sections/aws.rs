//! What Amazon's services are called with. Credentials and endpoints come from where the AWS SDK
//! looks for them.

section! {
    /// Amazon's services, where the build has them.
    pub struct AwsSection, see "aws.md" {
        /// Region of all services; empty: as the AWS SDK finds it. Credentials always come from
        /// where the SDK looks.
        region: Option<String> = None;

        /// Which Lex V2 bot stands for each bot of the flows: `NAME=BOT_ID/ALIAS_ID` each.
        lex_bots: Vec<String> = Vec::new();

        /// Bedrock model, or inference profile, for requests that name none.
        model: Option<String> = None;

        /// Which Bedrock model stands for each model name of the flows: `NAME=MODEL_ID` each.
        models: Vec<String> = Vec::new();

        /// Which Bedrock guardrail stands for each guardrail of the flows:
        /// `NAME=GUARDRAIL_ID/VERSION` each.
        guardrails: Vec<String> = Vec::new();

        /// Whether answers without a guardrail are streamed, so that a model that stands still is
        /// noticed; some cannot.
        streaming: bool = true;

        /// Bedrock model for embeddings of articles and questions.
        embedding_model: String = "amazon.titan-embed-text-v2:0".to_owned();

        /// Which secret in Secrets Manager, or which key of one that holds a JSON object, stands
        /// for a secret of the flows: `NAME=SECRET_ID` or `NAME=SECRET_ID#KEY` each.
        secrets: Vec<String> = Vec::new();

        /// What stands before the name of any other secret there.
        secrets_prefix: String = "dialgraph/".to_owned();
    }
}
