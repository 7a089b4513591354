//! Lambda's loop around a bridge, for every program that is one of its functions.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::bridge::{Bridge, Reply, ends_at};
use crate::engine::Turns;
use crate::log::{self, Level};

/// What Lambda itself sets, and without which its runtime cannot begin.
const LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// Runs `function` if this is Lambda, and logs what is wrong.
pub fn main(function: impl FnOnce() -> Result<(), Vec<String>>) -> ExitCode {
    let missing = LAMBDA.into_iter().find(|name| std::env::var(name).is_err());
    let done = match missing {
        Some(missing) => Err(vec![format!(
            "{missing} is not set: this is an AWS Lambda function; to run it on your own machine, use `cargo lambda watch`"
        )]),
        None => function(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            for problem in problems {
                log::note(Level::Error, &problem);
            }
            ExitCode::FAILURE
        }
    }
}

/// The environment, whatever bytes are in it.
pub fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    })
}

/// What a function does beside answering Connect and Lex.
pub trait Chores: Send + Sync {
    /// Handles `event` if it is one of its own, by `deadline`, when the invocation ends.
    fn take(
        &self,
        event: &RawValue,
        deadline: Instant,
    ) -> impl Future<Output = Option<serde_json::Value>> + Send;
}

/// No chores.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Chores for Nothing {
    async fn take(&self, _: &RawValue, _: Instant) -> Option<serde_json::Value> {
        None
    }
}

/// Answers invocations until Lambda ends the process.
///
/// # Errors
/// If Lambda's runtime API fails.
pub async fn serve<E: Turns + 'static>(
    bridge: Arc<Bridge<E>>,
    chores: impl Chores,
) -> Result<(), lambda_runtime::Error> {
    let warm = Arc::clone(&bridge);
    tokio::spawn(async move { warm.warm_up().await });
    let chores = &chores;
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let bridge = Arc::clone(&bridge);
        async move {
            let LambdaEvent { payload, context, .. } = event;
            if let Some(done) = chores.take(&payload, ends_at(context.deadline)).await {
                return Ok(Reply::Chore(done));
            }
            let reply = bridge
                .answer(&payload, &context.request_id, context.deadline, |line| log::write(line))
                .await;
            reply.map_err(lambda_runtime::Error::from)
        }
    });
    lambda_runtime::run(handler).await
}
