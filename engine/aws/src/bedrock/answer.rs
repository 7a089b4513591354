//! What a model gave as the port's response.

use aws_sdk_bedrockruntime::types as sdk;
use dialgraph_kernel::ports::genai::{Request, Response, Usage};
use dialgraph_local::genai::dont_know;

use super::citations::{self, Marked, NONE};
use super::trace;

/// An answer as it came, in one piece or collected from a stream.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) text: String,
    /// In the service's spelling.
    pub(super) stop: String,
    pub(super) usage: Option<sdk::TokenUsage>,
    pub(super) trace: Option<sdk::GuardrailTraceAssessment>,
}

/// `model` and `guardrail` by the names that flows use.
pub(super) fn response(
    raw: Raw,
    request: &Request,
    locale: &str,
    model: &str,
    guardrail: Option<&str>,
) -> Response {
    let mut stop = raw.stop.replace('_', "-");
    let as_is = |text: &str| Marked { text: text.trim().to_owned(), citations: Vec::new() };
    let marked = || match request.passages.is_empty() {
        true => as_is(&raw.text),
        false => citations::read(&raw.text, &request.passages),
    };
    let spoken = match stop.as_str() {
        "end-turn" | "stop-sequence"
            if !request.passages.is_empty() && raw.text.to_lowercase().contains(NONE) =>
        {
            stop = "no-answer".to_owned();
            as_is(dont_know(locale))
        }
        "end-turn" | "stop-sequence" => marked(),
        "max-tokens" | "model-context-window-exceeded" => citations::whole(marked()),
        // The guardrail's own words.
        "guardrail-intervened" => as_is(&raw.text),
        // Filtered, or no answer but something that went wrong: nothing of it is for a caller.
        _ => as_is(""),
    };
    let count = |tokens: i32| u32::try_from(tokens).unwrap_or_default();
    Response {
        text: spoken.text,
        stop_reason: stop,
        usage: raw.usage.map_or_else(Usage::default, |usage| Usage {
            input_tokens: count(usage.input_tokens),
            output_tokens: count(usage.output_tokens),
            total_tokens: count(usage.total_tokens),
        }),
        citations: spoken.citations,
        model: model.to_owned(),
        trace: guardrail.zip(raw.trace).map(|(name, trace)| trace::shown(name, &trace)),
        extra: Vec::new(),
    }
}
