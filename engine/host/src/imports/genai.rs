//! Passes requests to a model from plugin to driver, but no number that JSON cannot hold.

use dialgraph_kernel::ports::genai::{Inference, Message, Passage, Request, Response};
use dialgraph_kernel::ports::{HostAnswer, HostCall};

use crate::bindings::dialgraph::plugin::{genai, types};
use crate::imports::{finite, refusal};
use crate::run::{Run, mismatch};

impl genai::Host for Run {
    fn converse(
        &mut self,
        request: genai::Request,
    ) -> wasmtime::Result<Result<genai::Response, types::HostError>> {
        let request = match request_in(request) {
            Ok(request) => request,
            Err(error) => return Ok(Err(error)),
        };
        match self.ask(HostCall::GenaiConverse(request))? {
            Ok(HostAnswer::GenaiConverse(response)) => Ok(Ok(response_out(response))),
            Ok(other) => Err(mismatch("genai.converse", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }
}

fn request_in(request: genai::Request) -> Result<Request, types::HostError> {
    Ok(Request {
        model: request.model,
        system: request.system,
        messages: request
            .messages
            .into_iter()
            .map(|message| Message { role: message.role, text: message.text })
            .collect(),
        passages: request
            .passages
            .into_iter()
            .map(|passage| Passage {
                id: passage.id,
                title: passage.title,
                text: passage.text,
                source: passage.source,
            })
            .collect(),
        inference: Inference {
            max_tokens: request.inference.max_tokens,
            temperature: finite(request.inference.temperature, "`temperature`")?,
            top_p: finite(request.inference.top_p, "`top-p`")?,
            stop_sequences: request.inference.stop_sequences,
        },
        guardrail: request.guardrail,
    })
}

fn response_out(response: Response) -> genai::Response {
    genai::Response {
        text: response.text,
        stop_reason: response.stop_reason,
        usage: genai::Usage {
            input_tokens: response.usage.input_tokens,
            output_tokens: response.usage.output_tokens,
            total_tokens: response.usage.total_tokens,
        },
        citations: response
            .citations
            .into_iter()
            .map(|citation| genai::Citation {
                passage: citation.passage,
                start: citation.start,
                end: citation.end,
            })
            .collect(),
        model: response.model,
        trace: response.trace.map(|trace| trace.to_string()),
        extra: response.extra,
    }
}
