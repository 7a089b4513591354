//! A streamed answer, put together.

use std::time::Duration;

use aws_sdk_bedrockruntime::error::SdkError;
use aws_sdk_bedrockruntime::operation::converse_stream::ConverseStreamOutput;
use aws_sdk_bedrockruntime::types as sdk;
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError as StreamError;
use tokio::time::{Instant, timeout_at};

use super::answer::Raw;
use super::{Limits, SERVICE};
use crate::error::{Cause, ServiceFailure};

/// Waits for the whole answer, as long as its parts come in time. `began`: when it was asked for.
///
/// # Errors
/// If the stream breaks, stalls, never ends, or says that something went wrong: what came until
/// then is not an answer.
pub(super) async fn collect(
    mut answer: ConverseStreamOutput,
    began: Instant,
    limits: Limits,
) -> Result<Raw, ServiceFailure> {
    let (mut text, mut stop, mut usage, mut trace) = (String::new(), None, None, None);
    let mut patience = limits.first;
    loop {
        let (gap, end) = (Instant::now() + patience, began + limits.whole);
        let event = match timeout_at(gap.min(end), answer.stream.recv()).await {
            Err(_) if end <= gap => return Err(endless(limits.whole)),
            Err(_) => return Err(stalled(patience, stop.is_some() || !text.is_empty())),
            Ok(Err(error)) => return Err(broken(&error)),
            Ok(Ok(event)) => event,
        };
        match event {
            None => break,
            Some(sdk::ConverseStreamOutput::ContentBlockDelta(part)) => {
                if let Some(sdk::ContentBlockDelta::Text(part)) = part.delta {
                    text.push_str(&part);
                    patience = limits.idle;
                }
            }
            Some(sdk::ConverseStreamOutput::MessageStop(end)) => {
                stop = Some(end.stop_reason.as_str().to_owned());
            }
            Some(sdk::ConverseStreamOutput::Metadata(about)) => {
                usage = about.usage;
                trace = about.trace.and_then(|trace| trace.guardrail);
            }
            // Beginnings and ends of blocks, and what came after this was written.
            Some(_) => {}
        }
    }
    match stop {
        Some(stop) => Ok(Raw { text, stop, usage, trace }),
        None => {
            Err(ServiceFailure::new(SERVICE, Cause::Down, "its answer broke off in the middle"))
        }
    }
}

fn stalled(patience: Duration, begun: bool) -> ServiceFailure {
    let ms = patience.as_millis();
    let what = match begun {
        true => format!("its answer stood still for {ms} ms"),
        false => format!("its answer did not begin within {ms} ms"),
    };
    ServiceFailure::new(SERVICE, Cause::TimedOut, what)
}

fn endless(limit: Duration) -> ServiceFailure {
    let what = format!("its answer did not end within {} ms", limit.as_millis());
    ServiceFailure::new(SERVICE, Cause::TimedOut, what)
}

fn broken<R>(error: &SdkError<StreamError, R>) -> ServiceFailure {
    let error = match error {
        SdkError::ServiceError(context) => context.err(),
        SdkError::ResponseError(_) => {
            let message = "a part of its answer cannot be read";
            return ServiceFailure::new(SERVICE, Cause::Malformed, message);
        }
        SdkError::TimeoutError(_) => {
            return ServiceFailure::new(
                SERVICE,
                Cause::TimedOut,
                "its answer did not come in time",
            );
        }
        _ => {
            return ServiceFailure::new(SERVICE, Cause::Down, "its answer broke off in the middle");
        }
    };
    let cause = match error {
        StreamError::ThrottlingException(_) => Cause::Throttled,
        StreamError::ValidationException(_) => Cause::Invalid,
        // The service says to ask again, unless the model says that it would not help.
        StreamError::ModelStreamErrorException(error) => match error.original_status_code {
            Some(400..=499) => Cause::Dependency,
            _ => Cause::Down,
        },
        _ => Cause::Down,
    };
    let (code, message) = (error.meta().code(), error.meta().message());
    ServiceFailure::answered(SERVICE, cause, code, message)
}
