//! Amazon Bedrock as the writer of answers: `Converse` and `ConverseStream`.
//!
//! * **Grounded.** Passages go with the caller's question as numbered sources; the model is told to
//!   answer from them alone and to mark each sentence with the number of its source (`prompt`). The
//!   marks are taken out again and become the port's citations, ranges of characters (`citations`).
//!   The model's word that the sources hold no answer becomes the stop reason `no-answer`, with a
//!   sentence that says so.
//! * **Whole sentences.** An answer is given when it is complete. One that was cut off by the limit
//!   of tokens loses its unfinished sentence; one whose stream broke is a failure, not half an
//!   answer.
//! * **A guardrail judges the whole answer.** With a guardrail the answer is not streamed: in a
//!   stream, what came before the guardrail stepped in has been sent already. Without one it is
//!   streamed, because a model that has stalled is then noticed at the first gap that is too long.
//! * **Not repeated here.** The server does, once; see [`crate::error`].
//!
//! What applied and why a guardrail stepped in is in the response's trace, without the words that
//! it found.

mod answer;
mod citations;
pub mod embed;
mod prompt;
mod stream;
mod trace;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::{Builder, retry::RetryConfig};
use aws_sdk_bedrockruntime::types as sdk;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::genai::{Request, Response};
use dialgraph_kernel::provider::{Caller, Genai};
use tokio::time::Instant;

use crate::connection::{Connection, within};
use crate::error::{AwsError, Cause, ServiceFailure};
use crate::names::{entries, known};
use answer::Raw;

/// Model or guardrail that is taken when a request names none.
pub const DEFAULT: &str = "default";

/// Largest passages together, in bytes, as the plugin contract has it.
const MAX_PASSAGE_BYTES: usize = 64 << 10;

pub(crate) const SERVICE: &str = "Amazon Bedrock";

/// A guardrail of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardrailId {
    /// Id or ARN.
    pub id: String,
    /// A number, or `DRAFT`.
    pub version: String,
}

/// How long what may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a streamed answer begins, and from there until its first word.
    pub first: Duration,
    /// Between two words of it.
    pub idle: Duration,
    /// For a whole answer, whether it comes in one piece or streamed.
    pub whole: Duration,
}

/// What names of the flows stand for.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Model ids, inference profiles or their ARNs; [`DEFAULT`] for requests that name none.
    pub models: BTreeMap<String, String>,
    /// [`DEFAULT`] is applied to requests that name none.
    pub guardrails: BTreeMap<String, GuardrailId>,
}

impl Names {
    /// Reads `aws.model`, `aws.models` and `aws.guardrails`.
    ///
    /// ```
    /// use dialgraph_aws::bedrock::Names;
    /// let guardrails = ["default=gr1a2b3c4d5e/3".to_owned()];
    /// let names = Names::read(Some("amazon.nova-lite-v1:0"), &[], &guardrails)?;
    /// assert_eq!(names.guardrails["default"].version, "3");
    /// # Ok::<(), dialgraph_aws::AwsError>(())
    /// ```
    ///
    /// # Errors
    /// Which key and entry is wrong, and how it is written.
    pub fn read(
        model: Option<&str>,
        models: &[String],
        guardrails: &[String],
    ) -> Result<Self, AwsError> {
        let Some(model) = model.map(str::trim).filter(|model| !model.is_empty()) else {
            let message = "it is empty; write a model's id such as `amazon.nova-lite-v1:0`, or an inference profile's";
            return Err(AwsError::new("aws.model", message));
        };
        let id = |value: &str| match value {
            "" => Err("there is no model behind the `=`"),
            value if value.contains(char::is_whitespace) => Err("a model's id has no spaces"),
            value => Ok(value.to_owned()),
        };
        let mut models = entries("aws.models", models, "fast=amazon.nova-micro-v1:0", id)?;
        if models.contains_key(DEFAULT) {
            let message = format!("`{DEFAULT}` is what aws.model is; leave it out here");
            return Err(AwsError::new("aws.models", message));
        }
        id(model).map_err(|why| AwsError::new("aws.model", format!("`{model}`: {why}")))?;
        models.insert(DEFAULT.to_owned(), model.to_owned());
        let guardrails =
            entries("aws.guardrails", guardrails, "default=gr1a2b3c4d5e/1", |value| {
                let (id, version) =
                    value.rsplit_once('/').ok_or("there is no `/` before the version")?;
                // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailConfiguration.html
                let number = version.parse::<u32>().is_ok_and(|n| (1..=99_999_999).contains(&n));
                if !number && version != "DRAFT" {
                    return Err("a version is a number from 1 on, or `DRAFT`");
                }
                let short = !id.is_empty()
                    && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
                if !short && !id.starts_with("arn:aws") {
                    return Err("a guardrail's id has small letters and digits only, or is an ARN");
                }
                Ok(GuardrailId { id: id.to_owned(), version: version.to_owned() })
            })?;
        Ok(Self { models, guardrails })
    }
}

/// Answers by models of Bedrock.
#[derive(Debug, Clone)]
pub struct Bedrock {
    client: Client,
    names: Names,
    limits: Limits,
    streaming: bool,
}

impl Bedrock {
    /// `streaming`: whether answers without a guardrail are streamed; some models cannot.
    pub fn new(connection: &Connection, names: Names, limits: Limits, streaming: bool) -> Self {
        let config = Builder::from(connection.sdk()).retry_config(RetryConfig::disabled()).build();
        Self { client: Client::from_conf(config), names, limits, streaming }
    }

    async fn whole(&self, ask: prompt::Ask) -> Result<Raw, ServiceFailure> {
        let limits = sdk_config(self.limits.whole);
        let answer = self
            .client
            .converse()
            .model_id(ask.model)
            .set_system(ask.system)
            .set_messages(Some(ask.messages))
            .set_inference_config(ask.inference)
            .set_guardrail_config(ask.guardrail)
            .customize()
            .config_override(limits)
            .send()
            .await
            .map_err(|error| ServiceFailure::of(SERVICE, &error))?;
        let Some(sdk::ConverseOutput::Message(message)) = answer.output else {
            return Err(ServiceFailure::new(
                SERVICE,
                Cause::Malformed,
                "its answer holds no message",
            ));
        };
        let mut text = String::new();
        for block in message.content {
            match block {
                sdk::ContentBlock::Text(part) => text.push_str(&part),
                sdk::ContentBlock::CitationsContent(cited) => {
                    for part in cited.content.into_iter().flatten() {
                        if let sdk::CitationGeneratedContent::Text(part) = part {
                            text.push_str(&part);
                        }
                    }
                }
                // What the model thinks is not for callers, and it was given no tools.
                _ => {}
            }
        }
        Ok(Raw {
            text,
            stop: answer.stop_reason.as_str().to_owned(),
            usage: answer.usage,
            trace: answer.trace.and_then(|trace| trace.guardrail),
        })
    }

    async fn streamed(&self, ask: prompt::Ask) -> Result<Raw, ServiceFailure> {
        let began = Instant::now();
        let output = self
            .client
            .converse_stream()
            .model_id(ask.model)
            .set_system(ask.system)
            .set_messages(Some(ask.messages))
            .set_inference_config(ask.inference)
            .customize()
            .config_override(sdk_config(self.limits.first))
            .send()
            .await
            .map_err(|error| ServiceFailure::of(SERVICE, &error))?;
        stream::collect(output, began, self.limits).await
    }
}

fn sdk_config(limit: Duration) -> Builder {
    Builder::default().timeout_config(within(limit))
}

#[async_trait]
impl Genai for Bedrock {
    async fn converse(&self, caller: &Caller, request: &Request) -> Result<Response, HostError> {
        let name = request.model.as_deref().unwrap_or(DEFAULT);
        let model = self.names.models.get(name).ok_or_else(|| {
            HostError::invalid(
                "unknown-model",
                format!(
                    "there is no model `{name}`; known: {}; add `{name}=MODEL_ID` to aws.models",
                    known(&self.names.models)
                ),
            )
        })?;
        let guardrail = match request.guardrail.as_deref() {
            None => self.names.guardrails.get_key_value(DEFAULT),
            Some(name) => Some(self.names.guardrails.get_key_value(name).ok_or_else(|| {
                HostError::invalid(
                    "unknown-guardrail",
                    format!(
                        "there is no guardrail `{name}`; known: {}; add `{name}=GUARDRAIL_ID/VERSION` to aws.guardrails",
                        known(&self.names.guardrails)
                    ),
                )
            })?),
        };
        let bytes: usize = request.passages.iter().map(|p| p.title.len() + p.text.len()).sum();
        if bytes > MAX_PASSAGE_BYTES {
            let message =
                format!("the passages have {bytes} bytes; send at most {MAX_PASSAGE_BYTES}");
            return Err(HostError::invalid("too-long", message));
        }
        let ask = prompt::ask(request, model, guardrail.map(|(_, guardrail)| guardrail))?;
        let raw = if guardrail.is_none() && self.streaming {
            self.streamed(ask).await
        } else {
            self.whole(ask).await
        };
        let raw = raw.map_err(|failure| {
            let said = request.messages.iter().map(|message| message.text.as_str());
            failure.hiding(said.chain(request.passages.iter().map(|p| p.text.as_str())))
        })?;
        let guardrail = guardrail.map(|(name, _)| name.as_str());
        Ok(answer::response(raw, request, &caller.locale, name, guardrail))
    }
}

#[cfg(test)]
mod tests;
