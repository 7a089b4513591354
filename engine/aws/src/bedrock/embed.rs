//! Texts as vectors: Amazon Titan Text Embeddings V2 by `InvokeModel`.

use std::time::Duration;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::{Builder, retry::RetryConfig};
use aws_sdk_bedrockruntime::primitives::Blob;
use serde::{Deserialize, Serialize};

use super::SERVICE;
use crate::connection::{Connection, within};
use crate::error::{AwsError, Cause, ServiceFailure};

/// Numbers in a vector. Of 1024, 512 and 256 the one that keeps nearly all of the accuracy at half
/// the size:
/// <https://aws.amazon.com/blogs/aws/amazon-titan-text-v2-now-available-in-amazon-bedrock-optimized-for-improving-rag>.
pub const DIMENSIONS: usize = 512;

/// Longer texts are cut. The model takes 8,192 tokens; a Korean syllable may be more than one.
const MAX_CHARS: usize = 4000;

/// Makes vectors of length 1, of [`DIMENSIONS`] numbers.
#[derive(Debug, Clone)]
pub struct Titan {
    client: Client,
    model: String,
}

/// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    input_text: &'a str,
    dimensions: usize,
    normalize: bool,
}

#[derive(Deserialize)]
struct Answer {
    embedding: Vec<f32>,
}

impl Titan {
    /// # Errors
    /// If `model` cannot be one of this family, whose requests look like this.
    pub fn new(connection: &Connection, model: &str) -> Result<Self, AwsError> {
        if !model.starts_with("amazon.titan-embed-text-v2") && !model.starts_with("arn:aws") {
            let message = format!(
                "`{model}`: only Titan Text Embeddings V2 can be asked; write `amazon.titan-embed-text-v2:0`, or the ARN of what runs it"
            );
            return Err(AwsError::new("aws.embedding_model", message));
        }
        let config = Builder::from(connection.sdk()).retry_config(RetryConfig::disabled()).build();
        Ok(Self { client: Client::from_conf(config), model: model.to_owned() })
    }

    /// The model's id.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The vector of `text`, within `limit`.
    ///
    /// # Errors
    /// If the service fails, or gives something else.
    pub async fn embed(&self, text: &str, limit: Duration) -> Result<Vec<f32>, ServiceFailure> {
        let end = text.char_indices().nth(MAX_CHARS).map_or(text.len(), |(end, _)| end);
        let body = Body { input_text: &text[..end], dimensions: DIMENSIONS, normalize: true };
        let body = serde_json::to_vec(&body)
            .map_err(|error| ServiceFailure::new(SERVICE, Cause::Bug, error.to_string()))?;
        let answer = self
            .client
            .invoke_model()
            .model_id(&self.model)
            .content_type("application/json")
            .accept("application/json")
            .body(Blob::new(body))
            .customize()
            .config_override(Builder::default().timeout_config(within(limit)))
            .send()
            .await
            .map_err(|error| ServiceFailure::of(SERVICE, &error).hiding([text]))?;
        let malformed = |why: &str| ServiceFailure::new(SERVICE, Cause::Malformed, why);
        let answer: Answer = serde_json::from_slice(answer.body.as_ref())
            .map_err(|_| malformed("its answer is no embedding"))?;
        if answer.embedding.len() != DIMENSIONS {
            let count = answer.embedding.len();
            return Err(malformed(&format!("the embedding has {count} numbers, not {DIMENSIONS}")));
        }
        Ok(answer.embedding)
    }
}
